//! Issue: credentials for a wallet of others, each bound to a key of its own, and what became of them.
//!
//! Lives here: one transaction that takes places in the status lists, credentials that wait, notifications. Not here: what a credential
//! says (`claims`), its form (`openid4vc`), what an access token is (`grants`).

use credential::jose::Jwk;
use credential::{DeviceKey, KeyClass, PublicKey, StatusRef};
use documents::{Timestamp, redact_debug};
use openid4vc::issuance::{
    Configuration, CredentialForm, CredentialRequest, CredentialSort, Endpoints, ProofContext, RefusalCode,
    Response, verify_proofs,
};
use openid4vc::json;
use openid4vc::status::StatusReference;
use serde::{Deserialize, Serialize};

use super::claims::{self, Frame};
use super::grants::{Access, Secret, read, tag_of, written};
use super::{OpenIdError, OpenIdIssuer};
use crate::faces::FaceCheckError;
use crate::inference::PoolError;
use crate::issuance::IssueError;
use crate::service::Service;
use crate::status_places::PlaceDraw;
use crate::store::openid::{self as rows, GrantKind};
use crate::store::person;
use crate::store::token::{self, Purpose};
use crate::store::vault::PersonKey;

/// How long a wallet may ask for credentials that were not ready, and tell what became of those that it got, in seconds.
const LATER_SECONDS: i64 = 86_400;
/// After how many seconds a wallet asks again for credentials that were not ready.
const INTERVAL_SECONDS: i64 = 5;

/// Credentials that were given.
#[derive(Clone)]
pub struct IssuedToOther {
    /// One for each key, in the request's order.
    pub credentials: Vec<String>,
    /// By which the wallet tells what became of them.
    pub notification_id: String,
    /// How the answer goes back.
    pub response: Response,
}
redact_debug!(IssuedToOther);

/// What a credential request comes to.
#[derive(Debug, Clone)]
pub enum Answered {
    /// The credentials.
    Issued(IssuedToOther),
    /// They are not ready: the service has no hand free for the portrait.
    Deferred {
        /// By which the wallet asks again.
        transaction_id: String,
        /// After how many seconds.
        interval: i64,
        /// How the answer goes back.
        response: Response,
    },
}

/// What waits: which credentials, for which keys.
#[derive(Serialize, Deserialize)]
struct Waiting {
    configuration: String,
    client_id: String,
    keys: Vec<String>,
}

/// What was given: the tags by which its places in the status lists are known.
#[derive(Serialize, Deserialize)]
struct Given {
    client_id: String,
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct DeferredRequest {
    transaction_id: String,
}

#[derive(Deserialize)]
struct Notification {
    notification_id: String,
    event: String,
}

/// What is wanted, once every proof is verified.
struct Wanted {
    configuration: Configuration,
    keys: Vec<PublicKey>,
    response: Response,
}

fn denied(description: &'static str) -> OpenIdError {
    OpenIdError::refused(RefusalCode::CredentialRequestDenied, description)
}

/// What issuance refuses a person, in the standard's code; everything else is what failed.
fn denial(error: IssueError) -> OpenIdError {
    if matches!(error, IssueError::NoPass | IssueError::Unregistered) {
        denied("the holder is not registered here any more")
    } else if matches!(error, IssueError::Suspended) {
        denied("the holder's credentials are suspended; they ask at the authority's counter")
    } else if matches!(error, IssueError::Quota) {
        denied("the holder brought more keys than a person may in a day; try again tomorrow")
    } else {
        error.into()
    }
}

impl Service {
    /// Gives a wallet of others credentials, all or none, one for each key that it proved.
    ///
    /// # Errors
    /// A code of `OpenID4VCI` 1.0, 8.3.1.2, or what failed.
    pub async fn issue_to_other(
        &self,
        issuer: &OpenIdIssuer,
        access: &Access,
        request: &CredentialRequest,
        now: Timestamp,
    ) -> Result<Answered, OpenIdError> {
        let keys = self.proven_keys(issuer, access, request, now)?;
        let wanted =
            Wanted { configuration: request.configuration(), keys, response: request.response().clone() };
        self.issue_wanted(issuer, access, wanted, now).await
    }

    fn proven_keys(
        &self,
        issuer: &OpenIdIssuer,
        access: &Access,
        request: &CredentialRequest,
        now: Timestamp,
    ) -> Result<Vec<PublicKey>, OpenIdError> {
        let held = ProofContext {
            issuer: issuer.endpoints.issuer(),
            client_id: Some(&access.client_id),
            is_nonce: &|nonce| self.is_openid_nonce(nonce, now),
            makers: &issuer.makers,
            now,
        };
        Ok(verify_proofs(request, &held)?.iter().map(|key: &Jwk| *key.public()).collect())
    }

    /// Gives credentials that were not ready when they were asked for.
    ///
    /// # Errors
    /// `invalid_transaction_id`, or as [`Service::issue_to_other`].
    pub async fn issue_deferred(
        &self,
        issuer: &OpenIdIssuer,
        access: &Access,
        text: &str,
        now: Timestamp,
    ) -> Result<Answered, OpenIdError> {
        let unknown = || {
            OpenIdError::refused(RefusalCode::InvalidTransactionId, "nothing waits under this transaction_id")
        };
        let request: DeferredRequest = json::read(text).ok_or_else(|| {
            OpenIdError::refused(
                RefusalCode::InvalidCredentialRequest,
                "send transaction_id in a JSON object",
            )
        })?;
        let tag = tag_of(self, &request.transaction_id).ok_or_else(unknown)?;
        let mut tx = self.store.begin().await?;
        let taken = rows::take(&mut tx, (tag, GrantKind::Deferred), now).await?.ok_or_else(unknown)?;
        let waiting: Waiting = read(&taken.record)?;
        if taken.person != access.person || waiting.client_id != access.client_id {
            return Err(unknown());
        }
        tx.commit().await?;
        let key = |text: &String| {
            hex::decode(text)
                .ok()
                .and_then(|bytes| PublicKey::from_bytes(&bytes).ok())
                .ok_or_else(rows::damaged)
        };
        let wanted = Wanted {
            configuration: waiting.configuration.parse().map_err(|_| rows::damaged())?,
            keys: waiting.keys.iter().map(key).collect::<Result<_, _>>()?,
            response: Response::Plain,
        };
        self.issue_wanted(issuer, access, wanted, now).await
    }

    async fn issue_wanted(
        &self,
        issuer: &OpenIdIssuer,
        access: &Access,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Answered, OpenIdError> {
        let person = access.person()?;
        // Made before anything is written: no lane waits for a picture.
        let portrait = match wanted.configuration.sort {
            CredentialSort::PhotoId => match self.portrait_of_person(person).await {
                Ok(portrait) => portrait,
                Err(IssueError::Face(FaceCheckError::Pool(PoolError::Busy))) => {
                    return self.defer(access, person, wanted, now).await;
                }
                Err(error) => return Err(denial(error)),
            },
            CredentialSort::IdentityCard | CredentialSort::TravelPermit => None,
        };
        let today = now.local_date();
        let mut tx = self.store.begin().await?;
        person::hold_person(&mut tx, person).await?;
        let missing = || IssueError::Unregistered;
        let (_, resident) = self.resident_in_good_standing(&mut tx, person, missing).await.map_err(denial)?;
        let claims = claims::of(&self.rules, self.me, &resident, wanted.configuration.sort, portrait, today)
            .ok_or_else(|| {
                denied("this authority has no valid document of the holder for this credential")
            })?;
        self.check_quota(&mut tx, person, wanted.keys.len(), now).await.map_err(denial)?;
        let expires = claims.end(KeyClass::Hardware.expiry_for(today));
        let mut draw_place = PlaceDraw::new(&self.status_capacity, expires, now);
        let (mut credentials, mut tags) = (Vec::new(), Vec::new());
        for key in &wanted.keys {
            let device = DeviceKey::new(*key)
                .map_err(|_| OpenIdError::refused(RefusalCode::InvalidProof, "a key is no point on P-256"))?;
            let thumbprint = device.thumbprint();
            let taken =
                token::add_device(&mut tx, self.store.vault().device_tag(thumbprint), person, now).await?;
            let tag = self.store.vault().token_tag(thumbprint.token_id());
            // A key is bound to one credential: a second one beside it would join the two.
            if taken != person || token::find_token(&mut tx, tag).await?.is_some() {
                return Err(OpenIdError::refused(
                    RefusalCode::InvalidProof,
                    "a key was used before; prove new keys for new credentials",
                ));
            }
            let place =
                draw_place.take(&mut tx, tag, person, Purpose::Other).await.map_err(IssueError::from)?;
            let jwk = Jwk::of(key, None)?;
            let status = status_of(issuer, place);
            let frame = Frame { issuer, holder: &jwk, issued: today.start(), expires, status: &status };
            let credential = match wanted.configuration.form {
                CredentialForm::SdJwt => claims.sd_jwt(&frame)?,
                CredentialForm::Mdoc => claims.mdoc(&frame)?,
            };
            credentials.push(credential);
            tags.push(hex::encode(tag.to_vec()));
        }
        let secret = Secret::new()?;
        let given = Given { client_id: access.client_id.clone(), tags };
        let until = now.plus_seconds(LATER_SECONDS);
        rows::add(&mut tx, (secret.tag(self), GrantKind::Given), Some(person), until, written(&given)?)
            .await?;
        tx.commit().await?;
        tracing::info!(
            configuration = wanted.configuration.id(),
            count = credentials.len(),
            "credentials were given to a wallet of others"
        );
        Ok(Answered::Issued(IssuedToOther {
            credentials,
            notification_id: secret.text(),
            response: wanted.response,
        }))
    }

    async fn defer(
        &self,
        access: &Access,
        person: PersonKey,
        wanted: Wanted,
        now: Timestamp,
    ) -> Result<Answered, OpenIdError> {
        let secret = Secret::new()?;
        let waiting = Waiting {
            configuration: wanted.configuration.id(),
            client_id: access.client_id.clone(),
            keys: wanted.keys.iter().map(|key| hex::encode(key.as_bytes())).collect(),
        };
        let until = now.plus_seconds(LATER_SECONDS);
        let mut tx = self.store.begin().await?;
        rows::add(&mut tx, (secret.tag(self), GrantKind::Deferred), Some(person), until, written(&waiting)?)
            .await?;
        tx.commit().await?;
        Ok(Answered::Deferred {
            transaction_id: secret.text(),
            interval: INTERVAL_SECONDS,
            response: wanted.response,
        })
    }

    /// Takes what became of credentials: those that failed or were deleted are revoked.
    ///
    /// # Errors
    /// `invalid_notification_id`, `invalid_notification_request`.
    pub async fn take_notification(
        &self,
        access: &Access,
        text: &str,
        now: Timestamp,
    ) -> Result<(), OpenIdError> {
        let malformed = || {
            OpenIdError::refused(
                RefusalCode::InvalidNotificationRequest,
                "send notification_id and event: credential_accepted, credential_failure or credential_deleted",
            )
        };
        let told: Notification = json::read(text).ok_or_else(malformed)?;
        let unknown = || {
            OpenIdError::refused(
                RefusalCode::InvalidNotificationId,
                "no credentials were given under this notification_id",
            )
        };
        let is_over = match told.event.as_str() {
            "credential_accepted" => false,
            "credential_failure" | "credential_deleted" => true,
            _ => return Err(malformed()),
        };
        let tag = tag_of(self, &told.notification_id).ok_or_else(unknown)?;
        let mut tx = self.store.begin().await?;
        let found = rows::find(&mut tx, (tag, GrantKind::Given), now).await?.ok_or_else(unknown)?;
        let given: Given = read(&found.record)?;
        if found.person != access.person || given.client_id != access.client_id {
            return Err(unknown());
        }
        if is_over {
            for tag in &given.tags {
                let tag = hex::decode(tag)
                    .ok()
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(rows::damaged)?;
                token::set_status(&mut tx, crate::store::vault::Tag::from_bytes(tag), 1).await?;
            }
        }
        tx.commit().await?;
        tracing::info!(event = told.event, "a wallet of others told what became of its credentials");
        Ok(())
    }
}

fn status_of(issuer: &OpenIdIssuer, place: StatusRef) -> StatusReference {
    let uri = format!("{}/{}", issuer.endpoints.at(Endpoints::STATUS), place.list());
    StatusReference { uri, index: place.index() }
}

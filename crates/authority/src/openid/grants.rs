//! Grants: a request that was pushed, a code for it, an access token for the code.
//!
//! Lives here: what each is worth, for how long, and that each counts once. Not here: their rows (`store::openid`), who signs in.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::dpop::DpopThumbprint;
use credential::{SecretKey, sha256};
use documents::{DocumentNumber, Timestamp, redact_debug};
use openid4vc::issuance::{Asked, Configuration, Parameters, PushedRequest, RefusalCode, is_verifier_of};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::{OpenIdError, SignIn};
use crate::registry::RegistryError;
use crate::service::{Service, draw};
use crate::store::openid::{self as rows, GrantKind, KeptGrant};
use crate::store::vault::{PersonKey, Tag};
use crate::store::{StoreError, Tx, person};

/// How long a pushed request waits for its holder to sign in, in seconds (FAPI 2.0, 5.3.2.2: under 600).
pub const REQUEST_SECONDS: i64 = 590;
/// How long a code counts, in seconds (FAPI 2.0, 5.3.2.1: at most 60).
const CODE_SECONDS: i64 = 60;
/// How long an access token counts, in seconds.
pub const TOKEN_SECONDS: i64 = 300;
/// How long a counter's code counts, in seconds.
const COUNTER_SECONDS: i64 = 900;
/// How often the number may be wrong that the holder types beside a counter's code.
const COUNTER_TRIES: u8 = 3;
/// A nonce for proofs counts while it is drawn, and as long again.
const NONCE_SECONDS: i64 = 150;
const URI_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// A secret that is handed out once.
pub(super) struct Secret([u8; 32]);

impl Secret {
    pub(super) fn new() -> Result<Self, credential::CryptoError> {
        Ok(Self(draw()?))
    }

    pub(super) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    pub(super) fn tag(&self, service: &Service) -> Tag {
        service.store.vault().grant_tag(&self.0)
    }
}

/// The tag of a secret that came back; `None` where it can be none.
pub(super) fn tag_of(service: &Service, text: &str) -> Option<Tag> {
    let secret: [u8; 32] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    Some(service.store.vault().grant_tag(&secret))
}

pub(super) fn written<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(record).map_err(|_| rows::damaged())
}

pub(super) fn read<T: DeserializeOwned>(record: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(record).map_err(|_| rows::damaged())
}

/// What an access token is good for.
#[derive(Clone, Serialize, Deserialize)]
pub struct Access {
    /// Which credentials.
    pub asked: Asked,
    /// The wallet's kind.
    pub client_id: String,
    /// The thumbprint of the key to which the token is bound.
    jkt: String,
    /// Whose.
    #[serde(skip)]
    pub(super) person: Option<PersonKey>,
}
redact_debug!(Access);

impl Access {
    pub(super) fn person(&self) -> Result<PersonKey, StoreError> {
        self.person.ok_or_else(rows::damaged)
    }
}

/// An access token that was given.
#[derive(Clone)]
pub struct Tokens {
    /// The token.
    pub access_token: String,
    /// What it is good for.
    pub asked: Asked,
}
redact_debug!(Tokens);

/// A code that a counter hands to a resident who stands before it, and the number that they type beside it.
#[derive(Clone)]
pub struct CounterCode {
    /// The code, for the offer.
    pub code: String,
    /// Six digits, told apart from the offer.
    pub tx_code: String,
    /// From when on it does not count.
    pub expires: Timestamp,
}
redact_debug!(CounterCode);

#[derive(Serialize, Deserialize)]
struct CounterRecord {
    configurations: Vec<String>,
    tx_code: String,
    tries: u8,
}

fn grant(description: &'static str) -> OpenIdError {
    OpenIdError::refused(RefusalCode::InvalidGrant, description)
}

impl Service {
    /// Keeps a pushed request; gives its address.
    ///
    /// # Errors
    /// The database's, or the library's.
    pub async fn keep_pushed_request(
        &self,
        request: &PushedRequest,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let secret = Secret::new()?;
        let until = now.plus_seconds(REQUEST_SECONDS);
        let mut tx = self.store.begin().await?;
        rows::add(&mut tx, (secret.tag(self), GrantKind::Request), None, until, written(request)?).await?;
        tx.commit().await?;
        Ok(format!("{URI_PREFIX}{}", secret.text()))
    }

    fn request_tag(&self, uri: &str) -> Option<Tag> {
        tag_of(self, uri.strip_prefix(URI_PREFIX)?)
    }

    /// The request at this address, of this wallet, that nobody answered yet.
    ///
    /// # Errors
    /// `invalid_request`: there is none.
    pub async fn pushed_request(
        &self,
        sign_in: SignIn<'_>,
        now: Timestamp,
    ) -> Result<PushedRequest, OpenIdError> {
        let tag = self.request_tag(sign_in.uri).ok_or_else(gone)?;
        let mut tx = self.store.read().await?;
        let found = rows::find(&mut tx, (tag, GrantKind::Request), now).await?;
        tx.commit().await?;
        of_wallet(found, sign_in)
    }

    /// Takes the request at this address, of this wallet, whatever its holder's answer is: it is answered once.
    pub(super) async fn take_request(
        &self,
        tx: &mut Tx,
        sign_in: SignIn<'_>,
        now: Timestamp,
    ) -> Result<PushedRequest, OpenIdError> {
        let tag = self.request_tag(sign_in.uri).ok_or_else(gone)?;
        of_wallet(rows::take(tx, (tag, GrantKind::Request), now).await?, sign_in)
    }

    /// Answers a request with a code for this person.
    pub(super) async fn give_code(
        &self,
        tx: &mut Tx,
        request: &PushedRequest,
        person: PersonKey,
        now: Timestamp,
    ) -> Result<String, OpenIdError> {
        let secret = Secret::new()?;
        let until = now.plus_seconds(CODE_SECONDS);
        rows::add(tx, (secret.tag(self), GrantKind::Code), Some(person), until, written(request)?).await?;
        Ok(secret.text())
    }

    /// Gives an access token for a code, once, to the wallet that asked for it. `key`: to which the token is bound.
    ///
    /// # Errors
    /// `invalid_grant` and others of RFC 6749, 5.2.
    pub async fn redeem(
        &self,
        parameters: &Parameters,
        client_id: &str,
        key: DpopThumbprint,
        now: Timestamp,
    ) -> Result<Tokens, OpenIdError> {
        const PRE_AUTHORIZED: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
        match parameters.need("grant_type", "grant_type is missing")? {
            "authorization_code" => self.redeem_code(parameters, client_id, key, now).await,
            PRE_AUTHORIZED => self.redeem_counter_code(parameters, client_id, key, now).await,
            _ => Err(OpenIdError::refused(
                RefusalCode::UnsupportedGrantType,
                "grant_type is authorization_code or the pre-authorized one of OpenID4VCI",
            )),
        }
    }

    async fn redeem_code(
        &self,
        parameters: &Parameters,
        client_id: &str,
        key: DpopThumbprint,
        now: Timestamp,
    ) -> Result<Tokens, OpenIdError> {
        let code = parameters.need("code", "code is missing")?;
        let used = || grant("the code was used, is over, or is none; let the holder sign in again");
        let tag = tag_of(self, code).ok_or_else(used)?;
        let mut tx = self.store.begin().await?;
        let taken = rows::take(&mut tx, (tag, GrantKind::Code), now).await?.ok_or_else(used)?;
        let request: PushedRequest = read(&taken.record)?;
        let person = taken.person.ok_or_else(rows::damaged)?;
        let wrong = if request.client_id != client_id {
            Some("the code was given to another wallet")
        } else if parameters.get("redirect_uri") != Some(request.redirect_uri.as_str()) {
            Some("redirect_uri is not the one of the request")
        } else if !is_verifier_of(
            parameters.get("code_verifier").unwrap_or_default(),
            &request.code_challenge,
        ) {
            Some("code_verifier does not belong to the request's code_challenge")
        } else if request.dpop_jkt.as_deref().is_some_and(|bound| bound != key.encoded()) {
            Some("the proof's key is not the one that the request named (dpop_jkt)")
        } else {
            None
        };
        if let Some(wrong) = wrong {
            // A code that came in wrong hands is over (RFC 6749, 4.1.2).
            tx.commit().await?;
            return Err(grant(wrong));
        }
        let access = Access {
            asked: request.asked,
            client_id: client_id.to_owned(),
            jkt: key.encoded(),
            person: None,
        };
        self.give_access(tx, access, person, now).await
    }

    async fn redeem_counter_code(
        &self,
        parameters: &Parameters,
        client_id: &str,
        key: DpopThumbprint,
        now: Timestamp,
    ) -> Result<Tokens, OpenIdError> {
        let code = parameters.need("pre-authorized_code", "pre-authorized_code is missing")?;
        let typed =
            parameters.need("tx_code", "tx_code is missing: the number that the counter told the holder")?;
        let used =
            || grant("the counter's code was used, is over, or is none; ask the counter for another one");
        let tag = tag_of(self, code).ok_or_else(used)?;
        let which = (tag, GrantKind::Counter);
        let mut tx = self.store.begin().await?;
        let taken = rows::take(&mut tx, which, now).await?.ok_or_else(used)?;
        let mut record: CounterRecord = read(&taken.record)?;
        let person = taken.person.ok_or_else(rows::damaged)?;
        let hash = tx_code_hash(code, typed);
        if !bool::from(hash.as_bytes().ct_eq(record.tx_code.as_bytes())) {
            record.tries = record.tries.saturating_sub(1);
            if record.tries > 0 {
                rows::add(&mut tx, which, Some(person), taken.expires, written(&record)?).await?;
            }
            tx.commit().await?;
            return Err(grant("tx_code is not the number that the counter told the holder"));
        }
        let asked = Asked { configurations: record.configurations, by_details: false };
        let access = Access { asked, client_id: client_id.to_owned(), jkt: key.encoded(), person: None };
        self.give_access(tx, access, person, now).await
    }

    async fn give_access(
        &self,
        mut tx: Tx,
        access: Access,
        person: PersonKey,
        now: Timestamp,
    ) -> Result<Tokens, OpenIdError> {
        let secret = Secret::new()?;
        let until = now.plus_seconds(TOKEN_SECONDS);
        rows::add(&mut tx, (secret.tag(self), GrantKind::Access), Some(person), until, written(&access)?)
            .await?;
        tx.commit().await?;
        Ok(Tokens { access_token: secret.text(), asked: access.asked })
    }

    /// What an access token is good for, sent by whoever holds the key to which it is bound.
    ///
    /// # Errors
    /// `invalid_token`.
    pub async fn open_access(
        &self,
        token: &str,
        key: DpopThumbprint,
        now: Timestamp,
    ) -> Result<Access, OpenIdError> {
        let refused = || {
            OpenIdError::refused(
                RefusalCode::InvalidToken,
                "the access token is over or is none, or is bound to another key",
            )
        };
        let tag = tag_of(self, token).ok_or_else(refused)?;
        let mut tx = self.store.read().await?;
        let found = rows::find(&mut tx, (tag, GrantKind::Access), now).await?;
        tx.commit().await?;
        let found = found.ok_or_else(refused)?;
        let mut access: Access = read(&found.record)?;
        access.person = found.person;
        if access.jkt == key.encoded() { Ok(access) } else { Err(refused()) }
    }

    /// Makes a code for the resident with this number, who stands before a counter's officer: their wallet fetches these
    /// credentials without signing in.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`]: nobody is registered with this number, or it is lost.
    pub async fn offer_at_counter(
        &self,
        number: &DocumentNumber,
        configurations: &[Configuration],
        now: Timestamp,
    ) -> Result<CounterCode, RegistryError> {
        let unknown = || RegistryError::Unknown;
        let tag = self.store.vault().number_tag(number);
        let mut tx = self.store.begin().await?;
        let key = person::find_tag(&mut tx, tag).await?.ok_or_else(unknown)?;
        if person::is_lost(&mut tx, key, tag).await? {
            return Err(unknown());
        }
        let secret = Secret::new()?;
        let drawn = u64::from_be_bytes(draw()?) % 1_000_000;
        let (code, tx_code) = (secret.text(), format!("{drawn:06}"));
        let record = CounterRecord {
            configurations: configurations.iter().map(|one| one.id()).collect(),
            tx_code: tx_code_hash(&code, &tx_code),
            tries: COUNTER_TRIES,
        };
        let expires = now.plus_seconds(COUNTER_SECONDS);
        rows::add(&mut tx, (secret.tag(self), GrantKind::Counter), Some(key), expires, written(&record)?)
            .await?;
        tx.commit().await?;
        Ok(CounterCode { code, tx_code, expires })
    }

    /// A nonce for proofs of keys. Nothing of it is kept; it counts for several requests (OpenID4VCI 1.0, 7).
    #[must_use]
    pub fn openid_nonce(&self, now: Timestamp) -> String {
        nonce_of(&self.store.vault().openid_nonce_key(), now.unix().div_euclid(NONCE_SECONDS))
    }

    /// Whether a nonce is one that was given here, and still counts.
    #[must_use]
    pub fn is_openid_nonce(&self, nonce: &str, now: Timestamp) -> bool {
        let (key, slot) = (self.store.vault().openid_nonce_key(), now.unix().div_euclid(NONCE_SECONDS));
        [slot, slot - 1].into_iter().any(|slot| nonce_of(&key, slot) == nonce)
    }
}

/// A pushed request that was found, where the wallet that is named pushed it.
fn of_wallet(found: Option<KeptGrant>, sign_in: SignIn<'_>) -> Result<PushedRequest, OpenIdError> {
    let request: PushedRequest = read(&found.ok_or_else(gone)?.record)?;
    if request.client_id == sign_in.client_id { Ok(request) } else { Err(gone()) }
}

fn gone() -> OpenIdError {
    OpenIdError::refused(
        RefusalCode::InvalidRequest,
        "the request_uri is over, was used, or is another wallet's; push the request again",
    )
}

fn nonce_of(key: &SecretKey, slot: i64) -> String {
    URL_SAFE_NO_PAD.encode(key.tag(&slot.to_be_bytes()).get(..16).unwrap_or_default())
}

/// The number is short: it lies here only as a hash with the code, which is not here at all.
fn tx_code_hash(code: &str, typed: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(format!("{code}.{}", typed.trim()).as_bytes()))
}

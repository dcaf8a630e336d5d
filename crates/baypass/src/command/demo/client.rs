//! Client: what wallets send to the authorities' doors for everybody.
//!
//! Lives here: [`AuthorityClient`] over HTTP, and what the cheats send by hand. Not here: officers (`office`), desks (`desks`).

use authority::{CredentialsWanted, DeviceProof, Issued};
use credential::dpop::{DpopRequest, sign_dpop};
use credential::{KeyClass, SigningKey};
use documents::{AuthorityCode, Timestamp};
use serde_json::{Value, json};

use super::bay::{Answered, Bay, packed, unpacked};
use crate::failure::{Failure, of};
use crate::wallet::{Application, AuthorityClient, Card, Granted, NoTokens, Session};

const fn class_word(class: KeyClass) -> &'static str {
    match class {
        KeyClass::Paper => "paper",
        KeyClass::Software => "software",
        KeyClass::Hardware => "hardware",
        KeyClass::SecureElement => "secure_element",
    }
}

fn devices(keys: &[DeviceProof]) -> Vec<Value> {
    keys.iter().map(|d| json!({"key": packed(d.key.as_bytes()), "proof": packed(&d.proof)})).collect()
}

pub fn unpacked_all(answer: &Value, field: &str) -> Result<Vec<Vec<u8>>, Failure> {
    let list = answer.get(field).and_then(Value::as_array);
    list.into_iter().flatten().map(|one| unpacked(Some(one))).collect()
}

impl Bay {
    async fn wallet_post(
        &self,
        code: AuthorityCode,
        path: &str,
        session: &Session,
        body: &Value,
    ) -> Result<Value, Failure> {
        Self::granted(code, self.wallet_asks(code, path, session, body).await?)
    }

    /// The body of a good answer.
    pub fn granted(code: AuthorityCode, answer: Answered) -> Result<Value, Failure> {
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let detail = answer.body.get("detail").and_then(Value::as_str).unwrap_or("no detail");
        Err(Failure::new(format!("{code} answers {} {}: {detail}", answer.status, answer.code())))
    }

    /// What a wallet sends, and what comes of it.
    pub async fn wallet_asks(
        &self,
        code: AuthorityCode,
        path: &str,
        session: &Session,
        body: &Value,
    ) -> Result<Answered, Failure> {
        self.wallet_sends(code, path, &session.device, Some(&session.secret), body).await
    }

    /// What whoever holds a device key sends, with a secret or without one: signed by that key (RFC 9449).
    pub async fn wallet_sends(
        &self,
        code: AuthorityCode,
        path: &str,
        device: &SigningKey,
        secret: Option<&[u8; 32]>,
        body: &Value,
    ) -> Result<Answered, Failure> {
        let url = format!("{}{path}", self.authority(code)?);
        let secret = secret.map(|secret| packed(secret));
        let asked = DpopRequest { method: "POST", url: &url, token: secret.as_deref(), nonce: None };
        let mut id = [0; 16];
        credential::random(&mut id).map_err(of)?;
        let proof = sign_dpop(device, asked, id, self.now()).map_err(of)?;
        let mut request = self.client.post(&url).header("DPoP", proof).json(body);
        if let Some(secret) = secret {
            request = request.header("Authorization", format!("DPoP {secret}"));
        }
        self.sent(request).await
    }

    /// A one-time code for a card, from the office of its authority. `replaces`: an earlier wallet ends when it is used.
    pub async fn invite(&self, card: &Card, replaces: bool) -> Result<String, Failure> {
        let body = json!({"document": {"kind": card.kind, "number": card.number}, "replaces": replaces});
        let made = self.officer_post(card.issuer, "/v1/residents/invite", &body).await?;
        let code = made.body.get("invitation").and_then(Value::as_str).map(str::to_owned);
        code.ok_or_else(|| Failure::new(format!("{} made no invitation: {}", card.issuer, made.code())))
    }

    /// Enrols with one picture, by both steps; what comes of the last one, or of the first where that was refused.
    pub async fn enrols(
        &self,
        code: AuthorityCode,
        device: &SigningKey,
        secret: Option<&[u8; 32]>,
        claim: &Value,
        picture: &[u8],
    ) -> Result<Answered, Failure> {
        let begun = self.wallet_sends(code, "/v1/enrolments", device, secret, claim).await?;
        let Some(id) = begun.body.get("id").and_then(Value::as_str) else { return Ok(begun) };
        let frames = json!({"frames": [{"at_ms": 0, "picture": packed(picture)}]});
        self.wallet_sends(code, &format!("/v1/enrolments/{id}/frames"), device, None, &frames).await
    }
}

impl AuthorityClient for Bay {
    async fn enrol(
        &self,
        authority: AuthorityCode,
        application: Application<'_>,
        _: Timestamp,
    ) -> Result<Granted, Failure> {
        let card = application.card;
        let other = self.identities.as_ref().filter(|other| other.number == card.number);
        let claim = match (application.invitation, other) {
            // Without an office's code the other system's wallet shows who they are.
            (None, Some(other)) => self.identity_claim(authority, application.device, other).await?,
            (invitation, _) => json!({
                "document": {"kind": card.kind, "number": card.number},
                "name": application.name(),
                "birth": application.wallet.birth,
                "invitation": invitation,
            }),
        };
        let own = application.shown_session(authority);
        let secret = own.as_ref().map(|own| &own.secret);
        let answer = self.enrols(authority, application.device, secret, &claim, application.selfie).await?;
        let answer = Self::granted(authority, answer)?;
        let malformed = || Failure::new("an authority's answer is malformed; its log says more");
        let secret = unpacked(answer.get("secret"))?.try_into().map_err(|_| malformed())?;
        let waits_until = answer.get("waits_until").and_then(Value::as_str);
        let waits_until = waits_until.map(str::parse).transpose().map_err(|_| malformed())?;
        Ok(Granted { secret, waits_until })
    }

    async fn tokens(
        &self,
        home: AuthorityCode,
        session: &Session,
        keys: &[DeviceProof],
        _: Timestamp,
    ) -> Result<Vec<Issued>, NoTokens> {
        let body = json!({"key_class": class_word(KeyClass::Software), "devices": devices(keys)});
        let answer = self.wallet_post(home, "/v1/tokens", session, &body).await?;
        let list = answer.get("tokens").and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter()
            .map(|one| {
                let mut sealed = Vec::new();
                for (receiver, part) in one.get("sealed").and_then(Value::as_object).into_iter().flatten() {
                    sealed.push((receiver.parse().map_err(of)?, unpacked(Some(part))?));
                }
                Ok(Issued { token: unpacked(one.get("token"))?, own: unpacked(one.get("own"))?, sealed })
            })
            .collect::<Result<_, Failure>>()
            .map_err(NoTokens::from)
    }

    async fn parts(
        &self,
        authority: AuthorityCode,
        session: &Session,
        (issuer, ends): (AuthorityCode, Option<Timestamp>),
        keys: &[DeviceProof],
        _: Timestamp,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let body = json!({
            "issuer": issuer, "key_class": class_word(KeyClass::Software), "devices": devices(keys),
            "expires": ends,
        });
        let answer = self.wallet_post(authority, "/v1/parts", session, &body).await?;
        unpacked_all(&answer, "parts")
    }

    async fn venue_credentials(
        &self,
        authority: AuthorityCode,
        session: &Session,
        wanted: CredentialsWanted,
        keys: &[DeviceProof],
        _: Timestamp,
    ) -> Result<Vec<Vec<u8>>, NoTokens> {
        let body = json!({
            "kind": wanted.kind, "document": wanted.document, "key_class": class_word(KeyClass::Software),
            "devices": devices(keys),
        });
        let answer = self.wallet_post(authority, "/v1/venue-credentials", session, &body).await?;
        Ok(unpacked_all(&answer, "credentials")?)
    }
}

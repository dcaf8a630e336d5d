//! Identity: a wallet of another system, with an identity credential of an issuer that is not ours. One of the cast enrols by it in place of
//! typed numbers, and somebody tries it with what does not count.
//!
//! Lives here: this enrolment and its cheats. Not here: the other system itself (`other`), what an authority takes (`authority`).

use credential::SigningKey;
use credential::x5c::CertificateAnchors;
use documents::AuthorityCode::Hkg;
use documents::{AuthorityCode, Timestamp};
use openid4vc::presentation::RequestLink;
use serde_json::{Value, json};
use trust::{Binding, CredentialType, IssuerBinding, KeyEntry, Role};

use super::bay::Bay;
use super::cast::Who;
use super::other::{DAYS, OtherSystem, OtherWallet, VCT};
use super::tour::Tour;
use crate::failure::{Failure, of};
use crate::install::{Installation, lists, openid};
use crate::wallet::Wallet;

/// The issuer's name in Hong Kong's list.
const NAME: &str = "specimen-hk-identity";

impl OtherSystem {
    /// Puts it into Hong Kong's list, as its supervisors would: for identity cards of Hong Kong alone.
    pub fn list(&self, installation: &Installation, now: Timestamp) -> Result<(), Failure> {
        let jurisdiction = "HK".parse().map_err(of)?;
        let types = [CredentialType::SdJwt(VCT.to_owned())];
        let bound =
            IssuerBinding::new(jurisdiction, types, [documents::DocumentKind::Hkid], self.root.1.clone());
        let bound = bound.ok_or_else(|| Failure::new("the demo's issuer cannot be listed"))?;
        let listed = KeyEntry {
            role: Role::ForeignIssuer,
            kid: NAME.as_bytes().to_vec(),
            key: bound.key().as_bytes().to_vec(),
            from: now,
            to: now.plus_seconds(i64::from(DAYS) * 86_400),
            compromised: false,
            binding: Some(Binding::Issuer(bound)),
        };
        lists::renew(installation, Hkg, now, |list| {
            list.keys.push(listed);
            Ok(())
        })?;
        Ok(())
    }

    /// A wallet with a credential that says what this wallet's holder would type at Hong Kong's office.
    pub fn wallet_of(&self, wallet: &Wallet, now: Timestamp) -> Result<OtherWallet, Failure> {
        let card = wallet.vouchers().into_iter().find(|(issuer, _)| *issuer == Hkg).map(|(_, card)| card);
        let card = card.ok_or_else(|| Failure::new("somebody of the cast has no card of Hong Kong"))?;
        self.issue(&card.number, &wallet.name, wallet.birth, now).map_err(of)
    }
}

/// What the other wallet's answer came to: the number that its browser shows, or a code.
pub enum Shown {
    /// The request, and the number.
    Taken { request: String, number: String },
    /// Why not.
    Refused(String),
}

impl Bay {
    /// Asks another wallet for an identity at an authority, for the wallet of this device key, and has it answer.
    pub async fn shown_identity(
        &self,
        code: AuthorityCode,
        device: &SigningKey,
        other: &OtherWallet,
    ) -> Result<Shown, Failure> {
        let asked = self.wallet_sends(code, "/v1/identity-requests", device, None, &Value::Null).await?;
        let asked = Self::granted(code, asked)?;
        let word = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let link = RequestLink::read(&word("link")).map_err(of)?;
        let object = self.client.get(&link.request_uri).send().await.map_err(of)?;
        let object = object.error_for_status().map_err(of)?.text().await.map_err(of)?;
        let root = std::fs::read(openid::root_path(&self.installation, code)).map_err(of)?;
        let anchors = CertificateAnchors::from_pem(&String::from_utf8_lossy(&root)).map_err(of)?;
        let (response_uri, form) = other.answer(&object, &link, &anchors, self.now()).map_err(of)?;
        let posted =
            self.client.post(response_uri).header("content-type", "application/x-www-form-urlencoded");
        let answer = self.sent(posted.body(form)).await?;
        let Some(back) = answer.body.get("redirect_uri").and_then(Value::as_str) else {
            return Ok(Shown::Refused(answer.code().to_owned()));
        };
        let page = self.client.get(back).send().await.map_err(of)?.text().await.map_err(of)?;
        let number = page.lines().next().unwrap_or_default().to_owned();
        Ok(Shown::Taken { request: word("id"), number })
    }

    /// What an enrolment says in place of typed numbers.
    pub async fn identity_claim(
        &self,
        code: AuthorityCode,
        device: &SigningKey,
        other: &OtherWallet,
    ) -> Result<Value, Failure> {
        match self.shown_identity(code, device, other).await? {
            Shown::Taken { request, number } => {
                Ok(json!({"identity": {"request": request, "number": number}}))
            }
            Shown::Refused(why) => Err(Failure::new(format!("{code} refuses the identity: {why}"))),
        }
    }
}

/// What somebody tries with credentials of other systems.
pub async fn cheats(tour: &mut Tour<'_>, told: &mut Vec<Value>) -> Result<(), Failure> {
    let (now, thief) = (tour.bay.now(), SigningKey::generate().map_err(of)?);
    let forger = OtherSystem::new(now).map_err(of)?.wallet_of(&tour.person(Who::Chan)?.wallet, now)?;
    let code = match tour.bay.shown_identity(Hkg, &thief, &forger).await? {
        Shown::Taken { .. } => String::new(),
        Shown::Refused(code) => code,
    };
    let attack = "an identity of another system that no list names";
    told.push(tour.judge(attack, "certificate_unknown", &code, code.is_empty())?);
    let Some(stolen) = tour.bay.identities.take() else {
        return Err(Failure::new("the demo has no wallet of another system"));
    };
    let face = tour.live(Who::Wang)?;
    let claim = tour.bay.identity_claim(Hkg, &thief, &stolen).await?;
    let answer = tour.bay.enrols(Hkg, &thief, None, &claim, &face).await?;
    let attack = "another system's wallet with its owner's identity, stolen";
    told.push(tour.judge(attack, "unknown_person", answer.code(), answer.status < 400)?);
    let claim = json!({"identity": {"request": "0".repeat(32), "number": "000000"}});
    let answer = tour.bay.enrols(Hkg, &thief, None, &claim, &face).await?;
    let attack = "an identity that was shown to somebody else's request";
    told.push(tour.judge(attack, "identity_request_unknown", answer.code(), answer.status < 400)?);
    tour.bay.identities = Some(stolen);
    Ok(())
}

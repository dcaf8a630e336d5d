//! Identity: a wallet of another system, with an identity credential of an issuer that is not ours. One of the cast enrols by it in place of
//! typed numbers, and somebody tries it with what does not count.
//!
//! Lives here: the other system (issuer and wallet), this enrolment and its cheats. Not here: what an authority takes (`authority`).

use credential::jose::Jwk;
use credential::x5c::{CertificateAnchors, first_of_pem};
use credential::{SigningKey, random_array};
use documents::AuthorityCode::Hkg;
use documents::{AuthorityCode, Timestamp};
use openid4vc::dcql::Candidate;
use openid4vc::presentation::{Asked, Channel, Context, HeldCredential, SELF_ISSUED};
use openid4vc::sd_jwt::{self, Member};
use serde_json::{Value, json};
use transport::{IssuerRoot, SignerUse};
use trust::{Binding, CredentialType, IssuerBinding, KeyEntry, Role};

use super::bay::Bay;
use super::cast::Who;
use super::tour::Tour;
use crate::failure::{Failure, of};
use crate::install::{Installation, lists, openid};
use crate::wallet::{Card, Wallet};

/// The type of the other system's credentials, and its issuer's name in Hong Kong's list.
const VCT: &str = "urn:specimen:hk-identity:1";
const NAME: &str = "specimen-hk-identity";
/// Days for which the demo's certificates count.
const DAYS: i32 = 90;

/// An issuer of another system.
pub struct OtherSystem {
    root: Vec<u8>,
    signer: SigningKey,
    leaf: Vec<u8>,
}

/// A wallet of another system with one credential.
pub struct OtherWallet {
    device: SigningKey,
    held: sd_jwt::Held,
    /// Whose it is, by the number that the credential tells.
    number: String,
}

impl OtherSystem {
    /// An issuer with keys of its own.
    pub fn new(now: Timestamp) -> Result<Self, Failure> {
        let (root_key, signer) = (SigningKey::generate().map_err(of)?, SigningKey::generate().map_err(of)?);
        let root = IssuerRoot::new("Specimen identities root".to_owned(), "HK", &root_key).map_err(of)?;
        let days = (now.local_date().plus_days(-1), now.local_date().plus_days(DAYS));
        let certificate = root.certificate(days.0, days.1).map_err(of)?;
        let hosts = ["identities.example".to_owned()];
        let leaf = root.certify("Specimen identities", &hosts, &signer, SignerUse::DocumentSigner, days);
        Ok(Self {
            root: first_of_pem(&certificate.0).map_err(of)?,
            signer,
            leaf: first_of_pem(&leaf.map_err(of)?.0).map_err(of)?,
        })
    }

    /// Puts it into Hong Kong's list, as its supervisors would: for identity cards of Hong Kong alone.
    pub fn list(&self, installation: &Installation, now: Timestamp) -> Result<(), Failure> {
        let jurisdiction = "HK".parse().map_err(of)?;
        let types = [CredentialType::SdJwt(VCT.to_owned())];
        let bound =
            IssuerBinding::new(jurisdiction, types, [documents::DocumentKind::Hkid], self.root.clone());
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
        let device = SigningKey::generate().map_err(of)?;
        let holder = Jwk::of(device.public(), None).map_err(of)?;
        let (family, given) = wallet.name.split_once(',').unwrap_or((&wallet.name, ""));
        let claims = [
            ("family_name", family.trim()),
            ("given_name", given.trim()),
            ("birth_date", &wallet.birth.to_string()),
            ("document_number", &card.number),
            ("address", "not asked for"),
        ]
        .map(|(name, text)| Member::disclosable(name, text));
        let credential = sd_jwt::Credential {
            vct: VCT,
            vct_integrity: None,
            holder: Some(&holder),
            issued: Some(now),
            not_before: None,
            expires: Some(now.plus_seconds(30 * 86_400)),
            status: None,
            claims: &claims,
        };
        let compact =
            sd_jwt::issue(&credential, &self.signer, std::slice::from_ref(&self.leaf), &mut random_array)
                .map_err(of)?;
        let anchors = CertificateAnchors::from_der([self.root.as_slice()]).map_err(of)?;
        let held = sd_jwt::Held::receive(&compact, &anchors, device.public(), now).map_err(of)?;
        Ok(OtherWallet { device, held, number: card.number })
    }
}

impl OtherWallet {
    /// Whether this card's number is told by the credential.
    pub fn is_of(&self, card: &Card) -> bool {
        card.number == self.number
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
        let link = reqwest::Url::parse(&word("link")).map_err(of)?;
        let part = |name: &str| {
            let found = link.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        let object = self.client.get(part("request_uri")).send().await.map_err(of)?;
        let object = object.error_for_status().map_err(of)?.text().await.map_err(of)?;
        let root = std::fs::read(openid::root_path(&self.installation, code)).map_err(of)?;
        let anchors = CertificateAnchors::from_pem(&String::from_utf8_lossy(&root)).map_err(of)?;
        let context = Context {
            anchors: &anchors,
            client_id: Some(&part("client_id")),
            wallet_nonce: None,
            origin: None,
            audience: SELF_ISSUED,
            now: self.now(),
        };
        let read = Asked::read(&object, &context).map_err(of)?;
        let held = [HeldCredential { credential: Candidate::SdJwt(&other.held), device: &other.device }];
        let response = read.respond(&held, true, self.now()).map_err(of)?;
        let Channel::Redirect { response_uri } = &read.request().channel else {
            return Err(Failure::new("the authority wants no form"));
        };
        let form = self.client.post(response_uri).header("content-type", "application/x-www-form-urlencoded");
        let answer = self.sent(form.body(format!("response={response}"))).await?;
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
    let forger = OtherSystem::new(now)?.wallet_of(&tour.person(Who::Chan)?.wallet, now)?;
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

//! Another system: an issuer of identities that is not ours, and a wallet of its own. This file asks for nothing of the program around it: the
//! example `other_wallet` compiles it too, for the tests of the pages.

use credential::jose::Jwk;
use credential::x5c::{CertificateAnchors, first_of_pem};
use credential::{SigningKey, random_array};
use documents::{LocalDate, Timestamp};
use openid4vc::dcql::Candidate;
use openid4vc::presentation::{Asked, Channel, Context, HeldCredential, RequestLink, SELF_ISSUED};
use openid4vc::sd_jwt::{self, Member};
use transport::{IssuerRoot, SignerUse};

/// The type of its credentials.
pub const VCT: &str = "urn:specimen:hk-identity:1";
/// Days for which its certificates count.
pub const DAYS: i32 = 90;

/// Why the other system did nothing.
#[derive(Debug, thiserror::Error)]
#[error("the other system's {what}")]
pub struct OtherFault {
    what: &'static str,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl OtherFault {
    const fn new(what: &'static str) -> Self {
        Self { what, source: None }
    }

    fn by<E: std::error::Error + Send + Sync + 'static>(what: &'static str) -> impl Fn(E) -> Self {
        move |error| Self { what, source: Some(Box::new(error)) }
    }
}

/// An issuer of another system.
pub struct OtherSystem {
    /// Its root's certificate, in PEM and in DER.
    pub root: (String, Vec<u8>),
    signer: SigningKey,
    leaf: Vec<u8>,
}

/// A wallet of another system with one credential.
pub struct OtherWallet {
    device: SigningKey,
    held: sd_jwt::Held,
    /// Whose it is, by the number that the credential tells.
    pub number: String,
}

impl OtherSystem {
    /// An issuer with keys of its own.
    pub fn new(now: Timestamp) -> Result<Self, OtherFault> {
        let key = || SigningKey::generate().map_err(OtherFault::by("key was not made"));
        let (root_key, signer) = (key()?, key()?);
        let root = IssuerRoot::new("Specimen identities root".to_owned(), "HK", &root_key);
        let root = root.map_err(OtherFault::by("root was not made"))?;
        let days = (now.local_date().plus_days(-1), now.local_date().plus_days(DAYS));
        let certificate = root.certificate(days.0, days.1).map_err(OtherFault::by("root was not made"))?;
        let hosts = ["identities.example".to_owned()];
        let leaf = root.certify("Specimen identities", &hosts, &signer, SignerUse::DocumentSigner, days);
        let leaf = leaf.map_err(OtherFault::by("signer was not certified"))?;
        let der = |pem: &str| first_of_pem(pem).map_err(OtherFault::by("certificate cannot be read"));
        Ok(Self { root: (certificate.0.clone(), der(&certificate.0)?), signer, leaf: der(&leaf.0)? })
    }

    /// A wallet with an identity for this number, name (family name, comma, given name) and birth date.
    pub fn issue(
        &self,
        number: &str,
        name: &str,
        birth: LocalDate,
        now: Timestamp,
    ) -> Result<OtherWallet, OtherFault> {
        let device = SigningKey::generate().map_err(OtherFault::by("key was not made"))?;
        let holder = Jwk::of(device.public(), None).map_err(OtherFault::by("key was not made"))?;
        let (family, given) = name.split_once(',').unwrap_or((name, ""));
        let claims = [
            ("family_name", family.trim()),
            ("given_name", given.trim()),
            ("birth_date", &birth.to_string()),
            ("document_number", number),
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
        let chain = std::slice::from_ref(&self.leaf);
        let compact = sd_jwt::issue(&credential, &self.signer, chain, &mut random_array);
        let compact = compact.map_err(OtherFault::by("identity was not issued"))?;
        let anchors = CertificateAnchors::from_der([self.root.1.as_slice()]);
        let anchors = anchors.map_err(OtherFault::by("certificate cannot be read"))?;
        let held = sd_jwt::Held::receive(&compact, &anchors, device.public(), now);
        let held = held.map_err(OtherFault::by("identity was not taken"))?;
        Ok(OtherWallet { device, held, number: number.to_owned() })
    }
}

impl OtherWallet {
    /// Answers a signed request whose maker chains to these anchors: where the answer goes, and the form that goes there.
    pub fn answer(
        &self,
        object: &str,
        link: &RequestLink,
        anchors: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<(String, String), OtherFault> {
        let context = Context {
            anchors,
            client_id: Some(&link.client_id),
            wallet_nonce: None,
            origin: None,
            audiences: &[SELF_ISSUED],
            now,
        };
        let read = Asked::read(object, &context).map_err(OtherFault::by("wallet refuses the request"))?;
        let held = [HeldCredential { credential: Candidate::SdJwt(&self.held), device: &self.device }];
        let response =
            read.respond(&held, true, now).map_err(OtherFault::by("wallet has nothing to show"))?;
        let Channel::Redirect { response_uri } = &read.request().channel else {
            return Err(OtherFault::new("wallet sends forms alone, and the authority wants none"));
        };
        Ok((response_uri.clone(), format!("response={response}")))
    }
}

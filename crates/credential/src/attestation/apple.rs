//! Apple App Attest: what Apple says of an app on an iPhone and of a key in its Secure Enclave
//! (developer.apple.com, "Validating apps that connect to your server", steps 1 to 9).
//!
//! Lives here: the attestation object and [`verify`]. Not here: receipts, which are for asking Apple about risk and are
//! not read, and assertions. The attested key signs nothing but assertions: that the device keys of a batch lie in the
//! Secure Enclave is what the attested app says, by the hash of its client data.

use documents::Timestamp;
use x509_parser::asn1_rs::{Any, Class, FromDer as _, Oid, Tag, oid};

use super::chain::{self, RevokedSerials, TrustAnchors};
use super::{AttestationError, MAX_CERTIFICATE, MAX_CHAIN};
use crate::cbor::{CborError, Reader};
use crate::webauthn::AuthenticatorData;
use crate::{PublicKey, VerifyingKey, sha256};

/// Longest attestation object that is read, in bytes.
pub const MAX_OBJECT: usize = 16 * 1024;
/// The extension that holds the nonce.
const NONCE: Oid<'static> = oid!(1.2.840.113635.100.8.2);

/// In which of Apple's environments an app attests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// Apps from the store.
    Production,
    /// Apps under development: anybody with a developer's account makes them. For trials alone.
    Development,
}

impl Environment {
    const fn aaguid(self) -> &'static [u8; 16] {
        match self {
            Self::Production => b"appattest\0\0\0\0\0\0\0",
            Self::Development => b"appattestdevelop",
        }
    }
}

/// An app that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppleApp {
    /// The App ID: the team's ten characters, a dot, the bundle's identifier.
    pub id: String,
    /// Where it attests.
    pub environment: Environment,
}

/// Verifies an attestation object for one of these apps and this hash of client data. Gives the attested key.
///
/// # Errors
/// Why it counts for nothing.
pub fn verify(
    object: &[u8],
    client_data_hash: &[u8; 32],
    roots: &TrustAnchors,
    apps: &[AppleApp],
    now: Timestamp,
) -> Result<PublicKey, AttestationError> {
    let object = Object::read(object)?;
    // Step 1. Apple publishes no list of revoked certificates for these roots.
    let chain = chain::verify(object.chain, roots, &RevokedSerials::default(), now)?;
    // Steps 2 to 4.
    let nonce = sha256(&[object.data, client_data_hash.as_slice()].concat());
    let found = chain.leaf.get_extension_unique(&NONCE).map_err(|_| AttestationError::Malformed)?;
    let named = read_nonce(found.ok_or(AttestationError::Malformed)?.value)?;
    if named != nonce {
        return Err(AttestationError::Challenge);
    }
    // Step 5: the key's id is the hash of its point, uncompressed.
    let attested = PublicKey::from_spki(chain.leaf.public_key().raw).map_err(|_| AttestationError::Key)?;
    let (x, y) =
        VerifyingKey::new(attested).and_then(|key| key.coordinates()).map_err(|_| AttestationError::Key)?;
    let id = sha256(&[&[4], x.as_slice(), y.as_slice()].concat());
    // Steps 6 to 9.
    let data = AuthenticatorData::read(object.data).map_err(|_| AttestationError::Malformed)?;
    let made = data.attested.as_ref().ok_or(AttestationError::Malformed)?;
    let is_listed =
        |app: &AppleApp| sha256(app.id.as_bytes()) == *data.party && made.aaguid == app.environment.aaguid();
    if !apps.iter().any(is_listed) {
        return Err(AttestationError::App);
    }
    if data.sign_count != 0 || made.id != id || made.key != attested {
        return Err(AttestationError::Key);
    }
    Ok(attested)
}

/// The attestation object: `{fmt: "apple-appattest", attStmt: {x5c: [..], receipt: ..}, authData: ..}`.
struct Object<'b> {
    chain: Vec<&'b [u8]>,
    data: &'b [u8],
}

impl<'b> Object<'b> {
    fn read(bytes: &'b [u8]) -> Result<Self, AttestationError> {
        if bytes.len() > MAX_OBJECT {
            return Err(AttestationError::Malformed);
        }
        Self::read_map(bytes).ok().flatten().ok_or(AttestationError::Malformed)
    }

    /// `None`: a member is missing, unknown or there twice.
    fn read_map(bytes: &'b [u8]) -> Result<Option<Self>, CborError> {
        let mut r = Reader::new(bytes);
        let (mut format, mut chain, mut data) = (None, None, None);
        for _ in 0..r.map(3)? {
            let before = match r.text(16)? {
                "fmt" => format.replace(r.text(32)?).is_some(),
                "attStmt" => chain.replace(read_statement(&mut r)?).is_some(),
                "authData" => data.replace(r.bytes(MAX_OBJECT)?).is_some(),
                _ => true,
            };
            if before {
                return Ok(None);
            }
        }
        r.finish()?;
        Ok(match (format, chain, data) {
            (Some("apple-appattest"), Some(Some(chain)), Some(data)) => Some(Self { chain, data }),
            _ => None,
        })
    }
}

/// The certificates of a statement; the receipt beside them is stepped over.
fn read_statement<'b>(r: &mut Reader<'b>) -> Result<Option<Vec<&'b [u8]>>, CborError> {
    let (mut chain, mut receipt) = (None, None);
    for _ in 0..r.map(2)? {
        match r.text(16)? {
            "x5c" => {
                let len = r.array(MAX_CHAIN)?;
                chain = Some((0..len).map(|_| r.bytes(MAX_CERTIFICATE)).collect::<Result<_, _>>()?);
            }
            "receipt" => receipt = Some(r.bytes(MAX_OBJECT)?),
            _ => return Ok(None),
        }
    }
    Ok(chain.filter(|_| receipt.is_some()))
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING }`.
fn read_nonce(bytes: &[u8]) -> Result<&[u8], AttestationError> {
    let one = |bytes, class, tag| match Any::from_der(bytes) {
        Ok(([], item)) if item.class() == class && item.tag() == tag => Ok(item.data),
        Ok(_) | Err(_) => Err(AttestationError::Malformed),
    };
    let inside = one(bytes, Class::Universal, Tag::Sequence)?;
    let inside = one(inside, Class::ContextSpecific, Tag(1))?;
    one(inside, Class::Universal, Tag::OctetString)
}

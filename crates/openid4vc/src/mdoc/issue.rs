//! Issuing: elements become items with digests, and the digests are signed.

use std::collections::BTreeMap;

use credential::cbor::Writer;
use credential::sd_cwt::Value;
use credential::x509::HashKind;
use credential::{CryptoError, PublicKey, SigningKey};
use documents::{Timestamp, redact_debug};

use super::items::IssuerSigned;
use super::mso::{Authorized, SecurityObject};
use super::{ENCODED, MdocError, sign1};
use crate::status::StatusReference;

/// Length of an element's random value, in bytes; 16 is the least.
pub const RANDOM_LEN: usize = 32;

/// Elements of one name space.
#[derive(Clone, PartialEq)]
pub struct NameSpace {
    /// Its name.
    pub name: String,
    /// Its elements, each with its value.
    pub elements: Vec<(String, Value)>,
}
redact_debug!(NameSpace);

/// Times of an mdoc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// When it was signed. One time for a whole batch links its credentials; round it to the day.
    pub signed: Timestamp,
    /// From when on it is valid; not before it was signed.
    pub from: Timestamp,
    /// Until when it is valid.
    pub until: Timestamp,
}

/// What an issuer says in one mdoc.
#[derive(Clone, Copy)]
pub struct Credential<'c> {
    /// Its type.
    pub doc_type: &'c str,
    /// Its elements.
    pub name_spaces: &'c [NameSpace],
    /// The key of the holder's device.
    pub device: &'c PublicKey,
    /// Its times.
    pub validity: Validity,
    /// Where its status stands.
    pub status: Option<&'c StatusReference>,
}
redact_debug!(Credential<'_>);

/// Why an mdoc is not issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssueError {
    /// Two random values are the same.
    #[error("two random values are the same; draw each anew")]
    RandomRepeated,
    /// No certificates of the issuer.
    #[error("the issuer has no certificate; make one before issuing")]
    NoCertificate,
    /// No holder would take the mdoc.
    #[error("no holder would take this mdoc: {0}")]
    Refused(#[from] MdocError),
    /// No random value could be drawn, or the key does not sign.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Issues an mdoc, signed with ES256, and gives the bytes of `IssuerSigned`; `x5c` holds the signer's certificates in DER, leaf first,
/// without the anchor; `random` draws 32 random bytes each time. Digests are numbered in order of the random values, so that a number tells
/// nothing of what else there is.
///
/// # Errors
/// [`IssueError`] for an mdoc that no holder would take: it is never signed.
pub fn issue(
    credential: &Credential<'_>,
    signer: &SigningKey,
    x5c: &[Vec<u8>],
    random: &mut impl FnMut() -> Result<[u8; RANDOM_LEN], CryptoError>,
) -> Result<Vec<u8>, IssueError> {
    if x5c.is_empty() {
        return Err(IssueError::NoCertificate);
    }
    let (mut digests, mut seen) = (BTreeMap::new(), std::collections::BTreeSet::new());
    let mut name_spaces = Vec::new();
    for name_space in credential.name_spaces {
        let mut drawn = Vec::new();
        for (element, value) in &name_space.elements {
            let random = random()?;
            if !seen.insert(random) {
                return Err(IssueError::RandomRepeated);
            }
            drawn.push((random, element, value));
        }
        drawn.sort_unstable_by_key(|(random, ..)| *random);
        let mut own = BTreeMap::new();
        let mut items = Vec::new();
        for (id, (random, element, value)) in (0_u64..).zip(drawn) {
            let bytes = item(id, &random, element, value);
            own.insert(id, HashKind::Sha256.digest(&bytes));
            items.push(bytes);
        }
        if digests.insert(name_space.name.clone(), own).is_some() {
            return Err(MdocError::ElementRepeated.into());
        }
        name_spaces.push((name_space.name.as_str(), items));
    }
    let object = SecurityObject {
        hash: HashKind::Sha256,
        digests,
        device_key: *credential.device,
        authorized: Authorized::default(),
        doc_type: credential.doc_type.to_owned(),
        signed: credential.validity.signed,
        valid_from: credential.validity.from,
        valid_until: credential.validity.until,
        status: credential.status.cloned(),
    };
    object.hold_order()?;
    let payload = object.write()?;
    let auth = sign1::sign(signer, x5c, &payload, false)?;
    let bytes = issuer_signed(&name_spaces, &auth);
    // What a holder would refuse never leaves.
    let read = IssuerSigned::parse(&bytes)?;
    read.hold_digests(&read.unverified()?)?;
    Ok(bytes)
}

fn item(id: u64, random: &[u8], element: &str, value: &Value) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.map(4).text("random").bytes(random).text("digestID").uint(id);
    inner.text("elementValue").raw(&value.encode()).text("elementIdentifier").text(element);
    Writer::new().tag(ENCODED).bytes(&inner.finish()).finish()
}

/// Writes `IssuerSigned` of items that are encoded already.
pub(super) fn issuer_signed(name_spaces: &[(&str, Vec<Vec<u8>>)], auth: &[u8]) -> Vec<u8> {
    let mut out = Writer::new();
    out.map(2).text("issuerAuth").raw(auth).text("nameSpaces").map(name_spaces.len());
    let mut sorted: Vec<_> = name_spaces.iter().collect();
    sorted.sort_by_key(|(name, _)| (name.len(), *name));
    for (name, items) in sorted {
        out.text(name).array(items.len());
        for item in items {
            out.raw(item);
        }
    }
    out.finish()
}

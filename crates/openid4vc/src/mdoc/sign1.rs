//! Signatures of an mdoc: COSE_Sign1 without a tag, its payload there or detached, certificates under label 33 (RFC 9360).

use credential::cbor::{CborError, Writer};
use credential::cose::{ES256, sig_structure};
use credential::sd_cwt::{ESP256, Encoding, Items, Key, Value};
use credential::{SIGNATURE_LEN, SigningKey, VerifyingKey};

use super::MdocError;

const ALGORITHM: i64 = 1;
const CRITICAL: i64 = 2;
/// `x5chain` (RFC 9360, 2).
const CERTIFICATES: i64 = 33;
/// Most certificates that are read.
const MAX_CERTIFICATES: usize = 8;

/// A signature that was read apart.
#[derive(Clone)]
pub(super) struct Signature {
    protected: Vec<u8>,
    pub certificates: Vec<Vec<u8>>,
    /// What was signed; `None` where it is detached.
    pub payload: Option<Vec<u8>>,
    signature: [u8; SIGNATURE_LEN],
}

impl Signature {
    /// Reads one, and holds it to its algorithm.
    pub fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        if items.array()? != 4 {
            return Err(CborError::Unexpected.into());
        }
        let protected = items.bytes()?.to_vec();
        let unprotected = items.value(1)?;
        let payload = items.value(1)?;
        let payload = if payload == Value::Null { None } else { Some(bytes(&payload)?) };
        let signature = items.bytes()?.try_into().map_err(|_| CborError::Unexpected)?;
        let header = Value::decode(&protected, Encoding::Any, 1)?;
        if header.get(CRITICAL).is_some() {
            return Err(MdocError::Header);
        }
        match header.get(ALGORITHM).ok_or(MdocError::Header)?.as_int() {
            Some(algorithm) if algorithm == i128::from(ES256) || algorithm == i128::from(ESP256) => {}
            Some(_) | None => return Err(MdocError::Algorithm),
        }
        unprotected.as_map().ok_or(CborError::Unexpected)?;
        Ok(Self { protected, certificates: certificates(&unprotected)?, payload, signature })
    }

    /// Verifies over a payload, its own or a detached one.
    pub fn verify(&self, key: &VerifyingKey, payload: &[u8]) -> bool {
        key.verify(&sig_structure(&self.protected, &[], payload), &self.signature).is_ok()
    }
}

fn bytes(value: &Value) -> Result<Vec<u8>, CborError> {
    value.as_bytes().map(<[u8]>::to_vec).ok_or(CborError::Unexpected)
}

fn certificates(unprotected: &Value) -> Result<Vec<Vec<u8>>, MdocError> {
    let one = |value: &Value| bytes(value).map_err(|_| MdocError::Header);
    match unprotected.get(CERTIFICATES) {
        None => Ok(Vec::new()),
        Some(Value::Array(several)) if several.len() <= MAX_CERTIFICATES => several.iter().map(one).collect(),
        Some(value) => one(value).map(|one| vec![one]),
    }
}

/// Signs a payload; writes the COSE_Sign1, without the payload where it is detached.
pub(super) fn sign(
    key: &SigningKey,
    x5c: &[Vec<u8>],
    payload: &[u8],
    detached: bool,
) -> Result<Vec<u8>, MdocError> {
    let protected = Writer::new().map(1).int(ALGORITHM).int(ES256).finish();
    let signature = key.sign(&sig_structure(&protected, &[], payload))?;
    let mut out = Writer::new();
    out.array(4).bytes(&protected);
    match x5c {
        [] => out.map(0),
        [leaf] => out.map(1).int(CERTIFICATES).bytes(leaf),
        several => {
            out.map(1).int(CERTIFICATES).array(several.len());
            for der in several {
                out.bytes(der);
            }
            &mut out
        }
    };
    if detached {
        out.null()
    } else {
        out.bytes(payload)
    };
    Ok(out.bytes(&signature).finish())
}

/// A map with text keys, none of them twice: `each` reads the value of every one.
pub(super) fn members<'b>(
    items: &mut Items<'b>,
    mut each: impl FnMut(&str, &mut Items<'b>) -> Result<(), MdocError>,
) -> Result<(), MdocError> {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..items.map()? {
        let Key::Text(name) = items.key()? else { return Err(CborError::Unexpected.into()) };
        each(&name, items)?;
        if !seen.insert(name) {
            return Err(CborError::Keys.into());
        }
    }
    Ok(())
}

/// A text.
pub(super) fn text(items: &mut Items<'_>) -> Result<String, MdocError> {
    Ok(items.value(1)?.as_text().ok_or(CborError::Unexpected)?.to_owned())
}

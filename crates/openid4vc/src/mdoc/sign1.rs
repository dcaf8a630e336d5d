//! Signatures of an mdoc: COSE_Sign1 without a tag, its payload there or detached, certificates under label 33 (RFC 9360); a device's
//! COSE_Mac0 in place of one.

use credential::cbor::{CborError, Writer};
use credential::cose::{ES256, mac_structure, sig_structure};
use credential::sd_cwt::{Encoding, Items, Key, Value};
use credential::{CryptoError, SIGNATURE_LEN, SecretKey, SigningKey, VerifyingKey};

use super::MdocError;
use crate::cose;

/// The four parts of a COSE_Sign1 and of a COSE_Mac0 (RFC 9052, 4.2 and 6.2).
struct Parts {
    protected: Vec<u8>,
    unprotected: Value,
    /// `None` where it is detached.
    payload: Option<Vec<u8>>,
    /// The signature, or the tag.
    last: Vec<u8>,
}

impl Parts {
    fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        if items.array()? != 4 {
            return Err(CborError::Unexpected.into());
        }
        let protected = items.bytes()?.to_vec();
        let unprotected = items.value(1)?;
        let payload = items.value(1)?;
        let payload = if payload == Value::Null {
            None
        } else {
            Some(payload.as_bytes().ok_or(CborError::Unexpected)?.to_vec())
        };
        let last = items.bytes()?.to_vec();
        Ok(Self { protected, unprotected, payload, last })
    }
}

/// Holds a protected header to an algorithm, and to nothing critical beside it.
fn hold_header(protected: &[u8], names: impl Fn(&Value) -> bool) -> Result<(), MdocError> {
    let header = Value::decode(protected, Encoding::Any, 1)?;
    if !cose::is_plain(&header) {
        return Err(MdocError::Header);
    }
    if names(&header) { Ok(()) } else { Err(MdocError::Algorithm) }
}

/// A signature that was read apart.
#[derive(Clone)]
pub(crate) struct Signature {
    protected: Vec<u8>,
    pub certificates: Vec<Vec<u8>>,
    /// What was signed; `None` where it is detached.
    pub payload: Option<Vec<u8>>,
    signature: [u8; SIGNATURE_LEN],
}

impl Signature {
    /// Reads one, and holds it to its algorithm.
    pub fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let Parts { protected, unprotected, payload, last } = Parts::read(items)?;
        let signature = last.try_into().map_err(|_| CborError::Unexpected)?;
        hold_header(&protected, cose::is_es256)?;
        unprotected.as_map().ok_or(CborError::Unexpected)?;
        let certificates = cose::certificates(&unprotected).map_err(|_| MdocError::Header)?;
        Ok(Self { protected, certificates, payload, signature })
    }

    /// Verifies over a payload, its own or a detached one.
    pub fn verify(&self, key: &VerifyingKey, payload: &[u8]) -> bool {
        key.verify(&sig_structure(&self.protected, &[], payload), &self.signature).is_ok()
    }
}

/// A message authentication code that was read apart (RFC 9052, 6.2).
#[derive(Clone)]
pub(crate) struct Mac {
    protected: Vec<u8>,
    payload: Option<Vec<u8>>,
    tag: Vec<u8>,
}

impl Mac {
    /// Reads one, and holds it to its algorithm.
    pub fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let Parts { protected, unprotected, payload, last: tag } = Parts::read(items)?;
        unprotected.as_map().ok_or(CborError::Unexpected)?;
        hold_header(&protected, cose::is_hmac_256)?;
        Ok(Self { protected, payload, tag })
    }

    /// Whether it is that of a detached payload under this key; compared in constant time.
    pub fn verify(&self, key: &SecretKey, payload: &[u8]) -> bool {
        let same = self.payload.as_ref().is_none_or(|sent| sent == payload);
        same && key.is_tag(&mac_structure(&self.protected, payload), &self.tag)
    }
}

/// Signs a payload; writes the COSE_Sign1, without the payload where it is detached.
pub(crate) fn sign(
    key: &SigningKey,
    x5c: &[Vec<u8>],
    payload: &[u8],
    detached: bool,
) -> Result<Vec<u8>, CryptoError> {
    let protected = Writer::new().map(1).int(1).int(ES256).finish();
    let signature = key.sign(&sig_structure(&protected, &[], payload))?;
    let mut out = Writer::new();
    out.array(4).bytes(&protected);
    cose::write_certificates(&mut out, x5c);
    if detached {
        out.null()
    } else {
        out.bytes(payload)
    };
    Ok(out.bytes(&signature).finish())
}

/// A map with text keys, none of them twice: `each` reads the value of every one.
pub(crate) fn members<'b>(
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
pub(crate) fn text(items: &mut Items<'_>) -> Result<String, MdocError> {
    Ok(items.value(1)?.as_text().ok_or(CborError::Unexpected)?.to_owned())
}

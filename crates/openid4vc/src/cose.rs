//! COSE of mdocs and status lists: a header's algorithm, certificates under label 33 (RFC 9052; RFC 9360, 2), keys on P-256.
//!
//! Lives here: what several forms read and write alike. Not here: signatures (`credential::cose`), which types count.

use credential::cbor::{CborError, Writer};
use credential::cose::{ES256, HMAC_256};
use credential::sd_cwt::{ESP256, Value};
use credential::{CryptoError, PublicKey, VerifyingKey};

const ALGORITHM: i64 = 1;
const CRITICAL: i64 = 2;
/// `x5chain` (RFC 9360, 2).
const CERTIFICATES: i64 = 33;
/// Most certificates that are read.
const MAX_CERTIFICATES: usize = 8;

/// Whether a protected header names an algorithm, and nothing that must be understood (RFC 9052, 3.1: nothing is).
pub(crate) fn is_plain(protected: &Value) -> bool {
    protected.get(CRITICAL).is_none() && protected.get(ALGORITHM).is_some()
}

/// Whether it names HMAC with SHA-256 (RFC 9053, 3.1).
pub(crate) fn is_hmac_256(protected: &Value) -> bool {
    protected.get(ALGORITHM).and_then(Value::as_int) == Some(i128::from(HMAC_256))
}

/// Whether it names ES256, by either of its numbers.
pub(crate) fn is_es256(protected: &Value) -> bool {
    let named = protected.get(ALGORITHM).and_then(Value::as_int);
    [ES256, ESP256].iter().any(|taken| named == Some(i128::from(*taken)))
}

/// The certificates of a header, leaf first; none where it names none.
///
/// # Errors
/// [`CborError::Unexpected`]: no byte strings, or too many.
pub(crate) fn certificates(header: &Value) -> Result<Vec<Vec<u8>>, CborError> {
    let one = |value: &Value| value.as_bytes().map(<[u8]>::to_vec).ok_or(CborError::Unexpected);
    match header.get(CERTIFICATES) {
        None => Ok(Vec::new()),
        Some(Value::Array(several)) if several.len() <= MAX_CERTIFICATES => several.iter().map(one).collect(),
        Some(value) => one(value).map(|one| vec![one]),
    }
}

/// Writes the unprotected header: these certificates alone.
pub(crate) fn write_certificates(out: &mut Writer, x5c: &[Vec<u8>]) {
    match x5c {
        [] => drop(out.map(0)),
        [leaf] => drop(out.map(1).int(CERTIFICATES).bytes(leaf)),
        several => {
            out.map(1).int(CERTIFICATES).array(several.len());
            for der in several {
                out.bytes(der);
            }
        }
    }
}

/// A COSE_Key on P-256 (RFC 9053, 7.1).
pub(crate) fn read_key(value: &Value) -> Option<PublicKey> {
    let number = |label: i64| value.get(label).and_then(Value::as_int);
    if number(1) != Some(2) || number(-1) != Some(1) {
        return None;
    }
    // A private key has no place in what others read.
    if value.get(-4).is_some() {
        return None;
    }
    let x: [u8; 32] = value.get(-2)?.as_bytes()?.try_into().ok()?;
    let y = value.get(-3)?;
    if let Value::Bool(odd) = y {
        let key = PublicKey::from_x_and_sign(&x, *odd);
        return VerifyingKey::new(key).is_ok().then_some(key);
    }
    PublicKey::from_coordinates(&x, y.as_bytes()?.try_into().ok()?).ok()
}

/// The same, to be written.
///
/// # Errors
/// [`CryptoError::PublicKey`]: no point of the curve.
pub(crate) fn key_value(key: &PublicKey) -> Result<Value, CryptoError> {
    let (x, y) = VerifyingKey::new(*key)?.coordinates()?;
    Ok(Value::Map(vec![
        (1.into(), Value::Int(2)),
        ((-1).into(), Value::Int(1)),
        ((-2).into(), Value::Bytes(x.to_vec())),
        ((-3).into(), Value::Bytes(y.to_vec())),
    ]))
}

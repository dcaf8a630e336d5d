//! COSE headers of mdocs and status lists: the algorithm, and certificates under label 33 (RFC 9052; RFC 9360, 2).
//!
//! Lives here: what both forms of COSE_Sign1 read and write alike. Not here: signatures (`credential::cose`), which types count.

use credential::cbor::{CborError, Writer};
use credential::cose::ES256;
use credential::sd_cwt::{ESP256, Value};

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

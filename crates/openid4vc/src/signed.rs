//! Signed JSON: a compact signature whose header and payload both pass the strict reader.
//!
//! Lives here: [`read_signed`], [`SignedError`], [`claims`], [`sign_typed`], the codes of a chain of certificates. Not here: what is signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use credential::jose::{JwsError, UnverifiedJws, sign_jws};
use credential::x5c::X5cError;
use credential::{CryptoError, SigningKey};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::json::{self, JsonError, strict_object};

/// Why a text is no signed JSON object of the form that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Form, type, algorithm or key of the signature.
    #[error(transparent)]
    Signature(#[from] JwsError),
    /// The header.
    #[error("the header of the signature: {0}")]
    Header(JsonError),
    /// The payload.
    #[error("the signed text: {0}")]
    Payload(JsonError),
}

/// Reads a compact signature of type `typ`, of at most `longest` characters: its header strictly, its payload later.
///
/// # Errors
/// [`SignedError`] for the first fault.
pub fn read_signed<'t>(
    compact: &'t str,
    typ: &str,
    longest: usize,
) -> Result<UnverifiedJws<'t>, SignedError> {
    Ok(read_any(compact, longest)?.of_type(typ)?)
}

/// As [`read_signed`], of whatever type.
///
/// # Errors
/// [`SignedError`] for the first fault.
pub fn read_any(compact: &str, longest: usize) -> Result<UnverifiedJws<'_>, SignedError> {
    let jws = UnverifiedJws::read(compact, longest)?;
    header_object(compact)?;
    Ok(jws)
}

/// The header of a compact signature as a JSON object, read strictly; unproven.
///
/// # Errors
/// [`SignedError`].
pub fn header_object(compact: &str) -> Result<Map<String, Value>, SignedError> {
    let (header, _) = compact.split_once('.').ok_or(JwsError::Form)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwsError::Form)?;
    let header = String::from_utf8(header).map_err(|_| JwsError::Header)?;
    strict_object(&header).map_err(SignedError::Header)
}

/// The payload as a JSON object, read strictly.
///
/// # Errors
/// [`JsonError`].
pub fn payload_object(payload: &[u8]) -> Result<Map<String, Value>, JsonError> {
    let text = std::str::from_utf8(payload).map_err(|_| JsonError::Malformed { line: 1, column: 0 })?;
    strict_object(text)
}

/// The payload in a form of its own, read strictly; `None` where it is of another form.
#[must_use]
pub fn claims<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    json::read(std::str::from_utf8(payload).ok()?)
}

/// Whether `aud` is this name, alone or among others (RFC 7519, 4.1.3).
#[must_use]
pub fn is_audience(aud: &Value, name: &str) -> bool {
    match aud {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one.as_str() == Some(name)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Signs claims under this type; `x5c` in DER, leaf first, without the anchor, or empty: then none is named.
///
/// # Errors
/// [`CryptoError`]: the library, or whoever keeps the key, did not sign.
pub fn sign_typed(
    signer: &SigningKey,
    typ: &str,
    x5c: &[Vec<u8>],
    claims: Map<String, Value>,
) -> Result<String, CryptoError> {
    let mut header = Map::new();
    header.insert("typ".to_owned(), typ.into());
    if !x5c.is_empty() {
        header.insert("x5c".to_owned(), x5c.iter().map(|der| STANDARD.encode(der)).collect());
    }
    sign_jws(signer, &header, Value::Object(claims).to_string().as_bytes())
}

/// The stable code of a refused chain of certificates.
#[must_use]
pub const fn chain_code(error: X5cError) -> &'static str {
    match error {
        X5cError::Malformed => "certificate_malformed",
        X5cError::SelfSigned => "certificate_self_signed",
        X5cError::AnchorSent => "certificate_anchor_sent",
        X5cError::Unknown => "certificate_unknown",
        X5cError::Validity => "certificate_validity",
        X5cError::Use => "certificate_use",
        X5cError::Key => "certificate_key",
    }
}

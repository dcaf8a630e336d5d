//! Signed JSON: a compact signature whose header and payload both pass the strict reader.
//!
//! Lives here: [`read_signed`], [`SignedError`], [`verify_issuer`], the codes of a chain of certificates. Not here: what is signed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::certificate::is_reader;
use credential::jose::{JwsError, UnverifiedJws};
use credential::x5c::{CertificateAnchors, LeafUse, VerifiedLeaf, X5cError, verify_x5c};
use documents::Timestamp;

use crate::json::{JsonError, strict_object};

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
pub fn header_object(compact: &str) -> Result<serde_json::Map<String, serde_json::Value>, SignedError> {
    let (header, _) = compact.split_once('.').ok_or(JwsError::Form)?;
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| JwsError::Form)?;
    let header = String::from_utf8(header).map_err(|_| JwsError::Header)?;
    strict_object(&header).map_err(SignedError::Header)
}

/// The payload as a JSON object, read strictly.
///
/// # Errors
/// [`JsonError`].
pub fn payload_object(payload: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, JsonError> {
    let text = std::str::from_utf8(payload).map_err(|_| JsonError::Malformed { line: 1, column: 0 })?;
    strict_object(text)
}

/// The certificate of an issuer of credentials or lists in JSON. No extended use is registered for them; a reader's is refused, for where one
/// authority certifies both, a verifier could issue what it asks for.
///
/// # Errors
/// [`X5cError`].
pub fn verify_issuer(
    chain: &[Vec<u8>],
    anchors: &CertificateAnchors,
    now: Timestamp,
) -> Result<VerifiedLeaf, X5cError> {
    let leaf = verify_x5c(chain, anchors, LeafUse::Any, now)?;
    if is_reader(&leaf.der) { Err(X5cError::Use) } else { Ok(leaf) }
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

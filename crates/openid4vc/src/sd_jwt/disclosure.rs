//! Disclosures: one claim that a holder may show, its salt before it (RFC 9901, 4.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::sha256;
use documents::redact_debug;
use serde_json::{Value, json};

use super::SdJwtError;
use crate::json::strict;

/// Length of a salt in bytes: 128 bits, as RFC 9901, 9.3 advises.
pub const SALT_LEN: usize = 16;

/// What a disclosure shows.
#[derive(Clone, PartialEq)]
pub(super) enum Content {
    /// A member of an object.
    Member(String, Value),
    /// An element of an array.
    Element(Value),
}
redact_debug!(Content);

/// One disclosure, its text as it came.
#[derive(Clone)]
pub(super) struct Disclosure {
    pub text: String,
    /// SHA-256 of the text, in base64url: what stands in `_sd` or under `...`.
    pub digest: String,
    pub content: Content,
}
redact_debug!(Disclosure);

impl Disclosure {
    /// Reads one from its text; its digest is over exactly these characters.
    pub fn read(text: &str) -> Result<Self, SdJwtError> {
        let form = || SdJwtError::DisclosureForm;
        let json = URL_SAFE_NO_PAD.decode(text).map_err(|_| form())?;
        let json = String::from_utf8(json).map_err(|_| form())?;
        let Value::Array(parts) = strict(&json).map_err(|_| form())? else { return Err(form()) };
        let mut parts = parts.into_iter();
        let content = match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Value::String(_)), Some(Value::String(name)), Some(value), None) => {
                Content::Member(name, value)
            }
            (Some(Value::String(_)), Some(value), None, None) => Content::Element(value),
            _ => return Err(form()),
        };
        Ok(Self { text: text.to_owned(), digest: digest(text), content })
    }

    /// Makes one.
    pub fn make(salt: &[u8; SALT_LEN], content: Content) -> Self {
        let salt = URL_SAFE_NO_PAD.encode(salt);
        let json = match &content {
            Content::Member(name, value) => json!([salt, name, value]),
            Content::Element(value) => json!([salt, value]),
        };
        let text = URL_SAFE_NO_PAD.encode(json.to_string());
        Self { digest: digest(&text), text, content }
    }
}

/// The digest of a disclosure's text, or of all that is presented.
pub(super) fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

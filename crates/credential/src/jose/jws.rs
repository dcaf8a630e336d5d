//! JWS: compact JSON Web Signatures with ES256 (RFC 7515, RFC 7518, 3.4).
//!
//! Lives here: reading one apart, verifying it by a key that the caller chose, making one. Not here: which key that is, and
//! what the payload means. No other algorithm is read, and no critical extension (RFC 7515, 4.1.11).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use documents::redact_debug;
use serde::Deserialize;
use serde_json::Value;

use super::jwk::{Jwk, JwkError};
use crate::crypto::{CryptoError, SigningKey, VerifyingKey};

/// Most certificates in a header that are read.
const MAX_X5C: usize = 8;

/// Why a signature in JSON is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Longer than is read, or not three parts in base64url without padding.
    #[error("this is no compact JSON Web Signature")]
    Form,
    /// The header is no JSON with the members that are read, or one stands twice.
    #[error("the header of the signature is malformed")]
    Header,
    /// Another type than the one that belongs here.
    #[error("the signature is of another type")]
    Type,
    /// Another algorithm than ES256, or a critical extension.
    #[error("the signature is of another algorithm; sign with ES256")]
    Algorithm,
    /// The key in the header.
    #[error(transparent)]
    Key(#[from] JwkError),
    /// The signature is not that of the key.
    #[error("the signature is not that of its key")]
    Signature,
}

/// What a header says, as far as it is read.
#[derive(Clone, PartialEq, Eq)]
pub struct JwsHeader {
    /// Its type; a media type without `application/`.
    pub typ: Option<String>,
    /// The name of a key.
    pub kid: Option<String>,
    /// A key.
    pub jwk: Option<Jwk>,
    /// Certificates in DER, the signer's first (RFC 7515, 4.1.6).
    pub x5c: Option<Vec<Vec<u8>>>,
    /// An attestation of keys (OpenID4VCI 1.0, appendix D).
    pub key_attestation: Option<String>,
}

#[derive(Deserialize)]
struct Members {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    jwk: Option<Value>,
    x5c: Option<Vec<String>>,
    key_attestation: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

/// A signature that was read apart; nothing in it is believed yet.
#[derive(Clone)]
pub struct UnverifiedJws<'t> {
    header: JwsHeader,
    payload: Vec<u8>,
    signed: &'t str,
    signature: Vec<u8>,
}
redact_debug!(UnverifiedJws<'_>);

impl<'t> UnverifiedJws<'t> {
    /// Reads a compact signature of at most `longest` characters.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read(compact: &'t str, longest: usize) -> Result<Self, JwsError> {
        if compact.len() > longest {
            return Err(JwsError::Form);
        }
        let (signed, signature) = compact.rsplit_once('.').ok_or(JwsError::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(JwsError::Form)?;
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| JwsError::Form);
        let (header, payload, signature) = (part(header)?, part(payload)?, part(signature)?);
        let header: Members = serde_json::from_slice(&header).map_err(|_| JwsError::Header)?;
        if header.alg != "ES256" || header.crit.is_some() {
            return Err(JwsError::Algorithm);
        }
        let jwk = header.jwk.as_ref().map(Jwk::read).transpose()?;
        let certificates = |texts: Vec<String>| {
            if texts.is_empty() || texts.len() > MAX_X5C {
                return Err(JwsError::Header);
            }
            texts.iter().map(|text| STANDARD.decode(text).map_err(|_| JwsError::Header)).collect()
        };
        let header = JwsHeader {
            typ: header.typ,
            kid: header.kid,
            jwk,
            x5c: header.x5c.map(certificates).transpose()?,
            key_attestation: header.key_attestation,
        };
        Ok(Self { header, payload, signed, signature })
    }

    /// What its header says; unproven.
    #[must_use]
    pub const fn header(&self) -> &JwsHeader {
        &self.header
    }

    /// What its payload says; unproven.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// That it is of this type.
    ///
    /// # Errors
    /// [`JwsError::Type`].
    pub fn of_type(self, typ: &str) -> Result<Self, JwsError> {
        if self.header.typ.as_deref() == Some(typ) { Ok(self) } else { Err(JwsError::Type) }
    }

    /// The payload, once the signature is this key's.
    ///
    /// # Errors
    /// [`JwsError::Signature`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<&[u8], JwsError> {
        key.verify(self.signed.as_bytes(), &self.signature).map_err(|_| JwsError::Signature)?;
        Ok(&self.payload)
    }
}

/// Signs a payload. `header` holds everything but the algorithm.
///
/// # Errors
/// [`CryptoError`]: the library, or whoever keeps the key, did not sign.
pub fn sign_jws(
    key: &SigningKey,
    header: &serde_json::Map<String, Value>,
    payload: &[u8],
) -> Result<String, CryptoError> {
    let mut header = header.clone();
    header.insert("alg".to_owned(), "ES256".into());
    let header = serde_json::to_vec(&header).map_err(|_| CryptoError::Signature)?;
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.sign(signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// RFC 7515, appendix A.3: ES256.
    const PUBLISHED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    fn header(value: &Value) -> serde_json::Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn the_published_signature_is_that_of_its_published_key_alone() {
        let key = Jwk::read(&json!({"kty":"EC","crv":"P-256",
            "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}))
        .unwrap();
        let read = UnverifiedJws::read(PUBLISHED, 1000).unwrap();
        assert!(read.verify(key.key()).unwrap().starts_with(br#"{"iss":"joe""#));
        let other = SigningKey::generate().unwrap();
        let other = VerifyingKey::new(*other.public()).unwrap();
        assert_eq!(read.verify(&other), Err(JwsError::Signature));
    }

    #[test]
    fn what_was_signed_is_read_back_with_its_header() {
        let key = SigningKey::generate().unwrap();
        let jwk = Jwk::of(key.public(), None).unwrap();
        let head =
            json!({"typ": "a+jwt", "kid": "k", "jwk": jwk.to_json().unwrap(), "x5c": ["AQI="], "other": 1});
        let compact = sign_jws(&key, &header(&head), b"{}").unwrap();
        let read = UnverifiedJws::read(&compact, 1000).unwrap().of_type("a+jwt").unwrap();
        assert_eq!(read.header().x5c, Some(vec![vec![1, 2]]));
        assert_eq!((read.header().kid.as_deref(), read.header().jwk.as_ref()), (Some("k"), Some(&jwk)));
        assert_eq!(read.verify(jwk.key()), Ok(b"{}".as_slice()));
        assert_eq!(read.of_type("b+jwt").map(drop), Err(JwsError::Type));
    }

    #[test]
    fn every_change_of_one_byte_is_refused() {
        let key = SigningKey::generate().unwrap();
        let jwk = Jwk::of(key.public(), None).unwrap();
        let compact = sign_jws(&key, &header(&json!({"typ": "a+jwt"})), b"{\"a\":1}").unwrap();
        for place in 0..compact.len() {
            let mut changed = compact.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let taken = UnverifiedJws::read(&changed, 1000);
            assert!(taken.is_err() || taken.is_ok_and(|read| read.verify(jwk.key()).is_err()), "{place}");
        }
    }

    #[test]
    fn what_is_no_signature_of_this_kind_is_refused_for_the_first_thing_wrong_with_it() {
        let key = SigningKey::generate().unwrap();
        let forged = |header: &str| format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        for (text, expected) in [
            (String::new(), JwsError::Form),
            ("a.b".to_owned(), JwsError::Form),
            ("a.b.c.d".to_owned(), JwsError::Form),
            (format!("{}=", sign_jws(&key, &header(&json!({})), b"").unwrap()), JwsError::Form),
            ("A".repeat(1001), JwsError::Form),
            (forged("[]"), JwsError::Header),
            (forged("{}"), JwsError::Header),
            (forged(r#"{"alg":"ES256","alg":"ES256"}"#), JwsError::Header),
            (forged(r#"{"alg":"ES256","x5c":[]}"#), JwsError::Header),
            (forged(r#"{"alg":"ES256","x5c":["-"]}"#), JwsError::Header),
            (forged(r#"{"alg":"none"}"#), JwsError::Algorithm),
            (forged(r#"{"alg":"HS256"}"#), JwsError::Algorithm),
            (forged(r#"{"alg":"ES256","crit":["b64"]}"#), JwsError::Algorithm),
            (forged(r#"{"alg":"ES256","jwk":{"kty":"RSA"}}"#), JwsError::Key(JwkError::Kind)),
        ] {
            assert_eq!(UnverifiedJws::read(&text, 1000).map(drop), Err(expected), "{text}");
        }
    }
}

//! JWK: a public key on P-256 in JSON (RFC 7517, RFC 7518, 6.2.1).
//!
//! Lives here: reading, writing, the thumbprint (RFC 7638). Not here: any use of the key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::crypto::{CryptoError, PublicKey, VerifyingKey};
use crate::dpop::DpopThumbprint;

/// Why a JSON Web Key is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwkError {
    /// Another kind of key or curve.
    #[error("the key is not on P-256; send an EC key with crv P-256")]
    Kind,
    /// The private scalar lies in it.
    #[error("the key holds its private part; send the public key alone, and make a new one")]
    Private,
    /// The coordinates are no point of the curve.
    #[error("the key's coordinates are no point on P-256")]
    Point,
}

/// A public key on P-256, and what it may be named.
#[derive(Clone, PartialEq, Eq)]
pub struct Jwk {
    key: VerifyingKeyBox,
    /// Its name, where it has one.
    pub kid: Option<String>,
}

/// A parsed key; two are equal where their points are.
#[derive(Clone)]
struct VerifyingKeyBox(VerifyingKey);

impl PartialEq for VerifyingKeyBox {
    fn eq(&self, other: &Self) -> bool {
        self.0.public() == other.0.public()
    }
}

impl Eq for VerifyingKeyBox {}

impl std::fmt::Debug for Jwk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.key.0.fmt(f)
    }
}

/// The members that are read; others are ignored (RFC 7517, 4).
#[derive(Serialize, Deserialize)]
struct Members {
    #[serde(default)]
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(default, skip_serializing)]
    d: Option<serde::de::IgnoredAny>,
}

impl Jwk {
    /// A key to be written.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`]: no point on the curve.
    pub fn of(key: &PublicKey, kid: Option<String>) -> Result<Self, CryptoError> {
        Ok(Self { key: VerifyingKeyBox(VerifyingKey::new(*key)?), kid })
    }

    /// Reads a key.
    ///
    /// # Errors
    /// The first thing wrong.
    pub fn read(value: &serde_json::Value) -> Result<Self, JwkError> {
        let members = Members::deserialize(value).map_err(|_| JwkError::Kind)?;
        Self::of_members(members)
    }

    fn of_members(members: Members) -> Result<Self, JwkError> {
        if members.kty != "EC" || members.crv != "P-256" {
            return Err(JwkError::Kind);
        }
        if members.d.is_some() {
            return Err(JwkError::Private);
        }
        let coordinate = |text: &str| -> Result<[u8; 32], JwkError> {
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkError::Point)?;
            bytes.try_into().map_err(|_| JwkError::Point)
        };
        let (x, y) = (coordinate(&members.x)?, coordinate(&members.y)?);
        let key = PublicKey::from_coordinates(&x, &y).and_then(VerifyingKey::new);
        Ok(Self { key: VerifyingKeyBox(key.map_err(|_| JwkError::Point)?), kid: members.kid })
    }

    /// The key, ready to verify.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key.0
    }

    /// The key as it travels elsewhere.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        self.key.0.public()
    }

    /// SHA-256 of its JSON form (RFC 7638).
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if the library cannot write the point out.
    pub fn thumbprint(&self) -> Result<DpopThumbprint, CryptoError> {
        DpopThumbprint::of(self.public())
    }

    /// Writes it: `kty`, `crv`, `x`, `y`, and its name where it has one.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] if the library cannot write the point out.
    pub fn to_json(&self) -> Result<serde_json::Value, CryptoError> {
        let (x, y) = self.key.0.coordinates()?;
        let mut members = serde_json::Map::new();
        let mut put = |name: &str, text: String| members.insert(name.to_owned(), text.into());
        put("kty", "EC".to_owned());
        put("crv", "P-256".to_owned());
        put("x", URL_SAFE_NO_PAD.encode(x));
        put("y", URL_SAFE_NO_PAD.encode(y));
        if let Some(kid) = &self.kid {
            put("kid", kid.clone());
        }
        Ok(members.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::SigningKey;
    use serde_json::json;

    #[test]
    fn a_key_is_read_back_as_it_was_written_and_keeps_its_name() {
        let key = SigningKey::generate().unwrap();
        let jwk = Jwk::of(key.public(), Some("k-1".to_owned())).unwrap();
        let read = Jwk::read(&jwk.to_json().unwrap()).unwrap();
        assert_eq!((read.public(), read.kid.as_deref()), (key.public(), Some("k-1")));
        assert_eq!(read.thumbprint().unwrap(), DpopThumbprint::of(key.public()).unwrap());
    }

    #[test]
    fn a_key_is_refused_for_the_first_thing_wrong_with_it() {
        let key = SigningKey::generate().unwrap();
        let good = Jwk::of(key.public(), None).unwrap().to_json().unwrap();
        let with = |name: &str, value: serde_json::Value| {
            let mut changed = good.clone();
            changed[name] = value;
            changed
        };
        for (value, expected) in [
            (with("kty", json!("RSA")), JwkError::Kind),
            (with("crv", json!("P-384")), JwkError::Kind),
            (with("kty", json!(1)), JwkError::Kind),
            (json!([]), JwkError::Kind),
            (with("d", json!("AAAA")), JwkError::Private),
            (with("x", good["y"].clone()), JwkError::Point),
            (with("y", json!("AAAA")), JwkError::Point),
            (with("y", json!("=")), JwkError::Point),
        ] {
            assert_eq!(Jwk::read(&value).map(drop), Err(expected), "{value}");
        }
    }
}

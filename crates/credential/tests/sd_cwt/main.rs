//! SD-CWTs as others see them: the published tokens of the draft, tokens that differ from them by one thing, and whatever
//! claims chance draws.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: a failure here fails the test"
)]

mod drawn;
mod faults;
mod published;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, UnparsedPublicKey};
use credential::sd_cwt::SignatureKey;
use credential::{CryptoError, PublicKey};

/// The published issuer signs with ES384 (-35), which no key of ours does.
struct P384(Vec<u8>);

impl SignatureKey for P384 {
    fn verify_by(&self, algorithm: i64, message: &[u8], signature: &[u8]) -> Result<(), CryptoError> {
        // ES384, and ESP384, which on this curve is the same.
        if ![-35, -51].contains(&algorithm) {
            return Err(CryptoError::Signature);
        }
        let key = UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, &self.0);
        key.verify(message, signature).map_err(|_| CryptoError::Signature)
    }
}

/// A file of the published examples; `None` skips the test, loudly.
fn example(test: &str, file: &str) -> Option<Vec<u8>> {
    let path = test_support::shared(test, &format!("vectors/sd-cwt/{file}"))?;
    Some(std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn key_field(test: &str, who: &str, field: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    let keys: serde_json::Value = serde_json::from_slice(&example(test, "keys.json")?).unwrap();
    let text = keys[who][field].as_str().unwrap().to_owned();
    Some(base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).unwrap())
}

/// The published issuer's key.
fn issuer(test: &str) -> Option<P384> {
    let (x, y) = (key_field(test, "issuer_jwk", "x")?, key_field(test, "issuer_jwk", "y")?);
    Some(P384([vec![4], x, y].concat()))
}

/// The published holder's key: the scalar and the uncompressed point.
fn holder(test: &str) -> Option<credential::SigningKey> {
    let field = |field| key_field(test, "holder_jwk", field);
    let point = [vec![4], field("x")?, field("y")?].concat();
    Some(credential::SigningKey::from_scalar(&field("d")?, &point).unwrap())
}

/// The published holder's public key.
fn holder_point(test: &str) -> Option<PublicKey> {
    holder(test).map(|key| *key.public())
}

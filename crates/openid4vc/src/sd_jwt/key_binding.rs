//! Key binding: the holder signs what they show, for one verifier and one request (RFC 9901, 4.3 and 7.3).

use credential::jose::{Jwk, JwsError};
use credential::{CryptoError, SigningKey};
use documents::Timestamp;
use serde_json::{Map, Value};

use super::SdJwtError;
use super::disclosure::digest;
use crate::signed::{SignedError, payload_object, read_signed, sign_typed};

/// How far ahead of the verifier's clock a presentation may be made, in seconds.
pub const AHEAD_SECONDS: i64 = 10;
/// How long ago it may be made, in seconds.
pub const BEHIND_SECONDS: i64 = 300;

const TYPE: &str = "kb+jwt";
const MAX_BINDING_LEN: usize = 8 * 1024;

/// For whom, for which request and when a presentation is made.
#[derive(Clone, Copy)]
pub(super) struct Said<'s> {
    pub audience: &'s str,
    pub nonce: &'s str,
    pub made: Timestamp,
}

/// Signs what is presented: everything up to the last tilde.
pub(super) fn sign(presented: &str, said: Said<'_>, device: &SigningKey) -> Result<String, CryptoError> {
    let mut claims = Map::new();
    claims.insert("iat".to_owned(), said.made.unix().into());
    claims.insert("aud".to_owned(), said.audience.into());
    claims.insert("nonce".to_owned(), said.nonce.into());
    claims.insert("sd_hash".to_owned(), digest(presented).into());
    sign_typed(device, TYPE, &[], claims)
}

/// Verifies a key binding of the credential's key; `said.made` is the verifier's own time.
pub(super) fn verify(text: &str, presented: &str, holder: &Jwk, said: Said<'_>) -> Result<(), SdJwtError> {
    let jws = read_signed(text, TYPE, MAX_BINDING_LEN).map_err(|error| match error {
        SignedError::Signature(signature) => SdJwtError::BindingForm(signature),
        SignedError::Header(_) | SignedError::Payload(_) => SdJwtError::BindingForm(JwsError::Header),
    })?;
    let payload = jws.verify(holder.key()).map_err(|_| SdJwtError::BindingSignature)?;
    let claims = payload_object(payload).map_err(|_| SdJwtError::BindingClaims)?;
    let claim = |name: &str| claims.get(name).and_then(Value::as_str).ok_or(SdJwtError::BindingClaims);
    let made = claims.get("iat").and_then(Value::as_i64).and_then(Timestamp::from_unix);
    let made = made.ok_or(SdJwtError::BindingClaims)?;
    let (audience, nonce, hash) = (claim("aud")?, claim("nonce")?, claim("sd_hash")?);
    if nonce != said.nonce {
        return Err(SdJwtError::BindingNonce);
    }
    if audience != said.audience {
        return Err(SdJwtError::BindingAudience);
    }
    match said.made.seconds_since(made) {
        ..0 if made.seconds_since(said.made) > AHEAD_SECONDS => Err(SdJwtError::BindingAhead),
        age if age > BEHIND_SECONDS => Err(SdJwtError::BindingOld),
        _ if hash != digest(presented) => Err(SdJwtError::BindingHash),
        _ => Ok(()),
    }
}

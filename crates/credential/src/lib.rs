//! Credential: border tokens, parts, holder proofs, status lists and signed messages, exactly as they travel.
//!
//! Pure but for nonces and key generation inside the crypto library. The one crate that touches crypto. It takes the
//! keys that it may trust as an argument. Not here: who is trusted (`trust`), what a verdict rests on (`authority`).

pub mod agreement;
pub mod annex_b;
pub mod attestation;
pub mod cbor;
pub mod certificate;
pub mod cose;
mod crypto;
pub mod dpop;
pub mod jose;
pub mod message;
pub mod page;
pub mod paper;
pub mod part;
pub mod sd_cwt;
mod signer;
pub mod status;
mod token;
mod unlock;
mod validity;
mod vault;
pub mod venue;
pub mod webauthn;
pub mod work;
pub mod x509;
pub mod x5c;

pub use crypto::{
    CryptoError, POINT_LEN, PublicKey, SecretKey, SigningKey, Thumbprint, TokenId, VerifyingKey, hpke,
    random, random_array, sha256,
};
pub use signer::{SIGNATURE_LEN, Signer, SignerFault};
pub use token::{
    Audience, DeviceKey, FIRST_STATUS_INDEX, KeyClass, MAX_LIFE_SECONDS, MAX_LIFE_SOFTWARE_SECONDS,
    MAX_PROOF_LEN, MAX_TOKEN_LEN, PartHash, ProofError, SealedHashes, ShortHash, StatusRef, TokenClaims,
    TokenError, UnverifiedProof, UnverifiedToken, VerifiedProof, VerifiedToken, sign_proof, sign_proof_with,
    sign_token,
};
pub use unlock::{MOST_UNLOCK_SECONDS, Unlock, UnlockMethod};
pub use validity::{PROOF_AHEAD_SECONDS, PROOF_BEHIND_SECONDS, ProofTimeError, ProofWindow, TokenLifeError};
pub use vault::RecordKey;

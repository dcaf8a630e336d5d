//! JOSE: keys, signatures and encryption in JSON, as far as OpenID4VC by HAIP 1.0 uses them.
//!
//! Lives here: [`Jwk`] (RFC 7517), compact signatures [`UnverifiedJws`] (RFC 7515), compact encryption [`Jwe`] (RFC 7516), all on
//! P-256 alone. Not here: what a claim means, which certificate is trusted (`crate::x5c`). DPoP has its own, narrower reader.

mod jwe;
mod jwk;
mod jws;

pub use jwe::{ContentEncryption, DecryptionKey, Jwe, JweError, MAX_JWE_LEN, Recipient, encrypt_jwe};
pub use jwk::{Jwk, JwkError};
pub use jws::{JwsError, JwsHeader, UnverifiedJws, sign_jws};

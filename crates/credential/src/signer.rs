//! Signers: who signs where the private key lies outside of this process.
//!
//! Lives here: the trait, and why one does not sign. Not here: any module for keys (`hsm`), what is signed (`cose`).

/// Length of an ES256 signature, r and s side by side (RFC 9053, 2.1).
pub const SIGNATURE_LEN: usize = 64;

/// Signs with a P-256 private key that never comes into this process, as a hardware module's.
pub trait Signer: Send + Sync {
    /// Signs a SHA-256 digest with ECDSA; r and s side by side (RFC 9053, 2.1).
    ///
    /// # Errors
    /// [`SignerFault`]: why there is no signature. The signer's own words go to the log.
    fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; SIGNATURE_LEN], SignerFault>;
}

/// Why a signer did not sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignerFault {
    /// The module or its token is not there, or the way to it was cut and could not be opened again.
    #[error("the module that keeps the private key does not answer; see that it is there, then try again")]
    Unavailable,
    /// The module does not let this process in.
    #[error("the module that keeps the private key refused the PIN; mend it, then start again")]
    Login,
    /// The module has no such key any more.
    #[error("the module has no such private key any more; restore the token, or rotate the key")]
    KeyGone,
    /// The module refused, or what it gave is no signature of this key.
    #[error("the module that keeps the private key gave no valid signature; its log says why")]
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CryptoError, SigningKey, VerifyingKey};

    /// Signs with whatever it is told, as a module that is broken, or gone, does.
    struct Told(Result<[u8; SIGNATURE_LEN], SignerFault>);

    impl Signer for Told {
        fn sign_digest(&self, _: &[u8; 32]) -> Result<[u8; SIGNATURE_LEN], SignerFault> {
            self.0
        }
    }

    #[test]
    fn a_signature_leaves_only_if_it_is_one_of_the_key_over_the_message() {
        let own = SigningKey::generate().unwrap();
        let good = own.sign(b"a verdict").unwrap();
        let kept = |told| SigningKey::kept_by(Box::new(Told(told)), *own.public()).unwrap();
        let signature = kept(Ok(good)).sign(b"a verdict").unwrap();
        assert_eq!(VerifyingKey::new(*own.public()).unwrap().verify(b"a verdict", &signature), Ok(()));
        let refused = Err(CryptoError::Signer(SignerFault::Refused));
        assert_eq!(kept(Ok(good)).sign(b"another verdict"), refused, "over something else");
        let stranger = SigningKey::generate().unwrap().sign(b"a verdict").unwrap();
        assert_eq!(kept(Ok(stranger)).sign(b"a verdict"), refused, "by another key");
        assert_eq!(kept(Ok([0; SIGNATURE_LEN])).sign(b"a verdict"), refused);
        let gone = kept(Err(SignerFault::Unavailable)).sign(b"a verdict");
        assert_eq!(gone, Err(CryptoError::Signer(SignerFault::Unavailable)));
    }
}

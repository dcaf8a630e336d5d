//! Agreement: a secret that two keys on P-256 share (ECDH), and what is derived from it for one session.
//!
//! Lives here: [`AgreementKey`], [`SharedSecret`], [`SessionCipher`]. Not here: which messages a session has (`openid4vc::proximity`), JWE
//! (`jose`). The derivation is HKDF-SHA-256 (RFC 5869), the cipher AES-256-GCM; all primitives are the crypto library's.

use aws_lc_rs::{aead, agreement, hkdf};
use documents::redact_debug;
use zeroize::Zeroizing;

use crate::crypto::{CryptoError, PublicKey, SecretKey, VerifyingKey};

/// Length of a cipher's identifier, the first bytes of its nonces.
pub const IDENTIFIER_LEN: usize = 8;

/// A private key on P-256 that agrees on secrets and never signs.
pub struct AgreementKey {
    secret: agreement::PrivateKey,
    public: PublicKey,
}
redact_debug!(AgreementKey);

impl AgreementKey {
    /// A new key from the crypto library's generator.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> Result<Self, CryptoError> {
        let secret =
            agreement::PrivateKey::generate(&agreement::ECDH_P256).map_err(|_| CryptoError::Random)?;
        Self::of(secret)
    }

    /// The key with this private scalar of 32 bytes.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`].
    pub fn from_scalar(scalar: &[u8; 32]) -> Result<Self, CryptoError> {
        let secret = agreement::PrivateKey::from_private_key(&agreement::ECDH_P256, scalar);
        Self::of(secret.map_err(|_| CryptoError::PrivateKey)?)
    }

    fn of(secret: agreement::PrivateKey) -> Result<Self, CryptoError> {
        let point = secret.compute_public_key().map_err(|_| CryptoError::PrivateKey)?;
        let [4, coordinates @ ..] = point.as_ref() else { return Err(CryptoError::PublicKey) };
        let (x, y) = coordinates.split_first_chunk::<32>().ok_or(CryptoError::PublicKey)?;
        let y: &[u8; 32] = y.try_into().map_err(|_| CryptoError::PublicKey)?;
        let public = PublicKey::from_coordinates(x, y)?;
        Ok(Self { secret, public })
    }

    /// Its public key.
    #[must_use]
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The secret that it shares with a public key: the x coordinate (NIST SP 800-56A, 5.7.1.2).
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`]: no point of the curve. [`CryptoError::Open`].
    pub fn agree(&self, other: &PublicKey) -> Result<SharedSecret, CryptoError> {
        let (x, y) = VerifyingKey::new(*other)?.coordinates()?;
        let point = [&[4], x.as_slice(), y.as_slice()].concat();
        let other = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, point);
        agreement::agree(&self.secret, other, CryptoError::Open, |secret| {
            Ok(SharedSecret(Zeroizing::new(secret.to_vec())))
        })
    }
}

/// A secret that two keys share; wiped when dropped.
pub struct SharedSecret(Zeroizing<Vec<u8>>);
redact_debug!(SharedSecret);

/// The length of a key that is derived, in bytes.
struct ThirtyTwo;

impl hkdf::KeyType for ThirtyTwo {
    fn len(&self) -> usize {
        32
    }
}

impl SharedSecret {
    /// The bytes, for the derivation of another format.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    fn derive(&self, salt: &[u8], info: &str) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let mut out = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, salt)
            .extract(&self.0)
            .expand(&[info.as_bytes()], ThirtyTwo)
            .and_then(|okm| okm.fill(out.as_mut()))
            .map_err(|_| CryptoError::Seal)?;
        Ok(out)
    }

    /// A key for message authentication codes, by HKDF-SHA-256 to 32 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Seal`].
    pub fn mac_key(&self, salt: &[u8], info: &str) -> Result<SecretKey, CryptoError> {
        Ok(SecretKey::from_bytes(*self.derive(salt, info)?))
    }

    /// A cipher for one direction of a session, by HKDF-SHA-256 to 32 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Seal`].
    pub fn cipher(
        &self,
        salt: &[u8],
        info: &str,
        identifier: [u8; IDENTIFIER_LEN],
    ) -> Result<SessionCipher, CryptoError> {
        let key = self.derive(salt, info)?;
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, key.as_ref()).map_err(|_| CryptoError::Seal)?;
        Ok(SessionCipher { key: aead::LessSafeKey::new(key), identifier, counter: 0 })
    }
}

/// AES-256-GCM for one direction of one session, without associated data. The nonce is the identifier and a counter of four bytes that begins
/// at one and goes up with each message: no nonce serves twice, and a message opens at its place alone.
pub struct SessionCipher {
    key: aead::LessSafeKey,
    identifier: [u8; IDENTIFIER_LEN],
    /// That of the last message.
    counter: u32,
}
redact_debug!(SessionCipher);

impl SessionCipher {
    fn next(&mut self, fault: CryptoError) -> Result<aead::Nonce, CryptoError> {
        self.counter = self.counter.checked_add(1).ok_or(fault)?;
        let mut nonce = [0; aead::NONCE_LEN];
        let (first, last) = nonce.split_at_mut(IDENTIFIER_LEN);
        first.copy_from_slice(&self.identifier);
        last.copy_from_slice(&self.counter.to_be_bytes());
        Ok(aead::Nonce::assume_unique_for_key(nonce))
    }

    /// Encrypts the next message; the tag of 16 bytes stands at its end.
    ///
    /// # Errors
    /// [`CryptoError::Seal`]: the library failed, or the counter is used up.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let nonce = self.next(CryptoError::Seal)?;
        let mut sealed = plain.to_vec();
        self.key
            .seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut sealed)
            .map_err(|_| CryptoError::Seal)?;
        Ok(sealed)
    }

    /// Opens the next message.
    ///
    /// # Errors
    /// [`CryptoError::Open`]: changed, of another session or direction, sent again, or out of order.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let nonce = self.next(CryptoError::Open)?;
        let mut bytes = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, aead::Aad::empty(), &mut bytes);
        let len = opened.map_err(|_| CryptoError::Open)?.len();
        bytes.truncate(len);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (SessionCipher, SessionCipher) {
        let (a, b) = (AgreementKey::generate().unwrap(), AgreementKey::generate().unwrap());
        let cipher =
            |own: &AgreementKey, other: &PublicKey| own.agree(other).unwrap().cipher(b"salt", "info", [7; 8]);
        (cipher(&a, b.public()).unwrap(), cipher(&b, a.public()).unwrap())
    }

    #[test]
    fn both_ends_derive_the_same_and_each_message_opens_once_and_in_its_place() {
        let (mut sealing, mut opening) = pair();
        let [first, second] = [sealing.seal(b"one").unwrap(), sealing.seal(b"one").unwrap()];
        assert_ne!(first, second, "no nonce serves twice");
        assert_eq!(opening.open(&first).unwrap(), b"one");
        assert_eq!(opening.open(&first), Err(CryptoError::Open), "sent again");
        let (mut sealing, mut opening) = pair();
        sealing.seal(b"one").unwrap();
        let second = sealing.seal(b"two").unwrap();
        assert_eq!(opening.open(&second), Err(CryptoError::Open), "out of order");
    }

    #[test]
    fn a_counter_that_is_used_up_seals_and_opens_nothing_more() {
        let (mut sealing, mut opening) = pair();
        (sealing.counter, opening.counter) = (u32::MAX - 1, u32::MAX - 1);
        let last = sealing.seal(b"last").unwrap();
        assert_eq!(opening.open(&last).unwrap(), b"last");
        assert_eq!(sealing.seal(b"more"), Err(CryptoError::Seal));
        assert_eq!(opening.open(&last), Err(CryptoError::Open));
    }

    #[test]
    fn a_key_that_is_no_point_of_the_curve_shares_nothing() {
        let own = AgreementKey::generate().unwrap();
        let off = (0..=255).map(|x| PublicKey::from_x_and_sign(&[x; 32], true));
        let mut off = off.filter(|key| VerifyingKey::new(*key).is_err());
        assert_eq!(own.agree(&off.next().unwrap()).map(drop), Err(CryptoError::PublicKey));
    }
}

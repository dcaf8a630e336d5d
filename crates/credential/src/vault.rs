//! Vault: keys under which records lie at rest, and records sealed under them.
//!
//! Lives here: [`RecordKey`], wrapped under a master key, and [`seal`](RecordKey::seal) and [`open`](RecordKey::open).
//! Not here: where keys and records lie (`authority`), anything that travels. AES-256-GCM (NIST SP 800-38D) with a
//! random nonce of 96 bits in front; one record key seals far fewer than 2^32 records (there, section 8.3).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use documents::redact_debug;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{CryptoError, SecretKey, random};

/// A key of 256 bits for the records of one person, or of one purpose. Destroying it erases what it sealed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RecordKey([u8; 32]);
redact_debug!(RecordKey);

impl RecordKey {
    /// A new key from the crypto library's generator.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn generate() -> Result<Self, CryptoError> {
        let mut bytes = [0; 32];
        random(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A master key as the key of records that belong to no person.
    #[must_use]
    pub const fn from_secret(secret: &SecretKey) -> Self {
        Self(*secret.expose())
    }

    /// This key sealed under the master key: nonce (12 bytes), key (32) and tag (16). `context` says whose key it is
    /// and must be given again to unwrap it.
    ///
    /// # Errors
    /// [`CryptoError::Seal`].
    pub fn wrap(&self, master: &SecretKey, context: &[u8]) -> Result<Vec<u8>, CryptoError> {
        seal(master.expose(), context, &self.0)
    }

    /// The key that [`RecordKey::wrap`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Open`] for another master key, another context or changed bytes.
    pub fn unwrap(master: &SecretKey, context: &[u8], wrapped: &[u8]) -> Result<Self, CryptoError> {
        let bytes = open(master.expose(), context, wrapped)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| CryptoError::Open)
    }

    /// Seals a record: nonce (12 bytes), ciphertext, tag (16). `context` names the record and must be given again.
    ///
    /// # Errors
    /// [`CryptoError::Seal`].
    pub fn seal(&self, context: &[u8], record: &[u8]) -> Result<Vec<u8>, CryptoError> {
        seal(&self.0, context, record)
    }

    /// The record that [`RecordKey::seal`] sealed.
    ///
    /// # Errors
    /// [`CryptoError::Open`] for another key, another context or changed bytes.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        open(&self.0, context, sealed)
    }
}

fn seal(key: &[u8; 32], context: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| CryptoError::Seal)?;
    let mut text = plaintext.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(context), &mut text).map_err(|_| CryptoError::Seal)?;
    let mut sealed = nonce.as_ref().to_vec();
    sealed.extend_from_slice(&text);
    Ok(sealed)
}

fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(CryptoError::Open)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CryptoError::Open)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| CryptoError::Open)?;
    let mut text = Zeroizing::new(text.to_vec());
    let len = key.open_in_place(nonce, Aad::from(context), &mut text).map_err(|_| CryptoError::Open)?.len();
    text.truncate(len);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_opens_with_its_key_and_its_context_alone() {
        let (key, other) = (RecordKey::generate().unwrap(), RecordKey::generate().unwrap());
        let sealed = key.seal(b"document", b"CA1234567").unwrap();
        assert_eq!(key.open(b"document", &sealed).unwrap().as_slice(), b"CA1234567");
        assert_eq!(key.open(b"photograph", &sealed).unwrap_err(), CryptoError::Open);
        assert_eq!(other.open(b"document", &sealed).unwrap_err(), CryptoError::Open);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"document", &changed).unwrap_err(), CryptoError::Open, "byte {at}");
            assert_eq!(key.open(b"document", &sealed[..at]).unwrap_err(), CryptoError::Open, "cut at {at}");
        }
        assert_ne!(
            sealed,
            key.seal(b"document", b"CA1234567").unwrap(),
            "each sealing has a nonce of its own"
        );
    }

    #[test]
    fn a_wrapped_key_opens_with_its_master_key_and_its_context_alone() {
        let (master, other) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let key = RecordKey::generate().unwrap();
        let wrapped = key.wrap(&master, b"person 1").unwrap();
        assert_eq!(wrapped.len(), 60);
        assert_eq!(RecordKey::unwrap(&master, b"person 1", &wrapped).unwrap().0, key.0);
        assert!(RecordKey::unwrap(&master, b"person 2", &wrapped).is_err());
        assert!(RecordKey::unwrap(&other, b"person 1", &wrapped).is_err());
    }
}

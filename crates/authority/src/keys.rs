//! Keys: the private keys of one authority, each with one role.

use credential::{CryptoError, SecretKey, SigningKey, hpke};
use documents::Timestamp;
use trust::{KeyEntry, Role};

use crate::store::Vault;

/// The id of every key but those for tokens.
pub const KEY_ID: &[u8] = b"1";

/// The private keys of one authority.
#[derive(Debug)]
pub struct Keys {
    /// Signs tokens, under this one-byte id.
    pub token: (u8, SigningKey),
    /// Signs verdicts.
    pub verdict: SigningKey,
    /// Signs hand-overs.
    pub handover: SigningKey,
    /// Signs notices.
    pub notice: SigningKey,
    /// Signs status lists.
    pub status: SigningKey,
    /// Opens weekly keys that others hand over.
    pub part: hpke::ReceiverKey,
    /// Makes keyed hashes of document numbers, token ids and device keys.
    pub numbers: SecretKey,
    /// Wraps the key of each person and the weekly keys in the database. It lies apart from it.
    pub master: SecretKey,
}

impl Keys {
    /// New keys; the token key has the id 1.
    ///
    /// # Errors
    /// When the library finds no randomness.
    pub fn generate() -> Result<Self, CryptoError> {
        Ok(Self {
            token: (1, SigningKey::generate()?),
            verdict: SigningKey::generate()?,
            handover: SigningKey::generate()?,
            notice: SigningKey::generate()?,
            status: SigningKey::generate()?,
            part: hpke::ReceiverKey::generate()?,
            numbers: SecretKey::generate()?,
            master: SecretKey::generate()?,
        })
    }

    /// The two keys with which the database is read and written.
    #[must_use]
    pub fn vault(&self) -> Vault {
        let copy = |key: &SecretKey| SecretKey::from_bytes(*key.expose());
        Vault::new(copy(&self.master), copy(&self.numbers))
    }

    /// The entries of these keys in a trust list, in use from `from` until before `to`.
    #[must_use]
    pub fn entries(&self, from: Timestamp, to: Timestamp) -> Vec<KeyEntry> {
        let entry = |role, kid: &[u8], key: &[u8]| KeyEntry {
            role,
            kid: kid.to_vec(),
            key: key.to_vec(),
            from,
            to,
            compromised: false,
            binding: None,
        };
        let signing = |role, key: &SigningKey| entry(role, KEY_ID, key.public().as_bytes());
        vec![
            entry(Role::Token, &[self.token.0], self.token.1.public().as_bytes()),
            signing(Role::Verdict, &self.verdict),
            signing(Role::Handover, &self.handover),
            signing(Role::Notice, &self.notice),
            signing(Role::Status, &self.status),
            entry(Role::Part, KEY_ID, self.part.public()),
        ]
    }
}

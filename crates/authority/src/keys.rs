//! Keys: the private keys of one authority, each with one role.

use std::sync::Arc;

use credential::message::{self, Kind, MessageError};
use credential::{CryptoError, SecretKey, SigningKey, hpke};
use documents::Timestamp;
use trust::{KeyEntry, Role};

use crate::store::Vault;

/// The id of the first key of every role but those for tokens, venue credentials and paper passes.
pub const KEY_ID: &[u8] = b"1";

/// A signing key and its number among those of its role.
#[derive(Debug, Clone)]
pub struct NumberedKey {
    /// From 1; the next key of the role has the next number.
    pub number: u8,
    /// The key.
    pub key: Arc<SigningKey>,
}

impl NumberedKey {
    fn first() -> Result<Self, CryptoError> {
        Ok(Self { number: 1, key: Arc::new(SigningKey::generate()?) })
    }

    /// Its id in every role but those for tokens, venue credentials and paper passes: the number in decimal digits.
    #[must_use]
    pub fn kid(&self) -> Vec<u8> {
        decimal(self.number)
    }

    /// Signs the payload of a message, which names this key.
    pub(crate) fn sign(&self, kind: Kind, payload: &[u8]) -> Result<Vec<u8>, MessageError> {
        message::sign(kind, &self.kid(), &self.key, payload)
    }
}

fn decimal(number: u8) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// The keys with which an authority signs, one a role: those in use. A running service takes others
/// ([`Service::use_signing_keys`](crate::Service::use_signing_keys)).
#[derive(Debug, Clone)]
pub struct SigningKeys {
    /// Signs tokens.
    pub token: NumberedKey,
    /// Signs verdicts and receipts.
    pub verdict: NumberedKey,
    /// Signs hand-overs.
    pub handover: NumberedKey,
    /// Signs notices.
    pub notice: NumberedKey,
    /// Signs status lists.
    pub status: NumberedKey,
    /// Signs venue credentials.
    pub venue: NumberedKey,
    /// Signs paper passes.
    pub counter: NumberedKey,
}

impl SigningKeys {
    /// The roles in which an authority's service signs.
    pub const ROLES: [Role; 7] =
        [Role::Token, Role::Verdict, Role::Handover, Role::Notice, Role::Status, Role::Venue, Role::Counter];

    /// The id that the trust list has for key `number` of a role: one byte for tokens, venue credentials and paper passes, whose
    /// codes are short of bytes, else decimal digits.
    #[must_use]
    pub fn kid(role: Role, number: u8) -> Vec<u8> {
        if Self::has_short_kid(role) { vec![number] } else { decimal(number) }
    }

    /// Whether the ids of a role's keys are one byte, the number itself.
    #[must_use]
    pub const fn has_short_kid(role: Role) -> bool {
        matches!(role, Role::Token | Role::Venue | Role::Counter)
    }

    /// Gathers a key for each role.
    ///
    /// # Errors
    /// The first that `key` gives.
    pub fn gather<E>(mut key: impl FnMut(Role) -> Result<NumberedKey, E>) -> Result<Self, E> {
        Ok(Self {
            token: key(Role::Token)?,
            verdict: key(Role::Verdict)?,
            handover: key(Role::Handover)?,
            notice: key(Role::Notice)?,
            status: key(Role::Status)?,
            venue: key(Role::Venue)?,
            counter: key(Role::Counter)?,
        })
    }

    /// Each key with its role.
    #[must_use]
    pub fn each(&self) -> [(Role, &NumberedKey); 7] {
        [
            (Role::Token, &self.token),
            (Role::Verdict, &self.verdict),
            (Role::Handover, &self.handover),
            (Role::Notice, &self.notice),
            (Role::Status, &self.status),
            (Role::Venue, &self.venue),
            (Role::Counter, &self.counter),
        ]
    }

    /// Whether these are the same keys as `other`.
    #[must_use]
    pub fn are(&self, other: &Self) -> bool {
        self.each().iter().zip(other.each()).all(|((_, one), (_, another))| {
            one.number == another.number && one.key.public() == another.key.public()
        })
    }
}

/// The keys with which an authority opens what was sealed to it (role part): weekly keys, pages of cards, numbers in notices. Several while
/// one follows another: what was sealed to the one before is on its way.
#[derive(Debug)]
pub struct PartKeys {
    newest: hpke::ReceiverKey,
    before: Vec<hpke::ReceiverKey>,
}

impl PartKeys {
    /// The newest key, and those before it.
    #[must_use]
    pub const fn new(newest: hpke::ReceiverKey, before: Vec<hpke::ReceiverKey>) -> Self {
        Self { newest, before }
    }

    /// The first key of an authority.
    ///
    /// # Errors
    /// When the library finds no randomness.
    pub fn first() -> Result<Self, CryptoError> {
        Ok(Self::new(hpke::ReceiverKey::generate()?, Vec::new()))
    }

    /// The newest key.
    #[must_use]
    pub const fn newest(&self) -> &hpke::ReceiverKey {
        &self.newest
    }

    /// Whether one of them is the key with this public point (65 bytes).
    #[must_use]
    pub fn has(&self, point: &[u8]) -> bool {
        std::iter::once(&self.newest).chain(&self.before).any(|key| key.public() == point)
    }

    /// What `open` gives with the first of the keys that opens it, the newest before the others.
    ///
    /// # Errors
    /// That of the newest key, where none opens it.
    pub(crate) fn open<T, E>(&self, open: impl Fn(&hpke::ReceiverKey) -> Result<T, E>) -> Result<T, E> {
        open(&self.newest).or_else(|error| self.before.iter().find_map(|key| open(key).ok()).ok_or(error))
    }
}

/// The private keys of one authority.
#[derive(Debug)]
pub struct Keys {
    /// What it signs with.
    pub signing: SigningKeys,
    /// Opens what others seal to it.
    pub part: PartKeys,
    /// Makes keyed hashes of document numbers, token ids and device keys.
    pub numbers: SecretKey,
    /// Wraps the key of each person and the weekly keys in the database. It lies apart from it.
    pub master: SecretKey,
}

impl Keys {
    /// New keys; those that sign have the number 1.
    ///
    /// # Errors
    /// When the library finds no randomness.
    pub fn generate() -> Result<Self, CryptoError> {
        Self::with_signing(SigningKeys::gather(|_| NumberedKey::first())?)
    }

    /// New keys beside those that sign.
    ///
    /// # Errors
    /// When the library finds no randomness.
    pub fn with_signing(signing: SigningKeys) -> Result<Self, CryptoError> {
        Ok(Self {
            signing,
            part: PartKeys::first()?,
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

    /// The entries of an authority's first keys in a trust list, in use from `from` until before `to`.
    #[must_use]
    pub fn entries(&self, from: Timestamp, to: Timestamp) -> Vec<KeyEntry> {
        let entry = |role, kid: Vec<u8>, key: &[u8]| {
            let key = key.to_vec();
            KeyEntry { role, kid, key, from, to, compromised: false, binding: None }
        };
        let signing =
            self.signing.each().into_iter().map(|(role, key)| {
                entry(role, SigningKeys::kid(role, key.number), key.key.public().as_bytes())
            });
        signing.chain([entry(Role::Part, KEY_ID.to_vec(), self.part.newest().public())]).collect()
    }
}

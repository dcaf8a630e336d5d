//! Keys: the desk's key that signs now, and those before it, whose printed signs still hang.
//!
//! Lives here: [`DeskKeys`]. Not here: which of them signs (whoever serves the desk, by the trust list), where they lie. What a
//! key signed counts for as long as the list names it; one that is listed as compromised stops at once.

use std::sync::Arc;

use credential::SigningKey;
use documents::{Timestamp, redact_debug};
use trust::TrustError;

use super::{Desk, Lists, NotAllowed};

/// One key of a desk.
#[derive(Clone)]
pub struct DeskKey {
    /// Its id in the list of the desk's authority.
    pub kid: Vec<u8>,
    /// The key.
    pub key: Arc<SigningKey>,
}
redact_debug!(DeskKey);

/// Every key of a desk that is here.
#[derive(Clone)]
pub struct DeskKeys {
    used: DeskKey,
    others: Vec<DeskKey>,
}
redact_debug!(DeskKeys);

impl DeskKeys {
    /// The key that signs, and the others.
    #[must_use]
    pub const fn new(used: DeskKey, others: Vec<DeskKey>) -> Self {
        Self { used, others }
    }

    /// The one key of a desk that has no other.
    #[must_use]
    pub fn one(kid: Vec<u8>, key: SigningKey) -> Self {
        Self::new(DeskKey { kid, key: Arc::new(key) }, Vec::new())
    }

    /// The key that signs.
    #[must_use]
    pub const fn used(&self) -> &DeskKey {
        &self.used
    }

    pub(super) fn find(&self, kid: &[u8]) -> Option<&DeskKey> {
        std::iter::once(&self.used).chain(&self.others).find(|one| one.kid == kid)
    }
}

impl Desk {
    /// The keys of the moment.
    pub(super) fn keys(&self) -> Arc<DeskKeys> {
        Arc::clone(&self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn kid(&self) -> Vec<u8> {
        self.keys().used.kid.clone()
    }

    /// Signs with these keys from now on; what is being signed keeps its own.
    pub fn use_keys(&self, keys: DeskKeys) {
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(keys);
    }

    /// Holds a key to its listing.
    pub(super) fn counts(&self, key: &DeskKey, lists: &dyn Lists, now: Timestamp) -> Result<(), NotAllowed> {
        let setup = &self.setup;
        let (listed, binding) = lists.trust().desk(setup.authority, &key.kid, now)?;
        if listed.public() != key.key.public() {
            return Err(TrustError::UnknownKey { authority: setup.authority }.into());
        }
        Ok(binding.check(&setup.venue, setup.scenario)?)
    }

    /// The key with which a request was signed, while it counts: its receipts are signed alike, so that a wallet verifies both with
    /// one key. A request of the version before names none.
    pub(super) fn key_of_request(
        &self,
        kid: Option<&[u8]>,
        lists: &dyn Lists,
        now: Timestamp,
    ) -> Result<DeskKey, NotAllowed> {
        let keys = self.keys();
        let key = match kid {
            Some(kid) => keys.find(kid).ok_or(TrustError::UnknownKey { authority: self.setup.authority })?,
            None => keys.used(),
        };
        self.counts(key, lists, now)?;
        Ok(key.clone())
    }
}

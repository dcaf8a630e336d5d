//! Changes of keys in several authorities' lists, signed together.
//!
//! Lives here: which lists change, and signing those alone. Not here: which key follows which (`command::{tls, keys}`), one
//! list (`lists`).

use std::collections::{BTreeMap, BTreeSet};

use documents::{AuthorityCode, Timestamp};
use trust::{KeyEntry, Role, TrustList, TrustStore};

use super::{Installation, lists};
use crate::failure::Failure;

/// The lists as the supervisors know them, whatever day it is.
pub fn newest(of_what: &Installation) -> Result<TrustStore, Failure> {
    lists::trust(of_what, Timestamp::MAX)
}

/// What is to change.
#[derive(Debug, Default)]
pub struct ListChanges {
    added: BTreeMap<AuthorityCode, Vec<KeyEntry>>,
    dropped: BTreeMap<AuthorityCode, BTreeSet<(Role, Vec<u8>)>>,
}

impl ListChanges {
    /// Names a key.
    pub fn add(&mut self, code: AuthorityCode, entry: KeyEntry) {
        self.added.entry(code).or_default().push(entry);
    }

    /// Names a key no more.
    pub fn drop(&mut self, code: AuthorityCode, role: Role, kid: &[u8]) {
        self.dropped.entry(code).or_default().insert((role, kid.to_vec()));
    }

    /// Whether no key goes.
    pub fn drops_none(&self) -> bool {
        self.dropped.is_empty()
    }

    /// Signs the lists that change; gives their numbers.
    pub fn publish(
        self,
        installation: &Installation,
        now: Timestamp,
    ) -> Result<Vec<(AuthorityCode, u64)>, Failure> {
        let Self { mut added, mut dropped } = self;
        let mut signed = Vec::new();
        for code in AuthorityCode::ALL {
            let (new, gone) =
                (added.remove(&code).unwrap_or_default(), dropped.remove(&code).unwrap_or_default());
            if new.is_empty() && gone.is_empty() {
                continue;
            }
            let change = |list: &mut TrustList| {
                list.keys.retain(|key| !gone.contains(&(key.role, key.kid.clone())));
                list.keys.extend(new);
                Ok(())
            };
            signed.push((code, lists::renew(installation, code, now, change)?));
        }
        Ok(signed)
    }
}

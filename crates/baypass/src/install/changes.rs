//! Changes of keys in several authorities' lists, signed together.
//!
//! Lives here: which lists change, and signing or drafting those alone. Not here: which key follows which (`command::{tls, keys}`), one
//! list (`lists`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use documents::{AuthorityCode, Timestamp};
use trust::{KeyEntry, Role, TrustList, TrustStore};

use super::{Installation, lists, supervisors, write_whole};
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

    fn by_list(self) -> impl Iterator<Item = (AuthorityCode, Change)> {
        let Self { mut added, mut dropped } = self;
        AuthorityCode::ALL.into_iter().filter_map(move |code| {
            let (new, gone) =
                (added.remove(&code).unwrap_or_default(), dropped.remove(&code).unwrap_or_default());
            (!new.is_empty() || !gone.is_empty()).then_some((code, Change { new, gone }))
        })
    }

    /// Signs the lists that change; gives their numbers.
    pub fn publish(
        self,
        installation: &Installation,
        now: Timestamp,
    ) -> Result<Vec<(AuthorityCode, u64)>, Failure> {
        let renew = |(code, change): (AuthorityCode, Change)| {
            Ok((code, lists::renew(installation, code, now, |list| change.apply(list))?))
        };
        self.by_list().map(renew).collect()
    }

    /// Writes the lists that change as drafts into a folder, for supervisors who keep their keys elsewhere: `mac.draft`. Gives the files.
    pub fn draft(
        self,
        installation: &Installation,
        folder: &Path,
        now: Timestamp,
    ) -> Result<Vec<PathBuf>, Failure> {
        let mut drafts = Vec::new();
        for (code, change) in self.by_list() {
            let store = supervisors::known(installation, code)?;
            let list = supervisors::draft(&store, code, now, |list| change.apply(list))?;
            drafts.push((folder.join(format!("{}.draft", code.code().to_ascii_lowercase())), list));
        }
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
        for (path, list) in &drafts {
            write_whole(path, &list.encode())?;
        }
        Ok(drafts.into_iter().map(|(path, _)| path).collect())
    }
}

/// What changes in one list.
struct Change {
    new: Vec<KeyEntry>,
    gone: BTreeSet<(Role, Vec<u8>)>,
}

impl Change {
    fn apply(self, list: &mut TrustList) -> Result<(), Failure> {
        list.keys.retain(|key| !self.gone.contains(&(key.role, key.kid.clone())));
        list.keys.extend(self.new);
        Ok(())
    }
}

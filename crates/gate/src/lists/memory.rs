//! Memory: how far the lists had come that a gate has seen, in one file, so that a gate started again takes no older ones.
//!
//! Lives here: [`Newest`], [`ListMemory`]. Not here: whether a list is taken ([`super::Lists`]). Nothing in it is secret
//! or personal.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use documents::{AuthorityCode, Timestamp};
use serde::{Deserialize, Serialize};
use trust::TrustStore;

/// The file in a gate's folder.
const FILE: &str = "newest.json";
/// What `lane scan` wrote before there was one file: authority and number of its trust list.
const FILE_BEFORE: &str = "seen.json";

/// How far each list had come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Newest {
    /// Each authority's trust list: its number.
    pub trust: BTreeMap<AuthorityCode, u64>,
    /// Each status list, by issuer and number: when it was signed.
    pub status: BTreeMap<(AuthorityCode, u8), Timestamp>,
    /// Each approval, by its name: the number of its text, and the SHA-256 of that.
    pub approvals: BTreeMap<String, (u64, [u8; 32])>,
    /// Each authority's keys that were ever listed as compromised.
    pub compromised: BTreeMap<AuthorityCode, BTreeSet<Vec<u8>>>,
    /// The roots, by their digests, under which numbers and compromised keys of an authority were learnt.
    pub roots: BTreeMap<AuthorityCode, BTreeSet<[u8; 32]>>,
}

impl Newest {
    /// What of it counts where these roots are pinned: after a theft an operator pins another root in person, and what the
    /// thief had signed binds nobody.
    #[must_use]
    pub fn under(mut self, trust: &TrustStore) -> Self {
        for authority in AuthorityCode::ALL {
            if self.roots.get(&authority).is_some_and(|roots| !trust.continues(authority, roots)) {
                self.forget(authority);
            }
        }
        self
    }

    fn forget(&mut self, authority: AuthorityCode) {
        self.trust.remove(&authority);
        self.compromised.remove(&authority);
        self.roots.remove(&authority);
    }

    /// What is newer of the two, list by list. What was learnt under roots of which `other` knows none is replaced.
    #[must_use]
    pub fn or_newer(mut self, other: &Self) -> Self {
        for (authority, roots) in other.roots.iter().filter(|(_, roots)| !roots.is_empty()) {
            let known = self.roots.get(authority);
            if known.is_some_and(|known| !known.is_empty() && known.is_disjoint(roots)) {
                self.forget(*authority);
            }
            self.roots.insert(*authority, roots.clone());
        }
        for (authority, number) in &other.trust {
            let have = self.trust.entry(*authority).or_insert(*number);
            *have = *number.max(have);
        }
        for (list, signed) in &other.status {
            let have = self.status.entry(*list).or_insert(*signed);
            *have = *signed.max(have);
        }
        for (name, text) in &other.approvals {
            let have = self.approvals.entry(name.clone()).or_insert(*text);
            if text.0 > have.0 {
                *have = *text;
            }
        }
        for (authority, keys) in &other.compromised {
            self.compromised.entry(*authority).or_default().extend(keys.iter().cloned());
        }
        self
    }
}

/// Why the memory cannot be used, or does not allow what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The file is damaged. It is never begun anew in silence: an older list could come back then.
    #[error(
        "{path} is damaged ({why}); restore it from a backup, or remove it if the present lists are the first that this gate may take"
    )]
    Damaged {
        /// The file of what was learnt.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file cannot be read or written.
    #[error("{path} cannot be used ({source}); check the disk's space and rights")]
    File {
        /// The file of what was learnt.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A trust list is older than one that this gate has seen.
    #[error("the trust list of {authority} is number {got}, and this gate has seen {have}; fetch the newest")]
    Older {
        /// Whose list.
        authority: AuthorityCode,
        /// The number seen.
        have: u64,
        /// The number of the list at hand.
        got: u64,
    },
}

/// The file as it stands.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    trust: BTreeMap<AuthorityCode, u64>,
    /// By `HKG/3`: Unix seconds.
    status: BTreeMap<String, i64>,
    /// The number, and the digest in hexadecimal.
    approvals: BTreeMap<String, (u64, String)>,
    /// Public keys in hexadecimal; a gate of the version before wrote none.
    #[serde(default)]
    compromised: BTreeMap<AuthorityCode, BTreeSet<String>>,
    /// Digests in hexadecimal; a gate of the version before wrote none.
    #[serde(default)]
    roots: BTreeMap<AuthorityCode, BTreeSet<String>>,
}

impl Form {
    fn of(newest: &Newest) -> Self {
        let status = newest.status.iter().map(|((issuer, list), at)| (format!("{issuer}/{list}"), at.unix()));
        let approvals =
            newest.approvals.iter().map(|(name, (n, text))| (name.clone(), (*n, hex::encode(text))));
        let words = |keys: &BTreeSet<Vec<u8>>| keys.iter().map(hex::encode).collect();
        let compromised = newest.compromised.iter().map(|(code, keys)| (*code, words(keys)));
        Self {
            trust: newest.trust.clone(),
            status: status.collect(),
            approvals: approvals.collect(),
            compromised: compromised.collect(),
            roots: newest
                .roots
                .iter()
                .map(|(code, roots)| (*code, roots.iter().map(hex::encode).collect()))
                .collect(),
        }
    }

    fn read(self) -> Result<Newest, String> {
        let mut newest = Newest { trust: self.trust, ..Newest::default() };
        for (name, at) in self.status {
            let list = name.split_once('/').and_then(|(a, n)| Some((a.parse().ok()?, n.parse().ok()?)));
            let list = list.ok_or_else(|| format!("{name} names no status list"))?;
            let at = Timestamp::from_unix(at).ok_or_else(|| format!("{at} is no time"))?;
            newest.status.insert(list, at);
        }
        for (name, (number, text)) in self.approvals {
            let digest = hex::decode(&text).ok().and_then(|bytes| bytes.try_into().ok());
            let digest = digest.ok_or_else(|| format!("the digest of approval {name} is malformed"))?;
            newest.approvals.insert(name, (number, digest));
        }
        for (authority, keys) in self.compromised {
            let keys = keys.iter().map(hex::decode).collect::<Result<_, _>>();
            let keys = keys.map_err(|_| format!("a compromised key of {authority} is malformed"))?;
            newest.compromised.insert(authority, keys);
        }
        for (authority, roots) in self.roots {
            let roots =
                roots.iter().map(|root| hex::decode(root).ok()?.try_into().ok()).collect::<Option<_>>();
            let roots = roots.ok_or_else(|| format!("a root of {authority} is malformed"))?;
            newest.roots.insert(authority, roots);
        }
        Ok(newest)
    }
}

/// The one reader and writer of the file.
#[derive(Debug)]
pub struct ListMemory {
    path: PathBuf,
    newest: Newest,
}

impl ListMemory {
    /// Opens the memory in a gate's folder; an empty one where the gate has seen no list yet. What an earlier version wrote
    /// into a second file is taken over, and that file is removed.
    ///
    /// # Errors
    /// Where a file is damaged, or cannot be read or written.
    pub fn open(folder: &Path) -> Result<Self, MemoryError> {
        let path = folder.join(FILE);
        let form: Option<Form> = read(&path)?;
        let newest = form.unwrap_or_default().read();
        let newest = newest.map_err(|why| MemoryError::Damaged { path: path.clone(), why })?;
        let mut memory = Self { path, newest };
        let before = folder.join(FILE_BEFORE);
        if let Some(trust) = read(&before)? {
            memory.remember(&Newest { trust, ..Newest::default() })?;
            std::fs::remove_file(&before).map_err(|source| MemoryError::File { path: before, source })?;
        }
        Ok(memory)
    }

    /// How far the lists had come.
    #[must_use]
    pub const fn newest(&self) -> &Newest {
        &self.newest
    }

    /// Writes down what is newer than before; what is not changes nothing.
    ///
    /// # Errors
    /// Where it cannot be written: then it is not remembered either.
    pub fn remember(&mut self, seen: &Newest) -> Result<(), MemoryError> {
        let newest = self.newest.clone().or_newer(seen);
        if newest == self.newest {
            return Ok(());
        }
        write(&self.path, &Form::of(&newest))?;
        self.newest = newest;
        Ok(())
    }

    /// Forgets times later than `limit`: they were learnt while a clock was wrong. For a gate whose clock agrees with the
    /// authorities' alone: one that is behind would forget what holds.
    pub fn forget_after(&mut self, limit: Timestamp) {
        self.newest.status.retain(|_, signed| *signed <= limit);
    }

    /// Refuses trust lists that are older than those seen before, and remembers the others.
    ///
    /// # Errors
    /// [`MemoryError::Older`] for the first that is older; else where it cannot be written.
    pub fn accept_trust(&mut self, trust: &TrustStore) -> Result<(), MemoryError> {
        let (before, mut seen) = (self.newest.clone().under(trust), Newest::default());
        for authority in AuthorityCode::ALL {
            let got = trust.list(authority).map_or(0, |list| list.number);
            let have = before.trust.get(&authority).copied().unwrap_or(0);
            seen.roots.insert(authority, trust.lineage(authority));
            if got < have {
                return Err(MemoryError::Older { authority, have, got });
            }
            if got > 0 {
                seen.trust.insert(authority, got);
            }
        }
        self.remember(&seen)
    }
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Option<T>, MemoryError> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| MemoryError::Damaged { path: path.to_owned(), why: error.to_string() }),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MemoryError::File { path: path.to_owned(), source }),
    }
}

/// Writes the file whole or not at all, for its owner alone.
fn write(path: &Path, form: &Form) -> Result<(), MemoryError> {
    let written = serde_json::to_vec_pretty(form).map_err(Into::into);
    written
        .and_then(|bytes| files::write_whole(path, &bytes))
        .map_err(|source| MemoryError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen() -> Newest {
        Newest {
            trust: [(AuthorityCode::Chn, 4), (AuthorityCode::Mac, 2)].into(),
            status: [((AuthorityCode::Hkg, 3), Timestamp::from_unix(1_800_000_000).unwrap())].into(),
            approvals: [("2026-001".to_owned(), (2, [7; 32]))].into(),
            compromised: [(AuthorityCode::Mac, [vec![2; 33]].into())].into(),
            roots: [(AuthorityCode::Mac, [[4; 32]].into())].into(),
        }
    }

    #[test]
    fn what_a_gate_has_seen_outlives_a_restart_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let mut memory = ListMemory::open(folder.path()).unwrap();
        assert_eq!(memory.newest(), &Newest::default());
        memory.remember(&seen()).unwrap();
        let older = Newest {
            trust: [(AuthorityCode::Chn, 3), (AuthorityCode::Hkg, 1)].into(),
            status: [((AuthorityCode::Hkg, 3), Timestamp::from_unix(1_700_000_000).unwrap())].into(),
            approvals: [("2026-001".to_owned(), (1, [9; 32]))].into(),
            ..Newest::default()
        };
        memory.remember(&older).unwrap();
        let expected =
            Newest { trust: [(AuthorityCode::Hkg, 1)].into(), ..Newest::default() }.or_newer(&seen());
        assert_eq!(ListMemory::open(folder.path()).unwrap().newest(), &expected);
    }

    #[test]
    fn what_was_learnt_under_another_root_is_replaced_and_under_the_same_one_only_grows() {
        let mac = |number, roots: &[[u8; 32]]| Newest {
            trust: [(AuthorityCode::Mac, number)].into(),
            roots: [(AuthorityCode::Mac, roots.iter().copied().collect())].into(),
            ..Newest::default()
        };
        let number = |newest: &Newest| newest.trust.get(&AuthorityCode::Mac).copied();
        let next = seen().or_newer(&mac(1, &[[5; 32]]));
        assert_eq!(number(&next), Some(1));
        assert!(!next.compromised.contains_key(&AuthorityCode::Mac), "the thief named them");
        assert_eq!(next.trust.get(&AuthorityCode::Chn), Some(&4), "another authority's list went nowhere");
        let next = seen().or_newer(&mac(1, &[[4; 32], [5; 32]]));
        assert_eq!((number(&next), next.compromised.len()), (Some(2), 1), "the root moved on");
        assert_eq!(number(&next.or_newer(&mac(1, &[[5; 32]]))), Some(2));
    }

    #[test]
    fn the_two_files_of_an_earlier_version_become_one() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "newest.json",
            r#"{"trust": {"CHN": 4, "MAC": 2}, "status": {"HKG/3": 1800000000}, "approvals": {}}"#,
        );
        write("seen.json", r#"{"CHN": 3, "HKG": 6, "MAC": 5}"#);
        let memory = ListMemory::open(folder.path()).unwrap();
        let trust = [(AuthorityCode::Chn, 4), (AuthorityCode::Hkg, 6), (AuthorityCode::Mac, 5)];
        assert_eq!(memory.newest().trust, trust.into());
        assert!(!folder.path().join("seen.json").exists());
        assert_eq!(ListMemory::open(folder.path()).unwrap().newest(), memory.newest());
    }

    #[test]
    fn a_damaged_file_is_an_error_that_says_what_to_do_and_stays_as_it_is() {
        let good = r#"{"trust": {}, "status": {}, "approvals": {}}"#;
        let digest = r#"{"trust": {}, "status": {}, "approvals": {"A": [1, "00"]}}"#;
        for (name, text) in [
            ("newest.json", ""),
            ("newest.json", "{\"trust\": {\"CHN\": 4"),
            ("newest.json", r#"{"trust": {}, "status": {"HKG": 1}, "approvals": {}}"#),
            ("newest.json", digest),
            ("seen.json", "nothing"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("newest.json"), good).unwrap();
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let error = ListMemory::open(folder.path()).unwrap_err();
            assert!(matches!(error, MemoryError::Damaged { .. }), "{name} {text:?}: {error:?}");
            assert!(error.to_string().contains(name) && error.to_string().contains("restore"), "{error}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{name} was changed");
        }
    }
}

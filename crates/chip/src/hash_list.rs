//! Hash list: the `LDSSecurityObject`, which names a hash for each data group (ICAO Doc 9303-10, 4.6.2.3).
//!
//! Lives here: [`HashList`], its form. Not here: who signed it (`signed_data`), and what is done with it (`passive`).

use std::collections::BTreeMap;

use credential::x509::{HashKind, X509Refusal, digest_unproven};

use crate::file::Group;
use crate::tlv::{Elements, Malformed, small_number};

/// The hashes of the groups that a document has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashList {
    /// An `AlgorithmIdentifier` in DER.
    algorithm: Vec<u8>,
    hashes: BTreeMap<Group, Vec<u8>>,
}

impl HashList {
    /// Reads version 0 and 1; version 1 names the versions of structure and Unicode at its end.
    pub fn read(content: &[u8]) -> Result<Self, Malformed> {
        let mut list = Elements::only(content, 0x30)?;
        let version = list.expect(0x02).and_then(small_number)?;
        let algorithm = list.expect_whole(0x30)?.to_vec();
        let mut hashes = BTreeMap::new();
        for entry in Elements::new(list.expect(0x30)?).all(16)? {
            let mut entry = Elements::only(entry.whole, 0x30)?;
            let group = entry.expect(0x02).and_then(small_number).map(Group::new)?.ok_or(Malformed)?;
            let hash = entry.expect(0x04)?.to_vec();
            entry.end()?;
            if hash.is_empty() || hash.len() > 64 || hashes.insert(group, hash).is_some() {
                return Err(Malformed);
            }
        }
        let versions = list.optional(0x30)?;
        list.end()?;
        match (version, versions) {
            (0, None) => {}
            (1, Some(versions)) => {
                let mut versions = Elements::new(versions);
                versions.expect(0x13)?;
                versions.expect(0x13)?;
                versions.end()?;
            }
            (_, _) => return Err(Malformed),
        }
        Ok(Self { algorithm, hashes })
    }

    /// The hash that the groups' are made with, if it is strong enough.
    pub fn strong(&self) -> Result<HashKind, X509Refusal> {
        HashKind::from_der(&self.algorithm)
    }

    pub fn names(&self, group: Group) -> bool {
        self.hashes.contains_key(&group)
    }

    pub fn groups(&self) -> impl Iterator<Item = Group> {
        self.hashes.keys().copied()
    }

    /// Whether this is the file that was hashed; `None` where the list does not name the group.
    pub fn is_of(&self, group: Group, file: &[u8], hash: HashKind) -> Option<bool> {
        self.hashes.get(&group).map(|named| *named == hash.digest(file))
    }

    /// The same under whichever hash the list names, the weak ones among them.
    pub fn is_of_unproven(&self, group: Group, file: &[u8]) -> Result<Option<bool>, X509Refusal> {
        let digest = digest_unproven(&self.algorithm, file)?;
        Ok(self.hashes.get(&group).map(|named| *named == digest))
    }
}

//! Supervisors: the keys of an authority's root, and the next trust list: drafted, signed by each, put together.
//!
//! Lives here: where supervisors' keys lie, one step of the ceremony each (docs/trust.md). Not here: what counts as signed
//! (`trust`), the commands (`command::trust`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use credential::cose::CoSigned;
use credential::message::MAX_PAYLOAD;
use credential::{PublicKey, SigningKey};
use documents::{AuthorityCode, Timestamp};
use serde::{Deserialize, Serialize};
use trust::{Root, RootKey, TrustList, TrustStore, chain, links};

use super::acts::{self, Office};
use super::keys::{KeyFiles, KeyStore};
use super::lists::{self, LIST_SECONDS};
use super::{Installation, write_whole};
use crate::failure::{Failure, of};

/// Supervisors of a new root, and how many of them must sign.
const SUPERVISORS: usize = 3;
const THRESHOLD: usize = 2;
/// Longest chain of lists that is read, in bytes.
const MAX_CHAIN: usize = 4 << 20;
/// The name of a supervisor's key in their folder.
pub const KEY: &str = "root";

/// A root as a person reads and writes it: public keys alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootFile {
    /// How many must sign.
    pub threshold: usize,
    /// The compressed points in hexadecimal, by key id.
    pub keys: BTreeMap<String, String>,
}

impl RootFile {
    /// The file of a root.
    pub fn of(root: &Root) -> Self {
        let word =
            |key: &RootKey| (String::from_utf8_lossy(&key.kid).into_owned(), hex::encode(key.key.as_bytes()));
        Self { threshold: root.threshold(), keys: root.keys().iter().map(word).collect() }
    }

    /// The root of a file.
    pub fn root(&self) -> Result<Root, Failure> {
        let mut keys = Vec::new();
        for (kid, key) in &self.keys {
            let point = hex::decode(key).ok().and_then(|bytes| PublicKey::from_bytes(&bytes).ok());
            let point = point.ok_or_else(|| {
                Failure::new(format!("the public key of {kid} is none; `baypass trust new-key` prints one"))
            })?;
            keys.push((kid.as_bytes().to_vec(), point));
        }
        Root::of(self.threshold, keys).map_err(of)
    }
}

/// The folder of one supervisor of an authority.
fn folder(of_whom: &Installation, code: AuthorityCode, number: usize) -> PathBuf {
    of_whom.supervisor(code).join(number.to_string())
}

/// The numbers of the supervisors who have a folder here.
fn numbers(of_whom: &Installation, code: AuthorityCode) -> Vec<usize> {
    let files = std::fs::read_dir(of_whom.supervisor(code)).into_iter().flatten().flatten();
    let mut found: Vec<usize> =
        files.filter_map(|file| file.file_name().to_str().and_then(|name| name.parse().ok())).collect();
    found.sort_unstable();
    found
}

/// Makes keys for three supervisors, each in a folder of their own, and the root that they are.
pub fn new_root(to: &Installation, code: AuthorityCode) -> Result<Root, Failure> {
    let first = numbers(to, code).last().copied().unwrap_or(0) + 1;
    let mut keys = Vec::new();
    for number in first..first + SUPERVISORS {
        let key = SigningKey::generate().map_err(of)?;
        KeyFiles::of(&folder(to, code, number)).put_signing(KEY, &key)?;
        keys.push((format!("{code}-{number}"), *key.public()));
    }
    Root::of(THRESHOLD, keys).map_err(of)
}

/// The newest list that the supervisors know, and what the next one is held to: what is public, or what they published last,
/// where the public file is missing, damaged or older.
pub fn known(of_whom: &Installation, code: AuthorityCode) -> Result<TrustStore, Failure> {
    let mut store = lists::pinned(of_whom)?;
    let mut wrong = Vec::new();
    for path in [lists::list_path(of_whom, code), own_copy(of_whom, code)] {
        // The list may be from another time than this command's: only its signatures and number matter here.
        let taken = std::fs::read(&path).map_err(|error| error.to_string()).and_then(|bytes| {
            store.update(&bytes, Timestamp::MAX).map(drop).map_err(|error| error.to_string())
        });
        if let Err(why) = taken {
            wrong.push(format!("{}: {why}", path.display()));
        }
    }
    if store.list(code).is_some() {
        return Ok(store);
    }
    Err(Failure::new(format!(
        "no list of {code} can be read, neither the public one nor the supervisors' own copy; restore one of them from a \
         backup ({})",
        wrong.join("; ")
    )))
}

/// What supervisors sign by: as [`known`], or the pinned root alone where no list that can be read comes down from it.
pub fn known_or_pinned(of_whom: &Installation, code: AuthorityCode) -> Result<TrustStore, Failure> {
    known(of_whom, code).or_else(|_| lists::pinned(of_whom))
}

/// The first list of the pinned root, not signed yet: what the supervisors published last, whoever signed it, under that root.
/// The public file has no say here: whoever stole the root before may have written it.
pub fn begin(of_whom: &Installation, code: AuthorityCode, now: Timestamp) -> Result<TrustList, Failure> {
    let path = own_copy(of_whom, code);
    let bytes = crate::failure::read(&path, MAX_CHAIN)?;
    let damaged = |error: &dyn std::error::Error| {
        Failure::new(format!("{} is damaged ({error}); restore it from a backup", path.display()))
    };
    let (newest, _) = links(&bytes).map_err(|error| damaged(&error))?;
    let signed = CoSigned::parse(newest, MAX_PAYLOAD).map_err(|error| damaged(&error))?;
    let list = TrustList::decode(signed.unverified_payload()).map_err(|error| damaged(&error))?;
    let store = lists::pinned(of_whom)?;
    let root = store.root(code).ok_or_else(|| Failure::new(format!("no root of {code} is pinned")))?;
    if list.root.is_same(root) {
        return Err(Failure::new(format!(
            "the root that is pinned for {code} signs its lists already; `baypass trust adopt-root` pins another"
        )));
    }
    let (number, expires) = (list.number + 1, now.plus_seconds(LIST_SECONDS));
    Ok(TrustList { number, issued: now, expires, root: root.clone(), next: None, ..list })
}

/// The signed list that the supervisors published last, where their own copy lies here.
pub fn published(of_whom: &Installation, code: AuthorityCode) -> std::io::Result<Vec<u8>> {
    std::fs::read(own_copy(of_whom, code))
}

/// The supervisors' own copy of what they published last.
fn own_copy(of_whom: &Installation, code: AuthorityCode) -> PathBuf {
    of_whom.supervisor(code).join("published.cbor")
}

/// The next list, not signed yet.
pub fn draft(
    store: &TrustStore,
    code: AuthorityCode,
    now: Timestamp,
    change: impl FnOnce(&mut TrustList) -> Result<(), Failure>,
) -> Result<TrustList, Failure> {
    let list = store.list(code).ok_or_else(|| Failure::new(format!("no list of {code}")))?;
    let mut list = list.clone();
    list.number += 1;
    list.issued = now;
    list.expires = now.plus_seconds(LIST_SECONDS);
    change(&mut list)?;
    Ok(list)
}

/// One supervisor's signature, with the key of the root in force that theirs is.
pub fn sign(root: &Root, list: &TrustList, key: &SigningKey) -> Result<Vec<u8>, Failure> {
    let listed = root.keys().iter().find(|listed| listed.key == *key.public());
    match listed {
        None => Err(Failure::new("this key is none of the root in force; `baypass trust list` names them")),
        Some(listed) if listed.compromised => {
            Err(Failure::new("this key is listed as compromised: it signs nothing any more"))
        }
        Some(listed) => list.signature(&listed.kid, key).map_err(of),
    }
}

/// The signatures of every supervisor of a root whose key lies in this installation and is not compromised in the list.
pub fn sign_here(of_whom: &Installation, root: &Root, list: &TrustList) -> Result<Vec<Vec<u8>>, Failure> {
    let code = list.authority;
    let mut signatures = Vec::new();
    for number in numbers(of_whom, code) {
        let keys = KeyFiles::of(&folder(of_whom, code, number));
        if !keys.has(KEY) {
            continue;
        }
        let key = keys.signing(KEY)?;
        let dead = list.compromised().any(|dead| dead == key.public().as_bytes());
        if let (false, Ok(signature)) = (dead, sign(root, list, &key)) {
            signatures.push(signature);
        }
    }
    Ok(signatures)
}

/// Puts signatures to a list, checks that everybody will take it, and publishes it with its chain.
pub fn publish(
    to: &Installation,
    store: &TrustStore,
    list: &TrustList,
    signatures: &[Vec<u8>],
) -> Result<u64, Failure> {
    let code = list.authority;
    let signed = list.assemble(signatures).map_err(|error| {
        let need = store.root(code).map_or(0, Root::threshold);
        Failure::new(format!(
            "{} signatures of {need} that are needed: {}",
            signatures.len(),
            Failure::of(&error)
        ))
    })?;
    let bytes = store.append(code, &signed).map_err(of)?;
    put(to, list, &bytes)?;
    Ok(list.number)
}

/// Writes a chain into the supervisors' own folder, then where everybody reads it; no list is published another way, and
/// none without its line in the record of acts.
fn put(to: &Installation, list: &TrustList, bytes: &[u8]) -> Result<(), Failure> {
    let code = list.authority;
    let number = format!("number {}", list.number);
    to.put_on_record(&Office::Supervisors(code), (acts::PUBLISH_TRUST_LIST, &number), list.issued)?;
    write_whole(&own_copy(to, code), bytes)?;
    write_whole(&lists::list_path(to, code), bytes)
}

/// The first list of a root, signed by its supervisors here.
pub fn put_first(to: &Installation, list: &TrustList) -> Result<(), Failure> {
    let signed = list.assemble(&sign_here(to, &list.root, list)?).map_err(of)?;
    put(to, list, &chain([signed.as_slice()]))
}

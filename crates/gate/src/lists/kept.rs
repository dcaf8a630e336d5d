//! Kept: approvals and status lists as they were signed, in one folder, so that a desk that starts without a network goes on by
//! them within their day.
//!
//! Lives here: [`KeptLists`]. Not here: trust lists (`trust::TrustStore::keep`), how new the newest were ([`super::ListMemory`]).
//! Signatures are verified again when a file is read. Nothing in it is secret or personal.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credential::cbor::{CborError, Reader, Writer};
use credential::message::read_authority;
use credential::sha256;
use documents::{AuthorityCode, Timestamp};
use trust::TrustError;

use super::{Bundles, Lists, ListsError};

/// The approvals, and when they were heard.
const APPROVALS: &str = "approvals.kept";
/// The status list 3 of Hong Kong is `HKG-3.status`.
const STATUS_SUFFIX: &str = ".status";
/// The time at which approvals were heard is written afresh when it is so many seconds older: not each second.
const HEARD_SECONDS: i64 = 60;
/// A status list that was signed so long ago says nothing of any credential that still counts.
const STATUS_SECONDS: i64 = 30 * 86_400;
/// Most approvals in one file.
const MAX_BUNDLES: usize = 10_000;

/// A file that is not used, and the cause in words.
#[derive(Debug)]
pub struct Unusable {
    /// The name of the file.
    pub file: String,
    /// The cause.
    pub why: String,
}

/// The folder, and what was written there last.
#[derive(Debug)]
pub struct KeptLists {
    folder: PathBuf,
    approvals: Option<(Timestamp, Bundles)>,
    status: BTreeMap<(AuthorityCode, u8), Arc<[u8]>>,
}

impl KeptLists {
    /// Those in a folder; it is made when something is kept.
    #[must_use]
    pub const fn new(folder: PathBuf) -> Self {
        Self { folder, approvals: None, status: BTreeMap::new() }
    }

    /// Has `lists` go on by what was kept, under the rules of lists that are fetched; `name` gives the name that a status list must
    /// bear. A program calls this at start, after [`Lists::not_before`]. What cannot be used is fetched anew, and given back.
    pub fn resume(
        &mut self,
        lists: &mut Lists,
        name: impl Fn(AuthorityCode, u8) -> String,
        now: Timestamp,
    ) -> Vec<Unusable> {
        let mut unusable = Vec::new();
        let mut refuse = |file: &str, why: String| unusable.push(Unusable { file: file.to_owned(), why });
        match read_approvals(&self.folder.join(APPROVALS)) {
            Ok(Some((heard, bundles))) => {
                let given = bundles.iter().map(|(from, bundle)| (*from, bundle.as_ref()));
                for (from, error) in lists.set_approvals(given, now) {
                    refuse(APPROVALS, format!("an approval that {from} gave: {error}"));
                }
                lists.approvals_heard = Some(heard);
                self.approvals = Some((heard, bundles));
            }
            Ok(None) => {}
            Err(why) => refuse(APPROVALS, why),
        }
        let files = match status_files(&self.folder) {
            Ok(files) => files,
            Err(error) => {
                refuse("", error.to_string());
                Vec::new()
            }
        };
        for (issuer, list, path) in files {
            let read = std::fs::read(&path).map_err(|error| error.to_string());
            let taken = read.and_then(|bytes| {
                let signed = lists.take_status(issuer, list, &name(issuer, list), &bytes, now);
                if let Err(ListsError::Trust(TrustError::Expired { .. })) = &signed {
                    // Signed by a key that has ended: nothing that counts stands in it.
                    drop(std::fs::remove_file(&path));
                }
                Ok((signed.map_err(|error| error.to_string())?, bytes))
            });
            match taken {
                Ok((signed, _)) if now.seconds_since(signed) > STATUS_SECONDS => {
                    lists.status.remove(&(issuer, list));
                    drop(std::fs::remove_file(&path));
                }
                Ok((_, bytes)) => {
                    self.status.insert((issuer, list), bytes.into());
                }
                Err(why) => refuse(&file_of(issuer, list), why),
            }
        }
        unusable
    }

    /// Writes down what has changed since it was written last, each file whole or not at all.
    ///
    /// # Errors
    /// As the file system says; what was kept before stands.
    pub fn keep(&mut self, lists: &Lists) -> io::Result<()> {
        if let Some(heard) = lists.approvals_heard {
            let is_kept = self.approvals.as_ref().is_some_and(|(kept, bundles)| {
                (0..HEARD_SECONDS).contains(&heard.seconds_since(*kept)) && *bundles == lists.bundles
            });
            if !is_kept {
                files::make_private_folder(&self.folder)?;
                files::write_whole(&self.folder.join(APPROVALS), &write_approvals(heard, &lists.bundles))?;
                self.approvals = Some((heard, lists.bundles.clone()));
            }
        }
        for (place, held) in &lists.status {
            if self.status.get(place).is_none_or(|kept| *kept != held.bytes) {
                files::make_private_folder(&self.folder)?;
                files::write_whole(&self.folder.join(file_of(place.0, place.1)), &held.bytes)?;
                self.status.insert(*place, Arc::clone(&held.bytes));
            }
        }
        Ok(())
    }
}

fn file_of(issuer: AuthorityCode, list: u8) -> String {
    format!("{issuer}-{list}{STATUS_SUFFIX}")
}

/// The status lists in the folder.
fn status_files(folder: &Path) -> io::Result<Vec<(AuthorityCode, u8, PathBuf)>> {
    let files = match std::fs::read_dir(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for file in files {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let place = name.and_then(|name| name.strip_suffix(STATUS_SUFFIX)?.split_once('-'));
        if let Some((issuer, list)) = place
            && let (Ok(issuer), Ok(list)) = (issuer.parse(), list.parse())
        {
            found.push((issuer, list, path));
        }
    }
    Ok(found)
}

/// The digest, and under it the time and the bundles: of a damaged file nothing counts, the time neither.
fn write_approvals(heard: Timestamp, bundles: &Bundles) -> Vec<u8> {
    let mut w = Writer::new();
    w.array(2).int(heard.unix()).array(bundles.len());
    for (from, bundle) in bundles {
        w.array(2).text(from.code()).bytes(bundle);
    }
    let body = w.finish();
    Writer::new().array(2).bytes(&sha256(&body)).bytes(&body).finish()
}

fn read_approvals(path: &Path) -> Result<Option<(Timestamp, Bundles)>, String> {
    match std::fs::read(path) {
        Ok(bytes) => parse_approvals(&bytes).map(Some).map_err(|error| error.to_string()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

fn parse_approvals(bytes: &[u8]) -> Result<(Timestamp, Bundles), CborError> {
    let mut r = Reader::new(bytes);
    r.array_exact(2)?;
    let digest = *r.bytes_exact::<32>()?;
    let body = r.bytes(usize::MAX)?;
    r.finish()?;
    if sha256(body) != digest {
        return Err(CborError::Unexpected);
    }
    let mut r = Reader::new(body);
    r.array_exact(2)?;
    let heard = Timestamp::from_unix(r.int()?).ok_or(CborError::Unexpected)?;
    let mut bundles = Vec::new();
    for _ in 0..r.array(MAX_BUNDLES)? {
        r.array_exact(2)?;
        let from = read_authority(&mut r)?;
        bundles.push((from, r.bytes(usize::MAX)?.into()));
    }
    r.finish()?;
    Ok((heard, bundles))
}

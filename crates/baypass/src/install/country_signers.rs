//! Country signers: whose chips an authority believes: files in its folder.
//!
//! Lives here: reading `country-signers/` (each `*.cer` a certificate in DER that the operator pins, each `*.ml` a master list whose signer
//! is pinned there). Not here: what counts in them (crate `chip`). Nothing is made here: no document of a specimen country counts anywhere.

use std::path::{Path, PathBuf};

use chip::{CountrySigners, MAX_CERTIFICATE, MAX_MASTER_LIST};
use documents::Timestamp;

use crate::failure::{self, Failure};

/// The folder's name in an authority's own.
const FOLDER: &str = "country-signers";

/// The country signers in an authority's folder; none where there is no such folder.
pub fn read(authority: &Path, now: Timestamp) -> Result<CountrySigners, Failure> {
    let folder = authority.join(FOLDER);
    let pinned = files(&folder, "cer", MAX_CERTIFICATE)?;
    let ders: Vec<&[u8]> = pinned.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let refused = |path: &Path, error: &chip::CountryListError| {
        Failure::new(format!("{}: {}: {error}", path.display(), error.code()))
    };
    let mut signers =
        CountrySigners::from_certificates(ders.iter().copied()).map_err(|error| refused(&folder, &error))?;
    for (path, bytes) in files(&folder, "ml", MAX_MASTER_LIST)? {
        let list =
            CountrySigners::from_master_list(&bytes, &ders, now).map_err(|error| refused(&path, &error))?;
        if !list.left_out.is_empty() {
            tracing::warn!(
                list = %path.display(), count = list.left_out.len(),
                "certificates of a master list cannot be read: documents of their countries are looked at by an officer"
            );
        }
        signers = signers.with(list.signers);
    }
    Ok(signers)
}

/// The files of a folder with this ending, in order of their names.
fn files(folder: &Path, ending: &str, most: usize) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let unread = |error: &std::io::Error| {
        Failure::new(format!("{} cannot be read ({error}); check the path", folder.display()))
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unread(&error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unread(&error))?.path();
        if path.extension().is_some_and(|found| found == ending) {
            paths.push(path);
        }
    }
    paths.sort();
    paths.into_iter().map(|path| failure::read(&path, most).map(|bytes| (path, bytes))).collect()
}

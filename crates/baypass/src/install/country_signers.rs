//! Country signers: whose chips an authority believes: files in its folder.
//!
//! Lives here: reading `country-signers/` (each `*.cer` a certificate in DER that the operator pins, each `*.ml` a master list whose signer
//! is pinned there). Not here: what counts in them (crate `chip`). Nothing is made here: no document of a specimen country counts anywhere.

use std::path::Path;

use chip::{CountrySigners, MAX_CERTIFICATE, MAX_MASTER_LIST};
use documents::Timestamp;

use super::files_of;
use crate::failure::Failure;

/// The folder's name in an authority's own.
const FOLDER: &str = "country-signers";

/// The country signers in an authority's folder; none where there is no such folder.
pub fn read(authority: &Path, now: Timestamp) -> Result<CountrySigners, Failure> {
    let folder = authority.join(FOLDER);
    let pinned = files_of(&folder, "cer", MAX_CERTIFICATE)?;
    let ders: Vec<&[u8]> = pinned.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    let refused = |path: &Path, error: &chip::CountryListError| {
        Failure::new(format!("{}: {}: {error}", path.display(), error.code()))
    };
    let mut signers =
        CountrySigners::from_certificates(ders.iter().copied()).map_err(|error| refused(&folder, &error))?;
    for (path, bytes) in files_of(&folder, "ml", MAX_MASTER_LIST)? {
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

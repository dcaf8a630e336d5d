//! What tests of several crates need: the repository's folders, the folder of shared vectors and faces, and the one way
//! to say that a test is skipped.
//!
//! Lives here: nothing that a program links; crates name this one among their development dependencies alone.

pub mod bombs;
pub mod chip;
pub mod der;
mod disk;
mod first_versions;
pub mod phone;
mod signature;
mod signer;
mod token;

use std::io::Write;
use std::path::{Path, PathBuf};

pub use disk::SmallDisk;
pub use first_versions::FIRST_TABLES;
pub use signature::other_signature;
pub use signer::SignerChain;
pub use token::SoftToken;

/// Names a file to which every skipped test adds a line; `make test` prints and counts them.
pub const SKIPS: &str = "BAYPASS_SKIPS";

/// Names the folder of published vectors and faces; a relative path counts from the repository.
pub const SHARED: &str = "BAYPASS_SHARED";

/// The folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder with the face models.
#[must_use]
pub fn models() -> PathBuf {
    root().join("models")
}

/// Says that a test is skipped, and why: on standard error, and in the file that [`SKIPS`] names.
///
/// # Panics
/// That file cannot be written: a skip that nobody counts would pass for a test.
pub fn skip(test: &str, why: &str) {
    eprintln!("SKIPPED: {test}: {why}");
    let Some(file) = std::env::var_os(SKIPS) else { return };
    let line = format!("{}\n", format!("{test}: {why}").replace('\n', " "));
    // One write, so that the lines of tests that run side by side stay whole.
    let written = std::fs::File::options()
        .create(true)
        .append(true)
        .open(&file)
        .and_then(|mut file| file.write_all(line.as_bytes()));
    assert!(written.is_ok(), "{}: {written:?}", Path::new(&file).display());
}

/// A part of the shared folder (`faces`, `vectors/coding`); [`skip`]s the test where it is missing.
#[must_use]
pub fn shared(test: &str, part: &str) -> Option<PathBuf> {
    // An absolute path replaces the repository's.
    let named = std::env::var_os(SHARED).map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let found = root().join(named).join(part);
    if found.exists() {
        return Some(found);
    }
    skip(test, &format!("no {part} in the shared folder ({SHARED})"));
    None
}

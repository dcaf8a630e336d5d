//! Signs: the standing requests that were made for print, in the venue's folder: whoever prints writes one down, and the desk that
//! serves takes answers to it from then on, also with a new book.
//!
//! Lives here: [`keep`], [`Signs`]. Not here: whether a request is this desk's (`venue::desk::Desk::adopt`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use documents::{Timestamp, VenueId};
use venue::desk::{AskError, Desk, Lists};

use crate::failure::{self, Failure};
use crate::install::{Installation, make_folder, write_whole};

/// Longest signed request that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

fn folder(of: &Installation, venue: &VenueId) -> PathBuf {
    of.venue(venue).join("signs")
}

/// Writes a signed request for print down, under its id.
pub fn keep(of: &Installation, venue: &VenueId, id: &str, signed: &[u8]) -> Result<(), Failure> {
    let folder = folder(of, venue);
    make_folder(&folder)?;
    write_whole(&folder.join(format!("{id}.cbor")), signed)
}

/// The signs of a desk that serves.
pub struct Signs {
    folder: PathBuf,
    seen: BTreeSet<OsString>,
}

impl Signs {
    /// Those in a venue's folder; none is taken over yet.
    pub fn of(installation: &Installation, venue: &VenueId) -> Self {
        Self { folder: folder(installation, venue), seen: BTreeSet::new() }
    }

    /// Takes over what is new. One that is over is removed; one that is not this desk's is named in the log, once.
    pub async fn take_over(&mut self, desk: &Desk, lists: &dyn Lists, now: Timestamp) {
        let Ok(files) = std::fs::read_dir(&self.folder) else { return };
        for file in files.filter_map(Result::ok) {
            let (name, path) = (file.file_name(), file.path());
            if self.seen.contains(&name) || path.extension().is_none_or(|suffix| suffix != "cbor") {
                continue;
            }
            let adopted = match failure::read(&path, MAX_BYTES) {
                Ok(bytes) => desk.adopt(&bytes, lists, now).await,
                Err(failure) => {
                    tracing::warn!(file = ?name, %failure, "a sign cannot be read");
                    self.seen.insert(name);
                    continue;
                }
            };
            match adopted {
                Ok(_) => {
                    tracing::info!(file = ?name, "answers to a printed sign are taken");
                    self.seen.insert(name);
                }
                // The lists may come, and the book may be reached in the next round.
                Err(AskError::NotAllowed(_) | AskError::Store(_)) => {}
                Err(AskError::Time(error)) if error.code() == "request_ended" => {
                    drop(std::fs::remove_file(&path));
                }
                Err(
                    error @ (AskError::Time(_)
                    | AskError::Request(_)
                    | AskError::OtherDesk
                    | AskError::NotASign),
                ) => {
                    tracing::warn!(file = ?name, %error, "answers to a sign are not taken");
                    self.seen.insert(name);
                }
            }
        }
    }
}

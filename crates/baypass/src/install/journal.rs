//! Journal: a registration at several authorities that is under way, and how one that was cut short ends.
//!
//! Lives here: [`Journal`]. Not here: the registration itself (`registration`).

use std::path::PathBuf;

use documents::{AuthorityCode, DocumentKind, DocumentNumber, Timestamp};
use serde::{Deserialize, Serialize};

use super::acts;
use super::parties::Parties;
use super::{Installation, write_whole};
use crate::failure::{Failure, of};

/// Where a registration under way stands: it is there from before the first authority writes until the wallet's file is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    /// The resident's number: of the wallet's file, too.
    pub resident: u32,
    /// Their documents.
    pub cards: Vec<Number>,
}

/// A document of theirs.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// Who issued it.
    pub issuer: AuthorityCode,
    /// The kind of document that has the number.
    pub kind: DocumentKind,
    /// Its number, as printed.
    pub number: String,
}

impl Number {
    /// The number, checked.
    pub fn parsed(&self) -> Result<DocumentNumber, Failure> {
        DocumentNumber::parse(self.kind, &self.number).map_err(of)
    }
}

documents::redact_debug!(Journal);
documents::redact_debug!(Number);

impl Journal {
    fn path(installation: &Installation) -> PathBuf {
        installation.root().join("registration.json")
    }

    /// Writes it: it is durable before any authority writes.
    pub fn write(&self, to: &Installation) -> Result<(), Failure> {
        write_whole(&Self::path(to), &serde_json::to_vec(self).map_err(of)?)
    }

    /// Removes it: the registration is whole, or undone.
    pub fn remove(installation: &Installation) -> Result<(), Failure> {
        let path = Self::path(installation);
        std::fs::remove_file(&path).map_err(|error| {
            Failure::new(format!("{} cannot be removed ({error}); check its rights", path.display()))
        })
    }

    fn read(from: &Installation) -> Result<Option<Self>, Failure> {
        let path = Self::path(from);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::new(format!(
                    "{} cannot be read ({error}); check its rights",
                    path.display()
                )));
            }
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|_| {
            Failure::new(format!("{} is damaged; restore it from a backup of this folder", path.display()))
        })
    }

    /// Takes back what was written of it, at every authority.
    pub async fn undo(
        &self,
        installation: &Installation,
        parties: &Parties,
        now: Timestamp,
    ) -> Result<(), Failure> {
        for card in &self.cards {
            let (number, service) = (card.parsed()?, parties.service(card.issuer)?);
            installation.put_on_record_of(service, (acts::UNDO_RESIDENT, &number), now)?;
            service.take_back_resident(&number, now).await.map_err(of)?;
        }
        Self::remove(installation)
    }
}

/// Whether a registration was cut short here, and nobody has undone it yet.
pub fn is_cut_short(installation: &Installation) -> bool {
    Journal::path(installation).exists()
}

/// Ends a registration that was cut short: it is whole where the wallet's file is there, and else undone at every authority.
pub async fn end_what_was_cut_short(
    installation: &Installation,
    parties: &Parties,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(journal) = Journal::read(installation)? else { return Ok(()) };
    let wallet = installation.wallets().join(format!("{}.json", journal.resident));
    let whole = wallet.exists();
    if whole { Journal::remove(installation) } else { journal.undo(installation, parties, now).await }
}

//! Chip files: what a reader's own software read of a document's chip, made into a page for the authority that proves it.
//!
//! Lives here: [`ChipFiles`] with its two sources (handed in, and a chip that is asked), [`page_of`]. Not here: whether any of it is
//! true: the gate proves nothing and only looks up which document the zone in DG1 names (`authority`, crate `chip`).

use chip::{ChipReader, FileError, Group, HandedIn, HandedInError, Nonce, ReadError, read_chip, read_zone};
use credential::page::{Page, PageError, chip_nonce};
use documents::{DocumentKind, DocumentNumber, LocalDate, Mrz, redact_debug};

/// The longest text of files that is read, in bytes.
pub const MAX_CHIP_TEXT: usize = credential::page::MAX_CHIP_FILES;

/// Files of one chip as one text (`docs/chip.md`, "How files come in"). `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipFiles(Vec<u8>);

redact_debug!(ChipFiles);

/// Why there are no files to send.
#[derive(Debug, thiserror::Error)]
pub enum ChipFault {
    /// What was handed in has not its form.
    #[error(transparent)]
    HandedIn(#[from] HandedInError),
    /// The zone in DG1 cannot be read, or a file is missing.
    #[error(transparent)]
    File(#[from] FileError),
    /// The chip did not give its files.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The chip gave no zone and no portrait.
    #[error("the chip holds no zone or no portrait; type the card's number")]
    Missing,
    /// The document is none that a lane reads, or its files are too long.
    #[error(transparent)]
    Page(#[from] PageError),
}

impl ChipFiles {
    /// What a reader's software handed in, not yet looked at.
    #[must_use]
    pub const fn handed_in(text: Vec<u8>) -> Self {
        Self(text)
    }

    /// Asks a chip that lies on a reader now, and lets it sign the nonce of this clearance.
    ///
    /// # Errors
    /// [`ChipFault`].
    pub fn read(reader: &mut impl ChipReader, clearance: &[u8; 16]) -> Result<Self, ChipFault> {
        let nonce = Nonce::new(chip_nonce(clearance));
        let reading = read_chip(reader, &nonce)?;
        HandedIn::write(&reading, &nonce).map(|text| Self(text.into_bytes())).ok_or(ChipFault::Missing)
    }

    /// The page of these files, with what the zone in DG1 says of the document. It is not proven.
    ///
    /// # Errors
    /// [`ChipFault`].
    pub fn page(self, today: LocalDate) -> Result<Page, ChipFault> {
        if self.0.len() > MAX_CHIP_TEXT {
            return Err(PageError::ChipTooLong.into());
        }
        let handed = HandedIn::read(&self.0)?;
        let zone = read_zone(handed.files().group(Group::MRZ).ok_or(ChipFault::Missing)?, today)?;
        let number = number_of(&zone).ok_or(PageError::OtherDocument)?;
        Ok(Page::of_chip(number, zone.birth().date(), zone.expiry().date(), self.0)?)
    }
}

/// The document that a zone in a chip names. The printed zone of an Exit-Entry Permit is not published; in a chip its number stands in
/// the field of the number like any other's, and has a form of its own.
fn number_of(zone: &Mrz) -> Option<DocumentNumber> {
    let permit = || DocumentNumber::parse(DocumentKind::ExitEntryPermit, zone.number()).ok();
    zone.document_number().or_else(|| permit().filter(|_| zone.issuer() == "CHN"))
}

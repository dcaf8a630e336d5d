//! Reader: how a chip's files come out of a reader, piece by piece.
//!
//! Lives here: [`ChipReader`], what a device must be able to do, and [`read_chip`], which asks for what the list of hashes names and is
//! read here. Access to the chip (PACE, BAC) is opened before, by whoever speaks to the device. Not here: whether any of it is true.

use crate::active::Nonce;
use crate::file::{ChipFiles, FileError, FileId, Group};
use crate::passive::{PassiveError, listed_unproven};
use crate::tlv::whole_len;

/// Most bytes that are asked for at once: what every chip answers in a short response, with room for secure messaging.
pub const MAX_PIECE: usize = 0xdf;

/// What a reader answers where it does not give what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReaderFault {
    /// The chip has no such file, or does not do that.
    #[error("the chip does not have what was asked for")]
    NotThere,
    /// The chip wants its access opened first: PACE or BAC.
    #[error(
        "the chip's access is not open; have the reader's software read the zone or the number on the page first"
    )]
    Access,
    /// The chip was taken away, or the reader.
    #[error("the document was taken away; lay it down again")]
    Gone,
    /// An answer that no chip gives.
    #[error("the chip's answer is malformed; lay the document down again")]
    Answer,
}

impl ReaderFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotThere => "chip_not_there",
            Self::Access => "chip_access",
            Self::Gone => "chip_gone",
            Self::Answer => "chip_answer",
        }
    }
}

/// A device in which a document lies, its application selected and its access open.
pub trait ChipReader {
    /// Selects a file.
    ///
    /// # Errors
    /// [`ReaderFault`].
    fn select(&mut self, file: FileId) -> Result<(), ReaderFault>;

    /// Bytes of the selected file from `offset` on, at least one and at most `length`; none at its end.
    ///
    /// # Errors
    /// [`ReaderFault`].
    fn read(&mut self, offset: usize, length: usize) -> Result<Vec<u8>, ReaderFault>;

    /// The chip's signature of a nonce (INTERNAL AUTHENTICATE, ICAO Doc 9303-11, 6.1.3).
    ///
    /// # Errors
    /// [`ReaderFault`].
    fn internal_authenticate(&mut self, nonce: &Nonce) -> Result<Vec<u8>, ReaderFault>;
}

/// Why a chip was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The reader.
    #[error("{file}: {fault}")]
    Reader {
        /// Which file was asked for.
        file: FileId,
        /// What the reader answered.
        fault: ReaderFault,
    },
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// EF.SOD does not say what the chip holds.
    #[error(transparent)]
    List(#[from] PassiveError),
}

impl ReadError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Reader { fault, .. } => fault.code(),
            Self::File(error) => error.code(),
            Self::List(error) => error.code(),
        }
    }
}

/// What was read of a chip: its files, and its signature of the nonce where it gave one.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipReading {
    /// The files.
    pub files: ChipFiles,
    /// The signature.
    pub signature: Option<Vec<u8>>,
}
documents::redact_debug!(ChipReading);

/// Reads EF.SOD, then each group that it names and that is read here ([`Group::READ`]). A group that the list names and the chip does
/// not have is left out: what that means is judged later. Where the document has a key for it, the chip signs `nonce`.
///
/// # Errors
/// [`ReadError`].
pub fn read_chip(reader: &mut impl ChipReader, nonce: &Nonce) -> Result<ChipReading, ReadError> {
    let sod = read_file(reader, FileId::Sod)?;
    let listed = listed_unproven(&sod)?;
    let mut files = ChipFiles::new(sod)?;
    for group in Group::READ.into_iter().filter(|group| listed.contains(group)) {
        match read_file(reader, FileId::Group(group)) {
            Ok(file) => files = files.with(group, file)?,
            Err(ReadError::Reader { fault: ReaderFault::NotThere, .. }) => {}
            Err(error) => return Err(error),
        }
    }
    let signature = match listed.contains(&Group::ACTIVE).then(|| reader.internal_authenticate(nonce)) {
        None | Some(Err(ReaderFault::NotThere)) => None,
        Some(Ok(signature)) => Some(signature),
        Some(Err(fault)) => return Err(ReadError::Reader { file: FileId::Group(Group::ACTIVE), fault }),
    };
    Ok(ChipReading { files, signature })
}

/// Reads one file: its first bytes say how long it is. No more is asked for than that, and nothing where it is too long.
fn read_file(reader: &mut impl ChipReader, file: FileId) -> Result<Vec<u8>, ReadError> {
    let failed = |fault| ReadError::Reader { file, fault };
    reader.select(file).map_err(failed)?;
    let mut read: Vec<u8> = Vec::new();
    let mut whole = None;
    loop {
        let missing = whole.map_or(MAX_PIECE, |whole: usize| whole.saturating_sub(read.len()));
        if missing == 0 {
            return Ok(read);
        }
        let asked = missing.min(MAX_PIECE);
        let piece = reader.read(read.len(), asked).map_err(failed)?;
        if piece.is_empty() || piece.len() > asked {
            return Err(failed(ReaderFault::Answer));
        }
        read.extend_from_slice(&piece);
        if whole.is_none() {
            // A head has seven bytes at most.
            whole = whole_len(&read);
            if whole.is_none() && read.len() > 7 {
                return Err(FileError::Malformed(file).into());
            }
        }
        if let Some(whole) = whole {
            if whole > file.max_len() {
                return Err(FileError::TooLong(file).into());
            }
            // A chip that answers more than a short file has: what follows is none of it.
            read.truncate(whole);
        }
    }
}

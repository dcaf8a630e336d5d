//! File: the files of a chip's application by number, tag and greatest length (ICAO Doc 9303-10, 4 and 5), and those of one chip
//! as somebody read them.
//!
//! Lives here: [`Group`], [`FileId`], [`ChipFiles`], and what is refused before a file's meaning is looked at. Not here: what is in
//! a file, and whether its issuer wrote it.

use std::collections::BTreeMap;
use std::fmt;

use documents::redact_debug;

use crate::tlv::{Elements, Malformed};

/// A data group by its number, 1 to 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group(u8);

impl Group {
    /// DG1: the machine-readable zone.
    pub const MRZ: Self = Self(1);
    /// DG2: the face.
    pub const FACE: Self = Self(2);
    /// DG11: more of the holder.
    pub const HOLDER: Self = Self(11);
    /// DG12: more of the document.
    pub const DOCUMENT: Self = Self(12);
    /// DG14: what the chip can do.
    pub const SECURITY: Self = Self(14);
    /// DG15: the key of active authentication.
    pub const ACTIVE: Self = Self(15);
    /// Those that are read here. Fingers and irises (DG3, DG4) never are: they need a right that no lane has.
    pub const READ: [Self; 6] =
        [Self::MRZ, Self::FACE, Self::HOLDER, Self::DOCUMENT, Self::SECURITY, Self::ACTIVE];

    /// The group of this number; `None` outside of 1 to 16.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if matches!(number, 1..=16) { Some(Self(number)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    const fn tag(self) -> u32 {
        // ICAO Doc 9303-10, table 38: in no order that a rule would give.
        match self.0 {
            1 => 0x61,
            2 => 0x75,
            3 => 0x63,
            4 => 0x76,
            16 => 0x70,
            // 0x65 for DG5 to 0x6f for DG15.
            number => 0x60 + number as u32,
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DG{}", self.0)
    }
}

/// A file of the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileId {
    /// EF.COM: what the chip says that it holds. Nobody signs it: nothing rests on it.
    Com,
    /// EF.SOD: the signed list of hashes.
    Sod,
    /// A data group.
    Group(Group),
}

impl FileId {
    /// Its identifier for SELECT (ICAO Doc 9303-10, 4).
    #[must_use]
    pub const fn identifier(self) -> [u8; 2] {
        match self {
            Self::Com => [0x01, 0x1e],
            Self::Sod => [0x01, 0x1d],
            Self::Group(group) => [0x01, group.0],
        }
    }

    pub(crate) const fn tag(self) -> u32 {
        match self {
            Self::Com => 0x60,
            Self::Sod => 0x77,
            Self::Group(group) => group.tag(),
        }
    }

    /// The longest that is read, in bytes with tag and length.
    #[must_use]
    pub const fn max_len(self) -> usize {
        match self {
            Self::Com | Self::Group(Group::MRZ) => 1024,
            Self::Sod => 32 * 1024,
            Self::Group(Group::FACE) => 512 * 1024,
            Self::Group(_) => 64 * 1024,
        }
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Com => f.write_str("EF.COM"),
            Self::Sod => f.write_str("EF.SOD"),
            Self::Group(group) => group.fmt(f),
        }
    }
}

/// Why a file of a chip cannot be read. No variant carries any of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// Longer than [`FileId::max_len`].
    #[error("{0} of the chip is longer than such a file can be; have an officer look at the document")]
    TooLong(FileId),
    /// The same file twice.
    #[error("{0} was handed in twice; read the document again")]
    Twice(FileId),
    /// It begins as another file does.
    #[error("what was handed in as {0} is another file; read the document again")]
    Other(FileId),
    /// Bytes follow the file.
    #[error("{0} of the chip is followed by bytes that are none of it; read the document again")]
    Trailing(FileId),
    /// Cut or malformed.
    #[error("{0} of the chip is malformed; read the document again, then have an officer look at it")]
    Malformed(FileId),
    /// DG1's zone contradicts itself.
    #[error("the zone in DG1 cannot be read; have an officer look at the document")]
    Mrz(#[source] documents::MrzError),
    /// DG2 has no face.
    #[error("the chip holds no picture of a face; have an officer compare the printed one")]
    NoFace,
    /// DG2 has more than [`crate::MAX_FACES`].
    #[error("the chip holds more pictures than are read; have an officer compare the printed one")]
    ManyFaces,
    /// DG2's record is no ISO/IEC 19794-5:2005.
    #[error(
        "the chip holds its picture in a form that is not read here; have an officer compare the printed one"
    )]
    FaceForm,
    /// DG2's picture is neither JPEG nor JPEG 2000, or says one and is the other.
    #[error("the chip's picture is neither JPEG nor JPEG 2000; have an officer compare the printed one")]
    FaceImage,
}

impl FileError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "chip_file_too_long",
            Self::Twice(_) => "chip_file_twice",
            Self::Other(_) => "chip_file_other",
            Self::Trailing(_) => "chip_file_trailing",
            Self::Malformed(_) => "chip_file_malformed",
            Self::Mrz(_) => "chip_mrz",
            Self::NoFace => "chip_face_none",
            Self::ManyFaces => "chip_face_many",
            Self::FaceForm => "chip_face_form",
            Self::FaceImage => "chip_face_image",
        }
    }
}

/// What is in a file, after its tag and length.
pub fn content(id: FileId, file: &[u8]) -> Result<Elements<'_>, FileError> {
    if file.len() > id.max_len() {
        return Err(FileError::TooLong(id));
    }
    let mut all = Elements::new(file);
    match all.next() {
        Ok(Some(found)) if found.tag != id.tag() => Err(FileError::Other(id)),
        Ok(Some(found)) if found.whole.len() == file.len() => Ok(Elements::new(found.content)),
        Ok(Some(_)) => Err(FileError::Trailing(id)),
        Ok(None) | Err(Malformed) => Err(FileError::Malformed(id)),
    }
}

/// What a chip says that it holds (EF.COM). Nobody signed it: it helps to find a fault, and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Version of the logical data structure, as `0107`.
    pub lds_version: String,
    /// Version of Unicode, as `040000`.
    pub unicode_version: String,
    /// The groups that it names, in its order.
    pub groups: Vec<Group>,
}

impl Contents {
    /// Reads EF.COM (ICAO Doc 9303-10, 4.6.1).
    ///
    /// # Errors
    /// [`FileError`]; a tag that is no group's is malformed.
    pub fn read(file: &[u8]) -> Result<Self, FileError> {
        let malformed = |_: Malformed| FileError::Malformed(FileId::Com);
        let mut all = content(FileId::Com, file)?;
        let version = |digits: &[u8], len: usize| {
            let read = digits.len() == len && digits.iter().all(u8::is_ascii_digit);
            if read { Ok(String::from_utf8_lossy(digits).into_owned()) } else { Err(Malformed) }
        };
        let lds_version = version(all.expect(0x5f01).map_err(malformed)?, 4).map_err(malformed)?;
        let unicode_version = version(all.expect(0x5f36).map_err(malformed)?, 6).map_err(malformed)?;
        let tags = all.expect(0x5c).map_err(malformed)?;
        all.end().map_err(malformed)?;
        let group = |tag: &u8| {
            let found = (1..=16).filter_map(Group::new).find(|group| group.tag() == u32::from(*tag));
            found.ok_or(FileError::Malformed(FileId::Com))
        };
        Ok(Self { lds_version, unicode_version, groups: tags.iter().map(group).collect::<Result<_, _>>()? })
    }
}

/// The files of one chip as somebody read them: within their lengths, each once, and not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct ChipFiles {
    sod: Vec<u8>,
    com: Option<Vec<u8>>,
    groups: BTreeMap<Group, Vec<u8>>,
}
redact_debug!(ChipFiles);

impl ChipFiles {
    /// A chip of which EF.SOD was read.
    ///
    /// # Errors
    /// [`FileError::TooLong`].
    pub fn new(sod: Vec<u8>) -> Result<Self, FileError> {
        within(FileId::Sod, &sod)?;
        Ok(Self { sod, com: None, groups: BTreeMap::new() })
    }

    /// And EF.COM.
    ///
    /// # Errors
    /// [`FileError::TooLong`], [`FileError::Twice`].
    pub fn with_com(mut self, file: Vec<u8>) -> Result<Self, FileError> {
        within(FileId::Com, &file)?;
        match self.com.replace(file) {
            Some(_) => Err(FileError::Twice(FileId::Com)),
            None => Ok(self),
        }
    }

    /// And a data group.
    ///
    /// # Errors
    /// [`FileError::TooLong`], [`FileError::Twice`].
    pub fn with(mut self, group: Group, file: Vec<u8>) -> Result<Self, FileError> {
        let id = FileId::Group(group);
        within(id, &file)?;
        match self.groups.insert(group, file) {
            Some(_) => Err(FileError::Twice(id)),
            None => Ok(self),
        }
    }

    /// EF.SOD.
    #[must_use]
    pub fn sod(&self) -> &[u8] {
        &self.sod
    }

    /// EF.COM, where it was read.
    #[must_use]
    pub fn com(&self) -> Option<&[u8]> {
        self.com.as_deref()
    }

    /// A group, where it was read.
    #[must_use]
    pub fn group(&self, group: Group) -> Option<&[u8]> {
        self.groups.get(&group).map(Vec::as_slice)
    }

    /// All groups that were read, by number.
    pub fn groups(&self) -> impl Iterator<Item = (Group, &[u8])> {
        self.groups.iter().map(|(group, file)| (*group, file.as_slice()))
    }
}

fn within(id: FileId, file: &[u8]) -> Result<(), FileError> {
    if file.len() > id.max_len() { Err(FileError::TooLong(id)) } else { Ok(()) }
}

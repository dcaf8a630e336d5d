//! Face: the pictures in DG2 (ICAO Doc 9303-10, 4.7.2): CBEFF templates (ISO/IEC 7816-11) around facial records
//! (ISO/IEC 19794-5:2005, 5).
//!
//! Lives here: [`FaceImage`], its bytes as they lie in the chip. Not here: their pixels (`code::picture`). What a record says of age,
//! sex, hair and features is passed over: nobody here may use it.

use documents::redact_debug;

use crate::file::{FileError, FileId, Group, content};
use crate::tlv::{Elements, Malformed, small_number};

/// Most pictures that a chip may hold, all templates and records together.
pub const MAX_FACES: usize = 8;

const ID: FileId = FileId::Group(Group::FACE);
const MALFORMED: FileError = FileError::Malformed(ID);

/// The format of a picture's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ImageKind {
    /// JPEG (ISO/IEC 10918-1).
    Jpeg,
    /// JPEG 2000 (ISO/IEC 15444-1), in its container or bare.
    Jpeg2000,
}

/// A picture of the holder's face, as its bytes lie in the chip. Personal: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct FaceImage {
    kind: ImageKind,
    bytes: Vec<u8>,
}
redact_debug!(FaceImage);

impl FaceImage {
    /// The format, named by the record and shown by the first bytes alike.
    #[must_use]
    pub const fn kind(&self) -> ImageKind {
        self.kind
    }

    /// The picture's file.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads DG2: one to [`MAX_FACES`] pictures, in the order of the file. The first is the portrait.
///
/// # Errors
/// [`FileError`].
pub fn read_faces(file: &[u8]) -> Result<Vec<FaceImage>, FileError> {
    let malformed = |_: Malformed| MALFORMED;
    let mut all = content(ID, file)?;
    let mut group = Elements::new(all.expect(0x7f61).map_err(malformed)?);
    all.end().map_err(malformed)?;
    let count = group.expect(0x02).and_then(small_number).map_err(malformed)?;
    let templates = group.all(MAX_FACES).map_err(|_| FileError::ManyFaces)?;
    if templates.len() != usize::from(count) {
        return Err(MALFORMED);
    }
    let mut faces = Vec::new();
    for template in templates {
        if template.tag != 0x7f60 {
            return Err(MALFORMED);
        }
        read_record(record(template.content)?, &mut faces)?;
    }
    if faces.is_empty() { Err(FileError::NoFace) } else { Ok(faces) }
}

/// The record in a template, behind its header.
fn record(template: &[u8]) -> Result<&[u8], FileError> {
    let malformed = |_: Malformed| MALFORMED;
    let mut template = Elements::new(template);
    let header = template.expect(0xa1).map_err(malformed)?;
    let record = match template.optional(0x5f2e).map_err(malformed)? {
        Some(record) => record,
        None => template.expect(0x7f2e).map_err(malformed)?,
    };
    template.end().map_err(malformed)?;
    for element in Elements::new(header).all(16).map_err(malformed)? {
        // 81 the kind of biometric: 2 is a face (ISO/IEC 19785-3).
        if element.tag == 0x81 && element.content != [2] && element.content != [0, 0, 2] {
            return Err(FileError::FaceForm);
        }
    }
    Ok(record)
}

/// Reads fields of fixed length, one behind the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], FileError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(*field)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], FileError> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(MALFORMED)?;
        self.0 = rest;
        Ok(field)
    }

    fn length(&mut self) -> Result<usize, FileError> {
        usize::try_from(u32::from_be_bytes(self.take()?)).map_err(|_| MALFORMED)
    }
}

/// A facial record: header (14 bytes), then for each face its information (20), feature points (8 each), image information (12)
/// and the picture.
fn read_record(record: &[u8], faces: &mut Vec<FaceImage>) -> Result<(), FileError> {
    let mut fields = Fields(record);
    let (format, version) = (fields.take::<4>()?, fields.take::<4>()?);
    if format != *b"FAC\0" || version != *b"010\0" {
        return Err(FileError::FaceForm);
    }
    let (length, count) = (fields.length()?, u16::from_be_bytes(fields.take()?));
    if length != record.len() {
        return Err(MALFORMED);
    }
    for _ in 0..count {
        if faces.len() == MAX_FACES {
            return Err(FileError::ManyFaces);
        }
        // The length of a face counts from its own first byte.
        let length = fields.length()?.checked_sub(4).ok_or(MALFORMED)?;
        faces.push(read_face(Fields(fields.bytes(length)?))?);
    }
    if fields.0.is_empty() { Ok(()) } else { Err(MALFORMED) }
}

fn read_face(mut fields: Fields<'_>) -> Result<FaceImage, FileError> {
    let points = usize::from(u16::from_be_bytes(fields.take()?));
    fields.take::<14>()?;
    fields.bytes(points.checked_mul(8).ok_or(MALFORMED)?)?;
    let [_, data_type, _, _, _, _, _, _, _, _, _, _] = fields.take::<12>()?;
    let bytes = fields.0;
    let named = match data_type {
        0 => ImageKind::Jpeg,
        1 => ImageKind::Jpeg2000,
        _ => return Err(FileError::FaceImage),
    };
    let shown = match bytes {
        [0xff, 0xd8, 0xff, ..] => ImageKind::Jpeg,
        [0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => ImageKind::Jpeg2000,
        [..] => return Err(FileError::FaceImage),
    };
    if named != shown {
        return Err(FileError::FaceImage);
    }
    Ok(FaceImage { kind: shown, bytes: bytes.to_vec() })
}

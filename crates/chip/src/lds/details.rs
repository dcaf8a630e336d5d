//! Details: what DG11 says of the holder and DG12 of the document (ICAO Doc 9303-10, 4.7.11 and 4.7.12).
//!
//! Lives here: the fields that a lane or a desk may need. Not here: telephone, profession, custody, pictures of pages: they are passed
//! over and never kept.

use documents::{LocalDate, redact_debug};

use crate::file::{FileError, FileId, Group, content};
use crate::tlv::{Elements, Malformed};

/// Most fields in a group.
const MAX_FIELDS: usize = 32;
/// Longest text that is kept, in bytes.
const MAX_TEXT: usize = 512;

/// A date of a group: a year, where month and day may be unknown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DetailDate {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
}
redact_debug!(DetailDate);

impl DetailDate {
    /// Eight digits as text, or as four bytes of two digits each. `00` says that a part is unknown.
    fn read(field: &[u8]) -> Result<Self, Malformed> {
        let digits: Vec<u8> = match field.len() {
            4 => field.iter().flat_map(|byte| [byte >> 4, byte & 15]).collect(),
            8 => field.iter().map(|byte| byte.wrapping_sub(b'0')).collect(),
            _ => return Err(Malformed),
        };
        let number = |from: usize, to: usize| {
            let digits = digits.get(from..to)?;
            digits.iter().try_fold(0_i16, |sum, digit| {
                if *digit > 9 { None } else { sum.checked_mul(10)?.checked_add(i16::from(*digit)) }
            })
        };
        let part = |from: usize, to: usize| number(from, to).and_then(|part| i8::try_from(part).ok());
        let (year, month, day) = (number(0, 4), part(4, 6), part(6, 8));
        let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err(Malformed) };
        let known = |part: i8| if part == 0 { None } else { Some(part) };
        let (month, day) = (known(month), known(day));
        // A day in no known month is a day of January at least.
        LocalDate::new(year, month.unwrap_or(1), day.unwrap_or(1)).ok_or(Malformed)?;
        Ok(Self { year, month, day })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The whole date, where known.
    #[must_use]
    pub fn date(self) -> Option<LocalDate> {
        LocalDate::new(self.year, self.month?, self.day?)
    }
}

/// More of the holder than the zone has room for. Personal: `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HolderDetails {
    /// The name in full, primary and secondary identifier apart by `<<`.
    pub name: Option<String>,
    /// Other names.
    pub other_names: Vec<String>,
    /// The personal number.
    pub personal_number: Option<String>,
    /// The birth date in full.
    pub birth: Option<DetailDate>,
    /// Where they were born.
    pub birth_place: Option<String>,
    /// Where they live.
    pub address: Option<String>,
}
redact_debug!(HolderDetails);

impl HolderDetails {
    /// Reads DG11.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(file: &[u8]) -> Result<Self, FileError> {
        let id = FileId::Group(Group::HOLDER);
        let mut read = Self::default();
        fields(id, file, |tag, field| {
            match tag {
                0x5f0e => read.name = Some(text(field)?),
                0xa0 => read.other_names = other_names(field, 0x5f0f)?,
                0x5f10 => read.personal_number = Some(text(field)?),
                0x5f2b => read.birth = Some(DetailDate::read(field)?),
                0x5f11 => read.birth_place = Some(text(field)?),
                0x5f42 => read.address = Some(text(field)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(read)
    }
}

/// More of the document. Personal with its holder: `Debug` shows nothing.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DocumentDetails {
    /// Who issued it.
    pub authority: Option<String>,
    /// When it was issued.
    pub issued: Option<DetailDate>,
}
redact_debug!(DocumentDetails);

impl DocumentDetails {
    /// Reads DG12.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read(file: &[u8]) -> Result<Self, FileError> {
        let id = FileId::Group(Group::DOCUMENT);
        let mut read = Self::default();
        fields(id, file, |tag, field| {
            match tag {
                0x5f19 => read.authority = Some(text(field)?),
                0x5f26 => read.issued = Some(DetailDate::read(field)?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(read)
    }
}

/// The list of tags, then each field once; every one of them stands in the list.
fn fields(
    id: FileId,
    file: &[u8],
    mut read: impl FnMut(u32, &[u8]) -> Result<(), Malformed>,
) -> Result<(), FileError> {
    let malformed = |_: Malformed| FileError::Malformed(id);
    let mut all = content(id, file)?;
    let mut listed = tags(all.expect(0x5c).map_err(malformed)?).map_err(malformed)?;
    for field in all.all(MAX_FIELDS).map_err(malformed)? {
        // A0 holds a list of its own, whose tag is the one that is listed.
        let place = listed.iter().position(|tag| *tag == field.tag || (field.tag == 0xa0 && inner(*tag)));
        let place = place.ok_or(FileError::Malformed(id))?;
        listed.swap_remove(place);
        read(field.tag, field.content).map_err(malformed)?;
    }
    Ok(())
}

/// Other names of the holder (5F0F), other persons in the document (5F1A).
const fn inner(tag: u32) -> bool {
    matches!(tag, 0x5f0f | 0x5f1a | 0xa0)
}

/// Tags one behind the other, each once.
fn tags(mut list: &[u8]) -> Result<Vec<u32>, Malformed> {
    let mut found = Vec::new();
    while let Some((first, rest)) = list.split_first() {
        let (tag, rest) = if first & 0x1f == 0x1f {
            let (second, rest) = rest.split_first().ok_or(Malformed)?;
            (u32::from_be_bytes([0, 0, *first, *second]), rest)
        } else {
            (u32::from(*first), rest)
        };
        if found.contains(&tag) || found.len() == MAX_FIELDS {
            return Err(Malformed);
        }
        found.push(tag);
        list = rest;
    }
    Ok(found)
}

/// How many, then that many.
fn other_names(field: &[u8], tag: u32) -> Result<Vec<String>, Malformed> {
    let mut all = Elements::new(field);
    let count = all.expect(0x02).and_then(crate::tlv::small_number)?;
    let names = all.all(MAX_FIELDS)?;
    if names.len() != usize::from(count) {
        return Err(Malformed);
    }
    names.iter().map(|name| if name.tag == tag { text(name.content) } else { Err(Malformed) }).collect()
}

/// Text that may be shown: UTF-8, no control characters.
fn text(field: &[u8]) -> Result<String, Malformed> {
    let text = std::str::from_utf8(field).map_err(|_| Malformed)?;
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(Malformed);
    }
    Ok(text.to_owned())
}

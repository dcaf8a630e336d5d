//! Zone: the machine-readable zone in DG1 (ICAO Doc 9303-10, 4.7.1), its lines one behind the other.

use documents::{LocalDate, Mrz, MrzError};

use crate::file::{FileError, FileId, Group, content};
use crate::tlv::Malformed;

const ID: FileId = FileId::Group(Group::MRZ);

/// Reads DG1: TD1, TD2 or TD3, every check digit proven. `today` decides the century of the birth date.
///
/// # Errors
/// [`FileError`]; [`FileError::Mrz`] where the zone contradicts itself.
pub fn read_zone(file: &[u8], today: LocalDate) -> Result<Mrz, FileError> {
    let malformed = |_: Malformed| FileError::Malformed(ID);
    let mut all = content(ID, file)?;
    let zone = all.expect(0x5f1f).map_err(malformed)?;
    all.end().map_err(malformed)?;
    let line = match zone.len() {
        90 => 30,
        72 => 36,
        88 => 44,
        length => return Err(FileError::Mrz(MrzError::Layout { lines: 1, length })),
    };
    // Line ends and spaces would be trimmed away: a zone that has them has another form.
    if !zone.iter().all(u8::is_ascii_graphic) {
        return Err(FileError::Malformed(ID));
    }
    let zone = std::str::from_utf8(zone).map_err(|_| FileError::Malformed(ID))?;
    let lines: Vec<&str> =
        (0..zone.len() / line).filter_map(|at| zone.get(at * line..(at + 1) * line)).collect();
    Mrz::parse(&lines.join("\n"), today).map_err(FileError::Mrz)
}

//! Numbers of 18 characters (GB 11643): the mainland identity card and the residence permit.

use super::{DocumentKind, NumberError, cleaned, shown_deliberately};
use crate::{LocalDate, redact_debug};

/// A mainland resident identity card number (GB 11643).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MainlandId(String);

/// A residence permit number of a Hong Kong, Macao or Taiwan resident (same 18 digits, own regions).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResidencePermit(String);

redact_debug!(MainlandId, ResidencePermit);
shown_deliberately!(MainlandId, ResidencePermit);

impl MainlandId {
    /// Reads 18 characters: area, birth date, order, check. A small `x` is read as `X`.
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::MainlandId;
        let clean = cleaned(text);
        if ResidencePermit::prefix_fits(&clean) {
            return Err(NumberError::IsResidencePermit);
        }
        gb11643(kind, &clean)?;
        // GB/T 2260: the first two digits name the province.
        let province: u8 = clean.get(..2).and_then(|p| p.parse().ok()).unwrap_or(0);
        if !matches!(province, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81 | 82) {
            return Err(NumberError::Area { kind });
        }
        Ok(Self(clean))
    }

    /// The birth date in the number.
    #[must_use]
    pub fn birth(&self) -> Option<LocalDate> {
        birth_of(&self.0)
    }

    /// The six digits of the area of first registration.
    #[must_use]
    pub fn area(&self) -> &str {
        self.0.get(..6).unwrap_or_default()
    }
}

impl ResidencePermit {
    pub(super) fn prefix_fits(clean: &str) -> bool {
        clean.len() == 18 && ["810000", "820000", "830000"].iter().any(|p| clean.starts_with(p))
    }

    /// Reads 18 characters that begin 810000 (Hong Kong), 820000 (Macao) or 830000 (Taiwan).
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let clean = cleaned(text);
        gb11643(DocumentKind::ResidencePermit, &clean)?;
        if Self::prefix_fits(&clean) { Ok(Self(clean)) } else { Err(NumberError::IsMainlandId) }
    }

    /// The birth date in the number.
    #[must_use]
    pub fn birth(&self) -> Option<LocalDate> {
        birth_of(&self.0)
    }

    /// `810000`, `820000` or `830000`.
    #[must_use]
    pub fn area(&self) -> &str {
        self.0.get(..6).unwrap_or_default()
    }
}

/// GB 11643: 17 digits, check character, real date. The sex that the order digit shows is not exposed.
fn gb11643(kind: DocumentKind, clean: &str) -> Result<(), NumberError> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    if clean.len() != 18 {
        return Err(NumberError::Length {
            kind,
            got: clean.chars().count(),
            want: "18: seventeen digits and a digit or X",
        });
    }
    let mut sum = 0;
    for (i, (byte, weight)) in clean.bytes().zip(WEIGHTS).enumerate() {
        if !byte.is_ascii_digit() {
            return Err(NumberError::Character { kind, position: i + 1, want: "a digit" });
        }
        sum += u32::from(byte - b'0') * weight;
    }
    let check = clean.bytes().last().unwrap_or(0);
    if !(check.is_ascii_digit() || check == b'X') {
        return Err(NumberError::Character { kind, position: 18, want: "a digit or X" });
    }
    let expected = b"10X98765432".get(usize::try_from(sum % 11).unwrap_or(0)).copied();
    if expected != Some(check) {
        return Err(NumberError::CheckDigit { kind });
    }
    birth_of(clean).map(|_| ()).ok_or(NumberError::Date { kind })
}

fn birth_of(eighteen: &str) -> Option<LocalDate> {
    let year = eighteen.get(6..10)?.parse().ok()?;
    let month = eighteen.get(10..12)?.parse().ok()?;
    let day = eighteen.get(12..14)?.parse().ok()?;
    LocalDate::new(year, month, day)
}

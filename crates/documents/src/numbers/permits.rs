//! Numbers of the two travel permits of the mainland: Exit-Entry Permit and Home Return Permit.

use std::hash::{Hash, Hasher};

use super::{DocumentKind, NumberError, all_digits_from, cleaned, shown_deliberately};
use crate::redact_debug;

/// An Exit-Entry Permit number. It changes with each card: it is no person key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExitEntryPermit(String);

/// A Home Return Permit number; two are equal when their first nine characters are.
#[derive(Clone)]
pub struct HomeReturnPermit {
    key: String,
    renewals: Option<u8>,
}

redact_debug!(ExitEntryPermit, HomeReturnPermit);
shown_deliberately!(ExitEntryPermit);

impl ExitEntryPermit {
    /// Reads C and eight digits, or C, a letter (no I, no O) and seven digits.
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::ExitEntryPermit;
        let clean = cleaned(text);
        if clean.starts_with('W') && clean.len() == 9 {
            return Err(NumberError::OldBooklet);
        }
        if clean.len() != 9 {
            return Err(NumberError::Length {
                kind,
                got: clean.chars().count(),
                want: "nine: C and eight digits, or C, a letter and seven digits",
            });
        }
        if !clean.starts_with('C') {
            return Err(NumberError::Character { kind, position: 1, want: "C" });
        }
        match clean.as_bytes().get(1) {
            Some(b'0'..=b'9') => {}
            Some(b'I' | b'O') => {
                return Err(NumberError::Character {
                    kind,
                    position: 2,
                    want: "a digit or a letter other than I and O",
                });
            }
            Some(b'A'..=b'Z') => {}
            _ => {
                return Err(NumberError::Character {
                    kind,
                    position: 2,
                    want: "a digit or a letter other than I and O",
                });
            }
        }
        all_digits_from(kind, &clean, 2)?;
        Ok(Self(clean))
    }
}

impl HomeReturnPermit {
    /// Reads H or M and eight digits (and two renewal digits on the card of 1999), or HA or MA and seven
    /// digits (non-Chinese permanent residents, since July 2024).
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::HomeReturnPermit;
        let clean = cleaned(text);
        let non_chinese = clean.starts_with("HA") || clean.starts_with("MA");
        if !clean.starts_with(['H', 'M']) {
            return Err(NumberError::Character { kind, position: 1, want: "H or M" });
        }
        let fits = clean.len() == 9 || (clean.len() == 11 && !non_chinese);
        if !fits {
            return Err(NumberError::Length {
                kind,
                got: clean.chars().count(),
                want: "nine: H or M and eight digits, HA or MA and seven; eleven on the card of 1999",
            });
        }
        all_digits_from(kind, &clean, if non_chinese { 2 } else { 1 })?;
        let (key, tail) = clean.split_at_checked(9).unwrap_or((&clean, ""));
        Ok(Self { key: key.to_owned(), renewals: tail.parse().ok() })
    }

    /// The nine characters that stay for life: compare and index by these.
    #[must_use]
    pub fn match_key(&self) -> &str {
        &self.key
    }

    /// The nine characters, as `match_key`. Showing them is deliberate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.key
    }

    /// How often the card was renewed, where the card of 1999 says so.
    #[must_use]
    pub const fn renewals(&self) -> Option<u8> {
        self.renewals
    }

    /// Whether the number has the form for permanent residents who are not Chinese citizens.
    #[must_use]
    pub fn is_non_chinese_form(&self) -> bool {
        self.key.starts_with("HA") || self.key.starts_with("MA")
    }
}

impl PartialEq for HomeReturnPermit {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for HomeReturnPermit {}

impl PartialOrd for HomeReturnPermit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for HomeReturnPermit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for HomeReturnPermit {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

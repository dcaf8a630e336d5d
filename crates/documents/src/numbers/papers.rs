//! Numbers of passports and of papers without a published format.

use super::{DocumentKind, NumberError, cleaned, shown_deliberately};
use crate::redact_debug;

/// A passport number: 6 to 9 letters and digits; the formats of the issuers were not collected.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Passport(String);

/// The number of a paper whose format is not published: 4 to 9 letters and digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaperNumber(String);

redact_debug!(Passport, PaperNumber);
shown_deliberately!(Passport, PaperNumber);

impl Passport {
    /// Reads 6 to 9 letters and digits.
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        alphanumeric(DocumentKind::Passport, text, 6, "6 to 9 letters and digits").map(Self)
    }
}

impl PaperNumber {
    /// Reads 4 to 9 letters and digits; `kind` names the paper in the error.
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(kind: DocumentKind, text: &str) -> Result<Self, NumberError> {
        alphanumeric(kind, text, 4, "4 to 9 letters and digits").map(Self)
    }
}

fn alphanumeric(
    kind: DocumentKind,
    text: &str,
    least: usize,
    want: &'static str,
) -> Result<String, NumberError> {
    let clean = cleaned(text);
    if let Some(position) = clean.chars().position(|c| !c.is_ascii_alphanumeric()) {
        return Err(NumberError::Character { kind, position: position + 1, want: "a letter or digit" });
    }
    if (least..=9).contains(&clean.len()) {
        Ok(clean)
    } else {
        Err(NumberError::Length { kind, got: clean.len(), want })
    }
}

//! Fields: what a desk may write of a person.
//!
//! Lives here: [`Field`]. Not here: of whom it is asked (`profiles.toml`), its value (`stay`). Ethnicity is no field.

use std::fmt;
use std::str::FromStr;

/// A field of a register. Its code stands in files, records and errors, and is never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Name in Latin letters, as in the document.
    Name,
    /// Name in Chinese.
    NameZh,
    /// `YYYY-MM-DD`, or `YYYY` where the document tells no more.
    BirthDate,
    /// Three letters (ICAO 9303-3, 5).
    Nationality,
    /// The code of a [`super::Permit`].
    DocumentKind,
    /// As printed.
    DocumentNumber,
    /// Region of residence: `CHN`, `HKG` or `MAC`.
    Region,
    /// City of residence.
    City,
    /// `F`, `M` or `X`.
    Sex,
    /// Address, where the local form demands it.
    Address,
    /// Last lawful day of stay in Macao.
    LimitOfStay,
    /// Day of arrival in Hong Kong.
    ArrivedOn,
    /// Ship, airline or land port.
    ArrivedBy,
    /// Occupation.
    Occupation,
    /// Where to on leaving.
    NextPlace,
    /// By what on leaving.
    LeavesBy,
}

/// The text names no field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown field; docs/desk.md lists them")]
pub struct NotAField;

impl Field {
    /// Every field.
    pub const ALL: [Self; 16] = [
        Self::Name,
        Self::NameZh,
        Self::BirthDate,
        Self::Nationality,
        Self::DocumentKind,
        Self::DocumentNumber,
        Self::Region,
        Self::City,
        Self::Sex,
        Self::Address,
        Self::LimitOfStay,
        Self::ArrivedOn,
        Self::ArrivedBy,
        Self::Occupation,
        Self::NextPlace,
        Self::LeavesBy,
    ];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NameZh => "name_zh",
            Self::BirthDate => "birth_date",
            Self::Nationality => "nationality",
            Self::DocumentKind => "document_kind",
            Self::DocumentNumber => "document_number",
            Self::Region => "region",
            Self::City => "city",
            Self::Sex => "sex",
            Self::Address => "address",
            Self::LimitOfStay => "limit_of_stay",
            Self::ArrivedOn => "arrived_on",
            Self::ArrivedBy => "arrived_by",
            Self::Occupation => "occupation",
            Self::NextPlace => "next_place",
            Self::LeavesBy => "leaves_by",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Field {
    type Err = NotAField;

    fn from_str(text: &str) -> Result<Self, NotAField> {
        Self::ALL.into_iter().find(|field| field.code() == text).ok_or(NotAField)
    }
}

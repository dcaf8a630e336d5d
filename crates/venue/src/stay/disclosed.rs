//! Disclosed: what a guest or visitor showed, whichever way, in one form.
//!
//! Lives here: [`Disclosed`], [`Source`]. Not here: verification of a presentation (`credential`), which of it is
//! written down (`guest`).

use std::collections::BTreeMap;

use credential::venue::Pseudonym;
use documents::{AuthorityCode, Birth, LocalDate, Mrz, Nationality, redact_debug};

use crate::profile::{AgeEvidence, PermitNumber};

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A verified presentation of the pass.
    Presentation,
    /// The machine-readable zone of a card, its check digits proven.
    Mrz,
    /// A clerk's hand.
    Typed,
}

impl Source {
    /// Every source, in order of its code.
    pub const ALL: [Self; 3] = [Self::Presentation, Self::Mrz, Self::Typed];

    /// The stable code: `presentation`, `mrz` or `typed`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Presentation => "presentation",
            Self::Mrz => "mrz",
            Self::Typed => "typed",
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }
}

/// The claims that were disclosed. What is `None` was not.
#[derive(Clone)]
pub struct Disclosed {
    /// How they were shown.
    pub source: Source,
    /// Of a presentation.
    pub pseudonym: Option<Pseudonym>,
    /// Name in Latin letters.
    pub name: Option<String>,
    /// Name in Chinese.
    pub name_zh: Option<String>,
    /// Birth date, or its year.
    pub birth: Option<Birth>,
    /// Nationality.
    pub nationality: Option<Nationality>,
    /// The document.
    pub document: Option<PermitNumber>,
    /// Region of residence.
    pub region: Option<AuthorityCode>,
    /// City of residence.
    pub city: Option<String>,
    /// Proofs of age, by years.
    pub over: BTreeMap<u8, bool>,
}
redact_debug!(Disclosed);

impl Disclosed {
    /// Nothing yet, of this source.
    #[must_use]
    pub const fn nothing(source: Source) -> Self {
        Self {
            source,
            pseudonym: None,
            name: None,
            name_zh: None,
            birth: None,
            nationality: None,
            document: None,
            region: None,
            city: None,
            over: BTreeMap::new(),
        }
    }

    /// What a machine-readable zone tells. Its number is taken where code and issuer name a document of ours.
    #[must_use]
    pub fn of_mrz(mrz: &Mrz) -> Self {
        let name = [mrz.surname(), mrz.given_names()].join(" ");
        let nationality = mrz.nationality();
        Self {
            name: Some(name.trim().to_owned()),
            birth: Some(mrz.birth().date().map_or(Birth::Year(mrz.birth().year()), Birth::Date)),
            nationality: Some(nationality),
            document: mrz
                .document_number()
                .and_then(|number| PermitNumber::of_document(&number, Some(nationality))),
            ..Self::nothing(Source::Mrz)
        }
    }

    /// What is known of the age: a birth date that was shown, or that in the document's number, and proofs.
    #[must_use]
    pub fn age(&self, typed: Option<Birth>) -> AgeEvidence {
        let in_number = || self.document.as_ref().and_then(PermitNumber::birth).map(Birth::Date);
        AgeEvidence { birth: self.birth.or(typed).or_else(in_number), over: self.over.clone() }
    }
}

/// A birth date as a field has it: `YYYY-MM-DD` or `YYYY`.
pub(crate) fn parse_birth(text: &str) -> Option<Birth> {
    if text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().filter(|year| (1800..=9998).contains(year)).map(Birth::Year);
    }
    text.parse::<LocalDate>().ok().map(Birth::Date)
}

pub(crate) fn birth_text(birth: Birth) -> String {
    match birth {
        Birth::Date(date) => date.to_string(),
        Birth::Year(year) => format!("{year:04}"),
    }
}

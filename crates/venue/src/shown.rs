//! Shown: what a verified answer says of a guest or visitor, in the form of the book.
//!
//! Lives here: [`Shown`], its way to [`Disclosed`] and [`Visitor`], [`AnswerId`], [`AnswerFault`]. Not here: its verification (`desk`). A value that the
//! book cannot hold is an error that names the claim, and never left out in silence.

use std::collections::BTreeMap;

use credential::venue::{ClaimName, ClaimSet, ClaimValue, Claims, Pseudonym};
use documents::{DocumentKind, LocalDate, Nationality, Timestamp, redact_debug};

use crate::profile::{Field, GuestFacts, Moment, Permit, PermitNumber, Profile};
use crate::stay::{Disclosed, Source, id, parse_birth};
use crate::visit::Visitor;

/// The id of an answer, and of the request for which it is: the `cnonce`. An answer to a sign has one of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnswerId([u8; 16]);
id!(AnswerId);

/// Why an answer cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// There is none, or it is older than two hours.
    #[error("there is no such answer any more; ask the traveller to answer a new request")]
    Gone,
    /// It was used for somebody else.
    #[error("this answer was used for another line or visit; ask the traveller to answer a new request")]
    Used,
    /// A claim has a value that the book cannot hold.
    #[error("a claim of this answer cannot be written down; take the document by hand")]
    Unreadable,
}

impl AnswerFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Gone => "answer_gone",
            Self::Used => "answer_used",
            Self::Unreadable => "claim_unreadable",
        }
    }
}

/// What an answer showed.
#[derive(Clone)]
pub struct Shown {
    /// The claims.
    pub claims: Claims,
    /// The holder's pseudonym at this venue; `None` of a wallet of others, which has none.
    pub pseudonym: Option<Pseudonym>,
    /// Whether a list was older than its time when the answer was taken: the clerk looks at the document as well.
    pub status_stale: bool,
}
redact_debug!(Shown);

impl Shown {
    /// The claims in words, by their names; files have none.
    #[must_use]
    pub fn words(&self) -> BTreeMap<&'static str, String> {
        let text = |value: &ClaimValue| match value {
            ClaimValue::Text(text) => Some(text.clone()),
            ClaimValue::Flag(flag) => Some(flag.to_string()),
            ClaimValue::File(_) => None,
        };
        self.claims.iter().filter_map(|(claim, value)| Some((claim.as_str(), text(value)?))).collect()
    }

    /// The claims as what a guest showed.
    ///
    /// # Errors
    /// The first claim whose value the book cannot hold.
    pub fn disclosed(&self) -> Result<Disclosed, ClaimName> {
        let nationality = self.nationality()?;
        let birth = self.parsed(ClaimName::BirthDate, parse_birth)?;
        let over = self
            .claims
            .iter()
            .filter_map(|(claim, value)| Some((u8::try_from(claim.years()?).ok()?, value.as_flag()?)));
        let text = |claim| self.claims.text(claim).map(str::to_owned);
        Ok(Disclosed {
            pseudonym: self.pseudonym,
            name: text(ClaimName::Name),
            name_zh: text(ClaimName::NameZh),
            birth,
            nationality,
            document: self.document(nationality)?,
            region: self.parsed(ClaimName::Region, |text| text.parse().ok())?,
            city: text(ClaimName::City),
            over: over.collect(),
            ..Disclosed::nothing(Source::Presentation)
        })
    }

    /// The claims as who visits: a building keeps the kind of document, never its number.
    ///
    /// # Errors
    /// The first claim whose value the book cannot hold.
    pub fn visitor(&self, needs_help: bool) -> Result<Visitor, ClaimName> {
        let names = [ClaimName::NameZh, ClaimName::Name].map(|claim| self.claims.text(claim));
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Ok(Visitor {
            pseudonym: self.pseudonym,
            name: Some(name).filter(|name| !name.is_empty()),
            document: self.permit(self.nationality()?)?,
            source: Source::Presentation,
            needs_help,
        })
    }

    /// The claims that a hotel's book will hold: those that its profile asks of this guest, as far as the claims tell.
    pub(super) fn kept_by(&self, profile: &Profile, disclosed: &Disclosed, now: Timestamp) -> ClaimSet {
        let day: LocalDate = now.local_date();
        let age = disclosed.age(None);
        if !profile.registers(&age, day) {
            return ClaimSet::default();
        }
        let facts = GuestFacts {
            document: disclosed.document.as_ref(),
            region: disclosed.region,
            nationality: disclosed.nationality,
            age: &age,
            day,
        };
        let asked = profile.fields(&facts, Moment::In);
        let asks = |claim| field_of(claim).is_some_and(|field| asked.contains_key(&field));
        self.claims.names().iter().filter(|claim| asks(*claim)).collect()
    }

    /// The claims that a building's book will hold: names and the kind of document.
    pub(super) fn kept_by_building(&self) -> ClaimSet {
        let kept = [ClaimName::Name, ClaimName::NameZh, ClaimName::DocumentKind];
        self.claims.names().iter().filter(|claim| kept.contains(claim)).collect()
    }

    /// The claims that a library's system will hold: the names with which the account is opened.
    pub(super) fn kept_by_library(&self) -> ClaimSet {
        let kept = [ClaimName::Name, ClaimName::NameZh];
        self.claims.names().iter().filter(|claim| kept.contains(claim)).collect()
    }

    fn nationality(&self) -> Result<Option<Nationality>, ClaimName> {
        self.parsed(ClaimName::Nationality, |text| text.parse().ok())
    }

    fn permit(&self, nationality: Option<Nationality>) -> Result<Option<Permit>, ClaimName> {
        self.parsed(ClaimName::DocumentKind, |text| {
            text.parse::<DocumentKind>().ok().and_then(|kind| Permit::of_kind(kind, nationality))
        })
    }

    /// The document, where kind and number were shown.
    fn document(&self, nationality: Option<Nationality>) -> Result<Option<PermitNumber>, ClaimName> {
        let Some(permit) = self.permit(nationality)? else { return Ok(None) };
        self.parsed(ClaimName::DocumentNumber, |text| PermitNumber::parse(permit, text).ok())
    }

    fn parsed<T>(
        &self,
        claim: ClaimName,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ClaimName> {
        self.claims.text(claim).map(|text| parse(text).ok_or(claim)).transpose()
    }
}

/// The field in which a claim is kept; `None` of what no book holds.
const fn field_of(claim: ClaimName) -> Option<Field> {
    match claim {
        ClaimName::Name => Some(Field::Name),
        ClaimName::NameZh => Some(Field::NameZh),
        ClaimName::BirthDate => Some(Field::BirthDate),
        ClaimName::Nationality => Some(Field::Nationality),
        ClaimName::DocumentKind => Some(Field::DocumentKind),
        ClaimName::DocumentNumber => Some(Field::DocumentNumber),
        ClaimName::Region => Some(Field::Region),
        ClaimName::City => Some(Field::City),
        ClaimName::AgeOver12
        | ClaimName::AgeOver14
        | ClaimName::AgeOver16
        | ClaimName::AgeOver18
        | ClaimName::AgeOver60
        | ClaimName::AgeOver65
        | ClaimName::Portrait => None,
    }
}

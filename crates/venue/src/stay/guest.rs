//! Guest: the fields that a profile asks for, filled from what was disclosed, typed only where nothing was.
//!
//! Lives here: [`Guest`] and its one maker, [`admit`]; what is wrong with an arrival ([`GuestFault`]). Not here: rooms and times
//! (`super`). What the profile does not ask for is not kept, disclosed or not.

use std::collections::{BTreeMap, BTreeSet};

use documents::{AuthorityCode, Birth, LocalDate, Nationality, Timestamp, redact_debug};

use super::disclosed::{birth_text, parse_birth};
use super::{Disclosed, Source};
use crate::profile::{
    AgeEvidence, Deadline, DutyNote, Field, GuestFacts, Moment, Need, Permit, PermitNumber, Profile,
};
use credential::venue::Pseudonym;

/// Longest text of a field or note, in characters.
pub const MAX_TEXT: usize = 120;

/// What a clerk typed, by field.
pub type Typed = BTreeMap<Field, String>;
/// What a clerk noted of a minor, by duty; empty text where the duty is only acknowledged.
pub type Notes = BTreeMap<String, String>;

/// One thing that is wrong with an arrival.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum GuestFault {
    /// A required field is neither disclosed nor typed.
    #[error("{0} is missing; ask the guest for it")]
    Missing(Field),
    /// A field was typed though the pass or card says it.
    #[error("{0} was shown already; nothing is typed over it")]
    TypedOverClaim(Field),
    /// A field that this profile does not ask of this guest.
    #[error("{0} is not asked of this guest; leave it out")]
    NotAsked(Field),
    /// A typed value that is none of its field.
    #[error("{field} cannot be read; {want}")]
    Form {
        /// The field.
        field: Field,
        /// What to write.
        want: String,
    },
    /// A document that this place does not take.
    #[error("this desk does not take a {0}; ask for another document")]
    PermitNotTaken(Permit),
    /// A duty towards a minor that nobody noted.
    #[error("the guest may be a minor: {0} is not noted")]
    Duty(String),
    /// The same document as another line of this party.
    #[error("line {0} of this party shows the same document")]
    TwiceInParty(u16),
    /// No room is left for this guest on the rooming list.
    #[error("the rooming list has no room for this guest; name the room")]
    NoRoom,
}

impl GuestFault {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "field_missing",
            Self::TypedOverClaim(_) => "typed_over_claim",
            Self::NotAsked(_) => "field_not_asked",
            Self::Form { .. } => "field_form",
            Self::PermitNotTaken(_) => "permit_not_taken",
            Self::Duty(_) => "duty_missing",
            Self::TwiceInParty(_) => "twice_in_party",
            Self::NoRoom => "no_room",
        }
    }

    /// The field that it concerns.
    #[must_use]
    pub const fn field(&self) -> Option<Field> {
        match self {
            Self::Missing(field)
            | Self::TypedOverClaim(field)
            | Self::NotAsked(field)
            | Self::Form { field, .. } => Some(*field),
            Self::PermitNotTaken(_) => Some(Field::DocumentKind),
            Self::Duty(_) | Self::TwiceInParty(_) | Self::NoRoom => None,
        }
    }
}

/// A value of a register, and where it comes from.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value, of its field's form.
    pub text: String,
    /// Where it comes from.
    pub source: Source,
}
redact_debug!(Entry);

/// A guest with every field that the profile requires. Made by [`admit`] alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Guest {
    pub(crate) fields: BTreeMap<Field, Entry>,
    pub(crate) notes: Notes,
    pub(crate) pseudonym: Option<Pseudonym>,
    pub(crate) minor: bool,
}
redact_debug!(Guest);

/// What becomes of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Registered; reported by these moments, where the place reports such guests.
    Guest(Box<Guest>, Option<Deadline>),
    /// A child who stands with an adult: nothing is written of him.
    WithAdult,
}

/// Holds an arrival to a profile. The same arguments give the same answer.
///
/// # Errors
/// Everything that is wrong with it, so that the clerk asks once.
pub fn admit(
    profile: &Profile,
    shown: &Disclosed,
    typed: &Typed,
    notes: &Notes,
    arrived: Timestamp,
) -> Result<Admission, BTreeSet<GuestFault>> {
    let day = arrived.local_date();
    let mut faults = BTreeSet::new();
    let mut values = claims(shown);
    for (field, entry) in &values {
        // What a pass or a card says is held to the same form as what is typed.
        if let Err(want) = checked(*field, &entry.text, day) {
            faults.insert(GuestFault::Form { field: *field, want });
        }
    }
    let document = document(shown, typed, &mut faults);
    for (field, text) in typed {
        if values.contains_key(field) {
            faults.insert(GuestFault::TypedOverClaim(*field));
            continue;
        }
        match checked(*field, text, day) {
            Ok(text) => drop(values.insert(*field, Entry { text, source: Source::Typed })),
            Err(want) => drop(faults.insert(GuestFault::Form { field: *field, want })),
        }
    }
    if let Some(document) = &document {
        if !profile.takes(document.permit()) {
            faults.insert(GuestFault::PermitNotTaken(document.permit()));
        }
        if let Some(entry) = values.get_mut(&Field::DocumentNumber) {
            document.as_str().clone_into(&mut entry.text);
        }
    }
    // Where a guest comes from, and so what is asked, hangs on the document: it is mended first.
    if faults.iter().any(|fault| fault.field() == Some(Field::DocumentNumber)) {
        return Err(faults);
    }
    let age = age(shown, &values, document.as_ref());
    if !profile.registers(&age, day) {
        return Ok(Admission::WithAdult);
    }
    let region = values.get(&Field::Region).and_then(|entry| entry.text.parse::<AuthorityCode>().ok());
    let region = region.or_else(|| {
        // A resident's card proves its region.
        document.as_ref().filter(|d| d.permit() == Permit::MacaoBir).map(|_| AuthorityCode::Mac)
    });
    let nationality =
        values.get(&Field::Nationality).and_then(|entry| entry.text.parse::<Nationality>().ok());
    let facts = GuestFacts { document: document.as_ref(), region, nationality, age: &age, day };
    let asked = profile.fields(&facts, Moment::In);
    if let Some(region) = region.filter(|_| asked.contains_key(&Field::Region)) {
        let entry = Entry { text: region.code().to_owned(), source: shown.source };
        values.entry(Field::Region).or_insert(entry);
    }
    for (field, need) in &asked {
        let wrong_already = faults.iter().any(|fault| fault.field() == Some(*field));
        if *need == Need::Required && !values.contains_key(field) && !wrong_already {
            faults.insert(GuestFault::Missing(*field));
        }
    }
    // A birth date that is typed may be what tells how old the guest is: it is taken, and not kept where it is not asked.
    let tells_age = |field: Field| field == Field::BirthDate;
    let stray = typed.keys().filter(|field| !asked.contains_key(field) && !tells_age(**field));
    faults.extend(stray.map(|field| GuestFault::NotAsked(*field)));
    values.retain(|field, _| asked.contains_key(field));
    let (notes, minor) = duties(profile, &age, day, notes, &mut faults);
    if !faults.is_empty() {
        return Err(faults);
    }
    let deadline = profile.report(&facts, arrived);
    let guest = Guest { fields: values, notes, pseudonym: shown.pseudonym, minor };
    Ok(Admission::Guest(Box::new(guest), deadline))
}

/// The claims as fields.
fn claims(shown: &Disclosed) -> BTreeMap<Field, Entry> {
    let document = shown.document.as_ref();
    [
        (Field::Name, shown.name.clone()),
        (Field::NameZh, shown.name_zh.clone()),
        (Field::BirthDate, shown.birth.map(birth_text)),
        (Field::Nationality, shown.nationality.map(|own| own.as_str().to_owned())),
        (Field::DocumentKind, document.map(|own| own.permit().code().to_owned())),
        (Field::DocumentNumber, document.map(|own| own.as_str().to_owned())),
        (Field::Region, shown.region.map(|own| own.code().to_owned())),
        (Field::City, shown.city.clone()),
    ]
    .into_iter()
    .filter_map(|(field, text)| Some((field, Entry { text: text?, source: shown.source })))
    .collect()
}

/// The document, shown or typed.
fn document(shown: &Disclosed, typed: &Typed, faults: &mut BTreeSet<GuestFault>) -> Option<PermitNumber> {
    if let Some(document) = &shown.document {
        return Some(document.clone());
    }
    let permit: Permit = typed.get(&Field::DocumentKind)?.parse().ok()?;
    let Some(number) = typed.get(&Field::DocumentNumber) else {
        faults.insert(GuestFault::Missing(Field::DocumentNumber));
        return None;
    };
    match PermitNumber::parse(permit, number) {
        Ok(number) => Some(number),
        Err(error) => {
            faults.insert(GuestFault::Form { field: Field::DocumentNumber, want: error.to_string() });
            None
        }
    }
}

fn age(shown: &Disclosed, values: &BTreeMap<Field, Entry>, document: Option<&PermitNumber>) -> AgeEvidence {
    let typed = values.get(&Field::BirthDate).and_then(|entry| parse_birth(&entry.text));
    let in_number = document.and_then(PermitNumber::birth).map(Birth::Date);
    shown.age(typed.or(in_number))
}

/// The notes that the duties towards a minor ask for, and whether the guest may be one.
fn duties(
    profile: &Profile,
    age: &AgeEvidence,
    day: LocalDate,
    notes: &Notes,
    faults: &mut BTreeSet<GuestFault>,
) -> (Notes, bool) {
    let duties = profile.child_duties(age, day);
    let mut kept = Notes::new();
    for duty in &duties {
        let note = notes.get(&duty.id).and_then(|note| match duty.note {
            DutyNote::Acknowledged => text(note, 0).ok(),
            DutyNote::Text => text(note, 1).ok(),
        });
        match note {
            Some(note) => drop(kept.insert(duty.id.clone(), note)),
            None => drop(faults.insert(GuestFault::Duty(duty.id.clone()))),
        }
    }
    (kept, !duties.is_empty())
}

/// A typed value in its field's form.
///
/// # Errors
/// What to write instead.
pub(crate) fn checked(field: Field, typed: &str, day: LocalDate) -> Result<String, String> {
    let value = text(typed, 1)?;
    let date = |text: &str| text.parse::<LocalDate>().map_err(|error| error.to_string());
    match field {
        Field::Name
        | Field::NameZh
        | Field::City
        | Field::Address
        | Field::ArrivedBy
        | Field::Occupation
        | Field::NextPlace
        | Field::LeavesBy
        | Field::DocumentNumber => Ok(value),
        Field::BirthDate => match parse_birth(&value) {
            Some(birth) if birth.age_on(day) >= -1 && birth.age_on(day) <= 130 && !after(birth, day) => {
                Ok(value)
            }
            Some(_) => Err("it lies in the future, or too far back".to_owned()),
            None => Err("write it like 1990-05-17, or the year alone".to_owned()),
        },
        Field::Nationality => {
            value.parse::<Nationality>().map_err(|error| error.to_string()).map(|own| own.as_str().to_owned())
        }
        Field::DocumentKind => {
            value.parse::<Permit>().map_err(|e| e.to_string()).map(|p| p.code().to_owned())
        }
        Field::Region => {
            value.parse::<AuthorityCode>().map_err(|error| error.to_string()).map(|own| own.code().to_owned())
        }
        Field::LimitOfStay => date(&value).map(|day| day.to_string()),
        Field::ArrivedOn => match date(&value)? {
            arrived if arrived > day => Err("the day of arrival lies in the future".to_owned()),
            arrived => Ok(arrived.to_string()),
        },
        Field::Sex => match value.as_str() {
            "F" | "M" | "X" => Ok(value),
            _ => Err("write F, M or X as in the document".to_owned()),
        },
    }
}

fn after(birth: Birth, day: LocalDate) -> bool {
    match birth {
        Birth::Date(born) => born > day,
        Birth::Year(year) => year > day.ymd().0,
    }
}

/// A text without blanks around it, control characters or too many characters.
pub(crate) fn text(typed: &str, least: usize) -> Result<String, String> {
    let value = typed.trim();
    if value.chars().any(char::is_control) {
        return Err("it has a character that cannot be printed; type it again".to_owned());
    }
    if (least..=MAX_TEXT).contains(&value.chars().count()) {
        Ok(value.to_owned())
    } else {
        Err(format!("write {least} to {MAX_TEXT} characters"))
    }
}

impl Guest {
    /// The value of a field.
    #[must_use]
    pub fn field(&self, field: Field) -> Option<&str> {
        self.fields.get(&field).map(|entry| entry.text.as_str())
    }

    /// Every field with its source.
    pub fn fields(&self) -> impl Iterator<Item = (Field, &Entry)> {
        self.fields.iter().map(|(field, entry)| (*field, entry))
    }

    /// What was noted of a minor, by duty.
    #[must_use]
    pub const fn notes(&self) -> &Notes {
        &self.notes
    }

    /// The pseudonym of a presentation.
    #[must_use]
    pub const fn pseudonym(&self) -> Option<Pseudonym> {
        self.pseudonym
    }

    /// Whether the duties towards minors apply.
    #[must_use]
    pub const fn may_be_minor(&self) -> bool {
        self.minor
    }

    /// The document, where its kind and number are kept.
    #[must_use]
    pub fn document(&self) -> Option<PermitNumber> {
        let permit = self.field(Field::DocumentKind)?.parse().ok()?;
        PermitNumber::parse(permit, self.field(Field::DocumentNumber)?).ok()
    }

    /// What the profile asks of this guest, who arrived on `day`, by what is kept of him.
    pub(crate) fn asked(&self, profile: &Profile, day: LocalDate, at: Moment) -> BTreeMap<Field, Need> {
        let document = self.document();
        let in_number = document.as_ref().and_then(PermitNumber::birth).map(Birth::Date);
        let birth = self.field(Field::BirthDate).and_then(parse_birth).or(in_number);
        let age = AgeEvidence { birth, over: BTreeMap::new() };
        let facts = GuestFacts {
            document: document.as_ref(),
            region: self.field(Field::Region).and_then(|text| text.parse().ok()),
            nationality: self.field(Field::Nationality).and_then(|text| text.parse().ok()),
            age: &age,
            day,
        };
        profile.fields(&facts, at)
    }
}

//! Profiles: what a hotel of a place asks of each guest, whom it reports, what it keeps how long. As data.
//!
//! Lives here: [`Profiles`], [`Profile`] and the questions that it answers. Not here: guests and their states (`stay`), the
//! figures themselves (`data/profiles.toml`, with their sources). Pure.

mod age;
mod field;
mod file;
mod permit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use documents::{AuthorityCode, LocalDate, Nationality, Timestamp};

pub use age::AgeEvidence;
pub use field::{Field, NotAField};
pub use permit::{NotAPermit, Origin, Permit, PermitNumber, PermitNumberError};

/// The profiles that come with the program.
const BUILTIN: &str = include_str!("../../data/profiles.toml");

/// Profiles that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfilesError {
    /// The file is not TOML of this form.
    #[error("profiles.toml cannot be read; correct the line that is named, or take the file of this version")]
    Form(#[source] toml::de::Error),
    /// A profile contradicts itself.
    #[error("profiles.toml, profile {profile}: {what}")]
    Profile {
        /// Its id.
        profile: String,
        /// What is wrong and what to write.
        what: String,
    },
    /// There is none.
    #[error("profiles.toml has no [[profile]]; take the file of this version")]
    Empty,
}

/// The name of a profile, such as `mainland`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileId(String);

impl ProfileId {
    /// Reads 1 to 32 small letters, digits and hyphens.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        ((1..=32).contains(&text.len()) && text.bytes().all(fits)).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a field is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// At check-in.
    In,
    /// At check-out.
    Out,
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// It may be left out.
    Optional,
    /// Without it the guest is not registered.
    Required,
}

/// Whether a face may be compared at the desk. No law forces one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaceRule {
    /// Not at all.
    Never,
    /// Where the guest agrees and the approval allows it; the clerk's eye is the equal other way.
    Optional,
}

/// How long a stay's data are kept after check-out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// In days.
    pub days: u16,
    /// Whether the law asks to keep them: then no earlier deletion, and no approval shortens it.
    pub by_law: bool,
}

/// Who is reported to the police's register, and by when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRule {
    from_age: u8,
    except_permits: BTreeSet<Permit>,
    except_regions: BTreeSet<AuthorityCode>,
    within_seconds: i64,
    alarm_seconds: i64,
}

/// The moments of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// From here on the desk sounds the alarm.
    pub alarm_at: Timestamp,
    /// The last lawful moment.
    pub due_at: Timestamp,
}

/// One field of a profile, and of whom it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldRule {
    field: Field,
    who: BTreeSet<Origin>,
    chinese: Option<bool>,
    from_age: u8,
    below_age: Option<u8>,
    at: Moment,
    need: Need,
}

/// What a clerk notes of a child's duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DutyNote {
    /// That it was done.
    Acknowledged,
    /// The answer, in words.
    Text,
}

/// One thing that the clerk must ask or do where a minor checks in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildDuty {
    /// Its code.
    pub id: String,
    /// Below this age it applies.
    pub below_age: u8,
    /// What is noted.
    pub note: DutyNote,
    /// What the clerk is told.
    pub ask: String,
}

/// What a profile looks at to tell guests apart.
#[derive(Debug, Clone, Copy)]
pub struct GuestFacts<'a> {
    /// The document that was shown; `None` where a proof of residence stands for it.
    pub document: Option<&'a PermitNumber>,
    /// The region of which residence was proven.
    pub region: Option<AuthorityCode>,
    /// The nationality, where known.
    pub nationality: Option<Nationality>,
    /// What is known of the age.
    pub age: &'a AgeEvidence,
    /// The day of arrival.
    pub day: LocalDate,
}

impl GuestFacts<'_> {
    /// Where the guest comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin::of(self.document, self.region)
    }
}

/// One hotel profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    id: ProfileId,
    place: AuthorityCode,
    permits: BTreeSet<Permit>,
    register_from_age: u8,
    report: Option<ReportRule>,
    keep: Keep,
    face: FaceRule,
    fields: Vec<FieldRule>,
    child: Vec<ChildDuty>,
}

impl Profile {
    /// Its name.
    #[must_use]
    pub const fn id(&self) -> &ProfileId {
        &self.id
    }

    /// Where it applies.
    #[must_use]
    pub const fn place(&self) -> AuthorityCode {
        self.place
    }

    /// Whether a face may be compared.
    #[must_use]
    pub const fn face(&self) -> FaceRule {
        self.face
    }

    /// How long data are kept.
    #[must_use]
    pub const fn keep(&self) -> Keep {
        self.keep
    }

    /// Whether the desk takes this permit.
    #[must_use]
    pub fn takes(&self, permit: Permit) -> bool {
        self.permits.contains(&permit)
    }

    /// The fields that are asked of this guest at this moment. Of somebody whose age is not known everything is asked that his
    /// age might bring.
    #[must_use]
    pub fn fields(&self, guest: &GuestFacts<'_>, at: Moment) -> BTreeMap<Field, Need> {
        let origin = guest.origin();
        let mut asked = BTreeMap::new();
        for rule in &self.fields {
            let young_enough =
                rule.below_age.is_none_or(|below| guest.age.at_least(below, guest.day) != Some(true));
            let old_enough = guest.age.at_least(rule.from_age, guest.day) != Some(false);
            let of_nationality = rule
                .chinese
                .is_none_or(|chinese| guest.nationality.is_some_and(|own| own.is_chinese() == chinese));
            if rule.at == at && rule.who.contains(&origin) && young_enough && old_enough && of_nationality {
                let need = asked.entry(rule.field).or_insert(rule.need);
                *need = (*need).max(rule.need);
            }
        }
        asked
    }

    /// The fields that are asked of anybody at this moment.
    #[must_use]
    pub fn all_fields(&self, at: Moment) -> BTreeSet<Field> {
        self.fields.iter().filter(|rule| rule.at == at).map(|rule| rule.field).collect()
    }

    /// Whether the guest is registered by himself, or stands with an adult.
    #[must_use]
    pub fn registers(&self, age: &AgeEvidence, day: LocalDate) -> bool {
        age.at_least(self.register_from_age, day) != Some(false)
    }

    /// The moments of the report on this guest who arrived at `arrived`; `None` for whom none is made. Of somebody whose age is
    /// not known a report is made.
    #[must_use]
    pub fn report(&self, guest: &GuestFacts<'_>, arrived: Timestamp) -> Option<Deadline> {
        let rule = self.report.as_ref()?;
        let of_age = guest.age.at_least(rule.from_age, guest.day) != Some(false);
        let spared = guest.document.is_some_and(|document| rule.except_permits.contains(&document.permit()))
            || (guest.document.is_none()
                && guest.region.is_some_and(|region| rule.except_regions.contains(&region)));
        (of_age && !spared).then(|| Deadline {
            alarm_at: arrived.plus_seconds(rule.alarm_seconds),
            due_at: arrived.plus_seconds(rule.within_seconds),
        })
    }

    /// What the clerk must ask and note of this guest as a minor; of somebody whose age is not known too.
    #[must_use]
    pub fn child_duties(&self, age: &AgeEvidence, day: LocalDate) -> Vec<&ChildDuty> {
        self.child.iter().filter(|duty| age.at_least(duty.below_age, day) != Some(true)).collect()
    }

    /// The moment at which what is kept of a guest is erased who left at `out`. The approval's days count where they are fewer
    /// and the law asks for no figure of its own.
    #[must_use]
    pub fn keep_until(&self, out: Timestamp, approval_days: Option<u16>) -> Timestamp {
        let days = match approval_days {
            Some(approved) if !self.keep.by_law => approved.min(self.keep.days),
            Some(_) | None => self.keep.days,
        };
        out.local_date().plus_days(i32::from(days) + 1).start()
    }
}

/// Every profile of a file.
#[derive(Debug, Clone)]
pub struct Profiles(BTreeMap<ProfileId, Profile>);

impl Profiles {
    /// The profiles of this version.
    ///
    /// # Errors
    /// [`ProfilesError`], which a test rules out.
    pub fn builtin() -> Result<Self, ProfilesError> {
        Self::parse(BUILTIN)
    }

    /// Reads and checks a file of profiles.
    ///
    /// # Errors
    /// [`ProfilesError`] for the first fault.
    pub fn parse(text: &str) -> Result<Self, ProfilesError> {
        let file: file::File = toml::from_str(text).map_err(ProfilesError::Form)?;
        Ok(Self(file.checked()?.into_iter().map(|profile| (profile.id.clone(), profile)).collect()))
    }

    /// The profile of this name.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Profile> {
        self.0.get(&ProfileId::parse(id)?)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests;

//! Carer: the relation by which one person's pass (the ward's) may be on another person's phone (the carer's), and when it ends
//! (`docs/carer.md`).
//!
//! Lives here: [`Carer`], its making, its end, and whether it stands. Not here: who is whom (`authority`), the ages
//! (`rules::CarerRule`), proof of guardianship, which a clerk looks at.

use std::fmt;
use std::str::FromStr;

use serde_with::SerializeDisplay;

use crate::rules::CarerRule;
use crate::verdict::stable_codes;
use crate::{Birth, LocalDate, Timestamp, redact_debug};

/// The text is none of the codes of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown code of a carer's relation; write parent, guardian or authorised for its ground")]
pub struct NotACarerCode;

stable_codes! {
    /// On what ground somebody carries the pass.
    CarerGround {
        /// A parent of a minor.
        Parent = "parent",
        /// The legal guardian, of a minor or of an adult.
        Guardian = "guardian",
        /// The word of the ward, who is old enough to give it.
        Authorised = "authorised",
    }
}

stable_codes! {
    /// Who ended a relation before its time.
    CarerStop {
        /// The ward, who withdrew their consent.
        Ward = "ward",
        /// The carer, who gives the pass back.
        Carer = "carer",
        /// A clerk at a counter.
        Counter = "counter",
    }
}

stable_codes! {
    /// Why a relation stands no more.
    CarerOver {
        /// The ward turned the age at which their own word counts.
        OfAge = "of_age",
        /// Its last day is over.
        DateOver = "date_over",
        /// The ward withdrew their consent.
        ByWard = "withdrawn_by_ward",
        /// The carer gave the pass back.
        ByCarer = "withdrawn_by_carer",
        /// A counter ended it.
        AtCounter = "ended_at_counter",
    }
}

stable_codes! {
    /// Why no relation is made.
    CarerRefusal {
        /// Ward and carer are one person.
        SamePerson = "same_person",
        /// The carer is too young.
        CarerTooYoung = "carer_too_young",
        /// A parent is named, and the ward is old enough to give their own word.
        WardOfAge = "ward_of_age",
        /// The ward is named as the one who agrees, and is too young for it.
        WardTooYoung = "ward_too_young",
        /// It ends by date, and no last day is named.
        EndMissing = "end_missing",
        /// The last day is over.
        EndPast = "end_past",
        /// The last day lies too far ahead.
        EndTooFar = "end_too_far",
    }
}

impl FromStr for CarerGround {
    type Err = NotACarerCode;

    fn from_str(text: &str) -> Result<Self, NotACarerCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(NotACarerCode)
    }
}

impl FromStr for CarerStop {
    type Err = NotACarerCode;

    fn from_str(text: &str) -> Result<Self, NotACarerCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(NotACarerCode)
    }
}

impl std::error::Error for CarerRefusal {}

impl CarerRefusal {
    /// What to do next, for the clerk.
    #[must_use]
    pub const fn next(self) -> &'static str {
        match self {
            Self::SamePerson => "name another person as carer; whoever carries their own pass needs none",
            Self::CarerTooYoung => "name a carer who is of age",
            Self::WardOfAge => {
                "ask the holder themselves: from this age their own word counts, with a last day"
            }
            Self::WardTooYoung => {
                "ask a parent or the legal guardian; the holder is too young to agree alone"
            }
            Self::EndMissing => "name the last day; such a relation ends by date",
            Self::EndPast => "name a last day that is still to come",
            Self::EndTooFar => "name a last day within the longest term; the relation can be made again then",
        }
    }
}

impl From<CarerStop> for CarerOver {
    fn from(by: CarerStop) -> Self {
        match by {
            CarerStop::Ward => Self::ByWard,
            CarerStop::Carer => Self::ByCarer,
            CarerStop::Counter => Self::AtCounter,
        }
    }
}

/// How a relation ends by itself: with the first day on which it stands no more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum CarerEnd {
    /// The birthday of a minor.
    OfAge(LocalDate),
    /// The day after the last one.
    Over(LocalDate),
}
redact_debug!(CarerEnd);

impl CarerEnd {
    /// The first day on which the relation stands no more.
    #[must_use]
    pub const fn day(self) -> LocalDate {
        match self {
            Self::OfAge(day) | Self::Over(day) => day,
        }
    }

    const fn over(self) -> CarerOver {
        match self {
            Self::OfAge(_) => CarerOver::OfAge,
            Self::Over(_) => CarerOver::DateOver,
        }
    }
}

/// The two persons of a relation, each with their birth.
pub struct CarerPersons<P> {
    /// Whose pass it is.
    pub ward: (P, Birth),
    /// Who carries it.
    pub carer: (P, Birth),
}

/// What was agreed: on what ground, since when, until when.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct CarerTerms {
    /// The ground.
    pub ground: CarerGround,
    /// The day on which it was agreed.
    pub from: LocalDate,
    /// How it ends by itself.
    pub end: CarerEnd,
}
redact_debug!(CarerTerms);

/// The relation: whose pass is on whose phone, by what was agreed. `P` is whatever an authority knows persons by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Carer<P> {
    ward: P,
    carer: P,
    terms: CarerTerms,
    stopped: Option<CarerStop>,
}

impl<P> fmt::Debug for Carer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carer(redacted)")
    }
}

impl<P: Copy + PartialEq> Carer<P> {
    /// Agrees on a relation on `today`. `until`: its last day; a parent's or guardian's word for a minor ends on the birthday at the
    /// latest, and needs none.
    ///
    /// # Errors
    /// The first thing that speaks against it.
    pub fn agree(
        persons: &CarerPersons<P>,
        ground: CarerGround,
        until: Option<LocalDate>,
        rule: &CarerRule,
        today: LocalDate,
    ) -> Result<Self, CarerRefusal> {
        let ((ward, born), (carer, carer_born)) = (persons.ward, persons.carer);
        if ward == carer {
            return Err(CarerRefusal::SamePerson);
        }
        if today < day_of_age(carer_born, rule.carer_from) {
            return Err(CarerRefusal::CarerTooYoung);
        }
        let birthday = day_of_age(born, rule.ends_at);
        let minor = today < birthday;
        match ground {
            CarerGround::Parent if !minor => return Err(CarerRefusal::WardOfAge),
            CarerGround::Authorised if minor => return Err(CarerRefusal::WardTooYoung),
            CarerGround::Parent | CarerGround::Guardian | CarerGround::Authorised => {}
        }
        let over = until.map(|last| last.plus_days(1));
        if over.is_some_and(|over| over <= today) {
            return Err(CarerRefusal::EndPast);
        }
        let end = match (minor, over) {
            (true, Some(over)) if over < birthday => CarerEnd::Over(over),
            (true, Some(_) | None) => CarerEnd::OfAge(birthday),
            (false, None) => return Err(CarerRefusal::EndMissing),
            (false, Some(over)) => {
                let longest = today.plus_months(i32::from(rule.longest_months));
                if longest.plus_days(1) < over {
                    return Err(CarerRefusal::EndTooFar);
                }
                CarerEnd::Over(over)
            }
        };
        let terms = CarerTerms { ground, from: today, end };
        Ok(Self { ward, carer, terms, stopped: None })
    }

    /// The relation as it was kept.
    #[must_use]
    pub const fn kept(ward: P, carer: P, terms: CarerTerms, stopped: Option<CarerStop>) -> Self {
        Self { ward, carer, terms, stopped }
    }

    /// Whose pass it is.
    #[must_use]
    pub const fn ward(&self) -> P {
        self.ward
    }

    /// Who carries it.
    #[must_use]
    pub const fn carer(&self) -> P {
        self.carer
    }

    /// What was agreed.
    #[must_use]
    pub const fn terms(&self) -> CarerTerms {
        self.terms
    }

    /// Who ended it before its time; `None` where nobody did.
    #[must_use]
    pub const fn stopped(&self) -> Option<CarerStop> {
        self.stopped
    }

    /// Whether it stands at `now`. Once somebody ended it, it never does again.
    ///
    /// # Errors
    /// Why it stands no more.
    pub fn stands(&self, now: Timestamp) -> Result<(), CarerOver> {
        match self.stopped {
            Some(by) => Err(by.into()),
            None if now >= self.ends_at() => Err(self.terms.end.over()),
            None => Ok(()),
        }
    }

    /// The instant at which it ends by itself: at it, the relation stands no more.
    #[must_use]
    pub fn ends_at(&self) -> Timestamp {
        self.terms.end.day().start()
    }

    /// When something ends that rests on it and would end at `expires` otherwise.
    #[must_use]
    pub fn cut(&self, expires: Timestamp) -> Timestamp {
        expires.min(self.ends_at())
    }

    /// Ends it before its time.
    ///
    /// # Errors
    /// Why it stands no more already.
    pub fn stop(self, by: CarerStop, now: Timestamp) -> Result<Self, CarerOver> {
        self.stands(now).map(|()| Self { stopped: Some(by), ..self })
    }
}

/// The first day on which somebody is `age` whole years old, as [`Birth::age_on`] counts.
#[must_use]
pub fn day_of_age(birth: Birth, age: u8) -> LocalDate {
    let years = i16::from(age);
    match birth {
        Birth::Date(born) => {
            let (year, month, day) = born.ymd();
            let turns = year.saturating_add(years);
            // Who was born on 29 February turns an age on 1 March of a common year.
            let found = LocalDate::new(turns, month, day).or_else(|| LocalDate::new(turns, 3, 1));
            found.unwrap_or_else(|| born.plus_months(i32::from(years) * 12))
        }
        // Of a year alone, the birthday of a year is counted as if it came with the next one.
        Birth::Year(year) => {
            let first = |year| LocalDate::new(year, 1, 1);
            first(year.saturating_add(years).saturating_add(1)).unwrap_or_else(|| {
                let far = LocalDate::from_days_since_epoch(2_932_000);
                far.unwrap_or_else(|| Timestamp::MAX.local_date())
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AuthorityCode, Rules};

    fn day(text: &str) -> LocalDate {
        text.parse().unwrap()
    }

    fn agreed(
        authority: AuthorityCode,
        born: &str,
        ground: CarerGround,
        until: Option<&str>,
    ) -> Result<Carer<u8>, CarerRefusal> {
        let rules = Rules::builtin().unwrap();
        let persons =
            CarerPersons { ward: (1, Birth::Date(day(born))), carer: (2, Birth::Date(day("1985-05-06"))) };
        Carer::agree(
            &persons,
            ground,
            until.map(day),
            rules.carer_rule(authority).unwrap(),
            day("2026-03-02"),
        )
    }

    #[test]
    fn a_relation_is_refused_for_the_first_thing_that_speaks_against_it() {
        use AuthorityCode::{Chn, Hkg, Mac};
        use CarerGround::{Authorised, Guardian, Parent};
        use CarerRefusal::{EndMissing, EndPast, EndTooFar, WardOfAge, WardTooYoung};
        for (authority, born, ground, until, expected) in [
            (Chn, "2012-03-03", Parent, None, Ok("2026-03-03")),
            (Chn, "2012-03-02", Parent, None, Err(WardOfAge)),
            (Chn, "2012-03-02", Guardian, None, Err(EndMissing)),
            (Chn, "2012-03-02", Authorised, Some("2026-12-31"), Ok("2027-01-01")),
            (Chn, "2012-03-03", Authorised, Some("2026-12-31"), Err(WardTooYoung)),
            (Hkg, "2012-03-02", Parent, None, Ok("2030-03-02")),
            (Hkg, "2012-03-02", Parent, Some("2026-06-30"), Ok("2026-07-01")),
            (Hkg, "2012-03-02", Parent, Some("2031-06-30"), Ok("2030-03-02")),
            (Mac, "2008-03-02", Parent, None, Err(WardOfAge)),
            (Mac, "1940-01-01", Authorised, None, Err(EndMissing)),
            (Mac, "1940-01-01", Authorised, Some("2026-03-01"), Err(EndPast)),
            (Mac, "1940-01-01", Authorised, Some("2026-03-02"), Ok("2026-03-03")),
            (Mac, "1940-01-01", Authorised, Some("2027-03-02"), Ok("2027-03-03")),
            (Mac, "1940-01-01", Authorised, Some("2027-03-03"), Err(EndTooFar)),
            (Mac, "1940-01-01", Guardian, Some("2027-03-02"), Ok("2027-03-03")),
        ] {
            let made = agreed(authority, born, ground, until);
            let end = made.map(|made| made.terms().end.day());
            assert_eq!(end, expected.map(day), "row {authority} {born} {ground} {until:?}");
        }
    }

    #[test]
    fn nobody_carries_their_own_pass_and_no_child_carries_anothers() {
        let rules = Rules::builtin().unwrap();
        let rule = rules.carer_rule(AuthorityCode::Hkg).unwrap();
        let today = day("2026-03-02");
        for (carer, born, expected) in
            [(1, "1985-05-06", CarerRefusal::SamePerson), (2, "2008-03-03", CarerRefusal::CarerTooYoung)]
        {
            let persons = CarerPersons {
                ward: (1, Birth::Date(day("2015-01-01"))),
                carer: (carer, Birth::Date(day(born))),
            };
            let made = Carer::agree(&persons, CarerGround::Parent, None, rule, today);
            assert_eq!(made.map(drop), Err(expected), "row {carer} {born}");
        }
    }

    #[test]
    fn a_relation_ends_at_the_midnight_with_which_the_ward_turns_the_age() {
        let made = agreed(AuthorityCode::Chn, "2012-03-05", CarerGround::Parent, None).unwrap();
        let midnight = day("2026-03-05").start();
        assert_eq!(made.stands(midnight.plus_seconds(-1)), Ok(()));
        assert_eq!(made.stands(midnight), Err(CarerOver::OfAge));
        assert_eq!(made.cut(midnight.plus_seconds(86_400)), midnight, "nothing lives on");
        assert_eq!(made.cut(midnight.plus_seconds(-86_400)), midnight.plus_seconds(-86_400));
    }

    #[test]
    fn who_ended_a_relation_is_told_and_it_is_ended_once() {
        let made = agreed(AuthorityCode::Chn, "2015-03-05", CarerGround::Parent, None).unwrap();
        let now = day("2026-03-04").start();
        for (by, expected) in [
            (CarerStop::Ward, CarerOver::ByWard),
            (CarerStop::Carer, CarerOver::ByCarer),
            (CarerStop::Counter, CarerOver::AtCounter),
        ] {
            let stopped = made.stop(by, now).unwrap();
            assert_eq!(stopped.stands(now), Err(expected));
            assert_eq!(stopped.stop(CarerStop::Counter, now), Err(expected));
        }
    }

    #[test]
    fn every_code_is_read_again_as_it_is_written() {
        for ground in CarerGround::ALL {
            assert_eq!(ground.as_str().parse(), Ok(*ground));
        }
        for stop in CarerStop::ALL {
            assert_eq!(stop.as_str().parse(), Ok(*stop));
        }
        assert_eq!("mother".parse::<CarerGround>(), Err(NotACarerCode));
    }
}

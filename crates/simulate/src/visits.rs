//! Visits: the real ladder, with outcomes and seconds drawn for who stands there.
//!
//! Lives here: [`visit`], [`Traveller`]. Not here: which measure answers which doubt (`risk::ladder`), how often a camera sees what (`showing`).
//! Chances of outcomes are assumed but where a source is named.

use documents::{Measure, Timestamp};
use risk::ladder::{Doubts, Means};
use risk::visit::{Decided, Decision, Outcome, Step, begin};

use crate::chance::{ALL, Chance};
use crate::scenario::Face;
use crate::showing::{Shown, Trick, look_again};
use crate::tables::Tables;

/// What a second look demands, in thousandths above the threshold: assumed.
const STRICTER: i64 = 30;
/// An honest holder knows the PIN and types it right at one of two tries.
const PIN: u32 = 985_000;
/// docs/face-report.md: 0.17 % of honest heads are refused by active liveness, 0.39 % at most.
const LIVENESS: u32 = 998_300;
/// The same page: planar artefacts passed in none of 3,000 motions each, at most 0.1 %.
const ARTEFACT: u32 = 1_000;
/// An honest holder's card is read.
const DOCUMENT: u32 = 990_000;
/// An honest traveller walks on to an officer.
const DECLINES: u32 = 5_000;

/// Who stands there, for the outcomes of measures.
pub(crate) struct Traveller<'a> {
    pub shown: &'a Shown,
    pub trick: Option<&'a Trick<'a>>,
    pub phone: bool,
    /// An officer would have a cause to refuse: they stand on a list.
    pub listed: bool,
    /// A person in office lets them through whatever they see.
    pub insider: bool,
}

/// How a visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended {
    pub cleared: bool,
    pub by_officer: bool,
    pub seconds: i64,
}

/// Plays a visit to its end.
pub(crate) fn visit(
    doubts: Doubts,
    traveller: &Traveller<'_>,
    now: Timestamp,
    tables: &Tables,
    chance: &mut Chance,
) -> Ended {
    let means = Means { phone: traveller.phone, document: traveller.shown.document, ..Means::ALL };
    let mut at = now;
    let mut step = begin(doubts, means, now);
    loop {
        match step {
            Step::Clear(clear) => {
                return Ended {
                    cleared: true,
                    by_officer: clear.by_officer(),
                    seconds: at.seconds_since(now),
                };
            }
            Step::Ask(asking) => {
                let measure = asking.measure();
                at = at.plus_seconds(tables.draw(table_of(measure), chance));
                step = asking.came_out(outcome(measure, traveller, tables, chance), at);
            }
            Step::Person(person) => {
                at = at.plus_seconds(tables.draw(table_of(Measure::Officer), chance));
                let decided = person.decided(decision(traveller, chance));
                let cleared = matches!(decided, Decided::Clear(_));
                return Ended { cleared, by_officer: true, seconds: at.seconds_since(now) };
            }
        }
    }
}

const fn table_of(measure: Measure) -> &'static str {
    match measure {
        Measure::Pin => "seconds_pin",
        Measure::SecondLook => "seconds_second_look",
        Measure::ActiveLiveness => "seconds_active_liveness",
        Measure::PhysicalDocument => "seconds_physical_document",
        Measure::Guardian | Measure::Officer => "seconds_officer",
    }
}

fn outcome(measure: Measure, traveller: &Traveller<'_>, tables: &Tables, chance: &mut Chance) -> Outcome {
    if traveller.trick.is_none() && chance.happens(DECLINES) {
        return Outcome::Declined;
    }
    let artefact = traveller.trick.is_some_and(|trick| trick.artefact.is_some());
    let passed = match measure {
        Measure::Pin => traveller.trick.map_or_else(|| chance.happens(PIN), |trick| trick.knows_pin),
        Measure::SecondLook => look_again(traveller.shown, tables, chance) >= STRICTER,
        Measure::ActiveLiveness => chance.happens(if artefact { ARTEFACT } else { LIVENESS }),
        // The face is compared with the document's own.
        Measure::PhysicalDocument => {
            let read = traveller.trick.map_or_else(|| chance.happens(DOCUMENT), |trick| trick.has_document);
            read && traveller.shown.face_margin >= 0
        }
        Measure::Guardian | Measure::Officer => false,
    };
    if passed { Outcome::Passed } else { Outcome::Failed }
}

/// An officer's decision; nobody refuses an honest traveller for a doubt.
fn decision(traveller: &Traveller<'_>, chance: &mut Chance) -> Decision {
    let refuses = match traveller.trick {
        _ if traveller.insider => 0,
        None if traveller.listed => ALL / 2,
        None => 0,
        Some(trick) => match trick.face {
            Face::Holder if trick.artefact.is_some() => 990_000,
            Face::Holder if traveller.listed => ALL / 2,
            Face::Holder => 300_000,
            Face::Stranger => 970_000,
            Face::LookAlike { .. } => 850_000,
            Face::Twin => 200_000,
        },
    };
    if chance.happens(refuses) { Decision::Refuse } else { Decision::NoDoubt }
}

//! Arrival: somebody comes to a port, on a journey of their own or by a case.
//!
//! Lives here: [`Arrival`], the hours that hold for it, and an enrolment as the authorities write it down. Not here: who plans one (`plan`,
//! `cases`).

use documents::Direction;

use crate::population::{Drawing, Person};

/// One person before a port.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// When, in seconds since 1970.
    pub at: i64,
    pub shard: usize,
    pub person: usize,
    pub place: usize,
    pub direction: Direction,
    /// The lane, where it is no matter of chance.
    pub lane: Option<usize>,
    /// What is done there that is not what it seems, by the place of its case. Only the world looks at it.
    pub case: Option<usize>,
    /// Whether the holder comes themselves, on a journey of their own.
    pub own: bool,
}

/// Each authority that knows them writes an enrolment down.
pub(crate) fn enrol(person: &mut Person, when: i64) {
    person.enrolled_at = Some(when);
    if let Some(now) = documents::Timestamp::from_unix(when) {
        for state in person.states.iter_mut().flatten() {
            **state = state.enrolled(now);
        }
    }
}

/// The first moment from `when` at which the port is open; `None` where it stays closed for half a day.
pub(crate) fn open_time(drawing: &Drawing<'_>, place: usize, when: i64) -> Option<i64> {
    if drawing.places.open(place, when) {
        return Some(when);
    }
    // Not all come at the first minute.
    let later = (1..=48).map(|step| when + step * 900).find(|at| drawing.places.open(place, *at))?;
    Some(later + when.rem_euclid(900))
}

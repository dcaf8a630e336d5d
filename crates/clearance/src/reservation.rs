//! Reservation: what an authority holds for one traveller between its admit and the passage event.
//!
//! Lives here: [`Reservation`] and its transitions, and [`ask_hold`]: whether a new one may be made beside those that
//! the person or the token has already. Not here: the table they lie in, and the verdict around them (`authority`).

use credential::TokenId;
use documents::Timestamp;

use crate::binding::{ClearanceId, LaneId, PassageId, ReservationId};
use crate::notice::Passage;

/// Why a reservation no longer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReleaseCause {
    /// The gate said `not_passed`.
    NotPassed,
    /// The gate said `returned`.
    Returned,
    /// The same lane began anew with the same traveller before it told the end of the last try.
    Superseded,
    /// An officer settled it.
    Officer,
}

/// One reservation. It always has an owner: the lane that holds it, the officer on whose list it stands, the ledger
/// that counted it, or the cause for which it was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reservation {
    /// Held for the lane.
    Held {
        /// Until when an event is awaited.
        until: Timestamp,
    },
    /// The passage was counted.
    Applied {
        /// Where in the ledger.
        passage: PassageId,
    },
    /// No event in time, or an event that does not know: on an officer's list. Refuses nobody by itself.
    Unresolved {
        /// Since when.
        since: Timestamp,
    },
    /// Nothing was spent: the traveller did not pass.
    Released {
        /// The instant of the release.
        at: Timestamp,
        /// The cause of it.
        cause: ReleaseCause,
    },
}

/// Why a transition is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReservationError {
    /// Another passage was counted on it already.
    #[error("the reservation was applied already, by passage {earlier}")]
    AlreadyApplied {
        /// The ledger's id of that passage.
        earlier: PassageId,
    },
    /// It was released; a passage that comes after that goes to an officer.
    #[error("the reservation was released at {at}")]
    AlreadyReleased {
        /// The instant of the release.
        at: Timestamp,
    },
}

impl Reservation {
    /// A fresh hold.
    #[must_use]
    pub const fn hold(until: Timestamp) -> Self {
        Self::Held { until }
    }

    /// A hold whose time is over goes on the officer's list; nothing else changes.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Held { until } if now >= until => Self::Unresolved { since: until },
            Self::Held { .. } | Self::Applied { .. } | Self::Unresolved { .. } | Self::Released { .. } => {
                self
            }
        }
    }

    /// Counts the passage. The physical passage is the fact: it is counted on an unresolved reservation too, and on
    /// one that the same lane superseded before its event arrived. A repeat changes nothing.
    ///
    /// # Errors
    /// Where another passage was counted on it, or it was released.
    pub fn apply(self, passage: PassageId) -> Result<Self, ReservationError> {
        match self {
            Self::Held { .. }
            | Self::Unresolved { .. }
            | Self::Released { cause: ReleaseCause::Superseded, .. } => Ok(Self::Applied { passage }),
            Self::Applied { passage: earlier } if earlier == passage => Ok(self),
            Self::Applied { passage: earlier } => Err(ReservationError::AlreadyApplied { earlier }),
            Self::Released {
                at,
                cause: ReleaseCause::NotPassed | ReleaseCause::Returned | ReleaseCause::Officer,
            } => Err(ReservationError::AlreadyReleased { at }),
        }
    }

    /// Releases it. A repeat changes nothing, and keeps the first time and cause.
    ///
    /// # Errors
    /// Where a passage was counted on it.
    pub fn release(self, at: Timestamp, cause: ReleaseCause) -> Result<Self, ReservationError> {
        match self {
            Self::Held { .. } | Self::Unresolved { .. } => Ok(Self::Released { at, cause }),
            Self::Released { .. } => Ok(self),
            Self::Applied { passage: earlier } => Err(ReservationError::AlreadyApplied { earlier }),
        }
    }

    /// Puts it on the officer's list. A repeat changes nothing.
    ///
    /// # Errors
    /// Where a passage was counted on it.
    pub fn doubt(self, since: Timestamp) -> Result<Self, ReservationError> {
        match self {
            Self::Held { .. } | Self::Released { cause: ReleaseCause::Superseded, .. } => {
                Ok(Self::Unresolved { since })
            }
            Self::Unresolved { .. } | Self::Released { .. } => Ok(self),
            Self::Applied { passage: earlier } => Err(ReservationError::AlreadyApplied { earlier }),
        }
    }

    /// What an officer makes of it, who found out what happened: `passage` where the traveller went through. It counts
    /// whatever a gate said before.
    ///
    /// # Errors
    /// Where another passage was counted on it, or one was and none is to be.
    pub fn settle(self, passage: Option<PassageId>, at: Timestamp) -> Result<Self, ReservationError> {
        match (self, passage) {
            (Self::Applied { passage: earlier }, Some(passage)) if earlier == passage => Ok(self),
            (Self::Applied { passage: earlier }, Some(_) | None) => {
                Err(ReservationError::AlreadyApplied { earlier })
            }
            (Self::Held { .. } | Self::Unresolved { .. } | Self::Released { .. }, Some(passage)) => {
                Ok(Self::Applied { passage })
            }
            (Self::Held { .. } | Self::Unresolved { .. } | Self::Released { .. }, None) => {
                Ok(Self::Released { at, cause: ReleaseCause::Officer })
            }
        }
    }

    /// What a gate's passage event makes of it; `passage` is the ledger's id for that event.
    ///
    /// # Errors
    /// As the transition that the event calls for.
    pub fn hear(self, event: Passage, passage: PassageId, at: Timestamp) -> Result<Self, ReservationError> {
        match event {
            Passage::Passed => self.apply(passage),
            Passage::NotPassed => self.release(at, ReleaseCause::NotPassed),
            Passage::Returned => self.release(at, ReleaseCause::Returned),
            Passage::Unknown => self.doubt(at),
        }
    }
}

/// One reservation among those of a person or a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hold {
    /// The reservation, as the ledger knows it.
    pub id: ReservationId,
    /// For which clearance.
    pub clearance: ClearanceId,
    /// At which lane.
    pub lane: LaneId,
    /// With which token.
    pub token: TokenId,
    /// How far it has come.
    pub state: Reservation,
}

/// Who asks for a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HoldRequest {
    /// The clearance for which rights are held.
    pub clearance: ClearanceId,
    /// The lane at which the traveller stands.
    pub lane: LaneId,
    /// The token that is spent by the passage.
    pub token: TokenId,
    /// An officer has settled what is unresolved about this person, for this clearance.
    pub settled: bool,
}

/// The answer to a [`HoldRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldAnswer {
    /// Make a new reservation.
    Hold,
    /// The same clearance asked before and still holds this one: prolong it, make none.
    Renew(ReservationId),
    /// Release this one as [`ReleaseCause::Superseded`] and make a new one: a lane serves one traveller at a time, so
    /// the same lane asking anew has ended its last try.
    Replace(ReservationId),
    /// Another lane holds the token or the person.
    Busy,
    /// These stand unresolved: answer `verify`.
    Unresolved(Vec<ReservationId>),
    /// The token was spent by an applied passage.
    TokenSpent,
    /// The clearance that asks has ended already; its request comes late.
    ClearanceOver,
}

/// Whether a reservation may be made at `now` beside all those (`holds`) that the same person or the same token has.
#[must_use]
pub fn ask_hold(holds: &[Hold], request: &HoldRequest, now: Timestamp) -> HoldAnswer {
    let mut own = None;
    let mut same_lane = None;
    let mut busy = false;
    let mut unresolved = Vec::new();
    for hold in holds {
        let mine = hold.clearance == request.clearance;
        match hold.state.at(now) {
            Reservation::Applied { .. } if mine => return HoldAnswer::ClearanceOver,
            Reservation::Released { .. } if mine => return HoldAnswer::ClearanceOver,
            Reservation::Applied { .. } if hold.token == request.token => return HoldAnswer::TokenSpent,
            Reservation::Applied { .. } | Reservation::Released { .. } => {}
            Reservation::Held { .. } if mine => own = Some(hold.id),
            Reservation::Held { .. } if hold.lane == request.lane => same_lane = Some(hold.id),
            Reservation::Held { .. } => busy = true,
            Reservation::Unresolved { .. } => unresolved.push(hold.id),
        }
    }
    if busy {
        return HoldAnswer::Busy;
    }
    if !unresolved.is_empty() && !request.settled {
        return HoldAnswer::Unresolved(unresolved);
    }
    match (own, same_lane) {
        (Some(id), _) => HoldAnswer::Renew(id),
        (None, Some(id)) => HoldAnswer::Replace(id),
        (None, None) => HoldAnswer::Hold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn passage(n: u8) -> PassageId {
        PassageId::from_bytes([n; 16])
    }

    #[test]
    fn each_transition_has_one_answer_from_each_state() {
        use ReservationError::*;
        let held = Reservation::hold(at(60));
        let applied = Reservation::Applied { passage: passage(1) };
        let unresolved = Reservation::Unresolved { since: at(60) };
        let released = Reservation::Released { at: at(5), cause: ReleaseCause::NotPassed };
        let superseded = Reservation::Released { at: at(5), cause: ReleaseCause::Superseded };
        let gone = Err(AlreadyReleased { at: at(5) });
        let counted = Err(AlreadyApplied { earlier: passage(1) });
        let now_released = |cause| Ok(Reservation::Released { at: at(9), cause });
        for (state, event, expected) in [
            (held, Passage::Passed, Ok(applied)),
            (held, Passage::NotPassed, now_released(ReleaseCause::NotPassed)),
            (held, Passage::Returned, now_released(ReleaseCause::Returned)),
            (held, Passage::Unknown, Ok(Reservation::Unresolved { since: at(9) })),
            (applied, Passage::Passed, Ok(applied)),
            (applied, Passage::NotPassed, counted),
            (applied, Passage::Returned, counted),
            (applied, Passage::Unknown, counted),
            (unresolved, Passage::Passed, Ok(applied)),
            (unresolved, Passage::NotPassed, now_released(ReleaseCause::NotPassed)),
            (unresolved, Passage::Returned, now_released(ReleaseCause::Returned)),
            (unresolved, Passage::Unknown, Ok(unresolved)),
            (released, Passage::Passed, gone),
            (released, Passage::NotPassed, Ok(released)),
            (released, Passage::Returned, Ok(released)),
            (released, Passage::Unknown, Ok(released)),
            (superseded, Passage::Passed, Ok(applied)),
            (superseded, Passage::NotPassed, Ok(superseded)),
            (superseded, Passage::Unknown, Ok(Reservation::Unresolved { since: at(9) })),
        ] {
            assert_eq!(state.hear(event, passage(1), at(9)), expected, "{state:?} hears {event:?}");
        }
        assert_eq!(applied.apply(passage(2)), counted);
    }

    #[test]
    fn what_an_officer_found_out_counts_whatever_a_gate_said_before() {
        let by_officer = Reservation::Released { at: at(9), cause: ReleaseCause::Officer };
        let applied = Reservation::Applied { passage: passage(1) };
        for state in [
            Reservation::hold(at(60)),
            Reservation::Unresolved { since: at(60) },
            Reservation::Released { at: at(5), cause: ReleaseCause::NotPassed },
            Reservation::Released { at: at(5), cause: ReleaseCause::Superseded },
        ] {
            assert_eq!(state.settle(Some(passage(1)), at(9)), Ok(applied), "{state:?}");
            assert_eq!(state.settle(None, at(9)), Ok(by_officer), "{state:?}");
        }
        let earlier = Err(ReservationError::AlreadyApplied { earlier: passage(1) });
        assert_eq!(applied.settle(Some(passage(1)), at(9)), Ok(applied));
        assert_eq!(applied.settle(Some(passage(2)), at(9)), earlier);
        assert_eq!(applied.settle(None, at(9)), earlier, "a passage that was counted is not taken back here");
    }

    #[test]
    fn a_hold_past_its_time_stands_unresolved_and_is_not_dropped() {
        let held = Reservation::hold(at(60));
        assert_eq!(held.at(at(59)), held);
        assert_eq!(held.at(at(60)), Reservation::Unresolved { since: at(60) });
        let released = Reservation::Released { at: at(1), cause: ReleaseCause::Officer };
        assert_eq!(released.at(at(600)), released);
    }

    #[test]
    fn a_second_request_is_answered_by_what_stands_already() {
        let lane = |name: &str| name.parse::<LaneId>().unwrap();
        let token = |n: u8| TokenId::from_bytes([n; 16]);
        let hold = |clearance: u8, at_lane: &str, with: u8, state| Hold {
            id: ReservationId::from_bytes([clearance; 16]),
            clearance: ClearanceId::from_bytes([clearance; 16]),
            lane: lane(at_lane),
            token: token(with),
            state,
        };
        let id = |n: u8| ReservationId::from_bytes([n; 16]);
        let held = Reservation::hold(at(60));
        let applied = Reservation::Applied { passage: passage(1) };
        let doubt = Reservation::Unresolved { since: at(0) };
        let gone = Reservation::Released { at: at(0), cause: ReleaseCause::NotPassed };
        // The request is always clearance 1 at lane-1 with token 1, ten seconds in unless said.
        for (holds, now, settled, expected) in [
            (vec![], 10, false, HoldAnswer::Hold),
            (vec![hold(1, "lane-1", 1, held)], 10, false, HoldAnswer::Renew(id(1))),
            (vec![hold(1, "lane-1", 1, gone)], 10, false, HoldAnswer::ClearanceOver),
            (vec![hold(1, "lane-1", 1, applied)], 10, false, HoldAnswer::ClearanceOver),
            (vec![hold(2, "lane-2", 1, held)], 10, false, HoldAnswer::Busy),
            (vec![hold(2, "lane-2", 2, held)], 10, false, HoldAnswer::Busy),
            (vec![hold(2, "lane-2", 2, held)], 10, true, HoldAnswer::Busy),
            (vec![hold(2, "lane-2", 2, held)], 60, false, HoldAnswer::Unresolved(vec![id(2)])),
            (vec![hold(2, "lane-2", 2, held)], 60, true, HoldAnswer::Hold),
            (vec![hold(2, "lane-1", 1, held)], 10, false, HoldAnswer::Replace(id(2))),
            (vec![hold(2, "lane-2", 1, gone)], 10, false, HoldAnswer::Hold),
            (vec![hold(2, "lane-2", 1, applied)], 10, false, HoldAnswer::TokenSpent),
            (vec![hold(2, "lane-2", 2, applied)], 10, false, HoldAnswer::Hold),
            (
                vec![hold(2, "lane-2", 2, doubt), hold(1, "lane-1", 1, held)],
                10,
                true,
                HoldAnswer::Renew(id(1)),
            ),
        ] {
            let request = HoldRequest {
                clearance: ClearanceId::from_bytes([1; 16]),
                lane: lane("lane-1"),
                token: token(1),
                settled,
            };
            assert_eq!(
                ask_hold(&holds, &request, at(now)),
                expected,
                "{holds:?} at {now}, settled {settled}"
            );
        }
    }
}

//! Machine: the course of one clearance, from a checked code to an ending that everybody asked was told of.
//!
//! Lives here: [`Clearance`], the events that move it and the commands that come out. What must be durable is a command
//! before what relies on it: asking is written before anybody is asked, the opening before the door, the passage before
//! anybody is told. Each event brings its own time. Not here: doing any of it (`gate`).

mod asking;
mod sentence;
mod transitions;

use documents::{AuthorityCode, Side, Timestamp};

use crate::binding::{ClearanceId, Place, Request, Round};
use crate::notice::{Passage, Told};
use crate::recovery::{AskingRecord, OpeningRecord, PassageRecord};
use crate::verdict::{Admit, Measures, Verdict, VerdictError};

pub use asking::{Asking, Measuring};
pub use sentence::Sentence;

/// Seconds in which the authorities have to answer one round of requests.
pub const ASK_SECONDS: i64 = 8;
/// Seconds in which one round of measures has to be carried out.
pub const MEASURES_SECONDS: i64 = 55;
/// Seconds in which the door has to say what happened, from the command on.
pub const DOOR_SECONDS: i64 = 20;
/// How often one clearance may ask: once, and again after each round of measures.
pub const MAX_ROUNDS: u8 = 3;

/// The state of one clearance: one traveller at one lane. Each event consumes the state and gives the next one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Clearance {
    /// The gate checks the code and takes the face; no authority was asked.
    Checking {
        /// The clearance's id.
        id: ClearanceId,
        /// The lane where the traveller stands.
        place: Place,
    },
    /// The asking is being written.
    Noting(AskingRecord),
    /// The authorities are asked.
    Asking(Asking),
    /// An authority asked for measures, which are being carried out.
    Measuring(Measuring),
    /// Every authority admits; the opening is being written.
    Opening(OpeningRecord),
    /// The door was commanded.
    Open {
        /// The admits on which it opened.
        opening: OpeningRecord,
        /// The instant from which a silent door counts as `unknown`.
        deadline: Timestamp,
    },
    /// The end is being written.
    Closing(PassageRecord),
    /// Over before any authority was asked; none is told anything.
    Unasked,
    /// Over: the end is written, and the authorities are told of it.
    Ended(PassageRecord),
}

/// What happens to a clearance. `now` is the time of the event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`now` has one meaning in every event, and it stands above")]
pub enum Event {
    /// Code and face passed the gate's own check; `round` is the first asking.
    Checked { round: Round, now: Timestamp },
    /// The gate's own check failed; `sentence` says so to the traveller.
    CheckFailed { sentence: Sentence },
    /// The asking is durable.
    AskingRecorded { now: Timestamp },
    /// An authority answered; signature and role of the verdict were verified.
    Answered { verdict: Verdict, now: Timestamp },
    /// The authority of `side` cannot be reached, or gave no answer that can be read.
    Unanswered { side: Side, now: Timestamp },
    /// The measures were taken; `round` is the next asking, after a new showing or picture with another `iat` or probe.
    MeasuresTaken { round: Round, now: Timestamp },
    /// The measures were not carried out.
    MeasuresFailed { now: Timestamp },
    /// The traveller left.
    WalkedAway { now: Timestamp },
    /// The opening is durable.
    OpeningRecorded { now: Timestamp },
    /// The door says what happened.
    Door { passage: Passage, now: Timestamp },
    /// The passage is durable.
    PassageRecorded,
    /// A record could not be written: a full disk, a broken one.
    RecordFailed { now: Timestamp },
    /// Time goes by; see [`Clearance::deadline`].
    Tick { now: Timestamp },
}

/// What has to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// Write this durably, then feed [`Event::AskingRecorded`].
    RecordAsking(AskingRecord),
    /// Send the request to the authority of this side.
    AskAuthority {
        /// The side that is asked.
        side: Side,
        /// The authority that judges it.
        authority: AuthorityCode,
        /// The request, of the last round.
        request: Request,
    },
    /// Have these measures carried out.
    RunMeasures(Measures),
    /// Write this durably, then feed [`Event::OpeningRecorded`].
    RecordOpening(OpeningRecord),
    /// Open the door, once.
    CommandDoor(ClearanceId),
    /// Write this durably, then feed [`Event::PassageRecorded`].
    RecordPassage(PassageRecord),
    /// Tell this authority, not before the time in `told`.
    TellAuthority {
        /// The authority to be told.
        authority: AuthorityCode,
        /// The end, and when it may be told.
        told: Told,
    },
    /// Call an officer to the lane.
    CallOfficer,
    /// Show this to the traveller.
    ShowTraveller(Sentence),
}

/// The next state and what has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub state: Clearance,
    /// The commands, in their order.
    pub commands: Vec<Command>,
}

/// An event that a state does not take. Nothing has changed: a forged or late answer ends no clearance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// The unchanged state.
    pub state: Clearance,
    /// The reason of the refusal.
    pub why: TransitionError,
}

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The event does not belong to this state.
    #[error("the event does not belong to a clearance that is {state}")]
    State {
        /// [`Clearance::name`] of the state.
        state: &'static str,
    },
    /// The verdict does not count here.
    #[error(transparent)]
    Verdict(#[from] VerdictError),
    /// The lane does not serve this side.
    #[error("this lane needs no {side} verdict")]
    Side {
        /// The side that it does not serve.
        side: Side,
    },
    /// The authority of this side gave another verdict on the same request before.
    #[error("the {side} side has answered this request already, otherwise")]
    AnsweredOtherwise {
        /// The side whose verdict does not fit the state.
        side: Side,
    },
    /// The round is about another clearance, lane or token.
    #[error("the round is about another {0}")]
    OtherRound(Mismatch),
}

/// What a round does not share with its clearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The clearance's id.
    Clearance,
    /// The lane, port, direction or sides.
    Place,
    /// The verdict is about another token.
    Token,
    /// Its own requests: one that would go out has gone out before.
    Request,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Clearance => "clearance",
            Self::Place => "lane",
            Self::Token => "token",
            Self::Request => "request",
        })
    }
}

type Moved = Result<(Clearance, Vec<Command>), Box<Refused>>;

impl Clearance {
    /// A traveller steps up to a lane.
    #[must_use]
    pub const fn new(id: ClearanceId, place: Place) -> Self {
        Self::Checking { id, place }
    }

    /// The state's name, for a log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Checking { .. } => "checking",
            Self::Noting(_) => "noting",
            Self::Asking(_) => "asking",
            Self::Measuring(_) => "measuring",
            Self::Opening(_) => "opening",
            Self::Open { .. } => "open",
            Self::Closing(_) => "closing",
            Self::Unasked => "unasked",
            Self::Ended(_) => "ended",
        }
    }

    /// When [`Event::Tick`] would change this state; `None` where no time is awaited.
    #[must_use]
    pub const fn deadline(&self) -> Option<Timestamp> {
        match self {
            Self::Asking(asking) => Some(asking.deadline),
            Self::Measuring(measuring) => Some(measuring.deadline),
            Self::Open { deadline, .. } => Some(*deadline),
            Self::Checking { .. }
            | Self::Noting(_)
            | Self::Opening(_)
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked => None,
        }
    }

    /// The verdict of `side` so far, for an officer's screen.
    #[must_use]
    pub fn verdict(&self, side: Side) -> Option<&Verdict> {
        match self {
            Self::Asking(asking) | Self::Measuring(Measuring { asking, .. }) => asking.verdict(side),
            Self::Opening(opening) | Self::Open { opening, .. } => {
                opening.admits.get(side).map(Admit::verdict)
            }
            Self::Checking { .. } | Self::Noting(_) | Self::Closing(_) | Self::Ended(_) | Self::Unasked => {
                None
            }
        }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`Refused`], with the unchanged state, where the event does not belong here or does not bind.
    pub fn step(self, event: Event) -> Result<Step, Box<Refused>> {
        self.take(event).map(|(state, commands)| Step { state, commands })
    }
}

fn close(record: PassageRecord, mut commands: Vec<Command>) -> (Clearance, Vec<Command>) {
    commands.push(Command::RecordPassage(record.clone()));
    (Clearance::Closing(record), commands)
}

//! Machine: the course of one clearance, from a checked code to an ending that everybody asked was told of.
//!
//! Lives here: [`Clearance`], the events that move it and the commands that come out. What must be durable is a command
//! before what relies on it: asking is written before anybody is asked, the opening before the door, the passage before
//! anybody is told. Each event brings its own time. Not here: doing any of it (`gate`).

use documents::{AuthorityCode, LaneKind, Side, Timestamp};

use crate::binding::{ClearanceId, Digest, Place, Request, Round, Sides, Subject};
use crate::notice::{Passage, Told};
use crate::recovery::{AskingRecord, OpeningRecord, PassageRecord};
use crate::verdict::{Admit, Answer, Measures, Verdict, VerdictError};

/// How long the authorities have to answer.
pub const ASK_SECONDS: i64 = 8;
/// How long the traveller has for the measures.
pub const MEASURES_SECONDS: i64 = 60;
/// How long the door stays open for him.
pub const DOOR_SECONDS: i64 = 20;
/// How often one clearance may ask: once, and again after each round of measures.
pub const MAX_ROUNDS: u8 = 3;

/// One traveller at one lane. Each event consumes the state and gives the next one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Clearance {
    /// The gate checks code and face; nobody was asked.
    Checking {
        /// Its id.
        id: ClearanceId,
        /// Where.
        place: Place,
    },
    /// The asking is being written.
    Noting(AskingRecord),
    /// The authorities are asked.
    Asking(Asking),
    /// An authority wants more.
    Measuring(Measuring),
    /// Everybody admits; the opening is being written.
    Opening(OpeningRecord),
    /// The door was commanded.
    Open {
        /// Why it was.
        opening: OpeningRecord,
        /// Until when the door is awaited.
        deadline: Timestamp,
    },
    /// The end is being written.
    Closing(PassageRecord),
    /// Over before anybody was asked: nobody is told anything.
    Unasked,
    /// Over: written, and to be told.
    Ended(PassageRecord),
}

/// Asked, with the answers so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asking {
    round: Round,
    number: u8,
    asked_at: Timestamp,
    deadline: Timestamp,
    sides: Sides<SideState>,
    /// Every request that went out: an answer to an old one must never pass for an answer to a new one.
    used: Vec<Digest>,
}

/// One side of an asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum SideState {
    /// No answer yet.
    Waiting(Request),
    /// Answered, in this round or (an admit of the same subject) in an earlier one.
    Answered(Request, Verdict),
    /// No answer came.
    Silent(Request),
}

/// Waiting for the traveller to do what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measuring {
    asking: Asking,
    wanted: Measures,
    deadline: Timestamp,
}

impl Measuring {
    /// What is wanted.
    #[must_use]
    pub const fn wanted(&self) -> Measures {
        self.wanted
    }
}

/// What happens to a clearance.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// Code and face passed the gate's own check: ask about this.
    Checked {
        /// The first asking.
        round: Round,
        /// When.
        now: Timestamp,
    },
    /// The gate's own check failed.
    CheckFailed,
    /// The asking is durable.
    AskingRecorded {
        /// When.
        now: Timestamp,
    },
    /// An authority answered.
    Answered {
        /// What, its signature and role verified.
        verdict: Verdict,
        /// When.
        now: Timestamp,
    },
    /// An authority cannot be reached, or gave no answer that can be read.
    Unanswered {
        /// Which side.
        side: Side,
        /// When.
        now: Timestamp,
    },
    /// The measures were taken.
    MeasuresTaken {
        /// The next asking; after a new showing or picture with another `iat` or probe.
        round: Round,
        /// When.
        now: Timestamp,
    },
    /// The traveller did not do what was asked for.
    MeasuresFailed {
        /// When.
        now: Timestamp,
    },
    /// The traveller left.
    WalkedAway {
        /// When.
        now: Timestamp,
    },
    /// The opening is durable.
    OpeningRecorded {
        /// When.
        now: Timestamp,
    },
    /// The door says what happened.
    Door {
        /// What.
        passage: Passage,
        /// When.
        now: Timestamp,
    },
    /// The passage is durable.
    PassageRecorded,
    /// What was to be written could not be written: a full disk, a broken one.
    RecordFailed {
        /// When.
        now: Timestamp,
    },
    /// Time goes by.
    Tick {
        /// When.
        now: Timestamp,
    },
}

/// What has to be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// Write this durably, then say [`Event::AskingRecorded`].
    RecordAsking(AskingRecord),
    /// Send the request to this side's authority.
    AskAuthority {
        /// The side.
        side: Side,
        /// Whom.
        authority: AuthorityCode,
        /// Which request.
        request: Request,
    },
    /// Have the traveller do this.
    RunMeasures(Measures),
    /// Write this durably, then say [`Event::OpeningRecorded`].
    RecordOpening(OpeningRecord),
    /// Open the door, once.
    CommandDoor(ClearanceId),
    /// Write this durably, then say [`Event::PassageRecorded`].
    RecordPassage(PassageRecord),
    /// Tell this authority, not before the time in it.
    TellAuthority {
        /// Whom.
        authority: AuthorityCode,
        /// What.
        told: Told,
    },
    /// An officer is needed at the lane.
    CallOfficer,
    /// Show the traveller this.
    ShowTraveller(Sentence),
}

/// What the traveller is shown. One sentence serves every reason that an authority may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sentence {
    /// Asking; please wait.
    PleaseWait,
    /// Please do what the screen says.
    FurtherCheck,
    /// Please go through.
    GoThrough,
    /// Please wait for an officer: for every kind of no.
    SeeOfficer,
    /// Please try again in a moment.
    TryAgain,
    /// This lane is not for you, that one is.
    OtherLane(LaneKind),
}

impl Sentence {
    /// The key of its text.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::PleaseWait => "please_wait",
            Self::FurtherCheck => "further_check",
            Self::GoThrough => "go_through",
            Self::SeeOfficer => "see_officer",
            Self::TryAgain => "try_again",
            Self::OtherLane(LaneKind::Code) => "other_lane_code",
            Self::OtherLane(LaneKind::FaceOnly) => "other_lane_face_only",
            Self::OtherLane(LaneKind::Manual) => "other_lane_manual",
        }
    }

    /// All sentences.
    pub const ALL: [Self; 8] = [
        Self::PleaseWait,
        Self::FurtherCheck,
        Self::GoThrough,
        Self::SeeOfficer,
        Self::TryAgain,
        Self::OtherLane(LaneKind::Code),
        Self::OtherLane(LaneKind::FaceOnly),
        Self::OtherLane(LaneKind::Manual),
    ];
}

/// The next state and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The next state.
    pub state: Clearance,
    /// What has to be done.
    pub commands: Vec<Command>,
}

/// An event that this state does not take. Nothing has changed: a forged or late answer ends no clearance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Refused {
    /// The state as it was.
    pub state: Clearance,
    /// Why.
    pub why: TransitionError,
}

/// Why an event is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// It does not belong to this state.
    #[error("the event does not belong to a clearance that is {state}")]
    State {
        /// The state's name.
        state: &'static str,
    },
    /// The verdict does not count here.
    #[error(transparent)]
    Verdict(#[from] VerdictError),
    /// The lane does not serve this side.
    #[error("this lane needs no {side} verdict")]
    Side {
        /// The side.
        side: Side,
    },
    /// The same authority has already answered this request otherwise.
    #[error("the {side} side has answered this request already, otherwise")]
    AnsweredOtherwise {
        /// The side.
        side: Side,
    },
    /// The round is about another clearance, lane or token.
    #[error("the round is about another {0}")]
    OtherRound(Why),
}

/// What a round does not share with its clearance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The clearance's id.
    Clearance,
    /// The lane, port, direction or sides.
    Place,
    /// The token.
    Token,
    /// Its own requests: one that would go out has gone out before.
    Request,
}

impl std::fmt::Display for Why {
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
            Self::Asking(asking) | Self::Measuring(Measuring { asking, .. }) => {
                match asking.sides.get(side)? {
                    SideState::Answered(_, verdict) => Some(verdict),
                    SideState::Waiting(_) | SideState::Silent(_) => None,
                }
            }
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

    fn take(self, event: Event) -> Moved {
        match event {
            Event::Checked { round, now } => self.checked(round, now),
            Event::CheckFailed => self.check_failed(),
            Event::AskingRecorded { now } => self.asking_recorded(now),
            Event::Answered { verdict, now } => self.answered(verdict, now),
            Event::Unanswered { side, now } => self.unanswered(side, now),
            Event::MeasuresTaken { round, now } => self.measures_taken(round, now),
            Event::MeasuresFailed { now } => self.measures_failed(now),
            Event::WalkedAway { now } => self.walked_away(now),
            Event::OpeningRecorded { now } => self.opening_recorded(now),
            Event::Door { passage, now } => self.door(passage, now),
            Event::PassageRecorded => self.passage_recorded(),
            Event::RecordFailed { now } => self.record_failed(now),
            Event::Tick { now } => self.tick(now),
        }
    }

    fn refused(self, why: TransitionError) -> Moved {
        Err(Box::new(Refused { state: self, why }))
    }

    fn unmoved(self) -> Moved {
        Ok((self, Vec::new()))
    }

    fn misplaced(self) -> Moved {
        let state = self.name();
        self.refused(TransitionError::State { state })
    }

    fn checked(self, round: Round, now: Timestamp) -> Moved {
        match self {
            Self::Checking { id, place } => {
                let why = if round.subject().clearance != id {
                    Some(Why::Clearance)
                } else if round.subject().place != place {
                    Some(Why::Place)
                } else {
                    None
                };
                if let Some(why) = why {
                    return Self::Checking { id, place }.refused(TransitionError::OtherRound(why));
                }
                let record = AskingRecord { round, asked_at: now };
                Ok((
                    Self::Noting(record.clone()),
                    vec![Command::ShowTraveller(Sentence::PleaseWait), Command::RecordAsking(record)],
                ))
            }
            Self::Noting(ref record) if record.round == round => self.unmoved(),
            Self::Asking(ref asking) if asking.round == round => self.unmoved(),
            Self::Noting(_)
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked => self.misplaced(),
        }
    }

    fn check_failed(self) -> Moved {
        match self {
            Self::Checking { .. } => Ok((Self::Unasked, Vec::new())),
            Self::Unasked => self.unmoved(),
            Self::Noting(_)
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_) => self.misplaced(),
        }
    }

    fn asking_recorded(self, now: Timestamp) -> Moved {
        match self {
            Self::Noting(AskingRecord { round, asked_at }) => {
                let sides = round.requests().map(|_, request| SideState::Waiting(request));
                let commands = ask_commands(&round, &sides);
                let deadline = now.plus_seconds(ASK_SECONDS);
                let used = round.requests().iter().map(|(_, request)| request.hash).collect();
                Ok((Self::Asking(Asking { round, number: 1, asked_at, deadline, sides, used }), commands))
            }
            // A repeat, or a write that ended after the traveller had left.
            Self::Asking(_)
            | Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_) => self.unmoved(),
            Self::Checking { .. } | Self::Unasked => self.misplaced(),
        }
    }

    fn answered(self, verdict: Verdict, now: Timestamp) -> Moved {
        match self {
            Self::Asking(asking) => asking.answered(verdict, now),
            Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked
            | Self::Checking { .. }
            | Self::Noting(_) => {
                if self.verdict(verdict.side) == Some(&verdict) {
                    self.unmoved()
                } else {
                    self.misplaced()
                }
            }
        }
    }

    fn unanswered(self, side: Side, now: Timestamp) -> Moved {
        match self {
            Self::Asking(mut asking) => {
                match asking.sides.get_mut(side) {
                    None => return Self::Asking(asking).refused(TransitionError::Side { side }),
                    Some(state @ SideState::Waiting(_)) => {
                        if let SideState::Waiting(request) = *state {
                            *state = SideState::Silent(request);
                        }
                    }
                    // The answer came on another try.
                    Some(SideState::Answered(..) | SideState::Silent(_)) => {}
                }
                Ok(asking.conclude(now))
            }
            Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked => self.unmoved(),
            Self::Checking { .. } | Self::Noting(_) => self.misplaced(),
        }
    }

    fn measures_taken(self, round: Round, now: Timestamp) -> Moved {
        match self {
            Self::Measuring(measuring) => measuring.taken(round, now),
            Self::Asking(ref asking) if asking.round == round => self.unmoved(),
            Self::Asking(_)
            | Self::Checking { .. }
            | Self::Noting(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked => self.misplaced(),
        }
    }

    fn measures_failed(self, now: Timestamp) -> Moved {
        match self {
            Self::Measuring(Measuring { asking, .. }) => Ok(asking.refuse(now, Sentence::SeeOfficer)),
            Self::Closing(_) | Self::Ended(_) => self.unmoved(),
            Self::Checking { .. }
            | Self::Noting(_)
            | Self::Asking(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Unasked => self.misplaced(),
        }
    }

    fn walked_away(self, now: Timestamp) -> Moved {
        match self {
            Self::Checking { .. } => Ok((Self::Unasked, Vec::new())),
            Self::Noting(record) => Ok(close(record.end_unopened(now), Vec::new())),
            Self::Asking(asking) | Self::Measuring(Measuring { asking, .. }) => {
                Ok(close(asking.into_record().end_unopened(now), Vec::new()))
            }
            Self::Opening(opening) => Ok(close(opening.end(Passage::NotPassed, now), Vec::new())),
            // From here on only the door knows who went where.
            Self::Open { .. } => self.misplaced(),
            Self::Closing(_) | Self::Ended(_) | Self::Unasked => self.unmoved(),
        }
    }

    fn opening_recorded(self, now: Timestamp) -> Moved {
        match self {
            Self::Opening(opening) => {
                if opening.admits.iter().any(|(_, admit)| admit.verdict().expired(now)) {
                    // Writing took longer than the verdicts hold, and the door was never commanded.
                    let officer = vec![Command::CallOfficer, Command::ShowTraveller(Sentence::SeeOfficer)];
                    return Ok(close(opening.end(Passage::NotPassed, now), officer));
                }
                let commands = vec![
                    Command::CommandDoor(opening.subject.clearance),
                    Command::ShowTraveller(Sentence::GoThrough),
                ];
                Ok((Self::Open { opening, deadline: now.plus_seconds(DOOR_SECONDS) }, commands))
            }
            Self::Open { .. } | Self::Closing(_) | Self::Ended(_) => self.unmoved(),
            Self::Checking { .. }
            | Self::Noting(_)
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Unasked => self.misplaced(),
        }
    }

    fn door(self, passage: Passage, now: Timestamp) -> Moved {
        match self {
            Self::Open { opening, .. } => {
                let officer = match passage {
                    Passage::Passed | Passage::NotPassed => Vec::new(),
                    Passage::Returned | Passage::Unknown => vec![Command::CallOfficer],
                };
                Ok(close(opening.end(passage, now), officer))
            }
            Self::Closing(ref record) | Self::Ended(ref record)
                if record.passage == passage && record.verdicts.is_some() =>
            {
                self.unmoved()
            }
            Self::Checking { .. }
            | Self::Noting(_)
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Opening(_)
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked => self.misplaced(),
        }
    }

    fn passage_recorded(self) -> Moved {
        match self {
            Self::Closing(record) => {
                let told = record.told();
                let commands = record
                    .subject
                    .place
                    .authorities()
                    .map(|(_, authority)| Command::TellAuthority { authority, told })
                    .collect();
                Ok((Self::Ended(record), commands))
            }
            Self::Ended(_) => self.unmoved(),
            Self::Checking { .. }
            | Self::Noting(_)
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Unasked => self.misplaced(),
        }
    }

    /// Without a record nobody is asked and no door opens. An end that cannot be written is tried again: until it
    /// is, nobody is told, and a restart tells from the records before it.
    fn record_failed(self, now: Timestamp) -> Moved {
        let officer = vec![Command::CallOfficer, Command::ShowTraveller(Sentence::SeeOfficer)];
        match self {
            Self::Noting(_) => Ok((Self::Unasked, officer)),
            Self::Opening(opening) => Ok(close(opening.end(Passage::NotPassed, now), officer)),
            Self::Closing(record) => Ok(close(record, Vec::new())),
            Self::Checking { .. }
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Open { .. }
            | Self::Unasked
            | Self::Ended(_) => self.misplaced(),
        }
    }

    fn tick(self, now: Timestamp) -> Moved {
        match self {
            Self::Asking(mut asking) if now >= asking.deadline => {
                asking.sides = asking.sides.map(|_, state| match state {
                    SideState::Waiting(request) => SideState::Silent(request),
                    SideState::Answered(..) | SideState::Silent(_) => state,
                });
                Ok(asking.conclude(now))
            }
            Self::Measuring(Measuring { asking, deadline, .. }) if now >= deadline => {
                Ok(asking.refuse(now, Sentence::SeeOfficer))
            }
            // The door says nothing: whether somebody went through is not known.
            Self::Open { opening, deadline } if now >= deadline => {
                Ok(close(opening.end(Passage::Unknown, now), vec![Command::CallOfficer]))
            }
            Self::Checking { .. }
            | Self::Noting(_)
            | Self::Asking(_)
            | Self::Measuring(_)
            | Self::Opening(_)
            | Self::Open { .. }
            | Self::Closing(_)
            | Self::Ended(_)
            | Self::Unasked => self.unmoved(),
        }
    }
}

impl Asking {
    fn into_record(self) -> AskingRecord {
        AskingRecord { round: self.round, asked_at: self.asked_at }
    }

    fn answered(mut self, verdict: Verdict, now: Timestamp) -> Moved {
        let side = verdict.side;
        let refused = match self.sides.get_mut(side) {
            None => TransitionError::Side { side },
            Some(SideState::Answered(_, earlier)) if *earlier == verdict => {
                return Ok((Clearance::Asking(self), Vec::new()));
            }
            Some(SideState::Answered(request, _)) if request.hash == verdict.request => {
                TransitionError::AnsweredOtherwise { side }
            }
            Some(SideState::Answered(..)) => VerdictError::OtherRequest.into(),
            Some(state @ (SideState::Waiting(_) | SideState::Silent(_))) => {
                let (SideState::Waiting(request)
                | SideState::Silent(request)
                | SideState::Answered(request, _)) = *state;
                match verdict.check(self.round.subject(), &request, now) {
                    Ok(()) => {
                        *state = SideState::Answered(request, verdict);
                        return Ok(self.conclude(now));
                    }
                    Err(why) => why.into(),
                }
            }
        };
        Clearance::Asking(self).refused(refused)
    }

    /// Goes on once every side has answered or is known to be silent. All are awaited, so that neither the traveller
    /// nor the other authority can tell from the time who said no.
    fn conclude(self, now: Timestamp) -> (Clearance, Vec<Command>) {
        if self.sides.iter().any(|(_, state)| matches!(state, SideState::Waiting(_))) {
            return (Clearance::Asking(self), Vec::new());
        }
        let mut gravest = Finding::Admits;
        for (_, state) in self.sides.iter() {
            gravest = gravest.and(Finding::of(state, now));
        }
        match gravest {
            Finding::Admits => match self.sides.try_map(|_, state| state.admit()) {
                Some(admits) => self.open(admits, now),
                None => self.refuse(now, Sentence::SeeOfficer),
            },
            Finding::Wants(wanted) if self.number < MAX_ROUNDS => {
                let commands =
                    vec![Command::ShowTraveller(Sentence::FurtherCheck), Command::RunMeasures(wanted)];
                let deadline = now.plus_seconds(MEASURES_SECONDS);
                (Clearance::Measuring(Measuring { asking: self, wanted, deadline }), commands)
            }
            Finding::Wants(_) | Finding::Refuses => self.refuse(now, Sentence::SeeOfficer),
            Finding::Busy => self.refuse(now, Sentence::TryAgain),
            Finding::OtherLane(open) => self.refuse(now, Sentence::OtherLane(open)),
        }
    }

    fn open(self, admits: Sides<Admit>, now: Timestamp) -> (Clearance, Vec<Command>) {
        let record = OpeningRecord {
            subject: self.round.subject().clone(),
            admits,
            asked_at: self.asked_at,
            decided_at: now,
        };
        (Clearance::Opening(record.clone()), vec![Command::RecordOpening(record)])
    }

    fn refuse(self, now: Timestamp, sentence: Sentence) -> (Clearance, Vec<Command>) {
        let mut commands = Vec::new();
        if sentence == Sentence::SeeOfficer {
            commands.push(Command::CallOfficer);
        }
        commands.push(Command::ShowTraveller(sentence));
        close(self.into_record().end_unopened(now), commands)
    }
}

impl SideState {
    fn admit(self) -> Option<Admit> {
        match self {
            Self::Answered(_, verdict) => Admit::of(verdict),
            Self::Waiting(_) | Self::Silent(_) => None,
        }
    }
}

impl Measuring {
    fn taken(self, round: Round, now: Timestamp) -> Moved {
        let before = self.asking.round.subject();
        let Subject { clearance, place, token, .. } = round.subject();
        let why = if *clearance != before.clearance {
            Some(Why::Clearance)
        } else if *place != before.place {
            Some(Why::Place)
        } else if *token != before.token {
            Some(Why::Token)
        } else {
            None
        };
        if let Some(why) = why {
            return Clearance::Measuring(self).refused(TransitionError::OtherRound(why));
        }
        if now >= self.deadline {
            return Ok(self.asking.refuse(now, Sentence::SeeOfficer));
        }
        match self.asking.asked_again(&round, now) {
            Some(sides) => Ok(self.asking.again(round, sides, now)),
            None => Clearance::Measuring(self).refused(TransitionError::OtherRound(Why::Request)),
        }
    }
}

impl Asking {
    /// The sides of the next round. An admit about the very same subject that outlives the asking still binds;
    /// everybody else, and everybody after a new showing or picture, is asked again. `None` where a request that
    /// would go out is an old one.
    fn asked_again(&self, round: &Round, now: Timestamp) -> Option<Sides<SideState>> {
        let same_subject = round.subject() == self.round.subject();
        let needed_until = now.plus_seconds(ASK_SECONDS);
        round.requests().try_map(|side, request| match self.sides.get(side) {
            Some(kept @ SideState::Answered(_, verdict))
                if same_subject
                    && matches!(verdict.answer, Answer::Admit { .. })
                    && !verdict.expired(needed_until) =>
            {
                Some(*kept)
            }
            Some(SideState::Answered(..) | SideState::Waiting(_) | SideState::Silent(_)) | None => {
                (!self.used.contains(&request.hash)).then_some(SideState::Waiting(request))
            }
        })
    }

    fn again(self, round: Round, sides: Sides<SideState>, now: Timestamp) -> (Clearance, Vec<Command>) {
        let commands = std::iter::once(Command::ShowTraveller(Sentence::PleaseWait))
            .chain(ask_commands(&round, &sides))
            .collect();
        let mut used = self.used;
        used.extend(sides.iter().filter_map(|(_, state)| match state {
            SideState::Waiting(request) => Some(request.hash),
            SideState::Answered(..) | SideState::Silent(_) => None,
        }));
        let number = self.number.saturating_add(1);
        let deadline = now.plus_seconds(ASK_SECONDS);
        let asking = Self { round, number, asked_at: self.asked_at, deadline, sides, used };
        (Clearance::Asking(asking), commands)
    }
}

/// What the answers of all sides come to; the later the variant, the graver.
#[derive(Debug, Clone, Copy)]
enum Finding {
    Admits,
    Wants(Measures),
    Busy,
    OtherLane(LaneKind),
    Refuses,
}

impl Finding {
    fn of(state: &SideState, now: Timestamp) -> Self {
        match state {
            SideState::Waiting(_) | SideState::Silent(_) => Self::Refuses,
            SideState::Answered(_, verdict) => match verdict.answer {
                Answer::Admit { .. } if verdict.expired(now) => Self::Refuses,
                Answer::Admit { .. } => Self::Admits,
                Answer::Verify { measures } => Self::Wants(measures),
                Answer::Busy => Self::Busy,
                Answer::NotOpenToHolder { open } => Self::OtherLane(open),
                Answer::Refer => Self::Refuses,
            },
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wants(a), Self::Wants(b)) => Self::Wants(a.with(b)),
            (a, b) => {
                if a.rank() >= b.rank() {
                    a
                } else {
                    b
                }
            }
        }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Admits => 0,
            Self::Wants(_) => 1,
            Self::Busy => 2,
            Self::OtherLane(_) => 3,
            Self::Refuses => 4,
        }
    }
}

fn close(record: PassageRecord, mut commands: Vec<Command>) -> (Clearance, Vec<Command>) {
    commands.push(Command::RecordPassage(record.clone()));
    (Clearance::Closing(record), commands)
}

fn ask_commands(round: &Round, sides: &Sides<SideState>) -> Vec<Command> {
    sides
        .iter()
        .filter_map(|(side, state)| match state {
            SideState::Waiting(request) => {
                Some(Command::AskAuthority { side, authority: round.authority(side), request: *request })
            }
            SideState::Answered(..) | SideState::Silent(_) => None,
        })
        .collect()
}

//! Asking: one round of requests, the answers to it, and what they come to.
//!
//! All sides are awaited, so that neither the traveller nor the other authority can tell from the time who said no.

use documents::{LaneKind, Side, Timestamp};

use super::{
    ASK_SECONDS, Clearance, Command, MAX_ROUNDS, MEASURES_SECONDS, Mismatch, Moved, Sentence,
    TransitionError, close,
};
use crate::binding::{Digest, Request, Round, Sides, Subject};
use crate::recovery::{AskingRecord, OpeningRecord};
use crate::verdict::{Admit, Answer, Measures, Verdict, VerdictError};

/// Asked, with the answers so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asking {
    pub(super) round: Round,
    /// 1 for the first round, at most [`MAX_ROUNDS`].
    number: u8,
    /// When the first round began.
    asked_at: Timestamp,
    pub(super) deadline: Timestamp,
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
    pub(super) asking: Asking,
    wanted: Measures,
    pub(super) deadline: Timestamp,
}

impl Measuring {
    /// What is wanted.
    #[must_use]
    pub const fn wanted(&self) -> Measures {
        self.wanted
    }
}

impl Asking {
    /// The first round, which was written as `record`, and the commands that ask.
    pub(super) fn begin(record: AskingRecord, now: Timestamp) -> (Self, Vec<Command>) {
        let AskingRecord { round, asked_at } = record;
        let sides = round.requests().map(|_, request| SideState::Waiting(request));
        let commands = ask_commands(&round, &sides);
        let used = round.requests().iter().map(|(_, request)| request.hash).collect();
        let deadline = now.plus_seconds(ASK_SECONDS);
        (Self { round, number: 1, asked_at, deadline, sides, used }, commands)
    }

    pub(super) fn into_record(self) -> AskingRecord {
        AskingRecord { round: self.round, asked_at: self.asked_at }
    }

    /// The verdict of `side`, where it has answered.
    pub(super) fn verdict(&self, side: Side) -> Option<&Verdict> {
        match self.sides.get(side)? {
            SideState::Answered(_, verdict) => Some(verdict),
            SideState::Waiting(_) | SideState::Silent(_) => None,
        }
    }

    pub(super) fn unanswered(mut self, side: Side, now: Timestamp) -> Moved {
        match self.sides.get_mut(side) {
            None => return Clearance::Asking(self).refused(TransitionError::Side { side }),
            Some(state) => *state = state.silenced(),
        }
        Ok(self.conclude(now))
    }

    /// The time to answer is over: whoever has not answered is silent.
    pub(super) fn timed_out(mut self, now: Timestamp) -> (Clearance, Vec<Command>) {
        self.sides = self.sides.map(|_, state| state.silenced());
        self.conclude(now)
    }

    pub(super) fn answered(mut self, verdict: Verdict, now: Timestamp) -> Moved {
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

    /// Goes on once every side has answered or is known to be silent.
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

    pub(super) fn refuse(self, now: Timestamp, sentence: Sentence) -> (Clearance, Vec<Command>) {
        let mut commands = Vec::new();
        if sentence == Sentence::SeeOfficer {
            commands.push(Command::CallOfficer);
        }
        commands.push(Command::ShowTraveller(sentence));
        close(self.into_record().end_unopened(now), commands)
    }
}

impl SideState {
    /// Silent, where it has not answered: the answer may have come on another try.
    const fn silenced(self) -> Self {
        match self {
            Self::Waiting(request) => Self::Silent(request),
            Self::Answered(..) | Self::Silent(_) => self,
        }
    }

    fn admit(self) -> Option<Admit> {
        match self {
            Self::Answered(_, verdict) => Admit::of(verdict),
            Self::Waiting(_) | Self::Silent(_) => None,
        }
    }
}

impl Measuring {
    pub(super) fn taken(self, round: Round, now: Timestamp) -> Moved {
        let before = self.asking.round.subject();
        let Subject { clearance, place, token, .. } = round.subject();
        let why = if *clearance != before.clearance {
            Some(Mismatch::Clearance)
        } else if *place != before.place {
            Some(Mismatch::Place)
        } else if *token != before.token {
            Some(Mismatch::Token)
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
            None => Clearance::Measuring(self).refused(TransitionError::OtherRound(Mismatch::Request)),
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

//! Transitions: what each event makes of each state. Every pair has its answer; none is left to a default.

use documents::{Side, Timestamp};

use super::asking::{Asking, Measuring};
use super::{
    Clearance, Command, DOOR_SECONDS, Event, Mismatch, Moved, Refused, Sentence, TransitionError, close,
};
use crate::binding::Round;
use crate::notice::Passage;
use crate::recovery::AskingRecord;
use crate::verdict::Verdict;

impl Clearance {
    pub(super) fn take(self, event: Event) -> Moved {
        match event {
            Event::Checked { round, now } => self.checked(round, now),
            Event::CheckFailed { sentence } => self.check_failed(sentence),
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

    pub(super) fn refused(self, why: TransitionError) -> Moved {
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
                    Some(Mismatch::Clearance)
                } else if round.subject().place != place {
                    Some(Mismatch::Place)
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

    fn check_failed(self, sentence: Sentence) -> Moved {
        match self {
            Self::Checking { .. } => {
                let officer = (sentence == Sentence::SeeOfficer).then_some(Command::CallOfficer);
                let commands = officer.into_iter().chain([Command::ShowTraveller(sentence)]).collect();
                Ok((Self::Unasked, commands))
            }
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
            Self::Noting(record) => {
                let (asking, commands) = Asking::begin(record, now);
                Ok((Self::Asking(asking), commands))
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
            Self::Asking(asking) => asking.unanswered(side, now),
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
            Self::Checking { .. } => Ok((Self::Unasked, clear_screen())),
            Self::Noting(record) => Ok(close(record.end_unopened(now), clear_screen())),
            Self::Asking(asking) | Self::Measuring(Measuring { asking, .. }) => {
                Ok(close(asking.into_record().end_unopened(now), clear_screen()))
            }
            Self::Opening(opening) => Ok(close(opening.end(Passage::NotPassed, now), clear_screen())),
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
                    return Ok(close(opening.end(Passage::NotPassed, now), call_officer()));
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
                let commands = match passage {
                    Passage::Passed => Vec::new(),
                    Passage::NotPassed => clear_screen(),
                    Passage::Returned | Passage::Unknown => call_officer(),
                };
                Ok(close(opening.end(passage, now), commands))
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
        match self {
            Self::Noting(_) => Ok((Self::Unasked, call_officer())),
            Self::Opening(opening) => Ok(close(opening.end(Passage::NotPassed, now), call_officer())),
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
            Self::Asking(asking) if now >= asking.deadline => Ok(asking.timed_out(now)),
            Self::Measuring(Measuring { asking, deadline, .. }) if now >= deadline => {
                Ok(asking.refuse(now, Sentence::SeeOfficer))
            }
            // The door says nothing: whether somebody went through is not known.
            Self::Open { opening, deadline } if now >= deadline => {
                Ok(close(opening.end(Passage::Unknown, now), call_officer()))
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

/// Nobody stands at the lane any more.
fn clear_screen() -> Vec<Command> {
    vec![Command::ShowTraveller(Sentence::Welcome)]
}

fn call_officer() -> Vec<Command> {
    vec![Command::CallOfficer, Command::ShowTraveller(Sentence::SeeOfficer)]
}

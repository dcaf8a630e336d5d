//! Driver: carries one clearance from the first look at a traveller to its end.
//!
//! Lives here: [`Driver`], which feeds every event, time among them, into `clearance::Clearance` and carries out every
//! command that comes out. Not here: any decision. What a lane does is behind small traits: [`Records`],
//! [`Authorities`], [`Door`], [`Screen`], and [`Rounds`] for code, face and measures.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use clearance::{
    AskingRecord, Clearance, ClearanceId, Command, Event, Measures, OpeningRecord, Passage, PassageRecord,
    Place, Round, Sentence, Sides, Told, TransitionError, Verdict, VerdictError,
};
use documents::{AuthorityCode, Side};
use futures_util::stream::{FuturesUnordered, StreamExt};

use super::authorities::{Authorities, Signed};
use super::report::{Judged, Report};
use super::screen::Screen;
use super::time::{Deadline, LaneTime};
use crate::clock::Stopwatch;
use crate::devices::door::Door;
use crate::outbox::StoreError;
use crate::reason::GateReason;

/// Tries to write an end before it is left to the next start.
const END_WRITES: u32 = 3;
/// The wait between two of them.
const WRITE_WAIT: Duration = Duration::from_millis(100);

/// What a clearance writes. `Ok` means durable.
pub(super) trait Records: Sync {
    /// Writes that the authorities are about to be asked.
    fn record_asking(&self, record: &AskingRecord) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Writes that the door is about to open.
    fn record_opening(&self, record: &OpeningRecord) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Writes how it ended, and what each authority is to be told of it.
    fn record_passage(&self, record: &PassageRecord) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Sends what was written to this authority, once it is due.
    fn tell(&self, authority: AuthorityCode, told: Told);
}

/// A round that can be asked: what the clearance knows of it, and the bytes for each authority.
pub(super) struct PreparedRound {
    pub(super) round: Round,
    pub(super) bodies: Sides<Vec<u8>>,
}

/// Why there is no round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRound {
    /// Code, face or measures failed.
    Failed(GateReason),
    /// An officer at the lane refuses.
    Refused,
    /// The traveller left.
    Left,
}

/// Prepares what the authorities are asked about: the code, the face, and the measures in between.
pub(super) trait Rounds: Send {
    /// Checks the code and takes the face.
    fn first(&mut self) -> impl Future<Output = Result<PreparedRound, NoRound>> + Send;
    /// Carries out measures.
    fn again(&mut self, wanted: Measures) -> impl Future<Output = Result<PreparedRound, NoRound>> + Send;
}

type Heard = (Side, Result<Signed, GateReason>);

/// One traveller at one lane.
pub(super) struct Driver<'a, R, A, D, S, Q> {
    pub(super) records: &'a R,
    pub(super) authorities: &'a A,
    pub(super) door: &'a mut D,
    pub(super) screen: &'a mut S,
    pub(super) rounds: &'a mut Q,
    pub(super) time: &'a LaneTime<'a>,
    pub(super) watch: &'a dyn Stopwatch,
    pub(super) report: Report,
}

/// What was commanded and is not done yet.
#[derive(Default)]
struct Work<'a> {
    asks: FuturesUnordered<Pin<Box<dyn Future<Output = Heard> + Send + 'a>>>,
    /// The bytes of the last round.
    bodies: Option<Sides<Vec<u8>>>,
    measures: Option<Measures>,
    door: Option<ClearanceId>,
    end_writes: u32,
    /// When the first round was ready and when the door or the refusal was decided, on the stopwatch.
    asked_ms: Option<f64>,
    decided_ms: Option<f64>,
}

impl<'a, R: Records, A: Authorities, D: Door, S: Screen, Q: Rounds> Driver<'a, R, A, D, S, Q> {
    /// Drives the clearance `id` at `place` to its end; gives the report, without what [`Rounds`] knows.
    pub(super) async fn drive(mut self, id: ClearanceId, place: Place) -> Report {
        let start_ms = self.watch.millis();
        let mut state = Clearance::new(id, place);
        let mut work = Work::default();
        let mut deadline = Deadline::default();
        let mut events = VecDeque::new();
        loop {
            let event = match events.pop_front() {
                Some(event) => event,
                None => {
                    deadline.set(state.deadline(), self.time);
                    match self.wait(&state, &mut work, &mut deadline).await {
                        Some(event) => event,
                        None => break,
                    }
                }
            };
            state = self.take(state, event, &mut work, &mut events).await;
        }
        if let Clearance::Ended(record) | Clearance::Closing(record) = &state {
            self.report.passage = record.passage;
        }
        let end_ms = work.decided_ms.unwrap_or_else(|| self.watch.millis());
        self.report.ms.clear = work.asked_ms.map_or(0.0, |asked| end_ms - asked);
        self.report.ms.total = end_ms - start_ms;
        self.report
    }

    /// Feeds one event, and carries out what follows at once.
    async fn take(
        &mut self,
        state: Clearance,
        event: Event,
        work: &mut Work<'a>,
        events: &mut VecDeque<Event>,
    ) -> Clearance {
        let follow = self.if_refused(&event);
        match state.step(event) {
            Ok(step) => {
                for command in step.commands {
                    events.extend(self.obey(command, work).await);
                }
                step.state
            }
            Err(refused) => {
                // Nothing has changed: a verdict that does not bind leaves its side without an answer.
                tracing::warn!(why = %refused.why, "an event was refused");
                events.extend(follow.and_then(|follow| self.after_refusal(follow, &refused.why)));
                refused.state
            }
        }
    }

    /// Waits for the next thing that happens; `None` when nothing more will.
    async fn wait(
        &mut self,
        state: &Clearance,
        work: &mut Work<'a>,
        deadline: &mut Deadline,
    ) -> Option<Event> {
        let time = self.time;
        if matches!(state, Clearance::Checking { .. }) {
            let made = tokio::select! {
                biased;
                () = self.screen.departed() => Err(NoRound::Left),
                made = self.rounds.first() => made,
            };
            let made = self.unless_refused(made);
            return Some(self.checked(made, work));
        }
        if let Some(wanted) = work.measures.take() {
            let made = tokio::select! {
                biased;
                () = self.screen.departed() => Err(NoRound::Left),
                made = self.rounds.again(wanted) => made,
                now = deadline.reached(time) => {
                    self.report.reason = Some(GateReason::MeasuresNotTaken);
                    return Some(Event::Tick { now });
                }
            };
            let made = self.unless_refused(made);
            return Some(self.measured(made, work));
        }
        if let Some(id) = work.door.take() {
            return Some(tokio::select! {
                biased;
                opened = self.door.open(id) => {
                    let passage = opened.unwrap_or_else(|error| {
                        tracing::error!(clearance = %id, %error, "the door did not say what happened");
                        self.report.reason = Some(GateReason::DoorSilent);
                        Passage::Unknown
                    });
                    Event::Door { passage, now: time.now() }
                }
                now = deadline.reached(time) => {
                    self.report.reason = Some(GateReason::DoorSilent);
                    Event::Tick { now }
                }
            });
        }
        if matches!(state, Clearance::Asking(_)) {
            return Some(tokio::select! {
                biased;
                () = self.screen.departed() => Event::WalkedAway { now: time.now() },
                Some((side, heard)) = work.asks.next() => self.heard(side, heard),
                now = deadline.reached(time) => {
                    self.report.reason = Some(GateReason::AuthoritySilent);
                    Event::Tick { now }
                }
            });
        }
        None
    }

    /// A refusal by an officer that came while the round was prepared.
    fn unless_refused(&self, made: Result<PreparedRound, NoRound>) -> Result<PreparedRound, NoRound> {
        made.and_then(|round| if self.screen.refused() { Err(NoRound::Refused) } else { Ok(round) })
    }

    /// What the first look came to.
    fn checked(&mut self, made: Result<PreparedRound, NoRound>, work: &mut Work<'a>) -> Event {
        let now = self.time.now();
        let (reason, sentence) = match made {
            Ok(PreparedRound { round, bodies }) => {
                work.bodies = Some(bodies);
                work.asked_ms = Some(self.watch.millis());
                return Event::Checked { round, now };
            }
            Err(NoRound::Left) => {
                self.report.reason = Some(GateReason::SessionEnded);
                return Event::WalkedAway { now };
            }
            Err(NoRound::Refused) => (GateReason::SessionEnded, Sentence::SeeOfficer),
            Err(NoRound::Failed(reason)) => (reason, sentence_of(reason)),
        };
        self.report.reason = Some(reason);
        Event::CheckFailed { sentence }
    }

    /// What the measures came to.
    fn measured(&mut self, made: Result<PreparedRound, NoRound>, work: &mut Work<'a>) -> Event {
        let now = self.time.now();
        let reason = match made {
            Ok(PreparedRound { round, bodies }) => {
                work.bodies = Some(bodies);
                self.report.open_measures = None;
                return Event::MeasuresTaken { round, now };
            }
            Err(NoRound::Left) => return Event::WalkedAway { now },
            Err(NoRound::Refused) => GateReason::MeasuresNotTaken,
            Err(NoRound::Failed(reason)) => reason,
        };
        self.report.reason = Some(reason);
        Event::MeasuresFailed { now }
    }

    /// What one authority answered.
    fn heard(&mut self, side: Side, heard: Result<Signed, GateReason>) -> Event {
        let now = self.time.now();
        match heard {
            Ok((verdict, reference)) => {
                let Verdict { authority, answer, .. } = verdict;
                let verdicts = &mut self.report.verdicts;
                verdicts.retain(|v| v.side != side);
                verdicts.push(Judged { side, authority, answer, reference });
                verdicts.sort_by_key(|v| v.side);
                Event::Answered { verdict, now }
            }
            Err(reason) => {
                self.report.reason = Some(reason);
                Event::Unanswered { side, now }
            }
        }
    }

    /// Carries out one command, or keeps it for [`Self::wait`] where it takes time.
    async fn obey(&mut self, command: Command, work: &mut Work<'a>) -> Option<Event> {
        match command {
            Command::RecordAsking(record) => {
                let written = self.records.record_asking(&record).await;
                Some(self.written(written, |now| Event::AskingRecorded { now }))
            }
            Command::RecordOpening(record) => {
                let written = self.records.record_opening(&record).await;
                Some(self.written(written, |now| Event::OpeningRecorded { now }))
            }
            Command::RecordPassage(record) => {
                self.decided(work);
                if work.end_writes > 0 {
                    self.time.sleep(WRITE_WAIT).await;
                }
                work.end_writes += 1;
                let written = self.records.record_passage(&record).await;
                let failed = written.is_err();
                let event = self.written(written, |_| Event::PassageRecorded);
                // After the last try: asking or opening is durable, the next start settles it, and nobody was told.
                (!failed || work.end_writes < END_WRITES).then_some(event)
            }
            Command::AskAuthority { side, authority, .. } => {
                let body =
                    work.bodies.as_ref().and_then(|bodies| bodies.get(side)).cloned().unwrap_or_default();
                let authorities = self.authorities;
                work.asks.push(Box::pin(async move { (side, authorities.ask(side, authority, body).await) }));
                None
            }
            Command::RunMeasures(wanted) => {
                self.report.open_measures = Some(wanted);
                self.screen.show_officers(&self.report.verdicts);
                work.measures = Some(wanted);
                None
            }
            Command::CommandDoor(id) => {
                self.decided(work);
                self.screen.show_officers(&self.report.verdicts);
                work.door = Some(id);
                None
            }
            Command::TellAuthority { authority, told } => {
                self.records.tell(authority, told);
                None
            }
            Command::CallOfficer => {
                self.report.officer = true;
                None
            }
            Command::ShowTraveller(sentence) => {
                self.report.sentence = sentence.key();
                self.screen.show(sentence);
                None
            }
        }
    }

    fn decided(&self, work: &mut Work<'a>) {
        work.decided_ms.get_or_insert_with(|| self.watch.millis());
    }

    fn written(
        &mut self,
        written: Result<(), StoreError>,
        event: impl FnOnce(documents::Timestamp) -> Event,
    ) -> Event {
        let now = self.time.now();
        match written {
            Ok(()) => event(now),
            Err(error) => {
                tracing::error!(clearance = %self.report.clearance, %error, "a record could not be written");
                self.report.reason = Some(GateReason::RecordFailed);
                Event::RecordFailed { now }
            }
        }
    }

    /// What the refusal of this event would mean.
    fn if_refused(&self, event: &Event) -> Option<Missing> {
        match event {
            Event::Answered { verdict, .. } => Some(Missing::Verdict(verdict.side)),
            Event::MeasuresTaken { .. } => Some(Missing::NextRound),
            Event::Checked { .. } => Some(Missing::FirstRound),
            Event::CheckFailed { .. }
            | Event::AskingRecorded { .. }
            | Event::Unanswered { .. }
            | Event::MeasuresFailed { .. }
            | Event::WalkedAway { .. }
            | Event::OpeningRecorded { .. }
            | Event::Door { .. }
            | Event::PassageRecorded
            | Event::RecordFailed { .. }
            | Event::Tick { .. } => None,
        }
    }

    fn after_refusal(&mut self, missing: Missing, why: &TransitionError) -> Option<Event> {
        let now = self.time.now();
        match missing {
            Missing::Verdict(side) => {
                self.report.reason = Some(verdict_reason(why)?);
                self.report.verdicts.retain(|v| v.side != side);
                Some(Event::Unanswered { side, now })
            }
            Missing::NextRound => {
                self.report.reason = Some(GateReason::MeasuresNotTaken);
                Some(Event::MeasuresFailed { now })
            }
            Missing::FirstRound => {
                self.report.reason = Some(GateReason::WrongParts);
                Some(Event::CheckFailed { sentence: sentence_of(GateReason::WrongParts) })
            }
        }
    }
}

/// What is missing when an event is refused.
#[derive(Debug, Clone, Copy)]
enum Missing {
    Verdict(Side),
    FirstRound,
    NextRound,
}

/// What the traveller is shown for a reason that the gate found itself.
fn sentence_of(reason: GateReason) -> Sentence {
    if reason.sentence() == Sentence::SeeOfficer.key() {
        Sentence::SeeOfficer
    } else {
        Sentence::CheckFailed(reason.sentence())
    }
}

/// The gate's reason for a verdict that the clearance did not take.
const fn verdict_reason(why: &TransitionError) -> Option<GateReason> {
    match why {
        TransitionError::Verdict(VerdictError::Authority { .. }) => Some(GateReason::VerdictAuthority),
        TransitionError::Verdict(VerdictError::OtherRequest) => Some(GateReason::VerdictOtherRequest),
        TransitionError::Verdict(VerdictError::Expired { .. } | VerdictError::TooLong { .. }) => {
            Some(GateReason::VerdictExpired)
        }
        TransitionError::State { .. }
        | TransitionError::Side { .. }
        | TransitionError::AnsweredOtherwise { .. }
        | TransitionError::OtherRound(_) => None,
    }
}

#[cfg(test)]
mod tests;

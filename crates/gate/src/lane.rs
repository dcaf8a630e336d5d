//! Lane: one traveller from the first frame to the door, and the record of it.
//!
//! Lives here: [`Lane`], which does what the clearance commands, and its [`Report`]. Not here: any decision on the
//! traveller; the check decides on the code, the authorities decide on the person, the clearance joins them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clearance::{
    ASK_SECONDS, Answer, Clearance, ClearanceId, Command, DOOR_SECONDS, Digest, Envelope, Event,
    MAX_PROBE_LEN, Measures, Passage, Place, Request, ReservationId, Round, Sentence, Sides, Subject,
    TransitionError, Verdict, VerdictError,
};
use code::ReadError;
use credential::message::{self, Kind, Outcome};
use credential::{Audience, PartHash, TokenId};
use documents::{AuthorityCode, LaneKind, Measure, Side, Timestamp};
use face::active::{Attempt, Attempts, Prompt};
use face::{MAX_PICTURES, Track};

use crate::camera::{Camera, CameraError, CodeSight, Seen, Source};
use crate::check::{Checked, Checker, Window};
use crate::clock::{Clock, Stopwatch};
use crate::courier::Courier;
use crate::door::Door;
use crate::eyes::{EyeFault, Eyes, Look};
use crate::link::AuthorityLink;
use crate::measures::{Measurer, Taken, looks_again};
use crate::metrics::Metrics;
use crate::reason::GateReason;
use crate::replay::ReplayCache;
use crate::store::Store;
use crate::trusted::Trusted;

/// Times that a write of an end is tried before it is left to the next start.
const WRITES: usize = 3;
/// The longest active challenge, in milliseconds: its own bounds end it sooner where pictures come.
const CHALLENGE_MS: f64 = 40_000.0;
/// Most bytes of pictures that are kept while a challenge runs.
const CHALLENGE_BYTES: usize = 48 * 1024 * 1024;

/// What a lane is.
#[derive(Debug, Clone)]
pub struct LaneConfig {
    /// Where it stands and which verdicts it needs.
    pub place: Place,
    /// What it asks of the traveller.
    pub kind: LaneKind,
    /// The window for holder proofs.
    pub window: Window,
    /// Pictures of the face that are taken for one probe, 1 to [`MAX_PICTURES`].
    pub pictures: u8,
    /// Whether pictures from elsewhere than the gate's own camera are taken.
    pub simulated_camera: bool,
    /// The audiences of other lanes, to tell a code for elsewhere from a forged one.
    pub elsewhere: Vec<Audience>,
}

impl LaneConfig {
    /// The audience that a code for this lane must be made for.
    #[must_use]
    pub fn audience(&self) -> Audience {
        let side = match self.place.sides {
            Sides::Both { .. } => None,
            Sides::One(side, ()) => Some(side),
        };
        Audience::new(self.place.port.clone(), self.place.direction, side)
    }
}

/// What a lane works with for one traveller.
pub struct Around<'a, C, D, M> {
    /// Its camera.
    pub camera: &'a mut C,
    /// Its door.
    pub door: &'a mut D,
    /// Whoever carries out measures.
    pub measures: &'a mut M,
    /// The lists of this moment.
    pub trusted: &'a dyn Trusted,
    /// The time of day.
    pub clock: &'a dyn Clock,
    /// The stopwatch.
    pub watch: &'a dyn Stopwatch,
}

/// Milliseconds of each stage.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Stages {
    /// From a frame to the code's text.
    pub read: f64,
    /// The check of the code.
    pub check: f64,
    /// From pictures to the probe.
    pub face: f64,
    /// From the first request to the door command or the no.
    pub clear: f64,
    /// From the first frame to the door command or the no.
    pub total: f64,
}

/// One authority's verdict as the lane knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Which side.
    pub side: Side,
    /// Whose.
    pub authority: AuthorityCode,
    /// The class.
    pub answer: Answer,
    /// Under which the authority keeps its reason.
    pub reference: [u8; 16],
}

/// What became of one traveller.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The clearance.
    pub clearance: ClearanceId,
    /// What happened at the door; `not_passed` too where nobody was asked.
    pub passage: Passage,
    /// The gate's own reason, where it said no or had no verdict.
    pub reason: Option<GateReason>,
    /// What exactly was wrong, where the reason's code alone does not say it: for the officer or the command line.
    pub detail: Option<String>,
    /// The last verdict of each side that gave one, the exit first.
    pub verdicts: Vec<Judged>,
    /// Measures that an authority asked for and nobody carried out.
    pub open_measures: Option<Measures>,
    /// The key of the sentence that the traveller saw last.
    pub sentence: &'static str,
    /// Whether an officer was called.
    pub officer: bool,
    /// Whether any picture came from elsewhere than the gate's own camera: marks every output.
    pub simulated_camera: bool,
    /// The token's id, where a code passed the check.
    pub token: Option<TokenId>,
    /// Milliseconds.
    pub ms: Stages,
}

impl Report {
    fn new(clearance: ClearanceId) -> Self {
        Self {
            clearance,
            passage: Passage::NotPassed,
            reason: None,
            detail: None,
            verdicts: Vec::new(),
            open_measures: None,
            sentence: "welcome",
            officer: false,
            simulated_camera: false,
            token: None,
            ms: Stages::default(),
        }
    }

    /// The verdict of one side.
    #[must_use]
    pub fn verdict(&self, side: Side) -> Option<&Judged> {
        self.verdicts.iter().find(|v| v.side == side)
    }
}

/// One lane.
pub struct Lane<L, E> {
    config: LaneConfig,
    checker: Checker,
    replay: Arc<Mutex<ReplayCache>>,
    store: Arc<Store>,
    link: Arc<L>,
    eyes: Arc<E>,
    metrics: Arc<Metrics>,
}

impl<L: AuthorityLink, E: Eyes> Lane<L, E> {
    /// A lane. Lanes of one port share `replay` and `store`, so that a code shown at one is refused at the other.
    #[must_use]
    pub fn new(
        config: LaneConfig,
        replay: Arc<Mutex<ReplayCache>>,
        store: Arc<Store>,
        link: Arc<L>,
        eyes: Arc<E>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let checker = Checker::new(
            config.place.lane.clone(),
            config.audience(),
            config.window,
            config.elsewhere.clone(),
        );
        Self { config, checker, replay, store, link, eyes, metrics }
    }

    /// What it is.
    #[must_use]
    pub const fn config(&self) -> &LaneConfig {
        &self.config
    }

    /// The courier for this lane's events.
    #[must_use]
    pub fn courier(&self) -> Courier<L> {
        Courier::new(Arc::clone(&self.store), Arc::clone(&self.link))
    }

    /// Serves one traveller; `id` was drawn afresh. What has to be told later stays in the store for the courier.
    pub async fn serve<C: Camera, D: Door, M: Measurer>(
        &self,
        id: ClearanceId,
        around: Around<'_, C, D, M>,
    ) -> Report {
        let mut report = Report::new(id);
        let start = around.watch.millis();
        let mut scratch = Vec::new();
        let prepared = self.prepare(id, &mut report, &mut scratch, around).await;
        match prepared {
            Ok(mut crossing) => {
                crossing.run(&mut report, start).await;
            }
            Err((reason, end)) => {
                report.reason = Some(reason);
                report.sentence = reason.sentence();
                report.officer = reason.sentence() == Sentence::SeeOfficer.key();
                report.ms.total = end - start;
            }
        }
        self.metrics.count(&self.config.place.lane, &report);
        report
    }

    /// Everything before anybody is asked.
    async fn prepare<'a, C: Camera, D: Door, M: Measurer>(
        &'a self,
        id: ClearanceId,
        report: &mut Report,
        scratch: &'a mut Vec<u8>,
        around: Around<'a, C, D, M>,
    ) -> Result<Crossing<'a, L, E, C, D, M>, (GateReason, f64)> {
        let start = around.watch.millis();
        let watch = around.watch;
        let stop = |reason: GateReason| (reason, watch.millis());

        let seen = around
            .camera
            .code()
            .await
            .map_err(|error| stop(no_picture(&error, GateReason::PictureUnreadable, report)))?;
        let sight = self.admitted(seen, report).map_err(stop)?;
        let text = read(sight, report).await.map_err(stop)?;
        let read_at = watch.millis();
        report.ms.read = read_at - start;

        let now = around.clock.now();
        let checked = {
            let mut replay = self.replay.lock().unwrap_or_else(PoisonError::into_inner);
            self.checker.check(&text, scratch, around.trusted, &mut replay, now)
        };
        report.ms.check = watch.millis() - read_at;
        let checked = checked.map_err(stop)?;
        report.token = Some(checked.id());
        self.first_here(&checked, now).await.map_err(stop)?;

        let face_at = watch.millis();
        let mut crossing = Crossing { lane: self, id, checked, around, look: Look::none(), done: Vec::new() };
        let looked = crossing.look(report).await;
        report.ms.face = watch.millis() - face_at;
        match looked {
            Ok(()) => crossing.officer_on_suspicion(report).await.map_err(stop)?,
            Err(reason) => crossing.without_face(reason, report).await.map_err(stop)?,
        }
        Ok(crossing)
    }

    /// Only the gate's own camera, unless this lane was set up for a simulated one; marks the report.
    fn admitted<S>(&self, seen: Seen<S>, report: &mut Report) -> Result<S, GateReason> {
        match seen.source {
            Source::OwnCamera => {}
            Source::Simulated if self.config.simulated_camera => report.simulated_camera = true,
            Source::Simulated => return Err(GateReason::CameraNotOwn),
        }
        Ok(seen.sight)
    }

    /// The durable half of the replay check: it outlives a restart.
    async fn first_here(&self, checked: &Checked<'_>, now: Timestamp) -> Result<(), GateReason> {
        let forget = now.plus_seconds(-2 * self.config.window.seconds());
        let lane = self.checker.lane();
        match self.store.note_showing(checked.id(), checked.made_at(), lane, forget).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(GateReason::ReplayedElsewhere),
            Err(error) => {
                tracing::error!(%error, "a showing could not be noted");
                Err(GateReason::RecordFailed)
            }
        }
    }
}

impl Look {
    const fn none() -> Self {
        Self { probe: Vec::new(), suspicious: false }
    }
}

/// The reason for which a camera gave no picture; `too_large` for one that is larger than a picture may be.
fn no_picture(error: &CameraError, too_large: GateReason, report: &mut Report) -> GateReason {
    tracing::warn!(%error, "no picture from the camera");
    report.detail = Some(error.to_string());
    match error {
        CameraError::TooLarge => too_large,
        CameraError::NotAuthentic => GateReason::CameraNotOwn,
        CameraError::File { .. }
        | CameraError::Unreachable(_)
        | CameraError::Status { .. }
        | CameraError::Empty => GateReason::CameraSilent,
        CameraError::Ended => GateReason::SessionEnded,
    }
}

async fn read(sight: CodeSight, report: &mut Report) -> Result<String, GateReason> {
    let bytes = match sight {
        CodeSight::Text(text) => return Ok(text),
        CodeSight::Picture(bytes) => bytes,
    };
    let Ok(read) = tokio::task::spawn_blocking(move || code::read_picture(&bytes)).await else {
        return Err(GateReason::CodeUnreadable);
    };
    read.map_err(|error| {
        report.detail = Some(error.to_string());
        match error {
            ReadError::NoCode | ReadError::TooSmall { .. } => GateReason::CodeUnreadable,
            ReadError::Picture(_) => GateReason::PictureUnreadable,
        }
    })
}

/// One traveller whose code and face passed the gate's own check.
struct Crossing<'a, L, E, C, D, M> {
    lane: &'a Lane<L, E>,
    id: ClearanceId,
    checked: Checked<'a>,
    around: Around<'a, C, D, M>,
    look: Look,
    /// Numbers of the measures carried out so far.
    done: Vec<u8>,
}

/// A round that is ready to be asked: what the clearance knows of it, and the bytes to send.
struct Asking {
    round: Round,
    bodies: Sides<Vec<u8>>,
}

/// What one authority's answer came to.
enum Heard {
    Verdict(Verdict, [u8; 16]),
    Nothing(GateReason),
}

impl<L: AuthorityLink, E: Eyes, C: Camera, D: Door, M: Measurer> Crossing<'_, L, E, C, D, M> {
    fn now(&self) -> Timestamp {
        self.around.clock.now()
    }

    /// Takes pictures and makes the probe.
    async fn look(&mut self, report: &mut Report) -> Result<(), GateReason> {
        let mut pictures = vec![self.picture(report).await?];
        while pictures.len() < usize::from(self.lane.config.pictures.clamp(1, MAX_PICTURES)) {
            let seen = self.around.camera.more().await;
            let seen = seen.map_err(|error| no_picture(&error, GateReason::FacePictureUnreadable, report))?;
            let Some(seen) = seen else { break };
            pictures.push(self.lane.admitted(seen, report)?);
        }
        self.looked(pictures, report).await
    }

    /// One picture of the face, of a camera that counts here.
    async fn picture(&mut self, report: &mut Report) -> Result<Vec<u8>, GateReason> {
        let seen = self.around.camera.face().await;
        let seen = seen.map_err(|error| no_picture(&error, GateReason::FacePictureUnreadable, report))?;
        self.lane.admitted(seen, report)
    }

    /// Makes the probe of these pictures.
    async fn looked(&mut self, pictures: Vec<Vec<u8>>, report: &mut Report) -> Result<(), GateReason> {
        let eyes = Arc::clone(&self.lane.eyes);
        let Ok(looked) = tokio::task::spawn_blocking(move || eyes.look(&pictures)).await else {
            return Err(GateReason::FaceModels);
        };
        let look = looked.map_err(|EyeFault { reason, detail }| {
            report.detail = Some(detail);
            reason
        })?;
        if look.probe.len() > MAX_PROBE_LEN {
            return Err(GateReason::FacePoor);
        }
        self.look = look;
        Ok(())
    }

    /// A weak hint never refuses and never admits: the traveller is asked to move, or an officer looks, or nobody is asked.
    async fn officer_on_suspicion(&mut self, report: &mut Report) -> Result<(), GateReason> {
        let Ok(officer) = Measures::new([Measure::Officer]) else { return Ok(()) };
        if !self.look.suspicious {
            return Ok(());
        }
        if self.can_challenge() && self.challenge(report).await.is_ok() {
            self.done = vec![clearance::measure_number(Measure::ActiveLiveness)];
            report.detail = None;
            return Ok(());
        }
        report.officer = true;
        match self.around.measures.take(officer).await {
            Taken::All => {
                self.done = officer.numbers();
                Ok(())
            }
            Taken::NotAll => {
                report.open_measures = Some(officer);
                Err(GateReason::FaceNotLive)
            }
            Taken::Left => Err(GateReason::FaceNotLive),
        }
    }

    /// The equal path: whoever shows no face that can be compared (bandage, veil, great age, a small child, refusal) is
    /// compared with the document by an officer, and each authority writes that into its verdict.
    async fn without_face(&mut self, reason: GateReason, report: &mut Report) -> Result<(), GateReason> {
        if !matches!(reason, GateReason::FaceNone | GateReason::FacePoor) {
            return Err(reason);
        }
        let equal = Measures::new([Measure::PhysicalDocument, Measure::Officer]).map_err(|_| reason)?;
        match self.around.measures.take(equal).await {
            Taken::All => {
                report.officer = true;
                report.detail = None;
                self.look = Look::none();
                self.done = equal.numbers();
                Ok(())
            }
            Taken::NotAll | Taken::Left => Err(reason),
        }
    }

    /// Whether this lane can see a head move: a camera before which somebody stands, and eyes that judge it.
    fn can_challenge(&self) -> bool {
        self.around.camera.is_live() && self.lane.eyes.active_rules().is_some()
    }

    /// The active challenge: random motions, judged on every frame, a few tries. What passes is what is compared: the
    /// probe is made anew of the frames that passed.
    async fn challenge(&mut self, report: &mut Report) -> Result<(), GateReason> {
        let Some(rules) = self.lane.eyes.active_rules().cloned() else { return Err(GateReason::FaceNotLive) };
        let mut attempts = Attempts::new(&rules);
        loop {
            let mut seed = [0; 8];
            credential::random(&mut seed).map_err(|_| GateReason::FaceNotLive)?;
            let Ok(asked) = attempts.next(u64::from_be_bytes(seed), &rules) else {
                return Err(GateReason::FaceNotLive);
            };
            let played = self.attempt(Attempt::new(asked, rules.clone()), report).await;
            self.around.camera.prompt(Prompt::Ended).await;
            let (attempt, kept) = played?;
            match attempt.finish() {
                Ok(passed) => {
                    let evidence = passed.evidence();
                    tracing::info!(
                        frames = evidence.frames,
                        relief = evidence.relief,
                        plane_ratio = evidence.plane_ratio,
                        "the active challenge was passed"
                    );
                    return self.looked(passed.pick(kept), report).await;
                }
                Err(refusal) => {
                    tracing::info!(
                        code = refusal.code(),
                        left = attempts.left(),
                        "an active challenge failed"
                    );
                    report.detail = Some(format!("{}: {refusal}", refusal.code()));
                }
            }
        }
    }

    /// Plays one attempt to its end. The pictures of the frames that were judged are kept, in their order.
    async fn attempt(
        &mut self,
        mut attempt: Attempt,
        report: &mut Report,
    ) -> Result<(Attempt, Vec<Vec<u8>>), GateReason> {
        let (mut track, mut kept, mut bytes) = (Track::new(), Vec::new(), 0);
        let start = self.around.watch.millis();
        let mut shown = Prompt::Ended;
        while attempt.prompt() != Prompt::Ended && bytes < CHALLENGE_BYTES {
            if attempt.prompt() != shown {
                shown = attempt.prompt();
                self.around.camera.prompt(shown).await;
            }
            let picture = self.picture(report).await?;
            let at = self.around.watch.millis() - start;
            if at > CHALLENGE_MS {
                break;
            }
            let eyes = Arc::clone(&self.lane.eyes);
            let at_ms = whole_millis(at);
            let followed = tokio::task::spawn_blocking(move || {
                let frame = eyes.follow(&mut track, &picture, at_ms);
                (track, picture, frame)
            });
            let Ok((next, picture, frame)) = followed.await else { return Err(GateReason::FaceModels) };
            track = next;
            match frame {
                Ok(frame) => {
                    attempt.see(&frame);
                    bytes += picture.len();
                    kept.push(picture);
                }
                Err(fault) if fault.reason == GateReason::FaceModels => return Err(fault.reason),
                // A frame that is missing; too many of them break the track.
                Err(_) => {}
            }
        }
        Ok((attempt, kept))
    }

    /// Makes and signs the requests of one round.
    fn asking(&self) -> Result<Asking, GateReason> {
        let place = &self.lane.config.place;
        let now = self.now();
        let probe = credential::sha256(&self.look.probe);
        let subject = Subject {
            clearance: self.id,
            place: place.clone(),
            token: self.checked.id(),
            shown_at: self.checked.made_at(),
            probe: Digest::from_bytes(probe),
        };
        let mut parts = self.checked.parts();
        let made = match place.sides {
            Sides::One(side, ()) => {
                let only = parts.next().ok_or(GateReason::WrongParts)?;
                Sides::One(side, self.request(side, only, None, probe, now)?)
            }
            Sides::Both { .. } => {
                let exit = parts.next().ok_or(GateReason::WrongParts)?;
                let entry = parts.next().ok_or(GateReason::WrongParts)?;
                Sides::Both {
                    exit: self.request(Side::Exit, exit, Some(entry.1), probe, now)?,
                    entry: self.request(Side::Entry, entry, Some(exit.1), probe, now)?,
                }
            }
        };
        let requests = made.as_ref().map(|_, (request, _)| *request);
        let bodies = made.map(|_, (_, body)| body);
        let round = Round::new(subject, requests).map_err(|_| GateReason::WrongParts)?;
        Ok(Asking { round, bodies })
    }

    fn request(
        &self,
        role: Side,
        (part, part_hash): (&[u8], PartHash),
        other_part: Option<PartHash>,
        probe: [u8; 32],
        at: Timestamp,
    ) -> Result<(Request, Vec<u8>), GateReason> {
        let config = &self.lane.config;
        let key = self.lane.store.key();
        let request = message::Request {
            clearance: *self.id.as_bytes(),
            gate: key.gate.clone(),
            port: config.place.port.clone(),
            lane: config.kind,
            direction: config.place.direction,
            role,
            joint: matches!(config.place.sides, Sides::Both { .. }),
            token: self.checked.id(),
            made_at: self.checked.made_at(),
            part: part_hash,
            other_part,
            probe,
            at,
            measures_done: self.done.clone(),
        };
        let signed = message::sign(Kind::Request, &key.kid, &key.key, &request.encode())
            .map_err(|_| GateReason::RecordFailed)?;
        let envelope = Envelope {
            request: &signed,
            token: self.checked.token(),
            proof: self.checked.proof(),
            part,
            probe: &self.look.probe,
        };
        let hash = Digest::from_bytes(message::hash(&signed));
        Ok((Request { part: Digest::from_bytes(part_hash.0), hash }, envelope.encode()))
    }

    /// Runs the clearance to its end.
    async fn run(&mut self, report: &mut Report, start: f64) {
        let asked_at = self.around.watch.millis();
        let asking = match self.asking() {
            Ok(asking) => asking,
            Err(reason) => {
                report.reason = Some(reason);
                report.sentence = reason.sentence();
                return;
            }
        };
        let now = self.now();
        let mut state = Clearance::new(self.id, self.lane.config.place.clone());
        let mut bodies = asking.bodies;
        let mut events = VecDeque::from([Event::Checked { round: asking.round, now }]);
        let mut judged_at = None;
        while let Some(event) = events.pop_front() {
            let answered =
                if let Event::Answered { verdict, .. } = &event { Some(verdict.side) } else { None };
            let step = match state.step(event) {
                Ok(step) => step,
                Err(refused) => {
                    // The verdict does not bind: nothing has changed, and its side stays without an answer.
                    tracing::warn!(clearance = %self.id, why = %refused.why, "an event was refused");
                    if let (Some(reason), Some(side)) = (refusal(&refused.why), answered) {
                        report.reason = Some(reason);
                        report.verdicts.retain(|v| v.side != side);
                        events.push_back(Event::Unanswered { side, now: self.now() });
                    }
                    state = refused.state;
                    continue;
                }
            };
            state = step.state;
            let mut asks = Vec::new();
            for command in step.commands {
                match command {
                    Command::AskAuthority { side, authority, .. } => asks.push((side, authority)),
                    Command::CommandDoor(_) => {
                        let instant = self.around.watch.millis();
                        judged_at.get_or_insert(instant);
                        events.push_back(self.door(report).await);
                    }
                    Command::RunMeasures(wanted) => {
                        let (event, again) = self.measure(wanted, report).await;
                        if let Some(again) = again {
                            bodies = again;
                        }
                        events.push_back(event);
                    }
                    Command::RecordPassage(_) => {
                        let instant = self.around.watch.millis();
                        judged_at.get_or_insert(instant);
                        events.extend(self.obey(command, report).await);
                    }
                    Command::RecordAsking(_)
                    | Command::RecordOpening(_)
                    | Command::TellAuthority { .. }
                    | Command::CallOfficer
                    | Command::ShowTraveller(_) => events.extend(self.obey(command, report).await),
                }
            }
            events.extend(self.ask(&asks, &bodies, report).await);
        }
        if let Clearance::Ended(record) | Clearance::Closing(record) = &state {
            report.passage = record.passage;
        }
        let end = judged_at.unwrap_or_else(|| self.around.watch.millis());
        report.ms.clear = end - asked_at;
        report.ms.total = end - start;
    }

    /// What needs no answer from outside.
    async fn obey(&self, command: Command, report: &mut Report) -> Option<Event> {
        let store = &self.lane.store;
        match command {
            Command::RecordAsking(record) => Some(match store.record_asking(&record).await {
                Ok(()) => Event::AskingRecorded { now: self.now() },
                Err(error) => self.write_failed(&error, report),
            }),
            Command::RecordOpening(record) => Some(match store.record_opening(&record).await {
                Ok(()) => Event::OpeningRecorded { now: self.now() },
                Err(error) => self.write_failed(&error, report),
            }),
            Command::RecordPassage(record) => {
                for _ in 0..WRITES {
                    match store.record_passage(&record).await {
                        Ok(()) => return Some(Event::PassageRecorded),
                        Err(error) => drop(self.write_failed(&error, report)),
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                // The asking or the opening is durable: the next start settles it, and nobody was told.
                None
            }
            Command::CallOfficer => {
                report.officer = true;
                None
            }
            Command::ShowTraveller(sentence) => {
                report.sentence = sentence.key();
                None
            }
            // The outbox holds it since the passage was written; the courier tells when it falls due.
            Command::TellAuthority { .. } => None,
            Command::AskAuthority { .. } | Command::CommandDoor(_) | Command::RunMeasures(_) => None,
        }
    }

    fn write_failed(&self, error: &crate::store::StoreError, report: &mut Report) -> Event {
        tracing::error!(clearance = %self.id, %error, "a record could not be written");
        report.reason = Some(GateReason::RecordFailed);
        Event::RecordFailed { now: self.now() }
    }

    async fn door(&mut self, report: &mut Report) -> Event {
        self.around.measures.heard(&report.verdicts);
        let limit = Duration::from_secs(DOOR_SECONDS.unsigned_abs() + 1);
        let passage = match tokio::time::timeout(limit, self.around.door.open(self.id)).await {
            Ok(Ok(passage)) => passage,
            Ok(Err(error)) => {
                tracing::error!(clearance = %self.id, %error, "the door did not say what happened");
                report.reason = Some(GateReason::DoorSilent);
                Passage::Unknown
            }
            Err(_) => {
                report.reason = Some(GateReason::DoorSilent);
                Passage::Unknown
            }
        };
        Event::Door { passage, now: self.now() }
    }

    /// Carries out measures, and makes the next round where all were.
    async fn measure(&mut self, wanted: Measures, report: &mut Report) -> (Event, Option<Sides<Vec<u8>>>) {
        report.open_measures = Some(wanted);
        self.around.measures.heard(&report.verdicts);
        // A head that is asked to move is judged by this lane's eyes; where no camera sees it, by whoever carries out measures.
        let challenge = wanted.contains(Measure::ActiveLiveness) && self.can_challenge();
        let by_hand = if challenge {
            Measures::new(wanted.iter().filter(|m| *m != Measure::ActiveLiveness)).ok()
        } else {
            Some(wanted)
        };
        let taken = match by_hand {
            Some(by_hand) => self.around.measures.take(by_hand).await,
            None => Taken::All,
        };
        match taken {
            Taken::Left => return (Event::WalkedAway { now: self.now() }, None),
            Taken::NotAll => {
                report.reason = Some(GateReason::MeasuresNotTaken);
                return (Event::MeasuresFailed { now: self.now() }, None);
            }
            Taken::All => {}
        }
        let seen_again = if challenge {
            self.challenge(report).await
        } else if looks_again(wanted) {
            self.look(report).await
        } else {
            Ok(())
        };
        if seen_again == Err(GateReason::SessionEnded) {
            return (Event::WalkedAway { now: self.now() }, None);
        }
        if let Err(reason) = seen_again {
            report.reason = Some(reason);
            return (Event::MeasuresFailed { now: self.now() }, None);
        }
        for number in wanted.numbers() {
            if !self.done.contains(&number) {
                self.done.push(number);
            }
        }
        match self.asking() {
            Ok(asking) => {
                report.open_measures = None;
                (Event::MeasuresTaken { round: asking.round, now: self.now() }, Some(asking.bodies))
            }
            Err(reason) => {
                report.reason = Some(reason);
                (Event::MeasuresFailed { now: self.now() }, None)
            }
        }
    }

    /// Asks everybody at once, and waits for all.
    async fn ask(
        &self,
        asks: &[(Side, AuthorityCode)],
        bodies: &Sides<Vec<u8>>,
        report: &mut Report,
    ) -> Vec<Event> {
        let body = |side: Side| bodies.get(side).cloned().unwrap_or_default();
        let heard = match asks {
            [] => Vec::new(),
            [(side, authority)] => vec![(*side, self.ask_one(*side, *authority, body(*side)).await)],
            [(s1, a1), (s2, a2), ..] => {
                let (first, second) =
                    tokio::join!(self.ask_one(*s1, *a1, body(*s1)), self.ask_one(*s2, *a2, body(*s2)));
                vec![(*s1, first), (*s2, second)]
            }
        };
        let now = self.now();
        heard
            .into_iter()
            .map(|(side, heard)| match heard {
                Heard::Verdict(verdict, reference) => {
                    let Verdict { authority, answer, .. } = verdict;
                    report.verdicts.retain(|v| v.side != side);
                    report.verdicts.push(Judged { side, authority, answer, reference });
                    report.verdicts.sort_by_key(|v| v.side);
                    Event::Answered { verdict, now }
                }
                Heard::Nothing(reason) => {
                    report.reason = Some(reason);
                    Event::Unanswered { side, now }
                }
            })
            .collect()
    }

    async fn ask_one(&self, side: Side, authority: AuthorityCode, body: Vec<u8>) -> Heard {
        let limit = Duration::from_secs(ASK_SECONDS.unsigned_abs());
        let answer = tokio::time::timeout(limit, self.lane.link.verdict(authority, body)).await;
        let bytes = match answer {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) => {
                tracing::warn!(clearance = %self.id, %error, "no verdict");
                return Heard::Nothing(GateReason::AuthoritySilent);
            }
            Err(_) => return Heard::Nothing(GateReason::AuthoritySilent),
        };
        match open_verdict(&bytes, side, authority, self.around.trusted, self.now()) {
            Ok((verdict, reference)) => Heard::Verdict(verdict, reference),
            Err(reason) => Heard::Nothing(reason),
        }
    }
}

/// Reads a signed verdict with the key that the trust list names for this authority and this role.
///
/// # Errors
/// Why it is no verdict of this authority. Whether it answers the request, the clearance judges.
pub fn open_verdict(
    bytes: &[u8],
    side: Side,
    authority: AuthorityCode,
    trusted: &(impl Trusted + ?Sized),
    now: Timestamp,
) -> Result<(Verdict, [u8; 16]), GateReason> {
    let kid = message::kid(bytes).map_err(|_| GateReason::VerdictMalformed)?;
    let key = trusted.verdict_key(authority, kid, now).map_err(|_| GateReason::VerdictKey)?;
    let payload = message::open(Kind::Verdict, bytes, key).map_err(|_| GateReason::VerdictSignature)?;
    let read = message::Verdict::decode(payload).map_err(|_| GateReason::VerdictMalformed)?;
    let answer = match read.outcome {
        Outcome::Admit => {
            let held = read.reservation.ok_or(GateReason::VerdictMalformed)?;
            Answer::Admit { reservation: ReservationId::from_bytes(held) }
        }
        Outcome::Verify(numbers) => {
            let measures = Measures::from_numbers(&numbers).ok_or(GateReason::VerdictMalformed)?;
            Answer::Verify { measures }
        }
        Outcome::Refer => Answer::Refer,
        Outcome::Busy => Answer::Busy,
        Outcome::NotOpenToHolder(open) => Answer::NotOpenToHolder { open },
    };
    if read.authority != authority {
        return Err(GateReason::VerdictAuthority);
    }
    let verdict = Verdict {
        authority: read.authority,
        side,
        request: Digest::from_bytes(read.request),
        answer,
        valid_until: read.valid_until,
        hash: Digest::from_bytes(message::hash(bytes)),
    };
    Ok((verdict, read.reference))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn whole_millis(millis: f64) -> u64 {
    millis.round() as u64
}

/// The gate's reason for a verdict that the clearance did not take.
const fn refusal(why: &TransitionError) -> Option<GateReason> {
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

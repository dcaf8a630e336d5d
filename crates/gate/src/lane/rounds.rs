//! Rounds: what the authorities are asked about at a real lane: the code or cards that were shown, the face, and the measures.
//!
//! Lives here: [`LaneRounds`], the check of the code, the look at the face, the signed requests. Not here: the motions
//! of the active challenge (`challenge`), the code of an own unlock (`unlock`), when anything is asked (`driver`).

use std::sync::{Arc, PoisonError};

use clearance::{
    ClearanceId, Digest, MAX_PROBE_LEN, MEASURES_SECONDS, Measures, Request, Round, Sides, Subject,
};
use code::ReadError;
use credential::message::{self, Kind};
use credential::page::{Page, PageError};
use credential::{PartHash, TokenId};
use documents::pages::MAX_LAID;
use documents::{LaneKind, Measure, Side, Timestamp};
use face::MAX_PICTURES;

use super::driver::{NoRound, PreparedRound, Rounds};
use super::measures::{Measurer, Taken};
use super::report::{Report, Stages};
use super::shown::{self, Laid, Shown};
use super::time::LaneTime;
use super::unlock::Instead;
use super::{Lane, LaneConfig};
use crate::capture::{CaptureFault, Captured, FaceCapture, blocking};
use crate::check::{Checked, Trusted};
use crate::clock::Stopwatch;
use crate::devices::camera::{Camera, CameraError, CodeSight, PageSight, Seen, Source};
use crate::devices::chip_files::ChipFault;
use crate::outbox::AuthorityLink;
use crate::reason::GateReason;

/// One traveller's code or cards, face and measures.
pub(super) struct LaneRounds<'a, L, E, C, M> {
    pub(super) lane: &'a Lane<L, E>,
    pub(super) id: ClearanceId,
    pub(super) camera: &'a mut C,
    pub(super) measures: &'a mut M,
    pub(super) trusted: &'a dyn Trusted,
    pub(super) time: &'a LaneTime<'a>,
    pub(super) watch: &'a dyn Stopwatch,
    /// Hold the bytes of codes: of the first, and of each that is shown for an own unlock.
    pub(super) scratch: Vec<&'a mut Vec<u8>>,
    pub(super) shown: Option<Shown<'a>>,
    /// The text of the code that was read last: as long as it lies on the reader it is no other code.
    pub(super) read: Option<String>,
    pub(super) captured: Captured,
    /// Numbers of the measures carried out so far.
    pub(super) done: Vec<u8>,
    pub(super) notes: Notes,
}

/// What goes into the report.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) detail: Option<String>,
    simulated_camera: bool,
    officer: bool,
    open_measures: Option<Measures>,
    token: Option<TokenId>,
    ms: Stages,
}

impl Notes {
    /// Puts the notes into a report of the driver.
    pub(super) fn complete(self, report: &mut Report) {
        report.detail = self.detail;
        report.simulated_camera = self.simulated_camera;
        report.officer |= self.officer;
        report.open_measures = report.open_measures.or(self.open_measures);
        report.token = self.token;
        report.ms = Stages { read: self.ms.read, check: self.ms.check, face: self.ms.face, ..report.ms };
    }
}

impl<L: AuthorityLink, E: FaceCapture, C: Camera, M: Measurer> Rounds for LaneRounds<'_, L, E, C, M> {
    async fn first(&mut self) -> Result<PreparedRound, NoRound> {
        match self.lane.config.kind {
            LaneKind::Document => self.read_pages().await?,
            LaneKind::Code | LaneKind::FaceOnly | LaneKind::Manual => self.read_and_check().await?,
        }
        let face_at = self.watch.millis();
        let looked = self.look().await;
        self.notes.ms.face = self.watch.millis() - face_at;
        match looked {
            Ok(()) => self.settle_suspicion().await?,
            Err(NoRound::Failed(reason)) => self.go_without_face(reason).await?,
            Err(ended @ (NoRound::Refused | NoRound::Left)) => return Err(ended),
        }
        self.prepare()
    }

    /// A head that is asked to move is judged by this lane's camera where it can see one, else by whoever carries out
    /// measures.
    async fn again(&mut self, wanted: Measures) -> Result<PreparedRound, NoRound> {
        let challenge = wanted.contains(Measure::ActiveLiveness) && self.can_challenge();
        let instead =
            if wanted.contains(Measure::Pin) { self.unlock_again().await? } else { Instead::Nothing };
        let by_camera = |measure: &Measure| challenge && *measure == Measure::ActiveLiveness;
        let by_hand = wanted.iter().filter(|measure| *measure != Measure::Pin && !by_camera(measure));
        let by_hand = Measures::new(by_hand.chain(instead.to_be_done())).ok();
        if let Some(by_hand) = by_hand {
            match self.measures.take(by_hand).await {
                Taken::All => {}
                Taken::NotAll => return Err(NoRound::Failed(GateReason::MeasuresNotTaken)),
                Taken::Left => return Err(NoRound::Left),
            }
        }
        if challenge {
            self.challenge().await?;
        } else if wanted.contains(Measure::SecondLook) || wanted.contains(Measure::ActiveLiveness) {
            self.look().await?;
        }
        let carried_out = wanted.iter().filter(|measure| *measure != Measure::Pin || instead.is_nothing());
        for number in carried_out.chain(instead.done()).map(clearance::measure_number) {
            if !self.done.contains(&number) {
                self.done.push(number);
            }
        }
        self.prepare()
    }
}

impl<'a, L: AuthorityLink, E: FaceCapture, C: Camera, M: Measurer> LaneRounds<'a, L, E, C, M> {
    async fn read_and_check(&mut self) -> Result<(), NoRound> {
        let start = self.watch.millis();
        let seen = self.camera.code().await;
        let seen = seen.map_err(|error| self.no_picture(&error, GateReason::PictureUnreadable))?;
        let sight = self.admitted(seen)?;
        let text = self.read(sight).await?;
        let read_at = self.watch.millis();
        self.notes.ms.read = read_at - start;
        let now = self.time.now();
        let checked = self.check(&text, now);
        self.notes.ms.check = self.watch.millis() - read_at;
        let checked = checked.map_err(NoRound::Failed)?;
        self.notes.token = Some(checked.id());
        note_showing(self.lane, &checked, now).await.map_err(NoRound::Failed)?;
        self.read = Some(text);
        self.shown = Some(Shown::Code(Box::new(checked)));
        Ok(())
    }

    /// Checks the text of a code; its bytes stay as long as the traveller is served.
    pub(super) fn check(&mut self, text: &str, now: Timestamp) -> Result<Checked<'a>, GateReason> {
        let scratch = self.scratch.pop().ok_or(GateReason::CodeUnreadable)?;
        let mut replay = self.lane.replay.lock().unwrap_or_else(PoisonError::into_inner);
        self.lane.checker.check(text, scratch, self.trusted, &mut replay, now)
    }

    /// Reads cards until every authority of the lane has one to read, and seals each its own. What was read of them ends with
    /// this function.
    async fn read_pages(&mut self) -> Result<(), NoRound> {
        let start = self.watch.millis();
        let place = &self.lane.config.place;
        let mut pages = Vec::new();
        let places = loop {
            let seen = self.camera.page().await;
            let seen = seen.map_err(|error| self.no_picture(&error, GateReason::PageUnreadable))?;
            let sight = self.admitted(seen)?;
            pages.push(self.page_of(sight).await?);
            match shown::laid(&pages, place, MAX_LAID).map_err(NoRound::Failed)? {
                Laid::All(places) => break places,
                Laid::More => {}
            }
        };
        let read_at = self.watch.millis();
        self.notes.ms.read = read_at - start;
        let mut showing = [0; 16];
        credential::random(&mut showing).map_err(|_| NoRound::Failed(GateReason::RecordFailed))?;
        let key = self.lane.store.key();
        let lane = (self.id, key.gate.as_str(), place);
        let at = (TokenId::from_bytes(showing), self.time.now());
        let sealed = shown::seal(&pages, &places, lane, self.trusted, at).map_err(NoRound::Failed)?;
        self.notes.ms.check = self.watch.millis() - read_at;
        self.shown = Some(Shown::Pages(sealed));
        Ok(())
    }

    /// What was read of one card. The reason says no more than that it could not be read: an error of a zone names places in it.
    async fn page_of(&mut self, sight: PageSight) -> Result<Page, NoRound> {
        let unreadable = NoRound::Failed(GateReason::PageUnreadable);
        let today = self.time.now().local_date();
        let read = match sight {
            PageSight::Typed { number, birth } => Page::typed(number, birth),
            PageSight::Zone(lines) => Page::from_zone(&lines, today),
            PageSight::Pictures(pictures) => {
                let zones = self.lane.zones.clone();
                let read = blocking(move || zones.read(&pictures, today)).await.ok_or(unreadable)?;
                let lines = read.map_err(|fault| {
                    self.notes.detail = Some(fault.to_string());
                    unreadable
                })?;
                Page::from_zone(&lines, today)
            }
            PageSight::Chip(files) => files.page(today).map_err(|fault| {
                self.notes.detail = Some(fault.to_string());
                match fault {
                    ChipFault::Page(error) => error,
                    ChipFault::HandedIn(_) | ChipFault::File(_) | ChipFault::Read(_) | ChipFault::Missing => {
                        PageError::ChipUnread
                    }
                }
            }),
        };
        read.map_err(|error| match error {
            PageError::OtherDocument | PageError::NotRead { .. } => {
                NoRound::Failed(GateReason::DocumentNotRead)
            }
            PageError::Zone(_)
            | PageError::Number(_)
            | PageError::ChipTooLong
            | PageError::ChipUnread
            | PageError::Malformed(_)
            | PageError::Crypto(_) => unreadable,
        })
    }

    /// Only the gate's own camera, unless this lane was set up for a simulated one; marks the report.
    pub(super) fn admitted<S>(&mut self, seen: Seen<S>) -> Result<S, NoRound> {
        match seen.source {
            Source::OwnCamera => {}
            Source::Simulated if self.lane.config.simulated_camera => self.notes.simulated_camera = true,
            Source::Simulated => return Err(NoRound::Failed(GateReason::CameraNotOwn)),
        }
        Ok(seen.sight)
    }

    pub(super) async fn read(&mut self, sight: CodeSight) -> Result<String, NoRound> {
        let bytes = match sight {
            CodeSight::Text(text) => return Ok(text),
            CodeSight::Picture(bytes) => bytes,
        };
        let Some(read) = blocking(move || code::read_picture(&bytes)).await else {
            return Err(NoRound::Failed(GateReason::CodeUnreadable));
        };
        read.map_err(|error| {
            self.notes.detail = Some(error.to_string());
            NoRound::Failed(match error {
                ReadError::NoCode | ReadError::TooSmall { .. } => GateReason::CodeUnreadable,
                ReadError::Picture(_) => GateReason::PictureUnreadable,
            })
        })
    }

    /// Why a camera gave no picture; `too_large` is the reason for one that is larger than a picture may be.
    pub(super) fn no_picture(&mut self, error: &CameraError, too_large: GateReason) -> NoRound {
        tracing::warn!(%error, "no picture from the camera");
        self.notes.detail = Some(error.to_string());
        NoRound::Failed(match error {
            CameraError::Left => return NoRound::Left,
            CameraError::Refused => return NoRound::Refused,
            CameraError::TooLarge => too_large,
            CameraError::NotAuthentic => GateReason::CameraNotOwn,
            CameraError::NoReader
            | CameraError::File { .. }
            | CameraError::Unreachable(_)
            | CameraError::Status { .. }
            | CameraError::Empty => GateReason::CameraSilent,
        })
    }

    /// Takes pictures and makes the probe.
    async fn look(&mut self) -> Result<(), NoRound> {
        let mut pictures = vec![self.picture().await?];
        while pictures.len() < usize::from(self.lane.config.pictures.clamp(1, MAX_PICTURES)) {
            let seen = self.camera.more().await;
            let seen = seen.map_err(|error| self.no_picture(&error, GateReason::FacePictureUnreadable))?;
            let Some(seen) = seen else { break };
            pictures.push(self.admitted(seen)?);
        }
        self.capture(pictures).await
    }

    /// One picture of the face, of a camera that counts here.
    pub(super) async fn picture(&mut self) -> Result<Vec<u8>, NoRound> {
        let seen = self.camera.face().await;
        let seen = seen.map_err(|error| self.no_picture(&error, GateReason::FacePictureUnreadable))?;
        self.admitted(seen)
    }

    /// Makes the probe of these pictures.
    pub(super) async fn capture(&mut self, pictures: Vec<Vec<u8>>) -> Result<(), NoRound> {
        let faces = Arc::clone(&self.lane.faces);
        let Some(captured) = blocking(move || faces.capture(&pictures)).await else {
            return Err(NoRound::Failed(GateReason::FaceModels));
        };
        let captured = captured.map_err(|CaptureFault { reason, detail, .. }| {
            self.notes.detail = Some(detail);
            NoRound::Failed(reason)
        })?;
        if captured.probe.len() > MAX_PROBE_LEN {
            return Err(NoRound::Failed(GateReason::FacePoor));
        }
        self.captured = captured;
        Ok(())
    }

    /// A weak hint never refuses and never admits: the traveller is asked to move, or an officer looks, or no authority
    /// is asked.
    async fn settle_suspicion(&mut self) -> Result<(), NoRound> {
        let not_live = NoRound::Failed(GateReason::FaceNotLive);
        if !self.captured.suspicious {
            return Ok(());
        }
        if self.can_challenge() {
            match self.challenge().await {
                Ok(()) => {
                    self.done = vec![clearance::measure_number(Measure::ActiveLiveness)];
                    self.notes.detail = None;
                    return Ok(());
                }
                Err(NoRound::Left) => return Err(NoRound::Left),
                Err(NoRound::Failed(_) | NoRound::Refused) => {}
            }
        }
        self.notes.officer = true;
        let officer = Measures::new([Measure::Officer]).map_err(|_| not_live)?;
        match self.take_before_asking(officer).await {
            Taken::All => {
                self.done = officer.numbers();
                Ok(())
            }
            Taken::NotAll => {
                self.notes.open_measures = Some(officer);
                Err(not_live)
            }
            Taken::Left => Err(NoRound::Left),
        }
    }

    /// The equal path: whoever shows no face that can be compared (bandage, veil, great age, a small child, refusal) is
    /// compared with the document by an officer, and each authority writes that into its verdict.
    async fn go_without_face(&mut self, reason: GateReason) -> Result<(), NoRound> {
        let failed = NoRound::Failed(reason);
        if !matches!(reason, GateReason::FaceNone | GateReason::FacePoor) {
            return Err(failed);
        }
        let equal = Measures::new([Measure::PhysicalDocument, Measure::Officer]).map_err(|_| failed)?;
        match self.take_before_asking(equal).await {
            Taken::All => {
                self.notes.officer = true;
                self.notes.detail = None;
                self.captured = Captured::none();
                self.done = equal.numbers();
                Ok(())
            }
            Taken::NotAll => Err(failed),
            Taken::Left => Err(NoRound::Left),
        }
    }

    /// Measures that the gate itself asks for have the same time as those of an authority.
    async fn take_before_asking(&mut self, wanted: Measures) -> Taken {
        self.time.within(MEASURES_SECONDS, self.measures.take(wanted)).await.unwrap_or(Taken::NotAll)
    }

    /// Makes and signs the requests of one round.
    fn prepare(&self) -> Result<PreparedRound, NoRound> {
        self.prepared().map_err(NoRound::Failed)
    }

    fn prepared(&self) -> Result<PreparedRound, GateReason> {
        let shown = self.shown.as_ref().ok_or(GateReason::CodeUnreadable)?;
        let place = &self.lane.config.place;
        let at = self.time.now();
        let probe = credential::sha256(&self.captured.probe);
        let subject = Subject {
            clearance: self.id,
            place: place.clone(),
            token: shown.id(),
            shown_at: shown.made_at(),
            probe: Digest::from_bytes(probe),
        };
        let mut parts = shown.parts().into_iter();
        let mut part = || parts.next().ok_or(GateReason::WrongParts);
        let made = match place.sides {
            Sides::One(side, ()) => Sides::One(side, self.request(shown, side, part()?, None, probe, at)?),
            Sides::Both { .. } => {
                let (exit, entry) = (part()?, part()?);
                Sides::Both {
                    exit: self.request(shown, Side::Exit, exit, Some(entry.1), probe, at)?,
                    entry: self.request(shown, Side::Entry, entry, Some(exit.1), probe, at)?,
                }
            }
        };
        let requests = made.as_ref().map(|_, (request, _)| *request);
        let bodies = made.map(|_, (_, body)| body);
        let round = Round::new(subject, requests).map_err(|_| GateReason::WrongParts)?;
        Ok(PreparedRound { round, bodies })
    }

    fn request(
        &self,
        shown: &Shown<'a>,
        role: Side,
        (part, part_hash): (&[u8], PartHash),
        other_part: Option<PartHash>,
        probe: [u8; 32],
        at: Timestamp,
    ) -> Result<(Request, Vec<u8>), GateReason> {
        let LaneConfig { place, kind, .. } = &self.lane.config;
        let key = self.lane.store.key();
        let request = message::Request {
            clearance: *self.id.as_bytes(),
            gate: key.gate.clone(),
            port: place.port.clone(),
            lane: *kind,
            direction: place.direction,
            role,
            joint: matches!(place.sides, Sides::Both { .. }),
            token: shown.id(),
            shown: shown.hash(),
            made_at: shown.made_at(),
            part: part_hash,
            other_part,
            probe,
            at,
            measures_done: self.done.clone(),
        };
        let payload = request.encode();
        let signed = message::sign(Kind::Request, &key.kid, &key.key, &payload)
            .map_err(|_| GateReason::RecordFailed)?;
        let envelope = shown.envelope(&signed, part, &self.captured.probe);
        let hash = Digest::from_bytes(message::payload_hash(&payload));
        Ok((Request { part: Digest::from_bytes(part_hash.0), hash }, envelope))
    }
}

/// The durable half of the replay check: it outlives a restart.
pub(super) async fn note_showing<L, E>(
    lane: &Lane<L, E>,
    checked: &Checked<'_>,
    now: Timestamp,
) -> Result<(), GateReason> {
    // A paper pass is the same showing all day: a row of it would turn its holder away from the next lane after a restart.
    if checked.is_paper() {
        return refuse_spent(lane, checked).await;
    }
    let forget = now.plus_seconds(-2 * lane.config.window.seconds());
    match lane.store.note_showing(checked.id(), checked.made_at(), lane.checker.lane(), forget).await {
        Ok(true) => refuse_spent(lane, checked).await,
        Ok(false) => Err(GateReason::ReplayedElsewhere),
        Err(error) => {
            tracing::error!(%error, "a showing could not be noted");
            Err(GateReason::RecordFailed)
        }
    }
}

/// A token that somebody passed with here is spent, also while no authority has heard of it.
async fn refuse_spent<L, E>(lane: &Lane<L, E>, checked: &Checked<'_>) -> Result<(), GateReason> {
    match lane.store.passed_with(checked.id()).await {
        Ok(false) => Ok(()),
        Ok(true) if checked.is_paper() => Err(GateReason::PaperUsed),
        Ok(true) => Err(GateReason::TokenSpentHere),
        Err(error) => {
            tracing::error!(%error, "the store cannot be asked for a token");
            Err(GateReason::RecordFailed)
        }
    }
}

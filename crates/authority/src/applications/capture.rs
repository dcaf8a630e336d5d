//! Capture: enrolments under way, and the face that each of them showed so far.
//!
//! Lives here: the bounded set of them, and what their pictures must show: the active challenge of a lane, played by the
//! wallet, or one picture where the installation simulates cameras. Not here: whose face it is (`enrolment`).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use credential::dpop::DpopThumbprint;
use documents::Timestamp;
use face::active::{ActiveRules, Attempt, Challenge, Prompt, Refusal};
use face::{Embedding, Liveness, LivenessScore, QualityFault, Track};

use super::Claim;
use super::rules::{EnrolmentRules, LiveRules};
use crate::faces::{FaceCheckError, Faces, FrameReader};

/// From how many pictures on the liveness network's mean counts: about one honest picture in fifty looks flat by itself.
const SEVERAL: usize = 3;

/// A picture of an enrolment.
#[derive(Clone)]
pub struct EnrolmentFrame {
    /// When the wallet took it, in milliseconds from its first one.
    pub at_ms: u64,
    /// JPEG, PNG or WebP.
    pub picture: Vec<u8>,
}
documents::redact_debug!(EnrolmentFrame);

/// What an enrolment's pictures are.
pub(crate) enum Capture {
    /// One picture, from a file: the installation simulates cameras.
    Picture,
    /// The frames of a camera.
    Live(Box<Live>),
}

/// An active challenge under way.
pub(crate) struct Live {
    attempt: Attempt,
    track: Track,
    /// The pictures of the frames that were judged, in their order.
    kept: Vec<Vec<u8>>,
    bytes: usize,
    frames: usize,
    started: Option<Timestamp>,
}

/// Why pictures do not enrol: about the pictures alone, never about a person of the registry.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The picture, or the models.
    #[error(transparent)]
    Face(#[from] FaceCheckError),
    /// Too many pictures, too large ones, or none.
    #[error("too many pictures or too large ones; send 1 to 8 frames at once, each of 256 KiB at most")]
    Size,
    /// The times of the frames are not those at which they came.
    #[error("the frames came later than they say that they were taken; try again on a better line")]
    Late,
    /// The active challenge was not passed.
    #[error("{}", told(*.0))]
    Active(Refusal),
    /// Something covers the face, and what it is.
    #[error("{0}")]
    Covered(QualityFault),
    /// The liveness network sees a picture of a face.
    #[error("the pictures do not show a face before a camera; look into the camera yourself, in good light")]
    NotLive,
}

/// What may be told of a refusal: how to do better, and nothing that teaches how to cheat better.
fn told(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Flat | Refusal::Still | Refusal::Looped | Refusal::AnotherPerson | Refusal::TimeOrder => {
            "the pictures do not show a face before a camera; look into the camera yourself, in good light"
        }
        Refusal::Covered => "the face is covered; take off mask and glasses",
        Refusal::TooFewFrames
        | Refusal::TooLong
        | Refusal::FramesMissing
        | Refusal::Unmeasurable
        | Refusal::TrackBroken
        | Refusal::NotStraight
        | Refusal::WrongMotion
        | Refusal::NotAsked
        | Refusal::TooEarly
        | Refusal::TooSlow => "the face did not do what was asked; keep it in sight and follow each request",
    }
}

/// The faces to be compared.
pub(crate) struct Captured {
    pub embeddings: Vec<Embedding>,
    pub liveness: Option<LivenessScore>,
}

/// What one more handful of pictures brought.
pub(crate) enum Seen {
    /// More are wanted; the wallet shows this.
    More(Capture, Prompt),
    /// The frames suffice; the capture is over.
    Enough(Captured),
}

impl Capture {
    /// A capture that has seen nothing. The seed is drawn for it alone.
    pub(crate) fn new(rules: Option<&ActiveRules>, seed: u64) -> Self {
        let Some(rules) = rules else { return Self::Picture };
        let attempt = Attempt::new(Challenge::of_seed(seed, rules), rules.clone());
        let (track, kept) = (Track::new(), Vec::new());
        Self::Live(Box::new(Live { attempt, track, kept, bytes: 0, frames: 0, started: None }))
    }

    /// What the wallet shows.
    pub(crate) fn prompt(&self) -> Prompt {
        match self {
            Self::Picture => Prompt::LookStraight,
            Self::Live(live) => live.attempt.prompt(),
        }
    }

    /// Whether one file is taken in place of a camera's frames.
    pub(crate) const fn is_picture(&self) -> bool {
        matches!(self, Self::Picture)
    }

    /// Looks at more pictures, which came at `now`. It takes tenths of a second: never on a thread that serves connections.
    ///
    /// # Errors
    /// [`CaptureError`]; of a picture from a file the next one may do, a live capture is over.
    pub(crate) fn see(
        self,
        frames: &[EnrolmentFrame],
        with: &Eyes,
        now: Timestamp,
    ) -> Result<Seen, CaptureError> {
        match self {
            Self::Picture => {
                let [frame] = frames else { return Err(CaptureError::Size) };
                let (embedding, score) = with.describe(&frame.picture)?;
                Ok(Seen::Enough(Captured { embeddings: vec![embedding], liveness: score }))
            }
            Self::Live(live) => live.see(frames, with, now),
        }
    }
}

impl Live {
    fn see(
        mut self: Box<Self>,
        frames: &[EnrolmentFrame],
        with: &Eyes,
        now: Timestamp,
    ) -> Result<Seen, CaptureError> {
        let rules = &with.rules;
        let largest = frames.iter().map(|frame| frame.picture.len()).max().unwrap_or(0);
        self.frames += frames.len();
        if !(1..=MAX_FRAMES_AT_ONCE).contains(&frames.len())
            || largest > rules.frame_bytes
            || self.frames > rules.frames
        {
            return Err(CaptureError::Size);
        }
        let began = *self.started.get_or_insert(now);
        for frame in frames {
            if self.attempt.prompt() == Prompt::Ended {
                break;
            }
            // An answer that was made in peace, after the request was read, comes later than it says.
            let own = i64::try_from(frame.at_ms / 1000).unwrap_or(i64::MAX);
            let passed = now.seconds_since(began);
            if passed - own > rules.lag_seconds || own - passed > rules.lag_seconds {
                return Err(CaptureError::Late);
            }
            match with.frames.follow(&mut self.track, &frame.picture, frame.at_ms) {
                Ok(seen) => {
                    self.attempt.see(&seen);
                    self.bytes += frame.picture.len();
                    self.kept.push(frame.picture.clone());
                }
                Err(
                    error @ (FaceCheckError::Models(_) | FaceCheckError::Template | FaceCheckError::Pool(_)),
                ) => {
                    return Err(error.into());
                }
                // A frame that is missing; too many of them break the track.
                Err(FaceCheckError::Picture(_) | FaceCheckError::Face(_)) => {}
            }
            if self.bytes > rules.bytes {
                return Err(CaptureError::Size);
            }
        }
        let prompt = self.attempt.prompt();
        if prompt != Prompt::Ended {
            return Ok(Seen::More(Capture::Live(self), prompt));
        }
        let cover = self.attempt.cover();
        let passed = self.attempt.finish().map_err(|refusal| match cover {
            Some(cover) if refusal == Refusal::Covered => CaptureError::Covered(cover),
            Some(_) | None => CaptureError::Active(refusal),
        })?;
        let (mut embeddings, mut scores) = (Vec::new(), Vec::new());
        for picture in passed.pick(self.kept) {
            let (embedding, score) = with.describe(&picture)?;
            embeddings.push(embedding);
            scores.extend(score);
        }
        let liveness = LivenessScore::mean(&scores);
        let flat = |network: &Arc<Liveness>| liveness.is_none_or(|mean| network.is_suspicious(mean));
        if scores.len() >= SEVERAL && with.liveness.as_ref().is_some_and(flat) {
            return Err(CaptureError::NotLive);
        }
        let evidence = passed.evidence();
        tracing::info!(
            frames = evidence.frames,
            relief = evidence.relief,
            plane_ratio = evidence.plane_ratio,
            "the active challenge of an enrolment was passed"
        );
        Ok(Seen::Enough(Captured { embeddings, liveness }))
    }
}

/// Frames in one request.
pub(crate) const MAX_FRAMES_AT_ONCE: usize = 8;

/// What looks at pictures.
#[derive(Clone)]
pub(crate) struct Eyes {
    pub faces: Arc<Faces>,
    pub frames: Arc<dyn FrameReader>,
    pub liveness: Option<Arc<Liveness>>,
    pub rules: LiveRules,
}

impl Eyes {
    fn describe(&self, picture: &[u8]) -> Result<(Embedding, Option<LivenessScore>), FaceCheckError> {
        let (image, embedding) = self.faces.describe(picture)?;
        let score = self
            .liveness
            .as_ref()
            .and_then(|network| network.score(&image, &self.faces.finder.one_face(&image).ok()?).ok());
        Ok((embedding, score))
    }
}

/// The id of an enrolment under way.
pub type EnrolmentId = [u8; 16];

/// An enrolment under way. Personal data.
pub(crate) struct Open {
    pub claim: Claim,
    pub device: DpopThumbprint,
    pub client: Option<IpAddr>,
    pub until: Timestamp,
    /// Unusable pictures so far.
    pub faults: u8,
    /// `None` while pictures of it are being looked at.
    pub capture: Option<Capture>,
}

/// Every enrolment under way, in bounded number.
#[derive(Default)]
pub(crate) struct OpenEnrolments(Mutex<HashMap<EnrolmentId, Open>>);

impl std::fmt::Debug for OpenEnrolments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpenEnrolments(..)")
    }
}

impl OpenEnrolments {
    /// Adds one. Where its address has too many, or all together are too many, the oldest goes: of its own address, else of
    /// the address that has most.
    pub(crate) fn add(&self, id: EnrolmentId, open: Open, rules: &EnrolmentRules, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| now < other.until && other.device != open.device);
        let mut counts: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for other in all.values() {
            *counts.entry(other.client).or_default() += 1;
        }
        let crowded = if counts.get(&open.client).is_some_and(|count| *count >= rules.attempts_each) {
            Some(open.client)
        } else if all.len() >= rules.attempts {
            counts.iter().max_by_key(|(_, count)| **count).map(|(client, _)| *client)
        } else {
            None
        };
        let oldest = crowded.and_then(|client| {
            let of_client = all.iter().filter(|(_, other)| other.client == client);
            of_client.min_by_key(|(_, other)| other.until).map(|(id, _)| *id)
        });
        if let Some(oldest) = oldest {
            all.remove(&oldest);
        }
        all.insert(id, open);
    }

    /// Takes the capture of one out, for the device that began it.
    pub(crate) fn take(
        &self,
        id: &EnrolmentId,
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Option<Result<(Claim, Capture), Busy>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = all.get_mut(id).filter(|open| open.device == device && now < open.until)?;
        Some(open.capture.take().map(|capture| (open.claim.clone(), capture)).ok_or(Busy))
    }

    /// Puts a capture back that wants more pictures.
    pub(crate) fn put_back(&self, id: &EnrolmentId, capture: Capture) {
        if let Some(open) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(id) {
            open.capture = Some(capture);
        }
    }

    /// Notes an unusable picture, after which the enrolment goes on while it has had few of them.
    pub(crate) fn put_back_after_fault(&self, id: &EnrolmentId, capture: Capture, most: u8) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = all.get_mut(id) {
            open.faults += 1;
            open.capture = Some(capture);
            if open.faults >= most {
                all.remove(id);
            }
        }
    }

    /// Ends one.
    pub(crate) fn end(&self, id: &EnrolmentId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

/// Pictures of this enrolment are being looked at already.
#[derive(Debug)]
pub(crate) struct Busy;

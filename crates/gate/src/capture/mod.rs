//! Capture: from the pictures of a traveller to the probe that the authorities compare, and a weak hint at liveness.
//!
//! Lives here: [`FaceCapture`], its form on the real models, a cache of the last probe, the places where pictures are
//! looked at. Not here: comparing with anybody, which is the authorities' alone.

mod cache;
mod places;

use face::active::{ActiveRules, Bounds, Frame};
use face::{
    Cut, FaceConfig, FaceError, Finder, Image, Liveness, LivenessScore, ModelError, ModelFolder, Probe,
    Quality, QualityFault, Track,
};

use crate::reason::GateReason;

pub use cache::ProbeCache;
pub(crate) use places::blocking;

/// A probe of one traveller's face.
#[derive(Clone, PartialEq, Eq)]
pub struct Captured {
    /// The encoded probe.
    pub probe: Vec<u8>,
    /// Whether an officer should look before anybody is asked: it may be a picture of a face.
    pub suspicious: bool,
}

documents::redact_debug!(Captured);

impl Captured {
    /// No face: an officer compares the traveller with the document.
    #[must_use]
    pub const fn none() -> Self {
        Self { probe: Vec::new(), suspicious: false }
    }
}

/// Why there is no probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureFault {
    /// The gate's reason.
    pub reason: GateReason,
    /// What exactly is wrong, for the officer or the command line; nothing personal.
    pub detail: String,
    /// What of the face cannot be compared, where it was seen: the traveller has a sentence for each.
    pub quality: Option<QualityFault>,
}

impl CaptureFault {
    fn new(reason: GateReason, detail: &impl ToString) -> Self {
        Self { reason, detail: detail.to_string(), quality: None }
    }

    fn of_quality(fault: QualityFault) -> Self {
        Self { quality: Some(fault), ..Self::new(GateReason::FacePoor, &fault) }
    }

    fn of_face(error: &FaceError) -> Self {
        Self::new(face_reason(error), error)
    }
}

/// Makes probes of pictures, and judges the frames of an active challenge.
pub trait FaceCapture: Send + Sync + 'static {
    /// Finds the one face in a few pictures of one moment, and makes a probe of the best four, or where they are
    /// coarse, of what all of them show together.
    ///
    /// # Errors
    /// Why there is no probe: what is wrong with the last picture, where none can be used.
    fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault>;

    /// The bounds of the active challenge; `None` where none can be judged here.
    fn active_rules(&self) -> Option<&ActiveRules>;

    /// What the next picture of a challenge shows, taken `at_ms` on any clock that runs evenly.
    ///
    /// # Errors
    /// Why it shows nothing: a frame that is missing, not the end.
    fn follow(&self, track: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, CaptureFault>;
}

/// From how many pictures on the liveness hint may call an officer: about one honest picture in fifty looks flat by
/// itself, and a still picture tells nothing at all.
const SEVERAL_FRAMES: usize = 3;

/// Face capture on the real models: detector, landmarks, liveness; the model that compares is not among them.
#[derive(Debug)]
pub struct ModelCapture {
    finder: Finder,
    liveness: Liveness,
    config: FaceConfig,
    active: Option<ActiveRules>,
}

/// What one picture gives.
struct Sight {
    cut: Cut,
    score: LivenessScore,
}

impl ModelCapture {
    /// Loads the models.
    ///
    /// # Errors
    /// A missing or altered file, with the command that mends it.
    pub fn load(folder: &ModelFolder, config: FaceConfig) -> Result<Self, ModelError> {
        Ok(Self {
            finder: Finder::load(folder, &config)?,
            liveness: Liveness::load(folder, &config)?,
            config,
            active: ActiveRules::builtin().ok(),
        })
    }

    fn sight(&self, track: &mut Track, picture: &[u8]) -> Result<Sight, CaptureFault> {
        let image =
            Image::decode(picture).map_err(|e| CaptureFault::new(GateReason::FacePictureUnreadable, &e))?;
        let no_face = |e: FaceError| CaptureFault::of_face(&e);
        let (face, landmarks) = track.follow(&self.finder, &image).map_err(no_face)?;
        let cut = Cut::of(&image, &face, &landmarks).map_err(no_face)?;
        self.config.quality().check(cut.quality()).map_err(CaptureFault::of_quality)?;
        let score =
            self.liveness.score(&image, &face).map_err(|e| CaptureFault::new(GateReason::FaceModels, &e))?;
        Ok(Sight { cut, score })
    }
}

impl FaceCapture for ModelCapture {
    fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
        let (mut sights, mut last) = (Vec::new(), None);
        let mut track = Track::new();
        for picture in pictures {
            match self.sight(&mut track, picture) {
                Ok(sight) => sights.push(sight),
                // Somebody else in one picture is somebody else; a blink, or a picture too dark, is only one picture less.
                Err(fault) if fault.reason == GateReason::FaceSeveral => return Err(fault),
                Err(fault) => last = Some(fault),
            }
        }
        if sights.is_empty() {
            let nobody =
                || CaptureFault::new(GateReason::FaceNone, &"no picture was taken; look into the camera");
            return Err(last.unwrap_or_else(nobody));
        }
        let scores: Vec<LivenessScore> = sights.iter().map(|sight| sight.score).collect();
        let low = LivenessScore::mean(&scores).is_none_or(|mean| self.liveness.is_suspicious(mean));
        if low {
            tracing::info!(frames = scores.len(), "the liveness hint is low");
        }
        let suspicious = low && scores.len() >= SEVERAL_FRAMES;
        let cuts = sights.into_iter().map(|sight| sight.cut).collect();
        let probe = Probe::of_sequence(&self.finder, cuts, self.config.quality())
            .map_err(|e| CaptureFault::new(GateReason::FaceNone, &e))?;
        Ok(Captured { probe: probe.encode(), suspicious })
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        self.active.as_ref()
    }

    fn follow(&self, track: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, CaptureFault> {
        let image =
            Image::decode(picture).map_err(|e| CaptureFault::new(GateReason::FacePictureUnreadable, &e))?;
        let no_face = |e: FaceError| CaptureFault::of_face(&e);
        let (face, landmarks) = track.follow(&self.finder, &image).map_err(no_face)?;
        let quality = Quality::of(&image, &face, &landmarks).map_err(no_face)?;
        let cover = self.config.quality().check(&quality).err().filter(|fault| fault.is_cover());
        Ok(Frame { at_ms, bounds: Bounds::from(&face), landmarks, cover, embedding: None })
    }
}

fn face_reason(error: &FaceError) -> GateReason {
    match error {
        FaceError::NoFace => GateReason::FaceNone,
        FaceError::SeveralFaces { .. } => GateReason::FaceSeveral,
        FaceError::NoLandmarks => GateReason::FacePoor,
        FaceError::Inference(_) => GateReason::FaceModels,
    }
}

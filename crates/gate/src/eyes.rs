//! Eyes: from the pictures of a traveller to the probe that the authorities compare, and a weak hint at liveness.
//!
//! Lives here: [`Eyes`], its form on the real models. Not here: comparing with anybody, which is the authorities' alone.

use face::{
    FaceConfig, FaceError, Finder, Image, Liveness, LivenessScore, ModelError, ModelFolder, Probe, ProbeFrame,
};

use crate::reason::GateReason;

/// What was seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Look {
    /// The encoded probe.
    pub probe: Vec<u8>,
    /// Whether an officer should look before anybody is asked: it may be a picture of a face.
    pub suspicious: bool,
}

documents::redact_debug!(Look);

/// Why there is no probe: the reason, and for the officer or the one at the command line what exactly is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EyeFault {
    /// The reason.
    pub reason: GateReason,
    /// In words, without anything personal.
    pub detail: String,
}

impl EyeFault {
    fn new(reason: GateReason, detail: &impl ToString) -> Self {
        Self { reason, detail: detail.to_string() }
    }
}

/// Looks at the pictures of one try.
pub trait Eyes: Send + Sync + 'static {
    /// Finds the one face in one to four pictures.
    ///
    /// # Errors
    /// Why there is no probe.
    fn look(&self, pictures: &[Vec<u8>]) -> Result<Look, EyeFault>;
}

/// From how many pictures on the liveness hint may call an officer: about one honest picture in fifty looks flat by
/// itself, and a still picture tells nothing at all.
const SEVERAL_FRAMES: usize = 3;

/// The eyes of a real lane.
#[derive(Debug)]
pub struct FaceEyes {
    finder: Finder,
    liveness: Liveness,
    config: FaceConfig,
}

impl FaceEyes {
    /// Loads detector, landmarks and liveness; the model that compares is not among them.
    ///
    /// # Errors
    /// A missing or altered file, with the command that mends it.
    pub fn load(folder: &ModelFolder, config: FaceConfig) -> Result<Self, ModelError> {
        Ok(Self {
            finder: Finder::load(folder, &config)?,
            liveness: Liveness::load(folder, &config)?,
            config,
        })
    }

    fn frame(&self, picture: &[u8]) -> Result<(ProbeFrame, LivenessScore), EyeFault> {
        let image =
            Image::decode(picture).map_err(|e| EyeFault::new(GateReason::FacePictureUnreadable, &e))?;
        let (frame, quality) =
            ProbeFrame::from_image(&self.finder, &image).map_err(|e| EyeFault::new(face_reason(&e), &e))?;
        self.config.quality().check(&quality).map_err(|e| EyeFault::new(GateReason::FacePoor, &e))?;
        let face = self.finder.one_face(&image).map_err(|e| EyeFault::new(face_reason(&e), &e))?;
        let score =
            self.liveness.score(&image, &face).map_err(|e| EyeFault::new(GateReason::FaceModels, &e))?;
        Ok((frame, score))
    }
}

impl Eyes for FaceEyes {
    fn look(&self, pictures: &[Vec<u8>]) -> Result<Look, EyeFault> {
        let mut frames = Vec::new();
        let mut scores = Vec::new();
        for picture in pictures {
            let (frame, score) = self.frame(picture)?;
            frames.push(frame);
            scores.push(score);
        }
        let low = LivenessScore::mean(&scores).is_none_or(|mean| self.liveness.is_suspicious(mean));
        if low {
            tracing::info!(frames = scores.len(), "the liveness hint is low");
        }
        let suspicious = low && scores.len() >= SEVERAL_FRAMES;
        let probe = Probe::new(frames).map_err(|e| EyeFault::new(GateReason::FaceNone, &e))?.encode();
        Ok(Look { probe, suspicious })
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

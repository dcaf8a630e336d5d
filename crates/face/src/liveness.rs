//! Liveness: a weak hint whether a face is seen live, from one frame.
//!
//! Lives here: `Liveness`. It never admits by itself: it answers to borders and texture, so a picture held close
//! passes it and a noisy camera fails honest people. Not here: the challenge at the lane (`gate`).

use crate::config::FaceConfig;
use crate::found::Face;
use crate::geometry::Point;
use crate::models::{ModelError, ModelFolder};
use crate::network::{InferenceError, Network};
use crate::picture::Image;
use crate::raster::{OUTSIDE, Raster};
use documents::redact_debug;

const SIDE: usize = 128;

/// How much more than the face the network wants to see.
const CONTEXT: f32 = 2.7;

/// 0 (a picture of a face) to 1 (a face).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct LivenessScore(f32);

impl LivenessScore {
    /// The number itself, for a log.
    #[must_use]
    pub const fn value(self) -> f32 {
        self.0
    }

    /// The mean over the frames of one try.
    #[must_use]
    pub fn mean(scores: &[Self]) -> Option<Self> {
        if scores.is_empty() {
            return None;
        }
        Some(Self(scores.iter().map(|score| score.0).sum::<f32>() / scores.len() as f32))
    }
}

/// The liveness network.
pub struct Liveness {
    network: Network<1>,
    suspicious: f32,
}
redact_debug!(Liveness);

impl Liveness {
    /// Loads the network.
    ///
    /// # Errors
    /// A missing or altered file, with the command that mends it.
    pub fn load(folder: &ModelFolder, config: &FaceConfig) -> Result<Self, ModelError> {
        let file = &config.files.liveness;
        let network = folder.network(file, folder.read(file)?, [1, 3, SIDE, SIDE], [None])?;
        Ok(Self { network, suspicious: config.suspicious })
    }

    /// The hint for one face in one frame.
    ///
    /// # Errors
    /// Only if the network itself fails.
    pub fn score(&self, image: &Image, face: &Face) -> Result<LivenessScore, InferenceError> {
        let (low, high) = context(image, face);
        let crop = Raster::stretched(image.pixels(), low, high, SIDE, SIDE);
        // The network was trained on BGR, 0 to 255.
        let input = crop.planes([2, 1, 0], |v| v + OUTSIDE);
        let [classes] = self.network.run(input, "judging liveness")?;
        let largest = classes.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = classes.iter().map(|class| (class - largest).exp()).sum();
        let live = classes.first().map_or(0.0, |class| (class - largest).exp() / sum);
        Ok(LivenessScore(if live.is_finite() { live } else { 0.0 }))
    }

    /// Whether an officer should look; several frames' mean is a better argument than one frame.
    #[must_use]
    pub fn is_suspicious(&self, score: LivenessScore) -> bool {
        score.0 < self.suspicious
    }
}

/// The rectangle around the face, pushed back inside the picture where it hangs over, as in the network's training.
fn context(image: &Image, face: &Face) -> (Point, Point) {
    let (width, height) = (image.width() as f32 - 1.0, image.height() as f32 - 1.0);
    let factor = CONTEXT.min(width / face.width()).min(height / face.height());
    let half = Point::new(face.width() * factor / 2.0, face.height() * factor / 2.0);
    let pushed = |centre: f32, half: f32, length: f32| {
        centre.clamp(half.min(length / 2.0), (length - half).max(length / 2.0))
    };
    let centre = Point::new(pushed(face.centre().x, half.x, width), pushed(face.centre().y, half.y, height));
    (Point::new(centre.x - half.x, centre.y - half.y), Point::new(centre.x + half.x, centre.y + half.y))
}

//! Embedding: an aligned crop becomes 512 numbers, and of those the 144 that carry everything.
//!
//! Lives here: `Embedder`, `Embedding`, the alignment. Not here: how they are packed (`template`), whose they are.

use crate::basis::{Basis, DIMENSIONS};
use crate::config::{FaceConfig, ModelId};
use crate::finder::{FaceError, Finder, Landmarks};
use crate::geometry::{Point, Similarity};
use crate::models::{InferenceError, ModelError, ModelFolder, Network};
use crate::picture::Image;
use crate::probe::Probe;
use crate::raster::Raster;
use crate::shown::Shown;
use documents::redact_debug;
use image::RgbImage;

/// The network's input is a square of so many pixels.
pub(crate) const ALIGNED_SIDE: usize = 112;

const NUMBERS: usize = 512;
const SHAPE: [usize; 4] = [1, 3, ALIGNED_SIDE, ALIGNED_SIDE];

/// Where the five points of an aligned face lie (the usual ArcFace template).
const TARGET: [Point; 5] = [
    Point::new(38.2946, 51.6963),
    Point::new(73.5318, 51.5014),
    Point::new(56.0252, 71.7366),
    Point::new(41.5493, 92.3655),
    Point::new(70.7299, 92.2041),
];

/// A face as the network sees it, of unit length, in the basis of its model. Biometric data.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    model: ModelId,
    values: [f32; DIMENSIONS],
}
redact_debug!(Embedding);

impl Embedding {
    /// The network that made it.
    #[must_use]
    pub const fn model(&self) -> &ModelId {
        &self.model
    }

    pub(crate) const fn values(&self) -> &[f32; DIMENSIONS] {
        &self.values
    }

    /// The cosine to another embedding: for measuring the pipeline; a verdict compares with a [`crate::Template`].
    #[must_use]
    pub fn cosine(&self, other: &Self) -> Option<crate::Score> {
        (self.model == other.model).then(|| {
            let product: f32 = self.values.iter().zip(&other.values).map(|(a, b)| a * b).sum();
            crate::Score(product)
        })
    }
}

/// The embedding network: what an authority needs, and a gate must not have.
pub struct Embedder {
    network: Network<1>,
    basis: Basis,
    model: ModelId,
}
redact_debug!(Embedder);

impl Embedder {
    /// Loads the network and derives the template basis from its weights.
    ///
    /// # Errors
    /// A missing or altered file, with the command that mends it.
    pub fn load(folder: &ModelFolder, config: &FaceConfig) -> Result<Self, ModelError> {
        let file = &config.files.feature;
        let bytes = folder.read(file)?;
        let basis =
            Basis::of_model(&bytes).map_err(|what| ModelError::Load { name: file.name.clone(), what })?;
        Ok(Self { network: folder.network(file, bytes, [None])?, basis, model: config.model().clone() })
    }

    /// The embedding of a probe: the mean over its frames.
    ///
    /// # Errors
    /// Only if the network itself fails.
    pub fn embed(&self, probe: &Probe) -> Result<Embedding, InferenceError> {
        let mut sum = [0.0; NUMBERS];
        for frame in probe.frames() {
            let aligned = aligned(frame.pixels(), frame.landmarks()).ok_or(UNALIGNED)?;
            add(&mut sum, &self.numbers(&aligned)?);
        }
        self.finish(&sum)
    }

    /// The embedding of a registry photo, for a template: of the crop and its mirror image, which is a little steadier.
    ///
    /// # Errors
    /// The picture holds no single face, or the network fails.
    pub fn enrol(&self, finder: &Finder, photo: &Image) -> Result<Embedding, FaceError> {
        let face = finder.one_face(photo)?;
        let landmarks = finder.landmarks(photo, &face)?;
        self.enrol_at(photo, &landmarks)
    }

    /// The same where the 68 points are known already.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the points give no alignment, or the network fails.
    pub fn enrol_at(&self, photo: &Image, landmarks: &Landmarks) -> Result<Embedding, FaceError> {
        let aligned = aligned(photo.pixels(), landmarks).ok_or(FaceError::NoLandmarks)?;
        let mut sum = self.numbers(&aligned)?;
        add(&mut sum, &self.numbers(&aligned.mirrored())?);
        Ok(self.finish(&sum)?)
    }

    /// What every network is shown of a picture's one face, and what it answers: for another runtime to be held
    /// against, as `baypass bench face` does.
    ///
    /// # Errors
    /// As [`Embedder::enrol`].
    pub fn shown(&self, finder: &Finder, image: &Image) -> Result<Vec<Shown>, FaceError> {
        let mut shown = finder.shown(image)?;
        let landmarks = finder.landmarks(image, &finder.one_face(image)?)?;
        let aligned = aligned(image.pixels(), &landmarks).ok_or(FaceError::NoLandmarks)?;
        let input = network_input(&aligned);
        let [output] = self.network.run(SHAPE, input.clone(), "describing a face")?;
        shown.push(Shown::new("feature", self.network.path(), SHAPE, input, output));
        Ok(shown)
    }

    fn numbers(&self, aligned: &Raster) -> Result<[f32; NUMBERS], InferenceError> {
        let [numbers] = self.network.run(SHAPE, network_input(aligned), "describing a face")?;
        let mut numbers: [f32; NUMBERS] =
            numbers.try_into().map_err(|_| InferenceError { stage: "describing a face" })?;
        normalise(&mut numbers)?;
        Ok(numbers)
    }

    fn finish(&self, sum: &[f32; NUMBERS]) -> Result<Embedding, InferenceError> {
        let mut unit = *sum;
        normalise(&mut unit)?;
        let mut values = self.basis.project(&unit);
        normalise(&mut values)?;
        Ok(Embedding { model: self.model.clone(), values })
    }
}

/// The network was trained on BGR.
fn network_input(aligned: &Raster) -> Vec<f32> {
    aligned.planes([2, 1, 0], |v| v / 128.0)
}

const UNALIGNED: InferenceError = InferenceError { stage: "aligning a face" };

/// The crop that the network is shown.
pub(crate) fn aligned(picture: &RgbImage, landmarks: &Landmarks) -> Option<Raster> {
    let map = Similarity::between(&landmarks.five(), &TARGET.map(pixel_centre))?;
    Some(Raster::warped(picture, ALIGNED_SIDE, ALIGNED_SIDE, &map.inverse()))
}

/// The published template counts from the centre of the first pixel, we count from its edge.
const fn pixel_centre(p: Point) -> Point {
    Point::new(p.x + 0.5, p.y + 0.5)
}

fn add(sum: &mut [f32; NUMBERS], numbers: &[f32; NUMBERS]) {
    sum.iter_mut().zip(numbers).for_each(|(sum, v)| *sum += v);
}

fn normalise(values: &mut [f32]) -> Result<(), InferenceError> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    if !length.is_finite() || length < 1e-6 {
        return Err(InferenceError { stage: "describing a face" });
    }
    values.iter_mut().for_each(|v| *v /= length);
    Ok(())
}

//! Embedding: an aligned crop becomes the numbers of a recogniser, and of those the 144 that carry everything.
//!
//! Lives here: `Embedder`, `Embedding`. Not here: how they are packed (`template`), whose they are.

use crate::alignment::{aligned_to, pixel_centre};
use crate::basis::{Basis, DIMENSIONS};
use crate::config::{FaceConfig, ModelId, Recogniser, Score};
use crate::finder::Finder;
use crate::found::{FaceError, Landmarks};
use crate::geometry::Point;
use crate::models::{ModelError, ModelFolder};
use crate::network::{InferenceError, Network};
use crate::picture::Image;
use crate::probe::Probe;
use crate::raster::{OUTSIDE, Raster};
use crate::shown::Shown;
use documents::redact_debug;
use image::RgbImage;

/// A face as the network sees it, of unit length, in the basis of its model. Biometric data.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    model: ModelId,
    basis: &'static str,
    values: [f32; DIMENSIONS],
}
redact_debug!(Embedding);

impl Embedding {
    /// The network that made it.
    #[must_use]
    pub const fn model(&self) -> &ModelId {
        &self.model
    }

    /// The definition of its directions.
    pub(crate) const fn basis(&self) -> &'static str {
        self.basis
    }

    pub(crate) const fn values(&self) -> &[f32; DIMENSIONS] {
        &self.values
    }

    /// The cosine to another embedding: for measuring the pipeline; a verdict compares with a `Template`.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> Option<Score> {
        (self.model == other.model && self.basis == other.basis).then(|| {
            let product: f32 = self.values.iter().zip(&other.values).map(|(a, b)| a * b).sum();
            Score(product)
        })
    }
}

/// The embedding network: what an authority needs, and a gate must not have.
pub struct Embedder {
    network: Network<1>,
    basis: Basis,
    recogniser: Recogniser,
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
        let recogniser = config.recogniser.clone();
        let basis = Basis::of(&recogniser.basis, recogniser.numbers, &bytes)
            .map_err(|what| ModelError::Load { name: file.name.clone(), what })?;
        let shape = [1, 3, recogniser.side, recogniser.side];
        let network = folder.network(file, bytes, shape, [None])?;
        Ok(Self { network, basis, recogniser, model: config.model().clone() })
    }

    /// The embedding of a probe: the mean over its frames.
    ///
    /// # Errors
    /// Only if the network itself fails.
    pub fn embed(&self, probe: &Probe) -> Result<Embedding, InferenceError> {
        let mut sum = vec![0.0; self.recogniser.numbers];
        for frame in probe.frames() {
            let aligned = self.aligned(frame.pixels(), frame.landmarks()).ok_or(UNALIGNED)?;
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
        let aligned = self.aligned(photo.pixels(), landmarks).ok_or(FaceError::NoLandmarks)?;
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
        let aligned = self.aligned(image.pixels(), &landmarks).ok_or(FaceError::NoLandmarks)?;
        let input = self.input(&aligned);
        let [output] = self.network.run(input.clone(), DESCRIBING)?;
        shown.push(Shown::new("feature", &self.network, input, output));
        Ok(shown)
    }

    fn input(&self, aligned: &Raster) -> Vec<f32> {
        let Recogniser { mean, scale, channels, .. } = &self.recogniser;
        // A raster's values are relative to the grey of the outside.
        aligned.planes(channels.order(), |v| (v + (OUTSIDE - mean)) / scale)
    }

    fn aligned(&self, picture: &RgbImage, landmarks: &Landmarks) -> Option<Raster> {
        let target = self.recogniser.points.map(|[x, y]| pixel_centre(Point::new(x, y)));
        aligned_to(picture, landmarks, &target, self.recogniser.side)
    }

    fn numbers(&self, aligned: &Raster) -> Result<Vec<f32>, InferenceError> {
        let [mut numbers] = self.network.run(self.input(aligned), DESCRIBING)?;
        if numbers.len() != self.recogniser.numbers {
            return Err(InferenceError { stage: DESCRIBING });
        }
        normalise(&mut numbers)?;
        Ok(numbers)
    }

    fn finish(&self, sum: &[f32]) -> Result<Embedding, InferenceError> {
        let mut unit = sum.to_vec();
        normalise(&mut unit)?;
        let mut values = self.basis.project(&unit);
        normalise(&mut values)?;
        Ok(Embedding { model: self.model.clone(), basis: self.recogniser.basis.name(), values })
    }
}

const DESCRIBING: &str = "describing a face";

const UNALIGNED: InferenceError = InferenceError { stage: "aligning a face" };

fn add(sum: &mut [f32], numbers: &[f32]) {
    sum.iter_mut().zip(numbers).for_each(|(sum, v)| *sum += v);
}

fn normalise(values: &mut [f32]) -> Result<(), InferenceError> {
    let length = values.iter().map(|v| v * v).sum::<f32>().sqrt();
    if !length.is_finite() || length < 1e-6 {
        return Err(InferenceError { stage: DESCRIBING });
    }
    values.iter_mut().for_each(|v| *v /= length);
    Ok(())
}

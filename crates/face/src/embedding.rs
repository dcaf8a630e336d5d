//! Embedding: an aligned crop becomes the numbers of each recogniser, and of those what its templates carry.
//!
//! Lives here: `Embedder`, `Embedding`. Not here: how they are packed (`template`), whose they are.

use crate::alignment::{aligned_to, pixel_centre};
use crate::basis::Basis;
use crate::config::{FaceConfig, ModelId, Recogniser, TemplateKind};
use crate::finder::Finder;
use crate::found::{FaceError, Landmarks};
use crate::geometry::Point;
use crate::models::{ModelError, ModelFolder};
use crate::network::{InferenceError, Network};
use crate::picture::Image;
use crate::probe::Probe;
use crate::raster::{OUTSIDE, Raster};
use crate::shown::Shown;
use crate::thresholds::{Fusion, Score};
use documents::redact_debug;
use image::RgbImage;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A face as one or several recognisers see it. Biometric data.
#[derive(Clone, PartialEq)]
pub struct Embedding {
    views: Vec<View>,
}
redact_debug!(Embedding);

/// A face as one recogniser sees it.
#[derive(Clone, PartialEq)]
struct View {
    model: ModelId,
    /// By the name of the basis: numbers of unit length.
    values: Vec<(Arc<str>, Vec<f32>)>,
}

impl View {
    fn of(&self, basis: &str) -> Option<&[f32]> {
        self.values.iter().find(|(name, _)| **name == *basis).map(|(_, values)| values.as_slice())
    }
}

impl Embedding {
    /// The networks that made it.
    pub fn models(&self) -> impl Iterator<Item = &ModelId> {
        self.views.iter().map(|view| &view.model)
    }

    /// The numbers that a template of this kind is made of or compared with.
    pub(crate) fn of(&self, kind: &TemplateKind) -> Option<&[f32]> {
        self.views.iter().find(|view| view.model == *kind.model())?.of(kind.basis())
    }

    /// The cosine to another embedding, by the first recogniser that made both: for measuring the pipeline; a verdict
    /// compares with a `Template`.
    #[must_use]
    pub fn cosine(&self, other: &Self) -> Option<Score> {
        self.views.iter().find_map(|view| {
            let other = other.views.iter().find(|other| view.model == other.model)?;
            let shared = |(basis, values): &(Arc<str>, Vec<f32>)| {
                Some(Score(values.iter().zip(other.of(basis)?).map(|(a, b)| a * b).sum()))
            };
            view.values.iter().find_map(shared)
        })
    }
}

/// The recognisers that are installed: what an authority needs, and a gate must not have.
pub struct Embedder {
    recognitions: Vec<Recognition>,
    kinds: Vec<TemplateKind>,
    fusion: Option<Fusion>,
}
redact_debug!(Embedder);

/// One recogniser, loaded.
struct Recognition {
    network: Network<1>,
    /// One for each count of numbers that its templates pack, by name.
    bases: Vec<(Arc<str>, Basis)>,
    recogniser: Recogniser,
    model: ModelId,
}

impl Embedder {
    /// Loads every recogniser that is installed, and derives the template bases from their weights.
    ///
    /// # Errors
    /// None is installed, or one of them is altered; with the command that mends it.
    pub fn load(folder: &ModelFolder, config: &FaceConfig) -> Result<Self, ModelError> {
        let (first, others) = folder.installed(&config.recognisers, |recogniser| &recogniser.file)?;
        let recognitions: Vec<Recognition> = std::iter::once(first)
            .chain(others)
            .map(|recogniser| Recognition::load(folder, recogniser, config))
            .collect::<Result<_, _>>()?;
        // In the order of the recognisers: the first that is installed makes the templates that travel.
        let of = |recognition: &Recognition| {
            config
                .kinds()
                .iter()
                .filter(|kind| *kind.model() == recognition.model)
                .cloned()
                .collect::<Vec<_>>()
        };
        let kinds: Vec<TemplateKind> = recognitions.iter().flat_map(of).collect();
        let complete =
            |fusion: &&Fusion| fusion.codes().all(|code| kinds.iter().any(|kind| kind.code() == code));
        let fusion = config.fusion().filter(complete).cloned();
        Ok(Self { recognitions, kinds, fusion })
    }

    /// The kind of template that travels in a part: of the first recogniser that is installed.
    #[must_use]
    pub fn part_kind(&self) -> Option<&TemplateKind> {
        self.kinds.iter().find(|kind| kind.format().is_compact())
    }

    /// The kinds of template that an authority keeps of each of its residents: the one that travels, and those whose
    /// scores are fused where all their recognisers are installed.
    #[must_use]
    pub fn kept_kinds(&self) -> Vec<&TemplateKind> {
        let part = self.part_kind().map(TemplateKind::code);
        let fused =
            |code: u8| self.fusion.as_ref().is_some_and(|fusion| fusion.codes().any(|other| other == code));
        self.kinds.iter().filter(|kind| part == Some(kind.code()) || fused(kind.code())).collect()
    }

    /// Every kind of template that can be made and compared here, those of the first recogniser first.
    #[must_use]
    pub fn kinds(&self) -> &[TemplateKind] {
        &self.kinds
    }

    /// How scores are fused, where every recogniser for it is installed.
    #[must_use]
    pub const fn fusion(&self) -> Option<&Fusion> {
        self.fusion.as_ref()
    }

    /// The embedding of a probe by every recogniser: the mean over its frames.
    ///
    /// # Errors
    /// Only if a network itself fails.
    pub fn embed(&self, probe: &Probe) -> Result<Embedding, InferenceError> {
        self.embed_with(probe, |_| true)
    }

    /// The same by those recognisers alone that made one of these kinds of template; each costs its time.
    ///
    /// # Errors
    /// Only if a network itself fails.
    pub fn embed_for(&self, probe: &Probe, kinds: &[&TemplateKind]) -> Result<Embedding, InferenceError> {
        self.embed_with(probe, |model| kinds.iter().any(|kind| kind.model() == model))
    }

    fn embed_with(
        &self,
        probe: &Probe,
        wanted: impl Fn(&ModelId) -> bool,
    ) -> Result<Embedding, InferenceError> {
        let wanted = self.recognitions.iter().filter(|recognition| wanted(&recognition.model));
        let views = wanted.map(|recognition| recognition.embed(probe)).collect::<Result<_, _>>()?;
        Ok(Embedding { views })
    }

    /// The embedding of a registry photo by every recogniser, for templates: of the crop and its mirror image, which is a
    /// little steadier.
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
        let enrolled = self.recognitions.iter().map(|recognition| recognition.enrol(photo, landmarks));
        Ok(Embedding { views: enrolled.collect::<Result<_, _>>()? })
    }

    /// What every network is shown of a picture's one face, and what it answers: for another runtime to be held
    /// against, as `baypass bench face` does.
    ///
    /// # Errors
    /// As [`Embedder::enrol`].
    pub fn shown(&self, finder: &Finder, image: &Image) -> Result<Vec<Shown>, FaceError> {
        let mut shown = finder.shown(image)?;
        let landmarks = finder.landmarks(image, &finder.one_face(image)?)?;
        for recognition in &self.recognitions {
            let aligned = recognition.aligned(image.pixels(), &landmarks).ok_or(FaceError::NoLandmarks)?;
            let input = recognition.input(&aligned);
            let [output] = recognition.network.run(input.clone(), DESCRIBING)?;
            shown.push(Shown::new(&recognition.model.to_string(), &recognition.network, input, output));
        }
        Ok(shown)
    }
}

impl Recognition {
    fn load(folder: &ModelFolder, recogniser: &Recogniser, config: &FaceConfig) -> Result<Self, ModelError> {
        let Recogniser { file, numbers, side, .. } = recogniser;
        let model = recogniser.model();
        let own = config.kinds().iter().filter(|kind| *kind.model() == model);
        let counts: BTreeSet<usize> = own.map(|kind| kind.format().dimensions()).collect();
        let counts: Vec<usize> = counts.into_iter().collect();
        let bytes = folder.read(file)?;
        let bases = Basis::of(&recogniser.basis, *numbers, &counts, &bytes)
            .map_err(|what| ModelError::Load { name: file.name.clone(), what })?;
        let names = counts.iter().map(|count| recogniser.basis.name(*count).into());
        let bases = names.zip(bases).collect();
        let network = folder.network(file, bytes, [1, 3, *side, *side], [None])?;
        Ok(Self { network, bases, model, recogniser: recogniser.clone() })
    }

    fn embed(&self, probe: &Probe) -> Result<View, InferenceError> {
        let mut sum = vec![0.0; self.recogniser.numbers];
        for frame in probe.frames() {
            let aligned = self.aligned(frame.pixels(), frame.landmarks()).ok_or(UNALIGNED)?;
            add(&mut sum, &self.numbers(&aligned)?);
        }
        self.finish(sum)
    }

    fn enrol(&self, photo: &Image, landmarks: &Landmarks) -> Result<View, FaceError> {
        let aligned = self.aligned(photo.pixels(), landmarks).ok_or(FaceError::NoLandmarks)?;
        let mut sum = self.numbers(&aligned)?;
        add(&mut sum, &self.numbers(&aligned.mirrored())?);
        Ok(self.finish(sum)?)
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

    fn finish(&self, mut sum: Vec<f32>) -> Result<View, InferenceError> {
        normalise(&mut sum)?;
        let projected = |(name, basis): &(Arc<str>, Basis)| {
            let mut values = basis.project(&sum);
            normalise(&mut values)?;
            Ok((Arc::clone(name), values))
        };
        let values = self.bases.iter().map(projected).collect::<Result<_, _>>()?;
        Ok(View { model: self.model.clone(), values })
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

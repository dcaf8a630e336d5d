//! Faces: the models of a service, and what they say of one picture beside one template.
//!
//! Lives here: [`Faces`]. Not here: when a comparison runs (`inference`), what follows from it (`verdict`,
//! `enrolment`). One face is compared with one template: there is no search.

use std::sync::Arc;

use face::active::{Bounds, Frame};
use face::{
    Decision, Embedder, Embedding, FaceConfig, FaceError, Finder, Image, ImageError, Probe, Quality,
    QualityFault, Template, TemplateFormat, Track,
};

use crate::inference::PoolError;

/// The face models of a service.
#[derive(Debug)]
pub struct Faces {
    /// Finds faces.
    pub finder: Finder,
    /// Describes them.
    pub embedder: Embedder,
    /// Thresholds of the face, as the data file has them.
    pub config: FaceConfig,
}

/// Why a face could not be described or compared.
#[derive(Debug, thiserror::Error)]
pub enum FaceCheckError {
    /// The picture cannot be read.
    #[error("the photo: {0}")]
    Picture(#[from] ImageError),
    /// The picture shows no single face that can be measured.
    #[error("the photo: {0}")]
    Face(#[from] FaceError),
    /// The models failed.
    #[error(transparent)]
    Models(#[from] face::InferenceError),
    /// A template of a model that is not loaded.
    #[error("the face template is of another model; run `baypass resident re-enrol`")]
    Template,
    /// No comparison ran.
    #[error(transparent)]
    Pool(#[from] PoolError),
}

/// Reads one frame of a live capture.
pub trait FrameReader: std::fmt::Debug + Send + Sync {
    /// What a picture shows of the face that `track` follows.
    ///
    /// # Errors
    /// It shows no one face, or cannot be read; the next may.
    fn follow(&self, track: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, FaceCheckError>;
}

/// The frames of a camera, by the models.
#[derive(Debug)]
pub(crate) struct ModelFrames(pub Arc<Faces>);

impl FrameReader for ModelFrames {
    fn follow(&self, track: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, FaceCheckError> {
        let image = Image::decode(picture)?;
        let (face, landmarks) = track.follow(&self.0.finder, &image)?;
        let quality = Quality::of(&image, &face, &landmarks)?;
        let covered = match self.0.config.quality().check(&quality) {
            Err(QualityFault::EyesCovered | QualityFault::MouthCovered) => true,
            Ok(()) | Err(_) => false,
        };
        Ok(Frame { at_ms, bounds: Bounds::from(&face), landmarks, covered, embedding: None })
    }
}

impl Faces {
    /// What a template of this kind says of a face.
    pub(crate) fn decide(
        &self,
        template: &[u8],
        kind: u8,
        embedding: &Embedding,
    ) -> Result<Decision, FaceCheckError> {
        let kind = self.config.kind(kind).ok_or(FaceCheckError::Template)?;
        let template = Template::from_bytes(kind, template).map_err(|_| FaceCheckError::Template)?;
        Ok(kind.decide(template.compare(embedding).map_err(|_| FaceCheckError::Template)?))
    }

    /// The one face of a selfie, described.
    pub(crate) fn describe(&self, selfie: &[u8]) -> Result<(Image, Embedding), FaceCheckError> {
        let image = Image::decode(selfie)?;
        let (probe, _) = Probe::from_image(&self.finder, &image)?;
        let embedding = self.embedder.embed(&probe)?;
        Ok((image, embedding))
    }

    /// The kind of template that is made of a photo today.
    pub(crate) fn made_today(&self) -> Result<u8, FaceCheckError> {
        let kind = self.config.kind_for(TemplateFormat::Compact72).ok_or(FaceCheckError::Template)?;
        Ok(kind.code())
    }

    /// The template of a registry's photo, with its kind.
    pub(crate) fn template(&self, photo: &[u8]) -> Result<(u8, Vec<u8>), FaceCheckError> {
        let embedding = self.embedder.enrol(&self.finder, &Image::decode(photo)?)?;
        let kind = self.config.kind_for(TemplateFormat::Compact72).ok_or(FaceCheckError::Template)?;
        let template = Template::pack(kind, &embedding).map_err(|_| FaceCheckError::Template)?;
        Ok((kind.code(), template.as_bytes().to_vec()))
    }
}

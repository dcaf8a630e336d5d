//! Faces: the models of a service, and what they say of one picture beside one template.
//!
//! Lives here: [`Faces`]. Not here: when a comparison runs (`inference`), what follows from it (`verdict`,
//! `enrolment`). One face is compared with one template: there is no search.

use std::sync::Arc;

use face::active::{Bounds, Frame};
use face::{
    Decision, Embedder, Embedding, FaceConfig, FaceError, Finder, Image, ImageError, Probe, Quality,
    Template, TemplateKind, Track,
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
        let cover = self.0.config.quality().check(&quality).err().filter(|fault| fault.is_cover());
        Ok(Frame { at_ms, bounds: Bounds::from(&face), landmarks, cover, embedding: None })
    }
}

/// The longer side of a portrait for desks, in pixels: as in a travel document's chip (ICAO 9303-9).
const PORTRAIT_SIDE: u32 = 480;
/// The qualities of JPEG that are tried for it, the best first.
const PORTRAIT_QUALITIES: [u8; 4] = [85, 70, 50, 30];

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// What the score means.
    pub decision: Decision,
    /// How far it lies above the threshold, in thousandths of the score's scale.
    pub margin: i16,
}

impl Comparison {
    fn of(thresholds: &face::Thresholds, score: face::Score) -> Self {
        Self { decision: thresholds.decide(score), margin: thresholds.margin(score) }
    }
}

/// A template with the code of its kind.
pub(crate) type KeptTemplate = (u8, Vec<u8>);

impl Faces {
    /// What templates of one person say of a face: all that are fused together where each of them is there, else the
    /// one of `alone`.
    ///
    /// # Errors
    /// [`FaceCheckError::Template`] where neither is there, or of a kind that is not loaded.
    pub(crate) fn compare(
        &self,
        kept: &[KeptTemplate],
        alone: &KeptTemplate,
        embedding: &Embedding,
    ) -> Result<Comparison, FaceCheckError> {
        if let Some(fusion) = self.fusion_of(kept) {
            let score = fusion.score(|code| {
                let (code, bytes) = kept.iter().find(|(kind, _)| *kind == code)?;
                self.read(*code, bytes).ok()?.compare(embedding).ok()
            });
            if let Some(score) = score {
                return Ok(Comparison::of(fusion.thresholds(), score));
            }
        }
        let (code, bytes) = alone;
        let template = self.read(*code, bytes)?;
        let score = template.compare(embedding).map_err(|_| FaceCheckError::Template)?;
        Ok(Comparison::of(template.kind().thresholds(), score))
    }

    /// A probe described by those recognisers alone that the templates need.
    pub(crate) fn embed_for(
        &self,
        probe: &Probe,
        kept: &[KeptTemplate],
        alone: &KeptTemplate,
    ) -> Result<Embedding, FaceCheckError> {
        let fused = self.fusion_of(kept).into_iter().flat_map(face::Fusion::codes);
        let mut kinds: Vec<&TemplateKind> = fused.filter_map(|code| self.config.kind(code)).collect();
        if kinds.is_empty() {
            kinds.push(self.config.kind(alone.0).ok_or(FaceCheckError::Template)?);
        }
        Ok(self.embedder.embed_for(probe, &kinds)?)
    }

    /// The fusion, where all of its templates are there.
    fn fusion_of(&self, kept: &[KeptTemplate]) -> Option<&face::Fusion> {
        self.embedder
            .fusion()
            .filter(|fusion| fusion.codes().all(|code| kept.iter().any(|(kind, _)| *kind == code)))
    }

    fn read(&self, code: u8, bytes: &[u8]) -> Result<Template, FaceCheckError> {
        let kind = self.config.kind(code).ok_or(FaceCheckError::Template)?;
        Template::from_bytes(kind, bytes).map_err(|_| FaceCheckError::Template)
    }

    /// The template that travels in a part: of today's kind where it is there, else of the version before, until its
    /// resident is described anew.
    pub(crate) fn for_part<'k>(&self, kept: &'k [KeptTemplate]) -> Result<&'k KeptTemplate, FaceCheckError> {
        let today = self.embedder.part_kind().map(TemplateKind::code);
        let compact = |code: u8| self.config.kind(code).is_some_and(|kind| kind.format().is_compact());
        let found = kept.iter().find(|(code, _)| today == Some(*code));
        found.or_else(|| kept.iter().find(|(code, _)| compact(*code))).ok_or(FaceCheckError::Template)
    }

    /// The one face of a selfie, described.
    pub(crate) fn describe(&self, selfie: &[u8]) -> Result<(Image, Embedding), FaceCheckError> {
        let image = Image::decode(selfie)?;
        let (probe, _) = Probe::from_image(&self.finder, &image)?;
        let embedding = self.embedder.embed(&probe)?;
        Ok((image, embedding))
    }

    /// The head of a registry's photo as a JPEG file of at most so many bytes, without anything that the file said beside its
    /// pixels; `None` where no quality is small enough.
    pub(crate) fn portrait(&self, photo: &[u8], most: usize) -> Result<Option<Vec<u8>>, FaceCheckError> {
        let image = Image::decode(photo)?;
        let face = self.finder.one_face(&image)?;
        let portrait = self.finder.portrait(&image, &face)?.at_most(PORTRAIT_SIDE)?;
        for quality in PORTRAIT_QUALITIES {
            let file = portrait.to_jpeg(quality)?;
            if file.len() <= most {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// The kinds of template that are made of a photo today.
    pub(crate) fn made_today(&self) -> Vec<u8> {
        self.embedder.kept_kinds().into_iter().map(TemplateKind::code).collect()
    }

    /// The templates of a registry's photo.
    pub(crate) fn templates(&self, photo: &[u8]) -> Result<Vec<KeptTemplate>, FaceCheckError> {
        self.templates_of(&Image::decode(photo)?)
    }

    /// The templates of the portrait in a chip that was proven.
    pub(crate) fn templates_of_chip(&self, portrait: &[u8]) -> Result<Vec<KeptTemplate>, FaceCheckError> {
        self.templates_of(&Image::decode_portrait(portrait)?)
    }

    fn templates_of(&self, image: &Image) -> Result<Vec<KeptTemplate>, FaceCheckError> {
        let embedding = self.embedder.enrol(&self.finder, image)?;
        let pack = |kind: &TemplateKind| {
            let template = Template::pack(kind, &embedding).map_err(|_| FaceCheckError::Template)?;
            Ok((kind.code(), template.as_bytes().to_vec()))
        };
        self.embedder.kept_kinds().into_iter().map(pack).collect()
    }
}

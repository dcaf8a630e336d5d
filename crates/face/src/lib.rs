//! Faces: a picture becomes a probe, an embedding, a template; two of them become a score and a decision.
//!
//! Lives here: the pipeline from pixels to score, its thresholds (`data/models.toml`), the probe's wire form, a weak
//! hint of liveness. Not here: which template counts for whom (`authority`), cameras and challenges (`gate`).
//! Pure but for one function that reads model files at start-up ([`ModelFolder`]).
//!
//! Modules depend one way; each uses those before it alone:
//! `geometry`, `chance`, `raster`, `picture`, `onnx`, `network`, `basis`, `found`, `alignment`, `occlusion`, `quality`, `thresholds`, `config`,
//! `models`, `shown`, `detector`, `finder`, `track`, `liveness`, `cut`, `coarse`, `probe`, `embedding`, `template`, `active`.

pub mod active;
mod alignment;
mod basis;
mod chance;
mod coarse;
mod config;
mod cut;
mod detector;
mod embedding;
mod finder;
mod found;
mod geometry;
mod liveness;
mod models;
mod network;
mod occlusion;
mod onnx;
mod picture;
mod probe;
mod quality;
mod raster;
mod shown;
mod template;
mod thresholds;
mod track;

pub use chance::SplitMix64;
pub use config::{ConfigError, FaceConfig, FaceNeed, ModelId, TemplateFormat, TemplateKind};
pub use cut::Cut;
pub use embedding::{Embedder, Embedding};
pub use finder::{Finder, MainFace};
pub use found::{Face, FaceError, Landmarks};
pub use geometry::{Point, Similarity};
pub use liveness::{Liveness, LivenessScore};
pub use models::{ModelError, ModelFolder};
pub use network::InferenceError;
pub use occlusion::{EYE_FEATURES, OCCLUSION_FEATURES, OcclusionFeatures};
pub use picture::{Image, ImageError};
pub use probe::{MAX_FRAMES, MAX_PICTURES, MAX_PROBE_BYTES, Probe, ProbeError, ProbeFrame};
pub use quality::{Quality, QualityBounds, QualityFault, QualityTexts, Sentence};
pub use shown::Shown;
pub use template::{FormatMismatch, Template, TemplateError};
pub use thresholds::{Decision, Fusion, Score, Thresholds};
pub use track::Track;

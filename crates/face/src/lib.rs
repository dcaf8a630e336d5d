//! Faces: a picture becomes a probe, an embedding, a template; two of them become a score and a decision.
//!
//! Lives here: the pipeline from pixels to score, its thresholds (`data/models.toml`), the probe's wire form, a weak
//! hint of liveness. Not here: which template counts for whom (`authority`), cameras and challenges (`gate`).
//! Pure but for one function that reads model files at start-up ([`ModelFolder`]).

pub mod active;
pub mod attack;
mod basis;
mod coarse;
mod config;
mod embedding;
mod finder;
mod geometry;
mod liveness;
mod models;
mod network;
mod picture;
mod probe;
mod quality;
mod raster;
mod rephotograph;
mod shown;
mod template;
mod track;

pub use config::{ConfigError, Decision, FaceConfig, ModelId, Score, TemplateFormat, TemplateKind};
pub use embedding::{Embedder, Embedding};
pub use finder::{Face, FaceError, Finder, Landmarks};
pub use geometry::Point;
pub use liveness::{Liveness, LivenessScore};
pub use models::{ModelError, ModelFolder};
pub use network::InferenceError;
pub use picture::{Image, ImageError};
pub use probe::{Cut, MAX_FRAMES, MAX_PICTURES, MAX_PROBE_BYTES, Probe, ProbeError, ProbeFrame};
pub use quality::{Quality, QualityBounds, QualityFault, QualityTexts, Sentence};
pub use rephotograph::rephotograph;
pub use shown::Shown;
pub use template::{FormatMismatch, Template, TemplateError};
pub use track::Track;

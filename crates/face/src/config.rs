//! Configuration: which model files are trusted and which scores count, read from data and checked.
//!
//! Lives here: `FaceConfig`, `TemplateKind` with its thresholds, `Score`, `Decision`. Not here: any number; they
//! stand in `data/models.toml` with their reasons.

use crate::basis::{BasisSource, DIMENSIONS};
use crate::quality::QualityBounds;
use serde::Deserialize;
use std::sync::Arc;

/// Which network an embedding or template comes from; the name carries the start of the file's SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelId(Arc<str>);

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How an embedding is packed into a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateFormat {
    /// 144 dimensions of 4 bits: 72 bytes, for a part.
    Compact72,
    /// 144 dimensions of 8 bits: 144 bytes, for use online.
    Wide144,
}

impl TemplateFormat {
    /// Bytes of a template.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Compact72 => 72,
            Self::Wide144 => 144,
        }
    }

    /// A template is never empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// Its name in configuration and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compact72 => "compact72",
            Self::Wide144 => "wide144",
        }
    }

    /// How a number is rounded: part of a template's id.
    const fn quantisation(self) -> &'static str {
        match self {
            Self::Compact72 => "uniform4",
            Self::Wide144 => "signed8",
        }
    }
}

/// A pair of model and format that this configuration accepts, with its wire code and thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateKind {
    code: u8,
    model: ModelId,
    basis: &'static str,
    format: TemplateFormat,
    accept: f32,
    refer: f32,
}

impl TemplateKind {
    /// What travels for it in a part: 0 to 23.
    #[must_use]
    pub const fn code(&self) -> u8 {
        self.code
    }

    /// The network that it belongs to.
    #[must_use]
    pub const fn model(&self) -> &ModelId {
        &self.model
    }

    /// How it is packed.
    #[must_use]
    pub const fn format(&self) -> TemplateFormat {
        self.format
    }

    /// The name of the definition of its 144 directions.
    pub(crate) const fn basis(&self) -> &'static str {
        self.basis
    }

    /// All that two templates must share for their score to mean anything: model with the start of its file's
    /// SHA-256, basis, quantisation.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.model, self.basis, self.format.quantisation())
    }

    /// The least score that is accepted.
    #[must_use]
    pub const fn accept(&self) -> f32 {
        self.accept
    }

    /// The least score that an officer sees.
    #[must_use]
    pub const fn refer(&self) -> f32 {
        self.refer
    }

    /// What a score means for this kind of template.
    #[must_use]
    pub fn decide(&self, score: Score) -> Decision {
        if score.0 >= self.accept {
            Decision::Accept
        } else if score.0 >= self.refer {
            Decision::Officer
        } else {
            // A score that is no number is below every threshold.
            Decision::Reject
        }
    }
}

/// Cosine between a template and an embedding, -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(pub(crate) f32);

impl Score {
    /// The number itself. It stays with its authority: scores never go back to a gate.
    #[must_use]
    pub const fn value(self) -> f32 {
        self.0
    }
}

/// What one comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The same person, at the configured false match rate.
    Accept,
    /// Too close to call: an officer looks.
    Officer,
    /// Not the same person.
    Reject,
}

/// Everything about faces that is policy, read and checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceConfig {
    pub(crate) package: String,
    pub(crate) files: Files,
    pub(crate) detection: Detection,
    pub(crate) quality: QualityBounds,
    pub(crate) suspicious: f32,
    pub(crate) recogniser: Recogniser,
    kinds: Vec<TemplateKind>,
    model: ModelId,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML, or not of this shape.
    #[error("the face configuration cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A SHA-256 has 64 hexadecimal digits.
    #[error("the SHA-256 of {name} is not 64 hexadecimal digits")]
    Digest {
        /// The file it belongs to.
        name: String,
    },
    /// Wire codes are 0 to 23, each used once.
    #[error("template code {code} is above 23 or used twice")]
    Code {
        /// The code that the data file has.
        code: u8,
    },
    /// `refer` lies below `accept`, both within a cosine's range.
    #[error("the thresholds of template code {code} must satisfy 0 < refer <= accept < 1")]
    Thresholds {
        /// The code that the data file has.
        code: u8,
    },
    /// At least one kind, all bounds sensible.
    #[error("{what} is missing or out of range")]
    Range {
        /// Which setting.
        what: &'static str,
    },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Files {
    pub(crate) detector: TrustedFile,
    pub(crate) landmarks: TrustedFile,
    pub(crate) feature: TrustedFile,
    pub(crate) liveness: TrustedFile,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrustedFile {
    pub(crate) name: String,
    sha256: String,
}

impl TrustedFile {
    pub(crate) fn is(&self, digest: &[u8; 32]) -> bool {
        hex::decode(&self.sha256).is_ok_and(|expected| expected == digest)
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detection {
    pub(crate) score: f32,
    pub(crate) certain: f32,
    pub(crate) overlap: f32,
    pub(crate) second_face: f32,
}

/// What the recogniser is shown and what it answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recogniser {
    pub(crate) side: usize,
    pub(crate) channels: Channels,
    pub(crate) mean: f32,
    pub(crate) scale: f32,
    pub(crate) points: [[f32; 2]; 5],
    pub(crate) numbers: usize,
    pub(crate) basis: BasisSource,
}

/// In which order a network takes red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channels {
    Rgb,
    Bgr,
}

impl Channels {
    /// Planes in the network's order: 0 red, 1 green, 2 blue.
    pub(crate) const fn order(self) -> [usize; 3] {
        match self {
            Self::Rgb => [0, 1, 2],
            Self::Bgr => [2, 1, 0],
        }
    }
}

impl Recogniser {
    fn is_sensible(&self) -> bool {
        let inside = |v: f32| v >= 0.0 && v <= self.side as f32;
        (32..=512).contains(&self.side)
            && (DIMENSIONS..=4096).contains(&self.numbers)
            && self.mean.is_finite()
            && self.scale.is_finite()
            && self.scale > 0.0
            && self.points.iter().flatten().all(|v| inside(*v))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    package: String,
    files: Files,
    template: Vec<KindRow>,
    recogniser: Recogniser,
    detection: Detection,
    quality: QualityBounds,
    liveness: LivenessRow,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRow {
    code: u8,
    model: String,
    format: TemplateFormat,
    accept: f32,
    refer: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LivenessRow {
    suspicious: f32,
}

impl FaceConfig {
    /// The configuration that ships with the program.
    ///
    /// # Errors
    /// Never for the file as committed: a test reads it.
    pub fn builtin() -> Result<Self, ConfigError> {
        Self::from_toml(include_str!("../data/models.toml"))
    }

    /// Reads a configuration and checks all of it.
    ///
    /// # Errors
    /// The first thing wrong with it.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let document: Document = toml::from_str(text)?;
        let files = document.files;
        for file in [&files.detector, &files.landmarks, &files.feature, &files.liveness] {
            if file.sha256.len() != 64 || hex::decode(&file.sha256).is_err() {
                return Err(ConfigError::Digest { name: file.name.clone() });
            }
        }
        let detection = document.detection;
        for (what, value) in [
            ("detection.score", detection.score),
            ("detection.certain", detection.certain),
            ("detection.overlap", detection.overlap),
            ("detection.second_face", detection.second_face),
            ("liveness.suspicious", document.liveness.suspicious),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(ConfigError::Range { what });
            }
        }
        if !document.recogniser.is_sensible() {
            return Err(ConfigError::Range { what: "recogniser" });
        }
        if !document.quality.is_sensible() {
            return Err(ConfigError::Range { what: "quality" });
        }
        let mut kinds: Vec<TemplateKind> = Vec::new();
        for row in document.template {
            let KindRow { code, model, format, accept, refer } = row;
            if code > 23 || kinds.iter().any(|kind| kind.code == code) {
                return Err(ConfigError::Code { code });
            }
            if !(0.0 < refer && refer <= accept && accept < 1.0) {
                return Err(ConfigError::Thresholds { code });
            }
            let basis = document.recogniser.basis.name();
            kinds.push(TemplateKind { code, model: ModelId(model.into()), basis, format, accept, refer });
        }
        let model =
            format!("{}-{}", stem(&files.feature.name), files.feature.sha256.get(..8).unwrap_or_default());
        Ok(Self {
            package: document.package,
            files,
            detection,
            quality: document.quality,
            suspicious: document.liveness.suspicious,
            recogniser: document.recogniser,
            kinds,
            model: ModelId(model.into()),
        })
    }

    /// The kind of template that a wire code names, if it is accepted here.
    #[must_use]
    pub fn kind(&self, code: u8) -> Option<&TemplateKind> {
        self.kinds.iter().find(|kind| kind.code == code)
    }

    /// Every kind that is accepted here, of whatever network.
    #[must_use]
    pub fn kinds(&self) -> &[TemplateKind] {
        &self.kinds
    }

    /// The kind that templates of this format are made in: of the network that is installed.
    #[must_use]
    pub fn kind_for(&self, format: TemplateFormat) -> Option<&TemplateKind> {
        self.kinds.iter().find(|kind| kind.format == format && kind.model == self.model)
    }

    /// The network that is installed.
    #[must_use]
    pub const fn model(&self) -> &ModelId {
        &self.model
    }

    /// The bounds on a probe's quality.
    #[must_use]
    pub const fn quality(&self) -> &QualityBounds {
        &self.quality
    }
}

fn stem(name: &str) -> &str {
    name.strip_suffix(".onnx").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../data/models.toml");

    #[test]
    fn the_configuration_that_ships_is_read_and_its_kinds_belong_to_its_model() {
        let config = FaceConfig::builtin().unwrap();
        for (format, code) in [(TemplateFormat::Compact72, 1), (TemplateFormat::Wide144, 2)] {
            let kind = config.kind_for(format).unwrap();
            assert_eq!((kind.code(), kind.model()), (code, config.model()));
            assert_eq!(config.kind(code), Some(kind));
        }
        assert_eq!(config.kind(3), None);
    }

    #[test]
    fn a_score_is_accepted_referred_or_rejected_at_the_configured_bounds() {
        let config = FaceConfig::builtin().unwrap();
        let kind = config.kind(1).unwrap();
        for (score, expected) in [
            (0.46, Decision::Accept),
            (0.4599, Decision::Officer),
            (0.38, Decision::Officer),
            (0.3799, Decision::Reject),
            (-1.0, Decision::Reject),
            (f32::NAN, Decision::Reject),
        ] {
            assert_eq!(kind.decide(Score(score)), expected, "row {score}");
        }
        // Thresholds are data: another file, another answer.
        let strict = FaceConfig::from_toml(&TEXT.replace("accept = 0.46", "accept = 0.50")).unwrap();
        assert_eq!(strict.kind(1).unwrap().decide(Score(0.46)), Decision::Officer);
    }

    #[test]
    fn a_wrong_configuration_is_refused_for_what_is_wrong() {
        for (from, to, expected) in [
            ("6c0256cc", "6c0256c", "SHA-256 of fr_detect.onnx"),
            ("6c0256cc", "6c0256cx", "SHA-256 of fr_detect.onnx"),
            ("code = 2", "code = 1", "template code 1"),
            ("code = 2", "code = 24", "template code 24"),
            ("refer = 0.38", "refer = 0.48", "thresholds of template code 1"),
            ("accept = 0.46", "accept = 1.46", "thresholds of template code 1"),
            ("refer = 0.38", "refer = 0.0", "thresholds of template code 1"),
            ("score = 0.90", "score = 90.0", "detection.score"),
            ("least = 15.0", "least = 150.0", "quality"),
            ("score = 0.90", "skore = 0.90", "cannot be read"),
            ("side = 112", "side = 4", "recogniser"),
            ("scale = 128.0", "scale = 0.0", "recogniser"),
            ("numbers = 512", "numbers = 100", "recogniser"),
            ("[38.2946, 51.6963]", "[138.2946, 51.6963]", "recogniser"),
            ("channels = \"bgr\"", "channels = \"cmyk\"", "cannot be read"),
        ] {
            let error = FaceConfig::from_toml(&TEXT.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "row {to}: {error}");
        }
    }
}

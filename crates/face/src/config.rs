//! Configuration: which model files are trusted and which scores count, read from data and checked.
//!
//! Lives here: `FaceConfig`, `TemplateKind`. Not here: what a score means (`thresholds`), any number; they stand in
//! `data/models.toml` with their reasons.

use crate::basis::BasisSource;
use crate::quality::QualityBounds;
use crate::thresholds::{Decision, Fusion, Score, Thresholds};
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
    /// 128 dimensions of 4 bits: 64 bytes, for a part.
    Compact64,
    /// 144 dimensions of 4 bits: 72 bytes, for a part.
    Compact72,
    /// 144 dimensions of 8 bits: 144 bytes, kept by an authority or used online.
    Wide144,
}

impl TemplateFormat {
    /// Bytes of a template.
    #[must_use]
    pub const fn len(self) -> usize {
        if self.is_compact() { self.dimensions() / 2 } else { self.dimensions() }
    }

    /// A template is never empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        false
    }

    /// Whether it is short enough for a part.
    #[must_use]
    pub const fn is_compact(self) -> bool {
        matches!(self, Self::Compact64 | Self::Compact72)
    }

    /// How many numbers it packs.
    #[must_use]
    pub const fn dimensions(self) -> usize {
        match self {
            Self::Compact64 => 128,
            Self::Compact72 | Self::Wide144 => 144,
        }
    }

    /// Its name in configuration and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compact64 => "compact64",
            Self::Compact72 => "compact72",
            Self::Wide144 => "wide144",
        }
    }

    /// How a number is rounded: part of a template's id.
    const fn quantisation(self) -> &'static str {
        if self.is_compact() { "uniform4" } else { "signed8" }
    }
}

/// A pair of model and format that this configuration accepts, with its wire code and thresholds.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateKind {
    code: u8,
    model: ModelId,
    basis: Arc<str>,
    format: TemplateFormat,
    thresholds: Thresholds,
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

    /// The name of the definition of its directions.
    pub(crate) fn basis(&self) -> &str {
        &self.basis
    }

    /// All that two templates must share for their score to mean anything: model with the start of its file's
    /// SHA-256, basis, quantisation.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}/{}/{}", self.model, self.basis, self.format.quantisation())
    }

    /// What scores mean for this kind of template.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// What a score means for this kind of template.
    #[must_use]
    pub fn decide(&self, score: Score) -> Decision {
        self.thresholds.decide(score)
    }
}

/// What beside the score a face needs before it admits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaceNeed {
    /// Nothing: the accept threshold.
    Usual,
    /// The strict threshold, or an officer.
    Strict,
    /// A guardian or an officer, whatever the score: faces of this age are told apart too badly.
    Guardian,
}

/// What a face needs at the ages from `from` up to and without `below`, in whole years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgeRow {
    #[serde(default)]
    from: i16,
    #[serde(default = "oldest")]
    below: i16,
    need: FaceNeed,
}

const fn oldest() -> i16 {
    i16::MAX
}

/// Everything about faces that is policy, read and checked once.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceConfig {
    pub(crate) folders: Vec<String>,
    pub(crate) files: Files,
    pub(crate) detectors: Vec<Detection>,
    pub(crate) quality: QualityBounds,
    pub(crate) suspicious: f32,
    pub(crate) recognisers: Vec<Recogniser>,
    kinds: Vec<TemplateKind>,
    fusion: Option<Fusion>,
    ages: Vec<AgeRow>,
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
    /// `refer` lies below `accept`, that below `strict`, all within a cosine's range.
    #[error("the thresholds of {what} must satisfy 0 < refer <= accept <= strict < 1")]
    Thresholds {
        /// A template's code, or the fusion.
        what: String,
    },
    /// A template is of a recogniser of this file that answers as many numbers.
    #[error(
        "template code {code} names no recogniser of this file, or one with fewer numbers than its format packs"
    )]
    Recogniser {
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
    pub(crate) landmarks: TrustedFile,
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

    fn check(&self) -> Result<(), ConfigError> {
        let sound = self.sha256.len() == 64 && hex::decode(&self.sha256).is_ok();
        if sound { Ok(()) } else { Err(ConfigError::Digest { name: self.name.clone() }) }
    }

    /// File name without its ending, dash, first eight digits of the SHA-256.
    fn model(&self) -> ModelId {
        let stem = self.name.strip_suffix(".onnx").unwrap_or(&self.name);
        ModelId(format!("{stem}-{}", self.sha256.get(..8).unwrap_or_default()).into())
    }
}

/// How a detector's answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DetectorFamily {
    /// Anchor-free, five points with each box (Wu, Peng and Yu, `YuNet`, 2023).
    Yunet,
    /// Boxes decoded in the network, as shares of its canvas (Ultra-Light-Fast-Generic-Face-Detector).
    UltraLight,
}

/// One detector: which file, from which score on a face counts, and how its boxes lie.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Detection {
    pub(crate) family: DetectorFamily,
    pub(crate) file: TrustedFile,
    pub(crate) score: f32,
    pub(crate) certain: f32,
    pub(crate) overlap: f32,
    pub(crate) second_face: f32,
    #[serde(default)]
    pub(crate) fit: BoxFit,
}

/// What makes a detector's box the box that the other networks were shown in training.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BoxFit {
    pub(crate) width: f32,
    pub(crate) height: f32,
    /// Shift of the centre, in heights of the detector's box, down positive.
    pub(crate) down: f32,
}

impl Default for BoxFit {
    fn default() -> Self {
        Self { width: 1.0, height: 1.0, down: 0.0 }
    }
}

impl Detection {
    fn check(&self) -> Result<(), ConfigError> {
        self.file.check()?;
        for (what, value) in [
            ("detector.score", self.score),
            ("detector.certain", self.certain),
            ("detector.overlap", self.overlap),
            ("detector.second_face", self.second_face),
        ] {
            if !(0.0..=1.0).contains(&value) {
                return Err(ConfigError::Range { what });
            }
        }
        let sensible = [self.fit.width, self.fit.height].iter().all(|factor| (0.5..=2.0).contains(factor));
        if sensible && self.fit.down.abs() <= 0.5 {
            Ok(())
        } else {
            Err(ConfigError::Range { what: "detector.fit" })
        }
    }
}

/// What a recogniser is shown and what it answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recogniser {
    pub(crate) file: TrustedFile,
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
    pub(crate) fn model(&self) -> ModelId {
        self.file.model()
    }

    fn is_sensible(&self) -> bool {
        let inside = |v: f32| v >= 0.0 && v <= self.side as f32;
        (32..=512).contains(&self.side)
            && (1..=4096).contains(&self.numbers)
            && self.mean.is_finite()
            && self.scale.is_finite()
            && self.scale > 0.0
            && self.points.iter().flatten().all(|v| inside(*v))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    folders: Vec<String>,
    files: Files,
    detector: Vec<Detection>,
    template: Vec<KindRow>,
    recogniser: Vec<Recogniser>,
    fusion: Option<FusionRow>,
    age: Vec<AgeRow>,
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
    strict: f32,
    refer: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FusionRow {
    templates: Vec<u8>,
    weights: Vec<f32>,
    accept: f32,
    strict: f32,
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
        let Document { folders, files, detector: detectors, recogniser: recognisers, quality, .. } = document;
        for file in [&files.landmarks, &files.liveness] {
            file.check()?;
        }
        detectors.iter().try_for_each(Detection::check)?;
        for recogniser in &recognisers {
            recogniser.file.check()?;
            if !recogniser.is_sensible() {
                return Err(ConfigError::Range { what: "recogniser" });
            }
        }
        let suspicious = document.liveness.suspicious;
        for (what, sound) in [
            ("detector", !detectors.is_empty()),
            ("recogniser", !recognisers.is_empty()),
            ("liveness.suspicious", (0.0..=1.0).contains(&suspicious)),
            ("quality", quality.is_sensible()),
            ("age", document.age.iter().all(|row| 0 <= row.from && row.from < row.below)),
        ] {
            if !sound {
                return Err(ConfigError::Range { what });
            }
        }
        let kinds = read_kinds(document.template, &recognisers)?;
        let fusion = document.fusion.map(|row| read_fusion(row, &kinds)).transpose()?;
        let ages = document.age;
        Ok(Self { folders, files, detectors, quality, suspicious, recognisers, kinds, fusion, ages })
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

    /// What a face needs beside its score at this age, in whole years: of several rows that hold it, the first.
    #[must_use]
    pub fn need_at(&self, age: i16) -> FaceNeed {
        let row = self.ages.iter().find(|row| (row.from..row.below).contains(&age));
        row.map_or(FaceNeed::Usual, |row| row.need)
    }

    /// Where several recognisers' scores count together, which and how.
    #[must_use]
    pub const fn fusion(&self) -> Option<&Fusion> {
        self.fusion.as_ref()
    }

    /// The bounds on a probe's quality.
    #[must_use]
    pub const fn quality(&self) -> &QualityBounds {
        &self.quality
    }
}

fn read_kinds(rows: Vec<KindRow>, recognisers: &[Recogniser]) -> Result<Vec<TemplateKind>, ConfigError> {
    let mut kinds: Vec<TemplateKind> = Vec::new();
    for row in rows {
        let KindRow { code, model, format, accept, strict, refer } = row;
        if code > 23 || kinds.iter().any(|kind| kind.code == code) {
            return Err(ConfigError::Code { code });
        }
        let thresholds = Thresholds::new(accept, strict, refer)
            .ok_or_else(|| ConfigError::Thresholds { what: format!("template code {code}") })?;
        let recogniser = recognisers.iter().find(|recogniser| *recogniser.model().0 == *model);
        let recogniser = recogniser.filter(|recogniser| format.dimensions() <= recogniser.numbers);
        let recogniser = recogniser.ok_or(ConfigError::Recogniser { code })?;
        let basis = recogniser.basis.name(format.dimensions()).into();
        kinds.push(TemplateKind { code, model: recogniser.model(), basis, format, thresholds });
    }
    Ok(kinds)
}

fn read_fusion(row: FusionRow, kinds: &[TemplateKind]) -> Result<Fusion, ConfigError> {
    let thresholds = Thresholds::new(row.accept, row.strict, row.refer)
        .ok_or_else(|| ConfigError::Thresholds { what: "the fusion".to_owned() })?;
    let known = row.templates.iter().all(|code| kinds.iter().any(|kind| kind.code == *code));
    let weighed = row.weights.len() == row.templates.len()
        && row.weights.iter().all(|weight| *weight > 0.0 && weight.is_finite());
    if row.templates.len() < 2 || !known || !weighed {
        return Err(ConfigError::Range { what: "fusion" });
    }
    Ok(Fusion::new(row.templates.into_iter().zip(row.weights).collect(), thresholds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../data/models.toml");

    #[test]
    fn the_configuration_that_ships_is_read_and_its_kinds_belong_to_its_model() {
        let config = FaceConfig::builtin().unwrap();
        for (code, format, model) in [
            (3, TemplateFormat::Compact64, 0),
            (5, TemplateFormat::Compact64, 1),
            (1, TemplateFormat::Compact72, 1),
            (2, TemplateFormat::Wide144, 1),
        ] {
            let kind = config.kind(code).unwrap();
            assert_eq!((kind.code(), kind.format()), (code, format));
            assert_eq!(*kind.model(), config.recognisers[model].model(), "code {code}");
        }
        assert_eq!(config.kind(4), None);
        assert_eq!(config.fusion().unwrap().codes().collect::<Vec<_>>(), [3, 2]);
    }

    #[test]
    fn a_face_needs_a_guardian_below_fourteen_and_the_strict_threshold_below_eighteen_and_from_seventy() {
        let config = FaceConfig::builtin().unwrap();
        for (age, expected) in [
            (0, FaceNeed::Guardian),
            (13, FaceNeed::Guardian),
            (14, FaceNeed::Strict),
            (17, FaceNeed::Strict),
            (18, FaceNeed::Usual),
            (69, FaceNeed::Usual),
            (70, FaceNeed::Strict),
            (120, FaceNeed::Strict),
        ] {
            assert_eq!(config.need_at(age), expected, "row {age}");
        }
    }

    #[test]
    fn a_wrong_configuration_is_refused_for_what_is_wrong() {
        for (from, to, expected) in [
            ("49f000ec", "49f000e", "SHA-256 of face_detection_yunet"),
            ("6c0256cc", "6c0256cx", "SHA-256 of fr_detect.onnx"),
            ("fb143eea07838aa532", "fb143eea07838aa53", "SHA-256 of face_recognition_sface"),
            ("code = 2", "code = 5", "template code 5"),
            ("code = 2", "code = 24", "template code 24"),
            ("format = \"wide144\"", "format = \"wide128\"", "cannot be read"),
            ("model = \"fr_feature-87aacdfe\"", "model = \"next\"", "template code 5 names no recogniser"),
            (
                "model = \"fr_feature-87aacdfe\"\nformat = \"wide144\"",
                "model = \"face_recognition_sface_2021dec_int8bq-fb143eea\"\nformat = \"wide144\"",
                "template code 2 names no recogniser",
            ),
            ("refer = ", "refer = 0.9 # ", "thresholds of template code 3"),
            ("accept = ", "accept = 1.46 # ", "thresholds of template code 3"),
            ("strict = ", "strict = 0.1 # ", "thresholds of template code 3"),
            ("weights = [0.6, 0.4]", "weights = [0.5]", "fusion"),
            ("templates = [3, 2]", "templates = [3, 7]", "fusion"),
            ("templates = [3, 2]", "templates = [3]", "fusion"),
            ("score = 0.70", "score = 70.0", "detector.score"),
            ("height = 1.044", "height = 10.44", "detector.fit"),
            ("family = \"yunet\"", "family = \"unet\"", "cannot be read"),
            ("below = 14", "below = 0", "age"),
            ("need = \"guardian\"", "need = \"parents\"", "cannot be read"),
            ("least = 15.0", "least = 150.0", "quality"),
            ("score = 0.70", "skore = 0.70", "cannot be read"),
            ("side = 112", "side = 4", "recogniser"),
            ("scale = 128.0", "scale = 0.0", "recogniser"),
            ("numbers = 128", "numbers = 100", "template code 3 names no recogniser"),
            ("[38.2946, 51.6963]", "[138.2946, 51.6963]", "recogniser"),
            ("channels = \"bgr\"", "channels = \"cmyk\"", "cannot be read"),
        ] {
            assert!(TEXT.contains(from), "row {to}");
            let error = FaceConfig::from_toml(&TEXT.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(error.contains(expected), "row {to}: {error}");
        }
    }
}

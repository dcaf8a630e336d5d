//! Quality: whether a face is seen well enough to be compared, and if not, what to do about it.
//!
//! Lives here: `Quality`, `QualityBounds`, `QualityFault`, the traveller's sentences (`data/quality.toml`). The
//! measures follow the component list of ISO/IEC 29794-5; their scales are ours, calibrated on the pipeline. The
//! length of an embedding says nothing of quality and is not used.

use crate::alignment::{ALIGNED_SIDE, aligned};
use crate::found::{Face, FaceError, Landmarks};
use crate::geometry::{Point, narrow};
use crate::occlusion::{Occlusion, OcclusionFeatures};
use crate::picture::Image;
use crate::raster::{Grey, Raster};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What was measured on one face in one frame. Numbers that identify nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Pixels between the eyes, in the picture as taken (inter-eye distance).
    pub eye_distance: f32,
    /// The face's height as a share of the frame's (head size).
    pub face_share: f32,
    /// From the nearest edge of the picture to the 68 points, in eye distances; negative where points lie outside
    /// (margin crop).
    pub margin: f32,
    /// Variance of the Laplacian on the aligned crop (sharpness).
    pub sharpness: f32,
    /// Share of the aligned crop at the white end (over-exposure).
    pub highlights: f32,
    /// Share of the aligned crop at the black end (under-exposure).
    pub shadows: f32,
    /// Standard deviation of noise in the grey values of the picture as taken. No bound is laid on it: a noisy face is
    /// steadied before it is sent.
    pub noise: f32,
    /// By how many grey values neighbouring pixels differ more at the edges of a JPEG's blocks than beside them
    /// (compression artefacts). No bound is laid on it either, for the same reason.
    pub compression: f32,
    /// Degrees that the head is turned to a side, from the points (head pose: yaw). Without sign.
    pub yaw: f32,
    /// Degrees that it is raised or lowered against the usual (pitch). Without sign.
    pub pitch: f32,
    /// Degrees that it leans to a shoulder (roll). Without sign.
    pub roll: f32,
    /// Contrast where the eyes are (eyes visible): sunglasses leave none.
    pub eyes_visible: f32,
    /// Contrast where the mouth is (mouth occlusion): a mask leaves none.
    pub mouth_visible: f32,
    /// How likely a mask covers mouth and nose, 0 to 1.
    pub mask: f32,
    /// How likely sunglasses cover the eyes, 0 to 1.
    pub sunglasses: f32,
    /// How likely both eyes are shut, 0 to 1 (eyes open).
    pub eyes_closed: f32,
}

/// The bounds of one measure that must be large.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtLeast {
    least: f32,
    good: f32,
}

/// The bounds of one measure that must be small.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct AtMost {
    most: f32,
    good: f32,
}

/// What is refused and what is only advised against.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityBounds {
    eye_distance: AtLeast,
    face_share: AtLeast,
    margin: AtLeast,
    sharpness: AtLeast,
    highlights: AtMost,
    shadows: AtMost,
    yaw: AtMost,
    pitch: AtMost,
    roll: AtMost,
    eyes_visible: AtLeast,
    mouth_visible: AtLeast,
    mask: AtMost,
    sunglasses: AtMost,
    eyes_closed: AtMost,
}

/// What is wrong with the picture of a face. `Display` is the code and a sentence for the officer; the traveller's
/// sentence in four languages is in [`QualityTexts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum QualityFault {
    /// The face hangs over the edge of the picture.
    #[error("quality_face_cut: the face is cut by the edge of the picture; stand in the middle")]
    FaceCut,
    /// Too few pixels between the eyes.
    #[error("quality_eye_distance: the face is seen with too few pixels; come closer or use a better camera")]
    EyesTooClose,
    /// Too small in the frame to be found reliably.
    #[error("quality_too_far: the face is too small in the picture; come closer")]
    TooFar,
    /// Turned to a side.
    #[error("quality_turned: the head is turned; look straight at the camera")]
    Turned,
    /// Raised or lowered.
    #[error("quality_nodded: the head is raised or lowered; look straight at the camera")]
    Nodded,
    /// Leaning to a shoulder.
    #[error("quality_tilted: the head leans to one side; hold it upright")]
    Tilted,
    /// Sunglasses.
    #[error("quality_sunglasses: sunglasses cover the eyes; take them off")]
    Sunglasses,
    /// A mask.
    #[error("quality_mask: a mask covers mouth and nose; take it off")]
    Mask,
    /// Hair, or a hand.
    #[error("quality_eyes_covered: the eyes cannot be seen; put hair and glasses aside")]
    EyesCovered,
    /// A scarf, a hand.
    #[error("quality_mouth_covered: the mouth cannot be seen; show mouth and nose")]
    MouthCovered,
    /// A blink, or a look down: nothing of the eyes is seen but their lids.
    #[error("quality_eyes_closed: the eyes are shut; open them and look at the camera")]
    EyesClosed,
    /// Too much light.
    #[error("quality_overexposed: the face is over-exposed; turn away from the light")]
    OverExposed,
    /// Too little light.
    #[error("quality_underexposed: the face is in the dark; look at the light")]
    UnderExposed,
    /// Out of focus or moving.
    #[error("quality_blurred: the face is blurred; hold still")]
    Blurred,
}

impl QualityFault {
    /// Every fault, in the order in which they are judged.
    pub const ALL: [Self; 14] = [
        Self::FaceCut,
        Self::EyesTooClose,
        Self::TooFar,
        Self::Turned,
        Self::Nodded,
        Self::Tilted,
        Self::OverExposed,
        Self::UnderExposed,
        Self::Sunglasses,
        Self::Mask,
        Self::EyesCovered,
        Self::MouthCovered,
        Self::EyesClosed,
        Self::Blurred,
    ];

    /// Whether something hides a part of the face. Shut eyes are none: everybody blinks.
    #[must_use]
    pub const fn is_cover(self) -> bool {
        matches!(self, Self::Sunglasses | Self::Mask | Self::EyesCovered | Self::MouthCovered)
    }

    /// The code, never reused.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FaceCut => "quality_face_cut",
            Self::EyesTooClose => "quality_eye_distance",
            Self::TooFar => "quality_too_far",
            Self::Turned => "quality_turned",
            Self::Nodded => "quality_nodded",
            Self::Tilted => "quality_tilted",
            Self::Sunglasses => "quality_sunglasses",
            Self::Mask => "quality_mask",
            Self::EyesCovered => "quality_eyes_covered",
            Self::MouthCovered => "quality_mouth_covered",
            Self::EyesClosed => "quality_eyes_closed",
            Self::OverExposed => "quality_overexposed",
            Self::UnderExposed => "quality_underexposed",
            Self::Blurred => "quality_blurred",
        }
    }
}

/// One sentence in the four languages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sentence {
    /// Simplified Chinese.
    #[serde(rename = "zh-Hans")]
    pub zh_hans: String,
    /// Traditional Chinese.
    #[serde(rename = "zh-Hant")]
    pub zh_hant: String,
    /// The sentence in English.
    pub en: String,
    /// The sentence in Portuguese.
    pub pt: String,
}

/// What a traveller reads for each code of quality, and for a picture without exactly one face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityTexts(BTreeMap<String, Sentence>);

impl QualityTexts {
    /// The texts that ship with the program.
    ///
    /// # Errors
    /// Never for the file as committed: a test reads it.
    pub fn builtin() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../data/quality.toml")).map(Self)
    }

    /// The sentence of a code.
    #[must_use]
    pub fn of(&self, code: &str) -> Option<&Sentence> {
        self.0.get(code)
    }
}

impl FaceError {
    /// The code of the reason, for a log and for [`QualityTexts`]; none where the program is at fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::NoFace => Some("quality_no_face"),
            Self::SeveralFaces { .. } => Some("quality_several_faces"),
            Self::NoLandmarks => Some("quality_unmeasurable"),
            Self::Inference(_) => None,
        }
    }
}

impl Quality {
    /// Measures a face whose place and points are known.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the points give no alignment.
    pub fn of(image: &Image, face: &Face, landmarks: &Landmarks) -> Result<Self, FaceError> {
        let crop = aligned(image.pixels(), landmarks).ok_or(FaceError::NoLandmarks)?;
        Ok(Self::measured(image, face, landmarks, &crop))
    }

    /// What tells whether something hides a part of the face: for fitting the classifiers.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the points give no alignment.
    pub fn occlusion(image: &Image, landmarks: &Landmarks) -> Result<OcclusionFeatures, FaceError> {
        let crop = aligned(image.pixels(), landmarks).ok_or(FaceError::NoLandmarks)?;
        Ok(OcclusionFeatures::of(&crop))
    }

    /// The same, with the aligned crop.
    pub(crate) fn measured(image: &Image, face: &Face, landmarks: &Landmarks, crop: &Raster) -> Self {
        let luma = &crop.luma();
        let [mask, sunglasses, eyes_closed] = hidden(&OcclusionFeatures::of(crop));
        let [yaw, pitch, roll] = pose(landmarks);
        let [eyes_visible, mouth_visible] = visible(luma);
        let [noise, compression] = coarseness(image, landmarks);
        Self {
            eye_distance: landmarks.eye_distance(),
            face_share: face.height() / image.height() as f32,
            margin: margin(landmarks, image.width(), image.height()),
            sharpness: sharpness(luma, ALIGNED_SIDE),
            highlights: highlights(luma),
            shadows: shadows(luma),
            noise,
            compression,
            yaw,
            pitch,
            roll,
            eyes_visible,
            mouth_visible,
            mask,
            sunglasses,
            eyes_closed,
        }
    }
}

/// How likely a mask, sunglasses, and shut eyes are there.
fn hidden(features: &OcclusionFeatures) -> [f32; 3] {
    static CLASSIFIERS: LazyLock<Option<Occlusion>> =
        LazyLock::new(|| Occlusion::from_toml(include_str!("../data/occlusion.toml")));
    // A test (`occlusion`) reads the data as committed; what is no number would be refused as covered.
    let scores = CLASSIFIERS.as_ref().map_or([f32::NAN; 3], |classifiers| classifiers.scores(features));
    scores.map(|score| 1.0 / (1.0 + (-score).exp()))
}

impl QualityBounds {
    /// Whether a face may be compared at all.
    ///
    /// # Errors
    /// The first bound that it breaks.
    pub fn check(&self, quality: &Quality) -> Result<(), QualityFault> {
        self.first_fault(quality, |bound| bound.least, |bound| bound.most).map_or(Ok(()), Err)
    }

    /// Whether the eyes lie as far apart as is advised.
    #[must_use]
    pub fn advised_eye_distance(&self, quality: &Quality) -> bool {
        quality.eye_distance >= self.eye_distance.good
    }

    /// What would make a face that may be compared easier to compare.
    #[must_use]
    pub fn advice(&self, quality: &Quality) -> Option<QualityFault> {
        self.first_fault(quality, |bound| bound.good, |bound| bound.good)
    }

    /// How good a face is to compare, 0 to 1: the mean of how far each measure lies above what is refused. For choosing
    /// among the frames of one sequence; a bound is never laid on it.
    #[must_use]
    pub fn grade(&self, quality: &Quality) -> f32 {
        let least = |value: f32, bound: &AtLeast| {
            ((value - bound.least) / (2.0 * bound.good - bound.least).max(1e-6)).clamp(0.0, 1.0)
        };
        let most = |value: f32, bound: &AtMost| (1.0 - value / bound.most.max(1e-6)).clamp(0.0, 1.0);
        let grades = [
            least(quality.eye_distance, &self.eye_distance),
            least(quality.face_share, &self.face_share),
            least(
                quality.margin + 1.0,
                &AtLeast { least: self.margin.least + 1.0, good: self.margin.good + 1.0 },
            ),
            least(quality.sharpness, &self.sharpness),
            most(quality.highlights, &self.highlights),
            most(quality.shadows, &self.shadows),
            most(quality.yaw, &self.yaw),
            most(quality.pitch, &self.pitch),
            most(quality.roll, &self.roll),
            least(quality.eyes_visible, &self.eyes_visible),
            least(quality.mouth_visible, &self.mouth_visible),
            most(quality.mask, &self.mask),
            most(quality.sunglasses, &self.sunglasses),
            most(quality.eyes_closed, &self.eyes_closed),
        ];
        let sum: f32 = grades.iter().sum();
        if sum.is_finite() { sum / grades.len() as f32 } else { 0.0 }
    }

    pub(crate) fn is_sensible(&self) -> bool {
        let rising = [self.margin, self.eye_distance, self.face_share, self.sharpness];
        let rising = rising.into_iter().chain([self.eyes_visible, self.mouth_visible]);
        let falling = [self.highlights, self.shadows, self.yaw, self.pitch, self.roll];
        let falling = falling.into_iter().chain([self.mask, self.sunglasses, self.eyes_closed]);
        // A margin may be negative: points outside the picture are guesses, and a few are no harm.
        rising.into_iter().all(|bound| -1.0 <= bound.least && bound.least <= bound.good)
            && falling.into_iter().all(|bound| 0.0 <= bound.good && bound.good <= bound.most)
    }

    fn first_fault(
        &self,
        quality: &Quality,
        low: impl Fn(&AtLeast) -> f32,
        high: impl Fn(&AtMost) -> f32,
    ) -> Option<QualityFault> {
        // Written so that a measure that is no number is a fault.
        let reaches = |value: f32, bound: &AtLeast| value >= low(bound);
        let within = |value: f32, bound: &AtMost| value <= high(bound);
        let fits = |fault: QualityFault| match fault {
            QualityFault::FaceCut => reaches(quality.margin, &self.margin),
            QualityFault::EyesTooClose => reaches(quality.eye_distance, &self.eye_distance),
            QualityFault::TooFar => reaches(quality.face_share, &self.face_share),
            QualityFault::Turned => within(quality.yaw, &self.yaw),
            QualityFault::Nodded => within(quality.pitch, &self.pitch),
            QualityFault::Tilted => within(quality.roll, &self.roll),
            QualityFault::OverExposed => within(quality.highlights, &self.highlights),
            QualityFault::UnderExposed => within(quality.shadows, &self.shadows),
            QualityFault::Sunglasses => within(quality.sunglasses, &self.sunglasses),
            QualityFault::Mask => within(quality.mask, &self.mask),
            QualityFault::EyesCovered => reaches(quality.eyes_visible, &self.eyes_visible),
            QualityFault::MouthCovered => reaches(quality.mouth_visible, &self.mouth_visible),
            QualityFault::EyesClosed => within(quality.eyes_closed, &self.eyes_closed),
            QualityFault::Blurred => reaches(quality.sharpness, &self.sharpness),
        };
        QualityFault::ALL.into_iter().find(|fault| !fits(*fault))
    }
}

/// How far the tip of the nose stands out from the plane of the eyes, in eye distances.
const NOSE: f32 = 0.6;

/// Where the tip of the nose lies between the line of the eyes and that of the mouth, in a level frontal view: the
/// mean over the calibration portraits.
const NOSE_LEVEL: f32 = 0.575;

/// Yaw, pitch and roll in degrees, from eyes, nose and mouth. A generic head stands behind it, so a long nose reads as
/// a degree or two of turn.
pub(crate) fn pose(landmarks: &Landmarks) -> [f32; 3] {
    let [left, right, nose, mouth_left, mouth_right] = landmarks.five();
    let (eyes, mouth) = (Point::mean([left, right]), Point::mean([mouth_left, mouth_right]));
    let line = right.minus(left);
    let roll = line.y.atan2(line.x);
    // The axis of the face runs from the eyes to the mouth; nose and mouth are measured along it and beside it.
    let axis = mouth.minus(eyes);
    let (apart, length) = (line.length().max(1e-3), axis.length().max(1e-3));
    let tip = nose.minus(eyes);
    let along = (tip.x * axis.x + tip.y * axis.y) / (length * length);
    let beside = (tip.x * axis.y - tip.y * axis.x) / length;
    let yaw = (beside / (NOSE * apart)).atan();
    let pitch = ((along - NOSE_LEVEL) * length / (NOSE * apart)).atan();
    [yaw, pitch, roll].map(|angle| angle.to_degrees().abs())
}

/// From the nearest edge to the points, in eye distances.
pub(crate) fn margin(landmarks: &Landmarks, width: u32, height: u32) -> f32 {
    let distance = |p: &Point| p.x.min(p.y).min(width as f32 - p.x).min(height as f32 - p.y);
    landmarks.points().iter().map(distance).fold(f32::INFINITY, f32::min) / landmarks.eye_distance().max(1e-3)
}

/// A smaller part of the picture shows too few edges of blocks to tell them from the edges of a face.
const LEAST_CODED: f32 = 96.0;

/// Noise between the outermost points, and compression there and around.
pub(crate) fn coarseness(image: &Image, landmarks: &Landmarks) -> [f32; 2] {
    let most = |of: fn(&Point) -> f32| landmarks.points().iter().map(of).fold(f32::MIN, f32::max);
    let least = |of: fn(&Point) -> f32| landmarks.points().iter().map(of).fold(f32::MAX, f32::min);
    let (low, high) = (Point::new(least(|p| p.x), least(|p| p.y)), Point::new(most(|p| p.x), most(|p| p.y)));
    let wider = |low: f32, high: f32| ((LEAST_CODED - (high - low)) / 2.0).max(0.0);
    let room = Point::new(wider(low.x, high.x), wider(low.y, high.y));
    let around = (Point::new(low.x - room.x, low.y - room.y), Point::new(high.x + room.x, high.y + room.y));
    let of = |(low, high)| Grey::of(image.pixels(), low, high);
    [of((low, high)).noise(), of(around).block_edges()]
}

/// Contrast (standard deviation over mean) of eyes and mouth on the aligned crop.
pub(crate) fn visible(luma: &[f32]) -> [f32; 2] {
    let mean = luma.iter().sum::<f32>() / luma.len().max(1) as f32;
    let window = |columns: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
        let lines = luma.chunks_exact(ALIGNED_SIDE).skip(rows.start).take(rows.len());
        let inside: Vec<f32> =
            lines.flat_map(|line| line.iter().copied().skip(columns.start).take(columns.len())).collect();
        let mean = inside.iter().sum::<f32>() / inside.len().max(1) as f32;
        (inside.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / inside.len().max(1) as f32).sqrt()
    };
    // The places of eyes and mouth in the alignment's target.
    let eyes = f32::midpoint(window(29..48, 47..58), window(64..83, 47..58));
    let mouth = window(42..71, 85..101);
    [eyes, mouth].map(|spread| spread / mean.max(1.0))
}

/// Variance of the Laplacian (four neighbours) over a grey square.
pub(crate) fn sharpness(luma: &[f32], side: usize) -> f32 {
    let rows: Vec<&[f32]> = luma.chunks_exact(side.max(1)).collect();
    let (mut sum, mut squares, mut count) = (0.0_f64, 0.0_f64, 0.0_f64);
    for triple in rows.windows(3) {
        let [above, here, below] = triple else { continue };
        let inner = here.windows(3).zip(above.iter().skip(1).zip(below.iter().skip(1)));
        for (line, (up, down)) in inner {
            let [left, centre, right] = line else { continue };
            let value = f64::from(left + right + up + down - 4.0 * centre);
            (sum, squares, count) = (sum + value, squares + value * value, count + 1.0);
        }
    }
    if count == 0.0 {
        return 0.0;
    }
    let mean = sum / count;
    narrow(squares / count - mean * mean)
}

/// Share of pixels at the white end.
pub(crate) fn highlights(luma: &[f32]) -> f32 {
    luma.iter().filter(|v| **v >= 250.0).count() as f32 / (luma.len().max(1)) as f32
}

/// Share of pixels at the black end.
pub(crate) fn shadows(luma: &[f32]) -> f32 {
    luma.iter().filter(|v| **v < 16.0).count() as f32 / (luma.len().max(1)) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaceConfig;

    #[test]
    fn a_face_is_refused_below_the_bounds_and_advised_below_good() {
        use QualityFault::*;
        let bounds = *FaceConfig::builtin().unwrap().quality();
        let good = Quality {
            eye_distance: 60.0,
            face_share: 0.4,
            margin: 0.5,
            sharpness: 300.0,
            highlights: 0.0,
            shadows: 0.0,
            noise: 1.0,
            compression: 1.0,
            yaw: 2.0,
            pitch: 3.0,
            roll: 1.0,
            eyes_visible: 0.3,
            mouth_visible: 0.2,
            mask: 0.0,
            sunglasses: 0.0,
            eyes_closed: 0.0,
        };
        for (quality, refused, advised) in [
            (good, None, None),
            (Quality { eye_distance: 14.9, ..good }, Some(EyesTooClose), Some(EyesTooClose)),
            (Quality { eye_distance: 15.0, ..good }, None, Some(EyesTooClose)),
            (Quality { eye_distance: f32::NAN, ..good }, Some(EyesTooClose), Some(EyesTooClose)),
            (Quality { face_share: 0.05, ..good }, Some(TooFar), Some(TooFar)),
            (Quality { face_share: 0.1, ..good }, None, Some(TooFar)),
            (Quality { sharpness: 5.0, ..good }, Some(Blurred), Some(Blurred)),
            (Quality { sharpness: 40.0, ..good }, None, Some(Blurred)),
            (Quality { highlights: 0.5, ..good }, Some(OverExposed), Some(OverExposed)),
            (Quality { highlights: 0.1, ..good }, None, Some(OverExposed)),
            (Quality { shadows: 0.95, ..good }, Some(UnderExposed), Some(UnderExposed)),
            (Quality { margin: -0.9, ..good }, Some(FaceCut), Some(FaceCut)),
            (Quality { yaw: 61.0, ..good }, Some(Turned), Some(Turned)),
            (Quality { yaw: f32::NAN, ..good }, Some(Turned), Some(Turned)),
            (Quality { pitch: 60.0, ..good }, Some(Nodded), Some(Nodded)),
            (Quality { roll: 80.0, ..good }, Some(Tilted), Some(Tilted)),
            (Quality { mask: 0.99, ..good }, Some(Mask), Some(Mask)),
            (Quality { mask: f32::NAN, ..good }, Some(Mask), Some(Mask)),
            (Quality { sunglasses: 0.99, ..good }, Some(Sunglasses), Some(Sunglasses)),
            (Quality { eyes_visible: 0.01, ..good }, Some(EyesCovered), Some(EyesCovered)),
            (Quality { mouth_visible: 0.005, ..good }, Some(MouthCovered), Some(MouthCovered)),
            (Quality { eyes_closed: 0.51, ..good }, Some(EyesClosed), Some(EyesClosed)),
            (Quality { eyes_closed: 0.4, ..good }, None, Some(EyesClosed)),
            (Quality { eyes_closed: f32::NAN, ..good }, Some(EyesClosed), Some(EyesClosed)),
            // What covers the eyes comes first: who wears sunglasses is not told to open their eyes.
            (Quality { eyes_closed: 0.99, sunglasses: 0.99, ..good }, Some(Sunglasses), Some(Sunglasses)),
            (Quality { eyes_closed: 0.99, eyes_visible: 0.01, ..good }, Some(EyesCovered), Some(EyesCovered)),
        ] {
            assert_eq!(
                (bounds.check(&quality).err(), bounds.advice(&quality)),
                (refused, advised),
                "row {quality:?}"
            );
        }
    }

    #[test]
    fn every_fault_has_its_own_code_and_a_sentence_in_four_languages() {
        let texts = QualityTexts::builtin().unwrap();
        let mut codes: Vec<&str> = QualityFault::ALL.map(QualityFault::code).to_vec();
        codes.extend(
            [FaceError::NoFace, FaceError::SeveralFaces { count: 2 }, FaceError::NoLandmarks]
                .iter()
                .filter_map(FaceError::code),
        );
        assert_eq!(texts.0.len(), codes.len(), "no sentence without a code");
        let mut seen = std::collections::BTreeSet::new();
        for code in codes {
            assert!(seen.insert(code), "{code} twice");
            let sentence = texts.of(code).unwrap_or_else(|| panic!("{code} has no sentence"));
            for text in [&sentence.zh_hans, &sentence.zh_hant, &sentence.en, &sentence.pt] {
                assert!(!text.trim().is_empty() && !text.contains('_'), "{code}: {text}");
            }
            assert_ne!(sentence.zh_hans, sentence.en, "{code}");
        }
        for fault in QualityFault::ALL {
            assert!(fault.to_string().starts_with(&format!("{}: ", fault.code())));
        }
    }

    /// A head of five points in space, turned and seen from afar.
    fn seen(yaw: f32, pitch: f32, roll: f32) -> Landmarks {
        let turn = |[x, y, z]: [f32; 3]| {
            let (x, z) = (x * yaw.cos() + z * yaw.sin(), z * yaw.cos() - x * yaw.sin());
            let y = y * pitch.cos() + z * pitch.sin();
            Point::new(100.0 + x * roll.cos() - y * roll.sin(), 100.0 + x * roll.sin() + y * roll.cos())
        };
        let points = (0..68).map(|i| match i {
            36..=41 => [-30.0, 0.0, 0.0],
            42..=47 => [30.0, 0.0, 0.0],
            48 | 60 => [-25.0, 66.0, 0.0],
            54 | 64 => [25.0, 66.0, 0.0],
            30 => [0.0, 66.0 * NOSE_LEVEL, 60.0 * NOSE],
            _ => [0.0, 0.0, 0.0],
        });
        Landmarks::new(points.map(turn).collect()).unwrap()
    }

    #[test]
    fn the_pose_of_a_turned_head_is_read_from_its_points() {
        for (yaw, pitch, roll) in [
            (0.0, 0.0, 0.0),
            (20.0, 0.0, 0.0),
            (-35.0, 0.0, 0.0),
            (0.0, 15.0, 0.0),
            (0.0, 0.0, -30.0),
            (15.0, 0.0, 25.0),
        ] {
            let [a, b, c] = pose(&seen(f32::to_radians(yaw), f32::to_radians(pitch), f32::to_radians(roll)));
            assert!(
                (a - yaw.abs()).abs() < 3.0 && (c - roll.abs()).abs() < 3.0,
                "row {yaw} {pitch} {roll}: {a} {b} {c}"
            );
            assert!((b - pitch.abs()).abs() < 4.0, "row {yaw} {pitch} {roll}: {a} {b} {c}");
        }
    }

    #[test]
    fn an_even_square_has_no_sharpness_and_a_chequered_one_has_much() {
        assert_eq!(sharpness(&[90.0; 64], 8), 0.0);
        let chequered: Vec<f32> =
            (0..64).map(|i| if (i / 8 + i % 8) % 2 == 0 { 0.0 } else { 255.0 }).collect();
        assert!(sharpness(&chequered, 8) > 100_000.0);
        assert_eq!(sharpness(&[], 0), 0.0);
    }
}

//! Quality: whether a face is seen well enough to be compared, and if not, what to do about it.
//!
//! Lives here: `Quality`, `QualityBounds`, `QualityFault`. The length of an embedding says nothing of quality and is
//! not used.

use serde::Deserialize;

/// What was measured on one face in one frame. Four numbers that identify nobody.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Pixels between the eyes, in the picture as taken.
    pub eye_distance: f32,
    /// The face's height as a share of the frame's.
    pub face_share: f32,
    /// Variance of the Laplacian on the aligned crop.
    pub sharpness: f32,
    /// Share of the aligned crop at the white end.
    pub highlights: f32,
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
    sharpness: AtLeast,
    highlights: AtMost,
}

/// What is wrong with the picture of a face, as an advice to the one before the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum QualityFault {
    /// Too few pixels between the eyes.
    #[error("the face is seen with too few pixels; come closer or use a better camera")]
    EyesTooClose,
    /// Too small in the frame to be found reliably.
    #[error("the face is too small in the picture; come closer")]
    TooFar,
    /// Out of focus or moving.
    #[error("the face is blurred; hold still")]
    Blurred,
    /// Too much light.
    #[error("the face is over-exposed; turn away from the light")]
    OverExposed,
}

impl QualityBounds {
    /// Whether a face may be compared at all.
    ///
    /// # Errors
    /// The first bound that it breaks.
    pub fn check(&self, quality: &Quality) -> Result<(), QualityFault> {
        let (eyes, share, sharp) = (self.eye_distance.least, self.face_share.least, self.sharpness.least);
        first_fault(quality, eyes, share, sharp, self.highlights.most).map_or(Ok(()), Err)
    }

    /// What would make a face that may be compared easier to compare.
    #[must_use]
    pub fn advice(&self, quality: &Quality) -> Option<QualityFault> {
        let (eyes, share, sharp) = (self.eye_distance.good, self.face_share.good, self.sharpness.good);
        first_fault(quality, eyes, share, sharp, self.highlights.good)
    }

    pub(crate) fn is_sensible(&self) -> bool {
        let ordered = |bound: &AtLeast| 0.0 <= bound.least && bound.least <= bound.good;
        ordered(&self.eye_distance)
            && ordered(&self.face_share)
            && ordered(&self.sharpness)
            && 0.0 <= self.highlights.good
            && self.highlights.good <= self.highlights.most
    }
}

fn first_fault(quality: &Quality, eyes: f32, share: f32, sharp: f32, white: f32) -> Option<QualityFault> {
    // Written so that a measure that is no number is a fault.
    let at_least = |value: f32, bound: f32| value >= bound;
    if !at_least(quality.eye_distance, eyes) {
        Some(QualityFault::EyesTooClose)
    } else if !at_least(quality.face_share, share) {
        Some(QualityFault::TooFar)
    } else if !at_least(white, quality.highlights) {
        Some(QualityFault::OverExposed)
    } else if !at_least(quality.sharpness, sharp) {
        Some(QualityFault::Blurred)
    } else {
        None
    }
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

#[expect(clippy::cast_possible_truncation, reason = "a quality measure needs no more digits")]
fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FaceConfig;

    #[test]
    fn a_face_is_refused_below_the_bounds_and_advised_below_good() {
        use QualityFault::*;
        let bounds = *FaceConfig::builtin().unwrap().quality();
        let good = Quality { eye_distance: 60.0, face_share: 0.4, sharpness: 300.0, highlights: 0.0 };
        for (quality, refused, advised) in [
            (good, None, None),
            (Quality { eye_distance: 15.9, ..good }, Some(EyesTooClose), Some(EyesTooClose)),
            (Quality { eye_distance: 16.0, ..good }, None, Some(EyesTooClose)),
            (Quality { eye_distance: f32::NAN, ..good }, Some(EyesTooClose), Some(EyesTooClose)),
            (Quality { face_share: 0.05, ..good }, Some(TooFar), Some(TooFar)),
            (Quality { face_share: 0.1, ..good }, None, Some(TooFar)),
            (Quality { sharpness: 5.0, ..good }, Some(Blurred), Some(Blurred)),
            (Quality { sharpness: 40.0, ..good }, None, Some(Blurred)),
            (Quality { highlights: 0.5, ..good }, Some(OverExposed), Some(OverExposed)),
            (Quality { highlights: 0.1, ..good }, None, Some(OverExposed)),
        ] {
            assert_eq!(
                (bounds.check(&quality).err(), bounds.advice(&quality)),
                (refused, advised),
                "row {quality:?}"
            );
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

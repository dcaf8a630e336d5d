//! The cut: a face taken out of its picture upright, with what was measured on the way.
//!
//! Lives here: `Cut`. Not here: smoothing it (`coarse`), writing and sending it (`probe`).

use crate::alignment::aligned;
use crate::found::{Face, FaceError, Landmarks};
use crate::geometry::Similarity;
use crate::picture::Image;
use crate::quality::Quality;
use crate::raster::Raster;
use documents::redact_debug;
use image::RgbImage;

/// Fewer pixels a side no crop has.
pub(crate) const MIN_SIDE: u32 = 224;
/// A crop from a sharp picture keeps its pixels up to this side: its eyes lie some 73 pixels apart, as many as a recogniser
/// of 224 pixels is shown (70), and twice what one of 112 is.
const SENT_SIDE: f32 = 352.0;

/// The crop is so much wider than the points that the aligned face, forehead included, lies inside it: grey where the
/// registry photo shows hair costs 0.012 of score on the average.
const ROOM: f32 = 2.2;

/// A face cut out upright, before anything is smoothed or coded. Personal data.
#[derive(Clone, PartialEq)]
pub struct Cut {
    pub(crate) crop: RgbImage,
    pub(crate) landmarks: Landmarks,
    /// A pixel of the picture as taken, in pixels of the crop.
    pub(crate) pixel: f32,
    pub(crate) quality: Quality,
}
redact_debug!(Cut);

impl Cut {
    /// Cuts a face out whose place and points are known.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the points give no alignment.
    pub fn of(image: &Image, face: &Face, landmarks: &Landmarks) -> Result<Self, FaceError> {
        let (centre, longer, angle) = landmarks.upright_square();
        let side = ROOM * longer;
        let pixels = whole(side.clamp(MIN_SIDE as f32, SENT_SIDE));
        let square = Similarity::square(pixels as f32, centre, side, angle);
        let crop = Raster::warped(image.pixels(), pixels as usize, pixels as usize, &square).to_rgb();
        let in_crop = landmarks.mapped(&square.inverse()).ok_or(FaceError::NoLandmarks)?;
        let upright = aligned(&crop, &in_crop).ok_or(FaceError::NoLandmarks)?;
        let quality = Quality::measured(image, face, landmarks, &upright);
        Ok(Self { crop, landmarks: in_crop, pixel: pixels as f32 / side, quality })
    }

    /// What was measured.
    #[must_use]
    pub const fn quality(&self) -> &Quality {
        &self.quality
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps; the value is a crop's side"
)]
fn whole(value: f32) -> u32 {
    value.round() as u32
}

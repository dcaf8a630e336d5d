//! Cost: how much memory decoding a picture takes, reckoned from its headers.
//!
//! Lives here: [`Cost`] and the judgement on it. Not here: how a format's headers are read.

use super::{MAX_DECODE_BYTES, MAX_PIXELS, MAX_SIDE, PictureError};
use image::metadata::Orientation;

/// The dimensions of a picture and the memory that decoding takes. Every maker of one has passed [`Cost::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Bytes of a decoded pixel.
    pixel: u64,
    /// Bytes of a pixel in the eight-bit form that callers make of it, beside the first; 0 where that takes none.
    converted: u64,
    /// Bytes that the decoder holds beside the picture: copies of the file, planes, tables.
    work: u64,
}

impl Cost {
    /// A picture of so many pixels, of so many bytes each.
    pub(super) fn new(width: u32, height: u32, pixel: u64) -> Result<Self, PictureError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels > MAX_PIXELS || width.max(height) > MAX_SIDE {
            return Err(PictureError::TooManyPixels { width, height });
        }
        if pixels == 0 {
            return Err(PictureError::Damaged);
        }
        Ok(Self { width, height, pixel, converted: 0, work: 0 })
    }

    /// And so many more for each pixel when a caller converts it.
    pub(super) const fn converted(self, converted: u64) -> Self {
        Self { converted, ..self }
    }

    /// And so much work space.
    pub(super) const fn with_work(self, bytes: u64) -> Self {
        Self { work: self.work.saturating_add(bytes), ..self }
    }

    pub(super) fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Bytes of the decoded picture.
    pub(super) fn picture_bytes(&self) -> u64 {
        self.pixels().saturating_mul(self.pixel)
    }

    /// Refuses what would take too much, whichever of its moments takes most: decoding, turning or converting.
    pub(super) fn check(&self, orientation: Orientation) -> Result<(), PictureError> {
        let picture = self.picture_bytes();
        let decoding = picture.saturating_add(self.work);
        let turning = match orientation {
            Orientation::NoTransforms
            | Orientation::Rotate180
            | Orientation::FlipHorizontal
            | Orientation::FlipVertical => picture,
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => picture.saturating_mul(2),
        };
        let converting = picture.saturating_add(self.pixels().saturating_mul(self.converted));
        if decoding.max(turning).max(converting) > MAX_DECODE_BYTES {
            return Err(PictureError::TooManyPixels { width: self.width, height: self.height });
        }
        Ok(())
    }
}

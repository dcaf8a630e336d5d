//! Pictures: bounded, upright, in 8-bit RGB, at most 1,600 pixels a side.
//!
//! Lives here: `Image`. Not here: reading a file's format within bounds (`code::picture`), what is in the picture.

use crate::geometry::Similarity;
use crate::raster::{self, Raster};
use documents::redact_debug;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};

/// A larger picture is shrunk: faces are found at 320 x 240 and compared at 112 x 112.
const MAX_SIDE: u32 = 1600;

/// Fewer pixels than this hold no face that could be compared.
const MIN_SIDE: u32 = 32;

/// A decoded picture. It is personal data: `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    pixels: RgbImage,
}
redact_debug!(Image);

/// Why a file gives no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The file itself is the trouble.
    #[error(transparent)]
    File(#[from] code::picture::PictureError),
    /// A picture, but of nothing.
    #[error("the picture has {width} x {height} pixels; a face needs more")]
    TooSmall {
        /// Pixels in a row.
        width: u32,
        /// Its height in pixels.
        height: u32,
    },
    /// The JPEG encoder failed.
    #[error("the picture could not be written as JPEG")]
    Encode,
}

/// What a viewer would see over grey: pixels that alpha hides are no part of the picture.
fn opaque(picture: image::DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let seen = |value: u8, alpha: u8| {
        let (value, alpha) = (f32::from(value), f32::from(alpha) / 255.0);
        raster::to_u8(value * alpha + raster::OUTSIDE * (1.0 - alpha))
    };
    let picture = picture.into_rgba8();
    let (width, height) = picture.dimensions();
    // In place: a second picture of this size would double what a stranger's file costs.
    let mut bytes = picture.into_raw();
    let pixels = bytes.len() / 4;
    for at in 0..pixels {
        let Some(Ok([r, g, b, a])) = bytes.get(4 * at..4 * at + 4).map(<[u8; 4]>::try_from) else { break };
        if let Some(out) = bytes.get_mut(3 * at..3 * at + 3) {
            out.copy_from_slice(&[seen(r, a), seen(g, a), seen(b, a)]);
        }
    }
    bytes.truncate(3 * pixels);
    RgbImage::from_raw(width, height, bytes).unwrap_or_default()
}

impl Image {
    /// Decodes a JPEG, PNG or WebP file: at most 20 MiB and 40 megapixels, judged before memory is taken.
    ///
    /// # Errors
    /// Each cause has its own: empty, text, HEIC, cut, damaged, too many bytes or pixels, too small.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::from_pixels(opaque(code::picture::decode(bytes)?))
    }

    /// Decodes the portrait of a document's chip, JPEG or JPEG 2000, within the same limits; only what its issuer signed comes here.
    ///
    /// # Errors
    /// As [`Image::decode`].
    pub fn decode_portrait(bytes: &[u8]) -> Result<Self, ImageError> {
        Self::from_pixels(opaque(code::picture::decode_portrait(bytes)?))
    }

    /// Takes pixels as a camera delivers them.
    ///
    /// # Errors
    /// [`ImageError::TooSmall`] below 32 pixels a side.
    pub fn from_pixels(pixels: RgbImage) -> Result<Self, ImageError> {
        Self { pixels }.large_enough()?.at_most(MAX_SIDE)
    }

    /// The same picture with no side longer than `side` pixels; itself where it has none.
    ///
    /// # Errors
    /// [`ImageError::TooSmall`] where its other side falls below 32 pixels.
    pub fn at_most(self, side: u32) -> Result<Self, ImageError> {
        let longer = self.width().max(self.height());
        if longer <= side {
            return Ok(self);
        }
        let factor = f64::from(longer) / f64::from(side.max(1));
        let whole = raster::Region::whole(&self.pixels);
        Self { pixels: Raster::shrunk(&self.pixels, &whole, factor).to_rgb() }.large_enough()
    }

    fn large_enough(self) -> Result<Self, ImageError> {
        let (width, height) = self.pixels.dimensions();
        if width.min(height) < MIN_SIDE { Err(ImageError::TooSmall { width, height }) } else { Ok(self) }
    }

    /// Pixels in a row.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// The picture in grey levels, for a code that may be in it.
    #[must_use]
    pub fn to_luma(&self) -> image::GrayImage {
        image::imageops::grayscale(&self.pixels)
    }

    /// A JPEG file of the picture.
    ///
    /// # Errors
    /// [`ImageError::Encode`] if the encoder fails.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, ImageError> {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, quality.clamp(1, 100))
            .write_image(self.pixels.as_raw(), self.width(), self.height(), ExtendedColorType::Rgb8)
            .map_err(|_| ImageError::Encode)?;
        Ok(file)
    }

    /// `width` x `height` pixels, each taken where `map` (from there to this picture) says; grey outside the picture.
    #[must_use]
    pub fn warped(&self, width: u32, height: u32, map: &Similarity) -> RgbImage {
        Raster::warped(&self.pixels, width as usize, height as usize, map).to_rgb()
    }

    /// Red, green and blue of each pixel: for measuring what a worse camera would have seen.
    #[must_use]
    pub const fn as_pixels(&self) -> &RgbImage {
        &self.pixels
    }

    pub(crate) const fn pixels(&self) -> &RgbImage {
        &self.pixels
    }
}

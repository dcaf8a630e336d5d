//! Reading: a camera frame becomes the text of the QR symbol in it.
//!
//! Lives here: `read_frame`, `read_picture` and the second looks that a bad frame gets. Not here: what the text
//! means (`crossing_code`). The decoder is `rxing`; several symbols in one frame are all read, and one of ours wins.

use crate::PREFIX;
use crate::picture::{self, PictureError};
use image::GrayImage;
use image::imageops::{self, FilterType};
use rxing::common::{GlobalHistogramBinarizer, HybridBinarizer};
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, Binarizer, BinaryBitmap, DecodeHints, Luma8LuminanceSource};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most pixels of a frame that is searched; a larger one is scaled down first.
const MAX_FRAME_PIXELS: f64 = 2_500_000.0;

/// The smallest symbol has 21 modules.
const MIN_SIDE: u32 = 21;

/// How many of the slower attempts to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// One frame of a video stream: the quick attempts alone, since another frame follows.
    Stream,
    /// A single picture: every attempt.
    Still,
}

/// Why no text was read from a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// No QR symbol was found, or it cannot be read.
    #[error("no readable QR code in the picture; hold the phone straight, closer and out of the glare")]
    NoCode,
    /// The frame is smaller than any symbol.
    #[error("the picture has {width} x {height} pixels, too few for a QR code")]
    TooSmall {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The file cannot be decoded as a picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Reads the crossing code in a picture file (JPEG, PNG, WebP).
///
/// # Errors
/// As [`read_frame`]; [`ReadError::Picture`] if the file cannot be decoded.
pub fn read_picture(bytes: &[u8]) -> Result<String, ReadError> {
    read_picture_for(bytes, PREFIX)
}

/// Reads the QR symbol in a picture file, as [`read_frame_for`] does.
///
/// # Errors
/// As [`read_frame`]; [`ReadError::Picture`] if the file cannot be decoded.
pub fn read_picture_for(bytes: &[u8], prefix: &str) -> Result<String, ReadError> {
    let decoded = picture::decode(bytes)?;
    let transparent = decoded.color().has_alpha();
    // The colours are gone before the search takes memory of its own.
    let read = read_frame_for(&picture::grey_on(decoded, picture::WHITE), Effort::Still, prefix);
    match read {
        Err(ReadError::NoCode) if transparent => {
            let frame = picture::grey_on(picture::decode(bytes)?, picture::BLACK);
            read_frame_for(&frame, Effort::Still, prefix)
        }
        read => read,
    }
}

/// Reads the QR symbol in a frame. Of several symbols a crossing code is preferred, then the one found first. A code of
/// another system is returned too, so that the parser can name it.
///
/// # Errors
/// [`ReadError::NoCode`] if no attempt finds one.
pub fn read_frame(frame: &GrayImage, effort: Effort) -> Result<String, ReadError> {
    read_frame_for(frame, effort, PREFIX)
}

/// Reads the QR symbol in a frame. Of several symbols one whose text begins with `prefix` is preferred, as [`read_frame`]
/// prefers a crossing code.
///
/// # Errors
/// [`ReadError::NoCode`] if no attempt finds one.
pub fn read_frame_for(frame: &GrayImage, effort: Effort, prefix: &str) -> Result<String, ReadError> {
    let (width, height) = frame.dimensions();
    if width.min(height) < MIN_SIDE {
        return Err(ReadError::TooSmall { width, height });
    }
    let shrunk = shrunk_to_limit(frame);
    let frame = shrunk.as_ref().unwrap_or(frame);
    let looks: &[Look] = match effort {
        Effort::Stream => &Look::FAST,
        Effort::Still => &Look::ALL,
    };
    let mut foreign = None;
    for look in looks {
        for text in look.texts(frame) {
            if text.starts_with(prefix) {
                return Ok(text);
            }
            foreign.get_or_insert(text);
        }
    }
    foreign.ok_or(ReadError::NoCode)
}

/// One attempt at a frame, in order of cost and success.
#[derive(Debug, Clone, Copy)]
enum Look {
    Plain,
    Smooth,
    Half,
    Global,
    Enlarged,
    Sharpened,
    EvenLight,
    Inverted,
    Turned,
}

impl Look {
    const FAST: [Self; 2] = [Self::Plain, Self::Smooth];
    const ALL: [Self; 9] = [
        Self::Plain,
        Self::Smooth,
        Self::Half,
        Self::Global,
        Self::EvenLight,
        Self::Sharpened,
        Self::Enlarged,
        Self::Turned,
        Self::Inverted,
    ];

    fn texts(self, frame: &GrayImage) -> Vec<String> {
        let (width, height) = frame.dimensions();
        match self {
            Self::Plain => texts(frame.clone()),
            // Moire and sensor noise are finer than a module.
            Self::Smooth => texts(imageops::blur(frame, 0.8)),
            Self::Half => texts(imageops::resize(frame, width / 2, height / 2, FilterType::Triangle)),
            Self::Global => texts_global(frame.clone()),
            Self::Enlarged if f64::from(width) * f64::from(height) * 4.0 <= MAX_FRAME_PIXELS * 2.0 => {
                texts(imageops::resize(frame, width * 2, height * 2, FilterType::CatmullRom))
            }
            Self::Enlarged => Vec::new(),
            Self::Sharpened => texts(imageops::unsharpen(frame, 1.5, 0)),
            Self::EvenLight => texts(even_light(frame)),
            Self::Inverted => {
                let mut inverted = frame.clone();
                imageops::invert(&mut inverted);
                texts(inverted)
            }
            Self::Turned => texts(turned(frame)),
        }
    }
}

fn texts(frame: GrayImage) -> Vec<String> {
    let (width, height) = frame.dimensions();
    if width.min(height) < MIN_SIDE {
        return Vec::new();
    }
    match Luma8LuminanceSource::new(frame.into_raw(), width, height) {
        Ok(source) => texts_of(&mut BinaryBitmap::new(HybridBinarizer::new(source))),
        Err(_) => Vec::new(),
    }
}

fn texts_global(frame: GrayImage) -> Vec<String> {
    let (width, height) = frame.dimensions();
    match Luma8LuminanceSource::new(frame.into_raw(), width, height) {
        Ok(source) => texts_of(&mut BinaryBitmap::new(GlobalHistogramBinarizer::new(source))),
        Err(_) => Vec::new(),
    }
}

fn texts_of<B: Binarizer>(bitmap: &mut BinaryBitmap<B>) -> Vec<String> {
    let hints = DecodeHints {
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        TryHarder: Some(true),
        ..DecodeHints::default()
    };
    // A frame is untrusted input and the decoder may panic on it; the lane must go on.
    let results = catch_unwind(AssertUnwindSafe(|| QrReader.decode_multiple_with_hints(bitmap, &hints)));
    match results {
        Ok(Ok(results)) => results.iter().map(|result| result.getText().to_owned()).collect(),
        Ok(Err(_)) | Err(_) => Vec::new(),
    }
}

fn shrunk_to_limit(frame: &GrayImage) -> Option<GrayImage> {
    let (width, height) = frame.dimensions();
    let pixels = f64::from(width) * f64::from(height);
    if pixels <= MAX_FRAME_PIXELS {
        return None;
    }
    let scale = (MAX_FRAME_PIXELS / pixels).sqrt();
    let shrunk = |side: u32| to_u32(f64::from(side) * scale).max(MIN_SIDE);
    Some(imageops::resize(frame, shrunk(width), shrunk(height), FilterType::Triangle))
}

/// Divides by the light around each pixel, so that a shadow or a glare across the symbol matters less.
fn even_light(frame: &GrayImage) -> GrayImage {
    let (width, height) = frame.dimensions();
    let small = imageops::resize(frame, (width / 16).max(2), (height / 16).max(2), FilterType::Triangle);
    let light = imageops::resize(&imageops::blur(&small, 2.0), width, height, FilterType::Triangle);
    GrayImage::from_fn(width, height, |x, y| {
        let here = u32::from(frame.get_pixel(x, y).0[0]);
        let around = u32::from(light.get_pixel(x, y).0[0]).max(16);
        image::Luma([u8::try_from((here * 128 / around).min(255)).unwrap_or(255)])
    })
}

/// Turned by 30 degrees about its middle: a symbol on its corner becomes one that finder scans cross well.
fn turned(frame: &GrayImage) -> GrayImage {
    let (width, height) = frame.dimensions();
    let side = to_u32(f64::from(width).hypot(f64::from(height)).ceil());
    let (sine, cosine) = 30.0_f64.to_radians().sin_cos();
    let middle = f64::from(side) / 2.0;
    let (middle_x, middle_y) = (f64::from(width) / 2.0, f64::from(height) / 2.0);
    GrayImage::from_fn(side, side, |x, y| {
        let (dx, dy) = (f64::from(x) - middle, f64::from(y) - middle);
        let (from_x, from_y) = (middle_x + dx * cosine - dy * sine, middle_y + dx * sine + dy * cosine);
        image::Luma([between_pixels(frame, from_x, from_y)])
    })
}

fn between_pixels(frame: &GrayImage, x: f64, y: f64) -> u8 {
    if x < 0.0 || y < 0.0 {
        return 127;
    }
    let (left, top) = (to_u32(x), to_u32(y));
    let at = |x: u32, y: u32| frame.get_pixel_checked(x, y).map(|pixel| f64::from(pixel.0[0]));
    let (Some(a), Some(b), Some(c), Some(d)) =
        (at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1))
    else {
        return 127;
    };
    let (right, down) = (x.fract(), y.fract());
    let value = (a * (1.0 - right) + b * right) * (1.0 - down) + (c * (1.0 - right) + d * right) * down;
    u8::try_from(to_u32(value)).unwrap_or(255)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn to_u32(value: f64) -> u32 {
    value as u32
}

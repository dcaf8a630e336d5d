//! Picture files from outside: one decoder for all that strangers hand in, bounded before anything is unpacked.
//!
//! Lives here: [`decode`] and [`decode_portrait`], their limits and refusals. A file is first walked without unpacking a byte of it (`png`,
//! `jpeg`, `webp`, `lossless`, `jpeg2000`): its dimensions, what decoding it will cost, and the few pieces that pixels are made of. Only
//! those reach a decoder: colour profiles, texts, other metadata and further pictures of an animation never do. Not here:
//! what is in the picture (`frame` for codes, crate `face` for faces), how many are decoded at once (the programs).

mod cost;
mod ground;
mod jpeg;
mod jpeg2000;
mod lossless;
mod png;
mod webp;

use cost::Cost;
use hayro_jpeg2000::{ColorSpace, DecodeSettings, DecoderContext};
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageError, ImageResult, Limits, RgbImage};
use std::borrow::Cow;
use std::io::Cursor;
use std::panic::{UnwindSafe, catch_unwind};

pub use ground::{BLACK, WHITE, grey_on};

/// The longest file that is decoded, in bytes.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// The most pixels that are decoded.
pub const MAX_PIXELS: u64 = 40_000_000;

/// The longest side in pixels: what JPEG can say.
pub const MAX_SIDE: u32 = 65_535;

/// The most memory that one decoding may take beside the file itself, all copies and work space included: a picture of
/// [`MAX_PIXELS`] in three channels of eight bits, and the same once more while it is turned upright. What a form of
/// file costs beyond that lowers the number of pixels that are read in it.
pub const MAX_DECODE_BYTES: u64 = 232 * 1024 * 1024;

/// Why a file cannot be decoded as a picture. No variant carries any of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The file is empty.
    #[error("the file is empty; take the picture again")]
    Empty,
    /// Longer than [`MAX_FILE_BYTES`].
    #[error("the file has {got} bytes; at most {MAX_FILE_BYTES} (20 MiB) are read: save it smaller")]
    TooManyBytes {
        /// Length of the file, in bytes.
        got: usize,
    },
    /// More than [`MAX_PIXELS`], a side longer than [`MAX_SIDE`], or decoding would take [`MAX_DECODE_BYTES`].
    #[error(
        "the picture has {width} x {height} pixels, more than are read (40 megapixels; fewer with transparency, \
         16 bits or in progressive form): save it smaller"
    )]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The file is a text file.
    #[error("the file is a text, not a picture; give a JPEG, PNG or WebP file")]
    Text,
    /// The file is a picture or document in a format that is not read here.
    #[error("the file is {format}, which is not read here; save it as JPEG, PNG or WebP")]
    Format {
        /// The format's name.
        format: &'static str,
    },
    /// A JPEG of a kind that the standard allows and that is not read here: arithmetic coding, twelve bits, or colours whose
    /// sampling or scans the decoder would put in the wrong place.
    #[error(
        "the JPEG is coded in an unusual way that is not read here; open the picture and save it once more as JPEG or PNG"
    )]
    Coding,
    /// The file is of no known format.
    #[error("the file is not a known kind of picture; give a JPEG, PNG or WebP file")]
    Unknown,
    /// The file ends before the picture is complete.
    #[error("the picture file is cut: it stops before its end; copy or take it again")]
    Truncated,
    /// The file begins like a picture and is malformed.
    #[error("the picture file is damaged; take the picture again")]
    Damaged,
}

/// What is left of a file once everything is taken away that no pixel is made of.
struct Bare<'a> {
    file: Cow<'a, [u8]>,
    cost: Cost,
    orientation: Option<Orientation>,
}

/// Decodes a JPEG, PNG or WebP file and turns it upright (EXIF orientation). Colour profiles are not applied.
///
/// # Errors
/// The first reason against the file; size, dimensions and cost are judged before anything is unpacked or memory is
/// taken for pixels.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(PictureError::TooManyBytes { got: bytes.len() });
    }
    guarded(|| decoded(bytes))
}

/// A file is untrusted input and a decoder may panic on it; only this picture is lost then.
fn guarded(
    decoding: impl FnOnce() -> Result<DynamicImage, PictureError> + UnwindSafe,
) -> Result<DynamicImage, PictureError> {
    catch_unwind(decoding).unwrap_or(Err(PictureError::Damaged))
}

fn decoded(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => upright(jpeg::bare(bytes)?, JpegDecoder::new),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', chunks @ ..] => {
            upright(png::bare(chunks)?, |file| PngDecoder::with_limits(file, limits()))
        }
        [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P', ..] => {
            // RIFF: the length counts what follows it.
            let declared = u32::from_le_bytes([*a, *b, *c, *d]);
            let end = usize::try_from(declared).ok().and_then(|declared| declared.checked_add(8));
            let chunks = end.and_then(|end| bytes.get(12..end)).ok_or(PictureError::Truncated)?;
            upright(webp::bare(chunks)?, WebPDecoder::new)
        }
        _ => Err(unreadable(bytes)),
    }
}

/// Decodes the portrait of a document's chip: JPEG, or JPEG 2000 in grey or RGB, container or bare codestream. Nothing is turned, colour
/// profiles are not applied. JPEG 2000 is read here alone: only what a document's issuer signed should reach its decoder.
///
/// # Errors
/// As [`decode`]; any other format is [`PictureError::Unknown`]. JPEG 2000 is read up to four megapixels.
pub fn decode_portrait(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(PictureError::TooManyBytes { got: bytes.len() });
    }
    if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return decode(bytes);
    }
    if bytes.starts_with(jpeg2000::CONTAINER) || bytes.starts_with(jpeg2000::CODESTREAM) {
        return guarded(|| portrait(bytes));
    }
    Err(if bytes.is_empty() { PictureError::Empty } else { PictureError::Unknown })
}

/// Decodes JPEG 2000 that was found to be within the limits.
fn portrait(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let Bare { file, cost, .. } = jpeg2000::bare(bytes)?;
    cost.check(Orientation::NoTransforms)?;
    let settings = DecodeSettings { strict: true, ..DecodeSettings::default() };
    let read = hayro_jpeg2000::Image::new(&file, &settings).map_err(|_| PictureError::Damaged)?;
    // What was judged is what is decoded.
    if (read.width(), read.height()) != (cost.width, cost.height) || read.has_alpha() {
        return Err(PictureError::Damaged);
    }
    let mut context = DecoderContext::default();
    let pixels = read.decode(&mut context).map_err(|_| PictureError::Damaged)?.data_u8();
    drop(context);
    if u64::try_from(pixels.len()) != Ok(cost.picture_bytes()) {
        return Err(PictureError::Damaged);
    }
    let (width, height) = (cost.width, cost.height);
    let picture = match read.color_space() {
        ColorSpace::Gray => GrayImage::from_raw(width, height, pixels).map(DynamicImage::from),
        ColorSpace::RGB => RgbImage::from_raw(width, height, pixels).map(DynamicImage::from),
        ColorSpace::CMYK | ColorSpace::Unknown { .. } | ColorSpace::Icc { .. } => None,
    };
    picture.ok_or(PictureError::Damaged)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    limits
}

/// Decodes what was found to be within the limits. The file's copies are gone before the picture is turned.
fn upright<'a, D: ImageDecoder>(
    bare: Bare<'a>,
    decoder: impl FnOnce(Cursor<Cow<'a, [u8]>>) -> ImageResult<D>,
) -> Result<DynamicImage, PictureError> {
    let Bare { file, cost, orientation } = bare;
    let orientation = orientation.unwrap_or(Orientation::NoTransforms);
    cost.check(orientation)?;
    let mut decoder = decoder(Cursor::new(file)).map_err(|error| refusal(&error))?;
    // What was judged is what is decoded.
    if decoder.dimensions() != (cost.width, cost.height) || decoder.total_bytes() > cost.picture_bytes() {
        return Err(PictureError::Damaged);
    }
    decoder.set_limits(limits()).map_err(|error| refusal(&error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| refusal(&error))?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn refusal(error: &ImageError) -> PictureError {
    match error {
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PictureError::Truncated
        }
        error if stops_early(error) => PictureError::Truncated,
        ImageError::Decoding(_)
        | ImageError::Encoding(_)
        | ImageError::Parameter(_)
        | ImageError::Limits(_)
        | ImageError::Unsupported(_)
        | ImageError::IoError(_) => PictureError::Damaged,
    }
}

/// Decoders report the end of the file as an I/O error, sometimes wrapped in one of their own.
fn stops_early(error: &ImageError) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof)
        {
            return true;
        }
        cause = error.source();
    }
    false
}

fn unreadable(bytes: &[u8]) -> PictureError {
    let format = match bytes {
        [_, _, _, _, b'f', b't', b'y', b'p', b'h', b'e', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', b'm', b'i' | b's', ..] => Some("a HEIC picture"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', ..] => Some("an AVIF picture"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("a video"),
        [b'G', b'I', b'F', b'8', ..] => Some("a GIF picture"),
        [b'B', b'M', _, _, _, _, 0, 0, ..] => Some("a BMP picture"),
        [b'I', b'I', 0x2a, 0, ..] | [b'M', b'M', 0, 0x2a, ..] => Some("a TIFF picture"),
        [b'%', b'P', b'D', b'F', ..] => Some("a PDF document"),
        [b'P', b'K', 3, 4, ..] => Some("a ZIP archive"),
        [0, 0, 0, 0x0c, b'j', b'P', b' ', b' ', ..] | [0xff, 0x4f, 0xff, 0x51, ..] => {
            Some("a JPEG 2000 picture")
        }
        [0, 0, 0, 0x0c, b'J', b'X', b'L', b' ', ..] | [0xff, 0x0a, ..] => Some("a JPEG XL picture"),
        _ => None,
    };
    if let Some(format) = format {
        return PictureError::Format { format };
    }
    let magics: [&[u8]; 3] = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF"];
    if magics.iter().any(|magic| {
        magic.starts_with(bytes) || (*magic == b"RIFF" && bytes.starts_with(magic) && bytes.len() < 12)
    }) {
        return PictureError::Truncated;
    }
    let start = bytes.get(..512).unwrap_or(bytes);
    let readable =
        |bytes: &[u8]| !bytes.iter().any(|b| *b < 9 || (14..27).contains(b) || (28..32).contains(b));
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        // The cut at 512 bytes may have gone through a character.
        Err(error) => start.len() == 512 && error.error_len().is_none(),
    };
    if is_utf8 && readable(start) { PictureError::Text } else { PictureError::Unknown }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Found by the fuzzer: 647 bytes on which the JPEG decoder stops at an assertion of its own. Their coding is refused before it.
    const FAULT_OF_DECODER: &[u8] = include_bytes!("../../../../fuzz/seeds/picture/no-fault-of-decoder.jpg");

    #[test]
    fn a_fault_in_a_decoder_costs_the_picture_and_not_the_process() {
        assert_eq!(decode(FAULT_OF_DECODER).err(), Some(PictureError::Coding));
        let fault = guarded(|| panic!("as a decoder does"));
        assert_eq!(fault.err(), Some(PictureError::Damaged));
    }
}

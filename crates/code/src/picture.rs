//! Picture files from outside: bounded before any memory is taken, upright, each refusal with its own reason.
//!
//! Lives here: `decode`. Not here: what is in the picture (`frame` for codes, crate `face` for faces).

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::{DynamicImage, ImageDecoder, ImageError, ImageResult, Limits};
use std::io::Cursor;
use std::panic::catch_unwind;

/// The longest file that is decoded, in bytes.
pub const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;

/// The most pixels that are decoded.
pub const MAX_PIXELS: u64 = 40_000_000;

/// Sixteen bits in four channels of [`MAX_PIXELS`], and the decoder's own buffers.
const MAX_DECODER_BYTES: u64 = 400 * 1024 * 1024;

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
    /// More than [`MAX_PIXELS`].
    #[error("the picture has {width} x {height} pixels; at most 40 megapixels are read: save it smaller")]
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

/// Decodes a JPEG, PNG or WebP file and turns it upright (EXIF orientation).
///
/// # Errors
/// The first reason against the file; size and dimensions are judged before memory is taken for pixels.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    if bytes.len() > MAX_FILE_BYTES {
        return Err(PictureError::TooManyBytes { got: bytes.len() });
    }
    // A file is untrusted input and a decoder may panic on it; only this picture is lost then.
    catch_unwind(|| decoded(bytes)).unwrap_or(Err(PictureError::Damaged))
}

fn decoded(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    let reader = Cursor::new(bytes);
    match bytes {
        [0xff, 0xd8, 0xff, ..] => {
            jpeg_is_whole(bytes)?;
            upright(JpegDecoder::new(reader))
        }
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => upright(PngDecoder::new(reader)),
        [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P', ..] => {
            // RIFF: the length counts what follows it.
            let declared = u32::from_le_bytes([*a, *b, *c, *d]);
            if u64::from(declared) + 8 > bytes.len() as u64 {
                return Err(PictureError::Truncated);
            }
            upright(WebPDecoder::new(reader))
        }
        _ => Err(unreadable(bytes)),
    }
}

fn upright<D: ImageDecoder>(decoder: ImageResult<D>) -> Result<DynamicImage, PictureError> {
    let mut decoder = decoder.map_err(|error| refusal(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PictureError::TooManyPixels { width, height });
    }
    if width == 0 || height == 0 {
        return Err(PictureError::Damaged);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    decoder.set_limits(limits).map_err(|error| refusal(&error))?;
    // A broken EXIF block costs the rotation, not the picture.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
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

/// The decoder fills what a cut file lacks with grey; we refuse it instead. ITU-T T.81 §B.1.1.2: inside the
/// scans a 0xff byte is always followed by 0x00 or a restart marker, so the first `ff d9` there is the end.
fn jpeg_is_whole(bytes: &[u8]) -> Result<(), PictureError> {
    const START_OF_SCAN: u8 = 0xda;
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        match rest {
            [0xff, 0xff, ..] => rest = rest.get(1..).unwrap_or_default(),
            [0xff, START_OF_SCAN, scans @ ..] => {
                let ends = scans.windows(2).any(|pair| pair == [0xff, 0xd9]);
                return if ends { Ok(()) } else { Err(PictureError::Truncated) };
            }
            [0xff, 0x01 | 0xd0..=0xd8, after @ ..] => rest = after,
            [0xff, _, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                if length < 2 {
                    return Err(PictureError::Damaged);
                }
                rest = rest.get(2 + length..).ok_or(PictureError::Truncated)?;
            }
            [0xff, ..] | [] => return Err(PictureError::Truncated),
            [_, ..] => return Err(PictureError::Damaged),
        }
    }
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

    /// Found by the fuzzer: 647 bytes on which the JPEG decoder stops at an assertion of its own.
    const FAULT_OF_DECODER: &[u8] = include_bytes!("../../../fuzz/seeds/picture/no-fault-of-decoder.jpg");

    #[test]
    fn a_fault_in_a_decoder_costs_the_picture_and_not_the_process() {
        assert_eq!(decode(FAULT_OF_DECODER).err(), Some(PictureError::Damaged));
    }
}

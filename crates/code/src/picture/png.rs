//! PNG: the chunks that pixels are made of (W3C PNG, third edition, 5.3 and 11).
//!
//! Lives here: the walk over the chunks. Not here: what is in them. Nothing is unpacked: `iCCP`, `zTXt` and `iTXt` hold
//! streams that can grow a thousandfold, and none of them makes a pixel.

use super::cost::Cost;
use super::{Bare, PictureError};
use image::metadata::Orientation;
use std::borrow::Cow;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Rows that the decoder holds at once, with room: the one before, this one, and what is unpacked ahead.
const ROWS: u64 = 8;
/// The window of the unpacker and what is read ahead.
const WINDOW: u64 = 1024 * 1024;

/// One chunk with its length and sum, as it stands in the file.
struct Chunk<'a> {
    kind: &'a [u8; 4],
    data: &'a [u8],
    whole: &'a [u8],
}

fn next<'a>(rest: &mut &'a [u8]) -> Option<Chunk<'a>> {
    let length = usize::try_from(u32::from_be_bytes(*rest.first_chunk::<4>()?)).ok()?;
    let (whole, after) = rest.split_at_checked(length.checked_add(12)?)?;
    let kind = whole.get(4..8)?.first_chunk::<4>()?;
    let data = whole.get(8..8 + length)?;
    *rest = after;
    Some(Chunk { kind, data, whole })
}

/// The header of a picture.
struct Header {
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
}

impl Header {
    fn read(data: &[u8]) -> Result<Self, PictureError> {
        let Ok([a, b, c, d, e, f, g, h, depth, colour, _, _, _]) = <[u8; 13]>::try_from(data) else {
            return Err(PictureError::Damaged);
        };
        let (width, height) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        Ok(Self { width, height, depth, colour })
    }

    /// The decoder gives eight or sixteen bits a channel, palettes as colours, `tRNS` as alpha.
    fn cost(&self, transparent: bool) -> Result<Cost, PictureError> {
        let channels = match self.colour {
            0 => 1 + u64::from(transparent),
            2 | 3 => 3 + u64::from(transparent),
            4 => 2,
            _ => 4,
        };
        let bytes = if self.depth == 16 { 2 } else { 1 };
        let converted = match (channels, bytes) {
            (3 | 4, 1) => 0,
            (1 | 3, _) => 3,
            (_, _) => 4,
        };
        let cost = Cost::new(self.width, self.height, channels * bytes)?.converted(converted);
        Ok(cost.with_work(u64::from(self.width) * channels * bytes * ROWS + WINDOW))
    }
}

/// Walks the chunks after the signature.
pub(super) fn bare(mut rest: &[u8]) -> Result<Bare<'static>, PictureError> {
    let first = next(&mut rest).ok_or(PictureError::Truncated)?;
    if first.kind != b"IHDR" {
        return Err(PictureError::Damaged);
    }
    let header = Header::read(first.data)?;
    header.cost(false)?;
    let mut file = Vec::with_capacity(SIGNATURE.len() + first.whole.len() + rest.len());
    file.extend_from_slice(SIGNATURE);
    file.extend_from_slice(first.whole);
    let (mut transparent, mut palette, mut orientation) = (false, false, None);
    // Image data lie in one run of chunks: what follows the run is no more of it.
    let mut data = Data::Ahead;
    loop {
        let chunk = next(&mut rest).ok_or(PictureError::Truncated)?;
        if data == Data::Here && chunk.kind != b"IDAT" {
            data = Data::Over;
        }
        match chunk.kind {
            b"IDAT" if data == Data::Over => {}
            b"IDAT" => {
                data = Data::Here;
                file.extend_from_slice(chunk.whole);
            }
            b"PLTE" if !palette && data == Data::Ahead => {
                palette = true;
                file.extend_from_slice(chunk.whole);
            }
            b"tRNS" if !transparent && data == Data::Ahead => {
                transparent = true;
                file.extend_from_slice(chunk.whole);
            }
            b"eXIf" => orientation = orientation.or_else(|| Orientation::from_exif_chunk(chunk.data)),
            b"IEND" => {
                file.extend_from_slice(chunk.whole);
                break;
            }
            b"PLTE" | b"tRNS" => {}
            // 5.4: a capital first letter says that nobody may pass over the chunk.
            [critical, ..] if critical.is_ascii_uppercase() => return Err(PictureError::Damaged),
            [..] => {}
        }
    }
    let cost = header.cost(transparent)?.with_work(file.len() as u64);
    Ok(Bare { file: Cow::Owned(file), cost, orientation })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Ahead,
    Here,
    Over,
}

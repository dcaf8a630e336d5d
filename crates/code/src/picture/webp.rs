//! WebP: the chunks that the first picture is made of (RFC 9649, 2).
//!
//! Lives here: the walk over the chunks. Not here: what a lossless stream asks for (`lossless`). A frame must have the
//! dimensions that its container names: either alone would say nothing of what is decoded.

use super::cost::Cost;
use super::{Bare, PictureError, lossless};
use image::metadata::Orientation;
use std::borrow::Cow;

/// `VP8X`: transparency, animation.
const ALPHA: u8 = 0x10;
const ANIMATION: u8 = 0x02;

/// One chunk without its head.
struct Chunk<'a> {
    kind: [u8; 4],
    data: &'a [u8],
}

/// The next chunk; the byte that fills it up to an even length may be missing at the end.
fn next<'a>(rest: &mut &'a [u8]) -> Option<Chunk<'a>> {
    let (kind, after) = rest.split_first_chunk::<4>()?;
    let (length, after) = after.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (data, after) = after.split_at_checked(length)?;
    *rest = after.get(length % 2..).unwrap_or_default();
    Some(Chunk { kind: *kind, data })
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = bytes.get(at..)?.first_chunk::<3>()?;
    Some(u32::from_le_bytes([*a, *b, *c, 0]))
}

/// Pixels as they are stored: one lossy or lossless frame, and the alpha beside a lossy one.
struct Frame<'a> {
    kind: [u8; 4],
    data: &'a [u8],
    alpha: Option<&'a [u8]>,
    width: u32,
    height: u32,
}

impl<'a> Frame<'a> {
    /// A lossy frame (RFC 6386, 9.1).
    fn lossy(data: &'a [u8], alpha: Option<&'a [u8]>) -> Result<Self, PictureError> {
        let [tag, _, _, 0x9d, 0x01, 0x2a, a, b, c, d, ..] = data else { return Err(PictureError::Damaged) };
        if tag & 1 != 0 {
            return Err(PictureError::Damaged);
        }
        let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
        Ok(Self { kind: *b"VP8 ", data, alpha, width: side(*a, *b), height: side(*c, *d) })
    }

    /// A lossless frame (RFC 9649, 3.4).
    fn lossless(data: &'a [u8]) -> Result<Self, PictureError> {
        let [0x2f, a, b, c, d, ..] = data else { return Err(PictureError::Damaged) };
        let header = u32::from_le_bytes([*a, *b, *c, *d]);
        let (width, height) = (1 + (header & 0x3fff), 1 + (header >> 14 & 0x3fff));
        Ok(Self { kind: *b"VP8L", data, alpha: None, width, height })
    }

    /// Bytes that decoding this frame takes beside its pixels.
    fn work(&self, pixels: u64) -> Result<u64, PictureError> {
        if self.kind == *b"VP8L" {
            return lossless::work(self.data, None);
        }
        // Three planes, a quarter more for what is kept of each block, and the partitions.
        let planes = pixels * 2 + u64::from(self.width + self.height) * 64 + self.data.len() as u64;
        let alpha = match self.alpha {
            None => 0,
            // The alpha plane, packed as the green of a lossless frame.
            Some([info, stream @ ..]) if info & 3 == 1 => {
                5 * pixels + lossless::work(stream, Some((self.width, self.height)))?
            }
            Some(_) => pixels,
        };
        Ok(planes + alpha)
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(alpha) = self.alpha {
            chunk(out, *b"ALPH", &[alpha]);
        }
        chunk(out, self.kind, &[self.data]);
    }
}

/// Writes a chunk. Its parts come out of a file of at most 20 MiB: the length fits.
fn chunk(out: &mut Vec<u8>, kind: [u8; 4], parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.extend_from_slice(&kind);
    out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    parts.iter().for_each(|part| out.extend_from_slice(part));
    if length % 2 == 1 {
        out.push(0);
    }
}

fn riff(chunks: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(chunks.len() + 12);
    chunk(&mut file, *b"RIFF", &[b"WEBP", chunks]);
    file
}

/// Walks the chunks after `WEBP`.
pub(super) fn bare(mut rest: &[u8]) -> Result<Bare<'static>, PictureError> {
    let first = next(&mut rest).ok_or(PictureError::Truncated)?;
    let frame = match &first.kind {
        b"VP8 " => Frame::lossy(first.data, None)?,
        b"VP8L" => Frame::lossless(first.data)?,
        b"VP8X" => return extended(first.data, rest),
        _ => return Err(PictureError::Damaged),
    };
    // Bit 28 of the header: transparency.
    let alpha = frame.kind == *b"VP8L" && first.data.get(4).is_some_and(|byte| byte & 0x10 != 0);
    let mut chunks = Vec::new();
    frame.write(&mut chunks);
    still(&frame, alpha, &chunks, None)
}

/// The cost of a frame that is the whole picture.
fn still(
    frame: &Frame<'_>,
    alpha: bool,
    chunks: &[u8],
    orientation: Option<Orientation>,
) -> Result<Bare<'static>, PictureError> {
    let cost = Cost::new(frame.width, frame.height, if alpha { 4 } else { 3 })?;
    let file = riff(chunks);
    // Without alpha a lossless frame is decoded with it first.
    let apart = if frame.kind == *b"VP8L" && !alpha { 4 * cost.pixels() } else { 0 };
    let cost = cost.with_work(file.len() as u64 + apart).with_work(frame.work(cost.pixels())?);
    Ok(Bare { file: Cow::Owned(file), cost, orientation })
}

/// What was found in an extended file, each kind once: the first counts.
#[derive(Default)]
struct Found<'a> {
    alpha: Option<&'a [u8]>,
    lossy: Option<&'a [u8]>,
    lossless: Option<&'a [u8]>,
    animation: Option<&'a [u8]>,
    moment: Option<&'a [u8]>,
    exif: Option<&'a [u8]>,
    /// A chunk that goes beyond the file.
    cut: bool,
}

impl<'a> Found<'a> {
    fn walk(mut rest: &'a [u8]) -> Self {
        let mut found = Self::default();
        while let Some(Chunk { kind, data }) = next(&mut rest) {
            let place = match &kind {
                b"ALPH" => &mut found.alpha,
                b"VP8 " => &mut found.lossy,
                b"VP8L" => &mut found.lossless,
                b"ANIM" => &mut found.animation,
                b"ANMF" => &mut found.moment,
                b"EXIF" => &mut found.exif,
                _ => continue,
            };
            place.get_or_insert(data);
        }
        found.cut = !rest.is_empty();
        found
    }

    fn missing(&self) -> PictureError {
        if self.cut { PictureError::Truncated } else { PictureError::Damaged }
    }

    fn frame(&self, alpha: bool) -> Result<Frame<'a>, PictureError> {
        match (self.lossy, self.lossless) {
            (Some(_), Some(_)) => Err(PictureError::Damaged),
            (None, None) => Err(self.missing()),
            (None, Some(data)) => Frame::lossless(data),
            (Some(data), None) => Frame::lossy(data, self.alpha.filter(|_| alpha)),
        }
    }
}

/// A file that begins with `VP8X` (RFC 9649, 2.7).
fn extended(header: &[u8], rest: &[u8]) -> Result<Bare<'static>, PictureError> {
    let [flags, _, _, _, a, b, c, d, e, f, ..] = header else { return Err(PictureError::Damaged) };
    let (width, height) = (u32::from_le_bytes([*a, *b, *c, 0]), u32::from_le_bytes([*d, *e, *f, 0]));
    // The header without what is left out: colour profile, metadata.
    let head = |kept: u8| [flags & kept, 0, 0, 0, *a, *b, *c, *d, *e, *f];
    let (alpha, animated) = (flags & ALPHA != 0, flags & ANIMATION != 0);
    let canvas = Cost::new(width + 1, height + 1, if alpha { 4 } else { 3 })?;
    let found = Found::walk(rest);
    let orientation = found.exif.and_then(Orientation::from_exif_chunk);
    let mut chunks = Vec::new();
    if !animated {
        let frame = found.frame(alpha)?;
        if (frame.width, frame.height) != (canvas.width, canvas.height) {
            return Err(PictureError::Damaged);
        }
        chunk(&mut chunks, *b"VP8X", &[&head(ALPHA)]);
        frame.write(&mut chunks);
        return still(&frame, alpha, &chunks, orientation);
    }
    let (Some(animation), Some(moment)) = (found.animation, found.moment) else {
        return Err(found.missing());
    };
    let (frame, place) = first_frame(moment, &canvas)?;
    let mut inner = Vec::new();
    frame.write(&mut inner);
    chunk(&mut chunks, *b"VP8X", &[&head(ALPHA | ANIMATION)]);
    chunk(&mut chunks, *b"ANIM", &[animation.get(..6).ok_or(PictureError::Damaged)?]);
    chunk(&mut chunks, *b"ANMF", &[place, &inner]);
    drop(inner);
    let file = riff(&chunks);
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    // The canvas, and the frame before it is laid upon it.
    let cost =
        canvas.with_work(file.len() as u64 + 4 * (canvas.pixels() + pixels)).with_work(frame.work(pixels)?);
    Ok(Bare { file: Cow::Owned(file), cost, orientation })
}

/// The first picture of an animation, which lies inside its canvas, and the bytes that say where.
fn first_frame<'a>(moment: &'a [u8], canvas: &Cost) -> Result<(Frame<'a>, &'a [u8]), PictureError> {
    let (place, rest) = moment.split_at_checked(16).ok_or(PictureError::Damaged)?;
    let at = |at: usize| number(place, at).ok_or(PictureError::Damaged);
    let (left, top, width, height) = (at(0)? * 2, at(3)? * 2, at(6)? + 1, at(9)? + 1);
    // Alpha counts here whatever the flags say.
    let frame = Found::walk(rest).frame(true)?;
    let inside = left + width <= canvas.width && top + height <= canvas.height;
    if !inside || (frame.width, frame.height) != (width, height) {
        return Err(PictureError::Damaged);
    }
    Ok((frame, place))
}

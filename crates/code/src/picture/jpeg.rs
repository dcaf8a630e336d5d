//! JPEG: the segments that pixels are made of (ITU-T T.81, B).
//!
//! Lives here: the walk over segments and scans, and which kinds of JPEG the decoder reads right. Not here: what is in a scan. Kept are tables, frame, scans, and of the
//! application's segments the two that say how colours are stored (`Adobe`) and that tables may be missing (`AVI1`).

use super::cost::Cost;
use super::{Bare, PictureError};
use image::metadata::Orientation;
use std::borrow::Cow;

/// The most scans that are decoded. Encoders write about ten; each one costs a walk over the whole picture.
const MAX_SCANS: usize = 64;
/// The most bytes of Huffman and quantisation tables. A table of a few bytes takes some thousand steps to build.
const MAX_TABLE_BYTES: usize = 128 * 1024;
/// Bytes that the decoder holds for each column and component, with room for the coarsest subsampling.
const COLUMN: u64 = 256;

const START_OF_IMAGE: u8 = 0xd8;
const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const HUFFMAN: u8 = 0xc4;
const QUANTISATION: u8 = 0xdb;
const RESTART_INTERVAL: u8 = 0xdd;

/// A frame header: dimensions and the components with their sampling.
struct Frame {
    width: u32,
    height: u32,
    progressive: bool,
    sampling: Vec<(u64, u64)>,
}

impl Frame {
    fn read(marker: u8, data: &[u8]) -> Result<Self, PictureError> {
        let [bits, a, b, c, d, count, components @ ..] = data else { return Err(PictureError::Damaged) };
        if *bits != 8 {
            return Err(PictureError::Coding);
        }
        let (triples, []) = components.as_chunks::<3>() else { return Err(PictureError::Damaged) };
        let sampling: Vec<_> =
            triples.iter().map(|[_, hv, _]| (u64::from(hv >> 4), u64::from(hv & 15))).collect();
        let sane = (1..=4).contains(&sampling.len()) && sampling.len() == usize::from(*count);
        if !sane || sampling.iter().any(|(h, v)| !(1..=4).contains(h) || !(1..=4).contains(v)) {
            return Err(PictureError::Damaged);
        }
        let (height, width) = (u16::from_be_bytes([*a, *b]).into(), u16::from_be_bytes([*c, *d]).into());
        Ok(Self { width, height, progressive: marker == 0xc2, sampling })
    }

    /// Whether the decoder puts every block in its place. It was tried on each kind of sampling and scans (`tests/jpeg_kinds.rs`):
    /// beyond these it gives another picture, and no error.
    fn is_read_right(&self, in_first_scan: usize, restarts: bool) -> bool {
        let one_scan = !self.progressive && in_first_scan == self.sampling.len();
        if restarts && !one_scan {
            return false;
        }
        let (first, others) = match self.sampling.split_first() {
            None => return false,
            Some((_, [])) => return true,
            Some((first, others)) => (*first, others),
        };
        let single = others.iter().all(|other| *other == (1, 1));
        let usual = matches!(first, (1 | 2, 1 | 2)) || first == (4, 1) && single;
        let finest = others.iter().all(|(h, v)| *h <= first.0 && *v <= first.1);
        let in_order = one_scan || single && (self.progressive || first == (1, 1));
        usual && finest && in_order
    }

    /// Grey or three colours come out. Where a component's blocks come in several scans, all of them are held as
    /// sixteen-bit numbers until the last.
    fn cost(&self, in_first_scan: usize) -> Result<Cost, PictureError> {
        let components = self.sampling.len();
        let cost = Cost::new(self.width, self.height, if components == 1 { 1 } else { 3 })?;
        let cost = cost.converted(if components == 1 { 3 } else { 0 });
        let most = |pick: fn(&(u64, u64)) -> u64| self.sampling.iter().map(pick).max().unwrap_or(1);
        let (across, down) = (most(|(h, _)| *h), most(|(_, v)| *v));
        let columns = u64::from(self.width).div_ceil(8 * across);
        let rows = u64::from(self.height).div_ceil(8 * down);
        let row = columns * across * 8 * components as u64 * COLUMN;
        if !self.progressive && in_first_scan == components {
            return Ok(cost.with_work(row));
        }
        let blocks: u64 = self.sampling.iter().map(|(h, v)| columns * h * rows * v).sum();
        Ok(cost.with_work(row + blocks * 64 * 2))
    }
}

/// What the walk has met so far.
#[derive(Default)]
struct Walk {
    file: Vec<u8>,
    frame: Option<Frame>,
    orientation: Option<Orientation>,
    scans: usize,
    in_first_scan: usize,
    table_bytes: usize,
    restarts: bool,
}

impl Walk {
    /// A marker with its segment, `data` without the length.
    fn segment(&mut self, marker: u8, data: &[u8]) -> Result<(), PictureError> {
        let keep = match marker {
            HUFFMAN | QUANTISATION => {
                self.table_bytes += data.len();
                if self.table_bytes > MAX_TABLE_BYTES {
                    return Err(PictureError::Damaged);
                }
                true
            }
            RESTART_INTERVAL => {
                self.restarts |= data != [0, 0];
                true
            }
            0xc0..=0xc2 if self.frame.is_none() && self.scans == 0 => {
                let frame = Frame::read(marker, data)?;
                frame.cost(frame.sampling.len())?;
                self.frame = Some(frame);
                true
            }
            // Lossless, hierarchical or arithmetic coding (T.81, table B.1).
            0xc3 | 0xc5..=0xc7 | 0xc9..=0xcf | 0xde | 0xdf if self.frame.is_none() => {
                return Err(PictureError::Coding);
            }
            // A second frame, or a number of lines that is told late.
            0xc0..=0xcf | 0xdc | 0xde | 0xdf => return Err(PictureError::Damaged),
            START_OF_SCAN => {
                if self.frame.is_none() {
                    return Err(PictureError::Damaged);
                }
                if self.scans == 0 {
                    self.in_first_scan = usize::from(data.first().copied().unwrap_or(0));
                }
                self.scans += 1;
                if self.scans > MAX_SCANS {
                    return Err(PictureError::Damaged);
                }
                true
            }
            0xe0 => data.starts_with(b"AVI1\0"),
            0xe1 => {
                if let Some(exif) = data.strip_prefix(b"Exif\0\0") {
                    self.orientation = self.orientation.or_else(|| Orientation::from_exif_chunk(exif));
                }
                false
            }
            0xee => data.starts_with(b"Adobe"),
            _ => false,
        };
        if keep {
            let length = u16::try_from(data.len() + 2).map_err(|_| PictureError::Damaged)?;
            self.file.extend_from_slice(&[0xff, marker]);
            self.file.extend_from_slice(&length.to_be_bytes());
            self.file.extend_from_slice(data);
        }
        Ok(())
    }
}

/// How many bytes of a scan come before the next marker that ends it. T.81 B.1.1.2: inside, 0xff is followed by 0x00 or
/// by a restart marker.
fn scan_length(rest: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + rest.get(from..)?.iter().position(|byte| *byte == 0xff)?;
        match rest.get(at + 1)? {
            0x00 | 0xd0..=0xd7 => from = at + 2,
            // A fill byte: the next one is looked at.
            0xff => from = at + 1,
            _ => return Some(at),
        }
    }
}

/// Walks a file to its end. The decoder would fill what a cut file lacks with grey; it is refused instead.
pub(super) fn bare(bytes: &[u8]) -> Result<Bare<'static>, PictureError> {
    let mut walk = Walk { file: Vec::with_capacity(bytes.len()), ..Walk::default() };
    walk.file.extend_from_slice(&[0xff, START_OF_IMAGE]);
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        match rest {
            [0xff, 0xff, ..] => rest = rest.get(1..).unwrap_or_default(),
            [0xff, END_OF_IMAGE, ..] => break,
            // Markers without a segment mean nothing here.
            [0xff, 0x01 | 0xd0..=START_OF_IMAGE, after @ ..] => rest = after,
            [0xff, marker, high, low, after @ ..] => {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let length = length.checked_sub(2).ok_or(PictureError::Damaged)?;
                let (data, after) = after.split_at_checked(length).ok_or(PictureError::Truncated)?;
                walk.segment(*marker, data)?;
                rest = after;
                if *marker == START_OF_SCAN {
                    let (scan, after) = scan_length(after)
                        .and_then(|length| after.split_at_checked(length))
                        .ok_or(PictureError::Truncated)?;
                    walk.file.extend_from_slice(scan);
                    rest = after;
                }
            }
            [0xff, ..] | [] => return Err(PictureError::Truncated),
            [_, ..] => return Err(PictureError::Damaged),
        }
    }
    let Walk { mut file, frame: Some(frame), orientation, scans: 1.., in_first_scan, restarts, .. } = walk
    else {
        return Err(PictureError::Damaged);
    };
    if !frame.is_read_right(in_first_scan, restarts) {
        return Err(PictureError::Coding);
    }
    file.extend_from_slice(&[0xff, END_OF_IMAGE]);
    // A decoder that loses its place may take bytes of a table for a scan: those are counted too.
    if file.windows(2).filter(|pair| *pair == [0xff, START_OF_SCAN]).count() > MAX_SCANS {
        return Err(PictureError::Damaged);
    }
    // The decoder holds a copy of its own.
    let cost = frame.cost(in_first_scan)?.with_work(2 * file.len() as u64);
    Ok(Bare { file: Cow::Owned(file), cost, orientation })
}

//! JPEG 2000: the codestream that pixels are made of (ISO/IEC 15444-1, A and I).
//!
//! Lives here: the walk over boxes, headers and tile-parts. Not here: what is in a tile. Kept is the codestream alone: colour profiles,
//! palettes and texts of the container never reach the decoder. Read is what encoders of portraits write: grey or three colours of
//! eight bits, blocks and precincts that are not tiny. Everything whose memory the length of a file would not bound is refused.

use super::cost::Cost;
use super::{Bare, PictureError};
use std::borrow::Cow;

/// The first bytes of a container.
pub(super) const CONTAINER: &[u8] = b"\0\0\0\x0cjP  \r\n\x87\n";
/// The first bytes of a codestream: SOC, SIZ.
pub(super) const CODESTREAM: &[u8] = &[0xff, 0x4f, 0xff, 0x51];

/// The most pixels: twenty times a portrait's.
const MAX_PORTRAIT_PIXELS: u64 = 4_000_000;
/// The most tiles, and the most parts of tiles.
const MAX_TILES: u64 = 256;
/// The most decompositions and layers. Encoders make five, and one to some twenty.
const MAX_LEVELS: u8 = 10;
const MAX_LAYERS: u16 = 32;
/// The least exponents of blocks (less two, as they are stored) and of precincts: blocks of 16 x 16, precincts of 32 x 32.
const MIN_BLOCK: u8 = 2;
const MIN_PRECINCT: u8 = 5;
/// Bytes that the decoder holds for a block, and for a layer of it.
const BLOCK: u64 = 128;
const LAYER: u64 = 32;
/// Bytes for a pixel and component: coefficients, two turns of the wavelet, the samples.
const SAMPLE: u64 = 16;

const SIZE: u8 = 0x51;
const CODING: u8 = 0x52;
const COMPONENT_CODING: u8 = 0x53;
const TILE_PART: u8 = 0x90;
const DATA: u8 = 0x93;
const END: u8 = 0xd9;

/// Reads big-endian numbers.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], PictureError> {
        let (field, rest) = self.0.split_first_chunk::<N>().ok_or(PictureError::Truncated)?;
        self.0 = rest;
        Ok(*field)
    }

    fn byte(&mut self) -> Result<u8, PictureError> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn word(&mut self) -> Result<u16, PictureError> {
        self.take().map(u16::from_be_bytes)
    }

    fn long(&mut self) -> Result<u32, PictureError> {
        self.take().map(u32::from_be_bytes)
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], PictureError> {
        let (field, rest) = self.0.split_at_checked(length).ok_or(PictureError::Truncated)?;
        self.0 = rest;
        Ok(field)
    }

    /// A marker's second byte.
    fn marker(&mut self) -> Result<u8, PictureError> {
        match self.take()? {
            [0xff, marker] => Ok(marker),
            [_, _] => Err(PictureError::Damaged),
        }
    }

    /// A segment after its length, which counts itself.
    fn segment(&mut self) -> Result<&'a [u8], PictureError> {
        let length = usize::from(self.word()?).checked_sub(2).ok_or(PictureError::Damaged)?;
        self.bytes(length)
    }
}

/// A box: its kind, and what is in it.
fn next_box<'a>(reader: &mut Reader<'a>) -> Result<([u8; 4], &'a [u8]), PictureError> {
    let (length, kind) = (reader.long()?, reader.take::<4>()?);
    let content = match length {
        // To the end of the file.
        0 => reader.0.len(),
        1 => {
            let length = u64::from_be_bytes(reader.take()?).checked_sub(16).ok_or(PictureError::Damaged)?;
            usize::try_from(length).map_err(|_| PictureError::Truncated)?
        }
        length => usize::try_from(length).ok().and_then(|l| l.checked_sub(8)).ok_or(PictureError::Damaged)?,
    };
    Ok((kind, reader.bytes(content)?))
}

/// The codestream in a container. A palette, or colours other than grey and sRGB, make other pixels than the codestream alone:
/// refused.
fn codestream(file: &[u8]) -> Result<&[u8], PictureError> {
    let mut reader = Reader(file);
    let (mut header, mut found) = (false, None);
    while !reader.0.is_empty() {
        let (kind, content) = next_box(&mut reader)?;
        match &kind {
            b"jp2h" => {
                check_header(content)?;
                header = true;
            }
            b"jp2c" => {
                found = Some(content);
                break;
            }
            [..] => {}
        }
    }
    found.filter(|_| header).ok_or(PictureError::Damaged)
}

fn check_header(header: &[u8]) -> Result<(), PictureError> {
    let mut reader = Reader(header);
    while !reader.0.is_empty() {
        let (kind, content) = next_box(&mut reader)?;
        let known = match (&kind, content) {
            // I.5.3.3: method 1 names colours: sRGB 16, grey 17. Method 2 is a profile of grey or RGB, which is not applied.
            (b"colr", [1, _, _, 0, 0, 0, colours, ..]) => matches!(colours, 16 | 17),
            (b"colr", [method, ..]) => *method == 2,
            (b"pclr" | b"cmap" | b"colr", _) => false,
            (_, _) => true,
        };
        if !known {
            return Err(PictureError::Damaged);
        }
    }
    Ok(())
}

/// SIZ (A.5.1).
struct Size {
    width: u32,
    height: u32,
    components: u16,
    tiles: u64,
}

impl Size {
    fn read(segment: &[u8]) -> Result<Self, PictureError> {
        let mut reader = Reader(segment);
        reader.word()?;
        let [right, bottom, left, top] = [reader.long()?, reader.long()?, reader.long()?, reader.long()?];
        let [across, down, tile_left, tile_top] =
            [reader.long()?, reader.long()?, reader.long()?, reader.long()?];
        let components = reader.word()?;
        if !matches!(components, 1 | 3) {
            return Err(PictureError::Damaged);
        }
        for _ in 0..components {
            // Eight bits or fewer without a sign, each pixel.
            let [depth, horizontal, vertical] = reader.take()?;
            if depth > 7 || (horizontal, vertical) != (1, 1) {
                return Err(PictureError::Damaged);
            }
        }
        let side = |end: u32, start: u32| end.checked_sub(start).ok_or(PictureError::Damaged);
        let (width, height) = (side(right, left)?, side(bottom, top)?);
        // B.3: the grid of tiles begins at or before the picture, and its first tile holds some of it.
        let begins = |start: u32, tile: u32, size: u32| {
            tile <= start && u64::from(tile) + u64::from(size) > start.into()
        };
        if !(reader.0.is_empty() && begins(left, tile_left, across) && begins(top, tile_top, down)) {
            return Err(PictureError::Damaged);
        }
        let tiles = |end: u32, start: u32, size: u32| u64::from(end - start).div_ceil(u64::from(size.max(1)));
        let tiles = tiles(right, tile_left, across).saturating_mul(tiles(bottom, tile_top, down));
        Ok(Self { width, height, components, tiles })
    }
}

/// What of COD and COC memory depends on (A.6.1, A.6.2).
fn check_style(reader: &mut Reader<'_>, has_precincts: bool) -> Result<u8, PictureError> {
    let [levels, block_width, block_height, _, _] = reader.take()?;
    if levels > MAX_LEVELS || block_width < MIN_BLOCK || block_height < MIN_BLOCK {
        return Err(PictureError::Damaged);
    }
    if has_precincts {
        for _ in 0..=levels {
            let exponents = reader.byte()?;
            if exponents & 15 < MIN_PRECINCT || exponents >> 4 < MIN_PRECINCT {
                return Err(PictureError::Damaged);
            }
        }
    }
    if reader.0.is_empty() { Ok(levels) } else { Err(PictureError::Damaged) }
}

/// What the main header says.
#[derive(Default)]
struct Main {
    size: Option<Size>,
    levels: u8,
    layers: Option<u16>,
}

impl Main {
    fn segment(&mut self, marker: u8, segment: &[u8]) -> Result<(), PictureError> {
        let mut reader = Reader(segment);
        match marker {
            SIZE if self.size.is_none() => self.size = Some(Size::read(segment)?),
            CODING if self.layers.is_none() => {
                let (style, _) = (reader.byte()?, reader.byte()?);
                let layers = reader.word()?;
                reader.byte()?;
                if layers > MAX_LAYERS {
                    return Err(PictureError::Damaged);
                }
                self.layers = Some(layers);
                self.levels = self.levels.max(check_style(&mut reader, style & 1 != 0)?);
            }
            COMPONENT_CODING => {
                let (_, style) = (reader.byte()?, reader.byte()?);
                self.levels = self.levels.max(check_style(&mut reader, style & 1 != 0)?);
            }
            // Quantisation, its components', lengths of tile-parts and packets, offsets, comments.
            0x5c | 0x5d | 0x55 | 0x57 | 0x63 | 0x64 => {}
            // Regions of interest, changes of order, packed headers, and what is not known.
            _ => return Err(PictureError::Damaged),
        }
        Ok(())
    }

    fn cost(&self) -> Result<Cost, PictureError> {
        let (Some(size), Some(layers)) = (&self.size, self.layers) else { return Err(PictureError::Damaged) };
        let components = u64::from(size.components);
        let cost = Cost::new(size.width, size.height, components)?;
        let pixels = cost.pixels();
        if pixels > MAX_PORTRAIT_PIXELS || size.tiles > MAX_TILES {
            return Err(PictureError::TooManyPixels { width: size.width, height: size.height });
        }
        // Of 256 pixels each, and one more along each edge of each sub-band of each tile.
        let bands = size.tiles * (3 * u64::from(self.levels) + 1);
        let edges = u64::from(size.width + size.height) / 8 * u64::from(self.levels + 1);
        let blocks = components * (pixels / 128 + 2 * edges + 4 * bands);
        let work = components * pixels * SAMPLE + blocks * (BLOCK + LAYER * u64::from(layers));
        Ok(cost.with_work(work).converted(if components == 1 { 3 } else { 0 }))
    }
}

/// Walks a file to the end of its codestream.
pub(super) fn bare(file: &[u8]) -> Result<Bare<'_>, PictureError> {
    let stream = if file.starts_with(CONTAINER) { codestream(file)? } else { file };
    if !stream.starts_with(CODESTREAM) {
        return Err(PictureError::Damaged);
    }
    let mut reader = Reader(stream.get(2..).unwrap_or_default());
    let mut main = Main::default();
    loop {
        match reader.marker()? {
            TILE_PART => break,
            marker => main.segment(marker, reader.segment()?)?,
        }
    }
    let cost = main.cost()?;
    let mut parts = 0;
    // Behind the marker of a tile-part.
    loop {
        parts += 1;
        if parts > MAX_TILES {
            return Err(PictureError::Damaged);
        }
        let at = stream.len() - reader.0.len() - 2;
        if let Ending::Stream = tile_part(&mut reader, stream.len() - at)? {
            break;
        }
        match reader.marker()? {
            TILE_PART => {}
            END => break,
            _ => return Err(PictureError::Damaged),
        }
    }
    let end = stream.len() - reader.0.len();
    let file = stream.get(..end).unwrap_or_default();
    Ok(Bare { file: Cow::Borrowed(file), cost: cost.with_work(file.len() as u64), orientation: None })
}

enum Ending {
    /// Another tile-part or the end follows.
    Part,
    /// The part reaches to the end of the codestream.
    Stream,
}

/// A tile-part (A.4.2): its header, whose styles would count for this tile alone, and its data. `rest` counts from its marker on.
fn tile_part(reader: &mut Reader<'_>, rest: usize) -> Result<Ending, PictureError> {
    let segment = reader.segment()?;
    let [_, _, a, b, c, d, _, _] = segment else { return Err(PictureError::Damaged) };
    let length = u32::from_be_bytes([*a, *b, *c, *d]);
    let length = usize::try_from(length).map_err(|_| PictureError::Damaged)?;
    let mut header = 12;
    loop {
        let marker = reader.marker()?;
        header += 2;
        match marker {
            DATA => break,
            // Quantisation, its components', lengths of packets, comments.
            0x5c | 0x5d | 0x58 | 0x64 => header += reader.segment()?.len() + 2,
            _ => return Err(PictureError::Damaged),
        }
    }
    if length == 0 {
        // The last one: it ends where the codestream does.
        let data = rest.checked_sub(header).ok_or(PictureError::Truncated)?;
        let ends = reader.bytes(data)?.ends_with(&[0xff, END]);
        return if ends { Ok(Ending::Stream) } else { Err(PictureError::Truncated) };
    }
    let data = length.checked_sub(header).ok_or(PictureError::Damaged)?;
    reader.bytes(data)?;
    Ok(Ending::Part)
}

//! Lossless WebP: how much memory a stream asks for before its first pixel (RFC 9649, 3).
//!
//! Lives here: [`work`]. A picture of a few pixels may name 65,536 groups of five prefix codes, and ten bytes can make a
//! group whose tables take 70 KB: neither dimensions nor length of a file bound that. So the stream is read up to its
//! pixels, as the decoder will read it, and what its tables will take is summed up; no table is built but the few that
//! reading needs. Not here: the pixels.

use super::PictureError;

/// Symbols of the codes for green and lengths, red, blue, alpha, distances (3.7.2), without a cache of colours.
const ALPHABETS: [usize; 5] = [256 + 24, 256, 256, 256, 40];
/// The order in which the lengths of the code of lengths stand (3.7.2.1.2).
const LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
/// Bits that the decoder looks up at once; longer codes go on in a tree.
const TABLE_BITS: usize = 10;
/// The most bytes that a stream's tables may take. Encoders make some hundred groups of some ten thousand bytes.
const MAX_TABLES: u64 = 128 * 1024 * 1024;
/// Bytes of a node of that tree.
const NODE: u64 = 16;
/// Bytes of a code beside table and tree: its place in the list of groups while that list grows, and what two
/// allocations cost.
const CODE: u64 = 256;

/// Bytes that decoding takes beside the pixels. Alpha has no header: its dimensions are `implied`.
pub(super) fn work(stream: &[u8], implied: Option<(u32, u32)>) -> Result<u64, PictureError> {
    let mut reader = Reader { stream, at: 0, bytes: 0 };
    reader.up_to_pixels(implied).ok_or(PictureError::Damaged)?;
    Ok(reader.bytes)
}

/// Reads bits, the lowest of a byte first. `None` where the stream ends or breaks.
struct Reader<'a> {
    stream: &'a [u8],
    /// In bits.
    at: usize,
    /// Bytes that the decoder will have taken so far.
    bytes: u64,
}

impl Reader<'_> {
    fn bit(&mut self) -> Option<usize> {
        let byte = self.stream.get(self.at / 8)?;
        let bit = usize::from(byte >> (self.at % 8) & 1);
        self.at += 1;
        Some(bit)
    }

    fn bits(&mut self, count: usize) -> Option<usize> {
        let mut value = 0;
        for place in 0..count {
            value |= self.bit()? << place;
        }
        Some(value)
    }

    /// Takes note of memory.
    fn take(&mut self, bytes: u64) -> Option<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        (self.bytes <= MAX_TABLES).then_some(())
    }

    /// Reads a stream up to its pixels.
    fn up_to_pixels(&mut self, implied: Option<(u32, u32)>) -> Option<()> {
        let (width, height) = match implied {
            Some((width, height)) => (usize::try_from(width).ok()?, usize::try_from(height).ok()?),
            None => {
                self.bits(8)?;
                let sides = (self.bits(14)? + 1, self.bits(14)? + 1);
                self.bits(4)?;
                sides
            }
        };
        let width = self.transforms(width, height)?;
        let cache = self.colour_cache()?;
        let mut groups = 1;
        if self.bit()? == 1 {
            let size = self.bits(3)? + 2;
            let (columns, rows) = (blocks(width, size), blocks(height, size));
            self.take(6 * area(columns, rows))?;
            let image = self.image(columns, rows)?;
            let named = image.iter().map(|[red, green, ..]| usize::from(*red) << 8 | usize::from(*green));
            groups = 1 + named.max().unwrap_or(0);
        }
        for _ in 0..groups {
            self.group(cache)?;
        }
        Some(())
    }

    /// Reads the transforms; gives the width of the picture that is stored.
    fn transforms(&mut self, mut width: usize, height: usize) -> Option<usize> {
        let mut seen = [false; 4];
        while self.bit()? == 1 {
            let kind = self.bits(2)?;
            let seen = seen.get_mut(kind)?;
            if std::mem::replace(seen, true) {
                return None;
            }
            match kind {
                0 | 1 => {
                    let size = self.bits(3)? + 2;
                    let (columns, rows) = (blocks(width, size), blocks(height, size));
                    self.take(4 * area(columns, rows))?;
                    self.image(columns, rows)?;
                }
                3 => {
                    let colours = self.bits(8)? + 1;
                    self.image(colours, 1)?;
                    let packed = match colours {
                        0..=2 => 3,
                        3..=4 => 2,
                        5..=16 => 1,
                        _ => 0,
                    };
                    width = blocks(width, packed);
                }
                _ => {}
            }
        }
        Some(width)
    }

    /// The size of the cache of colours; 0 where there is none.
    fn colour_cache(&mut self) -> Option<usize> {
        if self.bit()? == 0 {
            return Some(0);
        }
        let bits = self.bits(4)?;
        (1..=11).contains(&bits).then_some(1 << bits)
    }

    /// Five codes. Their tables are taken note of.
    fn group(&mut self, cache: usize) -> Option<[Code; 5]> {
        let mut codes = [const { Code::EMPTY }; 5];
        for (place, (code, alphabet)) in codes.iter_mut().zip(ALPHABETS).enumerate() {
            *code = self.code(if place == 0 { alphabet + cache } else { alphabet })?;
            self.take(code.bytes())?;
        }
        Some(codes)
    }

    fn code(&mut self, alphabet: usize) -> Option<Code> {
        if self.bit()? == 1 {
            let two = self.bit()? == 1;
            let wide = self.bit()?;
            let first = self.bits(1 + 7 * wide)?;
            let second = if two { Some(self.bits(8)?) } else { None };
            if first.max(second.unwrap_or(0)) >= alphabet {
                return None;
            }
            return Some(Code::simple(first, second));
        }
        let mut lengths = [0; 19];
        let count = 4 + self.bits(4)?;
        for place in LENGTH_ORDER.get(..count)? {
            *lengths.get_mut(*place)? = self.bits(3)?;
        }
        let of_lengths = Code::new(&lengths)?;
        Code::new(&self.lengths(&of_lengths, alphabet)?)
    }

    /// The lengths of a code's symbols (3.7.2.1.2).
    fn lengths(&mut self, code: &Code, alphabet: usize) -> Option<Vec<usize>> {
        let mut left = alphabet;
        if self.bit()? == 1 {
            let bits = 2 + 2 * self.bits(3)?;
            left = 2 + self.bits(bits)?;
            if left > alphabet {
                return None;
            }
        }
        let (mut lengths, mut before) = (Vec::with_capacity(alphabet), 8);
        while lengths.len() < alphabet && left > 0 {
            left -= 1;
            let (length, repeat) = match code.read(self)? {
                length @ 0..=15 => {
                    if length != 0 {
                        before = length;
                    }
                    (length, 1)
                }
                16 => (before, 3 + self.bits(2)?),
                17 => (0, 3 + self.bits(3)?),
                _ => (0, 11 + self.bits(7)?),
            };
            if lengths.len() + repeat > alphabet {
                return None;
            }
            lengths.resize(lengths.len() + repeat, length);
        }
        lengths.resize(alphabet, 0);
        Some(lengths)
    }

    /// One of the small pictures that a stream holds beside its own (3.7.3): red, green, blue, alpha.
    fn image(&mut self, width: usize, height: usize) -> Option<Vec<[u8; 4]>> {
        let mut cache = vec![[0; 4]; self.colour_cache()?];
        let before = self.bytes;
        let [green, red, blue, alpha, distance] = self.group(cache.len())?;
        // These tables are gone before the next ones are built.
        self.bytes = before;
        let wanted = width * height;
        let mut pixels: Vec<[u8; 4]> = Vec::with_capacity(wanted);
        while pixels.len() < wanted {
            match green.read(self)? {
                value @ 0..=255 => {
                    let mut byte = |code: &Code| u8::try_from(code.read(self)?).ok();
                    let pixel = [byte(&red)?, u8::try_from(value).ok()?, byte(&blue)?, byte(&alpha)?];
                    remember(&mut cache, pixel);
                    pixels.push(pixel);
                }
                prefix @ 256..=279 => {
                    let length = self.prefixed(prefix - 256)?;
                    let prefix = distance.read(self)?;
                    let back = steps_back(self.prefixed(prefix)?, width);
                    if back > pixels.len() || length > wanted - pixels.len() {
                        return None;
                    }
                    for _ in 0..length {
                        let pixel = *pixels.get(pixels.len() - back)?;
                        remember(&mut cache, pixel);
                        pixels.push(pixel);
                    }
                }
                place => pixels.push(*cache.get(place - 280)?),
            }
        }
        Some(pixels)
    }

    /// A length or distance from its prefix (3.6.2.2).
    fn prefixed(&mut self, prefix: usize) -> Option<usize> {
        if prefix < 4 {
            return Some(prefix + 1);
        }
        let extra = (prefix - 2) >> 1;
        Some(((2 + (prefix & 1)) << extra) + self.bits(extra)? + 1)
    }
}

/// How many blocks of two to the power `size` cover a side.
const fn blocks(side: usize, size: usize) -> usize {
    side.div_ceil(1 << size)
}

const fn area(columns: usize, rows: usize) -> u64 {
    columns as u64 * rows as u64
}

/// Puts a pixel into the cache of colours (3.6.2.3).
fn remember(cache: &mut [[u8; 4]], pixel: [u8; 4]) {
    let [red, green, blue, alpha] = pixel;
    let bits = cache.len().checked_ilog2().unwrap_or(0);
    let hash = u32::from_be_bytes([alpha, red, green, blue]).wrapping_mul(0x1e35_a7bd);
    if bits > 0
        && let Some(place) = usize::try_from(hash >> (32 - bits)).ok().and_then(|at| cache.get_mut(at))
    {
        *place = pixel;
    }
}

/// How many pixels back a distance code goes. The first 120 name neighbours, nearest first (3.6.2.2).
fn steps_back(code: usize, width: usize) -> usize {
    static NEIGHBOURS: std::sync::LazyLock<Vec<(isize, usize)>> = std::sync::LazyLock::new(|| {
        let above = (1..=7).flat_map(|down| (-7..=8).map(move |right| (right, down)));
        let mut all: Vec<(isize, usize)> = (1..=8).map(|right| (right, 0)).chain(above).collect();
        all.sort_by_key(|(right, down)| {
            let across = right.unsigned_abs();
            (across * across + down * down, across, *right < 0)
        });
        all
    });
    match NEIGHBOURS.get(code - 1) {
        Some((right, down)) => (down * width).saturating_add_signed(*right).max(1),
        None => code - NEIGHBOURS.len(),
    }
}

/// A canonical prefix code.
struct Code {
    /// How many symbols have each length.
    counts: [usize; 16],
    /// In the order of their codes.
    symbols: Vec<usize>,
}

impl Code {
    const EMPTY: Self = Self { counts: [0; 16], symbols: Vec::new() };

    /// One symbol of no bits, or two of one.
    fn simple(first: usize, second: Option<usize>) -> Self {
        let mut counts = [0; 16];
        counts[1] = if second.is_some() { 2 } else { 0 };
        Self { counts, symbols: std::iter::once(first).chain(second).collect() }
    }

    /// A code from the lengths of its symbols: one alone takes no bits, more must use up all codes.
    fn new(lengths: &[usize]) -> Option<Self> {
        let mut counts = [0; 16];
        for length in lengths.iter().filter(|length| **length > 0) {
            *counts.get_mut(*length)? += 1;
        }
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|at| lengths.get(*at) != Some(&0)).collect();
        if let [only] = symbols[..] {
            return Some(Self::simple(only, None));
        }
        symbols.sort_by_key(|symbol| lengths.get(*symbol).copied());
        let mut free: usize = 1;
        for count in counts.iter().skip(1) {
            free = (free * 2).checked_sub(*count)?;
        }
        (free == 0).then_some(Self { counts, symbols })
    }

    /// The next symbol.
    fn read(&self, reader: &mut Reader<'_>) -> Option<usize> {
        if let [only] = self.symbols[..] {
            return Some(only);
        }
        let (mut code, mut first, mut before) = (0, 0, 0);
        for count in self.counts.iter().skip(1) {
            code |= reader.bit()?;
            if code < first + count {
                return self.symbols.get(before + code - first).copied();
            }
            before += count;
            first = (first + count) * 2;
            code *= 2;
        }
        None
    }

    /// Bytes that the decoder takes for it.
    fn bytes(&self) -> u64 {
        if self.symbols.len() < 2 {
            return CODE;
        }
        let longest = self.counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let in_tree: usize = self.counts.iter().skip(TABLE_BITS + 1).sum();
        CODE + (4 << longest.min(TABLE_BITS)) + 2 * NODE * in_tree as u64
    }
}

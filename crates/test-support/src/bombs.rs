//! Picture files that ask for far more memory or time than they have bytes, made on the spot: none is committed.
//!
//! Lives here: [`bombs`] and their parts. What a reader must answer stands beside each.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "of tests alone: what goes wrong here fails the test"
)]

use std::io::Write;

use flate2::{Compress, Compression, Crc, FlushCompress, write::ZlibEncoder};
use image::codecs::jpeg::JpegEncoder;

/// What a bounded reader does with a bomb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Reads the picture: what would have grown is no part of it.
    Read,
    /// Refuses: too many pixels, or too much memory for them.
    TooLarge,
    /// Refuses: no honest program writes this.
    Damaged,
}

/// A file with its name and what should come of it.
#[derive(Debug, Clone)]
pub struct Bomb {
    /// What it is.
    pub name: &'static str,
    /// The bytes of the picture.
    pub file: Vec<u8>,
    /// What should come of it.
    pub answer: Answer,
}

/// All of them: some 60 MB together.
///
/// # Panics
/// A file cannot be made.
#[must_use]
pub fn bombs() -> Vec<Bomb> {
    use Answer::{Damaged, Read, TooLarge};
    let rows: Vec<(&'static str, Vec<u8>, Answer)> = vec![
        ("PNG, iCCP of 2 MB for 2 GB", png_with(&[profile(&zeros(2_000))]), Read),
        ("PNG, zTXt of 1 MB for 1 GB", png_with(&[ztxt(&zeros(1_100))]), Read),
        ("PNG, iTXt of 1 MB for 1 GB", png_with(&[itxt(&zeros(1_100))]), Read),
        ("PNG, 2,000 texts of 1 MB each", png_with(&vec![ztxt(&zeros(1)); 2_000]), Read),
        ("PNG, eXIf of 8 MB", png_with(&[png_chunk(b"eXIf", &vec![b'I'; 8 << 20])]), Read),
        ("PNG, 20,000 frames", animated_png(20_000), Read),
        ("PNG, data for 1 GB in 64 x 64", png(64, 64, 8, 2, &zeros(1_100), &[]), Read),
        ("PNG, 30,000 x 30,000", png(30_000, 30_000, 8, 2, &zeros(2_575), &[]), TooLarge),
        ("PNG, 39,000,000 x 1", png(39_000_000, 1, 8, 0, &zeros(38), &[]), TooLarge),
        ("PNG, 16 bits in four channels, 39 MP", png(6_500, 6_000, 16, 6, &zeros(298), &[]), TooLarge),
        ("PNG, eight bits in four channels, 39 MP", png(6_500, 6_000, 8, 6, &zeros(149), &[]), Read),
        ("PNG, grey of 16 bits with alpha, 39 MP", png(6_500, 6_000, 16, 4, &zeros(149), &[]), TooLarge),
        ("JPEG, 30,000 x 30,000", progressive(30_000, 30_000, 1, 1), TooLarge),
        ("JPEG, 5,000 scans", progressive(64, 64, 1, 5_000), Damaged),
        ("JPEG, three colours in progressive form, 40 MP", progressive(8_000, 5_000, 3, 1), TooLarge),
        ("JPEG, 70,000 tables", jpeg_with(&jpeg_tables()), Damaged),
        ("JPEG, colour profile of 16 MB", jpeg_with(&segments(0xe2, b"ICC_PROFILE\0\x01\xff", 255)), Read),
        (
            "JPEG, 250 blocks of EXIF",
            jpeg_with(&segments(0xe1, b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff", 250)),
            Read,
        ),
        ("JPEG, 40 MP, on its side", jpeg_on_its_side(8_000, 5_000), Read),
        ("WebP, canvas of 16,384 x 16,384", webp_canvas(16_384, 16_384), TooLarge),
        ("WebP, frame of 16,383 x 16,383 in 64 x 64", webp_lying(), Damaged),
        ("WebP, 16,384 groups of codes", webp_groups(), Damaged),
        ("WebP, 16,384 groups of codes in its alpha", webp_alpha_groups(), Damaged),
        ("WebP, metadata of 15 MB", webp_metadata(), Read),
        ("WebP, 20,000 frames", animated_webp(20_000), Read),
    ];
    rows.into_iter().map(|(name, file, answer)| Bomb { name, file, answer }).collect()
}

/// A few of the same kinds in at most 4 KB, by the names of seeds: what the fuzzer starts from.
///
/// # Panics
/// A file cannot be made.
#[must_use]
pub fn small() -> Vec<(&'static str, Vec<u8>)> {
    let five = webp_chunk(b"ICCP", b"profile");
    let frame = [&[0; 6][..], &three(63), &three(63), &[0; 4], &small_lossless()].concat();
    vec![
        ("ok-profile.png", png_with(&[profile(&zeros(1))])),
        ("ok-texts.png", png_with(&[ztxt(&zeros(1)), itxt(&zeros(1))])),
        ("ok-exif.jpg", jpeg_with(&segment(0xe1, b"Exif\0\0MM\0\x2a\0\0\0\x08\xff\xff"))),
        ("ok-profile.webp", webp(&[extended(0x20, 64, 64), five, small_lossless()])),
        (
            "ok-animated.webp",
            webp(&[extended(2, 64, 64), webp_chunk(b"ANIM", &[0; 6]), webp_chunk(b"ANMF", &frame)]),
        ),
        ("no-canvas.webp", webp_canvas(16_384, 16_384)),
        ("no-lying.webp", webp_lying()),
        ("ok-scans.jpg", progressive(8, 8, 1, 10)),
        ("no-scans.jpg", progressive(8, 8, 1, 100)),
    ]
}

/// A zlib stream (RFC 1950) of so many megabytes of nothing: one flushed block again and again.
fn zeros(megabytes: u32) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let (plain, mut block) = (vec![0; 1 << 20], Vec::with_capacity(8192));
    compress.compress_vec(&plain, &mut block, FlushCompress::Full).unwrap();
    let mut stream = vec![0x78, 0xda];
    for _ in 0..megabytes {
        stream.extend_from_slice(&block);
    }
    // The last block, empty; then Adler-32, which of zeros counts their number alone.
    stream.extend_from_slice(&[0x03, 0x00]);
    let sum = (((u64::from(megabytes) << 20) % 65_521) << 16) | 1;
    stream.extend_from_slice(&u32::try_from(sum).unwrap().to_be_bytes());
    stream
}

/// A chunk of a PNG file.
#[must_use]
pub fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes()[..], kind, data, &crc.sum().to_be_bytes()].concat()
}

fn png(width: u32, height: u32, depth: u8, colour: u8, data: &[u8], chunks: &[Vec<u8>]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    file.extend(png_chunk(b"IHDR", &header));
    file.extend(chunks.concat());
    file.extend(png_chunk(b"IDAT", data));
    file.extend(png_chunk(b"IEND", b""));
    file
}

/// A grey picture of 64 x 64 with these chunks before its data.
fn png_with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let row = [&[0][..], &[128; 64 * 3]].concat();
    let mut data = ZlibEncoder::new(Vec::new(), Compression::best());
    data.write_all(&row.repeat(64)).unwrap();
    png(64, 64, 8, 2, &data.finish().unwrap(), chunks)
}

fn profile(stream: &[u8]) -> Vec<u8> {
    png_chunk(b"iCCP", &[b"profile\0\0", stream].concat())
}

fn ztxt(stream: &[u8]) -> Vec<u8> {
    png_chunk(b"zTXt", &[b"Comment\0\0", stream].concat())
}

fn itxt(stream: &[u8]) -> Vec<u8> {
    png_chunk(b"iTXt", &[b"Comment\0\x01\0\0\0", stream].concat())
}

fn animated_png(frames: u32) -> Vec<u8> {
    let mut file = png_with(&[png_chunk(b"acTL", &[frames.to_be_bytes(), [0; 4]].concat())]);
    let end = file.len() - 12;
    let tail = file.split_off(end);
    let data = zeros(1);
    for frame in 0..frames {
        let side = 64_u32.to_be_bytes();
        let place = [&(2 * frame).to_be_bytes()[..], &side, &side, &[0; 14]].concat();
        file.extend(png_chunk(b"fcTL", &place));
        file.extend(png_chunk(b"fdAT", &[&(2 * frame + 1).to_be_bytes()[..], &data].concat()));
        if file.len() > 18 << 20 {
            break;
        }
    }
    [file, tail].concat()
}

/// A segment of a JPEG file.
fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap();
    [&[0xff, marker][..], &length.to_be_bytes(), data].concat()
}

fn segments(marker: u8, start: &[u8], count: usize) -> Vec<u8> {
    let mut data = start.to_vec();
    data.resize(65_000, 0x55);
    segment(marker, &data).repeat(count)
}

/// A progressive JPEG file of nothing: each scan is its own walk over all blocks, at one bit a block.
fn progressive(width: u16, height: u16, components: u8, scans: usize) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    file.extend(segment(0xdb, &[&[0][..], &[1; 64]].concat()));
    let mut frame = [&[8][..], &height.to_be_bytes(), &width.to_be_bytes(), &[components]].concat();
    (1..=components).for_each(|id| frame.extend([id, 0x11, 0]));
    file.extend(segment(0xc2, &frame));
    // One code of one bit: no difference, or the end of a block.
    for class in [0x00, 0x10] {
        file.extend(segment(0xc4, &[&[class, 1][..], &[0; 15], &[0]].concat()));
    }
    let bits = usize::from(width.div_ceil(8)) * usize::from(height.div_ceil(8));
    let zeros = vec![0; bits.min(1 << 22).div_ceil(8)];
    for scan in 0..scans {
        let band: &[u8] = if scan == 0 { &[0, 0, 0] } else { &[1, 63, 0] };
        file.extend(segment(0xda, &[&[1, 1, 0][..], band].concat()));
        file.extend(&zeros);
    }
    file.extend([0xff, 0xd9]);
    file
}

/// A small JPEG file with these segments after its start.
fn jpeg_with(more: &[u8]) -> Vec<u8> {
    let grey = image::GrayImage::from_pixel(64, 64, image::Luma([128]));
    let mut file = Vec::new();
    JpegEncoder::new(&mut file).encode_image(&grey).unwrap();
    [&file[..2], more, &file[2..]].concat()
}

fn jpeg_tables() -> Vec<u8> {
    let table = [&[0, 1][..], &[0; 15], &[0]].concat();
    segment(0xc4, &table.repeat(3_500)).repeat(20)
}

fn jpeg_on_its_side(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 10).encode_image(&image::RgbImage::new(width, height)).unwrap();
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    [&file[..2], &segment(0xe1, exif), &file[2..]].concat()
}

fn webp_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut chunk = [&kind[..], &u32::try_from(data.len()).unwrap().to_le_bytes(), data].concat();
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

fn webp(chunks: &[Vec<u8>]) -> Vec<u8> {
    webp_chunk(b"RIFF", &[&b"WEBP"[..], &chunks.concat()].concat())
}

fn three(number: u32) -> [u8; 3] {
    let [a, b, c, _] = number.to_le_bytes();
    [a, b, c]
}

fn extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
    webp_chunk(b"VP8X", &[&[flags, 0, 0, 0][..], &three(width - 1), &three(height - 1)].concat())
}

/// The chunk of a small lossless picture as an encoder writes it.
fn small_lossless() -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    let grey = image::RgbImage::from_pixel(64, 64, image::Rgb([128; 3]));
    grey.write_to(&mut file, image::ImageFormat::WebP).unwrap();
    file.into_inner().split_off(12)
}

fn webp_canvas(width: u32, height: u32) -> Vec<u8> {
    webp(&[extended(0, width, height), small_lossless()])
}

fn webp_lying() -> Vec<u8> {
    let frame = [0x30, 1, 0, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    webp(&[extended(0, 64, 64), webp_chunk(b"VP8 ", &frame)])
}

fn webp_metadata() -> Vec<u8> {
    let five = vec![0x49; 5 << 20];
    let more = [b"ICCP", b"EXIF", b"XMP "].map(|kind| webp_chunk(kind, &five)).concat();
    webp(&[extended(0x2c, 64, 64), small_lossless(), more])
}

fn animated_webp(frames: usize) -> Vec<u8> {
    let place = [&[0; 6][..], &three(63), &three(63), &[0; 4]].concat();
    let frame = webp_chunk(b"ANMF", &[place, small_lossless()].concat());
    webp(&[extended(0x02, 64, 64), webp_chunk(b"ANIM", &[0; 6]), frame.repeat(frames)])
}

/// Bits, the lowest of a byte first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) -> &mut Self {
        for place in 0..count {
            if self.count.is_multiple_of(8) {
                self.bytes.push(0);
            }
            let bit = u8::from(value.checked_shr(place).unwrap_or(0) & 1 == 1);
            *self.bytes.last_mut().unwrap() |= bit << (self.count % 8);
            self.count += 1;
        }
        self
    }

    /// A code of one symbol of eight bits.
    fn only(&mut self, symbol: u32) -> &mut Self {
        self.put(0b101, 3).put(symbol, 8)
    }

    /// Beyond the header: 16,384 groups, of which each has a code of 2,048 symbols of eleven bits in ten bytes.
    fn groups(&mut self) {
        // No transform, a cache of 2,048 colours, groups named by blocks of four pixels.
        self.put(0, 1).put(1, 1).put(11, 4).put(1, 1).put(0, 3);
        // The picture that names them: no cache, all pixels one, which is 0x3fff.
        self.put(0, 1).only(0xff).only(0x3f).only(0).only(0).only(0);
        for _ in 0..0x4000 {
            self.put(0, 1).put(11, 4).put(0, 14 * 3).put(1, 3).put(1, 1).put(5, 3).put(2_046, 12);
            for _ in 0..4 {
                self.put(0b0001, 4);
            }
        }
        self.put(0, 64);
    }
}

fn webp_groups() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0x2f, 8).put(63, 14).put(63, 14).put(0, 4).groups();
    webp(&[webp_chunk(b"VP8L", &bits.bytes)])
}

/// The alpha of a lossy frame is packed as a lossless one.
fn webp_alpha_groups() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(1, 8).groups();
    // Two pixels by two, as an encoder writes them.
    let lossy = [
        0xd0, 0x01, 0x00, 0x9d, 0x01, 0x2a, 0x02, 0x00, 0x02, 0x00, 0x02, 0x00, 0x34, 0x25, 0xa0, 0x02, 0x74,
        0xba, 0x01, 0xf8, 0x00, 0x03, 0xb0, 0x00, 0xfe, 0xf0, 0xc4, 0x0b, 0xff, 0x20, 0xb9, 0x61, 0x75, 0xc8,
        0xd7, 0xff, 0x20, 0x3f, 0xe4, 0x07, 0xfc, 0x80, 0xff, 0xf8, 0xf2, 0x00, 0x00, 0x00,
    ];
    webp(&[extended(0x10, 2, 2), webp_chunk(b"ALPH", &bits.bytes), webp_chunk(b"VP8 ", &lossy)])
}

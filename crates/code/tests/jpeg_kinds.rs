//! Kinds of JPEG that the standard allows and few encoders write: each is decoded to the picture that was coded, or refused
//! in words of its own; none comes out as something else without an error. The files are written here (ITU-T T.81).
#![expect(clippy::indexing_slicing, reason = "tests: a failure here fails the test")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small coder reckons with numbers of a few bits"
)]

use std::f64::consts::{PI, SQRT_2};

use code::picture::{PictureError, decode};

/// Width and height: no whole number of units, and more than one row of them.
const SIZES: [(usize, usize); 2] = [(61, 45), (149, 83)];
/// The step of every coefficient.
const STEP: f64 = 3.0;

/// Where a coefficient stands in a block, in the order of the file (T.81, figure A.6).
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// What the components say.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Colours {
    /// Luminance, and the two differences (JFIF 1.02).
    Differences,
    /// Red, green and blue, as an Adobe segment says.
    Rgb,
    /// Cyan, magenta, yellow and black, turned over as Adobe's programs write them.
    Inks,
    /// Luminance alone.
    Grey,
}

/// How one file is coded.
#[derive(Clone, Copy)]
struct Kind {
    name: &'static str,
    colours: Colours,
    /// Blocks of each component in a unit, across and down.
    sampling: &'static [(usize, usize)],
    /// Which components come together in a scan.
    scans: &'static [&'static [usize]],
    progressive: bool,
    /// Units from one restart marker to the next; 0: none.
    restart: usize,
    size: (usize, usize),
}

/// The picture: smooth, so that a few coefficients tell it, and different in each colour.
fn colour((x, y): (usize, usize), (width, height): (usize, usize)) -> [f64; 3] {
    let (x, y) = (x.min(width - 1) as f64 / width as f64, y.min(height - 1) as f64 / height as f64);
    [30.0 + 190.0 * x, 220.0 - 180.0 * y, 60.0 + 140.0 * (x * y).sqrt()]
}

fn luma([r, g, b]: [f64; 3]) -> f64 {
    0.299 * r + 0.587 * g + 0.114 * b
}

/// What a file holds of a pixel, from -128 to 127.
fn components([r, g, b]: [f64; 3], colours: Colours) -> [f64; 4] {
    let light = luma([r, g, b]);
    match colours {
        Colours::Differences | Colours::Grey => {
            [light - 128.0, (b - light) / 1.772, (r - light) / 1.402, 0.0]
        }
        Colours::Rgb | Colours::Inks => [r - 128.0, g - 128.0, b - 128.0, 127.0],
    }
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        for place in (0..length).rev() {
            self.held = self.held << 1 | (value >> place & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                if self.held == 0xff {
                    self.bytes.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn fill(&mut self) {
        while self.count != 0 {
            self.put(1, 1);
        }
    }

    /// A code of the DC table (four bits) or of the AC table (eight), and the number's own bits (T.81 F.1.2).
    fn number(&mut self, run: Option<u32>, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        match run {
            None => self.put(size, 4),
            Some(run) => self.put(ac_code(run, size), 8),
        }
        let bits =
            if value < 0 { (value - 1).cast_unsigned() & ((1 << size) - 1) } else { value.cast_unsigned() };
        self.put(bits, size);
    }
}

/// The AC table has every run and size up to ten bits in order, and one code of eight bits for each.
fn ac_code(run: u32, size: u32) -> u32 {
    run * 11 + size
}

struct Plane {
    /// Blocks in a row, rows of blocks: whole units.
    across: usize,
    blocks: Vec<[i32; 64]>,
    /// Blocks that a scan of this component alone has (T.81 A.2.2).
    alone: (usize, usize),
}

fn plane(kind: &Kind, component: usize, (most_h, most_v): (usize, usize)) -> Plane {
    let ((h, v), (width, height)) = (kind.sampling[component], kind.size);
    let units = (width.div_ceil(8 * most_h), height.div_ceil(8 * most_v));
    let (across, down) = (units.0 * h, units.1 * v);
    // A sample is the mean of what it covers.
    let sample = |x: usize, y: usize| {
        let places =
            |at: usize, most: usize, own: usize| (0..4).map(move |step| (at * 4 + step) * most / own / 4);
        let each = places(y, most_v, v).flat_map(|y| places(x, most_h, h).map(move |x| (x, y)));
        each.map(|at| components(colour(at, kind.size), kind.colours)[component]).sum::<f64>() / 16.0
    };
    let cosines: Vec<f64> =
        (0..64).map(|i| ((2 * (i / 8) + 1) as f64 * (i % 8) as f64 * PI / 16.0).cos()).collect();
    let scale = |k: usize| if k == 0 { 1.0 / SQRT_2 } else { 1.0 };
    let mut blocks = Vec::new();
    for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row, column))) {
        let samples: Vec<f64> = (0..64).map(|i| sample(column * 8 + i % 8, row * 8 + i / 8)).collect();
        // First across, then down.
        let rows: Vec<f64> =
            (0..64).map(|i| (0..8).map(|x| samples[i / 8 * 8 + x] * cosines[x * 8 + i % 8]).sum()).collect();
        let mut block = [0; 64];
        for (place, out) in block.iter_mut().enumerate() {
            let (u, w) = (ZIGZAG[place] % 8, ZIGZAG[place] / 8);
            let sum: f64 = (0..8).map(|y| rows[y * 8 + u] * cosines[y * 8 + w]).sum();
            *out = (sum * scale(u) * scale(w) / 4.0 / STEP).round() as i32;
        }
        blocks.push(block);
    }
    let alone = ((width * h).div_ceil(most_h).div_ceil(8), (height * v).div_ceil(most_v).div_ceil(8));
    Plane { across, blocks, alone }
}

fn segment(file: &mut Vec<u8>, marker: u8, data: &[u8]) {
    file.extend([0xff, marker]);
    file.extend(((data.len() + 2) as u16).to_be_bytes());
    file.extend(data);
}

/// One scan: coefficients `from` to `to` of these components.
fn scan(file: &mut Vec<u8>, kind: &Kind, planes: &[Plane], which: &[usize], (from, to): (usize, usize)) {
    let mut head = vec![which.len() as u8];
    which.iter().for_each(|component| head.extend([*component as u8 + 1, 0]));
    head.extend([from as u8, to as u8, 0]);
    segment(file, 0xda, &head);
    // The blocks of each unit: one of the component where it stands alone, else as its sampling says.
    let mut units: Vec<Vec<(usize, usize)>> = Vec::new();
    if let [one] = which {
        let plane = &planes[*one];
        for row in 0..plane.alone.1 {
            units.extend((0..plane.alone.0).map(|column| vec![(*one, row * plane.across + column)]));
        }
    } else {
        let most = most(kind);
        for row in 0..kind.size.1.div_ceil(8 * most.1) {
            for column in 0..kind.size.0.div_ceil(8 * most.0) {
                let mut unit = Vec::new();
                for component in which {
                    let (h, v) = kind.sampling[*component];
                    for down in 0..v {
                        let start = (row * v + down) * planes[*component].across + column * h;
                        unit.extend((start..start + h).map(|block| (*component, block)));
                    }
                }
                units.push(unit);
            }
        }
    }
    let (mut bits, mut last) = (Bits::default(), [0; 4]);
    for (number, unit) in units.iter().enumerate() {
        if kind.restart != 0 && number != 0 && number % kind.restart == 0 {
            bits.fill();
            bits.bytes.extend([0xff, 0xd0 + (number / kind.restart - 1) as u8 % 8]);
            last = [0; 4];
        }
        for (component, block) in unit {
            let block = &planes[*component].blocks[*block];
            if from == 0 {
                bits.number(None, block[0] - last[*component]);
                last[*component] = block[0];
            }
            let mut run = 0;
            for value in block.iter().take(to + 1).skip(from.max(1)) {
                if *value == 0 {
                    run += 1;
                    continue;
                }
                while run > 15 {
                    bits.put(ac_code(15, 0), 8);
                    run -= 16;
                }
                bits.number(Some(run), *value);
                run = 0;
            }
            if run > 0 {
                bits.put(ac_code(0, 0), 8);
            }
        }
    }
    bits.fill();
    file.extend(bits.bytes);
}

fn most(kind: &Kind) -> (usize, usize) {
    kind.sampling.iter().fold((1, 1), |most, (h, v)| (most.0.max(*h), most.1.max(*v)))
}

fn planes(kind: &Kind) -> Vec<Plane> {
    (0..kind.sampling.len()).map(|component| plane(kind, component, most(kind))).collect()
}

fn written(kind: &Kind, planes: &[Plane]) -> Vec<u8> {
    let mut file = vec![0xff, 0xd8];
    if matches!(kind.colours, Colours::Rgb | Colours::Inks) {
        segment(&mut file, 0xee, b"Adobe\0\x64\0\0\0\0\0");
    }
    let mut table = vec![0];
    table.extend([STEP as u8; 64]);
    segment(&mut file, 0xdb, &table);
    let mut frame = vec![8];
    frame.extend((kind.size.1 as u16).to_be_bytes());
    frame.extend((kind.size.0 as u16).to_be_bytes());
    frame.push(kind.sampling.len() as u8);
    for (component, (h, v)) in kind.sampling.iter().enumerate() {
        frame.extend([component as u8 + 1, (h << 4 | v) as u8, 0]);
    }
    segment(&mut file, if kind.progressive { 0xc2 } else { 0xc0 }, &frame);
    let mut dc = vec![0x00, 0, 0, 0, 12];
    dc.extend([0; 12]);
    dc.extend(0..12);
    segment(&mut file, 0xc4, &dc);
    let mut ac = vec![0x10, 0, 0, 0, 0, 0, 0, 0, 176];
    ac.extend([0; 8]);
    ac.extend((0..16_u8).flat_map(|run| (0..11).map(move |size| run << 4 | size)));
    segment(&mut file, 0xc4, &ac);
    if kind.restart != 0 {
        segment(&mut file, 0xdd, &(kind.restart as u16).to_be_bytes());
    }
    for which in kind.scans {
        scan(&mut file, kind, planes, which, if kind.progressive { (0, 0) } else { (0, 63) });
    }
    if kind.progressive {
        for component in 0..kind.sampling.len() {
            scan(&mut file, kind, planes, &[component], (1, 63));
        }
    }
    file.extend([0xff, 0xd9]);
    file
}

/// The mean difference from the picture that was coded, in levels of 255.
fn difference(file: &[u8], kind: &Kind) -> Result<f64, PictureError> {
    let picture = decode(file)?.into_rgb8();
    assert_eq!((picture.width() as usize, picture.height() as usize), kind.size);
    let mut sum = 0.0;
    for (x, y, pixel) in picture.enumerate_pixels() {
        let colour = colour((x as usize, y as usize), kind.size);
        let wanted = if kind.colours == Colours::Grey { [luma(colour); 3] } else { colour };
        sum += pixel.0.iter().zip(wanted).map(|(got, wanted)| (f64::from(*got) - wanted).abs()).sum::<f64>();
    }
    Ok(sum / (kind.size.0 * kind.size.1 * 3) as f64)
}

/// Levels by which a decoded picture may be off on the average: what coding and sampling lose. The wrong place of a block costs more
/// than nine.
const LOST: f64 = 2.0;

const ALONE: &[&[&[usize]]] = &[&[&[0]]];
/// Together; each alone; light, then colours; the last alone; each alone and the colours first.
const THREE: &[&[&[usize]]] =
    &[&[&[0, 1, 2]], &[&[0], &[1], &[2]], &[&[0], &[1, 2]], &[&[0, 1], &[2]], &[&[2], &[0], &[1]]];
const FOUR: &[&[&[usize]]] = &[&[&[0, 1, 2, 3]], &[&[0], &[1], &[2], &[3]], &[&[0, 1, 2], &[3]]];

type Sampling = (&'static str, Colours, &'static [(usize, usize)]);
/// Kinds that are in use, and kinds that are only allowed.
const SAMPLINGS: &[Sampling] = &[
    ("4:4:4", Colours::Differences, &[(1, 1), (1, 1), (1, 1)]),
    ("4:2:2", Colours::Differences, &[(2, 1), (1, 1), (1, 1)]),
    ("4:2:0", Colours::Differences, &[(2, 2), (1, 1), (1, 1)]),
    ("4:4:0", Colours::Differences, &[(1, 2), (1, 1), (1, 1)]),
    ("4:1:1", Colours::Differences, &[(4, 1), (1, 1), (1, 1)]),
    ("4:1:0", Colours::Differences, &[(4, 2), (1, 1), (1, 1)]),
    ("4:1:1 down", Colours::Differences, &[(1, 4), (1, 1), (1, 1)]),
    ("a quarter each way", Colours::Differences, &[(4, 4), (1, 1), (1, 1)]),
    ("a third across", Colours::Differences, &[(3, 1), (1, 1), (1, 1)]),
    ("4:4:4 in units of four", Colours::Differences, &[(2, 2), (2, 2), (2, 2)]),
    ("4:4:4 in units of two across", Colours::Differences, &[(2, 1), (2, 1), (2, 1)]),
    ("4:4:4 in units of two down", Colours::Differences, &[(1, 2), (1, 2), (1, 2)]),
    ("4:2:2 in units of four", Colours::Differences, &[(2, 2), (1, 2), (1, 2)]),
    ("4:4:0 in units of four", Colours::Differences, &[(2, 2), (2, 1), (2, 1)]),
    ("4:2:2 of a unit of four across", Colours::Differences, &[(4, 1), (2, 1), (2, 1)]),
    ("colours finer than light", Colours::Differences, &[(1, 1), (2, 1), (2, 1)]),
    ("colours twice as fine as light", Colours::Differences, &[(1, 1), (2, 2), (2, 2)]),
    ("one colour as fine as light", Colours::Differences, &[(2, 1), (2, 1), (1, 1)]),
    ("two colours unlike", Colours::Differences, &[(2, 2), (2, 1), (1, 2)]),
    ("one colour finer", Colours::Differences, &[(1, 1), (1, 1), (2, 1)]),
    ("two thirds", Colours::Differences, &[(3, 1), (2, 1), (1, 1)]),
    ("red, green and blue", Colours::Rgb, &[(1, 1), (1, 1), (1, 1)]),
    ("red, green and blue, the green finer", Colours::Rgb, &[(1, 1), (2, 1), (1, 1)]),
    ("four inks", Colours::Inks, &[(1, 1), (1, 1), (1, 1), (1, 1)]),
    ("four inks in units of four", Colours::Inks, &[(2, 2), (2, 2), (2, 2), (2, 2)]),
    ("four inks, two of them coarse", Colours::Inks, &[(2, 2), (1, 1), (1, 1), (2, 2)]),
    ("grey", Colours::Grey, &[(1, 1)]),
    ("grey in units of four", Colours::Grey, &[(2, 2)]),
    ("grey in units of two across", Colours::Grey, &[(2, 1)]),
    ("grey in units of two down", Colours::Grey, &[(1, 2)]),
    ("grey in units of sixteen", Colours::Grey, &[(4, 4)]),
];

/// What every camera and every common program writes: these are read, and not refused.
const USUAL: [&str; 6] = ["4:4:4", "4:2:2", "4:2:0", "4:4:0", "4:1:1", "grey"];

#[test]
fn a_jpeg_is_decoded_to_the_picture_that_was_coded_or_refused_in_words_of_its_own() {
    let (mut wrong, mut read, mut refused) = (Vec::new(), 0, 0);
    for (size, (name, colours, sampling)) in
        SIZES.into_iter().flat_map(|size| SAMPLINGS.iter().map(move |s| (size, s)))
    {
        let orders = match colours {
            Colours::Grey => ALONE,
            Colours::Differences | Colours::Rgb => THREE,
            Colours::Inks => FOUR,
        };
        let mut kind =
            Kind { name, colours: *colours, sampling, scans: &[], progressive: false, restart: 0, size };
        let planes = planes(&kind);
        for (scans, progressive, restart) in orders.iter().flat_map(|scans| {
            [(false, 0), (false, 1), (false, 3), (true, 0), (true, 3)]
                .map(|(p, restart)| (*scans, p, restart))
        }) {
            (kind.scans, kind.progressive, kind.restart) = (scans, progressive, restart);
            let usual =
                USUAL.contains(&kind.name) && if progressive { restart == 0 } else { scans.len() == 1 };
            match difference(&written(&kind, &planes), &kind) {
                Ok(off) if off < LOST => read += 1,
                Err(PictureError::Coding) if !usual => refused += 1,
                other => wrong.push(format!(
                    "{name}, {size:?}, scans {scans:?}, progressive {progressive}, restart {restart}: {other:?}"
                )),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of them wrong:\n{}", wrong.len(), wrong.join("\n"));
    println!("{read} kinds read right, {refused} refused");
    assert!(read > 200 && refused > 1000, "{read} read, {refused} refused");
}

#[test]
fn codings_that_no_decoder_here_knows_are_named_and_not_called_damaged() {
    let kind = Kind {
        name: "grey",
        colours: Colours::Grey,
        sampling: &[(1, 1)],
        scans: &[&[0]],
        progressive: false,
        restart: 0,
        size: SIZES[0],
    };
    let file = written(&kind, &planes(&kind));
    let frame = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    for (what, at, byte) in [
        ("lossless", frame + 1, 0xc3),
        ("differential", frame + 1, 0xc5),
        ("arithmetic", frame + 1, 0xc9),
        ("arithmetic and progressive", frame + 1, 0xca),
        ("twelve bits", frame + 4, 12),
    ] {
        let mut file = file.clone();
        file[at] = byte;
        assert_eq!(decode(&file).err(), Some(PictureError::Coding), "{what}");
    }
}

//! Cards of nobody, printed with the ink of `data/prints.png`, which `web/wallet/tools/prints.mjs` draws.

use std::sync::LazyLock;

use documents::{MrzFormat, check_digit};

/// From character to character on a printed card, in pixels.
pub const PITCH: f64 = 32.0;
/// A millimetre in pixels: ten characters take an inch.
const MM: f64 = PITCH / 2.54;
/// A character's place in the file: a square of so many pixels, and where in it the character's own corner lies.
const CELL: usize = 48;
const CORNER: (usize, usize) = (8, 36);
const SIGNS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
/// What people read on a card stands below the characters.
const OTHER_TEXT: (usize, usize) = (560, 340);

const PAPER: f64 = 228.0;
const FINE_LINE: f64 = 208.0;
const PORTRAIT: f64 = 143.0;
const INK: f64 = 24.0;

/// Chance that repeats: SplitMix64.
pub struct Chance(pub u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to before 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    fn some(&mut self, signs: &str, count: usize) -> String {
        (0..count).map(|_| char::from(signs.as_bytes()[self.below(signs.len())])).collect()
    }
}

/// How a zone is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Print {
    Plain,
    /// Strokes a quarter wider.
    Heavy,
    /// Strokes a quarter thinner.
    Thin,
    /// Strokes with square ends.
    Square,
}

/// Grey values of a card, or of what a camera sees.
#[derive(Clone)]
pub struct Grey {
    pub width: usize,
    pub height: usize,
    pub data: Vec<u8>,
}

impl Grey {
    pub fn painted(width: usize, height: usize, mut paint: impl FnMut(usize, usize) -> u8) -> Self {
        let data = (0..width * height).map(|i| paint(i % width, i / width)).collect();
        Self { width, height, data }
    }

    pub fn frame(&self) -> zone::GreyFrame<'_> {
        let side = |side: usize| u32::try_from(side).unwrap();
        zone::GreyFrame::new(side(self.width), side(self.height), &self.data).unwrap()
    }
}

fn check(field: &str) -> char {
    check_digit(field).unwrap()
}

/// A zone of nobody, of random names, numbers and dates, all characters among them.
pub fn zone_of(format: MrzFormat, chance: &mut Chance) -> Vec<String> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const DIGITS: &str = "0123456789";
    let day = |decades: &str, chance: &mut Chance| {
        let year = chance.some(decades, 1) + &chance.some(DIGITS, 1);
        format!("{year}{:02}{:02}", 1 + chance.below(12), 1 + chance.below(28))
    };
    let lengths = (3 + chance.below(7), 2 + chance.below(8));
    let names = [
        chance.some(LETTERS, lengths.0),
        "<<".into(),
        chance.some(LETTERS, lengths.1),
        "<".into(),
        chance.some(LETTERS, 4),
    ]
    .concat();
    let (birth, expiry) = (day("56789", chance), day("34", chance));
    let dates = format!("{birth}{}{}{expiry}{}", check(&birth), chance.some("MF", 1), check(&expiry));
    match format {
        MrzFormat::Td1 => {
            let number = chance.some("HM", 1) + &chance.some(DIGITS, 8);
            let one = format!("CRCHN{number}{:<<16}", check(&number));
            let two = format!("{dates}CHN<<<<<<<<<<<");
            let all = [&one[5..], &two[..7], &two[8..15], &two[18..29]].concat();
            vec![one, format!("{two}{}", check(&all)), format!("{names:<<30}")]
        }
        MrzFormat::Td2 | MrzFormat::Td3 => {
            let td3 = format == MrzFormat::Td3;
            let (code, length, spare) = if td3 { ("P<CHN", 44, 14) } else { ("I<CHN", 36, 7) };
            let number = chance.some("EGHKM", 1)
                + &chance.some("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", 1)
                + &chance.some(DIGITS, 7);
            let optional = if chance.below(2) == 0 {
                String::new()
            } else {
                chance.some(SIGNS.trim_end_matches('<'), spare - 4)
            };
            let optional = format!("{optional:<<spare$}");
            let own = if td3 { check(&optional).to_string() } else { String::new() };
            let two = format!("{number}{}CHN{dates}{optional}{own}", check(&number));
            let all = [&two[..10], &two[13..20], &two[21..]].concat();
            let one: String = format!("{code}{names:<<44}").chars().take(length).collect();
            vec![one, format!("{two}{}", check(&all))]
        }
    }
}

/// Ink of the file: 0 is none, 1 is all.
fn prints() -> &'static image::GrayImage {
    static PRINTS: LazyLock<image::GrayImage> =
        LazyLock::new(|| image::load_from_memory(include_bytes!("../data/prints.png")).unwrap().into_luma8());
    &PRINTS
}

/// A card with these lines where ICAO 9303 has them: TD1 85.6 by 54 mm, TD2 105 by 74 mm, the page of a passport 125 by 88 mm.
pub fn card(lines: &[String], print: Print) -> Grey {
    let (wide, high, left, below) = match (lines.len(), lines[0].len()) {
        (3, _) => (85.6, 54.0, 4.7, 4.0),
        (_, 36) => (105.0, 74.0, 4.7, 5.0),
        _ => (125.0, 88.0, 6.6, 6.0),
    };
    let pixels = |mm: f64| (mm * MM).round() as usize;
    let mut card = Grey { width: pixels(wide), height: pixels(high), data: Vec::new() };
    card.data = paper(card.width, card.height);
    let row = match print {
        Print::Plain => 0,
        Print::Heavy => 1,
        Print::Thin => 2,
        Print::Square => 3,
    };
    for (line, base) in lines.iter().rev().zip((0..).map(|n| below + 6.35 * f64::from(n))) {
        let y = card.height - pixels(base);
        for (k, sign) in line.chars().enumerate() {
            let from = (SIGNS.find(sign).unwrap() * CELL, row * CELL);
            let to = (pixels(left) + k * PITCH as usize - CORNER.0, y - CORNER.1);
            stamp(&mut card, from, (CELL, CELL), to);
        }
    }
    stamp(&mut card, (0, 4 * CELL), OTHER_TEXT, (pixels(32.0), pixels(7.0)));
    card
}

/// Fine lines, as papers have them, and a portrait's place.
fn paper(width: usize, height: usize) -> Vec<u8> {
    let mut grey = vec![PAPER; width * height];
    for n in 0..60 {
        let n = f64::from(n);
        for x in 0..width {
            let middle = n * height as f64 / 55.0 + (x as f64 / 55.0 + n / 3.0).sin() * 18.0;
            for y in (middle - 2.0).max(0.0) as usize..=((middle + 2.0).max(0.0) as usize).min(height - 1) {
                let covered = (1.5 - (y as f64 + 0.5 - middle).abs()).clamp(0.0, 1.0);
                let value = &mut grey[y * width + x];
                *value += (FINE_LINE - *value) * covered;
            }
        }
    }
    for y in (8.0 * MM) as usize..(32.0 * MM) as usize {
        for x in (4.0 * MM) as usize..(26.0 * MM) as usize {
            grey[y * width + x] = PORTRAIT;
        }
    }
    grey.into_iter().map(|value| value.round() as u8).collect()
}

fn stamp(card: &mut Grey, from: (usize, usize), size: (usize, usize), to: (usize, usize)) {
    for (v, u) in (0..size.1).flat_map(|v| (0..size.0).map(move |u| (v, u))) {
        let (x, y) = (to.0 + u, to.1 + v);
        if x >= card.width || y >= card.height {
            continue;
        }
        let light =
            prints().get_pixel(u32::try_from(from.0 + u).unwrap(), u32::try_from(from.1 + v).unwrap());
        let ink = 1.0 - f64::from(light.0[0]) / 255.0;
        let value = &mut card.data[y * card.width + x];
        *value = (f64::from(*value) + (INK - f64::from(*value)) * ink).round() as u8;
    }
}

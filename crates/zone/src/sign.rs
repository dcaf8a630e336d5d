//! Sign: the 37 characters of a zone, their pictures, and which of them a format allows at a place.
//!
//! Lives here: [`SIGNS`], [`Picture`], [`Lens`], [`Kind`], the forms of the layouts. Not here: what is seen (`look`).
//! The pictures are drawn by `web/wallet/tools/signs.mjs` for this crate and for the wallet.

use std::sync::LazyLock;

use documents::MrzFormat;

/// In the order of their values (ICAO 9303-3, 4.9), the filler last.
pub(crate) const SIGNS: [u8; COUNT] = *b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<";
pub(crate) const COUNT: usize = 37;

/// A picture's size, in squares of [`SQUARE`].
pub(crate) const WIDE: usize = 12;
pub(crate) const HIGH: usize = 16;
pub(crate) const CELLS: usize = WIDE * HIGH;
/// A square's side, in parts of the distance from character to character.
pub(crate) const SQUARE: f64 = 0.08;

/// Grey values with mean 0 and length 1, so that a product of two tells how alike they are; row after row.
pub(crate) type Picture = [f32; CELLS];

/// How a lens shows the characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lens {
    /// As they are drawn.
    Sharp,
    /// A little out of focus.
    Soft,
    /// Out of focus.
    Softer,
}

impl Lens {
    pub(crate) const ALL: [Self; 3] = [Self::Sharp, Self::Soft, Self::Softer];

    /// The pictures of the characters, in the order of [`SIGNS`].
    pub(crate) fn pictures(self) -> &'static [Picture] {
        static KNOWN: LazyLock<[Vec<Picture>; 3]> = LazyLock::new(|| [0.0, 1.0, 1.7].map(pictures));
        let [sharp, soft, softer] = &*KNOWN;
        match self {
            Self::Sharp => sharp,
            Self::Soft => soft,
            Self::Softer => softer,
        }
    }
}

/// The pictures, spread by so many squares (standard deviation).
fn pictures(spread: f64) -> Vec<Picture> {
    DRAWN.iter().map(|drawn| normed(&softened(&drawn.map(f64::from), spread))).collect()
}

/// Each square of 0 (light) to 15 (dark).
const DRAWN: [[u8; CELLS]; COUNT] = drawn();

/// A line of the file: a character, a blank, a digit of base 16 for each square, a line end.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of range")]
const fn drawn() -> [[u8; CELLS]; COUNT] {
    const LINE: usize = CELLS + 3;
    let file = include_bytes!("../data/signs.txt");
    assert!(file.len() == COUNT * LINE, "37 lines");
    let mut pictures = [[0; CELLS]; COUNT];
    let mut n = 0;
    while n < COUNT {
        let line = n * LINE;
        assert!(file[line] == SIGNS[n] && file[line + 1] == b' ' && file[line + LINE - 1] == b'\n', "a line");
        let mut cell = 0;
        while cell < CELLS {
            let digit = file[line + 2 + cell];
            pictures[n][cell] = match digit {
                b'0'..=b'9' => digit - b'0',
                _ => digit - b'a' + 10,
            };
            assert!(pictures[n][cell] < 16, "a digit of base 16");
            cell += 1;
        }
        n += 1;
    }
    pictures
}

#[expect(clippy::cast_possible_truncation, reason = "a picture needs no more digits")]
fn normed(values: &[f64; CELLS]) -> Picture {
    let mean = values.iter().sum::<f64>() / CELLS as f64;
    let length = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>().sqrt();
    values.map(|value| ((value - mean) / length) as f32)
}

/// Spreads each square over its neighbours, first along rows, then along columns.
fn softened(picture: &[f64; CELLS], spread: f64) -> [f64; CELLS] {
    if spread == 0.0 {
        return *picture;
    }
    let along = |from: &[f64; CELLS], step: usize, length: usize| {
        let mut to = [0.0; CELLS];
        for (at, square) in to.iter_mut().enumerate() {
            let own = (at / step) % length;
            let (mut sum, mut whole) = (0.0, 0.0);
            for (other, value) in from.iter().skip(at - own * step).step_by(step).take(length).enumerate() {
                let off = own.abs_diff(other) as f64;
                let weight = (-(off * off) / (2.0 * spread * spread)).exp();
                sum += weight * value;
                whole += weight;
            }
            *square = sum / whole;
        }
        to
    };
    along(&along(picture, 1, WIDE), WIDE, HIGH)
}

/// What may stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A letter or a filler: names and states.
    Letter,
    /// A digit: dates and check digits.
    Digit,
    /// Any character.
    Any,
    /// A digit or a filler: a date that is known in part, a check digit of an empty field.
    DigitOrFiller,
    /// `M`, `F` or a filler.
    Sex,
    /// The first of a Home Return Permit's number: `H` or `M`.
    PermitRegion,
    /// The second: a digit, or an `A`.
    PermitSecond,
}

impl Kind {
    pub(crate) const fn allows(self, sign: u8) -> bool {
        match self {
            Self::Letter => matches!(sign, b'A'..=b'Z' | b'<'),
            Self::Digit => sign.is_ascii_digit(),
            Self::Any => true,
            Self::DigitOrFiller => matches!(sign, b'0'..=b'9' | b'<'),
            Self::Sex => matches!(sign, b'M' | b'F' | b'<'),
            Self::PermitRegion => matches!(sign, b'H' | b'M'),
            Self::PermitSecond => matches!(sign, b'0'..=b'9' | b'A'),
        }
    }

    /// Whether no check digit covers such a place.
    pub(crate) const fn unchecked(self) -> bool {
        match self {
            Self::Letter | Self::Sex => true,
            Self::Digit | Self::Any | Self::DigitOrFiller | Self::PermitRegion | Self::PermitSecond => false,
        }
    }
}

/// A line's form: kinds and how many places of each.
pub(crate) type Form = &'static [(Kind, usize)];

/// The forms of a layout's lines (ICAO 9303-4, 4.2; 9303-5, 4.2; 9303-6, 4.2).
pub(crate) const fn forms(format: MrzFormat) -> &'static [Form] {
    use Kind::{Any, Digit, DigitOrFiller as Part, Letter, Sex};
    match format {
        MrzFormat::Td1 => &[
            &[(Letter, 5), (Any, 9), (Part, 1), (Any, 15)],
            &[(Part, 6), (Digit, 1), (Sex, 1), (Part, 6), (Digit, 1), (Letter, 3), (Any, 11), (Digit, 1)],
            &[(Letter, 30)],
        ],
        MrzFormat::Td2 => &[
            &[(Letter, 36)],
            &[
                (Any, 9),
                (Part, 1),
                (Letter, 3),
                (Part, 6),
                (Digit, 1),
                (Sex, 1),
                (Part, 6),
                (Digit, 1),
                (Any, 7),
                (Digit, 1),
            ],
        ],
        MrzFormat::Td3 => &[
            &[(Letter, 44)],
            &[
                (Any, 9),
                (Digit, 1),
                (Letter, 3),
                (Part, 6),
                (Digit, 1),
                (Sex, 1),
                (Part, 6),
                (Digit, 1),
                (Any, 14),
                (Part, 1),
                (Digit, 1),
            ],
        ],
    }
}

/// The first line of a Home Return Permit. ICAO 9303-5, 4.2.4: a filler in the place of the check digit says that the number
/// goes on.
pub(crate) const PERMIT: Form = &[
    (Kind::Letter, 5),
    (Kind::PermitRegion, 1),
    (Kind::PermitSecond, 1),
    (Kind::Digit, 7),
    (Kind::DigitOrFiller, 1),
    (Kind::Any, 15),
];

/// The kind of each place of a form.
pub(crate) fn kinds(form: Form) -> impl Iterator<Item = Kind> {
    form.iter().flat_map(|(kind, times)| std::iter::repeat_n(*kind, *times))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cut::length;

    #[test]
    fn the_pictures_are_those_of_the_wallet() {
        let module = std::fs::read_to_string(test_support::root().join("web/wallet/src/signs.ts")).unwrap();
        let rows: Vec<&str> = module.lines().filter(|line| line.starts_with("  '")).collect();
        assert_eq!(rows.len(), COUNT);
        for ((drawn, sign), row) in DRAWN.iter().zip(SIGNS).zip(rows) {
            let digits: String =
                drawn.iter().map(|square| char::from_digit(u32::from(*square), 16).unwrap()).collect();
            assert_eq!(row, format!("  '{digits}', // {}", char::from(sign)));
        }
    }

    #[test]
    fn a_picture_is_most_like_itself_under_each_lens() {
        for lens in Lens::ALL {
            for (n, picture) in lens.pictures().iter().enumerate() {
                let alike = |other: &Picture| picture.iter().zip(other).map(|(a, b)| a * b).sum::<f32>();
                for (m, other) in lens.pictures().iter().enumerate() {
                    assert_eq!((alike(other) - 1.0).abs() < 1e-4, n == m, "{lens:?} {n} {m}");
                }
            }
        }
    }

    #[test]
    fn a_form_has_as_many_places_as_its_line() {
        for format in [MrzFormat::Td1, MrzFormat::Td2, MrzFormat::Td3] {
            for form in forms(format) {
                assert_eq!(kinds(form).count(), usize::from(length(format)), "{format:?}");
            }
        }
        assert_eq!(kinds(PERMIT).count(), 30);
    }
}

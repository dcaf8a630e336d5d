//! Recognise: which character is most like what was looked at, and how clearly.
//!
//! Lives here: [`Guess`], [`recognise`]. Not here: whether a guess is good enough (`judge`).

use crate::look::{Offset, Seen};
use crate::sign::{CELLS, COUNT, Kind, Picture, SIGNS};

/// A character so much less alike than another is not tried at every place.
const FAR: f64 = 0.2;
/// Less contrast than this is paper without ink (length of all differences, in grey values).
const BLANK: f64 = 60.0;

/// What stands at a place, most likely.
#[derive(Clone, Copy)]
pub(crate) struct Guess {
    pub(crate) sign: u8,
    /// How alike it is, 1 at most.
    pub(crate) alike: f64,
    /// How much less the next is that no check digit could tell from it.
    pub(crate) ahead: f64,
    /// The next that a check digit would tell from it, and how much less that is.
    pub(crate) other: Option<(u8, f64)>,
    pub(crate) place: Offset,
}

/// Compares what was looked at with each character that may stand there: at every place, or, where the character before was
/// at `near`, at most one square from there, and those alone that are not far from the likeliest.
pub(crate) fn recognise(seen: &Seen, kind: Kind, pictures: &[Picture], near: Option<Offset>) -> Guess {
    let mut scores = Scores::new(kind, near.unwrap_or(Offset::MIDDLE));
    match near {
        None => Offset::all().for_each(|at| scores.compare(seen, at, pictures)),
        Some(near) => {
            scores.compare(seen, near, pictures);
            scores.leave_out_far_ones();
            near.neighbours().for_each(|at| scores.compare(seen, at, pictures));
        }
    }
    scores.guess(kind)
}

/// How alike each character is, at its best place.
struct Scores {
    best: [Score; COUNT],
    top: f64,
    place: Offset,
}

#[derive(Clone, Copy)]
struct Score {
    alike: f64,
    allowed: bool,
    tried: bool,
}

impl Scores {
    fn new(kind: Kind, place: Offset) -> Self {
        let score = |sign: u8| Score { alike: -1.0, allowed: kind.allows(sign), tried: kind.allows(sign) };
        Self { best: SIGNS.map(score), top: -1.0, place }
    }

    fn leave_out_far_ones(&mut self) {
        let floor = self.top - FAR;
        for score in &mut self.best {
            score.tried = score.allowed && score.alike >= floor;
        }
    }

    fn compare(&mut self, seen: &Seen, at: Offset, pictures: &[Picture]) {
        let part = seen.part(at);
        let length = contrast(&part);
        if length < BLANK {
            return;
        }
        for (score, picture) in self.best.iter_mut().zip(pictures).filter(|(score, _)| score.tried) {
            let alike = f64::from(product(picture, &part)) / length;
            score.alike = score.alike.max(alike);
            if alike > self.top {
                (self.top, self.place) = (alike, at);
            }
        }
    }

    fn guess(&self, kind: Kind) -> Guess {
        let allowed = || self.best.iter().enumerate().filter(|(_, score)| score.allowed);
        let (first, alike) = allowed().fold((0, f64::NEG_INFINITY), |(first, most), (n, score)| {
            if score.alike > most { (n, score.alike) } else { (first, most) }
        });
        let (mut ahead, mut other) = (1.0_f64, None);
        for (n, score) in allowed().filter(|(n, _)| *n != first) {
            let by = alike - score.alike;
            // One wrong character changes every check digit over it, unless its value has the same last digit; names have none.
            if kind.unchecked() || last_digit(n) == last_digit(first) {
                ahead = ahead.min(by);
            } else if other.is_none_or(|(_, closest)| by < closest) && by < 1.0 {
                other = SIGNS.get(n).map(|sign| (*sign, by));
            }
        }
        Guess { sign: SIGNS.get(first).copied().unwrap_or(b'<'), alike, ahead, other, place: self.place }
    }
}

/// The last digit of a character's value (ICAO 9303-3, 4.9).
const fn last_digit(n: usize) -> usize {
    if n == COUNT - 1 { 0 } else { n % 10 }
}

/// The length of all differences from the mean.
fn contrast(part: &[f32; CELLS]) -> f64 {
    let (mut sum, mut squares) = (0.0, 0.0);
    for value in part {
        let value = f64::from(*value);
        sum += value;
        squares += value * value;
    }
    (squares - sum * sum / CELLS as f64).max(0.0).sqrt()
}

/// The sum of all products, in sixteen sums that a processor adds side by side.
fn product(picture: &Picture, part: &[f32; CELLS]) -> f32 {
    let mut sums = [0.0_f32; 16];
    for (a, b) in picture.as_chunks::<16>().0.iter().zip(part.as_chunks::<16>().0) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    sums.iter().sum()
}

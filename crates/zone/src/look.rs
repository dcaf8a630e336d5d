//! Look: the squares around a character's place, along its row and down the document.
//!
//! Lives here: [`Seen`], [`look`]. Not here: which character it is (`recognise`).

use crate::cut::{Cut, CutLine, length};
use crate::frame::GreyFrame;
use crate::segment::or_one;
use crate::sign::{CELLS, HIGH, SQUARE, WIDE};

/// So many squares to each side a character may be off its place.
pub(crate) const OFF: usize = 2;
const SEEN_WIDE: usize = WIDE + 2 * OFF;
const SEEN_HIGH: usize = HIGH + 2 * OFF;

/// Squares around a character's place, dark as large values; row after row.
pub(crate) struct Seen([[f32; SEEN_WIDE]; SEEN_HIGH]);

/// Where in what is seen a picture's corner lies, in squares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offset {
    pub(crate) right: usize,
    pub(crate) down: usize,
}

impl Offset {
    /// The character's expected place.
    pub(crate) const MIDDLE: Self = Self { right: OFF, down: OFF };

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..=2 * OFF).flat_map(|down| (0..=2 * OFF).map(move |right| Self { right, down }))
    }

    /// The others that are at most one square away.
    pub(crate) fn neighbours(self) -> impl Iterator<Item = Self> {
        let near = |a: usize, b: usize| a.abs_diff(b) <= 1;
        Self::all().filter(move |other| {
            near(other.right, self.right) && near(other.down, self.down) && *other != self
        })
    }
}

impl Seen {
    /// The squares that a picture covers whose corner lies there.
    pub(crate) fn part(&self, at: Offset) -> [f32; CELLS] {
        let mut part = [0.0; CELLS];
        let rows = self.0.iter().skip(at.down);
        for (to, from) in part.chunks_exact_mut(WIDE).zip(rows) {
            for (to, from) in to.iter_mut().zip(from.iter().skip(at.right)) {
                *to = *from;
            }
        }
        part
    }
}

/// Looks at character `n` of a line; its height is `stretch` times what its distance makes likely. `None` where that leaves
/// the frame.
#[expect(clippy::cast_possible_truncation, reason = "grey values need no more digits")]
pub(crate) fn look(
    frame: &GreyFrame<'_>,
    cut: &Cut<'_>,
    line: CutLine<'_>,
    n: f64,
    stretch: f64,
) -> Option<Seen> {
    let (first, last) = (cut.lines.first()?, cut.lines.last()?);
    let gap = |n: f64| last.y(n) - first.y(n);
    let (x, y) = (line.x(n), line.y(n));
    // Down a document is where its rows lead, and what is nearer is taller: also on one that is held aslant.
    let lean = ((last.x(n) - first.x(n)) / or_one(gap(n))).clamp(-0.35, 0.35);
    let middle = (f64::from(length(cut.format)) - 1.0) / 2.0;
    let tall = (gap(n) / gap(middle)).clamp(0.7, 1.4) * line.row.pitch() * stretch;
    let right = (line.row.step(line.k(n)) * SQUARE, line.row.step(line.k(n)) * line.row.slope() * SQUARE);
    let down = (lean * tall * SQUARE, tall * SQUARE);
    // A square is larger than a pixel: its neighbours count as well.
    let coarse = right.0.abs() >= 1.4;
    let mut seen = [[0.0; SEEN_WIDE]; SEEN_HIGH];
    for (t, row) in seen.iter_mut().enumerate() {
        let below = t as f64 - (SEEN_HIGH - 1) as f64 / 2.0;
        for (s, square) in row.iter_mut().enumerate() {
            let aside = s as f64 - (SEEN_WIDE - 1) as f64 / 2.0;
            let at = |middle: f64, right: f64, down: f64| middle + aside * right + below * down - 0.5;
            let value = frame.sample(at(x, right.0, down.0), at(y, right.1, down.1), coarse)?;
            *square = (255.0 - value) as f32;
        }
    }
    Some(Seen(seen))
}

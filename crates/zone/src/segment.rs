//! Segment: patches each of which has the next to its right at about the distance of characters.
//!
//! Lives here: [`Segment`], [`Line`], how patches are linked and gaps closed. Not here: where exactly characters stand (`row`).

use crate::frame::index;
use crate::patch::Patch;

/// So many long segments are looked at, and so many short ones.
const MOST_SEGMENTS: usize = 40;
/// So many patches make a segment a long one.
const LONG: usize = 8;
/// Patches of fewer are noise.
const SHORTEST: usize = 3;

/// Patches from the left to the right, one after the other.
pub(crate) struct Segment {
    pub(crate) patches: Vec<Patch>,
    /// The usual distance from one to the next, in pixels.
    pub(crate) pitch: f64,
    line: Line,
}

impl Segment {
    fn new(patches: Vec<Patch>) -> Self {
        let line = Line::through(patches.iter().map(|patch| (patch.x, patch.y)));
        Self { pitch: pitch(&patches), line, patches }
    }

    /// A character that stuck to something, or fell apart, leaves a gap: whether `right` goes on behind it.
    fn goes_on_in(&self, right: &Self) -> bool {
        let (Some(end), Some(start)) = (self.patches.last(), right.patches.first()) else { return false };
        let gap = start.x - end.x;
        let middle = start.x - gap / 2.0;
        gap > 0.0
            && gap <= 8.0 * self.pitch
            && (self.pitch / right.pitch - 1.0).abs() <= 0.15
            && (self.line.at(middle) - right.line.at(middle)).abs() <= 0.45 * self.pitch
    }

    fn joined(self, right: Self) -> Self {
        let mut patches = self.patches;
        patches.extend(right.patches);
        Self::new(patches)
    }
}

/// A straight line, `y` for each `x`.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    at_zero: f64,
    pub(crate) slope: f64,
}

impl Line {
    /// The line that is nearest to these points.
    pub(crate) fn through(points: impl Iterator<Item = (f64, f64)>) -> Self {
        let (mut n, mut sx, mut sy, mut sxx, mut sxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (x, y) in points {
            n += 1.0;
            sx += x;
            sy += y;
            sxx += x * x;
            sxy += x * y;
        }
        let slope = (n * sxy - sx * sy) / or_one(n * sxx - sx * sx);
        Self { at_zero: (sy - slope * sx) / n, slope }
    }

    pub(crate) fn at(&self, x: f64) -> f64 {
        self.at_zero + self.slope * x
    }
}

/// A divisor that is not zero.
pub(crate) fn or_one(divisor: f64) -> f64 {
    if divisor == 0.0 { 1.0 } else { divisor }
}

/// The usual distance from one patch to the next, in pixels.
pub(crate) fn pitch(patches: &[Patch]) -> f64 {
    let next = patches.iter().skip(1);
    let mut distances: Vec<f64> = patches.iter().zip(next).map(|(one, next)| next.x - one.x).collect();
    distances.sort_by(f64::total_cmp);
    or_one(distances.get(distances.len() / 2).copied().unwrap_or(0.0))
}

/// The segments of a frame's patches, gaps closed.
pub(crate) fn segments(patches: &[Patch]) -> Vec<Segment> {
    let mut open: Vec<Option<Segment>> = longest(linked(patches)).into_iter().map(Some).collect();
    for at in 0..open.len() {
        let Some(mut left) = open.get_mut(at).and_then(Option::take) else { continue };
        while let Some(right) =
            open.iter_mut().find_map(|other| other.take_if(|right| left.goes_on_in(right)))
        {
            left = left.joined(right);
        }
        if let Some(place) = open.get_mut(at) {
            *place = Some(left);
        }
    }
    open.into_iter().flatten().collect()
}

/// The long ones first: many short ones crowd out none of them.
fn longest(chains: Vec<Vec<Patch>>) -> Vec<Segment> {
    let (mut long, mut short): (Vec<_>, Vec<_>) = chains.into_iter().partition(|chain| chain.len() >= LONG);
    for some in [&mut long, &mut short] {
        some.sort_by_key(|chain| std::cmp::Reverse(chain.len()));
        some.truncate(MOST_SEGMENTS);
    }
    long.into_iter().chain(short).map(Segment::new).collect()
}

/// Each patch with its next to the right, as long as there is one.
fn linked(patches: &[Patch]) -> Vec<Vec<Patch>> {
    let grid = Grid::of(patches);
    let mut next: Vec<Option<usize>> = patches.iter().map(|patch| grid.next_of(patch, patches)).collect();
    let mut before: Vec<Option<usize>> = vec![None; patches.len()];
    let x = |at: usize| patches.get(at).map_or(0.0, |patch| patch.x);
    for at in 0..patches.len() {
        let Some(to) = next.get(at).copied().flatten() else { continue };
        let Some(first) = before.get_mut(to) else { continue };
        // Of two that lead to the same one the nearer counts.
        let loser = match *first {
            Some(other) if x(other) >= x(at) => Some(at),
            other => {
                *first = Some(at);
                other
            }
        };
        if let Some(link) = loser.and_then(|loser| next.get_mut(loser)) {
            *link = None;
        }
    }
    let starts = before.iter().enumerate().filter(|(_, before)| before.is_none()).map(|(at, _)| at);
    let chain = |start: usize| {
        let places = std::iter::successors(Some(start), |at| next.get(*at).copied().flatten());
        places.filter_map(|at| patches.get(at).copied()).collect::<Vec<_>>()
    };
    starts.map(chain).filter(|chain| chain.len() >= SHORTEST).collect()
}

/// Patches by their place, in squares of [`Grid::SIDE`] pixels.
struct Grid {
    columns: usize,
    squares: Vec<Vec<usize>>,
}

impl Grid {
    const SIDE: f64 = 24.0;
    /// A square holds few patches of a character's size; more are noise.
    const MOST: usize = 16;

    fn of(patches: &[Patch]) -> Self {
        let most = |side: fn(&Patch) -> f64| {
            let most = patches.iter().map(side).fold(0.0, f64::max);
            index(most / Self::SIDE).unwrap_or(0) + 1
        };
        let (columns, rows) = (most(|patch| patch.x), most(|patch| patch.y));
        let mut grid = Self { columns, squares: vec![Vec::new(); columns * rows] };
        for (at, patch) in patches.iter().enumerate() {
            let square = grid.square(patch.x, patch.y);
            let held = square.and_then(|square| grid.squares.get_mut(square));
            if let Some(held) = held.filter(|held| held.len() < Self::MOST) {
                held.push(at);
            }
        }
        grid
    }

    fn square(&self, x: f64, y: f64) -> Option<usize> {
        let (column, row) = (index(x / Self::SIDE)?, index(y / Self::SIDE)?);
        (column < self.columns).then_some(row * self.columns + column)
    }

    /// The patch nearest to the right that may be the next character.
    fn next_of(&self, one: &Patch, patches: &[Patch]) -> Option<usize> {
        let (high, reach) = (one.high, one.high * 1.6);
        let (mut nearest, mut found) = (f64::INFINITY, None);
        for y in steps(one.y - 0.4 * high, one.y + 0.4 * high + Self::SIDE) {
            for x in steps(one.x, one.x + reach + Self::SIDE) {
                let held = self.square(x, y).and_then(|square| self.squares.get(square));
                for at in held.into_iter().flatten() {
                    let Some(distance) = patches.get(*at).and_then(|other| distance(one, other)) else {
                        continue;
                    };
                    if distance < nearest {
                        (nearest, found) = (distance, Some(*at));
                    }
                }
            }
        }
        found
    }
}

fn steps(from: f64, before: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(from), |at| Some(at + Grid::SIDE)).take_while(move |at| *at < before)
}

/// How far to the right `other` is, if both may be characters of one row, one after the other.
fn distance(one: &Patch, other: &Patch) -> Option<f64> {
    let (distance, high) = (other.x - one.x, one.high.max(other.high));
    let beside = (0.65 * high..=1.6 * high).contains(&distance) && (other.y - one.y).abs() <= 0.35 * high;
    (beside && high <= 1.5 * one.high.min(other.high)).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(x: f64, y: f64) -> Patch {
        Patch { x, y, high: 14.0 }
    }

    /// Characters at a distance of 16 pixels from `from`, but for those that are missing.
    fn row(from: f64, count: u32, missing: &[u32]) -> Vec<Patch> {
        let there = (0..count).filter(|n| !missing.contains(n));
        there.map(|n| patch(from + 16.0 * f64::from(n), 50.0 + f64::from(n) * 0.5)).collect()
    }

    #[test]
    fn patches_at_one_distance_are_one_segment_also_across_a_gap() {
        for (missing, expected) in [(&[][..], 20), (&[7], 19), (&[7, 8, 9], 17)] {
            let found = segments(&row(100.0, 20, missing));
            assert_eq!(found.len(), 1, "row {missing:?}");
            assert_eq!(found[0].patches.len(), expected, "row {missing:?}");
            assert_eq!(found[0].pitch, 16.0, "row {missing:?}");
        }
    }

    #[test]
    fn what_is_too_far_or_elsewhere_is_another_segment() {
        let mut far = row(100.0, 6, &[]);
        far.extend(row(100.0 + 16.0 * 5.0 + 9.0 * 16.0, 6, &[]));
        let mut lower = row(100.0, 6, &[]);
        lower.extend(row(100.0, 6, &[]).iter().map(|one| patch(one.x, one.y + 40.0)));
        for patches in [far, lower] {
            let found: Vec<usize> = segments(&patches).iter().map(|one| one.patches.len()).collect();
            assert_eq!(found, [6, 6]);
        }
    }

    #[test]
    fn many_short_segments_crowd_out_no_long_one() {
        let mut patches = row(100.0, 30, &[]);
        for n in 0..200_u32 {
            let below = 90.0 + 30.0 * f64::from(n);
            patches.extend((0..4).map(|k| patch(50.0 + 16.0 * f64::from(k), below)));
        }
        patches.sort_by(|a, b| a.x.total_cmp(&b.x));
        let found = segments(&patches);
        assert_eq!(found.len(), 1 + MOST_SEGMENTS);
        assert_eq!(found[0].patches.len(), 30);
    }
}

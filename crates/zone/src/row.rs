//! Row: characters at equal distances on a plane that a camera sees aslant.
//!
//! Lives here: [`Row`], fitted to a segment. Not here: which of its characters is the first of a line (`cut`).

use crate::patch::Patch;
use crate::segment::{Line, Segment, or_one, pitch, segments};

/// So many rows are looked at.
const MOST_ROWS: usize = 14;
/// A segment of fewer patches is no line of a zone.
const LEAST: usize = 14;
/// So many of them must lie on the row.
const LEAST_ON_ROW: usize = 12;

/// Characters counted by whole numbers: the middle of character `k` is at `x(k)`, `y(x(k))`, in pixels.
pub(crate) struct Row {
    curve: Curve,
    line: Line,
    /// The first character that was found, and the last.
    pub(crate) first: f64,
    pub(crate) last: f64,
    found: usize,
}

impl Row {
    pub(crate) fn x(&self, k: f64) -> f64 {
        self.curve.x(k)
    }

    pub(crate) fn y(&self, x: f64) -> f64 {
        self.line.at(x)
    }

    pub(crate) fn slope(&self) -> f64 {
        self.line.slope
    }

    /// From character `k` to the next, in pixels.
    pub(crate) fn step(&self, k: f64) -> f64 {
        self.curve.step(k)
    }

    pub(crate) fn middle(&self) -> f64 {
        f64::midpoint(self.first, self.last)
    }

    /// The step in the middle.
    pub(crate) fn pitch(&self) -> f64 {
        self.step(self.middle())
    }

    /// Fits a row to a segment: twice, the second time without what lies beside it.
    fn of(segment: &Segment) -> Option<Self> {
        let (mut places, length) = counted(segment);
        let reach = 0.3 * segment.pitch;
        let fit = |places: &[Place]| {
            let line = Line::through(places.iter().map(|place| (place.x, place.y)));
            (line, Curve::through(places, length / 2.0))
        };
        let (mut line, mut curve) = fit(&places);
        for _ in 0..2 {
            places.retain(|at| (at.y - line.at(at.x)).abs() < reach && (at.x - curve.x(at.k)).abs() < reach);
            if places.len() < LEAST_ON_ROW {
                return None;
            }
            (line, curve) = fit(&places);
        }
        let (first, last) = (places.first()?.k, places.last()?.k);
        // Seen so much aslant it is no document. What is no number is none either.
        let flat = curve.r.abs() * length < 0.8;
        flat.then_some(Self { curve, line, first, last, found: places.len() })
    }
}

/// The rows of a frame's patches, the longest first.
pub(crate) fn rows(patches: &[Patch]) -> Vec<Row> {
    let segments = segments(patches);
    let long = segments.iter().filter(|segment| segment.patches.len() >= LEAST);
    let mut rows: Vec<Row> = long.filter_map(Row::of).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.found));
    rows.truncate(MOST_ROWS);
    rows
}

/// A patch, counted along its row.
struct Place {
    k: f64,
    x: f64,
    y: f64,
}

/// The patches with their numbers, and the last number.
fn counted(segment: &Segment) -> (Vec<Place>, f64) {
    let mut k = 0.0;
    let mut before: Option<f64> = None;
    let mut places = Vec::with_capacity(segment.patches.len());
    for (at, patch) in segment.patches.iter().enumerate() {
        if let Some(before) = before {
            k += (((patch.x - before) / pitch_near(segment, at)) + 0.5).floor().max(0.0);
        }
        before = Some(patch.x);
        places.push(Place { k, x: patch.x, y: patch.y });
    }
    (places, k)
}

/// The distance grows or shrinks along a document that is held aslant: what is near tells it.
fn pitch_near(segment: &Segment, at: usize) -> f64 {
    let near =
        segment.patches.get(at.saturating_sub(6)..segment.patches.len().min(at + 6)).unwrap_or_default();
    let own = if near.len() > 6 { pitch(near) } else { segment.pitch };
    if (own / segment.pitch - 1.0).abs() < 0.25 { own } else { segment.pitch }
}

/// `x = (p + q t) / (1 + r t)`, `t = k - middle`: points at equal distances on a plane that is seen aslant.
#[derive(Clone, Copy)]
struct Curve {
    p: f64,
    q: f64,
    r: f64,
    middle: f64,
}

impl Curve {
    fn x(&self, k: f64) -> f64 {
        let t = k - self.middle;
        (self.p + self.q * t) / (1.0 + self.r * t)
    }

    fn step(&self, k: f64) -> f64 {
        (self.q - self.p * self.r) / (1.0 + self.r * (k - self.middle)).powi(2)
    }

    /// The curve that is nearest to these points: `x = p + q t - r t x` is linear in all three.
    fn through(places: &[Place], middle: f64) -> Self {
        // Counted from a middle, or small differences of large numbers decide.
        let centre = places.get(places.len() / 2).map_or(0.0, |place| place.x);
        let (mut matrix, mut vector) = ([[0.0; 3]; 3], [0.0; 3]);
        for place in places {
            let (t, own) = (place.k - middle, place.x - centre);
            let terms = [1.0, t, -t * own];
            for ((line, sum), one) in matrix.iter_mut().zip(&mut vector).zip(terms) {
                for (cell, other) in line.iter_mut().zip(terms) {
                    *cell += one * other;
                }
                *sum += one * own;
            }
        }
        let [p, q, r] = solved(matrix, vector);
        // Back from the middle: what was `x - centre` is `x`.
        Self { p: p + centre, q: q + centre * r, r, middle }
    }
}

/// Solves three linear equations by Cramer's rule.
fn solved(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    let [[a, b, c], [d, e, f], [g, h, i]] = matrix;
    let [u, v, w] = vector;
    let whole = or_one(determinant(matrix));
    [[[u, b, c], [v, e, f], [w, h, i]], [[a, u, c], [d, v, f], [g, w, i]], [[a, b, u], [d, e, v], [g, h, w]]]
        .map(|column| determinant(column) / whole)
}

fn determinant([[a, b, c], [d, e, f], [g, h, i]]: [[f64; 3]; 3]) -> f64 {
    a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thirty characters as a camera sees them whose picture shrinks by `r` from one to the next.
    fn seen(r: f64, missing: &[u32]) -> Vec<Patch> {
        let there = (0..30_u32).filter(|n| !missing.contains(n)).map(f64::from);
        let x = |k: f64| 100.0 + (18.0 * k) / (1.0 + r * k);
        there.map(|k| Patch { x: x(k), y: 50.0 + 0.05 * x(k), high: 16.0 }).collect()
    }

    #[test]
    fn a_row_finds_its_characters_again_also_aslant_and_in_gaps() {
        for (r, missing) in [(0.0, &[][..]), (0.004, &[]), (-0.004, &[]), (0.003, &[9, 10]), (0.0, &[4, 17])]
        {
            let found = rows(&seen(r, missing));
            assert_eq!(found.len(), 1, "row {r} {missing:?}");
            let row = &found[0];
            assert_eq!((row.first, row.last), (0.0, 29.0), "row {r} {missing:?}");
            for k in 0..30 {
                let (k, all) = (f64::from(k), 100.0 + 18.0 * f64::from(k) / (1.0 + r * f64::from(k)));
                assert!((row.x(k) - all).abs() < 0.01, "row {r} {missing:?}: {k}");
                assert!((row.y(row.x(k)) - 50.0 - 0.05 * all).abs() < 0.01, "row {r} {missing:?}: {k}");
            }
            assert!((row.step(3.0) - (row.x(3.5) - row.x(2.5))).abs() < 0.01, "row {r} {missing:?}");
        }
    }

    #[test]
    fn a_few_patches_are_no_row() {
        assert!(rows(&seen(0.0, &(13..30).collect::<Vec<_>>())).is_empty());
        assert!(rows(&[]).is_empty());
    }
}

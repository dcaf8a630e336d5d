//! Points, boxes and the similarity between two sets of points.
//!
//! Lives here: `Point`, `Similarity`. Coordinates are continuous: pixel `i` covers `i..i+1`, its centre is `i + 0.5`.

/// A place in a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Pixels from the upper edge.
    pub y: f32,
}

impl Point {
    /// The place `x` to the right and `y` down.
    #[must_use]
    pub const fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    /// The way from `other` to here.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }

    /// The distance from the origin.
    #[must_use]
    pub fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    /// The mean of several; the origin where there are none.
    #[must_use]
    pub fn mean(points: impl IntoIterator<Item = Self>) -> Self {
        let (mut sum, mut count) = (Self::default(), 0.0_f32);
        for point in points {
            sum = Self::new(sum.x + point.x, sum.y + point.y);
            count += 1.0;
        }
        if count == 0.0 { sum } else { Self::new(sum.x / count, sum.y / count) }
    }
}

/// A turn, a scale and a shift (no mirror): `x' = a x - b y + dx`, `y' = b x + a y + dy`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similarity {
    /// Scale times the cosine of the turn.
    pub a: f32,
    /// Scale times its sine.
    pub b: f32,
    /// Shift to the right, in pixels.
    pub dx: f32,
    /// Shift down, in pixels.
    pub dy: f32,
}

impl Similarity {
    /// Maps a square of `pixels` a side onto the square of `side` around `centre`, turned by `angle` (radians).
    pub(crate) fn square(pixels: f32, centre: Point, side: f32, angle: f32) -> Self {
        Self::around(Point::new(pixels / 2.0, pixels / 2.0), centre, side / pixels, angle)
    }

    /// Maps `from` onto `to`, scaling and turning (radians) about it.
    pub fn around(from: Point, to: Point, scale: f32, angle: f32) -> Self {
        let (sine, cosine) = angle.sin_cos();
        let (a, b) = (scale * cosine, scale * sine);
        Self { a, b, dx: to.x - a * from.x + b * from.y, dy: to.y - b * from.x - a * from.y }
    }

    /// The least-squares map from `from` onto `to` (Umeyama without reflection, in closed form for the plane).
    pub(crate) fn between(from: &[Point], to: &[Point]) -> Option<Self> {
        let (from_mean, to_mean) = (Point::mean(from.iter().copied()), Point::mean(to.iter().copied()));
        let (mut along, mut across, mut spread) = (0.0, 0.0, 0.0);
        for (p, q) in from.iter().zip(to) {
            let (p, q) = (p.minus(from_mean), q.minus(to_mean));
            along += p.x * q.x + p.y * q.y;
            across += p.x * q.y - p.y * q.x;
            spread += p.x * p.x + p.y * p.y;
        }
        if spread <= f32::EPSILON {
            return None;
        }
        let (a, b) = (along / spread, across / spread);
        let dx = to_mean.x - a * from_mean.x + b * from_mean.y;
        let dy = to_mean.y - b * from_mean.x - a * from_mean.y;
        Some(Self { a, b, dx, dy }).filter(|map| map.scale().is_finite() && map.scale() > 1e-6)
    }

    /// Where a place goes.
    #[must_use]
    pub fn apply(&self, p: Point) -> Point {
        Point::new(self.a * p.x - self.b * p.y + self.dx, self.b * p.x + self.a * p.y + self.dy)
    }

    /// First this one, then `next`.
    pub(crate) fn then(&self, next: &Self) -> Self {
        let moved = next.apply(Point::new(self.dx, self.dy));
        let (a, b) = (next.a * self.a - next.b * self.b, next.b * self.a + next.a * self.b);
        Self { a, b, dx: moved.x, dy: moved.y }
    }

    /// The map back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        Self { a, b, dx: -a * self.dx + b * self.dy, dy: -b * self.dx - a * self.dy }
    }

    pub(crate) fn scale(&self) -> f32 {
        self.a.hypot(self.b)
    }
}

/// The nearest single-precision number: no place, pixel or weight here needs more digits.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similarity_is_found_again_from_the_points_that_it_moved() {
        let map = Similarity::square(112.0, Point::new(40.0, 70.0), 33.0, 0.4);
        let from: Vec<Point> =
            [(0.0, 0.0), (5.0, 1.0), (2.0, 9.0), (7.0, 7.0)].map(|(x, y)| Point::new(x, y)).into();
        let to: Vec<Point> = from.iter().map(|p| map.apply(*p)).collect();
        let found = Similarity::between(&from, &to).unwrap();
        for p in from {
            assert!(found.apply(p).minus(map.apply(p)).length() < 1e-3);
            assert!(map.inverse().apply(map.apply(p)).minus(p).length() < 1e-3);
        }
        let (other, place) =
            (Similarity::square(90.0, Point::new(7.0, -3.0), 50.0, -0.7), Point::new(12.0, 31.0));
        assert!(map.then(&other).apply(place).minus(other.apply(map.apply(place))).length() < 1e-3);
        let centre = map.apply(Point::new(56.0, 56.0));
        assert!(centre.minus(Point::new(40.0, 70.0)).length() < 1e-3);
    }

    #[test]
    fn points_that_all_coincide_have_no_similarity() {
        assert_eq!(Similarity::between(&[Point::default(); 5], &[Point::new(1.0, 2.0); 5]), None);
    }
}

//! The geometry of 51 points: what a plane, a bent sheet and a solid head explain of the way from one frame to another.
//!
//! The points of the jaw are left out: in a turned head they mark the outline, which is another place of the head.
//! With the reference shape (x, y) and the depth z of a generic head, each coordinate of a frame is fitted as
//! `1, x, y, x^2, xy, y^2` (every affine map, to second order every homography, and every slight bend of a sheet)
//! plus one multiple of z. That multiple is the sine of the head's turn, and of a sheet it is noise: what is left of z
//! beside those six is mainly the nose against eyes and mouth.
#![expect(clippy::indexing_slicing, reason = "constant places in matrices whose size is part of their type")]

use super::head;
use crate::found::Landmarks;
use nalgebra::{Matrix2, SMatrix, SVector};

/// Brows, nose, eyes, mouth.
pub(crate) const INNER: usize = 51;
const FIRST: usize = 17;
const COLUMNS: usize = 7;
const TIP: usize = 30 - FIRST;

/// The points in units of the eye distance, about their mean.
pub(crate) type Shape = SMatrix<f64, INNER, 2>;

/// A frame's inner points: their mean and eye distance in pixels, and the shape that remains.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measured {
    pub(crate) shape: Shape,
    pub(crate) mean: [f64; 2],
    pub(crate) eyes: f64,
}

impl Measured {
    pub(crate) fn of(landmarks: &Landmarks) -> Option<Self> {
        let points = landmarks.points().iter().skip(FIRST);
        let shape = Shape::from_row_iterator(points.flat_map(|p| [f64::from(p.x), f64::from(p.y)]));
        let eyes = f64::from(landmarks.eye_distance());
        let mean = shape.row_mean();
        let mut shape = shape;
        shape.row_iter_mut().for_each(|mut row| row -= mean);
        let shape = shape / eyes;
        let plausible = eyes > 1.0 && shape.iter().all(|v| v.is_finite() && v.abs() < 10.0);
        plausible.then(|| Self { shape, mean: [mean[0], mean[1]], eyes })
    }

    /// How far the tip of the nose lies from the middle line of eyes and mouth, sideways, as a share of the eye
    /// distance: to the right of the picture positive.
    pub(crate) fn asymmetry(&self) -> f64 {
        let middle = |of: &[usize]| {
            let sum = of
                .iter()
                .fold(SVector::<f64, 2>::zeros(), |sum, i| sum + self.shape.row(i - FIRST).transpose());
            sum / of.len() as f64
        };
        let (left, right) = (middle(&[36, 37, 38, 39, 40, 41]), middle(&[42, 43, 44, 45, 46, 47]));
        let (eyes, mouth) = ((left + right) / 2.0, middle(&[48, 54]));
        let across = (right - left).normalize();
        (self.shape.row(TIP).transpose() - (eyes * 0.45 + mouth * 0.55)).dot(&across)
    }

    /// Root mean square distance to another frame's shape after the best similarity.
    pub(crate) fn change(&self, other: &Self) -> f64 {
        let (p, q) = (&self.shape, &other.shape);
        let (mut along, mut across) = (0.0, 0.0);
        for (a, b) in p.row_iter().zip(q.row_iter()) {
            along += a[0] * b[0] + a[1] * b[1];
            across += a[0] * b[1] - a[1] * b[0];
        }
        let spread = p.norm_squared().max(1e-12);
        let (a, b) = (along / spread, across / spread);
        rms(&(p * Matrix2::new(a, b, -b, a) - q))
    }

    /// Root mean square distance in the picture, as a share of the eye distance: nothing is aligned.
    pub(crate) fn distance(&self, other: &Self) -> f64 {
        let shift = (self.mean[0] - other.mean[0]).hypot(self.mean[1] - other.mean[1]) / other.eyes;
        rms(&(self.shape * (self.eyes / other.eyes) - other.shape)).hypot(shift)
    }
}

/// Root mean square length of the rows.
fn rms(difference: &Shape) -> f64 {
    (difference.norm_squared() / INNER as f64).sqrt()
}

/// How a frame is turned against the reference, and how well each explanation fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pose {
    /// Degrees; to the traveller's own left positive.
    pub(crate) yaw: f64,
    /// Degrees; down positive.
    pub(crate) pitch: f64,
    /// Size against the reference.
    pub(crate) scale: f64,
    /// The depth's multiple itself: the sine of a head's turn, whatever its direction.
    pub(crate) parallax: f64,
    /// The sine of the tilt that a plane would need to be narrowed so much.
    pub(crate) tilt: f64,
    /// What a homography leaves, root mean square, in eye distances of the frame.
    pub(crate) plane_rest: f64,
}

/// The shape that the rest of a sequence is held against.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    shape: Shape,
    eyes: f64,
    solver: SMatrix<f64, COLUMNS, INNER>,
}

impl Reference {
    /// The mean of a few frames that look straight.
    pub(crate) fn of(frames: &[Measured]) -> Option<Self> {
        let first = frames.first()?;
        let count = frames.len() as f64;
        let eyes = frames.iter().map(|f| f.eyes).sum::<f64>() / count;
        // Turned upright and onto the first, so that a nod or a step while looking straight blurs nothing.
        let shape = frames.iter().map(|f| f.shape * alignment(&f.shape, &first.shape)).sum::<Shape>() / count;
        let shape = shape * upright(&shape);
        let depth = depth();
        let mut design = SMatrix::<f64, INNER, COLUMNS>::zeros();
        for ((mut row, point), z) in design.row_iter_mut().zip(shape.row_iter()).zip(depth.iter()) {
            let (x, y) = (point[0], point[1]);
            row.copy_from_slice(&[1.0, x, y, x * x, x * y, y * y, *z]);
        }
        let solver = (design.transpose() * design).try_inverse()? * design.transpose();
        solver.iter().all(|v| v.is_finite()).then_some(Self { shape, eyes, solver })
    }

    /// How `frame` lies against the reference.
    pub(crate) fn pose(&self, frame: &Measured) -> Pose {
        let seen = frame.shape * (frame.eyes / self.eyes);
        let fit = self.solver * seen;
        // Rows of the linear part: how x and y of the reference move the frame.
        let linear = Matrix2::new(fit[(1, 0)], fit[(2, 0)], fit[(1, 1)], fit[(2, 1)]);
        // A turn narrows one direction alone; the other keeps the size.
        let sizes = linear.singular_values();
        let (scale, narrowed) = (sizes.max().max(1e-6), sizes.min());
        let roll = (linear[(1, 0)] - linear[(0, 1)]).atan2(linear[(0, 0)] + linear[(1, 1)]);
        let (sine, cosine) = roll.sin_cos();
        let (ex, ey) = (fit[(COLUMNS - 1, 0)], fit[(COLUMNS - 1, 1)]);
        let (across, down) = ((cosine * ex + sine * ey) / scale, (cosine * ey - sine * ex) / scale);
        let degrees = |sine: f64| sine.clamp(-1.0, 1.0).asin().to_degrees();
        Pose {
            yaw: degrees(across),
            pitch: degrees(down),
            scale,
            parallax: across.hypot(down),
            tilt: (1.0 - (narrowed / scale).powi(2)).max(0.0).sqrt(),
            plane_rest: self.plane_rest(&seen) / scale,
        }
    }

    /// What the best homography from the reference leaves.
    fn plane_rest(&self, seen: &Shape) -> f64 {
        let mut weights = SVector::<f64, INNER>::repeat(1.0);
        let mut rest = f64::INFINITY;
        // The linear form weighs points by their depth; the second round takes that weight out again.
        for _ in 0..2 {
            let (mut normal, mut right) = (SMatrix::<f64, 8, 8>::zeros(), SVector::<f64, 8>::zeros());
            for ((p, q), w) in self.shape.row_iter().zip(seen.row_iter()).zip(weights.iter()) {
                let (x, y, u, v) = (p[0], p[1], q[0], q[1]);
                for (row, value) in [
                    (SVector::<f64, 8>::from([x, y, 1.0, 0.0, 0.0, 0.0, -u * x, -u * y]), u),
                    (SVector::<f64, 8>::from([0.0, 0.0, 0.0, x, y, 1.0, -v * x, -v * y]), v),
                ] {
                    normal += row * row.transpose() * (w * w);
                    right += row * (value * w * w);
                }
            }
            let Some(h) = normal.lu().solve(&right) else { return rest };
            let mut sum = 0.0;
            for ((p, q), w) in self.shape.row_iter().zip(seen.row_iter()).zip(weights.iter_mut()) {
                let depth = h[6] * p[0] + h[7] * p[1] + 1.0;
                let depth = if depth.abs() < 0.05 { 0.05 } else { depth };
                let u = (h[0] * p[0] + h[1] * p[1] + h[2]) / depth;
                let v = (h[3] * p[0] + h[4] * p[1] + h[5]) / depth;
                sum += (u - q[0]).powi(2) + (v - q[1]).powi(2);
                *w = 1.0 / depth;
            }
            rest = rest.min((sum / INNER as f64).sqrt());
        }
        rest
    }
}

/// Depth of the generic head at the inner points, in eye distances.
fn depth() -> SVector<f64, INNER> {
    SVector::from_iterator(head::points().into_iter().skip(FIRST).map(|[_, _, z]| z / head::EYES_MM))
}

/// The similarity (as a factor on the right) that brings `from` nearest to `to`.
fn alignment(from: &Shape, to: &Shape) -> Matrix2<f64> {
    let product = from.transpose() * to;
    let spread = from.norm_squared().max(1e-12);
    let (a, b) = ((product[(0, 0)] + product[(1, 1)]) / spread, (product[(0, 1)] - product[(1, 0)]) / spread);
    Matrix2::new(a, b, -b, a)
}

/// The turn that makes the line of the eyes level.
fn upright(shape: &Shape) -> Matrix2<f64> {
    let eye = |first: usize| shape.fixed_rows::<6>(first - FIRST).row_mean();
    let line = eye(42) - eye(36);
    let length = line.norm().max(1e-9);
    let (cosine, sine) = (line[0] / length, line[1] / length);
    Matrix2::new(cosine, -sine, sine, cosine)
}

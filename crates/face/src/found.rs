//! What is found in a picture: a face's box, its 68 points, or why there is no single face.
//!
//! Lives here: `Face`, `Landmarks`, `FaceError`. Not here: the networks that find them (`finder`).

use crate::geometry::{Point, Similarity};
use crate::network::InferenceError;
use documents::redact_debug;

const POINTS: usize = 68;

/// The second pass looks at the points' square with so much room.
const SECOND_PASS: f32 = 1.25;

/// A face in a picture: its box, in pixels, and how sure the detector is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
    pub(crate) score: f32,
    /// The turn of the look that found it, about the box's centre.
    pub(crate) turn: f32,
}

impl Face {
    /// The left edge.
    #[must_use]
    pub const fn left(&self) -> f32 {
        self.left
    }

    /// The upper edge.
    #[must_use]
    pub const fn top(&self) -> f32 {
        self.top
    }

    /// From left to right.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.right - self.left
    }

    /// From top to bottom.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.bottom - self.top
    }

    /// Square pixels.
    pub(crate) fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The middle of the box.
    #[must_use]
    pub fn centre(&self) -> Point {
        Point::new(f32::midpoint(self.left, self.right), f32::midpoint(self.top, self.bottom))
    }

    /// The detector's score, 0 to 1.
    #[must_use]
    pub const fn score(&self) -> f32 {
        self.score
    }

    /// The same box after the face has moved.
    pub(crate) fn moved(&self, by: &Similarity) -> Self {
        let (centre, scale) = (by.apply(self.centre()), by.scale());
        let (half_width, half_height) = (self.width() * scale / 2.0, self.height() * scale / 2.0);
        Self {
            left: centre.x - half_width,
            top: centre.y - half_height,
            right: centre.x + half_width,
            bottom: centre.y + half_height,
            ..*self
        }
    }

    /// Where the first pass looks for the 68 points: centre, side, angle.
    pub(crate) fn first_square(&self) -> (Point, f32, f32) {
        (self.centre(), self.height(), self.turn)
    }

    /// Intersection over union.
    pub(crate) fn overlap(&self, other: &Self) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        let shared = width.max(0.0) * height.max(0.0);
        let all = self.area() + other.area() - shared;
        if all > 0.0 { shared / all } else { 0.0 }
    }
}

/// Why a picture gives no single face.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FaceError {
    /// None found.
    #[error("no face in the picture; look straight at the camera, with light on the face")]
    NoFace,
    /// Somebody else stands too near.
    #[error("{count} faces in the picture; only the traveller may stand before the camera")]
    SeveralFaces {
        /// Faces large enough to matter.
        count: usize,
    },
    /// The points found are no face's.
    #[error("the face cannot be measured; look straight at the camera")]
    NoLandmarks,
    /// The network failed.
    #[error(transparent)]
    Inference(#[from] InferenceError),
}

/// The 68 points of a face (the usual order: jaw, brows, nose, eyes, mouth), in pixels. Personal data.
#[derive(Clone, PartialEq)]
pub struct Landmarks(Vec<Point>);
redact_debug!(Landmarks);

impl Landmarks {
    /// Takes 68 points, all of them numbers, the eyes apart.
    #[must_use]
    pub fn new(points: Vec<Point>) -> Option<Self> {
        let landmarks = Self(points);
        let finite = landmarks.0.iter().all(|p| p.x.is_finite() && p.y.is_finite());
        (landmarks.0.len() == POINTS && finite && landmarks.eye_distance() > 1.0).then_some(landmarks)
    }

    /// Eyes, nose and corners of the mouth, in pixels.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.0
    }

    /// Pixels between the middles of the eyes.
    #[must_use]
    pub fn eye_distance(&self) -> f32 {
        let (left, right) = self.eyes();
        right.minus(left).length()
    }

    /// How far the line of the eyes is turned from level, in radians, clockwise positive.
    #[must_use]
    pub fn tilt(&self) -> f32 {
        let (left, right) = self.eyes();
        let line = right.minus(left);
        line.y.atan2(line.x)
    }

    /// How these points became `others`, of the same face a moment later.
    pub(crate) fn way_to(&self, others: &Self) -> Option<Way> {
        let map = Similarity::between(&self.0, &others.0)?;
        let squares = self.0.iter().zip(&others.0).map(|(a, b)| map.apply(*a).minus(*b).length().powi(2));
        let rest = (squares.sum::<f32>() / POINTS as f32).sqrt();
        let middle = |of: &Self| Point::mean(of.0.iter().copied());
        Some(Way { map, rest, moved: middle(others).minus(middle(self)).length() })
    }

    /// Eyes, nose and corners of the mouth: the five points by which a face is aligned.
    pub(crate) fn five(&self) -> [Point; 5] {
        [
            self.mean(&[37, 38, 40, 41]),
            self.mean(&[43, 44, 46, 47]),
            self.mean(&[30]),
            self.mean(&[48, 60]),
            self.mean(&[54, 64]),
        ]
    }

    pub(crate) fn mapped(&self, map: &Similarity) -> Option<Self> {
        Self::new(self.0.iter().map(|p| map.apply(*p)).collect())
    }

    /// The square around the points in the frame turned upright: centre, longer side, angle.
    pub(crate) fn upright_square(&self) -> (Point, f32, f32) {
        let angle = self.tilt();
        let turn = Similarity { a: angle.cos(), b: -angle.sin(), dx: 0.0, dy: 0.0 };
        let turned: Vec<Point> = self.0.iter().map(|p| turn.apply(*p)).collect();
        let extreme = |of: fn(&Point) -> f32, pick: fn(f32, f32) -> f32, start: f32| {
            turned.iter().map(of).fold(start, pick)
        };
        let (left, right) =
            (extreme(|p| p.x, f32::min, f32::INFINITY), extreme(|p| p.x, f32::max, f32::NEG_INFINITY));
        let (top, bottom) =
            (extreme(|p| p.y, f32::min, f32::INFINITY), extreme(|p| p.y, f32::max, f32::NEG_INFINITY));
        let middle = Point::new(f32::midpoint(left, right), f32::midpoint(top, bottom));
        (turn.inverse().apply(middle), (right - left).max(bottom - top), angle)
    }

    /// Where the second pass looks.
    pub(crate) fn second_square(&self) -> (Point, f32, f32) {
        let (centre, side, angle) = self.upright_square();
        (centre, SECOND_PASS * side, angle)
    }

    fn eyes(&self) -> (Point, Point) {
        (self.mean(&[36, 37, 38, 39, 40, 41]), self.mean(&[42, 43, 44, 45, 46, 47]))
    }

    fn mean(&self, indices: &[usize]) -> Point {
        Point::mean(indices.iter().filter_map(|i| self.0.get(*i).copied()))
    }
}

/// From one frame's points to the next one's, in pixels.
pub(crate) struct Way {
    /// The best similarity.
    pub(crate) map: Similarity,
    /// What it leaves, root mean square.
    pub(crate) rest: f32,
    /// How far the middle of the points went.
    pub(crate) moved: f32,
}

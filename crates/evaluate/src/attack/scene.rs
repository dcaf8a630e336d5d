//! A camera and what stands before it: 68 points in space, moved as one.

use super::Chance;
use crate::degrade::narrow;
use face::active::head::{self, EYES_MM};
use face::{Landmarks, Point, Similarity};
use nalgebra::{Rotation3, Vector3};

/// Pixels of a frame of the drawn camera, and its focal length in pixels (60 degrees).
pub(crate) const WIDTH: f64 = 1280.0;
pub(crate) const HEIGHT: f64 = 720.0;
pub(crate) const FOCAL: f64 = 1100.0;

/// Whose face it is: the points of a portrait in millimetres, and a depth for each of them.
#[derive(Clone)]
pub struct Subject {
    /// x to the right, y down, z towards the camera, the origin between the eyes.
    pub(crate) points: Vec<Vector3<f64>>,
    /// From millimetres to pixels of the portrait.
    pub(crate) to_portrait: Similarity,
    /// How deep this head is against the generic one.
    pub(crate) relief: f64,
}
documents::redact_debug!(Subject);

impl Subject {
    /// The face of a portrait, with a depth drawn about the generic head's: flatter and deeper ones, noses apart.
    #[must_use]
    pub fn of_portrait(landmarks: &Landmarks, chance: &mut Chance) -> Option<Self> {
        let scale = EYES_MM / f64::from(landmarks.eye_distance());
        let eye = |first: usize| Point::mean(landmarks.points().iter().skip(first).take(6).copied());
        let (left, right) = (eye(36), eye(42));
        let middle = Point::mean([left, right]);
        let to_portrait = Similarity::around(Point::default(), middle, narrow(1.0 / scale), landmarks.tilt());
        let (to_mm, relief) = (to_portrait.inverse(), chance.between(0.75, 1.2));
        let nose = relief * chance.between(0.85, 1.15);
        let points = landmarks.points().iter().zip(head::points()).enumerate();
        let points = points.map(|(i, (p, [_, _, z]))| {
            let p = to_mm.apply(*p);
            let deep = if (28..=35).contains(&i) { nose } else { relief };
            Vector3::new(f64::from(p.x), f64::from(p.y), z * deep + chance.normal())
        });
        let points: Vec<_> = points.collect();
        points.iter().all(|p| p.iter().all(|v| v.is_finite())).then_some(Self { points, to_portrait, relief })
    }

    /// The generic head itself, with the proportions of some person.
    #[must_use]
    pub fn generic(chance: &mut Chance) -> Self {
        let (wide, high, relief) =
            (chance.between(0.93, 1.07), chance.between(0.92, 1.08), chance.between(0.75, 1.2));
        let points = head::points().into_iter().map(|[x, y, z]| {
            Vector3::new(x * wide + chance.normal(), y * high + chance.normal(), z * relief + chance.normal())
        });
        let portrait = Similarity { a: 2.0, b: 0.0, dx: 300.0, dy: 300.0 };
        Self { points: points.collect(), to_portrait: portrait, relief }
    }
}

/// Where something is held, how it is turned, and how it is bent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Held {
    /// Degrees, to the traveller's own left.
    pub(crate) yaw: f64,
    /// Degrees, down.
    pub(crate) pitch: f64,
    /// Degrees, clockwise.
    pub(crate) roll: f64,
    /// Millimetres to the right and down.
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Millimetres from the camera.
    pub(crate) distance: f64,
    /// One over the radius of a bent sheet, 1/mm; convex positive.
    pub(crate) bend: f64,
    /// The direction across which it is bent, degrees from the horizontal.
    pub(crate) bend_axis: f64,
}

impl Held {
    /// A mix of two.
    pub(crate) fn towards(&self, other: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        Self {
            yaw: mix(self.yaw, other.yaw),
            pitch: mix(self.pitch, other.pitch),
            roll: mix(self.roll, other.roll),
            x: mix(self.x, other.x),
            y: mix(self.y, other.y),
            distance: mix(self.distance, other.distance),
            bend: mix(self.bend, other.bend),
            bend_axis: mix(self.bend_axis, other.bend_axis),
        }
    }

    pub(crate) fn rotation(&self) -> Rotation3<f64> {
        // The traveller's left is the picture's right: the nose, at positive z, goes to positive x.
        let yaw = Rotation3::from_axis_angle(&Vector3::y_axis(), self.yaw.to_radians());
        let pitch = Rotation3::from_axis_angle(&Vector3::x_axis(), -self.pitch.to_radians());
        let roll = Rotation3::from_axis_angle(&Vector3::z_axis(), self.roll.to_radians());
        roll * pitch * yaw
    }

    /// Depth of a bent sheet.
    pub(crate) fn sheet(&self, x: f64, y: f64) -> f64 {
        let (sine, cosine) = self.bend_axis.to_radians().sin_cos();
        -self.bend / 2.0 * (x * cosine + y * sine).powi(2)
    }
}

/// What is held before the camera.
#[derive(Debug, Clone)]
pub enum Scene {
    /// A head, turning about the neck.
    Head(Subject),
    /// A sheet or a screen with the face on it, so many times as large as life, and how much of a head's turn the
    /// landmark network reads into a tilted one (as a share of the sine of the tilt): it knows faces, not paper.
    Sheet(Subject, f64, f64),
}

/// The pivot of a head, against the point between its eyes.
pub(crate) const NECK: Vector3<f64> = Vector3::new(0.0, 70.0, -90.0);

impl Scene {
    /// The 68 points as the drawn camera sees them, without noise.
    pub(crate) fn seen(&self, held: &Held) -> Vec<[f64; 2]> {
        let turn = held.rotation();
        let place = |p: Vector3<f64>| {
            let depth = (held.distance - p.z).max(50.0);
            [WIDTH / 2.0 + FOCAL * (held.x + p.x) / depth, HEIGHT / 2.0 + FOCAL * (held.y + p.y) / depth]
        };
        match self {
            Self::Head(subject) => subject.points.iter().map(|p| place(turn * (p - NECK) + NECK)).collect(),
            Self::Sheet(subject, size, guess) => {
                // Guessed depth moves points as real depth would.
                let (yaw, pitch) = (held.yaw.to_radians().sin(), held.pitch.to_radians().sin());
                let on_sheet = |p: &Vector3<f64>| {
                    let (x, y, z) = (p.x * size, p.y * size, p.z * size * guess);
                    place(turn * Vector3::new(x + yaw * z, y + pitch * z, held.sheet(x, y)))
                };
                subject.points.iter().map(on_sheet).collect()
            }
        }
    }
}

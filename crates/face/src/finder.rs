//! Finding: where the faces are, which one is meant, where its 68 points lie.
//!
//! Lives here: `Finder`, `Face`, `Landmarks`. Not here: cutting and judging a probe (`probe`, `quality`), whose face
//! it is (`embedding`).

use crate::config::FaceConfig;
use crate::geometry::{Point, Similarity};
use crate::models::{ModelError, ModelFolder};
use crate::network::{InferenceError, Network};
use crate::picture::Image;
use crate::raster::{Raster, Region};
use crate::shown::Shown;
use documents::redact_debug;

const DETECTOR_WIDTH: usize = 320;
const DETECTOR_HEIGHT: usize = 240;
const LANDMARK_SIDE: usize = 64;
const POINTS: usize = 68;
const DETECTOR_SHAPE: [usize; 4] = [1, 3, DETECTOR_HEIGHT, DETECTOR_WIDTH];
const LANDMARK_SHAPE: [usize; 4] = [1, 1, LANDMARK_SIDE, LANDMARK_SIDE];
const FINDING: &str = "finding faces";
const MEASURING: &str = "measuring a face";

/// The second pass looks at the points' square with so much room.
const SECOND_PASS: f32 = 1.25;

/// How far a head is turned before the detector misses it, and so the turn of the second and third look (radians).
const SECOND_LOOK: f32 = 0.6;

/// A face in a picture: its box, in pixels, and how sure the detector is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    score: f32,
    /// The turn of the look that found it, about the box's centre.
    turn: f32,
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

    /// Intersection over union.
    fn overlap(&self, other: &Self) -> f32 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        let shared = width.max(0.0) * height.max(0.0);
        let all = self.width() * self.height() + other.width() * other.height() - shared;
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

/// A box on the detector's canvas, in shares of it, as a box of the same size on the picture.
fn on_picture(score: f32, [left, top, right, bottom]: [f32; 4], map: &Similarity, turn: f32) -> Face {
    let (width, height) = (DETECTOR_WIDTH as f32, DETECTOR_HEIGHT as f32);
    let middle = Point::new(f32::midpoint(left, right) * width, f32::midpoint(top, bottom) * height);
    let centre = map.apply(middle);
    let (half_width, half_height) =
        ((right - left) * width * map.scale() / 2.0, (bottom - top) * height * map.scale() / 2.0);
    Face {
        left: centre.x - half_width,
        top: centre.y - half_height,
        right: centre.x + half_width,
        bottom: centre.y + half_height,
        score,
        turn,
    }
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

    /// The points.
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
    fn second_square(&self) -> (Point, f32, f32) {
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

/// The detector and the landmark network: what a gate needs to send a probe, and an authority to enrol.
pub struct Finder {
    detector: Network<2>,
    landmarks: Network<1>,
    settings: crate::config::Detection,
}
redact_debug!(Finder);

impl Finder {
    /// Loads the two networks.
    ///
    /// # Errors
    /// A missing or altered file, with the command that mends it.
    pub fn load(folder: &ModelFolder, config: &FaceConfig) -> Result<Self, ModelError> {
        let files = &config.files;
        let detector = folder.read(&files.detector)?;
        let landmarks = folder.read(&files.landmarks)?;
        Ok(Self {
            detector: folder.network(
                &files.detector,
                detector,
                DETECTOR_SHAPE,
                [Some("scores"), Some("boxes")],
            )?,
            landmarks: folder.network(&files.landmarks, landmarks, LANDMARK_SHAPE, [None])?,
            settings: config.detection.clone(),
        })
    }

    /// All faces, the largest first.
    ///
    /// # Errors
    /// Only if the network itself fails.
    pub fn detect(&self, image: &Image) -> Result<Vec<Face>, InferenceError> {
        let (canvas, factor, corner) = Raster::letterboxed(image.pixels(), DETECTOR_WIDTH, DETECTOR_HEIGHT);
        let map = Similarity { a: factor, b: 0.0, dx: -corner.x, dy: -corner.y };
        self.faces_on(&canvas, &map, 0.0)
    }

    /// The one face of a picture. Another is tolerated only where it is much smaller, in the background.
    ///
    /// A head that lies far on its side is found by a second or third look at the picture turned: they cost time only
    /// where the first look finds nobody.
    ///
    /// # Errors
    /// None, or several.
    pub fn one_face(&self, image: &Image) -> Result<Face, FaceError> {
        for turn in [0.0, SECOND_LOOK, -SECOND_LOOK] {
            let faces = if turn == 0.0 { self.detect(image)? } else { self.detect_turned(image, turn)? };
            let Some(largest) = faces.first().filter(|face| face.score >= self.settings.certain) else {
                continue;
            };
            let matters = |face: &&Face| face.height() > self.settings.second_face * largest.height();
            return match faces.iter().filter(matters).count() {
                0 | 1 => Ok(*largest),
                count => Err(FaceError::SeveralFaces { count }),
            };
        }
        Err(FaceError::NoFace)
    }

    /// The 68 points of a face, in two passes: roughly, then in the crop turned upright.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the network gives no usable points.
    pub fn landmarks(&self, image: &Image, face: &Face) -> Result<Landmarks, FaceError> {
        let rough = self.points_in(image, face.centre(), face.height(), face.turn)?;
        let (centre, side, angle) = rough.second_square();
        self.points_in(image, centre, side, angle)
    }

    /// The 68 points where they were a moment ago, in one pass: the second one of [`Self::landmarks`].
    pub(crate) fn landmarks_near(&self, image: &Image, last: &Landmarks) -> Result<Landmarks, FaceError> {
        let (centre, side, angle) = last.second_square();
        self.points_in(image, centre, side, angle)
    }

    /// The head with some room around it, as a portrait: for pictures with several people. The room shrinks until
    /// the portrait holds one face.
    ///
    /// # Errors
    /// The last try's reason, where no crop holds exactly this face.
    pub fn portrait(&self, image: &Image, face: &Face) -> Result<Image, FaceError> {
        let mut refusal = FaceError::NoFace;
        for room in [2.0, 1.75, 1.5, 1.3, 1.15] {
            let half = Point::new(face.width() * room / 2.0, face.height() * room / 2.0);
            let half = Point::new(half.x.max(half.y * 0.75), half.y);
            let centre = face.centre();
            let low = Point::new(centre.x - half.x, centre.y - half.y * 1.05);
            let high = Point::new(centre.x + half.x, centre.y + half.y * 0.95);
            let region = Region::within(image.pixels(), low, high);
            let Ok(portrait) = Image::from_pixels(Raster::shrunk(image.pixels(), &region, 1.0).to_rgb())
            else {
                continue;
            };
            match self.one_face(&portrait) {
                Ok(found) if found.height() > 0.7 * face.height() => return Ok(portrait),
                Ok(_) => refusal = FaceError::NoFace,
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn detect_turned(&self, image: &Image, turn: f32) -> Result<Vec<Face>, InferenceError> {
        let (width, height) = (image.width() as f32, image.height() as f32);
        let (sine, cosine) = (turn.sin().abs(), turn.cos().abs());
        let (wide, high) = (width * cosine + height * sine, width * sine + height * cosine);
        let scale = (wide / DETECTOR_WIDTH as f32).max(high / DETECTOR_HEIGHT as f32);
        let middle = Point::new(DETECTOR_WIDTH as f32 / 2.0, DETECTOR_HEIGHT as f32 / 2.0);
        let map = Similarity::around(middle, Point::new(width / 2.0, height / 2.0), scale, turn);
        let canvas = Raster::warped(image.pixels(), DETECTOR_WIDTH, DETECTOR_HEIGHT, &map);
        self.faces_on(&canvas, &map, turn)
    }

    /// What the two networks are shown of a picture's one face, and what they answer.
    pub(crate) fn shown(&self, image: &Image) -> Result<Vec<Shown>, FaceError> {
        let (canvas, ..) = Raster::letterboxed(image.pixels(), DETECTOR_WIDTH, DETECTOR_HEIGHT);
        let input = detector_input(&canvas);
        let [output, _] = self.detector.run(input.clone(), FINDING)?;
        let mut shown = vec![Shown::new("detector", &self.detector, input, output)];
        let face = self.one_face(image)?;
        let mut square = (face.centre(), face.height(), face.turn);
        for _ in 0..2 {
            let (input, _) = landmark_input(image, square);
            let [output] = self.landmarks.run(input.clone(), MEASURING)?;
            shown.push(Shown::new("landmarks", &self.landmarks, input, output));
            square = self.points_in(image, square.0, square.1, square.2)?.second_square();
        }
        Ok(shown)
    }

    fn faces_on(&self, canvas: &Raster, map: &Similarity, turn: f32) -> Result<Vec<Face>, InferenceError> {
        let [scores, boxes] = self.detector.run(detector_input(canvas), FINDING)?;
        // The boxes come decoded, as shares of the canvas; the priors are already in the network.
        let (scores, boxes) = (scores.as_chunks::<2>().0, boxes.as_chunks::<4>().0);
        let candidates = scores.iter().zip(boxes).filter(|([_, score], _)| *score >= self.settings.score);
        let mut candidates: Vec<Face> = candidates
            .map(|([_, score], edges)| on_picture(*score, *edges, map, turn))
            .filter(|face| face.width() > 1.0 && face.height() > 1.0)
            .collect();
        candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut faces: Vec<Face> = Vec::new();
        for candidate in candidates {
            if faces.iter().all(|face| face.overlap(&candidate) <= self.settings.overlap) {
                faces.push(candidate);
            }
        }
        faces.sort_by(|a, b| (b.width() * b.height()).total_cmp(&(a.width() * a.height())));
        Ok(faces)
    }

    fn points_in(&self, image: &Image, centre: Point, side: f32, angle: f32) -> Result<Landmarks, FaceError> {
        let (input, square) = landmark_input(image, (centre, side, angle));
        let [points] = self.landmarks.run(input, MEASURING)?;
        let (pairs, _) = points.as_chunks::<2>();
        let scale = LANDMARK_SIDE as f32;
        let points = pairs.iter().map(|[x, y]| square.apply(Point::new(x * scale, y * scale))).collect();
        Landmarks::new(points).ok_or(FaceError::NoLandmarks)
    }
}

fn detector_input(canvas: &Raster) -> Vec<f32> {
    canvas.planes([0, 1, 2], |v| v / 128.0)
}

fn landmark_input(image: &Image, (centre, side, angle): (Point, f32, f32)) -> (Vec<f32>, Similarity) {
    let square = Similarity::square(LANDMARK_SIDE as f32, centre, side, angle);
    let crop = Raster::warped(image.pixels(), LANDMARK_SIDE, LANDMARK_SIDE, &square);
    (crop.luma().iter().map(|v| v / 256.0).collect(), square)
}

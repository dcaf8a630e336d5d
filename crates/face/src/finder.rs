//! Finding: where the faces are, which one is meant, where its 68 points lie.
//!
//! Lives here: `Finder`. Not here: what it finds (`found`), cutting and judging a probe (`probe`, `quality`), whose
//! face it is (`embedding`).

use crate::config::{Detection, FaceConfig};
use crate::found::{Face, FaceError, Landmarks};
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
const DETECTOR_SHAPE: [usize; 4] = [1, 3, DETECTOR_HEIGHT, DETECTOR_WIDTH];
const LANDMARK_SHAPE: [usize; 4] = [1, 1, LANDMARK_SIDE, LANDMARK_SIDE];
const FINDING: &str = "finding faces";
const MEASURING: &str = "measuring a face";

/// How far a head is turned before the detector misses it, and so the turn of the second and third look (radians).
const SECOND_LOOK: f32 = 0.6;

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

/// The detector and the landmark network: what a gate needs to send a probe, and an authority to enrol.
pub struct Finder {
    detector: Network<2>,
    landmarks: Network<1>,
    settings: Detection,
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

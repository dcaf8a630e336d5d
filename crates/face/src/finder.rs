//! Finding: where the faces are, which one is meant, where its 68 points lie.
//!
//! Lives here: `Finder`. Not here: how a detector is asked (`detector`), what is found (`found`), cutting and judging a
//! probe (`probe`, `quality`), whose face it is (`embedding`).

use crate::config::FaceConfig;
use crate::detector::Detector;
use crate::found::{Face, FaceError, Landmarks};
use crate::geometry::{Point, Similarity};
use crate::models::{ModelError, ModelFolder};
use crate::network::{InferenceError, Network};
use crate::picture::Image;
use crate::raster::{Raster, Region};
use crate::shown::Shown;
use documents::redact_debug;

const LANDMARK_SIDE: usize = 64;
const LANDMARK_SHAPE: [usize; 4] = [1, 1, LANDMARK_SIDE, LANDMARK_SIDE];
const MEASURING: &str = "measuring a face";

/// How far a head is turned before the detector misses it, and so the turn of the second and third look (radians).
const SECOND_LOOK: f32 = 0.6;

/// The face that a picture was taken of, and how much of a second one is in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MainFace {
    /// The face.
    pub face: Face,
    /// The area of the largest other face, as a share of this one's; 0 where there is none.
    pub second: f32,
    /// Whether a lane would take the picture for one of a single person.
    pub alone: bool,
}

/// The detector and the landmark network: what a gate needs to send a probe, and an authority to enrol.
pub struct Finder {
    detector: Detector,
    landmarks: Network<1>,
}
redact_debug!(Finder);

impl Finder {
    /// Loads the two networks: of several detectors the first that is installed.
    ///
    /// # Errors
    /// A missing or altered file, with the command that mends it.
    pub fn load(folder: &ModelFolder, config: &FaceConfig) -> Result<Self, ModelError> {
        let landmarks = &config.files.landmarks;
        Ok(Self {
            detector: Detector::load(folder, &config.detectors)?,
            landmarks: folder.network(landmarks, folder.read(landmarks)?, LANDMARK_SHAPE, [None])?,
        })
    }

    /// All faces, the largest first.
    ///
    /// # Errors
    /// Only if the network itself fails.
    pub fn detect(&self, image: &Image) -> Result<Vec<Face>, InferenceError> {
        self.detector.faces(image)
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
            let faces = self.detector.faces_turned(image, turn)?;
            let settings = self.detector.settings();
            let Some(largest) = faces.first().filter(|face| face.score >= settings.certain) else {
                continue;
            };
            let matters = |face: &&Face| face.area() > settings.second_face * largest.area();
            return match faces.iter().filter(matters).count() {
                0 | 1 => Ok(*largest),
                count => Err(FaceError::SeveralFaces { count }),
            };
        }
        Err(FaceError::NoFace)
    }

    /// The face that a picture was taken of, where several may be in it: large, and near the middle. For pictures of
    /// collections, whose subject is known to stand there; a lane refuses a picture of two persons ([`Self::one_face`]).
    ///
    /// # Errors
    /// [`FaceError::NoFace`], or the network fails.
    pub fn main_face(&self, image: &Image) -> Result<MainFace, FaceError> {
        let middle = Point::new(image.width() as f32 / 2.0, image.height() as f32 / 2.0);
        let quarter = middle.x.min(middle.y) / 2.0;
        let weight =
            |face: &Face| face.area() / (1.0 + (face.centre().minus(middle).length() / quarter).powi(2));
        for turn in [0.0, SECOND_LOOK, -SECOND_LOOK] {
            let faces = self.detector.faces_turned(image, turn)?;
            let settings = self.detector.settings();
            let sure = faces.iter().filter(|face| face.score >= settings.certain);
            let Some(face) = sure.max_by(|a, b| weight(a).total_cmp(&weight(b))) else { continue };
            let others = faces.iter().filter(|other| *other != face).map(Face::area);
            let second = others.fold(0.0_f32, f32::max) / face.area();
            return Ok(MainFace { face: *face, second, alone: second <= settings.second_face });
        }
        Err(FaceError::NoFace)
    }

    /// The 68 points of a face, in two passes: roughly, then in the crop turned upright.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the network gives no usable points.
    pub fn landmarks(&self, image: &Image, face: &Face) -> Result<Landmarks, FaceError> {
        let (centre, side, angle) = face.first_square();
        let rough = self.points_in(image, centre, side, angle)?;
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

    /// What the two networks are shown of a picture's one face, and what they answer.
    pub(crate) fn shown(&self, image: &Image) -> Result<Vec<Shown>, FaceError> {
        let mut shown = vec![self.detector.shown(image)?];
        let face = self.one_face(image)?;
        let mut square = face.first_square();
        for _ in 0..2 {
            let (input, _) = landmark_input(image, square);
            let [output] = self.landmarks.run(input.clone(), MEASURING)?;
            shown.push(Shown::new("landmarks", &self.landmarks, input, output));
            square = self.points_in(image, square.0, square.1, square.2)?.second_square();
        }
        Ok(shown)
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

fn landmark_input(image: &Image, (centre, side, angle): (Point, f32, f32)) -> (Vec<f32>, Similarity) {
    let square = Similarity::square(LANDMARK_SIDE as f32, centre, side, angle);
    let crop = Raster::warped(image.pixels(), LANDMARK_SIDE, LANDMARK_SIDE, &square);
    (crop.luma().iter().map(|v| v / 256.0).collect(), square)
}

//! A face followed through a sequence: the detector is asked at the start, every few frames, and where the track breaks;
//! in between the points of the last frame say where to look, so that a sequence costs less than its frames.
//!
//! Lives here: [`Track`]. Not here: what a sequence must show (`active`), which of its frames are the best (`quality`).

use crate::finder::Finder;
use crate::found::{Face, FaceError, Landmarks};
use crate::picture::Image;
use documents::redact_debug;

/// Frames from one look of the detector to the next. The network of points finds a face in anything, so it is never
/// believed for longer: 400 ms at ten frames a second.
const DETECT_EVERY: u8 = 5;
/// How far the points may have moved, in eye distances.
const MOVED: f32 = 0.6;
/// By how much the face may have grown or shrunk.
const GROWN: f32 = 1.3;
/// What a similarity may leave of the points' change, in eye distances: a head that turns fast leaves 0.12.
const CHANGED: f32 = 0.15;

/// One face through a sequence of pictures of one camera. Personal data.
#[derive(Clone, Default)]
pub struct Track {
    last: Option<Held>,
}
redact_debug!(Track);

#[derive(Clone)]
struct Held {
    face: Face,
    landmarks: Landmarks,
    size: (u32, u32),
    frames: u8,
}

impl Track {
    /// Before the first picture.
    #[must_use]
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// The one face of the next picture, and its points.
    ///
    /// # Errors
    /// As [`Finder::one_face`]; the next picture begins anew.
    pub fn follow(&mut self, finder: &Finder, image: &Image) -> Result<(Face, Landmarks), FaceError> {
        let size = (image.width(), image.height());
        if let Some(held) = self.last.take()
            && held.size == size
            && held.frames < DETECT_EVERY
            && let Some((face, landmarks)) = held.next(finder, image)?
        {
            self.last = Some(Held { face, landmarks: landmarks.clone(), size, frames: held.frames + 1 });
            return Ok((face, landmarks));
        }
        let face = finder.one_face(image)?;
        let landmarks = finder.landmarks(image, &face)?;
        self.last = Some(Held { face, landmarks: landmarks.clone(), size, frames: 1 });
        Ok((face, landmarks))
    }
}

impl Held {
    /// The points again, from where they were; `None` where they are not those of the same face a moment later.
    fn next(&self, finder: &Finder, image: &Image) -> Result<Option<(Face, Landmarks)>, FaceError> {
        let landmarks = match finder.landmarks_near(image, &self.landmarks) {
            Ok(landmarks) => landmarks,
            Err(FaceError::Inference(error)) => return Err(error.into()),
            Err(FaceError::NoFace | FaceError::SeveralFaces { .. } | FaceError::NoLandmarks) => {
                return Ok(None);
            }
        };
        let Some(way) = self.landmarks.way_to(&landmarks) else { return Ok(None) };
        let eyes = self.landmarks.eye_distance();
        // Written so that what is no number breaks the track.
        let same = way.moved <= MOVED * eyes
            && way.rest <= CHANGED * landmarks.eye_distance()
            && way.map.scale() <= GROWN
            && way.map.scale() >= 1.0 / GROWN;
        Ok(same.then(|| (self.face.moved(&way.map), landmarks)))
    }
}

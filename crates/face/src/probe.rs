//! The probe: what a gate sends so that an authority can compare a face itself.
//!
//! Lives here: `Probe`, `ProbeFrame`, their strict encoding. Not here: what the authority makes of it (`embedding`).
//!
//! ```cddl
//! probe = [1*4 frame]
//! frame = [crop: bstr .size (1..98304), points: bstr .size 272]
//! ```
//! `crop` is a square JPEG file of 224 to 512 pixels a side with the eyes level; `points` are the 68 points, x before
//! y, as big-endian 16-bit shares (0 to 65,535) of the side.

use crate::coarse;
use crate::cut::{Cut, MIN_SIDE};
use crate::finder::Finder;
use crate::found::{Face, FaceError, Landmarks};
use crate::geometry::Point;
use crate::picture::Image;
use crate::quality::{Quality, QualityBounds};
use credential::cbor::{CborError, Reader, Writer};
use documents::redact_debug;
use image::RgbImage;

/// Frames in a probe.
pub const MAX_FRAMES: usize = 4;

/// Most pictures of one moment that a probe is made of: the best four are sent, or where they are coarse what all show
/// together.
pub const MAX_PICTURES: u8 = 12;

/// The longest encoded probe.
pub const MAX_PROBE_BYTES: usize = MAX_FRAMES * (MAX_CROP_BYTES + 512);

const MAX_CROP_BYTES: usize = 96 * 1024;
const MAX_SIDE: u32 = 512;
const POINT_BYTES: usize = 68 * 4;
/// Noise does not compress: a picture taken in the dark is written more coarsely rather than not at all.
const JPEG_QUALITIES: [u8; 6] = [95, 90, 80, 65, 50, 30];

/// One upright crop with its 68 points. Personal data.
#[derive(Clone, PartialEq)]
pub struct ProbeFrame {
    jpeg: Vec<u8>,
    pixels: RgbImage,
    landmarks: Landmarks,
    points: [u8; POINT_BYTES],
}
redact_debug!(ProbeFrame);

/// One to four frames of one person, as a gate sends them. Personal data.
#[derive(Clone, PartialEq)]
pub struct Probe {
    frames: Vec<ProbeFrame>,
}
redact_debug!(Probe);

/// Why bytes are no probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Longer than [`MAX_PROBE_BYTES`].
    #[error("the face probe has {got} bytes; at most {MAX_PROBE_BYTES} are read")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// Not deterministic CBOR of this shape.
    #[error("the face probe is malformed: {0}")]
    Form(#[from] CborError),
    /// One to four.
    #[error("a face probe has one to {MAX_FRAMES} frames, not {got}")]
    FrameCount {
        /// Frames given.
        got: usize,
    },
    /// The crop is no JPEG file that can be read.
    #[error("a crop in the face probe cannot be read")]
    Crop,
    /// A square of 224 to 512 pixels.
    #[error("a crop in the face probe is not a square of {MIN_SIDE} to {MAX_SIDE} pixels")]
    CropSize,
    /// Points that are no face's, or a face that does not stand upright.
    #[error("the points in the face probe are not those of an upright face")]
    Points,
}

impl Cut {
    fn into_frame(self) -> Result<ProbeFrame, ProbeError> {
        let crop = coarse::steadied(self.crop, self.landmarks.eye_distance(), self.pixel, &self.quality);
        let image = Image::from_pixels(crop).map_err(|_| ProbeError::CropSize)?;
        ProbeFrame::written(&image, &self.landmarks)
    }
}

impl ProbeFrame {
    /// Finds the one face of a frame and cuts it out, with what was measured on the way.
    ///
    /// # Errors
    /// No face, several, or none that can be measured. Quality is measured, not judged: see
    /// [`crate::QualityBounds`].
    pub fn from_image(finder: &Finder, image: &Image) -> Result<(Self, Quality), FaceError> {
        let face = finder.one_face(image)?;
        let landmarks = finder.landmarks(image, &face)?;
        Self::cut(image, &face, &landmarks)
    }

    /// Cuts a face out whose place and points are known already: a track, or a finder that was asked before.
    ///
    /// # Errors
    /// [`FaceError::NoLandmarks`] where the points are no upright face's once cut.
    pub fn cut(image: &Image, face: &Face, landmarks: &Landmarks) -> Result<(Self, Quality), FaceError> {
        let cut = Cut::of(image, face, landmarks)?;
        let quality = cut.quality;
        Ok((cut.into_frame().map_err(|_| FaceError::NoLandmarks)?, quality))
    }

    /// What coarse pictures show together, its points measured anew.
    fn of_all(finder: &Finder, cuts: &[Cut]) -> Option<Self> {
        let (crop, near) = coarse::laid_over(cuts)?;
        let image = Image::from_pixels(crop).ok()?;
        let landmarks = finder.landmarks_near(&image, &near).ok()?;
        Self::written(&image, &landmarks).ok()
    }

    pub(crate) const fn pixels(&self) -> &RgbImage {
        &self.pixels
    }

    pub(crate) const fn landmarks(&self) -> &Landmarks {
        &self.landmarks
    }

    /// Writes the crop and reads it back: what is compared is always what travels.
    fn written(image: &Image, landmarks: &Landmarks) -> Result<Self, ProbeError> {
        let side = image.width() as f32;
        let mut points = [0; POINT_BYTES];
        let (pairs, _) = points.as_chunks_mut::<4>();
        for (bytes, point) in pairs.iter_mut().zip(landmarks.points()) {
            let [a, b] = share(point.x / side);
            let [c, d] = share(point.y / side);
            *bytes = [a, b, c, d];
        }
        for quality in JPEG_QUALITIES {
            let jpeg = image.to_jpeg(quality).map_err(|_| ProbeError::Crop)?;
            if jpeg.len() <= MAX_CROP_BYTES {
                return Self::read(&jpeg, &points);
            }
        }
        Err(ProbeError::Crop)
    }

    fn read(jpeg: &[u8], points: &[u8; POINT_BYTES]) -> Result<Self, ProbeError> {
        if jpeg.len() > MAX_CROP_BYTES || !jpeg.starts_with(&[0xff, 0xd8, 0xff]) {
            return Err(ProbeError::Crop);
        }
        let (width, height) = jpeg_size(jpeg).ok_or(ProbeError::Crop)?;
        if width != height || !(MIN_SIDE..=MAX_SIDE).contains(&width) {
            return Err(ProbeError::CropSize);
        }
        let pixels = code::picture::decode(jpeg).map_err(|_| ProbeError::Crop)?.into_rgb8();
        let side = width as f32;
        let (pairs, _) = points.as_chunks::<4>();
        let part = |high: u8, low: u8| f32::from(u16::from_be_bytes([high, low])) / 65_535.0 * side;
        let places = pairs.iter().map(|[a, b, c, d]| Point::new(part(*a, *b), part(*c, *d))).collect();
        let landmarks = Landmarks::new(places).ok_or(ProbeError::Points)?;
        // Upright within what rounding explains, and large enough to have come from a crop like ours: an alignment
        // from other points would show the network something else than the crop.
        let upright = landmarks.tilt().abs() < 0.1 && landmarks.eye_distance() > side / 16.0;
        if !upright {
            return Err(ProbeError::Points);
        }
        Ok(Self { jpeg: jpeg.to_vec(), pixels, landmarks, points: *points })
    }
}

impl Probe {
    /// Joins the frames of one try.
    ///
    /// # Errors
    /// [`ProbeError::FrameCount`] unless there are one to four.
    pub fn new(frames: Vec<ProbeFrame>) -> Result<Self, ProbeError> {
        let got = frames.len();
        if (1..=MAX_FRAMES).contains(&got) {
            Ok(Self { frames })
        } else {
            Err(ProbeError::FrameCount { got })
        }
    }

    /// A probe of one picture.
    ///
    /// # Errors
    /// As [`ProbeFrame::from_image`].
    pub fn from_image(finder: &Finder, image: &Image) -> Result<(Self, Quality), FaceError> {
        let (frame, quality) = ProbeFrame::from_image(finder, image)?;
        Ok((Self { frames: vec![frame] }, quality))
    }

    /// A probe of the pictures of one moment, which show one person: of the best four; where the best is noisy or strongly
    /// compressed, of the one picture that all of them make together.
    ///
    /// # Errors
    /// [`ProbeError::FrameCount`] where there are none; else as a crop cannot be written.
    pub fn of_sequence(
        finder: &Finder,
        mut cuts: Vec<Cut>,
        bounds: &QualityBounds,
    ) -> Result<Self, ProbeError> {
        cuts.sort_by(|a, b| bounds.grade(&b.quality).total_cmp(&bounds.grade(&a.quality)));
        let coarse = cuts.first().is_some_and(|best| coarse::is_coarse(&best.quality));
        if coarse && let Some(frame) = ProbeFrame::of_all(finder, &cuts) {
            return Self::new(vec![frame]);
        }
        let frames = cuts.into_iter().take(MAX_FRAMES).map(Cut::into_frame);
        Self::new(frames.collect::<Result<_, _>>()?)
    }

    /// The bytes that a gate sends, and whose hash stands in its request.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.array(self.frames.len());
        for frame in &self.frames {
            writer.array(2).bytes(&frame.jpeg).bytes(&frame.points);
        }
        writer.finish()
    }

    /// Reads what a gate sent.
    ///
    /// # Errors
    /// The first thing wrong with it; lengths are judged before anything is decoded.
    pub fn decode(bytes: &[u8]) -> Result<Self, ProbeError> {
        if bytes.len() > MAX_PROBE_BYTES {
            return Err(ProbeError::TooLong { got: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        let got = reader.array(usize::from(u8::MAX))?;
        if !(1..=MAX_FRAMES).contains(&got) {
            return Err(ProbeError::FrameCount { got });
        }
        let mut parts = Vec::with_capacity(got);
        for _ in 0..got {
            reader.array_exact(2)?;
            parts.push((reader.bytes(MAX_CROP_BYTES)?, reader.bytes_exact::<POINT_BYTES>()?));
        }
        reader.finish()?;
        Self::new(
            parts
                .into_iter()
                .map(|(jpeg, points)| ProbeFrame::read(jpeg, points))
                .collect::<Result<_, _>>()?,
        )
    }

    pub(crate) fn frames(&self) -> &[ProbeFrame] {
        &self.frames
    }
}

/// The dimensions that a JPEG file declares: read first, so that a small file cannot ask for a large buffer.
fn jpeg_size(jpeg: &[u8]) -> Option<(u32, u32)> {
    let mut rest = jpeg.get(2..)?;
    loop {
        let [0xff, marker, high, low, segment @ ..] = rest else { return None };
        // ITU-T T.81 table B.1: the frame headers, without DHT (c4), JPG (c8) and DAC (cc).
        if matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf) {
            let [_, a, b, c, d, ..] = segment else { return None };
            return Some((u16::from_be_bytes([*c, *d]).into(), u16::from_be_bytes([*a, *b]).into()));
        }
        let length = usize::from(u16::from_be_bytes([*high, *low])).checked_sub(2)?;
        rest = segment.get(length..)?;
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 16 bits just before")]
fn share(value: f32) -> [u8; 2] {
    ((value * 65_535.0).round().clamp(0.0, 65_535.0) as u16).to_be_bytes()
}

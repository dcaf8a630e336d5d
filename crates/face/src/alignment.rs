//! Alignment: a face laid on the five points that a network, or the measuring of quality, wants it at.

use crate::found::Landmarks;
use crate::geometry::{Point, Similarity};
use crate::raster::Raster;
use image::RgbImage;

/// Quality is measured on a square of so many pixels.
pub(crate) const ALIGNED_SIDE: usize = 112;

/// Where the five points of a face lie on the crop for quality (the usual ArcFace template).
const TARGET: [Point; 5] = [
    Point::new(38.2946, 51.6963),
    Point::new(73.5318, 51.5014),
    Point::new(56.0252, 71.7366),
    Point::new(41.5493, 92.3655),
    Point::new(70.7299, 92.2041),
];

/// The crop on which quality is measured, whatever the recogniser is shown: its bounds stay what they are.
pub(crate) fn aligned(picture: &RgbImage, landmarks: &Landmarks) -> Option<Raster> {
    aligned_to(picture, landmarks, &TARGET.map(pixel_centre), ALIGNED_SIDE)
}

pub(crate) fn aligned_to(
    picture: &RgbImage,
    landmarks: &Landmarks,
    target: &[Point; 5],
    side: usize,
) -> Option<Raster> {
    let map = Similarity::between(&landmarks.five(), target)?;
    Some(Raster::warped(picture, side, side, &map.inverse()))
}

/// The published template counts from the centre of the first pixel, we count from its edge.
pub(crate) const fn pixel_centre(p: Point) -> Point {
    Point::new(p.x + 0.5, p.y + 0.5)
}

//! Coarse pictures, noisy or strongly compressed: what is done about one, and how several of one moment become one that
//! is finer than any of them.
//!
//! Lives here: the bounds of both measures, [`steadied`], [`laid_over`]. Not here: the measuring (`raster`), which
//! pictures are of one moment (`gate`).

use crate::cut::Cut;
use crate::found::Landmarks;
use crate::geometry::{Point, Similarity};
use crate::quality::Quality;
use crate::raster::{Raster, luma, to_u8};
use image::RgbImage;
use nalgebra::{Matrix5, Vector5};

/// From this much noise (standard deviation of grey values) a crop is smoothed before it is sent. Of the calibration
/// portraits 99 in a hundred lie below 5; a camera's noise of 10 in each channel is read as 7.
const NOISY: f32 = 6.0;
/// By how much, in eye distances: it costs a clean face 0.005 of score and gives a noisy one 0.01 to 0.1.
const STEADIED: f32 = 0.02;

/// From this step at the edges of blocks on (grey values) a crop is smoothed too: JPEG quality 10 shows 5.7 to 11,
/// quality 20 4.1 to 6.6, quality 30 3.0 to 4.7, the same faces as they are 1.5 at most.
const BLOCKY: f32 = 4.5;
/// By how much, in pixels of the picture as taken, brightness and colour: JPEG keeps less of the colours.
const UNBLOCKED: [f32; 2] = [0.7, 2.0];

/// Fewer pictures that fit are not laid over each other.
const LEAST_LAID: usize = 3;
/// How far the points of two pictures may differ beyond place, size and turn, in eye distances (root mean square): coarse
/// pictures of one pose differ by 0.02, one in a hundred by 0.07; a mouth that opened would blur the face.
const SAME_POSE: f32 = 0.08;
/// How often each picture is laid anew on the mean of all: a second time gains 0.03 of score, a fourth nothing.
const ROUNDS: usize = 2;
/// Steps of each such search.
const STEPS: usize = 6;
/// Pictures are smoothed for the search, by so many eye distances: the blocks of each lie elsewhere on the face.
const SEARCHED: f32 = 0.06;
/// What lies nearer to the edge of the crop, as a share of its side, is hardly face.
const EDGE: usize = 5;

/// Whether a picture gains from being laid over others of its moment.
pub(crate) fn is_coarse(quality: &Quality) -> bool {
    quality.noise >= NOISY || quality.compression >= BLOCKY
}

/// The crop with noise and blocks smoothed, where it has any. `pixel` is a pixel of the picture as taken, in pixels of
/// the crop.
pub(crate) fn steadied(crop: RgbImage, eye_distance: f32, pixel: f32, quality: &Quality) -> RgbImage {
    let crop = if quality.noise >= NOISY { blurred(&crop, STEADIED * eye_distance) } else { crop };
    if quality.compression < BLOCKY {
        return crop;
    }
    let [fine, mut out] = UNBLOCKED.map(|sd| blurred(&crop, sd * pixel));
    for (pixel, fine) in out.pixels_mut().zip(fine.pixels()) {
        let lighter = luma(fine.0.map(f32::from)) - luma(pixel.0.map(f32::from));
        pixel.0 = pixel.0.map(|v| to_u8(f32::from(v) + lighter));
    }
    out
}

/// The mean of several pictures of one moment, each laid on the first, and the mean of their points there. The blocks of
/// a JPEG and the noise of a sensor fall on another part of the face in each of them. `None` where fewer than three show
/// the pose of the first.
pub(crate) fn laid_over(cuts: &[Cut]) -> Option<(RgbImage, Landmarks)> {
    let (base, others) = cuts.split_first()?;
    let mut laid: Vec<(&Cut, Similarity)> = others
        .iter()
        .filter_map(|cut| {
            let way = base.landmarks.way_to(&cut.landmarks)?;
            (way.rest <= SAME_POSE * cut.landmarks.eye_distance()).then_some((cut, way.map))
        })
        .collect();
    if laid.len() + 1 < LEAST_LAID {
        return None;
    }
    let sd = SEARCHED * base.landmarks.eye_distance();
    let smooth: Vec<RgbImage> = laid.iter().map(|(cut, _)| blurred(&cut.crop, sd)).collect();
    let mut mean = mean_of(&base.crop, &laid)?;
    for _ in 0..ROUNDS {
        let target = blurred(&mean, sd);
        for ((_, map), smooth) in laid.iter_mut().zip(&smooth) {
            *map = registered(&target, smooth, *map);
        }
        mean = mean_of(&base.crop, &laid)?;
    }
    let all: Vec<Landmarks> = laid
        .iter()
        .map(|(cut, map)| cut.landmarks.mapped(&map.inverse()))
        .chain([Some(base.landmarks.clone())])
        .collect::<Option<_>>()?;
    let place = |index: usize| Point::mean(all.iter().filter_map(|of| of.points().get(index).copied()));
    let points = Landmarks::new((0..base.landmarks.points().len()).map(place).collect())?;
    Some((mean, points))
}

/// The mean of a crop and of others, each seen through its map from the crop to it.
fn mean_of(base: &RgbImage, others: &[(&Cut, Similarity)]) -> Option<RgbImage> {
    let side = base.width() as usize;
    let mut sums: Vec<f32> = base.iter().map(|v| f32::from(*v)).collect();
    for (cut, map) in others {
        let seen = Raster::warped(&cut.crop, side, side, map).to_rgb();
        sums.iter_mut().zip(seen.iter()).for_each(|(sum, v)| *sum += f32::from(*v));
    }
    let count = others.len() as f32 + 1.0;
    RgbImage::from_raw(base.width(), base.height(), sums.into_iter().map(|sum| to_u8(sum / count)).collect())
}

/// The map from `target` to `picture` under which their grey values differ least but for an even light, searched from
/// `map` on by the method of Gauss and Newton (B. Lucas and T. Kanade, "An iterative image registration technique", 1981).
fn registered(target: &RgbImage, picture: &RgbImage, mut map: Similarity) -> Similarity {
    let side = target.width() as usize;
    let middle = side as f32 / 2.0;
    let wanted: Vec<f32> = target.pixels().map(|pixel| luma(pixel.0.map(f32::from))).collect();
    for _ in 0..STEPS {
        let seen = Raster::warped(picture, side, side, &map).luma();
        let (mut normal, mut right) = (Matrix5::zeros(), Vector5::zeros());
        let rows: Vec<&[f32]> = seen.chunks_exact(side.max(1)).collect();
        let lines = rows.windows(3).zip(wanted.chunks_exact(side.max(1)).skip(1));
        for (y, (three, wanted)) in lines.enumerate().skip(side / EDGE).take(side - 2 * (side / EDGE)) {
            let [above, row, below] = three else { continue };
            let columns = row.windows(3).zip(above.iter().zip(*below).zip(wanted).skip(1));
            for (x, (beside, ((up, down), wanted))) in
                columns.enumerate().skip(side / EDGE).take(side - 2 * (side / EDGE))
            {
                let [left, here, after] = beside else { continue };
                let (across, along) = ((after - left) / 2.0, (down - up) / 2.0);
                let (px, py) = ((x as f32 + 1.5 - middle) / middle, (y as f32 + 1.5 - middle) / middle);
                // Larger, turned, to the right, down, lighter.
                let change =
                    Vector5::new(across * px + along * py, along * px - across * py, across, along, 1.0);
                normal += change * change.transpose();
                right += change * (wanted - here);
            }
        }
        let Some(step) = normal.cholesky().map(|normal| normal.solve(&right)) else { return map };
        let (larger, turned, moved) = (step.x / middle, step.y / middle, Point::new(step.z, step.w));
        let centre = Point::new(middle, middle);
        let to = Point::new(middle + moved.x, middle + moved.y);
        let small = Similarity::around(centre, to, (1.0 + larger).hypot(turned), turned.atan2(1.0 + larger));
        let next = small.then(&map);
        if !next.scale().is_finite() || next.scale() < 1e-3 {
            return map;
        }
        map = next;
        if moved.length() < 0.02 {
            break;
        }
    }
    map
}

fn blurred(crop: &RgbImage, sd: f32) -> RgbImage {
    image::imageops::blur(crop, sd.max(0.05))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    /// 224 pixels of hills without an edge, seen from a place `by` (in pixels) to the right and below.
    fn hills(by: Point) -> RgbImage {
        RgbImage::from_fn(224, 224, |x, y| {
            let (x, y) = (x as f32 + by.x, y as f32 + by.y);
            let wave = |f: f32| 30.0 * (x * f).sin() + 25.0 * (y * f * 1.3 + 1.0).cos();
            let value = 128.0 + wave(0.05) + wave(0.11) + 10.0 * ((x + y) * 0.21).sin();
            Rgb([to_u8(value), to_u8(value * 0.8), to_u8(200.0 - value / 2.0)])
        })
    }

    /// Jaw on a half circle, eyes 60 pixels apart, in the middle of the crop.
    fn face(by: Point) -> Landmarks {
        let at = |x: f32, y: f32| Point::new(x - by.x, y - by.y);
        let mut points: Vec<Point> = (0..17_u8)
            .map(|i| {
                let angle = std::f32::consts::PI * f32::from(i) / 16.0;
                at(112.0 - 60.0 * angle.cos(), 100.0 + 80.0 * angle.sin())
            })
            .collect();
        points.extend((0..19_u8).map(|i| at(112.0, 80.0 + f32::from(i) * 2.0)));
        points.extend([at(82.0, 95.0); 6]);
        points.extend([at(142.0, 95.0); 6]);
        points.extend([at(112.0, 145.0); 20]);
        Landmarks::new(points).unwrap()
    }

    fn quality(noise: f32, compression: f32) -> Quality {
        Quality {
            eye_distance: 60.0,
            face_share: 0.5,
            margin: 0.5,
            sharpness: 100.0,
            highlights: 0.0,
            shadows: 0.0,
            noise,
            compression,
            yaw: 0.0,
            pitch: 0.0,
            roll: 0.0,
            eyes_visible: 0.3,
            mouth_visible: 0.3,
            mask: 0.0,
            sunglasses: 0.0,
            eyes_closed: 0.0,
        }
    }

    fn coded(picture: &RgbImage, quality: u8) -> RgbImage {
        let mut file = Vec::new();
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality).encode_image(picture).unwrap();
        image::load_from_memory(&file).unwrap().into_rgb8()
    }

    fn cut(by: Point, crop: RgbImage) -> Cut {
        Cut { crop, landmarks: face(by), pixel: 1.0, quality: quality(0.0, 9.0) }
    }

    /// Root mean square in the middle of two crops.
    fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
        let inner = |p: &RgbImage| image::imageops::crop_imm(p, 40, 40, 144, 144).to_image();
        let (a, b) = (inner(a), inner(b));
        let squares = a.iter().zip(b.iter()).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        (squares.sum::<f64>() / a.len() as f64).sqrt()
    }

    #[test]
    fn a_picture_is_laid_on_another_to_a_tenth_of_a_pixel() {
        let target = hills(Point::default());
        for (scale, angle, right, down) in
            [(1.0, 0.0, 0.0, 0.0), (1.0, 0.0, 2.3, -1.4), (1.03, 0.02, -1.0, 2.0), (0.98, -0.03, 1.5, 1.5)]
        {
            let centre = Point::new(112.0, 112.0);
            let true_map = Similarity::around(centre, Point::new(112.0 + right, 112.0 + down), scale, angle);
            // What the other camera saw, lighter by twelve.
            let mut picture = Raster::warped(&target, 224, 224, &true_map.inverse()).to_rgb();
            picture.iter_mut().for_each(|v| *v = v.saturating_add(12));
            let nothing = Similarity { a: 1.0, b: 0.0, dx: 0.0, dy: 0.0 };
            let found = registered(&target, &picture, nothing);
            for corner in [(60.0, 60.0), (160.0, 60.0), (60.0, 160.0), (160.0, 160.0)] {
                let corner = Point::new(corner.0, corner.1);
                let off = found.apply(corner).minus(true_map.apply(corner)).length();
                assert!(off < 0.1, "off by {off} at scale {scale}, turn {angle}");
            }
        }
    }

    #[test]
    fn pictures_without_anything_to_hold_on_to_leave_the_map_as_it_was() {
        let flat = RgbImage::from_pixel(224, 224, Rgb([90; 3]));
        let map = Similarity { a: 1.0, b: 0.0, dx: 3.0, dy: -2.0 };
        assert_eq!(registered(&flat, &flat, map), map);
    }

    #[test]
    fn coded_pictures_laid_over_each_other_are_nearer_to_the_truth_than_any_and_than_a_smoothed_one() {
        let truth = hills(Point::default());
        let cuts: Vec<Cut> = (0..8_u8)
            .map(|i| {
                let by = Point::new(f32::from(i * 3 % 8), f32::from(i * 5 % 8));
                cut(by, coded(&hills(by), 5))
            })
            .collect();
        let first = difference(&cuts[0].crop, &truth);
        let smoothed = steadied(cuts[0].crop.clone(), 60.0, 1.0, &cuts[0].quality);
        let (mean, points) = laid_over(&cuts).unwrap();
        let together = difference(&mean, &truth);
        assert!(together < 0.6 * first, "{together} of {first}");
        assert!(together < difference(&smoothed, &truth), "{together}");
        let off = points.points().iter().zip(face(Point::default()).points().to_vec());
        assert!(off.into_iter().all(|(a, b)| a.minus(b).length() < 1.0));
    }

    #[test]
    fn a_turned_head_is_left_out_and_two_pictures_are_too_few() {
        let here = Point::default();
        let straight = || cut(here, hills(here));
        let mut turned = straight();
        // The nose moves against the rest.
        let moved = |p: &Point| if (p.x - 112.0).abs() < 1.0 { Point::new(p.x + 14.0, p.y) } else { *p };
        turned.landmarks = Landmarks::new(face(here).points().iter().map(moved).collect()).unwrap();
        turned.crop = RgbImage::from_pixel(224, 224, Rgb([0; 3]));
        assert!(laid_over(&[]).is_none() && laid_over(&[straight(), straight()]).is_none());
        assert!(laid_over(&[straight(), straight(), turned.clone()]).is_none());
        let (mean, _) = laid_over(&[straight(), turned, straight(), straight()]).unwrap();
        assert!(difference(&mean, &hills(here)) < 2.0, "black would have darkened the mean");
    }

    #[test]
    fn only_a_coarse_picture_is_smoothed() {
        let sharp = coded(&hills(Point::default()), 5);
        let smoothed = |noise, compression| steadied(sharp.clone(), 60.0, 1.0, &quality(noise, compression));
        assert_eq!(smoothed(5.9, 4.4), sharp);
        assert_ne!(smoothed(6.0, 0.0), sharp);
        assert_ne!(smoothed(0.0, 4.5), sharp);
        assert_ne!(smoothed(f32::INFINITY, f32::INFINITY), sharp);
        assert!(!is_coarse(&quality(f32::NAN, f32::NAN)));
    }
}

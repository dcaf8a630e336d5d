//! A portrait photographed anew: for a demo that has one picture of a person and needs a live capture.
//!
//! Lives here: `rephotograph`. It shows that the pipeline stands a new crop, light, noise and compression; it is no
//! second capture of the person, and whoever prints a score from it says so.

use crate::degrade::{byte, narrow};
use face::{Image, ImageError, Point, Similarity, SplitMix64};

/// The picture as another camera might have taken it off a wall: turned and shifted a little, in other light, with
/// noise, compressed. The same seed gives the same picture.
///
/// # Errors
/// Only if the JPEG encoder fails.
pub fn rephotograph(image: &Image, seed: u64) -> Result<Image, ImageError> {
    let mut chance = SplitMix64::new(seed);
    let mut between = |low: f32, high: f32| low + (high - low) * unit(&mut chance);
    let (width, height) = (image.width() as f32, image.height() as f32);
    let (angle, zoom) = (between(-0.10, 0.10), between(0.92, 1.06));
    let shift = Point::new(between(-0.04, 0.04) * width, between(-0.04, 0.04) * height);
    let (gain, slope, gamma) = (between(0.80, 1.10), between(-0.25, 0.25), between(0.85, 1.2));
    let tint = [between(0.95, 1.05), 1.0, between(0.93, 1.05)];
    let noise = between(3.0, 6.0);
    let (a, b) = (angle.cos() / zoom, angle.sin() / zoom);
    let (cx, cy) = (width / 2.0 + shift.x, height / 2.0 + shift.y);
    let (mx, my) = (width / 2.0, height / 2.0);
    let map = Similarity { a, b, dx: cx - a * mx + b * my, dy: cy - b * mx - a * my };
    let source = image.as_pixels();
    let mut taken = image::RgbImage::new(image.width(), image.height());
    for (x, y, pixel) in taken.enumerate_pixels_mut() {
        let at = map.apply(Point::new(x as f32 + 0.5, y as f32 + 0.5));
        let light = gain * (1.0 + slope * (x as f32 / width - 0.5));
        let colours = nearby(source, at.x - 0.5, at.y - 0.5);
        for ((value, colour), tint) in pixel.0.iter_mut().zip(colours).zip(tint) {
            // Four uniform numbers make a fair bell.
            let bell: f32 = (0..4).map(|_| unit(&mut chance) - 0.5).sum::<f32>() * 1.73;
            let lit = 255.0 * (colour / 255.0).powf(gamma) * light * tint;
            *value = byte(lit + noise * bell);
        }
    }
    let softened = image::imageops::blur(&taken, 0.5);
    Image::decode(&Image::from_pixels(softened)?.to_jpeg(82)?)
}

/// Bilinear; the picture's edge goes on outside it, as a wall would.
fn nearby(picture: &image::RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (x, y) = (x.clamp(0.0, picture.width() as f32 - 1.0), y.clamp(0.0, picture.height() as f32 - 1.0));
    let (right, down) = (x.fract(), y.fract());
    let at = |dx: f32, dy: f32| {
        let clip = |v: f32, length: u32| whole(v).min(length.saturating_sub(1));
        picture.get_pixel(clip(x + dx, picture.width()), clip(y + dy, picture.height())).0.map(f32::from)
    };
    let (a, b, c, d) = (at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0));
    let mut out = [0.0; 3];
    for (((out, (a, b)), c), d) in out.iter_mut().zip(a.iter().zip(b)).zip(c).zip(d) {
        *out = (a * (1.0 - right) + b * right) * (1.0 - down) + (c * (1.0 - right) + d * right) * down;
    }
    out
}

fn unit(chance: &mut SplitMix64) -> f32 {
    narrow(chance.uniform())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn whole(value: f32) -> u32 {
    value as u32
}

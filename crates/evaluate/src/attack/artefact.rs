//! Single pictures of a portrait held before a camera: for the passive hint alone, which sees texture and borders.

use super::Chance;
use super::stage::camera_noise;
use crate::degrade::{byte, narrow};
use face::{Image, ImageError, Point, Similarity};
use image::{Rgb, RgbImage};

/// What is held before the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Artefact {
    /// Nothing: the portrait as it is. A file handed in instead of a camera's picture looks like this.
    AsItIs,
    /// A print with a white border, on a grey wall.
    Print,
    /// A screen with a black frame.
    Screen,
    /// A print cut out along the head.
    CutOut,
    /// A print so near that no border is seen.
    FullPrint,
    /// A screen so near that no frame is seen.
    FullScreen,
}

impl Artefact {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::AsItIs, Self::Print, Self::Screen, Self::CutOut, Self::FullPrint, Self::FullScreen];

    /// The word in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AsItIs => "as_it_is",
            Self::Print => "print",
            Self::Screen => "screen",
            Self::CutOut => "cut_out",
            Self::FullPrint => "full_print",
            Self::FullScreen => "full_screen",
        }
    }

    /// A photograph of the portrait shown in this way.
    ///
    /// # Errors
    /// The portrait is too small.
    pub fn drawn(self, portrait: &Image, chance: &mut Chance) -> Result<Image, ImageError> {
        if self == Self::AsItIs {
            return Ok(portrait.clone());
        }
        let (width, height) = (portrait.width() as f32, portrait.height() as f32);
        let full = matches!(self, Self::FullPrint | Self::FullScreen);
        let (wide, high) = (480_u32, 480_u32);
        // How much of the frame the sheet fills, and how it is held.
        let share = narrow(if full { chance.between(1.05, 1.25) } else { chance.between(0.6, 0.75) });
        let zoom = if full {
            (width / wide as f32).min(height / high as f32) / share
        } else {
            height / high as f32 / share
        };
        let (centre, angle) = (Point::new(width / 2.0, height / 2.0), narrow(chance.between(-0.08, 0.08)));
        let map = Similarity::around(Point::new(240.0, 240.0), centre, zoom, angle);
        let mut picture = portrait.warped(wide, high, &map);
        let border = 0.06 * height;
        let screen = matches!(self, Self::Screen | Self::FullScreen);
        let phase = narrow(chance.between(0.0, 6.0));
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let at = map.apply(Point::new(x as f32 + 0.5, y as f32 + 0.5));
            let outside = (-at.x).max(at.x - width).max(-at.y).max(at.y - height);
            // An oval about the head: the cut of the scissors.
            let oval = ((at.x / width - 0.5) / 0.42).powi(2) + ((at.y / height - 0.5) / 0.5).powi(2);
            if outside > 0.0 || (self == Self::CutOut && oval > 1.0) {
                *pixel = match self {
                    Self::Print if outside < border => Rgb([235, 235, 232]),
                    Self::Screen if outside < border => Rgb([14, 14, 16]),
                    Self::AsItIs
                    | Self::Print
                    | Self::Screen
                    | Self::CutOut
                    | Self::FullPrint
                    | Self::FullScreen => Rgb([118, 121, 124]),
                };
            } else if screen {
                // Bluish light and the beat between the pixels of screen and camera.
                let beat = 1.0 + 0.05 * (0.9 * x as f32 + 0.31 * y as f32 + phase).sin();
                tinted(pixel, [0.95 * beat, beat, 1.1 * beat], 8.0);
            } else {
                // Ink on paper: less contrast, warmer.
                tinted(pixel, [0.86, 0.84, 0.8], 18.0);
            }
        }
        let mut picture: RgbImage = image::imageops::blur(&picture, narrow(chance.between(0.6, 1.0)));
        camera_noise(&mut picture, chance);
        Image::decode(&Image::from_pixels(picture)?.to_jpeg(85)?)
    }
}

fn tinted(pixel: &mut Rgb<u8>, gains: [f32; 3], lift: f32) {
    for (value, gain) in pixel.0.iter_mut().zip(gains) {
        *value = byte(f32::from(*value) * gain + lift);
    }
}

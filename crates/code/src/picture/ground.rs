//! Ground: what shows where a picture is transparent.
//!
//! Lives here: [`grey_on`]. Not here: decoding.

use image::{DynamicImage, GrayImage};

/// White paper, under a picture that is transparent somewhere.
pub const WHITE: u8 = 255;

/// Under a picture that was drawn light for a dark page.
pub const BLACK: u8 = 0;

/// The picture in grey as a viewer shows it over this ground. What stands in the colours of a pixel that alpha hides is nobody's.
#[must_use]
pub fn grey_on(picture: DynamicImage, ground: u8) -> GrayImage {
    if !picture.color().has_alpha() {
        return picture.into_luma8();
    }
    let seen = |value: u8, alpha: u8| {
        let (value, alpha, ground) = (u32::from(value), u32::from(alpha), u32::from(ground));
        u8::try_from((value * alpha + ground * (255 - alpha) + 127) / 255).unwrap_or(WHITE)
    };
    let both = picture.into_luma_alpha8();
    let (width, height) = both.dimensions();
    // In place: a second picture of this size would add to what a stranger's file costs.
    let mut bytes = both.into_raw();
    let pixels = bytes.len() / 2;
    for at in 0..pixels {
        let Some(Ok([value, alpha])) = bytes.get(2 * at..2 * at + 2).map(<[u8; 2]>::try_from) else { break };
        if let Some(out) = bytes.get_mut(at) {
            *out = seen(value, alpha);
        }
    }
    bytes.truncate(pixels);
    GrayImage::from_raw(width, height, bytes).unwrap_or_default()
}

//! Degradation: simulates a worse camera, worse light or a covered face on a picture.
//!
//! Lives here: `Degradation`, the rows of the robustness table. Each is a rendering, and as good as its model: a real
//! side light moves shadows, ours only darkens a side.

use face::SplitMix64;
use image::imageops::{self, FilterType};
use image::{Rgb, RgbImage};

/// One of the 68 points of the undegraded picture, in pixels.
pub type Landmark = [f32; 2];

/// Places of a head in a sequence, each way: a JPEG's blocks are as wide.
const MOVED: u32 = 8;

/// One kind and strength of degradation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Degradation {
    /// No change: the baseline of the other rows.
    Nothing,
    /// Turned in the plane by this many degrees, clockwise.
    Tilt(f32),
    /// Scaled down to this many pixels between the eyes.
    EyeDistance(f32),
    /// All values multiplied by this factor; values above white are clipped.
    Light(f32),
    /// Light at this share on one side, rising evenly to the full light on the other.
    SideLight(f32),
    /// Gaussian blur of this many pixels (standard deviation) at 60 pixels between the eyes; in proportion elsewhere.
    Blur(f32),
    /// Gaussian noise of this standard deviation in each channel.
    Noise(f32),
    /// Compressed as JPEG with this quality, 1 to 100.
    Jpeg(u8),
    /// Black glasses over both eyes.
    DarkGlasses,
    /// A cloth from the nose down.
    Mask,
    /// Cropped at brows, chin and ears.
    TightCrop,
}

impl Degradation {
    /// The rows of the table.
    #[must_use]
    pub fn table() -> Vec<Self> {
        use Degradation::{
            Blur, DarkGlasses, EyeDistance, Jpeg, Light, Mask, Noise, Nothing, SideLight, TightCrop, Tilt,
        };
        let mut rows = vec![Nothing];
        rows.extend([-40.0, -20.0, 10.0, 20.0, 30.0, 40.0].map(Tilt));
        rows.extend([32.0, 24.0, 16.0, 12.0, 8.0].map(EyeDistance));
        rows.extend([0.25, 0.5, 1.4, 1.8].map(Light));
        rows.extend([0.3, 0.1].map(SideLight));
        rows.extend([1.0, 2.0, 4.0].map(Blur));
        rows.extend([10.0, 20.0, 30.0].map(Noise));
        rows.extend([30, 10, 5].map(Jpeg));
        rows.extend([DarkGlasses, Mask, TightCrop]);
        rows
    }

    /// Name of the kind, for a report.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Tilt(_) => "tilt",
            Self::EyeDistance(_) => "eye_distance",
            Self::Light(_) => "light",
            Self::SideLight(_) => "side_light",
            Self::Blur(_) => "blur",
            Self::Noise(_) => "noise",
            Self::Jpeg(_) => "jpeg",
            Self::DarkGlasses => "dark_glasses",
            Self::Mask => "mask",
            Self::TightCrop => "tight_crop",
        }
    }

    /// The strength, with its unit.
    #[must_use]
    pub fn level(self) -> String {
        match self {
            Self::Nothing | Self::DarkGlasses | Self::Mask | Self::TightCrop => String::new(),
            Self::Tilt(degrees) => format!("{degrees:+.0} deg"),
            Self::EyeDistance(pixels) => format!("{pixels:.0} px"),
            Self::Light(factor) => format!("x {factor}"),
            Self::SideLight(share) => format!("{share} to 1"),
            Self::Blur(sd) => format!("sd {sd:.0} px"),
            Self::Noise(sd) => format!("sd {sd:.0}"),
            Self::Jpeg(quality) => format!("quality {quality}"),
        }
    }

    /// Whether issue-level promises are made for this row: no more failures than undegraded plus one in a hundred.
    #[must_use]
    pub fn is_promised(self) -> bool {
        match self {
            Self::Tilt(degrees) => degrees.abs() <= 40.0,
            Self::EyeDistance(pixels) => pixels >= 16.0,
            Self::Jpeg(quality) => quality >= 10,
            Self::SideLight(share) => share >= 0.3,
            Self::Noise(sd) => sd <= 20.0,
            Self::Nothing
            | Self::Light(_)
            | Self::Blur(_)
            | Self::DarkGlasses
            | Self::Mask
            | Self::TightCrop => false,
        }
    }

    /// Whether it falls otherwise on each picture of a sequence: the noise of a sensor, the blocks of a code. Light, glasses
    /// and distance stay as they are.
    #[must_use]
    pub const fn falls_anew(self) -> bool {
        matches!(self, Self::Noise(_) | Self::Jpeg(_))
    }

    /// The picture taken `count` times within a moment: cut at another place each time, as if the head had moved by up to
    /// seven whole pixels either way (nothing is interpolated), and then degraded.
    #[must_use]
    pub fn sequence(self, picture: &RgbImage, points: &[Landmark], seed: u64, count: usize) -> Vec<RgbImage> {
        let mut chance = SplitMix64::new(seed);
        let side = |length: u32| length.saturating_sub(MOVED - 1).max(1);
        let (width, height) = (side(picture.width()), side(picture.height()));
        (0..count)
            .map(|_| {
                let mut place = || u32::try_from(chance.below(MOVED as usize)).unwrap_or(0);
                let (right, down) = (place(), place());
                let moved = imageops::crop_imm(picture, right, down, width, height).to_image();
                let points: Vec<Landmark> =
                    points.iter().map(|[x, y]| [x - right as f32, y - down as f32]).collect();
                self.apply(&moved, &points, chance.bits())
            })
            .collect()
    }

    /// The degraded picture. `points` are the 68 points of its face; the same seed gives the same picture.
    #[must_use]
    pub fn apply(self, picture: &RgbImage, points: &[Landmark], seed: u64) -> RgbImage {
        let eyes = eye_distance(points).max(1.0);
        match self {
            Self::Nothing => picture.clone(),
            Self::Tilt(degrees) => tilted(picture, degrees),
            Self::EyeDistance(pixels) => scaled(picture, pixels / eyes),
            Self::Light(factor) => lit(picture, |_| factor),
            Self::SideLight(share) => lit(picture, |x| share + (1.0 - share) * x),
            Self::Blur(sd) => imageops::blur(picture, (sd * eyes / 60.0).max(0.1)),
            Self::Noise(sd) => noisy(picture, sd, seed),
            Self::Jpeg(quality) => compressed(picture, quality),
            Self::DarkGlasses => glasses(picture, points, eyes),
            Self::Mask => masked(picture, points),
            Self::TightCrop => cropped(picture, points),
        }
    }
}

fn point(points: &[Landmark], index: usize) -> Landmark {
    points.get(index).copied().unwrap_or_default()
}

fn mean(points: &[Landmark], indices: std::ops::Range<usize>) -> Landmark {
    let count = indices.len().max(1) as f32;
    indices.fold([0.0, 0.0], |[x, y], i| {
        let [px, py] = point(points, i);
        [x + px / count, y + py / count]
    })
}

fn eye_distance(points: &[Landmark]) -> f32 {
    let ([ax, ay], [bx, by]) = (mean(points, 36..42), mean(points, 42..48));
    (bx - ax).hypot(by - ay)
}

fn tilted(picture: &RgbImage, degrees: f32) -> RgbImage {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let (wide, high) =
        (width * cosine.abs() + height * sine.abs(), width * sine.abs() + height * cosine.abs());
    RgbImage::from_fn(whole(wide), whole(high), |x, y| {
        let (dx, dy) = (x as f32 + 0.5 - wide / 2.0, y as f32 + 0.5 - high / 2.0);
        let (fx, fy) = (dx * cosine + dy * sine + width / 2.0, dy * cosine - dx * sine + height / 2.0);
        imageops::interpolate_bilinear(picture, fx - 0.5, fy - 0.5).unwrap_or(Rgb([127; 3]))
    })
}

fn scaled(picture: &RgbImage, factor: f32) -> RgbImage {
    let side = |length: u32| whole(length as f32 * factor).clamp(1, 4096);
    imageops::resize(picture, side(picture.width()), side(picture.height()), FilterType::Triangle)
}

fn lit(picture: &RgbImage, light: impl Fn(f32) -> f32) -> RgbImage {
    let width = picture.width().max(1) as f32;
    let mut out = picture.clone();
    for (x, _, pixel) in out.enumerate_pixels_mut() {
        let factor = light((x as f32 + 0.5) / width);
        pixel.0 = pixel.0.map(|v| byte(f32::from(v) * factor));
    }
    out
}

fn noisy(picture: &RgbImage, sd: f32, seed: u64) -> RgbImage {
    let mut chance = SplitMix64::new(seed);
    let mut out = picture.clone();
    for value in out.iter_mut() {
        *value = byte(f32::from(*value) + sd * narrow(chance.bell()));
    }
    out
}

fn compressed(picture: &RgbImage, quality: u8) -> RgbImage {
    let mut file = Vec::new();
    let written =
        image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality).encode_image(picture);
    let read = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg);
    match (written, read) {
        (Ok(()), Ok(read)) => read.into_rgb8(),
        // Our own encoder's file: only a lack of memory could bring us here.
        (Err(_), _) | (_, Err(_)) => picture.clone(),
    }
}

fn glasses(picture: &RgbImage, points: &[Landmark], eyes: f32) -> RgbImage {
    let (left, right) = (mean(points, 36..42), mean(points, 42..48));
    let (across, down) = (0.42 * eyes, 0.30 * eyes);
    let mut out = picture.clone();
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let inside = |[cx, cy]: Landmark| {
            ((x as f32 + 0.5 - cx) / across).powi(2) + ((y as f32 + 0.5 - cy) / down).powi(2) <= 1.0
        };
        if inside(left) || inside(right) {
            *pixel = Rgb([18, 18, 20]);
        }
    }
    out
}

fn masked(picture: &RgbImage, points: &[Landmark]) -> RgbImage {
    // From ear to ear along the jaw, closed over the bridge of the nose.
    let mut outline: Vec<Landmark> = (2..=14).map(|i| point(points, i)).collect();
    outline.push(point(points, 28));
    let mut out = picture.clone();
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        if contains(&outline, [x as f32 + 0.5, y as f32 + 0.5]) {
            *pixel = Rgb([150, 180, 205]);
        }
    }
    out
}

fn contains(outline: &[Landmark], [x, y]: Landmark) -> bool {
    let mut inside = false;
    let mut last = outline.last().copied().unwrap_or_default();
    for corner in outline {
        let ([ax, ay], [bx, by]) = (*corner, last);
        if (ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax {
            inside = !inside;
        }
        last = *corner;
    }
    inside
}

fn cropped(picture: &RgbImage, points: &[Landmark]) -> RgbImage {
    let extreme = |axis: usize, pick: fn(f32, f32) -> f32, start: f32| {
        points.iter().filter_map(|p| p.get(axis).copied()).fold(start, pick)
    };
    let (left, top) = (extreme(0, f32::min, f32::INFINITY), extreme(1, f32::min, f32::INFINITY));
    let (right, bottom) = (extreme(0, f32::max, 0.0), extreme(1, f32::max, 0.0));
    let (x, y) = (whole(left.max(0.0)), whole(top.max(0.0)));
    let (width, height) = (whole(right - left).max(1), whole(bottom - top).max(1));
    imageops::crop_imm(picture, x, y, width, height).to_image()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` clamps, as wanted")]
fn whole(value: f32) -> u32 {
    value.round() as u32
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` clamps, as wanted")]
pub(crate) fn byte(value: f32) -> u8 {
    value.round() as u8
}

#[expect(clippy::cast_possible_truncation, reason = "noise needs no more digits")]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face of 68 points: jaw on a half circle, eyes 60 pixels apart.
    fn face() -> Vec<Landmark> {
        let mut points: Vec<Landmark> = (0..17_u8)
            .map(|i| {
                let angle = std::f32::consts::PI * f32::from(i) / 16.0;
                [100.0 - 60.0 * angle.cos(), 100.0 + 80.0 * angle.sin()]
            })
            .collect();
        points.extend([[100.0, 80.0]; 10]);
        points.extend([[100.0, 100.0]; 9]);
        points.extend([[70.0, 95.0]; 6]);
        points.extend([[130.0, 95.0]; 6]);
        points.extend([[100.0, 140.0]; 20]);
        points
    }

    fn picture() -> RgbImage {
        RgbImage::from_fn(200, 240, |x, y| {
            Rgb([byte(x as f32), byte(y as f32), if (x / 3 + y / 3) % 2 == 0 { 100 } else { 60 }])
        })
    }

    #[test]
    fn every_row_of_the_table_changes_the_picture_and_repeats_with_its_seed() {
        let (picture, points) = (picture(), face());
        for row in Degradation::table() {
            let once = row.apply(&picture, &points, 7);
            assert_eq!(once, row.apply(&picture, &points, 7), "row {row:?}");
            assert_eq!(once == picture, row == Degradation::Nothing, "row {row:?}");
        }
    }

    #[test]
    fn a_degradation_does_what_its_name_says() {
        let (picture, points) = (picture(), face());
        assert_eq!(Degradation::EyeDistance(30.0).apply(&picture, &points, 0).dimensions(), (100, 120));
        assert_eq!(Degradation::Tilt(90.0).apply(&picture, &points, 0).dimensions(), (240, 200));
        let side = Degradation::SideLight(0.3).apply(&picture, &points, 0);
        assert!(side.get_pixel(0, 0).0[2] < 33 && side.get_pixel(199, 0).0[2] > 98);
        let mask = Degradation::Mask.apply(&picture, &points, 0);
        assert_eq!(mask.get_pixel(100, 150).0, [150, 180, 205]);
        assert_eq!(mask.get_pixel(70, 95), picture.get_pixel(70, 95), "the eyes stay free");
        let glasses = Degradation::DarkGlasses.apply(&picture, &points, 0);
        assert_eq!(glasses.get_pixel(70, 95).0, [18, 18, 20]);
        let noise =
            Degradation::Noise(20.0).apply(&RgbImage::from_pixel(100, 100, Rgb([128; 3])), &points, 3);
        let spread = noise.iter().map(|v| (f32::from(*v) - 128.0).powi(2)).sum::<f32>() / 30_000.0;
        assert!((spread.sqrt() - 20.0).abs() < 0.5);
    }

    #[test]
    fn a_sequence_shows_the_same_face_elsewhere_and_degraded_otherwise() {
        let (picture, points) = (picture(), face());
        let taken = Degradation::Noise(5.0).sequence(&picture, &points, 7, 6);
        assert_eq!(taken, Degradation::Noise(5.0).sequence(&picture, &points, 7, 6));
        assert_eq!(taken.len(), 6);
        for (index, one) in taken.iter().enumerate() {
            assert_eq!(one.dimensions(), (193, 233));
            assert!(taken.iter().skip(index + 1).all(|other| other != one));
        }
        for row in Degradation::table() {
            assert_eq!(row.falls_anew(), ["noise", "jpeg"].contains(&row.kind()), "row {row:?}");
        }
        assert_eq!(Degradation::Jpeg(10).sequence(&RgbImage::new(3, 3), &points, 7, 2).len(), 2);
    }

    #[test]
    fn points_that_are_no_face_make_nothing_panic() {
        for points in [vec![], vec![[f32::NAN; 2]; 68], vec![[-1e9, 1e9]; 68]] {
            for row in Degradation::table().into_iter().filter(|r| !matches!(r, Degradation::Blur(_))) {
                let _ = row.apply(&RgbImage::new(40, 40), &points, 1);
            }
        }
    }
}

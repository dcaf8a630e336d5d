//! Whole pictures: a portrait printed on a sheet, or laid over a head, as a camera sees it.
//!
//! A head drawn from one portrait shows nothing that the portrait does not show: behind the nose and at the cheek that
//! turns into sight its skin is stretched. Up to about 30 degrees the face stays a face.

#![expect(clippy::indexing_slicing, reason = "places of a matrix that is made here with just these sizes")]

use super::Chance;
use super::scene::{Held, NECK, Scene, Subject};
use crate::degrade::{byte, narrow};
use face::{Image, ImageError, Point};
use image::{Rgb, RgbImage};
use nalgebra::{DMatrix, DVector, Vector3};

/// The drawn camera of pictures: 60 degrees as that of points, with fewer pixels.
const WIDTH: u32 = 480;
const HEIGHT: u32 = 360;
const FOCAL: f64 = 412.0;

/// The highest and the deepest of a head, in millimetres; a sheet is looked at so far from its middle.
const HEAD: [f64; 2] = [50.0, -120.0];
const SHEET: f64 = 180.0;
/// A ray goes down by so much at a time: less than the nose is wide.
const MARCH: f64 = 4.0;

/// What is behind everything.
const WALL: Rgb<u8> = Rgb([120, 124, 128]);

/// From the camera through a pixel, as whatever is held sees it.
struct Way {
    camera: Vector3<f64>,
    ray: Vector3<f64>,
}

impl Way {
    fn at(&self, z: f64) -> (f64, f64) {
        let far = (z - self.camera.z) / self.ray.z;
        (self.camera.x + far * self.ray.x, self.camera.y + far * self.ray.y)
    }
}

/// A scene that can be photographed.
pub struct Stage {
    scene: Scene,
    portrait: Image,
    relief: Option<Relief>,
}
documents::redact_debug!(Stage);

impl Stage {
    /// The portrait that `scene`'s subject was taken from, on its sheet or over its head.
    #[must_use]
    pub fn new(scene: Scene, portrait: Image) -> Self {
        let relief = match &scene {
            Scene::Head(subject) => Relief::of(subject),
            Scene::Sheet(..) => None,
        };
        Self { scene, portrait, relief }
    }

    /// A photograph of it.
    pub(crate) fn photographed(&self, held: &Held, chance: &mut Chance) -> Result<Image, ImageError> {
        let back = held.rotation().inverse();
        let (pivot, size, subject) = match &self.scene {
            Scene::Head(subject) => (NECK, 1.0, subject),
            Scene::Sheet(subject, size, _) => (Vector3::zeros(), *size, subject),
        };
        let camera = back * (Vector3::new(-held.x, -held.y, held.distance) - pivot) + pivot;
        let ends = self.ends(held);
        let mut picture = RgbImage::new(WIDTH, HEIGHT);
        for (u, v, pixel) in picture.enumerate_pixels_mut() {
            let (right, down) =
                (f64::from(u) + 0.5 - f64::from(WIDTH) / 2.0, f64::from(v) + 0.5 - f64::from(HEIGHT) / 2.0);
            let ray = back * Vector3::new(right / FOCAL, down / FOCAL, -1.0);
            let of_portrait = |(x, y): (f64, f64)| {
                subject.to_portrait.apply(Point::new(narrow(x / size), narrow(y / size)))
            };
            let way = Way { camera, ray };
            let [first, last] = ends.map(|z| of_portrait(way.at(z)));
            *pixel = if self.beside(first, last) {
                WALL
            } else {
                self.colour(of_portrait(self.met(held, &way, ends)))
            };
        }
        camera_noise(&mut picture, chance);
        Image::from_pixels(picture)
    }

    /// Between these heights lies the surface.
    fn ends(&self, held: &Held) -> [f64; 2] {
        let sheet = (held.bend.abs() / 2.0 * SHEET * SHEET).min(SHEET);
        if self.relief.is_some() { HEAD } else { [sheet, -sheet] }
    }

    /// Where a way meets the surface first, between those heights: of a head that is turned it passes the cheek behind the nose.
    fn met(&self, held: &Held, way: &Way, [highest, lowest]: [f64; 2]) -> (f64, f64) {
        let over = |z: f64| {
            let (x, y) = way.at(z);
            z - self.depth(held, x, y)
        };
        let (mut above, mut z) = (highest, highest);
        while z > lowest {
            let free = over(z);
            if free <= 0.0 {
                break;
            }
            above = z;
            z = (z - MARCH.max(0.3 * free)).max(lowest);
        }
        for _ in 0..6 {
            let middle = f64::midpoint(above, z);
            if over(middle) > 0.0 {
                above = middle;
            } else {
                z = middle;
            }
        }
        way.at(z)
    }

    /// Whether all between two points lies beside the portrait.
    fn beside(&self, a: Point, b: Point) -> bool {
        let (wide, high) = (self.portrait.width() as f32, self.portrait.height() as f32);
        a.x.max(b.x) < 0.0 || a.y.max(b.y) < 0.0 || a.x.min(b.x) > wide || a.y.min(b.y) > high
    }

    fn depth(&self, held: &Held, x: f64, y: f64) -> f64 {
        self.relief.as_ref().map_or_else(|| held.sheet(x, y), |relief| relief.at(x, y))
    }

    /// Bilinear; outside the portrait a grey wall.
    fn colour(&self, at: Point) -> Rgb<u8> {
        let pixels = self.portrait.as_pixels();
        let (x, y) = (at.x - 0.5, at.y - 0.5);
        let inside =
            x >= 0.0 && y >= 0.0 && x < pixels.width() as f32 - 1.0 && y < pixels.height() as f32 - 1.0;
        let (right, down) = (x - x.floor(), y - y.floor());
        if !inside {
            return WALL;
        }
        let get = |dx: f32, dy: f32| pixels.get_pixel(whole(x + dx), whole(y + dy)).0.map(f32::from);
        let (a, b, c, d) = (get(0.0, 0.0), get(1.0, 0.0), get(0.0, 1.0), get(1.0, 1.0));
        let mut mixed = [0_u8; 3];
        for (out, ((a, b), (c, d))) in mixed.iter_mut().zip(a.iter().zip(b).zip(c.iter().zip(d))) {
            *out =
                byte((a * (1.0 - right) + b * right) * (1.0 - down) + (c * (1.0 - right) + d * right) * down);
        }
        Rgb(mixed)
    }
}

/// Other light and the noise of a sensor.
pub(crate) fn camera_noise(picture: &mut RgbImage, chance: &mut Chance) {
    let (gain, noise) = (narrow(chance.between(0.85, 1.1)), narrow(chance.between(2.0, 6.0)));
    for pixel in picture.pixels_mut() {
        // One draw of four uniform 16-bit numbers serves the three colours: mostly grey, as noise of luminance is.
        let bits = chance.seed();
        let bell: f32 =
            (0..4).map(|i| ((bits >> (16 * i)) & 0xffff) as f32 / 65536.0 - 0.5).sum::<f32>() * 1.73;
        for value in &mut pixel.0 {
            *value = byte(f32::from(*value) * gain + noise * bell);
        }
    }
}

/// The depth of a head everywhere, through its 68 points and some of the skull (a thin plate), on a grid.
struct Relief {
    depths: Vec<f64>,
}

const LOW: [f64; 2] = [-130.0, -150.0];
const STEP: f64 = 4.0;
const COLUMNS: usize = 66;
const ROWS: usize = 82;

/// Forehead, crown, ears, neck and what is behind, left half or middle, in millimetres.
const SKULL: [[f64; 3]; 12] = [
    [0.0, -60.0, 6.0],
    [-40.0, -60.0, -10.0],
    [-62.0, -38.0, -38.0],
    [0.0, -95.0, -18.0],
    [-45.0, -95.0, -40.0],
    [-76.0, -10.0, -92.0],
    [-74.0, -70.0, -85.0],
    [-130.0, -150.0, -110.0],
    [-130.0, 0.0, -110.0],
    [-130.0, 170.0, -110.0],
    [0.0, 150.0, -60.0],
    [0.0, -150.0, -100.0],
];

impl Relief {
    fn of(subject: &Subject) -> Option<Self> {
        let skull = SKULL.iter().flat_map(|[x, y, z]| {
            let both = if *x == 0.0 { 1 } else { 2 };
            [Vector3::new(*x, *y, z * subject.relief), Vector3::new(-x, *y, z * subject.relief)]
                .into_iter()
                .take(both)
        });
        let points: Vec<Vector3<f64>> = subject.points.iter().copied().chain(skull).collect();
        let count = points.len();
        let kernel = |square: f64| if square > 0.0 { square * square.ln() / 2.0 } else { 0.0 };
        let square = |a: &Vector3<f64>, b: &Vector3<f64>| (a.x - b.x).powi(2) + (a.y - b.y).powi(2);
        let mut system = DMatrix::<f64>::zeros(count + 3, count + 3);
        let mut right = DVector::<f64>::zeros(count + 3);
        for (i, p) in points.iter().enumerate() {
            for (j, q) in points.iter().enumerate() {
                system[(i, j)] = kernel(square(p, q));
            }
            // A little slack: points that nearly coincide make no spike.
            system[(i, i)] += 300.0;
            for (k, value) in [1.0, p.x, p.y].into_iter().enumerate() {
                system[(i, count + k)] = value;
                system[(count + k, i)] = value;
            }
            right[i] = p.z;
        }
        let solved = system.lu().solve(&right)?;
        let mut depths = Vec::with_capacity(COLUMNS * ROWS);
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let at = Vector3::new(LOW[0] + column as f64 * STEP, LOW[1] + row as f64 * STEP, 0.0);
                let bent: f64 =
                    points.iter().zip(solved.iter()).map(|(p, w)| w * kernel(square(p, &at))).sum();
                let flat = solved[count] + solved[count + 1] * at.x + solved[count + 2] * at.y;
                depths.push((bent + flat).clamp(HEAD[1], HEAD[0]));
            }
        }
        Some(Self { depths })
    }

    fn at(&self, x: f64, y: f64) -> f64 {
        let (column, row) = ((x - LOW[0]) / STEP, (y - LOW[1]) / STEP);
        let (column, row) = (column.clamp(0.0, COLUMNS as f64 - 1.001), row.clamp(0.0, ROWS as f64 - 1.001));
        let (right, down) = (column.fract(), row.fract());
        let get = |dx: f64, dy: f64| {
            let index = whole(narrow(row + dy)) as usize * COLUMNS + whole(narrow(column + dx)) as usize;
            self.depths.get(index).copied().unwrap_or(-100.0)
        };
        (get(0.0, 0.0) * (1.0 - right) + get(1.0, 0.0) * right) * (1.0 - down)
            + (get(0.0, 1.0) * (1.0 - right) + get(1.0, 1.0) * right) * down
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps, which is what is wanted"
)]
fn whole(value: f32) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_turned_hides_its_far_side_and_shows_nothing_twice() {
        let mut chance = Chance::of_seed(7);
        let portrait = Image::from_pixels(RgbImage::new(600, 700)).unwrap();
        let stage = Stage::new(Scene::Head(Subject::generic(&mut chance)), portrait);
        for yaw in [-45.0, -30.0, -15.0, 0.0, 15.0, 30.0, 45.0] {
            let held = Held { yaw, distance: 500.0, ..Held::default() };
            let back = held.rotation().inverse();
            let camera = back * (Vector3::new(0.0, 0.0, held.distance) - NECK) + NECK;
            for height in [-40.0, 0.0, 30.0, 50.0, 70.0, 100.0] {
                // From the picture's left to its right the portrait is met from its left to its right.
                let row = (-100..=100).map(|right| {
                    let way = Way {
                        camera,
                        ray: back * Vector3::new(f64::from(right) / 500.0, height / 500.0, -1.0),
                    };
                    stage.met(&held, &way, stage.ends(&held)).0
                });
                let row: Vec<f64> = row.collect();
                for (a, b) in row.iter().zip(row.iter().skip(1)) {
                    assert!(
                        b - a > -1.0,
                        "turned by {yaw}, {height} mm below the eyes: {a:.1} mm, then {b:.1} mm"
                    );
                }
            }
        }
    }

    #[test]
    fn a_ray_ends_on_the_surface_that_it_meets() {
        let mut chance = Chance::of_seed(8);
        let subject = Subject::generic(&mut chance);
        let portrait = Image::from_pixels(RgbImage::new(600, 700)).unwrap();
        let sheet = Stage::new(Scene::Sheet(subject.clone(), 1.0, 0.0), portrait.clone());
        let head = Stage::new(Scene::Head(subject), portrait);
        for (stage, bend) in [(&head, 0.0), (&sheet, 0.0), (&sheet, 1.0 / 60.0), (&sheet, -1.0 / 150.0)] {
            let held = Held { yaw: 25.0, pitch: -10.0, bend, distance: 500.0, ..Held::default() };
            let back = held.rotation().inverse();
            let camera = back * Vector3::new(0.0, 0.0, held.distance);
            for (right, down) in [(0.0, 0.0), (20.0, 30.0), (-35.0, 10.0), (0.0, -50.0)] {
                let way = Way { camera, ray: back * Vector3::new(right / 500.0, down / 500.0, -1.0) };
                let (x, y) = stage.met(&held, &way, stage.ends(&held));
                let (a, b) = way.at(stage.depth(&held, x, y));
                assert!(
                    (a - x).hypot(b - y) < 1.0,
                    "{right}, {down}, bend {bend}: {x:.1}, {y:.1} is not on the way"
                );
            }
        }
    }
}

//! The noise of detector and landmark network, measured: the same face found again and again in slightly other pictures.

use super::Chance;
use super::stage::camera_noise;
use crate::degrade::narrow;
use face::{FaceError, Finder, Image, Landmarks, Point, Similarity};

/// Detections of each picture.
pub const FIELDS_PER_PICTURE: usize = 6;

const POINTS: usize = 68;

/// How much of one frame's noise stays in the next one: the same light and nearly the same pixels.
const MEMORY: f64 = 0.5;

/// Where each of the 68 points strays to, in eye distances.
type Field = Vec<[f64; 2]>;

/// A store of measured deviations, drawn from whole: what the points have in common stays in common.
#[derive(Debug, Clone)]
pub struct Noise {
    fields: Vec<Field>,
}

impl Noise {
    /// No pictures at hand: a bell for the whole face, for each group of points, and for each point, of the sizes that
    /// were measured, doubled (docs/liveness.md).
    #[must_use]
    pub fn as_measured(chance: &mut Chance) -> Self {
        let fields = (0..400).map(|_| {
            let mut field = vec![[0.0; 2]; POINTS];
            for group in [0..17, 17..22, 22..27, 27..36, 36..42, 42..48, 48..68] {
                let shift = [chance.normal() * GROUP_SD, chance.normal() * GROUP_SD];
                for point in field.iter_mut().skip(group.start).take(group.len()) {
                    for (value, shift) in point.iter_mut().zip(shift) {
                        *value = shift + chance.normal() * POINT_SD;
                    }
                }
            }
            field
        });
        Self { fields: fields.collect() }
    }

    /// Measures on one portrait: finds the face in several versions of it (shifted, turned, scaled, in other light, with
    /// a camera's noise) and keeps how the points stray from their mean. Returns the mean.
    ///
    /// # Errors
    /// The portrait shows no single face.
    pub fn measure(
        &mut self,
        finder: &Finder,
        portrait: &Image,
        chance: &mut Chance,
    ) -> Result<Landmarks, FaceError> {
        let found = finder.landmarks(portrait, &finder.one_face(portrait)?)?;
        let mut looks: Vec<Vec<Point>> = Vec::new();
        for _ in 0..FIELDS_PER_PICTURE {
            let (width, height) = (portrait.width() as f32, portrait.height() as f32);
            let middle = Point::new(width / 2.0, height / 2.0);
            let shift = |chance: &mut Chance| narrow(chance.between(-0.04, 0.04));
            let away = Point::new(middle.x + shift(chance) * width, middle.y + shift(chance) * height);
            let (zoom, angle) = (narrow(chance.between(0.9, 1.15)), narrow(chance.between(-0.12, 0.12)));
            let map = Similarity::around(middle, away, zoom, angle);
            let mut other = portrait.warped(portrait.width(), portrait.height(), &map);
            camera_noise(&mut other, chance);
            let Ok(other) = Image::from_pixels(other) else { continue };
            let Ok(face) = finder.one_face(&other) else { continue };
            let points = finder.landmarks(&other, &face)?;
            looks.push(points.points().iter().map(|p| map.apply(*p)).collect());
        }
        if looks.len() >= 3 {
            let mean: Vec<Point> = (0..POINTS)
                .map(|i| Point::mean(looks.iter().filter_map(|look| look.get(i).copied())))
                .collect();
            let eyes = f64::from(found.eye_distance());
            // The mean of so few hides a part of the spread.
            let whole = (looks.len() as f64 / (looks.len() as f64 - 1.0)).sqrt() / eyes;
            self.fields.extend(looks.iter().map(|look| {
                let strays = look.iter().zip(&mean).map(|(p, m)| p.minus(*m));
                strays.map(|d| [f64::from(d.x) * whole, f64::from(d.y) * whole]).collect::<Field>()
            }));
        }
        Ok(found)
    }

    /// An empty store, to be filled by [`Noise::measure`].
    #[must_use]
    pub const fn empty() -> Self {
        Self { fields: Vec::new() }
    }

    /// Adds another store's deviations.
    pub fn extend(&mut self, other: Self) {
        self.fields.extend(other.fields);
    }

    /// Deviations in the store.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Standard deviation of one coordinate of brows, nose, eyes and mouth, in eye distances: of what is common to a
    /// group of points, and of each point beside its group.
    #[must_use]
    pub fn spread(&self) -> [f64; 2] {
        let (mut groups, mut singles, mut group_count, mut count) = (0.0, 0.0, 0.0_f64, 0.0_f64);
        for field in &self.fields {
            for group in [17..22, 22..27, 27..36, 36..42, 42..48, 48..68_usize] {
                let points: Vec<&[f64; 2]> = field.iter().skip(group.start).take(group.len()).collect();
                for axis in 0..2 {
                    let value = |p: &&[f64; 2]| p.get(axis).copied().unwrap_or(0.0);
                    let mean = points.iter().map(value).sum::<f64>() / points.len().max(1) as f64;
                    groups += mean * mean;
                    group_count += 1.0;
                    singles += points.iter().map(|p| (value(p) - mean).powi(2)).sum::<f64>();
                    count += points.len() as f64;
                }
            }
        }
        [(groups / group_count.max(1.0)).sqrt(), (singles / count.max(1.0)).sqrt()]
    }

    /// The next frame's noise: a part of the last one's, and a new draw.
    pub(crate) fn next(&self, last: &mut Field, chance: &mut Chance) {
        let drawn = self.fields.get(chance.below(self.fields.len()));
        let fresh = (1.0 - MEMORY * MEMORY).sqrt();
        last.resize(POINTS, [0.0; 2]);
        for (i, point) in last.iter_mut().enumerate() {
            let new = drawn.and_then(|field| field.get(i)).copied().unwrap_or_default();
            for (value, new) in point.iter_mut().zip(new) {
                *value = *value * MEMORY + new * fresh;
            }
        }
    }
}

/// `Noise::spread` of the shared portraits gives 0.0046 and 0.0028; a lane's camera is given twice that.
const GROUP_SD: f64 = 0.009;
const POINT_SD: f64 = 0.0055;

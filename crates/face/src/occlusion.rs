//! Occlusion: whether a mask, sunglasses, or the lids of shut eyes hide a part of a face that is to be compared.
//!
//! Lives here: what is measured on the aligned crop, and the linear classifiers that read it. Not here: their coefficients
//! (`data/occlusion.toml`, made by `baypass face fit-occlusion`), what follows from them (`quality`).
//!
//! For masks and sunglasses the crop of 112 pixels is cut into 14 by 14 cells. Of each cell is taken: its grey value and two of its colours, less the
//! crop's mean and over its spread, so that light and exposure do not count; and how strongly its pixels change in each of
//! eight directions (a histogram of oriented gradients: Dalal and Triggs, 2005). For shut eyes
//! the window around both eyes alone is cut, into 16 by 6 cells of half the side, without colours: make-up is no lid. How far
//! the points of the lids lie apart is left out on purpose: with it narrow eyes were taken for shut ones (docs/face-report.md).
//! A classifier is a weighted sum of these numbers and a constant: positive where the thing is likely there.

use crate::alignment::ALIGNED_SIDE;
use crate::raster::{Raster, luma};
use serde::Deserialize;

/// Pixels of a cell's side.
const CELL: usize = 8;
const CELLS: usize = ALIGNED_SIDE / CELL;
const DIRECTIONS: usize = 8;

/// Numbers that are measured on a crop.
pub const OCCLUSION_FEATURES: usize = CELLS * CELLS * (3 + DIRECTIONS);

/// The window around the eyes on the crop: where it begins, and its cells of [`EYE_CELL`] pixels a side.
const EYES_LEFT: usize = 24;
const EYES_TOP: usize = 40;
const EYE_CELL: usize = 4;
const EYE_COLUMNS: usize = 16;
const EYE_ROWS: usize = 6;

/// Numbers that are measured around the eyes.
pub const EYE_FEATURES: usize = EYE_COLUMNS * EYE_ROWS * (1 + DIRECTIONS);

/// What is measured on one aligned crop.
#[derive(Clone, PartialEq)]
pub struct OcclusionFeatures {
    crop: Vec<f32>,
    eyes: Vec<f32>,
}
documents::redact_debug!(OcclusionFeatures);

impl OcclusionFeatures {
    /// The [`OCCLUSION_FEATURES`] numbers: cell by cell, row by row; of each its grey value, red and blue beside grey, and the
    /// eight directions.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.crop
    }

    /// The [`EYE_FEATURES`] numbers around the eyes: cell by cell, row by row; of each its grey value and the eight directions.
    #[must_use]
    pub fn eyes(&self) -> &[f32] {
        &self.eyes
    }

    /// Of an aligned crop.
    pub(crate) fn of(crop: &Raster) -> Self {
        let colours = crop.colours();
        let grey: Vec<f32> = colours.iter().map(|colour| luma(*colour)).collect();
        Self { crop: whole(&colours, &grey), eyes: around_eyes(&grey) }
    }
}

/// The numbers of the whole crop.
fn whole(colours: &[[f32; 3]], grey: &[f32]) -> Vec<f32> {
    let (mean, spread) = mean_and_spread(grey);
    let mut cells = vec![[0.0_f32; 3 + DIRECTIONS]; CELLS * CELLS];
    for (index, colour) in colours.iter().enumerate() {
        let (x, y) = (index % ALIGNED_SIDE, index / ALIGNED_SIDE);
        let Some(cell) = cells.get_mut(y / CELL * CELLS + x / CELL) else { continue };
        let here = at(grey, x, y);
        let [red, _, blue] = *colour;
        let [own, reddish, bluish, directions @ ..] = cell;
        *own += here - mean;
        *reddish += red - here;
        *bluish += blue - here;
        count_change(directions, grey, x, y);
    }
    let pixels = (CELL * CELL) as f32;
    let scaled = cells.into_iter().flat_map(|cell| {
        let [own, reddish, bluish, directions @ ..] = cell.map(|sum| sum / pixels / spread);
        [own, reddish, bluish].into_iter().chain(directions.map(bounded))
    });
    scaled.collect()
}

/// The numbers around the eyes, by the mean and spread of that window.
fn around_eyes(grey: &[f32]) -> Vec<f32> {
    let columns = EYES_LEFT..EYES_LEFT + EYE_COLUMNS * EYE_CELL;
    let rows = EYES_TOP..EYES_TOP + EYE_ROWS * EYE_CELL;
    let places = || rows.clone().flat_map(|y| columns.clone().map(move |x| (x, y)));
    let (mean, spread) = mean_and_spread(&places().map(|(x, y)| at(grey, x, y)).collect::<Vec<_>>());
    let mut cells = vec![[0.0_f32; 1 + DIRECTIONS]; EYE_COLUMNS * EYE_ROWS];
    for (x, y) in places() {
        let (column, row) = ((x - EYES_LEFT) / EYE_CELL, (y - EYES_TOP) / EYE_CELL);
        let Some([own, directions @ ..]) = cells.get_mut(row * EYE_COLUMNS + column) else { continue };
        *own += at(grey, x, y) - mean;
        count_change(directions, grey, x, y);
    }
    let pixels = (EYE_CELL * EYE_CELL) as f32;
    let scaled = cells.into_iter().flat_map(|cell| {
        let [own, directions @ ..] = cell.map(|sum| sum / pixels / spread);
        std::iter::once(own).chain(directions.map(bounded))
    });
    scaled.collect()
}

fn at(grey: &[f32], x: usize, y: usize) -> f32 {
    grey.get(y * ALIGNED_SIDE + x).copied().unwrap_or_default()
}

/// Mean and standard deviation, the latter never zero.
fn mean_and_spread(values: &[f32]) -> (f32, f32) {
    let count = values.len().max(1) as f32;
    let mean = values.iter().sum::<f32>() / count;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt() + 1e-3)
}

/// Adds how strongly a pixel changes to the direction in which it does.
fn count_change(directions: &mut [f32], grey: &[f32], x: usize, y: usize) {
    let inner = |v: usize| (1..ALIGNED_SIDE - 1).contains(&v);
    let across = if inner(x) { at(grey, x + 1, y) - at(grey, x - 1, y) } else { 0.0 };
    let down = if inner(y) { at(grey, x, y + 1) - at(grey, x, y - 1) } else { 0.0 };
    if let Some(direction) = directions.get_mut(direction(across, down)) {
        *direction += across.hypot(down);
    }
}

/// A strength without end, from 0 to 1.
fn bounded(strength: f32) -> f32 {
    strength / (1.0 + strength)
}

/// Which eighth of a half turn a change points in: a change and its opposite are one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7, and `as` clamps")]
fn direction(across: f32, down: f32) -> usize {
    let turn = down.atan2(across).rem_euclid(std::f32::consts::PI) / std::f32::consts::PI;
    ((turn * DIRECTIONS as f32) as usize).min(DIRECTIONS - 1)
}

/// One linear classifier, as its data has it: weights in steps of `step`, each a signed byte.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Linear {
    constant: f32,
    step: f32,
    weights: Vec<i8>,
}

impl Linear {
    fn score(&self, numbers: &[f32]) -> f32 {
        let sum: f32 = self.weights.iter().zip(numbers).map(|(weight, v)| f32::from(*weight) * v).sum();
        self.constant + self.step * sum
    }

    fn reads(&self, numbers: usize) -> bool {
        self.weights.len() == numbers && self.step.is_finite() && self.constant.is_finite()
    }
}

/// The classifiers of everything that hides a part of a face.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Occlusion {
    mask: Linear,
    sunglasses: Linear,
    eyes_closed: Linear,
}

impl Occlusion {
    /// From data, with as many weights as features.
    pub(crate) fn from_toml(text: &str) -> Option<Self> {
        let read: Self = toml::from_str(text).ok()?;
        let whole = read.mask.reads(OCCLUSION_FEATURES) && read.sunglasses.reads(OCCLUSION_FEATURES);
        (whole && read.eyes_closed.reads(EYE_FEATURES)).then_some(read)
    }

    /// How likely a mask, sunglasses, and shut eyes are there: in natural logarithms of odds.
    pub(crate) fn scores(&self, features: &OcclusionFeatures) -> [f32; 3] {
        let OcclusionFeatures { crop, eyes } = features;
        [self.mask.score(crop), self.sunglasses.score(crop), self.eyes_closed.score(eyes)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::SplitMix64;
    use crate::raster::Region;
    use image::{Rgb, RgbImage};

    const DATA: &str = include_str!("../data/occlusion.toml");

    /// The features of a crop of these colours.
    fn crop(of: impl Fn(usize, usize) -> [u8; 3]) -> OcclusionFeatures {
        let side = u32::try_from(ALIGNED_SIDE).unwrap();
        let picture = RgbImage::from_fn(side, side, |x, y| Rgb(of(x as usize, y as usize)));
        OcclusionFeatures::of(&Raster::shrunk(&picture, &Region::whole(&picture), 1.0))
    }

    #[test]
    fn the_data_as_committed_is_read_and_any_with_other_weights_than_features_is_not() {
        assert!(Occlusion::from_toml(DATA).is_some());
        let whole = |count: usize, eyes: usize, step: &str| {
            let one = |name: &str, count: usize| {
                let weights = vec!["1"; count].join(", ");
                format!("[{name}]\nconstant = 0.5\nstep = {step}\nweights = [{weights}]\n")
            };
            [one("mask", count), one("sunglasses", count), one("eyes_closed", eyes)].concat()
        };
        assert!(Occlusion::from_toml(&whole(OCCLUSION_FEATURES, EYE_FEATURES, "0.25")).is_some());
        for text in [
            whole(OCCLUSION_FEATURES - 1, EYE_FEATURES, "0.25"),
            whole(OCCLUSION_FEATURES + 1, EYE_FEATURES, "0.25"),
            whole(OCCLUSION_FEATURES, EYE_FEATURES + 1, "0.25"),
            whole(OCCLUSION_FEATURES, OCCLUSION_FEATURES, "0.25"),
            whole(OCCLUSION_FEATURES, EYE_FEATURES, "nan"),
            whole(OCCLUSION_FEATURES, EYE_FEATURES, "inf"),
            whole(OCCLUSION_FEATURES, EYE_FEATURES, "0.25").replace("[sunglasses]", "[glasses]"),
            whole(OCCLUSION_FEATURES, EYE_FEATURES, "0.25").replace("[eyes_closed]", "[eyes]"),
            String::new(),
        ] {
            assert_eq!(Occlusion::from_toml(&text), None);
        }
    }

    #[test]
    fn a_score_is_the_weighted_sum_and_the_constant() {
        let linear = |constant, first| Linear { constant, step: 0.5, weights: vec![first, 0] };
        let all =
            Occlusion { mask: linear(1.0, 4), sunglasses: linear(-1.0, -2), eyes_closed: linear(0.5, 1) };
        let features = OcclusionFeatures { crop: vec![3.0, 9.0], eyes: vec![-5.0, 9.0] };
        assert_eq!(all.scores(&features), [7.0, -4.0, -2.0], "shut eyes are read around the eyes alone");
    }

    #[test]
    fn light_and_exposure_change_no_feature() {
        let mut chance = SplitMix64::new(4);
        let mut value = || u8::try_from(chance.below(60)).unwrap();
        let noise: Vec<[u8; 3]> = (0..ALIGNED_SIDE.pow(2)).map(|_| [value(), value(), value()]).collect();
        let lit =
            |factor: u8, light: u8| crop(|x, y| noise[y * ALIGNED_SIDE + x].map(|v| v * factor + light));
        let plain = lit(1, 0);
        assert_eq!(plain.numbers().len(), OCCLUSION_FEATURES);
        assert_eq!(plain.eyes().len(), EYE_FEATURES);
        for (factor, light) in [(2, 0), (1, 40), (4, 10)] {
            let other = lit(factor, light);
            let [one, another] = [&plain, &other].map(|of| [of.numbers(), of.eyes()].concat());
            let largest = one.iter().zip(&another).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
            assert!(largest < 1e-3, "row {factor} {light}: {largest}");
        }
    }

    #[test]
    fn an_edge_counts_in_its_own_direction_and_cell_alone() {
        for (name, expected, edge) in [
            ("upright", 0, Box::new(|x: usize, _: usize| x >= 20) as Box<dyn Fn(usize, usize) -> bool>),
            ("level", DIRECTIONS / 2, Box::new(|_, y| y >= 20)),
            ("level, dark below", DIRECTIONS / 2, Box::new(|_, y| y < 20)),
        ] {
            let features = crop(|x, y| if edge(x, y) { [200; 3] } else { [40; 3] });
            let strong: Vec<(usize, usize)> = features
                .numbers()
                .chunks(3 + DIRECTIONS)
                .enumerate()
                .flat_map(|(cell, of)| {
                    let strong = of[3..].iter().enumerate().filter(|(_, v)| **v > 1e-6);
                    strong.map(move |(direction, _)| (cell, direction)).collect::<Vec<_>>()
                })
                .collect();
            assert!(strong.iter().all(|(_, direction)| *direction == expected), "{name}: {strong:?}");
            // The edge lies in the third column, or row, of cells; the crop's own rim counts nowhere.
            assert_eq!(strong.len(), CELLS, "{name}");
            let inside = |cell: usize| if expected == 0 { cell % CELLS == 2 } else { cell / CELLS == 2 };
            assert!(strong.iter().all(|(cell, _)| inside(*cell)), "{name}");
        }
    }

    #[test]
    fn what_lies_outside_the_window_of_the_eyes_says_nothing_of_them() {
        let inside = |x: usize, y: usize| (24..88).contains(&x) && (40..64).contains(&y);
        let grain = |x: usize, y: usize| u8::try_from((x * 31 + y * 17) % 90).unwrap() + 60;
        // One pixel beyond the window still counts for how its rim changes.
        let near = |x: usize, y: usize| (23..=88).contains(&x) && (39..=64).contains(&y);
        let one = crop(|x, y| [grain(x, y); 3]);
        let other = crop(|x, y| if near(x, y) { [grain(x, y); 3] } else { [20; 3] });
        assert_eq!(one.eyes(), other.eyes());
        assert_ne!(one.numbers(), other.numbers());
        let coloured = crop(|x, y| [grain(x, y); 3].map(|v| if inside(x, y) { v } else { 250 }));
        assert_ne!(one.eyes(), coloured.eyes(), "the rim changes with what stands beside it");
        // A lid's edge: level, in one row of cells, in both eyes' columns.
        let lid = crop(|_, y| if y >= 54 { [60; 3] } else { [180; 3] });
        let level = |cell: usize| lid.eyes()[cell * (1 + DIRECTIONS) + 1 + DIRECTIONS / 2];
        for cell in 0..EYE_COLUMNS * EYE_ROWS {
            assert_eq!(level(cell) > 0.0, cell / EYE_COLUMNS == 3, "cell {cell}");
        }
    }
}

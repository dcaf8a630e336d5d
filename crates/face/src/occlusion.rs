//! Occlusion: whether a mask, or sunglasses, hide a part of a face that is to be compared.
//!
//! Lives here: what is measured on the aligned crop, and the linear classifiers that read it. Not here: their coefficients
//! (`data/occlusion.toml`, made by `baypass face fit-occlusion`), what follows from them (`quality`).
//!
//! The crop of 112 pixels is cut into 14 by 14 cells. Of each cell is taken: its grey value and two of its colours, less the
//! crop's mean and over its spread, so that light and exposure do not count; and how strongly its pixels change in each of
//! eight directions (a histogram of oriented gradients: Dalal and Triggs, 2005). A classifier is a weighted sum of these
//! numbers and a constant: positive where the thing is likely there.

use crate::alignment::ALIGNED_SIDE;
use crate::raster::{Raster, luma};
use serde::Deserialize;

/// Pixels of a cell's side.
const CELL: usize = 8;
const CELLS: usize = ALIGNED_SIDE / CELL;
const DIRECTIONS: usize = 8;

/// Numbers that are measured on a crop.
pub const OCCLUSION_FEATURES: usize = CELLS * CELLS * (3 + DIRECTIONS);

/// What is measured on one aligned crop.
#[derive(Clone, PartialEq)]
pub struct OcclusionFeatures(Vec<f32>);
documents::redact_debug!(OcclusionFeatures);

impl OcclusionFeatures {
    /// The [`OCCLUSION_FEATURES`] numbers: cell by cell, row by row; of each its grey value, red and blue beside grey, and the
    /// eight directions.
    #[must_use]
    pub fn numbers(&self) -> &[f32] {
        &self.0
    }

    /// Of an aligned crop.
    pub(crate) fn of(crop: &Raster) -> Self {
        let colours = crop.colours();
        let grey: Vec<f32> = colours.iter().map(|colour| luma(*colour)).collect();
        let count = grey.len().max(1) as f32;
        let mean = grey.iter().sum::<f32>() / count;
        let spread = (grey.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / count).sqrt() + 1e-3;
        let mut cells = vec![[0.0_f32; 3 + DIRECTIONS]; CELLS * CELLS];
        let at = |x: usize, y: usize| grey.get(y * ALIGNED_SIDE + x).copied().unwrap_or_default();
        for (index, colour) in colours.iter().enumerate() {
            let (x, y) = (index % ALIGNED_SIDE, index / ALIGNED_SIDE);
            let Some(cell) = cells.get_mut(y / CELL * CELLS + x / CELL) else { continue };
            let here = at(x, y);
            let [red, _, blue] = *colour;
            let inner = |v: usize| (1..ALIGNED_SIDE - 1).contains(&v);
            let across = if inner(x) { at(x + 1, y) - at(x - 1, y) } else { 0.0 };
            let down = if inner(y) { at(x, y + 1) - at(x, y - 1) } else { 0.0 };
            let [own, reddish, bluish, directions @ ..] = cell;
            *own += here - mean;
            *reddish += red - here;
            *bluish += blue - here;
            if let Some(direction) = directions.get_mut(direction(across, down)) {
                *direction += across.hypot(down);
            }
        }
        let pixels = (CELL * CELL) as f32;
        let scaled = cells.into_iter().flat_map(|cell| {
            let cell = cell.map(|sum| sum / pixels / spread);
            let [own, reddish, bluish, directions @ ..] = cell;
            [own, reddish, bluish].into_iter().chain(directions.map(|strength| strength / (1.0 + strength)))
        });
        Self(scaled.collect())
    }
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
    fn score(&self, features: &OcclusionFeatures) -> f32 {
        let sum: f32 = self.weights.iter().zip(&features.0).map(|(weight, v)| f32::from(*weight) * v).sum();
        self.constant + self.step * sum
    }
}

/// The classifiers of everything that hides a part of a face.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Occlusion {
    mask: Linear,
    sunglasses: Linear,
}

impl Occlusion {
    /// From data, with as many weights as features.
    pub(crate) fn from_toml(text: &str) -> Option<Self> {
        let read: Self = toml::from_str(text).ok()?;
        let whole = |linear: &Linear| {
            linear.weights.len() == OCCLUSION_FEATURES
                && linear.step.is_finite()
                && linear.constant.is_finite()
        };
        (whole(&read.mask) && whole(&read.sunglasses)).then_some(read)
    }

    /// How likely a mask, and sunglasses, are there: in natural logarithms of odds.
    pub(crate) fn scores(&self, features: &OcclusionFeatures) -> [f32; 2] {
        [self.mask.score(features), self.sunglasses.score(features)]
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
        let whole = |count: usize, step: &str| {
            let weights = vec!["1"; count].join(", ");
            let one =
                |name: &str| format!("[{name}]\nconstant = 0.5\nstep = {step}\nweights = [{weights}]\n");
            [one("mask"), one("sunglasses")].concat()
        };
        assert!(Occlusion::from_toml(&whole(OCCLUSION_FEATURES, "0.25")).is_some());
        for text in [
            whole(OCCLUSION_FEATURES - 1, "0.25"),
            whole(OCCLUSION_FEATURES + 1, "0.25"),
            whole(OCCLUSION_FEATURES, "nan"),
            whole(OCCLUSION_FEATURES, "inf"),
            whole(OCCLUSION_FEATURES, "0.25").replace("[sunglasses]", "[glasses]"),
            String::new(),
        ] {
            assert_eq!(Occlusion::from_toml(&text), None);
        }
    }

    #[test]
    fn a_score_is_the_weighted_sum_and_the_constant() {
        let weights = |first: i8| {
            let mut weights = vec![0; OCCLUSION_FEATURES];
            weights[0] = first;
            weights
        };
        let linear = |constant, first| Linear { constant, step: 0.5, weights: weights(first) };
        let mut features = vec![0.0; OCCLUSION_FEATURES];
        features[0] = 3.0;
        let both = Occlusion { mask: linear(1.0, 4), sunglasses: linear(-1.0, -2) };
        assert_eq!(both.scores(&OcclusionFeatures(features)), [7.0, -4.0]);
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
        for (factor, light) in [(2, 0), (1, 40), (4, 10)] {
            let other = lit(factor, light);
            let largest = plain.0.iter().zip(&other.0).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
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
                .0
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
}

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

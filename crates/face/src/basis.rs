//! The template basis: as many directions as a template has numbers, derived from the model file alone.
//!
//! Lives here: `Basis`. The embedding of `fr_feature` leaves a 512 x 512 layer of rank about 145, so the 144 strongest left singular
//! directions of that layer carry nearly everything. The definition below must give the same basis on every machine,
//! today and in ten years, for templates are compared with it:
//!
//! 1. W is the weight of the last convolution (initializer `666`, 512 x 512 x 1 x 1, row by output channel).
//! 2. P projects onto the eigenvectors of W Wᵀ with the 144 (or 128) largest eigenvalues.
//! 3. G is 512 x 144 (or 128), filled row by row with sums of twelve uniform numbers less six, each the upper 53 bits of a
//!    `SplitMix64` step (seed 0x4261795061737331, "BayPass1") over 2⁵³.
//! 4. The basis is the orthonormalisation of P G, column by column (Gram-Schmidt, done twice).
//!
//! An eigenvector's sign, or the order of two nearly equal ones, is a matter of chance between machines; P G depends
//! on neither, and continuously on W, so rounding stays rounding. G also turns the subspace at random, which spreads
//! the energy evenly over the dimensions: that is what lets a template spend four bits on each.
//!
//! A network without such a layer takes G alone, with as many rows as it answers numbers: where a template has as many
//! numbers too, that is a turn, and nothing is lost.

use crate::chance::SplitMix64;
use crate::geometry::narrow;
use crate::onnx::floats;
use nalgebra::{DMatrix, SymmetricEigen};
use rten_onnx::onnx::ModelProto;
use serde::Deserialize;

const SEED: u64 = 0x4261_7950_6173_7331;

/// Where the directions of a template come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BasisSource {
    /// The strongest directions of a square layer, by its name in the model file.
    Layer(String),
    /// Random directions, the same for every network with as many numbers.
    Random,
}

impl BasisSource {
    /// The name of the definition for so many directions, part of a template's id. Another definition gets another name.
    pub(crate) fn name(&self, dimensions: usize) -> String {
        match self {
            Self::Layer(_) => format!("svd{dimensions}-baypass1"),
            Self::Random => format!("random{dimensions}-baypass1"),
        }
    }
}

/// The directions, each with as many numbers as the network answers.
pub(crate) struct Basis {
    directions: Vec<Vec<f32>>,
}

impl Basis {
    /// As the recogniser's manifest says, of a network that answers `numbers` numbers: one basis for each count of
    /// directions.
    pub(crate) fn of(
        source: &BasisSource,
        numbers: usize,
        counts: &[usize],
        onnx: &[u8],
    ) -> Result<Vec<Self>, &'static str> {
        match source {
            BasisSource::Layer(layer) => {
                let weights = weights(onnx, layer, numbers)?;
                let weights = weights.iter().map(|v| f64::from(*v));
                Self::of_weights(&DMatrix::from_row_iterator(numbers, numbers, weights), counts)
            }
            BasisSource::Random => {
                let random = |count: &usize| {
                    let mut directions = random_matrix(numbers, *count);
                    orthonormalise(&mut directions)?;
                    Ok(Self::of_columns(&directions))
                };
                counts.iter().map(random).collect()
            }
        }
    }

    fn of_columns(columns: &DMatrix<f64>) -> Self {
        let direction = |column: nalgebra::DVectorView<'_, f64>| column.iter().map(|v| narrow(*v)).collect();
        Self { directions: columns.column_iter().map(direction).collect() }
    }

    pub(crate) fn project(&self, numbers: &[f32]) -> Vec<f32> {
        let along = |direction: &Vec<f32>| direction.iter().zip(numbers).map(|(a, b)| a * b).sum();
        self.directions.iter().map(along).collect()
    }

    fn of_weights(weights: &DMatrix<f64>, counts: &[usize]) -> Result<Vec<Self>, &'static str> {
        let eigen = SymmetricEigen::try_new(weights * weights.transpose(), 1e-14, 100_000)
            .ok_or("its last layer cannot be decomposed")?;
        let mut order: Vec<(usize, f64)> = eigen.eigenvalues.iter().copied().enumerate().collect();
        order.sort_by(|a, b| b.1.total_cmp(&a.1));
        let basis = |count: &usize| {
            let (largest, weakest) = (order.first(), order.get(count.saturating_sub(1)));
            if !largest.zip(weakest).is_some_and(|(largest, weakest)| weakest.1 > 1e-9 * largest.1) {
                return Err("its last layer has too low a rank");
            }
            let strongest: Vec<_> =
                order.iter().take(*count).map(|(index, _)| eigen.eigenvectors.column(*index)).collect();
            let strongest = DMatrix::from_columns(&strongest);
            let random = random_matrix(weights.nrows(), *count);
            let mut projected = &strongest * (strongest.transpose() * random);
            orthonormalise(&mut projected)?;
            Ok(Self::of_columns(&projected))
        };
        counts.iter().map(basis).collect()
    }
}

fn weights(onnx: &[u8], name: &str, numbers: usize) -> Result<Vec<f32>, &'static str> {
    let model = ModelProto::parse_buf(onnx).map_err(|_| "it is no ONNX file")?;
    let graph = model.graph.ok_or("it has no graph")?;
    let layer = graph.initializer.iter().find(|tensor| tensor.name.as_deref() == Some(name));
    let layer = layer.ok_or("it lacks the layer that templates are derived from")?;
    // A square matrix, or a convolution of one pixel.
    let square = i64::try_from(numbers).map(|side| vec![side, side]).unwrap_or_default();
    let without_ones: Vec<i64> = layer.dims.iter().copied().filter(|side| *side != 1).collect();
    if without_ones != square {
        return Err("the layer that templates are derived from has another shape");
    }
    let values = floats(layer);
    if values.len() == numbers * numbers { Ok(values) } else { Err("the layer's weights cannot be read") }
}

fn random_matrix(rows: usize, columns: usize) -> DMatrix<f64> {
    let mut generator = SplitMix64::new(SEED);
    let numbers = (0..rows * columns).map(|_| generator.bell());
    DMatrix::from_row_iterator(rows, columns, numbers)
}

fn orthonormalise(columns: &mut DMatrix<f64>) -> Result<(), &'static str> {
    for index in 0..columns.ncols() {
        let (done, mut rest) = columns.columns_range_pair_mut(0..index, index..);
        let mut column = rest.column_mut(0);
        for _ in 0..2 {
            for earlier in done.column_iter() {
                let along = earlier.dot(&column);
                column.axpy(-along, &earlier, 1.0);
            }
        }
        let length = column.norm();
        if !length.is_finite() || length < 1e-9 {
            return Err("its last layer has too low a rank");
        }
        column /= length;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBERS: usize = 512;
    const DIMENSIONS: usize = 144;

    /// A stand-in of the same kind: rank 144 and a little more.
    fn layer(noise: f64) -> DMatrix<f64> {
        let mut generator = SplitMix64::new(7);
        let mut random = |rows, columns| DMatrix::from_fn(rows, columns, |_, _| generator.uniform() - 0.5);
        let (left, right, rest) =
            (random(NUMBERS, DIMENSIONS), random(DIMENSIONS, NUMBERS), random(NUMBERS, NUMBERS));
        left * right + rest * noise
    }

    #[test]
    fn the_basis_is_orthonormal_and_rounding_in_the_weights_stays_rounding() {
        let basis = Basis::of_weights(&layer(1e-3), &[DIMENSIONS, 128]).unwrap();
        assert_eq!(basis[1].directions.len(), 128);
        let basis = &basis[0];
        assert_eq!(basis.directions.len(), DIMENSIONS);
        for (i, a) in basis.directions.iter().enumerate() {
            for (j, b) in basis.directions.iter().enumerate() {
                let product: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
                assert!((product - f32::from(u8::from(i == j))).abs() < 1e-5);
            }
        }
        let nudged = Basis::of_weights(&layer(1e-3).map(|v| v * (1.0 + 1e-12)), &[DIMENSIONS]).unwrap();
        for (a, b) in basis.directions.iter().flatten().zip(nudged[0].directions.iter().flatten()) {
            assert!((a - b).abs() < 1e-6);
        }
    }

    #[test]
    fn random_directions_are_orthonormal_for_a_network_of_any_width() {
        for (numbers, dimensions) in [(144, 144), (256, 144), (1024, 144), (128, 128)] {
            let basis = Basis::of(&BasisSource::Random, numbers, &[dimensions], b"").unwrap().remove(0);
            let product = |i: usize, j: usize| -> f32 {
                basis.directions[i].iter().zip(&basis.directions[j]).map(|(a, b)| a * b).sum()
            };
            assert_eq!((basis.directions.len(), basis.directions[0].len()), (dimensions, numbers));
            assert!((product(3, 3) - 1.0).abs() < 1e-5 && product(3, 100).abs() < 1e-5);
        }
    }

    #[test]
    fn a_layer_of_too_low_rank_or_a_file_that_is_no_model_is_refused() {
        assert!(Basis::of_weights(&DMatrix::zeros(NUMBERS, NUMBERS), &[DIMENSIONS]).is_err());
        let layer = BasisSource::Layer("666".to_owned());
        assert!(Basis::of(&layer, NUMBERS, &[DIMENSIONS], b"").is_err());
        assert!(Basis::of(&layer, NUMBERS, &[DIMENSIONS], b"not a model").is_err());
    }
}

//! Logistic regression: a weighted sum of numbers that tells two kinds of rows apart.
//!
//! Lives here: fitting, and how well rows that were left out are told apart. Not here: what the numbers are
//! (`face::OcclusionFeatures`), any file (`baypass`).

/// A fitted classifier: positive where a row is likely of the first kind, in natural logarithms of odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Logistic {
    /// One a number of a row.
    pub weights: Vec<f32>,
    /// Added to the weighted sum.
    pub constant: f32,
}

/// How a classifier is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    /// How often a row of the first kind counts: there are fewer of them.
    pub weight: f32,
    /// Half of so much times the squares of all weights is added to the loss, so that no pixel decides alone.
    pub penalty: f32,
    /// Steps of the descent.
    pub steps: u32,
}

/// A row and whether it is of the first kind.
pub type Labelled<'r> = (&'r [f32], bool);

impl Logistic {
    /// The weighted sum of a row.
    #[must_use]
    pub fn score(&self, row: &[f32]) -> f32 {
        self.constant + dot(&self.weights, row)
    }

    /// Fits by accelerated gradient descent (Nesterov, 1983), with a step that the largest curvature allows: the same rows
    /// give the same classifier. Rows have one length; `None` where there are none of either kind.
    #[must_use]
    pub fn fit(rows: &[Labelled<'_>], fit: Fit) -> Option<Self> {
        let width = rows.first()?.0.len();
        if [true, false].iter().any(|kind| rows.iter().all(|(_, first)| first != kind)) {
            return None;
        }
        let counts = |first: bool| if first { fit.weight } else { 1.0 };
        let step = 1.0 / (0.25 * curvature(rows, width, counts) + fit.penalty);
        let (mut at, mut ahead) = (vec![0.0_f32; width + 1], vec![0.0_f32; width + 1]);
        let mut momentum = 1.0_f32;
        for _ in 0..fit.steps {
            let mut slope: Vec<f32> = ahead.iter().map(|weight| weight * fit.penalty).collect();
            // The constant is not held small.
            if let Some(last) = slope.last_mut() {
                *last = 0.0;
            }
            for (row, first) in rows {
                let (weights, constant) = ahead.split_at(width);
                let score = dot(weights, row) + constant.iter().sum::<f32>();
                let error = counts(*first) * (1.0 / (1.0 + (-score).exp()) - f32::from(u8::from(*first)));
                slope
                    .iter_mut()
                    .zip(row.iter().chain(std::iter::once(&1.0)))
                    .for_each(|(s, v)| *s += error * v);
            }
            let next: Vec<f32> =
                ahead.iter().zip(&slope).map(|(weight, slope)| weight - step * slope).collect();
            let following = f32::midpoint(1.0, (1.0 + 4.0 * momentum * momentum).sqrt());
            let push = (momentum - 1.0) / following;
            ahead = next.iter().zip(&at).map(|(next, at)| next + push * (next - at)).collect();
            (at, momentum) = (next, following);
        }
        let constant = at.pop()?;
        Some(Self { weights: at, constant })
    }
}

/// The largest eigenvalue of the rows' weighted squares, by power iteration, a little more than it.
fn curvature(rows: &[Labelled<'_>], width: usize, counts: impl Fn(bool) -> f32) -> f32 {
    let mut direction = vec![1.0 / ((width + 1) as f32).sqrt(); width + 1];
    let mut largest = 0.0;
    for _ in 0..20 {
        let mut next = vec![0.0_f32; width + 1];
        for (row, first) in rows {
            let (weights, constant) = direction.split_at(width);
            let along = counts(*first) * (dot(weights, row) + constant.iter().sum::<f32>());
            next.iter_mut().zip(row.iter().chain(std::iter::once(&1.0))).for_each(|(n, v)| *n += along * v);
        }
        largest = next.iter().map(|v| v * v).sum::<f32>().sqrt();
        direction = next.iter().map(|v| v / largest.max(f32::MIN_POSITIVE)).collect();
    }
    1.1 * largest
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Share of the first kind that is recognised where at most `share` of the others is mistaken for it, and the score from
/// which on a row counts as recognised; `None` where there are none of either kind.
#[must_use]
pub fn recognised_at(scores: &[(f32, bool)], share: f64) -> Option<(f64, f32)> {
    let mut others: Vec<f32> = scores.iter().filter(|(_, first)| !first).map(|(score, _)| *score).collect();
    others.sort_by(|a, b| b.total_cmp(a));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let allowed = (others.len() as f64 * share) as usize;
    let threshold = others.get(allowed)?.next_up();
    let first: Vec<f32> = scores.iter().filter(|(_, first)| *first).map(|(score, _)| *score).collect();
    let found = first.iter().filter(|score| **score >= threshold).count();
    (!first.is_empty()).then(|| (found as f64 / first.len() as f64, threshold))
}

#[cfg(test)]
mod tests {
    use super::*;
    use face::SplitMix64;

    const FIT: Fit = Fit { weight: 5.0, penalty: 1.0, steps: 300 };

    fn drawn(count: usize, seed: u64) -> Vec<(Vec<f32>, bool)> {
        let mut chance = SplitMix64::new(seed);
        #[expect(clippy::cast_possible_truncation, reason = "drawn numbers")]
        let row = |first: bool, chance: &mut SplitMix64| -> Vec<f32> {
            let shift = if first { 2.0 } else { 0.0 };
            (0..6).map(|i| (chance.bell() + if i == 2 { shift } else { 0.0 }) as f32).collect()
        };
        (0..count).map(|i| (row(i % 10 == 0, &mut chance), i % 10 == 0)).collect()
    }

    fn labelled(rows: &[(Vec<f32>, bool)]) -> Vec<Labelled<'_>> {
        rows.iter().map(|(row, first)| (row.as_slice(), *first)).collect()
    }

    #[test]
    fn the_number_that_tells_two_kinds_apart_gets_the_weight_and_rows_not_seen_are_told_apart() {
        let (seen, unseen) = (drawn(2000, 3), drawn(2000, 4));
        let fitted = Logistic::fit(&labelled(&seen), FIT).unwrap();
        let others = fitted.weights.iter().enumerate().filter(|(i, _)| *i != 2);
        assert!(fitted.weights[2] > 1.5, "{fitted:?}");
        assert!(others.map(|(_, weight)| weight.abs()).fold(0.0, f32::max) < 0.4, "{fitted:?}");
        let scores: Vec<(f32, bool)> =
            unseen.iter().map(|(row, first)| (fitted.score(row), *first)).collect();
        // Two normal laws two apart: at 5 % of one 63.9 % of the other lie above.
        let (found, _) = recognised_at(&scores, 0.05).unwrap();
        assert!((found - 0.64).abs() < 0.08, "{found}");
        assert_eq!(
            Logistic::fit(&labelled(&seen), FIT).unwrap(),
            fitted,
            "the same rows, the same classifier"
        );
        assert_eq!(Logistic::fit(&[], FIT), None);
    }

    #[test]
    fn a_penalty_keeps_weights_small_and_a_share_of_none_lets_nobody_through() {
        let rows = drawn(500, 5);
        let free = Logistic::fit(&labelled(&rows), FIT).unwrap();
        let held = Logistic::fit(&labelled(&rows), Fit { penalty: 1000.0, ..FIT }).unwrap();
        assert!(held.weights[2] < 0.5 * free.weights[2]);
        let scores = [(0.9, true), (0.8, false), (0.1, false), (0.85, true), (0.7, true)];
        assert_eq!(recognised_at(&scores, 0.0), Some((2.0 / 3.0, 0.8_f32.next_up())));
        assert_eq!(recognised_at(&[(0.9, true)], 0.0), None);
    }
}

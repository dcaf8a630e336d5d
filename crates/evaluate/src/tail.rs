//! The tail: what lies beyond the highest scores that were seen.
//!
//! Lives here: a generalised Pareto tail, fitted by probability-weighted moments (Hosking and Wallis, 1987) or by maximum
//! likelihood. No threshold of a report comes from it: `hold_out` shows what it is worth.

/// How a tail is fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Probability-weighted moments.
    Moments,
    /// Maximum likelihood.
    Likelihood,
}

/// A fitted tail above a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    above: f64,
    /// Share of all scores above it.
    share: f64,
    shape: f64,
    scale: f64,
}

/// The scores that a tail is fitted to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Excesses {
    above: f64,
    share: f64,
    weight: f64,
    /// How far each lies above the start, the highest first, with its weight.
    each: Vec<(f64, f64)>,
}

/// The fewest scores that a tail is fitted to.
const LEAST: f64 = 30.0;
/// Beyond these shapes a tail of scores is no longer believed.
const MOST_SHAPE: f64 = 0.5;

impl Excesses {
    /// From the scores in descending order with their weights, out of `total` weight; the tail begins where `share` of
    /// all scores lie above.
    pub(crate) fn of(descending: impl Iterator<Item = (f64, f64)>, total: f64, share: f64) -> Option<Self> {
        let want = (share * total).max(LEAST);
        let (mut each, mut weight) = (Vec::new(), 0.0);
        for (score, count) in descending.filter(|(_, count)| *count > 0.0) {
            if weight >= want {
                for (value, _) in &mut each {
                    *value -= score;
                }
                return Some(Self { above: score, share: weight / total, weight, each });
            }
            weight += count;
            each.push((score, count));
        }
        None
    }

    pub(crate) fn fit(&self, fit: Fit) -> Option<Tail> {
        let (shape, scale) = match fit {
            Fit::Moments => self.by_moments()?,
            Fit::Likelihood => self.by_likelihood()?,
        };
        Some(Tail { above: self.above, share: self.share, shape, scale })
    }

    fn mean(&self) -> f64 {
        self.each.iter().map(|(excess, count)| excess * count).sum::<f64>() / self.weight
    }

    fn by_moments(&self) -> Option<(f64, f64)> {
        // First two moments of the excess, the second weighted by the share of excesses above each.
        let (mean, mut weighted, mut passed) = (self.mean(), 0.0, 0.0);
        for (excess, count) in &self.each {
            let above = (passed + (count - 1.0) / 2.0_f64).max(0.0);
            weighted += count * excess * above / (self.weight * (self.weight - 1.0));
            passed += count;
        }
        let spread = mean - 2.0 * weighted;
        if !(mean > 0.0 && spread > 0.0) {
            return None;
        }
        let shape = (2.0 - mean / spread).clamp(-MOST_SHAPE, MOST_SHAPE);
        // With the shape bounded, the scale that keeps the mean.
        Some((shape, mean * (1.0 - shape)))
    }

    /// The likelihood's highest place along shape over scale, of which the shape follows (Grimshaw, 1993).
    fn by_likelihood(&self) -> Option<(f64, f64)> {
        let highest = self.each.first()?.0;
        let mean = self.mean();
        if !(mean > 0.0 && highest > 0.0) {
            return None;
        }
        let shape_at = |ratio: f64| {
            self.each.iter().map(|(excess, count)| count * (ratio * excess).ln_1p()).sum::<f64>()
                / self.weight
        };
        // Without the terms that are the same everywhere.
        let at = |ratio: f64| {
            if (ratio * mean).abs() < 1e-6 {
                return (-mean.ln() - 1.0, 0.0, mean);
            }
            let shape = shape_at(ratio);
            let scale = shape / ratio;
            if shape.abs() > MOST_SHAPE {
                (f64::NEG_INFINITY, shape, scale)
            } else {
                (-scale.ln() - shape - 1.0, shape, scale)
            }
        };
        // From the end just above the highest excess to a heavy tail.
        let place = |step: i32| {
            if step < 0 { f64::from(step) / 24.001 / highest } else { f64::from(step) / 12.0 / mean }
        };
        let step = (-24..=24).max_by(|a, b| at(place(*a)).0.total_cmp(&at(place(*b)).0))?;
        let (mut low, mut high) = (place((step - 1).max(-24)), place(step + 1));
        let mut best = at(place(step));
        for _ in 0..24 {
            let (left, right) = (low + (high - low) * 0.382, low + (high - low) * 0.618);
            let (at_left, at_right) = (at(left), at(right));
            let better = if at_left.0 > at_right.0 { at_left } else { at_right };
            if at_left.0 > at_right.0 {
                high = right;
            } else {
                low = left;
            }
            if better.0 > best.0 {
                best = better;
            }
        }
        let (value, shape, scale) = best;
        (value.is_finite() && scale > 0.0).then_some((shape, scale))
    }
}

impl Tail {
    /// The score that so small a share of all scores reaches; none of a share that the tail does not begin at.
    pub(crate) fn score_at(&self, rate: f64) -> Option<f64> {
        let ratio = self.share / rate;
        if ratio < 1.0 {
            return None;
        }
        let excess =
            if self.shape.abs() < 1e-6 { ratio.ln() } else { (ratio.powf(self.shape) - 1.0) / self.shape };
        Some(self.above + self.scale * excess)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use face::SplitMix64;

    fn descending(mut scores: Vec<f64>) -> Vec<(f64, f64)> {
        scores.sort_by(|a, b| b.total_cmp(a));
        scores.into_iter().map(|score| (score, 1.0)).collect()
    }

    #[test]
    fn the_tail_of_a_known_law_is_found_again_by_both_fits() {
        for fit in [Fit::Moments, Fit::Likelihood] {
            // Exponential: the score reached by a share p is -ln p.
            let mut chance = SplitMix64::new(5);
            let scores = descending((0..200_000).map(|_| -(1.0 - chance.uniform()).ln()).collect());
            let tail = Excesses::of(scores.iter().copied(), 200_000.0, 5e-3).unwrap().fit(fit).unwrap();
            assert!(tail.shape.abs() < 0.12, "{fit:?}: {tail:?}");
            for rate in [1e-3, 1e-4, 1e-5] {
                let (found, true_score) = (tail.score_at(rate).unwrap(), -f64::ln(rate));
                assert!((found / true_score - 1.0).abs() < 0.1, "{fit:?} {rate}: {found} for {true_score}");
            }
            // Heavy, shape 0.3: the score reached by a share p is (p^-0.3 - 1) / 0.3.
            let scores = (0..200_000).map(|_| ((1.0 - chance.uniform()).powf(-0.3) - 1.0) / 0.3);
            let scores = descending(scores.collect());
            let tail = Excesses::of(scores.into_iter(), 200_000.0, 1e-2).unwrap().fit(fit).unwrap();
            assert!((tail.shape - 0.3).abs() < 0.1, "{fit:?}: {tail:?}");
            // Uniform: it has an end, and the tail does not go beyond it by much.
            let scores = descending((0..100_000).map(|_| chance.uniform()).collect());
            let tail = Excesses::of(scores.into_iter(), 100_000.0, 1e-2).unwrap().fit(fit).unwrap();
            assert!(tail.score_at(1e-7).unwrap() < 1.02, "{fit:?}: {tail:?}");
            assert_eq!(tail.score_at(0.5), None, "the middle is no tail");
        }
    }

    #[test]
    fn a_handful_of_scores_has_no_tail() {
        assert_eq!(Excesses::of((0..20).map(|i| (f64::from(i), 1.0)), 20.0, 1e-3), None);
        let equal = Excesses::of(std::iter::repeat_n((0.5, 1.0), 500), 500.0, 1e-3).unwrap();
        assert_eq!((equal.fit(Fit::Moments), equal.fit(Fit::Likelihood)), (None, None));
    }
}

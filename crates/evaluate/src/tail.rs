//! The tail: what lies beyond the highest scores that were seen.
//!
//! Lives here: a generalised Pareto tail fitted by probability-weighted moments (Hosking and Wallis, 1987). It is an
//! extrapolation, and whoever prints a figure from it says so.

/// A fitted tail above a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tail {
    above: f64,
    /// Share of all scores above it.
    share: f64,
    shape: f64,
    scale: f64,
}

/// The fewest scores that a tail is fitted to.
const LEAST: f64 = 30.0;

impl Tail {
    /// From the scores in descending order with their weights, out of `total` weight; the tail begins where `share` of
    /// all scores lie above.
    pub(crate) fn fit(descending: impl Iterator<Item = (f64, f64)>, total: f64, share: f64) -> Option<Self> {
        let want = (share * total).max(LEAST);
        let mut above = Vec::new();
        let mut weight = 0.0;
        let mut start = None;
        for (score, count) in descending.filter(|(_, count)| *count > 0.0) {
            if weight >= want {
                start = Some(score);
                break;
            }
            weight += count;
            above.push((score, count));
        }
        let start = start?;
        // First two moments of the excess, the second weighted by the share of excesses above each.
        let (mut mean, mut weighted, mut passed) = (0.0, 0.0, 0.0);
        for (score, count) in above {
            let excess = score - start;
            mean += count * excess / weight;
            weighted += count * excess * (passed + (count - 1.0) / 2.0).max(0.0) / (weight * (weight - 1.0));
            passed += count;
        }
        let spread = mean - 2.0 * weighted;
        if !(mean > 0.0 && spread > 0.0) {
            return None;
        }
        let shape = (2.0 - mean / spread).clamp(-0.5, 0.5);
        // With the shape bounded, the scale that keeps the mean.
        Some(Self { above: start, share: weight / total, shape, scale: mean * (1.0 - shape) })
    }

    /// The score that so small a share of all scores reaches.
    pub(crate) fn score_at(&self, rate: f64) -> f64 {
        let ratio = (self.share / rate).max(1.0);
        let excess =
            if self.shape.abs() < 1e-6 { ratio.ln() } else { (ratio.powf(self.shape) - 1.0) / self.shape };
        self.above + self.scale * excess
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use face::SplitMix64;

    #[test]
    fn the_tail_of_a_known_law_is_found_again() {
        // Exponential: the score reached by a share p is -ln p.
        let mut chance = SplitMix64::new(5);
        let mut scores: Vec<f64> = (0..200_000).map(|_| -(1.0 - chance.uniform()).ln()).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let tail = Tail::fit(scores.iter().map(|s| (*s, 1.0)), 200_000.0, 5e-3).unwrap();
        assert!(tail.shape.abs() < 0.12, "{tail:?}");
        for rate in [1e-3, 1e-4, 1e-5] {
            let (found, true_score) = (tail.score_at(rate), -f64::ln(rate));
            assert!((found / true_score - 1.0).abs() < 0.1, "row {rate}: {found} for {true_score}");
        }
        // Uniform: it has an end, and the tail does not go beyond it by much.
        let mut scores: Vec<f64> = (0..100_000).map(|_| chance.uniform()).collect();
        scores.sort_by(|a, b| b.total_cmp(a));
        let tail = Tail::fit(scores.iter().map(|s| (*s, 1.0)), 100_000.0, 1e-2).unwrap();
        assert!(tail.score_at(1e-7) < 1.01, "{tail:?}");
    }

    #[test]
    fn a_handful_of_scores_has_no_tail() {
        assert_eq!(Tail::fit((0..20).map(|i| (f64::from(i), 1.0)), 20.0, 1e-3), None);
        assert_eq!(Tail::fit(std::iter::repeat_n((0.5, 1.0), 500), 500.0, 1e-3), None);
    }
}

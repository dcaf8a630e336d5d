//! Rates: false matches, false non-matches, the threshold between them, and how sure each figure is.
//!
//! Lives here: `Comparisons`, `Point`, `Interval`. Words as in ISO/IEC 19795-1: FMR is the share of impostor pairs at
//! or above a threshold, FNMR the share of genuine pairs below it. A picture in which no face was found fails at every
//! threshold.

use crate::resample::weights;
use crate::tail::Tail;
use face::SplitMix64;
use serde::Serialize;

/// Two pictures of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mated {
    /// The person, as an index.
    pub person: usize,
    /// The score; `None` where a face could not be used.
    pub score: Option<f32>,
}

/// Pictures of two persons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonMated {
    /// The two persons, as indices.
    pub persons: [usize; 2],
    /// The similarity, 1 at most.
    pub score: f32,
}

/// A 95 % bootstrap interval: the 2.5th to the 97.5th percentile of the replicates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// A threshold and its error rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The target false match rate, 0 to 1.
    pub fmr: f64,
    /// The data have fewer impostor pairs than the rate needs: the threshold comes from a fitted tail.
    pub extrapolated: bool,
    /// The least score that is a match.
    pub threshold: f64,
    /// The threshold's 95 % bootstrap interval over persons.
    pub threshold_interval: Option<Interval>,
    /// Number of impostor pairs that reach the threshold.
    pub false_matches: usize,
    /// Number of genuine pairs that do not.
    pub false_non_matches: usize,
    /// False non-match rate, 0 to 1.
    pub fnmr: f64,
    /// Persons drawn anew, with the threshold found anew in each replicate.
    pub fnmr_interval: Option<Interval>,
    /// Where no error was seen: with 95 % confidence the rate is below this (three over the number of pairs).
    pub fnmr_rule_of_three: Option<f64>,
}

/// All comparisons of one format, sorted once.
#[derive(Debug, Clone)]
pub struct Comparisons {
    persons: usize,
    genuine: Vec<Mated>,
    /// Comparisons of different persons, highest score first.
    impostors: Vec<NonMated>,
}

/// Share of impostor pairs that a tail is fitted to.
const TAIL: f64 = 2e-3;

impl Comparisons {
    /// Takes the comparisons among `persons` persons.
    #[must_use]
    pub fn new(persons: usize, genuine: Vec<Mated>, mut impostors: Vec<NonMated>) -> Self {
        impostors.retain(|pair| pair.score.is_finite());
        impostors.sort_by(|a, b| b.score.total_cmp(&a.score));
        Self { persons, genuine, impostors }
    }

    /// Number of genuine pairs.
    #[must_use]
    pub fn genuine(&self) -> &[Mated] {
        &self.genuine
    }

    /// Impostor pairs, the highest score first.
    #[must_use]
    pub fn impostors(&self) -> &[NonMated] {
        &self.impostors
    }

    /// Share of impostor pairs at or above a threshold.
    #[must_use]
    pub fn fmr(&self, threshold: f64) -> f64 {
        ratio(self.false_matches(threshold), self.impostors.len())
    }

    /// Share of genuine pairs below a threshold.
    #[must_use]
    pub fn fnmr(&self, threshold: f64) -> f64 {
        ratio(self.false_non_matches(threshold), self.genuine.len())
    }

    /// Impostor pairs at or above a threshold.
    #[must_use]
    pub fn false_matches(&self, threshold: f64) -> usize {
        self.impostors.partition_point(|pair| f64::from(pair.score) >= threshold)
    }

    /// Genuine pairs below a threshold.
    #[must_use]
    pub fn false_non_matches(&self, threshold: f64) -> usize {
        self.genuine.iter().filter(|pair| fails(pair, threshold)).count()
    }

    /// The least threshold that at most this share of impostor pairs reaches, and whether it is an extrapolation.
    #[must_use]
    pub fn threshold(&self, fmr: f64) -> Option<(f64, bool)> {
        self.threshold_of(|_| 1.0, fmr)
    }

    /// Thresholds at these false match rates, with intervals from `replicates` draws of persons.
    #[must_use]
    pub fn points(&self, rates: &[f64], replicates: usize, seed: u64) -> Vec<Point> {
        let mut chance = SplitMix64::new(seed);
        let mut drawn: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); rates.len()];
        for _ in 0..replicates {
            let weights = weights(self.persons, &mut chance);
            let weight = |person: usize| weights.get(person).copied().unwrap_or_default();
            for (rate, (thresholds, fnmrs)) in rates.iter().zip(&mut drawn) {
                let pair = |pair: &NonMated| pair.persons.iter().map(|person| weight(*person)).product();
                let Some((threshold, _)) = self.threshold_of(pair, *rate) else { continue };
                thresholds.push(threshold);
                fnmrs.extend(self.weighted_fnmr(weight, threshold));
            }
        }
        rates
            .iter()
            .zip(drawn)
            .filter_map(|(rate, (thresholds, fnmrs))| {
                let (threshold, extrapolated) = self.threshold(*rate)?;
                let errors = self.false_non_matches(threshold);
                Some(Point {
                    fmr: *rate,
                    extrapolated,
                    threshold,
                    threshold_interval: interval(thresholds),
                    false_matches: self.false_matches(threshold),
                    false_non_matches: errors,
                    fnmr: ratio(errors, self.genuine.len()),
                    fnmr_interval: interval(fnmrs),
                    fnmr_rule_of_three: rule_of_three(errors, self.genuine.len()),
                })
            })
            .collect()
    }

    /// The interval of false match and false non-match rate at one threshold.
    #[must_use]
    pub fn intervals_at(&self, threshold: f64, replicates: usize, seed: u64) -> [Option<Interval>; 2] {
        let mut chance = SplitMix64::new(seed);
        let (mut fmrs, mut fnmrs) = (Vec::new(), Vec::new());
        let reached = self.impostors.get(..self.false_matches(threshold)).unwrap_or_default();
        for _ in 0..replicates {
            let weights = weights(self.persons, &mut chance);
            let weight = |person: usize| weights.get(person).copied().unwrap_or_default();
            let matched: f64 = reached.iter().map(|p| p.persons.map(weight).iter().product::<f64>()).sum();
            // Whether or not each two persons were compared, the share of pairs drawn is near to all pairs' share.
            fmrs.push(matched / self.impostors.len().max(1) as f64);
            fnmrs.extend(self.weighted_fnmr(weight, threshold));
        }
        [interval(fmrs), interval(fnmrs)]
    }

    /// Threshold, FMR and FNMR at up to `count` places of the curve, from many false matches to none.
    #[must_use]
    pub fn curve(&self, count: usize) -> Vec<[f64; 3]> {
        let rate = |i: usize| 10_f64.powf(-7.0 * i as f64 / count.saturating_sub(1).max(1) as f64);
        let mut curve: Vec<[f64; 3]> = Vec::new();
        for fmr in (0..count).map(rate) {
            let Some((threshold, false)) = self.threshold(fmr) else { continue };
            if curve.last().is_none_or(|[last, ..]| *last < threshold) {
                curve.push([threshold, self.fmr(threshold), self.fnmr(threshold)]);
            }
        }
        curve
    }

    fn threshold_of(&self, weight: impl Fn(&NonMated) -> f64, fmr: f64) -> Option<(f64, bool)> {
        let total = self.impostors.len() as f64;
        let allowed = fmr * total;
        let highest = f64::from(self.impostors.first()?.score);
        if allowed < 1.0 {
            // Too few pairs to count: at least above everything seen.
            let scores = self.impostors.iter().map(|pair| (f64::from(pair.score), weight(pair)));
            let beyond = Tail::fit(scores, total, TAIL).map_or(highest, |tail| tail.score_at(fmr));
            return Some((beyond.min(1.0), true));
        }
        let mut matched = 0.0;
        for pair in &self.impostors {
            matched += weight(pair);
            if matched > allowed {
                return Some((f64::from(pair.score).next_up(), false));
            }
        }
        // All of them may match.
        Some((-1.0, false))
    }

    fn weighted_fnmr(&self, weight: impl Fn(usize) -> f64, threshold: f64) -> Option<f64> {
        let total: f64 = self.genuine.iter().map(|pair| weight(pair.person)).sum();
        let failed = self.genuine.iter().filter(|pair| fails(pair, threshold));
        (total > 0.0).then(|| failed.map(|pair| weight(pair.person)).sum::<f64>() / total)
    }
}

fn fails(pair: &Mated, threshold: f64) -> bool {
    pair.score.is_none_or(|score| f64::from(score).is_nan() || f64::from(score) < threshold)
}

pub(crate) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?" (1983).
pub(crate) fn rule_of_three(errors: usize, trials: usize) -> Option<f64> {
    (errors == 0 && trials > 0).then(|| (3.0 / trials as f64).min(1.0))
}

fn interval(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    // Adding nothing makes of a negative zero a plain one.
    let at = |thousandths: usize| values.get((last * thousandths + 500) / 1000).map(|value| value + 0.0);
    Some(Interval { low: at(25)?, high: at(975)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impostors(scores: &[f32]) -> Vec<NonMated> {
        scores.iter().enumerate().map(|(i, score)| NonMated { persons: [i, i + 1], score: *score }).collect()
    }

    fn mated(scores: &[Option<f32>]) -> Vec<Mated> {
        scores.iter().enumerate().map(|(person, score)| Mated { person, score: *score }).collect()
    }

    #[test]
    fn a_threshold_lets_at_most_the_allowed_share_through_and_not_one_more_is_shut_out() {
        let scores: Vec<f32> = (0..1000_u16).map(|i| f32::from(i) / 2000.0).collect();
        let all = Comparisons::new(1001, vec![], impostors(&scores));
        for (fmr, allowed) in [(1e-3, 1), (5e-3, 5), (0.1, 100)] {
            let (threshold, extrapolated) = all.threshold(fmr).unwrap();
            assert!(!extrapolated);
            assert_eq!(all.false_matches(threshold), allowed, "row {fmr}");
        }
        let (beyond, extrapolated) = all.threshold(1e-4).unwrap();
        assert!(extrapolated && beyond > 0.49, "{beyond}");
        assert_eq!(all.threshold(1.0), Some((-1.0, false)));
        // Equal scores stand or fall together.
        let equal = Comparisons::new(101, vec![], impostors(&[0.3; 100]));
        let (threshold, _) = equal.threshold(0.5).unwrap();
        assert_eq!(equal.false_matches(threshold), 0);
    }

    #[test]
    fn a_picture_that_could_not_be_used_fails_at_every_threshold() {
        let all = Comparisons::new(4, mated(&[Some(0.9), Some(0.5), None, Some(f32::NAN)]), vec![]);
        assert_eq!(all.false_non_matches(-1.0), 2);
        assert_eq!(all.fnmr(0.6), 0.75);
        assert_eq!(all.threshold(0.1), None, "no impostors, no threshold");
        assert_eq!(all.points(&[1e-3], 10, 1), vec![]);
    }

    #[test]
    fn where_no_error_was_seen_the_rule_of_three_speaks() {
        assert_eq!(rule_of_three(0, 130), Some(3.0 / 130.0));
        assert_eq!(rule_of_three(0, 2), Some(1.0));
        assert_eq!(rule_of_three(1, 130), None);
        assert_eq!(rule_of_three(0, 0), None);
    }

    #[test]
    fn persons_are_drawn_and_not_pairs() {
        // One person owns half of all genuine pairs and fails in each: drawing pairs would give a narrow interval,
        // drawing persons allows for that person to be absent or present three times.
        let mut genuine: Vec<Mated> = (0..20).map(|_| Mated { person: 0, score: Some(0.1) }).collect();
        genuine.extend((1..=20).map(|person| Mated { person, score: Some(0.9) }));
        let scores: Vec<f32> = (0..2000_u16).map(|i| f32::from(i % 400) / 1000.0).collect();
        let spread: Vec<NonMated> = scores
            .iter()
            .enumerate()
            .map(|(i, score)| NonMated { persons: [i % 21, (i + 1 + i / 21) % 21], score: *score })
            .collect();
        let all = Comparisons::new(21, genuine, spread);
        let [point] = all.points(&[1e-2], 400, 9)[..] else { panic!("one point") };
        assert_eq!(point.fnmr, 0.5);
        let interval = point.fnmr_interval.unwrap();
        assert!(interval.low < 0.05 && interval.high > 0.7, "{interval:?}");
        assert_eq!(all.points(&[1e-2], 400, 9), all.points(&[1e-2], 400, 9), "a seed repeats");
    }

    #[test]
    fn the_curve_falls_on_one_axis_as_it_rises_on_the_other() {
        let scores: Vec<f32> = (0..5000_u16).map(|i| f32::from(i) / 10_000.0).collect();
        let genuine: Vec<Option<f32>> = (0..100_u8).map(|i| Some(0.3 + f32::from(i) / 200.0)).collect();
        let all = Comparisons::new(5001, mated(&genuine), impostors(&scores));
        let curve = all.curve(60);
        assert!(curve.len() > 20);
        for pair in curve.windows(2) {
            let [[t, fmr, fnmr], [later_t, later_fmr, later_fnmr]] = pair else { panic!("pairs") };
            assert!(later_t > t && later_fmr <= fmr && later_fnmr >= fnmr);
        }
    }
}

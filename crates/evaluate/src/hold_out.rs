//! Hold-out: what an estimate of a threshold is worth on persons that it never saw.
//!
//! Lives here: three estimates of the threshold at a false match rate, each made from an eighth of the persons and judged on
//! the other seven, whose pairs are 49 times as many and so know the threshold better. Not here: choosing one: a report's
//! thresholds are the empirical ones from [`crate::FLOOR`] on, by what this comparison showed (docs/face.md).

use crate::rates::{Comparisons, Interval, interval};
use crate::resample::Draws;
use crate::tail::{Excesses, Fit};
use face::SplitMix64;
use serde::Serialize;

/// How often the rate is expected among the pairs of the fitted part: from a third of a false match to a hundred.
const EXPECTED: [f64; 6] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0];
/// One person in so many is fitted to.
const PART: usize = 8;
/// Share of impostor pairs that a tail is fitted to.
const TAIL: f64 = 2e-3;
/// Draws of persons behind the interval of each split.
const REPLICATES: usize = 200;

/// A way to a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimate {
    /// The least score that at most the rate's share of pairs reaches.
    Empirical,
    /// Peaks over threshold: generalised Pareto tail by probability-weighted moments.
    ParetoByMoments,
    /// The same by maximum likelihood.
    ParetoByLikelihood,
}

impl Estimate {
    const ALL: [Self; 3] = [Self::Empirical, Self::ParetoByMoments, Self::ParetoByLikelihood];

    /// Its name in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Empirical => "empirical",
            Self::ParetoByMoments => "Pareto tail, moments",
            Self::ParetoByLikelihood => "Pareto tail, likelihood",
        }
    }

    fn threshold(
        self,
        sample: &Comparisons,
        weights: Option<&[f32]>,
        total: f64,
        rates: &[f64],
    ) -> Vec<Option<f64>> {
        let weight = |pair: &crate::NonMated| weights.map_or(1.0, |weights| pair.weight(weights));
        let fit = match self {
            Self::Empirical => {
                return rates.iter().map(|rate| Some(sample.empirical(weight, rate * total))).collect();
            }
            Self::ParetoByMoments => Fit::Moments,
            Self::ParetoByLikelihood => Fit::Likelihood,
        };
        let scores = sample.impostors().iter().map(|pair| (f64::from(pair.score()), weight(pair)));
        let tail = Excesses::of(scores, total, TAIL).and_then(|excesses| excesses.fit(fit));
        rates.iter().map(|rate| tail?.score_at(*rate)).collect()
    }
}

/// One estimate at one rate, over all splits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HoldOutRow {
    /// The way to the threshold.
    pub estimate: Estimate,
    /// False matches that the rate means among the pairs of the fitted part.
    pub expected_false_matches: f64,
    /// The target false match rate, the median of all splits.
    pub fmr: f64,
    /// Number of splits in which there was an estimate, and enough held-out pairs to judge it.
    pub splits: usize,
    /// FMR on the held-out persons over the target: the median of the splits.
    pub ratio_median: f64,
    /// The same: 2.5th to 97.5th percentile.
    pub ratio_interval: Option<Interval>,
    /// Share of splits in which the 95 % interval holds the threshold of the held-out persons, 0 to 1.
    pub covered: f64,
    /// Share of splits in which the whole interval lies below that threshold: too optimistic, 0 to 1.
    pub too_low: f64,
}

/// One split's judgement of one estimate at one rate.
struct Judged {
    fmr: f64,
    ratio: f64,
    covered: bool,
    too_low: bool,
}

/// Compares the estimates on so many splits of the persons.
#[must_use]
pub fn hold_out(all: &Comparisons, splits: usize, seed: u64) -> Vec<HoldOutRow> {
    let mut chance = SplitMix64::new(seed);
    let mut judged: Vec<Vec<Judged>> = Vec::new();
    judged.resize_with(Estimate::ALL.len() * EXPECTED.len(), Vec::new);
    for _ in 0..splits {
        let fitted: Vec<bool> = (0..all.persons()).map(|_| chance.below(PART) == 0).collect();
        let is_fitted = |person: usize| fitted.get(person).copied().unwrap_or_default();
        let sample = all.among(is_fitted);
        let pairs = sample.impostors().len();
        let draws = Draws::new(sample.persons(), REPLICATES, chance.bits());
        let totals = sample.totals(&draws);
        let rates = EXPECTED.map(|expected| expected / pairs.max(1) as f64);
        let rest = all.among(|person| !is_fitted(person));
        for (place, estimate) in Estimate::ALL.into_iter().enumerate() {
            let found = estimate.threshold(&sample, None, pairs as f64, &rates);
            let mut drawn: Vec<Vec<f64>> = vec![Vec::new(); rates.len()];
            for (weights, total) in draws.replicates().zip(&totals).filter(|(_, total)| **total > 0.0) {
                let again = estimate.threshold(&sample, Some(weights), *total, &rates);
                for (thresholds, threshold) in drawn.iter_mut().zip(again) {
                    thresholds.extend(threshold);
                }
            }
            for (row, ((threshold, drawn), rate)) in found.into_iter().zip(drawn).zip(rates).enumerate() {
                let truth = rest.threshold(rate);
                let Some(((threshold, interval), truth)) = threshold.zip(interval(drawn)).zip(truth) else {
                    continue;
                };
                if let Some(rows) = judged.get_mut(place * EXPECTED.len() + row) {
                    rows.push(Judged {
                        fmr: rate,
                        ratio: rest.fmr(threshold) / rate,
                        covered: (interval.low..=interval.high).contains(&truth),
                        too_low: interval.high < truth,
                    });
                }
            }
        }
    }
    let names = Estimate::ALL.into_iter().flat_map(|estimate| EXPECTED.map(|expected| (estimate, expected)));
    names
        .zip(judged)
        .filter_map(|((estimate, expected), rows)| summed_up(estimate, expected, &rows))
        .collect()
}

fn summed_up(estimate: Estimate, expected: f64, rows: &[Judged]) -> Option<HoldOutRow> {
    if rows.is_empty() {
        return None;
    }
    let share =
        |which: fn(&Judged) -> bool| rows.iter().filter(|row| which(row)).count() as f64 / rows.len() as f64;
    Some(HoldOutRow {
        estimate,
        expected_false_matches: expected,
        fmr: crate::median(rows.iter().map(|row| row.fmr).collect()),
        splits: rows.len(),
        ratio_median: crate::median(rows.iter().map(|row| row.ratio).collect()),
        ratio_interval: interval(rows.iter().map(|row| row.ratio).collect()),
        covered: share(|row| row.covered),
        too_low: share(|row| row.too_low),
    })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "drawn numbers of tests")]
mod tests {
    use super::*;
    use crate::NonMated;

    /// Every two of some persons, whose score is the cosine of random directions: independent, its law known. In one family
    /// of four in fifty persons all look alike, as twins and brothers do: a second law beyond the tail of the first.
    fn drawn(persons: usize, families: bool, seed: u64) -> Comparisons {
        let mut chance = SplitMix64::new(seed);
        let mut direction = || -> Vec<f32> {
            let values: Vec<f64> = (0..32).map(|_| chance.bell()).collect();
            let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
            values.iter().map(|v| (v / length) as f32).collect()
        };
        let own: Vec<Vec<f32>> = (0..persons).map(|_| direction()).collect();
        let score = |a: usize, b: usize| {
            let alike: f32 = own[a].iter().zip(&own[b]).map(|(x, y)| x * y).sum();
            let kin = families && a % 200 < 4 && b % 200 < 4 && a / 200 == b / 200;
            if kin { 0.85 + 0.15 * alike } else { alike }
        };
        let pairs = (0..persons).flat_map(|a| (0..a).map(move |b| (a, b)));
        let impostors = pairs.map(|(a, b)| NonMated::new([a, b], score(a, b))).collect();
        Comparisons::new(persons, vec![], impostors)
    }

    fn row(rows: &[HoldOutRow], estimate: Estimate, expected: f64) -> &HoldOutRow {
        rows.iter().find(|row| row.estimate == estimate && row.expected_false_matches == expected).unwrap()
    }

    #[test]
    fn from_ten_false_matches_on_the_empirical_threshold_covers_and_a_fitted_tail_below_need_not() {
        for families in [false, true] {
            let rows = hold_out(&drawn(1600, families, 3), 40, 1);
            for expected in [10.0, 30.0, 100.0] {
                let row = row(&rows, Estimate::Empirical, expected);
                assert!(row.covered >= 0.9 && row.too_low <= 0.05, "{families} {row:?}");
                assert!((0.85..1.15).contains(&row.ratio_median), "{families} {row:?}");
            }
            // Of less than one false match the pairs themselves know nothing.
            assert!(row(&rows, Estimate::Empirical, 0.3).covered < 0.5, "{families}");
            for fitted in [Estimate::ParetoByMoments, Estimate::ParetoByLikelihood] {
                let row = row(&rows, fitted, 0.3);
                // A tail is right while there is one law, and sees nothing of a second one that lies beyond it.
                assert_eq!(row.covered >= 0.9, !families, "{row:?}");
                assert_eq!(row.ratio_median > 2.5, families, "{row:?}");
            }
        }
    }

    #[test]
    fn without_pairs_there_is_nothing_to_compare() {
        assert_eq!(hold_out(&Comparisons::new(0, vec![], vec![]), 3, 1), vec![]);
        assert_eq!(hold_out(&drawn(20, false, 1), 0, 1), vec![]);
    }
}

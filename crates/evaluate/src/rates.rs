//! Rates: false matches, false non-matches, the threshold between them, and how sure each figure is.
//!
//! Lives here: `Comparisons`, `Resampled`, `Point`, `Interval`. Words as in ISO/IEC 19795-1: FMR is the share of impostor
//! pairs at or above a threshold, FNMR the share of genuine pairs below it. A picture in which no face was found fails at
//! every threshold. A rate of which the pairs hold fewer than [`FLOOR`] false matches has no threshold.

use crate::resample::{Design, Draws};
use serde::Serialize;

/// The fewest false matches that a threshold rests on, as the rate times the number of pairs. Below it neither a fitted
/// tail nor the pairs themselves tell where the rate lies on other persons (`hold_out`).
pub const FLOOR: f64 = 10.0;

/// Two pictures of one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mated {
    /// The person, as an index.
    pub person: usize,
    /// The score; `None` where a face could not be used.
    pub score: Option<f32>,
}

/// Pictures of two persons: twelve bytes, for there are tens of millions of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NonMated {
    persons: [u32; 2],
    score: f32,
}

impl NonMated {
    /// The two persons, as indices, and their similarity, 1 at most.
    #[must_use]
    pub fn new(persons: [usize; 2], score: f32) -> Self {
        Self { persons: persons.map(|person| u32::try_from(person).unwrap_or(u32::MAX)), score }
    }

    /// The two persons, as indices.
    #[must_use]
    pub fn persons(&self) -> [usize; 2] {
        self.persons.map(|person| person as usize)
    }

    /// The similarity.
    #[must_use]
    pub const fn score(&self) -> f32 {
        self.score
    }

    pub(crate) fn weight(&self, weights: &[f32]) -> f64 {
        let [a, b] = self.persons.map(|person| weights.get(person as usize).copied().unwrap_or_default());
        f64::from(a * b)
    }
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
    /// Always false: a rate that the pairs do not hold has no threshold, see `not_measured`. Stays for who reads the form.
    pub extrapolated: bool,
    /// False matches that the rate means among these pairs: the rate times their number.
    pub expected_false_matches: f64,
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

/// A false match rate that these pairs do not hold: no threshold is given for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NotMeasured {
    /// The target false match rate, 0 to 1.
    pub fmr: f64,
    /// False matches that the rate means among these pairs; fewer than ten.
    pub expected_false_matches: f64,
    /// Impostor pairs that it takes at least.
    pub pairs_needed: f64,
}

/// The rates of some persons at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rates {
    /// Number of persons.
    pub persons: usize,
    /// Number of impostor pairs among them that were compared.
    pub impostor_pairs: usize,
    /// Number of them at or above the threshold.
    pub false_matches: usize,
    /// False match rate, 0 to 1.
    pub fmr: f64,
    /// Its 95 % bootstrap interval over these persons.
    pub fmr_interval: Option<Interval>,
    /// Upper bound with 95 % confidence where there was no false match (rule of three).
    pub fmr_rule_of_three: Option<f64>,
    /// Number of genuine pairs.
    pub genuine_pairs: usize,
    /// Number of them below the threshold.
    pub false_non_matches: usize,
    /// False non-match rate, 0 to 1.
    pub fnmr: f64,
    /// Its 95 % bootstrap interval over these persons.
    pub fnmr_interval: Option<Interval>,
    /// Upper bound with 95 % confidence where there was no false non-match (rule of three).
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

impl Comparisons {
    /// Takes the comparisons among `persons` persons.
    #[must_use]
    pub fn new(persons: usize, genuine: Vec<Mated>, mut impostors: Vec<NonMated>) -> Self {
        impostors.retain(|pair| pair.score.is_finite() && pair.persons[0] != pair.persons[1]);
        impostors
            .sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.persons.cmp(&b.persons)));
        Self { persons, genuine, impostors }
    }

    /// The comparisons among those persons alone that are picked, numbered anew.
    #[must_use]
    pub fn among(&self, pick: impl Fn(usize) -> bool) -> Self {
        let mut places = vec![None; self.persons];
        let mut persons = 0_u32;
        for (_, place) in places.iter_mut().enumerate().filter(|(person, _)| pick(*person)) {
            *place = Some(persons);
            persons += 1;
        }
        let place = |person: usize| places.get(person).copied().flatten();
        let genuine = self
            .genuine
            .iter()
            .filter_map(|pair| Some(Mated { person: place(pair.person)? as usize, score: pair.score }));
        let impostors = self.impostors.iter().filter_map(|pair| {
            let [a, b] = pair.persons();
            Some(NonMated { persons: [place(a)?, place(b)?], score: pair.score })
        });
        Self { persons: persons as usize, genuine: genuine.collect(), impostors: impostors.collect() }
    }

    /// Number of persons.
    #[must_use]
    pub const fn persons(&self) -> usize {
        self.persons
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

    /// The least threshold that at most this share of impostor pairs reaches; none where the pairs do not hold the rate.
    #[must_use]
    pub fn threshold(&self, fmr: f64) -> Option<f64> {
        self.not_measured(fmr).is_none().then(|| self.empirical(|_| 1.0, fmr * self.impostors.len() as f64))
    }

    /// Why there is no threshold for a rate.
    #[must_use]
    pub fn not_measured(&self, fmr: f64) -> Option<NotMeasured> {
        let expected = fmr * self.impostors.len() as f64;
        // A rate such as 1e-5 is no exact number.
        (expected < FLOOR * (1.0 - 1e-9)).then(|| NotMeasured {
            fmr,
            expected_false_matches: expected,
            pairs_needed: (FLOOR / fmr).round(),
        })
    }

    /// All persons drawn anew `replicates` times.
    #[must_use]
    pub fn resampled(&self, replicates: usize, seed: u64) -> Resampled<'_> {
        let draws = Draws::new(self.persons, replicates, seed);
        let totals = self.totals(&draws);
        Resampled { all: self, draws, totals }
    }

    /// Threshold, FMR and FNMR at up to `count` places of the curve, from many false matches to the fewest that say
    /// anything.
    #[must_use]
    pub fn curve(&self, count: usize) -> Vec<[f64; 3]> {
        let rate = |i: usize| 10_f64.powf(-7.0 * i as f64 / count.saturating_sub(1).max(1) as f64);
        let mut curve: Vec<[f64; 3]> = Vec::new();
        for threshold in (0..count).map_while(|i| self.threshold(rate(i))) {
            if curve.last().is_none_or(|[last, ..]| *last < threshold) {
                curve.push([threshold, self.fmr(threshold), self.fnmr(threshold)]);
            }
        }
        curve
    }

    /// The least threshold that pairs of at most the `allowed` weight reach.
    pub(crate) fn empirical(&self, weight: impl Fn(&NonMated) -> f64, allowed: f64) -> f64 {
        let mut matched = 0.0;
        for pair in &self.impostors {
            matched += weight(pair);
            if matched > allowed * (1.0 + 1e-12) {
                return f64::from(pair.score).next_up();
            }
        }
        // All of them may match.
        -1.0
    }

    /// The weight of all impostor pairs in each replicate.
    pub(crate) fn totals(&self, draws: &Draws) -> Vec<f64> {
        Design::of(self.impostors.iter().map(|pair| pair.persons)).totals(draws)
    }
}

/// Comparisons with the draws of persons behind every interval.
#[derive(Debug, Clone)]
pub struct Resampled<'a> {
    all: &'a Comparisons,
    draws: Draws,
    /// The weight of all impostor pairs in each replicate.
    totals: Vec<f64>,
}

impl Resampled<'_> {
    /// The comparisons that are drawn from.
    #[must_use]
    pub const fn all(&self) -> &Comparisons {
        self.all
    }

    /// Thresholds at these false match rates with their intervals, and the rates that the pairs do not hold.
    #[must_use]
    pub fn points(&self, rates: &[f64]) -> (Vec<Point>, Vec<NotMeasured>) {
        let points = rates.iter().filter_map(|rate| self.point(*rate)).collect();
        (points, rates.iter().filter_map(|rate| self.all.not_measured(*rate)).collect())
    }

    /// The threshold at a false match rate, found anew in each replicate by the weight of the pairs that were drawn.
    #[must_use]
    pub fn point(&self, fmr: f64) -> Option<Point> {
        let threshold = self.all.threshold(fmr)?;
        let (mut thresholds, mut fnmrs) = (Vec::new(), Vec::new());
        for (weights, total) in self.draws.replicates().zip(&self.totals).filter(|(_, total)| **total > 0.0) {
            let threshold = self.all.empirical(|pair| pair.weight(weights), fmr * total);
            thresholds.push(threshold);
            fnmrs.extend(self.all.weighted_fnmr(weights, threshold));
        }
        let errors = self.all.false_non_matches(threshold);
        Some(Point {
            fmr,
            extrapolated: false,
            expected_false_matches: fmr * self.all.impostors.len() as f64,
            threshold,
            threshold_interval: interval(thresholds),
            false_matches: self.all.false_matches(threshold),
            false_non_matches: errors,
            fnmr: ratio(errors, self.all.genuine.len()),
            fnmr_interval: interval(fnmrs),
            fnmr_rule_of_three: rule_of_three(errors, self.all.genuine.len()),
        })
    }

    /// The interval of false match and false non-match rate at one threshold: in each replicate the weight of the pairs
    /// that match, over the weight of all pairs that were drawn.
    #[must_use]
    pub fn intervals_at(&self, threshold: f64) -> [Option<Interval>; 2] {
        let (mut fmrs, mut fnmrs) = (Vec::new(), Vec::new());
        let reached = self.all.impostors.get(..self.all.false_matches(threshold)).unwrap_or_default();
        for (weights, total) in self.draws.replicates().zip(&self.totals) {
            if *total > 0.0 {
                fmrs.push(reached.iter().map(|pair| pair.weight(weights)).sum::<f64>() / total);
            }
            fnmrs.extend(self.all.weighted_fnmr(weights, threshold));
        }
        [interval(fmrs), interval(fnmrs)]
    }

    /// Both rates at a threshold, with their intervals.
    #[must_use]
    pub fn rates_at(&self, threshold: f64) -> Rates {
        let [fmr_interval, fnmr_interval] = self.intervals_at(threshold);
        let (pairs, genuine) = (self.all.impostors.len(), self.all.genuine.len());
        let (matched, failed) = (self.all.false_matches(threshold), self.all.false_non_matches(threshold));
        Rates {
            persons: self.all.persons,
            impostor_pairs: pairs,
            false_matches: matched,
            fmr: ratio(matched, pairs),
            fmr_interval,
            fmr_rule_of_three: rule_of_three(matched, pairs),
            genuine_pairs: genuine,
            false_non_matches: failed,
            fnmr: ratio(failed, genuine),
            fnmr_interval,
            fnmr_rule_of_three: rule_of_three(failed, genuine),
        }
    }
}

impl Comparisons {
    fn weighted_fnmr(&self, weights: &[f32], threshold: f64) -> Option<f64> {
        let weight = |pair: &Mated| weights.get(pair.person).copied().map_or(0.0, f64::from);
        let total: f64 = self.genuine.iter().map(weight).sum();
        let failed = self.genuine.iter().filter(|pair| fails(pair, threshold));
        (total > 0.0).then(|| failed.map(weight).sum::<f64>() / total)
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

pub(crate) fn interval(mut values: Vec<f64>) -> Option<Interval> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    // Adding nothing makes of a negative zero a plain one.
    let at = |thousandths: usize| values.get((last * thousandths + 500) / 1000).map(|value| value + 0.0);
    Some(Interval { low: at(25)?, high: at(975)? })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "drawn numbers of tests")]
mod tests {
    use super::*;
    use face::SplitMix64;

    fn impostors(scores: &[f32]) -> Vec<NonMated> {
        scores.iter().enumerate().map(|(i, score)| NonMated::new([i, i + 1], *score)).collect()
    }

    fn mated(scores: &[Option<f32>]) -> Vec<Mated> {
        scores.iter().enumerate().map(|(person, score)| Mated { person, score: *score }).collect()
    }

    #[test]
    fn a_threshold_lets_at_most_the_allowed_share_through_and_not_one_more_is_shut_out() {
        let scores: Vec<f32> = (0..10_000_u16).map(|i| f32::from(i) / 20_000.0).collect();
        let all = Comparisons::new(10_001, vec![], impostors(&scores));
        for (fmr, allowed) in [(1e-3, 10), (5e-3, 50), (0.1, 1000)] {
            assert_eq!(all.false_matches(all.threshold(fmr).unwrap()), allowed, "row {fmr}");
        }
        assert_eq!(all.threshold(1.0), Some(-1.0));
        // Equal scores stand or fall together.
        let equal = Comparisons::new(101, vec![], impostors(&[0.3; 100]));
        assert_eq!(equal.false_matches(equal.threshold(0.5).unwrap()), 0);
    }

    #[test]
    fn a_rate_of_which_the_pairs_hold_fewer_than_ten_false_matches_has_no_threshold() {
        let scores: Vec<f32> = (0..10_000_u16).map(|i| f32::from(i) / 20_000.0).collect();
        let all = Comparisons::new(10_001, vec![], impostors(&scores));
        let (points, missing) = all.resampled(50, 1).points(&[1e-3, 9.9e-4, 1e-6]);
        assert_eq!(points.iter().map(|point| point.fmr).collect::<Vec<_>>(), [1e-3]);
        assert!((points[0].expected_false_matches - 10.0).abs() < 1e-9);
        let rows: Vec<_> = missing.iter().map(|row| (row.fmr, row.pairs_needed)).collect();
        assert_eq!(rows, [(9.9e-4, 10_101.0), (1e-6, 10_000_000.0)]);
        assert_eq!(all.threshold(9.9e-4), None);
    }

    #[test]
    fn a_picture_that_could_not_be_used_fails_at_every_threshold() {
        let all = Comparisons::new(4, mated(&[Some(0.9), Some(0.5), None, Some(f32::NAN)]), vec![]);
        assert_eq!(all.false_non_matches(-1.0), 2);
        assert_eq!(all.fnmr(0.6), 0.75);
        assert_eq!(all.threshold(0.1), None, "no impostors, no threshold");
        assert_eq!(all.resampled(10, 1).points(&[1e-3]).0, vec![]);
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
            .map(|(i, score)| NonMated::new([i % 21, (i + 1 + i / 21) % 21], *score))
            .collect();
        let all = Comparisons::new(21, genuine, spread);
        let point = all.resampled(400, 9).point(1e-2).unwrap();
        assert_eq!(point.fnmr, 0.5);
        let interval = point.fnmr_interval.unwrap();
        assert!(interval.low < 0.05 && interval.high > 0.7, "{interval:?}");
        assert_eq!(all.resampled(400, 9).point(1e-2), Some(point), "a seed repeats");
    }

    #[test]
    fn the_interval_of_a_list_of_pairs_is_about_its_own_rate() {
        // No two pairs share a person: an interval by all that could be drawn, and not by what was, was 0.45 to 1.92
        // times the rate at every threshold, even where all pairs match.
        let listed = |count: usize, matches: usize| {
            let pair = |i: usize| NonMated::new([2 * i, 2 * i + 1], if i < matches { 0.9 } else { 0.1 });
            Comparisons::new(2 * count, vec![], (0..count).map(pair).collect())
        };
        let [all_match, _] = listed(40, 40).resampled(400, 3).intervals_at(0.5);
        assert_eq!(all_match, Some(Interval { low: 1.0, high: 1.0 }));
        for (count, matches) in [(300, 150), (3000, 300), (3000, 60)] {
            let list = listed(count, matches);
            let resampled = list.resampled(1000, 7);
            let rate = matches as f64 / count as f64;
            let Interval { low, high } = resampled.intervals_at(0.5)[0].unwrap();
            let deviation = (rate * (1.0 - rate) / count as f64).sqrt();
            // It holds what chance does to so many pairs (1.96 deviations) and at most the root of three of it.
            assert!(low < rate - 1.7 * deviation && low > rate - 3.8 * deviation, "row {count}: {low}");
            assert!(high > rate + 1.7 * deviation && high < rate + 4.2 * deviation, "row {count}: {high}");
            let centre = f64::midpoint(low, high);
            assert!((centre / rate - 1.0).abs() < 0.12, "row {count}: {centre} for {rate}");
        }
    }

    #[test]
    fn nine_in_ten_intervals_hold_the_true_rate_whether_pairs_share_persons_or_not() {
        // The law: a person's own liking to match, and chance; so pairs of one person hang together. The true rate is
        // the mean over very many persons.
        let draw = |count: usize, chance: &mut SplitMix64| -> Vec<f64> {
            (0..count).map(|_| if chance.uniform() < 0.1 { 0.25 } else { 0.05 }).collect()
        };
        let truth = 0.07 * 0.07;
        for complete in [true, false] {
            let mut chance = SplitMix64::new(11);
            let mut covered = 0;
            for _ in 0..100 {
                let count = if complete { 120 } else { 4000 };
                let likings = draw(count, &mut chance);
                let pairs: Vec<[usize; 2]> = if complete {
                    (0..count).flat_map(|a| (0..a).map(move |b| [a, b])).collect()
                } else {
                    (0..count / 2).map(|i| [2 * i, 2 * i + 1]).collect()
                };
                let impostors = pairs.into_iter().map(|persons| {
                    let rate: f64 = persons.map(|person| likings[person]).iter().product();
                    NonMated::new(persons, if chance.uniform() < rate { 0.9 } else { 0.1 })
                });
                let all = Comparisons::new(count, vec![], impostors.collect());
                let interval = all.resampled(200, chance.bits()).intervals_at(0.5)[0].unwrap();
                covered += usize::from((interval.low..=interval.high).contains(&truth));
            }
            assert!(covered >= 90, "complete {complete}: {covered} of 100");
        }
    }

    #[test]
    fn the_thresholds_interval_goes_by_the_weight_of_the_pairs_that_were_drawn() {
        // Among disjoint pairs 0.999 of the scores lie evenly below 0.5: the threshold at 5 % is 0.475.
        let mut chance = SplitMix64::new(4);
        let pairs = (0..2000).map(|i| NonMated::new([2 * i, 2 * i + 1], chance.uniform() as f32 / 2.0));
        let all = Comparisons::new(4000, vec![], pairs.collect());
        let point = all.resampled(1000, 5).point(5e-2).unwrap();
        let Interval { low, high } = point.threshold_interval.unwrap();
        assert!(low < 0.475 && high > 0.475 && high - low < 0.022, "{low} to {high}");
    }

    #[test]
    fn some_persons_alone_are_compared_as_if_there_were_no_others() {
        let pairs = (0..30).flat_map(|a| (0..a).map(move |b| NonMated::new([a, b], (a + b) as f32 / 100.0)));
        let genuine = (0..30).map(|person| Mated { person, score: Some(person as f32 / 30.0) });
        let all = Comparisons::new(30, genuine.collect(), pairs.collect());
        let odd = all.among(|person| person % 2 == 1);
        assert_eq!((odd.persons(), odd.genuine().len(), odd.impostors().len()), (15, 15, 105));
        assert_eq!(odd.impostors()[0], NonMated::new([14, 13], 0.56));
    }

    #[test]
    fn the_curve_falls_on_one_axis_as_it_rises_on_the_other() {
        let scores: Vec<f32> = (0..50_000_u16).map(|i| f32::from(i) / 100_000.0).collect();
        let genuine: Vec<Option<f32>> = (0..100_u8).map(|i| Some(0.3 + f32::from(i) / 200.0)).collect();
        let all = Comparisons::new(50_001, mated(&genuine), impostors(&scores));
        let curve = all.curve(60);
        assert!(curve.len() > 20);
        for pair in curve.windows(2) {
            let [[t, fmr, fnmr], [later_t, later_fmr, later_fnmr]] = pair else { panic!("pairs") };
            assert!(later_t > t && later_fmr <= fmr && later_fnmr >= fnmr);
        }
        assert!(curve.iter().all(|[_, fmr, _]| fmr * 50_000.0 >= 9.5), "no place below the floor");
    }
}

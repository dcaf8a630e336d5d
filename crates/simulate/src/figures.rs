//! Figures: rates with intervals, curves, the comparison of groups and of weeks, from counts.
//!
//! Lives here: [`Rate`], [`average_precision`], [`curve`], [`group_ratio`], [`stability`]. Not here: counting (`tally`), pages.

use evaluate::{Interval, wilson};
use serde::Serialize;

use crate::tally::Histogram;

/// A share of counted cases, with its 95 % interval (Wilson).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// How many.
    pub hits: u64,
    /// Of how many.
    pub of: u64,
    /// The share; 0 of none.
    pub share: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Rate {
    /// `hits` of `of`.
    #[must_use]
    pub fn new(hits: u64, of: u64) -> Self {
        let Interval { low, high } = wilson(hits, of);
        Self { hits, of, share: rounded(ratio(hits, of)), low: rounded(low), high: rounded(high) }
    }
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
pub fn real(count: u64) -> f64 {
    count as f64
}

/// A share; 0 of none.
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { real(part) / real(whole) }
}

/// Six digits after the point: what is printed is the same on every machine.
pub fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// A point of a curve: everything with this score or more is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// The score.
    pub score: u64,
    /// The share of the kind's crossings that is found.
    pub recall: f64,
    /// The share of what is asked about that is of the kind.
    pub precision: f64,
    /// The share of honest crossings that is asked about.
    pub honest: f64,
}

/// The curve of a kind against honest crossings, from the highest score down; scores that nothing has are left out.
pub fn curve(kind: &Histogram, honest: &Histogram) -> Vec<Point> {
    let (all, all_honest) = (kind.total(), honest.total());
    let (mut found, mut wrong) = (0, 0);
    let mut points = Vec::new();
    for (score, (hits, errors)) in kind.counts().iter().zip(honest.counts()).enumerate().rev() {
        if *hits == 0 && *errors == 0 {
            continue;
        }
        found += hits;
        wrong += errors;
        points.push(Point {
            score: u64::try_from(score).unwrap_or(0),
            recall: rounded(ratio(found, all)),
            precision: rounded(ratio(found, found + wrong)),
            honest: rounded(ratio(wrong, all_honest)),
        });
    }
    points
}

/// The area under the precision-recall curve, as average precision: no line is drawn between points that scores do not tell apart.
pub fn average_precision(points: &[Point]) -> f64 {
    let mut before = 0.0;
    let mut area = 0.0;
    for point in points {
        area += (point.recall - before) * point.precision;
        before = point.recall;
    }
    rounded(area)
}

/// One group of people in the audit.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Its name.
    pub name: &'static str,
    /// People of it who crossed.
    pub people: u64,
    /// Of them people with an extra measure.
    pub people_alarmed: u64,
    /// Honest crossings.
    pub crossings: u64,
    /// Of them those with an extra measure.
    pub alarms: u64,
    /// The share.
    pub rate: f64,
    /// The variance of the share, a person's crossings taken together.
    #[serde(skip)]
    pub variance: f64,
}

impl Group {
    /// A group from each person's crossings and alarms.
    pub fn new(name: &'static str, people: impl Iterator<Item = (u32, u32)> + Clone) -> Self {
        let mut group =
            Self { name, people: 0, people_alarmed: 0, crossings: 0, alarms: 0, rate: 0.0, variance: 0.0 };
        for (crossings, alarms) in people.clone().filter(|(crossings, _)| *crossings > 0) {
            group.people += 1;
            group.people_alarmed += u64::from(alarms > 0);
            group.crossings += u64::from(crossings);
            group.alarms += u64::from(alarms);
        }
        let rate = ratio(group.alarms, group.crossings);
        let squares: f64 =
            people.map(|(crossings, alarms)| (f64::from(alarms) - rate * f64::from(crossings)).powi(2)).sum();
        let whole = real(group.crossings).max(1.0);
        (group.rate, group.variance) = (rounded(rate), squares / (whole * whole));
        group
    }
}

/// The highest rate of false alarms of an attribute's groups over the lowest.
#[derive(Debug, Clone, Serialize)]
pub struct GroupRatio {
    /// What the groups differ by.
    pub attribute: &'static str,
    /// The groups.
    pub groups: Vec<Group>,
    /// Highest over lowest, of the groups with alarms enough; none where fewer than two have.
    pub worst: Option<f64>,
    /// 95 %, a person's crossings counted as one.
    pub low: Option<f64>,
    /// 95 %.
    pub high: Option<f64>,
}

/// Fewest alarms of a group that is compared: two equal groups of 300 differ by chance up to 1.17.
pub const FEWEST_ALARMS: u64 = 300;

/// Compares groups.
pub fn group_ratio(attribute: &'static str, groups: Vec<Group>) -> GroupRatio {
    let enough = || groups.iter().filter(|group| group.alarms >= FEWEST_ALARMS);
    let order = |a: &&Group, b: &&Group| a.rate.total_cmp(&b.rate);
    let ends = enough().max_by(order).zip(enough().min_by(order)).filter(|_| enough().count() >= 2);
    let worst = ends.map(|(most, least)| {
        let worst = most.rate / least.rate;
        let relative = |group: &Group| group.variance / (group.rate * group.rate);
        let spread = (1.96 * (relative(most) + relative(least)).sqrt()).exp();
        [worst, worst / spread, worst * spread].map(|value| (value * 1000.0).round() / 1000.0)
    });
    GroupRatio {
        attribute,
        worst: worst.map(|[worst, ..]| worst),
        low: worst.map(|[_, low, _]| low),
        high: worst.map(|[.., high]| high),
        groups,
    }
}

/// The population stability index of two weeks' bands; an empty band counts as half a crossing.
pub fn stability(before: &[u64], after: &[u64]) -> f64 {
    let total = |bands: &[u64]| bands.iter().map(|count| real(*count).max(0.5)).sum::<f64>();
    let (all_before, all_after) = (total(before), total(after));
    let pairs = before.iter().zip(after).filter(|(a, b)| **a > 0 || **b > 0);
    let index: f64 = pairs
        .map(|(a, b)| {
            let (a, b) = (real(*a).max(0.5) / all_before, real(*b).max(0.5) / all_after);
            (b - a) * (b / a).ln()
        })
        .sum();
    rounded(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(counts: &[(i64, u64)]) -> Histogram {
        let mut histogram = Histogram::new(16);
        for (score, count) in counts {
            (0..*count).for_each(|_| histogram.add(*score));
        }
        histogram
    }

    #[test]
    fn the_area_is_one_for_a_perfect_score_and_the_share_for_a_blind_one() {
        let (kind, honest) = (scores(&[(9, 10)]), scores(&[(0, 990)]));
        assert!((average_precision(&curve(&kind, &honest)) - 1.0).abs() < 1e-6);
        let (kind, honest) = (scores(&[(3, 10)]), scores(&[(3, 990)]));
        assert!((average_precision(&curve(&kind, &honest)) - 0.01).abs() < 1e-6);
        // Five of ten above all others, five among a hundred: 0.5 x 1 + 0.5 x 10/110.
        let (kind, honest) = (scores(&[(9, 5), (0, 5)]), scores(&[(0, 100)]));
        assert!((average_precision(&curve(&kind, &honest)) - 0.545_454).abs() < 1e-5);
    }

    #[test]
    fn groups_are_compared_only_with_alarms_enough_and_one_person_counts_once() {
        let many = |alarms: u32| (0..2000).map(move |at| (10, if at % 10 == 0 { alarms } else { 0 }));
        let groups =
            vec![Group::new("a", many(2)), Group::new("b", many(3)), Group::new("c", [(5, 1)].into_iter())];
        let compared = group_ratio("x", groups);
        assert_eq!(compared.worst, Some(1.5));
        assert!(compared.low.unwrap() < 1.3 && compared.high.unwrap() > 1.7, "{compared:?}");
        assert_eq!(group_ratio("y", vec![Group::new("a", many(2))]).worst, None);
    }

    #[test]
    fn weeks_alike_have_no_index_and_a_shift_has() {
        assert!(stability(&[100, 200], &[50, 100]).abs() < 1e-9);
        // (0.5 - 0.9) ln(0.5 / 0.9) + (0.5 - 0.1) ln(0.5 / 0.1) = 0.8789
        assert!((stability(&[900, 100], &[500, 500]) - 0.8789).abs() < 1e-4);
    }
}

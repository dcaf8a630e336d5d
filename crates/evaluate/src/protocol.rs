//! Protocol: the figures that papers give for Labeled Faces in the Wild, from its own list of pairs.
//!
//! Lives here: accuracy over folds, TAR at a FAR. Not here: reading the list (`list`). They compare matchers on a public
//! list; three false matches in a thousand pairs say little about a border.

use crate::markup::percent;
use serde::Serialize;
use std::fmt::Write as _;

/// One pair of the list, compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoldedPair {
    /// Which part of the list it stands in, from 0.
    pub fold: usize,
    /// Whether both pictures show one person.
    pub same: bool,
    /// The score; `None` where a face could not be used: the pair is then judged as two persons.
    pub score: Option<f32>,
}

/// Share of genuine pairs accepted at a false accept rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AcceptRate {
    /// The false accept rate that is allowed, 0 to 1.
    pub far: f64,
    /// Impostor pairs that may match by it.
    pub allowed: usize,
    /// The least score that is a match.
    pub threshold: f64,
    /// True accept rate: share of genuine pairs at or above it, 0 to 1.
    pub tar: f64,
}

/// The figures of the protocol.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Protocol {
    /// Number of folds with pairs.
    pub folds: usize,
    /// Genuine pairs compared.
    pub genuine_pairs: usize,
    /// Impostor pairs compared.
    pub impostor_pairs: usize,
    /// Pairs with a picture in which no face could be used: judged as two persons.
    pub without_a_face: usize,
    /// Mean of the folds' accuracies, each at the threshold that is best on the other folds.
    pub accuracy: f64,
    /// Standard error of that mean.
    pub standard_error: f64,
    /// TAR at FAR 1e-3 and at no false accept at all.
    pub accept_rates: Vec<AcceptRate>,
}

const FARS: [f64; 2] = [1e-3, 0.0];

impl Protocol {
    /// From all pairs; none of fewer than two folds.
    #[must_use]
    pub fn of(pairs: &[FoldedPair]) -> Option<Self> {
        let mut folds: Vec<usize> = pairs.iter().map(|pair| pair.fold).collect();
        folds.sort_unstable();
        folds.dedup();
        if folds.len() < 2 {
            return None;
        }
        let accuracies: Vec<f64> = folds
            .iter()
            .map(|fold| {
                let threshold = best(pairs.iter().filter(|pair| pair.fold != *fold));
                let tenth = || pairs.iter().filter(|pair| pair.fold == *fold);
                let right = tenth().filter(|pair| matches(pair, threshold) == pair.same).count();
                right as f64 / tenth().count().max(1) as f64
            })
            .collect();
        let count = accuracies.len() as f64;
        let accuracy = accuracies.iter().sum::<f64>() / count;
        let squares: f64 = accuracies.iter().map(|each| (each - accuracy).powi(2)).sum();
        let of = |same: bool| pairs.iter().filter(move |pair| pair.same == same);
        let mut impostors: Vec<f64> = of(false).filter_map(|pair| pair.score.map(f64::from)).collect();
        impostors.sort_by(|a, b| b.total_cmp(a));
        let (genuine_pairs, impostor_pairs) = (of(true).count(), of(false).count());
        let accept_rates = FARS.map(|far| {
            let allowed = whole(far * impostor_pairs as f64);
            let threshold = impostors.get(allowed).map_or(-1.0, |score| score.next_up());
            let accepted = of(true).filter(|pair| matches(pair, threshold)).count();
            AcceptRate { far, allowed, threshold, tar: accepted as f64 / genuine_pairs.max(1) as f64 }
        });
        Some(Self {
            folds: folds.len(),
            genuine_pairs,
            impostor_pairs,
            without_a_face: pairs.iter().filter(|pair| pair.score.is_none()).count(),
            accuracy,
            standard_error: (squares / (count - 1.0) / count).sqrt(),
            accept_rates: if genuine_pairs > 0 && impostor_pairs > 0 {
                accept_rates.to_vec()
            } else {
                Vec::new()
            },
        })
    }

    /// All of them in one line.
    #[must_use]
    pub fn figures(&self) -> String {
        let mut line = format!(
            "accuracy {} (standard error {}) over {} folds of {} genuine and {} impostor pairs",
            percent(self.accuracy),
            percent(self.standard_error),
            self.folds,
            self.genuine_pairs,
            self.impostor_pairs
        );
        for rate in &self.accept_rates {
            let _ =
                write!(line, "; TAR {} at FAR {} ({} allowed)", percent(rate.tar), rate.far, rate.allowed);
        }
        line
    }
}

fn matches(pair: &FoldedPair, threshold: f64) -> bool {
    pair.score.is_some_and(|score| f64::from(score) >= threshold)
}

/// The threshold with most right answers, halfway between two scores; of several the lowest.
fn best<'a>(pairs: impl Iterator<Item = &'a FoldedPair>) -> f64 {
    let mut scored: Vec<(f64, bool)> =
        pairs.filter_map(|pair| pair.score.map(|score| (f64::from(score), pair.same))).collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    // At first everything matches; each score that is left below turns one answer round.
    let (mut right, mut most, mut threshold) = (0_i64, 0_i64, -1.0);
    let mut rest = scored.iter().peekable();
    while let Some((score, same)) = rest.next() {
        right += if *same { -1 } else { 1 };
        let next = rest.peek().map_or(1.0, |(next, _)| *next);
        if next > *score && right > most {
            (most, threshold) = (right, f64::midpoint(*score, next));
        }
    }
    threshold
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
fn whole(value: f64) -> usize {
    (value + 1e-9).floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(fold: usize, same: bool, score: f32) -> FoldedPair {
        FoldedPair { fold, same, score: Some(score) }
    }

    #[test]
    fn each_fold_is_judged_at_the_threshold_of_the_others() {
        // Two folds that are each right alone, and whose thresholds differ: judged by itself each would be perfect.
        let pairs = [pair(0, true, 0.5), pair(0, false, 0.3), pair(1, true, 0.9), pair(1, false, 0.7)];
        let protocol = Protocol::of(&pairs).unwrap();
        // The first fold at 0.8 takes both for two persons; the second at 0.4 both for one.
        assert_eq!((protocol.folds, protocol.accuracy, protocol.standard_error), (2, 0.5, 0.0));
        assert_eq!(Protocol::of(&pairs[..2]), None, "one fold has no others");
    }

    #[test]
    fn the_mean_and_its_standard_error_are_over_folds() {
        let mut pairs = Vec::new();
        for fold in 0..10 {
            for i in 0..100 {
                // In the even folds two genuine pairs of a hundred score like impostors.
                let low = fold % 2 == 0 && i < 2;
                pairs.push(pair(fold, true, if low { 0.1 } else { 0.8 }));
                pairs.push(pair(fold, false, 0.2));
            }
        }
        let protocol = Protocol::of(&pairs).unwrap();
        assert!((protocol.accuracy - 0.995).abs() < 1e-12);
        // Ten values 0.99 and 1 alternating: deviation 0.005 * sqrt(10 / 9), over the root of ten.
        assert!((protocol.standard_error - 0.005 * (10.0_f64 / 9.0).sqrt() / 10.0_f64.sqrt()).abs() < 1e-12);
        let [at_thousandth, at_none] = protocol.accept_rates[..] else { panic!("two rates") };
        assert_eq!((at_thousandth.allowed, at_none.allowed), (1, 0));
        assert_eq!((at_thousandth.tar, at_none.tar), (0.99, 0.99));
    }

    #[test]
    fn a_pair_without_a_face_is_taken_for_two_persons() {
        let mut pairs =
            vec![pair(0, true, 0.9), pair(0, false, 0.1), pair(1, true, 0.9), pair(1, false, 0.1)];
        pairs.push(FoldedPair { fold: 0, same: true, score: None });
        pairs.push(FoldedPair { fold: 1, same: false, score: None });
        let protocol = Protocol::of(&pairs).unwrap();
        assert_eq!((protocol.without_a_face, protocol.genuine_pairs), (2, 3));
        assert!((protocol.accuracy - (2.0 / 3.0 + 1.0) / 2.0).abs() < 1e-12);
        assert!((protocol.accept_rates[1].tar - 2.0 / 3.0).abs() < 1e-12);
    }
}

//! Concentration: whether false matches are spread evenly or belong to a few pictures.
//!
//! Lives here: `Concentration`. An average rate hides the risk from a chosen look-alike; this measure shows it.

use crate::rates::{Comparisons, ratio};
use serde::Serialize;

/// Who takes part in the false matches at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Concentration {
    /// Lowest score that counts as a match.
    pub threshold: f64,
    /// Number of false matches at this threshold.
    pub false_matches: usize,
    /// Share of persons that take part in any false match, 0 to 1.
    pub share_in_any: f64,
    /// Smallest share of persons found that takes part in half of the false matches, 0 to 1.
    pub share_in_half: f64,
    /// False matches of the person with the most, over the mean of all persons.
    pub worst_over_mean: f64,
}

impl Concentration {
    /// Among the persons of these comparisons. Persons are taken one by one, each time the one that adds most.
    #[must_use]
    pub fn at(all: &Comparisons, persons: usize, threshold: f64) -> Option<Self> {
        let matched = all.impostors().get(..all.false_matches(threshold))?;
        if matched.is_empty() {
            return None;
        }
        let count = |pairs: &[[usize; 2]]| {
            let mut counts = vec![0_usize; persons];
            for person in pairs.iter().flatten() {
                if let Some(count) = counts.get_mut(*person) {
                    *count += 1;
                }
            }
            counts
        };
        let mut open: Vec<[usize; 2]> = matched.iter().map(crate::NonMated::persons).collect();
        let counts = count(&open);
        let most = counts.iter().copied().max().unwrap_or(0);
        let mut taken = 0;
        while (matched.len() - open.len()) * 2 < matched.len() {
            let counts = count(&open);
            let Some((person, _)) = counts.iter().enumerate().max_by_key(|(_, count)| **count) else { break };
            let before = open.len();
            open.retain(|pair| !pair.contains(&person));
            if open.len() == before {
                break;
            }
            taken += 1;
        }
        let mean = 2.0 * matched.len() as f64 / persons.max(1) as f64;
        Some(Self {
            threshold,
            false_matches: matched.len(),
            share_in_any: ratio(counts.iter().filter(|count| **count > 0).count(), persons),
            share_in_half: ratio(taken, persons),
            worst_over_mean: most as f64 / mean,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NonMated;

    #[test]
    fn one_look_alike_of_everybody_owns_all_false_matches() {
        let pairs = |with: fn(usize) -> usize| -> Vec<NonMated> {
            (1..10).map(|i| NonMated::new([with(i), i], 0.9)).collect()
        };
        let one = Concentration::at(&Comparisons::new(10, vec![], pairs(|_| 0)), 10, 0.5).unwrap();
        assert_eq!((one.false_matches, one.share_in_any, one.share_in_half), (9, 1.0, 0.1));
        assert!((one.worst_over_mean - 5.0).abs() < 1e-9);
        let chain = Concentration::at(&Comparisons::new(10, vec![], pairs(|i| i - 1)), 10, 0.5).unwrap();
        assert!(chain.share_in_half > 0.2);
        assert_eq!(Concentration::at(&Comparisons::new(10, vec![], pairs(|_| 0)), 10, 0.95), None);
    }
}

//! Cohorts: whether the matcher errs more often with some people than with others.
//!
//! Lives here: labels that the operator gives, and the rates by label. Nothing here guesses a label from a picture.

use crate::rates::{Comparisons, ratio, rule_of_three};
use serde::Serialize;
use std::collections::BTreeMap;

/// Which cohort a person belongs to, by the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cohorts {
    of_person: BTreeMap<String, String>,
}

/// Why a list of cohorts cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CohortsError {
    /// A line is not a person and a label, separated by a comma or a tab.
    #[error("line {line} of the cohorts is not `person,label`")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A person has two labels.
    #[error("line {line} of the cohorts gives a person a second label")]
    Twice {
        /// Number of the line, from 1.
        line: usize,
    },
}

/// The rates of one cohort at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CohortRates {
    /// The label in the operator's list.
    pub label: String,
    /// Number of persons with this label.
    pub persons: usize,
    /// Number of impostor pairs within the cohort, whose members an impostor would choose.
    pub impostor_pairs: usize,
    /// Number of them at or above the threshold.
    pub false_matches: usize,
    /// False match rate, 0 to 1.
    pub fmr: f64,
    /// Upper bound with 95 % confidence where there was no false match (rule of three).
    pub fmr_rule_of_three: Option<f64>,
    /// Number of genuine pairs.
    pub genuine_pairs: usize,
    /// Number of them below the threshold.
    pub false_non_matches: usize,
    /// False non-match rate, 0 to 1.
    pub fnmr: f64,
    /// Upper bound with 95 % confidence where there was no false non-match (rule of three).
    pub fnmr_rule_of_three: Option<f64>,
}

/// All cohorts at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CohortReport {
    /// Lowest score that counts as a match.
    pub threshold: f64,
    /// The rates of each cohort.
    pub cohorts: Vec<CohortRates>,
    /// Highest FMR over lowest, among cohorts with impostor pairs. A cohort without a false match counts with its
    /// upper bound by the rule of three, so the true ratio may be larger: see `fmr_ratio_is_bound`.
    pub worst_fmr_ratio: Option<f64>,
    /// At least one side of the ratio is a bound.
    pub fmr_ratio_is_bound: bool,
    /// The same for FNMR.
    pub worst_fnmr_ratio: Option<f64>,
    /// At least one side of the ratio is a bound.
    pub fnmr_ratio_is_bound: bool,
    /// Persons without a label; they are in no row.
    pub unlabelled: usize,
}

impl Cohorts {
    /// Reads `person,label` (or with a tab), one a line; empty lines, lines from `#` on and a header `person,...` are
    /// passed over.
    ///
    /// # Errors
    /// [`CohortsError`] for the first line that cannot be read.
    pub fn read(text: &str) -> Result<Self, CohortsError> {
        let mut of_person = BTreeMap::new();
        for (index, row) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            let row = row.trim();
            if row.is_empty()
                || row.starts_with('#')
                || (index == 0 && row.to_lowercase().starts_with("person"))
            {
                continue;
            }
            let line = index + 1;
            let (person, label) = row
                .split_once(['\t', ','])
                .map(|(p, l)| (p.trim(), l.trim()))
                .ok_or(CohortsError::Line { line })?;
            if person.is_empty() || label.is_empty() || label.contains([',', '\t']) {
                return Err(CohortsError::Line { line });
            }
            if of_person.insert(person.to_owned(), label.to_owned()).is_some_and(|earlier| earlier != label) {
                return Err(CohortsError::Twice { line });
            }
        }
        Ok(Self { of_person })
    }

    /// The label of a person.
    #[must_use]
    pub fn of(&self, person: &str) -> Option<&str> {
        self.of_person.get(person).map(String::as_str)
    }

    /// The rates by label at a threshold; `names` are the persons of the comparisons.
    #[must_use]
    pub fn report(&self, all: &Comparisons, names: &[String], threshold: f64) -> CohortReport {
        let labels: Vec<Option<&str>> = names.iter().map(|name| self.of(name)).collect();
        let label = |person: usize| labels.get(person).copied().flatten();
        let mut known: Vec<&str> = labels.iter().copied().flatten().collect();
        known.sort_unstable();
        known.dedup();
        let cohorts: Vec<CohortRates> = known
            .iter()
            .map(|name| {
                let within = |pair: &&crate::NonMated| pair.persons.iter().all(|p| label(*p) == Some(*name));
                let impostor_pairs = all.impostors().iter().filter(within).count();
                let matched =
                    all.impostors().iter().take(all.false_matches(threshold)).filter(within).count();
                let genuine = || all.genuine().iter().filter(|pair| label(pair.person) == Some(*name));
                let failed =
                    genuine().filter(|p| p.score.is_none_or(|score| f64::from(score) < threshold)).count();
                let genuine_pairs = genuine().count();
                CohortRates {
                    label: (*name).to_owned(),
                    persons: labels.iter().filter(|label| **label == Some(*name)).count(),
                    impostor_pairs,
                    false_matches: matched,
                    fmr: ratio(matched, impostor_pairs),
                    fmr_rule_of_three: rule_of_three(matched, impostor_pairs),
                    genuine_pairs,
                    false_non_matches: failed,
                    fnmr: ratio(failed, genuine_pairs),
                    fnmr_rule_of_three: rule_of_three(failed, genuine_pairs),
                }
            })
            .collect();
        let (worst_fmr_ratio, fmr_ratio_is_bound) =
            worst(cohorts.iter().filter(|c| c.impostor_pairs > 0).map(|c| (c.fmr, c.fmr_rule_of_three)));
        let (worst_fnmr_ratio, fnmr_ratio_is_bound) =
            worst(cohorts.iter().filter(|c| c.genuine_pairs > 0).map(|c| (c.fnmr, c.fnmr_rule_of_three)));
        CohortReport {
            threshold,
            cohorts,
            worst_fmr_ratio,
            fmr_ratio_is_bound,
            worst_fnmr_ratio,
            fnmr_ratio_is_bound,
            unlabelled: labels.iter().filter(|label| label.is_none()).count(),
        }
    }
}

/// The highest rate that was seen over the lowest; a cohort without errors stands with its bound below.
fn worst(rates: impl Iterator<Item = (f64, Option<f64>)>) -> (Option<f64>, bool) {
    let rates: Vec<(f64, Option<f64>)> = rates.collect();
    if rates.len() < 2 {
        return (None, false);
    }
    let highest = rates.iter().map(|(rate, _)| *rate).fold(0.0, f64::max);
    if highest == 0.0 {
        return (None, true);
    }
    let lowest = rates.iter().map(|(rate, bound)| bound.unwrap_or(*rate)).fold(f64::INFINITY, f64::min);
    let bound = rates.iter().any(|(_, bound)| bound.is_some());
    (Some((highest / lowest).max(1.0)), bound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mated, NonMated};

    #[test]
    fn cohorts_are_read_and_a_line_that_is_none_is_named() {
        let read = Cohorts::read("person,cohort\n# note\nA1,old\n\nB2\tyoung\n").unwrap();
        assert_eq!((read.of("A1"), read.of("B2"), read.of("C3")), (Some("old"), Some("young"), None));
        for (text, expected) in [
            ("A1\n", CohortsError::Line { line: 1 }),
            ("A1,old\nB2,\n", CohortsError::Line { line: 2 }),
            ("A1,old,x\n", CohortsError::Line { line: 1 }),
            ("A1,old\nA1,young\n", CohortsError::Twice { line: 2 }),
        ] {
            assert_eq!(Cohorts::read(text), Err(expected), "row {text:?}");
        }
    }

    #[test]
    fn the_worst_ratio_is_between_the_cohorts_with_most_and_fewest_errors() {
        let names: Vec<String> = (0..40).map(|i| format!("P{i}")).collect();
        let list: String =
            (0..40).map(|i| format!("P{i},{}\n", if i < 20 { "even" } else { "odd" })).collect();
        let cohorts = Cohorts::read(&list).unwrap();
        let mut impostors = Vec::new();
        for a in 0..40 {
            for b in 0..a {
                // In the second cohort 19 of 190 pairs match, in the first one does.
                let high = (b >= 20 && a - b == 1) || (a, b) == (1, 0);
                impostors.push(NonMated { persons: [a, b], score: if high { 0.8 } else { 0.1 } });
            }
        }
        let genuine = (0..40).map(|person| Mated { person, score: Some(0.9) }).collect();
        let report = cohorts.report(&Comparisons::new(40, genuine, impostors), &names, 0.5);
        let rows: Vec<_> =
            report.cohorts.iter().map(|c| (c.persons, c.impostor_pairs, c.false_matches)).collect();
        assert_eq!(rows, [(20, 190, 1), (20, 190, 19)]);
        assert!((report.worst_fmr_ratio.unwrap() - 19.0).abs() < 1e-9 && !report.fmr_ratio_is_bound);
        assert_eq!((report.worst_fnmr_ratio, report.fnmr_ratio_is_bound), (None, true));
    }
}

//! Cohorts: whether the matcher errs more often with some people than with others.
//!
//! Lives here: labels that the operator gives, and the rates by label. Nothing here guesses a label from a picture.

use crate::list::rows_of_persons;
use crate::rates::{Comparisons, FLOOR, Interval, NotMeasured, Point, Rates};
use serde::Serialize;
use std::collections::BTreeMap;

/// Which cohort a person belongs to, by the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cohorts {
    of_person: BTreeMap<String, String>,
    /// The label of everybody else, where the list is of names alone.
    rest: Option<String>,
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
    /// Its rates; impostor pairs are those within the cohort, whose members an impostor would choose.
    #[serde(flatten)]
    pub rates: Rates,
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

/// The cohort with the highest false match rate at the configured threshold, and the threshold that it needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorstCohort {
    /// The label in the operator's list.
    pub label: String,
    /// Its false match rate at the configured threshold.
    pub fmr: f64,
    /// The interval of that rate.
    pub fmr_interval: Option<Interval>,
    /// Its threshold at FMR 1e-4 with the threshold's interval, where its pairs hold that rate.
    pub at: Option<Point>,
    /// Why there is none.
    pub not_measured: Option<NotMeasured>,
    /// The lowest rate that its pairs hold, ten false matches, where that is above 1e-4.
    pub lowest_measured: Option<Point>,
}

impl WorstCohort {
    /// The threshold that it needs, or what is known instead.
    #[must_use]
    pub fn needs(&self) -> String {
        let with = |point: &Point| {
            let range = point.threshold_interval.map(|i| format!(" ({:.3} to {:.3})", i.low, i.high));
            format!("threshold {:.3}{}", point.threshold, range.unwrap_or_default())
        };
        let known =
            |point: &Point| format!("; the lowest rate measured, {:.1e}, has {}", point.fmr, with(point));
        match (&self.at, &self.not_measured) {
            (Some(point), _) => format!("FMR {WORST_AT:.0e} there: {}", with(point)),
            (None, Some(missing)) => format!(
                "FMR {WORST_AT:.0e} there: not measured, {:.1} false matches expected, {:.0} impostor pairs needed{}",
                missing.expected_false_matches,
                missing.pairs_needed,
                self.lowest_measured.as_ref().map(known).unwrap_or_default()
            ),
            (None, None) => format!("FMR {WORST_AT:.0e} there: not measured"),
        }
    }
}

/// The false match rate that the worst cohort's threshold is given for.
const WORST_AT: f64 = 1e-4;
/// The label of those whom a list of names names, and of all others.
const LISTED: [&str; 2] = ["listed", "others"];

impl Cohorts {
    /// Reads `person,label` (or with a tab), one a line; empty lines, lines from `#` on and a header `person,...` are
    /// passed over. Where the first line is a name alone, all are: those persons are `listed`, the rest `others`.
    ///
    /// # Errors
    /// [`CohortsError`] for the first line that cannot be read.
    pub fn read(text: &str) -> Result<Self, CohortsError> {
        let mut read = Self::default();
        for (line, row) in rows_of_persons(text) {
            let cells = row.split_once(['\t', ',']).map(|(person, label)| (person.trim(), label.trim()));
            if read.of_person.is_empty() {
                read.rest = cells.is_none().then(|| LISTED[1].to_owned());
            }
            let (person, label) = match (cells, &read.rest) {
                (Some(cells), None) => cells,
                (None, Some(_)) => (row, LISTED[0]),
                (Some(_), Some(_)) | (None, None) => return Err(CohortsError::Line { line }),
            };
            if person.is_empty() || label.is_empty() || label.contains([',', '\t']) {
                return Err(CohortsError::Line { line });
            }
            if read
                .of_person
                .insert(person.to_owned(), label.to_owned())
                .is_some_and(|earlier| earlier != label)
            {
                return Err(CohortsError::Twice { line });
            }
        }
        Ok(read)
    }

    /// The label of a person; of a picture's path its folder's name counts too.
    #[must_use]
    pub fn of(&self, person: &str) -> Option<&str> {
        let named = self.of_person.get(person).or_else(|| self.of_person.get(folder(person)?));
        named.or(self.rest.as_ref()).map(String::as_str)
    }

    /// The rates by label at each threshold, and the worst cohort at the first; `names` are the persons of the
    /// comparisons.
    #[must_use]
    pub fn reports(
        &self,
        all: &Comparisons,
        names: &[String],
        thresholds: &[f64],
        replicates: usize,
        seed: u64,
    ) -> (Vec<CohortReport>, Option<WorstCohort>) {
        let labels: Vec<Option<&str>> = names.iter().map(|name| self.of(name)).collect();
        let mut known: Vec<&str> = labels.iter().copied().flatten().collect();
        known.sort_unstable();
        known.dedup();
        let mut rows: Vec<Vec<CohortRates>> = vec![Vec::new(); thresholds.len()];
        let mut worst_cohort: Option<WorstCohort> = None;
        for label in known {
            let within = all.among(|person| labels.get(person).copied().flatten() == Some(label));
            let resampled = within.resampled(replicates, seed);
            for (rows, threshold) in rows.iter_mut().zip(thresholds) {
                rows.push(CohortRates { label: label.to_owned(), rates: resampled.rates_at(*threshold) });
            }
            let Some(rates) = rows.first().and_then(|rows| rows.last()).map(|row| row.rates) else {
                continue;
            };
            if worst_cohort.as_ref().is_none_or(|worst| rates.fmr > worst.fmr) && rates.false_matches > 0 {
                let not_measured = within.not_measured(WORST_AT);
                let lowest = FLOOR / within.impostors().len() as f64;
                worst_cohort = Some(WorstCohort {
                    label: label.to_owned(),
                    fmr: rates.fmr,
                    fmr_interval: rates.fmr_interval,
                    at: resampled.point(WORST_AT),
                    not_measured,
                    lowest_measured: not_measured.and_then(|_| resampled.point(lowest)),
                });
            }
        }
        let unlabelled = labels.iter().filter(|label| label.is_none()).count();
        let reports = rows.into_iter().zip(thresholds).map(|(cohorts, threshold)| {
            let rates = || cohorts.iter().map(|row| row.rates);
            let (worst_fmr_ratio, fmr_ratio_is_bound) =
                worst(rates().filter(|r| r.impostor_pairs > 0).map(|r| (r.fmr, r.fmr_rule_of_three)));
            let (worst_fnmr_ratio, fnmr_ratio_is_bound) =
                worst(rates().filter(|r| r.genuine_pairs > 0).map(|r| (r.fnmr, r.fnmr_rule_of_three)));
            CohortReport {
                threshold: *threshold,
                worst_fmr_ratio,
                fmr_ratio_is_bound,
                worst_fnmr_ratio,
                fnmr_ratio_is_bound,
                unlabelled,
                cohorts,
            }
        });
        (reports.collect(), worst_cohort)
    }
}

/// The folder of a picture's path.
pub(crate) fn folder(person: &str) -> Option<&str> {
    let (folder, _) = person.rsplit_once('/')?;
    folder.rsplit('/').next()
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
            ("A1,old\nB2\n", CohortsError::Line { line: 2 }),
            ("A1\nB2,old\n", CohortsError::Line { line: 2 }),
            ("A1,old\nB2,\n", CohortsError::Line { line: 2 }),
            ("A1,old,x\n", CohortsError::Line { line: 1 }),
            ("A1,old\nA1,young\n", CohortsError::Twice { line: 2 }),
        ] {
            assert_eq!(Cohorts::read(text), Err(expected), "row {text:?}");
        }
    }

    #[test]
    fn a_list_of_names_alone_is_a_cohort_beside_all_others() {
        let read = Cohorts::read("# a list\nAi_Sugiyama\nJoseph_\"Joe\"_X\nAi_Sugiyama\n").unwrap();
        for (person, label) in [
            ("Ai_Sugiyama", "listed"),
            ("lfw/Ai_Sugiyama/Ai_Sugiyama_0001.jpg", "listed"),
            ("Joseph_\"Joe\"_X", "listed"),
            ("Somebody_Else", "others"),
            ("a/b.jpg", "others"),
        ] {
            assert_eq!(read.of(person), Some(label), "row {person}");
        }
    }

    #[test]
    fn the_worst_cohort_is_named_with_the_threshold_that_it_needs_or_why_there_is_none() {
        let names: Vec<String> = (0..700).map(|i| format!("P{i}")).collect();
        let list: String =
            (0..700).map(|i| format!("P{i},{}\n", if i < 500 { "large" } else { "small" })).collect();
        let cohorts = Cohorts::read(&list).unwrap();
        let report = |worse: fn(usize) -> bool| {
            let pairs = (0..700).flat_map(|a| (0..a).map(move |b| (a, b))).map(|(a, b)| {
                let high = worse(a) && worse(b) && (a * 7 + b * 13) % 50 == 0;
                NonMated::new(
                    [a, b],
                    if high { 0.6 } else { 0.0 } + ((a * 31 + b * 17) % 997) as f32 / 4000.0,
                )
            });
            cohorts.reports(&Comparisons::new(700, vec![], pairs.collect()), &names, &[0.5], 200, 1)
        };
        let (reports, worst) = report(|person| person < 500);
        let worst = worst.unwrap();
        let point = worst.at.unwrap();
        assert_eq!((worst.label.as_str(), worst.not_measured), ("large", None));
        assert!(point.threshold > 0.8 && point.threshold_interval.is_some(), "{point:?}");
        let interval = reports[0].cohorts[0].rates.fmr_interval.unwrap();
        assert!(interval.low < worst.fmr && interval.high > worst.fmr, "{interval:?}");
        // 19,900 pairs hold no rate of one in ten thousand.
        let (_, worst) = report(|person| person >= 500);
        let worst = worst.unwrap();
        assert_eq!((worst.label.as_str(), worst.at), ("small", None));
        assert_eq!(worst.not_measured.unwrap().pairs_needed, 100_000.0);
        assert_eq!(worst.lowest_measured.unwrap().false_matches, 10);
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
                impostors.push(NonMated::new([a, b], if high { 0.8 } else { 0.1 }));
            }
        }
        let genuine = (0..40).map(|person| Mated { person, score: Some(0.9) }).collect();
        let all = Comparisons::new(40, genuine, impostors);
        let (reports, _) = cohorts.reports(&all, &names, &[0.5], 50, 1);
        let report = &reports[0];
        let rows: Vec<_> = report
            .cohorts
            .iter()
            .map(|c| (c.rates.persons, c.rates.impostor_pairs, c.rates.false_matches))
            .collect();
        assert_eq!(rows, [(20, 190, 1), (20, 190, 19)]);
        assert!((report.worst_fmr_ratio.unwrap() - 19.0).abs() < 1e-9 && !report.fmr_ratio_is_bound);
        assert_eq!((report.worst_fnmr_ratio, report.fnmr_ratio_is_bound), (None, true));
    }
}

//! Evaluation: error rates of a face matcher on given pictures, with their confidence intervals.
//!
//! Lives here: rates and thresholds with their intervals, degradations of a picture, drawn presentation attacks, the list
//! of pairs, the report and its page. Not here: finding and comparing faces (`face`), any file (`baypass`). Pure: chance
//! comes from a seed. No program at a border links it: what draws attacks stays out of what is attacked.

pub mod attack;
mod cohorts;
mod concentration;
mod degrade;
mod list;
mod logistic;
mod median;
mod page;
mod rates;
mod rephotograph;
mod report;
mod resample;
mod tail;

pub use cohorts::{CohortRates, CohortReport, Cohorts, CohortsError};
pub use concentration::Concentration;
pub use degrade::{Degradation, Landmark};
pub use list::{ListError, ListedPair, read_pairs};
pub use logistic::{Fit, Labelled, Logistic, recognised_at};
pub use median::median;
pub use page::page;
pub use rates::{Comparisons, Interval, Mated, NonMated, Point};
pub use rephotograph::rephotograph;
pub use report::{
    Configured, Data, Detection, FormatReport, Measure, Report, RobustnessRow, Scores, SequenceFigure,
    StageTime, score_summary,
};

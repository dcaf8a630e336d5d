//! Evaluation: error rates of a face matcher on given pictures, with their confidence intervals.
//!
//! Lives here: rates and thresholds with their intervals, degradations of a picture, the list of pairs, the report and
//! its page. Not here: any face (`face`), any file (`baypass`). Pure: chance comes from a seed.

mod cohorts;
mod concentration;
mod degrade;
mod list;
mod page;
mod rates;
mod report;
mod resample;
mod tail;

pub use cohorts::{CohortRates, CohortReport, Cohorts, CohortsError};
pub use concentration::Concentration;
pub use degrade::{Degradation, Landmark};
pub use list::{ListError, ListedPair, read_pairs};
pub use page::page;
pub use rates::{Comparisons, Interval, Mated, NonMated, Point};
pub use report::{
    Configured, Data, Detection, FormatReport, Measure, Report, RobustnessRow, Scores, SequenceFigure,
    StageTime, score_summary,
};
pub use resample::SplitMix64;

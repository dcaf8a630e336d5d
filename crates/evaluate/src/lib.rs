//! Evaluation: error rates of a face matcher on given pictures, with their confidence intervals.
//!
//! Lives here: rates and thresholds with their intervals, degradations of a picture, drawn presentation attacks, the list
//! of pairs, the report and its page. Not here: finding and comparing faces (`face`), any file (`baypass`). Pure: chance
//! comes from a seed. No program at a border links it: what draws attacks stays out of what is attacked.

mod ages;
pub mod attack;
mod choice;
mod cohorts;
mod concentration;
mod degrade;
mod hold_out;
mod list;
mod logistic;
mod markup;
mod median;
mod page;
mod proportion;
mod protocol;
mod rates;
mod rephotograph;
mod report;
mod resample;
mod second;
mod tables;
mod tail;

pub use ages::{AgeRates, Ages, AgesError, BANDS, Band, Group};
pub use choice::Choice;
pub use cohorts::{CohortRates, CohortReport, Cohorts, CohortsError, WorstCohort};
pub use concentration::Concentration;
pub use degrade::{Degradation, Landmark};
pub use hold_out::{Estimate, HoldOutRow, hold_out};
pub use list::{ListError, ListedPair, PairList, read_pairs};
pub use logistic::{Fit, Labelled, Logistic, recognised_at};
pub use markup::{between, error_rate, percent, range, scientific};
pub use median::median;
pub use page::page;
pub use proportion::wilson;
pub use protocol::{AcceptRate, FoldedPair, Protocol};
pub use rates::{Comparisons, FLOOR, Interval, Mated, NonMated, NotMeasured, Point, Rates, Resampled};
pub use rephotograph::rephotograph;
pub use report::{
    Absent, AgeReport, Configured, Data, Detection, FormatReport, Measure, Report, RobustnessRow, Scores,
    SequenceFigure, StageTime, score_summary,
};
pub use second::{SecondFace, SecondFaces};

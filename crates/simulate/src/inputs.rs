//! Inputs: what a run rests on, and how large it is.
//!
//! Lives here: [`Inputs`], [`Settings`] and their bounds. Not here: the run (`run`), any file (`baypass`).

use documents::{LocalDate, Rules};
use risk::Policy;
use risk::rules::RuleSet;
use risk::schema::Schema;

use crate::calendar::Calendar;
use crate::habits::Habits;
use crate::scenario::Scenario;
use crate::tables::Tables;

/// The first day, where no other is given: four weeks with Mid-Autumn and National Day in them.
pub const FIRST_DAY: &str = "2026-09-14";
/// Fewest days: the first have no history yet.
pub const FEWEST_DAYS: u32 = 7;
/// Most days: a year.
pub const MOST_DAYS: u32 = 366;
/// Most people: what fits into 16 GiB with room to spare.
pub const MOST_RESIDENTS: u32 = 2_000_000;

/// How large a run is, and from which seed.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The seed of everything.
    pub seed: u64,
    /// How many people.
    pub residents: u32,
    /// How many days.
    pub days: u32,
    /// The first day.
    pub start: LocalDate,
    /// Threads; the result is the same for any number.
    pub threads: usize,
    /// A day whose judgements are kept, from 0.
    pub keep: Option<u32>,
}

/// What a run rests on.
pub struct Inputs {
    /// Ports, hours, papers.
    pub documents: Rules,
    /// The list of signals.
    pub schema: Schema,
    /// Risk rules; `None`: an authority without any.
    pub rules: Option<RuleSet>,
    /// The stricter policy.
    pub policy: Policy,
    /// Distributions.
    pub tables: Tables,
    /// Holidays.
    pub calendar: Calendar,
    /// Habits.
    pub habits: Habits,
    /// Frauds.
    pub scenario: Scenario,
}

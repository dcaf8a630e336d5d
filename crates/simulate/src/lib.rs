//! Simulate: a synthetic Bay that crosses its borders, honest and not, against the real risk engine and the real rules of documents.
//!
//! Lives here: people and habits from data, ports and queues, frauds by scenario ([`Scenario`]), the run ([`simulate`]), what it measured ([`Report`])
//! and its page ([`page`]). Not here: files, clocks, the command (`baypass simulate`); anything that a border runs: nothing at a lane links this.
//!
//! Pure: chance comes from a seed, time from the first day. What was injected never reaches the engine: `showing` turns a crossing into what can
//! be measured, and `sight` makes facts of that alone. Page: `docs/simulator.md`.

mod arrival;
mod calendar;
mod cases;
mod chance;
mod crossing;
mod fault;
mod figures;
mod habits;
mod inputs;
mod lanes;
mod page;
mod places;
mod plan;
mod population;
mod queue;
mod report;
mod run;
mod scenario;
mod showing;
mod sight;
mod tables;
mod tally;
mod visits;

pub use calendar::{Calendar, DayKind};
pub use crossing::Kept;
pub use fault::DataFault;
pub use figures::{Group, GroupRatio, Point, Rate};
pub use habits::{Habit, Habits, Life, Way};
pub use inputs::{FEWEST_DAYS, FIRST_DAY, Inputs, MOST_DAYS, MOST_RESIDENTS, Settings};
pub use page::page;
pub use report::{Bar, Honest, KindReport, LaneReport, Report, RuleCount, RunFacts, Watched, WeekReport};
pub use run::{Ran, simulate};
pub use scenario::{Artefact, Bars, Begins, Face, HolderDoes, Kind, Scenario, Shows};
pub use tables::{Support, Table, Tables};

//! Risk: signals -> findings -> measures, with reasons. One authority's own; pure, and the same on every machine: integers alone.
//!
//! Lives here: the list of signals ([`schema`]), a crossing's values ([`Facts`]), what is kept of a person, device and lane ([`state`]),
//! rules as data behind an engine ([`rules`], [`engine`]), signed versions of them ([`version`]), what they find ([`judge`]), what is asked
//! for it ([`ladder`], [`visit`]), when that is said ([`band`]), and why ([`reason`]). Not here: files, clocks, sockets; where states and records are kept, and what a verdict
//! does with all this (`authority`); what a kiosk or wallet shows.
//!
//! A finding never admits anybody and never refuses: it asks for a measure, or an officer. Page: `docs/risk.md`.

pub mod appeals;
pub mod band;
pub mod engine;
pub mod facts;
mod fault;
mod finding;
mod judge;
pub mod ladder;
pub mod lot;
pub mod reason;
pub mod rules;
pub mod schema;
pub mod state;
pub mod version;
pub mod visit;

pub use facts::{Facts, FactsError, NotAFact};
pub use fault::{Fault, FaultKind, Faults};
pub use finding::{Cause, Doubt, Finding, Findings, Harm, RuleId};
pub use judge::{
    Assessment, BUDGET_MS, Fallback, Judging, Policy, assess, finds_again, judge, without_rules,
};

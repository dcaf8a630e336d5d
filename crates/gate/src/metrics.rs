//! Metrics: what a gate counts, in the text form of Prometheus. Numbers only: no token, no person.
//!
//! Lives here: [`Metrics`]. Not here: the page that shows them (`server`).

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};

use clearance::LaneId;

/// What is counted of one traveller: words and numbers, nothing that names a token or a person.
#[derive(Debug, Clone)]
pub struct Counted {
    /// What happened at the door.
    pub passage: &'static str,
    /// The gate's own reason.
    pub reason: Option<&'static str>,
    /// The classes of the verdicts. The class of a single side would show who refused whom; only the lane's sum is kept.
    pub answers: Vec<&'static str>,
    /// Milliseconds of each stage; 0 where it was not reached.
    pub stages: [(&'static str, f64); 5],
}

/// Upper bounds of the buckets, in milliseconds.
const BUCKETS: [f64; 9] = [5.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2000.0, 5000.0];

#[derive(Debug, Clone, Default)]
struct Spread {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Spread {
    fn add(&mut self, millis: f64) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(millis <= bound);
        }
        self.count += 1;
        self.sum += millis;
    }
}

#[derive(Debug, Default)]
struct Counts {
    passages: BTreeMap<(String, &'static str), u64>,
    reasons: BTreeMap<(String, &'static str), u64>,
    answers: BTreeMap<(String, &'static str), u64>,
    stages: BTreeMap<(String, &'static str), Spread>,
}

/// The counters of one gate program.
#[derive(Debug, Default)]
pub struct Metrics(Mutex<Counts>);

impl Metrics {
    /// Counts one traveller.
    pub fn count(&self, lane: &LaneId, counted: &Counted) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = || lane.as_str().to_owned();
        *counts.passages.entry((name(), counted.passage)).or_default() += 1;
        if let Some(reason) = counted.reason {
            *counts.reasons.entry((name(), reason)).or_default() += 1;
        }
        for answer in &counted.answers {
            *counts.answers.entry((name(), answer)).or_default() += 1;
        }
        for (stage, millis) in counted.stages {
            if millis > 0.0 {
                counts.stages.entry((name(), stage)).or_default().add(millis);
            }
        }
    }

    /// How many travellers a lane has served.
    #[must_use]
    pub fn served(&self, lane: &LaneId) -> u64 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.passages.iter().filter(|((name, _), _)| name == lane.as_str()).map(|(_, n)| n).sum()
    }

    /// The text of the metrics page.
    #[must_use]
    pub fn render(&self) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        counters(
            &mut out,
            "baypass_gate_passages_total",
            "Travellers by what happened.",
            "passage",
            &counts.passages,
        );
        counters(&mut out, "baypass_gate_reasons_total", "The gate's own reasons.", "code", &counts.reasons);
        counters(&mut out, "baypass_gate_answers_total", "Verdicts by class.", "class", &counts.answers);
        spreads(&mut out, &counts.stages);
        out
    }
}

/// Writing to a string cannot fail.
macro_rules! line {
    ($out:expr, $($text:tt)*) => { let _infallible = writeln!($out, $($text)*); };
}

fn counters(
    out: &mut String,
    name: &str,
    help: &str,
    label: &str,
    values: &BTreeMap<(String, &'static str), u64>,
) {
    line!(out, "# HELP {name} {help}");
    line!(out, "# TYPE {name} counter");
    for ((lane, value), count) in values {
        line!(out, "{name}{{lane=\"{lane}\",{label}=\"{value}\"}} {count}");
    }
}

fn spreads(out: &mut String, values: &BTreeMap<(String, &'static str), Spread>) {
    let name = "baypass_gate_stage_milliseconds";
    line!(out, "# HELP {name} How long the stages of one traveller take.");
    line!(out, "# TYPE {name} histogram");
    for ((lane, stage), spread) in values {
        let labels = format!("lane=\"{lane}\",stage=\"{stage}\"");
        for (bucket, bound) in spread.buckets.iter().zip(BUCKETS) {
            line!(out, "{name}_bucket{{{labels},le=\"{bound}\"}} {bucket}");
        }
        line!(out, "{name}_bucket{{{labels},le=\"+Inf\"}} {}", spread.count);
        line!(out, "{name}_sum{{{labels}}} {}", spread.sum);
        line!(out, "{name}_count{{{labels}}} {}", spread.count);
    }
}

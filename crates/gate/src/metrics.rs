//! Metrics: what a gate counts, in the text form of Prometheus. Numbers only: no token, no person. Verdicts are not counted by
//! class: at a lane of two authorities whoever knows one verdict would read the other's there.
//!
//! Lives here: [`Metrics`], with the one registry of a gate program. Not here: the page that shows them (`server`).

use clearance::{LaneId, Passage};
use documents::AuthorityCode;
use prometheus_client::encoding::prometheus_text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the buckets, in milliseconds.
const BUCKETS: [f64; 9] = [5.0, 20.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2000.0, 5000.0];

/// What is counted of one traveller: words and numbers, nothing that names a token or a person.
#[derive(Debug, Clone)]
pub struct Counted {
    /// What happened at the door.
    pub passage: Passage,
    /// The gate's own reason.
    pub reason: Option<&'static str>,
    /// Milliseconds of each stage; 0 where it was not reached.
    pub stages: [(&'static str, f64); 5],
}

/// A lane, and one thing more.
type Labels = [(&'static str, String); 2];

/// The counters of one gate program.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    passages: Family<Labels, Counter>,
    reasons: Family<Labels, Counter>,
    stages: Family<Labels, Histogram, fn() -> Histogram>,
    waiting: Family<[(&'static str, String); 1], Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let mut metrics = Self {
            registry: Registry::with_prefix("baypass_gate"),
            passages: Family::default(),
            reasons: Family::default(),
            stages: Family::new_with_constructor(histogram),
            waiting: Family::default(),
        };
        // A counter's name gets its `_total` when it is written.
        let registry = &mut metrics.registry;
        registry.register("passages", "Travellers by what happened", metrics.passages.clone());
        registry.register("reasons", "The gate's own reasons", metrics.reasons.clone());
        let help = "How long the stages of one traveller take";
        registry.register("stage_milliseconds", help, metrics.stages.clone());
        let help = "Events not yet taken by their authority";
        registry.register("outbox_waiting", help, metrics.waiting.clone());
        metrics
    }
}

fn labels(lane: &LaneId, name: &'static str, value: &str) -> Labels {
    [("lane", lane.as_str().to_owned()), (name, value.to_owned())]
}

impl Metrics {
    /// Counts one traveller.
    pub fn count(&self, lane: &LaneId, counted: &Counted) {
        self.passages.get_or_create(&labels(lane, "passage", counted.passage.code())).inc();
        if let Some(reason) = counted.reason {
            self.reasons.get_or_create(&labels(lane, "code", reason)).inc();
        }
        for (stage, millis) in counted.stages {
            if millis > 0.0 {
                self.stages.get_or_create(&labels(lane, "stage", stage)).observe(millis);
            }
        }
    }

    /// Sets how many events wait for an authority.
    pub fn set_waiting(&self, authority: AuthorityCode, events: u64) {
        let label = [("authority", authority.code().to_owned())];
        self.waiting.get_or_create(&label).set(i64::try_from(events).unwrap_or(i64::MAX));
    }

    /// How many travellers a lane has served.
    #[must_use]
    pub fn served(&self, lane: &LaneId) -> u64 {
        let count = |passage: Passage| self.passages.get(&labels(lane, "passage", passage.code()));
        Passage::ALL.into_iter().filter_map(count).map(|counter| counter.get()).sum()
    }

    /// The text of the metrics page (Prometheus text exposition format, version 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        prometheus_text::encode(&mut text, &self.registry).unwrap_or_default();
        text
    }
}

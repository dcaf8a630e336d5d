//! Metrics: what the service counts, in one registry. Labels are routes, codes and outcomes: nothing of a person.

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::problem::ProblemCode;

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 8] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    path: String,
    method: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PathLabel {
    path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabel {
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GateLabel {
    gate: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PartyLabel {
    party: String,
}

/// The label of what is counted by authority.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct AuthorityLabel {
    pub authority: &'static str,
}

/// The week in which tokens end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WeekLabel {
    pub weeks_ahead: u8,
}

/// The registry and what is in it.
pub(super) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    problems: Family<CodeLabel, Counter>,
    verdicts: Family<OutcomeLabel, Counter>,
    gates_outside: Family<GateLabel, Counter>,
    not_the_sender: Family<PartyLabel, Counter>,
    seconds: Family<PathLabel, Histogram, fn() -> Histogram>,
    pub(super) database_up: Gauge,
    pub(super) notices_waiting: Gauge,
    pub(super) trust_list_seconds_left: Family<AuthorityLabel, Gauge>,
    pub(super) status_list_age: Family<AuthorityLabel, Gauge>,
    pub(super) weekly_keys_missing: Gauge,
    pub(super) status_places_taken: Family<WeekLabel, Gauge>,
    pub(super) status_places: Family<WeekLabel, Gauge>,
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("baypass_authority"),
            requests: Family::default(),
            problems: Family::default(),
            verdicts: Family::default(),
            gates_outside: Family::default(),
            not_the_sender: Family::default(),
            seconds: Family::new_with_constructor(histogram),
            database_up: Gauge::default(),
            notices_waiting: Gauge::default(),
            trust_list_seconds_left: Family::default(),
            status_list_age: Family::default(),
            weekly_keys_missing: Gauge::default(),
            status_places_taken: Family::default(),
            status_places: Family::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Answers, by route, method and status", metrics.requests.clone());
        registry.register("problems", "Problems, by code", metrics.problems.clone());
        registry.register("verdicts", "Verdicts, by outcome", metrics.verdicts.clone());
        registry.register(
            "gates_outside_binding",
            "Requests and events of a gate outside of its place, by gate: an alarm",
            metrics.gates_outside.clone(),
        );
        registry.register(
            "messages_of_another_party",
            "Messages that came over the connection of another party than their sender, by that party: an alarm",
            metrics.not_the_sender.clone(),
        );
        registry.register("request_seconds", "Time to an answer, by route", metrics.seconds.clone());
        registry.register("database_up", "Whether the database answers", metrics.database_up.clone());
        registry.register(
            "notices_waiting",
            "Notices not yet taken by their issuer",
            metrics.notices_waiting.clone(),
        );
        registry.register(
            "trust_list_seconds_left",
            "Seconds until a trust list ends",
            metrics.trust_list_seconds_left.clone(),
        );
        registry.register(
            "status_list_age_seconds",
            "Age of the oldest status list that is held of an authority",
            metrics.status_list_age.clone(),
        );
        registry.register(
            "weekly_keys_missing",
            "Weekly keys of this and the next week without receipt",
            metrics.weekly_keys_missing.clone(),
        );
        registry.register(
            "status_places_taken",
            "Places in the status lists that tokens have, by the week in which they end",
            metrics.status_places_taken.clone(),
        );
        registry.register(
            "status_places",
            "All places in the status lists of a week; 80 per cent taken: an alarm",
            metrics.status_places.clone(),
        );
        metrics
    }
}

impl Metrics {
    /// Counts an answer.
    pub(super) fn count_answer(
        &self,
        method: &Method,
        path: &str,
        status: StatusCode,
        seconds: f64,
        problem: Option<ProblemCode>,
    ) {
        // A method may be any word: only those that exist here become labels.
        let method = match *method {
            Method::GET | Method::POST | Method::DELETE | Method::OPTIONS | Method::HEAD => method.as_str(),
            _ => "other",
        };
        let (path, method) = (path.to_owned(), method.to_owned());
        self.seconds.get_or_create(&PathLabel { path: path.clone() }).observe(seconds);
        self.requests.get_or_create(&RequestLabels { path, method, status: status.as_u16() }).inc();
        if let Some(code) = problem {
            self.problems.get_or_create(&CodeLabel { code: code.code() }).inc();
        }
    }

    /// Counts a verdict.
    pub(super) fn count_verdict(&self, outcome: &'static str) {
        self.verdicts.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    /// Counts a gate's request or event outside of its place. Only a listed gate comes so far, so labels are bounded.
    pub(super) fn count_gate_outside(&self, gate: &str) {
        self.gates_outside.get_or_create(&GateLabel { gate: gate.to_owned() }).inc();
    }

    /// Counts a message over another party's connection. Only a listed party comes so far, so labels are bounded.
    pub(super) fn count_not_the_sender(&self, party: &str) {
        self.not_the_sender.get_or_create(&PartyLabel { party: party.to_owned() }).inc();
    }

    /// The registry in Prometheus' text form.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        match prometheus_text::encode(&mut text, &self.registry) {
            Ok(()) => text,
            Err(std::fmt::Error) => String::new(),
        }
    }
}

/// Measures how long an answer takes; no decision rests on it.
pub(super) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the stopwatch of the metrics, which decides nothing")]
    pub(super) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub(super) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

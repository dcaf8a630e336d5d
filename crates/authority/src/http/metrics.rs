//! Metrics: what the room counts, in Prometheus' form. Labels are routes, codes and outcomes: nothing of a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use axum::http::{Method, StatusCode};

use super::problem::ProblemCode;

/// Upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 8] = [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0];

/// The counters.
#[derive(Debug, Default)]
pub(super) struct Metrics(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(String, String, u16), u64>,
    problems: BTreeMap<ProblemCode, u64>,
    verdicts: BTreeMap<&'static str, u64>,
    times: BTreeMap<String, Times>,
}

#[derive(Debug, Default)]
struct Times {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    sum: f64,
}

impl Metrics {
    /// An answer went out.
    pub(super) fn answered(
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
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry((path.to_owned(), method.to_owned(), status.as_u16())).or_default() += 1;
        if let Some(code) = problem {
            *counts.problems.entry(code).or_default() += 1;
        }
        let times = counts.times.entry(path.to_owned()).or_default();
        times.count += 1;
        times.sum += seconds;
        for (bucket, bound) in times.buckets.iter_mut().zip(BUCKETS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// A verdict was given.
    pub(super) fn judged(&self, outcome: &'static str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.verdicts.entry(outcome).or_default() += 1;
    }

    /// The counters as text.
    pub(super) fn render(&self) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        let head = |text: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(
                text,
                "# HELP baypass_authority_{name} {help}\n# TYPE baypass_authority_{name} {kind}"
            );
        };
        head(&mut text, "requests_total", "counter", "Answers, by route, method and status.");
        for ((path, method, status), count) in &counts.requests {
            let labels = format!("path=\"{path}\",method=\"{method}\",status=\"{status}\"");
            let _ = writeln!(text, "baypass_authority_requests_total{{{labels}}} {count}");
        }
        head(&mut text, "problems_total", "counter", "Problems, by code.");
        for (code, count) in &counts.problems {
            let _ = writeln!(text, "baypass_authority_problems_total{{code=\"{}\"}} {count}", code.code());
        }
        head(&mut text, "verdicts_total", "counter", "Verdicts, by outcome.");
        for (outcome, count) in &counts.verdicts {
            let _ = writeln!(text, "baypass_authority_verdicts_total{{outcome=\"{outcome}\"}} {count}");
        }
        head(&mut text, "request_seconds", "histogram", "Time to an answer, by route.");
        for (path, times) in &counts.times {
            let name = "baypass_authority_request_seconds";
            for (count, bound) in times.buckets.iter().zip(BUCKETS) {
                let _ = writeln!(text, "{name}_bucket{{path=\"{path}\",le=\"{bound}\"}} {count}");
            }
            let _ = writeln!(text, "{name}_bucket{{path=\"{path}\",le=\"+Inf\"}} {}", times.count);
            let _ = writeln!(text, "{name}_sum{{path=\"{path}\"}} {}", times.sum);
            let _ = writeln!(text, "{name}_count{{path=\"{path}\"}} {}", times.count);
        }
        text
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

//! Markup: numbers and names as the page and its tables write them.
//!
//! Lives here: shares, ranges, escaped text. Not here: what is written (`page`, `tables`).

use crate::rates::Interval;

pub(crate) fn between(interval: Option<Interval>, write: impl Fn(f64) -> String) -> String {
    interval.map_or(String::new(), |i| format!(" [{}; {}]", write(i.low), write(i.high)))
}

pub(crate) fn range(interval: Option<Interval>, write: impl Fn(f64) -> String) -> String {
    interval.map_or(String::new(), |i| format!("{} to {}", write(i.low), write(i.high)))
}

pub(crate) fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

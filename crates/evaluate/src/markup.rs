//! Markup: numbers and names as the page, its tables and the terminal write them.
//!
//! Lives here: shares, ranges, escaped text. Not here: what is written (`page`, `tables`; the terminal's words: `baypass`).

use crate::rates::Interval;

/// An interval in brackets behind a number, each bound written by `write`; nothing where there is none.
pub fn between(interval: Option<Interval>, write: impl Fn(f64) -> String) -> String {
    interval.map_or(String::new(), |i| format!(" [{}; {}]", write(i.low), write(i.high)))
}

/// An interval in a cell of its own; nothing where there is none.
pub fn range(interval: Option<Interval>, write: impl Fn(f64) -> String) -> String {
    interval.map_or(String::new(), |i| format!("{} to {}", write(i.low), write(i.high)))
}

/// A share of 1 in percent.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

/// A small share of 1.
#[must_use]
pub fn scientific(share: f64) -> String {
    format!("{share:.1e}")
}

/// An error rate as `write` puts it: where no error was seen its bound (rule of three), and words where there was no pair.
pub fn error_rate(errors: usize, rate: f64, bound: Option<f64>, write: impl Fn(f64) -> String) -> String {
    match (errors, bound) {
        (0, Some(bound)) => format!("0, < {}", write(bound)),
        (0, None) => "not measured".to_owned(),
        (_, _) => write(rate),
    }
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_without_an_error_has_its_bound_and_one_without_a_pair_is_not_measured() {
        assert_eq!(error_rate(2, 0.02, None, percent), "2.00 %");
        assert_eq!(error_rate(0, 0.0, Some(0.03), percent), "0, < 3.00 %");
        assert_eq!(error_rate(0, 0.0, Some(3e-5), scientific), "0, < 3.0e-5");
        assert_eq!(error_rate(0, 0.0, None, scientific), "not measured");
    }
}

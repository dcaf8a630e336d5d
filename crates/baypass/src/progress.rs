//! Progress: how far a long command is and how long it will still take, on standard error.
//!
//! On a terminal a bar on one line that is written over; elsewhere a line every few seconds, so that a log stays readable.

use std::io::{IsTerminal, Write, stderr};
use std::sync::Mutex;

use gate::{Stopwatch, SystemStopwatch};

/// Counts steps; any thread may take one.
pub struct Progress {
    what: &'static str,
    total: usize,
    watch: SystemStopwatch,
    terminal: bool,
    state: Mutex<State>,
}

struct State {
    done: usize,
    said_at: f64,
}

impl Progress {
    pub fn start(what: &'static str, total: usize) -> Self {
        let terminal = stderr().is_terminal();
        let state = Mutex::new(State { done: 0, said_at: f64::NEG_INFINITY });
        Self { what, total, watch: SystemStopwatch::start(), terminal, state }
    }

    /// One more is done.
    pub fn step(&self) {
        let now = self.watch.millis();
        let Ok(mut state) = self.state.lock() else { return };
        state.done += 1;
        let pause = if self.terminal { 200.0 } else { 5_000.0 };
        if now - state.said_at >= pause || state.done == self.total {
            state.said_at = now;
            self.say(state.done, now);
        }
    }

    fn say(&self, done: usize, now: f64) {
        let left = now / done.max(1) as f64 * self.total.saturating_sub(done) as f64;
        let time = time(left, done == self.total, now);
        let bar = if self.terminal { format!("{} ", bar(done, self.total)) } else { String::new() };
        let line = format!("{}: {bar}{done} of {}, {time}", self.what, self.total);
        let mut out = stderr().lock();
        // A closed standard error is no reason to stop measuring.
        let _ = match (self.terminal, done == self.total) {
            (true, false) => write!(out, "\r{line}\x1b[K"),
            (true, true) => writeln!(out, "\r{line}\x1b[K"),
            (false, _) => writeln!(out, "{line}"),
        };
    }
}

/// Columns of a bar between its ends.
const BAR: usize = 24;

/// A bar of so many of all, and the share in percent.
fn bar(done: usize, total: usize) -> String {
    let part = |of: usize| done.min(total).saturating_mul(of).checked_div(total).unwrap_or(of);
    let full = part(BAR);
    format!("[{}{}] {:>3} %", "#".repeat(full), "-".repeat(BAR - full), part(100))
}

fn time(left: f64, ended: bool, took: f64) -> String {
    let words = |millis: f64| {
        let seconds = (millis / 1000.0).round();
        if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.1} min", seconds / 60.0) }
    };
    if ended { format!("took {}", words(took)) } else { format!("{} left", words(left)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_grows_with_what_is_done_and_has_one_length() {
        for (done, total, wanted) in [
            (0, 10, "[------------------------]   0 %"),
            (5, 10, "[############------------]  50 %"),
            (10, 10, "[########################] 100 %"),
            (11, 10, "[########################] 100 %"),
            (0, 0, "[########################] 100 %"),
        ] {
            assert_eq!(bar(done, total), wanted, "{done} of {total}");
        }
    }
}

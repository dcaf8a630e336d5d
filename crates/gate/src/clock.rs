//! Clock and stopwatch: how a lane knows the time without reading it.
//!
//! Lives here: the two traits, and the system's own form of each, which `main` passes. Not here: any judgement of time.

use documents::Timestamp;

/// Tells the time of day.
pub trait Clock: Send + Sync {
    /// The time of day.
    fn now(&self) -> Timestamp;
}

/// Measures how long things take.
pub trait Stopwatch: Send + Sync {
    /// Milliseconds since some instant that stays the same.
    fn millis(&self) -> f64;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock adapter")]
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).ok().and_then(Timestamp::from_unix).unwrap_or(Timestamp::MAX)
    }
}

/// The machine's own stopwatch.
#[derive(Debug, Clone, Copy)]
pub struct SystemStopwatch(std::time::Instant);

impl SystemStopwatch {
    /// One that starts now.
    #[must_use]
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the stopwatch adapter")]
        Self(std::time::Instant::now())
    }
}

impl Stopwatch for SystemStopwatch {
    fn millis(&self) -> f64 {
        self.0.elapsed().as_secs_f64() * 1000.0
    }
}

/// A time that stands still: for `--at`, and for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub Timestamp);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        self.0
    }
}

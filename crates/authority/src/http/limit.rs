//! Limit: how many enrolments a service takes in a row, whoever asks.
//!
//! Lives here: a token bucket over a time that is handed in. Not here: the limit of one number (`service`).

use std::sync::{Mutex, PoisonError};

use documents::Timestamp;

/// Enrolments that may come at once.
pub(super) const BURST: u32 = 120;
/// Seconds after which one more may come.
const REFILL_SECONDS: i64 = 1;

/// A bucket of enrolments.
#[derive(Debug)]
pub(super) struct Bucket(Mutex<State>);

#[derive(Debug)]
struct State {
    left: u32,
    filled: Option<Timestamp>,
}

impl Default for Bucket {
    fn default() -> Self {
        Self(Mutex::new(State { left: BURST, filled: None }))
    }
}

impl Bucket {
    /// Takes one; else the seconds until there is one. A clock that goes back fills nothing and takes nothing.
    pub(super) fn take(&self, now: Timestamp) -> Result<(), u32> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = state.filled.map_or(0, |filled| now.seconds_since(filled));
        let gained = u32::try_from(elapsed / REFILL_SECONDS).unwrap_or(0);
        if gained > 0 || elapsed < 0 || state.filled.is_none() {
            state.left = state.left.saturating_add(gained).min(BURST);
            state.filled = Some(now);
        }
        match state.left.checked_sub(1) {
            Some(left) => {
                state.left = left;
                Ok(())
            }
            None => Err(u32::try_from(REFILL_SECONDS).unwrap_or(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_one_a_second_whatever_the_clock_does() {
        let bucket = Bucket::default();
        let at = |seconds: i64| Timestamp::from_unix(1_800_000_000 + seconds).unwrap();
        for _ in 0..BURST {
            assert_eq!(bucket.take(at(0)), Ok(()));
        }
        assert_eq!(bucket.take(at(0)), Err(1));
        assert_eq!(bucket.take(at(1)), Ok(()));
        assert_eq!(bucket.take(at(1)), Err(1));
        assert_eq!(bucket.take(at(-500)), Err(1), "a clock set back fills nothing");
        assert_eq!(bucket.take(at(-499)), Ok(()));
        for _ in 0..BURST {
            assert_eq!(bucket.take(at(86_400)), Ok(()));
        }
        assert_eq!(bucket.take(at(86_400)), Err(1), "a long rest fills it once");
    }
}

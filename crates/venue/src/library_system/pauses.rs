//! Pauses: when a library's system that failed is tried again.
//!
//! Lives here: [`Pauses`], pure. Not here: any sleep. In a pause a call fails at once; nobody is held.

use std::time::Duration;

use tokio::time::Instant;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest, and that after a login that was refused.
const LONGEST: Duration = Duration::from_secs(60);

/// Why nothing is sent for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// The system was not there, or not understood.
    Failed,
    /// It let the desk not in.
    Refused,
}

/// Pauses of 1, 2, 4 .. 60 seconds between failures that follow each other.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    next: Option<Duration>,
    until: Option<(Instant, Pause)>,
}

impl Pauses {
    /// The pause that holds at this moment.
    pub fn at(&self, now: Instant) -> Option<Pause> {
        self.until.filter(|(until, _)| now < *until).map(|(_, why)| why)
    }

    /// So much time goes by.
    pub fn age(&mut self, by: Duration) {
        if let Some((until, _)) = &mut self.until {
            *until = until.checked_sub(by).unwrap_or(*until);
        }
    }

    /// The system failed.
    pub fn failed(&mut self, now: Instant) {
        let pause = self.next.unwrap_or(FIRST);
        self.next = Some((pause * 2).min(LONGEST));
        self.until = Some((now + pause, Pause::Failed));
    }

    /// The system refused the login: another try locks the account at some systems.
    pub fn refused(&mut self, now: Instant) {
        self.until = Some((now + LONGEST, Pause::Refused));
    }

    /// The system answered as it should.
    pub fn answered(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_and_end_with_an_answer() {
        let mut now = Instant::now();
        let mut pauses = Pauses::default();
        assert_eq!(pauses.at(now), None);
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            pauses.failed(now);
            now += Duration::from_secs(seconds);
            assert_eq!(pauses.at(now - Duration::from_millis(1)), Some(Pause::Failed), "{seconds} s");
            assert_eq!(pauses.at(now), None, "{seconds} s");
        }
        pauses.answered();
        pauses.failed(now);
        assert_eq!(pauses.at(now + FIRST), None);
        pauses.refused(now);
        assert_eq!(pauses.at(now + Duration::from_secs(59)), Some(Pause::Refused));
        assert_eq!(pauses.at(now + Duration::from_secs(60)), None);
    }
}

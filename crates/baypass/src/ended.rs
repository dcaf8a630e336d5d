//! How a command ends: one set of exit codes for all of them.

use std::process::ExitCode;

/// What stands below every help text.
pub const EXIT_CODES: &str = "Exit codes: 0 done or admitted, 1 a bar of `bench` missed, 2 wrong usage or broken \
                              input, 3 refused or referred, 4 a measure is still open.";

/// How a command ended; every command uses the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// 0: done, or admitted.
    Done,
    /// 1: a measured bar was missed.
    BarMissed,
    /// 2: what was given cannot be read; the answer has said so already.
    BrokenInput,
    /// 3: refused or referred.
    Refused,
    /// 4: a measure is still open.
    MeasureOpen,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Done => 0,
            Ended::BarMissed => 1,
            Ended::BrokenInput => 2,
            Ended::Refused => 3,
            Ended::MeasureOpen => 4,
        })
    }
}

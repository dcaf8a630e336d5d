//! Command: one verdict opens one door once.
//!
//! Lives here: [`DoorCommand`], [`Spent`]. Not here: the wire, which has no authentication of its own: a repeat there is another
//! matter, and the reason why the segment is the door's alone.

use std::collections::BTreeMap;

use documents::Timestamp;

use crate::stay::id;

/// A command counts for so long after it was made, in seconds.
pub const COMMAND_SECONDS: i64 = 15;

/// The id of the verdict that a command carries out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId([u8; 16]);
id!(CommandId);

/// Opens a door for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DoorCommand {
    /// The verdict that it carries out.
    pub verdict: CommandId,
    /// When it was made.
    pub made: Timestamp,
}

/// Why a command opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Its verdict has opened this door already.
    #[error("this verdict has opened the door already; scan the badge again")]
    Replayed,
    /// It is too old, or from the future.
    #[error("the command was made at {made}, and it is {now}; scan the badge again, and compare the clocks")]
    Stale {
        /// When it was made.
        made: Timestamp,
        /// The driver's time.
        now: Timestamp,
    },
    /// It was made before this driver started, so nobody knows whether it opened the door.
    #[error("the command is from before this start; scan the badge again")]
    BeforeStart,
}

impl CommandError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Replayed => "command_replayed",
            Self::Stale { .. } => "command_stale",
            Self::BeforeStart => "command_before_start",
        }
    }
}

/// The verdicts that have opened a door since the start. What is too old to count is forgotten.
#[derive(Debug)]
pub struct Spent {
    started: Timestamp,
    spent: BTreeMap<CommandId, Timestamp>,
}

impl Spent {
    /// Nothing yet, since `started`.
    #[must_use]
    pub const fn new(started: Timestamp) -> Self {
        Self { started, spent: BTreeMap::new() }
    }

    /// Spends a command, before the door moves.
    ///
    /// # Errors
    /// [`CommandError`]: the door must not move.
    pub fn spend(&mut self, command: DoorCommand, now: Timestamp) -> Result<(), CommandError> {
        self.spent.retain(|_, made| now.seconds_since(*made).abs() <= COMMAND_SECONDS);
        let DoorCommand { verdict, made } = command;
        if self.spent.contains_key(&verdict) {
            return Err(CommandError::Replayed);
        }
        if now.seconds_since(made).abs() > COMMAND_SECONDS {
            return Err(CommandError::Stale { made, now });
        }
        if made < self.started {
            return Err(CommandError::BeforeStart);
        }
        self.spent.insert(verdict, made);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_command_opens_once_in_its_time_and_after_the_start() {
        let command = |n: u8, made| DoorCommand { verdict: CommandId::from_bytes([n; 16]), made: at(made) };
        let mut spent = Spent::new(at(0));
        for (row, command, now, expected) in [
            (1, command(1, 5), 5, None),
            (2, command(1, 5), 6, Some("command_replayed")),
            (3, command(1, 6), 7, Some("command_replayed")),
            (4, command(2, 5), 21, Some("command_stale")),
            (5, command(2, 40), 21, Some("command_stale")),
            (6, command(3, -1), 10, Some("command_before_start")),
            (7, command(2, 10), 21, None),
        ] {
            let refused = spent.spend(command, at(now)).err().map(|error| error.code());
            assert_eq!(refused, expected, "row {row}");
        }
    }

    proptest! {
        /// Whatever comes in whatever order: no command with the same content opens twice.
        #[test]
        fn no_command_opens_twice(tries in prop::collection::vec((0_u8..3, 0_i64..60, -20_i64..40), 0..60)) {
            let mut spent = Spent::new(at(0));
            let mut opened = std::collections::BTreeSet::new();
            let mut clock = 0;
            for (n, made, step) in tries {
                clock = (clock + step).max(0);
                let command = DoorCommand { verdict: CommandId::from_bytes([n; 16]), made: at(made) };
                // A clock that runs back could show a forgotten command its own time again; it does not here.
                let forward = step >= 0;
                if forward && spent.spend(command, at(clock)).is_ok() {
                    let again = spent.spend(command, at(clock)).is_err();
                    prop_assert!(again);
                    opened.insert((n, made));
                }
            }
            prop_assert!(opened.len() <= 180);
        }
    }
}

//! Rules: the figures of enrolment, read from data and checked.

use std::num::NonZeroU32;

use serde::Deserialize;

/// The figures of enrolment (`data/enrolment.toml`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolmentRules {
    pub(crate) invitation_days: i64,
    pub(crate) objection_hours: i64,
    pub(crate) attempt_seconds: i64,
    pub(crate) attempts: usize,
    pub(crate) attempts_each: usize,
    pub(crate) faults: u8,
    pub(crate) live: LiveRules,
    pub(crate) guess: GuessRules,
    pub(crate) client: ClientRules,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LiveRules {
    pub(crate) frame_bytes: usize,
    pub(crate) frames: usize,
    pub(crate) bytes: usize,
    pub(crate) lag_seconds: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GuessRules {
    pub(crate) free: i64,
    pub(crate) hours: i64,
    pub(crate) bits: u8,
    pub(crate) most_bits: u8,
    pub(crate) tries_a_bit: i64,
    pub(crate) delay_seconds: i64,
    pub(crate) answer_seconds: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientRules {
    pub(crate) address_burst: NonZeroU32,
    pub(crate) address_per_minute: NonZeroU32,
    pub(crate) device_burst: NonZeroU32,
    pub(crate) device_per_minute: NonZeroU32,
}

/// Why the figures are refused.
#[derive(Debug, thiserror::Error)]
pub enum EnrolmentRulesError {
    /// Not TOML, or not of this shape.
    #[error("the rules of enrolment cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A figure that cannot hold.
    #[error("{what} is out of range")]
    Range {
        /// The figure that does not fit.
        what: &'static str,
    },
}

impl EnrolmentRules {
    /// The rules that ship with the program.
    ///
    /// # Errors
    /// Never for the file as committed: a test reads it.
    pub fn builtin() -> Result<Self, EnrolmentRulesError> {
        Self::from_toml(include_str!("../../data/enrolment.toml"))
    }

    /// Reads rules and checks all of them.
    ///
    /// # Errors
    /// The first thing wrong with them.
    pub fn from_toml(text: &str) -> Result<Self, EnrolmentRulesError> {
        let rules: Self = toml::from_str(text)?;
        let (live, guess) = (&rules.live, &rules.guess);
        for (what, holds) in [
            ("invitation_days", (1..=366).contains(&rules.invitation_days)),
            // Zero would let a second enrolment end the first in silence: only an officer may say so, with an invitation.
            ("objection_hours", (1..=720).contains(&rules.objection_hours)),
            ("attempt_seconds", (30..=3600).contains(&rules.attempt_seconds)),
            ("attempts", (1..=1024).contains(&rules.attempts)),
            ("attempts_each", (1..=rules.attempts).contains(&rules.attempts_each)),
            ("faults", (1..=20).contains(&rules.faults)),
            ("live.frame_bytes", (16_384..=1 << 20).contains(&live.frame_bytes)),
            ("live.frames", (20..=2_000).contains(&live.frames)),
            ("live.bytes", (live.frame_bytes..=1 << 26).contains(&live.bytes)),
            ("live.lag_seconds", (1..=60).contains(&live.lag_seconds)),
            ("guess.free", (1..=100).contains(&guess.free)),
            ("guess.hours", (1..=24).contains(&guess.hours)),
            ("guess.bits", (1..=guess.most_bits).contains(&guess.bits)),
            ("guess.most_bits", guess.most_bits <= credential::work::MAX_WORK_BITS),
            ("guess.tries_a_bit", (1..=100).contains(&guess.tries_a_bit)),
            ("guess.delay_seconds", (0..=60).contains(&guess.delay_seconds)),
            ("guess.answer_seconds", (30..=3600).contains(&guess.answer_seconds)),
        ] {
            if !holds {
                return Err(EnrolmentRulesError::Range { what });
            }
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_as_committed_are_read_and_one_that_would_end_passes_in_silence_is_refused() {
        EnrolmentRules::builtin().unwrap();
        let text = include_str!("../../data/enrolment.toml");
        for (old, new, expected) in [
            ("objection_hours = 72", "objection_hours = 0", "objection_hours"),
            ("most_bits = 22", "most_bits = 60", "guess.most_bits"),
            ("attempts_each = 8", "attempts_each = 65", "attempts_each"),
        ] {
            let refused = EnrolmentRules::from_toml(&text.replace(old, new));
            let Err(EnrolmentRulesError::Range { what }) = refused else { panic!("{new} was taken") };
            assert_eq!(what, expected);
        }
    }
}

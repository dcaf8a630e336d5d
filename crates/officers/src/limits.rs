//! Limits: how long codes, challenges and sessions are good for, from data.

use serde::Deserialize;

/// How long what an officer holds is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A one-time code, in seconds.
    pub code_seconds: i64,
    /// A challenge, in seconds.
    pub challenge_seconds: i64,
    /// A session without any request, in seconds.
    pub idle_seconds: i64,
    /// A session in all, in seconds.
    pub session_seconds: i64,
    /// A pairing code of a kiosk, in seconds.
    pub pairing_seconds: i64,
    /// Refused sign-ins that are written down in an hour.
    pub refusals_an_hour: u32,
}

impl Limits {
    /// The limits that come with the program (`data/limits.toml`).
    ///
    /// # Errors
    /// The reader's, where the file is malformed; a test reads it.
    pub fn builtin() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("../data/limits.toml"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_that_come_with_the_program_are_in_order() {
        let limits = Limits::builtin().unwrap();
        assert!(0 < limits.challenge_seconds && limits.challenge_seconds < limits.idle_seconds);
        assert!(limits.idle_seconds < limits.session_seconds && limits.session_seconds < limits.code_seconds);
    }
}

//! Validity: how long a border token may live, and how old a holder proof may be: one rule for gates and authorities.
//!
//! Lives here: [`ProofWindow`], [`TokenClaims::check_life`]. Not here: any clock; the time is an argument.

use documents::Timestamp;

use crate::token::{MAX_LIFE_SECONDS, TokenClaims, VerifiedProof};

/// Seconds that a holder proof may have been made ahead of the checker's clock (DESIGN 4).
pub const PROOF_AHEAD_SECONDS: i64 = 10;
/// Seconds after which a holder proof is too old (DESIGN 4).
pub const PROOF_BEHIND_SECONDS: i64 = 30;

/// How far from the checker's clock a holder proof may have been made. Both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofWindow {
    /// Seconds into the future.
    pub ahead: i64,
    /// Seconds into the past.
    pub behind: i64,
}

/// Why a holder proof is not accepted at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofTimeError {
    /// It is too old.
    #[error("the holder proof was made too long ago")]
    Stale,
    /// It comes from the future: one of the two clocks is wrong.
    #[error("the holder proof was made in the future")]
    FromFuture,
}

impl Default for ProofWindow {
    fn default() -> Self {
        Self { ahead: PROOF_AHEAD_SECONDS, behind: PROOF_BEHIND_SECONDS }
    }
}

impl ProofWindow {
    /// The whole time, in seconds, for which one proof may be accepted.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.ahead + self.behind + 1
    }

    /// Checks a proof that was made at `made_at` against the checker's clock.
    ///
    /// # Errors
    /// Where it lies outside of the window.
    pub fn check(self, made_at: Timestamp, now: Timestamp) -> Result<(), ProofTimeError> {
        let age = now.seconds_since(made_at);
        if age > self.behind {
            Err(ProofTimeError::Stale)
        } else if age < -self.ahead {
            Err(ProofTimeError::FromFuture)
        } else {
            Ok(())
        }
    }
}

/// Why a token's `exp` is not accepted at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenLifeError {
    /// Its end has come.
    #[error("the token has expired")]
    Expired,
    /// It claims to live longer than a token of its key class may.
    #[error("the token claims to live longer than a token of its key class may")]
    TooLong,
}

impl VerifiedProof {
    /// Whether the holder unlocked the wallet again after they were asked to, at `asked`. The wallet's clock may be behind by as
    /// much as it may be ahead ([`PROOF_AHEAD_SECONDS`]).
    #[must_use]
    pub fn unlocked_since(&self, asked: Timestamp) -> bool {
        let earliest = asked.plus_seconds(-PROOF_AHEAD_SECONDS);
        self.unlock().is_some_and(|unlock| unlock.at(self.made_at()) >= earliest)
    }
}

impl TokenClaims {
    /// Checks `exp`. At the instant of `exp` a token has expired (RFC 8392, 3.1.4).
    ///
    /// # Errors
    /// Where it has expired, or lies further ahead than the key class allows.
    pub fn check_life(&self, now: Timestamp) -> Result<(), TokenLifeError> {
        let life = self.expires.seconds_since(now);
        if life <= 0 {
            Err(TokenLifeError::Expired)
        } else if life > self.key_class.max_life_seconds().min(MAX_LIFE_SECONDS) {
            Err(TokenLifeError::TooLong)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_accepted_from_ten_seconds_ahead_to_thirty_after() {
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        for (made, expected) in [
            (-31, Err(ProofTimeError::Stale)),
            (-30, Ok(())),
            (0, Ok(())),
            (10, Ok(())),
            (11, Err(ProofTimeError::FromFuture)),
        ] {
            let checked = ProofWindow::default().check(now.plus_seconds(made), now);
            assert_eq!(checked, expected, "made {made} s from now");
        }
        assert_eq!(ProofWindow::default().seconds(), 41);
    }
}

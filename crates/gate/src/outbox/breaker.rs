//! Breaker: an authority that did not answer several times in a row is away: travellers hear so at once, and do not wait
//! for it one after the other. Beside them it is tried again, until it answers.
//!
//! Lives here: [`Breaker`]. Not here: what is asked (`link`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use documents::AuthorityCode;

/// So many silences in a row, and an authority is away.
const SILENCES: u32 = 3;
/// How long a trial may take, and the wait between two of them.
const TRIAL: Duration = Duration::from_secs(2);
const BETWEEN: Duration = Duration::from_secs(1);

/// Who is away.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<BTreeMap<AuthorityCode, State>>);

/// How an authority answered of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So many silences in a row.
    Here(u32),
    /// It is tried beside the lanes.
    Away,
}

impl Breaker {
    /// Whether an authority is away.
    pub(super) fn is_away(&self, authority: AuthorityCode) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&authority) == Some(&State::Away)
    }

    /// Notes an answer, of whatever kind.
    pub(super) fn answered(&self, authority: AuthorityCode) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&authority);
        if before == Some(State::Away) {
            tracing::info!(%authority, "the authority answers again");
        }
    }

    /// Notes a silence; `true` where the authority is away from now on.
    fn silent(&self, authority: AuthorityCode) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = all.entry(authority).or_insert(State::Here(0));
        match *state {
            State::Away => false,
            State::Here(before) if before + 1 >= SILENCES => {
                *state = State::Away;
                true
            }
            State::Here(before) => {
                *state = State::Here(before + 1);
                false
            }
        }
    }

    /// Notes a silence, and tries the authority beside the lanes where it is away from now on: until it answers, or
    /// nobody needs to know any more.
    pub(super) fn note_silence(
        self: &Arc<Self>,
        authority: AuthorityCode,
        client: &reqwest::Client,
        base: &str,
    ) {
        if !self.silent(authority) {
            return;
        }
        tracing::error!(%authority, "the authority is away: lanes say so at once until it answers");
        let (breaker, client, address) = (Arc::downgrade(self), client.clone(), format!("{base}/health"));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(BETWEEN).await;
                let Some(breaker) = breaker.upgrade() else { return };
                if client.get(&address).timeout(TRIAL).send().await.is_ok() {
                    return breaker.answered(authority);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_away_after_three_silences_in_a_row_and_here_after_one_answer() {
        let (breaker, mac) = (Breaker::default(), AuthorityCode::Mac);
        assert!(!breaker.silent(mac) && !breaker.silent(mac));
        breaker.answered(mac);
        assert!(!breaker.silent(mac) && !breaker.silent(mac) && !breaker.is_away(mac));
        assert!(breaker.silent(mac), "the third in a row");
        assert!(breaker.is_away(mac) && !breaker.is_away(AuthorityCode::Chn));
        assert!(!breaker.silent(mac), "one trial is enough");
        breaker.answered(mac);
        assert!(!breaker.is_away(mac));
    }
}

//! List rounds: how gates and desks fetch again and again what the authorities have signed, and keep it for their next start.
//!
//! Lives here: [`ListRounds`]. Not here: what is fetched and what is refused (`gate::lists`), what else a round does.

use std::path::PathBuf;
use std::sync::Arc;

use authority::status_name;
use documents::{AuthorityCode, Timestamp};
use gate::lists::{Follower, KeptLists, ListMemory, NotFetched};

use super::parties::status_lists_to_follow;
use super::{Installation, lists};

/// The rounds of one party.
pub struct ListRounds<'a> {
    installation: &'a Installation,
    follower: Arc<Follower>,
    kept: PathBuf,
    memory: ListMemory,
    kept_lists: Option<KeptLists>,
}

impl<'a> ListRounds<'a> {
    /// Rounds of a party that keeps its trust lists in the folder `kept`, and in `memory` how new the newest lists were.
    pub const fn new(
        installation: &'a Installation,
        follower: Arc<Follower>,
        kept: PathBuf,
        memory: ListMemory,
    ) -> Self {
        Self { installation, follower, kept, memory, kept_lists: None }
    }

    /// The same of a party that keeps its approvals and status lists too.
    #[must_use]
    pub fn keeping(self, kept_lists: KeptLists) -> Self {
        Self { kept_lists: Some(kept_lists), ..self }
    }

    /// Fetches everything once, and keeps the trust lists. Gives what could not be fetched.
    pub async fn fetch(&self, now: Timestamp) -> Vec<NotFetched> {
        let held = self.follower.lists();
        let status = AuthorityCode::ALL
            .into_iter()
            .flat_map(|issuer| {
                let numbers = status_lists_to_follow(now, |list| held.status_entries(issuer, list));
                numbers.into_iter().map(move |list| (issuer, list, status_name(issuer, list)))
            })
            .collect();
        self.follower.take_trust(lists::readable(self.installation), now);
        let missing = self.follower.round(&status, now).await;
        let held = self.follower.lists();
        for whose in AuthorityCode::ALL {
            if let Some(bytes) = held.trust().keep(whose)
                && let Err(error) = lists::keep(&self.kept, whose, &bytes)
            {
                tracing::error!(%whose, %error, "a trust list cannot be kept for the next start");
            }
        }
        missing
    }

    /// Writes down how new the newest lists are, once they are kept themselves: so a start without a network never finds less than
    /// what was seen. What is learnt under a clock that the authorities contradict is not written down, and what was is forgotten.
    pub fn remember(&mut self, now: Timestamp) {
        if let Some(limit) = self.follower.learnt_until(now) {
            self.memory.forget_after(limit);
        }
        if self.follower.clock_is_unsure() {
            return;
        }
        let lists = self.follower.lists();
        if let Some(kept_lists) = &mut self.kept_lists
            && let Err(error) = kept_lists.keep(&lists)
        {
            tracing::error!(%error, "approvals and status lists cannot be kept for the next start; check the disk's space and rights");
            return;
        }
        if let Err(error) = self.memory.remember(&lists.newest()) {
            tracing::error!(%error, "the newest lists cannot be written down");
        }
    }
}

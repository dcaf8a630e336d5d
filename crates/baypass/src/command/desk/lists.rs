//! Lists: what was fetched, as a desk goes by it.
//!
//! Lives here: [`DeskLists`]. Not here: fetching (`gate::lists::Follower`), how old a list may be (`venue::desk`).

use std::sync::Arc;

use credential::StatusRef;
use credential::status::Status;
use documents::{AuthorityCode, Timestamp};
use gate::{Age, Lists as FetchedLists, Trusted};
use trust::{Approvals, Freshness, TrustStore};
use venue::desk::Lists;

/// The lists of one moment, as a desk goes by them.
pub struct DeskLists(Arc<FetchedLists>);

impl DeskLists {
    /// These.
    pub const fn new(lists: Arc<FetchedLists>) -> Self {
        Self(lists)
    }
}

impl Lists for DeskLists {
    fn trust(&self) -> &TrustStore {
        self.0.trust()
    }

    fn approvals(&self) -> &Approvals {
        self.0.approvals()
    }

    fn approvals_heard(&self) -> Option<Timestamp> {
        self.0.approvals_heard()
    }

    fn status(&self, issuer: AuthorityCode, place: StatusRef, now: Timestamp) -> Option<(Status, Freshness)> {
        let answer = Trusted::status(self.0.as_ref(), issuer, place, now)?;
        let freshness = match answer.age {
            Age::Fresh => Freshness::Current,
            Age::Stale => Freshness::Stale,
            Age::TooOld | Age::FromFuture => Freshness::Refused,
        };
        Some((answer.status, freshness))
    }
}

//! Lists: what a desk goes by, as an interface that whoever fetches them fulfils.
//!
//! Lives here: [`Lists`], and how old they may be. Not here: how lists are signed and numbered (`trust`), who fetches them
//! (`baypass`). Docs/venues.md: a desk works for a day without a network, and says so of what it takes by older lists.

use credential::StatusRef;
use credential::status::Status;
use documents::{AuthorityCode, Timestamp};
use trust::{Approvals, Freshness, TrustStore};

/// The lists of one moment. Looking up takes no memory and no time to speak of.
pub trait Lists: Send + Sync {
    /// The trust lists.
    fn trust(&self) -> &TrustStore;

    /// The approvals in use.
    fn approvals(&self) -> &Approvals;

    /// When the approvals in use were last heard from an authority; `None` where they never were.
    fn approvals_heard(&self) -> Option<Timestamp>;

    /// The status at a place of an authority's lists, and how fresh that list is ([`Freshness::of_status_list`]); `None` where
    /// there is no such list or place.
    fn status(&self, issuer: AuthorityCode, place: StatusRef, now: Timestamp) -> Option<(Status, Freshness)>;
}

/// Which list is too old to go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldList {
    /// The trust list of this authority.
    Trust(AuthorityCode),
    /// The approvals.
    Approvals,
    /// A status list of this authority.
    Status(AuthorityCode),
}

impl std::fmt::Display for OldList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trust(authority) => write!(f, "the trust list of {authority}"),
            Self::Approvals => f.write_str("the approvals"),
            Self::Status(authority) => write!(f, "the status list of {authority}"),
        }
    }
}

/// How far a clock may have gone back since the approvals were heard, in seconds.
const CLOCK_SECONDS: i64 = 300;

/// How fresh the approvals are: current for 15 minutes, as a status list without a `ttl`; stale up to a day. What was heard in the
/// future, by a clock that ran ahead, was heard at no known time.
pub(super) fn approvals_freshness(lists: &dyn Lists, now: Timestamp) -> Freshness {
    match lists.approvals_heard() {
        Some(heard) if heard.seconds_since(now) > CLOCK_SECONDS => Freshness::Refused,
        Some(heard) => Freshness::of_status_list(heard, None, None, now),
        None => Freshness::Refused,
    }
}

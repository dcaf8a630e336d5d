//! Trouble: why an authority does not take a lane's events, for health page, log and operator.
//!
//! Lives here: [`Trouble`] and what stands of it in memory. Not here: what the courier does about it.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use documents::AuthorityCode;

use super::store::Store;

/// Why an authority does not take the next event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// It does not answer, or without a receipt that counts. It is tried again by itself.
    Silent,
    /// It asks for events that are kept here no longer (docs/operating.md: `baypass ledger rejoin`).
    EventsMissing,
    /// It knows other events with these numbers: this store was lost or replaced (`baypass gate adopt`).
    Forked,
    /// It did not take the beginning of this gate's chain.
    ChainRefused,
}

impl Trouble {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Silent => "authority_silent",
            Self::EventsMissing => "events_missing",
            Self::Forked => "event_fork",
            Self::ChainRefused => "chain_refused",
        }
    }

    /// What an operator does.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Silent => {
                "look at the connection and at the authority's log; events are sent again by themselves"
            }
            Self::EventsMissing => {
                "the authority lost more than this gate keeps: its operator runs `baypass ledger rejoin`"
            }
            Self::Forked => {
                "this gate's store was lost or replaced: stop the gate and run `baypass gate adopt`"
            }
            Self::ChainRefused => "look at the authority's log for this gate's key and clock",
        }
    }
}

impl Store {
    /// Notes how an authority stands to this lane; the log hears of a change.
    pub(super) fn note_trouble(&self, authority: AuthorityCode, trouble: Option<Trouble>) {
        let mut troubles = self.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match trouble {
            Some(trouble) => troubles.insert(authority, trouble),
            None => troubles.remove(&authority),
        };
        if before == trouble {
            return;
        }
        match trouble {
            Some(trouble) => {
                tracing::error!(%authority, code = trouble.code(), remedy = trouble.remedy(), "events wait");
            }
            None => tracing::info!(%authority, "events are taken again"),
        }
    }

    /// Which authorities do not take this lane's events at this moment, and why.
    #[must_use]
    pub fn troubles(&self) -> BTreeMap<AuthorityCode, Trouble> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

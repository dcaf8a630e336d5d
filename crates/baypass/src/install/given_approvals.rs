//! Given approvals: what an authority gives out of the approvals in its installation is what it goes by, at every moment.
//!
//! Lives here: [`GivenApprovals`]. Not here: how approvals are signed and withdrawn (`approvals`).

use std::sync::{Arc, Mutex, PoisonError};

use authority::Service;
use documents::Timestamp;

use super::parties::open_approvals;
use super::{Installation, approvals};

/// The signed bundles of an installation, as its service took them last.
pub struct GivenApprovals {
    from: Installation,
    service: Arc<Service>,
    taken: Mutex<Vec<(String, Vec<u8>)>>,
}

impl GivenApprovals {
    /// `bundles`: those with which the service was opened.
    pub const fn new(from: Installation, service: Arc<Service>, bundles: Vec<(String, Vec<u8>)>) -> Self {
        Self { from, service, taken: Mutex::new(bundles) }
    }

    /// The bundles to be given out. Where others lie there by now, the service takes them first: whoever reads of a use finds it
    /// allowed, and whoever reads after a withdrawal reads of it.
    pub fn bundles(&self, now: Timestamp) -> Vec<Vec<u8>> {
        self.follow(now, false);
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.iter().map(|(_, bundle)| bundle.clone()).collect()
    }

    /// Has the service take what lies there, also where nothing changed: what counts depends on the time and the trust lists.
    pub fn take(&self, now: Timestamp) {
        self.follow(now, true);
    }

    fn follow(&self, now: Timestamp, anyway: bool) {
        // What cannot be read now changes nothing; the next round reads it.
        let Ok(bundles) = approvals::all(&self.from) else { return };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if !anyway && *taken == bundles {
            return;
        }
        // By a copy: no verdict waits for the signatures.
        let trust = self.service.trust().clone();
        for error in self.service.set_approvals(open_approvals(&bundles, &trust, now).0) {
            tracing::warn!(%error, "an approval was not taken");
        }
        *taken = bundles;
    }
}

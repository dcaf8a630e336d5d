//! Published: the trust lists and approvals that an authority gives out of its installation are those that it goes by, at every moment.
//!
//! Lives here: [`Published`]. Not here: how they are signed (`lists`, `approvals`), what is kept for the next start.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use authority::Service;
use documents::{AuthorityCode, Timestamp};

use super::parties::open_approvals;
use super::{Installation, approvals, lists};

/// What lay in the installation when its service took it last.
pub struct Published {
    from: Installation,
    service: Arc<Service>,
    lists: Mutex<Vec<(AuthorityCode, Vec<u8>)>>,
    bundles: Mutex<Vec<(String, Vec<u8>)>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Published {
    /// `bundles`: the approvals with which the service was opened.
    pub const fn new(from: Installation, service: Arc<Service>, bundles: Vec<(String, Vec<u8>)>) -> Self {
        Self { from, service, lists: Mutex::new(Vec::new()), bundles: Mutex::new(bundles) }
    }

    /// The trust lists to be given out. Where others lie there by now, the service takes them first: whoever reads of an issuer
    /// finds it believed. One that is not taken is given to nobody.
    pub fn lists(&self, now: Timestamp) -> Vec<(AuthorityCode, Vec<u8>)> {
        self.follow_lists(now, false);
        let each = |of| self.service.trust_list(of).map(|list| (of, list));
        AuthorityCode::ALL.into_iter().filter_map(each).collect()
    }

    /// The approvals to be given out. Where others lie there by now, the service takes them first: whoever reads of a use finds it
    /// allowed, and whoever reads after a withdrawal reads of it.
    pub fn bundles(&self, now: Timestamp) -> Vec<Vec<u8>> {
        // Signed under a key that a newer list names, they count by that list.
        self.follow_lists(now, false);
        self.follow_bundles(now, false);
        held(&self.bundles).iter().map(|(_, bundle)| bundle.clone()).collect()
    }

    /// Has the service take the lists that lie there, also where none changed: what counts depends on the time.
    pub fn take_lists(&self, now: Timestamp) {
        self.follow_lists(now, true);
    }

    /// The same of the approvals; what counts depends on the trust lists too.
    pub fn take_approvals(&self, now: Timestamp) {
        self.follow_bundles(now, true);
    }

    fn follow_lists(&self, now: Timestamp, anyway: bool) {
        let found = lists::readable(&self.from);
        let mut seen = held(&self.lists);
        if !anyway && *seen == found {
            return;
        }
        for (whose, bytes) in &found {
            if let Err(error) = self.service.take_trust_list(bytes, now) {
                tracing::warn!(%whose, %error, "a trust list was not taken");
            }
        }
        *seen = found;
    }

    fn follow_bundles(&self, now: Timestamp, anyway: bool) {
        // What cannot be read now changes nothing; the next round reads it.
        let Ok(found) = approvals::all(&self.from) else { return };
        let mut taken = held(&self.bundles);
        if !anyway && *taken == found {
            return;
        }
        // By a copy: no verdict waits for the signatures.
        let trust = self.service.trust().clone();
        for error in self.service.set_approvals(open_approvals(&found, &trust, now).0) {
            tracing::warn!(%error, "an approval was not taken");
        }
        *taken = found;
    }
}

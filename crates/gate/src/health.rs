//! Health: what a traveller would meet at this gate now, and why; each cause has a stable code (docs/operating.md).
//!
//! Lives here: [`Health`], [`Cause`]. Not here: who may see it (`server`).

use std::collections::BTreeMap;
use std::sync::Arc;

use documents::{AuthorityCode, Timestamp};
use serde::Serialize;

use crate::check::{Age, Trusted};
use crate::lane::LaneConfig;
use crate::lists::Follower;
use crate::outbox::{Store, StoreError};
use crate::steady::{ClockState, SteadyClock};

/// How bad a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Somebody has to look; lanes serve.
    Degraded,
    /// No lane serves anybody.
    NotReady,
}

/// Why a gate is not well.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Cause {
    /// The stable code.
    code: &'static str,
    /// Whose list, clock or queue it is, or at which lane.
    about: String,
    /// What an operator does.
    next: &'static str,
    #[serde(skip)]
    weight: Weight,
}

/// A gate as a traveller would meet it.
pub(crate) struct Health {
    causes: Vec<Cause>,
    /// Events that wait, by authority, and dead letters; or why a store cannot be read.
    pub(crate) outbox: Result<(BTreeMap<AuthorityCode, u64>, usize), StoreError>,
}

/// What is looked at.
pub(crate) struct Looked<'a> {
    pub(crate) lanes: &'a [LaneConfig],
    pub(crate) stores: &'a [Arc<Store>],
    pub(crate) trusted: &'a dyn Trusted,
    pub(crate) follower: Option<&'a Follower>,
    pub(crate) steady: Option<&'a SteadyClock>,
    pub(crate) now: Timestamp,
}

impl Health {
    /// Looks at everything once.
    pub(crate) async fn of(looked: Looked<'_>) -> Self {
        let mut health = Self { causes: Vec::new(), outbox: outbox(looked.stores).await };
        health.look_at_trust(&looked);
        health.look_at_clock(&looked);
        health.look_at_status(&looked);
        health.look_at_outbox(&looked);
        health
    }

    /// Whether any traveller would be served.
    pub(crate) fn is_ready(&self) -> bool {
        self.causes.iter().all(|cause| cause.weight < Weight::NotReady)
    }

    /// `ok`, `degraded` or `not_ready`.
    pub(crate) fn word(&self) -> &'static str {
        match self.causes.iter().map(|cause| cause.weight).max() {
            None => "ok",
            Some(Weight::Degraded) => "degraded",
            Some(Weight::NotReady) => "not_ready",
        }
    }

    /// Why, the worst first.
    pub(crate) fn causes(&self) -> Vec<&Cause> {
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.weight));
        causes
    }

    fn add(&mut self, weight: Weight, code: &'static str, about: &impl ToString, next: &'static str) {
        self.causes.push(Cause { code, about: about.to_string(), next, weight });
    }

    fn look_at_trust(&mut self, looked: &Looked<'_>) {
        for whose in AuthorityCode::ALL {
            let (weight, code, next) = match looked.trusted.trust_age(whose, looked.now) {
                Age::Fresh => continue,
                Age::Stale => (
                    Weight::Degraded,
                    "trust_list_stale",
                    "ask its supervisors for a newer list within a day",
                ),
                Age::TooOld => {
                    (Weight::NotReady, "trust_list_too_old", "copy the newest list to public/trust")
                }
                Age::FromFuture => (Weight::NotReady, "clock_unsure", "set the machine's clock (NTP)"),
            };
            self.add(weight, code, &whose, next);
        }
        let approved =
            |lane: &&LaneConfig| looked.trusted.approves(&lane.place.port, lane.place.direction, looked.now);
        let without: Vec<_> = looked.lanes.iter().filter(|lane| !approved(lane)).collect();
        let weight = if without.len() == looked.lanes.len() { Weight::NotReady } else { Weight::Degraded };
        for lane in without {
            let next = "no approval covers the lane today: see `baypass approval list`";
            self.add(weight, "not_approved", &lane.place.lane.as_str(), next);
        }
    }

    fn look_at_clock(&mut self, looked: &Looked<'_>) {
        let jump = looked.steady.map_or(0, SteadyClock::jump);
        if jump != 0 {
            let next = "the machine's clock jumped and is not believed; lanes go on by a stopwatch: set it right (NTP)";
            self.add(Weight::Degraded, "clock_jumped", &format!("{jump:+} s"), next);
        }
        let (weight, code, aparts) = match looked.follower.map(Follower::clock) {
            None | Some(ClockState::Agrees | ClockState::Alone) => return,
            Some(ClockState::Apart(aparts)) => (Weight::Degraded, "clock_apart", aparts),
            Some(ClockState::Unsure(aparts)) => (Weight::NotReady, "clock_unsure", aparts),
        };
        for (authority, seconds) in aparts {
            let next =
                "the gate's clock stands so far before (+) or behind (-) the authority's: set both (NTP)";
            self.add(weight, code, &format!("{authority} {seconds:+} s"), next);
        }
    }

    /// The status lists in use: without one, whoever stands in it is refused.
    fn look_at_status(&mut self, looked: &Looked<'_>) {
        let Some(follower) = looked.follower else { return };
        if follower.rounds() == 0 {
            let next = "wait: the first round of fetching lists is under way";
            return self.add(Weight::NotReady, "starting", &"lists", next);
        }
        let (lists, in_use) = (follower.lists(), follower.in_use());
        let age = |(issuer, list, _): &(AuthorityCode, u8, String)| {
            (*issuer, *list, lists.status_age(*issuer, *list, looked.now))
        };
        let ages: Vec<_> = in_use.iter().map(age).collect();
        let refuses = |age: Option<Age>| !matches!(age, Some(Age::Fresh | Age::Stale));
        let all = !ages.is_empty() && ages.iter().all(|(.., age)| refuses(*age));
        let weight = if all { Weight::NotReady } else { Weight::Degraded };
        for (issuer, list, age) in ages {
            let (weight, code) = match age {
                Some(Age::Fresh) => continue,
                Some(Age::Stale) => (Weight::Degraded, "status_list_stale"),
                Some(Age::TooOld) => (weight, "status_list_too_old"),
                Some(Age::FromFuture) => (weight, "clock_unsure"),
                None => (weight, "status_list_missing"),
            };
            let next =
                "look at the connection to the authority and at its log; it is fetched again by itself";
            self.add(weight, code, &format!("{issuer}/{list}"), next);
        }
        for refused in follower.refused() {
            let next =
                "the authority gives a list that would go back, or is of another time: tell its operator";
            self.add(Weight::Degraded, refused.code, &refused.from, next);
        }
    }

    fn look_at_outbox(&mut self, looked: &Looked<'_>) {
        match &self.outbox {
            Err(_) => {
                let next = "look at the store's disk and file; lanes open for nobody";
                self.add(Weight::NotReady, "store_unusable", &"store", next);
            }
            Ok((_, letters)) if *letters > 0 => {
                let (letters, next) = (*letters, "an officer settles them: docs/operating.md, After a loss");
                self.add(Weight::Degraded, "dead_letters", &letters, next);
            }
            Ok(_) => {}
        }
        // Events that wait hold no traveller up, but somebody has to look.
        for (lane, store) in looked.lanes.iter().zip(looked.stores) {
            for (authority, trouble) in store.troubles() {
                let about = format!("{authority} {}", lane.place.lane.as_str());
                self.add(Weight::Degraded, trouble.code(), &about, trouble.remedy());
            }
        }
    }
}

/// How many events wait for each authority, and how many dead letters there are, over all stores.
async fn outbox(stores: &[Arc<Store>]) -> Result<(BTreeMap<AuthorityCode, u64>, usize), StoreError> {
    let mut letters = 0;
    for store in stores {
        letters += store.dead_letters().await?.len();
    }
    Ok((waiting(stores).await?, letters))
}

/// How many events wait for each authority, over all stores.
pub(crate) async fn waiting(stores: &[Arc<Store>]) -> Result<BTreeMap<AuthorityCode, u64>, StoreError> {
    let mut counts = BTreeMap::new();
    for authority in AuthorityCode::ALL {
        let mut waiting = 0;
        for store in stores {
            waiting += store.waiting(authority).await?;
        }
        counts.insert(authority, waiting);
    }
    Ok(counts)
}

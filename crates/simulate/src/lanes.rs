//! Lanes: what each lane's state makes of a day's attempts, and which rules about lanes hold.
//!
//! Lives here: [`LaneBook`]. Not here: travellers; a lane's rule is told to its operator and asks nothing of anybody.

use std::collections::{BTreeMap, BTreeSet};

use documents::{Direction, Timestamp};
use risk::state::{LaneState, LaneTry};
use risk::{Cause, Facts};

use crate::cases::Case;
use crate::crossing::{Bay, LaneEvent};

type Lane = (usize, Direction, bool, usize);

/// All lanes.
#[derive(Default)]
pub(crate) struct LaneBook {
    states: BTreeMap<Lane, LaneState>,
    hours: BTreeSet<(Lane, i64)>,
    told: BTreeSet<(Lane, i64)>,
    insider: BTreeMap<(Lane, i64), BTreeSet<(usize, usize)>>,
}

impl LaneBook {
    /// A day's attempts, in the order of time.
    pub fn day(&mut self, bay: &Bay<'_>, events: &[LaneEvent]) {
        for event in events {
            let Some(now) = Timestamp::from_unix(event.at) else { continue };
            let slot = (event.lane, event.at.div_euclid(3600));
            let state = self.states.entry(event.lane).or_insert_with(|| LaneState::new(now));
            *state = state.tried(LaneTry { failed: event.failed, overridden: event.overridden }, now);
            self.hours.insert(slot);
            if let Some(case) = event.insider {
                self.insider.entry(slot).or_default().insert(case);
            }
            // The ratios rise with a failure or an override alone.
            if (event.failed || event.overridden) && tells(bay, state, now) {
                self.told.insert(slot);
            }
        }
    }

    /// Marks the cases of insiders that were told.
    pub fn tell(&self, cases: &mut [Vec<Case>]) {
        for (slot, of) in &self.insider {
            if !self.told.contains(slot) {
                continue;
            }
            for (shard, at) in of {
                if let Some(case) = cases.get_mut(*shard).and_then(|cases| cases.get_mut(*at)) {
                    case.story.by_lane = true;
                }
            }
        }
    }

    /// Lane hours with an attempt, those that were told, those with an insider, and those of them that were told.
    pub fn counts(&self) -> [u64; 4] {
        let count = |n: usize| u64::try_from(n).unwrap_or(0);
        let both = self.insider.keys().filter(|slot| self.told.contains(slot)).count();
        [count(self.hours.len()), count(self.told.len()), count(self.insider.len()), count(both)]
    }
}

fn tells(bay: &Bay<'_>, state: &LaneState, now: Timestamp) -> bool {
    let mut facts = Facts::new(bay.schema);
    if state.signals(now, bay.schema, &mut facts).is_err() {
        return false;
    }
    // Rules about travellers cannot be decided on a lane alone; those about lanes can.
    bay.ask(&facts).of_the_lane().any(|finding| finding.counts && finding.cause == Cause::Held)
}

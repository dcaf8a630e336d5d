//! Replay: which showing was read at which lane. The same lane may read a showing again; another lane may not.
//!
//! Lives here: [`ReplayCache`], bounded and forgetful. Not here: the proof that a showing is genuine; only a showing
//! whose signatures were verified is noted, so that nobody can block a code that they merely saw.

use std::collections::HashMap;
use std::sync::Arc;

use clearance::LaneId;
use credential::TokenId;
use documents::Timestamp;

/// Showings that a generation holds before an older one is dropped.
const CAPACITY: usize = 65_536;

/// The showings of the last two windows.
#[derive(Debug)]
pub struct ReplayCache {
    window_seconds: i64,
    turned_at: Timestamp,
    recent: HashMap<(TokenId, Timestamp), Arc<LaneId>>,
    older: HashMap<(TokenId, Timestamp), Arc<LaneId>>,
}

impl ReplayCache {
    /// A cache for a window of `window_seconds`: the whole time for which a showing may be accepted.
    #[must_use]
    pub fn new(window_seconds: i64, now: Timestamp) -> Self {
        Self {
            window_seconds: window_seconds.max(1),
            turned_at: now,
            recent: HashMap::new(),
            older: HashMap::new(),
        }
    }

    /// Whether this showing was read at another lane than `lane`.
    #[must_use]
    pub fn seen_elsewhere(&self, token: TokenId, made_at: Timestamp, lane: &LaneId) -> bool {
        let key = (token, made_at);
        self.recent.get(&key).or_else(|| self.older.get(&key)).is_some_and(|at| **at != *lane)
    }

    /// Notes a genuine showing; `false` where another lane was first.
    pub fn note(&mut self, token: TokenId, made_at: Timestamp, lane: &Arc<LaneId>, now: Timestamp) -> bool {
        self.turn(now);
        if self.seen_elsewhere(token, made_at, lane) {
            return false;
        }
        self.recent.insert((token, made_at), Arc::clone(lane));
        true
    }

    /// How many showings it remembers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.recent.len() + self.older.len()
    }

    /// Whether it remembers none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A generation ends with its window, or when it is full; a showing outlives at least the window in which it was
    /// noted unless a whole generation of genuine showings comes within it.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let elapsed = now.seconds_since(self.turned_at);
        if elapsed >= 2 * self.window_seconds {
            self.recent.clear();
        }
        if elapsed >= self.window_seconds || elapsed < -self.window_seconds || self.recent.len() >= CAPACITY {
            self.older = std::mem::take(&mut self.recent);
            self.turned_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn lane(name: &str) -> Arc<LaneId> {
        Arc::new(name.parse().unwrap())
    }

    #[test]
    fn another_lane_is_refused_and_the_same_lane_may_read_again() {
        let (one, two) = (lane("one"), lane("two"));
        let token = TokenId::from_bytes([1; 16]);
        let mut cache = ReplayCache::new(40, at(0));
        assert!(cache.note(token, at(0), &one, at(1)));
        assert!(cache.note(token, at(0), &one, at(20)));
        assert!(!cache.note(token, at(0), &two, at(2)));
        assert!(cache.seen_elsewhere(token, at(0), &two));
        // The next showing of the same token is another one.
        assert!(cache.note(token, at(15), &two, at(16)));
    }

    #[test]
    fn a_showing_is_remembered_for_its_whole_window_and_then_forgotten() {
        let (one, two) = (lane("one"), lane("two"));
        let token = TokenId::from_bytes([1; 16]);
        let mut cache = ReplayCache::new(40, at(0));
        cache.note(token, at(0), &one, at(39));
        let other = TokenId::from_bytes([2; 16]);
        cache.note(other, at(40), &one, at(41));
        assert!(cache.seen_elsewhere(token, at(0), &two), "one generation on");
        cache.note(other, at(80), &one, at(85));
        assert!(!cache.seen_elsewhere(token, at(0), &two), "two generations on");
    }

    #[test]
    fn a_flood_of_showings_takes_bounded_memory() {
        let one = lane("one");
        let mut cache = ReplayCache::new(40, at(0));
        for n in 0..200_000_u32 {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&n.to_be_bytes());
            cache.note(TokenId::from_bytes(id), at(0), &one, at(0));
        }
        assert!(cache.len() <= 2 * CAPACITY);
    }
}

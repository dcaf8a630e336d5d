//! At a lane: whom the verdicts of the last minutes were about. Memory alone, which forgets by itself.
//!
//! Lives here: [`AtLanes`]. Not here: what an officer sees of them (`seeing`). A gate never learns any of this (docs/officers.md).

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use documents::{Direction, DocumentNumber, PortId, Timestamp, redact_debug};

use crate::store::vault::PersonKey;

/// How long an officer may see whom a verdict was about, in seconds from the verdict on: measures are open for a minute at most, and
/// whoever was sent to the officer stands there for some minutes more.
pub const SEEN_SECONDS: i64 = 600;
/// Most verdicts that are remembered; the oldest goes first.
const MAX_SEEN: usize = 65_536;
/// Whom a verdict was about, as far as its memory must hold it: the rest stands in the registry.
#[derive(Clone)]
pub(crate) struct Standing {
    pub lane: String,
    pub port: PortId,
    pub direction: Direction,
    pub person: PersonKey,
    pub number: DocumentNumber,
    /// The name that a sealed part carries; the registry has that of its own people.
    pub name: Option<SeenName>,
}
redact_debug!(Standing);

/// A name as the document prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct SeenName {
    /// In Latin letters; `None` where the document has none.
    pub latin: Option<String>,
    /// In Chinese characters; `None` where the document has none.
    pub chinese: Option<String>,
}
redact_debug!(SeenName);

/// Who stands at lanes, or stood there minutes ago, by the reference of the verdict. It lies in no file.
#[derive(Default)]
pub(crate) struct AtLanes(Mutex<Seen>);
redact_debug!(AtLanes);

#[derive(Default)]
struct Seen {
    by_reference: HashMap<[u8; 16], (Timestamp, Standing)>,
    /// The oldest first.
    order: VecDeque<(Timestamp, [u8; 16])>,
}

impl Seen {
    fn forget(&mut self, now: Timestamp, most: usize) {
        while let Some((at, reference)) = self.order.front().copied() {
            if self.order.len() <= most && is_fresh(at, now) {
                return;
            }
            self.order.pop_front();
            self.by_reference.remove(&reference);
        }
    }
}

/// Whether a verdict of that moment is still shown. One of the future is not: the clock went back.
fn is_fresh(at: Timestamp, now: Timestamp) -> bool {
    (0..SEEN_SECONDS).contains(&now.seconds_since(at))
}

impl AtLanes {
    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers whom a verdict was about, for some minutes.
    pub(crate) fn remember(&self, reference: [u8; 16], standing: Standing, now: Timestamp) {
        let mut seen = self.lock();
        seen.forget(now, MAX_SEEN - 1);
        seen.order.push_back((now, reference));
        seen.by_reference.insert(reference, (now, standing));
    }

    /// Forgets whoever stood there too long ago.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        self.lock().forget(now, MAX_SEEN);
    }

    pub(crate) fn find(&self, reference: &[u8; 16], lane: &str, now: Timestamp) -> Option<Standing> {
        let mut seen = self.lock();
        seen.forget(now, MAX_SEEN);
        let (_, standing) = seen.by_reference.get(reference)?;
        (standing.lane == lane).then(|| standing.clone())
    }
}

#[cfg(test)]
mod tests {
    use documents::{AuthorityCode, DocumentKind};

    use super::*;

    fn standing(lane: &str) -> Standing {
        Standing {
            lane: lane.to_owned(),
            port: "hengqin".parse().unwrap(),
            direction: Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap(),
            person: PersonKey::from_bytes([7; 16]),
            number: DocumentNumber::parse(DocumentKind::HomeReturnPermit, "M87654320").unwrap(),
            name: None,
        }
    }

    #[test]
    fn whoever_stands_at_a_lane_is_found_there_alone_and_forgotten_after_ten_minutes() {
        let start: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let seen = AtLanes::default();
        seen.remember([1; 16], standing("hengqin/MAC-CHN"), start);
        for (reference, lane, after, found) in [
            ([1; 16], "hengqin/MAC-CHN", 0, true),
            ([1; 16], "hengqin/CHN-MAC", 0, false),
            ([2; 16], "hengqin/MAC-CHN", 0, false),
            ([1; 16], "hengqin/MAC-CHN", SEEN_SECONDS - 1, true),
            ([1; 16], "hengqin/MAC-CHN", SEEN_SECONDS, false),
            // Forgotten is forgotten: a clock that goes back brings nobody back.
            ([1; 16], "hengqin/MAC-CHN", 0, false),
        ] {
            let got = seen.find(&reference, lane, start.plus_seconds(after));
            assert_eq!(got.is_some(), found, "row {lane} {after}");
        }
    }

    #[test]
    fn a_full_memory_forgets_the_oldest() {
        let now: Timestamp = "2026-03-02T08:00:00Z".parse().unwrap();
        let seen = AtLanes::default();
        let mut reference = [0; 16];
        for number in 0..=u32::try_from(MAX_SEEN).unwrap() {
            reference[..4].copy_from_slice(&number.to_be_bytes());
            seen.remember(reference, standing("a/b"), now);
        }
        assert!(seen.find(&[0; 16], "a/b", now).is_none());
        assert!(seen.find(&reference, "a/b", now).is_some());
        assert_eq!(seen.lock().by_reference.len(), MAX_SEEN);
    }

    #[test]
    fn no_debug_output_shows_who_stands_there() {
        assert_eq!(format!("{:?}", standing("a/b")), "Standing(redacted)");
    }
}

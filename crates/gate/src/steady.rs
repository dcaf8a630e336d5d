//! Steady: a clock that does not jump. The machine's clock is held to a stopwatch, and to the times that authorities sign.
//!
//! Lives here: [`SteadyClock`], [`apart`], [`ClockState`]. Not here: where signed times come from (`lists::Follower`).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use credential::ProofWindow;
use documents::{AuthorityCode, Timestamp};

use crate::clock::{Clock, Stopwatch};

/// So many seconds between two readings the clock may gain or lose against the stopwatch: a correction, no jump.
const JUMP_SECONDS: i64 = 10;
/// So many seconds an authority shows one status list before it signs the next.
const SHOWN_SECONDS: i64 = 30;
/// So many seconds two clocks may lie apart before somebody should look.
const LOOK_SECONDS: i64 = 10;
/// So many authorities must say the same about a clock.
const ENOUGH: usize = 2;

/// The machine's clock as far as it runs like a stopwatch. After a jump it goes on as if there had been none, until
/// authorities' signed times agree with the machine ([`SteadyClock::hear`]) or the machine has come back.
pub struct SteadyClock {
    clock: Arc<dyn Clock>,
    watch: Arc<dyn Stopwatch>,
    anchor: Mutex<Anchor>,
}

#[derive(Debug, Clone, Copy)]
struct Anchor {
    at: Timestamp,
    millis: f64,
}

impl std::fmt::Debug for SteadyClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SteadyClock").field("anchor", &self.anchor).finish_non_exhaustive()
    }
}

impl SteadyClock {
    /// Begins with what the clock says now.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, watch: Arc<dyn Stopwatch>) -> Self {
        let anchor = Mutex::new(Anchor { at: clock.now(), millis: watch.millis() });
        Self { clock, watch, anchor }
    }

    /// Seconds by which the machine's clock has jumped away from the time that is used; 0 where it has not.
    #[must_use]
    pub fn jump(&self) -> i64 {
        self.look().1
    }

    /// Hears what authorities have signed just now, by the time that is used and `shift` seconds beside it; gives whether a
    /// jump is believed from now on: two authorities agree with it, and fewer with the time before it.
    pub fn hear(&self, signed: &BTreeMap<AuthorityCode, Timestamp>, shift: i64) -> bool {
        let (used, jump) = self.look();
        if jump == 0 {
            return false;
        }
        let agree = |now: Timestamp| {
            let near = |signed: &&Timestamp| apart(now, **signed).abs() <= ProofWindow::default().behind;
            signed.values().filter(near).count()
        };
        let (machine, held) =
            (agree(used.plus_seconds(jump.saturating_add(shift))), agree(used.plus_seconds(shift)));
        let believed = machine >= ENOUGH && machine > held;
        if believed {
            *self.anchor.lock().unwrap_or_else(PoisonError::into_inner) =
                Anchor { at: self.clock.now(), millis: self.watch.millis() };
        }
        believed
    }

    /// The time that is used, and by how much the machine's clock has jumped away from it.
    fn look(&self) -> (Timestamp, i64) {
        let mut anchor = self.anchor.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, millis) = (self.clock.now(), self.watch.millis());
        #[expect(clippy::cast_possible_truncation, reason = "seconds since the start of a process")]
        let passed = ((millis - anchor.millis) / 1000.0) as i64;
        let held = anchor.at.plus_seconds(passed);
        let jump = read.seconds_since(held);
        if jump.abs() > JUMP_SECONDS {
            return (held, jump);
        }
        *anchor = Anchor { at: read, millis };
        (read, 0)
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        self.look().0
    }
}

/// Seconds by which a clock that says `now` is ahead of one (below 0: behind one) that signed a status list at `signed` and
/// shows it still: at least so many, for the list may have been shown for a while.
#[must_use]
pub fn apart(now: Timestamp, signed: Timestamp) -> i64 {
    match now.seconds_since(signed) {
        behind @ ..0 => behind,
        0..=SHOWN_SECONDS => 0,
        ahead => ahead - SHOWN_SECONDS,
    }
}

/// How a gate's clock stands to the authorities'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClockState {
    /// It agrees with at least two of them.
    Agrees,
    /// Fewer than two were heard, and none lies apart.
    Alone,
    /// It lies apart from these by so many seconds, and codes can be judged.
    Apart(BTreeMap<AuthorityCode, i64>),
    /// Most of those that were heard say that it is wrong, by more than a code's proof may be: every code would be refused.
    Unsure(BTreeMap<AuthorityCode, i64>),
}

impl ClockState {
    /// Judges by how far each authority's clock lies apart ([`apart`]).
    #[must_use]
    pub fn of(aparts: &BTreeMap<AuthorityCode, i64>) -> Self {
        let window = ProofWindow::default();
        let ahead = aparts.values().filter(|seconds| **seconds > window.behind).count();
        let behind = aparts.values().filter(|seconds| **seconds < -window.ahead).count();
        let apart: BTreeMap<_, _> =
            aparts.iter().filter(|(_, s)| s.abs() > LOOK_SECONDS).map(|(code, s)| (*code, *s)).collect();
        let most = ahead.max(behind);
        if most >= ENOUGH && most.saturating_mul(2) > aparts.len() {
            Self::Unsure(apart)
        } else if !apart.is_empty() {
            Self::Apart(apart)
        } else if aparts.len() >= ENOUGH {
            Self::Agrees
        } else {
            Self::Alone
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const DAYS: i64 = 86_400;

    /// A machine whose clock and stopwatch are set by hand.
    #[derive(Default)]
    struct Machine {
        passed: AtomicI64,
        wrong: AtomicI64,
    }

    impl Clock for Machine {
        fn now(&self) -> Timestamp {
            let seconds = self.passed.load(Ordering::SeqCst) + self.wrong.load(Ordering::SeqCst);
            Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
        }
    }

    impl Stopwatch for Machine {
        fn millis(&self) -> f64 {
            f64::from(i32::try_from(self.passed.load(Ordering::SeqCst)).unwrap()) * 1000.0
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    fn all(seconds: i64) -> BTreeMap<AuthorityCode, Timestamp> {
        AuthorityCode::ALL.map(|code| (code, at(seconds))).into()
    }

    #[test]
    fn a_jump_is_passed_over_until_the_machine_comes_back() {
        let machine = Arc::new(Machine::default());
        let clock = SteadyClock::new(machine.clone(), machine.clone());
        for jump in [3 * DAYS, -3 * DAYS, 60] {
            machine.wrong.store(jump, Ordering::SeqCst);
            let passed = machine.passed.fetch_add(7, Ordering::SeqCst) + 7;
            assert_eq!((clock.now(), clock.jump()), (at(passed), jump));
            assert!(!clock.hear(&all(passed - 3), 0), "the authorities do not agree with the machine");
            machine.wrong.store(0, Ordering::SeqCst);
            assert_eq!((clock.now(), clock.jump()), (at(passed), 0));
        }
    }

    #[test]
    fn a_clock_that_was_wrong_at_the_start_is_believed_once_it_is_set_right() {
        let machine = Arc::new(Machine::default());
        machine.wrong.store(3 * DAYS, Ordering::SeqCst);
        let clock = SteadyClock::new(machine.clone(), machine.clone());
        machine.wrong.store(0, Ordering::SeqCst);
        machine.passed.store(5, Ordering::SeqCst);
        assert_eq!(clock.now(), at(3 * DAYS + 5));
        let one = BTreeMap::from([(AuthorityCode::Mac, at(4))]);
        assert!(!clock.hear(&one, 0), "one authority alone sets nobody's clock");
        assert!(clock.hear(&all(4), 0));
        assert_eq!((clock.now(), clock.jump()), (at(5), 0));
    }

    #[test]
    fn small_corrections_are_followed() {
        let machine = Arc::new(Machine::default());
        let clock = SteadyClock::new(machine.clone(), machine.clone());
        for step in 1..100 {
            machine.wrong.store(step * 5, Ordering::SeqCst);
            machine.passed.store(step * 60, Ordering::SeqCst);
            assert_eq!((clock.now(), clock.jump()), (at(step * 65), 0));
        }
    }

    #[test]
    fn most_authorities_say_whose_clock_is_wrong() {
        let aparts =
            |seconds: [i64; 3]| ClockState::of(&AuthorityCode::ALL.into_iter().zip(seconds).collect());
        assert_eq!(aparts([0, 3, -10]), ClockState::Agrees);
        assert!(matches!(aparts([0, 0, 3 * DAYS]), ClockState::Apart(which) if which.len() == 1));
        assert!(matches!(aparts([11, 12, 13]), ClockState::Apart(_)), "codes can be judged");
        assert!(matches!(aparts([3 * DAYS, 3 * DAYS, 0]), ClockState::Unsure(_)));
        assert!(matches!(aparts([-40, -40, -40]), ClockState::Unsure(_)));
        assert!(matches!(aparts([3 * DAYS, 0, -3 * DAYS]), ClockState::Apart(_)), "they do not agree");
        assert_eq!(ClockState::of(&BTreeMap::from([(AuthorityCode::Hkg, 0)])), ClockState::Alone);
        assert_eq!([apart(at(0), at(9)), apart(at(30), at(0)), apart(at(31), at(0))], [-9, 0, 1]);
    }
}

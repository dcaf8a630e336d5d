//! Time: the one place where a lane keeps time during a crossing.
//!
//! Lives here: [`LaneTime`], [`Deadline`]. Not here: how long anything may take (`clearance`).
//!
//! The time of day comes from the lane's [`Clock`] and never runs backwards within one crossing. A deadline is reached
//! when its seconds have gone by on the machine's timer, whatever the clock says: a clock that stands still (`--at`, a
//! trial) or is set back keeps no traveller standing.

use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use documents::Timestamp;

use crate::clock::Clock;

/// Something that ends after a while.
pub(super) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits until a deadline of the machine is over.
pub(super) trait Timer: Send + Sync {
    /// Ends after this long.
    fn sleep(&self, long: Duration) -> Sleep;
}

/// The runtime's own timer.
#[derive(Debug, Clone, Copy)]
pub(super) struct RuntimeTimer;

impl Timer for RuntimeTimer {
    fn sleep(&self, long: Duration) -> Sleep {
        Box::pin(tokio::time::sleep(long))
    }
}

/// The time of one crossing.
pub(super) struct LaneTime<'a> {
    clock: &'a dyn Clock,
    timer: &'a dyn Timer,
    /// The latest time that was given out, in Unix seconds.
    latest: AtomicI64,
}

impl<'a> LaneTime<'a> {
    /// Goes by this clock and this timer.
    pub(super) const fn new(clock: &'a dyn Clock, timer: &'a dyn Timer) -> Self {
        Self { clock, timer, latest: AtomicI64::new(i64::MIN) }
    }

    /// The time of day, never before one that was given out.
    pub(super) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        self.no_earlier_than(now)
    }

    fn no_earlier_than(&self, time: Timestamp) -> Timestamp {
        let before = self.latest.fetch_max(time.unix(), Ordering::SeqCst);
        Timestamp::from_unix(before.max(time.unix())).unwrap_or(time)
    }

    /// What `work` gives within so many seconds; `None` where it takes longer, and then it is dropped.
    pub(super) async fn within<T>(&self, seconds: i64, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            made = work => Some(made),
            () = self.timer.sleep(Duration::from_secs(seconds.unsigned_abs())) => None,
        }
    }

    /// Ends after this long.
    pub(super) async fn sleep(&self, long: Duration) {
        self.timer.sleep(long).await;
    }
}

/// The instant that a clearance waits for; none where it waits for no time.
#[derive(Default)]
pub(super) struct Deadline(Option<(Timestamp, Sleep)>);

impl Deadline {
    /// Waits for this instant from now on. The same one again changes nothing.
    pub(super) fn set(&mut self, deadline: Option<Timestamp>, time: &LaneTime<'_>) {
        if self.0.as_ref().map(|(at, _)| *at) == deadline {
            return;
        }
        self.0 = deadline.map(|at| {
            let left = at.seconds_since(time.now()).max(0).unsigned_abs();
            (at, time.timer.sleep(Duration::from_secs(left)))
        });
    }

    /// Gives the time once it has come; never where there is none. May be dropped and called again.
    pub(super) async fn reached(&mut self, time: &LaneTime<'_>) -> Timestamp {
        match &mut self.0 {
            Some((at, sleep)) => {
                sleep.as_mut().await;
                let now = time.now();
                time.no_earlier_than((*at).max(now))
            }
            None => std::future::pending().await,
        }
    }
}

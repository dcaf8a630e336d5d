//! Limit: how many enrolments one client may ask for in a row.
//!
//! Lives here: a rate limit (GCRA) keyed by the client's address, over the service's own clock. Not here: the limit of
//! one document number, which is counted in the database (`enrolment`), so that it holds across restarts and processes.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use documents::Timestamp;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::Now;

/// Enrolments that one client may ask for at once.
pub(super) const BURST: NonZeroU32 = match NonZeroU32::new(120) {
    Some(burst) => burst,
    None => NonZeroU32::MIN,
};
/// Enrolments a second after that.
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN;
/// Clients that are remembered before those at rest are forgotten.
const MANY_CLIENTS: usize = 10_000;

/// The service's clock as the limiter reads it: it never goes back. A clock that is set back stands still here and goes
/// on from there, so that an hour too far for a moment keeps nobody out for an hour.
#[derive(Clone)]
struct ServiceClock {
    now: Now,
    state: Arc<Mutex<Elapsed>>,
}

struct Elapsed {
    last: Timestamp,
    seconds: u64,
}

impl ServiceClock {
    fn new(now: Now) -> Self {
        let last = now();
        Self { now, state: Arc::new(Mutex::new(Elapsed { last, seconds: 0 })) }
    }
}

impl Clock for ServiceClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let read = (self.now)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = u64::try_from(read.seconds_since(state.last)).unwrap_or(0);
        state.seconds = state.seconds.saturating_add(ahead);
        state.last = read;
        Nanos::new(state.seconds.saturating_mul(1_000_000_000))
    }
}

/// The rate limit of enrolments. A client without an address (a socket in a test) has one limit with its like.
pub(super) struct EnrolmentLimit {
    limiter:
        RateLimiter<Option<IpAddr>, HashMapStateStore<Option<IpAddr>>, ServiceClock, NoOpMiddleware<Nanos>>,
    clock: ServiceClock,
}

impl EnrolmentLimit {
    pub(super) fn new(now: Now) -> Self {
        let clock = ServiceClock::new(now);
        let quota = Quota::per_second(PER_SECOND).allow_burst(BURST);
        Self { limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()), clock }
    }

    /// Takes one enrolment of this client; else the whole seconds after which there is one.
    pub(super) fn take(&self, client: Option<IpAddr>) -> Result<(), u32> {
        if self.limiter.len() > MANY_CLIENTS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&client).map_err(|not_until| {
            let wait: Duration = not_until.wait_time_from(self.clock.now());
            u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1)
        })
    }
}

/// The address of the client that a request came from.
pub(super) fn client(extensions: &axum::http::Extensions) -> Option<IpAddr> {
    let info = extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>();
    info.map(|info| info.0.ip())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[test]
    fn a_client_has_a_burst_and_then_one_a_second_and_takes_nothing_from_another() {
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let read = Arc::clone(&clock);
        let now: Now = Arc::new(move || Timestamp::from_unix(read.load(Ordering::SeqCst)).unwrap());
        let limit = EnrolmentLimit::new(now);
        let (one, other) = (Some("192.0.2.1".parse().unwrap()), Some("192.0.2.2".parse().unwrap()));
        let all = |client| {
            for _ in 0..BURST.get() {
                assert_eq!(limit.take(client), Ok(()));
            }
        };
        all(one);
        assert_eq!(limit.take(one), Err(1));
        assert_eq!(limit.take(other), Ok(()), "another client has a limit of its own");
        clock.fetch_add(1, Ordering::SeqCst);
        assert_eq!(limit.take(one), Ok(()));
        assert_eq!(limit.take(one), Err(1));
        clock.fetch_sub(500, Ordering::SeqCst);
        assert_eq!(limit.take(one), Err(1), "a clock set back gives nothing");
        clock.fetch_add(1, Ordering::SeqCst);
        assert_eq!(limit.take(one), Ok(()), "and goes on from there");
        clock.fetch_add(86_400, Ordering::SeqCst);
        all(one);
        assert_eq!(limit.take(one), Err(1), "a long rest gives one burst");
    }
}

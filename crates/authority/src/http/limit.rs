//! Limit: how fast one client begins enrolments before each takes work.
//!
//! Lives here: rates (GCRA) keyed by the client's address and by its device key, over the service's own clock. Not here: the
//! tries on one document number, which are counted in the database (`enrolment`), so that they hold across restarts. Nobody
//! is denied: what is beyond a rate costs a pause and work.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use credential::dpop::DpopThumbprint;
use documents::Timestamp;
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::Now;
use super::problem::{Problem, ProblemCode};
use crate::applications::EnrolmentRules;

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

/// A rate for each key; it says who asks for more, and denies nothing.
struct Rates<K: std::hash::Hash + Eq + Clone> {
    limiter: RateLimiter<K, HashMapStateStore<K>, ServiceClock, NoOpMiddleware<Nanos>>,
}

impl<K: std::hash::Hash + Eq + Clone> Rates<K> {
    fn new(clock: ServiceClock, burst: NonZeroU32, per_minute: NonZeroU32) -> Self {
        let quota = Quota::per_minute(per_minute).allow_burst(burst);
        Self { limiter: RateLimiter::new(quota, HashMapStateStore::default(), clock) }
    }

    /// Counts one request of this key; whether it is beyond the rate.
    fn is_beyond(&self, key: &K) -> bool {
        if self.limiter.len() > MANY_CLIENTS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).is_err()
    }
}

/// Who begins enrolments faster than a person does: by address (of IPv6 its /64) and by device key. A client without an
/// address (a socket in a test) has one rate with its like.
pub(super) struct EnrolmentRates {
    addresses: Rates<Option<IpAddr>>,
    devices: Rates<DpopThumbprint>,
}

impl EnrolmentRates {
    pub(super) fn new(now: Now, rules: &EnrolmentRules) -> Self {
        let (clock, rules) = (ServiceClock::new(now), &rules.client);
        Self {
            addresses: Rates::new(clock.clone(), rules.address_burst, rules.address_per_minute),
            devices: Rates::new(clock, rules.device_burst, rules.device_per_minute),
        }
    }

    /// Counts one enrolment that is begun; whether it takes work, for its address or its device did more than their rate.
    pub(super) fn is_pressed(&self, client: Option<IpAddr>, device: DpopThumbprint) -> bool {
        // Both are counted, whatever the first says.
        self.addresses.is_beyond(&client.map(subscriber)) | self.devices.is_beyond(&device)
    }

    /// Counts a request for which no work is asked: beyond the rate it has to wait.
    pub(super) fn hold_back(&self, client: Option<IpAddr>, device: DpopThumbprint) -> Result<(), Problem> {
        if self.is_pressed(client, device) {
            return Err(Problem::new(ProblemCode::TooManyRequests).after(60));
        }
        Ok(())
    }
}

/// The address by which a client is counted: one subscriber has a /64 of IPv6 at least.
fn subscriber(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(own) => match own.to_ipv4_mapped() {
            Some(mapped) => IpAddr::V4(mapped),
            None => IpAddr::V6(Ipv6Addr::from_bits(own.to_bits() & (u128::MAX << 64))),
        },
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
    fn an_address_and_a_device_have_a_burst_each_and_take_nothing_from_another() {
        let clock = Arc::new(AtomicI64::new(1_800_000_000));
        let read = Arc::clone(&clock);
        let now: Now = Arc::new(move || Timestamp::from_unix(read.load(Ordering::SeqCst)).unwrap());
        let rules = EnrolmentRules::builtin().unwrap();
        let limit = EnrolmentRates::new(now, &rules);
        let device = |number: u32| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            DpopThumbprint::from_bytes(bytes)
        };
        let address = |text: &str| Some(text.parse().unwrap());
        let (one, other) = (address("2001:db8:1:1::1"), address("192.0.2.2"));
        for number in 0..rules.client.address_burst.get() {
            assert!(!limit.is_pressed(one, device(number)), "{number}");
        }
        assert!(limit.is_pressed(one, device(1_000)));
        assert!(limit.is_pressed(address("2001:db8:1:1::ffff"), device(1_001)), "one subscriber has a /64");
        assert!(!limit.is_pressed(address("2001:db8:1:2::1"), device(1_002)));
        assert!(!limit.is_pressed(other, device(1_003)), "another client has a rate of its own");
        clock.fetch_sub(500, Ordering::SeqCst);
        assert!(limit.is_pressed(one, device(1_004)), "a clock set back gives nothing");
        clock.fetch_add(2, Ordering::SeqCst);
        assert!(!limit.is_pressed(one, device(1_005)), "and goes on from there");
        for _ in 0..rules.client.device_burst.get() {
            assert!(!limit.is_pressed(other, device(2_000)));
        }
        assert!(limit.is_pressed(other, device(2_000)), "a device has a rate at every address");
        assert_eq!(subscriber("::ffff:192.0.2.2".parse().unwrap()), "192.0.2.2".parse::<IpAddr>().unwrap());
    }
}

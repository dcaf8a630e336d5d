//! Lot: draws by a keyed hash: which crossings are checked at random, which lanes try new rules.
//!
//! Lives here: [`random_check`], [`lane_is_canary`]. Not here: a generator. Whoever has the key can draw again and show that the lot was
//! fair; whoever has not cannot tell beforehand.

use std::num::NonZeroU32;

use credential::SecretKey;
use documents::LocalDate;

/// One crossing in so many is checked at random, unless an authority says otherwise. The number is public.
pub const ONE_IN: NonZeroU32 = NonZeroU32::MIN.saturating_add(499);

/// Whether the lot falls on this crossing: one in `one_in`, by day and the clearance's id.
#[must_use]
pub fn random_check(key: &SecretKey, day: LocalDate, clearance: &[u8; 16], one_in: NonZeroU32) -> bool {
    u64::from(drawn(key, b"bp1-risk-random", day, clearance)) * u64::from(one_in.get()) < 1 << 32
}

/// Whether a lane tries new rules on a day: `share` thousandths of all lanes.
#[must_use]
pub fn lane_is_canary(key: &SecretKey, lane: &str, day: LocalDate, share: u16) -> bool {
    u64::from(drawn(key, b"bp1-risk-canary", day, lane.as_bytes())) * 1000 < u64::from(share) << 32
}

/// 32 bits of HMAC-SHA-256 over purpose, day and subject.
fn drawn(key: &SecretKey, purpose: &[u8], day: LocalDate, subject: &[u8]) -> u32 {
    // The purposes have one length and the day has eight bytes: no two inputs give the same bytes.
    let message = [purpose, &day.days_since_epoch().to_be_bytes(), subject].concat();
    let [a, b, c, d, ..] = key.tag(&message);
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> LocalDate {
        "2026-11-29".parse().unwrap()
    }

    #[test]
    fn the_lot_falls_about_as_often_as_it_says_and_the_same_way_again() {
        let key = SecretKey::from_bytes([7; 32]);
        let falls = |key: &SecretKey, number: u32| {
            let mut id = [0; 16];
            id[..4].copy_from_slice(&number.to_be_bytes());
            random_check(key, day(), &id, ONE_IN)
        };
        let drawn: Vec<u32> = (0..50_000).filter(|number| falls(&key, *number)).collect();
        // 100 expected, with a standard deviation of 10.
        assert!((60..=140).contains(&drawn.len()), "{}", drawn.len());
        assert!(drawn.iter().all(|number| falls(&key, *number)));
        let other = SecretKey::from_bytes([8; 32]);
        assert!(drawn.iter().filter(|number| falls(&other, **number)).count() < 10);
        let always = NonZeroU32::MIN;
        assert!(random_check(&key, day(), &[0; 16], always));
    }

    #[test]
    fn a_share_of_lanes_is_drawn_anew_each_day() {
        let key = SecretKey::from_bytes([7; 32]);
        let on = |day: LocalDate| {
            (0..2000)
                .filter(|lane| lane_is_canary(&key, &format!("lane-{lane}"), day, 100))
                .collect::<Vec<_>>()
        };
        let (first, second) = (on(day()), on(day().plus_days(1)));
        assert!((140..=260).contains(&first.len()), "{}", first.len());
        assert_ne!(first, second);
        assert!((0..100).all(|lane| lane_is_canary(&key, &lane.to_string(), day(), 1000)));
        assert!(!(0..100).any(|lane| lane_is_canary(&key, &lane.to_string(), day(), 0)));
    }
}

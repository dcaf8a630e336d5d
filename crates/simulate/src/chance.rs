//! Chance: numbers from a seed, the same on every machine: integers alone, and a stream of its own for each purpose.
//!
//! Lives here: [`Chance`]. Not here: what is drawn from tables (`tables`). A person's day has its own stream, so that neither threads nor
//! another person's doings change it.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// Millionths: how probabilities are written.
pub const ALL: u32 = 1_000_000;

/// One stream of numbers.
#[derive(Debug, Clone)]
pub struct Chance(Xoshiro256PlusPlus);

impl Chance {
    /// The stream of a purpose: seed, what it is for, whom it is about, on which day.
    #[must_use]
    pub fn new(seed: u64, purpose: u64, whom: u64, day: u64) -> Self {
        let mixed = [purpose, whom, day].iter().fold(seed, |state, part| mix(state ^ mix(*part)));
        Self(Xoshiro256PlusPlus::seed_from_u64(mixed))
    }

    /// 64 even bits.
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// An even number below `limit`; 0 where the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        let wide = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// An even number from `low` to `high`, both included; `low` where they are the wrong way round.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = high.saturating_sub(low).max(0).unsigned_abs().saturating_add(1);
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or(0))
    }

    /// Whether something of this probability, in millionths, happens.
    pub fn happens(&mut self, millionths: u32) -> bool {
        self.below(u64::from(ALL)) < u64::from(millionths)
    }

    /// One of several, each as likely.
    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let at = self.below(u64::try_from(all.len()).unwrap_or(0));
        all.get(usize::try_from(at).unwrap_or(0))
    }

    /// The place of one of several, by their weights.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total: u64 = weights.clone().map(u64::from).sum();
        let mut left = self.below(total);
        for (at, weight) in weights.enumerate() {
            if left < u64::from(weight) {
                return at;
            }
            left -= u64::from(weight);
        }
        0
    }
}

/// SplitMix64's last step.
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_for_its_purpose_and_another_for_another() {
        let first = |purpose, whom| Chance::new(1, purpose, whom, 3).bits();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(2, 1));
        assert_ne!(Chance::new(1, 1, 1, 1).bits(), Chance::new(2, 1, 1, 1).bits());
        let mut chance = Chance::new(7, 0, 0, 0);
        let happened = (0..100_000).filter(|_| chance.happens(10_000)).count();
        assert!((900..1100).contains(&happened), "{happened}");
        let places: Vec<usize> = (0..1000).map(|_| chance.weighted([1, 0, 3].into_iter())).collect();
        assert!(places.iter().all(|place| *place != 1) && places.contains(&0) && places.contains(&2));
        assert!((0..1000).all(|_| (-3..=4).contains(&chance.between(-3, 4))));
    }
}

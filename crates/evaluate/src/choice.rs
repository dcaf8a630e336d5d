//! Choice: so many of a long row of pairs, by a seed.
//!
//! Lives here: `Choice`. Each pair is as likely as every other, and none is taken twice.

use face::SplitMix64;

/// Takes `most` of `possible` things that are offered one after the other (selection sampling: Fan, Muller and Rezucha,
/// 1962; Knuth's Algorithm S).
#[derive(Debug, Clone)]
pub struct Choice {
    left: usize,
    wanted: usize,
    chance: SplitMix64,
}

impl Choice {
    /// All, where there are no more than are wanted.
    #[must_use]
    pub const fn new(possible: usize, most: usize, seed: u64) -> Self {
        let wanted = if most < possible { most } else { possible };
        Self { left: possible, wanted, chance: SplitMix64::new(seed) }
    }

    /// Whether the next one is taken.
    pub fn takes(&mut self) -> bool {
        let taken = self.wanted >= self.left || self.chance.below(self.left) < self.wanted;
        let taken = taken && self.wanted > 0;
        self.left = self.left.saturating_sub(1);
        self.wanted -= usize::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(possible: usize, most: usize, seed: u64) -> Vec<usize> {
        let mut choice = Choice::new(possible, most, seed);
        (0..possible).filter(|_| choice.takes()).collect()
    }

    #[test]
    fn exactly_so_many_are_taken_evenly_and_a_seed_repeats() {
        assert_eq!(taken(5, 9, 1), [0, 1, 2, 3, 4]);
        assert_eq!(taken(5, 0, 1), Vec::<usize>::new());
        assert_eq!(taken(1000, 300, 1), taken(1000, 300, 1));
        assert_ne!(taken(1000, 300, 1), taken(1000, 300, 2));
        let mut counts = [0_u32; 20];
        for seed in 0..2000 {
            let some = taken(20, 5, seed);
            assert_eq!(some.len(), 5);
            some.into_iter().for_each(|place| counts[place] += 1);
        }
        // 500 each; the deviation is 19.
        assert!(counts.iter().all(|count| (420..580).contains(count)), "{counts:?}");
    }
}

//! Decay: counters that halve in a fixed time, in integers, the same on every machine.
//!
//! Lives here: [`Halving`], [`log2_minutes`]. Not here: what is counted (`person`, `device`, `lane`).

use documents::Timestamp;

/// Steps in a half-life.
const STEPS: i64 = 64;

/// 2^(-k/64) in 65,536ths.
const FACTORS: [u64; 64] = [
    65_536, 64_830, 64_132, 63_441, 62_757, 62_081, 61_413, 60_751, 60_097, 59_449, 58_809, 58_176, 57_549,
    56_929, 56_316, 55_709, 55_109, 54_515, 53_928, 53_347, 52_773, 52_204, 51_642, 51_085, 50_535, 49_991,
    49_452, 48_920, 48_393, 47_871, 47_356, 46_846, 46_341, 45_842, 45_348, 44_859, 44_376, 43_898, 43_425,
    42_958, 42_495, 42_037, 41_584, 41_136, 40_693, 40_255, 39_821, 39_392, 38_968, 38_548, 38_133, 37_722,
    37_316, 36_914, 36_516, 36_123, 35_734, 35_349, 34_968, 34_591, 34_219, 33_850, 33_486, 33_125,
];

/// A time in which a counter halves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halving {
    /// Seconds of one step; a half-life has 64.
    step: i64,
}

impl Halving {
    /// About an hour: 64 minutes.
    pub const HOUR: Self = Self { step: 60 };
    /// Three and a half days.
    pub const WEEK: Self = Self { step: 4725 };
    /// A fortnight.
    pub const MONTH: Self = Self { step: 18_900 };

    /// What is left of `value` at `now`, which was true at `then`. Steps are counted on a grid of absolute time, so that many small
    /// steps lose as much as one long one. A clock that goes back changes nothing.
    pub fn left(self, value: u32, then: Timestamp, now: Timestamp) -> u32 {
        let steps = now.unix() / self.step - then.unix() / self.step;
        let Ok(steps) = u64::try_from(steps) else { return value };
        let (whole, part) = (steps / STEPS.unsigned_abs(), steps % STEPS.unsigned_abs());
        if whole >= 32 {
            return 0;
        }
        let factor = usize::try_from(part).ok().and_then(|part| FACTORS.get(part)).copied().unwrap_or(65_536);
        u32::try_from(((u64::from(value) >> whole) * factor) >> 16).unwrap_or(u32::MAX)
    }
}

/// The binary logarithm of `minutes`, in 4,096ths, linear between powers of two; 0 for 0 and 1.
pub fn log2_minutes(minutes: u32) -> i64 {
    let minutes = minutes.max(1);
    let whole = minutes.ilog2();
    let part = ((u64::from(minutes) << 12) >> whole) - 4096;
    i64::from(whole) * 4096 + i64::try_from(part).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_counter_halves_in_its_half_life_however_often_it_is_looked_at() {
        for (halving, half) in [(Halving::HOUR, 3840), (Halving::WEEK, 302_400), (Halving::MONTH, 1_209_600)]
        {
            assert_eq!(halving.left(1_000_000, at(0), at(half)), 500_000);
            assert_eq!(halving.left(1_000_000, at(0), at(half * 40)), 0);
            assert_eq!(halving.left(1_000_000, at(0), at(-half)), 1_000_000);
            let often = (0..1000).fold(1_000_000, |value, step| {
                halving.left(value, at(step * half / 1000), at((step + 1) * half / 1000))
            });
            assert!((499_000..=501_000).contains(&often), "{often}");
        }
    }

    #[test]
    fn the_logarithm_rises_and_is_exact_at_powers_of_two() {
        for power in 0..20 {
            assert_eq!(log2_minutes(1 << power), i64::from(power) * 4096);
        }
        assert!((1..5000).all(|minutes| log2_minutes(minutes) <= log2_minutes(minutes + 1)));
        assert_eq!((log2_minutes(0), log2_minutes(3)), (0, 6144));
    }
}

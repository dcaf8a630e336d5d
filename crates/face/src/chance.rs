//! Chance from a seed: the same numbers on every machine and in every year.

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014). Not for secrets.
#[derive(Debug, Clone)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The same seed gives the same numbers.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 up to 1.
    pub fn uniform(&mut self) -> f64 {
        // 53 bits are exact in an f64.
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Normally distributed, mean 0, standard deviation 1 (twelve uniform numbers less six).
    pub fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// Below `count`; the bias of one in 2^64 is no matter here.
    pub fn below(&mut self, count: usize) -> usize {
        usize::try_from((u128::from(self.bits()) * count as u128) >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs for seed 1234567, as printed with the reference implementation.
        let mut generator = SplitMix64::new(1_234_567);
        assert_eq!(
            [generator.bits(), generator.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
    }
}

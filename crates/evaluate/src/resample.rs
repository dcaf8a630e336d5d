//! Resampling: persons drawn anew from a seed, as often as there are persons.
//!
//! Lives here: the generator and the weights of one replicate. Pairs are not independent of each other (one person
//! takes part in many), so persons are drawn and a pair counts as often as both of its persons.

use face::SplitMix64;

/// How often each of `persons` was drawn in `persons` draws.
pub(crate) fn weights(persons: usize, chance: &mut SplitMix64) -> Vec<f64> {
    let mut weights = vec![0.0; persons];
    for _ in 0..persons {
        if let Some(weight) = weights.get_mut(chance.below(persons)) {
            *weight += 1.0;
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one_and_a_seed_repeats() {
        let mut generator = SplitMix64::new(1_234_567);
        assert_eq!(
            [generator.bits(), generator.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]
        );
        let draw = |seed| weights(50, &mut SplitMix64::new(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert_eq!(draw(3).iter().sum::<f64>(), 50.0);
    }
}

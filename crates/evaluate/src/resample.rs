//! Resampling: persons drawn anew from a seed, as often as there are persons.
//!
//! Lives here: the draws, and how many of the pairs that were compared each of them holds. Pairs are not independent of
//! each other (one person takes part in many), so persons are drawn and a pair counts as often as both of its persons
//! (the pigeonhole bootstrap: A. B. Owen, 2007). It is never too narrow; among pairs that share no person it is wider than
//! need be, by the root of three at most.

use face::SplitMix64;

/// How often each of `persons` was drawn in `persons` draws.
pub(crate) fn weights(persons: usize, chance: &mut SplitMix64) -> Vec<f32> {
    let mut weights = vec![0.0; persons];
    for _ in 0..persons {
        if let Some(weight) = weights.get_mut(chance.below(persons)) {
            *weight += 1.0;
        }
    }
    weights
}

/// Every replicate's weights of all persons.
#[derive(Debug, Clone)]
pub(crate) struct Draws {
    persons: usize,
    replicates: Vec<Vec<f32>>,
}

impl Draws {
    pub(crate) fn new(persons: usize, replicates: usize, seed: u64) -> Self {
        let mut chance = SplitMix64::new(seed);
        Self { persons, replicates: (0..replicates).map(|_| weights(persons, &mut chance)).collect() }
    }

    pub(crate) fn replicates(&self) -> impl Iterator<Item = &[f32]> {
        self.replicates.iter().map(Vec::as_slice)
    }

    /// One person's weight in every replicate, person after person.
    fn by_person(&self) -> Vec<Vec<f32>> {
        let mut of = vec![Vec::with_capacity(self.replicates.len()); self.persons];
        for replicate in &self.replicates {
            for (weights, weight) in of.iter_mut().zip(replicate) {
                weights.push(*weight);
            }
        }
        of
    }
}

/// Which two persons were compared how often: every two of some persons alike, but for exceptions. A complete comparison
/// has none, a list of pairs has nothing else.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Design {
    /// Whose every pair counts once, in order.
    complete: Vec<u32>,
    /// Two persons, by the first; how much their pair counts beside that.
    exceptions: Vec<(u32, u32, f32)>,
}

impl Design {
    pub(crate) fn of(pairs: impl Iterator<Item = [u32; 2]>) -> Self {
        let mut keys: Vec<u64> =
            pairs.map(|[a, b]| u64::from(a.min(b)) << 32 | u64::from(a.max(b))).collect();
        keys.sort_unstable();
        let grouped =
            || keys.chunk_by(|a, b| a == b).filter_map(|group| Some((*group.first()?, group.len())));
        let persons = persons_of(keys.iter().map(|key| halves(*key)));
        let possible = persons.len() * persons.len().saturating_sub(1) / 2;
        let distinct = grouped().count();
        if distinct * 2 <= possible {
            let exceptions = grouped().map(|(key, count)| exception(key, count as f32)).collect();
            return Self { complete: Vec::new(), exceptions };
        }
        let mut found = grouped().peekable();
        let mut exceptions = Vec::new();
        for (index, first) in persons.iter().enumerate() {
            for second in persons.iter().skip(index + 1) {
                let key = u64::from(*first) << 32 | u64::from(*second);
                let count = found.next_if(|(next, _)| *next == key).map_or(0, |(_, count)| count);
                if count != 1 {
                    exceptions.push(exception(key, count as f32 - 1.0));
                }
            }
        }
        Self { complete: persons, exceptions }
    }

    /// The weight of all pairs together, in each replicate.
    pub(crate) fn totals(&self, draws: &Draws) -> Vec<f64> {
        let of = draws.by_person();
        let weight = |person: u32| of.get(person as usize).map(Vec::as_slice).unwrap_or_default();
        let count = draws.replicates.len();
        let (mut sums, mut squares) = (vec![0.0; count], vec![0.0; count]);
        for person in &self.complete {
            for ((sum, square), weight) in sums.iter_mut().zip(&mut squares).zip(weight(*person)) {
                *sum += f64::from(*weight);
                *square += f64::from(weight * weight);
            }
        }
        let mut totals: Vec<f64> =
            sums.iter().zip(&squares).map(|(sum, square)| (sum * sum - square) / 2.0).collect();
        for of_first in self.exceptions.chunk_by(|a, b| a.0 == b.0) {
            // Whole numbers: exact in an f32 up to sixteen million.
            let mut row = vec![0.0_f32; count];
            for (_, second, times) in of_first {
                for (sum, weight) in row.iter_mut().zip(weight(*second)) {
                    *sum += times * weight;
                }
            }
            let first = of_first.first().map(|(first, ..)| weight(*first)).unwrap_or_default();
            for ((total, sum), weight) in totals.iter_mut().zip(&row).zip(first) {
                *total += f64::from(*weight) * f64::from(*sum);
            }
        }
        totals
    }
}

/// All that take part in any pair, in order.
fn persons_of(pairs: impl Iterator<Item = [u32; 2]>) -> Vec<u32> {
    let mut seen: Vec<bool> = Vec::new();
    for person in pairs.flatten() {
        let at = person as usize;
        if seen.len() <= at {
            seen.resize(at + 1, false);
        }
        if let Some(seen) = seen.get_mut(at) {
            *seen = true;
        }
    }
    (0..).zip(seen).filter(|(_, seen)| *seen).map(|(person, _)| person).collect()
}

fn halves(key: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = key.to_be_bytes();
    [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])]
}

fn exception(key: u64, times: f32) -> (u32, u32, f32) {
    let [first, second] = halves(key);
    (first, second, times)
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
        assert_eq!(draw(3).iter().sum::<f32>(), 50.0);
    }

    #[test]
    fn the_weight_of_all_pairs_is_the_same_by_the_short_way_and_by_counting_each() {
        let complete: Vec<[u32; 2]> = (0..12).flat_map(|a| (0..a).map(move |b| [a, b])).collect();
        let mut nearly = complete.clone();
        nearly.swap_remove(7);
        nearly.extend([[3, 9], [9, 3]]);
        let disjoint: Vec<[u32; 2]> = (0..6).map(|i| [2 * i, 2 * i + 1]).collect();
        let draws = Draws::new(12, 40, 5);
        for (name, pairs, listed) in
            [("complete", complete, 0), ("nearly", nearly, 2), ("disjoint", disjoint, 6)]
        {
            let design = Design::of(pairs.iter().copied());
            assert_eq!(design.exceptions.len(), listed, "row {name}");
            for (total, weights) in design.totals(&draws).iter().zip(draws.replicates()) {
                let counted: f32 =
                    pairs.iter().map(|[a, b]| weights[*a as usize] * weights[*b as usize]).sum();
                assert!((total - f64::from(counted)).abs() < 1e-6, "row {name}: {total} for {counted}");
            }
        }
        assert_eq!(Design::of(std::iter::empty()).totals(&draws), vec![0.0; 40]);
    }
}

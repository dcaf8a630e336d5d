//! Proportion: the interval of a share of counted cases.
//!
//! Lives here: [`wilson`]. Not here: rates of pairs, which are not independent of each other (`resample`).

use crate::Interval;

/// The normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_964;

/// Wilson's 95 % interval of `hits` among `of` independent cases; all of 0 to 1 where there are none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
pub fn wilson(hits: u64, of: u64) -> Interval {
    if of == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, p) = (of as f64, hits.min(of) as f64 / of as f64);
    let middle = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    let (low, high) = ((middle - half) / whole, (middle + half) / whole);
    // At the ends rounding alone may lead past the share itself.
    Interval { low: low.clamp(0.0, p), high: high.clamp(p, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_tables() {
        // Newcombe (1998), table I: 81 of 263 and 0 of 20.
        for (hits, of, low, high) in
            [(81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let interval = wilson(hits, of);
            assert!(
                (interval.low - low).abs() < 5e-5 && (interval.high - high).abs() < 5e-5,
                "{hits} {interval:?}"
            );
        }
        assert_eq!(wilson(5, 0), Interval { low: 0.0, high: 1.0 });
        assert!(wilson(20, 20).high >= 1.0);
    }
}

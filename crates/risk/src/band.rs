//! Band: when an answer that sends somebody to an officer goes out, whatever it was that called the officer.
//!
//! Lives here: [`release_ms`]. Not here: the clock and the wait (`authority`), which answers wait (`authority::verdict`).
//!
//! What an answer rests on takes its own time: a row on a list, rules that ran out of their budget, a face that was described twice. A gate,
//! and whoever listens to its line, would read the cause off the clock. So such an answer goes out at the end of a band of [`BAND_MS`], the
//! same moment for every cause. Nothing is drawn: noise on a moment that tells the cause is taken away by asking often.

/// Width of a band in milliseconds: longer than an answer takes at an authority that is not overloaded.
pub const BAND_MS: u32 = 500;

/// When an answer goes out that was ready `took_ms` after its request came, in milliseconds after the request came: at the end of the band
/// in which it was ready, so never before it is.
#[must_use]
pub const fn release_ms(took_ms: u32) -> u32 {
    (took_ms / BAND_MS).saturating_add(1).saturating_mul(BAND_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_out_at_the_end_of_the_band_in_which_it_was_ready() {
        for (took, at) in [(0, 500), (1, 500), (499, 500), (500, 1000), (7_999, 8000), (u32::MAX, u32::MAX)] {
            assert_eq!(release_ms(took), at, "row {took}");
        }
    }
}

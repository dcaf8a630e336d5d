//! Faults: what goes wrong between a desk and a library's system, drawn from a seed.
//!
//! Lives here: [`Faults`], and the order in which they are drawn. Not here: what a library does (`shelf`).

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// How often each thing goes wrong, in thousandths of the lines that a desk sends. One line may meet several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// An answer comes in several packets.
    pub split: u16,
    /// An answer is held back, and comes in one packet with the next.
    pub joined: u16,
    /// The checksum of an answer is wrong. Without error detection: nothing.
    pub wrong_checksum: u16,
    /// An answer has no CR at its end.
    pub no_cr: u16,
    /// An answer ends with CR and LF.
    pub cr_lf: u16,
    /// Nothing is done, and nothing is answered.
    pub silent_before: u16,
    /// What was asked is done, and nothing is answered.
    pub silent_after: u16,
    /// The answer before this one comes in its place.
    pub other_answer: u16,
    /// The connection is lost, and nothing is done.
    pub drop_before: u16,
    /// What was asked is done, and the connection is lost.
    pub drop_after: u16,
    /// An answer comes twice.
    pub duplicate_answer: u16,
    /// The same seed and the same lines meet the same faults.
    pub seed: u64,
}

impl Faults {
    /// Every fault so often.
    #[must_use]
    pub const fn all(thousandths: u16, seed: u64) -> Self {
        Self {
            split: thousandths,
            joined: thousandths,
            wrong_checksum: thousandths,
            no_cr: thousandths,
            cr_lf: thousandths,
            silent_before: thousandths,
            silent_after: thousandths,
            other_answer: thousandths,
            drop_before: thousandths,
            drop_after: thousandths,
            duplicate_answer: thousandths,
            seed,
        }
    }
}

/// What goes wrong with one line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Drawn {
    pub split: bool,
    pub joined: bool,
    pub wrong_checksum: bool,
    pub no_cr: bool,
    pub cr_lf: bool,
    pub silent_before: bool,
    pub silent_after: bool,
    pub other_answer: bool,
    pub drop_before: bool,
    pub drop_after: bool,
    pub duplicate_answer: bool,
}

/// Draws faults, one line after the other.
#[derive(Debug)]
pub(super) struct Chance {
    faults: Faults,
    generator: Xoshiro256PlusPlus,
}

impl Chance {
    pub fn new(faults: Faults) -> Self {
        Self { faults, generator: Xoshiro256PlusPlus::seed_from_u64(faults.seed) }
    }

    pub fn draw(&mut self) -> Drawn {
        let Faults {
            split,
            joined,
            wrong_checksum,
            no_cr,
            cr_lf,
            silent_before,
            silent_after,
            other_answer,
            drop_before,
            drop_after,
            duplicate_answer,
            seed: _,
        } = self.faults;
        // Every number is drawn, so that one fault more or less moves none of the others.
        let mut hits = |thousandths: u16| self.generator.random_range(0..1000) < thousandths;
        Drawn {
            split: hits(split),
            joined: hits(joined),
            wrong_checksum: hits(wrong_checksum),
            no_cr: hits(no_cr),
            cr_lf: hits(cr_lf),
            silent_before: hits(silent_before),
            silent_after: hits(silent_after),
            other_answer: hits(other_answer),
            drop_before: hits(drop_before),
            drop_after: hits(drop_after),
            duplicate_answer: hits(duplicate_answer),
        }
    }
}

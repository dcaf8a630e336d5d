//! Drawn attacks, and drawn honest heads: what the active challenge is measured with.
//!
//! Lives here: a camera, a head, sheets of paper that are moved, tilted and bent ([`Scene`]), whoever moves them
//! ([`play`]), the noise of the landmark network ([`Noise`]), and whole pictures of them ([`Stage`]). Not here: the
//! judgement (`face::active`), the report (`baypass face attack`). What is drawn shows what the geometry can tell; it
//! is no test by real artefacts (`docs/liveness.md`).

mod act;
mod artefact;
mod noise;
mod scene;
mod stage;

pub use act::{Kind, Played, Player, play, play_on_stage};
pub use artefact::Artefact;
pub use noise::{FIELDS_PER_PICTURE, Noise};
pub use scene::{Scene, Subject};
pub use stage::Stage;

use face::SplitMix64;

/// Chance from a seed: the same seed, the same motions.
#[derive(Debug)]
pub struct Chance(SplitMix64);

impl Chance {
    /// Starts from a seed.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.uniform()
    }

    pub(crate) fn sign(&mut self) -> f64 {
        if self.0.uniform() < 0.5 { -1.0 } else { 1.0 }
    }

    /// About a normal distribution of variance one (twelve uniform numbers).
    pub(crate) fn normal(&mut self) -> f64 {
        self.0.bell()
    }

    /// A new seed.
    pub const fn seed(&mut self) -> u64 {
        self.0.bits()
    }

    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.0.bits() % (count.max(1) as u64)).unwrap_or(0)
    }
}

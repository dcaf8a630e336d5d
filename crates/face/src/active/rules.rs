//! The bounds of the active challenge, read from data and checked.

use serde::Deserialize;

/// The bounds of the active challenge (`data/active.toml`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveRules {
    pub(crate) challenge: ChallengeRules,
    pub(crate) frames: FrameRules,
    pub(crate) pose: PoseRules,
    pub(crate) track: TrackRules,
    pub(crate) solid: SolidRules,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChallengeRules {
    pub(crate) steps: usize,
    pub(crate) pause_ms: [u64; 2],
    pub(crate) reaction_ms: u64,
    pub(crate) step_ms: u64,
    pub(crate) settle_ms: u64,
    pub(crate) attempts: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrameRules {
    pub(crate) least: usize,
    pub(crate) most: usize,
    pub(crate) gap_ms: u64,
    pub(crate) reference: usize,
    pub(crate) hold: usize,
    pub(crate) covered: usize,
    pub(crate) matched: usize,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PoseRules {
    pub(crate) front_deg: f64,
    pub(crate) turn_deg: f64,
    pub(crate) pitch_deg: f64,
    pub(crate) closer: f64,
    pub(crate) asymmetry: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackRules {
    pub(crate) overlap: f64,
    pub(crate) jump: f64,
    pub(crate) jump_per_s: f64,
    pub(crate) same_person: f32,
    pub(crate) repeat: f64,
    pub(crate) still: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SolidRules {
    pub(crate) relief: f64,
    pub(crate) noise: f64,
    pub(crate) plane_ratio: f64,
}

/// Why rules are refused.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, or not of this shape.
    #[error("the rules of active liveness cannot be read")]
    Toml(#[from] toml::de::Error),
    /// A bound that cannot hold.
    #[error("{what} is out of range")]
    Range {
        /// Which setting.
        what: &'static str,
    },
}

impl ActiveRules {
    /// The rules that ship with the program.
    ///
    /// # Errors
    /// Never for the file as committed: a test reads it.
    pub fn builtin() -> Result<Self, RulesError> {
        Self::from_toml(include_str!("../../data/active.toml"))
    }

    /// Reads rules and checks all of them.
    ///
    /// # Errors
    /// The first thing wrong with them.
    pub fn from_toml(text: &str) -> Result<Self, RulesError> {
        let rules: Self = toml::from_str(text)?;
        let (c, f, p) = (&rules.challenge, &rules.frames, &rules.pose);
        let [least, most] = c.pause_ms;
        let share = |value: f64| 0.0 < value && value < 1.0;
        for (what, holds) in [
            ("challenge.steps", (3..=6).contains(&c.steps)),
            ("challenge.pause_ms", least <= most && most <= 60_000),
            ("challenge.reaction_ms", c.reaction_ms < c.step_ms),
            ("challenge.step_ms", (500..=60_000).contains(&c.step_ms)),
            ("challenge.settle_ms", (500..=60_000).contains(&c.settle_ms)),
            ("challenge.attempts", (1..=10).contains(&c.attempts)),
            // The issue asks for ten frames or more.
            ("frames.least", f.least >= 10 && f.least <= f.most),
            ("frames.most", f.most <= 10_000),
            ("frames.gap_ms", (1..=2_000).contains(&f.gap_ms)),
            ("frames.reference", (3..=60).contains(&f.reference)),
            ("frames.hold", (2..=60).contains(&f.hold)),
            ("frames.covered", f.covered >= 1),
            ("frames.matched", (1..=usize::from(crate::probe::MAX_PICTURES)).contains(&f.matched)),
            ("pose.front_deg", 0.0 < p.front_deg && p.front_deg < p.turn_deg),
            ("pose.turn_deg", p.turn_deg < 45.0),
            ("pose.pitch_deg", 0.0 < p.pitch_deg && p.pitch_deg < 60.0),
            ("pose.closer", 1.05 <= p.closer && p.closer < 3.0),
            ("pose.asymmetry", share(p.asymmetry)),
            ("track.overlap", share(rules.track.overlap)),
            ("track.jump", share(rules.track.jump)),
            ("track.jump_per_s", 0.0 <= rules.track.jump_per_s && rules.track.jump_per_s < 5.0),
            ("track.same_person", (0.0..1.0).contains(&rules.track.same_person)),
            ("track.repeat", share(rules.track.repeat)),
            ("track.still", share(rules.track.still)),
            ("solid.relief", share(rules.solid.relief)),
            ("solid.noise", share(rules.solid.noise)),
            ("solid.plane_ratio", 1.0 <= rules.solid.plane_ratio && rules.solid.plane_ratio < 100.0),
        ] {
            if !holds {
                return Err(RulesError::Range { what });
            }
        }
        Ok(rules)
    }
}

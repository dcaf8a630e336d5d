//! What is asked: motions in an order and with pauses that a seed decides, and how often one may try.

use super::rules::ActiveRules;
use crate::chance::SplitMix64;

/// What the traveller is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Motion {
    /// Turn the head to the traveller's own left: to the right in a picture that is not mirrored.
    TurnLeft,
    /// Turn the head to the traveller's own right.
    TurnRight,
    /// Come closer to the camera.
    ComeCloser,
}

impl Motion {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::TurnLeft, Self::TurnRight, Self::ComeCloser];

    /// The word in JSON and in the texts.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::TurnLeft => "turn_left",
            Self::TurnRight => "turn_right",
            Self::ComeCloser => "come_closer",
        }
    }

    /// Whether it turns the head.
    #[must_use]
    pub const fn is_turn(self) -> bool {
        matches!(self, Self::TurnLeft | Self::TurnRight)
    }
}

/// One request and the pause before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is asked.
    pub motion: Motion,
    /// How long the traveller looks straight before it is asked.
    pub pause_ms: u64,
}

/// A challenge: at least two turns, no motion twice in a row, coming closer at most once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    steps: Vec<Step>,
}

impl Challenge {
    /// The challenge of a seed. The gate draws the seed from the system's generator, once for each attempt.
    #[must_use]
    pub fn of_seed(seed: u64, rules: &ActiveRules) -> Self {
        let mut chance = SplitMix64::new(seed);
        let orders = orders(rules.challenge.steps);
        // At most a few dozen orders: the remainder favours none of them by more than one part in 2^58.
        let pick = usize::try_from(chance.bits() % (orders.len().max(1) as u64)).unwrap_or(0);
        let order = orders.into_iter().nth(pick).unwrap_or_default();
        let [least, most] = rules.challenge.pause_ms;
        let steps = order
            .into_iter()
            .map(|motion| Step { motion, pause_ms: least + chance.bits() % (most - least + 1) })
            .collect();
        Self { steps }
    }

    /// The requests in their order.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

/// Every order of `steps` motions that may be asked.
fn orders(steps: usize) -> Vec<Vec<Motion>> {
    let mut orders: Vec<Vec<Motion>> = vec![Vec::new()];
    for _ in 0..steps {
        let longer = orders.iter().flat_map(|order| {
            Motion::ALL.into_iter().filter(|motion| order.last() != Some(motion)).map(|motion| {
                let mut order = order.clone();
                order.push(motion);
                order
            })
        });
        orders = longer.collect();
    }
    orders.retain(|order| order.iter().filter(|m| !m.is_turn()).count() <= 1);
    orders
}

/// How often one traveller may try at one lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    left: u32,
}

/// No further attempt: an officer takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no attempt is left; an officer looks at the traveller")]
pub struct NoAttemptLeft;

impl Attempts {
    /// As many as the rules allow.
    #[must_use]
    pub const fn new(rules: &ActiveRules) -> Self {
        Self { left: rules.challenge.attempts }
    }

    /// How many are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// Spends one attempt on a new challenge. A seed must not be used again.
    ///
    /// # Errors
    /// None is left.
    pub fn next(&mut self, seed: u64, rules: &ActiveRules) -> Result<Challenge, NoAttemptLeft> {
        self.left = self.left.checked_sub(1).ok_or(NoAttemptLeft)?;
        Ok(Challenge::of_seed(seed, rules))
    }
}

//! Thresholds: what a score means, alone or several together.
//!
//! Lives here: `Score`, `Decision`, `Thresholds`, `Fusion`. Not here: any number (`data/models.toml`), how a score comes about
//! (`template`).

/// Cosine between a template and an embedding, -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(pub(crate) f32);

impl Score {
    /// The number itself. It stays with its authority: scores never go back to a gate.
    #[must_use]
    pub const fn value(self) -> f32 {
        self.0
    }
}

/// What one comparison says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The same person even where a stricter look is due: at the strict threshold's false match rate.
    Certain,
    /// The same person, at the accept threshold's false match rate.
    Accept,
    /// Too close to call: an officer looks.
    Officer,
    /// Not the same person.
    Reject,
}

impl Decision {
    /// Whether it is the same person, at one threshold or the other.
    #[must_use]
    pub const fn is_match(self) -> bool {
        matches!(self, Self::Certain | Self::Accept)
    }
}

/// The three scores that divide what is accepted from what an officer sees and what is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    accept: f32,
    strict: f32,
    refer: f32,
}

impl Thresholds {
    /// `0 < refer <= accept <= strict < 1`.
    pub(crate) fn new(accept: f32, strict: f32, refer: f32) -> Option<Self> {
        (0.0 < refer && refer <= accept && accept <= strict && strict < 1.0).then_some(Self {
            accept,
            strict,
            refer,
        })
    }

    /// The least score that is accepted.
    #[must_use]
    pub const fn accept(&self) -> f32 {
        self.accept
    }

    /// The least score that is accepted where a stricter look is due.
    #[must_use]
    pub const fn strict(&self) -> f32 {
        self.strict
    }

    /// The least score that an officer sees.
    #[must_use]
    pub const fn refer(&self) -> f32 {
        self.refer
    }

    /// How far a score lies above the accept threshold, in thousandths of the score's scale, from -1000 to 1000; a score that is no
    /// number lies as far below as can be.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "-1000 to 1000: it was clamped")]
    pub fn margin(&self, score: Score) -> i16 {
        let margin = ((score.0 - self.accept) * 1000.0).round();
        if margin.is_nan() { -1000 } else { margin.clamp(-1000.0, 1000.0) as i16 }
    }

    /// What a score means.
    #[must_use]
    pub fn decide(&self, score: Score) -> Decision {
        // Written so that a score that is no number is below every threshold.
        if score.0 >= self.strict {
            Decision::Certain
        } else if score.0 >= self.accept {
            Decision::Accept
        } else if score.0 >= self.refer {
            Decision::Officer
        } else {
            Decision::Reject
        }
    }
}

/// Several recognisers' scores of one comparison as one: their weighted mean, with thresholds of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Fusion {
    kinds: Vec<(u8, f32)>,
    thresholds: Thresholds,
}

impl Fusion {
    pub(crate) const fn new(kinds: Vec<(u8, f32)>, thresholds: Thresholds) -> Self {
        Self { kinds, thresholds }
    }

    /// Codes of the kinds of template that are compared.
    pub fn codes(&self) -> impl Iterator<Item = u8> + '_ {
        self.kinds.iter().map(|(code, _)| *code)
    }

    /// What the mean of the scores means.
    #[must_use]
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// The weighted mean of the scores; `None` where one is missing.
    #[must_use]
    pub fn score(&self, of: impl Fn(u8) -> Option<Score>) -> Option<Score> {
        let total: f32 = self.kinds.iter().map(|(_, weight)| weight).sum();
        let scores = self.kinds.iter().map(|(code, weight)| Some(of(*code)?.0 * weight));
        Some(Score(scores.sum::<Option<f32>>()? / total))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_is_certain_accepted_referred_or_rejected_at_the_configured_bounds() {
        let thresholds = Thresholds::new(0.46, 0.50, 0.38).unwrap();
        for (score, expected) in [
            (0.50, Decision::Certain),
            (0.4999, Decision::Accept),
            (0.46, Decision::Accept),
            (0.4599, Decision::Officer),
            (0.38, Decision::Officer),
            (0.3799, Decision::Reject),
            (-1.0, Decision::Reject),
            (f32::NAN, Decision::Reject),
        ] {
            assert_eq!(thresholds.decide(Score(score)), expected, "row {score}");
        }
        for (accept, strict, refer) in
            [(0.4, 0.3, 0.2), (0.4, 0.5, 0.45), (0.4, 0.5, 0.0), (0.4, 1.0, 0.2), (f32::NAN, 0.5, 0.2)]
        {
            assert_eq!(Thresholds::new(accept, strict, refer), None, "row {accept} {strict} {refer}");
        }
    }
}

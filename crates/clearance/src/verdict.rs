//! Verdict: one authority's answer as the lane sees it: a class, never a reason.
//!
//! Lives here: [`Verdict`], [`Answer`], [`Measures`], and the check that a verdict belongs to a request ([`Admit`] is
//! its proof). Not here: the signature, which the gate has verified before it makes a [`Verdict`].

use documents::{AuthorityCode, LaneKind, Measure, Side, Timestamp};

use crate::binding::{Digest, Request, ReservationId, Subject};

/// How long a verdict is valid (DESIGN 4): one that claims more is refused.
pub const VERDICT_SECONDS: i64 = 60;
/// How far an authority's clock may run ahead of the gate's.
const CLOCK_SECONDS: i64 = 10;

/// The number of a measure in signed messages; never reused.
#[must_use]
pub const fn measure_number(measure: Measure) -> u8 {
    match measure {
        Measure::Pin => 1,
        Measure::ActiveLiveness => 2,
        Measure::SecondLook => 3,
        Measure::PhysicalDocument => 4,
        Measure::Guardian => 5,
        Measure::Officer => 6,
    }
}

/// The measure with this number.
#[must_use]
pub fn measure_from_number(number: u8) -> Option<Measure> {
    Measure::ALL.iter().copied().find(|m| measure_number(*m) == number)
}

const fn bit(measure: Measure) -> u8 {
    1 << measure_number(measure)
}

/// A set of measures, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Measures(u8);

/// A `verify` without a measure says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verify verdict names no measure")]
pub struct NoMeasures;

impl Measures {
    /// The set of these measures.
    ///
    /// # Errors
    /// [`NoMeasures`] where there is none.
    pub fn new(measures: impl IntoIterator<Item = Measure>) -> Result<Self, NoMeasures> {
        match measures.into_iter().fold(0, |set, m| set | bit(m)) {
            0 => Err(NoMeasures),
            set => Ok(Self(set)),
        }
    }

    /// The set with these numbers, as a signed verdict lists them; `None` for an unknown number or an empty list.
    #[must_use]
    pub fn from_numbers(numbers: &[u8]) -> Option<Self> {
        let measures: Option<Vec<Measure>> = numbers.iter().map(|n| measure_from_number(*n)).collect();
        Self::new(measures?).ok()
    }

    /// Their numbers, ascending.
    #[must_use]
    pub fn numbers(self) -> Vec<u8> {
        self.iter().map(measure_number).collect()
    }

    /// What either set asks for.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `measure` is asked for.
    #[must_use]
    pub const fn contains(self, measure: Measure) -> bool {
        self.0 & bit(measure) != 0
    }

    /// The measures, the lightest first.
    pub fn iter(self) -> impl Iterator<Item = Measure> {
        Measure::ALL.iter().copied().filter(move |m| self.contains(*m))
    }
}

/// The class of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// May pass, as far as this authority is concerned; it holds a reservation until it hears of the passage.
    Admit {
        /// What it holds.
        reservation: ReservationId,
    },
    /// Not yet: these measures, then ask again.
    Verify {
        /// What is still to be done.
        measures: Measures,
    },
    /// To an officer. The reason stays with the authority.
    Refer,
    /// Another lane was faster with this token or person.
    Busy,
    /// This lane is not for this holder.
    NotOpenToHolder {
        /// The lane that is.
        open: LaneKind,
    },
}

impl Answer {
    /// The class, as a gate's pages name it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admit { .. } => "admit",
            Self::Verify { .. } => "verify",
            Self::Refer => "refer",
            Self::Busy => "busy",
            Self::NotOpenToHolder { .. } => "not_open_to_holder",
        }
    }
}

/// One authority's signed answer, its signature and role already verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// Who signed it.
    pub authority: AuthorityCode,
    /// Which judgement it is.
    pub side: Side,
    /// The hash of the request that it answers.
    pub request: Digest,
    /// What the authority answers: admit, verify or refer.
    pub answer: Answer,
    /// Until when it may be acted on.
    pub valid_until: Timestamp,
    /// SHA-256 of the signed verdict: what the passage event covers.
    pub hash: Digest,
}

/// Why a verdict does not count here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerdictError {
    /// Signed by another authority than the one that judges this side.
    #[error("the {side} verdict was signed by {signed_by}, not by {expected}")]
    Authority {
        /// The side from which a verdict was expected.
        side: Side,
        /// Who signed.
        signed_by: AuthorityCode,
        /// Who should have.
        expected: AuthorityCode,
    },
    /// It answers another request: another clearance, face, token or lane.
    #[error("the verdict answers another request")]
    OtherRequest,
    /// Its time is over.
    #[error("the verdict was valid until {until}")]
    Expired {
        /// When the verdict ended.
        until: Timestamp,
    },
    /// It claims to be valid longer than a verdict may be.
    #[error("the verdict claims to be valid until {until}, longer than a minute")]
    TooLong {
        /// The claimed end.
        until: Timestamp,
    },
}

impl Verdict {
    /// Checks that this verdict answers `request` about `subject`, and may still be acted on.
    pub(crate) fn check(
        &self,
        subject: &Subject,
        request: &Request,
        now: Timestamp,
    ) -> Result<(), VerdictError> {
        let expected = subject.place.direction.authority(self.side);
        if self.authority != expected {
            return Err(VerdictError::Authority { side: self.side, signed_by: self.authority, expected });
        }
        if self.request != request.hash {
            return Err(VerdictError::OtherRequest);
        }
        if self.valid_until.seconds_since(now) > VERDICT_SECONDS + CLOCK_SECONDS {
            return Err(VerdictError::TooLong { until: self.valid_until });
        }
        if self.expired(now) {
            return Err(VerdictError::Expired { until: self.valid_until });
        }
        Ok(())
    }

    /// At the instant of its end a verdict no longer holds, as with `exp` (RFC 8392, 3.1.4).
    pub(crate) fn expired(&self, now: Timestamp) -> bool {
        now >= self.valid_until
    }
}

/// An admit that was checked against its request: the only thing that opens a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Admit {
    verdict: Verdict,
    reservation: ReservationId,
}

impl Admit {
    /// The admit in a verdict that has passed [`Verdict::check`]; `None` for any other answer.
    pub(crate) fn of(verdict: Verdict) -> Option<Self> {
        match verdict.answer {
            Answer::Admit { reservation } => Some(Self { verdict, reservation }),
            Answer::Verify { .. } | Answer::Refer | Answer::Busy | Answer::NotOpenToHolder { .. } => None,
        }
    }

    /// The verdict that admits.
    #[must_use]
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// What its authority holds.
    #[must_use]
    pub const fn reservation(&self) -> ReservationId {
        self.reservation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_keep_their_numbers_and_an_unknown_one_is_refused() {
        let all = Measures::new(Measure::ALL.iter().copied()).unwrap();
        assert_eq!(all.numbers(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(Measures::from_numbers(&[6, 1]), Measures::new([Measure::Pin, Measure::Officer]).ok());
        for numbers in [&[][..], &[0], &[7], &[1, 7], &[255]] {
            assert_eq!(Measures::from_numbers(numbers), None, "{numbers:?}");
        }
        assert_eq!(Measures::new([]), Err(NoMeasures));
    }
}

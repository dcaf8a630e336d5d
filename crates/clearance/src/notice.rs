//! Notice: what an authority hears of the end of a clearance, and when.
//!
//! Lives here: [`Passage`], [`told`]. The one rule: nobody learns who is on another's list. So [`told`] takes no
//! verdict at all; what does not go in cannot come out. Not here: the signed event that carries it.

use std::str::FromStr;

use documents::Timestamp;

/// `not_passed` is told at the end of a band of this length, counted from the asking. Longer than asking and
/// door together, so that a refusal by the other side and a traveller who walked away end in the same band.
pub const BAND_SECONDS: i64 = 30;

/// What happened at the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Passage {
    /// Went through: this alone spends a token.
    Passed,
    /// Did not go through, for whatever reason.
    NotPassed,
    /// Came back between exit and entry.
    Returned,
    /// Not known: the gate stopped between opening and passage, or the door said nothing.
    Unknown,
}

impl Passage {
    /// All four.
    pub const ALL: [Self; 4] = [Self::Passed, Self::NotPassed, Self::Returned, Self::Unknown];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NotPassed => "not_passed",
            Self::Returned => "returned",
            Self::Unknown => "unknown",
        }
    }
}

/// The text names no passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown passage; write passed, not_passed, returned or unknown")]
pub struct NotAPassage;

impl FromStr for Passage {
    type Err = NotAPassage;

    fn from_str(text: &str) -> Result<Self, NotAPassage> {
        Self::ALL.into_iter().find(|passage| passage.code() == text).ok_or(NotAPassage)
    }
}

/// What is told to an authority that was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Told {
    /// What happened.
    pub passage: Passage,
    /// The time that the event bears, and before which it is not sent.
    pub at: Timestamp,
}

/// What every authority that was asked at `asked_at` is told of a clearance that ended at `ended_at`.
///
/// `passed`, `returned` and `unknown` follow an opening, to which everybody had agreed: they go out at once with
/// their own time. `not_passed` bears the end of its band and goes out then.
#[must_use]
pub fn told(passage: Passage, asked_at: Timestamp, ended_at: Timestamp) -> Told {
    let at = match passage {
        Passage::Passed | Passage::Returned | Passage::Unknown => ended_at,
        Passage::NotPassed => {
            let elapsed = ended_at.seconds_since(asked_at).max(0);
            asked_at.plus_seconds((elapsed / BAND_SECONDS).saturating_add(1).saturating_mul(BAND_SECONDS))
        }
    };
    Told { passage, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn not_passed_is_told_at_the_end_of_its_band_whenever_it_happened() {
        for (ended, expected) in [(0, 30), (1, 30), (29, 30), (30, 60), (59, 60), (95, 120), (-5, 30)] {
            let told = told(Passage::NotPassed, at(0), at(ended));
            assert_eq!(told, Told { passage: Passage::NotPassed, at: at(expected) }, "ended {ended}");
        }
    }

    #[test]
    fn what_everybody_agreed_to_is_told_at_once() {
        for passage in [Passage::Passed, Passage::Returned, Passage::Unknown] {
            assert_eq!(told(passage, at(0), at(7)), Told { passage, at: at(7) });
        }
    }

    #[test]
    fn telling_at_the_end_of_time_does_not_overflow() {
        let end = told(Passage::NotPassed, at(0), Timestamp::MAX);
        assert_eq!(end.at, Timestamp::MAX);
    }

    #[test]
    fn a_passage_is_one_of_four_words() {
        for passage in Passage::ALL {
            assert_eq!(passage.code().parse(), Ok(passage));
        }
        for text in ["", "opened", "Passed", " passed"] {
            assert_eq!(text.parse::<Passage>(), Err(NotAPassage), "{text:?}");
        }
    }

    #[test]
    fn asking_and_door_together_fit_into_one_band() {
        const { assert!(crate::ASK_SECONDS + crate::DOOR_SECONDS < BAND_SECONDS) };
    }
}

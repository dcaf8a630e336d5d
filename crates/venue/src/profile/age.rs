//! Age: what is known of a guest's age, from a birth date or from proofs of age.
//!
//! Lives here: [`AgeEvidence`]. Not here: which age matters (`profiles.toml`). What is not known is asked for, never guessed:
//! each question has three answers.

use std::collections::BTreeMap;

use documents::{Birth, LocalDate, redact_debug};

/// What was disclosed of an age.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AgeEvidence {
    /// The birth date, or its year.
    pub birth: Option<Birth>,
    /// Proofs "at least so many years old", by years.
    pub over: BTreeMap<u8, bool>,
}
redact_debug!(AgeEvidence);

impl AgeEvidence {
    /// Whether the guest is `years` or older on `day`; `None` where it is not known.
    #[must_use]
    pub fn at_least(&self, years: u8, day: LocalDate) -> Option<bool> {
        if years == 0 {
            return Some(true);
        }
        match self.birth {
            Some(Birth::Date(born)) => return Some(born.age_on(day) >= i16::from(years)),
            Some(Birth::Year(year)) => {
                // The birthday of the year may have been or not.
                let most = day.ymd().0.saturating_sub(year);
                let least = most.saturating_sub(1);
                if least >= i16::from(years) {
                    return Some(true);
                }
                if most < i16::from(years) {
                    return Some(false);
                }
            }
            None => {}
        }
        if self.over.iter().any(|(proven, is)| *is && *proven >= years) {
            return Some(true);
        }
        if self.over.iter().any(|(proven, is)| !*is && *proven <= years) {
            return Some(false);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_as_far_as_it_was_proven() {
        let day: LocalDate = "2026-11-29".parse().unwrap();
        let born = |text: &str| AgeEvidence {
            birth: Some(Birth::Date(text.parse().unwrap())),
            over: BTreeMap::new(),
        };
        assert_eq!(born("2009-11-29").at_least(17, day), Some(true));
        assert_eq!(born("2009-11-30").at_least(17, day), Some(false));
        let year = AgeEvidence { birth: Some(Birth::Year(2009)), over: BTreeMap::new() };
        assert_eq!((year.at_least(16, day), year.at_least(17, day)), (Some(true), None));
        assert_eq!(year.at_least(18, day), Some(false));
        let proofs = AgeEvidence { birth: None, over: BTreeMap::from([(16, true), (18, false)]) };
        assert_eq!(proofs.at_least(14, day), Some(true));
        assert_eq!(proofs.at_least(17, day), None, "over 16 and not over 18 may be 16 or 17");
        assert_eq!(proofs.at_least(60, day), Some(false));
        assert_eq!(AgeEvidence::default().at_least(14, day), None);
    }
}

//! Appeals: what their outcomes do to the rule that they are about.
//!
//! Lives here: [`AppealCounts`], [`back_to_shadow`]. Not here: the appeals themselves, their clock and answers (the programs).

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::RuleId;

/// Fewer decided appeals than this say nothing of a rule.
pub const FEWEST_APPEALS: u32 = 20;
/// A rule of which more than so many hundredths of the appeals succeed goes back to shadow.
pub const MOST_SUCCEEDED_PERCENT: u64 = 20;

/// The decided appeals against one rule since its text last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AppealCounts {
    succeeded: u32,
    failed: u32,
}

impl AppealCounts {
    /// Appeals that succeeded, and that did not.
    #[must_use]
    pub const fn new(succeeded: u32, failed: u32) -> Self {
        Self { succeeded, failed }
    }

    /// Whether the rule goes back to shadow.
    #[must_use]
    pub fn ends_effect(self) -> bool {
        let decided = u64::from(self.succeeded) + u64::from(self.failed);
        decided >= u64::from(FEWEST_APPEALS)
            && u64::from(self.succeeded) * 100 > decided * MOST_SUCCEEDED_PERCENT
    }
}

/// The rules that go back to shadow: what [`crate::Judging::in_shadow`] takes. No person has to act for it, and only a new text under
/// another id, or counts that begin anew with a new version, bring a rule back.
#[must_use]
pub fn back_to_shadow(counts: &BTreeMap<RuleId, AppealCounts>) -> BTreeSet<RuleId> {
    counts.iter().filter(|(_, counts)| counts.ends_effect()).map(|(rule, _)| rule.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_goes_back_to_shadow_above_a_fifth_of_at_least_twenty() {
        for (succeeded, failed, back) in [
            (0, 0, false),
            (19, 0, false),
            (4, 15, false),
            (4, 16, false),
            (5, 15, true),
            (20, 0, true),
            (20, 80, false),
            (21, 80, true),
            (u32::MAX, u32::MAX, true),
        ] {
            assert_eq!(AppealCounts::new(succeeded, failed).ends_effect(), back, "{succeeded} {failed}");
        }
        let rule = RuleId::new("r").unwrap();
        let counts = BTreeMap::from([
            (rule.clone(), AppealCounts::new(5, 15)),
            (RuleId::new("s").unwrap(), AppealCounts::new(1, 15)),
        ]);
        assert_eq!(back_to_shadow(&counts), BTreeSet::from([rule]));
    }
}

//! Guess: what a try on somebody's number costs. It is never denied: after the free ones it takes a pause and work.
//!
//! Lives here: how much work, and the memory of answers that were handed in. Not here: the work itself
//! (`credential::work`), the count of tries (`store::enrolment`), the rates of addresses (`http::limit`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use credential::sha256;
use credential::work::WorkTicket;
use documents::Timestamp;

use super::rules::GuessRules;

/// Answers that are remembered before those whose time is over are forgotten. Each took its maker thousands of hashes.
const MANY_ANSWERS: usize = 10_000;

/// Work to be done before an enrolment is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkDemand {
    /// What is hashed, with a full stop and a decimal number behind it.
    pub salt: String,
    /// Leading zero bits of the hash.
    pub bits: u8,
    /// Seconds before which no answer counts.
    pub wait_seconds: u32,
}

/// Work that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkAnswer {
    /// The salt of the demand.
    pub salt: String,
    /// The number that was found: with it the hash begins with enough zero bits.
    pub answer: u64,
}

/// The work for one more try after `tries` of them.
pub(crate) fn ticket(rules: &GuessRules, tries: i64, now: Timestamp) -> WorkTicket {
    let harder = (tries - rules.free).max(0) / rules.tries_a_bit;
    let harder = u8::try_from(harder).unwrap_or(u8::MAX).min(rules.most_bits.saturating_sub(rules.bits));
    let from = now.plus_seconds(i64::from(harder) * rules.delay_seconds);
    WorkTicket { bits: rules.bits + harder, from, until: from.plus_seconds(rules.answer_seconds) }
}

/// Answers that were handed in: each counts once.
#[derive(Debug, Default)]
pub(crate) struct UsedAnswers(Mutex<HashMap<[u8; 32], Timestamp>>);

impl UsedAnswers {
    /// Notes the answer to a salt; false where there was one.
    pub(crate) fn note(&self, salt: &str, until: Timestamp, now: Timestamp) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= MANY_ANSWERS {
            used.retain(|_, until| now < *until);
        }
        used.insert(sha256(salt.as_bytes()), until).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::applications::rules::EnrolmentRules;

    #[test]
    fn work_grows_with_the_tries_up_to_what_a_phone_can_bear() {
        let rules = EnrolmentRules::builtin().unwrap().guess;
        let now = Timestamp::from_unix(1_800_000_000).unwrap();
        let asked = |tries| {
            let ticket = ticket(&rules, tries, now);
            (ticket.bits, ticket.from.seconds_since(now))
        };
        assert_eq!(asked(0), (16, 0));
        assert_eq!(asked(5), (16, 0));
        assert_eq!(asked(7), (17, 5));
        assert_eq!(asked(11), (19, 15));
        assert_eq!(asked(1_000_000), (22, 30), "nobody is locked out, whoever tried before them");
    }

    #[test]
    fn an_answer_counts_once() {
        let (used, now) = (UsedAnswers::default(), Timestamp::from_unix(1_800_000_000).unwrap());
        assert!(used.note("a", now.plus_seconds(300), now));
        assert!(!used.note("a", now.plus_seconds(300), now));
        assert!(used.note("b", now.plus_seconds(300), now));
    }
}

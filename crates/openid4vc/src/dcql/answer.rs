//! Checking an answer: whether what was presented, and proven, is what was asked for. Nothing rests on the wallet having done so.

use std::collections::BTreeMap;

use super::claims::Found;
use super::{ClaimQuery, CredentialQuery, Kind, Query};
use crate::{mdoc, sd_jwt};

/// A presentation that was verified.
#[derive(Debug, Clone)]
pub enum Presented {
    /// In JSON.
    SdJwt(Box<sd_jwt::Verified>),
    /// In CBOR.
    Mdoc(Box<mdoc::Verified>),
}

/// Why an answer does not answer its query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// Not all that must be answered is.
    #[error("a credential that was asked for is missing")]
    Incomplete,
    /// An answer to a query that nobody asked.
    #[error("the answer names a query that was not asked")]
    UnknownQuery,
    /// Several presentations where one was asked for.
    #[error("several credentials came where one was asked for")]
    Multiple,
    /// Another format or type.
    #[error("the credential is of another type than was asked for")]
    OtherType,
    /// A claim is missing.
    #[error("a claim that was asked for is missing")]
    ClaimMissing,
    /// A claim has another value.
    #[error("a claim has another value than was asked for")]
    OtherValue,
    /// Another authority signed.
    #[error("the credential is of another authority than was asked for")]
    OtherAuthority,
}

impl AnswerError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Incomplete => "answer_incomplete",
            Self::UnknownQuery => "answer_unknown_query",
            Self::Multiple => "answer_multiple",
            Self::OtherType => "answer_other_type",
            Self::ClaimMissing => "answer_claim_missing",
            Self::OtherValue => "answer_other_value",
            Self::OtherAuthority => "answer_other_authority",
        }
    }
}

/// Whether presentations, by the ids of their queries, answer a query whole.
///
/// # Errors
/// [`AnswerError`] for the first fault.
pub fn check_answer(query: &Query, answer: &BTreeMap<String, Vec<Presented>>) -> Result<(), AnswerError> {
    for (id, presented) in answer {
        let asked = query.credentials.iter().find(|asked| asked.id == *id);
        let asked = asked.ok_or(AnswerError::UnknownQuery)?;
        if presented.len() > 1 && !asked.multiple {
            return Err(AnswerError::Multiple);
        }
        presented.iter().try_for_each(|presented| asked.hold(presented))?;
    }
    let answered = |place: usize| {
        let asked = query.credentials.get(place).and_then(|asked| answer.get(&asked.id));
        asked.is_some_and(|presented| !presented.is_empty())
    };
    if query.is_met(answered) { Ok(()) } else { Err(AnswerError::Incomplete) }
}

impl CredentialQuery {
    fn hold(&self, presented: &Presented) -> Result<(), AnswerError> {
        match (presented, &self.kind) {
            (Presented::SdJwt(verified), Kind::SdJwt { types }) => {
                if !types.iter().any(|vct| verified.is_of_type(vct)) {
                    return Err(AnswerError::OtherType);
                }
                self.hold_claims(|claim| claim.in_json(verified.claims(), true))?;
                self.hold_authority(&verified.issuer().der)
            }
            (Presented::Mdoc(verified), Kind::Mdoc { doc_type }) => {
                if verified.doc_type() != doc_type {
                    return Err(AnswerError::OtherType);
                }
                self.hold_claims(|claim| {
                    claim.in_elements(|name_space, name| verified.element(name_space, name))
                })?;
                self.hold_authority(&verified.issuer().der)
            }
            (Presented::SdJwt(_) | Presented::Mdoc(_), _) => Err(AnswerError::OtherType),
        }
    }

    fn hold_authority(&self, leaf: &[u8]) -> Result<(), AnswerError> {
        let met = self.takes_authority(&[leaf.to_vec()]);
        if met { Ok(()) } else { Err(AnswerError::OtherAuthority) }
    }

    /// One set of claims is met whole; where none is, the fault is that of the last.
    fn hold_claims(&self, found: impl Fn(&ClaimQuery) -> Found) -> Result<(), AnswerError> {
        let mut fault = AnswerError::ClaimMissing;
        for set in self.alternatives() {
            let found: Vec<Found> = set.into_iter().map(&found).collect();
            if found.contains(&Found::No) {
                fault = AnswerError::ClaimMissing;
            } else if found.contains(&Found::OtherValue) {
                fault = AnswerError::OtherValue;
            } else {
                return Ok(());
            }
        }
        Err(fault)
    }
}

//! DCQL: which credentials and claims a verifier asks for (`OpenID4VP` 1.0, 6).
//!
//! Lives here: reading and writing a query, what of a wallet's credentials answers it, whether an answer does. Not here: proof of what
//! is presented (`sd_jwt`, `mdoc`). Departures: a place in an array of an SD-JWT counts as any place when an answer is checked, for what
//! is not disclosed moves the others; of `trusted_authorities` only `aki` can be met.

mod answer;
mod claims;
mod matching;
mod read;

use documents::redact_debug;
use serde_json::Value;

use crate::claim_path::ClaimPath;

pub use answer::{AnswerError, Presented, check_answer};
pub use claims::element_json;
pub use matching::{Candidate, Match, NotMet, Shown};

/// Most queries, sets, claims or values of one kind that are read.
pub const MAX_ENTRIES: usize = 64;

/// Why a query is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DcqlError {
    /// A member is missing, of another type, empty, or has too many entries.
    #[error("the query's member {member} is missing or malformed")]
    Member {
        /// The member.
        member: &'static str,
    },
    /// An id has other characters than letters, digits, `_` and `-`.
    #[error("an id of the query has other characters than letters, digits, _ and -")]
    Id,
    /// An id stands twice.
    #[error("an id stands twice in the query")]
    IdRepeated,
    /// A set names an id that nothing has.
    #[error("a set of the query names an id that nothing has")]
    UnknownId,
    /// `claim_sets` stands without `claims`.
    #[error("the query has claim_sets without claims")]
    SetsWithoutClaims,
    /// A path is malformed, or none of an mdoc.
    #[error("a claim's path is malformed; of an mdoc it is name space and element")]
    Path,
}

impl DcqlError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Member { .. } => "dcql_member",
            Self::Id => "dcql_id",
            Self::IdRepeated => "dcql_id_repeated",
            Self::UnknownId => "dcql_unknown_id",
            Self::SetsWithoutClaims => "dcql_sets_without_claims",
            Self::Path => "dcql_path",
        }
    }
}

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub(crate) credentials: Vec<CredentialQuery>,
    pub(crate) sets: Vec<CredentialSet>,
    /// The query as it was read, for it travels inside a signed request.
    json: Value,
}

/// What is asked of one credential.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialQuery {
    /// Its name in the answer.
    pub id: String,
    /// Format and type.
    pub kind: Kind,
    /// Whether several credentials may answer.
    pub multiple: bool,
    /// Whether the holder must sign.
    pub binding_required: bool,
    /// Key identifiers of authorities, one of which must have signed; `None` where any will do.
    pub authorities: Option<Vec<Vec<u8>>>,
    /// The claims.
    pub claims: Vec<ClaimQuery>,
    /// Sets of claims by their places in `claims`, the best first; none where all of them are asked for.
    pub claim_sets: Vec<Vec<usize>>,
}

/// Format and type of a credential that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `dc+sd-jwt`, of one of these types.
    SdJwt {
        /// The types.
        types: Vec<String>,
    },
    /// `mso_mdoc`, of this type.
    Mdoc {
        /// The type.
        doc_type: String,
    },
    /// A format that is not read here: nothing answers it.
    Other {
        /// Its name.
        format: String,
    },
}

/// What is asked of one claim.
#[derive(Clone, PartialEq)]
pub struct ClaimQuery {
    /// Its name in `claim_sets`.
    pub id: Option<String>,
    /// Where it stands.
    pub path: ClaimPath,
    /// What it must be, where anything else is of no use.
    pub values: Option<Vec<Value>>,
    /// Whether the verifier means to keep it (mdoc alone).
    pub intent_to_retain: Option<bool>,
}
// A value that is asked for may be somebody's number.
redact_debug!(ClaimQuery);

/// Alternatives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialSet {
    /// Sets of queries by their places, the best first.
    pub options: Vec<Vec<usize>>,
    /// Whether one of them must be met.
    pub required: bool,
}

impl Query {
    /// What is asked of each credential.
    #[must_use]
    pub fn credentials(&self) -> &[CredentialQuery] {
        &self.credentials
    }

    /// Alternatives; none where every query must be answered.
    #[must_use]
    pub fn sets(&self) -> &[CredentialSet] {
        &self.sets
    }

    /// The query in JSON.
    #[must_use]
    pub const fn to_json(&self) -> &Value {
        &self.json
    }

    /// The part of it that one mdoc answers alone, where there is one: the first such alternative. It is what `org-iso-mdoc` can ask, for a
    /// device request knows no alternatives.
    #[must_use]
    pub fn of_one_mdoc(&self) -> Option<Self> {
        let mut required = self.sets.iter().filter(|set| set.required);
        let place = match (required.next(), required.next(), self.credentials.len()) {
            (Some(set), None, _) => {
                let alone = |option: &Vec<usize>| match option.as_slice() {
                    [one] => self.credentials.get(*one).is_some_and(CredentialQuery::is_mdoc).then_some(*one),
                    _ => None,
                };
                set.options.iter().find_map(alone)?
            }
            (None, None, 1) if self.sets.is_empty() => 0,
            _ => return None,
        };
        let asked = self.credentials.get(place).filter(|asked| asked.is_mdoc())?;
        let json = serde_json::json!({ "credentials": [self.json.get("credentials")?.get(place)?] });
        Some(Self { credentials: vec![asked.clone()], sets: Vec::new(), json })
    }

    /// Whether answers to the queries for which `answered` is true are enough.
    pub(crate) fn is_met(&self, answered: impl Fn(usize) -> bool) -> bool {
        if self.sets.is_empty() {
            return (0..self.credentials.len()).all(answered);
        }
        let met = |option: &Vec<usize>| option.iter().all(|query| answered(*query));
        self.sets.iter().all(|set| !set.required || set.options.iter().any(met))
    }
}

impl CredentialQuery {
    const fn is_mdoc(&self) -> bool {
        matches!(self.kind, Kind::Mdoc { .. })
    }
}

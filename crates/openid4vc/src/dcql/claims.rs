//! Claims of both formats as a query sees them.

use credential::certificate::authority_key_identifier;
use serde_json::{Map, Value as Json};

use super::{ClaimQuery, CredentialQuery};
use crate::claim_path::Segment;
use crate::mdoc::Value;

/// An element of an mdoc in JSON: texts, numbers, truth values, and dates as texts (RFC 8949, 6.1). `None` for what no query compares.
#[must_use]
pub fn element_json(value: &Value) -> Option<Json> {
    match value {
        Value::Text(text) => Some(Json::from(text.as_str())),
        Value::Bool(flag) => Some(Json::from(*flag)),
        Value::Int(number) => {
            let signed = i64::try_from(*number).map(Json::from);
            signed.or_else(|_| u64::try_from(*number).map(Json::from)).ok()
        }
        // A date: tag 0 with a time, tag 1004 without (RFC 8943).
        Value::Tag(0 | 1004, inner) => element_json(inner),
        Value::Bytes(_)
        | Value::Array(_)
        | Value::Map(_)
        | Value::Tag(..)
        | Value::Null
        | Value::Undefined
        | Value::Float(_) => None,
    }
}

/// Whether a claim is there, and is one of the values that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    OtherValue,
    No,
}

impl ClaimQuery {
    pub(super) fn in_json(&self, claims: &Map<String, Json>, any_place: bool) -> Found {
        let found = if any_place { self.path.at_any_place().find(claims) } else { self.path.find(claims) };
        match &self.values {
            _ if found.is_empty() => Found::No,
            Some(values) if !found.iter().any(|(_, value)| values.contains(value)) => Found::OtherValue,
            Some(_) | None => Found::Yes,
        }
    }

    pub(super) fn in_elements<'v>(&self, element: impl Fn(&str, &str) -> Option<&'v Value>) -> Found {
        let [Segment::Name(name_space), Segment::Name(name)] = self.path.segments() else { return Found::No };
        let Some(value) = element(name_space, name) else { return Found::No };
        match (&self.values, element_json(value)) {
            (None, _) => Found::Yes,
            (Some(values), Some(value)) if values.contains(&value) => Found::Yes,
            (Some(_), _) => Found::OtherValue,
        }
    }
}

impl CredentialQuery {
    /// The sets of claims, one of which is to be met: what is asked for, the best first.
    pub(super) fn alternatives(&self) -> Vec<Vec<&ClaimQuery>> {
        if self.claim_sets.is_empty() {
            return vec![self.claims.iter().collect()];
        }
        let set = |set: &Vec<usize>| set.iter().filter_map(|place| self.claims.get(*place)).collect();
        self.claim_sets.iter().map(set).collect()
    }

    /// Whether an authority that is asked for signed one of these certificates.
    pub(super) fn takes_authority(&self, certificates: &[Vec<u8>]) -> bool {
        let Some(wanted) = &self.authorities else { return true };
        let mut named = certificates.iter().filter_map(|der| authority_key_identifier(der));
        named.any(|key| wanted.contains(&key))
    }
}

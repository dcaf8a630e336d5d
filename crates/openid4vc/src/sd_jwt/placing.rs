//! Placing: every disclosure goes to the digest that names it, and all digests go away (RFC 9901, 7.1, steps 3 to 5).
//!
//! Depth is bounded by that of the strict reader, before a value of any depth is built; each disclosure is placed once, so time
//! and memory grow with the text alone.

use std::collections::{BTreeMap, BTreeSet};

use documents::redact_debug;
use serde_json::{Map, Value};

use super::SdJwtError;
use super::disclosure::{Content, Disclosure};
use crate::claim_path::Step;
use crate::json::MAX_DEPTH;

/// Names that stand for digests, never for claims.
pub(super) const DIGESTS: &str = "_sd";
pub(super) const PLACEHOLDER: &str = "...";
pub(super) const HASH: &str = "_sd_alg";
/// Longest name of a claim, in bytes.
const MAX_NAME_LEN: usize = 255;

/// Where a disclosure stands.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The steps to its value.
    pub path: Vec<Step>,
    /// The disclosure in which its digest stands; `None` where the issuer's own text has it.
    pub parent: Option<usize>,
}
redact_debug!(Place);

/// Claims with their disclosures in place.
#[derive(Clone)]
pub(super) struct Placed {
    pub claims: Map<String, Value>,
    /// One for each disclosure, in their order.
    pub places: Vec<Place>,
}
redact_debug!(Placed);

/// Puts disclosures in place.
pub(super) fn place(payload: &Map<String, Value>, disclosures: &[Disclosure]) -> Result<Placed, SdJwtError> {
    match payload.get(HASH) {
        None => {}
        Some(Value::String(name)) if name == "sha-256" => {}
        Some(_) => return Err(SdJwtError::HashAlgorithm),
    }
    let mut by_digest = BTreeMap::new();
    for (index, disclosure) in disclosures.iter().enumerate() {
        if by_digest.insert(disclosure.digest.as_str(), index).is_some() {
            return Err(SdJwtError::DigestRepeated);
        }
    }
    let mut walk = Walk {
        disclosures,
        by_digest,
        seen: BTreeSet::new(),
        places: vec![None; disclosures.len()],
        path: Vec::new(),
    };
    let mut claims = walk.object(payload, None)?;
    claims.remove(HASH);
    let places: Option<Vec<Place>> = walk.places.into_iter().collect();
    Ok(Placed { claims, places: places.ok_or(SdJwtError::DisclosureUnreferenced)? })
}

struct Walk<'d> {
    disclosures: &'d [Disclosure],
    by_digest: BTreeMap<&'d str, usize>,
    seen: BTreeSet<String>,
    places: Vec<Option<Place>>,
    path: Vec<Step>,
}

impl<'d> Walk<'d> {
    fn value(&mut self, value: &Value, parent: Option<usize>) -> Result<Value, SdJwtError> {
        match value {
            Value::Object(members) => self.object(members, parent).map(Value::Object),
            Value::Array(items) => self.array(items, parent).map(Value::Array),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    fn within<T>(
        &mut self,
        step: Step,
        read: impl FnOnce(&mut Self) -> Result<T, SdJwtError>,
    ) -> Result<T, SdJwtError> {
        if self.path.len() >= MAX_DEPTH {
            return Err(SdJwtError::TooDeep);
        }
        self.path.push(step);
        let read = read(self)?;
        self.path.pop();
        Ok(read)
    }

    fn object(
        &mut self,
        members: &Map<String, Value>,
        parent: Option<usize>,
    ) -> Result<Map<String, Value>, SdJwtError> {
        let mut read = Map::new();
        for (name, value) in members.iter().filter(|(name, _)| *name != DIGESTS) {
            hold_name(name)?;
            let value = self.within(Step::Name(name.clone()), |walk| walk.value(value, parent))?;
            read.insert(name.clone(), value);
        }
        let digests = match members.get(DIGESTS) {
            None => return Ok(read),
            Some(digests) => digests.as_array().ok_or(SdJwtError::DigestForm)?,
        };
        for digest in digests {
            let Some((index, disclosure)) = self.disclosure(digest)? else { continue };
            let Content::Member(name, value) = &disclosure.content else {
                return Err(SdJwtError::DisclosurePlace);
            };
            hold_name(name)?;
            // RFC 9901, 7.1, step 3 f would take a claim of this name away again.
            if name == HASH && self.path.is_empty() {
                return Err(SdJwtError::ForbiddenName);
            }
            if read.contains_key(name) {
                return Err(SdJwtError::NameTaken);
            }
            let value = self.within(Step::Name(name.clone()), |walk| walk.disclosed(index, value, parent))?;
            read.insert(name.clone(), value);
        }
        Ok(read)
    }

    fn array(&mut self, items: &[Value], parent: Option<usize>) -> Result<Vec<Value>, SdJwtError> {
        let mut read = Vec::with_capacity(items.len());
        for item in items {
            let step = Step::Index(read.len());
            let placeholder = item.as_object().filter(|members| members.len() == 1);
            let Some(digest) = placeholder.and_then(|members| members.get(PLACEHOLDER)) else {
                read.push(self.within(step, |walk| walk.value(item, parent))?);
                continue;
            };
            let Some((index, disclosure)) = self.disclosure(digest)? else { continue };
            let Content::Element(value) = &disclosure.content else {
                return Err(SdJwtError::DisclosurePlace);
            };
            read.push(self.within(step, |walk| walk.disclosed(index, value, parent))?);
        }
        Ok(read)
    }

    /// The disclosure that a digest names; none where its holder keeps it back, or there is none.
    fn disclosure(&mut self, digest: &Value) -> Result<Option<(usize, &'d Disclosure)>, SdJwtError> {
        let digest = digest.as_str().ok_or(SdJwtError::DigestForm)?;
        if !self.seen.insert(digest.to_owned()) {
            return Err(SdJwtError::DigestRepeated);
        }
        let index = self.by_digest.get(digest).copied();
        Ok(index.and_then(|index| self.disclosures.get(index).map(|disclosure| (index, disclosure))))
    }

    fn disclosed(&mut self, index: usize, value: &Value, parent: Option<usize>) -> Result<Value, SdJwtError> {
        if let Some(place) = self.places.get_mut(index) {
            *place = Some(Place { path: self.path.clone(), parent });
        }
        self.value(value, Some(index))
    }
}

fn hold_name(name: &str) -> Result<(), SdJwtError> {
    if name == DIGESTS || name == PLACEHOLDER || name.len() > MAX_NAME_LEN {
        return Err(SdJwtError::ForbiddenName);
    }
    Ok(())
}

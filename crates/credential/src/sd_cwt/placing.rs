//! Placing: each disclosure goes to the spot of its hash, and what stays redacted is dropped.
//!
//! Lives here: [`place`], [`Place`], and why disclosures and hashes do not fit together. Not here: signatures.

use std::collections::{BTreeMap, BTreeSet};

use documents::redact_debug;

use super::disclosure::{Content, Disclosure};
use super::value::{Key, MAX_LEVEL, Value};
use super::{TAG_REDACTED, TAGS_BEFORE_ISSUE, label};

/// Why disclosures and hashes do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlacingError {
    /// Redacted entries are not an array of hashes of 32 bytes, or a redacted element is no such hash.
    #[error("a redacted claim is not a hash of 32 bytes")]
    HashForm,
    /// The token has the same hash twice (RFC 9901 refuses it too).
    #[error("the token has the same hash twice")]
    HashRepeated,
    /// The same disclosure came twice.
    #[error("the same disclosure came twice")]
    DisclosureRepeated,
    /// A disclosure has no hash: it is not of this token, or that of its parent is withheld.
    #[error("a disclosure has no hash in the token, or its parent is withheld")]
    NoHash,
    /// A disclosure of an entry stands at a hash in an array, or one of an element at a hash in a map.
    #[error("a disclosure of a map's entry belongs to an array, or the reverse")]
    Kind,
    /// A decoy was disclosed: it stands for no claim.
    #[error("a decoy was disclosed")]
    Decoy,
    /// A disclosed key stands in its map already.
    #[error("a disclosed key stands in its map already")]
    KeyRepeated,
    /// A claim that is never redacted is disclosed, or has something redacted in it.
    #[error("claim {label} must not be redacted")]
    NeverRedacted {
        /// The claim.
        label: i64,
    },
    /// The token has a tag that stands in what goes to an issuer alone.
    #[error("the token has tag {tag}, which no issued token has")]
    BeforeIssue {
        /// The tag.
        tag: u64,
    },
    /// With its disclosures the token is deeper than 16 levels.
    #[error("the claims are nested deeper than 16 levels")]
    TooDeep,
}

/// A step from the claims to a value in them.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// To the entry with this key.
    Key(Key),
    /// To the element at this place of the issued array, redacted ones and decoys counted.
    Element(usize),
}
redact_debug!(Step);

/// Where a disclosure belongs.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// Index of the disclosure in whose value its hash stands; `None` where the signed claims themselves have it.
    pub parent: Option<usize>,
    /// The way to what it discloses; of a decoy in a map, to the map.
    pub path: Vec<Step>,
}
redact_debug!(Place);

/// What is done with a decoy's disclosure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoys {
    /// As issuers hand them to holders.
    Taken,
    /// As nobody shows them to verifiers.
    Refused,
}

/// Claims with their disclosures in them.
pub(super) struct Placed {
    /// One for each set of claims that was given.
    pub(super) claims: Vec<Value>,
    /// One for each disclosure, in their order.
    pub(super) places: Vec<Place>,
    /// How many hashes have no disclosure.
    pub(super) undisclosed: usize,
}

/// Puts every disclosure into the claims; `roots` are the sets of claims of one token.
pub(super) fn place(
    roots: &[&Value],
    disclosures: &[Disclosure],
    decoys: Decoys,
) -> Result<Placed, PlacingError> {
    let mut by_hash = BTreeMap::new();
    for (index, disclosure) in disclosures.iter().enumerate() {
        if by_hash.insert(*disclosure.hash(), index).is_some() {
            return Err(PlacingError::DisclosureRepeated);
        }
    }
    let mut walk = Walk {
        by_hash,
        disclosures,
        decoys,
        seen: BTreeSet::new(),
        places: vec![None; disclosures.len()],
        path: Vec::new(),
        undisclosed: 0,
    };
    let mut claims = Vec::new();
    for root in roots {
        let at = Spot { level: 0, parent: None, never: None };
        claims.push(walk.value(root, at)?);
    }
    let places = walk.places.into_iter().collect::<Option<Vec<_>>>().ok_or(PlacingError::NoHash)?;
    Ok(Placed { claims, places, undisclosed: walk.undisclosed })
}

/// Whether something in the value is redacted, or tagged as only what goes to an issuer is.
pub(super) fn has_redaction(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_redaction),
        Value::Map(pairs) => pairs.iter().any(|(key, value)| *key == Key::Redacted || has_redaction(value)),
        Value::Tag(tag, inner) => {
            *tag == TAG_REDACTED || TAGS_BEFORE_ISSUE.contains(tag) || has_redaction(inner)
        }
        Value::Int(_)
        | Value::Bytes(_)
        | Value::Text(_)
        | Value::Bool(_)
        | Value::Null
        | Value::Undefined
        | Value::Float(_) => false,
    }
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Spot {
    level: usize,
    parent: Option<usize>,
    /// The claim around it that must have nothing redacted in it.
    never: Option<i64>,
}

impl Spot {
    const fn below(self) -> Self {
        Self { level: self.level + 1, ..self }
    }

    fn hold_redaction(self) -> Result<(), PlacingError> {
        self.never.map_or(Ok(()), |label| Err(PlacingError::NeverRedacted { label }))
    }
}

struct Walk<'d> {
    by_hash: BTreeMap<[u8; 32], usize>,
    disclosures: &'d [Disclosure],
    decoys: Decoys,
    seen: BTreeSet<[u8; 32]>,
    places: Vec<Option<Place>>,
    path: Vec<Step>,
    undisclosed: usize,
}

impl Walk<'_> {
    fn value(&mut self, value: &Value, at: Spot) -> Result<Value, PlacingError> {
        if at.level > MAX_LEVEL {
            return Err(PlacingError::TooDeep);
        }
        match value {
            Value::Map(pairs) => self.map(pairs, at).map(Value::Map),
            Value::Array(items) => self.array(items, at).map(Value::Array),
            // A redacted element outside of an array.
            Value::Tag(TAG_REDACTED, _) => Err(PlacingError::HashForm),
            Value::Tag(tag, _) if TAGS_BEFORE_ISSUE.contains(tag) => {
                Err(PlacingError::BeforeIssue { tag: *tag })
            }
            Value::Tag(tag, inner) => Ok(Value::Tag(*tag, Box::new(self.value(inner, at.below())?))),
            Value::Int(_)
            | Value::Bytes(_)
            | Value::Text(_)
            | Value::Bool(_)
            | Value::Null
            | Value::Undefined
            | Value::Float(_) => Ok(value.clone()),
        }
    }

    fn map(&mut self, pairs: &[(Key, Value)], at: Spot) -> Result<Vec<(Key, Value)>, PlacingError> {
        let outermost = at.level == 0;
        let mut keys: BTreeSet<&Key> = pairs.iter().map(|(key, _)| key).collect();
        let mut placed = Vec::with_capacity(pairs.len());
        for (key, value) in pairs.iter().filter(|(key, _)| *key != Key::Redacted) {
            let never = if outermost { never_redacted(key) } else { at.never };
            self.path.push(Step::Key(key.clone()));
            placed.push((key.clone(), self.value(value, Spot { never, ..at.below() })?));
            self.path.pop();
        }
        for (_, hashes) in pairs.iter().filter(|(key, _)| *key == Key::Redacted) {
            at.hold_redaction()?;
            let Value::Array(hashes) = hashes else { return Err(PlacingError::HashForm) };
            for hash in hashes {
                let Some(index) = self.find(hash)? else { continue };
                let disclosures = self.disclosures;
                match disclosures.get(index).map(Disclosure::content) {
                    Some(Content::Entry(key, value)) => {
                        if let (true, Some(label)) = (outermost, never_redacted(key)) {
                            return Err(PlacingError::NeverRedacted { label });
                        }
                        if !keys.insert(key) {
                            return Err(PlacingError::KeyRepeated);
                        }
                        self.path.push(Step::Key(key.clone()));
                        placed.push((key.clone(), self.disclosed(index, value, at)?));
                        self.path.pop();
                    }
                    Some(Content::Decoy) => self.decoy(index, at)?,
                    Some(Content::Element(_)) | None => return Err(PlacingError::Kind),
                }
            }
        }
        Ok(placed)
    }

    fn array(&mut self, items: &[Value], at: Spot) -> Result<Vec<Value>, PlacingError> {
        let mut placed = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            self.path.push(Step::Element(place));
            if let Value::Tag(TAG_REDACTED, hash) = item {
                at.hold_redaction()?;
                if let Some(index) = self.find(hash)? {
                    let disclosures = self.disclosures;
                    match disclosures.get(index).map(Disclosure::content) {
                        Some(Content::Element(value)) => placed.push(self.disclosed(index, value, at)?),
                        Some(Content::Decoy) => self.decoy(index, at)?,
                        Some(Content::Entry(..)) | None => return Err(PlacingError::Kind),
                    }
                }
            } else {
                placed.push(self.value(item, at.below())?);
            }
            self.path.pop();
        }
        Ok(placed)
    }

    /// The disclosure of a hash, if it came.
    fn find(&mut self, hash: &Value) -> Result<Option<usize>, PlacingError> {
        let hash = hash.as_bytes().and_then(|hash| <[u8; 32]>::try_from(hash).ok());
        let hash = hash.ok_or(PlacingError::HashForm)?;
        if !self.seen.insert(hash) {
            return Err(PlacingError::HashRepeated);
        }
        let found = self.by_hash.get(&hash).copied();
        self.undisclosed += usize::from(found.is_none());
        Ok(found)
    }

    fn disclosed(&mut self, index: usize, value: &Value, at: Spot) -> Result<Value, PlacingError> {
        self.note(index, at);
        self.value(value, Spot { parent: Some(index), ..at.below() })
    }

    fn decoy(&mut self, index: usize, at: Spot) -> Result<(), PlacingError> {
        match self.decoys {
            Decoys::Taken => {
                self.note(index, at);
                Ok(())
            }
            Decoys::Refused => Err(PlacingError::Decoy),
        }
    }

    fn note(&mut self, index: usize, at: Spot) {
        let place = Place { parent: at.parent, path: self.path.clone() };
        if let Some(slot) = self.places.get_mut(index) {
            *slot = Some(place);
        }
    }
}

fn never_redacted(key: &Key) -> Option<i64> {
    match key {
        Key::Int(label) => label::NEVER_REDACTED.contains(label).then_some(*label),
        Key::Text(_) | Key::Redacted => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(salt: u8, key: impl Into<Key>, value: Value) -> Disclosure {
        Disclosure::make(&[salt; 16], Content::Entry(key.into(), value))
    }

    fn element(salt: u8, value: Value) -> Disclosure {
        Disclosure::make(&[salt; 16], Content::Element(value))
    }

    fn hash(of: &Disclosure) -> Value {
        Value::Bytes(of.hash().to_vec())
    }

    fn redacted(of: &[&Disclosure]) -> Value {
        Value::Map(vec![(Key::Redacted, Value::Array(of.iter().map(|one| hash(one)).collect()))])
    }

    fn at(label: i64, value: Value) -> Value {
        Value::Map(vec![(label.into(), value)])
    }

    fn tagged(of: &Disclosure) -> Value {
        Value::Tag(TAG_REDACTED, Box::new(hash(of)))
    }

    #[test]
    fn disclosures_that_do_not_fit_the_hashes_are_refused_for_what_is_wrong() {
        use PlacingError::*;
        let (name, other) = (entry(1, 500, Value::Int(1)), entry(2, 500, Value::Int(2)));
        let (exp, first) = (entry(3, label::EXP, Value::Int(9)), element(4, Value::Int(1)));
        let decoy = Disclosure::make(&[5; 16], Content::Decoy);
        let parent = entry(6, 501, redacted(&[&name]));
        let bad_hash = Value::Map(vec![(Key::Redacted, Value::Array(vec![Value::Bytes(vec![0; 31])]))]);
        let not_array = Value::Map(vec![(Key::Redacted, hash(&name))]);
        let mut shown_too = redacted(&[&name]);
        if let Value::Map(pairs) = &mut shown_too {
            pairs.push((500.into(), Value::Int(3)));
        }
        for (row, claims, came, expected) in [
            ("none", redacted(&[&name]), vec![], Ok(())),
            ("its own", redacted(&[&name]), vec![name.clone()], Ok(())),
            ("child and parent", redacted(&[&parent]), vec![name.clone(), parent.clone()], Ok(())),
            ("another's", redacted(&[&name]), vec![other.clone()], Err(NoHash)),
            ("parent withheld", redacted(&[&parent]), vec![name.clone()], Err(NoHash)),
            ("twice", redacted(&[&name]), vec![name.clone(), name.clone()], Err(DisclosureRepeated)),
            ("hash twice", redacted(&[&name, &name]), vec![], Err(HashRepeated)),
            ("hash in parent too", redacted(&[&name, &parent]), vec![parent.clone()], Err(HashRepeated)),
            ("key twice", redacted(&[&name, &other]), vec![name.clone(), other.clone()], Err(KeyRepeated)),
            ("key shown", shown_too, vec![name.clone()], Err(KeyRepeated)),
            ("exp", redacted(&[&exp]), vec![exp.clone()], Err(NeverRedacted { label: 4 })),
            ("exp below", at(500, redacted(&[&exp])), vec![exp.clone()], Ok(())),
            ("in cnf", at(label::CNF, redacted(&[&name])), vec![], Err(NeverRedacted { label: 8 })),
            (
                "in aud",
                at(label::AUD, Value::Array(vec![tagged(&first)])),
                vec![],
                Err(NeverRedacted { label: 3 }),
            ),
            ("element in map", redacted(&[&first]), vec![first.clone()], Err(Kind)),
            ("entry in array", at(500, Value::Array(vec![tagged(&name)])), vec![name.clone()], Err(Kind)),
            ("decoy in map", redacted(&[&decoy]), vec![decoy.clone()], Err(Decoy)),
            ("decoy in array", at(500, Value::Array(vec![tagged(&decoy)])), vec![decoy.clone()], Err(Decoy)),
            ("short hash", bad_hash, vec![], Err(HashForm)),
            ("no array", not_array, vec![], Err(HashForm)),
            ("tag 60 alone", at(500, tagged(&first)), vec![], Err(HashForm)),
            ("tag 58", at(500, Value::Tag(58, Box::new(Value::Null))), vec![], Err(BeforeIssue { tag: 58 })),
            ("tag 62", at(500, Value::Tag(62, Box::new(Value::Null))), vec![], Err(BeforeIssue { tag: 62 })),
        ] {
            let placed = place(&[&claims], &came, Decoys::Refused);
            assert_eq!(placed.map(drop), expected, "row {row}");
        }
    }

    #[test]
    fn a_disclosure_that_reaches_below_the_sixteenth_level_is_refused() {
        let deep = (0..8).fold(Value::Int(0), |inner, _| Value::Array(vec![inner]));
        let leaf = entry(1, 500, deep);
        for (around, expected) in [(6, Ok(())), (7, Err(PlacingError::TooDeep))] {
            let claims = (0..around).fold(redacted(&[&leaf]), |inner, _| Value::Array(vec![inner]));
            let placed = place(&[&at(502, claims)], std::slice::from_ref(&leaf), Decoys::Refused);
            assert_eq!(placed.map(drop), expected, "{around} arrays around it");
        }
    }

    #[test]
    fn places_name_parent_and_way() {
        let child = entry(1, "region", Value::text("ca"));
        let parent = element(2, redacted(&[&child]));
        let claims = at(500, Value::Array(vec![Value::Int(0), tagged(&parent)]));
        let placed = place(&[&claims], &[child, parent], Decoys::Refused).unwrap();
        let to_element = vec![Step::Key(500.into()), Step::Element(1)];
        let to_region = [to_element.clone(), vec![Step::Key("region".into())]].concat();
        assert!(placed.places[0] == Place { parent: Some(1), path: to_region });
        assert!(placed.places[1] == Place { parent: None, path: to_element });
        assert_eq!(placed.undisclosed, 0);
    }
}

//! Claim paths: which values of a credential a path selects (OpenID4VP 1.0, 7).
//!
//! Lives here: [`ClaimPath`], [`Step`], and finding values in JSON. Not here: which claims a query asks for (`dcql`).

use serde_json::{Map, Value};

/// Longest path that is read: no credential is nested deeper.
pub const MAX_SEGMENTS: usize = crate::json::MAX_DEPTH;

/// One step of a path as a query writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Segment {
    /// The member of this name.
    Name(String),
    /// The element at this place, from 0.
    Index(usize),
    /// Every element of an array.
    Every,
}

/// One step to a value that is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of this name.
    Name(String),
    /// The element at this place, from 0.
    Index(usize),
}

/// What stands where a path should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a claim's path is an array of 1 to {MAX_SEGMENTS} names, places from 0, and null")]
pub struct NoPath;

/// A path of at least one segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClaimPath(Vec<Segment>);

impl ClaimPath {
    /// Reads a path in JSON.
    ///
    /// # Errors
    /// [`NoPath`].
    pub fn read(value: &Value) -> Result<Self, NoPath> {
        let segments = value.as_array().ok_or(NoPath)?;
        if segments.is_empty() || segments.len() > MAX_SEGMENTS {
            return Err(NoPath);
        }
        let segment = |value: &Value| match value {
            Value::String(name) => Ok(Segment::Name(name.clone())),
            Value::Null => Ok(Segment::Every),
            Value::Number(index) => {
                let index = index.as_u64().and_then(|index| usize::try_from(index).ok());
                index.map(Segment::Index).ok_or(NoPath)
            }
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(NoPath),
        };
        segments.iter().map(segment).collect::<Result<_, _>>().map(Self)
    }

    /// The path of these names.
    ///
    /// # Errors
    /// [`NoPath`]: there are none, or too many.
    pub fn of_names(names: &[&str]) -> Result<Self, NoPath> {
        match names.len() {
            1..=MAX_SEGMENTS => {
                Ok(Self(names.iter().map(|name| Segment::Name((*name).to_owned())).collect()))
            }
            _ => Err(NoPath),
        }
    }

    /// Its segments.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The path with every place of an array in place of one.
    #[must_use]
    pub fn at_any_place(&self) -> Self {
        let any = |segment: &Segment| match segment {
            Segment::Index(_) => Segment::Every,
            Segment::Name(_) | Segment::Every => segment.clone(),
        };
        Self(self.0.iter().map(any).collect())
    }

    /// The values that the path selects, each with the steps to it; none where the claims have another form (7.1.1).
    #[must_use]
    pub fn find<'v>(&self, claims: &'v Map<String, Value>) -> Vec<(Vec<Step>, &'v Value)> {
        let Some((Segment::Name(first), rest)) = self.0.split_first() else { return Vec::new() };
        let Some(value) = claims.get(first) else { return Vec::new() };
        let mut selected = vec![(vec![Step::Name(first.clone())], value)];
        for segment in rest {
            let mut next = Vec::new();
            for (steps, value) in selected {
                let step = |step: Step, value: &'v Value| {
                    let mut steps = steps.clone();
                    steps.push(step);
                    (steps, value)
                };
                match (segment, value) {
                    (Segment::Name(name), Value::Object(members)) => {
                        next.extend(members.get(name).map(|value| step(Step::Name(name.clone()), value)));
                    }
                    (Segment::Index(index), Value::Array(items)) => {
                        next.extend(items.get(*index).map(|value| step(Step::Index(*index), value)));
                    }
                    (Segment::Every, Value::Array(items)) => {
                        let items = items.iter().enumerate();
                        next.extend(items.map(|(index, value)| step(Step::Index(index), value)));
                    }
                    // A value of another type ends the search, whatever else was selected.
                    (Segment::Name(_) | Segment::Index(_) | Segment::Every, _) => return Vec::new(),
                }
            }
            selected = next;
        }
        selected
    }
}

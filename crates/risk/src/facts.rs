//! Facts: the values of one crossing's signals, as the rules see them.
//!
//! Lives here: [`Facts`], their bounded deterministic form, what is missing. Not here: where a value comes from (`state`, the programs).

use credential::cbor::{CborError, Reader, Writer};
use documents::redact_debug;

use crate::schema::{MAX_SIGNALS, Raw, Schema, SignalId, Type};

/// A value that a signal does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAFact {
    /// No signal has this name.
    #[error("no signal has this name")]
    UnknownSignal,
    /// The value lies outside of the signal's range, or is of another type.
    #[error("the value is not one of this signal")]
    Value,
}

/// Why stored facts cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// Malformed bytes.
    #[error("malformed facts: {0}")]
    Form(#[from] CborError),
    /// Written for another list of signals.
    #[error("the facts were written for another list of signals")]
    OtherSchema,
    /// A value that the signal does not have.
    #[error("a stored fact is not a value of its signal")]
    Value,
}

/// The values of one crossing. What was not measured is not there; integers that lie outside of a signal's range are brought to its
/// end by [`Facts::clamped`], and refused by [`Facts::with`].
#[derive(Clone, PartialEq, Eq)]
pub struct Facts {
    schema: [u8; 32],
    values: Vec<Option<Raw>>,
}

redact_debug!(Facts);

impl Facts {
    /// Nothing measured yet: the signals that say what counts then have that value.
    #[must_use]
    pub fn new(schema: &Schema) -> Self {
        Self { schema: *schema.hash(), values: schema.signals().iter().map(|signal| signal.absent).collect() }
    }

    /// Every signal at its usual value: where a unit case begins.
    #[must_use]
    pub fn usual(schema: &Schema) -> Self {
        Self {
            schema: *schema.hash(),
            values: schema.signals().iter().map(|signal| Some(signal.usual)).collect(),
        }
    }

    fn put(&mut self, schema: &Schema, id: SignalId, raw: Raw) -> Result<(), NotAFact> {
        let signal = schema.signal(id).ok_or(NotAFact::UnknownSignal)?;
        if !signal.holds(raw) {
            return Err(NotAFact::Value);
        }
        let slot = self.values.get_mut(id.0).ok_or(NotAFact::UnknownSignal)?;
        *slot = Some(raw);
        Ok(())
    }

    pub(crate) fn put_raw(&mut self, schema: &Schema, id: SignalId, raw: Raw) -> Result<(), NotAFact> {
        self.put(schema, id, raw)
    }

    /// Adds an integer.
    ///
    /// # Errors
    /// [`NotAFact`].
    pub fn with(&mut self, schema: &Schema, name: &str, value: i64) -> Result<&mut Self, NotAFact> {
        let id = schema.find(name).ok_or(NotAFact::UnknownSignal)?;
        let is_integer = schema.signal(id).is_some_and(|signal| matches!(signal.kind, Type::Integer { .. }));
        if !is_integer {
            return Err(NotAFact::Value);
        }
        self.put(schema, id, value)?;
        Ok(self)
    }

    /// Adds an integer; one outside of the signal's range counts as the end of the range.
    ///
    /// # Errors
    /// [`NotAFact::UnknownSignal`], and [`NotAFact::Value`] where the signal is no integer.
    pub fn clamped(&mut self, schema: &Schema, name: &str, value: i64) -> Result<&mut Self, NotAFact> {
        let id = schema.find(name).ok_or(NotAFact::UnknownSignal)?;
        let Some(Type::Integer { min, max, .. }) = schema.signal(id).map(|signal| &signal.kind) else {
            return Err(NotAFact::Value);
        };
        self.put(schema, id, value.clamp(*min, *max))?;
        Ok(self)
    }

    /// Adds a flag.
    ///
    /// # Errors
    /// [`NotAFact`].
    pub fn flag(&mut self, schema: &Schema, name: &str, value: bool) -> Result<&mut Self, NotAFact> {
        let id = schema.find(name).ok_or(NotAFact::UnknownSignal)?;
        if !schema.signal(id).is_some_and(|signal| signal.kind == Type::Flag) {
            return Err(NotAFact::Value);
        }
        self.put(schema, id, Raw::from(value))?;
        Ok(self)
    }

    /// Adds a choice by its word.
    ///
    /// # Errors
    /// [`NotAFact`].
    pub fn choice(&mut self, schema: &Schema, name: &str, word: &str) -> Result<&mut Self, NotAFact> {
        let id = schema.find(name).ok_or(NotAFact::UnknownSignal)?;
        let Some(Type::Choice(words)) = schema.signal(id).map(|signal| &signal.kind) else {
            return Err(NotAFact::Value);
        };
        let at = words.iter().position(|each| each == word).ok_or(NotAFact::Value)?;
        self.put(schema, id, Raw::try_from(at).map_err(|_| NotAFact::Value)?)?;
        Ok(self)
    }

    /// The value of a signal, where there is one.
    pub(crate) fn get(&self, id: SignalId) -> Option<Raw> {
        self.values.get(id.0).copied().flatten()
    }

    /// Whether these are facts of `schema`.
    #[must_use]
    pub fn is_of(&self, schema: &Schema) -> bool {
        self.schema == *schema.hash()
    }

    /// The deterministic form: the schema's hash and a value or null for each signal, in the schema's order.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(64 + self.values.len() * 4);
        w.array(2).bytes(&self.schema).array(self.values.len());
        for value in &self.values {
            match value {
                Some(value) => w.int(*value),
                None => w.null(),
            };
        }
        w.finish()
    }

    /// Reads the deterministic form.
    ///
    /// # Errors
    /// [`FactsError`].
    pub fn decode(bytes: &[u8], schema: &Schema) -> Result<Self, FactsError> {
        let mut r = Reader::new(bytes);
        r.array_exact(2)?;
        if r.bytes_exact::<32>()? != schema.hash() {
            return Err(FactsError::OtherSchema);
        }
        if r.array(MAX_SIGNALS)? != schema.signals().len() {
            return Err(FactsError::OtherSchema);
        }
        let mut values = Vec::with_capacity(schema.signals().len());
        for signal in schema.signals() {
            let value = if r.null_here()? { None } else { Some(r.int()?) };
            if value.is_some_and(|value| !signal.holds(value)) {
                return Err(FactsError::Value);
            }
            values.push(value);
        }
        r.finish()?;
        Ok(Self { schema: *schema.hash(), values })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_a_signal_does_not_have_is_refused() {
        let schema = Schema::builtin().unwrap();
        let mut facts = Facts::new(&schema);
        assert_eq!(facts.with(&schema, "nothing", 1).err(), Some(NotAFact::UnknownSignal));
        assert_eq!(facts.with(&schema, "face_margin", 1001).err(), Some(NotAFact::Value));
        assert_eq!(facts.with(&schema, "watch_list_hit", 1).err(), Some(NotAFact::Value));
        assert_eq!(facts.flag(&schema, "face_margin", true).err(), Some(NotAFact::Value));
        assert_eq!(facts.choice(&schema, "attestation", "golden").err(), Some(NotAFact::Value));
        assert!(
            facts.with(&schema, "face_margin", -1000).is_ok()
                && facts.clamped(&schema, "face_margin", 9999).is_ok()
        );
        assert_eq!(facts.get(schema.find("face_margin").unwrap()), Some(1000));
        assert_eq!(format!("{facts:?}"), "Facts(redacted)");
    }

    #[test]
    fn facts_come_back_as_they_were_and_not_for_another_schema() {
        let schema = Schema::builtin().unwrap();
        let mut facts = Facts::usual(&schema);
        facts.with(&schema, "face_margin", -7).unwrap();
        let bytes = facts.encode();
        assert!(Facts::decode(&bytes, &schema).unwrap() == facts);
        let other = Schema::read("o.toml", &format!("{}\n# another\n", crate::schema::SIGNALS_TEXT)).unwrap();
        assert_eq!(Facts::decode(&bytes, &other).err(), Some(FactsError::OtherSchema));
        assert!(Facts::decode(&bytes[..bytes.len() - 1], &schema).is_err());
    }
}

//! JSON as strictly as signed text deserves: one reader for tokens, requests, queries and metadata.
//!
//! Lives here: [`strict`] and its bounds, [`read`]. Not here: what any text means.

use std::fmt;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Deepest nesting of arrays and objects.
pub const MAX_DEPTH: usize = 32;
/// Longest text, in bytes: a credential with a portrait, with room to spare.
pub const MAX_TEXT_LEN: usize = 4 << 20;

/// Why a text is not JSON that two readers are bound to read alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Longer than [`MAX_TEXT_LEN`].
    #[error("the JSON text has more than {MAX_TEXT_LEN} bytes; send a shorter one")]
    TooLong,
    /// Arrays and objects inside each other, deeper than [`MAX_DEPTH`].
    #[error("the JSON text is nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// An object names a member twice: readers differ in which one counts (RFC 8259, 4).
    #[error("an object of the JSON text has the same name twice; send each name once")]
    RepeatedName,
    /// No JSON text: broken off, a lone surrogate, a number out of range, bytes behind the value.
    #[error("malformed JSON at line {line}, column {column}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column in bytes, from 1; 0 where the line has only begun.
        column: usize,
    },
    /// The outermost value is no object.
    #[error("the JSON text is no object")]
    NoObject,
}

/// Words by which the reader below names its own two refusals through the library's error type.
const TOO_DEEP: &str = "nested too deeply";
const REPEATED: &str = "name repeated";

/// Reads one JSON text whole.
///
/// # Errors
/// [`JsonError`] for the first fault.
pub fn strict(text: &str) -> Result<Value, JsonError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(JsonError::TooLong);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Strict { below: MAX_DEPTH }.deserialize(&mut reader);
    read.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        // The library hands on a reader's own error as text alone.
        let said = error.to_string();
        if said.starts_with(TOO_DEEP) {
            JsonError::TooDeep
        } else if said.starts_with(REPEATED) {
            JsonError::RepeatedName
        } else {
            JsonError::Malformed { line: error.line(), column: error.column() }
        }
    })
}

/// Reads one JSON text whose outermost value is an object.
///
/// # Errors
/// As [`strict`], and [`JsonError::NoObject`].
pub fn strict_object(text: &str) -> Result<Map<String, Value>, JsonError> {
    match strict(text)? {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(JsonError::NoObject)
        }
    }
}

/// Reads one JSON text into a form of its own; `None` where it is no strict JSON, or of another form.
#[must_use]
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(strict(text).ok()?).ok()
}

/// Reads one value that may hold `below` arrays and objects inside each other.
#[derive(Clone, Copy)]
struct Strict {
    below: usize,
}

impl Strict {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        self.below.checked_sub(1).map(|below| Self { below }).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(REPEATED));
            }
            let value = members.next_value_seed(inside)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_is_read_as_the_library_reads_it() {
        for text in [
            "null",
            " [1, -2, 3.5, \"a\\u00e9\\ud83d\\ude00\", true, {}] ",
            r#"{"a":{"b":[{"a":18446744073709551615}]},"c":-9223372036854775808}"#,
            "\"\"",
        ] {
            assert_eq!(strict(text), Ok(serde_json::from_str(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn what_two_readers_may_read_differently_is_refused() {
        use JsonError::*;
        for (text, expected) in [
            (r#"{"a":1,"a":1}"#, RepeatedName),
            (r#"{"a":1,"\u0061":2}"#, RepeatedName),
            (r#"[{"b":{"c":0,"d":1,"c":2}}]"#, RepeatedName),
            ("\"\\ud800\"", Malformed { line: 1, column: 8 }),
            ("\"\\udc00\"", Malformed { line: 1, column: 7 }),
            ("{}{}", Malformed { line: 1, column: 3 }),
            ("{\"a\":1,}", Malformed { line: 1, column: 8 }),
            ("[01]", Malformed { line: 1, column: 3 }),
            ("[1e999]", Malformed { line: 1, column: 6 }),
            ("NaN", Malformed { line: 1, column: 1 }),
            ("", Malformed { line: 1, column: 0 }),
        ] {
            assert_eq!(strict(text), Err(expected), "{text}");
        }
        assert_eq!(strict_object("[]"), Err(NoObject));
        assert_eq!(strict(&" ".repeat(MAX_TEXT_LEN + 1)), Err(TooLong));
    }

    #[test]
    fn nesting_is_bounded_before_memory_is() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(strict(&nested(MAX_DEPTH)).is_ok());
        for depth in [MAX_DEPTH + 1, 127, 128, 200_000] {
            assert_eq!(strict(&nested(depth)), Err(JsonError::TooDeep), "{depth}");
        }
        assert_eq!(strict(&"{\"a\":".repeat(MAX_DEPTH + 1)), Err(JsonError::TooDeep));
    }
}

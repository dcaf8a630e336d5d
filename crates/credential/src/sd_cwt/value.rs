//! Values of claims: a CBOR tree as SD-CWTs have them (draft, section 5 of its encoding rules): definite lengths, keys that
//! are numbers or texts, no key twice, at most 16 levels.
//!
//! Lives here: [`Value`], [`Key`], reading and writing them. Not here: which of them stand for something redacted
//! (`placing`). Unlike `cbor::Reader` it takes floating-point numbers and heads that are not the shortest, where told to.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each read names the types it takes; every other type is refused"
)]

use documents::redact_debug;
use minicbor::Decoder;
use minicbor::data::{Int, Type};

use crate::cbor::{CborError, Writer};

/// Deepest level of a claim; the pairs of the outermost map are level 1, and a tag adds one.
pub const MAX_LEVEL: usize = 16;
/// Longest text key, in bytes.
const MAX_KEY_LEN: usize = 255;
/// The simple value that is the key of redacted map entries.
const REDACTED_KEYS: u8 = 59;

/// How strictly an encoding is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As the draft allows: heads of any length, keys in any order, floating-point numbers.
    Any,
    /// As ours are: shortest heads, keys in ascending order of their encoding (RFC 8949, 4.2.1), no floating-point numbers.
    Deterministic,
}

/// The key of an entry in a map.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A number.
    Int(i64),
    /// A text of 1 to 255 bytes.
    Text(String),
    /// simple(59): its value is an array of hashes of redacted entries.
    Redacted,
}
redact_debug!(Key);

impl From<i64> for Key {
    fn from(label: i64) -> Self {
        Self::Int(label)
    }
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// One value of CBOR.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// A number from -2^64 to 2^64 - 1.
    Int(i128),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// A map, its pairs as they stood.
    Map(Vec<(Key, Value)>),
    /// A tag and what it tags.
    Tag(u64, Box<Value>),
    /// True or false.
    Bool(bool),
    /// Null.
    Null,
    /// Undefined.
    Undefined,
    /// A floating-point number.
    Float(f64),
}
redact_debug!(Value);

impl Value {
    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The text; `None` of another type.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The bytes; `None` of another type.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    /// The number; `None` of another type.
    #[must_use]
    pub const fn as_int(&self) -> Option<i128> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The pairs of a map; `None` of another type.
    #[must_use]
    pub fn as_map(&self) -> Option<&[(Key, Self)]> {
        if let Self::Map(pairs) = self { Some(pairs) } else { None }
    }

    /// The value under `key`; `None` where this is no map or has no such key.
    #[must_use]
    pub fn get(&self, key: impl Into<Key>) -> Option<&Self> {
        let key = key.into();
        self.as_map()?.iter().find(|(found, _)| *found == key).map(|(_, value)| value)
    }

    /// Reads exactly one value whose level is `level`.
    ///
    /// # Errors
    /// [`CborError`] for the first departure from the form.
    pub fn decode(bytes: &[u8], encoding: Encoding, level: usize) -> Result<Self, CborError> {
        let mut reader = Items::new(bytes, encoding);
        let value = reader.value(level)?;
        reader.finish()?;
        Ok(value)
    }

    /// The value in deterministic encoding (RFC 8949, 4.2.1), but for floating-point numbers, which take nine bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        self.write(&mut w);
        w.finish()
    }

    /// Writes it as [`Self::encode`] does.
    pub(super) fn write(&self, w: &mut Writer) {
        match self {
            Self::Int(number) => write_int(w, *number),
            Self::Bytes(bytes) => {
                w.bytes(bytes);
            }
            Self::Text(text) => {
                w.text(text);
            }
            Self::Array(items) => {
                w.array(items.len());
                items.iter().for_each(|item| item.write(w));
            }
            Self::Map(pairs) => {
                let pairs = pairs.iter().map(|(key, value)| (key.encode(), value.encode())).collect();
                write_pairs(w, pairs);
            }
            Self::Tag(tag, value) => value.write(w.tag(*tag)),
            Self::Bool(flag) => {
                w.bool(*flag);
            }
            Self::Null => {
                w.null();
            }
            Self::Undefined => {
                w.raw(&[0xf7]);
            }
            Self::Float(number) => {
                w.raw(&[0xfb]).raw(&number.to_be_bytes());
            }
        }
    }
}

impl Key {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Self::Int(number) => w.int(*number),
            Self::Text(text) => w.text(text),
            Self::Redacted => w.raw(&[0xf8, REDACTED_KEYS]),
        };
        w.finish()
    }
}

/// Writes a map of pairs that are encoded already, in order of their keys.
pub(super) fn write_pairs(w: &mut Writer, mut pairs: Vec<(Vec<u8>, Vec<u8>)>) {
    pairs.sort_unstable();
    w.map(pairs.len());
    for (key, value) in pairs {
        w.raw(&key).raw(&value);
    }
}

fn write_int(w: &mut Writer, number: i128) {
    match (i64::try_from(number), u64::try_from(number)) {
        (Ok(number), _) => {
            w.int(number);
        }
        (Err(_), Ok(number)) => {
            w.uint(number);
        }
        (Err(_), Err(_)) => {
            // RFC 8949, 3.1: major type 1 holds -1 - n. A smaller number is none of CBOR's; the reader makes none.
            let n = u64::try_from(-1 - number).unwrap_or(u64::MAX);
            w.raw(&[0x3b]).raw(&n.to_be_bytes());
        }
    }
}

/// Reads items one after the other, and keeps the bytes of each as they came: for formats whose hashes are over the bytes of
/// encoders that are not ours.
#[derive(Clone)]
pub struct Items<'b> {
    decoder: Decoder<'b>,
    encoding: Encoding,
}

impl<'b> Items<'b> {
    /// A reader at the first byte.
    #[must_use]
    pub fn new(bytes: &'b [u8], encoding: Encoding) -> Self {
        Self { decoder: Decoder::new(bytes), encoding }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`CborError::Trailing`] where bytes are left.
    pub fn finish(&self) -> Result<(), CborError> {
        if self.decoder.position() >= self.decoder.input().len() { Ok(()) } else { Err(CborError::Trailing) }
    }

    fn peek(&self) -> Result<Type, CborError> {
        if self.decoder.position() >= self.decoder.input().len() {
            return Err(CborError::Truncated);
        }
        self.decoder.datatype().map_err(|_| CborError::Unexpected)
    }

    /// Number of bytes read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.decoder.position()
    }

    /// The bytes from `start` to here.
    ///
    /// # Errors
    /// [`CborError::Truncated`]: `start` lies behind.
    pub fn since(&self, start: usize) -> Result<&'b [u8], CborError> {
        self.decoder.input().get(start..self.position()).ok_or(CborError::Truncated)
    }

    /// Reads a head, and in deterministic encoding refuses one that is longer than needed.
    fn head<T: Copy>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
        argument: impl FnOnce(T) -> u64,
        follows: impl FnOnce(T) -> usize,
    ) -> Result<T, CborError> {
        let before = self.position();
        let found = read(&mut self.decoder)
            .map_err(|e| if e.is_end_of_input() { CborError::Truncated } else { CborError::Unexpected })?;
        let length = self.position().saturating_sub(before).saturating_sub(follows(found));
        let shortest = match argument(found) {
            0..=23 => 1,
            24..=0xff => 2,
            0x100..=0xffff => 3,
            0x1_0000..=0xffff_ffff => 5,
            _ => 9,
        };
        match self.encoding {
            Encoding::Deterministic if length != shortest => Err(CborError::NotDeterministic),
            Encoding::Deterministic | Encoding::Any => Ok(found),
        }
    }

    /// The tag `expected`; what it tags follows.
    ///
    /// # Errors
    /// [`CborError`] for anything else.
    pub fn tag(&mut self, expected: u64) -> Result<(), CborError> {
        if self.any_tag()? == expected { Ok(()) } else { Err(CborError::Unexpected) }
    }

    fn any_tag(&mut self) -> Result<u64, CborError> {
        match self.peek()? {
            Type::Tag => self.head(|d| d.tag().map(minicbor::data::Tag::as_u64), |v| v, |_| 0),
            _ => Err(CborError::Unexpected),
        }
    }

    /// A byte string.
    ///
    /// # Errors
    /// [`CborError`] for anything else.
    pub fn bytes(&mut self) -> Result<&'b [u8], CborError> {
        match self.peek()? {
            Type::Bytes => self.head(Decoder::bytes, |v| v.len() as u64, <[u8]>::len),
            Type::BytesIndef => Err(CborError::NotDeterministic),
            _ => Err(CborError::Unexpected),
        }
    }

    /// Passes over one item of any form, without recursion; whoever reads it looks at what it is.
    pub(super) fn skip(&mut self) -> Result<(), CborError> {
        self.decoder
            .skip()
            .map_err(|e| if e.is_end_of_input() { CborError::Truncated } else { CborError::Unexpected })
    }

    /// The head of an array; its number of items is what its maker says.
    ///
    /// # Errors
    /// [`CborError`] for anything else.
    pub fn array(&mut self) -> Result<u64, CborError> {
        match self.peek()? {
            Type::Array => self.head(|d| d.array().map(|n| n.unwrap_or(u64::MAX)), |v| v, |_| 0),
            Type::ArrayIndef => Err(CborError::NotDeterministic),
            _ => Err(CborError::Unexpected),
        }
    }

    /// The head of a map; its number of pairs is what its maker says.
    ///
    /// # Errors
    /// [`CborError`] for anything else.
    pub fn map(&mut self) -> Result<u64, CborError> {
        match self.peek()? {
            Type::Map => self.head(|d| d.map().map(|n| n.unwrap_or(u64::MAX)), |v| v, |_| 0),
            Type::MapIndef => Err(CborError::NotDeterministic),
            _ => Err(CborError::Unexpected),
        }
    }

    fn text(&mut self) -> Result<&'b str, CborError> {
        let before = self.position();
        let text = self
            .decoder
            .str()
            .map_err(|e| if e.is_end_of_input() { CborError::Truncated } else { CborError::Text })?;
        let head = self.since(before)?.len().saturating_sub(text.len());
        self.hold_to_shortest(head, text.len() as u64)?;
        Ok(text)
    }

    fn hold_to_shortest(&self, head: usize, argument: u64) -> Result<(), CborError> {
        let mut w = Writer::with_capacity(9);
        match self.encoding {
            Encoding::Deterministic if w.uint(argument).finish().len() != head => {
                Err(CborError::NotDeterministic)
            }
            Encoding::Deterministic | Encoding::Any => Ok(()),
        }
    }

    fn int(&mut self) -> Result<i128, CborError> {
        let argument = |int: Int| {
            let number = i128::from(int);
            u64::try_from(if number < 0 { -1 - number } else { number }).unwrap_or(u64::MAX)
        };
        self.head(Decoder::int, argument, |_| 0).map(i128::from)
    }

    /// The key of a pair; whether it stood before is its reader's to see.
    ///
    /// # Errors
    /// [`CborError`] for anything else than a number or a text of 1 to 255 bytes.
    pub fn key(&mut self) -> Result<Key, CborError> {
        match self.peek()? {
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => i64::try_from(self.int()?).map(Key::Int).map_err(|_| CborError::Limit),
            Type::String => match self.text()? {
                text if (1..=MAX_KEY_LEN).contains(&text.len()) => Ok(Key::Text(text.to_owned())),
                _ => Err(CborError::Limit),
            },
            Type::StringIndef => Err(CborError::NotDeterministic),
            Type::Simple => match self.decoder.simple() {
                Ok(REDACTED_KEYS) => Ok(Key::Redacted),
                Ok(_) | Err(_) => Err(CborError::Unexpected),
            },
            // A key with a tag stands in what goes to an issuer, never in what comes from one.
            _ => Err(CborError::Unexpected),
        }
    }

    /// Reads a value whose level is `level`.
    ///
    /// # Errors
    /// [`CborError`] for what is none, or lies deeper than [`MAX_LEVEL`].
    pub fn value(&mut self, level: usize) -> Result<Value, CborError> {
        if level > MAX_LEVEL {
            return Err(CborError::Limit);
        }
        match self.peek()? {
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => self.int().map(Value::Int),
            Type::Bytes => self.bytes().map(|bytes| Value::Bytes(bytes.to_vec())),
            Type::String => self.text().map(|text| Value::Text(text.to_owned())),
            Type::Array => {
                let mut items = Vec::new();
                for _ in 0..self.array()? {
                    items.push(self.value(level + 1)?);
                }
                Ok(Value::Array(items))
            }
            Type::Map => self.pairs(level + 1).map(Value::Map),
            Type::Tag => Ok(Value::Tag(self.any_tag()?, Box::new(self.value(level + 1)?))),
            Type::Bool => self.decoder.bool().map(Value::Bool).map_err(|_| CborError::Unexpected),
            Type::Null => self.decoder.null().map(|()| Value::Null).map_err(|_| CborError::Unexpected),
            Type::Undefined => {
                self.decoder.undefined().map(|()| Value::Undefined).map_err(|_| CborError::Unexpected)
            }
            Type::F16 | Type::F32 | Type::F64 => self.float().map(Value::Float),
            Type::BytesIndef | Type::StringIndef | Type::ArrayIndef | Type::MapIndef | Type::Break => {
                Err(CborError::NotDeterministic)
            }
            Type::Simple | Type::Unknown(_) => Err(CborError::Unexpected),
        }
    }

    /// Reads a map whose pairs have level `level`; no key may stand twice in it.
    pub(super) fn pairs(&mut self, level: usize) -> Result<Vec<(Key, Value)>, CborError> {
        let mut pairs: Vec<(Key, Value)> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut last: Option<Vec<u8>> = None;
        for _ in 0..self.map()? {
            let key = self.key()?;
            let encoded = key.encode();
            let ascending = last.as_ref().is_none_or(|last| *last < encoded);
            if !seen.insert(key.clone()) || (self.encoding == Encoding::Deterministic && !ascending) {
                return Err(CborError::Keys);
            }
            last = Some(encoded);
            pairs.push((key, self.value(level)?));
        }
        Ok(pairs)
    }

    fn float(&mut self) -> Result<f64, CborError> {
        let fault = |e: minicbor::decode::Error| {
            if e.is_end_of_input() { CborError::Truncated } else { CborError::Unexpected }
        };
        match (self.encoding, self.peek()?) {
            (Encoding::Any, Type::F32) => self.decoder.f32().map(f64::from).map_err(fault),
            (Encoding::Any, Type::F64) => self.decoder.f64().map_err(fault),
            (Encoding::Any, Type::F16) => self.half().ok_or(CborError::Truncated),
            _ => Err(CborError::Unexpected),
        }
    }

    /// A half-precision number (RFC 8949, 3.3 and appendix D).
    fn half(&mut self) -> Option<f64> {
        let start = self.position();
        let bytes = self.decoder.input().get(start + 1..start + 3)?;
        self.decoder.set_position(start + 3);
        let bits = u16::from_be_bytes(bytes.try_into().ok()?);
        let (exponent, fraction) = (i32::from((bits >> 10) & 0x1f), f64::from(bits & 0x3ff));
        let size = match exponent {
            0 => fraction * 2f64.powi(-24),
            31 if fraction == 0.0 => f64::INFINITY,
            31 => f64::NAN,
            _ => (fraction + 1024.0) * 2f64.powi(exponent - 25),
        };
        Some(if bits & 0x8000 == 0 { size } else { -size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(hex: &str, encoding: Encoding) -> Result<Value, CborError> {
        Value::decode(&hex::decode(hex).unwrap(), encoding, 1)
    }

    #[test]
    fn what_the_draft_allows_is_read_and_what_it_forbids_is_refused() {
        use CborError::*;
        // Each row: bytes, the fault when read as the draft allows, the fault when read as ours are.
        for (hex, any, deterministic) in [
            ("00", None, None),
            ("1800", None, Some(NotDeterministic)),
            ("1bffffffffffffffff", None, None),
            ("3bffffffffffffffff", None, None),
            ("580101", None, Some(NotDeterministic)),
            ("780161", None, Some(NotDeterministic)),
            ("a201000100", Some(Keys), Some(Keys)),
            ("a2180100180100", Some(Keys), Some(NotDeterministic)),
            ("a20100180100", Some(Keys), Some(NotDeterministic)),
            ("a202000100", None, Some(Keys)),
            ("a16000", Some(Limit), Some(Limit)),
            ("a1410000", Some(Unexpected), Some(Unexpected)),
            ("a1c1010000", Some(Unexpected), Some(Unexpected)),
            ("a1f5f5", Some(Unexpected), Some(Unexpected)),
            ("a1f83b80", None, None),
            ("a1f83a80", Some(Unexpected), Some(Unexpected)),
            ("f83b", Some(Unexpected), Some(Unexpected)),
            ("f93c00", None, Some(Unexpected)),
            ("fa3f800000", None, Some(Unexpected)),
            ("fb3ff0000000000000", None, Some(Unexpected)),
            ("f93c", Some(Truncated), Some(Unexpected)),
            ("9f01ff", Some(NotDeterministic), Some(NotDeterministic)),
            ("bf0102ff", Some(NotDeterministic), Some(NotDeterministic)),
            ("5f4101ff", Some(NotDeterministic), Some(NotDeterministic)),
            ("7f6161ff", Some(NotDeterministic), Some(NotDeterministic)),
            ("a17f6161ff00", Some(NotDeterministic), Some(NotDeterministic)),
            ("ff", Some(NotDeterministic), Some(NotDeterministic)),
            ("61ff", Some(Text), Some(Text)),
            ("0000", Some(Trailing), Some(Trailing)),
            ("", Some(Truncated), Some(Truncated)),
            ("82", Some(Truncated), Some(Truncated)),
            ("9bffffffffffffffff", Some(Truncated), Some(Truncated)),
            ("bbffffffffffffffff", Some(Truncated), Some(Truncated)),
            ("f7", None, None),
        ] {
            assert_eq!(read(hex, Encoding::Any).err(), any, "row {hex}, any");
            assert_eq!(read(hex, Encoding::Deterministic).err(), deterministic, "row {hex}, deterministic");
        }
    }

    #[test]
    fn sixteen_levels_are_read_and_a_seventeenth_is_not() {
        for (nested, expected) in [(15, None), (16, Some(CborError::Limit))] {
            let arrays = [vec![0x81; nested], vec![0]].concat();
            assert_eq!(Value::decode(&arrays, Encoding::Any, 1).err(), expected, "{nested} arrays");
            let tags = [vec![0xc1; nested], vec![0]].concat();
            assert_eq!(Value::decode(&tags, Encoding::Any, 1).err(), expected, "{nested} tags");
            let maps = [[0xa1, 0].repeat(nested), vec![0]].concat();
            assert_eq!(Value::decode(&maps, Encoding::Any, 1).err(), expected, "{nested} maps");
        }
    }

    #[test]
    fn half_precision_numbers_have_the_values_of_rfc_8949_appendix_a() {
        for (hex, expected) in [
            ("f90000", 0.0),
            ("f93c00", 1.0),
            ("f93e00", 1.5),
            ("f97bff", 65504.0),
            ("f90001", 5.960_464_477_539_063e-8),
            ("f90400", 0.000_061_035_156_25),
            ("f9c400", -4.0),
            ("f97c00", f64::INFINITY),
            ("f9fc00", f64::NEG_INFINITY),
        ] {
            assert_eq!(read(hex, Encoding::Any).unwrap(), Value::Float(expected), "row {hex}");
        }
        assert!(matches!(read("f97e00", Encoding::Any), Ok(Value::Float(nan)) if nan.is_nan()));
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_as_deterministic_is_written_as_the_same_bytes(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)
        ) {
            if let Ok(value) = Value::decode(&bytes, Encoding::Deterministic, 1) {
                proptest::prop_assert_eq!(value.encode(), bytes.clone());
                proptest::prop_assert!(Value::decode(&bytes, Encoding::Any, 1).is_ok());
            }
        }
    }
}

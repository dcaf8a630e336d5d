//! Strict CBOR: the writer is deterministic (RFC 8949, 4.2), and the reader accepts only what such a writer makes:
//! definite lengths, shortest heads, no duplicate keys, no trailing bytes, bounded depth and size.
//!
//! Lives here: `Writer`, `Reader`, `well_formed`. Not here: any message; each stands in its own module.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "each read names the one kind it takes; every other kind is refused"
)]

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Deepest nesting of arrays and maps that any format of ours needs, with room to spare.
pub const MAX_DEPTH: usize = 8;

/// Why bytes are not strict CBOR of the expected form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CborError {
    /// The bytes end in the middle of an item.
    #[error("truncated")]
    Truncated,
    /// Bytes follow after the item.
    #[error("trailing bytes")]
    Trailing,
    /// A length or number is not in its shortest form, or a length is indefinite.
    #[error("non-deterministic encoding")]
    NotDeterministic,
    /// The item's type or length is not the one that the format has at this place.
    #[error("unexpected type or length")]
    Unexpected,
    /// Longer or deeper than this format allows.
    #[error("too large, or nested too deeply")]
    Limit,
    /// A map has a key twice, or its keys are out of order where the format fixes the order.
    #[error("map keys repeated or out of order")]
    Keys,
    /// Text that is not UTF-8.
    #[error("invalid UTF-8 in a text string")]
    Text,
}

/// Writes deterministic CBOR into a growing buffer.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

/// Encoding into a `Vec` cannot fail, so the results are dropped.
macro_rules! put {
    ($self:ident, $($call:tt)*) => {{
        let _infallible = Encoder::new(&mut $self.0).$($call)*;
        $self
    }};
}

impl Writer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer with room for `bytes`.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// The head of an array of `len` items.
    pub fn array(&mut self, len: usize) -> &mut Self {
        put!(self, array(len as u64))
    }

    /// The head of a map of `len` pairs. The caller writes the pairs in order of their encoded keys.
    pub fn map(&mut self, len: usize) -> &mut Self {
        put!(self, map(len as u64))
    }

    /// An unsigned integer.
    pub fn uint(&mut self, value: u64) -> &mut Self {
        put!(self, u64(value))
    }

    /// A signed integer.
    pub fn int(&mut self, value: i64) -> &mut Self {
        put!(self, i64(value))
    }

    /// A byte string.
    pub fn bytes(&mut self, value: &[u8]) -> &mut Self {
        put!(self, bytes(value))
    }

    /// A text string.
    pub fn text(&mut self, value: &str) -> &mut Self {
        put!(self, str(value))
    }

    /// True or false.
    pub fn bool(&mut self, value: bool) -> &mut Self {
        put!(self, bool(value))
    }

    /// Writes null (RFC 8949, 3.3).
    pub fn null(&mut self) -> &mut Self {
        put!(self, null())
    }

    /// A tag; the tagged item follows.
    pub fn tag(&mut self, value: u64) -> &mut Self {
        put!(self, tag(minicbor::data::Tag::new(value)))
    }

    /// One item that is encoded already.
    pub fn raw(&mut self, item: &[u8]) -> &mut Self {
        self.0.extend_from_slice(item);
        self
    }

    /// The encoded bytes.
    #[must_use]
    pub fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Reads strict CBOR without copying.
#[derive(Debug, Clone)]
pub struct Reader<'b> {
    decoder: Decoder<'b>,
}

impl<'b> Reader<'b> {
    /// A reader at the first byte.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { decoder: Decoder::new(bytes) }
    }

    /// Number of bytes read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.decoder.position()
    }

    /// Whether every byte was read.
    #[must_use]
    pub fn at_end(&self) -> bool {
        self.position() >= self.decoder.input().len()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`CborError::Trailing`] where bytes are left.
    pub fn finish(&self) -> Result<(), CborError> {
        if self.at_end() { Ok(()) } else { Err(CborError::Trailing) }
    }

    fn peek(&self) -> Result<Type, CborError> {
        if self.at_end() {
            return Err(CborError::Truncated);
        }
        self.decoder.datatype().map_err(|_| CborError::Unexpected)
    }

    /// Reads one head with `read`, and refuses one that is longer than `value` needs.
    fn head<T: Copy>(
        &mut self,
        read: impl FnOnce(&mut Decoder<'b>) -> Result<T, minicbor::decode::Error>,
        value: impl FnOnce(T) -> u64,
        follows: impl FnOnce(T) -> usize,
    ) -> Result<T, CborError> {
        let before = self.position();
        let result = read(&mut self.decoder)
            .map_err(|e| if e.is_end_of_input() { CborError::Truncated } else { CborError::Unexpected })?;
        let head = self.position().saturating_sub(before).saturating_sub(follows(result));
        if head == head_len(value(result)) { Ok(result) } else { Err(CborError::NotDeterministic) }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form.
    pub fn uint(&mut self) -> Result<u64, CborError> {
        match self.peek()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.head(minicbor::Decoder::u64, |v| v, |_| 0),
            _ => Err(CborError::Unexpected),
        }
    }

    /// An unsigned integer no larger than `max`.
    ///
    /// # Errors
    /// As [`Reader::uint`], and [`CborError::Limit`].
    pub fn uint_max(&mut self, max: u64) -> Result<u64, CborError> {
        let value = self.uint()?;
        if value > max { Err(CborError::Limit) } else { Ok(value) }
    }

    /// An unsigned integer whose head has exactly `width` bytes (1, 2, 3, 5 or 9): the fixed-width places of a token.
    ///
    /// # Errors
    /// As [`Reader::uint`], and [`CborError::Limit`] for another width.
    pub fn uint_width(&mut self, width: usize) -> Result<u64, CborError> {
        let before = self.position();
        let value = self.uint()?;
        if self.position().saturating_sub(before) == width { Ok(value) } else { Err(CborError::Limit) }
    }

    /// A signed integer.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form.
    pub fn int(&mut self) -> Result<i64, CborError> {
        match self.peek()? {
            Type::U8
            | Type::U16
            | Type::U32
            | Type::U64
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int => self.head(
                minicbor::Decoder::i64,
                |v| if v < 0 { v.unsigned_abs().saturating_sub(1) } else { v.unsigned_abs() },
                |_| 0,
            ),
            _ => Err(CborError::Unexpected),
        }
    }

    /// A byte string of at most `max` bytes.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form; [`CborError::Limit`] if it is too long.
    pub fn bytes(&mut self, max: usize) -> Result<&'b [u8], CborError> {
        match self.peek()? {
            Type::Bytes => {}
            Type::BytesIndef => return Err(CborError::NotDeterministic),
            _ => return Err(CborError::Unexpected),
        }
        let value = self.head(minicbor::Decoder::bytes, |v| v.len() as u64, <[u8]>::len)?;
        if value.len() > max { Err(CborError::Limit) } else { Ok(value) }
    }

    /// A byte string of exactly `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::bytes`]; [`CborError::Unexpected`] for another length.
    pub fn bytes_exact<const N: usize>(&mut self) -> Result<&'b [u8; N], CborError> {
        self.bytes(N)?.try_into().map_err(|_| CborError::Unexpected)
    }

    /// A text string of at most `max` bytes.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form; [`CborError::Limit`] if it is too long.
    pub fn text(&mut self, max: usize) -> Result<&'b str, CborError> {
        match self.peek()? {
            Type::String => {}
            Type::StringIndef => return Err(CborError::NotDeterministic),
            _ => return Err(CborError::Unexpected),
        }
        let before = self.position();
        let value = self
            .decoder
            .str()
            .map_err(|e| if e.is_end_of_input() { CborError::Truncated } else { CborError::Text })?;
        let head = self.position().saturating_sub(before).saturating_sub(value.len());
        if head != head_len(value.len() as u64) {
            return Err(CborError::NotDeterministic);
        }
        if value.len() > max { Err(CborError::Limit) } else { Ok(value) }
    }

    /// True or false.
    ///
    /// # Errors
    /// [`CborError::Unexpected`], [`CborError::Truncated`].
    pub fn bool(&mut self) -> Result<bool, CborError> {
        match self.peek()? {
            Type::Bool => self.decoder.bool().map_err(|_| CborError::Unexpected),
            _ => Err(CborError::Unexpected),
        }
    }

    /// Reads a null if the next item is one; returns whether it was.
    ///
    /// # Errors
    /// [`CborError::Truncated`].
    pub fn null_here(&mut self) -> Result<bool, CborError> {
        let is_null = matches!(self.peek()?, Type::Null);
        if is_null {
            self.decoder.null().map_err(|_| CborError::Unexpected)?;
        }
        Ok(is_null)
    }

    /// The head of an array of at most `max` items; returns its length.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form; [`CborError::Limit`] if it is too long.
    pub fn array(&mut self, max: usize) -> Result<usize, CborError> {
        match self.peek()? {
            Type::Array => {}
            Type::ArrayIndef => return Err(CborError::NotDeterministic),
            _ => return Err(CborError::Unexpected),
        }
        let len = self.head(|d| d.array().map(|n| n.unwrap_or(u64::MAX)), |v| v, |_| 0)?;
        usize::try_from(len).ok().filter(|n| *n <= max).ok_or(CborError::Limit)
    }

    /// The head of an array of exactly `len` items.
    ///
    /// # Errors
    /// As [`Reader::array`]; [`CborError::Unexpected`] for a shorter one.
    pub fn array_exact(&mut self, len: usize) -> Result<(), CborError> {
        if self.array(len)? == len { Ok(()) } else { Err(CborError::Unexpected) }
    }

    /// The head of a map of at most `max` pairs; returns its length.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form; [`CborError::Limit`] if it is too long.
    pub fn map(&mut self, max: usize) -> Result<usize, CborError> {
        match self.peek()? {
            Type::Map => {}
            Type::MapIndef => return Err(CborError::NotDeterministic),
            _ => return Err(CborError::Unexpected),
        }
        let len = self.head(|d| d.map().map(|n| n.unwrap_or(u64::MAX)), |v| v, |_| 0)?;
        usize::try_from(len).ok().filter(|n| *n <= max).ok_or(CborError::Limit)
    }

    /// The head of a map of exactly `len` pairs.
    ///
    /// # Errors
    /// As [`Reader::map`]; [`CborError::Unexpected`] for a shorter one.
    pub fn map_exact(&mut self, len: usize) -> Result<(), CborError> {
        if self.map(len)? == len { Ok(()) } else { Err(CborError::Unexpected) }
    }

    /// The map key `expected`.
    ///
    /// # Errors
    /// [`CborError::Unexpected`] for another one.
    pub fn key(&mut self, expected: i64) -> Result<(), CborError> {
        if self.int()? == expected { Ok(()) } else { Err(CborError::Unexpected) }
    }

    /// A tag.
    ///
    /// # Errors
    /// [`CborError`] if the next item is not one in deterministic form.
    pub fn tag(&mut self) -> Result<u64, CborError> {
        match self.peek()? {
            Type::Tag => self.head(|d| d.tag().map(minicbor::data::Tag::as_u64), |v| v, |_| 0),
            _ => Err(CborError::Unexpected),
        }
    }

    /// Whether the next item is a tag.
    #[must_use]
    pub fn tag_here(&self) -> bool {
        matches!(self.peek(), Ok(Type::Tag))
    }

    /// Skips one item of any type, checked as strictly as if it were read, and returns its bytes.
    ///
    /// # Errors
    /// For anything that [`well_formed`] refuses.
    pub fn skip(&mut self) -> Result<&'b [u8], CborError> {
        let start = self.position();
        self.item(MAX_DEPTH)?;
        self.decoder.input().get(start..self.position()).ok_or(CborError::Truncated)
    }

    fn item(&mut self, depth: usize) -> Result<(), CborError> {
        let below = depth.checked_sub(1).ok_or(CborError::Limit)?;
        let left = self.decoder.input().len().saturating_sub(self.position());
        match self.peek()? {
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => self.uint().map(drop),
            Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => self
                .head(
                    minicbor::Decoder::int,
                    |v| {
                        let n = i128::from(v);
                        u64::try_from(if n < 0 { -1 - n } else { n }).unwrap_or(u64::MAX)
                    },
                    |_| 0,
                )
                .map(drop),
            Type::Bytes => self.bytes(left).map(drop),
            Type::String => self.text(left).map(drop),
            Type::Array => {
                for _ in 0..self.array(left)? {
                    self.item(below)?;
                }
                Ok(())
            }
            Type::Map => self.map_items(left, below),
            Type::Tag => {
                self.tag()?;
                self.item(below)
            }
            Type::Bool => self.bool().map(drop),
            Type::Null => self.null_here().map(drop),
            Type::BytesIndef | Type::StringIndef | Type::ArrayIndef | Type::MapIndef | Type::Break => {
                Err(CborError::NotDeterministic)
            }
            // No format of ours has floating-point numbers, undefined or other simple values.
            Type::F16 | Type::F32 | Type::F64 | Type::Undefined | Type::Simple | Type::Unknown(_) => {
                Err(CborError::Unexpected)
            }
        }
    }

    fn map_items(&mut self, left: usize, below: usize) -> Result<(), CborError> {
        let mut seen: Vec<&'b [u8]> = Vec::new();
        for _ in 0..self.map(left)? {
            let start = self.position();
            self.item(below)?;
            let key = self.decoder.input().get(start..self.position()).ok_or(CborError::Truncated)?;
            seen.push(key);
            self.item(below)?;
        }
        let len = seen.len();
        seen.sort_unstable();
        seen.dedup();
        if seen.len() == len { Ok(()) } else { Err(CborError::Keys) }
    }
}

/// Checks that `bytes` are exactly one item in strict form: definite lengths, shortest heads, no key twice in a map,
/// at most [`MAX_DEPTH`] deep, no trailing bytes.
///
/// # Errors
/// [`CborError`] for the first fault.
pub fn well_formed(bytes: &[u8]) -> Result<(), CborError> {
    let mut reader = Reader::new(bytes);
    reader.skip()?;
    reader.finish()
}

/// How many bytes the head for `value` takes in its shortest form (RFC 8949, 4.2.1).
const fn head_len(value: u64) -> usize {
    match value {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_second_encoder_could_write_otherwise_is_refused() {
        use CborError::*;
        for (hex, expected) in [
            ("1817", Err(NotDeterministic)),
            ("190018", Err(NotDeterministic)),
            ("580101", Err(NotDeterministic)),
            ("5f4101ff", Err(NotDeterministic)),
            ("9f01ff", Err(NotDeterministic)),
            ("bf0102ff", Err(NotDeterministic)),
            ("a201000100", Err(Keys)),
            ("0000", Err(Trailing)),
            ("", Err(Truncated)),
            ("82", Err(Limit)),
            ("4401", Err(Truncated)),
            ("f93c00", Err(Unexpected)),
            ("61ff", Err(Text)),
            ("818181818181818100", Err(Limit)),
            ("81818181818100", Ok(())),
            ("a201000200", Ok(())),
            ("3863", Ok(())),
            ("3817", Err(NotDeterministic)),
        ] {
            assert_eq!(well_formed(&hex::decode(hex).unwrap()), expected, "row {hex}");
        }
    }

    #[test]
    fn a_huge_length_takes_no_memory() {
        for hex in ["9bffffffffffffffff", "bb7fffffffffffffff", "5b7fffffffffffffff00"] {
            assert!(well_formed(&hex::decode(hex).unwrap()).is_err(), "row {hex}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = well_formed(&bytes);
        }

        #[test]
        fn what_the_writer_wrote_the_reader_takes(n: u64, i: i64, b in proptest::collection::vec(proptest::num::u8::ANY, 0..300), s: String) {
            let bytes = Writer::new().array(4).uint(n).int(i).bytes(&b).text(&s).finish();
            well_formed(&bytes).unwrap();
            let mut reader = Reader::new(&bytes);
            reader.array_exact(4).unwrap();
            assert_eq!(reader.uint().unwrap(), n);
            assert_eq!(reader.int().unwrap(), i);
            assert_eq!(reader.bytes(300).unwrap(), b);
            assert_eq!(reader.text(usize::MAX).unwrap(), s);
            reader.finish().unwrap();
        }
    }
}

//! The framing of a crossing code: `BP1:` and Base45 around a CBOR array.
//!
//! Lives here: `CrossingCode`, its parser and writer, the bounds on its length. Not here: signatures and
//! seals (`credential`); token, proof and parts are bytes here, kept exactly as they came.

use crate::base45::{self, Base45Error};
use crate::symbol;

/// The prefix of every code of this version.
pub const PREFIX: &str = "BP1:";

/// The characters that fit a QR symbol of version 18 at level L in alphanumeric mode.
pub const MAX_CHARS: usize = 1046;

/// The bytes that fit behind the prefix in [`MAX_CHARS`] characters.
pub const MAX_BYTES: usize = (MAX_CHARS - PREFIX.len()) / 3 * 2;

const TOKEN_ID_BYTES: usize = 16;

/// A crossing code, its fields borrowed from the buffer into which the text was decoded.
///
/// ```cddl
/// crossing-code = full / short
/// full  = [token: bstr, proof: bstr, parts: [1*2 part: bstr]]
/// short = [token-id: bstr .size 16, proof: bstr]
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossingCode<'a> {
    /// Token, proof and the parts for the authorities of the lane.
    Full {
        /// The border token.
        token: &'a [u8],
        /// The holder proof.
        proof: &'a [u8],
        /// One part for each authority, in the order of the audience.
        parts: Parts<'a>,
    },
    /// "Pre-clear": token and parts were handed in ahead to the port's box.
    Short {
        /// Id of the token, which was handed in ahead.
        token_id: &'a [u8; TOKEN_ID_BYTES],
        /// The holder proof.
        proof: &'a [u8],
    },
}

/// The one or two parts of a full code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parts<'a> {
    /// A lane of one authority.
    One(&'a [u8]),
    /// A joint lane, exit and entry lying apart in the audience but together here.
    Two(&'a [u8], &'a [u8]),
}

/// Why a text is not a crossing code. No variant carries any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The text is empty.
    #[error("the code is empty; scan it again")]
    Empty,
    /// A code of another well-known system.
    #[error("this is {system}, not a crossing code; open Bay Pass and show the code for this port")]
    OtherSystem {
        /// Name of that system, as an English phrase.
        system: &'static str,
    },
    /// A text of no known system.
    #[error("this is not a Bay Pass crossing code; open Bay Pass and show the code for this port")]
    Unknown,
    /// The text is too long; nothing is decoded.
    #[error("the code has {got} characters; a crossing code has at most {MAX_CHARS}")]
    TooLong {
        /// Length of the text, in bytes.
        got: usize,
    },
    /// The text stops before its own structure ends.
    #[error("the code is cut: it stops before its end; scan it again")]
    Cut,
    /// The text behind the prefix is not Base45.
    #[error("the code is damaged: {0}")]
    Base45(#[from] Base45Error),
    /// The bytes are not deterministic CBOR of a crossing code.
    #[error("the code is malformed: {0}")]
    Form(FormFault),
}

/// A fault in the CBOR of a crossing code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormFault {
    /// RFC 8949 §4.2.1: a length has one encoding, the shortest.
    #[error("a length is not in its shortest form")]
    NotShortest,
    /// RFC 8949 §4.2.1: a length is definite.
    #[error("indefinite length")]
    Indefinite,
    /// An item has another type than the grammar demands.
    #[error("unexpected type of item")]
    Type,
    /// The array does not have two or three fields.
    #[error("the number of fields is not 2 or 3")]
    FieldCount,
    /// The number of parts is not one or two.
    #[error("the number of parts is not 1 or 2")]
    PartCount,
    /// A byte string is empty.
    #[error("empty field")]
    EmptyField,
    /// The token id does not have 16 bytes.
    #[error("the length of the token id is not 16 bytes")]
    TokenId,
    /// Bytes follow after the array.
    #[error("trailing bytes")]
    Trailing,
}

impl<'a> CrossingCode<'a> {
    /// Reads a text. The fields borrow from `scratch`, which a gate uses again for the next code.
    ///
    /// The length is judged first, then the prefix, then the characters, then the structure; nothing is
    /// allocated beyond [`MAX_BYTES`].
    ///
    /// # Errors
    /// [`CodeError`] for the first fault.
    pub fn parse(text: &str, scratch: &'a mut Vec<u8>) -> Result<Self, CodeError> {
        let body = body(text)?;
        base45::decode_into(body.as_bytes(), scratch).map_err(|error| cut_or_damaged(error, body))?;
        Self::from_cbor(scratch)
    }

    /// Reads the bytes behind the prefix.
    ///
    /// # Errors
    /// [`CodeError`] for the first fault.
    pub fn from_cbor(bytes: &'a [u8]) -> Result<Self, CodeError> {
        let mut reader = Reader { rest: bytes };
        let code = match reader.array()? {
            2 => {
                let token_id = reader.bytes()?;
                let token_id = token_id.try_into().map_err(|_| CodeError::Form(FormFault::TokenId))?;
                Self::Short { token_id, proof: reader.bytes()? }
            }
            3 => Self::Full { token: reader.bytes()?, proof: reader.bytes()?, parts: reader.parts()? },
            _ => return Err(CodeError::Form(FormFault::FieldCount)),
        };
        if reader.rest.is_empty() { Ok(code) } else { Err(CodeError::Form(FormFault::Trailing)) }
    }

    /// The bytes behind the prefix.
    #[must_use]
    pub fn to_cbor(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(MAX_BYTES);
        match *self {
            Self::Full { token, proof, parts } => {
                out.push(0x83);
                write_bytes(&mut out, token);
                write_bytes(&mut out, proof);
                out.push(if parts.len() == 1 { 0x81 } else { 0x82 });
                parts.iter().for_each(|part| write_bytes(&mut out, part));
            }
            Self::Short { token_id, proof } => {
                out.push(0x82);
                write_bytes(&mut out, token_id);
                write_bytes(&mut out, proof);
            }
        }
        out
    }

    /// The text that a screen shows as a QR symbol.
    ///
    /// # Errors
    /// [`CodeError::TooLong`] if it does not fit version 18; a code with an empty field is refused like one read.
    pub fn to_text(&self) -> Result<String, CodeError> {
        let cbor = self.to_cbor();
        let got = PREFIX.len() + base45::encoded_len(cbor.len());
        if got > MAX_CHARS {
            return Err(CodeError::TooLong { got });
        }
        // A code that the reader would refuse is never written.
        CrossingCode::from_cbor(&cbor)?;
        let mut text = String::with_capacity(got);
        text.push_str(PREFIX);
        base45::encode_into(&cbor, &mut text);
        Ok(text)
    }

    /// The holder proof, which both forms have.
    #[must_use]
    pub const fn proof(&self) -> &'a [u8] {
        match self {
            Self::Full { proof, .. } | Self::Short { proof, .. } => proof,
        }
    }

    /// The QR version (level L) of this code's symbol, if one holds it.
    #[must_use]
    pub fn version(&self) -> Option<u8> {
        symbol::fits_version(PREFIX.len() + base45::encoded_len(self.to_cbor().len()))
    }
}

impl<'a> Parts<'a> {
    /// One or two parts out of a list.
    ///
    /// # Errors
    /// [`FormFault::PartCount`] for any other number.
    pub fn new(parts: &[&'a [u8]]) -> Result<Self, FormFault> {
        match *parts {
            [only] => Ok(Self::One(only)),
            [first, second] => Ok(Self::Two(first, second)),
            _ => Err(FormFault::PartCount),
        }
    }

    /// The parts in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (first, second) = match *self {
            Self::One(only) => (only, None),
            Self::Two(first, second) => (first, Some(second)),
        };
        std::iter::once(first).chain(second)
    }

    /// One or two.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub const fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(..) => 2,
        }
    }
}

fn body(text: &str) -> Result<&str, CodeError> {
    let venue =
        VENUE_CODES.into_iter().find(|(prefix, _)| text.starts_with(prefix)).map(|(_, system)| system);
    if let Some(system) = venue.or_else(|| other_system(text)) {
        return Err(CodeError::OtherSystem { system });
    }
    if text.len() > MAX_CHARS {
        return Err(CodeError::TooLong { got: text.len() });
    }
    match text.strip_prefix(PREFIX) {
        Some("") => Err(CodeError::Cut),
        Some(body) => Ok(body),
        None if text.is_empty() => Err(CodeError::Empty),
        None if PREFIX.starts_with(text) => Err(CodeError::Cut),
        None => Err(CodeError::Unknown),
    }
}

/// Whole texts never end inside a group nor in a last pair beyond one byte: such an end was cut off.
fn cut_or_damaged(error: Base45Error, body: &str) -> CodeError {
    match error {
        Base45Error::Length => CodeError::Cut,
        Base45Error::Overflow { at } if at + 2 == body.len() => CodeError::Cut,
        Base45Error::Overflow { .. } | Base45Error::Character { .. } => CodeError::Base45(error),
    }
}

/// The name of another system, where the text is a code of one that people show by mistake.
pub(crate) fn other_system(text: &str) -> Option<&'static str> {
    let begins = |prefix: &str| {
        text.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    };
    OTHER_SYSTEMS.into_iter().find(|(prefix, _)| begins(prefix)).map(|(_, system)| system)
}

/// Our own codes for the desks of venues (`venue_code`).
const VENUE_CODES: [(&str, &str); 2] =
    [("BV1:", "a Bay Pass code for a venue"), ("BR1:", "a request of a venue's desk")];

/// Prefixes of other systems' codes.
const OTHER_SYSTEMS: [(&str, &str); 13] = [
    ("HC1:", "an EU health certificate"),
    ("HC2:", "a health certificate"),
    ("LT1:", "a health certificate"),
    ("NZCP:", "a New Zealand health pass"),
    ("shc:/", "a SMART health card"),
    ("BP2:", "a newer Bay Pass code (this lane reads BP1)"),
    ("https://", "a web address"),
    ("http://", "a web address"),
    ("weixin://", "a WeChat code"),
    ("alipay", "an Alipay code"),
    ("WIFI:", "a Wi-Fi code"),
    ("mdoc:", "a mobile document engagement"),
    ("openid4vp:", "an online presentation request"),
];

/// A reader for exactly this grammar: definite lengths, shortest heads, byte strings and arrays.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn array(&mut self) -> Result<usize, CodeError> {
        self.head(4)
    }

    fn bytes(&mut self) -> Result<&'a [u8], CodeError> {
        let length = self.head(2)?;
        if length == 0 {
            return Err(CodeError::Form(FormFault::EmptyField));
        }
        self.take(length)
    }

    fn parts(&mut self) -> Result<Parts<'a>, CodeError> {
        match self.array()? {
            1 => Ok(Parts::One(self.bytes()?)),
            2 => Ok(Parts::Two(self.bytes()?, self.bytes()?)),
            _ => Err(CodeError::Form(FormFault::PartCount)),
        }
    }

    fn head(&mut self, major: u8) -> Result<usize, CodeError> {
        let [first] = *self.take_array::<1>()?;
        if first >> 5 != major {
            return Err(CodeError::Form(FormFault::Type));
        }
        match first & 0x1f {
            length @ 0..24 => Ok(usize::from(length)),
            24 => match self.take_array::<1>()? {
                [0..24] => Err(CodeError::Form(FormFault::NotShortest)),
                [length] => Ok(usize::from(*length)),
            },
            25 => match u16::from_be_bytes(*self.take_array::<2>()?) {
                0..256 => Err(CodeError::Form(FormFault::NotShortest)),
                length => Ok(usize::from(length)),
            },
            // A four-byte length in a text this short is not in its shortest form, or longer than the text.
            26 | 27 => Err(CodeError::Form(FormFault::NotShortest)),
            31 => Err(CodeError::Form(FormFault::Indefinite)),
            _ => Err(CodeError::Form(FormFault::Type)),
        }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], CodeError> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(CodeError::Cut)?;
        self.rest = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], CodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(CodeError::Cut)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    match u16::try_from(bytes.len()) {
        Ok(length) => match u8::try_from(length) {
            Ok(short @ 0..24) => out.push(0x40 | short),
            Ok(one) => out.extend([0x58, one]),
            Err(_) => {
                out.push(0x59);
                out.extend(length.to_be_bytes());
            }
        },
        // Longer than any code: written so that the length check refuses it.
        Err(_) => out.push(0x5a),
    }
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<(), CodeError> {
        CrossingCode::parse(text, &mut Vec::new()).map(|_| ())
    }

    fn framed(cbor: &[u8]) -> String {
        format!("{PREFIX}{}", base45::encode(cbor))
    }

    fn sample() -> String {
        let (token, proof, exit, entry) = (vec![1; 190], vec![2; 75], vec![3; 130], vec![4; 220]);
        let parts = Parts::Two(&exit, &entry);
        CrossingCode::Full { token: &token, proof: &proof, parts }.to_text().unwrap()
    }

    #[test]
    fn a_text_is_refused_for_the_first_thing_wrong_with_it() {
        use FormFault::*;
        let form = CodeError::Form;
        let long = format!("BP1:{}", "0".repeat(1043));
        let rows: [(&str, CodeError); 14] = [
            ("", CodeError::Empty),
            ("B", CodeError::Cut),
            ("BP1", CodeError::Cut),
            ("BP1:", CodeError::Cut),
            ("bp1:BB8", CodeError::Unknown),
            ("HELLO", CodeError::Unknown),
            ("HC1:6BFOXN", CodeError::OtherSystem { system: "an EU health certificate" }),
            ("hc1:6BFOXN", CodeError::OtherSystem { system: "an EU health certificate" }),
            ("BV1:BB8", CodeError::OtherSystem { system: "a Bay Pass code for a venue" }),
            ("BR1:BB8", CodeError::OtherSystem { system: "a request of a venue's desk" }),
            ("HTTPS://EXAMPLE.ORG", CodeError::OtherSystem { system: "a web address" }),
            (&long, CodeError::TooLong { got: 1047 }),
            ("BP1:bb8", CodeError::Base45(Base45Error::Character { at: 0 })),
            ("BP1:GGWBB8", CodeError::Base45(Base45Error::Overflow { at: 0 })),
        ];
        for (text, expected) in rows {
            assert_eq!(parsed(text), Err(expected), "row {text:.20}");
        }
        for (cbor, expected) in [
            (&[0x83, 0x41, 1, 0x41, 2, 0x81, 0x41, 3, 0][..], form(Trailing)),
            (&[0x83, 0x41, 1, 0x41, 2, 0x80], form(PartCount)),
            (&[0x83, 0x41, 1, 0x41, 2, 0x83, 0x41, 3, 0x41, 3, 0x41, 3], form(PartCount)),
            (&[0x83, 0x41, 1, 0x41, 2, 0x41, 3], form(Type)),
            (&[0x83, 0x40, 0x41, 2, 0x81, 0x41, 3], form(EmptyField)),
            (&[0x83, 0x58, 1, 1, 0x41, 2, 0x81, 0x41, 3], form(NotShortest)),
            (&[0x83, 0x59, 0, 1, 1, 0x41, 2, 0x81, 0x41, 3], form(NotShortest)),
            (&[0x83, 0x5a, 0, 0, 0, 1, 1, 0x41, 2, 0x81, 0x41, 3], form(NotShortest)),
            (&[0x98, 3, 0x41, 1, 0x41, 2, 0x81, 0x41, 3], form(NotShortest)),
            (&[0x9f, 0x41, 1, 0x41, 2, 0x81, 0x41, 3, 0xff], form(Indefinite)),
            (&[0x83, 0x5f, 0x41, 1, 0xff, 0x41, 2, 0x81, 0x41, 3], form(Indefinite)),
            (&[0x83, 0x61, b'a', 0x41, 2, 0x81, 0x41, 3], form(Type)),
            (&[0xd2, 0x83, 0x41, 1, 0x41, 2, 0x81, 0x41, 3], form(Type)),
            (&[0x5c, 0], form(Type)),
            (&[0x9c, 0], form(Type)),
            (&[0x81, 0x41, 1], form(FieldCount)),
            (&[0x84, 0x41, 1, 0x41, 2, 0x81, 0x41, 3, 0x41, 1], form(FieldCount)),
            (&[0x82, 0x41, 1, 0x41, 2], form(TokenId)),
            (&[0x83, 0x41, 1, 0x41], CodeError::Cut),
            (&[0x83, 0x59, 1, 0, 1], CodeError::Cut),
            (&[0x83, 0x58], CodeError::Cut),
            (&[0x83, 0x41, 1, 0x41, 2], CodeError::Cut),
        ] {
            assert_eq!(parsed(&framed(cbor)), Err(expected), "row {cbor:02x?}");
        }
    }

    #[test]
    fn a_code_cut_anywhere_is_called_cut() {
        let text = sample();
        for end in 1..text.len() {
            assert_eq!(parsed(&text[..end]), Err(CodeError::Cut), "cut after {end} characters");
        }
    }

    #[test]
    fn a_code_that_fills_version_18_is_read_and_one_byte_more_is_not_written() {
        let (token, proof, part) = (vec![1; 300], vec![2; 80], vec![3; MAX_BYTES - 300 - 80 - 3 - 2 - 2 - 3]);
        let code = CrossingCode::Full { token: &token, proof: &proof, parts: Parts::One(&part) };
        let text = code.to_text().unwrap();
        assert_eq!((text.len(), MAX_BYTES, code.version()), (1045, 694, Some(18)));
        assert_eq!(CrossingCode::parse(&text, &mut Vec::new()), Ok(code));
        let token = vec![1; 301];
        let code = CrossingCode::Full { token: &token, proof: &proof, parts: Parts::One(&part) };
        assert_eq!(code.to_text(), Err(CodeError::TooLong { got: 1047 }));
    }

    #[test]
    fn a_code_with_an_empty_field_is_not_written() {
        let code = CrossingCode::Full { token: &[1], proof: &[2], parts: Parts::One(&[]) };
        assert_eq!(code.to_text(), Err(CodeError::Form(FormFault::EmptyField)));
    }

    proptest! {
        #[test]
        fn a_full_code_comes_back(
            token in proptest::collection::vec(any::<u8>(), 1..260),
            proof in proptest::collection::vec(any::<u8>(), 1..90),
            parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..150), 1..3),
        ) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let code = CrossingCode::Full { token: &token, proof: &proof, parts: Parts::new(&parts).unwrap() };
            let text = code.to_text().unwrap();
            let mut scratch = Vec::new();
            prop_assert_eq!(CrossingCode::parse(&text, &mut scratch), Ok(code));
        }

        #[test]
        fn a_short_code_comes_back(
            token_id in any::<[u8; 16]>(), proof in proptest::collection::vec(any::<u8>(), 1..90),
        ) {
            let code = CrossingCode::Short { token_id: &token_id, proof: &proof };
            let text = code.to_text().unwrap();
            let mut scratch = Vec::new();
            prop_assert_eq!(CrossingCode::parse(&text, &mut scratch), Ok(code));
        }

        #[test]
        fn what_is_read_is_the_only_text_of_its_fields(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let cbor = [&[0x83, 0x43][..], &bytes].concat();
            if let Ok(code) = CrossingCode::from_cbor(&cbor) {
                prop_assert_eq!(code.to_cbor(), cbor);
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>(), body in "[0-9A-Z $%*+./:-]{0,80}") {
            let _ = parsed(&text);
            let _ = parsed(&format!("BP1:{body}"));
        }
    }
}

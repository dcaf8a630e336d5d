//! The framing of what a wallet and a venue's desk show each other: `BR1:` (a request) and `BV1:` (the answer), then Base45.
//!
//! Lives here: [`VenueCode`], its parser and writer, the bounds on its length. Not here: the meaning of the bytes
//! (`credential::venue`); they are kept exactly as they came.

use crate::base45::{self, Base45Error};
use crate::crossing_code::other_system;
use crate::symbol;

/// The prefix of a desk's request.
pub const REQUEST_PREFIX: &str = "BR1:";

/// The prefix of the answer to one.
pub const ANSWER_PREFIX: &str = "BV1:";

/// The characters that fit a QR symbol of version 20 at level L in alphanumeric mode.
pub const MAX_VENUE_CHARS: usize = 1249;

/// The bytes that fit behind a prefix in [`MAX_VENUE_CHARS`] characters.
pub const MAX_VENUE_BYTES: usize = (MAX_VENUE_CHARS - REQUEST_PREFIX.len()) / 3 * 2;

/// Which of the two codes of a venue a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VenueCodeKind {
    /// A desk's signed request.
    Request,
    /// A wallet's answer: holder's tokens.
    Answer,
}

impl VenueCodeKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Request, Self::Answer];

    /// The prefix of its text.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Request => REQUEST_PREFIX,
            Self::Answer => ANSWER_PREFIX,
        }
    }

    /// What it is called in a message.
    const fn name(self) -> &'static str {
        match self {
            Self::Request => "a desk's request",
            Self::Answer => "an answer to a desk",
        }
    }
}

/// A code of a venue, its bytes borrowed from the buffer into which the text was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VenueCode<'a> {
    kind: VenueCodeKind,
    bytes: &'a [u8],
}

/// Why a text is not the code of a venue that was expected. No variant carries any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VenueCodeError {
    /// The text is empty.
    #[error("the code is empty; scan it again")]
    Empty,
    /// A code of another well-known system.
    #[error("this is {system}, not {}; show the code that Bay Pass shows for a venue", .expected.name())]
    OtherSystem {
        /// What was expected.
        expected: VenueCodeKind,
        /// Name of that system, as an English phrase.
        system: &'static str,
    },
    /// The other of the two codes of a venue.
    #[error("this is {}, not {}; scan the other side's code", .found.name(), .expected.name())]
    OtherKind {
        /// What was expected.
        expected: VenueCodeKind,
        /// What it is.
        found: VenueCodeKind,
    },
    /// A text of no known system.
    #[error("this is not {}; show the code that Bay Pass shows for a venue", .expected.name())]
    Unknown {
        /// What was expected.
        expected: VenueCodeKind,
    },
    /// The text, or the bytes to be written, are too long.
    #[error("the code has {got} characters; one of a venue has at most {MAX_VENUE_CHARS}; send it online")]
    TooLong {
        /// Length of the text, in bytes.
        got: usize,
    },
    /// The text stops before its own structure ends.
    #[error("the code is cut: it stops before its end; scan it again")]
    Cut,
    /// The text behind the prefix is not Base45.
    #[error("the code is damaged: {0}; scan it again")]
    Base45(Base45Error),
}

impl VenueCodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "venue_code_empty",
            Self::OtherSystem { .. } => "venue_code_other_system",
            Self::OtherKind { .. } => "venue_code_other_kind",
            Self::Unknown { .. } => "venue_code_unknown",
            Self::TooLong { .. } => "venue_code_too_long",
            Self::Cut => "venue_code_cut",
            Self::Base45(_) => "venue_code_damaged",
        }
    }
}

impl<'a> VenueCode<'a> {
    /// Reads a text of this kind. The bytes borrow from `scratch`, which a desk uses again for the next code.
    ///
    /// The length is judged first, then the prefix, then the characters; nothing is allocated beyond
    /// [`MAX_VENUE_BYTES`].
    ///
    /// # Errors
    /// [`VenueCodeError`] for the first fault.
    pub fn parse(kind: VenueCodeKind, text: &str, scratch: &'a mut Vec<u8>) -> Result<Self, VenueCodeError> {
        let body = body(kind, text)?;
        base45::decode_into(body.as_bytes(), scratch).map_err(|error| match error {
            Base45Error::Length => VenueCodeError::Cut,
            Base45Error::Overflow { at } if at + 2 == body.len() => VenueCodeError::Cut,
            Base45Error::Overflow { .. } | Base45Error::Character { .. } => VenueCodeError::Base45(error),
        })?;
        Ok(Self { kind, bytes: scratch })
    }

    /// A code around these bytes, which the caller has made or verified.
    #[must_use]
    pub const fn new(kind: VenueCodeKind, bytes: &'a [u8]) -> Self {
        Self { kind, bytes }
    }

    /// Which of the two it is.
    #[must_use]
    pub const fn kind(&self) -> VenueCodeKind {
        self.kind
    }

    /// The bytes behind the prefix.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The text that a screen shows as a QR symbol.
    ///
    /// # Errors
    /// [`VenueCodeError::TooLong`] if it does not fit version 20; [`VenueCodeError::Empty`] without bytes.
    pub fn to_text(&self) -> Result<String, VenueCodeError> {
        if self.bytes.is_empty() {
            return Err(VenueCodeError::Empty);
        }
        let got = self.chars();
        if got > MAX_VENUE_CHARS {
            return Err(VenueCodeError::TooLong { got });
        }
        let mut text = String::with_capacity(got);
        text.push_str(self.kind.prefix());
        base45::encode_into(self.bytes, &mut text);
        Ok(text)
    }

    /// The QR version (level L) of this code's symbol, if one holds it.
    #[must_use]
    pub fn version(&self) -> Option<u8> {
        symbol::fits_version(self.chars())
    }

    const fn chars(&self) -> usize {
        self.kind.prefix().len() + base45::encoded_len(self.bytes.len())
    }
}

fn body(expected: VenueCodeKind, text: &str) -> Result<&str, VenueCodeError> {
    let ours =
        VenueCodeKind::ALL.into_iter().find_map(|kind| Some((kind, text.strip_prefix(kind.prefix())?)));
    match ours {
        Some((found, _)) if found != expected => return Err(VenueCodeError::OtherKind { expected, found }),
        Some(_) => {}
        None if text.starts_with(crate::PREFIX) => {
            return Err(VenueCodeError::OtherSystem { expected, system: "a crossing code" });
        }
        None => {
            if let Some(system) = other_system(text) {
                return Err(VenueCodeError::OtherSystem { expected, system });
            }
        }
    }
    if text.len() > MAX_VENUE_CHARS {
        return Err(VenueCodeError::TooLong { got: text.len() });
    }
    match ours {
        Some((_, "")) => Err(VenueCodeError::Cut),
        Some((_, body)) => Ok(body),
        None if text.is_empty() => Err(VenueCodeError::Empty),
        None if expected.prefix().starts_with(text) => Err(VenueCodeError::Cut),
        None => Err(VenueCodeError::Unknown { expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use VenueCodeKind::{Answer, Request};
    use proptest::prelude::*;

    fn parsed(kind: VenueCodeKind, text: &str) -> Result<Vec<u8>, VenueCodeError> {
        VenueCode::parse(kind, text, &mut Vec::new()).map(|code| code.bytes().to_vec())
    }

    #[test]
    fn a_text_is_refused_for_the_first_thing_wrong_with_it() {
        use VenueCodeError::*;
        let long = format!("BR1:{}", "0".repeat(MAX_VENUE_CHARS - 3));
        let rows: [(&str, VenueCodeError, &str); 13] = [
            ("", Empty, "venue_code_empty"),
            ("B", Cut, "venue_code_cut"),
            ("BR1", Cut, "venue_code_cut"),
            ("BR1:", Cut, "venue_code_cut"),
            ("BR1:B", Cut, "venue_code_cut"),
            ("br1:BB8", Unknown { expected: Request }, "venue_code_unknown"),
            ("HELLO", Unknown { expected: Request }, "venue_code_unknown"),
            ("BV1:BB8", OtherKind { expected: Request, found: Answer }, "venue_code_other_kind"),
            (
                "BP1:BB8",
                OtherSystem { expected: Request, system: "a crossing code" },
                "venue_code_other_system",
            ),
            (
                "https://example.org",
                OtherSystem { expected: Request, system: "a web address" },
                "venue_code_other_system",
            ),
            (&long, TooLong { got: 1250 }, "venue_code_too_long"),
            ("BR1:bb8", Base45(Base45Error::Character { at: 0 }), "venue_code_damaged"),
            ("BR1:GGWBB8", Base45(Base45Error::Overflow { at: 0 }), "venue_code_damaged"),
        ];
        for (text, expected, code) in rows {
            let refused = parsed(Request, text).unwrap_err();
            assert_eq!((refused, refused.code()), (expected, code), "row {text:.20}");
        }
        assert_eq!(parsed(Answer, "BR1:BB8"), Err(OtherKind { expected: Answer, found: Request }));
        assert_eq!(parsed(Request, "BR1:BB8").unwrap(), b"AB");
    }

    #[test]
    fn a_code_that_fills_version_20_is_read_and_one_byte_more_is_not_written() {
        let bytes = vec![0xff; MAX_VENUE_BYTES];
        for kind in VenueCodeKind::ALL {
            let code = VenueCode::new(kind, &bytes);
            let text = code.to_text().unwrap();
            assert_eq!((bytes.len(), text.len(), code.version()), (830, MAX_VENUE_CHARS, Some(20)));
            assert_eq!(parsed(kind, &text).unwrap(), bytes);
            let longer = vec![0xff; MAX_VENUE_BYTES + 1];
            let refused = VenueCode::new(kind, &longer).to_text();
            assert_eq!(refused, Err(VenueCodeError::TooLong { got: 1251 }));
            assert_eq!(VenueCode::new(kind, &[]).to_text(), Err(VenueCodeError::Empty));
        }
    }

    proptest! {
        #[test]
        fn a_code_comes_back(bytes in proptest::collection::vec(any::<u8>(), 1..MAX_VENUE_BYTES), answer: bool) {
            let kind = if answer { Answer } else { Request };
            let text = VenueCode::new(kind, &bytes).to_text().unwrap();
            prop_assert_eq!(parsed(kind, &text).unwrap(), bytes);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>(), body in "[0-9A-Z $%*+./:-]{0,80}") {
            for kind in VenueCodeKind::ALL {
                let _ = parsed(kind, &text);
                let _ = parsed(kind, &format!("{}{body}", kind.prefix()));
            }
        }
    }
}

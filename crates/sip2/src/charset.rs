//! Charset: the character sets that libraries agree on with their desks.
//!
//! Lives here: [`Charset`]. Not here: checksums, which are over the bytes on the wire and know of no characters.

use std::str::FromStr;

use crate::SipError;

/// A library's character set. UTF-8 unless the library says otherwise; 3M's own default is code page 850.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Charset {
    /// UTF-8.
    #[default]
    Utf8,
    /// ISO 8859-1.
    Latin1,
    /// Code page 850.
    Cp850,
}

/// The upper half of code page 850, from 0x80 on.
const CP850: [&str; 8] = [
    "ÇüéâäàåçêëèïîìÄÅ",
    "ÉæÆôöòûùÿÖÜø£Ø×ƒ",
    "áíóúñÑªº¿®¬½¼¡«»",
    "░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐",
    "└┴┬├─┼ãÃ╚╔╩╦╠═╬¤",
    "ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀",
    "ÓßÔÒõÕµþÞÚÛÙýÝ¯´",
    "\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}",
];

fn cp850() -> impl Iterator<Item = char> {
    CP850.iter().flat_map(|row| row.chars())
}

impl Charset {
    /// The text of some bytes.
    ///
    /// # Errors
    /// [`SipError::NotText`]: only UTF-8 has bytes that are no text.
    pub fn decode(self, bytes: &[u8]) -> Result<String, SipError> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| SipError::NotText),
            Self::Latin1 => Ok(bytes.iter().copied().map(char::from).collect()),
            Self::Cp850 => Ok(bytes.iter().copied().map(of_cp850).collect()),
        }
    }

    /// The bytes of a text.
    ///
    /// # Errors
    /// [`SipError::Charset`]: a character that the set lacks.
    pub fn encode(self, text: &str) -> Result<Vec<u8>, SipError> {
        match self {
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Latin1 => text.chars().map(|c| u8::try_from(c).map_err(|_| SipError::Charset)).collect(),
            Self::Cp850 => text.chars().map(|c| to_cp850(c).ok_or(SipError::Charset)).collect(),
        }
    }
}

fn of_cp850(byte: u8) -> char {
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(upper) => cp850().nth(usize::from(upper)).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

fn to_cp850(c: char) -> Option<u8> {
    if c.is_ascii() {
        return u8::try_from(c).ok();
    }
    let upper = cp850().position(|one| one == c)?;
    u8::try_from(upper + 0x80).ok()
}

/// The text names no character set that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown character set; write utf-8, iso-8859-1 or cp850")]
pub struct NotACharset;

impl FromStr for Charset {
    type Err = NotACharset;

    fn from_str(text: &str) -> Result<Self, NotACharset> {
        match text {
            "utf-8" => Ok(Self::Utf8),
            "iso-8859-1" => Ok(Self::Latin1),
            "cp850" => Ok(Self::Cp850),
            _ => Err(NotACharset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_the_one_byte_sets_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        for set in [Charset::Latin1, Charset::Cp850] {
            let text = set.decode(&all).unwrap();
            assert_eq!(text.chars().count(), 256);
            assert_eq!(set.encode(&text).unwrap(), all, "{set:?}");
        }
    }

    #[test]
    fn the_sets_differ_where_they_must_and_say_what_they_lack() {
        assert_eq!(Charset::Cp850.encode("é").unwrap(), [0x82]);
        assert_eq!(Charset::Latin1.encode("é").unwrap(), [0xe9]);
        assert_eq!(Charset::Utf8.encode("é").unwrap(), [0xc3, 0xa9]);
        assert_eq!(Charset::Cp850.encode("澳"), Err(SipError::Charset));
        assert_eq!(Charset::Latin1.encode("澳"), Err(SipError::Charset));
        assert_eq!(Charset::Utf8.decode(&[0xff]), Err(SipError::NotText));
        assert_eq!("cp850".parse(), Ok(Charset::Cp850));
        assert_eq!("ebcdic".parse::<Charset>(), Err(NotACharset));
    }
}

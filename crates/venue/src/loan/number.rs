//! Number: a reader's number in the library's system, the barcode of an item, and the names with which an account is opened.
//!
//! Lives here: [`AccountId`], [`Barcode`], [`ReaderNames`]. Not here: who opens an account (`library`).

use std::str::FromStr;

use documents::redact_debug;

/// Longest number, in characters.
const LONGEST_NUMBER: usize = 64;

/// Whether a text is a number that SIP2 carries as it is.
fn is_number(text: &str) -> bool {
    (1..=LONGEST_NUMBER).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'|')
}

/// A reader's number in the library's system (SIP2 field AA).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountId(String);
redact_debug!(AccountId);

/// The barcode of an item (SIP2 field AB).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Barcode(String);
redact_debug!(Barcode);

/// The text is no number of a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a number of a library; read the code again (1 to 64 letters, digits and signs, without a blank)"
)]
pub struct NotANumber;

macro_rules! numbers {
    ($($name:ident),+) => {$(
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotANumber;

            fn from_str(text: &str) -> Result<Self, NotANumber> {
                is_number(text).then(|| Self(text.to_owned())).ok_or(NotANumber)
            }
        }
    )+};
}
numbers!(AccountId, Barcode);

/// With what an account is opened: what the reader agreed to show, and nothing else.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ReaderNames {
    /// In Latin letters.
    pub name: Option<String>,
    /// In Chinese.
    pub name_zh: Option<String>,
}
redact_debug!(ReaderNames);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_sip2_carries_as_it_is() {
        for (text, fits) in [
            ("3000123", true),
            ("LIB-1.a/7", true),
            ("", false),
            ("a|b", false),
            ("a b", false),
            ("a\rb", false),
            ("书", false),
            (&"9".repeat(64), true),
            (&"9".repeat(65), false),
        ] {
            assert_eq!(text.parse::<AccountId>().is_ok(), fits, "{text:?}");
            assert_eq!(text.parse::<Barcode>().is_ok(), fits, "{text:?}");
        }
        assert_eq!(format!("{:?}", "3000123".parse::<Barcode>().unwrap()), "Barcode(redacted)");
    }
}

//! Numbers of the identity cards of Hong Kong and Macao.

use super::{DocumentKind, NumberError, all_digits_from, shown_deliberately, without_brackets};
use crate::redact_debug;

/// A Hong Kong identity card number: letters, six digits, check character, kept without brackets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hkid(String);

/// A Macao BIR number: eight digits, kept without brackets. No check rule is published: format only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacaoBir(String);

redact_debug!(Hkid, MacaoBir);
shown_deliberately!(Hkid, MacaoBir);

impl Hkid {
    /// Reads `A123456(3)` or `AB987654(3)`, with or without brackets.
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::Hkid;
        let clean = without_brackets(text);
        let letters = match clean.len() {
            8 => 1,
            9 => 2,
            got => {
                return Err(NumberError::Length {
                    kind,
                    got,
                    want: "one or two letters, six digits and the check character, like A123456(3)",
                });
            }
        };
        let digits_end = letters + 6;
        let mut sum: u32 = if letters == 1 { 36 * 9 } else { 0 };
        let first_weight: u32 = if letters == 1 { 8 } else { 9 };
        let mut weight = first_weight;
        for (i, byte) in clean.bytes().enumerate() {
            let value = match byte {
                b'A'..=b'Z' if i < letters => u32::from(byte - b'A') + 10,
                b'0'..=b'9' if i >= letters => u32::from(byte - b'0'),
                b'A' if i == digits_end => 10,
                _ if i < letters => {
                    return Err(NumberError::Character { kind, position: i + 1, want: "a letter" });
                }
                _ if i < digits_end => {
                    return Err(NumberError::Character { kind, position: i + 1, want: "a digit" });
                }
                _ => return Err(NumberError::Character { kind, position: i + 1, want: "a digit or A" }),
            };
            sum += value * weight;
            weight = weight.saturating_sub(1);
        }
        if sum.is_multiple_of(11) { Ok(Self(clean)) } else { Err(NumberError::CheckDigit { kind }) }
    }

    /// As printed on the card, with the check character in brackets.
    #[must_use]
    pub fn printed(&self) -> String {
        bracketed(&self.0)
    }
}

impl MacaoBir {
    /// Reads `5123456(7)`, with or without brackets; the first digit is 1, 5 or 7.
    ///
    /// # Errors
    /// The first fault found in the text.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let kind = DocumentKind::MacaoBir;
        let clean = without_brackets(text);
        if clean.len() != 8 {
            return Err(NumberError::Length {
                kind,
                got: clean.chars().count(),
                want: "seven digits and the last one in brackets, like 5123456(7)",
            });
        }
        all_digits_from(kind, &clean, 0)?;
        if matches!(clean.as_bytes().first(), Some(b'1' | b'5' | b'7')) {
            Ok(Self(clean))
        } else {
            Err(NumberError::Character { kind, position: 1, want: "1, 5 or 7" })
        }
    }

    /// As printed on the card, with the last digit in brackets.
    #[must_use]
    pub fn printed(&self) -> String {
        bracketed(&self.0)
    }
}

fn bracketed(plain: &str) -> String {
    match plain.char_indices().last() {
        Some((at, check)) => format!("{}({check})", plain.get(..at).unwrap_or_default()),
        None => String::new(),
    }
}

//! The words of a visit: host, purpose, zone. Each of a form that can be printed on a badge and asked for on a page.

use std::str::FromStr;

use documents::redact_debug;

/// Who is visited: a person or a department, 1 to 64 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);
redact_debug!(Host);

/// Why somebody comes: a code such as `meeting` or `delivery`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(String);

/// A zone or floor, such as `12/F` or `Lab West`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(String);

/// The text is none of these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAWord {
    /// No host.
    #[error("not a host; write 1 to 64 characters that can be printed")]
    Host,
    /// No purpose.
    #[error("not a purpose; write a code of 1 to 32 small letters and hyphens")]
    Purpose,
    /// No zone.
    #[error("not a zone or floor; write 1 to 32 letters, digits, blanks, hyphens, points and slashes")]
    Zone,
}

fn fits(text: &str, most: usize, of: impl Fn(char) -> bool) -> bool {
    let trimmed = text.trim() == text;
    trimmed && (1..=most).contains(&text.chars().count()) && text.chars().all(of)
}

macro_rules! word {
    ($name:ident, $most:literal, $of:expr) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAWord;

            fn from_str(text: &str) -> Result<Self, NotAWord> {
                if fits(text, $most, $of) { Ok(Self(text.to_owned())) } else { Err(NotAWord::$name) }
            }
        }
    };
}

word!(Host, 64, |c: char| !c.is_control());
word!(Purpose, 32, |c: char| c.is_ascii_lowercase() || c == '-');
word!(Zone, 32, |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.' | '/'));

//! Codes as commands take them: typed, in a text file, in a picture, or from standard input. One reader for every command.
//!
//! Lives here: [`CodeFile`], [`text_of`]. Not here: what a code says, and whether it is believed.

use std::path::Path;

use code::picture::MAX_FILE_BYTES;
use code::{CodeError, CrossingCode, read_picture_for};

use crate::failure::{self, Failure};

/// What a file holds that should hold a code.
pub enum CodeFile {
    /// A text: without the mark of its byte order, and without blanks and line ends around it. No code begins or ends with one.
    Text(String),
    /// Anything else: a picture, or nothing that is known here.
    Picture(Vec<u8>),
}

impl CodeFile {
    /// Reads a file, or standard input for `-`.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = failure::read(path, MAX_FILE_BYTES)?;
        // A text under a picture's name is a picture that went wrong.
        let text = if is_picture_name(path) { None } else { text_in(&bytes) };
        Ok(text.map_or(Self::Picture(bytes), Self::Text))
    }

    /// The text, which the reader of pictures finds where it is drawn; of several codes one with this prefix.
    pub fn text(self, path: &Path, prefix: &str) -> Result<String, Failure> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Picture(bytes) => read_picture_for(&bytes, prefix)
                .map_err(|error| Failure::new(format!("{}: {error}", path.display()))),
        }
    }
}

/// The text of a code that was given as text, as a file, or as `-`; `prefix` is what codes of the wanted kind begin with.
pub fn text_of(what: &str, prefix: &str) -> Result<String, Failure> {
    let (path, typed) = (Path::new(what), bare(what));
    if what == "-" || (!typed.starts_with(prefix) && path.is_file()) {
        return CodeFile::read(path)?.text(path, prefix);
    }
    let mut scratch = Vec::new();
    let of_nobody = matches!(CrossingCode::parse(typed, &mut scratch), Err(CodeError::Unknown));
    // Base45 has `/` and `.` too, so only what is no code of anybody's can be a mistyped path.
    if of_nobody && looks_like_a_path(what) {
        return Err(Failure::new(format!(
            "there is no file {what}; check the path, or give the code's text"
        )));
    }
    Ok(typed.to_owned())
}

/// Without what editors and terminals put around a text.
fn bare(text: &str) -> &str {
    text.trim_matches(|sign: char| sign == '\u{feff}' || sign.is_whitespace())
}

/// A file as text: UTF-8, or UTF-16 with its mark, as some editors and shells write it; `None` for anything else, and for nothing.
fn text_in(bytes: &[u8]) -> Option<String> {
    let pairs = |rest: &[u8], join: fn([u8; 2]) -> u16| {
        let (units, odd) = rest.as_chunks::<2>();
        let units = units.iter().map(|pair| join(*pair));
        odd.is_empty().then(|| char::decode_utf16(units).collect::<Result<String, _>>().ok()).flatten()
    };
    let text = match bytes {
        [] => None,
        [0xff, 0xfe, rest @ ..] => pairs(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => pairs(rest, u16::from_be_bytes),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.filter(|text| !text.chars().any(|sign| sign.is_control() && !sign.is_whitespace()))
        .map(|text| bare(&text).to_owned())
}

const PICTURES: [&str; 4] = ["png", "jpg", "jpeg", "webp"];

fn is_picture_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str());
    extension.is_some_and(|e| PICTURES.iter().any(|p| e.eq_ignore_ascii_case(p)))
}

fn looks_like_a_path(what: &str) -> bool {
    what.contains(['/', '\\']) || Path::new(what).extension().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_however_an_editor_saved_it() {
        let utf16 = |mark: &[u8], to: fn(u16) -> [u8; 2]| {
            [mark, &"BP1:A B\r\n".encode_utf16().flat_map(to).collect::<Vec<_>>()].concat()
        };
        for (name, bytes) in [
            ("plain", b"BP1:A B".to_vec()),
            ("with a mark", b"\xef\xbb\xbfBP1:A B".to_vec()),
            ("with blanks and ends of lines", b" \t\r\nBP1:A B \r\n\n".to_vec()),
            ("with a mark, blanks before it", b" \xef\xbb\xbf BP1:A B".to_vec()),
            ("UTF-16, low byte first", utf16(&[0xff, 0xfe], u16::to_le_bytes)),
            ("UTF-16, high byte first", utf16(&[0xfe, 0xff], u16::to_be_bytes)),
        ] {
            assert_eq!(text_in(&bytes).as_deref(), Some("BP1:A B"), "{name}");
        }
        for (name, bytes) in [
            ("nothing", &b""[..]),
            ("bytes of a picture", b"\x89PNG\r\n\x1a\n"),
            ("a control sign", b"BP1:\0"),
            ("half a sign of UTF-16", b"\xff\xfeB\0P"),
        ] {
            assert_eq!(text_in(bytes), None, "{name}");
        }
    }
}

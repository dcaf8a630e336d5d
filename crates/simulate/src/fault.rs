//! Fault: what is wrong with a data file, with its name and line.
//!
//! Lives here: [`DataFault`], and the reader that makes one. Not here: what a file says (`tables`, `habits`, `calendar`, `scenario`).

use serde::de::DeserializeOwned;
use toml::Spanned;

use crate::chance::ALL;

/// One thing that is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {what}")]
pub struct DataFault {
    /// The file's name, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to write.
    pub what: String,
}

/// A file that is being read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    pub const fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text }
    }

    /// Reads the file's form.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, DataFault> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            self.fault(at, error.message().lines().next().unwrap_or("no TOML of this form"))
        })
    }

    /// A fault at a place in the text.
    pub fn fault(self, at: usize, what: impl Into<String>) -> DataFault {
        let before = self.text.as_bytes().iter().take(at);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        DataFault { file: self.file.to_owned(), line, what: what.into() }
    }

    /// A probability or share, 0 to 1, in millionths.
    pub fn share(self, value: &Spanned<f64>) -> Result<u32, DataFault> {
        millionths(*value.get_ref())
            .ok_or_else(|| self.fault(value.span().start, "write a share from 0 to 1"))
    }

    /// A pair of which the first is not above the second.
    pub fn span(self, value: &Spanned<[i64; 2]>) -> Result<(i64, i64), DataFault> {
        let [low, high] = *value.get_ref();
        if low > high || low.unsigned_abs() > 1_000_000_000 || high.unsigned_abs() > 1_000_000_000 {
            return Err(self.fault(value.span().start, "write two numbers, the lower one first"));
        }
        Ok((low, high))
    }
}

/// A share as millionths; `None` outside of 0 to 1.
fn millionths(share: f64) -> Option<u32> {
    // By its digits: no rounding differs between machines.
    if !(0.0..=1.0).contains(&share) {
        return None;
    }
    let text = format!("{share:.6}");
    let (whole, part) = text.split_once('.')?;
    let part: u32 = part.parse().ok()?;
    Some(whole.parse::<u32>().ok()? * ALL + part)
}

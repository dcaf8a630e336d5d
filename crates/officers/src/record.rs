//! Record: what everybody in office did, one line each, chained by hash. Lines are appended and never changed; how far the
//! chain has come stands beside it, so that a line that is missing shows, at the end too.
//!
//! A line is a JSON object: `number`, `at`, `actor` (an account's id, `operator:NAME` at this machine, or `nobody`), `act`,
//! `object` (a reference, never a name or a number of a document), `result` and `previous`, the SHA-256 of the line before.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use credential::sha256;
use documents::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::kept::{FileError, Lock, write_whole};

/// Longest line, in bytes: objects and results are cut.
const MAX_LINE: u64 = 2048;
/// Longest object and result, in characters.
const MAX_WORD: usize = 160;

/// Longest name of an operator, in characters.
const MAX_OPERATOR: usize = 64;

/// Who gave a command on this machine: the user of the operating system, or whom they named. Whoever may open a party's
/// folder can name anybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator(Arc<str>);

impl Operator {
    /// An operator of this name; `None` where it is empty, has more than 64 characters, or others than letters, digits and
    /// `-`, `_`, `.`, `@`.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let counts = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@');
        let long = name.chars().count();
        ((1..=MAX_OPERATOR).contains(&long) && name.chars().all(counts)).then(|| Self(name.into()))
    }
}

/// A text that is no operator's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an operator's name has 1 to 64 letters, digits, `-`, `_`, `.` or `@`")]
pub struct NoOperator;

impl FromStr for Operator {
    type Err = NoOperator;

    fn from_str(text: &str) -> Result<Self, NoOperator> {
        Self::new(text).ok_or(NoOperator)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who did something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody with an account.
    Account(AccountId),
    /// Whoever may open this party's folder: a command on this machine.
    Operator(Operator),
    /// Nobody who is known: a sign-in that was refused.
    Nobody,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(id) => id.fmt(f),
            Self::Operator(name) => write!(f, "operator:{name}"),
            Self::Nobody => f.write_str("nobody"),
        }
    }
}

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// From 1 on.
    pub number: u64,
    /// The time of the act.
    pub at: Timestamp,
    /// An account's id, `operator:NAME` at this machine, or `nobody`.
    pub actor: String,
    /// The stable code of the act.
    pub act: String,
    /// To what; empty where there is nothing to name.
    pub object: String,
    /// `allowed`, `done`, or why not.
    pub result: String,
    /// SHA-256 of the line before, in hexadecimal; zeros for the first.
    #[serde(with = "hex::serde")]
    pub previous: [u8; 32],
}

/// How far the chain has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    count: u64,
    #[serde(with = "hex::serde")]
    last: [u8; 32],
}

/// What is wrong with a record.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    /// It cannot be read.
    #[error("the record of acts cannot be read")]
    File(#[from] FileError),
    /// A line is malformed.
    #[error("line {0} is malformed: the record was changed by another program; restore it from a backup")]
    Form(u64),
    /// A line before it is missing, or was changed.
    #[error(
        "line {0} does not follow the line before it: a line was removed or changed; compare with a backup"
    )]
    Chain(u64),
    /// Lines at the end are missing.
    #[error(
        "the record ends at line {found}, and {expected} were written: lines were removed; compare with a backup"
    )]
    End {
        /// Lines that are there.
        found: u64,
        /// Lines that were written.
        expected: u64,
    },
}

/// The record of one party's folder.
#[derive(Debug, Clone)]
pub struct Record {
    folder: PathBuf,
}

impl Record {
    /// The record in a folder.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn lines(&self) -> PathBuf {
        self.folder.join("officers.acts")
    }

    fn head(&self) -> PathBuf {
        self.folder.join("officers.head")
    }

    /// Appends a line; once this has returned, it stands there.
    ///
    /// # Errors
    /// [`FileError`]: then what it tells of must not happen.
    pub fn write(
        &self,
        actor: &Actor,
        (act, object, result): (&str, &str, &str),
        at: Timestamp,
    ) -> Result<(), FileError> {
        let lock = Lock::take(&self.folder)?;
        self.write_locked(actor, (act, object, result), at, &lock)
    }

    pub(crate) fn write_locked(
        &self,
        actor: &Actor,
        (act, object, result): (&str, &str, &str),
        at: Timestamp,
        _: &Lock,
    ) -> Result<(), FileError> {
        let path = self.lines();
        let word = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_WORD).collect();
        let append = || {
            let (mut file, last) = files::open_lines(&path, MAX_LINE)?;
            let (number, previous) = match &last {
                Some(line) => (serde_json::from_slice::<Act>(line)?.number + 1, sha256(line)),
                None => (1, [0; 32]),
            };
            let (actor, act, object, result) = (actor.to_string(), word(act), word(object), word(result));
            let act = Act { number, at, actor, act, object, result, previous };
            let line = serde_json::to_vec(&act)?;
            file.write_all(&[&line[..], b"\n"].concat())?;
            file.sync_data()?;
            Ok(Head { count: number, last: sha256(&line) })
        };
        let head = append().map_err(|source: std::io::Error| FileError::new(&path, source))?;
        let bytes = serde_json::to_vec(&head).map_err(|error| FileError::new(&path, error.into()))?;
        write_whole(&self.head(), &bytes)
    }

    /// Reads the record back, once every line is proven to follow the one before and none is missing at the end.
    ///
    /// # Errors
    /// [`RecordFault`], the first.
    pub fn verify(&self) -> Result<Vec<Act>, RecordFault> {
        let _lock = Lock::take(&self.folder)?;
        let read = |path: PathBuf| match std::fs::read(&path) {
            Ok(bytes) => Ok(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(FileError::new(&path, error)),
        };
        let (lines, head) = (read(self.lines())?, read(self.head())?);
        let head: Head = if head.is_empty() {
            Head::default()
        } else {
            serde_json::from_slice(&head).map_err(|_| RecordFault::Form(0))?
        };
        let (mut acts, mut previous, mut number) = (Vec::new(), [0; 32], 0);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            number += 1;
            let act: Act = serde_json::from_slice(line).map_err(|_| RecordFault::Form(number))?;
            if act.previous != previous || act.number != number {
                return Err(RecordFault::Chain(number));
            }
            previous = sha256(line);
            acts.push(act);
        }
        // A stop between the line and the head leaves one line more than the head knows: that one stands.
        let at_head = head.count == number && head.last == previous;
        let one_ahead =
            number == head.count + 1 && acts.last().is_some_and(|last| last.previous == head.last);
        if at_head || one_ahead {
            Ok(acts)
        } else {
            Err(RecordFault::End { found: number, expected: head.count })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-03-02T10:00:00+08:00".parse().unwrap()
    }

    fn three(folder: &Path) -> Record {
        let record = Record::of(folder);
        for (act, result) in [("settle", "allowed"), ("watch", "role_missing"), ("sign_out", "done")] {
            record
                .write(&Actor::Account(AccountId::from_bytes([7; 8])), (act, "0a0b", result), now())
                .unwrap();
        }
        record
    }

    #[test]
    fn a_line_that_is_removed_changed_or_cut_shows() {
        let folder = tempfile::tempdir().unwrap();
        let record = three(folder.path());
        let acts = record.verify().unwrap();
        assert_eq!(acts.iter().map(|act| act.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!((acts[1].act.as_str(), acts[1].result.as_str()), ("watch", "role_missing"));
        assert_eq!(acts[0].actor, "0707070707070707");
        let path = folder.path().join("officers.acts");
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let with = |text: String| {
            std::fs::write(&path, text).unwrap();
            record.verify().unwrap_err().to_string()
        };
        let joined = |lines: &[&str]| format!("{}\n", lines.join("\n"));
        assert!(with(joined(&[lines[1], lines[2]])).starts_with("line 1 does not follow"));
        assert!(with(joined(&[lines[0], lines[2]])).starts_with("line 2 does not follow"));
        assert!(with(joined(&[lines[0], lines[1]])).contains("ends at line 2, and 3 were written"));
        assert!(with(text.replace("settle", "watch ")).starts_with("line 2 does not follow"));
        assert!(with(text.replace("sign_out", "sign_in.")).contains("ends at line 3"), "the last line too");
        assert!(with("nothing\n".into()).starts_with("line 1 is malformed"));
        assert!(with(String::new()).contains("ends at line 0"));
    }

    #[test]
    fn an_operators_name_is_one_word_that_a_line_can_hold() {
        for name in ["root", "chan.tai-man", "ops@example", "陳大文"] {
            assert_eq!(Actor::Operator(Operator::new(name).unwrap()).to_string(), format!("operator:{name}"));
        }
        let long = "a".repeat(65);
        for name in ["", "two words", "line\n", "\u{202e}toor", "a:b", &long] {
            assert_eq!(Operator::new(name), None, "{name:?}");
        }
    }

    #[test]
    fn half_a_line_is_cut_off_and_a_line_ahead_of_the_head_stands() {
        let folder = tempfile::tempdir().unwrap();
        let record = three(folder.path());
        let (path, head) = (folder.path().join("officers.acts"), folder.path().join("officers.head"));
        let before = std::fs::read(&head).unwrap();
        let operator = Actor::Operator(Operator::new("specimen").unwrap());
        record.write(&operator, ("lock", "x", "done"), now()).unwrap();
        std::fs::write(&head, before).unwrap();
        assert_eq!(record.verify().unwrap().len(), 4);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"number\":5,\"at\":");
        std::fs::write(&path, text).unwrap();
        record.write(&Actor::Nobody, ("sign_in", "", "code_refused"), now()).unwrap();
        let acts = record.verify().unwrap();
        assert_eq!((acts.len(), acts[4].actor.as_str()), (5, "nobody"));
    }
}

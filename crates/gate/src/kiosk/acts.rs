//! Acts: what officers did at a lane, written down before it takes effect; each line signed and chained to the last.
//!
//! A line is `{"act": {...}, "previous": "...", "signature": "..."}`: `previous` is the SHA-256 of the line before (of
//! nothing for the first), and the lane's key signs label, `previous` and the act's JSON as it stands.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use clearance::ClearanceId;
use credential::{VerifyingKey, sha256};
use documents::{AuthorityCode, Measure, Timestamp};
use officers::AccountId;
use serde_json::{Value, json};

use crate::outbox::LaneKey;

/// Keeps this signature from serving as any other.
const LABEL: &[u8] = b"bp1-officer-act\0";
/// Longest line that is read back, in bytes.
const MAX_LINE: u64 = 4096;

/// What an officer can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// One measure that the own authority asked for was carried out.
    MeasureDone(Measure),
    /// All of them count as carried out, on the officer's word.
    Admit(AdmitReason),
    /// This traveller does not go through here.
    Refuse,
    /// A traveller who was sent to this officer has been dealt with: their screen is free.
    DealtWith,
    /// Holds the lane.
    Call,
    /// Gives it free.
    Release,
}

impl Act {
    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MeasureDone(_) => "measure_done",
            Self::Admit(_) => "admit",
            Self::Refuse => "refuse",
            Self::DealtWith => "dealt_with",
            Self::Call => "call",
            Self::Release => "release",
        }
    }
}

/// Why an officer takes measures on their own word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdmitReason {
    /// The documents themselves were seen.
    DocumentsSeen,
    /// The person was compared with the document by the officer.
    PersonCompared,
    /// The traveller needs help that the lane cannot give.
    Assisted,
    /// Camera, screen or network are out of order.
    EquipmentFault,
}

impl AdmitReason {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::DocumentsSeen, Self::PersonCompared, Self::Assisted, Self::EquipmentFault];

    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::DocumentsSeen => "documents_seen",
            Self::PersonCompared => "person_compared",
            Self::Assisted => "assisted",
            Self::EquipmentFault => "equipment_fault",
        }
    }
}

/// Why acts cannot be written down, or read back.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The file cannot be used.
    #[error("the officers' acts {path} cannot be used; check the disk's space and rights")]
    File {
        /// The file of acts.
        path: PathBuf,
        /// The error of the file system.
        #[source]
        source: std::io::Error,
    },
    /// The act cannot be signed.
    #[error("an officer's act could not be signed; check the lane's key")]
    Sign(#[from] credential::CryptoError),
}

/// What is wrong with a book of acts: the number of the line, from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActFault {
    /// It is malformed.
    #[error("malformed line {0}")]
    Form(usize),
    /// A line before it is missing or was changed.
    #[error("line {0} does not follow the line before it")]
    Chain(usize),
    /// It was not written by the lane.
    #[error("the signature of line {0} does not fit")]
    Signature(usize),
}

/// One lane's book of acts.
pub struct ActBook {
    path: PathBuf,
    key: LaneKey,
    open: Mutex<Option<(File, [u8; 32])>>,
}

impl ActBook {
    /// The book in a file, signed with the lane's key.
    ///
    /// # Errors
    /// Where it cannot be read or written.
    pub fn open(path: PathBuf, key: LaneKey) -> Result<Self, ActError> {
        let book = Self { path, key, open: Mutex::new(None) };
        let opened = book.opened().map_err(|source| book.fault(source))?;
        *book.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
        Ok(book)
    }

    fn fault(&self, source: std::io::Error) -> ActError {
        ActError::File { path: self.path.clone(), source }
    }

    /// The file, cut back to its last whole line, and that line's hash.
    fn opened(&self) -> std::io::Result<(File, [u8; 32])> {
        let (file, last) = files::open_lines(&self.path, MAX_LINE)?;
        Ok((file, last.map_or([0; 32], |line| sha256(&line))))
    }

    /// Writes an act down; once this has returned, it stands there.
    ///
    /// # Errors
    /// Where it could not be written: then it must have no effect.
    pub fn write(
        &self,
        lane: &str,
        (authority, officer): (AuthorityCode, AccountId),
        act: Act,
        clearance: Option<ClearanceId>,
        at: Timestamp,
    ) -> Result<(), ActError> {
        let mut fields = json!({
            "lane": lane, "authority": authority, "officer": officer.to_string(), "act": act.word(), "at": at.to_string(),
            "clearance": clearance.map(|id| id.to_string()),
        });
        let more = match act {
            Act::MeasureDone(measure) => Some(("measure", measure.as_str())),
            Act::Admit(reason) => Some(("reason", reason.word())),
            Act::Refuse | Act::DealtWith | Act::Call | Act::Release => None,
        };
        if let (Some((name, word)), Some(fields)) = (more, fields.as_object_mut()) {
            fields.insert(name.to_owned(), json!(word));
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // After a failed write the file is opened afresh, so that nothing is appended to half a line.
        let (mut file, last) = match open.take() {
            Some(opened) => opened,
            None => self.opened().map_err(|source| self.fault(source))?,
        };
        let text = fields.to_string();
        let signature = self.key.get().key.sign(&signed(&last, &text))?;
        let line = json!({
            "act": text, "previous": hex::encode(last), "signature": hex::encode(signature),
        })
        .to_string();
        let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|source| self.fault(source))?;
        *open = Some((file, sha256(line.as_bytes())));
        Ok(())
    }

    /// Reads a book back: every act in order, once each line is proven to be of one of the lane's keys and to follow the
    /// one before.
    ///
    /// # Errors
    /// The first line that is not.
    pub fn verify(text: &str, keys: &[VerifyingKey]) -> Result<Vec<Value>, ActFault> {
        let mut previous = [0; 32];
        let mut acts = Vec::new();
        for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
            let read: Value = serde_json::from_str(line).map_err(|_| ActFault::Form(number))?;
            let field = |name: &str| read.get(name).and_then(Value::as_str).ok_or(ActFault::Form(number));
            if field("previous")? != hex::encode(previous) {
                return Err(ActFault::Chain(number));
            }
            let act = field("act")?;
            let signature = hex::decode(field("signature")?).map_err(|_| ActFault::Form(number))?;
            let text = signed(&previous, act);
            if !keys.iter().any(|key| key.verify(&text, &signature).is_ok()) {
                return Err(ActFault::Signature(number));
            }
            acts.push(serde_json::from_str(act).map_err(|_| ActFault::Form(number))?);
            previous = sha256(line.as_bytes());
        }
        Ok(acts)
    }
}

fn signed(previous: &[u8; 32], act: &str) -> Vec<u8> {
    [LABEL, previous, act.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use credential::SigningKey;

    use super::*;
    use crate::outbox::GateKey;

    fn gate_key() -> GateKey {
        let key = Arc::new(SigningKey::generate().unwrap());
        GateKey { gate: "hengqin/one".to_owned(), kid: b"hengqin/one".to_vec(), key }
    }

    fn lane_key() -> LaneKey {
        LaneKey::new(gate_key())
    }

    fn now() -> Timestamp {
        "2026-03-02T10:00:00+08:00".parse().unwrap()
    }

    #[test]
    fn acts_are_chained_signed_and_continued_after_a_stop_in_the_middle_of_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.acts");
        let lane = lane_key();
        let first = VerifyingKey::new(*lane.get().key.public()).unwrap();
        let book = ActBook::open(path.clone(), lane.clone()).unwrap();
        let id = ClearanceId::from_bytes([7; 16]);
        let who = (AuthorityCode::Chn, AccountId::from_bytes([3; 8]));
        let write = |book: &ActBook, act| book.write("hengqin/one", who, act, Some(id), now());
        write(&book, Act::MeasureDone(Measure::Officer)).unwrap();
        write(&book, Act::Admit(AdmitReason::DocumentsSeen)).unwrap();
        drop(book);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"act\":\"half a li");
        std::fs::write(&path, &text).unwrap();
        let book = ActBook::open(path.clone(), lane.clone()).unwrap();
        // Another key of the lane goes on with the same book.
        lane.replace(gate_key());
        write(&book, Act::Refuse).unwrap();

        let text = std::fs::read_to_string(&path).unwrap();
        let both = [first.clone(), VerifyingKey::new(*lane.get().key.public()).unwrap()];
        let acts = ActBook::verify(&text, &both).unwrap();
        assert_eq!(ActBook::verify(&text, &[first]), Err(ActFault::Signature(3)));
        let words: Vec<_> = acts.iter().map(|act| act["act"].as_str().unwrap()).collect();
        assert_eq!(words, ["measure_done", "admit", "refuse"]);
        assert_eq!((&acts[0]["measure"], &acts[1]["reason"]), (&json!("officer"), &json!("documents_seen")));
        assert_eq!(acts[0]["clearance"], json!(id.to_string()));
        assert_eq!(acts[0]["officer"], json!("0303030303030303"));

        let lines: Vec<&str> = text.lines().collect();
        let without = [lines[0], lines[2]].join("\n");
        assert_eq!(ActBook::verify(&without, &both), Err(ActFault::Chain(2)));
        let changed = text.replace("documents_seen", "person_compared");
        assert_eq!(ActBook::verify(&changed, &both), Err(ActFault::Signature(2)));
        let other = VerifyingKey::new(*SigningKey::generate().unwrap().public()).unwrap();
        assert_eq!(ActBook::verify(&text, &[other]), Err(ActFault::Signature(1)));
        assert_eq!(ActBook::verify("nothing", &both), Err(ActFault::Form(1)));
    }

    #[test]
    fn an_act_that_cannot_be_written_down_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no").join("such.acts");
        assert!(matches!(ActBook::open(path, lane_key()), Err(ActError::File { .. })));
    }
}

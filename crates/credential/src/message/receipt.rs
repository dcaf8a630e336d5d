//! Receipt: what became of a message, signed by the authority that got it; and the beginning of a gate's new chain.
//!
//! Lives here: [`Receipt`], [`Chain`]. A sender acts on nothing else: an answer without a receipt says nothing, whoever
//! sent it, and the message is sent again.

use documents::{AuthorityCode, Timestamp};

use super::{self as message, Kind, MessageError, read_authority, read_gate, read_time};
use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::VerifyingKey;

/// How far a receipt's time may be from the sender's, in seconds: an older one may speak of a ledger that has gone back since.
const RECEIPT_SECONDS: i64 = 300;
/// Longest code of a conflict, in bytes.
const MAX_CODE: usize = 40;
/// Longest note about a new chain, in bytes.
const MAX_NOTE: usize = 200;

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiptResult {
    /// It is written down, durably; a repeat is answered alike.
    Taken,
    /// It is written down, but contradicts what stands there: an officer settles it. The stable code says what.
    Conflict(String),
    /// Of a chain of events: this number comes next. The missing ones are to be sent first.
    Expected(u64),
    /// Another event with this number is known: the gate must begin a new chain.
    Forked,
    /// The event's chain is not known: its beginning is to be sent first.
    UnknownChain,
}

/// An authority's signed answer to an event, a chain's beginning, a hand-over or a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Who signs it.
    pub authority: AuthorityCode,
    /// Hash of the message ([`super::payload_hash`]).
    pub message: [u8; 32],
    /// What became of it.
    pub result: ReceiptResult,
    /// Time of the receipt, by the authority's clock.
    pub at: Timestamp,
}

/// Why a receipt says nothing about what was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes are no receipt that this key has signed.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// It is another authority's, for another message, or of another time.
    #[error("the receipt is not of that authority, for that message, or of this time")]
    Other,
}

impl Receipt {
    /// Opens what `authority`, whose key for verdicts is `key`, answered to the signed message `sent`.
    ///
    /// # Errors
    /// [`ReceiptError`]: it is as if nothing had been answered.
    pub fn open(
        bytes: &[u8],
        key: &VerifyingKey,
        authority: AuthorityCode,
        sent: &[u8],
        now: Timestamp,
    ) -> Result<ReceiptResult, ReceiptError> {
        let receipt = Self::decode(message::open(Kind::Receipt, bytes, key)?).map_err(MessageError::from)?;
        let hash = message::payload_hash(message::unverified_payload(sent)?);
        let late = now.seconds_since(receipt.at).abs() > RECEIPT_SECONDS;
        if receipt.authority != authority || receipt.message != hash || late {
            return Err(ReceiptError::Other);
        }
        Ok(receipt.result)
    }

    /// The receipt as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let (result, number, code) = match &self.result {
            ReceiptResult::Taken => (0, 0, ""),
            ReceiptResult::Conflict(code) => (1, 0, code.as_str()),
            ReceiptResult::Expected(number) => (2, *number, ""),
            ReceiptResult::Forked => (3, 0, ""),
            ReceiptResult::UnknownChain => (4, 0, ""),
        };
        let mut w = Writer::with_capacity(96);
        w.array(6).text(self.authority.code()).bytes(&self.message).uint(result).uint(number).text(code);
        w.uint(self.at.unix().unsigned_abs());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(6)?;
        let authority = read_authority(&mut r)?;
        let message = *r.bytes_exact()?;
        let result = r.uint()?;
        let number = r.uint_max(i64::MAX.unsigned_abs())?;
        let code = r.text(MAX_CODE)?;
        let at = read_time(&mut r)?;
        r.finish()?;
        // What a result has no use for is empty: one receipt has one form.
        let result = match (result, number, code) {
            (0, 0, "") => ReceiptResult::Taken,
            (1, 0, code) if is_code(code) => ReceiptResult::Conflict(code.to_owned()),
            (2, 1.., "") => ReceiptResult::Expected(number),
            (3, 0, "") => ReceiptResult::Forked,
            (4, 0, "") => ReceiptResult::UnknownChain,
            _ => return Err(CborError::Unexpected),
        };
        Ok(Self { authority, message, result, at })
    }
}

fn is_code(code: &str) -> bool {
    !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Why a gate numbers its events anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChainReason {
    /// Its store was lost, replaced, or brought back from a backup.
    StoreLost,
    /// The program was replaced by one whose events have another form.
    FormChanged,
}

impl ChainReason {
    /// The word for it in records and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StoreLost => "store_lost",
            Self::FormChanged => "form_changed",
        }
    }
}

/// The beginning of a gate's new chain of events. The chain of epoch 0 needs none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Name of the gate that signs it.
    pub gate: String,
    /// Its number: higher than that of every chain of this gate before; the time at which it was begun.
    pub epoch: u64,
    /// Why the gate begins anew.
    pub reason: ChainReason,
    /// What the operator says about it, at most 200 bytes without control characters; may be empty.
    pub note: String,
    /// Time at which it was begun, by the gate's clock.
    pub at: Timestamp,
}

impl Chain {
    /// The beginning of a chain as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let reason = match self.reason {
            ChainReason::StoreLost => 0,
            ChainReason::FormChanged => 1,
        };
        let mut w = Writer::with_capacity(96);
        w.array(5).text(&self.gate).uint(self.epoch).uint(reason).text(&self.note);
        w.uint(self.at.unix().unsigned_abs());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`CborError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(payload);
        r.array_exact(5)?;
        let gate = read_gate(&mut r)?;
        let epoch = r.uint_max(i64::MAX.unsigned_abs())?;
        let reason = match r.uint()? {
            0 => ChainReason::StoreLost,
            1 => ChainReason::FormChanged,
            _ => return Err(CborError::Unexpected),
        };
        let note = r.text(MAX_NOTE)?;
        if epoch == 0 || !is_note(note) {
            return Err(CborError::Unexpected);
        }
        let note = note.to_owned();
        let at = read_time(&mut r)?;
        r.finish()?;
        Ok(Self { gate, epoch, reason, note, at })
    }

    /// A note cut to what a chain may carry.
    #[must_use]
    pub fn note(text: &str) -> String {
        let mut note = String::new();
        for character in text.chars().filter(|c| !c.is_control()) {
            if note.len() + character.len_utf8() > MAX_NOTE {
                break;
            }
            note.push(character);
        }
        note
    }
}

fn is_note(note: &str) -> bool {
    note.len() <= MAX_NOTE && !note.chars().any(char::is_control)
}

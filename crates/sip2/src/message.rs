//! Message: one line, read into its parts and written again byte for byte.
//!
//! Lives here: [`Message`]. Not here: what its fields mean (`request`, `answer`), lines out of a stream (`frame`). A value stays the bytes
//! that came: the checksum is over them, and an accent that is read and written anew may be two characters instead of one.

use std::fmt;

use documents::redact_debug;

use crate::values::{MAX_DATE_LEN, SipDate};
use crate::{Charset, Field, FieldId, Kind, SipError, checksum};

/// Whether the library's system and the desk have agreed on sequence numbers and checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorDetection {
    /// Every message has both.
    On,
    /// None needs them; what stands there is not held to.
    Off,
}

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    kind: Kind,
    fixed: Vec<u8>,
    fields: Vec<Field>,
    sequence: Option<u8>,
    checked: bool,
}
redact_debug!(Message);

impl Message {
    /// A message to send: fixed fields as long as the kind has them.
    pub(crate) fn new(kind: Kind, fixed: Vec<u8>, fields: Vec<Field>) -> Self {
        debug_assert_eq!(fixed.len(), kind.fixed_len());
        Self { kind, fixed, fields, sequence: None, checked: false }
    }

    /// The same under a sequence number (0 to 9) and with a checksum; those that ask for another message again take no number.
    #[must_use]
    pub fn checked(self, sequence: u8) -> Self {
        let sequence = (!self.kind.is_resend()).then_some(sequence % 10);
        Self { sequence, checked: true, ..self }
    }

    /// Asks the other side for its last message again.
    #[must_use]
    pub fn resend(detection: ErrorDetection) -> Self {
        let message = Self::new(Kind::ScResend, Vec::new(), Vec::new());
        match detection {
            ErrorDetection::On => message.checked(0),
            ErrorDetection::Off => message,
        }
    }

    /// Reads a line without its end.
    ///
    /// # Errors
    /// [`SipError`]: the first fault.
    pub fn parse(line: &[u8], detection: ErrorDetection) -> Result<Self, SipError> {
        let kind = Kind::of_id(line.get(..2).ok_or(SipError::Short)?).ok_or(SipError::UnknownKind)?;
        if line.iter().any(|byte| *byte < b' ' || *byte == 0x7f) {
            return Err(SipError::Control);
        }
        let id = kind.id();
        let end = 2 + kind.fixed_len();
        let fixed = line.get(2..end).ok_or(SipError::Fixed(id))?.to_vec();
        if !fixed.is_ascii() || fixed.contains(&b'|') {
            return Err(SipError::Fixed(id));
        }
        let (tail, mut rest) = (Tail::of(line, id)?, line.get(end..).unwrap_or_default());
        rest = rest.get(..rest.len().saturating_sub(tail.len())).unwrap_or_default();
        match (detection, tail.sum) {
            (ErrorDetection::On, None) => return Err(SipError::NoChecksum),
            (ErrorDetection::On, Some(sum)) => {
                let covered = line.get(..line.len() - 4).unwrap_or_default();
                if checksum(covered) != sum {
                    return Err(SipError::Checksum);
                }
            }
            (ErrorDetection::Off, _) => {}
        }
        for at in kind.dates() {
            let date = fixed.get(*at..at + MAX_DATE_LEN).ok_or(SipError::Fixed(id))?;
            SipDate::check(date).ok_or(SipError::Date(id))?;
        }
        let mut fields = Vec::new();
        while !rest.is_empty() {
            let name =
                rest.first_chunk::<2>().and_then(|name| FieldId::new(*name)).ok_or(SipError::Field(id))?;
            let value = rest.get(2..).unwrap_or_default();
            let end = value.iter().position(|byte| *byte == b'|').ok_or(SipError::Field(id))?;
            let (value, next) = value.split_at(end);
            fields.push(Field { id: name, value: value.to_vec() });
            rest = next.get(1..).unwrap_or_default();
        }
        Ok(Self { kind, fixed, fields, sequence: tail.sequence, checked: tail.sum.is_some() })
    }

    /// The line, without its end.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut line = self.kind.id().as_bytes().to_vec();
        line.extend_from_slice(&self.fixed);
        for field in &self.fields {
            line.extend_from_slice(field.id.as_bytes());
            line.extend_from_slice(&field.value);
            line.push(b'|');
        }
        if let Some(sequence) = self.sequence {
            line.extend_from_slice(format!("AY{sequence}").as_bytes());
        }
        if self.checked {
            line.extend_from_slice(b"AZ");
            let sum = checksum(&line);
            line.extend_from_slice(format!("{sum:04X}").as_bytes());
        }
        line
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The sequence number, where it has one.
    #[must_use]
    pub const fn sequence(&self) -> Option<u8> {
        self.sequence
    }

    /// A part of the fixed fields.
    pub(crate) fn fixed(&self, at: usize, length: usize) -> Result<&[u8], SipError> {
        self.fixed.get(at..at + length).ok_or(SipError::Fixed(self.kind.id()))
    }

    /// The fields, in the order in which they came.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The first value under a name that is not empty.
    #[must_use]
    pub fn value(&self, id: FieldId) -> Option<&[u8]> {
        self.values(id).find(|value| !value.is_empty())
    }

    /// Every value under a name: some stand several times.
    pub fn values(&self, id: FieldId) -> impl Iterator<Item = &[u8]> {
        self.fields.iter().filter(move |field| field.id == id).map(|field| field.value.as_slice())
    }

    /// The first text under a name.
    ///
    /// # Errors
    /// [`SipError::NotText`].
    pub fn text(&self, id: FieldId, charset: Charset) -> Result<Option<String>, SipError> {
        self.value(id).map(|value| charset.decode(value)).transpose()
    }

    /// Every text under a name that is not empty.
    ///
    /// # Errors
    /// [`SipError::NotText`].
    pub fn texts(&self, id: FieldId, charset: Charset) -> Result<Vec<String>, SipError> {
        let texts = self.values(id).filter(|value| !value.is_empty());
        texts.map(|value| charset.decode(value)).collect()
    }

    /// What a log may have: the kind, the sequence number, and the names of the fields with the lengths of their values.
    pub fn logged(&self) -> impl fmt::Display {
        Logged(self.clone())
    }
}

struct Logged(Message);

impl fmt::Display for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(message) = self;
        write!(f, "{}", message.kind.id())?;
        for field in &message.fields {
            write!(f, " {:?}", field.id)?;
            if !field.id.is_secret() {
                write!(f, "({})", field.value.len())?;
            }
        }
        match message.sequence {
            Some(sequence) => write!(f, " AY{sequence}"),
            None => Ok(()),
        }
    }
}

/// `AY` with its digit and `AZ` with its sum, which stand last and end without a `|`.
struct Tail {
    sequence: Option<u8>,
    sum: Option<u16>,
}

impl Tail {
    fn of(line: &[u8], id: &'static str) -> Result<Self, SipError> {
        let (mut rest, mut sum) = (line, None);
        if let Some((before, tail)) = rest.split_last_chunk::<6>()
            && let [b'A', b'Z', digits @ ..] = tail
        {
            let hex = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(is_upper_hex));
            let value = hex.and_then(|text| u16::from_str_radix(text, 16).ok());
            sum = Some(value.ok_or(SipError::Tail(id))?);
            rest = before;
        }
        let digit = match rest.split_last_chunk::<3>() {
            // At the end of a field stands a `|`, so this is no field's value.
            Some((_, [b'A', b'Y', digit])) if digit.is_ascii_digit() => Some(digit - b'0'),
            _ => None,
        };
        Ok(Self { sequence: digit, sum })
    }

    fn len(&self) -> usize {
        3 * usize::from(self.sequence.is_some()) + 6 * usize::from(self.sum.is_some())
    }
}

const fn is_upper_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'A'..=b'F')
}

//! The sealed columns as deterministic CBOR.
//!
//! Lives here: how guests, stays and answers are written and read back. Not here: sealing (`vault`). What cannot be read back is
//! an error of its row.

use std::collections::BTreeMap;

use credential::cbor::{CborError, Reader, Writer};
use credential::venue::Pseudonym;
use documents::{LocalDate, Timestamp};

use crate::profile::Deadline;
use crate::stay::{Entry, Guest, InHouse, Room, Source};

/// Longest text that is read back, in bytes.
const TEXT: usize = 1024;
/// Most items of a list.
const ITEMS: usize = 64;

/// What a stay's row holds beside the guest.
pub(super) struct StayRecord {
    pub(super) room: Room,
    pub(super) planned: LocalDate,
    pub(super) deadline: Option<Deadline>,
    pub(super) keep_until: Option<Timestamp>,
}

pub(super) fn write_guest(guest: &Guest) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(4).array(guest.fields.len());
    for (field, entry) in &guest.fields {
        out.array(3).text(field.code()).text(&entry.text).text(entry.source.code());
    }
    out.array(guest.notes.len());
    for (duty, note) in &guest.notes {
        out.array(2).text(duty).text(note);
    }
    match guest.pseudonym {
        Some(pseudonym) => out.bytes(pseudonym.as_bytes()),
        None => out.null(),
    };
    out.bool(guest.minor).finish()
}

pub(super) fn read_guest(bytes: &[u8]) -> Result<Guest, CborError> {
    let mut from = Reader::new(bytes);
    from.array_exact(4)?;
    let mut fields = BTreeMap::new();
    for _ in 0..from.array(ITEMS)? {
        from.array_exact(3)?;
        let field = from.text(TEXT)?.parse().map_err(|_| CborError::Unexpected)?;
        let text = from.text(TEXT)?.to_owned();
        let source = Source::from_code(from.text(TEXT)?).ok_or(CborError::Unexpected)?;
        fields.insert(field, Entry { text, source });
    }
    let mut notes = BTreeMap::new();
    for _ in 0..from.array(ITEMS)? {
        from.array_exact(2)?;
        notes.insert(from.text(TEXT)?.to_owned(), from.text(TEXT)?.to_owned());
    }
    let pseudonym = match from.null_here()? {
        true => None,
        false => Some(Pseudonym::from_bytes(*from.bytes_exact::<16>()?)),
    };
    let minor = from.bool()?;
    from.finish()?;
    Ok(Guest { fields, notes, pseudonym, minor })
}

pub(super) fn write_stay(stay: &InHouse, keep_until: Option<Timestamp>) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(5).text(stay.room.as_str()).text(&stay.planned.to_string());
    write_time(&mut out, stay.deadline.map(|deadline| deadline.alarm_at));
    write_time(&mut out, stay.deadline.map(|deadline| deadline.due_at));
    write_time(&mut out, keep_until);
    out.finish()
}

pub(super) fn read_stay(bytes: &[u8]) -> Result<StayRecord, CborError> {
    let mut from = Reader::new(bytes);
    from.array_exact(5)?;
    let room = from.text(TEXT)?.parse().map_err(|_| CborError::Unexpected)?;
    let planned = from.text(TEXT)?.parse().map_err(|_| CborError::Unexpected)?;
    let deadline = match (read_time(&mut from)?, read_time(&mut from)?) {
        (Some(alarm_at), Some(due_at)) => Some(Deadline { alarm_at, due_at }),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => return Err(CborError::Unexpected),
    };
    let keep_until = read_time(&mut from)?;
    from.finish()?;
    Ok(StayRecord { room, planned, deadline, keep_until })
}

fn write_time(out: &mut Writer, time: Option<Timestamp>) {
    match time.and_then(|time| u64::try_from(time.unix()).ok()) {
        Some(seconds) => out.uint(seconds),
        None => out.null(),
    };
}

fn read_time(from: &mut Reader<'_>) -> Result<Option<Timestamp>, CborError> {
    if from.null_here()? {
        return Ok(None);
    }
    let seconds = i64::try_from(from.uint()?).map_err(|_| CborError::Limit)?;
    Timestamp::from_unix(seconds).map(Some).ok_or(CborError::Limit)
}

/// A text, or nothing.
pub(super) fn write_text(out: &mut Writer, text: Option<&str>) {
    match text {
        Some(text) => out.text(text),
        None => out.null(),
    };
}

pub(super) fn read_text(from: &mut Reader<'_>) -> Result<Option<String>, CborError> {
    if from.null_here()? { Ok(None) } else { from.text(TEXT).map(|text| Some(text.to_owned())) }
}

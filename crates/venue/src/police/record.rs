//! Records of the register as JSON, the same bytes for the same stay.
//!
//! Lives here: bodies of arrivals, corrections and departures. Not here: sending. The register hears the fields that the profile
//! asks for, room and times; never a pseudonym, a face, or what was noted of a minor.

use std::collections::{BTreeMap, BTreeSet};

use documents::Timestamp;
use serde::Serialize;

use crate::profile::Field;
use crate::stay::{Guest, Left, Stay};

#[derive(Serialize)]
struct Arrival<'a> {
    arrived: String,
    guest: BTreeMap<&'static str, &'a str>,
    planned: String,
    room: &'a str,
}

#[derive(Serialize)]
struct Correction<'a> {
    at: String,
    guest: BTreeMap<&'static str, &'a str>,
    room: &'a str,
}

#[derive(Serialize)]
struct Departure<'a> {
    guest: BTreeMap<&'static str, &'a str>,
    left: String,
}

fn fields(guest: &Guest, of: impl Fn(Field, &str) -> bool) -> BTreeMap<&'static str, &str> {
    guest
        .fields()
        .filter(|(field, entry)| of(*field, &entry.text))
        .map(|(field, entry)| (field.code(), entry.text.as_str()))
        .collect()
}

/// The body of an arrival.
pub(crate) fn arrival(stay: &Stay) -> Vec<u8> {
    let last = stay.last();
    json(&Arrival {
        arrived: last.since.to_string(),
        guest: fields(&last.guest, |_, _| true),
        planned: last.planned.to_string(),
        room: last.room.as_str(),
    })
}

/// The body of a correction or of another room: what changed, and the room.
pub(crate) fn correction(before: &Stay, after: &Stay, at: Timestamp) -> Vec<u8> {
    let changed = |field: Field, text: &str| before.guest().field(field) != Some(text);
    json(&Correction {
        at: at.to_string(),
        guest: fields(after.guest(), changed),
        room: after.last().room.as_str(),
    })
}

/// The body of a departure, with what is asked on leaving.
pub(crate) fn departure(left: &Left, asked: &BTreeSet<Field>) -> Vec<u8> {
    json(&Departure {
        guest: fields(&left.was.guest, |field, _| asked.contains(&field)),
        left: left.out.to_string(),
    })
}

/// Structures of texts are always JSON.
fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).unwrap_or_default()
}

//! Party: guests who arrive together, from one to a tour group, and the rooming list that says who sleeps where.
//!
//! Lives here: [`Party`], [`RoomingList`]. Not here: one guest (`guest`). One bad line never holds up the others.

use std::collections::{BTreeMap, BTreeSet};

use documents::{LocalDate, Timestamp, redact_debug};

use super::{Admission, Disclosed, GuestFault, InHouse, Notes, PartyId, Room, Stay, Typed, admit};
use crate::profile::{Field, Profile};

/// Most lines of a party.
pub const MAX_PARTY: usize = 100;

/// One line of a party.
#[derive(Clone)]
pub struct Arrival {
    /// Its number, which it keeps when it is sent again.
    pub line: u16,
    /// What the guest showed.
    pub shown: Disclosed,
    /// What the clerk typed.
    pub typed: Typed,
    /// What the clerk noted of a minor.
    pub notes: Notes,
    /// The room; `None` where the rooming list says it.
    pub room: Option<Room>,
}
redact_debug!(Arrival);

/// Guests who arrive together.
#[derive(Debug, Clone)]
pub struct Party {
    /// Its id: the same for every try of the same check-in.
    pub id: PartyId,
    /// The day on which they mean to leave.
    pub planned: LocalDate,
    arrivals: Vec<Arrival>,
    rooming: RoomingList,
}

/// Why a party cannot be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PartyError {
    /// Nobody, or too many.
    #[error("{0} guests; a check-in takes 1 to 100 at once")]
    Size(usize),
    /// A line stands there twice.
    #[error("line {0} stands there twice; number the lines")]
    Line(u16),
}

impl PartyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Size(_) => "party_size",
            Self::Line(_) => "party_line",
        }
    }
}

/// What becomes of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A stay begins.
    Stay(Box<Stay>),
    /// A child who stands with an adult.
    WithAdult,
    /// It has to be corrected and sent again.
    Refused(BTreeSet<GuestFault>),
}

impl Party {
    /// A party whose lines have numbers of their own.
    ///
    /// # Errors
    /// [`PartyError`].
    pub fn new(
        id: PartyId,
        planned: LocalDate,
        arrivals: Vec<Arrival>,
        rooming: RoomingList,
    ) -> Result<Self, PartyError> {
        if arrivals.is_empty() || arrivals.len() > MAX_PARTY {
            return Err(PartyError::Size(arrivals.len()));
        }
        let mut seen = BTreeSet::new();
        match arrivals.iter().find(|arrival| !seen.insert(arrival.line)) {
            Some(twice) => Err(PartyError::Line(twice.line)),
            None => Ok(Self { id, planned, arrivals, rooming }),
        }
    }

    /// Holds every line to the profile, each by itself.
    #[must_use]
    pub fn admit(&self, profile: &Profile, now: Timestamp) -> BTreeMap<u16, Outcome> {
        let mut documents: BTreeMap<String, u16> = BTreeMap::new();
        let mut rooming = self.rooming.clone();
        let mut outcomes = BTreeMap::new();
        for arrival in &self.arrivals {
            let outcome = self.one(profile, arrival, &mut rooming, &mut documents, now);
            outcomes.insert(arrival.line, outcome);
        }
        outcomes
    }

    fn one(
        &self,
        profile: &Profile,
        arrival: &Arrival,
        rooming: &mut RoomingList,
        documents: &mut BTreeMap<String, u16>,
        now: Timestamp,
    ) -> Outcome {
        let admitted = admit(profile, &arrival.shown, &arrival.typed, &arrival.notes, now);
        let (guest, deadline) = match admitted {
            Ok(Admission::Guest(guest, deadline)) => (guest, deadline),
            Ok(Admission::WithAdult) => return Outcome::WithAdult,
            Err(faults) => return Outcome::Refused(faults),
        };
        if let Some(document) = guest.document() {
            let key = format!("{}/{}", document.permit(), document.match_key());
            if let Some(line) = documents.get(&key) {
                return Outcome::Refused(BTreeSet::from([GuestFault::TwiceInParty(*line)]));
            }
            documents.insert(key, arrival.line);
        }
        let name = guest.field(Field::Name);
        let name = name.or(arrival.shown.name.as_deref()).unwrap_or_default();
        let room = arrival.room.clone().or_else(|| rooming.take(name));
        let Some(room) = room else {
            return Outcome::Refused(BTreeSet::from([GuestFault::NoRoom]));
        };
        Outcome::Stay(Box::new(Stay::InHouse(InHouse {
            guest: *guest,
            room,
            since: now,
            planned: self.planned,
            deadline,
        })))
    }
}

/// One row of a rooming list.
#[derive(Clone, PartialEq, Eq)]
pub struct RoomingRow {
    /// The room.
    pub room: Room,
    /// The guest's name, in any order of its words.
    pub name: String,
}
redact_debug!(RoomingRow);

/// A row of a rooming list that cannot be used. The others can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("row {row} of the rooming list: {want}")]
pub struct RoomingRowError {
    /// Its number, from 1, the heading not counted.
    pub row: usize,
    /// What to write.
    pub want: String,
}

const TOO_MANY: &str = "a rooming list has 100 rows at most";

/// One row of a rooming list as it was written, right or wrong: for a clerk who mends it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrittenRow {
    /// Its number, from 1, the heading not counted.
    pub row: usize,
    /// The room.
    pub room: String,
    /// The fields of the guest, the name among them: each column whose heading is the code of a field.
    pub fields: Typed,
    broken: bool,
}
redact_debug!(WrittenRow);

impl WrittenRow {
    /// Room and name, where both can be used.
    ///
    /// # Errors
    /// What to write.
    pub fn checked(&self) -> Result<RoomingRow, RoomingRowError> {
        let refuse = |want: String| RoomingRowError { row: self.row, want };
        if self.broken {
            return Err(refuse("not a row of CSV; look for a quotation mark".to_owned()));
        }
        let room = self.room.parse::<Room>().map_err(|error| refuse(error.to_string()))?;
        let name = self.fields.get(&Field::Name).map(String::as_str).unwrap_or_default();
        let name = super::text(name, 1).map_err(|want| refuse(format!("the name: {want}")))?;
        Ok(RoomingRow { room, name })
    }
}

/// A rooming list as it was written.
#[derive(Debug, Clone)]
pub struct WrittenRows {
    /// Its rows, in order.
    pub rows: Vec<WrittenRow>,
    /// Headings of columns that name no field, as they were written: they are not used.
    pub unused: Vec<String>,
}

impl WrittenRows {
    /// Reads CSV with a heading of `room`, `name` and codes of fields, in any order, beside other columns.
    ///
    /// # Errors
    /// The heading has no `room` or no `name`.
    pub fn read(csv: &str) -> Result<Self, RoomingRowError> {
        let csv = csv.trim_start_matches('\u{feff}');
        let mut reader =
            csv::ReaderBuilder::new().flexible(true).trim(csv::Trim::All).from_reader(csv.as_bytes());
        let heading = reader.headers().cloned().unwrap_or_default();
        let (mut room, mut columns, mut unused) = (None, BTreeMap::new(), Vec::new());
        for (at, title) in heading.iter().enumerate() {
            let code = title.to_lowercase().replace([' ', '-'], "_");
            match code.parse::<Field>() {
                Ok(field) => drop(columns.entry(field).or_insert(at)),
                Err(_) if code == "room" && room.is_none() => room = Some(at),
                Err(_) => unused.push(title.to_owned()),
            }
        }
        let (Some(room), true) = (room, columns.contains_key(&Field::Name)) else {
            let want = "write a heading with the columns room and name".to_owned();
            return Err(RoomingRowError { row: 0, want });
        };
        let mut rows = Vec::new();
        for (at, record) in reader.records().enumerate() {
            let (broken, record) = (record.is_err(), record.unwrap_or_default());
            let cell = |at: usize| record.get(at).unwrap_or_default();
            let fields = columns.iter().map(|(field, at)| (*field, cell(*at).to_owned()));
            let fields = fields.filter(|(_, text)| !text.is_empty()).collect();
            rows.push(WrittenRow { row: at + 1, room: cell(room).to_owned(), fields, broken });
        }
        Ok(Self { rows, unused })
    }
}

/// Who sleeps where.
#[derive(Debug, Clone, Default)]
pub struct RoomingList(Vec<RoomingRow>);

impl RoomingList {
    /// Reads CSV with a heading of `room` and `name`, in any order, beside other columns. Gives the rows that can be used and what
    /// is wrong with the others.
    #[must_use]
    pub fn read(csv: &str) -> (Self, Vec<RoomingRowError>) {
        let written = match WrittenRows::read(csv) {
            Ok(written) => written,
            Err(error) => return (Self::default(), vec![error]),
        };
        let (mut rows, mut errors) = (Vec::new(), Vec::new());
        for row in &written.rows {
            match row.checked() {
                Ok(_) if rows.len() >= MAX_PARTY => {
                    errors.push(RoomingRowError { row: row.row, want: TOO_MANY.to_owned() });
                }
                Ok(row) => rows.push(row),
                Err(error) => errors.push(error),
            }
        }
        (Self(rows), errors)
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &[RoomingRow] {
        &self.0
    }

    /// The room of this name; each row serves once.
    fn take(&mut self, name: &str) -> Option<Room> {
        let words = words(name);
        let at = self.0.iter().position(|row| self::words(&row.name) == words)?;
        Some(self.0.remove(at).room)
    }
}

/// The words of a name without order, case, commas and hyphens.
fn words(name: &str) -> BTreeMap<String, usize> {
    let mut words = BTreeMap::new();
    for word in name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        *words.entry(word.to_uppercase()).or_default() += 1;
    }
    words
}

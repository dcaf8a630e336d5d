//! Movements: the ledger, with typed columns.
//!
//! Lives here: [`LedgerEntry`] and its rows. Not here: what a movement counts for (`documents`). A ledger holds person
//! keys, times and hashes: never a part, a probe or a name.

use credential::cbor::Writer;
use documents::{
    AuthorityCode, Direction, EndorsementRef, FormCode, LocalDate, Movement, PortId, Timestamp, Use,
};
use sqlx::any::AnyRow;

use super::vault::PersonKey;
use super::{
    Result, StoreError, Tx, all, array, column, define_statements, parsed, parsed_if_any, run, time,
};

macro_rules! columns {
    ($start:literal, $end:literal) => {
        concat!(
            $start,
            "person_key, id, at, port, origin, destination, issuer, source, with_group, granted_until, ",
            "spends_form, spends_destination, spends_from, keep_days, reduced",
            $end
        )
    };
}

define_statements! {
    ADD_MOVEMENT = columns!("INSERT INTO movement (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0) ON CONFLICT (person_key, id) DO NOTHING");
    FIND_MOVEMENTS = columns!("SELECT ", " FROM movement WHERE person_key = $1 ORDER BY at, id");
    LEDGER_PAGE = columns!("SELECT ", " FROM movement WHERE (at, id) > ($1, $2) ORDER BY at, id LIMIT $3");
}

/// How a movement came into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A passage at one of this authority's own lanes.
    Passage,
    /// Another authority's notice.
    Notice,
    /// An earlier record, written in by hand: what it spent follows from the movements before it.
    Earlier,
}

impl Source {
    const fn number(self) -> i16 {
        match self {
            Self::Passage => 1,
            Self::Notice => 2,
            Self::Earlier => 3,
        }
    }
}

/// One passage as a ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEntry {
    /// The port at which the traveller passed.
    pub port: PortId,
    /// From where to where.
    pub direction: Direction,
    /// Issuer of the token that was used.
    pub issuer: AuthorityCode,
    /// Whether the traveller went with a tour group.
    pub with_group: bool,
    /// The last lawful day that the entry gave.
    pub granted_until: Option<LocalDate>,
    /// The endorsement that lost an entry.
    pub spends: Option<EndorsementRef>,
    /// How it came into the ledger.
    pub source: Source,
    /// Days for which its time of day may be kept, by the approval under which it was recorded.
    pub keep_days: u16,
}

/// Days for which the time of day of a movement is kept that no approval of this authority covered.
pub const KEEP_DAYS: u16 = 30;

impl LedgerEntry {
    /// What a passage at an own lane will be written as, decided when it is admitted.
    #[must_use]
    pub const fn passage(
        port: PortId,
        direction: Direction,
        issuer: AuthorityCode,
        granted_until: Option<LocalDate>,
        spends: Option<EndorsementRef>,
        keep_days: u16,
    ) -> Self {
        let source = Source::Passage;
        Self { port, direction, issuer, with_group: false, granted_until, spends, source, keep_days }
    }

    /// A move between the regions of which the entering authority told.
    #[must_use]
    pub const fn noticed(port: PortId, direction: Direction, issuer: AuthorityCode) -> Self {
        let source = Source::Notice;
        Self {
            port,
            direction,
            issuer,
            with_group: false,
            granted_until: None,
            spends: None,
            source,
            keep_days: KEEP_DAYS,
        }
    }

    /// An earlier movement, at one side of `me`.
    #[must_use]
    pub fn earlier(past: &Movement, me: AuthorityCode) -> Self {
        let (spends, source) = match past.used {
            Use::Entry(reference) => (Some(reference), Source::Passage),
            Use::Nothing => (None, Source::Passage),
            Use::Unrecorded => (None, Source::Earlier),
        };
        Self {
            port: past.port.clone(),
            direction: past.direction,
            issuer: me,
            with_group: past.with_group,
            granted_until: past.granted_until,
            spends,
            source,
            keep_days: KEEP_DAYS,
        }
    }

    /// Whether a notice told of it.
    #[must_use]
    pub fn is_noticed(&self) -> bool {
        self.source == Source::Notice
    }

    /// As the rules see it.
    #[must_use]
    pub fn movement(&self, at: Timestamp) -> Movement {
        let mut movement = Movement::new(at, self.port.clone(), self.direction);
        movement.with_group = self.with_group;
        movement.granted_until = self.granted_until;
        movement.used = match (self.source, self.spends) {
            (Source::Notice | Source::Earlier, _) => Use::Unrecorded,
            (Source::Passage, None) => Use::Nothing,
            (Source::Passage, Some(reference)) => Use::Entry(reference),
        };
        movement
    }

    /// What tells this entry from any other, as deterministic CBOR, for the id of one that no event made.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<u8> {
        let day = |w: &mut Writer, day: Option<LocalDate>| match day {
            Some(day) => drop(w.text(&day.to_string())),
            None => drop(w.null()),
        };
        let mut w = Writer::new();
        w.array(10).text(self.port.as_str()).text(self.direction.from().code());
        w.text(self.direction.to().code()).text(self.issuer.code()).bool(self.with_group);
        day(&mut w, self.granted_until);
        match self.spends {
            Some(EndorsementRef { form, destination, valid_from }) => {
                w.uint(form.get().into()).text(destination.code());
                day(&mut w, Some(valid_from));
            }
            None => drop(w.null().null().null()),
        }
        w.uint(self.source.number().unsigned_abs().into());
        w.finish()
    }
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// The person who moved.
    pub person: PersonKey,
    /// Its id: SHA-256 of the event that made it.
    pub id: [u8; 32],
    /// When; where its time of day was taken away, the start of the day.
    pub at: Timestamp,
    /// The movement itself.
    pub entry: LedgerEntry,
    /// Whether its time of day was taken away.
    pub reduced: bool,
}

/// What an entry spends, as columns: form, destination, first day.
pub(super) type SpendColumns = (Option<i16>, Option<String>, Option<String>);

pub(super) fn spend_columns(spends: Option<EndorsementRef>) -> SpendColumns {
    match spends {
        Some(spends) => (
            Some(i16::from(spends.form.get())),
            Some(spends.destination.code().to_owned()),
            Some(spends.valid_from.to_string()),
        ),
        None => (None, None, None),
    }
}

pub(super) fn read_spends(row: &AnyRow, table: &'static str) -> Result<Option<EndorsementRef>> {
    let form: Option<i16> = column(row, table, "spends_form")?;
    let destination = parsed_if_any(row, table, "spends_destination")?;
    let valid_from = parsed_if_any(row, table, "spends_from")?;
    let (Some(form), Some(destination), Some(valid_from)) = (form, destination, valid_from) else {
        return Ok(None);
    };
    let form = u8::try_from(form).ok().and_then(FormCode::new);
    let form = form.ok_or(StoreError::Row { table, column: "spends_form" })?;
    Ok(Some(EndorsementRef { form, destination, valid_from }))
}

pub(super) fn read_direction(row: &AnyRow, table: &'static str) -> Result<Direction> {
    let (from, to) = (parsed(row, table, "origin")?, parsed(row, table, "destination")?);
    Direction::new(from, to).ok_or(StoreError::Row { table, column: "destination" })
}

pub(super) fn read_days(row: &AnyRow, table: &'static str) -> Result<u16> {
    let days: i16 = column(row, table, "keep_days")?;
    u16::try_from(days).map_err(|_| StoreError::Row { table, column: "keep_days" })
}

fn ledger_row(row: &AnyRow) -> Result<LedgerRow> {
    const TABLE: &str = "movement";
    let source: i16 = column(row, TABLE, "source")?;
    let source = match source {
        1 => Source::Passage,
        2 => Source::Notice,
        3 => Source::Earlier,
        _ => return Err(StoreError::Row { table: TABLE, column: "source" }),
    };
    let with_group: i16 = column(row, TABLE, "with_group")?;
    let reduced: i16 = column(row, TABLE, "reduced")?;
    Ok(LedgerRow {
        person: PersonKey::from_bytes(array(row, TABLE, "person_key")?),
        id: array(row, TABLE, "id")?,
        at: time(row, TABLE, "at")?,
        entry: LedgerEntry {
            port: parsed(row, TABLE, "port")?,
            direction: read_direction(row, TABLE)?,
            issuer: parsed(row, TABLE, "issuer")?,
            with_group: with_group != 0,
            granted_until: parsed_if_any(row, TABLE, "granted_until")?,
            spends: read_spends(row, TABLE)?,
            source,
            keep_days: read_days(row, TABLE)?,
        },
        reduced: reduced != 0,
    })
}

/// Writes into the ledger; false where this event was applied already.
pub(crate) async fn add_movement(
    tx: &mut Tx,
    person: PersonKey,
    id: &[u8; 32],
    at: Timestamp,
    entry: &LedgerEntry,
) -> Result<bool> {
    let (form, destination, from) = spend_columns(entry.spends);
    let done = run!(
        tx,
        ADD_MOVEMENT,
        person.to_vec(),
        id.to_vec(),
        at.unix(),
        entry.port.to_string(),
        entry.direction.from().code().to_owned(),
        entry.direction.to().code().to_owned(),
        entry.issuer.code().to_owned(),
        entry.source.number(),
        i16::from(entry.with_group),
        entry.granted_until.map(|day| day.to_string()),
        form,
        destination,
        from,
        i16::try_from(entry.keep_days).unwrap_or(i16::MAX),
    )?;
    Ok(done == 1)
}

/// The ledger's movements of one person, the oldest first.
pub(crate) async fn find_movements(tx: &mut Tx, person: PersonKey) -> Result<Vec<LedgerRow>> {
    all!(tx, FIND_MOVEMENTS, person.to_vec())?.iter().map(ledger_row).collect()
}

/// The next `limit` entries of the ledger after this time and id, the oldest first.
pub(crate) async fn ledger_page(tx: &mut Tx, after: (i64, &[u8]), limit: i64) -> Result<Vec<LedgerRow>> {
    all!(tx, LEDGER_PAGE, after.0, after.1.to_vec(), limit)?.iter().map(ledger_row).collect()
}

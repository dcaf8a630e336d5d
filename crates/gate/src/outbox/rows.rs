//! Rows: from what stands in a row to the types of the domain; a row that the domain rejects names table and column.

use clearance::{ClearanceId, Digest, Passage, PassageRecord, Place, Sides, Subject, Trail};
use credential::TokenId;
use documents::{Direction, Side, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::store::StoreError;

pub(super) const fn sides_word<S>(sides: &Sides<S>) -> &'static str {
    match sides {
        Sides::Both { .. } => "both",
        Sides::One(Side::Exit, _) => "exit",
        Sides::One(Side::Entry, _) => "entry",
    }
}

pub(super) const fn row(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Row { table, column }
}

pub(super) fn array<const N: usize>(
    from: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<[u8; N], StoreError> {
    from.try_get::<Vec<u8>, _>(column)?.try_into().map_err(|_| row(table, column))
}

pub(super) fn time(
    from: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<Timestamp, StoreError> {
    Timestamp::from_unix(from.try_get(column)?).ok_or_else(|| row(table, column))
}

pub(super) fn digests(
    from: &SqliteRow,
    table: &'static str,
    column: &'static str,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let bytes: Vec<u8> = from.try_get(column)?;
    let chunks = bytes.chunks_exact(32);
    if !chunks.remainder().is_empty() {
        return Err(row(table, column));
    }
    chunks.map(|c| c.try_into().map_err(|_| row(table, column))).collect()
}

fn parsed<V: std::str::FromStr>(from: &SqliteRow, column: &'static str) -> Result<V, StoreError> {
    from.try_get::<String, _>(column)?.parse().map_err(|_| row("clearance", column))
}

pub(super) fn read_passage(from: &SqliteRow, table: &'static str) -> Result<Passage, StoreError> {
    let word: String = from.try_get("passage")?;
    word.parse().map_err(|_| row(table, "passage"))
}

pub(super) fn trail(from: &SqliteRow) -> Result<Trail, StoreError> {
    let table = "clearance";
    let sides = match from.try_get::<String, _>("sides")?.as_str() {
        "both" => Sides::Both { exit: (), entry: () },
        "exit" => Sides::One(Side::Exit, ()),
        "entry" => Sides::One(Side::Entry, ()),
        _ => return Err(row(table, "sides")),
    };
    let direction = Direction::new(parsed(from, "origin")?, parsed(from, "destination")?)
        .ok_or_else(|| row(table, "destination"))?;
    let place = Place { lane: parsed(from, "lane")?, port: parsed(from, "port")?, direction, sides };
    let subject = Subject {
        clearance: ClearanceId::from_bytes(array(from, table, "id")?),
        place,
        token: TokenId::from_bytes(array(from, table, "token")?),
        shown_at: time(from, table, "shown_at")?,
        probe: Digest::from_bytes(array(from, table, "probe")?),
    };
    let asked_at = time(from, table, "asked_at")?;
    let hashes: Vec<Digest> = digests(from, table, "verdicts")?.into_iter().map(Digest::from_bytes).collect();
    let verdicts = match (&sides, hashes.as_slice()) {
        (_, []) => None,
        (Sides::One(side, ()), [only]) => Some(Sides::One(*side, *only)),
        (Sides::Both { .. }, [exit, entry]) => Some(Sides::Both { exit: *exit, entry: *entry }),
        (Sides::One(..) | Sides::Both { .. }, _) => return Err(row(table, "verdicts")),
    };
    match (from.try_get::<String, _>("stage")?.as_str(), verdicts) {
        ("asked", None) => Ok(Trail::Asked { subject, asked_at }),
        ("opening", Some(verdicts)) => Ok(Trail::Opening { subject, asked_at, verdicts }),
        ("passage", verdicts) => Ok(Trail::Passage(PassageRecord {
            subject,
            passage: read_passage(from, table)?,
            asked_at,
            ended_at: time(from, table, "ended_at")?,
            verdicts,
        })),
        _ => Err(row(table, "stage")),
    }
}

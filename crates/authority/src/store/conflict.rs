//! Conflicts: gates' events that contradict what stands here, and what officers settled.
//!
//! Lives here: rows of conflicts and settlements. Not here: what contradicts what (`events::passage`), what a
//! settlement does (`events::settle`).

use clearance::{ClearanceId, ReservationId};
use documents::Timestamp;
use sqlx::any::AnyRow;

use super::{Result, Tx, all, array, column, define_statements, optional, optional_array, run, time};

define_statements! {
    ADD_CONFLICT = "INSERT INTO event_conflict (id, gate, clearance, reservation, code, event, heard_at, settled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT (id) DO NOTHING";
    OPEN_CONFLICTS = "SELECT id, gate, clearance, reservation, code, event, heard_at FROM event_conflict WHERE settled_at = 0 ORDER BY heard_at, id LIMIT 1000";
    FIND_CONFLICT = "SELECT id, gate, clearance, reservation, code, event, heard_at FROM event_conflict WHERE id = $1 AND settled_at = 0";
    FIND_CONFLICT_CODE = "SELECT code FROM event_conflict WHERE id = $1";
    SETTLE_CONFLICT = "UPDATE event_conflict SET settled_at = $1 WHERE id = $2 AND settled_at = 0";
    SETTLE_CONFLICTS_OF = "UPDATE event_conflict SET settled_at = $1 WHERE reservation = $2 AND settled_at = 0";
    ADD_SETTLEMENT = "INSERT INTO settlement (subject, at, outcome, officer, reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (subject, at) DO NOTHING";
}

const TABLE: &str = "event_conflict";

/// A signed message that an officer has to look at: an event that contradicts what stands here, or a request that came with a
/// forged part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventConflict {
    /// Hash of the message's payload.
    pub id: [u8; 32],
    /// The gate that signed it.
    pub gate: String,
    /// The clearance of which ledger and gate tell differently.
    pub clearance: ClearanceId,
    /// The reservation that it contradicts, where there is one.
    pub reservation: Option<ReservationId>,
    /// The stable code: `after_release`, `after_passage`, `not_admitted`, `not_judged` or `part_forged`.
    pub code: String,
    /// The signed message.
    pub event: Vec<u8>,
    /// When it was heard.
    pub heard_at: Timestamp,
}

/// Keeps a conflict for an officer.
pub(crate) async fn add_conflict(tx: &mut Tx, conflict: &EventConflict) -> Result<()> {
    run!(
        tx,
        ADD_CONFLICT,
        conflict.id.to_vec(),
        conflict.gate.clone(),
        conflict.clearance.as_bytes().to_vec(),
        conflict.reservation.map(|id| id.as_bytes().to_vec()),
        conflict.code.clone(),
        conflict.event.clone(),
        conflict.heard_at.unix(),
    )
    .map(drop)
}

fn conflict(row: &AnyRow) -> Result<EventConflict> {
    Ok(EventConflict {
        id: array(row, TABLE, "id")?,
        gate: column(row, TABLE, "gate")?,
        clearance: ClearanceId::from_bytes(array(row, TABLE, "clearance")?),
        reservation: optional_array(row, TABLE, "reservation")?.map(ReservationId::from_bytes),
        code: column(row, TABLE, "code")?,
        event: column(row, TABLE, "event")?,
        heard_at: time(row, TABLE, "heard_at")?,
    })
}

/// The oldest thousand conflicts that wait for an officer.
pub(crate) async fn open_conflicts(tx: &mut Tx) -> Result<Vec<EventConflict>> {
    all!(tx, OPEN_CONFLICTS)?.iter().map(conflict).collect()
}

/// A conflict that waits for an officer.
pub(crate) async fn find_conflict(tx: &mut Tx, id: &[u8; 32]) -> Result<Option<EventConflict>> {
    optional!(tx, FIND_CONFLICT, id.to_vec())?.as_ref().map(conflict).transpose()
}

/// The code under which an event was kept as a conflict, settled or not.
pub(crate) async fn find_conflict_code(tx: &mut Tx, id: &[u8; 32]) -> Result<Option<String>> {
    optional!(tx, FIND_CONFLICT_CODE, id.to_vec())?.map(|row| column(&row, TABLE, "code")).transpose()
}

/// Marks a conflict as settled.
pub(crate) async fn settle_conflict(tx: &mut Tx, id: &[u8; 32], now: Timestamp) -> Result<()> {
    run!(tx, SETTLE_CONFLICT, now.unix(), id.to_vec()).map(drop)
}

/// Marks every conflict about a reservation as settled.
pub(crate) async fn settle_conflicts_of(tx: &mut Tx, id: ReservationId, now: Timestamp) -> Result<()> {
    run!(tx, SETTLE_CONFLICTS_OF, now.unix(), id.as_bytes().to_vec()).map(drop)
}

/// Writes down who settled what, how and why.
pub(crate) async fn add_settlement(
    tx: &mut Tx,
    subject: &[u8],
    (outcome, officer, reason): (i16, &str, &str),
    now: Timestamp,
) -> Result<()> {
    run!(tx, ADD_SETTLEMENT, subject.to_vec(), now.unix(), outcome, officer.to_owned(), reason.to_owned(),)
        .map(drop)
}

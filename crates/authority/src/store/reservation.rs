//! Reservations: what is held for a traveller between an admit and its passage event, with typed columns.
//!
//! Lives here: rows of reservations. Not here: their transitions (`clearance`). A verdict reads live ones alone: held
//! or unresolved. Whether a token is spent, or a clearance over, is asked by its id.

use clearance::{ClearanceId, Hold, LaneId, PassageId, ReleaseCause, Reservation, ReservationId};
use credential::TokenId;
use documents::Timestamp;
use sqlx::any::AnyRow;

use super::movement::{LedgerEntry, Source, read_days, read_direction, read_spends, spend_columns};
use super::vault::{PersonKey, Tag};
use super::{
    Result, StoreError, Tx, all, array, column, define_statements, optional, optional_array, parsed,
    parsed_if_any, run,
};

macro_rules! columns {
    ($start:literal, $end:literal) => {
        concat!(
            $start,
            "id, person_key, token_tag, token_id, clearance, lane, state, at, cause, passage, made_at, ",
            "port, origin, destination, issuer, with_group, granted_until, spends_form, spends_destination, ",
            "spends_from, keep_days, sealed_number",
            $end
        )
    };
}

define_statements! {
    ADD_RESERVATION = columns!("INSERT INTO reservation (", ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)");
    FIND_LIVE = concat!(columns!("SELECT ", " FROM reservation WHERE person_key = $1 AND state <= 2"), columns!(" UNION SELECT ", " FROM reservation WHERE token_tag = $2 AND state <= 2"));
    FIND_ENDED = "SELECT (SELECT COUNT(*) FROM spent_token WHERE tag = $1) AS spent, (SELECT COUNT(*) FROM reservation WHERE clearance = $2 AND state > 2) + (SELECT COUNT(*) FROM ended_clearance WHERE clearance = $2) AS ended";
    ADD_ENDED = "INSERT INTO ended_clearance (clearance, at) VALUES ($1, $2) ON CONFLICT (clearance) DO NOTHING";
    FIND_CLEARANCE = columns!("SELECT ", " FROM reservation WHERE clearance = $1 ORDER BY made_at DESC");
    SET_RESERVATION = "UPDATE reservation SET state = $1, at = $2, cause = $3, passage = $4 WHERE id = $5";
    RENEW_RESERVATION = "UPDATE reservation SET at = $1, granted_until = $2, spends_form = $3, spends_destination = $4, spends_from = $5 WHERE id = $6";
    FORGET_TOKEN_ID = "UPDATE reservation SET token_id = NULL, sealed_number = NULL WHERE id = $1";
    FIND_RESERVATION = columns!("SELECT ", " FROM reservation WHERE id = $1");
    UNRESOLVED = concat!(columns!("SELECT ", " FROM reservation WHERE state = 2"), columns!(" UNION ALL SELECT ", " FROM reservation WHERE state = 1 AND at < $1 ORDER BY at"));
}

const TABLE: &str = "reservation";

/// One reservation with what it will write into the ledger.
pub(crate) struct ReservationRow {
    pub id: ReservationId,
    pub person: PersonKey,
    pub token: Tag,
    /// The id of the token or showing, where a notice will have to name it.
    pub token_id: Option<TokenId>,
    /// The document's number, sealed to its issuer, where a notice will have to name that.
    pub sealed_number: Option<Vec<u8>>,
    pub clearance: ClearanceId,
    pub lane: LaneId,
    pub state: Reservation,
    pub made_at: Timestamp,
    pub entry: LedgerEntry,
}

impl ReservationRow {
    /// When its passage would have been, as near as anybody knows: at the gate's own time, or soon after the verdict.
    pub(crate) const fn likely_at(&self) -> Timestamp {
        match self.state {
            Reservation::Unresolved { since } => since,
            Reservation::Held { .. } | Reservation::Applied { .. } | Reservation::Released { .. } => {
                self.made_at
            }
        }
    }

    /// As the decision on a new reservation sees it. The token's id is that of `asking` where the tags are the same:
    /// a decision compares it with nothing else.
    pub(crate) fn hold(&self, asking: (Tag, TokenId)) -> Hold {
        let other = TokenId::from_bytes([0; 16]);
        Hold {
            id: self.id,
            clearance: self.clearance,
            lane: self.lane.clone(),
            token: if self.token == asking.0 { asking.1 } else { other },
            state: self.state,
        }
    }
}

/// A state as columns: number, time, cause, passage.
fn columns_of(state: Reservation) -> (i16, i64, Option<i16>, Option<Vec<u8>>) {
    match state {
        Reservation::Held { until } => (1, until.unix(), None, None),
        Reservation::Unresolved { since } => (2, since.unix(), None, None),
        Reservation::Applied { passage } => (3, 0, None, Some(passage.as_bytes().to_vec())),
        Reservation::Released { at, cause } => {
            let cause = match cause {
                ReleaseCause::NotPassed => 1,
                ReleaseCause::Returned => 2,
                ReleaseCause::Superseded => 3,
                ReleaseCause::Officer => 4,
            };
            (4, at.unix(), Some(cause), None)
        }
    }
}

fn state_of(row: &AnyRow) -> Result<Reservation> {
    let number: i16 = column(row, TABLE, "state")?;
    let at = super::time(row, TABLE, "at")?;
    let cause: Option<i16> = column(row, TABLE, "cause")?;
    match (number, cause) {
        (1, _) => Ok(Reservation::Held { until: at }),
        (2, _) => Ok(Reservation::Unresolved { since: at }),
        (3, _) => Ok(Reservation::Applied { passage: PassageId::from_bytes(array(row, TABLE, "passage")?) }),
        (4, Some(1)) => Ok(Reservation::Released { at, cause: ReleaseCause::NotPassed }),
        (4, Some(2)) => Ok(Reservation::Released { at, cause: ReleaseCause::Returned }),
        (4, Some(3)) => Ok(Reservation::Released { at, cause: ReleaseCause::Superseded }),
        (4, Some(4)) => Ok(Reservation::Released { at, cause: ReleaseCause::Officer }),
        _ => Err(StoreError::Row { table: TABLE, column: "state" }),
    }
}

fn reservation_row(row: &AnyRow) -> Result<ReservationRow> {
    let with_group: i16 = column(row, TABLE, "with_group")?;
    Ok(ReservationRow {
        id: ReservationId::from_bytes(array(row, TABLE, "id")?),
        person: PersonKey::from_bytes(array(row, TABLE, "person_key")?),
        token: Tag::from_bytes(array(row, TABLE, "token_tag")?),
        token_id: optional_array(row, TABLE, "token_id")?.map(TokenId::from_bytes),
        sealed_number: column(row, TABLE, "sealed_number")?,
        clearance: ClearanceId::from_bytes(array(row, TABLE, "clearance")?),
        lane: parsed(row, TABLE, "lane")?,
        state: state_of(row)?,
        made_at: super::time(row, TABLE, "made_at")?,
        entry: LedgerEntry {
            port: parsed(row, TABLE, "port")?,
            direction: read_direction(row, TABLE)?,
            issuer: parsed(row, TABLE, "issuer")?,
            with_group: with_group != 0,
            granted_until: parsed_if_any(row, TABLE, "granted_until")?,
            spends: read_spends(row, TABLE)?,
            source: Source::Passage,
            keep_days: read_days(row, TABLE)?,
        },
    })
}

/// Adds a reservation in its state.
pub(crate) async fn add_reservation(tx: &mut Tx, r: &ReservationRow) -> Result<()> {
    let (state, at, cause, passage) = columns_of(r.state);
    let (form, destination, from) = spend_columns(r.entry.spends);
    run!(
        tx,
        ADD_RESERVATION,
        r.id.as_bytes().to_vec(),
        r.person.to_vec(),
        r.token.to_vec(),
        r.token_id.map(|id| id.as_bytes().to_vec()),
        r.clearance.as_bytes().to_vec(),
        r.lane.to_string(),
        state,
        at,
        cause,
        passage,
        r.made_at.unix(),
        r.entry.port.to_string(),
        r.entry.direction.from().code().to_owned(),
        r.entry.direction.to().code().to_owned(),
        r.entry.issuer.code().to_owned(),
        i16::from(r.entry.with_group),
        r.entry.granted_until.map(|day| day.to_string()),
        form,
        destination,
        from,
        i16::try_from(r.entry.keep_days).unwrap_or(i16::MAX),
        r.sealed_number.clone(),
    )
    .map(drop)
}

/// Reservations of a person or a token that are held or unresolved.
pub(crate) async fn find_live(tx: &mut Tx, person: PersonKey, token: Tag) -> Result<Vec<ReservationRow>> {
    all!(tx, FIND_LIVE, person.to_vec(), token.to_vec())?.iter().map(reservation_row).collect()
}

/// What has ended already.
pub(crate) struct Ended {
    /// The token was spent by a passage here.
    pub token_spent: bool,
    /// A reservation of this clearance was applied or released.
    pub clearance_over: bool,
}

/// Whether this token was spent, and whether this clearance is over.
pub(crate) async fn find_ended(tx: &mut Tx, token: Tag, clearance: ClearanceId) -> Result<Ended> {
    let row = optional!(tx, FIND_ENDED, token.to_vec(), clearance.as_bytes().to_vec())?;
    let Some(row) = row else { return Ok(Ended { token_spent: false, clearance_over: false }) };
    let (spent, ended): (i64, i64) = (column(&row, "spent_token", "spent")?, column(&row, TABLE, "ended")?);
    Ok(Ended { token_spent: spent > 0, clearance_over: ended > 0 })
}

/// Notes that a clearance has ended for which nothing was reserved.
pub(crate) async fn add_ended(tx: &mut Tx, clearance: &[u8; 16], now: Timestamp) -> Result<()> {
    run!(tx, ADD_ENDED, clearance.to_vec(), now.unix()).map(drop)
}

/// The newest reservation of a clearance.
pub(crate) async fn find_clearance(tx: &mut Tx, clearance: &[u8; 16]) -> Result<Option<ReservationRow>> {
    all!(tx, FIND_CLEARANCE, clearance.to_vec())?.first().map(reservation_row).transpose()
}

/// Moves a reservation to another state.
pub(crate) async fn set_reservation(tx: &mut Tx, id: ReservationId, state: Reservation) -> Result<()> {
    let (state, at, cause, passage) = columns_of(state);
    run!(tx, SET_RESERVATION, state, at, cause, passage, id.as_bytes().to_vec()).map(drop)
}

/// Forgets the token's id and the sealed number, once their notice is on the way.
pub(crate) async fn forget_token_id(tx: &mut Tx, id: ReservationId) -> Result<()> {
    run!(tx, FORGET_TOKEN_ID, id.as_bytes().to_vec()).map(drop)
}

/// Prolongs a reservation for the same clearance asked again.
pub(crate) async fn renew_reservation(tx: &mut Tx, r: &ReservationRow) -> Result<()> {
    let (_, until, _, _) = columns_of(r.state);
    let (form, destination, from) = spend_columns(r.entry.spends);
    run!(
        tx,
        RENEW_RESERVATION,
        until,
        r.entry.granted_until.map(|day| day.to_string()),
        form,
        destination,
        from,
        r.id.as_bytes().to_vec()
    )
    .map(drop)
}

/// The reservation of this id, whatever its state.
pub(crate) async fn find_reservation(tx: &mut Tx, id: ReservationId) -> Result<Option<ReservationRow>> {
    optional!(tx, FIND_RESERVATION, id.as_bytes().to_vec())?.as_ref().map(reservation_row).transpose()
}

/// Reservations that wait for an officer at `now`.
pub(crate) async fn unresolved(tx: &mut Tx, now: Timestamp) -> Result<Vec<ReservationRow>> {
    all!(tx, UNRESOLVED, now.unix())?.iter().map(reservation_row).collect()
}

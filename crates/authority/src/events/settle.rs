//! Settle: what an officer found out about a passage whose end nobody knew, or that gate and ledger tell differently.

use clearance::ReservationId;
use credential::message::{self, Event};
use documents::Timestamp;

use super::passage::{EventError, passage_id, short};
use crate::service::Service;
use crate::store::conflict::{self, EventConflict};
use crate::store::reservation::{self, ReservationRow};
use crate::store::{StoreError, Tx, given, person};

/// What an officer found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The traveller went through.
    Passed,
    /// The traveller did not go through.
    NotPassed,
    /// It is noted, and nothing is changed by it: where no reservation stands behind an event.
    Noted,
}

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A notice to the issuer could not be made.
    #[error(transparent)]
    Event(#[from] EventError),
    /// Nothing with this id waits.
    #[error("nothing with this id waits for an officer; see `baypass reservations list`")]
    Unknown,
    /// The passage was counted.
    #[error("this passage stands in the ledger already; settle it as passed, or as noted")]
    Counted,
    /// There is no reservation that could be counted.
    #[error("no reservation stands behind this event: settle it as noted, and write the passage in by hand")]
    NoReservation,
}

/// A passage that waits for an officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unresolved {
    /// Of the reservation.
    pub id: ReservationId,
    /// The lane at which the traveller was last seen.
    pub lane: String,
    /// From where to where.
    pub direction: documents::Direction,
    /// Since when.
    pub since: Timestamp,
}

/// An event that contradicts the ledger, with what was signed on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What stands of it.
    pub event: EventConflict,
    /// What happened by the gate, and when.
    pub told: Option<(message::Passage, Timestamp)>,
    /// The signed verdicts of the reservation.
    pub verdicts: Vec<Vec<u8>>,
}

/// The event of a conflict, as it was taken; a request that came with a forged part is none.
fn told(conflict: &EventConflict) -> Option<Event> {
    Event::decode(message::unverified_payload(&conflict.event).ok()?).ok()
}

impl Service {
    /// Reservations that wait for an officer, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn unresolved(&self, now: Timestamp) -> Result<Vec<Unresolved>, StoreError> {
        let mut tx = self.store.read().await?;
        let rows = reservation::unresolved(&mut tx, now).await?;
        tx.commit().await?;
        let one = |row: ReservationRow| Unresolved {
            id: row.id,
            lane: row.lane.to_string(),
            direction: row.entry.direction,
            since: match row.state {
                clearance::Reservation::Held { until: since }
                | clearance::Reservation::Unresolved { since } => since,
                clearance::Reservation::Applied { .. } | clearance::Reservation::Released { .. } => {
                    row.made_at
                }
            },
        };
        Ok(rows.into_iter().map(one).collect())
    }

    /// Events that contradict the ledger and wait for an officer: the oldest thousand.
    ///
    /// # Errors
    /// The database's.
    pub async fn conflicts(&self) -> Result<Vec<Conflict>, StoreError> {
        let mut tx = self.store.read().await?;
        let mut conflicts = Vec::new();
        for event in conflict::open_conflicts(&mut tx).await? {
            let verdicts = match event.reservation {
                Some(id) => given::find_signed_for(&mut tx, id).await?,
                None => Vec::new(),
            };
            let told = told(&event).map(|told| (told.passage, told.at));
            conflicts.push(Conflict { event, told, verdicts });
        }
        tx.commit().await?;
        Ok(conflicts)
    }

    /// Settles a reservation (16 bytes) or a conflict (32 bytes), and writes down who did, how and why.
    ///
    /// # Errors
    /// [`SettleError`]; nothing was changed.
    pub async fn settle(
        &self,
        id: &[u8],
        outcome: Settlement,
        (officer, reason): (&str, &str),
        now: Timestamp,
    ) -> Result<(), SettleError> {
        let mut tx = self.store.begin().await?;
        let (reservation, at) = self.find_unsettled(&mut tx, id, now).await?;
        match (outcome, reservation) {
            (Settlement::Noted, _) => {}
            (Settlement::Passed | Settlement::NotPassed, None) => return Err(SettleError::NoReservation),
            (Settlement::Passed | Settlement::NotPassed, Some(row)) => {
                self.settle_reservation(&mut tx, &row, outcome, at, now).await?;
                conflict::settle_conflicts_of(&mut tx, row.id, now).await?;
            }
        }
        if let Ok(event) = <[u8; 32]>::try_from(id) {
            conflict::settle_conflict(&mut tx, &event, now).await?;
        }
        let number = match outcome {
            Settlement::Passed => 1,
            Settlement::NotPassed => 2,
            Settlement::Noted => 3,
        };
        conflict::add_settlement(&mut tx, id, (number, officer, reason), now).await?;
        Ok(tx.commit().await?)
    }

    /// What waits under an id: its reservation, and the time at which a passage would have been.
    async fn find_unsettled(
        &self,
        tx: &mut Tx,
        id: &[u8],
        now: Timestamp,
    ) -> Result<(Option<ReservationRow>, Timestamp), SettleError> {
        if let Ok(event) = <[u8; 32]>::try_from(id) {
            let found = conflict::find_conflict(tx, &event).await?.ok_or(SettleError::Unknown)?;
            let row = match found.reservation {
                Some(id) => reservation::find_reservation(tx, id).await?,
                None => None,
            };
            return Ok((row, told(&found).map_or(found.heard_at, |told| told.at)));
        }
        let id = <[u8; 16]>::try_from(id).map_err(|_| SettleError::Unknown)?;
        let row = reservation::find_reservation(tx, ReservationId::from_bytes(id)).await?;
        let row = row.ok_or(SettleError::Unknown)?;
        match row.state.at(now) {
            clearance::Reservation::Unresolved { .. } => {
                let at = row.likely_at();
                Ok((Some(row), at))
            }
            clearance::Reservation::Held { .. }
            | clearance::Reservation::Applied { .. }
            | clearance::Reservation::Released { .. } => Err(SettleError::Unknown),
        }
    }

    async fn settle_reservation(
        &self,
        tx: &mut Tx,
        row: &ReservationRow,
        outcome: Settlement,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), SettleError> {
        person::hold_person(tx, row.person).await?;
        let id = passage_id(row.clearance.as_bytes());
        let passage = (outcome == Settlement::Passed).then(|| short(&id));
        let next = row.state.settle(passage, now).map_err(|_| SettleError::Counted)?;
        reservation::set_reservation(tx, row.id, next).await?;
        if passage.is_some() {
            self.write_passage(tx, row, &id, at, now).await?;
        }
        Ok(())
    }
}

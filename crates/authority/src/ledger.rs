//! The ledger's entries, and reservations as rows.
//!
//! Lives here: what is written of a passage (no part, no probe, no name), and how a row becomes a state.

use clearance::{PassageId, ReleaseCause, Reservation};
use documents::{
    AuthorityCode, Direction, EndorsementRef, FormCode, LocalDate, Movement, PortId, Timestamp, Use,
};
use serde::{Deserialize, Serialize};

use crate::store::{MovementRow, ReservationRow, StoreError};

/// One passage as a ledger keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEntry {
    port: String,
    from: AuthorityCode,
    to: AuthorityCode,
    /// Issuer of the token that was used.
    pub issuer: AuthorityCode,
    with_group: bool,
    granted_until: Option<LocalDate>,
    /// Form, destination and first day of the endorsement that lost an entry.
    spends: Option<(u8, AuthorityCode, LocalDate)>,
    /// Told by a notice: what it spends follows from the movements before it.
    noticed: bool,
    /// Written in from elsewhere: what it spends follows from the movements before it, too.
    #[serde(default)]
    past: bool,
}

const DAMAGED: StoreError = StoreError::Row { table: "movement", column: "record" };

impl LedgerEntry {
    /// What a passage will be written as, decided when it is admitted.
    #[must_use]
    pub fn new(
        port: &PortId,
        direction: Direction,
        issuer: AuthorityCode,
        with_group: bool,
        granted_until: Option<LocalDate>,
        spends: Option<EndorsementRef>,
    ) -> Self {
        let spends = spends.map(|e| (e.form.get(), e.destination, e.valid_from));
        let (from, to) = (direction.from(), direction.to());
        Self {
            port: port.to_string(),
            from,
            to,
            issuer,
            with_group,
            granted_until,
            spends,
            noticed: false,
            past: false,
        }
    }

    /// A move between the regions that the entering authority told.
    #[must_use]
    pub fn noticed(port: &PortId, direction: Direction, issuer: AuthorityCode) -> Self {
        Self { noticed: true, ..Self::new(port, direction, issuer, false, None, None) }
    }

    /// A passage of the past, at one side of `me`.
    #[must_use]
    pub fn past(past: &Movement, me: AuthorityCode) -> Self {
        let spends = match past.used {
            Use::Entry(reference) => Some(reference),
            Use::Unrecorded | Use::Nothing => None,
        };
        let new = Self::new(&past.port, past.direction, me, past.with_group, past.granted_until, spends);
        Self { past: past.used == Use::Unrecorded, ..new }
    }

    /// The direction.
    ///
    /// # Errors
    /// A damaged row.
    pub fn direction(&self) -> Result<Direction, StoreError> {
        Direction::new(self.from, self.to).ok_or(DAMAGED)
    }

    /// The port.
    ///
    /// # Errors
    /// A damaged row.
    pub fn port(&self) -> Result<PortId, StoreError> {
        self.port.parse().map_err(|_| DAMAGED)
    }

    /// Whether it took an entry of an endorsement when it was admitted.
    #[must_use]
    pub const fn spent(&self) -> bool {
        self.spends.is_some()
    }

    /// Whether a notice told of it.
    #[must_use]
    pub const fn is_noticed(&self) -> bool {
        self.noticed
    }

    /// As JSON for a row.
    ///
    /// # Errors
    /// Never in practice.
    pub fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(|_| DAMAGED)
    }

    /// From a row.
    ///
    /// # Errors
    /// A damaged row.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(|_| DAMAGED)
    }
}

/// A ledger's row as the rules see it.
pub(crate) fn movement(row: &MovementRow) -> Result<Movement, StoreError> {
    let entry = LedgerEntry::from_json(&row.record)?;
    let at = Timestamp::from_unix(row.at).ok_or(DAMAGED)?;
    let mut movement = Movement::new(at, entry.port()?, entry.direction()?);
    movement.with_group = entry.with_group;
    movement.granted_until = entry.granted_until;
    movement.used = match entry.spends {
        _ if entry.noticed || entry.past => Use::Unrecorded,
        None => Use::Nothing,
        Some((form, destination, valid_from)) => {
            Use::Entry(EndorsementRef { form: FormCode::new(form).ok_or(DAMAGED)?, destination, valid_from })
        }
    };
    Ok(movement)
}

/// A reservation's state from its row.
pub(crate) fn state_of(row: &ReservationRow) -> Result<Reservation, StoreError> {
    let at = Timestamp::from_unix(row.at).unwrap_or(Timestamp::MAX);
    let cause = |cause| Reservation::Released { at, cause };
    Ok(match row.state.as_str() {
        "held" => Reservation::Held { until: at },
        "unresolved" => Reservation::Unresolved { since: at },
        "applied" => {
            let id = row.passage.as_slice().try_into();
            let id = id.map_err(|_| StoreError::Row { table: "reservation", column: "passage" })?;
            Reservation::Applied { passage: PassageId::from_bytes(id) }
        }
        "released/not_passed" => cause(ReleaseCause::NotPassed),
        "released/returned" => cause(ReleaseCause::Returned),
        "released/superseded" => cause(ReleaseCause::Superseded),
        "released/officer" => cause(ReleaseCause::Officer),
        _ => return Err(StoreError::Row { table: "reservation", column: "state" }),
    })
}

/// State, time and passage as columns.
pub(crate) fn columns_of(state: Reservation) -> (String, i64, Vec<u8>) {
    match state {
        Reservation::Held { until } => ("held".to_owned(), until.unix(), Vec::new()),
        Reservation::Unresolved { since } => ("unresolved".to_owned(), since.unix(), Vec::new()),
        Reservation::Applied { passage } => ("applied".to_owned(), 0, passage.as_bytes().to_vec()),
        Reservation::Released { at, cause } => {
            let cause = match cause {
                ReleaseCause::NotPassed => "not_passed",
                ReleaseCause::Returned => "returned",
                ReleaseCause::Superseded => "superseded",
                ReleaseCause::Officer => "officer",
            };
            (format!("released/{cause}"), at.unix(), Vec::new())
        }
    }
}

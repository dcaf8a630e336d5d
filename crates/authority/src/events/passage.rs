//! Passage: a gate's events, heard in order, each applied to the ledger exactly once.

use clearance::PassageId;
use credential::CryptoError;
use credential::message::{self, Event, Kind, MessageError, Notice, Passage};
use documents::Timestamp;
use trust::{GateBinding, Outside};

use crate::keys::KEY_ID;
use crate::service::{SenderError, Service};
use crate::store::outbox::{self, WaitingNotice};
use crate::store::reservation::{self, ReservationRow};
use crate::store::{StoreError, Tx, movement, person, token};
use crate::verdict::needs_notice;

/// Why a gate's event was not heard.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message or its sender.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// A gate's event out of its order.
    #[error("the event is number {got}, {expected} comes next; send the missing ones first")]
    Gap {
        /// What must come.
        expected: u64,
        /// What came.
        got: u64,
    },
    /// A second event with a number that was used.
    #[error("event {0} of this gate is known with other contents; an officer must look at the gate")]
    Fork(u64),
    /// The event names a verdict or a probe that was not judged here.
    #[error("the event names a verdict or a face that was not judged here")]
    NotJudged,
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<MessageError> for EventError {
    fn from(error: MessageError) -> Self {
        SenderError::from(error).into()
    }
}

/// How an event stands to those that were heard of its gate.
enum Order {
    /// It is the next one.
    Next,
    /// It was heard before.
    Repeat,
}

impl Service {
    /// Hears a gate's event: in order, exactly once.
    ///
    /// # Errors
    /// Why it was refused; a repeat of a known event is no error.
    pub async fn hear_event(&self, bytes: &[u8], now: Timestamp) -> Result<(), EventError> {
        let (event, binding) = self.authenticate_event(bytes, now)?;
        self.apply_authenticated(&event, &binding, message::hash(bytes), now).await
    }

    /// Applies an event whose sender is known, in its order, exactly once.
    pub(crate) async fn apply_authenticated(
        &self,
        event: &Event,
        binding: &GateBinding,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<(), EventError> {
        let mut tx = self.store.begin().await?;
        match order_of(&mut tx, event, hash).await? {
            Order::Repeat => return Ok(tx.roll_back().await?),
            Order::Next => {}
        }
        let number = i64::try_from(event.number).unwrap_or(i64::MAX);
        outbox::add_event(&mut tx, &event.gate, number, &hash, now).await?;
        self.apply(&mut tx, event, binding, hash, now).await?;
        Ok(tx.commit().await?)
    }

    fn authenticate_event(&self, bytes: &[u8], now: Timestamp) -> Result<(Event, GateBinding), SenderError> {
        let trust = self.trust();
        let gate = message::kid(bytes)?;
        let (key, binding) = trust.gate(self.me, gate, now)?;
        let event = Event::decode(message::open(Kind::Event, bytes, key)?)?;
        if event.gate.as_bytes() != gate {
            return Err(SenderError::NotForUs);
        }
        Ok((event, binding.clone()))
    }

    /// Applies an event to its reservation; a passage also to the ledger.
    async fn apply(
        &self,
        tx: &mut Tx,
        event: &Event,
        binding: &GateBinding,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<(), EventError> {
        let passage = match event.passage {
            Passage::Opening => return Ok(()),
            Passage::Passed => clearance::Passage::Passed,
            Passage::NotPassed => clearance::Passage::NotPassed,
            Passage::Returned => clearance::Passage::Returned,
            Passage::Unknown => clearance::Passage::Unknown,
        };
        // No reservation here: this authority did not admit, so there is nothing to spend or to release.
        let Some(row) = reservation::find_clearance(tx, &event.clearance).await? else { return Ok(()) };
        // Read again once the person is held: a verdict may be replacing this reservation at this moment.
        person::hold_person(tx, row.person).await?;
        let Some(row) = reservation::find_clearance(tx, &event.clearance).await? else { return Ok(()) };
        check_lane(event, &row, binding)?;
        let judged = row.probe == event.probe && event.verdicts.contains(&row.verdict);
        if passage == clearance::Passage::Passed && !judged {
            return Err(EventError::NotJudged);
        }
        let mut id = [0; 16];
        id.copy_from_slice(hash.split_at(16).0);
        let Ok(next) = row.state.hear(passage, PassageId::from_bytes(id), event.at) else { return Ok(()) };
        reservation::set_reservation(tx, row.id, next).await?;
        if passage == clearance::Passage::Passed {
            self.write_passage(tx, &row, event, hash, now).await?;
        }
        Ok(())
    }

    /// Writes a passage into the ledger, spends its token, and tells the issuer where that is due.
    async fn write_passage(
        &self,
        tx: &mut Tx,
        row: &ReservationRow,
        event: &Event,
        hash: [u8; 32],
        now: Timestamp,
    ) -> Result<(), EventError> {
        token::spend_token(tx, row.token, event.at).await?;
        if movement::add_movement(tx, row.person, &hash, event.at, &row.entry).await?
            && needs_notice(self.me, &row.entry)
        {
            self.add_notice(tx, row, event, now).await?;
        }
        Ok(())
    }

    /// A move between the regions on a mainland token: the issuer is told token, place and date, and nothing else.
    async fn add_notice(
        &self,
        tx: &mut Tx,
        row: &ReservationRow,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), EventError> {
        let notice = Notice {
            from: self.me,
            token: row.token_id.ok_or(EventError::NotJudged)?,
            port: row.entry.port.clone(),
            direction: row.entry.direction,
            date: event.at.local_date(),
        };
        let encoded = notice.encode();
        let message = message::sign(Kind::Notice, KEY_ID, &self.keys.notice, &encoded)?;
        let waiting = WaitingNotice { id: credential::sha256(&encoded), issuer: row.entry.issuer, message };
        outbox::add_notice_out(tx, &waiting, now).await?;
        Ok(reservation::forget_token_id(tx, row.id).await?)
    }
}

/// An event tells of its own gate's clearance, at the place for which that gate is listed.
fn check_lane(event: &Event, row: &ReservationRow, binding: &GateBinding) -> Result<(), SenderError> {
    let place = if row.lane.as_str() == event.gate {
        binding.check_way(&row.entry.port, row.entry.direction)
    } else {
        Err(Outside::Clearance)
    };
    place.map_err(|outside| {
        tracing::warn!(gate = event.gate, lane = %row.lane, %outside, "alarm: a gate told of another place");
        SenderError::OutsideBinding { gate: event.gate.clone(), outside }
    })
}

/// How an event stands to those that were heard of its gate.
async fn order_of(tx: &mut Tx, event: &Event, hash: [u8; 32]) -> Result<Order, EventError> {
    let number = i64::try_from(event.number).unwrap_or(i64::MAX);
    let (last, previous) = outbox::last_event(tx, &event.gate).await?.unwrap_or((0, [0; 32]));
    if number <= last {
        // An event whose hash was forgotten (docs/retention.md) was heard, and is not heard again.
        let known = outbox::find_event(tx, &event.gate, number).await?;
        let same = known.is_none_or(|known| known == hash);
        return if same { Ok(Order::Repeat) } else { Err(EventError::Fork(event.number)) };
    }
    if number != last + 1 {
        let expected = u64::try_from(last + 1).unwrap_or(1);
        return Err(EventError::Gap { expected, got: event.number });
    }
    if previous != event.previous {
        return Err(EventError::Fork(event.number));
    }
    Ok(Order::Next)
}

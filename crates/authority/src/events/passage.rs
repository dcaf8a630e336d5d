//! Passage: a gate's events, heard in order, each applied to the ledger exactly once, each answered by a signed receipt.
//!
//! Lives here: what an event does, and what of it contradicts the ledger. Not here: chains begun anew (`chain`), what an
//! officer settles (`settle`).

use clearance::{PassageId, Reservation, ReservationError};
use credential::message::{DocumentNotice, Event, Kind, MessageError, Notice, Passage, ReceiptResult};
use credential::{CryptoError, sha256};
use documents::Timestamp;
use trust::{GateBinding, Outside};

use crate::service::{FromGate, SenderError, Service};
use crate::store::conflict::{self, EventConflict};
use crate::store::outbox::{self, WaitingNotice};
use crate::store::reservation::{self, ReservationRow};
use crate::store::{StoreError, Tx, given, movement, person, token};
use crate::verdict::needs_notice;

/// Why a gate's message was not heard: it is not a registered gate's, or nothing can be written at this moment. Whatever
/// else there is to say about it stands in its receipt.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message or its sender.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<MessageError> for EventError {
    fn from(error: MessageError) -> Self {
        SenderError::from(error).into()
    }
}

/// A passage event that contradicts what stands here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contradiction {
    /// The traveller passed after the gate had said that they did not.
    AfterRelease,
    /// The gate says otherwise of a passage that was counted.
    AfterPassage,
    /// The traveller passed, and this authority holds no admit of it.
    NotAdmitted,
    /// The event names a verdict or a probe that was not judged here.
    NotJudged,
    /// The gate tells of another gate's clearance, or of a place for which it is not listed.
    OutsideBinding,
}

impl Contradiction {
    const fn code(self) -> &'static str {
        match self {
            Self::AfterRelease => "after_release",
            Self::AfterPassage => "after_passage",
            Self::NotAdmitted => "not_admitted",
            Self::NotJudged => "not_judged",
            Self::OutsideBinding => "gate_outside_binding",
        }
    }
}

/// How an event stands to those that were heard of its gate.
enum Order {
    /// It is the next one.
    Next,
    /// It was heard before.
    Repeat,
    /// It is not to be heard now.
    Not(ReceiptResult),
}

/// The id of the passage of a clearance in the ledger. One clearance has one passage, however often it is told.
pub(super) fn passage_id(clearance: &[u8; 16]) -> [u8; 32] {
    sha256(&[b"passage".as_slice(), clearance].concat())
}

/// The same as a reservation keeps it.
pub(super) fn short(id: &[u8; 32]) -> PassageId {
    let mut short = [0; 16];
    short.copy_from_slice(id.split_at(16).0);
    PassageId::from_bytes(short)
}

impl Service {
    /// Hears a gate's event: in order, exactly once. Gives the signed receipt, which says what became of it.
    ///
    /// # Errors
    /// [`EventError`]: there is no receipt, and nothing was written.
    pub async fn hear_event(&self, bytes: &[u8], now: Timestamp) -> Result<Vec<u8>, EventError> {
        let FromGate { message: event, hash, binding } =
            self.open_from_gate(Kind::Event, bytes, Event::decode, |event| &event.gate, now)?;
        let result = self.apply_authenticated(&event, &binding, hash, bytes, now).await?;
        Ok(self.receipt(hash, result, now)?)
    }

    /// Applies an event whose sender is known, in its order, exactly once; `signed` is kept where an officer is to
    /// settle it.
    pub(crate) async fn apply_authenticated(
        &self,
        event: &Event,
        binding: &GateBinding,
        hash: [u8; 32],
        signed: &[u8],
        now: Timestamp,
    ) -> Result<ReceiptResult, EventError> {
        let mut tx = self.store.begin_for_lane().await?;
        match order_of(&mut tx, event, hash).await? {
            Order::Next => {}
            Order::Repeat => {
                let code = conflict::find_conflict_code(&mut tx, &hash).await?;
                tx.roll_back().await?;
                return Ok(code.map_or(ReceiptResult::Taken, ReceiptResult::Conflict));
            }
            Order::Not(why) => {
                tx.roll_back().await?;
                tracing::error!(
                    gate = event.gate,
                    number = event.number,
                    ?why,
                    "an event is out of its chain"
                );
                return Ok(why);
            }
        }
        let place = (whole(event.epoch), whole(event.number));
        outbox::add_event(&mut tx, &event.gate, place, &hash, now).await?;
        let found = self.apply(&mut tx, event, binding, now).await?;
        if let Err((contradiction, reservation)) = &found {
            let conflict = EventConflict {
                id: hash,
                gate: event.gate.clone(),
                clearance: clearance::ClearanceId::from_bytes(event.clearance),
                reservation: *reservation,
                code: contradiction.code().to_owned(),
                event: signed.to_vec(),
                heard_at: now,
            };
            conflict::add_conflict(&mut tx, &conflict).await?;
        }
        tx.commit().await?;
        Ok(match found {
            Ok(()) => ReceiptResult::Taken,
            Err((contradiction, _)) => {
                let code = contradiction.code();
                tracing::error!(
                    gate = event.gate,
                    number = event.number,
                    code,
                    "an officer has to settle a passage"
                );
                ReceiptResult::Conflict(code.to_owned())
            }
        })
    }

    /// Applies an event to its reservation; a passage also to the ledger. What contradicts either changes nothing, and is
    /// given with the reservation that it contradicts.
    async fn apply(
        &self,
        tx: &mut Tx,
        event: &Event,
        binding: &GateBinding,
        now: Timestamp,
    ) -> Result<Result<(), (Contradiction, Option<clearance::ReservationId>)>, EventError> {
        let passage = match event.passage {
            Passage::Opening => return Ok(Ok(())),
            Passage::Passed => clearance::Passage::Passed,
            Passage::NotPassed => clearance::Passage::NotPassed,
            Passage::Returned => clearance::Passage::Returned,
            Passage::Unknown => clearance::Passage::Unknown,
        };
        let passed = passage == clearance::Passage::Passed;
        let Some(row) = reservation::find_clearance(tx, &event.clearance).await? else {
            if passed {
                return Ok(Err((Contradiction::NotAdmitted, None)));
            }
            // This authority did not admit, so there is nothing to release; a request that was held back on its way finds
            // the clearance over.
            reservation::add_ended(tx, &event.clearance, now).await?;
            return Ok(Ok(()));
        };
        // Read again once the person is held: a verdict may be replacing this reservation at this moment.
        person::hold_person(tx, row.person).await?;
        let row = reservation::find_clearance(tx, &event.clearance).await?.unwrap_or(row);
        let contradicts = |what| Ok(Err((what, Some(row.id))));
        if let Err(outside) = check_lane(event, &row, binding) {
            tracing::warn!(gate = event.gate, lane = %row.lane, %outside, "alarm: a gate told of another place");
            return contradicts(Contradiction::OutsideBinding);
        }
        if passed {
            let given = given::find_given_for(tx, row.id).await?;
            let judged = |(verdict, probe): &([u8; 32], [u8; 32])| {
                *probe == event.probe && event.verdicts.contains(verdict)
            };
            if !given.iter().any(judged) {
                return contradicts(Contradiction::NotJudged);
            }
        }
        let id = passage_id(&event.clearance);
        match row.state.hear(passage, short(&id), event.at) {
            Ok(next) => reservation::set_reservation(tx, row.id, next).await?,
            Err(ReservationError::AlreadyApplied { .. }) if passed => return Ok(Ok(())),
            Err(ReservationError::AlreadyApplied { .. }) => return contradicts(Contradiction::AfterPassage),
            Err(ReservationError::AlreadyReleased { .. }) => return contradicts(Contradiction::AfterRelease),
        }
        if passed {
            self.write_passage(tx, &row, &id, event.at, now).await?;
            self.settle_implied(tx, &row, event.at, now).await?;
        }
        Ok(Ok(()))
    }

    /// Writes a passage into the ledger, spends its token, and tells the issuer where that is due.
    pub(super) async fn write_passage(
        &self,
        tx: &mut Tx,
        row: &ReservationRow,
        id: &[u8; 32],
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), EventError> {
        token::spend_token(tx, row.token, at).await?;
        if movement::add_movement(tx, row.person, id, at, &row.entry).await? {
            self.learn_passage(tx, row, at, now).await?;
            if needs_notice(self.me, &row.entry) {
                self.add_notice(tx, row, at, now).await?;
            }
        }
        Ok(())
    }

    /// Settles what a passage proves of earlier ones of the same person that nobody knew the end of: whoever comes back
    /// over this side had gone over it.
    async fn settle_implied(
        &self,
        tx: &mut Tx,
        passed: &ReservationRow,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), EventError> {
        let live = reservation::find_live(tx, passed.person, passed.token).await?;
        for row in live.iter().filter(|row| row.id != passed.id && row.person == passed.person) {
            let open = matches!(row.state.at(now), Reservation::Unresolved { .. });
            let back = row.entry.direction.from() == passed.entry.direction.to()
                && row.entry.direction.to() == passed.entry.direction.from();
            if !open || !back || row.made_at >= at {
                continue;
            }
            let movements = movement::find_movements(tx, passed.person).await?;
            if movements.iter().any(|m| m.at >= row.made_at && m.at < at) {
                continue;
            }
            let id = passage_id(row.clearance.as_bytes());
            let Ok(next) = row.state.settle(Some(short(&id)), now) else { continue };
            reservation::set_reservation(tx, row.id, next).await?;
            self.write_passage(tx, row, &id, row.likely_at().min(at.plus_seconds(-1)), now).await?;
            conflict::settle_conflicts_of(tx, row.id, now).await?;
            let how = (1, "-", "implied by the next passage, back over the same side");
            conflict::add_settlement(tx, row.id.as_bytes(), how, now).await?;
        }
        Ok(())
    }

    /// A move between the regions on a mainland token or permit: the issuer is told token or sealed number, place and date, and
    /// nothing else.
    async fn add_notice(
        &self,
        tx: &mut Tx,
        row: &ReservationRow,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), EventError> {
        // The token's id goes once its notice was made, or its days are over: then nothing is left to tell.
        let Some(token) = row.token_id else { return Ok(()) };
        let (from, port, direction) = (self.me, row.entry.port.clone(), row.entry.direction);
        let date = at.local_date();
        let (kind, encoded) = match row.sealed_number.clone() {
            None => (Kind::Notice, Notice { from, token, port, direction, date }.encode()),
            Some(number) => {
                let notice = DocumentNotice { from, showing: token, number, port, direction, date };
                (Kind::DocumentNotice, notice.encode())
            }
        };
        let message = self.signing().notice.sign(kind, &encoded)?;
        let waiting = WaitingNotice { id: sha256(&encoded), issuer: row.entry.issuer, message };
        outbox::add_notice_out(tx, &waiting, now).await?;
        Ok(reservation::forget_token_id(tx, row.id).await?)
    }
}

/// An event tells of its own gate's clearance, at the place for which that gate is listed.
fn check_lane(event: &Event, row: &ReservationRow, binding: &GateBinding) -> Result<(), Outside> {
    if row.lane.as_str() == event.gate {
        binding.check_way(&row.entry.port, row.entry.direction)
    } else {
        Err(Outside::Clearance)
    }
}

/// A number of the wire as a database keeps it.
pub(super) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// How an event stands to those that were heard of its gate.
async fn order_of(tx: &mut Tx, event: &Event, hash: [u8; 32]) -> Result<Order, EventError> {
    let (epoch, number) = (whole(event.epoch), whole(event.number));
    let newest = outbox::last_chain(tx, &event.gate).await?;
    if epoch > newest {
        return Ok(Order::Not(ReceiptResult::UnknownChain));
    }
    let (last, previous) = outbox::last_event(tx, &event.gate, epoch).await?.unwrap_or((0, [0; 32]));
    if number <= last {
        // An event whose hash was forgotten (docs/retention.md) was heard, and is not heard again.
        let known = outbox::find_event(tx, &event.gate, epoch, number).await?;
        let same = known.is_none_or(|known| known == hash);
        return Ok(if same { Order::Repeat } else { Order::Not(ReceiptResult::Forked) });
    }
    // A chain that was given up does not go on beside the new one.
    if epoch < newest {
        return Ok(Order::Not(ReceiptResult::Forked));
    }
    if number != last + 1 {
        return Ok(Order::Not(ReceiptResult::Expected(u64::try_from(last + 1).unwrap_or(1))));
    }
    // After an operator let a gate go on from a later number (`ledger rejoin`), what came before is not known here.
    let rejoined = last > 0 && previous == [0; 32];
    if previous != event.previous && !rejoined {
        return Ok(Order::Not(ReceiptResult::Forked));
    }
    Ok(Order::Next)
}

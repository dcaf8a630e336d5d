//! Delivery: each authority's chain of events in the store: numbered, signed, waiting, delivered, kept for a time.
//!
//! Lives here: what the courier asks of [`Store`]. Not here: what is written of a clearance (`store`), how it is sent
//! (`courier`).
//!
//! Each authority has its own numbers, given when an event falls due. One chain for all would show by its gaps what
//! became of the other side, and an event that waits for its band would hold up the next traveller's.

use clearance::ClearanceId;
use credential::TokenId;
use credential::message::{self, Chain, ChainReason, Event, Kind};
use documents::{AuthorityCode, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteConnection;

use super::rows::{array, digests, read_passage, row, time};
use super::store::{JOURNAL, Outgoing, Store, StoreError, UnnumberedEvent, wire};

/// How long an event is kept that its authority took, in seconds: a week. An authority that comes back from a backup
/// asks for what it lost.
pub const KEEP_DELIVERED_SECONDS: i64 = 7 * 86_400;
/// How long a dead letter is kept, in seconds: 90 days.
pub const KEEP_CONFLICT_SECONDS: i64 = 90 * 86_400;

const FORGET_CLEARANCE: &str = "DELETE FROM clearance WHERE id = $1 AND stage = 'passage' AND NOT EXISTS \
    (SELECT 1 FROM outbox WHERE outbox.clearance = clearance.id AND delivered_at IS NULL)";
const FORGET_JOURNAL: &str = "DELETE FROM journal WHERE clearance = $1 AND NOT EXISTS \
    (SELECT 1 FROM clearance WHERE clearance.id = journal.clearance)";
const DUE: &str = "SELECT authority, clearance, passage, due_at, verdicts, probe FROM outbox \
    WHERE number IS NULL AND due_at <= $1 ORDER BY due_at, clearance";
const NUMBER_OUTBOX: &str =
    "UPDATE outbox SET number = $3, signed = $4, epoch = $5 WHERE authority = $1 AND clearance = $2";
const NEXT: &str = "SELECT number, clearance, signed FROM outbox WHERE authority = $1 AND number IS NOT NULL \
    AND delivered_at IS NULL ORDER BY number LIMIT 1";
const DELIVERED: &str =
    "UPDATE outbox SET delivered_at = $3, conflict = $4 WHERE authority = $1 AND clearance = $2";
const FORGET_DELIVERED: &str =
    "DELETE FROM outbox WHERE delivered_at < $1 AND (conflict IS NULL OR delivered_at < $2)";
const REWIND: &str =
    "UPDATE outbox SET delivered_at = NULL WHERE authority = $1 AND epoch = $2 AND number >= $3";
const KEPT: &str = "SELECT COUNT(*) FROM outbox WHERE authority = $1 AND epoch = $2 AND number = $3";
const WAITING: &str = "SELECT COUNT(*) FROM outbox WHERE authority = $1 AND delivered_at IS NULL";
const NEXT_DUE: &str = "SELECT MIN(due_at) FROM outbox WHERE number IS NULL";
const CHAIN: &str = "SELECT number, hash FROM chain WHERE name = $1";
const SET_CHAIN: &str = "INSERT INTO chain (name, number, hash) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET number = excluded.number, hash = excluded.hash";
const EPOCH: &str = "SELECT number, reason, note FROM epoch ORDER BY number DESC LIMIT 1";
const ADD_EPOCH: &str = "INSERT INTO epoch (number, reason, note) VALUES ($1, $2, $3)";
const FORGET_CHAINS: &str = "DELETE FROM chain WHERE name <> $1";
const UNNUMBER: &str = "UPDATE outbox SET number = NULL, signed = NULL WHERE delivered_at IS NULL";
const CONFLICTS: &str = "SELECT authority, clearance, due_at, conflict FROM outbox WHERE conflict IS NOT NULL \
    ORDER BY due_at, authority";
const PASSED_WITH: &str = "SELECT COUNT(*) FROM clearance WHERE token = $1 AND passage = 'passed'";

/// An event that its authority took only for an officer to settle: a dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The authority that does not take it.
    pub authority: AuthorityCode,
    /// The clearance of which it tells.
    pub clearance: ClearanceId,
    /// When it fell due.
    pub due_at: Timestamp,
    /// The authority's stable code for what it contradicts.
    pub code: String,
}

impl Store {
    /// Numbers, chains and signs everything that has fallen due by `now`, and forgets what was kept for its time; gives
    /// how many were numbered.
    ///
    /// # Errors
    /// As any statement, or where an event cannot be signed.
    pub async fn release(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        sqlx::query(FORGET_DELIVERED)
            .bind(now.plus_seconds(-KEEP_DELIVERED_SECONDS).unix())
            .bind(now.plus_seconds(-KEEP_CONFLICT_SECONDS).unix())
            .execute(&mut *tx)
            .await?;
        let rows = sqlx::query(DUE).bind(now.unix()).fetch_all(&mut *tx).await?;
        let epoch = current_epoch(&mut tx).await?.map_or(0, |(number, _, _)| number);
        for row in &rows {
            let authority: String = row.try_get("authority")?;
            let clearance = ClearanceId::from_bytes(array(row, "outbox", "clearance")?);
            let event = UnnumberedEvent {
                clearance,
                passage: wire(read_passage(row, "outbox")?),
                at: time(row, "outbox", "due_at")?,
                verdicts: digests(row, "outbox", "verdicts")?,
                probe: array(row, "outbox", "probe")?,
            };
            let (number, signed) = self.link(&mut tx, &authority, event).await?;
            sqlx::query(NUMBER_OUTBOX)
                .bind(&authority)
                .bind(clearance.as_bytes().as_slice())
                .bind(number)
                .bind(&signed)
                .bind(epoch)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(rows.len())
    }

    /// The first released event that `authority` has not taken yet.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next(&self, authority: AuthorityCode) -> Result<Option<Outgoing>, StoreError> {
        let mut connection = self.connection.lock().await;
        let row =
            sqlx::query(NEXT).bind(authority.code()).fetch_optional(connection.statement().await?).await?;
        row.map(|row| {
            let number: i64 = row.try_get("number")?;
            Ok(Outgoing {
                number: number.unsigned_abs(),
                clearance: ClearanceId::from_bytes(array(&row, "outbox", "clearance")?),
                signed: row.try_get("signed")?,
            })
        })
        .transpose()
    }

    /// Marks an event that its authority has taken, for an officer to settle where there is a `conflict`; forgets the
    /// clearance once all authorities have.
    ///
    /// # Errors
    /// As any statement.
    pub async fn mark_delivered(
        &self,
        authority: AuthorityCode,
        event: &Outgoing,
        conflict: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = event.clearance.as_bytes().as_slice();
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        sqlx::query(DELIVERED)
            .bind(authority.code())
            .bind(id)
            .bind(now.unix())
            .bind(conflict)
            .execute(&mut *tx)
            .await?;
        sqlx::query(FORGET_CLEARANCE).bind(id).execute(&mut *tx).await?;
        sqlx::query(FORGET_JOURNAL).bind(id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Makes every event of the present chain from `number` on wait again; `false` where that one is kept no longer.
    ///
    /// # Errors
    /// As any statement.
    pub async fn rewind(&self, authority: AuthorityCode, number: u64) -> Result<bool, StoreError> {
        let number = i64::try_from(number).map_err(|_| row("outbox", "number"))?;
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let epoch = current_epoch(&mut tx).await?.map_or(0, |(number, _, _)| number);
        let code = authority.code();
        let kept: i64 =
            sqlx::query_scalar(KEPT).bind(code).bind(epoch).bind(number).fetch_one(&mut *tx).await?;
        if kept == 0 {
            tx.rollback().await?;
            return Ok(false);
        }
        sqlx::query(REWIND).bind(code).bind(epoch).bind(number).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The beginning of the present chain, signed; none for the first chain of a gate, which needs none.
    ///
    /// # Errors
    /// As any statement, or where it cannot be signed.
    pub async fn chain(&self, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let mut connection = self.connection.lock().await;
        let Some((number, reason, note)) = current_epoch(connection.statement().await?).await? else {
            return Ok(None);
        };
        let key = self.key();
        let gate = key.gate.clone();
        let chain = Chain { gate, epoch: number.unsigned_abs(), reason, note, at: now };
        Ok(Some(message::sign(Kind::Chain, &key.kid, &key.key, &chain.encode())?))
    }

    /// Begins a new chain: what waits is numbered and signed anew. For a gate whose store was lost or replaced: its
    /// authorities refuse a second event with a number that they know. Gives the new chain's number.
    ///
    /// # Errors
    /// As any statement; [`StoreError::ChainBegun`] where a chain was begun later than `now` already.
    pub async fn begin_chain(
        &self,
        reason: ChainReason,
        note: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let last = current_epoch(&mut tx).await?.map_or(0, |(number, _, _)| number);
        if now.unix() <= last {
            tx.rollback().await?;
            return Err(StoreError::ChainBegun);
        }
        let note = Chain::note(note);
        sqlx::query(ADD_EPOCH).bind(now.unix()).bind(reason.as_str()).bind(note).execute(&mut *tx).await?;
        sqlx::query(FORGET_CHAINS).bind(JOURNAL).execute(&mut *tx).await?;
        sqlx::query(UNNUMBER).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(now.unix().unsigned_abs())
    }

    /// How many events wait for `authority`, due or not.
    ///
    /// # Errors
    /// As any statement.
    pub async fn waiting(&self, authority: AuthorityCode) -> Result<u64, StoreError> {
        let mut connection = self.connection.lock().await;
        let count: i64 = sqlx::query_scalar(WAITING)
            .bind(authority.code())
            .fetch_one(connection.statement().await?)
            .await?;
        Ok(count.unsigned_abs())
    }

    /// When the next event falls due that has no number yet.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut connection = self.connection.lock().await;
        let due: Option<i64> = sqlx::query_scalar(NEXT_DUE).fetch_one(connection.statement().await?).await?;
        Ok(due.and_then(Timestamp::from_unix))
    }

    /// The dead letters, the oldest first.
    ///
    /// # Errors
    /// As any statement; [`StoreError::Row`] for what cannot be read.
    pub async fn dead_letters(&self) -> Result<Vec<DeadLetter>, StoreError> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(CONFLICTS).fetch_all(connection.statement().await?).await?;
        rows.iter()
            .map(|found| {
                let authority: String = found.try_get("authority")?;
                Ok(DeadLetter {
                    authority: authority.parse().map_err(|_| row("outbox", "authority"))?,
                    clearance: ClearanceId::from_bytes(array(found, "outbox", "clearance")?),
                    due_at: time(found, "outbox", "due_at")?,
                    code: found.try_get("conflict")?,
                })
            })
            .collect()
    }

    /// Whether somebody passed this lane with this token, and an authority has not taken that yet: until it has, the lane
    /// itself must refuse the token.
    ///
    /// # Errors
    /// As any statement.
    pub async fn passed_with(&self, token: TokenId) -> Result<bool, StoreError> {
        let mut connection = self.connection.lock().await;
        let count: i64 = sqlx::query_scalar(PASSED_WITH)
            .bind(token.as_bytes().as_slice())
            .fetch_one(connection.statement().await?)
            .await?;
        Ok(count > 0)
    }

    /// Signs the next event of a chain and moves the chain on.
    pub(super) async fn link(
        &self,
        tx: &mut SqliteConnection,
        chain: &str,
        event: UnnumberedEvent,
    ) -> Result<(i64, Vec<u8>), StoreError> {
        let last = sqlx::query(CHAIN).bind(chain).fetch_optional(&mut *tx).await?;
        let (number, previous) = match &last {
            None => (0, [0; 32]),
            Some(last) => (last.try_get::<i64, _>("number")?, array(last, "chain", "hash")?),
        };
        let number = number.checked_add(1).ok_or_else(|| row("chain", "number"))?;
        let epoch = current_epoch(tx).await?.map_or(0, |(number, _, _)| number.unsigned_abs());
        let key = self.key();
        let event = Event {
            gate: key.gate.clone(),
            epoch,
            number: number.unsigned_abs(),
            previous,
            clearance: *event.clearance.as_bytes(),
            passage: event.passage,
            at: event.at,
            verdicts: event.verdicts,
            probe: event.probe,
        };
        let payload = event.encode();
        let signed = message::sign(Kind::Event, &key.kid, &key.key, &payload)?;
        let hash = message::payload_hash(&payload);
        sqlx::query(SET_CHAIN).bind(chain).bind(number).bind(hash.as_slice()).execute(&mut *tx).await?;
        Ok((number, signed))
    }
}

/// Number, reason and note of the present chain; none while it is the gate's first.
async fn current_epoch(
    connection: &mut SqliteConnection,
) -> Result<Option<(i64, ChainReason, String)>, StoreError> {
    let Some(found) = sqlx::query(EPOCH).fetch_optional(connection).await? else { return Ok(None) };
    let word: String = found.try_get("reason")?;
    let reasons = [ChainReason::StoreLost, ChainReason::FormChanged];
    let reason = reasons.into_iter().find(|reason| reason.as_str() == word);
    Ok(Some((
        found.try_get("number")?,
        reason.ok_or_else(|| row("epoch", "reason"))?,
        found.try_get("note")?,
    )))
}

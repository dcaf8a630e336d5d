//! Store: the gate's durable memory. What stands here survives a stop at any instant; nothing else was promised.
//!
//! Lives here: the open clearances, the gate's own journal (numbered, chained by hash), and the outbox with a chain of
//! its own for each authority. Not here: what follows from it (`clearance::recover`) and how it is sent (`courier`).
//!
//! Each authority has its own numbers, given when an event falls due. One chain for all would show by its gaps what
//! became of the other side, and an event that waits for its band would hold up the next traveller's.

use std::path::{Path, PathBuf};

use clearance::{
    AskingRecord, ClearanceId, Digest, LaneId, OpeningRecord, Passage, PassageRecord, Sides, Trail,
};
use credential::message::{self, Event, Kind, MessageError};
use credential::{SigningKey, TokenId};
use documents::{AuthorityCode, Timestamp};
use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use tokio::sync::{Mutex, Notify};

use super::private_files::make_private;
use super::rows::{array, digests, read_passage, row, sides_word, time, trail};
use super::transaction::Reopening;

/// The chain of the gate's own journal; an authority's chain bears its code.
const JOURNAL: &str = "journal";

/// Table definitions; statements below are portable, these are SQLite's.
const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS clearance (
        id BLOB PRIMARY KEY, lane TEXT NOT NULL, port TEXT NOT NULL, origin TEXT NOT NULL, destination TEXT NOT NULL,
        sides TEXT NOT NULL, token BLOB NOT NULL, shown_at BIGINT NOT NULL, probe BLOB NOT NULL,
        asked_at BIGINT NOT NULL, stage TEXT NOT NULL, verdicts BLOB NOT NULL, passage TEXT, ended_at BIGINT)",
    "CREATE TABLE IF NOT EXISTS chain (name TEXT PRIMARY KEY, number BIGINT NOT NULL, hash BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS journal (
        number BIGINT PRIMARY KEY, clearance BLOB NOT NULL, signed BLOB NOT NULL)",
    "CREATE TABLE IF NOT EXISTS outbox (
        authority TEXT NOT NULL, clearance BLOB NOT NULL, passage TEXT NOT NULL, due_at BIGINT NOT NULL,
        verdicts BLOB NOT NULL, probe BLOB NOT NULL, number BIGINT, signed BLOB,
        PRIMARY KEY (authority, clearance))",
    "CREATE TABLE IF NOT EXISTS showing (
        token BLOB NOT NULL, shown_at BIGINT NOT NULL, lane TEXT NOT NULL, PRIMARY KEY (token, shown_at))",
];

const INSERT_CLEARANCE: &str = "INSERT INTO clearance (id, lane, port, origin, destination, sides, token, shown_at, \
    probe, asked_at, stage, verdicts) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'asked', $11) \
    ON CONFLICT (id) DO NOTHING";
const OPEN_CLEARANCE: &str = "UPDATE clearance SET stage = 'opening', verdicts = $2, shown_at = $3, probe = $4 \
    WHERE id = $1 AND stage = 'asked'";
const END_CLEARANCE: &str = "UPDATE clearance SET stage = 'passage', passage = $2, ended_at = $3, verdicts = $4 \
    WHERE id = $1 AND stage <> 'passage'";
const CLEARANCES: &str = "SELECT id, lane, port, origin, destination, sides, token, shown_at, probe, asked_at, stage, \
    verdicts, passage, ended_at FROM clearance ORDER BY asked_at, id";
const UNENDED: &str = "SELECT COUNT(*) FROM clearance WHERE stage <> 'passage'";
const FORGET_CLEARANCE: &str = "DELETE FROM clearance WHERE id = $1 AND stage = 'passage' AND NOT EXISTS \
    (SELECT 1 FROM outbox WHERE outbox.clearance = clearance.id)";
const FORGET_JOURNAL: &str = "DELETE FROM journal WHERE clearance = $1 AND NOT EXISTS \
    (SELECT 1 FROM clearance WHERE clearance.id = journal.clearance)";
const CHAIN: &str = "SELECT number, hash FROM chain WHERE name = $1";
const SET_CHAIN: &str = "INSERT INTO chain (name, number, hash) VALUES ($1, $2, $3) \
    ON CONFLICT (name) DO UPDATE SET number = excluded.number, hash = excluded.hash";
const INSERT_JOURNAL: &str = "INSERT INTO journal (number, clearance, signed) VALUES ($1, $2, $3)";
const JOURNAL_ROWS: &str = "SELECT signed FROM journal ORDER BY number";
const INSERT_OUTBOX: &str = "INSERT INTO outbox (authority, clearance, passage, due_at, verdicts, probe) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (authority, clearance) DO NOTHING";
const DUE: &str = "SELECT authority, clearance, passage, due_at, verdicts, probe FROM outbox \
    WHERE number IS NULL AND due_at <= $1 ORDER BY due_at, clearance";
const NUMBER_OUTBOX: &str =
    "UPDATE outbox SET number = $3, signed = $4 WHERE authority = $1 AND clearance = $2";
const NEXT: &str = "SELECT number, clearance, signed FROM outbox WHERE authority = $1 AND number IS NOT NULL \
    ORDER BY number LIMIT 1";
const DELIVERED: &str = "DELETE FROM outbox WHERE authority = $1 AND number = $2";
const WAITING: &str = "SELECT COUNT(*) FROM outbox WHERE authority = $1";
const NEXT_DUE: &str = "SELECT MIN(due_at) FROM outbox WHERE number IS NULL";
const NOTE_SHOWING: &str = "INSERT INTO showing (token, shown_at, lane) VALUES ($1, $2, $3) \
    ON CONFLICT (token, shown_at) DO NOTHING";
const SHOWING: &str = "SELECT lane FROM showing WHERE token = $1 AND shown_at = $2";
const SHOWINGS: &str = "SELECT token, shown_at, lane FROM showing ORDER BY shown_at";
const FORGET_SHOWINGS: &str = "DELETE FROM showing WHERE shown_at < $1";

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("another process uses the gate's store; stop it first, or give this gate a store of its own")]
    Held,
    /// No space is left.
    #[error("no space is left for the gate's store; free some, nothing that was written is lost")]
    Full,
    /// The folder or file cannot be used.
    #[error("the gate's store {path} cannot be opened; check that its folder exists and may be written")]
    Open {
        /// The file.
        path: PathBuf,
        /// The error of the driver.
        #[source]
        source: sqlx::Error,
    },
    /// The database refuses.
    #[error("the gate's store refuses a statement")]
    Database(#[source] sqlx::Error),
    /// A row is not what this program writes.
    #[error("the gate's store holds something unreadable in {table}.{column}")]
    Row {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// An event could not be signed.
    #[error("an event could not be signed")]
    Sign(#[from] MessageError),
    /// A record for a clearance that the store does not know, or that has ended.
    #[error("the store does not expect this record of clearance {clearance}")]
    Unexpected {
        /// The clearance.
        clearance: ClearanceId,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // SQLite result codes: 5 and 6 busy or locked, 13 full; extended codes keep them in the low byte.
        let primary = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
            .and_then(|code| code.parse::<u32>().ok())
            .map(|code| code & 0xff);
        match primary {
            Some(5 | 6) => Self::Held,
            Some(13) => Self::Full,
            Some(_) | None => Self::Database(error),
        }
    }
}

/// The key with which a gate signs requests and events, and the name under which it does.
pub struct GateKey {
    /// The gate's name.
    pub gate: String,
    /// The key's id in the trust list.
    pub kid: Vec<u8>,
    /// The key.
    pub key: SigningKey,
}

documents::redact_debug!(GateKey);

/// An event that is numbered, signed and waits for its authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in this authority's chain.
    pub number: u64,
    /// The clearance.
    pub clearance: ClearanceId,
    /// The signed event.
    pub signed: Vec<u8>,
}

/// The gate's durable memory.
pub struct Store {
    connection: Mutex<Reopening>,
    key: GateKey,
    /// Something is to be told.
    to_tell: Notify,
}

documents::redact_debug!(Store);

impl Store {
    /// Opens or makes the store at `path`, for this process and its user alone (mode 0600, whatever the umask).
    ///
    /// # Errors
    /// [`StoreError::Held`] where another process has it, [`StoreError::Open`] where the path cannot be used.
    pub async fn open(path: &Path, key: GateKey) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // FULL: a record is on the disk, not only with the operating system, before the door moves.
            .synchronous(SqliteSynchronous::Full)
            .journal_mode(SqliteJournalMode::Wal)
            .locking_mode(SqliteLockingMode::Exclusive)
            .busy_timeout(std::time::Duration::from_millis(500));
        make_private(path)
            .map_err(|error| StoreError::Open { path: path.to_owned(), source: error.into() })?;
        let opened = Reopening::open(options).await.map_err(StoreError::from);
        let mut connection = opened.map_err(|error| {
            if let StoreError::Database(source) = error {
                StoreError::Open { path: path.to_owned(), source }
            } else {
                error
            }
        })?;
        for statement in SCHEMA {
            sqlx::query(*statement).execute(connection.statement().await?).await?;
        }
        Ok(Self { connection: Mutex::new(connection), key, to_tell: Notify::new() })
    }

    /// The gate's key, for requests.
    #[must_use]
    pub const fn key(&self) -> &GateKey {
        &self.key
    }

    /// Wakes the courier that waits in [`Self::something_to_tell`]: an end was written.
    pub fn wake_courier(&self) {
        self.to_tell.notify_one();
    }

    /// Ends at the next [`Self::wake_courier`], or at once where there was one since.
    pub async fn something_to_tell(&self) {
        self.to_tell.notified().await;
    }

    /// Bounds the store's size in pages of 4 KiB: how tests fill a disk.
    ///
    /// # Errors
    /// As any statement.
    pub async fn limit_pages(&self, pages: u32) -> Result<(), StoreError> {
        let mut connection = self.connection.lock().await;
        Ok(connection.set_pragma("max_page_count", pages).await?)
    }

    /// Notes where a genuine showing was read; `false` where another lane of this store was first. Showings made
    /// before `forget_before` are forgotten on the way.
    ///
    /// # Errors
    /// As any statement.
    pub async fn note_showing(
        &self,
        token: TokenId,
        made_at: Timestamp,
        lane: &LaneId,
        forget_before: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        sqlx::query(FORGET_SHOWINGS).bind(forget_before.unix()).execute(&mut *tx).await?;
        let id = token.as_bytes().as_slice();
        sqlx::query(NOTE_SHOWING).bind(id).bind(made_at.unix()).bind(lane.as_str()).execute(&mut *tx).await?;
        let first: String =
            sqlx::query_scalar(SHOWING).bind(id).bind(made_at.unix()).fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(first == lane.as_str())
    }

    /// The showings that are remembered: token, when shown, lane. Another lane's cache begins with them.
    ///
    /// # Errors
    /// As any statement.
    pub async fn showings(&self) -> Result<Vec<(TokenId, Timestamp, LaneId)>, StoreError> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(SHOWINGS).fetch_all(connection.statement().await?).await?;
        let damaged = |column| StoreError::Row { table: "showing", column };
        rows.iter()
            .map(|row| {
                let token: Vec<u8> = row.try_get(0)?;
                let token = token.try_into().map_err(|_| damaged("token"))?;
                let at = Timestamp::from_unix(row.try_get(1)?).ok_or(damaged("shown_at"))?;
                let lane: String = row.try_get(2)?;
                Ok((TokenId::from_bytes(token), at, lane.parse().map_err(|_| damaged("lane"))?))
            })
            .collect()
    }

    /// Writes that the authorities are about to be asked.
    ///
    /// # Errors
    /// As any statement.
    pub async fn record_asking(&self, record: &AskingRecord) -> Result<(), StoreError> {
        let subject = record.round.subject();
        let place = &subject.place;
        let mut connection = self.connection.lock().await;
        sqlx::query(INSERT_CLEARANCE)
            .bind(subject.clearance.as_bytes().as_slice())
            .bind(place.lane.as_str())
            .bind(place.port.as_str())
            .bind(place.direction.from().code())
            .bind(place.direction.to().code())
            .bind(sides_word(&place.sides))
            .bind(subject.token.as_bytes().as_slice())
            .bind(subject.shown_at.unix())
            .bind(subject.probe.as_bytes().as_slice())
            .bind(record.asked_at.unix())
            .bind([].as_slice())
            .execute(connection.statement().await?)
            .await?;
        Ok(())
    }

    /// Writes an opening, and journals it, before the door is commanded.
    ///
    /// # Errors
    /// As any statement; [`StoreError::Unexpected`] where no asking was written or an end was.
    pub async fn record_opening(&self, record: &OpeningRecord) -> Result<(), StoreError> {
        let clearance = record.subject.clearance;
        let verdicts: Vec<[u8; 32]> =
            record.admits.iter().map(|(_, admit)| *admit.verdict().hash.as_bytes()).collect();
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let changed = sqlx::query(OPEN_CLEARANCE)
            .bind(clearance.as_bytes().as_slice())
            .bind(verdicts.concat())
            .bind(record.subject.shown_at.unix())
            .bind(record.subject.probe.as_bytes().as_slice())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if changed != 1 {
            tx.rollback().await?;
            return Err(StoreError::Unexpected { clearance });
        }
        let event = UnnumberedEvent {
            clearance,
            passage: message::Passage::Opening,
            at: record.decided_at,
            verdicts,
            probe: *record.subject.probe.as_bytes(),
        };
        self.journal(&mut tx, event).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes what happened, journals it, and puts what each authority is told into the outbox. A repeat is harmless.
    ///
    /// # Errors
    /// As any statement.
    pub async fn record_passage(&self, record: &PassageRecord) -> Result<(), StoreError> {
        let clearance = record.subject.clearance;
        let id = clearance.as_bytes().as_slice();
        let hashes = |sides: Option<&Sides<Digest>>| -> Vec<[u8; 32]> {
            sides.map_or_else(Vec::new, |s| s.iter().map(|(_, hash)| *hash.as_bytes()).collect())
        };
        let verdicts = hashes(record.verdicts.as_ref());
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let changed = sqlx::query(END_CLEARANCE)
            .bind(id)
            .bind(record.passage.code())
            .bind(record.ended_at.unix())
            .bind(verdicts.concat())
            .execute(&mut *tx)
            .await?
            .rows_affected();
        if changed == 0 {
            return Ok(tx.rollback().await?);
        }
        let probe = *record.subject.probe.as_bytes();
        let own = UnnumberedEvent {
            clearance,
            passage: wire(record.passage),
            at: record.ended_at,
            verdicts,
            probe,
        };
        self.journal(&mut tx, own).await?;
        let told = record.told();
        let told_verdicts = hashes(record.told_verdicts()).concat();
        for (_, authority) in record.subject.place.authorities() {
            sqlx::query(INSERT_OUTBOX)
                .bind(authority.code())
                .bind(id)
                .bind(told.passage.code())
                .bind(told.at.unix())
                .bind(&told_verdicts)
                .bind(probe.as_slice())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// How far each clearance got that is not over and told, for a restart.
    ///
    /// # Errors
    /// As any statement; [`StoreError::Row`] for what cannot be read.
    pub async fn trails(&self) -> Result<Vec<Trail>, StoreError> {
        let mut connection = self.connection.lock().await;
        let rows = sqlx::query(CLEARANCES).fetch_all(connection.statement().await?).await?;
        rows.iter().map(trail).collect()
    }

    /// How many clearances have no end yet.
    ///
    /// # Errors
    /// As any statement.
    pub async fn unended(&self) -> Result<u64, StoreError> {
        let mut connection = self.connection.lock().await;
        let count: i64 = sqlx::query_scalar(UNENDED).fetch_one(connection.statement().await?).await?;
        Ok(count.unsigned_abs())
    }

    /// Numbers, chains and signs everything that has fallen due by `now`; gives how many.
    ///
    /// # Errors
    /// As any statement, or where an event cannot be signed.
    pub async fn release(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        let rows = sqlx::query(DUE).bind(now.unix()).fetch_all(&mut *tx).await?;
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

    /// Forgets an event that its authority has taken, and the clearance once all have.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delivered(&self, authority: AuthorityCode, event: &Outgoing) -> Result<(), StoreError> {
        let number = i64::try_from(event.number).map_err(|_| row("outbox", "number"))?;
        let id = event.clearance.as_bytes().as_slice();
        let mut connection = self.connection.lock().await;
        let mut tx = connection.begin().await?;
        sqlx::query(DELIVERED).bind(authority.code()).bind(number).execute(&mut *tx).await?;
        sqlx::query(FORGET_CLEARANCE).bind(id).execute(&mut *tx).await?;
        sqlx::query(FORGET_JOURNAL).bind(id).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
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

    /// The signed events of the gate's own journal that are still kept, in order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn journalled(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut connection = self.connection.lock().await;
        Ok(sqlx::query_scalar(JOURNAL_ROWS).fetch_all(connection.statement().await?).await?)
    }

    async fn journal(&self, tx: &mut SqliteConnection, event: UnnumberedEvent) -> Result<(), StoreError> {
        let clearance = event.clearance;
        let (number, signed) = self.link(tx, JOURNAL, event).await?;
        sqlx::query(INSERT_JOURNAL)
            .bind(number)
            .bind(clearance.as_bytes().as_slice())
            .bind(signed)
            .execute(&mut *tx)
            .await?;
        Ok(())
    }

    /// Signs the next event of a chain and moves the chain on.
    async fn link(
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
        let event = Event {
            gate: self.key.gate.clone(),
            number: number.unsigned_abs(),
            previous,
            clearance: *event.clearance.as_bytes(),
            passage: event.passage,
            at: event.at,
            verdicts: event.verdicts,
            probe: event.probe,
        };
        let signed = message::sign(Kind::Event, &self.key.kid, &self.key.key, &event.encode())?;
        let hash = message::hash(&signed);
        sqlx::query(SET_CHAIN).bind(chain).bind(number).bind(hash.as_slice()).execute(&mut *tx).await?;
        Ok((number, signed))
    }
}

/// An event before its chain gives it a number.
struct UnnumberedEvent {
    clearance: ClearanceId,
    passage: message::Passage,
    at: Timestamp,
    verdicts: Vec<[u8; 32]>,
    probe: [u8; 32],
}

const fn wire(passage: Passage) -> message::Passage {
    match passage {
        Passage::Passed => message::Passage::Passed,
        Passage::NotPassed => message::Passage::NotPassed,
        Passage::Returned => message::Passage::Returned,
        Passage::Unknown => message::Passage::Unknown,
    }
}

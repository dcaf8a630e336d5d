//! Store: the gate's durable memory. What stands here survives a stop at any instant; nothing else was promised.
//!
//! Lives here: the open clearances and the gate's own journal (numbered, chained by hash). Not here: the outbox with a
//! chain of its own for each authority (`delivery`), what follows from it (`clearance::recover`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use clearance::{
    AskingRecord, ClearanceId, Digest, LaneId, OpeningRecord, Passage, PassageRecord, Sides, Trail,
};
use credential::message::{self, MessageError};
use credential::{SigningKey, TokenId};
use documents::{AuthorityCode, Timestamp};
use sqlx::Row;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous,
};
use tokio::sync::{Mutex, watch};

use super::migrations::MIGRATIONS;
use super::private_files::make_private;
use super::rows::{sides_word, trail};
use super::transaction::Reopening;
use super::trouble::Trouble;

/// The chain of the gate's own journal; an authority's chain bears its code.
pub(super) const JOURNAL: &str = "journal";

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
const INSERT_JOURNAL: &str = "INSERT INTO journal (number, clearance, signed) VALUES ($1, $2, $3)";
const JOURNAL_ROWS: &str = "SELECT signed FROM journal ORDER BY number";
const INSERT_OUTBOX: &str = "INSERT INTO outbox (authority, clearance, passage, due_at, verdicts, probe) \
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (authority, clearance) DO NOTHING";
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
        /// The file of the store.
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
        /// The table of the row.
        table: &'static str,
        /// The column that does not hold what it must.
        column: &'static str,
    },
    /// It was written by a newer program.
    #[error("the gate's store {path} was written by a newer program; use that one")]
    Newer {
        /// The file of the store.
        path: PathBuf,
    },
    /// Its tables could not be brought to the form of this program.
    #[error("the gate's store cannot be brought to the form of this program; restore it from a backup")]
    Migrate(#[source] MigrateError),
    /// A chain was begun at this moment, or later.
    #[error("a new chain was begun already; wait a second, and check this machine's clock")]
    ChainBegun,
    /// An event could not be signed.
    #[error("an event could not be signed")]
    Sign(#[from] MessageError),
    /// A record for a clearance that the store does not know, or that has ended.
    #[error("the store does not expect this record of clearance {clearance}")]
    Unexpected {
        /// The clearance of the record.
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
    /// The key that signs events.
    pub key: Arc<SigningKey>,
}

documents::redact_debug!(GateKey);

/// The key that a lane uses at the moment: its store and its book of acts follow it together.
#[derive(Clone)]
pub struct LaneKey(Arc<RwLock<Arc<GateKey>>>);

documents::redact_debug!(LaneKey);

impl LaneKey {
    /// This key, until another one is used.
    #[must_use]
    pub fn new(key: GateKey) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(key))))
    }

    /// The key in use.
    #[must_use]
    pub fn get(&self) -> Arc<GateKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Uses this key from now on; what is being signed keeps its own.
    pub fn replace(&self, key: GateKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
    }
}

/// An event that is numbered, signed and waits for its authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its number in this authority's chain.
    pub number: u64,
    /// The clearance of which the message tells.
    pub clearance: ClearanceId,
    /// The signed event.
    pub signed: Vec<u8>,
}

/// The gate's durable memory.
pub struct Store {
    pub(super) connection: Mutex<Reopening>,
    key: LaneKey,
    /// Something is to be told.
    to_tell: watch::Sender<u64>,
    /// Something was numbered for the authorities.
    numbered: watch::Sender<u64>,
    /// Which authorities do not take events.
    pub(super) troubles: std::sync::Mutex<BTreeMap<AuthorityCode, Trouble>>,
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
        match MIGRATIONS.run(connection.statement().await?).await {
            Ok(()) => {}
            Err(MigrateError::VersionMissing(_)) => return Err(StoreError::Newer { path: path.to_owned() }),
            Err(MigrateError::Execute(source)) => return Err(source.into()),
            Err(error) => return Err(StoreError::Migrate(error)),
        }
        Ok(Self {
            connection: Mutex::new(connection),
            key: LaneKey::new(key),
            to_tell: watch::Sender::new(0),
            numbered: watch::Sender::new(0),
            troubles: std::sync::Mutex::default(),
        })
    }

    /// The gate's key in use, for requests.
    #[must_use]
    pub fn key(&self) -> Arc<GateKey> {
        self.key.get()
    }

    /// The lane's key, which may be replaced.
    #[must_use]
    pub const fn lane_key(&self) -> &LaneKey {
        &self.key
    }

    /// Wakes the courier: an end was written.
    pub fn wake_courier(&self) {
        self.to_tell.send_modify(|ends| *ends = ends.wrapping_add(1));
    }

    /// Changes at every [`Self::wake_courier`].
    #[must_use]
    pub fn something_to_tell(&self) -> watch::Receiver<u64> {
        self.to_tell.subscribe()
    }

    /// Wakes every queue of the courier: something was numbered.
    pub(super) fn wake_queues(&self) {
        self.numbered.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// Changes at every [`Self::wake_queues`].
    pub(super) fn something_numbered(&self) -> watch::Receiver<u64> {
        self.numbered.subscribe()
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
}

/// An event before its chain gives it a number.
pub(super) struct UnnumberedEvent {
    pub(super) clearance: ClearanceId,
    pub(super) passage: message::Passage,
    pub(super) at: Timestamp,
    pub(super) verdicts: Vec<[u8; 32]>,
    pub(super) probe: [u8; 32],
}

pub(super) const fn wire(passage: Passage) -> message::Passage {
    match passage {
        Passage::Passed => message::Passage::Passed,
        Passage::NotPassed => message::Passage::NotPassed,
        Passage::Returned => message::Passage::Returned,
        Passage::Unknown => message::Passage::Unknown,
    }
}

//! Store: every statement of a desk, the same for SQLite and PostgreSQL, one file for each kind of row.
//!
//! Lives here: how a desk's database is opened. Not here: any decision; connections and migrations (crate `database`). What names
//! a person is sealed under that person's own key (`vault`). Rules of docs/decisions/store.md.

pub(crate) mod answer;
mod codec;
pub(crate) mod intent;
pub(crate) mod look;
mod migrations;
pub(crate) mod person;
pub(crate) mod reader;
pub mod report;
pub(crate) mod retention;
pub(crate) mod stay;
mod survey;
mod transaction;
mod vault;
pub(crate) mod visit;

use std::sync::Arc;

use sqlx::migrate::MigrateError;
use sqlx::{Any, AnyPool, Executor as _, Row as _};

pub use database::{DatabaseAddress, DatabaseAddressError};
use database::{FileError, OpenError, Pools};
pub(crate) use database::{all, optional, run, statements as define_statements};
pub use look::{Act, Look};
use migrations::{POSTGRES, SQLITE};
pub use retention::{LOOK_DAYS, RetentionReport};
pub use survey::Stored;
pub use transaction::Tx;
pub use vault::{Keys, KeysError, PersonKey};

/// Connections to a PostgreSQL server, where the address names no other number.
const POSTGRES_CONNECTIONS: u32 = 8;

/// Every statement, by name: tests prepare each one on both engines.
#[must_use]
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        vault::STATEMENTS,
        person::STATEMENTS,
        stay::STATEMENTS,
        report::STATEMENTS,
        look::STATEMENTS,
        retention::STATEMENTS,
        visit::STATEMENTS,
        answer::STATEMENTS,
        intent::STATEMENTS,
        reader::STATEMENTS,
    ]
    .concat()
}

/// The database failed, or holds something that this program never wrote.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database itself.
    #[error(
        "the desk's database failed ({action}): {source}; check its disk space and that it can be reached, then try again"
    )]
    Database {
        /// What was being done.
        action: &'static str,
        /// The driver's words.
        #[source]
        source: sqlx::Error,
    },
    /// The file cannot be made, or its mode cannot be set.
    #[error(transparent)]
    File(#[from] FileError),
    /// A program that came later wrote this database.
    #[error(
        "this database was made by a newer version of this program (migration {0} is not known here); \
         run that version, or restore a backup from before the upgrade"
    )]
    Newer(i64),
    /// A migration did not run.
    #[error("the database could not be brought to this version; restore the backup from before the upgrade")]
    Migration(#[source] MigrateError),
    /// The master key is another one than that under which this database was written.
    #[error(
        "the master key is not the one of this database; put the desk's own key file back (a new one opens nothing)"
    )]
    MasterKey,
    /// A row that this program never wrote.
    #[error("a row of table {table} is damaged in column {column}; restore it from a backup")]
    Row {
        /// The table of the row.
        table: &'static str,
        /// The column that does not hold what it must.
        column: &'static str,
    },
    /// Sealing failed inside the crypto library.
    #[error("a record could not be sealed")]
    Seal(#[source] credential::CryptoError),
    /// A statement after the end of its transaction.
    #[error("the transaction has ended already")]
    Ended,
}

pub(crate) type Result<T> = std::result::Result<T, StoreError>;

/// A desk's database.
#[derive(Debug, Clone)]
pub struct Store {
    writers: AnyPool,
    readers: AnyPool,
    sqlite: bool,
    keys: Arc<Keys>,
}

impl Store {
    /// Opens a database, brings it to this version, and checks that the master key is its own.
    ///
    /// # Errors
    /// [`StoreError`], with what to do next.
    pub async fn open(address: &DatabaseAddress, keys: Keys) -> Result<Self> {
        address.prepare_file()?;
        let Pools { writers, readers, .. } = Pools::open(address, POSTGRES_CONNECTIONS).await?;
        migrate(&writers, address.is_sqlite()).await?;
        let store = Self { writers, readers, sqlite: address.is_sqlite(), keys: Arc::new(keys) };
        let mut tx = store.begin().await?;
        vault::check_master_key(&mut tx, &store.keys).await?;
        tx.commit().await?;
        address.protect_file()?;
        Ok(store)
    }

    /// Begins a transaction that writes. SQLite has one at a time.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn begin(&self) -> Result<Tx> {
        Tx::begin(&self.writers, if self.sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await
    }

    /// Begins a transaction that only reads, beside whoever writes.
    pub(crate) async fn read(&self) -> Result<Tx> {
        let server = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        Tx::begin(&self.readers, if self.sqlite { "BEGIN" } else { server }).await
    }

    /// A pool of this database, for tests that read it beside the desk.
    #[must_use]
    pub const fn pool(&self) -> &AnyPool {
        &self.writers
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Empties SQLite's write-ahead log, where pages of what was erased may stand until it is written over.
    pub(crate) async fn empty_log(&self) -> Result<()> {
        if !self.sqlite {
            return Ok(());
        }
        let failed = |source| StoreError::Database { action: "empty the log", source };
        let mut connection = self.writers.acquire().await.map_err(failed)?;
        connection.execute(sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")).await.map(drop).map_err(failed)
    }
}

async fn migrate(writers: &AnyPool, sqlite: bool) -> Result<()> {
    match database::migrate(writers, if sqlite { &SQLITE } else { &POSTGRES }).await {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(version)) => Err(StoreError::Newer(version)),
        Err(MigrateError::Execute(source)) => Err(StoreError::Database { action: "migrate", source }),
        Err(error) => Err(StoreError::Migration(error)),
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        let (OpenError::Server(source) | OpenError::Open(source)) = error;
        Self::Database { action: "open", source }
    }
}

/// A column of a row.
pub(crate) fn column<'r, T>(
    row: &'r sqlx::any::AnyRow,
    table: &'static str,
    column: &'static str,
) -> Result<T>
where
    T: sqlx::Decode<'r, Any> + sqlx::Type<Any>,
{
    row.try_get(column).map_err(|_| StoreError::Row { table, column })
}

/// A column of exactly 16 bytes.
pub(crate) fn sixteen(row: &sqlx::any::AnyRow, table: &'static str, name: &'static str) -> Result<[u8; 16]> {
    let bytes: Vec<u8> = column(row, table, name)?;
    bytes.try_into().map_err(|_| StoreError::Row { table, column: name })
}

/// A time in seconds since the epoch.
pub(crate) fn time(
    row: &sqlx::any::AnyRow,
    table: &'static str,
    name: &'static str,
) -> Result<documents::Timestamp> {
    let seconds: i64 = column(row, table, name)?;
    documents::Timestamp::from_unix(seconds).ok_or(StoreError::Row { table, column: name })
}

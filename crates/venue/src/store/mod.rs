//! Store: every statement of a desk, the same for SQLite and PostgreSQL, one file for each kind of row.
//!
//! Lives here: the database's connections, migrations, the macros of statements. Not here: any decision. What names a person is
//! sealed under that person's own key (`vault`). Rules of docs/decisions/store.md.

mod address;
pub(crate) mod answer;
mod codec;
pub(crate) mod look;
mod migrations;
pub(crate) mod person;
pub mod report;
pub(crate) mod retention;
pub(crate) mod stay;
mod transaction;
mod vault;
pub(crate) mod visit;

use std::sync::Arc;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::MigrateError;
use sqlx::{Any, AnyPool, Executor as _, Row as _};

pub use address::{DatabaseAddress, DatabaseAddressError};
pub use look::{Act, Look};
use migrations::{POSTGRES, SQLITE};
pub use retention::{LOOK_DAYS, RetentionReport};
pub use transaction::Tx;
pub use vault::{Keys, KeysError, PersonKey};

/// Readers beside the one writer of a SQLite file.
const SQLITE_READERS: u32 = 4;
/// Connections to a PostgreSQL server.
const POSTGRES_CONNECTIONS: u32 = 8;

/// The statements of one file, by name.
macro_rules! statements {
    ($($name:ident = $sql:expr;)+) => {
        $(const $name: &str = $sql;)+
        pub(super) const STATEMENTS: &[(&str, &str)] = &[$((stringify!($name), $sql)),+];
    };
}

/// Runs one statement with its values; gives the number of rows changed.
macro_rules! run {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        sqlx::query($sql)$(.bind($value))*.execute(&mut *$tx.connection()?).await
            .map(|done| done.rows_affected())
            .map_err(|source| $crate::store::StoreError::Database { action: stringify!($sql), source })
    };
}

/// The row of a statement, or none.
macro_rules! optional {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        sqlx::query($sql)$(.bind($value))*.fetch_optional(&mut *$tx.connection()?).await
            .map_err(|source| $crate::store::StoreError::Database { action: stringify!($sql), source })
    };
}

/// All rows of a statement.
macro_rules! all {
    ($tx:expr, $sql:ident $(, $value:expr)* $(,)?) => {
        sqlx::query($sql)$(.bind($value))*.fetch_all(&mut *$tx.connection()?).await
            .map_err(|source| $crate::store::StoreError::Database { action: stringify!($sql), source })
    };
}

pub(crate) use {all, optional, run, statements as define_statements};

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
    #[error("the database file {file} cannot be prepared: {source}; check the folder and who owns it")]
    File {
        /// Its path.
        file: String,
        /// The system's words.
        #[source]
        source: std::io::Error,
    },
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
        sqlx::any::install_default_drivers();
        address.protect()?;
        let (writers, readers) = pools(address).await?;
        migrate(&writers, address.is_sqlite()).await?;
        let store = Self { writers, readers, sqlite: address.is_sqlite(), keys: Arc::new(keys) };
        let mut tx = store.begin().await?;
        vault::check_master_key(&mut tx, &store.keys).await?;
        tx.commit().await?;
        address.protect()?;
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
    let failed = |source| StoreError::Database { action: "open", source };
    let mut connection = writers.acquire().await.map_err(failed)?;
    let migrator = if sqlite { &SQLITE } else { &POSTGRES };
    let done = migrator.run(&mut *connection).await;
    if done.is_err() {
        drop(connection.detach());
    }
    match done {
        Ok(()) => Ok(()),
        Err(MigrateError::VersionMissing(version)) => Err(StoreError::Newer(version)),
        Err(MigrateError::Execute(source)) => Err(StoreError::Database { action: "migrate", source }),
        Err(error) => Err(StoreError::Migration(error)),
    }
}

async fn pools(address: &DatabaseAddress) -> Result<(AnyPool, AnyPool)> {
    // A deleted row is overwritten at once, so that no page keeps what was erased.
    const WRITER: &[&str] = &[
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "PRAGMA busy_timeout = 5000",
        "PRAGMA secure_delete = ON",
    ];
    const READER: &[&str] = &["PRAGMA busy_timeout = 5000", "PRAGMA query_only = ON"];
    let failed = |source| StoreError::Database { action: "open", source };
    let options = |most: u32| AnyPoolOptions::new().max_connections(most).test_before_acquire(false);
    let url = address.url();
    if !address.is_sqlite() {
        let pool = options(POSTGRES_CONNECTIONS).connect(&url).await.map_err(failed)?;
        return Ok((pool.clone(), pool));
    }
    let open = |most: u32, pragmas: &'static [&'static str]| {
        options(most).idle_timeout(None).max_lifetime(None).after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in pragmas {
                    connection.execute(sqlx::raw_sql(*pragma)).await?;
                }
                Ok(())
            })
        })
    };
    let writers = open(1, WRITER).connect(&url).await.map_err(failed)?;
    let readers = open(SQLITE_READERS, READER).connect(&url).await.map_err(failed)?;
    Ok((writers, readers))
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

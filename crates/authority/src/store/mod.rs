//! The store: every statement of this service, the same for SQLite and PostgreSQL, one file for each kind of row.
//!
//! Lives here: how its database is opened. Not here: any decision; connections and migrations (crate `database`). Table definitions stand in
//! `migrations/`, one folder for each engine. Hot tables are keyed by the authority's own person key. What names a
//! person is sealed under that person's key ([`vault`]).

pub(crate) mod appeal;
pub mod bulk;
pub(crate) mod carer;
pub(crate) mod conflict;
pub(crate) mod enrolment;
pub(crate) mod given;
mod idle;
mod import;
mod inspect;
pub(crate) mod look_alike;
pub(crate) mod maintenance;
mod mark;
mod migrations;
pub(crate) mod movement;
pub(crate) mod openid;
pub(crate) mod outbox;
pub(crate) mod person;
pub(crate) mod registry;
pub(crate) mod reservation;
mod rewrap;
pub(crate) mod risk;
mod server;
pub(crate) mod token;
mod transaction;
mod turn;
pub(crate) mod vault;
pub(crate) mod weekly_key;

use std::sync::Arc;

use documents::Rules;
use sqlx::migrate::MigrateError;
use sqlx::{Any, AnyPool, Executor as _, Row as _};

pub use database::{DatabaseAddress, DatabaseAddressError};
use database::{FileError, OpenError, Pools};
pub(crate) use database::{all, optional, run, statements as define_statements};
use idle::Idle;
pub use import::is_of_first_versions;
pub use inspect::{Inspection, inspect};
use migrations::{POSTGRES, SQLITE};
pub use rewrap::Rewrapped;
pub use server::{create_database, drop_database, read_job};
pub use transaction::Tx;
use turn::Turns;
pub use vault::Vault;
pub use weekly_key::own_weekly_key;

/// Connections to a PostgreSQL server, where the address names no other number.
const POSTGRES_CONNECTIONS: u32 = 16;

/// Every statement, by name: tests prepare each one on both engines and read its plan.
#[must_use]
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        person::STATEMENTS,
        registry::STATEMENTS,
        look_alike::STATEMENTS,
        token::STATEMENTS,
        reservation::STATEMENTS,
        movement::STATEMENTS,
        given::STATEMENTS,
        carer::STATEMENTS,
        conflict::STATEMENTS,
        enrolment::STATEMENTS,
        outbox::STATEMENTS,
        openid::STATEMENTS,
        risk::STATEMENTS,
        rewrap::STATEMENTS,
        appeal::STATEMENTS,
        weekly_key::STATEMENTS,
        maintenance::STATEMENTS,
        vault::STATEMENTS,
    ]
    .concat()
}

/// Statements that may read a whole table: once a day, or on an operator's command.
pub const MAINTENANCE: &[&str] = maintenance::SCANS;

/// The database failed, or holds something that this program never wrote.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database itself.
    #[error("the database failed ({action}); {advice}", advice = inspect::advice(source))]
    Database {
        /// What was being done.
        action: &'static str,
        /// The driver's words.
        #[source]
        source: sqlx::Error,
    },
    /// A server that cannot be reached, or refuses the login.
    #[error(
        "the database server cannot be used: {source}; check its address, its role and password, and that the database \
         exists (docs/operating.md)"
    )]
    Server {
        /// The driver's words.
        #[source]
        source: sqlx::Error,
    },
    /// The address names no database of a kind that this program knows.
    #[error(transparent)]
    Address(#[from] DatabaseAddressError),
    /// The file cannot be made, or its mode cannot be set.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is older than one that was used here before.
    #[error(
        "the database {file} has come to {have}, and {marked} was seen here: its write-ahead log ({file}-wal) was lost or cut, \
         or it is a backup. Put the newest file back together with its -wal; where the backup is wanted, remove {file}.mark, \
         start, and let the gates send again what it lacks (docs/operating.md, After a loss; `baypass ledger rejoin`)"
    )]
    Behind {
        /// Its path, for the sentence.
        file: String,
        /// Its own number.
        have: i64,
        /// The number beside it.
        marked: i64,
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
    /// A record of the first versions cannot be read.
    #[error(
        "the row {row} of table {table} of the earlier version cannot be read: {why}; nothing was changed"
    )]
    Import {
        /// The table of the row.
        table: &'static str,
        /// The first bytes of the row's key, in hexadecimal digits.
        row: String,
        /// What is wrong, without what was read.
        why: String,
    },
    /// The master key is another one than that under which this database was written.
    #[error(
        "the master key is not the one of this database; put the authority's own master.key back \
         (a new one opens nothing)"
    )]
    MasterKey,
    /// Another process is at the database, which one alone may use now.
    #[error(
        "another process uses this database; stop every process of the authority, on every machine, then try again"
    )]
    InUse,
    /// A row that the domain refuses.
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

fn failed(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { action, source }
}

/// Connections, those of them that rest, and the turns at them of everybody but lanes.
#[derive(Debug, Clone)]
struct Line {
    pool: AnyPool,
    idle: Idle,
    turns: Turns,
}

/// Who asks for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A lane, where a traveller stands.
    Lane,
    /// A wallet, an officer, a round towards the others.
    Other,
}

/// The service's database: one writer and several readers of a SQLite file, or a pool of a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct Store {
    writers: Line,
    readers: Line,
    sqlite: bool,
    mark: Option<mark::Mark>,
    vault: Arc<Vault>,
}

impl Store {
    /// Opens a database, brings it to this version, and checks that the vault's master key is its own. `rules` read the
    /// records of the first versions, where there are some.
    ///
    /// # Errors
    /// What to do next; a database that could not be brought over is as it was.
    pub async fn open(address: &DatabaseAddress, vault: Vault, rules: &Rules) -> Result<Self> {
        address.prepare_file()?;
        let (writers, readers) = lines(address).await?;
        let mark = address.file().map(mark::Mark::of);
        if let Some(mark) = &mark {
            mark.check(&writers.pool).await?;
        }
        migrate(&writers.pool, address.is_sqlite()).await?;
        let store = Self { writers, readers, sqlite: address.is_sqlite(), mark, vault: Arc::new(vault) };
        let mut tx = store.begin().await?;
        vault::check_master_key(&mut tx, &store.vault).await?;
        tx.commit().await?;
        import::bring_over(&store, rules).await?;
        store.advance_mark().await?;
        address.protect_file()?;
        Ok(store)
    }

    /// A database as it is, for reading beside the service that may run over it: nothing is made, moved on or noted.
    ///
    /// # Errors
    /// It cannot be reached.
    pub(crate) async fn beside(address: &DatabaseAddress, vault: Vault) -> Result<Self> {
        let (writers, readers) = lines(address).await?;
        Ok(Self { writers, readers, sqlite: address.is_sqlite(), mark: None, vault: Arc::new(vault) })
    }

    /// Notes beside a SQLite file that it has come so far: a start with an older one is refused ([`StoreError::Behind`]). A
    /// service does it once a minute.
    ///
    /// # Errors
    /// The database's, or the file system's.
    pub async fn advance_mark(&self) -> Result<()> {
        match &self.mark {
            Some(mark) => mark.advance(&self.writers.pool).await,
            None => Ok(()),
        }
    }

    /// A pool of this database, for tests that read it beside the service.
    #[must_use]
    pub const fn pool(&self) -> &AnyPool {
        &self.writers.pool
    }

    /// The keys under which its records lie.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Begins a transaction that writes. SQLite has one at a time.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn begin(&self) -> Result<Tx> {
        self.begin_for(Asker::Other).await
    }

    /// The same for a lane, where a traveller waits: it comes before everybody else.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn begin_for_lane(&self) -> Result<Tx> {
        self.begin_for(Asker::Lane).await
    }

    async fn begin_for(&self, asker: Asker) -> Result<Tx> {
        self.writers.begin(asker, if self.sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" }).await
    }

    /// Begins a transaction that only reads: of one moment, beside whoever writes.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn read(&self) -> Result<Tx> {
        self.read_for(Asker::Other).await
    }

    /// The same for a lane, where a traveller waits: it comes before everybody else.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn read_for_lane(&self) -> Result<Tx> {
        self.read_for(Asker::Lane).await
    }

    async fn read_for(&self, asker: Asker) -> Result<Tx> {
        let statement = if self.sqlite {
            "BEGIN"
        } else {
            "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
        };
        self.readers.begin(asker, statement).await
    }

    /// Empties SQLite's write-ahead log, where pages of what was erased may stand until it is written over.
    pub(crate) async fn empty_log(&self) -> Result<()> {
        if !self.sqlite {
            return Ok(());
        }
        let mut connection = self.writers.pool.acquire().await.map_err(failed("empty the log"))?;
        let done = connection.execute(sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")).await;
        done.map(drop).map_err(failed("empty the log"))
    }

    /// Gives SQLite's file back what deleted rows took, overwrites it, and empties the write-ahead log.
    async fn compact(&self) -> Result<()> {
        if !self.sqlite {
            return Ok(());
        }
        let mut connection = self.writers.pool.acquire().await.map_err(failed("compact"))?;
        connection.execute(sqlx::raw_sql("VACUUM")).await.map_err(failed("compact"))?;
        drop(connection);
        self.empty_log().await
    }
}

impl Line {
    fn new(pool: AnyPool, connections: u32) -> Self {
        Self { pool, idle: Idle::of(0), turns: Turns::of(connections) }
    }

    /// The same to a server.
    fn to_server(pool: AnyPool, connections: u32) -> Self {
        let idle = Idle::of(usize::try_from(connections).unwrap_or_default());
        Self { idle, ..Self::new(pool, connections) }
    }

    async fn begin(&self, asker: Asker, statement: &'static str) -> Result<Tx> {
        let turn = match asker {
            Asker::Lane => None,
            Asker::Other => Some(self.turns.take().await?),
        };
        Tx::begin((&self.pool, &self.idle), statement, turn).await
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
        match error {
            OpenError::Server(source) => Self::Server { source },
            OpenError::Open(source) => failed("open")(source),
        }
    }
}

async fn lines(address: &DatabaseAddress) -> Result<(Line, Line)> {
    let pools = Pools::open(address, POSTGRES_CONNECTIONS).await?;
    if !address.is_sqlite() {
        let line = Line::to_server(pools.writers, pools.writer_connections);
        return Ok((line.clone(), line));
    }
    let writers = Line::new(pools.writers, pools.writer_connections);
    // A database in memory is that of its one connection, whose turns are writers' and readers' alike.
    if address.file().is_none() {
        return Ok((writers.clone(), writers));
    }
    Ok((writers, Line::new(pools.readers, pools.reader_connections)))
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

/// A column of exactly `N` bytes.
pub(crate) fn array<const N: usize>(
    row: &sqlx::any::AnyRow,
    table: &'static str,
    name: &'static str,
) -> Result<[u8; N]> {
    let bytes: Vec<u8> = column(row, table, name)?;
    bytes.try_into().map_err(|_| StoreError::Row { table, column: name })
}

/// A column of exactly `N` bytes that may be absent.
pub(crate) fn optional_array<const N: usize>(
    row: &sqlx::any::AnyRow,
    table: &'static str,
    name: &'static str,
) -> Result<Option<[u8; N]>> {
    let bytes: Option<Vec<u8>> = column(row, table, name)?;
    bytes.map(|_| array(row, table, name)).transpose()
}

/// A column of text that is read as `T`.
pub(crate) fn parsed<T: std::str::FromStr>(
    row: &sqlx::any::AnyRow,
    table: &'static str,
    name: &'static str,
) -> Result<T> {
    let text: String = column(row, table, name)?;
    text.parse().map_err(|_| StoreError::Row { table, column: name })
}

/// A column of text that may be absent, read as `T`.
pub(crate) fn parsed_if_any<T: std::str::FromStr>(
    row: &sqlx::any::AnyRow,
    table: &'static str,
    name: &'static str,
) -> Result<Option<T>> {
    let text: Option<String> = column(row, table, name)?;
    text.map(|text| text.parse().map_err(|_| StoreError::Row { table, column: name })).transpose()
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

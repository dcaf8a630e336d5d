//! Pools: the connections to one database.
//!
//! Lives here: [`Pools`], one writer and several readers of a SQLite file, or one pool of a PostgreSQL server. Not here: what is
//! done over them.

use std::str::FromStr as _;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyConnection, AnyPool, Connection as _, Executor as _};

use crate::DatabaseAddress;

/// Readers beside the one writer of a SQLite file.
const SQLITE_READERS: u32 = 4;
/// A deleted row is overwritten at once, so that no page keeps what was erased.
const WRITER: &[&str] = &[
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA busy_timeout = 5000",
    "PRAGMA secure_delete = ON",
];
const READER: &[&str] = &["PRAGMA busy_timeout = 5000", "PRAGMA query_only = ON"];

/// The connections to one database, and how many there are of each kind. Those of a server, and the one of a database in
/// memory, serve writers and readers alike.
#[derive(Debug, Clone)]
pub struct Pools {
    /// For transactions that write; a SQLite file has one at a time.
    pub writers: AnyPool,
    /// The most connections of writers.
    pub writer_connections: u32,
    /// For transactions that read, beside whoever writes.
    pub readers: AnyPool,
    /// The most connections of readers.
    pub reader_connections: u32,
}

/// The connections could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A server that cannot be reached, or refuses the login.
    #[error("the database server cannot be used: {0}")]
    Server(#[source] sqlx::Error),
    /// The file, or the pool.
    #[error("the database cannot be opened: {0}")]
    Open(#[source] sqlx::Error),
}

impl Pools {
    /// Connects to a database whose file is there already ([`DatabaseAddress::prepare_file`]). `most` connections go to a
    /// server whose address names no other number.
    ///
    /// # Errors
    /// [`OpenError`].
    pub async fn open(address: &DatabaseAddress, most: u32) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        if !address.is_sqlite() {
            return Self::of_server(address.url(), address.connections().unwrap_or(most)).await;
        }
        let writers = sqlite(1, WRITER).connect(address.url()).await.map_err(OpenError::Open)?;
        // A database in memory is that of its one connection.
        if address.file().is_none() {
            return Ok(Self::of_one(writers, 1));
        }
        let readers = sqlite(SQLITE_READERS, READER).connect(address.url()).await.map_err(OpenError::Open)?;
        Ok(Self { writers, writer_connections: 1, readers, reader_connections: SQLITE_READERS })
    }

    async fn of_server(url: &str, most: u32) -> Result<Self, OpenError> {
        // Asked once by itself: a pool would go on trying, and say only that its time is over.
        let options = AnyConnectOptions::from_str(url).map_err(OpenError::Server)?;
        let first = AnyConnection::connect_with(&options).await.map_err(OpenError::Server)?;
        first.close().await.map_err(OpenError::Open)?;
        // A connection that broke shows at its first statement, and is thrown away there: no question before each use.
        let pool = AnyPoolOptions::new().max_connections(most).test_before_acquire(false);
        Ok(Self::of_one(pool.connect(url).await.map_err(OpenError::Open)?, most))
    }

    fn of_one(pool: AnyPool, most: u32) -> Self {
        Self { writers: pool.clone(), writer_connections: most, readers: pool, reader_connections: most }
    }
}

fn sqlite(most: u32, pragmas: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(most)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in pragmas {
                    connection.execute(sqlx::raw_sql(*pragma)).await?;
                }
                Ok(())
            })
        })
}

//! Transaction: a SQLite connection that is thrown away after any transaction that did not end as it should.
//!
//! Lives here: [`Reopening`], [`Transaction`]. Not here: any statement of the store.
//!
//! Why not the driver's own transactions: `sqlx` counts nesting by itself. Where a `COMMIT` meets a full disk
//! (SQLITE_FULL), SQLite has rolled back already; the `ROLLBACK` that the driver then sends fails, and its count stays
//! at 1. From then on "begin" is `SAVEPOINT` and "commit" is `RELEASE`; after the first rollback, which as
//! `ROLLBACK TO` leaves the outer transaction open, nothing is written to the file any more, and every call succeeds.
//! Here the statements are sent as they are, and a connection in an unknown state is never used again: a
//! [`Transaction`] owns its connection and gives it back only after a `COMMIT` or `ROLLBACK` that succeeded. An error
//! in between, a panic or a cancelled future drops it, which closes it, and SQLite rolls back what was open.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Tries to open the file again while the worker of the connection that was dropped still closes it.
const OPEN_TRIES: u32 = 20;
/// The wait between two of these tries.
const OPEN_WAIT: Duration = Duration::from_millis(50);

/// A connection that is opened anew after a transaction that did not end as it should.
#[derive(Debug)]
pub(super) struct Reopening {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
}

impl Reopening {
    /// Opens the file.
    ///
    /// # Errors
    /// As `sqlx` says.
    pub(super) async fn open(options: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let connection = options.connect().await?;
        Ok(Self { options, connection: Some(connection) })
    }

    /// The connection, for statements that stand alone: each is a transaction of its own.
    ///
    /// # Errors
    /// Where the file has to be opened again and cannot be.
    pub(super) async fn statement(&mut self) -> Result<&mut SqliteConnection, sqlx::Error> {
        let connection = self.take().await?;
        Ok(self.connection.insert(connection))
    }

    /// Begins a transaction that may write.
    ///
    /// # Errors
    /// Where it cannot begin; the connection is closed then.
    pub(super) async fn begin(&mut self) -> Result<Transaction<'_>, sqlx::Error> {
        let mut connection = self.take().await?;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok(Transaction { home: &mut self.connection, connection })
    }

    /// Sets a pragma of this connection and of those that follow it.
    ///
    /// # Errors
    /// As any statement.
    pub(super) async fn set_pragma(&mut self, name: &'static str, value: u32) -> Result<(), sqlx::Error> {
        self.options = self.options.clone().pragma(name, value.to_string());
        let statement = format!("PRAGMA {name} = {value}");
        sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(self.statement().await?).await.map(drop)
    }

    async fn take(&mut self) -> Result<SqliteConnection, sqlx::Error> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        tracing::warn!(
            "the store's connection was thrown away after a failed transaction; the file is opened again"
        );
        for _ in 1..OPEN_TRIES {
            match self.options.connect().await {
                Err(error) if is_locked(&error) => tokio::time::sleep(OPEN_WAIT).await,
                opened => return opened,
            }
        }
        self.options.connect().await
    }
}

/// SQLite result codes 5 (busy) and 6 (locked); extended codes keep them in the low byte.
fn is_locked(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// An open transaction. Dropped without an end it closes its connection, and nothing of it is written.
#[must_use = "a transaction that is dropped writes nothing and closes its connection"]
#[derive(Debug)]
pub(super) struct Transaction<'h> {
    home: &'h mut Option<SqliteConnection>,
    connection: SqliteConnection,
}

impl Transaction<'_> {
    /// Writes it. Once this has returned `Ok`, it is durable.
    ///
    /// # Errors
    /// Where it is not known to be written; the connection is closed then.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Writes nothing of it.
    ///
    /// # Errors
    /// Where SQLite does not confirm it; the connection is closed then, and nothing is written either.
    pub(super) async fn rollback(self) -> Result<(), sqlx::Error> {
        self.end("ROLLBACK").await
    }

    async fn end(self, statement: &'static str) -> Result<(), sqlx::Error> {
        let Self { home, mut connection } = self;
        sqlx::query(statement).execute(&mut connection).await?;
        *home = Some(connection);
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

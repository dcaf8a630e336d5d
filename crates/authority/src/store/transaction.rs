//! Transaction: begin, commit and roll back on one connection, which is thrown away where any of them fails.
//!
//! Lives here: [`Tx`]. Not here: statements. The driver's own transactions count their depth: where SQLite has rolled
//! back by itself (a full disk), the driver's `ROLLBACK` fails, its count stays at 1, and every later "commit" releases
//! a savepoint inside a transaction that never ends. So nothing here counts: each statement is sent as it is, and a
//! connection on which one of them failed never serves again.

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor as _};

use super::turn::Turn;
use super::{Result, StoreError};

/// A transaction. Dropped without [`Tx::commit`], it rolls back.
#[derive(Debug)]
pub struct Tx {
    /// `None` once it has ended.
    connection: Option<PoolConnection<Any>>,
    /// Whose it is, unless it is a lane's: given back after the connection.
    turn: Option<Turn>,
}

impl Tx {
    /// Takes a connection and sends `statement` (`BEGIN IMMEDIATE`, say).
    pub(super) async fn begin(pool: &AnyPool, statement: &'static str, turn: Option<Turn>) -> Result<Self> {
        let mut connection = pool.acquire().await.map_err(failed("begin"))?;
        match connection.execute(sqlx::raw_sql(statement)).await {
            Ok(_) => Ok(Self { connection: Some(connection), turn }),
            Err(error) => {
                throw_away(connection);
                Err(failed("begin")(error))
            }
        }
    }

    /// Ends the transaction and keeps what it wrote.
    ///
    /// # Errors
    /// [`StoreError::Database`]: nothing of it is kept, and its connection is closed.
    pub async fn commit(self) -> Result<()> {
        self.end("COMMIT", "commit").await
    }

    /// Ends the transaction and keeps nothing.
    ///
    /// # Errors
    /// [`StoreError::Database`]: its connection is closed, which keeps nothing either.
    pub async fn roll_back(self) -> Result<()> {
        self.end("ROLLBACK", "roll back").await
    }

    async fn end(mut self, statement: &'static str, action: &'static str) -> Result<()> {
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        match connection.execute(sqlx::raw_sql(statement)).await {
            Ok(_) => Ok(()),
            Err(error) => {
                throw_away(connection);
                Err(failed(action)(error))
            }
        }
    }
}

fn failed(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { action, source }
}

/// Closes the connection: whatever state it was left in goes with it. The pool opens another one.
fn throw_away(connection: PoolConnection<Any>) {
    drop(connection.detach());
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return throw_away(connection) };
        let turn = self.turn.take();
        runtime.spawn(async move {
            let _held_until_it_is_rolled_back = turn;
            if connection.execute(sqlx::raw_sql("ROLLBACK")).await.is_err() {
                throw_away(connection);
            }
        });
    }
}

impl Tx {
    /// The connection, for one statement.
    ///
    /// # Errors
    /// [`StoreError::Ended`] after the transaction ended, which the types rule out.
    pub(super) fn connection(&mut self) -> Result<&mut AnyConnection> {
        self.connection.as_deref_mut().ok_or(StoreError::Ended)
    }
}

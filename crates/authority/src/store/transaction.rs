//! Transaction: begin, commit and roll back on one connection, which is thrown away where any of them fails.
//!
//! Lives here: [`Tx`]. Not here: statements. The driver's own transactions count their depth: where SQLite has rolled
//! back by itself (a full disk), the driver's `ROLLBACK` fails, its count stays at 1, and every later "commit" releases
//! a savepoint inside a transaction that never ends. So nothing here counts: each statement is sent as it is, and a
//! connection on which one of them failed never serves again.

use sqlx::{AnyConnection, AnyPool, Executor as _};

use super::idle::{Idle, Lent};
use super::turn::Turn;
use super::{Result, StoreError};

/// A transaction. Dropped without [`Tx::commit`], it rolls back.
#[derive(Debug)]
pub struct Tx {
    /// `None` once it has ended.
    lent: Option<Lent>,
    /// Where the connection rests afterwards.
    idle: Idle,
    /// Whose it is, unless it is a lane's: given back after the connection.
    turn: Option<Turn>,
}

impl Tx {
    /// Takes a connection and sends `statement` (`BEGIN IMMEDIATE`, say). One that died while it rested, here or in the pool,
    /// is thrown away, and the next one serves: nothing was done over it.
    pub(super) async fn begin(
        (pool, idle): (&AnyPool, &Idle),
        statement: &'static str,
        turn: Option<Turn>,
    ) -> Result<Self> {
        let mut others = idle.connections();
        let mut turn = turn;
        loop {
            let lent = match idle.take() {
                Ok(lent) => lent,
                Err(_waiting) => Lent::new(pool.acquire().await.map_err(failed("begin"))?),
            };
            // Its own before the statement: a caller that goes away in the middle leaves no open transaction behind.
            let mut begun = Self { lent: Some(lent), idle: idle.clone(), turn: turn.take() };
            match begun.connection()?.execute(sqlx::raw_sql(statement)).await {
                Ok(_) => return Ok(begun),
                Err(error) => {
                    turn = begun.turn.take();
                    if let Some(lent) = begun.lent.take() {
                        lent.throw_away();
                    }
                    others = others.checked_sub(1).ok_or_else(|| failed("begin")(error))?;
                }
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

    /// The connection stays this transaction's until the statement is answered: whoever goes away before that drops both.
    async fn end(mut self, statement: &'static str, action: &'static str) -> Result<()> {
        let Some(lent) = self.lent.as_mut() else { return Ok(()) };
        let ended = lent.connection.execute(sqlx::raw_sql(statement)).await;
        let Some(lent) = self.lent.take() else { return Ok(()) };
        match ended {
            Ok(_) => {
                self.idle.put(lent);
                Ok(())
            }
            Err(error) => {
                lent.throw_away();
                Err(failed(action)(error))
            }
        }
    }
}

fn failed(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { action, source }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let Some(mut lent) = self.lent.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return lent.throw_away() };
        let turn = self.turn.take();
        runtime.spawn(async move {
            let _held_until_it_is_rolled_back = turn;
            if lent.connection.execute(sqlx::raw_sql("ROLLBACK")).await.is_err() {
                lent.throw_away();
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
        self.lent.as_mut().map(|lent| &mut *lent.connection).ok_or(StoreError::Ended)
    }
}

//! Transaction: begin, commit and roll back on one connection, which is thrown away where any of them fails.
//!
//! Lives here: [`Tx`]. Not here: statements. The driver's own transactions count their depth, and lose count where SQLite has
//! rolled back by itself on a full disk (docs/decisions/store.md): so each statement is sent as it is, and nothing counts.

use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Executor as _};

use super::{Result, StoreError};

/// A transaction. Dropped without [`Tx::commit`], it keeps nothing.
#[derive(Debug)]
pub struct Tx(Option<PoolConnection<Any>>);

impl Tx {
    /// Takes a connection and sends `statement`. One that died while it rested is thrown away, and a new one serves.
    pub(super) async fn begin(pool: &AnyPool, statement: &'static str) -> Result<Self> {
        let mut others = pool.num_idle();
        loop {
            // Its own before the statement: a caller that goes away in the middle leaves no open transaction in the pool.
            let mut tx = Self(Some(pool.acquire().await.map_err(failed("begin"))?));
            match tx.connection()?.execute(sqlx::raw_sql(statement)).await {
                Ok(_) => return Ok(tx),
                Err(error) => {
                    drop(tx);
                    others = others.checked_sub(1).ok_or_else(|| failed("begin")(error))?;
                }
            }
        }
    }

    /// Ends the transaction and keeps what it wrote.
    ///
    /// # Errors
    /// [`StoreError::Database`]: its connection is closed, and nothing is known to be kept.
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

    /// Ends the transaction by what came of it: keeps what it wrote where that is good, and nothing else.
    ///
    /// # Errors
    /// Those of `done`; else the database's, as [`Tx::commit`].
    pub(crate) async fn end_by<T, E: From<StoreError>>(
        self,
        done: std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        match done {
            Ok(value) => self.commit().await.map(|()| value).map_err(E::from),
            Err(error) => {
                // A roll back that fails closes the connection, which keeps nothing either; the first error says more.
                let _ = self.roll_back().await;
                Err(error)
            }
        }
    }

    async fn end(mut self, statement: &'static str, action: &'static str) -> Result<()> {
        let Some(connection) = self.0.as_mut() else { return Ok(()) };
        // Cancelled or failed in here, the connection is still `self`'s, and dropped with it.
        connection.execute(sqlx::raw_sql(statement)).await.map_err(failed(action))?;
        drop(self.0.take());
        Ok(())
    }

    /// The connection, for one statement.
    ///
    /// # Errors
    /// [`StoreError::Ended`] after the transaction ended, which the types rule out.
    pub(super) fn connection(&mut self) -> Result<&mut AnyConnection> {
        self.0.as_deref_mut().ok_or(StoreError::Ended)
    }
}

fn failed(action: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |source| StoreError::Database { action, source }
}

impl Drop for Tx {
    fn drop(&mut self) {
        // Whatever state it is in goes with the connection; the database rolls back what was open.
        if let Some(connection) = self.0.take() {
            drop(connection.detach());
        }
    }
}

//! Turn: lanes before everybody else at the database's connections.
//!
//! Lives here: [`Turns`]. A pool gives its connections first come first served, so a storm of wallets would stand before every
//! lane. Whoever is no lane waits for a turn first, outside of the pool, and there are fewer turns than connections: a lane
//! finds a connection that is free, or waits for one transaction where there is but one. Not here: what a transaction is
//! (`transaction`).

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Result, StoreError};

/// How long somebody waits for a turn before they hear that the database cannot serve them.
const PATIENCE: Duration = Duration::from_secs(30);

/// The turns of everybody but lanes.
#[derive(Debug, Clone)]
pub(super) struct Turns(Arc<Semaphore>);

/// One turn, held as long as its transaction.
pub(super) type Turn = OwnedSemaphorePermit;

impl Turns {
    /// Turns at a pool of so many connections: a quarter of them, and one at least, is for lanes alone. Where there is but one
    /// connection, one of the others stands in its queue at most.
    pub(super) fn of(connections: u32) -> Self {
        let lanes = (connections / 4).max(1);
        let others = usize::try_from(connections.saturating_sub(lanes).max(1)).unwrap_or(1);
        Self(Arc::new(Semaphore::new(others)))
    }

    /// Waits for a turn, first come first served.
    pub(super) async fn take(&self) -> Result<Turn> {
        let waited = tokio::time::timeout(PATIENCE, Arc::clone(&self.0).acquire_owned()).await;
        let late = || StoreError::Database { action: "wait for a turn", source: sqlx::Error::PoolTimedOut };
        waited.map_err(|_| late())?.map_err(|_| late())
    }
}

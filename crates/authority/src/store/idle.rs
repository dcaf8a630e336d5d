//! Idle: connections to a server that are ready for the next transaction.
//!
//! Lives here: [`Idle`]. A pool asks each connection that comes back whether it lives, one more way to the server after every
//! transaction, and gives out the one that has rested longest, whose process has gone cold. Here the one that came back last
//! goes out first, and its next `BEGIN` shows whether it lives. Nobody waits for the pool while one rests here. Not here: what a
//! transaction is (`transaction`), who comes first (`turn`).

use std::sync::{Arc, Mutex, PoisonError};

use sqlx::Any;
use sqlx::pool::PoolConnection;

/// After so many transactions a connection goes back to the pool, which closes what is too old.
const USES: u32 = 10_000;

/// Connections that rest, of one pool.
#[derive(Debug, Clone)]
pub(super) struct Idle {
    /// Connections of the pool, half of which may rest here; none where the pool's own way costs nothing (SQLite).
    connections: usize,
    shelf: Arc<Mutex<Shelf>>,
}

#[derive(Debug, Default)]
struct Shelf {
    resting: Vec<Lent>,
    /// Who waits for a connection of the pool.
    waiting: usize,
}

/// A connection, and how many transactions it has served.
#[derive(Debug)]
pub(super) struct Lent {
    pub(super) connection: PoolConnection<Any>,
    uses: u32,
}

/// Somebody who waits for a connection of the pool, until this is dropped.
#[derive(Debug)]
pub(super) struct Waiting(Idle);

impl Idle {
    /// A shelf beside a pool of so many connections. Half of them may rest outside of the pool: the others are there for who
    /// asks the pool itself.
    pub(super) fn of(connections: usize) -> Self {
        Self { connections, shelf: Arc::default() }
    }

    /// How many connections may have died while they rested.
    pub(super) const fn connections(&self) -> usize {
        self.connections
    }

    /// The connection that came back last; where none rests, the leave to wait for one of the pool.
    pub(super) fn take(&self) -> Result<Lent, Waiting> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.resting.pop().ok_or_else(|| {
            shelf.waiting += 1;
            Waiting(self.clone())
        })
    }

    /// Puts a connection aside whose transaction has ended, or gives it back to the pool where somebody waits there.
    pub(super) fn put(&self, lent: Lent) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.waiting == 0 && shelf.resting.len() < self.connections / 2 && lent.uses < USES {
            shelf.resting.push(Lent { uses: lent.uses + 1, ..lent });
        } else {
            drop(shelf);
            drop(lent);
        }
    }
}

impl Lent {
    /// A connection that the pool has just given.
    pub(super) const fn new(connection: PoolConnection<Any>) -> Self {
        Self { connection, uses: 0 }
    }

    /// Closes the connection: whatever state it was left in goes with it. The pool opens another one.
    pub(super) fn throw_away(self) {
        drop(self.connection.detach());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut shelf = self.0.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.waiting = shelf.waiting.saturating_sub(1);
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        // Giving a connection back takes the runtime.
        if tokio::runtime::Handle::try_current().is_err() {
            self.resting.drain(..).for_each(Lent::throw_away);
        }
    }
}

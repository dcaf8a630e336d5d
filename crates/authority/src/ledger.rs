//! Ledger: what an authority wrote down of passages, a page at a time.

use crate::service::Service;
use crate::store::StoreError;
use crate::store::movement::{self, LedgerRow};

/// Most entries of one page.
pub const LEDGER_PAGE: u16 = 500;

/// Where a page of the ledger begins: after this entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCursor {
    /// Its time, in seconds since the epoch.
    pub at: i64,
    /// The id of the last entry that was read; the next page begins after it.
    pub id: Vec<u8>,
}

impl LedgerCursor {
    /// Before the first entry.
    #[must_use]
    pub const fn start() -> Self {
        Self { at: i64::MIN, id: Vec::new() }
    }

    /// After this entry.
    #[must_use]
    pub fn after(row: &LedgerRow) -> Self {
        Self { at: row.at.unix(), id: row.id.to_vec() }
    }
}

impl Service {
    /// The next entries of the ledger after `cursor`, the oldest first: at most `limit`, and at most [`LEDGER_PAGE`].
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger_page(&self, cursor: &LedgerCursor, limit: u16) -> Result<Vec<LedgerRow>, StoreError> {
        let mut tx = self.store.read().await?;
        let limit = i64::from(limit.clamp(1, LEDGER_PAGE));
        let rows = movement::ledger_page(&mut tx, (cursor.at, &cursor.id), limit).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// The whole ledger, the oldest first, page after page: for a command, not for a wire.
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger(&self) -> Result<Vec<LedgerRow>, StoreError> {
        let (mut rows, mut cursor) = (Vec::new(), LedgerCursor::start());
        loop {
            let page = self.ledger_page(&cursor, LEDGER_PAGE).await?;
            let Some(last) = page.last() else { return Ok(rows) };
            cursor = LedgerCursor::after(last);
            rows.extend(page);
        }
    }
}

//! Notice: a move between the regions on a mainland token, told by the entering authority to the token's issuer.

use credential::message::{self, Kind, Notice, ReceiptResult};
use documents::Timestamp;
use trust::Role;

use crate::service::{SenderError, Service};
use crate::store::movement::{self, LedgerEntry};
use crate::store::outbox::{self, WaitingNotice};
use crate::store::{StoreError, token};

/// Why a notice was not taken or delivered.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The message or its sender.
    #[error(transparent)]
    Sender(#[from] SenderError),
}

impl Service {
    /// Takes a notice: the issuer alone knows whose token it is, and counts.
    ///
    /// # Errors
    /// Why it was refused; a repeat is no error and counts nothing. Gives the signed receipt.
    pub async fn take_notice(&self, bytes: &[u8], now: Timestamp) -> Result<Vec<u8>, NoticeError> {
        let notice = self.authenticate_notice(bytes, now)?;
        let mut tx = self.store.begin().await?;
        let tag = self.store.vault().token_tag(notice.token);
        let token = token::find_token(&mut tx, tag).await?.ok_or(SenderError::NotForUs)?;
        // By its contents: the same notice signed again is the same notice.
        let id = message::payload_hash(&notice.encode());
        if outbox::add_notice_in(&mut tx, &id, now).await? {
            let end_of_day = notice.date.plus_days(1).start().plus_seconds(-1);
            let entry = LedgerEntry::noticed(notice.port, notice.direction, self.me);
            movement::add_movement(&mut tx, token.person, &id, now.min(end_of_day), &entry).await?;
        }
        tx.commit().await?;
        Ok(self.receipt(id, ReceiptResult::Taken, now).map_err(SenderError::from)?)
    }

    fn authenticate_notice(&self, bytes: &[u8], now: Timestamp) -> Result<Notice, SenderError> {
        let trust = self.trust();
        let claimed = Notice::decode(message::unverified_payload(bytes)?)?;
        let key = trust.find(claimed.from, Role::Notice, message::kid(bytes)?, now)?;
        let notice = Notice::decode(message::open(Kind::Notice, bytes, key)?)?;
        if notice.direction.to() != notice.from {
            return Err(SenderError::NotForUs);
        }
        Ok(notice)
    }

    /// Notices that wait for delivery, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting_notices(&self) -> Result<Vec<WaitingNotice>, NoticeError> {
        let mut tx = self.store.read().await?;
        let rows = outbox::waiting_notices(&mut tx).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// Marks a notice as delivered.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_delivered(&self, id: &[u8; 32], now: Timestamp) -> Result<(), NoticeError> {
        let mut tx = self.store.begin().await?;
        outbox::set_notice_delivered(&mut tx, id, now).await?;
        Ok(tx.commit().await?)
    }

    /// How many notices wait for delivery.
    ///
    /// # Errors
    /// The database's.
    pub async fn count_waiting_notices(&self) -> Result<u64, NoticeError> {
        let mut tx = self.store.read().await?;
        let waiting = outbox::count_notices(&mut tx).await?;
        tx.commit().await?;
        Ok(u64::try_from(waiting).unwrap_or(0))
    }
}

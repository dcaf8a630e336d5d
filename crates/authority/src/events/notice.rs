//! Notice: a move between the regions on a mainland token or permit, told by the entering authority to the issuer.

use credential::message::{self, DocumentNotice, EitherNotice, Kind, Notice, ReceiptResult};
use credential::page::NumberContext;
use documents::issuance::document_issuer;
use documents::{AuthorityCode, Direction, LocalDate, PortId, Timestamp};
use trust::Role;

use crate::service::{SenderError, Service};
use crate::store::movement::{self, LedgerEntry};
use crate::store::outbox::{self, WaitingNotice};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, person, token};

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

/// What a notice of either form tells of a passage.
struct Told {
    /// By this it is counted once.
    id: [u8; 32],
    port: PortId,
    direction: Direction,
    date: LocalDate,
}

impl Told {
    fn of(notice: &EitherNotice) -> Self {
        match notice {
            // By its contents: the same notice signed again is the same notice.
            EitherNotice::Token(notice) => {
                let Notice { port, direction, date, .. } = notice.clone();
                Self { id: message::payload_hash(&notice.encode()), port, direction, date }
            }
            // By its showing: a number that is sealed again is the same notice.
            EitherNotice::Document(notice) => {
                let DocumentNotice { port, direction, date, .. } = notice.clone();
                Self { id: notice.counted_as(), port, direction, date }
            }
        }
    }
}

impl Service {
    /// Takes a notice: the issuer alone knows whose token or document it is, and counts.
    ///
    /// # Errors
    /// Why it was refused; a repeat is no error and counts nothing. Gives the signed receipt.
    pub async fn take_notice(&self, bytes: &[u8], now: Timestamp) -> Result<Vec<u8>, NoticeError> {
        let (notice, hash) = self.authenticate_notice(bytes, now)?;
        let mut tx = self.store.begin().await?;
        let person = self.noticed_person(&mut tx, &notice).await?.ok_or(SenderError::NotForUs)?;
        let Told { id, port, direction, date } = Told::of(&notice);
        if outbox::add_notice_in(&mut tx, &id, now).await? {
            let end_of_day = date.plus_days(1).start().plus_seconds(-1);
            let entry = LedgerEntry::noticed(port, direction, self.me);
            movement::add_movement(&mut tx, person, &id, now.min(end_of_day), &entry).await?;
        }
        tx.commit().await?;
        Ok(self.receipt(hash, ReceiptResult::Taken, now).map_err(SenderError::from)?)
    }

    /// The notice, and the hash of its payload.
    fn authenticate_notice(
        &self,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<(EitherNotice, [u8; 32]), SenderError> {
        let trust = self.trust();
        let (kind, from) = match EitherNotice::decode(message::unverified_payload(bytes)?)? {
            EitherNotice::Token(notice) => (Kind::Notice, notice.from),
            EitherNotice::Document(notice) => (Kind::DocumentNotice, notice.from),
        };
        let key = trust.find(from, Role::Notice, message::kid(bytes)?, now)?;
        let payload = message::open(kind, bytes, key)?;
        let notice = EitherNotice::decode(payload)?;
        if Told::of(&notice).direction.to() != from {
            return Err(SenderError::NotForUs);
        }
        Ok((notice, message::payload_hash(payload)))
    }

    /// Whose token or document a notice is about, where it is one of this authority's.
    async fn noticed_person(
        &self,
        tx: &mut Tx,
        notice: &EitherNotice,
    ) -> Result<Option<PersonKey>, NoticeError> {
        let vault = self.store.vault();
        match notice {
            EitherNotice::Token(notice) => {
                let token = token::find_token(tx, vault.token_tag(notice.token)).await?;
                Ok(token.map(|token| token.person))
            }
            EitherNotice::Document(notice) => {
                let context = NumberContext { from: notice.from, to: self.me, showing: notice.showing };
                let opened = self.part_keys().open(|key| context.open(&notice.number, key));
                let Ok(number) = opened else { return Ok(None) };
                let ours: Option<AuthorityCode> = document_issuer(number.kind());
                if ours != Some(self.me) {
                    return Ok(None);
                }
                Ok(person::find_tag(tx, vault.number_tag(&number)).await?)
            }
        }
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

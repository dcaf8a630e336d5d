//! Library: readers by pseudonym, and what a self-service desk does for them: borrow, give back, renew, pay. No HTTP.
//!
//! Lives here: [`Library`], its readers (`readers`), loans and payments (`lending`), accounts (`account`). Not here: what is written down of
//! them (`loan`), the way to the library's system (`library_system`), the page. What a reader reads stays in the library's system: the desk keeps an intent until
//! it has ended, and for an hour then.

mod account;
mod lending;
mod readers;

use std::sync::{Arc, Mutex, PoisonError};

use documents::{Timestamp, redact_debug};

use crate::library_system::{AskError, LibrarySystem};
use crate::shown::AnswerFault;
use crate::store::{Store, StoreError};

pub use account::{AccountError, AccountPool, AccountService, OpenAccount, Opening, PoolFileError};
pub use lending::{Ended, GivenBack, Unsettled};
use readers::Readers;

pub use crate::loan::{
    AccountId, Barcode, Ending, Intent, IntentId, IntentState, NotANumber, PaymentFound, ReaderNames, Want,
    hundredths, payment_found,
};
pub use readers::{Charged, Denial, Reader, ReaderId, ReaderRecord, ReaderView};

/// A library's desk. Copies share it.
#[derive(Clone)]
pub struct Library {
    store: Store,
    system: LibrarySystem,
    accounts: Arc<dyn OpenAccount>,
    approval_days: u16,
    readers: Arc<Mutex<Readers>>,
    /// One act at a time: the library's system takes one request at a time, and an intent is settled by whoever holds this.
    turn: Arc<tokio::sync::Mutex<()>>,
}
redact_debug!(Library);

/// Why an act at a library's desk is refused.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// Nobody is here under this id any more.
    #[error("this reader's turn is over; show the pass again")]
    NoReader,
    /// Nothing is known under this id, or it has ended.
    #[error("there is no such loan to look at; refresh the list")]
    NoIntent,
    /// An id that was used for something else.
    #[error("this id was used for another act; begin again")]
    OtherContent,
    /// The answer on which it rests cannot be used.
    #[error(transparent)]
    Answer(#[from] AnswerFault),
    /// No account was opened.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The library's system does not know the account.
    #[error("the library does not know this account; ask at the counter")]
    UnknownAccount,
    /// The card and its password do not fit together.
    #[error("the library does not take this card with this password; try again, or ask at the counter")]
    Card,
    /// Something of the reader is still open.
    #[error("something of this reader still has to be looked at; staff settle it first")]
    StillOpen,
    /// The way to the library's system.
    #[error(transparent)]
    System(#[from] AskError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LibraryError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoReader => "no_reader",
            Self::NoIntent => "no_intent",
            Self::OtherContent => "other_content",
            Self::Answer(fault) => fault.code(),
            Self::Account(error) => error.code(),
            Self::UnknownAccount => "account_unknown",
            Self::Card => "card_refused",
            Self::StillOpen => "still_open",
            Self::System(error) => error.code(),
            Self::Store(_) => "store",
        }
    }
}

impl Library {
    /// The desk of a library. `approval_days` is the retention of its approval, counted from a reader's last turn.
    #[must_use]
    pub fn new(
        store: Store,
        system: LibrarySystem,
        accounts: Arc<dyn OpenAccount>,
        approval_days: u16,
    ) -> Self {
        let (readers, turn) = (Arc::default(), Arc::default());
        Self { store, system, accounts, approval_days, readers, turn }
    }

    /// Its database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// The way to the library's system.
    #[must_use]
    pub const fn system(&self) -> &LibrarySystem {
        &self.system
    }

    fn readers(&self) -> std::sync::MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep_until(&self, now: Timestamp) -> Timestamp {
        now.local_date().plus_days(i32::from(self.approval_days) + 1).start()
    }
}

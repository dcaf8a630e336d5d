//! Account: who opens an account in the library's system at a first visit.
//!
//! Lives here: [`OpenAccount`] and its two adapters, [`AccountPool`] and [`AccountService`]. Not here: SIP2, which cannot open one
//! (`library_system`). An account hangs on the venue's pseudonym, never on a document's number.

use std::future::Future;
use std::pin::Pin;

use documents::redact_debug;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use transport::bounded_body;

use crate::loan::{AccountId, ReaderNames};
use crate::store::{Store, StoreError};

/// Longest answer of an account service that is read, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;
/// Why no account was opened. It is tried again when the reader comes again; the same reader never gets two.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The service cannot be reached, or says that it is down.
    #[error("the library's readers' service cannot be reached; try again in a minute, or ask at the counter")]
    Unreachable,
    /// It refuses this reader.
    #[error("the library opens no account at this desk for this reader; they ask at the counter")]
    Refused,
    /// It answers something that is none of its documented answers.
    #[error(
        "the library's readers' service answers {0}, which this desk does not know; its operator looks at it"
    )]
    Answer(u16),
    /// Every card of the pool was given.
    #[error("every card of this desk's pool was given; the library's staff put new numbers into its file")]
    PoolEmpty,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AccountError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "account_service_unreachable",
            Self::Refused => "account_refused",
            Self::Answer(_) => "account_service_answer",
            Self::PoolEmpty => "account_pool_empty",
            Self::Store(_) => "store",
        }
    }
}

/// What comes of opening an account.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<AccountId, AccountError>> + Send + 'a>>;

/// Opens accounts in a library. The same `reader` gets the same account, however often it is asked: a keyed hash of their pseudonym, 32 bytes.
pub trait OpenAccount: Send + Sync {
    /// Opens the account of this reader, or gives the one that is open.
    fn open<'a>(&'a self, reader: &'a [u8], names: &'a ReaderNames) -> Opening<'a>;
}

/// Cards that the library issued before, without an owner: a file of numbers, one a line.
pub struct AccountPool {
    store: Store,
    cards: Vec<AccountId>,
}
redact_debug!(AccountPool);

/// A file of cards that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {0} of the pool's file is no card number, or stands there twice; write one number a line")]
pub struct PoolFileError(usize);

impl AccountPool {
    /// The cards of a file. Empty lines and what follows a `#` do not count.
    ///
    /// # Errors
    /// [`PoolFileError`]: the first line that is none.
    pub fn new(store: Store, text: &str) -> Result<Self, PoolFileError> {
        let (mut cards, mut seen) = (Vec::new(), std::collections::BTreeSet::new());
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let card: AccountId = line.parse().map_err(|_| PoolFileError(at + 1))?;
            if !seen.insert(card.clone()) {
                return Err(PoolFileError(at + 1));
            }
            cards.push(card);
        }
        Ok(Self { store, cards })
    }

    async fn take(&self, reader: &[u8]) -> Result<AccountId, AccountError> {
        let mut tx = self.store.begin().await?;
        let taken = self.store.take_card(&mut tx, reader, &self.cards).await;
        tx.end_by(taken).await?.ok_or(AccountError::PoolEmpty)
    }
}

impl OpenAccount for AccountPool {
    fn open<'a>(&'a self, reader: &'a [u8], _: &'a ReaderNames) -> Opening<'a> {
        Box::pin(self.take(reader))
    }
}

/// A service of the library that opens accounts over HTTP (docs/library.md).
#[derive(Clone)]
pub struct AccountService {
    http: Client,
    address: String,
    bearer: Option<String>,
}
redact_debug!(AccountService);

#[derive(Serialize)]
struct NewReader<'a> {
    name: Option<&'a str>,
    name_zh: Option<&'a str>,
}

#[derive(Deserialize)]
struct Opened {
    account: String,
}

impl AccountService {
    /// A client of the service at this address. `http` has its timeouts set.
    #[must_use]
    pub fn new(http: Client, address: &str, bearer: Option<String>) -> Self {
        Self { http, address: address.trim_end_matches('/').to_owned(), bearer }
    }

    async fn ask(&self, reader: &[u8], names: &ReaderNames) -> Result<AccountId, AccountError> {
        let body = NewReader { name: names.name.as_deref(), name_zh: names.name_zh.as_deref() };
        let request = self.http.post(format!("{}/v1/readers", self.address));
        let request = request.header("Idempotency-Key", hex::encode(reader));
        let request = request.header(CONTENT_TYPE, "application/json");
        let request = request.body(serde_json::to_vec(&body).unwrap_or_default());
        let request = match &self.bearer {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let response = request.send().await.map_err(|_| AccountError::Unreachable)?;
        let status = response.status();
        match status {
            StatusCode::OK | StatusCode::CREATED => {}
            StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => return Err(AccountError::Refused),
            status if status.is_server_error() => return Err(AccountError::Unreachable),
            status => return Err(AccountError::Answer(status.as_u16())),
        }
        let body = bounded_body(response, LONGEST_ANSWER).await.map_err(|_| AccountError::Unreachable)?;
        let opened = serde_json::from_slice::<Opened>(&body).ok().and_then(|it| it.account.parse().ok());
        opened.ok_or(AccountError::Answer(status.as_u16()))
    }
}

impl OpenAccount for AccountService {
    fn open<'a>(&'a self, reader: &'a [u8], names: &'a ReaderNames) -> Opening<'a> {
        Box::pin(self.ask(reader, names))
    }
}

//! The way to a library's system: a question or an act, and its answer, or that nobody can tell.
//!
//! Lives here: [`LibrarySystem`], [`AskError`]. Not here: the stream (`connection`), what is done about an act whose fate is unknown
//! (`sip2::settle` and who asks). One connection, one request at a time, in the order of the calls. No reader, item or secret is logged.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use documents::{Timestamp, redact_debug};
use sip2::answer::{self, AcsStatus, Item, Loan, Patron, Return, Words};
use sip2::{
    Charset, Currency, FeeType, Kind, Language, Library, Message, PaymentType, Request, SipError, Summary,
    Unknown,
};
use tokio::sync::{Mutex, RwLock, Semaphore};
use tokio::time::Instant;
use transport::StreamClient;

use super::connection::{Connection, OpenError, status_request};
use super::pauses::{Pause, Pauses};
use super::{LibrarySetup, LibrarySystemError};

/// A connection that rests longer is asked for its status, so that nobody on the way forgets it.
const IDLE: Duration = Duration::from_secs(60);
/// A status that says no counts for so long; then it is asked for anew.
const STATUS: Duration = Duration::from_secs(10);
/// Calls that are under way or wait for their turn.
const MOST_CALLS: usize = 16;

/// Why nothing could be sent.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// It failed a moment ago.
    #[error("it failed a moment ago and is tried again within a minute")]
    Pause,
    /// No connection.
    #[error("no connection: {0}")]
    Connect(#[source] io::Error),
    /// No connection within 5 seconds.
    #[error("no connection within 5 seconds")]
    Late,
    /// A connection, but no answer to login or status.
    #[error("no answer to login or status: {0}")]
    Session(#[source] Unknown),
    /// A connection, and an answer to login or status that cannot be read.
    #[error("the answer to login or status is malformed: {0}")]
    Malformed(#[source] SipError),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It cannot be reached; nothing was sent.
    #[error("the library's system cannot be reached: {0}; check the network and its address")]
    Unreachable(#[source] Unreachable),
    /// It does not let the desk in; nothing was sent, and nothing is for a minute.
    #[error(
        "the library's system refuses the desk's login; correct user and password, it is tried again after a minute"
    )]
    Refused,
    /// Nobody can tell whether it was done.
    #[error(transparent)]
    Unknown(Unknown),
    /// The request cannot be written; nothing was sent.
    #[error(transparent)]
    Request(SipError),
    /// An answer came that cannot be read: nobody can tell whether it was done.
    #[error(transparent)]
    Unreadable(SipError),
    /// The system is off line or does not take this request now; nothing was sent.
    #[error("the library's system does not take this at the moment; ask a member of staff")]
    Offline,
    /// Too many calls wait; nothing was sent.
    #[error("too many requests wait for the library's system; try again in a moment")]
    TooMany,
}

impl AskError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "library_unreachable",
            Self::Refused => "library_refused",
            Self::Unknown(unknown) => unknown.code(),
            Self::Request(error) | Self::Unreadable(error) => error.code(),
            Self::Offline => "library_offline",
            Self::TooMany => "library_busy",
        }
    }

    /// Whether the request went out, so that it may have been done.
    #[must_use]
    pub const fn may_have_happened(&self) -> bool {
        match self {
            Self::Unknown(_) | Self::Unreadable(_) => true,
            Self::Unreachable(_) | Self::Refused | Self::Request(_) | Self::Offline | Self::TooMany => false,
        }
    }
}

impl From<OpenError> for AskError {
    fn from(error: OpenError) -> Self {
        Self::Unreachable(match error {
            OpenError::Refused => return Self::Refused,
            OpenError::Request(error) => return Self::Request(error),
            OpenError::Io(error) => Unreachable::Connect(error),
            OpenError::Late => Unreachable::Late,
            OpenError::Unknown(unknown) => Unreachable::Session(unknown),
            OpenError::Unreadable(error) => Unreachable::Malformed(error),
        })
    }
}

/// An answer to an act.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked<T> {
    /// What was answered.
    pub answer: T,
    /// Whether the request went out more than once. Some systems then do it twice, and a "no" may answer the second time.
    pub repeated: bool,
}

impl<T> fmt::Debug for Asked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asked").field("repeated", &self.repeated).finish_non_exhaustive()
    }
}

/// A client of one library's system. Its clones share one connection.
#[derive(Clone)]
pub struct LibrarySystem(Arc<Shared>);
redact_debug!(LibrarySystem);

struct Shared {
    setup: LibrarySetup,
    tls: Option<StreamClient>,
    calls: Semaphore,
    held: Mutex<Held>,
    last: RwLock<Option<AcsStatus>>,
    fault: RwLock<Option<&'static str>>,
}

#[derive(Default)]
struct Held {
    connection: Option<Connection>,
    pauses: Pauses,
}

impl LibrarySystem {
    /// A client of the system that is set up so. It connects when something is asked.
    ///
    /// # Errors
    /// [`LibrarySystemError`].
    pub fn new(setup: LibrarySetup) -> Result<Self, LibrarySystemError> {
        let tls = setup.tls()?;
        Ok(Self(Arc::new(Shared {
            setup,
            tls,
            calls: Semaphore::new(MOST_CALLS),
            held: Mutex::default(),
            last: RwLock::default(),
            fault: RwLock::default(),
        })))
    }

    /// What was agreed with the library.
    #[must_use]
    pub fn library(&self) -> &Library {
        &self.0.setup.library
    }

    /// Asks how the system is (99); connects where there is no connection.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn status(&self, now: Timestamp) -> Result<AcsStatus, AskError> {
        let _call = self.0.calls.try_acquire().map_err(|_| AskError::TooMany)?;
        let mut held = self.0.held.lock().await;
        let (mut connection, fresh) = self.connected(&mut held, now).await?;
        if !fresh {
            self.ask_status(&mut held, &mut connection, now).await?;
        }
        let status = connection.status().clone();
        held.keep(connection);
        held.pauses.answered();
        Ok(status)
    }

    /// What the system said last of itself (98), without asking.
    pub async fn last_status(&self) -> Option<AcsStatus> {
        self.0.last.read().await.clone()
    }

    /// Goes on as if so many seconds had gone by, for tests: pauses end, and a connection has rested.
    pub async fn go_ahead(&self, seconds: u64) {
        let mut held = self.0.held.lock().await;
        let by = Duration::from_secs(seconds);
        held.pauses.age(by);
        if let Some(connection) = &mut held.connection {
            connection.age(by);
        }
    }

    /// Why the system cannot be used, a stable code, without asking; `None` since it answered last.
    pub async fn last_fault(&self) -> Option<&'static str> {
        *self.0.fault.read().await
    }

    /// Asks what a reader may and has: 63 with the list that is wanted, or 23 without one where the system does not take 63.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn patron(
        &self,
        patron: &str,
        language: Language,
        summary: Option<Summary>,
        now: Timestamp,
    ) -> Result<Patron, AskError> {
        let information = self.message(
            &Request::PatronInformation { patron, password: None, language, summary, range: None },
            now,
        )?;
        let status = self.message(&Request::PatronStatus { patron, password: None, language }, now)?;
        let choose = |acs: &AcsStatus| {
            let supported = acs.supported;
            let either = (supported.patron_status).then_some(&status);
            supported.patron_information.then_some(&information).or(either)
        };
        Ok(self.ask(now, choose, Patron::read).await?.answer)
    }

    /// Asks whether a reader's own card and its password fit together (63 with the password).
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn check_password(
        &self,
        patron: &str,
        password: &str,
        language: Language,
        now: Timestamp,
    ) -> Result<Patron, AskError> {
        let password = Some(password);
        let request = Request::PatronInformation { patron, password, language, summary: None, range: None };
        let message = self.message(&request, now)?;
        let choose = |acs: &AcsStatus| acs.supported.patron_information.then_some(&message);
        Ok(self.ask(now, choose, Patron::read).await?.answer)
    }

    /// Asks where an item is (17).
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn item(&self, item: &str, now: Timestamp) -> Result<Item, AskError> {
        let message = self.message(&Request::ItemInformation { item }, now)?;
        let choose = |acs: &AcsStatus| acs.supported.item_information.then_some(&message);
        Ok(self.ask(now, choose, Item::read).await?.answer)
    }

    /// Lends an item to a reader (11). The call is never to be repeated before it is known that it was not done.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn checkout(
        &self,
        patron: &str,
        item: &str,
        fee_agreed: bool,
        now: Timestamp,
    ) -> Result<Asked<Loan>, AskError> {
        let message = self.message(&Request::Checkout { patron, password: None, item, fee_agreed }, now)?;
        self.ask(now, |acs| acs.lends().then_some(&message), Loan::read).await
    }

    /// Renews a loan (29).
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn renew(&self, patron: &str, item: &str, now: Timestamp) -> Result<Asked<Loan>, AskError> {
        let message = self.message(&Request::Renew { patron, password: None, item }, now)?;
        self.ask(now, |acs| (acs.renewal && acs.supported.renew).then_some(&message), Loan::read).await
    }

    /// Takes an item back (09) that was given back at this moment.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn checkin(
        &self,
        item: &str,
        returned: Timestamp,
        now: Timestamp,
    ) -> Result<Asked<Return>, AskError> {
        let message = self.message(&Request::Checkin { item, returned }, now)?;
        self.ask(now, |acs| (acs.checkin && acs.supported.checkin).then_some(&message), Return::read).await
    }

    /// Tells of a payment (37): whether it was taken, and what was said. `transaction` is the payment's id, the same for every try.
    ///
    /// # Errors
    /// [`AskError`].
    #[expect(clippy::too_many_arguments, reason = "the fields of the message, each of its own type")]
    pub async fn fee_paid(
        &self,
        patron: &str,
        fee: FeeType,
        payment: PaymentType,
        currency: Currency,
        amount: &str,
        transaction: &str,
        now: Timestamp,
    ) -> Result<Asked<(bool, Words)>, AskError> {
        let request = Request::FeePaid { patron, fee, payment, currency, amount, transaction };
        let message = self.message(&request, now)?;
        self.ask(now, |acs| acs.supported.fee_paid.then_some(&message), answer::fee_paid).await
    }

    /// Tells that a reader has gone (35).
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn end_session(&self, patron: &str, now: Timestamp) -> Result<(), AskError> {
        let message = self.message(&Request::EndSession { patron }, now)?;
        let choose = |acs: &AcsStatus| acs.supported.end_session.then_some(&message);
        self.ask(now, choose, answer::session_ended).await.map(drop)
    }

    /// Asks for the status where the connection has rested for a minute: to be called now and then. What is not connected, or under way,
    /// is left alone.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn keep(&self, now: Timestamp) -> Result<(), AskError> {
        let Ok(mut held) = self.0.held.try_lock() else { return Ok(()) };
        let Some(mut connection) = held.connection.take() else { return Ok(()) };
        if connection.used().elapsed() >= IDLE {
            self.ask_status(&mut held, &mut connection, now).await?;
        }
        held.keep(connection);
        Ok(())
    }

    fn message(&self, request: &Request<'_>, now: Timestamp) -> Result<Message, AskError> {
        request.message(&self.0.setup.library, now).map_err(AskError::Request)
    }

    /// Asks what `choose` takes of what the system supports, and reads the answer.
    async fn ask<'m, T>(
        &self,
        now: Timestamp,
        choose: impl Fn(&AcsStatus) -> Option<&'m Message>,
        read: impl Fn(&Message, Charset) -> Result<T, SipError>,
    ) -> Result<Asked<T>, AskError> {
        let _call = self.0.calls.try_acquire().map_err(|_| AskError::TooMany)?;
        let mut held = self.0.held.lock().await;
        // Whoever goes away in the middle takes the connection along: nobody else reads the answer that may come.
        let (mut connection, fresh) = self.connected(&mut held, now).await?;
        let taken = |acs: &AcsStatus| Some(acs).filter(|acs| acs.online).and_then(&choose).cloned();
        let mut message = taken(connection.status());
        if message.is_none() && !fresh && connection.told().elapsed() >= STATUS {
            self.ask_status(&mut held, &mut connection, now).await?;
            message = taken(connection.status());
        }
        let Some(message) = message else {
            held.keep(connection);
            return Err(AskError::Offline);
        };
        let mut asked = connection.ask(message.clone()).await;
        if !fresh && changes_nothing(message.kind()) && matches!(asked, Err(Unknown::Closed)) {
            // The system had ended a connection that rested. A question may be asked twice.
            (connection, _) = self.connected(&mut held, now).await?;
            asked = connection.ask(message).await;
        }
        let answered = asked.map_err(|unknown| held.failed_by(unknown))?;
        let answer = read(&answered.message, self.library().charset).map_err(|error| {
            tracing::warn!(code = error.code(), "an answer of a library's system cannot be read");
            held.pauses.failed(Instant::now());
            AskError::Unreadable(error)
        })?;
        held.keep(connection);
        held.pauses.answered();
        Ok(Asked { answer, repeated: answered.repeated })
    }

    /// The connection that stands, or a new one (`true`), taken out of the place where it is held.
    async fn connected(&self, held: &mut Held, now: Timestamp) -> Result<(Connection, bool), AskError> {
        if let Some(mut connection) = held.connection.take()
            && connection.settle().await
        {
            return Ok((connection, false));
        }
        match held.pauses.at(Instant::now()) {
            Some(Pause::Failed) => return Err(AskError::Unreachable(Unreachable::Pause)),
            Some(Pause::Refused) => return Err(AskError::Refused),
            None => {}
        }
        match Connection::open(&self.0.setup, self.0.tls.as_ref(), now).await {
            Ok(connection) => {
                *self.0.last.write().await = Some(connection.status().clone());
                *self.0.fault.write().await = None;
                Ok((connection, true))
            }
            Err(error) => {
                let refused = matches!(error, OpenError::Refused);
                let error = AskError::from(error);
                tracing::warn!(code = error.code(), "a library's system cannot be used");
                *self.0.fault.write().await = Some(error.code());
                if refused {
                    held.pauses.refused(Instant::now());
                } else {
                    held.pauses.failed(Instant::now());
                }
                Err(error)
            }
        }
    }

    async fn ask_status(
        &self,
        held: &mut Held,
        connection: &mut Connection,
        now: Timestamp,
    ) -> Result<(), AskError> {
        let setup = &self.0.setup;
        let request = status_request(setup, now).map_err(AskError::Request)?;
        let answered = connection.ask(request).await.map_err(|unknown| held.failed_by(unknown))?;
        let status = AcsStatus::read(&answered.message, setup.library.charset).map_err(|error| {
            held.pauses.failed(Instant::now());
            AskError::Unreadable(error)
        })?;
        *self.0.last.write().await = Some(status.clone());
        connection.take_status(status, setup);
        Ok(())
    }
}

impl Held {
    fn keep(&mut self, connection: Connection) {
        self.connection = Some(connection).filter(Connection::serves);
    }

    /// A system that sends what is none of this protocol is left alone for a while; after a damaged answer, silence or the end of the
    /// connection another one may be tried at once.
    fn failed_by(&mut self, unknown: Unknown) -> AskError {
        let another_protocol = matches!(
            unknown,
            Unknown::Unreadable(
                SipError::Short
                    | SipError::TooLong
                    | SipError::UnknownKind
                    | SipError::Control
                    | SipError::NotText
            )
        );
        if another_protocol {
            self.pauses.failed(Instant::now());
        }
        AskError::Unknown(unknown)
    }
}

/// Whether a message only asks.
const fn changes_nothing(kind: Kind) -> bool {
    matches!(kind, Kind::ItemInformation | Kind::PatronInformation | Kind::PatronStatus | Kind::EndSession)
}

//! Desk: what one desk asks of travellers, and what it makes of their answers. No HTTP.
//!
//! Lives here: [`Desk`]: [`Desk::request`], [`Desk::standing`], [`Desk::adopt`] (a sign), [`Desk::take`] (an answer), [`Desk::answer`],
//! and, with an answer or a card, [`Desk::check_in`], [`Desk::visit`] and [`Desk::arrive`]. What it goes by comes as [`Lists`]. Not here: the book (`Hotel`, `Building`), routes (`http`).

mod ask;
mod keys;
mod lists;
mod openid;
mod register;
mod setup;
mod take;

use std::sync::{Arc, RwLock};

use documents::{Timestamp, redact_debug};
use trust::{DeskRefusal, Freshness, OutsideDesk, TrustError};

use crate::library::Library;
use crate::openid::{OpenId, OpenIdSetup};
use crate::store::Store;
use crate::{Building, Hotel};

pub use crate::shown::{AnswerFault, AnswerId, Shown};
pub use ask::{AskError, Asked, SIGN_DAYS};
pub use keys::{DeskKey, DeskKeys};
pub use lists::{Lists, OldList};
pub use openid::OpenIdError;
pub use register::{CheckInError, Guests, Line, Visiting, Who};
pub use setup::DeskSetup;
pub use take::{Answer, AnswerState, TakeError, Taken};

/// How long an answer waits for a clerk, in seconds: two hours.
pub const ANSWER_KEPT_SECONDS: i64 = 7_200;

/// The book of a desk.
#[derive(Debug, Clone)]
pub enum Book {
    /// A hotel's.
    Hotel(Box<Hotel>),
    /// A building's.
    Building(Building),
    /// A library's.
    Library(Box<Library>),
}

impl Book {
    /// Its database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        match self {
            Self::Hotel(hotel) => hotel.store(),
            Self::Building(building) => building.store(),
            Self::Library(library) => library.store(),
        }
    }
}

/// One desk with its keys. Copies share them.
#[derive(Clone)]
pub struct Desk {
    setup: Arc<DeskSetup>,
    keys: Arc<RwLock<Arc<DeskKeys>>>,
    book: Book,
    openid: Option<Arc<OpenId>>,
}
redact_debug!(Desk);

/// Why a desk may not ask what it is set up to ask.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// No approval covers it.
    #[error(transparent)]
    Approval(#[from] DeskRefusal),
    /// The desk's key does not count.
    #[error("this desk's key does not count: {0}; its operator asks the authority to list it")]
    Key(#[from] TrustError),
    /// The key is listed for another venue or scenario.
    #[error(transparent)]
    Outside(#[from] OutsideDesk),
    /// A list is older than a day.
    #[error(
        "{0} here is older than a day; connect the desk to the network, and take documents by hand until then"
    )]
    OldList(OldList),
}

impl NotAllowed {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Approval(refusal) => refusal.code(),
            Self::Key(_) => "desk_key_not_listed",
            Self::Outside(outside) => outside.code(),
            Self::OldList(_) => "lists_too_old",
        }
    }
}

impl Desk {
    /// A desk with its book and its keys.
    #[must_use]
    pub fn new(setup: DeskSetup, keys: DeskKeys, book: Book) -> Self {
        Self { setup: Arc::new(setup), keys: Arc::new(RwLock::new(Arc::new(keys))), book, openid: None }
    }

    /// The same desk, which asks wallets of others too.
    #[must_use]
    pub fn with_openid(self, setup: OpenIdSetup) -> Self {
        Self { openid: Some(Arc::new(OpenId::new(setup))), ..self }
    }

    pub(crate) fn openid(&self) -> Option<&OpenId> {
        self.openid.as_deref()
    }

    /// What it is, and what it asks.
    #[must_use]
    pub fn setup(&self) -> &DeskSetup {
        &self.setup
    }

    /// Its book.
    #[must_use]
    pub const fn book(&self) -> &Book {
        &self.book
    }

    pub(crate) const fn store(&self) -> &Store {
        self.book.store()
    }

    /// Holds what the desk asks to its key's listing and to its approval, each time anew. Gives how fresh the lists are.
    ///
    /// # Errors
    /// [`NotAllowed`]: the first reason.
    pub fn allowed(&self, lists: &dyn Lists, now: Timestamp) -> Result<Freshness, NotAllowed> {
        self.allowed_by(self.keys().used(), lists, now)
    }

    /// The same of a desk that signs with this key.
    fn allowed_by(&self, key: &DeskKey, lists: &dyn Lists, now: Timestamp) -> Result<Freshness, NotAllowed> {
        let setup = &self.setup;
        let listed = lists.trust().freshness(setup.authority, now);
        if listed == Freshness::Refused {
            return Err(NotAllowed::OldList(OldList::Trust(setup.authority)));
        }
        let approved = lists::approvals_freshness(lists, now);
        if approved == Freshness::Refused {
            return Err(NotAllowed::OldList(OldList::Approvals));
        }
        self.counts(key, lists, now)?;
        setup.approved(lists.approvals(), now)?;
        Ok(listed.max(approved))
    }
}

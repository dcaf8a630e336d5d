//! Open: the requests to wallets of others that wait for their answers, in memory alone.
//!
//! Lives here: [`OpenRequests`]. Not here: what becomes of an answer. A request ends with the program: its private key lies nowhere, and
//! whoever asked asks anew.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use documents::{Timestamp, redact_debug};
use openid4vc::presentation::{OpenRequest, PageRequest};

use crate::RequestId;

/// How long a request is known after its end, in seconds, so that an answer that comes late hears so.
const KNOWN_SECONDS: i64 = 3_600;

/// A request that ends.
pub trait Ends {
    /// Until when an answer is taken.
    fn ends(&self) -> Timestamp;
}

impl Ends for OpenRequest {
    fn ends(&self) -> Timestamp {
        self.expires()
    }
}

impl Ends for PageRequest {
    fn ends(&self) -> Timestamp {
        self.expires()
    }
}

/// A request that is open.
struct Open<R> {
    request: Arc<R>,
    state: OpenState,
}

/// How far it has come.
#[derive(Clone, PartialEq, Eq)]
enum OpenState {
    /// Nobody answered; the code of the last answer that was refused.
    Waiting { refused: Option<String> },
    /// Answered: what was posted, by its keyed hash, and the code that the wallet's browser brings back.
    Answered { posted: Vec<u8>, response_code: String },
}
redact_debug!(OpenState);

/// What an answer meets.
pub enum Found<R = OpenRequest> {
    /// Nobody knows the request.
    Unknown,
    /// It waits.
    Waiting(Arc<R>),
    /// The same was posted before: the code that was given then.
    Same(String),
    /// Something else was posted before.
    Answered,
}

/// The requests of one kind that are open: by a link, or on a page.
pub struct OpenRequests<R = OpenRequest> {
    open: Mutex<BTreeMap<RequestId, Open<R>>>,
    most: usize,
}

impl<R> fmt::Debug for OpenRequests<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpenRequests")
    }
}

impl<R: Ends> OpenRequests<R> {
    /// None yet, and at most so many at once: whoever has more has forgotten the oldest.
    pub(crate) const fn new(most: usize) -> Self {
        Self { open: Mutex::new(BTreeMap::new()), most }
    }

    fn requests(&self) -> std::sync::MutexGuard<'_, BTreeMap<RequestId, Open<R>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a request, and forgets those whose end is long past.
    pub fn keep(&self, id: RequestId, request: R, now: Timestamp) {
        let mut open = self.requests();
        open.retain(|_, one| now.seconds_since(one.request.ends()) <= KNOWN_SECONDS);
        while open.len() >= self.most {
            let oldest = open.iter().min_by_key(|(_, one)| one.request.ends()).map(|(id, _)| *id);
            match oldest {
                Some(oldest) => open.remove(&oldest),
                None => break,
            };
        }
        let state = OpenState::Waiting { refused: None };
        open.insert(id, Open { request: Arc::new(request), state });
    }

    /// A request that nobody has answered.
    pub fn request(&self, id: RequestId) -> Option<Arc<R>> {
        let open = self.requests();
        let one = open.get(&id)?;
        matches!(one.state, OpenState::Waiting { .. }).then(|| Arc::clone(&one.request))
    }

    /// The end of a request that waits, and why the last answer to it was refused.
    pub fn waiting(&self, id: RequestId) -> Option<(Timestamp, Option<String>)> {
        let open = self.requests();
        let one = open.get(&id)?;
        match &one.state {
            OpenState::Waiting { refused } => Some((one.request.ends(), refused.clone())),
            OpenState::Answered { .. } => None,
        }
    }

    /// What an answer, by its keyed hash, meets.
    pub fn meet(&self, id: RequestId, tag: &[u8]) -> Found<R> {
        let open = self.requests();
        let Some(one) = open.get(&id) else { return Found::Unknown };
        match &one.state {
            OpenState::Waiting { .. } => Found::Waiting(Arc::clone(&one.request)),
            OpenState::Answered { posted, response_code } if posted == tag => {
                Found::Same(response_code.clone())
            }
            OpenState::Answered { .. } => Found::Answered,
        }
    }

    /// Notes why an answer was refused; another may still come.
    pub fn refuse(&self, id: RequestId, code: &str) {
        if let Some(one) = self.requests().get_mut(&id)
            && let OpenState::Waiting { refused } = &mut one.state
        {
            *refused = Some(code.to_owned());
        }
    }

    /// Notes that a request is answered.
    pub fn answered(&self, id: RequestId, posted: Vec<u8>, response_code: String) {
        if let Some(one) = self.requests().get_mut(&id) {
            one.state = OpenState::Answered { posted, response_code };
        }
    }

    /// Whether this is the code with which a wallet's browser comes back.
    pub fn is_response_code(&self, id: RequestId, code: &str) -> bool {
        let open = self.requests();
        open.get(&id).is_some_and(|one| match &one.state {
            OpenState::Answered { response_code, .. } => response_code == code,
            OpenState::Waiting { .. } => false,
        })
    }
}

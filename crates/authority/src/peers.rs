//! Peers: what a running service does by itself towards the other authorities, one round at a time.
//!
//! Lives here: [`round`]: weekly keys handed over, notices delivered, lists fetched, old keys
//! destroyed, retention enforced. Not here: when
//! a round is due (the binary), any decision on what comes in (`service`).

use std::collections::BTreeMap;
use std::time::Duration;

use credential::message::{self, Receipt, ReceiptResult};
use documents::issuance::weekly_key_pairs;
use documents::{AuthorityCode, Timestamp};
use reqwest::{Client, Response};
use serde::Deserialize;
use transport::{BodyError, bounded_body};
use trust::Role;

use crate::events::notice::NoticeError;
use crate::retention::RetentionReport;
use crate::service::Service;
use crate::status_lists::ListError;
use crate::store::StoreError;
use crate::store::outbox::WaitingNotice;
use crate::weekly_keys::WeeklyKeyError;

/// Weeks for which keys are handed over and lists fetched: this one and the next two.
const WEEKS: i32 = 3;
/// How long a peer may take for one answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer that is read: a status list or some trust lists.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// What one round did.
#[derive(Debug, Default)]
pub struct RoundReport {
    /// Weekly keys that a peer took.
    pub handed_over: usize,
    /// Notices that their issuer took.
    pub notices: usize,
    /// Status lists that were fetched and taken.
    pub status_lists: usize,
    /// Authorities whose trust list was replaced by a newer one ([`Service::trust_list`] has its bytes).
    pub trust_lists: Vec<AuthorityCode>,
    /// Old weekly keys that were destroyed.
    pub destroyed: u64,
    /// What the daily retention job did, where it was due.
    pub retention: Option<RetentionReport>,
    /// What could not be done.
    pub failures: Vec<RoundFailure>,
}

/// Something that a round could not do. The next round tries again.
#[derive(Debug)]
pub struct RoundFailure {
    /// Towards whom; `None` for this service's own matters.
    pub peer: Option<AuthorityCode>,
    /// What was being done, such as `hand over 2026-W10`.
    pub what: String,
    /// Why not.
    pub why: PeerError,
}

impl std::fmt::Display for RoundFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.peer {
            Some(peer) => write!(f, "{peer}: {}: {}", self.what, self.why),
            None => write!(f, "{}: {}", self.what, self.why),
        }
    }
}

/// Why something towards a peer failed.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// No address is known.
    #[error("no address is configured; add it to the settings")]
    NoAddress,
    /// No connection, or no answer in time.
    #[error("it cannot be reached or does not answer in time; the next round tries again")]
    Unreachable(#[source] reqwest::Error),
    /// An answer that says no.
    #[error("it answers with status {status} ({code}); look at its log")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The problem's code, where it gave one.
        code: String,
    },
    /// An answer that is none.
    #[error("its answer is not in the form of one; it may be another program")]
    Form,
    /// An answer that is no receipt of the peer for what was sent.
    #[error("its answer is no receipt that counts; the message is sent again")]
    Receipt,
    /// A weekly key was not made.
    #[error(transparent)]
    WeeklyKey(#[from] WeeklyKeyError),
    /// A notice could not be read or marked.
    #[error(transparent)]
    Notice(#[from] NoticeError),
    /// A list was not taken.
    #[error(transparent)]
    List(#[from] ListError),
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where another authority is reached, and by what client: it reaches that authority alone.
#[derive(Debug, Clone)]
pub struct Address {
    /// The base address of its listener for parties.
    pub base: String,
    /// The client, with this authority's certificate.
    pub client: Client,
}

/// One round towards every peer. A peer that is down is named once and passed over; the others get their turn.
pub async fn round(
    service: &Service,
    peers: &BTreeMap<AuthorityCode, Address>,
    now: Timestamp,
) -> RoundReport {
    let mut report = RoundReport::default();
    for peer in AuthorityCode::ALL.into_iter().filter(|peer| *peer != service.code()) {
        let Some(Address { base, client }) = peers.get(&peer) else {
            let failure =
                RoundFailure { peer: Some(peer), what: "reach".to_owned(), why: PeerError::NoAddress };
            report.failures.push(failure);
            continue;
        };
        let base = base.trim_end_matches('/');
        Turn { service, peer, base, client, now, report: &mut report, down: false }.take().await;
    }
    match service.destroy_old_keys(now).await {
        Ok(destroyed) => report.destroyed = destroyed,
        Err(error) => {
            let what = "destroy old weekly keys".to_owned();
            report.failures.push(RoundFailure { peer: None, what, why: error.into() });
        }
    }
    match service.enforce_retention(now).await {
        Ok(done) => report.retention = done,
        Err(error) => {
            let what = "delete what was kept for its time".to_owned();
            report.failures.push(RoundFailure { peer: None, what, why: error.into() });
        }
    }
    report
}

/// One peer's turn.
struct Turn<'r> {
    service: &'r Service,
    peer: AuthorityCode,
    base: &'r str,
    client: &'r Client,
    now: Timestamp,
    report: &'r mut RoundReport,
    /// It did not answer: what remains of its turn is left out.
    down: bool,
}

impl Turn<'_> {
    async fn take(mut self) {
        // Trust lists come first: a key that was replaced counts for what follows.
        self.trust_lists().await;
        if !self.down {
            self.hand_over().await;
        }
        if !self.down {
            self.notices().await;
        }
        self.status_lists().await;
    }

    fn failed(&mut self, what: impl Into<String>, why: impl Into<PeerError>) {
        let why = why.into();
        self.down |= matches!(why, PeerError::Unreachable(_));
        self.report.failures.push(RoundFailure { peer: Some(self.peer), what: what.into(), why });
    }

    async fn trust_lists(&mut self) {
        let lists = match self.get("/v1/trust-lists").await {
            Ok(bytes) => transport::trust_lists(&bytes).ok_or(PeerError::Form),
            Err(error) => Err(error),
        };
        let lists = match lists {
            Ok(lists) => lists,
            Err(error) => return self.failed("fetch trust lists", error),
        };
        for (authority, list) in lists {
            let held = self.service.trust_list(authority);
            if held.as_deref() == Some(list.as_slice()) {
                continue;
            }
            match self.service.take_trust_list(&list, self.now) {
                // The same list with other signatures, or a shorter chain, replaces nothing.
                Ok(whose) if self.service.trust_list(whose) == held => {}
                Ok(whose) => self.report.trust_lists.push(whose),
                // A peer may be behind with somebody else's list: that is no failure of anybody.
                Err(ListError::Trust(trust::TrustError::Rollback { .. })) if authority != self.peer => {}
                Err(error) => self.failed(format!("take the trust list of {authority}"), error),
            }
        }
    }

    async fn hand_over(&mut self) {
        if !weekly_key_pairs().any(|pair| pair == (self.service.code(), self.peer)) {
            return;
        }
        let keys = match self.service.weekly_keys(WEEKS, self.now).await {
            Ok(keys) => keys,
            Err(error) => return self.failed("hand over weekly keys", error),
        };
        let waiting = keys.into_iter().filter(|key| key.receiver == self.peer && !key.present);
        for key in waiting.collect::<Vec<_>>() {
            if self.down {
                return;
            }
            match self.hand_over_one(key.week).await {
                Ok(()) => self.report.handed_over += 1,
                Err(error) => self.failed(format!("hand over {}", key.week), error),
            }
        }
    }

    async fn hand_over_one(&self, week: documents::IsoWeek) -> Result<(), PeerError> {
        let message = self.service.hand_over(self.peer, week, self.now).await?;
        self.send("/v1/handovers", message).await?;
        Ok(self.service.note_handed_over(self.peer, week).await?)
    }

    async fn notices(&mut self) {
        let notices = match self.service.waiting_notices().await {
            Ok(notices) => notices,
            Err(error) => return self.failed("deliver notices", error),
        };
        for WaitingNotice { id, issuer, message } in notices {
            if self.down || issuer != self.peer {
                continue;
            }
            match self.deliver(&id, message).await {
                Ok(()) => self.report.notices += 1,
                Err(error) => self.failed("deliver a notice", error),
            }
        }
    }

    async fn deliver(&self, id: &[u8; 32], message: Vec<u8>) -> Result<(), PeerError> {
        self.send("/v1/notices", message).await?;
        Ok(self.service.note_delivered(id, self.now).await?)
    }

    async fn status_lists(&mut self) {
        for weeks in 0..WEEKS {
            if self.down {
                return;
            }
            let ends = self.now.plus_seconds(i64::from(weeks) * 7 * 86_400);
            let mut asked = 0;
            // A list of the largest size says that the next one of its week is to be asked for too.
            while let Some(number) = self.service.lists_to_follow(self.peer, ends).get(asked).copied() {
                if self.down {
                    return;
                }
                asked += 1;
                self.status_list(number).await;
            }
        }
    }

    async fn status_list(&mut self, number: u8) {
        let taken = match self.get(&format!("/v1/status-lists/{number}")).await {
            Ok(list) => {
                self.service.take_status_list(self.peer, number, &list, self.now).map_err(PeerError::from)
            }
            Err(error) => Err(error),
        };
        match taken {
            Ok(()) => self.report.status_lists += 1,
            Err(error) => self.failed(format!("fetch status list {number}"), error),
        }
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, PeerError> {
        let sent = self.client.get(format!("{}{path}", self.base)).timeout(PATIENCE).send().await;
        answer(sent).await
    }

    /// Sends a message, and acts on nothing but the peer's signed receipt for it.
    async fn send(&self, path: &str, sent: Vec<u8>) -> Result<(), PeerError> {
        let request = self.client.post(format!("{}{path}", self.base)).timeout(PATIENCE);
        let answered = request.header("content-type", "application/cbor").body(sent.clone()).send().await;
        let receipt = answer(answered).await?;
        let trust = self.service.trust();
        let key = message::kid(&receipt).ok().map(|kid| trust.find(self.peer, Role::Verdict, kid, self.now));
        let Some(Ok(key)) = key else { return Err(PeerError::Receipt) };
        match Receipt::open(&receipt, key, self.peer, &sent, self.now) {
            Ok(ReceiptResult::Taken) => Ok(()),
            Ok(
                ReceiptResult::Conflict(_)
                | ReceiptResult::Expected(_)
                | ReceiptResult::Forked
                | ReceiptResult::UnknownChain,
            )
            | Err(_) => Err(PeerError::Receipt),
        }
    }
}

/// The bounded body of an answer that says yes.
async fn answer(sent: Result<Response, reqwest::Error>) -> Result<Vec<u8>, PeerError> {
    // The address stays out of what is reported: it may carry more than a host.
    let unreachable = |error: reqwest::Error| PeerError::Unreachable(error.without_url());
    let response = sent.map_err(unreachable)?;
    let status = response.status();
    let body = bounded_body(response, MAX_ANSWER).await.map_err(|error| match error {
        BodyError::Broken(error) => PeerError::Unreachable(error),
        BodyError::TooLong(_) => PeerError::Form,
    })?;
    if status.is_success() {
        return Ok(body);
    }
    #[derive(Deserialize)]
    struct Told {
        code: String,
    }
    let told = serde_json::from_slice::<Told>(&body).map(|told| told.code).unwrap_or_default();
    let code = told.chars().filter(|c| c.is_ascii_lowercase() || *c == '_').take(40).collect();
    Err(PeerError::Refused { status: status.as_u16(), code })
}

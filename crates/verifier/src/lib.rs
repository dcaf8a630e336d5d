//! Verifier: what desks and authorities share where they ask wallets of others (`OpenID4VP` 1.0 under HAIP 1.0; docs/openid4vc.md).
//!
//! Lives here: [`Verifier`]: the requests that wait in memory, the proof of their answers, status lists, and what
//! both answer alike over HTTP. Not here: the protocol (`openid4vc`), what is asked and what becomes of it (`venue`, `authority`), routes.

pub mod http;
mod open;
mod status;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::x5c::CertificateAnchors;
use credential::{CryptoError, SigningKey};
use documents::{Timestamp, redact_debug};
use openid4vc::dcql::{Presented, Query};
use openid4vc::presentation::{
    Answer, Channel, Checks, ClientId, NewPageRequest, NewRequest, OpenRequest, PageAnswer, PageRequest,
    PageWay, Posted, PostedError, Refusal,
};

pub use open::{Ends, Found, OpenRequests};
pub use status::{StatusFault, StatusLists};

/// How long a request waits for its answer, in seconds.
pub const REQUEST_SECONDS: i64 = 300;

/// A request's id, drawn at random: 32 hexadecimal digits in its addresses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId([u8; 16]);

/// The text is no id of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id; write 32 hexadecimal digits")]
pub struct NotARequestId;

impl RequestId {
    /// The id with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for RequestId {
    type Err = NotARequestId;

    fn from_str(text: &str) -> Result<Self, NotARequestId> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotARequestId)?;
        Ok(Self(bytes))
    }
}

/// By what a party asks wallets of others.
#[derive(Clone)]
pub struct VerifierSetup {
    /// Its address as wallets reach it, without a slash at its end.
    pub base: String,
    /// The key that signs requests.
    pub key: Arc<SigningKey>,
    /// Its certificates in DER, leaf first, without the root.
    pub chain: Vec<Vec<u8>>,
    /// What fetches status lists. It follows no redirect.
    pub client: reqwest::Client,
    /// Most requests at once; the oldest is forgotten beyond.
    pub most: usize,
}
redact_debug!(VerifierSetup);

/// What a request takes from chance.
#[derive(Clone, Copy)]
pub struct Chance {
    /// The request's id.
    pub id: [u8; 16],
    /// Its nonce.
    pub nonce: [u8; 32],
    /// Its state.
    pub state: [u8; 32],
}
redact_debug!(Chance);

/// A request to a wallet of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedOf {
    /// The id under which its answer is found.
    pub id: RequestId,
    /// What its code says: `openid4vp://`, the client id and where the signed request is fetched.
    pub link: String,
    /// Until when an answer is taken.
    pub ends: Timestamp,
}

/// A request on the page of whoever asks.
#[derive(Clone)]
pub struct AskedOnPage {
    /// The id under which its answer is found.
    pub id: RequestId,
    /// The ways in which the page's call of the Digital Credentials API asks.
    pub requests: Vec<PageWay>,
    /// Until when an answer is taken.
    pub ends: Timestamp,
}
redact_debug!(AskedOnPage);

/// Why a request is not made, or its answer not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierError {
    /// It has no certificate, or no address that can be written into a link.
    #[error("no certificate to ask wallets of others by; the operator looks at docs/openid4vc.md")]
    NotSetUp,
    /// No request is known by this id.
    #[error("there is no such request, or it is over; begin again with a new code")]
    Unknown,
    /// Another answer to the request was taken.
    #[error("the request was answered already; begin again with a new code")]
    AnsweredAlready,
    /// What was posted is no answer.
    #[error(transparent)]
    Posted(#[from] PostedError),
    /// The answer is not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The wallet, or its user, does not answer.
    #[error("the wallet did not answer; ask again, or use the document itself")]
    Declined,
    /// The credential's status.
    #[error(transparent)]
    Status(#[from] StatusFault),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl VerifierError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotSetUp => "openid_not_set_up",
            Self::Unknown => "request_unknown",
            Self::AnsweredAlready => "answered_already",
            Self::Posted(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::Declined => "openid_declined",
            Self::Status(fault) => fault.code(),
            Self::Crypto(_) => "crypto",
        }
    }
}

/// One that asks wallets of others.
pub struct Verifier {
    setup: VerifierSetup,
    open: OpenRequests,
    pages: OpenRequests<PageRequest>,
    lists: StatusLists,
}
redact_debug!(Verifier);

impl Verifier {
    /// Asks nobody yet.
    #[must_use]
    pub fn new(setup: VerifierSetup) -> Self {
        let lists = StatusLists::new(setup.client.clone());
        let (open, pages) = (OpenRequests::new(setup.most), OpenRequests::new(setup.most));
        Self { open, pages, setup, lists }
    }

    /// Its requests by a link that wait, and what became of them.
    #[must_use]
    pub const fn requests(&self) -> &OpenRequests {
        &self.open
    }

    /// Its requests on a page that wait, and what became of them.
    #[must_use]
    pub const fn pages(&self) -> &OpenRequests<PageRequest> {
        &self.pages
    }

    /// Opens a request.
    ///
    /// # Errors
    /// [`VerifierError::NotSetUp`], [`VerifierError::Crypto`].
    pub fn ask(&self, query: Query, chance: Chance, now: Timestamp) -> Result<AskedOf, VerifierError> {
        let (id, base) = (RequestId(chance.id), &self.setup.base);
        let leaf = self.setup.chain.first().ok_or(VerifierError::NotSetUp)?;
        let client_id = ClientId::of_certificate(leaf);
        let ends = now.plus_seconds(REQUEST_SECONDS);
        let link = [
            ("client_id", client_id.to_string()),
            ("request_uri", format!("{base}/openid/request/{id}")),
            ("request_uri_method", "post".to_owned()),
        ];
        let link = reqwest::Url::parse_with_params("openid4vp://", link);
        let new = NewRequest {
            client_id,
            channel: Channel::Redirect { response_uri: format!("{base}/openid/response/{id}") },
            query,
            nonce: chance.nonce,
            state: chance.state,
            expires: ends,
        };
        self.open.keep(id, OpenRequest::new(new)?, now);
        Ok(AskedOf { id, link: link.map_err(|_| VerifierError::NotSetUp)?.into(), ends })
    }

    /// Opens a request on the page of this origin, by both protocols of the Digital Credentials API.
    ///
    /// # Errors
    /// [`VerifierError::NotSetUp`], [`VerifierError::Crypto`].
    pub fn ask_on_page(
        &self,
        query: Query,
        origin: &str,
        chance: Chance,
        now: Timestamp,
    ) -> Result<AskedOnPage, VerifierError> {
        let id = RequestId(chance.id);
        let leaf = self.setup.chain.first().ok_or(VerifierError::NotSetUp)?;
        let ends = now.plus_seconds(REQUEST_SECONDS);
        let request = PageRequest::new(NewPageRequest {
            client_id: ClientId::of_certificate(leaf),
            origin: origin.to_owned(),
            query,
            nonce: chance.nonce,
            expires: ends,
        })?;
        let requests = request.requests(&self.setup.key, &self.setup.chain)?;
        self.pages.keep(id, request, now);
        Ok(AskedOnPage { id, requests, ends })
    }

    /// The signed object of a request that waits; `wallet_nonce` comes back in it.
    ///
    /// # Errors
    /// [`VerifierError::Unknown`], [`VerifierError::Crypto`].
    pub fn object(
        &self,
        id: RequestId,
        wallet_nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<String, VerifierError> {
        let request = self.open.request(id).filter(|request| now <= request.expires());
        let request = request.ok_or(VerifierError::Unknown)?;
        Ok(request.object(&self.setup.key, &self.setup.chain, wallet_nonce)?)
    }

    /// Proves what a wallet posted to a request that waits: form, proofs, issuers, what was asked, statuses. Nothing is noted of it.
    ///
    /// # Errors
    /// [`VerifierError`] for the first fault.
    pub async fn prove(
        &self,
        request: &OpenRequest,
        form: &[u8],
        issuers: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Vec<Presented>>, VerifierError> {
        let posted = Posted::read(form)?;
        self.counting(request.take(&posted, &checks(issuers, now))?, now).await
    }

    /// Proves what a wallet gave to a page, which sent it on as `{"protocol", "data"}`: as [`Verifier::prove`] does, and that it was given
    /// to the page of the request. Nothing is noted of it.
    ///
    /// # Errors
    /// [`VerifierError`] for the first fault.
    pub async fn prove_on_page(
        &self,
        request: &PageRequest,
        json: &[u8],
        issuers: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Vec<Presented>>, VerifierError> {
        let answer = PageAnswer::read(json)?;
        self.counting(request.take(&answer, &checks(issuers, now))?, now).await
    }

    /// What was presented, once every status is known to count.
    async fn counting(
        &self,
        answer: Answer,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Vec<Presented>>, VerifierError> {
        let presented = match answer {
            Answer::Refused { .. } => return Err(VerifierError::Declined),
            Answer::Presented(presented) => presented,
        };
        for one in presented.values().flatten() {
            self.lists.hold(one, now).await?;
        }
        Ok(presented)
    }

    /// The address to which the browser of a wallet that answered goes on, with the code that it got.
    #[must_use]
    pub fn way_back(&self, id: RequestId, response_code: &str) -> String {
        format!("{}/openid/done/{id}?response_code={response_code}", self.setup.base)
    }
}

/// The same issuers of both formats.
const fn checks(issuers: &CertificateAnchors, now: Timestamp) -> Checks<'_> {
    Checks { sd_jwt_anchors: issuers, mdoc_anchors: issuers, metadata: &[], origin: None, now }
}

/// The text of a code that a wallet's browser brings back, of 16 random bytes.
#[must_use]
pub fn response_code(drawn: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(drawn)
}

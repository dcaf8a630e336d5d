//! Link: how a gate asks an authority for a verdict and delivers events to it.
//!
//! Lives here: [`AuthorityLink`], its HTTP form. Not here: what is said (`lane`), what waits to be said (`store`).

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use documents::AuthorityCode;
use reqwest::StatusCode;
use transport::{BodyError, bounded_body};

use super::breaker::Breaker;

/// Largest answer that is read from an authority, in bytes.
const MAX_ANSWER_LEN: usize = 8 * 1024;
/// The least wait before a busy authority is asked again; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(200);

/// Why an authority was not reached, or did not take what was sent.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// This gate knows no address of the authority.
    #[error("no address of {authority} is configured; add it to the gate's settings")]
    NoAddress {
        /// The authority that was asked.
        authority: AuthorityCode,
    },
    /// No connection, or it broke.
    #[error("{authority} cannot be reached")]
    Unreachable {
        /// The authority that was asked.
        authority: AuthorityCode,
    },
    /// It did not answer several times in a row, and has not since.
    #[error("{authority} is away; it is tried again beside the lanes")]
    Away {
        /// The authority that was asked.
        authority: AuthorityCode,
    },
    /// No answer in time.
    #[error("{authority} did not answer in time")]
    TimedOut {
        /// The authority that was asked.
        authority: AuthorityCode,
    },
    /// The authority answers with an error.
    #[error("{authority} answers with status {status}")]
    Refused {
        /// The authority that was asked.
        authority: AuthorityCode,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is no receipt of this authority for what was sent: it says nothing, whoever sent it.
    #[error("{authority} answers without a receipt that counts")]
    Receipt {
        /// The authority that was asked.
        authority: AuthorityCode,
    },
    /// The answer is longer than an answer can be.
    #[error("{authority} answers with too many bytes")]
    TooLarge {
        /// The authority that was asked.
        authority: AuthorityCode,
    },
}

/// The way to the authorities of a lane. In one process it is a call, else HTTP.
pub trait AuthorityLink: Send + Sync {
    /// Sends an envelope ([`clearance::Envelope`]); gives the signed verdict.
    fn verdict(
        &self,
        authority: AuthorityCode,
        body: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, LinkError>> + Send;

    /// Delivers one signed event; gives the signed receipt, which alone says what became of it. A repeat is harmless.
    fn deliver(
        &self,
        authority: AuthorityCode,
        event: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, LinkError>> + Send;

    /// Delivers the signed beginning of a new chain; gives the signed receipt. A repeat is harmless.
    fn begin_chain(
        &self,
        authority: AuthorityCode,
        chain: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, LinkError>> + Send;
}

/// Where an authority is reached, and by what client: it reaches that authority alone.
#[derive(Debug, Clone)]
pub struct AuthorityAddress {
    /// The base address of its listener for parties, without a slash at the end.
    pub base: String,
    /// The client, with the gate's certificate.
    pub client: reqwest::Client,
}

/// Authorities by their addresses.
pub type AuthorityAddresses = BTreeMap<AuthorityCode, AuthorityAddress>;

/// Authorities behind HTTP: `POST {base}/v1/verdicts`, `/v1/events` and `/v1/chains`, bodies `application/cbor`.
#[derive(Debug, Clone)]
pub struct HttpLink {
    addresses: AuthorityAddresses,
    timeout: Duration,
    breaker: Arc<Breaker>,
}

impl HttpLink {
    /// Authorities at these addresses.
    #[must_use]
    pub fn new(addresses: AuthorityAddresses, timeout: Duration) -> Self {
        Self { addresses, timeout, breaker: Arc::default() }
    }

    async fn post(&self, authority: AuthorityCode, path: &str, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.post_within(authority, path, body, self.timeout).await.map_err(|(error, _)| error)
    }

    /// Asks for a verdict, and again where the authority has no place for it at this moment, as long as the time limit
    /// allows: the same request gets the same verdict.
    async fn ask(&self, authority: AuthorityCode, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        let begun = tokio::time::Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let left = self.timeout.saturating_sub(begun.elapsed());
            let (error, after) = match self.post_within(authority, "/v1/verdicts", body.clone(), left).await {
                Ok(verdict) => return Ok(verdict),
                Err(refused) => refused,
            };
            let Some(after) = after else { return Err(error) };
            let pause = after.max(wait);
            if pause >= self.timeout.saturating_sub(begun.elapsed()) {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            wait = wait.saturating_mul(2);
        }
    }

    /// Posts once. Beside the error stands how long to wait before the next try, where the authority is only busy.
    async fn post_within(
        &self,
        authority: AuthorityCode,
        path: &str,
        body: Vec<u8>,
        timeout: Duration,
    ) -> Result<Vec<u8>, (LinkError, Option<Duration>)> {
        let AuthorityAddress { base, client } =
            self.addresses.get(&authority).ok_or((LinkError::NoAddress { authority }, None))?;
        let response = client
            .post(format!("{base}{path}"))
            .header("content-type", "application/cbor")
            .timeout(timeout)
            .body(body)
            .send()
            .await
            .map_err(|e| (fault(authority, &e), None))?;
        match response.status() {
            status if status.is_success() => {
                bounded_body(response, MAX_ANSWER_LEN).await.map_err(|error| match error {
                    BodyError::Broken(error) => (fault(authority, &error), None),
                    BodyError::TooLong(_) => (LinkError::TooLarge { authority }, None),
                })
            }
            status => {
                let after =
                    (status == StatusCode::SERVICE_UNAVAILABLE).then(|| retry_after(&response)).flatten();
                Err((LinkError::Refused { authority, status: status.as_u16() }, after))
            }
        }
    }
}

/// How long an answer asks to wait (RFC 9110, 10.2.3), in its form of seconds.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn fault(authority: AuthorityCode, error: &reqwest::Error) -> LinkError {
    if error.is_timeout() { LinkError::TimedOut { authority } } else { LinkError::Unreachable { authority } }
}

impl AuthorityLink for HttpLink {
    async fn verdict(&self, authority: AuthorityCode, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        if self.breaker.is_away(authority) {
            return Err(LinkError::Away { authority });
        }
        let answer = self.ask(authority, body).await;
        match (&answer, self.addresses.get(&authority)) {
            (Err(LinkError::Unreachable { .. } | LinkError::TimedOut { .. }), Some(address)) => {
                self.breaker.note_silence(authority, &address.client, &address.base);
            }
            (Ok(_) | Err(_), _) => self.breaker.answered(authority),
        }
        answer
    }

    async fn deliver(&self, authority: AuthorityCode, event: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.post(authority, "/v1/events", event).await
    }

    async fn begin_chain(&self, authority: AuthorityCode, chain: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.post(authority, "/v1/chains", chain).await
    }
}

//! Status: whether a credential of a wallet of others still counts, by its issuer's list.
//!
//! Lives here: fetching a list, bounded, and keeping it for its time. Not here: its form and signature (`openid4vc::status`). A list that
//! cannot be had refuses: nobody knows then whether the credential counts.

use std::collections::BTreeMap;
use std::time::Duration;

use credential::VerifyingKey;
use credential::status::{MAX_TOKEN_LEN, Status};
use credential::x5c::CertificateAnchors;
use documents::{Timestamp, redact_debug};
use openid4vc::dcql::Presented;
use openid4vc::status::{ListToken, StatusError, StatusReference};
use reqwest::header::ACCEPT;
use tokio::sync::Mutex;
use transport::{bounded_body, is_loopback_host};

/// How long a list is waited for.
const WAIT: Duration = Duration::from_secs(10);
/// How long a list without a ttl is kept, in seconds; one with a longer ttl is kept for a day.
const KEPT_SECONDS: u64 = 900;
const LONGEST_SECONDS: u64 = 86_400;
/// Most lists that are kept at once.
const LISTS: usize = 64;

/// Why a credential's status does not let it count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusFault {
    /// Its list cannot be fetched.
    #[error(
        "the list that says whether the credential counts cannot be had; try again, or use the document itself"
    )]
    Unavailable,
    /// Its list is not taken.
    #[error(transparent)]
    List(#[from] StatusError),
    /// Revoked.
    #[error("the credential was revoked by its issuer")]
    Revoked,
    /// Suspended.
    #[error("the credential is suspended by its issuer")]
    Suspended,
}

impl StatusFault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "openid_status_unavailable",
            Self::List(error) => error.code(),
            Self::Revoked => "presentation_revoked",
            Self::Suspended => "presentation_suspended",
        }
    }
}

/// A list by its address, in which form, and by whose root it is signed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    uri: String,
    json: bool,
    anchor: Vec<u8>,
}

/// The lists that were fetched, each kept for its time.
pub struct StatusLists {
    client: reqwest::Client,
    kept: Mutex<BTreeMap<Name, (ListToken, Timestamp)>>,
}

redact_debug!(StatusLists);

impl StatusLists {
    /// None yet; the client fetches them, and follows no redirect.
    #[must_use]
    pub const fn new(client: reqwest::Client) -> Self {
        Self { client, kept: Mutex::const_new(BTreeMap::new()) }
    }

    /// Whether a presented credential counts. One whose issuer names no list lives by its end alone.
    ///
    /// # Errors
    /// [`StatusFault`].
    pub async fn hold(&self, presented: &Presented, now: Timestamp) -> Result<(), StatusFault> {
        let (reference, issuer, json) = match presented {
            Presented::SdJwt(verified) => (verified.status(), verified.issuer(), true),
            Presented::Mdoc(verified) => (verified.status(), verified.issuer(), false),
        };
        let Some(reference) = reference else { return Ok(()) };
        let name = Name { uri: reference.uri.clone(), json, anchor: issuer.anchor.clone() };
        let (list, fetched) = match self.fresh(&name, now).await {
            Some(kept) => kept,
            None => self.fetch_and_keep(name, &issuer.key, now).await?,
        };
        match status(&list, reference, fetched, now)? {
            Status::Valid => Ok(()),
            Status::Suspended => Err(StatusFault::Suspended),
            // What its issuer alone understands lets nothing count.
            Status::Invalid | Status::Other(_) => Err(StatusFault::Revoked),
        }
    }

    async fn fresh(&self, name: &Name, now: Timestamp) -> Option<(ListToken, Timestamp)> {
        let (list, fetched) = self.kept.lock().await.get(name)?.clone();
        let ttl = list.ttl.map_or(KEPT_SECONDS, |ttl| ttl.min(LONGEST_SECONDS));
        let age = u64::try_from(now.seconds_since(fetched)).ok()?;
        (age < ttl && list.expires.is_none_or(|expires| now < expires)).then_some((list, fetched))
    }

    async fn fetch_and_keep(
        &self,
        name: Name,
        issuer: &VerifyingKey,
        now: Timestamp,
    ) -> Result<(ListToken, Timestamp), StatusFault> {
        let fetched = tokio::time::timeout(WAIT, self.fetch(&name));
        let bytes = fetched.await.ok().flatten().ok_or(StatusFault::Unavailable)?;
        // The list is its credential's issuer's: signed under the same root.
        let anchors = CertificateAnchors::from_der([name.anchor.as_slice()]).map_err(StatusError::from)?;
        let list = if name.json {
            let text = std::str::from_utf8(&bytes).map_err(|_| StatusError::Form)?;
            ListToken::read_jwt(text.trim(), &name.uri, &anchors, now)?
        } else {
            match ListToken::read_cwt(&bytes, &name.uri, &anchors, now) {
                // A list in CBOR may name no certificate: then the credential's own signer has signed it.
                Err(StatusError::NoCertificate) => ListToken::open_cwt(&bytes, &name.uri, issuer, now)?,
                read => read?,
            }
        };
        let mut kept = self.kept.lock().await;
        if kept.len() >= LISTS {
            let oldest = kept.iter().min_by_key(|(_, (_, fetched))| *fetched).map(|(name, _)| name.clone());
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        kept.insert(name, (list.clone(), now));
        Ok((list, now))
    }

    /// The bytes of a list; `None` where they cannot be had.
    async fn fetch(&self, name: &Name) -> Option<Vec<u8>> {
        let url = reqwest::Url::parse(&name.uri).ok()?;
        let safe = url.scheme() == "https"
            || (url.scheme() == "http" && url.host_str().is_some_and(is_loopback_host));
        if !safe {
            return None;
        }
        let form = if name.json { "application/statuslist+jwt" } else { "application/statuslist+cwt" };
        let answer = self.client.get(url).header(ACCEPT, form).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        bounded_body(answer, MAX_TOKEN_LEN).await.ok()
    }
}

fn status(
    list: &ListToken,
    reference: &StatusReference,
    fetched: Timestamp,
    now: Timestamp,
) -> Result<Status, StatusFault> {
    Ok(list.look_up(reference, fetched, now)?)
}

//! A desk's request as a wallet takes it: signed by a key that its authority lists for that venue and scenario, of this moment,
//! and within the approval that it names.
//!
//! Lives here: [`DeskRequest`], and each reason against one with its code. Not here: the code that it came in, what the traveller
//! says to it.

use credential::VerifyingKey;
use credential::venue::{RequestError, RequestTimeError, UnverifiedRequest, VenueRequest};
use documents::{AuthorityCode, Timestamp};

use crate::approval::{Approvals, Face};
use crate::desk::DeskRefusal;
use crate::desk_binding::{DeskBinding, OutsideDesk};
use crate::list::TrustError;
use crate::store::TrustStore;

/// A request that may be answered. It has one maker, [`DeskRequest::check`].
#[derive(Debug, Clone)]
pub struct DeskRequest {
    request: VenueRequest,
    authority: AuthorityCode,
    key: VerifyingKey,
    other_way: Option<String>,
}

/// Why a wallet does not answer a desk.
#[derive(Debug, thiserror::Error)]
pub enum RequestRefusal {
    /// It is malformed, or not signed by the listed key.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// No authority lists the key as a desk's that counts now.
    #[error("no authority vouches for this desk: {0}; show a physical document, and tell the desk")]
    Key(#[source] TrustError),
    /// The key is another venue's or for other scenarios.
    #[error(transparent)]
    Desk(#[from] OutsideDesk),
    /// It has ended, or comes from the future.
    #[error(transparent)]
    Time(#[from] RequestTimeError),
    /// Its approval does not cover what it asks.
    #[error(transparent)]
    Approval(#[from] DeskRefusal),
}

impl RequestRefusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::Key(error) => key_reason(error).1,
            Self::Desk(error) => error.code(),
            Self::Time(error) => error.code(),
            Self::Approval(error) => error.code(),
        }
    }
}

/// Why a desk's key does not count: its rank, the most telling last, and its code.
const fn key_reason(error: &TrustError) -> (u8, &'static str) {
    match error {
        TrustError::Compromised { .. } => (4, "desk_key_compromised"),
        TrustError::Expired { .. } => (3, "desk_key_ended"),
        TrustError::NotYet { .. } => (2, "desk_key_not_yet"),
        TrustError::WrongRole { .. } => (1, "desk_key_role"),
        TrustError::Message(_)
        | TrustError::Form(_)
        | TrustError::Key(_)
        | TrustError::Authority { .. }
        | TrustError::Signatures { .. }
        | TrustError::RootNotAnnounced { .. }
        | TrustError::RootTooWeak { .. }
        | TrustError::Rollback { .. }
        | TrustError::OtherRoot { .. }
        | TrustError::Future
        | TrustError::NoList(_)
        | TrustError::UnknownKey { .. } => (0, "desk_key_unknown"),
    }
}

impl DeskRequest {
    /// Reads a signed request and holds it to keys, time and approvals.
    ///
    /// # Errors
    /// [`RequestRefusal`]: the first reason against it.
    pub fn check(
        bytes: &[u8],
        trust: &TrustStore,
        approvals: &Approvals,
        now: Timestamp,
    ) -> Result<Self, RequestRefusal> {
        let parsed = UnverifiedRequest::parse(bytes)?;
        let (authority, key, binding) = desk_of(parsed.kid(), trust, now)?;
        let request = parsed.verify(key)?;
        binding.check(&request.venue, request.scenario)?;
        request.check_time(now)?;
        let approval = approvals.covers_request(authority, &request, now)?;
        let other_way = approval.terms.as_ref().and_then(|terms| match &terms.face {
            Face::NotCompared => None,
            Face::Compared { other_way } => Some(other_way.clone()),
        });
        Ok(Self { request, authority, key: key.clone(), other_way })
    }

    /// What the desk asks.
    #[must_use]
    pub const fn request(&self) -> &VenueRequest {
        &self.request
    }

    /// The authority that lists the desk.
    #[must_use]
    pub const fn authority(&self) -> AuthorityCode {
        self.authority
    }

    /// The desk's key, with which it signs its receipt too.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Where a face would be compared: the way that is open to whoever does not want that.
    #[must_use]
    pub fn other_way(&self) -> Option<&str> {
        self.other_way.as_deref().filter(|_| self.request.face)
    }
}

/// The authority that lists a desk with this key id, its key and for what it counts. A request names no authority.
fn desk_of<'t>(
    kid: &[u8],
    trust: &'t TrustStore,
    now: Timestamp,
) -> Result<(AuthorityCode, &'t VerifyingKey, &'t DeskBinding), RequestRefusal> {
    let mut nearest = TrustError::UnknownKey { authority: AuthorityCode::Chn };
    for authority in AuthorityCode::ALL {
        match trust.desk(authority, kid, now) {
            Ok((key, binding)) => return Ok((authority, key, binding)),
            Err(error) if key_reason(&error).0 > key_reason(&nearest).0 => nearest = error,
            Err(_) => {}
        }
    }
    Err(RequestRefusal::Key(nearest))
}

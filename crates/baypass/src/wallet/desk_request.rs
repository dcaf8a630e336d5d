//! A desk's request as the wallet takes it: signed by a key that its authority lists for that venue and scenario, of this
//! moment, and within the approval that it names.
//!
//! Lives here: [`DeskRequest`], and each reason against one with its code. Not here: what the traveller says to it.

use code::{VenueCode, VenueCodeError, VenueCodeKind};
use credential::VerifyingKey;
use credential::venue::{RequestError, RequestTimeError, UnverifiedRequest, VenueRequest};
use documents::{AuthorityCode, Timestamp};
use trust::{Approvals, DeskRefusal, DeskUse, Face, OutsideDesk, TrustError, TrustStore};

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
    /// The text is no request's.
    #[error(transparent)]
    Code(#[from] VenueCodeError),
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
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Code(error) => error.code(),
            Self::Request(error) => error.code(),
            Self::Key(error) => key_code(error),
            Self::Desk(error) => error.code(),
            Self::Time(error) => error.code(),
            Self::Approval(error) => error.code(),
        }
    }
}

const fn key_code(error: &TrustError) -> &'static str {
    match error {
        TrustError::WrongRole { .. } => "desk_key_other_role",
        TrustError::NotYet { .. } => "desk_key_not_yet",
        TrustError::Expired { .. } => "desk_key_ended",
        TrustError::Compromised { .. } => "desk_key_compromised",
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
        | TrustError::UnknownKey { .. } => "desk_key_unknown",
    }
}

/// Which of two reasons says more: a key that is known and does not count, before one that is not known.
const fn says_more(error: &TrustError) -> bool {
    matches!(
        error,
        TrustError::WrongRole { .. }
            | TrustError::NotYet { .. }
            | TrustError::Expired { .. }
            | TrustError::Compromised { .. }
    )
}

impl DeskRequest {
    /// Reads the text of a desk's code and holds it to keys, time and approvals.
    ///
    /// # Errors
    /// [`RequestRefusal`]: the first reason against it.
    pub fn check(
        text: &str,
        trust: &TrustStore,
        approvals: &Approvals,
        now: Timestamp,
    ) -> Result<Self, RequestRefusal> {
        let mut scratch = Vec::new();
        let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch)?;
        let parsed = UnverifiedRequest::parse(code.bytes())?;
        let (authority, key, binding) = desk_of(parsed.kid(), trust, now)?;
        let request = parsed.verify(&key)?;
        binding.check(&request.venue, request.scenario)?;
        request.check_time(now)?;
        let claims: Vec<&str> = request.asked().iter().map(credential::venue::ClaimName::as_str).collect();
        let asked = DeskUse {
            authority,
            venue: &request.venue,
            scenario: request.scenario,
            claims: &claims,
            purpose: &request.purpose,
            retention_days: u32::from(request.retention_days),
            face: request.face,
            at: now,
        };
        let approval = approvals.covers_venue_under(&request.approval, &asked)?;
        let other_way = approval.terms.as_ref().and_then(|terms| match &terms.face {
            Face::NotCompared => None,
            Face::Compared { other_way } => Some(other_way.clone()),
        });
        Ok(Self { request, authority, key, other_way })
    }

    /// What the desk asks.
    pub const fn request(&self) -> &VenueRequest {
        &self.request
    }

    /// The authority that lists the desk.
    pub const fn authority(&self) -> AuthorityCode {
        self.authority
    }

    /// The desk's key, with which it signs its receipt too.
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Where a face would be compared: the way that is open to whoever does not want that.
    pub fn other_way(&self) -> Option<&str> {
        self.other_way.as_deref().filter(|_| self.request.face)
    }
}

/// The authority that lists a desk with this key id, its key and for what it counts.
fn desk_of(
    kid: &[u8],
    trust: &TrustStore,
    now: Timestamp,
) -> Result<(AuthorityCode, VerifyingKey, trust::DeskBinding), RequestRefusal> {
    let mut nearest: Option<TrustError> = None;
    for authority in AuthorityCode::ALL {
        match trust.desk(authority, kid, now) {
            Ok((key, binding)) => return Ok((authority, key.clone(), binding.clone())),
            Err(error) if says_more(&error) || nearest.is_none() => nearest = Some(error),
            Err(_) => {}
        }
    }
    Err(RequestRefusal::Key(nearest.unwrap_or(TrustError::UnknownKey { authority: AuthorityCode::Chn })))
}

//! Presentations: what a wallet answers to a desk's request, and how the desk verifies it.
//!
//! Lives here: making one, [`UnverifiedAnswer`] to [`VerifiedAnswer`]. Not here: whose key an issuer's is (`trust`), and
//! whether a credential was shown before (`venue`).

use std::collections::BTreeSet;

use documents::{AuthorityCode, Timestamp, redact_debug};

use super::claim::{ClaimForm, ClaimName, ClaimSet, Claims, CredentialKind};
use super::credential::{
    CredentialFrame, FrameError, MAX_CREDENTIAL_LEN, VenueCredential, claim_of, from_value,
};
use super::pseudonym::Pseudonym;
use super::request::{Exchange, VenueRequest};
use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{SigningKey, TokenId, VerifyingKey, sha256};
use crate::sd_cwt::{
    Encoding, Expected, HolderError, Key, KeyBinding, TimeError, UnverifiedPresentation, Value, VerifyError,
    label,
};
use crate::status::Status;
use crate::token::StatusRef;

/// The pseudonym's label in a holder's token.
pub const PSEUDONYM_LABEL: i64 = -65_641;
/// Seconds by which the wallet's clock may be ahead of the desk's.
pub const ANSWER_AHEAD_SECONDS: i64 = 10;
/// Seconds after which an answer to a request with a nonce is too old.
pub const ANSWER_BEHIND_SECONDS: i64 = 300;
/// Seconds after which an answer to a standing request is too old.
pub const SIGN_BEHIND_SECONDS: i64 = 60;
/// Most credentials in an answer: one of each kind.
const MAX_CREDENTIALS: usize = CredentialKind::ALL.len();
/// Longest answer that is read, in bytes.
pub const MAX_ANSWER_LEN: usize = MAX_CREDENTIAL_LEN + 8 * 1024;

/// One credential of an answer, and what it shows.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The credential.
    pub credential: &'a VenueCredential,
    /// Its device key.
    pub device: &'a SigningKey,
}

/// Why a wallet makes no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// A claim was chosen that the request does not ask for.
    #[error("the desk does not ask for {claim}; do not show it")]
    NotAsked {
        /// The claim.
        claim: ClaimName,
    },
    /// A required claim was not chosen.
    #[error("the desk does not serve without {claim}; agree to it, or do not answer")]
    Required {
        /// The claim.
        claim: ClaimName,
    },
    /// No credential was given that has a chosen claim.
    #[error("no credential with {claim} is left; fetch new ones from the authority")]
    NoCredential {
        /// The claim.
        claim: ClaimName,
    },
    /// Two credentials of a kind were given, or one of which nothing is shown.
    #[error("one credential of kind {kind} too many was chosen")]
    TooMany {
        /// The kind.
        kind: CredentialKind,
    },
    /// A holder's token cannot be made.
    #[error(transparent)]
    Holder(#[from] HolderError),
}

/// Answers a request: one holder's token for each credential, in the order of kinds, each bound to the request, all with the
/// same pseudonym. `chosen` are the claims that the traveller agreed to show.
///
/// # Errors
/// [`AnswerError`] for an answer that the desk would refuse.
pub fn answer(
    request: &VenueRequest,
    chosen: &ClaimSet,
    shown: &[Shown<'_>],
    pseudonym: Pseudonym,
    made: Timestamp,
) -> Result<Vec<u8>, AnswerError> {
    let asked = request.asked();
    if let Some(claim) = chosen.iter().find(|claim| !asked.contains(*claim)) {
        return Err(AnswerError::NotAsked { claim });
    }
    if let Some(claim) = request.required.iter().find(|claim| !chosen.contains(*claim)) {
        return Err(AnswerError::Required { claim });
    }
    let mut shown: Vec<&Shown<'_>> = shown.iter().collect();
    shown.sort_by_key(|one| one.credential.frame().kind);
    let mut kinds = BTreeSet::new();
    for one in &shown {
        let kind = one.credential.frame().kind;
        if !kinds.insert(kind) || !chosen.kinds().contains(&kind) {
            return Err(AnswerError::TooMany { kind });
        }
    }
    if let Some(claim) = chosen.iter().find(|claim| !kinds.contains(&claim.kind())) {
        return Err(AnswerError::NoCredential { claim });
    }
    let (audience, cnonce) = (request.audience(), request.id().cnonce());
    let further = [(PSEUDONYM_LABEL, Value::Bytes(pseudonym.as_bytes().to_vec()))];
    let binding = KeyBinding { audience: &audience, made, cnonce: Some(&cnonce), further: &further };
    let mut w = Writer::with_capacity(1024);
    w.array(shown.len());
    for one in shown {
        let held = one.credential.held();
        let of_kind = chosen.iter().filter(|claim| claim.kind() == one.credential.frame().kind);
        let indexes: Vec<usize> = of_kind.filter_map(|claim| held.index_of(claim.label())).collect();
        w.raw(&held.present(&indexes, &binding, one.device)?);
    }
    Ok(w.finish())
}

/// SHA-256 of an answer: by it a receipt refers to it.
#[must_use]
pub fn presentation_hash(answer: &[u8]) -> [u8; 32] {
    sha256(answer)
}

/// Why a desk refuses an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PresentationError {
    /// The bytes are no array of one to four holder's tokens, or too long.
    #[error("malformed answer: {0}; ask the traveller to show the code again")]
    Form(CborError),
    /// A holder's token is malformed, its signatures are not valid, or its disclosures do not fit.
    #[error("{0}; ask the traveller to show the code again")]
    Token(VerifyError),
    /// What stands open in a credential is not what a venue credential has.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The holder's token has other claims than an answer.
    #[error("the holder's token has other claims than an answer to a desk")]
    Binding,
    /// It was made for another venue.
    #[error("the answer was made for another venue")]
    Venue,
    /// It answers another request.
    #[error("the answer is to another request; show the request again")]
    Request,
    /// It was made too long ago.
    #[error("the answer was made too long ago; ask the traveller to answer again")]
    Stale,
    /// It was made in the future: one of the two clocks is wrong.
    #[error("the answer was made in the future; compare the clocks of phone and desk")]
    FromFuture,
    /// It was made before the request was, or after the request ended.
    #[error("the answer was made outside of the time of the request; show a new request")]
    RequestOver,
    /// A credential has expired.
    #[error("a credential has expired; ask the traveller to fetch new ones")]
    Expired,
    /// The holder's tokens have different pseudonyms.
    #[error("the answer's parts have different pseudonyms")]
    Pseudonym,
    /// The holder's tokens were made at different times.
    #[error("the answer's parts were made at different times")]
    Times,
    /// Two credentials of a kind, or not in the order of kinds.
    #[error("two credentials of kind {kind}, or credentials not in the order of kinds")]
    Kinds {
        /// The kind of the second.
        kind: CredentialKind,
    },
    /// Two credentials have one device key.
    #[error("two credentials have one device key")]
    DeviceKey,
    /// Something is disclosed that is no claim of the credential's kind: `sub`, or one of another kind.
    #[error("something is disclosed that is no claim of the credential's kind")]
    NoClaim,
    /// A claim is disclosed that the request does not ask for.
    #[error("{claim} is shown, which was not asked for; nothing is kept")]
    Beyond {
        /// The claim.
        claim: ClaimName,
    },
    /// A required claim is not disclosed.
    #[error("{claim} is required and was not shown")]
    Missing {
        /// The claim.
        claim: ClaimName,
    },
    /// A credential of which nothing is shown.
    #[error("a credential of kind {kind} is there of which nothing is shown")]
    Idle {
        /// The kind.
        kind: CredentialKind,
    },
    /// A value has not the form of its claim.
    #[error(transparent)]
    Value(#[from] ClaimForm),
    /// No trusted key of the issuer has this id.
    #[error("no trusted key {kid} of {issuer} for venue credentials; refresh the trust lists")]
    UnknownIssuer {
        /// The issuer that the credential names.
        issuer: AuthorityCode,
        /// The id of the key.
        kid: u8,
    },
    /// A credential was revoked.
    #[error("a credential was revoked; ask the traveller to fetch new ones")]
    Revoked,
    /// A credential is suspended.
    #[error("a credential is suspended; its authority knows more")]
    Suspended,
    /// No status list says anything of a credential.
    #[error("no status of a credential is known; refresh the status lists")]
    StatusUnknown,
}

impl From<VerifyError> for PresentationError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Audience => Self::Venue,
            VerifyError::Nonce => Self::Request,
            VerifyError::Time(TimeError::Expired) => Self::Expired,
            VerifyError::Form(_)
            | VerifyError::Placing(_)
            | VerifyError::Time(
                TimeError::NotATime { .. }
                | TimeError::Order
                | TimeError::NoIssueTime
                | TimeError::Binding
                | TimeError::NotYet,
            )
            | VerifyError::TokenAudience
            | VerifyError::IssuerSignature
            | VerifyError::HolderSignature => Self::Token(error),
        }
    }
}

impl PresentationError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Form(_) => "presentation_form",
            Self::Token(error) => token_code(error),
            Self::Frame(_) => "presentation_credential",
            Self::Binding => "presentation_binding",
            Self::Venue => "presentation_other_venue",
            Self::Request => "presentation_other_request",
            Self::Stale => "presentation_stale",
            Self::FromFuture => "presentation_from_future",
            Self::RequestOver => "presentation_request_over",
            Self::Expired => "presentation_expired",
            Self::Pseudonym => "presentation_pseudonym",
            Self::Times => "presentation_times",
            Self::Kinds { .. } => "presentation_kinds",
            Self::DeviceKey => "presentation_device_key",
            Self::NoClaim => "presentation_no_claim",
            Self::Beyond { .. } => "presentation_beyond",
            Self::Missing { .. } => "presentation_missing",
            Self::Idle { .. } => "presentation_idle",
            Self::Value(_) => "presentation_value",
            Self::UnknownIssuer { .. } => "presentation_unknown_issuer",
            Self::Revoked => "presentation_revoked",
            Self::Suspended => "presentation_suspended",
            Self::StatusUnknown => "presentation_status_unknown",
        }
    }
}

const fn token_code(error: &VerifyError) -> &'static str {
    use crate::sd_cwt::PlacingError;
    match error {
        VerifyError::Form(_) => "presentation_token_form",
        VerifyError::Placing(PlacingError::NoHash) => "presentation_disclosure_without_hash",
        VerifyError::Placing(PlacingError::DisclosureRepeated) => "presentation_disclosure_repeated",
        VerifyError::Placing(PlacingError::Decoy) => "presentation_decoy_opened",
        VerifyError::Placing(
            PlacingError::HashForm
            | PlacingError::HashRepeated
            | PlacingError::Kind
            | PlacingError::KeyRepeated
            | PlacingError::NeverRedacted { .. }
            | PlacingError::BeforeIssue { .. }
            | PlacingError::TooDeep,
        ) => "presentation_disclosures",
        VerifyError::Time(_) => "presentation_token_times",
        VerifyError::Audience => "presentation_other_venue",
        VerifyError::TokenAudience => "presentation_token_audience",
        VerifyError::Nonce => "presentation_other_request",
        VerifyError::IssuerSignature => "presentation_issuer_signature",
        VerifyError::HolderSignature => "presentation_holder_signature",
    }
}

/// One credential of an answer, not trusted yet.
#[derive(Clone)]
struct Part<'b> {
    token: UnverifiedPresentation<'b>,
    frame: CredentialFrame,
    kid: u8,
    claims: Claims,
}

/// An answer whose form holds; no signature is checked.
#[derive(Clone)]
pub struct UnverifiedAnswer<'b> {
    bytes: &'b [u8],
    parts: Vec<Part<'b>>,
    pseudonym: Pseudonym,
    made: Timestamp,
}
redact_debug!(UnverifiedAnswer<'_>);

impl<'b> UnverifiedAnswer<'b> {
    /// Parses the bytes of an answer.
    ///
    /// # Errors
    /// [`PresentationError`] for the first departure from the form.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, PresentationError> {
        if bytes.len() > MAX_ANSWER_LEN {
            return Err(PresentationError::Form(CborError::Limit));
        }
        let mut reader = Reader::new(bytes);
        let count = reader.array(MAX_CREDENTIALS).map_err(PresentationError::Form)?;
        let mut parts: Vec<Part<'b>> = Vec::new();
        let mut said: Option<(Pseudonym, Timestamp)> = None;
        for _ in 0..count {
            let token = reader.skip().map_err(PresentationError::Form)?;
            let (part, pseudonym, made) = Part::parse(token)?;
            match said {
                Some((known, _)) if known != pseudonym => return Err(PresentationError::Pseudonym),
                Some((_, known)) if known != made => return Err(PresentationError::Times),
                Some(_) | None => said = Some((pseudonym, made)),
            }
            if parts.last().is_some_and(|last| last.frame.kind >= part.frame.kind) {
                return Err(PresentationError::Kinds { kind: part.frame.kind });
            }
            if parts.iter().any(|known| known.frame.device_key == part.frame.device_key) {
                return Err(PresentationError::DeviceKey);
            }
            parts.push(part);
        }
        reader.finish().map_err(PresentationError::Form)?;
        let (pseudonym, made) = said.ok_or(PresentationError::Form(CborError::Unexpected))?;
        Ok(Self { bytes, parts, pseudonym, made })
    }

    /// The `cnonce` of the request that it answers, not trusted yet: enough to look up the request.
    #[must_use]
    pub fn cnonce(&self) -> Option<&[u8]> {
        let first = self.parts.first()?;
        first.token.unverified_binding().get(label::CNONCE).and_then(Value::as_bytes)
    }

    /// Verifies it as an answer to `request`. `issuer` finds the trusted key of an authority by its id, of the role `venue`;
    /// `status` tells the status at a place of that authority's lists. What costs nothing is checked first.
    ///
    /// # Errors
    /// [`PresentationError`] for the first fault.
    pub fn verify(
        self,
        request: &VenueRequest,
        now: Timestamp,
        issuer: impl Fn(AuthorityCode, u8) -> Option<VerifyingKey>,
        status: impl Fn(AuthorityCode, StatusRef) -> Option<Status>,
    ) -> Result<VerifiedAnswer, PresentationError> {
        self.hold_time(request, now)?;
        let claims = self.hold_claims(request)?;
        let (audience, cnonce) = (request.audience(), request.id().cnonce());
        let expected = Expected { audiences: &[&audience], cnonce: Some(&cnonce), now };
        let mut credentials = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            let Part { token, frame, kid, claims } = part;
            let unknown = PresentationError::UnknownIssuer { issuer: frame.issuer, kid };
            let key = issuer(frame.issuer, kid).ok_or(unknown)?;
            match status(frame.issuer, frame.status) {
                Some(Status::Valid) => {}
                Some(Status::Invalid | Status::Other(_)) => return Err(PresentationError::Revoked),
                Some(Status::Suspended) => return Err(PresentationError::Suspended),
                None => return Err(PresentationError::StatusUnknown),
            }
            let verified = token.verify(&key, &expected)?;
            let thumbprint = verified.holder().thumbprint();
            let id = thumbprint.map_err(|_| VerifyError::HolderSignature)?.token_id();
            credentials.push(VerifiedCredential { frame, id, claims: claims.names() });
        }
        let hash = presentation_hash(self.bytes);
        Ok(VerifiedAnswer { credentials, claims, pseudonym: self.pseudonym, made: self.made, hash })
    }

    fn hold_time(&self, request: &VenueRequest, now: Timestamp) -> Result<(), PresentationError> {
        let behind = match request.exchange {
            Exchange::Once(_) => ANSWER_BEHIND_SECONDS,
            Exchange::Standing => SIGN_BEHIND_SECONDS,
        };
        let age = now.seconds_since(self.made);
        if age > behind {
            Err(PresentationError::Stale)
        } else if age < -ANSWER_AHEAD_SECONDS {
            Err(PresentationError::FromFuture)
        } else if request.check_time(self.made).is_err() {
            Err(PresentationError::RequestOver)
        } else {
            Ok(())
        }
    }

    /// The claims of all parts: those that are required, and none that is not asked for.
    fn hold_claims(&self, request: &VenueRequest) -> Result<Claims, PresentationError> {
        let asked = request.asked();
        let mut all = Claims::default();
        for (claim, value) in self.parts.iter().flat_map(|part| part.claims.iter()) {
            if !asked.contains(claim) {
                return Err(PresentationError::Beyond { claim });
            }
            all.insert(claim, value.clone())?;
        }
        match request.required.iter().find(|claim| all.get(*claim).is_none()) {
            Some(claim) => Err(PresentationError::Missing { claim }),
            None => Ok(all),
        }
    }
}

impl<'b> Part<'b> {
    fn parse(bytes: &'b [u8]) -> Result<(Self, Pseudonym, Timestamp), PresentationError> {
        let token = UnverifiedPresentation::parse(bytes, Encoding::Deterministic)?;
        let (frame, kid) = CredentialFrame::read(token.token(), *token.unverified_holder())?;
        let mut claims = Claims::default();
        for disclosure in token.token().disclosures() {
            let (key, value) = disclosure.entry().ok_or(PresentationError::NoClaim)?;
            let claim = claim_of(key, frame.kind).ok_or(PresentationError::NoClaim)?;
            claims.insert(claim, from_value(value).ok_or(ClaimForm { claim })?)?;
        }
        if claims.is_empty() {
            return Err(PresentationError::Idle { kind: frame.kind });
        }
        let (pseudonym, made) = read_binding(&token)?;
        Ok((Self { token, frame, kid, claims }, pseudonym, made))
    }
}

/// The claims of a holder's token: aud, iat, cnonce and the pseudonym, and nothing beside them.
fn read_binding(token: &UnverifiedPresentation<'_>) -> Result<(Pseudonym, Timestamp), PresentationError> {
    let claims = token.unverified_binding();
    let labels = [label::AUD, label::IAT, label::CNONCE, PSEUDONYM_LABEL].map(Key::Int);
    let found = claims.as_map().unwrap_or_default().iter().map(|(key, _)| key);
    let plain = token.binding_header_len() == 2 && token.binding_algorithm() == crate::sd_cwt::ESP256;
    if !plain || !found.eq(labels.iter()) {
        return Err(PresentationError::Binding);
    }
    let pseudonym = claims.get(PSEUDONYM_LABEL).and_then(Value::as_bytes);
    let pseudonym = pseudonym.and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let made = claims.get(label::IAT).and_then(Value::as_int);
    let made = made.and_then(|made| i64::try_from(made).ok()).and_then(Timestamp::from_unix);
    match (pseudonym, made) {
        (Some(pseudonym), Some(made)) => Ok((Pseudonym::from_bytes(pseudonym), made)),
        (None, _) | (_, None) => Err(PresentationError::Binding),
    }
}

/// One credential of a verified answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCredential {
    /// What stands open in it.
    pub frame: CredentialFrame,
    /// The id of its device key: by it a desk knows a credential that was shown before.
    pub id: TokenId,
    /// The claims that it disclosed.
    pub claims: ClaimSet,
}

/// A verified answer to one request of one venue. It has one maker, [`UnverifiedAnswer::verify`].
#[derive(Clone, PartialEq, Eq)]
pub struct VerifiedAnswer {
    credentials: Vec<VerifiedCredential>,
    claims: Claims,
    pseudonym: Pseudonym,
    made: Timestamp,
    hash: [u8; 32],
}
redact_debug!(VerifiedAnswer);

impl VerifiedAnswer {
    /// The claims that were disclosed.
    #[must_use]
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The credentials that disclosed them, in the order of kinds.
    #[must_use]
    pub fn credentials(&self) -> &[VerifiedCredential] {
        &self.credentials
    }

    /// The holder's pseudonym at this venue.
    #[must_use]
    pub const fn pseudonym(&self) -> Pseudonym {
        self.pseudonym
    }

    /// When it was made, by the wallet's clock.
    #[must_use]
    pub const fn made(&self) -> Timestamp {
        self.made
    }

    /// Its hash, for the receipt.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

//! Check: one crossing code, judged by everything that needs no network. The cheap things come first, the two
//! signatures last, and each failure has a reason of its own.
//!
//! Lives here: [`Checker`], [`Checked`]. Not here: faces, verdicts, and the parts' contents, which the gate cannot read.

mod replay;
mod showing;
mod trusted;

use std::sync::Arc;

use clearance::LaneId;
use code::{CodeError, CrossingCode, Parts};
use credential::part::PartForm;
use credential::status::Status;
use credential::{
    Audience, KeyClass, PartHash, ProofWindow, TokenClaims, TokenId, TokenLifeError, UnverifiedToken,
    VerifiedToken,
};
use documents::{AuthorityCode, Side, Timestamp};

use crate::reason::GateReason;
use showing::Showing;

pub use showing::Evidence;

pub use replay::ReplayCache;
pub use trusted::{Age, KeyFault, StatusAnswer, Trusted};

/// A code that passed: genuine, fresh, for this lane, and not seen at another one.
#[derive(Clone)]
pub struct Checked<'b> {
    token: &'b [u8],
    proof: &'b [u8],
    parts: Parts<'b>,
    hashes: PartHashes,
    claims: TokenClaims,
    evidence: Evidence,
}

documents::redact_debug!(Checked<'_>);

impl<'b> Checked<'b> {
    /// The token as it was shown.
    #[must_use]
    pub const fn token(&self) -> &'b [u8] {
        self.token
    }

    /// The proof as it was shown.
    #[must_use]
    pub const fn proof(&self) -> &'b [u8] {
        self.proof
    }

    /// The token's id.
    #[must_use]
    pub fn id(&self) -> TokenId {
        self.evidence.token()
    }

    /// What the issuer signed.
    #[must_use]
    pub const fn claims(&self) -> &TokenClaims {
        &self.claims
    }

    /// When the proof was made; of a paper pass the midnight that begins its day.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        self.evidence.made_at()
    }

    /// What was shown beside the token, verified: when it was made, and how a wallet was unlocked again for it.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// Whether it is a paper pass.
    #[must_use]
    pub const fn is_paper(&self) -> bool {
        matches!(self.claims.key_class, KeyClass::Paper)
    }

    /// The parts with their hashes, in the order of the lane's sides.
    pub fn parts(&self) -> impl Iterator<Item = (&'b [u8], PartHash)> {
        self.parts.iter().zip(self.hashes.as_slice().iter().copied())
    }
}

/// One or two hashes, without a heap.
#[derive(Clone, Copy)]
enum PartHashes {
    One([PartHash; 1]),
    Two([PartHash; 2]),
}

impl PartHashes {
    fn of(parts: Parts<'_>) -> Self {
        match parts {
            Parts::One(only) => Self::One([PartHash::of(only)]),
            Parts::Two(first, second) => Self::Two([PartHash::of(first), PartHash::of(second)]),
        }
    }

    fn as_slice(&self) -> &[PartHash] {
        match self {
            Self::One(one) => one,
            Self::Two(two) => two,
        }
    }
}

/// Checks codes for one lane.
#[derive(Debug, Clone)]
pub struct Checker {
    lane: Arc<LaneId>,
    audience: Audience,
    window: ProofWindow,
    elsewhere: Vec<Audience>,
}

impl Checker {
    /// A checker for the lane `lane` with this audience. `elsewhere` are the audiences of other lanes: a sound code for
    /// one of them is told from a forged one, so that the traveller hears what is wrong.
    #[must_use]
    pub fn new(lane: LaneId, audience: Audience, window: ProofWindow, elsewhere: Vec<Audience>) -> Self {
        let elsewhere = elsewhere.into_iter().filter(|other| *other != audience).collect();
        Self { lane: Arc::new(lane), audience, window, elsewhere }
    }

    /// The lane for which codes are checked.
    #[must_use]
    pub fn lane(&self) -> &LaneId {
        &self.lane
    }

    /// The lane's audience.
    #[must_use]
    pub const fn audience(&self) -> &Audience {
        &self.audience
    }

    /// A replay cache that fits this lane's window.
    #[must_use]
    pub fn replay_cache(&self, now: Timestamp) -> ReplayCache {
        ReplayCache::new(self.window.seconds(), now)
    }

    /// Checks one code. `scratch` holds its bytes and can be used again for the next one.
    ///
    /// # Errors
    /// The first reason, in the order of DESIGN 3, step 4.
    pub fn check<'b, T: Trusted + ?Sized>(
        &self,
        text: &str,
        scratch: &'b mut Vec<u8>,
        trusted: &T,
        replay: &mut ReplayCache,
        now: Timestamp,
    ) -> Result<Checked<'b>, GateReason> {
        let code = CrossingCode::parse(text, scratch).map_err(code_reason)?;
        let CrossingCode::Full { token: token_bytes, proof: proof_bytes, parts } = code else {
            return Err(GateReason::NotHandedIn);
        };
        let token = UnverifiedToken::parse(token_bytes).map_err(|_| GateReason::TokenMalformed)?;
        let claims = *token.claims();
        let showing = Showing::parse(&claims, proof_bytes)?;
        let made_at = showing.made_at();

        match trusted.trust_age(claims.issuer, now) {
            Age::Fresh | Age::Stale => {}
            Age::TooOld => return Err(GateReason::TrustListTooOld),
            Age::FromFuture => return Err(GateReason::ClockUnsure),
        }
        let key = trusted.token_key(claims.issuer, token.kid(), now).map_err(token_key_reason)?;
        claims.check_life(now).map_err(|error| life_reason(claims.key_class, error))?;
        showing.check_time(self.window, (claims.issuer, trusted), now)?;
        if parts.len() != self.audience.sides().len() {
            return Err(self.wrong_parts(token, &showing, key, (parts, trusted), now));
        }
        let hashes = PartHashes::of(parts);
        self.check_parts(&claims, parts, hashes.as_slice())?;
        let device = token.device_key().map_err(|_| GateReason::TokenMalformed)?;
        let id = device.thumbprint().token_id();
        // A phone's proof is stale by then; a paper pass is the same showing all day.
        replay.turn(now);
        if replay.seen_elsewhere(id, made_at, &self.lane) {
            return Err(replayed_reason(claims.key_class));
        }
        check_status(trusted, &claims, now)?;
        if !trusted.approves(self.audience.port(), self.audience.direction(), now) {
            return Err(GateReason::NotApproved);
        }

        let token = token.verify(key, device).map_err(|_| GateReason::TokenSignature)?;
        let verified = showing.verify(&token, (&self.audience, hashes.as_slice()), trusted, now);
        let evidence = verified.map_err(|reason| {
            let elsewhere = self.made_for_elsewhere(&token, &showing, (hashes.as_slice(), trusted), now);
            elsewhere.unwrap_or(reason)
        })?;
        if !replay.note(id, made_at, &self.lane, now) {
            return Err(replayed_reason(claims.key_class));
        }
        Ok(Checked { token: token_bytes, proof: proof_bytes, parts, hashes, claims, evidence })
    }

    /// The length of each part, and the hash of each that the issuer sealed, follow from the token (DESIGN 4).
    fn check_parts(
        &self,
        claims: &TokenClaims,
        parts: Parts<'_>,
        hashes: &[PartHash],
    ) -> Result<(), GateReason> {
        for ((side, part), hash) in self.audience.sides().iter().zip(parts.iter()).zip(hashes) {
            let receiver = self.receiver(*side);
            if !PartForm::of(claims.issuer, receiver).has_length(part.len()) {
                return Err(GateReason::PartMismatch);
            }
            if let Some(named) = claims.sealed.for_receiver(claims.issuer, receiver)
                && named != hash.short()
            {
                return Err(GateReason::PartMismatch);
            }
        }
        Ok(())
    }

    const fn receiver(&self, side: Side) -> AuthorityCode {
        self.audience.direction().authority(side)
    }

    /// On the way to a refusal: the reason where it was made for another lane that is known.
    fn made_for_elsewhere<T: Trusted + ?Sized>(
        &self,
        token: &VerifiedToken<'_>,
        showing: &Showing<'_>,
        (hashes, trusted): (&[PartHash], &T),
        now: Timestamp,
    ) -> Option<GateReason> {
        self.elsewhere
            .iter()
            .filter(|audience| audience.sides().len() == hashes.len())
            .find(|audience| showing.verify(token, (audience, hashes), trusted, now).is_ok())
            .map(|audience| showing.for_elsewhere(&self.audience, audience))
    }

    fn wrong_parts<T: Trusted + ?Sized>(
        &self,
        token: UnverifiedToken<'_>,
        showing: &Showing<'_>,
        key: &credential::VerifyingKey,
        (parts, trusted): (Parts<'_>, &T),
        now: Timestamp,
    ) -> GateReason {
        let verified = token.device_key().and_then(|device| token.verify(key, device));
        let Ok(token) = verified else { return GateReason::WrongParts };
        let hashes = PartHashes::of(parts);
        let elsewhere = self.made_for_elsewhere(&token, showing, (hashes.as_slice(), trusted), now);
        elsewhere.unwrap_or(GateReason::WrongParts)
    }
}

const fn life_reason(class: KeyClass, error: TokenLifeError) -> GateReason {
    match (class, error) {
        // The token of a paper pass ends with its day.
        (KeyClass::Paper, TokenLifeError::Expired) => GateReason::PaperNotToday,
        (KeyClass::Software | KeyClass::Hardware | KeyClass::SecureElement, TokenLifeError::Expired) => {
            GateReason::TokenExpired
        }
        (
            KeyClass::Paper | KeyClass::Software | KeyClass::Hardware | KeyClass::SecureElement,
            TokenLifeError::TooLong,
        ) => GateReason::TokenTooLong,
    }
}

/// The reason for what was read at another lane within the window.
const fn replayed_reason(class: KeyClass) -> GateReason {
    match class {
        KeyClass::Paper => GateReason::PaperAtOtherLane,
        KeyClass::Software | KeyClass::Hardware | KeyClass::SecureElement => GateReason::ReplayedElsewhere,
    }
}

fn check_status<T: Trusted + ?Sized>(
    trusted: &T,
    claims: &TokenClaims,
    now: Timestamp,
) -> Result<(), GateReason> {
    let answer = trusted.status(claims.issuer, claims.status, now).ok_or(GateReason::StatusUnknown)?;
    match answer.age {
        Age::Fresh | Age::Stale => {}
        Age::TooOld => return Err(GateReason::StatusTooOld),
        Age::FromFuture => return Err(GateReason::ClockUnsure),
    }
    match answer.status {
        Status::Valid => Ok(()),
        Status::Suspended => Err(GateReason::TokenSuspended),
        Status::Invalid | Status::Other(_) => Err(GateReason::TokenRevoked),
    }
}

/// The reason for which a text is no code.
#[must_use]
pub const fn code_reason(error: CodeError) -> GateReason {
    match error {
        CodeError::Empty => GateReason::CodeUnreadable,
        CodeError::OtherSystem { .. } => GateReason::CodeOtherSystem,
        CodeError::Unknown => GateReason::CodeUnknown,
        CodeError::TooLong { .. } => GateReason::CodeTooLong,
        CodeError::Cut => GateReason::CodeCut,
        CodeError::Base45(_) => GateReason::CodeDamaged,
        CodeError::Form(_) => GateReason::CodeMalformed,
    }
}

const fn token_key_reason(fault: KeyFault) -> GateReason {
    match fault {
        KeyFault::Unknown => GateReason::IssuerUnknown,
        KeyFault::Role => GateReason::WrongKeyRole,
        KeyFault::Date => GateReason::IssuerKeyNotValid,
        KeyFault::Compromised => GateReason::IssuerKeyCompromised,
    }
}

//! Showing: what stands beside the token of a code: a phone's fresh proof, or a counter's signature on paper.
//!
//! Lives here: which of the two a token asks for, each kind's time, signature and reasons. Not here: the order of the checks
//! (`check`).

use credential::paper::{PaperError, UnverifiedPaper, VerifiedPaper};
use credential::{
    Audience, KeyClass, PartHash, ProofTimeError, ProofWindow, TokenClaims, TokenId, UnverifiedProof,
    VerifiedProof, VerifiedToken,
};
use documents::{AuthorityCode, Timestamp};

use super::trusted::{KeyFault, Trusted};
use crate::reason::GateReason;

/// What was shown beside a token, not verified yet.
#[derive(Clone, Copy)]
pub(super) enum Showing<'b> {
    /// A holder proof of a phone.
    Phone(UnverifiedProof<'b>),
    /// A paper proof of a counter.
    Paper(UnverifiedPaper<'b>),
}

/// What was shown beside a token, once its signature is proven.
#[derive(Clone)]
pub enum Evidence {
    /// A phone's fresh proof.
    Phone(VerifiedProof),
    /// A counter's signature on paper.
    Paper(VerifiedPaper),
}

documents::redact_debug!(Evidence);

impl Evidence {
    /// The token's id.
    #[must_use]
    pub const fn token(&self) -> TokenId {
        match self {
            Self::Phone(proof) => proof.token(),
            Self::Paper(paper) => paper.token(),
        }
    }

    /// When a phone's proof was made; of a paper pass the midnight that begins its day.
    #[must_use]
    pub fn made_at(&self) -> Timestamp {
        match self {
            Self::Phone(proof) => proof.made_at(),
            Self::Paper(paper) => paper.day().start(),
        }
    }

    /// Whether the holder unlocked the wallet again after they were asked to. Paper is never unlocked.
    #[must_use]
    pub fn unlocked_since(&self, asked: Timestamp) -> bool {
        match self {
            Self::Phone(proof) => proof.unlocked_since(asked),
            Self::Paper(_) => false,
        }
    }
}

impl<'b> Showing<'b> {
    /// Parses what the token's class asks for.
    ///
    /// # Errors
    /// That it is malformed, or the other kind's.
    pub(super) fn parse(claims: &TokenClaims, bytes: &'b [u8]) -> Result<Self, GateReason> {
        match claims.key_class {
            KeyClass::Paper => UnverifiedPaper::parse(bytes).map(Self::Paper).map_err(|_| {
                let other = UnverifiedProof::parse(bytes).is_ok();
                if other { GateReason::PaperWithHolderProof } else { GateReason::ProofMalformed }
            }),
            KeyClass::Software | KeyClass::Hardware | KeyClass::SecureElement => {
                UnverifiedProof::parse(bytes).map(Self::Phone).map_err(|_| {
                    let other = UnverifiedPaper::parse(bytes).is_ok();
                    if other { GateReason::PhoneWithPaperProof } else { GateReason::ProofMalformed }
                })
            }
        }
    }

    /// When a phone's proof was made; of a paper pass the midnight that begins its day.
    pub(super) fn made_at(&self) -> Timestamp {
        match self {
            Self::Phone(proof) => proof.made_at(),
            Self::Paper(paper) => paper.day().start(),
        }
    }

    /// Whether it counts at this moment, and for a paper pass the counter's key does.
    pub(super) fn check_time<T: Trusted + ?Sized>(
        &self,
        window: ProofWindow,
        (issuer, trusted): (AuthorityCode, &T),
        now: Timestamp,
    ) -> Result<(), GateReason> {
        match self {
            Self::Phone(proof) => window.check(proof.made_at(), now).map_err(|error| match error {
                ProofTimeError::Stale => GateReason::ProofStale,
                ProofTimeError::FromFuture => GateReason::ProofFromFuture,
            }),
            Self::Paper(paper) => {
                trusted.counter_key(issuer, paper.kid(), now).map_err(counter_key_reason)?;
                if paper.day() == now.local_date() { Ok(()) } else { Err(GateReason::PaperNotToday) }
            }
        }
    }

    /// Verifies the signature for one audience.
    ///
    /// # Errors
    /// Why it does not count there.
    pub(super) fn verify<T: Trusted + ?Sized>(
        &self,
        token: &VerifiedToken<'_>,
        (audience, hashes): (&Audience, &[PartHash]),
        trusted: &T,
        now: Timestamp,
    ) -> Result<Evidence, GateReason> {
        match self {
            Self::Phone(proof) => {
                let verified = proof.verify(token, audience, hashes);
                verified.map(Evidence::Phone).map_err(|_| GateReason::ProofSignature)
            }
            Self::Paper(paper) => {
                let key = trusted
                    .counter_key(token.claims().issuer, paper.kid(), now)
                    .map_err(counter_key_reason)?;
                match paper.verify(key, token, audience, hashes) {
                    Ok(verified) => Ok(Evidence::Paper(verified)),
                    Err(PaperError::Day) => Err(GateReason::PaperNotToday),
                    Err(
                        PaperError::Cose(_) | PaperError::Payload(_) | PaperError::KeyId | PaperError::Class,
                    ) => Err(GateReason::PaperSignature),
                }
            }
        }
    }

    /// The reason for something sound that was made for `elsewhere` and not for `here`.
    pub(super) fn for_elsewhere(&self, here: &Audience, elsewhere: &Audience) -> GateReason {
        match self {
            Self::Phone(_) => GateReason::CodeForElsewhere,
            Self::Paper(_) if here.port() != elsewhere.port() => GateReason::PaperOtherPort,
            Self::Paper(_) if here.direction() != elsewhere.direction() => GateReason::PaperOtherDirection,
            Self::Paper(_) => GateReason::PaperOtherSide,
        }
    }
}

const fn counter_key_reason(fault: KeyFault) -> GateReason {
    match fault {
        KeyFault::Unknown | KeyFault::Role => GateReason::CounterUnknown,
        KeyFault::Date => GateReason::CounterKeyNotValid,
        KeyFault::Compromised => GateReason::CounterKeyCompromised,
    }
}

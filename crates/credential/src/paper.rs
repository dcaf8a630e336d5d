//! Paper: what a counter signs on a printed code in place of the holder's fresh proof.
//!
//! Lives here: [`UnverifiedPaper`], [`VerifiedPaper`] and their one maker each. Not here: the token (`token`), whose counter's key
//! is trusted (`trust`), which further measures a lane asks for (`authority`).

use documents::{LocalDate, Timestamp};

use crate::cbor::{CborError, Reader, Writer};
use crate::cose::{self, CoseError, Headers, Sign1, Tagging};
use crate::crypto::{SigningKey, TokenId, VerifyingKey};
use crate::token::{Audience, KeyClass, PartHash, VerifiedToken, proof_external};

/// Label of a paper proof.
const PAPER_LABEL: &str = "bp1-paper";
/// Claim `nbf` (RFC 8392, 3.1.5): the midnight that begins the day.
const CLAIM_NOT_BEFORE: i64 = 5;
/// Longest paper proof that is read, in bytes.
pub const MAX_PAPER_LEN: usize = 96;
/// How many days ahead of its day a paper pass is made at most.
pub const PAPER_DAYS_AHEAD: i32 = 2;

/// Why a paper proof was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PaperError {
    /// The bytes are not a COSE_Sign1 in the form of a paper proof, or the signature is not the counter's over this audience,
    /// this token and these parts.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// The payload is not `{5: midnight}`.
    #[error("malformed paper proof: {0}")]
    Payload(#[from] CborError),
    /// The key id is not one byte.
    #[error("the key id is not one byte")]
    KeyId,
    /// The token is a phone's.
    #[error("a paper proof counts for a token of a paper pass alone; print a new paper pass")]
    Class,
    /// The token does not end with the day of the proof.
    #[error("the token does not end with the day of the paper proof; print a new paper pass")]
    Day,
}

/// A parsed paper proof whose signature is not verified yet.
#[derive(Debug, Clone, Copy)]
pub struct UnverifiedPaper<'b> {
    message: Sign1<'b>,
    kid: u8,
    day: LocalDate,
}

impl<'b> UnverifiedPaper<'b> {
    /// Parses the bytes of a paper proof; no signature is checked.
    ///
    /// # Errors
    /// The first departure from the form (`docs/formats.md`, section 13).
    pub fn parse(bytes: &'b [u8]) -> Result<Self, PaperError> {
        if bytes.len() > MAX_PAPER_LEN {
            return Err(PaperError::Payload(CborError::Limit));
        }
        let message = Sign1::parse(bytes, Tagging::Untagged, 16)?;
        if message.content_type().is_some() {
            return Err(PaperError::Cose(CoseError::Header));
        }
        let Some(&[kid]) = message.kid() else { return Err(PaperError::KeyId) };
        let mut r = Reader::new(message.unverified_payload());
        r.map_exact(1)?;
        r.key(CLAIM_NOT_BEFORE)?;
        let seconds = r.uint_width(5)?;
        r.finish()?;
        let begins = i64::try_from(seconds).ok().and_then(Timestamp::from_unix).ok_or(CborError::Limit)?;
        let day = begins.local_date();
        if day.start() != begins {
            return Err(PaperError::Day);
        }
        Ok(Self { message, kid, day })
    }

    /// The id of the counter's key.
    #[must_use]
    pub const fn kid(&self) -> u8 {
        self.kid
    }

    /// The local day on which the pass counts, not trusted yet.
    #[must_use]
    pub const fn day(&self) -> LocalDate {
        self.day
    }

    /// Verifies that a counter signed this token and these parts for this audience; `key` is the one that the trust list names
    /// for (issuer of the token, counter role, kid). The hashes stand in the order of the audience's sides.
    ///
    /// # Errors
    /// [`PaperError::Class`] for a phone's token; [`PaperError::Day`] where the token ends on another day; [`PaperError::Cose`]
    /// where the signature is not valid.
    pub fn verify(
        &self,
        key: &VerifyingKey,
        token: &VerifiedToken<'_>,
        audience: &Audience,
        parts: &[PartHash],
    ) -> Result<VerifiedPaper, PaperError> {
        if token.claims().key_class != KeyClass::Paper {
            return Err(PaperError::Class);
        }
        if token.claims().expires != KeyClass::Paper.expiry_for(self.day) {
            return Err(PaperError::Day);
        }
        self.message.verify(key, &proof_external(PAPER_LABEL, audience, token.bytes(), parts))?;
        Ok(VerifiedPaper { token: token.id(), day: self.day })
    }
}

/// Evidence that a counter of the token's issuer signed this paper pass for this lane and day. It says nothing about who shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifiedPaper {
    token: TokenId,
    day: LocalDate,
}

impl VerifiedPaper {
    /// The token's id.
    #[must_use]
    pub const fn token(&self) -> TokenId {
        self.token
    }

    /// The local day on which the pass counts.
    #[must_use]
    pub const fn day(&self) -> LocalDate {
        self.day
    }
}

/// Makes a paper proof: by the counter's key `kid`, for one audience and day.
///
/// # Errors
/// [`PaperError::Cose`] when the library cannot sign.
pub fn sign_paper(
    (counter, kid): (&SigningKey, u8),
    audience: &Audience,
    token: &[u8],
    parts: &[PartHash],
    day: LocalDate,
) -> Result<Vec<u8>, PaperError> {
    let begins = day.start().unix().unsigned_abs();
    let payload = Writer::new().map(1).int(CLAIM_NOT_BEFORE).uint(begins).finish();
    let headers = Headers { kid: Some(&[kid]), content_type: None };
    let external = proof_external(PAPER_LABEL, audience, token, parts);
    Ok(cose::sign(counter, Tagging::Untagged, headers, &external, &payload)?)
}

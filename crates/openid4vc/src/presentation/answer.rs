//! The verifier's check of an answer: encryption, state, every presentation, and the whole against the query.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::CryptoError;
use credential::jose::{Jwe, JweError};
use credential::x5c::CertificateAnchors;
use documents::{Timestamp, redact_debug};
use serde_json::Value;

use super::posted::Posted;
use super::request::{Channel, OpenRequest};
use super::{audience, transcript};
use crate::dcql::{AnswerError, CredentialQuery, Kind, MAX_ENTRIES, Presented, check_answer};
use crate::mdoc::{self, MdocError};
use crate::sd_jwt::{self, SdJwtError};
use crate::signed::payload_object;

/// What a verifier knows when an answer comes.
#[derive(Clone, Copy)]
pub struct Checks<'c> {
    /// The authorities whose issuers of SD-JWT VCs count.
    pub sd_jwt_anchors: &'c CertificateAnchors,
    /// The authorities whose signers of mdocs count.
    pub mdoc_anchors: &'c CertificateAnchors,
    /// Metadata of types of SD-JWT VCs that is at hand.
    pub metadata: &'c [(&'c str, &'c [u8])],
    /// The verifier's own page, over the Digital Credentials API.
    pub origin: Option<&'c str>,
    /// Now.
    pub now: Timestamp,
}
redact_debug!(Checks<'_>);

/// What an answer says.
#[derive(Clone)]
pub enum Answer {
    /// The wallet, or its user, does not answer.
    Refused {
        /// The wallet's code, as it came.
        error: String,
    },
    /// Presentations by the ids of their queries, all proven, and together what was asked for. Their statuses are still to be looked up.
    Presented(BTreeMap<String, Vec<Presented>>),
}
redact_debug!(Answer);

/// Why an answer is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request has ended.
    #[error("the request has ended; scan the code again")]
    Late,
    /// The answer is encrypted otherwise than was asked for, or not at all.
    #[error("the answer: {0}")]
    Encryption(JweError),
    /// Encrypted to another key than the request's.
    #[error("the answer is encrypted to the key of another request")]
    OtherKey,
    /// Its content is no JSON in strict form, or has no `vp_token` by queries.
    #[error("the answer is malformed")]
    Form,
    /// The state of another request.
    #[error("the answer is to another request")]
    State,
    /// No page is known, over the Digital Credentials API.
    #[error("the page that asked is not known")]
    Origin,
    /// By a protocol that was not asked by.
    #[error("the answer is by a protocol that was not asked by")]
    Protocol,
    /// By `org-iso-mdoc`: encrypted to another request's key or for another page, or altered.
    #[error("the answer does not open; ask again")]
    Sealed,
    /// A presentation in JSON.
    #[error(transparent)]
    SdJwt(#[from] SdJwtError),
    /// A presentation in CBOR.
    #[error(transparent)]
    Mdoc(#[from] MdocError),
    /// Together they are not what was asked for.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl Refusal {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Late => "response_late",
            Self::Encryption(JweError::Form | JweError::Header) => "response_form",
            Self::Encryption(JweError::Algorithm) => "response_algorithm",
            Self::Encryption(JweError::Key | JweError::Open) | Self::Sealed => "response_decryption",
            Self::OtherKey => "response_other_key",
            Self::Form => "response_content",
            Self::State => "response_state",
            Self::Origin => "response_origin",
            Self::Protocol => "response_protocol",
            Self::SdJwt(error) => error.code(),
            Self::Mdoc(error) => error.code(),
            Self::Answer(error) => error.code(),
            Self::Crypto(_) => "crypto",
        }
    }
}

impl OpenRequest {
    /// Checks what a wallet sent back. That an answer counts once is the caller's to keep.
    ///
    /// # Errors
    /// [`Refusal`] for the first fault: one bad presentation refuses the whole.
    pub fn take(&self, posted: &Posted, checks: &Checks<'_>) -> Result<Answer, Refusal> {
        if checks.now > self.expires {
            return Err(Refusal::Late);
        }
        let response = match posted {
            Posted::Error { error, state } => {
                // A wallet that could not read the request does not know its state.
                if state.is_some() && *state != self.request.state {
                    return Err(Refusal::State);
                }
                return Ok(Answer::Refused { error: error.clone() });
            }
            Posted::Encrypted(response) => response,
        };
        let jwe = Jwe::read(response).map_err(Refusal::Encryption)?;
        if jwe.kid() != self.request.encryption.kid.as_deref() {
            return Err(Refusal::OtherKey);
        }
        if !self.request.enc.contains(&jwe.enc()) {
            return Err(Refusal::Encryption(JweError::Algorithm));
        }
        let content = jwe.decrypt(&self.key).map_err(Refusal::Encryption)?;
        let content = payload_object(&content).map_err(|_| Refusal::Form)?;
        if content.get("state").and_then(Value::as_str) != self.request.state.as_deref() {
            return Err(Refusal::State);
        }
        if let Some(error) = content.get("error") {
            let error = error.as_str().ok_or(Refusal::Form)?;
            return Ok(Answer::Refused { error: error.to_owned() });
        }
        let token = content.get("vp_token").and_then(Value::as_object).ok_or(Refusal::Form)?;
        let mut answer = BTreeMap::new();
        for (id, presentations) in token {
            let query = self.request.query.credentials().iter().find(|query| query.id == *id);
            let query = query.ok_or(AnswerError::UnknownQuery)?;
            let presentations = presentations.as_array().ok_or(Refusal::Form)?;
            if !(1..=MAX_ENTRIES).contains(&presentations.len()) {
                return Err(Refusal::Form);
            }
            if presentations.len() > 1 && !query.multiple {
                return Err(AnswerError::Multiple.into());
            }
            let verified = presentations.iter().map(|presentation| {
                let text = presentation.as_str().ok_or(Refusal::Form)?;
                self.verify(query, text, checks)
            });
            answer.insert(id.clone(), verified.collect::<Result<Vec<_>, Refusal>>()?);
        }
        check_answer(&self.request.query, &answer)?;
        Ok(Answer::Presented(answer))
    }

    fn verify(&self, query: &CredentialQuery, text: &str, checks: &Checks<'_>) -> Result<Presented, Refusal> {
        let origin = match self.request.channel {
            Channel::Redirect { .. } => None,
            Channel::DcApi { .. } => Some(checks.origin.ok_or(Refusal::Origin)?),
        };
        match query.kind {
            Kind::SdJwt { .. } => {
                let expected = sd_jwt::Expected {
                    anchors: checks.sd_jwt_anchors,
                    audience: &audience(&self.request, origin),
                    nonce: &self.request.nonce,
                    binding_required: query.binding_required,
                    now: checks.now,
                    metadata: checks.metadata,
                };
                Ok(Presented::SdJwt(Box::new(sd_jwt::verify(text, &expected)?)))
            }
            Kind::Mdoc { .. } => {
                let response = URL_SAFE_NO_PAD.decode(text).map_err(|_| Refusal::Form)?;
                let transcript = transcript(&self.request, origin)?;
                let expected = mdoc::Expected {
                    anchors: checks.mdoc_anchors,
                    transcript: &transcript,
                    reader: None,
                    now: checks.now,
                };
                Ok(Presented::Mdoc(Box::new(mdoc::verify(&response, &expected)?)))
            }
            Kind::Other { .. } => Err(AnswerError::OtherType.into()),
        }
    }
}

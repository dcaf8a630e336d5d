//! A page's call of the Digital Credentials API: one question, said by `openid4vp-v1-signed` and, where an mdoc answers it, by
//! `org-iso-mdoc`; the wallet chooses (W3C Digital Credentials; `OpenID4VP` 1.0, appendix A).
//!
//! Lives here: [`PageRequest`], [`PageAnswer`]. Not here: either protocol (`request`, `iso_mdoc`). The origin of the page is the
//! verifier's to say: nothing of an answer is believed about it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::{CryptoError, SigningKey};
use documents::{Timestamp, redact_debug};
use serde_json::{Value, json};

use super::answer::{Answer, Checks, Refusal};
use super::client_id::ClientId;
use super::iso_mdoc::IsoRequest;
use super::posted::{Posted, PostedError};
use super::request::{Channel, NewRequest, OpenRequest};
use crate::dcql::Query;
use crate::json::strict_object;
use crate::mdoc::{EncryptedResponse, MAX_LEN, NotEncryptedResponse};

/// `OpenID4VP` 1.0 with a signed request.
pub const OPENID_SIGNED: &str = "openid4vp-v1-signed";
/// ISO/IEC TS 18013-7, annex C.
pub const ISO_MDOC: &str = "org-iso-mdoc";
/// Longest answer that is read, in bytes: an encrypted answer of either protocol, and what JSON is around it.
pub const MAX_PAGE_ANSWER_LEN: usize = MAX_LEN / 3 * 4 + 8192;

/// What a verifier wants to ask on its page.
#[derive(Debug, Clone)]
pub struct NewPageRequest {
    /// Who asks.
    pub client_id: ClientId,
    /// The origin of its page (`https://desk.example`).
    pub origin: String,
    /// What is asked.
    pub query: Query,
    /// 32 random bytes.
    pub nonce: [u8; 32],
    /// Until when an answer is taken.
    pub expires: Timestamp,
}

/// One way in which a page asks: an entry of `digital.requests`.
#[derive(Debug, Clone, PartialEq)]
pub struct PageWay {
    /// [`OPENID_SIGNED`] or [`ISO_MDOC`].
    pub protocol: &'static str,
    /// What the protocol hands over.
    pub data: Value,
}

/// A request that waits for its answer on a page, with the private keys for it.
pub struct PageRequest {
    origin: String,
    openid: OpenRequest,
    iso: Option<IsoRequest>,
}
redact_debug!(PageRequest);

impl PageRequest {
    /// Opens a request, with new keys for its answer. `org-iso-mdoc` asks for the first alternative that one mdoc answers.
    ///
    /// # Errors
    /// [`CryptoError`]: no key could be made.
    pub fn new(new: NewPageRequest) -> Result<Self, CryptoError> {
        let NewPageRequest { client_id, origin, query, nonce, expires } = new;
        let iso = query.of_one_mdoc().map(|query| IsoRequest::new(query, &origin, &nonce)).transpose()?;
        let channel = Channel::DcApi { origins: vec![origin.clone()] };
        // Over a page's call there is no state.
        let openid = NewRequest { client_id, channel, query, nonce, state: [0; 32], expires };
        Ok(Self { origin, openid: OpenRequest::new(openid)?, iso })
    }

    /// Until when an answer is taken.
    #[must_use]
    pub const fn expires(&self) -> Timestamp {
        self.openid.expires
    }

    /// The ways in which the page asks. `x5c` holds the verifier's certificates in DER, leaf first, without the anchor.
    ///
    /// # Errors
    /// [`CryptoError`]: the key does not sign.
    pub fn requests(&self, signer: &SigningKey, x5c: &[Vec<u8>]) -> Result<Vec<PageWay>, CryptoError> {
        let request = self.openid.object(signer, x5c, None)?;
        let mut ways = vec![PageWay { protocol: OPENID_SIGNED, data: json!({ "request": request }) }];
        if let Some(iso) = &self.iso {
            ways.push(PageWay { protocol: ISO_MDOC, data: iso.data(signer, x5c)? });
        }
        Ok(ways)
    }

    /// Checks what came back to the page. That an answer counts once is the caller's to keep; `checks.origin` is not looked at.
    ///
    /// # Errors
    /// [`Refusal`] for the first fault.
    pub fn take(&self, answer: &PageAnswer, checks: &Checks<'_>) -> Result<Answer, Refusal> {
        let checks = Checks { origin: Some(&self.origin), ..*checks };
        match answer {
            PageAnswer::OpenId(posted) => self.openid.take(posted, &checks),
            PageAnswer::IsoMdoc(_) if checks.now > self.openid.expires => Err(Refusal::Late),
            PageAnswer::IsoMdoc(response) => {
                self.iso.as_ref().ok_or(Refusal::Protocol)?.take(response, &checks)
            }
        }
    }
}

/// What a wallet gave to the page, by the protocol that it says.
#[derive(Clone, PartialEq, Eq)]
pub enum PageAnswer {
    /// By `openid4vp-v1-signed`.
    OpenId(Posted),
    /// By `org-iso-mdoc`.
    IsoMdoc(EncryptedResponse),
}
redact_debug!(PageAnswer);

impl PageAnswer {
    /// Reads `{"protocol", "data"}`, as a page sends on a `DigitalCredential`; unknown members are ignored.
    ///
    /// # Errors
    /// [`PostedError`].
    pub fn read(json: &[u8]) -> Result<Self, PostedError> {
        if json.len() > MAX_PAGE_ANSWER_LEN {
            return Err(PostedError::Form);
        }
        let text = std::str::from_utf8(json).map_err(|_| PostedError::Form)?;
        let answer = strict_object(text).map_err(|_| PostedError::Form)?;
        let data = answer.get("data").and_then(Value::as_object).ok_or(PostedError::Form)?;
        let member = |name: &str| match data.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(PostedError::Form),
        };
        match answer.get("protocol").and_then(Value::as_str) {
            Some(OPENID_SIGNED) if data.contains_key("vp_token") => Err(PostedError::NotEncrypted),
            Some(OPENID_SIGNED) => match (member("response")?, member("error")?) {
                (Some(response), None) => Ok(Self::OpenId(Posted::Encrypted(response))),
                (None, Some(error)) => Ok(Self::OpenId(Posted::Error { error, state: None })),
                _ => Err(PostedError::Form),
            },
            Some(ISO_MDOC) => {
                let bytes = member("response")?.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
                Ok(Self::IsoMdoc(EncryptedResponse::parse(&bytes.ok_or(NotEncryptedResponse)?)?))
            }
            Some(_) => Err(PostedError::Protocol),
            None => Err(PostedError::Form),
        }
    }
}

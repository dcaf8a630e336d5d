//! `org-iso-mdoc`: an mdoc asked for and answered over the Digital Credentials API in the words of ISO (ISO/IEC TS 18013-7, annex C).
//!
//! Lives here: [`IsoRequest`]: the signed device request, the key for the answer, opening and proving it. Not here: the forms
//! (`mdoc::EncryptedResponse`, `proximity::device_request`), the page's call of which this is one way (`page`). The answer is under HPKE
//! (RFC 9180): DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, no additional data, the session transcript as `info`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::hpke::ReceiverKey;
use credential::{CryptoError, SigningKey};
use documents::redact_debug;
use serde_json::{Value, json};

use super::answer::{Answer, Checks, Refusal};
use crate::dcql::{AnswerError, Presented, Query, check_answer};
use crate::mdoc::{self, EncryptedResponse, SessionTranscript, encryption_info};
use crate::proximity::{NewDocRequest, ReaderSigner, asked_by, device_request};

/// A request for one mdoc, with the private key for its answer.
pub(super) struct IsoRequest {
    /// A query for one mdoc: what is asked, and what an answer is held to.
    query: Query,
    key: ReceiverKey,
    /// In base64url, as the page hands it over.
    encryption_info: String,
    transcript: SessionTranscript,
}
redact_debug!(IsoRequest);

impl IsoRequest {
    /// Opens a request on the page of this origin, with a new key for its answer; `query` is one for one mdoc.
    ///
    /// # Errors
    /// [`CryptoError`]: no key could be made.
    pub fn new(query: Query, origin: &str, nonce: &[u8]) -> Result<Self, CryptoError> {
        let key = ReceiverKey::generate()?;
        let info = encryption_info(nonce, key.public()).ok_or(CryptoError::PublicKey)?;
        let encryption_info = URL_SAFE_NO_PAD.encode(info);
        let transcript = SessionTranscript::iso_dc_api(&encryption_info, origin);
        Ok(Self { query, key, encryption_info, transcript })
    }

    /// What the page hands over, `deviceRequest` and `encryptionInfo` in base64url.
    pub fn data(&self, signer: &SigningKey, x5c: &[Vec<u8>]) -> Result<Value, CryptoError> {
        let asked: Vec<_> = self.query.credentials().iter().filter_map(asked_by).collect();
        let documents: Vec<_> =
            asked.iter().map(|(doc_type, elements)| NewDocRequest { doc_type, elements }).collect();
        let request = device_request(&documents, ReaderSigner { key: signer, chain: x5c }, &self.transcript)?;
        Ok(json!({
            "deviceRequest": URL_SAFE_NO_PAD.encode(request),
            "encryptionInfo": self.encryption_info,
        }))
    }

    /// Opens and proves an answer; that it is in time is looked at before.
    pub fn take(&self, response: &EncryptedResponse, checks: &Checks<'_>) -> Result<Answer, Refusal> {
        let info = self.transcript.as_bytes();
        let opened = self.key.open(&response.enc, info, &[], &response.cipher_text);
        let opened = opened.map_err(|_| Refusal::Sealed)?;
        let expected = mdoc::Expected {
            anchors: checks.mdoc_anchors,
            transcript: &self.transcript,
            reader: None,
            now: checks.now,
        };
        let verified = mdoc::verify(&opened, &expected)?;
        let id = self.query.credentials().first().ok_or(AnswerError::UnknownQuery)?.id.clone();
        let answer = BTreeMap::from([(id, vec![Presented::Mdoc(Box::new(verified))])]);
        check_answer(&self.query, &answer)?;
        Ok(Answer::Presented(answer))
    }
}

//! Session transcripts: what a holder's signature is bound to, beside the document (OpenID4VP 1.0, B.2.6; ISO/IEC TS 18013-7, annex C).

use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{Encoding, Value};
use credential::sha256;

/// A session transcript, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTranscript(Vec<u8>);

impl SessionTranscript {
    /// Of a request by redirect: `client_id` with its prefix, the thumbprint of the verifier's encryption key (RFC 7638), `None`
    /// where the answer is not encrypted, and the address to which the answer goes.
    #[must_use]
    pub fn redirect(
        client_id: &str,
        nonce: &str,
        encryption_key: Option<&[u8; 32]>,
        response_uri: &str,
    ) -> Self {
        let mut info = Writer::new();
        info.array(4).text(client_id).text(nonce);
        thumbprint(&mut info, encryption_key).text(response_uri);
        Self::of("OpenID4VPHandover", &info.finish())
    }

    /// Of a request over the Digital Credentials API: `origin` without `origin:` before it.
    #[must_use]
    pub fn dc_api(origin: &str, nonce: &str, encryption_key: Option<&[u8; 32]>) -> Self {
        let mut info = Writer::new();
        info.array(3).text(origin).text(nonce);
        thumbprint(&mut info, encryption_key);
        Self::of("OpenID4VPDCAPIHandover", &info.finish())
    }

    /// Of an `org-iso-mdoc` request over the Digital Credentials API (ISO/IEC TS 18013-7, annex C): `encryption_info` is the base64url text
    /// that the page hands over, `origin` the page's. The hash is over the text, not over the bytes that it stands for.
    #[must_use]
    pub fn iso_dc_api(encryption_info: &str, origin: &str) -> Self {
        let info = Writer::new().array(2).text(encryption_info).text(origin).finish();
        Self::of("dcapi", &info)
    }

    /// In the presence of a reader (ISO/IEC 18013-5, 9.1.5.1): the engagement and the COSE_Key of the reader's session key as their bytes
    /// came, and the handover of the engagement, encoded: null for a QR code.
    ///
    /// # Errors
    /// [`CborError`]: the handover is no single item.
    pub fn proximity(engagement: &[u8], reader_key: &[u8], handover: &[u8]) -> Result<Self, CborError> {
        Value::decode(handover, Encoding::Any, 1)?;
        let mut transcript = Writer::new();
        transcript.array(3).tag(super::ENCODED).bytes(engagement);
        transcript.tag(super::ENCODED).bytes(reader_key).raw(handover);
        Ok(Self(transcript.finish()))
    }

    /// The salt of the keys of a session in proximity: SHA-256 of `SessionTranscriptBytes` (9.1.1.5).
    #[must_use]
    pub fn salt(&self) -> [u8; 32] {
        sha256(&Writer::new().tag(super::ENCODED).bytes(&self.0).finish())
    }

    fn of(handover: &str, info: &[u8]) -> Self {
        let mut transcript = Writer::new();
        transcript.array(3).null().null().array(2).text(handover).bytes(&sha256(info));
        Self(transcript.finish())
    }

    /// Another transcript of three items: in the presence of a reader, or of an older protocol.
    ///
    /// # Errors
    /// [`CborError`]: the bytes are no array of three items.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CborError> {
        let read = Value::decode(bytes, Encoding::Any, 1)?;
        let sound = matches!(read, Value::Array(items) if items.len() == 3);
        if sound { Ok(Self(bytes.to_vec())) } else { Err(CborError::Unexpected) }
    }

    /// The encoded array.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

fn thumbprint<'w>(info: &'w mut Writer, key: Option<&[u8; 32]>) -> &'w mut Writer {
    match key {
        Some(key) => info.bytes(key),
        None => info.null(),
    }
}

/// The bytes under a device's signature: tag 24 around `DeviceAuthentication`.
pub(super) fn device_authentication(
    transcript: &SessionTranscript,
    doc_type: &str,
    device_name_spaces: &[u8],
) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.array(4).text("DeviceAuthentication").raw(&transcript.0).text(doc_type).raw(device_name_spaces);
    Writer::new().tag(super::ENCODED).bytes(&inner.finish()).finish()
}

//! Engagement: what a holder shows first, so that a reader can speak to them alone (ISO/IEC 18013-5, 8.2.1 and 9.1.1.4).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{Encoding, Items, Key};
use credential::{CryptoError, PublicKey};
use documents::redact_debug;

use super::key_bytes;
use crate::cose;
use crate::mdoc::ENCODED;

/// Longest engagement that is read, in bytes: as much as the largest QR code holds.
pub const MAX_ENGAGEMENT_LEN: usize = 2_048;
/// What stands before an engagement in a QR code (8.2.2.3).
const SCHEME: &str = "mdoc:";
/// ECDH on an own curve with HKDF-SHA-256 and AES-256-GCM (9.1.5.2); there is no other.
const CIPHER_SUITE: i128 = 1;
const VERSION: i64 = 0;
const SECURITY: i64 = 1;
const RETRIEVAL: i64 = 2;

/// Why an engagement is not read, or not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EngagementError {
    /// No `mdoc:` before it, or no base64url after that.
    #[error("the code is no device engagement; it begins with mdoc: and goes on in base64url")]
    Uri,
    /// Longer than is read.
    #[error("the device engagement is longer than {MAX_ENGAGEMENT_LEN} bytes")]
    TooLong,
    /// The bytes are no CBOR of this form.
    #[error("malformed device engagement: {0}")]
    Form(#[from] CborError),
    /// Another version than 1.x.
    #[error("the device engagement has another version than 1")]
    Version,
    /// Another cipher suite than the one that there is.
    #[error("the device engagement names another cipher suite than 1")]
    CipherSuite,
    /// The holder's key is none on P-256.
    #[error("the key of the device engagement is not on P-256")]
    Key,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl EngagementError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Uri => "engagement_uri",
            Self::TooLong => "engagement_too_long",
            Self::Form(_) => "engagement_form",
            Self::Version => "engagement_version",
            Self::CipherSuite => "engagement_cipher_suite",
            Self::Key => "engagement_key",
            Self::Crypto(_) => "crypto",
        }
    }
}

/// A device engagement: the holder's key for one session, and ways to their device.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceEngagement {
    bytes: Vec<u8>,
    device_key: PublicKey,
    retrieval: Option<Vec<u8>>,
}
redact_debug!(DeviceEngagement);

impl DeviceEngagement {
    /// The engagement of a key that serves one session; `retrieval` is `DeviceRetrievalMethods`, encoded, where the transport has some.
    ///
    /// # Errors
    /// [`EngagementError`]: `retrieval` is no array, or too long; the key is none of the curve.
    pub fn new(device_key: &PublicKey, retrieval: Option<&[u8]>) -> Result<Self, EngagementError> {
        let key = cose::key_value(device_key)?.encode();
        let mut out = Writer::new();
        out.map(2 + usize::from(retrieval.is_some())).int(VERSION).text("1.0");
        out.int(SECURITY).array(2).uint(1).tag(ENCODED).bytes(&key);
        if let Some(methods) = retrieval {
            out.int(RETRIEVAL).raw(methods);
        }
        Self::parse(&out.finish())
    }

    /// Reads an engagement.
    ///
    /// # Errors
    /// [`EngagementError`] for the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, EngagementError> {
        if bytes.len() > MAX_ENGAGEMENT_LEN {
            return Err(EngagementError::TooLong);
        }
        let mut items = Items::new(bytes, Encoding::Any);
        let (mut version, mut device_key, mut retrieval) = (None, None, None);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..items.map()? {
            let key = items.key()?;
            match &key {
                Key::Int(VERSION) => {
                    version = Some(items.value(1)?.as_text().ok_or(CborError::Unexpected)?.to_owned());
                }
                Key::Int(SECURITY) => {
                    if items.array()? != 2 {
                        return Err(CborError::Unexpected.into());
                    }
                    if items.value(1)?.as_int() != Some(CIPHER_SUITE) {
                        return Err(EngagementError::CipherSuite);
                    }
                    device_key = Some(key_bytes(&mut items)?.1.ok_or(EngagementError::Key)?);
                }
                Key::Int(RETRIEVAL) => {
                    let start = items.position();
                    for _ in 0..items.array()? {
                        items.value(1)?;
                    }
                    retrieval = Some(items.since(start)?.to_vec());
                }
                // Ways over a server, and what later versions add.
                Key::Int(_) | Key::Text(_) | Key::Redacted => drop(items.value(1)?),
            }
            if !seen.insert(key) {
                return Err(CborError::Keys.into());
            }
        }
        items.finish()?;
        if !super::request::is_version_1(&version.ok_or(CborError::Unexpected)?) {
            return Err(EngagementError::Version);
        }
        let device_key = device_key.ok_or(CborError::Unexpected)?;
        Ok(Self { bytes: bytes.to_vec(), device_key, retrieval })
    }

    /// Reads the text of a QR code.
    ///
    /// # Errors
    /// [`EngagementError`] for the first fault.
    pub fn from_uri(uri: &str) -> Result<Self, EngagementError> {
        let text = uri.strip_prefix(SCHEME).ok_or(EngagementError::Uri)?;
        if text.len() > MAX_ENGAGEMENT_LEN * 4 / 3 + 1 {
            return Err(EngagementError::TooLong);
        }
        Self::parse(&URL_SAFE_NO_PAD.decode(text).map_err(|_| EngagementError::Uri)?)
    }

    /// The text of a QR code.
    #[must_use]
    pub fn uri(&self) -> String {
        format!("{SCHEME}{}", URL_SAFE_NO_PAD.encode(&self.bytes))
    }

    /// The bytes as they came.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The holder's key for the session (`EDeviceKey`).
    #[must_use]
    pub const fn device_key(&self) -> &PublicKey {
        &self.device_key
    }

    /// `DeviceRetrievalMethods` as they came, for the transport.
    #[must_use]
    pub fn retrieval(&self) -> Option<&[u8]> {
        self.retrieval.as_deref()
    }
}

/// How the engagement came to the reader (9.1.5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handover {
    /// By a QR code.
    Qr,
    /// Over NFC.
    Nfc {
        /// The Handover Select message.
        select: Vec<u8>,
        /// The Handover Request message; `None` in static handover.
        request: Option<Vec<u8>>,
    },
}

impl Handover {
    /// Its place in the session transcript, encoded.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        match self {
            Self::Qr => out.null(),
            Self::Nfc { select, request: Some(request) } => out.array(2).bytes(select).bytes(request),
            Self::Nfc { select, request: None } => out.array(2).bytes(select).null(),
        };
        out.finish()
    }
}

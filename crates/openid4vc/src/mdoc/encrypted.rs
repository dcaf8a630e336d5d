//! Encrypted responses over the Digital Credentials API: the key that a page hands over, and what comes back under it (ISO/IEC TS 18013-7,
//! annex C).
//!
//! Lives here: [`encryption_info`], [`EncryptedResponse`]. Not here: opening one, and what is asked (`presentation`). The text of ISO is
//! not public: points rest on public implementations.

use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{Encoding, Items};
use documents::redact_debug;

use super::sign1::{members, text};
use super::{MAX_LEN, MdocError};

/// What the key and the response are for.
const USE: &str = "dcapi";
/// Length of an uncompressed point on P-256, in bytes: what a key agreement sends along (RFC 9180, 7.1).
const POINT_LEN: usize = 65;
/// Length of the tag of AES-GCM, in bytes.
const TAG_LEN: usize = 16;

/// `EncryptionInfo`: `["dcapi", {"nonce", "recipientPublicKey": COSE_Key}]`; `recipient` is an uncompressed point on P-256. `None` for any
/// other bytes.
#[must_use]
pub fn encryption_info(nonce: &[u8], recipient: &[u8]) -> Option<Vec<u8>> {
    let (x, y) = recipient.strip_prefix(&[4])?.split_at_checked(32).filter(|(_, y)| y.len() == 32)?;
    let mut out = Writer::new();
    out.array(2).text(USE).map(2).text("nonce").bytes(nonce);
    // RFC 9053, 7.1: EC2, P-256.
    out.text("recipientPublicKey").map(4).int(1).int(2).int(-1).int(1).int(-2).bytes(x).int(-3).bytes(y);
    Some(out.finish())
}

/// `EncryptedResponse`: `["dcapi", {"enc", "cipherText"}]`, read and not opened.
#[derive(Clone, PartialEq, Eq)]
pub struct EncryptedResponse {
    /// The encapsulated key, an uncompressed point.
    pub enc: [u8; POINT_LEN],
    /// A `DeviceResponse` under the key.
    pub cipher_text: Vec<u8>,
}
redact_debug!(EncryptedResponse);

/// The bytes are no `EncryptedResponse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what came by org-iso-mdoc is no encrypted response; ask again")]
pub struct NotEncryptedResponse;

impl EncryptedResponse {
    /// Reads one.
    ///
    /// # Errors
    /// [`NotEncryptedResponse`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NotEncryptedResponse> {
        Self::read(bytes).map_err(|_| NotEncryptedResponse)
    }

    fn read(bytes: &[u8]) -> Result<Self, MdocError> {
        let mut items = Items::new(bytes, Encoding::Any);
        if items.array()? != 2 || text(&mut items)? != USE {
            return Err(CborError::Unexpected.into());
        }
        let (mut enc, mut cipher_text) = (None, None);
        members(&mut items, |name, items| {
            match name {
                "enc" => enc = items.bytes()?.try_into().ok(),
                "cipherText" => cipher_text = Some(items.bytes()?.to_vec()),
                _ => return Err(CborError::Unexpected.into()),
            }
            Ok(())
        })?;
        items.finish()?;
        match (enc, cipher_text) {
            (Some(enc), Some(cipher_text)) if (TAG_LEN..=MAX_LEN + TAG_LEN).contains(&cipher_text.len()) => {
                Ok(Self { enc, cipher_text })
            }
            _ => Err(CborError::Unexpected.into()),
        }
    }
}

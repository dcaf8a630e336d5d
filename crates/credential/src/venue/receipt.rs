//! Receipts of a desk: what it keeps of a presentation, and until when; the wallet keeps it.
//!
//! Lives here: [`VenueReceipt`]. It names no claim's value. Not here: whose key signs it (`trust`).

use documents::Timestamp;

use super::claim::{ClaimSet, ClaimSetError};
use super::pseudonym::Pseudonym;
use super::request::RequestId;
use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{SigningKey, VerifyingKey};
use crate::message::{self, Kind, MessageError, read_time};

/// A desk's word on what it keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VenueReceipt {
    /// The request that was answered.
    pub request: RequestId,
    /// SHA-256 of the presentation (`venue::presentation_hash`).
    pub presentation: [u8; 32],
    /// The pseudonym under which the desk keeps it.
    pub pseudonym: Pseudonym,
    /// The claims that it keeps.
    pub kept: ClaimSet,
    /// Until when it keeps them; at that instant they are gone.
    pub until: Timestamp,
    /// Time of the receipt, by the desk's clock.
    pub at: Timestamp,
}

/// Why a receipt was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VenueReceiptError {
    /// The bytes are no receipt that this key has signed.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The payload is malformed.
    #[error("malformed receipt of a desk: {0}")]
    Form(#[from] CborError),
    /// The list of kept claims is malformed, or names one that there is not.
    #[error(transparent)]
    Claims(#[from] ClaimSetError),
}

impl VenueReceiptError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Message(_) => "receipt_signature",
            Self::Form(_) => "receipt_form",
            Self::Claims(_) => "receipt_claims",
        }
    }
}

impl VenueReceipt {
    /// Signs it with the desk's key.
    ///
    /// # Errors
    /// [`VenueReceiptError::Message`] if the crypto library cannot sign.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, VenueReceiptError> {
        Ok(message::sign(Kind::VenueReceipt, kid, key, &self.encode())?)
    }

    /// Opens what the desk with this key answered.
    ///
    /// # Errors
    /// [`VenueReceiptError`] for the first fault.
    pub fn open(bytes: &[u8], key: &VerifyingKey) -> Result<Self, VenueReceiptError> {
        Self::decode(message::open(Kind::VenueReceipt, bytes, key)?)
    }

    /// The receipt as the payload of a message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::with_capacity(192);
        w.array(6).bytes(self.request.as_bytes()).bytes(&self.presentation).bytes(self.pseudonym.as_bytes());
        self.kept.write(&mut w);
        w.uint(self.until.unix().unsigned_abs()).uint(self.at.unix().unsigned_abs());
        w.finish()
    }

    /// Reads the payload of a message.
    ///
    /// # Errors
    /// [`VenueReceiptError`] for the first malformed item.
    pub fn decode(payload: &[u8]) -> Result<Self, VenueReceiptError> {
        let mut r = Reader::new(payload);
        r.array_exact(6)?;
        let receipt = Self {
            request: RequestId::from_bytes(*r.bytes_exact()?),
            presentation: *r.bytes_exact()?,
            pseudonym: Pseudonym::from_bytes(*r.bytes_exact()?),
            kept: ClaimSet::read(&mut r)?,
            until: read_time(&mut r)?,
            at: read_time(&mut r)?,
        };
        r.finish()?;
        Ok(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::venue::ClaimName;

    fn receipt() -> VenueReceipt {
        VenueReceipt {
            request: RequestId::from_bytes([1; 32]),
            presentation: [2; 32],
            pseudonym: Pseudonym::from_bytes([3; 16]),
            kept: [ClaimName::Name, ClaimName::DocumentNumber].into_iter().collect(),
            until: Timestamp::from_unix(1_800_086_400).unwrap(),
            at: Timestamp::from_unix(1_800_000_000).unwrap(),
        }
    }

    #[test]
    fn a_receipt_comes_back_from_the_desk_that_signed_it_and_from_no_other() {
        let (desk, stranger) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let bytes = receipt().sign(b"desk-1", &desk).unwrap();
        let key = |key: &SigningKey| VerifyingKey::new(*key.public()).unwrap();
        assert_eq!(VenueReceipt::open(&bytes, &key(&desk)), Ok(receipt()));
        let refused = VenueReceipt::open(&bytes, &key(&stranger)).unwrap_err();
        assert_eq!(refused.code(), "receipt_signature");
        let other = message::sign(Kind::VenueRequest, b"desk-1", &desk, &receipt().encode()).unwrap();
        assert_eq!(VenueReceipt::open(&other, &key(&desk)).unwrap_err().code(), "receipt_signature");
    }

    #[test]
    fn a_malformed_receipt_is_refused_with_its_code() {
        let good = receipt().encode();
        for end in 0..good.len() {
            assert!(VenueReceipt::decode(&good[..end]).is_err(), "cut after {end}");
        }
        let longer = [good.as_slice(), &[0]].concat();
        assert_eq!(VenueReceipt::decode(&longer).unwrap_err().code(), "receipt_form");
        // The last byte of the first label: another number that no claim has.
        let label = [0x3a, 0x00, 0x01, 0x00, 0x45];
        let at = good.windows(5).position(|five| five == label).unwrap() + 4;
        let mut unknown = good.clone();
        unknown[at] = 0xff;
        let refused = VenueReceipt::decode(&unknown).unwrap_err();
        assert_eq!(
            (refused.code(), refused),
            ("receipt_claims", ClaimSetError::Unknown { label: -65_792 }.into())
        );
        let mut repeated = good;
        repeated[at] = 0x40;
        assert_eq!(VenueReceipt::decode(&repeated), Err(ClaimSetError::Order.into()));
    }
}

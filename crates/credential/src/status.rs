//! Token Status Lists in CWT form (draft-ietf-oauth-status-list-20): which tokens were revoked.
//!
//! Lives here: reading, writing and asking a list. Not here: how stale a list may be (`trust`).

use std::io::{Read, Write};

use documents::Timestamp;

use crate::cbor::{CborError, Reader, Writer};
use crate::cose::{self, CoseError, Headers, Sign1, Tagging};
use crate::crypto::{SigningKey, VerifyingKey};
use crate::message::read_time;

const TYPE: &str = "application/statuslist+cwt";
/// Largest list that is read, in bytes after inflating: sixteen million entries of two bits.
pub const MAX_LIST_LEN: usize = 4 << 20;
/// Largest signed list that is read, in bytes.
pub const MAX_TOKEN_LEN: usize = MAX_LIST_LEN + 4096;

/// The status of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Not revoked.
    Valid,
    /// Revoked for good.
    Invalid,
    /// Suspended for a time.
    Suspended,
    /// A value that this build does not know; treated like a revocation.
    Other(u8),
}

/// Why a status list was refused.
#[derive(Debug, thiserror::Error)]
pub enum StatusListError {
    /// The bytes are not a signed status list, or the signature is not valid.
    #[error(transparent)]
    Cose(#[from] CoseError),
    /// A claim is missing or has the wrong type.
    #[error("malformed claim in the status list: {0}")]
    Claims(#[from] CborError),
    /// The list is of another type.
    #[error("the message is not a status list")]
    Type,
    /// The list has another name (`sub`) than the one that was expected.
    #[error("the status list has another name than expected")]
    Subject,
    /// Entries have 1, 2, 4 or 8 bits.
    #[error("entries have 1, 2, 4 or 8 bits")]
    Bits,
    /// The list cannot be decompressed, or is larger than the limit when it is.
    #[error("the status list cannot be decompressed within the size limit")]
    Inflate(#[source] std::io::Error),
}

/// The entries of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: u8,
    bytes: Vec<u8>,
}

impl StatusList {
    /// An empty list with room for `entries` entries of two bits.
    #[must_use]
    pub fn with_entries(entries: u32) -> Self {
        Self { bits: 2, bytes: vec![0; (entries as usize).div_ceil(4)] }
    }

    /// The status at `index`; `None` beyond the end, where a token must be refused. It allocates no memory.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Status> {
        let per_byte = 8 / usize::from(self.bits);
        let byte = self.bytes.get(index as usize / per_byte)?;
        let shift = (index as usize % per_byte) * usize::from(self.bits);
        let value = (byte >> shift) & mask(self.bits);
        Some(match value {
            0 => Status::Valid,
            1 => Status::Invalid,
            2 => Status::Suspended,
            other => Status::Other(other),
        })
    }

    /// Sets an entry; false beyond the end or for a value that the list's width cannot hold.
    pub fn set(&mut self, index: u32, status: Status) -> bool {
        let value = match status {
            Status::Valid => 0,
            Status::Invalid => 1,
            Status::Suspended => 2,
            Status::Other(other) => other,
        };
        let per_byte = 8 / usize::from(self.bits);
        let shift = (index as usize % per_byte) * usize::from(self.bits);
        let mask = mask(self.bits);
        match self.bytes.get_mut(index as usize / per_byte) {
            Some(byte) if value <= mask => {
                *byte = (*byte & !(mask << shift)) | (value << shift);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len() * (8 / usize::from(self.bits))
    }

    /// Whether it has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Reads the map `{"bits", "lst"}` (section 4.3 of the draft).
    ///
    /// # Errors
    /// [`StatusListError`] for the first fault.
    pub fn read(r: &mut Reader<'_>) -> Result<Self, StatusListError> {
        let (mut bits, mut compressed) = (None, None);
        for _ in 0..r.map(3)? {
            let fresh = match r.text(32)? {
                "bits" => bits.replace(r.uint_max(8)?).is_none(),
                "lst" => compressed.replace(r.bytes(MAX_LIST_LEN)?).is_none(),
                "aggregation_uri" => r.text(1024).map(|_| true)?,
                _ => return Err(CborError::Unexpected.into()),
            };
            if !fresh {
                return Err(CborError::Keys.into());
            }
        }
        let bits = bits.ok_or(StatusListError::Bits)?;
        Self::from_compressed(bits, compressed.ok_or(CborError::Unexpected)?)
    }

    /// Bits of an entry: 1, 2, 4 or 8.
    #[must_use]
    pub const fn bits(&self) -> u8 {
        self.bits
    }

    /// A list of entries of so many bits, unfolded from the ZLIB form (RFC 1950) of its bytes; what it unfolds to is bounded.
    ///
    /// # Errors
    /// [`StatusListError::Bits`], [`StatusListError::Inflate`], [`StatusListError::Claims`] for a list that is too long.
    pub fn from_compressed(bits: u64, compressed: &[u8]) -> Result<Self, StatusListError> {
        match bits {
            1 | 2 | 4 | 8 => {
                let bits = u8::try_from(bits).map_err(|_| StatusListError::Bits)?;
                Ok(Self { bits, bytes: inflate(compressed)? })
            }
            _ => Err(StatusListError::Bits),
        }
    }

    /// The entries, compressed (RFC 1950), as a list token carries them.
    ///
    /// # Errors
    /// [`StatusListError::Inflate`] if the library cannot compress.
    pub fn compressed(&self) -> Result<Vec<u8>, StatusListError> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&self.bytes).map_err(StatusListError::Inflate)?;
        encoder.finish().map_err(StatusListError::Inflate)
    }
}

const fn mask(bits: u8) -> u8 {
    (((1u16 << bits) - 1) & 0xff) as u8
}

fn inflate(compressed: &[u8]) -> Result<Vec<u8>, StatusListError> {
    let mut bytes = Vec::new();
    let limit = MAX_LIST_LEN as u64;
    flate2::read::ZlibDecoder::new(compressed)
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(StatusListError::Inflate)?;
    if bytes.len() > MAX_LIST_LEN {
        return Err(CborError::Limit.into());
    }
    Ok(bytes)
}

/// A signed list whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedStatusList {
    /// The list's own name.
    pub subject: String,
    /// `iat`: the time at which it was signed.
    pub issued: Timestamp,
    /// `exp`: the end of its validity; a list without one counts as ending when it was signed.
    pub expires: Option<Timestamp>,
    /// Seconds for which a copy may be kept.
    pub ttl: Option<u64>,
    /// The statuses, by index.
    pub list: StatusList,
}

/// The id of the key that a signed list names, before anything is trusted.
///
/// # Errors
/// [`StatusListError::Cose`] if the bytes are not a COSE_Sign1 with tag 18.
pub fn list_kid(bytes: &[u8]) -> Result<Option<Vec<u8>>, StatusListError> {
    Ok(Sign1::parse(bytes, Tagging::Sign1, MAX_TOKEN_LEN)?.kid().map(<[u8]>::to_vec))
}

impl SignedStatusList {
    /// Verifies a list under the key that the trust list names, and that it is the list `subject`.
    ///
    /// # Errors
    /// [`StatusListError`] for the first fault.
    pub fn open(bytes: &[u8], key: &VerifyingKey, subject: &str) -> Result<Self, StatusListError> {
        let message = Sign1::parse(bytes, Tagging::Sign1, MAX_TOKEN_LEN)?;
        if message.content_type() != Some(TYPE) {
            return Err(StatusListError::Type);
        }
        let read = Self::read(message.verify(key, &[])?)?;
        if read.subject == subject { Ok(read) } else { Err(StatusListError::Subject) }
    }

    fn read(payload: &[u8]) -> Result<Self, StatusListError> {
        let mut r = Reader::new(payload);
        let (mut subject, mut issued, mut expires, mut ttl, mut list) = (None, None, None, None, None);
        for _ in 0..r.map(8)? {
            let fresh = match r.int()? {
                2 => subject.replace(r.text(1024)?.to_owned()).is_none(),
                4 => expires.replace(read_time(&mut r)?).is_none(),
                6 => issued.replace(read_time(&mut r)?).is_none(),
                65533 => list.replace(StatusList::read(&mut r)?).is_none(),
                65534 => ttl.replace(r.uint()?).is_none(),
                _ => return Err(CborError::Unexpected.into()),
            };
            if !fresh {
                return Err(CborError::Keys.into());
            }
        }
        r.finish()?;
        let (Some(subject), Some(issued), Some(list)) = (subject, issued, list) else {
            return Err(CborError::Unexpected.into());
        };
        Ok(Self { subject, issued, expires, ttl, list })
    }

    /// Signs the list.
    ///
    /// # Errors
    /// [`StatusListError`] if the library cannot sign or compress.
    pub fn sign(&self, kid: &[u8], key: &SigningKey) -> Result<Vec<u8>, StatusListError> {
        let mut w = Writer::new();
        w.map(3 + usize::from(self.expires.is_some()) + usize::from(self.ttl.is_some()));
        w.int(2).text(&self.subject);
        if let Some(expires) = self.expires {
            w.int(4).uint(expires.unix().unsigned_abs());
        }
        w.int(6).uint(self.issued.unix().unsigned_abs());
        w.int(65533).map(2).text("lst").bytes(&self.list.compressed()?);
        w.text("bits").uint(u64::from(self.list.bits));
        if let Some(ttl) = self.ttl {
            w.int(65534).uint(ttl);
        }
        let headers = Headers { kid: Some(kid), content_type: Some(TYPE) };
        Ok(cose::sign(key, Tagging::Sign1, headers, &[], &w.finish())?)
    }
}

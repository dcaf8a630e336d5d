//! Handed in: files of a chip that a reader's own software read, as one JSON text.
//!
//! Lives here: [`HandedIn`], its reader. One object; each field but `"nonce"` and `"signature"` is a file, whole, in Base64 with padding
//! (RFC 4648, 4): `"sod"`, `"dg1"`, `"dg2"` must stand there, `"com"`, `"dg11"`, `"dg12"`, `"dg14"`, `"dg15"` may. `"nonce"` (8 bytes) and
//! `"signature"` are the chip's active authentication: both or none. Any other field, a field twice, or bytes after the object refuse
//! the text. Not here: whether any of it is true.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use documents::redact_debug;
use serde::Deserialize;

use crate::active::Nonce;
use crate::file::{ChipFiles, FileError, FileId, Group};
use crate::reader::ChipReading;

/// Longest text, in bytes: the longest files that are read, in Base64.
pub const MAX_HANDED_IN: usize = 1_400_000;
/// Longest signature of a chip, in bytes.
const MAX_SIGNATURE: usize = 1024;

/// Why files that were handed in are not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandedInError {
    /// More than [`MAX_HANDED_IN`] bytes.
    #[error(
        "the reader's software handed in more than is read; set it to hand in DG1, DG2, DG11, DG12, DG14 and DG15 alone"
    )]
    TooLong,
    /// No JSON of this form.
    #[error(
        "the reader's software handed in no JSON of the form in docs/chip.md; have its supplier correct it"
    )]
    Form,
    /// A field is no Base64 with padding.
    #[error("the field {0} is no Base64 with padding; have the reader's supplier correct it")]
    Base64(&'static str),
    /// A nonce of another length, or without a signature, or the reverse.
    #[error("nonce (8 bytes) and signature are handed in together; have the reader's supplier correct it")]
    Proof,
    /// The chip signed another nonce than the one that it was given here.
    #[error("the chip signed another nonce than this reading's; read the document again")]
    OtherNonce,
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
}

impl HandedInError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLong => "chip_handed_in_too_long",
            Self::Form => "chip_handed_in_form",
            Self::Base64(_) => "chip_handed_in_base64",
            Self::Proof => "chip_handed_in_proof",
            Self::OtherNonce => "chip_handed_in_nonce",
            Self::File(error) => error.code(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields<'t> {
    sod: &'t str,
    dg1: &'t str,
    dg2: &'t str,
    com: Option<&'t str>,
    dg11: Option<&'t str>,
    dg12: Option<&'t str>,
    dg14: Option<&'t str>,
    dg15: Option<&'t str>,
    nonce: Option<&'t str>,
    signature: Option<&'t str>,
}

/// Files that were handed in, within their lengths, and not yet believed.
#[derive(Clone, PartialEq, Eq)]
pub struct HandedIn {
    files: ChipFiles,
    proof: Option<(Nonce, Vec<u8>)>,
}
redact_debug!(HandedIn);

impl HandedIn {
    /// Reads the text.
    ///
    /// # Errors
    /// [`HandedInError`].
    pub fn read(text: &[u8]) -> Result<Self, HandedInError> {
        if text.len() > MAX_HANDED_IN {
            return Err(HandedInError::TooLong);
        }
        let fields: Fields<'_> = serde_json::from_slice(text).map_err(|_| HandedInError::Form)?;
        let mut files = ChipFiles::new(file("sod", FileId::Sod, fields.sod)?)?;
        if let Some(com) = fields.com {
            files = files.with_com(file("com", FileId::Com, com)?)?;
        }
        for (name, group, field) in [
            ("dg1", Group::MRZ, Some(fields.dg1)),
            ("dg2", Group::FACE, Some(fields.dg2)),
            ("dg11", Group::HOLDER, fields.dg11),
            ("dg12", Group::DOCUMENT, fields.dg12),
            ("dg14", Group::SECURITY, fields.dg14),
            ("dg15", Group::ACTIVE, fields.dg15),
        ] {
            if let Some(field) = field {
                files = files.with(group, file(name, FileId::Group(group), field)?)?;
            }
        }
        let proof = match (fields.nonce, fields.signature) {
            (None, None) => None,
            (Some(nonce), Some(signature)) => {
                let nonce = <[u8; 8]>::try_from(decode("nonce", nonce)?);
                let nonce = nonce.map_err(|_| HandedInError::Proof)?;
                let signature = decode("signature", signature)?;
                if signature.len() > MAX_SIGNATURE {
                    return Err(HandedInError::Proof);
                }
                Some((Nonce::new(nonce), signature))
            }
            (Some(_), None) | (None, Some(_)) => return Err(HandedInError::Proof),
        };
        Ok(Self { files, proof })
    }

    /// The text of a reading, for whoever judges it elsewhere; [`HandedIn::read`] takes it. `None` where DG1 or DG2 was not read. Groups
    /// that are not read here are left out.
    #[must_use]
    pub fn write(reading: &ChipReading, nonce: &Nonce) -> Option<String> {
        let files = &reading.files;
        let mut fields = BTreeMap::from([("sod", STANDARD.encode(files.sod()))]);
        fields.insert("dg1", STANDARD.encode(files.group(Group::MRZ)?));
        fields.insert("dg2", STANDARD.encode(files.group(Group::FACE)?));
        let optional = [
            ("com", files.com()),
            ("dg11", files.group(Group::HOLDER)),
            ("dg12", files.group(Group::DOCUMENT)),
            ("dg14", files.group(Group::SECURITY)),
            ("dg15", files.group(Group::ACTIVE)),
            ("nonce", reading.signature.as_ref().map(|_| nonce.as_bytes().as_slice())),
            ("signature", reading.signature.as_deref()),
        ];
        fields.extend(optional.into_iter().filter_map(|(name, file)| Some((name, STANDARD.encode(file?)))));
        serde_json::to_string(&fields).ok()
    }

    /// The files, not yet believed.
    #[must_use]
    pub const fn files(&self) -> &ChipFiles {
        &self.files
    }

    /// The reading that was asked for with `nonce`, which this program chose for it.
    ///
    /// # Errors
    /// [`HandedInError::OtherNonce`]: a signature of another nonce may be of another day.
    pub fn for_nonce(self, nonce: &Nonce) -> Result<ChipReading, HandedInError> {
        match self.proof {
            None => Ok(ChipReading { files: self.files, signature: None }),
            Some((signed, signature)) if signed == *nonce => {
                Ok(ChipReading { files: self.files, signature: Some(signature) })
            }
            Some(_) => Err(HandedInError::OtherNonce),
        }
    }
}

/// A file's bytes; its length is judged before it is unpacked.
fn file(name: &'static str, id: FileId, field: &str) -> Result<Vec<u8>, HandedInError> {
    if field.len() / 4 * 3 > id.max_len() + 2 {
        return Err(FileError::TooLong(id).into());
    }
    decode(name, field)
}

fn decode(name: &'static str, field: &str) -> Result<Vec<u8>, HandedInError> {
    STANDARD.decode(field).map_err(|_| HandedInError::Base64(name))
}

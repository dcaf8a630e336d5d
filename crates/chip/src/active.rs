//! Active authentication: that a chip is no copy, by a signature with a key that never leaves it (ICAO Doc 9303-11, 6.1).
//!
//! Lives here: [`Nonce`], [`OriginalChip`], and what is refused. ECDSA alone: RSA chips sign by ISO/IEC 9796-2 with message recovery,
//! which the crypto library does not have and nobody here writes by hand. Not here: chip authentication (ICAO Doc 9303-11, 6.2): it
//! needs a channel of its own.

use credential::x509::X509Refusal;
use documents::redact_debug;

use crate::file::Group;
use crate::lds::{ActiveAlgorithm, ActiveKey};
use crate::passive::AuthenticChip;

/// What a chip is asked to sign: eight bytes, fresh for each reading. They come in as an argument (`credential::random`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonce([u8; 8]);

impl Nonce {
    /// These bytes. Whoever takes a nonce that another party chose proves nothing.
    #[must_use]
    pub const fn new(fresh: [u8; 8]) -> Self {
        Self(fresh)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

/// Why a chip counts as a copy, or cannot show that it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ActiveError {
    /// The document has a key for it (DG15 is listed), and the chip did not deliver the key, or did not sign: what a copy does.
    #[error("the document's chip can prove that it is no copy, and this one did not; call an officer")]
    Missing,
    /// The signature is not valid for this nonce and the document's key.
    #[error("the chip did not prove that it is no copy: its signature is not valid; call an officer")]
    Failed,
    /// RSA by ISO/IEC 9796-2, or a curve that is not verified here.
    #[error(
        "the chip proves that it is no copy in a way that is not verified here; have an officer check the document"
    )]
    Unsupported,
    /// DG14 names no algorithm for the key, or one that is too weak.
    #[error("the chip names no algorithm that counts for its proof; have an officer check the document")]
    Algorithm,
}

impl ActiveError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "chip_active_authentication_missing",
            Self::Failed => "chip_active_authentication_failed",
            Self::Unsupported => "chip_active_authentication_unsupported",
            Self::Algorithm => "chip_active_authentication_algorithm",
        }
    }
}

/// Whether a chip showed that it is no copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyCheck {
    /// It signed a fresh nonce with the document's key.
    Original,
    /// The document has no key for active authentication: a copy cannot be told from it here.
    NotOffered,
}

/// An authentic chip of which it was asked whether it is a copy. [`AuthenticChip::prove_original`] is the one maker.
#[derive(Clone, PartialEq, Eq)]
pub struct OriginalChip {
    chip: AuthenticChip,
    check: CopyCheck,
}
redact_debug!(OriginalChip);

impl OriginalChip {
    /// What the chip holds.
    #[must_use]
    pub const fn chip(&self) -> &AuthenticChip {
        &self.chip
    }

    /// Whether it showed that it is no copy.
    #[must_use]
    pub const fn check(&self) -> CopyCheck {
        self.check
    }
}

impl AuthenticChip {
    /// Judges the chip's `signature` of `nonce`; `None` where it gave none.
    ///
    /// # Errors
    /// [`ActiveError`] wherever the document has a key and the chip did not prove that it holds it.
    pub fn prove_original(
        self,
        nonce: &Nonce,
        signature: Option<&[u8]>,
    ) -> Result<OriginalChip, ActiveError> {
        if !self.lists(Group::ACTIVE) {
            return Ok(OriginalChip { chip: self, check: CopyCheck::NotOffered });
        }
        let (Some(key), Some(signature)) = (self.active_key(), signature) else {
            return Err(ActiveError::Missing);
        };
        let key = match key {
            ActiveKey::Curve(key) => key,
            ActiveKey::Rsa | ActiveKey::OtherCurve | ActiveKey::OtherKind => {
                return Err(ActiveError::Unsupported);
            }
        };
        let hash = match self.security().and_then(|security| security.active) {
            Some(ActiveAlgorithm::Ecdsa(hash)) => hash,
            Some(ActiveAlgorithm::Weak | ActiveAlgorithm::Unknown) | None => {
                return Err(ActiveError::Algorithm);
            }
        };
        // ICAO Doc 9303-11, 6.1.2.3: no hash longer than the key.
        if key.coordinate_len().is_none_or(|len| hash.size() > len) {
            return Err(ActiveError::Algorithm);
        }
        match key.verify_plain(hash, nonce.as_bytes(), signature) {
            Ok(()) => Ok(OriginalChip { chip: self, check: CopyCheck::Original }),
            Err(X509Refusal::Scheme) => Err(ActiveError::Unsupported),
            Err(
                X509Refusal::Signature
                | X509Refusal::Malformed
                | X509Refusal::Curve
                | X509Refusal::KeyKind
                | X509Refusal::KeyLength
                | X509Refusal::WeakHash,
            ) => Err(ActiveError::Failed),
        }
    }
}

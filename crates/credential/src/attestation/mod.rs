//! Attestation: what a phone's maker says of where a device key is kept.
//!
//! Lives here: [`android`] (Android Key Attestation), [`apple`] (Apple App Attest), [`TrustAnchors`] and
//! [`RevokedSerials`], which come in as arguments like the time. Not here: which apps count, challenges
//! (`authority::issuance`), and how long a token lives ([`crate::KeyClass`]).

pub mod android;
pub mod apple;
mod chain;

use crate::cbor::Writer;
use crate::{PublicKey, sha256};

pub use chain::{MAX_CERTIFICATE, MAX_CHAIN, RevokedSerials, TrustAnchors};

/// Why an attestation counts for nothing. The key is then one in software.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// The statement or a certificate is malformed, or longer than is read.
    #[error("the attestation is malformed; make a new device key and attest it anew")]
    Malformed,
    /// The certificates do not lead to a root that counts: a signature, a name, a constraint or a root is wrong.
    #[error("the attestation's certificates lead to no root that counts here; use a phone of a listed maker")]
    Chain,
    /// A certificate is not valid at this time.
    #[error("a certificate of the attestation is not valid now; make a new device key and attest it anew")]
    Validity,
    /// A certificate was revoked by the maker.
    #[error("a certificate of the attestation is revoked by its maker; use another phone")]
    Revoked,
    /// It was made for another challenge.
    #[error("the attestation is for another challenge; fetch a challenge and attest a new device key")]
    Challenge,
    /// It attests another key, or a key of another kind or use than a device key's.
    #[error("the attestation is for another key; attest the device keys of this very request")]
    Key,
    /// The key is kept in software, or was brought into the hardware from outside.
    #[error("the attested key was not made in hardware; use the phone's own key store")]
    Software,
    /// The phone's boot loader is unlocked, or its system is not the maker's.
    #[error("the phone does not run its maker's locked system; lock its boot loader, or use another phone")]
    Device,
    /// An app made the key that this authority does not list.
    #[error("the attested app is not listed here; use the app that this authority names")]
    App,
}

impl AttestationError {
    /// The stable code, as an answer gives it (`docs/formats.md`).
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "attestation_malformed",
            Self::Chain => "attestation_chain",
            Self::Validity => "attestation_expired",
            Self::Revoked => "attestation_revoked",
            Self::Challenge => "attestation_challenge",
            Self::Key => "attestation_key",
            Self::Software => "attestation_software",
            Self::Device => "attestation_device",
            Self::App => "attestation_app",
        }
    }
}

/// Label of what a challenge is made of.
const CHALLENGE_LABEL: &str = "bp1-attestation";

/// The challenge of an Android key: SHA-256 of the deterministic CBOR `[label, [nonce ...]]`, the nonces of all authorities
/// that are asked with one attestation. A key is attested while it is made, so nothing of the key can be in it.
#[must_use]
pub fn attestation_challenge(nonces: &[Vec<u8>]) -> [u8; 32] {
    let mut w = Writer::new();
    w.array(2).text(CHALLENGE_LABEL);
    write_all(&mut w, nonces);
    sha256(&w.finish())
}

/// The hash of the client data of an app on an iPhone: SHA-256 of `[label, [nonce ...], [device key ...]]`, the device keys
/// as compressed points in the order of the request.
#[must_use]
pub fn client_data_hash(nonces: &[Vec<u8>], devices: &[PublicKey]) -> [u8; 32] {
    let mut w = Writer::new();
    w.array(3).text(CHALLENGE_LABEL);
    write_all(&mut w, nonces);
    write_all(&mut w, &devices.iter().map(PublicKey::as_bytes).collect::<Vec<_>>());
    sha256(&w.finish())
}

fn write_all(w: &mut Writer, all: &[impl AsRef<[u8]>]) {
    w.array(all.len());
    for bytes in all {
        w.bytes(bytes.as_ref());
    }
}

//! Verifier binding: for which jurisdiction a verifier of another system asks, and for which credentials it may ask.
//!
//! Lives here: [`VerifierBinding`]. Not here: what it shares with an issuer's (`foreign`), the request (`openid4vc`), whether a wallet answers
//! (the wallet).

use credential::PublicKey;
use credential::cbor::{CborError, Reader, Writer};

use crate::foreign::{CredentialType, Foreign, Jurisdiction};

/// What a verifier of another system may ask wallets for, as an authority lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierBinding(Foreign);

impl VerifierBinding {
    /// A binding. `certificate`: of the authority above the verifier's signers of requests, in DER. `None` where it is no certificate of a key on
    /// P-256, or longer than 2,048 bytes, or without a type of credentials, or with more than 8: such a verifier might ask for nothing.
    #[must_use]
    pub fn new(
        jurisdiction: Jurisdiction,
        types: impl IntoIterator<Item = CredentialType>,
        certificate: Vec<u8>,
    ) -> Option<Self> {
        Foreign::new(jurisdiction, types, certificate).map(Self)
    }

    /// Whose verifier it is. A signer's certificate that names a country names this one.
    #[must_use]
    pub const fn jurisdiction(&self) -> Jurisdiction {
        self.0.jurisdiction()
    }

    /// The credentials that it may ask for, in order.
    pub fn types(&self) -> impl Iterator<Item = &CredentialType> {
        self.0.types().iter()
    }

    /// Whether it may ask for credentials of this type.
    #[must_use]
    pub fn may_ask_for(&self, kind: &CredentialType) -> bool {
        self.0.types().contains(kind)
    }

    /// The certificate above its signers of requests, in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.0.certificate()
    }

    /// The certificate's key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        self.0.key()
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(3);
        self.0.write_head(w);
        self.0.write_certificate(w);
    }

    /// Reads a binding: types ascend, none twice, so that a binding has one form.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_exact(3)?;
        Ok(Self(Foreign::read(r, |_| Ok(()))?.0))
    }
}

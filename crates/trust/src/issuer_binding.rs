//! Issuer binding: for which jurisdiction, which credentials and which documents an issuer of another system counts.
//!
//! Lives here: [`IssuerBinding`]. Not here: what it shares with a verifier's (`foreign`), the proof of a credential (`openid4vc`), whether an
//! authority takes one at an enrolment (its approval).

use std::collections::BTreeSet;

use credential::PublicKey;
use credential::cbor::{CborError, Reader, Writer};
use documents::DocumentKind;

use crate::ascending::ascending;
use crate::foreign::{CredentialType, Foreign, Jurisdiction};

/// What an issuer of another system counts for, as an authority lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerBinding {
    foreign: Foreign,
    documents: BTreeSet<DocumentKind>,
}

impl IssuerBinding {
    /// A binding. `certificate`: of the authority above the issuer's signers, in DER. `None` where it is no certificate of a key on P-256,
    /// or longer than 2,048 bytes, or without a type or a kind of document: such an issuer would count for nothing.
    #[must_use]
    pub fn new(
        jurisdiction: Jurisdiction,
        types: impl IntoIterator<Item = CredentialType>,
        documents: impl IntoIterator<Item = DocumentKind>,
        certificate: Vec<u8>,
    ) -> Option<Self> {
        let documents: BTreeSet<_> = documents.into_iter().collect();
        let foreign = Foreign::new(jurisdiction, types, certificate)?;
        (!documents.is_empty()).then_some(Self { foreign, documents })
    }

    /// Whose issuer it is.
    #[must_use]
    pub const fn jurisdiction(&self) -> Jurisdiction {
        self.foreign.jurisdiction()
    }

    /// The credentials that count, in order.
    pub fn types(&self) -> impl Iterator<Item = &CredentialType> {
        self.foreign.types().iter()
    }

    /// The kinds of documents whose numbers it may tell, in order.
    pub fn documents(&self) -> impl Iterator<Item = DocumentKind> {
        self.documents.iter().copied()
    }

    /// The certificate above its signers, in DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        self.foreign.certificate()
    }

    /// The certificate's key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        self.foreign.key()
    }

    pub(crate) fn write(&self, w: &mut Writer) {
        w.array(4);
        self.foreign.write_head(w);
        w.array(self.documents.len());
        for kind in &self.documents {
            w.text(kind.as_str());
        }
        self.foreign.write_certificate(w);
    }

    /// Reads a binding: types and kinds ascend, none twice, so that a binding has one form.
    pub(crate) fn read(r: &mut Reader<'_>) -> Result<Self, CborError> {
        r.array_exact(4)?;
        let (foreign, documents) = Foreign::read(r, |r| {
            let mut documents = BTreeSet::new();
            for _ in 0..r.array(DocumentKind::ALL.len())? {
                ascending(&mut documents, r.text(32)?.parse().map_err(|_| CborError::Unexpected)?)?;
            }
            Ok(documents)
        })?;
        if documents.is_empty() { Err(CborError::Unexpected) } else { Ok(Self { foreign, documents }) }
    }
}

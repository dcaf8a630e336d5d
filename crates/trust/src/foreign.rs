//! Foreign: what every system of others has in an authority's list, be it an issuer or a verifier.
//!
//! Lives here: [`Jurisdiction`], [`CredentialType`], their certificate and its key. Not here: for what each of them counts beyond that
//! (`issuer_binding`, `verifier_binding`).
//!
//! Such a system is none of ours: its certificate comes from its own publication, in person, and enters an authority's list by its
//! supervisors, as every key does.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use credential::cbor::{CborError, Reader, Writer};
use credential::certificate;
use credential::{PublicKey, VerifyingKey};

use crate::ascending::ascending;

/// Longest certificate in a list, in bytes.
const MAX_CERTIFICATE: usize = 2_048;
/// Most types of credentials of one system.
const MAX_TYPES: usize = 8;
/// Longest name of a type, in bytes.
const MAX_TYPE: usize = 255;

/// A jurisdiction: two letters of ISO 3166-1, as certificates name a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jurisdiction([u8; 2]);

/// The text names no jurisdiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a jurisdiction as two capital letters of ISO 3166-1, for instance HK")]
pub struct NotAJurisdiction;

impl Jurisdiction {
    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII letters are ever in it.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for Jurisdiction {
    type Err = NotAJurisdiction;

    fn from_str(text: &str) -> Result<Self, NotAJurisdiction> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([*a, *b])),
            _ => Err(NotAJurisdiction),
        }
    }
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A type of credential, in one of the two forms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CredentialType {
    /// An SD-JWT VC of this `vct`.
    SdJwt(String),
    /// An mdoc of this document type.
    Mdoc(String),
}

/// The text names no type of credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write a type of credential as sd-jwt:VCT or mdoc:DOCTYPE, for instance mdoc:org.iso.23220.photoID.1"
)]
pub struct NotACredentialType;

impl CredentialType {
    fn parts(&self) -> (u64, &str) {
        match self {
            Self::SdJwt(name) => (0, name),
            Self::Mdoc(name) => (1, name),
        }
    }

    fn new(form: u64, name: &str) -> Option<Self> {
        let sound = (1..=MAX_TYPE).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        match form {
            0 if sound => Some(Self::SdJwt(name.to_owned())),
            1 if sound => Some(Self::Mdoc(name.to_owned())),
            _ => None,
        }
    }
}

impl FromStr for CredentialType {
    type Err = NotACredentialType;

    fn from_str(text: &str) -> Result<Self, NotACredentialType> {
        let (form, name) = text.split_once(':').ok_or(NotACredentialType)?;
        let form = match form {
            "sd-jwt" => 0,
            "mdoc" => 1,
            _ => return Err(NotACredentialType),
        };
        Self::new(form, name).ok_or(NotACredentialType)
    }
}

impl fmt::Display for CredentialType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SdJwt(name) => write!(f, "sd-jwt:{name}"),
            Self::Mdoc(name) => write!(f, "mdoc:{name}"),
        }
    }
}

/// A system of others: whose it is, its types of credentials, the certificate above its signers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Foreign {
    jurisdiction: Jurisdiction,
    types: BTreeSet<CredentialType>,
    certificate: Vec<u8>,
    key: PublicKey,
}

impl Foreign {
    /// `None` where `certificate` (DER) is none of a key on P-256, or longer than 2,048 bytes, or where there is no type, or more than 8:
    /// such a system would count for nothing.
    pub(crate) fn new(
        jurisdiction: Jurisdiction,
        types: impl IntoIterator<Item = CredentialType>,
        certificate: Vec<u8>,
    ) -> Option<Self> {
        let types: BTreeSet<_> = types.into_iter().collect();
        if certificate.len() > MAX_CERTIFICATE || !(1..=MAX_TYPES).contains(&types.len()) {
            return None;
        }
        let key = certificate::public_key(&certificate)?;
        VerifyingKey::new(key).ok()?;
        Some(Self { jurisdiction, types, certificate, key })
    }

    pub(crate) const fn jurisdiction(&self) -> Jurisdiction {
        self.jurisdiction
    }

    pub(crate) const fn types(&self) -> &BTreeSet<CredentialType> {
        &self.types
    }

    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Writes jurisdiction and types, with which every such binding begins.
    pub(crate) fn write_head(&self, w: &mut Writer) {
        w.text(self.jurisdiction.as_str()).array(self.types.len());
        for one in &self.types {
            let (form, name) = one.parts();
            w.array(2).uint(form).text(name);
        }
    }

    /// Writes the certificate, with which every such binding ends.
    pub(crate) fn write_certificate(&self, w: &mut Writer) {
        w.bytes(&self.certificate);
    }

    /// Reads a binding that begins and ends as every such binding: types ascend, none twice, so that it has one form. `middle`: what this kind
    /// has between types and certificate.
    pub(crate) fn read<T>(
        r: &mut Reader<'_>,
        middle: impl FnOnce(&mut Reader<'_>) -> Result<T, CborError>,
    ) -> Result<(Self, T), CborError> {
        let jurisdiction = r.text(2)?.parse().map_err(|_| CborError::Unexpected)?;
        let mut types = BTreeSet::new();
        for _ in 0..r.array(MAX_TYPES)? {
            r.array_exact(2)?;
            let form = r.uint()?;
            let next = CredentialType::new(form, r.text(MAX_TYPE)?);
            ascending(&mut types, next.ok_or(CborError::Unexpected)?)?;
        }
        let middle = middle(r)?;
        let certificate = r.bytes(MAX_CERTIFICATE)?.to_vec();
        let read = Self::new(jurisdiction, types, certificate).ok_or(CborError::Unexpected)?;
        Ok((read, middle))
    }
}

//! Verifying a response: certificates, issuer, digests, times, country, then the holder's device.

use std::collections::BTreeMap;

use credential::agreement::AgreementKey;
use credential::x5c::{CertificateAnchors, LeafUse, VerifiedLeaf, verify_x5c};
use documents::{Timestamp, redact_debug};

use super::items::DeviceResponse;
use super::mso::SecurityObject;
use super::{MdocError, SessionTranscript, Value};
use crate::status::StatusReference;

/// Element that names the issuing country, in the name spaces of driving licences and of ISO/IEC 23220.
const COUNTRY: &str = "issuing_country";

/// Elements by name space and name.
pub type Elements = BTreeMap<String, BTreeMap<String, Value>>;

/// What a verifier expects.
#[derive(Clone, Copy)]
pub struct Expected<'e> {
    /// The authorities whose document signers count.
    pub anchors: &'e CertificateAnchors,
    /// What the holder's device must have signed.
    pub transcript: &'e SessionTranscript,
    /// The reader's key of the session in proximity, by which a device's MAC is checked; `None` online.
    pub reader: Option<&'e AgreementKey>,
    /// Now.
    pub now: Timestamp,
}
redact_debug!(Expected<'_>);

/// A response that was verified. `Debug` shows nothing.
#[derive(Clone)]
pub struct Verified {
    elements: Elements,
    object: SecurityObject,
    issuer: VerifiedLeaf,
}
redact_debug!(Verified);

impl Verified {
    /// The type.
    #[must_use]
    pub fn doc_type(&self) -> &str {
        self.object.doc_type()
    }

    /// The elements that were shown.
    #[must_use]
    pub const fn elements(&self) -> &Elements {
        &self.elements
    }

    /// One element.
    #[must_use]
    pub fn element(&self, name_space: &str, element: &str) -> Option<&Value> {
        self.elements.get(name_space)?.get(element)
    }

    /// Where its status stands; the caller looks it up.
    #[must_use]
    pub const fn status(&self) -> Option<&StatusReference> {
        self.object.status()
    }

    /// What its issuer signed.
    #[must_use]
    pub const fn security_object(&self) -> &SecurityObject {
        &self.object
    }

    /// The document signer's certificate.
    #[must_use]
    pub const fn issuer(&self) -> &VerifiedLeaf {
        &self.issuer
    }
}

/// Verifies a response of one document.
///
/// # Errors
/// [`MdocError`] for the first fault.
pub fn verify(response: &[u8], expected: &Expected<'_>) -> Result<Verified, MdocError> {
    let response = DeviceResponse::parse(response)?;
    let document = response.only()?;
    let chain = document.issuer_signed.certificates();
    if chain.is_empty() {
        return Err(MdocError::NoCertificate);
    }
    let issuer = verify_x5c(chain, expected.anchors, LeafUse::DocumentSigner, expected.now)?;
    let object = document.open(&issuer.key)?;
    object.hold_times(expected.now)?;
    if object.signed() < issuer.not_before || object.signed() > issuer.not_after {
        return Err(MdocError::SignedOutside);
    }
    let mut elements = Elements::new();
    for (name_space, element, value) in document.issuer_signed.elements() {
        let country = issuer.country.as_deref();
        if element == COUNTRY && country.is_some() && value.as_text() != country {
            return Err(MdocError::Country);
        }
        elements.entry(name_space.to_owned()).or_default().insert(element.to_owned(), value.clone());
    }
    document.hold_device(&object, expected.transcript, expected.reader)?;
    Ok(Verified { elements, object, issuer })
}

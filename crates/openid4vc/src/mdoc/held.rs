//! Held: an mdoc in the hand of its holder, and the responses made of it.

use credential::cbor::Writer;
use credential::x5c::{CertificateAnchors, LeafUse, verify_x5c};
use credential::{PublicKey, SigningKey};
use documents::{Timestamp, redact_debug};

use super::issue::issuer_signed;
use super::items::IssuerSigned;
use super::mso::SecurityObject;
use super::transcript::{SessionTranscript, device_authentication};
use super::{ENCODED, MdocError, Value, sign1};

/// An mdoc with all its elements. `Debug` shows nothing.
#[derive(Clone)]
pub struct Held {
    issuer_signed: IssuerSigned,
    object: SecurityObject,
}
redact_debug!(Held);

impl Held {
    /// Takes an mdoc from its issuer: verifies the signature by its certificates, every digest, and that it is bound to `device`.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn receive(
        bytes: &[u8],
        anchors: &CertificateAnchors,
        device: &PublicKey,
        now: Timestamp,
    ) -> Result<Self, MdocError> {
        let issuer_signed = IssuerSigned::parse(bytes)?;
        if issuer_signed.certificates().is_empty() {
            return Err(MdocError::NoCertificate);
        }
        let leaf = verify_x5c(issuer_signed.certificates(), anchors, LeafUse::DocumentSigner, now)?;
        let object = issuer_signed.open(&leaf.key)?;
        object.hold_order()?;
        if object.device_key() != device {
            return Err(MdocError::OtherKey);
        }
        Ok(Self { issuer_signed, object })
    }

    /// Reads an mdoc that was received before; its signature is not verified again.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn read(bytes: &[u8]) -> Result<Self, MdocError> {
        let issuer_signed = IssuerSigned::parse(bytes)?;
        let object = issuer_signed.unverified()?;
        issuer_signed.hold_digests(&object)?;
        Ok(Self { issuer_signed, object })
    }

    /// What its issuer signed.
    #[must_use]
    pub const fn security_object(&self) -> &SecurityObject {
        &self.object
    }

    /// The issuer's certificates in DER, leaf first.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        self.issuer_signed.certificates()
    }

    /// Name space, element and value of each element.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.issuer_signed.elements()
    }

    /// Makes a response that shows the elements for which `shows(name space, element)` is true, signed by the device key.
    ///
    /// # Errors
    /// [`MdocError::OtherKey`], [`MdocError::Crypto`].
    pub fn present(
        &self,
        shows: impl Fn(&str, &str) -> bool,
        transcript: &SessionTranscript,
        device: &SigningKey,
    ) -> Result<Vec<u8>, MdocError> {
        Ok(response(&[self.present_document(shows, transcript, device)?], &[]))
    }

    /// The same, as one document of a response that [`response`] makes.
    ///
    /// # Errors
    /// [`MdocError::OtherKey`], [`MdocError::Crypto`].
    pub fn present_document(
        &self,
        shows: impl Fn(&str, &str) -> bool,
        transcript: &SessionTranscript,
        device: &SigningKey,
    ) -> Result<Vec<u8>, MdocError> {
        if device.public() != self.object.device_key() {
            return Err(MdocError::OtherKey);
        }
        let mut name_spaces = Vec::new();
        for (name_space, items) in &self.issuer_signed.name_spaces {
            let shown = items.iter().filter(|item| shows(name_space, &item.element));
            let shown: Vec<Vec<u8>> = shown.map(|item| item.bytes.clone()).collect();
            if !shown.is_empty() {
                name_spaces.push((name_space.as_str(), shown));
            }
        }
        let doc_type = self.object.doc_type();
        let own = Writer::new().tag(ENCODED).bytes(&Writer::new().map(0).finish()).finish();
        let signed = device_authentication(transcript, doc_type, &own);
        let signature = sign1::sign(device, &[], &signed, true)?;
        let mut out = Writer::new();
        out.map(3).text("docType").text(doc_type);
        out.text("deviceSigned").map(2);
        out.text("deviceAuth").map(1).text("deviceSignature").raw(&signature);
        out.text("nameSpaces").raw(&own);
        out.text("issuerSigned").raw(&issuer_signed(&name_spaces, &self.issuer_signed.auth_bytes));
        Ok(out.finish())
    }
}

/// Writes a response of documents that are encoded already, and of the types of which the holder shows nothing (error code 0).
#[must_use]
pub fn response(documents: &[Vec<u8>], missing: &[&str]) -> Vec<u8> {
    let mut out = Writer::new();
    let members = 2 + usize::from(!documents.is_empty()) + usize::from(!missing.is_empty());
    out.map(members).text("status").uint(0).text("version").text("1.0");
    if !documents.is_empty() {
        out.text("documents").array(documents.len());
        for document in documents {
            out.raw(document);
        }
    }
    if !missing.is_empty() {
        out.text("documentErrors").array(missing.len());
        for doc_type in missing {
            out.map(1).text(doc_type).uint(0);
        }
    }
    out.finish()
}

//! Items: an mdoc and a device's response as they came, every hashed byte kept.

use std::collections::BTreeSet;

use credential::VerifyingKey;
use credential::agreement::AgreementKey;
use credential::cbor::CborError;
use credential::sd_cwt::{Encoding, Items, Value};
use documents::redact_debug;

use super::mso::SecurityObject;
use super::sign1::{Mac, Signature, members, text};
use super::transcript::{SessionTranscript, device_authentication};
use super::{ENCODED, MAX_LEN, MdocError};

/// Shortest random value of an element, in bytes (ISO/IEC 18013-5, 9.1.2.5).
const MIN_RANDOM: usize = 16;

/// One element with its digest's number, and its bytes: tag 24, head and all.
#[derive(Clone)]
pub(super) struct Item {
    pub bytes: Vec<u8>,
    pub digest_id: u64,
    pub element: String,
    pub value: Value,
}
redact_debug!(Item);

impl Item {
    fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let start = items.position();
        items.tag(ENCODED)?;
        let mut inner = Items::new(items.bytes()?, Encoding::Any);
        let (mut digest_id, mut random, mut element, mut value) = (None, 0, None, None);
        members(&mut inner, |name, items| {
            match name {
                "digestID" => {
                    digest_id = items.value(1)?.as_int().and_then(|id| u64::try_from(id).ok());
                }
                "random" => random = items.bytes()?.len(),
                "elementIdentifier" => element = Some(text(items)?),
                "elementValue" => value = Some(items.value(1)?),
                _ => return Err(CborError::Unexpected.into()),
            }
            Ok(())
        })?;
        inner.finish()?;
        match (digest_id, element, value) {
            (Some(digest_id), Some(element), Some(value)) if random >= MIN_RANDOM => {
                Ok(Self { bytes: items.since(start)?.to_vec(), digest_id, element, value })
            }
            _ => Err(CborError::Unexpected.into()),
        }
    }
}

/// Elements by name space, and the issuer's signature.
#[derive(Clone)]
pub struct IssuerSigned {
    pub(super) name_spaces: Vec<(String, Vec<Item>)>,
    pub(super) auth: Signature,
    /// The signature as it came.
    pub(super) auth_bytes: Vec<u8>,
}
redact_debug!(IssuerSigned);

impl IssuerSigned {
    /// Reads the form in which an issuer sends an mdoc.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, MdocError> {
        if bytes.len() > MAX_LEN {
            return Err(CborError::Limit.into());
        }
        let mut items = Items::new(bytes, Encoding::Any);
        let read = Self::read(&mut items)?;
        items.finish()?;
        Ok(read)
    }

    fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let (mut name_spaces, mut auth) = (Vec::new(), None);
        members(items, |name, items| {
            match name {
                "nameSpaces" => members(items, |name_space, items| {
                    let (mut read, mut seen) = (Vec::new(), BTreeSet::new());
                    for _ in 0..items.array()? {
                        let item = Item::read(items)?;
                        if !seen.insert(item.element.clone()) {
                            return Err(MdocError::ElementRepeated);
                        }
                        read.push(item);
                    }
                    name_spaces.push((name_space.to_owned(), read));
                    Ok(())
                })?,
                "issuerAuth" => {
                    let start = items.position();
                    let signature = Signature::read(items)?;
                    auth = Some((signature, items.since(start)?.to_vec()));
                }
                _ => return Err(CborError::Unexpected.into()),
            }
            Ok(())
        })?;
        let (auth, auth_bytes) = auth.ok_or(CborError::Unexpected)?;
        Ok(Self { name_spaces, auth, auth_bytes })
    }

    /// The issuer's certificates in DER, leaf first; not proven.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.auth.certificates
    }

    /// What the issuer signed, once the signature is this key's, and every element has its digest.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn open(&self, key: &VerifyingKey) -> Result<SecurityObject, MdocError> {
        let payload = self.auth.payload.as_deref().ok_or(CborError::Unexpected)?;
        if !self.auth.verify(key, payload) {
            return Err(MdocError::Signature);
        }
        let object = SecurityObject::read(payload)?;
        self.hold_digests(&object)?;
        Ok(object)
    }

    /// The digest is over the whole item, tag 24 and head included.
    pub(super) fn hold_digests(&self, object: &SecurityObject) -> Result<(), MdocError> {
        for (name_space, items) in &self.name_spaces {
            let digests = object.digests.get(name_space).ok_or(MdocError::NotSigned)?;
            let mut seen = BTreeSet::new();
            for item in items {
                let digest = digests.get(&item.digest_id).ok_or(MdocError::NotSigned)?;
                if !seen.insert(item.digest_id) {
                    return Err(MdocError::ElementRepeated);
                }
                if *digest != object.hash.digest(&item.bytes) {
                    return Err(MdocError::Digest);
                }
            }
        }
        Ok(())
    }

    /// What was signed, its signature not verified again.
    pub(super) fn unverified(&self) -> Result<SecurityObject, MdocError> {
        let payload = self.auth.payload.as_deref().ok_or(CborError::Unexpected)?;
        SecurityObject::read(payload)
    }

    /// Name space, element and value of each element.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.name_spaces.iter().flat_map(|(name_space, items)| {
            items.iter().map(move |item| (name_space.as_str(), item.element.as_str(), &item.value))
        })
    }
}

/// By what the holder's device authenticates itself.
#[derive(Clone)]
enum DeviceAuth {
    Signature(Signature),
    Mac(Mac),
}

/// The proof of the holder's device, and elements of its own.
#[derive(Clone)]
struct DeviceSigned {
    /// `DeviceNameSpacesBytes` as they came.
    bytes: Vec<u8>,
    elements: Vec<(String, String)>,
    auth: Option<DeviceAuth>,
}

impl DeviceSigned {
    fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let (mut bytes, mut elements) = (None, Vec::new());
        let mut auth = None;
        members(items, |name, items| {
            match name {
                "nameSpaces" => {
                    let start = items.position();
                    items.tag(ENCODED)?;
                    let mut inner = Items::new(items.bytes()?, Encoding::Any);
                    members(&mut inner, |name_space, items| {
                        members(items, |element, items| {
                            items.value(1)?;
                            elements.push((name_space.to_owned(), element.to_owned()));
                            Ok(())
                        })
                    })?;
                    inner.finish()?;
                    bytes = Some(items.since(start)?.to_vec());
                }
                "deviceAuth" => members(items, |name, items| {
                    let read = match name {
                        "deviceSignature" => DeviceAuth::Signature(Signature::read(items)?),
                        "deviceMac" => DeviceAuth::Mac(Mac::read(items)?),
                        _ => return Err(CborError::Unexpected.into()),
                    };
                    // One of the two, never both.
                    if auth.replace(read).is_some() { Err(CborError::Unexpected.into()) } else { Ok(()) }
                })?,
                _ => return Err(CborError::Unexpected.into()),
            }
            Ok(())
        })?;
        Ok(Self { bytes: bytes.ok_or(CborError::Unexpected)?, elements, auth })
    }
}

/// One document of a response.
#[derive(Clone)]
pub struct Document {
    doc_type: String,
    /// What the issuer signed, and what is shown of it.
    pub issuer_signed: IssuerSigned,
    device_signed: Option<DeviceSigned>,
}
redact_debug!(Document);

impl Document {
    fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let (mut doc_type, mut issuer_signed, mut device_signed) = (None, None, None);
        members(items, |name, items| {
            match name {
                "docType" => doc_type = Some(text(items)?),
                "issuerSigned" => issuer_signed = Some(IssuerSigned::read(items)?),
                "deviceSigned" => device_signed = Some(DeviceSigned::read(items)?),
                _ => drop(items.value(1)?),
            }
            Ok(())
        })?;
        Ok(Self {
            doc_type: doc_type.ok_or(CborError::Unexpected)?,
            issuer_signed: issuer_signed.ok_or(CborError::Unexpected)?,
            device_signed,
        })
    }

    /// The type that the response names.
    #[must_use]
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// What the issuer signed, once signature, type and digests fit.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn open(&self, key: &VerifyingKey) -> Result<SecurityObject, MdocError> {
        let object = self.issuer_signed.open(key)?;
        if object.doc_type != self.doc_type {
            return Err(MdocError::DocType);
        }
        Ok(object)
    }

    /// That the device of the security object signed this transcript, or made a MAC over it that `reader` can check, and added only what it
    /// may. `reader` is the key EReaderKey of a reader in proximity; a verifier online has none.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn hold_device(
        &self,
        object: &SecurityObject,
        transcript: &SessionTranscript,
        reader: Option<&AgreementKey>,
    ) -> Result<(), MdocError> {
        let device = self.device_signed.as_ref().ok_or(MdocError::DeviceMissing)?;
        let signed = device_authentication(transcript, &self.doc_type, &device.bytes);
        match (device.auth.as_ref().ok_or(MdocError::DeviceMissing)?, reader) {
            (DeviceAuth::Signature(signature), _) => {
                let key = VerifyingKey::new(object.device_key).map_err(|_| MdocError::DeviceKey)?;
                // The payload is detached; some libraries send it along all the same.
                let same = signature.payload.as_ref().is_none_or(|sent| *sent == signed);
                if !same || !signature.verify(&key, &signed) {
                    return Err(MdocError::DeviceSignature);
                }
            }
            (DeviceAuth::Mac(_), None) => return Err(MdocError::DeviceMac),
            (DeviceAuth::Mac(mac), Some(reader)) => {
                let secret = reader.agree(&object.device_key).map_err(|_| MdocError::DeviceKey)?;
                // ISO/IEC 18013-5, 9.1.3.5: EMacKey.
                let key = secret.mac_key(&transcript.salt(), "EMacKey")?;
                if !mac.verify(&key, &signed) {
                    return Err(MdocError::DeviceMacOther);
                }
            }
        }
        let allowed =
            |(name_space, element): &(String, String)| object.authorized.allows(name_space, element);
        if device.elements.iter().all(allowed) { Ok(()) } else { Err(MdocError::DeviceElement) }
    }
}

/// What a holder's device answers.
#[derive(Clone)]
pub struct DeviceResponse {
    /// Its documents.
    pub documents: Vec<Document>,
    status: u64,
}
redact_debug!(DeviceResponse);

impl DeviceResponse {
    /// Reads a response.
    ///
    /// # Errors
    /// [`MdocError`] for the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, MdocError> {
        if bytes.len() > MAX_LEN {
            return Err(CborError::Limit.into());
        }
        let mut items = Items::new(bytes, Encoding::Any);
        let (mut version, mut documents, mut status) = (None, Vec::new(), None);
        members(&mut items, |name, items| {
            match name {
                "version" => version = Some(text(items)?),
                "documents" => {
                    for _ in 0..items.array()? {
                        documents.push(Document::read(items)?);
                    }
                }
                "status" => status = items.value(1)?.as_int().and_then(|code| u64::try_from(code).ok()),
                _ => drop(items.value(1)?),
            }
            Ok(())
        })?;
        items.finish()?;
        if version.as_deref() != Some("1.0") {
            return Err(MdocError::Version);
        }
        Ok(Self { documents, status: status.ok_or(CborError::Unexpected)? })
    }

    /// The one document that a response under HAIP 1.0 holds.
    ///
    /// # Errors
    /// [`MdocError::ResponseStatus`], [`MdocError::Documents`].
    pub fn only(&self) -> Result<&Document, MdocError> {
        if self.status != 0 {
            return Err(MdocError::ResponseStatus);
        }
        match self.documents.as_slice() {
            [one] => Ok(one),
            _ => Err(MdocError::Documents),
        }
    }
}

//! Request: which elements of which documents a reader asks for, and who the reader is (ISO/IEC 18013-5, 8.3.2.1.2 and 9.1.4).

use std::collections::BTreeMap;

use credential::cbor::{CborError, Writer};
use credential::sd_cwt::{Encoding, Items, Key, Value};
use credential::x5c::{CertificateAnchors, LeafUse, VerifiedLeaf, X5cError, verify_x5c};
use credential::{CryptoError, SigningKey, VerifyingKey};
use documents::{Timestamp, redact_debug};

use super::form;
use crate::claim_path::Segment;
use crate::dcql::{ClaimQuery, CredentialQuery, Kind};
use crate::mdoc::sign1::{self, Signature, members, text};
use crate::mdoc::{ENCODED, MAX_LEN, MdocError, SessionTranscript};

/// Most documents that are asked for at once, and most elements of one.
const MAX_DOCUMENTS: usize = 16;
const MAX_ELEMENTS: usize = 256;

/// Why a request is not shown to its holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeviceRequestError {
    /// The bytes are no CBOR of this form, or more is asked for than is read.
    #[error("malformed device request: {0}")]
    Form(#[from] CborError),
    /// Another version than 1.x.
    #[error("the device request has another version than 1")]
    Version,
    /// Nothing is asked for.
    #[error("the device request asks for nothing")]
    Empty,
    /// The reader's signature is malformed, or of another algorithm than ES256.
    #[error("the reader's signature is malformed, or of another algorithm than ES256")]
    ReaderAuth,
    /// The reader's signature is not that of its certificate over this session.
    #[error("the request is not signed by the reader's certificate, or for another session")]
    Signature,
}

impl DeviceRequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Form(_) => "device_request_form",
            Self::Version => "device_request_version",
            Self::Empty => "device_request_empty",
            Self::ReaderAuth => "device_request_reader_auth",
            Self::Signature => "device_request_signature",
        }
    }
}

/// Whether a version is one of those that add to the first.
pub(super) fn is_version_1(version: &str) -> bool {
    let minor = version.strip_prefix("1.");
    minor.is_some_and(|minor| !minor.is_empty() && minor.bytes().all(|digit| digit.is_ascii_digit()))
}

/// An element that is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Its name space.
    pub name_space: String,
    /// Its name.
    pub name: String,
    /// Whether the reader means to keep it.
    pub intent_to_retain: bool,
}

/// What is asked of one document.
#[derive(Clone)]
pub struct DocRequest {
    /// Its type.
    pub doc_type: String,
    /// The elements, one at least.
    pub elements: Vec<Element>,
    /// `ItemsRequestBytes` as they came: tag 24, head and all.
    bytes: Vec<u8>,
    auth: Option<Signature>,
}
redact_debug!(DocRequest);

impl DocRequest {
    fn read(items: &mut Items<'_>) -> Result<Self, MdocError> {
        let (mut bytes, mut doc_type, mut elements, mut auth) = (None, None, Vec::new(), None);
        members(items, |name, items| {
            match name {
                "itemsRequest" => {
                    let start = items.position();
                    items.tag(ENCODED)?;
                    let mut inner = Items::new(items.bytes()?, Encoding::Any);
                    members(&mut inner, |name, items| {
                        match name {
                            "docType" => doc_type = Some(text(items)?),
                            "nameSpaces" => elements = read_elements(items)?,
                            _ => drop(items.value(1)?),
                        }
                        Ok(())
                    })?;
                    inner.finish()?;
                    bytes = Some(items.since(start)?.to_vec());
                }
                "readerAuth" => auth = Some(Signature::read(items)?),
                _ => drop(items.value(1)?),
            }
            Ok(())
        })?;
        let (bytes, doc_type) = (bytes.ok_or(CborError::Unexpected)?, doc_type.ok_or(CborError::Unexpected)?);
        Ok(Self { doc_type, elements, bytes, auth })
    }

    /// The reader's certificates in DER, leaf first; none where this part is not signed. Nothing is proven by them alone.
    #[must_use]
    pub fn certificates(&self) -> &[Vec<u8>] {
        self.auth.as_ref().map_or(&[], |auth| &auth.certificates)
    }

    /// Whether this key signed this part for the session of this transcript.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey, transcript: &SessionTranscript) -> bool {
        let signed = reader_authentication(transcript, &self.bytes);
        self.auth.as_ref().is_some_and(|auth| {
            auth.payload.as_ref().is_none_or(|sent| *sent == signed) && auth.verify(key, &signed)
        })
    }
}

fn read_elements(items: &mut Items<'_>) -> Result<Vec<Element>, MdocError> {
    let mut elements = Vec::new();
    members(items, |name_space, items| {
        members(items, |name, items| {
            let Value::Bool(intent_to_retain) = items.value(1)? else {
                return Err(CborError::Unexpected.into());
            };
            if elements.len() == MAX_ELEMENTS {
                return Err(CborError::Limit.into());
            }
            let (name_space, name) = (name_space.to_owned(), name.to_owned());
            elements.push(Element { name_space, name, intent_to_retain });
            Ok(())
        })
    })?;
    Ok(elements)
}

/// The bytes under a reader's signature: tag 24 around `ReaderAuthentication`.
fn reader_authentication(transcript: &SessionTranscript, items_request: &[u8]) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.array(3).text("ReaderAuthentication").raw(transcript.as_bytes()).raw(items_request);
    Writer::new().tag(ENCODED).bytes(&inner.finish()).finish()
}

/// Who asks.
#[derive(Clone)]
pub enum Reader {
    /// Whose certificate leads to a root that counts, and who signed the whole request for this session.
    Proven(Box<VerifiedLeaf>),
    /// Nobody knows.
    Unproven(Unproven),
}
redact_debug!(Reader);

/// Why nobody knows who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// The request, or a part of it, is not signed.
    #[error("the request is not signed")]
    Unsigned,
    /// The certificate does not count.
    #[error("the reader's certificate: {0}")]
    Certificate(X5cError),
    /// Parts of the request are of different readers.
    #[error("parts of the request are signed by different readers")]
    Several,
}

/// What a reader asks for.
#[derive(Clone)]
pub struct DeviceRequest {
    documents: Vec<DocRequest>,
}
redact_debug!(DeviceRequest);

impl DeviceRequest {
    /// Reads a request.
    ///
    /// # Errors
    /// [`DeviceRequestError`] for the first fault.
    pub fn parse(bytes: &[u8]) -> Result<Self, DeviceRequestError> {
        if bytes.len() > MAX_LEN {
            return Err(CborError::Limit.into());
        }
        let mut items = Items::new(bytes, Encoding::Any);
        let (mut version, mut documents) = (None, Vec::new());
        let read = members(&mut items, |name, items| {
            match name {
                "version" => version = Some(text(items)?),
                "docRequests" => {
                    for _ in 0..items.array()? {
                        if documents.len() == MAX_DOCUMENTS {
                            return Err(CborError::Limit.into());
                        }
                        documents.push(DocRequest::read(items)?);
                    }
                }
                _ => drop(items.value(1)?),
            }
            Ok(())
        });
        read.map_err(|fault| {
            if matches!(fault, MdocError::Header | MdocError::Algorithm) {
                DeviceRequestError::ReaderAuth
            } else {
                form(fault).into()
            }
        })?;
        items.finish()?;
        if !is_version_1(&version.ok_or(CborError::Unexpected)?) {
            return Err(DeviceRequestError::Version);
        }
        if documents.is_empty() || documents.iter().any(|one| one.elements.is_empty()) {
            return Err(DeviceRequestError::Empty);
        }
        Ok(Self { documents })
    }

    /// What is asked of each document, one at least.
    #[must_use]
    pub fn documents(&self) -> &[DocRequest] {
        &self.documents
    }

    /// Who asks, in the session of this transcript. A request whose reader is known and whose signature is not theirs is refused; one that is not
    /// signed, or by somebody whom no root vouches for, is of nobody who is known.
    ///
    /// # Errors
    /// [`DeviceRequestError::Signature`].
    pub fn reader(
        &self,
        transcript: &SessionTranscript,
        anchors: &CertificateAnchors,
        now: Timestamp,
    ) -> Result<Reader, DeviceRequestError> {
        let mut proven: Option<VerifiedLeaf> = None;
        for document in &self.documents {
            if document.certificates().is_empty() {
                return Ok(Reader::Unproven(Unproven::Unsigned));
            }
            let leaf = match verify_x5c(document.certificates(), anchors, LeafUse::Reader, now) {
                Ok(leaf) => leaf,
                Err(fault) => return Ok(Reader::Unproven(Unproven::Certificate(fault))),
            };
            if !document.is_signed_by(&leaf.key, transcript) {
                return Err(DeviceRequestError::Signature);
            }
            if proven.as_ref().is_some_and(|before| before.der != leaf.der) {
                return Ok(Reader::Unproven(Unproven::Several));
            }
            proven = Some(leaf);
        }
        Ok(proven.map_or(Reader::Unproven(Unproven::Unsigned), |leaf| Reader::Proven(Box::new(leaf))))
    }
}

/// What a reader means to ask of one document.
#[derive(Debug, Clone, Copy)]
pub struct NewDocRequest<'r> {
    /// Its type.
    pub doc_type: &'r str,
    /// The elements.
    pub elements: &'r [Element],
}

/// What a query asks of an mdoc, as a device request has it: its type, and every claim of it, for a device request knows no sets of claims.
/// `None` where the query is for another format.
#[must_use]
pub fn asked_by(query: &CredentialQuery) -> Option<(&str, Vec<Element>)> {
    let Kind::Mdoc { doc_type } = &query.kind else { return None };
    let element = |claim: &ClaimQuery| match claim.path.segments() {
        [Segment::Name(name_space), Segment::Name(name)] => Some(Element {
            name_space: name_space.clone(),
            name: name.clone(),
            intent_to_retain: claim.intent_to_retain.unwrap_or_default(),
        }),
        _ => None,
    };
    Some((doc_type, query.claims.iter().filter_map(element).collect()))
}

/// By what a reader signs.
#[derive(Clone, Copy)]
pub struct ReaderSigner<'r> {
    /// Its key.
    pub key: &'r SigningKey,
    /// Its certificates in DER, leaf first, without the root.
    pub chain: &'r [Vec<u8>],
}
redact_debug!(ReaderSigner<'_>);

/// Writes a request, each part signed for the session of this transcript.
///
/// # Errors
/// [`CryptoError`]: the key does not sign.
pub fn device_request(
    documents: &[NewDocRequest<'_>],
    signer: ReaderSigner<'_>,
    transcript: &SessionTranscript,
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Writer::new();
    out.map(2).text("version").text("1.0").text("docRequests").array(documents.len());
    for document in documents {
        let mut name_spaces: BTreeMap<&str, Vec<(Key, Value)>> = BTreeMap::new();
        for element in document.elements {
            let asked = (element.name.as_str().into(), Value::Bool(element.intent_to_retain));
            name_spaces.entry(&element.name_space).or_default().push(asked);
        }
        let name_spaces =
            name_spaces.into_iter().map(|(name, elements)| (name.into(), Value::Map(elements))).collect();
        let items = Value::Map(vec![
            ("docType".into(), Value::text(document.doc_type)),
            ("nameSpaces".into(), Value::Map(name_spaces)),
        ]);
        let items = Writer::new().tag(ENCODED).bytes(&items.encode()).finish();
        let signed = reader_authentication(transcript, &items);
        let auth = sign1::sign(signer.key, signer.chain, &signed, true)?;
        out.map(2).text("readerAuth").raw(&auth).text("itemsRequest").raw(&items);
    }
    Ok(out.finish())
}

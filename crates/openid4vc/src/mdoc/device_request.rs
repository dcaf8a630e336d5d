//! Device requests: what a reader asks of a holder's device, signed by the reader where it has a certificate (ISO/IEC 18013-5, 8.3.2.1.2.1
//! and 9.1.4).
//!
//! Lives here: writing one. Not here: the session, or the page, over which it travels, and reading one.

use std::collections::BTreeMap;

use credential::cbor::Writer;
use credential::{CryptoError, SigningKey};
use documents::redact_debug;

use super::transcript::SessionTranscript;
use super::{ENCODED, sign1};

/// What is asked of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemsRequest {
    /// Its type.
    pub doc_type: String,
    /// Elements by name space and name; true where the reader means to keep the value.
    pub name_spaces: BTreeMap<String, BTreeMap<String, bool>>,
}

impl ItemsRequest {
    /// `ItemsRequestBytes`: tag 24 around the encoded request. A reader's signature is over these bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut inner = Writer::new();
        inner.map(2).text("docType").text(&self.doc_type).text("nameSpaces").map(self.name_spaces.len());
        for (name_space, elements) in in_order(&self.name_spaces) {
            inner.text(name_space).map(elements.len());
            for (element, kept) in in_order(elements) {
                inner.text(element).bool(*kept);
            }
        }
        Writer::new().tag(ENCODED).bytes(&inner.finish()).finish()
    }
}

/// Entries in the order of deterministic CBOR (RFC 8949, 4.2.1): a shorter text before a longer one.
fn in_order<V>(entries: &BTreeMap<String, V>) -> Vec<(&String, &V)> {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_by_key(|(name, _)| (name.len(), *name));
    sorted
}

/// By what a reader signs its request.
#[derive(Clone, Copy)]
pub struct ReaderSignature<'r> {
    /// Its key.
    pub key: &'r SigningKey,
    /// Its certificates in DER, leaf first, without the anchor.
    pub x5c: &'r [Vec<u8>],
    /// The session or the page in which it asks.
    pub transcript: &'r SessionTranscript,
}
redact_debug!(ReaderSignature<'_>);

/// Writes a `DeviceRequest` of version 1.0; with `reader` each document's part is signed for itself.
///
/// # Errors
/// [`CryptoError`]: the key does not sign.
pub fn device_request(
    documents: &[ItemsRequest],
    reader: Option<ReaderSignature<'_>>,
) -> Result<Vec<u8>, CryptoError> {
    let mut out = Writer::new();
    out.map(2).text("version").text("1.0").text("docRequests").array(documents.len());
    for document in documents {
        let items = document.to_bytes();
        match reader {
            None => out.map(1),
            Some(reader) => {
                let signed = reader_authentication(reader.transcript, &items);
                out.map(2).text("readerAuth").raw(&sign1::sign(reader.key, reader.x5c, &signed, true)?)
            }
        };
        out.text("itemsRequest").raw(&items);
    }
    Ok(out.finish())
}

/// The bytes under a reader's signature: tag 24 around `ReaderAuthentication`.
fn reader_authentication(transcript: &SessionTranscript, items: &[u8]) -> Vec<u8> {
    let mut inner = Writer::new();
    inner.array(3).text("ReaderAuthentication").raw(transcript.as_bytes()).raw(items);
    Writer::new().tag(ENCODED).bytes(&inner.finish()).finish()
}

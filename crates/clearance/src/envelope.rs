//! Envelope: what travels beside a signed request from a gate to one authority. The request covers the hashes of it
//! all; the bytes ride here and are dropped once they were used (DESIGN 4).
//!
//! Lives here: [`Envelope`] of a code, [`DocumentEnvelope`] of a page, and [`Enveloped`], which tells them apart. Not here:
//! the signed request inside (`credential::message`), whether it is one of that kind of lane (`authority`).

use credential::cbor::{CborError, Reader, Writer};
use credential::page::{SEALED_CHIP_PAGE_LEN, SEALED_PAGE_LEN};
use credential::{MAX_PROOF_LEN, MAX_TOKEN_LEN};

/// Largest face probe that is read, in bytes: a few crops of a face.
pub const MAX_PROBE_LEN: usize = 512 * 1024;
const MAX_REQUEST_LEN: usize = 2048;
const MAX_PART_LEN: usize = 512;
/// The first item of an envelope by document, which no envelope of a code has.
const DOCUMENT_LABEL: &str = "bp1-document";
/// Items of an envelope by document; one of a code has five.
const DOCUMENT_ITEMS: usize = 4;

/// ```cddl
/// envelope = [request: bstr, token: bstr, proof: bstr, part: bstr, probe: bstr]
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Envelope<'b> {
    /// The signed request.
    pub request: &'b [u8],
    /// The border token as it was shown.
    pub token: &'b [u8],
    /// The holder proof as it was shown.
    pub proof: &'b [u8],
    /// The part that the receiving authority can open; never the other authority's.
    pub part: &'b [u8],
    /// The face probe.
    pub probe: &'b [u8],
}

impl std::fmt::Debug for Envelope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Envelope(redacted)")
    }
}

impl<'b> Envelope<'b> {
    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let fields = [self.request, self.token, self.proof, self.part, self.probe];
        let mut w = Writer::with_capacity(fields.iter().map(|f| f.len() + 5).sum::<usize>() + 1);
        w.array(fields.len());
        for field in fields {
            w.bytes(field);
        }
        w.finish()
    }

    /// Reads what was sent.
    ///
    /// # Errors
    /// The first field that is malformed or longer than it may be.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_exact(5)?;
        let envelope = Self {
            request: r.bytes(MAX_REQUEST_LEN)?,
            token: r.bytes(MAX_TOKEN_LEN)?,
            proof: r.bytes(MAX_PROOF_LEN)?,
            part: r.bytes(MAX_PART_LEN)?,
            probe: r.bytes(MAX_PROBE_LEN)?,
        };
        r.finish()?;
        Ok(envelope)
    }
}

/// What travels beside a request at a lane by document.
///
/// ```cddl
/// document-envelope = ["bp1-document", request: bstr, page: bstr .size (241 / 131153), probe: bstr]
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DocumentEnvelope<'b> {
    /// The signed request.
    pub request: &'b [u8],
    /// The page that the receiving authority reads, sealed to it; never the other authority's.
    pub page: &'b [u8],
    /// The face probe.
    pub probe: &'b [u8],
}

impl std::fmt::Debug for DocumentEnvelope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocumentEnvelope(redacted)")
    }
}

impl<'b> DocumentEnvelope<'b> {
    /// The bytes to send.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let fields = [self.request, self.page, self.probe];
        let mut w = Writer::with_capacity(fields.iter().map(|f| f.len() + 5).sum::<usize>() + 16);
        w.array(DOCUMENT_ITEMS).text(DOCUMENT_LABEL);
        for field in fields {
            w.bytes(field);
        }
        w.finish()
    }

    /// Reads what was sent.
    ///
    /// # Errors
    /// The first field that is malformed or of another length than it may have.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, CborError> {
        let mut r = Reader::new(bytes);
        r.array_exact(DOCUMENT_ITEMS)?;
        if r.text(DOCUMENT_LABEL.len())? != DOCUMENT_LABEL {
            return Err(CborError::Unexpected);
        }
        let envelope = Self {
            request: r.bytes(MAX_REQUEST_LEN)?,
            page: sealed_page(r.bytes(SEALED_CHIP_PAGE_LEN)?)?,
            probe: r.bytes(MAX_PROBE_LEN)?,
        };
        r.finish()?;
        Ok(envelope)
    }
}

/// A sealed page has one of two lengths: of a zone or of typed fields, and of a chip's files.
fn sealed_page(page: &[u8]) -> Result<&[u8], CborError> {
    if [SEALED_PAGE_LEN, SEALED_CHIP_PAGE_LEN].contains(&page.len()) {
        Ok(page)
    } else {
        Err(CborError::Limit)
    }
}

/// An envelope of either kind, as it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enveloped<'b> {
    /// Of a code.
    Code(Envelope<'b>),
    /// Of a document.
    Document(DocumentEnvelope<'b>),
}

impl<'b> Enveloped<'b> {
    /// Reads what was sent; the number of items says which of the two it is.
    ///
    /// # Errors
    /// Where it is neither.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, CborError> {
        match Reader::new(bytes).array(DOCUMENT_ITEMS + 1)? {
            DOCUMENT_ITEMS => DocumentEnvelope::decode(bytes).map(Self::Document),
            _ => Envelope::decode(bytes).map(Self::Code),
        }
    }

    /// The signed request.
    #[must_use]
    pub const fn request(&self) -> &'b [u8] {
        match self {
            Self::Code(envelope) => envelope.request,
            Self::Document(envelope) => envelope.request,
        }
    }

    /// The face probe.
    #[must_use]
    pub const fn probe(&self) -> &'b [u8] {
        match self {
            Self::Code(envelope) => envelope.probe,
            Self::Document(envelope) => envelope.probe,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_comes_back_as_it_went_and_nothing_else_is_read() {
        let sent = Envelope {
            request: b"request",
            token: b"token",
            proof: b"proof",
            part: b"part",
            probe: b"probe",
        };
        let bytes = sent.encode();
        assert_eq!(Envelope::decode(&bytes), Ok(sent));
        for cut in 0..bytes.len() {
            assert!(Envelope::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(Envelope::decode(&longer), Err(CborError::Trailing));
        let big = vec![0; MAX_PART_LEN + 1];
        assert_eq!(Envelope::decode(&Envelope { part: &big, ..sent }.encode()), Err(CborError::Limit));
    }

    #[test]
    fn an_envelope_of_one_kind_is_never_one_of_the_other() {
        let page = [7; SEALED_PAGE_LEN];
        let document = DocumentEnvelope { request: b"request", page: &page, probe: b"probe" };
        let bytes = document.encode();
        assert_eq!(DocumentEnvelope::decode(&bytes), Ok(document));
        assert_eq!(Enveloped::decode(&bytes), Ok(Enveloped::Document(document)));
        assert!(Envelope::decode(&bytes).is_err());
        for cut in 0..bytes.len() {
            assert!(Enveloped::decode(&bytes[..cut]).is_err(), "cut at {cut}");
        }
        assert_eq!(Enveloped::decode(&[bytes.as_slice(), &[0]].concat()), Err(CborError::Trailing));
        for length in [0, SEALED_PAGE_LEN - 1, SEALED_PAGE_LEN + 1] {
            let page = vec![7; length];
            let other = DocumentEnvelope { page: &page, ..document }.encode();
            assert!(DocumentEnvelope::decode(&other).is_err(), "a page of {length} bytes");
        }
        let code = Envelope {
            request: b"request",
            token: b"token",
            proof: b"proof",
            part: b"part",
            probe: b"probe",
        };
        let bytes = code.encode();
        assert_eq!(Enveloped::decode(&bytes), Ok(Enveloped::Code(code)));
        assert!(DocumentEnvelope::decode(&bytes).is_err());
        // Another label in front is no label of ours.
        let mut w = Writer::new();
        w.array(4).text("bp2-document").bytes(b"request").bytes(&page).bytes(b"probe");
        assert_eq!(Enveloped::decode(&w.finish()), Err(CborError::Unexpected));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_reader_of_envelopes_panic_and_what_it_takes_has_one_form(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400),
            request in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
            probe in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        ) {
            let _ = Enveloped::decode(&bytes);
            let page = [1; SEALED_PAGE_LEN];
            let sent = DocumentEnvelope { request: &request, page: &page, probe: &probe };
            let encoded = sent.encode();
            proptest::prop_assert_eq!(Enveloped::decode(&encoded), Ok(Enveloped::Document(sent)));
        }
    }
}

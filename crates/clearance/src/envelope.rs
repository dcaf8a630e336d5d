//! Envelope: what travels beside a signed request from a gate to one authority. The request covers the hashes of it
//! all; the bytes ride here and are dropped once they were used (DESIGN 4).
//!
//! Lives here: [`Envelope`]. Not here: the signed request inside (`credential::message`).

use credential::cbor::{CborError, Reader, Writer};
use credential::{MAX_PROOF_LEN, MAX_TOKEN_LEN};

/// Largest face probe that is read, in bytes: a few crops of a face.
pub const MAX_PROBE_LEN: usize = 512 * 1024;
const MAX_REQUEST_LEN: usize = 2048;
const MAX_PART_LEN: usize = 512;

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
}

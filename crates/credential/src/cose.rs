//! COSE_Sign1 (RFC 9052, 4.2) and COSE_Sign (4.1) in the few forms that Bay Pass uses.
//!
//! Lives here: parsing into borrowed fields, the Sig_structure, signing. Not here: the meaning of a payload, and trust in a
//! key: a verifier takes the key from a trust list; the message only says which one.

use crate::cbor::{CborError, Reader, Writer};
use crate::crypto::{CryptoError, SigningKey, VerifyingKey};
use crate::signer::SIGNATURE_LEN;

/// COSE algorithm number of ES256 (RFC 9053, 2.1).
pub const ES256: i64 = -7;
/// COSE algorithm number of HMAC with SHA-256, its tag whole (RFC 9053, 3.1).
pub const HMAC_256: i64 = 5;
const HEADER_ALG: i64 = 1;
const HEADER_KID: i64 = 4;
const HEADER_TYPE: i64 = 16;
/// Longest key id that is read, in bytes.
pub const MAX_KID: usize = 64;

/// Why a COSE message was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoseError {
    /// The bytes are not strict CBOR in the form of a COSE_Sign1 or COSE_Sign.
    #[error("not a COSE message of this form: {0}")]
    Form(#[from] CborError),
    /// The message has a tag that its format does not have, or lacks the one that it has.
    #[error("unexpected CBOR tag")]
    Tag,
    /// The algorithm is not ES256, or none is named.
    #[error("the algorithm is not ES256")]
    Algorithm,
    /// The message has a protected or unprotected header that its format does not have.
    #[error("unexpected COSE header")]
    Header,
    /// The signature does not verify.
    #[error("the signature is not valid")]
    Signature,
    /// The crypto library failed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// Which outer tag a format has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagging {
    /// No tag: all border formats.
    Untagged,
    /// Tag 18 (COSE_Sign1), and nothing around it: status list tokens.
    Sign1,
}

/// A parsed message; nothing about it is trusted yet.
#[derive(Debug, Clone, Copy)]
pub struct Sign1<'b> {
    protected: &'b [u8],
    kid: Option<&'b [u8]>,
    content_type: Option<&'b str>,
    payload: &'b [u8],
    signature: &'b [u8; SIGNATURE_LEN],
}

impl<'b> Sign1<'b> {
    /// Parses a message whose payload has at most `max_payload` bytes.
    ///
    /// # Errors
    /// [`CoseError`] for the first departure from the form.
    pub fn parse(bytes: &'b [u8], tagging: Tagging, max_payload: usize) -> Result<Self, CoseError> {
        let mut reader = Reader::new(bytes);
        match (tagging, reader.tag_here()) {
            (Tagging::Untagged, false) => {}
            (Tagging::Sign1, true) if reader.tag()? == 18 => {}
            (Tagging::Untagged | Tagging::Sign1, _) => return Err(CoseError::Tag),
        }
        reader.array_exact(4)?;
        let protected = reader.bytes(128)?;
        let outside = unprotected_header(&mut reader, tagging)?;
        let payload = reader.bytes(max_payload)?;
        let signature = reader.bytes_exact()?;
        reader.finish()?;
        let (kid, content_type) = protected_header(protected, tagging)?;
        if kid.is_some() && outside.is_some() {
            return Err(CoseError::Form(CborError::Keys));
        }
        Ok(Self { protected, kid: kid.or(outside), content_type, payload, signature })
    }

    /// The key id that the message names.
    #[must_use]
    pub const fn kid(&self) -> Option<&'b [u8]> {
        self.kid
    }

    /// The message's type (header 16).
    #[must_use]
    pub const fn content_type(&self) -> Option<&'b str> {
        self.content_type
    }

    /// The payload, not trusted yet.
    #[must_use]
    pub const fn unverified_payload(&self) -> &'b [u8] {
        self.payload
    }

    /// Verifies under `key` with the external data of the format; returns the payload that the key signed.
    ///
    /// # Errors
    /// [`CoseError::Signature`].
    pub fn verify(&self, key: &VerifyingKey, external: &[u8]) -> Result<&'b [u8], CoseError> {
        let to_be_signed = sig_structure(self.protected, external, self.payload);
        key.verify(&to_be_signed, self.signature).map_err(|_| CoseError::Signature)?;
        Ok(self.payload)
    }
}

/// Reads the unprotected header: empty in all border formats. In a status list token, whose form is not ours, a key id
/// may stand there: whoever changes it only names a key under which the signature is not valid.
fn unprotected_header<'b>(reader: &mut Reader<'b>, tagging: Tagging) -> Result<Option<&'b [u8]>, CoseError> {
    match (reader.map(16)?, tagging) {
        (0, Tagging::Untagged | Tagging::Sign1) => Ok(None),
        (1, Tagging::Sign1) if reader.int()? == HEADER_KID => Ok(Some(reader.bytes(MAX_KID)?)),
        (_, Tagging::Untagged | Tagging::Sign1) => Err(CoseError::Header),
    }
}

/// Reads the protected header: the algorithm must be ES256; a key id and a type may follow; nothing else. In border
/// formats in this order: a signed message has one form. A status list token's form is not ours.
fn protected_header(bytes: &[u8], tagging: Tagging) -> Result<(Option<&[u8]>, Option<&str>), CoseError> {
    let mut reader = Reader::new(bytes);
    let pairs = reader.map(3)?;
    let (mut alg, mut kid, mut content_type) = (None, None, None);
    let mut last = 0;
    for _ in 0..pairs {
        let label = reader.int()?;
        if tagging == Tagging::Untagged && label <= last {
            return Err(CoseError::Form(CborError::Keys));
        }
        last = label;
        let fresh = match label {
            HEADER_ALG => alg.replace(reader.int().map_err(|_| CoseError::Algorithm)?).is_none(),
            HEADER_KID => kid.replace(reader.bytes(MAX_KID)?).is_none(),
            HEADER_TYPE => content_type.replace(reader.text(64)?).is_none(),
            _ => return Err(CoseError::Header),
        };
        if !fresh {
            return Err(CoseError::Form(CborError::Keys));
        }
    }
    reader.finish()?;
    if alg == Some(ES256) { Ok((kid, content_type)) } else { Err(CoseError::Algorithm) }
}

/// The bytes under a COSE_Sign1 signature (RFC 9052, 4.4).
#[must_use]
pub fn sig_structure(protected: &[u8], external: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Writer::with_capacity(protected.len() + external.len() + payload.len() + 32);
    out.array(4).text("Signature1").bytes(protected).bytes(external).bytes(payload);
    out.finish()
}

/// What a COSE_Mac0's tag is over (RFC 9052, 6.3), without external data.
#[must_use]
pub fn mac_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Writer::with_capacity(protected.len() + payload.len() + 32);
    out.array(4).text("MAC0").bytes(protected).bytes(&[]).bytes(payload);
    out.finish()
}

/// The protected header, beside the algorithm.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// Key id (header 4).
    pub kid: Option<&'a [u8]>,
    /// Type of the message (header 16, RFC 9596).
    pub content_type: Option<&'a str>,
}

/// Signs a message.
///
/// # Errors
/// [`CoseError::Crypto`] when the library cannot sign.
pub fn sign(
    key: &SigningKey,
    tagging: Tagging,
    headers: Headers<'_>,
    external: &[u8],
    payload: &[u8],
) -> Result<Vec<u8>, CoseError> {
    let mut header = Writer::new();
    header.map(1 + usize::from(headers.kid.is_some()) + usize::from(headers.content_type.is_some()));
    header.int(HEADER_ALG).int(ES256);
    if let Some(kid) = headers.kid {
        header.int(HEADER_KID).bytes(kid);
    }
    if let Some(content_type) = headers.content_type {
        header.int(HEADER_TYPE).text(content_type);
    }
    let protected = header.finish();
    let signature = key.sign(&sig_structure(&protected, external, payload))?;
    let mut out = Writer::new();
    if tagging == Tagging::Sign1 {
        out.tag(18);
    }
    Ok(out.array(4).bytes(&protected).map(0).bytes(payload).bytes(&signature).finish())
}

/// Most signatures over one payload.
pub const MAX_SIGNERS: usize = 16;

/// One signature of a message that several parties sign.
#[derive(Debug, Clone, Copy)]
pub struct CoSignature<'b> {
    protected: &'b [u8],
    kid: &'b [u8],
    signature: &'b [u8; SIGNATURE_LEN],
}

impl<'b> CoSignature<'b> {
    /// Parses a signature that stands alone, as a signer hands it in.
    ///
    /// # Errors
    /// [`CoseError`] for the first departure from the form.
    pub fn parse(bytes: &'b [u8]) -> Result<Self, CoseError> {
        let mut reader = Reader::new(bytes);
        let signature = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(signature)
    }

    fn read(reader: &mut Reader<'b>) -> Result<Self, CoseError> {
        reader.array_exact(3)?;
        let protected = reader.bytes(128)?;
        unprotected_header(reader, Tagging::Untagged)?;
        let signature = reader.bytes_exact()?;
        match protected_header(protected, Tagging::Untagged)? {
            (Some(kid), None) => Ok(Self { protected, kid, signature }),
            (None | Some(_), _) => Err(CoseError::Header),
        }
    }

    /// The key id of the signer.
    #[must_use]
    pub const fn kid(&self) -> &'b [u8] {
        self.kid
    }

    /// Whether `key` made this signature over the payload, with the external data of the format.
    ///
    /// # Errors
    /// [`CoseError::Signature`].
    pub fn verify(&self, key: &VerifyingKey, external: &[u8], payload: &[u8]) -> Result<(), CoseError> {
        let signed = signature_structure(self.protected, external, payload);
        key.verify(&signed, self.signature).map_err(|_| CoseError::Signature)
    }
}

/// A parsed COSE_Sign (RFC 9052, 4.1), untagged: one payload and a signature of each of several parties, in order of their
/// key ids, none twice. Nothing about it is trusted yet.
#[derive(Debug, Clone)]
pub struct CoSigned<'b> {
    payload: &'b [u8],
    signatures: Vec<CoSignature<'b>>,
}

impl<'b> CoSigned<'b> {
    /// Parses a message whose payload has at most `max_payload` bytes.
    ///
    /// # Errors
    /// [`CoseError`] for the first departure from the form.
    pub fn parse(bytes: &'b [u8], max_payload: usize) -> Result<Self, CoseError> {
        let mut reader = Reader::new(bytes);
        if reader.tag_here() {
            return Err(CoseError::Tag);
        }
        reader.array_exact(4)?;
        // The body has no header of its own: an empty one is a byte string without bytes (RFC 9052, 3).
        reader.bytes(0)?;
        unprotected_header(&mut reader, Tagging::Untagged)?;
        let payload = reader.bytes(max_payload)?;
        let mut signatures: Vec<CoSignature<'b>> = Vec::new();
        for _ in 0..reader.array(MAX_SIGNERS)? {
            let next = CoSignature::read(&mut reader)?;
            if signatures.last().is_some_and(|last| last.kid >= next.kid) {
                return Err(CoseError::Form(CborError::Keys));
            }
            signatures.push(next);
        }
        reader.finish()?;
        if signatures.is_empty() { Err(CborError::Limit.into()) } else { Ok(Self { payload, signatures }) }
    }

    /// The payload, not trusted yet.
    #[must_use]
    pub const fn unverified_payload(&self) -> &'b [u8] {
        self.payload
    }

    /// The signatures, not verified yet.
    #[must_use]
    pub fn signatures(&self) -> &[CoSignature<'b>] {
        &self.signatures
    }
}

/// The bytes under one signature of a COSE_Sign whose body has no header of its own (RFC 9052, 4.4).
fn signature_structure(protected: &[u8], external: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut out = Writer::with_capacity(protected.len() + external.len() + payload.len() + 32);
    out.array(5).text("Signature").bytes(&[]).bytes(protected).bytes(external).bytes(payload);
    out.finish()
}

/// One party's signature over a payload that several sign.
///
/// # Errors
/// [`CoseError::Crypto`] when the library cannot sign.
pub fn co_sign(key: &SigningKey, kid: &[u8], external: &[u8], payload: &[u8]) -> Result<Vec<u8>, CoseError> {
    let protected = Writer::new().map(2).int(HEADER_ALG).int(ES256).int(HEADER_KID).bytes(kid).finish();
    let signature = key.sign(&signature_structure(&protected, external, payload))?;
    Ok(Writer::new().array(3).bytes(&protected).map(0).bytes(&signature).finish())
}

/// Puts a payload and the signatures of several parties together, in order of their key ids.
///
/// # Errors
/// [`CoseError`] where a signature is malformed, one signer's stands twice, or there are none or too many.
pub fn assemble(payload: &[u8], signatures: &[Vec<u8>]) -> Result<Vec<u8>, CoseError> {
    let mut parsed = Vec::new();
    for bytes in signatures {
        parsed.push((CoSignature::parse(bytes)?.kid(), bytes));
    }
    parsed.sort();
    let mut out = Writer::new();
    out.array(4).bytes(&[]).map(0).bytes(payload).array(parsed.len());
    for (_, bytes) in parsed {
        out.raw(bytes);
    }
    let bytes = out.finish();
    CoSigned::parse(&bytes, payload.len())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protected_header_has_one_order_where_the_form_is_ours() {
        // {4: h'01', 1: -7}
        let turned = [0xa2, 4, 0x41, 1, 1, 0x26];
        assert_eq!(
            protected_header(&turned, Tagging::Untagged).err(),
            Some(CoseError::Form(CborError::Keys))
        );
        assert_eq!(protected_header(&turned, Tagging::Sign1), Ok((Some(&[1][..]), None)));
        let ours = [0xa2, 1, 0x26, 4, 0x41, 1];
        assert_eq!(protected_header(&ours, Tagging::Untagged), Ok((Some(&[1][..]), None)));
        let twice = [0xa2, 1, 0x26, 1, 0x26];
        for tagging in [Tagging::Untagged, Tagging::Sign1] {
            assert!(protected_header(&twice, tagging).is_err());
        }
    }

    #[test]
    fn a_message_of_several_signers_has_one_form() {
        let (a, b) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let (external, payload) = (&b"external"[..], &b"payload"[..]);
        let one = co_sign(&a, b"a", external, payload).unwrap();
        let two = co_sign(&b, b"b", external, payload).unwrap();
        let whole = assemble(payload, &[two.clone(), one.clone()]).unwrap();
        assert_eq!(assemble(payload, &[one.clone(), two.clone()]).unwrap(), whole, "whoever signs first");
        let read = CoSigned::parse(&whole, 7).unwrap();
        assert_eq!(read.unverified_payload(), payload);
        let kids: Vec<_> = read.signatures().iter().map(CoSignature::kid).collect();
        assert_eq!(kids, [b"a", b"b"]);
        let key = VerifyingKey::new(*a.public()).unwrap();
        let [first, second] = read.signatures() else { panic!("two signatures") };
        assert_eq!(first.verify(&key, external, payload), Ok(()));
        for (signature, external, payload) in
            [(second, external, payload), (first, b"other", payload), (first, external, b"paYload")]
        {
            assert_eq!(signature.verify(&key, external, payload), Err(CoseError::Signature));
        }
        let form = |signatures: &[&[u8]], protected: &[u8]| {
            let mut w = Writer::new();
            w.array(4).bytes(protected).map(0).bytes(payload).array(signatures.len());
            signatures.iter().for_each(|s| {
                w.raw(s);
            });
            w.finish()
        };
        assert_eq!(form(&[&one, &two], &[]), whole);
        let many: Vec<_> = (0..17).map(|n| co_sign(&a, &[n], external, payload).unwrap()).collect();
        let many: Vec<_> = many.iter().map(Vec::as_slice).collect();
        assert!(CoSigned::parse(&form(&many[..16], &[]), 7).is_ok());
        let single =
            sign(&a, Tagging::Untagged, Headers { kid: Some(b"a"), content_type: None }, external, payload);
        let tagged = Writer::new().tag(98).raw(&whole).finish();
        for (what, bytes) in [
            ("another order", form(&[&two, &one], &[])),
            ("a signer twice", form(&[&one, &one], &[])),
            ("nobody", form(&[], &[])),
            ("too many", form(&many, &[])),
            ("a header of the body", form(&[&one], &[0xa0])),
            ("bytes behind", [whole.as_slice(), &[0]].concat()),
            ("one signer's form", single.unwrap()),
            ("a tag", tagged),
        ] {
            assert!(CoSigned::parse(&bytes, 7).is_err(), "{what}");
        }
        assert!(CoSigned::parse(&whole, 6).is_err(), "a longer payload");
        assert!(assemble(payload, &[one.clone(), one]).is_err());
    }
}

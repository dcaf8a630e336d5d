//! Signed data: the form in which lists of hashes and master lists are signed (CMS, RFC 5652, 5; ICAO Doc 9303-10, 4.6.2.1).
//!
//! Lives here: [`SignedData`], which has exactly one signer, and [`Signed`], its content once the signature was verified. Not here:
//! whether the signer is trusted ([`crate::CountrySigners`]), and what the content means.
//!
//! Read here and not by a crate: every piece stays the bytes that were signed, and certificates have one reader in this program.

use credential::x509::{HashKind, SignatureScheme, X509Refusal};
use documents::Timestamp;
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::time::ASN1Time;

use crate::certificate::{Certificate, Name, serial};
use crate::oid;
use crate::tlv::{Elements, Malformed, small_number};

/// Most certificates beside a signature.
const MAX_CERTIFICATES: usize = 16;
/// Most signed attributes.
const MAX_ATTRIBUTES: usize = 32;

/// Why something signed is not believed. No variant carries any of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedDataError {
    /// Not in the form of CMS.
    #[error("the chip's signed list is malformed; read the document again, then have an officer look at it")]
    Malformed,
    /// Something else was signed.
    #[error(
        "what is signed is another kind of file than a list of hashes; have an officer look at the document"
    )]
    Content,
    /// None or several signers.
    #[error("the chip's list has {0} signers where it must have one; have an officer look at the document")]
    Signers(usize),
    /// The signer's certificate does not stand beside the signature.
    #[error("the signer's certificate is missing; have an officer look at the document")]
    SignerMissing,
    /// The signer's certificate is malformed.
    #[error("the signer's certificate is malformed; have an officer look at the document")]
    Certificate,
    /// Key, hash or algorithm of the signer do not count.
    #[error("{}", refused(.0))]
    Refused(X509Refusal),
    /// Signed attributes are malformed, one is missing or twice, or they are of another content.
    #[error("the signed attributes do not belong to the content; have an officer look at the document")]
    Attributes,
    /// The content is not the one that was signed.
    #[error("the chip's list of hashes was changed after it was signed; call an officer")]
    ContentHash,
    /// The signature is not valid.
    #[error("the signature of the chip's list is not valid; call an officer")]
    Signature,
}

fn refused(refusal: &X509Refusal) -> &'static str {
    match refusal {
        X509Refusal::Curve => {
            "the signer uses a curve, or parameters written out, that are not verified here; have an officer check the document"
        }
        X509Refusal::WeakHash => {
            "the signer uses a hash that is too weak to count; have an officer check the document"
        }
        X509Refusal::KeyKind | X509Refusal::KeyLength => {
            "the signer's key is of a kind or length that is not taken; have an officer check the document"
        }
        X509Refusal::Scheme | X509Refusal::Malformed | X509Refusal::Signature => {
            "the signature is of a kind that is not verified here; have an officer check the document"
        }
    }
}

/// The code of what the crypto library does not take.
pub const fn refusal_code(refusal: X509Refusal) -> &'static str {
    match refusal {
        X509Refusal::Malformed => "chip_key_malformed",
        X509Refusal::Curve => "chip_curve_unsupported",
        X509Refusal::KeyKind => "chip_key_unsupported",
        X509Refusal::KeyLength => "chip_key_length",
        X509Refusal::WeakHash => "chip_hash_weak",
        X509Refusal::Scheme => "chip_signature_unsupported",
        X509Refusal::Signature => "chip_signature",
    }
}

impl SignedDataError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "chip_signed_malformed",
            Self::Content => "chip_signed_content",
            Self::Signers(_) => "chip_signers",
            Self::SignerMissing => "chip_signer_missing",
            Self::Certificate => "chip_signer_malformed",
            Self::Refused(refusal) => refusal_code(refusal),
            Self::Attributes => "chip_signed_attributes",
            Self::ContentHash => "chip_signed_hash",
            Self::Signature => "chip_signature",
        }
    }
}

impl From<Malformed> for SignedDataError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Whom a signer is named by.
#[derive(Debug, Clone, Copy)]
enum SignerName<'a> {
    /// Issuer and serial number of their certificate.
    IssuerAndSerial { issuer: &'a [u8], serial: &'a [u8] },
    /// The identifier of their key.
    KeyIdentifier(&'a [u8]),
}

/// The one signer, and how they signed.
#[derive(Debug, Clone, Copy)]
struct SignerInfo<'a> {
    name: SignerName<'a>,
    digest: &'a [u8],
    /// The signed attributes one behind the other.
    attributes: Option<&'a [u8]>,
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    /// RFC 5652, 5.3.
    fn read(info: &'a [u8]) -> Result<Self, Malformed> {
        let mut info = Elements::new(info);
        let version = info.expect(0x02).and_then(small_number)?;
        let name = match info.next()?.ok_or(Malformed)? {
            sid if sid.tag == 0x30 && version == 1 => {
                let mut sid = Elements::new(sid.content);
                let (issuer, number) = (sid.expect_whole(0x30)?, sid.expect(0x02)?);
                sid.end()?;
                SignerName::IssuerAndSerial { issuer, serial: serial(number) }
            }
            sid if sid.tag == 0x80 && version == 3 => SignerName::KeyIdentifier(sid.content),
            _ => return Err(Malformed),
        };
        let digest = info.expect_whole(0x30)?;
        let attributes = info.optional(0xa0)?;
        let algorithm = info.expect_whole(0x30)?;
        let signature = info.expect(0x04)?;
        // Unsigned attributes: nothing rests on them.
        info.optional(0xa1)?;
        info.end()?;
        Ok(Self { name, digest, attributes, algorithm, signature })
    }

    fn is(&self, certificate: &Certificate<'_>) -> bool {
        match self.name {
            SignerName::IssuerAndSerial { issuer, serial } => {
                let issuer = x509_parser::x509::X509Name::from_der(issuer);
                issuer.is_ok_and(|(_, issuer)| Name::of(&issuer) == certificate.issuer())
                    && serial == certificate.serial()
            }
            SignerName::KeyIdentifier(id) => certificate.key_identifier() == Some(id),
        }
    }
}

/// What one signer signed, in its form and not yet verified.
#[derive(Debug)]
pub struct SignedData<'a> {
    kind: &'a [u8],
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    signer: SignerInfo<'a>,
}

/// What was signed, the signature verified with the key of `signer`.
#[derive(Debug)]
pub struct Signed<'a> {
    /// The content.
    pub content: &'a [u8],
    /// The signer's certificate. Who vouches for it is not looked at here.
    pub signer: Certificate<'a>,
    /// When it was signed, as the signer says.
    pub signing_time: Option<Timestamp>,
}

impl<'a> SignedData<'a> {
    /// Reads a `ContentInfo` with `SignedData`, to its last byte, whose content is of this kind.
    pub fn read(der: &'a [u8], kind: &[u8]) -> Result<Self, SignedDataError> {
        let mut info = Elements::only(der, 0x30)?;
        if info.expect(0x06)? != oid::SIGNED_DATA {
            return Err(SignedDataError::Content);
        }
        let explicit = info.expect(0xa0)?;
        info.end()?;
        let mut data = Elements::only(explicit, 0x30)?;
        data.expect(0x02).and_then(small_number)?;
        data.expect(0x31)?;
        let mut encapsulated = Elements::new(data.expect(0x30)?);
        let found = encapsulated.expect(0x06)?;
        if found != kind {
            return Err(SignedDataError::Content);
        }
        let mut explicit = Elements::new(encapsulated.expect(0xa0)?);
        encapsulated.end()?;
        let content = explicit.expect(0x04)?;
        explicit.end()?;
        let certificates = data.optional(0xa0)?.unwrap_or_default();
        let certificates = Elements::new(certificates).all(MAX_CERTIFICATES)?;
        // Lists of revoked certificates that come along are not looked at: they are an argument.
        data.optional(0xa1)?;
        let signers = Elements::new(data.expect(0x31)?).all(MAX_CERTIFICATES)?;
        data.end()?;
        let [signer] = signers.as_slice() else { return Err(SignedDataError::Signers(signers.len())) };
        if signer.tag != 0x30 {
            return Err(SignedDataError::Malformed);
        }
        let certificates = certificates.iter().map(|certificate| certificate.whole).collect();
        Ok(Self { kind: found, content, certificates, signer: SignerInfo::read(signer.content)? })
    }

    /// The content, not yet verified.
    pub const fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Verifies the signature with the key of the signer's certificate, which stands beside it.
    pub fn verify(&self) -> Result<Signed<'a>, SignedDataError> {
        use SignedDataError::{Attributes, Certificate as Unreadable, ContentHash, Refused, SignerMissing};
        let mut unreadable = false;
        let mut signer = None;
        for der in &self.certificates {
            match Certificate::read(der) {
                Ok(certificate) if self.signer.is(&certificate) => signer = signer.or(Some(certificate)),
                Ok(_) => {}
                Err(_) => unreadable = true,
            }
        }
        let signer = signer.ok_or(if unreadable { Unreadable } else { SignerMissing })?;
        // What the key is comes first: where it cannot be used, nothing else says anything.
        let key = signer.key().map_err(Refused)?;
        let hash = HashKind::from_der(self.signer.digest).map_err(Refused)?;
        let scheme = SignatureScheme::from_der(self.signer.algorithm, Some(hash)).map_err(Refused)?;
        let (message, signing_time) = match self.signer.attributes {
            // RFC 5652, 5.4: without attributes the content itself is signed. Attributes are a SET and no content that is
            // read here is one: the one signature never passes for the other.
            None => (self.content.to_vec(), None),
            Some(attributes) => {
                let read = SignedAttributes::read(attributes).map_err(|Malformed| Attributes)?;
                if read.content_type != self.kind {
                    return Err(Attributes);
                }
                if read.message_digest != hash.digest(self.content) {
                    return Err(ContentHash);
                }
                (set(attributes)?, read.signing_time)
            }
        };
        let invalid = |refusal| match refusal == X509Refusal::Signature {
            true => SignedDataError::Signature,
            false => Refused(refusal),
        };
        key.verify(scheme, &message, self.signer.signature).map_err(invalid)?;
        Ok(Signed { content: self.content, signer, signing_time })
    }
}

/// The attributes that count (RFC 5652, 11): each once, each with one value.
struct SignedAttributes<'a> {
    content_type: &'a [u8],
    message_digest: &'a [u8],
    signing_time: Option<Timestamp>,
}

impl<'a> SignedAttributes<'a> {
    fn read(attributes: &'a [u8]) -> Result<Self, Malformed> {
        let (mut kinds, mut content_type, mut message_digest, mut signing_time) =
            (Vec::new(), None, None, None);
        for attribute in Elements::new(attributes).all(MAX_ATTRIBUTES)? {
            let mut parts = Elements::only(attribute.whole, 0x30)?;
            let (kind, values) = (parts.expect(0x06)?, parts.expect(0x31)?);
            parts.end()?;
            if kinds.contains(&kind) {
                return Err(Malformed);
            }
            kinds.push(kind);
            if kind == oid::CONTENT_TYPE {
                let mut one = Elements::new(values);
                content_type = Some(one.expect(0x06)?);
                one.end()?;
            } else if kind == oid::MESSAGE_DIGEST {
                let mut one = Elements::new(values);
                message_digest = Some(one.expect(0x04)?);
                one.end()?;
            } else if kind == oid::SIGNING_TIME {
                let Ok(([], time)) = ASN1Time::from_der(values) else { return Err(Malformed) };
                signing_time = Some(Timestamp::from_unix(time.timestamp()).ok_or(Malformed)?);
            }
        }
        Ok(Self {
            content_type: content_type.ok_or(Malformed)?,
            message_digest: message_digest.ok_or(Malformed)?,
            signing_time,
        })
    }
}

/// The attributes as they are signed: a SET in DER, its elements in order (RFC 5652, 5.4; X.690, 11.6).
fn set(attributes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut all = Elements::new(attributes).all(MAX_ATTRIBUTES)?;
    all.sort_by_key(|attribute| attribute.whole);
    let mut set = vec![0x31];
    let length = u32::try_from(attributes.len()).map_err(|_| Malformed)?.to_be_bytes();
    let head = match length {
        [0, 0, 0, short @ 0..=0x7f] => vec![short],
        [0, 0, 0, a] => vec![0x81, a],
        [0, 0, a, b] => vec![0x82, a, b],
        [0, a, b, c] => vec![0x83, a, b, c],
        [..] => return Err(Malformed),
    };
    set.extend(head);
    all.iter().for_each(|attribute| set.extend_from_slice(attribute.whole));
    Ok(set)
}

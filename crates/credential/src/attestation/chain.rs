//! Chain: certificates from an attested key up to a pinned root (RFC 5280, 6.1, as far as attestations use it).
//!
//! Lives here: reading certificates, signatures, names, dates, constraints. Not here: what an attestation says of its
//! key. Only the root's key and name count: its own dates and signature do not (RFC 5280, 6.1.1 d).

use std::collections::BTreeSet;

use documents::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE};
use x509_parser::time::ASN1Time;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

use super::AttestationError;
use crate::x509::{SignatureScheme, X509Key, X509Refusal};

/// Most certificates in a chain.
pub const MAX_CHAIN: usize = 8;
/// Longest certificate that is read, in bytes.
pub const MAX_CERTIFICATE: usize = 8 * 1024;

/// A public key that signs certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
struct IssuerKey(X509Key);

impl IssuerKey {
    fn of(key: &SubjectPublicKeyInfo<'_>) -> Result<Self, AttestationError> {
        let malformed = |refusal| match refusal == X509Refusal::Malformed {
            true => AttestationError::Malformed,
            false => AttestationError::Chain,
        };
        X509Key::of(key).map(Self).map_err(malformed)
    }

    fn verify(&self, signed: &X509Certificate<'_>) -> Result<(), AttestationError> {
        // RFC 5280, 4.1.1.2: the algorithm outside is the one that is signed inside.
        let outer = &signed.signature_algorithm;
        if *outer != signed.tbs_certificate.signature || signed.signature_value.unused_bits != 0 {
            return Err(AttestationError::Malformed);
        }
        SignatureScheme::of(outer, None)
            .and_then(|scheme| {
                self.0.verify(scheme, signed.tbs_certificate.as_ref(), &signed.signature_value.data)
            })
            .map_err(|_| AttestationError::Chain)
    }
}

/// A root: the name and the key of a certificate that an operator pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    subject: Vec<u8>,
    key: IssuerKey,
}

/// Roots that count. None at all is a value: then nothing is attested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustAnchors(Vec<Anchor>);

impl TrustAnchors {
    /// The roots in certificates, in DER.
    ///
    /// # Errors
    /// [`AttestationError`]: one of them is no certificate, or its key is of a kind that is not read.
    pub fn from_certificates<'c>(
        roots: impl IntoIterator<Item = &'c [u8]>,
    ) -> Result<Self, AttestationError> {
        let anchor = |der| {
            let root = read(der)?;
            Ok(Anchor { subject: root.subject().as_raw().to_vec(), key: IssuerKey::of(root.public_key())? })
        };
        roots.into_iter().map(anchor).collect::<Result<_, _>>().map(Self)
    }

    /// The roots in a file of certificates, in PEM (RFC 7468).
    ///
    /// # Errors
    /// As [`TrustAnchors::from_certificates`].
    pub fn from_pem(text: &str) -> Result<Self, AttestationError> {
        let roots = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
        let roots = roots.map_err(|_| AttestationError::Malformed)?;
        Self::from_certificates(roots.iter().map(AsRef::as_ref))
    }

    /// The roots of Android Key Attestation, as Google publishes them (android.googleapis.com/attestation/root).
    ///
    /// # Errors
    /// Never: the file is part of the program.
    pub fn google() -> Result<Self, AttestationError> {
        Self::from_pem(include_str!("../../data/google-key-attestation-roots.pem"))
    }

    /// The root of App Attest, as Apple publishes it (apple.com/certificateauthority, "Apple App Attestation Root CA").
    ///
    /// # Errors
    /// Never: the file is part of the program.
    pub fn apple() -> Result<Self, AttestationError> {
        Self::from_pem(include_str!("../../data/apple-app-attestation-root.pem"))
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Serial numbers that a maker revoked or suspended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevokedSerials(BTreeSet<Vec<u8>>);

impl RevokedSerials {
    /// From serial numbers in hexadecimal, as Google's status list has them: without leading zeros, of any case.
    ///
    /// # Errors
    /// [`AttestationError::Malformed`]: one of them is no number.
    pub fn from_hex<'t>(serials: impl IntoIterator<Item = &'t str>) -> Result<Self, AttestationError> {
        let read = |text: &str| {
            let digits = text.trim_start_matches('0').as_bytes();
            let (first, rest) = digits.split_at(digits.len() % 2);
            let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|d| u8::try_from(d).ok());
            let pairs = rest.chunks_exact(2).map(|pair| match pair {
                [high, low] => Some(digit(high)? << 4 | digit(low)?),
                _ => None,
            });
            first.iter().map(digit).chain(pairs).collect::<Option<Vec<u8>>>()
        };
        let serials = serials.into_iter().map(read).collect::<Option<_>>();
        serials.map(Self).ok_or(AttestationError::Malformed)
    }

    fn holds(&self, certificate: &X509Certificate<'_>) -> bool {
        let serial = certificate.raw_serial();
        let start = serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len());
        self.0.contains(serial.split_at(start).1)
    }
}

/// Reads one certificate, to its last byte.
fn read(der: &[u8]) -> Result<X509Certificate<'_>, AttestationError> {
    if der.len() > MAX_CERTIFICATE {
        return Err(AttestationError::Malformed);
    }
    match X509Certificate::from_der(der) {
        Ok(([], read)) if read.version() == X509Version::V3 => Ok(read),
        Ok(_) | Err(_) => Err(AttestationError::Malformed),
    }
}

/// A chain that leads to a root: the certificates below it, the attested key's first.
#[derive(Debug)]
pub(super) struct VerifiedChain<'c> {
    pub leaf: X509Certificate<'c>,
    /// Certificates between leaf and root.
    pub above: Vec<X509Certificate<'c>>,
}

/// Follows a chain, leaf first, with or without its root, up to one of `anchors`.
pub(super) fn verify<'c>(
    chain: impl IntoIterator<Item = &'c [u8]>,
    anchors: &TrustAnchors,
    revoked: &RevokedSerials,
    now: Timestamp,
) -> Result<VerifiedChain<'c>, AttestationError> {
    let read = chain.into_iter().take(MAX_CHAIN + 1).map(read).collect::<Result<Vec<_>, _>>()?;
    let mut certificates = read.into_iter();
    if certificates.len() > MAX_CHAIN {
        return Err(AttestationError::Malformed);
    }
    let now = ASN1Time::from_timestamp(now.unix()).map_err(|_| AttestationError::Validity)?;
    let leaf = certificates.next().ok_or(AttestationError::Malformed)?;
    check(&leaf, revoked, now)?;
    let mut above: Vec<X509Certificate<'c>> = Vec::new();
    loop {
        let below = above.last().unwrap_or(&leaf);
        let next = certificates.next();
        // A root that was sent along is held against the pinned ones; else the pinned ones are asked by name.
        let issuer = next.as_ref().map(|next| IssuerKey::of(next.public_key())).transpose()?;
        let fits = |anchor: &&Anchor| {
            below.issuer().as_raw() == anchor.subject
                && issuer.as_ref().is_none_or(|issuer| *issuer == anchor.key)
        };
        let mut last = AttestationError::Chain;
        for anchor in anchors.0.iter().filter(fits) {
            match anchor.key.verify(below) {
                Ok(()) if certificates.len() == 0 => return Ok(VerifiedChain { leaf, above }),
                Ok(()) => return Err(AttestationError::Malformed),
                Err(error) => last = error,
            }
        }
        let (Some(next), Some(issuer)) = (next, issuer) else { return Err(last) };
        if below.issuer().as_raw() != next.subject().as_raw() {
            return Err(AttestationError::Chain);
        }
        issuer.verify(below)?;
        check(&next, revoked, now)?;
        check_issuer(&next, above.len())?;
        above.push(next);
    }
}

/// What holds of every certificate below the root.
fn check(
    certificate: &X509Certificate<'_>,
    revoked: &RevokedSerials,
    now: ASN1Time,
) -> Result<(), AttestationError> {
    if !certificate.validity().is_valid_at(now) {
        return Err(AttestationError::Validity);
    }
    if revoked.holds(certificate) {
        return Err(AttestationError::Revoked);
    }
    // RFC 5280, 4.2: what is critical and not processed refuses the certificate.
    let known = [OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE];
    let processed = |critical: bool, oid| !critical || known.contains(oid);
    if !certificate.iter_extensions().all(|extension| processed(extension.critical, &extension.oid)) {
        return Err(AttestationError::Chain);
    }
    Ok(())
}

/// That a certificate may sign others, with `between` certificates between it and the leaf (RFC 5280, 6.1.4 k, l and n).
fn check_issuer(certificate: &X509Certificate<'_>, between: usize) -> Result<(), AttestationError> {
    let constraints = certificate.basic_constraints().map_err(|_| AttestationError::Malformed)?;
    let constraints = constraints.filter(|found| found.value.ca).ok_or(AttestationError::Chain)?;
    let longest = constraints.value.path_len_constraint;
    if longest.is_some_and(|longest| usize::try_from(longest).is_ok_and(|longest| between > longest)) {
        return Err(AttestationError::Chain);
    }
    let usage = certificate.key_usage().map_err(|_| AttestationError::Malformed)?;
    if usage.is_some_and(|usage| !usage.value.key_cert_sign()) {
        return Err(AttestationError::Chain);
    }
    Ok(())
}

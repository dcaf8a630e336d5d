//! x5c: certificates beside a signature, up to an anchor that the caller trusts (RFC 5280; RFC 7515, 4.1.6; RFC 9360, `x5chain`).
//!
//! Lives here: [`CertificateAnchors`], [`verify_x5c`], what a leaf says of its key. Not here: who is an anchor (trust lists), revocation of
//! certificates. Paths are followed by `rustls-webpki`; HAIP 1.0 adds that no anchor travels and that no leaf signs itself.

use documents::{Timestamp, redact_debug};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::crypto::{PublicKey, VerifyingKey};

/// Longest certificate that is read, in bytes.
const MAX_CERTIFICATE: usize = 8 * 1024;

/// The certificates in a text of PEM (RFC 7468), in DER.
///
/// # Errors
/// [`X5cError::Malformed`].
pub fn certificates_of_pem(text: &str) -> Result<Vec<Vec<u8>>, X5cError> {
    let all = CertificateDer::pem_slice_iter(text.as_bytes()).map(|der| der.map(|der| der.to_vec()));
    all.collect::<Result<_, _>>().map_err(|_| X5cError::Malformed)
}

/// The first certificate in a text of PEM, in DER.
///
/// # Errors
/// [`X5cError::Malformed`], also where there is none.
pub fn first_of_pem(text: &str) -> Result<Vec<u8>, X5cError> {
    certificates_of_pem(text)?.into_iter().next().ok_or(X5cError::Malformed)
}

/// The object identifier of who signs mdocs, 1.0.18013.5.1.2 (ISO/IEC 18013-5, annex B), encoded: 1.0 is 40.
pub const DOCUMENT_SIGNER: &[u8] = &[40, 0x81, 0x8c, 0x5d, 5, 1, 2];
/// The object identifier of who asks for presentations, 1.0.18013.5.1.6 (ISO/IEC 18013-5, annex B), encoded.
pub const READER: &[u8] = &[40, 0x81, 0x8c, 0x5d, 5, 1, 6];

/// What the leaf's key must be meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeafUse {
    /// Signs mdocs: 1.0.18013.5.1.2 (ISO/IEC 18013-5, annex B), where the certificate names any extended use.
    DocumentSigner,
    /// Asks for presentations: 1.0.18013.5.1.6 (ISO/IEC 18013-5, annex B), where it names any.
    Reader,
    /// Signs credentials or lists in JSON. No extended use is registered for them; a reader's is refused, for where one authority
    /// certifies both, a verifier could issue what it asks for.
    Issuer,
    /// Signs other things, such as attestations of wallets. No extended use is asked for.
    Any,
}

/// Why a chain of certificates does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum X5cError {
    /// No certificate, or one that cannot be read.
    #[error("a certificate cannot be read")]
    Malformed,
    /// The leaf signed itself (HAIP 1.0, 4.5.1, 6.1.1).
    #[error("the signer's certificate signed itself; send one that a trusted authority signed")]
    SelfSigned,
    /// A trust anchor was sent along (HAIP 1.0).
    #[error("the trust anchor was sent along; leave it out of the chain")]
    AnchorSent,
    /// No trusted authority signed it.
    #[error("no trusted authority signed this certificate")]
    Unknown,
    /// Not valid at this time.
    #[error("the certificate is not valid at this time")]
    Validity,
    /// Meant for another use.
    #[error("the certificate is not meant for this use")]
    Use,
    /// The key is not on P-256.
    #[error("the certificate's key is not on P-256")]
    Key,
}

/// Certificates of authorities whose leaves count. None at all is a value: then nothing counts.
#[derive(Clone, Default)]
pub struct CertificateAnchors(Vec<(CertificateDer<'static>, TrustAnchor<'static>)>);
redact_debug!(CertificateAnchors);

impl CertificateAnchors {
    /// From certificates in DER.
    ///
    /// # Errors
    /// [`X5cError::Malformed`].
    pub fn from_der<'c>(roots: impl IntoIterator<Item = &'c [u8]>) -> Result<Self, X5cError> {
        let anchor = |der: &[u8]| {
            let certificate = CertificateDer::from(der.to_vec());
            let anchor = anchor_from_trusted_cert(&certificate).map_err(|_| X5cError::Malformed)?.to_owned();
            Ok((certificate, anchor))
        };
        roots.into_iter().map(anchor).collect::<Result<_, _>>().map(Self)
    }

    /// From a file of certificates in PEM (RFC 7468).
    ///
    /// # Errors
    /// [`X5cError::Malformed`].
    pub fn from_pem(text: &str) -> Result<Self, X5cError> {
        Self::from_der(certificates_of_pem(text)?.iter().map(Vec::as_slice))
    }
}

/// A leaf whose chain leads to an anchor.
#[derive(Clone)]
pub struct VerifiedLeaf {
    /// Its key.
    pub key: VerifyingKey,
    /// The certificate, in DER.
    pub der: Vec<u8>,
    /// The anchor's certificate, in DER.
    pub anchor: Vec<u8>,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// The country of its subject, two letters.
    pub country: Option<String>,
    /// The common name of its subject.
    pub common_name: Option<String>,
    /// DNS names of its subject alternative name.
    pub dns_names: Vec<String>,
}
redact_debug!(VerifiedLeaf);

/// Follows a chain in DER, leaf first and without its anchor, up to one of `anchors`.
///
/// # Errors
/// The first thing wrong.
pub fn verify_x5c(
    chain: &[Vec<u8>],
    anchors: &CertificateAnchors,
    leaf_use: LeafUse,
    now: Timestamp,
) -> Result<VerifiedLeaf, X5cError> {
    let (leaf, above) = chain.split_first().ok_or(X5cError::Malformed)?;
    if chain.iter().any(|der| der.len() > MAX_CERTIFICATE) {
        return Err(X5cError::Malformed);
    }
    let Ok(([], read)) = X509Certificate::from_der(leaf) else { return Err(X5cError::Malformed) };
    if read.subject() == read.issuer() {
        return Err(X5cError::SelfSigned);
    }
    if chain.iter().any(|der| anchors.0.iter().any(|(anchor, _)| anchor.as_ref() == der.as_slice())) {
        return Err(X5cError::AnchorSent);
    }
    let der = CertificateDer::from(leaf.as_slice());
    let end = EndEntityCert::try_from(&der).map_err(|_| X5cError::Malformed)?;
    let above: Vec<CertificateDer<'_>> =
        above.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let seconds = u64::try_from(now.unix()).map_err(|_| X5cError::Validity)?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let roots: Vec<TrustAnchor<'_>> = anchors.0.iter().map(|(_, anchor)| anchor.clone()).collect();
    let path = end
        .verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &roots, &above, time, Usage(leaf_use), None, None)
        .map_err(|error| refusal(&error))?;
    let found = anchors.0.iter().find(|(_, anchor)| {
        anchor.subject == path.anchor().subject
            && anchor.subject_public_key_info == path.anchor().subject_public_key_info
    });
    let anchor = found.map(|(der, _)| der.to_vec()).ok_or(X5cError::Unknown)?;
    if leaf_use == LeafUse::Issuer && names_reader(&read) {
        return Err(X5cError::Use);
    }
    leaf_of(leaf, &read, anchor)
}

fn leaf_of(der: &[u8], read: &X509Certificate<'_>, anchor: Vec<u8>) -> Result<VerifiedLeaf, X5cError> {
    let key = PublicKey::from_spki(read.public_key().raw).and_then(VerifyingKey::new);
    let time = |at: i64| Timestamp::from_unix(at).ok_or(X5cError::Malformed);
    let country = read.subject().iter_country().next().and_then(|name| name.as_str().ok());
    let common_name = read.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    let names = read.subject_alternative_name().map_err(|_| X5cError::Malformed)?;
    let mut dns_names = Vec::new();
    for name in names.iter().flat_map(|names| &names.value.general_names) {
        if let GeneralName::DNSName(name) = name {
            dns_names.push((*name).to_owned());
        }
    }
    Ok(VerifiedLeaf {
        key: key.map_err(|_| X5cError::Key)?,
        der: der.to_vec(),
        anchor,
        not_before: time(read.validity().not_before.timestamp())?,
        not_after: time(read.validity().not_after.timestamp())?,
        country: country.map(str::to_owned),
        common_name: common_name.map(str::to_owned),
        dns_names,
    })
}

fn names_reader(read: &X509Certificate<'_>) -> bool {
    let uses = read.extended_key_usage().ok().flatten();
    uses.is_some_and(|uses| uses.value.other.iter().any(|named| named.as_bytes() == READER))
}

/// The extended use that a leaf must have; in the chain's other certificates none is asked for.
struct Usage(LeafUse);

impl webpki::ExtendedKeyUsageValidator for Usage {
    fn validate(&self, iter: webpki::KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        match self.0 {
            LeafUse::DocumentSigner => KeyUsage::required_if_present(DOCUMENT_SIGNER).validate(iter),
            LeafUse::Reader => KeyUsage::required_if_present(READER).validate(iter),
            LeafUse::Issuer | LeafUse::Any => Ok(()),
        }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the library says that more kinds of fault may come")]
fn refusal(error: &webpki::Error) -> X5cError {
    match error {
        webpki::Error::CertExpired { .. }
        | webpki::Error::CertNotValidYet { .. }
        | webpki::Error::InvalidCertValidity => X5cError::Validity,
        webpki::Error::RequiredEkuNotFoundContext(_) => X5cError::Use,
        webpki::Error::BadDer | webpki::Error::BadDerTime | webpki::Error::TrailingData(_) => {
            X5cError::Malformed
        }
        _ => X5cError::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
        KeyUsagePurpose, date_time_ymd,
    };

    const DOCUMENT_SIGNER: [u64; 6] = [1, 0, 18013, 5, 1, 2];

    fn now() -> Timestamp {
        Timestamp::from_unix(1_800_000_000).unwrap()
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(vec!["issuer.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CountryName, "HK");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2029, 1, 1);
        params
    }

    fn root(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut root = params(name);
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap()
    }

    fn leaf(name: &str, eku: Option<&[u64]>, issuer: &CertifiedIssuer<'_, KeyPair>) -> Vec<u8> {
        let mut leaf = params(name);
        leaf.extended_key_usages =
            eku.map(|oid| ExtendedKeyUsagePurpose::Other(oid.to_vec())).into_iter().collect();
        leaf.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().to_vec()
    }

    #[test]
    fn a_leaf_counts_by_its_anchor_its_time_and_its_use() {
        let (own, other) = (root("Own"), root("Other"));
        let anchors = CertificateAnchors::from_pem(&own.pem()).unwrap();
        let signer = leaf("Signer", Some(&DOCUMENT_SIGNER), &own);
        let verify = |chain: &[Vec<u8>], leaf_use, at| verify_x5c(chain, &anchors, leaf_use, at).map(drop);
        let read =
            verify_x5c(std::slice::from_ref(&signer), &anchors, LeafUse::DocumentSigner, now()).unwrap();
        assert_eq!(
            (read.country.as_deref(), read.dns_names),
            (Some("HK"), vec!["issuer.example".to_owned()])
        );
        assert_eq!((read.anchor, read.der), (own.der().to_vec(), signer.clone()));
        let plain = leaf("Plain", None, &own);
        assert_eq!(verify(&[plain], LeafUse::Reader, now()), Ok(()), "it names no use");
        let late = Timestamp::from_unix(1_900_000_000).unwrap();
        for (chain, leaf_use, at, expected) in [
            (vec![], LeafUse::Any, now(), X5cError::Malformed),
            (vec![b"no certificate".to_vec()], LeafUse::Any, now(), X5cError::Malformed),
            (vec![own.der().to_vec()], LeafUse::Any, now(), X5cError::SelfSigned),
            (vec![signer.clone(), own.der().to_vec()], LeafUse::Any, now(), X5cError::AnchorSent),
            (vec![leaf("S", None, &other)], LeafUse::Any, now(), X5cError::Unknown),
            (vec![signer.clone()], LeafUse::Reader, now(), X5cError::Use),
            (vec![signer.clone()], LeafUse::DocumentSigner, late, X5cError::Validity),
            (vec![vec![0; MAX_CERTIFICATE + 1]], LeafUse::Any, now(), X5cError::Malformed),
        ] {
            assert_eq!(verify(&chain, leaf_use, at), Err(expected), "{leaf_use:?}");
        }
        let none = CertificateAnchors::default();
        assert_eq!(verify_x5c(&[signer], &none, LeafUse::Any, now()).map(drop), Err(X5cError::Unknown));
    }

    #[test]
    fn every_change_of_one_byte_of_a_leaf_is_refused() {
        let own = root("Own");
        let anchors = CertificateAnchors::from_pem(&own.pem()).unwrap();
        let signer = leaf("Signer", Some(&DOCUMENT_SIGNER), &own);
        for place in 0..signer.len() {
            let mut changed = signer.clone();
            changed[place] ^= 1;
            assert!(verify_x5c(&[changed], &anchors, LeafUse::DocumentSigner, now()).is_err(), "{place}");
        }
    }
}

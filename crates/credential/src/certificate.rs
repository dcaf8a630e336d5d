//! Certificates: what one says of itself beside its key, for whoever chooses by it.
//!
//! Lives here: the authority's key (RFC 5280, 4.2.1.1), by which queries for credentials name authorities (OpenID4VP 1.0, 6.1.1.1),
//! its own key, serial number and name, where its issuer and the list of revoked certificates are found. Not here: proof of a chain
//! (`x5c`), whether it keeps to a profile (`annex_b`).

use aws_lc_rs::digest;
use x509_parser::asn1_rs::{FromDer as _, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{CRLDistributionPoint, DistributionPointName, GeneralName, ParsedExtension};

use crate::crypto::{CryptoError, PublicKey, VerifyingKey};

/// Length of a key identifier by SHA-1, in bytes.
pub const KEY_IDENTIFIER_LEN: usize = 20;

/// SHA-1 of the uncompressed point (RFC 5280, 4.2.1.2, method 1). It names a key and proves nothing: SHA-1 is enough for that, and ISO/IEC
/// 18013-5, annex B, asks for it.
///
/// # Errors
/// [`CryptoError`] where the key is no point of the curve.
pub fn key_identifier(key: &PublicKey) -> Result<[u8; KEY_IDENTIFIER_LEN], CryptoError> {
    let (x, y) = VerifyingKey::new(*key)?.coordinates()?;
    let mut identifier = [0; KEY_IDENTIFIER_LEN];
    let hash = identifier_of(&[&[4], x.as_slice(), y.as_slice()].concat());
    identifier.copy_from_slice(&hash);
    Ok(identifier)
}

/// SHA-1 of a BIT STRING's bytes.
pub(crate) fn identifier_of(key: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, key).as_ref().to_vec()
}

pub(crate) fn read(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], read)) => Some(read),
        Ok(_) | Err(_) => None,
    }
}

/// The key that a certificate in DER is for; `None` where it is no certificate, or its key is not on P-256.
#[must_use]
pub fn public_key(der: &[u8]) -> Option<PublicKey> {
    PublicKey::from_spki(read(der)?.public_key().raw).ok()
}

/// The serial number of a certificate in DER, big-endian, as its bytes stand there; `None` where it is no certificate.
#[must_use]
pub fn serial_number(der: &[u8]) -> Option<Vec<u8>> {
    Some(read(der)?.raw_serial().to_vec())
}

/// True where the country in the subject is a UTF8String. RFC 5280, appendix A.1, wants a PrintableString; names are compared byte by byte,
/// so who signs below such a certificate writes it likewise.
#[must_use]
pub fn has_utf8_country(der: &[u8]) -> bool {
    let is_utf8 = |read: X509Certificate<'_>| {
        read.subject()
            .iter_country()
            .next()
            .is_some_and(|country| country.attr_value().tag() == Tag::Utf8String)
    };
    read(der).is_some_and(is_utf8)
}

/// The key identifier of its own key that a certificate in DER names; `None` where it names none, or is no certificate.
#[must_use]
pub fn subject_key_identifier(der: &[u8]) -> Option<Vec<u8>> {
    read(der)?.extensions().iter().find_map(|extension| {
        let ParsedExtension::SubjectKeyIdentifier(identifier) = extension.parsed_extension() else {
            return None;
        };
        Some(identifier.0.to_vec())
    })
}

/// The first URI among the other names of a certificate's issuer (RFC 5280, 4.2.1.7); `None` where there is none.
#[must_use]
pub fn issuer_uri(der: &[u8]) -> Option<String> {
    read(der)?.extensions().iter().find_map(|extension| {
        let ParsedExtension::IssuerAlternativeName(names) = extension.parsed_extension() else { return None };
        names.general_names.iter().find_map(uri)
    })
}

/// The first address of a list of revoked certificates (RFC 5280, 4.2.1.13) that is a URI; `None` where there is none.
#[must_use]
pub fn revocation_uri(der: &[u8]) -> Option<String> {
    read(der)?.extensions().iter().find_map(|extension| {
        let ParsedExtension::CRLDistributionPoints(points) = extension.parsed_extension() else {
            return None;
        };
        points.iter().find_map(uri_of_point)
    })
}

pub(crate) fn uri_of_point(point: &CRLDistributionPoint<'_>) -> Option<String> {
    match point.distribution_point.as_ref()? {
        DistributionPointName::FullName(names) => names.iter().find_map(uri),
        DistributionPointName::NameRelativeToCRLIssuer(_) => None,
    }
}

fn uri(name: &GeneralName<'_>) -> Option<String> {
    let GeneralName::URI(uri) = name else { return None };
    Some((*uri).to_owned())
}

/// The key identifier of the authority that a certificate in DER names; `None` where it names none, or is no certificate.
#[must_use]
pub fn authority_key_identifier(der: &[u8]) -> Option<Vec<u8>> {
    read(der)?.extensions().iter().find_map(|extension| {
        let ParsedExtension::AuthorityKeyIdentifier(named) = extension.parsed_extension() else {
            return None;
        };
        named.key_identifier.as_ref().map(|identifier| identifier.0.to_vec())
    })
}

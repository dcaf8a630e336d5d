//! Certificates: what one says of itself beside its key, for whoever chooses by it.
//!
//! Lives here: the authority's key (RFC 5280, 4.2.1.1), by which queries for credentials name authorities (OpenID4VP 1.0, 6.1.1.1);
//! whether it is a reader's (ISO/IEC 18013-5, annex B). Not here: proof of a chain (`x5c`).

use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// The extended use of readers, who ask for presentations.
const READER: &str = "1.0.18013.5.1.6";

fn read(der: &[u8]) -> Option<X509Certificate<'_>> {
    match X509Certificate::from_der(der) {
        Ok(([], read)) => Some(read),
        Ok(_) | Err(_) => None,
    }
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

/// Whether a certificate in DER is a reader's: it names that extended use.
#[must_use]
pub fn is_reader(der: &[u8]) -> bool {
    read(der).is_some_and(|read| {
        read.extensions().iter().any(|extension| {
            let ParsedExtension::ExtendedKeyUsage(uses) = extension.parsed_extension() else { return false };
            uses.other.iter().any(|named| named.to_id_string() == READER)
        })
    })
}

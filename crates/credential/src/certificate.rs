//! Certificates: what one says of itself beside its key, for whoever chooses by it.
//!
//! Lives here: the authority's key (RFC 5280, 4.2.1.1), by which queries for credentials name authorities (OpenID4VP 1.0, 6.1.1.1),
//! and its own key. Not here: proof of a chain (`x5c`).

use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

use crate::crypto::PublicKey;

fn read(der: &[u8]) -> Option<X509Certificate<'_>> {
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

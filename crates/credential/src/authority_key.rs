//! Authority keys: by which key a certificate says that it was signed (RFC 5280, 4.2.1.1).
//!
//! Lives here: [`authority_key_identifier`], as queries for credentials name authorities (OpenID4VP 1.0, 6.1.1.1). Not here: proof that
//! the key signed (`x5c`).

use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;

/// The key identifier of the authority that a certificate in DER names; `None` where it names none, or is no certificate.
#[must_use]
pub fn authority_key_identifier(der: &[u8]) -> Option<Vec<u8>> {
    let Ok(([], read)) = X509Certificate::from_der(der) else { return None };
    read.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(named) => {
            named.key_identifier.as_ref().map(|identifier| identifier.0.to_vec())
        }
        _ => None,
    })
}

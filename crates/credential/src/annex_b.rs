//! Annex B: what ISO/IEC 18013-5 asks of the certificates under which mdocs are issued and asked for.
//!
//! Lives here: the profiles of the root (IACA), the document signer and the reader, and what a certificate lacks of one. Not here: proof of a
//! chain (`x5c`), making certificates (`transport`). The standard's text is not public; the points rest on public implementations.

use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::{
    OID_KEY_TYPE_EC_PUBLIC_KEY, OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384,
    OID_SIG_ECDSA_WITH_SHA512, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, OID_X509_EXT_BASIC_CONSTRAINTS,
    OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_FRESHEST_CRL,
    OID_X509_EXT_INHIBIT_ANY_POLICY, OID_X509_EXT_ISSUER_ALT_NAME, OID_X509_EXT_KEY_USAGE,
    OID_X509_EXT_NAME_CONSTRAINTS, OID_X509_EXT_POLICY_CONSTRAINTS, OID_X509_EXT_POLICY_MAPPINGS,
    OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::x509::X509Version;

use crate::certificate::{
    authority_key_identifier, identifier_of, read, subject_key_identifier, uri_of_point,
};
use crate::x5c::{DOCUMENT_SIGNER, READER};

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// The root of an issuing authority (IACA): it signs itself.
    Root,
    /// Signs mdocs.
    DocumentSigner,
    /// Asks for mdocs.
    Reader,
}

impl Profile {
    /// The longest life, in seconds: 20 years, 457 days, 1187 days.
    const fn longest_life(self) -> i64 {
        let days = match self {
            Self::Root => 20 * 366,
            Self::DocumentSigner => 457,
            Self::Reader => 1187,
        };
        days * 86_400
    }
}

/// What a certificate lacks of a profile, by the name that RFC 5280 has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileFault {
    /// No certificate.
    #[error("no certificate can be read")]
    Unreadable,
    /// Not of version 3.
    #[error("version: not 3")]
    Version,
    /// Shorter than 63 random bits, longer than 20 bytes, or negative.
    #[error("serialNumber: not a positive number of 8 to 20 bytes")]
    SerialNumber,
    /// Not signed by ECDSA.
    #[error("signature: not ECDSA with SHA-256, SHA-384 or SHA-512")]
    Signature,
    /// The issuer's name is not that of the root, or a root's is not its own.
    #[error("issuer: not the subject of the root")]
    Issuer,
    /// No country of two capital letters, or another one than the root's; of a reader no common name.
    #[error("subject: no countryName of two capital letters as the root has it, or no commonName")]
    Subject,
    /// Serves too long.
    #[error("validity: longer than the profile allows")]
    Validity,
    /// No key on a curve, its point uncompressed.
    #[error("subjectPublicKeyInfo: no uncompressed point of a curve")]
    PublicKey,
    /// Missing, or not the root's key.
    #[error("authorityKeyIdentifier: missing, critical, or not the root's subjectKeyIdentifier")]
    AuthorityKeyIdentifier,
    /// Missing, or another hash.
    #[error("subjectKeyIdentifier: missing, critical, or not SHA-1 of the key")]
    SubjectKeyIdentifier,
    /// Missing, or for other uses.
    #[error("keyUsage: missing, not critical, or of other uses")]
    KeyUsage,
    /// Missing, or of other kinds.
    #[error("issuerAltName: missing, critical, or neither a URI nor an e-mail address")]
    IssuerAlternativeName,
    /// A root's is missing or allows others below it; another's says that it is a root.
    #[error("basicConstraints: not critical with cA and pathLenConstraint 0 in a root, or cA in another")]
    BasicConstraints,
    /// Missing, or of other uses.
    #[error("extKeyUsage: missing, not critical, or of another use")]
    ExtendedKeyUsage,
    /// Missing, or without an address.
    #[error("cRLDistributionPoints: missing, critical, or without a URI alone")]
    RevocationList,
    /// An extension that has no place there.
    #[error("an extension that the profile does not allow (policies, name constraints, freshestCRL)")]
    NotAllowed,
}

/// What the certificate in DER lacks of a profile, in the order of its fields; nothing where it keeps to it. `root`: the certificate of the
/// root that signed it, in DER, where it is at hand; a root's own is its own.
///
/// That the root signed it is for `x5c` to prove.
#[must_use]
pub fn faults(der: &[u8], profile: Profile, root: Option<&[u8]>) -> Vec<ProfileFault> {
    let Some(certificate) = read(der) else { return vec![ProfileFault::Unreadable] };
    let root = if profile == Profile::Root { Some(der) } else { root };
    let judged = Judged { der, certificate: &certificate, profile, root };
    let checks: [(bool, ProfileFault); 14] = [
        (certificate.version() == X509Version::V3, ProfileFault::Version),
        (judged.has_serial_number(), ProfileFault::SerialNumber),
        (judged.has_signature(), ProfileFault::Signature),
        (judged.names_issuer(), ProfileFault::Issuer),
        (judged.has_subject(), ProfileFault::Subject),
        (judged.has_life(), ProfileFault::Validity),
        (judged.has_key(), ProfileFault::PublicKey),
        (judged.names_authority_key(), ProfileFault::AuthorityKeyIdentifier),
        (judged.names_own_key(), ProfileFault::SubjectKeyIdentifier),
        (judged.has_uses(), ProfileFault::KeyUsage),
        (judged.has_issuer_names(), ProfileFault::IssuerAlternativeName),
        (judged.has_constraints(), ProfileFault::BasicConstraints),
        (judged.has_extended_use(), ProfileFault::ExtendedKeyUsage),
        (judged.names_list(), ProfileFault::RevocationList),
    ];
    let mut found: Vec<_> = checks.into_iter().filter(|(kept, _)| !kept).map(|(_, fault)| fault).collect();
    let not_allowed = [
        OID_X509_EXT_POLICY_MAPPINGS,
        OID_X509_EXT_NAME_CONSTRAINTS,
        OID_X509_EXT_POLICY_CONSTRAINTS,
        OID_X509_EXT_INHIBIT_ANY_POLICY,
        OID_X509_EXT_FRESHEST_CRL,
    ];
    if certificate.extensions().iter().any(|extension| not_allowed.contains(&extension.oid)) {
        found.push(ProfileFault::NotAllowed);
    }
    found
}

/// A certificate before its judge.
struct Judged<'c> {
    der: &'c [u8],
    certificate: &'c X509Certificate<'c>,
    profile: Profile,
    root: Option<&'c [u8]>,
}

impl Judged<'_> {
    fn has_serial_number(&self) -> bool {
        let serial = self.certificate.raw_serial();
        (8..=20).contains(&serial.len()) && serial.first().is_some_and(|first| *first < 0x80)
    }

    fn has_signature(&self) -> bool {
        let allowed = [OID_SIG_ECDSA_WITH_SHA256, OID_SIG_ECDSA_WITH_SHA384, OID_SIG_ECDSA_WITH_SHA512];
        allowed.contains(&self.certificate.signature_algorithm.algorithm)
    }

    fn names_issuer(&self) -> bool {
        let issuer = self.certificate.issuer().as_raw();
        self.root.and_then(read).is_none_or(|root| root.subject().as_raw() == issuer)
    }

    fn has_subject(&self) -> bool {
        let own = country(self.certificate);
        let is_named = self.certificate.subject().iter_common_name().next().is_some();
        let is_country = |name: &str| name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_uppercase());
        match self.profile {
            Profile::Root => own.is_some_and(|own| is_country(&own)),
            Profile::DocumentSigner => {
                let as_root = |own: &String| {
                    self.root.and_then(read).is_none_or(|root| country(&root).as_ref() == Some(own))
                };
                own.is_some_and(|own| is_country(&own) && as_root(&own)) && is_named
            }
            Profile::Reader => is_named,
        }
    }

    fn has_life(&self) -> bool {
        let validity = self.certificate.validity();
        let life = validity.not_after.timestamp().checked_sub(validity.not_before.timestamp());
        life.is_some_and(|life| 0 < life && life <= self.profile.longest_life())
    }

    fn has_key(&self) -> bool {
        let key = self.certificate.public_key();
        key.algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY
            && key.subject_public_key.data.first() == Some(&4)
    }

    /// The one extension with this identifier, critical or not as it must be.
    fn extension(&self, oid: &Oid<'_>, critical: bool) -> Option<&X509Extension<'_>> {
        let found = self.certificate.get_extension_unique(oid).ok().flatten()?;
        (found.critical == critical).then_some(found)
    }

    /// A root need not name its own key a second time.
    fn names_authority_key(&self) -> bool {
        let named = authority_key_identifier(self.der);
        if self.profile == Profile::Root {
            return named.is_none() || named == subject_key_identifier(self.der);
        }
        let of_root = self.root.and_then(subject_key_identifier);
        self.extension(&OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER, false).is_some()
            && named.is_some()
            && (self.root.is_none() || named == of_root)
    }

    fn names_own_key(&self) -> bool {
        let expected = identifier_of(&self.certificate.public_key().subject_public_key.data);
        self.extension(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER, false).is_some()
            && subject_key_identifier(self.der).is_some_and(|named| named == expected)
    }

    fn has_uses(&self) -> bool {
        // Bits of RFC 5280, 4.2.1.3: digitalSignature 0, keyCertSign 5, cRLSign 6.
        let expected = if self.profile == Profile::Root { 1 << 5 | 1 << 6 } else { 1 };
        let found = self.extension(&OID_X509_EXT_KEY_USAGE, true).map(X509Extension::parsed_extension);
        matches!(found, Some(ParsedExtension::KeyUsage(uses)) if uses.flags == expected)
    }

    /// Of a reader they are asked for where the root has some.
    fn has_issuer_names(&self) -> bool {
        let oid = &OID_X509_EXT_ISSUER_ALT_NAME;
        let in_root =
            |root: X509Certificate<'_>| root.get_extension_unique(oid).is_ok_and(|found| found.is_some());
        if self.profile == Profile::Reader && !self.root.and_then(read).is_some_and(in_root) {
            return true;
        }
        let is_contact =
            |name: &GeneralName<'_>| matches!(name, GeneralName::URI(_) | GeneralName::RFC822Name(_));
        let found = self.extension(oid, false).map(X509Extension::parsed_extension);
        matches!(found, Some(ParsedExtension::IssuerAlternativeName(names))
            if !names.general_names.is_empty() && names.general_names.iter().all(is_contact))
    }

    fn has_constraints(&self) -> bool {
        let oid = &OID_X509_EXT_BASIC_CONSTRAINTS;
        if self.profile != Profile::Root {
            return !self.certificate.is_ca();
        }
        let found = self.extension(oid, true).map(X509Extension::parsed_extension);
        matches!(found, Some(ParsedExtension::BasicConstraints(limits)) if limits.ca && limits.path_len_constraint == Some(0))
    }

    fn has_extended_use(&self) -> bool {
        let expected = match self.profile {
            Profile::Root => return true,
            Profile::DocumentSigner => DOCUMENT_SIGNER,
            Profile::Reader => READER,
        };
        let found =
            self.extension(&OID_X509_EXT_EXTENDED_KEY_USAGE, true).map(X509Extension::parsed_extension);
        let Some(ParsedExtension::ExtendedKeyUsage(uses)) = found else { return false };
        let others = [
            uses.any,
            uses.server_auth,
            uses.client_auth,
            uses.code_signing,
            uses.email_protection,
            uses.time_stamping,
        ]
        .contains(&true)
            || uses.ocsp_signing;
        !others && matches!(uses.other.as_slice(), [one] if one.as_bytes() == expected)
    }

    fn names_list(&self) -> bool {
        let found =
            self.extension(&OID_X509_EXT_CRL_DISTRIBUTION_POINTS, false).map(X509Extension::parsed_extension);
        let Some(ParsedExtension::CRLDistributionPoints(points)) = found else { return false };
        !points.is_empty()
            && points.iter().all(|point| {
                uri_of_point(point).is_some() && point.reasons.is_none() && point.crl_issuer.is_none()
            })
    }
}

fn country(certificate: &X509Certificate<'_>) -> Option<String> {
    let mut all = certificate.subject().iter_country();
    let first = all.next()?.as_str().ok()?.to_owned();
    all.next().is_none().then_some(first)
}

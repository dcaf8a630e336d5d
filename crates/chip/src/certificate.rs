//! Certificate: what is read of an X.509 certificate or list of revoked ones (RFC 5280; profiles in ICAO Doc 9303-12, 7).
//!
//! Lives here: [`Certificate`], [`Name`], usage, country, dates. Not here: which of them are trusted ([`crate::CountrySigners`]).

use credential::x509::{SignatureScheme, X509Key, X509Refusal};
use documents::Timestamp;
use x509_parser::asn1_rs::{FromDer as _, Oid, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::oid_registry::{
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_EXTENDED_KEY_USAGE, OID_X509_EXT_KEY_USAGE,
};
use x509_parser::x509::{X509Name, X509Version};

use crate::tlv::{Elements, Malformed};

/// Longest certificate that is read, in bytes.
pub const MAX_CERTIFICATE: usize = 8 * 1024;
/// `id-icao-mrtd-security-masterListSigner` (ICAO Doc 9303-12, 7.1.1).
const LIST_SIGNER: Oid<'static> = oid!(2.23.136.1.1.3);

/// The bytes are no certificate of version 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotACertificate;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Signs certificates: a country signer.
    Country,
    /// Signs documents.
    Document,
    /// Signs master lists.
    List,
}

/// A name as it is compared: kinds and texts, letters of either case the same, whichever string type carries them
/// (RFC 5280, 7.1). Countries write the same name in two string types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(Vec<(String, String)>);

impl Name {
    pub fn of(name: &X509Name<'_>) -> Self {
        let part = |kind: String, text: Result<&str, _>, bytes: &[u8]| {
            let text = match text {
                Ok(text) => text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase(),
                // Compared byte by byte: no text begins with this sign.
                Err(_) => format!("\0{bytes:02x?}"),
            };
            (kind, text)
        };
        Self(
            name.iter_attributes()
                .map(|each| part(each.attr_type().to_id_string(), each.as_str(), each.as_slice()))
                .collect(),
        )
    }
}

/// A certificate, read to its last byte. Nothing of it is believed yet.
#[derive(Debug)]
pub struct Certificate<'a>(X509Certificate<'a>);

impl<'a> Certificate<'a> {
    pub fn read(der: &'a [u8]) -> Result<Self, NotACertificate> {
        if der.len() > MAX_CERTIFICATE {
            return Err(NotACertificate);
        }
        match X509Certificate::from_der(der) {
            Ok(([], read)) if read.version() == X509Version::V3 && read.extensions_map().is_ok() => {
                Ok(Self(read))
            }
            Ok(_) | Err(_) => Err(NotACertificate),
        }
    }

    /// The bytes that were read.
    pub fn der(&self) -> &'a [u8] {
        self.0.as_raw()
    }

    pub fn key(&self) -> Result<X509Key, X509Refusal> {
        X509Key::from_spki(self.0.public_key().raw)
    }

    pub fn subject(&self) -> Name {
        Name::of(self.0.subject())
    }

    pub fn issuer(&self) -> Name {
        Name::of(self.0.issuer())
    }

    /// The serial number without zeros at its front.
    pub fn serial(&self) -> &'a [u8] {
        serial(self.0.raw_serial())
    }

    /// The identifier of its key, where it has one (RFC 5280, 4.2.1.2).
    pub fn key_identifier(&self) -> Option<&[u8]> {
        self.0.iter_extensions().find_map(|extension| {
            let ParsedExtension::SubjectKeyIdentifier(id) = extension.parsed_extension() else { return None };
            Some(id.0)
        })
    }

    /// The countries of subject and issuer, in capital letters; `None` unless both name the same one once.
    pub fn country(&self) -> Option<String> {
        let one = |name: &X509Name<'_>| {
            let mut all = name.iter_country();
            let country = all.next()?.as_str().ok()?.to_ascii_uppercase();
            (all.next().is_none() && country.len() == 2).then_some(country)
        };
        one(self.0.subject()).filter(|country| one(self.0.issuer()).as_ref() == Some(country))
    }

    /// Dates between which it is valid, both included.
    pub fn validity(&self) -> (i64, i64) {
        let validity = self.0.validity();
        (validity.not_before.timestamp(), validity.not_after.timestamp())
    }

    pub fn is_valid_at(&self, at: Timestamp) -> bool {
        let (from, to) = self.validity();
        (from..=to).contains(&at.unix())
    }

    /// Whether all that is critical is known here (RFC 5280, 4.2).
    pub fn extensions_are_known(&self) -> bool {
        let known = [OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_KEY_USAGE, OID_X509_EXT_EXTENDED_KEY_USAGE];
        let read = |extension: &X509Extension<'_>| {
            let parsed = !matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. });
            known.contains(&extension.oid) && parsed
        };
        self.0.iter_extensions().all(|extension| !extension.critical || read(extension))
    }

    /// Whether it may be used so (ICAO Doc 9303-12, 7.1): key usage is named, and fits; only a country signer is an authority.
    pub fn is_for(&self, usage: Usage) -> bool {
        let Ok(Some(key_usage)) = self.0.key_usage() else { return false };
        let is_authority = match self.0.basic_constraints() {
            Ok(found) => found.is_some_and(|found| found.value.ca),
            Err(_) => return false,
        };
        let extended = match self.0.extended_key_usage() {
            Ok(extended) => extended.map(|extended| extended.value),
            Err(_) => return false,
        };
        let names_lists = extended.is_some_and(|extended| extended.other.contains(&LIST_SIGNER));
        match usage {
            Usage::Country => is_authority && key_usage.value.key_cert_sign(),
            Usage::Document => !is_authority && key_usage.value.digital_signature() && extended.is_none(),
            Usage::List => !is_authority && key_usage.value.digital_signature() && names_lists,
        }
    }

    /// Whether this key signed it.
    pub fn is_signed_by(&self, key: &X509Key) -> Result<(), X509Refusal> {
        // RFC 5280, 4.1.1.2: the algorithm outside is the one that is signed inside.
        let inside = &self.0.tbs_certificate.signature;
        if self.0.signature_algorithm != *inside || self.0.signature_value.unused_bits != 0 {
            return Err(X509Refusal::Malformed);
        }
        let (signed, algorithm) = self.parts().map_err(|Malformed| X509Refusal::Malformed)?;
        let scheme = SignatureScheme::from_der(algorithm, None)?;
        key.verify(scheme, signed, &self.0.signature_value.data)
    }

    /// What is signed, and the algorithm, as their bytes stand in the certificate.
    fn parts(&self) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        let mut parts = Elements::only(self.0.as_raw(), 0x30)?;
        Ok((parts.expect_whole(0x30)?, parts.expect_whole(0x30)?))
    }
}

/// A serial number without zeros at its front.
pub fn serial(raw: &[u8]) -> &[u8] {
    raw.get(raw.iter().position(|byte| *byte != 0).unwrap_or(raw.len())..).unwrap_or_default()
}

//! Issuer root: the root of those who sign credentials for wallets of others, or ask for them, and its list of revoked certificates.
//!
//! Lives here: certificates by ISO/IEC 18013-5, annex B, and the list (RFC 5280, 5). Not here: what the annex asks for
//! (`credential::annex_b`), where keys, certificates and the list lie (`baypass`), who serves the list (`authority`).

use std::sync::{Arc, PoisonError, RwLock};

use credential::x5c::{DOCUMENT_SIGNER, READER};
use credential::x509::value as der;
use credential::{SigningKey, certificate, random_array};
use documents::{LocalDate, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CustomExtension, DistinguishedName, DnType, DnValue, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevocationReason, RevokedCertParams, SerialNumber, date_time_ymd,
};

use crate::certificate::{Certificate, CertificateError, dated, key_pair};

/// Longest address in a certificate, in bytes.
const MAX_ADDRESS: usize = 1000;
/// Extensions that the library leaves to its caller, and the identifier of each (RFC 5280, 4.2.1).
const SUBJECT_KEY_IDENTIFIER: &[u64] = &[2, 5, 29, 14];
const ISSUER_ALTERNATIVE_NAME: &[u64] = &[2, 5, 29, 18];
const EXTENDED_KEY_USAGE: &[u64] = &[2, 5, 29, 37];
/// Tags of DER: SEQUENCE, OCTET STRING, OBJECT IDENTIFIER, and of a general name the URI.
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const URI: u8 = 0x86;

/// What a certificate of an [`IssuerRoot`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerUse {
    /// Signs credentials in wallets of others: 1.0.18013.5.1.2 (ISO/IEC 18013-5, annex B).
    DocumentSigner,
    /// Asks for presentations: 1.0.18013.5.1.6 (ISO/IEC 18013-5, annex B).
    Reader,
}

impl SignerUse {
    /// The extension that says so. It is critical, which the library's own is not.
    fn extension(self) -> CustomExtension {
        let purpose = match self {
            Self::DocumentSigner => DOCUMENT_SIGNER,
            Self::Reader => READER,
        };
        let purpose = der(OBJECT_IDENTIFIER, purpose);
        let mut extension = CustomExtension::from_oid_content(EXTENDED_KEY_USAGE, der(SEQUENCE, &purpose));
        extension.set_criticality(true);
        extension
    }
}

/// Where an issuer and its list of revoked certificates are found, as certificates say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerAddresses {
    issuer: String,
    revoked: String,
}

impl IssuerAddresses {
    /// `issuer`: a URI of the issuer (issuerAltName); `revoked`: the list's (cRLDistributionPoints).
    ///
    /// # Errors
    /// [`CertificateError::Address`]
    pub fn new(issuer: &str, revoked: &str) -> Result<Self, CertificateError> {
        let fits = |address: &str| !address.is_empty() && address.len() <= MAX_ADDRESS && address.is_ascii();
        if !fits(issuer) || !fits(revoked) {
            return Err(CertificateError::Address);
        }
        Ok(Self { issuer: issuer.to_owned(), revoked: revoked.to_owned() })
    }

    /// Those in a certificate in DER; `None` where it does not name both.
    #[must_use]
    pub fn in_certificate(der: &[u8]) -> Option<Self> {
        Self::new(&certificate::issuer_uri(der)?, &certificate::revocation_uri(der)?).ok()
    }

    /// Where the issuer is found.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// A certificate that counts no more, for its key is compromised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The serial number, big-endian.
    pub serial: Vec<u8>,
    /// From when on it does not count.
    pub at: Timestamp,
}

/// The list of revoked certificates that a service gives out, in DER: whoever has the root's key signs it anew from time to time. Copies
/// are of the same list; at first there is none.
#[derive(Debug, Clone, Default)]
pub struct RevocationList(Arc<RwLock<Option<Vec<u8>>>>);

impl RevocationList {
    /// Another one is given out from now on.
    pub fn put(&self, der: Vec<u8>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(der);
    }

    /// The one that is given out.
    #[must_use]
    pub fn get(&self) -> Option<Vec<u8>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The root of those who sign credentials, or ask for them, in the name of one authority or venue.
pub struct IssuerRoot {
    name: String,
    country: &'static str,
    /// Roots of the versions before have the common name first, and the country in UTF-8. Names are compared byte by byte.
    is_named_as_before: bool,
    key: KeyPair,
    identifier: Vec<u8>,
    addresses: Option<IssuerAddresses>,
}

impl IssuerRoot {
    /// The root with this key. `country`: two letters, as ISO/IEC 18013-5, annex B demands.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn new(name: String, country: &'static str, key: &SigningKey) -> Result<Self, CertificateError> {
        let identifier = certificate::key_identifier(key.public())?.to_vec();
        let key = key_pair(key)?;
        Ok(Self { name, country, is_named_as_before: false, key, identifier, addresses: None })
    }

    /// Where its certificates say that the issuer and its list are found. Without it they keep to annex B but for these two extensions.
    #[must_use]
    pub fn found_at(mut self, addresses: IssuerAddresses) -> Self {
        self.addresses = Some(addresses);
        self
    }

    /// The same root, as the certificate in DER has it that was made before: what is signed from now on names the key and writes the name as
    /// it stands there, and says the same of its addresses.
    #[must_use]
    pub fn as_certified(mut self, der: &[u8]) -> Self {
        if let Some(identifier) = certificate::subject_key_identifier(der) {
            self.identifier = identifier;
        }
        self.addresses = IssuerAddresses::in_certificate(der);
        self.named_as(der)
    }

    /// The same root, its name written as in the certificate in DER: what was signed below that one stays valid below the next.
    #[must_use]
    pub fn named_as(mut self, der: &[u8]) -> Self {
        self.is_named_as_before = certificate::has_utf8_country(der);
        self
    }

    /// What all its certificates have: names, a serial number by chance, the identifier of the key, the addresses.
    fn params(
        &self,
        name: &str,
        hosts: &[String],
        (from, to): (LocalDate, LocalDate),
    ) -> Result<CertificateParams, CertificateError> {
        let mut params = CertificateParams::new(hosts)?;
        let country = if self.is_named_as_before {
            DnValue::Utf8String(self.country.to_owned())
        } else {
            // The library's default has a common name already, which would come first.
            params.distinguished_name = DistinguishedName::new();
            DnValue::PrintableString(self.country.try_into()?)
        };
        params.distinguished_name.push(DnType::CountryName, country);
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(serial_number()?);
        params.key_identifier_method = KeyIdMethod::PreSpecified(self.identifier.clone());
        if let Some(IssuerAddresses { issuer, revoked }) = &self.addresses {
            params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![revoked.clone()] }];
            let names = der(SEQUENCE, &der(URI, issuer.as_bytes()));
            params.custom_extensions.push(CustomExtension::from_oid_content(ISSUER_ALTERNATIVE_NAME, names));
        }
        Ok(dated(params, (from, to)))
    }

    fn own_params(&self, days: (LocalDate, LocalDate)) -> Result<CertificateParams, CertificateError> {
        let mut params = self.params(&self.name, &[], days)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    /// Its own certificate.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn certificate(&self, from: LocalDate, to: LocalDate) -> Result<Certificate, CertificateError> {
        Ok(Certificate(self.own_params((from, to))?.self_signed(&self.key)?.pem()))
    }

    /// Certifies a key for these hosts (names and IP addresses) and this use.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn certify(
        &self,
        name: &str,
        hosts: &[String],
        key: &SigningKey,
        leaf_use: SignerUse,
        days: (LocalDate, LocalDate),
    ) -> Result<Certificate, CertificateError> {
        let mut params = self.params(name, hosts, days)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        // The library writes the identifier of a root's key alone.
        let identifier = der(OCTET_STRING, &certificate::key_identifier(key.public())?);
        params.custom_extensions.push(CustomExtension::from_oid_content(SUBJECT_KEY_IDENTIFIER, identifier));
        params.custom_extensions.push(leaf_use.extension());
        let issuer = Issuer::new(self.own_params(days)?, &self.key);
        Ok(Certificate(params.signed_by(&key_pair(key)?, &issuer)?.pem()))
    }

    /// The list of revoked certificates in DER (RFC 5280, 5), which counts from `now` until `until`. Its number is the time in seconds.
    ///
    /// # Errors
    /// [`CertificateError`], also where `until` does not lie behind `now`.
    pub fn revocation_list(
        &self,
        revoked: &[Revoked],
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<u8>, CertificateError> {
        let at = |time: Timestamp| {
            let seconds = u64::try_from(time.unix()).unwrap_or_default();
            date_time_ymd(1970, 1, 1) + std::time::Duration::from_secs(seconds)
        };
        let entry = |one: &Revoked| RevokedCertParams {
            serial_number: SerialNumber::from(one.serial.clone()),
            revocation_time: at(one.at),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let number = u64::try_from(now.unix()).unwrap_or_default();
        let list = CertificateRevocationListParams {
            this_update: at(now),
            next_update: at(until),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::PreSpecified(self.identifier.clone()),
        };
        let day = now.local_date();
        let issuer = Issuer::new(self.own_params((day, day))?, &self.key);
        Ok(list.signed_by(&issuer)?.der().to_vec())
    }
}

/// 126 bits of chance in 16 bytes, always positive and of one length.
fn serial_number() -> Result<SerialNumber, CertificateError> {
    let [first, rest @ ..] = random_array::<16>()?;
    let mut bytes = vec![first & 0x3f | 0x40];
    bytes.extend(rest);
    Ok(SerialNumber::from(bytes))
}

//! Certificate: an installation's own certification authority, and what it certifies.
//!
//! Lives here: making certificates (RFC 5280) for keys that `credential` made. Not here: who has which key (`trust`): between
//! parties the key counts, as a trust list names it, and not who certified it. Wallets and browsers go by the certification
//! authority.

use std::sync::LazyLock;

use credential::{CryptoError, SigningKey};
use documents::LocalDate;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, date_time_ymd,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde::Deserialize;

/// How long certificates serve, in days; `data/certificates.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// The certification authority.
    pub ca_days: i32,
    /// A party's certificate.
    pub leaf_days: i32,
    /// So long before its use a party's next key is listed.
    pub lead_days: i32,
}

impl Days {
    /// The days in the program's data.
    ///
    /// # Errors
    /// [`CertificateError::Days`]
    pub fn builtin() -> Result<Self, CertificateError> {
        static DAYS: LazyLock<Option<Days>> =
            LazyLock::new(|| toml::from_str(include_str!("../data/certificates.toml")).ok());
        DAYS.filter(|days| days.lead_days < days.leaf_days && days.leaf_days < days.ca_days)
            .ok_or(CertificateError::Days)
    }
}

/// Why a certificate was not made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The data.
    #[error(
        "data/certificates.toml is malformed, or its days do not grow from lead to leaf to ca; mend the file"
    )]
    Days,
    /// A key cannot be made or read.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// A name, a date or a key that a certificate cannot bear.
    #[error("the certificate cannot be made ({0}); check its names")]
    Made(#[from] rcgen::Error),
}

/// A certificate in PEM (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate(pub String);

fn key_pair(key: &SigningKey) -> Result<KeyPair, CertificateError> {
    let der = key.to_pkcs8()?;
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(der.as_slice()),
        &PKCS_ECDSA_P256_SHA256,
    )?)
}

/// From the first day at 0:00 UTC to the last.
fn dated(mut params: CertificateParams, (from, to): (LocalDate, LocalDate)) -> CertificateParams {
    let date = |day: LocalDate| {
        let (year, month, day) = day.ymd();
        date_time_ymd(i32::from(year), month.unsigned_abs(), day.unsigned_abs())
    };
    (params.not_before, params.not_after) = (date(from), date(to));
    params
}

/// What certifies: its own name and key, and for whom.
struct Root {
    /// The country that stands in its certificates, if any.
    country: Option<&'static str>,
    name: String,
    key: KeyPair,
}

impl Root {
    fn params(&self, name: &str, hosts: &[String]) -> Result<CertificateParams, CertificateError> {
        let mut params = CertificateParams::new(hosts)?;
        if let Some(country) = self.country {
            params.distinguished_name.push(DnType::CountryName, country);
        }
        params.distinguished_name.push(DnType::CommonName, name);
        Ok(params)
    }

    fn own_params(&self) -> Result<CertificateParams, CertificateError> {
        let mut params = self.params(&self.name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    fn certificate(&self, days: (LocalDate, LocalDate)) -> Result<Certificate, CertificateError> {
        Ok(Certificate(dated(self.own_params()?, days).self_signed(&self.key)?.pem()))
    }

    fn certify(
        &self,
        name: &str,
        hosts: &[String],
        key: &SigningKey,
        uses: Vec<ExtendedKeyUsagePurpose>,
        days: (LocalDate, LocalDate),
    ) -> Result<Certificate, CertificateError> {
        let mut params = self.params(name, hosts)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = uses;
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::new(self.own_params()?, &self.key);
        Ok(Certificate(dated(params, days).signed_by(&key_pair(key)?, &issuer)?.pem()))
    }
}

/// A certification authority of one installation.
pub struct Ca(Root);

impl Ca {
    /// The certification authority with this key; the key's thumbprint tells it from others of its kind.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn new(key: &SigningKey) -> Result<Self, CertificateError> {
        let hash = credential::sha256(key.public().as_bytes());
        let name = hash
            .iter()
            .take(4)
            .fold("Bay Pass installation ".to_owned(), |name, byte| format!("{name}{byte:02x}"));
        Ok(Self(Root { country: None, name, key: key_pair(key)? }))
    }

    /// Its own certificate.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn certificate(&self, from: LocalDate, to: LocalDate) -> Result<Certificate, CertificateError> {
        self.0.certificate((from, to))
    }

    /// Certifies a key of the party `name` for these hosts (names and IP addresses), as a server and a client.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn certify(
        &self,
        name: &str,
        hosts: &[String],
        key: &SigningKey,
        days: (LocalDate, LocalDate),
    ) -> Result<Certificate, CertificateError> {
        let uses = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.0.certify(name, hosts, key, uses, days)
    }
}

/// What a certificate of an [`IssuerRoot`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerUse {
    /// Signs credentials in wallets of others: 1.0.18013.5.1.2 (ISO/IEC 18013-5, annex B).
    DocumentSigner,
    /// Asks for presentations: 1.0.18013.5.1.6 (ISO/IEC 18013-5, annex B).
    Reader,
}

impl SignerUse {
    fn purpose(self) -> ExtendedKeyUsagePurpose {
        let last = match self {
            Self::DocumentSigner => 2,
            Self::Reader => 6,
        };
        ExtendedKeyUsagePurpose::Other(vec![1, 0, 18013, 5, 1, last])
    }
}

/// The root of those who sign credentials, or ask for them, in the name of one authority.
pub struct IssuerRoot(Root);

impl IssuerRoot {
    /// The root with this key. `country`: two letters, as ISO/IEC 18013-5, annex B demands.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn new(name: String, country: &'static str, key: &SigningKey) -> Result<Self, CertificateError> {
        Ok(Self(Root { country: Some(country), name, key: key_pair(key)? }))
    }

    /// Its own certificate.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn certificate(&self, from: LocalDate, to: LocalDate) -> Result<Certificate, CertificateError> {
        self.0.certificate((from, to))
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
        self.0.certify(name, hosts, key, vec![leaf_use.purpose()], days)
    }
}

//! Certificate: an installation's own certification authority, and what it certifies.
//!
//! Lives here: making certificates (RFC 5280) for keys that `credential` made. Not here: those towards wallets and verifiers of others
//! (`issuer_root`); who has which key (`trust`): between parties the key counts, as a trust list names it, and not who certified it.
//! Wallets and browsers go by the certification authority.

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
    /// An address that a certificate cannot bear.
    #[error(
        "the issuer's address is empty, longer than 1000 bytes, or not ASCII; name one as browsers write it (https://hkg.example)"
    )]
    Address,
}

/// A certificate in PEM (RFC 7468).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate(pub String);

pub(crate) fn key_pair(key: &SigningKey) -> Result<KeyPair, CertificateError> {
    let der = key.to_pkcs8()?;
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(der.as_slice()),
        &PKCS_ECDSA_P256_SHA256,
    )?)
}

/// From the first day at 0:00 UTC to the last.
pub(crate) fn dated(mut params: CertificateParams, (from, to): (LocalDate, LocalDate)) -> CertificateParams {
    let date = |day: LocalDate| {
        let (year, month, day) = day.ymd();
        date_time_ymd(i32::from(year), month.unsigned_abs(), day.unsigned_abs())
    };
    (params.not_before, params.not_after) = (date(from), date(to));
    params
}

/// A certification authority of one installation.
pub struct Ca {
    name: String,
    key: KeyPair,
}

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
        Ok(Self { name, key: key_pair(key)? })
    }

    fn own_params(&self) -> Result<CertificateParams, CertificateError> {
        let mut params = named(&self.name, &[])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(params)
    }

    /// Its own certificate.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub fn certificate(&self, from: LocalDate, to: LocalDate) -> Result<Certificate, CertificateError> {
        Ok(Certificate(dated(self.own_params()?, (from, to)).self_signed(&self.key)?.pem()))
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
        let mut params = named(name, hosts)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::new(self.own_params()?, &self.key);
        Ok(Certificate(dated(params, days).signed_by(&key_pair(key)?, &issuer)?.pem()))
    }
}

fn named(name: &str, hosts: &[String]) -> Result<CertificateParams, CertificateError> {
    let mut params = CertificateParams::new(hosts)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

//! Identity: a party's own keys and certificates, and which of them stands at its end of a connection at this moment.
//!
//! Lives here: [`Identity`]: keys are exchanged while connections come and go. Not here: when a key is to be used (a function
//! that the program gives, by the trust lists), where keys lie (`baypass`).

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use credential::{CryptoError, PublicKey, SigningKey};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ParsedCertificate, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{SignatureScheme, crypto};

/// Why a key and its certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No certificate in PEM.
    #[error(
        "the certificate cannot be read; write it in PEM, the party's own first, then those that certify it"
    )]
    Certificate,
    /// No private key.
    #[error("the private key cannot be read; write it in PEM (PKCS#8, SEC 1 or PKCS#1)")]
    Key,
    /// They do not belong to each other.
    #[error("the certificate is for another key; give the two that belong to each other")]
    Apart,
    /// The key cannot be written down.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// A key with its certificate.
#[derive(Clone)]
pub struct OwnKey {
    number: u64,
    public: Option<PublicKey>,
    certified: Arc<CertifiedKey>,
}

impl OwnKey {
    /// A key of a party with its number in the trust lists, and its certificate in PEM.
    ///
    /// # Errors
    /// [`IdentityError`]
    pub fn new(number: u64, key: &SigningKey, pem: &[u8]) -> Result<Self, IdentityError> {
        let der = key.to_pkcs8()?;
        let der = PrivateKeyDer::Pkcs8(der.to_vec().into());
        Ok(Self { public: Some(*key.public()), ..Self::of(number, &der, pem)? })
    }

    /// A private key and its certificates as files of PEM, such as a public certification authority's tools write.
    ///
    /// # Errors
    /// [`IdentityError`]
    pub fn from_pem(key: &[u8], pem: &[u8]) -> Result<Self, IdentityError> {
        Self::of(0, &PrivateKeyDer::from_pem_slice(key).map_err(|_| IdentityError::Key)?, pem)
    }

    fn of(number: u64, key: &PrivateKeyDer<'_>, pem: &[u8]) -> Result<Self, IdentityError> {
        let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(IdentityError::Certificate)?;
        let key = crypto::aws_lc_rs::sign::any_supported_type(key).map_err(|_| IdentityError::Key)?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|_| IdentityError::Apart)?;
        Ok(Self { number, public: None, certified: Arc::new(certified) })
    }

    /// Its number in the trust lists.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }
}

impl fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnKey").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Whether a key of its own is to be used now.
type Used = Arc<dyn Fn(&PublicKey) -> bool + Send + Sync>;

/// What a party shows of itself. Clones are the same identity.
#[derive(Clone)]
pub struct Identity {
    keys: Arc<RwLock<Vec<OwnKey>>>,
    used: Used,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

impl Identity {
    /// An identity with these keys; `used` says whether one of them is to be used at the moment.
    pub fn new(keys: Vec<OwnKey>, used: impl Fn(&PublicKey) -> bool + Send + Sync + 'static) -> Self {
        let identity = Self { keys: Arc::default(), used: Arc::new(used) };
        identity.replace(keys);
        identity
    }

    /// Takes these keys in place of those before; connections that are open stay so.
    pub fn replace(&self, mut keys: Vec<OwnKey>) {
        keys.sort_by_key(|key| key.number);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// The newest key that is to be used; where there is none, the one that was known longest.
    fn current(&self) -> Option<OwnKey> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let used = |key: &&OwnKey| key.public.as_ref().is_none_or(|public| (self.used)(public));
        keys.iter().rev().find(used).or_else(|| keys.first()).cloned()
    }

    /// The number of the key that stands at this end now.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.current().map(|key| key.number)
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.current().map(|key| key.certified)
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.current().map(|key| key.certified)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The public key of a certificate, where it is a P-256 key.
pub(crate) fn public_key(certificate: &CertificateDer<'_>) -> Option<PublicKey> {
    let parsed = ParsedCertificate::try_from(certificate).ok()?;
    PublicKey::from_spki(&parsed.subject_public_key_info()).ok()
}

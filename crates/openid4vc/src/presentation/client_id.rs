//! Client ids: who asks, by the certificate that signed the request (`OpenID4VP` 1.0, 5.9).

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::sha256;
use credential::x5c::VerifiedLeaf;

use crate::address::host;

const HASH: &str = "x509_hash";
const DNS: &str = "x509_san_dns";

/// A verifier's name, bound to its certificate, or to its page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientId {
    /// SHA-256 of the certificate (`x509_hash`, which HAIP 1.0 demands).
    Hash([u8; 32]),
    /// A DNS name of the certificate (`x509_san_dns`).
    Dns(String),
    /// The page of an unsigned request (`origin`, A.2). It is never read from a request: the browser says it.
    Origin(String),
}

/// What stands where a client id should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client id has another prefix than x509_hash and x509_san_dns, or no value of its prefix")]
pub struct NoClientId;

impl ClientId {
    /// The one by the hash of a certificate in DER.
    #[must_use]
    pub fn of_certificate(der: &[u8]) -> Self {
        Self::Hash(sha256(der))
    }

    /// Reads one with its prefix. `origin:` is reserved, and refused as every other prefix is; one without a prefix is that of a client
    /// that was registered before, and refused too.
    ///
    /// # Errors
    /// [`NoClientId`].
    pub fn read(text: &str) -> Result<Self, NoClientId> {
        match text.split_once(':') {
            Some((HASH, hash)) => {
                let hash = URL_SAFE_NO_PAD.decode(hash).map_err(|_| NoClientId)?;
                hash.try_into().map(Self::Hash).map_err(|_| NoClientId)
            }
            Some((DNS, name)) if !name.is_empty() && !name.contains([':', '/', '*']) => {
                Ok(Self::Dns(name.to_owned()))
            }
            Some(_) | None => Err(NoClientId),
        }
    }

    /// Whether a certificate is the one that it names.
    #[must_use]
    pub fn is_of(&self, leaf: &VerifiedLeaf) -> bool {
        match self {
            Self::Hash(hash) => *hash == sha256(&leaf.der),
            Self::Dns(name) => leaf.dns_names.iter().any(|own| own.eq_ignore_ascii_case(name)),
            Self::Origin(_) => false,
        }
    }

    /// Whether answers may go to this address: any of a pinned certificate, the name's own host where it is named by DNS.
    pub(super) fn takes_address(&self, uri: &str) -> bool {
        match self {
            Self::Hash(_) => true,
            Self::Dns(name) => host(uri).is_some_and(|host| host.eq_ignore_ascii_case(name)),
            Self::Origin(_) => false,
        }
    }
}

/// The text with its prefix: the audience of what is presented.
impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash(hash) => write!(f, "{HASH}:{}", URL_SAFE_NO_PAD.encode(hash)),
            Self::Dns(name) => write!(f, "{DNS}:{name}"),
            Self::Origin(origin) => write!(f, "origin:{origin}"),
        }
    }
}

//! TLS: both ends of a handshake between parties, and the server's for strangers. TLS 1.3 alone (RFC 8446), of one crypto library;
//! no session is resumed, for a resumed one would not look at the trust list again.
//!
//! Lives here: configurations of `rustls`, the check of a peer's key. Not here: what a trust list says (`trust`).

use std::sync::Arc;
use std::time::Duration;

use credential::PublicKey;
use documents::AuthorityCode;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, OtherError,
    PeerIncompatible, ServerConfig, SignatureScheme,
};
use trust::{Peer, TrustError};

use crate::identity::{Identity, public_key};

/// How long a connection that nobody uses is kept: by then another key may be listed.
const IDLE: Duration = Duration::from_secs(20);
/// How long a peer may take for connection and handshake.
const CONNECT: Duration = Duration::from_secs(5);

/// Who has a key at this moment, by the trust lists in use.
pub type Known = Arc<dyn Fn(&PublicKey) -> Result<Peer, TrustError> + Send + Sync>;

/// Why an end cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The library refuses the configuration.
    #[error("TLS cannot be set up: {0}")]
    Config(#[from] Error),
    /// The HTTP client.
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
    /// A name that no certificate can bear.
    #[error("the host is neither a name nor an IP address; correct the address")]
    Host,
    /// No certification authority.
    #[error(
        "no certification authority can be read; name a file of certificates in PEM: the other system's own, or this machine's"
    )]
    Roots,
}

/// Why a certificate is not that of the peer.
#[derive(Debug, thiserror::Error)]
enum NotThePeer {
    #[error("its key is no P-256 key")]
    Key,
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("it is {is}, not {wanted}")]
    Other { is: String, wanted: AuthorityCode },
}

/// The crypto library.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Checks that the key in a peer's certificate is one that the trust lists name, and, where a certain authority was dialled,
/// that it is this one's. Names and dates in the certificate say nothing that counts.
struct ByTrustList {
    known: Known,
    wanted: Option<AuthorityCode>,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for ByTrustList {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ByTrustList").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

impl ByTrustList {
    fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        self.peer(certificate).map(drop).map_err(|why| {
            tracing::warn!(%why, wanted = ?self.wanted, "a certificate was refused");
            CertificateError::Other(OtherError(Arc::new(why))).into()
        })
    }

    fn peer(&self, certificate: &CertificateDer<'_>) -> Result<Peer, NotThePeer> {
        let peer = (self.known)(&public_key(certificate).ok_or(NotThePeer::Key)?)?;
        match self.wanted {
            Some(wanted) if !peer.is_authority(wanted) => {
                Err(NotThePeer::Other { is: peer.party.to_string(), wanted })
            }
            Some(_) | None => Ok(peer),
        }
    }
}

/// How both ends look at the signature of a handshake: the two traits ask for the same three functions.
macro_rules! signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            _: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            Err(Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered))
        }

        /// RFC 8446, 4.4.3: only who holds the private key signs the handshake.
        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            verify_tls13_signature(message, certificate, signed, algorithms)
        }

        /// P-256 keys sign with it, and no other key is listed.
        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            vec![SignatureScheme::ECDSA_NISTP256_SHA256]
        }
    };
}

impl ClientCertVerifier for ByTrustList {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity).map(|()| ClientCertVerified::assertion())
    }

    signatures!();
}

impl ServerCertVerifier for ByTrustList {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity).map(|()| ServerCertVerified::assertion())
    }

    signatures!();
}

fn hardened(mut config: ServerConfig) -> Arc<ServerConfig> {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Arc::new(config)
}

/// The server's end among parties: who connects shows a key that the trust lists name.
///
/// # Errors
/// [`TlsError`]
pub fn party_server(identity: &Identity, known: Known) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = provider();
    let verifier = ByTrustList { known, wanted: None, provider: Arc::clone(&provider) };
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(identity.clone()));
    Ok(hardened(config))
}

/// The server's end for wallets, browsers and operators, who show no certificate.
///
/// # Errors
/// [`TlsError`]
pub fn public_server(identity: &Identity) -> Result<Arc<ServerConfig>, TlsError> {
    let config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(identity.clone()));
    Ok(hardened(config))
}

/// An HTTP client that reaches one authority, and nobody else, as this party. It speaks `https` alone, follows no redirect
/// and goes through no proxy.
///
/// # Errors
/// [`TlsError`]
#[expect(clippy::disallowed_methods, reason = "this is the adapter of HTTP clients between parties")]
pub fn party_client(
    identity: &Identity,
    known: Known,
    wanted: AuthorityCode,
) -> Result<reqwest::Client, TlsError> {
    let provider = provider();
    let verifier = ByTrustList { known, wanted: Some(wanted), provider: Arc::clone(&provider) };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(identity.clone()));
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .https_only(true)
        .http1_only()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .pool_idle_timeout(IDLE)
        .build()?)
}

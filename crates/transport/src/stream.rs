//! Stream: TLS towards a machine that is no party, over a protocol that is not HTTP: a library's system.
//!
//! Lives here: [`StreamClient`]. Not here: connections between parties (`tls`), what is said over the stream (`venue`). The machine is
//! known by its name in a certificate, and by the certification authorities that the operator names for it.

use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::tls::{TlsError, provider};

/// The client's end of streams to one machine. TLS 1.2 is taken beside 1.3: many such systems are older than 1.3 (2018), and what is
/// offered of 1.2 has fresh keys for each connection and authenticated encryption alone.
#[derive(Clone)]
pub struct StreamClient {
    connector: TlsConnector,
    host: ServerName<'static>,
}
documents::redact_debug!(StreamClient);

impl StreamClient {
    /// A client of this host, a name or an IP address without brackets, certified by one of these certification authorities (PEM).
    ///
    /// # Errors
    /// [`TlsError::Host`], [`TlsError::Roots`], [`TlsError::Config`]
    pub fn new(host: &str, roots: &[u8]) -> Result<Self, TlsError> {
        let host = ServerName::try_from(host.to_owned()).map_err(|_| TlsError::Host)?;
        let mut store = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(roots) {
            store.add(root.map_err(|_| TlsError::Roots)?)?;
        }
        if store.is_empty() {
            return Err(TlsError::Roots);
        }
        let mut config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_root_certificates(store)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host })
    }

    /// The handshake over a connection. The caller limits its time.
    ///
    /// # Errors
    /// As the system or the handshake says.
    pub async fn connect(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.host.clone(), stream).await
    }
}

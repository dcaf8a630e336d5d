//! TLS: a library's system is reached off the loopback under TLS alone, and is known by its certificate.

use std::sync::Arc;

use credential::SigningKey;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sip2::ErrorDetection;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use transport::{Ca, Identity, OwnKey, TlsError, public_server};
use venue::library_system::stand_in::StandInLibrary;
use venue::library_system::{AskError, LibrarySystem, LibrarySystemError, Unreachable};

use crate::library::{now, switches};

/// A certification authority, and a key with a certificate for these hosts.
struct Certified {
    root: Vec<u8>,
    key: SigningKey,
    certificate: Vec<u8>,
}

fn certified(hosts: &[&str]) -> Certified {
    let days = ("2020-01-01".parse().unwrap(), "2090-01-01".parse().unwrap());
    let (key, authority) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let ca = Ca::new(&authority).unwrap();
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let certificate = ca.certify("library", &hosts, &key, days).unwrap().0.into_bytes();
    Certified { root: ca.certificate(days.0, days.1).unwrap().0.into_bytes(), key, certificate }
}

impl Certified {
    fn server(&self) -> Arc<ServerConfig> {
        let own = OwnKey::new(1, &self.key, &self.certificate).unwrap();
        public_server(&Identity::new(vec![own], |_| true)).unwrap()
    }

    /// A system that has never heard of TLS 1.3.
    fn older_server(&self) -> Arc<ServerConfig> {
        let chain = CertificateDer::pem_slice_iter(&self.certificate).collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::Pkcs8(self.key.to_pkcs8().unwrap().to_vec().into());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS12])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key);
        Arc::new(config.unwrap())
    }
}

/// A library under TLS, and a desk that trusts this root.
async fn reached(server: Arc<ServerConfig>, root: Vec<u8>) -> (StandInLibrary, LibrarySystem) {
    let library = StandInLibrary::start(switches(ErrorDetection::On)).await.unwrap();
    library.add_item("B1", "A book");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("sip2s://{}", listener.local_addr().unwrap());
    let (acceptor, served) = (TlsAcceptor::from(server), library.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                drop(served.serve(stream).await);
            }
        }
    });
    let mut setup = library.setup().unwrap();
    (setup.address, setup.ca) = (address.parse().unwrap(), Some(root));
    let desk = LibrarySystem::new(setup).unwrap();
    (library, desk)
}

#[tokio::test]
async fn a_system_is_asked_under_tls_1_3_and_1_2() {
    let certified = certified(&["127.0.0.1"]);
    for server in [certified.server(), certified.older_server()] {
        let (library, desk) = reached(server, certified.root.clone()).await;
        let patron = library.add_patron();
        assert_eq!(desk.item("B1", now()).await.unwrap().title.as_deref(), Some("A book"));
        assert!(desk.checkout(&patron, "B1", false, now()).await.unwrap().answer.ok);
        assert_eq!(library.loans().get("B1"), Some(&patron));
    }
}

#[tokio::test]
async fn a_certificate_of_another_authority_or_host_is_refused() {
    let (own, other_host, stranger) =
        (certified(&["127.0.0.1"]), certified(&["library.example"]), certified(&["127.0.0.1"]));
    for (what, server, root) in [
        ("another authority", stranger.server(), own.root.clone()),
        ("another host", other_host.server(), other_host.root.clone()),
    ] {
        let (library, desk) = reached(server, root).await;
        let error = desk.item("B1", now()).await.unwrap_err();
        assert!(matches!(error, AskError::Unreachable(Unreachable::Connect(_))), "{what}: {error:?}");
        assert_eq!(library.counts().connections, 0, "{what}");
    }
}

#[tokio::test]
async fn an_address_with_tls_needs_certification_authorities_that_can_be_read() {
    let library = StandInLibrary::start(switches(ErrorDetection::On)).await.unwrap();
    let mut setup = library.setup().unwrap();
    setup.address = "sip2s://library.example:6001".parse().unwrap();
    assert!(matches!(LibrarySystem::new(setup.clone()), Err(LibrarySystemError::NoCa)));
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        setup.ca = Some(pem.as_bytes().to_vec());
        let error = LibrarySystem::new(setup.clone()).map(drop).unwrap_err();
        let named = matches!(error, LibrarySystemError::Tls(TlsError::Roots | TlsError::Config(_)));
        assert!(named && error.code() == "library_tls", "{pem}: {error:?}");
    }
}

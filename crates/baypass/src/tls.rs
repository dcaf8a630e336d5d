//! Connections of a running process: its keys as they are at the moment, who the others are, its listeners.
//!
//! Lives here: [`PartyTls`], which takes other keys while the process runs. Not here: files (`install::tls`), handshakes
//! (`transport`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use authority::Service;
use clap::Args;
use credential::PublicKey;
use documents::{AuthorityCode, Timestamp};
use gate::Clock;
use gate::lists::Follower;
use transport::{Identity, Known, Transport, party_client, party_server, public_server};
use trust::{Party, Peer, TrustError, TrustStore};

use crate::failure::{Failure, of};
use crate::install::Installation;
use crate::install::tls::{self, Use};
use crate::serve::{ROUND, TrialClock};

/// The trust lists in use, as they change.
pub trait TrustInUse: Send + Sync + 'static {
    /// Asks them something.
    fn ask<T>(&self, question: impl FnOnce(&TrustStore) -> T) -> T;
}

impl TrustInUse for Arc<Service> {
    fn ask<T>(&self, question: impl FnOnce(&TrustStore) -> T) -> T {
        question(&self.trust())
    }
}

/// A gate's lists, once it follows them.
impl TrustInUse for Arc<OnceLock<Arc<Follower>>> {
    fn ask<T>(&self, question: impl FnOnce(&TrustStore) -> T) -> T {
        match self.get() {
            Some(follower) => question(follower.lists().trust()),
            None => question(&TrustStore::default()),
        }
    }
}

/// A certificate of the operator's own, for wallets and browsers.
#[derive(Debug, Clone, Args)]
pub struct CertificateArgs {
    /// A certificate for wallets and browsers, in PEM with those that certify it, in place of the installation's own; it is read
    /// again when it changes.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl CertificateArgs {
    /// The certificate and its key, where the operator gave them.
    pub fn files(&self) -> Option<(&PathBuf, &PathBuf)> {
        self.tls_cert.as_ref().zip(self.tls_key.as_ref())
    }

    fn changed(&self) -> [Option<SystemTime>; 2] {
        [&self.tls_cert, &self.tls_key].map(|file| {
            let file = file.as_ref()?;
            std::fs::metadata(file).and_then(|file| file.modified()).ok()
        })
    }
}

/// What a party's files looked like when they were read.
type Read = (Option<SystemTime>, [Option<SystemTime>; 2]);

/// A party's ends of connections.
pub struct PartyTls {
    installation: Installation,
    party: Party,
    certificate: CertificateArgs,
    identity: Identity,
    web: Identity,
    known: Known,
    read: Mutex<Read>,
}

impl PartyTls {
    /// Reads the keys of `party`; `trust` says who the others are, and which own key is to be used.
    pub fn open(
        installation: &Installation,
        party: Party,
        certificate: CertificateArgs,
        trust: impl TrustInUse + Clone,
        clock: &TrialClock,
    ) -> Result<Self, Failure> {
        let (me, lists, now) = (party.clone(), trust.clone(), clock.clone());
        let used = move |key: &PublicKey| {
            let now: Timestamp = now.now();
            lists.ask(|trust| trust.is_tls_key_used(&me, key, now))
        };
        let now = clock.clone();
        let known: Known = Arc::new(move |key: &PublicKey| -> Result<Peer, TrustError> {
            let now = now.now();
            trust.ask(|trust| trust.peer(key, now))
        });
        let tls = Self {
            installation: installation.clone(),
            party,
            certificate,
            identity: Identity::new(Vec::new(), used),
            web: Identity::new(Vec::new(), |_| true),
            known,
            read: Mutex::default(),
        };
        tls.read()?;
        Ok(tls)
    }

    fn read(&self) -> Result<(), Failure> {
        let now = (tls::changed(&self.installation, &self.party), self.certificate.changed());
        let keys = tls::own_keys(&self.installation, &self.party, Use::Parties)?;
        let web = match self.certificate.files() {
            Some((certificate, key)) => tls::foreign_key(certificate, key)?,
            None => tls::web_key(&self.installation, &self.party)?,
        };
        self.identity.replace(keys);
        self.web.replace(vec![web]);
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }

    fn read_again(&self) {
        match self.read() {
            Ok(()) => {
                tracing::info!(party = %self.party, number = self.identity.number(), "keys and certificates were read");
            }
            Err(failure) => tracing::error!(%failure, "keys and certificates stay as they were"),
        }
    }

    /// Takes other keys and certificates when files change, and at SIGHUP, until it is dropped. Connections that are open go
    /// on; the next ones show the new key.
    pub async fn follow_files(&self) {
        let mut hangups = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok();
        let mut number = self.identity.number();
        loop {
            let hangup = async {
                let heard = match &mut hangups {
                    Some(signal) => signal.recv().await,
                    None => None,
                };
                if heard.is_none() {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                () = hangup => self.read_again(),
                () = tokio::time::sleep(ROUND) => {
                    let now = (tls::changed(&self.installation, &self.party), self.certificate.changed());
                    let before = *self.read.lock().unwrap_or_else(PoisonError::into_inner);
                    if now != before {
                        self.read_again();
                    }
                }
            }
            let used = self.identity.number();
            if used != number {
                tracing::info!(party = %self.party, number = used, "another key is used between parties from now on");
                number = used;
            }
        }
    }

    /// An HTTP client for each authority: it reaches that one alone.
    pub fn clients(&self) -> Result<BTreeMap<AuthorityCode, reqwest::Client>, Failure> {
        let client = |code| {
            let client = party_client(&self.identity, Arc::clone(&self.known), code);
            client.map(|client| (code, client)).map_err(of)
        };
        AuthorityCode::ALL.into_iter().map(client).collect()
    }

    /// How the listener for parties speaks: always over TLS.
    pub fn among_parties(&self) -> Result<Transport, Failure> {
        let config = party_server(&self.identity, Arc::clone(&self.known)).map_err(of)?;
        Ok(Transport::Parties(config, Arc::clone(&self.known)))
    }

    /// How a listener for operators speaks: in plain on this machine's loopback, else over TLS.
    pub fn before_operators(&self, address: std::net::SocketAddr) -> Result<Transport, Failure> {
        if address.ip().is_loopback() {
            return Ok(Transport::Plain);
        }
        Ok(Transport::Tls(public_server(&self.web).map_err(of)?))
    }

    /// How a listener for wallets and browsers speaks: in plain on this machine's loopback, where no certificate
    /// was given for it, else over TLS.
    pub fn before_everybody(&self, address: std::net::SocketAddr) -> Result<Transport, Failure> {
        if self.certificate.files().is_none() {
            return self.before_operators(address);
        }
        Ok(Transport::Tls(public_server(&self.web).map_err(of)?))
    }
}

/// The address of a listener, with its scheme.
pub fn base_of(transport: &Transport, address: std::net::SocketAddr) -> String {
    let scheme = match transport {
        Transport::Plain => "http",
        Transport::Tls(_) | Transport::Parties(..) => "https",
    };
    format!("{scheme}://{address}")
}

//! One party of an installation as a process of its own, over its own folder and what is public.
//!
//! Lives here: addresses, the clock of a trial, starting and stopping. Not here: which party it is
//! (`command::authority`, `command::gate`).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use documents::{AuthorityCode, Timestamp};
use gate::{Clock, SteadyClock, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use transport::{Bounds, Transport, base_address};

use crate::failure::{self, Failure, of};
use crate::install::{Installation, tls, write_whole};

/// The first loopback port: authorities at +1 to +3, gates from +11 on, the web wallet at +21, the authorities' listeners for
/// parties from +31, operators' from +41 (authorities) and +51 (gates).
pub const BASE_PORT: u16 = 7100;
/// Between two rounds of fetching and handing over.
pub const ROUND: Duration = Duration::from_secs(1);

/// How long a service may take for an answer.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(30);

/// How often a trial's clock is looked at between two rounds, and what counts as moved on.
const STEP: Duration = Duration::from_millis(100);
const JUMP_SECONDS: i64 = 30;

/// Who listens where, in `public/addresses.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Addresses {
    /// Where wallets and officers reach the authorities.
    pub authorities: BTreeMap<AuthorityCode, String>,
    /// Where gates and the other authorities do.
    pub parties: BTreeMap<AuthorityCode, String>,
    /// The gates', by port.
    pub gates: BTreeMap<String, String>,
}

impl Addresses {
    /// As the installation knows them; none where nobody wrote them down yet. An address that may not be used is refused.
    pub fn read(of_what: &Installation) -> Result<Self, Failure> {
        let path = of_what.public().join("addresses.json");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(Failure::new(format!(
                    "{} cannot be read ({error}); check its rights",
                    path.display()
                )));
            }
        };
        let read: Self = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!("{}: {error}; docs/operating.md shows the form", path.display()))
        })?;
        read.checked().map_err(|failure| Failure::new(format!("{}: {failure}", path.display())))
    }

    /// The same without slashes at their ends, if each may be used: parties speak TLS, and plain HTTP stays on the loopback.
    fn checked(mut self) -> Result<Self, Failure> {
        let mut all: Vec<&mut String> =
            self.authorities.values_mut().chain(self.gates.values_mut()).collect();
        all.extend(self.parties.values_mut());
        for address in all {
            *address = base_address(address).map_err(of)?;
        }
        match self.parties.values().find(|address| !address.starts_with("https://")) {
            Some(plain) => Err(Failure::new(format!(
                "{plain} is plain HTTP: among parties there is TLS alone; write https://"
            ))),
            None => Ok(self),
        }
    }

    /// What tells one version of the file from the next: it is written whole, so it is another file each time.
    fn version(of_what: &Installation) -> Option<(u64, u64, i64, i64)> {
        use std::os::unix::fs::MetadataExt as _;
        let about = std::fs::metadata(of_what.public().join("addresses.json")).ok()?;
        Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
    }

    /// Publishes them.
    pub fn write(&self, to: &Installation) -> Result<(), Failure> {
        write_whole(&to.public().join("addresses.json"), &serde_json::to_vec_pretty(self).map_err(of)?)
    }
}

/// The machine's clock; where cameras are simulated, shifted by the seconds in `public/clock`.
#[derive(Debug, Clone)]
pub struct TrialClock {
    shift: Option<PathBuf>,
    /// Where the machine's own may jump; else it is read as it is.
    steady: Option<Arc<SteadyClock>>,
}

impl TrialClock {
    /// The clock of an installation.
    pub fn of(installation: &Installation) -> Self {
        let shift = installation.simulated_camera().then(|| installation.public().join("clock"));
        Self { shift, steady: None }
    }

    /// The same, read by a clock that does not jump.
    pub fn read_by(self, steady: Arc<SteadyClock>) -> Self {
        Self { steady: Some(steady), ..self }
    }

    /// Seconds by which a trial's clock is shifted.
    pub fn shifted(&self) -> i64 {
        let shift = self.shift.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        shift.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
    }

    /// Shifts every process's clock.
    pub fn shift(installation: &Installation, seconds: i64) -> Result<(), Failure> {
        write_whole(&installation.public().join("clock"), seconds.to_string().as_bytes())
    }
}

impl TrialClock {
    /// Waits until the next round is due: [`ROUND`] from now, or at once where a trial moved its clock on.
    pub async fn next_round(&self) {
        if self.shift.is_none() {
            return tokio::time::sleep(ROUND).await;
        }
        let start = self.now();
        let steps = u32::try_from(ROUND.as_millis() / STEP.as_millis()).unwrap_or(1);
        for _ in 0..steps {
            tokio::time::sleep(STEP).await;
            if self.now().seconds_since(start).abs() > JUMP_SECONDS {
                return;
            }
        }
    }
}

impl Clock for TrialClock {
    fn now(&self) -> Timestamp {
        let machine = self.steady.as_ref().map_or_else(|| SystemClock.now(), |steady| steady.now());
        machine.plus_seconds(self.shifted())
    }
}

/// The addresses for a process that serves: read again only where the file has changed.
pub struct AddressBook {
    installation: Installation,
    seen: Mutex<SeenAddresses>,
}

/// A version of the file, and what stood in it.
type SeenAddresses = (Option<(u64, u64, i64, i64)>, Arc<Addresses>);

impl AddressBook {
    /// Those of an installation; nothing is read yet.
    pub fn of(installation: &Installation) -> Self {
        Self { installation: installation.clone(), seen: Mutex::default() }
    }

    /// The addresses of the moment; none where the file cannot be used.
    pub fn read(&self) -> Arc<Addresses> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let version = Addresses::version(&self.installation);
        if version != seen.0 {
            *seen = (version, Arc::new(Addresses::read(&self.installation).unwrap_or_default()));
        }
        Arc::clone(&seen.1)
    }
}

/// How a process is run.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Where to listen; port 0 takes a free one. Beyond the loopback this is TLS.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where operators find counters, details of health and lanes: they show what becomes of whoever crosses at this moment.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen_operators: SocketAddr,
    /// A proxy whose word counts for a client's address (X-Forwarded-For); may be given several times.
    #[arg(long = "trusted-proxy", value_name = "ADDRESS")]
    proxies: Vec<IpAddr>,
    /// Ends when standard input closes: the process that started it is gone.
    #[arg(long, hide = true)]
    with_parent: bool,
}

impl RunArgs {
    /// Listens; gives the address too, whose port may have been left open.
    pub async fn bind(&self) -> Result<(TcpListener, SocketAddr), Failure> {
        bind(self.listen).await
    }

    /// Listens for operators.
    pub async fn bind_for_operators(&self) -> Result<(TcpListener, SocketAddr), Failure> {
        bind(self.listen_operators).await
    }

    /// The proxies whose word counts for a client's address.
    pub fn proxies(&self) -> Vec<IpAddr> {
        self.proxies.clone()
    }

    /// Tells every listener when the process is to end: at Ctrl-C, at a request to terminate, or with the parent.
    pub fn stopping(&self) -> Stopping {
        Stopping::new(self.with_parent)
    }
}

/// Whether the process is to end.
#[derive(Clone)]
pub struct Stopping(tokio::sync::watch::Receiver<bool>);

impl Stopping {
    /// At Ctrl-C, at a request to terminate, or with the parent.
    pub fn new(with_parent: bool) -> Self {
        let (tell, stop) = tokio::sync::watch::channel(false);
        let stopped = stopped(with_parent);
        tokio::spawn(async move {
            stopped.await;
            let _ = tell.send(true);
        });
        Self(stop)
    }

    /// Resolves when it is.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.0.clone();
        async move {
            let _ = stop.wait_for(|stop| *stop).await;
        }
    }
}

/// Listens at an address; gives it with its port, which may have been left open.
pub async fn bind(listen: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(format!(
            "{listen} cannot be listened on ({error}); another program may use it: choose another address"
        ))
    })?;
    let address = listener.local_addr().map_err(of)?;
    Ok((listener, address))
}

async fn stopped(with_parent: bool) {
    let parent = async {
        if with_parent {
            let mut byte = [0; 1];
            while matches!(tokio::io::stdin().read(&mut byte).await, Ok(n) if n > 0) {}
        } else {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() || with_parent {
            // With a parent, the parent decides when its children end.
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = parent => {}
        () = terminate => {}
        () = interrupt => {}
    }
}

/// Serves HTTP until `until` resolves, and finishes what was begun.
pub async fn serve_http(
    listener: TcpListener,
    app: axum::Router,
    proxies: Vec<IpAddr>,
    transport: Transport,
    until: impl Future<Output = ()> + Send,
) {
    transport::serve(listener, app, Bounds::of_process(proxies), transport, until).await;
}

/// An HTTP client that is no party, such as a wallet's.
#[expect(clippy::disallowed_methods, reason = "this is the adapter of HTTP clients")]
pub fn http_client() -> reqwest::Client {
    reqwest::Client::new()
}

/// An HTTP client for a device of a gate's own, such as a door's controller: it follows no redirect and goes through no proxy.
/// Over `https` the device's certificate must come from `roots` (PEM) where these are given, else from one that the machine
/// trusts.
pub fn device_client(roots: Option<&[u8]>) -> Result<reqwest::Client, reqwest::Error> {
    let client = to_one_host();
    match roots {
        Some(roots) => client.tls_certs_only(reqwest::Certificate::from_pem_bundle(roots)?).build(),
        None => client.build(),
    }
}

/// An HTTP client for a service to which queues are sent: as [`device_client`], and one that never answers counts as away.
pub fn service_client() -> Result<reqwest::Client, reqwest::Error> {
    to_one_host().timeout(SERVICE_TIMEOUT).build()
}

/// An HTTP client for lists that issuers publish: as [`service_client`], and over `https` the installation's own root counts beside those
/// that the machine trusts.
pub fn status_client(of_what: &Installation) -> Result<reqwest::Client, Failure> {
    let client = to_one_host().timeout(SERVICE_TIMEOUT);
    let client = match std::fs::read(tls::ca_path(of_what)) {
        Ok(root) => client.tls_certs_merge(reqwest::Certificate::from_pem_bundle(&root).map_err(of)?),
        Err(_) => client,
    };
    client.build().map_err(of)
}

#[expect(clippy::disallowed_methods, reason = "this is the adapter of HTTP clients to devices and services")]
fn to_one_host() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
}

/// Logs to standard error; no line holds anything personal.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BAYPASS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

/// The first lines of a party on standard output, whose addresses `demo` reads; one write.
pub fn announce(whose: &str, listeners: &[(&str, String)], rest: &str) -> Result<(), Failure> {
    let line = |(for_whom, base): &(&str, String)| format!("{whose} listens{for_whom} on {base}\n");
    let lines: String = listeners.iter().map(line).collect();
    failure::print(&format!("{lines}{rest}"))
}

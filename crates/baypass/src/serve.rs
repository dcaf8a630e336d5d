//! `baypass authority serve`, `baypass gate serve`: one party of an installation as a process of its own, over its own
//! folder and what is public. An authority's process opens no gate's folder and no other authority's; a gate's process
//! opens no authority's.
//!
//! Lives here: addresses, the clock of a trial, starting and stopping. Not here: what a party answers (`authority`, `gate`).

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authority::http::{HttpState, router};
use authority::{peers, status_name};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clearance::ClearanceId;
use credential::ProofWindow;
use credential::{random, sha256};
use documents::{AuthorityCode, PortId, Rules, Timestamp};
use gate::devices::camera::SimulatedCamera;
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::Simulated;
use gate::lane::screen::NoScreen;
use gate::lists::{Follower, ListMemory};
use gate::server::{GateState, ScanOrder, Scanner};
use gate::{
    Clock, HttpLink, LaneContext, Lists, Metrics, ReplayCache, Report, SystemClock, SystemStopwatch, Trusted,
};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::keys::{KeyFiles, KeyStore};
use crate::install::parties::{
    OpenLane, load_approvals, load_eyes, load_faces, load_liveness, open_lane, open_service,
    status_lists_in_use,
};
use crate::install::{Installation, Lock, code_lanes, lists, write_whole};
use crate::kiosk;

/// Wraps any error that says by itself what to do.
fn of<E: std::error::Error>(error: E) -> Failure {
    Failure::of(&error)
}

/// The first loopback port: authorities at +1 to +3, gates from +11 on.
pub const BASE_PORT: u16 = 7100;
/// Between two rounds of fetching and handing over.
const ROUND: Duration = Duration::from_secs(1);
/// How long a gate waits for a verdict.
const VERDICT_TIMEOUT: Duration = Duration::from_secs(8);

/// Who listens where, in `public/addresses.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Addresses {
    /// The authorities' base addresses.
    pub authorities: BTreeMap<AuthorityCode, String>,
    /// The gates', by port.
    pub gates: BTreeMap<String, String>,
}

impl Addresses {
    /// As the installation knows them.
    pub fn read(of_what: &Installation) -> Self {
        let bytes = std::fs::read(of_what.public().join("addresses.json")).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Publishes them.
    pub fn write(&self, to: &Installation) -> Result<(), Failure> {
        write_whole(&to.public().join("addresses.json"), &serde_json::to_vec_pretty(self).map_err(of)?)
    }
}

/// The clock of a trial: the machine's, shifted by the seconds in `public/clock`. Only where cameras are simulated.
#[derive(Debug, Clone)]
pub struct TrialClock(Option<PathBuf>);

impl TrialClock {
    /// The clock of an installation.
    pub fn of(installation: &Installation) -> Self {
        Self(installation.simulated_camera().then(|| installation.public().join("clock")))
    }

    /// Shifts every process's clock.
    pub fn shift(installation: &Installation, seconds: i64) -> Result<(), Failure> {
        write_whole(&installation.public().join("clock"), seconds.to_string().as_bytes())
    }
}

impl Clock for TrialClock {
    fn now(&self) -> Timestamp {
        let shift = self.0.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        let shift = shift.and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        SystemClock.now().plus_seconds(shift)
    }
}

/// How a process is run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Ends when standard input closes: the process that started it is gone.
    pub with_parent: bool,
}

async fn bind(run: &Run) -> Result<(TcpListener, SocketAddr), Failure> {
    let listen = run.listen;
    let listener = TcpListener::bind(listen).await.map_err(|error| {
        Failure::new(format!(
            "{listen} cannot be listened on ({error}); another program may use it: choose another address with --listen"
        ))
    })?;
    let address = listener.local_addr().map_err(of)?;
    Ok((listener, address))
}

/// Ends at Ctrl-C, at a request to terminate, or with the parent.
async fn stop(with_parent: bool) {
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

async fn serve(
    listener: TcpListener,
    app: axum::Router,
    until: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    axum::serve(listener, app).with_graceful_shutdown(until).await.map_err(of)
}

/// Logs to standard error; no line holds anything personal.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BAYPASS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .try_init();
}

/// The first line of a party on standard output; `demo` reads it.
fn announce(what: &str, address: SocketAddr) -> Result<(), Failure> {
    failure::print(&format!("{what} listens on http://{address}\n"))
}

/// `baypass authority serve`.
pub async fn authority(
    dir: &Path,
    models: &Path,
    code: AuthorityCode,
    origins: &[String],
    officer_origins: &[String],
    run: &Run,
) -> Result<Ended, Failure> {
    log();
    let installation = Installation::open(dir)?;
    let clock = TrialClock::of(&installation);
    let now = clock.now();
    let trust = lists::trust(&installation, now)?;
    let (approvals, refused) = load_approvals(&installation, &trust, now)?;
    for (id, why) in refused {
        tracing::warn!(id, why, "an approval does not load");
    }
    let faces = load_faces(models)?;
    let (service, _lock) = open_service(&installation, code, faces, trust, approvals).await?;
    let service = Arc::new(service.with_liveness(load_liveness(models)?));
    let officer = KeyFiles::of(&installation.authority(code)).get("officer")?;
    let (listener, address) = bind(run).await?;
    let ticking = clock.clone();
    let (public, from) = (installation.clone(), installation.clone());
    let (gates, named) = (installation.clone(), officer_origins.to_vec());
    let state = HttpState {
        service: Arc::clone(&service),
        now: Arc::new(move || ticking.now()),
        officer: sha256(URL_SAFE_NO_PAD.encode(&*officer).as_bytes()),
        origins: origins.to_vec(),
        officer_origin: Arc::new(move |origin| {
            named.iter().any(|each| each == origin)
                || Addresses::read(&gates).gates.values().any(|each| each == origin)
        }),
        trust_lists: Arc::new(move || lists::published(&public).unwrap_or_default()),
        approvals: Arc::new(move || {
            let all = lists::approvals(&from).unwrap_or_default();
            all.into_iter().map(|(_, bundle)| bundle).collect()
        }),
    };
    announce(code.code(), address)?;
    let client = reqwest::Client::new();
    let rounds = async {
        loop {
            let now = clock.now();
            for (whose, bytes) in lists::published(&installation).unwrap_or_default() {
                if let Err(error) = service.take_trust_list(&bytes, now) {
                    tracing::warn!(%whose, %error, "a trust list was not taken");
                }
            }
            if let Ok(trust) = lists::trust(&installation, now)
                && let Ok((approvals, _)) = load_approvals(&installation, &trust, now)
            {
                for error in service.set_approvals(approvals) {
                    tracing::warn!(%error, "an approval was not taken");
                }
            }
            let mut others = Addresses::read(&installation).authorities;
            others.remove(&code);
            peers::round(&service, &others, &client, now).await;
            tokio::time::sleep(ROUND).await;
        }
    };
    tokio::select! {
        served = serve(listener, router(state), stop(run.with_parent)) => served?,
        () = rounds => {}
    }
    Ok(Ended::Well)
}

/// What the kiosks of a port are given.
pub struct OfKiosks {
    /// Where their built pages are.
    pub pages: PathBuf,
    /// Pictures of the face for one crossing.
    pub pictures: u8,
}

/// `baypass gate serve`: every lane of one port.
pub async fn gate(
    dir: &Path,
    models: &Path,
    port: &PortId,
    of_kiosks: OfKiosks,
    run: &Run,
) -> Result<Ended, Failure> {
    log();
    let installation = Installation::open(dir)?;
    let rules = Rules::builtin().map_err(of)?;
    let clock = TrialClock::of(&installation);
    let now = clock.now();
    let folder = installation.gate(port);
    if !folder.is_dir() {
        return Err(Failure::new(format!(
            "this installation has no gates at {port}; it was made without that port"
        )));
    }
    let _lock = Lock::take(&folder)?;
    let all = code_lanes(&rules);
    let eyes = load_eyes(models)?;
    let bases = Addresses::read(&installation).authorities;
    let client = reqwest::Client::new();
    let link = Arc::new(HttpLink::new(client.clone(), bases.clone(), VERDICT_TIMEOUT));
    let replay = Arc::new(Mutex::new(ReplayCache::new(ProofWindow::default().seconds(), now)));
    let metrics = Arc::new(Metrics::default());
    let mut lanes = BTreeMap::new();
    for place in all.iter().filter(|lane| lane.port == *port) {
        let opened = open_lane(
            &installation,
            place,
            &all,
            Arc::clone(&link),
            Arc::clone(&eyes),
            Arc::clone(&replay),
            Arc::clone(&metrics),
            of_kiosks.pictures,
        )
        .await?;
        for (token, at, lane) in opened.store.showings().await.map_err(of)? {
            if let Ok(mut cache) = replay.lock() {
                cache.note(token, at, &Arc::new(lane), now);
            }
        }
        let settled = opened.courier.settle(now).await.map_err(of)?;
        if settled > 0 {
            tracing::warn!(lane = place.name(), settled, "clearances left open by a stop have got their end");
        }
        lanes.insert(place.name(), Arc::new(opened));
    }
    // Pinned keys only: the lists themselves come from the authorities, and none may be older than what was seen before.
    let mut first = Lists::new(lists::pinned(&installation)?);
    let mut memory = ListMemory::open(&folder).map_err(of)?;
    first.not_before(memory.newest());
    let follower = Arc::new(Follower::new(client, bases, first));
    let (listener, address) = bind(run).await?;
    let lanes = Arc::new(lanes);
    let scanner: Option<Scanner> = installation.simulated_camera().then(|| {
        let (lanes, follower, clock) = (Arc::clone(&lanes), Arc::clone(&follower), clock.clone());
        let scanner: Scanner = Arc::new(move |order| {
            Box::pin(scan(Arc::clone(&lanes), Arc::clone(&follower), clock.clone(), order))
        });
        scanner
    });
    let trusted = Arc::clone(&follower);
    let state = GateState {
        lanes: lanes.values().map(|opened| opened.lane.config().clone()).collect(),
        stores: lanes.values().map(|opened| Arc::clone(&opened.store)).collect(),
        metrics,
        trusted: Arc::new(move || trusted.lists() as Arc<dyn Trusted>),
        clock: Arc::new(clock.clone()),
        scanner,
        follower: Some(Arc::clone(&follower)),
    };
    let trusted = Arc::clone(&follower);
    let bench = kiosk::Bench {
        installation: &installation,
        port,
        rules: &rules,
        trusted: Arc::new(move || trusted.lists() as Arc<dyn Trusted>),
        clock: clock.clone(),
    };
    let kiosks =
        kiosk::set_up(&bench, &lanes, of_kiosks.pages, address, Addresses::read(&installation).authorities)?;
    // One write: whoever started this process and wants the address alone may stop reading after the first line.
    failure::print(&format!("{port} listens on http://{address}\n{}", kiosks.addresses))?;
    let doors = gate::server::router(state).merge(gate::kiosk::router(kiosks.kiosks.clone()));
    let ending = {
        let (with_parent, open) = (run.with_parent, Arc::clone(&kiosks.kiosks.lanes));
        async move {
            stop(with_parent).await;
            for kiosk in open.values() {
                kiosk.shut();
            }
        }
    };
    let following = async {
        loop {
            let now = clock.now();
            let status = status_lists_in_use(now)
                .into_iter()
                .flat_map(|list| AuthorityCode::ALL.map(|issuer| (issuer, list, status_name(issuer, list))))
                .collect();
            follower.round(&status, now).await;
            if let Err(error) = memory.remember(&follower.lists().newest()) {
                tracing::error!(%error, "the newest lists cannot be written down");
            }
            tokio::time::sleep(ROUND).await;
        }
    };
    let couriers = lanes.values().map(|opened| {
        let (courier, clock) = (opened.courier.clone(), clock.clone());
        tokio::spawn(async move { courier.run(&clock, std::future::pending()).await })
    });
    let couriers: Vec<_> = couriers.collect();
    tokio::select! {
        served = serve(listener, doors, ending) => served?,
        () = following => {}
    }
    for courier in couriers {
        courier.abort();
    }
    Ok(Ended::Well)
}

async fn scan(
    lanes: Arc<BTreeMap<String, Arc<OpenLane<HttpLink>>>>,
    follower: Arc<Follower>,
    clock: TrialClock,
    order: ScanOrder,
) -> Option<Report> {
    let opened = lanes.get(&order.lane)?;
    let mut id = [0; 16];
    random(&mut id).ok()?;
    let mut camera = SimulatedCamera::new(order.code, order.faces);
    let (mut door, mut measures) = (SimulatedDoor::default(), Simulated(order.measures));
    let (lists, watch) = (follower.lists(), SystemStopwatch::start());
    let context = LaneContext {
        camera: &mut camera,
        door: &mut door,
        screen: &mut NoScreen,
        measures: &mut measures,
        trusted: &*lists,
        clock: &clock,
        watch: &watch,
    };
    Some(opened.lane.serve(ClearanceId::from_bytes(id), context).await)
}

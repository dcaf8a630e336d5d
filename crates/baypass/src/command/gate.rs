//! `baypass gate serve`: the gates of one port as a process of their own. It opens no authority's folder.
//!
//! Lives here: what an installation adds to `gate`: files, addresses, the lanes of a port, what is fetched again and
//! again. Not here: what a lane does (`gate`), its kiosk's secrets (`kiosk`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use clap::{Args, Subcommand};
use clearance::ClearanceId;
use credential::message::ChainReason;
use credential::{ProofWindow, random};
use documents::{AuthorityCode, PortId, Rules};
use gate::devices::camera::SimulatedCamera;
use gate::devices::door::SimulatedDoor;
use gate::kiosk::Reach;
use gate::lane::measures::Simulated;
use gate::lane::screen::NoScreen;
use gate::lists::{Follower, ListMemory};
use gate::server::{GateState, ScanOrder, Scanned, Scanner};
use gate::{
    AuthorityAddress, AuthorityAddresses, Clock, HttpLink, LaneContext, Lists, Metrics, ReplayCache, Report,
    SteadyClock, SystemClock, SystemStopwatch, Trusted,
};

use transport::Transport;
use trust::{Party, TrustStore};

use super::InstallationArgs;
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::list_rounds::ListRounds;
use crate::install::parties::{OpenLane, load_eyes, open_lane, open_store};
use crate::install::signing::{GateSigners, lane_key};
use crate::install::{Installation, Lock, lists, tls};
use crate::officers::{Outlet, PagesArgs, pairings};
use crate::serve::{Addresses, RunArgs, TrialClock, announce, log, serve_http};
use crate::tls::{CertificateArgs, PartyTls, base_of};
use crate::{Ended, kiosk};

/// How long a gate waits for a verdict.
const VERDICT_TIMEOUT: Duration = Duration::from_secs(8);

/// The commands of a gate.
#[derive(Subcommand)]
pub enum GateCommand {
    /// Serves every lane of a port; `/lanes`, `/health/details` and `/metrics` show its operators how it goes. Each lane has a
    /// kiosk and its officers' views (docs/kiosk.md), over TLS beyond the loopback; their addresses are printed, and no secret
    /// is: see `gate pair` and `baypass officer`.
    Serve(ServeArgs),
    /// Lets a port's lanes number their events anew, after their store was lost, replaced or brought back from a backup.
    /// The gates of the port must be stopped; their authorities are told the reason with the next event.
    Adopt(AdoptArgs),
    /// Shows an address, once, that pairs one browser with a lane's kiosk: to a terminal, or into a file of --code-file.
    Pair(PairArgs),
}

/// What `gate pair` takes.
#[derive(Args)]
pub struct PairArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The port, such as hengqin.
    #[arg(long)]
    port: PortId,
    /// The lane as it stands in the kiosk's address, such as CHN-MAC.
    #[arg(long)]
    lane: String,
    /// Writes the address into this new file, for its owner alone.
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// Ends every pairing of the lane instead.
    #[arg(long, conflicts_with = "code_file")]
    end: bool,
}

/// What `gate adopt` takes.
#[derive(Args)]
pub struct AdoptArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The port, such as hengqin.
    #[arg(long)]
    port: PortId,
    /// One lane alone, such as hengqin/CHN-MAC; default: every lane of the port.
    #[arg(long)]
    lane: Option<String>,
    /// What happened, for the authorities' operators.
    #[arg(long, value_name = "TEXT")]
    note: String,
    #[command(flatten)]
    at: super::At,
}

/// What `gate serve` takes.
#[derive(Args)]
pub struct ServeArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The port, such as hengqin.
    #[arg(long)]
    port: PortId,
    /// Where the kiosk's built pages are.
    #[arg(long, value_name = "FOLDER", default_value = "web/kiosk/dist")]
    kiosk: PathBuf,
    /// Pictures of the face that a kiosk's camera takes for one crossing, 1 to 12. With three the passive hint counts; more
    /// help where a camera is noisy or compresses strongly (docs/face.md).
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=i64::from(gate::MAX_PICTURES)))]
    pictures: u8,
    #[command(flatten)]
    pages: PagesArgs,
    #[command(flatten)]
    certificate: CertificateArgs,
    #[command(flatten)]
    run: RunArgs,
}

impl GateCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Serve(args) => serve(args, models).await,
            Self::Adopt(args) => adopt(args).await,
            Self::Pair(args) => pair(args),
        }
    }
}

async fn adopt(args: &AdoptArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let folder = installation.gate(&args.port);
    if !folder.is_dir() {
        return Err(Failure::new(format!("this installation has no gates at {}", args.port)));
    }
    let _lock = Lock::take(&folder)?;
    let all = installation.lanes(&Rules::builtin().map_err(of)?);
    let wanted = |name: &str| args.lane.as_deref().is_none_or(|lane| lane == name);
    let lanes: Vec<_> = all.iter().filter(|place| place.port == args.port && wanted(&place.name())).collect();
    if lanes.is_empty() {
        return Err(Failure::new("there is no such lane at this port; see `/lanes` of its gate's operators"));
    }
    let (trust, _) = lists::trust_or_kept(&installation, &folder.join("lists"), now)?;
    let office = Office::Party(Party::Gates(args.port.clone()));
    for place in lanes {
        let key = lane_key(&installation, place, &trust, now)?;
        let store = open_store(&installation, place, key).await?;
        installation.put_on_record(&office, (acts::ADOPT_CHAIN, &place.name()), now)?;
        let epoch = store.begin_chain(ChainReason::StoreLost, &args.note, now).await.map_err(of)?;
        failure::print(&format!("{}: events are numbered anew, in chain {epoch}\n", place.name()))?;
    }
    Ok(Ended::Done)
}

fn pair(args: &PairArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    let folder = installation.gate(&args.port);
    let pages = std::fs::read_to_string(folder.join(kiosk::ADDRESSES)).unwrap_or_default();
    let found = pages.lines().find_map(|line| match line.split_whitespace().collect::<Vec<_>>().as_slice() {
        ["kiosk", lane, address] if *lane == args.lane => Some((*address).to_owned()),
        _ => None,
    });
    let address = found.ok_or_else(|| {
        Failure::new(format!("no kiosk {} was served at {} yet; start the gate on a loopback address first, and see {} in its folder", args.lane, args.port, kiosk::ADDRESSES))
    })?;
    let (pairings, now) = (pairings(&installation, &folder)?, TrialClock::of(&installation).now());
    if args.end {
        pairings.end(&args.lane, &installation.actor()?, now).map_err(of)?;
        failure::print("no browser is paired with this lane any more\n")?;
        return Ok(Ended::Done);
    }
    let outlet = Outlet::find(args.code_file.as_deref())?;
    let code = pairings.issue(&args.lane, &installation.actor()?, now).map_err(of)?;
    let about = "Open this once, within a quarter of an hour, in the kiosk's browser:";
    outlet.hand_over(about, &format!("{address}#{}", code.expose()))?;
    Ok(Ended::Done)
}

async fn serve(args: &ServeArgs, models: &Path) -> Result<Ended, Failure> {
    log();
    let (installation, port, run) = (args.installation.open()?, &args.port, &args.run);
    let rules = Rules::builtin().map_err(of)?;
    let steady = Arc::new(SteadyClock::new(Arc::new(SystemClock), Arc::new(SystemStopwatch::start())));
    let clock = TrialClock::of(&installation).read_by(Arc::clone(&steady));
    let now = clock.now();
    let folder = installation.gate(port);
    if !folder.is_dir() {
        return Err(Failure::new(format!(
            "this installation has no gates at {port}; it was made without that port"
        )));
    }
    let _lock = Lock::take(&folder)?;
    let all = installation.lanes(&rules);
    let eyes = load_eyes(models)?;
    let following: Arc<OnceLock<Arc<Follower>>> = Arc::default();
    let party = Party::Gates(port.clone());
    let connections =
        PartyTls::open(&installation, party, args.certificate.clone(), Arc::clone(&following), &clock)?;
    let known = Addresses::read(&installation)?;
    let addresses = addresses(&connections, known.parties)?;
    let link = Arc::new(HttpLink::new(addresses.clone(), VERDICT_TIMEOUT));
    let replay = Arc::new(Mutex::new(ReplayCache::new(ProofWindow::default().seconds(), now)));
    let metrics = Arc::new(Metrics::default());
    let kept = folder.join("lists");
    let at_hand = lists::trust_or_kept(&installation, &kept, now)?;
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
            args.pictures,
            lane_key(&installation, place, &at_hand.0, now)?,
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
    // What was verified last says who the authorities are: newer lists come from them, and none may be older than what was
    // seen before.
    let mut memory = ListMemory::open(&folder).map_err(of)?;
    let mut first = Lists::new(first_trust(&installation, at_hand, &mut memory)?);
    first.not_before(memory.newest());
    let follower = Arc::new(Follower::new(addresses, first));
    let _ = following.set(Arc::clone(&follower));
    let ((listener, address), (operators, operators_at)) =
        (run.bind().await?, run.bind_for_operators().await?);
    let (to_pages, to_operators) =
        (connections.before_everybody(address)?, connections.before_operators(operators_at)?);
    let base = base_of(&to_pages, address);
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
        steady: Some(Arc::clone(&steady)),
    };
    let trusted = Arc::clone(&follower);
    let context = kiosk::KioskContext {
        installation: &installation,
        port,
        rules: &rules,
        trusted: Arc::new(move || trusted.lists() as Arc<dyn Trusted>),
        clock: clock.clone(),
        relying: &args.pages,
    };
    let reach = match to_pages {
        Transport::Plain => Reach::Loopback,
        Transport::Tls(_) | Transport::Parties(..) => {
            let mut names = tls::all_hosts(&installation, &Party::Gates(port.clone()));
            names.push(address.ip().to_string());
            Reach::Tls(names)
        }
    };
    let kiosks = kiosk::set_up(&context, &lanes, args.kiosk.clone(), &base, reach, known.authorities)?;
    // One write: whoever started this process and wants the address alone may stop reading after the first line.
    let at = [("", base), (" for operators", base_of(&to_operators, operators_at))];
    announce(port.as_str(), &at, &kiosks.addresses)?;
    let counters = gate::server::operators(state.clone());
    let doors = gate::server::router(state).merge(gate::kiosk::router(kiosks.kiosks.clone()));
    let stop = run.stopping();
    let ending = {
        let (stopped, open) = (stop.wait(), Arc::clone(&kiosks.kiosks.lanes));
        async move {
            stopped.await;
            for kiosk in open.values() {
                kiosk.shut();
            }
        }
    };
    let open_lanes = all.iter().filter_map(|place| {
        let opened = lanes.get(&place.name())?;
        Some((place.clone(), opened.store.lane_key().clone()))
    });
    let mut signers = GateSigners::new(&installation, open_lanes.collect());
    let mut list_rounds = ListRounds::new(&installation, Arc::clone(&follower), kept, memory);
    let rounds = async {
        loop {
            let now = clock.now();
            list_rounds.fetch(now).await;
            if let Some(signers) = &mut signers {
                signers.follow(follower.lists().trust(), now);
            }
            if steady.hear(&follower.signed_times(), clock.shifted()) {
                tracing::warn!(
                    "the machine's clock has jumped, and the authorities' signed times agree with it now"
                );
            }
            list_rounds.remember(clock.now());
            clock.next_round().await;
        }
    };
    let couriers = lanes.values().map(|opened| {
        let (courier, clock, lists) = (opened.courier.clone(), clock.clone(), Arc::clone(&follower));
        let lists = move || lists.lists() as Arc<dyn Trusted>;
        tokio::spawn(async move { courier.run(&clock, lists, std::future::pending()).await })
    });
    let couriers: Vec<_> = couriers.collect();
    let served = async {
        tokio::join!(
            serve_http(listener, doors, run.proxies(), to_pages, ending),
            serve_http(operators, counters, Vec::new(), to_operators, stop.wait()),
        )
    };
    tokio::select! {
        ((), ()) = served => {}
        () = rounds => {}
        () = connections.follow_files() => {}
    }
    for courier in couriers {
        courier.abort();
    }
    Ok(Ended::Done)
}

/// The authorities by their listeners for parties.
fn addresses(
    tls: &PartyTls,
    parties: BTreeMap<AuthorityCode, String>,
) -> Result<AuthorityAddresses, Failure> {
    let clients = tls.clients()?;
    let address = |(code, base)| Some((code, AuthorityAddress { base, client: clients.get(&code)?.clone() }));
    Ok(parties.into_iter().filter_map(address).collect())
}

/// The trust lists that a gate begins with: what it kept, and what is public, as far as either is good. They say who the
/// authorities are that it fetches the newest from.
fn first_trust(
    installation: &Installation,
    (mut trust, broken): (TrustStore, lists::Broken),
    memory: &mut ListMemory,
) -> Result<TrustStore, Failure> {
    for (whose, why) in broken {
        tracing::warn!(%whose, why, "a trust list is broken; the gate asks the others for it");
    }
    // None that is older than this gate has seen.
    if memory.accept_trust(&trust).is_err() {
        trust = lists::pinned(installation)?;
        tracing::error!(
            "the trust lists at hand are older than those that this gate has seen; copy the newest to public/trust"
        );
    }
    Ok(trust)
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
    let mut camera = match order.shown {
        Scanned::Code(code) => SimulatedCamera::new(code, order.faces).then_codes(order.again),
        Scanned::Cards(cards) => SimulatedCamera::with_cards(cards, order.faces),
    };
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

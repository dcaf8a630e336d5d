//! `baypass bench ledger`: the database's part of a verdict and of a passage, and a page of the ledger, as a ledger grows, on SQLite and on
//! PostgreSQL; and clearances a second on PostgreSQL beside the same statements sent by `pgbench`.
//!
//! Lives here: the sizes, the bars, the table. Not here: what is measured (`authority::bench`). Figures in milliseconds
//! are printed; only the ratios of one run have bars (DESIGN 7).

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use authority::bench::{BenchLane, LedgerBench, Traveller, pgbench_script};
use authority::store::{DatabaseAddress, Store, bulk, create_database, drop_database};
use authority::{EnrolmentRules, Faces, Keys, LEDGER_PAGE, LedgerCursor, RiskControl, Service};
use clap::Args;
use credential::SigningKey;
use documents::{AuthorityCode, Rules, Timestamp};
use evaluate::median;
use gate::{Clock, Stopwatch, SystemClock, SystemStopwatch};
use serde::Serialize;
use trust::{Approvals, Root, TrustStore};

use super::cluster::Cluster;
use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure, of};
use crate::install::parties::load_faces;

/// The cost at the largest ledger may be so many times that at the smallest.
const GROWTH_BAR: f64 = 1.5;
/// Clearances a second, over those of `pgbench`.
const RATE_BAR: f64 = 0.8;
/// Connections at which the rate is measured.
const CONNECTIONS: [usize; 4] = [1, 4, 16, 64];
/// How often each of both rates is measured, in turn; the median counts.
const ROUNDS: usize = 3;
/// Movements of each stranger.
const MOVEMENTS: u32 = 10;
/// Within so many seconds before now the strangers moved.
const PAST_SECONDS: i64 = 20_000_000;
/// Pages of the ledger are read so many parts of [`CROSSING`] apart.
const PAGE_STEP: usize = 10;
/// Travellers that cross at each size; the first part warms up and is not counted.
const CROSSING: u32 = 600;
const WARM_UP: usize = 100;

/// What `bench ledger` takes.
#[derive(Args)]
pub struct LedgerArgs {
    /// Persons in the ledger, smallest first, with ten movements each.
    #[arg(long, value_delimiter = ',', value_name = "N,...", default_values_t = [1_000, 100_000, 1_000_000])]
    sizes: Vec<u64>,
    /// Seconds for which each rate is measured, three times.
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    seconds: u32,
    /// A folder with room for the databases (some 12 GB at a million persons); default: the temporary folder.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct LedgerReport {
    costs: Vec<Cost>,
    growth: Vec<Growth>,
    rates: Vec<Rate>,
    holds: bool,
}

/// Medians at one size.
#[derive(Serialize)]
struct Cost {
    engine: &'static str,
    persons: u64,
    verdict_ms: f64,
    passage_ms: f64,
    /// A page of the ledger that an auditor reads, from anywhere in it.
    page_ms: f64,
}

/// The largest size over the smallest.
#[derive(Serialize)]
struct Growth {
    engine: &'static str,
    verdict: f64,
    passage: f64,
    page: f64,
    bar: f64,
    holds: bool,
}

/// Clearances committed a second on PostgreSQL.
#[derive(Serialize)]
struct Rate {
    connections: usize,
    ours: f64,
    pgbench: f64,
    ratio: f64,
    bar: f64,
    holds: bool,
}

/// A folder that is wiped at the end.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn make(above: Option<&Path>, name: &str) -> Result<Self, Failure> {
        let mut drawn = [0; 8];
        credential::random(&mut drawn).map_err(of)?;
        let above = above.map_or_else(std::env::temp_dir, Path::to_owned);
        let folder = above.join(format!("baypass-{name}-{:016x}", u64::from_be_bytes(drawn)));
        crate::install::make_folder(&folder)?;
        Ok(Self(folder))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Runs `bench ledger`.
pub async fn run(args: &LedgerArgs, models: &Path) -> Result<Ended, Failure> {
    let (faces, scratch) = (load_faces(models)?, Scratch::make(args.scratch.as_deref(), "ledger")?);
    let server = Scratch::make(args.scratch.as_deref(), "server")?;
    let cluster = Cluster::start(&server.0, true).map_err(|why| {
        Failure::new(format!("no PostgreSQL ({why}); apt-get install postgresql, then try again"))
    })?;
    let mut report = LedgerReport { costs: Vec::new(), growth: Vec::new(), rates: Vec::new(), holds: true };
    let files = |persons| Ok(DatabaseAddress::sqlite(&scratch.0.join(format!("{persons}.db"))));
    report.costs.extend(costs("sqlite", &args.sizes, files, &faces).await?);
    let databases =
        |persons| cluster.url(&format!("ledger_{persons}")).parse::<DatabaseAddress>().map_err(of);
    for &persons in &args.sizes {
        create_database(&databases(persons)?).await.map_err(of)?;
    }
    report.costs.extend(costs("postgresql", &args.sizes, databases, &faces).await?);
    for &persons in &args.sizes {
        drop_database(&databases(persons)?).await.map_err(of)?;
    }
    for engine in ["sqlite", "postgresql"] {
        let of_engine: Vec<_> = report.costs.iter().filter(|cost| cost.engine == engine).collect();
        if let (Some(first), Some(last)) = (of_engine.first(), of_engine.last()) {
            let (verdict, passage) = (last.verdict_ms / first.verdict_ms, last.passage_ms / first.passage_ms);
            let page = last.page_ms / first.page_ms;
            let holds = [verdict, passage, page].iter().all(|growth| *growth <= GROWTH_BAR);
            report.growth.push(Growth { engine, verdict, passage, page, bar: GROWTH_BAR, holds });
        }
    }
    report.rates = rates(&cluster, &faces, &server.0, args.seconds).await?;
    report.holds =
        report.growth.iter().all(|growth| growth.holds) && report.rates.iter().all(|rate| rate.holds);
    if args.output.json {
        failure::print_json(&serde_json::to_value(&report).map_err(of)?)?;
    } else {
        failure::print(&table(&report))?;
    }
    Ok(if report.holds { Ended::Done } else { Ended::BarMissed })
}

/// A service of the mainland over a new database.
pub(super) async fn open(
    address: &DatabaseAddress,
    faces: &Arc<Faces>,
) -> Result<(LedgerBench, Store), Failure> {
    let (keys, rules) = (Keys::generate().map_err(of)?, Rules::builtin().map_err(of)?);
    let store = Store::open(address, keys.vault(), &rules).await.map_err(of)?;
    let root = SigningKey::generate().map_err(of)?;
    let root = Root::of(1, [("root", *root.public())]).map_err(of)?;
    let trust = TrustStore::new(&[(AuthorityCode::Chn, root)]).map_err(of)?;
    let (faces, code) = (Arc::clone(faces), AuthorityCode::Chn);
    let enrolment = EnrolmentRules::builtin().map_err(of)?;
    let approvals = Approvals::default();
    let risk = RiskControl::builtin(code).map_err(of)?.with_random_checks(None);
    let service = Service::new(code, store.clone(), rules, enrolment, faces, keys, trust, approvals, risk);
    Ok((LedgerBench::new(service, SystemClock.now()).map_err(of)?, store))
}

/// A filled ledger that is measured.
struct Ledger {
    persons: u64,
    bench: LedgerBench,
    travellers: Vec<Traveller>,
    lane: BenchLane,
    verdicts: Vec<f64>,
    passages: Vec<f64>,
    pages: Vec<f64>,
}

/// Medians of the verdict and of the passage at each size: all ledgers are filled first, then crossed in turn, so that what
/// else the machine does meets each of them alike.
async fn costs(
    engine: &'static str,
    sizes: &[u64],
    address: impl Fn(u64) -> Result<DatabaseAddress, Failure>,
    faces: &Arc<Faces>,
) -> Result<Vec<Cost>, Failure> {
    let now = SystemClock.now();
    let mut ledgers = Vec::new();
    for &persons in sizes {
        let (bench, store) = open(&address(persons)?, faces).await?;
        bulk::fill(&store, 0, persons, MOVEMENTS, now.plus_seconds(-PAST_SECONDS).unix())
            .await
            .map_err(of)?;
        let travellers = bench.add_travellers(10_000_000, CROSSING, now).await.map_err(of)?;
        let (lane, verdicts, passages) = (BenchLane::new(0), Vec::new(), Vec::new());
        ledgers.push(Ledger { persons, bench, travellers, lane, verdicts, passages, pages: Vec::new() });
    }
    let watch = SystemStopwatch::start();
    for nth in 0..CROSSING as usize {
        for ledger in &mut ledgers {
            ledger.cross(nth, now, &watch).await?;
        }
    }
    // Behind all crossings: a page of other people's passages takes the place of what a crossing had at hand.
    for nth in (0..CROSSING as usize).step_by(PAGE_STEP) {
        for ledger in &mut ledgers {
            ledger.read_page(nth, now, &watch).await?;
        }
    }
    let cost = |ledger: Ledger| Cost {
        engine,
        persons: ledger.persons,
        verdict_ms: warm(ledger.verdicts),
        passage_ms: warm(ledger.passages),
        page_ms: median(ledger.pages),
    };
    Ok(ledgers.into_iter().map(cost).collect())
}

impl Ledger {
    /// One traveller crosses.
    async fn cross(&mut self, nth: usize, now: Timestamp, watch: &SystemStopwatch) -> Result<(), Failure> {
        let Some(traveller) = self.travellers.get(nth) else { return Ok(()) };
        let start = watch.millis();
        let clearance = self.bench.verdict(&self.lane, traveller, now).await.map_err(of)?;
        self.verdicts.push(watch.millis() - start);
        if nth == 0 {
            let code = self.bench.reason(&clearance).await.map_err(of)?;
            if code != "admitted" {
                return Err(Failure::new(format!("the bench's traveller is not admitted: {code}")));
            }
        }
        let start = watch.millis();
        self.bench.passage(&mut self.lane, &clearance, now).await.map_err(of)?;
        self.passages.push(watch.millis() - start);
        Ok(())
    }
}

impl Ledger {
    /// A page is read, from another place of the ledger each time.
    async fn read_page(
        &mut self,
        nth: usize,
        now: Timestamp,
        watch: &SystemStopwatch,
    ) -> Result<(), Failure> {
        // From anywhere in the older half; the other half is more than a page, also of the smallest ledger.
        let strangers = i64::try_from(self.persons).map_err(of)? * i64::from(MOVEMENTS) * bulk::STEP;
        let place = i64::try_from(nth).map_err(of)? * strangers.min(PAST_SECONDS) / 2 / i64::from(CROSSING);
        let cursor = LedgerCursor { at: now.unix() - PAST_SECONDS + place, id: Vec::new() };
        let start = watch.millis();
        let page = self.bench.service().ledger_page(&cursor, LEDGER_PAGE).await.map_err(of)?;
        self.pages.push(watch.millis() - start);
        if page.len() < usize::from(LEDGER_PAGE) {
            return Err(Failure::new(format!("the bench's ledger gives a page of {} entries", page.len())));
        }
        Ok(())
    }
}

/// The median of what was measured after the warm-up.
fn warm(measured: Vec<f64>) -> f64 {
    median(measured.into_iter().skip(WARM_UP).collect())
}

/// Clearances a second at each number of connections, by us and by `pgbench`, in turn, over one ledger.
async fn rates(
    cluster: &Cluster,
    faces: &Arc<Faces>,
    folder: &Path,
    seconds: u32,
) -> Result<Vec<Rate>, Failure> {
    const STRANGERS: u64 = 100_000;
    let now = SystemClock.now();
    let most = CONNECTIONS.iter().max().copied().unwrap_or(1);
    let url = format!("{}&connections={most}", cluster.url("rates"));
    let database: DatabaseAddress = url.parse().map_err(of)?;
    create_database(&database).await.map_err(of)?;
    let (bench, store) = open(&database, faces).await?;
    bulk::fill(&store, 0, STRANGERS, MOVEMENTS, now.plus_seconds(-20_000_000).unix()).await.map_err(of)?;
    let script = folder.join("clearance.sql");
    std::fs::write(&script, pgbench_script(now)).map_err(of)?;
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o644)).map_err(of)?;
    let mut rates = Vec::new();
    let (mut first, mut lanes) = (20_000_000, 1);
    for connections in CONNECTIONS {
        // In turn, so that what else the machine does meets both alike.
        let (mut ours, mut pgbench) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let wanted = 1_500 * seconds;
            let travellers = bench.add_travellers(first, wanted, now).await.map_err(of)?;
            first += wanted;
            ours.push(rate(&bench, travellers, (connections, lanes), seconds, now).await?);
            lanes += connections;
            pgbench.push(pgbench_rate(cluster, &script, connections, seconds, STRANGERS)?);
        }
        let (ours, pgbench) = (median(ours), median(pgbench));
        let ratio = ours / pgbench;
        rates.push(Rate { connections, ours, pgbench, ratio, bar: RATE_BAR, holds: ratio >= RATE_BAR });
    }
    Ok(rates)
}

/// Clearances that so many tasks commit a second; each has a lane of its own, numbered from `first`.
async fn rate(
    bench: &LedgerBench,
    travellers: Vec<Traveller>,
    (connections, first): (usize, usize),
    seconds: u32,
    now: Timestamp,
) -> Result<f64, Failure> {
    let watch = Arc::new(SystemStopwatch::start());
    let travellers = Arc::new(std::sync::Mutex::new(travellers));
    let end = f64::from(seconds) * 1000.0;
    let tasks: Vec<_> = (0..connections)
        .map(|task| {
            let (bench, watch, travellers) = (bench.clone(), Arc::clone(&watch), Arc::clone(&travellers));
            tokio::spawn(async move {
                let (mut lane, mut committed) = (BenchLane::new(first + task), 0_u32);
                while watch.millis() < end {
                    let next = travellers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
                    let Some(traveller) = next else { break };
                    let clearance = bench.verdict(&lane, &traveller, now).await?;
                    bench.passage(&mut lane, &clearance, now).await?;
                    committed += 1;
                }
                Ok::<_, authority::bench::BenchError>(committed)
            })
        })
        .collect();
    let mut committed = 0;
    for task in tasks {
        committed += task.await.map_err(of)?.map_err(of)?;
    }
    Ok(f64::from(committed) / (watch.millis() / 1000.0))
}

/// The transactions that `pgbench` reports a second, for the statements of one clearance, prepared.
fn pgbench_rate(
    cluster: &Cluster,
    script: &Path,
    connections: usize,
    seconds: u32,
    persons: u64,
) -> Result<f64, Failure> {
    let (clients, threads) = (connections.to_string(), connections.min(2).to_string());
    let (seconds, persons) = (seconds.to_string(), format!("persons={persons}"));
    let script = script.display().to_string();
    // Each run's clients number their events from 1 again: under gates of their own.
    cluster
        .run("psql", "rates", &["-q", "-c", "DELETE FROM gate_event WHERE gate LIKE 'pgbench/%'"])
        .map_err(Failure::new)?;
    let arguments = [
        "-n", "-M", "prepared", "-f", &script, "-c", &clients, "-j", &threads, "-T", &seconds, "-D",
        &persons, "-D", "n=0",
    ];
    let printed = cluster.run("pgbench", "rates", &arguments).map_err(Failure::new)?;
    let printed = String::from_utf8_lossy(&printed).into_owned();
    let tps = printed.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    tps.ok_or_else(|| Failure::new(format!("pgbench says no rate: {printed}")))
}

fn table(report: &LedgerReport) -> String {
    let mut text = String::from("database's part of one side of a clearance, medians in one run\n");
    for Cost { engine, persons, verdict_ms, passage_ms, page_ms } in &report.costs {
        let _ = writeln!(
            text,
            "  {engine:<11} {persons:>9} persons   verdict {verdict_ms:>7.3} ms   passage {passage_ms:>7.3} ms   page {page_ms:>7.3} ms"
        );
    }
    let word = |holds: bool| if holds { "holds" } else { "MISSED" };
    for Growth { engine, verdict, passage, page, bar, holds } in &report.growth {
        let _ = writeln!(
            text,
            "  {engine:<11} largest over smallest: verdict {verdict:.2} x, passage {passage:.2} x, page {page:.2} x (bar {bar} x): {}",
            word(*holds)
        );
    }
    text.push_str(
        "clearances committed a second on PostgreSQL, beside the same statements by pgbench, prepared\n",
    );
    for Rate { connections, ours, pgbench, ratio, bar, holds } in &report.rates {
        let _ = writeln!(
            text,
            "  {connections:>3} connections: {ours:>7.0} ours, {pgbench:>7.0} pgbench, {ratio:.2} x (bar {bar} x): {}",
            word(*holds)
        );
    }
    text
}

//! The commands: one file each, with the arguments that it takes.
//!
//! Lives here: the list of commands, and the groups of arguments that several of them take. Not here: what a command
//! does with them.

mod appeal;
mod approval;
mod authority;
mod bench;
mod chip_files;
mod code;
mod code_file;
mod crossing;
mod demo;
mod desk;
mod doctor;
mod face;
mod gate;
mod init;
mod issuer;
mod keys;
mod lane;
mod ledger;
mod master;
mod may_cross;
mod officer;
mod reservations;
mod resident;
mod risk;
mod rules;
mod simulate;
mod tls;
mod trust;
mod wallet;

use std::path::{Path, PathBuf};

use ::authority::Service;
use ::gate::{Clock, SystemClock};
use clap::{Args, Subcommand};
use documents::{AuthorityCode, Timestamp};

use crate::Ended;
use crate::failure::{Failure, of};
use crate::install::acts::{ActorArgs, Office};
use crate::install::parties::{load_approvals, load_faces, open_service};
use crate::install::{Installation, Lock, lists};
use crate::wallet::Wallet;

/// What may be asked of this program.
#[derive(Subcommand)]
pub enum Command {
    /// The Bay in a box: residents cross three borders, and every cheat fails.
    Demo(demo::DemoArgs),
    /// One authority of an installation as a process of its own.
    #[command(subcommand)]
    Authority(authority::AuthorityCommand),
    /// The gates of one port as a process of their own.
    #[command(subcommand)]
    Gate(gate::GateCommand),
    /// Desks of hotels and buildings: what they ask (docs/venues.md).
    #[command(subcommand)]
    Desk(desk::DeskCommand),
    /// Makes an installation: three authorities with keys, trust lists, approvals, ports, empty registries.
    Init(init::InitArgs),
    /// Residents in the registries of an installation.
    #[command(subcommand)]
    Resident(resident::ResidentCommand),
    /// A wallet on the command line, for scripts and tests.
    #[command(subcommand)]
    Wallet(wallet::WalletCommand),
    /// Lanes of a port, and scans at one of them.
    #[command(subcommand)]
    Lane(lane::LaneCommand),
    /// May this person cross there, then, and if not, why? Asked about a case file (docs/cases.md), or about a resident
    /// of an installation.
    MayCross(may_cross::MayCrossArgs),
    /// Crossing codes.
    #[command(subcommand)]
    Code(code::CodeCommand),
    /// The ledger of an authority.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Passages that wait for an officer: with an unknown end, or told differently by gate and ledger.
    #[command(subcommand)]
    Reservations(reservations::ReservationsCommand),
    /// Accounts of the people in office, and what they did (docs/officers.md).
    #[command(subcommand)]
    Officer(officer::OfficerCommand),
    /// What the supervisory authorities allow: where, when and for what.
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// Signed lists of keys.
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Keys and certificates for connections.
    #[command(subcommand)]
    Tls(tls::TlsCommand),
    /// Keys with which authorities and gates sign.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// The rules that are read at start-up.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Risk rules: trying, bringing into force and taking back; why a traveller was asked for more (docs/risk.md).
    #[command(subcommand)]
    Risk(risk::RiskCommand),
    /// Appeals against what the rules of risk control asked for, and their answers.
    #[command(subcommand)]
    Appeal(appeal::AppealCommand),
    /// Suspensions of passes that a rule asked for: an officer confirms or lifts them.
    #[command(subcommand)]
    Suspension(appeal::SuspensionCommand),
    /// A synthetic Bay, honest and not, against the real risk rules: what they find, and whom they trouble (docs/simulator.md).
    Simulate(simulate::SimulateArgs),
    /// What is wrong here, and how to mend it: rules, texts, models, clock; with --dir keys, lists and approvals too.
    Doctor(doctor::DoctorArgs),
    /// What the face matcher can and cannot do, on pictures of your own.
    #[command(subcommand)]
    Face(face::FaceCommand),
    /// Measurements, each against its bar in the same run.
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}

impl Command {
    /// Runs the command; `models` is the folder with the face models.
    pub fn run(self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Demo(args) => block_on(demo::run(&args, models)),
            Self::Authority(command) => block_on(command.run(models)),
            Self::Gate(command) => block_on(command.run(models)),
            Self::Desk(command) => block_on(command.run()),
            Self::Init(args) => init::run(&args),
            Self::Resident(command) => command.run(models),
            Self::Wallet(command) => block_on(command.run(models)),
            Self::Lane(command) => block_on(command.run(models)),
            Self::MayCross(args) => may_cross::run(&args, models),
            Self::Code(command) => command.run(),
            Self::Ledger(command) => block_on(command.run(models)),
            Self::Reservations(command) => block_on(command.run(models)),
            Self::Officer(command) => command.run(),
            Self::Approval(command) => command.run(),
            Self::Trust(command) => command.run(),
            Self::Tls(command) => command.run(),
            Self::Keys(command) => command.run(),
            Self::Rules(command) => command.run(),
            Self::Risk(command) => command.run(models),
            Self::Appeal(command) => block_on(command.run(models)),
            Self::Suspension(command) => block_on(command.run(models)),
            Self::Simulate(args) => simulate::run(&args),
            Self::Doctor(args) => block_on(doctor::run(&args, models)),
            Self::Face(command) => command.run(models),
            Self::Bench(command) => command.run(models),
        }
    }
}

/// Runs a command's asynchronous work to its end.
fn block_on<T>(task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(of)?.block_on(task)
}

/// What every one-shot command says.
const ONE_PROCESS: &str = "(All parties ran in this one process, each over its own files.)\n";

/// The installation that a command works on.
#[derive(Args)]
struct InstallationArgs {
    /// The folder of the installation.
    #[arg(long)]
    dir: PathBuf,
    #[command(flatten)]
    actor: ActorArgs,
}

impl InstallationArgs {
    fn open(&self) -> Result<Installation, Failure> {
        Ok(Installation::open(&self.dir)?.acted_on_by(self.actor.actor.as_ref()))
    }
}

/// The authority of an installation that a command works on.
#[derive(Args)]
struct AuthorityArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long)]
    authority: AuthorityCode,
}

impl AuthorityArgs {
    /// Writes an act at this authority down.
    fn put_on_record(&self, act: (&str, &str), now: Timestamp) -> Result<(), Failure> {
        self.installation.open()?.put_on_record(&Office::authority(self.authority), act, now)
    }

    /// Its service, over its own folder alone; its process must be stopped for that.
    async fn open_service(&self, models: &Path, now: Timestamp) -> Result<(Service, Lock), Failure> {
        open_one(&self.installation.open()?, self.authority, models, now).await
    }
}

/// One authority's service, over its own folder alone; its process must be stopped for that.
async fn open_one(
    installation: &Installation,
    authority: AuthorityCode,
    models: &Path,
    now: Timestamp,
) -> Result<(Service, Lock), Failure> {
    let trust = lists::trust(installation, now)?;
    let (approvals, _) = load_approvals(installation, &trust, now)?;
    open_service(installation, authority, load_faces(models)?, trust, approvals, now).await
}

/// What a command takes that shows what an installation has of something.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// The moment at which a command takes place.
#[derive(Args, Clone, Copy)]
struct At {
    /// The moment (RFC 3339, such as 2026-03-02T10:00:00+08:00); default: now.
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl At {
    fn time(self) -> Timestamp {
        self.at.unwrap_or_else(|| SystemClock.now())
    }
}

/// The resident that a command is about.
#[derive(Args)]
struct ResidentArgs {
    /// The number that `resident add` printed, or any document number.
    #[arg(long)]
    resident: String,
}

impl ResidentArgs {
    fn wallet(&self, installation: &Installation) -> Result<Wallet, Failure> {
        Wallet::find(installation, &self.resident)
    }
}

/// How a command answers.
#[derive(Args, Clone, Copy)]
struct Output {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

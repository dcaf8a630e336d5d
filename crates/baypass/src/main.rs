//! The one binary: every command of Bay Pass.
//!
//! Lives here: the words of the command line, where files are opened, which exit code means what. Not here: any rule,
//! signature or comparison; each command asks the crate that owns the question.

mod bench;
mod demo;
mod doctor;
mod face;
mod failure;
mod inspect;
mod install;
mod kiosk;
mod lane;
mod listing;
mod may_cross;
mod progress;
mod resident;
mod rules;
mod serve;
mod wallet;
mod whereabouts;

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use documents::{AuthorityCode, LocalDate, PortId, Side, Timestamp};
use failure::Failure;
use gate::{Clock, SystemClock};

/// How a command ended; every command uses the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// 0: done, or admitted.
    Well,
    /// 1: a measured bar was missed.
    BarMissed,
    /// 2: what was given cannot be read; the answer has said so already.
    BrokenInput,
    /// 3: refused or referred.
    Refused,
    /// 4: a measure is still open.
    MeasureOpen,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Well => 0,
            Ended::BarMissed => 1,
            Ended::BrokenInput => 2,
            Ended::Refused => 3,
            Ended::MeasureOpen => 4,
        })
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done or admitted, 1 a bar of `bench` missed, 2 wrong usage or broken input, \
                          3 refused or referred, 4 a measure is still open.";

/// Bay Pass: a digital pass for crossing between the mainland, Hong Kong and Macao.
#[derive(Parser)]
#[command(name = "baypass", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Arguments {
    /// The folder with the face models; default: `models` here or in a folder above.
    #[arg(long, global = true, env = "BAYPASS_MODELS", value_name = "DIR")]
    models: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
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

#[derive(Subcommand)]
enum Command {
    /// The Bay in a box: residents cross three borders, and every cheat fails.
    Demo {
        /// Ends after the tour.
        #[arg(long)]
        tour_only: bool,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Your own photographs: one folder a person, the first file the portrait, the second the live capture.
        #[arg(long, value_name = "DIR")]
        photos: Option<PathBuf>,
        /// Keeps the data in this folder, which must not exist yet; default: a temporary one, wiped at the end.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// The first loopback port: authorities at +1 to +3, gates at +11 to +14; 0 takes free ones. Default 7100, or
        /// free ones for a tour alone.
        #[arg(long, value_name = "PORT")]
        base_port: Option<u16>,
    },
    /// One authority of an installation as a process of its own.
    Authority {
        #[command(subcommand)]
        command: AuthorityCommand,
    },
    /// The gates of one port as a process of their own.
    Gate {
        #[command(subcommand)]
        command: GateCommand,
    },
    /// Makes an installation: three authorities with keys, trust lists, approvals, ports, empty registries.
    Init {
        /// A folder that does not exist yet, or is empty.
        dir: PathBuf,
    },
    /// Residents in the registries of an installation.
    Resident {
        #[command(subcommand)]
        command: ResidentCommand,
    },
    /// A wallet on the command line, for scripts and tests.
    Wallet {
        #[command(subcommand)]
        command: WalletCommand,
    },
    /// Lanes.
    Lane {
        #[command(subcommand)]
        command: LaneCommand,
    },
    /// May this person cross there, then, and if not, why? Of a case file (docs/cases.md), or of a resident of an
    /// installation.
    MayCross {
        /// The case file; `-` reads standard input.
        #[arg(long, value_name = "FILE", conflicts_with_all = ["dir", "resident"], required_unless_present = "dir")]
        case: Option<PathBuf>,
        /// The installation.
        #[arg(long, requires_all = ["resident", "to"])]
        dir: Option<PathBuf>,
        /// The number that `resident add` printed, or any document number.
        #[arg(long, requires = "dir")]
        resident: Option<String>,
        /// Whereto: CHN, HKG or MAC.
        #[arg(long, requires = "dir")]
        to: Option<AuthorityCode>,
        /// Origin; default: where the resident is according to the ledgers.
        #[arg(long, requires = "dir")]
        from: Option<AuthorityCode>,
        /// One port alone; default: every port of that way.
        #[arg(long, requires = "dir")]
        port: Option<String>,
        /// The day, at noon (2026-03-02).
        #[arg(long, value_name = "DATE", requires = "dir", conflicts_with = "at")]
        on: Option<LocalDate>,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Crossing codes.
    Code {
        #[command(subcommand)]
        command: CodeCommand,
    },
    /// The ledger of an authority.
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
    /// What the supervisory authorities allow: where, when and for what.
    Approval {
        #[command(subcommand)]
        command: ApprovalCommand,
    },
    /// Signed lists of keys.
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
    /// The rules that are read at start-up.
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// What is wrong here, and how to mend it: rules, texts, models, clock; with --dir keys, lists and approvals too.
    Doctor {
        /// An installation.
        #[arg(long)]
        dir: Option<PathBuf>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// What the face matcher can and cannot do, on pictures of your own.
    Face {
        #[command(subcommand)]
        command: face::FaceCommand,
    },
    /// Measurements, each against its bar in the same run.
    Bench {
        #[command(subcommand)]
        command: BenchCommand,
    },
}

#[derive(Subcommand)]
enum AuthorityCommand {
    /// Serves wallets, gates, officers and the other authorities over HTTP; `/docs` describes it.
    Serve {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// CHN, HKG or MAC.
        #[arg(long)]
        authority: AuthorityCode,
        /// Where a web wallet may come from (https://wallet.example); may stand several times.
        #[arg(long = "origin", value_name = "ORIGIN")]
        origins: Vec<String>,
        /// Where an officer's view may come from that looks up reasons, beside the gates of this installation's
        /// `public/addresses.json`; may stand several times.
        #[arg(long = "officer-origin", value_name = "ORIGIN")]
        officer_origins: Vec<String>,
        #[command(flatten)]
        serving: Serving,
    },
}

#[derive(Subcommand)]
enum GateCommand {
    /// Serves every lane of a port; `/lanes`, `/health` and `/metrics` show how it goes. On a loopback address each lane has
    /// a kiosk and its officers' views (docs/kiosk.md); their addresses are printed.
    Serve {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
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
        serving: Serving,
    },
}

#[derive(Args)]
struct Serving {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Ends when standard input closes.
    #[arg(long, hide = true)]
    with_parent: bool,
}

impl Serving {
    const fn run(&self) -> serve::Run {
        serve::Run { listen: self.listen, with_parent: self.with_parent }
    }
}

#[derive(Subcommand)]
enum ResidentCommand {
    /// Adds a synthetic resident: by flags, or by a case file (docs/cases.md).
    Add(Box<ResidentAdd>),
    /// Who is registered.
    List {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Describes the registries' photos anew where templates are of another face model than the installed one. May be
    /// interrupted at any time; started again, it goes on where it stopped. Wallets get the new templates with their
    /// next parts.
    ReEnrol {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// One authority alone; default: all three.
        #[arg(long)]
        authority: Option<AuthorityCode>,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Reports a document as lost; the pass goes along.
    Lose(ResidentFate),
    /// Ends the pass.
    EndPass(ResidentFate),
    /// Puts a resident on the watch list of each authority that issued a document.
    Watch(ResidentFate),
}

#[derive(Args)]
struct ResidentFate {
    /// The installation.
    #[arg(long)]
    dir: PathBuf,
    /// The number that `resident add` printed, or any document number.
    #[arg(long)]
    resident: String,
    /// One document alone; default: all of them.
    #[arg(long, value_name = "NUMBER")]
    document: Option<String>,
    #[command(flatten)]
    at: At,
}

#[derive(Args)]
struct ResidentAdd {
    /// The installation.
    #[arg(long)]
    dir: PathBuf,
    /// A case file instead of the flags.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["home", "name", "birth", "id", "permit"])]
    case: Option<PathBuf>,
    /// Whose identity card: CHN, HKG or MAC.
    #[arg(long, required_unless_present = "case")]
    home: Option<AuthorityCode>,
    /// Latin name, as on the card.
    #[arg(long, required_unless_present = "case")]
    name: Option<String>,
    /// Chinese name.
    #[arg(long)]
    name_zh: Option<String>,
    /// Date of birth (1990-05-20).
    #[arg(long, value_name = "DATE", required_unless_present = "case")]
    birth: Option<LocalDate>,
    /// Number of the identity card.
    #[arg(long, value_name = "NUMBER", required_unless_present = "case")]
    id: Option<String>,
    /// Number of the permit: Exit-Entry Permit or Home Return Permit.
    #[arg(long, value_name = "NUMBER")]
    permit: Option<String>,
    /// Last day of the permit; default: none.
    #[arg(long, value_name = "DATE", requires = "permit")]
    permit_expires: Option<LocalDate>,
    /// kind:destination:from:to:entries, such as G:HKG:2026-01-10:2026-04-09:2 (`multi`: unlimited; docs/cases.md).
    #[arg(long = "endorsement", value_name = "ENDORSEMENT")]
    endorsements: Vec<String>,
    /// Nationality, three letters; default: Chinese.
    #[arg(long)]
    nationality: Option<String>,
    /// Not a permanent resident of the region.
    #[arg(long)]
    not_permanent: bool,
    /// Height in centimetres; default: tall enough for every lane.
    #[arg(long, value_name = "CM")]
    height_cm: Option<u16>,
    /// The photo that the registry holds.
    #[arg(long, value_name = "FILE")]
    photo: PathBuf,
    #[command(flatten)]
    at: At,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum WalletCommand {
    /// Enrols with a selfie at every authority that issued a card, and fetches tokens.
    Enrol {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// The number that `resident add` printed, or any document number.
        #[arg(long)]
        resident: String,
        /// A photo of the person now.
        #[arg(long, value_name = "FILE")]
        selfie: PathBuf,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Shows one code: at a port with joint lanes for both sides, elsewhere one for each side.
    Show {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// The number that `resident add` printed, or any document number.
        #[arg(long)]
        resident: String,
        /// The port, such as hengqin.
        #[arg(long)]
        port: String,
        /// From where; default: the other side of the port.
        #[arg(long)]
        from: Option<AuthorityCode>,
        /// Whereto.
        #[arg(long)]
        to: AuthorityCode,
        /// One side alone, where the sides have lanes of their own.
        #[arg(long)]
        side: Option<Side>,
        /// code.png, .svg or .txt; default: drawn in the terminal. Without --side, two files where there are two codes.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum LaneCommand {
    /// One traveller at one lane: a code, a face, the verdicts, the door.
    Scan {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// The port, such as hengqin.
        #[arg(long)]
        port: String,
        /// From where; default: the other side of the port.
        #[arg(long)]
        from: Option<AuthorityCode>,
        /// Whereto.
        #[arg(long)]
        to: AuthorityCode,
        /// Which side, where the sides have lanes of their own.
        #[arg(long)]
        side: Option<Side>,
        /// Which of the lanes side by side, 1 or 2.
        #[arg(long, default_value_t = 1)]
        lane: u8,
        /// A picture of the code, or a file with its text.
        #[arg(long, value_name = "FILE")]
        code: PathBuf,
        /// A picture of the traveller; up to 12 of one moment.
        #[arg(long = "face", value_name = "FILE", required = true)]
        faces: Vec<PathBuf>,
        /// An officer stands at the lane and carries out what is asked of an officer.
        #[arg(long)]
        officer: bool,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum LedgerCommand {
    /// What an authority has written: passages on its own side, and what it was told by notice.
    List {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// CHN, HKG or MAC.
        #[arg(long)]
        authority: AuthorityCode,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum ApprovalCommand {
    /// Every approval, with what it allows.
    List {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Has the supervisors of every jurisdiction concerned sign an approval, and publishes it.
    Add {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// The approval as JSON; `approval list --json` shows one.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Takes an approval back.
    Withdraw {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// Its id.
        #[arg(long)]
        id: String,
    },
}

#[derive(Subcommand)]
enum TrustCommand {
    /// Every list with its keys, roles and dates.
    List {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        #[command(flatten)]
        at: At,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Signs the lists afresh for a week.
    Renew {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// One authority's alone.
        #[arg(long)]
        authority: Option<AuthorityCode>,
        #[command(flatten)]
        at: At,
    },
    /// Lists a key as compromised: it counts for nothing from then on, with all that it signed.
    Compromise {
        /// The installation.
        #[arg(long)]
        dir: PathBuf,
        /// Whose key.
        #[arg(long)]
        authority: AuthorityCode,
        /// token, part, handover, verdict, notice, gate, status, approval or list.
        #[arg(long)]
        role: String,
        /// One key alone, by its id (a gate's is the name of its lane).
        #[arg(long)]
        kid: Option<String>,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Subcommand)]
enum CodeCommand {
    /// What anyone may read in a code, and nothing more. Nothing is verified.
    Inspect {
        /// A picture of a code, a file with its text, the text itself, or `-` for standard input.
        #[arg(value_name = "FILE|TEXT", allow_hyphen_values = true)]
        what: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Uncertain rules: every switch with its value, default and source, and every row marked as unsure.
    Report {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum BenchCommand {
    /// One face stage by stage, beside the same networks in ONNX Runtime where that is installed; memory.
    Face(face::BenchFace),
    /// The gate's check of one code beside two raw verifications, and the size of every code.
    Check {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command, arguments.models.as_deref()) {
        Ok(ended) => ended.into(),
        Err(failure) => {
            eprintln!("baypass: {failure}");
            ExitCode::from(2)
        }
    }
}

fn now<T>(task: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Failure::of(&error))?.block_on(task)
}

fn run(command: Command, models: Option<&Path>) -> Result<Ended, Failure> {
    let folder = || doctor::models_folder(models.map(Path::to_owned));
    match command {
        Command::Demo { tour_only, json, photos, dir, base_port } => {
            let options = demo::Options { tour_only, json, photos, dir, base_port };
            now(demo::run(&folder(), &options))
        }
        Command::Authority {
            command: AuthorityCommand::Serve { dir, authority, origins, officer_origins, serving },
        } => now(serve::authority(&dir, &folder(), authority, &origins, &officer_origins, &serving.run())),
        Command::Gate { command: GateCommand::Serve { dir, port, kiosk, pictures, serving } } => {
            let of_kiosks = serve::OfKiosks { pages: kiosk, pictures };
            now(serve::gate(&dir, &folder(), &port, of_kiosks, &serving.run()))
        }
        Command::Init { dir } => {
            install::Installation::init(&dir, SystemClock.now(), &install::lists::Terms::default())?;
            let shown = dir.display();
            failure::print(&format!(
                "{shown}: three authorities with keys, trust lists, approvals (specimens) and empty registries; pictures \
                 from files are taken (simulated_camera)\nnext: baypass resident add --dir {shown} ...\n"
            ))?;
            Ok(Ended::Well)
        }
        Command::Resident { command } => resident_command(command, &folder()),
        Command::Wallet { command } => wallet_command(command, &folder()),
        Command::Lane { command } => lane_command(command, &folder()),
        Command::MayCross { case: Some(case), json, .. } => may_cross::run(&case, json),
        Command::MayCross { case: None, dir, resident, to, from, port, on, at, json } => {
            let (Some(dir), Some(resident), Some(to)) = (dir, resident, to) else {
                return Err(Failure::new("give --case FILE, or --dir, --resident and --to"));
            };
            let at = on.map_or_else(|| at.time(), |day| day.at_minute(720));
            now(whereabouts::run(
                &dir,
                &folder(),
                &whereabouts::Asking { resident, from, to, port, at, json },
            ))
        }
        Command::Code { command: CodeCommand::Inspect { what, json } } => inspect::run(&what, json),
        Command::Ledger { command: LedgerCommand::List { dir, authority, at, json } } => {
            now(resident::ledger(&dir, &folder(), authority, at.time(), json))
        }
        Command::Approval { command } => match command {
            ApprovalCommand::List { dir, at, json } => listing::approvals(&dir, at.time(), json),
            ApprovalCommand::Add { dir, file } => listing::add_approval(&dir, &file),
            ApprovalCommand::Withdraw { dir, id } => listing::withdraw_approval(&dir, &id),
        },
        Command::Trust { command } => match command {
            TrustCommand::List { dir, at, json } => listing::trust_lists(&dir, at.time(), json),
            TrustCommand::Renew { dir, authority, at } => listing::renew(&dir, authority, at.time()),
            TrustCommand::Compromise { dir, authority, role, kid, at } => {
                listing::compromise(&dir, authority, &role, kid.as_deref(), at.time())
            }
        },
        Command::Rules { command: RulesCommand::Report { json } } => rules::run(json),
        Command::Doctor { dir, json } => doctor::run(dir.as_deref(), &folder(), json),
        Command::Face { command } => face::run(command, &folder()),
        Command::Bench { command: BenchCommand::Check { json } } => bench::run(json),
        Command::Bench { command: BenchCommand::Face(asked) } => face::bench(asked, &folder()),
    }
}

fn resident_command(command: ResidentCommand, models: &Path) -> Result<Ended, Failure> {
    let fate = |asked: ResidentFate, fate| {
        let ResidentFate { dir, resident, document, at } = asked;
        now(resident::fate(&dir, models, &resident, fate, document.as_deref(), at.time()))
    };
    match command {
        ResidentCommand::Add(add) => resident_add(*add, models),
        ResidentCommand::List { dir, json } => resident::list(&dir, json),
        ResidentCommand::ReEnrol { dir, authority, at, json } => {
            now(resident::re_enrol(&dir, models, authority, at.time(), json))
        }
        ResidentCommand::Lose(asked) => fate(asked, resident::Fate::Lost),
        ResidentCommand::EndPass(asked) => fate(asked, resident::Fate::Ended),
        ResidentCommand::Watch(asked) => fate(asked, resident::Fate::Watched),
    }
}

fn resident_add(add: ResidentAdd, models: &Path) -> Result<Ended, Failure> {
    let flags = match (add.home, add.name, add.birth, add.id) {
        (Some(home), Some(name), Some(birth), Some(id)) => Some(resident::Flags {
            home,
            name,
            name_zh: add.name_zh,
            birth,
            id,
            permit: add.permit,
            permit_expires: add.permit_expires,
            endorsements: add.endorsements,
            nationality: add.nationality,
            not_permanent: add.not_permanent,
            height_cm: add.height_cm,
        }),
        _ => None,
    };
    let case = match (&flags, &add.case) {
        (Some(flags), _) => Ok(flags),
        (None, Some(case)) => Err(case.as_path()),
        (None, None) => return Err(Failure::new("give --home, --name, --birth and --id, or --case FILE")),
    };
    now(resident::add(&add.dir, models, case, &add.photo, add.at.time(), add.json))
}

fn wallet_command(command: WalletCommand, models: &Path) -> Result<Ended, Failure> {
    match command {
        WalletCommand::Enrol { dir, resident, selfie, at, json } => {
            now(resident::enrol(&dir, models, &resident, &selfie, at.time(), json))
        }
        WalletCommand::Show { dir, resident, port, from, to, side, out, at, json } => {
            let asked = resident::Show { resident, port, from, to, side, out, at: at.time(), json };
            now(resident::show(&dir, models, &asked))
        }
    }
}

fn lane_command(command: LaneCommand, models: &Path) -> Result<Ended, Failure> {
    let LaneCommand::Scan { dir, port, from, to, side, lane, code, faces, officer, at, json } = command;
    let at = at.time();
    let asked = lane::Scan { port, from, to, side, number: lane, code, faces, officer, at, json };
    now(lane::scan(&dir, models, &asked))
}

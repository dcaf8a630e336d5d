//! `baypass lane scan` and `lane document`: one traveller at one lane, from the picture of a code, or from cards, and the
//! picture of a face to the door.
//!
//! Lives here: opening that lane, the answer's form. All parties run in this process, so the answer can show both
//! authorities' reasons; at a border nobody sees both, and the answer says so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use authority::{Service, VerdictReason};
use clap::{Args, Subcommand};
use clearance::{ClearanceId, Passage};
use credential::ProofWindow;
use credential::random;
use documents::{AuthorityCode, DocumentKind, DocumentNumber, LaneKind, LocalDate, Rules, Side, Timestamp};
use gate::devices::camera::{CodeSight, PageSight, SimulatedCamera};
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::Simulated;
use gate::lane::screen::NoScreen;
use gate::lists::MemoryError;
use gate::{
    FixedClock, GateReason, LaneContext, Language, MAX_PICTURES, Metrics, ReplayCache, Report,
    SystemStopwatch, Texts,
};
use serde_json::{Value, json};

use super::chip_files;
use super::code_file::CodeFile;
use super::crossing::CrossingArgs;
use super::{At, InstallationArgs, ONE_PROCESS, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::parties::{Parties, load_eyes, open_lane, refuse_rollback, remembered};
use crate::install::signing::lane_key;
use crate::install::{Installation, LANES_EACH, LanePlace, document_lanes};
use crate::tone::{self, Tone};

/// Largest file with the lines of a zone, in bytes.
const MAX_ZONE_FILE: usize = 1024;

/// The commands about lanes.
#[derive(Subcommand)]
pub enum LaneCommand {
    /// One traveller at one lane: a code, a face, the verdicts, the door.
    Scan(ScanArgs),
    /// One traveller without a phone at a lane by document: cards, a face, the verdicts, the door.
    Document(DocumentArgs),
}

/// What `lane document` takes.
#[derive(Args)]
pub struct DocumentArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    crossing: CrossingArgs,
    /// A card in the order in which it is laid down: `hkid:A123456(3)`, typed, with --birth; `mrz:FILE`, a file with the
    /// lines of its machine-readable zone; or `mrz-picture:FILE`, a picture of the card (JPEG, PNG, WebP), lying any way up.
    /// Several pictures of one card, `mrz-picture:FILE,FILE`, must agree. `chip:FILE` is what a reader's software read of its chip
    /// (docs/chip.md), as JSON; `chip:FOLDER` the files themselves: EF.SOD, DG1, DG2 and, where the chip has them, EF.COM,
    /// DG11, DG14, DG15.
    #[arg(long = "page", value_name = "CARD", required = true)]
    pages: Vec<String>,
    /// The birth date on the cards that are typed.
    #[arg(long, value_name = "YYYY-MM-DD")]
    birth: Option<LocalDate>,
    #[command(flatten)]
    seen: SeenArgs,
}

/// What both kinds of lane take beside what is shown.
#[derive(Args)]
struct SeenArgs {
    /// A picture of the traveller; up to 12 of one moment.
    #[arg(long = "face", value_name = "FILE", required = true)]
    faces: Vec<PathBuf>,
    /// An officer stands at the lane and carries out what is asked of an officer; at a lane by document the officer holds the
    /// cards too.
    #[arg(long)]
    officer: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `lane scan` takes.
#[derive(Args)]
pub struct ScanArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    crossing: CrossingArgs,
    /// Which of the lanes side by side, 1 or 2.
    #[arg(long, default_value_t = 1)]
    lane: u8,
    /// A picture of the code, or a file with its text.
    #[arg(long, value_name = "FILE")]
    code: PathBuf,
    /// A code of the same wallet, unlocked again (`wallet show --unlocked`), that is shown where the lane asks for it; two at most.
    #[arg(long = "again", value_name = "FILE")]
    again: Vec<PathBuf>,
    /// The officer beside the lane looks at the traveller's document, as a paper pass always asks.
    #[arg(long)]
    document_seen: bool,
    #[command(flatten)]
    seen: SeenArgs,
}

impl LaneCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Scan(args) => scan(args, models).await,
            Self::Document(args) => document(args, models).await,
        }
    }
}

/// The lane that a scan is for.
fn place(
    rules: &Rules,
    crossing: &CrossingArgs,
    (kind, number): (LaneKind, u8),
    day: LocalDate,
) -> Result<LanePlace, Failure> {
    let direction = crossing.direction(rules, day)?;
    let side = match (crossing.sides(rules, direction, day)?.as_slice(), crossing.side) {
        ([None], Some(_)) => {
            return Err(Failure::new(format!(
                "at {} one lane serves both sides; leave --side out",
                crossing.port
            )));
        }
        ([None], None) => None,
        (_, Some(side)) => Some(side),
        (_, None) => {
            return Err(Failure::new(format!(
                "at {} exit and entry have lanes of their own; say --side exit or --side entry",
                crossing.port
            )));
        }
    };
    if !(1..=LANES_EACH).contains(&number) {
        return Err(Failure::new(format!("lanes are numbered 1 to {LANES_EACH}")));
    }
    Ok(LanePlace { port: crossing.port.parse().map_err(of)?, direction, side, kind, number })
}

/// What the camera of a scan sees: a picture of the code, or a file with its text.
fn sight(path: &Path) -> Result<CodeSight, Failure> {
    match CodeFile::read(path)? {
        CodeFile::Text(text) if text.starts_with(code::PREFIX) => Ok(CodeSight::Text(text)),
        // A text that is no code is told as what it is: no picture.
        CodeFile::Text(text) => Ok(CodeSight::Picture(text.into_bytes())),
        CodeFile::Picture(bytes) if bytes.is_empty() => {
            Err(Failure::new(format!("{} is empty; give the picture of a code", path.display())))
        }
        CodeFile::Picture(bytes) => Ok(CodeSight::Picture(bytes)),
    }
}

/// What the reader of cards sees of one that was named on the command line.
fn card(text: &str, birth: Option<LocalDate>) -> Result<PageSight, Failure> {
    let (what, rest) = text.split_once(':').ok_or_else(|| {
        Failure::new(
            "a card is written KIND:NUMBER, mrz:FILE, mrz-picture:FILE or chip:FILE, such as hkid:A123456(3)",
        )
    })?;
    if what == "mrz" {
        let bytes = failure::read(Path::new(rest), MAX_ZONE_FILE)?;
        let lines = String::from_utf8(bytes)
            .map_err(|_| Failure::new(format!("{rest} is no text; give the lines of the zone")))?;
        return Ok(PageSight::Zone(lines));
    }
    if what == "mrz-picture" {
        let files = rest.split(',').map(|file| failure::read(Path::new(file), code::picture::MAX_FILE_BYTES));
        return files.collect::<Result<_, _>>().map(PageSight::Pictures);
    }
    if what == "chip" {
        return chip_files::read(Path::new(rest)).map(PageSight::Chip);
    }
    let kind: DocumentKind = what.parse().map_err(of)?;
    let number = DocumentNumber::parse(kind, rest).map_err(of)?;
    let birth = birth.ok_or_else(|| {
        Failure::new("a card that is typed needs the birth date that it shows; say --birth")
    })?;
    Ok(PageSight::Typed { number, birth })
}

async fn document(args: &DocumentArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.seen.at.time());
    let rules = Rules::builtin().map_err(of)?;
    let place = place(&rules, &args.crossing, (LaneKind::Document, 1), now.local_date())?;
    if !installation.lanes(&rules).contains(&place) {
        let ports: BTreeSet<String> =
            document_lanes(&rules).into_iter().map(|lane| lane.port.to_string()).collect();
        let ports: Vec<String> = ports.into_iter().collect();
        return Err(Failure::new(format!(
            "{} has no lane by document here; the data open them at {}",
            place.port,
            ports.join(", ")
        )));
    }
    let cards = args.pages.iter().map(|text| card(text, args.birth)).collect::<Result<Vec<_>, _>>()?;
    let measures = if args.seen.officer {
        vec![documents::Measure::PhysicalDocument, documents::Measure::Officer]
    } else {
        Vec::new()
    };
    let camera = |faces| SimulatedCamera::with_cards(cards, faces);
    serve_one(&installation, &place, (&args.seen, models, now), camera, measures).await
}

async fn scan(args: &ScanArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.seen.at.time());
    let rules = Rules::builtin().map_err(of)?;
    let place = place(&rules, &args.crossing, (LaneKind::Code, args.lane), now.local_date())?;
    let code = sight(&args.code)?;
    // Without an officer nobody carries out measures: they stay open.
    let mut measures = if args.seen.officer { vec![documents::Measure::Officer] } else { Vec::new() };
    measures.extend(args.document_seen.then_some(documents::Measure::PhysicalDocument));
    let again = args.again.iter().map(|path| sight(path)).collect::<Result<Vec<_>, _>>()?;
    let camera = |faces| SimulatedCamera::new(code, faces).then_codes(again);
    serve_one(&installation, &place, (&args.seen, models, now), camera, measures).await
}

/// One traveller at one lane, with all parties in this process.
async fn serve_one(
    installation: &Installation,
    place: &LanePlace,
    (args, models, now): (&SeenArgs, &Path, Timestamp),
    camera: impl FnOnce(Vec<Vec<u8>>) -> SimulatedCamera,
    measures: Vec<documents::Measure>,
) -> Result<Ended, Failure> {
    let rules = Rules::builtin().map_err(of)?;
    let pictures = u8::try_from(args.faces.len()).ok().filter(|count| *count <= MAX_PICTURES);
    let Some(pictures) = pictures else {
        return Err(Failure::new(format!(
            "{} pictures of the face are too many for one crossing; give at most {MAX_PICTURES}",
            args.faces.len()
        )));
    };
    let faces = args
        .faces
        .iter()
        .map(|path| failure::read(path, code::picture::MAX_FILE_BYTES))
        .collect::<Result<Vec<_>, _>>()?;
    let parties = Parties::open(installation, models, now).await?;
    if let Err(rolled) = refuse_rollback(installation, &place.port, parties.lists.trust()) {
        return match rolled {
            MemoryError::Older { authority, have, got } => Err(Failure::new(format!(
                "{}: the trust list of {authority} is number {got}, and this port has seen {have}; bring the newest (`baypass trust renew`)",
                GateReason::TrustListRolledBack.code()
            ))),
            error @ (MemoryError::Damaged { .. } | MemoryError::File { .. }) => Err(of(error)),
        };
    }
    let all = installation.lanes(&rules);
    let mut cache = ReplayCache::new(ProofWindow::default().seconds(), now);
    let trust = parties.lists.trust();
    remembered(installation, &place.port, place, &all, &mut cache, (trust, now)).await?;
    let link = Arc::new(parties.link(now));
    let later = Arc::new(link.at(now.plus_seconds(60)));
    let eyes = load_eyes(models)?;
    let opened = open_lane(
        installation,
        place,
        &all,
        link,
        eyes,
        Arc::new(Mutex::new(cache)),
        Arc::new(Metrics::default()),
        pictures,
        lane_key(installation, place, trust, now)?,
    )
    .await?;
    // What a killed process left open gets its end first.
    opened.courier.settle(now).await.map_err(of)?;
    let mut camera = camera(faces);
    let mut door = SimulatedDoor::default();
    let mut id = [0; 16];
    random(&mut id).map_err(of)?;
    let mut measures = Simulated(measures);
    let context = LaneContext {
        camera: &mut camera,
        door: &mut door,
        screen: &mut NoScreen,
        measures: &mut measures,
        trusted: &parties.lists,
        clock: &FixedClock(now),
        watch: &SystemStopwatch::start(),
    };
    let report = opened.lane.serve(ClearanceId::from_bytes(id), context).await;
    // The end of the band in which a no is told has come when this command ends.
    let courier = gate::Courier::new(Arc::clone(&opened.store), later);
    courier.deliver(&parties.lists, now.plus_seconds(60)).await.map_err(of)?;
    parties.carry_notices(now.plus_seconds(60)).await?;
    let exit = judged(&parties, &report, Side::Exit).await?;
    let entry = judged(&parties, &report, Side::Entry).await?;
    if args.output.json {
        failure::print_json(&answer(&report, place, &exit, &entry))?;
    } else {
        failure::print(&page(&report, place, &exit, &entry)?)?;
    }
    Ok(ended(&report))
}

/// What one side's authority keeps of its verdict. Only one operator of everything can look at both.
async fn judged(parties: &Parties, report: &Report, side: Side) -> Result<Value, Failure> {
    let Some(judged) = report.verdict(side) else { return Ok(json!({"verdict": null, "code": null})) };
    reason_of(parties.service(judged.authority)?, judged.authority, &judged.reference).await
}

async fn reason_of(
    service: &Service,
    authority: AuthorityCode,
    reference: &[u8; 16],
) -> Result<Value, Failure> {
    let reason = service.reason(reference).await.map_err(of)?;
    Ok(reason.map_or_else(
        || json!({"authority": authority, "verdict": null, "code": null}),
        |VerdictReason { outcome, code, detail }| json!({"authority": authority, "verdict": verdict_word(&outcome), "code": code, "detail": detail}),
    ))
}

/// The three classes of a verdict; what else an authority may answer (`busy`, a lane that is not for the holder) is a
/// refusal with a code of its own.
pub fn verdict_word(outcome: &str) -> &str {
    match outcome {
        "admit" | "verify" => outcome,
        _ => "refer",
    }
}

/// The form of `lane scan --json`.
fn answer(report: &Report, place: &LanePlace, exit: &Value, entry: &Value) -> Value {
    let measures: Vec<_> =
        report.open_measures.map(|m| m.iter().map(documents::Measure::as_str).collect()).unwrap_or_default();
    json!({
        "outcome": outcome(report.passage),
        "passage": report.passage.code(),
        "lane": place.name(),
        "port": place.port.as_str(),
        "from": place.direction.from(),
        "to": place.direction.to(),
        "exit": exit,
        "entry": entry,
        "gate": {"code": report.reason.map(GateReason::code), "detail": report.detail},
        "measures": measures,
        "sentence": report.sentence,
        "officer": report.officer,
        "simulated_camera": report.simulated_camera,
        "one_operator": "both authorities' reasons stand here because one operator runs everything; at a lane nobody sees both",
        "ms": {"read": report.ms.read, "check": report.ms.check, "face": report.ms.face, "clear": report.ms.clear, "total": report.ms.total},
    })
}

fn page(report: &Report, place: &LanePlace, exit: &Value, entry: &Value) -> Result<String, Failure> {
    let texts = Texts::builtin().map_err(of)?;
    let mut out = format!(
        "{} at {}\n",
        if report.passage == Passage::Passed {
            tone::out("PASSED", Tone::Good)
        } else {
            tone::out("NOT PASSED", Tone::Bad)
        },
        place.name()
    );
    if let Some(sentence) = texts.get(report.sentence, Language::En) {
        out += &format!("  the traveller reads: {sentence}\n");
    }
    for (name, side) in [("exit", exit), ("entry", entry)] {
        let text = |field: &str| side.get(field).and_then(Value::as_str).unwrap_or_default();
        if !text("verdict").is_empty() {
            let detail =
                if text("detail").is_empty() { String::new() } else { format!(" ({})", text("detail")) };
            out +=
                &format!("  {name}, {}: {} {}{detail}\n", text("authority"), text("verdict"), text("code"));
        }
    }
    if let Some(reason) = report.reason {
        let detail = report.detail.as_ref().map_or_else(String::new, |detail| format!(" ({detail})"));
        out += &format!("  the gate: {}{detail}\n", reason.code());
    }
    if let Some(measures) = report.open_measures {
        let measures: Vec<_> = measures.iter().map(documents::Measure::as_str).collect();
        out += &format!("  still to be done: {}\n", measures.join(", "));
    }
    let ms = report.ms;
    out += &format!(
        "  read {:.0}, check {:.1}, face {:.0}, clear {:.0}, total {:.0} ms\n",
        ms.read, ms.check, ms.face, ms.clear, ms.total
    );
    if report.simulated_camera {
        out += "  (The pictures came from files: a simulated camera.)\n";
    }
    out += "  (Both authorities' reasons stand here because one operator runs everything; at a lane nobody sees both.)\n";
    Ok(out + ONE_PROCESS)
}

/// Exit code: pictures that are none are broken input; everything else is the lane's answer.
fn ended(report: &Report) -> Ended {
    match (report.passage, report.reason, report.open_measures) {
        (Passage::Passed, ..) => Ended::Done,
        (_, Some(GateReason::PictureUnreadable | GateReason::FacePictureUnreadable), _) => Ended::BrokenInput,
        (_, _, Some(_)) => Ended::MeasureOpen,
        (..) => Ended::Refused,
    }
}

/// What an answer calls a passage.
const fn outcome(passage: Passage) -> &'static str {
    match passage {
        Passage::Passed => "passed",
        Passage::NotPassed | Passage::Returned | Passage::Unknown => "not_passed",
    }
}

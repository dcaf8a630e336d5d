//! `baypass bench face`: the stages of one probe beside the same networks in ONNX Runtime, in one run.
//!
//! Lives here: the measurement and its table. The two runtimes take turns, one thread each, on the same numbers, so a
//! busy machine disturbs both alike. Seconds never fail a run; the ratio and the memory do.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use clap::Args;
use evaluate::median;
use face::{Embedder, Finder, Image, Liveness, ModelFolder, Probe, ProbeFrame, Shown, Template};
use gate::{Stopwatch, SystemStopwatch};
use serde::{Deserialize, Serialize};

use super::rounded;
use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure};
use crate::install::parties::face_config;

/// A whole probe may take so many times the bare networks in ONNX Runtime; 1.2 is the aim.
const RATIO_BAR: f64 = 2.0;
const RATIO_AIM: f64 = 1.2;
/// What a gate holds, which has no recogniser, and what an authority holds, in MiB.
const GATE_BAR_MIB: f64 = 150.0;
const AUTHORITY_BAR_MIB: f64 = 250.0;
const WARM_UP: u32 = 3;
const SAMPLE: &str = "node_modules/@vladmandic/face-api/demo/sample1.jpg";
const MAX_PICTURE: usize = 20 * 1024 * 1024;

/// What `bench face` takes.
#[derive(Args)]
pub struct FaceArgs {
    /// A picture with a face; default: a sample picture of the installed packages.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// The Python that has `onnxruntime`: it must be there. Default: `python3`, and without `onnxruntime` only our own
    /// times are printed.
    #[arg(long, value_name = "FILE", env = "BAYPASS_PYTHON")]
    python: Option<PathBuf>,
    /// Measured rounds.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,
    #[command(flatten)]
    output: Output,
}

#[derive(Serialize)]
struct FaceReport {
    rounds: u32,
    picture: [u32; 2],
    stages: Vec<Stage>,
    whole_probe_ms: f64,
    networks: Vec<InSteps>,
    /// None where ONNX Runtime is not installed.
    onnx_runtime: Option<Comparison>,
    onnx_runtime_missing: Option<String>,
    memory: Option<Memory>,
    holds: bool,
}

/// One stage, and where it is a network alone, the same in ONNX Runtime.
#[derive(Serialize)]
struct Stage {
    stage: &'static str,
    median_ms: f64,
    share: f64,
}

/// How a network is computed: one step is the whole file by the runtime.
#[derive(Serialize)]
struct InSteps {
    network: String,
    steps: usize,
    direct_convolutions: usize,
}

impl InSteps {
    /// Each network once.
    fn of(shown: &[Shown]) -> Vec<Self> {
        let mut networks: Vec<Self> = Vec::new();
        for Shown { network, steps: (steps, direct_convolutions), .. } in shown {
            if networks.iter().all(|known| known.network != *network) {
                let (steps, direct_convolutions) = (*steps, *direct_convolutions);
                networks.push(Self { network: network.clone(), steps, direct_convolutions });
            }
        }
        networks
    }
}

#[derive(Serialize)]
struct Comparison {
    version: String,
    /// Milliseconds by network; the landmarks' two passes count together.
    networks_ms: BTreeMap<String, f64>,
    sum_ms: f64,
    /// Whole probe, picture to the embeddings of every recogniser with encoding and decoding, over the networks alone.
    ratio: f64,
    bar: f64,
    aim: f64,
    holds: bool,
    /// Over every output of every network.
    largest_difference: f64,
}

#[derive(Serialize)]
struct Memory {
    before_mib: f64,
    /// Finder and liveness: what a gate holds.
    gate_mib: f64,
    /// And the recognisers, which an authority holds.
    authority_mib: f64,
    highest_mib: f64,
    gate_bar_mib: f64,
    authority_bar_mib: f64,
    holds: bool,
}

/// Reads tensors from the folder named first; then for each line on standard input runs every network once and prints
/// the milliseconds; at the end of the input nothing more.
const SCRIPT: &str = "\
import sys, json, time
import onnxruntime as ort
import numpy as np
options = ort.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
calls = json.load(open(sys.argv[1] + '/calls.json'))
sessions = {}
def load(path):
    return np.fromfile(path, dtype='<f4')
out = []
for call in calls:
    name = call['file']
    if name not in sessions:
        sessions[name] = ort.InferenceSession(name, options, providers=['CPUExecutionProvider'])
    s = sessions[name]
    x = load(sys.argv[1] + '/' + call['input']).reshape(call['shape'])
    names = [o.name for o in s.get_outputs()]
    want = [n for n in ('scores', 'cls_8') if n in names] or None
    y = s.run(want, {s.get_inputs()[0].name: x})[0].reshape(-1)
    ours = load(sys.argv[1] + '/' + call['output'])
    out.append((call['network'], s, {s.get_inputs()[0].name: x}, float(np.abs(y - ours).max())))
print(json.dumps({'version': ort.__version__, 'difference': max(o[3] for o in out)}), flush=True)
for line in sys.stdin:
    took = {}
    for network, s, feed, _ in out:
        t = time.perf_counter()
        s.run(None, feed)
        took[network] = took.get(network, 0.0) + (time.perf_counter() - t) * 1000
    print(json.dumps(took), flush=True)
";

impl FaceArgs {
    fn python(&self) -> &Path {
        self.python.as_deref().unwrap_or(Path::new("python3"))
    }
}

/// Runs `bench face`.
pub fn run(args: &FaceArgs, models: &Path) -> Result<Ended, Failure> {
    let before = resident_mib();
    let config = face_config(models)?;
    let folder = ModelFolder::new(models, &config);
    let load = |error: face::ModelError| Failure::of(&error);
    let picture = args.picture.clone().unwrap_or_else(|| models.join(SAMPLE));
    let image = Image::decode(&failure::read(&picture, MAX_PICTURE)?).map_err(|error| Failure::of(&error))?;
    let finder = Finder::load(&folder, &config).map_err(load)?;
    let liveness = Liveness::load(&folder, &config).map_err(load)?;
    let image = portrait(&finder, image)?;
    let face = finder.one_face(&image).map_err(|error| Failure::of(&error))?;
    liveness.score(&image, &face).map_err(|error| Failure::of(&error))?;
    Probe::from_image(&finder, &image).map_err(|error| Failure::of(&error))?;
    let gate = resident_mib();
    let embedder = Embedder::load(&folder, &config).map_err(load)?;
    let subject = Subject { finder, liveness, embedder, image };
    subject.round(&mut Times::default())?;
    let memory = memory(before, gate);

    let shown =
        subject.embedder.shown(&subject.finder, &subject.image).map_err(|error| Failure::of(&error))?;
    let (mut other, missing) = match (OnnxRuntime::start(args.python(), &shown), &args.python) {
        (Ok(other), _) => (Some(other), None),
        (Err(why), None) => (None, Some(why)),
        // A measurement without the anchor that was asked for would look like one that holds.
        (Err(why), Some(_)) => return Err(Failure::new(why)),
    };
    let (mut ours, mut theirs) = (Times::default(), Vec::new());
    for round in 0..WARM_UP + args.rounds {
        let mut times = Times::default();
        subject.round(&mut times)?;
        let beside = other.as_mut().map(OnnxRuntime::round).transpose()?;
        if round >= WARM_UP {
            ours.join(times);
            theirs.extend(beside);
        }
    }
    let beside = (other.as_ref(), theirs.as_slice(), missing);
    let report = report(args, &subject.image, &ours, InSteps::of(&shown), beside, memory);
    let holds = report.holds;
    if args.output.json {
        failure::print_json(&report)?;
    } else {
        failure::print(&words(&report))?;
    }
    Ok(if holds { Ended::Done } else { Ended::BarMissed })
}

/// The largest face with room around it, where the picture shows several people.
fn portrait(finder: &Finder, image: Image) -> Result<Image, Failure> {
    if finder.one_face(&image).is_ok() {
        return Ok(image);
    }
    let faces = finder.detect(&image).map_err(|error| Failure::of(&error))?;
    let face =
        faces.first().ok_or_else(|| Failure::new("no face in the picture; give another with --picture"))?;
    finder.portrait(&image, face).map_err(|error| Failure::of(&error))
}

struct Subject {
    finder: Finder,
    liveness: Liveness,
    embedder: Embedder,
    image: Image,
}

/// Milliseconds by stage, in order of first use.
#[derive(Default)]
struct Times(Vec<(&'static str, Vec<f64>)>);

impl Times {
    fn push(&mut self, stage: &'static str, millis: f64) {
        match self.0.iter_mut().find(|(name, _)| *name == stage) {
            Some((_, times)) => times.push(millis),
            None => self.0.push((stage, vec![millis])),
        }
    }

    fn join(&mut self, other: Self) {
        for (stage, times) in other.0 {
            times.into_iter().for_each(|time| self.push(stage, time));
        }
    }

    fn median(&self, stage: &str) -> f64 {
        self.0.iter().find(|(name, _)| *name == stage).map_or(0.0, |(_, times)| median(times.clone()))
    }
}

const WHOLE: &str = "whole probe";
const LIVENESS: &str = "liveness (beside)";
const COMPARE: &str = "pack and compare";
const CODE: &str = "embed for a code (of it)";
const STAGES: [&str; 5] = ["detect", "landmarks, two passes", "cut and encode", "decode", "embed"];

impl Subject {
    /// Picture to embedding as at a crossing, each stage by itself and then all at once.
    fn round(&self, times: &mut Times) -> Result<(), Failure> {
        let fault = |error: &dyn std::error::Error| Failure::of(error);
        let watch = SystemStopwatch::start();
        let mut last = 0.0;
        let mut lap = |stage| {
            let now = watch.millis();
            times.push(stage, now - last);
            last = watch.millis();
        };
        let [detect, landmarks, cut, decode, embed] = STAGES;
        let face = self.finder.one_face(&self.image).map_err(|e| fault(&e))?;
        lap(detect);
        let points = self.finder.landmarks(&self.image, &face).map_err(|e| fault(&e))?;
        lap(landmarks);
        let (frame, _) = ProbeFrame::cut(&self.image, &face, &points).map_err(|e| fault(&e))?;
        let sent = Probe::new(vec![frame]).map_err(|e| fault(&e))?.encode();
        lap(cut);
        let received = Probe::decode(&sent).map_err(|e| fault(&e))?;
        lap(decode);
        let embedding = self.embedder.embed(&received).map_err(|e| fault(&e))?;
        lap(embed);
        if let Some(kind) = self.embedder.part_kind() {
            std::hint::black_box(self.embedder.embed_for(&received, &[kind]).map_err(|e| fault(&e))?);
        }
        lap(CODE);
        let kind = self.embedder.part_kind();
        let kind = kind.ok_or_else(|| Failure::new("the configuration lists no template of this model"))?;
        let template = Template::pack(kind, &embedding).map_err(|e| fault(&e))?;
        std::hint::black_box(template.compare(&embedding).map_err(|e| fault(&e))?);
        lap(COMPARE);
        let (probe, _) = Probe::from_image(&self.finder, &self.image).map_err(|e| fault(&e))?;
        let received = Probe::decode(&probe.encode()).map_err(|e| fault(&e))?;
        std::hint::black_box(self.embedder.embed(&received).map_err(|e| fault(&e))?);
        lap(WHOLE);
        std::hint::black_box(self.liveness.score(&self.image, &face).map_err(|e| fault(&e))?);
        lap(LIVENESS);
        Ok(())
    }
}

/// ONNX Runtime in a process of its own that waits for its turn.
struct OnnxRuntime {
    child: Child,
    turn: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    hello: Hello,
    _folder: Folder,
}

#[derive(Deserialize)]
struct Hello {
    version: String,
    difference: f64,
}

/// Milliseconds by network.
type Round = BTreeMap<String, f64>;

#[derive(Serialize)]
struct Call<'a> {
    network: &'a str,
    file: PathBuf,
    shape: [usize; 4],
    input: String,
    output: String,
}

impl OnnxRuntime {
    fn start(python: &Path, shown: &[Shown]) -> Result<Self, String> {
        let folder = Folder::new().map_err(|error| format!("no folder for tensors: {error}"))?;
        let write = |name: &str, values: &[f32]| {
            let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
            std::fs::write(folder.0.join(name), bytes).map_err(|error| error.to_string())
        };
        let mut calls = Vec::new();
        for (index, call) in shown.iter().enumerate() {
            let (input, output) = (format!("{index}.in"), format!("{index}.out"));
            write(&input, &call.input)?;
            write(&output, &call.output)?;
            let file = folder.0.join(format!("{}.onnx", call.network));
            let portable = call.portable().map_err(|error| error.to_string())?;
            std::fs::write(&file, portable).map_err(|error| error.to_string())?;
            calls.push(Call { network: &call.network, file, shape: call.shape, input, output });
        }
        let calls = serde_json::to_vec(&calls).map_err(|error| error.to_string())?;
        std::fs::write(folder.0.join("calls.json"), calls).map_err(|error| error.to_string())?;
        let mut child = Command::new(python)
            .arg("-c")
            .arg(SCRIPT)
            .arg(&folder.0)
            .env("OMP_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{} did not start ({error})", python.display()))?;
        let (Some(turn), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the pipes to Python are missing".to_owned());
        };
        let mut answers = BufReader::new(out);
        let mut line = String::new();
        let Ok(Ok(hello)) = answers.read_line(&mut line).map(|_| serde_json::from_str(&line)) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!(
                "onnxruntime and numpy are not installed for {0}; run `{0} -m pip install onnxruntime`, or name another \
                 Python with --python",
                python.display()
            ));
        };
        Ok(Self { child, turn: Some(turn), answers, hello, _folder: folder })
    }

    fn round(&mut self) -> Result<Round, Failure> {
        let fault = || Failure::new("ONNX Runtime stopped in the middle; run again, or without it");
        let turn = self.turn.as_mut().ok_or_else(fault)?;
        turn.write_all(b"\n").and_then(|()| turn.flush()).map_err(|_| fault())?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|_| fault())?;
        serde_json::from_str(&line).map_err(|_| fault())
    }
}

impl Drop for OnnxRuntime {
    fn drop(&mut self) {
        // The end of its input ends it.
        self.turn = None;
        let _ = self.child.wait();
    }
}

/// A folder that goes when it is no longer needed: it holds a face.
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Self> {
        let mut name = [0_u8; 8];
        credential::random(&mut name).map_err(|_| std::io::Error::other("no randomness"))?;
        let path = std::env::temp_dir().join(format!("baypass-bench-{}", hex::encode(name)));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn report(
    args: &FaceArgs,
    image: &Image,
    ours: &Times,
    networks: Vec<InSteps>,
    (other, theirs, missing): (Option<&OnnxRuntime>, &[Round], Option<String>),
    memory: Option<Memory>,
) -> FaceReport {
    let whole = ours.median(WHOLE);
    let named = STAGES.into_iter().chain([CODE, COMPARE, LIVENESS]);
    let stages = named.map(|stage| {
        let median_ms = ours.median(stage);
        Stage { stage, median_ms: rounded(median_ms), share: rounded(median_ms / whole) }
    });
    let beside = other.map(|other| {
        let of =
            |network: &str| median(theirs.iter().filter_map(|round| round.get(network).copied()).collect());
        let names = theirs.first().map(|round| round.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let times: BTreeMap<String, f64> = names.into_iter().map(|name| (name.clone(), of(&name))).collect();
        let sum: f64 = times.values().sum();
        Comparison {
            version: other.hello.version.clone(),
            networks_ms: times.into_iter().map(|(name, time)| (name, rounded(time))).collect(),
            sum_ms: rounded(sum),
            ratio: rounded(whole / sum),
            bar: RATIO_BAR,
            aim: RATIO_AIM,
            holds: whole / sum <= RATIO_BAR,
            largest_difference: other.hello.difference,
        }
    });
    let holds = beside.as_ref().is_none_or(|b| b.holds) && memory.as_ref().is_none_or(|m| m.holds);
    FaceReport {
        rounds: args.rounds,
        picture: [image.width(), image.height()],
        stages: stages.collect(),
        whole_probe_ms: rounded(whole),
        networks,
        onnx_runtime: beside,
        onnx_runtime_missing: missing,
        memory,
        holds,
    }
}

fn memory(before: Option<f64>, gate: Option<f64>) -> Option<Memory> {
    let (before, gate, all) = (before?, gate?, resident_mib()?);
    Some(Memory {
        before_mib: rounded(before),
        gate_mib: rounded(gate),
        authority_mib: rounded(all),
        highest_mib: rounded(status("VmHWM:").unwrap_or(all)),
        gate_bar_mib: GATE_BAR_MIB,
        authority_bar_mib: AUTHORITY_BAR_MIB,
        holds: gate <= GATE_BAR_MIB && all <= AUTHORITY_BAR_MIB,
    })
}

fn resident_mib() -> Option<f64> {
    status("VmRSS:")
}

/// Linux tells a process its own memory; elsewhere the figure is left out.
fn status(field: &str) -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}

fn words(report: &FaceReport) -> String {
    use std::fmt::Write as _;
    let mut out = format!("one face, {} rounds, one thread, medians\n", report.rounds);
    for stage in &report.stages {
        let _ =
            writeln!(out, "  {:<24}{:>8.2} ms{:>6.0} %", stage.stage, stage.median_ms, 100.0 * stage.share);
    }
    let _ = writeln!(out, "  {WHOLE:<24}{:>8.2} ms", report.whole_probe_ms);
    let steps = report
        .networks
        .iter()
        .map(|of| format!("{} {} ({} direct convolutions)", of.network, of.steps, of.direct_convolutions));
    let _ = writeln!(out, "steps of each network: {}", steps.collect::<Vec<_>>().join(", "));
    match (&report.onnx_runtime, &report.onnx_runtime_missing) {
        (Some(b), _) => {
            let times: Vec<String> =
                b.networks_ms.iter().map(|(network, time)| format!("{network} {time:.2}")).collect();
            let _ = writeln!(
                out,
                "ONNX Runtime {}: {}, together {:.2} ms; largest difference {:.1e}\nratio {:.2} (bar {}, aim {}): {}",
                b.version,
                times.join(", "),
                b.sum_ms,
                b.largest_difference,
                b.ratio,
                b.bar,
                b.aim,
                if b.holds { "holds" } else { "MISSED" }
            );
        }
        (None, why) => {
            let _ = writeln!(out, "no ratio: {}", why.as_deref().unwrap_or("ONNX Runtime was not asked"));
        }
    }
    if let Some(m) = &report.memory {
        let _ = writeln!(
            out,
            "memory: {:.0} MiB before, a gate's models {:.0} (bar {}), with the recognisers of an authority {:.0} (bar {}), \
             highest {:.0}: {}",
            m.before_mib,
            m.gate_mib,
            m.gate_bar_mib,
            m.authority_mib,
            m.authority_bar_mib,
            m.highest_mib,
            if m.holds { "holds" } else { "MISSED" }
        );
    }
    out
}

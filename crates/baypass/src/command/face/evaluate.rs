//! `baypass face evaluate`: the pictures through the pipeline, the scores into a report.
//!
//! Lives here: workers, stopwatch, what is written where. Not here: which pairs are compared (`set`, `compare`), degraded
//! pictures (`robustness`). Each picture goes the way of a crossing: the registry's
//! becomes a template, the lane's a probe that is encoded and decoded before it is compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use clap::Args;
use evaluate::{
    Ages, Cohorts, Data, Detection, FormatReport, Measure, Report, SecondFace, SecondFaces, StageTime,
    hold_out,
};
use face::{
    Embedder, Embedding, FaceConfig, FaceError, Finder, Image, Landmarks, ModelFolder, Probe, ProbeFrame,
    Quality, Template, TemplateKind, Thresholds,
};
use gate::{Stopwatch, SystemStopwatch};

use super::WorkArgs;
use super::compare::{Compared, Scorer, write_scores};
use super::parallel::in_parallel;
use super::set::Set;
use super::words::words;
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::parties::face_config;
use crate::progress::Progress;

const FORM: &str = "baypass-face-evaluation-1";
const REPLICATES: usize = 1000;
const MAX_PICTURE: usize = 20 * 1024 * 1024;
const MAX_LABELS: usize = 64 * 1024 * 1024;
const STAGES: [&str; 7] = [
    "decode",
    "detect",
    "landmarks",
    "cut and encode probe",
    "decode probe",
    "embed probe",
    "enrol at points",
];

const LIMITS: [&str; 8] = [
    "No rate is given of which the impostor pairs hold fewer than ten false matches: FMR 1e-6 needs ten million pairs. \
     Below that a row says not measured; a fitted tail tells nothing of look-alikes, families and doubles beyond it.",
    "Impostor pairs share persons, so they carry less than their number says; the intervals draw persons for that \
     reason, and the rule of three over pairs is too kind where false matches are counted.",
    "The intervals draw both persons of a pair: never too narrow for that, and where pairs share no person wider than \
     need be, by the root of three at most.",
    "Accuracy and TAR by LFW's protocol rest on a few thousand pairs: they compare matchers on one public list and say \
     nothing of a rate of one in ten thousand.",
    "Impostors are chance pairs of the given pictures. A chosen look-alike, a sibling or a twin is worse by far: see \
     the concentration.",
    "The rates hold for pictures like those given. A gate's own camera, children, and people unlike those given have \
     to be measured with pictures of theirs.",
    "Degradations are renderings: a real side light moves shadows, a real mask is not flat.",
    "Nothing here is a test of presentation attacks, and nothing is a certification.",
];

/// What `face evaluate` takes.
#[derive(Args)]
pub struct EvaluateArgs {
    /// `portraits/ID.jpg` and `genuine/ID-a.jpg`, `ID-b.jpg`; or a folder a person; or portraits alone.
    dir: PathBuf,
    /// Pairs instead: `registry,probe[,same|different]`, one a line, names relative to DIR; or a list in the form of LFW's
    /// `pairs.txt`, of which LFW's own figures are given too.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Labels of persons: `person,label`, one a line; or names alone, who are compared with all others. Rates by label, the
    /// worst cohort and the worst ratio.
    #[arg(long, value_name = "FILE")]
    cohorts: Option<PathBuf>,
    /// Ages of persons: `person,age`, one a line. Rates by age band, with `--cohorts` within and across labels.
    #[arg(long, value_name = "FILE", conflicts_with = "ages_from_names")]
    ages: Option<PathBuf>,
    /// Takes ages from persons' names that begin with one, `AGE_...`, as UTKFace's files do.
    #[arg(long)]
    ages_from_names: bool,
    /// Looks at cohorts and ages at this threshold too; may be given several times.
    #[arg(long = "threshold", value_name = "SCORE", value_parser = score)]
    thresholds: Vec<f64>,
    /// Writes every pair's score as CSV: registry, probe, same or different, a column for each format.
    #[arg(long, value_name = "FILE")]
    scores: Option<PathBuf>,
    /// Leaves the degraded pictures out.
    #[arg(long)]
    no_robustness: bool,
    /// At most so many impostor pairs in all, and in each row of the ages; of more, so many are drawn by the seed.
    #[arg(long, value_name = "N", default_value_t = 25_000_000, value_parser = clap::value_parser!(u32).range(1..))]
    most_pairs: u32,
    /// Compares estimates of a threshold on persons held out, over so many splits.
    #[arg(long, value_name = "SPLITS", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=1000))]
    hold_out: u16,
    #[command(flatten)]
    work: WorkArgs,
}

/// A cosine.
fn score(text: &str) -> Result<f64, String> {
    let score = text.parse().ok().filter(|score| (-1.0..=1.0).contains(score));
    score.ok_or_else(|| "a score lies from -1 to 1".to_owned())
}

/// What is asked of the pictures.
struct Asked<'a> {
    args: &'a EvaluateArgs,
    labels: Option<Cohorts>,
    ages: Option<Ages>,
}

/// Runs `face evaluate`.
pub fn run(args: &EvaluateArgs, models: &Path) -> Result<Ended, Failure> {
    if let Some(file) = &args.scores {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let sentence = format!("there is no folder {} for the scores; make it first", folder.display());
            return Err(Failure::new(sentence));
        }
    }
    let labels = args.cohorts.as_deref().map(|file| read(file, Cohorts::read)).transpose()?;
    let mut ages = args.ages.as_deref().map(|file| read(file, Ages::read)).transpose()?;
    let mut set = match &args.pairs {
        Some(list) => Set::of_list(&args.dir, list)?,
        None => Set::of_folder(&args.dir)?,
    };
    set = args.work.thin(set);
    if args.ages_from_names {
        ages = Some(Ages::of_names(set.persons.iter().map(String::as_str)));
    }
    let matcher = Matcher::load(models, args.work.jobs.count())?;
    let report = matcher.report(&set, &Asked { args, labels, ages })?;
    args.work.answer(&report, || evaluate::page(&report), || words(&report))?;
    Ok(Ended::Done)
}

fn read<T, E: std::fmt::Display>(
    file: &Path,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Failure> {
    let text = String::from_utf8_lossy(&failure::read(file, MAX_LABELS)?).into_owned();
    parse(&text).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

pub(super) struct Matcher {
    pub(super) config: FaceConfig,
    pub(super) kinds: Vec<TemplateKind>,
    pub(super) finder: Finder,
    pub(super) embedder: Embedder,
    pub(super) jobs: usize,
}

/// What one picture gave.
pub(super) struct Described {
    pub(super) image: Option<Image>,
    pub(super) landmarks: Landmarks,
    pub(super) quality: Quality,
    pub(super) probe: Embedding,
    enrolled: Option<Embedding>,
}

/// What each picture gave; none of one that is compared with nothing.
type Seen = Vec<Option<Result<Described, Unusable>>>;

/// Why a picture gave nothing.
enum Unusable {
    Unreadable(String),
    NoFace(String),
}

/// Every measure by its name in the configuration.
type NamedMeasure = (&'static str, fn(&Quality) -> f32);

const MEASURES: [NamedMeasure; 16] = [
    ("eye_distance", |q| q.eye_distance),
    ("face_share", |q| q.face_share),
    ("margin", |q| q.margin),
    ("sharpness", |q| q.sharpness),
    ("highlights", |q| q.highlights),
    ("shadows", |q| q.shadows),
    ("noise", |q| q.noise),
    ("compression", |q| q.compression),
    ("yaw", |q| q.yaw),
    ("pitch", |q| q.pitch),
    ("roll", |q| q.roll),
    ("eyes_visible", |q| q.eyes_visible),
    ("mouth_visible", |q| q.mouth_visible),
    ("mask", |q| q.mask),
    ("sunglasses", |q| q.sunglasses),
    ("eyes_closed", |q| q.eyes_closed),
];

/// Times by stage.
type Times = Mutex<BTreeMap<&'static str, Vec<f64>>>;

/// One way of comparing that is measured: a kind of template alone, or several counted together.
struct Measured<'t> {
    name: &'static str,
    bytes: usize,
    /// None where several count together.
    code: Option<u8>,
    id: String,
    thresholds: Thresholds,
    scorer: Scorer<'t>,
}

impl Matcher {
    /// Each kind that an authority keeps, and all of them fused where they are.
    fn measured<'t>(&'t self, templates: &'t [(u8, Vec<Option<Template>>)]) -> Vec<Measured<'t>> {
        let mut measured: Vec<Measured<'t>> = self
            .kinds
            .iter()
            .zip(templates)
            .map(|(kind, (_, templates))| Measured {
                name: kind.format().name(),
                bytes: kind.format().len(),
                code: Some(kind.code()),
                id: kind.id(),
                thresholds: *kind.thresholds(),
                scorer: Scorer::Alone(templates),
            })
            .collect();
        if let Some(fusion) = self.embedder.fusion() {
            let (bytes, ids): (Vec<usize>, Vec<String>) =
                self.kinds.iter().map(|kind| (kind.format().len(), kind.id())).unzip();
            measured.push(Measured {
                name: "fused",
                bytes: bytes.iter().sum(),
                code: None,
                id: ids.join(" + "),
                thresholds: *fusion.thresholds(),
                scorer: Scorer::Fused(fusion, templates),
            });
        }
        measured
    }

    fn load(models: &Path, jobs: usize) -> Result<Self, Failure> {
        let config = face_config(models)?;
        let folder = ModelFolder::new(models, &config).with_workers(jobs);
        let load = |error: face::ModelError| Failure::of(&error);
        let embedder = Embedder::load(&folder, &config).map_err(load)?;
        Ok(Self {
            kinds: embedder.kept_kinds().into_iter().cloned().collect(),
            finder: Finder::load(&folder, &config).map_err(load)?,
            embedder,
            config,
            jobs,
        })
    }

    fn report(&self, set: &Set, asked: &Asked<'_>) -> Result<Report, Failure> {
        let (args, seed) = (asked.args, asked.args.work.seed);
        let robust = !args.no_robustness;
        let times = Times::default();
        let (seen, seconds) = self.look_at_all(set, robust, &times);
        let usable = |file: usize| seen.get(file).and_then(|s| s.as_ref()).and_then(|s| s.as_ref().ok());
        let most = usize::try_from(args.most_pairs).unwrap_or(usize::MAX);
        let pack = |kind: &TemplateKind| -> Vec<Option<Template>> {
            let files = 0..set.files.len();
            files.map(|file| Template::pack(kind, usable(file)?.enrolled.as_ref()?).ok()).collect()
        };
        let all_templates: Vec<(u8, Vec<Option<Template>>)> =
            self.kinds.iter().map(|kind| (kind.code(), pack(kind))).collect();
        let measured = self.measured(&all_templates);
        let mut formats = Vec::new();
        let mut possible = 0;
        let probe = |file: usize| usable(file).map(|seen| &seen.probe);
        let drawn = (most, seed);
        let compared: Vec<_> = measured
            .iter()
            .map(|of| Compared { set, scorer: of.scorer.clone(), probe: &probe, drawn })
            .collect();
        for (Measured { name, bytes, code, id, thresholds, .. }, compared) in measured.iter().zip(&compared) {
            let (all, there) = compared.all();
            possible = there;
            let resampled = all.resampled(REPLICATES, seed);
            let thresholds = (f64::from(thresholds.accept()), f64::from(thresholds.refer()));
            let mut report = FormatReport::of(&resampled, set.persons.len(), thresholds);
            drop(resampled);
            report.format = (*name).to_owned();
            report.bytes = *bytes;
            report.code = *code;
            report.id.clone_from(id);
            report.protocol = compared.protocol();
            report.hold_out = hold_out(&all, usize::from(args.hold_out), seed);
            let places = report.places(&args.thresholds);
            if let Some(labels) = &asked.labels {
                (report.cohorts, report.worst_cohort) =
                    labels.reports(&all, &set.persons, &places, REPLICATES, seed);
            }
            drop(all);
            if let Some(ages) = &asked.ages {
                report.ages = Some(compared.by_age(ages, asked.labels.as_ref(), &places, REPLICATES));
            }
            formats.push(report);
        }
        if let Some(file) = &args.scores {
            let names: Vec<&str> = measured.iter().map(|of| of.name).collect();
            write_scores(file, &names, &compared)?;
        }
        let robustness = match (self.kinds.first(), all_templates.first(), formats.first()) {
            (Some(kind), Some((_, made)), Some(format)) if robust => {
                let strict = format.threshold_at(1e-5).map(|point| point.threshold);
                self.robustness(
                    &set.genuine,
                    made,
                    usable,
                    (f64::from(kind.thresholds().accept()), strict),
                    seed,
                )
            }
            _ => Vec::new(),
        };
        let mut timing = Vec::new();
        let mut measured = times.into_inner().unwrap_or_default();
        for stage in STAGES {
            timing.extend(measured.remove(stage).and_then(|times| StageTime::of(stage, times)));
        }
        Ok(Report {
            form: FORM,
            model: self.kinds.iter().map(|kind| kind.model().to_string()).collect::<Vec<_>>().join(", "),
            data: Data {
                layout: set.layout,
                pictures: seen.iter().flatten().count(),
                persons: set.persons_used(),
                genuine_pairs: set.genuine.len(),
                impostor_pairs: formats.first().and_then(|f| f.impostors).map_or(0, |scores| scores.count),
                possible_impostor_pairs: possible,
                absent: set.absent.clone(),
                unreadable: self.lost(set, &seen, |lost| match lost {
                    Unusable::Unreadable(why) => Some(why.clone()),
                    Unusable::NoFace(_) => None,
                }),
                seed,
                replicates: REPLICATES,
            },
            detection: self.detection(set, &seen, &seconds),
            formats,
            robustness,
            timing,
            limits: LIMITS.to_vec(),
        })
    }

    /// Each picture that is compared, once; kept, where it is degraded later.
    fn look_at_all(&self, set: &Set, robust: bool, times: &Times) -> (Seen, Vec<SecondFace>) {
        let mut wanted: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
        for (_, file) in &set.portraits {
            wanted.entry(*file).or_default().0 = true;
        }
        for pair in &set.genuine {
            wanted.entry(pair.registry).or_default().0 = true;
            wanted.entry(pair.probe).or_default().1 = robust;
        }
        for pair in &set.named {
            wanted.entry(pair.registry).or_default().0 = true;
            wanted.entry(pair.probe).or_default();
        }
        let progress = Progress::start("face evaluate: pictures", wanted.len());
        let work: Vec<(usize, (bool, bool))> = wanted.into_iter().collect();
        let results = in_parallel(self.jobs, &work, |(file, (enrol, keep))| {
            let path = set.files.get(*file).cloned().unwrap_or_default();
            let seen = self.look(&path, *enrol, *keep, times);
            progress.step();
            (*file, seen)
        });
        let mut seen: Seen = (0..set.files.len()).map(|_| None).collect();
        let mut seconds = Vec::new();
        for (file, (result, second)) in results {
            seconds.extend(second);
            if let Some(slot) = seen.get_mut(file) {
                *slot = Some(result);
            }
        }
        (seen, seconds)
    }

    fn look(
        &self,
        path: &Path,
        enrol: bool,
        keep: bool,
        times: &Times,
    ) -> (Result<Described, Unusable>, Option<SecondFace>) {
        let watch = Lap::start(times);
        let image = failure::read(path, MAX_PICTURE).map_err(|error| error.to_string()).and_then(|bytes| {
            watch.skip();
            Image::decode(&bytes).map_err(|error| error.to_string())
        });
        let image = match image {
            Ok(image) => image,
            Err(why) => return (Err(Unusable::Unreadable(why)), None),
        };
        watch.lap("decode");
        // The face that the picture was taken of: a lane refuses a picture of two persons, a collection is full of them.
        let main = self.finder.main_face(&image);
        watch.lap("detect");
        let second = main.as_ref().ok().filter(|main| main.second > 0.0);
        let second =
            second.map(|main| SecondFace { share: f64::from(main.second).min(1.0), refused: !main.alone });
        let described = main
            .map_err(|error| Unusable::NoFace(error.to_string()))
            .and_then(|main| self.describe(image, main.face, enrol, keep, &watch));
        (described, second)
    }

    fn describe(
        &self,
        image: Image,
        face: face::Face,
        enrol: bool,
        keep: bool,
        watch: &Lap<'_>,
    ) -> Result<Described, Unusable> {
        let no_face = |error: FaceError| Unusable::NoFace(error.to_string());
        let landmarks = self.finder.landmarks(&image, &face).map_err(no_face)?;
        watch.lap("landmarks");
        let (frame, quality) = ProbeFrame::cut(&image, &face, &landmarks).map_err(no_face)?;
        let no_probe = |error: &dyn std::error::Error| Unusable::NoFace(error.to_string());
        let sent = Probe::new(vec![frame]).map_err(|error| no_probe(&error))?.encode();
        watch.lap("cut and encode probe");
        let received = Probe::decode(&sent).map_err(|error| no_probe(&error))?;
        watch.lap("decode probe");
        let probe = self.embedder.embed(&received).map_err(|error| no_probe(&error))?;
        watch.lap("embed probe");
        let enrolled = if enrol {
            let enrolled = self.embedder.enrol_at(&image, &landmarks).map_err(no_face)?;
            watch.lap("enrol at points");
            Some(enrolled)
        } else {
            None
        };
        Ok(Described { image: keep.then_some(image), landmarks, quality, probe, enrolled })
    }

    fn lost(
        &self,
        set: &Set,
        seen: &[Option<Result<Described, Unusable>>],
        pick: impl Fn(&Unusable) -> Option<String>,
    ) -> Vec<(String, String)> {
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let rows = set.files.iter().zip(seen);
        rows.filter_map(|(path, seen)| match seen {
            Some(Err(lost)) => pick(lost).map(|why| (name(path), why)),
            Some(Ok(_)) | None => None,
        })
        .collect()
    }

    fn detection(
        &self,
        set: &Set,
        seen: &[Option<Result<Described, Unusable>>],
        seconds: &[SecondFace],
    ) -> Detection {
        let missed = self.lost(set, seen, |lost| match lost {
            Unusable::NoFace(why) => Some(why.clone()),
            Unusable::Unreadable(_) => None,
        });
        let mut refused: BTreeMap<String, usize> = BTreeMap::new();
        let mut found = 0;
        for seen in seen.iter().flatten().flatten() {
            found += 1;
            if let Err(fault) = self.config.quality().check(&seen.quality) {
                *refused.entry(fault.code().to_owned()).or_default() += 1;
            }
        }
        let pictures = found + missed.len();
        Detection {
            pictures,
            found,
            rate: found as f64 / pictures.max(1) as f64,
            missed_rule_of_three: (missed.is_empty() && found > 0).then(|| (3.0 / found as f64).min(1.0)),
            missed,
            refused_by_quality: refused.into_iter().collect(),
            measures: MEASURES
                .into_iter()
                .filter_map(|(name, of)| {
                    let values = seen.iter().flatten().flatten().map(|seen| f64::from(of(&seen.quality)));
                    Measure::of(name, values.collect())
                })
                .collect(),
            second_faces: SecondFaces::of(seconds),
        }
    }
}

impl Set {
    fn persons_used(&self) -> usize {
        let mut persons: Vec<usize> = self.portraits.iter().map(|(person, _)| *person).collect();
        persons.extend(self.genuine.iter().map(|pair| pair.person));
        persons.extend(self.named.iter().flat_map(|pair| pair.persons));
        persons.sort_unstable();
        persons.dedup();
        persons.len()
    }
}

/// Times one stage after the other.
struct Lap<'a> {
    watch: SystemStopwatch,
    last: std::cell::Cell<f64>,
    times: &'a Times,
}

impl<'a> Lap<'a> {
    fn start(times: &'a Times) -> Self {
        Self { watch: SystemStopwatch::start(), last: std::cell::Cell::new(0.0), times }
    }

    fn lap(&self, stage: &'static str) {
        let now = self.watch.millis();
        if let Ok(mut times) = self.times.lock() {
            times.entry(stage).or_default().push(now - self.last.get());
        }
        self.last.set(self.watch.millis());
    }

    /// What came since the last stage counts to none.
    fn skip(&self) {
        self.last.set(self.watch.millis());
    }
}

//! `baypass face evaluate`: the pictures through the pipeline, the scores into a report.
//!
//! Lives here: workers, stopwatch, what is written where. Each picture goes the way of a crossing: the registry's
//! becomes a template, the lane's a probe that is encoded and decoded before it is compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use clap::Args;
use evaluate::{
    Cohorts, Comparisons, Data, Degradation, Detection, FormatReport, Landmark, Mated, Measure, NonMated,
    Report, RobustnessRow, SequenceFigure, StageTime,
};
use face::{
    Cut, Embedder, Embedding, FaceConfig, Finder, Image, Landmarks, ModelFolder, Probe, ProbeFrame, Quality,
    QualityFault, Template, TemplateKind, Track,
};
use gate::{Stopwatch, SystemStopwatch};

use super::WorkArgs;
use super::set::{Pair, Set};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::parties::face_config;
use crate::progress::Progress;

const FORM: &str = "baypass-face-evaluation-1";
const REPLICATES: usize = 1000;
/// As many as a lane takes at most for one probe.
const SEQUENCE: usize = gate::MAX_PICTURES as usize;
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

const LIMITS: [&str; 6] = [
    "A rate below one over the number of impostor pairs is an extrapolation: FMR 1e-6 needs a million pairs and is \
     read off a generalised Pareto tail fitted to the highest 0.2 % of impostor scores.",
    "Impostor pairs share persons, so they carry less than their number says; the intervals draw persons for that \
     reason, and the rule of three over pairs is too kind where false matches are counted.",
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
    /// Pairs instead: `registry,probe[,same|different]`, one a line, names relative to DIR.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// Labels of persons: `person,label`, one a line. Rates by label and the worst ratio.
    #[arg(long, value_name = "FILE")]
    cohorts: Option<PathBuf>,
    #[command(flatten)]
    work: WorkArgs,
}

/// Runs `face evaluate`.
pub fn run(args: &EvaluateArgs, models: &Path) -> Result<Ended, Failure> {
    let labels = args.cohorts.as_deref().map(read_labels).transpose()?;
    let mut set = match &args.pairs {
        Some(list) => Set::of_list(&args.dir, list)?,
        None => Set::of_folder(&args.dir)?,
    };
    set = args.work.thin(set);
    let matcher = Matcher::load(models, args.work.jobs())?;
    let report = matcher.report(&set, labels.as_ref(), args.work.seed)?;
    args.work.answer(&report, || evaluate::page(&report), || words(&report))?;
    Ok(Ended::Done)
}

fn read_labels(file: &Path) -> Result<Cohorts, Failure> {
    let text = String::from_utf8_lossy(&failure::read(file, MAX_LABELS)?).into_owned();
    Cohorts::read(&text).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

struct Matcher {
    config: FaceConfig,
    kinds: Vec<TemplateKind>,
    finder: Finder,
    embedder: Embedder,
    jobs: usize,
}

/// What one picture gave.
struct Described {
    image: Option<Image>,
    landmarks: Landmarks,
    quality: Quality,
    probe: Embedding,
    enrolled: Option<Embedding>,
}

/// Why a picture gave nothing.
enum Unusable {
    Unreadable(String),
    NoFace(String),
}

/// Every measure by its name in the configuration.
type NamedMeasure = (&'static str, fn(&Quality) -> f32);

const MEASURES: [NamedMeasure; 13] = [
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
];

/// Score of a degraded probe, and what the bounds of quality have against it.
type Tried = (f64, Option<QualityFault>);

/// Times by stage.
type Times = Mutex<BTreeMap<&'static str, Vec<f64>>>;

impl Matcher {
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

    fn report(&self, set: &Set, labels: Option<&Cohorts>, seed: u64) -> Result<Report, Failure> {
        let times = Times::default();
        let seen = self.look_at_all(set, &times);
        let usable = |file: usize| seen.get(file).and_then(|s| s.as_ref()).and_then(|s| s.as_ref().ok());
        let mut formats = Vec::new();
        let mut templates = Vec::new();
        for kind in &self.kinds {
            let made: Vec<Option<Template>> = (0..set.files.len())
                .map(|file| {
                    let enrolled = usable(file)?.enrolled.as_ref()?;
                    Template::pack(kind, enrolled).ok()
                })
                .collect();
            let all = comparisons(set, &made, usable);
            let thresholds = kind.thresholds();
            let thresholds = (f64::from(thresholds.accept()), f64::from(thresholds.refer()));
            let mut report = FormatReport::of(&all, set.persons.len(), thresholds, REPLICATES, seed);
            report.format = kind.format().name().to_owned();
            report.bytes = kind.format().len();
            report.code = kind.code();
            report.id = kind.id();
            if let Some(labels) = labels {
                let mut places: Vec<f64> =
                    report.points.iter().filter(|p| !p.extrapolated).map(|p| p.threshold).collect();
                places.push(thresholds.0);
                report.cohorts = places.iter().map(|at| labels.report(&all, &set.persons, *at)).collect();
            }
            formats.push(report);
            templates.push(made);
        }
        let robustness = match (self.kinds.first(), templates.first(), formats.first()) {
            (Some(kind), Some(made), Some(format)) => {
                let strict = format.threshold_at(1e-5).map_or(1.0, |point| point.threshold);
                self.robustness(
                    &set.genuine,
                    made,
                    usable,
                    [f64::from(kind.thresholds().accept()), strict],
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
            model: self.kinds.first().map(|kind| kind.model().to_string()).unwrap_or_default(),
            data: Data {
                layout: set.layout,
                pictures: seen.iter().flatten().count(),
                persons: set.persons_used(),
                genuine_pairs: set.genuine.len(),
                impostor_pairs: formats.first().and_then(|f| f.impostors).map_or(0, |scores| scores.count),
                unreadable: self.lost(set, &seen, |lost| match lost {
                    Unusable::Unreadable(why) => Some(why.clone()),
                    Unusable::NoFace(_) => None,
                }),
                seed,
                replicates: REPLICATES,
            },
            detection: self.detection(set, &seen),
            formats,
            robustness,
            timing,
            limits: LIMITS.to_vec(),
        })
    }

    /// Each picture that is compared, once.
    fn look_at_all(&self, set: &Set, times: &Times) -> Vec<Option<Result<Described, Unusable>>> {
        let mut wanted: BTreeMap<usize, (bool, bool)> = BTreeMap::new();
        for (_, file) in &set.portraits {
            wanted.entry(*file).or_default().0 = true;
        }
        for pair in &set.genuine {
            wanted.entry(pair.registry).or_default().0 = true;
            wanted.entry(pair.probe).or_default().1 = true;
        }
        for (_, [registry, _]) in &set.named {
            wanted.entry(*registry).or_default().0 = true;
        }
        for (_, [_, probe]) in &set.named {
            wanted.entry(*probe).or_default();
        }
        let progress = Progress::start("face evaluate: pictures", wanted.len());
        let work: Vec<(usize, (bool, bool))> = wanted.into_iter().collect();
        let results = in_parallel(self.jobs, &work, |(file, (enrol, keep))| {
            let path = set.files.get(*file).cloned().unwrap_or_default();
            let seen = self.look(&path, *enrol, *keep, times);
            progress.step();
            (*file, seen)
        });
        let mut seen: Vec<Option<Result<Described, Unusable>>> = (0..set.files.len()).map(|_| None).collect();
        for (file, result) in results {
            if let Some(slot) = seen.get_mut(file) {
                *slot = Some(result);
            }
        }
        seen
    }

    fn look(&self, path: &Path, enrol: bool, keep: bool, times: &Times) -> Result<Described, Unusable> {
        let bytes =
            failure::read(path, MAX_PICTURE).map_err(|error| Unusable::Unreadable(error.to_string()))?;
        let watch = Lap::start(times);
        let image = Image::decode(&bytes).map_err(|error| Unusable::Unreadable(error.to_string()))?;
        watch.lap("decode");
        let no_face = |error: face::FaceError| Unusable::NoFace(error.to_string());
        let face = self.finder.one_face(&image).map_err(no_face)?;
        watch.lap("detect");
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

    fn detection(&self, set: &Set, seen: &[Option<Result<Described, Unusable>>]) -> Detection {
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
        }
    }

    fn robustness<'a>(
        &self,
        genuine: &[Pair],
        templates: &[Option<Template>],
        usable: impl Fn(usize) -> Option<&'a Described> + Sync,
        thresholds: [f64; 2],
        seed: u64,
    ) -> Vec<RobustnessRow> {
        let table = Degradation::table();
        // A row as one picture, and where it tells something else as a sequence.
        let ways = |row: &Degradation| if row.falls_anew() { vec![1, SEQUENCE] } else { vec![1] };
        let work: Vec<(usize, usize, usize)> = table
            .iter()
            .enumerate()
            .flat_map(|(row, degradation)| ways(degradation).into_iter().map(move |count| (row, count)))
            .flat_map(|(row, count)| (0..genuine.len()).map(move |pair| (row, count, pair)))
            .collect();
        let pictures = work.iter().map(|(_, count, _)| count).sum();
        let progress = Progress::start("face evaluate: degraded pictures", pictures);
        let results = in_parallel(self.jobs, &work, |(row, count, index)| {
            let tried = table.get(*row).zip(genuine.get(*index)).and_then(|(degradation, pair)| {
                let template = templates.get(pair.registry)?.as_ref()?;
                let seed = seed ^ (*index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                Some(self.degraded(*degradation, *count, usable(pair.probe)?, template, seed))
            });
            (0..*count).for_each(|_| progress.step());
            (*row, *count, *index, tried)
        });
        let advised = |index: usize| {
            let probe = genuine.get(index).and_then(|pair| usable(pair.probe));
            probe.is_some_and(|seen| self.config.quality().advised_eye_distance(&seen.quality))
        };
        let mut rows: Vec<RobustnessRow> = Vec::new();
        for (index, degradation) in table.iter().enumerate() {
            // A pair whose undegraded pictures could not be used is no matter of the degradation.
            let outcome = |wanted: usize| {
                let of_way = results.iter().filter(|(row, count, ..)| (*row, *count) == (index, wanted));
                Outcome(
                    of_way
                        .filter_map(|(.., pair, tried)| tried.map(|tried| (advised(*pair), tried)))
                        .collect(),
                )
            };
            let [accept, strict] = thresholds;
            let single = outcome(1);
            let mut refusals: BTreeMap<&str, usize> = BTreeMap::new();
            for fault in single.found().filter_map(|(_, fault)| fault) {
                *refusals.entry(fault.code()).or_default() += 1;
            }
            let (pairs, failed) = (single.0.len(), single.failed(accept));
            let undegraded = rows.first().map_or(failed, |row| row.failed);
            let promised = degradation.is_promised();
            let holds = |failed: usize| {
                (promised && pairs > 0).then_some(failed as f64 <= undegraded as f64 + pairs as f64 / 100.0)
            };
            let sequence = degradation.falls_anew().then(|| outcome(SEQUENCE)).map(|taken| SequenceFigure {
                pictures: SEQUENCE,
                failed: taken.failed(accept),
                advised_failed: taken.advised().failed(accept),
                mean_score: taken.mean_score(),
                holds: holds(taken.failed(accept)),
            });
            rows.push(RobustnessRow {
                kind: degradation.kind(),
                level: degradation.level(),
                pairs,
                not_found: pairs - single.found().count(),
                refused_by_quality: refusals.values().sum(),
                refusals: refusals.into_iter().map(|(code, count)| (code.to_owned(), count)).collect(),
                failed,
                failed_strict: single.failed(strict),
                advised_pairs: single.advised().0.len(),
                advised_failed: single.advised().failed(accept),
                mean_score: single.mean_score(),
                promised,
                holds: holds(failed),
                sequence,
            });
        }
        rows
    }

    /// Score of a degraded probe of so many pictures, where a face is still found, and what the bounds of quality have
    /// against the first: nothing is left out for it, as a lane would.
    fn degraded(
        &self,
        degradation: Degradation,
        count: usize,
        seen: &Described,
        template: &Template,
        seed: u64,
    ) -> Option<Tried> {
        let (picture, points) = (seen.image.as_ref()?.as_pixels(), seen.landmarks.points());
        let points: Vec<Landmark> = points.iter().map(|p| [p.x, p.y]).collect();
        let pictures = if count == 1 {
            vec![degradation.apply(picture, &points, seed)]
        } else {
            degradation.sequence(picture, &points, seed, count)
        };
        let mut track = Track::new();
        let mut cuts = Vec::new();
        for picture in pictures {
            let image = Image::from_pixels(picture).ok()?;
            let found = track.follow(&self.finder, &image);
            cuts.extend(found.and_then(|(face, landmarks)| Cut::of(&image, &face, &landmarks)).ok());
        }
        let bounds = self.config.quality();
        let fault = bounds.check(cuts.first()?.quality()).err();
        let probe = Probe::of_sequence(&self.finder, cuts, bounds).ok()?;
        let score = template.compare(&self.embedder.embed(&probe).ok()?).ok()?;
        Some((f64::from(score.value()), fault))
    }
}

/// What came of the pairs of a row: whether the eyes lie as far apart as advised, and the score where a face was found.
struct Outcome(Vec<(bool, Option<Tried>)>);

impl Outcome {
    fn found(&self) -> impl Iterator<Item = Tried> + '_ {
        self.0.iter().filter_map(|(_, tried)| *tried)
    }

    fn failed(&self, threshold: f64) -> usize {
        self.0.len() - self.found().filter(|(score, _)| *score >= threshold).count()
    }

    fn advised(&self) -> Self {
        Self(self.0.iter().filter(|(advised, _)| *advised).copied().collect())
    }

    fn mean_score(&self) -> Option<f64> {
        let count = self.found().count();
        (count > 0).then(|| self.found().map(|(score, _)| score).sum::<f64>() / count as f64)
    }
}

impl Set {
    fn persons_used(&self) -> usize {
        let mut persons: Vec<usize> = self.portraits.iter().map(|(person, _)| *person).collect();
        persons.extend(self.genuine.iter().map(|pair| pair.person));
        persons.extend(self.named.iter().flat_map(|(persons, _)| *persons));
        persons.sort_unstable();
        persons.dedup();
        persons.len()
    }
}

fn comparisons<'a>(
    set: &Set,
    templates: &[Option<Template>],
    usable: impl Fn(usize) -> Option<&'a Described>,
) -> Comparisons {
    let score = |registry: usize, probe: usize| {
        let template = templates.get(registry)?.as_ref()?;
        template.compare(&usable(probe)?.probe).ok().map(face::Score::value)
    };
    let genuine =
        set.genuine.iter().map(|pair| Mated { person: pair.person, score: score(pair.registry, pair.probe) });
    let mut impostors = Vec::new();
    for (index, (person, registry)) in set.portraits.iter().enumerate() {
        for (other, probe) in set.portraits.iter().take(index) {
            if person != other {
                impostors.extend(
                    score(*registry, *probe).map(|score| NonMated { persons: [*person, *other], score }),
                );
            }
        }
    }
    impostors.extend(set.named.iter().filter_map(|(persons, [registry, probe])| {
        score(*registry, *probe).map(|score| NonMated { persons: *persons, score })
    }));
    Comparisons::new(set.persons.len(), genuine.collect(), impostors)
}

/// Runs `work` on every item, on so many threads; the results in no promised order.
pub fn in_parallel<T: Sync, R: Send>(jobs: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = work(item);
                    if let Ok(mut results) = results.lock() {
                        results.push(result);
                    }
                }
            });
        }
    });
    results.into_inner().unwrap_or_default()
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
}

/// The report in short, for a terminal.
fn words(report: &Report) -> String {
    use std::fmt::Write as _;
    let (data, found) = (&report.data, &report.detection);
    let percent = |share: f64| format!("{:.2} %", 100.0 * share);
    let mut out = format!(
        "model {}\n{} pictures of {} persons ({}): {} genuine pairs, {} impostor pairs\nfaces found: {} of {} ({})\n",
        report.model,
        data.pictures,
        data.persons,
        data.layout,
        data.genuine_pairs,
        data.impostor_pairs,
        found.found,
        found.pictures,
        percent(found.rate)
    );
    for (name, why) in found.missed.iter().chain(&data.unreadable).take(20) {
        let _ = writeln!(out, "  {name}: {why}");
    }
    for format in &report.formats {
        let _ = writeln!(out, "\n{} ({} bytes), {}", format.format, format.bytes, format.id);
        let _ = writeln!(
            out,
            "  {:<22}{:>9}  {:<16}{:>9}  {:<18}failed",
            "FMR", "threshold", "95 %", "FNMR", "95 %"
        );
        for point in &format.points {
            let rate =
                format!("{:.0e}{}", point.fmr, if point.extrapolated { " (extrapolated)" } else { "" });
            let range = |i: Option<evaluate::Interval>, w: &dyn Fn(f64) -> String| {
                i.map_or(String::new(), |i| format!("{} to {}", w(i.low), w(i.high)))
            };
            let _ = writeln!(
                out,
                "  {rate:<22}{:>9.3}  {:<16}{:>9}  {:<18}{}",
                point.threshold,
                range(point.threshold_interval, &|v| format!("{v:.3}")),
                percent(point.fnmr),
                range(point.fnmr_interval, &|v| percent(v)),
                point.fnmr_rule_of_three.map_or_else(
                    || point.false_non_matches.to_string(),
                    |bound| format!("0 (rule of three: < {})", percent(bound))
                )
            );
        }
        let at = &format.configured;
        let _ = writeln!(
            out,
            "  configured: accept {:.2} (FMR {:.1e}, FNMR {}), officer from {:.2}",
            at.accept,
            at.fmr,
            percent(at.fnmr),
            at.refer
        );
        for row in &format.concentration {
            let _ = writeln!(
                out,
                "  at {:.3}: {} of the persons take part in half of {} false matches",
                row.threshold,
                percent(row.share_in_half),
                row.false_matches
            );
        }
        for report in &format.cohorts {
            let ratio = report.worst_fmr_ratio.map_or("not known".into(), |ratio| {
                format!("{}{ratio:.1}", if report.fmr_ratio_is_bound { "at least " } else { "" })
            });
            let _ = writeln!(
                out,
                "  cohorts at {:.3}: worst FMR ratio {ratio} among {}",
                report.threshold,
                report.cohorts.len()
            );
        }
    }
    if !report.robustness.is_empty() {
        let _ =
            writeln!(out, "\ndegraded pairs: failed of {}", report.robustness.first().map_or(0, |r| r.pairs));
        for row in &report.robustness {
            let holds =
                |holds: Option<bool>| holds.map_or("", |holds| if holds { "  holds" } else { "  MISSED" });
            let name = format!("{} {}", row.kind.replace('_', " "), row.level);
            let _ = writeln!(
                out,
                "  {name:<24}{:>4}  (not found {}, refused by quality {}; with the advised eye distance {} of {}){}",
                row.failed,
                row.not_found,
                row.refused_by_quality,
                row.advised_failed,
                row.advised_pairs,
                holds(row.holds)
            );
            if let Some(taken) = &row.sequence {
                let name = format!("  of {} pictures", taken.pictures);
                let (failed, advised) = (taken.failed, taken.advised_failed);
                let _ = writeln!(
                    out,
                    "  {name:<24}{failed:>4}  (with the advised eye distance {advised} of {}){}",
                    row.advised_pairs,
                    holds(taken.holds)
                );
            }
        }
    }
    out.push('\n');
    for row in &report.timing {
        let _ = writeln!(out, "{:<22}{:>8.2} ms, p95 {:.2} ms", row.stage, row.median_ms, row.p95_ms);
    }
    let _ = writeln!(out, "\nNot a certification; what the figures cannot say is in --json and --html.");
    out
}

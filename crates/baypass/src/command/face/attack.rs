//! `baypass face attack`: drawn attacks and drawn honest heads against the active challenge and the passive hint.
//!
//! Lives here: how many of each, the rates in the terms of ISO/IEC 30107-3, JSON and page. Not here: the drawing
//! (`evaluate::attack`), the judgement (`face::active`), what the figures do not say (docs/liveness.md).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use evaluate::attack::{Artefact, Chance, Kind, Noise, Played, Subject, play, play_on_stage};
use evaluate::{median, percent};
use face::active::ActiveRules;
use face::{Finder, Image, Landmarks, Liveness, ModelFolder};
use serde::Serialize;

use super::WorkArgs;
use super::parallel::spread;
use super::set::Set;
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::parties::face_config;
use crate::progress::Progress;

const FORM: &str = "baypass-face-attack-1";
const MAX_PICTURE: usize = 20 * 1024 * 1024;
/// A planar attack may pass this often, an honest head be refused that often.
const MOST_PASSED: f64 = 0.01;
const MOST_REFUSED: f64 = 0.02;

const LIMITS: [&str; 7] = [
    "Every attack here is drawn. ISO/IEC 30107-3 asks for tests with real artefacts, real people and a real camera, \
     by a laboratory: nothing here is a certification, and no figure here is a certified APCER or BPCER.",
    "Heads are a generic head with the proportions and the picture of a real portrait. No person turned a head for \
     these figures: how people follow the screen, how landmarks behave beyond 30 degrees, in hair, glasses and bad \
     light, only a trial at the lane can tell.",
    "A recording that shows the right motions at the right moments passes: on a screen its geometry is a head's. The \
     challenge only makes it a matter of guessing the order and the pauses. A film that is made while the challenge \
     runs passes always.",
    "A mask or a bust has a solid head's geometry and passes when its owner wears or turns it. Nothing here measures that.",
    "A feed put in the place of the camera is no matter for geometry: the gate owns and authenticates its camera.",
    "Sheets that are bent more than slightly are listed as `rolled` and are outside of the bar.",
    "The passive hint answers to borders and texture: its rates on drawn artefacts say little about real ones. It never \
     admits anybody.",
];

/// What `face attack` takes.
#[derive(Args)]
pub struct AttackArgs {
    /// Portraits, in a layout that `face evaluate` knows.
    dir: PathBuf,
    /// Motions of points, of each kind.
    #[arg(long, value_name = "N", default_value_t = 3000, value_parser = at_least_one)]
    motions: usize,
    /// Motions drawn as whole pictures and looked at by the networks, of each kind; a minute for some ten of each.
    #[arg(long, value_name = "N", default_value_t = 20)]
    sequences: usize,
    #[command(flatten)]
    work: WorkArgs,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1_000_000) => Ok(count),
        Ok(_) | Err(_) => Err("give a number from 1 to 1000000".to_owned()),
    }
}

#[derive(Serialize)]
struct AttackReport {
    form: &'static str,
    seed: u64,
    portraits: usize,
    portraits_without_face: usize,
    noise: NoiseFigure,
    points: Vec<KindRow>,
    pictures: Vec<KindRow>,
    passive: Vec<PassiveRow>,
    worst_apcer: f64,
    bpcer: f64,
    planar_holds: bool,
    honest_holds: bool,
    holds: bool,
    limits: [&'static str; 7],
}

/// How detections of one face stray, in eye distances.
#[derive(Serialize)]
struct NoiseFigure {
    detections: usize,
    group_sd: f64,
    point_sd: f64,
}

#[derive(Serialize)]
struct KindRow {
    kind: &'static str,
    /// APCER for an attack, BPCER for the honest head.
    rate_name: &'static str,
    attempts: usize,
    passed: usize,
    rate: f64,
    /// 95 % (Wilson); where no error was seen, the rule of three.
    rate_at_most: f64,
    bar: Option<f64>,
    reasons: BTreeMap<&'static str, usize>,
    /// Median of frames and of the time that an attempt took.
    frames: usize,
    took_ms: u64,
    /// Of those that passed, the least and the median of the two figures on which a pass rests.
    relief: Option<[f64; 2]>,
    plane_ratio: Option<[f64; 2]>,
}

#[derive(Serialize)]
struct PassiveRow {
    artefact: &'static str,
    pictures: usize,
    no_face: usize,
    /// Share that the hint does not call suspicious.
    not_suspicious: f64,
    median_score: f64,
}

/// A portrait that is printed, and whose proportions a head gets.
struct Model {
    picture: Image,
    landmarks: Landmarks,
}

/// Runs `face attack`.
pub fn run(args: &AttackArgs, models: &Path) -> Result<Ended, Failure> {
    let of = |error: &dyn std::error::Error| Failure::of(error);
    let rules = ActiveRules::builtin().map_err(|e| of(&e))?;
    let config = face_config(models)?;
    let jobs = args.work.jobs.count();
    let folder = ModelFolder::new(models, &config).with_workers(jobs);
    let finder = Finder::load(&folder, &config).map_err(|e| of(&e))?;
    let liveness = Liveness::load(&folder, &config).map_err(|e| of(&e))?;
    let set = args.work.thin(Set::of_folder(&args.dir)?);
    let files: Vec<&PathBuf> = set.portraits.iter().filter_map(|(_, file)| set.files.get(*file)).collect();

    let (noise, people) = measured(&finder, &files, args.work.seed, jobs)?;
    if people.is_empty() {
        return Err(Failure::new("no portrait shows a single face; give a folder of portraits"));
    }
    let points = played_points(&people, &noise, &rules, args);
    let pictures = played_pictures(&people, &finder, &rules, args, jobs)?;
    let passive = passive(&people, &finder, &liveness, args.work.seed)?;

    let rate = |row: &&KindRow| row.bar.is_some() && row.rate_name == "APCER";
    let worst_apcer = points.iter().filter(rate).map(|row| row.rate).fold(0.0, f64::max);
    let bpcer = points.iter().find(|row| row.rate_name == "BPCER").map_or(1.0, |row| row.rate);
    let (planar_holds, honest_holds) = (worst_apcer <= MOST_PASSED, bpcer <= MOST_REFUSED);
    let [group_sd, point_sd] = noise.spread();
    let report = AttackReport {
        form: FORM,
        seed: args.work.seed,
        portraits: people.len(),
        portraits_without_face: files.len() - people.len(),
        noise: NoiseFigure {
            detections: noise.len(),
            group_sd: rounded(group_sd),
            point_sd: rounded(point_sd),
        },
        points,
        pictures,
        passive,
        worst_apcer: rounded(worst_apcer),
        bpcer: rounded(bpcer),
        planar_holds,
        honest_holds,
        holds: planar_holds && honest_holds,
        limits: LIMITS,
    };
    args.work.answer(&report, || report.html(), || report.page())?;
    Ok(if report.holds { Ended::Done } else { Ended::BarMissed })
}

/// Chance of its own for each piece of work: the report does not depend on the number of jobs.
fn chance(seed: u64, part: u64, index: usize) -> Chance {
    let mut mixed = Chance::of_seed(seed ^ (part << 56));
    Chance::of_seed(
        mixed.seed().wrapping_add(u64::try_from(index).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15)),
    )
}

fn measured(
    finder: &Finder,
    files: &[&PathBuf],
    seed: u64,
    jobs: usize,
) -> Result<(Noise, Vec<Model>), Failure> {
    let progress = Progress::start("measuring how landmarks stray", files.len());
    let looked = spread(files.len(), jobs, |i| {
        let mut noise = Noise::empty();
        let file = files.get(i)?;
        let read = failure::read(file, MAX_PICTURE);
        let found = read.and_then(|bytes| Image::decode(&bytes).map_err(|e| Failure::of(&e))).ok().and_then(
            |picture| {
                let landmarks = noise.measure(finder, &picture, &mut chance(seed, 1, i)).ok()?;
                Some(Model { picture, landmarks })
            },
        );
        progress.step();
        found.map(|model| (noise, model))
    });
    let (mut noise, mut people) = (Noise::empty(), Vec::new());
    for (more, model) in looked.into_iter().flatten() {
        noise.extend(more);
        people.push(model);
    }
    if noise.is_empty() {
        return Err(Failure::new(
            "the landmarks could not be measured on any portrait; give a folder of portraits",
        ));
    }
    Ok((noise, people))
}

fn played_points(people: &[Model], noise: &Noise, rules: &ActiveRules, args: &AttackArgs) -> Vec<KindRow> {
    let progress = Progress::start("playing motions of points", args.motions * Kind::ALL.len());
    let rows = Kind::ALL.into_iter().zip(2..).map(|(kind, part)| {
        let played = (0..args.motions).filter_map(|i| {
            let mut chance = chance(args.work.seed, part, i);
            let model = people.get(i % people.len())?;
            let subject = Subject::of_portrait(&model.landmarks, &mut chance)?;
            let played = play(kind, subject, noise, rules, &mut chance);
            progress.step();
            Some(played)
        });
        KindRow::of(kind, &played.collect::<Vec<_>>())
    });
    rows.collect()
}

fn played_pictures(
    people: &[Model],
    finder: &Finder,
    rules: &ActiveRules,
    args: &AttackArgs,
    jobs: usize,
) -> Result<Vec<KindRow>, Failure> {
    let progress = Progress::start("playing motions of pictures", args.sequences * Kind::ALL.len());
    let mut rows = Vec::new();
    for (kind, part) in Kind::ALL.into_iter().zip(20..) {
        let played = spread(args.sequences, jobs, |i| {
            let mut chance = chance(args.work.seed, part, i);
            // Spread over the whole set, whose first and last thirds differ.
            let model = people.get(i * people.len() / args.sequences.max(1))?;
            let subject = Subject::of_portrait(&model.landmarks, &mut chance)?;
            let played = play_on_stage(kind, subject, &model.picture, finder, rules, &mut chance);
            progress.step();
            Some(played)
        });
        let played: Result<Vec<Played>, _> = played.into_iter().flatten().collect();
        let played = played.map_err(|e| Failure::of(&e))?;
        if !played.is_empty() {
            rows.push(KindRow::of(kind, &played));
        }
    }
    Ok(rows)
}

fn passive(
    people: &[Model],
    finder: &Finder,
    liveness: &Liveness,
    seed: u64,
) -> Result<Vec<PassiveRow>, Failure> {
    const PICTURES: usize = 60;
    let progress =
        Progress::start("asking the passive hint", PICTURES.min(people.len()) * Artefact::ALL.len());
    let mut rows = Vec::new();
    for (artefact, part) in Artefact::ALL.into_iter().zip(40..) {
        let (mut scores, mut good, mut no_face) = (Vec::new(), 0_usize, 0);
        let count = PICTURES.min(people.len());
        for i in 0..count {
            progress.step();
            let Some(model) = people.get(i * people.len() / count) else { continue };
            let drawn = artefact.drawn(&model.picture, &mut chance(seed, part, i));
            let Some((picture, face)) =
                drawn.ok().and_then(|picture| finder.one_face(&picture).ok().map(|face| (picture, face)))
            else {
                no_face += 1;
                continue;
            };
            let score = liveness.score(&picture, &face).map_err(|e| Failure::of(&e))?;
            good += usize::from(!liveness.is_suspicious(score));
            scores.push(f64::from(score.value()));
        }
        rows.push(PassiveRow {
            artefact: artefact.code(),
            pictures: count,
            no_face,
            not_suspicious: rounded(share(good, scores.len())),
            median_score: rounded(median(scores)),
        });
    }
    Ok(rows)
}

impl KindRow {
    fn of(kind: Kind, played: &[Played]) -> Self {
        let honest = kind == Kind::Honest;
        let passed: Vec<_> = played.iter().filter_map(|p| p.answer.as_ref().ok()).collect();
        let errors = if honest { played.len() - passed.len() } else { passed.len() };
        let mut reasons = BTreeMap::new();
        for refusal in played.iter().filter_map(|p| p.answer.as_ref().err()) {
            *reasons.entry(refusal.code()).or_default() += 1;
        }
        let spread = |of: fn(&face::active::Evidence) -> f64| {
            let values: Vec<f64> = passed.iter().map(|p| of(p.evidence())).collect();
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            (!values.is_empty()).then(|| [rounded(least), rounded(median(values))])
        };
        let times = played.iter().map(|p| p.frames.last().map_or(0, |frame| frame.at_ms));
        let bar = if honest { Some(MOST_REFUSED) } else { kind.is_planar().then_some(MOST_PASSED) };
        Self {
            kind: kind.code(),
            rate_name: if honest { "BPCER" } else { "APCER" },
            attempts: played.len(),
            passed: passed.len(),
            rate: rounded(share(errors, played.len())),
            rate_at_most: rounded(at_most(errors, played.len())),
            bar,
            reasons,
            frames: middle(played.iter().map(|p| p.frames.len())),
            took_ms: middle(times),
            relief: spread(|evidence| evidence.relief),
            plane_ratio: spread(|evidence| evidence.plane_ratio),
        }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// Upper end of the 95 % interval: Wilson's, or three over the number where no error was seen.
fn at_most(errors: usize, attempts: usize) -> f64 {
    const Z: f64 = 1.96;
    let n = attempts.max(1) as f64;
    if errors == 0 {
        return (3.0 / n).min(1.0);
    }
    let p = errors as f64 / n;
    let root = (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((p + Z * Z / (2.0 * n) + Z * root) / (1.0 + Z * Z / n)).min(1.0)
}

fn middle<T: Ord + Copy + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

impl AttackReport {
    fn verdict(&self) -> String {
        let word = |holds: bool| if holds { "holds" } else { "MISSED" };
        format!(
            "planar attacks, worst kind: APCER {} (bar {}): {}; honest heads: BPCER {} (bar {}): {}",
            percent(self.worst_apcer),
            percent(MOST_PASSED),
            word(self.planar_holds),
            percent(self.bpcer),
            percent(MOST_REFUSED),
            word(self.honest_holds),
        )
    }

    fn page(&self) -> String {
        let mut out = format!(
            "{} portraits, {} detections: a point strays by {:.4} eye distances with its group and by {:.4} beside it\n",
            self.portraits, self.noise.detections, self.noise.group_sd, self.noise.point_sd,
        );
        for (title, rows) in [("motions of points", &self.points), ("motions of pictures", &self.pictures)] {
            let _ = writeln!(
                out,
                "\n{title}\n{:<8} {:>6} {:>7} {:>7} {:>9} {:>9} {:>7}  reasons",
                "kind", "rate", "tried", "passed", "", "at most", "frames"
            );
            for row in rows {
                let reasons: Vec<_> =
                    row.reasons.iter().map(|(code, count)| format!("{code} {count}")).collect();
                let _ = writeln!(
                    out,
                    "{:<8} {:>6} {:>7} {:>7} {:>9} {:>9} {:>7}  {}",
                    row.kind,
                    row.rate_name,
                    row.attempts,
                    row.passed,
                    percent(row.rate),
                    percent(row.rate_at_most),
                    row.frames,
                    reasons.join(", ")
                );
            }
        }
        out.push_str("\npassive hint (a log entry; it never admits)\n");
        for row in &self.passive {
            let _ = writeln!(
                out,
                "{:<12} {:>4} pictures, {:>3} without a face, not suspicious {:>9}, median score {:.3}",
                row.artefact,
                row.pictures,
                row.no_face,
                percent(row.not_suspicious),
                row.median_score
            );
        }
        let _ = writeln!(out, "\n{}\n", self.verdict());
        for limit in self.limits {
            let _ = writeln!(out, "- {limit}");
        }
        out
    }

    fn html(&self) -> String {
        let mut out = String::from(
            "<!doctype html><html lang=en><meta charset=utf-8><title>Presentation attacks, drawn</title><style>\
             body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}\
             table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}th,td{text-align:right;padding:.25rem .5rem;\
             border-bottom:1px solid #ccc;vertical-align:top}th:first-child,td:first-child,td:last-child,th:last-child\
             {text-align:left}rect{fill:#35618f}.bad{fill:#b3261e}line{stroke:#b3261e;stroke-dasharray:4 3}\
             @media print{body{margin:0;max-width:none}table,svg{break-inside:avoid}}</style>\
             <h1>Presentation attacks, drawn</h1>",
        );
        let _ = write!(out, "<p><b>{}</b></p>", self.verdict());
        let _ = write!(
            out,
            "<p>{} portraits, seed {}. Terms of ISO/IEC 30107-3: APCER is the share of attacks of one kind that pass, \
             BPCER the share of honest attempts that are refused. Drawn attacks are no certification.</p>",
            self.portraits, self.seed
        );
        for (title, rows) in [("Motions of points", &self.points), ("Motions of pictures", &self.pictures)] {
            if rows.is_empty() {
                continue;
            }
            let _ = write!(
                out,
                "<h2>{title}</h2>{}<table><tr><th>kind<th>rate<th>tried<th>passed<th>\
                 <th>95 % at most<th>bar<th>frames<th>seconds<th>reasons",
                bars(rows)
            );
            for row in rows {
                let reasons: Vec<_> =
                    row.reasons.iter().map(|(code, count)| format!("{code} {count}")).collect();
                let _ = write!(
                    out,
                    "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{:.1}<td>{}",
                    row.kind,
                    row.rate_name,
                    row.attempts,
                    row.passed,
                    percent(row.rate),
                    percent(row.rate_at_most),
                    row.bar.map_or_else(|| "none".to_owned(), percent),
                    row.frames,
                    row.took_ms as f64 / 1000.0,
                    reasons.join(", ")
                );
            }
            out.push_str("</table>");
        }
        out.push_str(
            "<h2>Passive hint</h2><p>A log entry and a reason to call an officer; it never admits.</p><table><tr><th>\
             artefact<th>pictures<th>without a face<th>not suspicious<th>median score",
        );
        for row in &self.passive {
            let _ = write!(
                out,
                "<tr><td>{}<td>{}<td>{}<td>{}<td>{:.3}",
                row.artefact,
                row.pictures,
                row.no_face,
                percent(row.not_suspicious),
                row.median_score
            );
        }
        out.push_str("</table><h2>What this does not say</h2><ul>");
        for limit in self.limits {
            let _ = write!(out, "<li>{limit}");
        }
        out.push_str("</ul></html>");
        out
    }
}

/// The rates as bars on a logarithmic scale from 0.01 % to 100 %, the bar of planar attacks dashed.
fn bars(rows: &[KindRow]) -> String {
    let place = |rate: f64| 90.0 + (rate.max(1e-4).log10() + 4.0) / 4.0 * 560.0;
    let height = rows.len() * 24 + 24;
    let mut svg =
        format!("<svg viewBox='0 0 720 {height}' width='100%' role=img aria-label='error rates by kind'>");
    for (i, row) in rows.iter().enumerate() {
        let y = i * 24 + 4;
        let class = if row.bar.is_some_and(|bar| row.rate > bar) { " class=bad" } else { "" };
        let _ = write!(
            svg,
            "<text x=0 y={} font-size=13>{}</text><rect{class} x=90 y={y} width={:.1} height=16 />\
             <text x={:.1} y={} font-size=11>{}</text>",
            y + 13,
            row.kind,
            (place(row.rate) - 90.0).max(1.0),
            place(row.rate) + 6.0,
            y + 12,
            percent(row.rate)
        );
    }
    let _ = write!(
        svg,
        "<line x1={x:.1} x2={x:.1} y1=0 y2={y} /><text x={x:.1} y={t} font-size=11>1 %</text></svg>",
        x = place(MOST_PASSED),
        y = height - 20,
        t = height - 6
    );
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_in_so_many_attempts_is_bounded_by_the_rule_of_three() {
        assert!((at_most(0, 3000) - 0.001).abs() < 1e-9);
        assert!((at_most(10, 1000) - 0.0183).abs() < 2e-4, "Wilson: {}", at_most(10, 1000));
        assert!((at_most(0, 1) - 1.0).abs() < 1e-9);
        assert!(at_most(0, 0) <= 1.0);
    }
}

//! `baypass face fit-occlusion`: the coefficients of `crates/face/data/occlusion.toml`, from lists of pictures.
//!
//! Lives here: lists, folds, the file that is written. Not here: what is measured on a crop (`face`), how a classifier is
//! fitted (`evaluate::Logistic`). Pictures are read where they lie and stay there.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use evaluate::{Fit, Labelled, Logistic, recognised_at};
use face::{Finder, Image, ModelFolder, OcclusionFeatures, Quality};
use serde_json::json;

use super::JobsArgs;
use super::parallel::in_parallel;
use crate::Ended;
use crate::command::Output;
use crate::failure::{self, Failure};
use crate::install::parties::face_config;
use crate::progress::Progress;

const MAX_LIST: usize = 64 * 1024 * 1024;
const MAX_PICTURE: usize = 20 * 1024 * 1024;
const FOLDS: u64 = 4;
const STEPS: u32 = 600;
/// Share of clear faces that may be taken for covered ones: of all, and of each cohort.
const FALSE_SHARE: f64 = 0.005;

/// What `face fit-occlusion` takes.
#[derive(Args)]
pub struct FitArgs {
    /// Where the pictures of the lists lie.
    dir: PathBuf,
    /// Pictures with a mask: a path relative to DIR a line; `#` begins a remark. A list that is not given is not fitted.
    #[arg(long, value_name = "LIST", required_unless_present_any = ["sunglasses", "closed_eyes"])]
    masks: Option<PathBuf>,
    /// Pictures with sunglasses.
    #[arg(long, value_name = "LIST")]
    sunglasses: Option<PathBuf>,
    /// Pictures whose eyes are shut.
    #[arg(long, value_name = "LIST")]
    closed_eyes: Option<PathBuf>,
    /// Pictures with none of these.
    #[arg(long, value_name = "LIST")]
    clear: PathBuf,
    /// Pictures among the clear ones of persons who are alike in something, such as a region of origin: of none of these
    /// lists a larger share may be mistaken than of all. Can be given several times.
    #[arg(long, value_name = "LIST")]
    cohort: Vec<PathBuf>,
    /// Writes the coefficients there. What the file has of others than those fitted stays.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    jobs: JobsArgs,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mask,
    Sunglasses,
    ClosedEyes,
    Clear,
}

/// How one classifier is fitted.
struct Task {
    name: &'static str,
    kind: Kind,
    /// How often a picture of the kind counts: there are fewer of them.
    weight: f32,
    /// Chosen by the folds: with less of it a few pixels decide.
    penalty: f32,
    /// What it reads of a picture.
    numbers: fn(&OcclusionFeatures) -> &[f32],
    /// What it is told from beside clear faces. Whether eyes are shut behind a mask or sunglasses nobody has looked at.
    others: &'static [Kind],
}

/// In the order of the file.
const TASKS: [Task; 3] = [
    Task {
        name: "mask",
        kind: Kind::Mask,
        weight: 5.0,
        penalty: 30.0,
        numbers: OcclusionFeatures::numbers,
        others: &[Kind::Sunglasses, Kind::ClosedEyes],
    },
    Task {
        name: "sunglasses",
        kind: Kind::Sunglasses,
        weight: 20.0,
        penalty: 30.0,
        numbers: OcclusionFeatures::numbers,
        others: &[Kind::Mask, Kind::ClosedEyes],
    },
    Task {
        name: "eyes_closed",
        kind: Kind::ClosedEyes,
        weight: 20.0,
        penalty: 5.0,
        numbers: OcclusionFeatures::eyes,
        others: &[],
    },
];

/// A picture that was measured.
struct Row {
    kind: Kind,
    /// Pictures of one person, and the same picture twice, stand in one fold.
    fold: u64,
    /// Which cohorts name it.
    cohorts: Vec<usize>,
    features: OcclusionFeatures,
}

/// One classifier with its figures on rows that it was not fitted on.
struct Fitted {
    name: &'static str,
    classifier: Logistic,
    covered: usize,
    clear: usize,
    recognised: f64,
    /// Clear faces that are mistaken at the threshold: of all, then of each cohort, with how many it has.
    mistaken: Vec<(usize, usize)>,
    threshold: f32,
}

/// Runs `face fit-occlusion`.
pub fn run(args: &FitArgs, models: &Path) -> Result<Ended, Failure> {
    let mut listed = Vec::new();
    for (list, kind) in [
        (args.masks.as_ref(), Kind::Mask),
        (args.sunglasses.as_ref(), Kind::Sunglasses),
        (args.closed_eyes.as_ref(), Kind::ClosedEyes),
        (Some(&args.clear), Kind::Clear),
    ] {
        let Some(list) = list else { continue };
        listed.extend(read_list(list)?.into_iter().map(|name| (name, kind)));
    }
    let cohorts = args.cohort.iter().map(|list| read_list(list)).collect::<Result<Vec<_>, _>>()?;
    let of_cohorts = |name: &String| {
        let named = cohorts.iter().enumerate().filter(|(_, cohort)| cohort.contains(name));
        named.map(|(index, _)| index).collect()
    };
    let jobs = args.jobs.count();
    let config = face_config(models)?;
    let finder = Finder::load(&ModelFolder::new(models, &config).with_workers(jobs), &config);
    let finder = finder.map_err(|error| Failure::of(&error))?;
    let progress = Progress::start("face fit-occlusion: pictures", listed.len());
    let rows = in_parallel(jobs, &listed, |(name, kind)| {
        let row = measure(&finder, &args.dir, name, *kind, of_cohorts(name));
        progress.step();
        row
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    let without = rows.iter().filter(|row| row.is_none()).count();
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    let asked = TASKS.iter().filter(|task| match task.kind {
        Kind::Mask => args.masks.is_some(),
        Kind::Sunglasses => args.sunglasses.is_some(),
        Kind::ClosedEyes => args.closed_eyes.is_some(),
        Kind::Clear => false,
    });
    let fitted = asked.map(|task| fit(task, &rows, cohorts.len())).collect::<Result<Vec<_>, _>>()?;
    if let Some(file) = &args.out {
        let before = if file.exists() { failure::read(file, MAX_LIST)? } else { Vec::new() };
        let text = written(&String::from_utf8_lossy(&before), &fitted)?;
        files::write_whole(file, text.as_bytes()).map_err(|error| {
            Failure::new(format!("{} cannot be written ({error}); give another place", file.display()))
        })?;
    }
    answer(args, &fitted, without)?;
    Ok(Ended::Done)
}

const HEAD: &str = "\
# Coefficients of the classifiers of masks, sunglasses and shut eyes (crates/face/src/occlusion.rs), made by
# `baypass face fit-occlusion` (docs/face.md says from which pictures). A score is constant + step x (weights . features).
";

/// The whole file: each classifier as it was fitted, or as the file had it before.
fn written(before: &str, fitted: &[Fitted]) -> Result<String, Failure> {
    let mut text = String::from(HEAD);
    for task in &TASKS {
        let section = match fitted.iter().find(|of| of.name == task.name) {
            Some(of) => section(of)?,
            None => kept_section(before, task.name),
        };
        if !section.is_empty() {
            text.push('\n');
            text.push_str(&section);
        }
    }
    Ok(text)
}

/// The lines of one classifier, without blank ones; none where the file has no such.
fn kept_section(text: &str, name: &str) -> String {
    let head = format!("[{name}]");
    let lines = text.lines().skip_while(|line| *line != head);
    let own = lines.enumerate().take_while(|(at, line)| *at == 0 || !line.starts_with('['));
    own.filter(|(_, line)| !line.is_empty()).map(|(_, line)| format!("{line}\n")).collect()
}

fn read_list(file: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = String::from_utf8_lossy(&failure::read(file, MAX_LIST)?).into_owned();
    let names: BTreeSet<String> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return Err(Failure::new(format!("{} names no picture; give a path a line", file.display())));
    }
    Ok(names)
}

/// What is measured on a picture; nothing on one that shows no face.
fn measure(
    finder: &Finder,
    dir: &Path,
    name: &str,
    kind: Kind,
    cohorts: Vec<usize>,
) -> Result<Option<Row>, Failure> {
    let bytes = failure::read(&dir.join(name), MAX_PICTURE)?;
    let found = Image::decode(&bytes).ok().and_then(|image| {
        let face = finder.main_face(&image).ok()?.face;
        let landmarks = finder.landmarks(&image, &face).ok()?;
        Quality::occlusion(&image, &landmarks).ok()
    });
    let Some(features) = found else { return Ok(None) };
    // The folder is the person, where pictures lie in folders of persons, two deep; a copy has the same bytes.
    let person = Path::new(name).parent().filter(|folder| folder.components().count() > 1);
    let group = match person.filter(|_| kind != Kind::Mask) {
        Some(person) => credential::sha256(person.to_string_lossy().as_bytes()),
        None => credential::sha256(&bytes),
    };
    Ok(Some(Row { kind, fold: u64::from(group[0]) % FOLDS, cohorts, features }))
}

fn fit(task: &Task, rows: &[Row], cohorts: usize) -> Result<Fitted, Failure> {
    let settings = Fit { weight: task.weight, penalty: task.penalty, steps: STEPS };
    let told =
        |row: &&Row| row.kind == task.kind || row.kind == Kind::Clear || task.others.contains(&row.kind);
    let labelled: Vec<(&Row, Labelled<'_>)> = rows
        .iter()
        .filter(told)
        .map(|row| (row, ((task.numbers)(&row.features), row.kind == task.kind)))
        .collect();
    let few = || Failure::new(format!("too few pictures of {} with a face; give more of them", task.name));
    let fitted_without = |fold: Option<u64>| {
        let rows = labelled.iter().filter(|(row, _)| Some(row.fold) != fold).map(|(_, row)| *row);
        Logistic::fit(&rows.collect::<Vec<_>>(), settings).ok_or_else(few)
    };
    let progress = Progress::start("face fit-occlusion: fits", usize::try_from(FOLDS).unwrap_or(1) + 1);
    let (mut scores, mut of_cohorts) = (Vec::new(), vec![Vec::new(); cohorts]);
    for fold in 0..FOLDS {
        let classifier = fitted_without(Some(fold))?;
        for (row, (numbers, first)) in labelled.iter().filter(|(row, _)| row.fold == fold) {
            let score = (classifier.score(numbers), *first);
            scores.push(score);
            for cohort in &row.cohorts {
                if let Some(of) = of_cohorts.get_mut(*cohort) {
                    of.push(score);
                }
            }
        }
        progress.step();
    }
    let covered: Vec<_> = scores.iter().filter(|(_, first)| *first).copied().collect();
    // The highest threshold that all, or a cohort, needs counts for everybody.
    let (_, mut threshold) = recognised_at(&scores, FALSE_SHARE).ok_or_else(few)?;
    for cohort in &of_cohorts {
        let clear = cohort.iter().filter(|(_, first)| !first);
        let with_covered: Vec<_> = clear.chain(&covered).copied().collect();
        if let Some((_, own)) = recognised_at(&with_covered, FALSE_SHARE) {
            threshold = threshold.max(own);
        }
    }
    let reach = |of: &[(f32, bool)], kind: bool| {
        let of = of.iter().filter(|(_, first)| *first == kind);
        (of.clone().filter(|(score, _)| *score >= threshold).count(), of.count())
    };
    let mistaken: Vec<_> = std::iter::once(&scores).chain(&of_cohorts).map(|of| reach(of, false)).collect();
    let (found, covered) = reach(&scores, true);
    let mut classifier = fitted_without(None)?;
    progress.step();
    // From here on, even odds are the score at which that share of clear faces is mistaken.
    classifier.constant -= threshold;
    Ok(Fitted {
        name: task.name,
        classifier,
        covered,
        clear: scores.len() - covered,
        recognised: found as f64 / covered.max(1) as f64,
        mistaken,
        threshold,
    })
}

/// Weights in signed bytes of one step.
fn section(fitted: &Fitted) -> Result<String, Failure> {
    let largest = fitted.classifier.weights.iter().fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    let step = (largest / 127.0).max(f32::MIN_POSITIVE);
    let full = |_| Failure::new("the coefficients could not be written as text");
    let mut text = String::new();
    writeln!(
        text,
        "[{}]\nconstant = {}\nstep = {step:e}\nweights = [",
        fitted.name, fitted.classifier.constant
    )
    .map_err(full)?;
    for line in fitted.classifier.weights.chunks(22) {
        // Adding nothing makes of a negative zero a plain one.
        let numbers: Vec<String> =
            line.iter().map(|weight| format!("{}", (weight / step).round() + 0.0)).collect();
        writeln!(text, "  {},", numbers.join(", ")).map_err(full)?;
    }
    writeln!(text, "]").map_err(full)?;
    Ok(text)
}

fn answer(args: &FitArgs, fitted: &[Fitted], without: usize) -> Result<(), Failure> {
    if args.output.json {
        let rows: Vec<_> = fitted
            .iter()
            .map(|of| {
                let cohorts = of.mistaken.iter().skip(1).map(|(mistaken, of)| json!([mistaken, of]));
                json!({
                    "classifier": of.name, "covered": of.covered, "clear": of.clear,
                    "recognised": of.recognised, "false_share": FALSE_SHARE, "threshold": of.threshold,
                    "mistaken": of.mistaken.first().map(|(mistaken, _)| mistaken),
                    "cohorts": cohorts.collect::<Vec<_>>(),
                })
            })
            .collect();
        return failure::print_json(&json!({ "classifiers": rows, "without_face": without, "folds": FOLDS }));
    }
    let mut text = String::new();
    for of in fitted {
        text.push_str(&format!(
            "{}: {:.1} % of {} recognised (left out of the fit, {FOLDS} folds)\n",
            of.name,
            100.0 * of.recognised,
            of.covered
        ));
        let cohorts = args.cohort.iter().map(|list| list.display().to_string());
        for (name, (mistaken, of)) in
            std::iter::once("all others".to_owned()).chain(cohorts).zip(&of.mistaken)
        {
            let share = 100.0 * *mistaken as f64 / (*of).max(1) as f64;
            text.push_str(&format!("  mistaken: {mistaken} of {of} ({share:.2} %), {name}\n"));
        }
    }
    text.push_str(&format!("{without} pictures show no face\n"));
    failure::print(&text)
}

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
/// Chosen by the folds: with less of it a few pixels decide.
const PENALTY: f32 = 30.0;
/// Share of clear faces that may be taken for covered ones.
const FALSE_SHARE: f64 = 0.005;
/// How often a covered face counts: there are fewer of them.
const WEIGHTS: [f32; 2] = [5.0, 20.0];

/// What `face fit-occlusion` takes.
#[derive(Args)]
pub struct FitArgs {
    /// Where the pictures of the lists lie.
    dir: PathBuf,
    /// Pictures with a mask: a path relative to DIR a line; `#` begins a remark.
    #[arg(long, value_name = "LIST")]
    masks: PathBuf,
    /// Pictures with sunglasses.
    #[arg(long, value_name = "LIST")]
    sunglasses: PathBuf,
    /// Pictures with neither.
    #[arg(long, value_name = "LIST")]
    clear: PathBuf,
    /// Writes the coefficients there.
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
    Clear,
}

/// A picture that was measured.
struct Row {
    kind: Kind,
    /// Pictures of one person, and the same picture twice, stand in one fold.
    fold: u64,
    features: OcclusionFeatures,
}

/// One classifier with its figures on rows that it was not fitted on.
struct Fitted {
    name: &'static str,
    classifier: Logistic,
    covered: usize,
    clear: usize,
    recognised: f64,
    threshold: f32,
}

/// Runs `face fit-occlusion`.
pub fn run(args: &FitArgs, models: &Path) -> Result<Ended, Failure> {
    let mut listed = Vec::new();
    for (list, kind) in
        [(&args.masks, Kind::Mask), (&args.sunglasses, Kind::Sunglasses), (&args.clear, Kind::Clear)]
    {
        listed.extend(read_list(list)?.into_iter().map(|name| (name, kind)));
    }
    let jobs = args.jobs.count();
    let config = face_config(models)?;
    let finder = Finder::load(&ModelFolder::new(models, &config).with_workers(jobs), &config);
    let finder = finder.map_err(|error| Failure::of(&error))?;
    let progress = Progress::start("face fit-occlusion: pictures", listed.len());
    let rows = in_parallel(jobs, &listed, |(name, kind)| {
        let row = measure(&finder, &args.dir, name, *kind);
        progress.step();
        row
    });
    let rows = rows.into_iter().collect::<Result<Vec<_>, _>>()?;
    let without = rows.iter().filter(|row| row.is_none()).count();
    let rows: Vec<Row> = rows.into_iter().flatten().collect();
    // Each is told from faces without either, and from the other.
    let fitted = [
        fit("mask", &rows, Kind::Mask, WEIGHTS[0])?,
        fit("sunglasses", &rows, Kind::Sunglasses, WEIGHTS[1])?,
    ];
    if let Some(file) = &args.out {
        let text = fitted.iter().map(section).collect::<Result<String, _>>()?;
        let text = format!("{HEAD}\n{text}");
        files::write_whole(file, text.as_bytes()).map_err(|error| {
            Failure::new(format!("{} cannot be written ({error}); give another place", file.display()))
        })?;
    }
    answer(args, &fitted, without)?;
    Ok(Ended::Done)
}

const HEAD: &str = "\
# Coefficients of the classifiers of masks and sunglasses (crates/face/src/occlusion.rs), made by `baypass face
# fit-occlusion` (docs/face.md says from which pictures). A score is constant + step x (weights . features).
";

fn read_list(file: &Path) -> Result<Vec<String>, Failure> {
    let text = String::from_utf8_lossy(&failure::read(file, MAX_LIST)?).into_owned();
    let names: BTreeSet<String> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if names.is_empty() {
        return Err(Failure::new(format!("{} names no picture; give a path a line", file.display())));
    }
    Ok(names.into_iter().collect())
}

/// What is measured on a picture; nothing on one that shows no face.
fn measure(finder: &Finder, dir: &Path, name: &str, kind: Kind) -> Result<Option<Row>, Failure> {
    let bytes = failure::read(&dir.join(name), MAX_PICTURE)?;
    let found = Image::decode(&bytes).ok().and_then(|image| {
        let face = finder.main_face(&image).ok()?.face;
        let landmarks = finder.landmarks(&image, &face).ok()?;
        Quality::occlusion(&image, &landmarks).ok()
    });
    let Some(features) = found else { return Ok(None) };
    // The folder is the person, where pictures lie in folders of persons; a copy has the same bytes.
    let person = Path::new(name).parent().map(|parent| parent.to_string_lossy().into_owned());
    let group = match person.filter(|person| !person.is_empty() && kind != Kind::Mask) {
        Some(person) => credential::sha256(person.as_bytes()),
        None => credential::sha256(&bytes),
    };
    Ok(Some(Row { kind, fold: u64::from(group[0]) % FOLDS, features }))
}

fn fit(name: &'static str, rows: &[Row], kind: Kind, weight: f32) -> Result<Fitted, Failure> {
    let settings = Fit { weight, penalty: PENALTY, steps: STEPS };
    let labelled: Vec<(u64, Labelled<'_>)> =
        rows.iter().map(|row| (row.fold, (row.features.numbers(), row.kind == kind))).collect();
    let few = || Failure::new(format!("too few pictures of {name} with a face; give more of them"));
    let fitted_without = |fold: Option<u64>| {
        let rows = labelled.iter().filter(|(of, _)| Some(*of) != fold).map(|(_, row)| *row);
        Logistic::fit(&rows.collect::<Vec<_>>(), settings).ok_or_else(few)
    };
    let progress = Progress::start("face fit-occlusion: fits", usize::try_from(FOLDS).unwrap_or(1) + 1);
    let mut scores = Vec::new();
    for fold in 0..FOLDS {
        let classifier = fitted_without(Some(fold))?;
        let left_out = labelled.iter().filter(|(of, _)| *of == fold);
        scores.extend(left_out.map(|(_, (numbers, first))| (classifier.score(numbers), *first)));
        progress.step();
    }
    let (recognised, threshold) = recognised_at(&scores, FALSE_SHARE).ok_or_else(few)?;
    let mut classifier = fitted_without(None)?;
    progress.step();
    // From here on, even odds are the score at which that share of clear faces is mistaken.
    classifier.constant -= threshold;
    let covered = scores.iter().filter(|(_, first)| *first).count();
    Ok(Fitted { name, classifier, covered, clear: scores.len() - covered, recognised, threshold })
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
                json!({
                    "classifier": of.name, "covered": of.covered, "clear": of.clear,
                    "recognised": of.recognised, "false_share": FALSE_SHARE, "threshold": of.threshold,
                })
            })
            .collect();
        return failure::print_json(&json!({ "classifiers": rows, "without_face": without, "folds": FOLDS }));
    }
    let mut text = String::new();
    for of in fitted {
        let line = format!(
            "{}: {:.1} % of {} recognised where {:.1} % of {} others are mistaken (left out of the fit, {FOLDS} folds)\n",
            of.name,
            100.0 * of.recognised,
            of.covered,
            100.0 * FALSE_SHARE,
            of.clear
        );
        text.push_str(&line);
    }
    text.push_str(&format!("{without} pictures show no face\n"));
    failure::print(&text)
}

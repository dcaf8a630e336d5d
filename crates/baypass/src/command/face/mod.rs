//! `baypass face`: what the face matcher can and cannot do, on pictures of the operator's own.

mod attack;
mod compare;
mod evaluate;
mod fit_occlusion;
mod parallel;
mod robustness;
mod set;
mod words;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use self::set::Set;
use super::Output;
use crate::Ended;
use crate::failure::{self, Failure};

/// The commands about the face matcher.
#[derive(Subcommand)]
pub enum FaceCommand {
    /// Detection rate, error rates with intervals, thresholds, robustness and timing on a folder of pictures
    /// (docs/face.md). Nothing leaves this machine.
    Evaluate(evaluate::EvaluateArgs),
    /// Drawn presentation attacks and drawn honest heads against the active challenge and the passive hint
    /// (docs/liveness.md). Exit code 1: a bar was missed. Drawn attacks are no certification.
    Attack(attack::AttackArgs),
    /// Fits the classifiers of masks, sunglasses and shut eyes on listed pictures, and says how well they tell pictures apart
    /// that they were not fitted on (docs/face.md).
    FitOcclusion(fit_occlusion::FitArgs),
}

impl FaceCommand {
    /// Runs the command.
    pub fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Evaluate(args) => evaluate::run(args, models),
            Self::Attack(args) => attack::run(args, models),
            Self::FitOcclusion(args) => fit_occlusion::run(args, models),
        }
    }
}

/// How many pictures are worked on at once.
#[derive(Args)]
struct JobsArgs {
    /// Faces or attempts worked on at once; default: one a core.
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
}

impl JobsArgs {
    fn count(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.jobs.unwrap_or_else(cores).clamp(1, 64)
    }
}

/// How much is worked on, and where the answer goes.
#[derive(Args)]
struct WorkArgs {
    /// At most so many portraits and so many genuine pairs, spread evenly.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    at_most: Option<u32>,
    #[command(flatten)]
    jobs: JobsArgs,
    /// Seed of all chance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: Output,
    /// Writes one HTML page, for reading and printing.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl WorkArgs {
    /// The pictures that are used of a set.
    fn thin(&self, set: Set) -> Set {
        match self.at_most {
            Some(most) => set.thinned(usize::try_from(most).unwrap_or(usize::MAX)),
            None => set,
        }
    }

    /// Writes the page where one is asked for, and prints the report.
    fn answer(
        &self,
        report: &impl Serialize,
        html: impl FnOnce() -> String,
        words: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        if let Some(file) = &self.html {
            std::fs::write(file, html()).map_err(|error| {
                Failure::new(format!("{} cannot be written ({error}); give another place", file.display()))
            })?;
        }
        if self.output.json { failure::print_json(report) } else { failure::print(&words()) }
    }
}

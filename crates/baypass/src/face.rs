//! `baypass face`: what the matcher can and cannot do, measured on the operator's own pictures.
//!
//! Lives here: the words of the commands. Not here: rates and the report (`evaluate`), the pipeline (crate `face`).

mod attack;
mod bench;
mod evaluation;
mod set;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::Ended;
use crate::failure::Failure;

#[derive(Subcommand)]
pub enum FaceCommand {
    /// Detection rate, error rates with intervals, thresholds, robustness and timing on a folder of pictures
    /// (docs/face.md). Nothing leaves this machine.
    Evaluate {
        /// `portraits/ID.jpg` and `genuine/ID-a.jpg`, `ID-b.jpg`; or a folder a person; or portraits alone.
        dir: PathBuf,
        /// Pairs instead: `registry,probe[,same|different]`, one a line, names relative to DIR.
        #[arg(long, value_name = "FILE")]
        pairs: Option<PathBuf>,
        /// Labels of persons: `person,label`, one a line. Rates by label and the worst ratio.
        #[arg(long, value_name = "FILE")]
        cohorts: Option<PathBuf>,
        /// At most so many portraits and so many genuine pairs, spread evenly.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        at_most: Option<u32>,
        /// Faces worked on at once; default: one a core.
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Seed of all chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Writes one HTML page with plots, for reading and printing.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Drawn presentation attacks and drawn honest heads against the active challenge and the passive hint
    /// (docs/liveness.md). Exit code 1: a bar was missed. Drawn attacks are no certification.
    Attack {
        /// Portraits, in a layout that `face evaluate` knows.
        dir: PathBuf,
        /// Motions of points, of each kind.
        #[arg(long, value_name = "N", default_value_t = 3000, value_parser = at_least_one)]
        motions: usize,
        /// Motions drawn as whole pictures and looked at by the networks, of each kind; a minute for some ten of each.
        #[arg(long, value_name = "N", default_value_t = 20)]
        sequences: usize,
        /// At most so many portraits, spread evenly.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        at_most: Option<u32>,
        /// Attempts played at once; default: one a core.
        #[arg(long, value_name = "N")]
        jobs: Option<usize>,
        /// Seed of all chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
        /// Writes one HTML page, for reading and printing.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1_000_000) => Ok(count),
        Ok(_) | Err(_) => Err("give a number from 1 to 1000000".to_owned()),
    }
}

/// `baypass bench face`.
#[derive(Args)]
pub struct BenchFace {
    /// A picture with a face; default: a sample picture of the installed packages.
    #[arg(long, value_name = "FILE")]
    picture: Option<PathBuf>,
    /// The Python that has `onnxruntime`; without it only our own times are printed.
    #[arg(long, value_name = "FILE", env = "BAYPASS_PYTHON", default_value = "python3")]
    python: PathBuf,
    /// Measured rounds.
    #[arg(long, default_value_t = 40)]
    rounds: usize,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// Measures one face.
pub fn bench(asked: BenchFace, models: &Path) -> Result<Ended, Failure> {
    let BenchFace { picture, python, rounds, json } = asked;
    bench::run(&bench::Asked { picture, python, rounds: rounds.clamp(1, 100_000), json }, models)
}

/// Runs one of the commands.
pub fn run(command: FaceCommand, models: &Path) -> Result<Ended, Failure> {
    match command {
        FaceCommand::Evaluate { dir, pairs, cohorts, at_most, jobs, seed, json, html } => {
            let asked = evaluation::Asked { dir, pairs, cohorts, at_most, jobs, seed, json, html };
            evaluation::run(&asked, models)
        }
        FaceCommand::Attack { dir, motions, sequences, at_most, jobs, seed, json, html } => {
            let asked = attack::Asked { dir, motions, sequences, at_most, jobs, seed, json, html };
            attack::run(&asked, models)
        }
    }
}

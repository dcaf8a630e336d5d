//! `baypass face`: what the matcher can and cannot do, measured on the operator's own pictures.
//!
//! Lives here: the words of the commands. Not here: rates and the report (`evaluate`), the pipeline (crate `face`).

mod evaluation;
mod progress;
mod set;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::Ended;
use crate::failure::Failure;

pub use progress::Progress;

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
}

/// Runs one of the commands.
pub fn run(command: FaceCommand, models: &Path) -> Result<Ended, Failure> {
    match command {
        FaceCommand::Evaluate { dir, pairs, cohorts, at_most, jobs, seed, json, html } => {
            let asked = evaluation::Asked { dir, pairs, cohorts, at_most, jobs, seed, json, html };
            evaluation::run(&asked, models)
        }
    }
}

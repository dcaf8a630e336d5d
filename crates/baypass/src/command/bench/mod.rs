//! `baypass bench`: measurements, each against its bar in the same run.

mod check;
mod face;

use std::path::Path;

use clap::Subcommand;

use crate::Ended;
use crate::failure::Failure;

/// The measurements.
#[derive(Subcommand)]
pub enum BenchCommand {
    /// One face stage by stage, beside the same networks in ONNX Runtime where that is installed; memory.
    Face(face::FaceArgs),
    /// The gate's check of one code beside two raw verifications, and the size of every code.
    Check(check::CheckArgs),
}

impl BenchCommand {
    /// Runs the measurement.
    pub fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Face(args) => face::run(args, models),
            Self::Check(args) => check::run(args),
        }
    }
}

//! The one binary: every command of Bay Pass.
//!
//! Lives here: the words of the command line, where files are opened, which exit code means what. Not here: any rule,
//! signature or comparison; each command asks the crate that owns the question.

mod bench;
mod demo;
mod doctor;
mod failure;
mod inspect;
mod may_cross;
mod rules;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use failure::Failure;

/// How a command ended; every command uses the same numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// 0: done, or admitted.
    Well,
    /// 1: a measured bar was missed.
    BarMissed,
    /// 3: refused or referred.
    Refused,
    /// 4: a measure is still open.
    MeasureOpen,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        Self::from(match ended {
            Ended::Well => 0,
            Ended::BarMissed => 1,
            Ended::Refused => 3,
            Ended::MeasureOpen => 4,
        })
    }
}

const EXIT_CODES: &str = "Exit codes: 0 done or admitted, 1 a bar of `bench` missed, 2 wrong usage or broken input, \
                          3 refused or referred, 4 a measure is still open.";

/// Bay Pass: a digital pass for crossing between the mainland, Hong Kong and Macao.
#[derive(Parser)]
#[command(name = "baypass", version, after_help = EXIT_CODES, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// May this person cross there, then, and if not, why? (the file: docs/cases.md)
    MayCross {
        /// The case file; `-` reads standard input.
        #[arg(long, value_name = "FILE")]
        case: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Crossing codes.
    Code {
        #[command(subcommand)]
        command: CodeCommand,
    },
    /// The rules that are read at start-up.
    Rules {
        #[command(subcommand)]
        command: RulesCommand,
    },
    /// What is wrong with this installation, and how to mend it.
    Doctor {
        /// The folder `models`; default: $BAYPASS_MODELS, else `models` here or in a folder above.
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// The Bay in a box: residents cross three borders, and every cheat fails.
    Demo {
        /// Ends after the tour; so far the demo always does.
        #[arg(long)]
        tour_only: bool,
        /// The folder `models`; default: $BAYPASS_MODELS, else `models` here or in a folder above.
        #[arg(long, value_name = "DIR")]
        models: Option<PathBuf>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Measurements, each against its bar in the same run.
    Bench {
        #[command(subcommand)]
        command: BenchCommand,
    },
}

#[derive(Subcommand)]
enum CodeCommand {
    /// What anyone may read in a code, and nothing more. Nothing is verified.
    Inspect {
        /// A picture of a code, a file with its text, the text itself, or `-` for standard input.
        #[arg(value_name = "FILE|TEXT", allow_hyphen_values = true)]
        what: String,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum RulesCommand {
    /// Uncertain rules: every switch with its value, default and source, and every row marked as unsure.
    Report {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Subcommand)]
enum BenchCommand {
    /// The gate's check of one code beside two raw verifications, and the size of every code.
    Check {
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(ended) => ended.into(),
        Err(failure) => {
            eprintln!("baypass: {failure}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<Ended, Failure> {
    match command {
        Command::MayCross { case, json } => may_cross::run(&case, json),
        Command::Code { command: CodeCommand::Inspect { what, json } } => inspect::run(&what, json),
        Command::Rules { command: RulesCommand::Report { json } } => rules::run(json),
        Command::Demo { tour_only: _, models, json } => demo::run(&doctor::models_folder(models), json),
        Command::Doctor { models, json } => doctor::run(models, json),
        Command::Bench { command: BenchCommand::Check { json } } => bench::run(json),
    }
}

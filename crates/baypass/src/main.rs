//! The one binary: every command of Bay Pass.
//!
//! Lives here: the arguments that every command has, and the exit. Not here: what a command is given and does
//! (`command`), any rule, signature or comparison; each command asks the crate that owns the question.

mod command;
mod ended;
mod failure;
mod install;
mod kiosk;
mod officers;
mod paper;
mod paper_sheet;
mod progress;
mod registration;
mod serve;
mod tls;
mod wallet;
mod zones;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ended::Ended;

/// Bay Pass: a digital pass for crossing between the mainland, Hong Kong and Macao.
#[derive(Parser)]
#[command(name = "baypass", version, after_help = ended::EXIT_CODES, arg_required_else_help = true)]
struct Arguments {
    /// The folder with the face models; default: `models` here or in a folder above.
    #[arg(long, global = true, env = "BAYPASS_MODELS", value_name = "DIR")]
    models: Option<PathBuf>,
    #[command(subcommand)]
    command: command::Command,
}

fn main() -> ExitCode {
    let Arguments { models, command } = Arguments::parse();
    match command.run(&install::models_folder(models)) {
        Ok(ended) => ended.into(),
        Err(failure) => {
            eprintln!("baypass: {failure}");
            ExitCode::from(2)
        }
    }
}

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
mod proximity;
mod registration;
mod registries;
mod serve;
mod tls;
mod tone;
mod wallet;
mod zones;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
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
    let Arguments { models, command } = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(wrong) => return usage(&wrong),
    };
    match command.run(&install::models_folder(models)) {
        Ok(ended) => ended.into(),
        Err(failure) => {
            eprintln!("{}: {failure}", tone::err("baypass", tone::Tone::Bad));
            ExitCode::from(2)
        }
    }
}

/// What was asked for (help, the version), or what is wrong with the line, under the prefix of every error.
fn usage(said: &clap::Error) -> ExitCode {
    let asked = matches!(
        said.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    if asked {
        let _ = said.print();
    } else {
        let text = said.render();
        let coloured = tone::coloured(&std::io::stderr());
        let text = if coloured { text.ansi().to_string() } else { text.to_string() };
        eprint!("{}", text.replacen("error:", "baypass:", 1));
    }
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2))
}

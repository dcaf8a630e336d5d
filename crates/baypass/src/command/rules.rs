//! `baypass rules report`: what the sources leave uncertain, and what the program takes for it.

use clap::{Args, Subcommand};
use documents::Rules;
use serde_json::json;

use super::Output;
use crate::Ended;
use crate::failure::{self, Failure};

/// The commands about the rules.
#[derive(Subcommand)]
pub enum RulesCommand {
    /// Uncertain rules: every switch with its value, default and source, and every row marked as unsure.
    Report(ReportArgs),
}

/// What `rules report` takes.
#[derive(Args)]
pub struct ReportArgs {
    #[command(flatten)]
    output: Output,
}

impl RulesCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        let Self::Report(args) = self;
        report(args)
    }
}

fn report(args: &ReportArgs) -> Result<Ended, Failure> {
    let rules = Rules::builtin().map_err(|error| Failure::of(&error))?;
    let report = rules.report();
    if !args.output.json {
        failure::print(&format!("{report}\n"))?;
        return Ok(Ended::Done);
    }
    let switches: Vec<_> = report
        .switches()
        .iter()
        .map(|s| {
            json!({"id": s.id, "value": s.value, "default": s.default, "is_default": s.is_default(),
                   "source": s.source, "says": s.says})
        })
        .collect();
    let rows: Vec<_> = report
        .unsure_rows()
        .into_iter()
        .map(|(file, id, source)| json!({"file": file, "id": id, "source": source}))
        .collect();
    failure::print_json(&json!({"version": rules.version(), "switches": switches, "unsure_rows": rows}))?;
    Ok(Ended::Done)
}

//! `baypass rules report`: what the sources leave uncertain, and what the program takes for it.

use clap::{Args, Subcommand};
use documents::Rules;
use serde_json::json;

use super::{At, Output};
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
    at: At,
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
    let day = args.at.time().local_date();
    let old = report.old_rows(day);
    if !args.output.json {
        let rows: String = old.iter().map(|(row, as_of)| format!("  {row}, as of {as_of}\n")).collect();
        let age = rules.stale_after_days();
        failure::print(&format!("{report}\nRows older than {age} days on {day}:\n{rows}"))?;
        return Ok(Ended::Done);
    }
    let switches: Vec<_> = report
        .switches()
        .iter()
        .map(|s| {
            json!({"id": s.id, "value": s.value, "default": s.default, "is_default": s.is_default(), "other": s.other,
                   "source": s.source, "says": s.says})
        })
        .collect();
    let rows: Vec<_> = report
        .unsure_rows()
        .into_iter()
        .map(|(file, id, source)| json!({"file": file, "id": id, "source": source}))
        .collect();
    let old: Vec<_> = old.into_iter().map(|(row, as_of)| json!({"row": row, "as_of": as_of})).collect();
    failure::print_json(&json!({"version": rules.version(), "as_of": rules.as_of(),
        "stale_after_days": rules.stale_after_days(), "switches": switches, "unsure_rows": rows, "old_rows": old}))?;
    Ok(Ended::Done)
}

//! `baypass simulate`: a synthetic Bay against the real risk engine and the real rules of documents (docs/simulator.md).
//!
//! Lives here: the command, its files and its progress. Not here: people, frauds, figures and the page (`simulate`).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use ::risk::Policy;
use ::risk::engine::CelEngine;
use ::risk::rules::{MAX_RULES_TEXT, RULES_FILE, RULES_TEXT, RuleSet};
use ::risk::schema::Schema;
use ::simulate::{
    Calendar, FEWEST_DAYS, FIRST_DAY, Habits, Inputs, MOST_DAYS, MOST_RESIDENTS, Report, Scenario, Settings,
    Tables, page, simulate,
};
use clap::Args;
use documents::{LocalDate, Rules};

use super::Output;
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::progress::Progress;

/// Longest scenario file.
const MAX_SCENARIO: usize = 256 * 1024;

/// What `simulate` takes.
#[derive(Args)]
pub struct SimulateArgs {
    /// The seed of everything; the same seed gives the same figures.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_RESIDENTS)))]
    residents: u32,
    /// How many days.
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u32).range(i64::from(FEWEST_DAYS)..=i64::from(MOST_DAYS)))]
    days: u32,
    /// The first day; holidays are known for 2026.
    #[arg(long, default_value = FIRST_DAY)]
    start: LocalDate,
    /// A scenario of frauds (TOML); default: the one in the program.
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// A file of risk rules (TOML); default: the first rule set, which is in the program.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Threads; the figures are the same for any number. Default: one for each core.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
    /// Writes the page with the curves to this file.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Runs `simulate`. A bar that was missed ends with code 1, a file with a fault in it with code 2.
pub fn run(args: &SimulateArgs) -> Result<Ended, Failure> {
    let inputs = match inputs(args)? {
        Ok(inputs) => inputs,
        Err(fault) => {
            failure::print(&format!("{fault}\n"))?;
            return Ok(Ended::BrokenInput);
        }
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let settings = Settings {
        seed: args.seed,
        residents: args.residents,
        days: args.days,
        start: args.start,
        threads: args.threads.map_or_else(cores, usize::from),
        keep: None,
    };
    let progress = Progress::start("simulate: days", usize::try_from(args.days).map_err(of)?);
    let report = simulate(&inputs, &settings, &mut || progress.step()).map_err(of)?.report;
    if let Some(file) = &args.html {
        fs::write(file, page(&report))
            .map_err(|error| Failure::new(format!("{} could not be written: {error}", file.display())))?;
    }
    if args.output.json {
        failure::print_json(&report)?;
    } else {
        failure::print(&in_words(&report))?;
    }
    let missed = report.bars.iter().any(|bar| bar.held == Some(false));
    Ok(if missed { Ended::BarMissed } else { Ended::Done })
}

/// What the run rests on, or the first fault of a file, with its line.
fn inputs(args: &SimulateArgs) -> Result<Result<Inputs, String>, Failure> {
    let documents = Rules::builtin().map_err(of)?;
    let schema = Schema::builtin().map_err(of)?;
    let rules = match &args.rules {
        Some(path) => RuleSet::read(&name(path), &text(path, MAX_RULES_TEXT)?, &schema, &CelEngine::new()),
        None => RuleSet::read(RULES_FILE, RULES_TEXT, &schema, &CelEngine::new()),
    };
    let rules = match rules {
        Ok(rules) => rules,
        Err(faults) => return Ok(Err(faults.to_string())),
    };
    let scenario = match &args.scenario {
        Some(path) => Scenario::read(&name(path), &text(path, MAX_SCENARIO)?),
        None => Scenario::builtin(),
    };
    let scenario = match scenario {
        Ok(scenario) => scenario,
        Err(fault) => return Ok(Err(fault.to_string())),
    };
    Ok(Ok(Inputs {
        habits: Habits::builtin(&documents).map_err(of)?,
        documents,
        schema,
        rules: Some(rules),
        policy: Policy::builtin().map_err(of)?,
        tables: Tables::builtin().map_err(of)?,
        calendar: Calendar::builtin().map_err(of)?,
        scenario,
    }))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}

fn text(path: &Path, most: usize) -> Result<String, Failure> {
    let bytes = failure::read(path, most + 1)?;
    if bytes.len() > most {
        return Err(Failure::new(format!("{} is longer than {most} bytes", path.display())));
    }
    String::from_utf8(bytes)
        .map_err(|_| Failure::new(format!("{} is no UTF-8 text; save it as UTF-8", path.display())))
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

fn in_words(report: &Report) -> String {
    let (run, honest) = (&report.run, &report.honest);
    let mut out = format!(
        "{} people, {} days from {}, seed {}, scenario {}, rules {}\n\n",
        run.residents,
        run.days,
        run.start,
        run.seed,
        run.scenario,
        run.rules.as_deref().unwrap_or("none")
    );
    let _ = writeln!(
        out,
        "honest: {} crossings, asked for more at {} of them ({} to {}); {} of the people once or more; the lot alone at {}",
        honest.crossings,
        percent(honest.stepped_up.share),
        percent(honest.stepped_up.low),
        percent(honest.stepped_up.high),
        percent(honest.people_stepped_up.share),
        percent(honest.lot_alone.share)
    );
    let _ = writeln!(
        out,
        "        whoever was asked took {} s (half of them), {} s (95 of 100)\n",
        honest.seconds_median, honest.seconds_p95
    );
    let _ = writeln!(
        out,
        "{:<20}{:>9}{:>10}{:>19}{:>13}{:>10}{:>11}{:>8}{:>10}",
        "fraud", "injected", "recall", "interval", "at the first", "without", "precision", "area", "baseline"
    );
    for kind in &report.kinds {
        let _ = writeln!(
            out,
            "{:<20}{:>9}{:>10}{:>19}{:>13}{:>10}{:>11}{:>8.3}{:>10.5}",
            kind.kind,
            kind.injected,
            percent(kind.recall.share),
            format!("{} - {}", percent(kind.recall.low), percent(kind.recall.high)),
            percent(kind.before_second.share),
            percent(kind.recall_without_face.share),
            percent(kind.precision.share),
            kind.area,
            kind.baseline
        );
    }
    out.push_str("(without: by rules that do not read the face comparison)\n\n");
    for bar in &report.bars {
        let (held, measured) = match (bar.held, bar.measured) {
            (Some(true), Some(value)) => ("held", format!("{value:.4}")),
            (Some(false), Some(value)) => ("MISSED", format!("{value:.4}")),
            _ => ("too few to say", "-".to_owned()),
        };
        let _ = writeln!(out, "{held:<15}{:<60}{measured:>9}  ({})", bar.figure, bar.bar);
    }
    out
}

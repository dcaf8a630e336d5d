//! `baypass risk`: an authority's risk rules, tried, shown, brought into force, and what they did.
//!
//! Lives here: `test` and `show`, about a file of rules. Below: signed versions (`versions`), what was kept (`records`). Not here: what a rule
//! may be, and what is done with what it finds (`risk`, docs/risk.md).

mod records;
mod versions;

pub(super) use records::reference;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ::risk::engine::CelEngine;
use ::risk::rules::{MAX_RULES_TEXT, RULES_FILE, RULES_TEXT, RuleSet};
use ::risk::schema::{SIGNALS_FILE, SIGNALS_TEXT, Schema};
use ::risk::{Faults, RuleId};
use clap::{Args, Subcommand};
use serde_json::json;

use self::records::{ExplainArgs, ReplayArgs, ReportArgs};
use self::versions::{ActivateArgs, VersionArgs};
use super::{Output, block_on};
use crate::Ended;
use crate::failure::{self, Failure};

/// The commands about risk rules.
#[derive(Subcommand)]
pub enum RiskCommand {
    /// Tries a file of rules: signals, types, and the cases beside each rule; lists every fault with its line.
    Test(TestArgs),
    /// What rules say: each with its sentence, what it puts in doubt, and whether it counts.
    Show(ShowArgs),
    /// Has an authority's supervisors sign a version of its rules, and puts it where the authority takes it.
    Activate(ActivateArgs),
    /// Goes back to the rules that were in force before, under a new number.
    Rollback(VersionArgs),
    /// Signs the rules that run once more under the next numbers, with the key that the supervisors use now: after `keys rotate --role
    /// approval`.
    Renew(VersionArgs),
    /// The versions that were signed for an authority, and which of them is in force.
    Versions(VersionArgs),
    /// Why a traveller was asked for more, by the reference that they have.
    Explain(ExplainArgs),
    /// What each rule did, what was asked, and how it ended.
    Report(ReportArgs),
    /// Asks the same rules again about every crossing of a day: the findings must be the same, bit for bit.
    Replay(ReplayArgs),
}

/// What `risk test` takes.
#[derive(Args)]
pub struct TestArgs {
    /// The file of rules (TOML), or - for standard input.
    rules: PathBuf,
    #[command(flatten)]
    signals: SignalsArgs,
    #[command(flatten)]
    output: Output,
}

/// What `risk show` takes.
#[derive(Args)]
pub struct ShowArgs {
    /// A file of rules; default: the first rule set, which is in the program.
    #[arg(long)]
    rules: Option<PathBuf>,
    #[command(flatten)]
    signals: SignalsArgs,
    #[command(flatten)]
    output: Output,
}

/// The list of signals that rules are read against.
#[derive(Args)]
struct SignalsArgs {
    /// A list of signals (TOML); default: the one in the program.
    #[arg(long)]
    signals: Option<PathBuf>,
}

impl RiskCommand {
    /// Runs the command.
    pub fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Test(args) => test(args),
            Self::Show(args) => show(args),
            Self::Activate(args) => versions::activate(args),
            Self::Rollback(args) => versions::rollback(args),
            Self::Renew(args) => versions::renew(args),
            Self::Versions(args) => versions::list(args),
            Self::Explain(args) => block_on(records::explain(args, models)),
            Self::Report(args) => block_on(records::report(args, models)),
            Self::Replay(args) => block_on(records::replay(args, models)),
        }
    }
}

/// A file's name as faults carry it, and its text.
fn text_of(path: &Path) -> Result<(String, String), Failure> {
    // One byte more than a file may have, so that a longer one is refused for its length.
    let bytes = failure::read(path, MAX_RULES_TEXT + 1)?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::new(format!("{} is no UTF-8 text; save it as UTF-8", path.display())))?;
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    Ok((name, text))
}

/// Signals and rules, or every fault of the first of the two that has any.
fn read(rules: Option<&Path>, signals: &SignalsArgs) -> Result<Result<(Schema, RuleSet), Faults>, Failure> {
    let builtin = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let (file, text) =
        signals.signals.as_deref().map_or_else(|| Ok(builtin(SIGNALS_FILE, SIGNALS_TEXT)), text_of)?;
    let schema = match Schema::read(&file, &text) {
        Ok(schema) => schema,
        Err(faults) => return Ok(Err(faults)),
    };
    let (file, text) = rules.map_or_else(|| Ok(builtin(RULES_FILE, RULES_TEXT)), text_of)?;
    Ok(RuleSet::read(&file, &text, &schema, &CelEngine::new()).map(|rules| (schema, rules)))
}

fn test(args: &TestArgs) -> Result<Ended, Failure> {
    let (_, rules) = match read(Some(&args.rules), &args.signals)? {
        Ok(read) => read,
        Err(faults) => return tell(&faults, args.output),
    };
    let cases: usize = rules.rules().iter().map(|rule| rule.cases).sum();
    if args.output.json {
        failure::print_json(
            &json!({"name": rules.name(), "rules": rules.rules().len(), "cases": cases, "faults": []}),
        )?;
    } else {
        failure::print(&format!(
            "{}: {} rules, {cases} cases: all hold. They count once a signed version of them is in force.\n",
            rules.name(),
            rules.rules().len()
        ))?;
    }
    Ok(Ended::Done)
}

fn tell(faults: &Faults, output: Output) -> Result<Ended, Failure> {
    if output.json {
        let rows: Vec<_> = faults
            .0
            .iter()
            .map(|fault| json!({"file": fault.file, "line": fault.line, "code": fault.code(), "what": fault.kind.to_string()}))
            .collect();
        failure::print_json(&json!({"faults": rows}))?;
    } else {
        failure::print(&format!("{faults}\n"))?;
    }
    Ok(Ended::BrokenInput)
}

fn show(args: &ShowArgs) -> Result<Ended, Failure> {
    let (schema, rules) = match read(args.rules.as_deref(), &args.signals)? {
        Ok(read) => read,
        Err(faults) => return tell(&faults, args.output),
    };
    let reads = |rule: &::risk::rules::Rule| -> Vec<String> {
        rule.reads().iter().filter_map(|id| schema.signal(*id)).map(|signal| signal.name.clone()).collect()
    };
    if args.output.json {
        let rows: Vec<_> = rules
            .rules()
            .iter()
            .map(|rule| {
                json!({"id": RuleId::as_str(&rule.id), "says": rule.says, "doubt": rule.doubt.as_str(), "harm": rule.harm.as_str(),
                       "stage": rule.stage.as_str(), "when": rule.when, "signals": reads(rule), "cases": rule.cases})
            })
            .collect();
        failure::print_json(&json!({"name": rules.name(), "rules": rows}))?;
        return Ok(Ended::Done);
    }
    let mut page = format!("{}: {} rules\n", rules.name(), rules.rules().len());
    for rule in rules.rules() {
        let _ = writeln!(
            page,
            "\n{} [{}, harm {}, {}]\n  {}\n  when {}",
            rule.id, rule.doubt, rule.harm, rule.stage, rule.says, rule.when
        );
    }
    failure::print(&page)?;
    Ok(Ended::Done)
}

//! `baypass risk activate | rollback | renew | versions`: signed versions of an authority's risk rules.
//!
//! Lives here: the commands. A version is signed by the authority's supervisors and put into its folder; its process takes it within its
//! next round, a stopped one when it starts.

use std::path::PathBuf;

use ::risk::rules::{RULES_FILE, RULES_TEXT};
use ::risk::version::{RulesVersion, Stage};
use clap::{Args, ValueEnum};
use documents::LocalDate;
use serde_json::{Value, json};

use super::super::{At, AuthorityArgs, Output};
use super::{tell, text_of};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::risk_rules::{self, NotMade, read_versions, sign_earlier, sign_next};

/// How far a version goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StageArg {
    /// Scored and logged at every lane beside the rules in force; no effect.
    Shadow,
    /// In force at a share of the lanes, drawn anew each day.
    Canary,
    /// In force everywhere.
    Full,
}

/// What `risk activate` takes.
#[derive(Args)]
pub struct ActivateArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    /// The file of rules (TOML); default: the first rule set, which is in the program.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// How far it goes.
    #[arg(long, value_enum, default_value = "shadow")]
    stage: StageArg,
    /// The share of lanes for a canary, in thousandths: 1 to 999.
    #[arg(long, value_name = "THOUSANDTHS", default_value_t = 50)]
    share: u16,
    /// The day from which it counts; default: today.
    #[arg(long, value_name = "DAY")]
    from: Option<LocalDate>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `risk rollback` and `risk versions` take.
#[derive(Args)]
pub struct VersionArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Checks, signs and puts a version where its authority takes it.
pub fn activate(args: &ActivateArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.of.installation.open()?, args.at.time());
    let stage = match args.stage {
        StageArg::Shadow => Stage::Shadow,
        StageArg::Full => Stage::Full,
        StageArg::Canary if (1..=999).contains(&args.share) => Stage::Canary { share: args.share },
        StageArg::Canary => {
            return Err(Failure::new("the share of a canary is 1 to 999 thousandths of the lanes"));
        }
    };
    let builtin = || Ok((RULES_FILE.to_owned(), RULES_TEXT.to_owned()));
    let (file, text) = args.rules.as_deref().map_or_else(builtin, text_of)?;
    let starts = args.from.unwrap_or_else(|| now.local_date());
    match sign_next(&installation, args.of.authority, (&file, &text), (stage, starts), now) {
        Ok(version) => said(&version, args.output, "signed"),
        Err(NotMade::Faults(faults)) => tell(&faults, args.output),
        Err(NotMade::Failure(failure)) => Err(failure),
    }
}

/// Signs the rules that were in force before the newest once more.
pub fn rollback(args: &VersionArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.of.installation.open()?, args.at.time());
    let versions = read_versions(&installation, args.of.authority)?;
    let newest = versions.last().ok_or_else(|| Failure::new("no version was ever signed here"))?;
    // A trial ends by the rules in force, signed again; rules in force by those before them.
    let before = versions
        .iter()
        .rev()
        .skip_while(|version| newest.stage == Stage::Full && version.text == newest.text);
    let earlier = before.into_iter().find(|version| version.stage == Stage::Full).ok_or_else(|| {
        Failure::new("there are no earlier rules to go back to; activate others with `baypass risk activate`")
    })?;
    let version = sign_earlier(&installation, earlier, now)?;
    said(&version, args.output, &format!("goes back to version {} and is signed", earlier.number))
}

/// Signs the rules that run once more, with the key that is used now.
pub fn renew(args: &VersionArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.of.installation.open()?, args.at.time());
    let renewed = risk_rules::renew(&installation, args.of.authority, now)?;
    if renewed.is_empty() {
        return Err(Failure::new("no version was ever signed here; `baypass risk activate` signs one"));
    }
    if args.output.json {
        failure::print_json(&json!({"versions": renewed.iter().map(row).collect::<Vec<_>>()}))?;
        return Ok(Ended::Done);
    }
    renewed
        .iter()
        .try_for_each(|version| said(version, args.output, "signed anew").map(drop))
        .map(|()| Ended::Done)
}

/// The versions of an authority, the newest last.
pub fn list(args: &VersionArgs) -> Result<Ended, Failure> {
    let (installation, code) = (args.of.installation.open()?, args.of.authority);
    let versions = read_versions(&installation, code)?;
    let in_force =
        versions.iter().rev().find(|version| version.stage == Stage::Full).map(|version| version.number);
    if args.output.json {
        let rows: Vec<Value> = versions.iter().map(row).collect();
        failure::print_json(&json!({"authority": code, "in_force": in_force, "versions": rows}))?;
        return Ok(Ended::Done);
    }
    for version in &versions {
        let mark = if Some(version.number) == in_force { "  <- in force" } else { "" };
        failure::print(&format!("{}{mark}\n", line(version)))?;
    }
    if in_force.is_none() {
        failure::print(&format!(
            "{code}: no rules are in force, so an officer looks at every traveller; bring some into force with `baypass risk activate`\n"
        ))?;
    }
    Ok(Ended::Done)
}

fn name_of(version: &RulesVersion) -> String {
    let name = version.text.lines().find_map(|line| line.strip_prefix("name = "));
    name.map_or_else(String::new, |name| name.trim_matches('"').to_owned())
}

fn row(version: &RulesVersion) -> Value {
    let share = match version.stage {
        Stage::Canary { share } => Some(share),
        Stage::Shadow | Stage::Full => None,
    };
    json!({"number": version.number, "name": name_of(version), "stage": version.stage.as_str(), "share": share,
           "from": version.starts, "made": version.made})
}

fn line(version: &RulesVersion) -> String {
    let stage = match version.stage {
        Stage::Canary { share } => format!("canary at {share} of 1000 lanes"),
        Stage::Shadow | Stage::Full => version.stage.as_str().to_owned(),
    };
    format!("version {}: {}, {stage}, from {}", version.number, name_of(version), version.starts)
}

fn said(version: &RulesVersion, output: Output, what: &str) -> Result<Ended, Failure> {
    if output.json {
        failure::print_json(&row(version))?;
    } else {
        failure::print(&format!(
            "{}: {what}. A running authority takes it within its next round; a stopped one when it starts.\n",
            line(version)
        ))?;
    }
    Ok(Ended::Done)
}

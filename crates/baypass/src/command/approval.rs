//! `baypass approval`: what the supervisory authorities allow, signed by each of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use gate::Clock as _;
use serde_json::json;
use trust::{Approval, Face};

use super::{InstallationArgs, ListArgs};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::approval_file::ApprovalFile;
use crate::install::lists;
use crate::serve::TrialClock;

/// The commands about approvals.
#[derive(Subcommand)]
pub enum ApprovalCommand {
    /// Every approval, with what it allows.
    List(ListArgs),
    /// Has the supervisors of every jurisdiction concerned sign an approval, and publishes it.
    Add(AddArgs),
    /// Takes an approval back.
    Withdraw(WithdrawArgs),
}

/// What `approval add` takes.
#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The approval as JSON; `approval list --json` shows one.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

/// What `approval withdraw` takes.
#[derive(Args)]
pub struct WithdrawArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The approval to withdraw.
    #[arg(long)]
    id: String,
}

impl ApprovalCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args),
            Self::Add(args) => add(args),
            Self::Withdraw(args) => withdraw(args),
        }
    }
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let trust = lists::trust(&installation, now)?;
    let mut rows = Vec::new();
    for (id, bundle) in lists::approvals(&installation)? {
        rows.push((id, Approval::open(&bundle, &trust, now)));
    }
    if args.output.json {
        let list: Vec<_> = rows
            .iter()
            .map(|(id, opened)| match opened {
                Ok(a) => {
                    let in_force = Some(a.in_force(now.local_date()));
                    let (number, withdrawn) = (Some(a.number), Some(a.withdrawn));
                    json!(ApprovalFile { in_force, number, withdrawn, ..ApprovalFile::of(a) })
                }
                Err(error) => json!({"id": id, "refused": error.to_string()}),
            })
            .collect();
        failure::print_json(&json!({"approvals": list}))?;
        return Ok(Ended::Done);
    }
    for (id, opened) in rows {
        let line = match opened {
            Ok(a) => words(&id, &a),
            Err(error) => format!("{id}\n  REFUSED: {error}\n"),
        };
        failure::print(&line)?;
    }
    Ok(Ended::Done)
}

/// An approval as people read it.
fn words(id: &str, a: &Approval) -> String {
    let signed: Vec<_> = a.jurisdictions.iter().map(|j| j.code()).collect();
    let mut text = format!(
        "{id}, text {}{}\n  {}, {} to {}, minutes {} to {} of the day, signed by {}\n  assessment {}, records kept {} days\n",
        a.number,
        if a.withdrawn { ", WITHDRAWN" } else { "" },
        a.scenario,
        a.from,
        a.to,
        a.hours.0,
        a.hours.1,
        signed.join(" and "),
        a.assessment,
        a.retention_days,
    );
    if let Some(terms) = &a.terms {
        let face = match &terms.face {
            Face::NotCompared => "no face is compared".to_owned(),
            Face::Compared { other_way } => format!("a face may be compared, or: {other_way}"),
        };
        let (claims, purposes) = (a.claims.join(", "), terms.purposes.join(", "));
        text += &format!("  claims {claims}; for {purposes}; {face}\n");
    }
    let ports = a.ports.iter().map(ToString::to_string);
    let venues = a.terms.iter().flat_map(|terms| &terms.venues).map(ToString::to_string);
    let places: Vec<_> = ports.chain(venues).collect();
    format!("{text}  {}\n", places.join(", "))
}

fn add(args: &AddArgs) -> Result<Ended, Failure> {
    let (installation, file) = (args.installation.open()?, &args.file);
    let _hold = installation.hold()?;
    let bytes = failure::read(file, 64 * 1024)?;
    let read: ApprovalFile = serde_json::from_slice(&bytes).map_err(|error| {
        Failure::new(format!(
            "{}: {error}; `baypass approval list --json` shows one with every field",
            file.display()
        ))
    })?;
    lists::add_approval(&installation, &read, TrialClock::of(&installation).now())?;
    failure::print(&format!("approval {} signed by every jurisdiction concerned\n", read.id))?;
    Ok(Ended::Done)
}

fn withdraw(args: &WithdrawArgs) -> Result<Ended, Failure> {
    let (installation, id) = (args.installation.open()?, &args.id);
    let _hold = installation.hold()?;
    lists::withdraw_approval(&installation, id, TrialClock::of(&installation).now())?;
    failure::print(&format!("approval {id} withdrawn: it covers nothing from now on\n"))?;
    Ok(Ended::Done)
}

//! `baypass approval`: what the supervisory authorities allow, signed by each of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use documents::AuthorityCode;
use gate::Clock as _;
use serde_json::json;
use trust::Approval;

use super::{InstallationArgs, ListArgs};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::lists::{self, ApprovalFile};
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
                    let ports: Vec<_> = a.ports.iter().map(documents::PortId::as_str).collect();
                    json!({
                        "id": a.id, "scenario": a.scenario, "jurisdictions": a.jurisdictions, "ports": ports,
                        "from": a.from, "to": a.to, "hours": a.hours, "claims": a.claims,
                        "retention_days": a.retention_days, "assessment": a.assessment,
                        "filings": pairs(&a.filings), "probe_grounds": pairs(&a.probe_grounds),
                        "in_force": a.in_force(now.local_date()),
                        "number": a.number, "withdrawn": a.withdrawn,
                    })
                }
                Err(error) => json!({"id": id, "refused": error.to_string()}),
            })
            .collect();
        failure::print_json(&json!({"approvals": list}))?;
        return Ok(Ended::Done);
    }
    for (id, opened) in rows {
        let line = match opened {
            Ok(a) => {
                let ports: Vec<_> = a.ports.iter().map(documents::PortId::as_str).collect();
                let signed: Vec<_> = a.jurisdictions.iter().map(|j| j.code()).collect();
                format!(
                    "{id}, text {}{}\n  {}, {} to {}, minutes {} to {} of the day, signed by {}\n  assessment {}, records kept {} days\n  {}\n",
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
                    ports.join(", ")
                )
            }
            Err(error) => format!("{id}\n  REFUSED: {error}\n"),
        };
        failure::print(&line)?;
    }
    Ok(Ended::Done)
}

fn pairs(list: &[(AuthorityCode, String)]) -> serde_json::Map<String, serde_json::Value> {
    list.iter().map(|(code, text)| (code.code().to_owned(), json!(text))).collect()
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

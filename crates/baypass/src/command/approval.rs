//! `baypass approval`: what the supervisory authorities allow, signed by each of them.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use documents::AuthorityCode;
use gate::Clock as _;
use serde_json::json;
use trust::{Approval, Face};

use super::{At, InstallationArgs, ListArgs};
use crate::Ended;
use crate::failure::{self, Failure};
use crate::install::approval_file::ApprovalFile;
use crate::install::{approvals, lists};
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
    /// Has supervisors sign the approvals in force once more, the same texts, with the key that they use now: after `keys rotate --role
    /// approval`, or a theft.
    Renew(RenewArgs),
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

/// What `approval renew` takes.
#[derive(Args)]
pub struct RenewArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// The supervisors of one authority alone; default: of all three.
    #[arg(long, value_name = "CODE")]
    authority: Option<AuthorityCode>,
    /// One approval alone. One that does not count any more, since a key that signed it was stolen or has ended, is signed only by its
    /// name: look at its text first.
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    at: At,
}

impl ApprovalCommand {
    /// Runs the command.
    pub fn run(&self) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args),
            Self::Add(args) => add(args),
            Self::Withdraw(args) => withdraw(args),
            Self::Renew(args) => renew(args),
        }
    }
}

fn list(args: &ListArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let trust = lists::trust(&installation, now)?;
    let mut rows = Vec::new();
    for (id, bundle) in approvals::all(&installation)? {
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
    approvals::add(&installation, &read, TrialClock::of(&installation).now())?;
    failure::print(&format!("approval {} signed by every jurisdiction concerned\n", read.id))?;
    Ok(Ended::Done)
}

fn withdraw(args: &WithdrawArgs) -> Result<Ended, Failure> {
    let (installation, id) = (args.installation.open()?, &args.id);
    let _hold = installation.hold()?;
    approvals::withdraw(&installation, id, TrialClock::of(&installation).now())?;
    failure::print(&format!("approval {id} withdrawn: it covers nothing from now on\n"))?;
    Ok(Ended::Done)
}

fn renew(args: &RenewArgs) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let _hold = installation.hold()?;
    let codes = args.authority.map_or_else(|| AuthorityCode::ALL.to_vec(), |code| vec![code]);
    let renewed = approvals::renew(&installation, &codes, args.id.as_deref(), now)?;
    for (approval, by) in &renewed.signed {
        let by: Vec<_> = by.iter().map(|code| code.code()).collect();
        failure::print(&format!("{}  signed anew by {}\n", words(&approval.id, approval), by.join(" and ")))?;
    }
    for (id, why) in &renewed.left {
        failure::print(&format!(
            "{id}\n  LEFT, it does not count as it is: {why}\n  look at its text, then: baypass approval renew --id {id}\n"
        ))?;
    }
    if renewed.signed.is_empty() && renewed.left.is_empty() {
        failure::print("every approval that is not over is signed with the keys in use\n")?;
    }
    Ok(if renewed.left.is_empty() { Ended::Done } else { Ended::Refused })
}

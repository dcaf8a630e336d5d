//! `baypass reservations`: passages that wait for an officer of one authority, and what they found out.
//!
//! The authority's process must be stopped for it; one that runs is asked over HTTP (`/v1/unresolved`, `/v1/conflicts`,
//! `/v1/settlements`).

use std::path::Path;

use ::officers::Deed;
use authority::Settlement;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use super::{At, AuthorityArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};

/// The commands about what waits for an officer.
#[derive(Subcommand)]
pub enum ReservationsCommand {
    /// Passages whose end nobody knows, and events of gates that contradict the ledger.
    List(ListArgs),
    /// Writes down what an officer found out about one of them. What went through counts from then on.
    Settle(SettleArgs),
}

/// What `reservations list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `reservations settle` takes.
#[derive(Args)]
pub struct SettleArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    /// The id that `reservations list` shows.
    #[arg(long, value_name = "HEX")]
    id: String,
    /// What happened.
    #[arg(long = "as", value_name = "OUTCOME")]
    outcome: Outcome,
    /// Who found it out.
    #[arg(long, value_name = "NAME")]
    officer: String,
    /// How they know.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    at: At,
}

/// What an officer can find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Outcome {
    /// The traveller went through: it is counted.
    Passed,
    /// The traveller did not go through: nothing is counted.
    NotPassed,
    /// It is noted, and changes nothing.
    Noted,
}

impl ReservationsCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args, models).await,
            Self::Settle(args) => settle(args, models).await,
        }
    }
}

async fn list(args: &ListArgs, models: &Path) -> Result<Ended, Failure> {
    let (code, now) = (args.of.authority, args.at.time());
    let (service, _lock) = args.of.open_service(models, now).await?;
    let waiting = service.unresolved(now).await.map_err(of)?;
    let conflicts = service.conflicts().await.map_err(of)?;
    if args.output.json {
        let waiting: Vec<_> = waiting
            .iter()
            .map(|one| json!({"id": hex::encode(one.id.as_bytes()), "lane": one.lane, "direction": one.direction.to_string(), "since": one.since}))
            .collect();
        let conflicts: Vec<_> = conflicts
            .iter()
            .map(|one| {
                let verdicts: Vec<_> = one.verdicts.iter().map(hex::encode).collect();
                json!({"id": hex::encode(one.event.id), "lane": one.event.gate, "code": one.event.code,
                    "told": one.told.map(|(passage, at)| json!({"passage": passage.as_str(), "at": at})),
                    "heard": one.event.heard_at, "event": hex::encode(&one.event.event), "verdicts": verdicts})
            })
            .collect();
        failure::print_json(&json!({"authority": code, "unresolved": waiting, "conflicts": conflicts}))?;
        return Ok(Ended::Done);
    }
    if waiting.is_empty() && conflicts.is_empty() {
        failure::print(&format!("{code}: nothing waits for an officer\n"))?;
        return Ok(Ended::Done);
    }
    for one in waiting {
        let (id, since) = (hex::encode(one.id.as_bytes()), one.since);
        failure::print(&format!(
            "{id}  {} at {}: nobody knows whether the traveller went through; since {since}\n",
            one.direction, one.lane
        ))?;
    }
    for one in conflicts {
        let told =
            one.told.map_or_else(String::new, |(passage, at)| format!(" ({} at {at})", passage.as_str()));
        failure::print(&format!(
            "{}  {}: {}{told}; {}\n",
            hex::encode(one.event.id),
            one.event.gate,
            one.event.code,
            meaning(&one.event.code)
        ))?;
    }
    failure::print("Settle each with `baypass reservations settle --id ID --as passed|not-passed|noted`.\n")?;
    Ok(Ended::Done)
}

/// What a conflict's code means to an officer.
fn meaning(code: &str) -> &'static str {
    match code {
        "after_release" => "the gate had said before that the traveller did not go through",
        "after_passage" => "the passage was counted before, and the gate now says otherwise",
        "not_admitted" => "this authority admitted nobody for it",
        "part_forged" => "a part was shown that this authority never made: its keys are known to others",
        "not_judged" => "the gate names a verdict or a face that was not judged here",
        _ => "the gate and the ledger tell it differently",
    }
}

async fn settle(args: &SettleArgs, models: &Path) -> Result<Ended, Failure> {
    let now = args.at.time();
    let id = hex::decode(&args.id)
        .map_err(|_| Failure::new("the id is not hexadecimal; copy it from `baypass reservations list`"))?;
    let (service, _lock) = args.of.open_service(models, now).await?;
    let outcome = match args.outcome {
        Outcome::Passed => Settlement::Passed,
        Outcome::NotPassed => Settlement::NotPassed,
        Outcome::Noted => Settlement::Noted,
    };
    args.of.put_on_record((Deed::Settle.word(), &hex::encode(&id)), now)?;
    service.settle(&id, outcome, (&args.officer, &args.reason), now).await.map_err(of)?;
    let said = match args.outcome {
        Outcome::Passed => "settled: the traveller went through, and it is counted",
        Outcome::NotPassed => "settled: the traveller did not go through, and nothing is counted",
        Outcome::Noted => "noted; nothing else was changed",
    };
    failure::print(&format!("{said}\n"))?;
    Ok(Ended::Done)
}

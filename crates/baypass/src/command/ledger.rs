//! `baypass ledger`: what an authority has written.

use std::path::Path;

use authority::LedgerRow;
use clap::{Args, Subcommand};
use documents::Side;
use serde_json::json;

use super::{At, AuthorityArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::acts;
use crate::install::parties::Parties;

/// The commands about a ledger.
#[derive(Subcommand)]
pub enum LedgerCommand {
    /// What an authority has written: passages on its own side, and what it was told by notice.
    List(ListArgs),
    /// Lets a gate's events go on from a later number, where this ledger lost more than the gate keeps. What is missing
    /// has to be written in by hand.
    Rejoin(RejoinArgs),
}

/// What `ledger rejoin` takes.
#[derive(Args)]
pub struct RejoinArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    /// The gate, such as hengqin/CHN-MAC.
    #[arg(long)]
    gate: String,
    /// The number of the event with which it goes on: the first that the gate still has.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=9_223_372_036_854_775_807))]
    number: u64,
    #[command(flatten)]
    at: At,
}

/// What `ledger list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    of: AuthorityArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl LedgerCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::List(args) => list(args, models).await,
            Self::Rejoin(args) => rejoin(args, models).await,
        }
    }
}

async fn rejoin(args: &RejoinArgs, models: &Path) -> Result<Ended, Failure> {
    let now = args.at.time();
    let (service, _lock) = args.of.open_service(models, now).await?;
    args.of.put_on_record((acts::REJOIN_GATE, &format!("{} {}", args.gate, args.number)), now)?;
    service.rejoin_gate(&args.gate, args.number, now).await.map_err(of)?;
    failure::print(&format!(
        "{}: events of {} go on with number {}; write in by hand what is missing before it\n",
        args.of.authority, args.gate, args.number
    ))?;
    Ok(Ended::Done)
}

async fn list(args: &ListArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, code, now) = (args.of.installation.open()?, args.of.authority, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let service = parties.service(code)?;
    let entries = service.ledger().await.map_err(of)?;
    let waiting = service.unresolved(now).await.map_err(of)?;
    let side = |row: &LedgerRow| row.entry.direction.side_of(code).filter(|_| !row.entry.is_noticed());
    if args.output.json {
        let list: Vec<_> = entries
            .iter()
            .map(|row| {
                let entry = &row.entry;
                let (from, to) = (entry.direction.from(), entry.direction.to());
                json!({"person": person(row), "at": row.at, "port": entry.port.as_str(), "from": from, "to": to,
                    "side": side(row), "by_notice": entry.is_noticed(), "spent": entry.spends.is_some()})
            })
            .collect();
        let waiting: Vec<_> =
            waiting.iter().map(|one| json!({"lane": one.lane, "since": one.since})).collect();
        let count = |wanted| entries.iter().filter(|row| side(row) == Some(wanted)).count();
        failure::print_json(
            &json!({"authority": code, "exits": count(Side::Exit), "entries": count(Side::Entry), "movements": list, "unresolved": waiting}),
        )?;
        return Ok(Ended::Done);
    }
    failure::print(&format!(
        "{code}: {} movements (persons by the first bytes of this authority's own key)\n",
        entries.len()
    ))?;
    for row in &entries {
        let (at, direction, port) = (row.at, row.entry.direction, row.entry.port.as_str());
        let what = side(row).map_or("by notice", |side| if side == Side::Exit { "exit" } else { "entry" });
        let spent = if row.entry.spends.is_some() { ", an entry spent" } else { "" };
        failure::print(&format!("{at}  {}  {direction} at {port}  {what}{spent}\n", person(row)))?;
    }
    for one in waiting {
        let (lane, since) = (one.lane, one.since);
        failure::print(&format!("UNRESOLVED since {since} at {lane}: an officer finds out what happened\n"))?;
    }
    Ok(Ended::Done)
}

/// The first bytes of the authority's own key of the person.
fn person(row: &LedgerRow) -> String {
    hex::encode(row.person.as_bytes().split_at(4).0)
}

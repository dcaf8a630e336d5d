//! `baypass ledger`: what an authority has written.

use std::path::Path;

use clap::{Args, Subcommand};
use documents::{AuthorityCode, Side};
use serde_json::json;

use super::{At, InstallationArgs, Output};
use crate::Ended;
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;

/// The commands about a ledger.
#[derive(Subcommand)]
pub enum LedgerCommand {
    /// What an authority has written: passages on its own side, and what it was told by notice.
    List(ListArgs),
}

/// What `ledger list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long)]
    authority: AuthorityCode,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl LedgerCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        let Self::List(args) = self;
        list(args, models).await
    }
}

async fn list(args: &ListArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, code, now) = (args.installation.open()?, args.authority, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let service = parties.service(code)?;
    let entries = service.ledger().await.map_err(of)?;
    let waiting = service.unresolved(now).await.map_err(of)?;
    let mut rows = Vec::new();
    for (person, at, entry) in &entries {
        let direction = entry.direction().map_err(of)?;
        let side = direction.side_of(code).filter(|_| !entry.is_noticed());
        rows.push((person, at, entry.port().map_err(of)?, direction, side, entry));
    }
    if args.output.json {
        let list: Vec<_> = rows
            .iter()
            .map(|(person, at, port, direction, side, entry)| {
                json!({"person": person, "at": at, "port": port.as_str(), "from": direction.from(), "to": direction.to(), "side": side, "by_notice": entry.is_noticed(), "spent": entry.spent()})
            })
            .collect();
        let waiting: Vec<_> =
            waiting.iter().map(|(lane, since)| json!({"lane": lane, "since": since})).collect();
        let count = |wanted| rows.iter().filter(|(.., side, _)| *side == Some(wanted)).count();
        failure::print_json(
            &json!({"authority": code, "exits": count(Side::Exit), "entries": count(Side::Entry), "movements": list, "unresolved": waiting}),
        )?;
        return Ok(Ended::Done);
    }
    failure::print(&format!(
        "{code}: {} movements (persons by the first bytes of this authority's own key)\n",
        rows.len()
    ))?;
    for (person, at, port, direction, side, entry) in rows {
        let what = side.map_or("by notice", |side| if side == Side::Exit { "exit" } else { "entry" });
        let spent = if entry.spent() { ", an entry spent" } else { "" };
        failure::print(&format!("{at}  {person}  {direction} at {port}  {what}{spent}\n"))?;
    }
    for (lane, since) in waiting {
        failure::print(&format!("UNRESOLVED since {since} at {lane}: an officer finds out what happened\n"))?;
    }
    Ok(Ended::Done)
}

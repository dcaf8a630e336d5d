//! `baypass wallet receipts`: what was shown at which desk, and what each of them keeps until when.

use std::fmt::Write as _;

use clap::Args;
use credential::venue::ClaimSet;
use serde_json::json;

use super::consent;
use super::register::receipt_json;
use crate::Ended;
use crate::command::{InstallationArgs, Output, ResidentArgs};
use crate::failure::{self, Failure};

/// What `wallet receipts` takes.
#[derive(Args)]
pub struct ReceiptsArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    #[command(flatten)]
    output: Output,
}

/// Runs `wallet receipts`.
pub fn run(args: &ReceiptsArgs) -> Result<Ended, Failure> {
    let installation = args.installation.open()?;
    let wallet = args.resident.wallet(&installation)?;
    let (mut listed, mut page) = (Vec::new(), String::new());
    for one in wallet.venues().registrations() {
        let (receipt, shown) = (one.receipt()?, one.shown.iter().copied().collect::<ClaimSet>());
        let _ = writeln!(
            page,
            "{}  {} ({}, {}): {}",
            one.at,
            one.venue,
            consent::scenario(one.scenario),
            one.purpose,
            consent::words(&shown)
        );
        let _ = match &receipt {
            Some(receipt) => write!(page, "  {}", consent::receipt(receipt)),
            None => writeln!(
                page,
                "  shown to the desk's camera: no receipt; it asked to keep this for {} days",
                one.retention_days
            ),
        };
        listed.push(json!({
            "venue": one.venue, "authority": one.authority, "scenario": one.scenario, "purpose": one.purpose,
            "approval": one.approval, "retention_days": one.retention_days, "shown": one.shown, "at": one.at,
            "request": hex::encode(one.request()), "receipt": receipt.as_ref().map(receipt_json),
        }));
    }
    if args.output.json {
        failure::print_json(&json!({"resident": wallet.resident, "registrations": listed}))?;
    } else if page.is_empty() {
        failure::print("nothing was shown at a desk yet\n")?;
    } else {
        failure::print(&page)?;
    }
    Ok(Ended::Done)
}

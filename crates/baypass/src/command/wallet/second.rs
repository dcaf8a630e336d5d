//! `baypass wallet second-enrolment`: whether another wallet enrolled as the same holder, and what this one says to it.

use std::path::Path;

use authority::{Decided, PendingError};
use clap::Args;
use serde_json::json;

use crate::Ended;
use crate::command::{At, InstallationArgs, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;

/// What `wallet second-enrolment` takes.
#[derive(Args)]
pub struct SecondArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// The new wallet may take this one's place at once.
    #[arg(long, conflicts_with = "object")]
    agree: bool,
    /// The new wallet ends; this one stays.
    #[arg(long)]
    object: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Runs `wallet second-enrolment`.
pub async fn run(args: &SecondArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let wallet = args.resident.wallet(&installation)?;
    let (mut told, mut lines) = (Vec::new(), String::new());
    for authority in wallet.enrolled_at() {
        let (service, own) = (parties.service(authority)?, wallet.session(authority)?);
        let record = service.own_record(&own.secret, now).await.map_err(of)?;
        let Some((at, until)) = record.second else { continue };
        let decided = match (args.agree, args.object) {
            (true, _) => Some(Decided::Accepted),
            (false, true) => Some(Decided::Rejected),
            (false, false) => None,
        };
        if let Some(decided) = decided {
            match service.answer_second_enrolment(&own.secret, decided, now).await {
                Ok(()) | Err(PendingError::NothingWaits) => {}
                Err(error) => return Err(of(error)),
            }
        }
        let what = match decided {
            Some(Decided::Accepted) => "agreed: the new wallet is in force, this one has ended",
            Some(Decided::Rejected) => "objected: the new wallet has ended, this one stays",
            None => "say --agree if it is yours, --object if it is not",
        };
        lines += &format!(
            "{authority}: another wallet enrolled at {at}; it comes into force at {until}; {what}\n"
        );
        told.push(json!({"authority": authority, "at": at, "until": until, "agreed": args.agree, "objected": args.object}));
    }
    if args.output.json {
        failure::print_json(&json!({"resident": wallet.resident, "waiting": told}))?;
    } else if lines.is_empty() {
        failure::print("no other wallet waits for this holder\n")?;
    } else {
        failure::print(&lines)?;
    }
    Ok(Ended::Done)
}

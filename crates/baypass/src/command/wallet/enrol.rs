//! `baypass wallet enrol`: a pass, and the first tokens.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::Ended;
use crate::command::{At, InstallationArgs, ONE_PROCESS, Output, ResidentArgs};
use crate::failure::{self, Failure};
use crate::install::parties::Parties;

/// What `wallet enrol` takes.
#[derive(Args)]
pub struct EnrolArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// A photo of the person now.
    #[arg(long, value_name = "FILE")]
    selfie: PathBuf,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Runs `wallet enrol`.
pub async fn run(args: &EnrolArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let selfie = failure::read(&args.selfie, code::picture::MAX_FILE_BYTES)?;
    let parties = Parties::open(&installation, models, now).await?;
    let mut wallet = args.resident.wallet(&installation)?;
    let at = wallet.enrol(&parties.services, &selfie, now).await?;
    wallet.fetch(&parties.services, now).await?;
    wallet.save(&installation)?;
    let tokens = wallet.tokens_left(now);
    if args.output.json {
        failure::print_json(
            &json!({"resident": wallet.resident, "enrolled_at": at, "tokens": tokens, "one_process": true}),
        )?;
    } else {
        let at: Vec<_> = at.iter().map(|code| code.code()).collect();
        failure::print(&format!(
            "resident {} has a pass of {}; {tokens} tokens fetched\n{ONE_PROCESS}",
            wallet.resident,
            at.join(" and ")
        ))?;
    }
    Ok(Ended::Done)
}

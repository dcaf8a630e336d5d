//! `baypass wallet enrol`: a pass, and the first tokens.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::Ended;
use crate::command::{At, InstallationArgs, ONE_PROCESS, Output, ResidentArgs};
use crate::failure::{self, Failure};
use crate::install::parties::Parties;
use crate::wallet::Wallet;

/// What `wallet enrol` takes.
#[derive(Args)]
pub struct EnrolArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// The one-time code of an office (`baypass resident invite`); give one for each authority that issued a card.
    #[arg(long = "invitation", value_name = "CODE")]
    invitations: Vec<String>,
    /// A photo of the person now: taken from a file where the installation simulates cameras, and nowhere else.
    #[arg(long, value_name = "FILE")]
    selfie: PathBuf,
    /// On the phone of this resident, who carries the pass (`baypass resident carer add`, docs/carer.md) and has one of their own.
    #[arg(long, value_name = "RESIDENT")]
    carer: Option<String>,
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
    let (services, invitations) = (&parties.services, &args.invitations);
    let at = match &args.carer {
        Some(carer) => {
            let carer = Wallet::find(&installation, carer)?;
            wallet.enrol_on_phone_of(&carer, services, &selfie, invitations, now).await?
        }
        None => wallet.enrol(services, &selfie, invitations, now).await?,
    };
    let waits_until = at.iter().filter_map(|(_, until)| *until).max();
    // Kept before tokens are fetched: a secret that waits is one too.
    wallet.save(&installation)?;
    if waits_until.is_none() {
        let fetched = wallet.fetch(&parties.services, now).await;
        // Whatever came: keys may wait for their tokens.
        wallet.save(&installation)?;
        fetched?;
    }
    let at: Vec<_> = at.into_iter().map(|(code, _)| code).collect();
    let tokens = wallet.tokens_left(now);
    if args.output.json {
        failure::print_json(
            &json!({"resident": wallet.resident, "enrolled_at": at, "tokens": tokens, "waits_until": waits_until,
                "simulated_camera": true, "one_process": true}),
        )?;
    } else {
        let at: Vec<_> = at.iter().map(|code| code.code()).collect();
        if let Some(until) = waits_until {
            return failure::print(&format!(
                "resident {} has another wallet in force; this one waits until {until}, or until that one agrees \
                 (`baypass wallet second-enrolment --agree`)\n{ONE_PROCESS}",
                wallet.resident
            ))
            .map(|()| Ended::Done);
        }
        failure::print(&format!(
            "resident {} has a pass of {}; {tokens} tokens fetched\n(The picture came from a file: a simulated camera.)\n\
             {ONE_PROCESS}",
            wallet.resident,
            at.join(" and ")
        ))?;
    }
    Ok(Ended::Done)
}

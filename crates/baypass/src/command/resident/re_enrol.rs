//! `baypass resident re-enrol`: templates of the installed face model for every registered photo.

use std::path::Path;

use clap::Args;
use documents::AuthorityCode;
use serde_json::json;

use crate::Ended;
use crate::command::{At, InstallationArgs, Output};
use crate::failure::{self, Failure, of};
use crate::install::acts::{self, Office};
use crate::install::parties::Parties;
use crate::progress::Progress;

/// What `resident re-enrol` takes.
#[derive(Args)]
pub struct ReEnrolArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// One authority alone; default: all three.
    #[arg(long)]
    authority: Option<AuthorityCode>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// Runs `resident re-enrol`.
pub async fn run(args: &ReEnrolArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let (mut rows, mut text) = (Vec::new(), String::new());
    for code in AuthorityCode::ALL.into_iter().filter(|code| args.authority.is_none_or(|only| only == *code))
    {
        let service = parties.service(code)?;
        installation.put_on_record(&Office::authority(code), (acts::RENEW_TEMPLATES, ""), now)?;
        let total = service.templates_to_renew().await.map_err(of)?;
        let progress = Progress::start("resident re-enrol: photos", total);
        let (mut after, mut described, mut without) = (Vec::new(), 0_usize, Vec::new());
        while let Some(renewed) = service.renew_template(&after).await.map_err(of)? {
            progress.step();
            if renewed.described {
                described += 1;
            } else {
                without.push(hex::encode(&renewed.key));
            }
            after = renewed.key;
        }
        text.push_str(&format!(
            "{code}: {described} described anew, {} without a usable face\n",
            without.len()
        ));
        for key in &without {
            text.push_str(&format!(
                "  person {key}: the photo shows no single face; take a new one at an office\n"
            ));
        }
        rows.push(
            json!({ "authority": code, "to_renew": total, "described": described, "without_face": without }),
        );
    }
    if args.output.json {
        failure::print_json(&json!({ "authorities": rows }))?;
    } else {
        failure::print(&text)?;
    }
    Ok(Ended::Done)
}

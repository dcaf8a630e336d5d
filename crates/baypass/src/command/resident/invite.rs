//! `baypass resident invite`, `enrolments`, `decide-enrolment`: what an officer at a counter does about enrolling. While an
//! authority serves, its own doors do the same (`POST /v1/residents/invite`, `/v1/residents/second-enrolments`).

use std::path::Path;

use ::officers::Deed;
use authority::Decided;
use clap::Args;
use documents::{AuthorityCode, DocumentNumber};
use serde_json::json;

use crate::Ended;
use crate::command::{At, AuthorityArgs, InstallationArgs, Output, open_one};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;
use crate::wallet::Wallet;

/// What `resident invite` takes.
#[derive(Args)]
pub struct InviteArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    /// CHN, HKG or MAC.
    #[arg(long, requires = "number", required_unless_present = "resident")]
    authority: Option<AuthorityCode>,
    /// The number of a document of the resident that this authority issued.
    #[arg(long, value_name = "NUMBER", requires = "authority")]
    number: Option<String>,
    /// Instead: a code of each authority that issued a card on which a pass rests; the number that `resident add` printed,
    /// or any document number.
    #[arg(long, conflicts_with_all = ["authority", "number"])]
    resident: Option<String>,
    /// The officer saw the holder and their document: a pass in force ends when the code is used, without the wait that a
    /// second enrolment has otherwise.
    #[arg(long)]
    replaces: bool,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `resident enrolments` takes.
#[derive(Args)]
pub struct EnrolmentsArgs {
    #[command(flatten)]
    authority: AuthorityArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `resident decide-enrolment` takes.
#[derive(Args)]
#[group(id = "decision", required = true, multiple = false, args = ["accept", "reject"])]
pub struct DecideArgs {
    #[command(flatten)]
    authority: AuthorityArgs,
    /// The number of a document of the resident that this authority issued.
    #[arg(long, value_name = "NUMBER")]
    number: String,
    /// The new wallet takes the place of the earlier one now.
    #[arg(long)]
    accept: bool,
    /// The new wallet ends; the earlier one stays.
    #[arg(long)]
    reject: bool,
    #[command(flatten)]
    at: At,
}

fn numbered(text: &str) -> Result<DocumentNumber, Failure> {
    DocumentNumber::recognise(text).map_err(of)
}

/// Runs `resident invite`.
pub async fn invite(args: &InviteArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let mut made = Vec::new();
    if let Some(resident) = &args.resident {
        let parties = Parties::open(&installation, models, now).await?;
        for (issuer, card) in Wallet::find(&installation, resident)?.vouchers() {
            let (service, number) = (parties.service(issuer)?, card.parsed()?);
            installation.put_on_record_of(service, (Deed::Invite.word(), &number), now)?;
            made.push((issuer, service.invite(&number, args.replaces, now).await.map_err(of)?));
        }
    } else if let (Some(authority), Some(number)) = (args.authority, &args.number) {
        let (service, _lock) = open_one(&installation, authority, models, now).await?;
        let number = numbered(number)?;
        installation.put_on_record_of(&service, (Deed::Invite.word(), &number), now)?;
        made.push((authority, service.invite(&number, args.replaces, now).await.map_err(of)?));
    }
    let (mut rows, mut text) = (Vec::new(), String::new());
    for (authority, made) in made {
        let (code, expires) = (made.code.printed(), made.expires);
        text += &format!("invitation {code} ({authority}) counts once, until {expires}\n");
        rows.push(json!({"authority": authority, "invitation": code, "expires": expires, "made": made.made}));
    }
    if args.output.json {
        failure::print_json(&json!({"invitations": rows, "replaces": args.replaces}))?;
    } else {
        failure::print(&format!("{text}an earlier one counts no more\n"))?;
    }
    Ok(Ended::Done)
}

/// Runs `resident enrolments`.
pub async fn enrolments(args: &EnrolmentsArgs, models: &Path) -> Result<Ended, Failure> {
    let now = args.at.time();
    let (service, _lock) = args.authority.open_service(models, now).await?;
    let waiting = service.second_enrolments(now).await.map_err(of)?;
    if args.output.json {
        let rows = waiting.iter().map(|one| {
            let documents: Vec<_> =
                one.documents.iter().map(|(kind, last4)| json!({"kind": kind, "last4": last4})).collect();
            json!({"name": one.name, "documents": documents, "at": one.made_at, "until": one.due_at})
        });
        failure::print_json(&json!({"waiting": rows.collect::<Vec<_>>()}))?;
        return Ok(Ended::Done);
    }
    let mut text = String::new();
    for one in &waiting {
        let documents = one.documents.iter().map(|(kind, last4)| format!("{} ..{last4}", kind.as_str()));
        text += &format!(
            "{} ({}): enrolled again at {}, in force at {}\n",
            one.name,
            documents.collect::<Vec<_>>().join(", "),
            one.made_at,
            one.due_at
        );
    }
    failure::print(if text.is_empty() { "no second enrolment waits\n" } else { &text })?;
    Ok(Ended::Done)
}

/// Runs `resident decide-enrolment`.
pub async fn decide(args: &DecideArgs, models: &Path) -> Result<Ended, Failure> {
    let now = args.at.time();
    let (service, _lock) = args.authority.open_service(models, now).await?;
    let decided = if args.accept { Decided::Accepted } else { Decided::Rejected };
    let (installation, number) = (args.authority.installation.open()?, numbered(&args.number)?);
    installation.put_on_record_of(&service, (Deed::DecideEnrolment.word(), &number), now)?;
    service.decide_second_enrolment(&number, decided, now).await.map_err(of)?;
    let what = if args.accept { "the new wallet is in force" } else { "the earlier wallet stays" };
    failure::print(&format!("decided: {what}\n"))?;
    Ok(Ended::Done)
}

//! `baypass resident carer`: who may carry whose pass on their phone (docs/carer.md). While an authority serves, its own doors do the
//! same (`POST /v1/residents/carers`).

use std::path::Path;

use ::officers::Deed;
use authority::{CarerError, OwnCarer};
use clap::{Args, Subcommand};
use documents::{AuthorityCode, CarerGround, LocalDate};
use serde_json::{Value, json};

use crate::Ended;
use crate::command::{At, InstallationArgs, Output, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;
use crate::wallet::{Card, Wallet};

/// The commands about carers.
#[derive(Subcommand)]
pub enum CarerCommand {
    /// Writes that a pass may be on a carer's phone: the clerk saw both, and the proof of guardianship or heard the holder's own word.
    Add(AddArgs),
    /// Who carries the pass of a resident, and whose passes they carry, those that ended among them.
    List(ListArgs),
    /// Ends it: the pass on the carer's phone ends at once, with all its codes.
    End(EndArgs),
}

/// What `resident carer add` takes.
#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// Who carries the pass: the number that `resident add` printed, or any document number.
    #[arg(long, value_name = "RESIDENT")]
    carer: String,
    /// parent, guardian, or authorised: by the word of the holder, who is old enough for it.
    #[arg(long)]
    ground: CarerGround,
    /// The last day, at most a year ahead; of a minor it may be left out: until their birthday.
    #[arg(long, value_name = "YYYY-MM-DD")]
    until: Option<LocalDate>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `resident carer list` takes.
#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

/// What `resident carer end` takes.
#[derive(Args)]
pub struct EndArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// One carer alone; default: whoever carries the pass.
    #[arg(long, value_name = "RESIDENT")]
    carer: Option<String>,
    #[command(flatten)]
    at: At,
    #[command(flatten)]
    output: Output,
}

impl CarerCommand {
    /// Runs the command.
    pub async fn run(&self, models: &Path) -> Result<Ended, Failure> {
        match self {
            Self::Add(args) => add(args, models).await,
            Self::List(args) => list(args, models).await,
            Self::End(args) => end(args, models).await,
        }
    }
}

/// The cards of both by which they are known at the same authority.
fn shared(ward: &Wallet, carer: &Wallet) -> Vec<(AuthorityCode, Card, Card)> {
    let others = carer.vouchers();
    let at = |(issuer, card): (AuthorityCode, Card)| {
        let other = others.iter().find(|(other, _)| *other == issuer);
        other.map(|(_, other)| (issuer, card, other.clone()))
    };
    ward.vouchers().into_iter().filter_map(at).collect()
}

fn row(authority: AuthorityCode, own: &OwnCarer) -> Value {
    json!({
        "authority": authority, "role": own.role.as_str(), "ground": own.ground.as_str(), "from": own.from,
        "last": own.last, "over": own.over.map(documents::CarerOver::as_str),
    })
}

fn line(authority: AuthorityCode, own: &OwnCarer) -> String {
    let (role, ground, from, last) = (own.role.as_str(), own.ground, own.from, own.last);
    let state = own.over.map_or_else(|| "stands".to_owned(), |over| over.to_string());
    format!("{authority}: {role}, {ground}, from {from} to {last}: {state}\n")
}

fn print(output: &Output, rows: &[Value], text: &str) -> Result<Ended, Failure> {
    if output.json {
        failure::print_json(&json!({"carers": rows}))?;
    } else {
        failure::print(text)?;
    }
    Ok(Ended::Done)
}

async fn add(args: &AddArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let ward = args.resident.wallet(&installation)?;
    let carer = Wallet::find(&installation, &args.carer)?;
    let both = shared(&ward, &carer);
    if !both.iter().any(|(issuer, ..)| *issuer == ward.home) {
        return Err(Failure::new(format!(
            "the carer is not registered at {}, the home authority of the holder; name another carer",
            ward.home
        )));
    }
    let (mut rows, mut text, mut refused) = (Vec::new(), String::new(), None);
    for (issuer, card, other) in both {
        let (service, number, other) = (parties.service(issuer)?, card.parsed()?, other.parsed()?);
        installation.put_on_record_of(service, (Deed::AddCarer.word(), &number), now)?;
        match service.add_carer((&number, &other), args.ground, args.until, now).await {
            Ok(made) => {
                text += &line(issuer, &made);
                rows.push(row(issuer, &made));
            }
            // Each authority decides alone.
            Err(CarerError::Refused(refusal)) => {
                let error = CarerError::Refused(refusal);
                text += &format!("{issuer}: {error}\n");
                rows.push(json!({"authority": issuer, "refused": refusal.as_str()}));
                refused.get_or_insert(format!("{issuer}: {error}"));
            }
            Err(error) => return Err(Failure::new(format!("{issuer}: {error}"))),
        }
    }
    let made = rows.iter().any(|row| row.get("refused").is_none());
    if let Some(refused) = refused.filter(|_| !made) {
        return Err(Failure::new(refused));
    }
    text +=
        "make the invitation now (`baypass resident invite --replaces`), and enrol on the carer's phone\n";
    print(&args.output, &rows, &text)
}

async fn list(args: &ListArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let (mut rows, mut text) = (Vec::new(), String::new());
    for (issuer, card) in args.resident.wallet(&installation)?.vouchers() {
        for own in parties.service(issuer)?.carers_of(&card.parsed()?, now).await.map_err(of)? {
            text += &line(issuer, &own);
            rows.push(row(issuer, &own));
        }
    }
    print(&args.output, &rows, if text.is_empty() { "nobody carries a pass\n" } else { &text })
}

async fn end(args: &EndArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let ward = args.resident.wallet(&installation)?;
    let carer = args.carer.as_deref().map(|carer| Wallet::find(&installation, carer)).transpose()?;
    let both = carer.as_ref().map(|carer| shared(&ward, carer));
    let (mut rows, mut text) = (Vec::new(), String::new());
    for (issuer, card) in ward.vouchers() {
        let other = match both.as_ref().map(|both| both.iter().find(|(at, ..)| *at == issuer)) {
            Some(None) => continue,
            Some(Some((_, _, other))) => Some(other.parsed()?),
            None => None,
        };
        let (service, number) = (parties.service(issuer)?, card.parsed()?);
        installation.put_on_record_of(service, (Deed::EndCarer.word(), &number), now)?;
        match service.end_carer(&number, other.as_ref(), now).await {
            Ok(ended) => {
                text += &format!("{issuer}: ended ({ended}), and the pass on the carer's phone with it\n");
                rows.push(json!({"authority": issuer, "ended": ended}));
            }
            // It may stand at one authority and not at the other.
            Err(CarerError::Unknown) => {}
            Err(error) => return Err(of(error)),
        }
    }
    if rows.is_empty() {
        return Err(of(CarerError::Unknown));
    }
    print(&args.output, &rows, &text)
}

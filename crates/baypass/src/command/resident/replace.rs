//! `baypass resident replace`: the card that follows one, at the authority that issued it. The pass goes on.
//!
//! Lives here: flags into a document, the wallet's file. Not here: what it does to codes (`authority::Service::replace_document`).

use std::path::Path;

use ::officers::Deed;
use clap::Args;
use documents::{
    Document, DocumentKind, DocumentNumber, DocumentStatus, LocalDate, Rules, parse_endorsement,
};

use crate::Ended;
use crate::command::{At, InstallationArgs, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;

/// What `resident replace` takes.
#[derive(Args)]
pub struct ReplaceArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// The card that is replaced or renewed, by its number.
    #[arg(long, value_name = "NUMBER")]
    document: String,
    /// The number of the new card; the same for one that keeps it.
    #[arg(long, value_name = "NUMBER")]
    number: String,
    /// The last day of the new card; default: none.
    #[arg(long, value_name = "DATE")]
    expires: Option<LocalDate>,
    /// An endorsement of the new card, as `resident add` takes it; those of the old one end with it.
    #[arg(long = "endorsement", value_name = "ENDORSEMENT")]
    endorsements: Vec<String>,
    #[command(flatten)]
    at: At,
}

/// Tells the authority that issued the card.
pub async fn run(args: &ReplaceArgs, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let rules = Rules::builtin().map_err(of)?;
    let mut wallet = args.resident.wallet(&installation)?;
    let old_number = |kind: DocumentKind| DocumentNumber::parse(kind, &args.document).ok();
    let found = wallet.cards.iter_mut().find(|card| {
        let own = card.parsed().ok();
        old_number(card.kind).is_some_and(|old| own.is_some_and(|own| own.match_key() == old.match_key()))
    });
    let card = found.ok_or_else(|| {
        Failure::new("this resident has no such document; `baypass resident list` names them")
    })?;
    let old = card.parsed()?;
    let mut endorsements = Vec::new();
    for text in &args.endorsements {
        let read = parse_endorsement(&rules, text);
        endorsements.push(read.map_err(|error| Failure::new(format!("--endorsement {text}: {error}")))?);
    }
    if card.kind != DocumentKind::ExitEntryPermit && !endorsements.is_empty() {
        return Err(Failure::new("only an Exit-Entry Permit carries endorsements; leave --endorsement out"));
    }
    let number = DocumentNumber::parse(card.kind, &args.number);
    let number = number.map_err(|error| Failure::new(format!("--number: {error}")))?;
    let new = Document {
        number,
        issued: Some(now.local_date()),
        expires: args.expires,
        status: DocumentStatus::Valid,
        endorsements,
    };
    let parties = Parties::open(&installation, models, now).await?;
    let service = parties.service(card.issuer)?;
    installation.put_on_record_of(service, (Deed::ReplaceDocument.word(), &old), now)?;
    service.replace_document(&old, &new, now).await.map_err(of)?;
    args.number.clone_into(&mut card.number);
    let (kind, issuer) = (card.kind, card.issuer);
    wallet.save(&installation)?;
    failure::print(&format!(
        "resident {}: {} ({issuer}): replaced. Codes on the old card are void; the wallet fetches new ones without a new enrolment\n",
        wallet.resident,
        kind.as_str()
    ))?;
    Ok(Ended::Done)
}

//! `baypass resident lose`, `end-pass`, `watch`, `look-alike`, `erase`: what changes about a resident's documents and pass.

use std::path::Path;

use ::officers::Deed;
use authority::RegistryError;
use clap::Args;
use documents::DocumentNumber;

use crate::Ended;
use crate::command::{At, InstallationArgs, ResidentArgs};
use crate::failure::{self, Failure, of};
use crate::install::parties::Parties;

/// What `resident lose`, `end-pass`, `watch`, `look-alike` and `erase` take.
#[derive(Args)]
pub struct StatusArgs {
    #[command(flatten)]
    installation: InstallationArgs,
    #[command(flatten)]
    resident: ResidentArgs,
    /// One document alone; default: all of them.
    #[arg(long, value_name = "NUMBER")]
    document: Option<String>,
    #[command(flatten)]
    at: At,
}

/// What changes.
#[derive(Clone, Copy)]
pub enum Change {
    /// The document was lost, and the pass ends with it.
    DocumentLost,
    /// The pass ends.
    PassEnded,
    /// An officer wants to see the holder.
    Watched,
    /// Whether somebody resembles the holder, so that an officer looks at every lane.
    LookAlike(bool),
    /// The authority forgets the person.
    Erased,
}

impl Change {
    /// The same at an authority's own door.
    const fn deed(self) -> Deed {
        match self {
            Self::DocumentLost => Deed::LoseDocument,
            Self::PassEnded => Deed::EndPass,
            Self::Watched => Deed::Watch,
            Self::LookAlike(_) => Deed::MarkLookAlike,
            Self::Erased => Deed::EraseResident,
        }
    }
}

/// Tells the authorities that issued the documents.
pub async fn run(args: &StatusArgs, change: Change, models: &Path) -> Result<Ended, Failure> {
    let (installation, now) = (args.installation.open()?, args.at.time());
    let parties = Parties::open(&installation, models, now).await?;
    let wallet = args.resident.wallet(&installation)?;
    let mut touched = Vec::new();
    for card in &wallet.cards {
        if let Some(wanted) = &args.document {
            let typed = DocumentNumber::parse(card.kind, wanted).ok();
            if typed
                .is_none_or(|typed| card.parsed().map_or(true, |own| own.match_key() != typed.match_key()))
            {
                continue;
            }
        }
        let (service, number) = (parties.service(card.issuer)?, card.parsed()?);
        installation.put_on_record_of(service, (change.deed().word(), &number), now)?;
        match change {
            Change::DocumentLost => service.lose_document(&number, now).await.map_err(of)?,
            Change::PassEnded => service.end_pass(&number, now).await.map_err(of)?,
            // The second card of one issuer belongs to somebody who is erased already.
            Change::Erased => match service.erase(&number, now).await {
                Ok(()) | Err(RegistryError::Unknown) => {}
                Err(error) => return Err(of(error)),
            },
            Change::LookAlike(marked) => {
                service.mark_look_alike(&number, marked, now).await.map_err(of)?;
            }
            Change::Watched => service.watch(&number, now.plus_seconds(365 * 86_400)).await.map_err(of)?,
        }
        touched.push(format!("{} ({})", card.kind.as_str(), card.issuer));
    }
    if touched.is_empty() {
        return Err(Failure::new("this resident has no such document; `baypass resident list` names them"));
    }
    let what = match change {
        Change::DocumentLost => "lost, and the pass with it",
        Change::PassEnded => "the pass has ended",
        Change::Watched => "on the watch list for a year",
        Change::LookAlike(true) => "marked: somebody looks alike, so an officer looks at every lane",
        Change::LookAlike(false) => "the mark is taken away",
        Change::Erased => "erased, and the pass with it; the wallet's file stays with its holder",
    };
    failure::print(&format!("resident {}: {}: {what}\n", wallet.resident, touched.join(", ")))?;
    Ok(Ended::Done)
}

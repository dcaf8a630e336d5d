//! Registration: a synthetic resident's records into the registries of the authorities that issued their documents.
//!
//! Lives here: which record goes to which authority. Not here: how one that was cut short is undone (`install::journal`), what
//! a record may hold (`documents`), the registry (`authority`), flags and files (`command::resident`).

use ::officers::Deed;
use documents::issuance::document_issuer;
use documents::{Applied, AuthorityCode, CaseFile, DocumentKind, Rules, Side, Timestamp};
use serde_json::{Value, json};

use crate::failure::{Failure, of};
use crate::install::Installation;
use crate::install::journal::{Journal, Number};
use crate::install::parties::Parties;
use crate::wallet::{Card, Wallet};

/// Registers somebody with every authority that issued one of their documents; all or none, even where the process is
/// killed: the next command that opens the authorities undoes what is half.
pub async fn register(
    installation: &Installation,
    parties: &Parties,
    rules: &Rules,
    raw: &Value,
    shown: &str,
    photo: &[u8],
    now: Timestamp,
) -> Result<Wallet, Failure> {
    let case = CaseFile::parse(&raw.to_string(), rules)
        .map_err(|error| Failure::new(format!("{shown}: {error} (docs/cases.md)")))?;
    if let Some(kind) = case.specimen_numbers.first() {
        return Err(Failure::new(format!(
            "{shown}: the {} has no number; a registry needs every number",
            kind.as_str()
        )));
    }
    if case.name.trim().is_empty() && case.name_zh.as_deref().unwrap_or_default().trim().is_empty() {
        return Err(Failure::new(format!("{shown}: person.name: a registry needs a name")));
    }
    let documents::Birth::Date(birth) = case.holder.birth else {
        return Err(Failure::new(format!("{shown}: person.birth: a registry needs the whole date")));
    };
    let home = case.holder.home;
    let listed = raw.get("documents").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut cards = Vec::new();
    let mut records: Vec<(AuthorityCode, Vec<Value>)> = Vec::new();
    for (document, raw_document) in case.documents.iter().zip(listed) {
        // A passport is issued at home here: residents of the Bay hold those of their own place.
        let by = document_issuer(document.kind()).unwrap_or(home);
        let number = raw_document.get("number").and_then(Value::as_str).unwrap_or_default().to_owned();
        cards.push(Card { issuer: by, kind: document.kind(), number });
        match records.iter_mut().find(|(code, _)| *code == by) {
            Some((_, list)) => list.push(raw_document),
            None => records.push((by, vec![raw_document])),
        }
    }
    if records.is_empty() {
        return Err(Failure::new(format!("{shown}: documents: name at least one document")));
    }
    let person = raw.get("person").cloned().unwrap_or_default();
    // Everything is looked at before anything is written: a second resident with a number is found here.
    for card in &cards {
        if parties.service(card.issuer)?.registered(&card.parsed()?).await.map_err(of)?.is_some() {
            return Err(Failure::new(format!(
                "a resident with this {} is registered already; `baypass resident list` shows them",
                card.kind.as_str()
            )));
        }
    }
    let resident = Wallet::all(installation)?.last().map_or(1, |wallet| wallet.resident + 1);
    let journal = Journal { resident, cards: cards.iter().map(number_of).collect() };
    for card in &journal.cards {
        let act = (Deed::AddResident.word(), &card.parsed()?);
        installation.put_on_record_of(parties.service(card.issuer)?, act, now)?;
    }
    journal.write(installation)?;
    let written = async {
        write_records(parties, &person, &records, photo, now).await?;
        write_movements(parties, &case, &cards, now).await?;
        let wallet = Wallet::new(resident, home, case.name.clone(), case.name_zh.clone(), birth, cards);
        // The wallet's file is durable before the journal goes.
        wallet.save(installation)?;
        Ok(wallet)
    };
    match written.await {
        Ok(wallet) => {
            Journal::remove(installation)?;
            Ok(wallet)
        }
        Err(failure) => {
            // What cannot be undone now is by the next command: the journal stays.
            let undone: Result<(), Failure> = journal.undo(installation, parties, now).await;
            undone.map_err(|second| {
                Failure::new(format!("{failure}; and what was written is not undone yet: {second}"))
            })?;
            Err(failure)
        }
    }
}

/// A card as the journal names it.
fn number_of(card: &Card) -> Number {
    Number { issuer: card.issuer, kind: card.kind, number: card.number.clone() }
}

/// Registers the documents of each authority there.
async fn write_records(
    parties: &Parties,
    person: &Value,
    records: &[(AuthorityCode, Vec<Value>)],
    photo: &[u8],
    now: Timestamp,
) -> Result<(), Failure> {
    for (by, documents) in records {
        let record = json!({"person": person, "documents": documents});
        parties
            .service(*by)?
            .add_resident(&record.to_string(), photo, now)
            .await
            .map_err(|error| Failure::new(format!("{by}: {}", Failure::of(&error))))?;
    }
    Ok(())
}

/// Writes down the movements that a case file tells of, at the authorities that saw them.
async fn write_movements(
    parties: &Parties,
    case: &CaseFile,
    cards: &[Card],
    now: Timestamp,
) -> Result<(), Failure> {
    for movement in &case.movements {
        for authority in [movement.direction.from(), movement.direction.to()] {
            let seen = match (movement.applied, movement.direction.side_of(authority)) {
                (Applied::Both, _)
                | (Applied::ExitOnly | Applied::LeftTheThree, Some(Side::Exit))
                | (Applied::EntryOnly | Applied::CameFromOutside, Some(Side::Entry)) => true,
                (
                    Applied::ExitOnly
                    | Applied::EntryOnly
                    | Applied::Returned
                    | Applied::LeftTheThree
                    | Applied::CameFromOutside,
                    _,
                ) => false,
            };
            // Under the document that this authority saw: its own, else the mainland's or the home card.
            let shown = cards.iter().find(|card| card.issuer == authority).or_else(|| {
                cards.iter().find(|card| {
                    matches!(
                        card.kind,
                        DocumentKind::ExitEntryPermit | DocumentKind::Hkid | DocumentKind::MacaoBir
                    )
                })
            });
            if let (true, Some(card)) = (seen, shown) {
                let service = parties.service(authority)?;
                service.add_earlier_movement(&card.parsed()?, movement, now).await.map_err(of)?;
            }
        }
        let between_regions = movement.direction.from().is_sar() && movement.direction.to().is_sar();
        let permit = cards.iter().find(|card| card.kind == DocumentKind::ExitEntryPermit);
        if let (true, Some(card)) = (between_regions, permit) {
            let service = parties.service(AuthorityCode::Chn)?;
            service.add_earlier_movement(&card.parsed()?, movement, now).await.map_err(of)?;
        }
    }
    Ok(())
}

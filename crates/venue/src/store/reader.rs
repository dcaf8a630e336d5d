//! Rows of readers: a pseudonym, and the account that it has in the library's system.
//!
//! Lives here: the record of a reader, in a row of `person`; statements on `pool_card`. Not here: how an account is opened
//! (`crate::library`). The names that an account is opened with are gone as soon as it is there.

use credential::cbor::{CborError, Reader, Writer};
use credential::venue::Pseudonym;
use documents::{Timestamp, redact_debug};

use super::codec::{read_text, write_text};
use super::person::{Found, keep};
use super::{PersonKey, Result, Store, StoreError, Tx, column, define_statements, optional, run};
use crate::loan::{AccountId, ReaderNames};

define_statements! {
    INSERT_CARD = "INSERT INTO pool_card (tag, reader_tag) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    CARD_OF_READER = "SELECT tag FROM pool_card WHERE reader_tag = $1";
    FORGET_CARD = "UPDATE pool_card SET reader_tag = NULL \
        WHERE reader_tag = (SELECT pseudonym_tag FROM person WHERE person_key = $1)";
}

/// A reader as they stand in the book.
pub(crate) struct ReaderRow {
    pub(crate) person: PersonKey,
    /// `None` while it is being opened.
    pub(crate) account: Option<AccountId>,
    /// With what it is opened; nothing once it is.
    pub(crate) names: ReaderNames,
}
redact_debug!(ReaderRow);

impl Store {
    /// Writes a new reader; one without a pseudonym came with a card of the library.
    pub(crate) async fn insert_reader(
        &self,
        tx: &mut Tx,
        pseudonym: Option<Pseudonym>,
        (account, names): (Option<AccountId>, ReaderNames),
        now: Timestamp,
        keep_until: Timestamp,
    ) -> Result<ReaderRow> {
        let new = self.draw_person()?;
        let by = Found { pseudonym, number: None, name: None };
        let record = write(account.as_ref(), &names);
        let person = self.insert_person(tx, new, &record, by, (now, Some(keep_until))).await?.key;
        Ok(ReaderRow { person, account, names })
    }

    /// The reader of this pseudonym.
    pub(crate) async fn find_reader(&self, tx: &mut Tx, pseudonym: Pseudonym) -> Result<Option<ReaderRow>> {
        let by = Found { pseudonym: Some(pseudonym), number: None, name: None };
        match self.find_persons(tx, by).await?.first() {
            Some(key) => self.reader(tx, *key).await,
            None => Ok(None),
        }
    }

    /// The reader of this key; `None` where they were erased.
    pub(crate) async fn reader(&self, tx: &mut Tx, key: PersonKey) -> Result<Option<ReaderRow>> {
        let Some(person) = self.find_person(tx, key).await? else { return Ok(None) };
        let read = read(&person.open()?);
        let (account, names) = read.map_err(|_| StoreError::Row { table: "person", column: "sealed" })?;
        Ok(Some(ReaderRow { person: key, account, names }))
    }

    /// Writes a reader's account down, and until when they are kept. The names go.
    pub(crate) async fn set_account(&self, tx: &mut Tx, key: PersonKey, account: &AccountId) -> Result<()> {
        let Some(person) = self.find_person(tx, key).await? else { return Ok(()) };
        self.update_person(tx, &person, &write(Some(account), &ReaderNames::default()), None).await
    }

    /// Says until when a reader is kept.
    pub(crate) async fn keep_reader(&self, tx: &mut Tx, key: PersonKey, until: Timestamp) -> Result<()> {
        keep(tx, key, Some(until)).await
    }

    /// The tag under which a reader's account is opened: the same for each try, and for the same wallet for ever.
    pub(crate) fn reader_tag(&self, pseudonym: Pseudonym) -> Vec<u8> {
        self.keys().pseudonym_tag(pseudonym)
    }

    /// Takes a card of the pool for a reader, the same for each try; `None` where none of these is free.
    pub(crate) async fn take_card(
        &self,
        tx: &mut Tx,
        reader: &[u8],
        cards: &[AccountId],
    ) -> Result<Option<AccountId>> {
        let tag = |card: &AccountId| self.keys().tag("card", card.as_str().as_bytes());
        if let Some(row) = optional!(tx, CARD_OF_READER, reader.to_vec())? {
            let taken: Vec<u8> = column(&row, "pool_card", "tag")?;
            return Ok(cards.iter().find(|card| tag(card) == taken).cloned());
        }
        for card in cards {
            if run!(tx, INSERT_CARD, tag(card), reader.to_vec())? > 0 {
                return Ok(Some(card.clone()));
            }
        }
        Ok(None)
    }
}

/// Forgets whose card of the pool it is; the card stays given.
pub(crate) async fn forget_card(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, FORGET_CARD, person.to_vec()).map(drop)
}

fn write(account: Option<&AccountId>, names: &ReaderNames) -> Vec<u8> {
    let mut out = Writer::new();
    out.array(3);
    for text in [account.map(AccountId::as_str), names.name.as_deref(), names.name_zh.as_deref()] {
        write_text(&mut out, text);
    }
    out.finish()
}

fn read(bytes: &[u8]) -> std::result::Result<(Option<AccountId>, ReaderNames), CborError> {
    let mut from = Reader::new(bytes);
    from.array_exact(3)?;
    let (account, name, name_zh) = (read_text(&mut from)?, read_text(&mut from)?, read_text(&mut from)?);
    from.finish()?;
    let account = account.map(|text| text.parse().map_err(|_| CborError::Unexpected)).transpose()?;
    Ok((account, ReaderNames { name, name_zh }))
}

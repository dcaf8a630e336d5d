//! Rows of persons: the wrapped key, the tags by which somebody is found, the sealed record.
//!
//! Lives here: statements on `person`. Not here: what the record holds (`codec`). Deleting the row erases the person: nothing
//! else opens what its key sealed.

use std::collections::BTreeSet;

use credential::RecordKey;
use credential::venue::Pseudonym;
use documents::Timestamp;
use zeroize::Zeroizing;

use super::vault::{open, seal};
use super::{PersonKey, Result, Store, Tx, all, column, define_statements, optional, run, sixteen};
use crate::profile::PermitNumber;
use crate::stay::NameForm;

/// Most persons whom a search by name gives.
const MOST_FOUND: i64 = 20;

define_statements! {
    INSERT_PERSON = "INSERT INTO person (person_key, wrapped_key, pseudonym_tag, number_tag, made_at, keep_until, sealed) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND_PERSON = "SELECT wrapped_key, sealed FROM person WHERE person_key = $1";
    UPDATE_PERSON = "UPDATE person SET sealed = $2, number_tag = $3 WHERE person_key = $1";
    KEEP_PERSON = "UPDATE person SET keep_until = $2 WHERE person_key = $1";
    BY_PSEUDONYM = "SELECT person_key FROM person WHERE pseudonym_tag = $1 ORDER BY made_at, person_key";
    BY_NUMBER = "SELECT person_key FROM person WHERE number_tag = $1 ORDER BY made_at, person_key";
    INSERT_NAME = "INSERT INTO person_name (person_key, tag) VALUES ($1, $2)";
    BY_NAME = "SELECT person_key FROM person_name WHERE tag = $1 ORDER BY person_key LIMIT $2";
    DELETE_NAMES = "DELETE FROM person_name WHERE person_key = $1";
    DELETE_PERSON = "DELETE FROM person WHERE person_key = $1";
}

/// A person whose key is at hand.
pub(crate) struct Person {
    pub(crate) key: PersonKey,
    pub(super) record_key: RecordKey,
    pub(super) sealed: Vec<u8>,
}
documents::redact_debug!(Person);

impl Person {
    pub(super) fn open(&self) -> Result<Zeroizing<Vec<u8>>> {
        open(&self.record_key, "person", self.key.as_bytes(), &self.sealed)
    }
}

/// By what a person is found again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found<'a> {
    pub(crate) pseudonym: Option<Pseudonym>,
    pub(crate) number: Option<&'a PermitNumber>,
    pub(crate) name: Option<&'a NameForm>,
}

/// A person who is not written yet.
pub(super) struct NewPerson {
    pub(super) key: PersonKey,
    pub(super) record_key: RecordKey,
    wrapped: Vec<u8>,
}

impl Store {
    /// Draws a person with a key of their own; nothing is written.
    pub(super) fn draw_person(&self) -> Result<NewPerson> {
        let key = PersonKey::draw()?;
        let (record_key, wrapped) = self.keys().new_person_key(key)?;
        Ok(NewPerson { key, record_key, wrapped })
    }

    /// Writes a new person.
    pub(super) async fn insert_person(
        &self,
        tx: &mut Tx,
        new: NewPerson,
        record: &[u8],
        by: Found<'_>,
        (made_at, keep_until): (Timestamp, Option<Timestamp>),
    ) -> Result<Person> {
        let NewPerson { key, record_key, wrapped } = new;
        let sealed = seal(&record_key, "person", key.as_bytes(), record)?;
        let pseudonym = by.pseudonym.map(|pseudonym| self.keys().pseudonym_tag(pseudonym));
        let number = by.number.map(|number| self.keys().number_tag(number));
        run!(
            tx,
            INSERT_PERSON,
            key.to_vec(),
            wrapped,
            pseudonym,
            number,
            made_at.unix(),
            keep_until.map(Timestamp::unix),
            sealed.clone()
        )?;
        Ok(Person { key, record_key, sealed })
    }

    pub(super) async fn find_person(&self, tx: &mut Tx, key: PersonKey) -> Result<Option<Person>> {
        let Some(row) = optional!(tx, FIND_PERSON, key.to_vec())? else { return Ok(None) };
        let wrapped: Vec<u8> = column(&row, "person", "wrapped_key")?;
        let record_key = self.keys().person_key(key, &wrapped)?;
        Ok(Some(Person { key, record_key, sealed: column(&row, "person", "sealed")? }))
    }

    pub(super) async fn update_person(
        &self,
        tx: &mut Tx,
        person: &Person,
        record: &[u8],
        number: Option<&PermitNumber>,
    ) -> Result<()> {
        let sealed = seal(&person.record_key, "person", person.key.as_bytes(), record)?;
        let number = number.map(|number| self.keys().number_tag(number));
        run!(tx, UPDATE_PERSON, person.key.to_vec(), sealed, number).map(drop)
    }

    /// Writes by which names a person is found, in the place of those that stand there.
    pub(super) async fn set_names(
        &self,
        tx: &mut Tx,
        person: PersonKey,
        names: &BTreeSet<NameForm>,
    ) -> Result<()> {
        delete_names(tx, person).await?;
        for name in names {
            run!(tx, INSERT_NAME, person.to_vec(), self.keys().name_tag(name))?;
        }
        Ok(())
    }

    /// The persons of this pseudonym, document or name; by a name 20 at most.
    pub(crate) async fn find_persons(&self, tx: &mut Tx, by: Found<'_>) -> Result<Vec<PersonKey>> {
        let mut keys = Vec::new();
        if let Some(pseudonym) = by.pseudonym {
            keys.extend(all!(tx, BY_PSEUDONYM, self.keys().pseudonym_tag(pseudonym))?);
        }
        if let Some(number) = by.number {
            keys.extend(all!(tx, BY_NUMBER, self.keys().number_tag(number))?);
        }
        let key = |row| sixteen(row, "person", "person_key").map(PersonKey::from_bytes);
        if let Some(name) = by.name {
            keys.extend(all!(tx, BY_NAME, self.keys().name_tag(name), MOST_FOUND)?);
        }
        let mut keys = keys.iter().map(key).collect::<Result<Vec<_>>>()?;
        keys.dedup();
        Ok(keys)
    }
}

/// Says until when a person is kept; `None` while they are here.
pub(super) async fn keep(tx: &mut Tx, person: PersonKey, until: Option<Timestamp>) -> Result<()> {
    run!(tx, KEEP_PERSON, person.to_vec(), until.map(Timestamp::unix)).map(drop)
}

async fn delete_names(tx: &mut Tx, person: PersonKey) -> Result<()> {
    run!(tx, DELETE_NAMES, person.to_vec()).map(drop)
}

/// Destroys a person's key, record and names.
pub(super) async fn delete(tx: &mut Tx, person: PersonKey) -> Result<u64> {
    delete_names(tx, person).await?;
    run!(tx, DELETE_PERSON, person.to_vec())
}

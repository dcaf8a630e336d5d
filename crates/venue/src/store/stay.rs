//! Rows of stays, each with the person of its guest.
//!
//! Lives here: statements on `stay`. Not here: what a stay may become (`crate::stay`). A change names the revision that it saw: of
//! two at once one is told so.

use std::collections::BTreeSet;

use super::codec::{read_guest, read_stay, write_guest, write_stay};
use super::person::{self, Found, Person};
use super::vault::{open, seal};
use super::{
    PersonKey, Result, Store, StoreError, Tx, all, column, define_statements, optional, run, sixteen, time,
};
use crate::profile::Field;
use crate::stay::{Guest, InHouse, Left, NameForm, Stay, StayId};

define_statements! {
    INSERT_STAY = "INSERT INTO stay (id, person_key, content_tag, state, in_at, out_at, revision, sealed) \
        VALUES ($1, $2, $3, 'in', $4, NULL, 0, $5) ON CONFLICT (id) DO NOTHING";
    FIND_STAY = "SELECT person_key, content_tag, state, in_at, out_at, revision, sealed FROM stay WHERE id = $1";
    UPDATE_STAY = "UPDATE stay SET state = $3, out_at = $4, sealed = $5, revision = revision + 1 \
        WHERE id = $1 AND revision = $2";
    IN_HOUSE = "SELECT id FROM stay WHERE state = 'in' ORDER BY in_at, id";
    STAYS_OF = "SELECT id FROM stay WHERE person_key = $1 ORDER BY in_at, id";
    DELETE_STAYS = "DELETE FROM stay WHERE person_key = $1";
}

/// A stay as it stands in the book.
pub(crate) struct StayRow {
    pub(crate) id: StayId,
    pub(crate) stay: Stay,
    pub(crate) person: Person,
    pub(crate) revision: i64,
}
documents::redact_debug!(StayRow);

/// What became of a new stay.
#[derive(Debug)]
pub(crate) enum Inserted {
    /// It is in the book now.
    New(Box<StayRow>),
    /// The same check-in came before.
    Already,
    /// Another guest stands under this party and line.
    OtherContent,
}

impl Store {
    /// Writes a new stay with its guest, once: the same check-in again is told apart from another one under its id.
    pub(crate) async fn insert_stay(&self, tx: &mut Tx, id: StayId, stay: &InHouse) -> Result<Inserted> {
        let content = self.content_tag(stay);
        let new = self.draw_person()?;
        let sealed = seal(&new.record_key, "stay", id.as_bytes(), &write_stay(stay, None))?;
        // The row first: of two at once the later one waits here, and finds the earlier.
        let (row, key, since) = (id.as_bytes().to_vec(), new.key.to_vec(), stay.since.unix());
        if run!(tx, INSERT_STAY, row.clone(), key, content.clone(), since, sealed)? == 0 {
            let row = optional!(tx, FIND_STAY, row)?;
            let row = row.ok_or(StoreError::Row { table: "stay", column: "id" })?;
            let earlier: Vec<u8> = column(&row, "stay", "content_tag")?;
            return Ok(if earlier == content { Inserted::Already } else { Inserted::OtherContent });
        }
        let document = stay.guest.document();
        let by = Found { pseudonym: stay.guest.pseudonym(), number: document.as_ref(), name: None };
        let person = self.insert_person(tx, new, &write_guest(&stay.guest), by, (stay.since, None)).await?;
        self.set_names(tx, person.key, &names(&stay.guest)).await?;
        let stay = Stay::InHouse(stay.clone());
        Ok(Inserted::New(Box::new(StayRow { id, stay, person, revision: 0 })))
    }

    /// By what two tries of one check-in are the same: the guest and the plan, not the room, which may be another row's now.
    fn content_tag(&self, stay: &InHouse) -> Vec<u8> {
        let content = [write_guest(&stay.guest), stay.planned.to_string().into_bytes()].concat();
        self.keys().tag("check-in", &content)
    }

    /// The stay of this id; `None` where there is none, or its guest was erased.
    pub(crate) async fn find_stay(&self, tx: &mut Tx, id: StayId) -> Result<Option<StayRow>> {
        let Some(row) = optional!(tx, FIND_STAY, id.as_bytes().to_vec())? else { return Ok(None) };
        let person = PersonKey::from_bytes(sixteen(&row, "stay", "person_key")?);
        let Some(person) = self.find_person(tx, person).await? else { return Ok(None) };
        let guest = read_guest(&person.open()?);
        let guest = guest.map_err(|_| StoreError::Row { table: "person", column: "sealed" })?;
        let sealed: Vec<u8> = column(&row, "stay", "sealed")?;
        let record = read_stay(&open(&person.record_key, "stay", id.as_bytes(), &sealed)?);
        let record = record.map_err(|_| StoreError::Row { table: "stay", column: "sealed" })?;
        let was = InHouse {
            guest,
            room: record.room,
            since: time(&row, "stay", "in_at")?,
            planned: record.planned,
            deadline: record.deadline,
        };
        let state: String = column(&row, "stay", "state")?;
        let stay = match (state.as_str(), record.keep_until) {
            ("in", None) => Stay::InHouse(was),
            ("out", Some(keep_until)) => {
                Stay::Left(Left { was, out: time(&row, "stay", "out_at")?, keep_until })
            }
            (_, _) => return Err(StoreError::Row { table: "stay", column: "state" }),
        };
        let revision = column(&row, "stay", "revision")?;
        Ok(Some(StayRow { id, stay, person, revision }))
    }

    /// Writes what a stay has become. `false` where somebody else changed it in between: nothing is written then.
    pub(crate) async fn update_stay(&self, tx: &mut Tx, row: &StayRow, now: &Stay) -> Result<bool> {
        let (state, out, keep) = match now {
            Stay::InHouse(_) => ("in", None, None),
            Stay::Left(left) => ("out", Some(left.out.unix()), Some(left.keep_until)),
        };
        let sealed = write_stay(now.last(), keep);
        let sealed = seal(&row.person.record_key, "stay", row.id.as_bytes(), &sealed)?;
        let id = row.id.as_bytes().to_vec();
        if run!(tx, UPDATE_STAY, id, row.revision, state.to_owned(), out, sealed)? == 0 {
            return Ok(false);
        }
        let document = now.guest().document();
        self.update_person(tx, &row.person, &write_guest(now.guest()), document.as_ref()).await?;
        if names(row.stay.guest()) != names(now.guest()) {
            self.set_names(tx, row.person.key, &names(now.guest())).await?;
        }
        person::keep(tx, row.person.key, keep).await?;
        Ok(true)
    }

    /// The ids of all who are in the house, in order of their arrival.
    pub(crate) async fn in_house(&self, tx: &mut Tx) -> Result<Vec<StayId>> {
        ids(&all!(tx, IN_HOUSE)?)
    }

    /// The ids of a person's stays.
    pub(crate) async fn stays_of(&self, tx: &mut Tx, person: PersonKey) -> Result<Vec<StayId>> {
        ids(&all!(tx, STAYS_OF, person.to_vec())?)
    }
}

/// By which names a guest is found.
fn names(guest: &Guest) -> BTreeSet<NameForm> {
    NameForm::all([Field::Name, Field::NameZh].into_iter().filter_map(|field| guest.field(field)))
}

fn ids(rows: &[sqlx::any::AnyRow]) -> Result<Vec<StayId>> {
    rows.iter().map(|row| sixteen(row, "stay", "id").map(StayId::from_bytes)).collect()
}

pub(super) async fn delete_of(tx: &mut Tx, person: PersonKey) -> Result<u64> {
    run!(tx, DELETE_STAYS, person.to_vec())
}

//! What only one who runs everything asks: a resident's whole record here, and a past written in by hand.
//!
//! Lives here: questions of commands and demos over a registry. Not here: anything that a gate or another authority
//! may ask.

use std::sync::PoisonError;

use credential::sha256;
use documents::{Applied, CaseFile, Document, DocumentNumber, Holder, Movement, Side};
use trust::{Approval, ApprovalError};

use crate::ledger::{LedgerEntry, movement};
use crate::service::{Service, ServiceError};
use crate::store::{self, MovementRow, PersonRow};

impl Service {
    /// Goes by these approvals and no others from now on, and by no older text than it has seen; gives why single ones
    /// were not taken.
    pub fn set_approvals(&self, approvals: Vec<Approval>) -> Vec<ApprovalError> {
        let mut held = self.approvals.write().unwrap_or_else(PoisonError::into_inner);
        held.clear();
        approvals.into_iter().filter_map(|approval| held.take(approval).err()).collect()
    }

    /// Holder and documents of the resident with this number; `None` where the registry has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn registered(
        &self,
        number: &DocumentNumber,
    ) -> Result<Option<(Holder, Vec<Document>)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let Some((key, _)) = store::find_tag(&mut tx, &self.number_tag(number)).await? else {
            return Ok(None);
        };
        let person = store::find_person(&mut tx, &key).await?;
        store::commit(tx).await?;
        let Some(person) = person.filter(|person| !person.record.is_empty()) else { return Ok(None) };
        let case = CaseFile::parse(&person.record, &self.rules)?;
        Ok(Some((case.holder, case.documents)))
    }

    /// This authority's own halves of the movements of the person with this number, and what it knows by notice.
    ///
    /// # Errors
    /// The database's.
    pub async fn movements_of(&self, number: &DocumentNumber) -> Result<Vec<(Movement, bool)>, ServiceError> {
        let mut tx = self.store.begin().await?;
        let Some((key, _)) = store::find_tag(&mut tx, &self.number_tag(number)).await? else {
            return Ok(Vec::new());
        };
        let rows = store::find_movements(&mut tx, &key).await?;
        store::commit(tx).await?;
        let mut movements = Vec::with_capacity(rows.len());
        for row in &rows {
            let noticed = LedgerEntry::from_json(&row.record)?.is_noticed();
            let mut half = movement(row)?;
            if !noticed {
                half.applied = match half.direction.side_of(self.me) {
                    Some(Side::Exit) => Applied::ExitOnly,
                    Some(Side::Entry) => Applied::EntryOnly,
                    None => Applied::Both,
                };
            }
            movements.push((half, noticed));
        }
        Ok(movements)
    }

    /// Writes a passage of the past into this ledger, for the person with this number: a registry that begins with
    /// people who have travelled before. Writing the same one again changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_past(&self, number: &DocumentNumber, past: &Movement) -> Result<(), ServiceError> {
        let tag = self.number_tag(number);
        let mut tx = self.store.begin().await?;
        let person = match store::find_tag(&mut tx, &tag).await? {
            Some((key, _)) => key,
            None => {
                let key = tag.split_at(16).0.to_vec();
                let seen = PersonRow {
                    key: key.clone(),
                    record: String::new(),
                    template: Vec::new(),
                    template_kind: 0,
                    session: Vec::new(),
                    ended: 0,
                };
                store::add_person(&mut tx, &seen).await?;
                store::add_tag(&mut tx, &tag, &key).await?;
                key
            }
        };
        let record = LedgerEntry::past(past, self.me).to_json()?;
        let mut id = person.clone();
        id.extend_from_slice(&past.at.unix().to_be_bytes());
        id.extend_from_slice(record.as_bytes());
        let row = MovementRow { id: sha256(&id).to_vec(), person, at: past.at.unix(), record };
        store::add_movement(&mut tx, &row).await?;
        Ok(store::commit(tx).await?)
    }
}

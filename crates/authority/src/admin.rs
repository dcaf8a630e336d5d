//! Admin: what only one who runs everything asks: a resident's whole record here, earlier movements written in by hand.
//!
//! Lives here: questions of commands and demos over a registry. Not here: anything that a gate or another authority
//! may ask.

use std::sync::PoisonError;

use credential::sha256;
use documents::{Applied, Document, DocumentNumber, Holder, Movement, Side, Timestamp};
use trust::{Approval, ApprovalError};

use crate::service::Service;
use crate::store::StoreError;
use crate::store::movement::{self, LedgerEntry};
use crate::store::person;
use crate::store::vault::PersonKey;

impl Service {
    /// Goes by these approvals and no others from now on, and by no older text than it has seen; gives why single ones
    /// were not taken.
    pub fn set_approvals(&self, approvals: Vec<Approval>) -> Vec<ApprovalError> {
        let mut held = self.approvals.write().unwrap_or_else(PoisonError::into_inner);
        held.clear();
        approvals.into_iter().filter_map(|approval| held.take(approval).err()).collect()
    }

    /// Notes beside the database how far it has come ([`crate::store::Store::advance_mark`]).
    ///
    /// # Errors
    /// The database's.
    pub async fn advance_mark(&self) -> Result<(), StoreError> {
        self.store.advance_mark().await
    }

    /// Holder and documents of the resident with this number; `None` where the registry has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn registered(
        &self,
        number: &DocumentNumber,
    ) -> Result<Option<(Holder, Vec<Document>)>, StoreError> {
        let vault = self.store.vault();
        let mut tx = self.store.read().await?;
        let Some(key) = person::find_tag(&mut tx, vault.number_tag(number)).await? else { return Ok(None) };
        let Some(found) = person::find_person(&mut tx, vault, key).await? else { return Ok(None) };
        let resident = person::find_resident(&mut tx, &found).await?;
        tx.commit().await?;
        Ok(resident.map(|resident| (resident.holder, resident.documents)))
    }

    /// This authority's own halves of the movements of the person with this number, and what it knows by notice.
    ///
    /// # Errors
    /// The database's.
    pub async fn movements_of(&self, number: &DocumentNumber) -> Result<Vec<(Movement, bool)>, StoreError> {
        let mut tx = self.store.read().await?;
        let Some(key) = person::find_tag(&mut tx, self.store.vault().number_tag(number)).await? else {
            return Ok(Vec::new());
        };
        let rows = movement::find_movements(&mut tx, key).await?;
        tx.commit().await?;
        let half = |row: movement::LedgerRow| {
            let noticed = row.entry.is_noticed();
            let mut half = row.entry.movement(row.at);
            if !noticed {
                half.applied = match half.direction.side_of(self.me) {
                    Some(Side::Exit) => Applied::ExitOnly,
                    Some(Side::Entry) => Applied::EntryOnly,
                    None => Applied::Both,
                };
            }
            (half, noticed)
        };
        Ok(rows.into_iter().map(half).collect())
    }

    /// Writes an earlier passage into this ledger, for the person with this number: a registry that begins with people
    /// who have travelled before. Writing the same one again changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_earlier_movement(
        &self,
        number: &DocumentNumber,
        past: &Movement,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tag = self.store.vault().number_tag(number);
        let mut tx = self.store.begin().await?;
        let person = match person::find_tag(&mut tx, tag).await? {
            Some(key) => key,
            None => {
                let mut key = [0; 16];
                key.copy_from_slice(tag.as_bytes().split_at(16).0);
                let key = PersonKey::from_bytes(key);
                person::add_seen(&mut tx, key, now).await?;
                person::add_tag(&mut tx, tag, key).await?;
                key
            }
        };
        let entry = LedgerEntry::earlier(past, self.me);
        let mut id = person.as_bytes().to_vec();
        id.extend_from_slice(&past.at.unix().to_be_bytes());
        id.extend_from_slice(&entry.fingerprint());
        movement::add_movement(&mut tx, person, &sha256(&id), past.at, &entry).await?;
        tx.commit().await
    }
}

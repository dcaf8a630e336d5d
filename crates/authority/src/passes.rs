//! Passes: whether one is in force, read from a registry beside the service that may run over it.
//!
//! Lives here: [`Passes`]. Not here: how a pass begins (`enrolment`) or ends (`registry`, `holder`).

use credential::sha256;
use documents::DocumentNumber;

use crate::store::vault::Vault;
use crate::store::{DatabaseAddress, Store, StoreError, person};

/// The passes of one authority's registry. Nothing is written, and a service may run over the same database.
pub struct Passes(Store);

impl Passes {
    /// Opens the registry at this address; `None` where there is none yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(address: &DatabaseAddress, vault: Vault) -> Result<Option<Self>, StoreError> {
        if address.file().is_some_and(|file| !file.exists()) {
            return Ok(None);
        }
        Ok(Some(Self(Store::beside(address, vault).await?)))
    }

    /// Whether the person with this document has a pass in force here.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_pass(&self, number: &DocumentNumber) -> Result<bool, StoreError> {
        let mut tx = self.0.read().await?;
        let tag = self.0.vault().number_tag(number);
        let person = match person::find_tag(&mut tx, tag).await? {
            Some(key) => person::find_person(&mut tx, self.0.vault(), key).await?,
            None => None,
        };
        tx.commit().await?;
        Ok(person.is_some_and(|person| person.session.is_some()))
    }

    /// Whether a wallet's secret is that of a pass in force.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_force(&self, secret: &[u8; 32]) -> Result<bool, StoreError> {
        let mut tx = self.0.read().await?;
        let found = person::find_session(&mut tx, &sha256(secret)).await?;
        tx.commit().await?;
        Ok(found.is_some())
    }
}

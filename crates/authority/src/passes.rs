//! Passes: whether one is in force, read from a registry beside the service that may run over it.
//!
//! Lives here: [`Passes`], [`PassStanding`]. Not here: how a pass begins (`enrolment`) or ends (`registry`, `holder`).

use credential::sha256;
use documents::{DocumentNumber, Timestamp};

use crate::store::vault::Vault;
use crate::store::{DatabaseAddress, Store, StoreError, enrolment, person};

/// How a wallet stands that enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassStanding {
    /// Its pass is in force, or will be with its next request.
    InForce,
    /// It waits until the wallet of before had its time to object.
    Waits {
        /// From then on it counts.
        until: Timestamp,
    },
    /// Its pass has ended.
    Ended,
}

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

    /// How a wallet stands at `now`, by its secret.
    ///
    /// # Errors
    /// The database's.
    pub async fn standing(&self, secret: &[u8; 32], now: Timestamp) -> Result<PassStanding, StoreError> {
        let (session, mut tx) = (sha256(secret), self.0.read().await?);
        let in_force = person::find_session(&mut tx, &session).await?.is_some();
        let waiting = enrolment::find_pending_session(&mut tx, &session).await?;
        tx.commit().await?;
        Ok(match waiting {
            _ if in_force => PassStanding::InForce,
            // Its next request puts it in force.
            Some(waiting) if waiting.due_at <= now => PassStanding::InForce,
            Some(waiting) => PassStanding::Waits { until: waiting.due_at },
            None => PassStanding::Ended,
        })
    }
}

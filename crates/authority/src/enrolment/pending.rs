//! Pending: a second enrolment of somebody whose pass is in force. It waits: the wallet in force is told, and may object or
//! agree; or an officer decides.
//!
//! Lives here: both decisions, and what officers see of those that wait. Not here: how one comes about (`enrolment`).

use credential::sha256;
use documents::{CarerOver, DocumentKind, DocumentNumber, Timestamp};

use crate::registry::RegistryError;
use crate::service::Service;
use crate::store::enrolment::{self, PendingRow};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, person, token};

/// What becomes of a second enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decided {
    /// The new wallet comes into force, the earlier one ends.
    Accepted,
    /// The new wallet ends; the earlier one stays.
    Rejected,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum PendingError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No resident has this number.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// No pass is in force for this wallet.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
    /// None waits.
    #[error("no second enrolment waits; it was decided already, or its time is over")]
    NothingWaits,
}

/// A second enrolment that waits, as an officer sees it.
#[derive(Clone)]
pub struct PendingEnrolment {
    /// The holder's name, as registered.
    pub name: String,
    /// Their documents: kind, and the last four characters of the number.
    pub documents: Vec<(DocumentKind, String)>,
    /// When it came.
    pub made_at: Timestamp,
    /// When it comes into force, unless the holder objects or an officer decides.
    pub due_at: Timestamp,
}
documents::redact_debug!(PendingEnrolment);

impl Service {
    /// Decides on the second enrolment that waits, by the wallet that is in force.
    ///
    /// # Errors
    /// [`PendingError`].
    pub async fn answer_second_enrolment(
        &self,
        session: &[u8; 32],
        decided: Decided,
        now: Timestamp,
    ) -> Result<(), PendingError> {
        let mut tx = self.store.begin().await?;
        let key = person::find_session(&mut tx, &sha256(session)).await?.ok_or(PendingError::NoPass)?;
        self.decide_pending(tx, key, decided, now).await?;
        tracing::info!(?decided, by = "holder", "a second enrolment was decided");
        Ok(())
    }

    /// Decides on the second enrolment of the person with this number, by an officer.
    ///
    /// # Errors
    /// [`PendingError`].
    pub async fn decide_second_enrolment(
        &self,
        number: &DocumentNumber,
        decided: Decided,
        now: Timestamp,
    ) -> Result<(), PendingError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, number).await?;
        self.decide_pending(tx, key, decided, now).await?;
        tracing::info!(?decided, by = "officer", "a second enrolment was decided");
        Ok(())
    }

    /// Second enrolments that wait, those first whose time ends first; 500 at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn second_enrolments(&self, now: Timestamp) -> Result<Vec<PendingEnrolment>, StoreError> {
        let mut tx = self.store.read().await?;
        let mut found = Vec::new();
        for waiting in enrolment::list_pending(&mut tx, now).await? {
            let person = person::find_person(&mut tx, self.store.vault(), waiting.key).await?;
            let Some(person) = person else { continue };
            let Some(resident) = person::find_resident(&mut tx, &person).await? else { continue };
            let documents =
                resident.documents.iter().map(|document| (document.kind(), document.number.last4()));
            found.push(PendingEnrolment {
                name: resident.name.clone(),
                documents: documents.collect(),
                made_at: waiting.made_at,
                due_at: waiting.due_at,
            });
        }
        tx.commit().await?;
        Ok(found)
    }

    async fn decide_pending(
        &self,
        mut tx: Tx,
        key: PersonKey,
        decided: Decided,
        now: Timestamp,
    ) -> Result<(), PendingError> {
        person::hold_person(&mut tx, key).await?;
        let waiting = enrolment::find_pending(&mut tx, key).await?.ok_or(PendingError::NothingWaits)?;
        let over = match decided {
            Decided::Accepted => self.put_in_force(&mut tx, &waiting, now).await?,
            Decided::Rejected => {
                enrolment::drop_pending(&mut tx, key).await?;
                None
            }
        };
        tx.commit().await?;
        over.map_or(Ok(()), |_| Err(PendingError::NothingWaits))
    }

    /// Puts a wallet in force that waited; the earlier one ends with it. Where it would be carried by a relation that is over, it ends
    /// itself, and the reason is given. The caller holds the person.
    pub(super) async fn put_in_force(
        &self,
        tx: &mut Tx,
        waiting: &PendingRow,
        now: Timestamp,
    ) -> Result<Option<CarerOver>, StoreError> {
        if let Some(over) = self.end_waiting_if_over(tx, waiting, now).await? {
            return Ok(Some(over));
        }
        enrolment::drop_pending(tx, waiting.key).await?;
        token::end_carried_tokens(tx, waiting.key).await?;
        let (device, session) = ((Some(waiting.device), waiting.carer), &waiting.session);
        enrolment::set_session(tx, waiting.key, session, device, now).await?;
        self.learn_re_enrolment(tx, waiting.key, now).await?;
        Ok(None)
    }
}

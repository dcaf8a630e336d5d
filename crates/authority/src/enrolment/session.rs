//! Session: a wallet's secret with the device key to which it is bound.
//!
//! Lives here: [`Service::open_session`]. Not here: how a request proves that it holds the key (`http::dpop`).

use credential::dpop::DpopThumbprint;
use credential::sha256;
use documents::{CarerOver, Timestamp};

use crate::service::Service;
use crate::store::enrolment::Bound;
use crate::store::vault::PersonKey;
use crate::store::{StoreError, enrolment, person};

/// Why a secret opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No pass is in force for it.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
    /// Another device key than the one to which it is bound: whoever sends it stole it.
    #[error("the secret is bound to another device key than the one that signed this request")]
    OtherDevice,
    /// The enrolment waits for the word of the holder's earlier wallet.
    #[error("another wallet of the same holder is in force; this one waits until {until}")]
    Waits {
        /// Until when.
        until: Timestamp,
    },
    /// The pass was on a carer's phone, and the relation is over.
    #[error("this pass was on the phone of a carer, and that is over: {0}; enrol again")]
    CarerOver(CarerOver),
}

impl Service {
    /// Whose wallet sends a request: the secret must be bound to this device key. A secret of a version before knows no key:
    /// the first request with a proof binds it, for ever. An enrolment that waited for its time comes into force here.
    ///
    /// # Errors
    /// [`SessionError`].
    pub async fn open_session(
        &self,
        secret: &[u8; 32],
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Result<PersonKey, SessionError> {
        let session = sha256(secret);
        let mut tx = self.store.read().await?;
        let bound = enrolment::find_bound(&mut tx, &session).await?;
        let waiting = match bound {
            Some(_) => None,
            None => enrolment::find_pending_session(&mut tx, &session).await?,
        };
        let ended = match (&bound, &waiting) {
            (None, None) => self.ended_with_carer(&mut tx, &session, now).await?,
            (Some(_), _) | (_, Some(_)) => None,
        };
        tx.commit().await?;
        if let Some(Bound { key, device: bound, carried }) = bound {
            let key = match bound {
                Some(bound) if bound == device => key,
                Some(_) => return Err(SessionError::OtherDevice),
                None => self.bind(key, &session, device).await?,
            };
            if carried {
                self.check_carried(key, now).await?;
            }
            return Ok(key);
        }
        let waiting = waiting.ok_or(ended.map_or(SessionError::NoPass, SessionError::CarerOver))?;
        if waiting.device != device {
            return Err(SessionError::OtherDevice);
        }
        let mut tx = self.store.begin().await?;
        person::hold_person(&mut tx, waiting.key).await?;
        // Read again: an objection may have come in between.
        let waiting =
            enrolment::find_pending_session(&mut tx, &session).await?.ok_or(SessionError::NoPass)?;
        if now < waiting.due_at {
            return Err(SessionError::Waits { until: waiting.due_at });
        }
        let over = self.put_in_force(&mut tx, &waiting, now).await?;
        tx.commit().await?;
        over.map_or(Ok(waiting.key), |over| Err(SessionError::CarerOver(over)))
    }

    async fn bind(
        &self,
        key: PersonKey,
        session: &[u8; 32],
        device: DpopThumbprint,
    ) -> Result<PersonKey, SessionError> {
        let mut tx = self.store.begin().await?;
        let first = enrolment::bind_device(&mut tx, session, device).await?;
        let bound = enrolment::find_bound(&mut tx, session).await?;
        tx.commit().await?;
        match bound {
            Some(Bound { device: Some(bound), .. }) if bound == device => {
                tracing::info!(first, "a session of an earlier version was bound to a device key");
                Ok(key)
            }
            Some(_) => Err(SessionError::OtherDevice),
            None => Err(SessionError::NoPass),
        }
    }
}

//! Hand-over: a holder brings a pass that is in force to another device of theirs, by a one-time code that their own wallet drew
//! (`docs/enrolment.md`, To another phone).
//!
//! Lives here: [`Service::offer_hand_over`], [`Service::take_hand_over`]. Not here: the memory of codes that wait (`applications`), how
//! one code of a wallet becomes one for each authority (the wallet's matter), a pass for whoever has no wallet any more (`pending`).

use credential::dpop::DpopThumbprint;
use credential::{CryptoError, sha256};
use documents::{AuthorityCode, Timestamp, redact_debug};

use crate::applications::{HAND_OVER_SECONDS, HandOverOffer, PARCEL_LEN};
use crate::issuance::IssueError;
use crate::service::{Service, draw};
use crate::store::enrolment::{self, PassRow};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, appeal, person, token};

/// Why a pass was not handed over.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No pass is in force for this wallet.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
    /// The pass is suspended: it stays where it is.
    #[error(
        "a suspended pass stays on its phone; go to an office with the card, or appeal by the reference of the crossing"
    )]
    Suspended,
    /// The pass is on a carer's phone, and the carer's own is not in force where it is to go.
    #[error("this pass goes where its carer's own pass is; hand the carer's over to this device first")]
    CarerAway,
    /// The sealed parcel is too large.
    #[error("what goes along has at most {PARCEL_LEN} bytes")]
    Parcel,
    /// No such code waits: it was never offered, is over, was taken by another device, or the pass has ended since.
    #[error("no such code waits; show a new one on the other device, it counts once and for ten minutes")]
    Unknown,
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// A pass that came to another device.
#[derive(Clone)]
pub struct HandedOver {
    /// The new wallet's secret for this authority.
    pub secret: [u8; 32],
    /// The holder's home authority.
    pub home: AuthorityCode,
    /// What the wallet of before sent along, sealed under its code; nobody here can read it.
    pub parcel: Vec<u8>,
}
redact_debug!(HandedOver);

impl Service {
    /// Notes that the wallet with this session offers its pass to whoever shows the code with this hash (SHA-256); gives until when.
    /// An earlier offer of the same person counts no more. `parcel`: bytes that go along unread.
    ///
    /// # Errors
    /// [`HandOverError`].
    pub async fn offer_hand_over(
        &self,
        session: &[u8; 32],
        code: [u8; 32],
        parcel: Vec<u8>,
        now: Timestamp,
    ) -> Result<Timestamp, HandOverError> {
        if parcel.len() > PARCEL_LEN {
            return Err(HandOverError::Parcel);
        }
        let from = sha256(session);
        let mut tx = self.store.read().await?;
        let key = person::find_session(&mut tx, &from).await?.ok_or(HandOverError::NoPass)?;
        if appeal::is_suspended(&mut tx, key).await? {
            return Err(HandOverError::Suspended);
        }
        tx.commit().await?;
        let until = now.plus_seconds(HAND_OVER_SECONDS);
        self.hand_overs.add(code, HandOverOffer::new(key, from, until, parcel), now);
        Ok(until)
    }

    /// Forgets what the wallet with this session offers.
    pub fn withdraw_hand_over(&self, session: &[u8; 32]) {
        self.hand_overs.forget(&sha256(session));
    }

    /// Puts the pass that was offered by this code in force on the device with this key; the wallet of before ends, and with it all
    /// its codes. The same device may ask again, for an answer that it did not get: the secret of before counts no more then.
    ///
    /// # Errors
    /// [`HandOverError`]; the pass stays where it is.
    pub async fn take_hand_over(
        &self,
        code: &[u8; 32],
        device: DpopThumbprint,
        now: Timestamp,
    ) -> Result<HandedOver, HandOverError> {
        let code = sha256(code);
        let found = self.hand_overs.find(&code, device, now).ok_or(HandOverError::Unknown)?;
        let secret: [u8; 32] = draw()?;
        let session = sha256(&secret);
        let mut tx = self.store.begin().await?;
        person::hold_person(&mut tx, found.key).await?;
        // Looked at again under the person's lock: of two devices at once one comes too late.
        let still = self.hand_overs.find(&code, device, now).is_some_and(|now| now.session == found.session);
        let pass = enrolment::find_pass(&mut tx, found.key).await?;
        let Some(pass) = pass.filter(|pass| still && pass.session == Some(found.session)) else {
            return Err(HandOverError::Unknown);
        };
        let home = self.move_pass(&mut tx, found.key, (pass, device), &session, now).await?;
        tx.commit().await?;
        self.hand_overs.note_taken(&code, (device, session), now);
        tracing::info!("a pass was handed over to another device of its holder");
        Ok(HandedOver { secret, home, parcel: found.parcel })
    }

    /// The caller holds the person; gives their home authority.
    async fn move_pass(
        &self,
        tx: &mut Tx,
        key: PersonKey,
        (pass, device): (PassRow, DpopThumbprint),
        session: &[u8; 32],
        now: Timestamp,
    ) -> Result<AuthorityCode, HandOverError> {
        if appeal::is_suspended(tx, key).await? {
            return Err(HandOverError::Suspended);
        }
        enrolment::drop_pending(tx, key).await?;
        token::end_phone_tokens(tx, key).await?;
        enrolment::set_session(tx, key, session, (Some(device), pass.carer), now).await?;
        self.learn_re_enrolment(tx, key, now).await?;
        let person = person::find_person(tx, self.store.vault(), key).await?.ok_or(HandOverError::NoPass)?;
        // On a carer's phone it may be on the one where the carer's own pass is, and on no other.
        match self.carried_by(tx, &person, now).await {
            Ok(_) => {}
            Err(IssueError::Store(error)) => return Err(error.into()),
            Err(_) => return Err(HandOverError::CarerAway),
        }
        let resident = person::find_resident(tx, &person).await?.ok_or(HandOverError::NoPass)?;
        Ok(resident.holder.home)
    }
}

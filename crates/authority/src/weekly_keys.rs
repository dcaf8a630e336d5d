//! Weekly keys: the keys under which parts are sealed, made here, handed over a week ahead, and destroyed.
//!
//! Lives here: making, handing over, taking and destroying. Not here: which pairs share a key (`documents::issuance`),
//! when a hand-over is due (`peers`).

use credential::cbor::CborError;
use credential::message::{self, Handover, Kind, MessageError, ReceiptResult};
use credential::part::{PartError, open_weekly_key, seal_weekly_key};
use credential::{CryptoError, SecretKey};
use documents::issuance::weekly_key_pairs;
use documents::{AuthorityCode, IsoWeek, Timestamp};
use trust::{Role, TrustError};

use crate::service::{SenderError, Service};
use crate::store::weekly_key::{self, KeyName};
use crate::store::{StoreError, Tx};

/// How long a weekly key outlives its week, in seconds.
const AFTER_WEEK: i64 = 86_400;

/// Why a weekly key was not made, handed over or taken.
#[derive(Debug, thiserror::Error)]
pub enum WeeklyKeyError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key is not here.
    #[error("the weekly key {maker} to {receiver} for {week} is not here yet; hand it over first")]
    Missing {
        /// Who makes it.
        maker: AuthorityCode,
        /// Who receives it.
        receiver: AuthorityCode,
        /// For which week.
        week: IsoWeek,
    },
    /// The message of the maker.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// What is sealed in it, or sealing.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

impl From<MessageError> for WeeklyKeyError {
    fn from(error: MessageError) -> Self {
        SenderError::from(error).into()
    }
}

impl From<TrustError> for WeeklyKeyError {
    fn from(error: TrustError) -> Self {
        SenderError::from(error).into()
    }
}

impl From<CborError> for WeeklyKeyError {
    fn from(error: CborError) -> Self {
        SenderError::from(error).into()
    }
}

/// A weekly key that this authority needs, and whether it is where it belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeeklyKey {
    /// Who makes it.
    pub maker: AuthorityCode,
    /// Who opens with it.
    pub receiver: AuthorityCode,
    /// For which week.
    pub week: IsoWeek,
    /// Whether it is here (received), or was taken over there (made here).
    pub present: bool,
}

impl Service {
    /// The weekly key with which a part or a hand-over is made: made here where there is none yet.
    pub(crate) async fn make_weekly_key(
        &self,
        tx: &mut Tx,
        receiver: AuthorityCode,
        week: IsoWeek,
    ) -> Result<SecretKey, WeeklyKeyError> {
        let name = KeyName { maker: self.me, receiver, week };
        if let Some(key) = weekly_key::find_weekly_key(tx, self.store.vault(), name).await? {
            return Ok(key);
        }
        // The first key kept for a week stays: a second one made meanwhile is dropped.
        weekly_key::add_weekly_key(tx, self.store.vault(), name, &SecretKey::generate()?).await?;
        self.weekly_key(tx, self.me, receiver, week).await
    }

    /// The weekly key of a pair, to open with.
    pub(crate) async fn weekly_key(
        &self,
        tx: &mut Tx,
        maker: AuthorityCode,
        receiver: AuthorityCode,
        week: IsoWeek,
    ) -> Result<SecretKey, WeeklyKeyError> {
        let name = KeyName { maker, receiver, week };
        let found = weekly_key::find_weekly_key(tx, self.store.vault(), name).await?;
        found.ok_or(WeeklyKeyError::Missing { maker, receiver, week })
    }

    /// The weekly key for `receiver`, signed and sealed to it: a week ahead of its use.
    ///
    /// # Errors
    /// Where the receiver lists no key to seal to.
    pub async fn hand_over(
        &self,
        receiver: AuthorityCode,
        week: IsoWeek,
        now: Timestamp,
    ) -> Result<Vec<u8>, WeeklyKeyError> {
        let mut tx = self.store.begin().await?;
        let key = self.make_weekly_key(&mut tx, receiver, week).await?;
        tx.commit().await?;
        let trust = self.trust();
        let (enc, ciphertext) =
            seal_weekly_key(&key, self.me, receiver, week, trust.part_key(receiver, now)?)?;
        let handover = Handover { from: self.me, to: receiver, week, enc, ciphertext };
        Ok(self.signing().handover.sign(Kind::Handover, &handover.encode())?)
    }

    /// Takes a weekly key that another authority handed over; gives the signed receipt.
    ///
    /// # Errors
    /// Why it was refused.
    pub async fn take_handover(&self, bytes: &[u8], now: Timestamp) -> Result<Vec<u8>, WeeklyKeyError> {
        let claimed = Handover::decode(message::unverified_payload(bytes)?)?;
        let handover = {
            let trust = self.trust();
            let key = trust.find(claimed.from, Role::Handover, message::kid(bytes)?, now)?;
            Handover::decode(message::open(Kind::Handover, bytes, key)?)?
        };
        if handover.to != self.me || handover.from == self.me {
            return Err(SenderError::NotForUs.into());
        }
        let Handover { from, to, week, enc, ciphertext } = handover;
        let key = self.part_keys().open(|key| open_weekly_key(&enc, &ciphertext, from, to, week, key))?;
        let mut tx = self.store.begin().await?;
        let name = KeyName { maker: from, receiver: to, week };
        weekly_key::add_weekly_key(&mut tx, self.store.vault(), name, &key).await?;
        tx.commit().await?;
        let hash = message::payload_hash(message::unverified_payload(bytes)?);
        Ok(self.receipt(hash, ReceiptResult::Taken, now)?)
    }

    /// Destroys weekly keys a day after their week; gives how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn destroy_old_keys(&self, now: Timestamp) -> Result<u64, WeeklyKeyError> {
        let mut tx = self.store.begin().await?;
        let gone = weekly_key::drop_weekly_keys(&mut tx, now.plus_seconds(-AFTER_WEEK)).await?;
        tx.commit().await?;
        Ok(gone)
    }

    /// The weekly keys of this week and the next ones between this authority and the others.
    ///
    /// # Errors
    /// The database's.
    pub async fn weekly_keys(&self, weeks: i32, now: Timestamp) -> Result<Vec<WeeklyKey>, WeeklyKeyError> {
        let mut tx = self.store.read().await?;
        let mut keys = Vec::new();
        for (maker, receiver) in weekly_key_pairs() {
            for ahead in 0..weeks {
                let week = now.local_date().iso_week().plus_weeks(ahead);
                let present = if receiver == self.me {
                    let name = KeyName { maker, receiver, week };
                    weekly_key::find_weekly_key(&mut tx, self.store.vault(), name).await?.is_some()
                } else if maker == self.me {
                    weekly_key::is_handed_over(&mut tx, receiver, week).await?
                } else {
                    continue;
                };
                keys.push(WeeklyKey { maker, receiver, week, present });
            }
        }
        tx.commit().await?;
        Ok(keys)
    }

    /// Notes that `receiver` took the weekly key of a week: it is not handed over again.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_handed_over(
        &self,
        receiver: AuthorityCode,
        week: IsoWeek,
    ) -> Result<(), WeeklyKeyError> {
        let mut tx = self.store.begin().await?;
        weekly_key::add_handed_over(&mut tx, receiver, week).await?;
        Ok(tx.commit().await?)
    }
}

//! Batch: a wallet's device keys, each with the proof that its holder has it.
//!
//! Lives here: who asks, proofs of possession, the log that binds a device key to one person, its place in the status lists. Not here: what is issued.

use credential::cbor::{Reader, Writer};
use credential::message::{self, Kind, MessageError};
use credential::{DeviceKey, PublicKey, SigningKey, StatusRef, Thumbprint, sha256};
use documents::{AuthorityCode, Carer, Timestamp};

use super::IssueError;
use crate::keys::KEY_ID;
use crate::service::Service;
use crate::status_places::PlaceDraw;
use crate::store::person::{self, Person, Resident};
use crate::store::token::Purpose;
use crate::store::vault::PersonKey;
use crate::store::{Tx, appeal, token};

/// Most device keys in one batch.
pub const MAX_BATCH: usize = 64;
/// How old a proof of possession may be, in seconds.
const POSSESSION_SECONDS: i64 = 300;

/// One device key with the proof that its holder has it.
#[derive(Debug, Clone)]
pub struct DeviceProof {
    /// The public key that the tokens are bound to.
    pub key: PublicKey,
    /// The signed proof ([`possession`]).
    pub proof: Vec<u8>,
}

/// Makes the proof that the holder of `key` wants a part from `authority` for a token of `issuer`, in this session.
///
/// # Errors
/// When the library cannot sign.
pub fn possession(
    key: &SigningKey,
    authority: AuthorityCode,
    issuer: AuthorityCode,
    session: &[u8; 32],
    now: Timestamp,
) -> Result<Vec<u8>, MessageError> {
    let payload = Writer::new()
        .array(4)
        .text(authority.code())
        .text(issuer.code())
        .uint(now.unix().unsigned_abs())
        .bytes(&sha256(session))
        .finish();
    message::sign(Kind::Possession, KEY_ID, key, &payload)
}

/// A batch that may be issued: whose, and for which keys.
pub(crate) struct Batch {
    pub person: Person,
    pub resident: Resident,
    pub devices: Vec<DeviceKey>,
    /// The relation by which the pass is on a carer's phone: nothing issued to it lives longer than that.
    pub carried: Option<Carer<PersonKey>>,
}

impl Batch {
    /// When something ends that is issued to this pass and would end at `expires` otherwise.
    pub(crate) fn cut(&self, expires: Timestamp) -> Timestamp {
        self.carried.map_or(expires, |relation| relation.cut(expires))
    }
}

impl Service {
    /// Checks a batch and logs its device keys.
    pub(crate) async fn admit_batch(
        &self,
        tx: &mut Tx,
        session: &[u8; 32],
        issuer: AuthorityCode,
        keys: &[DeviceProof],
        now: Timestamp,
    ) -> Result<Batch, IssueError> {
        if keys.is_empty() || keys.len() > MAX_BATCH {
            return Err(IssueError::Batch);
        }
        let hash = sha256(session);
        let Some(key) = person::find_session(tx, &hash).await? else {
            let ended = self.ended_with_carer(tx, &hash, now).await?;
            return Err(ended.map_or(IssueError::NoPass, IssueError::CarerOver));
        };
        // Asked again once the person is held: a pass that ends at this moment takes every token along.
        person::hold_person(tx, key).await?;
        if person::find_session(tx, &hash).await? != Some(key) {
            return Err(IssueError::NoPass);
        }
        let missing = || IssueError::NoPass;
        let (person, resident) = self.resident_in_good_standing(tx, key, missing).await?;
        let carried = self.carried_by(tx, &person, now).await?;
        let devices = self.log_devices(tx, key, (issuer, session, keys), now).await?;
        Ok(Batch { person, resident, devices, carried })
    }

    /// The resident behind a person's key, whose pass is not suspended.
    pub(crate) async fn resident_in_good_standing(
        &self,
        tx: &mut Tx,
        key: PersonKey,
        missing: impl Fn() -> IssueError,
    ) -> Result<(Person, Resident), IssueError> {
        if appeal::is_suspended(tx, key).await? {
            return Err(IssueError::Suspended);
        }
        let person = person::find_person(tx, self.store.vault(), key).await?.ok_or_else(&missing)?;
        let resident = person::find_resident(tx, &person).await?.ok_or_else(missing)?;
        Ok((person, resident))
    }

    /// Whether a person may bring so many device keys more today.
    pub(crate) async fn check_quota(
        &self,
        tx: &mut Tx,
        person: PersonKey,
        more: usize,
        now: Timestamp,
    ) -> Result<(), IssueError> {
        let today = token::count_devices(tx, person, now.plus_seconds(-86_400)).await?;
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        let allowed = today.saturating_add(more) <= i64::from(self.device_keys_a_day);
        if allowed { Ok(()) } else { Err(IssueError::Quota) }
    }

    /// Logs device keys as this person's, each with its proof for this session or visit, as many a day as one may bring.
    pub(super) async fn log_devices(
        &self,
        tx: &mut Tx,
        key: PersonKey,
        (issuer, session, keys): (AuthorityCode, &[u8; 32], &[DeviceProof]),
        now: Timestamp,
    ) -> Result<Vec<DeviceKey>, IssueError> {
        self.check_quota(tx, key, keys.len(), now).await?;
        let mut devices = Vec::with_capacity(keys.len());
        for device in keys {
            let parsed = DeviceKey::new(device.key)?;
            self.check_possession(&parsed, &device.proof, issuer, session, now)?;
            let tag = self.store.vault().device_tag(parsed.thumbprint());
            if token::add_device(tx, tag, key, now).await? != key {
                return Err(IssueError::KeyTaken);
            }
            devices.push(parsed);
        }
        Ok(devices)
    }

    /// Takes a place in one of the status lists for what is bound to a device key.
    pub(super) async fn take_status_place(
        &self,
        tx: &mut Tx,
        draw: &mut PlaceDraw<'_>,
        person: PersonKey,
        (thumbprint, purpose): (Thumbprint, Purpose),
    ) -> Result<StatusRef, IssueError> {
        let tag = self.store.vault().token_tag(thumbprint.token_id());
        if let Some(known) = token::find_token(tx, tag).await? {
            // The same device key again (a lost answer): the same place, so that nothing is issued twice. Never with
            // another end: a revocation leaves the list at the end that was logged first.
            if known.expires != draw.expires() || known.person != person || known.purpose != purpose {
                return Err(IssueError::KeyTaken);
            }
            let place = known.place.and_then(|place| StatusRef::new(known.list, place));
            return place.ok_or(IssueError::KeyTaken);
        }
        Ok(draw.take(tx, tag, person, purpose).await?)
    }

    pub(super) fn check_possession(
        &self,
        device: &DeviceKey,
        proof: &[u8],
        issuer: AuthorityCode,
        session: &[u8; 32],
        now: Timestamp,
    ) -> Result<(), IssueError> {
        let payload =
            message::open(Kind::Possession, proof, device.key()).map_err(|_| IssueError::Possession)?;
        let mut r = Reader::new(payload);
        r.array_exact(4)?;
        let (authority, token_issuer) = (message::read_authority(&mut r)?, message::read_authority(&mut r)?);
        let at = message::read_time(&mut r)?;
        let bound = r.bytes_exact::<32>()?;
        let fits = authority == self.me
            && token_issuer == issuer
            && *bound == sha256(session)
            && now.seconds_since(at).abs() <= POSSESSION_SECONDS;
        if fits { Ok(()) } else { Err(IssueError::Possession) }
    }
}

//! Carers: the pass of a child or a parent on the phone of whoever looks after them (`docs/carer.md`).
//!
//! Lives here: relations that a counter makes and ends, how ward or carer end one, what ends with it, and on whose phone an enrolment
//! is. Not here: what a relation may be and when it stands (`documents::Carer`), rows (`store::carer`).

use documents::{
    Birth, Carer, CarerGround, CarerOver, CarerPersons, CarerRefusal, CarerStop, DocumentNumber, LocalDate,
    Timestamp,
};

use credential::{CryptoError, sha256};

use crate::applications::Claim;
use crate::enrolment::{EnrolError, SessionError};
use crate::issuance::IssueError;
use crate::registry::{RegistryError, end_pass_of};
use crate::service::{Service, draw};
use crate::store::carer::{self, CarerId, KeptCarer};
use crate::store::enrolment::PendingRow;
use crate::store::person::{self, Person, Resident};
use crate::store::vault::PersonKey;
use crate::store::{StoreError, Tx, appeal, enrolment};

/// Wards whose passes the daily job looks at in one transaction.
const LOOKED_AT: usize = 100;

/// Why nothing was done about a relation.
#[derive(Debug, thiserror::Error)]
pub enum CarerError {
    /// The database cannot be read or written; nothing of the operation stands there.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One of the two is not registered here.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The relation is refused.
    #[error("{0}: {next}", next = .0.next())]
    Refused(CarerRefusal),
    /// This authority's data say nothing of carers.
    #[error("no pass is made here for a carer's phone; carers.csv has no row of this authority")]
    NoRule,
    /// No pass is in force for this wallet.
    #[error("no pass is in force for this wallet; enrol again")]
    NoPass,
    /// No such relation stands.
    #[error("no such relation stands; it ended already, or there was none")]
    Unknown,
    /// The crypto library.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
}

/// What somebody is in a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CarerRole {
    /// Their pass is carried.
    Ward,
    /// They carry the pass.
    Carer,
}

impl CarerRole {
    /// `ward` or `carer`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ward => "ward",
            Self::Carer => "carer",
        }
    }
}

/// A relation as one of its persons, or a clerk, reads it. It names nobody.
#[derive(Clone, Copy)]
pub struct OwnCarer {
    /// Its id.
    pub id: CarerId,
    /// What the one who asks is in it.
    pub role: CarerRole,
    /// On what ground.
    pub ground: CarerGround,
    /// Since when.
    pub from: LocalDate,
    /// The last day on which it stands by itself.
    pub last: LocalDate,
    /// Why it stands no more; `None` while it does.
    pub over: Option<CarerOver>,
}
documents::redact_debug!(OwnCarer);

impl OwnCarer {
    pub(crate) fn new(kept: &KeptCarer, role: CarerRole, now: Timestamp) -> Self {
        let terms = kept.relation.terms();
        Self {
            id: kept.id,
            role,
            ground: terms.ground,
            from: terms.from,
            last: terms.end.day().plus_days(-1),
            over: kept.relation.stands(now).err(),
        }
    }
}

impl Service {
    /// Writes at a counter that the pass of `ward` may be on the phone of `carer`: a clerk saw both, and the proof of guardianship or
    /// heard the ward's own word. One that stands between the two already is replaced. `until`: the last day.
    ///
    /// # Errors
    /// [`CarerError`].
    pub async fn add_carer(
        &self,
        (ward, carer): (&DocumentNumber, &DocumentNumber),
        ground: CarerGround,
        until: Option<LocalDate>,
        now: Timestamp,
    ) -> Result<OwnCarer, CarerError> {
        let rule = self.rules.carer_rule(self.me).ok_or(CarerError::NoRule)?;
        let id = CarerId::from_bytes(draw()?);
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, ward).await?;
        let other = self.person_with(&mut tx, carer).await?;
        person::hold_person(&mut tx, key).await?;
        let (person, born) = self.resident_with_birth(&mut tx, key).await?;
        let (_, carer_born) = self.resident_with_birth(&mut tx, other).await?;
        let persons = CarerPersons { ward: (key, born), carer: (other, carer_born) };
        let relation = Carer::agree(&persons, ground, until, rule, now.local_date());
        let kept = KeptCarer { id, relation: relation.map_err(CarerError::Refused)? };
        for earlier in carer::find_carers(&mut tx, &person).await? {
            let same = earlier.relation.carer() == other;
            if let (true, Ok(stopped)) = (same, earlier.relation.stop(CarerStop::Counter, now)) {
                let stopped = KeptCarer { relation: stopped, ..earlier };
                carer::end_carer(&mut tx, &person, &stopped, None, now).await?;
                carer::move_carried(&mut tx, key, earlier.id, id).await?;
                enrolment::move_pending(&mut tx, key, earlier.id, id).await?;
            }
        }
        carer::add_carer(&mut tx, self.store.vault(), &person, &kept).await?;
        tx.commit().await?;
        tracing::info!(%ground, "a carer's relation was made");
        Ok(OwnCarer::new(&kept, CarerRole::Ward, now))
    }

    async fn resident_with_birth(&self, tx: &mut Tx, key: PersonKey) -> Result<(Person, Birth), CarerError> {
        let person = person::find_person(tx, self.store.vault(), key).await?;
        let person = person.ok_or(RegistryError::Unknown)?;
        let resident = person::find_resident(tx, &person).await?.ok_or(RegistryError::Unknown)?;
        Ok((person, resident.holder.birth))
    }

    /// The relations of the person with this number, as ward and as carer, those that ended among them; none of a number that nobody
    /// here has.
    ///
    /// # Errors
    /// [`CarerError`].
    pub async fn carers_of(
        &self,
        number: &DocumentNumber,
        now: Timestamp,
    ) -> Result<Vec<OwnCarer>, CarerError> {
        let mut tx = self.store.read().await?;
        let found = match person::find_tag(&mut tx, self.store.vault().number_tag(number)).await? {
            Some(key) => self.carers_in(&mut tx, key, now).await?,
            None => Vec::new(),
        };
        tx.commit().await?;
        Ok(found)
    }

    async fn carers_in(
        &self,
        tx: &mut Tx,
        key: PersonKey,
        now: Timestamp,
    ) -> Result<Vec<OwnCarer>, CarerError> {
        let vault = self.store.vault();
        let person = person::find_person(tx, vault, key).await?.ok_or(RegistryError::Unknown)?;
        let own = carer::find_carers(tx, &person).await?;
        let others = carer::find_wards(tx, vault, key).await?;
        let own = own.iter().map(|kept| OwnCarer::new(kept, CarerRole::Ward, now));
        Ok(own.chain(others.iter().map(|kept| OwnCarer::new(kept, CarerRole::Carer, now))).collect())
    }

    /// Ends at a counter whatever relations of the ward with this number stand, or the one with this carer; gives how many.
    ///
    /// # Errors
    /// [`CarerError::Unknown`] where none stands.
    pub async fn end_carer(
        &self,
        ward: &DocumentNumber,
        carer: Option<&DocumentNumber>,
        now: Timestamp,
    ) -> Result<usize, CarerError> {
        let mut tx = self.store.begin().await?;
        let key = self.person_with(&mut tx, ward).await?;
        let only = match carer {
            Some(number) => Some(self.person_with(&mut tx, number).await?),
            None => None,
        };
        person::hold_person(&mut tx, key).await?;
        let (person, _) = self.resident_with_birth(&mut tx, key).await?;
        let mut ended = 0;
        for kept in carer::find_carers(&mut tx, &person).await? {
            let meant = only.is_none_or(|only| kept.relation.carer() == only);
            if let (true, Ok(relation)) = (meant, kept.relation.stop(CarerStop::Counter, now)) {
                end_relation(&mut tx, &person, &KeptCarer { relation, ..kept }, now).await?;
                ended += 1;
            }
        }
        if ended == 0 {
            return Err(CarerError::Unknown);
        }
        tx.commit().await?;
        tracing::info!(ended, by = "counter", "carers' relations ended");
        Ok(ended)
    }

    /// The relations of this wallet's holder, as ward and as carer.
    ///
    /// # Errors
    /// [`CarerError`].
    pub async fn own_carers(&self, session: &[u8; 32], now: Timestamp) -> Result<Vec<OwnCarer>, CarerError> {
        let mut tx = self.store.read().await?;
        let key = person::find_session(&mut tx, &sha256(session)).await?.ok_or(CarerError::NoPass)?;
        let found = self.carers_in(&mut tx, key, now).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Ends a relation by the word of its ward or its carer, whichever of them this wallet's holder is. The ward's pass on that phone
    /// ends with it, with all its tokens.
    ///
    /// # Errors
    /// [`CarerError::Unknown`] where it is nobody's who asks, or ended already.
    pub async fn withdraw_carer(
        &self,
        session: &[u8; 32],
        id: CarerId,
        now: Timestamp,
    ) -> Result<CarerStop, CarerError> {
        let vault = self.store.vault();
        let mut tx = self.store.begin().await?;
        let asks = person::find_session(&mut tx, &sha256(session)).await?.ok_or(CarerError::NoPass)?;
        let (ward, _) = carer::find_carer(&mut tx, vault, id).await?.ok_or(CarerError::Unknown)?;
        person::hold_person(&mut tx, ward.key).await?;
        // Read again: it may have ended in between.
        let (ward, kept) = carer::find_carer(&mut tx, vault, id).await?.ok_or(CarerError::Unknown)?;
        let by = if asks == ward.key {
            CarerStop::Ward
        } else if asks == kept.relation.carer() {
            CarerStop::Carer
        } else {
            return Err(CarerError::Unknown);
        };
        let relation = kept.relation.stop(by, now).map_err(|_| CarerError::Unknown)?;
        end_relation(&mut tx, &ward, &KeptCarer { relation, ..kept }, now).await?;
        tx.commit().await?;
        tracing::info!(%by, "a carer's relation was withdrawn");
        Ok(by)
    }

    /// On whose phone an enrolment is: by which relation on a carer's, or `None` on the holder's own. The claim is proven by now.
    pub(crate) async fn carrier_of(
        &self,
        tx: &mut Tx,
        claim: &Claim,
        (person, resident): (&Person, &Resident),
        now: Timestamp,
    ) -> Result<Option<CarerId>, EnrolError> {
        let own = |kept: &&KeptCarer| person.session.is_some() && kept.relation.stands(now).is_ok();
        let found = match claim.holder {
            // By the secret of the pass itself: it stays where it is.
            Some(holder) if holder == person.key => person.carried.as_ref().filter(own).map(|kept| kept.id),
            Some(holder) => {
                let relations = carer::find_carers(tx, person).await?;
                let stands =
                    |kept: &&KeptCarer| kept.relation.carer() == holder && kept.relation.stands(now).is_ok();
                let kept = relations.iter().find(stands).ok_or(EnrolError::CarerNeeded)?;
                let pass = enrolment::find_pass(tx, holder).await?;
                // Nobody carries a pass for others whose own is on another's phone, or suspended.
                let fit = pass.is_some_and(|pass| pass.session.is_some() && pass.carer.is_none());
                if !fit || appeal::is_suspended(tx, holder).await? {
                    return Err(EnrolError::CarerAway);
                }
                Some(kept.id)
            }
            None => None,
        };
        let needed = self.rules.carer_rule(self.me).map_or(0, |rule| rule.needed_below);
        let young = resident.holder.birth.age_on(now.local_date()) < i16::from(needed);
        if found.is_none() && young { Err(EnrolError::CarerNeeded) } else { Ok(found) }
    }

    /// The relation by which the pass of this person is carried, and may be: `None` where it is on their own phone.
    pub(crate) async fn carried_by(
        &self,
        tx: &mut Tx,
        person: &Person,
        now: Timestamp,
    ) -> Result<Option<Carer<PersonKey>>, IssueError> {
        let Some(kept) = &person.carried else { return Ok(None) };
        kept.relation.stands(now).map_err(IssueError::CarerOver)?;
        let own = enrolment::find_pass(tx, person.key).await?;
        let carers = enrolment::find_pass(tx, kept.relation.carer()).await?;
        let device = own.and_then(|pass| pass.device);
        let there = carers.is_some_and(|pass| {
            pass.session.is_some() && pass.carer.is_none() && pass.device.is_some() && pass.device == device
        });
        if !there || appeal::is_suspended(tx, kept.relation.carer()).await? {
            return Err(IssueError::CarerAway);
        }
        Ok(Some(kept.relation))
    }

    /// Why a wallet with this session has no pass any more, where a relation ended with it.
    pub(crate) async fn ended_with_carer(
        &self,
        tx: &mut Tx,
        session: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<CarerOver>, StoreError> {
        let kept = carer::find_ended(tx, self.store.vault(), session).await?;
        Ok(kept.and_then(|kept| kept.relation.stands(now).err()))
    }

    /// Checks that the pass of this person, which is carried, still may be; where its relation is over, the pass ends here and now.
    pub(crate) async fn check_carried(&self, key: PersonKey, now: Timestamp) -> Result<(), SessionError> {
        let mut tx = self.store.read().await?;
        let person = person::find_person(&mut tx, self.store.vault(), key).await?;
        tx.commit().await?;
        let over = |person: &Person| person.carried.and_then(|kept| kept.relation.stands(now).err());
        let Some(over) = person.as_ref().and_then(over) else { return Ok(()) };
        let mut tx = self.store.begin().await?;
        self.end_if_over(&mut tx, key, now).await?;
        tx.commit().await?;
        Err(SessionError::CarerOver(over))
    }

    /// Why an enrolment that waits on a carer's phone never comes into force; it waits no more then. `None` where it may.
    pub(crate) async fn end_waiting_if_over(
        &self,
        tx: &mut Tx,
        waiting: &PendingRow,
        now: Timestamp,
    ) -> Result<Option<CarerOver>, StoreError> {
        let Some(id) = waiting.carer else { return Ok(None) };
        let kept = carer::find_carer(tx, self.store.vault(), id).await?;
        let Some(over) = kept.and_then(|(_, kept)| kept.relation.stands(now).err()) else { return Ok(None) };
        self.end_if_over(tx, waiting.key, now).await?;
        enrolment::drop_pending(tx, waiting.key).await?;
        Ok(Some(over))
    }

    /// Ends whatever relations of this ward are over by themselves, and what was carried by them.
    async fn end_if_over(&self, tx: &mut Tx, key: PersonKey, now: Timestamp) -> Result<(), StoreError> {
        person::hold_person(tx, key).await?;
        let Some(person) = person::find_person(tx, self.store.vault(), key).await? else { return Ok(()) };
        for kept in carer::find_carers(tx, &person).await? {
            if kept.relation.stopped().is_none() && kept.relation.stands(now).is_err() {
                end_relation(tx, &person, &kept, now).await?;
            }
        }
        Ok(())
    }

    /// Notes which relations are over by their birthdays and last days, and ends the passes that were carried by them. What was issued
    /// to these passes ended at the same instant.
    ///
    /// # Errors
    /// The database's; the next call goes on.
    pub(crate) async fn end_carers_over(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut after = CarerId::from_bytes([0; 16]);
        loop {
            let mut tx = self.store.read().await?;
            let open = carer::open_carers(&mut tx, after, LOOKED_AT).await?;
            let mut over = Vec::new();
            for (id, ward) in &open {
                let kept = carer::find_carer(&mut tx, self.store.vault(), *id).await?;
                if kept.is_some_and(|(_, kept)| kept.relation.stands(now).is_err()) {
                    over.push(*ward);
                }
                after = *id;
            }
            tx.commit().await?;
            if !over.is_empty() {
                let mut tx = self.store.begin().await?;
                for ward in over {
                    self.end_if_over(&mut tx, ward, now).await?;
                }
                tx.commit().await?;
            }
            if open.len() < LOOKED_AT {
                return Ok(());
            }
        }
    }

    /// Ends the passes that are on the phone of this person, and what waits to be there: nobody unlocks it for them any more. The
    /// relations stand.
    pub(crate) async fn end_carried_passes(
        &self,
        tx: &mut Tx,
        carer: PersonKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for ward in carer::find_carried(tx, self.store.vault(), carer).await? {
            end_pass_of(tx, ward, now).await?;
        }
        for ward in enrolment::find_pending_carried(tx, self.store.vault(), carer).await? {
            person::hold_person(tx, ward).await?;
            enrolment::drop_pending(tx, ward).await?;
        }
        Ok(())
    }

    /// Ends every relation of somebody who is erased as a carer; as a ward their relations go with their key.
    pub(crate) async fn forget_carer(
        &self,
        tx: &mut Tx,
        carer: PersonKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let vault = self.store.vault();
        for kept in carer::find_wards(tx, vault, carer).await? {
            let Ok(relation) = kept.relation.stop(CarerStop::Counter, now) else { continue };
            person::hold_person(tx, kept.relation.ward()).await?;
            let ward = person::find_person(tx, vault, kept.relation.ward()).await?;
            let Some(ward) = ward else { continue };
            end_relation(tx, &ward, &KeptCarer { relation, ..kept }, now).await?;
        }
        Ok(())
    }
}

/// Writes that a relation is over; the pass that it carried ends with all its tokens, and what waits to be carried by it waits no more.
/// The caller holds the ward.
async fn end_relation(
    tx: &mut Tx,
    ward: &Person,
    kept: &KeptCarer,
    now: Timestamp,
) -> Result<(), StoreError> {
    let pass = enrolment::find_pass(tx, ward.key).await?;
    let carried = pass.filter(|pass| pass.carer == Some(kept.id)).and_then(|pass| pass.session);
    let waiting = enrolment::find_pending(tx, ward.key).await?;
    let waits = waiting.filter(|waiting| waiting.carer == Some(kept.id)).map(|waiting| waiting.session);
    carer::end_carer(tx, ward, kept, carried.or(waits), now).await?;
    if waits.is_some() {
        enrolment::drop_pending(tx, ward.key).await?;
    }
    if carried.is_some() { end_pass_of(tx, ward.key, now).await } else { Ok(()) }
}

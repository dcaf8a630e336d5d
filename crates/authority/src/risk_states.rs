//! Risk states: brought up to date by what happened: a passage, a face that was another's, a code that was refused, a wallet enrolled once
//! more, an attempt at a lane.
//!
//! Lives here: what is written of persons, devices and lanes for risk control, each within the transaction of what happened. Not here:
//! the update itself, which is pure (`risk::state`).

use ::risk::state::{Crossed, Crossing, LaneState, LaneTry, PersonState};
use credential::TokenId;
use documents::Timestamp;

use crate::risk_engine::{person_tag, short_tag};
use crate::service::Service;
use crate::store::person::{self, Person};
use crate::store::reservation::ReservationRow;
use crate::store::risk as rows;
use crate::store::vault::{PersonKey, Tag};
use crate::store::{StoreError, Tx, token};

impl Service {
    /// Adds a passage to the states of the person and of their device.
    pub(crate) async fn learn_passage(
        &self,
        tx: &mut Tx,
        row: &ReservationRow,
        at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let vault = self.store.vault();
        let Some(person) = person::find_person(tx, vault, row.person).await? else { return Ok(()) };
        let crossed = Crossed { port: row.entry.port.clone(), direction: row.entry.direction, at };
        // Whoever came by card, or with another issuer's code, showed no wallet of this authority.
        let own = token::find_token(tx, row.token).await?.is_some_and(|token| token.person == row.person);
        let wallet = if own { rows::find_wallet(tx, vault, row.person).await? } else { None };
        if let Some((tag, _)) = wallet {
            let declared = person.is_carried(at);
            let device = rows::find_device_state(tx, vault, tag).await?;
            let device = device.crossed(person_tag(row.person), declared, &crossed);
            rows::set_device_state(tx, vault, tag, &device, now).await?;
        }
        let crossing = Crossing { crossed, device: wallet.map_or(0, |(tag, _)| short_tag(tag)) };
        self.change_state(tx, &person, now, |state| state.crossed(&crossing)).await
    }

    /// Counts a face that was not that of the holder of this number, where they are known here.
    pub(crate) async fn learn_other_face(
        &self,
        tx: &mut Tx,
        number: Tag,
        now: Timestamp,
    ) -> Result<Option<PersonKey>, StoreError> {
        let Some(key) = person::find_tag(tx, number).await? else { return Ok(None) };
        person::hold_person(tx, key).await?;
        if let Some(person) = person::find_person(tx, self.store.vault(), key).await? {
            self.change_state(tx, &person, now, |state| state.face_failed(now)).await?;
        }
        Ok(Some(key))
    }

    /// Counts a code that was refused, where this authority issued it.
    pub(crate) async fn learn_refused_code(
        &self,
        tx: &mut Tx,
        id: TokenId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let vault = self.store.vault();
        let Some(issued) = token::find_token(tx, vault.token_tag(id)).await? else { return Ok(()) };
        person::hold_person(tx, issued.person).await?;
        let Some(person) = person::find_person(tx, vault, issued.person).await? else { return Ok(()) };
        self.change_state(tx, &person, now, |state| state.code_failed(now)).await
    }

    /// Counts a wallet that came in the place of another.
    pub(crate) async fn learn_re_enrolment(
        &self,
        tx: &mut Tx,
        key: PersonKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let vault = self.store.vault();
        let Some(person) = person::find_person(tx, vault, key).await? else { return Ok(()) };
        let mut kept = rows::find_person_state(tx, vault, &person, now).await?;
        kept.state = kept.state.enrolled(now);
        kept.enrolled_at = Some(now);
        rows::set_person_state(tx, vault, &person, &kept, now).await
    }

    async fn change_state(
        &self,
        tx: &mut Tx,
        person: &Person,
        now: Timestamp,
        change: impl FnOnce(&PersonState) -> PersonState,
    ) -> Result<(), StoreError> {
        let vault = self.store.vault();
        let mut kept = rows::find_person_state(tx, vault, person, now).await?;
        kept.state = change(&kept.state);
        rows::set_person_state(tx, vault, person, &kept, now).await
    }

    /// The state of a lane, from memory; from the database the first time.
    pub(crate) async fn lane_state(
        &self,
        tx: &mut Tx,
        lane: &str,
        now: Timestamp,
    ) -> Result<LaneState, StoreError> {
        let known = self.risk.lanes().get(lane).cloned();
        if let Some(state) = known {
            return Ok(state);
        }
        let state = rows::find_lane_state(tx, lane, now).await?;
        self.risk.lanes().insert(lane.to_owned(), state.clone());
        Ok(state)
    }

    /// Adds an attempt to a lane's state. What the hours before were like is written once an hour: a lane's traffic needs no more.
    pub(crate) async fn learn_attempt(
        &self,
        tx: &mut Tx,
        lane: &str,
        attempt: LaneTry,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let before = self.lane_state(tx, lane, now).await?;
        let state = before.tried(attempt, now);
        self.risk.lanes().insert(lane.to_owned(), state.clone());
        if before.hour() != state.hour() {
            rows::set_lane_state(tx, lane, &state).await?;
        }
        Ok(())
    }
}

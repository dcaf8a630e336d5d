//! Building: the visitor book of a building's desk. Each act is one transaction with its line in the log.
//!
//! Lives here: [`Building`] and what its acts refuse. Not here: what a visit may become (`visit`), doors (`door`), HTTP. It works
//! without any network: the evacuation list too.

use credential::venue::Pseudonym;
use documents::Timestamp;

use crate::actor::Actor;
use crate::shown::{AnswerFault, AnswerId};
use crate::stay::NameForm;
use crate::store::answer::Held;
use crate::store::look::{self, Act, Look};
use crate::store::person::Found;
use crate::store::retention::erase;
use crate::store::visit::VisitRow;
use crate::store::{Store, StoreError, Tx};
use crate::visit::{
    BadgeNumber, EvacuationList, Plan, Presence, RollMark, Visit, VisitError, VisitId, Visitor, Warning, Zone,
};

/// The states of visits that are not over.
const OPEN: [&str; 4] = ["expected", "waiting", "outside", "inside"];
/// The states of those that are.
const ENDED: [&str; 2] = ["not_expected", "over"];

/// A building's desk.
#[derive(Debug, Clone)]
pub struct Building {
    store: Store,
    approval_days: Option<u16>,
}

/// What became of an invitation or a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invited {
    /// It stands in the book now.
    New,
    /// It stood there before, under the same id; nothing was written.
    Already,
}

/// Why an act on a visit is refused.
#[derive(Debug, thiserror::Error)]
pub enum BuildingError {
    /// No such visit, or nothing of it is kept any more.
    #[error("no such visit in this book; search for the visitor again")]
    Unknown,
    /// The visit refuses it.
    #[error(transparent)]
    Visit(#[from] VisitError),
    /// Somebody else changed it in between.
    #[error("somebody else has just changed this visit; look at it again")]
    Changed,
    /// Who is inside is not erased: the evacuation list needs them.
    #[error("the visitor is inside; let them out first")]
    Inside,
    /// The answer on which it rests cannot be used.
    #[error(transparent)]
    Answer(#[from] AnswerFault),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BuildingError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_visit",
            Self::Visit(error) => error.code(),
            Self::Changed => "changed_meanwhile",
            Self::Inside => "inside",
            Self::Answer(fault) => fault.code(),
            Self::Store(_) => "store",
        }
    }
}

/// A visit with all that the desk keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VisitRecord {
    /// Its id.
    pub id: VisitId,
    /// The visit.
    pub visit: Visit,
    /// Who looked at it, this look included.
    pub looks: Vec<Look>,
}

impl Building {
    /// The desk of a building. `approval_days` is the retention of its approval: 30 days where it says nothing or more.
    #[must_use]
    pub const fn new(store: Store, approval_days: Option<u16>) -> Self {
        Self { store, approval_days }
    }

    /// Its database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// A host invites somebody.
    ///
    /// # Errors
    /// [`BuildingError::Visit`], [`BuildingError::Store`].
    pub async fn invite(
        &self,
        id: VisitId,
        plan: Plan,
        name: Option<&str>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Invited, BuildingError> {
        self.insert(id, &Visit::invited(plan, name)?, None, (actor, now)).await
    }

    /// Somebody stands at the counter without an invitation; the host is asked.
    ///
    /// # Errors
    /// [`BuildingError::Visit`], [`BuildingError::Store`].
    pub async fn register(
        &self,
        id: VisitId,
        plan: Plan,
        visitor: Visitor,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Invited, BuildingError> {
        self.register_by(id, plan, visitor, None, (actor, now)).await
    }

    /// The same with the answer on which it rests: it is used in the transaction that writes the visit.
    pub(crate) async fn register_by(
        &self,
        id: VisitId,
        plan: Plan,
        visitor: Visitor,
        answer: Option<AnswerId>,
        (actor, now): (&Actor, Timestamp),
    ) -> Result<Invited, BuildingError> {
        self.insert(id, &Visit::at_counter(plan, visitor, now)?, answer, (actor, now)).await
    }

    async fn insert(
        &self,
        id: VisitId,
        visit: &Visit,
        answer: Option<AnswerId>,
        (actor, now): (&Actor, Timestamp),
    ) -> Result<Invited, BuildingError> {
        let mut tx = self.store.begin().await?;
        let inserted = self.insert_in(&mut tx, id, visit, answer, (actor, now)).await;
        tx.end_by(inserted).await
    }

    async fn insert_in(
        &self,
        tx: &mut Tx,
        id: VisitId,
        visit: &Visit,
        answer: Option<AnswerId>,
        (actor, now): (&Actor, Timestamp),
    ) -> Result<Invited, BuildingError> {
        if !self.hold(tx, answer, id, now).await? {
            return Ok(Invited::Already);
        }
        let keep_until = visit.keep_until(self.approval_days);
        let Some(person) = self.store.insert_visit(tx, id, visit, keep_until, now).await? else {
            return Ok(Invited::Already);
        };
        if let Some(answer) = answer {
            self.store.use_answer(tx, answer, id.as_bytes()).await?;
        }
        look::write(tx, person.key, actor, Act::Register, now).await?;
        Ok(Invited::New)
    }

    /// Holds an answer for the rest of the transaction; `false` where it was used for this very visit.
    async fn hold(
        &self,
        tx: &mut Tx,
        answer: Option<AnswerId>,
        id: VisitId,
        now: Timestamp,
    ) -> Result<bool, BuildingError> {
        let Some(answer) = answer else { return Ok(true) };
        match self.store.hold_answer(tx, answer, now).await? {
            Held::Waiting => Ok(true),
            Held::Used(by) if by == *id.as_bytes() => Ok(false),
            Held::Used(_) => Err(AnswerFault::Used.into()),
            Held::Gone => Err(AnswerFault::Gone.into()),
        }
    }

    /// The invited visitor is at the counter and gets a badge.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then.
    pub async fn arrive(
        &self,
        id: VisitId,
        visitor: Visitor,
        badge: BadgeNumber,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Visit, BuildingError> {
        self.arrive_by(id, visitor, badge, None, (actor, now)).await
    }

    /// The same with the answer on which it rests.
    pub(crate) async fn arrive_by(
        &self,
        id: VisitId,
        visitor: Visitor,
        badge: BadgeNumber,
        answer: Option<AnswerId>,
        (actor, now): (&Actor, Timestamp),
    ) -> Result<Visit, BuildingError> {
        let arrive = |visit: Visit| visit.arrive(visitor, badge, now);
        self.change_by(id, answer, (actor, Act::Register, now), arrive).await
    }

    /// The host answers.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then.
    pub async fn host_says(
        &self,
        id: VisitId,
        expected: bool,
        badge: BadgeNumber,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Visit, BuildingError> {
        self.change(id, actor, Act::Move, now, |visit| visit.host_says(expected, badge, now)).await
    }

    /// The visit as it stands, if its badge may enter a zone now; nothing is written, and nobody has looked at it.
    ///
    /// # Errors
    /// [`BuildingError`].
    pub(crate) async fn may_enter(
        &self,
        id: VisitId,
        zone: &Zone,
        now: Timestamp,
    ) -> Result<Visit, BuildingError> {
        let visit = self.as_it_stands(id).await?;
        visit.clone().enter(zone.clone(), now)?;
        Ok(visit)
    }

    /// The visit as it stands; nobody has looked at it.
    ///
    /// # Errors
    /// [`BuildingError::Unknown`], [`BuildingError::Store`].
    pub(crate) async fn as_it_stands(&self, id: VisitId) -> Result<Visit, BuildingError> {
        let mut tx = self.store.read().await?;
        let row = self.store.find_visit(&mut tx, id).await?;
        tx.roll_back().await?;
        Ok(row.ok_or(BuildingError::Unknown)?.visit)
    }

    /// The plan of a visit for whoever holds its link; `None` where it is over, the host took it back, or there is none. It tells nothing of
    /// anybody, so nobody's look is written.
    ///
    /// # Errors
    /// [`BuildingError::Store`].
    pub async fn invitation(&self, id: VisitId, now: Timestamp) -> Result<Option<Plan>, BuildingError> {
        let visit = match self.as_it_stands(id).await {
            Ok(visit) => visit,
            Err(BuildingError::Unknown) => return Ok(None),
            Err(other) => return Err(other),
        };
        let open = match visit.presence() {
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::Outside { .. }
            | Presence::Inside { .. } => true,
            Presence::NotExpected { .. } | Presence::Over { .. } => false,
        };
        Ok((open && now < visit.plan().ends()).then(|| visit.plan().clone()))
    }

    /// The badge enters a zone.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then.
    pub async fn enter(
        &self,
        id: VisitId,
        zone: Zone,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(Visit, Option<Warning>), BuildingError> {
        let mut warning = None;
        let enter = |visit: Visit| {
            let (visit, warned) = visit.enter(zone, now)?;
            warning = warned;
            Ok(visit)
        };
        let visit = self.change(id, actor, Act::Enter, now, enter).await?;
        Ok((visit, warning))
    }

    /// The badge leaves. Where this fails, the way out stays open all the same: it hangs on no answer of ours.
    ///
    /// # Errors
    /// [`BuildingError::Unknown`], [`BuildingError::Changed`], [`BuildingError::Store`].
    pub async fn leave(
        &self,
        id: VisitId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(Visit, Option<Warning>), BuildingError> {
        let mut warning = None;
        let leave = |visit: Visit| {
            let (visit, warned) = visit.leave(now);
            warning = warned;
            Ok(visit)
        };
        let visit = self.change(id, actor, Act::Leave, now, leave).await?;
        Ok((visit, warning))
    }

    /// The badge is given back.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then.
    pub async fn end(&self, id: VisitId, actor: &Actor, now: Timestamp) -> Result<Visit, BuildingError> {
        self.change(id, actor, Act::CheckOut, now, |visit| visit.end(now)).await
    }

    /// Corrects a name that was typed.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is corrected then.
    pub async fn correct(
        &self,
        id: VisitId,
        name: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Visit, BuildingError> {
        self.change(id, actor, Act::Correct, now, |visit| visit.correct(name)).await
    }

    /// Forgets what a visitor takes back: name and help on stairs.
    ///
    /// # Errors
    /// [`BuildingError::Unknown`], [`BuildingError::Changed`], [`BuildingError::Store`].
    pub async fn withdraw(&self, id: VisitId, actor: &Actor, now: Timestamp) -> Result<Visit, BuildingError> {
        self.change(id, actor, Act::Withdraw, now, |visit| Ok(visit.withdraw())).await
    }

    /// A warden marks somebody who is inside.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then.
    pub async fn mark(
        &self,
        id: VisitId,
        safe: bool,
        warden: &Actor,
        now: Timestamp,
    ) -> Result<Visit, BuildingError> {
        let mark = RollMark { safe, at: now, by: warden.clone() };
        self.change(id, warden, Act::Evacuate, now, |visit| visit.mark(mark)).await
    }

    async fn change(
        &self,
        id: VisitId,
        actor: &Actor,
        act: Act,
        now: Timestamp,
        change: impl FnOnce(Visit) -> Result<Visit, VisitError>,
    ) -> Result<Visit, BuildingError> {
        self.change_by(id, None, (actor, act, now), change).await
    }

    async fn change_by(
        &self,
        id: VisitId,
        answer: Option<AnswerId>,
        (actor, act, now): (&Actor, Act, Timestamp),
        change: impl FnOnce(Visit) -> Result<Visit, VisitError>,
    ) -> Result<Visit, BuildingError> {
        let mut tx = self.store.begin().await?;
        let changed = self.change_in(&mut tx, id, answer, (actor, act, now), change).await;
        tx.end_by(changed).await
    }

    async fn change_in(
        &self,
        tx: &mut Tx,
        id: VisitId,
        answer: Option<AnswerId>,
        (actor, act, now): (&Actor, Act, Timestamp),
        change: impl FnOnce(Visit) -> Result<Visit, VisitError>,
    ) -> Result<Visit, BuildingError> {
        let row = self.store.find_visit(tx, id).await?.ok_or(BuildingError::Unknown)?;
        if !self.hold(tx, answer, id, now).await? {
            return Ok(row.visit);
        }
        let changed = change(row.visit.clone())?;
        let keep_until = changed.keep_until(self.approval_days);
        if !self.store.update_visit(tx, &row, &changed, keep_until, now).await? {
            return Err(BuildingError::Changed);
        }
        if let Some(answer) = answer {
            self.store.use_answer(tx, answer, id.as_bytes()).await?;
        }
        look::write(tx, row.person.key, actor, act, now).await?;
        Ok(changed)
    }

    /// A visit with its looks; this one is written down.
    ///
    /// # Errors
    /// [`BuildingError::Unknown`], [`BuildingError::Store`].
    pub async fn see(
        &self,
        id: VisitId,
        actor: &Actor,
        act: Act,
        now: Timestamp,
    ) -> Result<VisitRecord, BuildingError> {
        let mut tx = self.store.begin().await?;
        let record = match self.store.find_visit(&mut tx, id).await {
            Ok(Some(row)) => look_at(&mut tx, row, actor, act, now).await.map_err(BuildingError::from),
            Ok(None) => Err(BuildingError::Unknown),
            Err(error) => Err(error.into()),
        };
        tx.end_by(record).await
    }

    /// Every visit that is not over: who is expected, waits, is inside or between two ways in.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_visits(&self, actor: &Actor, now: Timestamp) -> Result<Vec<VisitRecord>, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut found = Vec::new();
        for state in OPEN {
            let ids = self.store.visits_in(&mut tx, state).await?;
            found.extend(self.open_all(&mut tx, ids, actor, Act::See, now).await?);
        }
        tx.commit().await?;
        Ok(found)
    }

    /// The visits that have ended, or were not expected, since `since`.
    ///
    /// # Errors
    /// The database's.
    pub async fn ended_visits(
        &self,
        since: Timestamp,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<VisitRecord>, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut found = Vec::new();
        for state in ENDED {
            let ids = self.store.visits_since(&mut tx, state, since).await?;
            found.extend(self.open_all(&mut tx, ids, actor, Act::See, now).await?);
        }
        tx.commit().await?;
        Ok(found)
    }

    /// The visits of a wallet: how one who comes again and again is found.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(
        &self,
        pseudonym: Pseudonym,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<VisitRecord>, StoreError> {
        self.search_by(Found { pseudonym: Some(pseudonym), ..Found::default() }, actor, now).await
    }

    /// The visits of a whole name, its words in any order, of 20 visitors at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn search_name(
        &self,
        name: &NameForm,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<VisitRecord>, StoreError> {
        self.search_by(Found { name: Some(name), ..Found::default() }, actor, now).await
    }

    async fn search_by(
        &self,
        by: Found<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<VisitRecord>, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut found = Vec::new();
        for person in self.store.find_persons(&mut tx, by).await? {
            let ids = self.store.visits_of(&mut tx, person).await?;
            found.extend(self.open_all(&mut tx, ids, actor, Act::Search, now).await?);
        }
        tx.commit().await?;
        Ok(found)
    }

    async fn open_all(
        &self,
        tx: &mut Tx,
        ids: Vec<VisitId>,
        actor: &Actor,
        act: Act,
        now: Timestamp,
    ) -> Result<Vec<VisitRecord>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            if let Some(row) = self.store.find_visit(tx, id).await? {
                found.push(look_at(tx, row, actor, act, now).await?);
            }
        }
        Ok(found)
    }

    /// Who is inside now, by zone. Each look is written down, and no failure to write it withholds the list.
    ///
    /// # Errors
    /// The database's, where it cannot be read.
    pub async fn evacuation(
        &self,
        exercise: bool,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<EvacuationList, StoreError> {
        let mut tx = self.store.read().await?;
        let mut inside = Vec::new();
        for id in self.store.visits_in(&mut tx, "inside").await? {
            inside.extend(self.store.find_visit(&mut tx, id).await?);
        }
        tx.roll_back().await?;
        // A full disk, say: people come first.
        drop(self.note_evacuation(&inside, actor, now).await);
        Ok(EvacuationList::new(inside.iter().map(|row| (row.id, &row.visit)), exercise, now))
    }

    async fn note_evacuation(
        &self,
        inside: &[VisitRow],
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.begin().await?;
        for row in inside {
            look::write(&mut tx, row.person.key, actor, Act::Evacuate, now).await?;
        }
        tx.commit().await
    }

    /// Erases a visit whose visitor asks for it.
    ///
    /// # Errors
    /// [`BuildingError::Unknown`], [`BuildingError::Inside`], [`BuildingError::Store`].
    pub async fn erase(&self, id: VisitId, actor: &Actor, now: Timestamp) -> Result<(), BuildingError> {
        let mut tx = self.store.begin().await?;
        let erased = self.erase_in(&mut tx, id, actor, now).await;
        tx.end_by(erased).await?;
        self.store.empty_log().await?;
        Ok(())
    }

    async fn erase_in(
        &self,
        tx: &mut Tx,
        id: VisitId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), BuildingError> {
        let row = self.store.find_visit(tx, id).await?.ok_or(BuildingError::Unknown)?;
        if matches!(row.visit.presence(), Presence::Inside { .. }) {
            return Err(BuildingError::Inside);
        }
        look::write(tx, row.person.key, actor, Act::Erase, now).await?;
        erase(tx, row.person.key).await?;
        Ok(())
    }
}

async fn look_at(
    tx: &mut Tx,
    row: VisitRow,
    actor: &Actor,
    act: Act,
    now: Timestamp,
) -> Result<VisitRecord, StoreError> {
    look::write(tx, row.person.key, actor, act, now).await?;
    let looks = look::of_person(tx, row.person.key).await?;
    Ok(VisitRecord { id: row.id, visit: row.visit, looks })
}

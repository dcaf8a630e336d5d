//! Hotel: the book of a hotel's desk. Each act is one transaction with everything that it owes: stay, log, queues.
//!
//! Lives here: [`Hotel`] and what its acts refuse. Not here: what a stay may become (`stay`), HTTP. A stop at any moment leaves an
//! act done or undone, and the same act again is the same act.

use std::collections::{BTreeMap, BTreeSet};

use credential::venue::Pseudonym;
use documents::Timestamp;

use crate::actor::Actor;
use crate::hotel_system::{HotelCodes, Notification};
use crate::police::record;
use crate::profile::{Field, Moment, Need, PermitNumber, Profile};
use crate::shown::{AnswerFault, AnswerId};
use crate::stay::{GuestFault, Left, NameForm, Outcome, Party, Room, Stay, StayError, StayId, Typed};
use crate::store::answer::Held;
use crate::store::look::{self, Act, Look};
use crate::store::person::Found;
use crate::store::report::{Kind, NewReport, Queue, QueueHealth, Report, ReportId};
use crate::store::retention::erase;
use crate::store::stay::{Inserted, StayRow};
use crate::store::{Store, StoreError, Tx};

/// A hotel's desk.
#[derive(Debug, Clone)]
pub struct Hotel {
    store: Store,
    profile: Profile,
    approval_days: Option<u16>,
    hotel_system: Option<HotelCodes>,
}

/// What became of one line of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// A stay has begun.
    New(StayId),
    /// The same line was registered before.
    Already(StayId),
    /// A child who stands with an adult: nothing was written.
    WithAdult,
    /// The line has to be corrected and sent again; the others stand.
    Refused(BTreeSet<GuestFault>),
    /// Another guest was registered under this party and line.
    OtherContent,
    /// The answer on which the line rests cannot be used.
    NoAnswer(AnswerFault),
}

/// Why an act on a stay is refused.
#[derive(Debug, thiserror::Error)]
pub enum HotelError {
    /// No such stay, or nothing of it is kept any more.
    #[error("no such stay in this book; search for the guest again")]
    Unknown,
    /// The stay refuses it.
    #[error(transparent)]
    Stay(#[from] StayError),
    /// Somebody else changed it in between.
    #[error("somebody else has just changed this stay; look at it again")]
    Changed,
    /// The desk hands guests over to no system.
    #[error("this desk hands over to no hotel's system; venue.toml names one where there is one")]
    NoSystem,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a guest's data are not erased yet.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// No such stay.
    #[error("no such stay in this book; search for the guest again")]
    Unknown,
    /// The guest is in the house.
    #[error("the guest is in the house; check out first")]
    InHouse,
    /// A report is not answered yet.
    #[error("a report on this guest is not answered yet; it is erased once it is")]
    ReportOpen,
    /// The law asks to keep the register.
    #[error("the law asks to keep this register until {until}; then it is erased by itself")]
    KeptByLaw {
        /// Until when.
        until: Timestamp,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HotelError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_stay",
            Self::Stay(error) => error.code(),
            Self::Changed => "changed_meanwhile",
            Self::NoSystem => "no_hotel_system",
            Self::Store(_) => "store",
        }
    }
}

impl EraseError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_stay",
            Self::InHouse => "in_house",
            Self::ReportOpen => "report_open",
            Self::KeptByLaw { .. } => "kept_by_law",
            Self::Store(_) => "store",
        }
    }
}

/// A stay with all that the desk keeps of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: StayId,
    /// The stay.
    pub stay: Stay,
    /// What the register was told.
    pub reports: Vec<Report>,
    /// What the hotel's system was told.
    pub handed_over: Vec<Report>,
    /// Who looked at it, this look included.
    pub looks: Vec<Look>,
}

impl Hotel {
    /// The desk of a hotel under a profile. `approval_days` is the retention of its approval.
    #[must_use]
    pub const fn new(store: Store, profile: Profile, approval_days: Option<u16>) -> Self {
        Self { store, profile, approval_days, hotel_system: None }
    }

    /// The same desk, which hands its guests over to the hotel's system.
    #[must_use]
    pub fn with_hotel_system(self, codes: HotelCodes) -> Self {
        Self { hotel_system: Some(codes), ..self }
    }

    /// What the profile asks of the guest of this stay at a moment, by what is kept of them.
    #[must_use]
    pub fn asked(&self, stay: &Stay, at: Moment) -> BTreeMap<Field, Need> {
        stay.guest().asked(&self.profile, stay.last().since.local_date(), at)
    }

    /// Its database.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Its profile.
    #[must_use]
    pub const fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Checks in a party: every line that can be, in one transaction with its reports. A line that was registered before stays as
    /// it is, so that the whole party may be sent again.
    ///
    /// # Errors
    /// The database's: then nothing of this try is written.
    pub async fn check_in(
        &self,
        party: &Party,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<BTreeMap<u16, Registered>, StoreError> {
        self.check_in_by(party, &BTreeMap::new(), actor, now).await
    }

    /// The same with the answers on which lines rest: each is used in the transaction that writes its stay.
    pub(crate) async fn check_in_by(
        &self,
        party: &Party,
        answers: &BTreeMap<u16, AnswerId>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<BTreeMap<u16, Registered>, StoreError> {
        let outcomes = party.admit(&self.profile, now);
        let mut registered = BTreeMap::new();
        let mut tx = self.store.begin().await?;
        for (line, outcome) in outcomes {
            let done = match outcome {
                Outcome::WithAdult => Registered::WithAdult,
                Outcome::Refused(faults) => Registered::Refused(faults),
                Outcome::Stay(stay) => {
                    let (id, answer) = (StayId::of(party.id, line), answers.get(&line));
                    self.register(&mut tx, id, &stay, answer, (actor, now)).await?
                }
            };
            registered.insert(line, done);
        }
        tx.commit().await?;
        Ok(registered)
    }

    async fn register(
        &self,
        tx: &mut Tx,
        id: StayId,
        stay: &Stay,
        answer: Option<&AnswerId>,
        (actor, now): (&Actor, Timestamp),
    ) -> Result<Registered, StoreError> {
        if let Some(answer) = answer {
            match self.store.hold_answer(tx, *answer, now).await? {
                Held::Waiting => {}
                Held::Used(by) if by == *id.as_bytes() => return Ok(Registered::Already(id)),
                Held::Used(_) => return Ok(Registered::NoAnswer(AnswerFault::Used)),
                Held::Gone => return Ok(Registered::NoAnswer(AnswerFault::Gone)),
            }
        }
        match self.store.insert_stay(tx, id, stay.last()).await? {
            Inserted::Already => Ok(Registered::Already(id)),
            Inserted::OtherContent => Ok(Registered::OtherContent),
            Inserted::New(row) => {
                if let Some(answer) = answer {
                    self.store.use_answer(tx, *answer, id.as_bytes()).await?;
                }
                look::write(tx, row.person.key, actor, Act::Register, now).await?;
                if stay.last().deadline.is_some() {
                    self.tell(tx, &row, stay, Kind::In, &record::arrival(stay), now).await?;
                }
                self.hand_over(tx, &row, stay, now).await?;
                Ok(Registered::New(id))
            }
        }
    }

    /// Puts a record into the police's queue.
    async fn tell(
        &self,
        tx: &mut Tx,
        row: &StayRow,
        stay: &Stay,
        kind: Kind,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // The law's time runs for the arrival; what follows is sent at once, and has no moment of its own.
        let deadline = stay.last().deadline.filter(|_| kind == Kind::In);
        let new = NewReport {
            id: ReportId::draw()?,
            queue: Queue::Police,
            stay: row.id,
            kind,
            made_at: now,
            alarm_at: deadline.map(|deadline| deadline.alarm_at),
            due_at: deadline.map(|deadline| deadline.due_at),
            body,
        };
        self.store.insert_report(tx, &row.person, &new).await
    }

    /// Puts a message into the queue of the hotel's system, where there is one. What cannot be written is shown to the clerk as
    /// refused.
    async fn hand_over(
        &self,
        tx: &mut Tx,
        row: &StayRow,
        stay: &Stay,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(codes) = &self.hotel_system else { return Ok(()) };
        let id = ReportId::draw()?;
        let kind = match stay {
            Stay::InHouse(_) if row.revision == 0 && row.stay == *stay => Kind::In,
            Stay::InHouse(_) => Kind::Correct,
            Stay::Left(_) => Kind::Out,
        };
        let written = Notification::of_stay(id, row.id.to_string(), stay, now).write(codes);
        let body = written.as_deref().unwrap_or_default();
        self.store.replace_refused(tx, Queue::HotelSystem, row.id).await?;
        let queue = Queue::HotelSystem;
        let new =
            NewReport { id, queue, stay: row.id, kind, made_at: now, alarm_at: None, due_at: None, body };
        self.store.insert_report(tx, &row.person, &new).await?;
        match &written {
            Ok(_) => Ok(()),
            Err(error) => self.store.report_refused(tx, id, row.id, error.code()).await,
        }
    }

    /// Moves a guest to another room.
    ///
    /// # Errors
    /// [`HotelError`]; nothing is written then.
    pub async fn change_room(
        &self,
        id: StayId,
        room: Room,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Stay, HotelError> {
        self.change(id, actor, Act::Move, now, |stay| stay.change_room(room, now)).await
    }

    /// Corrects what was typed. Where the register refused the arrival, a new one goes out in its place.
    ///
    /// # Errors
    /// [`HotelError`]; nothing is written then.
    pub async fn correct(
        &self,
        id: StayId,
        changes: &Typed,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Stay, HotelError> {
        self.change(id, actor, Act::Correct, now, |stay| stay.correct(changes, now)).await
    }

    /// Forgets optional fields of which the guest takes back the consent. The register keeps what it was told; the hotel's system
    /// gets the guest without them.
    ///
    /// # Errors
    /// [`HotelError`]; nothing is forgotten then.
    pub async fn withdraw(
        &self,
        id: StayId,
        fields: &BTreeSet<Field>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Stay, HotelError> {
        self.change(id, actor, Act::Withdraw, now, |stay| stay.withdraw(&self.profile, fields)).await
    }

    /// Checks a guest out. `typed` answers what the profile asks on leaving.
    ///
    /// # Errors
    /// [`HotelError`]; nothing is written then.
    pub async fn check_out(
        &self,
        id: StayId,
        typed: &Typed,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Stay, HotelError> {
        let out = |stay: Stay| stay.check_out(&self.profile, typed, now, self.approval_days);
        self.change(id, actor, Act::CheckOut, now, out).await
    }

    async fn change(
        &self,
        id: StayId,
        actor: &Actor,
        act: Act,
        now: Timestamp,
        change: impl FnOnce(Stay) -> Result<Stay, StayError>,
    ) -> Result<Stay, HotelError> {
        let mut tx = self.store.begin().await?;
        let changed = self.change_in(&mut tx, id, (actor, act, now), change).await;
        tx.end_by(changed).await
    }

    async fn change_in(
        &self,
        tx: &mut Tx,
        id: StayId,
        (actor, act, now): (&Actor, Act, Timestamp),
        change: impl FnOnce(Stay) -> Result<Stay, StayError>,
    ) -> Result<Stay, HotelError> {
        let row = self.store.find_stay(tx, id).await?.ok_or(HotelError::Unknown)?;
        let changed = change(row.stay.clone())?;
        if !self.store.update_stay(tx, &row, &changed).await? {
            return Err(HotelError::Changed);
        }
        look::write(tx, row.person.key, actor, act, now).await?;
        if changed.last().deadline.is_some() && act != Act::Withdraw {
            self.tell_change(tx, &row, &changed, now).await?;
        }
        self.hand_over(tx, &row, &changed, now).await?;
        Ok(changed)
    }

    /// Tells the register what a change makes of a stay.
    async fn tell_change(
        &self,
        tx: &mut Tx,
        row: &StayRow,
        changed: &Stay,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let departure = |left: &Left| {
            let asked = self.asked(changed, Moment::Out);
            record::departure(left, &asked.into_keys().collect())
        };
        if let (Stay::InHouse(_), Stay::Left(left)) = (&row.stay, changed) {
            return self.tell(tx, row, changed, Kind::Out, &departure(left), now).await;
        }
        let replaced = self.store.replace_refused(tx, Queue::Police, row.id).await?;
        if self.store.arrival_is_told(tx, Queue::Police, row.id).await? {
            let body = record::correction(&row.stay, changed, now);
            self.tell(tx, row, changed, Kind::Correct, &body, now).await?;
        } else {
            self.tell(tx, row, changed, Kind::In, &record::arrival(changed), now).await?;
        }
        match changed {
            Stay::Left(left) if replaced.contains(&Kind::Out) => {
                self.tell(tx, row, changed, Kind::Out, &departure(left), now).await
            }
            Stay::Left(_) | Stay::InHouse(_) => Ok(()),
        }
    }

    /// A stay with its reports and looks; the look is written down.
    ///
    /// # Errors
    /// [`HotelError::Unknown`], [`HotelError::Store`].
    pub async fn see(
        &self,
        id: StayId,
        actor: &Actor,
        act: Act,
        now: Timestamp,
    ) -> Result<Record, HotelError> {
        let mut tx = self.store.begin().await?;
        let record = self.open(&mut tx, id, actor, act, now).await?;
        tx.commit().await?;
        record.ok_or(HotelError::Unknown)
    }

    async fn open(
        &self,
        tx: &mut Tx,
        id: StayId,
        actor: &Actor,
        act: Act,
        now: Timestamp,
    ) -> Result<Option<Record>, StoreError> {
        let Some(row) = self.store.find_stay(tx, id).await? else { return Ok(None) };
        look::write(tx, row.person.key, actor, act, now).await?;
        let reports = self.store.reports_of(tx, &row.person, Queue::Police, id).await?;
        let handed_over = self.store.reports_of(tx, &row.person, Queue::HotelSystem, id).await?;
        let looks = look::of_person(tx, row.person.key).await?;
        Ok(Some(Record { id, stay: row.stay, reports, handed_over, looks }))
    }

    /// The stays of a wallet or of a document, oldest first; each look is written down.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(
        &self,
        pseudonym: Option<Pseudonym>,
        number: Option<&PermitNumber>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        self.search_by(Found { pseudonym, number, name: None }, actor, now).await
    }

    /// The stays of a whole name, its words in any order, of 20 guests at most; each look is written down.
    ///
    /// # Errors
    /// The database's.
    pub async fn search_name(
        &self,
        name: &NameForm,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        self.search_by(Found { name: Some(name), ..Found::default() }, actor, now).await
    }

    async fn search_by(
        &self,
        by: Found<'_>,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        let mut tx = self.store.begin().await?;
        let mut found = Vec::new();
        for person in self.store.find_persons(&mut tx, by).await? {
            let ids = self.store.stays_of(&mut tx, person).await?;
            found.extend(self.open_all(&mut tx, ids, actor, Act::Search, now).await?);
        }
        tx.commit().await?;
        Ok(found)
    }

    /// The stays of which a report waits or was refused, of those who have left too; each look is written down.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_reports(&self, actor: &Actor, now: Timestamp) -> Result<Vec<Record>, StoreError> {
        let mut tx = self.store.begin().await?;
        let ids = self.store.stays_with_open_reports(&mut tx).await?;
        let found = self.open_all(&mut tx, ids, actor, Act::See, now).await?;
        tx.commit().await?;
        Ok(found)
    }

    async fn open_all(
        &self,
        tx: &mut Tx,
        ids: Vec<StayId>,
        actor: &Actor,
        act: Act,
        now: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(self.open(tx, id, actor, act, now).await?);
        }
        Ok(found)
    }

    /// Hands a guest over to the hotel's system once more, as the stay is now: what was refused there gives way to it.
    ///
    /// # Errors
    /// [`HotelError::Unknown`], [`HotelError::NoSystem`], [`HotelError::Store`].
    pub async fn hand_over_again(&self, id: StayId, actor: &Actor, now: Timestamp) -> Result<(), HotelError> {
        if self.hotel_system.is_none() {
            return Err(HotelError::NoSystem);
        }
        let mut tx = self.store.begin().await?;
        let handed = self.hand_over_again_in(&mut tx, id, actor, now).await;
        tx.end_by(handed).await
    }

    async fn hand_over_again_in(
        &self,
        tx: &mut Tx,
        id: StayId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), HotelError> {
        let row = self.store.find_stay(tx, id).await?.ok_or(HotelError::Unknown)?;
        look::write(tx, row.person.key, actor, Act::Correct, now).await?;
        Ok(self.hand_over(tx, &row, &row.stay, now).await?)
    }

    /// Everybody in the house, in order of arrival; each look is written down.
    ///
    /// # Errors
    /// The database's.
    pub async fn in_house(&self, actor: &Actor, now: Timestamp) -> Result<Vec<Record>, StoreError> {
        let mut tx = self.store.begin().await?;
        let ids = self.store.in_house(&mut tx).await?;
        let found = self.open_all(&mut tx, ids, actor, Act::See, now).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Erases a guest who asks for it: destroys the key, the rows, and every tag that points at the guest.
    ///
    /// # Errors
    /// [`EraseError`]: what stands against it.
    pub async fn erase(&self, id: StayId, actor: &Actor, now: Timestamp) -> Result<(), EraseError> {
        let mut tx = self.store.begin().await?;
        let erased = self.erase_in(&mut tx, id, actor, now).await;
        tx.end_by(erased).await?;
        self.store.empty_log().await?;
        Ok(())
    }

    async fn erase_in(
        &self,
        tx: &mut Tx,
        id: StayId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<(), EraseError> {
        let row = self.store.find_stay(tx, id).await?.ok_or(EraseError::Unknown)?;
        match &row.stay {
            Stay::InHouse(_) => return Err(EraseError::InHouse),
            Stay::Left(left) if self.profile.keep().by_law && now < left.keep_until => {
                return Err(EraseError::KeptByLaw { until: left.keep_until });
            }
            Stay::Left(_) => {}
        }
        look::write(tx, row.person.key, actor, Act::Erase, now).await?;
        erase(tx, row.person.key).await?.map(drop).ok_or(EraseError::ReportOpen)
    }

    /// What is open in the police's queue.
    ///
    /// # Errors
    /// The database's.
    pub async fn queue_health(&self, now: Timestamp) -> Result<QueueHealth, StoreError> {
        self.store.queue_health(Queue::Police, now).await
    }
}

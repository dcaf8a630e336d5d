//! Register: guests and visitors into the book, by an answer or by card. An answer is used in the transaction that writes them.
//!
//! Lives here: [`Desk::check_in`], [`Desk::visit`], [`Desk::arrive`]. Not here: what a party or visit may become (`stay`, `visit`). The same lines
//! again are the same stays, also when the answers that they rest on are gone.

use std::collections::BTreeMap;

use documents::{LocalDate, Timestamp, redact_debug};

use super::{AnswerFault, AnswerId, Book, Desk};
use crate::actor::Actor;
use crate::building::{BuildingError, Invited};
use crate::hotel::{Hotel, Registered};
use crate::stay::{Arrival, Disclosed, Notes, Party, PartyError, PartyId, Room, RoomingList, StayId, Typed};
use crate::store::StoreError;
use crate::store::look::Act;
use crate::visit::{BadgeNumber, Plan, Visit, VisitId, Visitor};

/// Who stands on a line of a party.
#[derive(Debug, Clone)]
pub enum Who {
    /// Somebody who answered a request of this desk.
    Answer(AnswerId),
    /// Somebody by card: what its zone says, or nothing where all is typed.
    Card(Box<Disclosed>),
}

/// One line of a party.
#[derive(Clone)]
pub struct Line {
    /// Its number, which it keeps when it is sent again.
    pub line: u16,
    /// Who.
    pub who: Who,
    /// What the clerk typed.
    pub typed: Typed,
    /// What the clerk noted of a minor.
    pub notes: Notes,
    /// The room; `None` where the rooming list says it.
    pub room: Option<Room>,
}
redact_debug!(Line);

/// Who visits a building.
#[derive(Debug, Clone)]
pub enum Visiting {
    /// Somebody who answered a request of this desk.
    Answer {
        /// The answer.
        id: AnswerId,
        /// Whether the visitor said so: needs help on stairs.
        needs_help: bool,
    },
    /// Somebody by card.
    Card(Visitor),
}

impl Visiting {
    const fn answer(&self) -> Option<AnswerId> {
        match self {
            Self::Answer { id, .. } => Some(*id),
            Self::Card(_) => None,
        }
    }
}

/// Guests who arrive together.
#[derive(Debug, Clone)]
pub struct Guests {
    /// The id of the party: the same for every try of the same check-in.
    pub party: PartyId,
    /// The day on which they mean to leave.
    pub planned: LocalDate,
    /// The lines.
    pub lines: Vec<Line>,
    /// Who sleeps where, for lines without a room.
    pub rooming: RoomingList,
}

/// Why a party is not looked at.
#[derive(Debug, thiserror::Error)]
pub enum CheckInError {
    /// This desk has no guests.
    #[error("this desk registers visitors, not guests; use the visitors' register")]
    NoHotel,
    /// The party is none.
    #[error(transparent)]
    Party(#[from] PartyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CheckInError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoHotel => "not_a_hotel",
            Self::Party(error) => error.code(),
            Self::Store(_) => "store",
        }
    }
}

impl Desk {
    /// Checks in a party: every line that can be, in one transaction with its reports and the use of its answers.
    ///
    /// # Errors
    /// [`CheckInError`]: then nothing of this try is written.
    pub async fn check_in(
        &self,
        guests: Guests,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<BTreeMap<u16, Registered>, CheckInError> {
        let Book::Hotel(hotel) = self.book() else { return Err(CheckInError::NoHotel) };
        let Guests { party, planned, lines, rooming } = guests;
        let (mut registered, mut answers, mut arrivals) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
        let size = lines.len();
        let mut numbers = std::collections::BTreeSet::new();
        if let Some(twice) = lines.iter().find(|line| !numbers.insert(line.line)) {
            return Err(PartyError::Line(twice.line).into());
        }
        for Line { line, who, typed, notes, room } in lines {
            let shown = match who {
                Who::Card(shown) => *shown,
                Who::Answer(id) => match self.guest_of(hotel, id, StayId::of(party, line), now).await? {
                    Ok(shown) => {
                        answers.insert(line, id);
                        *shown
                    }
                    Err(done) => {
                        registered.insert(line, done);
                        continue;
                    }
                },
            };
            arrivals.push(Arrival { line, shown, typed, notes, room });
        }
        if !arrivals.is_empty() || size == 0 {
            let party = Party::new(party, planned, arrivals, rooming)?;
            registered.extend(hotel.check_in_by(&party, &answers, actor, now).await?);
        }
        Ok(registered)
    }

    /// What an answer says of a guest; else what became of the line.
    async fn guest_of(
        &self,
        hotel: &Hotel,
        id: AnswerId,
        stay: StayId,
        now: Timestamp,
    ) -> Result<Result<Box<Disclosed>, Registered>, StoreError> {
        let mut tx = self.store().read().await?;
        let row = self.store().find_answer(&mut tx, id).await?.filter(|row| row.keep_until > now);
        let stands = hotel.store().find_stay(&mut tx, stay).await?.is_some();
        tx.roll_back().await?;
        let used = row.as_ref().and_then(|row| row.used_for);
        Ok(match row.and_then(|row| row.shown) {
            Some(shown) => match shown.disclosed() {
                Ok(disclosed) => Ok(Box::new(disclosed)),
                Err(_) => Err(Registered::NoAnswer(AnswerFault::Unreadable)),
            },
            None if used.is_some_and(|used| used != *stay.as_bytes()) => {
                Err(Registered::NoAnswer(AnswerFault::Used))
            }
            None if stands => Err(Registered::Already(stay)),
            None => Err(Registered::NoAnswer(AnswerFault::Gone)),
        })
    }

    /// Registers somebody at the counter without an invitation; the host is asked.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then, and the answer is not used.
    pub async fn visit(
        &self,
        id: VisitId,
        plan: Plan,
        who: Visiting,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Invited, BuildingError> {
        let Book::Building(building) = self.book() else { return Err(BuildingError::Unknown) };
        match self.visitor(&who, id, now).await? {
            Some(visitor) => building.register_by(id, plan, visitor, who.answer(), (actor, now)).await,
            None => Ok(Invited::Already),
        }
    }

    /// The invited visitor is at the counter and gets a badge.
    ///
    /// # Errors
    /// [`BuildingError`]; nothing is written then, and the answer is not used.
    pub async fn arrive(
        &self,
        id: VisitId,
        who: Visiting,
        badge: BadgeNumber,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<Visit, BuildingError> {
        let Book::Building(building) = self.book() else { return Err(BuildingError::Unknown) };
        match self.visitor(&who, id, now).await? {
            Some(visitor) => building.arrive_by(id, visitor, badge, who.answer(), (actor, now)).await,
            None => building.see(id, actor, Act::See, now).await.map(|record| record.visit),
        }
    }

    /// Who visits; `None` where the answer was used for this very visit.
    async fn visitor(
        &self,
        who: &Visiting,
        visit: VisitId,
        now: Timestamp,
    ) -> Result<Option<Visitor>, BuildingError> {
        let (id, needs_help) = match who {
            Visiting::Card(visitor) => return Ok(Some(visitor.clone())),
            Visiting::Answer { id, needs_help } => (*id, *needs_help),
        };
        let mut tx = self.store().read().await?;
        let row = self.store().find_answer(&mut tx, id).await?.filter(|row| row.keep_until > now);
        tx.roll_back().await?;
        let row = row.ok_or(AnswerFault::Gone)?;
        match (row.shown, row.used_for) {
            (Some(shown), _) => Ok(Some(shown.visitor(needs_help).map_err(|_| AnswerFault::Unreadable)?)),
            (None, Some(used)) if used == *visit.as_bytes() => Ok(None),
            (None, _) => Err(AnswerFault::Used.into()),
        }
    }
}

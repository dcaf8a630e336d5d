//! Status places: where in the status lists a token's status stands.
//!
//! Lives here: drawing a place at random, places of ended tokens that come back, how full the lists are. Not here: which lists
//! there are and how they grow (`status_capacity`), signing them (`status_lists`), statements (`store::token`).
//!
//! A place says nothing of its token: it is drawn evenly from all entries that its list has at that time. While draws hit
//! places that are taken, the list grows; a list of the largest size that is three quarters full gives way to the week's
//! next one. At last a stretch of entries is read, and a free one of it taken, so that no place is left over.

use std::sync::PoisonError;

use credential::{CryptoError, FIRST_STATUS_INDEX, StatusRef};
use documents::Timestamp;

use crate::service::{Service, draw};
use crate::status_capacity::{LIST_LIFE, StatusCapacity};
use crate::store::token::Purpose;
use crate::store::vault::{PersonKey, Tag};
use crate::store::{Result as StoreResult, StoreError, Tx, token};

/// Places that are drawn from one size of a list before the next larger one.
const DRAWS: usize = 8;
/// Entries of a stretch that is read at once.
const STRETCH: u32 = 1024;
/// Stretches of each list that are read before a week counts as full.
const STRETCHES: usize = 4;
/// Stretches from which the fill of a list is reckoned, spread over all of it.
const SAMPLES: u32 = 16;
/// A place is free for another token so long after the end of the one before, in seconds: no list that may still be used says
/// then that it was revoked.
pub(crate) const REST_SECONDS: i64 = LIST_LIFE;
/// From this share of all places of a week on, in per cent, an operator is told.
pub const STATUS_ALARM_PERCENT: u64 = 80;
/// Weeks in which tokens of this moment can end: this one and the next two.
const WEEKS: i64 = 3;

/// How full the lists of one week are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusFill {
    /// Weeks from now until the one in which the tokens end.
    pub weeks_ahead: u8,
    /// Places that are taken: reckoned from samples of large lists, exact for small ones.
    pub taken: u64,
    /// All places.
    pub places: u64,
}

impl StatusFill {
    /// The share that is taken, in per cent.
    #[must_use]
    pub const fn percent(&self) -> u64 {
        match self.taken.saturating_mul(100).checked_div(self.places) {
            Some(percent) => percent,
            None => 100,
        }
    }

    /// Whether an operator is to be told.
    #[must_use]
    pub const fn is_alarming(&self) -> bool {
        self.percent() >= STATUS_ALARM_PERCENT
    }
}

/// Why no place was drawn.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    #[error("every place is taken")]
    Full,
}

/// Where the draws of one batch have come to: the list, by its turn in the week, and its size.
#[derive(Debug, Clone, Copy)]
struct Turn {
    list: usize,
    step: usize,
}

/// Draws the places of one batch, whose tokens all end at the same time.
pub(crate) struct PlaceDraw<'s> {
    capacity: &'s StatusCapacity,
    lists: Vec<u8>,
    expires: Timestamp,
    /// Tokens that ended earlier have no place any more.
    rested: Timestamp,
    turn: Option<Turn>,
}

/// A stretch of a list: its entries that no token has, and how many there are in all.
struct Stretch {
    free: Vec<u32>,
    entries: u32,
}

impl Stretch {
    fn is_three_quarters_full(&self) -> bool {
        self.free.len().saturating_mul(4) <= usize::try_from(self.entries).unwrap_or(usize::MAX)
    }
}

impl<'s> PlaceDraw<'s> {
    pub(crate) fn new(capacity: &'s StatusCapacity, expires: Timestamp, now: Timestamp) -> Self {
        let lists = capacity.lists(expires);
        Self { capacity, lists, expires, rested: now.plus_seconds(-REST_SECONDS), turn: None }
    }

    /// When the tokens of this batch end.
    pub(crate) const fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Takes a place for a token of this person.
    ///
    /// # Errors
    /// [`PlaceError::Full`] where none is left.
    pub(crate) async fn take(
        &mut self,
        tx: &mut Tx,
        tag: Tag,
        person: PersonKey,
        purpose: Purpose,
    ) -> Result<StatusRef, PlaceError> {
        let mut turn = match self.turn {
            Some(turn) => turn,
            None => self.first_turn(tx).await?,
        };
        let new = New { tag, person, purpose };
        loop {
            self.turn = Some(turn);
            let list = self.number(turn.list);
            for _ in 0..DRAWS {
                let place = below(FIRST_STATUS_INDEX, self.capacity.entries(turn.step))?;
                if let Some(taken) = self.put(tx, &new, list, place).await? {
                    return Ok(taken);
                }
            }
            if !self.capacity.is_last(turn.step) {
                turn.step += 1;
                continue;
            }
            if turn.list + 1 >= self.lists.len() {
                return self.look_through(tx, &new).await;
            }
            let stretch = self.stretch(tx, list, self.any_stretch()?).await?;
            // Lists are followed one after the other: the next one begins where this one is known to have its largest size.
            if stretch.is_three_quarters_full() && self.is_grown(tx, list).await? {
                turn = Turn { list: turn.list + 1, step: 0 };
            } else if let Some(taken) = self.put_into(tx, &new, list, &stretch).await? {
                return Ok(taken);
            }
        }
    }

    /// The list that is in use, and the size that it has: as far as places were drawn before.
    async fn first_turn(&self, tx: &mut Tx) -> StoreResult<Turn> {
        let mut turn = Turn { list: 0, step: self.step_of(tx, 0).await?.unwrap_or(0) };
        while self.capacity.is_last(turn.step) && turn.list + 1 < self.lists.len() {
            let Some(step) = self.step_of(tx, turn.list + 1).await? else { break };
            turn = Turn { list: turn.list + 1, step };
        }
        Ok(turn)
    }

    async fn step_of(&self, tx: &mut Tx, list: usize) -> StoreResult<Option<usize>> {
        let last = token::last_place(tx, self.number(list)).await?;
        Ok(last.map(|last| self.capacity.step(Some(last))))
    }

    async fn is_grown(&self, tx: &mut Tx, list: u8) -> StoreResult<bool> {
        let last = token::last_place(tx, list).await?;
        Ok(self.capacity.is_last(self.capacity.step(last)))
    }

    fn number(&self, turn: usize) -> u8 {
        self.lists.get(turn).copied().unwrap_or_default()
    }

    /// A free place of whatever list of the week, each read in several stretches.
    async fn look_through(&self, tx: &mut Tx, new: &New) -> Result<StatusRef, PlaceError> {
        let mut stretches = Vec::new();
        for list in &self.lists {
            let count = self.stretches();
            if usize::try_from(count).is_ok_and(|count| count <= STRETCHES) {
                stretches.extend((0..count).map(|n| (*list, n)));
            } else {
                for _ in 0..STRETCHES {
                    stretches.push((*list, self.any_stretch()?));
                }
            }
        }
        while !stretches.is_empty() {
            let (list, n) = stretches.swap_remove(index_below(stretches.len())?);
            let stretch = self.stretch(tx, list, n).await?;
            if let Some(taken) = self.put_into(tx, new, list, &stretch).await? {
                return Ok(taken);
            }
        }
        Err(PlaceError::Full)
    }

    /// How many stretches a list of the largest size has.
    fn stretches(&self) -> u32 {
        self.capacity.largest().saturating_sub(FIRST_STATUS_INDEX).div_ceil(STRETCH)
    }

    fn any_stretch(&self) -> Result<u32, CryptoError> {
        below(0, self.stretches())
    }

    async fn stretch(&self, tx: &mut Tx, list: u8, n: u32) -> StoreResult<Stretch> {
        let from = FIRST_STATUS_INDEX.saturating_add(n.saturating_mul(STRETCH));
        let to = from.saturating_add(STRETCH).min(self.capacity.largest());
        let taken = token::taken_places(tx, list, from..to, self.rested).await?;
        let free = (from..to).filter(|place| taken.binary_search(place).is_err()).collect();
        Ok(Stretch { free, entries: to.saturating_sub(from) })
    }

    /// Takes one of the free places of a stretch, if there is one.
    async fn put_into(
        &self,
        tx: &mut Tx,
        new: &New,
        list: u8,
        stretch: &Stretch,
    ) -> Result<Option<StatusRef>, PlaceError> {
        let mut free = stretch.free.clone();
        while !free.is_empty() {
            let place = free.swap_remove(index_below(free.len())?);
            if let Some(taken) = self.put(tx, new, list, place).await? {
                return Ok(Some(taken));
            }
        }
        Ok(None)
    }

    /// Takes this place, unless another token has it.
    async fn put(&self, tx: &mut Tx, new: &New, list: u8, place: u32) -> StoreResult<Option<StatusRef>> {
        let issued = token::IssuedToken {
            person: new.person,
            purpose: new.purpose,
            list,
            place: Some(place),
            expires: self.expires,
            status: 0,
        };
        let taken = token::add_token(tx, new.tag, &issued).await?
            || (token::free_place(tx, list, place, self.rested).await?
                && token::add_token(tx, new.tag, &issued).await?);
        Ok(if taken { StatusRef::new(list, place) } else { None })
    }
}

/// The token that is to get a place.
struct New {
    tag: Tag,
    person: PersonKey,
    purpose: Purpose,
}

/// A number from `from` to before `to`, each as likely as any other.
fn below(from: u32, to: u32) -> Result<u32, CryptoError> {
    // 64 bits: what is over at the end of their range makes no number likelier by more than one in 2^32.
    let drawn = u64::from_be_bytes(draw()?) % u64::from(to.saturating_sub(from)).max(1);
    Ok(from.saturating_add(u32::try_from(drawn).unwrap_or(0)))
}

fn index_below(length: usize) -> Result<usize, CryptoError> {
    let drawn = below(0, u32::try_from(length).unwrap_or(u32::MAX))?;
    Ok(usize::try_from(drawn).unwrap_or(0))
}

impl Service {
    /// Gives tokens places of status lists of these sizes.
    #[must_use]
    pub fn with_status_capacity(mut self, capacity: StatusCapacity) -> Self {
        self.status_capacity = capacity;
        self
    }

    /// How full the status lists are, of each week in which tokens of this moment can end. It costs the same however many
    /// tokens there are.
    ///
    /// # Errors
    /// The database's.
    pub async fn status_fill(&self, now: Timestamp) -> Result<Vec<StatusFill>, StoreError> {
        let mut tx = self.store.read().await?;
        let mut fills = Vec::new();
        for weeks in 0..WEEKS {
            let lists = self.status_capacity.lists(now.plus_seconds(weeks * 7 * 86_400));
            let mut taken = 0;
            for list in lists {
                let (some, grown) = self.taken_of(&mut tx, list, now).await?;
                taken += some;
                if !grown {
                    break;
                }
            }
            let weeks_ahead = u8::try_from(weeks).unwrap_or(u8::MAX);
            fills.push(StatusFill { weeks_ahead, taken, places: self.status_capacity.places() });
        }
        tx.commit().await?;
        Ok(fills)
    }

    /// Places of a list that are taken, and whether the list has its largest size.
    async fn taken_of(&self, tx: &mut Tx, list: u8, now: Timestamp) -> StoreResult<(u64, bool)> {
        let Some(last) = token::last_place(tx, list).await? else { return Ok((0, false)) };
        let capacity = &self.status_capacity;
        let step = capacity.step(Some(last));
        let rested = now.plus_seconds(-REST_SECONDS);
        let places = capacity.entries(step).saturating_sub(FIRST_STATUS_INDEX);
        let stretches = places.div_ceil(STRETCH);
        let samples = stretches.min(SAMPLES);
        let (mut seen, mut taken) = (0_u64, 0_u64);
        for sample in 0..samples {
            // In the middle of each part: what was filled from one end is not counted double.
            let n = (sample * 2 + 1) * stretches / (samples * 2);
            let from = FIRST_STATUS_INDEX + n * STRETCH;
            let to = from.saturating_add(STRETCH).min(capacity.entries(step));
            taken += token::count_places(tx, list, from..to, rested).await?;
            seen += u64::from(to.saturating_sub(from));
        }
        let reckoned = taken.saturating_mul(u64::from(places)).checked_div(seen).unwrap_or(0);
        Ok((reckoned, capacity.is_last(step)))
    }

    /// Tells the log where the status lists of a week fill up, and where they no longer do. Once a minute is enough.
    ///
    /// # Errors
    /// The database's.
    pub async fn watch_status_fill(&self, now: Timestamp) -> Result<(), StoreError> {
        let fills = self.status_fill(now).await?;
        let alarming: Vec<u8> = fills.iter().filter(|f| f.is_alarming()).map(|f| f.weeks_ahead).collect();
        let mut told = self.status_alarm.lock().unwrap_or_else(PoisonError::into_inner);
        for fill in fills.iter().filter(|fill| fill.is_alarming() && !told.contains(&fill.weeks_ahead)) {
            let StatusFill { weeks_ahead, taken, places } = *fill;
            let percent = fill.percent();
            tracing::warn!(weeks_ahead, taken, places, percent, "the status lists of a week fill up");
        }
        if alarming.is_empty() && !told.is_empty() {
            tracing::info!("the status lists have room again");
        }
        *told = alarming;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_number_lies_within_its_bounds() {
        for _ in 0..1000 {
            assert!((65_536..65_539).contains(&below(65_536, 65_539).unwrap()));
        }
        assert_eq!(below(7, 7).unwrap(), 7);
        assert_eq!(index_below(1).unwrap(), 0);
    }
}

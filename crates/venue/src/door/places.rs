//! Places: the doors of one venue, by way and zone, and what each has done since the start.
//!
//! Lives here: [`Doors`]. Not here: how one is opened ([`super::Door`]), who may pass (`visit`), what the book makes of it (`passing`).

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use documents::Timestamp;

use super::{CommandId, Door, DoorCommand, DoorError, Passage};
use crate::visit::{VisitId, Zone};

/// Which way somebody goes through a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// In.
    Entry,
    /// Out.
    Exit,
}

impl Way {
    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Exit => "exit",
        }
    }
}

/// A door and where it stands.
#[derive(Clone)]
pub struct DoorPlace {
    /// What the building calls it.
    pub name: String,
    /// Which way it lets people.
    pub way: Way,
    /// The zone that it closes; `None`: every zone.
    pub zone: Option<Zone>,
    /// The door.
    pub door: Arc<dyn Door>,
}
documents::redact_debug!(DoorPlace);

/// What a door has done since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DoorCount {
    /// How often it was to open.
    pub commands: u64,
    /// How often somebody went through.
    pub passed: u64,
    /// How often nobody did.
    pub not_passed: u64,
    /// What was wrong the last time; `None` where nothing was.
    pub fault: Option<&'static str>,
}

struct Counted {
    place: DoorPlace,
    count: Mutex<DoorCount>,
}

/// The doors of one venue. Copies count together.
#[derive(Clone, Default)]
pub struct Doors {
    all: Arc<Vec<Counted>>,
    moving: Arc<Mutex<BTreeSet<VisitId>>>,
}
documents::redact_debug!(Doors);

/// A name that no door of this way has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no door of this way and zone has that name; /api/health lists the doors")]
pub struct NoSuchDoor;

impl Doors {
    /// These doors, closed and without a fault.
    #[must_use]
    pub fn new(places: Vec<DoorPlace>) -> Self {
        let counted = |place| Counted { place, count: Mutex::default() };
        Self { all: Arc::new(places.into_iter().map(counted).collect()), moving: Arc::default() }
    }

    /// The door to or from a zone: the one that is named, else the first of that zone, else the first of every zone. `None` where
    /// none stands there: then people walk.
    ///
    /// # Errors
    /// [`NoSuchDoor`] where one is named and not there.
    pub fn find(&self, way: Way, zone: &Zone, name: Option<&str>) -> Result<Option<DoorAt<'_>>, NoSuchDoor> {
        let fits =
            |one: &&Counted| one.place.way == way && one.place.zone.as_ref().is_none_or(|own| own == zone);
        let found = match name {
            Some(name) => {
                Some(self.all.iter().filter(fits).find(|one| one.place.name == name).ok_or(NoSuchDoor)?)
            }
            None => self.all.iter().filter(fits).min_by_key(|one| one.place.zone.is_none()),
        };
        Ok(found.map(|at| DoorAt { doors: self, at }))
    }

    /// Each door with what it has done.
    #[must_use]
    pub fn counts(&self) -> Vec<(&DoorPlace, DoorCount)> {
        self.all.iter().map(|one| (&one.place, *held(&one.count))).collect()
    }
}

/// One of the doors.
pub struct DoorAt<'d> {
    doors: &'d Doors,
    at: &'d Counted,
}

impl DoorAt<'_> {
    /// Opens for one visitor and waits for the sensor; counts what became of it.
    ///
    /// # Errors
    /// [`DoorError::Busy`] where a door opens for this visitor at this moment; else as [`Door::open`].
    pub async fn open(
        &self,
        visit: VisitId,
        verdict: CommandId,
        now: Timestamp,
    ) -> Result<Passage, DoorError> {
        let _moving = Moving::begin(&self.doors.moving, visit).ok_or(DoorError::Busy)?;
        held(&self.at.count).commands += 1;
        let opened = self.at.place.door.open(DoorCommand { verdict, made: now }, now).await;
        let mut count = held(&self.at.count);
        count.fault = opened.as_ref().err().map(DoorError::code);
        match &opened {
            Ok(Passage::Passed) => count.passed += 1,
            Ok(Passage::NotEntered) => count.not_passed += 1,
            Err(_) => {}
        }
        opened
    }
}

/// A visitor for whom a door opens: no second command is made for them meanwhile.
struct Moving<'m>(&'m Mutex<BTreeSet<VisitId>>, VisitId);

impl<'m> Moving<'m> {
    fn begin(moving: &'m Mutex<BTreeSet<VisitId>>, visit: VisitId) -> Option<Self> {
        let is_first = held(moving).insert(visit);
        // Made where it holds alone: what is dropped ends the other one's turn.
        is_first.then(|| Self(moving, visit))
    }
}

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        held(self.0).remove(&self.1);
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

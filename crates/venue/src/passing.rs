//! Passing: a badge at a door: the door opens for whoever may enter, the sensor says whether they did, and the book has it.
//!
//! Lives here: [`enter`], [`leave`]. Not here: what a visit may become (`visit`), the doors (`door`). The way out hangs on no answer of
//! ours: where its door fails, the visitor is let out by hand, and has left.

use std::time::Duration;

use documents::Timestamp;

use crate::actor::Actor;
use crate::building::{Building, BuildingError};
use crate::door::{CommandId, DoorError, Doors, NoSuchDoor, Passage, Way};
use crate::visit::{Visit, VisitId, Warning, Zone};

/// How often a passage that has happened is tried to be written down, and how long lies between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// How a badge passes.
#[derive(Debug, Clone, Copy)]
pub enum Through<'a> {
    /// By the door of its zone: this one by name, else whichever is found first.
    Door(Option<&'a str>),
    /// Somebody lets them through by hand.
    ByHand,
}

/// What became of it.
#[derive(Debug, Clone)]
pub struct Passed {
    /// The visit afterwards.
    pub visit: Visit,
    /// What is odd about it.
    pub warning: Option<Warning>,
    /// What the door's sensor said; `None` where there is no door.
    pub passage: Option<Passage>,
    /// Why a door on the way out did not serve; they have left by hand.
    pub fault: Option<&'static str>,
}

/// Why nobody passed.
#[derive(Debug, thiserror::Error)]
pub enum PassingError {
    /// The visit, or the book.
    #[error(transparent)]
    Building(#[from] BuildingError),
    /// The door.
    #[error(transparent)]
    Door(#[from] DoorError),
    /// No such door.
    #[error(transparent)]
    NoSuchDoor(#[from] NoSuchDoor),
}

/// Lets a visitor into a zone. Who did not go through has not entered, and nothing is written.
///
/// # Errors
/// [`PassingError`]: nobody has entered, unless the book failed after the sensor spoke.
pub async fn enter(
    (building, doors): (&Building, &Doors),
    (visit, zone): (VisitId, Zone),
    (through, verdict): (Through<'_>, CommandId),
    actor: &Actor,
    now: impl Fn() -> Timestamp,
) -> Result<Passed, PassingError> {
    let door = match through {
        Through::Door(name) => doors.find(Way::Entry, &zone, name)?,
        Through::ByHand => None,
    };
    let mut passage = None;
    if let Some(door) = door {
        let before = building.may_enter(visit, &zone, now()).await?;
        let opened = door.open(visit, verdict, now()).await?;
        if opened == Passage::NotEntered {
            return Ok(Passed { visit: before, warning: None, passage: Some(opened), fault: None });
        }
        passage = Some(opened);
    }
    let mut tries = 1;
    loop {
        match building.enter(visit, zone.clone(), actor, now()).await {
            // Somebody is inside: the book is given a moment to be there again.
            Err(BuildingError::Store(_) | BuildingError::Changed) if passage.is_some() && tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
            entered => {
                let (visit, warning) = entered?;
                return Ok(Passed { visit, warning, passage, fault: None });
            }
        }
    }
}

/// Lets a visitor out. Who did not go through is inside still; where the door fails they leave by hand.
///
/// # Errors
/// [`PassingError`], never for a door that fails.
pub async fn leave(
    (building, doors): (&Building, &Doors),
    visit: VisitId,
    (through, verdict): (Through<'_>, CommandId),
    actor: &Actor,
    now: impl Fn() -> Timestamp,
) -> Result<Passed, PassingError> {
    let before = building.as_it_stands(visit).await?;
    let door = match (through, before.zone()) {
        (Through::Door(name), Some(zone)) => doors.find(Way::Exit, zone, name)?,
        (Through::Door(_), None) | (Through::ByHand, _) => None,
    };
    let (mut passage, mut fault) = (None, None);
    if let Some(door) = door {
        match door.open(visit, verdict, now()).await {
            Ok(Passage::NotEntered) => {
                let passage = Some(Passage::NotEntered);
                return Ok(Passed { visit: before, warning: None, passage, fault: None });
            }
            Ok(Passage::Passed) => passage = Some(Passage::Passed),
            Err(DoorError::Busy) => return Err(DoorError::Busy.into()),
            Err(error) => fault = Some(error.code()),
        }
    }
    let (visit, warning) = building.leave(visit, actor, now()).await?;
    Ok(Passed { visit, warning, passage, fault })
}

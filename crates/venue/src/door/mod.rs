//! Door: opens a turnstile or door for one person, and says whether somebody went through.
//!
//! Lives here: [`Door`], the command and its one use, the relay driver (`relay`) over Modbus TCP (`modbus`), a simulated board, the
//! doors of a venue ([`Doors`]). Not here: who may pass (`visit`). The way out in a fire is the building's hardware, never ours. Page docs/desk.md.

mod command;
pub mod modbus;
mod places;
mod relay;
pub mod simulated;

use std::future::Future;
use std::pin::Pin;

use documents::Timestamp;

pub use command::{COMMAND_SECONDS, CommandError, CommandId, DoorCommand, Spent};
use modbus::ModbusError;
pub use places::{DoorAt, DoorCount, DoorPlace, Doors, NoSuchDoor, Way};
pub use relay::{RelayConfig, RelayConfigError, RelayDoor};

/// What the sensor says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// Somebody went through.
    Passed,
    /// Nobody did within the time: the visitor has not entered.
    NotEntered,
}

/// Why a door was not opened, or nobody knows whether somebody passed.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// The command is not one for now.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The board cannot be reached, or went away.
    #[error("the door's board cannot be reached: {0}; check its cable and power. Let people through by hand")]
    Unreachable(#[source] std::io::Error),
    /// It did not answer in time.
    #[error("the door's board does not answer; check its cable and power. Let people through by hand")]
    Silent,
    /// It answers something else than Modbus, or refuses.
    #[error(transparent)]
    Answer(#[from] ModbusError),
    /// The relay could not be switched off: the door may stand open.
    #[error("the door's relay could not be switched off: the door may stand open. Look at it now")]
    StuckOpen,
    /// A door opens for the same visitor at this moment.
    #[error("a door is opening for this visitor at this moment; wait until it has closed")]
    Busy,
    /// The task that serves the door was stopped.
    #[error("the door's driver was stopped; restart the desk")]
    Stopped,
}

impl DoorError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Command(error) => error.code(),
            Self::Unreachable(_) => "door_unreachable",
            Self::Silent => "door_silent",
            Self::Answer(error) => error.code(),
            Self::StuckOpen => "door_stuck_open",
            Self::Busy => "door_busy",
            Self::Stopped => "door_stopped",
        }
    }
}

/// A door of any make. OSDP (IEC 60839-11-5) would stand beside the relay: its secure channel authenticates what Modbus cannot.
pub trait Door: Send + Sync {
    /// Opens for one person and waits for the sensor. A caller that goes away leaves no door open.
    fn open<'a>(
        &'a self,
        command: DoorCommand,
        now: Timestamp,
    ) -> Pin<Box<dyn Future<Output = Result<Passage, DoorError>> + Send + 'a>>;
}

//! Doors of a venue, as its file names them: each a relay board over Modbus TCP (docs/desk.md, Doors).
//!
//! Lives here: [`DoorFile`], [`doors`], each wrong content with its sentence. Not here: how a door is opened (`venue::door`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use documents::Timestamp;
use serde::{Deserialize, Serialize};
use trust::VenueKind;
use venue::door::{DoorPlace, Doors, RelayConfig, RelayDoor, Way};

use super::venues::Desk;
use crate::failure::Failure;

/// One door.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoorFile {
    /// What the building calls it; no two have one name.
    name: String,
    /// `entry` or `exit`.
    way: String,
    /// The zone that it closes; every zone where it is left out.
    zone: Option<String>,
    /// The board: `10.0.5.2:502`.
    address: String,
    /// The board's unit number; 1 where it is left out.
    #[serde(default = "one")]
    unit: u8,
    /// The first coil that it switches.
    coil: u16,
    /// How many coils in a row; 1 where it is left out.
    #[serde(default = "one")]
    coils: u16,
    /// The input that rises when somebody goes through.
    sensor: u16,
    /// For how long the relay closes, in milliseconds.
    pulse_millis: u16,
    /// How long somebody has to go through, in seconds; 10 where it is left out.
    passage_seconds: Option<u8>,
}

fn one<N: From<u8>>() -> N {
    N::from(1)
}

impl DoorFile {
    fn place(&self, started: Timestamp) -> Result<DoorPlace, String> {
        let way = match self.way.as_str() {
            "entry" => Way::Entry,
            "exit" => Way::Exit,
            other => return Err(format!("its way is `{other}`; write entry or exit")),
        };
        let address = self.board()?;
        let zone = self.zone.as_deref().map(str::parse).transpose();
        let zone = zone.map_err(|error: venue::visit::NotAWord| format!("its zone is {error}"))?;
        let coils = (self.coil, self.coils);
        let wiring = RelayConfig::new(address, self.unit, coils, self.sensor, self.pulse_millis);
        let mut wiring = wiring.map_err(|error| error.to_string())?;
        match self.passage_seconds {
            Some(0) => return Err("nobody goes through in 0 seconds; write 1 to 255".to_owned()),
            Some(seconds) => wiring = wiring.with_passage(Duration::from_secs(seconds.into())),
            None => {}
        }
        let door = Arc::new(RelayDoor::new(wiring, started));
        Ok(DoorPlace { name: self.name.clone(), way, zone, door })
    }

    fn board(&self) -> Result<SocketAddr, String> {
        let wrong = || {
            format!(
                "its address `{}` is none; write the board's IP address and port, such as 10.0.5.2:502",
                self.address
            )
        };
        self.address.parse().map_err(|_| wrong())
    }

    /// Whether both switch a coil of one board.
    fn shares_a_coil(&self, other: &Self) -> bool {
        let coils = |door: &Self| u32::from(door.coil)..u32::from(door.coil) + u32::from(door.coils);
        let (one, two) = (coils(self), coils(other));
        (&self.address, self.unit) == (&other.address, other.unit)
            && one.start < two.end
            && two.start < one.end
    }
}

/// The doors of a desk that starts at `started`: no command from before opens one.
pub fn doors(desk: &Desk, started: Timestamp) -> Result<Doors, Failure> {
    let files = desk.doors();
    let wrong = |which: &str, why: &str| Failure::new(format!("venue.toml of {}: {which}: {why}", desk.id()));
    if !files.is_empty() && desk.binding().kind() != VenueKind::Building {
        return Err(wrong("[[door]]", "doors are opened for visitors of a building; take it out"));
    }
    let mut places = Vec::new();
    for (n, file) in files.iter().enumerate() {
        let which = format!("the door `{}`", file.name);
        if file.name.trim().is_empty() || file.name.len() > 64 {
            return Err(wrong(
                "a [[door]]",
                "its name is empty or longer than 64 bytes; write what the building calls it",
            ));
        }
        for earlier in files.iter().take(n) {
            if earlier.name == file.name {
                return Err(wrong(&which, "another door has that name; write another"));
            }
            if earlier.shares_a_coil(file) {
                return Err(wrong(
                    &which,
                    &format!("it switches a coil of the door `{}`; see how the board is wired", earlier.name),
                ));
            }
        }
        places.push(file.place(started).map_err(|why| wrong(&which, &why))?);
    }
    Ok(Doors::new(places))
}

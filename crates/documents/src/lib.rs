//! Documents: numbers and check digits, MRZ, permits, endorsements, ports, and the one question
//! "may this person cross there at that time, and if not, why?".
//!
//! Pure: no I/O, no clock, no randomness. Not here: signatures (`credential`), ledgers (`authority`).

mod authority_code;
mod crossing;
mod redact;
mod time;

pub use authority_code::{AuthorityCode, UnknownAuthority};
pub use crossing::{Direction, LaneKind, NotALaneKind, NotAPortId, NotASide, PortId, Side};
pub use time::{IsoWeek, LocalDate, NotADate, NotATime, Timestamp};

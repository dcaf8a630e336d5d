//! Hotel system: hands guests over as OpenTravel messages, and reads the answers.
//!
//! Lives here: the message (`message`), the answer (`answer`), the queue's way out (`client`), a stand-in for tests and demos. Not
//! here: rows of the queue (`store::report`). Page docs/desk.md.

pub mod answer;
mod client;
mod message;
pub mod stand_in;

pub use client::{HandOver, HandOverRound, HotelSystemClient, HotelSystemFault};
pub use message::{HotelCodes, Notification, NotifiedGuest, ReservationState, WriteError};

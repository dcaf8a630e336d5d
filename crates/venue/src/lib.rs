//! Venue: the desk of a hotel or building: profiles, stays, visitors, its book, its queues and its doors.
//!
//! Not here: credentials and requests (`credential`, `trust`), HTTP pages of a desk (`baypass`). Uses neither `authority` nor
//! `gate`. `profile`, `stay` and `visit` are pure; `store`, `police`, `hotel_system` and `door` do the I/O.

mod actor;
mod building;
pub mod desk;
pub mod door;
mod hotel;
pub mod hotel_system;
pub mod http;
pub mod police;
pub mod profile;
pub mod stay;
pub mod store;
pub mod visit;

pub use actor::{Actor, NotAnActor};
pub use building::{Building, BuildingError, Invited, VisitRecord};
pub use hotel::{EraseError, Hotel, HotelError, Record, Registered};

//! Venue: the desk of a hotel, building or library: what it asks of a pass, profiles, stays, visitors, its book, its queues, its doors, its page.
//!
//! Not here: forms of credentials and requests (`credential`), approvals (`trust`), listeners and rounds (`baypass`). Uses neither
//! `authority` nor `gate`. `profile`, `stay` and `visit` are pure; `desk` decides over the `store`; `http`, `police`, `hotel_system`, `door` do the I/O.

mod actor;
mod building;
pub mod desk;
pub mod door;
mod hotel;
pub mod hotel_system;
pub mod http;
pub mod library;
pub mod library_system;
pub mod loan;
pub mod openid;
pub mod passing;
pub mod police;
pub mod profile;
mod shown;
pub mod stay;
pub mod store;
pub mod visit;

pub use actor::{Actor, NotAnActor};
pub use building::{Building, BuildingError, Invited, VisitRecord};
pub use hotel::{EraseError, Hotel, HotelError, Record, Registered};

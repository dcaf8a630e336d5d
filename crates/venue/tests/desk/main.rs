//! The desks of a hotel, a building and a library over real databases, with a register, a hotel system and a door to try them against.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]

mod book;
mod building;
mod desk;
mod door;
mod hotel;
mod hotel_system;
#[path = "../../../openid4vc/tests/openid4vc/iso_holder.rs"]
mod iso_holder;
mod library;
mod openid;
mod openid_page;
mod postgres;
mod queue;
mod rights;
mod service;
mod take;
mod world;

//! A hotel's desk over real databases and a register to try it against.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]

mod book;
mod building;
mod helpers;
mod hotel;
mod hotel_system;
mod postgres;
mod queue;

//! Desks as processes of their own: started without a network, with another key, before a door, killed, and compared.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
#[path = "../bay/mod.rs"]
mod bay;
mod counter;
mod door;
#[expect(dead_code, reason = "a measurement uses the rest")]
#[path = "../../src/command/bench/desk/guests.rs"]
mod guests;
mod keys;
#[expect(dead_code, reason = "the other test programs use the rest")]
#[path = "../parties/mod.rs"]
mod parties;
mod people;
mod restart;
mod stress;
mod two;

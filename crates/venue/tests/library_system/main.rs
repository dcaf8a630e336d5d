//! The way to a library's system, against a stand-in over real connections and against a system of others.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]

mod connections;
mod faults;
mod invenio;
mod library;
mod secrets;
mod tls;
mod trouble;

//! Police: what a hotel tells the police's register, and the queue that tells it.
//!
//! Lives here: records as they travel (`record`), the register's client, the courier that empties the queue, a stand-in for tests
//! and demos. Not here: who is reported by when (`profile`), rows of the queue (`store::report`). Page docs/desk.md.

mod client;
mod courier;
pub(crate) mod record;
pub mod stand_in;

pub use client::{Answer, BATCH, Refusal, RegisterClient, RegisterFault};
pub use courier::{Courier, Round};

//! Outbox: the gate's durable memory of each clearance, and the delivery of what happened to the authorities.
//!
//! Lives here: [`Store`] (what must survive a stop), [`Courier`] (tells each authority in order, at least once),
//! [`AuthorityLink`] (the way to an authority). Not here: what is told and when it falls due (`clearance::told`).

mod breaker;
mod courier;
mod delivery;
mod link;
mod migrations;
mod private_files;
mod rows;
mod store;
mod transaction;
mod trouble;

pub use courier::{Courier, Delivered, open_receipt};
pub use delivery::{DeadLetter, KEEP_CONFLICT_SECONDS, KEEP_DELIVERED_SECONDS};
pub use link::{AuthorityAddress, AuthorityAddresses, AuthorityLink, HttpLink, LinkError};
pub use store::{GateKey, LaneKey, Outgoing, Store, StoreError};
pub use trouble::Trouble;

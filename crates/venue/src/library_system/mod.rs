//! Library system: the way to a library's system, over SIP2 (crate `sip2`).
//!
//! Lives here: where it is and how it is reached (`address`, `setup`), one connection (`connection`), what is asked over it (`client`), when
//! it is tried again (`pauses`), a stand-in for tests and demos (`stand_in`). Not here: messages and what is done about a lost loan (`sip2`), which
//! loans a desk asks for. Page docs/library.md.

mod address;
mod client;
mod connection;
mod pauses;
mod setup;
pub mod stand_in;

pub use address::{LibraryAddress, LibraryAddressError};
pub use client::{AskError, Asked, LibrarySystem, Unreachable};
pub use setup::{LibraryLogin, LibrarySetup, LibrarySystemError};

//! Database: what every store on SQLite or PostgreSQL stands on, once.
//!
//! Lives here: where a database lies ([`DatabaseAddress`]), the connections to it ([`Pools`]), the list of migrations that a
//! program carries ([`migrations!`]), the macros of statements. Not here: any statement, any transaction, any table. A store
//! keeps those, and says in its own words what failed. Rules of docs/decisions/store.md.

mod address;
mod migrations;
mod pools;
mod statements;

pub use address::{DatabaseAddress, DatabaseAddressError, FileError};
pub use migrations::{migrate, migrator, named};
pub use pools::{OpenError, Pools};

#[doc(hidden)]
pub use sqlx::migrate::Migrator;

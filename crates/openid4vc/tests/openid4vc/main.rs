//! Credentials and presentations in the formats of others: published examples, round trips, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod conformance;
mod dcql;
mod mdoc;
mod page;
mod party;
mod sd_jwt;
mod status;
mod world;

//! Credentials and presentations in the formats of others: published examples, round trips, and what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value,
    reason = "a test's helpers, outside of the test functions themselves; they are called with `json!` in place"
)]

mod conformance;
mod dc_api;
mod dcql;
mod iso_holder;
mod mdoc;
mod page;
mod party;
mod proximity;
mod sd_jwt;
mod status;
mod world;

//! The kiosk as its pages see it: over HTTP, with a real lane behind it and authorities that answer as told.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers, outside of the test functions themselves"
)]

#[path = "../../../credential/tests/authenticator/mod.rs"]
mod authenticator;
#[path = "../bay/mod.rs"]
mod bay;
mod beside;
mod desk;
mod door;
mod officer;
mod page;
mod traveller;
mod unlock;

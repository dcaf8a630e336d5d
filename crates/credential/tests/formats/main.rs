//! `docs/formats.md` is the source: its grammar holds for what this crate writes, its worked example verifies here byte
//! for byte, and a structure that was changed is refused by the grammar and by the reader alike.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a page that cannot be read fails the test"
)]

mod example;
mod example_page;
mod grammar;
mod limits;
#[path = "../page/mod.rs"]
mod page;
mod paper;
mod values;
mod venues;

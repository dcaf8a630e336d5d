//! How well machine-readable zones are read, on drawn cards; and that nothing wrong is ever given out.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test's helpers, outside of the test functions themselves"
)]

mod cards;
mod film;
mod rates;
mod refused;

use documents::LocalDate;

fn today() -> LocalDate {
    LocalDate::new(2026, 11, 25).unwrap()
}

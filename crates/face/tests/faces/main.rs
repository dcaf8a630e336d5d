//! Real faces through the whole pipeline. The figures are printed with `--nocapture`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests: a failure here fails the test"
)]

mod people;
mod reference;
mod samples;
mod shared;
mod timing;

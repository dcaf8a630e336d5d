//! The service, whole: over SQLite and PostgreSQL, called in one process and over HTTP, with its neighbours.
//! One program, so that its parts share one bay and the face models are loaded once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]

mod attestation;
#[path = "../../../credential/tests/authenticator/mod.rs"]
mod authenticator;
mod bay;
mod binding;
mod card_life;
mod cards;
mod carers;
mod chips;
mod door;
mod enrolment;
mod face_policy;
mod hand_over;
mod holder;
mod http;
mod identity;
mod import;
mod indistinguishable;
mod lanes;
mod life;
mod officers;
mod openid;
mod paper;
mod peers;
mod places;
mod postgres;
mod problems;
mod requests;
mod risk;
mod signals;
mod store;
mod strangers;
mod two_verdicts;
mod unlock;
mod venues;
mod wire;

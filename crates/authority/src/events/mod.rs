//! Events: what gates and other authorities tell of passages.
//!
//! Lives here: [`passage`], a gate's own events, and [`notice`], what an entering authority tells the token's issuer.

pub mod notice;
pub mod passage;

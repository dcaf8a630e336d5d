//! Events: what comes in after a verdict: passages, chains of a gate begun anew, notices; and what officers settle of it.

mod chain;
pub(crate) mod notice;
pub(crate) mod passage;
pub(crate) mod settle;

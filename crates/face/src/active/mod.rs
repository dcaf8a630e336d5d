//! Active liveness: a random challenge, and whether the frames that answer it show a solid head or a plane.
//!
//! Lives here: what is asked ([`Challenge`]), the state machine that follows the frames ([`Attempt`]), the limit on
//! tries ([`Attempts`]), the geometry of 68 points (`shape`). Pure: seeds, frames and their times come in as arguments.
//! Not here: cameras (`gate`), drawn attacks (`evaluate::attack`), and what a challenge cannot tell (`docs/liveness.md`).

mod attempt;
mod challenge;
pub mod head;
mod rules;
pub(crate) mod shape;

pub use attempt::{Attempt, Bounds, Evidence, Frame, Passed, Prompt, Refusal, judge};
pub use challenge::{Attempts, Challenge, Motion, NoAttemptLeft, Step};
pub use rules::{ActiveRules, RulesError};

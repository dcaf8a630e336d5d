//! Engine: a rule's condition, from text to yes or no. CEL stands behind a trait of ours.
//!
//! Lives here: [`RuleEngine`], [`Condition`], the bounds of a text and what is refused before any parser sees it. Not here: files of
//! rules (`rules`), what a condition's answer leads to (`judge`).

mod cel;
mod text;
mod types;

use std::collections::BTreeSet;

use crate::facts::Facts;
use crate::fault::FaultKind;
use crate::schema::{Schema, SignalId};

pub use self::cel::CelEngine;

/// Longest condition, in bytes.
pub const MAX_CONDITION: usize = 2048;
/// Deepest nesting: of brackets in the text, and of operations in what was parsed.
pub const MAX_NESTING: usize = 32;

/// A fault in a condition, and its line within the text, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFault {
    /// The line, from 0.
    pub line: usize,
    /// What is wrong.
    pub kind: FaultKind,
}

/// Why a condition has no answer. The stricter policy follows, never "no".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// A signal that the condition reads was not measured.
    #[error("a signal that the rule reads is missing")]
    Missing,
    /// The facts are those of another list of signals.
    #[error("the facts were made for another list of signals")]
    OtherSchema,
    /// The engine answered with an error, or failed.
    #[error("the rule engine could not evaluate the rule")]
    Failed,
}

/// Turns texts into conditions. Compiling is never done at a lane's decision.
pub trait RuleEngine: Send + Sync {
    /// Compiles one text against a schema.
    ///
    /// # Errors
    /// Every [`TextFault`] found.
    fn compile(&self, text: &str, schema: &Schema) -> Result<Box<dyn Condition>, Vec<TextFault>>;
}

/// A compiled condition.
pub trait Condition: Send + Sync {
    /// The signals that it reads.
    fn reads(&self) -> &BTreeSet<SignalId>;

    /// Whether it holds of these facts.
    ///
    /// # Errors
    /// [`Undecided`]: a caller takes the stricter way.
    fn holds(&self, facts: &Facts, schema: &Schema) -> Result<bool, Undecided>;
}

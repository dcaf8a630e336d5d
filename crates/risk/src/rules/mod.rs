//! Rules: conditions with what they put in doubt, read from a file, typed against the schema, tried by their own cases.
//!
//! Lives here: [`RuleSet`], [`Rule`]. Not here: reading a file (`file`), signed versions (`version`), what they find (`judge`).

mod file;
mod generated;

use std::collections::BTreeSet;
use std::fmt;

use credential::sha256;

use crate::engine::{Condition, RuleEngine};
use crate::fault::Faults;
use crate::finding::{Doubt, Harm, RuleId, numbered};
use crate::schema::{Schema, SignalId};

pub use generated::generated_rules;

/// The file name of the first rule set.
pub const RULES_FILE: &str = "rules.toml";
/// The text of the first rule set.
pub const RULES_TEXT: &str = include_str!("../../data/rules.toml");

pub use crate::finding::MAX_RULES;

/// Longest file of rules, in bytes: it must fit into a signed message.
pub const MAX_RULES_TEXT: usize = 192 * 1024;

numbered! {
    /// What a rule may do.
    RuleStage {
        /// It is scored and logged, without effect.
        Shadow = 0 "shadow",
        /// It counts.
        Full = 1 "full",
    }
}

/// One rule.
pub struct Rule {
    /// Its name, which stays when its condition is changed.
    pub id: RuleId,
    /// One sentence that an officer can read.
    pub says: String,
    /// What it puts in doubt.
    pub doubt: Doubt,
    /// The harm if the doubt is right.
    pub harm: Harm,
    /// Whether it counts.
    pub stage: RuleStage,
    /// Whether it asks for the pass to be suspended, where it holds with effect. An officer confirms that within an hour, or it lapses.
    pub suspends: bool,
    /// The condition, as it is written.
    pub when: String,
    /// How many cases it has.
    pub cases: usize,
    /// Its line in the file.
    pub line: usize,
    pub(crate) condition: Box<dyn Condition>,
}

impl Rule {
    /// The signals that it reads.
    #[must_use]
    pub fn reads(&self) -> &BTreeSet<SignalId> {
        self.condition.reads()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("id", &self.id).field("when", &self.when).finish_non_exhaustive()
    }
}

/// A file of rules that passed everything: schema, types, cases.
#[derive(Debug)]
pub struct RuleSet {
    name: String,
    rules: Vec<Rule>,
    hash: [u8; 32],
}

impl RuleSet {
    /// Reads a file of rules; `file` is the name that faults carry.
    ///
    /// # Errors
    /// [`Faults`]: everything that is wrong with it, with its line.
    pub fn read(file: &str, text: &str, schema: &Schema, engine: &dyn RuleEngine) -> Result<Self, Faults> {
        let (name, rules) = file::read(file, text, schema, engine)?;
        Ok(Self { name, rules, hash: sha256(text.as_bytes()) })
    }

    /// The first rule set, which is built in.
    ///
    /// # Errors
    /// [`Faults`] if the built-in file is broken, which a test rules out.
    pub fn builtin(schema: &Schema, engine: &dyn RuleEngine) -> Result<Self, Faults> {
        Self::read(RULES_FILE, RULES_TEXT, schema, engine)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rules, in the file's order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// SHA-256 of the file.
    #[must_use]
    pub const fn hash(&self) -> &[u8; 32] {
        &self.hash
    }
}

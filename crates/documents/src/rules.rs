//! The rules as data. (Being filled in.)

/// Every rule and reference row, read strictly from the data files.
#[derive(Debug, Clone)]
pub struct Rules {}

/// The data files are not in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {what}")]
pub struct RulesError {
    /// Which file.
    pub file: String,
    /// What is wrong and what to write.
    pub what: String,
}

impl Rules {
    /// The data that the program carries.
    ///
    /// # Errors
    /// Never for a released program: a test reads them.
    pub fn builtin() -> Result<Self, RulesError> {
        Self::load(&|_| Ok(None))
    }

    /// The data that the program carries, with the files that `read` has in their place.
    ///
    /// # Errors
    /// The first file, row and field that cannot be read, and what belongs there.
    pub fn load(_read: &dyn Fn(&str) -> Result<Option<String>, String>) -> Result<Self, RulesError> {
        Ok(Self {})
    }
}

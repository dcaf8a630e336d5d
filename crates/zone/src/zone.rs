//! Zone: what was read, with every check digit proven.
//!
//! Lives here: [`Zone`]. Not here: how it is read (`reader`), what its fields mean (`documents`).

use documents::{Mrz, redact_debug};

/// A zone in which every check digit holds. Personal: `Debug` shows nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone {
    text: String,
    mrz: Mrz,
}
redact_debug!(Zone);

impl Zone {
    pub(crate) fn new(text: &str, mrz: Mrz) -> Self {
        Self { text: text.trim_end().to_owned(), mrz }
    }

    /// The lines as they are printed, a line end between them.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the lines say.
    #[must_use]
    pub const fn mrz(&self) -> &Mrz {
        &self.mrz
    }
}

//! The table of sentences: a key and four texts in each row.

use std::collections::BTreeMap;

use super::RulesError;
use super::table::rows;

/// Why the sentences cannot be used.
pub type NotSentences = RulesError;

/// Reads the table; no text may be left out.
pub(crate) fn read_sentences(text: &str) -> Result<BTreeMap<String, [String; 4]>, NotSentences> {
    let mut all = BTreeMap::new();
    for row in rows("sentences.csv", text, &["key", "zh-Hans", "zh-Hant", "en", "pt"], "key")? {
        let mut texts: [String; 4] = Default::default();
        for (slot, column) in texts.iter_mut().zip(["zh-Hans", "zh-Hant", "en", "pt"]) {
            row.needed(column)?.clone_into(slot);
        }
        if all.insert(row.needed("key")?.to_owned(), texts).is_some() {
            return Err(row.error("key", "stands twice"));
        }
    }
    Ok(all)
}

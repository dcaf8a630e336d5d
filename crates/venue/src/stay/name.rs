//! Name: the forms in which a name is found again, however its words are ordered and parted.
//!
//! Lives here: [`NameForm`]. Not here: how it is kept (`store`: as a keyed hash). Pure.

use std::collections::BTreeSet;

use documents::redact_debug;

/// A name without order of words, case, commas and hyphens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NameForm(String);
redact_debug!(NameForm);

impl NameForm {
    /// The form of a name as somebody writes it; `None` without a letter or digit.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::of_words(words(name))
    }

    /// Every form under which these names are found: each of them whole, and its words in Han and in other writing alone.
    pub fn all<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeSet<Self> {
        let mut forms = BTreeSet::new();
        for name in names {
            let (han, other) = words(name).into_iter().partition(|word| is_han(word));
            forms.extend([Self::of(name), Self::of_words(han), Self::of_words(other)].into_iter().flatten());
        }
        forms
    }

    /// The text to hash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn of_words(words: Vec<String>) -> Option<Self> {
        // Words in Han are one, with or without a blank between surname and given name.
        let (han, mut other): (Vec<_>, Vec<_>) = words.into_iter().partition(|word| is_han(word));
        other.sort();
        let form = [vec![han.concat()], other].concat().join(" ");
        Some(form.trim().to_owned()).filter(|form| !form.is_empty()).map(Self)
    }
}

fn words(name: &str) -> Vec<String> {
    let parts = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(str::to_uppercase).collect()
}

fn is_han(word: &str) -> bool {
    word.chars().any(|c| matches!(u32::from(c), 0x3400..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_in_any_order_and_by_either_of_its_writings() {
        let kept = NameForm::all(["樣本 CANARY, SPECIMEN 0001"]);
        for (typed, found) in [
            ("specimen canary 0001", true),
            ("0001, Canary-Specimen", true),
            ("樣本", true),
            ("樣 本", true),
            ("樣本 CANARY SPECIMEN 0001", true),
            ("CANARY", false),
            ("CANARY SPECIMEN 0002", false),
        ] {
            assert_eq!(NameForm::of(typed).is_some_and(|form| kept.contains(&form)), found, "row {typed}");
        }
        assert_eq!(NameForm::of(" ,-"), None);
        assert!(NameForm::all([]).is_empty());
    }
}

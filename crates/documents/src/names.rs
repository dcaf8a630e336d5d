//! Names: which two are the same, and which can be none.
//!
//! Lives here: [`is_same_name`], [`hold_name`]. Not here: whose name it is. Registries, cards and keyboards write one name in many ways: letters
//! large or small, composed or not, full-width, with or without the comma behind the family name, with this or that hyphen.

use unicode_normalization::UnicodeNormalization as _;

/// Longest name that a registry takes, in characters.
pub const MAX_NAME_CHARS: usize = 128;

/// What stands between the letters of a name and tells no two apart: blanks, commas, dots, quotes and dashes, after NFKC.
fn is_between(letter: char) -> bool {
    letter.is_whitespace()
        || matches!(
            letter,
            ',' | '、'
                | '،'
                | '.'
                | '。'
                | '·'
                | '・'
                | '‧'
                | '•'
                | '\''
                | '’'
                | '‘'
                | '‛'
                | '`'
                | '´'
                | '′'
                | 'ʼ'
                | 'ʻ'
                | '"'
                | '“'
                | '”'
                | '-'
                | '‐'
                | '‑'
                | '‒'
                | '–'
                | '—'
                | '―'
                | '−'
        )
}

/// A name as it is compared: NFKC (UAX #15), small letters, nothing between them.
fn comparable(name: &str) -> String {
    // Marks that NFKC makes a blank and a combining accent of (´) go before it; small letters may be composed anew.
    let plain = name.chars().filter(|letter| !is_between(*letter)).nfkc().flat_map(char::to_lowercase).nfkc();
    let folded =
        plain.filter(|letter| !is_between(*letter)).map(|letter| if letter == 'ς' { 'σ' } else { letter });
    folded.collect::<String>().replace('ß', "ss")
}

/// Whether two names are one, however they are written. A name without any letter is the same as none, not even as itself: what is not
/// there proves nothing.
#[must_use]
pub fn is_same_name(one: &str, other: &str) -> bool {
    let (one, other) = (comparable(one), comparable(other));
    !one.is_empty() && one == other
}

/// Why a text can be no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Longer than a registry takes.
    #[error("a name has at most {MAX_NAME_CHARS} characters")]
    Long,
    /// A control character, or one that turns the direction of writing: what is seen would not be what stands there.
    #[error("a name holds no control characters and none that turn the direction of writing; type it anew")]
    Invisible,
}

/// Whether a character is seen as nothing, or turns what stands beside it (UAX #9; U+200B to U+200D, U+2060, U+FEFF have no width).
fn is_invisible(letter: char) -> bool {
    letter.is_control()
        || matches!(
            letter,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        )
}

/// Holds a text to what a registry takes for a name.
///
/// # Errors
/// [`NameFault`].
pub fn hold_name(name: &str) -> Result<(), NameFault> {
    if name.chars().any(is_invisible) {
        return Err(NameFault::Invisible);
    }
    if name.chars().count() > MAX_NAME_CHARS { Err(NameFault::Long) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_written() {
        for (one, other) in [
            ("João", "JOÃO"),
            ("João", "Joa\u{303}o"),
            ("O’CONNOR", "O'Connor"),
            ("O´Connor", "OConnor"),
            ("Jean\u{2011}Luc", "JEAN-LUC"),
            ("CHAN TAI MAN", "CHAN, TAI MAN"),
            ("ＣＨＡＮ　ＴＡＩ　ＭＡＮ", "chan tai man"),
            ("李　娜", "李娜"),
            ("李·娜", "李娜"),
            ("Straße", "STRASSE"),
            ("Σοφος", "ΣΟΦΟΣ"),
            ("St. John", "ST JOHN"),
        ] {
            assert!(is_same_name(one, other), "{one} and {other}");
            assert!(is_same_name(other, one), "{other} and {one}");
        }
    }

    #[test]
    fn other_letters_are_another_name() {
        for (one, other) in [("João", "Joao"), ("李娜", "李娜娜"), ("CHAN", "CHANG"), ("李娜", "LI NA")]
        {
            assert!(!is_same_name(one, other), "{one} and {other}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_the_same_as_none() {
        for empty in ["", " ", "　", "-", "’", ".,"] {
            assert!(!is_same_name(empty, ""), "{empty:?}");
            assert!(!is_same_name(empty, empty), "{empty:?}");
            assert!(!is_same_name(empty, "CHAN"), "{empty:?}");
        }
    }

    #[test]
    fn a_registry_takes_no_name_that_is_not_what_is_seen() {
        for (name, fault) in [
            ("CHAN\u{202e}NAM IAT", NameFault::Invisible),
            ("CHAN\u{200b}", NameFault::Invisible),
            ("CHAN\nTAI", NameFault::Invisible),
            (&"A".repeat(MAX_NAME_CHARS + 1), NameFault::Long),
        ] {
            assert_eq!(hold_name(name), Err(fault));
        }
        for name in ["CHAN, TAI MAN", "李娜", "João", "", &"李".repeat(MAX_NAME_CHARS)] {
            assert_eq!(hold_name(name), Ok(()));
        }
    }

    proptest::proptest! {
        #[test]
        fn sameness_goes_both_ways_and_no_text_makes_it_panic(one in ".{0,40}", other in ".{0,40}") {
            proptest::prop_assert_eq!(is_same_name(&one, &other), is_same_name(&other, &one));
            let _ = hold_name(&one);
        }
    }
}

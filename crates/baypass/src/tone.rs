//! Tone: colour for a few words, on a terminal alone.
//!
//! Lives here: [`out`], [`err`] and when colour is right: not in a file or pipe, not where `NO_COLOR` is set
//! (no-color.org), not on a terminal that has none (`TERM=dumb`). Nothing is said by colour alone.

use std::io::{IsTerminal, stderr, stdout};

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Worth a look.
    Doubt,
}

/// A word for standard output.
pub fn out(word: &str, tone: Tone) -> String {
    painted(word, tone, coloured(&stdout()))
}

/// A word for standard error.
pub fn err(word: &str, tone: Tone) -> String {
    painted(word, tone, coloured(&stderr()))
}

/// Whether what is written there may have colours.
pub fn coloured(stream: &impl IsTerminal) -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    stream.is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_some_and(|term| term != "dumb")
}

fn painted(word: &str, tone: Tone, coloured: bool) -> String {
    // ECMA-48, 8.3.117: bold green, red and yellow; and back.
    let colour = match tone {
        Tone::Good => 32,
        Tone::Bad => 31,
        Tone::Doubt => 33,
    };
    if coloured { format!("\x1b[1;{colour}m{word}\x1b[0m") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_in_colour_ends_with_the_terminals_own_and_is_bare_elsewhere() {
        assert_eq!(painted("ok", Tone::Good, true), "\u{1b}[1;32mok\u{1b}[0m");
        assert_eq!(painted("WRONG", Tone::Bad, false), "WRONG");
    }
}

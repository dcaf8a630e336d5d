//! The list of pairs: which two pictures show one person, and which two do not.
//!
//! Lives here: reading it. Not here: opening a picture (`baypass`).

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPair {
    /// The registry's picture.
    pub registry: String,
    /// The picture taken at the lane.
    pub probe: String,
    /// Whether both show one person.
    pub same: bool,
}

/// Why a list of pairs cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A line is not two names with or without `same` or `different`.
    #[error("line {line} of the pairs is not `registry,probe[,same|different]`")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The list has no pairs.
    #[error("the list of pairs names no pair")]
    Empty,
}

/// Reads `registry,probe[,same|different]`, one pair a line, divided by commas or tabs; without the word it is one
/// person. `1`, `0`, `genuine` and `impostor` are understood too. Empty lines, lines from `#` on and a header are
/// passed over.
///
/// # Errors
/// [`ListError`] for the first line that cannot be read, or for a list without pairs.
pub fn read_pairs(text: &str) -> Result<Vec<ListedPair>, ListError> {
    let mut pairs = Vec::new();
    for (index, row) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let row = row.trim();
        if row.is_empty() || row.starts_with('#') {
            continue;
        }
        let fault = ListError::Line { line: index + 1 };
        let cells: Vec<&str> =
            row.split(if row.contains('\t') { '\t' } else { ',' }).map(str::trim).collect();
        let (registry, probe, word) = match cells[..] {
            [registry, probe] => (registry, probe, "same"),
            [registry, probe, word] => (registry, probe, word),
            _ => return Err(fault),
        };
        let same = match word.to_lowercase().as_str() {
            "same" | "1" | "genuine" => Some(true),
            "different" | "0" | "impostor" => Some(false),
            _ => None,
        };
        let header = pairs.is_empty() && [registry, probe].iter().all(|name| !name.contains('.'));
        match same {
            _ if header && (same.is_none() || cells.len() == 2) => {}
            Some(same) if !registry.is_empty() && !probe.is_empty() => {
                pairs.push(ListedPair { registry: registry.to_owned(), probe: probe.to_owned(), same });
            }
            Some(_) | None => return Err(fault),
        }
    }
    if pairs.is_empty() { Err(ListError::Empty) } else { Ok(pairs) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_pairs_is_read_and_a_line_that_is_none_is_named() {
        let text = "registry,probe,what\n# note\na.jpg,b.jpg\n\nc/a.jpg , d/a.jpg,different\ne.png,f.png,1\n";
        let read = read_pairs(text).unwrap();
        let row = |registry: &str, probe: &str, same| ListedPair {
            registry: registry.into(),
            probe: probe.into(),
            same,
        };
        assert_eq!(
            read,
            [row("a.jpg", "b.jpg", true), row("c/a.jpg", "d/a.jpg", false), row("e.png", "f.png", true)]
        );
        assert_eq!(read_pairs("a.jpg\tb, c.jpg\n").unwrap(), [row("a.jpg", "b, c.jpg", true)]);
        for (text, expected) in [
            ("a.jpg\n", ListError::Line { line: 1 }),
            ("a.jpg,b.jpg\na.jpg,b.jpg,maybe\n", ListError::Line { line: 2 }),
            ("a.jpg,\n", ListError::Line { line: 1 }),
            ("a.jpg,b.jpg,same,x\n", ListError::Line { line: 1 }),
            ("", ListError::Empty),
            ("registry,probe\n", ListError::Empty),
        ] {
            assert_eq!(read_pairs(text), Err(expected), "row {text:?}");
        }
    }
}

//! The list of pairs: which two pictures show one person, and which two do not.
//!
//! Lives here: reading it, in our form and in that of Labeled Faces in the Wild; which lines of an operator's list say
//! something. Not here: opening a picture (`baypass`), lists of persons (`ages`, `cohorts`).

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPair {
    /// The registry's picture.
    pub registry: String,
    /// The picture taken at the lane.
    pub probe: String,
    /// Whether both show one person.
    pub same: bool,
    /// Which part of the list it stands in, from 0; a list in our form has one.
    pub fold: usize,
}

/// A list of pairs, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairList {
    /// It has the form of Labeled Faces in the Wild: a picture's folder is its person.
    pub lfw: bool,
    /// The pairs, in the list's order.
    pub pairs: Vec<ListedPair>,
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
    /// A line of a list in LFW's form is not `name i j` or `name i name j`.
    #[error(
        "line {line} of the pairs is not `name<TAB>i<TAB>j` or `name<TAB>i<TAB>name<TAB>j`, as the first line promises"
    )]
    LfwLine {
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
/// A first line of one or two numbers says that the list has the form of LFW's `pairs.txt`: `name i j` for two pictures of
/// one person, `name i name j` for two persons, a picture being `name/name_000i.jpg`. A new fold begins where pairs of one
/// person follow on pairs of two.
///
/// # Errors
/// [`ListError`] for the first line that cannot be read, or for a list without pairs.
pub fn read_pairs(text: &str) -> Result<PairList, ListError> {
    let text = text.trim_start_matches('\u{feff}');
    let numbers: Vec<&str> = text.lines().next().unwrap_or_default().split_whitespace().collect();
    let lfw = (1..=2).contains(&numbers.len()) && numbers.iter().all(|cell| is_number(cell));
    let pairs = if lfw { read_lfw(text)? } else { read_ours(text)? };
    if pairs.is_empty() { Err(ListError::Empty) } else { Ok(PairList { lfw, pairs }) }
}

/// The lines of a list, trimmed, each with its number from 1; empty lines and lines from `#` on are passed over.
fn rows(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
    (1..).zip(lines).filter(|(_, row)| !row.is_empty() && !row.starts_with('#'))
}

/// The same of a list of persons, whose first line may be a header `person,...`.
pub(crate) fn rows_of_persons(text: &str) -> impl Iterator<Item = (usize, &str)> {
    rows(text).filter(|(line, row)| *line != 1 || !row.to_lowercase().starts_with("person"))
}

fn is_number(cell: &str) -> bool {
    (1..=9).contains(&cell.len()) && cell.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_lfw(text: &str) -> Result<Vec<ListedPair>, ListError> {
    let mut pairs: Vec<ListedPair> = Vec::new();
    for (index, row) in text.lines().enumerate().skip(1).filter(|(_, row)| !row.trim().is_empty()) {
        let fault = ListError::LfwLine { line: index + 1 };
        let cells: Vec<&str> = row.split_whitespace().collect();
        let picture = |name: &str, number: &str| {
            let known = is_number(number) && !name.contains(['/', '\\']) && name != "..";
            known.then(|| format!("{name}/{name}_{number:0>4}.jpg"))
        };
        let (registry, probe, same) = match cells[..] {
            [name, first, second] => (picture(name, first), picture(name, second), true),
            [name, first, other, second] if name != other => {
                (picture(name, first), picture(other, second), false)
            }
            _ => return Err(fault),
        };
        let (Some(registry), Some(probe)) = (registry, probe) else { return Err(fault) };
        let fold = pairs.last().map_or(0, |last| last.fold + usize::from(same && !last.same));
        pairs.push(ListedPair { registry, probe, same, fold });
    }
    Ok(pairs)
}

fn read_ours(text: &str) -> Result<Vec<ListedPair>, ListError> {
    let mut pairs = Vec::new();
    for (line, row) in rows(text) {
        let fault = ListError::Line { line };
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
                pairs.push(ListedPair {
                    registry: registry.to_owned(),
                    probe: probe.to_owned(),
                    same,
                    fold: 0,
                });
            }
            Some(_) | None => return Err(fault),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_list_of_pairs_is_read_and_a_line_that_is_none_is_named() {
        let text = "registry,probe,what\n# note\na.jpg,b.jpg\n\nc/a.jpg , d/a.jpg,different\ne.png,f.png,1\n";
        let read = read_pairs(text).unwrap();
        assert!(!read.lfw);
        let row = |registry: &str, probe: &str, same| ListedPair {
            registry: registry.into(),
            probe: probe.into(),
            same,
            fold: 0,
        };
        assert_eq!(
            read.pairs,
            [row("a.jpg", "b.jpg", true), row("c/a.jpg", "d/a.jpg", false), row("e.png", "f.png", true)]
        );
        assert_eq!(read_pairs("a.jpg\tb, c.jpg\n").unwrap().pairs, [row("a.jpg", "b, c.jpg", true)]);
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

    #[test]
    fn a_list_in_the_form_of_labeled_faces_in_the_wild_is_known_by_its_first_line() {
        let text = "2\t2\nAnn_A\t1\t4\nBob\t2\t10\nAnn_A\t1\tBob\t12\nBob\t1\tCy\t1\n\
                    Cy\t1\t2\nCy\t1\t3\nCy\t1\tAnn_A\t1\nCy\t1\tBob\t1234\n";
        let list = read_pairs(text).unwrap();
        assert!(list.lfw);
        let rows: Vec<_> = list.pairs.iter().map(|pair| (pair.fold, pair.same)).collect();
        let fold = |fold| [(fold, true), (fold, true), (fold, false), (fold, false)];
        assert_eq!(rows, [fold(0), fold(1)].concat());
        assert_eq!(list.pairs[1].probe, "Bob/Bob_0010.jpg");
        assert_eq!(list.pairs[2].registry, "Ann_A/Ann_A_0001.jpg");
        assert_eq!(list.pairs[7].probe, "Bob/Bob_1234.jpg");
        // The lists of development have one number.
        assert_eq!(read_pairs("1\nAnn\t1\t2\n").unwrap().pairs.len(), 1);
        for (text, expected) in [
            ("2\t2\nAnn\t1\n", ListError::LfwLine { line: 2 }),
            ("2\t2\nAnn\t1\t2\nAnn\tone\tBob\t1\n", ListError::LfwLine { line: 3 }),
            ("2\t2\nAnn\t1\tAnn\t1\n", ListError::LfwLine { line: 2 }),
            ("2\t2\n../x\t1\t2\n", ListError::LfwLine { line: 2 }),
            ("10\t300\n", ListError::Empty),
        ] {
            assert_eq!(read_pairs(text), Err(expected), "row {text:?}");
        }
    }

    proptest! {
        #[test]
        fn no_list_of_pairs_panics(text in "(10\t300\n)?(\\PC|\n|\t|,)*") {
            let _ = read_pairs(&text);
        }

        #[test]
        fn every_pair_of_a_list_in_that_form_is_read(
            pairs in proptest::collection::vec((0..50_u32, 1..9999_u32, 50..99_u32, 1..9999_u32, any::<bool>()), 1..40)
        ) {
            let line = |(a, i, b, j, same): &(u32, u32, u32, u32, bool)| {
                if *same { format!("P{a}\t{i}\t{j}\n") } else { format!("P{a}\t{i}\tP{b}\t{j}\n") }
            };
            let text: String = pairs.iter().map(line).collect();
            let list = read_pairs(&format!("10\t300\n{text}")).unwrap();
            prop_assert_eq!(list.pairs.len(), pairs.len());
            for (read, (a, i, ..)) in list.pairs.iter().zip(&pairs) {
                prop_assert_eq!(&read.registry, &format!("P{a}/P{a}_{i:04}.jpg"));
            }
        }
    }
}

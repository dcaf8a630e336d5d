//! Every code stands on its page, and no other does.

use std::collections::BTreeSet;
use std::path::Path;

/// The codes in a text: words that begin with `chip_` between two of these signs.
fn codes(text: &str, sign: char) -> BTreeSet<String> {
    let snake = |word: &&str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    text.split(sign).filter(|word| word.starts_with("chip_")).filter(snake).map(str::to_owned).collect()
}

fn sources(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.extend(codes(&std::fs::read_to_string(&path).unwrap(), '"'));
        }
    }
}

#[test]
fn the_page_of_chips_has_every_code_and_no_other() {
    let mut found = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 50, "{} codes are too few", found.len());
    let page = std::fs::read_to_string(test_support::root().join("docs/chip.md")).unwrap();
    let rows: BTreeSet<String> =
        page.lines().filter(|line| line.starts_with("| `chip_")).flat_map(|row| codes(row, '`')).collect();
    assert_eq!(found, rows);
}

//! The page of the crate names every code of refusal, and no other.

use std::collections::BTreeSet;
use std::path::Path;

/// Codes that a program's text answers: `=> "snake_case",` inside of a function `code` or `chain_code`.
fn codes(file: &Path, found: &mut BTreeSet<String>) {
    let text = std::fs::read_to_string(file).unwrap();
    for function in ["fn code(", "fn chain_code("].iter().flat_map(|start| text.split(start).skip(1)) {
        let Some((_, body)) = function.split_once(") -> &'static str {") else { continue };
        let body = body.split("\n    }\n").next().unwrap().split("\n}\n").next().unwrap();
        for arm in body.split("=> \"").skip(1) {
            found.insert(arm.split('"').next().unwrap().to_owned());
        }
    }
}

#[test]
fn every_code_stands_on_the_page_and_every_code_of_the_page_is_the_programs() {
    let root = test_support::root();
    let source = root.join("crates/openid4vc/src");
    let mut found = BTreeSet::new();
    for folder in ["sd_jwt", "mdoc", "dcql", "presentation", "proximity", "status", ""] {
        for entry in std::fs::read_dir(source.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                codes(&path, &mut found);
            }
        }
    }
    assert!(found.len() > 90, "{} codes are too few to be the crate's", found.len());
    let page = std::fs::read_to_string(root.join("docs/openid4vc.md")).unwrap();
    let (_, tables) = page.split_once("## Codes").unwrap();
    let rows = tables.lines().filter(|line| line.starts_with("| `"));
    let first_cells = rows.map(|line| line.split(" |").next().unwrap());
    let named: BTreeSet<String> =
        first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert_eq!(named, found);
}

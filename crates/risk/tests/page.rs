//! The page `docs/risk.md` says what the data say: a row for each signal, doubt and fault.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use documents::Measure;
use risk::Doubt;
use risk::Harm;
use risk::ladder::{LADDER, answers};
use risk::rules::RULES_TEXT;
use risk::schema::{Schema, Type};

fn page() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/risk.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn every_signal_has_its_row_and_no_row_is_left_over() {
    let (page, schema) = (page(), Schema::builtin().unwrap());
    for signal in schema.signals() {
        let values = match &signal.kind {
            Type::Integer { unit, min, max, .. } => format!("{min} to {max} {unit}"),
            Type::Flag => "flag".to_owned(),
            Type::Choice(words) => words.join(", "),
        };
        let start = format!("| `{}` | {} | {values} | ", signal.name, signal.about.as_str());
        let end = format!("| {} | {} | {} |", signal.source, signal.kept_days, signal.ground);
        let found = page.lines().any(|line| line.starts_with(&start) && line.ends_with(&end));
        assert!(found, "{start}...{end}");
    }
    let kept = page.lines().skip_while(|line| !line.starts_with("| signal | about")).skip(2);
    assert_eq!(kept.take_while(|line| line.starts_with("| ")).count(), schema.signals().len());
}

#[test]
fn the_ladder_on_the_page_is_the_one_that_runs() {
    let page = page();
    for doubt in Doubt::ALL.iter().filter(|doubt| **doubt != Doubt::Lane) {
        let reach = |measure: Measure| {
            let most = Harm::ALL.iter().rev().find(|harm| answers(measure, *doubt, **harm));
            most.map_or("-", |harm| harm.as_str())
        };
        let row = format!("| `{doubt}` | {} |", LADDER.map(reach).join(" | "));
        assert!(page.contains(&row), "{row}");
    }
}

#[test]
fn the_number_of_rules_on_the_page_is_that_of_the_file() {
    let rules = RULES_TEXT.matches("[[rule]]").count();
    assert!(page().contains(&format!("**{rules} rules**")), "{rules}");
}

#[test]
fn a_signal_is_filled_by_the_authority_or_the_page_says_why_nothing_fills_it() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let fills: String = [
        "risk/src/state/person.rs",
        "risk/src/state/device.rs",
        "risk/src/state/lane.rs",
        "authority/src/verdict/signals.rs",
    ]
    .map(read)
    .concat();
    let page = page();
    let table = page.lines().skip_while(|line| !line.starts_with("| signal | why nothing fills it")).skip(2);
    let rows = table.take_while(|line| line.starts_with("| "));
    let unfilled: Vec<&str> = rows
        .filter_map(|row| row.split(" | ").next())
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(unfilled.contains(&"lane_tamper"), "{unfilled:?}");
    for signal in Schema::builtin().unwrap().signals() {
        let name = signal.name.as_str();
        // Always at its greatest value: said on the page, for that is no measurement.
        let constant = name == "liveness_score";
        let filled = fills.contains(&format!("\"{name}\"")) && !constant;
        assert_ne!(filled, unfilled.contains(&name), "{name}: filled {filled}");
    }
    assert!(unfilled.iter().all(|name| Schema::builtin().unwrap().find(name).is_some()), "{unfilled:?}");
}

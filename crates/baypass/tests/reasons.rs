//! `docs/reasons.md` is held to the program: no code without its row.

#![expect(clippy::unwrap_used, reason = "a missing page fails the test")]

use std::path::Path;

use authority::AuthorityReason;
use authority::http::ProblemCode;
use documents::{ClosedReason, LaneReason, Measure, ReasonCode};
use gate::{GateReason, Language, Texts};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reasons.md");
    std::fs::read_to_string(path).unwrap()
}

/// The row of a code, in the section under this heading.
fn row<'p>(page: &'p str, heading: &str, code: &str) -> Option<&'p str> {
    let (_, after) = page.split_once(&format!("\n## {heading}"))?;
    let section = after.split("\n## ").next()?;
    section.lines().find(|line| line.starts_with(&format!("| `{code}` |")))
}

#[test]
fn every_reason_of_a_gate_stands_with_finder_sentence_and_attack() {
    let page = page();
    for reason in GateReason::ALL {
        let row =
            row(&page, "Found by the gate", reason.code()).unwrap_or_else(|| panic!("no row for {reason}"));
        for needle in [reason.finder().as_str(), &format!("`{}`", reason.sentence())] {
            assert!(row.contains(needle), "{reason}: {needle} is not in its row");
        }
        let attack = reason.attack().unwrap_or("none: a plain fault");
        assert!(row.ends_with(&format!("| {attack} |")), "{reason}: it answers {attack}");
    }
}

#[test]
fn every_sentence_is_quoted_as_the_data_have_it() {
    let (page, texts) = (page(), Texts::builtin().unwrap());
    for reason in GateReason::ALL {
        let said = texts.get(reason.sentence(), Language::En).unwrap();
        let line = format!("| `{}` | {said} |", reason.sentence());
        assert!(page.contains(&line), "{line}");
    }
}

#[test]
fn every_reason_of_an_authority_stands_with_what_would_have_to_change() {
    let page = page();
    for reason in ReasonCode::ALL {
        let row = row(&page, "Found by an authority, on documents", reason.as_str())
            .unwrap_or_else(|| panic!("no row for {reason}"));
        assert!(row.contains(reason.remedy()), "{reason}: its remedy is not in its row");
    }
}

#[test]
fn every_measure_and_every_answer_of_a_lane_stands_there() {
    let page = page();
    let lane = LaneReason::ALL.iter().map(|r| r.as_str()).chain(ClosedReason::ALL.iter().map(|r| r.as_str()));
    let rows = lane.map(|code| ("The lane", code));
    for (heading, code) in rows.chain(Measure::ALL.iter().map(|m| ("Measures", m.as_str()))) {
        assert!(row(&page, heading, code).is_some(), "no row for {code}");
    }
}

#[test]
fn every_reason_of_an_authority_for_what_a_gate_sent_stands_there() {
    let page = page();
    for reason in AuthorityReason::ALL {
        let row = row(&page, "Found by an authority, on what the gate sent", reason.code());
        assert!(row.is_some(), "no row for {}", reason.code());
    }
}

#[test]
fn every_problem_of_an_authority_stands_with_its_status() {
    let page = page();
    for problem in ProblemCode::ALL {
        let row = row(&page, "Problems over HTTP", problem.code());
        let row = row.unwrap_or_else(|| panic!("no row for {}", problem.code()));
        let status = format!("| {} |", problem.status().as_u16());
        assert!(row.contains(&status), "{}: its status {status} is not in its row", problem.code());
    }
}

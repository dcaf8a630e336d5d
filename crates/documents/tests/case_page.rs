//! `docs/cases.md` holds what it says: its examples run word for word, its names are those of the program.

#![cfg(test)]

use documents::rules::Rules;
use documents::{CaseFile, ClosedReason, DocumentKind, Doubts, LaneReason, ReasonCode, parse_endorsement};
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/cases.md");

fn blocks(kind: &str) -> Vec<&'static str> {
    let fence = format!("```json {kind}\n");
    PAGE.split(&fence).skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block).collect()
}

#[test]
fn the_examples_of_the_page_come_out_as_the_page_says() {
    let doubts = Doubts::builtin().unwrap();
    let rules = doubts.rules();
    let (cases, answers) = (blocks("case"), blocks("answer"));
    assert!(cases.len() >= 3 && cases.len() == answers.len());
    let mut wrong = Vec::new();
    for (case, answer) in cases.iter().zip(answers) {
        let case = CaseFile::parse(case, rules).unwrap_or_else(|e| panic!("{e}\n{case}"));
        let got = serde_json::to_value(doubts.answer_case(&case)).unwrap();
        if serde_json::from_str::<Value>(answer).ok().as_ref() != Some(&got) {
            wrong.push(serde_json::to_string_pretty(&doubts.answer_case(&case)).unwrap());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n=====\n"));
}

#[test]
fn every_name_that_a_file_or_an_answer_may_hold_stands_on_the_page() {
    let rules = Rules::builtin().unwrap();
    let mut names: Vec<&str> = rules.ports().map(|p| p.id.as_str()).collect();
    names.extend(rules.forms().iter().filter(|f| f.letter != "OWP").map(|f| f.id.as_str()));
    names.extend(DocumentKind::ALL.iter().map(|k| k.as_str()));
    names.extend(ReasonCode::ALL.iter().map(|k| k.as_str()));
    names.extend(LaneReason::ALL.iter().map(|k| k.as_str()));
    names.extend(ClosedReason::ALL.iter().map(|k| k.as_str()));
    for name in names {
        assert!(PAGE.contains(&format!("`{name}`")), "{name} is not on the page");
    }
}

#[test]
fn the_endorsements_that_the_page_writes_for_the_command_line_are_read() {
    let rules = Rules::builtin().unwrap();
    let texts: Vec<&str> =
        PAGE.split('`').filter(|t| t.matches(':').count() >= 4 && t.contains("20")).collect();
    let texts: Vec<&str> = texts.into_iter().filter(|t| !t.contains(' ') && !t.contains('+')).collect();
    assert!(texts.len() >= 4, "{texts:?}");
    for text in texts {
        parse_endorsement(&rules, text).unwrap_or_else(|e| panic!("{text}: {e}"));
    }
}

#[test]
fn a_broken_file_is_refused_by_the_path_of_its_field() {
    let rules = Rules::builtin().unwrap();
    let good = r#"{"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": [
        {"kind": "exit_entry_permit", "number": "C12345678", "endorsements": [
            {"kind": "G", "destination": "HKG", "from": "2026-01-10", "entries": 2}]}],
        "movements": [{"at": "2026-03-02", "port": "luohu", "from": "CHN", "to": "HKG"}],
        "question": {"port": "luohu", "from": "HKG", "to": "CHN", "at": "2026-03-03T10:00:00+08:00"}}"#;
    CaseFile::parse(good, &rules).unwrap();
    for (from, to, path, says) in [
        ("", "", "the file", ""),
        ("\"home\": \"CHN\"", "\"home\": \"USA\"", "person.home", "CHN, HKG or MAC"),
        ("\"home\": \"CHN\"", "\"hom\": \"CHN\"", "person.hom", "unknown field"),
        ("\"home\": \"CHN\"", "\"home\": \"HKG\"", "documents[0].kind", "mainland resident"),
        ("\"home\": \"CHN\"", "\"home\": \"CHN\", \"permanent\": false", "person.permanent", "leave it out"),
        ("\"home\": \"CHN\"", "\"home\": \"CHN\", \"hkid_symbol\": \"R\"", "person.hkid_symbol", "Hong Kong"),
        (
            "\"home\": \"CHN\"",
            "\"home\": \"CHN\", \"also_resident_of\": \"HKG\"",
            "person.also_resident_of",
            "region",
        ),
        (
            "\"home\": \"CHN\"",
            "\"home\": \"CHN\", \"nationality\": \"Chinese\"",
            "person.nationality",
            "three capital",
        ),
        ("\"home\": \"CHN\"", "\"home\": \"CHN\", \"height_cm\": 1.2", "person.height_cm", ""),
        ("\"home\": \"CHN\"", "\"home\": \"CHN\", \"height_cm\": 1", "person.height_cm", "centimetres"),
        ("1990-05-20", "1990-05-32", "person.birth", "not a date"),
        ("exit_entry_permit", "permit", "documents[0].kind", "exit_entry_permit"),
        ("C12345678", "CI2345678", "documents[0].number", "letter other than I and O"),
        ("C12345678", "W12345678", "documents[0].number", "booklets"),
        ("\"kind\": \"G\"", "\"kind\": \"X\"", "documents[0].endorsements[0].kind", "G L T S R D Q"),
        ("\"kind\": \"G\"", "\"form\": \"g-hkg-9\"", "documents[0].endorsements[0].form", "g-hkg-3m1"),
        ("\"from\": \"2026-01-10\", ", "", "documents[0].endorsements[0].from", "first day"),
        ("\"entries\": 2", "\"entries\": 0", "documents[0].endorsements[0].entries", "1 to 99"),
        ("\"entries\": 2", "\"entries\": [2]", "documents[0].endorsements[0].entries", "multi or weekly"),
        ("\"entries\": 2", "\"entries\": \"weekly\"", "documents[0].endorsements[0]", "issued on 2026-01-10"),
        (
            "\"entries\": 2",
            "\"entries\": 2, \"left\": 1",
            "documents[0].endorsements[0].left",
            "unknown field",
        ),
        (
            "\"entries\": 2}",
            "\"entries\": 2}, {\"kind\": \"G\", \"destination\": \"HKG\", \"from\": \"2026-01-10\", \"entries\": 2}",
            "documents[0].endorsements[1]",
            "twice",
        ),
        ("\"at\": \"2026-03-02\"", "\"at\": \"2 March\"", "movements[0].at", "2026-03-02T10:00:00+08:00"),
        (
            "\"port\": \"luohu\", \"from\": \"CHN\"",
            "\"port\": \"lohu\", \"from\": \"CHN\"",
            "movements[0].port",
            "luohu",
        ),
        ("\"to\": \"HKG\"}]", "\"to\": \"CHN\"}]", "movements[0].to", "same as from"),
        ("\"to\": \"HKG\"}]", "\"to\": \"HKG\", \"side\": \"in\"}]", "movements[0].side", "exit or entry"),
        ("\"to\": \"HKG\"}]", "\"to\": \"HKG\", \"used\": \"g-mac-3m1\"}]", "movements[0].used", "none"),
        (
            "\"to\": \"HKG\"}]",
            "\"to\": \"HKG\", \"side\": \"entry\", \"outcome\": \"returned\"}]",
            "movements[0].outcome",
            "leave side out",
        ),
        ("\"question\": {", "\"questions\": [], \"question\": {", "questions", "not both"),
        (
            "\"at\": \"2026-03-03T10:00:00+08:00\"",
            "\"at\": \"2026-03-03T10:00:00+08:00\", \"lane\": \"fast\"",
            "question.lane",
            "face_only",
        ),
        ("\"at\": \"2026-03-03T10:00:00+08:00\"", "\"lane\": \"code\"", "question", "at"),
    ] {
        let broken = if from.is_empty() {
            good.get(..good.len() - 1).unwrap().to_owned()
        } else {
            assert!(good.contains(from), "{from}");
            good.replacen(from, to, 1)
        };
        let error = CaseFile::parse(&broken, &rules).err().unwrap_or_else(|| panic!("accepted: {to}"));
        assert_eq!(error.path, path, "{to}: {error}");
        assert!(error.to_string().contains(says), "{to}: {error}");
    }
}

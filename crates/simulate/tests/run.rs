//! Runs of a small Bay: the same from one seed, able to fail where rules are taken away, and blind to what was injected.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing helper fails the test that called it")]

use std::collections::BTreeSet;

use documents::Rules;
use risk::engine::CelEngine;
use risk::rules::{RULES_TEXT, RuleSet};
use risk::schema::Schema;
use risk::{Facts, Judging, Policy, judge};
use simulate::{
    Calendar, FIRST_DAY, Habits, Inputs, KindReport, Ran, Report, Scenario, Settings, Tables, page, simulate,
};

const BUILTIN: &str = include_str!("../data/scenario.toml");

/// The built-in scenario with so many cases of each kind.
fn scenario(cases: u32) -> Scenario {
    let smaller =
        |line: &str| if line.starts_with("cases = ") { format!("cases = {cases}") } else { line.to_owned() };
    let text: Vec<String> = BUILTIN.lines().map(smaller).collect();
    Scenario::read("small.toml", &text.join("\n")).unwrap()
}

fn inputs(scenario: Scenario, rules: Option<&str>) -> Inputs {
    let (documents, schema) = (Rules::builtin().unwrap(), Schema::builtin().unwrap());
    Inputs {
        rules: rules.map(|text| RuleSet::read("rules.toml", text, &schema, &CelEngine::new()).unwrap()),
        habits: Habits::builtin(&documents).unwrap(),
        documents,
        schema,
        policy: Policy::builtin().unwrap(),
        tables: Tables::builtin().unwrap(),
        calendar: Calendar::builtin().unwrap(),
        scenario,
    }
}

fn settings(residents: u32) -> Settings {
    Settings { seed: 1, residents, days: 14, start: FIRST_DAY.parse().unwrap(), threads: 2, keep: None }
}

fn run(inputs: &Inputs, settings: &Settings) -> Ran {
    simulate(inputs, settings, &mut || {}).unwrap()
}

fn kind<'a>(report: &'a Report, name: &str) -> &'a KindReport {
    report.kinds.iter().find(|kind| kind.kind == name).unwrap_or_else(|| panic!("{name}"))
}

/// The first rule set without the rules of these names.
fn without(names: &[&str]) -> String {
    let (head, rules) = RULES_TEXT.split_once("[[rule]]\n").unwrap();
    let kept = rules
        .split("\n[[rule]]\n")
        .filter(|rule| !names.iter().any(|name| rule.contains(&format!("id = \"{name}\""))));
    format!("{head}[[rule]]\n{}", kept.collect::<Vec<_>>().join("\n[[rule]]\n"))
}

#[test]
fn a_seed_gives_the_same_bytes_for_any_number_of_threads_and_another_seed_others() {
    let inputs = inputs(scenario(3), Some(RULES_TEXT));
    let bytes = |seed, threads| {
        let settings = Settings { seed, threads, ..settings(1500) };
        let report = run(&inputs, &settings).report;
        (serde_json::to_string(&report).unwrap(), page(&report))
    };
    let first = bytes(5, 1);
    assert!(first == bytes(5, 1), "the same seed");
    assert!(first == bytes(5, 3), "three threads");
    assert!(first != bytes(6, 1), "another seed");
}

#[test]
fn a_small_bay_finds_what_leaves_a_trace_and_troubles_few() {
    let mut days = 0;
    let inputs = inputs(scenario(25), Some(RULES_TEXT));
    let report = simulate(&inputs, &settings(8000), &mut || days += 1).unwrap().report;
    assert_eq!(days, 14);
    let honest = &report.honest;
    assert!(honest.crossings > 15_000, "{}", honest.crossings);
    assert!(honest.stepped_up.hits > 5 && honest.stepped_up.share < 0.006, "{:?}", honest.stepped_up);
    // One in 500 at each of two authorities.
    assert!((0.0025..0.0055).contains(&honest.lot_alone.share), "{:?}", honest.lot_alone);
    assert_eq!(honest.undecided, 0, "a signal is missing");
    assert!(honest.refused_by_documents * 100 < honest.crossings, "{}", honest.refused_by_documents);
    assert!(honest.seconds_median > 3 && honest.seconds_p95 > honest.seconds_median);
    for (name, least) in [
        ("code_replayed", 0.9),
        ("device_cloned", 0.7),
        ("impossible_travel", 0.8),
        ("relay", 0.75),
        ("ring", 0.75),
        ("face_replayed", 0.8),
        ("stolen_pass", 0.75),
        ("watch_list", 0.6),
    ] {
        let kind = kind(&report, name);
        assert!(kind.injected >= 8, "{name}: {}", kind.injected);
        assert!(kind.recall.share >= least, "{name}: {:?}", kind.recall);
        assert!(kind.area > 3.0 * kind.baseline, "{name}: {} {}", kind.area, kind.baseline);
    }
    // Nothing that is measured differs, and so nothing is found.
    assert!(kind(&report, "traceless").recall.share <= 0.2);
    let page = page(&report);
    assert!(page.contains("<svg") && page.contains("impossible_travel") && !page.contains("http"));
}

#[test]
fn a_rule_that_is_taken_away_is_missed() {
    let (only, _) = BUILTIN.split_once("[[fraud]]").unwrap();
    let wanted = ["watch_list", "impossible_travel", "code_replayed"];
    let rows = BUILTIN
        .split("\n[[fraud]]\n")
        .filter(|row| wanted.iter().any(|name| row.contains(&format!("kind = \"{name}\""))));
    let text = format!("{only}\n[[fraud]]\n{}", rows.collect::<Vec<_>>().join("\n[[fraud]]\n"));
    let smaller = text.replace("cases = 260", "cases = 40").replace("cases = 300", "cases = 40");
    let recall = |rules: Option<&str>| {
        let inputs = inputs(Scenario::read("s.toml", &smaller).unwrap(), rules);
        let report = run(&inputs, &settings(3000)).report;
        let shares = wanted.map(|name| kind(&report, name).recall_without_face.share);
        (shares, report.honest.stepped_up.share)
    };
    let ([list, travel, code], _) = recall(Some(RULES_TEXT));
    assert!(list > 0.6 && travel > 0.7 && code > 0.9, "{list} {travel} {code}");
    let fewer = without(&[
        "on_the_list",
        "journey_impossible",
        "device_at_two_ports",
        "same_code_again_soon",
        "code_shown_elsewhere",
    ]);
    let ([list, travel, code], _) = recall(Some(&fewer));
    assert!(list < 0.2 && travel < 0.65 && code < 0.75, "{list} {travel} {code}");
    // Without any rules an officer sees everybody: nothing is missed, and nobody is spared.
    let (all, honest) = recall(None);
    assert!(all.iter().all(|share| *share > 0.99) && honest > 0.999, "{all:?} {honest}");
}

#[test]
fn a_fraud_that_leaves_no_trace_is_asked_no_more_often_than_anybody() {
    // A kind that differs from an honest traveller by its label alone: whatever finds it has read the label.
    let text = "name = 'label'\n[[fraud]]\nkind = 'label_alone'\nsays = 'nothing'\ncases = 300\nfirst_day = [0, 0]\nholders = [1, 1]\n\
                uses = [1, 99]\nevery_minutes = [0, 0]\nbegins = 'own_journeys'\nholder = 'travels'\n\
                face = [{ of = 'holder', share = 1.0 }]\ndevice = 'holders'\nknows_pin = 1.0\nhas_document = 1.0\n";
    let inputs = inputs(Scenario::read("label.toml", text).unwrap(), Some(RULES_TEXT));
    let report = run(&inputs, &settings(3000)).report;
    let kind = kind(&report, "label_alone");
    assert!(kind.crossings > 300, "{}", kind.crossings);
    assert!(kind.crossings_found.share < 0.015, "{:?}", kind.crossings_found);
}

#[test]
fn facts_are_made_where_no_word_of_a_scenario_is_known() {
    let source = include_str!("../src/sight.rs");
    let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    for word in ["Case", "Kind", "Trick", "scenario", "fraud", "honest", "label"] {
        assert!(!code.iter().any(|line| line.contains(word)), "{word}");
    }
}

#[test]
fn a_kept_day_is_judged_again_bit_for_bit() {
    let inputs = inputs(scenario(5), Some(RULES_TEXT));
    let settings = Settings { keep: Some(5), ..settings(4000) };
    let kept = run(&inputs, &settings).kept;
    assert!(kept.len() > 1000, "{}", kept.len());
    let none = BTreeSet::new();
    let judging =
        Judging { schema: &inputs.schema, policy: inputs.policy, in_shadow: &none, on_trial: false };
    let mut found = 0;
    for one in &kept {
        let facts = Facts::decode(&one.facts, &inputs.schema).unwrap();
        let findings = judge(inputs.rules.as_ref().unwrap(), &facts, &judging, &mut || 0);
        assert_eq!(findings.encode(), one.findings);
        found += usize::from(!findings.is_empty());
    }
    assert!(found > 5);
    assert!(kept == run(&inputs, &Settings { threads: 1, ..settings }).kept);
}

#[test]
fn a_scenario_with_a_fault_is_told_with_file_and_line() {
    let head = "name = 'x'\n";
    let row = "[[fraud]]\nkind = 'a'\nsays = 's'\ncases = 1\nfirst_day = [1, 2]\nholders = [1, 1]\nuses = [1, 1]\nevery_minutes = [0, 0]\n\
               begins = 'at_will'\nholder = 'stays'\nface = [{ of = 'twin', share = 1.0 }]\ndevice = 'holders'\nknows_pin = 0.5\nhas_document = 0.5\n";
    let good = format!("{head}{row}");
    assert_eq!(Scenario::read("s.toml", &good).unwrap().kinds.len(), 1);
    for (from, to, line, what) in [
        ("kind = 'a'", "kind = 'A b'", 3, "a-z"),
        ("first_day = [1, 2]", "first_day = [3, 2]", 6, "lower one first"),
        ("holders = [1, 1]", "holders = [0, 1]", 7, "from 1"),
        ("uses = [1, 1]", "uses = [1, 1000000]", 8, "to 200"),
        ("begins = 'at_will'", "begins = 'somehow'", 10, "unknown variant"),
        ("begins = 'at_will'", "begins = 'after_holder'", 2, "journey_share"),
        ("begins = 'at_will'", "begins = 'in_step'", 2, "in_step_minutes"),
        ("of = 'twin'", "of = 'cousin'", 12, "look_alike"),
        ("of = 'twin'", "of = 'look_alike'", 12, "among"),
        ("device = 'holders'", "device = 'shared'", 2, "in_step"),
        ("knows_pin = 0.5", "knows_pin = 1.5", 14, "0 to 1"),
        ("knows_pin = 0.5", "knows_pin = 0.5\ncolour = 1", 15, "unknown field"),
        (
            "device = 'holders'",
            "artefact = [{ is = 'mask', share = 1.0 }]\ndevice = 'holders'",
            13,
            "no [[artefact]]",
        ),
    ] {
        let fault = Scenario::read("s.toml", &good.replace(from, to)).unwrap_err();
        assert_eq!((fault.file.as_str(), fault.line), ("s.toml", line), "{to}: {fault}");
        assert!(fault.what.contains(what), "{to}: {fault}");
    }
    let twice = Scenario::read("s.toml", &format!("{good}{row}")).unwrap_err();
    assert!(twice.what.contains("twice") && twice.line == 17, "{twice}");
}

#[test]
fn too_few_people_for_the_cases_are_told() {
    let inputs = inputs(scenario(200), Some(RULES_TEXT));
    let fault = simulate(&inputs, &settings(100), &mut || {}).unwrap_err();
    assert!(fault.what.contains("too few people"), "{fault}");
}

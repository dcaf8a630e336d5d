//! Files of rules: the first set is sound, and every fault is refused with its file, line and code.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use risk::engine::{CelEngine, Condition, RuleEngine, TextFault, Undecided};
use risk::rules::{RULES_FILE, RULES_TEXT, RuleSet, generated_rules};
use risk::schema::{Schema, SignalId, Type};
use risk::{Cause, Doubt, Facts, Harm, Judging, Policy, judge, without_rules};

const GOOD: &str = r#"name = "own"

[[rule]]
id = "one"
says = "One."
doubt = "whose_face"
harm = "low"
when = "face_margin < 20"
[[rule.case]]
says = "low"
holds = true
signals = { face_margin = 1 }
[[rule.case]]
says = "usual"
holds = false
"#;

fn read(text: &str) -> Result<RuleSet, risk::Faults> {
    RuleSet::read("own.toml", text, &Schema::builtin().unwrap(), &CelEngine::new())
}

#[test]
fn the_first_rule_set_is_sound_and_has_at_least_25_rules() {
    let schema = Schema::builtin().unwrap();
    let set = RuleSet::builtin(&schema, &CelEngine::new()).unwrap_or_else(|faults| panic!("{faults}"));
    assert!(set.rules().len() >= 25, "{}", set.rules().len());
    for rule in set.rules() {
        assert!(rule.cases >= 2 && rule.says.ends_with('.'), "{}", rule.id);
    }
    let doubts: BTreeSet<Doubt> = set.rules().iter().map(|rule| rule.doubt).collect();
    // Every doubt but the engine's own has a rule.
    assert_eq!(doubts.len(), Doubt::ALL.len() - 1, "{doubts:?}");
    assert_eq!(RULES_FILE, "rules.toml");
}

#[test]
fn a_usual_crossing_raises_no_doubt() {
    let schema = Schema::builtin().unwrap();
    let set = RuleSet::builtin(&schema, &CelEngine::new()).unwrap();
    let none = BTreeSet::new();
    let judging =
        Judging { schema: &schema, policy: Policy::builtin().unwrap(), in_shadow: &none, on_trial: false };
    assert!(judge(&set, &Facts::usual(&schema), &judging, &mut || 0).is_empty());
}

#[test]
fn two_hundred_generated_rules_are_a_sound_set() {
    let schema = Schema::builtin().unwrap();
    let text = generated_rules(&schema, 200);
    let set = read(&text).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(set.rules().len(), 200);
    let distinct: BTreeSet<&str> = set.rules().iter().map(|rule| rule.when.as_str()).collect();
    assert!(distinct.len() > 190, "{}", distinct.len());
    assert_eq!(text, generated_rules(&schema, 200));
}

#[test]
fn every_fault_of_a_file_is_told_with_its_line_and_code() {
    assert!(read(GOOD).is_ok());
    for (from, to, line, code) in [
        ("face_margin < 20\"", "face_margin <\"", 8, "risk_syntax"),
        ("face_margin < 20\"", "face_margn < 20\"", 8, "risk_unknown_signal"),
        ("\"face_margin < 20\"", "\"\"\"\nface_margin < 20 &&\nskin_tone == 3\"\"\"", 10, "risk_protected"),
        ("face_margin < 20\"", "face_margin < 20 &&\\n\\n nobody > 1\"", 8, "risk_unknown_signal"),
        ("face_margin < 20\"", "size('a') == 1\"", 8, "risk_unknown_function"),
        ("face_margin < 20\"", "face_margin < 0.5\"", 8, "risk_wrong_type"),
        ("face_margin < 20\"", "lane_tamper\"", 6, "risk_row"),
        ("face_margin = 1", "face_margin = 21", 9, "risk_case_failed"),
        ("face_margin = 1", "sex = 1", 12, "risk_protected"),
        ("face_margin = 1", "nobody = 1", 12, "risk_unknown_signal"),
        ("face_margin = 1", "face_margin = true", 12, "risk_wrong_type"),
        ("face_margin = 1", "face_margin = 5000", 12, "risk_wrong_type"),
        ("holds = false", "holds = true\nsignals = { face_margin = 1 }", 3, "risk_no_case"),
        ("\"whose_face\"", "\"whose_hat\"", 6, "risk_row"),
        ("\"whose_face\"", "\"engine\"", 6, "risk_row"),
        ("\"whose_face\"", "\"watch_list\"", 3, "risk_row"),
        ("\"low\"\nwhen", "\"grave\"\nwhen", 7, "risk_row"),
        ("id = \"one\"", "id = \"One\"", 4, "risk_row"),
        ("says = \"One.\"", "says = \"\"", 5, "risk_row"),
        ("says = \"One.\"", "say = \"One.\"", 5, "risk_file"),
        ("name = \"own\"", "name = \"\"", 1, "risk_row"),
        ("[[rule]]\nid", "[[rule]\nid", 3, "risk_file"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let faults = read(&text).unwrap_err();
        let found = faults
            .0
            .iter()
            .any(|fault| fault.code() == code && fault.line == line && fault.file == "own.toml");
        assert!(found, "{to} wants {line} {code}: {faults}");
    }
    let again = GOOD.split_once('\n').unwrap().1;
    let faults = read(&format!("{GOOD}{again}")).unwrap_err();
    assert_eq!(faults.0.first().unwrap().code(), "risk_twice");
    let faults = read(&"#".repeat(200 * 1024)).unwrap_err();
    assert_eq!(faults.0.first().unwrap().code(), "risk_too_long");
    let long =
        GOOD.replace("face_margin < 20\"", &format!("{}watch_list_hit\"", "watch_list_hit || ".repeat(200)));
    assert_eq!(read(&long).unwrap_err().0.first().unwrap().code(), "risk_too_long");
    let deep =
        GOOD.replace("face_margin < 20\"", &format!("{}watch_list_hit{}\"", "(".repeat(40), ")".repeat(40)));
    assert_eq!(read(&deep).unwrap_err().0.first().unwrap().code(), "risk_too_deep");
    // Several at once.
    let text = GOOD.replace("face_margin < 20\"", "nobody < 20\"").replace("\"whose_face\"", "\"whose_hat\"");
    assert_eq!(read(&text).unwrap_err().0.len(), 2);
}

#[test]
fn what_cannot_be_decided_is_the_stricter_policy_and_never_no() {
    let schema = Schema::builtin().unwrap();
    let set = read(GOOD).unwrap();
    let none = BTreeSet::new();
    let judging = |on_trial, in_shadow| Judging {
        schema: &schema,
        policy: Policy::builtin().unwrap(),
        in_shadow,
        on_trial,
    };
    // `face_margin` was not measured.
    let findings = judge(&set, &Facts::new(&schema), &judging(false, &none), &mut || 0);
    let found: Vec<_> =
        findings.iter().map(|f| (f.rule.as_str(), f.doubt, f.harm, f.cause, f.counts)).collect();
    assert_eq!(
        found,
        [
            ("one", Doubt::WhoseFace, Harm::Medium, Cause::Missing, true),
            ("fallback_failed", Doubt::Engine, Harm::Medium, Cause::Failed, true),
        ]
    );
    // On trial and in shadow it is logged alone.
    let demoted = set.rules().iter().map(|rule| rule.id.clone()).collect();
    for findings in [
        judge(&set, &Facts::new(&schema), &judging(true, &none), &mut || 0),
        judge(&set, &Facts::new(&schema), &judging(false, &demoted), &mut || 0),
    ] {
        assert!(!findings.is_empty() && findings.doubts().is_empty());
    }
}

/// An engine that works until it is told to fail.
struct Failing(Arc<AtomicBool>);

struct FailingCondition(Arc<AtomicBool>, Box<dyn Condition>);

impl RuleEngine for Failing {
    fn compile(&self, text: &str, schema: &Schema) -> Result<Box<dyn Condition>, Vec<TextFault>> {
        let inner = CelEngine::new().compile(text, schema)?;
        Ok(Box::new(FailingCondition(Arc::clone(&self.0), inner)))
    }
}

impl Condition for FailingCondition {
    fn reads(&self) -> &BTreeSet<SignalId> {
        self.1.reads()
    }

    fn holds(&self, facts: &Facts, schema: &Schema) -> Result<bool, Undecided> {
        if self.0.load(Ordering::Relaxed) { Err(Undecided::Failed) } else { self.1.holds(facts, schema) }
    }
}

#[test]
fn an_engine_that_fails_asks_for_more_and_never_for_less() {
    let schema = Schema::builtin().unwrap();
    let fails = Arc::new(AtomicBool::new(false));
    let rules = RuleSet::builtin(&schema, &Failing(Arc::clone(&fails))).unwrap();
    let none = BTreeSet::new();
    let judging =
        Judging { schema: &schema, policy: Policy::builtin().unwrap(), in_shadow: &none, on_trial: false };
    assert!(judge(&rules, &Facts::usual(&schema), &judging, &mut || 0).is_empty());
    fails.store(true, Ordering::Relaxed);
    let findings = judge(&rules, &Facts::usual(&schema), &judging, &mut || 0);
    assert_eq!(findings.len(), rules.rules().len() + 1);
    assert!(
        findings.doubts().contains_key(&Doubt::Engine) && findings.doubts().contains_key(&Doubt::WatchList)
    );
}

#[test]
fn the_deepest_condition_is_evaluated_on_a_small_stack() {
    let schema = Schema::builtin().unwrap();
    let deep = format!("{}crossings_today{} > 28", "(1 + ".repeat(28), ")".repeat(28));
    let condition = CelEngine::new().compile(&deep, &schema).unwrap_or_else(|faults| panic!("{faults:?}"));
    let facts = Facts::usual(&schema);
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let holds = small.spawn(move || condition.holds(&facts, &schema)).unwrap().join().unwrap();
    assert_eq!(holds, Ok(true));
}

#[test]
fn over_budget_and_without_rules_an_officer_or_a_document_is_asked_for() {
    let schema = Schema::builtin().unwrap();
    let policy = Policy::builtin().unwrap();
    let set = read(&generated_rules(&schema, 200)).unwrap();
    let none = BTreeSet::new();
    let judging = Judging { schema: &schema, policy, in_shadow: &none, on_trial: false };
    let mut spent = 0;
    let findings = judge(&set, &Facts::usual(&schema), &judging, &mut || {
        spent += 4;
        spent
    });
    assert_eq!(findings.doubts().get(&Doubt::Engine), Some(&Harm::Medium));
    assert_eq!(without_rules(policy).doubts().get(&Doubt::Engine), Some(&Harm::High));
    for text in [
        "no_rules = \"low\"\nslow = \"high\"\nfailed = \"high\"",
        "no_rules = \"none\"\nslow = \"high\"\nfailed = \"high\"",
        "slow = \"high\"",
    ] {
        assert!(Policy::read("f", text).is_err(), "{text}");
    }
}

#[test]
fn a_text_of_the_first_set_is_short_enough_to_be_signed() {
    assert!(RULES_TEXT.len() < 64 * 1024, "{}", RULES_TEXT.len());
    let schema = Schema::builtin().unwrap();
    assert!(generated_rules(&schema, 200).len() < risk::rules::MAX_RULES_TEXT);
}

/// Facts with any values that the signals can have, often those at the ends.
fn any_facts(schema: &Schema, mut draw: impl FnMut(i64, i64) -> i64) -> Facts {
    let mut facts = Facts::usual(schema);
    for signal in schema.signals() {
        match &signal.kind {
            Type::Integer { min, max, .. } => _ = facts.with(schema, &signal.name, draw(*min, *max)).unwrap(),
            Type::Flag => _ = facts.flag(schema, &signal.name, draw(0, 1) == 1).unwrap(),
            Type::Choice(words) => {
                let at = usize::try_from(draw(0, i64::try_from(words.len()).unwrap() - 1)).unwrap();
                facts.choice(schema, &signal.name, words.get(at).unwrap()).unwrap();
            }
        }
    }
    facts
}

#[test]
fn no_rule_that_was_taken_fails_on_any_values_that_signals_can_have() {
    let schema = Schema::builtin().unwrap();
    let sets = [
        RuleSet::builtin(&schema, &CelEngine::new()).unwrap(),
        read(&generated_rules(&schema, 400)).unwrap(),
    ];
    let none = BTreeSet::new();
    let judging = Judging { schema: &schema, policy: Policy::STRICTEST, in_shadow: &none, on_trial: false };
    let mut number = 18_u64;
    let mut held = 0;
    for _ in 0..300 {
        let facts = any_facts(&schema, |min, max| {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let high = i64::try_from(number >> 33).unwrap();
            match high % 4 {
                0 => min,
                1 => max,
                _ => min + (high / 4) % (max - min + 1),
            }
        });
        for set in &sets {
            for finding in judge(set, &facts, &judging, &mut || 0).iter() {
                assert_eq!(finding.cause, Cause::Held, "{}", finding.rule);
                held += 1;
            }
        }
    }
    assert!(held > 1000, "{held}");
}

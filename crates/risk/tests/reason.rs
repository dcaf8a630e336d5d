//! Reasons: one length and one form; a hit on a list, an officer's interest and the lot look alike; bands and no values.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::collections::BTreeSet;

use credential::{SigningKey, VerifyingKey};
use documents::{Measure, Timestamp};
use proptest::prelude::*;
use risk::engine::CelEngine;
use risk::ladder::{Doubts, Means};
use risk::reason::{End, NeutralSentence, RECORD_LEN, ReasonRecord};
use risk::rules::RuleSet;
use risk::schema::Schema;
use risk::visit::{Asked, Outcome, Step, begin};
use risk::{Cause, Doubt, Facts, Finding, Findings, Harm, Judging, Policy, RuleId, judge, without_rules};

fn now() -> Timestamp {
    "2026-11-29T10:00:00+08:00".parse().unwrap()
}

struct World {
    schema: Schema,
    rules: RuleSet,
}

static WORLD: std::sync::LazyLock<World> = std::sync::LazyLock::new(|| {
    let schema = Schema::builtin().unwrap();
    let rules = RuleSet::builtin(&schema, &CelEngine::new()).unwrap();
    World { schema, rules }
});

/// The record of a crossing with these facts, and what is asked.
fn record(change: impl Fn(&mut Facts, &Schema)) -> (ReasonRecord, Option<Measure>) {
    let World { schema, rules } = &*WORLD;
    let mut facts = Facts::usual(schema);
    change(&mut facts, schema);
    let none = BTreeSet::new();
    let judging = Judging { schema, policy: Policy::builtin().unwrap(), in_shadow: &none, on_trial: false };
    let findings = judge(rules, &facts, &judging, &mut || 0);
    let asks = match begin(Doubts::new(findings.doubts()), Means::ALL, now()) {
        Step::Ask(asking) => Some(asking.measure()),
        Step::Person(_) => Some(Measure::Officer),
        Step::Clear(_) => None,
    };
    (ReasonRecord::new((7, Some(rules)), [9; 16], now(), &findings, (&facts, schema)), asks)
}

fn margin(value: i64) -> impl Fn(&mut Facts, &Schema) {
    move |facts, schema| {
        facts.with(schema, "face_margin", value).unwrap();
    }
}

fn flag(name: &'static str) -> impl Fn(&mut Facts, &Schema) {
    move |facts, schema| {
        facts.flag(schema, name, true).unwrap();
    }
}

#[test]
fn a_hit_an_interest_and_the_lot_look_alike_to_everybody_without_the_role() {
    let seen: Vec<_> = ["watch_list_hit", "officer_interest", "random_check"]
        .into_iter()
        .map(|name| {
            let (record, asks) = record(flag(name));
            assert_eq!(record.encode().len(), RECORD_LEN);
            (record.for_traveller(asks), asks, record.for_officer(false))
        })
        .collect();
    assert!(seen.iter().all(|each| *each == seen[0]), "{seen:?}");
    assert_eq!((seen[0].0.sentence, seen[0].1), (NeutralSentence::SeeOfficer, Some(Measure::Officer)));
    assert_eq!(seen[0].2.doubts, ["other"]);
    // A failed face and a failed engine send to the officer with the same sentence.
    let (face, asks) = record(margin(-5));
    assert_eq!(face.for_traveller(asks), seen[0].0);
    // The role for lists sees which.
    let (hit, _) = record(flag("watch_list_hit"));
    let (lot, _) = record(flag("random_check"));
    assert_eq!(
        (hit.for_officer(true).doubts, lot.for_officer(true).doubts),
        (vec!["watch_list"], vec!["random_check"])
    );
}

#[test]
fn a_record_has_bands_and_no_values_and_says_what_was_asked() {
    let (record, asks) = record(margin(7));
    assert_eq!(
        (asks, record.for_traveller(asks).sentence),
        (Some(Measure::SecondLook), NeutralSentence::FurtherCheck)
    );
    let record =
        record.went_on(&[Asked { measure: Measure::SecondLook, outcome: Outcome::Passed }], End::Answered);
    let owner = record.for_owner();
    assert!(owner.rests_on(&RuleId::new("face_close_to_threshold").unwrap()));
    let bands: Vec<_> = owner.bands.iter().map(|band| (band.signal.as_str(), band.band)).collect();
    assert_eq!(bands, [("face_margin", 1)]);
    assert_eq!((owner.version, owner.end, owner.asked.len()), (7, End::Answered, 1));
    assert_eq!(format!("{record:?}"), "ReasonRecord(redacted)");
}

#[test]
fn a_signed_record_opens_under_its_key_alone() {
    let (record, _) = record(flag("random_check"));
    let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let verifying = |key: &SigningKey| VerifyingKey::new(*key.public()).unwrap();
    let signed = record.sign(b"v", &key).unwrap();
    assert!(ReasonRecord::open(&signed, &verifying(&key)).unwrap() == record);
    assert!(ReasonRecord::open(&signed, &verifying(&other)).is_err());
    let cut = record.encode();
    assert!(ReasonRecord::decode(&cut[..cut.len() - 1]).is_err());
}

#[test]
fn without_rules_a_record_says_so() {
    let facts = Facts::usual(&WORLD.schema);
    let findings = without_rules(Policy::builtin().unwrap());
    let record = ReasonRecord::new((0, None), [1; 16], now(), &findings, (&facts, &WORLD.schema));
    assert_eq!(record.for_officer(false).doubts, ["engine"]);
    assert_eq!(record.encode().len(), RECORD_LEN);
}

fn any_finding() -> impl Strategy<Value = Finding> {
    let (doubt, harm) = (prop::sample::select(Doubt::ALL), prop::sample::select(Harm::ALL));
    ("[a-z][a-z0-9_]{0,39}", doubt, harm, prop::sample::select(Cause::ALL), any::<bool>()).prop_map(
        |(rule, doubt, harm, cause, counts)| Finding {
            rule: RuleId::new(&rule).unwrap(),
            doubt,
            harm,
            cause,
            counts,
        },
    )
}

proptest! {
    #[test]
    fn any_record_has_one_length_and_comes_back(
        findings in prop::collection::vec(any_finding(), 0..60),
        asked in prop::collection::vec(prop::sample::select(Measure::ALL), 0..4),
        end in prop::sample::select(End::ALL),
    ) {
        let World { schema, rules } = &*WORLD;
        let findings: Findings = findings.into_iter().collect();
        prop_assert_eq!(&Findings::decode(&findings.encode()).unwrap(), &findings);
        let asked: Vec<_> = asked.into_iter().map(|measure| Asked { measure, outcome: Outcome::Failed }).collect();
        let record = ReasonRecord::new((u64::MAX, Some(rules)), [1; 16], now(), &findings, (&Facts::usual(schema), schema)).went_on(&asked, end);
        prop_assert_eq!(record.encode().len(), RECORD_LEN);
        prop_assert!(ReasonRecord::decode(&record.encode()).unwrap() == record);
    }

    #[test]
    fn the_longest_record_has_that_length_too(long in prop::collection::vec(any_finding(), 24)) {
        let World { schema, rules } = &*WORLD;
        // Every rule that there is, with all the bands that they read.
        let all = rules.rules().iter().map(|rule| Finding { rule: rule.id.clone(), doubt: rule.doubt, harm: rule.harm, cause: Cause::Held, counts: true });
        let findings: Findings = all.chain(long).collect();
        let record = ReasonRecord::new((u64::MAX, Some(rules)), [1; 16], now(), &findings, (&Facts::usual(schema), schema));
        prop_assert_eq!(record.encode().len(), RECORD_LEN);
        prop_assert!(ReasonRecord::decode(&record.encode()).unwrap() == record);
    }
}

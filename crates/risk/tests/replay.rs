//! Replay: the day's starting state, each crossing's stored integers and the version of the rules give the same findings, bit for bit, as
//! were recorded when this test was written.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use std::collections::BTreeSet;

use credential::sha256;
use documents::{AuthorityCode, Direction, Rules, Timestamp};
use risk::engine::CelEngine;
use risk::rules::RuleSet;
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, Journeys, PersonState};
use risk::{BUDGET_MS, Facts, Findings, Judging, Policy, RuleId, finds_again, judge};

/// SHA-256 over the lists of signals and rules that the recording was made with: another list is another version.
const RECORDED_WITH: &str = "2f2393a28ba38fe42ed0435e077d2741664405abe007056aa5bdd6bb510c3904";
/// SHA-256 over the forms of all findings of the day.
const RECORDED: &str = "cd9b37174d7d2485afd32534421fd67a2eb29b89ce8c071b60cc6c8789fcea88";
/// The state at the day's end.
const RECORDED_STATE: &str = "ef68bf840146385a7ab684af504abc9b290109f924f55ff02f66c64920e4b738";

const SEED: u64 = 18;

/// SplitMix64: the same numbers on every machine.
fn drawn(state: &mut u64, below: u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % below
}

struct Day {
    start: Vec<u8>,
    crossings: Vec<(Crossing, Vec<u8>)>,
    end: Vec<u8>,
}

/// A day as an authority would keep it: the state at its start, and each crossing's integers.
fn a_day(schema: &Schema) -> Day {
    let documents = Rules::builtin().unwrap();
    let mut numbers = SEED;
    let begin: Timestamp = "2026-11-29T06:00:00+08:00".parse().unwrap();
    let ports = ["luohu", "futian", "shenzhen-bay", "huanggang"];
    let mut state = PersonState::new(begin);
    let start = state.encode();
    let mut at = begin;
    let mut crossings = Vec::new();
    for step in 0..120 {
        at = at.plus_seconds(i64::try_from(drawn(&mut numbers, 1200)).unwrap());
        let (from, to) = if step % 2 == 0 {
            (AuthorityCode::Hkg, AuthorityCode::Chn)
        } else {
            (AuthorityCode::Chn, AuthorityCode::Hkg)
        };
        let port = ports.get(usize::try_from(drawn(&mut numbers, 4)).unwrap()).unwrap().parse().unwrap();
        let crossed = Crossed { port, direction: Direction::new(from, to).unwrap(), at };
        let crossing = Crossing { crossed, device: drawn(&mut numbers, 5) };
        let mut facts = Facts::usual(schema);
        facts.with(schema, "face_margin", i64::try_from(drawn(&mut numbers, 220)).unwrap() - 20).unwrap();
        facts.with(schema, "code_age_seconds", i64::try_from(drawn(&mut numbers, 45)).unwrap()).unwrap();
        facts.flag(schema, "random_check", drawn(&mut numbers, 50) == 0).unwrap();
        state.signals(&crossing, &Journeys::new(&documents, at.local_date()), schema, &mut facts).unwrap();
        state = state.crossed(&crossing);
        crossings.push((crossing, facts.encode()));
    }
    Day { start, crossings, end: state.encode() }
}

fn findings(schema: &Schema, rules: &RuleSet, day: &Day) -> Vec<Findings> {
    let none = BTreeSet::new();
    let judging = Judging { schema, policy: Policy::builtin().unwrap(), in_shadow: &none, on_trial: false };
    let stored = day.crossings.iter().map(|(_, stored)| Facts::decode(stored, schema).unwrap());
    stored.map(|facts| judge(rules, &facts, &judging, &mut || 0)).collect()
}

#[test]
fn a_stored_day_gives_the_recorded_findings_bit_for_bit() {
    let schema = Schema::builtin().unwrap();
    let rules = RuleSet::builtin(&schema, &CelEngine::new()).unwrap();
    let day = a_day(&schema);
    let found = findings(&schema, &rules, &day);
    assert!(found.iter().filter(|findings| !findings.is_empty()).count() > 20);
    let bytes: Vec<u8> = found.iter().flat_map(Findings::encode).collect();
    let with = hex::encode(sha256(&[schema.hash().as_slice(), rules.hash()].concat()));
    let (findings, end) = (hex::encode(sha256(&bytes)), hex::encode(sha256(&day.end)));
    assert_eq!(
        (with.as_str(), findings.as_str(), end.as_str()),
        (RECORDED_WITH, RECORDED, RECORDED_STATE),
        "the data or the arithmetic changed: record anew only with a new version"
    );
}

#[test]
fn the_state_at_the_start_and_the_crossings_give_the_stored_integers_again() {
    let schema = Schema::builtin().unwrap();
    let documents = Rules::builtin().unwrap();
    let day = a_day(&schema);
    let mut state = PersonState::decode(&day.start).unwrap();
    for (crossing, stored) in &day.crossings {
        let mut facts = Facts::decode(stored, &schema).unwrap();
        let journeys = Journeys::new(&documents, crossing.crossed.at.local_date());
        state.signals(crossing, &journeys, &schema, &mut facts).unwrap();
        assert_eq!(&facts.encode(), stored);
        state = state.crossed(crossing);
        // A state that was put away and read again goes on as if it had not been.
        state = PersonState::decode(&state.encode()).unwrap();
    }
    assert_eq!(state.encode(), day.end);
}

#[test]
fn what_was_kept_is_found_again_whatever_is_in_shadow_now_and_wherever_the_budget_ran_out() {
    let schema = Schema::builtin().unwrap();
    let rules = RuleSet::builtin(&schema, &CelEngine::new()).unwrap();
    let policy = Policy::builtin().unwrap();
    let all: BTreeSet<RuleId> = rules.rules().iter().map(|rule| rule.id.clone()).collect();
    let mut with_effect = 0;
    for (_, stored) in &a_day(&schema).crossings {
        let facts = Facts::decode(stored, &schema).unwrap();
        let again = |kept: &Findings| finds_again(&rules, &facts, (&schema, policy), kept);
        for in_shadow in [&BTreeSet::new(), &all] {
            let judging = Judging { schema: &schema, policy, in_shadow, on_trial: false };
            for budget in [0, 1, 3, usize::MAX] {
                let mut looks = 0;
                let kept = judge(&rules, &facts, &judging, &mut || {
                    looks += 1;
                    if looks > budget { BUDGET_MS + 1 } else { 0 }
                });
                assert!(again(&kept), "{kept:?}");
                if budget == usize::MAX && !kept.with_effect().is_empty() {
                    with_effect += 1;
                    assert!(!again(&Findings::default()), "{kept:?}");
                }
            }
        }
    }
    assert!(with_effect > 20, "{with_effect}");
}

//! What an authority reads of its own risk control: files of rules, versions of them, kept states, reasons.

use std::sync::LazyLock;

use credential::message::Kind;
use documents::{AuthorityCode, Direction, Rules};
use risk::engine::CelEngine;
use risk::reason::{RECORD_LEN, ReasonRecord};
use risk::rules::RuleSet;
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, DeviceState, Journeys, LaneState, LaneTry, MAX_STATE, PersonState};
use risk::version::RulesVersion;
use risk::{Facts, Judging, Policy, judge};

use crate::keys::now;
use crate::messages::payload_of;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::builtin().unwrap());
static DOCUMENTS: LazyLock<Rules> = LazyLock::new(|| Rules::builtin().unwrap());

/// A file of rules. What is refused has a line for each fault; what is taken decides every usual crossing, within the file's own rules.
pub fn risk_rules(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let rules = match RuleSet::read("rules.toml", text, &SCHEMA, &CelEngine::new()) {
        Ok(rules) => rules,
        Err(faults) => {
            assert!(!faults.0.is_empty(), "a refusal without a fault");
            let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
            for fault in &faults.0 {
                assert!((1..=lines).contains(&fault.line), "{fault} of {lines} lines");
                assert!(!fault.to_string().contains(['\n', '\u{1b}']), "a fault that writes on a terminal");
            }
            return false;
        }
    };
    let none = std::collections::BTreeSet::new();
    let judging = Judging { schema: &SCHEMA, policy: Policy::STRICTEST, in_shadow: &none, on_trial: false };
    let findings = judge(&rules, &Facts::usual(&SCHEMA), &judging, &mut || 0);
    let held = findings.iter().all(|finding| rules.rules().iter().any(|rule| rule.id == finding.rule));
    assert!(held, "a rule that was taken could not be evaluated");
    true
}

/// A state of a person, device or lane. What is taken is one of them alone, stays within its size after one more crossing, and says
/// values that the signals have.
pub fn risk_state(bytes: &[u8]) -> bool {
    let crossed = Crossed {
        port: "hengqin".parse().unwrap(),
        direction: Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap(),
        at: now(),
    };
    let journeys = Journeys::new(&DOCUMENTS, now().local_date());
    let mut facts = Facts::usual(&SCHEMA);
    let mut taken = 0;
    if let Ok(state) = PersonState::decode(bytes) {
        assert_eq!(state.encode(), bytes, "a state has one form");
        let crossing = Crossing { crossed: crossed.clone(), device: 7 };
        state.signals(&crossing, &journeys, &SCHEMA, &mut facts).unwrap();
        let next = state.crossed(&crossing).face_failed(now()).code_failed(now()).enrolled(now()).encode();
        assert!(next.len() <= MAX_STATE && PersonState::decode(&next).is_ok());
        taken += 1;
    }
    if let Ok(state) = DeviceState::decode(bytes) {
        assert_eq!(state.encode(), bytes, "a state has one form");
        state.signals((7, true), &crossed, &journeys, &SCHEMA, &mut facts).unwrap();
        let next = state.crossed(7, false, &crossed).encode();
        assert!(next.len() <= MAX_STATE && DeviceState::decode(&next).is_ok());
        taken += 1;
    }
    if let Ok(state) = LaneState::decode(bytes) {
        assert_eq!(state.encode(), bytes, "a state has one form");
        state.signals(now(), &SCHEMA, &mut facts).unwrap();
        let next = state.tried(LaneTry { failed: true, overridden: true }, now()).encode();
        assert!(next.len() <= MAX_STATE && LaneState::decode(&next).is_ok());
        taken += 1;
    }
    assert!(taken <= 1, "one state for two things");
    assert!(Facts::decode(&facts.encode(), &SCHEMA).is_ok());
    taken == 1
}

/// A reason record: one length, one form, and nothing of a list for who has no role for lists.
pub fn risk_reason(bytes: &[u8]) -> bool {
    let Some(record) = payload_of(Kind::RiskReason, bytes, ReasonRecord::decode, ReasonRecord::encode) else {
        return false;
    };
    assert_eq!(bytes.len(), RECORD_LEN);
    let seen = record.for_officer(false);
    assert!(!seen.doubts.contains(&"watch_list") && !seen.doubts.contains(&"random_check"));
    assert_eq!(record.for_traveller(None).reference, *record.reference());
    true
}

/// The payload of a signed version of rules.
pub fn risk_version(payload: &[u8]) -> bool {
    payload_of(Kind::RiskRules, payload, RulesVersion::decode, RulesVersion::encode).is_some()
}

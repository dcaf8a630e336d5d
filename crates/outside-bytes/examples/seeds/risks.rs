//! Seeds of what an authority reads of its own risk control: none has anything random in it.

use std::collections::BTreeSet;

use documents::{AuthorityCode, Measure};
use outside_bytes::now;
use risk::engine::CelEngine;
use risk::reason::{End, ReasonRecord};
use risk::rules::RuleSet;
use risk::schema::Schema;
use risk::state::{Crossed, Crossing, DeviceState, LaneState, LaneTry, PersonState};
use risk::version::{RulesVersion, Stage};
use risk::visit::{Asked, Outcome};
use risk::{Facts, Judging, Policy, judge};

use super::{cut, longer, put, put_with_misses, way};

const RULES: &str = r#"name = "seed"

[[rule]]
id = "close"
says = "The face is just above the threshold."
doubt = "whose_face"
harm = "medium"
when = "face_margin >= 0 && face_margin < 20 || attack_hint in ['print', 'mask']"
[[rule.case]]
says = "close"
holds = true
signals = { face_margin = 5 }
[[rule.case]]
says = "usual"
holds = false
"#;

/// Writes them.
pub fn risks() {
    put("risk_rules", "ok-one", RULES);
    put(
        "risk_rules",
        "ok-lines",
        RULES
            .replace("\"face_margin >= 0 &&", "\"\"\"\nface_margin >= 0 &&\n")
            .replace("'mask']\"", "'mask']\"\"\""),
    );
    for (name, to) in [
        ("no-syntax", "face_margin >="),
        ("no-unknown", "face_margn >= 0"),
        ("no-protected", "skin_tone == 3"),
        ("no-function", "size('a') == 1"),
        ("no-macro", "[1, 2].all(x, x > face_margin)"),
        ("no-type", "face_margin < 0.5"),
        ("no-fail", "1 / face_margin == 1"),
        ("no-constant", "face_margin < 5000"),
        ("no-nested", "((((((((((((((((((((((((((((((((((face_margin))))))))))))))))))))))))))))))))))"),
        ("no-error-dropped", "1 / 0 == 1 && watch_list_hit"),
    ] {
        put(
            "risk_rules",
            name,
            RULES.replace("face_margin >= 0 && face_margin < 20 || attack_hint in ['print', 'mask']", to),
        );
    }
    put("risk_rules", "no-case", RULES.replace("face_margin = 5", "face_margin = 50"));
    put("risk_rules", "no-cut", cut(RULES.as_bytes()));

    let crossed =
        |port: &str, from, to, at| Crossed { port: port.parse().unwrap(), direction: way(from, to), at };
    let (hkg, chn) = (AuthorityCode::Hkg, AuthorityCode::Chn);
    let first = crossed("luohu", hkg, chn, now().plus_seconds(-9000));
    let second = crossed("shenzhen-bay", chn, hkg, now().plus_seconds(-600));
    let person = PersonState::new(now());
    put_with_misses("risk_state", "person-new", &person.encode());
    let person = person.crossed(&Crossing { crossed: first.clone(), device: 1 }).face_failed(now());
    let person = person.crossed(&Crossing { crossed: second.clone(), device: 2 });
    put_with_misses("risk_state", "person", &person.encode());
    let device = DeviceState::new().crossed(1, true, &first).crossed(2, false, &second);
    put_with_misses("risk_state", "device", &device.encode());
    let lane = (0..20).fold(LaneState::new(now().plus_seconds(-3600)), |lane, minute| {
        lane.tried(
            LaneTry { failed: minute % 3 == 0, overridden: false },
            now().plus_seconds(minute * 60 - 3600),
        )
    });
    put_with_misses(
        "risk_state",
        "lane",
        &lane.tried(LaneTry { failed: true, overridden: true }, now()).encode(),
    );

    let schema = Schema::builtin().unwrap();
    let rules = RuleSet::builtin(&schema, &CelEngine::new()).unwrap();
    let none = BTreeSet::new();
    let judging = Judging { schema: &schema, policy: Policy::STRICTEST, in_shadow: &none, on_trial: false };
    let mut facts = Facts::usual(&schema);
    facts.with(&schema, "face_margin", 5).unwrap().flag(&schema, "random_check", true).unwrap();
    let findings = judge(&rules, &facts, &judging, &mut || 0);
    let record = ReasonRecord::new((3, Some(&rules)), [9; 16], now(), &findings, (&facts, &schema));
    put_with_misses("risk_reason", "open", &record.encode());
    let asked = [Asked { measure: Measure::SecondLook, outcome: Outcome::Failed }];
    put("risk_reason", "ok-refused", record.went_on(&asked, End::Refused).encode());

    let version = |number, stage| RulesVersion {
        authority: hkg,
        number,
        made: now(),
        starts: now().local_date(),
        stage,
        schema: [7; 32],
        text: RULES.to_owned(),
    };
    put_with_misses("risk_version", "full", &version(3, Stage::Full).encode());
    put("risk_version", "ok-canary", version(4, Stage::Canary { share: 50 }).encode());
    let mut small = version(4, Stage::Full).encode();
    // The authority's code, behind the heads of array and text.
    small.iter_mut().skip(2).take(3).for_each(u8::make_ascii_lowercase);
    put("risk_version", "no-small-letters", small);
    put("risk_version", "no-zero", version(0, Stage::Shadow).encode());
    put("risk_version", "no-share", longer(&version(4, Stage::Canary { share: 1000 }).encode()));
}

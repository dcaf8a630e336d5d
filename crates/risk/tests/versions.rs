//! Signed versions: what is refused, that what runs goes on, trials, and going back.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]

use credential::message::{self, Kind};
use credential::{SecretKey, SigningKey, VerifyingKey};
use documents::{AuthorityCode, Timestamp};
use risk::engine::CelEngine;
use risk::rules::{RULES_FILE, RULES_TEXT};
use risk::schema::Schema;
use risk::version::{Checks, RulesVersion, Running, Stage};
use risk::{Doubt, Facts, Harm, Judging, Policy, assess};

struct Office {
    key: SigningKey,
    verifying: VerifyingKey,
    schema: Schema,
    engine: CelEngine,
    now: Timestamp,
}

impl Office {
    fn new() -> Self {
        let key = SigningKey::generate().unwrap();
        let verifying = VerifyingKey::new(*key.public()).unwrap();
        let now = "2026-11-29T10:00:00+08:00".parse().unwrap();
        Self { key, verifying, schema: Schema::builtin().unwrap(), engine: CelEngine::new(), now }
    }

    fn version(&self, number: u64, stage: Stage) -> RulesVersion {
        RulesVersion {
            authority: AuthorityCode::Hkg,
            number,
            made: self.now,
            starts: self.now.local_date(),
            stage,
            schema: *self.schema.hash(),
            text: RULES_TEXT.to_owned(),
        }
    }

    fn sign(&self, version: &RulesVersion) -> Vec<u8> {
        version.sign(b"a", &self.key).unwrap()
    }

    fn checks(&self) -> Checks<'_> {
        Checks { key: &self.verifying, schema: &self.schema, engine: &self.engine, now: self.now }
    }
}

#[test]
fn a_version_that_is_refused_leaves_what_runs_as_it_is() {
    let office = Office::new();
    let mut running = Running::new(AuthorityCode::Hkg);
    assert!(
        running.at_lane("l", office.now.local_date(), &SecretKey::from_bytes([1; 32])).in_force.is_none()
    );
    running.take(&office.sign(&office.version(5, Stage::Full)), RULES_FILE, &office.checks()).unwrap();
    let before = running.newest();

    let stranger = SigningKey::generate().unwrap();
    let next = || office.version(6, Stage::Full);
    let with_text = |from: &str, to: &str| {
        let text = RULES_TEXT.replacen(from, to, 1);
        assert_ne!(text, RULES_TEXT);
        office.sign(&RulesVersion { text, ..next() })
    };
    let cut = office.sign(&next());
    let line_of = |needle: &str| 1 + RULES_TEXT.lines().position(|line| line.contains(needle)).unwrap();
    let below = line_of("when = \"face_margin < 0\"");
    for (signed, code, line) in [
        (next().sign(b"a", &stranger).unwrap(), "risk_unsigned", 1),
        (cut.get(..cut.len() - 1).unwrap().to_vec(), "risk_unsigned", 1),
        (message::sign(Kind::Approval, b"a", &office.key, &next().encode()).unwrap(), "risk_unsigned", 1),
        (message::sign(Kind::RiskRules, b"a", &office.key, &[0x80]).unwrap(), "risk_form", 1),
        (office.sign(&RulesVersion { authority: AuthorityCode::Mac, ..next() }), "risk_other_authority", 1),
        (office.sign(&office.version(4, Stage::Full)), "risk_rolled_back", 1),
        (office.sign(&office.version(5, Stage::Shadow)), "risk_rolled_back", 1),
        (office.sign(&RulesVersion { schema: [0; 32], ..next() }), "risk_other_schema", 1),
        (
            office.sign(&RulesVersion { starts: office.now.local_date().plus_days(1), ..next() }),
            "risk_not_yet",
            1,
        ),
        (with_text("when = \"face_margin < 0\"", "when = \"face_margin <\""), "risk_syntax", below),
        (with_text("when = \"face_margin < 0\"", "when = \"face_margn < 0\""), "risk_unknown_signal", below),
        (with_text("when = \"face_margin < 0\"", "when = \"skin_tone < 0\""), "risk_protected", below),
        (
            with_text("when = \"face_margin < 0\"", "when = \"size('a') < face_margin\""),
            "risk_unknown_function",
            below,
        ),
        (
            with_text(
                "when = \"face_margin < 0\"",
                &format!("when = \"{}face_margin < 0{}\"", "(".repeat(33), ")".repeat(33)),
            ),
            "risk_too_deep",
            below,
        ),
        (
            with_text(
                "when = \"face_margin < 0\"",
                &format!("when = \"{}face_margin < 0\"", " ".repeat(2048)),
            ),
            "risk_too_long",
            below,
        ),
        (
            with_text("signals = { face_margin = 0 }", "signals = { face_margin = -2 }"),
            "risk_case_failed",
            line_of("says = \"at the threshold\"") - 1,
        ),
    ] {
        let faults = running.take(&signed, RULES_FILE, &office.checks()).unwrap_err();
        let found = faults.0.first().unwrap();
        assert_eq!((found.code(), found.line, found.file.as_str()), (code, line, RULES_FILE), "{faults}");
        assert_eq!(running.newest(), before);
        assert_eq!(running.full().unwrap().version().number, 5);
    }
    // The same version again is no fault, nor is another valid signature of it.
    running.take(&office.sign(&office.version(5, Stage::Full)), RULES_FILE, &office.checks()).unwrap();
}

#[test]
fn a_version_goes_from_shadow_over_some_lanes_to_all_and_back_under_the_next_number() {
    let office = Office::new();
    let key = SecretKey::from_bytes([9; 32]);
    let day = office.now.local_date();
    let mut running = Running::new(AuthorityCode::Hkg);
    let first = office.version(1, Stage::Full);
    let take = |running: &mut Running, version: &RulesVersion| {
        running.take(&office.sign(version), RULES_FILE, &office.checks()).unwrap()
    };
    let number = |active: Option<&risk::version::Active>| active.map(|active| active.version().number);
    take(&mut running, &first);

    let trial = RulesVersion {
        text: RULES_TEXT.replace("bay-2026-12", "bay-2026-13"),
        ..office.version(2, Stage::Shadow)
    };
    take(&mut running, &trial);
    let at = running.at_lane("hengqin/CHN-MAC", day, &key);
    assert_eq!((number(at.in_force), number(at.on_trial)), (Some(1), Some(2)));

    take(&mut running, &trial.again(3, office.now, Stage::Canary { share: 500 }));
    let lanes: Vec<_> = (0..40).map(|lane| running.at_lane(&format!("lane-{lane}"), day, &key)).collect();
    let on = lanes.iter().filter(|at| number(at.in_force) == Some(3)).count();
    assert!((8..=32).contains(&on), "{on}");
    assert!(lanes.iter().all(|at| number(at.in_force).is_some()));

    let (schema, none) = (&office.schema, std::collections::BTreeSet::new());
    let judging = Judging { schema, policy: Policy::builtin().unwrap(), in_shadow: &none, on_trial: false };
    let mut facts = Facts::usual(schema);
    facts.with(schema, "face_margin", 5).unwrap();
    // At a canary's lane the trial counts, and the rules in force elsewhere are logged beside it; elsewhere they alone are asked.
    for at in &lanes {
        let found = assess(at, &facts, &judging, &mut || 0);
        let counted = found.findings.iter().filter(|finding| finding.counts).count();
        let logged = usize::from(number(at.in_force) == Some(3));
        assert_eq!(
            (Some(found.version), counted, found.findings.len()),
            (number(at.in_force), 1, 1 + logged)
        );
    }
    let nothing = Running::new(AuthorityCode::Hkg);
    let found = assess(&nothing.at_lane("lane", day, &key), &facts, &judging, &mut || 0);
    assert_eq!((found.version, found.findings.doubts().get(&Doubt::Engine)), (0, Some(&Harm::High)));

    take(&mut running, &trial.again(4, office.now, Stage::Full));
    assert_eq!((number(running.full()), number(running.trial())), (Some(4), None));
    assert_eq!(running.full().unwrap().rules().name(), "bay-2026-13");

    take(&mut running, &first.again(5, office.now, Stage::Full));
    assert_eq!(running.full().unwrap().rules().name(), "bay-2026-12");
    assert_eq!(number(running.full()), Some(5));

    // A start that was handed an older file stays without rules rather than going back.
    let mut restarted = Running::new(AuthorityCode::Hkg);
    restarted.not_before(running.newest().unwrap());
    assert!(restarted.take(&office.sign(&trial), RULES_FILE, &office.checks()).is_err());
}

#[test]
fn a_version_has_one_form() {
    let office = Office::new();
    for stage in [Stage::Shadow, Stage::Canary { share: 1 }, Stage::Canary { share: 999 }, Stage::Full] {
        let version = office.version(7, stage);
        assert_eq!(RulesVersion::decode(&version.encode()).as_ref(), Ok(&version));
    }
    let bytes = office.version(7, Stage::Full).encode();
    assert!(RulesVersion::decode(&[&bytes[..], &[0]].concat()).is_err());
    // People may write an authority's code in small letters; a version may not.
    let small = [&bytes[..4], b"g", &bytes[5..]].concat();
    assert_eq!((bytes[4], RulesVersion::decode(&small).is_err()), (b'G', true));
    assert!(
        RulesVersion::decode(&RulesVersion { number: 0, ..office.version(7, Stage::Full) }.encode()).is_err()
    );
}

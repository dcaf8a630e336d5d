//! Risk control within a verdict: what is asked of whom, how a measure answers, who may see why, and what a person answers for it.

use std::sync::Arc;

use ::risk::reason::{End, RECORD_LEN};
use ::risk::rules::RULES_TEXT;
use ::risk::version::Stage;
use authority::{
    AppealError, AppealOutcome, IssueError, LONGEST_WORDS, RiskControl, RiskRulesError, Service,
    SuspensionDecision, status_list_number,
};
use credential::message::{Outcome, Verdict};
use credential::{KeyClass, SigningKey};
use documents::AuthorityCode::Chn;
use documents::{DocumentNumber, Measure, Side, Timestamp};

use crate::bay::{
    Bay, NUMBER, Place, RECORD, Shown, Wallet, ask, bay, bay_with, enrol, in_memory, pass, photographs,
    risk_rules, show, token, wallet,
};
use crate::http::MORNING;
use crate::postgres::Cluster;

pub fn numbers(measures: &[Measure]) -> Vec<u8> {
    measures.iter().map(|measure| clearance::measure_number(*measure)).collect()
}

/// A rule with its two cases, for a file of rules.
pub fn rule(
    id: &str,
    (doubt, harm, more): (&str, &str, &str),
    when: &str,
    (holds, fails): (&str, &str),
) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nsays = \"A rule of this test.\"\ndoubt = \"{doubt}\"\nharm = \"{harm}\"\n{more}\nwhen = \"{when}\"\n\
         [[rule.case]]\nsays = \"it holds\"\nholds = true\nsignals = {{ {holds} }}\n\
         [[rule.case]]\nsays = \"it does not\"\nholds = false\nsignals = {{ {fails} }}\n"
    )
}

/// Rules that hold of every crossing.
pub fn always(doubt: &str, harm: &str, more: &str) -> String {
    let rule = rule(
        "always",
        (doubt, harm, more),
        "crossings_today >= 1",
        ("crossings_today = 1", "crossings_today = 0"),
    );
    format!("name = \"always\"\n{rule}")
}

/// A registered traveller with a pass, and their photograph at the lane.
pub async fn traveller(test: &str, stores: [Place; 2]) -> Option<(Bay, Wallet, Vec<u8>, Vec<u8>)> {
    let (photo, live, stranger) = photographs(test)?;
    let bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    Some((bay, wallet, live, stranger))
}

pub async fn bring(bay: &Bay, number: u64, text: &str) {
    let signed = risk_rules((Chn, number), text, Stage::Full, &bay.supervisors, bay.now);
    bay.chn.take_risk_rules(&signed, "rules.toml", bay.now).await.unwrap();
}

async fn exit(bay: &Bay, wallet: &Wallet, shown: &Shown) -> (Verdict, String) {
    let (_, verdict, code) = ask(bay, wallet, shown, Side::Exit).await;
    (verdict, code)
}

pub async fn end(bay: &Bay, verdict: &Verdict) -> End {
    bay.chn.risk_record(&verdict.reference, bay.now).await.unwrap().unwrap().record.end()
}

#[tokio::test]
async fn somebody_on_the_list_is_seen_by_an_officer_and_only_the_role_for_lists_learns_why() {
    let Some((bay, wallet, live, _)) = traveller("somebody_on_the_list", in_memory().await).await else {
        return;
    };
    let number = DocumentNumber::recognise(NUMBER).unwrap();
    bay.chn.watch(&number, bay.now.plus_seconds(3600)).await.unwrap();
    let shown = show(&bay, &wallet, &live);
    let (asked, code) = exit(&bay, &wallet, &shown).await;
    assert_eq!(
        (&asked.outcome, code.as_str()),
        (&Outcome::Verify(numbers(&[Measure::Officer])), "risk_check")
    );
    let record = bay.chn.risk_record(&asked.reference, bay.now).await.unwrap().unwrap().record;
    assert_eq!((record.for_officer(false).doubts, record.end()), (vec!["other"], End::Open));
    assert_eq!(record.for_officer(true).doubts, ["watch_list"]);
    // What somebody did before they were asked for it does not count: they knew nothing of the list.
    let helped = Shown { done: numbers(&[Measure::Officer]), ..show(&bay, &wallet, &live) };
    assert_eq!(exit(&bay, &wallet, &helped).await.0.outcome, Outcome::Verify(numbers(&[Measure::Officer])));
    let seen = Shown { done: numbers(&[Measure::Officer]), ..shown };
    let (admitted, code) = exit(&bay, &wallet, &seen).await;
    assert_eq!((&admitted.outcome, code.as_str()), (&Outcome::Admit, "admitted"));
    assert_eq!(end(&bay, &admitted).await, End::ByOfficer);
}

#[tokio::test]
async fn a_hit_on_the_list_and_the_lot_look_alike_to_everybody_outside() {
    let Some((photo, live, _)) = photographs("a_hit_on_the_list_and_the_lot") else { return };
    let mut seen = Vec::new();
    for one_in in [None, std::num::NonZeroU32::new(1)] {
        let drawn = one_in.is_some();
        let lots = move |risk: RiskControl| risk.with_random_checks(one_in);
        let bay = bay_with(MORNING.parse().unwrap(), in_memory().await, &lots).await;
        bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
        let wallet = wallet(&bay, &live).await;
        if !drawn {
            let number = DocumentNumber::recognise(NUMBER).unwrap();
            bay.chn.watch(&number, bay.now.plus_seconds(3600)).await.unwrap();
        }
        let (signed, verdict, code) = ask(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit).await;
        let reason = bay.chn.reason(&verdict.reference).await.unwrap().unwrap();
        let record = bay.chn.risk_record(&verdict.reference, bay.now).await.unwrap().unwrap().record;
        assert_eq!(record.encode().len(), RECORD_LEN);
        assert_eq!(record.for_officer(true).doubts, [if drawn { "random_check" } else { "watch_list" }]);
        seen.push((signed.len(), verdict.outcome, code, reason.detail, record.for_officer(false).doubts));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn without_rules_or_out_of_time_the_stricter_policy_stands_and_nobody_is_waved_through() {
    let Some((bay, wallet, live, _)) = traveller("without_rules", in_memory().await).await else { return };
    let shown = show(&bay, &wallet, &live);
    // The mainland's rules are taken away, as in a service that never had any.
    let text = "name = \"none\"\n";
    let signed = risk_rules((Chn, 2), text, Stage::Full, &bay.supervisors, bay.now);
    let refused = bay.chn.take_risk_rules(&signed, "rules.toml", bay.now).await;
    assert!(refused.is_err(), "a file without rules is no set of rules");
    assert_eq!(exit(&bay, &wallet, &shown).await.0.outcome, Outcome::Admit, "what ran goes on");

    let slow = |risk: RiskControl| {
        risk.with_watch(Arc::new(|| {
            let mut gone = 0_u32;
            Box::new(move || {
                gone += 7;
                gone
            })
        }))
    };
    let (photo, live, _) = photographs("without_rules").unwrap();
    let late = bay_with(MORNING.parse().unwrap(), in_memory().await, &slow).await;
    late.chn.add_resident(RECORD, &photo, late.now).await.unwrap();
    let wallet = crate::bay::wallet(&late, &live).await;
    let (verdict, code) = exit(&late, &wallet, &show(&late, &wallet, &live)).await;
    let document = Outcome::Verify(numbers(&[Measure::PhysicalDocument]));
    assert_eq!((verdict.outcome, code.as_str()), (document, "risk_check"));
    let replayed = late.chn.replay_risks(late.now.local_date()).await.unwrap();
    assert_eq!((replayed.same, replayed.other.len()), (1, 0), "what ran out of its budget replays too");
}

#[tokio::test]
async fn a_service_that_never_had_rules_sends_everybody_to_an_officer() {
    let Some((photo, live, _)) = photographs("a_service_that_never_had_rules") else { return };
    let bay = crate::bay::bay_without_rules(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_eq!(verdict.outcome, Outcome::Verify(numbers(&[Measure::Officer])));
}

#[tokio::test]
async fn a_measure_that_is_passed_answers_its_doubt_and_one_that_is_failed_does_not() {
    for (doubt, harm, measure) in [
        ("whose_face", "medium", Measure::SecondLook),
        ("live_face", "medium", Measure::ActiveLiveness),
        ("travel_impossible", "high", Measure::PhysicalDocument),
    ] {
        let stores = in_memory().await;
        let Some((bay, wallet, live, _)) = traveller("a_measure_that_is_passed", stores).await else {
            return;
        };
        bring(&bay, 2, &always(doubt, harm, "")).await;
        let shown = show(&bay, &wallet, &live);
        let (asked, _) = exit(&bay, &wallet, &shown).await;
        assert_eq!(asked.outcome, Outcome::Verify(numbers(&[measure])), "{doubt}");
        // Another measure than the one that was asked for answers nothing: an attempt is gone.
        let other = Shown { done: numbers(&[Measure::Guardian]), ..shown.clone() };
        let (again, _) = exit(&bay, &wallet, &other).await;
        assert_eq!(again.outcome, Outcome::Verify(numbers(&[measure])), "{doubt}");
        let failed_twice = Shown { done: numbers(&[Measure::Guardian, Measure::Pin]), ..shown };
        let (person, _) = exit(&bay, &wallet, &failed_twice).await;
        assert_eq!(
            person.outcome,
            Outcome::Verify(numbers(&[Measure::Officer])),
            "{doubt}: after two attempts"
        );

        let shown = show(&bay, &wallet, &live);
        exit(&bay, &wallet, &shown).await;
        let done = Shown { done: numbers(&[measure]), ..shown };
        let (admitted, _) = exit(&bay, &wallet, &done).await;
        assert_eq!(admitted.outcome, Outcome::Admit, "{doubt}");
        let record = bay.chn.risk_record(&admitted.reference, bay.now).await.unwrap().unwrap().record;
        assert_eq!(record.end(), End::Answered);
        assert_eq!(record.asked().len(), 1);
    }
}

#[tokio::test]
async fn faces_that_were_anothers_make_the_next_look_a_stricter_one() {
    let Some((bay, wallet, live, stranger)) = traveller("faces_that_were_anothers", in_memory().await).await
    else {
        return;
    };
    assert_eq!(exit(&bay, &wallet, &show(&bay, &wallet, &stranger)).await.1, "face_mismatch");
    assert_eq!(exit(&bay, &wallet, &show(&bay, &wallet, &stranger)).await.1, "face_mismatch");
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_eq!(verdict.outcome, Outcome::Admit, "a turned head or two are no doubt");
    let other = crate::bay::Shown { clearance: [9; 16], ..show(&bay, &wallet, &stranger) };
    assert_eq!(exit(&bay, &wallet, &other).await.1, "face_mismatch");
    let (verdict, code) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    let second = Outcome::Verify(numbers(&[Measure::SecondLook]));
    assert_eq!((verdict.outcome, code.as_str()), (second, "risk_check"));
}

#[tokio::test]
async fn two_crossings_closer_together_than_the_way_between_them_ask_for_the_document() {
    let Some((mut bay, _, live, _)) = traveller("two_crossings_closer", in_memory().await).await else {
        return;
    };
    let session = enrol(&bay, &live).await;
    let second = token(&bay, &session).await;
    let third = token(&bay, &session).await;
    let shown = show(&bay, &second, &live);
    let (exit_signed, verdict, _) = ask(&bay, &second, &shown, Side::Exit).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
    let (entry_signed, _, _) = ask(&bay, &second, &shown, Side::Entry).await;
    pass(&bay, &shown, 1, [0; 32], &[&exit_signed, &entry_signed]).await;
    // The same way once more, three minutes later, and nobody saw them come back. The endorsement's one entry is used up, so the
    // mainland refuses; what its rules found stands in the record all the same.
    bay.now = bay.now.plus_seconds(180);
    let (verdict, _) = exit(&bay, &third, &show(&bay, &third, &live)).await;
    let record = bay.chn.risk_record(&verdict.reference, bay.now).await.unwrap().unwrap().record;
    assert!(
        record.for_officer(false).doubts.contains(&"travel_impossible"),
        "{:?}",
        record.for_officer(false)
    );
}

#[tokio::test]
async fn rules_come_into_force_by_the_supervisors_signature_and_what_is_wrong_with_them_changes_nothing() {
    let Some((bay, wallet, live, _)) = traveller("rules_come_into_force", in_memory().await).await else {
        return;
    };
    let sign =
        |number, text: &str, stage, key: &SigningKey| risk_rules((Chn, number), text, stage, key, bay.now);
    let stranger = SigningKey::generate().unwrap();
    let take = async |signed: &[u8]| bay.chn.take_risk_rules(signed, "own.toml", bay.now).await;
    let unsigned = take(&sign(2, RULES_TEXT, Stage::Full, &stranger)).await;
    assert!(matches!(unsigned, Err(RiskRulesError::Faults(_))), "{unsigned:?}");
    assert!(matches!(take(b"no message").await, Err(RiskRulesError::Unsigned { .. })));
    let broken = format!("{RULES_TEXT}\n[[rule]]\nid = \"x\"\n");
    let refused = take(&sign(2, &broken, Stage::Full, &bay.supervisors)).await.unwrap_err().to_string();
    assert!(refused.contains("own.toml:"), "the file and the line are named: {refused}");
    assert_eq!(bay.chn.risk_rules().newest().unwrap().0, 1);

    // On trial it is scored and asks for nothing.
    take(&sign(2, &always("whose_face", "high", ""), Stage::Shadow, &bay.supervisors)).await.unwrap();
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
    let report = bay.chn.risk_report(bay.now.plus_seconds(-60), bay.now.plus_seconds(60)).await.unwrap();
    let always_rule = report.rules.iter().find(|(rule, _)| rule.as_str() == "always").unwrap().1;
    assert_eq!((always_rule.in_shadow, always_rule.held), (1, 0));
    take(&sign(3, &always("whose_face", "high", ""), Stage::Full, &bay.supervisors)).await.unwrap();
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_eq!(verdict.outcome, Outcome::Verify(numbers(&[Measure::Officer])));
    let older = take(&sign(2, RULES_TEXT, Stage::Full, &bay.supervisors)).await.unwrap_err().to_string();
    assert!(older.contains("risk_rolled_back") || older.contains('3'), "{older}");
    // A service that starts again takes up where it was.
    let refused = bay.chn.load_risk_rules(bay.now).await.unwrap();
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(bay.chn.risk_rules().full().unwrap().version().number, 3);
}

async fn a_day_replays_bit_for_bit_and_a_persons_records_go_with_them(test: &str, stores: [Place; 2]) {
    let Some((bay, wallet, live, stranger)) = traveller(test, stores).await else { return };
    exit(&bay, &wallet, &show(&bay, &wallet, &stranger)).await;
    for _ in 0..3 {
        exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    }
    let day = bay.now.local_date();
    let replayed = bay.chn.replay_risks(day).await.unwrap();
    assert_eq!((replayed.same, replayed.other.len(), replayed.no_rules), (3, 0, 0));
    assert_eq!(bay.chn.replay_risks(day.plus_days(1)).await.unwrap().same, 0);
    let count = async |table: &str| {
        let sql = format!("SELECT COUNT(*) FROM {table}");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(bay.chn.store().pool()).await.unwrap();
        sqlx::Row::get::<i64, _>(&row, 0)
    };
    for table in ["risk_person", "risk_day", "risk_verdict"] {
        assert!(count(table).await > 0, "{table}");
    }
    let number = DocumentNumber::recognise(NUMBER).unwrap();
    bay.chn.erase(&number, bay.now).await.unwrap();
    for table in ["risk_person", "risk_day", "risk_verdict", "suspension"] {
        assert_eq!(count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_day_replays_bit_for_bit_and_a_persons_records_go_with_them_over_sqlite() {
    a_day_replays_bit_for_bit_and_a_persons_records_go_with_them("a_day_replays_sqlite", in_memory().await)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_replays_bit_for_bit_and_a_persons_records_go_with_them_over_postgresql() {
    let Some(cluster) = Cluster::start("a_day_replays_postgresql").await else { return };
    a_day_replays_bit_for_bit_and_a_persons_records_go_with_them(
        "a_day_replays_postgresql",
        cluster.two("replay").await,
    )
    .await;
}

/// What the status list says of the tokens that this authority ended or suspended.
async fn listed(service: &Service, now: Timestamp) -> usize {
    let list = status_list_number(KeyClass::Software.expiry_for(now.local_date()));
    service.status_list(list, now).await.unwrap().len()
}

#[tokio::test]
async fn a_suspension_that_a_rule_asks_for_needs_an_officer_within_the_hour_and_can_be_lifted() {
    let Some((mut bay, wallet, live, _)) = traveller("a_suspension", in_memory().await).await else { return };
    bring(&bay, 2, &always("device_cloned", "high", "suspends = true")).await;
    let (asked, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    let waiting = bay.chn.asked_suspensions(bay.now).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].reference), (1, Some(asked.reference)));
    // Nobody looks: it lapses, and nothing happened.
    bay.now = bay.now.plus_seconds(3600);
    assert!(bay.chn.asked_suspensions(bay.now).await.unwrap().is_empty());
    let why = ("officer 7", "two phones at once");
    let late = bay.chn.decide_suspension(&asked.reference, SuspensionDecision::Confirm, why, bay.now).await;
    assert!(matches!(late, Err(AppealError::NoSuspension)), "{late:?}");

    let session = enrol(&bay, &live).await;
    let wallet = token(&bay, &session).await;
    let (asked, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    let before = listed(&bay.chn, bay.now).await;
    bay.chn.decide_suspension(&asked.reference, SuspensionDecision::Confirm, why, bay.now).await.unwrap();
    let (verdict, code) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_eq!((verdict.outcome, code.as_str()), (Outcome::Refer, "pass_suspended"));
    assert!(listed(&bay.chn, bay.now.plus_seconds(1)).await > 0 && before > 0);
    let device = SigningKey::generate().unwrap();
    let proof = authority::possession(&device, Chn, Chn, &session, bay.now).unwrap();
    let keys = [authority::DeviceProof { key: *device.public(), proof }];
    let refused = bay.chn.issue(&session, &keys, None, bay.now).await;
    assert!(matches!(refused, Err(IssueError::Suspended)), "no codes for a suspended pass");
    bay.chn.decide_suspension(&asked.reference, SuspensionDecision::Lift, why, bay.now).await.unwrap();
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_ne!(verdict.outcome, Outcome::Refer, "codes count again, as far as the rules let them");
    bay.chn.issue(&session, &keys, None, bay.now).await.unwrap();
}

#[tokio::test]
async fn an_appeal_is_acknowledged_answered_by_a_person_and_takes_a_rule_out_of_force_that_is_often_wrong() {
    let Some((bay, wallet, live, _)) = traveller("an_appeal", in_memory().await).await else { return };
    bring(&bay, 2, &always("whose_face", "high", "")).await;
    let refused = bay.chn.appeal(&[3; 16], ("it was me", "en"), bay.now).await;
    assert!(matches!(refused, Err(AppealError::UnknownReference)));
    for round in 0..20 {
        let (verdict, code) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
        assert_eq!(code, "risk_check", "round {round}: the rule still counts");
        let reference = verdict.reference;
        if round == 0 {
            let long = "x".repeat(LONGEST_WORDS + 1);
            for (words, language, field) in
                [("", "en", "words"), (long.as_str(), "en", "words"), ("me", "de", "language")]
            {
                let refused = bay.chn.appeal(&reference, (words, language), bay.now).await;
                let fits = match field {
                    "words" => matches!(refused, Err(AppealError::Words)),
                    _ => matches!(refused, Err(AppealError::Language)),
                };
                assert!(fits, "{field}");
            }
        }
        let taken = bay.chn.appeal(&reference, ("It was me. 是我。", "zh-Hant"), bay.now).await.unwrap();
        assert_eq!(taken.due_at, "2026-03-24T00:00:00+08:00".parse().unwrap(), "fifteen working days");
        let again = bay.chn.appeal(&reference, ("again", "en"), bay.now.plus_seconds(5)).await.unwrap();
        assert_eq!((again.made_at, again.words.as_str()), (bay.now, "It was me. 是我。"));
        assert_eq!(bay.chn.open_appeals().await.unwrap().len(), 1);
        assert_eq!(bay.chn.overdue_appeals(taken.due_at.plus_seconds(1)).await.unwrap(), 1);
        let right = round < 5;
        let said = ("supervisor 1", "We looked again.");
        bay.chn.answer_appeal(&reference, right, said, bay.now).await.unwrap();
        let twice = bay.chn.answer_appeal(&reference, !right, said, bay.now).await;
        assert!(matches!(twice, Err(AppealError::NoOpenAppeal)));
        let answered = bay.chn.find_appeal(&reference).await.unwrap().unwrap();
        let outcome = if right { AppealOutcome::Succeeded } else { AppealOutcome::Failed };
        assert_eq!((answered.outcome, answered.answer.as_str()), (outcome, "We looked again."));
    }
    // Five of twenty: above a fifth.
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
    let replayed = bay.chn.replay_risks(bay.now.local_date()).await.unwrap();
    assert_eq!(
        (replayed.same, replayed.other.len()),
        (21, 0),
        "the day replays as it was, with the rule in force and in shadow"
    );
    bay.chn.load_risk_rules(bay.now).await.unwrap();
    let (verdict, _) = exit(&bay, &wallet, &show(&bay, &wallet, &live)).await;
    assert_ne!(verdict.outcome, Outcome::Verify(numbers(&[Measure::Officer])), "also after a new start");
}

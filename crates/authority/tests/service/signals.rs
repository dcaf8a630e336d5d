//! Signals that an authority fills from what it knows already: each reaches the rules, by a verdict as a gate asks for it.

use std::collections::BTreeSet;

use credential::message::Outcome;
use documents::{DocumentNumber, Measure, Side};

use crate::bay::{
    Bay, NUMBER, RECORD, Wallet, ask, bay, bay_with, enrol, in_memory, pass, photographs, show, token, wallet,
};
use crate::http::MORNING;
use crate::indistinguishable::SimulatedClock;
use crate::risk::{bring, end, numbers, rule};

/// Somebody who drives across the boundary for a firm: an endorsement of kind S of the week before, any number of trips.
const DRIVER: &str = r#"{
  "person": {"name": "SPECIMEN LI NA", "name_zh": "李娜样本", "birth": "1991-05-06", "home": "CHN", "city": "Zhuhai",
    "height_cm": 165},
  "documents": [{"kind": "exit_entry_permit", "number": "CA1234567", "expires": "2030-01-01",
    "endorsements": [{"kind": "S", "destination": "MAC", "from": "2026-02-23", "to": "2027-02-22", "entries": "multi"}]}]
}"#;

/// A rule for each signal.
fn rules(wanted: &[(&str, &str, (&str, &str))]) -> String {
    let rule = |(id, when, cases): &(&str, &str, (&str, &str))| {
        rule(id, ("unusual_use", "low", "stage = \"shadow\""), when, *cases)
    };
    let rules: String = wanted.iter().map(rule).collect();
    format!("name = \"signals\"\n{rules}")
}

/// The rules that held of the crossings of this moment.
async fn held(bay: &Bay) -> BTreeSet<String> {
    let (from, to) = (bay.now.plus_seconds(-1), bay.now.plus_seconds(1));
    let report = bay.chn.risk_report(from, to).await.unwrap();
    let held = report.rules.iter().filter(|(_, figures)| figures.in_shadow + figures.held > 0);
    held.map(|(rule, _)| rule.as_str().to_owned()).collect()
}

async fn exit(bay: &Bay, wallet: &Wallet, live: &[u8]) -> (credential::message::Verdict, String) {
    let (_, verdict, code) = ask(bay, wallet, &show(bay, wallet, live), Side::Exit).await;
    (verdict, code)
}

#[tokio::test]
async fn what_the_token_the_part_and_the_endorsements_say_reaches_the_rules() {
    let rules = rules(&[
        (
            "part_of_today",
            "part_reissued_today",
            ("part_reissued_today = true", "part_reissued_today = false"),
        ),
        (
            "not_attested",
            "attestation == 'missing'",
            ("attestation = \"missing\"", "attestation = \"hardware\""),
        ),
        ("last_entry", "entries_left <= 1", ("entries_left = 1", "entries_left = 2")),
        (
            "new_endorsement",
            "endorsements_reissued_month >= 1",
            ("endorsements_reissued_month = 1", "endorsements_reissued_month = 0"),
        ),
        (
            "declared",
            "frequent_by_declaration",
            ("frequent_by_declaration = true", "frequent_by_declaration = false"),
        ),
    ]);
    let Some((photo, live, _)) = photographs("what_the_token_the_part") else { return };
    for (record, every_day) in [
        (RECORD, &["last_entry", "not_attested"][..]),
        (DRIVER, &["declared", "new_endorsement", "not_attested"][..]),
    ] {
        let mut today = every_day.to_vec();
        today.push("part_of_today");
        let mut bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
        bay.chn.add_resident(record, &photo, bay.now).await.unwrap();
        let wallet = wallet(&bay, &live).await;
        bring(&bay, 2, &rules).await;
        for expected in [today.as_slice(), every_day] {
            exit(&bay, &wallet, &live).await;
            assert_eq!(held(&bay).await.iter().collect::<Vec<_>>(), expected);
            bay.now = bay.now.plus_seconds(86_400);
        }
    }
}

#[tokio::test]
async fn a_code_that_is_refused_counts_for_the_person_to_whom_it_was_issued() {
    let Some((photo, live, _)) = photographs("a_code_that_is_refused") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(DRIVER, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let (first, second) = (token(&bay, &session).await, token(&bay, &session).await);
    let when = "code_failures_hour >= 1";
    bring(&bay, 2, &rules(&[("refused", when, ("code_failures_hour = 1", "code_failures_hour = 0"))])).await;
    let shown = show(&bay, &first, &live);
    let (exit_signed, _, code) = ask(&bay, &first, &shown, Side::Exit).await;
    assert_eq!((code.as_str(), held(&bay).await.len()), ("admitted", 0));
    let (entry_signed, _, _) = ask(&bay, &first, &shown, Side::Entry).await;
    pass(&bay, &shown, 1, [0; 32], &[&exit_signed, &entry_signed]).await;
    // Spent: whoever shows it again shows it to no purpose, and it counts.
    let (_, code) = exit(&bay, &first, &live).await;
    assert_eq!(code, "token_spent");
    assert!(held(&bay).await.is_empty(), "what the rules see is what was before");
    exit(&bay, &second, &live).await;
    assert_eq!(held(&bay).await.iter().collect::<Vec<_>>(), ["refused"]);
}

#[tokio::test]
async fn a_lane_at_which_answers_take_long_is_told_to_its_operator_and_asks_nothing_of_a_traveller() {
    let Some((photo, live, _)) = photographs("a_lane_at_which_answers_take_long") else { return };
    let clock = SimulatedClock::default();
    let bay = bay_with(MORNING.parse().unwrap(), in_memory().await, &|risk| clock.attach(risk)).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    for (takes, slow) in [(7_000, false), (7_000, true)] {
        clock.next_takes(takes);
        let (verdict, _) = exit(&bay, &wallet, &live).await;
        assert_eq!(verdict.outcome, Outcome::Admit);
        assert_eq!(held(&bay).await.contains("lane_slow"), slow, "the first answer knows none before it");
    }
}

#[tokio::test]
async fn whom_an_officer_asked_to_see_is_seen_and_looks_like_a_hit_to_all_without_the_right_to_lists() {
    let Some((photo, live, _)) = photographs("whom_an_officer_asked_to_see") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = wallet(&bay, &live).await;
    let number = DocumentNumber::recognise(NUMBER).unwrap();
    bay.chn.ask_to_see(&number, bay.now.plus_seconds(3600)).await.unwrap();
    let (verdict, code) = exit(&bay, &wallet, &live).await;
    let officer = Outcome::Verify(numbers(&[Measure::Officer]));
    assert_eq!((&verdict.outcome, code.as_str()), (&officer, "risk_check"));
    assert_eq!(end(&bay, &verdict).await, ::risk::reason::End::Open);
    let record = bay.chn.risk_record(&verdict.reference, bay.now).await.unwrap().unwrap().record;
    assert_eq!(record.for_officer(false).doubts, ["other"]);
    assert_eq!(held(&bay).await.iter().collect::<Vec<_>>(), ["an_officer_asked"]);
    // The entry ends by itself.
    bay.now = bay.now.plus_seconds(3600);
    let (verdict, _) = exit(&bay, &wallet, &live).await;
    assert_eq!(verdict.outcome, Outcome::Admit);
}

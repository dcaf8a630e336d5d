//! One traveller, two authorities, real photographs: what each of them answers to what a lane shows, over SQLite.

use credential::message::Outcome;
use documents::{Measure, Side};

use crate::bay::{RECORD, Shown, ask, bay, in_memory, photographs, show};
use crate::life;

#[tokio::test]
async fn one_scan_gets_two_verdicts_and_a_passage_is_counted_once_on_each_side() {
    life::one_scan_gets_two_verdicts_and_a_passage_is_counted_once_on_each_side(in_memory().await).await;
}

#[tokio::test]
async fn a_part_that_was_moved_changed_or_made_by_the_traveller_never_opens() {
    life::a_part_that_was_moved_changed_or_made_by_the_traveller_never_opens(in_memory().await).await;
}

#[tokio::test]
async fn an_ended_pass_and_a_lost_permit_open_nothing_and_a_port_without_approval_stays_shut() {
    life::an_ended_pass_and_a_lost_permit_open_nothing_and_a_port_without_approval_stays_shut(
        in_memory().await,
    )
    .await;
}

#[tokio::test]
async fn a_replaced_permit_ends_its_codes_and_the_pass_goes_on_with_the_new_one() {
    life::a_replaced_permit_ends_its_codes_and_the_pass_goes_on_with_the_new_one(in_memory().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_lanes_at_once_reserve_one_person_once() {
    life::two_lanes_at_once_reserve_one_person_once(in_memory().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_that_ends_while_tokens_are_issued_leaves_none_in_force() {
    life::a_pass_that_ends_while_tokens_are_issued_leaves_none_in_force(in_memory().await).await;
}

#[tokio::test]
async fn whoever_shows_no_face_is_compared_with_the_document_by_an_officer_and_the_verdict_says_so() {
    let Some((photo, live, _)) = photographs("whoever_shows_no_face") else { return };
    let bay = bay("2026-03-02T10:00:00+08:00".parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = crate::bay::wallet(&bay, &live).await;
    let shown = Shown { probe: Vec::new(), ..show(&bay, &wallet, &live) };
    let number = clearance::measure_number;
    let both = vec![number(Measure::PhysicalDocument), number(Measure::Officer)];
    for side in [Side::Exit, Side::Entry] {
        // Neither the document alone nor the officer alone is the comparison.
        for (done, wanted) in [
            (vec![], both.clone()),
            (vec![number(Measure::PhysicalDocument)], vec![number(Measure::Officer)]),
            (vec![number(Measure::Officer)], vec![number(Measure::PhysicalDocument)]),
        ] {
            let (_, verdict, code) = ask(&bay, &wallet, &Shown { done, ..shown.clone() }, side).await;
            assert_eq!((verdict.outcome, code.as_str()), (Outcome::Verify(wanted), "face_absent"));
        }
        let (_, verdict, code) =
            ask(&bay, &wallet, &Shown { done: both.clone(), ..shown.clone() }, side).await;
        assert_eq!((&verdict.outcome, code.as_str()), (&Outcome::Admit, "admitted"));
        let service = if side == Side::Exit { &bay.chn } else { &bay.mac };
        let detail = service.reason(&verdict.reference).await.unwrap().unwrap().detail;
        assert!(detail.starts_with("face_absent"), "{detail}");
    }
    // Bytes that are no probe are not the absence of a face.
    let (_, _, code) = ask(&bay, &wallet, &Shown { probe: vec![0], done: both, ..shown }, Side::Exit).await;
    assert_eq!(code, "probe_unreadable");
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    use sqlx::{Executor, SqlSafeStr};
    let place = crate::bay::place("sqlite::memory:").await;
    for (name, sql) in authority::store::statements() {
        place.store.pool().prepare(sql.into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

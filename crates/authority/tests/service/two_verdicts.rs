//! One traveller, two authorities, real photographs: what each of them answers to what a lane shows, over SQLite.

use authority::ServiceError;
use authority::store::Store;
use credential::message::Outcome;
use documents::{Measure, Side};
use sqlx::Row;

use crate::bay::{RECORD, Shown, ask, bay, enrol, envelope, in_memory, photographs, show, token};
use crate::http::CHAN;
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
    bay.chn.add_resident(RECORD, &photo).await.unwrap();
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
        let (_, _, detail) = service.reason(&verdict.reference).await.unwrap().unwrap();
        assert!(detail.starts_with("face_absent"), "{detail}");
    }
    // Bytes that are no probe are not the absence of a face.
    let (_, _, code) = ask(&bay, &wallet, &Shown { probe: vec![0], done: both, ..shown }, Side::Exit).await;
    assert_eq!(code, "probe_unreadable");
}

/// SQLite's page limit stands for a full disk.
#[tokio::test]
async fn a_full_disk_is_told_as_such_and_nothing_is_lost() {
    let Some((photo, live, _)) = photographs("a_full_disk") else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("ledger.db").display());
    let store = Store::open(&url).await.unwrap();
    let pool = store.pool().clone();
    let bay = bay(
        "2026-03-02T10:00:00+08:00".parse().unwrap(),
        [store, Store::open("sqlite::memory:").await.unwrap()],
    )
    .await;
    bay.chn.add_resident(RECORD, &photo).await.unwrap();
    let session = enrol(&bay, &live).await;
    let issued = token(&bay, &session).await;
    let pages: i64 = sqlx::query("PRAGMA page_count").fetch_one(&pool).await.unwrap().get(0);
    let limit = async |pages: i64| {
        let sql = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(sql).fetch_one(&pool).await.unwrap().get::<i64, _>(0)
    };
    assert_eq!(limit(pages).await, pages, "the limit holds");
    // Free pages of the file may hold a small photo.
    let large = [photo, vec![0; 200_000]].concat();
    let full = bay.chn.add_resident(CHAN, &large).await;
    let Err(ServiceError::Store(error)) = full else { panic!("a photo fits into no page: {full:?}") };
    assert!(error.to_string().contains("check its disk space"), "{error}");
    // Wherever the disk is full, a verdict or nothing: until no more fits, then an error each time.
    let shown = show(&bay, &issued, &live);
    let mut last = None;
    for _ in 0..400 {
        let (envelope, _) =
            envelope(&bay, &issued, &Shown { clearance: [3; 16], ..shown.clone() }, Side::Exit);
        if let Err(error) = bay.chn.verdict(&envelope, bay.now).await {
            last = Some(error);
            break;
        }
    }
    assert!(matches!(last, Some(ServiceError::Store(_))), "four hundred verdicts fitted into no page");
    limit(1 << 30).await;
    let sound: String = sqlx::query("PRAGMA integrity_check").fetch_one(&pool).await.unwrap().get(0);
    assert_eq!(sound, "ok");
    assert_eq!(ask(&bay, &issued, &Shown { clearance: [3; 16], ..shown }, Side::Exit).await.2, "admitted");
    bay.chn.add_resident(CHAN, &large).await.expect("what did not fit was not half written");
    drop(bay);
    pool.close().await;
    let again = Store::open(&url).await.unwrap();
    let people: i64 =
        sqlx::query("SELECT COUNT(*) FROM person").fetch_one(again.pool()).await.unwrap().get(0);
    assert_eq!(people, 2, "and it is all there after a second start");
}

#[tokio::test]
async fn every_statement_can_be_prepared() {
    use sqlx::{Executor, SqlSafeStr};
    let store = Store::open("sqlite::memory:").await.unwrap();
    for (name, sql) in authority::store::STATEMENTS {
        store.pool().prepare((*sql).into_sql_str()).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

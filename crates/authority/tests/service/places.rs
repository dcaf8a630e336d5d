//! Places in the status lists: they do not run out before the last is taken, they come back, and they tell nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use authority::{
    DeviceProof, IssueError, IssuedBatch, KEY_ID, LARGEST_LIST, StatusCapacity, possession,
    status_list_numbers, status_lists_in_use, status_name,
};
use credential::status::{SignedStatusList, Status};
use credential::{KeyClass, SigningKey, StatusRef, UnverifiedToken};
use documents::AuthorityCode::Chn;
use documents::Timestamp;
use serde_json::json;
use sqlx::Row as _;
use trust::Role;

use crate::bay::{Bay, Place, RECORD, bay, enrol, in_memory, photographs};
use crate::door::{Door, b64};
use crate::postgres::Cluster;

/// A Friday: tokens of keys in software end on the Monday that follows, those of the Wednesday after in the same week.
const FRIDAY: &str = "2026-03-06T10:00:00+08:00";
const DAY: i64 = 86_400;

/// A bay whose mainland has so many places, and an enrolled wallet.
async fn bay_with(
    stores: [Place; 2],
    capacity: StatusCapacity,
    photographs: (&[u8], &[u8]),
) -> (Bay, [u8; 32]) {
    let mut bay = bay(FRIDAY.parse().unwrap(), stores).await;
    let service = Arc::into_inner(bay.chn).unwrap();
    bay.chn = Arc::new(service.with_status_capacity(capacity).with_device_keys_a_day(100_000));
    bay.chn.add_resident(RECORD, photographs.0, bay.now).await.unwrap();
    let session = enrol(&bay, photographs.1).await;
    (bay, session)
}

fn device_keys(session: &[u8; 32], keys: &[SigningKey], now: Timestamp) -> Vec<DeviceProof> {
    let proof = |key: &SigningKey| possession(key, Chn, Chn, session, now).unwrap();
    keys.iter().map(|key| DeviceProof { key: *key.public(), proof: proof(key) }).collect()
}

fn keys(count: usize) -> Vec<SigningKey> {
    (0..count).map(|_| SigningKey::generate().unwrap()).collect()
}

async fn ask(bay: &Bay, session: &[u8; 32], count: usize, now: Timestamp) -> Result<IssuedBatch, IssueError> {
    bay.chn.issue(session, &device_keys(session, &keys(count), now), None, now).await
}

fn places(batch: &IssuedBatch) -> Vec<StatusRef> {
    batch.tokens.iter().map(|t| UnverifiedToken::parse(&t.token).unwrap().claims().status).collect()
}

/// A status list of the mainland, as everybody reads it.
async fn list(bay: &Bay, number: u8, now: Timestamp) -> SignedStatusList {
    let bytes = bay.chn.status_list(number, now).await.unwrap();
    let key = bay.trust.find(Chn, Role::Status, KEY_ID, bay.now).unwrap();
    SignedStatusList::open(&bytes, key, &status_name(Chn, number)).unwrap()
}

async fn nothing_is_refused_before_the_last_place_is_taken_and_places_come_back(stores: [Place; 2]) {
    let Some((photo, live, _)) = photographs("nothing_is_refused_before_the_last_place") else { return };
    let (bay, session) = bay_with(stores, StatusCapacity::with_places(2, [100, 200]), (&photo, &live)).await;
    let pool = bay.chn.store().pool().clone();
    let ends = KeyClass::Software.expiry_for(bay.now.local_date());
    let [first, second, ..] = status_list_numbers(ends);
    let percent = async |now| bay.chn.status_fill(now).await.unwrap()[1].percent();
    let (mut taken, mut left) = (BTreeSet::new(), 380);
    while left > 0 {
        let batch = ask(&bay, &session, left.min(64), bay.now).await.unwrap();
        left -= batch.tokens.len();
        taken.extend(places(&batch));
    }
    assert_eq!((taken.len(), percent(bay.now).await), (380, 95), "each token has a place of its own");
    for n in 1..=10 {
        let batch = ask(&bay, &session, 2, bay.now).await;
        taken.extend(places(&batch.unwrap_or_else(|error| panic!("batch {n} of 10 at 95 %: {error}"))));
    }
    let lists: BTreeSet<u8> = taken.iter().map(|place| place.list()).collect();
    assert_eq!((taken.len(), lists, percent(bay.now).await), (400, BTreeSet::from([first, second]), 100));

    let kept = keys(3);
    let refused = bay.chn.issue(&session, &device_keys(&session, &kept, bay.now), None, bay.now).await;
    let Err(error @ IssueError::NoStatusPlace) = refused else { panic!("{refused:?}") };
    assert!(error.to_string().contains("keep these device keys"), "{error}");
    let logged = sqlx::query("SELECT COUNT(*) FROM device").fetch_one(&pool).await.unwrap();
    assert_eq!(logged.get::<i64, _>(0), 400, "nothing of the refused batch is left");

    // Whoever follows the lists learns of the second one from the size of the first.
    let now = bay.now.plus_seconds(1);
    sqlx::query("UPDATE token SET status = 1").execute(&pool).await.unwrap();
    let held = list(&bay, first, now).await.list;
    assert_eq!(held.len(), usize::try_from(LARGEST_LIST).unwrap());
    let entries = |number| if number == first { held.len() } else { 0 };
    assert_eq!(status_lists_in_use(ends, entries), [first, second]);
    let held = [held, list(&bay, second, now).await.list];
    for place in &taken {
        let list = &held[usize::from(place.list() != first)];
        assert_eq!(list.get(place.index()), Some(Status::Invalid), "{place:?}");
    }

    // The tokens have ended, and the last list that named them has too: the same keys get places now.
    let early = ends.plus_seconds(DAY - 1);
    let refused = bay.chn.issue(&session, &device_keys(&session, &kept, early), None, early).await;
    assert!(matches!(refused, Err(IssueError::NoStatusPlace)), "{refused:?}");
    let later = ends.plus_seconds(DAY + 1);
    let given = bay.chn.issue(&session, &device_keys(&session, &kept, later), None, later).await.unwrap();
    let again = places(&given);
    assert!(again.iter().all(|place| taken.contains(place)), "in the same week, so in the same lists");
    for place in &again {
        let list = list(&bay, place.list(), later).await.list;
        assert_eq!(list.get(place.index()), Some(Status::Valid), "what ended there says nothing of the next");
    }
    assert_eq!(bay.chn.status_fill(later).await.unwrap()[0].taken, 3);
    let done = bay.chn.enforce_retention(later).await.unwrap().unwrap();
    assert_eq!(done.freed, 397, "and the others are free before they are deleted");
    assert_eq!(list(&bay, first, later).await.list.get(65_536), Some(Status::Valid));
}

#[tokio::test(flavor = "multi_thread")]
async fn places_run_out_with_the_last_one_and_come_back() {
    nothing_is_refused_before_the_last_place_is_taken_and_places_come_back(in_memory().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_run_out_with_the_last_one_and_come_back_over_postgresql() {
    let Some(cluster) = Cluster::start("places_run_out_with_the_last_one").await else { return };
    nothing_is_refused_before_the_last_place_is_taken_and_places_come_back(cluster.two("places").await).await;
}

/// A list of an installation of the version before, filled to 95 per cent from its first place on.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_full_grows_and_ten_of_ten_batches_get_their_places() {
    let Some((photo, live, _)) = photographs("a_list_that_was_full_grows") else { return };
    let capacity = StatusCapacity::with_places(7, [10_000, 20_000, 40_000]);
    let (bay, session) = bay_with(in_memory().await, capacity, (&photo, &live)).await;
    let ends = KeyClass::Software.expiry_for(bay.now.local_date());
    let [first, ..] = status_list_numbers(ends);
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9499) INSERT INTO token \
         (tag, person_key, list, place, expires, status) SELECT randomblob(32), randomblob(16), $1, 65536 + i, $2, 0 FROM n",
    )
    .bind(i16::from(first))
    .bind(ends.unix())
    .execute(bay.chn.store().pool())
    .await
    .unwrap();
    let mut taken = Vec::new();
    for n in 1..=10 {
        let batch =
            ask(&bay, &session, 64, bay.now).await.unwrap_or_else(|error| panic!("batch {n}: {error}"));
        taken.extend(places(&batch));
    }
    assert!(taken.iter().all(|place| place.list() == first), "one list has room enough");
    assert!(taken.iter().any(|place| place.index() >= 65_536 + 10_000), "it has grown");
    let held = list(&bay, first, bay.now).await.list;
    assert!(
        taken.iter().all(|place| held.get(place.index()) == Some(Status::Valid)),
        "and is signed as large"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn places_of_one_batch_are_neither_in_order_nor_near_each_other() {
    let Some((photo, live, _)) = photographs("places_of_one_batch") else { return };
    let (bay, session) = bay_with(in_memory().await, StatusCapacity::default(), (&photo, &live)).await;
    for _ in 0..5 {
        let batch = ask(&bay, &session, 64, bay.now).await.unwrap();
        let indexes: Vec<u32> = places(&batch).iter().map(|place| place.index()).collect();
        assert!(!indexes.is_sorted() && !indexes.iter().rev().is_sorted(), "{indexes:?}");
        let steps: u64 = indexes.windows(2).map(|pair| u64::from(pair[0].abs_diff(pair[1]))).sum();
        // Two that are drawn evenly from 983,040 places lie a third of them apart.
        let mean = steps / 63;
        assert!((983_040 / 5..983_040 / 2).contains(&mean), "{mean}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_keeps_its_keys_where_the_lists_are_full_and_an_operator_hears_of_it() {
    let Some((photo, live, _)) = photographs("a_wallet_keeps_its_keys") else { return };
    let (bay, session) =
        bay_with(in_memory().await, StatusCapacity::with_places(1, [10]), (&photo, &live)).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let secret = b64(&session);
    let devices = |keys: &[SigningKey], now| {
        let shown = device_keys(&session, keys, now);
        let shown = shown.iter().map(|d| json!({ "key": b64(d.key.as_bytes()), "proof": b64(&d.proof) }));
        json!({ "key_class": "software", "devices": shown.collect::<Vec<_>>() })
    };
    chn.post("/v1/tokens", Some(&secret), &devices(&keys(7), bay.now)).await.is(200);
    let details = chn.get("/health/details", None).await.is(200).json();
    assert_eq!(
        details["status_places"][1],
        json!({"weeks_ahead": 1, "taken": 7, "places": 10, "percent": 70})
    );
    let warned = |details: &serde_json::Value| details["warnings"].to_string().contains("status lists");
    assert!(!warned(&details), "{details}");
    chn.post("/v1/tokens", Some(&secret), &devices(&keys(1), bay.now)).await.is(200);
    assert!(warned(&chn.get("/health/details", None).await.is(200).json()), "80 per cent");
    let metrics = chn.get("/metrics", None).await.is(200).text();
    for line in ["status_places_taken{weeks_ahead=\"1\"} 8", "status_places{weeks_ahead=\"1\"} 10"] {
        assert!(metrics.contains(&format!("baypass_authority_{line}")), "{line} is not in\n{metrics}");
    }

    let kept = keys(3);
    for _ in 0..2 {
        let refused = chn.post("/v1/tokens", Some(&secret), &devices(&kept, bay.now)).await;
        chn.problem(&refused, "tokens", "status_places_taken");
        assert_eq!((refused.status, refused.header("retry-after")), (503, "3600"));
        assert!(refused.json()["detail"].as_str().unwrap().contains("keep these device keys"));
    }
    let ends = KeyClass::Software.expiry_for(bay.now.local_date());
    let later = ends.plus_seconds(DAY + 1);
    chn.clock.store(later.unix(), Ordering::SeqCst);
    chn.post("/v1/tokens", Some(&secret), &devices(&kept, later)).await.is(200);
}

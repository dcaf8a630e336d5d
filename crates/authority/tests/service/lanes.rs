//! Lanes before wallets: a storm of wallets takes no verdict from a lane, and no lane stands in its queue.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use authority::possession;
use authority::store::{Store, Tx};
use credential::SigningKey;
use credential::message::{self, Verdict};
use documents::AuthorityCode::Chn;
use documents::{DocumentNumber, Side};
use serde_json::{Value, json};

use crate::bay::{BIRTH, Place, RECORD, bay, enrol, enrol_as, envelope, photographs, place, show, token};
use crate::door::{Door, b64};
use crate::http::MORNING;
use crate::postgres::Cluster;

/// Calls of one wallet that come at once.
const CALLS: usize = 600;
/// Refills that come at once, and the device keys of each.
const REFILLS: usize = 400;
const KEYS: usize = 2;
/// Requests of lanes meanwhile.
const LANE_REQUESTS: usize = 5;

async fn in_a_file(folder: &Path, name: &str) -> Place {
    place(&format!("sqlite://{}", folder.join(name).display())).await
}

/// Lets every task run that can.
async fn settle() {
    for _ in 0..500 {
        tokio::task::yield_now().await;
    }
}

/// Fifty others wait for a transaction, then a lane comes: gives who got one, in their order. `held` are those that the
/// others have already, as many as they may.
async fn order_of(store: &Store, held: Vec<Tx>) -> Vec<&'static str> {
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for lane in [false, true] {
        for _ in 0..if lane { 1 } else { 50 } {
            let (store, order) = (store.clone(), Arc::clone(&order));
            waiting.push(tokio::spawn(async move {
                let tx = if lane { store.begin_for_lane().await } else { store.begin().await }.unwrap();
                order.lock().unwrap().push(if lane { "lane" } else { "other" });
                tx.commit().await.unwrap();
            }));
        }
        settle().await;
    }
    for tx in held {
        tx.commit().await.unwrap();
    }
    for each in waiting {
        each.await.unwrap();
    }
    Arc::into_inner(order).unwrap().into_inner().unwrap()
}

#[tokio::test]
async fn a_lane_writes_before_everybody_who_waits_longer() {
    let folder = tempfile::tempdir().unwrap();
    let store = in_a_file(folder.path(), "ledger.db").await.store;
    let held = vec![store.begin().await.unwrap()];
    let order = order_of(&store, held).await;
    assert_eq!((order.len(), order.iter().position(|who| *who == "lane")), (51, Some(0)));
}

#[tokio::test]
async fn a_lane_reads_and_writes_while_others_have_every_connection_that_they_may() {
    let folder = tempfile::tempdir().unwrap();
    let file = in_a_file(folder.path(), "ledger.db").await.store;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(file.read().await.unwrap());
    }
    let waits = tokio::spawn({
        let file = file.clone();
        async move { file.read().await.map(drop) }
    });
    settle().await;
    assert!(!waits.is_finished(), "the fourth of the others waits");
    file.read_for_lane().await.unwrap().commit().await.unwrap();
    assert!(!waits.is_finished(), "the lane did not wait with it");
    drop(held);
    waits.await.unwrap().unwrap();

    let Some(cluster) = Cluster::start("a_lane_reads_and_writes").await else { return };
    cluster.create("turns").await;
    let url = cluster.url("turns");
    let joint = if url.contains('?') { '&' } else { '?' };
    let server = place(&format!("{url}{joint}connections=4")).await.store;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(server.begin().await.unwrap());
    }
    server.begin_for_lane().await.unwrap().commit().await.unwrap();
    server.read_for_lane().await.unwrap().commit().await.unwrap();
    let others: Vec<_> = (0..50)
        .map(|_| {
            let server = server.clone();
            tokio::spawn(async move { server.begin().await.unwrap().commit().await.unwrap() })
        })
        .collect();
    settle().await;
    // Nobody gives one back before the lane has had its own: a lane that stood in the others' queue would hang here.
    server.begin_for_lane().await.unwrap().commit().await.unwrap();
    assert!(others.iter().all(|other| !other.is_finished()), "the fifty wait");
    drop(held);
    for other in others {
        other.await.unwrap();
    }
}

/// A wallet that is known here fires off everything at once; a lane asks for somebody else.
async fn every_lane_gets_its_verdict_before_a_storm_is_over(stores: [Place; 2]) {
    let Some((photo, live, _)) = photographs("every_lane_gets_its_verdict") else { return };
    let mut bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn = Arc::new(Arc::into_inner(bay.chn).unwrap().with_device_keys_a_day(100_000));
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let other = RECORD.replace("CA1234567", "CA7654321").replace("LI NA", "LI MING").replace("李娜", "李明");
    bay.chn.add_resident(&other, &photo, bay.now).await.unwrap();
    let number = DocumentNumber::recognise("CA7654321").unwrap();
    let who = (&number, "Specimen Li Ming", BIRTH.parse().unwrap());
    let traveller = enrol_as(&bay.chn, who, &live, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let mut asked = Vec::new();
    for _ in 0..LANE_REQUESTS {
        let token = token(&bay, &traveller).await;
        let shown = show(&bay, &token, &live);
        asked.push(envelope(&bay, &token, &shown, Side::Exit));
    }

    let chn = Door::open(&bay.chn, &bay).await;
    let secret = b64(&session);
    let device = || {
        let key = SigningKey::generate().unwrap();
        let proof = possession(&key, Chn, Chn, &session, bay.now).unwrap();
        json!({ "key": b64(key.public().as_bytes()), "proof": b64(&proof) })
    };
    let refill = || {
        let devices: Vec<Value> = (0..KEYS).map(|_| device()).collect();
        json!({ "key_class": "software", "devices": devices })
    };
    let refills: Vec<Value> = (0..REFILLS).map(|_| refill()).collect();
    let answered = Arc::new(AtomicUsize::new(0));
    let mut storm = Vec::new();
    for body in refills.into_iter().map(Some).chain((0..CALLS).map(|_| None)) {
        let (chn, secret, answered) = (chn.clone(), secret.clone(), Arc::clone(&answered));
        storm.push(tokio::spawn(async move {
            let answer = match &body {
                Some(body) => chn.post("/v1/tokens", Some(&secret), body).await,
                None => chn.get("/v1/pass", Some(&secret)).await,
            };
            answered.fetch_add(1, Ordering::SeqCst);
            answer.status
        }));
    }
    while answered.load(Ordering::SeqCst) < 10 {
        tokio::task::yield_now().await;
    }
    for (n, (body, request)) in asked.iter().enumerate() {
        let answer = chn.cbor("/v1/verdicts", body).await.is(200);
        let verdict = Verdict::decode(message::unverified_payload(&answer.body).unwrap()).unwrap();
        assert_eq!(verdict.request, *request);
        let left = CALLS + REFILLS - answered.load(Ordering::SeqCst);
        assert!(n > 0 || left > 0, "the lane waited until the storm was over");
    }
    let mut served = 0;
    for each in storm {
        served += usize::from(each.await.unwrap() == 200);
    }
    assert!(served > 0, "wallets are served too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_lane_gets_its_verdict_in_a_storm_of_one_wallet() {
    let folder = tempfile::tempdir().unwrap();
    let stores = [in_a_file(folder.path(), "chn.db").await, in_a_file(folder.path(), "mac.db").await];
    every_lane_gets_its_verdict_before_a_storm_is_over(stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_lane_gets_its_verdict_in_a_storm_of_one_wallet_over_postgresql() {
    let Some(cluster) = Cluster::start("every_lane_gets_its_verdict").await else { return };
    every_lane_gets_its_verdict_before_a_storm_is_over(cluster.two("storm").await).await;
}

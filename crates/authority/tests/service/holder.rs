//! Whom a verdict is about, as the own officer at the lane sees them: portrait, name, the end of a number, and nobody else does.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use authority::SEEN_SECONDS;
use credential::message::{self, Outcome, Verdict};
use documents::Side;
use serde_json::{Value, json};
use trust::{Approval, OFFICER_PORTRAIT};

use crate::bay::{
    Bay, GATE, NUMBER, RECORD, Wallet, bay, enrol, envelope, in_memory, photographs, show, token,
};
use crate::door::{Door, OFFICER, desk, un64};
use crate::http::{MORNING, resident};

/// Where the officer of the lane asks.
fn path(reference: &str, lane: &str) -> String {
    format!("/v1/verdicts/{reference}/holder?lane={}", lane.replace('/', "%2F"))
}

/// A later text of the bay's approval, with these claims.
fn approve(bay: &Bay, number: u64, claims: &[&str]) {
    let mut approval = Approval::open(&bay.approval, &bay.trust, bay.now).unwrap();
    approval.number = number;
    approval.claims = claims.iter().map(|claim| (*claim).to_owned()).collect();
    for service in [&bay.chn, &bay.mac] {
        assert_eq!(service.set_approvals(vec![approval.clone()]), []);
    }
}

/// The verdict on whoever stands there with this face, and its reference.
async fn judged(door: &Door, bay: &Bay, wallet: &Wallet, face: &[u8], side: Side) -> (Verdict, String) {
    let (body, _) = envelope(bay, wallet, &show(bay, wallet, face), side);
    let answer = door.cbor("/v1/verdicts", &body).await.is(200);
    let verdict = Verdict::decode(message::unverified_payload(&answer.body).unwrap()).unwrap();
    let reference = hex::encode(verdict.reference);
    (verdict, reference)
}

#[tokio::test]
async fn the_own_officer_sees_the_holder_where_the_approval_allows_it_and_each_look_is_on_record() {
    let Some((photo, live, other)) = photographs("the_own_officer_sees_the_holder") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let officers = desk(bay.now);
    let chn = Door::open_desk(&bay.chn, &bay, Arc::clone(&officers)).await;
    let mac = Door::open(&bay.mac, &bay).await;
    let officer = Some(OFFICER);
    chn.post("/v1/residents", officer, &resident(RECORD, &photo)).await.is(201);
    let session = enrol(&bay, &live).await;
    let wallet = token(&bay, &session).await;
    let (_, reference) = judged(&chn, &bay, &wallet, &live, Side::Exit).await;

    // The bay's approval does not name it, as every approval that was signed before there was such a thing.
    let refused = chn.get(&path(&reference, GATE), officer).await;
    chn.problem(&refused, "holder_at_lane", "portrait_not_approved");
    approve(&bay, 2, &["permit", OFFICER_PORTRAIT]);

    let seen = chn.get(&path(&reference, GATE), officer).await.is(200);
    assert_eq!(seen.header("cache-control"), "no-store");
    let told = seen.json();
    assert_eq!((&told["name"], &told["name_zh"]), (&json!("SPECIMEN LI NA"), &json!("李娜样本")));
    assert_eq!(told["document"], json!({ "kind": "exit_entry_permit", "last4": "4567" }));
    assert!(!seen.text().contains(NUMBER), "an officer sees the end of the number alone");
    let portrait = un64(&told["portrait"]);
    assert!(
        portrait.starts_with(&[0xff, 0xd8, 0xff]) && portrait.len() <= 64 * 1024,
        "{} bytes",
        portrait.len()
    );
    assert_ne!(portrait, photo, "it is made anew, without what a camera wrote into the file");

    // The other side gave another verdict, under another reference; it holds the name that its part carries, and no portrait.
    let elsewhere = mac.get(&path(&reference, GATE), officer).await;
    mac.problem(&elsewhere, "holder_at_lane", "nobody_at_lane");
    let (_, own) = judged(&mac, &bay, &wallet, &live, Side::Entry).await;
    let told = mac.get(&path(&own, GATE), officer).await.is(200).json();
    assert_eq!((&told["portrait"], &told["name"]), (&Value::Null, &json!("SPECIMEN LI NA")));
    chn.problem(&chn.get(&path(&own, GATE), officer).await, "holder_at_lane", "nobody_at_lane");

    let acts: Vec<_> = officers.record().verify().unwrap();
    let looks: Vec<_> = acts.iter().filter(|act| act.act == "see_holder").collect();
    let results: Vec<_> = looks.iter().map(|act| (act.object.as_str(), act.result.as_str())).collect();
    let row = |result| (reference.as_str(), result);
    assert_eq!(
        results,
        [
            row("allowed"),
            row("portrait_not_approved"),
            row("allowed"),
            (&own, "allowed"),
            (&own, "nobody_at_lane")
        ]
    );
    assert!(looks.iter().all(|act| act.actor == looks[0].actor));

    // Another lane, another minute, a word that is none.
    for (lane, reference) in [("hengqin/MAC-CHN", reference.as_str()), (GATE, &"07".repeat(16))] {
        let nobody = chn.get(&path(reference, lane), officer).await;
        chn.problem(&nobody, "holder_at_lane", "nobody_at_lane");
    }
    chn.problem(&chn.get(&path("07", GATE), officer).await, "holder_at_lane", "unknown_reference");
    let without = chn.get(&format!("/v1/verdicts/{reference}/holder"), officer).await;
    chn.problem(&without, "holder_at_lane", "wrong_field");
    chn.problem(&chn.get(&path(&reference, GATE), None).await, "holder_at_lane", "unauthorized");

    // Whoever is not the holder is compared with the holder, and the minutes count from the verdict on.
    let wallet = token(&bay, &session).await;
    let (verdict, stranger) = judged(&chn, &bay, &wallet, &other, Side::Exit).await;
    assert_eq!(verdict.outcome, Outcome::Refer);
    let told = chn.get(&path(&stranger, GATE), officer).await.is(200).json();
    assert_eq!((&told["name"], un64(&told["portrait"])), (&json!("SPECIMEN LI NA"), portrait));
    chn.clock.fetch_add(SEEN_SECONDS - 1, Ordering::SeqCst);
    chn.get(&path(&stranger, GATE), officer).await.is(200);
    chn.clock.fetch_add(1, Ordering::SeqCst);
    let late = chn.get(&path(&stranger, GATE), officer).await;
    chn.problem(&late, "holder_at_lane", "nobody_at_lane");
}

#[tokio::test]
async fn an_approval_that_is_taken_back_and_a_resident_who_is_erased_show_nobody() {
    let Some((photo, live, _)) = photographs("an_approval_that_is_taken_back") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    approve(&bay, 2, &["permit", OFFICER_PORTRAIT]);
    let chn = Door::open(&bay.chn, &bay).await;
    let officer = Some(OFFICER);
    chn.post("/v1/residents", officer, &resident(RECORD, &photo)).await.is(201);
    let wallet = token(&bay, &enrol(&bay, &live).await).await;
    let (_, reference) = judged(&chn, &bay, &wallet, &live, Side::Exit).await;
    chn.get(&path(&reference, GATE), officer).await.is(200);
    approve(&bay, 3, &["permit"]);
    let refused = chn.get(&path(&reference, GATE), officer).await;
    chn.problem(&refused, "holder_at_lane", "portrait_not_approved");
    approve(&bay, 4, &["permit", OFFICER_PORTRAIT]);
    let whose = json!({ "document": { "kind": "exit_entry_permit", "number": NUMBER } });
    chn.post("/v1/residents/erase", officer, &whose).await.is(204);
    let erased = chn.get(&path(&reference, GATE), officer).await;
    chn.problem(&erased, "holder_at_lane", "nobody_at_lane");
}

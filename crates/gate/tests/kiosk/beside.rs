//! What an officer has beside a traveller: the lane's picture while there is something to do, and a result that stays until they are done.

use std::time::Duration;

use credential::message::Outcome;
use documents::{AuthorityCode, Measure};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bay::{Chn, Mac, Says};
use crate::page::{Events, OK, Place, answered, verify};

/// Begins of picture files, as the lane's page may send them.
const JPEG: &[u8] = b"\xff\xd8\xff a face";

struct Answered {
    status: StatusCode,
    kind: String,
    cache: String,
    body: Vec<u8>,
}

async fn face(place: &Place, authority: AuthorityCode, cookie: &str, session: &str) -> Answered {
    let url = format!("{}/v1/officer/MAC-CHN/{authority}/face?session={session}", place.base);
    let response = place.client.get(url).header("cookie", cookie).send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (kind, cache) = (header("content-type").unwrap(), header("cache-control").unwrap());
    let status = response.status();
    Answered { status, kind, cache, body: response.bytes().await.unwrap().to_vec() }
}

/// The answer without a picture: its status and code.
async fn refused(place: &Place, authority: AuthorityCode, session: &str) -> (StatusCode, String) {
    let url = format!("{}/v1/officer/MAC-CHN/{authority}/face?session={session}", place.base);
    answered(place.client.get(url).header("cookie", &place.signed[&authority]).send().await.unwrap()).await
}

async fn looked(place: &Place, events: &mut Events, page: u64) {
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(place.post(page, "face", JPEG).await.0, OK);
}

fn none() -> (StatusCode, String) {
    (StatusCode::NOT_FOUND, "no_face_here".to_owned())
}

#[tokio::test]
async fn the_lanes_picture_is_there_for_the_officer_who_has_something_to_do_and_for_nobody_else() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    assert_eq!(refused(&place, Chn, "1").await, none(), "nobody stands there");
    looked(&place, &mut events, page).await;
    chn.row(|row| row["state"] == "act").await;

    let (own, other) = (&place.signed[&Chn], &place.signed[&Mac]);
    let got = face(&place, Chn, own, "1").await;
    assert_eq!(
        (got.status, got.kind.as_str(), got.cache.as_str()),
        (StatusCode::OK, "image/jpeg", "no-store")
    );
    assert_eq!(got.body, JPEG);
    // The other side's officer has nothing to do; their own cookie opens no view of this side, and no cookie opens none.
    assert_eq!(refused(&place, Mac, "1").await, none());
    assert_eq!(face(&place, Chn, other, "1").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(face(&place, Chn, "", "1").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused(&place, Chn, "2").await, none(), "another traveller");
    assert_eq!(refused(&place, Chn, "one").await.1, "malformed_body");

    let done = json!({"act": "measure_done", "measure": "officer", "session": 1});
    assert_eq!(place.act(Chn, done).await.0, OK);
    events.state("welcome").await;
    assert_eq!(refused(&place, Chn, "1").await, none(), "the officer is done");
    chn.row(|row| row["state"] == "over").await;
    assert_eq!(refused(&place, Chn, "1").await, none(), "it went with the traveller");

    let acts = place.desk.record().verify().unwrap();
    let looks: Vec<_> = acts.iter().filter(|act| act.act == "see_holder").collect();
    assert!(looks.iter().all(|act| act.object == "hengqin/MAC-CHN"), "a look names the lane, and nobody");
    let allowed = looks.iter().filter(|act| act.result == "allowed").count();
    let failed = looks.iter().filter(|act| act.result == "no_face_here").count();
    assert_eq!((allowed, failed), (6, 5), "each look is on record");
}

#[tokio::test]
async fn nothing_that_names_or_shows_a_traveller_is_in_any_event_of_the_gate() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    looked(&place, &mut events, page).await;
    chn.row(|row| row["state"] == "act").await;
    mac.row(|row| row["state"] == "judged").await;
    for view in [&events.seen, &chn.seen, &mac.seen] {
        let text = view.to_string();
        for word in ["portrait", "holder", "\"name\"", "document\"", "a face"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }
    // What a row holds is what this test knows of it: a new field is looked at here.
    let fields: Vec<_> = chn.seen["travellers"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        fields,
        [
            "gate",
            "hint",
            "open",
            "other",
            "outcome",
            "own",
            "refusable",
            "refused_here",
            "session",
            "state",
            "waits"
        ]
    );
}

#[tokio::test]
async fn a_result_stays_until_the_officer_to_whom_it_sends_is_done() {
    let place = Place::new().await;
    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    looked(&place, &mut events, page).await;
    events.state("see_officer").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!(row["waits"], true);
    while !events.seen["session"].is_null() {
        events.next().await.unwrap();
    }
    // Five times as long as a result is shown else nothing changes: what the traveller reads and what the officer reads still agree.
    let changed = tokio::time::timeout(Duration::from_secs(2), events.next()).await;
    assert!(changed.is_err(), "{changed:?}");
    let waiting = mac.row(|row| row["state"] == "judged").await;
    assert_eq!(waiting["waits"], false, "the other side sees no more of it");

    let done = |session: u64| json!({"act": "dealt_with", "session": session});
    assert_eq!(place.act(Mac, done(1)).await.1, "nothing_to_do");
    assert_eq!(place.act(Chn, done(7)).await.1, "other_traveller");
    assert_eq!(place.act(Chn, done(1)).await.0, OK);
    assert_eq!(events.state("ready").await["language"], Value::Null);
    chn.row(|row| row["session"] == 1 && row["waits"] == false).await;
    assert_eq!(place.act(Chn, done(1)).await.1, "nothing_to_do");
    let acts = place.acts();
    assert_eq!((&acts[0]["act"], &acts[0]["authority"]), (&json!("dealt_with"), &json!("CHN")));
    assert!(acts[0]["clearance"].is_string());
}

#[tokio::test]
async fn a_result_ends_with_the_next_traveller_and_by_itself_where_no_officer_looks() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    looked(&place, &mut events, page).await;
    events.state("see_officer").await;
    events.state("ready").await;

    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    let mut chn = place.officer(Chn).await;
    looked(&place, &mut events, page).await;
    events.state("see_officer").await;
    chn.row(|row| row["session"] == 2 && row["waits"] == true).await;
    // It blocks nobody: the next code is served.
    assert_eq!(place.post(page, "code", place.code()).await.0, StatusCode::ACCEPTED);
    events.state("look_here").await;
}

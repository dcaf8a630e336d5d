//! What an officer has beside a traveller: the lane's picture while there is something to do, and a result that stays until they are done.

use std::time::Duration;

use credential::message::Outcome;
use documents::{AuthorityCode, Measure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use trust::OFFICER_PORTRAIT;

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
    let row = chn.row(|row| row["state"] == "act").await;
    assert_eq!(row["face"], "here");

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
    assert_eq!(chn.seen["travellers"][0]["face"], Value::Null);

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
            "face",
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

/// Waits until the lane has sent the traveller to an officer, and is free for the next.
async fn sent_away(events: &mut Events) {
    events.state("see_officer").await;
    while !events.seen["session"].is_null() {
        events.next().await.unwrap();
    }
}

/// A traveller whom these authorities refer, and whom the lane has sent away to their officers.
async fn referred(place: &Place, by: &[AuthorityCode]) -> (Events, u64) {
    for authority in by {
        place.link.say(*authority, [Says::Outcome(Outcome::Refer)]);
    }
    let (mut events, page) = place.page().await;
    looked(place, &mut events, page).await;
    sent_away(&mut events).await;
    (events, page)
}

fn gone() -> (StatusCode, String) {
    (StatusCode::GONE, "face_forgotten".to_owned())
}

fn dealt_with(session: u64) -> Value {
    json!({"act": "dealt_with", "session": session})
}

#[tokio::test]
async fn whom_an_authority_referred_is_seen_by_its_own_officer_until_they_are_done() {
    let place = Place::new().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    let (_events, _) = referred(&place, &[Chn]).await;
    let row = chn.row(|row| row["waits"] == true).await;
    assert_eq!(row["face"], "here");
    let got = face(&place, Chn, &place.signed[&Chn], "1").await;
    assert_eq!(
        (got.status, got.kind.as_str(), got.cache.as_str()),
        (StatusCode::OK, "image/jpeg", "no-store")
    );
    assert_eq!(got.body, JPEG);

    // The other side admitted: it has no picture, and its screen says of none, as after every crossing that it admits.
    let row = mac.row(|row| row["state"] == "judged").await;
    assert_eq!((&row["own"]["class"], &row["face"]), (&json!("admit"), &Value::Null));
    assert_eq!(refused(&place, Mac, "1").await, none());
    assert_eq!(face(&place, Chn, &place.signed[&Mac], "1").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused(&place, Chn, "2").await, none(), "another traveller");

    assert_eq!(place.act(Chn, dealt_with(1)).await.0, OK);
    assert_eq!(refused(&place, Chn, "1").await, none());
    assert_eq!(chn.row(|row| row["waits"] == false).await["face"], Value::Null);
    // It was in memory alone: no file of the gate holds it.
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = if path.is_file() { std::fs::read(&path).unwrap() } else { Vec::new() };
        assert!(!bytes.windows(JPEG.len()).any(|window| window == JPEG), "{}", path.display());
    }
}

#[tokio::test]
async fn where_both_authorities_referred_each_officer_has_the_picture_until_they_themselves_are_done() {
    let place = Place::new().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    let (_events, _) = referred(&place, &[Chn, Mac]).await;
    assert_eq!(chn.row(|row| row["waits"] == true).await["face"], "here");
    assert_eq!(mac.row(|row| row["waits"] == true).await["face"], "here");
    assert_eq!(place.act(Mac, dealt_with(1)).await.0, OK);
    assert_eq!(refused(&place, Mac, "1").await, none());
    // What the other side's officer does changes nothing here: this side cannot tell that there was one.
    assert_eq!(face(&place, Chn, &place.signed[&Chn], "1").await.body, JPEG);
    assert_eq!(chn.seen["travellers"][0]["face"], "here");
    assert_eq!(place.act(Chn, dealt_with(1)).await.0, OK);
    assert_eq!(refused(&place, Chn, "1").await, none());
}

#[tokio::test]
async fn a_kept_picture_goes_when_the_next_session_begins() {
    let place = Place::new().await;
    let mut chn = place.officer(Chn).await;
    let (mut events, page) = referred(&place, &[Chn]).await;
    assert_eq!(face(&place, Chn, &place.signed[&Chn], "1").await.status, StatusCode::OK);
    assert_eq!(place.post(page, "code", place.code()).await.0, StatusCode::ACCEPTED);
    events.state("look_here").await;
    assert_eq!(refused(&place, Chn, "1").await, gone());
    chn.row(|row| row["session"] == 2).await;
    let before = &chn.seen["travellers"][1];
    assert_eq!((&before["session"], &before["face"]), (&json!(1), &json!("face_forgotten")));
}

#[tokio::test]
async fn a_kept_picture_goes_ten_minutes_after_it_was_taken_and_comes_back_by_no_clock() {
    let place = Place::new().await;
    let mut chn = place.officer(Chn).await;
    let (_events, _) = referred(&place, &[Chn]).await;
    place.move_clock(599);
    assert_eq!(face(&place, Chn, &place.signed[&Chn], "1").await.body, JPEG);
    assert_eq!(chn.row(|row| row["waits"] == true).await["face"], "here");
    place.move_clock(600);
    chn.row(|row| row["face"] == "face_forgotten").await;
    // Nobody looks meanwhile: the lane wipes it by itself.
    tokio::time::sleep(Duration::from_secs(1)).await;
    place.move_clock(10);
    assert_eq!(refused(&place, Chn, "1").await, gone());
    let row = chn.row(|row| row["waits"] == true).await;
    assert_eq!(row["face"], "face_forgotten", "the result itself waits on");
}

#[tokio::test]
async fn an_approval_that_does_not_name_the_portrait_shows_no_picture_of_the_lane_either() {
    let refusal = || (StatusCode::FORBIDDEN, "face_not_approved".to_owned());
    let place = Place::new().await;
    let mut chn = place.officer(Chn).await;
    place.approve(3, &["permit"]);
    let (mut events, page) = referred(&place, &[Chn]).await;
    assert_eq!(chn.row(|row| row["waits"] == true).await["face"], "face_not_approved");
    assert_eq!(refused(&place, Chn, "1").await, refusal());
    // What was not kept is not there when a later text allows it.
    place.approve(4, &["permit", OFFICER_PORTRAIT]);
    assert_eq!(refused(&place, Chn, "1").await, gone());

    // A text that takes the claim away ends what was kept, and a measure's picture with it.
    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    looked(&place, &mut events, page).await;
    sent_away(&mut events).await;
    chn.row(|row| row["session"] == 2 && row["face"] == "here").await;
    place.approve(5, &["permit"]);
    assert_eq!(refused(&place, Chn, "2").await, refusal());
    place.approve(6, &["permit", OFFICER_PORTRAIT]);
    assert_eq!(refused(&place, Chn, "2").await, gone());
    place.link.say(Chn, [verify(&[Measure::Officer])]);
    looked(&place, &mut events, page).await;
    chn.row(|row| row["state"] == "act" && row["face"] == "here").await;
    place.approve(7, &["permit"]);
    assert_eq!(refused(&place, Chn, "3").await, refusal());
    chn.row(|row| row["face"] == "face_not_approved").await;
}

#[tokio::test]
async fn whom_the_lane_and_no_authority_sent_to_an_officer_no_picture_is_kept_of_and_its_code_says_why() {
    let place = Place::new().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    // A measure that was not carried out: the picture was there while it was open, and goes with it.
    place.link.say(Chn, [verify(&[Measure::Officer])]);
    place.link.say(Mac, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    looked(&place, &mut events, page).await;
    chn.row(|row| row["state"] == "act" && row["face"] == "here").await;
    mac.row(|row| row["state"] == "act").await;
    assert_eq!(place.act(Mac, json!({"act": "refuse", "session": 1})).await.0, OK);
    sent_away(&mut events).await;
    let row = chn.row(|row| row["waits"] == true).await;
    assert_eq!((&row["own"]["class"], &row["face"]), (&json!("verify"), &json!("face_went_with_measure")));
    let went = (StatusCode::NOT_FOUND, "face_went_with_measure".to_owned());
    assert_eq!(refused(&place, Chn, "1").await, went);
    assert_eq!(refused(&place, Mac, "1").await, none(), "who refused has nothing to do any more");

    // An authority that gives no verdict has nobody compared.
    place.link.say(Chn, [Says::Garbage]);
    looked(&place, &mut events, page).await;
    let row = chn.row(|row| row["session"] == 2 && row["waits"] == true).await;
    assert_eq!((&row["own"], &row["face"]), (&Value::Null, &Value::Null));
    assert_eq!(refused(&place, Chn, "2").await, none());
}

//! What officers do and see at a kiosk.

use std::time::Duration;

use credential::message::Outcome;
use documents::Measure;
use face::active::ActiveRules;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bay::{Chn, Mac, Says};
use crate::page::{OK, Place, Reads, quick, verify};

#[tokio::test]
async fn a_lane_that_judges_a_challenge_shows_what_to_do_and_asks_no_officer_for_it() {
    let faces = Reads { challenges: Some(ActiveRules::builtin().unwrap()) };
    let place = Place::seen_by(faces, quick(), |_| {}).await;
    place.link.say(Chn, [verify(&[Measure::PhysicalDocument, Measure::ActiveLiveness])]);
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("measure").await;
    let row = chn.row(|row| row["state"] == "act").await;
    assert_eq!(row["open"], json!(["physical_document"]), "the head is the lane's own matter");
    let done = json!({"act": "measure_done", "measure": "physical_document", "session": 1});
    assert_eq!(place.act(Chn, done).await.0, OK);
    let asked = events.state("turn_head").await;
    assert_eq!(
        (&asked["sentence"], &asked["motion"]),
        (&json!("challenge_look_straight"), &json!("look_straight"))
    );
    assert_eq!(asked["sentences"]["pt"], "Olhe de frente para a câmara e aguarde.");
    assert_eq!(place.post(page, "face", "a frame").await.0, OK);
    assert_eq!(place.post(page, "leave", "").await.0, OK);
    events.state("ready").await;
    assert_eq!(place.link.requests(Chn).len(), 1, "nobody is asked again");
}

#[tokio::test]
async fn an_officer_does_what_their_own_authority_asked_for_and_sees_nothing_of_the_other() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(&[Measure::PhysicalDocument, Measure::ActiveLiveness])]);
    place.link.say(Mac, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("turn_head").await;
    let row = chn.row(|row| row["state"] == "act").await;
    assert_eq!(row["open"], json!(["active_liveness", "physical_document"]));
    assert_eq!((&row["own"]["class"], &row["other"]), (&json!("verify"), &json!("waiting")));
    assert_eq!(row["own"]["reference"], hex::encode([7; 16]));
    let other = mac.row(|row| row["state"] == "act").await;
    assert_eq!(other["open"], json!(["officer"]));
    assert!(!mac.seen.to_string().contains("physical_document"), "{}", mac.seen);
    assert!(!chn.seen.to_string().contains("\"officer\""), "{}", chn.seen);

    let nothing = (StatusCode::CONFLICT, "nothing_to_do".to_owned());
    let done =
        |measure: &str, session: u64| json!({"act": "measure_done", "measure": measure, "session": session});
    assert_eq!(place.act(Chn, done("officer", 1)).await, nothing, "it was not asked for by their authority");
    assert_eq!(
        place.act(Chn, done("physical_document", 9)).await,
        (StatusCode::CONFLICT, "other_traveller".into())
    );
    assert_eq!(place.act(Chn, json!({"act": "open_sesame"})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(place.act(Chn, done("active_liveness", 1)).await.0, OK);
    events.state("measure").await;
    assert_eq!(events.seen["sentence"], "measure_physical_document");
    assert_eq!(place.act(Chn, done("active_liveness", 1)).await, nothing);
    assert_eq!(place.act(Chn, done("physical_document", 1)).await.0, OK);
    events.state("see_officer").await;
    let admit = json!({"act": "admit", "session": 1, "reason": "person_compared"});
    assert_eq!(place.act(Mac, admit).await.0, OK);
    // Active liveness wants another picture.
    let look = events.state("look_here").await;
    assert_eq!(look["sentence"], "measure_second_look");
    place.post(page, "face", "face again").await;
    events.state("welcome").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!(
        (&row["own"]["class"], &row["other"], &row["outcome"]),
        (&json!("admit"), &json!("done"), &json!("passed"))
    );
    let asked = place.link.requests(Chn);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].measures_done, [2, 4, 6]);
    let acts = place.acts();
    let words: Vec<_> =
        acts.iter().map(|a| (a["authority"].as_str().unwrap(), a["act"].as_str().unwrap())).collect();
    assert_eq!(words, [("CHN", "measure_done"), ("CHN", "measure_done"), ("MAC", "admit")]);
    assert_eq!(acts[2]["reason"], "person_compared");
}

#[tokio::test]
async fn an_officer_refuses_before_and_during_measures_and_holds_the_lane() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(place.act(Chn, json!({"act": "refuse", "session": 1})).await.0, OK);
    events.state("see_officer").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!((&row["refused_here"], &row["gate"]["code"]), (&json!(true), &json!("session_ended")));
    assert!(place.link.requests(Mac).is_empty());
    events.state("ready").await;

    place.link.say(Chn, [verify(&[Measure::Officer])]);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    chn.row(|row| row["state"] == "act").await;
    // The other officer has nothing to decide, and the answer does not say more.
    assert_eq!(place.act(Mac, json!({"act": "refuse", "session": 2})).await.1, "nothing_to_do");
    assert_eq!(place.act(Chn, json!({"act": "refuse", "session": 2})).await.0, OK);
    events.state("see_officer").await;
    assert_eq!(chn.row(|row| row["state"] == "over").await["outcome"], "not_passed");
    events.state("ready").await;

    assert_eq!(place.act(Mac, json!({"act": "call"})).await.0, OK);
    events.state("closed").await;
    assert_eq!(place.post(page, "code", place.code()).await, (StatusCode::CONFLICT, "lane_held".into()));
    while chn.seen["held"] == true {
        chn.next().await.unwrap();
    }
    assert_eq!(chn.seen["held"], false, "whose officer holds the lane is not for the other side");
    assert_eq!(place.act(Mac, json!({"act": "release"})).await.0, OK);
    events.state("ready").await;
    assert_eq!(place.post(page, "code", place.code()).await.0, StatusCode::ACCEPTED);
    events.state("look_here").await;
    // A call while somebody stands there: the time for looking waits too.
    assert_eq!(place.act(Chn, json!({"act": "call"})).await.0, OK);
    events.state("see_officer").await;
    assert_eq!(place.post(page, "face", "face").await.1, "not_looking");
    tokio::time::sleep(Duration::from_millis(1800)).await;
    assert_eq!(place.act(Chn, json!({"act": "release"})).await.0, OK);
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("welcome").await;
}

#[tokio::test]
async fn a_refusal_by_the_other_side_and_a_walk_back_look_the_same_until_the_band_is_over() {
    let mut seen = Vec::new();
    for refuses in [true, false] {
        let place = Place::new().await;
        if refuses {
            place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
        }
        let (mut events, page) = place.page().await;
        let mut mac = place.officer(Mac).await;
        place.post(page, "code", place.code()).await;
        events.state("look_here").await;
        place.post(page, "face", "face").await;
        if !refuses {
            events.state("welcome").await;
            assert_eq!(place.post(page, "door", r#"{"passage":"not_passed"}"#).await.0, OK);
        }
        let judged = mac.row(|row| row["state"] == "judged").await;
        while !events.seen["session"].is_null() {
            events.next().await.unwrap();
        }
        place.move_clock(29);
        tokio::time::sleep(Duration::from_millis(700)).await;
        let before = mac.row(|_| true).await;
        assert_eq!(before["state"], "judged");
        place.move_clock(30);
        let after = mac.row(|row| row["state"] == "over").await;
        assert_eq!((&after["other"], &after["outcome"]), (&json!("not_passed"), &json!("not_passed")));
        seen.push((judged, after));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn the_own_no_and_the_gates_own_reasons_are_told_at_once() {
    let place = Place::new().await;
    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("see_officer").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!((&row["own"]["class"], &row["outcome"]), (&json!("refer"), &json!("not_passed")));
    assert_eq!((&row["other"], &row["waits"]), (&json!("waiting"), &json!(true)));
    assert_eq!(place.act(Chn, json!({"act": "dealt_with", "session": 1})).await.0, OK);
    // A silent authority is its own side's business too.
    events.state("ready").await;
    place.link.say(Chn, [Says::Nothing]);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    let row = chn.row(|row| row["session"] == 2 && row["gate"]["code"] == "authority_silent").await;
    assert!(row["own"].is_null());
    let row = mac.row(|row| row["session"] == 2 && row["state"] == "judged").await;
    assert_eq!((&row["own"]["class"], &row["gate"]), (&json!("admit"), &Value::Null));
    assert_eq!(place.act(Chn, json!({"act": "dealt_with", "session": 2})).await.0, OK);
    // A screenshot after its window is the gate's finding, and both may know.
    events.state("ready").await;
    let old = place.code();
    place.move_clock(120);
    place.post(page, "code", old).await;
    let again = events.state("again").await;
    assert_eq!(again["sentence"], "show_fresh_code");
    for view in [&mut chn, &mut mac] {
        let row = view.row(|row| row["session"] == 3 && row["state"] == "over").await;
        assert_eq!((&row["gate"]["code"], &row["other"]), (&json!("proof_stale"), &Value::Null));
    }
}

#[tokio::test]
async fn a_flat_face_is_looked_at_by_the_officers_of_both_sides() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "flat").await;
    events.state("see_officer").await;
    assert!(place.link.requests(Mac).is_empty(), "nobody is asked before an officer has looked");
    for (view, authority) in [(&mut chn, Chn), (&mut mac, Mac)] {
        let row = view.row(|row| row["state"] == "act").await;
        assert_eq!(row["open"], json!(["officer"]));
        let done = json!({"act": "measure_done", "measure": "officer", "session": 1});
        assert_eq!(place.act(authority, done).await.0, OK);
    }
    events.state("welcome").await;
    assert_eq!(place.link.requests(Mac)[0].measures_done, [6]);
}

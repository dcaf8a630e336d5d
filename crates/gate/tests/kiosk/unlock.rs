//! Own unlock at a kiosk: what the screen asks for, what a wrong code comes to, and the document without a phone.

use credential::{Unlock, UnlockMethod};
use documents::Measure;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bay::{Chn, Mac, Wallet, at};
use crate::page::{Events, OK, Place, verify};

const UNLOCK: [Measure; 1] = [Measure::Pin];

/// A traveller with this wallet, of whom the mainland wants an own unlock.
async fn asked(place: &Place, wallet: &Wallet) -> (Events, u64) {
    place.link.say(Chn, [verify(&UNLOCK)]);
    let (mut events, page) = place.page().await;
    let first = wallet.show(&place.audience, at(0));
    assert_eq!(place.post(page, "code", first).await.0, StatusCode::ACCEPTED);
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    let asked = events.state("measure").await;
    assert_eq!((&asked["measure"], &asked["sentence"]), (&json!("pin"), &json!("measure_pin")));
    (events, page)
}

fn unlocked(place: &Place, wallet: &Wallet, seconds: i64, by: Option<u8>) -> String {
    let unlock = by.and_then(|ago| Unlock::new(UnlockMethod::Pin, ago));
    wallet.show_unlocked(&place.audience, at(seconds), unlock)
}

async fn sentence(events: &mut Events, wanted: &str) -> Value {
    while events.seen["sentence"] != wanted {
        events.next().await.unwrap();
    }
    events.seen.clone()
}

#[tokio::test]
async fn a_traveller_unlocks_again_shows_the_new_code_and_goes_through() {
    let place = Place::new().await;
    let wallet = Wallet::new(&place.bay, Mac);
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    let (mut events, page) = asked(&place, &wallet).await;
    let row = chn.row(|row| row["state"] == "act").await;
    assert_eq!(row["own"]["measures"], json!(["pin"]));
    assert_eq!(
        row["open"],
        json!(["physical_document"]),
        "what an officer can do for it is to see the document"
    );
    let row = mac.row(|row| row["state"] == "judged").await;
    assert_eq!((&row["open"], &row["hint"]), (&json!([]), &Value::Null));
    // A code that was made without unlocking again: the traveller reads what is wrong, the other side learns nothing.
    assert_eq!(place.post(page, "code", unlocked(&place, &wallet, 3, None)).await.0, StatusCode::ACCEPTED);
    let told = sentence(&mut events, "unlock_again").await;
    assert_eq!((&told["state"], &told["hint"]["code"]), (&json!("measure"), &json!("not_unlocked")));
    chn.row(|row| row["hint"] == "not_unlocked").await;
    assert!(!mac.seen.to_string().contains("unlocked"), "{}", mac.seen);
    assert_eq!(place.post(page, "code", unlocked(&place, &wallet, 6, Some(2))).await.0, StatusCode::ACCEPTED);
    events.state("welcome").await;
    let asked = place.link.requests(Chn);
    assert_eq!(asked.iter().map(|r| r.measures_done.clone()).collect::<Vec<_>>(), [vec![], vec![1]]);
    assert!(place.acts().is_empty(), "no officer did anything");
}

#[tokio::test]
async fn two_wrong_codes_call_an_officer() {
    let place = Place::new().await;
    let (wallet, other) = (Wallet::new(&place.bay, Mac), Wallet::new(&place.bay, Mac));
    let mut chn = place.officer(Chn).await;
    let (mut events, page) = asked(&place, &wallet).await;
    place.post(page, "code", unlocked(&place, &other, 3, Some(1))).await;
    sentence(&mut events, "unlock_same_pass").await;
    place.post(page, "code", unlocked(&place, &wallet, 6, None)).await;
    events.state("see_officer").await;
    // The officer who asked for it reads at once what the traveller reads; what became of them is told at the end of the band.
    let row = chn.row(|row| row["waits"] == true).await;
    assert_eq!((&row["state"], &row["outcome"]), (&json!("over"), &Value::Null));
    assert_eq!(row["gate"]["code"], "measures_not_taken");
    let done = json!({"act": "dealt_with", "session": 1});
    assert_eq!(place.act(Chn, done).await.0, OK);
    events.state("ready").await;
    place.move_clock(31);
    let row = chn.row(|row| row["state"] == "over" && row["waits"] == false).await;
    assert_eq!(row["outcome"], "not_passed");
    assert_eq!(place.link.requests(Chn).len(), 1, "nobody is asked again");
}

#[tokio::test]
async fn a_traveller_without_a_phone_chooses_the_document_and_an_officer_sees_it() {
    let place = Place::new().await;
    let wallet = Wallet::new(&place.bay, Mac);
    let mut chn = place.officer(Chn).await;
    let (mut events, page) = asked(&place, &wallet).await;
    assert_eq!(place.post(page, "document", "").await.0, OK);
    let told = sentence(&mut events, "measure_physical_document").await;
    assert_eq!((&told["state"], &told["measure"]), (&json!("measure"), &json!("physical_document")));
    let nothing = (StatusCode::CONFLICT, "nothing_to_do".to_owned());
    assert_eq!(place.post(page, "document", "").await, nothing, "it was chosen already");
    let busy = place.post(page, "code", unlocked(&place, &wallet, 6, Some(2))).await;
    assert_eq!(busy, (StatusCode::CONFLICT, "lane_busy".to_owned()), "no code is wanted any more");
    chn.row(|row| row["open"] == json!(["physical_document"])).await;
    let done = json!({"act": "measure_done", "measure": "physical_document", "session": 1});
    assert_eq!(place.act(Chn, done).await.0, OK);
    events.state("welcome").await;
    assert_eq!(place.link.requests(Chn)[1].measures_done, [4]);
    assert_eq!(place.acts()[0]["measure"], "physical_document");
}

#[tokio::test]
async fn an_officer_sees_the_document_unasked_and_cannot_say_that_a_phone_was_unlocked() {
    let place = Place::new().await;
    let wallet = Wallet::new(&place.bay, Mac);
    let (mut events, _) = asked(&place, &wallet).await;
    let act = |measure: &str| json!({"act": "measure_done", "measure": measure, "session": 1});
    let nothing = (StatusCode::CONFLICT, "nothing_to_do".to_owned());
    assert_eq!(place.act(Chn, act("pin")).await, nothing);
    assert_eq!(place.act(Mac, act("physical_document")).await, nothing, "it is the other side's matter");
    assert_eq!(place.act(Chn, act("physical_document")).await.0, OK);
    events.state("welcome").await;
    assert_eq!(place.link.requests(Chn)[1].measures_done, [4]);
}

#[tokio::test]
async fn whoever_leaves_while_an_own_unlock_is_wanted_has_left() {
    let place = Place::new().await;
    let wallet = Wallet::new(&place.bay, Mac);
    let (mut events, page) = asked(&place, &wallet).await;
    assert_eq!(place.post(page, "leave", "").await.0, OK);
    events.state("ready").await;
    assert_eq!(place.post(page, "document", "").await.0, StatusCode::CONFLICT);
    assert_eq!(place.link.requests(Chn).len(), 1);
}

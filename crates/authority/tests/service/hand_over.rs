//! A pass goes to another device of its holder by a one-time code: who gets it, who does not, and what ends with it.

use authority::{HAND_OVER_SECONDS, HandOverError, IssueError, PARCEL_LEN, SessionError, SuspensionDecision};
use credential::dpop::DpopThumbprint;
use credential::{SigningKey, random_array, sha256};
use documents::Side;
use serde_json::json;

use crate::bay::{
    BIRTH, Bay, DEVICE, NAME, NUMBER, Place, RECORD, ask, bay, device_thumbprint, enrol, in_memory,
    photographs, show, token,
};
use crate::carers::number;
use crate::door::{Door, b64, enrolment, un64};
use crate::http::MORNING;
use crate::postgres::Cluster;

const PARCEL: &[u8] = b"sealed by the wallet of before";

fn thumbprint(key: &SigningKey) -> DpopThumbprint {
    DpopThumbprint::of(key.public()).unwrap()
}

/// Offers a pass, and gives the code.
async fn offered(bay: &Bay, session: &[u8; 32]) -> [u8; 32] {
    let code = random_array().unwrap();
    let until = bay.chn.offer_hand_over(session, sha256(&code), PARCEL.to_vec(), bay.now).await.unwrap();
    assert_eq!(until, bay.now.plus_seconds(HAND_OVER_SECONDS));
    code
}

async fn a_pass_goes_to_the_device_that_shows_its_code_and_leaves_nothing_behind(
    stores: [Place; 2],
    photo: &[u8],
    live: &[u8],
) {
    let mut bay = bay(MORNING.parse().unwrap(), stores).await;
    bay.chn.add_resident(RECORD, photo, bay.now).await.unwrap();
    let own = enrol(&bay, live).await;
    let (before, [new, other]) = (token(&bay, &own).await, [(); 2].map(|()| SigningKey::generate().unwrap()));
    let take = async |code: &[u8; 32], by: &SigningKey, bay: &Bay| {
        bay.chn.take_hand_over(code, thumbprint(by), bay.now).await
    };

    // Nothing of it is over before somebody takes it.
    let code = offered(&bay, &own).await;
    let unknown = take(&random_array().unwrap(), &new, &bay).await;
    assert!(matches!(unknown, Err(HandOverError::Unknown)));
    let (_, _, reason) = ask(&bay, &before, &show(&bay, &before, live), Side::Exit).await;
    assert_ne!(reason, "token_revoked");

    let taken = take(&code, &new, &bay).await.unwrap();
    assert_eq!((taken.home, taken.parcel.as_slice()), (documents::AuthorityCode::Chn, PARCEL));
    let opens = async |secret: &[u8; 32], by| bay.chn.open_session(secret, by, bay.now).await.map(drop);
    opens(&taken.secret, thumbprint(&new)).await.unwrap();
    assert!(matches!(opens(&taken.secret, device_thumbprint()).await, Err(SessionError::OtherDevice)));
    assert!(matches!(opens(&own, device_thumbprint()).await, Err(SessionError::NoPass)));
    let (_, _, reason) = ask(&bay, &before, &show(&bay, &before, live), Side::Exit).await;
    assert_eq!(reason, "token_revoked", "a code of the phone of before is void at once");

    // The answer was lost: the same device asks again. Nobody else does, with the same code.
    let again = take(&code, &new, &bay).await.unwrap();
    assert!(matches!(opens(&taken.secret, thumbprint(&new)).await, Err(SessionError::NoPass)));
    opens(&again.secret, thumbprint(&new)).await.unwrap();
    assert!(matches!(take(&code, &other, &bay).await, Err(HandOverError::Unknown)));
    assert!(matches!(take(&code, &DEVICE, &bay).await, Err(HandOverError::Unknown)));

    // It goes on from there; an offer that is over, withdrawn or replaced counts no more.
    let session = again.secret;
    let (first, second) = (offered(&bay, &session).await, offered(&bay, &session).await);
    assert!(matches!(take(&first, &other, &bay).await, Err(HandOverError::Unknown)));
    bay.chn.withdraw_hand_over(&session);
    assert!(matches!(take(&second, &other, &bay).await, Err(HandOverError::Unknown)));
    let late = offered(&bay, &session).await;
    bay.now = bay.now.plus_seconds(HAND_OVER_SECONDS);
    assert!(matches!(take(&late, &other, &bay).await, Err(HandOverError::Unknown)));

    // Nor one of a pass that has ended since, or came to another wallet.
    let code = offered(&bay, &session).await;
    let anew = enrol(&bay, live).await;
    assert!(matches!(take(&code, &other, &bay).await, Err(HandOverError::Unknown)));
    let code = offered(&bay, &anew).await;
    bay.chn.end_pass(&number(NUMBER), bay.now).await.unwrap();
    assert!(matches!(take(&code, &other, &bay).await, Err(HandOverError::Unknown)));
    let nothing = bay.chn.offer_hand_over(&anew, [1; 32], Vec::new(), bay.now).await;
    assert!(matches!(nothing, Err(HandOverError::NoPass)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pass_goes_to_another_phone_over_either_engine() {
    let Some((photo, live, _)) = photographs("a_pass_goes_to_another_phone") else { return };
    let Some(cluster) = Cluster::start("a_pass_goes_to_another_phone").await else { return };
    for stores in [in_memory().await, cluster.two("hand_over").await] {
        a_pass_goes_to_the_device_that_shows_its_code_and_leaves_nothing_behind(stores, &photo, &live).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_devices_at_once_one_gets_the_pass() {
    let Some((photo, live, _)) = photographs("of_two_devices_at_once") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let mut session = enrol(&bay, &live).await;
    for _ in 0..20 {
        let code = offered(&bay, &session).await;
        let keys = [(); 2].map(|()| SigningKey::generate().unwrap());
        let (one, two) = tokio::join!(
            bay.chn.take_hand_over(&code, thumbprint(&keys[0]), bay.now),
            bay.chn.take_hand_over(&code, thumbprint(&keys[1]), bay.now),
        );
        let got: Vec<_> = [one, two].into_iter().flatten().collect();
        assert_eq!(got.len(), 1);
        session = got[0].secret;
        assert!(bay.chn.own_record(&session, bay.now).await.is_ok());
    }
}

#[tokio::test]
async fn a_suspended_pass_stays_where_it_is() {
    let Some((photo, live, _)) = photographs("a_suspended_pass_stays") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let session = enrol(&bay, &live).await;
    let code = offered(&bay, &session).await;
    let decide = async |decision| {
        let why = ("officer 1", "two phones at once");
        bay.chn.suspend_pass(&number(NUMBER), decision, why, bay.now).await.unwrap();
    };
    decide(SuspensionDecision::Confirm).await;
    let by = thumbprint(&SigningKey::generate().unwrap());
    assert!(matches!(bay.chn.take_hand_over(&code, by, bay.now).await, Err(HandOverError::Suspended)));
    let offered = bay.chn.offer_hand_over(&session, [1; 32], Vec::new(), bay.now).await;
    assert!(matches!(offered, Err(HandOverError::Suspended)));
    assert!(bay.chn.own_record(&session, bay.now).await.is_ok(), "what was refused changed nothing");
    decide(SuspensionDecision::Lift).await;
    bay.chn.take_hand_over(&code, by, bay.now).await.unwrap();
}

#[tokio::test]
async fn a_pass_on_a_carers_phone_follows_the_carers_own_and_goes_nowhere_else() {
    let Some(family) = crate::carers::Family::new("a_pass_follows_its_carer", in_memory().await).await else {
        return;
    };
    let child = family.enrol().await;
    let (bay, new) = (&family.bay, SigningKey::generate().unwrap());
    let (mothers, childs) = (offered(bay, &family.mother).await, offered(bay, &child).await);
    let alone = bay.chn.take_hand_over(&childs, thumbprint(&new), bay.now).await;
    assert!(matches!(alone, Err(HandOverError::CarerAway)));
    family.asks(&child).await.unwrap();
    bay.chn.take_hand_over(&mothers, thumbprint(&new), bay.now).await.unwrap();
    assert!(matches!(family.asks(&child).await, Err(IssueError::CarerAway)), "the carer's own is elsewhere");
    let elsewhere = thumbprint(&SigningKey::generate().unwrap());
    assert!(matches!(
        bay.chn.take_hand_over(&childs, elsewhere, bay.now).await,
        Err(HandOverError::CarerAway)
    ));
    let taken = bay.chn.take_hand_over(&childs, thumbprint(&new), bay.now).await.unwrap();
    assert!(bay.chn.own_record(&taken.secret, bay.now).await.unwrap().carer.is_some());
    family.asks(&taken.secret).await.unwrap();
}

#[tokio::test]
async fn over_http_a_pass_is_offered_by_its_wallet_and_taken_by_whoever_shows_the_code() {
    let Some((photo, live, _)) = photographs("over_http_a_pass_is_offered") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let chn = Door::open(&bay.chn, &bay).await;
    let wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
    let own = chn.post("/v1/enrolments", None, &wanted).await.is(201).json()["secret"].clone();
    let (own, code, new) =
        (own.as_str().unwrap(), random_array::<32>().unwrap(), SigningKey::generate().unwrap());
    let offer = json!({ "code": b64(&sha256(&code)), "parcel": b64(PARCEL) });
    let answer = chn.post("/v1/hand-over", None, &offer).await;
    chn.problem(&answer, "offer_hand_over", "unauthorized");
    for (field, wrong) in [
        ("code", json!({ "code": b64(&[1; 31]) })),
        ("parcel", json!({ "code": offer["code"], "parcel": b64(&vec![0; PARCEL_LEN + 1]) })),
    ] {
        let answer = chn.post("/v1/hand-over", Some(own), &wrong).await;
        assert_eq!(chn.problem(&answer, "offer_hand_over", "wrong_field")["field"], field);
    }
    let told = chn.post("/v1/hand-over", Some(own), &offer).await.is(201).json();
    assert_eq!(told["expires"], "2026-03-02T10:10:00+08:00");

    let take = async |key: &SigningKey, code: &[u8]| {
        chn.send_by(key, "POST", "/v1/hand-over/take", None, &json!({ "code": b64(code) })).await
    };
    let answer = take(&new, &[1; 33]).await;
    assert_eq!(chn.problem(&answer, "take_hand_over", "wrong_field")["field"], "code");
    let answer = take(&new, &[1; 32]).await;
    chn.problem(&answer, "take_hand_over", "hand_over_unknown");
    chn.send("DELETE", "/v1/hand-over", Some(own), &json!(null)).await.is(204);
    let answer = take(&new, &code).await;
    chn.problem(&answer, "take_hand_over", "hand_over_unknown");

    chn.post("/v1/hand-over", Some(own), &offer).await.is(201);
    let taken = take(&new, &code).await.is(201).json();
    assert_eq!((&taken["home"], un64(&taken["parcel"]).as_slice()), (&json!("CHN"), PARCEL));
    let secret = taken["secret"].as_str().unwrap();
    chn.send_by(&new, "GET", "/v1/pass", Some(secret), &json!(null)).await.is(200);
    let answer = chn.get("/v1/pass", Some(own)).await;
    chn.problem(&answer, "own_pass", "no_pass");
    let answer = take(&SigningKey::generate().unwrap(), &code).await;
    chn.problem(&answer, "take_hand_over", "hand_over_unknown");
}

//! Officers sign in at a gate: codes, passkeys, roles, sessions that end, pairing, and the record of all of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::AuthorityCode;
use officers::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::bay::{Chn, Mac, now};
use crate::page::{OK, Place, one_time_code, operator};

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a page is answered: status, body, and the cookie that came with it.
struct Told {
    status: StatusCode,
    body: Value,
    cookie: String,
}

impl Told {
    fn code(&self) -> (u16, &str) {
        (self.status.as_u16(), self.body["code"].as_str().unwrap_or_default())
    }
}

async fn ask(place: &Place, method: Method, path: &str, cookie: &str, body: Value) -> Told {
    let request = place.client.request(method, format!("{}/v1/{path}", place.base));
    let request = request.header("origin", &place.base).header("cookie", cookie).body(body.to_string());
    let response = request.send().await.unwrap();
    let status = response.status();
    let cookie = response.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
    let body = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    Told { status, body, cookie: cookie.unwrap_or_default() }
}

/// Signs in with a code; gives the cookie as a browser sends it back.
async fn with_code(place: &Place, side: AuthorityCode, code: &str) -> Told {
    let mut told =
        ask(place, Method::POST, &format!("officers/{side}/sessions"), "", json!({"code": code})).await;
    if let Some((pair, _)) = told.cookie.split_once(';') {
        told.cookie = pair.to_owned();
    }
    told
}

async fn sign_in(place: &Place, authenticator: &mut Authenticator) -> Told {
    let given = ask(place, Method::POST, "officers/CHN/challenges", "", Value::Null).await.body;
    assert_eq!(given["rp_id"], "localhost");
    let answer = authenticator.get(given["challenge"].as_str().unwrap());
    passkey(place, authenticator, &answer).await
}

async fn passkey(
    place: &Place,
    authenticator: &Authenticator,
    answer: &crate::authenticator::Answer,
) -> Told {
    let body = json!({"passkey": {
        "id": b64(&authenticator.id), "client_data": b64(&answer.client_data),
        "authenticator_data": b64(&answer.data), "signature": b64(&answer.signature),
    }});
    ask(place, Method::POST, "officers/CHN/sessions", "", body).await
}

async fn register(place: &Place, cookie: &str, authenticator: &Authenticator) -> Told {
    let given = ask(place, Method::POST, "officers/CHN/passkeys/challenges", cookie, Value::Null).await.body;
    let made = authenticator.create(given["challenge"].as_str().unwrap());
    let body = json!({"client_data": b64(&made.client_data), "attestation": b64(&made.data)});
    ask(place, Method::POST, "officers/CHN/passkeys", cookie, body).await
}

const CALL: &str = "officer/MAC-CHN/CHN/acts";

#[tokio::test]
async fn a_code_registers_a_passkey_and_the_passkey_signs_in() {
    let place = Place::new().await;
    let code = one_time_code(&place.desk, Chn, &[Role::Supervisor], false);
    let first = with_code(&place, Chn, &code).await;
    assert_eq!((first.status, &first.body["passkey_needed"]), (StatusCode::CREATED, &json!(true)));
    let call = json!({"act": "call"});
    let early = ask(&place, Method::POST, CALL, &first.cookie, call.clone()).await;
    assert_eq!(early.code(), (403, "passkey_needed"), "a code alone opens nothing");
    assert_eq!(with_code(&place, Chn, &code).await.code(), (403, "code_refused"), "it counts once");

    let mut authenticator = Authenticator::new("localhost", &place.base);
    let made = register(&place, &first.cookie, &authenticator).await;
    assert_eq!((made.status, &made.body["passkey_needed"]), (StatusCode::CREATED, &json!(false)));
    assert_eq!(register(&place, &first.cookie, &authenticator).await.code(), (409, "passkey_taken"));
    assert_eq!(ask(&place, Method::POST, CALL, &first.cookie, call.clone()).await.status, OK);
    let out = ask(&place, Method::DELETE, "officers/CHN/session", &first.cookie, Value::Null).await;
    assert!(out.status == OK && out.cookie.contains("Max-Age=0"), "{}", out.cookie);
    let release = json!({"act": "release"});
    let late = ask(&place, Method::POST, CALL, &first.cookie, release.clone()).await;
    assert_eq!(late.code(), (401, "signed_out"));

    let told = sign_in(&place, &mut authenticator).await;
    assert_eq!((told.status, &told.body["passkey"]), (StatusCode::CREATED, &json!(true)));
    assert!(told.cookie.contains("; HttpOnly; SameSite=Strict"), "{}", told.cookie);
    let (cookie, _) = told.cookie.split_once(';').unwrap();
    assert_eq!(ask(&place, Method::POST, CALL, cookie, release).await.status, OK);
    let who = ask(&place, Method::GET, "officers/CHN/session", cookie, Value::Null).await.body;
    assert_eq!(who["roles"], json!(["supervisor"]));
    // Both acts stand in the lane's book with their officer.
    assert!(place.acts().iter().all(|act| act["officer"] == who["account"]) && place.acts().len() == 2);
}

#[tokio::test]
async fn an_assertion_counts_once_and_a_counter_that_went_back_is_refused() {
    let place = Place::new().await;
    let code = one_time_code(&place.desk, Chn, &[Role::Supervisor], false);
    let first = with_code(&place, Chn, &code).await;
    let mut authenticator = Authenticator::new("localhost", &place.base);
    register(&place, &first.cookie, &authenticator).await;
    let given = ask(&place, Method::POST, "officers/CHN/challenges", "", Value::Null).await.body;
    let answer = authenticator.get(given["challenge"].as_str().unwrap());
    assert_eq!(passkey(&place, &authenticator, &answer).await.status, StatusCode::CREATED);
    assert_eq!(passkey(&place, &authenticator, &answer).await.code(), (409, "challenge_expired"), "again");
    let count = authenticator.count;
    authenticator.count = 0;
    assert_eq!(sign_in(&place, &mut authenticator).await.code(), (403, "passkey_copied"), "it stands still");
    authenticator.count = count;
    let old = ask(&place, Method::POST, "officers/CHN/challenges", "", Value::Null).await.body;
    let late = authenticator.get(old["challenge"].as_str().unwrap());
    place.move_clock(121);
    assert_eq!(passkey(&place, &authenticator, &late).await.code(), (409, "challenge_expired"), "too old");
    let mut strange = Authenticator::new("localhost", &place.base);
    assert_eq!(sign_in(&place, &mut strange).await.code(), (403, "passkey_refused"));
    let mut elsewhere = Authenticator::new("localhost", "http://localhost:1");
    elsewhere.id.clone_from(&authenticator.id);
    assert_eq!(
        sign_in(&place, &mut elsewhere).await.code(),
        (403, "passkey_refused"),
        "another origin's page"
    );
    assert_eq!(sign_in(&place, &mut authenticator).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_role_that_is_missing_an_account_that_is_locked_and_a_session_that_ended_open_nothing() {
    let place = Place::new().await;
    let auditor = with_code(&place, Chn, &one_time_code(&place.desk, Chn, &[Role::Auditor], true)).await;
    assert_eq!(auditor.body["passkey_needed"], json!(false), "a test account in a trial");
    let call = json!({"act": "call"});
    let refused = ask(&place, Method::POST, CALL, &auditor.cookie, call.clone()).await;
    assert_eq!(refused.code(), (403, "role_missing"));
    let view = ask(&place, Method::GET, "officer/MAC-CHN/CHN/events", &auditor.cookie, Value::Null).await;
    assert_eq!(view.code(), (403, "role_missing"));
    let other = with_code(&place, Chn, &one_time_code(&place.desk, Mac, &[Role::Supervisor], true)).await;
    assert_eq!(other.code(), (403, "role_missing"), "the other side's officer");

    let officer = with_code(&place, Chn, &one_time_code(&place.desk, Chn, &[Role::Supervisor], true)).await;
    let mut events = place.listen("officer/MAC-CHN/CHN", &officer.cookie).await;
    events.next().await.unwrap();
    let id = officer.body["account"].as_str().unwrap().parse().unwrap();
    assert!(place.desk.lock(&operator(), id, now()).unwrap().is_err(), "the last supervisor");
    let second = one_time_code(&place.desk, Chn, &[Role::Supervisor, Role::Operator], true);
    place.desk.lock(&operator(), id, now()).unwrap().unwrap();
    while events.next().await.is_some() {}
    assert_eq!(
        ask(&place, Method::POST, CALL, &officer.cookie, call.clone()).await.code(),
        (401, "signed_out")
    );

    let second = with_code(&place, Chn, &second).await;
    assert_eq!(ask(&place, Method::POST, CALL, &second.cookie, call.clone()).await.status, OK);
    place.move_clock(1801);
    assert_eq!(
        ask(&place, Method::POST, CALL, &second.cookie, call).await.code(),
        (401, "signed_out"),
        "idle"
    );
    let expired = one_time_code(&place.desk, Chn, &[Role::LaneOfficer, Role::Auditor], true);
    place.move_clock(86_400);
    assert_eq!(with_code(&place, Chn, &expired).await.code(), (403, "code_refused"));

    let acts = place.desk.record().verify().unwrap();
    let mut counted: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for act in &acts {
        *counted.entry((act.act.as_str(), act.result.as_str())).or_default() += 1;
    }
    for (row, times) in [
        (("act_at_lane", "role_missing"), 1),
        (("see_lane", "role_missing"), 1),
        (("see_lane", "allowed"), 1),
        (("act_at_lane", "allowed"), 1),
        (("account_lock", "done"), 1),
        (("code", "code_refused"), 1),
    ] {
        assert_eq!(counted.get(&row), Some(&times), "{row:?}");
    }
    let shown = std::fs::read_to_string(place.folder.path().join("officers.acts")).unwrap();
    assert!(!shown.contains("Specimen"), "the record names nobody");
}

#[tokio::test]
async fn a_pairing_code_counts_once_for_its_lane_and_a_quarter_of_an_hour() {
    let place = Place::new().await;
    let pair =
        async |code: &str| ask(&place, Method::POST, "kiosk/MAC-CHN/pair", "", json!({"code": code})).await;
    let issue = |lane: &str| place.pairings.issue(lane, &operator(), now()).unwrap().expose();
    let code = issue("MAC-CHN");
    let told = pair(&code).await;
    assert_eq!(told.status, OK);
    assert!(told.cookie.contains("Path=/v1/kiosk/MAC-CHN; HttpOnly; SameSite=Strict"), "{}", told.cookie);
    assert_eq!(pair(&code).await.code(), (403, "pairing_refused"), "twice");
    assert_eq!(pair(&issue("CHN-MAC")).await.code(), (403, "pairing_refused"), "another lane's");
    assert_eq!(pair("1234").await.code(), (403, "pairing_refused"), "made up");
    let old = issue("MAC-CHN");
    place.move_clock(901);
    assert_eq!(pair(&old).await.code(), (403, "pairing_refused"), "too old");
    let (cookie, _) = told.cookie.split_once(';').unwrap();
    let card = ask(&place, Method::GET, "kiosk/MAC-CHN", cookie, Value::Null).await;
    assert_eq!(card.status, StatusCode::OK);
    place.pairings.end("MAC-CHN", &operator(), now()).unwrap();
    let card = ask(&place, Method::GET, "kiosk/MAC-CHN", cookie, Value::Null).await;
    assert_eq!(card.code(), (401, "not_paired"));
    let kept = std::fs::read_to_string(place.folder.path().join("pairings.json")).unwrap();
    assert!(!kept.contains(&code.replace('-', "")), "what is kept is a hash");
}

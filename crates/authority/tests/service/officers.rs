//! Officers of an authority: accounts, passkeys, roles, and the record of what everybody did, over HTTP.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use ::officers::{AccountName, Desk, DeskSettings, Limits, NewAccount, Role};
use credential::webauthn::RelyingParty;
use documents::Timestamp;
use serde_json::{Value, json};

use crate::authenticator::{Answer, Authenticator};
use crate::bay::{in_memory, strangers};
use crate::door::{Door, PAGE, b64, operator};
use crate::http::MORNING;

fn desk(folder: &Path) -> Arc<Desk> {
    let settings = DeskSettings {
        party: RelyingParty::new("localhost").unwrap(),
        origins: Arc::new(|| vec![PAGE.to_owned()]),
        test_accounts: true,
        limits: Limits::builtin().unwrap(),
        draw: credential::random,
    };
    Arc::new(Desk::open(folder, settings).unwrap())
}

fn code_of(desk: &Desk, name: &str, roles: &[Role], test: bool, now: Timestamp) -> String {
    let roles = roles.iter().copied().collect();
    let account = NewAccount { name: AccountName::new(name).unwrap(), side: None, roles, test };
    desk.add(&operator(), account, now).unwrap().unwrap().1.expose()
}

async fn with_code(door: &Door, code: &str) -> crate::door::Answer {
    door.post("/v1/officers/sessions", None, &json!({"code": code})).await
}

/// The secret of a session that a code opened.
async fn session(door: &Door, code: &str) -> String {
    with_code(door, code).await.is(201).json()["session"].as_str().unwrap().to_owned()
}

async fn challenge(door: &Door, path: &str, session: Option<&str>) -> String {
    let given = door.post(path, session, &Value::Null).await.is(200).json();
    assert_eq!(given["rp_id"], "localhost");
    given["challenge"].as_str().unwrap().to_owned()
}

async fn register(door: &Door, session: &str, authenticator: &Authenticator) -> crate::door::Answer {
    let challenge = challenge(door, "/v1/officers/passkeys/challenges", Some(session)).await;
    let made = authenticator.create(&challenge);
    let body = json!({"client_data": b64(&made.client_data), "attestation": b64(&made.data)});
    door.post("/v1/officers/passkeys", Some(session), &body).await
}

async fn answer(door: &Door, authenticator: &Authenticator, got: &Answer) -> crate::door::Answer {
    let body = json!({"passkey": {
        "id": b64(&authenticator.id), "client_data": b64(&got.client_data),
        "authenticator_data": b64(&got.data), "signature": b64(&got.signature),
    }});
    door.post("/v1/officers/sessions", None, &body).await
}

async fn sign_in(door: &Door, authenticator: &mut Authenticator) -> crate::door::Answer {
    let challenge = challenge(door, "/v1/officers/challenges", None).await;
    let got = authenticator.get(&challenge);
    answer(door, authenticator, &got).await
}

#[tokio::test]
async fn officers_sign_in_with_codes_and_passkeys_and_are_told_why_not() {
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let chn = Door::open_desk(&bay.chn, &bay, Arc::clone(&desk)).await;
    let code = code_of(&desk, "Specimen One", &[Role::Supervisor], false, bay.now);
    let first = session(&chn, &code).await;
    chn.problem(&with_code(&chn, &code).await, "sign_in", "code_refused");
    chn.problem(&chn.get("/v1/ledger", Some(&first)).await, "ledger", "passkey_needed");
    let mut one = Authenticator::new("localhost", PAGE);
    register(&chn, &first, &one).await.is(201);
    chn.problem(&register(&chn, &first, &one).await, "add_passkey", "passkey_taken");
    chn.get("/v1/ledger", Some(&first)).await.is(200);
    chn.call("DELETE", "/v1/officers/session", &[("authorization", &format!("Bearer {first}"))], vec![])
        .await
        .is(204);
    chn.problem(&chn.get("/v1/ledger", Some(&first)).await, "ledger", "unauthorized");

    let signed = sign_in(&chn, &mut one).await.is(201).json();
    let supervisor = signed["session"].as_str().unwrap();
    assert_eq!(signed["roles"], json!(["supervisor"]));
    let challenge = challenge(&chn, "/v1/officers/challenges", None).await;
    let got = one.get(&challenge);
    answer(&chn, &one, &got).await.is(201);
    chn.problem(&answer(&chn, &one, &got).await, "sign_in", "challenge_expired");
    let count = std::mem::replace(&mut one.count, 0);
    chn.problem(&sign_in(&chn, &mut one).await, "sign_in", "passkey_copied");
    one.count = count;
    let mut strange = Authenticator::new("localhost", PAGE);
    chn.problem(&sign_in(&chn, &mut strange).await, "sign_in", "passkey_refused");

    let own = signed["account"].as_str().unwrap();
    let lock = format!("/v1/officers/accounts/{own}/lock");
    let locked = chn.post(&lock, Some(supervisor), &Value::Null).await;
    chn.problem(&locked, "account_lock", "last_supervisor");
    let new = json!({"name": "Specimen Two", "roles": ["supervisor", "auditor"]});
    let made = chn.post("/v1/officers/accounts", Some(supervisor), &new).await.is(201).json();
    let again = chn.post("/v1/officers/accounts", Some(supervisor), &new).await;
    chn.problem(&again, "add_account", "account_refused");
    let nobody =
        chn.post("/v1/officers/accounts/0102030405060708/lock", Some(supervisor), &Value::Null).await;
    chn.problem(&nobody, "account_lock", "unknown_account");
    let second = session(&chn, made["code"].as_str().unwrap()).await;
    let two = Authenticator::new("localhost", PAGE);
    register(&chn, &second, &two).await.is(201);
    chn.post(&lock, Some(&second), &Value::Null).await.is(204);
    chn.problem(&chn.get("/v1/ledger", Some(supervisor)).await, "ledger", "unauthorized");
    chn.problem(&sign_in(&chn, &mut one).await, "sign_in", "account_locked");
    let code = chn.post(&format!("/v1/officers/accounts/{own}/code"), Some(&second), &Value::Null).await;
    chn.problem(&code, "account_code", "account_locked");

    let shown = chn.get("/v1/officers/acts", Some(&second)).await.is(200).json();
    assert_eq!(shown["record"], "whole");
    let acts: BTreeSet<_> = shown["acts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|act| (act["act"].as_str().unwrap(), act["result"].as_str().unwrap()))
        .collect();
    for row in [
        ("account_lock", "done"),
        ("sign_in", "account_locked"),
        ("sign_in", "passkey_copied"),
        ("read_ledger", "passkey_needed"),
        ("read_acts", "allowed"),
        ("sign_out", "done"),
    ] {
        assert!(acts.contains(&row), "{row:?} in {acts:?}");
    }
    assert!(!shown.to_string().contains("Specimen"), "the record names nobody");
    std::fs::write(folder.path().join("officers.json"), "half a fi").unwrap();
    let broken = chn.get("/v1/officers/accounts", Some(&second)).await;
    chn.problem(&broken, "accounts", "accounts_unusable");
}

/// Every route on which an officer acts: method, path, body, operation, and what the record calls it.
fn routes() -> Vec<(&'static str, String, Value, &'static str, &'static str)> {
    let whose = json!({"document": {"kind": "exit_entry_permit", "number": "CA1234567"}});
    let mut watched = whose.clone();
    watched["until"] = json!("2030-01-01T00:00:00Z");
    let mut decision = whose.clone();
    decision["accept"] = json!(true);
    let id = "0102030405060708";
    let account = |what: &str| format!("/v1/officers/accounts/{id}/{what}");
    let at = |path: &str| path.to_owned();
    let document = whose["document"].clone();
    let paper = |whole: bool| {
        let key = credential::SigningKey::generate().unwrap();
        let device = json!({"key": b64(key.public().as_bytes()), "proof": b64(b"none")});
        let visit =
            json!({"document": document, "device": device, "visit": b64(&[7; 32]), "day": "2026-03-02"});
        if whole {
            json!({"visit": visit, "port": "hengqin", "from": "CHN", "to": "MAC"})
        } else {
            json!({"visit": visit, "issuer": "MAC"})
        }
    };
    vec![
        ("GET", format!("/v1/verdicts/{}", "07".repeat(16)), Value::Null, "verdict", "look_up_reason"),
        (
            "GET",
            format!("/v1/verdicts/{}/holder?lane=hengqin%2Fone", "07".repeat(16)),
            Value::Null,
            "holder_at_lane",
            "see_holder",
        ),
        ("POST", at("/v1/residents"), json!({"record": {}, "photo": ""}), "add_resident", "add_resident"),
        ("GET", at("/v1/ledger"), Value::Null, "ledger", "read_ledger"),
        ("GET", at("/v1/unresolved"), Value::Null, "unresolved", "read_waiting"),
        ("GET", at("/v1/conflicts"), Value::Null, "conflicts", "read_waiting"),
        (
            "POST",
            at("/v1/settlements"),
            json!({"id": "07", "outcome": "noted", "reason": "seen"}),
            "settlements",
            "settle",
        ),
        ("POST", at("/v1/residents/invite"), whose.clone(), "invite", "invite"),
        (
            "POST",
            at("/v1/residents/offer"),
            json!({"document": whose["document"], "configurations": ["photo-id-mdoc"]}),
            "offer",
            "offer_credentials",
        ),
        ("GET", at("/v1/residents/second-enrolments"), Value::Null, "second_enrolments", "read_enrolments"),
        (
            "POST",
            at("/v1/residents/second-enrolments"),
            decision,
            "decide_second_enrolment",
            "decide_enrolment",
        ),
        ("POST", at("/v1/residents/end-pass"), whose.clone(), "officer_end_pass", "end_pass"),
        ("POST", at("/v1/residents/lose"), whose.clone(), "lose", "lose_document"),
        (
            "POST",
            at("/v1/residents/look-alike"),
            json!({"document": whose["document"], "marked": true}),
            "look_alike",
            "mark_look_alike",
        ),
        (
            "POST",
            at("/v1/residents/replace"),
            json!({"document": whose["document"], "number": whose["document"]["number"]}),
            "replace",
            "replace_document",
        ),
        ("POST", at("/v1/residents/papers"), paper(true), "issue_paper", "issue_paper"),
        ("POST", at("/v1/residents/papers/parts"), paper(false), "paper_part", "issue_paper"),
        ("POST", at("/v1/residents/papers/end"), whose.clone(), "end_papers", "end_papers"),
        (
            "POST",
            at("/v1/residents/carers"),
            json!({"ward": document, "carer": document, "ground": "guardian", "until": "2030-01-01"}),
            "add_carer",
            "add_carer",
        ),
        ("POST", at("/v1/residents/carers/list"), whose.clone(), "list_carers", "read_carers"),
        ("POST", at("/v1/residents/carers/end"), json!({"ward": document}), "end_carer", "end_carer"),
        ("POST", at("/v1/residents/erase"), whose, "erase", "erase_resident"),
        ("POST", at("/v1/watch"), watched, "watch", "watch"),
        ("GET", at("/v1/appeals"), Value::Null, "open_appeals", "read_appeals"),
        (
            "POST",
            at("/v1/appeals/answer"),
            json!({"reference": "07".repeat(16), "succeeded": true, "answer": "You were right."}),
            "answer_appeal",
            "answer_appeal",
        ),
        ("GET", at("/v1/suspensions"), Value::Null, "asked_suspensions", "read_suspensions"),
        (
            "POST",
            at("/v1/suspensions"),
            json!({"reference": "07".repeat(16), "decision": "lift", "note": "seen"}),
            "decide_suspension",
            "decide_suspension",
        ),
        ("GET", at("/v1/officers/accounts"), Value::Null, "accounts", "read_accounts"),
        (
            "POST",
            at("/v1/officers/accounts"),
            json!({"name": "Specimen", "roles": ["auditor"]}),
            "add_account",
            "change_accounts",
        ),
        ("POST", account("code"), Value::Null, "account_code", "change_accounts"),
        ("POST", account("lock"), Value::Null, "account_lock", "change_accounts"),
        ("GET", at("/v1/officers/acts"), Value::Null, "acts", "read_acts"),
    ]
}

/// Operations of officers for which nobody needs a role: they are about the own session.
const OWN: [&str; 6] =
    ["sign_in_challenge", "sign_in", "own_session", "sign_out", "passkey_challenge", "add_passkey"];

#[tokio::test]
async fn every_route_of_officers_asks_for_its_role_and_writes_the_try_down() {
    let bay = strangers(MORNING.parse().unwrap(), in_memory().await).await;
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path());
    let chn = Door::open_desk(&bay.chn, &bay, Arc::clone(&desk)).await;
    let mut described: BTreeSet<String> = BTreeSet::new();
    for item in chn.api()["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values().filter(|o| o["tags"][0] == "officers") {
            described.insert(operation["operationId"].as_str().unwrap().to_owned());
        }
    }
    let listed: BTreeSet<_> = routes().iter().map(|row| row.3).chain(OWN).map(str::to_owned).collect();
    assert_eq!(described, listed, "a new route of officers stands in this test");

    // Neither of the two may do everything, and what one may not do the other may, but for what needs a third.
    let token = {
        let code = code_of(&desk, "Specimen Operator", &[Role::Operator], true, bay.now);
        session(&chn, &code).await
    };
    let auditor = {
        let code = code_of(&desk, "Specimen Auditor", &[Role::Auditor], true, bay.now);
        session(&chn, &code).await
    };
    for (method, path, body, operation, act) in routes() {
        chn.problem(&chn.send(method, &path, None, &body).await, operation, "unauthorized");
        let secret = if act == "read_accounts" { None } else { Some(&token) };
        if let Some(secret) = secret {
            chn.problem(&chn.send(method, &path, Some(secret), &body).await, operation, "role_missing");
            let last = desk.record().verify().unwrap().pop().unwrap();
            assert_eq!((last.act.as_str(), last.result.as_str()), (act, "role_missing"), "{operation}");
        }
        let reads = act.starts_with("read_");
        let audited = chn.send(method, &path, Some(&auditor), &body).await;
        assert_eq!(audited.status == 200, reads, "{operation}: {}", audited.text());
    }
    let record = std::fs::read_to_string(folder.path().join("officers.acts")).unwrap();
    assert!(!record.contains("CA1234567") && !record.contains("Specimen"), "the record names nobody");
}

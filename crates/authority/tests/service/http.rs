//! The room over HTTP: every door's good answer, what the answers have in common, what the description says.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use authority::{possession, status_list_number, status_name};
use credential::message::{self, Handover, Kind, Notice, Verdict};
use credential::status::{SignedStatusList, Status};
use credential::{KeyClass, SigningKey, UnverifiedToken};
use documents::AuthorityCode::{Chn, Hkg, Mac};
use documents::{AuthorityCode, Direction, Side};
use serde_json::{Value, json};
use trust::Role;

use crate::bay::{
    BIRTH, Bay, NAME, NUMBER, RECORD, Wallet, bay, envelope, in_memory, passed, photographs, show,
};
use crate::door::{Door, GATE, OFFICER, ORIGIN, b64, enrolment, log, tells_nothing, un64};

pub const MORNING: &str = "2026-03-02T10:00:00+08:00";

/// A resident of Hong Kong whose permit the mainland issued.
pub const CHAN: &str = r#"{"person": {"name": "SPECIMEN CHAN", "birth": "1985-03-04", "home": "HKG"},
  "documents": [{"kind": "home_return_permit", "number": "H12345678", "expires": "2030-01-01"}]}"#;

pub fn resident(record: &str, photo: &[u8]) -> Value {
    json!({ "record": serde_json::from_str::<Value>(record).unwrap(), "photo": b64(photo) })
}

pub fn device(secret: &[u8; 32], issuer: AuthorityCode, bay: &Bay) -> (SigningKey, Value) {
    let device = SigningKey::generate().unwrap();
    let proof = possession(&device, Chn, issuer, secret, bay.now).unwrap();
    let shown = json!({ "key": b64(device.public().as_bytes()), "proof": b64(&proof) });
    (device, shown)
}

#[tokio::test]
async fn a_pass_lives_its_whole_life_over_http() {
    let Some((photo, live, _)) = photographs("a_pass_lives_its_whole_life_over_http") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let (chn, mac) = (Door::open(&bay.chn, &bay).await, Door::open(&bay.mac, &bay).await);
    let officer = Some(OFFICER);

    chn.post("/v1/residents", officer, &resident(RECORD, &photo)).await.is(201);
    let answer =
        chn.post("/v1/enrolments", None, &enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live)).await;
    let enrolled = answer.is(201).json();
    assert_eq!((&enrolled["authority"], &enrolled["home"]), (&json!("CHN"), &json!(true)));
    let secret = enrolled["secret"].as_str().unwrap().to_owned();
    let session: [u8; 32] = un64(&enrolled["secret"]).try_into().unwrap();
    let secret = Some(secret.as_str());

    let (key, shown) = device(&session, Chn, &bay);
    let wanted = json!({ "key_class": "hardware", "devices": [shown] });
    let tokens = chn.post("/v1/tokens", secret, &wanted).await.is(200).json();
    let token = &tokens["tokens"][0];
    assert_eq!(tokens["key_class"], "software", "what a wallet says of its keys counts for nothing");
    assert_eq!(tokens["key_class_reason"], "not_attested");
    assert_eq!(tokens["expires"], KeyClass::Software.expiry_for(bay.now.local_date()).to_string());
    assert_eq!(token["sealed"].as_object().unwrap().keys().collect::<Vec<_>>(), ["HKG", "MAC"]);
    let wallet = Wallet {
        device: key,
        token: un64(&token["token"]),
        own: un64(&token["own"]),
        sealed: un64(&token["sealed"]["MAC"]),
    };

    let pass = chn.get("/v1/pass", secret).await.is(200);
    tells_nothing(&pass.text());
    let pass = pass.json();
    assert_eq!(pass["home"], "CHN");
    assert_eq!(pass["tokens_left"], 1);
    assert_eq!(pass["documents"][0]["last4"], "4567");
    assert_eq!(pass["documents"][0]["status"], "valid");
    assert_eq!(pass["documents"][0]["endorsements"][0]["destination"], "MAC");
    assert_eq!(pass["documents"][0]["endorsements"][0]["left"], 1);
    assert_eq!(chn.get("/v1/passages", secret).await.is(200).json(), json!({ "passages": [] }));
    asked_before(&chn, secret).await;

    let shown = show(&bay, &wallet, &live);
    let mut verdicts = Vec::new();
    for (door, role) in [(&chn, Side::Exit), (&mac, Side::Entry)] {
        let (body, request) = envelope(&bay, &wallet, &shown, role);
        let answer = door.cbor("/v1/verdicts", &body).await.is(200);
        assert_eq!(answer.header("content-type"), "application/cbor");
        let verdict = Verdict::decode(message::unverified_payload(&answer.body).unwrap()).unwrap();
        assert_eq!(verdict.request, request);
        let reference = hex::encode(verdict.reference);
        let reason = door.get(&format!("/v1/verdicts/{reference}"), officer).await.is(200).json();
        assert_eq!((&reason["outcome"], &reason["code"]), (&json!("admit"), &json!("admitted")), "{role}");
        verdicts.push(answer.body);
    }
    let event = passed(&bay, &shown, 1, [0; 32], &[&verdicts[0], &verdicts[1]]);
    for (door, side) in [(&chn, "exit"), (&mac, "entry")] {
        door.cbor("/v1/events", &event).await.is(200);
        door.cbor("/v1/events", &event).await.is(200);
        let ledger = door.get("/v1/ledger", officer).await.is(200).json();
        let entries = ledger["entries"].as_array().unwrap();
        assert_eq!(entries.len(), 1, "told twice, counted once");
        let entry = &entries[0];
        assert_eq!(entry["person"].as_str().unwrap().len(), 8);
        assert_eq!((&entry["at"], &entry["port"]), (&json!(MORNING), &json!("hengqin")));
        assert_eq!((&entry["direction"], &entry["side"]), (&json!("CHN-MAC"), &json!(side)));
        assert_eq!(entry["noticed"], false);
    }
    let passages = chn.get("/v1/passages", secret).await.is(200).json();
    assert_eq!(passages["passages"][0]["direction"], "CHN-MAC");
    let pass = chn.get("/v1/pass", secret).await.json();
    assert_eq!(pass["tokens_left"], 0, "a passage spends its token");
    assert_eq!(pass["documents"][0]["endorsements"][0]["left"], 0, "and its entry");
    asked_after(&chn, secret).await;

    notice_and_handover(&bay, &chn, &mac, &wallet).await;
    revocation_is_seen_at_once(&bay, &chn, &wallet, secret).await;
    let gone = chn.get("/v1/pass", secret).await;
    chn.problem(&gone, "own_pass", "no_pass");
    tells_nothing(&log());
}

async fn notice_and_handover(bay: &Bay, chn: &Door, mac: &Door, wallet: &Wallet) {
    let direction = Direction::new(Hkg, Mac).unwrap();
    let token = UnverifiedToken::parse(&wallet.token).unwrap().device_key().unwrap().thumbprint().token_id();
    let (port, date) = ("hzmb-hkg-mac".parse().unwrap(), bay.now.local_date());
    let notice = Notice { from: Mac, token, port, direction, date };
    let signed = message::sign(Kind::Notice, authority::KEY_ID, &bay.notice, &notice.encode()).unwrap();
    chn.cbor("/v1/notices", &signed).await.is(200);
    chn.cbor("/v1/notices", &signed).await.is(200);
    let ledger = chn.get("/v1/ledger", Some(OFFICER)).await.is(200).json();
    let noticed: Vec<_> =
        ledger["entries"].as_array().unwrap().iter().filter(|e| e["noticed"] == true).collect();
    assert_eq!(noticed.len(), 1, "told twice, counted once");
    assert_eq!(noticed[0]["direction"], "HKG-MAC");
    assert!(noticed[0].get("side").is_none(), "the mainland stands at neither side");

    let week = bay.now.local_date().iso_week().plus_weeks(3);
    let key = bay.chn.hand_over(Mac, week, bay.now).await.unwrap();
    mac.cbor("/v1/handovers", &key).await.is(200);
    mac.cbor("/v1/handovers", &key).await.is(200);
    let forged = Handover { from: Chn, to: Mac, week, enc: vec![4; 65], ciphertext: vec![0; 48] };
    let forged = message::sign(Kind::Handover, authority::KEY_ID, &bay.handover, &forged.encode()).unwrap();
    let refused = mac.cbor("/v1/handovers", &forged).await;
    mac.problem(&refused, "handovers", "sealed_unreadable");
}

async fn may_cross(chn: &Door, secret: Option<&str>, question: Value) -> Value {
    let answer = chn.post("/v1/may-cross", secret, &question).await.is(200);
    tells_nothing(&answer.text());
    answer.json()
}

/// A holder asks before he sets out, and hears what the lane would say.
async fn asked_before(chn: &Door, secret: Option<&str>) {
    let there = may_cross(chn, secret, json!({ "from": "CHN", "to": "MAC", "port": "hengqin" })).await;
    assert_eq!((&there["verdict"], &there["side"]), (&json!("admit"), &json!("exit")), "{there}");
    assert_eq!((&there["entries_left"], &there["spends"]), (&json!(0), &json!(true)), "{there}");
    assert_eq!((&there["lane"], &there["port"]), (&json!("open"), &json!("hengqin")));
    assert!(there.get("code").is_none(), "a plain yes has no reason: {there}");
    let late = may_cross(chn, secret, json!({ "from": "CHN", "to": "MAC", "on": "2026-04-10" })).await;
    assert_eq!((&late["verdict"], &late["code"]), (&json!("refer"), &json!("endorsement_expired")), "{late}");
    assert_eq!(late["day"], "2026-04-09");
    let elsewhere = may_cross(chn, secret, json!({ "from": "CHN", "to": "HKG" })).await;
    assert_eq!(elsewhere["code"], "wrong_destination", "{elsewhere}");
    let between = may_cross(chn, secret, json!({ "from": "HKG", "to": "MAC" })).await;
    assert!(between.get("side").is_none(), "the mainland stands at neither side: {between}");
    assert_eq!((&between["verdict"], &between["spends"]), (&json!("admit"), &json!(true)), "by its count");
    for (question, field) in [
        (json!({ "from": "CHN", "to": "CHN" }), "to"),
        (json!({ "from": "CHN", "to": "MAC", "port": "shenzhen-bay" }), "port"),
        (json!({ "from": "CHN", "to": "MAC", "on": "2026-03-01" }), "on"),
        (json!({ "from": "CHN", "to": "MAC", "on": "2027-12-31" }), "on"),
        (json!({ "from": "CHN", "to": "XXX" }), "to"),
    ] {
        let refused = chn.post("/v1/may-cross", secret, &question).await;
        chn.problem(&refused, "may_cross", "wrong_field");
        assert_eq!(refused.json()["field"], field, "{question}");
    }
    chn.problem(
        &chn.post("/v1/may-cross", None, &json!({ "from": "CHN", "to": "MAC" })).await,
        "may_cross",
        "unauthorized",
    );
}

/// The one entry is taken: the way out is shut, the way home is not.
async fn asked_after(chn: &Door, secret: Option<&str>) {
    let tomorrow = may_cross(chn, secret, json!({ "from": "CHN", "to": "MAC", "on": "2026-03-03" })).await;
    assert_eq!((&tomorrow["verdict"], &tomorrow["code"]), (&json!("refer"), &json!("no_entries_left")));
    let again = may_cross(chn, secret, json!({ "from": "CHN", "to": "MAC" })).await;
    assert_eq!(again["verdict"], "refer", "{again}");
    let home = may_cross(chn, secret, json!({ "from": "MAC", "to": "CHN", "on": "2026-03-03" })).await;
    assert_eq!((&home["verdict"], &home["side"]), (&json!("admit"), &json!("entry")), "{home}");
}

/// A status list is kept for half a minute, and never past a revocation.
async fn revocation_is_seen_at_once(bay: &Bay, chn: &Door, wallet: &Wallet, secret: Option<&str>) {
    let place = UnverifiedToken::parse(&wallet.token).unwrap().claims().status;
    let number = status_list_number(KeyClass::Software.expiry_for(bay.now.local_date()));
    assert_eq!(number, place.list());
    let path = format!("/v1/status-lists/{number}");
    let first = chn.get(&path, None).await.is(200);
    assert_eq!(first.header("content-type"), "application/statuslist+cwt");
    assert_eq!(first.header("cache-control"), "no-cache", "a cache asks each time");
    let tag = first.header("etag").to_owned();
    assert_eq!(chn.get(&path, None).await.is(200).body, first.body, "not signed twice within half a minute");
    let same = chn.call("GET", &path, &[("if-none-match", &tag)], Vec::new()).await.is(304);
    assert!(same.body.is_empty());
    chn.clock.fetch_add(31, Ordering::SeqCst);
    assert_ne!(chn.get(&path, None).await.is(200).body, first.body, "signed afresh after half a minute");
    let read = |bytes: &[u8]| {
        let key = bay.trust.find(Chn, Role::Status, authority::KEY_ID, bay.now).unwrap();
        let list = SignedStatusList::open(bytes, key, &status_name(Chn, number)).unwrap();
        list.list.get(place.index()).unwrap()
    };
    assert_eq!(read(&first.body), Status::Valid);
    let before = chn.get(&path, None).await.is(200);
    chn.send("DELETE", "/v1/pass", secret, &Value::Null).await.is(204);
    let after = chn.call("GET", &path, &[("if-none-match", before.header("etag"))], Vec::new()).await.is(200);
    assert_eq!(
        read(&after.body),
        Status::Invalid,
        "the same second, the same cache: the revocation is in it"
    );
}

#[tokio::test]
async fn officers_end_passes_lose_documents_and_watch() {
    let Some((photo, live, _)) = photographs("officers_end_passes") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let officer = Some(OFFICER);
    chn.post("/v1/residents", officer, &resident(RECORD, &photo)).await.is(201);
    let whose = json!({ "document": { "kind": "exit_entry_permit", "number": NUMBER } });
    let enrol = async || {
        let wanted = enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live);
        let secret = chn.post("/v1/enrolments", None, &wanted).await.is(201).json()["secret"].clone();
        secret.as_str().unwrap().to_owned()
    };
    let code = async |wallet: &Wallet| {
        let (body, _) = envelope(&bay, wallet, &show(&bay, wallet, &live), Side::Exit);
        let answer = chn.cbor("/v1/verdicts", &body).await.is(200);
        let verdict = Verdict::decode(message::unverified_payload(&answer.body).unwrap()).unwrap();
        let path = format!("/v1/verdicts/{}", hex::encode(verdict.reference));
        chn.get(&path, officer).await.is(200).json()["code"].as_str().unwrap().to_owned()
    };
    let session = crate::bay::enrol(&bay, &live).await;
    let wallet = crate::bay::token(&bay, &session).await;
    let until = bay.now.plus_seconds(3600).to_string();
    let watched = |by: &str| json!({ "document": whose["document"], "until": until, "by": by });
    chn.post("/v1/watch", officer, &watched("officer")).await.is(204);
    assert_eq!(code(&wallet).await, "risk_check");
    chn.post("/v1/watch", officer, &watched("list")).await.is(204);
    assert_eq!(code(&wallet).await, "risk_check");
    chn.post("/v1/residents/end-pass", officer, &whose).await.is(204);
    assert_eq!(code(&wallet).await, "pass_ended");
    let secret = enrol().await;
    chn.get("/v1/pass", Some(&secret)).await.is(200);
    chn.post("/v1/residents/lose", officer, &whose).await.is(204);
    let gone = chn.get("/v1/pass", Some(&secret)).await;
    chn.problem(&gone, "own_pass", "no_pass");
    let lost =
        chn.post("/v1/enrolments", None, &enrolment("exit_entry_permit", NUMBER, NAME, BIRTH, &live)).await;
    chn.problem(&lost, "enrol", "unknown_person");
    let waiting = chn.get("/v1/unresolved", officer).await.is(200).json();
    assert_eq!(waiting, json!({ "unresolved": [] }));
}

#[tokio::test]
async fn a_reservation_without_its_event_waits_for_an_officer() {
    let Some((photo, live, _)) = photographs("a_reservation_without_its_event") else { return };
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    bay.chn.add_resident(RECORD, &photo, bay.now).await.unwrap();
    let wallet = crate::bay::wallet(&bay, &live).await;
    let (body, _) = envelope(&bay, &wallet, &show(&bay, &wallet, &live), Side::Exit);
    chn.cbor("/v1/verdicts", &body).await.is(200);
    chn.clock.fetch_add(600, Ordering::SeqCst);
    let waiting = chn.get("/v1/unresolved", Some(OFFICER)).await.is(200).json();
    assert_eq!(waiting["unresolved"][0]["lane"], crate::bay::GATE);
    let since = "2026-03-02T10:05:00+08:00";
    assert_eq!(waiting["unresolved"][0]["since"], since, "from the end of its time on");
}

#[tokio::test]
async fn lists_health_and_counters_speak_of_nobody() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let mac = Door::open(&bay.mac, &bay).await;
    let lists = chn.get("/v1/trust-lists", None).await.is(200).json();
    let names: Vec<_> = lists["lists"].as_array().unwrap().iter().map(|l| l["authority"].clone()).collect();
    assert_eq!(names, ["CHN", "MAC"]);
    assert_eq!(un64(&lists["lists"][1]["list"]), bay.trust.bytes(Mac).unwrap());
    let approvals = chn.get("/v1/approvals", None).await.is(200).json();
    assert_eq!(un64(&approvals["approvals"][0]), bay.approval);

    let health = mac.get("/health/details", None).await.is(200).json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["database"]["status"], "ok");
    let keys = health["weekly_keys"].as_array().unwrap();
    let present = |maker: &str, week: &str| {
        let key = keys.iter().find(|k| k["maker"] == maker && k["week"] == week).unwrap();
        key["present"].as_bool().unwrap()
    };
    assert!(present("CHN", "2026-W10") && present("CHN", "2026-W11"));
    assert!(!present("HKG", "2026-W10"));
    let warnings = health["warnings"].to_string();
    assert!(
        warnings.contains("the weekly key HKG to MAC for 2026-W10") && warnings.contains("trust list of HKG")
    );
    mac.clock.fetch_add(10 * 86_400, Ordering::SeqCst);
    let health = mac.get("/health/details", None).await.is(503).json();
    assert_eq!(health["status"], "unavailable", "an own trust list that ended judges nobody");

    chn.cbor("/v1/verdicts", b"nothing").await.is(400);
    chn.get("/somewhere/CA1234567", None).await.is(404);
    let metrics = chn.get("/metrics", None).await.is(200).text();
    for line in [
        "baypass_authority_requests_total{path=\"/v1/approvals\",method=\"GET\",status=\"200\"} 1",
        "baypass_authority_problems_total{code=\"message_malformed\"} 1",
        "baypass_authority_requests_total{path=\"none\",method=\"GET\",status=\"404\"} 1",
        "baypass_authority_database_up 1",
        "baypass_authority_weekly_keys_missing 4",
        "baypass_authority_trust_list_seconds_left{authority=\"CHN\"} 604800",
        "baypass_authority_request_seconds_count{path=\"/v1/approvals\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
    tells_nothing(&metrics);
}

#[tokio::test]
async fn a_wallet_of_any_origin_may_fetch_a_request_and_answer_it_and_is_let_in_nowhere_else() {
    const ANY: &str = "https://any.example";
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let ahead = async |path: &str, method: &str| {
        let asks = ("access-control-request-headers", "content-type");
        let headers = [("origin", ANY), ("access-control-request-method", method), asks];
        chn.call("OPTIONS", path, &headers, Vec::new()).await
    };
    let id = "00112233445566778899aabbccddeeff";
    let (request, response) = (format!("/openid/request/{id}"), format!("/openid/response/{id}"));
    for (path, method) in [(&request, "GET"), (&request, "POST"), (&response, "POST")] {
        let allowed = ahead(path, method).await.is(200);
        assert_eq!(allowed.header("access-control-allow-origin"), "*", "{method} {path}");
        assert!(allowed.header("access-control-allow-methods").contains(method), "{method} {path}");
        assert_eq!(allowed.header("access-control-allow-headers").to_lowercase(), "content-type");
        assert_eq!(allowed.header("access-control-allow-credentials"), "", "nothing of a browser's own");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let refused = chn.call(method, path, &[("origin", ANY), form], Vec::new()).await;
        assert!(refused.status >= 400, "there is no such request");
        assert_eq!(refused.header("access-control-allow-origin"), "*", "a wallet must be able to read that");
        assert_eq!(refused.header("x-content-type-options"), "nosniff");
    }
    chn.call("PUT", &request, &[("origin", ANY)], Vec::new()).await.is(405);
    for (path, method) in [
        (format!("/openid/done/{id}").as_str(), "GET"),
        ("/openid/par", "POST"),
        ("/openid/token", "POST"),
        ("/openid/credential", "POST"),
        ("/.well-known/openid-credential-issuer", "GET"),
        ("/v1/identity-requests", "POST"),
        ("/v1/tokens", "POST"),
        ("/v1/trust-lists", "GET"),
    ] {
        let other = ahead(path, method).await;
        assert_eq!(other.header("access-control-allow-origin"), "", "{method} {path}");
    }
}

#[tokio::test]
async fn web_wallets_of_named_origins_are_let_in_and_no_others() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let preflight = async |path: &str, origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        chn.call("OPTIONS", path, &headers, Vec::new()).await
    };
    let allowed = preflight("/v1/tokens", ORIGIN).await.is(200);
    assert_eq!(allowed.header("access-control-allow-origin"), ORIGIN);
    assert!(allowed.header("access-control-allow-headers").to_lowercase().contains("authorization"));
    assert!(allowed.header("access-control-allow-methods").contains("DELETE"));
    let other = preflight("/v1/tokens", "https://elsewhere.example").await;
    assert_eq!(other.header("access-control-allow-origin"), "", "a browser lets no other page in");
    let officer = preflight("/v1/ledger", ORIGIN).await;
    assert_eq!(officer.header("access-control-allow-origin"), "", "an officer's page is no wallet");
    let reference = "/v1/verdicts/00112233445566778899aabbccddeeff";
    let asks = async |path: &str, origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "GET")];
        chn.call("OPTIONS", path, &headers, Vec::new()).await.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(asks(reference, GATE).await, GATE, "an officer's view looks up a reason");
    assert_eq!(asks(reference, ORIGIN).await, "", "a wallet does not");
    let holder = format!("{reference}/holder");
    assert_eq!(asks(&holder, GATE).await, GATE, "and whom it is about");
    assert_eq!(asks(&holder, ORIGIN).await, "", "a wallet sees nobody");
    for path in ["/v1/ledger", "/v1/unresolved", "/v1/pass"] {
        assert_eq!(asks(path, GATE).await, "", "an officer's view does nothing else: {path}");
    }
    let bare = chn.call("GET", reference, &[("origin", GATE)], Vec::new()).await;
    chn.problem(&bare, "verdict", "unauthorized");
    assert_eq!(bare.header("access-control-allow-origin"), GATE);
    let refused = chn.call("GET", "/v1/pass", &[("origin", ORIGIN)], Vec::new()).await;
    assert_eq!(
        refused.header("access-control-allow-origin"),
        ORIGIN,
        "a wallet must be able to read a problem"
    );
    assert!(refused.header("vary").to_lowercase().contains("origin"));
    assert_eq!(refused.header("cache-control"), "no-store");
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn the_description_and_the_room_name_the_same_doors() {
    let bay = bay(MORNING.parse().unwrap(), in_memory().await).await;
    let chn = Door::open(&bay.chn, &bay).await;
    let paths = chn.api()["paths"].as_object().unwrap().clone();
    let documented: BTreeSet<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |m| format!("{} {path}", m.to_uppercase()))
        })
        .collect();
    let fixed = [
        "DELETE /v1/carers/{id}",
        "DELETE /v1/hand-over",
        "DELETE /v1/officers/session",
        "DELETE /v1/pass",
        "GET /.well-known/oauth-authorization-server",
        "GET /.well-known/openid-credential-issuer",
        "GET /docs",
        "GET /health",
        "GET /health/details",
        "GET /metrics",
        "GET /openapi.json",
        "GET /openid/authorize",
        "GET /openid/done/{id}",
        "GET /openid/request/{id}",
        "GET /openid/root.cer",
        "GET /openid/root.crl",
        "GET /openid/sign-in/{file}",
        "GET /openid/status-lists",
        "GET /openid/status-lists/{n}",
        "GET /v1/appeals",
        "GET /v1/appeals/{reference}",
        "GET /v1/approvals",
        "GET /v1/attestation-nonce",
        "GET /v1/carers",
        "GET /v1/conflicts",
        "GET /v1/identity-requests/{id}",
        "GET /v1/ledger",
        "GET /v1/officers/accounts",
        "GET /v1/officers/acts",
        "GET /v1/officers/session",
        "GET /v1/pass",
        "GET /v1/passages",
        "GET /v1/residents/second-enrolments",
        "GET /v1/status-lists/{n}",
        "GET /v1/suspensions",
        "GET /v1/trust-lists",
        "GET /v1/unresolved",
        "GET /v1/verdicts/{reference}",
        "GET /v1/verdicts/{reference}/holder",
        "POST /openid/credential",
        "POST /openid/deferred-credential",
        "POST /openid/nonce",
        "POST /openid/notification",
        "POST /openid/par",
        "POST /openid/request/{id}",
        "POST /openid/response/{id}",
        "POST /openid/sign-in",
        "POST /openid/sign-in-refusal",
        "POST /openid/sign-in/{id}/frames",
        "POST /openid/token",
        "POST /v1/appeals",
        "POST /v1/appeals/answer",
        "POST /v1/chains",
        "POST /v1/enrolments",
        "POST /v1/enrolments/{id}/frames",
        "POST /v1/events",
        "POST /v1/hand-over",
        "POST /v1/hand-over/take",
        "POST /v1/handovers",
        "POST /v1/identity-requests",
        "POST /v1/may-cross",
        "POST /v1/notices",
        "POST /v1/officers/accounts",
        "POST /v1/officers/accounts/{id}/code",
        "POST /v1/officers/accounts/{id}/lock",
        "POST /v1/officers/challenges",
        "POST /v1/officers/passkeys",
        "POST /v1/officers/passkeys/challenges",
        "POST /v1/officers/sessions",
        "POST /v1/parts",
        "POST /v1/pass/look-alike",
        "POST /v1/residents",
        "POST /v1/residents/carers",
        "POST /v1/residents/carers/end",
        "POST /v1/residents/carers/list",
        "POST /v1/residents/end-pass",
        "POST /v1/residents/erase",
        "POST /v1/residents/invite",
        "POST /v1/residents/look-alike",
        "POST /v1/residents/lose",
        "POST /v1/residents/offer",
        "POST /v1/residents/papers",
        "POST /v1/residents/papers/end",
        "POST /v1/residents/papers/parts",
        "POST /v1/residents/replace",
        "POST /v1/residents/second-enrolments",
        "POST /v1/second-enrolment",
        "POST /v1/settlements",
        "POST /v1/suspensions",
        "POST /v1/tokens",
        "POST /v1/venue-credentials",
        "POST /v1/verdicts",
        "POST /v1/watch",
    ];
    assert_eq!(documented.iter().map(String::as_str).collect::<Vec<_>>(), fixed);
    for (path, item) in &paths {
        let real = path
            .replace("{n}", "3")
            .replace("{reference}", "00")
            .replace("{id}", "x")
            .replace("{file}", "sign-in.js");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = chn.call(method, &real, &[], Vec::new()).await;
            let there = item.get(method.to_lowercase()).is_some();
            assert_eq!(answer.status != 405, there, "{method} {path}");
            if !there {
                chn.problem(&answer, "", "method_not_allowed");
                let named: BTreeSet<_> = answer.header("allow").split(',').map(str::trim).collect();
                for allowed in item.as_object().unwrap().keys() {
                    assert!(named.contains(allowed.to_uppercase().as_str()), "Allow of {path}: {named:?}");
                }
            }
        }
    }
    let listed = &chn.api()["components"]["schemas"]["ProblemCode"]["enum"];
    let codes: Vec<_> = authority::http::ProblemCode::ALL.iter().map(|code| code.code()).collect();
    assert_eq!(listed, &json!(codes));
    let page = chn.get("/docs", None).await.is(200);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    let page = page.text();
    assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("http://"));
    for path in paths.keys() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path} is not on the page");
    }
    for schema in chn.api()["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"schema-{schema}\"")), "{schema} is not on the page");
    }
}

//! A wallet of others on the counter's page (Digital Credentials API): both protocols over HTTP, what the clerk sees, every cheat.

#![expect(
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of the test functions themselves: what is missing fails the test"
)]

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use openid4vc::dcql::Candidate;
use openid4vc::presentation::{Asked, Context, HeldCredential, SELF_ISSUED};
use serde_json::{Value, json};
use trust::VenueKind;

use crate::desk::now;
use crate::iso_holder::{Handed, answer_of};
use crate::openid::{Bay, Cards, PAGE, REVOKED};
use crate::service::{Served, word};

const OPENID: &str = "openid4vp-v1-signed";
const ISO: &str = "org-iso-mdoc";
const ELSEWHERE: &str = "https://elsewhere.example";

impl Bay {
    async fn call(&self, forms: &str) -> Value {
        self.served.post("/api/openid/page-requests", &json!({ "forms": forms })).await
    }

    fn handed(&self, called: &Value, origin: &str) -> Handed {
        Handed::read(data(called, ISO), origin)
    }

    fn by_iso(&self, called: &Value, cards: &Cards) -> Value {
        self.handed(called, PAGE).answer(&cards.mdoc, &self.device)
    }

    fn by_openid(&self, called: &Value, cards: &Cards) -> Value {
        let readers = self.readers.anchors();
        let context = |origin| Context {
            anchors: &readers,
            client_id: None,
            wallet_nonce: None,
            origin: Some(origin),
            audiences: &[SELF_ISSUED],
            now: now(),
        };
        let object = word(data(called, OPENID), "request");
        let elsewhere = Asked::read(&object, &context(ELSEWHERE));
        assert_eq!(elsewhere.unwrap_err().code(), "request_origin", "it counts on the counter's page alone");
        let asked = Asked::read(&object, &context(PAGE)).unwrap();
        let held = [Candidate::SdJwt(&cards.sd_jwt), Candidate::Mdoc(&cards.mdoc)]
            .map(|credential| HeldCredential { credential, device: &self.device });
        let response = asked.respond(&held, true, now()).unwrap();
        json!({ "protocol": OPENID, "data": { "response": response } })
    }

    async fn give(&self, called: &Value, answer: &Value) -> (StatusCode, Value) {
        let path = format!("/api/openid/page-requests/{}", word(called, "id"));
        let said = self.served.counter("POST", &path, answer).await;
        (said.status, said.json())
    }

    /// The code with which an answer is refused, as the page hears it and the clerk sees it.
    async fn refused_on_page(&self, called: &Value, answer: &Value) -> String {
        let (status, body) = self.give(called, answer).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        let seen = self.state(called).await;
        assert_eq!((&seen["state"], &seen["code"]), (&json!("refused"), &body["code"]), "{seen}");
        word(&body, "code")
    }
}

/// What the page hands over by a protocol.
fn data<'v>(called: &'v Value, protocol: &str) -> &'v Value {
    let ways = called["requests"].as_array().unwrap();
    &ways.iter().find(|way| way["protocol"] == protocol).unwrap()["data"]
}

fn protocols(called: &Value) -> Vec<String> {
    called["requests"].as_array().unwrap().iter().map(|way| word(way, "protocol")).collect()
}

#[tokio::test]
async fn a_wallet_answers_the_counters_page_by_either_protocol_and_the_guest_is_registered() {
    let bay = Bay::new(VenueKind::Hotel).await;
    assert_eq!(bay.served.get("/api/desk").await["page_origin"], PAGE);
    let cards = bay.cards();
    let ways = [
        ("sd_jwt", OPENID),
        ("mdoc", OPENID),
        ("both", OPENID),
        ("either", OPENID),
        ("either", ISO),
        ("mdoc", ISO),
    ];
    for (line, (forms, protocol)) in ways.into_iter().enumerate() {
        let called = bay.call(forms).await;
        let asked_by_both = forms == "mdoc" || forms == "either";
        assert_eq!(protocols(&called), [OPENID, ISO][..if asked_by_both { 2 } else { 1 }], "{forms}");
        assert_eq!(bay.state(&called).await["state"], "waiting");
        let answer =
            if protocol == ISO { bay.by_iso(&called, &cards) } else { bay.by_openid(&called, &cards) };
        let (status, body) = bay.give(&called, &answer).await;
        assert_eq!(
            (status, &body["repeated"]),
            (StatusCode::OK, &json!(false)),
            "{forms} {protocol}: {body}"
        );
        let seen = bay.state(&called).await;
        assert_eq!(seen["state"], "answered", "{forms} {protocol}");
        assert_eq!(seen["claims"]["name"], "CANARY, SPECIMEN");
        assert_eq!(seen["claims"]["document_number"], "H12345678");
        assert_eq!(seen["claims"]["birth_date"], "1990-05-17");
        let party = json!({ "party": format!("{line:032x}"), "planned": "2026-12-01",
            "lines": [{ "line": 0, "answer": seen["id"], "room": "101" }] });
        let done = bay.served.post("/api/check-ins", &party).await;
        assert_eq!(done["lines"][0]["result"], "new", "{forms} {protocol}: {done}");
        assert_eq!(bay.state(&called).await["state"], "used");
    }
}

#[tokio::test]
async fn a_building_hears_the_same_by_org_iso_mdoc_as_by_a_code() {
    let bay = Bay::new(VenueKind::Building).await;
    for (has_given, name) in [(true, "CANARY, SPECIMEN"), (false, "CANARY")] {
        let cards = bay.cards_of(&bay.issuer, &bay.issuers.anchors(), |one| has_given || one != "given_name");
        let called = bay.call("either").await;
        let handed = bay.handed(&called, PAGE);
        assert_eq!(handed.doc_types(), ["org.baypass.identity-card.1"]);
        assert!(handed.is_signed(&bay.readers.anchors(), now()));
        assert_eq!(handed.asks("org.iso.23220.1", "document_number"), None, "a building does not ask for it");
        assert_eq!(bay.give(&called, &bay.by_iso(&called, &cards)).await.0, StatusCode::OK);
        let claims = bay.state(&called).await["claims"].clone();
        assert_eq!(claims, json!({ "document_kind": "home_return_permit", "name": name }));
    }
}

#[tokio::test]
async fn an_answer_on_the_page_counts_once_whichever_protocol_it_came_by_and_in_time() {
    let bay = Bay::new(VenueKind::Hotel).await;
    let cards = bay.cards();
    let called = bay.call("either").await;
    let (first, second) = (bay.by_iso(&called, &cards), bay.by_openid(&called, &cards));
    assert_eq!(bay.give(&called, &first).await.0, StatusCode::OK);
    let (status, body) = bay.give(&called, &first).await;
    assert_eq!((status, &body["repeated"]), (StatusCode::OK, &json!(true)), "the same again");
    for other in [second, bay.by_iso(&called, &cards)] {
        let (status, body) = bay.give(&called, &other).await;
        assert_eq!((status, word(&body, "code").as_str()), (StatusCode::CONFLICT, "answered_already"));
    }
    let unknown = json!({ "id": "0".repeat(32) });
    let (status, body) = bay.give(&unknown, &first).await;
    assert_eq!((status, word(&body, "code").as_str()), (StatusCode::NOT_FOUND, "request_unknown"));
    // By a clock that is past the end of the request.
    let late = now().plus_seconds(301);
    let lists = bay.served.world.held_with(|held| held.heard = Some(late));
    for protocol in [OPENID, ISO] {
        let waits = bay.call("mdoc").await;
        let made = if protocol == ISO { bay.by_iso(&waits, &cards) } else { bay.by_openid(&waits, &cards) };
        let id = word(&waits, "id").parse().unwrap();
        let taken = bay.served.desk.take_on_page(id, made.to_string().as_bytes(), &lists, late).await;
        assert_eq!(taken.unwrap_err().code(), "response_late", "{protocol}");
    }
}

#[tokio::test]
async fn a_request_on_the_page_takes_no_form_and_one_by_a_code_no_answer_of_a_page() {
    let bay = Bay::new(VenueKind::Hotel).await;
    let cards = bay.cards();
    let (called, asked) = (bay.call("mdoc").await, bay.ask("mdoc").await);
    let (status, body) = bay.give(&asked, &bay.by_iso(&called, &cards)).await;
    assert_eq!((status, word(&body, "code").as_str()), (StatusCode::NOT_FOUND, "request_unknown"));
    let link = word(&asked, "link").replace(&word(&asked, "id"), &word(&called, "id"));
    let response = word(&bay.by_openid(&called, &cards)["data"], "response");
    let (status, body) = bay.post(&json!({ "link": link }), &response).await;
    assert_eq!((status, word(&body, "code").as_str()), (StatusCode::NOT_FOUND, "request_unknown"));
}

#[tokio::test]
async fn every_cheat_on_the_page_is_refused_with_its_code_and_the_request_goes_on_waiting() {
    let bay = Bay::new(VenueKind::Hotel).await;
    let cards = bay.cards();
    let (called, other) = (bay.call("either").await, bay.call("either").await);
    let handed = bay.handed(&called, PAGE);
    let mut altered = handed.seal(&handed.response(&cards.mdoc, &bay.device));
    *altered.last_mut().unwrap() ^= 1;
    let good = bay.by_openid(&called, &cards);
    let relabelled = |protocol: &str| json!({ "protocol": protocol, "data": good["data"] });
    let plain = json!({ "protocol": OPENID, "data": { "vp_token": { "identity-card-sd-jwt": ["x"] } } });
    let declined = json!({ "protocol": OPENID, "data": { "error": "access_denied" } });
    let elsewhere = bay.handed(&called, ELSEWHERE);
    let signed_elsewhere = elsewhere.response(&cards.mdoc, &bay.device);
    for (what, answer, code) in [
        ("another page", elsewhere.answer(&cards.mdoc, &bay.device), "response_decryption"),
        ("signed for another page", answer_of(&handed.seal(&signed_elsewhere)), "mdoc_device_signature"),
        ("another request, mdoc", bay.by_iso(&other, &cards), "response_decryption"),
        ("another request", bay.by_openid(&other, &cards), "response_other_key"),
        ("an altered cipher text", answer_of(&altered), "response_decryption"),
        ("an unsigned substitute", relabelled("openid4vp-v1-unsigned"), "response_protocol"),
        ("a protocol of nobody", relabelled("x"), "response_protocol"),
        ("in plain", plain, "response_not_encrypted"),
        ("no encrypted response", relabelled(ISO), "response_encrypted_form"),
        ("no answer", json!({}), "response_form"),
        ("the user's no", declined, "openid_declined"),
    ] {
        assert_eq!(bay.refused_on_page(&called, &answer).await, code, "{what}");
    }
    assert_eq!(bay.give(&called, &good).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_revoked_credential_and_one_of_an_unknown_issuer_are_refused_on_the_page_too() {
    let bay = Bay::new(VenueKind::Hotel).await;
    let strangers = crate::openid::Root::new("Strangers");
    let stranger = strangers.signer("Stranger", transport::SignerUse::DocumentSigner);
    let unknown = bay.cards_of(&stranger, &strangers.anchors(), |_| true);
    let cards = bay.cards();
    bay.lists.answers.store(REVOKED, Ordering::SeqCst);
    for (cards, code) in [(&unknown, "certificate_unknown"), (&cards, "presentation_revoked")] {
        let called = bay.call("either").await;
        for answer in [bay.by_iso(&called, cards), bay.by_openid(&called, cards)] {
            assert_eq!(bay.refused_on_page(&called, &answer).await, code);
        }
    }
}

#[tokio::test]
async fn a_desk_asks_nobody_on_its_page_where_it_may_not_or_is_not_set_up() {
    let bay = Bay::new(VenueKind::Hotel).await;
    bay.served.world.lists.lock().unwrap().approvals = trust::Approvals::default();
    let refused = bay.served.counter("POST", "/api/openid/page-requests", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "approval_unknown"));
    let plain = Served::new(VenueKind::Hotel).await;
    let refused = plain.counter("POST", "/api/openid/page-requests", &json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "openid_not_set_up"));
    assert!(plain.get("/api/desk").await.get("page_origin").is_none());
}

//! The desk over HTTP: wallets at one router, clerks at the other.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use code::{VenueCode, VenueCodeKind};
use credential::venue::{UnverifiedRequest, VenueReceipt, VenueRequest};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use trust::VenueKind;
use venue::desk::{Desk, Lists};
use venue::door::Doors;
use venue::http::{CounterSecret, HttpState, Routers, openapi, routers};

use crate::desk::now;
use crate::world::*;

/// A desk that is served, and the cookie of a clerk.
pub struct Served {
    pub world: World,
    pub desk: Desk,
    routers: Routers,
    cookie: String,
}

pub struct Answer {
    pub status: StatusCode,
    kind: String,
    body: Vec<u8>,
    cookie: Option<String>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{:?}", self.body))
    }

    pub fn code(&self) -> String {
        assert_eq!(self.kind, "application/problem+json", "{}", self.status);
        word(&self.json(), "code")
    }
}

/// A text of an object.
pub fn word(object: &Value, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_else(|| panic!("{key}: {object}")).to_owned()
}

async fn send(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let text = |name| {
        response.headers().get(name).and_then(|v: &header::HeaderValue| v.to_str().ok()).map(str::to_owned)
    };
    let (status, kind, cookie) =
        (response.status(), text(header::CONTENT_TYPE).unwrap_or_default(), text(header::SET_COOKIE));
    let body = to_bytes(response.into_body(), 4 << 20).await.unwrap().to_vec();
    Answer { status, kind, body, cookie }
}

/// A reader of zones whose pictures are the lines themselves.
fn lines(pictures: &[Vec<u8>], _: documents::LocalDate) -> Result<String, venue::http::NoZone> {
    match pictures {
        [one, two] if one == two => Ok(String::from_utf8(one.clone()).unwrap()),
        _ => Err(venue::http::NoZone { code: "card_zone_once", want: "keep the card still" }),
    }
}

impl Served {
    pub async fn new(kind: VenueKind) -> Self {
        let world = World::new(kind).await;
        let desk = world.desk.clone();
        Self::of(world, desk).await
    }

    /// The routers of a desk in this world.
    pub async fn of(world: World, desk: Desk) -> Self {
        let lists = Arc::clone(&world.lists);
        let state = HttpState {
            desk: desk.clone(),
            lists: Arc::new(move || Arc::new(lists.lock().unwrap().clone()) as Arc<dyn Lists>),
            now: Arc::new(now),
            reply: None,
            origins: vec!["https://wallet.example".to_owned()],
            secret: CounterSecret::of_text("specimen secret"),
            doors: Doors::default(),
            zones: Arc::new(lines),
            secure: false,
        };
        let mut served = Self { world, desk, routers: routers(state), cookie: String::new() };
        let signed = served
            .counter("POST", "/api/session", &json!({ "secret": "specimen secret", "name": "clerk-1" }))
            .await;
        let cookie = signed.cookie.unwrap();
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        served.cookie = cookie.split(';').next().unwrap().to_owned();
        served
    }

    /// What wallets reach.
    pub fn public(&self) -> Router {
        self.routers.public.clone()
    }

    pub async fn counter(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::COOKIE, &self.cookie);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        send(&self.routers.counter, request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.counter("GET", path, &Value::Null).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {:?}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.counter("POST", path, body).await;
        assert!(answer.status.is_success(), "{path}: {:?}", String::from_utf8_lossy(&answer.body));
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    pub async fn online(&self, answer: Vec<u8>) -> Answer {
        let request = Request::post("/v1/answers").header(header::CONTENT_TYPE, "application/cbor");
        send(&self.routers.public, request.body(Body::from(answer)).unwrap()).await
    }

    /// A fresh request, as the wallet reads it from the screen.
    pub async fn ask(&self) -> (String, VenueRequest) {
        let asked = self.post("/api/requests", &json!({})).await;
        assert!(word(&asked, "svg").starts_with("<svg"));
        (word(&asked, "id"), read(&word(&asked, "text")))
    }
}

fn read(text: &str) -> VenueRequest {
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Request, text, &mut scratch).unwrap();
    UnverifiedRequest::parse(code.bytes()).unwrap().claimed().clone()
}

#[tokio::test]
async fn a_party_of_40_checks_in_over_http_and_one_bad_line_holds_up_nobody() {
    let served = Served::new(VenueKind::Hotel).await;
    let mut lines = Vec::new();
    for n in 0..39 {
        let (id, request) = served.ask().await;
        assert_eq!(served.get(&format!("/api/requests/{id}")).await["state"], "waiting");
        let wallet = served.world.wallet();
        let mut line = json!({ "line": n, "answer": id, "room": format!("{}", 100 + n) });
        let needs = if n % 2 == 0 {
            let taken = served.online(wallet.answer(&request, now())).await;
            assert_eq!((taken.status, taken.kind.as_str()), (StatusCode::OK, "application/cbor"));
            VenueReceipt::open(&taken.body, &served.world.desk_public()).unwrap();
            Value::Null
        } else {
            // To the desk's camera with what is required; the rest is asked of the guest.
            let answer = wallet.answer_required(&request, now());
            let text = VenueCode::new(VenueCodeKind::Answer, &answer).to_text().unwrap();
            assert_eq!(served.post("/api/answers", &json!({ "text": text })).await["id"], id.as_str());
            line["fields"] = json!({ "birth_date": "1990-05-17", "nationality": "CHN" });
            json!(["birth_date", "nationality"])
        };
        let seen = served.get(&format!("/api/requests/{id}")).await;
        assert_eq!(
            (&seen["state"], &seen["claims"]["document_kind"]),
            (&json!("answered"), &json!("home_return_permit"))
        );
        let missing = |fault: &Value| (fault["code"] == "field_missing").then(|| fault["field"].clone());
        let found =
            seen["needs"].as_array().map(|faults| faults.iter().filter_map(missing).collect::<Value>());
        assert_eq!(found.unwrap_or_default(), needs);
        lines.push(line);
    }
    let card = json!({ "name": "SPECIMEN, CARD", "document_kind": "cn-id", "document_number": "110105194912310021" });
    lines.push(json!({ "line": 39, "fields": card, "room": "139" }));
    let party = json!({ "party": "0a".repeat(16), "planned": "2026-12-01", "lines": lines });
    let done = served.post("/api/check-ins", &party).await;
    let count = |done: &Value, word: &str| {
        done["lines"].as_array().unwrap().iter().filter(|line| line["result"] == word).count()
    };
    assert_eq!((count(&done, "new"), count(&done, "refused")), (39, 1), "{done}");
    assert_eq!(done["lines"][39]["faults"][0]["field"], "document_number");
    // The clerk mends the line and sends the whole party again.
    let mut party = party;
    party["lines"][39]["fields"]["document_number"] = json!("11010519491231002X");
    let done = served.post("/api/check-ins", &party).await;
    assert_eq!((count(&done, "already"), count(&done, "new")), (39, 1), "{done}");
    assert_eq!(served.get("/api/stays").await["stays"].as_array().unwrap().len(), 40);
    let health = served.get("/api/health").await;
    assert_eq!((&health["status"], &health["lists"]), (&json!("ok"), &json!("current")));
    assert_eq!(health["police"]["waiting"], 40);
    assert_eq!(health["answers"], 0);
}

#[tokio::test]
async fn a_stay_over_http_moves_is_corrected_ends_and_is_erased_with_its_reasons() {
    let served = Served::new(VenueKind::Hotel).await;
    let fields = json!({ "name": "SPECIMEN, CARD", "document_kind": "cn-id", "document_number": "11010519491231002X" });
    let line = json!({ "line": 1, "fields": fields, "room": "1201" });
    let party = json!({ "party": "0b".repeat(16), "planned": "2026-12-01", "lines": [line] });
    let done = served.post("/api/check-ins", &party).await;
    let stay = format!("/api/stays/{}", done["lines"][0]["stay"].as_str().unwrap());
    served.post(&format!("{stay}/room"), &json!({ "room": "808" })).await;
    served.post(&format!("{stay}/correct"), &json!({ "fields": { "name": "SPECIMEN, CORRECTED" } })).await;
    let seen = served.get(&stay).await;
    assert_eq!(
        (&seen["room"], &seen["fields"]["name"]["text"]),
        (&json!("808"), &json!("SPECIMEN, CORRECTED"))
    );
    let same = served.counter("POST", &format!("{stay}/room"), &json!({ "room": "808" })).await;
    assert_eq!((same.status, same.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "same_room"));
    let erased = served.counter("DELETE", &stay, &Value::Null).await;
    assert_eq!((erased.status, erased.code().as_str()), (StatusCode::CONFLICT, "in_house"));
    served.post(&format!("{stay}/out"), &json!({})).await;
    let erased = served.counter("DELETE", &stay, &Value::Null).await;
    assert_eq!((erased.status, erased.code().as_str()), (StatusCode::CONFLICT, "report_open"));
    let copy = served.get(&format!("{stay}/export")).await;
    let acts: Vec<_> = copy["looks"].as_array().unwrap().iter().map(|look| look["act"].clone()).collect();
    assert!(acts.contains(&json!("export")) && acts.contains(&json!("see")), "{acts:?}");
    let none = served.counter("GET", &format!("/api/stays/{}", "0c".repeat(16)), &Value::Null).await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::NOT_FOUND, "unknown_stay"));
}

#[tokio::test]
async fn a_visitor_over_http_is_asked_for_enters_and_stands_on_the_evacuation_list() {
    let served = Served::new(VenueKind::Building).await;
    let (id, request) = served.ask().await;
    served.online(served.world.wallet().answer(&request, now())).await;
    let plan = json!({
        "host": "Lab West", "purpose": "meeting", "zones": ["12F"],
        "from": now().to_string(), "ends": now().plus_seconds(7_200).to_string(),
    });
    let visit = "0d".repeat(16);
    let body = json!({ "visit": visit, "plan": plan, "who": { "answer": id, "needs_help": true } });
    for result in ["new", "already"] {
        assert_eq!(served.post("/api/visits", &body).await["result"], result);
    }
    let path = format!("/api/visits/{visit}");
    let badge = served.post(&format!("{path}/host"), &json!({ "expected": true })).await["badge"].clone();
    assert_eq!(badge.as_str().map(str::len), Some(6));
    assert_eq!(
        served.post(&format!("{path}/enter"), &json!({ "zone": "12F" })).await["warning"],
        Value::Null
    );
    let twice = served.post(&format!("{path}/enter"), &json!({ "zone": "12F" })).await;
    assert_eq!(twice["warning"], "inside_already");
    let list = served.get("/api/evacuation").await;
    assert_eq!((&list["people"], &list["need_help"]), (&json!(1), &json!(1)));
    let print = served.counter("GET", "/api/evacuation?exercise=true&print=true", &Value::Null).await;
    assert!(String::from_utf8(print.body).unwrap().starts_with("EXERCISE"));
    served.post(&format!("{path}/mark"), &json!({ "safe": true })).await;
    let inside = served.counter("DELETE", &path, &Value::Null).await;
    assert_eq!((inside.status, inside.code().as_str()), (StatusCode::CONFLICT, "inside"));
    served.post(&format!("{path}/leave"), &json!({})).await;
    // Another one by card, with nothing but a name and a kind of document.
    let who = json!({ "name": "Specimen Card", "document": "hkid" });
    let body = json!({ "visit": "0e".repeat(16), "plan": body["plan"], "who": who });
    served.post("/api/visits", &body).await;
    let no =
        served.post(&format!("/api/visits/{}/host", "0e".repeat(16)), &json!({ "expected": false })).await;
    assert_eq!(no["state"], "not_expected");
    let hotels = served.counter("GET", "/api/stays", &Value::Null).await;
    assert_eq!(hotels.status, StatusCode::NOT_FOUND, "a building has no guests");
}

/// What somebody sees who opens a link in this language.
async fn opened(served: &Served, path: &str, language: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, language).body(Body::empty());
    let answer = send(&served.public(), request.unwrap()).await;
    assert_eq!(answer.kind, "text/html; charset=utf-8");
    (answer.status, String::from_utf8(answer.body).unwrap())
}

#[tokio::test]
async fn the_link_of_an_invitation_shows_when_where_and_the_code_and_nobody_until_it_is_over() {
    let served = Served::new(VenueKind::Building).await;
    let invited = |visit: &str, from: i64, hours: i64| {
        let times = [from, from + hours * 3_600].map(|seconds| now().plus_seconds(seconds).to_string());
        let plan = json!({
            "host": "Canary Host", "purpose": "meeting", "zones": ["12F"], "from": times[0], "ends": times[1],
        });
        json!({ "visit": visit, "plan": plan, "name": "Canary Visitor" })
    };
    let (coming, past) = ("0123456789abcdef".repeat(2), "fedcba9876543210".repeat(2));
    served.post("/api/invitations", &invited(&coming, 3_600, 2)).await;
    served.post("/api/invitations", &invited(&past, -7_200, 2)).await;
    let path = format!("/invitations/{coming}");
    let hour = now().plus_seconds(3_600).local_minute_of_day();
    let time = format!("{:02}:{:02}", hour / 60, hour % 60);
    for (language, words) in [
        ("zh-CN", ["前台", "北京时间"]),
        ("zh-HK", ["接待處", "UTC+8"]),
        ("en", ["At reception", "UTC+8"]),
        ("pt-PT", ["Na receção", "UTC+8"]),
    ] {
        let (status, page) = opened(&served, &path, language).await;
        assert_eq!(status, StatusCode::OK);
        for needle in ["0123-4567", "<svg", &time].into_iter().chain(words) {
            assert!(page.contains(needle), "{language}: no {needle} in {page}");
        }
        for kept in ["Canary", "12F", &coming, "{", "<script"] {
            assert!(!page.split("</style>").nth(1).unwrap().contains(kept), "{language}: {kept} in {page}");
        }
    }
    // The link in the e-mail names the e-mail's language, whatever the browser asks for.
    assert!(opened(&served, &format!("{path}?lang=pt"), "en").await.1.contains("<html lang=\"pt\">"));
    for gone in [&past, &"00".repeat(16), "0123-4567", "%3Cscript%3E"] {
        let (status, page) = opened(&served, &format!("/invitations/{gone}"), "en").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(page.contains("not in force") && !page.contains("<svg"), "{page}");
    }
    served.post(&format!("/api/visits/{coming}/host"), &json!({ "expected": false })).await;
    assert_eq!(opened(&served, &path, "en").await.0, StatusCode::NOT_FOUND, "the host took it back");
    let hotel = Served::new(VenueKind::Hotel).await;
    assert_eq!(opened(&hotel, &path, "en").await.0, StatusCode::NOT_FOUND, "a hotel invites nobody");
    // Nobody looked at anybody but this clerk just now; looks of one moment have no order.
    let record = served.get(&format!("/api/visits/{past}")).await;
    let mut acts: Vec<_> = record["looks"].as_array().unwrap().iter().map(|look| word(look, "act")).collect();
    acts.sort_unstable();
    assert_eq!(acts, ["register", "see"]);
}

#[tokio::test]
async fn nobody_acts_at_the_counter_without_a_session_and_bad_bodies_have_their_codes() {
    let served = Served::new(VenueKind::Hotel).await;
    let api = openapi();
    for (path, item) in api["paths"].as_object().unwrap() {
        let open = ["/v1/request", "/v1/answers", "/openapi.json", "/api/session"].contains(&path.as_str());
        if open
            || path.starts_with("/openid/")
            || path.starts_with("/api/visits")
            || path.contains("invitations")
            || path.contains("evacuation")
            || ["/api/readers", "/api/returns", "/api/unsettled"].iter().any(|own| path.starts_with(own))
        {
            continue;
        }
        for method in item.as_object().unwrap().keys() {
            let path = path.replace("{id}", &"00".repeat(16));
            let request = Request::builder().method(method.to_uppercase().as_str()).uri(&path);
            let request = request.header(header::CONTENT_TYPE, "application/json");
            let answer = send(&served.routers.counter, request.body(Body::from("{}")).unwrap()).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    let wrong = served.counter("POST", "/api/session", &json!({ "secret": "x", "name": "clerk-1" })).await;
    assert_eq!(wrong.code(), "unauthorized");
    let rows = [
        ("/api/check-ins", json!({ "party": "x" }), "malformed_json"),
        ("/api/check-ins", json!({ "party": "x", "planned": "2026-12-01", "lines": [] }), "wrong_field"),
        (
            "/api/check-ins",
            json!({ "party": "0a".repeat(16), "planned": "2026-12-01", "lines": [] }),
            "party_size",
        ),
        ("/api/answers", json!({ "text": "BR1:BB8" }), "venue_code_other_kind"),
        ("/api/answers", json!({ "text": "BV1:BB8" }), "presentation_form"),
        ("/api/stays/x/room", json!({ "room": "1" }), "wrong_field"),
    ];
    for (path, body, code) in rows {
        assert_eq!(served.counter("POST", path, &body).await.code(), code, "{path} {body}");
    }
    let form = Request::post("/v1/answers").header(header::CONTENT_TYPE, "text/plain").body(Body::empty());
    assert_eq!(send(&served.routers.public, form.unwrap()).await.code(), "unsupported_media_type");
    let large = served.online(vec![0; credential::venue::MAX_ANSWER_LEN + 1]).await;
    assert_eq!((large.status, large.code().as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"));
    let signed_out = served.counter("DELETE", "/api/session", &Value::Null).await;
    assert_eq!(signed_out.status, StatusCode::NO_CONTENT);
    assert_eq!(served.counter("GET", "/api/desk", &Value::Null).await.code(), "unauthorized");
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own_script() {
    let served = Served::new(VenueKind::Building).await;
    for (path, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/self-service", "text/html; charset=utf-8"),
        ("/self-service.js", "text/javascript; charset=utf-8"),
        ("/desk.js", "text/javascript; charset=utf-8"),
        ("/desk.css", "text/css; charset=utf-8"),
        ("/evacuation.js", "text/javascript; charset=utf-8"),
        ("/texts/pt.json", "application/json"),
    ] {
        let response =
            served.routers.counter.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());
        let response = response.await.unwrap();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap();
        assert_eq!((response.status(), header("content-type")), (StatusCode::OK, kind), "{path}");
        assert!(header("content-security-policy").starts_with("default-src 'none'; script-src 'self'"));
        assert_eq!((header("x-content-type-options"), header("cache-control")), ("nosniff", "no-store"));
    }
}

#[tokio::test]
async fn a_page_of_a_wallet_that_is_let_in_may_send_an_answer_and_no_other_page_anything() {
    let served = Served::new(VenueKind::Building).await;
    let ahead = async |router: &Router, origin: &str| {
        let asked = Request::options("/v1/answers")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let response = router.clone().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap();
        let allowed = response.headers().get("access-control-allow-origin").cloned();
        allowed.map(|value| value.to_str().unwrap().to_owned())
    };
    let wallet = "https://wallet.example";
    assert_eq!(ahead(&served.routers.public, wallet).await.as_deref(), Some(wallet));
    assert_eq!(ahead(&served.routers.public, "https://other.example").await, None);
    assert_eq!(ahead(&served.routers.counter, wallet).await, None, "the counter is its own page's alone");
}

#[tokio::test]
async fn a_wallet_of_any_origin_may_fetch_a_request_and_answer_it_and_is_let_in_nowhere_else() {
    let served = Served::new(VenueKind::Building).await;
    let sent = async |router: &Router, method: &str, path: &str, wants: Option<&str>| {
        let mut asked = Request::builder().method(method).uri(path).header("origin", "https://any.example");
        if let Some(wants) = wants {
            asked = asked.header("access-control-request-method", wants);
            asked = asked.header("access-control-request-headers", "content-type");
        }
        let response = router.clone().oneshot(asked.body(Body::empty()).unwrap()).await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        let names = ["origin", "methods", "headers", "credentials"];
        let allowed = names.map(|name| header(&format!("access-control-allow-{name}")));
        (response.status(), allowed, header("x-content-type-options"))
    };
    let (public, counter) = (&served.routers.public, &served.routers.counter);
    let id = "00112233445566778899aabbccddeeff";
    let (request, response) = (format!("/openid/request/{id}"), format!("/openid/response/{id}"));
    for (path, method) in [(&request, "GET"), (&request, "POST"), (&response, "POST")] {
        let (status, [origin, methods, headers, credentials], _) =
            sent(public, "OPTIONS", path, Some(method)).await;
        assert_eq!((status, origin.as_str()), (StatusCode::OK, "*"), "{method} {path}");
        assert!(methods.contains(method), "{method} {path}: {methods}");
        assert_eq!((headers.to_lowercase().as_str(), credentials.as_str()), ("content-type", ""));
        let (status, [origin, ..], sniffs) = sent(public, method, path, None).await;
        assert!(status.is_client_error(), "there is no such request");
        assert_eq!(
            (origin.as_str(), sniffs.as_str()),
            ("*", "nosniff"),
            "a wallet must be able to read that"
        );
    }
    assert_eq!(sent(public, "PUT", &request, None).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let done = format!("/openid/done/{id}");
    for (router, path, method) in [
        (public, done.as_str(), "GET"),
        (public, "/v1/answers", "POST"),
        (public, "/v1/request", "GET"),
        (counter, "/api/openid/requests", "POST"),
        (counter, &request, "GET"),
        (counter, &response, "POST"),
    ] {
        let (_, [origin, ..], _) = sent(router, "OPTIONS", path, Some(method)).await;
        assert_eq!(origin, "", "{method} {path}");
    }
}

#[tokio::test]
async fn a_wallet_gets_the_standing_request_and_is_told_when_the_approval_is_suspended() {
    let served = Served::new(VenueKind::Hotel).await;
    let ask =
        || Request::get("/v1/request").header(header::ORIGIN, "https://wallet.example").body(Body::empty());
    let given = send(&served.routers.public, ask().unwrap()).await;
    assert_eq!((given.status, given.kind.as_str()), (StatusCode::OK, "application/cbor"));
    let request = UnverifiedRequest::parse(&given.body).unwrap().verify(&served.world.desk_public()).unwrap();
    let answer = served.world.wallet().answer(&request, now());
    assert_eq!(served.online(answer).await.status, StatusCode::OK);
    assert_eq!(served.get("/api/answers").await["answers"].as_array().unwrap().len(), 1);
    let withdrawn = trust::Approval { number: 2, withdrawn: true, ..approval(VenueKind::Hotel) };
    served.world.lists.lock().unwrap().approvals.take(withdrawn).unwrap();
    let refused = send(&served.routers.public, ask().unwrap()).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "approval_withdrawn"));
    let late = served.online(served.world.wallet().answer(&request, now())).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::FORBIDDEN, "approval_withdrawn"));
    assert_eq!(served.get("/api/health").await["not_allowed"], "approval_withdrawn");
}

#[tokio::test]
async fn a_card_before_the_counters_camera_gives_its_zone_and_the_guest_is_checked_in_by_it() {
    use base64::Engine as _;
    let served = Served::new(VenueKind::Hotel).await;
    let pictures = |files: &[&[u8]]| {
        let text = |file: &&[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(file);
        json!({ "pictures": files.iter().map(text).collect::<Vec<_>>() })
    };
    let passport =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let read = served.post("/api/zone", &pictures(&[passport.as_bytes(), passport.as_bytes()])).await;
    assert_eq!(read["zone"], passport);
    let line = json!({ "line": 0, "mrz": read["zone"], "room": "101" });
    let party = json!({ "party": "0b".repeat(16), "planned": "2026-12-01", "lines": [line] });
    let answered = served.post("/api/check-ins", &party).await;
    assert_eq!(answered["lines"][0]["result"], "new", "{answered}");
    for (body, status, code) in [
        (pictures(&[passport.as_bytes()]), 422, "card_zone_once"),
        (pictures(&[]), 422, "card_picture_count"),
        (pictures(&[b"a", b"b", b"c", b"d", b"e"]), 422, "card_picture_count"),
        (json!({ "pictures": ["/9j/"] }), 422, "malformed_json"),
        (json!({ "picture": "_9j_" }), 422, "malformed_json"),
        (json!({ "pictures": ["A".repeat(7 * 1024 * 1024)] }), 413, "body_too_large"),
    ] {
        let refused = served.counter("POST", "/api/zone", &body).await;
        assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (status, Some(code)));
    }
    let stranger = Served { cookie: String::new(), ..served };
    assert_eq!(
        stranger.counter("POST", "/api/zone", &pictures(&[b"a"])).await.status,
        StatusCode::UNAUTHORIZED
    );
}

//! Doors: a service behind a real socket, a client for it, and a log that is listened to.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, Once};

use authority::Service;
use authority::http::{HttpState, Listeners, ProblemCode, listeners};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use credential::message::{self, Handover, Notice};
use credential::sha256;
use documents::{AuthorityCode, Timestamp};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use trust::{Party, Peer};

use crate::bay::{BIRTH, Bay, NAME, NUMBER};

pub const OFFICER: &str = "specimen officer";
pub const ORIGIN: &str = "https://wallet.example";
/// A gate whose officers' views look up reasons.
pub const GATE: &str = "http://127.0.0.1:7112";

pub fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn un64(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().unwrap()).unwrap()
}

/// A service that answers at addresses of its own: in plain, and each message over its sender's connection, where a test does
/// not say otherwise.
#[derive(Clone)]
pub struct Door {
    pub base: String,
    pub parties: String,
    operators: String,
    pub clock: Arc<AtomicI64>,
    client: Client,
    api: Arc<Value>,
    seen: Arc<Mutex<BTreeSet<&'static str>>>,
}

pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
}

pub fn state(service: &Arc<Service>, bay: &Bay, clock: &Arc<AtomicI64>) -> HttpState {
    let (clock, published) = (Arc::clone(clock), Arc::clone(service));
    let approval = bay.approval.clone();
    HttpState {
        service: Arc::clone(service),
        now: Arc::new(move || Timestamp::from_unix(clock.load(Ordering::SeqCst)).unwrap()),
        officer: sha256(OFFICER.as_bytes()),
        origins: vec![ORIGIN.to_owned()],
        officer_origin: Arc::new(|origin| origin == GATE),
        trust_lists: Arc::new(move || {
            let each = |a| published.trust_list(a).map(|list| (a, list));
            AuthorityCode::ALL.into_iter().filter_map(each).collect()
        }),
        approvals: Arc::new(move || vec![approval.clone()]),
    }
}

impl Door {
    /// Opens a door at an address of its own.
    pub async fn open(service: &Arc<Service>, bay: &Bay) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::open_at(listener, service, bay).await
    }

    /// Opens a door, where parties find it at this address.
    pub async fn open_at(listener: tokio::net::TcpListener, service: &Arc<Service>, bay: &Bay) -> Self {
        listen();
        let clock = Arc::new(AtomicI64::new(bay.now.unix()));
        let Listeners { public, parties, operators } = listeners(state(service, bay, &clock));
        let mut bases = [const { String::new() }; 3];
        let elsewhere = async || tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        for (base, (listener, app)) in bases.iter_mut().zip([
            (elsewhere().await, public),
            (listener, parties.layer(from_fn(as_sender))),
            (elsewhere().await, operators),
        ]) {
            *base = format!("http://{}", listener.local_addr().unwrap());
            tokio::spawn(async move { axum::serve(listener, app).await });
        }
        let [base, parties, operators] = bases;
        let (api, seen) = (Arc::new(Value::Null), Arc::default());
        let door = Self { base, parties, operators, clock, client: Client::new(), api, seen };
        let api = door.get("/openapi.json", None).await.is(200).json();
        Self { api: Arc::new(api), ..door }
    }

    pub fn api(&self) -> &Value {
        &self.api
    }

    pub async fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let base = match path {
            "/health/details" | "/metrics" => &self.operators,
            "/v1/verdicts" | "/v1/events" | "/v1/chains" | "/v1/handovers" | "/v1/notices" => &self.parties,
            _ => &self.base,
        };
        let mut request = self.client.request(method, format!("{base}{path}")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    pub async fn send(&self, method: &str, path: &str, secret: Option<&str>, body: &Value) -> Answer {
        let bearer = secret.map(|secret| format!("Bearer {secret}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.call(method, path, &headers, body.to_string().into_bytes()).await
    }

    pub async fn post(&self, path: &str, secret: Option<&str>, body: &Value) -> Answer {
        self.send("POST", path, secret, body).await
    }

    pub async fn get(&self, path: &str, secret: Option<&str>) -> Answer {
        let bearer = secret.map(|secret| format!("Bearer {secret}"));
        let headers: Vec<_> = bearer.as_deref().map(|bearer| ("authorization", bearer)).into_iter().collect();
        self.call("GET", path, &headers, Vec::new()).await
    }

    pub async fn cbor(&self, path: &str, body: &[u8]) -> Answer {
        self.call("POST", path, &[("content-type", "application/cbor")], body.to_vec()).await
    }

    /// Holds an answer to everything that a problem must be, and to what the description says of this operation.
    #[track_caller]
    pub fn problem(&self, answer: &Answer, operation: &str, code: &str) -> Value {
        let known = ProblemCode::ALL.iter().find(|c| c.code() == code).unwrap();
        let body = answer.json();
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(answer.status, known.status().as_u16(), "{code}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{code}");
        assert_eq!(body["type"], format!("urn:baypass:problem:{code}"));
        assert_eq!(body["status"], answer.status);
        for field in ["title", "detail"] {
            assert!(body[field].as_str().is_some_and(|text| text.len() > 5), "{code}: {field}");
        }
        tells_nothing(&answer.text());
        assert_eq!(answer.status == 401, !answer.header("www-authenticate").is_empty(), "{code}");
        if answer.status == 429 || code == "busy" {
            assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0, "{code}");
        }
        if !operation.is_empty() {
            assert!(self.lists(operation, code), "the description of {operation} does not list {code}");
        }
        self.seen.lock().unwrap().insert(known.code());
        body
    }

    /// Notes a code that was seen by other means.
    pub fn note(&self, code: &'static str) {
        self.seen.lock().unwrap().insert(code);
    }

    /// The codes that were answered here so far.
    pub fn seen(&self) -> BTreeSet<&'static str> {
        self.seen.lock().unwrap().clone()
    }

    fn lists(&self, operation: &str, code: &str) -> bool {
        let paths = self.api["paths"].as_object().unwrap();
        let mut operations = paths.values().flat_map(|item| item.as_object().unwrap().values());
        let found = operations.find(|o| o["operationId"] == operation);
        let responses = found.unwrap_or_else(|| panic!("no operation {operation}"))["responses"].as_object();
        responses.unwrap().values().any(|response| {
            let codes = response["x-problem-codes"].as_array();
            codes.is_some_and(|codes| codes.iter().any(|c| c == code))
        })
    }
}

/// The party that a test names in this field is at the other end, in place of the sender; `nobody` for none.
pub const COMES_AS: &str = "x-comes-as";

/// Gives each request the party whose message it is, as its connection would.
async fn as_sender(request: Request, next: Next) -> axum::response::Response {
    let (mut head, body) = request.into_parts();
    let body = to_bytes(body, 8 * 1024 * 1024).await;
    let Ok(body) = body else {
        return axum::http::StatusCode::BAD_GATEWAY.into_response();
    };
    let named = head.headers.get(COMES_AS).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let path = head.uri.path().to_owned();
    let payload = message::unverified_payload(&body).ok();
    let from = match path.as_str() {
        "/v1/handovers" => payload.and_then(|payload| Handover::decode(payload).ok()).map(|told| told.from),
        "/v1/notices" => payload.and_then(|payload| Notice::decode(payload).ok()).map(|told| told.from),
        _ => None,
    };
    let envelope = clearance::Envelope::decode(&body).ok();
    let gate = message::kid(envelope.as_ref().map_or(&body[..], |envelope| envelope.request)).ok();
    let port = gate.and_then(|kid| std::str::from_utf8(kid).ok()).and_then(|gate| gate.split('/').next());
    let sender = from.map_or_else(|| port.unwrap_or("hengqin").to_owned(), |from| from.code().to_owned());
    let sender = named.unwrap_or(sender);
    if sender != "nobody" {
        let code = AuthorityCode::ALL.into_iter().find(|code| code.code() == sender);
        let party = code.map(Party::Authority).or_else(|| sender.parse().ok().map(Party::Gates));
        let party = party.unwrap_or(Party::Authority(AuthorityCode::Chn));
        head.extensions.insert(Peer { party, listed_by: AuthorityCode::ALL.into(), replaced: false });
    }
    next.run(Request::from_parts(head, Body::from(body))).await
}

/// Neither a number, a name, a date of birth nor a secret stands in `text`.
#[track_caller]
pub fn tells_nothing(text: &str) {
    let lower = text.to_lowercase();
    for canary in [NUMBER, NAME, BIRTH, "李娜", "12345678", "1985-03-04", "specimen chan", OFFICER] {
        assert!(!lower.contains(&canary.to_lowercase()), "{canary} stands in: {text}");
    }
}

static LOG: Mutex<String> = Mutex::new(String::new());

/// Everything that was logged by the service and the database's driver so far, by all tests.
pub fn log() -> String {
    LOG.lock().unwrap().clone()
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

/// Writes every event of every level down.
struct Listener;

struct Fields<'s>(&'s mut String);

impl tracing::field::Visit for Fields<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn std::fmt::Debug) {
        use std::fmt::Write as _;
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl tracing::Subscriber for Listener {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target().starts_with("authority") || metadata.target().starts_with("sqlx")
    }
    fn new_span(&self, attributes: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        attributes.record(&mut Fields(&mut LOG.lock().unwrap()));
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        values.record(&mut Fields(&mut LOG.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut log = LOG.lock().unwrap();
        log.push_str(event.metadata().target());
        event.record(&mut Fields(&mut log));
        log.push('\n');
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// What a wallet sends to be enrolled.
pub fn enrolment(kind: &str, number: &str, name: &str, birth: &str, selfie: &[u8]) -> Value {
    json!({ "document": { "kind": kind, "number": number }, "name": name, "birth": birth, "selfie": b64(selfie) })
}

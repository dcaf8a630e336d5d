//! A register to try a desk against: takes, refuses and fails as one does, and keeps what it took in memory.
//!
//! Lives here: [`Register`] and its switches. Not here: any real register: there is no public protocol, and this copies the
//! behaviour alone (docs/desk.md). Never for real data.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use credential::sha256;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{BATCH, Refusal};

/// Longest body that is read, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// A stand-in for a register.
#[derive(Debug, Clone, Default)]
pub struct Register(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    switches: Switches,
    /// By key: what came, and what was answered.
    answered: BTreeMap<String, ([u8; 32], u16, Value)>,
    taken: Vec<Taken>,
    requests: usize,
}

/// How a stand-in behaves.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// Every request is answered 503.
    pub down: bool,
    /// So many requests are worked on, and their answer is lost on the way (500).
    pub lose_answers: usize,
    /// A record with this field is refused ...
    pub refuse_field: Option<String>,
    /// ... where the field has this value; `None`: whatever it has.
    pub refuse_value: Option<String>,
}

/// A record that was taken.
#[derive(Clone, PartialEq)]
pub struct Taken {
    /// `in`, `correct` or `out`.
    pub kind: String,
    /// Its receipt.
    pub receipt: String,
    /// The receipt of the arrival that it belongs to.
    pub of: String,
    /// Its body.
    pub body: Value,
}
documents::redact_debug!(Taken);

#[derive(Deserialize)]
struct Batch {
    stays: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    key: String,
    stay: Value,
}

impl Register {
    /// An empty one that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/v1/stays", post(arrival))
            .route("/v1/stays/batch", post(batch))
            .route("/v1/stays/{receipt}/{act}", post(follow))
            .layer(DefaultBodyLimit::max(LONGEST_BODY))
            .with_state(self.clone())
    }

    /// Changes how it behaves.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.book().switches);
    }

    /// What it took, in order.
    #[must_use]
    pub fn taken(&self) -> Vec<Taken> {
        self.book().taken.clone()
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.book().requests
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request; `Some` where it is not worked on.
    fn shut(&self) -> Option<Response> {
        let mut book = self.book();
        book.requests += 1;
        book.switches.down.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
    }

    /// The answer, unless it is lost on the way.
    fn answer(&self, status: u16, body: Value) -> Response {
        let mut book = self.book();
        if book.switches.lose_answers > 0 {
            book.switches.lose_answers -= 1;
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(body)).into_response()
    }
}

impl Book {
    /// Takes or refuses one record, once for each key.
    fn record(&mut self, key: &str, kind: &str, of: Option<&str>, body: Value) -> (u16, Value) {
        if key.len() < 16 || key.len() > 64 {
            return (400, json!({ "title": "send an Idempotency-Key of 16 to 64 characters" }));
        }
        let hash = sha256(format!("{kind} {} {body}", of.unwrap_or_default()).as_bytes());
        if let Some((earlier, status, answer)) = self.answered.get(key) {
            return if *earlier == hash { (*status, answer.clone()) } else { (409, json!({})) };
        }
        let (status, answer) = match self.faults(&body) {
            faults if !faults.is_empty() => (422, json!({ "faults": faults })),
            _ => {
                let receipt = format!("R{:06}", self.taken.len() + 1);
                let of = of.map_or_else(|| receipt.clone(), str::to_owned);
                self.taken.push(Taken { kind: kind.to_owned(), receipt: receipt.clone(), of, body });
                (201, json!({ "receipt": receipt }))
            }
        };
        self.answered.insert(key.to_owned(), (hash, status, answer.clone()));
        (status, answer)
    }

    fn faults(&self, body: &Value) -> Vec<Refusal> {
        let Some(field) = &self.switches.refuse_field else { return Vec::new() };
        let value = body.get("guest").and_then(|guest| guest.get(field)).or_else(|| body.get(field));
        let refused = value
            .and_then(Value::as_str)
            .is_some_and(|value| self.switches.refuse_value.as_deref().is_none_or(|wanted| wanted == value));
        let fault = || Refusal {
            field: field.clone(),
            code: "not_accepted".to_owned(),
            text: "compare it with the document".to_owned(),
        };
        refused.then(fault).into_iter().collect()
    }

    fn has(&self, receipt: &str) -> bool {
        self.taken.iter().any(|taken| taken.kind == "in" && taken.receipt == receipt)
    }
}

fn key(headers: &HeaderMap) -> &str {
    headers.get("idempotency-key").and_then(|value| value.to_str().ok()).unwrap_or_default()
}

async fn arrival(State(register): State<Register>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if let Some(shut) = register.shut() {
        return shut;
    }
    let (status, answer) = register.book().record(key(&headers), "in", None, body);
    register.answer(status, answer)
}

async fn batch(State(register): State<Register>, Json(batch): Json<Batch>) -> Response {
    if let Some(shut) = register.shut() {
        return shut;
    }
    if batch.stays.len() > BATCH {
        return register.answer(413, json!({ "title": "a batch has 100 records at most" }));
    }
    let one = |item: Item| {
        let (status, mut answer) = register.book().record(&item.key, "in", None, item.stay);
        if let Some(answer) = answer.as_object_mut() {
            answer.insert("key".to_owned(), json!(item.key));
            answer.insert("status".to_owned(), json!(status));
        }
        answer
    };
    let answers: Vec<Value> = batch.stays.into_iter().map(one).collect();
    register.answer(200, json!({ "answers": answers }))
}

async fn follow(
    State(register): State<Register>,
    Path((receipt, act)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Response {
    if let Some(shut) = register.shut() {
        return shut;
    }
    if !matches!(act.as_str(), "out" | "correct") || !register.book().has(&receipt) {
        return register.answer(404, json!({ "title": "no such stay; send its arrival first" }));
    }
    let (status, answer) = register.book().record(key(&headers), &act, Some(&receipt), body);
    register.answer(status, answer)
}

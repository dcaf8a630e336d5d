//! Server: a gate's own small pages: whether it is well, what it counts, what its lanes are.
//!
//! Lives here: [`router`]. Not here: anything about a traveller; a gate shows nobody.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use clearance::Sides;
use documents::{AuthorityCode, Side};
use serde_json::{Value, json};

use crate::clock::Clock;
use crate::lane::LaneConfig;
use crate::metrics::Metrics;
use crate::store::{Store, StoreError};
use crate::trusted::{Age, Trusted};

/// The lists of the moment: they are replaced while the gate runs.
pub type TrustedNow = Arc<dyn Fn() -> Arc<dyn Trusted> + Send + Sync>;

/// What the pages speak of.
#[derive(Clone)]
pub struct GateState {
    /// The lanes.
    pub lanes: Arc<[LaneConfig]>,
    /// The store.
    pub store: Arc<Store>,
    /// The counters.
    pub metrics: Arc<Metrics>,
    /// The lists of the moment.
    pub trusted: TrustedNow,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// The pages: `/health`, `/metrics`, `/lanes`.
pub fn router(state: GateState) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/lanes", get(lanes))
        .with_state(state)
}

async fn health(State(state): State<GateState>) -> Response {
    let (trusted, now) = ((state.trusted)(), state.clock.now());
    let ages = AuthorityCode::ALL.map(|authority| (authority, trusted.trust_age(authority, now)));
    let usable = ages.iter().all(|(_, age)| matches!(age, Age::Fresh | Age::Stale));
    let lists: serde_json::Map<String, Value> = ages
        .into_iter()
        .map(|(authority, age)| (authority.code().to_owned(), json!(age_word(age))))
        .collect();
    let (store, writable) = match waiting(&state.store).await {
        Ok(waiting) => (json!({ "state": "well", "waiting": waiting }), true),
        Err(error) => (json!({ "state": "unusable", "why": error.to_string() }), false),
    };
    let well = usable && writable;
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let lanes = state.lanes.len();
    (status, Json(json!({ "well": well, "trust_lists": lists, "store": store, "lanes": lanes })))
        .into_response()
}

const fn age_word(age: Age) -> &'static str {
    match age {
        Age::Fresh => "fresh",
        Age::Stale => "stale",
        Age::TooOld => "too_old",
        Age::FromFuture => "clock_wrong",
    }
}

async fn metrics(State(state): State<GateState>) -> Response {
    let mut text = state.metrics.render();
    if let Ok(Value::Object(waiting)) = waiting(&state.store).await {
        text.push_str("# HELP baypass_gate_outbox_waiting Events not yet taken by their authority.\n");
        text.push_str("# TYPE baypass_gate_outbox_waiting gauge\n");
        for (authority, count) in waiting {
            text.push_str(&format!("baypass_gate_outbox_waiting{{authority=\"{authority}\"}} {count}\n"));
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

async fn lanes(State(state): State<GateState>) -> Json<Value> {
    let lanes: Vec<Value> = state
        .lanes
        .iter()
        .map(|lane| {
            let sides = match lane.place.sides {
                Sides::Both { .. } => json!(["exit", "entry"]),
                Sides::One(Side::Exit, ()) => json!(["exit"]),
                Sides::One(Side::Entry, ()) => json!(["entry"]),
            };
            json!({
                "lane": lane.place.lane.as_str(),
                "port": lane.place.port.as_str(),
                "from": lane.place.direction.from().code(),
                "to": lane.place.direction.to().code(),
                "sides": sides,
                "kind": lane.kind.as_str(),
                "simulated_camera": lane.simulated_camera,
                "served": state.metrics.served(&lane.place.lane),
            })
        })
        .collect();
    Json(json!({ "lanes": lanes }))
}

async fn waiting(store: &Store) -> Result<Value, StoreError> {
    let mut counts = serde_json::Map::new();
    for authority in AuthorityCode::ALL {
        counts.insert(authority.code().to_owned(), json!(store.waiting(authority).await?));
    }
    Ok(Value::Object(counts))
}

//! Server: a gate's own small pages: for everybody whether it serves; for its operators its state, what it counts, what its
//! lanes are.
//!
//! Lives here: [`router`], [`operators`]. Not here: anything about a traveller.

mod pages;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clearance::Sides;
use documents::{AuthorityCode, Measure, Side};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::check::{Age, Trusted};
use crate::clock::Clock;
use crate::devices::camera::{CodeSight, MAX_PICTURE_LEN, PageSight};
use crate::devices::card::CardBody;
use crate::health::{Health, Looked, waiting};
use crate::lane::{LaneConfig, Report};
use crate::lists::Follower;
use crate::metrics::Metrics;
use crate::outbox::Store;
use crate::reason::GateReason;
use crate::steady::SteadyClock;

/// The lists of the moment: they are replaced while the gate runs.
pub type TrustedNow = Arc<dyn Fn() -> Arc<dyn Trusted> + Send + Sync>;

/// What a scan shows: a code, or cards at a lane by document.
pub enum Scanned {
    /// The text of the code, or a picture of it.
    Code(CodeSight),
    /// Cards, in the order in which they are laid down.
    Cards(Vec<PageSight>),
}

/// A traveller whose pictures come in a request: only where the lane was set up for a simulated camera.
pub struct ScanOrder {
    /// The lane's name.
    pub lane: String,
    /// What is shown there.
    pub shown: Scanned,
    /// Codes that are shown where the traveller is asked to unlock their wallet again.
    pub again: Vec<CodeSight>,
    /// Pictures of the face, looked at in turn.
    pub faces: Vec<Vec<u8>>,
    /// Measures that somebody at the lane carries out.
    pub measures: Vec<Measure>,
}

/// Serves the traveller of one scan; `None` where there is no such lane.
pub type Scanner =
    Arc<dyn Fn(ScanOrder) -> Pin<Box<dyn Future<Output = Option<Report>> + Send>> + Send + Sync>;

/// What the pages speak of.
#[derive(Clone)]
pub struct GateState {
    /// The lanes of this gate.
    pub lanes: Arc<[LaneConfig]>,
    /// The stores, one a lane.
    pub stores: Arc<[Arc<Store>]>,
    /// What operators read.
    pub metrics: Arc<Metrics>,
    /// The lists of the moment.
    pub trusted: TrustedNow,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Serves travellers whose pictures come in a request; `None` at a real port.
    pub scanner: Option<Scanner>,
    /// Fetches the lists; `None` where they come by another way.
    pub follower: Option<Arc<Follower>>,
    /// The clock by which the gate goes on where the machine's jumps; `None` where there is none.
    pub steady: Option<Arc<SteadyClock>>,
}

/// What everybody may reach: an index, the description of these pages, `/health`, one word; and `POST /v1/scans`, which takes pictures where the camera is simulated.
pub fn router(state: GateState) -> Router {
    let places = Arc::new(Semaphore::new(SCANS_AT_ONCE));
    Router::new()
        .route("/", get(pages::at_public))
        .route("/docs", get(pages::docs))
        .route("/openapi.json", get(pages::openapi))
        .route("/health", get(health))
        .route(
            "/v1/scans",
            post(scans).layer(DefaultBodyLimit::max(MAX_SCAN_LEN)).layer(from_fn_with_state(places, admit)),
        )
        .fallback(|| async {
            problem(
                StatusCode::NOT_FOUND,
                "no_such_page",
                "this gate has no such page here; /lanes, /metrics and /health/details stand on its operators' listener",
            )
        })
        .with_state(state)
}

/// The pages of the gate's operators: `/health/details`, `/metrics`, `/lanes`. They show what becomes of whoever crosses at
/// this moment, so they stand on a listener of their own.
pub fn operators(state: GateState) -> Router {
    Router::new()
        .route("/", get(pages::at_operators))
        .route("/docs", get(pages::docs))
        .route("/openapi.json", get(pages::openapi))
        .route("/health", get(health))
        .route("/health/details", get(details))
        .route("/metrics", get(metrics))
        .route("/lanes", get(lanes))
        .fallback(|| async {
            problem(
                StatusCode::NOT_FOUND,
                "no_such_page",
                "operators' pages are /lanes, /metrics, /health and /health/details",
            )
        })
        .with_state(state)
}

/// Scans that are taken at once. A body is read only once it has a place.
const SCANS_AT_ONCE: usize = 8;
/// How long a scan waits for a place.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(5);

/// Lets a scan in where there is a place, or one comes free in time.
async fn admit(State(places): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let place = tokio::time::timeout(WAIT_FOR_PLACE, places.acquire()).await;
    let Ok(Ok(_place)) = place else {
        let detail =
            "as many scans are looked at as may be at once; try again after the seconds in Retry-After";
        let mut answer = problem(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return answer;
    };
    next.run(request).await
}

/// Largest scan, in bytes: four pictures in Base64 and some room.
const MAX_SCAN_LEN: usize = 6 * MAX_PICTURE_LEN;

/// A problem details answer (RFC 9457).
pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Response {
    let body = json!({
        "type": format!("urn:baypass:problem:{code}"), "title": code.replace('_', " "), "status": status.as_u16(),
        "code": code, "detail": detail,
    });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
}

/// The body of `POST /v1/scans`. Bytes are Base64 (URL form, no padding).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScanBody {
    lane: String,
    code: Option<String>,
    code_picture: Option<String>,
    cards: Option<Vec<CardBody>>,
    #[serde(default)]
    codes_again: Vec<String>,
    faces: Vec<String>,
    #[serde(default)]
    measures: Vec<String>,
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

async fn scans(State(state): State<GateState>, body: Result<Json<ScanBody>, JsonRejection>) -> Response {
    let Some(scanner) = &state.scanner else {
        let detail = "this gate takes pictures from its own camera alone; set simulated_camera for a trial";
        return problem(StatusCode::FORBIDDEN, GateReason::CameraNotOwn.code(), detail);
    };
    let body = match body {
        Ok(Json(body)) => body,
        Err(error) => return problem(error.status(), "malformed_body", &error.body_text()),
    };
    let unreadable = |field: &str| {
        let detail = format!("{field} is not Base64 in its URL form without padding");
        problem(StatusCode::BAD_REQUEST, "malformed_body", &detail)
    };
    let shown = match (body.code, body.code_picture, body.cards) {
        (Some(text), None, None) => Scanned::Code(CodeSight::Text(text)),
        (None, Some(picture), None) => match bytes(&picture) {
            Some(picture) => Scanned::Code(CodeSight::Picture(picture)),
            None => return unreadable("code_picture"),
        },
        (None, None, Some(cards)) => match cards.iter().map(CardBody::sight).collect() {
            Ok(cards) => Scanned::Cards(cards),
            Err(fault) => return problem(StatusCode::BAD_REQUEST, fault.code(), &fault.to_string()),
        },
        (_, _, _) => {
            let detail = "give one of code, code_picture and cards";
            return problem(StatusCode::BAD_REQUEST, "malformed_body", detail);
        }
    };
    let Some(faces) = body.faces.iter().map(|face| bytes(face)).collect::<Option<Vec<_>>>() else {
        return unreadable("faces");
    };
    let Ok(measures) = body.measures.iter().map(|word| word.parse()).collect::<Result<Vec<Measure>, _>>()
    else {
        return problem(
            StatusCode::BAD_REQUEST,
            "malformed_body",
            "measures names something that is no measure",
        );
    };
    let again = body.codes_again.into_iter().map(CodeSight::Text).collect();
    match scanner(ScanOrder { lane: body.lane, shown, again, faces, measures }).await {
        Some(report) => Json(report.to_json()).into_response(),
        None => problem(
            StatusCode::NOT_FOUND,
            "no_such_lane",
            "this gate has no such lane; its operators' page /lanes names them",
        ),
    }
}

/// Whether the gate serves, in one word: `ok`, `degraded` (200), `not_ready` (503).
async fn health(State(state): State<GateState>) -> Response {
    let (status, mut details) = looked_at(&state).await;
    let word = details.get_mut("status").map(Value::take).unwrap_or_default();
    (status, Json(json!({ "status": word }))).into_response()
}

async fn details(State(state): State<GateState>) -> Response {
    let (status, details) = looked_at(&state).await;
    (status, Json(details)).into_response()
}

async fn looked_at(state: &GateState) -> (StatusCode, Value) {
    let (trusted, now) = ((state.trusted)(), state.clock.now());
    let lists: serde_json::Map<String, Value> = AuthorityCode::ALL
        .map(|whose| (whose.code().to_owned(), json!(age_word(trusted.trust_age(whose, now)))))
        .into_iter()
        .collect();
    let health = Health::of(Looked {
        lanes: &state.lanes,
        stores: &state.stores,
        trusted: &*trusted,
        follower: state.follower.as_deref(),
        steady: state.steady.as_deref(),
        now,
    })
    .await;
    let store = match &health.outbox {
        Ok((waiting, letters)) => {
            json!({ "status": "ok", "waiting": waiting, "dead_letters": letters, "troubles": troubles(state) })
        }
        Err(error) => json!({ "status": "unusable", "why": error.to_string() }),
    };
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let lanes = state.lanes.len();
    let (rounds, refused) = state.follower.as_ref().map_or((0, Vec::new()), |f| (f.rounds(), f.refused()));
    let details = json!({
        "status": health.word(), "causes": health.causes(), "trust_lists": lists, "store": store, "lanes": lanes,
        "rounds": rounds, "refused": refused,
    });
    (status, details)
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
    match waiting(&state.stores).await {
        Ok(waiting) => waiting.into_iter().for_each(|(authority, n)| state.metrics.set_waiting(authority, n)),
        Err(error) => tracing::error!(%error, "the stores cannot be read"),
    }
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    (kind, state.metrics.render()).into_response()
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

/// Which authorities do not take whose events, and what to do about it.
fn troubles(state: &GateState) -> Vec<Value> {
    let of_lane = |(lane, store): (&LaneConfig, &Arc<Store>)| {
        let lane = lane.place.lane.as_str().to_owned();
        store.troubles().into_iter().map(move |(authority, trouble)| {
            json!({ "lane": lane, "authority": authority, "code": trouble.code(), "next": trouble.remedy() })
        })
    };
    state.lanes.iter().zip(state.stores.iter()).flat_map(of_lane).collect()
}

//! HTTP: the service of one authority as a room with doors: for wallets, gates, other authorities, officers, operators.
//!
//! Lives here: [`router`], what every answer has in common, which problem may come from where. Not here: any decision;
//! each door parses, asks the service, and writes down what it said. The OpenAPI page comes from the same code.

mod body;
mod gates;
mod limit;
mod lists;
mod metrics;
mod officers;
mod operations;
mod page;
mod problem;
mod wallet;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use documents::{AuthorityCode, Timestamp};
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::Service;
use limit::Bucket;
use metrics::Metrics;

pub use problem::{Problem, ProblemCode};

/// The clock of a running service.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the room works with.
#[derive(Clone)]
pub struct HttpState {
    /// The service.
    pub service: Arc<Service>,
    /// The clock.
    pub now: Now,
    /// SHA-256 of the officers' secret, as it stands after `Bearer`.
    pub officer: [u8; 32],
    /// Origins of web wallets (`https://wallet.example`); none where it is empty.
    pub origins: Vec<String>,
    /// Whether a page of this origin may look up the reason of a verdict: an officer's view, served by a gate.
    pub officer_origin: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// The newest signed trust lists that this authority publishes again.
    pub trust_lists: Arc<dyn Fn() -> Vec<(AuthorityCode, Vec<u8>)> + Send + Sync>,
    /// The signed approvals.
    pub approvals: Arc<dyn Fn() -> Vec<Vec<u8>> + Send + Sync>,
}

/// The state, and what the room itself keeps.
struct Room {
    state: HttpState,
    enrolments: Bucket,
    metrics: Metrics,
    pages: OnceLock<Pages>,
}

struct Pages {
    openapi: String,
    docs: String,
    /// The doors that a page of another origin may use.
    open: BTreeSet<String>,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bay Pass: the service of one authority",
        description = "Bytes in JSON are base64url without padding; times are RFC 3339, days YYYY-MM-DD (UTC+8). \
            Every error is a problem (RFC 9457) with a stable code; none repeats what was sent. Enrolments are limited \
            twice: five failed tries an hour for one number, and for the whole service 120 at once and one more each \
            second (429, with Retry-After)."
    ),
    components(schemas(Problem, ProblemCode)),
    modifiers(&Secrets),
    tags(
        (name = "wallet", description = "The traveller's wallet. Its secret comes from the enrolment."),
        (name = "public", description = "Signed lists for everybody."),
        (name = "gates", description = "Gates. Every message is signed by a registered gate."),
        (name = "authorities", description = "The other authorities. Every message is signed by their keys."),
        (name = "officers", description = "Officers of this authority, with its officers' secret."),
        (name = "operations", description = "Whoever runs the service.")
    )
)]
struct Api;

/// The two secrets that a header may carry.
struct Secrets;

impl utoipa::Modify for Secrets {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = openapi.components.get_or_insert_default();
        for (name, text) in [
            ("wallet", "the wallet's secret: 32 bytes in base64url without padding"),
            ("officer", "the officers' secret of this authority"),
        ] {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
            components.add_security_scheme(name, SecurityScheme::Http(bearer));
        }
    }
}

/// The description of the API (OpenAPI 3.1), as `/openapi.json` gives it.
#[must_use]
pub fn openapi() -> serde_json::Value {
    described(&serde_json::to_value(routes().split_for_parts().1).unwrap_or_default())
}

/// The room of one authority.
pub fn router(state: HttpState) -> Router {
    let room = Arc::new(Room {
        state,
        enrolments: Bucket::default(),
        metrics: Metrics::default(),
        pages: OnceLock::new(),
    });
    let (router, api) = routes().split_for_parts();
    let described = described(&serde_json::to_value(&api).unwrap_or_default());
    let docs = page::render(&described, room.state.service.code());
    let openapi = serde_json::to_string_pretty(&described).unwrap_or_default();
    let _ = room.pages.set(Pages { openapi, docs, open: open_to_pages(&described) });
    router
        .fallback(async || Problem::from(ProblemCode::NotFound))
        .method_not_allowed_fallback(async || Problem::from(ProblemCode::MethodNotAllowed))
        .layer(from_fn_with_state(Arc::clone(&room), cross_origin))
        .layer(from_fn_with_state(Arc::clone(&room), observed))
        .with_state(room)
}

fn routes() -> OpenApiRouter<Arc<Room>> {
    let wallet = OpenApiRouter::new()
        .routes(routes!(wallet::enrol))
        .routes(routes!(wallet::tokens))
        .routes(routes!(wallet::parts))
        .routes(routes!(wallet::own_pass, wallet::end_pass))
        .routes(routes!(wallet::passages))
        .routes(routes!(wallet::may_cross))
        .routes(routes!(lists::trust_lists))
        .routes(routes!(lists::approvals))
        .routes(routes!(lists::status_list))
        .layer(DefaultBodyLimit::max(body::JSON_LIMIT));
    let verdicts = OpenApiRouter::new()
        .routes(routes!(gates::verdicts))
        .layer(DefaultBodyLimit::max(body::ENVELOPE_LIMIT));
    let messages = OpenApiRouter::new()
        .routes(routes!(gates::events))
        .routes(routes!(gates::handovers))
        .routes(routes!(gates::notices))
        .layer(DefaultBodyLimit::max(body::MESSAGE_LIMIT));
    let officers = OpenApiRouter::new()
        .routes(routes!(officers::add_resident))
        .routes(routes!(officers::verdict))
        .routes(routes!(officers::ledger))
        .routes(routes!(officers::unresolved))
        .routes(routes!(officers::end_pass))
        .routes(routes!(officers::lose))
        .routes(routes!(officers::watch))
        .layer(DefaultBodyLimit::max(body::JSON_LIMIT));
    let operations = OpenApiRouter::new()
        .routes(routes!(operations::health))
        .routes(routes!(operations::metrics))
        .routes(routes!(operations::openapi))
        .routes(routes!(operations::docs));
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(wallet)
        .merge(verdicts)
        .merge(messages)
        .merge(officers)
        .merge(operations)
}

/// Which problems an operation can answer with, beside those that any can.
fn problems_of(operation: &str) -> Vec<ProblemCode> {
    use ProblemCode::*;
    const JSON: &[ProblemCode] =
        &[UnsupportedMediaType, BodyTooLarge, BodyInterrupted, BodyTooSlow, MalformedJson, WrongField];
    const CBOR: &[ProblemCode] = &[
        UnsupportedMediaType,
        BodyTooLarge,
        BodyInterrupted,
        BodyTooSlow,
        MessageMalformed,
        SignatureInvalid,
        KeyNotTrusted,
        NotForUs,
    ];
    const HOLDER: &[ProblemCode] = &[Unauthorized, NoPass];
    const STORE: &[ProblemCode] = &[DatabaseFailed, RowDamaged];
    const BATCH: &[ProblemCode] = &[
        BatchSize,
        DeviceKeyInvalid,
        PossessionInvalid,
        DeviceKeyTaken,
        NothingIssued,
        NoPermit,
        WeeklyKeyMissing,
        TemplateUnknown,
        PartFailed,
        TokenFailed,
        CryptoFailed,
    ];
    const PICTURE: &[ProblemCode] = &[PictureUnreadable, FaceUnusable, Busy, FaceModelsFailed, Internal];
    let lists: &[&[ProblemCode]] = match operation {
        "enrol" => &[
            JSON,
            PICTURE,
            STORE,
            &[
                NumberInvalid,
                UnknownPerson,
                FaceMismatch,
                TooManyTries,
                TooManyEnrolments,
                MrzUnreadable,
                MrzMismatch,
                TemplateUnknown,
            ],
        ],
        "tokens" | "parts" => &[JSON, HOLDER, BATCH, STORE],
        "own_pass" | "end_pass" | "passages" => &[HOLDER, STORE],
        "may_cross" => &[JSON, HOLDER, STORE],
        "status_list" => &[&[NotFound, StatusFailed, CryptoFailed], STORE],
        "verdicts" => &[CBOR, STORE, &[Busy, FaceModelsFailed, CryptoFailed, Internal]],
        "events" => &[CBOR, STORE, &[EventGap, EventFork, NotJudged]],
        "handovers" => &[CBOR, STORE, &[SealedUnreadable, PartFailed]],
        "notices" => &[CBOR, STORE],
        "add_resident" => {
            &[&[Unauthorized], JSON, PICTURE, STORE, &[RecordInvalid, NothingIssued, NumberTaken]]
        }
        "verdict" => &[&[Unauthorized, UnknownReference], STORE],
        "ledger" | "unresolved" => &[&[Unauthorized], STORE],
        "officer_end_pass" | "lose" => &[&[Unauthorized], JSON, STORE, &[NumberInvalid, UnknownPerson]],
        "watch" => &[&[Unauthorized], JSON, STORE, &[NumberInvalid]],
        _ => &[],
    };
    lists.concat()
}

/// The description, with every problem that each operation can answer with.
fn described(api: &Value) -> Value {
    let mut api = api.clone();
    let schema =
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    let Some(paths) = api.get_mut("paths").and_then(Value::as_object_mut) else { return api };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(|item| item.values_mut()) {
        let name = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let mut codes = problems_of(&name);
        codes.sort_by_key(|code| (code.status().as_u16(), *code));
        codes.dedup();
        for group in codes.chunk_by(|a, b| a.status() == b.status()) {
            let Some(first) = group.first() else { continue };
            let words: Vec<&str> = group.iter().map(|code| code.code()).collect();
            let sentences: Vec<String> =
                group.iter().map(|c| format!("`{}`: {}; {}.", c.code(), c.title(), c.next())).collect();
            responses.insert(
                first.status().as_u16().to_string(),
                json!({ "description": sentences.join("\n"), "content": schema, "x-problem-codes": words }),
            );
        }
    }
    api
}

/// The doors of wallets, and those of everybody.
fn open_to_pages(api: &Value) -> BTreeSet<String> {
    let paths = api.get("paths").and_then(Value::as_object);
    let open = |item: &Value| {
        let mut tags = item.as_object().into_iter().flatten().filter_map(|(_, o)| o.pointer("/tags/0"));
        tags.any(|tag| tag == "wallet" || tag == "public")
    };
    paths.into_iter().flatten().filter(|(_, item)| open(item)).map(|(path, _)| path.clone()).collect()
}

/// What every answer has, and what is counted of it.
async fn observed(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let watch = metrics::Stopwatch::start();
    let mut response = next.run(request).await;
    let seconds = watch.seconds();
    let (path, status) = (path.unwrap_or_else(|| "none".to_owned()), response.status());
    let code = response.extensions().get::<ProblemCode>().copied();
    room.metrics.answered(&method, &path, status, seconds, code);
    let problem = code.map_or("", ProblemCode::code);
    tracing::info!(%method, path, status = status.as_u16(), problem, seconds, "answered");
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The one door of officers that a page of another origin may use, with their secret.
const REASONS: &str = "/v1/verdicts/{reference}";

/// Lets the web wallets and the officers' views of the named origins in, each at its own doors, and no others.
async fn cross_origin(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let officers = path == Some(REASONS);
    let wallets = path.is_some_and(|path| room.pages.get().is_some_and(|pages| pages.open.contains(path)));
    if !officers && !wallets {
        return next.run(request).await;
    }
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        match officers {
            true => (room.state.officer_origin)(origin),
            false => room.state.origins.iter().any(|named| named == origin),
        }
    });
    let preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (&allowed, preflight) {
        (Some(_), true) => StatusCode::NO_CONTENT.into_response(),
        (Some(_), false) | (None, _) => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        allow(headers, origin, preflight);
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    // `Date`: a wallet whose clock is wrong learns it here, and makes its codes with the right time.
    headers
        .insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date, ETag, Retry-After"));
    if preflight {
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, If-None-Match"),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

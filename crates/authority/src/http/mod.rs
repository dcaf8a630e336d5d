//! HTTP: the service of one authority as an app with doors: for wallets, gates, other authorities, officers, operators.
//!
//! Lives here: [`listeners`]: which door stands behind which listener, what every answer has in common, which problem may come from where. Not here: any decision;
//! each door parses, asks the service, and writes down what it said. The OpenAPI page comes from the same code.

mod body;
mod describe;
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
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use documents::{AuthorityCode, Timestamp};
use serde_json::Value;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use trust::Peer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::service::Service;
use describe::with_problems;
use limit::EnrolmentLimit;
use metrics::Metrics;

pub use problem::{Problem, ProblemCode};

/// The clock of a running service.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the routes work with.
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

/// The state, and what the routes themselves keep.
struct AppState {
    state: HttpState,
    enrolments: EnrolmentLimit,
    metrics: Metrics,
    pages: OnceLock<Pages>,
}

struct Pages {
    openapi: String,
    docs: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bay Pass: the service of one authority",
        description = "Bytes in JSON are base64url without padding; times are RFC 3339, days YYYY-MM-DD (UTC+8). \
            Every error is a problem (RFC 9457) with a stable code; none repeats what was sent. Enrolments are limited \
            twice: five failed tries an hour for one number, and for one client's address 120 at once and one more \
            each second (429, with Retry-After)."
    ),
    components(schemas(Problem, ProblemCode)),
    modifiers(&Secrets),
    tags(
        (name = "wallet", description = "The traveller's wallet. Its secret comes from the enrolment."),
        (name = "public", description = "Signed lists for everybody."),
        (name = "gates", description = "Gates, over the parties' listener (mutual TLS). Every message is signed by a \
            registered gate."),
        (name = "authorities", description = "The other authorities, over the parties' listener (mutual TLS). Every \
            message is signed by their keys."),
        (name = "officers", description = "Officers of this authority, with its officers' secret."),
        (name = "operations", description = "Operators of the service: counters and details over their own listener alone.")
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
pub fn openapi() -> Value {
    with_problems(&serde_json::to_value(routes().split_for_parts().1).unwrap_or_default())
}

/// The routes of one authority, by who may reach them. They share what they keep.
pub struct Listeners {
    /// For wallets, officers, and everybody who reads lists: no answer tells anything of a crossing to anybody else.
    pub public: Router,
    /// For gates and the other authorities alone: each request bears the [`trust::Peer`] whose connection it came over.
    pub parties: Router,
    /// For the operators of this authority: counters, and how the service is. Whoever reads them sees what became of
    /// whoever crosses at this moment.
    pub operators: Router,
}

/// The routes of one authority.
pub fn listeners(state: HttpState) -> Listeners {
    let app = Arc::new(AppState {
        enrolments: EnrolmentLimit::new(Arc::clone(&state.now)),
        state,
        metrics: Metrics::default(),
        pages: OnceLock::new(),
    });
    let described = openapi();
    let docs = page::render(&described, app.state.service.code());
    let openapi = serde_json::to_string_pretty(&described).unwrap_or_default();
    let _ = app.pages.set(Pages { openapi, docs });
    let finished = |routes: OpenApiRouter<Arc<AppState>>, open: BTreeSet<String>| {
        finished(routes.split_for_parts().0, &app, open)
    };
    Listeners {
        public: finished(public(), open_to_wallets(&described)),
        parties: finished(parties().layer(from_fn(with_peer)), BTreeSet::new()),
        operators: finished(operators(), BTreeSet::new()),
    }
}

/// What every answer has in common; pages of other origins may call the routes `open`.
fn finished(router: Router<Arc<AppState>>, app: &Arc<AppState>, open: BTreeSet<String>) -> Router {
    let header = |name, value| (name, HeaderValue::from_static(value));
    let (nosniff, sniff_value) = header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let (cache, cache_value) = header(header::CACHE_CONTROL, "no-store");
    router
        .fallback(async || Problem::from(ProblemCode::NotFound))
        .method_not_allowed_fallback(async || Problem::from(ProblemCode::MethodNotAllowed))
        .layer(cors(app, open))
        .layer(SetResponseHeaderLayer::overriding(nosniff, sniff_value))
        .layer(SetResponseHeaderLayer::if_not_present(cache, cache_value))
        .layer(from_fn_with_state(Arc::clone(app), count))
        .with_state(Arc::clone(app))
}

/// Nothing of the parties' is answered to anybody who is not known as one.
async fn with_peer(request: Request, next: Next) -> Response {
    if request.extensions().get::<Peer>().is_none() {
        return Problem::from(ProblemCode::NotTheSender).into_response();
    }
    next.run(request).await
}

/// The one route of officers that a page of another origin may call, with their secret.
const REASONS: &str = "/v1/verdicts/{reference}";

/// The routes of wallets, and those of everybody.
fn open_to_wallets(api: &Value) -> BTreeSet<String> {
    let paths = api.get("paths").and_then(Value::as_object);
    let open = |item: &Value| {
        let mut tags = item.as_object().into_iter().flatten().filter_map(|(_, o)| o.pointer("/tags/0"));
        tags.any(|tag| tag == "wallet" || tag == "public")
    };
    paths.into_iter().flatten().filter(|(_, item)| open(item)).map(|(path, _)| path.clone()).collect()
}

/// Web wallets of the named origins may call their routes, officers' views of a gate the one of reasons, no other page
/// anything. A page may read the time and the tag of an answer.
fn cors(app: &Arc<AppState>, wallet_routes: BTreeSet<String>) -> CorsLayer {
    let app = Arc::clone(app);
    let known = move |origin: &HeaderValue, parts: &Parts| {
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let Ok(origin) = origin.to_str() else { return false };
        if path == REASONS {
            return (app.state.officer_origin)(origin);
        }
        wallet_routes.contains(path) && app.state.origins.iter().any(|named| named == origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(known))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH])
        // `Date`: a wallet whose clock is wrong learns it here, and makes its codes with the right time.
        .expose_headers([header::DATE, header::ETAG, header::RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}

/// Every route once, for the description.
fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(wallets())
        .merge(lists())
        .merge(messages())
        .merge(officers())
        .merge(health())
        .merge(operations())
        .merge(description())
}

fn public() -> OpenApiRouter<Arc<AppState>> {
    wallets().merge(lists()).merge(officers()).merge(health()).merge(description())
}

fn parties() -> OpenApiRouter<Arc<AppState>> {
    messages().merge(lists()).merge(health())
}

fn operators() -> OpenApiRouter<Arc<AppState>> {
    operations().merge(health()).merge(description())
}

fn wallets() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(wallet::enrol))
        .routes(routes!(wallet::tokens))
        .routes(routes!(wallet::parts))
        .routes(routes!(wallet::own_pass, wallet::end_pass))
        .routes(routes!(wallet::passages))
        .routes(routes!(wallet::may_cross))
        .layer(DefaultBodyLimit::max(body::JSON_LIMIT))
}

fn lists() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(lists::trust_lists))
        .routes(routes!(lists::approvals))
        .routes(routes!(lists::status_list))
}

fn messages() -> OpenApiRouter<Arc<AppState>> {
    let verdicts = OpenApiRouter::new()
        .routes(routes!(gates::verdicts))
        .layer(DefaultBodyLimit::max(body::ENVELOPE_LIMIT));
    OpenApiRouter::new()
        .routes(routes!(gates::events))
        .routes(routes!(gates::chains))
        .routes(routes!(gates::handovers))
        .routes(routes!(gates::notices))
        .layer(DefaultBodyLimit::max(body::MESSAGE_LIMIT))
        .merge(verdicts)
}

fn officers() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(officers::verdict))
        .routes(routes!(officers::add_resident))
        .routes(routes!(officers::ledger))
        .routes(routes!(officers::unresolved))
        .routes(routes!(officers::conflicts))
        .routes(routes!(officers::settlements))
        .routes(routes!(officers::end_pass))
        .routes(routes!(officers::lose))
        .routes(routes!(officers::erase))
        .routes(routes!(officers::watch))
        .layer(DefaultBodyLimit::max(body::JSON_LIMIT))
}

fn health() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(operations::health))
}

fn operations() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(operations::details)).routes(routes!(operations::metrics))
}

fn description() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(operations::openapi)).routes(routes!(operations::docs))
}

/// Counts each answer, and logs one line of it.
async fn count(State(app): State<Arc<AppState>>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let watch = metrics::Stopwatch::start();
    let response = next.run(request).await;
    let seconds = watch.seconds();
    let (path, status) = (path.unwrap_or_else(|| "none".to_owned()), response.status());
    let code = response.extensions().get::<ProblemCode>().copied();
    app.metrics.count_answer(&method, &path, status, seconds, code);
    let problem = code.map_or("", ProblemCode::code);
    tracing::info!(%method, path, status = status.as_u16(), problem, seconds, "answered");
    response
}

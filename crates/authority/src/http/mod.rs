//! HTTP: the service of one authority as an app with doors: for wallets, gates, other authorities, officers, operators.
//!
//! Lives here: [`listeners`]: which door stands behind which listener, what every answer has in common, which problem may come from where. Not here: any decision;
//! each door parses, asks the service, and writes down what it said. The OpenAPI page comes from the same code.

mod appeals;
mod body;
mod carers;
mod counter;
mod describe;
mod desk;
mod dpop;
mod enrolment;
mod gates;
mod hand_over;
mod identity;
mod limit;
mod lists;
mod metrics;
mod officers;
mod openid;
mod operations;
mod page;
mod paper;
mod problem;
mod refusals;
mod venues;
mod wallet;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::officers::Desk;
use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use documents::{AuthorityCode, Timestamp};
use openid4vc::presentation::MAX_FORM_LEN;
use serde_json::Value;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use transport::description::Completed;
use trust::Peer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use verifier::http::open_to_every_origin;

use crate::identity::IdentityDesk;
use crate::openid::OpenIdIssuer;
use crate::service::Service;
use describe::with_problems;
use dpop::{DPOP, DPOP_NONCE, DpopGuard};
use limit::EnrolmentRates;
use metrics::Metrics;

pub use problem::{Problem, ProblemCode};

/// The clock of a running service.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What the routes work with.
#[derive(Clone)]
pub struct HttpState {
    /// The service that answers.
    pub service: Arc<Service>,
    /// Where the time of a request comes from.
    pub now: Now,
    /// The accounts of the officers, and who of them is signed in.
    pub officers: Arc<Desk>,
    /// Origins of web wallets (`https://wallet.example`); none where it is empty.
    pub origins: Vec<String>,
    /// Whether a page of this origin may look up the reason of a verdict and whom it is about: an officer's view, served by a gate.
    pub officer_origin: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// The newest signed trust lists, as the service has taken them: who reads here of an issuer finds it believed here.
    pub trust_lists: Arc<dyn Fn() -> Vec<(AuthorityCode, Vec<u8>)> + Send + Sync>,
    /// The signed approvals, as the service has taken them: who reads here of a use finds it allowed here.
    pub approvals: Arc<dyn Fn() -> Vec<Vec<u8>> + Send + Sync>,
    /// By what it issues to wallets of others; `None`: it does not.
    pub openid: Option<Arc<OpenIdIssuer>>,
}

/// The state, and what the routes themselves keep.
struct AppState {
    state: HttpState,
    enrolments: EnrolmentRates,
    dpop: DpopGuard,
    openid: openid::SeenProofs,
    identity: Option<IdentityDesk>,
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
            Every error is a problem (RFC 9457) with a stable code; none repeats what was sent. Nobody is locked \
            out of enrolling: many tries on one number, or from one address or device key, cost a pause and work (428, \
            `work_required`)."
    ),
    components(schemas(Problem, ProblemCode)),
    modifiers(&Secrets),
    tags(
        (name = "wallet", description = "The traveller's wallet. Its secret comes from the enrolment; each request \
            carries a proof of its device key in the header DPoP (RFC 9449)."),
        (name = "public", description = "Signed lists for everybody."),
        (name = "openid", description = "Wallets of others, by OpenID4VCI 1.0 under HAIP 1.0 (docs/openid4vc.md). Refusals \
            have the form of RFC 6749, 5.2."),
        (name = "gates", description = "Gates, over the parties' listener (mutual TLS). Every message is signed by a \
            registered gate."),
        (name = "authorities", description = "The other authorities, over the parties' listener (mutual TLS). Every \
            message is signed by their keys."),
        (name = "officers", description = "Officers of this authority, each with an account and a session (docs/officers.md)."),
        (name = "operations", description = "Operators of the service: counters and details over their own listener alone.")
    )
)]
struct Api;

/// The two secrets that a header may carry.
struct Secrets;

impl utoipa::Modify for Secrets {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
        let components = openapi.components.get_or_insert_default();
        // The description knows no scheme of this name (RFC 9449, 7.1).
        let wallet = "`DPoP` and the wallet's secret, 32 bytes in base64url without padding; beside it, in the header DPoP, a \
                      proof of the device key to which the secret is bound (RFC 9449)";
        let wallet = ApiKey::Header(ApiKeyValue::with_description("Authorization", wallet));
        components.add_security_scheme("wallet", SecurityScheme::ApiKey(wallet));
        let officer = "the secret of an officer's session: 32 bytes in base64url without padding";
        let officer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(officer)).build();
        components.add_security_scheme("officer", SecurityScheme::Http(officer));
    }
}

/// The description of the API (OpenAPI 3.1), as `/openapi.json` gives it.
#[must_use]
pub fn openapi() -> Value {
    described().api
}

fn described() -> Completed {
    page::completed(&with_problems(&serde_json::to_value(routes().split_for_parts().1).unwrap_or_default()))
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
        enrolments: EnrolmentRates::new(Arc::clone(&state.now), &state.service.enrolment_settings().rules),
        dpop: DpopGuard::new(state.service.store().vault().nonce_key()),
        openid: openid::SeenProofs::default(),
        identity: state.openid.as_ref().map(|issuer| IdentityDesk::new(issuer.reader.clone())),
        state,
        metrics: Metrics::default(),
        pages: OnceLock::new(),
    });
    let described = openapi();
    let docs = page::render(&described, app.state.service.code());
    let openapi = serde_json::to_string_pretty(&described).unwrap_or_default();
    let _ = app.pages.set(Pages { openapi, docs });
    let finished = |routes: OpenApiRouter<Arc<AppState>>, presented, open: BTreeSet<String>| {
        finished(routes.split_for_parts().0, presented, &app, open)
    };
    let to_all = presented().split_for_parts().0;
    Listeners {
        public: finished(public().route("/", get(page::at_public)), to_all, open_to_wallets(&described)),
        parties: finished(parties().layer(from_fn(with_peer)), Router::new(), BTreeSet::new()),
        operators: finished(operators().route("/", get(page::at_operators)), Router::new(), BTreeSet::new()),
    }
}

/// What every answer has in common; pages of other origins may call the routes `open`, and those of every origin `presented`.
fn finished(
    router: Router<Arc<AppState>>,
    presented: Router<Arc<AppState>>,
    app: &Arc<AppState>,
    open: BTreeSet<String>,
) -> Router {
    let refused = async || Problem::from(ProblemCode::MethodNotAllowed);
    let header = |name, value| (name, HeaderValue::from_static(value));
    let (nosniff, sniff_value) = header(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let (cache, cache_value) = header(header::CACHE_CONTROL, "no-store");
    router
        .fallback(async || Problem::from(ProblemCode::NotFound))
        .method_not_allowed_fallback(refused)
        .layer(cors(app, open))
        .merge(presented.method_not_allowed_fallback(refused).layer(open_to_every_origin()))
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

/// The routes of officers that a gate's page may call: to sign in, to look up a reason, to see whom it is about.
const OFFICERS_PAGE: [&str; 7] = [
    "/v1/verdicts/{reference}",
    "/v1/verdicts/{reference}/holder",
    "/v1/officers/challenges",
    "/v1/officers/sessions",
    "/v1/officers/session",
    "/v1/officers/passkeys/challenges",
    "/v1/officers/passkeys",
];

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
/// anything beyond `presented`. A page may read the time and the tag of an answer.
fn cors(app: &Arc<AppState>, wallet_routes: BTreeSet<String>) -> CorsLayer {
    let app = Arc::clone(app);
    let known = move |origin: &HeaderValue, parts: &Parts| {
        let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let Ok(origin) = origin.to_str() else { return false };
        if OFFICERS_PAGE.contains(&path) {
            return (app.state.officer_origin)(origin);
        }
        wallet_routes.contains(path) && app.state.origins.iter().any(|named| named == origin)
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(known))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, header::IF_NONE_MATCH, DPOP])
        // `Date`: a wallet whose clock is wrong learns it here, and makes its codes with the right time.
        .expose_headers([header::DATE, header::ETAG, header::RETRY_AFTER, DPOP_NONCE])
        .max_age(Duration::from_secs(600))
}

/// Every route once, for the description.
fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .merge(wallets())
        .merge(wallets_of_others())
        .merge(presented())
        .merge(lists())
        .merge(messages())
        .merge(officers())
        .merge(health())
        .merge(operations())
        .merge(description())
}

fn public() -> OpenApiRouter<Arc<AppState>> {
    wallets().merge(wallets_of_others()).merge(lists()).merge(officers()).merge(health()).merge(description())
}

fn parties() -> OpenApiRouter<Arc<AppState>> {
    messages().merge(lists()).merge(health())
}

fn operators() -> OpenApiRouter<Arc<AppState>> {
    operations().merge(health()).merge(description())
}

fn wallets() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(identity::ask))
        .routes(routes!(identity::state))
        .routes(routes!(enrolment::enrol))
        .routes(routes!(enrolment::frames))
        .routes(routes!(enrolment::answer_second_enrolment))
        .routes(routes!(hand_over::offer, hand_over::withdraw))
        .routes(routes!(hand_over::take))
        .routes(routes!(wallet::tokens))
        .routes(routes!(wallet::parts))
        .routes(routes!(venues::venue_credentials))
        .routes(routes!(wallet::attestation_nonce))
        .routes(routes!(wallet::own_pass, wallet::end_pass))
        .routes(routes!(wallet::mark_look_alike))
        .routes(routes!(carers::own_carers))
        .routes(routes!(carers::withdraw_carer))
        .routes(routes!(wallet::passages))
        .routes(routes!(wallet::may_cross))
        .routes(routes!(appeals::appeal, appeals::open_appeals))
        .routes(routes!(appeals::appeal_state))
        .layer(DefaultBodyLimit::max(body::JSON_LIMIT))
}

fn wallets_of_others() -> OpenApiRouter<Arc<AppState>> {
    let small = OpenApiRouter::new()
        .routes(routes!(openid::credential_issuer))
        .routes(routes!(openid::authorization_server))
        .routes(routes!(openid::par))
        .routes(routes!(openid::token))
        .routes(routes!(openid::nonce))
        .routes(routes!(openid::credential))
        .routes(routes!(openid::deferred_credential))
        .routes(routes!(openid::notification))
        .routes(routes!(openid::lists::openid_status_lists))
        .routes(routes!(openid::lists::openid_status_list))
        .routes(routes!(openid::lists::root_certificate))
        .routes(routes!(openid::lists::revoked_certificates))
        .routes(routes!(openid::sign_in::authorize))
        .routes(routes!(openid::sign_in::file))
        .routes(routes!(openid::sign_in::begin))
        .routes(routes!(openid::sign_in::refuse))
        .routes(routes!(identity::done))
        .layer(DefaultBodyLimit::max(body::MESSAGE_LIMIT));
    OpenApiRouter::new()
        .routes(routes!(openid::sign_in::frames))
        .layer(DefaultBodyLimit::max(body::JSON_LIMIT))
        .merge(small)
}

/// Requests to wallets of others, and their answers.
fn presented() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(identity::request, identity::request_by_post))
        .routes(routes!(identity::respond))
        .layer(DefaultBodyLimit::max(MAX_FORM_LEN))
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
        .routes(routes!(officers::holder_at_lane))
        .routes(routes!(officers::add_resident))
        .routes(routes!(officers::ledger))
        .routes(routes!(officers::unresolved))
        .routes(routes!(officers::conflicts))
        .routes(routes!(officers::settlements))
        .routes(routes!(officers::end_pass))
        .routes(routes!(officers::lose))
        .routes(routes!(officers::erase))
        .routes(routes!(paper::issue_paper))
        .routes(routes!(paper::paper_part))
        .routes(routes!(paper::end_papers))
        .routes(routes!(officers::look_alike))
        .routes(routes!(officers::watch))
        .routes(routes!(appeals::answer_appeal))
        .routes(routes!(appeals::asked_suspensions, appeals::decide_suspension))
        .routes(routes!(desk::challenge))
        .routes(routes!(desk::sign_in))
        .routes(routes!(desk::own_session, desk::sign_out))
        .routes(routes!(desk::passkey_challenge))
        .routes(routes!(desk::add_passkey))
        .routes(routes!(desk::accounts, desk::add_account))
        .routes(routes!(desk::account_code))
        .routes(routes!(desk::account_lock))
        .routes(routes!(desk::acts))
        .routes(routes!(counter::invite))
        .routes(routes!(counter::offer))
        .routes(routes!(carers::add_carer))
        .routes(routes!(carers::list_carers))
        .routes(routes!(carers::end_carer))
        .routes(routes!(counter::replace))
        .routes(routes!(counter::second_enrolments))
        .routes(routes!(counter::decide_second_enrolment))
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

/// What the others ask for every second: served as they should be, it is no news.
const ROUNDS: [&str; 4] = ["/v1/trust-lists", "/v1/approvals", "/v1/status-lists/{n}", "/health"];

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
    if status.is_success() && ROUNDS.contains(&path.as_str()) {
        tracing::debug!(%method, path, status = status.as_u16(), seconds, "answered");
    } else {
        tracing::info!(%method, path, status = status.as_u16(), problem, seconds, "answered");
    }
    response
}

//! HTTP: a desk's service as two routers: one for wallets, one for the clerks at its counter. [`routers`] makes both of one state.
//!
//! Lives here: [`HttpState`], [`Routers`], what every answer has in common. Not here: any decision (`desk`, `Hotel`, `Building`);
//! each route parses, asks, and writes down what was said. TLS, listeners and rounds of queues belong to whoever serves (`baypass`).

mod body;
mod building;
mod counter;
mod health;
mod hotel;
mod invitation;
mod library;
mod openid;
mod page;
mod problem;
mod queues;
mod record;
mod search;
mod session;
mod wallet;
mod zone;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::routing::get;
use documents::Timestamp;
use serde_json::Value;
use tokio::sync::Semaphore;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::set_header::SetResponseHeaderLayer;
use transport::description::Completed;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use verifier::http::open_to_every_origin;

use crate::desk::{Book, Desk, Lists};
use crate::door::Doors;
use session::Sessions;

pub use problem::Problem;
pub use session::CounterSecret;
pub use zone::{NoZone, ZoneReader};

/// The clock of a running desk.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// The lists of the moment.
pub type ListsNow = Arc<dyn Fn() -> Arc<dyn Lists> + Send + Sync>;

/// What the routes work with.
#[derive(Clone)]
pub struct HttpState {
    /// The desk.
    pub desk: Desk,
    /// What it goes by.
    pub lists: ListsNow,
    /// Where the time of a request comes from.
    pub now: Now,
    /// The desk's HTTPS address for answers (`https://desk.example/v1/answers`); `None` where its camera alone reads them.
    pub reply: Option<String>,
    /// Origins of web wallets (`https://wallet.example`); none where it is empty.
    pub origins: Vec<String>,
    /// The secret with which clerks sign in.
    pub secret: CounterSecret,
    /// The doors of a building.
    pub doors: Doors,
    /// What reads the zone in pictures of a card.
    pub zones: ZoneReader,
    /// Whether the counter is served over TLS: its cookie travels over nothing else then.
    pub secure: bool,
}

/// The routes of one desk, by who may reach them.
pub struct Routers {
    /// For wallets: bounded, and without anything about anybody.
    pub public: Router,
    /// For clerks: on the loopback, or behind TLS; each act and each look has an actor.
    pub counter: Router,
}

struct App {
    state: HttpState,
    sessions: Sessions,
    /// Held while pictures of a card are read.
    reading: Semaphore,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Bay Pass: a desk",
        description = "Times are RFC 3339, days YYYY-MM-DD (UTC+8), ids 32 hexadecimal digits. Every error is a problem (RFC 9457) \
            with a stable code. What names a person is never in an error."
    ),
    components(schemas(Problem)),
    tags(
        (name = "wallet", description = "A traveller's wallet: what the desk asks, and the answer."),
        (name = "counter", description = "Clerks, each signed in by name (cookie `baypass_desk`)."),
        (name = "hotel", description = "The register of guests."),
        (name = "building", description = "The register of visitors."),
        (name = "library", description = "Readers at a self-service desk, and what staff look at.")
    )
)]
struct Api;

fn public() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(wallet::standing_request))
        .routes(routes!(wallet::answer))
        .routes(routes!(invitation::show))
        .routes(routes!(openid::done))
}

/// Requests to wallets of others, and their answers.
fn presented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(openid::request, openid::request_by_post))
        .routes(routes!(openid::respond))
}

fn counter() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(session::sign_in, session::own, session::sign_out))
        .routes(routes!(counter::desk))
        .routes(routes!(counter::ask))
        .routes(routes!(openid::ask))
        .routes(routes!(openid::ask_on_page))
        .routes(routes!(openid::take_on_page))
        .routes(routes!(counter::request))
        .routes(routes!(counter::portrait))
        .routes(routes!(counter::waiting, counter::take))
        .routes(routes!(zone::read))
        .routes(routes!(health::health))
        .routes(routes!(health::retention))
        .routes(routes!(health::openapi))
}

fn hotel() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(hotel::check_in))
        .routes(routes!(hotel::stays))
        .routes(routes!(hotel::stay, hotel::erase))
        .routes(routes!(hotel::export))
        .routes(routes!(hotel::room))
        .routes(routes!(hotel::correct))
        .routes(routes!(hotel::withdraw))
        .routes(routes!(hotel::out))
        .routes(routes!(hotel::rooming))
        .routes(routes!(search::stays))
        .routes(routes!(queues::queues))
        .routes(routes!(queues::hand_over))
}

fn building() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(building::invite))
        .routes(routes!(building::visits, building::register))
        .routes(routes!(building::visit, building::erase))
        .routes(routes!(building::arrive))
        .routes(routes!(building::host))
        .routes(routes!(building::enter))
        .routes(routes!(building::leave))
        .routes(routes!(building::end))
        .routes(routes!(building::mark))
        .routes(routes!(building::correct))
        .routes(routes!(building::withdraw))
        .routes(routes!(building::evacuation))
        .routes(routes!(search::visits))
}

fn library() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(library::begin))
        .routes(routes!(library::view, library::end))
        .routes(routes!(library::borrow))
        .routes(routes!(library::renew))
        .routes(routes!(library::pay))
        .routes(routes!(library::record))
        .routes(routes!(library::forget))
        .routes(routes!(library::give_back))
        .routes(routes!(library::unsettled))
        .routes(routes!(library::settled))
}

/// The description of the API (OpenAPI 3.1), of both routers and of every kind of venue.
#[must_use]
pub fn openapi() -> Value {
    described().api
}

fn described() -> Completed {
    let all = public().merge(presented()).merge(counter()).merge(hotel()).merge(building()).merge(library());
    page::completed(&serde_json::to_value(all.split_for_parts().1).unwrap_or_default())
}

/// The routes of one desk: those of its own kind of venue alone.
#[must_use]
pub fn routers(state: HttpState) -> Routers {
    let of_kind = match state.desk.book() {
        Book::Hotel(_) => hotel(),
        Book::Building(_) => building(),
        Book::Library(_) => library(),
    };
    let (open, closed) = (cors(&state.origins), cors(&[]));
    let app = Arc::new(App { state, sessions: Sessions::default(), reading: Semaphore::new(1) });
    let presented = presented().split_for_parts().0;
    let counter = counter().merge(of_kind).split_for_parts().0.merge(page::routes());
    let counter = counter.route("/docs", get(page::docs));
    Routers {
        public: finished(
            (public().split_for_parts().0.route("/", get(page::at_wallets)), open),
            presented,
            &app,
        ),
        counter: finished((counter, closed), Router::new(), &app),
    }
}

/// What every answer has in common. Pages of other origins that may ask are answered before a method is judged: a browser's
/// question ahead is an `OPTIONS`. Pages of every origin may call `presented`.
fn finished(
    (router, cors): (Router<Arc<App>>, CorsLayer),
    presented: Router<Arc<App>>,
    app: &Arc<App>,
) -> Router {
    let header = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
    };
    router
        .fallback(async || Problem::not_found())
        .method_not_allowed_fallback(async || Problem::method())
        .layer(cors)
        .merge(
            presented.method_not_allowed_fallback(async || Problem::method()).layer(open_to_every_origin()),
        )
        .layer(header(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(header::CACHE_CONTROL, "no-store"))
        .layer(header(header::REFERRER_POLICY, "no-referrer"))
        .layer(header(header::CONTENT_SECURITY_POLICY, page::POLICY))
        .with_state(Arc::clone(app))
}

fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins.iter().filter_map(|origin| origin.parse::<HeaderValue>().ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE])
}

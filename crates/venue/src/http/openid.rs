//! `OpenID`: routes for wallets of others (`OpenID4VP` 1.0), and the counter's request to one, by a code or on its own page.
//!
//! Lives here: `/openid` at the wallets' router, `/api/openid` at the counter's. Not here: how far a request has come
//! (`counter`: the same for every wallet), any decision (`desk`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use code::QrSymbol;
use openid4vc::presentation::{MAX_FORM_LEN, MAX_PAGE_ANSWER_LEN, PageWay};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use verifier::http::{NonceFault, refusal, wallet_nonce};
use verifier::{Chance, VerifierError};

use super::App;
use super::body::{self, JsonBody, bytes, drawn};
use super::problem::Problem;
use super::session::{AtDesk, Clerk};
use crate::desk::{AnswerId, OpenIdError};
use crate::openid::Forms;

const FORM: &str = "application/x-www-form-urlencoded";
/// Longest form with which a wallet fetches a request, in bytes: it may describe itself.
const MAX_FETCH_LEN: usize = 64 * 1024;

/// In which form a credential is asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FormsBody {
    /// `either` (where left out), `sd_jwt`, `mdoc` or `both`.
    forms: Option<String>,
}

impl FormsBody {
    fn forms(&self) -> Result<Forms, Problem> {
        match self.forms.as_deref() {
            None => Ok(Forms::default()),
            Some(word) => Forms::named(word)
                .ok_or_else(|| Problem::form("forms", "forms is none of either, sd_jwt, mdoc and both")),
        }
    }
}

fn chance() -> Result<Chance, Problem> {
    Ok(Chance { id: drawn()?, nonce: drawn()?, state: drawn()? })
}

/// A request to a wallet of others, on the screen.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenIdRequestBody {
    /// Its id; how far it has come stands at `/api/requests/{id}`.
    id: String,
    /// What its code says: `openid4vp://`.
    link: String,
    /// Its QR symbol, SVG.
    svg: String,
    /// When it ends.
    #[schema(format = DateTime)]
    ends: String,
}

/// Makes a request to a wallet of others
///
/// It asks what `/api/requests` asks, in the words of `OpenID4VP` 1.0. How far it has come stands at `/api/requests/{id}`, and its answer is
/// used as any other.
#[utoipa::path(post, path = "/api/openid/requests", tag = "counter", request_body = FormsBody,
    responses((status = 201, description = "The request.", body = OpenIdRequestBody), (status = 401, body = Problem),
        (status = 403, description = "The desk may not ask now; the code says why.", body = Problem),
        (status = 409, description = "The desk is not set up for it, or asks what such wallets do not have.", body = Problem)))]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    _: AtDesk,
    JsonBody(body): JsonBody<FormsBody>,
) -> Result<Response, Problem> {
    let (lists, now) = ((app.state.lists)(), (app.state.now)());
    let asked = app.state.desk.ask_openid(body.forms()?, chance()?, lists.as_ref(), now)?;
    let symbol = QrSymbol::draw_link(&asked.link).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "request_too_long", error.to_string())
    })?;
    let body = OpenIdRequestBody {
        id: asked.id.to_string(),
        link: asked.link,
        svg: symbol.to_svg(),
        ends: asked.ends.to_string(),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// One way in which the page asks.
#[derive(Serialize, ToSchema)]
pub(super) struct PageWayBody {
    /// `openid4vp-v1-signed` or `org-iso-mdoc`.
    protocol: &'static str,
    /// What the protocol hands over.
    #[schema(value_type = Object)]
    data: Value,
}

/// A request to a wallet of others, for the page's call of the Digital Credentials API.
#[derive(Serialize, ToSchema)]
pub(super) struct PageRequestBody {
    /// Its id; how far it has come stands at `/api/requests/{id}`.
    id: String,
    /// What stands under `digital.requests` of the call.
    requests: Vec<PageWayBody>,
    /// When it ends.
    #[schema(format = DateTime)]
    ends: String,
}

/// Makes a request to a wallet of others, on the counter's page
///
/// It asks what `/api/openid/requests` asks, through the browser (Digital Credentials API): by `openid4vp-v1-signed`, and by `org-iso-mdoc`
/// where one mdoc answers. What comes back goes to `/api/openid/page-requests/{id}`.
#[utoipa::path(post, path = "/api/openid/page-requests", tag = "counter", request_body = FormsBody,
    responses((status = 201, description = "The request.", body = PageRequestBody), (status = 401, body = Problem),
        (status = 403, description = "The desk may not ask now; the code says why.", body = Problem),
        (status = 409, description = "The desk is not set up for it, or asks what such wallets do not have.", body = Problem)))]
pub(super) async fn ask_on_page(
    State(app): State<Arc<App>>,
    _: Clerk,
    JsonBody(body): JsonBody<FormsBody>,
) -> Result<Response, Problem> {
    let (lists, now) = ((app.state.lists)(), (app.state.now)());
    let asked = app.state.desk.ask_on_page(body.forms()?, chance()?, lists.as_ref(), now)?;
    let way = |PageWay { protocol, data }| PageWayBody { protocol, data };
    let body = PageRequestBody {
        id: asked.id.to_string(),
        requests: asked.requests.into_iter().map(way).collect(),
        ends: asked.ends.to_string(),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// What a wallet gave to the page.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "the description of a body whose bytes count as they came")]
pub(super) struct PageAnswerBody {
    /// As the request named it.
    protocol: String,
    /// What the wallet gave.
    #[schema(value_type = Object)]
    data: Value,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct PageTakenBody {
    /// The id of the answer.
    id: String,
    /// Whether the same was taken before.
    repeated: bool,
}

/// Takes what a wallet of others gave to the counter's page
///
/// It counts for the page's origin that the desk knows, once, and within the request's time.
#[utoipa::path(post, path = "/api/openid/page-requests/{id}", tag = "counter", params(("id" = String, Path,)), request_body = PageAnswerBody,
    responses((status = 200, description = "Taken.", body = PageTakenBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn take_on_page(
    State(app): State<Arc<App>>,
    _: Clerk,
    path: Path<String>,
    request: Request,
) -> Result<Json<PageTakenBody>, Problem> {
    let id = body::id::<AnswerId>(path)?;
    let answer = bytes(request, &(), "application/json", MAX_PAGE_ANSWER_LEN).await?;
    let lists = (app.state.lists)();
    let repeated = app.state.desk.take_on_page(id, &answer, lists.as_ref(), (app.state.now)()).await?;
    Ok(Json(PageTakenBody { id: id.to_string(), repeated }))
}

/// An error in the words of OAuth 2.0 (RFC 6749, 5.2), with the stable code beside it.
pub(super) enum WalletError {
    /// What the desk says.
    Refused(Box<OpenIdError>),
    /// What came is no form.
    Form(Problem),
    /// The wallet's nonce cannot come back.
    Nonce(NonceFault),
}

impl From<NonceFault> for WalletError {
    fn from(fault: NonceFault) -> Self {
        Self::Nonce(fault)
    }
}

impl From<OpenIdError> for WalletError {
    fn from(error: OpenIdError) -> Self {
        Self::Refused(Box::new(error))
    }
}

impl From<Problem> for WalletError {
    fn from(problem: Problem) -> Self {
        Self::Form(problem)
    }
}

impl IntoResponse for WalletError {
    fn into_response(self) -> Response {
        let refused = match self {
            Self::Refused(refused) => refused,
            Self::Form(problem) => return problem.into_response(),
            Self::Nonce(fault) => return fault.into_response(),
        };
        let (status, error) = match *refused {
            OpenIdError::Store(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            OpenIdError::NotAllowed(_) => (StatusCode::FORBIDDEN, "access_denied"),
            OpenIdError::NotSetUp => (StatusCode::NOT_FOUND, "invalid_request"),
            OpenIdError::Verifier(ref error) => error.answer(),
            OpenIdError::Query(_) | OpenIdError::Claims(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        };
        refusal(status, error, refused.code(), &refused)
    }
}

fn found(Path(text): Path<String>) -> Result<AnswerId, WalletError> {
    text.parse().map_err(|_| OpenIdError::from(VerifierError::Unknown).into())
}

fn object(app: &App, id: AnswerId, wallet_nonce: Option<&str>) -> Result<Response, WalletError> {
    let lists = (app.state.lists)();
    let object = app.state.desk.openid_object(id, wallet_nonce, lists.as_ref(), (app.state.now)())?;
    Ok(verifier::http::object(object))
}

/// Gives a request to a wallet of others
#[utoipa::path(get, path = "/openid/request/{id}", tag = "wallet", params(("id" = String, Path,)),
    responses((status = 200, description = "The signed request object.", content_type = "application/oauth-authz-req+jwt", body = String),
        (status = 404, description = "There is no such request.", body = Object)))]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    path: Path<String>,
) -> Result<Response, WalletError> {
    object(&app, found(path)?, None)
}

/// Gives a request to a wallet of others, with the wallet's nonce in it
#[utoipa::path(post, path = "/openid/request/{id}", tag = "wallet", params(("id" = String, Path,)),
    request_body(content_type = "application/x-www-form-urlencoded", content = String, description = "`wallet_nonce`; `wallet_metadata` is not read."),
    responses((status = 200, description = "The signed request object.", content_type = "application/oauth-authz-req+jwt", body = String),
        (status = 400, body = Object), (status = 404, description = "There is no such request.", body = Object)))]
pub(super) async fn request_by_post(
    State(app): State<Arc<App>>,
    path: Path<String>,
    request: Request,
) -> Result<Response, WalletError> {
    let id = found(path)?;
    let form = bytes(request, &(), FORM, MAX_FETCH_LEN).await?;
    let nonce = wallet_nonce(&form)?;
    object(&app, id, nonce.as_deref())
}

/// Takes the answer of a wallet of others
///
/// An encrypted answer (`direct_post.jwt`), or an error. The same bytes again give the same address.
#[utoipa::path(post, path = "/openid/response/{id}", tag = "wallet", params(("id" = String, Path,)),
    request_body(content_type = "application/x-www-form-urlencoded", content = String, description = "`response`, or `error` and `state`."),
    responses((status = 200, description = "`redirect_uri`; nothing where the wallet said that it does not answer.", body = Object),
        (status = 400, description = "`error`, `error_description` and the stable `code`.", body = Object),
        (status = 403, body = Object), (status = 404, body = Object)))]
pub(super) async fn respond(
    State(app): State<Arc<App>>,
    path: Path<String>,
    request: Request,
) -> Result<Response, WalletError> {
    let id = found(path)?;
    let form = bytes(request, &(), FORM, MAX_FORM_LEN).await?;
    let code = drawn()?;
    let lists = (app.state.lists)();
    match app.state.desk.take_openid(id, &form, code, lists.as_ref(), (app.state.now)()).await {
        Ok(redirect) => Ok(Json(json!({ "redirect_uri": redirect })).into_response()),
        // The wallet has said so itself: nothing is wrong with its message.
        Err(OpenIdError::Verifier(VerifierError::Declined)) => Ok(Json(json!({})).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// What a wallet's browser brings back.
#[derive(Deserialize)]
pub(super) struct DoneQuery {
    response_code: Option<String>,
}

/// Tells the traveller that the desk has their answer
#[utoipa::path(get, path = "/openid/done/{id}", tag = "wallet", params(("id" = String, Path,), ("response_code" = String, Query,)),
    responses((status = 200, description = "A page.", content_type = "text/plain", body = String),
        (status = 404, description = "No answer got this code.", body = Object)))]
pub(super) async fn done(
    State(app): State<Arc<App>>,
    path: Path<String>,
    Query(query): Query<DoneQuery>,
) -> Result<&'static str, WalletError> {
    let id = found(path)?;
    if !app.state.desk.is_openid_done(id, &query.response_code.unwrap_or_default()) {
        return Err(OpenIdError::from(VerifierError::Unknown).into());
    }
    Ok("The desk has your answer. Go on at the desk.\nO balcão recebeu a sua resposta. Continue no balcão.\n\
        櫃檯已收到你的資料，請在櫃檯繼續。\n柜台已收到您的资料，请在柜台继续。\n")
}

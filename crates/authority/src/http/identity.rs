//! Identity: the doors by which a wallet asks for an identity credential of another system, and that system's wallet answers.
//!
//! Lives here: `/v1/identity-requests` for the wallet that enrols, `/openid/request`, `/openid/response` and `/openid/done` for the other
//! one (`OpenID4VP` 1.0 under HAIP 1.0). Not here: which credentials count (`crate::identity`), the enrolment that follows (`enrolment`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use verifier::http::{NonceFault, refusal, wallet_nonce};
use verifier::{RequestId, VerifierError};

use super::AppState;
use super::body::{ClientAddress, bytes};
use super::dpop::Device;
use super::problem::Problem;
use crate::identity::{IdentityDesk, IdentityError, IdentityState};

/// A request to another wallet.
#[derive(Serialize, ToSchema)]
pub(super) struct IdentityRequestAnswer {
    /// Its id: how far it has come stands at `/v1/identity-requests/{id}`.
    id: String,
    /// What the other wallet opens, as a link or as a code to scan: `openid4vp://`.
    link: String,
    /// Until when it is answered.
    #[schema(format = DateTime)]
    expires: String,
}

/// How far a request has come.
#[derive(Serialize, ToSchema)]
pub(super) struct IdentityStateAnswer {
    /// `waiting` or `shown`.
    #[schema(example = "waiting")]
    state: &'static str,
    /// Why the last answer was not taken: a code of docs/openid4vc.md. Another answer may still come.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

/// Who asks other wallets for an identity; without it there is nothing at these addresses.
pub(super) fn desk(app: &AppState) -> Result<&IdentityDesk, IdentityError> {
    app.identity.as_ref().ok_or(IdentityError::NotTaken)
}

/// Asks another wallet who the holder is
///
/// What it shows stands in place of number, name and birth date at `/v1/enrolments`, and is something that the holder has. Which
/// credentials count says the authority's trust list; whether any does, its approval.
#[utoipa::path(post, path = "/v1/identity-requests", operation_id = "ask_identity", tag = "wallet",
    responses((status = 201, description = "The request.", body = IdentityRequestAnswer)))]
pub(super) async fn ask(
    State(app): State<Arc<AppState>>,
    ClientAddress(client): ClientAddress,
    device: Device,
) -> Result<(StatusCode, Json<IdentityRequestAnswer>), Problem> {
    let (desk, now) = (desk(&app)?, (app.state.now)());
    app.enrolments.hold_back(client, device.thumbprint)?;
    let asked = desk.ask(&app.state.service, device.thumbprint, now)?;
    let answer =
        IdentityRequestAnswer { id: asked.id.to_string(), link: asked.link, expires: asked.ends.to_string() };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Tells how far such a request has come
///
/// To the device key that made it.
#[utoipa::path(get, path = "/v1/identity-requests/{id}", operation_id = "identity_state", tag = "wallet", params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "How far it has come.", body = IdentityStateAnswer)))]
pub(super) async fn state(
    State(app): State<Arc<AppState>>,
    id: Result<Path<RequestIdText>, PathRejection>,
    device: Device,
) -> Result<Json<IdentityStateAnswer>, Problem> {
    let state = desk(&app)?.state(id_of(id)?, device.thumbprint, (app.state.now)())?;
    Ok(Json(match state {
        IdentityState::Waiting { refused } => IdentityStateAnswer { state: "waiting", refused },
        IdentityState::Shown => IdentityStateAnswer { state: "shown", refused: None },
    }))
}

/// A request's id as it stands in an address.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
pub(super) struct RequestIdText(String);

impl RequestIdText {
    pub(super) fn id(&self) -> Option<RequestId> {
        self.0.parse().ok()
    }
}

/// An error in the words of OAuth 2.0 (RFC 6749, 5.2), with the stable code beside it.
pub(super) enum WalletError {
    /// What the authority says.
    Refused(IdentityError),
    /// The body is no form that was read.
    Form,
    /// The wallet's nonce cannot come back.
    Nonce(NonceFault),
}

impl<E: Into<IdentityError>> From<E> for WalletError {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

impl IntoResponse for WalletError {
    fn into_response(self) -> Response {
        let error = match self {
            Self::Refused(error) => error,
            Self::Form => {
                let cut = "the body did not arrive whole, or is too long; send it again";
                return refusal(StatusCode::BAD_REQUEST, "invalid_request", "form", &cut);
            }
            Self::Nonce(fault) => return fault.into_response(),
        };
        let (status, word) = match &error {
            IdentityError::NotTaken => (StatusCode::FORBIDDEN, "access_denied"),
            IdentityError::Unknown => (StatusCode::NOT_FOUND, "invalid_request"),
            IdentityError::Verifier(error) => error.answer(),
            IdentityError::Crypto(_) | IdentityError::Query(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "server_error")
            }
            IdentityError::Waits | IdentityError::Number { .. } | IdentityError::Fault(_) => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
        };
        refusal(status, word, error.code(), &error)
    }
}

/// The form that a wallet posts.
async fn form(request: Request, app: &Arc<AppState>) -> Result<Bytes, WalletError> {
    bytes(request, app).await.map_err(|_| WalletError::Form)
}

type Answered = Result<Response, WalletError>;

fn id_of(id: Result<Path<RequestIdText>, PathRejection>) -> Result<RequestId, IdentityError> {
    id.ok().and_then(|Path(text)| text.id()).ok_or(IdentityError::Unknown)
}

fn object(app: &AppState, id: RequestId, wallet_nonce: Option<&str>) -> Answered {
    let object = desk(app)?.object(id, wallet_nonce, (app.state.now)())?;
    Ok(verifier::http::object(object))
}

/// Gives the request to another wallet
#[utoipa::path(get, path = "/openid/request/{id}", operation_id = "identity_request", tag = "openid",
    params(("id" = String, Path, description = "The request.")),
    responses((status = 200, description = "The signed request object.", content_type = "application/oauth-authz-req+jwt", body = String),
        (status = 404, description = "There is no such request.", content_type = "application/json", body = Object)))]
pub(super) async fn request(
    State(app): State<Arc<AppState>>,
    id: Result<Path<RequestIdText>, PathRejection>,
) -> Answered {
    object(&app, id_of(id)?, None)
}

/// Gives the request to another wallet, with that wallet's nonce in it
#[utoipa::path(post, path = "/openid/request/{id}", operation_id = "identity_request_by_post", tag = "openid",
    params(("id" = String, Path, description = "The request.")),
    request_body(content_type = "application/x-www-form-urlencoded", content = String, description = "`wallet_nonce`; `wallet_metadata` is not read."),
    responses((status = 200, description = "The signed request object.", content_type = "application/oauth-authz-req+jwt", body = String),
        (status = 400, description = "`error`, `error_description` and the stable `code`.", content_type = "application/json", body = Object),
        (status = 404, description = "There is no such request.", content_type = "application/json", body = Object)))]
pub(super) async fn request_by_post(
    State(app): State<Arc<AppState>>,
    id: Result<Path<RequestIdText>, PathRejection>,
    request: Request,
) -> Answered {
    let form = form(request, &app).await?;
    let nonce = wallet_nonce(&form).map_err(WalletError::Nonce)?;
    object(&app, id_of(id)?, nonce.as_deref())
}

/// Takes the answer of another wallet
///
/// An encrypted answer (`direct_post.jwt`), or an error. The same bytes again give the same address.
#[utoipa::path(post, path = "/openid/response/{id}", operation_id = "identity_response", tag = "openid",
    params(("id" = String, Path, description = "The request.")),
    request_body(content_type = "application/x-www-form-urlencoded", content = String, description = "`response`, or `error` and `state`."),
    responses((status = 200, description = "`redirect_uri`; nothing where the wallet said that it does not answer.", content_type = "application/json", body = Object),
        (status = 400, description = "`error`, `error_description` and the stable `code`.", content_type = "application/json", body = Object),
        (status = 404, description = "There is no such request.", content_type = "application/json", body = Object)))]
pub(super) async fn respond(
    State(app): State<Arc<AppState>>,
    id: Result<Path<RequestIdText>, PathRejection>,
    request: Request,
) -> Answered {
    let form = form(request, &app).await?;
    let (id, desk) = (id_of(id)?, desk(&app)?);
    match desk.take(&app.state.service, id, &form, (app.state.now)()).await {
        Ok(redirect) => Ok(Json(json!({ "redirect_uri": redirect })).into_response()),
        // The wallet has said so itself: nothing is wrong with its message.
        Err(IdentityError::Verifier(VerifierError::Declined)) => Ok(Json(json!({})).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// What the other wallet's browser brings back.
#[derive(Deserialize)]
pub(super) struct DoneQuery {
    response_code: Option<String>,
}

/// Shows the number that brings the answer back to the pass
///
/// Whoever holds the wallet that asked types it there: a link that somebody else sent leads to no pass on their device.
#[utoipa::path(get, path = "/openid/done/{id}", operation_id = "identity_done", tag = "openid",
    params(("id" = String, Path, description = "The request."), ("response_code" = String, Query, description = "As the address had it.")),
    responses((status = 200, description = "A page.", content_type = "text/plain", body = String),
        (status = 404, description = "No answer got this code.", content_type = "application/json", body = Object)))]
pub(super) async fn done(
    State(app): State<Arc<AppState>>,
    id: Result<Path<RequestIdText>, PathRejection>,
    query: Result<Query<DoneQuery>, QueryRejection>,
) -> Answered {
    let code = query.ok().and_then(|Query(query)| query.response_code).unwrap_or_default();
    let number = desk(&app)?.number(id_of(id)?, &code).ok_or(IdentityError::Unknown)?;
    let page = format!(
        "{number}\n\nType this number in your Bay Pass, on the device where you began. Give it to nobody.\n\
         Escreva este número no seu Bay Pass, no aparelho onde começou. Não o dê a ninguém.\n\
         請在你開始登記的裝置上，於灣區通輸入這個號碼。不要告訴任何人。\n请在您开始登记的设备上，于湾区通输入这个号码。不要告诉任何人。\n"
    );
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, page).into_response())
}

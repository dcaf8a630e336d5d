//! HTTP: what desks and authorities answer wallets of others alike, in the words of OAuth 2.0 (RFC 6749, 5.2).
//!
//! Lives here: the request object, the nonce of whoever fetches it, refusals, which pages may call. Not here: routes, and who may ask.

use std::time::Duration;

use axum::Json;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use openid4vc::presentation::REQUEST_TYPE;
use serde_json::json;
use tower_http::cors::{Any, CorsLayer};

use crate::VerifierError;

/// Longest nonce of a wallet that comes back, in bytes.
const MAX_NONCE_LEN: usize = 512;

/// How long a browser goes by the answer to its question ahead.
const AHEAD: Duration = Duration::from_secs(600);

/// Lets pages of every origin fetch a request and answer it: which wallet somebody has, in which browser, nobody knows beforehand. Nothing of
/// the browser's own, such as cookies, comes along. For the routes of requests and answers alone.
pub fn open_to_every_origin() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::CONTENT_TYPE])
        .max_age(AHEAD)
}

/// The nonce of whoever fetches a request cannot come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("send wallet_nonce once, at most 512 characters")]
pub struct NonceFault;

impl IntoResponse for NonceFault {
    fn into_response(self) -> Response {
        refusal(StatusCode::BAD_REQUEST, "invalid_request", "request_wallet_nonce", &self)
    }
}

impl VerifierError {
    /// The status and OAuth's word for it.
    #[must_use]
    pub const fn answer(&self) -> (StatusCode, &'static str) {
        match self {
            Self::Crypto(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
            Self::NotSetUp | Self::Unknown => (StatusCode::NOT_FOUND, "invalid_request"),
            Self::AnsweredAlready | Self::Posted(_) | Self::Refused(_) | Self::Declined | Self::Status(_) => {
                (StatusCode::BAD_REQUEST, "invalid_request")
            }
        }
    }
}

/// A refusal, with the stable code beside OAuth's own.
pub fn refusal(status: StatusCode, error: &str, code: &str, detail: &dyn std::fmt::Display) -> Response {
    let body = json!({ "error": error, "error_description": detail.to_string(), "code": code });
    (status, Json(body)).into_response()
}

/// A signed request object.
#[must_use]
pub fn object(signed: String) -> Response {
    ([(header::CONTENT_TYPE, format!("application/{REQUEST_TYPE}"))], signed).into_response()
}

/// The nonce that a wallet sends where it fetches a request by POST (`OpenID4VP` 1.0, 5.10).
///
/// # Errors
/// [`NonceFault`]
pub fn wallet_nonce(form: &[u8]) -> Result<Option<String>, NonceFault> {
    let mut found = None;
    for (name, value) in form_urlencoded::parse(form) {
        let is_nonce = name == "wallet_nonce";
        if is_nonce && (value.len() > MAX_NONCE_LEN || found.replace(value.into_owned()).is_some()) {
            return Err(NonceFault);
        }
    }
    Ok(found)
}

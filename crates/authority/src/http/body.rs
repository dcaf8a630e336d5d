//! Body: what comes in, bounded and in one form, and who it comes from.
//!
//! Lives here: bodies (JSON, CBOR), secrets in headers, bytes in JSON. Not here: what is done with them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use officers::{Deed, Signed, Token};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use utoipa::ToSchema;

use super::AppState;
use super::desk::at_desk;
use super::problem::{Problem, ProblemCode};

/// Largest JSON body: a picture of 20 MiB is no selfie; one of a phone, in base64, fits.
pub(super) const JSON_LIMIT: usize = 8 * 1024 * 1024;
/// Largest envelope of a gate: the probe, a page of a chip, and what stands beside them.
pub(super) const ENVELOPE_LIMIT: usize =
    clearance::MAX_PROBE_LEN + credential::page::SEALED_CHIP_PAGE_LEN + 8 * 1024;
/// Largest other message.
pub(super) const MESSAGE_LIMIT: usize = 64 * 1024;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Bytes as base64url without padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The id of so many bytes that stands in a path, in base64url without padding.
pub(super) fn id_of_path<const N: usize>(id: Result<Path<String>, PathRejection>) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(id.ok()?.0).ok()?.try_into().ok()
}

/// Bytes that came as base64url without padding.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, format = "base64url")]
pub(super) struct Base64(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes());
        bytes.map(Self).map_err(|_| D::Error::custom("not base64url without padding"))
    }
}

/// Bytes as they are: how a body of CBOR is described.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(super) struct Octets(#[expect(dead_code, reason = "a description only")] Vec<u8>);

/// A value that is read from its text.
pub(super) struct Text<T>(pub(super) T);

impl<'de, T: std::str::FromStr> Deserialize<'de> for Text<T> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("malformed"))
    }
}

pub(super) async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<axum::body::Bytes, Problem> {
    let read = axum::body::Bytes::from_request(request, state);
    let read = tokio::time::timeout(BODY_TIME, read).await.map_err(|_| ProblemCode::BodyTooSlow)?;
    read.map_err(|rejection| {
        let code = if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
            ProblemCode::BodyTooLarge
        } else {
            ProblemCode::BodyInterrupted
        };
        code.into()
    })
}

fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// A JSON body of this form.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_type(request.headers(), "application/json") {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        let body = bytes(request, state).await?;
        let mut json = serde_json::Deserializer::from_slice(&body);
        let read = serde_path_to_error::deserialize(&mut json).map_err(|fault| {
            // The reader's own words repeat what it read: only the place is told.
            let (line, column) = (fault.inner().line(), fault.inner().column());
            match fault.inner().classify() {
                serde_json::error::Category::Data => Problem::wrong_field(&fault.path().to_string()),
                serde_json::error::Category::Io
                | serde_json::error::Category::Syntax
                | serde_json::error::Category::Eof => Problem::new(ProblemCode::MalformedJson)
                    .with_detail(format!("the JSON ends or breaks at line {line}, column {column}")),
            }
        })?;
        json.end().map_err(|_| Problem::new(ProblemCode::MalformedJson))?;
        Ok(Self(read))
    }
}

/// A CBOR body; its form is the message's own matter.
pub(super) struct CborBody(pub(super) axum::body::Bytes);

impl<S: Send + Sync> FromRequest<S> for CborBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_type(request.headers(), "application/cbor") {
            return Err(ProblemCode::UnsupportedMediaType.into());
        }
        Ok(Self(bytes(request, state).await?))
    }
}

/// The secret after `Bearer` (RFC 6750, 2.1).
fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| secret.trim())
}

/// An officer of this authority: somebody whose session is on. What they may do, [`Officer::may`] says.
pub(super) struct Officer {
    pub(super) token: Token,
}

impl FromRequestParts<Arc<AppState>> for Officer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, Problem> {
        let token = bearer(parts).and_then(Token::parse).ok_or(ProblemCode::Unauthorized)?;
        app.state.officers.signed(&token, (app.state.now)())?;
        Ok(Self { token })
    }
}

impl Officer {
    /// Lets the officer do something, once it is written down that they did; `object` names what it is done to, and no
    /// person.
    pub(super) async fn may(
        self,
        app: &Arc<AppState>,
        deed: Deed,
        object: impl Into<String>,
    ) -> Result<Acting, Problem> {
        let object = object.into();
        let named = object.clone();
        let permit =
            at_desk(app, move |desk, now| desk.permit(Some(&self.token), deed, None, &named, now)).await?;
        Ok(Acting { app: Arc::clone(app), signed: permit?, deed, object })
    }
}

/// An act of an officer that stands in the record.
pub(super) struct Acting {
    app: Arc<AppState>,
    pub(super) signed: Signed,
    deed: Deed,
    object: String,
}

impl Acting {
    /// The result of the act; that it failed is written down too.
    pub(super) async fn told<T, E: Into<Problem>>(self, result: Result<T, E>) -> Result<T, Problem> {
        match result {
            Ok(done) => Ok(done),
            Err(error) => {
                let problem: Problem = error.into();
                let code = problem.code().code();
                let Self { app, signed, deed, object } = self;
                at_desk(&app, move |desk, now| desk.failed(&signed, deed, (&object, code), now)).await?;
                Err(problem)
            }
        }
    }
}

/// The address of the client, where the connection has one.
pub(super) struct ClientAddress(pub(super) Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(super::limit::client(&parts.extensions)))
    }
}

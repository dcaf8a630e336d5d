//! Session: clerks sign in by name with the counter's secret; a cookie that no script reads proves it afterwards.
//!
//! Lives here: [`CounterSecret`], sessions, the extractors [`Clerk`] and [`AtDesk`]. Not here: accounts with passkeys and roles (`officers`), which a
//! house with many clerks puts in front. A session ends after 12 hours and with the program.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use credential::{CryptoError, sha256};
use documents::{Timestamp, redact_debug};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::{JsonBody, parsed};
use super::problem::Problem;
use crate::actor::Actor;

/// How long a session lasts, in seconds.
const SESSION_SECONDS: i64 = 12 * 3_600;
/// Most sessions at once: the one that ends first makes room.
const SESSIONS: usize = 64;
const COOKIE: &str = "baypass_desk";

/// The secret with which clerks sign in: 16 random bytes, shown once by the program that serves.
#[derive(Clone)]
pub struct CounterSecret([u8; 32]);
redact_debug!(CounterSecret);

impl CounterSecret {
    /// A new secret: what is kept of it, and the text to show.
    ///
    /// # Errors
    /// [`CryptoError::Random`].
    pub fn draw() -> Result<(Self, String), CryptoError> {
        let mut bytes = [0; 16];
        credential::random(&mut bytes)?;
        let text = hex::encode(bytes);
        Ok((Self::of_text(&text), text))
    }

    /// The secret with this text, as an operator has set it.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        // Hashes are compared, so that the time of it tells nothing of the secret.
        Self(sha256(text.as_bytes()))
    }

    fn is(&self, text: &str) -> bool {
        self.0 == sha256(text.trim().as_bytes())
    }
}

/// Who is signed in, by the hash of the cookie.
#[derive(Default)]
pub(super) struct Sessions(Mutex<BTreeMap<[u8; 32], Session>>);

#[derive(Clone)]
struct Session {
    actor: Actor,
    ends: Timestamp,
    /// Whether travellers stand before the browser, and no clerk.
    self_service: bool,
}

impl Sessions {
    fn open(&self, actor: Actor, self_service: bool, now: Timestamp) -> Result<String, CryptoError> {
        let mut bytes = [0; 32];
        credential::random(&mut bytes)?;
        let token = hex::encode(bytes);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| session.ends > now);
        if open.len() >= SESSIONS
            && let Some(first) = open.iter().min_by_key(|(_, session)| session.ends).map(|(key, _)| *key)
        {
            open.remove(&first);
        }
        let ends = now.plus_seconds(SESSION_SECONDS);
        open.insert(sha256(token.as_bytes()), Session { actor, ends, self_service });
        Ok(token)
    }

    fn find(&self, headers: &HeaderMap, now: Timestamp) -> Option<Session> {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get(&sha256(token(headers)?.as_bytes()))?;
        (session.ends > now).then(|| session.clone())
    }

    fn close(&self, headers: &HeaderMap) {
        if let Some(token) = token(headers) {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            open.remove(&sha256(token.as_bytes()));
        }
    }
}

fn token(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value)
}

fn cookie(value: &str, seconds: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}").parse().ok()
}

/// The clerk who is signed in. A route that takes one answers nobody else.
pub(super) struct Clerk(pub(super) Actor);

impl FromRequestParts<Arc<App>> for Clerk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let session = app.sessions.find(&parts.headers, (app.state.now)());
        let session = session.ok_or_else(Problem::unauthorized)?;
        if session.self_service { Err(Problem::self_service()) } else { Ok(Self(session.actor)) }
    }
}

/// A clerk, or a browser that a clerk has signed in for travellers to use by themselves.
pub(super) struct AtDesk(pub(super) Actor);

impl FromRequestParts<Arc<App>> for AtDesk {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let session = app.sessions.find(&parts.headers, (app.state.now)());
        session.map(|session| Self(session.actor)).ok_or_else(Problem::unauthorized)
    }
}

/// A clerk who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// The counter's secret.
    secret: String,
    /// The clerk's name, which stands beside each act: 1 to 64 letters, digits, points, hyphens, underscores.
    name: String,
    /// Whether the browser is left to travellers: it reaches what they do by themselves, and nothing else.
    #[serde(default)]
    self_service: bool,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct SignedIn {
    name: String,
    /// Whether the browser is left to travellers.
    self_service: bool,
}

/// Signs a clerk in
#[utoipa::path(post, path = "/api/session", tag = "counter", request_body = SignIn,
    responses((status = 200, description = "Signed in; the cookie comes along.", body = SignedIn), (status = 401, body = Problem)))]
pub(super) async fn sign_in(
    State(app): State<Arc<App>>,
    JsonBody(given): JsonBody<SignIn>,
) -> Result<Response, Problem> {
    if !app.state.secret.is(&given.secret) {
        return Err(Problem::unauthorized());
    }
    let actor: Actor = parsed("name", &given.name)?;
    let name = actor.to_string();
    let self_service = given.self_service;
    let token = app.sessions.open(actor, self_service, (app.state.now)());
    let token = token.map_err(|_| Problem::no_random())?;
    let mut response = Json(SignedIn { name, self_service }).into_response();
    if let Some(cookie) = cookie(&token, SESSION_SECONDS, app.state.secure) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Tells who is signed in
#[utoipa::path(get, path = "/api/session", tag = "counter",
    responses((status = 200, description = "The clerk.", body = SignedIn), (status = 401, body = Problem)))]
pub(super) async fn own(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Json<SignedIn>, Problem> {
    let session = app.sessions.find(&headers, (app.state.now)()).ok_or_else(Problem::unauthorized)?;
    Ok(Json(SignedIn { name: session.actor.to_string(), self_service: session.self_service }))
}

/// Signs the clerk out
#[utoipa::path(delete, path = "/api/session", tag = "counter", responses((status = 204, description = "Signed out.")))]
pub(super) async fn sign_out(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    app.sessions.close(&headers);
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookie("", 0, app.state.secure) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

//! Desk: pages are paired and officers sign in at this gate (docs/officers.md): routes, bodies, and the cookies that come of
//! them. Not here: any check of a passkey, a code or a role (`officers`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::{AuthorityCode, Timestamp};
use officers::{
    Deed, Desk, How, PairError, PermitError, Registration, SignInError, Signed, SignedAssertion, Token,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cookies::Cookie;
use super::http::{KioskError, Kiosks, json_of};
use crate::server::problem;

/// The routes of one side's officers.
pub(super) fn routes() -> axum::Router<Kiosks> {
    axum::Router::new()
        .route("/challenges", post(challenge))
        .route("/sessions", post(sign_in))
        .route("/session", get(own_session).delete(sign_out))
        .route("/passkeys/challenges", post(passkey_challenge))
        .route("/passkeys", post(add_passkey))
}

/// Why nobody is let in.
pub(super) enum DeskError {
    SignIn(SignInError),
    Permit(PermitError),
    Pair(PairError),
    /// The task that asked the desk broke.
    Broken,
}

impl From<SignInError> for DeskError {
    fn from(error: SignInError) -> Self {
        Self::SignIn(error)
    }
}

impl From<PermitError> for DeskError {
    fn from(error: PermitError) -> Self {
        Self::Permit(error)
    }
}

/// What the disk refused: the log says what, the page what to do.
fn unusable(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "accounts or the record of acts cannot be used");
    let detail = "accounts or the record of acts cannot be used, and nothing is done that cannot be written down; check the gate's disk";
    problem(StatusCode::SERVICE_UNAVAILABLE, "accounts_unusable", detail)
}

fn refused(error: &PermitError) -> Response {
    let detail = error.to_string();
    match error {
        PermitError::SignedOut => problem(StatusCode::UNAUTHORIZED, "signed_out", &detail),
        PermitError::PasskeyNeeded => problem(StatusCode::FORBIDDEN, "passkey_needed", &detail),
        PermitError::RoleMissing | PermitError::OtherSide => {
            problem(StatusCode::FORBIDDEN, "role_missing", &detail)
        }
        PermitError::File(error) => unusable(error),
    }
}

impl IntoResponse for DeskError {
    fn into_response(self) -> Response {
        match self {
            Self::Permit(error) => refused(&error),
            Self::Broken => unusable(&PairError::Refused),
            Self::Pair(error) => match &error {
                PairError::Refused => problem(StatusCode::FORBIDDEN, "pairing_refused", &error.to_string()),
                PairError::File(_) | PairError::Random(_) => unusable(&error),
            },
            Self::SignIn(error) => {
                let detail = error.to_string();
                match error {
                    SignInError::Code => problem(StatusCode::FORBIDDEN, "code_refused", &detail),
                    SignInError::UnknownPasskey | SignInError::Passkey(_) => {
                        problem(StatusCode::FORBIDDEN, "passkey_refused", &detail)
                    }
                    SignInError::Challenge => problem(StatusCode::CONFLICT, "challenge_expired", &detail),
                    SignInError::Locked => problem(StatusCode::FORBIDDEN, "account_locked", &detail),
                    SignInError::Counter => problem(StatusCode::FORBIDDEN, "passkey_copied", &detail),
                    SignInError::Change(_) => problem(StatusCode::CONFLICT, "passkey_taken", &detail),
                    SignInError::Permit(error) => refused(&error),
                    SignInError::File(error) => unusable(&error),
                    SignInError::Random(error) => unusable(&error),
                }
            }
        }
    }
}

impl Kiosks {
    /// Asks the desk, which waits for its files.
    async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Desk, Timestamp) -> T + Send + 'static,
    ) -> Result<T, DeskError> {
        let (desk, now) = (Arc::clone(&self.desk), self.clock.now());
        tokio::task::spawn_blocking(move || ask(&desk, now)).await.map_err(|_| DeskError::Broken)
    }

    fn officer_cookie(&self, side: AuthorityCode) -> Cookie {
        Cookie::officer(side, self.reach.is_tls())
    }

    /// The token of the officer of `side` who asks.
    pub(super) fn officer_token(&self, side: AuthorityCode, headers: &HeaderMap) -> Option<Token> {
        self.officer_cookie(side).of(headers)
    }

    /// Lets the officer of `side` do something at a lane, once it is written down that they did.
    pub(super) async fn permit(
        &self,
        side: AuthorityCode,
        headers: &HeaderMap,
        deed: Deed,
        object: String,
    ) -> Result<Signed, DeskError> {
        let token = self.officer_token(side, headers);
        let permit = self.ask(move |desk, now| desk.permit(token.as_ref(), deed, Some(side), &object, now));
        Ok(permit.await??)
    }

    /// Writes down that something was allowed and not done.
    pub(super) async fn failed(&self, signed: Signed, deed: Deed, object: String, why: &'static str) {
        let told = self.ask(move |desk, now| desk.failed(&signed, deed, (&object, why), now)).await;
        drop(told);
    }

    /// Whether the officer who holds a token may still see.
    pub(super) fn still_signed_in(&self, token: &Token) -> bool {
        self.desk.signed(token, self.clock.now()).is_ok()
    }

    fn side(authority: &str) -> Result<AuthorityCode, KioskError> {
        authority.parse().map_err(|_| KioskError::NoLane)
    }

    fn own_token(&self, side: AuthorityCode, headers: &HeaderMap) -> Result<Token, DeskError> {
        self.officer_token(side, headers).ok_or(DeskError::Permit(PermitError::SignedOut))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PairBody {
    code: String,
}

/// Pairs a browser with a lane.
pub(super) async fn pair(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    body: Bytes,
) -> Result<Response, KioskError> {
    if !kiosks.lanes.contains_key(&lane) {
        return Err(KioskError::NoLane);
    }
    let PairBody { code } = json_of(&body, "{\"code\": \"...\"}")?;
    let (pairings, now) = (Arc::clone(&kiosks.pairings), kiosks.clock.now());
    let cookie = Cookie::kiosk(&lane, pairings.every_lane(), kiosks.reach.is_tls());
    let paired = tokio::task::spawn_blocking(move || pairings.redeem(&code, &lane, now)).await;
    let token = paired.map_err(|_| DeskError::Broken)?.map_err(DeskError::Pair)?;
    Ok(with_cookie(StatusCode::NO_CONTENT, &cookie, Some(&token)))
}

fn with_cookie(answer: impl IntoResponse, cookie: &Cookie, token: Option<&Token>) -> Response {
    let mut answer = answer.into_response();
    if let Some(value) = cookie.set(token) {
        answer.headers_mut().insert(header::SET_COOKIE, value);
    }
    answer
}

fn told(signed: &Signed) -> Value {
    let roles: Vec<_> = signed.roles.iter().map(|role| role.word()).collect();
    json!({
        "account": signed.account.to_string(), "name": signed.name.expose(), "roles": roles, "test": signed.test,
        "passkey": signed.how == How::Passkey, "passkey_needed": signed.passkey_needed, "until": signed.until,
    })
}

fn given(kiosks: &Kiosks, challenge: &[u8]) -> Value {
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge), "rp_id": kiosks.desk.party().id(),
        "timeout_ms": kiosks.desk.limits().challenge_seconds * 1000,
    })
}

async fn challenge(State(kiosks): State<Kiosks>) -> Result<Json<Value>, KioskError> {
    let challenge = kiosks.ask(Desk::sign_in_challenge).await?;
    let challenge = challenge.map_err(|error| DeskError::SignIn(error.into()))?;
    Ok(Json(given(&kiosks, challenge.as_bytes())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum SignInBody {
    Code(String),
    Passkey(AssertionBody),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AssertionBody {
    id: String,
    client_data: String,
    authenticator_data: String,
    signature: String,
}

fn bytes(text: &str) -> Result<Vec<u8>, KioskError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| KioskError::Malformed("bytes as base64url without padding"))
}

async fn sign_in(
    State(kiosks): State<Kiosks>,
    Path(authority): Path<String>,
    body: Bytes,
) -> Result<Response, KioskError> {
    const FORM: &str =
        "{\"code\": \"...\"} or {\"passkey\": {id, client_data, authenticator_data, signature}}";
    let side = Kiosks::side(&authority)?;
    let body: SignInBody = json_of(&body, FORM)?;
    let opened = match body {
        SignInBody::Code(code) => kiosks.ask(move |desk, now| desk.redeem(&code, now)).await?,
        SignInBody::Passkey(answer) => {
            let given = SignedAssertion {
                id: bytes(&answer.id)?,
                client_data: bytes(&answer.client_data)?,
                authenticator_data: bytes(&answer.authenticator_data)?,
                signature: bytes(&answer.signature)?,
            };
            kiosks.ask(move |desk, now| desk.sign_in(&given, now)).await?
        }
    };
    let opened = opened.map_err(DeskError::SignIn)?;
    if opened.signed.side != Some(side) {
        let out = kiosks.ask(move |desk, now| desk.sign_out(&opened.token, now)).await?;
        out.map_err(|error| DeskError::Permit(error.into()))?;
        return Err(DeskError::Permit(PermitError::OtherSide).into());
    }
    let answer = (StatusCode::CREATED, Json(told(&opened.signed)));
    Ok(with_cookie(answer, &kiosks.officer_cookie(side), Some(&opened.token)))
}

async fn own_session(
    State(kiosks): State<Kiosks>,
    Path(authority): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, KioskError> {
    let token = kiosks.own_token(Kiosks::side(&authority)?, &headers)?;
    let signed = kiosks.ask(move |desk, now| desk.signed(&token, now)).await?;
    Ok(Json(told(&signed.map_err(DeskError::Permit)?)))
}

async fn sign_out(
    State(kiosks): State<Kiosks>,
    Path(authority): Path<String>,
    headers: HeaderMap,
) -> Result<Response, KioskError> {
    let side = Kiosks::side(&authority)?;
    let token = kiosks.own_token(side, &headers)?;
    let out = kiosks.ask(move |desk, now| desk.sign_out(&token, now)).await?;
    out.map_err(|error| DeskError::Permit(error.into()))?;
    Ok(with_cookie(StatusCode::NO_CONTENT, &kiosks.officer_cookie(side), None))
}

async fn passkey_challenge(
    State(kiosks): State<Kiosks>,
    Path(authority): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, KioskError> {
    let side = Kiosks::side(&authority)?;
    let token = kiosks.own_token(side, &headers)?;
    let answer = kiosks.ask(move |desk, now| desk.registration_challenge(&token, now)).await?;
    let answer = answer.map_err(DeskError::SignIn)?;
    let mut told = given(&kiosks, answer.challenge.as_bytes());
    if let Some(fields) = told.as_object_mut() {
        let name = format!("{} ({side}, gate)", answer.signed.name.expose());
        fields.insert("user_id".into(), json!(URL_SAFE_NO_PAD.encode(answer.signed.account.as_bytes())));
        fields.insert("user_name".into(), json!(name));
        fields.insert("exclude".into(), json!(answer.known));
    }
    Ok(Json(told))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegistrationBody {
    client_data: String,
    attestation: String,
}

async fn add_passkey(
    State(kiosks): State<Kiosks>,
    Path(authority): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, KioskError> {
    let token = kiosks.own_token(Kiosks::side(&authority)?, &headers)?;
    let body: RegistrationBody = json_of(&body, "{client_data, attestation}")?;
    let given =
        Registration { client_data: bytes(&body.client_data)?, attestation: bytes(&body.attestation)? };
    let signed = kiosks.ask(move |desk, now| desk.register(&token, &given, now)).await?;
    Ok((StatusCode::CREATED, Json(told(&signed.map_err(DeskError::SignIn)?))).into_response())
}

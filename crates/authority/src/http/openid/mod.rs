//! `OpenID`: the endpoints of an issuer by `OpenID4VCI` 1.0 under HAIP 1.0, for wallets of others (`docs/openid4vc.md`).
//!
//! Lives here: what each endpoint reads and answers, refusals in the form of RFC 6749, 5.2. Below: the page on which a holder signs in, lists
//! of statuses. Not here: what is checked (`openid4vc::issuance`), what is granted and issued (`crate::openid`).

pub(super) mod lists;
pub(super) mod sign_in;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use credential::dpop::DpopThumbprint;
use credential::sha256;
use documents::Timestamp;
use openid4vc::issuance::{
    Asked, ClientFault, CredentialRequest, Parameters, PushedRequest, Refusal, RefusalCode, VerifiedClient,
    issuer_metadata, server_metadata, sign_issuer_metadata, verify_client,
};
use serde_json::{Value, json};

use super::AppState;
use super::body::bytes;
use super::dpop::{self, DPOP_NONCE};
use super::problem::{Problem, ProblemCode};
use crate::openid::{Access, Answered, OpenIdError, OpenIdIssuer, REQUEST_SECONDS, TOKEN_SECONDS};

/// Proofs of attestations that are remembered at once.
const MANY: usize = 65_536;

/// The proofs of attestations that were seen: each counts once.
#[derive(Default)]
pub(super) struct SeenProofs(Mutex<HashMap<[u8; 32], Timestamp>>);

impl SeenProofs {
    fn take(&self, client: &VerifiedClient, now: Timestamp) -> Result<(), Refusal> {
        let name = sha256(&[client.instance.as_bytes().as_slice(), client.proof_id.as_bytes()].concat());
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MANY {
            seen.retain(|_, until| now < *until);
        }
        if seen.get(&name).is_some_and(|until| now < *until) {
            return Err(ClientFault::Replayed.into());
        }
        if seen.len() >= MANY {
            return Err(Refusal::new(
                RefusalCode::TemporarilyUnavailable,
                "too many wallets ask at once; try again",
            ));
        }
        seen.insert(name, client.proof_until);
        Ok(())
    }
}

/// An answer that is no success, in the form of RFC 6749, 5.2.
pub(super) struct Refused {
    refusal: Refusal,
    status: StatusCode,
    nonce: Option<String>,
    /// Whether the endpoint is one of access tokens: then the header says so too (RFC 6750, 3; RFC 9449, 7.1).
    resource: bool,
}

impl Refused {
    fn at_server(refusal: Refusal) -> Self {
        let status = if refusal.code == RefusalCode::InvalidClient {
            StatusCode::UNAUTHORIZED
        } else if refusal.code == RefusalCode::TemporarilyUnavailable {
            StatusCode::SERVICE_UNAVAILABLE
        } else if refusal.code == RefusalCode::ServerError {
            StatusCode::INTERNAL_SERVER_ERROR
        } else {
            StatusCode::BAD_REQUEST
        };
        Self { refusal, status, nonce: None, resource: false }
    }

    fn at_resource(refusal: Refusal) -> Self {
        let unauthorized = matches!(
            refusal.code,
            RefusalCode::InvalidToken | RefusalCode::UseDpopNonce | RefusalCode::InvalidDpopProof
        );
        let mut refused = Self::at_server(refusal);
        if unauthorized {
            (refused.status, refused.resource) = (StatusCode::UNAUTHORIZED, true);
        }
        refused
    }

    fn with_nonce(mut self, app: &AppState, now: Timestamp) -> Self {
        if self.refusal.code == RefusalCode::UseDpopNonce {
            self.nonce = Some(app.dpop.nonce(now));
        }
        self
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (code, description) = (self.refusal.code.code(), self.refusal.description);
        let body = json!({"error": code, "error_description": description}).to_string();
        let mut response = (self.status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
        let headers = response.headers_mut();
        if let Some(nonce) = self.nonce.and_then(|nonce| HeaderValue::from_str(&nonce).ok()) {
            headers.insert(DPOP_NONCE, nonce);
        }
        let challenge = format!("DPoP algs=\"ES256\", error=\"{code}\"");
        if self.resource
            && let Ok(challenge) = HeaderValue::from_str(&challenge)
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

impl From<OpenIdError> for Refusal {
    /// The standards' code, or one of them for what failed here.
    fn from(error: OpenIdError) -> Self {
        match error {
            OpenIdError::Refused(refusal) => refusal,
            OpenIdError::Store(error) => {
                // The log has the rest; the mapping of the other doors writes it.
                let _ = Problem::from(error);
                Self::new(
                    RefusalCode::TemporarilyUnavailable,
                    "the service cannot answer now; try again in a moment",
                )
            }
            OpenIdError::Issue(error) => {
                let _ = Problem::from(error);
                Self::new(
                    RefusalCode::ServerError,
                    "the credential could not be made; try again later, or ask the authority's counter",
                )
            }
        }
    }
}

/// The issuer of this authority; without one there is nothing at these addresses.
pub(super) fn issuer(app: &AppState) -> Result<Arc<OpenIdIssuer>, Problem> {
    app.state.openid.clone().ok_or_else(|| ProblemCode::NotFound.into())
}

/// Whether a request's header Accept names this media type, whatever its weight.
fn accepts(headers: &HeaderMap, kind: &str) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accept.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == kind))
}

fn json_answer(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// Gives the credential issuer's metadata
///
/// As JSON, or signed where `application/jwt` is accepted (`OpenID4VCI` 1.0, 12.2).
#[utoipa::path(get, path = "/.well-known/openid-credential-issuer", tag = "openid",
    responses((status = 200, description = "The metadata.", content_type = "application/json", body = Object)))]
pub(super) async fn credential_issuer(
    State(app): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (issuer, now) = (issuer(&app)?, (app.state.now)());
    let metadata = issuer_metadata(&issuer.endpoints, app.state.service.code().code());
    if accepts(&headers, "application/jwt") {
        let signed = sign_issuer_metadata(&metadata, &issuer.key, &issuer.chain, now);
        let signed = signed.map_err(|error| Problem::from(&error))?;
        return Ok(([(header::CONTENT_TYPE, "application/jwt")], signed).into_response());
    }
    Ok(json_answer(StatusCode::OK, &metadata))
}

/// Gives the authorization server's metadata
///
/// RFC 8414: every authority is its own authorization server.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "openid",
    responses((status = 200, description = "The metadata.", content_type = "application/json", body = Object)))]
pub(super) async fn authorization_server(State(app): State<Arc<AppState>>) -> Result<Response, Problem> {
    let issuer = issuer(&app)?;
    Ok(json_answer(StatusCode::OK, &server_metadata(&issuer.endpoints)))
}

/// A request of an attested wallet with a proof of its key: what both endpoints of the authorization server read.
struct WalletRequest {
    parameters: Parameters,
    client: VerifiedClient,
    key: DpopThumbprint,
}

fn one<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    if all.next().is_some() { None } else { first.to_str().ok() }
}

async fn wallet_request(
    app: &Arc<AppState>,
    issuer: &OpenIdIssuer,
    request: Request,
    now: Timestamp,
) -> Result<WalletRequest, Refusal> {
    let (parts, body) = request.into_parts();
    let invalid = |description| Refusal::new(RefusalCode::InvalidRequest, description);
    let form = one(&parts.headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    if !form.starts_with("application/x-www-form-urlencoded") {
        return Err(invalid("send application/x-www-form-urlencoded"));
    }
    let client = verify_client(
        one(&parts.headers, "oauth-client-attestation"),
        one(&parts.headers, "oauth-client-attestation-pop"),
        issuer.endpoints.issuer(),
        &issuer.makers,
        now,
    )?;
    let key = dpop::of_wallet_of_others(&parts, None, app, now)?;
    app.openid.take(&client, now)?;
    let body = bytes(Request::from_parts(parts, body), app).await;
    let body = body.map_err(|_| invalid("the body did not arrive whole, or is too long"))?;
    let parameters = Parameters::read(&body)?;
    // The attestation is the client's authentication; a name beside it must be the same (RFC 6749, 2.3).
    if parameters.get("client_id").is_some_and(|id| id != client.client_id) {
        return Err(ClientFault::ClientId.into());
    }
    Ok(WalletRequest { parameters, client, key })
}

/// Answers an endpoint of the authorization server.
async fn at_server(
    app: &Arc<AppState>,
    request: Request,
    answer: impl AsyncFnOnce(WalletRequest, Timestamp) -> Result<Response, Refusal>,
) -> Result<Response, Response> {
    let (issuer, now) = (issuer(app).map_err(IntoResponse::into_response)?, (app.state.now)());
    let answered = match wallet_request(app, &issuer, request, now).await {
        Ok(asked) => answer(asked, now).await,
        Err(refusal) => Err(refusal),
    };
    answered.map_err(|refusal| Refused::at_server(refusal).with_nonce(app, now).into_response())
}

/// Answers an endpoint of access tokens.
async fn at_resource(
    app: &Arc<AppState>,
    request: Request,
    answer: impl AsyncFnOnce(Arc<OpenIdIssuer>, (Access, String), Timestamp) -> Result<Response, Refusal>,
) -> Result<Response, Response> {
    let (issuer, now) = (issuer(app).map_err(IntoResponse::into_response)?, (app.state.now)());
    let answered = match with_access(app, request, now).await {
        Ok(asked) => answer(issuer, asked, now).await,
        Err(refusal) => Err(refusal),
    };
    answered.map_err(|refusal| Refused::at_resource(refusal).with_nonce(app, now).into_response())
}

/// Takes a request of authorization
///
/// RFC 9126, by an attested wallet with a proof of its key (`DPoP`), PKCE S256.
#[utoipa::path(post, path = "/openid/par", tag = "openid",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 201, description = "`request_uri` and `expires_in`.", content_type = "application/json", body = Object),
        (status = 400, description = "A code of RFC 6749 or RFC 9449.", content_type = "application/json", body = Object)))]
pub(super) async fn par(State(app): State<Arc<AppState>>, request: Request) -> Result<Response, Response> {
    at_server(&app, request, async |WalletRequest { parameters, key, .. }, now| {
        let mut pushed = PushedRequest::read(&parameters)?;
        let own = key.encoded();
        if pushed.dpop_jkt.as_deref().is_some_and(|named| named != own) {
            return Err(Refusal::new(
                RefusalCode::InvalidDpopProof,
                "the proof's key is not the one that dpop_jkt names",
            ));
        }
        // RFC 9449, 10.1: a proof at this endpoint binds the code as dpop_jkt does.
        pushed.dpop_jkt = Some(own);
        let uri = app.state.service.keep_pushed_request(&pushed, now).await?;
        Ok(json_answer(StatusCode::CREATED, &json!({"request_uri": uri, "expires_in": REQUEST_SECONDS})))
    })
    .await
}

/// Gives an access token
///
/// For a code, or for a counter's pre-authorized code with the number that the counter told the holder. The token is bound to the
/// key of the proof.
#[utoipa::path(post, path = "/openid/token", tag = "openid",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "The token.", content_type = "application/json", body = Object),
        (status = 400, description = "A code of RFC 6749 or RFC 9449.", content_type = "application/json", body = Object)))]
pub(super) async fn token(State(app): State<Arc<AppState>>, request: Request) -> Result<Response, Response> {
    at_server(&app, request, async |WalletRequest { parameters, client, key }, now| {
        let tokens = app.state.service.redeem(&parameters, &client.client_id, key, now).await?;
        let mut body = json!({
            "access_token": tokens.access_token,
            "token_type": "DPoP",
            "expires_in": TOKEN_SECONDS,
            "scope": tokens.asked.configurations.join(" "),
        });
        if tokens.asked.by_details
            && let Some(members) = body.as_object_mut()
        {
            let detail = |id: &String| {
                json!({"type": "openid_credential", "credential_configuration_id": id,
                    "credential_identifiers": [Asked::identifier(id)]})
            };
            let details: Vec<Value> = tokens.asked.configurations.iter().map(detail).collect();
            members.insert("authorization_details".to_owned(), details.into());
        }
        Ok(json_answer(StatusCode::OK, &body))
    })
    .await
}

/// Gives a nonce for proofs of keys
///
/// It counts for some minutes, for several requests (`OpenID4VCI` 1.0, 7).
#[utoipa::path(post, path = "/openid/nonce", tag = "openid",
    responses((status = 200, description = "`c_nonce`.", content_type = "application/json", body = Object)))]
pub(super) async fn nonce(State(app): State<Arc<AppState>>) -> Result<Response, Problem> {
    issuer(&app)?;
    let now = (app.state.now)();
    let mut response = json_answer(StatusCode::OK, &json!({"c_nonce": app.state.service.openid_nonce(now)}));
    if let Ok(nonce) = HeaderValue::from_str(&app.dpop.nonce(now)) {
        response.headers_mut().insert(DPOP_NONCE, nonce);
    }
    Ok(response)
}

/// The access token of a request and its body; the token stands in the header alone (RFC 9700, 4.3.2).
async fn with_access(
    app: &Arc<AppState>,
    request: Request,
    now: Timestamp,
) -> Result<(Access, String), Refusal> {
    let (parts, body) = request.into_parts();
    let missing = || {
        Refusal::new(
            RefusalCode::InvalidToken,
            "send the access token in the header Authorization after DPoP, and nowhere else",
        )
    };
    let value = one(&parts.headers, header::AUTHORIZATION.as_str()).ok_or_else(missing)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("DPoP")
        || parts.uri.query().is_some_and(|query| query.contains("access_token"))
    {
        return Err(missing());
    }
    let token = token.trim().to_owned();
    let key = dpop::of_wallet_of_others(&parts, Some(&token), app, now)?;
    let access = app.state.service.open_access(&token, key, now).await?;
    let invalid = || Refusal::new(RefusalCode::InvalidCredentialRequest, "send one JSON object");
    if !one(&parts.headers, header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("application/json"))
    {
        return Err(invalid());
    }
    let body = bytes(Request::from_parts(parts, body), app).await.map_err(|_| invalid())?;
    let text = String::from_utf8(body.to_vec()).map_err(|_| invalid())?;
    Ok((access, text))
}

fn answered(answer: &Answered) -> Result<Response, Refusal> {
    let failed = || Refusal::new(RefusalCode::ServerError, "the answer could not be encrypted; try again");
    let (status, body, response) = match answer {
        Answered::Issued(issued) => {
            let credentials: Vec<Value> =
                issued.credentials.iter().map(|one| json!({"credential": one})).collect();
            let body = json!({"credentials": credentials, "notification_id": issued.notification_id});
            (StatusCode::OK, body, &issued.response)
        }
        Answered::Deferred { transaction_id, interval, response } => {
            (StatusCode::ACCEPTED, json!({"transaction_id": transaction_id, "interval": interval}), response)
        }
    };
    match response.seal(&body.to_string()).map_err(|_| failed())? {
        Some(sealed) => Ok((status, [(header::CONTENT_TYPE, "application/jwt")], sealed).into_response()),
        None => Ok(json_answer(status, &body)),
    }
}

/// Gives credentials
///
/// One for each key that the request proves (`OpenID4VCI` 1.0, 8), as JSON or encrypted.
#[utoipa::path(post, path = "/openid/credential", tag = "openid",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "`credentials` and `notification_id`.", content_type = "application/json", body = Object),
        (status = 202, description = "`transaction_id`: ask again.", content_type = "application/json", body = Object),
        (status = 400, description = "A code of OpenID4VCI 1.0, 8.3.1.2.", content_type = "application/json", body = Object),
        (status = 401, description = "`invalid_token` or `use_dpop_nonce`.", content_type = "application/json", body = Object)))]
pub(super) async fn credential(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Response> {
    at_resource(&app, request, async |issuer, (access, text), now| {
        let wanted = CredentialRequest::read(&text, &access.asked)?;
        answered(&app.state.service.issue_to_other(&issuer, &access, &wanted, now).await?)
    })
    .await
}

/// Gives credentials that were not ready
///
/// By the `transaction_id` of the credential response (`OpenID4VCI` 1.0, 9).
#[utoipa::path(post, path = "/openid/deferred-credential", tag = "openid",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 200, description = "`credentials` and `notification_id`.", content_type = "application/json", body = Object),
        (status = 202, description = "Not ready yet: ask again.", content_type = "application/json", body = Object),
        (status = 400, description = "`invalid_transaction_id`.", content_type = "application/json", body = Object)))]
pub(super) async fn deferred_credential(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Response> {
    at_resource(&app, request, async |issuer, (access, text), now| {
        answered(&app.state.service.issue_deferred(&issuer, &access, &text, now).await?)
    })
    .await
}

/// Takes what became of credentials
///
/// `credential_accepted`, `credential_failure` or `credential_deleted`; those that failed or were deleted are revoked. The same again
/// changes nothing (`OpenID4VCI` 1.0, 11).
#[utoipa::path(post, path = "/openid/notification", tag = "openid",
    request_body(content = Object, content_type = "application/json"),
    responses((status = 204, description = "Taken."),
        (status = 400, description = "`invalid_notification_id` or `invalid_notification_request`.", content_type = "application/json", body = Object)))]
pub(super) async fn notification(
    State(app): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Response> {
    at_resource(&app, request, async |_, (access, text), now| {
        app.state.service.take_notification(&access, &text, now).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

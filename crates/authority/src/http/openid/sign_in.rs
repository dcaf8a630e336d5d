//! Sign-in: the authority's own page on which a holder answers the request of a wallet of others.
//!
//! Lives here: the page, its script, what it sends. Not here: who they are (`crate::openid`).

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use documents::LocalDate;
use openid4vc::issuance::{Configuration, PushedRequest};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::AppState;
use super::super::body::{Base64, ClientAddress, JsonBody, base64, id_of_path};
use super::super::page::escaped;
use super::super::problem::{Problem, ProblemCode};
use super::super::wallet::DocumentRef;
use super::issuer;
use crate::applications::{EnrolmentFrame, EnrolmentId, WorkAnswer};
use crate::enrolment::EnrolRequest;
use crate::openid::{OpenIdError, SignIn, SignInFault, SignInGoesOn};

const PAGE: &str = include_str!("../../../page/sign-in.html");
const SCRIPT: &str = include_str!("../../../page/sign-in.js");
const STYLE: &str = include_str!("../../../page/sign-in.css");
const TEXTS: &str = include_str!("../../../page/sign-in.json");
/// The page runs its own script and shows itself in no frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; \
                      media-src 'self' blob:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Which request.
#[derive(Deserialize, IntoParams)]
pub(in super::super) struct Which {
    /// The wallet's kind.
    client_id: String,
    /// The address that the pushed request was given.
    request_uri: String,
}

fn page(status: StatusCode, body: String) -> Response {
    let csp = HeaderName::from_static("content-security-policy");
    let referrer = HeaderName::from_static("referrer-policy");
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (csp, POLICY), (referrer, "no-referrer")];
    (status, headers, body).into_response()
}

/// What the page says of the request: who asks, where the answer goes, and for which credentials.
fn filled(which: &Which, request: &PushedRequest, simulated: bool) -> String {
    let place =
        request.redirect_uri.split_once("://").map_or(request.redirect_uri.as_str(), |(_, rest)| rest);
    let place = place.split(['/', '?']).next().unwrap_or_default();
    let asked = request.asked.configurations.iter().filter_map(|id| id.parse::<Configuration>().ok());
    let mut names: Vec<&str> = asked.map(|one| one.sort.name()).collect();
    names.dedup();
    PAGE.replace("{client}", &escaped(&request.client_id))
        .replace("{place}", &escaped(place))
        .replace("{credentials}", &names.join(" "))
        .replace("{request}", &escaped(&which.request_uri))
        .replace("{capture}", if simulated { "picture" } else { "live" })
}

/// Shows the page on which a holder signs in
///
/// The browser comes here with `client_id` and `request_uri` alone (RFC 9126, 4).
#[utoipa::path(get, path = "/openid/authorize", operation_id = "openid_authorize", tag = "openid", params(Which),
    responses((status = 200, description = "The page.", content_type = "text/html", body = String),
        (status = 400, description = "There is no such request.", content_type = "text/html", body = String)))]
pub(in super::super) async fn authorize(
    State(app): State<Arc<AppState>>,
    which: Result<Query<Which>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    issuer(&app)?;
    let over = || {
        let words = ["{request}", "{credentials}", "{client}", "{place}", "{capture}"];
        page(
            StatusCode::BAD_REQUEST,
            words.into_iter().fold(PAGE.to_owned(), |text, word| text.replace(word, "")),
        )
    };
    // Parameters beside a request_uri count for nothing; without one there is nothing to answer, and nowhere to send an answer.
    let Ok(Query(which)) = which else { return Ok(over()) };
    let sign_in = SignIn { uri: &which.request_uri, client_id: &which.client_id };
    match app.state.service.pushed_request(sign_in, (app.state.now)()).await {
        Ok(request) => {
            let simulated = app.state.service.enrolment_settings().simulated;
            Ok(page(StatusCode::OK, filled(&which, &request, simulated)))
        }
        Err(OpenIdError::Refused(_)) => Ok(over()),
        Err(OpenIdError::Store(error)) => Err(error.into()),
        Err(OpenIdError::Issue(error)) => Err(error.into()),
    }
}

/// Gives a file of the page
///
/// Script, style and texts in four languages.
#[utoipa::path(get, path = "/openid/sign-in/{file}", operation_id = "openid_file", tag = "openid",
    params(("file" = String, Path, description = "`sign-in.js`, `sign-in.css` or `sign-in.json`.")),
    responses((status = 200, description = "The file.", content_type = "text/javascript", body = String)))]
pub(in super::super) async fn file(file: Result<Path<String>, PathRejection>) -> Result<Response, Problem> {
    let file = file.map_or_else(|_| String::new(), |Path(file)| file);
    let (kind, text) = match file.as_str() {
        "sign-in.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "sign-in.css" => ("text/css; charset=utf-8", STYLE),
        "sign-in.json" => ("application/json", TEXTS),
        _ => return Err(ProblemCode::NotFound.into()),
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Who signs in, for which request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SignInClaim {
    /// The address of the pushed request.
    request_uri: String,
    /// The wallet's kind.
    client_id: String,
    document: DocumentRef,
    /// The name as this authority has it.
    name: String,
    /// The birth date, YYYY-MM-DD.
    #[schema(value_type = String, format = Date)]
    birth: LocalDate,
    /// The lines of a machine-readable zone of another document of theirs.
    mrz: Option<Vec<String>>,
    /// The one-time code of an office.
    invitation: Option<String>,
    /// The work that `work_required` asked for.
    #[schema(inline)]
    work: Option<SignInWork>,
}

/// Work that was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInWork {
    salt: String,
    answer: u64,
}

/// A sign-in that was begun.
#[derive(Serialize, ToSchema)]
pub(in super::super) struct SignInBegun {
    /// Its id, for the pictures.
    id: String,
    /// `live` or `picture`, as for an enrolment.
    #[schema(example = "live")]
    capture: &'static str,
    /// What the holder is asked.
    #[schema(example = "look_straight")]
    prompt: &'static str,
}

impl From<SignInFault> for Problem {
    fn from(fault: SignInFault) -> Self {
        match fault {
            SignInFault::Enrolment(error) => error.into(),
            SignInFault::Request(OpenIdError::Refused(refusal)) => {
                Self::new(ProblemCode::UnknownRequest).with_detail(refusal.description)
            }
            SignInFault::Request(OpenIdError::Store(error)) => error.into(),
            SignInFault::Request(OpenIdError::Issue(error)) => error.into(),
        }
    }
}

/// Begins a sign-in
///
/// Number, name, birth date, something that the holder has, and the face in the pictures that follow must belong together, as at an
/// enrolment. No pass comes of it, and none ends.
#[utoipa::path(post, path = "/openid/sign-in", operation_id = "openid_sign_in", tag = "openid", request_body = SignInClaim,
    responses((status = 201, description = "Begun: send pictures.", body = SignInBegun)))]
pub(in super::super) async fn begin(
    State(app): State<Arc<AppState>>,
    ClientAddress(client): ClientAddress,
    JsonBody(claim): JsonBody<SignInClaim>,
) -> Result<(StatusCode, Json<SignInBegun>), Problem> {
    issuer(&app)?;
    let (now, service) = ((app.state.now)(), &app.state.service);
    let sign_in = SignIn { uri: &claim.request_uri, client_id: &claim.client_id };
    let known = service.pushed_request(sign_in, now).await;
    known.map_err(|error| Problem::from(SignInFault::Request(error)))?;
    let request = EnrolRequest {
        number: claim.document.number()?,
        name: claim.name,
        birth: claim.birth,
        mrz: claim.mrz.map(|lines| lines.join("\n")),
        invitation: claim.invitation,
    };
    let read = service.read_claim(request, None, now)?;
    let pressed = app.enrolments.is_pressed(client, sign_in.applicant());
    let work = claim.work.map(|SignInWork { salt, answer }| WorkAnswer { salt, answer });
    let begun = service.begin_sign_in(sign_in, read, (client, pressed), work.as_ref(), now).await?;
    let answer = SignInBegun {
        id: base64(&begun.id),
        capture: if begun.simulated { "picture" } else { "live" },
        prompt: begun.prompt.code(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Pictures of a sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SignInFrames {
    /// The address of the pushed request.
    request_uri: String,
    /// The wallet's kind.
    client_id: String,
    /// 1 to 8, in the order in which they were taken.
    frames: Vec<SignInFrame>,
}

/// One picture.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInFrame {
    /// When it was taken, in milliseconds from the first one.
    at_ms: u64,
    /// A JPEG, PNG or WebP picture with one face.
    picture: Base64,
}

/// How a sign-in goes on.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(in super::super) enum SignInAnswer {
    /// More pictures are wanted.
    More {
        /// What the holder is asked.
        prompt: &'static str,
    },
    /// The browser goes on to the wallet.
    Done {
        /// Where.
        redirect: String,
    },
}

/// Takes pictures of a sign-in
///
/// The answer to the last one is the address to which the browser goes on, with the wallet's code in it.
#[utoipa::path(post, path = "/openid/sign-in/{id}/frames", operation_id = "openid_sign_in_frames", tag = "openid", request_body = SignInFrames,
    params(("id" = String, Path, description = "The id of the sign-in.")),
    responses((status = 200, description = "More pictures are wanted, or done.", body = SignInAnswer)))]
pub(in super::super) async fn frames(
    State(app): State<Arc<AppState>>,
    id: Result<Path<String>, PathRejection>,
    JsonBody(body): JsonBody<SignInFrames>,
) -> Result<Json<SignInAnswer>, Problem> {
    let (issuer, now) = (issuer(&app)?, (app.state.now)());
    let id: EnrolmentId = id_of_path(id).ok_or(ProblemCode::EnrolmentNotUnderWay)?;
    let sign_in = SignIn { uri: &body.request_uri, client_id: &body.client_id };
    let frames = body.frames.into_iter();
    let frames = frames.map(|frame| EnrolmentFrame { at_ms: frame.at_ms, picture: frame.picture.0 });
    let goes_on = app.state.service.go_on_signing_in(&issuer, sign_in, &id, frames.collect(), now).await?;
    Ok(Json(match goes_on {
        SignInGoesOn::More(prompt) => SignInAnswer::More { prompt: prompt.code() },
        SignInGoesOn::Done(redirect) => SignInAnswer::Done { redirect },
    }))
}

/// Which request the holder refuses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct SignInRefusal {
    /// The address of the pushed request.
    request_uri: String,
    /// The wallet's kind.
    client_id: String,
}

/// Refuses a wallet's request
///
/// The holder says no; the browser goes on to the wallet with `access_denied`.
#[utoipa::path(post, path = "/openid/sign-in-refusal", operation_id = "openid_sign_in_refusal", tag = "openid", request_body = SignInRefusal,
    responses((status = 200, description = "Where the browser goes on.", body = SignInAnswer)))]
pub(in super::super) async fn refuse(
    State(app): State<Arc<AppState>>,
    JsonBody(which): JsonBody<SignInRefusal>,
) -> Result<Json<SignInAnswer>, Problem> {
    let issuer = issuer(&app)?;
    let sign_in = SignIn { uri: &which.request_uri, client_id: &which.client_id };
    let redirect = app.state.service.refuse_sign_in(&issuer, sign_in, (app.state.now)()).await;
    let redirect = redirect.map_err(|error| Problem::from(SignInFault::Request(error)))?;
    Ok(Json(SignInAnswer::Done { redirect }))
}

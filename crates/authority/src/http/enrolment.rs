//! Enrolment: the doors by which a wallet begins, sends its pictures, and answers to a second enrolment of its holder.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use documents::LocalDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{Base64, ClientAddress, JsonBody, base64, id_of_path};
use super::dpop::{Device, Wallet};
use super::identity::{self, RequestIdText};
use super::problem::{Problem, ProblemCode};
use super::wallet::DocumentRef;
use crate::applications::{EnrolmentFrame, EnrolmentId, WorkAnswer};
use crate::enrolment::{Applicant, Decided, EnrolRequest, GoesOn};
use crate::identity::IdentityError;

/// What a wallet says of its holder.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Enrolment {
    /// A document of theirs; not beside `identity`.
    document: Option<DocumentRef>,
    /// The name as this authority has it, in Latin letters or Chinese characters; not beside `identity`.
    name: Option<String>,
    /// The birth date, YYYY-MM-DD; not beside `identity`.
    #[schema(value_type = Option<String>, format = Date)]
    birth: Option<LocalDate>,
    /// An identity credential of another system, in place of document, name, birth date and zone.
    #[schema(inline)]
    identity: Option<Identity>,
    /// The lines of a machine-readable zone: of this document, or of a passport of theirs that is registered here.
    mrz: Option<Vec<String>>,
    /// The one-time code of an office.
    #[schema(example = "H7K2-0000-0000-0000")]
    invitation: Option<String>,
    /// The work that `work_required` asked for.
    #[schema(inline)]
    work: Option<Work>,
}

/// What another wallet has shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Identity {
    /// The request at `/v1/identity-requests`.
    request: RequestIdText,
    /// The six digits that the other wallet's browser shows.
    #[schema(example = "417902")]
    number: String,
}

/// Work that was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Work {
    salt: String,
    answer: u64,
}

/// An enrolment that was begun.
#[derive(Serialize, ToSchema)]
pub(super) struct BegunAnswer {
    /// Its id, for the pictures.
    id: String,
    /// `live`: frames of a camera, as the prompts ask; `picture`: one picture from a file, for this installation simulates
    /// cameras.
    #[schema(example = "live")]
    capture: &'static str,
    /// What the traveller is asked: `look_straight`, `turn_left`, `turn_right` or `come_closer`.
    #[schema(example = "look_straight")]
    prompt: &'static str,
    /// From when on it is over.
    #[schema(format = DateTime)]
    expires: String,
}

impl Enrolment {
    /// What was typed; `None` where nothing was.
    fn typed(&self) -> Result<Option<EnrolRequest>, Problem> {
        let (document, name, birth) = match (&self.document, &self.name, self.birth) {
            (None, None, None) if self.mrz.is_none() => return Ok(None),
            (Some(document), Some(name), Some(birth)) => (document, name, birth),
            (None, ..) => return Err(Problem::wrong_field("document")),
            (_, None, _) => return Err(Problem::wrong_field("name")),
            (.., None) => return Err(Problem::wrong_field("birth")),
        };
        Ok(Some(EnrolRequest {
            number: document.number()?,
            name: name.clone(),
            birth,
            mrz: self.mrz.as_ref().map(|lines| lines.join("\n")),
            invitation: self.invitation.clone(),
        }))
    }
}

/// Begins an enrolment
///
/// Number, name, birth date, something that the holder has, and the face in the pictures that follow must belong together; an
/// identity credential of another system may stand in place of what is typed;
/// nobody learns from an answer which of them does not fit. The session will be bound to the device key of the proof in the
/// header DPoP. Many tries on one number, or from one address or device key, take work first; a valid invitation does not.
#[utoipa::path(post, path = "/v1/enrolments", tag = "wallet", request_body = Enrolment,
    responses((status = 201, description = "Begun: send pictures.", body = BegunAnswer)))]
pub(super) async fn enrol(
    State(app): State<Arc<AppState>>,
    ClientAddress(client): ClientAddress,
    device: Device,
    JsonBody(enrolment): JsonBody<Enrolment>,
) -> Result<(StatusCode, Json<BegunAnswer>), Problem> {
    let (now, service) = ((app.state.now)(), &app.state.service);
    let claim = match (&enrolment.identity, enrolment.typed()?) {
        (Some(Identity { request, number }), None) => {
            let id = request.id().ok_or(IdentityError::Unknown)?;
            let shown = identity::desk(&app)?.shown(id, device.thumbprint, number, now)?;
            service.shown_claim(shown, enrolment.invitation.as_deref(), device.holder)?
        }
        (None, Some(typed)) => service.read_claim(typed, device.holder, now)?,
        (Some(_), Some(_)) | (None, None) => return Err(Problem::wrong_field("identity")),
    };
    // Counted after the cheap checks: rubbish uses up nobody's rate.
    let pressed = app.enrolments.is_pressed(client, device.thumbprint);
    let applicant = Applicant { device: device.thumbprint, client, pressed };
    let work = enrolment.work.map(|Work { salt, answer }| WorkAnswer { salt, answer });
    let begun = service.begin_enrolment(claim, applicant, work.as_ref(), now).await?;
    let answer = BegunAnswer {
        id: base64(&begun.id),
        capture: if begun.simulated { "picture" } else { "live" },
        prompt: begun.prompt.code(),
        expires: begun.until.to_string(),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Pictures of an enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Frames {
    /// 1 to 8, in the order in which they were taken.
    frames: Vec<Frame>,
}

/// One picture.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Frame {
    /// When it was taken, in milliseconds from the first one.
    at_ms: u64,
    /// A JPEG, PNG or WebP picture with one face; of a live capture 256 KiB at most.
    picture: Base64,
}

/// What comes next.
#[derive(Serialize, ToSchema)]
pub(super) struct PromptAnswer {
    /// What the traveller is asked: `look_straight`, `turn_left`, `turn_right` or `come_closer`.
    #[schema(example = "turn_left")]
    prompt: &'static str,
}

/// A wallet that was enrolled.
#[derive(Serialize, ToSchema)]
pub(super) struct EnrolledAnswer {
    /// The wallet's secret for this authority, 32 bytes in base64url: it stands after `DPoP` from now on, beside a proof of
    /// the same device key.
    secret: String,
    /// This authority.
    authority: &'static str,
    /// Whether this is the holder's home authority, which signs tokens for them.
    home: bool,
    /// Another wallet of the same holder is in force: this one serves after this time, or sooner where that one agrees.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    waits_until: Option<String>,
}

/// Takes pictures of an enrolment
///
/// Each answer says what the traveller is asked next; the answer to the last picture is the wallet's secret. An earlier
/// wallet of the same person does not end in silence: it is told, and the new one waits for its word.
#[utoipa::path(post, path = "/v1/enrolments/{id}/frames", tag = "wallet", request_body = Frames,
    params(("id" = String, Path, description = "The id of the enrolment.")),
    responses(
        (status = 200, description = "More pictures are wanted.", body = PromptAnswer),
        (status = 201, description = "Enrolled.", body = EnrolledAnswer),
        (status = 202, description = "Enrolled; the wallet waits for the word of an earlier one.", body = EnrolledAnswer),
    ))]
pub(super) async fn frames(
    State(app): State<Arc<AppState>>,
    id: Result<Path<String>, PathRejection>,
    device: Device,
    JsonBody(body): JsonBody<Frames>,
) -> Result<Response, Problem> {
    let (now, service) = ((app.state.now)(), &app.state.service);
    let id: EnrolmentId = id_of_path(id).ok_or(ProblemCode::EnrolmentNotUnderWay)?;
    let frames = body.frames.into_iter();
    let frames = frames.map(|frame| EnrolmentFrame { at_ms: frame.at_ms, picture: frame.picture.0 });
    let goes_on = service.go_on_enrolling(&id, device.thumbprint, frames.collect(), now).await?;
    Ok(match goes_on {
        GoesOn::More(prompt) => Json(PromptAnswer { prompt: prompt.code() }).into_response(),
        GoesOn::Enrolled(enrolled) => {
            let waits = enrolled.waits_until;
            let status = if waits.is_some() { StatusCode::ACCEPTED } else { StatusCode::CREATED };
            let answer = EnrolledAnswer {
                secret: base64(&enrolled.secret),
                authority: service.code().code(),
                home: enrolled.home,
                waits_until: waits.map(|until| until.to_string()),
            };
            (status, Json(answer)).into_response()
        }
    })
}

/// What becomes of a second enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SecondAnswer {
    /// Whether the new wallet may take this one's place.
    agree: bool,
}

impl SecondAnswer {
    pub(super) const fn decided(&self) -> Decided {
        if self.agree { Decided::Accepted } else { Decided::Rejected }
    }
}

/// Answers to a second enrolment of the same holder
///
/// By the wallet in force: with `agree` the new one takes its place at once, without it the new one ends.
#[utoipa::path(post, path = "/v1/second-enrolment", tag = "wallet", request_body = SecondAnswer,
    security(("wallet" = [])), responses((status = 204, description = "Decided.")))]
pub(super) async fn answer_second_enrolment(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
    JsonBody(answer): JsonBody<SecondAnswer>,
) -> Result<StatusCode, Problem> {
    app.state.service.answer_second_enrolment(&session, answer.decided(), (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

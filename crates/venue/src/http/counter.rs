//! Counter: what every desk's clerk does: shows a request, waits for its answer, scans a code.
//!
//! Lives here: `/api/desk`, `/api/requests`, `/api/answers`. Not here: guests (`hotel`), visitors (`building`).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use code::{QrSymbol, VenueCode, VenueCodeKind};
use credential::venue::{ClaimName, ClaimSet, ClaimValue};
use documents::{LocalDate, Timestamp};
use serde::{Deserialize, Serialize};
use trust::VenueKind;
use utoipa::ToSchema;

use super::App;
use super::body::{JsonBody, id};
use super::hotel::{FaultBody, faults};
use super::invitation;
use super::library::SystemBody;
use super::problem::Problem;
use super::session::{AtDesk, Clerk};
use crate::desk::{AnswerId, AnswerState, Book, Shown};
use crate::profile::{AgeEvidence, DutyNote, Field, Moment, Permit, Profile};
use crate::stay::{Notes, Typed, admit};

/// What the page has to know of its desk.
#[derive(Serialize, ToSchema)]
pub(super) struct DeskBody {
    venue: String,
    /// What people call it, in Latin letters.
    name: String,
    /// The same in Chinese.
    name_zh: String,
    /// `building`, `hotel` or `library`.
    kind: &'static str,
    purpose: String,
    required: Vec<&'static str>,
    optional: Vec<&'static str>,
    retention_days: u16,
    /// Whether a face may be compared here; where not, no page offers it.
    face: bool,
    /// Of a hotel: its profile.
    profile: Option<String>,
    /// The documents that it takes, by code; a library takes none.
    documents: Vec<&'static str>,
    /// Of a hotel: the fields that it asks of one guest or another on arrival.
    fields: Vec<&'static str>,
    /// Of a hotel: the duties towards minors; true where a text is noted, false where the clerk acknowledges.
    duties: BTreeMap<String, bool>,
    /// Whether wallets can answer online.
    online: bool,
    /// Of a building whose desk is reached online: the address of the page of an invitation, to which the id of its visit is added.
    #[serde(skip_serializing_if = "Option::is_none")]
    invitations: Option<String>,
    /// Whether wallets of others are asked.
    openid: bool,
    /// The origin on which this page may ask them itself (Digital Credentials API).
    #[serde(skip_serializing_if = "Option::is_none")]
    page_origin: Option<String>,
    /// What the clerk sees as the clerk's own name.
    clerk: String,
    /// By the desk's clock.
    #[schema(format = DateTime)]
    now: String,
    /// Of a library: its own system.
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<SystemBody>,
}

/// Tells what this desk is
#[utoipa::path(get, path = "/api/desk", tag = "counter", responses((status = 200, description = "The desk.", body = DeskBody), (status = 401, body = Problem)))]
pub(super) async fn desk(State(app): State<Arc<App>>, AtDesk(actor): AtDesk) -> Json<DeskBody> {
    let setup = app.state.desk.setup();
    let profile = match app.state.desk.book() {
        Book::Hotel(hotel) => Some(hotel.profile()),
        Book::Building(_) | Book::Library(_) => None,
    };
    let asked = profile.map(|profile| profile.all_fields(Moment::In)).unwrap_or_default();
    let taken = |permit: &Permit| profile.is_none_or(|profile| profile.takes(*permit));
    let words = |claims: &ClaimSet| claims.iter().map(ClaimName::as_str).collect();
    let library = match app.state.desk.book() {
        Book::Library(library) => Some(SystemBody::of(library).await),
        Book::Hotel(_) | Book::Building(_) => None,
    };
    Json(DeskBody {
        venue: setup.venue.to_string(),
        name: setup.name.clone(),
        name_zh: setup.name_zh.clone(),
        kind: setup.kind.as_str(),
        purpose: setup.purpose.clone(),
        required: words(&setup.required),
        optional: words(&setup.optional),
        retention_days: setup.retention_days,
        face: setup.face,
        profile: profile.map(|profile| profile.id().as_str().to_owned()),
        documents: match setup.kind {
            VenueKind::Hotel | VenueKind::Building => {
                Permit::ALL.into_iter().filter(taken).map(Permit::code).collect()
            }
            VenueKind::Library => Vec::new(),
        },
        fields: asked.into_iter().map(Field::code).collect(),
        duties: profile.map(|profile| duties(profile, (app.state.now)().local_date())).unwrap_or_default(),
        online: app.state.reply.is_some(),
        invitations: match app.state.desk.book() {
            Book::Building(_) => app.state.reply.as_deref().and_then(invitation::base),
            Book::Hotel(_) | Book::Library(_) => None,
        },
        openid: app.state.desk.openid().is_some(),
        page_origin: app.state.desk.page_origin().map(str::to_owned),
        clerk: actor.to_string(),
        now: (app.state.now)().to_string(),
        library,
    })
}

/// The duties that a minor of any age brings.
fn duties(profile: &Profile, day: LocalDate) -> BTreeMap<String, bool> {
    let all = profile.child_duties(&AgeEvidence::default(), day);
    all.into_iter().map(|duty| (duty.id.clone(), duty.note == DutyNote::Text)).collect()
}

/// A request on the screen.
#[derive(Serialize, ToSchema)]
pub(super) struct RequestBody {
    /// Its id, under which the answer is found.
    id: String,
    /// The text of its code: `BR1:` and Base45.
    text: String,
    /// Its QR symbol, SVG.
    svg: String,
    /// When it ends.
    #[schema(format = DateTime)]
    ends: String,
}

/// Makes a fresh request
#[utoipa::path(post, path = "/api/requests", tag = "counter",
    responses((status = 201, description = "The request.", body = RequestBody), (status = 401, body = Problem),
        (status = 403, description = "The desk may not ask now; the code says why.", body = Problem)))]
pub(super) async fn ask(State(app): State<Arc<App>>, _: AtDesk) -> Result<Response, Problem> {
    let state = &app.state;
    let lists = (state.lists)();
    let asked = state
        .desk
        .request(super::body::drawn()?, state.reply.as_deref(), lists.as_ref(), (state.now)())
        .await?;
    let (text, svg) = drawn(&asked.bytes)?;
    let (id, ends) = (asked.id().to_string(), asked.request.ends.to_string());
    Ok((StatusCode::CREATED, Json(RequestBody { id, text, svg, ends })).into_response())
}

/// A request as text and symbol.
fn drawn(bytes: &[u8]) -> Result<(String, String), Problem> {
    let too_long =
        |detail: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "request_too_long", detail);
    let text = VenueCode::new(VenueCodeKind::Request, bytes).to_text();
    let text = text.map_err(|error| too_long(error.to_string()))?;
    let symbol = QrSymbol::draw(&text).map_err(|error| too_long(error.to_string()))?;
    Ok((text, symbol.to_svg()))
}

/// How far a request has come.
#[derive(Serialize, ToSchema)]
pub(super) struct AnswerBody {
    id: String,
    /// `waiting`, `refused` (the last answer; another may still come), `answered`, or `used` for a stay or visit.
    state: &'static str,
    /// When the request ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<String>,
    /// Why the last answer was refused, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The stay or visit for which it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    used_for: Option<String>,
    /// When it was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken: Option<String>,
    /// What was disclosed, by claim.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    claims: BTreeMap<&'static str, String>,
    /// Whether a portrait was disclosed.
    portrait: bool,
    /// Whether a list was older than its time: look at the document as well.
    status_stale: bool,
    /// What the profile still needs of this guest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<FaultBody>,
}

impl AnswerBody {
    const fn new(id: String, state: &'static str) -> Self {
        Self {
            id,
            state,
            ends: None,
            code: None,
            used_for: None,
            taken: None,
            claims: BTreeMap::new(),
            portrait: false,
            status_stale: false,
            needs: Vec::new(),
        }
    }
}

/// Tells how far a request has come
///
/// Who looks at what was disclosed stands in the log of looks.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "counter", params(("id" = String, Path,)),
    responses((status = 200, description = "The request and its answer.", body = AnswerBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn request(
    State(app): State<Arc<App>>,
    AtDesk(actor): AtDesk,
    path: Path<String>,
) -> Result<Json<AnswerBody>, Problem> {
    let (id, now) = (id::<AnswerId>(path)?, (app.state.now)());
    let desk = &app.state.desk;
    let answer = desk.answer(id, &actor, now).await?.ok_or_else(unknown)?;
    let text = id.to_string();
    let mut body = match answer.state {
        AnswerState::Waiting { ends, refused } => AnswerBody {
            ends: Some(ends.to_string()),
            code: refused.clone(),
            ..AnswerBody::new(text, if refused.is_some() { "refused" } else { "waiting" })
        },
        AnswerState::Used(used) => {
            AnswerBody { used_for: Some(hex::encode(used)), ..AnswerBody::new(text, "used") }
        }
        AnswerState::Answered(shown) => AnswerBody {
            claims: shown.words(),
            portrait: shown.claims.get(ClaimName::Portrait).is_some(),
            status_stale: shown.status_stale,
            needs: match desk.book() {
                Book::Hotel(hotel) => needs(hotel.profile(), &shown, now),
                Book::Building(_) | Book::Library(_) => Vec::new(),
            },
            ..AnswerBody::new(text, "answered")
        },
    };
    body.taken = answer.taken_at.map(|at| at.to_string());
    Ok(Json(body))
}

pub(super) fn unknown() -> Problem {
    let detail = "there is no such request or answer any more; make a new request";
    Problem::new(StatusCode::NOT_FOUND, "request_unknown", detail)
}

fn needs(profile: &Profile, shown: &Shown, now: Timestamp) -> Vec<FaultBody> {
    match shown.disclosed() {
        Ok(disclosed) => match admit(profile, &disclosed, &Typed::new(), &Notes::new(), now) {
            Ok(_) => Vec::new(),
            Err(wrong) => faults(&wrong),
        },
        Err(claim) => {
            vec![FaultBody::new("claim_unreadable", Some(claim.as_str()), "take the document by hand")]
        }
    }
}

/// Gives the portrait of an answer
#[utoipa::path(get, path = "/api/requests/{id}/portrait", tag = "counter", params(("id" = String, Path,)),
    responses((status = 200, description = "The portrait.", content_type = "image/jpeg"), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn portrait(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<Response, Problem> {
    let id = id::<AnswerId>(path)?;
    let answer = app.state.desk.answer(id, &actor, (app.state.now)()).await?.ok_or_else(unknown)?;
    let AnswerState::Answered(shown) = answer.state else { return Err(unknown()) };
    let portrait = shown.claims.get(ClaimName::Portrait).and_then(ClaimValue::as_file);
    let bytes = portrait.ok_or_else(unknown)?.to_vec();
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}

/// The answers that nobody has used yet.
#[derive(Serialize, ToSchema)]
pub(super) struct WaitingBody {
    /// Their ids, oldest first.
    answers: Vec<String>,
}

/// Lists the answers that wait for a clerk
#[utoipa::path(get, path = "/api/answers", tag = "counter", responses((status = 200, description = "The answers.", body = WaitingBody), (status = 401, body = Problem)))]
pub(super) async fn waiting(State(app): State<Arc<App>>, _: Clerk) -> Result<Json<WaitingBody>, Problem> {
    let ids = app.state.desk.waiting().await?;
    Ok(Json(WaitingBody { answers: ids.iter().map(ToString::to_string).collect() }))
}

/// A code that the desk's camera or hand scanner has read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ScanBody {
    /// `BV1:` and Base45.
    text: String,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
pub(super) struct TakenBody {
    /// The id of the answer.
    id: String,
    /// Whether a list was older than its time: look at the document as well.
    status_stale: bool,
    /// Whether the same code was taken before.
    repeated: bool,
}

/// Takes the code that a traveller shows
#[utoipa::path(post, path = "/api/answers", tag = "counter", request_body = ScanBody,
    responses((status = 200, description = "Taken.", body = TakenBody), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn take(
    State(app): State<Arc<App>>,
    _: AtDesk,
    JsonBody(scan): JsonBody<ScanBody>,
) -> Result<Json<TakenBody>, Problem> {
    let mut scratch = Vec::new();
    let code = VenueCode::parse(VenueCodeKind::Answer, scan.text.trim(), &mut scratch);
    let code = code.map_err(|e| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, e.code(), e))?;
    let lists = (app.state.lists)();
    let taken = app.state.desk.take(code.bytes(), lists.as_ref(), (app.state.now)()).await?;
    Ok(Json(TakenBody {
        id: taken.id.to_string(),
        status_stale: taken.status_stale,
        repeated: taken.repeated,
    }))
}

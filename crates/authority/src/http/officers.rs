//! Officers: the registry, the ledger, reasons, and what waits for a decision. Their own authority's side alone.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use documents::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Room;
use super::body::{Base64, JsonBody, Officer};
use super::problem::{Problem, ProblemCode};
use super::wallet::{DocumentRef, PassageAnswer};

/// A resident for the registry.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewResident {
    /// Person and documents in the form of `docs/cases.md`; the documents that this authority issued.
    #[schema(value_type = Object)]
    record: serde_json::Value,
    /// A JPEG, PNG or WebP picture with one face.
    photo: Base64,
}

/// Registers a resident
#[utoipa::path(post, path = "/v1/residents", tag = "officers", request_body = NewResident, security(("officer" = [])),
    responses((status = 201, description = "Registered.")))]
pub(super) async fn add_resident(
    State(room): State<Arc<Room>>,
    _: Officer,
    JsonBody(resident): JsonBody<NewResident>,
) -> Result<StatusCode, Problem> {
    room.state.service.add_resident(&resident.record.to_string(), &resident.photo.0).await?;
    Ok(StatusCode::CREATED)
}

/// The reason of a verdict.
#[derive(Serialize, ToSchema)]
pub(super) struct ReasonAnswer {
    /// `admit`, `verify`, `refer`, `busy` or `not_open_to_holder`.
    outcome: String,
    /// The stable code, as in `docs/reasons.md`.
    code: String,
    /// What more there is to say.
    detail: String,
}

/// Tells the reason of a verdict
#[utoipa::path(get, path = "/v1/verdicts/{reference}", tag = "officers", security(("officer" = [])),
    params(("reference" = String, Path, description = "The verdict's reference: 32 hexadecimal digits.")),
    responses((status = 200, description = "The reason that this authority kept.", body = ReasonAnswer)))]
pub(super) async fn verdict(
    State(room): State<Arc<Room>>,
    _: Officer,
    reference: Result<Path<String>, PathRejection>,
) -> Result<Json<ReasonAnswer>, Problem> {
    let unknown = || Problem::new(ProblemCode::UnknownReference);
    let Path(reference) = reference.map_err(|_| unknown())?;
    let reference = hex::decode(reference).ok().and_then(|bytes| <[u8; 16]>::try_from(bytes).ok());
    let reference = reference.ok_or_else(unknown)?;
    let found = room.state.service.reason(&reference).await?;
    let (outcome, code, detail) = found.ok_or_else(unknown)?;
    Ok(Json(ReasonAnswer { outcome, code, detail }))
}

/// The ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct LedgerAnswer {
    entries: Vec<LedgerRow>,
}

/// One entry of the ledger.
#[derive(Serialize, ToSchema)]
struct LedgerRow {
    /// The first bytes of this authority's own key for the person.
    person: String,
    #[serde(flatten)]
    passage: PassageAnswer,
}

/// Lists the ledger
#[utoipa::path(get, path = "/v1/ledger", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "The oldest first.", body = LedgerAnswer)))]
pub(super) async fn ledger(State(room): State<Arc<Room>>, _: Officer) -> Result<Json<LedgerAnswer>, Problem> {
    let service = &room.state.service;
    let rows = service.ledger().await?;
    let row = |(person, at, entry): (String, Timestamp, crate::LedgerEntry)| {
        Ok::<_, Problem>(LedgerRow { person, passage: PassageAnswer::new(at, &entry, service.code())? })
    };
    Ok(Json(LedgerAnswer { entries: rows.into_iter().map(row).collect::<Result<_, _>>()? }))
}

/// Passages that nobody knows the end of.
#[derive(Serialize, ToSchema)]
pub(super) struct UnresolvedAnswer {
    unresolved: Vec<UnresolvedRow>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct UnresolvedRow {
    /// The lane.
    lane: String,
    /// Since when it waits.
    #[schema(format = DateTime)]
    since: String,
}

/// Lists what waits for an officer
#[utoipa::path(get, path = "/v1/unresolved", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "The oldest first.", body = UnresolvedAnswer)))]
pub(super) async fn unresolved(
    State(room): State<Arc<Room>>,
    _: Officer,
) -> Result<Json<UnresolvedAnswer>, Problem> {
    let rows = room.state.service.unresolved((room.state.now)()).await?;
    let row = |(lane, since): (String, Timestamp)| UnresolvedRow { lane, since: since.to_string() };
    Ok(Json(UnresolvedAnswer { unresolved: rows.into_iter().map(row).collect() }))
}

/// Whose.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByDocument {
    document: DocumentRef,
}

/// Ends a resident's pass
#[utoipa::path(post, path = "/v1/residents/end-pass", operation_id = "officer_end_pass", tag = "officers",
    request_body = ByDocument, security(("officer" = [])),
    responses((status = 204, description = "The pass and all its tokens are ended.")))]
pub(super) async fn end_pass(
    State(room): State<Arc<Room>>,
    _: Officer,
    JsonBody(whose): JsonBody<ByDocument>,
) -> Result<StatusCode, Problem> {
    room.state.service.end_pass(&whose.document.number()?, (room.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reports a document as lost
///
/// It opens nothing any more, and the pass goes along with it.
#[utoipa::path(post, path = "/v1/residents/lose", tag = "officers", request_body = ByDocument,
    security(("officer" = [])),
    responses((status = 204, description = "The document is lost, the pass is ended.")))]
pub(super) async fn lose(
    State(room): State<Arc<Room>>,
    _: Officer,
    JsonBody(whose): JsonBody<ByDocument>,
) -> Result<StatusCode, Problem> {
    room.state.service.lose_document(&whose.document.number()?, (room.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom an officer wants to see.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Watched {
    document: DocumentRef,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    until: Timestamp,
}

/// Puts a document on the watch list
#[utoipa::path(post, path = "/v1/watch", tag = "officers", request_body = Watched, security(("officer" = [])),
    responses((status = 204, description = "An officer is called when it is shown, until then.")))]
pub(super) async fn watch(
    State(room): State<Arc<Room>>,
    _: Officer,
    JsonBody(watched): JsonBody<Watched>,
) -> Result<StatusCode, Problem> {
    room.state.service.watch(&watched.document.number()?, watched.until).await?;
    Ok(StatusCode::NO_CONTENT)
}

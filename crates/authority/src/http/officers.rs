//! Officers: the registry, the ledger, reasons, and what waits for a decision. Their own authority's side alone.

use std::sync::Arc;

use ::risk::reason::ReasonRecord;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use documents::{DocumentNumber, Timestamp};
use officers::Deed;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::AppState;
use super::appeals::reference_of as reference_of_verdict;
use super::body::{Base64, JsonBody, Officer, base64};
use super::problem::{Problem, ProblemCode};
use super::wallet::{DocumentRef, PassageAnswer};
use crate::events::settle::{Conflict, Settlement, Unresolved};
use crate::ledger::{LEDGER_PAGE, LedgerCursor};
use crate::seeing::SeenHolder;
use crate::store::movement::LedgerRow;
use crate::store::outbox::VerdictReason;
use crate::verdict::VerdictError;

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
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(resident): JsonBody<NewResident>,
) -> Result<StatusCode, Problem> {
    let acting = officer.may(&app, Deed::AddResident, "").await?;
    let (record, now) = (resident.record.to_string(), (app.state.now)());
    let added = app.state.service.add_resident(&record, &resident.photo.0, now).await;
    acting.told(added).await?;
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
    /// What risk control had in doubt, asked for, and how it ended; left out at a plain admit.
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<RiskAnswer>,
}

/// What an officer sees of a reason record.
#[derive(Serialize, ToSchema)]
pub(super) struct RiskAnswer {
    /// What is or was in doubt: words of `docs/risk.md`. Without the right to the watch list, a hit on it and the lot are both `other`.
    doubts: Vec<&'static str>,
    /// What was asked, and how it came out.
    asked: Vec<AskedAnswer>,
    /// `open`, `answered`, `by_officer` or `refused`.
    end: &'static str,
}

/// A measure that was asked for.
#[derive(Serialize, ToSchema)]
struct AskedAnswer {
    /// The measure.
    measure: &'static str,
    /// `passed`, `failed` or `declined`.
    outcome: &'static str,
}

impl RiskAnswer {
    fn of(record: &ReasonRecord, may_see_lists: bool) -> Self {
        let view = record.for_officer(may_see_lists);
        let asked = view
            .asked
            .iter()
            .map(|asked| AskedAnswer { measure: asked.measure.as_str(), outcome: asked.outcome.as_str() });
        Self { doubts: view.doubts, asked: asked.collect(), end: view.end.as_str() }
    }
}

/// Tells the reason of a verdict
#[utoipa::path(get, path = "/v1/verdicts/{reference}", tag = "officers", security(("officer" = [])),
    params(("reference" = String, Path, description = "The verdict's reference: 32 hexadecimal digits.")),
    responses((status = 200, description = "The reason that this authority kept.", body = ReasonAnswer)))]
pub(super) async fn verdict(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    reference: Result<Path<String>, PathRejection>,
) -> Result<Json<ReasonAnswer>, Problem> {
    let unknown = || Problem::new(ProblemCode::UnknownReference);
    let Path(reference) = reference.map_err(|_| unknown())?;
    let reference = reference_of_verdict(&reference)?;
    let acting = officer.may(&app, Deed::LookUpReason, hex::encode(reference)).await?;
    let lists = Deed::Watch.roles().iter().any(|role| acting.signed.roles.contains(role));
    let (service, now) = (&app.state.service, (app.state.now)());
    let found = async {
        let reason = service.reason(&reference).await?;
        Ok::<_, VerdictError>((reason, service.risk_record(&reference, now).await?))
    };
    let (reason, record) = acting.told(found.await).await?;
    let VerdictReason { outcome, code, detail } = reason.ok_or_else(unknown)?;
    let risk = record.map(|found| RiskAnswer::of(&found.record, lists));
    Ok(Json(ReasonAnswer { outcome, code, detail, risk }))
}

/// At which lane the officer stands.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AtLaneQuery {
    /// The lane's full name, as its gate has it, such as `hengqin/MAC-CHN`.
    lane: String,
}

/// Whom a verdict at a lane is about.
#[derive(Serialize, ToSchema)]
pub(super) struct HolderAnswer {
    /// The registry's portrait: JPEG of at most 64 KiB; `null` where this authority holds none.
    #[schema(format = "base64url")]
    portrait: Option<String>,
    /// The name as the document prints it, in Latin letters; `null` where it has none.
    name: Option<String>,
    /// The same in Chinese characters.
    name_zh: Option<String>,
    /// The document on which the verdict rests.
    document: SeenDocument,
}

/// A document in a traveller's hand.
#[derive(Serialize, ToSchema)]
struct SeenDocument {
    /// Its kind.
    kind: &'static str,
    /// The last four characters of its number.
    last4: String,
}

impl From<SeenHolder> for HolderAnswer {
    fn from(seen: SeenHolder) -> Self {
        let SeenHolder { portrait, name, document, last4 } = seen;
        let (name, name_zh) = name.map_or((None, None), |name| (name.latin, name.chinese));
        Self {
            portrait: portrait.as_deref().map(base64),
            name,
            name_zh,
            document: SeenDocument { kind: document.as_str(), last4 },
        }
    }
}

/// Shows the officer at a lane whom a verdict is about
///
/// While the verdict is open and for ten minutes in all, at the lane where it was given, and where the approval in force names
/// `officer_portrait`. Each look stands in the record of acts.
#[utoipa::path(get, path = "/v1/verdicts/{reference}/holder", tag = "officers", security(("officer" = [])),
    params(("reference" = String, Path, description = "The verdict's reference: 32 hexadecimal digits."), AtLaneQuery),
    responses((status = 200, description = "Portrait, name and document. Nothing may keep it.", body = HolderAnswer)))]
pub(super) async fn holder_at_lane(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    reference: Result<Path<String>, PathRejection>,
    query: Result<Query<AtLaneQuery>, QueryRejection>,
) -> Result<Json<HolderAnswer>, Problem> {
    let Path(reference) = reference.map_err(|_| Problem::new(ProblemCode::UnknownReference))?;
    let reference = reference_of_verdict(&reference)?;
    let Query(AtLaneQuery { lane }) = query.map_err(|_| Problem::wrong_field("lane"))?;
    let acting = officer.may(&app, Deed::SeeHolder, hex::encode(reference)).await?;
    let seen = app.state.service.see_holder(&reference, &lane, (app.state.now)()).await;
    Ok(Json(acting.told(seen).await?.into()))
}

/// A page of the ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct LedgerAnswer {
    entries: Vec<LedgerEntryAnswer>,
    /// Where the next page begins: the value of `after`. Left out at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// One entry of the ledger.
#[derive(Serialize, ToSchema)]
struct LedgerEntryAnswer {
    /// The first bytes of this authority's own key for the person.
    person: String,
    #[serde(flatten)]
    passage: PassageAnswer,
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct LedgerQuery {
    /// The `next` of the page before; left out: the oldest entries.
    after: Option<String>,
    /// Entries of the page, 1 to 500; left out: 500.
    limit: Option<u16>,
}

/// A cursor as `seconds.id`, the id in hexadecimal digits.
fn cursor(text: &str) -> Option<LedgerCursor> {
    let (at, id) = text.split_once('.')?;
    Some(LedgerCursor { at: at.parse().ok()?, id: hex::decode(id).ok().filter(|id| id.len() == 32)? })
}

/// Lists the ledger, a page at a time
#[utoipa::path(get, path = "/v1/ledger", tag = "officers", security(("officer" = [])), params(LedgerQuery),
    responses((status = 200, description = "The oldest first.", body = LedgerAnswer)))]
pub(super) async fn ledger(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    query: Result<Query<LedgerQuery>, QueryRejection>,
) -> Result<Json<LedgerAnswer>, Problem> {
    let wrong = Problem::wrong_field;
    let Query(query) = query.map_err(|_| wrong("limit"))?;
    let after = match &query.after {
        Some(text) => cursor(text).ok_or_else(|| wrong("after"))?,
        None => LedgerCursor::start(),
    };
    let limit = query.limit.unwrap_or(LEDGER_PAGE);
    if !(1..=LEDGER_PAGE).contains(&limit) {
        return Err(wrong("limit"));
    }
    let acting = officer.may(&app, Deed::ReadLedger, query.after.unwrap_or_default()).await?;
    let service = &app.state.service;
    let rows = acting.told(service.ledger_page(&after, limit).await).await?;
    let full = rows.len() == usize::from(limit);
    let next = rows.last().filter(|_| full);
    let next = next.map(|row| format!("{}.{}", row.at.unix(), hex::encode(row.id)));
    let entry = |row: &LedgerRow| LedgerEntryAnswer {
        person: hex::encode(row.person.as_bytes().split_at(4).0),
        passage: PassageAnswer::new(row.at, &row.entry, service.code()),
    };
    Ok(Json(LedgerAnswer { entries: rows.iter().map(entry).collect(), next }))
}

/// Passages that nobody knows the end of.
#[derive(Serialize, ToSchema)]
pub(super) struct UnresolvedAnswer {
    unresolved: Vec<UnresolvedRow>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct UnresolvedRow {
    /// Its id: 16 bytes, hexadecimal.
    id: String,
    /// The lane at which the traveller was last seen.
    lane: String,
    /// Since when it waits.
    #[schema(format = DateTime)]
    since: String,
}

/// Lists what waits for an officer
#[utoipa::path(get, path = "/v1/unresolved", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "The oldest first.", body = UnresolvedAnswer)))]
pub(super) async fn unresolved(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<UnresolvedAnswer>, Problem> {
    let acting = officer.may(&app, Deed::ReadWaiting, "unresolved").await?;
    let rows = acting.told(app.state.service.unresolved((app.state.now)()).await).await?;
    let row = |one: Unresolved| UnresolvedRow {
        id: hex::encode(one.id.as_bytes()),
        lane: one.lane,
        since: one.since.to_string(),
    };
    Ok(Json(UnresolvedAnswer { unresolved: rows.into_iter().map(row).collect() }))
}

/// Events that contradict the ledger.
#[derive(Serialize, ToSchema)]
pub(super) struct ConflictsAnswer {
    conflicts: Vec<ConflictRow>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct ConflictRow {
    /// Its id: 32 bytes, hexadecimal.
    id: String,
    /// The gate that signed the event.
    lane: String,
    /// What it contradicts (docs/reasons.md).
    code: String,
    /// What happened by the gate.
    told: Option<&'static str>,
    /// When it happened by the gate.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// The signed event, hexadecimal.
    event: String,
    /// The signed verdicts of its reservation, hexadecimal.
    verdicts: Vec<String>,
}

/// Lists events that contradict the ledger
#[utoipa::path(get, path = "/v1/conflicts", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "The oldest thousand, with both signed records.", body = ConflictsAnswer)))]
pub(super) async fn conflicts(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<ConflictsAnswer>, Problem> {
    let acting = officer.may(&app, Deed::ReadWaiting, "conflicts").await?;
    let found = acting.told(app.state.service.conflicts().await).await?;
    let row = |one: Conflict| ConflictRow {
        id: hex::encode(one.event.id),
        lane: one.event.gate,
        code: one.event.code,
        told: one.told.map(|(passage, _)| passage.as_str()),
        at: one.told.map(|(_, at)| at.to_string()),
        event: hex::encode(&one.event.event),
        verdicts: one.verdicts.iter().map(hex::encode).collect(),
    };
    Ok(Json(ConflictsAnswer { conflicts: found.into_iter().map(row).collect() }))
}

/// What an officer found out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SettlementBody {
    /// The id of a reservation or of a conflict, hexadecimal.
    id: String,
    /// What happened.
    outcome: OutcomeWord,
    /// How they know; 1 to 200 bytes.
    reason: String,
}

/// What an officer can find out.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    /// The traveller went through.
    Passed,
    /// The traveller did not go through.
    NotPassed,
    /// It is noted, and changes nothing.
    Noted,
}

/// Settles what waits for an officer
///
/// A reservation whose end nobody knows, or an event that contradicts the ledger. What went through counts from then on.
#[utoipa::path(post, path = "/v1/settlements", tag = "officers", request_body = SettlementBody,
    security(("officer" = [])),
    responses((status = 204, description = "Settled, and written down who did.")))]
pub(super) async fn settlements(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(found): JsonBody<SettlementBody>,
) -> Result<StatusCode, Problem> {
    let wrong = Problem::wrong_field;
    let id = hex::decode(&found.id).map_err(|_| wrong("id"))?;
    let said = |text: &str, most: usize| {
        (1..=most).contains(&text.trim().len()) && !text.chars().any(char::is_control)
    };
    if !said(&found.reason, 200) {
        return Err(wrong("reason"));
    }
    let outcome = match found.outcome {
        OutcomeWord::Passed => Settlement::Passed,
        OutcomeWord::NotPassed => Settlement::NotPassed,
        OutcomeWord::Noted => Settlement::Noted,
    };
    let acting = officer.may(&app, Deed::Settle, found.id.to_ascii_lowercase()).await?;
    let who = acting.signed.account.to_string();
    let who = (who.as_str(), found.reason.as_str());
    let settled = app.state.service.settle(&id, outcome, who, (app.state.now)()).await;
    acting.told(settled).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What the record of acts calls a document: the first bytes of its keyed hash, never its number.
pub(super) fn reference_of(app: &AppState, number: &DocumentNumber) -> String {
    app.state.service.document_reference(number)
}

/// A resident, named by one of their documents.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ByDocument {
    pub(super) document: DocumentRef,
}

/// Ends a resident's pass
#[utoipa::path(post, path = "/v1/residents/end-pass", operation_id = "officer_end_pass", tag = "officers",
    request_body = ByDocument, security(("officer" = [])),
    responses((status = 204, description = "The pass and all its tokens are ended.")))]
pub(super) async fn end_pass(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<ByDocument>,
) -> Result<StatusCode, Problem> {
    let number = whose.document.number()?;
    let acting = officer.may(&app, Deed::EndPass, reference_of(&app, &number)).await?;
    acting.told(app.state.service.end_pass(&number, (app.state.now)()).await).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reports a document as lost
///
/// It opens nothing any more, and the pass goes along with it.
#[utoipa::path(post, path = "/v1/residents/lose", tag = "officers", request_body = ByDocument,
    security(("officer" = [])),
    responses((status = 204, description = "The document is lost, the pass is ended.")))]
pub(super) async fn lose(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<ByDocument>,
) -> Result<StatusCode, Problem> {
    let number = whose.document.number()?;
    let acting = officer.may(&app, Deed::LoseDocument, reference_of(&app, &number)).await?;
    acting.told(app.state.service.lose_document(&number, (app.state.now)()).await).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A resident whom somebody else resembles.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LookAlike {
    document: DocumentRef,
    /// Whether they are marked from now on.
    marked: bool,
}

/// Marks a resident whom somebody else resembles
///
/// A twin, a sibling: no face tells such persons apart, so an officer looks at every lane while the mark stands.
#[utoipa::path(post, path = "/v1/residents/look-alike", tag = "officers", request_body = LookAlike,
    security(("officer" = [])),
    responses((status = 204, description = "The mark stands, or is taken away.")))]
pub(super) async fn look_alike(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<LookAlike>,
) -> Result<StatusCode, Problem> {
    let number = whose.document.number()?;
    let acting = officer.may(&app, Deed::MarkLookAlike, reference_of(&app, &number)).await?;
    let done = app.state.service.mark_look_alike(&number, whose.marked, (app.state.now)()).await;
    acting.told(done).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Erases a resident
///
/// Their key is destroyed with names, numbers, photograph and endorsements; their pass and all its tokens end.
#[utoipa::path(post, path = "/v1/residents/erase", tag = "officers", request_body = ByDocument,
    security(("officer" = [])),
    responses((status = 204, description = "The resident is erased.")))]
pub(super) async fn erase(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<ByDocument>,
) -> Result<StatusCode, Problem> {
    let number = whose.document.number()?;
    let acting = officer.may(&app, Deed::EraseResident, reference_of(&app, &number)).await?;
    acting.told(app.state.service.erase(&number, (app.state.now)()).await).await?;
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
    /// Whose wish it is; left out: the list's.
    by: Option<WatchedBy>,
}

/// Whose wish it is that an officer sees somebody. To everybody without the right to the watch list both look alike.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum WatchedBy {
    /// The authority's list.
    #[default]
    List,
    /// One officer's.
    Officer,
}

/// Puts a document on the watch list
#[utoipa::path(post, path = "/v1/watch", tag = "officers", request_body = Watched, security(("officer" = [])),
    responses((status = 204, description = "An officer is called when it is shown, until then.")))]
pub(super) async fn watch(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(watched): JsonBody<Watched>,
) -> Result<StatusCode, Problem> {
    let number = watched.document.number()?;
    let acting = officer.may(&app, Deed::Watch, reference_of(&app, &number)).await?;
    let service = &app.state.service;
    let noted = match watched.by.unwrap_or_default() {
        WatchedBy::List => service.watch(&number, watched.until).await,
        WatchedBy::Officer => service.ask_to_see(&number, watched.until).await,
    };
    acting.told(noted).await?;
    Ok(StatusCode::NO_CONTENT)
}

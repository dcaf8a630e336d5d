//! Appeals and suspensions: what a traveller asks by the reference of a verdict, and what officers answer and decide.
//!
//! Lives here: the routes. Not here: terms, languages and what follows from an answer (`risk_control`). Whoever has the reference may ask
//! and read the answer: it is drawn anew for each verdict, shown to one traveller, and leads to nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use documents::Timestamp;
use officers::Deed;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{JsonBody, Officer};
use super::problem::{Problem, ProblemCode};
use crate::risk_control::SuspensionDecision;
use crate::store::appeal::{Appeal, Suspension};

/// A reference: 32 hexadecimal digits, as a wallet or slip shows them.
pub(super) fn reference_of(text: &str) -> Result<[u8; 16], Problem> {
    let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    let bytes = hex::decode(digits.to_ascii_lowercase()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Problem::new(ProblemCode::UnknownReference))
}

/// An appeal against what a verdict asked or refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAppeal {
    /// The reference that wallet or slip shows.
    reference: String,
    /// What happened, in the traveller's own words; 1 to 2,000 characters.
    words: String,
    /// The language of the answer: `en`, `zh-Hant`, `zh-Hans` or `pt`.
    language: String,
}

/// How an appeal stands, as its traveller sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct AppealAnswer {
    reference: String,
    /// When it came in.
    #[schema(value_type = String)]
    made_at: Timestamp,
    /// By when a person answers: fifteen working days.
    #[schema(value_type = String)]
    due_at: Timestamp,
    /// `open`, `succeeded` or `failed`.
    outcome: &'static str,
    /// The answer; left out while it is open.
    #[serde(skip_serializing_if = "String::is_empty")]
    answer: String,
}

impl From<&Appeal> for AppealAnswer {
    fn from(appeal: &Appeal) -> Self {
        Self {
            reference: hex::encode(appeal.reference),
            made_at: appeal.made_at,
            due_at: appeal.due_at,
            outcome: appeal.outcome.as_str(),
            answer: appeal.answer.clone(),
        }
    }
}

/// Takes an appeal
///
/// It is acknowledged at once, and a person answers it within fifteen working days. The same again gives the one that was taken.
#[utoipa::path(post, path = "/v1/appeals", tag = "wallet", request_body = NewAppeal,
    responses((status = 201, description = "Taken, and by when it is answered.", body = AppealAnswer)))]
pub(super) async fn appeal(
    State(app): State<Arc<AppState>>,
    JsonBody(new): JsonBody<NewAppeal>,
) -> Result<(StatusCode, Json<AppealAnswer>), Problem> {
    let reference = reference_of(&new.reference)?;
    let said = (new.words.as_str(), new.language.as_str());
    let taken = app.state.service.appeal(&reference, said, (app.state.now)()).await?;
    Ok((StatusCode::CREATED, Json(AppealAnswer::from(&taken))))
}

/// Tells how an appeal stands
#[utoipa::path(get, path = "/v1/appeals/{reference}", tag = "wallet",
    params(("reference" = String, Path, description = "The verdict's reference: 32 hexadecimal digits.")),
    responses((status = 200, description = "How it stands, and the answer where there is one.", body = AppealAnswer)))]
pub(super) async fn appeal_state(
    State(app): State<Arc<AppState>>,
    reference: Result<Path<String>, PathRejection>,
) -> Result<Json<AppealAnswer>, Problem> {
    let unknown = || Problem::new(ProblemCode::UnknownReference);
    let Path(reference) = reference.map_err(|_| unknown())?;
    let found = app.state.service.find_appeal(&reference_of(&reference)?).await?;
    Ok(Json(AppealAnswer::from(&found.ok_or_else(unknown)?)))
}

/// Appeals that wait for an answer.
#[derive(Serialize, ToSchema)]
pub(super) struct OpenAppeals {
    appeals: Vec<OpenAppeal>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct OpenAppeal {
    #[serde(flatten)]
    appeal: AppealAnswer,
    /// The language of the answer.
    language: String,
    /// What the traveller says.
    words: String,
    /// Whether its time is over.
    overdue: bool,
}

/// Lists appeals that wait for an answer
///
/// Those first that are due first; 500 at most.
#[utoipa::path(get, path = "/v1/appeals", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "Open appeals.", body = OpenAppeals)))]
pub(super) async fn open_appeals(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<OpenAppeals>, Problem> {
    let acting = officer.may(&app, Deed::ReadAppeals, "").await?;
    let now = (app.state.now)();
    let open = acting.told(app.state.service.open_appeals().await).await?;
    let row = |appeal: &Appeal| OpenAppeal {
        appeal: AppealAnswer::from(appeal),
        language: appeal.language.clone(),
        words: appeal.words.clone(),
        overdue: appeal.due_at < now,
    };
    Ok(Json(OpenAppeals { appeals: open.iter().map(row).collect() }))
}

/// What an officer answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerBody {
    /// The reference of the appeal.
    reference: String,
    /// Whether the traveller was right.
    succeeded: bool,
    /// The answer in their language; 1 to 2,000 characters.
    answer: String,
}

/// Answers an appeal
///
/// The rules that had a part in it are counted: one whose appeals succeed too often goes back to shadow.
#[utoipa::path(post, path = "/v1/appeals/answer", tag = "officers", request_body = AnswerBody,
    security(("officer" = [])),
    responses((status = 204, description = "Answered; the traveller reads it under their reference.")))]
pub(super) async fn answer_appeal(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(body): JsonBody<AnswerBody>,
) -> Result<StatusCode, Problem> {
    let reference = reference_of(&body.reference)?;
    let acting = officer.may(&app, Deed::AnswerAppeal, hex::encode(reference)).await?;
    let who = acting.signed.account.to_string();
    let said = (who.as_str(), body.answer.as_str());
    let done = app.state.service.answer_appeal(&reference, body.succeeded, said, (app.state.now)()).await;
    acting.told(done).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Suspensions that rules asked for.
#[derive(Serialize, ToSchema)]
pub(super) struct AskedSuspensions {
    suspensions: Vec<AskedSuspension>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct AskedSuspension {
    /// The reference of the verdict at which a rule asked for it.
    reference: Option<String>,
    /// Since when.
    #[schema(value_type = String)]
    asked_at: Timestamp,
    /// When it lapses unless an officer confirms it.
    #[schema(value_type = String)]
    lapses_at: Timestamp,
}

impl From<&Suspension> for AskedSuspension {
    fn from(asked: &Suspension) -> Self {
        let reference = asked.reference.map(hex::encode);
        Self { reference, asked_at: asked.asked_at, lapses_at: asked.due_at }
    }
}

/// Lists suspensions that rules asked for
///
/// Each lapses an hour after it was asked for, unless an officer confirms it; 500 at most.
#[utoipa::path(get, path = "/v1/suspensions", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "Suspensions that wait for an officer.", body = AskedSuspensions)))]
pub(super) async fn asked_suspensions(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<AskedSuspensions>, Problem> {
    let acting = officer.may(&app, Deed::ReadSuspensions, "").await?;
    let asked = acting.told(app.state.service.asked_suspensions((app.state.now)()).await).await?;
    Ok(Json(AskedSuspensions { suspensions: asked.iter().map(AskedSuspension::from).collect() }))
}

/// What an officer decides about a suspension.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SuspensionBody {
    /// The reference of the verdict at which a rule asked for it.
    reference: String,
    /// What becomes of it.
    decision: DecisionWord,
    /// Why; 1 to 2,000 characters.
    note: String,
}

/// What can become of a suspension.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DecisionWord {
    /// It comes into force: codes of the pass count nowhere.
    Confirm,
    /// It does not come into force, or ends.
    Lift,
}

/// Decides on a suspension
#[utoipa::path(post, path = "/v1/suspensions", tag = "officers", request_body = SuspensionBody,
    security(("officer" = [])),
    responses((status = 204, description = "In force, or lifted.")))]
pub(super) async fn decide_suspension(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(body): JsonBody<SuspensionBody>,
) -> Result<StatusCode, Problem> {
    let reference = reference_of(&body.reference)?;
    let decision = match body.decision {
        DecisionWord::Confirm => SuspensionDecision::Confirm,
        DecisionWord::Lift => SuspensionDecision::Lift,
    };
    let acting = officer.may(&app, Deed::DecideSuspension, hex::encode(reference)).await?;
    let who = acting.signed.account.to_string();
    let why = (who.as_str(), body.note.as_str());
    let done = app.state.service.decide_suspension(&reference, decision, why, (app.state.now)()).await;
    acting.told(done).await?;
    Ok(StatusCode::NO_CONTENT)
}

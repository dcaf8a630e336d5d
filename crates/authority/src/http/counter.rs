//! Counter: what an officer at an office does about enrolments: invitations, and second enrolments that wait.

use std::sync::Arc;

use ::officers::Deed;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{JsonBody, Officer};
use super::officers::reference_of;
use super::problem::Problem;
use super::wallet::DocumentRef;
use crate::enrolment::Decided;

/// For whom an invitation is made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Invite {
    document: DocumentRef,
    /// The officer saw the holder and their document: an earlier wallet ends when the code is used, without a wait.
    #[serde(default)]
    replaces: bool,
}

/// A new invitation of a resident; the code is told once.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitationAnswer {
    /// The code; it is told once.
    #[schema(example = "H7K2-0000-0000-0000")]
    invitation: String,
    /// From when on it does not count.
    #[schema(format = DateTime)]
    expires: String,
    /// How many were made for this person, this one included.
    made: i64,
}

/// Makes a one-time invitation
///
/// An earlier one that was not used counts no more.
#[utoipa::path(post, path = "/v1/residents/invite", tag = "officers", request_body = Invite,
    security(("officer" = [])), responses((status = 201, description = "Made.", body = InvitationAnswer)))]
pub(super) async fn invite(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whom): JsonBody<Invite>,
) -> Result<(StatusCode, Json<InvitationAnswer>), Problem> {
    let number = whom.document.number()?;
    let acting = officer.may(&app, Deed::Invite, reference_of(&app, &number)).await?;
    let made = acting.told(app.state.service.invite(&number, whom.replaces, (app.state.now)()).await).await?;
    let answer = InvitationAnswer {
        invitation: made.code.printed(),
        expires: made.expires.to_string(),
        made: made.made,
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Second enrolments that wait.
#[derive(Serialize, ToSchema)]
pub(super) struct SecondEnrolments {
    /// Those first whose time ends first; 500 at most.
    waiting: Vec<WaitingEnrolment>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
struct WaitingEnrolment {
    /// The holder's name, as registered.
    name: String,
    documents: Vec<WaitingDocument>,
    /// When it came.
    #[schema(format = DateTime)]
    at: String,
    /// When it comes into force, unless the holder objects or an officer decides.
    #[schema(format = DateTime)]
    until: String,
}

/// A document of its holder.
#[derive(Serialize, ToSchema)]
struct WaitingDocument {
    kind: &'static str,
    /// The last four characters of the number.
    last4: String,
}

/// Lists second enrolments that wait for the word of the wallet in force
#[utoipa::path(get, path = "/v1/residents/second-enrolments", tag = "officers", security(("officer" = [])),
    responses((status = 200, description = "Those that wait.", body = SecondEnrolments)))]
pub(super) async fn second_enrolments(
    State(app): State<Arc<AppState>>,
    officer: Officer,
) -> Result<Json<SecondEnrolments>, Problem> {
    let acting = officer.may(&app, Deed::ReadEnrolments, "second enrolments").await?;
    let waiting = acting.told(app.state.service.second_enrolments((app.state.now)()).await).await?;
    let row = |one: crate::enrolment::PendingEnrolment| WaitingEnrolment {
        name: one.name,
        documents: one
            .documents
            .into_iter()
            .map(|(kind, last4)| WaitingDocument { kind: kind.as_str(), last4 })
            .collect(),
        at: one.made_at.to_string(),
        until: one.due_at.to_string(),
    };
    Ok(Json(SecondEnrolments { waiting: waiting.into_iter().map(row).collect() }))
}

/// An officer's decision on a second enrolment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    document: DocumentRef,
    /// Whether the new wallet takes the place of the earlier one.
    accept: bool,
}

/// Decides on a second enrolment
#[utoipa::path(post, path = "/v1/residents/second-enrolments", tag = "officers", request_body = Decision,
    security(("officer" = [])), responses((status = 204, description = "Decided.")))]
pub(super) async fn decide_second_enrolment(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(decision): JsonBody<Decision>,
) -> Result<StatusCode, Problem> {
    let decided = if decision.accept { Decided::Accepted } else { Decided::Rejected };
    let number = decision.document.number()?;
    let acting = officer.may(&app, Deed::DecideEnrolment, reference_of(&app, &number)).await?;
    acting.told(app.state.service.decide_second_enrolment(&number, decided, (app.state.now)()).await).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Gates, and the other authorities: signed messages in, verdicts out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use credential::message::{Outcome, Verdict, unverified_payload};

use super::AppState;
use super::body::{CborBody, Octets};
use super::problem::Problem;
use crate::events::passage::EventError;
use crate::service::SenderError;
use crate::verdict::VerdictError;

/// Judges one traveller
///
/// The body is an envelope: the gate's signed request, token, proof, this authority's part, the face probe. Whatever
/// is wrong with the traveller's side of it is a verdict; only a request that is not a registered gate's is a problem.
#[utoipa::path(post, path = "/v1/verdicts", tag = "gates",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 200, description = "The signed verdict.", body = Octets, content_type = "application/cbor")))]
pub(super) async fn verdicts(
    State(app): State<Arc<AppState>>,
    CborBody(body): CborBody,
) -> Result<impl IntoResponse, Problem> {
    let judged = app.state.service.verdict(&body, (app.state.now)()).await;
    let signed = judged.inspect_err(|error| {
        if let VerdictError::Sender(sender) = error {
            alarm(&app, sender);
        }
    })?;
    let outcome = unverified_payload(&signed).ok().and_then(|payload| Verdict::decode(payload).ok());
    app.metrics.count_verdict(outcome.map_or("unreadable", |verdict| match verdict.outcome {
        Outcome::Admit => "admit",
        Outcome::Verify(_) => "verify",
        Outcome::Refer => "refer",
        Outcome::Busy => "busy",
        Outcome::NotOpenToHolder(_) => "not_open_to_holder",
    }));
    Ok(([(header::CONTENT_TYPE, "application/cbor")], signed))
}

/// Hears what happened at a lane
///
/// In the order of the gate's numbers, each once. The same event again is heard again without effect.
#[utoipa::path(post, path = "/v1/events", tag = "gates",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 204, description = "Written down, durably.")))]
pub(super) async fn events(
    State(app): State<Arc<AppState>>,
    CborBody(body): CborBody,
) -> Result<StatusCode, Problem> {
    let heard = app.state.service.hear_event(&body, (app.state.now)()).await;
    heard.inspect_err(|error| {
        if let EventError::Sender(sender) = error {
            alarm(&app, sender);
        }
    })?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts a gate that was used outside of its place; the log names it already.
fn alarm(app: &AppState, sender: &SenderError) {
    if let Some(gate) = sender.gate_outside() {
        app.metrics.count_gate_outside(gate);
    }
}

/// Takes a weekly key
///
/// Signed by its maker and sealed to this authority. The first key of a week stays.
#[utoipa::path(post, path = "/v1/handovers", tag = "authorities",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 204, description = "Kept until a day after its week.")))]
pub(super) async fn handovers(
    State(app): State<Arc<AppState>>,
    CborBody(body): CborBody,
) -> Result<StatusCode, Problem> {
    app.state.service.take_handover(&body, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a notice
///
/// The entering authority tells the issuer of a token where and on which day it was used: no more than that travels.
#[utoipa::path(post, path = "/v1/notices", tag = "authorities",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 204, description = "Counted, once.")))]
pub(super) async fn notices(
    State(app): State<Arc<AppState>>,
    CborBody(body): CborBody,
) -> Result<StatusCode, Problem> {
    app.state.service.take_notice(&body, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

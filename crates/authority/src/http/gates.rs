//! Gates, and the other authorities: signed messages in, verdicts out. Each comes over the connection of the party that
//! signed it: a certificate of another one carries nothing.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use clearance::Enveloped;
use credential::message::{
    EitherNotice, Handover, Outcome, Receipt, ReceiptResult, Verdict, kid, unverified_payload,
};
use documents::AuthorityCode;
use trust::Peer;

use super::AppState;
use super::body::{CborBody, Octets};
use super::problem::{Problem, ProblemCode};
use crate::service::SenderError;
use crate::verdict::VerdictError;

/// Judges one traveller
///
/// The body is an envelope: the gate's signed request, token, proof, this authority's part, the face probe; at a lane by
/// document the request, the page that this authority reads, and the probe. Whatever
/// is wrong with the traveller's side of it is a verdict; only a request that is not a registered gate's is a problem. An
/// answer that calls an officer comes half a second after its request, whatever it was that called them.
#[utoipa::path(post, path = "/v1/verdicts", tag = "gates",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 200, description = "The signed verdict.", body = Octets, content_type = "application/cbor")))]
pub(super) async fn verdicts(
    State(app): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    CborBody(body): CborBody,
) -> Result<impl IntoResponse, Problem> {
    if let Ok(envelope) = Enveloped::decode(&body) {
        from_gate(&app, &peer, envelope.request())?;
    }
    let judged = app.state.service.answer_gate(&body, (app.state.now)()).await;
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
    Ok(cbor(signed))
}

/// Hears what happened at a lane
///
/// In the order of the gate's numbers, each once. The same event again is answered alike, without effect. A gate acts on
/// the receipt alone: any other answer says nothing about what was written.
#[utoipa::path(post, path = "/v1/events", tag = "gates",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 200, description = "The signed receipt: what became of it.", body = Octets, content_type = "application/cbor")))]
pub(super) async fn events(
    State(app): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    CborBody(body): CborBody,
) -> Result<impl IntoResponse, Problem> {
    from_gate(&app, &peer, &body)?;
    let receipt = app.state.service.hear_event(&body, (app.state.now)()).await?;
    let told = unverified_payload(&receipt).ok().and_then(|payload| Receipt::decode(payload).ok());
    if let Some(ReceiptResult::Conflict(code)) = told.map(|told| told.result)
        && code == ProblemCode::GateOutsideBinding.code()
    {
        let gate = kid(&body).unwrap_or_default();
        app.metrics.count_gate_outside(&String::from_utf8_lossy(gate));
    }
    Ok(cbor(receipt))
}

/// Hears that a gate numbers its events anew
///
/// Signed by the gate, with its reason: its store was lost, or its program was replaced by one with another form.
#[utoipa::path(post, path = "/v1/chains", tag = "gates",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 200, description = "The signed receipt.", body = Octets, content_type = "application/cbor")))]
pub(super) async fn chains(
    State(app): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    CborBody(body): CborBody,
) -> Result<impl IntoResponse, Problem> {
    from_gate(&app, &peer, &body)?;
    Ok(cbor(app.state.service.hear_chain(&body, (app.state.now)()).await?))
}

/// A signed answer.
fn cbor(signed: Vec<u8>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/cbor")], signed)
}

/// Refuses a gate's message over a connection of anybody but the gates of its port. What is no message of a listed gate, the
/// service refuses itself.
fn from_gate(app: &AppState, peer: &Peer, message: &[u8]) -> Result<(), Problem> {
    let (service, now) = (&app.state.service, (app.state.now)());
    let (me, trust) = (service.code(), service.trust());
    let Some(Ok((_, binding))) = kid(message).ok().map(|kid| trust.gate(me, kid, now)) else { return Ok(()) };
    if peer.is_gates(binding.port(), me) { Ok(()) } else { Err(not_the_sender(app, peer)) }
}

/// Refuses an authority's message over a connection of anybody else.
fn from_authority(app: &AppState, peer: &Peer, from: Option<AuthorityCode>) -> Result<(), Problem> {
    match from {
        Some(from) if !peer.is_authority(from) => Err(not_the_sender(app, peer)),
        Some(_) | None => Ok(()),
    }
}

fn not_the_sender(app: &AppState, peer: &Peer) -> Problem {
    let party = peer.party.to_string();
    tracing::error!(party, "alarm: a party brought a message that is another one's");
    app.metrics.count_not_the_sender(&party);
    ProblemCode::NotTheSender.into()
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
    responses((status = 200, description = "The signed receipt: kept until a day after its week.", body = Octets, content_type = "application/cbor")))]
pub(super) async fn handovers(
    State(app): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    CborBody(body): CborBody,
) -> Result<impl IntoResponse, Problem> {
    let payload = unverified_payload(&body).ok();
    from_authority(
        &app,
        &peer,
        payload.and_then(|payload| Handover::decode(payload).ok()).map(|told| told.from),
    )?;
    Ok(cbor(app.state.service.take_handover(&body, (app.state.now)()).await?))
}

/// Takes a notice
///
/// The entering authority tells the issuer of a token, or of a document that was laid down, where and on which day it was used:
/// no more than that travels.
#[utoipa::path(post, path = "/v1/notices", tag = "authorities",
    request_body(content = Octets, content_type = "application/cbor"),
    responses((status = 200, description = "The signed receipt: counted, once.", body = Octets, content_type = "application/cbor")))]
pub(super) async fn notices(
    State(app): State<Arc<AppState>>,
    Extension(peer): Extension<Peer>,
    CborBody(body): CborBody,
) -> Result<impl IntoResponse, Problem> {
    let payload = unverified_payload(&body).ok();
    from_authority(
        &app,
        &peer,
        payload.and_then(|payload| EitherNotice::decode(payload).ok()).map(|told| told.from()),
    )?;
    Ok(cbor(app.state.service.take_notice(&body, (app.state.now)()).await?))
}

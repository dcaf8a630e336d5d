//! Wallet: what a traveller's wallet asks of a desk without its camera: the standing request, and the answer to any request.
//!
//! Lives here: `/v1`. Not here: what a clerk sees of it (`counter`). Nobody is told anything here but what they sent themselves.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use credential::venue::MAX_ANSWER_LEN;

use super::App;
use super::body::bytes;
use super::problem::Problem;

/// Days of the request that is given online: an answer that is made around midnight counts too.
const ONLINE_DAYS: u16 = 2;
const CBOR: &str = "application/cbor";

/// Gives the desk's standing request
///
/// As a printed sign has it: a signed message, CBOR (docs/venues.md, Request).
#[utoipa::path(get, path = "/v1/request", tag = "wallet",
    responses((status = 200, description = "The signed request.", content_type = "application/cbor"),
        (status = 403, description = "The desk may not ask now; the code says why.", body = Problem)))]
pub(super) async fn standing_request(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let state = &app.state;
    let (lists, now) = ((state.lists)(), (state.now)());
    let asked = state.desk.standing(ONLINE_DAYS, state.reply.as_deref(), lists.as_ref(), now).await?;
    Ok(([(header::CONTENT_TYPE, CBOR)], asked.bytes).into_response())
}

/// Takes an answer
///
/// The same bytes again give the same receipt.
#[utoipa::path(post, path = "/v1/answers", tag = "wallet",
    request_body(content_type = "application/cbor", description = "The bytes of an answer (docs/venues.md, Presentation)."),
    responses((status = 200, description = "The signed receipt.", content_type = "application/cbor"),
        (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(super) async fn answer(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let state = &app.state;
    let answer = bytes(request, &(), CBOR, MAX_ANSWER_LEN).await?;
    let lists = (state.lists)();
    let taken = state.desk.take(&answer, lists.as_ref(), (state.now)()).await?;
    Ok(([(header::CONTENT_TYPE, CBOR)], taken.receipt).into_response())
}

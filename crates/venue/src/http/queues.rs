//! Queues: what waits for the police's register or the hotel's system, and what was refused there, guest by guest.
//!
//! Lives here: `/api/queues`, the hand-over again. Not here: figures (`health`), sending (`police`, `hotel_system`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::App;
use super::body::id;
use super::hotel::{StaysBody, hotel};
use super::problem::Problem;
use super::session::Clerk;
use crate::stay::StayId;

/// Lists the stays of which a report waits or was refused
///
/// The oldest report first, of guests who have left too.
#[utoipa::path(get, path = "/api/queues", tag = "hotel",
    responses((status = 200, description = "The stays with their reports.", body = StaysBody), (status = 401, body = Problem)))]
pub(super) async fn queues(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
) -> Result<Json<StaysBody>, Problem> {
    let hotel = hotel(&app)?;
    let records = hotel.open_reports(&actor, (app.state.now)()).await?;
    Ok(Json(StaysBody::new(hotel, &records)))
}

/// Hands a guest over to the hotel's system once more
///
/// For a refusal that was mended there. What was refused gives way to it.
#[utoipa::path(post, path = "/api/stays/{id}/hand-over", tag = "hotel", params(("id" = String, Path,)),
    responses((status = 204, description = "It waits to be sent."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn hand_over(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<StatusCode, Problem> {
    hotel(&app)?.hand_over_again(id::<StayId>(path)?, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

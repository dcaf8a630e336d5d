//! Lists: what is signed for everybody: trust lists, approvals, status lists.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use credential::sha256;
use documents::AuthorityCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::AppState;
use super::body::{Octets, base64};
use super::problem::{Problem, ProblemCode};
use crate::status_capacity::STATUS_LISTS;

/// A signed trust list.
#[derive(Serialize, ToSchema)]
struct TrustListAnswer {
    #[schema(example = "MAC")]
    authority: &'static str,
    /// A chain of lists (COSE_Sign), the newest last.
    list: String,
}

/// The newest signed trust lists.
#[derive(Serialize, ToSchema)]
pub(super) struct TrustListsAnswer {
    lists: Vec<TrustListAnswer>,
}

/// Gives the newest trust lists
#[utoipa::path(get, path = "/v1/trust-lists", tag = "public",
    responses((status = 200, description = "This authority's own list and those of the others as it has them.",
        body = TrustListsAnswer)))]
pub(super) async fn trust_lists(State(app): State<Arc<AppState>>) -> Response {
    let answer = |(authority, list): (AuthorityCode, Vec<u8>)| TrustListAnswer {
        authority: authority.code(),
        list: base64(&list),
    };
    let lists = (app.state.trust_lists)().into_iter().map(answer).collect();
    revalidated(Json(TrustListsAnswer { lists }))
}

/// The signed approvals.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovalsAnswer {
    /// Bundles of one approval and its signatures.
    approvals: Vec<String>,
}

/// Gives the approvals
#[utoipa::path(get, path = "/v1/approvals", tag = "public",
    responses((status = 200, description = "Every approval that is in force or to come.", body = ApprovalsAnswer)))]
pub(super) async fn approvals(State(app): State<Arc<AppState>>) -> Response {
    let approvals = (app.state.approvals)().iter().map(|bundle| base64(bundle)).collect();
    revalidated(Json(ApprovalsAnswer { approvals }))
}

/// A cache may keep a list, and asks each time whether it is still the newest.
fn revalidated(answer: impl IntoResponse) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Gives a status list
///
/// Signed afresh when it is older than 30 seconds, and whenever a token was revoked since. A cache may keep it and
/// must ask each time (`Cache-Control: no-cache`, `ETag`): no answer misses a revocation that came before it.
#[utoipa::path(get, path = "/v1/status-lists/{n}", tag = "public",
    params(("n" = u8, Path, minimum = 0, maximum = 23, description = "The number of the list.")),
    responses(
        (status = 200, description = "A Token Status List in its CWT form.", body = Octets,
            content_type = "application/statuslist+cwt"),
        (status = 304, description = "The list that the caller has is still the newest.")))]
pub(super) async fn status_list(
    State(app): State<Arc<AppState>>,
    number: Result<Path<u8>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Ok(Path(number)) = number else { return Err(ProblemCode::NotFound.into()) };
    if number >= STATUS_LISTS {
        return Err(ProblemCode::NotFound.into());
    }
    let list = app.state.service.current_status_list(number, (app.state.now)()).await?;
    let tag = format!("\"{}\"", hex::encode(sha256(&list).split_at(16).0));
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let held = known
        .flat_map(|value| value.split(','))
        .any(|held| matches!(held.trim(), "*") || held.trim().trim_start_matches("W/") == tag);
    let response = if held {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/statuslist+cwt")], list.to_vec()).into_response()
    };
    let mut response = revalidated(response);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

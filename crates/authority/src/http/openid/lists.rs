//! Lists: statuses of the credentials in wallets of others; for verifiers the root certificate and what it revoked.
//!
//! Lives here: the list as a JWT and as a CWT, which lists there are. Not here: how a list is signed (`crate::openid`).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use openid4vc::issuance::Endpoints;
use serde_json::json;

use super::super::AppState;
use super::super::problem::{Problem, ProblemCode};
use super::{accepts, issuer, json_answer};
use crate::status_capacity::STATUS_LISTS;

/// Names the status lists
///
/// The aggregation of the draft's section 9: a verifier that works offline fetches all of them ahead.
#[utoipa::path(get, path = "/openid/status-lists", tag = "openid",
    responses((status = 200, description = "`status_lists`.", content_type = "application/json", body = Object)))]
pub(in super::super) async fn openid_status_lists(
    State(app): State<Arc<AppState>>,
) -> Result<Response, Problem> {
    let issuer = issuer(&app)?;
    let base = issuer.endpoints.at(Endpoints::STATUS);
    let lists: Vec<String> = (0..STATUS_LISTS).map(|number| format!("{base}/{number}")).collect();
    Ok(json_answer(StatusCode::OK, &json!({"status_lists": lists})))
}

/// Gives a status list
///
/// Token Status List as a JWT, or as a CWT where `application/statuslist+cwt` is accepted and no JWT is.
#[utoipa::path(get, path = "/openid/status-lists/{n}", tag = "openid",
    params(("n" = u8, Path, minimum = 0, maximum = 23, description = "The number of the list.")),
    responses((status = 200, description = "The list.", content_type = "application/statuslist+jwt", body = String)))]
pub(in super::super) async fn openid_status_list(
    State(app): State<Arc<AppState>>,
    number: Result<Path<u8>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let issuer = issuer(&app)?;
    let number = number.ok().map(|Path(number)| number).filter(|number| *number < STATUS_LISTS);
    let number = number.ok_or(ProblemCode::NotFound)?;
    let (jwt, cwt) = ("application/statuslist+jwt", "application/statuslist+cwt");
    let (service, now) = (&app.state.service, (app.state.now)());
    if accepts(&headers, cwt) && !accepts(&headers, jwt) {
        let list = service.openid_status_list_cwt(&issuer, number, now).await?;
        return Ok(([(header::CONTENT_TYPE, cwt)], list).into_response());
    }
    let list = service.openid_status_list_jwt(&issuer, number, now).await?;
    Ok(([(header::CONTENT_TYPE, jwt)], list).into_response())
}

/// Gives the root certificate
///
/// Of this authority's signers of credentials for wallets of others, in DER: what a verifier takes into its list of trusted roots.
#[utoipa::path(get, path = "/openid/root.cer", tag = "openid",
    responses((status = 200, description = "The certificate.", content_type = "application/pkix-cert", body = String)))]
pub(in super::super) async fn root_certificate(
    State(app): State<Arc<AppState>>,
) -> Result<Response, Problem> {
    let issuer = issuer(&app)?;
    Ok(([(header::CONTENT_TYPE, "application/pkix-cert")], issuer.root.clone()).into_response())
}

/// Gives the list of revoked certificates
///
/// Of the signers and readers below this authority's root, in DER (RFC 5280, 5): their certificates name this address
/// (cRLDistributionPoints; ISO/IEC 18013-5, annex B). A certificate stands there when its key was reported as compromised. The list counts for
/// 30 days and is signed anew each day.
#[utoipa::path(get, path = "/openid/root.crl", tag = "openid",
    responses((status = 200, description = "The list.", content_type = "application/pkix-crl", body = String)))]
pub(in super::super) async fn revoked_certificates(
    State(app): State<Arc<AppState>>,
) -> Result<Response, Problem> {
    let list = issuer(&app)?.revoked.get().ok_or(ProblemCode::NotFound)?;
    Ok(([(header::CONTENT_TYPE, "application/pkix-crl")], list).into_response())
}

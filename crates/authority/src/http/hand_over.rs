//! Hand-over: the doors by which a wallet offers its pass to another device of its holder, and that device takes it.
//!
//! Lives here: `/v1/hand-over`. Not here: what becomes of the pass (`crate::enrolment`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{Base64, ClientAddress, JsonBody, base64};
use super::dpop::{Device, Wallet};
use super::problem::Problem;

/// A pass that is offered to another device.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandOverOffer {
    /// The SHA-256 of the code for this authority, 32 bytes in base64url.
    #[schema(value_type = String, example = "BYFvk6LjGHJnuSmhkBHsaYzTlprIy0Z_BVxBhHEvZT8")]
    code: Base64,
    /// What goes along, sealed by the wallet: at most 48 KiB in base64url. It is given to whoever takes the pass, and gone then.
    parcel: Option<Base64>,
}

/// An offer that stands.
#[derive(Serialize, ToSchema)]
pub(super) struct HandOverOfferAnswer {
    /// From when on the code counts no more.
    #[schema(format = DateTime)]
    expires: String,
}

/// Offers the pass to another device of its holder
///
/// By the wallet in force. Whoever shows the code with this hash within ten minutes gets the pass; an earlier offer counts no more.
#[utoipa::path(post, path = "/v1/hand-over", operation_id = "offer_hand_over", tag = "wallet", request_body = HandOverOffer,
    security(("wallet" = [])), responses((status = 201, description = "Offered.", body = HandOverOfferAnswer)))]
pub(super) async fn offer(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
    JsonBody(body): JsonBody<HandOverOffer>,
) -> Result<(StatusCode, Json<HandOverOfferAnswer>), Problem> {
    let code = body.code.0.try_into().map_err(|_| Problem::wrong_field("code"))?;
    let parcel = body.parcel.map(|parcel| parcel.0).unwrap_or_default();
    let until = app.state.service.offer_hand_over(&session, code, parcel, (app.state.now)()).await?;
    Ok((StatusCode::CREATED, Json(HandOverOfferAnswer { expires: until.to_string() })))
}

/// Withdraws the offer
///
/// Nobody gets the pass by its code any more. Where there is none, nothing changes.
#[utoipa::path(delete, path = "/v1/hand-over", operation_id = "withdraw_hand_over", tag = "wallet", security(("wallet" = [])),
    responses((status = 204, description = "Nothing is offered.")))]
pub(super) async fn withdraw(State(app): State<Arc<AppState>>, Wallet(session): Wallet) -> StatusCode {
    app.state.service.withdraw_hand_over(&session);
    StatusCode::NO_CONTENT
}

/// A code that another device of the holder shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HandOverCode {
    /// The code for this authority, 32 bytes in base64url.
    #[schema(value_type = String, example = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8")]
    code: Base64,
}

/// A pass that came to this device.
#[derive(Serialize, ToSchema)]
pub(super) struct HandOverAnswer {
    /// The wallet's secret for this authority, 32 bytes in base64url: it stands after `DPoP` from now on, beside a proof of
    /// the same device key.
    secret: String,
    /// The holder's home authority.
    #[schema(example = "HKG")]
    home: &'static str,
    /// What the wallet of before sent along, sealed by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel: Option<String>,
}

/// Takes a pass that another device of the holder offers
///
/// The wallet of before ends, with all its codes. The same device key may ask again for ten minutes, where an answer was lost.
#[utoipa::path(post, path = "/v1/hand-over/take", operation_id = "take_hand_over", tag = "wallet", request_body = HandOverCode,
    responses((status = 201, description = "The pass is in force on this device.", body = HandOverAnswer)))]
pub(super) async fn take(
    State(app): State<Arc<AppState>>,
    ClientAddress(client): ClientAddress,
    device: Device,
    JsonBody(body): JsonBody<HandOverCode>,
) -> Result<(StatusCode, Json<HandOverAnswer>), Problem> {
    let code = body.code.0.try_into().map_err(|_| Problem::wrong_field("code"))?;
    app.enrolments.hold_back(client, device.thumbprint)?;
    let over = app.state.service.take_hand_over(&code, device.thumbprint, (app.state.now)()).await?;
    let answer = HandOverAnswer {
        secret: base64(&over.secret),
        home: over.home.code(),
        parcel: (!over.parcel.is_empty()).then(|| base64(&over.parcel)),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

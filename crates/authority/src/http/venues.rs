//! Venues: credentials that a wallet shows at desks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use credential::venue::CredentialKind;
use documents::DocumentKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{JsonBody, Text, base64};
use super::dpop::Wallet;
use super::problem::Problem;
use super::wallet::{AttestationWanted, Device, KeyClassName, attestation, class_name, proofs};
use crate::issuance::attestation::SoftwareReason;
use crate::issuance::venue::CredentialsWanted;

/// Device keys that want credentials for desks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VenueCredentialsWanted {
    /// `identity`, `age`, `residence` or `portrait`.
    #[schema(value_type = String, example = "identity")]
    kind: Text<CredentialKind>,
    /// Of an identity: the kind of document; left out: the one that passes of this authority rest on.
    #[schema(value_type = Option<String>, example = "home_return_permit")]
    document: Option<Text<DocumentKind>>,
    #[schema(inline)]
    key_class: KeyClassName,
    /// 1 to 64 device keys, used for nothing else.
    devices: Vec<Device>,
    /// Left out: the keys are ones in software.
    #[schema(inline)]
    attestation: Option<AttestationWanted>,
}

/// Credentials, in the order of the device keys.
#[derive(Serialize, ToSchema)]
pub(super) struct VenueCredentialsAnswer {
    /// SD-CWTs, base64url (docs/venues.md).
    credentials: Vec<String>,
    /// When all of them end.
    #[schema(format = DateTime)]
    expires: String,
    /// The class of the device keys here: `software`, `hardware` or `secure_element`.
    key_class: &'static str,
    /// Why it is `software`: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    key_class_reason: Option<&'static str>,
}

/// Gives credentials for desks
///
/// An identity comes from the authority of the document, every other kind from the home authority. Each is shown once.
#[utoipa::path(post, path = "/v1/venue-credentials", tag = "wallet", request_body = VenueCredentialsWanted,
    security(("wallet" = [])),
    responses((status = 200, description = "One credential for each device key, or none at all.", body = VenueCredentialsAnswer)))]
pub(super) async fn venue_credentials(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
    JsonBody(wanted): JsonBody<VenueCredentialsWanted>,
) -> Result<Json<VenueCredentialsAnswer>, Problem> {
    let now = (app.state.now)();
    let attestation = attestation(wanted.key_class, wanted.attestation)?;
    let keys = proofs(wanted.devices)?;
    let asked = CredentialsWanted { kind: wanted.kind.0, document: wanted.document.map(|kind| kind.0) };
    let service = &app.state.service;
    let batch = service.issue_for_venues(&session, asked, &keys, attestation.as_ref(), now).await?;
    Ok(Json(VenueCredentialsAnswer {
        credentials: batch.credentials.iter().map(|credential| base64(credential)).collect(),
        expires: batch.expires.to_string(),
        key_class: class_name(batch.class.class),
        key_class_reason: batch.class.reason.map(SoftwareReason::code),
    }))
}

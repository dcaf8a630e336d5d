//! Counter: what an officer at an office does about enrolments and cards: invitations, second enrolments that wait, the card that
//! follows one.

use std::sync::Arc;

use ::officers::Deed;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use documents::{Document, DocumentKind, DocumentNumber, DocumentStatus, LocalDate, parse_endorsement};
use openid4vc::issuance::{Configuration, CredentialOffer, Grant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{JsonBody, Officer, Text};
use super::officers::reference_of;
use super::problem::{Problem, ProblemCode};
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

/// To whom credentials are offered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    document: DocumentRef,
    /// Which: ids of the issuer's metadata, such as `photo-id-mdoc`.
    #[schema(value_type = Vec<String>)]
    configurations: Vec<Text<Configuration>>,
}

/// An offer to a wallet of others.
#[derive(Serialize, ToSchema)]
pub(super) struct OfferAnswer {
    /// The offer as a link: shown as a symbol, or opened on the phone.
    offer: String,
    /// The number that the officer tells the holder: told once, and by another way than the link.
    #[schema(example = "493536")]
    tx_code: String,
    /// From when on it does not count.
    #[schema(format = DateTime)]
    expires: String,
}

/// Offers credentials to a resident's wallet of others
///
/// The officer saw the holder and their document. The wallet fetches them with the number that the officer tells (`OpenID4VCI` 1.0,
/// pre-authorized code).
#[utoipa::path(post, path = "/v1/residents/offer", tag = "officers", request_body = Offer,
    security(("officer" = [])), responses((status = 201, description = "Offered.", body = OfferAnswer)))]
pub(super) async fn offer(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whom): JsonBody<Offer>,
) -> Result<(StatusCode, Json<OfferAnswer>), Problem> {
    let number = whom.document.number()?;
    let configurations: Vec<Configuration> = whom.configurations.into_iter().map(|one| one.0).collect();
    if configurations.is_empty() {
        return Err(Problem::wrong_field("configurations"));
    }
    let acting = officer.may(&app, Deed::OfferCredentials, reference_of(&app, &number)).await?;
    let made = async {
        let issuer = super::openid::issuer(&app)?;
        let made = app.state.service.offer_at_counter(&number, &configurations, (app.state.now)()).await?;
        Ok::<_, Problem>((issuer, made))
    };
    let (issuer, made) = acting.told(made.await).await?;
    let offer = CredentialOffer {
        credential_issuer: issuer.endpoints.issuer().to_owned(),
        credential_configuration_ids: configurations.iter().map(|one| one.id()).collect(),
        grants: Some(Grant::pre_authorized(made.code, made.tx_code.len())),
    };
    let offer = offer.link().map_err(|_| Problem::new(ProblemCode::Internal))?;
    Ok((
        StatusCode::CREATED,
        Json(OfferAnswer { offer, tx_code: made.tx_code, expires: made.expires.to_string() }),
    ))
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

/// The card that follows one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replacement {
    /// The card that is replaced or renewed.
    document: DocumentRef,
    /// The number of the new card, as printed; the same for one that keeps it.
    #[schema(example = "C12345678")]
    number: String,
    /// The last day of the new card; left out: none.
    #[schema(value_type = Option<String>, format = Date)]
    expires: Option<Text<LocalDate>>,
    /// Endorsements of the new card, each as `kind:destination:from:to:entries` (docs/cases.md); those of the old one end with it.
    #[serde(default)]
    endorsements: Vec<String>,
}

/// Writes the card that follows one
///
/// Codes and paper passes on the old card end at once; the pass goes on, and the wallet fetches codes on the new card without a new enrolment.
#[utoipa::path(post, path = "/v1/residents/replace", tag = "officers", request_body = Replacement,
    security(("officer" = [])), responses((status = 204, description = "Replaced.")))]
pub(super) async fn replace(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(wanted): JsonBody<Replacement>,
) -> Result<StatusCode, Problem> {
    let (service, now) = (&app.state.service, (app.state.now)());
    let old = wanted.document.number()?;
    let number = DocumentNumber::parse(old.kind(), &wanted.number)
        .map_err(|fault| Problem::new(ProblemCode::NumberInvalid).with_detail(fault.to_string()))?;
    let endorsed = old.kind() == DocumentKind::ExitEntryPermit;
    let read = |text: &String| parse_endorsement(&service.rules, text).ok().filter(|_| endorsed);
    let endorsements = wanted.endorsements.iter().map(read).collect::<Option<Vec<_>>>();
    let endorsements = endorsements.ok_or_else(|| Problem::wrong_field("endorsements"))?;
    let new = Document {
        number,
        issued: Some(now.local_date()),
        expires: wanted.expires.map(|day| day.0),
        status: DocumentStatus::Valid,
        endorsements,
    };
    let acting = officer.may(&app, Deed::ReplaceDocument, reference_of(&app, &old)).await?;
    acting.told(service.replace_document(&old, &new, now).await).await?;
    Ok(StatusCode::NO_CONTENT)
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

//! Carers: the doors of wallets and of counters for a pass on a carer's phone (`docs/carer.md`).

use std::sync::Arc;

use ::officers::Deed;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use documents::{CarerGround, CarerOver, LocalDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppState;
use super::body::{JsonBody, Officer, Text, base64, id_of_path};
use super::dpop::Wallet;
use super::officers::reference_of;
use super::problem::{Problem, ProblemCode};
use super::wallet::DocumentRef;
use crate::carers::OwnCarer;
use crate::store::carer::CarerId;

/// A relation of a ward and a carer. It names nobody.
#[derive(Serialize, ToSchema)]
pub(super) struct CarerAnswer {
    /// Its id, base64url.
    id: String,
    /// What the one who asks is in it: `ward` or `carer`.
    role: &'static str,
    /// `parent`, `guardian` or `authorised`.
    ground: &'static str,
    /// The day on which a counter wrote it.
    #[schema(format = Date)]
    from: String,
    /// The last day on which it stands by itself.
    #[schema(format = Date)]
    last: String,
    /// Why it stands no more: `of_age`, `date_over`, `withdrawn_by_ward`, `withdrawn_by_carer` or `ended_at_counter`; left out while
    /// it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<&'static str>,
}

impl CarerAnswer {
    pub(super) fn new(own: &OwnCarer) -> Self {
        Self {
            id: base64(own.id.as_bytes()),
            role: own.role.as_str(),
            ground: own.ground.as_str(),
            from: own.from.to_string(),
            last: own.last.to_string(),
            over: own.over.map(CarerOver::as_str),
        }
    }
}

/// Relations of somebody.
#[derive(Serialize, ToSchema)]
pub(super) struct CarersAnswer {
    carers: Vec<CarerAnswer>,
}

impl CarersAnswer {
    fn new(own: &[OwnCarer]) -> Self {
        Self { carers: own.iter().map(CarerAnswer::new).collect() }
    }
}

/// Tells a holder whose passes they carry, and who carries theirs
///
/// Those that ended are among them, with why.
#[utoipa::path(get, path = "/v1/carers", tag = "wallet", security(("wallet" = [])),
    responses((status = 200, description = "The relations of this holder here.", body = CarersAnswer)))]
pub(super) async fn own_carers(
    State(app): State<Arc<AppState>>,
    Wallet(session): Wallet,
) -> Result<Json<CarersAnswer>, Problem> {
    let own = app.state.service.own_carers(&session, (app.state.now)()).await?;
    Ok(Json(CarersAnswer::new(&own)))
}

/// Ends a relation
///
/// By the ward or by the carer. The ward's pass on that phone ends at once, with all its tokens and credentials.
#[utoipa::path(delete, path = "/v1/carers/{id}", tag = "wallet", security(("wallet" = [])),
    params(("id" = String, Path, description = "The id of the relation.")),
    responses((status = 204, description = "Ended.")))]
pub(super) async fn withdraw_carer(
    State(app): State<Arc<AppState>>,
    id: Result<Path<String>, PathRejection>,
    Wallet(session): Wallet,
) -> Result<StatusCode, Problem> {
    let id = CarerId::from_bytes(id_of_path(id).ok_or(ProblemCode::UnknownCarer)?);
    app.state.service.withdraw_carer(&session, id, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who may carry whose pass.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CarerWanted {
    /// A document of the ward, whose pass it is.
    ward: DocumentRef,
    /// A document of the carer.
    carer: DocumentRef,
    /// `parent` or `guardian`, whose proof the clerk saw, or `authorised`: the ward, old enough for it, said so.
    #[schema(value_type = String, example = "parent")]
    ground: Text<CarerGround>,
    /// The last day; left out for a minor: until their birthday.
    #[schema(value_type = Option<String>, format = Date)]
    until: Option<Text<LocalDate>>,
}

/// Writes who may carry a pass
///
/// The clerk saw both persons, and the proof of guardianship or heard the ward's own word. The ward's invitation is made apart, and
/// used on the carer's phone.
#[utoipa::path(post, path = "/v1/residents/carers", tag = "officers", request_body = CarerWanted,
    security(("officer" = [])), responses((status = 201, description = "Written.", body = CarerAnswer)))]
pub(super) async fn add_carer(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(wanted): JsonBody<CarerWanted>,
) -> Result<(StatusCode, Json<CarerAnswer>), Problem> {
    let (ward, carer) = (wanted.ward.number()?, wanted.carer.number()?);
    let until = wanted.until.map(|day| day.0);
    let acting = officer.may(&app, Deed::AddCarer, reference_of(&app, &ward)).await?;
    let now = (app.state.now)();
    let made = app.state.service.add_carer((&ward, &carer), wanted.ground.0, until, now).await;
    let made = acting.told(made).await?;
    Ok((StatusCode::CREATED, Json(CarerAnswer::new(&made))))
}

/// Whose relations.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhoseCarers {
    document: DocumentRef,
}

/// Lists the relations of a resident
#[utoipa::path(post, path = "/v1/residents/carers/list", tag = "officers", request_body = WhoseCarers,
    security(("officer" = [])), responses((status = 200, description = "As ward and as carer.", body = CarersAnswer)))]
pub(super) async fn list_carers(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<WhoseCarers>,
) -> Result<Json<CarersAnswer>, Problem> {
    let number = whose.document.number()?;
    let acting = officer.may(&app, Deed::ReadCarers, reference_of(&app, &number)).await?;
    let found = acting.told(app.state.service.carers_of(&number, (app.state.now)()).await).await?;
    Ok(Json(CarersAnswer::new(&found)))
}

/// Which relations end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CarerEnding {
    /// A document of the ward.
    ward: DocumentRef,
    /// A document of the carer; left out: whoever carries the pass.
    carer: Option<DocumentRef>,
}

/// How many ended.
#[derive(Serialize, ToSchema)]
pub(super) struct CarersEnded {
    ended: usize,
}

/// Ends who may carry a pass
///
/// The ward's pass on that phone ends at once, with all its tokens and credentials.
#[utoipa::path(post, path = "/v1/residents/carers/end", tag = "officers", request_body = CarerEnding,
    security(("officer" = [])), responses((status = 200, description = "Ended.", body = CarersEnded)))]
pub(super) async fn end_carer(
    State(app): State<Arc<AppState>>,
    officer: Officer,
    JsonBody(whose): JsonBody<CarerEnding>,
) -> Result<Json<CarersEnded>, Problem> {
    let ward = whose.ward.number()?;
    let carer = whose.carer.map(|carer| carer.number()).transpose()?;
    let acting = officer.may(&app, Deed::EndCarer, reference_of(&app, &ward)).await?;
    let ended = app.state.service.end_carer(&ward, carer.as_ref(), (app.state.now)()).await;
    Ok(Json(CarersEnded { ended: acting.told(ended).await? }))
}

//! Library: readers at a self-service desk: their turn, loans, returns, renewals, payments; and what staff have to look at.
//!
//! Lives here: `/api/readers`, `/api/returns`, `/api/unsettled`. Not here: any decision (`crate::library`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use sip2::{Currency, Language, PaymentType};
use utoipa::ToSchema;

use super::App;
use super::body::{JsonBody, id, parsed};
use super::problem::Problem;
use super::record::{LookBody, looks};
use super::session::{AtDesk, Clerk};
use crate::desk::{AnswerId, Book};
use crate::library::{
    AccountId, Barcode, Charged, Denial, Ended, Ending, GivenBack, IntentId, Library, LibraryError, Reader,
    ReaderId, ReaderView, Want, hundredths,
};

fn library(app: &App) -> Result<&Library, Problem> {
    match app.state.desk.book() {
        Book::Library(library) => Ok(library),
        Book::Hotel(_) | Book::Building(_) => Err(LibraryError::NoReader.into()),
    }
}

/// The language in which the library's system is asked to answer (SIP2).
fn language(code: &str) -> Result<Language, Problem> {
    match code {
        "zh-Hans" => Ok(Language::Chinese),
        "zh-Hant" => Ok(Language::Traditional),
        "en" => Ok(Language::English),
        "pt" => Ok(Language::Portuguese),
        _ => Err(Problem::form("language", "language is none of zh-Hans, zh-Hant, en and pt")),
    }
}

/// The way to a library's own system, as it was found last.
#[derive(Serialize, ToSchema)]
pub(super) struct SystemBody {
    /// Whether it lends, as it said last; left out before it said anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    lends: Option<bool>,
    /// What is wrong on the way to it, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
}

impl SystemBody {
    pub(super) async fn of(library: &Library) -> Self {
        let lends = library.system().last_status().await.map(|status| status.lends());
        Self { lends, fault: library.system().last_fault().await }
    }
}

/// A reader who begins their turn: by an answer, or by the library's own card and its password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TurnBody {
    /// The id of the turn, which the page draws; the same again is the same turn.
    id: String,
    /// The answer to a request of this desk.
    answer: Option<String>,
    /// The number of the library's card.
    card: Option<String>,
    /// Its password.
    password: Option<String>,
    /// `zh-Hans`, `zh-Hant`, `en` or `pt`.
    language: String,
}

/// An item that is out.
#[derive(Serialize, ToSchema)]
pub(super) struct ChargedBody {
    item: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// When it is due back, as the library writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
}

impl From<Charged> for ChargedBody {
    fn from(Charged { item, title, due }: Charged) -> Self {
        Self { item, title, due }
    }
}

/// A reader's account as the library's system tells it now.
#[derive(Serialize, ToSchema)]
pub(super) struct ReaderBody {
    id: String,
    /// Whether the account was opened in this turn.
    new: bool,
    /// What is denied and why, by code: `charge_denied`, `card_lost`, `excessive_fines` ...
    denials: Vec<&'static str>,
    charged: Vec<ChargedBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charged_count: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    overdue_count: Option<u16>,
    /// What is owed, as the library writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fees: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<String>,
    /// What the library says to the reader.
    words: Vec<String>,
}

impl ReaderBody {
    fn new(id: ReaderId, view: ReaderView) -> Self {
        Self {
            id: id.to_string(),
            new: view.new,
            denials: view.denials.into_iter().map(Denial::code).collect(),
            charged: view.charged.into_iter().map(ChargedBody::from).collect(),
            charged_count: view.charged_count,
            overdue_count: view.overdue_count,
            fees: view.fees,
            currency: view.currency,
            words: view.words,
        }
    }
}

/// Begins a reader's turn
///
/// At a first visit an account is opened in the library's system. A turn ends two minutes after its last act.
#[utoipa::path(post, path = "/api/readers", tag = "library", request_body = TurnBody,
    responses((status = 201, description = "The reader's account.", body = ReaderBody), (status = 401, body = Problem),
        (status = 403, description = "The library does not take this card.", body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    AtDesk(actor): AtDesk,
    JsonBody(turn): JsonBody<TurnBody>,
) -> Result<Response, Problem> {
    let (library, now) = (library(&app)?, (app.state.now)());
    let (id, language) = (parsed::<ReaderId>("id", &turn.id)?, language(&turn.language)?);
    let reader = match (turn.answer, turn.card) {
        (Some(answer), None) => {
            let answer = parsed::<AnswerId>("answer", &answer)?;
            library.open_reader(id, answer, language, &actor, now).await?
        }
        (None, Some(card)) => {
            let card = parsed::<AccountId>("card", &card)?;
            let password = turn.password.unwrap_or_default();
            library.open_by_card(id, (&card, &password), language, &actor, now).await?
        }
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::form("answer", "send either answer, or card and password"));
        }
    };
    let body = ReaderBody::new(id, library.view(&reader, now).await?);
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

fn reader(app: &App, path: Path<String>) -> Result<(&Library, ReaderId, Reader), Problem> {
    let (library, id) = (library(app)?, id::<ReaderId>(path)?);
    let reader = library.reader(id, (app.state.now)())?;
    Ok((library, id, reader))
}

/// Tells a reader's account
#[utoipa::path(get, path = "/api/readers/{id}", tag = "library", params(("id" = String, Path,)),
    responses((status = 200, description = "The reader's account.", body = ReaderBody), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn view(
    State(app): State<Arc<App>>,
    _: AtDesk,
    path: Path<String>,
) -> Result<Json<ReaderBody>, Problem> {
    let (library, id, reader) = reader(&app, path)?;
    Ok(Json(ReaderBody::new(id, library.view(&reader, (app.state.now)()).await?)))
}

/// Ends a reader's turn
#[utoipa::path(delete, path = "/api/readers/{id}", tag = "library", params(("id" = String, Path,)),
    responses((status = 204, description = "Ended."), (status = 401, body = Problem)))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    _: AtDesk,
    path: Path<String>,
) -> Result<StatusCode, Problem> {
    let (library, id) = (library(&app)?, id::<ReaderId>(path)?);
    library.end_reader(id, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An item that a reader wants to take home.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantBody {
    /// The id of the loan, which the page draws; the same again is the same loan.
    id: String,
    /// The barcode.
    item: String,
    /// Whether the reader has agreed to its fee.
    #[serde(default)]
    fee_agreed: bool,
}

/// What became of an act.
#[derive(Serialize, ToSchema)]
pub(super) struct EndedBody {
    /// `done`, `refused`, `staff` (somebody has to look), or `open`: nobody knows yet, and the item stays at the desk.
    state: &'static str,
    /// Why, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// When it is due back, as the library writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// Whether the item's lock may be opened.
    unlock: bool,
    /// What it costs, where the reader has not agreed to it yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<String>,
    /// What the library says to the reader.
    words: Vec<String>,
}

impl From<Ended> for EndedBody {
    fn from(Ended { state, ending, words }: Ended) -> Self {
        let Ending { code, title, due, unlock, fee } = ending.unwrap_or_default();
        Self { state: state.code(), code, title, due, unlock, fee, words }
    }
}

/// Lends an item to the reader
#[utoipa::path(post, path = "/api/readers/{id}/loans", tag = "library", params(("id" = String, Path,)), request_body = WantBody,
    responses((status = 200, description = "What became of it.", body = EndedBody), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn borrow(
    State(app): State<Arc<App>>,
    _: AtDesk,
    path: Path<String>,
    JsonBody(want): JsonBody<WantBody>,
) -> Result<Json<EndedBody>, Problem> {
    let (library, _, reader) = reader(&app, path)?;
    let (id, item) = (parsed::<IntentId>("id", &want.id)?, parsed::<Barcode>("item", &want.item)?);
    let ended = library.borrow(&reader, id, &item, want.fee_agreed, (app.state.now)()).await?;
    Ok(Json(ended.into()))
}

/// An item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemBody {
    /// The barcode.
    item: String,
}

/// Renews a loan of the reader
#[utoipa::path(post, path = "/api/readers/{id}/renewals", tag = "library", params(("id" = String, Path,)), request_body = ItemBody,
    responses((status = 200, description = "What became of it.", body = EndedBody), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn renew(
    State(app): State<Arc<App>>,
    _: AtDesk,
    path: Path<String>,
    JsonBody(body): JsonBody<ItemBody>,
) -> Result<Json<EndedBody>, Problem> {
    let (library, _, reader) = reader(&app, path)?;
    let item = parsed::<Barcode>("item", &body.item)?;
    Ok(Json(library.renew(&reader, &item, (app.state.now)()).await?.into()))
}

/// What a reader has paid at the counter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaymentBody {
    /// The id of the payment, which the page draws; the same again is the same payment.
    id: String,
    /// Such as `2.50`.
    amount: String,
    /// ISO 4217: `CNY`, `HKD`, `MOP`.
    currency: String,
    /// `cash`, `visa` or `card`.
    how: String,
}

/// Tells the library that the reader has paid
#[utoipa::path(post, path = "/api/readers/{id}/payments", tag = "library", params(("id" = String, Path,)), request_body = PaymentBody,
    responses((status = 200, description = "What became of it.", body = EndedBody), (status = 401, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn pay(
    State(app): State<Arc<App>>,
    _: Clerk,
    path: Path<String>,
    JsonBody(paid): JsonBody<PaymentBody>,
) -> Result<Json<EndedBody>, Problem> {
    let (library, _, reader) = reader(&app, path)?;
    let (id, currency) =
        (parsed::<IntentId>("id", &paid.id)?, parsed::<Currency>("currency", &paid.currency)?);
    if hundredths(&paid.amount).is_none_or(|hundredths| hundredths == 0) {
        return Err(Problem::form("amount", "amount is no sum of money; write it like 2.50"));
    }
    let how = match paid.how.as_str() {
        "cash" => PaymentType::Cash,
        "visa" => PaymentType::Visa,
        "card" => PaymentType::CreditCard,
        _ => return Err(Problem::form("how", "how is none of cash, visa and card")),
    };
    let amount = (paid.amount.trim(), currency);
    Ok(Json(library.pay(&reader, id, amount, how, (app.state.now)()).await?.into()))
}

/// All that this desk keeps of a reader.
#[derive(Serialize, ToSchema)]
pub(super) struct ReaderRecordBody {
    /// The account in the library's system.
    account: String,
    looks: Vec<LookBody>,
}

/// Gives the reader all that this desk keeps of them
#[utoipa::path(get, path = "/api/readers/{id}/record", tag = "library", params(("id" = String, Path,)),
    responses((status = 200, description = "The record.", body = ReaderRecordBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn record(
    State(app): State<Arc<App>>,
    AtDesk(actor): AtDesk,
    path: Path<String>,
) -> Result<Json<ReaderRecordBody>, Problem> {
    let (library, _, reader) = reader(&app, path)?;
    let record = library.record(&reader, &actor, (app.state.now)()).await?;
    Ok(Json(ReaderRecordBody { account: record.account.as_str().to_owned(), looks: looks(&record.looks) }))
}

/// Forgets the reader, and ends the turn
///
/// The account in the library's own system is the library's to delete.
#[utoipa::path(post, path = "/api/readers/{id}/forget", tag = "library", params(("id" = String, Path,)),
    responses((status = 204, description = "Forgotten."), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "Something is still open.", body = Problem)))]
pub(super) async fn forget(
    State(app): State<Arc<App>>,
    AtDesk(actor): AtDesk,
    path: Path<String>,
) -> Result<StatusCode, Problem> {
    let (library, id) = (library(&app)?, id::<ReaderId>(path)?);
    library.forget_reader(id, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of an item that was given back.
#[derive(Serialize, ToSchema)]
pub(super) struct GivenBackBody {
    ok: bool,
    /// Why not, or why to give it to staff, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The bin into which it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    bin: Option<String>,
    /// What the library says.
    words: Vec<String>,
}

/// Takes an item back, whoever brings it
#[utoipa::path(post, path = "/api/returns", tag = "library", request_body = ItemBody,
    responses((status = 200, description = "What became of it.", body = GivenBackBody), (status = 401, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub(super) async fn give_back(
    State(app): State<Arc<App>>,
    _: AtDesk,
    JsonBody(body): JsonBody<ItemBody>,
) -> Result<Json<GivenBackBody>, Problem> {
    let item = parsed::<Barcode>("item", &body.item)?;
    let GivenBack { ok, code, title, bin, words } =
        library(&app)?.give_back(&item, (app.state.now)()).await?;
    Ok(Json(GivenBackBody { ok, code, title, bin, words }))
}

/// Something that staff have to look at.
#[derive(Serialize, ToSchema)]
pub(super) struct UnsettledBody {
    id: String,
    /// `open` (the desk still asks), `untold` (it stands, and the reader was not told) or `staff`.
    state: &'static str,
    /// Why, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// The reader's account.
    account: String,
    /// The item, of a loan.
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// How much, of a payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<String>,
}

/// Lists what staff have to look at
#[utoipa::path(get, path = "/api/unsettled", tag = "library",
    responses((status = 200, description = "The list.", body = Vec<UnsettledBody>), (status = 401, body = Problem)))]
pub(super) async fn unsettled(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
) -> Result<Json<Vec<UnsettledBody>>, Problem> {
    let found = library(&app)?.unsettled(&actor, (app.state.now)()).await?;
    let body = |one: crate::library::Unsettled| {
        let Ending { code, title, .. } = one.intent.ending.unwrap_or_default();
        let (item, amount) = match one.intent.want {
            Want::Loan { item } => (Some(item.as_str().to_owned()), None),
            Want::Payment { amount, .. } => (None, Some(amount)),
        };
        UnsettledBody {
            id: one.id.to_string(),
            state: one.intent.state.code(),
            code,
            account: one.intent.account.as_str().to_owned(),
            item,
            title,
            amount,
        }
    };
    Ok(Json(found.into_iter().map(body).collect()))
}

/// Says that staff have looked
#[utoipa::path(delete, path = "/api/unsettled/{id}", tag = "library", params(("id" = String, Path,)),
    responses((status = 204, description = "Settled."), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "The desk still asks.", body = Problem)))]
pub(super) async fn settled(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id::<IntentId>(path)?;
    library(&app)?.settled_by_staff(id, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

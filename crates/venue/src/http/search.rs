//! Search: finds the records of a person who stands at the counter, ended ones too, so that they can use their rights.
//!
//! Lives here: `/api/stays/search`, `/api/visits/search`. Not here: what is done with what is found (`hotel`, `building`). Each record
//! that is found stands in the log of looks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use credential::venue::Pseudonym;
use documents::Timestamp;
use serde::Deserialize;
use utoipa::ToSchema;

use super::App;
use super::body::{JsonBody, parsed};
use super::building::{VisitsBody, building};
use super::counter::unknown;
use super::hotel::{StaysBody, hotel, of_zone};
use super::problem::Problem;
use super::session::Clerk;
use crate::actor::Actor;
use crate::desk::{AnswerId, AnswerState};
use crate::profile::{Permit, PermitNumber};
use crate::stay::NameForm;

/// By what a person is found: one of an answer, a card's zone, a document, a name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchBody {
    /// A request that the person answered: their wallet's pseudonym finds them.
    answer: Option<String>,
    /// The machine-readable zone of a card, in lines. Hotels alone keep numbers.
    mrz: Option<String>,
    /// The kind of a document, by code, with `number`. Hotels alone keep numbers.
    document: Option<String>,
    /// The number of that document.
    number: Option<String>,
    /// The whole name in Latin letters or in Chinese, its words in any order.
    name: Option<String>,
}

enum By {
    Answer(AnswerId),
    Document(PermitNumber),
    Name(NameForm),
}

impl SearchBody {
    fn by(&self, now: Timestamp) -> Result<By, Problem> {
        match (&self.answer, &self.mrz, &self.document, &self.number, &self.name) {
            (Some(answer), None, None, None, None) => Ok(By::Answer(parsed("answer", answer)?)),
            (None, Some(zone), None, None, None) => {
                let shown = of_zone(zone, now).map_err(|error| Problem::form("mrz", error))?;
                let none = || Problem::form("mrz", "this document has no number here; search by name");
                shown.document.map(By::Document).ok_or_else(none)
            }
            (None, None, Some(code), Some(number), None) => {
                let permit: Permit = parsed("document_kind", code)?;
                let number = PermitNumber::parse(permit, number);
                number.map(By::Document).map_err(|error| Problem::form("document_number", error))
            }
            (None, None, None, None, Some(name)) => {
                let none = || Problem::form("name", "write the whole name, in any order");
                NameForm::of(name).map(By::Name).ok_or_else(none)
            }
            (_, _, _, _, _) => {
                let want = "search by one of these: answer, mrz, document with number, name";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "search_by_one", want))
            }
        }
    }
}

fn no_pseudonym() -> Problem {
    let detail = "a wallet of others has no pseudonym here; search by the document or by the name";
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "no_pseudonym", detail)
}

/// The pseudonym under which a wallet answered.
async fn pseudonym(app: &App, id: AnswerId, actor: &Actor, now: Timestamp) -> Result<Pseudonym, Problem> {
    let answer = app.state.desk.answer(id, actor, now).await?.ok_or_else(unknown)?;
    match answer.state {
        AnswerState::Answered(shown) => shown.pseudonym.ok_or_else(no_pseudonym),
        AnswerState::Waiting { .. } | AnswerState::Used(_) => Err(unknown()),
    }
}

/// Finds a guest's stays, ended ones too
#[utoipa::path(post, path = "/api/stays/search", tag = "hotel", request_body = SearchBody,
    responses((status = 200, description = "What is kept; by a name of 20 guests at most.", body = StaysBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn stays(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    JsonBody(given): JsonBody<SearchBody>,
) -> Result<Json<StaysBody>, Problem> {
    let (hotel, now) = (hotel(&app)?, (app.state.now)());
    let found = match given.by(now)? {
        By::Answer(id) => {
            let pseudonym = pseudonym(&app, id, &actor, now).await?;
            hotel.search(Some(pseudonym), None, &actor, now).await?
        }
        By::Document(number) => hotel.search(None, Some(&number), &actor, now).await?,
        By::Name(name) => hotel.search_name(&name, &actor, now).await?,
    };
    Ok(Json(StaysBody::new(hotel, &found)))
}

/// Finds a visitor's visits, ended ones too
///
/// A building keeps no numbers: by answer or name.
#[utoipa::path(post, path = "/api/visits/search", tag = "building", request_body = SearchBody,
    responses((status = 200, description = "What is kept; by a name of 20 visitors at most.", body = VisitsBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn visits(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    JsonBody(given): JsonBody<SearchBody>,
) -> Result<Json<VisitsBody>, Problem> {
    let (building, now) = (building(&app)?, (app.state.now)());
    let found = match given.by(now)? {
        By::Answer(id) => {
            let pseudonym = pseudonym(&app, id, &actor, now).await?;
            building.search(pseudonym, &actor, now).await?
        }
        By::Document(_) => {
            return Err(Problem::form("document_number", "a building keeps no numbers; search by name"));
        }
        By::Name(name) => building.search_name(&name, &actor, now).await?,
    };
    Ok(Json(VisitsBody::new(&found)))
}

//! Hotel: the register of guests, for clerks.
//!
//! Lives here: `/api/check-ins`, `/api/stays`. Not here: what is asked of whom (`profile`), what a stay may become (`stay`). One line
//! that cannot be read never holds up the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use documents::{LocalDate, Mrz, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::{JsonBody, id, parsed, typed};
use super::problem::Problem;
use super::record::StayBody;
use super::session::Clerk;
use crate::actor::Actor;
use crate::desk::{AnswerId, Book, CheckInError, Guests, Line, Who};
use crate::hotel::{Hotel, Record, Registered};
use crate::profile::Field;
use crate::stay::{
    Disclosed, GuestFault, MAX_PARTY, PartyError, PartyId, Room, RoomingList, Source, StayId, WrittenRow,
    WrittenRows,
};
use crate::store::Act;

/// One thing that is wrong.
#[derive(Serialize, ToSchema)]
pub(super) struct FaultBody {
    /// The stable code.
    code: String,
    /// The field or duty that it concerns.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What to do.
    text: String,
}

impl FaultBody {
    pub(super) fn new(code: &str, field: Option<&str>, text: impl std::fmt::Display) -> Self {
        Self { code: code.to_owned(), field: field.map(str::to_owned), text: text.to_string() }
    }
}

pub(super) fn faults(wrong: &BTreeSet<GuestFault>) -> Vec<FaultBody> {
    let about = |fault: &GuestFault| match fault {
        GuestFault::Duty(duty) => Some(duty.clone()),
        GuestFault::Missing(_)
        | GuestFault::TypedOverClaim(_)
        | GuestFault::NotAsked(_)
        | GuestFault::Form { .. }
        | GuestFault::PermitNotTaken(_)
        | GuestFault::TwiceInParty(_)
        | GuestFault::NoRoom => fault.field().map(|field| field.code().to_owned()),
    };
    wrong.iter().map(|fault| FaultBody::new(fault.code(), about(fault).as_deref(), fault)).collect()
}

/// Guests who arrive together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckInBody {
    /// The id of the party, drawn by the page: the same for every try of the same check-in.
    party: String,
    /// The day on which they mean to leave.
    #[schema(format = Date)]
    planned: String,
    /// 1 to 100 lines.
    lines: Vec<LineBody>,
    /// A rooming list, CSV with the columns `room` and `name`.
    rooming: Option<String>,
}

/// One guest.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LineBody {
    /// Its number in the party.
    line: u16,
    /// The request that this guest answered.
    answer: Option<String>,
    /// The machine-readable zone of the guest's card, in lines.
    mrz: Option<String>,
    /// What the clerk typed, by field (docs/desk.md).
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// What the clerk noted of a minor, by duty.
    #[serde(default)]
    notes: BTreeMap<String, String>,
    /// The room; left out where the rooming list says it.
    room: Option<String>,
}

/// What became of a party.
#[derive(Serialize, ToSchema)]
pub(super) struct CheckedInBody {
    lines: Vec<LineDoneBody>,
    /// Rows of the rooming list that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rooming: Vec<RowBody>,
}

/// A row that could not be read.
#[derive(Serialize, ToSchema)]
pub(super) struct RowBody {
    row: usize,
    text: String,
}

/// What became of one line.
#[derive(Serialize, ToSchema)]
pub(super) struct LineDoneBody {
    line: u16,
    /// `new`, `already`, `with_adult`, `refused`, `other_content` or `no_answer`.
    result: &'static str,
    /// The stay, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    stay: Option<String>,
    /// What has to be corrected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<FaultBody>,
}

impl LineDoneBody {
    fn new(line: u16, done: &Registered) -> Self {
        let (result, stay, wrong) = match done {
            Registered::New(id) => ("new", Some(id), Vec::new()),
            Registered::Already(id) => ("already", Some(id), Vec::new()),
            Registered::WithAdult => ("with_adult", None, Vec::new()),
            Registered::Refused(wrong) => ("refused", None, faults(wrong)),
            Registered::OtherContent => {
                let text = "another guest was registered under this line; take a new line";
                ("other_content", None, vec![FaultBody::new("other_content", None, text)])
            }
            Registered::NoAnswer(fault) => {
                ("no_answer", None, vec![FaultBody::new(fault.code(), None, fault)])
            }
        };
        Self { line, result, stay: stay.map(ToString::to_string), faults: wrong }
    }
}

/// The hotel of this desk: its routes stand on no other.
pub(super) fn hotel(app: &App) -> Result<&Hotel, Problem> {
    match app.state.desk.book() {
        Book::Hotel(hotel) => Ok(hotel),
        Book::Building(_) | Book::Library(_) => Err(Problem::from(CheckInError::NoHotel)),
    }
}

/// Checks in a party
///
/// Every line that can be registered is, in one transaction. The same party again gives the same stays.
#[utoipa::path(post, path = "/api/check-ins", tag = "hotel", request_body = CheckInBody,
    responses((status = 200, description = "What became of each line.", body = CheckedInBody), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn check_in(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    JsonBody(given): JsonBody<CheckInBody>,
) -> Result<Json<CheckedInBody>, Problem> {
    let now = (app.state.now)();
    let party: PartyId = parsed("party", &given.party)?;
    let planned: LocalDate = parsed("planned", &given.planned)?;
    if given.lines.is_empty() || given.lines.len() > MAX_PARTY {
        return Err(CheckInError::from(PartyError::Size(given.lines.len())).into());
    }
    let (rooming, rows) = match &given.rooming {
        Some(csv) => RoomingList::read(csv),
        None => (RoomingList::default(), Vec::new()),
    };
    let (mut lines, mut done) = (Vec::new(), Vec::new());
    for body in given.lines {
        let number = body.line;
        match line(body, now) {
            Ok(line) => lines.push(line),
            Err(fault) => {
                let (result, stay, faults) = ("refused", None, vec![fault]);
                done.push(LineDoneBody { line: number, result, stay, faults });
            }
        }
    }
    if !lines.is_empty() {
        let guests = Guests { party, planned, lines, rooming };
        let registered = app.state.desk.check_in(guests, &actor, now).await?;
        done.extend(registered.iter().map(|(line, one)| LineDoneBody::new(*line, one)));
    }
    done.sort_by_key(|one| one.line);
    let rooming = rows.into_iter().map(|row| RowBody { row: row.row, text: row.want }).collect();
    Ok(Json(CheckedInBody { lines: done, rooming }))
}

/// A rooming list to read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomingBody {
    /// CSV with the columns `room`, `name` and, where the list has them, codes of fields such as `document_number`.
    csv: String,
}

/// A rooming list, row by row.
#[derive(Serialize, ToSchema)]
pub(super) struct RoomingRowsBody {
    rows: Vec<WrittenRowBody>,
    /// Headings of columns that are not used.
    unused: Vec<String>,
}

/// One row as it was written, right or wrong.
#[derive(Serialize, ToSchema)]
pub(super) struct WrittenRowBody {
    /// Its number, from 1, the heading not counted.
    row: usize,
    room: String,
    /// By field, the name among them.
    fields: BTreeMap<&'static str, String>,
    /// What has to be mended of room or name.
    #[serde(skip_serializing_if = "Option::is_none")]
    want: Option<String>,
}

impl WrittenRowBody {
    fn new(row: &WrittenRow) -> Self {
        Self {
            row: row.row,
            room: row.room.clone(),
            fields: row.fields.iter().map(|(field, text)| (field.code(), text.clone())).collect(),
            want: row.checked().err().map(|error| error.want),
        }
    }
}

/// Reads a rooming list, as lines of a party
///
/// Nothing is registered, and a row that cannot be used holds up no other.
#[utoipa::path(post, path = "/api/rooming-lists", tag = "hotel", request_body = RoomingBody,
    responses((status = 200, description = "Its rows.", body = RoomingRowsBody), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn rooming(
    State(app): State<Arc<App>>,
    _: Clerk,
    JsonBody(given): JsonBody<RoomingBody>,
) -> Result<Json<RoomingRowsBody>, Problem> {
    hotel(&app)?;
    let refused = |code: &str, want: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, want);
    let written = WrittenRows::read(&given.csv).map_err(|error| refused("rooming_heading", error.want))?;
    let size = written.rows.len();
    if size == 0 || size > MAX_PARTY {
        return Err(CheckInError::from(PartyError::Size(size)).into());
    }
    let rows = written.rows.iter().map(WrittenRowBody::new).collect();
    Ok(Json(RoomingRowsBody { rows, unused: written.unused }))
}

fn line(body: LineBody, now: Timestamp) -> Result<Line, FaultBody> {
    let unread = |field: &str, want: &dyn std::fmt::Display| FaultBody::new("field_form", Some(field), want);
    let who = match (&body.answer, &body.mrz) {
        (Some(_), Some(_)) => {
            return Err(unread("mrz", &"an answer stands on this line; leave the card's zone out"));
        }
        (Some(answer), None) => {
            let answer = answer.parse::<AnswerId>();
            Who::Answer(answer.map_err(|error| unread("answer", &error))?)
        }
        (None, Some(zone)) => Who::Card(Box::new(of_zone(zone, now).map_err(|error| unread("mrz", &error))?)),
        (None, None) => Who::Card(Box::new(Disclosed::nothing(Source::Typed))),
    };
    let mut fields = BTreeMap::new();
    for (code, text) in body.fields {
        let field: Field = code.parse().map_err(|error| unread("fields", &error))?;
        fields.insert(field, text);
    }
    let room = body.room.map(|room| room.parse::<Room>()).transpose();
    let room = room.map_err(|error| unread("room", &error))?;
    Ok(Line { line: body.line, who, typed: fields, notes: body.notes, room })
}

/// What the zone of a card tells.
pub(super) fn of_zone(zone: &str, now: Timestamp) -> Result<Disclosed, documents::MrzError> {
    Mrz::parse(zone, now.local_date()).map(|mrz| Disclosed::of_mrz(&mrz))
}

/// Everybody in the house.
#[derive(Serialize, ToSchema)]
pub(super) struct StaysBody {
    stays: Vec<StayBody>,
}

impl StaysBody {
    pub(super) fn new(hotel: &Hotel, records: &[Record]) -> Self {
        Self { stays: records.iter().map(|record| StayBody::new(hotel, record)).collect() }
    }
}

/// Lists who is in the house
#[utoipa::path(get, path = "/api/stays", tag = "hotel", responses((status = 200, description = "In order of arrival.", body = StaysBody), (status = 401, body = Problem)))]
pub(super) async fn stays(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
) -> Result<Json<StaysBody>, Problem> {
    let hotel = hotel(&app)?;
    let records = hotel.in_house(&actor, (app.state.now)()).await?;
    Ok(Json(StaysBody::new(hotel, &records)))
}

async fn seen(app: &App, path: Path<String>, actor: &Actor, act: Act) -> Result<Json<StayBody>, Problem> {
    let hotel = hotel(app)?;
    let record = hotel.see(id::<StayId>(path)?, actor, act, (app.state.now)()).await?;
    let body = StayBody::new(hotel, &record);
    Ok(Json(if act == Act::Export { body.with_pseudonym(&record) } else { body }))
}

/// Shows a stay
#[utoipa::path(get, path = "/api/stays/{id}", tag = "hotel", params(("id" = String, Path,)),
    responses((status = 200, description = "The stay.", body = StayBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn stay(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<Json<StayBody>, Problem> {
    seen(&app, path, &actor, Act::See).await
}

/// Gives a guest a copy of everything that is kept
#[utoipa::path(get, path = "/api/stays/{id}/export", tag = "hotel", params(("id" = String, Path,)),
    responses((status = 200, description = "The copy.", body = StayBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<Json<StayBody>, Problem> {
    seen(&app, path, &actor, Act::Export).await
}

/// Erases a guest who asks for it
///
/// Refused with `in_house`, `report_open` or `kept_by_law`.
#[utoipa::path(delete, path = "/api/stays/{id}", tag = "hotel", params(("id" = String, Path,)),
    responses((status = 204, description = "Nothing is left."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<StatusCode, Problem> {
    hotel(&app)?.erase(id::<StayId>(path)?, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RoomBody {
    room: String,
}

/// Moves a guest to another room
#[utoipa::path(post, path = "/api/stays/{id}/room", tag = "hotel", params(("id" = String, Path,)), request_body = RoomBody,
    responses((status = 204, description = "Moved."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn room(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<RoomBody>,
) -> Result<StatusCode, Problem> {
    let room = parsed("room", &given.room)?;
    hotel(&app)?.change_room(id::<StayId>(path)?, room, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Fields by their codes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldsBody {
    #[serde(default)]
    fields: BTreeMap<String, String>,
}

/// Corrects what a clerk typed
#[utoipa::path(post, path = "/api/stays/{id}/correct", tag = "hotel", params(("id" = String, Path,)), request_body = FieldsBody,
    responses((status = 204, description = "Corrected."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn correct(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<FieldsBody>,
) -> Result<StatusCode, Problem> {
    let changes = typed(given.fields)?;
    hotel(&app)?.correct(id::<StayId>(path)?, &changes, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The fields of which a guest takes back the consent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WithdrawBody {
    fields: Vec<String>,
}

/// Forgets optional fields of which the guest takes back the consent
#[utoipa::path(post, path = "/api/stays/{id}/withdraw", tag = "hotel", params(("id" = String, Path,)), request_body = WithdrawBody,
    responses((status = 204, description = "Forgotten."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<WithdrawBody>,
) -> Result<StatusCode, Problem> {
    let fields = given.fields.iter().map(|code| parsed::<Field>("fields", code));
    let fields = fields.collect::<Result<BTreeSet<_>, _>>()?;
    hotel(&app)?.withdraw(id::<StayId>(path)?, &fields, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks a guest out
///
/// `fields` answers what the profile asks on leaving.
#[utoipa::path(post, path = "/api/stays/{id}/out", tag = "hotel", params(("id" = String, Path,)), request_body = FieldsBody,
    responses((status = 204, description = "Checked out."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn out(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<FieldsBody>,
) -> Result<StatusCode, Problem> {
    let answers = typed(given.fields)?;
    hotel(&app)?.check_out(id::<StayId>(path)?, &answers, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Building: the register of visitors, for the reception.
//!
//! Lives here: `/api/invitations`, `/api/visits`, `/api/evacuation`. Not here: what a visit may become (`visit`), doors (`door`).

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use documents::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::body::{JsonBody, drawn, id, parsed};
use super::hotel::of_zone;
use super::problem::Problem;
use super::record::{LookBody, looks};
use super::session::Clerk;
use crate::building::{Building, BuildingError, Invited, VisitRecord};
use crate::desk::{Book, Visiting};
use crate::door::{CommandId, Passage};
use crate::passing::{self, Passed, Through};
use crate::stay::{Disclosed, Source};
use crate::store::Act;
use crate::visit::{BadgeNumber, Host, Plan, Presence, Purpose, Visit, VisitId, Visitor, Warning, Zone};

pub(super) fn building(app: &App) -> Result<&Building, Problem> {
    match app.state.desk.book() {
        Book::Building(building) => Ok(building),
        Book::Hotel(_) | Book::Library(_) => Err(BuildingError::Unknown.into()),
    }
}

/// A number for a badge.
fn badge() -> Result<BadgeNumber, Problem> {
    drawn().map(BadgeNumber::from_random)
}

/// Whom somebody visits, why, where and when.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlanBody {
    /// Who is visited: a person or a department.
    host: String,
    /// A code such as `meeting` or `delivery`.
    purpose: String,
    /// 1 to 16 zones or floors.
    zones: Vec<String>,
    #[schema(format = DateTime)]
    from: String,
    /// The end of the badge.
    #[schema(format = DateTime)]
    ends: String,
    /// Whether the visitor comes and goes until then.
    #[serde(default)]
    recurring: bool,
}

impl PlanBody {
    fn plan(&self) -> Result<Plan, Problem> {
        let who: (Host, Purpose) = (parsed("host", &self.host)?, parsed("purpose", &self.purpose)?);
        let zones = self.zones.iter().map(|zone| parsed::<Zone>("zones", zone));
        let zones = zones.collect::<Result<Vec<_>, _>>()?;
        let times: (Timestamp, Timestamp) = (parsed("from", &self.from)?, parsed("ends", &self.ends)?);
        let refused = |error: crate::visit::PlanError| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), error)
        };
        Plan::new(who, zones, times, self.recurring).map_err(refused)
    }
}

/// An invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationBody {
    /// The id of the visit, drawn by the page: the same for every try.
    visit: String,
    plan: PlanBody,
    /// What the host calls the visitor.
    name: Option<String>,
}

/// Whether something is new.
#[derive(Serialize, ToSchema)]
pub(super) struct InvitedBody {
    visit: String,
    /// `new`, or `already` where it stood there before.
    result: &'static str,
}

fn invited(id: VisitId, invited: &Invited) -> Json<InvitedBody> {
    let result = match invited {
        Invited::New => "new",
        Invited::Already => "already",
    };
    Json(InvitedBody { visit: id.to_string(), result })
}

/// Invites a visitor
#[utoipa::path(post, path = "/api/invitations", tag = "building", request_body = InvitationBody,
    responses((status = 200, description = "Invited.", body = InvitedBody), (status = 401, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn invite(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    JsonBody(given): JsonBody<InvitationBody>,
) -> Result<Json<InvitedBody>, Problem> {
    let (visit, plan) = (parsed("visit", &given.visit)?, given.plan.plan()?);
    let done = building(&app)?.invite(visit, plan, given.name.as_deref(), &actor, (app.state.now)()).await?;
    Ok(invited(visit, &done))
}

/// Who visits: by the answer to a request, or by card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WhoBody {
    /// The request that the visitor answered.
    answer: Option<String>,
    /// The machine-readable zone of a card.
    mrz: Option<String>,
    /// The name, as the visitor gives it.
    name: Option<String>,
    /// The kind of document that was shown, by code; never its number.
    document: Option<String>,
    /// The visitor says so: needs help on stairs.
    #[serde(default)]
    needs_help: bool,
}

impl WhoBody {
    fn who(&self, now: Timestamp) -> Result<Visiting, Problem> {
        if let Some(answer) = &self.answer {
            if self.mrz.is_some() || self.name.is_some() || self.document.is_some() {
                let want = "an answer says who visits; leave name, document and zone out";
                return Err(Problem::form("answer", want));
            }
            return Ok(Visiting::Answer { id: parsed("answer", answer)?, needs_help: self.needs_help });
        }
        let card = match &self.mrz {
            Some(zone) => of_zone(zone, now).map_err(|error| Problem::form("mrz", error))?,
            None => Disclosed::nothing(Source::Typed),
        };
        let permit = self.document.as_deref().map(|code| parsed("document", code)).transpose()?;
        Ok(Visiting::Card(Visitor {
            pseudonym: None,
            name: self.name.clone().or(card.name),
            document: permit.or_else(|| card.document.map(|number| number.permit())),
            source: card.source,
            needs_help: self.needs_help,
        }))
    }
}

/// Somebody at the counter without an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitorBody {
    /// The id of the visit, drawn by the page: the same for every try.
    visit: String,
    plan: PlanBody,
    who: WhoBody,
}

/// Registers somebody without an invitation
///
/// The host is asked; a badge comes with the host's yes.
#[utoipa::path(post, path = "/api/visits", tag = "building", request_body = VisitorBody,
    responses((status = 200, description = "Registered.", body = InvitedBody), (status = 401, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn register(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    JsonBody(given): JsonBody<VisitorBody>,
) -> Result<Json<InvitedBody>, Problem> {
    let now = (app.state.now)();
    let (visit, plan, who) = (parsed("visit", &given.visit)?, given.plan.plan()?, given.who.who(now)?);
    Ok(invited(visit, &app.state.desk.visit(visit, plan, who, &actor, now).await?))
}

/// A visit.
#[derive(Serialize, ToSchema)]
pub(super) struct VisitBody {
    id: String,
    /// `expected`, `waiting`, `not_expected`, `outside`, `inside` or `over`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The kind of document that was shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<&'static str>,
    host: String,
    purpose: String,
    zones: Vec<String>,
    #[schema(format = DateTime)]
    from: String,
    #[schema(format = DateTime)]
    ends: String,
    recurring: bool,
    /// The number on the badge.
    #[serde(skip_serializing_if = "Option::is_none")]
    badge: Option<String>,
    /// Where the visitor is.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// Since when the visit is in this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// When the visitor last came in.
    #[serde(skip_serializing_if = "Option::is_none")]
    entered: Option<String>,
    /// When the visitor last went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<String>,
    /// Whether the name was typed by a host or clerk, and so can be corrected.
    typed: bool,
    /// Whether the visitor said so: needs help on stairs.
    needs_help: bool,
    /// Whether the visitor was shown safe (true) or missing (false) by a warden.
    #[serde(skip_serializing_if = "Option::is_none")]
    safe: Option<bool>,
    /// Of an export: the visitor's pseudonym at this venue, hexadecimal; left out of a visitor by card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pseudonym: Option<String>,
    /// What the desk says and does not enforce: `inside_already`, `not_inside`, `overstayed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
    /// What the door's sensor said: `passed` or `not_passed`; left out where no door was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    passage: Option<&'static str>,
    /// Why a door on the way out did not serve, a stable code: the visitor has left by hand. Look at the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    door_fault: Option<&'static str>,
    /// Who looked at it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    looks: Vec<LookBody>,
}

/// Whether the name comes from a pass or a card.
fn named_by_pass(visit: &Visit) -> bool {
    visit.visitor().is_some_and(|visitor| visitor.name.is_some() && visitor.source != Source::Typed)
}

impl VisitBody {
    fn new(id: VisitId, visit: &Visit) -> Self {
        let (badge, mark) = match visit.presence() {
            Presence::Outside { badge, .. } => (Some(badge), None),
            Presence::Inside { badge, mark, .. } => (Some(badge), mark.as_ref()),
            Presence::Expected
            | Presence::Waiting { .. }
            | Presence::NotExpected { .. }
            | Presence::Over { .. } => (None, None),
        };
        let plan = visit.plan();
        Self {
            id: id.to_string(),
            state: crate::store::visit::state(visit),
            name: visit.name().map(str::to_owned),
            document: visit.visitor().and_then(|visitor| visitor.document).map(crate::profile::Permit::code),
            host: plan.host().as_str().to_owned(),
            purpose: plan.purpose().as_str().to_owned(),
            zones: plan.zones().iter().map(|zone| zone.as_str().to_owned()).collect(),
            from: plan.from().to_string(),
            ends: plan.ends().to_string(),
            recurring: plan.is_recurring(),
            badge: badge.map(ToString::to_string),
            zone: visit.zone().map(|zone| zone.as_str().to_owned()),
            since: visit.since().map(|since| since.to_string()),
            entered: None,
            left: None,
            typed: visit.name().is_some() && !named_by_pass(visit),
            needs_help: visit.visitor().is_some_and(|visitor| visitor.needs_help),
            safe: mark.map(|mark| mark.safe),
            pseudonym: None,
            warning: None,
            passage: None,
            door_fault: None,
            looks: Vec::new(),
        }
    }

    fn of_record(record: &VisitRecord) -> Self {
        let last = |act| record.looks.iter().rfind(|look| look.act == act).map(|look| look.at.to_string());
        Self {
            entered: last(Act::Enter),
            left: last(Act::Leave),
            looks: looks(&record.looks),
            ..Self::new(record.id, &record.visit)
        }
    }

    /// The same with the pseudonym: a visitor's copy has everything that is kept.
    fn exported(record: &VisitRecord) -> Self {
        let pseudonym = record.visit.visitor().and_then(|visitor| visitor.pseudonym);
        Self { pseudonym: pseudonym.map(|own| hex::encode(own.as_bytes())), ..Self::of_record(record) }
    }

    fn passed(id: VisitId, passed: &Passed) -> Self {
        let passage = passed.passage.map(|passage| match passage {
            Passage::Passed => "passed",
            Passage::NotEntered => "not_passed",
        });
        let warning = passed.warning.map(Warning::code);
        Self { warning, passage, door_fault: passed.fault, ..Self::new(id, &passed.visit) }
    }
}

/// Visits.
#[derive(Serialize, ToSchema)]
pub(super) struct VisitsBody {
    visits: Vec<VisitBody>,
}

impl VisitsBody {
    pub(super) fn new(records: &[VisitRecord]) -> Self {
        Self { visits: records.iter().map(VisitBody::of_record).collect() }
    }
}

/// Which visits.
#[derive(Deserialize, IntoParams)]
pub(super) struct Listing {
    /// Those that have ended today, or were not expected; else those that are not over.
    #[serde(default)]
    ended: bool,
}

/// Lists the visits that are not over, or those that ended today
#[utoipa::path(get, path = "/api/visits", tag = "building", params(Listing),
    responses((status = 200, description = "The visits.", body = VisitsBody), (status = 401, body = Problem)))]
pub(super) async fn visits(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    Query(listing): Query<Listing>,
) -> Result<Json<VisitsBody>, Problem> {
    let (building, now) = (building(&app)?, (app.state.now)());
    let records = if listing.ended {
        building.ended_visits(now.local_date().start(), &actor, now).await?
    } else {
        building.open_visits(&actor, now).await?
    };
    Ok(Json(VisitsBody::new(&records)))
}

/// How a visit is looked at.
#[derive(Deserialize, IntoParams)]
pub(super) struct Looking {
    /// Whether the visitor gets a copy: another word in the log of looks.
    #[serde(default)]
    export: bool,
}

/// Shows a visit
#[utoipa::path(get, path = "/api/visits/{id}", tag = "building", params(("id" = String, Path,), Looking),
    responses((status = 200, description = "The visit.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn visit(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    Query(looking): Query<Looking>,
) -> Result<Json<VisitBody>, Problem> {
    let act = if looking.export { Act::Export } else { Act::See };
    let record = building(&app)?.see(id::<VisitId>(path)?, &actor, act, (app.state.now)()).await?;
    Ok(Json(if looking.export { VisitBody::exported(&record) } else { VisitBody::of_record(&record) }))
}

/// Erases a visit whose visitor asks for it
#[utoipa::path(delete, path = "/api/visits/{id}", tag = "building", params(("id" = String, Path,)),
    responses((status = 204, description = "Nothing is left."), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn erase(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<StatusCode, Problem> {
    building(&app)?.erase(id::<VisitId>(path)?, &actor, (app.state.now)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The invited visitor is here
#[utoipa::path(post, path = "/api/visits/{id}/arrive", tag = "building", params(("id" = String, Path,)), request_body = WhoBody,
    responses((status = 200, description = "With a badge.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn arrive(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<WhoBody>,
) -> Result<Json<VisitBody>, Problem> {
    let (id, now) = (id::<VisitId>(path)?, (app.state.now)());
    let visit = app.state.desk.arrive(id, given.who(now)?, badge()?, &actor, now).await?;
    Ok(Json(VisitBody::new(id, &visit)))
}

/// The host's word.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HostBody {
    /// Whether the visitor is expected. No reason is asked.
    expected: bool,
}

/// Notes the host's word
#[utoipa::path(post, path = "/api/visits/{id}/host", tag = "building", params(("id" = String, Path,)), request_body = HostBody,
    responses((status = 200, description = "Noted; with a badge after a yes.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn host(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<HostBody>,
) -> Result<Json<VisitBody>, Problem> {
    let (id, now) = (id::<VisitId>(path)?, (app.state.now)());
    let visit = building(&app)?.host_says(id, given.expected, badge()?, &actor, now).await?;
    Ok(Json(VisitBody::new(id, &visit)))
}

/// A zone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneBody {
    zone: String,
}

/// How a badge passes.
#[derive(Deserialize, IntoParams)]
pub(super) struct Passing {
    /// The door, by its name; left out: the first of the zone.
    door: Option<String>,
    /// Whether the clerk lets them through by hand: no door is opened.
    #[serde(default)]
    by_hand: bool,
}

impl Passing {
    fn through(&self) -> Result<(Through<'_>, CommandId), Problem> {
        let through = if self.by_hand { Through::ByHand } else { Through::Door(self.door.as_deref()) };
        Ok((through, CommandId::from_bytes(drawn()?)))
    }
}

/// The badge enters a zone
///
/// Where a door closes the zone it is opened first, and who does not go through has not entered (`passage`).
#[utoipa::path(post, path = "/api/visits/{id}/enter", tag = "building", params(("id" = String, Path,), Passing), request_body = ZoneBody,
    responses((status = 200, description = "Inside, or not passed; what is odd about it is said.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem),
        (status = 503, description = "The door fails; the code says how. Let them through by hand (`by_hand`).", body = Problem)))]
pub(super) async fn enter(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    Query(passing): Query<Passing>,
    JsonBody(given): JsonBody<ZoneBody>,
) -> Result<Json<VisitBody>, Problem> {
    let (id, zone) = (id::<VisitId>(path)?, parsed("zone", &given.zone)?);
    let (place, now) = ((building(&app)?, &app.state.doors), app.state.now.as_ref());
    let entered = passing::enter(place, (id, zone), passing.through()?, &actor, now).await?;
    Ok(Json(VisitBody::passed(id, &entered)))
}

/// The badge leaves
///
/// It always may: a door that fails is said (`door_fault`), and the visitor has left by hand.
#[utoipa::path(post, path = "/api/visits/{id}/leave", tag = "building", params(("id" = String, Path,), Passing),
    responses((status = 200, description = "Outside, or not passed; what is odd about it is said.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(super) async fn leave(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    Query(passing): Query<Passing>,
) -> Result<Json<VisitBody>, Problem> {
    let id = id::<VisitId>(path)?;
    let (place, now) = ((building(&app)?, &app.state.doors), app.state.now.as_ref());
    let left = passing::leave(place, id, passing.through()?, &actor, now).await?;
    Ok(Json(VisitBody::passed(id, &left)))
}

/// The badge is given back
#[utoipa::path(post, path = "/api/visits/{id}/end", tag = "building", params(("id" = String, Path,)),
    responses((status = 200, description = "Over.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<Json<VisitBody>, Problem> {
    let id = id::<VisitId>(path)?;
    let visit = building(&app)?.end(id, &actor, (app.state.now)()).await?;
    Ok(Json(VisitBody::new(id, &visit)))
}

/// Another name.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NameBody {
    name: String,
}

/// Corrects a name that was typed
#[utoipa::path(post, path = "/api/visits/{id}/correct", tag = "building", params(("id" = String, Path,)), request_body = NameBody,
    responses((status = 200, description = "Corrected.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn correct(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<NameBody>,
) -> Result<Json<VisitBody>, Problem> {
    let id = id::<VisitId>(path)?;
    let visit = building(&app)?.correct(id, &given.name, &actor, (app.state.now)()).await?;
    Ok(Json(VisitBody::new(id, &visit)))
}

/// Forgets name and help on stairs: the visitor takes back the consent
#[utoipa::path(post, path = "/api/visits/{id}/withdraw", tag = "building", params(("id" = String, Path,)),
    responses((status = 200, description = "Forgotten.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
) -> Result<Json<VisitBody>, Problem> {
    let id = id::<VisitId>(path)?;
    let visit = building(&app)?.withdraw(id, &actor, (app.state.now)()).await?;
    Ok(Json(VisitBody::new(id, &visit)))
}

/// What a warden says.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MarkBody {
    /// Safe at the assembly point, else missing.
    safe: bool,
}

/// Marks somebody who is inside as safe or missing
#[utoipa::path(post, path = "/api/visits/{id}/mark", tag = "building", params(("id" = String, Path,)), request_body = MarkBody,
    responses((status = 200, description = "Marked.", body = VisitBody), (status = 401, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn mark(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    path: Path<String>,
    JsonBody(given): JsonBody<MarkBody>,
) -> Result<Json<VisitBody>, Problem> {
    let id = id::<VisitId>(path)?;
    let visit = building(&app)?.mark(id, given.safe, &actor, (app.state.now)()).await?;
    Ok(Json(VisitBody::new(id, &visit)))
}

/// Which list.
#[derive(Deserialize, IntoParams)]
pub(super) struct Evacuating {
    /// Whether it is an exercise: every print says so.
    #[serde(default)]
    exercise: bool,
    /// Whether lines for paper are wanted.
    #[serde(default)]
    print: bool,
}

/// Who is inside, by zone.
#[derive(Serialize, ToSchema)]
pub(super) struct EvacuationBody {
    /// By the desk's clock.
    #[schema(format = DateTime)]
    at: String,
    people: usize,
    safe: usize,
    missing: usize,
    unaccounted: usize,
    need_help: usize,
    zones: Vec<ZonePeopleBody>,
}

/// Who is in one zone.
#[derive(Serialize, ToSchema)]
pub(super) struct ZonePeopleBody {
    zone: String,
    people: Vec<PersonBody>,
}

/// One person.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonBody {
    visit: String,
    name: String,
    /// The number on the badge.
    badge: String,
    host: String,
    needs_help: bool,
    /// What a warden said: true for safe.
    #[serde(skip_serializing_if = "Option::is_none")]
    safe: Option<bool>,
}

/// Tells who is inside
///
/// From the desk's own book, without any network.
#[utoipa::path(get, path = "/api/evacuation", tag = "building", params(Evacuating),
    responses((status = 200, description = "The list; with `print=true` lines for paper as text.", body = EvacuationBody), (status = 401, body = Problem)))]
pub(super) async fn evacuation(
    State(app): State<Arc<App>>,
    Clerk(actor): Clerk,
    Query(wanted): Query<Evacuating>,
) -> Result<Response, Problem> {
    let now = (app.state.now)();
    let list = building(&app)?.evacuation(wanted.exercise, &actor, now).await?;
    if wanted.print {
        return Ok((list.print().join("\n") + "\n").into_response());
    }
    let person = |person: &crate::visit::Person| PersonBody {
        visit: person.visit.to_string(),
        name: person.name.clone(),
        badge: person.badge.to_string(),
        host: person.host.clone(),
        needs_help: person.needs_help,
        safe: person.mark.as_ref().map(|mark| mark.safe),
    };
    let zones = list.zones().map(|(zone, people)| ZonePeopleBody {
        zone: zone.as_str().to_owned(),
        people: people.iter().map(person).collect(),
    });
    let zones = zones.collect();
    let crate::visit::Summary { people, safe, missing, unaccounted, need_help } = list.summary();
    let at = now.to_string();
    Ok(Json(EvacuationBody { at, people, safe, missing, unaccounted, need_help, zones }).into_response())
}

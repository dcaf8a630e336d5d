//! Health: what a clerk or operator has to look at, and the description of the API.
//!
//! Lives here: `/api/health`, `/api/retention`, `/openapi.json`. Not here: what makes an alarm (`store::report`), how old lists may be (`desk`).

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use trust::Freshness;
use utoipa::ToSchema;

use super::App;
use super::problem::Problem;
use super::session::Clerk;
use crate::desk::Book;
use crate::door::{DoorCount, DoorPlace};
use crate::library::Library;
use crate::store::RetentionReport;
use crate::store::report::{Queue, QueueHealth};

/// One queue.
#[derive(Serialize, ToSchema)]
pub(super) struct QueueBody {
    /// Not answered yet.
    waiting: usize,
    /// Refused; a clerk has to correct them.
    refused: usize,
    /// Past the alarm.
    alarm: usize,
    /// Past the last lawful moment.
    overdue: usize,
    /// Made after now: the desk's clock is wrong, or was.
    from_the_future: usize,
}

impl QueueBody {
    const fn new(health: QueueHealth) -> Self {
        let QueueHealth { waiting, refused, alarm, overdue, from_the_future } = health;
        Self { waiting, refused, alarm, overdue, from_the_future }
    }

    const fn is_well(&self) -> bool {
        self.refused == 0 && self.alarm == 0 && self.overdue == 0 && self.from_the_future == 0
    }
}

/// One door of a building.
#[derive(Serialize, ToSchema)]
pub(super) struct DoorBody {
    name: String,
    /// `entry` or `exit`.
    way: &'static str,
    /// The zone that it closes; left out where it closes every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    /// How often it was to open since the start.
    commands: u64,
    /// How often its sensor saw somebody go through.
    passed: u64,
    /// How often it saw nobody.
    not_passed: u64,
    /// What was wrong the last time, a stable code such as `door_stuck_open`.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
}

impl DoorBody {
    fn new((place, count): (&DoorPlace, DoorCount)) -> Self {
        let DoorCount { commands, passed, not_passed, fault } = count;
        let zone = place.zone.as_ref().map(|zone| zone.as_str().to_owned());
        Self { name: place.name.clone(), way: place.way.code(), zone, commands, passed, not_passed, fault }
    }
}

/// A library's system, and what staff have to look at.
#[derive(Serialize, ToSchema)]
pub(super) struct LibraryBody {
    /// Whether the library's system lends now, as it said last; left out before it said anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    lends: Option<bool>,
    /// What is wrong on the way to it, a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
    /// Loans and payments that staff have to look at.
    staff: usize,
    /// Those of which nobody knows yet what became of them.
    open: usize,
}

impl LibraryBody {
    async fn of(library: &Library) -> Result<Self, Problem> {
        let (staff, open) = library.unsettled_counts().await?;
        let lends = library.system().last_status().await.map(|status| status.lends());
        Ok(Self { lends, fault: library.system().last_fault().await, staff, open })
    }

    const fn is_well(&self) -> bool {
        matches!(self.lends, None | Some(true)) && self.fault.is_none() && self.staff == 0 && self.open == 0
    }
}

/// How the desk is.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthBody {
    /// `ok`, or `look` where something below has to be looked at.
    status: &'static str,
    /// By the desk's clock.
    now: String,
    /// `current`, `stale` (documents are looked at as well) or `refused`.
    lists: &'static str,
    /// Why the desk may not ask, a stable code; left out where it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_allowed: Option<&'static str>,
    /// When the approvals were last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    approvals_heard: Option<String>,
    /// Answers that no clerk has used yet.
    answers: usize,
    /// Of a hotel: the police's register.
    #[serde(skip_serializing_if = "Option::is_none")]
    police: Option<QueueBody>,
    /// Of a hotel: its own system.
    #[serde(skip_serializing_if = "Option::is_none")]
    hotel_system: Option<QueueBody>,
    /// Of a building: its doors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doors: Vec<DoorBody>,
    /// Of a library: its system, and what staff have to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    library: Option<LibraryBody>,
    /// When the retention job ran last.
    #[serde(skip_serializing_if = "Option::is_none")]
    retained: Option<String>,
}

/// Tells how the desk is
#[utoipa::path(get, path = "/api/health", tag = "counter", responses((status = 200, description = "How it is.", body = HealthBody), (status = 401, body = Problem)))]
pub(super) async fn health(State(app): State<Arc<App>>, _: Clerk) -> Result<Json<HealthBody>, Problem> {
    let (desk, now, lists) = (&app.state.desk, (app.state.now)(), (app.state.lists)());
    let allowed = desk.allowed(lists.as_ref(), now);
    let (police, hotel_system) = match desk.book() {
        Book::Hotel(hotel) => {
            let police = hotel.store().queue_health(Queue::Police, now).await?;
            let system = hotel.store().queue_health(Queue::HotelSystem, now).await?;
            (Some(QueueBody::new(police)), Some(QueueBody::new(system)))
        }
        Book::Building(_) | Book::Library(_) => (None, None),
    };
    let library = match desk.book() {
        Book::Library(library) => Some(LibraryBody::of(library).await?),
        Book::Hotel(_) | Book::Building(_) => None,
    };
    let fresh = allowed.as_ref().copied().unwrap_or(Freshness::Refused);
    let doors: Vec<_> = app.state.doors.counts().into_iter().map(DoorBody::new).collect();
    let well = [&police, &hotel_system].into_iter().flatten().all(QueueBody::is_well)
        && doors.iter().all(|door| door.fault.is_none())
        && library.as_ref().is_none_or(LibraryBody::is_well);
    Ok(Json(HealthBody {
        status: if well && fresh == Freshness::Current { "ok" } else { "look" },
        now: now.to_string(),
        lists: match fresh {
            Freshness::Current => "current",
            Freshness::Stale => "stale",
            Freshness::Refused => "refused",
        },
        not_allowed: allowed.as_ref().err().map(crate::desk::NotAllowed::code),
        approvals_heard: lists.approvals_heard().map(|at| at.to_string()),
        answers: desk.waiting().await?.len(),
        police,
        hotel_system,
        doors,
        library,
        retained: desk.book().store().last_retention().await?.map(|report| report.at.to_string()),
    }))
}

/// What the last run of the retention job erased.
#[derive(Serialize, ToSchema)]
pub(super) struct RetentionBody {
    /// When it ran; left out before the first run.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Persons whose keys were destroyed.
    persons: i64,
    stays: i64,
    visits: i64,
    /// Lines of the log of looks.
    looks: i64,
    /// Persons past their time whose report is not answered yet.
    held_back: i64,
}

/// Tells what the last run of the retention job erased
#[utoipa::path(get, path = "/api/retention", tag = "counter", responses((status = 200, description = "The report.", body = RetentionBody), (status = 401, body = Problem)))]
pub(super) async fn retention(State(app): State<Arc<App>>, _: Clerk) -> Result<Json<RetentionBody>, Problem> {
    let last = app.state.desk.book().store().last_retention().await?;
    let of = |figure: fn(&RetentionReport) -> i64| last.as_ref().map_or(0, figure);
    Ok(Json(RetentionBody {
        at: last.as_ref().map(|report| report.at.to_string()),
        persons: of(|report| report.persons),
        stays: of(|report| report.stays),
        visits: of(|report| report.visits),
        looks: of(|report| report.looks),
        held_back: of(|report| report.held_back),
    }))
}

/// Describes this API
#[utoipa::path(get, path = "/openapi.json", tag = "counter", responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json")))]
pub(super) async fn openapi() -> Json<Value> {
    Json(super::openapi())
}

//! Operations: whether the service can judge, what it counts, how it is described.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use trust::Freshness;
use utoipa::ToSchema;

use super::AppState;
use super::metrics::{AuthorityLabel, WeekLabel};
use crate::status_lists::ListAge;
use crate::status_places::StatusFill;
use crate::weekly_keys::WeeklyKey;

/// What the service can do at this moment.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthAnswer {
    /// `ok`, or `unavailable` where it could judge nobody: its database does not answer, or its own trust list is not in
    /// force.
    status: &'static str,
    #[schema(example = "CHN")]
    authority: &'static str,
    database: DatabaseHealth,
    trust_lists: Vec<TrustListHealth>,
    /// Status lists of the other authorities that are held here.
    status_lists: Vec<StatusListHealth>,
    /// How full this authority's own status lists are, by the week in which the tokens end.
    status_places: Vec<StatusPlacesHealth>,
    /// The weekly keys of this and the next week, between this authority and the others.
    weekly_keys: Vec<WeeklyKeyHealth>,
    /// Notices that wait for delivery.
    notices_waiting: u64,
    /// What an operator should look at.
    warnings: Vec<String>,
}

/// What an operator reads of the database.
#[derive(Serialize, ToSchema)]
struct DatabaseHealth {
    /// `ok` or `unavailable`.
    status: &'static str,
}

/// A trust list.
#[derive(Serialize, ToSchema)]
struct TrustListHealth {
    authority: &'static str,
    /// `fresh`, `stale` (a measure is asked for) or `refused` (missing, or older than a day past its end).
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires: Option<String>,
}

/// A status list.
#[derive(Serialize, ToSchema)]
struct StatusListHealth {
    authority: &'static str,
    list: u8,
    #[schema(format = DateTime)]
    issued: String,
    age_seconds: i64,
}

/// The places of one week.
#[derive(Serialize, ToSchema)]
struct StatusPlacesHealth {
    /// Weeks from now until the tokens end.
    weeks_ahead: u8,
    /// Reckoned from samples of large lists, exact for small ones.
    taken: u64,
    places: u64,
    percent: u64,
}

/// A weekly key.
#[derive(Serialize, ToSchema)]
struct WeeklyKeyHealth {
    maker: &'static str,
    receiver: &'static str,
    #[schema(example = "2026-W10")]
    week: String,
    /// Whether its receiver has it.
    present: bool,
}

const fn word(freshness: Freshness) -> &'static str {
    match freshness {
        Freshness::Current => "fresh",
        Freshness::Stale => "stale",
        Freshness::Refused => "refused",
    }
}

/// `ok`, or `unavailable`.
const fn status_word(ok: bool) -> &'static str {
    if ok { "ok" } else { "unavailable" }
}

/// Everything that is looked at, once.
struct Looked {
    ages: Vec<ListAge>,
    keys: Vec<WeeklyKey>,
    notices: Option<u64>,
}

async fn look(app: &AppState) -> Looked {
    let (service, now) = (&app.state.service, (app.state.now)());
    let keys = service.weekly_keys(2, now).await;
    let notices = service.count_waiting_notices().await;
    let answers = keys.is_ok();
    Looked {
        ages: service.list_ages(now),
        keys: keys.unwrap_or_default(),
        notices: notices.ok().filter(|_| answers),
    }
}

/// How full the status lists are; nothing where the database does not answer, which is told elsewhere.
async fn fill(app: &AppState) -> Vec<StatusFill> {
    app.state.service.status_fill((app.state.now)()).await.unwrap_or_default()
}

/// Whether the service can judge, and no more than that: everybody may read it.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthWord {
    /// `ok` or `unavailable`.
    status: &'static str,
}

/// Tells whether the service can judge
///
/// 503 where it could not judge anybody: the database does not answer, or its own trust list is not in force. Why stands at
/// `/health/details`, for operators.
#[utoipa::path(get, path = "/health", tag = "public",
    responses(
        (status = 200, description = "It can judge.", body = HealthWord),
        (status = 503, description = "It cannot.", body = HealthWord)))]
pub(super) async fn health(State(app): State<Arc<AppState>>) -> Response {
    let ok = can_judge(&app, &look(&app).await);
    (health_status(ok), Json(HealthWord { status: status_word(ok) })).into_response()
}

/// Whether the database answers and the own trust list is in force.
fn can_judge(app: &AppState, looked: &Looked) -> bool {
    let me = app.state.service.code();
    let own = looked.ages.iter().any(|age| age.authority == me && age.trust != Freshness::Refused);
    looked.notices.is_some() && own
}

const fn health_status(ok: bool) -> StatusCode {
    if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// Tells operators how the service is
///
/// 503 where it could not judge anybody: the database does not answer, or its own trust list is not in force.
#[utoipa::path(get, path = "/health/details", tag = "operations",
    responses(
        (status = 200, description = "It can judge.", body = HealthAnswer),
        (status = 503, description = "It cannot: the body says why.", body = HealthAnswer)))]
pub(super) async fn details(State(app): State<Arc<AppState>>) -> Response {
    let (me, now) = (app.state.service.code(), (app.state.now)());
    let looked = look(&app).await;
    let ok = can_judge(&app, &looked);
    let fills = fill(&app).await;
    let Looked { ages, keys, notices } = looked;
    let mut warnings = Vec::new();
    if notices.is_none() {
        warnings.push("the database does not answer; check its disk and its server".to_owned());
    }
    for age in ages.iter().filter(|age| age.trust != Freshness::Current) {
        let (whose, state) = (age.authority, word(age.trust));
        warnings.push(format!("the trust list of {whose} is {state}; fetch the newest"));
    }
    for key in keys.iter().filter(|key| !key.present) {
        let WeeklyKey { maker, receiver, week, .. } = key;
        warnings.push(format!("the weekly key {maker} to {receiver} for {week} is not handed over yet"));
    }
    for fill in fills.iter().filter(|fill| fill.is_alarming()) {
        let (percent, weeks) = (fill.percent(), fill.weeks_ahead);
        warnings.push(format!(
            "{percent} per cent of the places in the status lists are taken for tokens that end {weeks} weeks from now; \
             look at who asks for so many (docs/operating.md)"
        ));
    }
    let answer = HealthAnswer {
        status: status_word(ok),
        authority: me.code(),
        database: DatabaseHealth { status: status_word(notices.is_some()) },
        trust_lists: ages
            .iter()
            .map(|age| TrustListHealth {
                authority: age.authority.code(),
                state: word(age.trust),
                number: age.trust_list.map(|(number, _)| number),
                expires: age.trust_list.map(|(_, expires)| expires.to_string()),
            })
            .collect(),
        status_lists: ages
            .iter()
            .flat_map(|age| age.status.iter().map(move |(list, issued)| (age.authority, *list, *issued)))
            .map(|(authority, list, issued)| StatusListHealth {
                authority: authority.code(),
                list,
                issued: issued.to_string(),
                age_seconds: now.seconds_since(issued),
            })
            .collect(),
        status_places: fills
            .iter()
            .map(|fill| StatusPlacesHealth {
                weeks_ahead: fill.weeks_ahead,
                taken: fill.taken,
                places: fill.places,
                percent: fill.percent(),
            })
            .collect(),
        weekly_keys: keys
            .iter()
            .map(|key| WeeklyKeyHealth {
                maker: key.maker.code(),
                receiver: key.receiver.code(),
                week: key.week.to_string(),
                present: key.present,
            })
            .collect(),
        notices_waiting: notices.unwrap_or_default(),
        warnings,
    };
    (health_status(ok), Json(answer)).into_response()
}

/// Gives the counters in Prometheus' form
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, description = "Counters and gauges.", body = String,
        content_type = "text/plain; version=0.0.4")))]
pub(super) async fn metrics(State(app): State<Arc<AppState>>) -> Response {
    let now = (app.state.now)();
    let Looked { ages, keys, notices } = look(&app).await;
    let metrics = &app.metrics;
    metrics.database_up.set(i64::from(notices.is_some()));
    if let Some(waiting) = notices {
        metrics.notices_waiting.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }
    for age in &ages {
        let whose = AuthorityLabel { authority: age.authority.code() };
        if let Some((_, expires)) = age.trust_list {
            metrics.trust_list_seconds_left.get_or_create(&whose).set(expires.seconds_since(now));
        }
        if let Some(oldest) = age.status.iter().map(|(_, issued)| now.seconds_since(*issued)).max() {
            metrics.status_list_age.get_or_create(&whose).set(oldest);
        }
    }
    for fill in fill(&app).await {
        let week = WeekLabel { weeks_ahead: fill.weeks_ahead };
        let gauge = |places: u64| i64::try_from(places).unwrap_or(i64::MAX);
        metrics.status_places_taken.get_or_create(&week).set(gauge(fill.taken));
        metrics.status_places.get_or_create(&week).set(gauge(fill.places));
    }
    let missing = keys.iter().filter(|key| !key.present).count();
    metrics.weekly_keys_missing.set(i64::try_from(missing).unwrap_or(i64::MAX));
    let text = metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}

/// Gives this description
#[utoipa::path(get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1, made from the code.", body = Object)))]
pub(super) async fn openapi(State(app): State<Arc<AppState>>) -> Response {
    let text = app.pages.get().map(|pages| pages.openapi.clone()).unwrap_or_default();
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}

/// Shows this description as a page
#[utoipa::path(get, path = "/docs", tag = "operations",
    responses((status = 200, description = "A page without scripts.", body = String, content_type = "text/html")))]
pub(super) async fn docs(State(app): State<Arc<AppState>>) -> Response {
    let text = app.pages.get().map(|pages| pages.docs.clone()).unwrap_or_default();
    transport::page(text)
}

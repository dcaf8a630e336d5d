//! HTTP: the routes of the pages: static files, events, and what pages post. A kiosk must be paired, an officer signed in
//! (`desk`).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clearance::Passage;
use documents::AuthorityCode;
use futures_util::stream::{Stream, unfold};
use officers::{Deed, Desk, Pairings, Token};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_http::set_header::SetResponseHeaderLayer;

use super::beside;
use super::cookies::Cookie;
use super::desk::{self, DeskError};
use super::kept::NoFace;
use super::wishes;
use super::{Act, AdmitReason, Declined, Kiosk, MAX_CARD_LEN, MAX_CODE_LEN, MAX_FACE_LEN};
use crate::clock::Clock;
use crate::devices::camera::PageSight;
use crate::devices::card::{CardBody, CardFault};
use crate::server::problem;

/// Views that may be open at once for one authority at one lane.
const MAX_VIEWS: usize = 4;
/// Largest file of a page, in bytes.
const MAX_PAGE_LEN: u64 = 8 * 1024 * 1024;
/// The header with the page's number.
const PAGE: HeaderName = HeaderName::from_static("x-baypass-page");
/// Nothing but the page's own files; `wasm-unsafe-eval` for the reader of codes.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; \
    media-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types kiosk";

/// Every kiosk of a gate.
#[derive(Clone)]
pub struct Kiosks {
    /// The lanes, by their names in addresses.
    pub lanes: Arc<BTreeMap<String, Arc<Kiosk>>>,
    /// Where the built pages are.
    pub pages: PathBuf,
    /// Who may reach the pages.
    pub reach: Reach,
    /// Where the authorities are, for the officers' views: each asks its own for reasons, past the gate.
    pub authorities: Arc<BTreeMap<AuthorityCode, String>>,
    /// The accounts of the officers at this gate, and who of them is signed in.
    pub desk: Arc<Desk>,
    /// Which browsers may work which lane.
    pub pairings: Arc<Pairings>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
}

/// Who may reach the pages of kiosks and officers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// This machine alone, in plain.
    Loopback,
    /// Whoever reaches the gate's address, over TLS, by one of these names (or addresses) of the gate's certificate.
    Tls(Vec<String>),
}

impl Reach {
    /// Whether pages come over TLS, so that their cookies are kept to it (RFC 6265, 4.1.2.5).
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

/// The routes of the kiosks and of the officers' views.
pub fn router(kiosks: Kiosks) -> Router {
    let kiosk = Router::new()
        .route("/", get(card))
        .route("/pair", post(desk::pair))
        .route("/events", get(events))
        .route("/code", post(code).layer(DefaultBodyLimit::max(MAX_CODE_LEN)))
        .route("/card", post(laid).layer(DefaultBodyLimit::max(MAX_CARD_LEN)))
        .route("/face", post(face).layer(DefaultBodyLimit::max(MAX_FACE_LEN)))
        .route("/language", post(wishes::language))
        .route("/document", post(wishes::document))
        .route("/leave", post(wishes::leave))
        .route("/door", post(door));
    let officer = Router::new()
        .route("/", get(officer_card))
        .route("/events", get(officer_events))
        .route("/acts", post(acts))
        .route("/face", get(beside::face));
    let routes = Router::new()
        .route("/kiosk/{lane}", get(kiosk_page))
        .route("/officer/{lane}/{authority}", get(officer_page))
        .route("/kiosk-files/{file}", get(file))
        .nest("/v1/kiosk/{lane}", kiosk)
        .nest("/v1/officer/{lane}/{authority}", officer)
        .nest("/v1/officers/{authority}", desk::routes())
        .layer(from_fn_with_state(kiosks.clone(), guarded))
        .with_state(kiosks);
    with_headers(routes)
}

/// By a name of this gate alone: a page of another origin cannot reach these routes by a name that points here.
async fn guarded(State(kiosks): State<Kiosks>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(name, _)| !name.contains(':') || name.ends_with(']'));
    let name = name.map_or(host, |(name, _)| name).trim_start_matches('[').trim_end_matches(']');
    let ours = match &kiosks.reach {
        Reach::Loopback => matches!(name, "127.0.0.1" | "localhost" | "::1"),
        Reach::Tls(names) => names.iter().any(|own| own.eq_ignore_ascii_case(name)),
    };
    if ours && own_page(&request, host) {
        next.run(request).await
    } else if ours {
        let detail = "only this gate's own pages may ask for this; open its address itself";
        problem(StatusCode::FORBIDDEN, "other_origin", detail)
    } else {
        let detail = "kiosks are served by this gate's own names alone: on its machine by 127.0.0.1, elsewhere over TLS by the \
            names in its certificate (`baypass tls renew --host`)";
        problem(StatusCode::FORBIDDEN, "loopback_only", detail)
    }
}

/// Whether a request that a cookie could stand behind comes from a page of this very origin. `SameSite` alone does not say
/// so: pages of other ports of one host are the same site. Browsers send `Origin` with all that changes something (Fetch,
/// 3.2), and `Sec-Fetch-Site` with the rest.
fn own_page(request: &Request, host: &str) -> bool {
    if !request.uri().path().starts_with("/v1/") {
        return true;
    }
    let told = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = told(header::ORIGIN);
    let own = origin.is_some_and(|origin| {
        let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        rest == Some(host)
    });
    match *request.method() {
        Method::GET | Method::HEAD => {
            let site = told(HeaderName::from_static("sec-fetch-site"));
            (own || origin.is_none()) && matches!(site, None | Some("same-origin" | "none"))
        }
        _ => own,
    }
}

/// Gives every answer the headers of these pages; a page may have a policy of its own.
fn with_headers(router: Router) -> Router {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(self), display-capture=(self), microphone=(), geolocation=()",
        ),
    ];
    let policy = HeaderValue::from_static(POLICY);
    fixed
        .into_iter()
        .fold(router, |router, (name, value)| {
            router.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)))
        })
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
}

/// An officer's view may ask its own authority for reasons as well: what comes of it never passes the gate.
fn policy_beside(authority: Option<&String>) -> HeaderValue {
    let beside =
        authority.filter(|base| base.bytes().all(|b| b.is_ascii_alphanumeric() || b":/.-[]_~".contains(&b)));
    let policy =
        beside.map(|base| POLICY.replace("connect-src 'self'", &format!("connect-src 'self' {base}")));
    policy.and_then(|policy| policy.parse().ok()).unwrap_or(HeaderValue::from_static(POLICY))
}

/// Why a request is refused.
pub(super) enum KioskError {
    NoLane,
    NotPaired,
    Malformed(&'static str),
    Declined(Declined),
    NoFace(NoFace),
    Desk(DeskError),
}

impl From<DeskError> for KioskError {
    fn from(error: DeskError) -> Self {
        Self::Desk(error)
    }
}

impl From<Declined> for KioskError {
    fn from(declined: Declined) -> Self {
        Self::Declined(declined)
    }
}

impl IntoResponse for KioskError {
    fn into_response(self) -> Response {
        let conflict = StatusCode::CONFLICT;
        let (status, code, detail) = match self {
            Self::Desk(error) => return error.into_response(),
            Self::NoLane => (
                StatusCode::NOT_FOUND,
                "no_such_lane",
                "this gate has no such lane; its operators' page /lanes names them",
            ),
            Self::NotPaired => (
                StatusCode::UNAUTHORIZED,
                "not_paired",
                "this page is not paired with this lane; run `baypass gate pair` on the gate's machine and open the address that it shows",
            ),
            Self::NoFace(why) => why.told(),
            Self::Malformed(detail) => (StatusCode::BAD_REQUEST, "malformed_body", detail),
            Self::Declined(declined) => match declined {
                Declined::OtherPage => (
                    conflict,
                    "other_page",
                    "another page works this lane by now; reload this one to take it back",
                ),
                Declined::OtherKind => (
                    conflict,
                    "other_kind_of_lane",
                    "a lane by document asks for cards, every other lane for a code; go to the lane that fits",
                ),
                Declined::NotLaying => (conflict, "not_laying", "no card is wanted now; wait for lay_card"),
                Declined::LaneBusy => (
                    conflict,
                    "lane_busy",
                    "somebody is served at this lane; wait for the end and show a code again",
                ),
                Declined::LaneHeld => {
                    (conflict, "lane_held", "an officer holds this lane; wait for the release")
                }
                Declined::LaneClosed => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "lane_closed",
                    "the gate cannot serve anybody now; its operators' page /health/details says what is missing",
                ),
                Declined::NotLooking => {
                    (conflict, "not_looking", "no picture is wanted now; wait for look_here")
                }
                Declined::NotSimulated => {
                    (StatusCode::FORBIDDEN, "not_simulated", "this lane has a door and a camera of its own")
                }
                Declined::OtherTraveller => (
                    conflict,
                    "other_traveller",
                    "the traveller whom this was meant for has gone; look again",
                ),
                Declined::NothingToDo => {
                    (conflict, "nothing_to_do", "there is nothing of this kind to be done now; look again")
                }
                Declined::NotWritten => (
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "record_failed",
                    "the act could not be written down and has no effect; check the gate's disk, then try again",
                ),
                Declined::TooManyViews => {
                    (conflict, "too_many_views", "this view is open too often; close one of its windows")
                }
            },
        };
        problem(status, code, detail)
    }
}

pub(super) fn page_of(headers: &HeaderMap) -> Result<u64, KioskError> {
    let told = headers.get(PAGE).and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
    told.ok_or(KioskError::Malformed(
        "the header x-baypass-page bears the number from the page's first event",
    ))
}

impl Kiosks {
    /// The kiosk of a lane, for a page that is paired with it.
    pub(super) fn kiosk(&self, lane: &str, headers: &HeaderMap) -> Result<&Arc<Kiosk>, KioskError> {
        let kiosk = self.lanes.get(lane).ok_or(KioskError::NoLane)?;
        let cookie = Cookie::kiosk(lane, self.pairings.every_lane(), self.reach.is_tls());
        let token = cookie.of(headers).ok_or(KioskError::NotPaired)?;
        match self.pairings.is_paired(&token, lane) {
            Ok(true) => Ok(kiosk),
            Ok(false) => Err(KioskError::NotPaired),
            Err(error) => Err(DeskError::Pair(error.into()).into()),
        }
    }

    /// The lane of an officer's view, and whose it is; whether anybody is signed in, it does not say.
    pub(super) fn view(
        &self,
        lane: &str,
        authority: &str,
    ) -> Result<(&Arc<Kiosk>, AuthorityCode), KioskError> {
        let kiosk = self.lanes.get(lane).ok_or(KioskError::NoLane)?;
        let code: AuthorityCode = authority.parse().map_err(|_| KioskError::NoLane)?;
        if kiosk.setup.officers.contains(&code) { Ok((kiosk, code)) } else { Err(KioskError::NoLane) }
    }

    async fn page(&self, name: &str) -> Response {
        match read(&self.pages, name).await {
            Some(bytes) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], bytes).into_response(),
            None => {
                let text = format!(
                    "The kiosk's pages are not built: there is no {name} in {}.\n\
                     Build them with `npm ci && npm run build:kiosk` in web/, or tell the gate where they are: --kiosk DIR.\n",
                    self.pages.display()
                );
                let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
                (StatusCode::SERVICE_UNAVAILABLE, kind, text).into_response()
            }
        }
    }
}

/// A file of the pages: a plain name in that one folder.
async fn read(folder: &std::path::Path, name: &str) -> Option<Vec<u8>> {
    let plain = !name.starts_with('.')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if !plain {
        return None;
    }
    let path = folder.join(name);
    let about = tokio::fs::metadata(&path).await.ok()?;
    if !about.is_file() || about.len() > MAX_PAGE_LEN {
        return None;
    }
    tokio::fs::read(path).await.ok()
}

async fn kiosk_page(State(kiosks): State<Kiosks>, Path(lane): Path<String>) -> Response {
    if kiosks.lanes.contains_key(&lane) {
        kiosks.page("kiosk.html").await
    } else {
        KioskError::NoLane.into_response()
    }
}

async fn officer_page(
    State(kiosks): State<Kiosks>,
    Path((lane, authority)): Path<(String, String)>,
) -> Response {
    match kiosks.view(&lane, &authority) {
        Ok((_, code)) => {
            let mut page = kiosks.page("officer.html").await;
            let policy = policy_beside(kiosks.authorities.get(&code));
            page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
            page
        }
        Err(error) => error.into_response(),
    }
}

async fn file(State(kiosks): State<Kiosks>, Path(name): Path<String>) -> Response {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some(_) | None => {
            return problem(StatusCode::NOT_FOUND, "no_such_page", "the pages have no such file");
        }
    };
    match read(&kiosks.pages, &name).await {
        Some(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        None => problem(StatusCode::NOT_FOUND, "no_such_page", "the pages have no such file"),
    }
}

async fn card(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, KioskError> {
    let kiosk = kiosks.kiosk(&lane, &headers)?;
    let mut card = kiosk.card();
    if kiosk.config().simulated_camera
        && let Some(fields) = card.as_object_mut()
    {
        fields.insert("trial".to_owned(), kiosks.trial(kiosk));
    }
    Ok(Json(card))
}

impl Kiosks {
    /// The addresses of a trial's other pages. One operator plays everybody there, and is paired with all; a lane that is not simulated tells
    /// its page of no other.
    fn trial(&self, here: &Kiosk) -> Value {
        let all = self.lanes.values().filter(|kiosk| kiosk.config().simulated_camera);
        let kiosks: BTreeMap<&str, String> =
            all.map(|kiosk| (kiosk.slug(), format!("/kiosk/{}", kiosk.slug()))).collect();
        let officer = |code: &AuthorityCode| (*code, format!("/officer/{}/{code}", here.slug()));
        let officers: BTreeMap<AuthorityCode, String> = here.setup.officers.iter().map(officer).collect();
        json!({ "kiosks": kiosks, "officers": officers })
    }
}

/// Tells the kiosk when the page that listened is gone.
struct Listening {
    kiosk: Arc<Kiosk>,
    whose: Whose,
    officer: Option<Signature>,
}

#[derive(Clone, Copy)]
enum Whose {
    Page(u64),
    View(AuthorityCode),
}

/// A view goes dark when its officer is signed out.
struct Signature {
    kiosks: Kiosks,
    token: Token,
}

impl Drop for Listening {
    fn drop(&mut self) {
        match self.whose {
            Whose::Page(page) => self.kiosk.close_page(page),
            Whose::View(authority) => self.kiosk.change(|inner| {
                if let Some(open) = inner.views.get_mut(&authority) {
                    *open = open.saturating_sub(1);
                }
            }),
        }
    }
}

impl Listening {
    fn view(&self) -> Value {
        match self.whose {
            Whose::Page(page) => self.kiosk.traveller_view(page),
            Whose::View(authority) => self.kiosk.officer_view(authority),
        }
    }

    /// Whether this was the last event: the gate ends, or another page has taken over.
    fn last(&self) -> bool {
        // Asked before the lane is held: it may look at a file.
        let signed_out = self.officer.as_ref().is_some_and(|by| !by.kiosks.still_signed_in(&by.token));
        let inner = self.kiosk.lock();
        match self.whose {
            Whose::Page(page) => inner.ending || inner.page != page,
            Whose::View(_) => inner.ending || signed_out,
        }
    }

    /// One event for each change of what this page may see; looked at again each half second, for time changes it too.
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        let changes = self.kiosk.changed.subscribe();
        unfold(
            (self, changes, None::<String>, false),
            |(listening, mut changes, mut sent, ended)| async move {
                if ended {
                    return None;
                }
                loop {
                    changes.mark_unchanged();
                    let last = listening.last();
                    let view = listening.view().to_string();
                    if sent.as_ref() != Some(&view) {
                        sent = Some(view.clone());
                        let event = Event::default().data(view);
                        return Some((Ok(event), (listening, changes, sent, last)));
                    }
                    if last {
                        return None;
                    }
                    tokio::select! {
                        _ = changes.changed() => {}
                        () = tokio::time::sleep(Duration::from_millis(500)) => {}
                    }
                }
            },
        )
    }

    fn answer(self) -> Response {
        let alive = KeepAlive::new().interval(Duration::from_secs(4)).text("alive");
        Sse::new(self.events()).keep_alive(alive).into_response()
    }
}

async fn events(State(kiosks): State<Kiosks>, Path(lane): Path<String>, headers: HeaderMap) -> Response {
    match kiosks.kiosk(&lane, &headers) {
        Ok(kiosk) => {
            Listening { kiosk: Arc::clone(kiosk), whose: Whose::Page(kiosk.open_page()), officer: None }
                .answer()
        }
        Err(error) => error.into_response(),
    }
}

async fn officer_events(
    State(kiosks): State<Kiosks>,
    Path((lane, authority)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, KioskError> {
    let (kiosk, code) = kiosks.view(&lane, &authority)?;
    let name = kiosk.config().place.lane.as_str().to_owned();
    kiosks.permit(code, &headers, Deed::SeeLane, name).await?;
    let token = kiosks.officer_token(code, &headers);
    let opened = kiosk.change(|inner| {
        let open = inner.views.entry(code).or_default();
        *open += 1;
        *open
    });
    let officer = token.map(|token| Signature { kiosks: kiosks.clone(), token });
    let listening = Listening { kiosk: Arc::clone(kiosk), whose: Whose::View(code), officer };
    if opened > MAX_VIEWS { Err(Declined::TooManyViews.into()) } else { Ok(listening.answer()) }
}

async fn officer_card(
    State(kiosks): State<Kiosks>,
    Path((lane, authority)): Path<(String, String)>,
) -> Result<Json<Value>, KioskError> {
    let (kiosk, code) = kiosks.view(&lane, &authority)?;
    let mut card = kiosk.card();
    if let Some(card) = card.as_object_mut() {
        card.insert("reasons_at".to_owned(), json!(kiosks.authorities.get(&code)));
    }
    Ok(Json(card))
}

async fn code(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, KioskError> {
    let kiosk = kiosks.kiosk(&lane, &headers)?;
    let text = String::from_utf8(body.to_vec())
        .map_err(|_| KioskError::Malformed("the text of the code as UTF-8, and nothing else"))?;
    kiosk.take_code(page_of(&headers)?, text)?;
    Ok(StatusCode::ACCEPTED)
}

/// A card in JSON. A mistake in what was typed is told with its place, and what is wrong with pictures; it begins and ends nothing.
async fn laid(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, KioskError> {
    let kiosk = kiosks.kiosk(&lane, &headers)?;
    let page = page_of(&headers)?;
    let told: CardBody =
        json_of(&body, "{\"zone\": lines}, {\"pictures\": [files]} or {\"number\", \"birth\", \"kind\"}")?;
    let sight = match told.sight() {
        Ok(PageSight::Pictures(pictures)) => {
            kiosk.read_card(page, pictures).await?.map_err(CardFault::Pictures)
        }
        told => told,
    };
    match sight {
        Ok(sight) => {
            kiosk.take_card(page, sight)?;
            Ok(StatusCode::ACCEPTED.into_response())
        }
        Err(fault) => {
            let said = json!({ "taken": false, "code": fault.code(), "position": fault.position() });
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(said)).into_response())
        }
    }
}

async fn face(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, KioskError> {
    match kiosks.kiosk(&lane, &headers)?.take_face(page_of(&headers)?, body.to_vec()) {
        Ok(()) => Ok(StatusCode::NO_CONTENT.into_response()),
        // On its way when the lane had seen enough: no fault of the page.
        Err(Declined::NotLooking) => {
            Ok(Json(json!({ "taken": false, "code": "not_looking" })).into_response())
        }
        Err(declined) => Err(declined.into()),
    }
}

pub(super) fn json_of<T: serde::de::DeserializeOwned>(
    body: &[u8],
    form: &'static str,
) -> Result<T, KioskError> {
    serde_json::from_slice(body).map_err(|_| KioskError::Malformed(form))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorBody {
    passage: String,
}

async fn door(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, KioskError> {
    const FORM: &str = "{\"passage\": \"passed\" | \"not_passed\" | \"returned\"}";
    let kiosk = kiosks.kiosk(&lane, &headers)?;
    let told: DoorBody = json_of(&body, FORM)?;
    let passage = told.passage.parse().ok();
    let passage =
        passage.filter(|passage| *passage != Passage::Unknown).ok_or(KioskError::Malformed(FORM))?;
    kiosk.take_door(page_of(&headers)?, passage)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ActBody {
    act: String,
    session: Option<u64>,
    measure: Option<String>,
    reason: Option<String>,
}

impl ActBody {
    fn act(&self) -> Option<Act> {
        let measure = self.measure.as_deref();
        let reason = self.reason.as_deref();
        Some(match (self.act.as_str(), measure, reason) {
            ("measure_done", Some(word), None) => Act::MeasureDone(word.parse().ok()?),
            ("admit", None, Some(word)) => {
                Act::Admit(AdmitReason::ALL.into_iter().find(|reason| reason.word() == word)?)
            }
            ("refuse", None, None) => Act::Refuse,
            ("dealt_with", None, None) => Act::DealtWith,
            ("call", None, None) => Act::Call,
            ("release", None, None) => Act::Release,
            _ => return None,
        })
    }
}

async fn acts(
    State(kiosks): State<Kiosks>,
    Path((lane, authority)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, KioskError> {
    const FORM: &str = "{\"act\": \"measure_done\" with measure | \"admit\" with reason | \"refuse\" | \"dealt_with\" | \"call\" | \"release\", \
        \"session\": the traveller's number}";
    let (kiosk, code) = kiosks.view(&lane, &authority)?;
    let told: ActBody = json_of(&body, FORM)?;
    let act = told.act().ok_or(KioskError::Malformed(FORM))?;
    let (kiosk, session) = (Arc::clone(kiosk), told.session);
    let object = format!("{} {}", kiosk.config().place.lane.as_str(), act.word());
    let signed = kiosks.permit(code, &headers, Deed::ActAtLane, object.clone()).await?;
    let officer = (code, signed.account);
    // It waits for the disk.
    let acted = tokio::task::spawn_blocking(move || kiosk.act(officer, session, act)).await;
    match acted.unwrap_or(Err(Declined::NotWritten)) {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(declined) => {
            kiosks.failed(signed, Deed::ActAtLane, object, "declined").await;
            Err(declined.into())
        }
    }
}

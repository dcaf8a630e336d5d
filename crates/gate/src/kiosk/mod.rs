//! Kiosk: a lane's screen and camera as a page on this machine, and a view for the officer of each of its authorities.
//!
//! Lives here: [`Kiosk`], one lane's session and what each page may see of it. Not here: any decision on the traveller
//! (`lane`), the doors of the pages (`http`), what an officer did and when (`acts`). What a view holds never depends on
//! the other authority's verdict before the other authority's ledger may hear of the end (`clearance::told`).

mod acts;
mod glance;
mod hands;
mod http;
mod views;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clearance::{ClearanceId, Measures, Passage, Sides};
use documents::{AuthorityCode, Measure, Side, Timestamp};
use face::active::Prompt;
use tokio::sync::watch;

use crate::clock::{Clock, Stopwatch};
use crate::eyes::EyeFault;
use crate::lane::{Judged, LaneConfig, Report, Stages};
use crate::reason::GateReason;
use crate::server::TrustedNow;
use crate::texts::{Language, Texts};
use crate::trusted::Age;

pub use acts::{Act, ActBook, ActError, ActFault, AdmitReason};
pub use glance::Glance;
pub use hands::{Hands, NoDoor};
pub use http::{Kiosks, router};

/// Largest text of a code that a page may post, in bytes: no symbol holds more.
pub const MAX_CODE_LEN: usize = 8 * 1024;
/// Largest picture that a page may post, in bytes.
pub const MAX_FACE_LEN: usize = 2 * 1024 * 1024;
/// Travellers that an officer's view still shows after they have gone.
const PAST: usize = 8;

/// How long a kiosk waits for what.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For a picture that can be compared.
    pub look: Duration,
    /// For the measures; shorter than the clearance's own limit.
    pub measures: Duration,
    /// For a page that was lost to come back.
    pub page: Duration,
    /// For a simulated door to say that the traveller has passed.
    pub door: Duration,
    /// While which the end stays on the screen.
    pub shown: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(15),
            measures: Duration::from_secs(55),
            page: Duration::from_secs(3),
            door: Duration::from_secs(2),
            shown: Duration::from_secs(5),
        }
    }
}

/// Serves one traveller with a lane and these hands.
pub type Attendant = Arc<dyn Fn(Hands) -> Pin<Box<dyn Future<Output = Report> + Send>> + Send + Sync>;
/// Looks at one picture ahead of the lane: whether it can be compared.
pub type Judge = Arc<dyn Fn(&[u8]) -> Result<(), EyeFault> + Send + Sync>;
/// Draws an id.
pub type Draw = fn() -> Option<[u8; 16]>;

/// What a kiosk is made of.
pub struct KioskParts {
    /// The lane.
    pub config: LaneConfig,
    /// The port as each side names it: language, then side.
    pub names: BTreeMap<&'static str, BTreeMap<AuthorityCode, String>>,
    /// The secret of the kiosk's page.
    pub kiosk: [u8; 32],
    /// The secrets of the officers' pages.
    pub officers: BTreeMap<AuthorityCode, [u8; 32]>,
    /// The sentences.
    pub texts: Arc<Texts>,
    /// How long to wait for what.
    pub waits: Waits,
    /// Who serves a traveller.
    pub attend: Attendant,
    /// Who looks at a picture ahead.
    pub judge: Judge,
    /// Draws clearance ids.
    pub draw: Draw,
    /// The lists of the moment.
    pub trusted: TrustedNow,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// The stopwatch.
    pub watch: Arc<dyn Stopwatch>,
    /// What officers did.
    pub acts: ActBook,
}

/// The name of a lane in addresses: what follows the port, with dashes.
#[must_use]
pub fn slug(lane: &str) -> String {
    lane.split_once('/').map_or(lane, |(_, rest)| rest).replace('/', "-")
}

/// One lane's kiosk.
pub struct Kiosk {
    parts: KioskParts,
    slug: String,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    book: Mutex<()>,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Reading,
    Checking,
    Looking {
        second: bool,
    },
    /// An active challenge: what the screen asks for. Every picture counts, and none is judged ahead.
    Turning {
        prompt: Prompt,
    },
    Measures {
        wanted: Measures,
    },
    Door,
}

/// Why a session is to end before the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Left,
    Refused,
}

struct Session {
    number: u64,
    clearance: ClearanceId,
    phase: Phase,
    began: f64,
    welcomed: Option<f64>,
    picture: Option<Vec<u8>>,
    hint: Option<GateReason>,
    looks: u32,
    verdicts: Vec<Judged>,
    open: BTreeMap<AuthorityCode, BTreeSet<Measure>>,
    asked_at: Option<Timestamp>,
    stop: Option<Stop>,
    refused_by: Option<AuthorityCode>,
    door: Option<Passage>,
}

impl Session {
    /// Whether an officer of `authority` can still refuse: nobody was asked yet, or his authority waits for him. After
    /// that the answer would say how the other side decided.
    fn refusable(&self, authority: AuthorityCode) -> bool {
        let to_do = self.open.get(&authority).is_some_and(|open| !open.is_empty());
        self.stop.is_none() && self.phase != Phase::Door && (self.asked_at.is_none() || to_do)
    }
}

/// A traveller who has gone, as far as an officer's view may know.
struct Past {
    number: u64,
    verdicts: Vec<Judged>,
    asked_at: Option<Timestamp>,
    ended_at: Timestamp,
    passage: Passage,
    reason: Option<GateReason>,
    refused_by: Option<AuthorityCode>,
}

/// The end of a session on the screen.
struct Shown {
    number: u64,
    state: &'static str,
    sentence: &'static str,
    ms: Stages,
    welcomed: Option<f64>,
    until: f64,
}

#[derive(Default)]
struct Inner {
    page: u64,
    page_open: bool,
    page_lost: f64,
    views: BTreeMap<AuthorityCode, usize>,
    language: Option<Language>,
    held: BTreeSet<AuthorityCode>,
    count: u64,
    session: Option<Session>,
    past: VecDeque<Past>,
    shown: Option<Shown>,
    shut: bool,
}

/// Why a page's wish is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    /// Another page works this lane.
    OtherPage,
    /// Somebody is served.
    LaneBusy,
    /// An officer holds the lane.
    LaneHeld,
    /// The gate has no lists that it may go by, or is ending.
    LaneClosed,
    /// No picture is wanted.
    NotLooking,
    /// The lane has a door of its own.
    NotSimulated,
    /// Another traveller stands there by now.
    OtherTraveller,
    /// There is nothing of this kind to be done.
    NothingToDo,
    /// The act could not be written down, so it has no effect.
    NotWritten,
    /// More views than an officer can look at.
    TooManyViews,
}

impl Kiosk {
    /// A kiosk that waits for its page.
    #[must_use]
    pub fn new(parts: KioskParts) -> Arc<Self> {
        let slug = slug(parts.config.place.lane.as_str());
        Arc::new(Self {
            parts,
            slug,
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
            book: Mutex::new(()),
        })
    }

    /// The lane's name in addresses.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The lane.
    #[must_use]
    pub const fn config(&self) -> &LaneConfig {
        &self.parts.config
    }

    /// The lane's authorities, the exit's first.
    #[must_use]
    pub fn authorities(&self) -> Vec<(Side, AuthorityCode)> {
        let place = &self.parts.config.place;
        let sides: &[Side] = match place.sides {
            Sides::Both { .. } => &[Side::Exit, Side::Entry],
            Sides::One(Side::Exit, ()) => &[Side::Exit],
            Sides::One(Side::Entry, ()) => &[Side::Entry],
        };
        sides.iter().map(|side| (*side, place.direction.authority(*side))).collect()
    }

    /// Ends whatever goes on, and every page's events: the gate is about to end.
    pub fn shut(&self) {
        self.change(|inner| {
            inner.shut = true;
            if let Some(session) = &mut inner.session {
                session.stop.get_or_insert(Stop::Left);
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let made = change(&mut self.lock());
        self.changed.send_modify(|version| *version = version.wrapping_add(1));
        made
    }

    fn millis(&self) -> f64 {
        self.parts.watch.millis()
    }

    /// Whether the gate has lists of the lane's authorities that it may go by.
    fn usable(&self) -> bool {
        let (trusted, now) = ((self.parts.trusted)(), self.parts.clock.now());
        self.authorities()
            .iter()
            .all(|(_, code)| matches!(trusted.trust_age(*code, now), Age::Fresh | Age::Stale))
    }

    /// A page takes over the lane; gives its number. Whoever stood before the old page's screen is not gone yet.
    fn open_page(&self) -> u64 {
        self.change(|inner| {
            inner.page += 1;
            inner.page_open = true;
            inner.page
        })
    }

    fn close_page(&self, page: u64) {
        let now = self.millis();
        self.change(|inner| {
            if inner.page == page {
                inner.page_open = false;
                inner.page_lost = now;
            }
        });
    }

    /// A code that the page has read. The traveller is served from here on.
    ///
    /// # Errors
    /// Why nobody is served.
    pub fn take_code(self: &Arc<Self>, page: u64, text: String) -> Result<u64, Declined> {
        let usable = self.usable();
        let began = self.millis();
        let id = (self.parts.draw)().ok_or(Declined::LaneClosed)?;
        let number = self.change(|inner| {
            inner.page_is(page)?;
            if inner.shut || !usable {
                return Err(Declined::LaneClosed);
            }
            if !inner.held.is_empty() {
                return Err(Declined::LaneHeld);
            }
            if inner.session.is_some() {
                return Err(Declined::LaneBusy);
            }
            inner.count += 1;
            inner.shown = None;
            inner.session = Some(Session {
                number: inner.count,
                clearance: ClearanceId::from_bytes(id),
                phase: Phase::Reading,
                began,
                welcomed: None,
                picture: None,
                hint: None,
                looks: 0,
                verdicts: Vec::new(),
                open: BTreeMap::new(),
                asked_at: None,
                stop: None,
                refused_by: None,
                door: None,
            });
            Ok(inner.count)
        })?;
        let kiosk = Arc::clone(self);
        tokio::spawn(async move {
            let hands = Hands::new(&kiosk, number, ClearanceId::from_bytes(id), text);
            // In a task of its own: whatever becomes of it, the lane is free again.
            let served = tokio::spawn((kiosk.parts.attend)(hands)).await;
            kiosk.finish(number, served.ok().as_ref());
        });
        Ok(number)
    }

    /// A picture of the traveller. Only the newest is kept.
    ///
    /// # Errors
    /// Where none is wanted.
    pub fn take_face(&self, page: u64, picture: Vec<u8>) -> Result<(), Declined> {
        self.change(|inner| {
            inner.page_is(page)?;
            if !inner.held.is_empty() {
                return Err(Declined::NotLooking);
            }
            match &mut inner.session {
                Some(session) if matches!(session.phase, Phase::Looking { .. } | Phase::Turning { .. }) => {
                    session.picture = Some(picture);
                    Ok(())
                }
                Some(_) | None => Err(Declined::NotLooking),
            }
        })
    }

    /// The language of whoever stands there; `None` for all four in turn.
    ///
    /// # Errors
    /// Where another page works the lane.
    pub fn take_language(&self, page: u64, language: Option<Language>) -> Result<(), Declined> {
        self.change(|inner| {
            inner.page_is(page)?;
            inner.language = language;
            Ok(())
        })
    }

    /// The traveller does not want to go on.
    ///
    /// # Errors
    /// Where nobody is served any more, or the door is open already.
    pub fn leave(&self, page: u64) -> Result<(), Declined> {
        self.change(|inner| {
            inner.page_is(page)?;
            inner.stoppable()?.stop.get_or_insert(Stop::Left);
            Ok(())
        })
    }

    /// What a simulated door says.
    ///
    /// # Errors
    /// Where the lane has a door of its own, or no door is open.
    pub fn take_door(&self, page: u64, passage: Passage) -> Result<(), Declined> {
        if !self.parts.config.simulated_camera {
            return Err(Declined::NotSimulated);
        }
        self.change(|inner| {
            inner.page_is(page)?;
            match &mut inner.session {
                Some(session) if session.phase == Phase::Door => {
                    session.door = Some(passage);
                    Ok(())
                }
                Some(_) | None => Err(Declined::NothingToDo),
            }
        })
    }

    /// What an officer does. It is written down first.
    ///
    /// # Errors
    /// Why it has no effect.
    pub fn act(&self, authority: AuthorityCode, traveller: Option<u64>, act: Act) -> Result<(), Declined> {
        // One act at a time: between looking, writing and doing nothing else is done by an officer.
        let _one = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let clearance = {
            let inner = self.lock();
            let session = inner.session.as_ref();
            match act {
                Act::Call | Act::Release => session.map(|session| session.clearance),
                Act::MeasureDone(_) | Act::Admit(_) | Act::Refuse => {
                    let session = session.ok_or(Declined::OtherTraveller)?;
                    if traveller != Some(session.number) {
                        return Err(Declined::OtherTraveller);
                    }
                    let open = session.open.get(&authority);
                    let todo = match act {
                        Act::MeasureDone(measure) => open.is_some_and(|open| open.contains(&measure)),
                        Act::Admit(_) => open.is_some_and(|open| !open.is_empty()),
                        Act::Refuse | Act::Call | Act::Release => session.refusable(authority),
                    };
                    if !todo {
                        return Err(Declined::NothingToDo);
                    }
                    Some(session.clearance)
                }
            }
        };
        let now = self.parts.clock.now();
        let lane = self.parts.config.place.lane.as_str();
        self.parts.acts.write(lane, authority, act, clearance, now).map_err(|error| {
            tracing::error!(%error, "an officer's act could not be written down");
            Declined::NotWritten
        })?;
        self.change(|inner| match act {
            Act::Call => drop(inner.held.insert(authority)),
            Act::Release => drop(inner.held.remove(&authority)),
            Act::MeasureDone(_) | Act::Admit(_) | Act::Refuse => {
                let Some(session) = inner.session.as_mut().filter(|s| Some(s.clearance) == clearance) else {
                    return;
                };
                let open = session.open.entry(authority).or_default();
                match act {
                    Act::MeasureDone(measure) => drop(open.remove(&measure)),
                    Act::Admit(_) => open.clear(),
                    Act::Refuse => {
                        session.stop.get_or_insert(Stop::Refused);
                        session.refused_by = Some(authority);
                    }
                    Act::Call | Act::Release => {}
                }
            }
        });
        Ok(())
    }

    /// The end of a session, in whatever way.
    fn finish(&self, number: u64, report: Option<&Report>) {
        let (now, at) = (self.millis(), self.parts.clock.now());
        let shown_for = self.parts.waits.shown.as_secs_f64() * 1000.0;
        self.change(|inner| {
            let Some(session) = inner.session.take_if(|session| session.number == number) else { return };
            let passage = report.map_or(Passage::Unknown, |report| report.passage);
            let (state, sentence) = ending(report, &session);
            inner.shown = state.map(|state| Shown {
                number,
                state,
                sentence,
                ms: report.map(|report| report.ms).unwrap_or_default(),
                welcomed: session.welcomed.map(|at| at - session.began),
                until: now + shown_for,
            });
            if state.is_none() {
                inner.language = None;
            }
            inner.past.push_front(Past {
                number,
                verdicts: report.map_or(session.verdicts, |report| report.verdicts.clone()),
                asked_at: session.asked_at,
                ended_at: at,
                passage,
                reason: report.map_or(Some(GateReason::RecordFailed), |report| report.reason),
                refused_by: session.refused_by,
            });
            inner.past.truncate(PAST);
        });
    }

    /// Waits until `ready` gives something, the session is to end, or `limit` has passed.
    async fn wait<T>(
        &self,
        number: u64,
        limit: Duration,
        spending: &mut Spending<'_>,
        mut ready: impl FnMut(&mut Session) -> Option<T>,
    ) -> Waited<T> {
        let mut changes = self.changed.subscribe();
        let mut own = 0.0;
        let mut last = self.millis();
        loop {
            changes.mark_unchanged();
            let now = self.millis();
            {
                let mut inner = self.lock();
                let held = !inner.held.is_empty();
                let lost = inner.lost(now, self.parts.waits.page);
                let Some(session) = inner.session.as_mut().filter(|s| s.number == number) else {
                    return Waited::Stopped(Stop::Left);
                };
                if lost {
                    session.stop.get_or_insert(Stop::Left);
                }
                if let Some(stop) = session.stop {
                    return Waited::Stopped(stop);
                }
                if let Some(made) = ready(session) {
                    return Waited::Made(made);
                }
                match spending {
                    Spending::Steady => own += now - last,
                    Spending::Patient(spent) if !held => **spent += now - last,
                    Spending::Patient(_) => {}
                }
                last = now;
            }
            let spent = match spending {
                Spending::Steady => own,
                Spending::Patient(spent) => **spent,
            };
            let left = limit.as_secs_f64() * 1000.0 - spent;
            if left <= 0.0 {
                return Waited::Late;
            }
            let nap = Duration::from_secs_f64(left.clamp(1.0, 250.0) / 1000.0);
            tokio::select! {
                _ = changes.changed() => {}
                () = tokio::time::sleep(nap) => {}
            }
        }
    }

    fn phase(&self, number: u64, phase: Phase) {
        self.session(number, |session| session.phase = phase);
    }

    fn session(&self, number: u64, change: impl FnOnce(&mut Session)) {
        self.change(|inner| {
            if let Some(session) = inner.session.as_mut().filter(|session| session.number == number) {
                change(session);
            }
        });
    }
}

/// Which time counts against a limit.
enum Spending<'a> {
    /// All of it.
    Steady,
    /// Over several waits, and not while an officer holds the lane.
    Patient(&'a mut f64),
}

/// What came of a wait.
enum Waited<T> {
    Made(T),
    Stopped(Stop),
    Late,
}

impl Inner {
    fn page_is(&self, page: u64) -> Result<(), Declined> {
        if self.page == page { Ok(()) } else { Err(Declined::OtherPage) }
    }

    fn lost(&self, now: f64, grace: Duration) -> bool {
        !self.page_open && now - self.page_lost > grace.as_secs_f64() * 1000.0
    }

    fn stoppable(&mut self) -> Result<&mut Session, Declined> {
        self.session.as_mut().filter(|s| s.phase != Phase::Door).ok_or(Declined::NothingToDo)
    }
}

/// What the screen shows at the end, and the sentence; nothing where the traveller has gone.
fn ending(report: Option<&Report>, session: &Session) -> (Option<&'static str>, &'static str) {
    const SEE_OFFICER: &str = "see_officer";
    let Some(report) = report else { return (Some(SEE_OFFICER), SEE_OFFICER) };
    match (session.stop, report.passage) {
        (Some(Stop::Refused), _) => return (Some(SEE_OFFICER), SEE_OFFICER),
        (Some(Stop::Left), Passage::NotPassed) => return (None, "welcome"),
        (None | Some(Stop::Left), Passage::Passed) => return (Some("welcome"), "go_through"),
        (None | Some(Stop::Left), Passage::Unknown | Passage::Returned) => {
            return (Some(SEE_OFFICER), SEE_OFFICER);
        }
        (None, Passage::NotPassed) if session.welcomed.is_some() => return (None, "welcome"),
        (None, Passage::NotPassed) => {}
    }
    let state = if report.sentence == SEE_OFFICER { SEE_OFFICER } else { "again" };
    (Some(state), report.sentence)
}

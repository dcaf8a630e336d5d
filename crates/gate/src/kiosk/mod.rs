//! Kiosk: a lane's screen and camera as a page on this machine, and a view for the officer of each of its authorities.
//!
//! Lives here: [`Kiosk`], which runs its lane for one traveller at a time, and what each page may see of it. Not here: any
//! decision on the traveller (`lane`), the routes of the pages (`http`), what an officer did and when (`acts`). What a view holds never depends on
//! the other authority's verdict before the other authority's ledger may hear of the end (`clearance::told`).

mod acts;
mod beside;
mod cookies;
mod desk;
mod devices;
mod http;
mod kept;
mod runner;
mod session;
mod views;
mod wishes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clearance::{ClearanceId, Passage, Sentence};
use documents::{AuthorityCode, LaneKind, Measure, Side};
use officers::AccountId;
use tokio::sync::watch;

use self::kept::Keeping;
use self::runner::{LaneRunner, Runner};
use self::session::{First, Past, Session, SessionHandle, Shown, Stage, Stop, wants_unlock};
use crate::capture::{FaceCapture, ProbeCache, blocking};
use crate::check::Age;
use crate::clock::{Clock, Stopwatch};
use crate::devices::camera::PageSight;
use crate::devices::door::Door;
use crate::devices::zone::{MAX_CARD_PICTURE_LEN, ZoneFault};
use crate::lane::{Lane, LaneConfig, Report};
use crate::outbox::AuthorityLink;
use crate::reason::GateReason;
use crate::server::TrustedNow;
use crate::texts::{Language, Texts};

pub use acts::{Act, ActBook, ActError, ActFault, AdmitReason};
pub use http::{Kiosks, Reach, router};

/// Largest text of a code that a page may post, in bytes: no symbol holds more.
pub const MAX_CODE_LEN: usize = 8 * 1024;
/// Largest card that a page may post, in bytes: two of the largest pictures, in Base64.
pub const MAX_CARD_LEN: usize = 2 * MAX_CARD_PICTURE_LEN.div_ceil(3) * 4 + 1024;
/// Largest picture that a page may post, in bytes.
pub const MAX_FACE_LEN: usize = 2 * 1024 * 1024;
/// Travellers that an officer's view still shows after they have gone.
const PAST: usize = 8;
const SEE_OFFICER: &str = Sentence::SeeOfficer.key();

/// How long a kiosk's own devices wait. How long authorities, measures and door may take is the clearance's matter.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For a picture that can be compared.
    pub look: Duration,
    /// For the next card.
    pub card: Duration,
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
            card: Duration::from_secs(60),
            page: Duration::from_secs(3),
            door: Duration::from_secs(2),
            shown: Duration::from_secs(5),
        }
    }
}

/// What a kiosk is made of, beside its lane.
pub struct KioskSetup {
    /// The port as each side names it: language, then side.
    pub names: BTreeMap<&'static str, BTreeMap<AuthorityCode, String>>,
    /// Whose officers have a view of the lane.
    pub officers: BTreeSet<AuthorityCode>,
    /// Sentences for travellers, in four languages.
    pub texts: Arc<Texts>,
    /// How long its devices wait.
    pub waits: Waits,
    /// Draws a clearance's id; `None` where the machine gives no random bytes.
    pub draw: fn() -> Option<[u8; 16]>,
    /// The lists of the moment.
    pub trusted: TrustedNow,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Measures how long each stage takes.
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
    setup: KioskSetup,
    config: LaneConfig,
    runner: Arc<dyn Runner>,
    slug: String,
    inner: Mutex<Inner>,
    changed: watch::Sender<u64>,
    /// Held while an officer's act is judged, written and carried out.
    act: Mutex<()>,
}

#[derive(Default)]
struct Inner {
    page: u64,
    page_open: bool,
    page_lost: f64,
    views: BTreeMap<AuthorityCode, usize>,
    language: Option<Language>,
    /// Whose officers hold the lane.
    held: BTreeSet<AuthorityCode>,
    count: u64,
    session: Option<Session>,
    past: VecDeque<Past>,
    keeping: Keeping,
    shown: Option<Shown>,
    ending: bool,
}

/// Why a page's wish is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    /// Another page works this lane.
    OtherPage,
    /// The lane asks for cards and not for codes, or the reverse.
    OtherKind,
    /// No card is wanted.
    NotLaying,
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
    /// A kiosk that waits for its page. It serves travellers with `lane`; a lane that is not simulated opens `door`, and
    /// without one nobody goes through.
    #[must_use]
    pub fn new<L, E, D>(setup: KioskSetup, lane: Arc<Lane<L, ProbeCache<E>>>, door: Option<D>) -> Arc<Self>
    where
        L: AuthorityLink + 'static,
        E: FaceCapture,
        D: Door + Clone + Sync + 'static,
    {
        let config = lane.config().clone();
        Arc::new(Self {
            setup,
            slug: slug(config.place.lane.as_str()),
            config,
            runner: Arc::new(LaneRunner { lane, door }),
            inner: Mutex::default(),
            changed: watch::Sender::new(0),
            act: Mutex::new(()),
        })
    }

    /// The lane's name in addresses.
    #[must_use]
    pub fn slug(&self) -> &str {
        &self.slug
    }

    /// The lane that it serves.
    #[must_use]
    pub const fn config(&self) -> &LaneConfig {
        &self.config
    }

    /// The lane's authorities, the exit's first.
    #[must_use]
    pub fn authorities(&self) -> Vec<(Side, AuthorityCode)> {
        self.config.place.authorities().collect()
    }

    /// Ends whatever goes on, and every page's events: the gate is about to end.
    pub fn shut(&self) {
        self.change(|inner| {
            inner.ending = true;
            inner.keeping.forget();
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
        self.setup.watch.millis()
    }

    /// Whether the gate has lists of the lane's authorities that it may go by.
    fn usable(&self) -> bool {
        let (trusted, now) = ((self.setup.trusted)(), self.setup.clock.now());
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

    /// Serves the traveller whose code the page has read, or goes on with one who was asked to unlock their wallet again; gives
    /// the session's number.
    ///
    /// # Errors
    /// Why nobody is served.
    pub fn take_code(self: &Arc<Self>, page: u64, text: String) -> Result<u64, Declined> {
        if self.config.kind == LaneKind::Document {
            return Err(Declined::OtherKind);
        }
        let next = self.change(|inner| {
            inner.page_is(page)?;
            if !inner.held.is_empty() {
                return Err(Declined::LaneHeld);
            }
            let Some(session) = inner.session.as_mut() else { return Ok(None) };
            *session.next_code().ok_or(Declined::LaneBusy)? = Some(text.clone());
            Ok(Some(session.number))
        })?;
        next.map_or_else(|| self.begin(page, First::Code(text)), Ok)
    }

    /// The traveller has no phone that can be unlocked: an officer sees the document in its place.
    ///
    /// # Errors
    /// Where no own unlock is wanted.
    pub fn choose_document(&self, page: u64) -> Result<(), Declined> {
        self.change(|inner| {
            inner.page_is(page)?;
            match inner.session.as_mut().map(|session| &mut session.stage) {
                Some(Stage::Unlocking { open, code, wrong }) if wants_unlock(open) => {
                    for measures in open.values_mut() {
                        if measures.remove(&Measure::Pin) {
                            measures.insert(Measure::PhysicalDocument);
                        }
                    }
                    (*code, *wrong) = (None, None);
                    Ok(())
                }
                Some(
                    Stage::Unlocking { .. }
                    | Stage::Reading
                    | Stage::Laying { .. }
                    | Stage::Checking
                    | Stage::Looking { .. }
                    | Stage::Turning { .. }
                    | Stage::Measuring { .. }
                    | Stage::Door { .. }
                    | Stage::Over(_),
                )
                | None => Err(Declined::NothingToDo),
            }
        })
    }

    /// Takes a card: the first one of a traveller, or the next one that the lane asks for; gives the session's number.
    ///
    /// # Errors
    /// Why nobody is served, or that no card is wanted now.
    pub fn take_card(self: &Arc<Self>, page: u64, sight: PageSight) -> Result<u64, Declined> {
        if self.config.kind != LaneKind::Document {
            return Err(Declined::OtherKind);
        }
        let served = self.lock().session.is_some();
        if !served {
            return self.begin(page, First::Card(sight));
        }
        self.change(|inner| {
            inner.page_is(page)?;
            if !inner.held.is_empty() {
                return Err(Declined::NotLaying);
            }
            let session = inner.session.as_mut().ok_or(Declined::NotLaying)?;
            *session.card().ok_or(Declined::NotLaying)? = Some(sight);
            Ok(session.number)
        })
    }

    /// Reads the zone in pictures of a card, ahead of the lane: pictures that give none begin and end nothing.
    ///
    /// # Errors
    /// [`Declined`] where no card is wanted now; else why no zone is given out.
    pub async fn read_card(
        &self,
        page: u64,
        pictures: Vec<Vec<u8>>,
    ) -> Result<Result<PageSight, ZoneFault>, Declined> {
        self.wants_card(page)?;
        let (runner, today) = (Arc::clone(&self.runner), self.setup.clock.now().local_date());
        let read = blocking(move || runner.zones().read(&pictures, today)).await;
        Ok(read.unwrap_or(Err(ZoneFault::File)).map(PageSight::Zone))
    }

    /// Whether a card is wanted of this page now.
    fn wants_card(&self, page: u64) -> Result<(), Declined> {
        if self.config.kind != LaneKind::Document {
            return Err(Declined::OtherKind);
        }
        let mut inner = self.lock();
        inner.page_is(page)?;
        if inner.ending {
            return Err(Declined::LaneClosed);
        }
        if !inner.held.is_empty() {
            return Err(Declined::LaneHeld);
        }
        match &mut inner.session {
            Some(session) => session.card().map(|_| ()).ok_or(Declined::NotLaying),
            None => Ok(()),
        }
    }

    fn begin(self: &Arc<Self>, page: u64, first: First) -> Result<u64, Declined> {
        let usable = self.usable();
        let began = self.millis();
        let clearance = ClearanceId::from_bytes((self.setup.draw)().ok_or(Declined::LaneClosed)?);
        let number = self.change(|inner| {
            inner.page_is(page)?;
            if inner.ending || !usable {
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
            inner.keeping.forget();
            inner.session = Some(Session::new(inner.count, clearance, began));
            Ok(inner.count)
        })?;
        let kiosk = Arc::clone(self);
        tokio::spawn(async move {
            let session = SessionHandle { kiosk: Arc::clone(&kiosk), number };
            let runner = Arc::clone(&kiosk.runner);
            // In a task of its own: whatever becomes of it, the lane is free again.
            let served = tokio::spawn(async move { runner.serve(session, clearance, first).await }).await;
            kiosk.finish(number, served.ok().as_ref());
            kiosk.look_after_face(number).await;
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
            let wanted = inner.session.as_mut().and_then(Session::picture);
            *wanted.ok_or(Declined::NotLooking)? = Some(picture);
            Ok(())
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
        if !self.config.simulated_camera {
            return Err(Declined::NotSimulated);
        }
        self.change(|inner| {
            inner.page_is(page)?;
            match inner.session.as_mut().map(|session| &mut session.stage) {
                Some(Stage::Door { said }) => {
                    *said = Some(passage);
                    Ok(())
                }
                Some(
                    Stage::Reading
                    | Stage::Laying { .. }
                    | Stage::Checking
                    | Stage::Looking { .. }
                    | Stage::Turning { .. }
                    | Stage::Unlocking { .. }
                    | Stage::Measuring { .. }
                    | Stage::Over(_),
                )
                | None => Err(Declined::NothingToDo),
            }
        })
    }

    /// Carries out what an officer does. It is written down first.
    ///
    /// # Errors
    /// Why it has no effect.
    pub fn act(
        &self,
        (authority, officer): (AuthorityCode, AccountId),
        traveller: Option<u64>,
        act: Act,
    ) -> Result<(), Declined> {
        let _one_act_at_a_time = self.act.lock().unwrap_or_else(PoisonError::into_inner);
        let clearance = {
            let inner = self.lock();
            let session = inner.session.as_ref();
            match act {
                Act::Call | Act::Release => session.map(|session| session.clearance),
                Act::MeasureDone(_) | Act::Admit(_) | Act::Refuse => {
                    Some(actable(session, authority, traveller, act)?)
                }
                Act::DealtWith => Some(inner.waiting(authority, traveller)?),
            }
        };
        let now = self.setup.clock.now();
        let lane = self.config.place.lane.as_str();
        self.setup.acts.write(lane, (authority, officer), act, clearance, now).map_err(|error| {
            tracing::error!(%error, "an officer's act could not be written down");
            Declined::NotWritten
        })?;
        let now = self.millis();
        self.change(|inner| {
            inner.carry_out(authority, act, clearance);
            inner.forget_shown(now);
        });
        Ok(())
    }

    /// Ends a session, in whatever way it was served; without a report its task broke.
    fn finish(&self, number: u64, report: Option<&Report>) {
        let (now, look) = (self.millis(), self.look());
        let shown_for = self.setup.waits.shown.as_secs_f64() * 1000.0;
        self.change(|inner| {
            let Some(session) = inner.session.take_if(|session| session.number == number) else { return };
            let end = if report.is_some() { ending(&session) } else { Some((SEE_OFFICER, SEE_OFFICER)) };
            inner.shown = end.map(|(state, sentence)| Shown {
                number,
                state,
                sentence,
                ms: report.map(|report| report.ms).unwrap_or_default(),
                welcomed: session.welcomed.map(|at| at - session.began),
                until: now + shown_for,
            });
            if end.is_none() {
                inner.language = None;
            }
            let refused_by = match session.stop {
                Some(Stop::Refused { by }) => Some(by),
                Some(Stop::Left) | None => None,
            };
            let past = Past {
                number,
                clearance: session.clearance,
                verdicts: report
                    .map_or_else(|| session.verdicts().to_vec(), |report| report.verdicts.clone()),
                asked_at: session.asked.as_ref().map(|asked| asked.at),
                ended_at: look.now,
                passage: report.map_or(Passage::Unknown, |report| report.passage),
                reason: report.map_or(Some(GateReason::RecordFailed), |report| report.reason),
                refused_by,
                dealt: BTreeSet::new(),
                face_taken: session.face.is_some(),
            };
            inner.keep_face(session.face, &past, &self.setup.officers, look);
            inner.past.push_front(past);
            inner.past.truncate(PAST);
        });
    }
}

/// The clearance that an officer of `authority` may act on, where there is something of this kind to be done.
fn actable(
    session: Option<&Session>,
    authority: AuthorityCode,
    traveller: Option<u64>,
    act: Act,
) -> Result<ClearanceId, Declined> {
    let session =
        session.filter(|session| traveller == Some(session.number)).ok_or(Declined::OtherTraveller)?;
    let possible = match act {
        Act::MeasureDone(measure) => {
            session.open(authority).is_some_and(|open| open.iter().any(|each| by_officer(*each) == measure))
        }
        Act::Admit(_) => session.is_open(authority),
        Act::Refuse => session.refusable(authority),
        Act::Call | Act::Release | Act::DealtWith => true,
    };
    if possible { Ok(session.clearance) } else { Err(Declined::NothingToDo) }
}

/// What an officer carries out for an open measure. An own unlock only the traveller can show: for it the officer sees the document.
const fn by_officer(open: Measure) -> Measure {
    match open {
        Measure::Pin => Measure::PhysicalDocument,
        Measure::ActiveLiveness
        | Measure::SecondLook
        | Measure::PhysicalDocument
        | Measure::Guardian
        | Measure::Officer => open,
    }
}

impl Inner {
    fn page_is(&self, page: u64) -> Result<(), Declined> {
        if self.page == page { Ok(()) } else { Err(Declined::OtherPage) }
    }

    fn lost(&self, now: f64, grace: Duration) -> bool {
        !self.page_open && now - self.page_lost > grace.as_secs_f64() * 1000.0
    }

    fn session_numbered(&mut self, number: u64) -> Option<&mut Session> {
        self.session.as_mut().filter(|session| session.number == number)
    }

    /// The clearance of a traveller who waits for the officer of `authority`.
    fn waiting(&self, authority: AuthorityCode, traveller: Option<u64>) -> Result<ClearanceId, Declined> {
        let past = self.past.iter().find(|past| traveller == Some(past.number));
        let past = past.ok_or(Declined::OtherTraveller)?;
        if past.waits_for(authority) { Ok(past.clearance) } else { Err(Declined::NothingToDo) }
    }

    /// Whether an officer who looks at this lane has yet to deal with the traveller whose end the screen shows.
    fn shown_for_officer(&self) -> bool {
        let shown = self.shown.as_ref().filter(|shown| shown.state == SEE_OFFICER);
        let past = shown.and_then(|shown| self.past.iter().find(|past| past.number == shown.number));
        past.is_some_and(|past| self.views.iter().any(|(code, open)| *open > 0 && past.waits_for(*code)))
    }

    /// Takes the end of a session from the screen once its time is over and no officer has to deal with it: what the traveller reads
    /// and what the officer reads stay and go together.
    fn forget_shown(&mut self, now: f64) {
        let over = self.shown.as_ref().is_some_and(|shown| shown.until <= now);
        if !over || self.shown_for_officer() {
            return;
        }
        self.shown = None;
        if self.session.is_none() {
            self.language = None;
        }
    }

    fn stoppable(&mut self) -> Result<&mut Session, Declined> {
        self.session.as_mut().filter(|session| session.stoppable()).ok_or(Declined::NothingToDo)
    }

    /// Carries out an act that was written down.
    fn carry_out(&mut self, authority: AuthorityCode, act: Act, clearance: Option<ClearanceId>) {
        let session = self.session.as_mut().filter(|session| Some(session.clearance) == clearance);
        match act {
            Act::Call => drop(self.held.insert(authority)),
            Act::Release => drop(self.held.remove(&authority)),
            Act::MeasureDone(measure) => {
                if let Some(open) = session.and_then(|session| session.open_mut(authority)) {
                    open.retain(|each| by_officer(*each) != measure);
                }
            }
            Act::Admit(_) => {
                if let Some(open) = session.and_then(|session| session.open_mut(authority)) {
                    open.clear();
                }
            }
            Act::Refuse => {
                if let Some(session) = session {
                    session.stop.get_or_insert(Stop::Refused { by: authority });
                }
            }
            Act::DealtWith => {
                let past = self.past.iter_mut().find(|past| Some(past.clearance) == clearance);
                if let Some(past) = past {
                    past.dealt.insert(authority);
                    self.keeping.dealt_with(past.number, authority);
                }
            }
        }
    }
}

/// What the screen shows at the end, and the sentence; nothing where the traveller has gone.
fn ending(session: &Session) -> Option<(&'static str, &'static str)> {
    match (session.stop, &session.stage) {
        (Some(Stop::Refused { .. }), _) => Some((SEE_OFFICER, SEE_OFFICER)),
        (Some(Stop::Left) | None, Stage::Over(sentence)) => session.end_of(*sentence),
        (Some(Stop::Left) | None, Stage::Door { .. }) => Some(("welcome", Sentence::GoThrough.key())),
        (
            Some(Stop::Left) | None,
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Unlocking { .. }
            | Stage::Measuring { .. },
        ) => None,
    }
}

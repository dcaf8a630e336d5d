//! Lane: one traveller from the first frame to the door, and the record of it.
//!
//! Lives here: [`Lane`]. Its [`driver`] moves the clearance, its [`rounds`] bring code, face and measures, `time` keeps
//! the time. Not here: any decision on the traveller; the check decides on the code, the authorities on the person, the
//! clearance joins them.

mod authorities;
mod challenge;
mod driver;
pub mod measures;
mod report;
mod rounds;
pub mod screen;
mod shown;
mod time;
mod unlock;

use std::sync::{Arc, Mutex};

use clearance::{AskingRecord, ClearanceId, OpeningRecord, PassageRecord, Place, Sides, Told};
use credential::{Audience, ProofWindow};
use documents::{AuthorityCode, LaneKind};

use self::authorities::Linked;
use self::driver::{Driver, Records};
use self::measures::Measurer;
use self::rounds::{LaneRounds, Notes};
use self::screen::Screen;
use self::time::{LaneTime, RuntimeTimer};
use self::unlock::CODES;
use crate::capture::{Captured, FaceCapture};
use crate::check::{Checker, ReplayCache, Trusted};
use crate::clock::{Clock, Stopwatch};
use crate::devices::camera::Camera;
use crate::devices::door::Door;
use crate::devices::zone::{Needs, ZoneReader, Zones};
use crate::metrics::{Counted, Metrics};
use crate::outbox::{AuthorityLink, Courier, Store, StoreError};
use crate::reason::GateReason;

pub use self::authorities::open_verdict;
pub use self::report::{Judged, Report, Stages};

/// What a lane is.
#[derive(Debug, Clone)]
pub struct LaneConfig {
    /// Where it stands and which verdicts it needs.
    pub place: Place,
    /// What it asks of the traveller.
    pub kind: LaneKind,
    /// The window for holder proofs.
    pub window: ProofWindow,
    /// Pictures of the face that are taken for one probe, 1 to [`face::MAX_PICTURES`].
    pub pictures: u8,
    /// Whether pictures from elsewhere than the gate's own camera are taken.
    pub simulated_camera: bool,
    /// The audiences of other lanes, to tell a code for elsewhere from a forged one.
    pub elsewhere: Vec<Audience>,
}

impl LaneConfig {
    /// The audience that a code for this lane must be made for.
    #[must_use]
    pub fn audience(&self) -> Audience {
        let side = match self.place.sides {
            Sides::Both { .. } => None,
            Sides::One(side, ()) => Some(side),
        };
        Audience::new(self.place.port.clone(), self.place.direction, side)
    }
}

/// What a lane works with for one traveller.
pub struct LaneContext<'a, C, D, S, M> {
    /// Reads code and face.
    pub camera: &'a mut C,
    /// Opens, and says who passed.
    pub door: &'a mut D,
    /// The screens of traveller and officers.
    pub screen: &'a mut S,
    /// Whoever carries out measures.
    pub measures: &'a mut M,
    /// The lists of this moment.
    pub trusted: &'a dyn Trusted,
    /// The time of day.
    pub clock: &'a dyn Clock,
    /// Measures how long each stage takes.
    pub watch: &'a dyn Stopwatch,
}

/// One lane.
pub struct Lane<L, E> {
    config: LaneConfig,
    checker: Checker,
    replay: Arc<Mutex<ReplayCache>>,
    store: Arc<Store>,
    link: Arc<L>,
    faces: Arc<E>,
    metrics: Arc<Metrics>,
    zones: Zones,
}

impl<L: AuthorityLink, E: FaceCapture> Lane<L, E> {
    /// A lane. Lanes of one port share `replay` and `store`, so that a code shown at one is refused at the other.
    #[must_use]
    pub fn new(
        config: LaneConfig,
        replay: Arc<Mutex<ReplayCache>>,
        store: Arc<Store>,
        link: Arc<L>,
        faces: Arc<E>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let checker = Checker::new(
            config.place.lane.clone(),
            config.audience(),
            config.window,
            config.elsewhere.clone(),
        );
        let needs = if config.simulated_camera { Needs::OneStill } else { Needs::TwoAlike };
        let zones = Zones::none(needs);
        Self { config, checker, replay, store, link, faces, metrics, zones }
    }

    /// Reads zones in pictures of cards, at a lane by document.
    #[must_use]
    pub fn with_zone_reader(mut self, zones: Arc<dyn ZoneReader>) -> Self {
        self.zones = self.zones.with(zones);
        self
    }

    /// What reads zones here, in pictures of cards.
    #[must_use]
    pub const fn zones(&self) -> &Zones {
        &self.zones
    }

    /// What it is.
    #[must_use]
    pub const fn config(&self) -> &LaneConfig {
        &self.config
    }

    /// What makes probes of pictures here.
    #[must_use]
    pub const fn faces(&self) -> &Arc<E> {
        &self.faces
    }

    /// The courier for this lane's events.
    #[must_use]
    pub fn courier(&self) -> Courier<L> {
        Courier::new(Arc::clone(&self.store), Arc::clone(&self.link))
    }

    /// Serves one traveller; `id` was drawn afresh. What has to be told later stays in the store for the courier.
    pub async fn serve<C: Camera, D: Door, S: Screen, M: Measurer>(
        &self,
        id: ClearanceId,
        context: LaneContext<'_, C, D, S, M>,
    ) -> Report {
        let LaneContext { camera, door, screen, measures, trusted, clock, watch } = context;
        let time = LaneTime::new(clock, &RuntimeTimer);
        let mut scratch: [Vec<u8>; CODES] = Default::default();
        let mut rounds = LaneRounds {
            lane: self,
            id,
            camera,
            measures,
            trusted,
            time: &time,
            watch,
            scratch: scratch.iter_mut().collect(),
            shown: None,
            read: None,
            captured: Captured::none(),
            done: Vec::new(),
            notes: Notes::default(),
        };
        let driver = Driver {
            records: &*self.store,
            authorities: &Linked { link: &*self.link, trusted, time: &time },
            door,
            screen,
            rounds: &mut rounds,
            time: &time,
            watch,
            report: Report::new(id),
        };
        let mut report = driver.drive(id, self.config.place.clone()).await;
        rounds.notes.complete(&mut report);
        self.metrics.count(&self.config.place.lane, &counted(&report));
        report
    }
}

impl Records for Store {
    async fn record_asking(&self, record: &AskingRecord) -> Result<(), StoreError> {
        Self::record_asking(self, record).await
    }

    async fn record_opening(&self, record: &OpeningRecord) -> Result<(), StoreError> {
        Self::record_opening(self, record).await
    }

    async fn record_passage(&self, record: &PassageRecord) -> Result<(), StoreError> {
        Self::record_passage(self, record).await
    }

    /// The outbox holds it since the passage was written; the courier is woken.
    fn tell(&self, authority: AuthorityCode, told: Told) {
        tracing::debug!(%authority, passage = told.passage.code(), at = %told.at, "to be told");
        self.wake_courier();
    }
}

fn counted(report: &Report) -> Counted {
    Counted {
        passage: report.passage,
        reason: report.reason.map(GateReason::code),
        stages: [
            ("read", report.ms.read),
            ("check", report.ms.check),
            ("face", report.ms.face),
            ("clear", report.ms.clear),
            ("total", report.ms.total),
        ],
    }
}

//! Devices: camera, door, screen and measures of one traveller at a kiosk, as the lane knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clearance::{Answer, ClearanceId, Measures, Passage, Sentence};
use documents::{AuthorityCode, Measure, Side};
use face::active::Prompt;

use super::kept::LanePicture;
use super::session::{Asked, First, Limit, Open, Session, SessionHandle, Stage, Stop, Unfit, Waited};
use crate::capture::blocking;
use crate::devices::camera::{Camera, CameraError, CodeSight, NextCode, PageSight, Seen, Source};
use crate::devices::door::{Door, DoorError};
use crate::lane::Judged;
use crate::lane::measures::{Measurer, Taken};
use crate::lane::screen::Screen;
use crate::reason::GateReason;

/// How long a look waits for another picture: a few times what the page lets pass between two.
const MORE: Duration = Duration::from_millis(500);
/// Pictures of one look where a saved photograph may stand in for a traveller.
const STAND_INS: u8 = 2;

/// What a lane works with for one traveller who stands at a kiosk.
pub(super) struct KioskDevices<D> {
    pub(super) camera: KioskCamera,
    pub(super) door: KioskDoor<D>,
    pub(super) screen: KioskScreen,
    pub(super) measures: KioskMeasures,
}

impl<D: Door> KioskDevices<D> {
    /// The devices of a session that began with this code or card. A lane that is not simulated opens `door`; a simulated one
    /// needs none.
    pub(super) fn new(session: &SessionHandle, first: First, door: Option<D>) -> Self {
        Self {
            camera: KioskCamera {
                session: session.clone(),
                first: Some(first),
                looked: false,
                moving: false,
                taken: 0,
            },
            door: KioskDoor { session: session.clone(), real: door },
            screen: KioskScreen(session.clone()),
            measures: KioskMeasures(session.clone()),
        }
    }
}

/// The page's camera. A picture that cannot be compared is not the end: the page sends the next.
pub(super) struct KioskCamera {
    session: SessionHandle,
    first: Option<First>,
    looked: bool,
    /// Whether a challenge runs.
    moving: bool,
    /// Pictures taken in this look.
    taken: u8,
}

/// Takes the picture that is there.
fn next_picture(session: &mut Session) -> Option<Vec<u8>> {
    session.picture().and_then(Option::take)
}

const fn stopped(stop: Stop) -> CameraError {
    match stop {
        Stop::Left => CameraError::Left,
        Stop::Refused { .. } => CameraError::Refused,
    }
}

impl Camera for KioskCamera {
    async fn code(&mut self) -> Result<Seen<CodeSight>, CameraError> {
        self.session.set(Stage::Checking);
        match self.first.take() {
            Some(First::Code(text)) => Ok(self.seen(CodeSight::Text(text))),
            Some(First::Card(_)) | None => Err(CameraError::Empty),
        }
    }

    /// The page sends what its camera reads; an officer may see the document in its place.
    async fn code_again(&mut self, wrong: Option<GateReason>) -> Result<NextCode, CameraError> {
        let authorities = self.session.kiosk.authorities();
        let unlock = Measures::new([Measure::Pin]).map_err(|_| CameraError::Empty)?;
        self.session.change(|session| {
            // What was chosen or seen since the last code stays.
            if let Stage::Unlocking { code, wrong: last, .. } = &mut session.stage {
                (*code, *last) = (None, wrong);
            } else {
                let open = open_measures(session.verdicts(), &authorities, unlock);
                session.stage = Stage::Unlocking { open, code: None, wrong };
            }
        });
        let ready = |session: &mut Session| match &mut session.stage {
            Stage::Unlocking { open, .. } if open.values().all(BTreeSet::is_empty) => Some(None),
            Stage::Unlocking { code, .. } => code.take().map(Some),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Measuring { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        };
        match self.session.wait(Limit::None, ready).await {
            Waited::Made(Some(text)) => Ok(NextCode::Code(self.seen(CodeSight::Text(text)))),
            Waited::Made(None) => Ok(NextCode::DocumentSeen),
            Waited::Stopped(stop) => Err(stopped(stop)),
            Waited::Late => Ok(NextCode::NotShown),
        }
    }

    /// The card with which the session began; after it the page is asked for the next.
    async fn page(&mut self) -> Result<Seen<PageSight>, CameraError> {
        if let Some(First::Card(sight)) = self.first.take() {
            self.session.set(Stage::Checking);
            return Ok(self.seen(sight));
        }
        self.session.set(Stage::Laying { card: None });
        let limit = Limit::Steady(self.session.kiosk.setup.waits.card);
        let laid = self.session.wait(limit, |session| session.card().and_then(Option::take)).await;
        self.session.set(Stage::Checking);
        match laid {
            Waited::Made(sight) => Ok(self.seen(sight)),
            Waited::Stopped(stop) => Err(stopped(stop)),
            Waited::Late => Err(CameraError::Left),
        }
    }

    async fn face(&mut self) -> Result<Seen<Vec<u8>>, CameraError> {
        let limit = self.session.kiosk.setup.waits.look;
        if self.moving {
            return match self.session.wait(Limit::Steady(limit), next_picture).await {
                Waited::Made(picture) => Ok(self.seen(picture)),
                Waited::Stopped(stop) => Err(stopped(stop)),
                Waited::Late => Err(CameraError::Empty),
            };
        }
        let second = std::mem::replace(&mut self.looked, true);
        self.session.set(Stage::Looking { second, picture: None, hint: None });
        let (mut spent, mut poor) = (0.0, None);
        let (picture, fit) = loop {
            let patient = Limit::Patient { limit, spent: &mut spent };
            match self.session.wait(patient, next_picture).await {
                Waited::Stopped(stop) => return Err(stopped(stop)),
                // No picture at all: the camera, not the traveller. Else the lane says what was wrong with the last.
                Waited::Late => break (poor.ok_or(CameraError::Empty)?, false),
                Waited::Made(picture) => {
                    let began = self.session.kiosk.millis();
                    match self.judged(picture).await {
                        Ok(picture) => break (picture, true),
                        Err(picture) => poor = Some(picture),
                    }
                    spent += self.session.kiosk.millis() - began;
                }
            }
        };
        self.taken = 1;
        let compared = LanePicture::new(picture.clone(), self.session.kiosk.setup.clock.now());
        self.session.change(|session| {
            session.face = Some(compared);
            session.unfit = session.unfit.filter(|_| !fit);
        });
        self.end_look_when_enough();
        Ok(self.seen(picture))
    }

    /// The pictures that come right behind a good one, unjudged: the lane takes the best and leaves out the rest.
    async fn more(&mut self) -> Result<Option<Seen<Vec<u8>>>, CameraError> {
        if self.taken >= self.most() {
            return Ok(None);
        }
        let picture = match self.session.wait(Limit::Steady(MORE), next_picture).await {
            Waited::Made(picture) => Some(self.seen(picture)),
            Waited::Stopped(stop) => return Err(stopped(stop)),
            Waited::Late => None,
        };
        self.taken = if picture.is_some() { self.taken.saturating_add(1) } else { u8::MAX };
        self.end_look_when_enough();
        Ok(picture)
    }

    fn is_live(&self) -> bool {
        true
    }

    /// What was on its way was taken under the last prompt, and is dropped.
    async fn prompt(&mut self, prompt: Prompt) {
        self.moving = prompt != Prompt::Ended;
        let stage = if self.moving { Stage::Turning { prompt, picture: None } } else { Stage::Checking };
        self.session.set(stage);
    }
}

impl KioskCamera {
    fn seen<S>(&self, sight: S) -> Seen<S> {
        // The secret of the pairing is what makes a page the gate's own camera; the routes have asked for it.
        let simulated = self.session.kiosk.config().simulated_camera;
        Seen { sight, source: if simulated { Source::Simulated } else { Source::OwnCamera } }
    }

    /// Pictures of one look. Where a saved photograph may stand in for a traveller, the passive hint stays a log entry: it
    /// counts from three pictures on, and a photograph is what it is there to find.
    fn most(&self) -> u8 {
        let config = self.session.kiosk.config();
        if config.simulated_camera { config.pictures.min(STAND_INS) } else { config.pictures }
    }

    /// With the last picture of a look the traveller is done, and the lane goes on by itself.
    fn end_look_when_enough(&self) {
        let enough = self.taken >= self.most();
        self.session.change(|session| match &mut session.stage {
            stage @ Stage::Looking { .. } if enough => *stage = Stage::Checking,
            Stage::Looking { hint, .. } => *hint = None,
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Turning { .. }
            | Stage::Unlocking { .. }
            | Stage::Measuring { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => {}
        });
    }

    /// Gives a picture back: `Err` where the next may be better.
    async fn judged(&self, picture: Vec<u8>) -> Result<Vec<u8>, Vec<u8>> {
        let runner = Arc::clone(&self.session.kiosk.runner);
        let shared = Arc::new(picture);
        let looked = Arc::clone(&shared);
        let judged = blocking(move || runner.preview(&looked)).await;
        let picture = Arc::unwrap_or_clone(shared);
        let unfit = match judged {
            Some(Ok(())) | None => return Ok(picture),
            Some(Err(fault)) => Unfit { reason: fault.reason, quality: fault.quality },
        };
        let next_may_be_better = matches!(
            unfit.reason,
            GateReason::FaceNone
                | GateReason::FaceSeveral
                | GateReason::FacePoor
                | GateReason::FacePictureUnreadable
        );
        if !next_may_be_better {
            return Ok(picture);
        }
        self.session.change(|session| {
            session.unfit = Some(unfit);
            if let Stage::Looking { hint, .. } = &mut session.stage {
                *hint = Some(unfit);
            }
        });
        Err(picture)
    }
}

/// The lane's door. It stays shut where the screen is gone or an officer refused.
pub(super) struct KioskDoor<D> {
    session: SessionHandle,
    real: Option<D>,
}

impl<D: Door> Door for KioskDoor<D> {
    async fn open(&mut self, clearance: ClearanceId) -> Result<Passage, DoorError> {
        let kiosk = &self.session.kiosk;
        if self.real.is_none() && !kiosk.config().simulated_camera {
            return Err(DoorError::Missing);
        }
        let now = kiosk.millis();
        let may_open = kiosk.change(|inner| {
            let gone = inner.lost(now, kiosk.setup.waits.page);
            let session = inner.session_numbered(self.session.number)?;
            if gone {
                session.stop.get_or_insert(Stop::Left);
            }
            session.stop.is_none().then(|| session.welcomed = Some(now))
        });
        if may_open.is_none() {
            return Ok(Passage::NotPassed);
        }
        if let Some(real) = &mut self.real {
            return real.open(clearance).await;
        }
        let said = |session: &mut Session| match &mut session.stage {
            Stage::Door { said } => said.take(),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Unlocking { .. }
            | Stage::Measuring { .. }
            | Stage::Over(_) => None,
        };
        match self.session.wait(Limit::Steady(kiosk.setup.waits.door), said).await {
            Waited::Made(passage) => Ok(passage),
            // A simulated door: whoever was let in walks through, whatever becomes of the screen.
            Waited::Late | Waited::Stopped(_) => Ok(Passage::Passed),
        }
    }
}

/// The traveller's screen and the officers' views.
pub(super) struct KioskScreen(SessionHandle);

impl Screen for KioskScreen {
    fn show(&mut self, sentence: Sentence) {
        let at = self.0.kiosk.setup.clock.now();
        self.0.change(|session| match sentence {
            Sentence::PleaseWait => {
                session.asked.get_or_insert(Asked { at, verdicts: Vec::new() });
                session.stage = Stage::Checking;
            }
            // The measures themselves follow.
            Sentence::FurtherCheck => {}
            Sentence::GoThrough => {
                if session.stop.is_none() {
                    session.stage = Stage::Door { said: None };
                }
            }
            Sentence::Welcome
            | Sentence::CheckFailed(_)
            | Sentence::SeeOfficer
            | Sentence::TryAgain
            | Sentence::OtherLane(_) => session.stage = Stage::Over(sentence),
        });
    }

    fn show_officers(&mut self, verdicts: &[Judged]) {
        self.0.change(|session| {
            if let Some(asked) = &mut session.asked {
                asked.verdicts = verdicts.to_vec();
            }
        });
    }

    fn refused(&self) -> bool {
        let mut inner = self.0.kiosk.lock();
        let stop = inner.session_numbered(self.0.number).and_then(|session| session.stop);
        matches!(stop, Some(Stop::Refused { .. }))
    }

    async fn departed(&mut self) {
        match self.0.wait(Limit::None, |_| None::<()>).await {
            Waited::Stopped(Stop::Left) => {}
            // Camera or measures say so.
            Waited::Stopped(Stop::Refused { .. }) | Waited::Made(()) | Waited::Late => {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Measures at a kiosk: another look by itself, everything else by the officer of the authority that asked for it.
pub(super) struct KioskMeasures(SessionHandle);

impl Measurer for KioskMeasures {
    async fn take(&mut self, wanted: Measures) -> Taken {
        let authorities = self.0.kiosk.authorities();
        self.0.change(|session| {
            let open = open_measures(session.verdicts(), &authorities, wanted);
            session.stage = Stage::Measuring { wanted, open };
        });
        let done = |session: &mut Session| match &session.stage {
            Stage::Measuring { open, .. } => open.values().all(BTreeSet::is_empty).then_some(()),
            Stage::Reading
            | Stage::Laying { .. }
            | Stage::Checking
            | Stage::Looking { .. }
            | Stage::Turning { .. }
            | Stage::Unlocking { .. }
            | Stage::Door { .. }
            | Stage::Over(_) => None,
        };
        let taken = match self.0.wait(Limit::None, done).await {
            Waited::Made(()) => Taken::All,
            Waited::Late | Waited::Stopped(Stop::Refused { .. }) => Taken::NotAll,
            Waited::Stopped(Stop::Left) => Taken::Left,
        };
        self.0.set(Stage::Checking);
        taken
    }
}

/// What the officer of each authority carries out. What no verdict asks for, the gate itself does, and of every side:
/// each authority goes by what its own officer has seen.
fn open_measures(verdicts: &[Judged], authorities: &[(Side, AuthorityCode)], wanted: Measures) -> Open {
    // What the lane's own camera judges is not among those wanted.
    let by_hand = |m: &Measure| *m != Measure::SecondLook && wanted.contains(*m);
    let by_officer = |measures: Measures| measures.iter().filter(by_hand).collect::<BTreeSet<_>>();
    let mut open = BTreeMap::new();
    for judged in verdicts {
        if let Answer::Verify { measures } = judged.answer {
            open.insert(judged.authority, by_officer(measures));
        }
    }
    if open.is_empty() {
        open.extend(authorities.iter().map(|(_, code)| (*code, by_officer(wanted))));
    }
    open
}

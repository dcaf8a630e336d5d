//! Hands: camera, door and measures of one traveller at a kiosk, as the lane knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use clearance::{Answer, ClearanceId, Measures, Passage};
use documents::{AuthorityCode, Measure};
use face::active::Prompt;

use super::{Kiosk, Phase, Session, Spending, Waited};
use crate::camera::{Camera, CameraError, CodeSight, Seen, Source};
use crate::clock::{Clock, Stopwatch};
use crate::door::{Door, DoorError};
use crate::eyes::Eyes;
use crate::lane::{Around, Judged, Lane, Report};
use crate::link::AuthorityLink;
use crate::measures::{Measurer, Taken};
use crate::reason::GateReason;
use crate::trusted::Trusted;

/// What a lane needs for one traveller who stands at a kiosk.
pub struct Hands {
    clearance: ClearanceId,
    code: String,
    kiosk: Arc<Kiosk>,
    number: u64,
}

impl Hands {
    pub(super) fn new(kiosk: &Arc<Kiosk>, number: u64, clearance: ClearanceId, code: String) -> Self {
        Self { clearance, code, kiosk: Arc::clone(kiosk), number }
    }

    /// Serves the traveller with the lane. A lane that is not simulated opens `door`; a simulated one needs none.
    pub async fn serve<L: AuthorityLink, E: Eyes, D: Door>(
        self,
        lane: &Lane<L, E>,
        door: Option<D>,
        trusted: &dyn Trusted,
        clock: &dyn Clock,
        watch: &dyn Stopwatch,
    ) -> Report {
        let Self { clearance, code, kiosk, number } = self;
        let stand = || Stand { kiosk: Arc::clone(&kiosk), number };
        let around = Around {
            camera: &mut KioskCamera {
                stand: stand(),
                code: Some(code),
                looked: false,
                moving: false,
                taken: 0,
            },
            door: &mut KioskDoor { stand: stand(), real: door },
            measures: &mut KioskMeasures { stand: stand() },
            trusted,
            clock,
            watch,
        };
        lane.serve(clearance, around).await
    }
}

/// One traveller's place at one kiosk.
struct Stand {
    kiosk: Arc<Kiosk>,
    number: u64,
}

/// The page's camera. A picture that cannot be compared is not the end: the page sends the next.
struct KioskCamera {
    stand: Stand,
    code: Option<String>,
    looked: bool,
    /// Whether a challenge runs.
    moving: bool,
    /// Pictures taken in this look.
    taken: u8,
}

/// How long a look waits for another picture: a few times what the page lets pass between two.
const MORE: Duration = Duration::from_millis(500);

/// Pictures of one look where a saved photograph may stand in for a traveller.
const STAND_INS: u8 = 2;

impl KioskCamera {
    fn source(&self) -> Source {
        // The secret of the pairing is what makes a page the gate's own camera; the doors have asked for it.
        if self.stand.kiosk.config().simulated_camera { Source::Simulated } else { Source::OwnCamera }
    }
}

impl Camera for KioskCamera {
    async fn code(&mut self) -> Result<Seen<CodeSight>, CameraError> {
        self.stand.kiosk.phase(self.stand.number, Phase::Checking);
        let text = self.code.take().ok_or(CameraError::Empty)?;
        Ok(Seen { sight: CodeSight::Text(text), source: self.source() })
    }

    async fn face(&mut self) -> Result<Seen<Vec<u8>>, CameraError> {
        let Stand { kiosk, number } = &self.stand;
        if self.moving {
            let next = |session: &mut Session| session.picture.take();
            return match kiosk.wait(*number, kiosk.parts.waits.look, &mut Spending::Steady, next).await {
                Waited::Made(picture) => Ok(Seen { sight: picture, source: self.source() }),
                Waited::Stopped(_) => Err(CameraError::Ended),
                Waited::Late => Err(CameraError::Empty),
            };
        }
        let second = std::mem::replace(&mut self.looked, true);
        kiosk.session(*number, |session| {
            session.picture = None;
            session.hint = None;
            session.looks = 0;
            session.phase = Phase::Looking { second };
        });
        let mut spent = 0.0;
        let mut poor = None;
        let picture = loop {
            let next = |session: &mut Session| session.picture.take();
            match kiosk.wait(*number, kiosk.parts.waits.look, &mut Spending::Patient(&mut spent), next).await
            {
                Waited::Stopped(_) => return Err(CameraError::Ended),
                // No picture at all: the camera, not the traveller. Else the lane says what was wrong with the last.
                Waited::Late => break poor.ok_or(CameraError::Empty)?,
                Waited::Made(picture) => {
                    let began = kiosk.millis();
                    match self.judged(picture).await {
                        Ok(picture) => break picture,
                        Err(picture) => poor = Some(picture),
                    }
                    spent += kiosk.millis() - began;
                }
            }
        };
        self.taken = 1;
        self.asks_when_enough();
        Ok(Seen { sight: picture, source: self.source() })
    }

    /// The pictures that come right behind a good one, unjudged: the lane takes the best and leaves out the rest.
    async fn more(&mut self) -> Result<Option<Seen<Vec<u8>>>, CameraError> {
        if self.taken >= self.most() {
            return Ok(None);
        }
        let Stand { kiosk, number } = &self.stand;
        let next = |session: &mut Session| session.picture.take();
        let picture = match kiosk.wait(*number, MORE, &mut Spending::Steady, next).await {
            Waited::Made(picture) => Some(Seen { sight: picture, source: self.source() }),
            Waited::Stopped(_) => return Err(CameraError::Ended),
            Waited::Late => None,
        };
        self.taken = if picture.is_some() { self.taken.saturating_add(1) } else { u8::MAX };
        self.asks_when_enough();
        Ok(picture)
    }

    fn is_live(&self) -> bool {
        true
    }

    async fn prompt(&mut self, prompt: Prompt) {
        self.moving = prompt != Prompt::Ended;
        let phase = if self.moving { Phase::Turning { prompt } } else { Phase::Checking };
        self.stand.kiosk.session(self.stand.number, |session| {
            // What was on its way was taken under the last prompt.
            session.picture = None;
            session.hint = None;
            session.phase = phase;
        });
    }
}

impl KioskCamera {
    /// Pictures of one look. Where a saved photograph may stand in for a traveller, the passive hint stays a log entry: it
    /// counts from three pictures on, and a photograph is what it is there to find.
    fn most(&self) -> u8 {
        let config = self.stand.kiosk.config();
        if config.simulated_camera { config.pictures.min(STAND_INS) } else { config.pictures }
    }

    /// With the last picture of a look the traveller is done, and the authorities are asked.
    fn asks_when_enough(&self) {
        let Stand { kiosk, number } = &self.stand;
        let at = kiosk.parts.clock.now();
        let enough = self.taken >= self.most();
        kiosk.session(*number, |session| {
            session.hint = None;
            if enough {
                session.phase = Phase::Checking;
                session.asked_at.get_or_insert(at);
            }
        });
    }

    /// Gives a picture back: `Err` where the next may be better.
    async fn judged(&self, picture: Vec<u8>) -> Result<Vec<u8>, Vec<u8>> {
        let Stand { kiosk, number } = &self.stand;
        let judge = Arc::clone(&kiosk.parts.judge);
        let shared = Arc::new(picture);
        let looked = Arc::clone(&shared);
        let judged = tokio::task::spawn_blocking(move || judge(&looked)).await;
        let picture = Arc::unwrap_or_clone(shared);
        let reason = match judged {
            Ok(Ok(())) | Err(_) => return Ok(picture),
            Ok(Err(fault)) => fault.reason,
        };
        let next_may_be_better = matches!(
            reason,
            GateReason::FaceNone
                | GateReason::FaceSeveral
                | GateReason::FacePoor
                | GateReason::FacePictureUnreadable
        );
        if !next_may_be_better {
            return Ok(picture);
        }
        kiosk.session(*number, |session| {
            session.hint = Some(reason);
            session.looks = session.looks.saturating_add(1);
        });
        Err(picture)
    }
}

/// A lane without a door of its own.
#[derive(Debug, Clone, Copy)]
pub struct NoDoor;

impl Door for NoDoor {
    async fn open(&mut self, _: ClearanceId) -> Result<Passage, DoorError> {
        Err(DoorError::Silent)
    }
}

/// The lane's door, and the screen that says so. It stays shut where the screen is gone or an officer said no.
struct KioskDoor<D> {
    stand: Stand,
    real: Option<D>,
}

impl<D: Door> Door for KioskDoor<D> {
    async fn open(&mut self, clearance: ClearanceId) -> Result<Passage, DoorError> {
        let Stand { kiosk, number } = &self.stand;
        if self.real.is_none() && !kiosk.config().simulated_camera {
            tracing::error!("this lane is not simulated and has no door; nobody was let through");
            return Err(DoorError::Silent);
        }
        let now = kiosk.millis();
        let opened = kiosk.change(|inner| {
            let gone = inner.lost(now, kiosk.parts.waits.page);
            let session = inner.session.as_mut().filter(|session| session.number == *number)?;
            if gone {
                session.stop.get_or_insert(super::Stop::Left);
            }
            if session.stop.is_some() {
                return None;
            }
            session.phase = Phase::Door;
            session.welcomed = Some(now);
            Some(())
        });
        if opened.is_none() {
            return Ok(Passage::NotPassed);
        }
        if let Some(real) = &mut self.real {
            return real.open(clearance).await;
        }
        match kiosk
            .wait(*number, kiosk.parts.waits.door, &mut Spending::Steady, |session| session.door.take())
            .await
        {
            Waited::Made(passage) => Ok(passage),
            // A simulated door: whoever was let in walks through, whatever becomes of the screen.
            Waited::Late | Waited::Stopped(_) => Ok(Passage::Passed),
        }
    }
}

/// Measures at a kiosk: another look by itself, everything else by the officer of the authority that asked for it.
struct KioskMeasures {
    stand: Stand,
}

impl Measurer for KioskMeasures {
    fn heard(&mut self, verdicts: &[Judged]) {
        let verdicts = verdicts.to_vec();
        self.stand.kiosk.session(self.stand.number, |session| session.verdicts = verdicts);
    }

    async fn take(&mut self, wanted: Measures) -> Taken {
        let Stand { kiosk, number } = &self.stand;
        kiosk.session(*number, |session| {
            session.open = asked(&session.verdicts, &kiosk.authorities(), wanted);
            session.phase = Phase::Measures { wanted };
        });
        let done = |session: &mut Session| session.open.values().all(BTreeSet::is_empty).then_some(());
        let taken = match kiosk.wait(*number, kiosk.parts.waits.measures, &mut Spending::Steady, done).await {
            Waited::Made(()) => Taken::All,
            Waited::Late | Waited::Stopped(super::Stop::Refused) => Taken::NotAll,
            Waited::Stopped(super::Stop::Left) => Taken::Left,
        };
        kiosk.session(*number, |session| {
            session.open.clear();
            session.phase = Phase::Checking;
        });
        taken
    }
}

/// Who asked for what an officer carries out. What no verdict asks for, the gate itself does, and of every side: each
/// authority goes by what its own officer has seen.
fn asked(
    verdicts: &[Judged],
    authorities: &[(documents::Side, AuthorityCode)],
    wanted: Measures,
) -> BTreeMap<AuthorityCode, BTreeSet<Measure>> {
    // What the lane's own eyes judge is not among those wanted.
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

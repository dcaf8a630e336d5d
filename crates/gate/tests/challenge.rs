//! The active challenge at a lane: what the camera's screen asks, who passes, and what is compared afterwards.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod bay;

use std::sync::{Arc, Mutex};

use bay::{Authorities, Bay, Mac, Says, Wallet, lane_config, now};
use clearance::{ClearanceId, Envelope, Passage};
use credential::message::{self, Outcome, Request};
use documents::Measure;
use evaluate::attack::{Chance, Kind, Noise, Player, Subject};
use face::Track;
use face::active::{ActiveRules, Frame, Prompt};
use gate::devices::camera::{Camera, CameraError, CodeSight, Seen, Source};
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::Nobody;
use gate::lane::screen::NoScreen;
use gate::outbox::Store;
use gate::{
    CaptureFault, Captured, FaceCapture, FixedClock, GateReason, Lane, LaneContext, Metrics, ReplayCache,
    Report, Stopwatch,
};

/// Eighty milliseconds from one look at the watch to the next.
#[derive(Default)]
struct Steps(Mutex<f64>);

impl Stopwatch for Steps {
    fn millis(&self) -> f64 {
        let mut now = self.0.lock().unwrap();
        *now += 40.0;
        *now
    }
}

/// A camera with a screen, and whoever stands before it.
struct Booth {
    code: String,
    prompts: Vec<Prompt>,
    pictures: u32,
    live: bool,
}

impl Camera for Booth {
    async fn code(&mut self) -> Result<Seen<CodeSight>, CameraError> {
        Ok(Seen { sight: CodeSight::Text(self.code.clone()), source: Source::OwnCamera })
    }

    /// A picture is its number and what the screen showed.
    async fn face(&mut self) -> Result<Seen<Vec<u8>>, CameraError> {
        self.pictures += 1;
        let shown = self.prompts.last().map_or("ended", |prompt| prompt.code());
        Ok(Seen { sight: format!("{} {shown};", self.pictures).into_bytes(), source: Source::OwnCamera })
    }

    async fn more(&mut self) -> Result<Option<Seen<Vec<u8>>>, CameraError> {
        self.face().await.map(Some)
    }

    fn is_live(&self) -> bool {
        self.live
    }

    async fn prompt(&mut self, prompt: Prompt) {
        self.prompts.push(prompt);
    }
}

/// FaceCapture that see a drawn head or sheet where a real lane's see pictures.
struct Drawn {
    rules: ActiveRules,
    player: Mutex<Player>,
    suspicious: bool,
}

impl FaceCapture for Drawn {
    fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
        Ok(Captured { probe: pictures.concat(), suspicious: self.suspicious })
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        Some(&self.rules)
    }

    fn follow(&self, _: &mut Track, picture: &[u8], at_ms: u64) -> Result<Frame, CaptureFault> {
        let words = String::from_utf8(picture.to_vec()).unwrap();
        let shown = words.trim_end_matches(';').split(' ').nth(1).unwrap().to_owned();
        let motions = face::active::Motion::ALL.map(Prompt::Move);
        let prompt = motions.into_iter().find(|m| m.code() == shown).unwrap_or(Prompt::LookStraight);
        let seen = self.player.lock().unwrap().frame(at_ms, prompt);
        seen.ok_or_else(|| CaptureFault {
            reason: GateReason::FaceNone,
            detail: "out of sight".into(),
            quality: None,
        })
    }
}

struct Ran {
    report: Report,
    booth: Booth,
    requests: Vec<(Request, Vec<u8>)>,
}

/// One traveller at a lane whose exit authority asks for active liveness first.
async fn cross(kind: Kind, seed: u64, live: bool, asked: bool, suspicious: bool) -> Ran {
    let bay = Bay::new();
    let wallet = Wallet::new(&bay, Mac);
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
    let link = Arc::new(Authorities::new(&bay));
    let active = vec![clearance::measure_number(Measure::ActiveLiveness)];
    if asked {
        link.say(Mac, [Says::Outcome(Outcome::Verify(active))]);
    }
    let mut chance = Chance::of_seed(seed);
    let subject = Subject::generic(&mut chance);
    let noise = Noise::as_measured(&mut Chance::of_seed(1));
    let faces = Drawn {
        rules: ActiveRules::builtin().unwrap(),
        player: Mutex::new(Player::new(kind, subject, noise, chance)),
        suspicious,
    };
    let replay = Arc::new(Mutex::new(ReplayCache::new(41, now())));
    let mut config = lane_config("one");
    config.simulated_camera = false;
    let metrics = Arc::new(Metrics::default());
    let lane = Lane::new(config, replay, store, Arc::clone(&link), Arc::new(faces), metrics);
    *link.time.lock().unwrap() = now();
    let code = wallet.show(&lane.config().audience(), now());
    let mut booth = Booth { code, prompts: Vec::new(), pictures: 0, live };
    let (clock, watch) = (FixedClock(now()), Steps::default());
    let mut door = SimulatedDoor::default();
    let around = LaneContext {
        camera: &mut booth,
        door: &mut door,
        screen: &mut NoScreen,
        measures: &mut Nobody,
        trusted: &bay.lists,
        clock: &clock,
        watch: &watch,
    };
    let report = lane.serve(ClearanceId::from_bytes([1; 16]), around).await;
    let asked = link.asked.lock().unwrap();
    let requests = asked.iter().filter(|(authority, _)| *authority == Mac).map(|(_, body)| {
        let envelope = Envelope::decode(body).unwrap();
        let payload = message::unverified_payload(envelope.request).unwrap();
        (Request::decode(payload).unwrap(), envelope.probe.to_vec())
    });
    let requests = requests.collect();
    Ran { report, booth, requests }
}

#[tokio::test]
async fn a_head_that_does_what_the_screen_asks_passes_and_the_frames_that_passed_are_compared() {
    let Ran { report, booth, requests } = cross(Kind::Honest, 1, true, true, false).await;
    assert_eq!((report.passage, report.reason), (Passage::Passed, None), "{:?}", report.detail);
    let asked: Vec<&str> = booth.prompts.iter().map(|p| p.code()).collect();
    assert_eq!(asked.first(), Some(&"look_straight"));
    assert_eq!(asked.last(), Some(&"ended"));
    assert!(asked.iter().filter(|p| p.starts_with("turn_")).count() >= 2, "{asked:?}");
    let [(first, before), (second, after)] = &requests[..] else {
        panic!("two rounds, not {}", requests.len())
    };
    assert_eq!((first.measures_done.as_slice(), second.measures_done.as_slice()), (&[][..], &[2][..]));
    assert_ne!(before, after, "the probe is made anew");
    let after = String::from_utf8(after.clone()).unwrap();
    let compared: Vec<&str> = after.split_terminator(';').collect();
    assert!((5..=usize::from(gate::MAX_PICTURES)).contains(&compared.len()), "{after}");
    let number = |picture: &str| picture.split(' ').next().unwrap().parse::<u32>().unwrap();
    assert!(
        compared.iter().all(|p| number(p) > 2 && number(p) <= booth.pictures),
        "of the challenge: {after}"
    );
    assert_eq!(second.probe, credential::sha256(after.as_bytes()));
}

#[tokio::test]
async fn a_picture_however_it_is_moved_gets_three_tries_and_then_an_officer() {
    for kind in [Kind::Still, Kind::Moved, Kind::Tilted] {
        let Ran { report, booth, requests } = cross(kind, 5, true, true, false).await;
        assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(GateReason::FaceNotLive)));
        assert!(report.officer, "{kind:?}");
        assert!(report.detail.as_deref().unwrap().starts_with("active_"), "{:?}", report.detail);
        assert_eq!(booth.prompts.iter().filter(|p| **p == Prompt::Ended).count(), 3, "three tries");
        assert_eq!(requests.len(), 1, "nobody is asked again");
    }
}

#[tokio::test]
async fn a_camera_before_which_nobody_can_be_asked_to_move_leaves_the_measure_open() {
    let Ran { report, booth, .. } = cross(Kind::Honest, 1, false, true, false).await;
    assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(GateReason::MeasuresNotTaken)));
    assert!(booth.prompts.is_empty());
}

#[tokio::test]
async fn a_face_that_looks_flat_is_asked_to_move_before_an_officer_is_called() {
    let honest = cross(Kind::Honest, 2, true, false, true).await;
    assert_eq!((honest.report.passage, honest.report.reason), (Passage::Passed, None));
    assert_eq!(honest.requests[0].0.measures_done, [2], "the authorities are told what was done");
    let print = cross(Kind::Tilted, 2, true, false, true).await;
    assert_eq!(print.report.reason, Some(GateReason::FaceNotLive));
    assert!(print.report.officer && print.requests.is_empty(), "nobody is asked about a print");
}

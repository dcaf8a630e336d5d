//! A whole lane: from a sight of the code to the door, the records and what each authority is told.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod bay;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bay::{Authorities, Bay, Chn, Mac, Says, TestCapture, Wallet, at, direction, hengqin, lane_config, now};
use clearance::{ClearanceId, MAX_PROBE_LEN, Passage, Sides};
use credential::SigningKey;
use credential::message::{Event, Outcome};
use documents::{LaneKind, Measure, Side, Timestamp};
use gate::devices::camera::{CodeSight, FileCamera, SimulatedCamera};
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::{Nobody, Simulated};
use gate::lane::screen::NoScreen;
use gate::outbox::{Store, StoreError};
use gate::{
    AuthorityLink, Delivered, FixedClock, GateReason, Lane, LaneConfig, LaneContext, Metrics, Report,
    Stopwatch, open_verdict,
};

struct Still;

impl Stopwatch for Still {
    fn millis(&self) -> f64 {
        0.0
    }
}

struct Place {
    bay: Bay,
    wallet: Wallet,
    /// Whether somebody crossed with that wallet's token.
    shown: std::sync::atomic::AtomicBool,
    link: Arc<Authorities>,
    store: Arc<Store>,
    lane: Lane<Authorities, TestCapture>,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        Self::with(|_| {}, TestCapture { fault: None, suspicious: false }).await
    }

    async fn with(change: impl FnOnce(&mut LaneConfig), faces: TestCapture) -> Self {
        let bay = Bay::new();
        let wallet = Wallet::new(&bay, Mac);
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
        let link = Arc::new(Authorities::new(&bay));
        let mut config = lane_config("one");
        change(&mut config);
        let lane = lane_of(config, &store, &link, faces);
        Self { bay, wallet, shown: false.into(), link, store, lane, folder }
    }

    async fn cross(&self, id: u8) -> Report {
        self.cross_at(id, now(), &mut SimulatedDoor::default(), &mut Nobody).await
    }

    async fn cross_at<M: gate::lane::measures::Measurer>(
        &self,
        id: u8,
        when: Timestamp,
        door: &mut SimulatedDoor,
        measures: &mut M,
    ) -> Report {
        *self.link.time.lock().unwrap() = when;
        // Every crossing has a token of its own: one that somebody passed with is refused here.
        let again =
            self.shown.swap(true, std::sync::atomic::Ordering::SeqCst).then(|| Wallet::new(&self.bay, Mac));
        let code = again.as_ref().unwrap_or(&self.wallet).show(&self.lane.config().audience(), when);
        let mut camera = SimulatedCamera::new(CodeSight::Text(code), [b"face ".to_vec(), b"again".to_vec()]);
        serve(&self.lane, id, when, &self.bay, &mut camera, door, measures).await
    }

    async fn deliver(&self, when: Timestamp) -> Delivered {
        *self.link.time.lock().unwrap() = when;
        self.lane.courier().deliver(&self.bay.lists, when).await.unwrap()
    }

    fn events(&self, authority: documents::AuthorityCode) -> Vec<Event> {
        self.link.events(authority, &SigningKey::from_pkcs8(&self.bay.gate).unwrap())
    }

    fn passages(&self, authority: documents::AuthorityCode) -> Vec<(&'static str, i64)> {
        self.events(authority).iter().map(|e| (e.passage.as_str(), e.at.seconds_since(now()))).collect()
    }
}

fn lane_of(
    config: LaneConfig,
    store: &Arc<Store>,
    link: &Arc<Authorities>,
    faces: TestCapture,
) -> Lane<Authorities, TestCapture> {
    let replay = Arc::new(Mutex::new(gate::ReplayCache::new(41, now())));
    Lane::new(
        config,
        replay,
        Arc::clone(store),
        Arc::clone(link),
        Arc::new(faces),
        Arc::new(Metrics::default()),
    )
}

async fn serve<C: gate::devices::camera::Camera, M: gate::lane::measures::Measurer>(
    lane: &Lane<Authorities, TestCapture>,
    id: u8,
    when: Timestamp,
    bay: &Bay,
    camera: &mut C,
    door: &mut SimulatedDoor,
    measures: &mut M,
) -> Report {
    let clock = FixedClock(when);
    let around = LaneContext {
        camera,
        door,
        screen: &mut NoScreen,
        measures,
        trusted: &bay.lists,
        clock: &clock,
        watch: &Still,
    };
    lane.serve(ClearanceId::from_bytes([id; 16]), around).await
}

fn verify(measure: Measure) -> Says {
    Says::Outcome(Outcome::Verify(vec![clearance::measure_number(measure)]))
}

#[tokio::test]
async fn a_traveller_whom_both_admit_passes_and_both_are_told_in_their_own_chains() {
    let place = Place::new().await;
    let mut door = SimulatedDoor::default();
    let report = place.cross_at(1, now(), &mut door, &mut Nobody).await;
    assert_eq!((report.passage, report.reason, report.sentence), (Passage::Passed, None, "go_through"));
    assert_eq!(door.opened().len(), 1);
    assert!(report.simulated_camera, "every output of a simulated camera is marked");
    assert_eq!(
        report.verdicts.iter().map(|v| (v.side, v.authority)).collect::<Vec<_>>(),
        [(Side::Exit, Mac), (Side::Entry, Chn)]
    );
    assert_eq!(place.deliver(now()).await, Delivered { taken: 2, stuck: 0 });
    place.cross_at(2, at(5), &mut door, &mut Nobody).await;
    place.deliver(at(5)).await;
    for authority in [Mac, Chn] {
        let events = place.events(authority);
        assert_eq!(events.iter().map(|e| e.number).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(events[0].previous, [0; 32]);
        let first = place.link.told.lock().unwrap()[&authority][0].clone();
        let first = credential::message::unverified_payload(&first).unwrap();
        assert_eq!(events[1].previous, credential::message::payload_hash(first), "the chain is broken");
        assert_eq!(events[0].verdicts.len(), 2);
        assert_eq!(events[0].probe, credential::sha256(b"face again"));
        // The authority judged that very probe.
        assert_eq!(place.link.requests(authority)[0].probe, events[0].probe);
    }
    // Nothing is kept of what was delivered.
    assert_eq!(place.store.trails().await.unwrap(), []);
    assert_eq!(place.store.journalled().await.unwrap(), Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn each_authority_gets_its_own_part_and_of_the_other_only_a_hash() {
    let place = Place::new().await;
    place.cross(1).await;
    let asked = place.link.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    for (authority, body) in asked {
        let other = if authority == Mac { Chn } else { Mac };
        let envelope = clearance::Envelope::decode(&body).unwrap();
        assert_eq!(envelope.part, place.wallet.parts[&authority]);
        let foreign = &place.wallet.parts[&other];
        assert!(!body.windows(foreign.len()).any(|w| w == foreign), "{authority} got the part of {other}");
    }
    let (exit, entry) = (&place.link.requests(Mac)[0], &place.link.requests(Chn)[0]);
    assert_eq!((exit.role, entry.role), (Side::Exit, Side::Entry));
    assert_eq!((exit.other_part, entry.other_part), (Some(entry.part), Some(exit.part)));
    assert_eq!(exit.clearance, entry.clearance);
}

#[tokio::test]
async fn a_no_of_one_side_is_told_to_the_other_like_a_traveller_who_turned_round() {
    let ways: [(&str, Says); 5] = [
        ("refer", Says::Outcome(Outcome::Refer)),
        ("busy", Says::Outcome(Outcome::Busy)),
        ("another lane", Says::Outcome(Outcome::NotOpenToHolder(LaneKind::Manual))),
        ("silent", Says::Nothing),
        ("measure not taken", verify(Measure::Pin)),
    ];
    let mut seen = Vec::new();
    for (way, says) in ways {
        let place = Place::new().await;
        place.link.say(Chn, [says]);
        let report = place.cross(1).await;
        assert_eq!(report.passage, Passage::NotPassed, "{way}");
        seen.push((way, place));
    }
    let place = Place::new().await;
    let mut door = SimulatedDoor::new([Passage::NotPassed]);
    place.cross_at(1, now(), &mut door, &mut Nobody).await;
    assert_eq!(door.opened().len(), 1);
    seen.push(("turned round", place));
    for (way, place) in seen {
        assert_eq!(place.deliver(at(29)).await, Delivered::default(), "{way}: told before its band was over");
        place.deliver(at(31)).await;
        let events = place.events(Mac);
        assert_eq!(place.passages(Mac), [("not_passed", 30)], "{way}");
        let [event] = events.as_slice() else { panic!("{way}") };
        assert_eq!((event.number, event.previous, event.verdicts.len()), (1, [0; 32], 0), "{way}");
        let lengths = place.link.told.lock().unwrap()[&Mac][0].len();
        assert_eq!(lengths, place.link.told.lock().unwrap()[&Chn][0].len(), "{way}");
    }
}

#[tokio::test]
async fn a_passage_is_not_held_up_by_an_earlier_no_that_waits_for_its_band() {
    let place = Place::new().await;
    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    place.cross(1).await;
    place.cross_at(2, at(5), &mut SimulatedDoor::default(), &mut Nobody).await;
    place.deliver(at(6)).await;
    assert_eq!(place.passages(Mac), [("passed", 5)]);
    place.deliver(at(30)).await;
    assert_eq!(place.passages(Mac), [("passed", 5), ("not_passed", 30)]);
    let numbers: Vec<u64> = place.events(Mac).iter().map(|e| e.number).collect();
    assert_eq!(numbers, [1, 2], "a gap would show that something waits");
}

#[tokio::test]
async fn every_false_verdict_leaves_the_door_shut_and_names_its_reason() {
    for (says, expected) in [
        (Says::Garbage, GateReason::VerdictMalformed),
        (Says::WrongKey, GateReason::VerdictSignature),
        (Says::WrongRole, GateReason::VerdictKey),
        (Says::OtherRequest, GateReason::VerdictOtherRequest),
        (Says::OtherAuthority, GateReason::VerdictAuthority),
        (Says::Expired, GateReason::VerdictExpired),
        (Says::TooLong, GateReason::VerdictExpired),
        (Says::NoReservation, GateReason::VerdictMalformed),
        (Says::Nothing, GateReason::AuthoritySilent),
    ] {
        for authority in [Mac, Chn] {
            let place = Place::new().await;
            place.link.say(authority, [says.clone()]);
            let mut door = SimulatedDoor::default();
            let report = place.cross_at(1, now(), &mut door, &mut Nobody).await;
            assert_eq!(report.reason, Some(expected), "{says:?} by {authority}");
            assert_eq!(
                (report.passage, door.opened().len()),
                (Passage::NotPassed, 0),
                "{says:?} by {authority}"
            );
            assert_eq!(report.verdicts.len(), 1, "{says:?}: only the true verdict is shown");
        }
    }
}

#[tokio::test]
async fn a_verdict_in_the_name_of_another_authority_is_not_even_read_as_one() {
    let place = Place::new().await;
    place.cross(1).await;
    let (authority, body) = place.link.asked.lock().unwrap()[0].clone();
    place.link.say(authority, [Says::OtherAuthority]);
    let bytes = place.link.verdict(authority, body).await.unwrap();
    let read = open_verdict(&bytes, Side::Exit, authority, &place.bay.lists, now());
    assert_eq!(read.unwrap_err(), GateReason::VerdictAuthority);
}

#[tokio::test]
async fn measures_are_taken_and_the_authority_is_asked_again() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(Measure::Guardian)]);
    let mut measures = Simulated(vec![Measure::Guardian]);
    let report = place.cross_at(1, now(), &mut SimulatedDoor::default(), &mut measures).await;
    assert_eq!((report.passage, report.open_measures), (Passage::Passed, None));
    // About the same face: whoever has admitted is not asked again, and learns nothing of the measure.
    assert_eq!(place.link.requests(Mac).len(), 1);
    let asked = place.link.requests(Chn);
    assert_eq!(asked.iter().map(|r| r.measures_done.clone()).collect::<Vec<_>>(), [vec![], vec![5]]);
}

#[tokio::test]
async fn a_second_look_is_a_new_probe_for_everybody() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(Measure::SecondLook)]);
    let mut measures = Simulated(vec![Measure::SecondLook]);
    let report = place.cross_at(1, now(), &mut SimulatedDoor::default(), &mut measures).await;
    assert_eq!(report.passage, Passage::Passed);
    let (exit, entry) = (place.link.requests(Mac), place.link.requests(Chn));
    assert_eq!((exit.len(), entry.len()), (2, 2));
    assert_eq!(exit[1].probe, entry[1].probe);
    assert_ne!(exit[0].probe, exit[1].probe);
    place.deliver(now()).await;
    assert_eq!(place.events(Mac)[0].probe, exit[1].probe, "the event names the probe that was judged last");
}

#[tokio::test]
async fn without_anybody_at_the_lane_a_measure_stays_open() {
    let place = Place::new().await;
    place.link.say(Mac, [verify(Measure::Officer)]);
    let report = place.cross(1).await;
    assert_eq!(report.passage, Passage::NotPassed);
    assert_eq!(report.open_measures.map(clearance::Measures::numbers), Some(vec![6]));
    assert_eq!(report.reason, Some(GateReason::MeasuresNotTaken));
}

#[tokio::test]
async fn only_the_gates_own_camera_counts_unless_the_lane_was_set_up_otherwise() {
    let place =
        Place::with(|c| c.simulated_camera = false, TestCapture { fault: None, suspicious: false }).await;
    let report = place.cross(1).await;
    assert_eq!(report.reason, Some(GateReason::CameraNotOwn));
    assert_eq!(place.link.asked.lock().unwrap().len(), 0);
}

#[tokio::test]
async fn a_face_that_may_be_a_picture_needs_an_officer_before_anybody_is_asked() {
    let faces = || TestCapture { fault: None, suspicious: true };
    let place = Place::with(|_| {}, faces()).await;
    let report = place.cross(1).await;
    assert_eq!(report.reason, Some(GateReason::FaceNotLive));
    assert_eq!(place.link.asked.lock().unwrap().len(), 0);
    let place = Place::with(|_| {}, faces()).await;
    let mut officer = Simulated(vec![Measure::Officer]);
    let report = place.cross_at(1, now(), &mut SimulatedDoor::default(), &mut officer).await;
    assert_eq!((report.passage, report.officer), (Passage::Passed, true));
    assert_eq!(place.link.requests(Mac)[0].measures_done, [6]);
}

#[tokio::test]
async fn faults_of_the_face_end_before_anybody_is_asked() {
    for fault in [GateReason::FaceNone, GateReason::FaceSeveral, GateReason::FacePoor] {
        let place = Place::with(|_| {}, TestCapture { fault: Some(fault), suspicious: false }).await;
        let report = place.cross(1).await;
        assert_eq!((report.reason, report.sentence), (Some(fault), fault.sentence()));
        assert_eq!(place.link.asked.lock().unwrap().len(), 0);
        assert_eq!(place.deliver(at(90)).await, Delivered::default(), "nobody was asked, nobody is told");
    }
}

#[tokio::test]
async fn an_officer_stands_in_for_a_face_that_cannot_be_taken_and_the_authorities_are_told_so() {
    let mut officer = Simulated(vec![Measure::PhysicalDocument, Measure::Officer]);
    for fault in [GateReason::FaceNone, GateReason::FacePoor] {
        let place = Place::with(|_| {}, TestCapture { fault: Some(fault), suspicious: false }).await;
        let report = place.cross_at(1, now(), &mut SimulatedDoor::default(), &mut officer).await;
        assert_eq!((report.passage, report.reason, report.officer), (Passage::Passed, None, true), "{fault}");
        for authority in [Mac, Chn] {
            let request = &place.link.requests(authority)[0];
            assert_eq!(request.measures_done, [4, 6], "{fault} at {authority}");
            assert_eq!(request.probe, credential::sha256(b""), "{fault} at {authority}");
        }
    }
    // Nobody stands in for a face that is another's, or no living one.
    for fault in [GateReason::FaceSeveral, GateReason::FaceNotLive, GateReason::FacePictureUnreadable] {
        let place = Place::with(|_| {}, TestCapture { fault: Some(fault), suspicious: false }).await;
        let report = place.cross_at(1, now(), &mut SimulatedDoor::default(), &mut officer).await;
        assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(fault)));
        assert_eq!(place.link.asked.lock().unwrap().len(), 0, "{fault}");
    }
}

#[tokio::test]
async fn a_probe_that_no_authority_would_read_is_not_sent() {
    for (length, reason) in [(MAX_PROBE_LEN, None), (MAX_PROBE_LEN + 1, Some(GateReason::FacePoor))] {
        let place = Place::with(|c| c.pictures = 1, TestCapture { fault: None, suspicious: false }).await;
        let code = CodeSight::Text(place.wallet.show(&hengqin(), now()));
        let mut camera = SimulatedCamera::new(code, [vec![7; length]]);
        let mut door = SimulatedDoor::default();
        let report = serve(&place.lane, 1, now(), &place.bay, &mut camera, &mut door, &mut Nobody).await;
        assert_eq!(report.reason, reason, "{length} bytes");
        assert_eq!(place.link.asked.lock().unwrap().is_empty(), reason.is_some(), "{length} bytes");
    }
}

#[tokio::test]
async fn a_picture_of_the_code_is_read_and_anything_else_is_refused() {
    let place = Place::new().await;
    let code = place.wallet.show(&hengqin(), now());
    let png = code::QrSymbol::draw(&code).unwrap().to_png(4).unwrap();
    let missing = place.folder.path().join("none.png");
    let write = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = place.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let face = write("face", b"face");
    let blank = image_of_nothing();
    for (id, path, expected) in [
        (1, write("code.png", &png), None),
        (2, write("empty", b""), Some(GateReason::PictureUnreadable)),
        (3, write("text", b"this is no picture"), Some(GateReason::PictureUnreadable)),
        (4, write("blank.png", &blank), Some(GateReason::CodeUnreadable)),
        (5, missing, Some(GateReason::CameraSilent)),
    ] {
        let mut camera = FileCamera::new(path.clone(), vec![face.clone()]);
        let mut door = SimulatedDoor::default();
        let report = serve(&place.lane, id, now(), &place.bay, &mut camera, &mut door, &mut Nobody).await;
        assert_eq!(report.reason, expected, "{}", path.display());
    }
}

fn image_of_nothing() -> Vec<u8> {
    // A symbol of nothing but white: the smallest valid picture that holds no code.
    let symbol = code::QrSymbol::draw("BP1:").unwrap();
    let mut luma = symbol.to_luma(4);
    luma.pixels_mut().for_each(|p| p.0 = [255]);
    let mut png = std::io::Cursor::new(Vec::new());
    luma.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

#[tokio::test]
async fn the_same_code_at_another_lane_is_refused_even_after_a_restart() {
    let Place { bay, wallet, link, store, lane, folder, .. } = Place::new().await;
    let code = wallet.show(&hengqin(), now());
    let faces = || TestCapture { fault: None, suspicious: false };
    let run = async |lane: &Lane<Authorities, TestCapture>, id| {
        let mut camera = SimulatedCamera::new(CodeSight::Text(code.clone()), [b"face".to_vec()]);
        serve(lane, id, now(), &bay, &mut camera, &mut SimulatedDoor::default(), &mut Nobody).await.reason
    };
    assert_eq!(run(&lane, 1).await, None);
    drop((lane, store));
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
    let two = lane_of(lane_config("two"), &store, &link, faces());
    assert_eq!(run(&two, 2).await, Some(GateReason::ReplayedElsewhere));
    let one = lane_of(lane_config("one"), &store, &link, faces());
    // The lane itself may read it again, and knows that somebody passed with it, though no authority does yet.
    assert_eq!(run(&one, 3).await, Some(GateReason::TokenSpentHere));
}

#[tokio::test]
async fn a_lane_of_one_authority_asks_and_tells_it_alone() {
    let sides = Sides::One(Side::Entry, ());
    let place = Place::with(|c| c.place.sides = sides, TestCapture { fault: None, suspicious: false }).await;
    let report = place.cross(1).await;
    assert_eq!(report.passage, Passage::Passed);
    place.deliver(now()).await;
    assert_eq!((place.passages(Chn).len(), place.passages(Mac).len()), (1, 0));
    let request = &place.link.requests(Chn)[0];
    assert_eq!((request.joint, request.other_part, request.role), (false, None, Side::Entry));
    assert_eq!(place.lane.config().place.direction, direction(Mac, Chn));
}

#[tokio::test]
async fn an_authority_that_is_cut_off_is_told_later_in_order_and_once_by_number() {
    let place = Place::new().await;
    place.link.cut_off.lock().unwrap().push(Mac);
    for id in 1..=3 {
        place.cross_at(id, at(i64::from(id)), &mut SimulatedDoor::default(), &mut Nobody).await;
        assert_eq!(place.deliver(at(i64::from(id))).await, Delivered { taken: 1, stuck: 1 });
    }
    assert_eq!(place.store.waiting(Mac).await.unwrap(), 3);
    place.link.cut_off.lock().unwrap().clear();
    // The first is taken, but the answer is lost: it comes again under the same number.
    *place.link.deaf_once.lock().unwrap() = true;
    assert_eq!(place.deliver(at(60)).await, Delivered { taken: 0, stuck: 1 });
    assert_eq!(place.deliver(at(61)).await, Delivered { taken: 3, stuck: 0 });
    let numbers: Vec<u64> = place.events(Mac).iter().map(|e| e.number).collect();
    assert_eq!(numbers, [1, 1, 2, 3]);
    let told = place.link.told.lock().unwrap()[&Mac].clone();
    assert_eq!(told[0], told[1], "a repeat is the same bytes");
}

#[tokio::test]
async fn a_stop_between_opening_and_passage_is_unknown_and_one_before_is_not_passed() {
    // A door that never answers stands for a process that is killed while somebody may walk through.
    struct Dead;
    impl gate::devices::door::Door for Dead {
        async fn open(&mut self, _: ClearanceId) -> Result<Passage, gate::devices::door::DoorError> {
            std::future::pending().await
        }
    }
    let place = Place::new().await;
    let code = place.wallet.show(&hengqin(), now());
    let mut camera = SimulatedCamera::new(CodeSight::Text(code), [b"face".to_vec()]);
    let clock = FixedClock(now());
    let around = LaneContext {
        camera: &mut camera,
        door: &mut Dead,
        screen: &mut NoScreen,
        measures: &mut Nobody,
        trusted: &place.bay.lists,
        clock: &clock,
        watch: &Still,
    };
    let serving = place.lane.serve(ClearanceId::from_bytes([1; 16]), around);
    tokio::time::timeout(std::time::Duration::from_millis(700), serving).await.unwrap_err();
    assert_eq!(place.store.unended().await.unwrap(), 1);

    // Another one is killed while the authorities are asked.
    let Place { bay, wallet, link, store, lane, folder, .. } = place;
    struct Slow;
    impl gate::AuthorityLink for Slow {
        async fn verdict(&self, _: documents::AuthorityCode, _: Vec<u8>) -> Result<Vec<u8>, gate::LinkError> {
            std::future::pending().await
        }
        async fn deliver(&self, _: documents::AuthorityCode, _: Vec<u8>) -> Result<Vec<u8>, gate::LinkError> {
            std::future::pending().await
        }
        async fn begin_chain(
            &self,
            _: documents::AuthorityCode,
            _: Vec<u8>,
        ) -> Result<Vec<u8>, gate::LinkError> {
            std::future::pending().await
        }
    }
    let replay = Arc::new(Mutex::new(gate::ReplayCache::new(41, now())));
    let faces = Arc::new(TestCapture { fault: None, suspicious: false });
    let metrics = Arc::new(Metrics::default());
    let slow = Lane::new(lane_config("one"), replay, Arc::clone(&store), Arc::new(Slow), faces, metrics);
    let mut camera =
        SimulatedCamera::new(CodeSight::Text(wallet.show(&hengqin(), at(1))), [b"face".to_vec()]);
    let (mut door, clock) = (SimulatedDoor::default(), FixedClock(at(1)));
    let around = LaneContext {
        camera: &mut camera,
        door: &mut door,
        screen: &mut NoScreen,
        measures: &mut Nobody,
        trusted: &bay.lists,
        clock: &clock,
        watch: &Still,
    };
    let serving = slow.serve(ClearanceId::from_bytes([2; 16]), around);
    tokio::time::timeout(std::time::Duration::from_millis(700), serving).await.unwrap_err();
    drop((slow, lane, store));

    // The second start.
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
    assert_eq!(store.unended().await.unwrap(), 2);
    let courier = gate::Courier::new(Arc::clone(&store), Arc::clone(&link));
    assert_eq!(courier.settle(at(10)).await.unwrap(), 2);
    assert_eq!(courier.settle(at(11)).await.unwrap(), 0, "settling again changes nothing");
    courier.deliver(&bay.lists, at(12)).await.unwrap();
    courier.deliver(&bay.lists, at(40)).await.unwrap();
    let gate = SigningKey::from_pkcs8(&bay.gate).unwrap();
    for authority in [Mac, Chn] {
        let events = link.events(authority, &gate);
        let told: Vec<_> = events.iter().map(|e| (e.clearance[0], e.passage.as_str())).collect();
        assert_eq!(told, [(1, "unknown"), (2, "not_passed")], "{authority}");
        assert_eq!(events[1].at, at(31), "in the band of its own asking");
    }
    assert_eq!(store.trails().await.unwrap(), []);
}

#[tokio::test]
async fn a_full_disk_keeps_the_door_shut_and_loses_nothing() {
    let place = Place::new().await;
    place.cross(1).await;
    place.store.limit_pages(1).await.unwrap();
    let mut refused = 0;
    for id in 2..40 {
        let mut door = SimulatedDoor::default();
        let report = place.cross_at(id, at(i64::from(id) * 3), &mut door, &mut Nobody).await;
        if report.reason == Some(GateReason::RecordFailed) {
            assert_eq!(report.passage, Passage::NotPassed);
            assert!(door.opened().is_empty(), "a door opened that no record speaks of");
            refused += 1;
        }
    }
    assert!(refused > 0, "the store never filled");
    place.store.limit_pages(100_000).await.unwrap();
    place.lane.courier().settle(at(200)).await.unwrap();
    place.deliver(at(300)).await;
    let report = place.cross_at(99, at(400), &mut SimulatedDoor::default(), &mut Nobody).await;
    assert_eq!(report.passage, Passage::Passed);
    place.deliver(at(400)).await;
    let events = place.events(Mac);
    assert!(events.iter().any(|e| e.clearance[0] == 1) && events.iter().any(|e| e.clearance[0] == 99));
    let numbers: Vec<u64> = events.iter().map(|e| e.number).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_store_that_another_process_holds_is_a_clear_error() {
    let place = Place::new().await;
    let second = Store::open(&place.folder.path().join("gate.db"), place.bay.gate_key()).await;
    assert!(matches!(second, Err(StoreError::Held)), "{second:?}");
    let nowhere = Store::open(&place.folder.path().join("no/gate.db"), place.bay.gate_key()).await;
    assert!(matches!(nowhere, Err(StoreError::Open { .. })), "{nowhere:?}");
}

//! Own unlock at a lane: the traveller unlocks the wallet again and shows the code that says so, or the document stands in its place.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod bay;

use std::sync::{Arc, Mutex};

use bay::{Authorities, Bay, Chn, Mac, Says, TestCapture, Wallet, at, lane_config, now};
use clearance::{ClearanceId, Passage};
use credential::message::Outcome;
use credential::{Unlock, UnlockMethod};
use documents::Measure;
use gate::devices::camera::{CodeSight, SimulatedCamera};
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::Simulated;
use gate::lane::screen::NoScreen;
use gate::outbox::Store;
use gate::{FixedClock, GateReason, Lane, LaneConfig, LaneContext, Metrics, Report, Stopwatch};

struct Still;

impl Stopwatch for Still {
    fn millis(&self) -> f64 {
        0.0
    }
}

/// A lane of Macao and the mainland, which asks for an own unlock, and a traveller's wallet.
struct Place {
    bay: Bay,
    wallet: Wallet,
    link: Arc<Authorities>,
    store: Arc<Store>,
    lane: Lane<Authorities, TestCapture>,
    _folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        let bay = Bay::new();
        let wallet = Wallet::new(&bay, Mac);
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
        let link = Arc::new(Authorities::new(&bay));
        let faces = Arc::new(TestCapture { fault: None, suspicious: false });
        let replay = Arc::new(Mutex::new(gate::ReplayCache::new(41, now())));
        let metrics = Arc::new(Metrics::default());
        let config: LaneConfig = lane_config("one");
        let lane = Lane::new(config, replay, Arc::clone(&store), Arc::clone(&link), faces, metrics);
        link.say(Chn, [Says::Outcome(Outcome::Verify(vec![clearance::measure_number(Measure::Pin)]))]);
        Self { bay, wallet, link, store, lane, _folder: folder }
    }

    /// The first code, then these; `officer`: somebody carries out what is asked of a person.
    async fn cross(&self, again: Vec<String>, officer: bool) -> Report {
        let first = self.wallet.show(&self.lane.config().audience(), now());
        self.cross_with(first, again, officer).await
    }

    async fn cross_with(&self, first: String, again: Vec<String>, officer: bool) -> Report {
        let codes = again.into_iter().map(CodeSight::Text);
        let mut camera = SimulatedCamera::new(CodeSight::Text(first), [b"face ".to_vec(), b"again".to_vec()])
            .then_codes(codes);
        let mut measures = Simulated(if officer { vec![Measure::PhysicalDocument] } else { Vec::new() });
        let context = LaneContext {
            camera: &mut camera,
            door: &mut SimulatedDoor::default(),
            screen: &mut NoScreen,
            measures: &mut measures,
            trusted: &self.bay.lists,
            clock: &FixedClock(now()),
            watch: &Still,
        };
        self.lane.serve(ClearanceId::from_bytes([1; 16]), context).await
    }

    /// A code of this wallet, made `seconds` after the first one.
    fn unlocked(&self, wallet: &Wallet, seconds: i64, unlock: Option<Unlock>) -> String {
        wallet.show_unlocked(&self.lane.config().audience(), at(seconds), unlock)
    }

    fn done(&self) -> Vec<Vec<u8>> {
        self.link.requests(Chn).iter().map(|request| request.measures_done.clone()).collect()
    }
}

fn by_pin(seconds: u8) -> Option<Unlock> {
    Unlock::new(UnlockMethod::Pin, seconds)
}

#[tokio::test]
async fn the_code_of_a_wallet_that_was_unlocked_again_is_what_both_authorities_are_asked_about() {
    let place = Place::new().await;
    let code = place.unlocked(&place.wallet, 6, by_pin(2));
    let report = place.cross(vec![code], false).await;
    assert_eq!((report.passage, report.open_measures, report.detail), (Passage::Passed, None, None));
    let (exit, entry) = (place.link.requests(Mac), place.link.requests(Chn));
    assert_eq!((exit.len(), entry.len()), (2, 2), "a new showing is judged by everybody");
    assert_eq!(entry[1].measures_done, [clearance::measure_number(Measure::Pin)]);
    for asked in [&exit, &entry] {
        assert_eq!(asked[0].token, asked[1].token);
        assert_ne!(asked[0].shown, asked[1].shown, "the request names the new proof");
        assert_eq!((asked[0].made_at, asked[1].made_at), (now(), at(6)));
        assert_eq!(asked[0].probe, asked[1].probe, "the face stays the one that was taken");
    }
}

#[tokio::test]
async fn two_wrong_codes_end_in_an_officer_and_what_was_wrong_with_the_first_is_no_end() {
    let other_pass = {
        let place = Place::new().await;
        (Wallet::new(&place.bay, Mac), place)
    };
    let (wallet, place) = &other_pass;
    let other = place.unlocked(wallet, 5, by_pin(1));
    let right = place.unlocked(&place.wallet, 6, by_pin(1));
    let report = place.cross(vec![other, right], false).await;
    assert_eq!(report.passage, Passage::Passed, "the second attempt counts");

    type Codes<'a> = &'a dyn Fn(&Place, &Wallet) -> Vec<String>;
    let rows: [(&str, Codes<'_>, GateReason); 6] = [
        (
            "not unlocked",
            &|p, _| vec![p.unlocked(&p.wallet, 3, None), p.unlocked(&p.wallet, 6, None)],
            GateReason::NotUnlocked,
        ),
        (
            "unlocked before it was asked for",
            &|p, _| vec![p.unlocked(&p.wallet, 3, by_pin(14)), p.unlocked(&p.wallet, 6, by_pin(17))],
            GateReason::NotUnlocked,
        ),
        (
            "another pass of the same phone",
            &|p, other| vec![p.unlocked(other, 3, by_pin(1)), p.unlocked(other, 6, by_pin(1))],
            GateReason::OtherToken,
        ),
        (
            "too old a code",
            &|p, _| vec![p.unlocked(&p.wallet, -31, by_pin(1)), p.unlocked(&p.wallet, -32, by_pin(1))],
            GateReason::ProofStale,
        ),
        (
            "from the future",
            &|p, _| vec![p.unlocked(&p.wallet, 11, by_pin(1)), p.unlocked(&p.wallet, 12, by_pin(1))],
            GateReason::ProofFromFuture,
        ),
        ("no code", &|_, _| vec!["BP1:1".to_owned(), "paper".to_owned()], GateReason::CodeUnknown),
    ];
    for (row, codes, why) in rows {
        let place = Place::new().await;
        let other = Wallet::new(&place.bay, Mac);
        let report = place.cross(codes(&place, &other), true).await;
        assert_eq!(
            (report.passage, report.reason),
            (Passage::NotPassed, Some(GateReason::MeasuresNotTaken)),
            "{row}"
        );
        assert_eq!((report.sentence, report.officer), ("see_officer", true), "{row}");
        assert_eq!(report.detail.as_deref(), Some(why.code()), "{row}");
        assert_eq!(place.done(), [Vec::<u8>::new()], "{row}: no authority is asked again");
    }
}

#[tokio::test]
async fn the_code_that_still_lies_on_the_reader_is_no_attempt() {
    let place = Place::new().await;
    let first = place.wallet.show(&place.lane.config().audience(), now());
    let wrong = place.unlocked(&place.wallet, 3, None);
    let right = place.unlocked(&place.wallet, 6, by_pin(1));
    let again = vec![first.clone(), first.clone(), wrong.clone(), wrong, right];
    let report = place.cross_with(first, again, false).await;
    assert_eq!(report.passage, Passage::Passed);
    assert_eq!(place.store.trails().await.unwrap().len(), 1, "one passage");
}

#[tokio::test]
async fn without_a_phone_the_document_stands_in_its_place_and_without_both_the_measure_stays_open() {
    let place = Place::new().await;
    let report = place.cross(Vec::new(), true).await;
    assert_eq!((report.passage, report.open_measures), (Passage::Passed, None));
    assert_eq!(place.done(), [vec![], vec![clearance::measure_number(Measure::PhysicalDocument)]]);
    assert_eq!(place.link.requests(Mac).len(), 1, "about the same showing and face nobody is asked again");

    let place = Place::new().await;
    let report = place.cross(Vec::new(), false).await;
    assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(GateReason::MeasuresNotTaken)));
    assert_eq!(
        report.open_measures.map(clearance::Measures::numbers),
        Some(vec![clearance::measure_number(Measure::Pin)])
    );
}

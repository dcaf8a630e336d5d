//! A lane by document: cards in place of a code, a page for each authority, the same records and the same door.

#![expect(clippy::unwrap_used, reason = "a test's helpers, outside of the test functions themselves")]

mod bay;

use std::sync::{Arc, Mutex};

use bay::{Authorities, Bay, Chn, Mac, Says, TestCapture, at, lane_config, now};
use clearance::{ClearanceId, Enveloped, Passage, Sides};
use credential::PartHash;
use credential::message::{Outcome, laid_hash};
use credential::page::{Page, PageContext};
use documents::{AuthorityCode, DocumentKind, DocumentNumber, LaneKind, Measure, Side, check_digit};
use gate::devices::camera::{CodeSight, PageSight, SimulatedCamera};
use gate::devices::chip_files::ChipFiles;
use gate::devices::door::SimulatedDoor;
use gate::devices::zone::{Needs, ZoneFault, ZoneReader};
use gate::lane::measures::{Nobody, Simulated};
use gate::lane::screen::NoScreen;
use gate::outbox::Store;
use gate::{FixedClock, GateReason, Lane, LaneConfig, LaneContext, Metrics, Report, Stopwatch};
use test_support::chip;

struct Still;

impl Stopwatch for Still {
    fn millis(&self) -> f64 {
        0.0
    }
}

const BIRTH: &str = "1946-03-17";
const CARD: &str = "5123456(7)";
const PERMIT: &str = "M12345678";

struct Place {
    bay: Bay,
    link: Arc<Authorities>,
    store: Arc<Store>,
    lane: Lane<Authorities, TestCapture>,
    folder: tempfile::TempDir,
}

impl Place {
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut LaneConfig)) -> Self {
        let bay = Bay::new();
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
        let link = Arc::new(Authorities::new(&bay));
        let mut config = lane_config("one");
        config.kind = LaneKind::Document;
        change(&mut config);
        let lane = Lane::new(
            config,
            Arc::new(Mutex::new(gate::ReplayCache::new(41, now()))),
            Arc::clone(&store),
            Arc::clone(&link),
            Arc::new(TestCapture { fault: None, suspicious: false }),
            Arc::new(Metrics::default()),
        );
        Self { bay, link, store, lane, folder }
    }

    async fn lay(&self, cards: impl IntoIterator<Item = PageSight>) -> Report {
        let mut camera = SimulatedCamera::with_cards(cards, [b"face ".to_vec(), b"again".to_vec()]);
        self.serve(1, &mut camera, &mut Nobody).await
    }

    async fn serve<M: gate::lane::measures::Measurer>(
        &self,
        id: u8,
        camera: &mut SimulatedCamera,
        measures: &mut M,
    ) -> Report {
        let around = LaneContext {
            camera,
            door: &mut SimulatedDoor::default(),
            screen: &mut NoScreen,
            measures,
            trusted: &self.bay.lists,
            clock: &FixedClock(now()),
            watch: &Still,
        };
        self.lane.serve(ClearanceId::from_bytes([id; 16]), around).await
    }

    /// What an authority reads of the page that it got, and of a page that is not its own.
    fn page(&self, reader: AuthorityCode, of: AuthorityCode) -> Option<Page> {
        let asked = self.link.asked.lock().unwrap();
        let (_, body) = asked.iter().find(|(asked, _)| *asked == of).unwrap();
        let Ok(Enveloped::Document(sent)) = Enveloped::decode(body) else { return None };
        let role = if of == Mac { Side::Exit } else { Side::Entry };
        let context = PageContext { receiver: of, gate: bay::GATE, clearance: &[1; 16], role };
        Page::open(sent.page, &self.bay.keys.get(&reader).unwrap().part, &context, now().local_date()).ok()
    }
}

fn typed(number: &str, birth: &str) -> PageSight {
    PageSight::Typed { number: DocumentNumber::recognise(number).unwrap(), birth: birth.parse().unwrap() }
}

/// The zone of a Home Return Permit.
fn zone(number: &str) -> String {
    let digit = |field: &str| check_digit(field).unwrap();
    let (birth, expiry) = ("460317", "310101");
    let one = format!("CRCHN{number}{}{}", digit(number), "<".repeat(15));
    let two = format!("{birth}{}F{expiry}{}CHN{}", digit(birth), digit(expiry), "<".repeat(11));
    let all = [&one[5..30], &two[..7], &two[8..15], &two[18..29]].concat();
    format!("{one}\n{two}{}\nSPECIMEN<<LEONG<SAM<<<<<<<<<<<", digit(&all))
}

#[tokio::test]
async fn two_cards_open_the_door_and_each_authority_reads_its_own_and_no_other() {
    let place = Place::new().await;
    let report = place.lay([typed(CARD, BIRTH), PageSight::Zone(zone(PERMIT))]).await;
    assert_eq!((report.passage, report.reason), (Passage::Passed, None));
    assert_eq!(report.token, None, "no code was shown");
    for (reader, kind) in [(Mac, DocumentKind::MacaoBir), (Chn, DocumentKind::HomeReturnPermit)] {
        assert_eq!(place.page(reader, reader).unwrap().number().kind(), kind, "{reader}");
        let other = if reader == Mac { Chn } else { Mac };
        assert!(place.page(reader, other).is_none(), "{reader} cannot read the other's page");
    }
    // The same clearance, showing, probe and hashes on both sides, as with a code.
    let (exit, entry) = (place.link.requests(Mac).remove(0), place.link.requests(Chn).remove(0));
    assert_eq!((exit.lane, entry.lane), (LaneKind::Document, LaneKind::Document));
    assert_eq!((exit.token, exit.probe, exit.shown), (entry.token, entry.probe, entry.shown));
    assert_eq!((exit.part, exit.other_part), (entry.other_part.unwrap(), Some(entry.part)));
    assert_eq!(exit.shown, laid_hash(&[exit.part, entry.part]));
    // The next showing of the same cards has nothing in common with it.
    let mut camera = SimulatedCamera::with_cards(
        [PageSight::Zone(zone(PERMIT)), typed(CARD, BIRTH)],
        [b"face ".to_vec(), b"again".to_vec()],
    );
    assert_eq!(place.serve(2, &mut camera, &mut Nobody).await.passage, Passage::Passed);
    let again = place.link.requests(Mac).remove(1);
    assert!(again.token != exit.token && again.part != exit.part && again.shown != exit.shown);
    place.lane.courier().deliver(&place.bay.lists, at(60)).await.unwrap();
    let told = place.link.told.lock().unwrap();
    assert_eq!(told.get(&Mac).map(Vec::len), told.get(&Chn).map(Vec::len));
}

#[tokio::test]
async fn one_card_serves_both_where_both_read_it_and_at_a_lane_of_one_authority() {
    let place = Place::new().await;
    assert_eq!(place.lay([typed("CA1234567", "1991-05-06")]).await.passage, Passage::Passed);
    assert_eq!(place.page(Mac, Mac).unwrap().number(), place.page(Chn, Chn).unwrap().number());
    assert!(place.page(Mac, Chn).is_none(), "sealed to each by itself");
    let place = Place::with(|config| config.place.sides = Sides::One(Side::Entry, ())).await;
    assert_eq!(place.lay([typed(PERMIT, BIRTH)]).await.passage, Passage::Passed);
    assert_eq!(place.link.requests(Chn).remove(0).other_part, None);
}

#[tokio::test]
async fn cards_that_do_not_serve_are_refused_by_the_gate_and_nobody_is_asked() {
    use GateReason::{CameraSilent, DocumentNotRead, PageUnreadable, PagesDisagree};
    let passport =
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    for (row, cards, expected) in [
        ("two birth dates", vec![typed(CARD, "1946-03-18"), PageSight::Zone(zone(PERMIT))], PagesDisagree),
        ("residents of two places", vec![typed(CARD, BIRTH), typed("A123456(3)", BIRTH)], PagesDisagree),
        ("a mainland identity card", vec![typed("11010519491231002X", "1949-12-31")], DocumentNotRead),
        ("a passport", vec![PageSight::Zone(passport.to_owned())], DocumentNotRead),
        ("the same card twice", vec![typed(CARD, BIRTH), typed(CARD, BIRTH)], DocumentNotRead),
        (
            "a zone that was changed",
            vec![PageSight::Zone(zone(PERMIT).replacen("4603", "4604", 1))],
            PageUnreadable,
        ),
        ("no zone", vec![PageSight::Zone("no zone".to_owned())], PageUnreadable),
        ("a picture, and no reader of zones", vec![PageSight::Pictures(vec![vec![1]])], PageUnreadable),
        // The traveller lays down one card and no other.
        ("one card of two", vec![typed(CARD, BIRTH)], CameraSilent),
        ("none", vec![], CameraSilent),
    ] {
        let place = Place::new().await;
        let report = place.lay(cards).await;
        assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(expected)), "row {row}");
        assert!(place.link.asked.lock().unwrap().is_empty(), "row {row}");
        let said = report.to_json().to_string();
        assert!(!said.contains("5123456") && !said.contains("M12345678"), "row {row}: {said}");
    }
}

#[tokio::test]
async fn a_code_at_a_lane_by_document_and_cards_at_a_lane_for_codes_are_nothing() {
    let place = Place::new().await;
    let mut camera = SimulatedCamera::new(CodeSight::Text("BP1:".to_owned()), [b"face".to_vec()]);
    assert_eq!(place.serve(1, &mut camera, &mut Nobody).await.reason, Some(GateReason::CameraSilent));
    let place = Place::with(|config| config.kind = LaneKind::Code).await;
    assert_eq!(place.lay([typed(CARD, BIRTH)]).await.reason, Some(GateReason::CameraSilent));
    assert!(place.link.asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn measures_are_taken_and_the_same_sealed_pages_are_shown_again() {
    let place = Place::new().await;
    let wanted = [Measure::PhysicalDocument, Measure::Officer].map(clearance::measure_number);
    place.link.say(Chn, [Says::Outcome(Outcome::Verify(wanted.to_vec()))]);
    let mut camera = SimulatedCamera::with_cards(
        [typed(CARD, BIRTH), typed(PERMIT, BIRTH)],
        [b"face ".to_vec(), b"again".to_vec()],
    );
    let mut officer = Simulated(vec![Measure::PhysicalDocument, Measure::Officer]);
    let report = place.serve(1, &mut camera, &mut officer).await;
    assert_eq!(report.passage, Passage::Passed);
    let asked = place.link.requests(Chn);
    assert_eq!(asked.iter().map(|r| r.measures_done.len()).collect::<Vec<_>>(), [0, 2]);
    assert_eq!((asked[0].token, asked[0].part), (asked[1].token, asked[1].part));
}

#[tokio::test]
async fn nothing_of_a_card_lies_in_the_gates_store() {
    let place = Place::new().await;
    let report = place.lay([typed(CARD, BIRTH), PageSight::Zone(zone(PERMIT))]).await;
    assert_eq!(report.passage, Passage::Passed);
    place.lane.courier().deliver(&place.bay.lists, at(60)).await.unwrap();
    assert!(place.store.trails().await.unwrap().is_empty(), "all of it was told");
    for file in std::fs::read_dir(place.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for canary in ["5123456", PERMIT, BIRTH, "460317", "LEONG"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found, "{canary} stands in the store");
        }
    }
}

/// What a reader's software hands in of a mainland resident's permit.
fn chip_files(number: &str) -> Vec<u8> {
    use base64::Engine as _;
    let lines = zone(number).replace("CRCHN", "CSCHN").replace('\n', "");
    let file = |bytes: Vec<u8>| base64::engine::general_purpose::STANDARD.encode(bytes);
    let (dg1, dg2) = (chip::dg1(&lines), chip::dg2(&[(0, &chip::portrait(90))]));
    serde_json::json!({ "sod": file(chip::sod(&[])), "dg1": file(dg1), "dg2": file(dg2) })
        .to_string()
        .into_bytes()
}

#[tokio::test]
async fn a_cards_chip_goes_to_its_reader_in_one_length_and_files_that_are_none_are_refused() {
    let place = Place::new().await;
    let text = chip_files("CA1234567");
    let files = ChipFiles::handed_in(text.clone());
    assert_eq!(place.lay([PageSight::Chip(files)]).await.passage, Passage::Passed);
    for reader in [Mac, Chn] {
        let page = place.page(reader, reader).unwrap();
        assert_eq!(
            (page.chip(), page.number().kind()),
            (Some(text.as_slice()), DocumentKind::ExitEntryPermit)
        );
    }
    for (row, text) in [
        ("no JSON", b"EF.SOD".to_vec()),
        ("no portrait", br#"{"sod": "", "dg1": ""}"#.to_vec()),
        ("another number in DG1", chip_files("123456789")),
        ("too long", vec![b' '; gate::devices::chip_files::MAX_CHIP_TEXT + 1]),
    ] {
        let place = Place::new().await;
        let report = place.lay([PageSight::Chip(ChipFiles::handed_in(text))]).await;
        let expected = if row == "another number in DG1" {
            GateReason::DocumentNotRead
        } else {
            GateReason::PageUnreadable
        };
        assert_eq!((report.passage, report.reason), (Passage::NotPassed, Some(expected)), "row {row}");
        assert!(place.link.asked.lock().unwrap().is_empty(), "row {row}");
    }
}

/// Reads the zone in pictures that say `card`, where there are as many of them as the lane asks for.
struct Reads(String);

impl ZoneReader for Reads {
    fn lines(
        &self,
        pictures: &[Vec<u8>],
        needs: Needs,
        _: documents::LocalDate,
    ) -> Result<String, ZoneFault> {
        let read = pictures.iter().filter(|picture| *picture == b"card").count();
        match (read, needs) {
            (0, _) => Err(ZoneFault::None),
            (1, Needs::TwoAlike) => Err(ZoneFault::Once),
            (_, _) => Ok(self.0.clone()),
        }
    }
}

#[tokio::test]
async fn a_reader_of_zones_is_plugged_in_at_one_place_and_a_still_is_enough_where_files_stand_for_a_camera() {
    let (card, hand) = (|| b"card".to_vec(), || b"hand".to_vec());
    for (simulated, pictures, passes) in [
        (true, vec![card()], true),
        (true, vec![hand()], false),
        (false, vec![card()], false),
        (false, vec![card(), card()], true),
        (false, vec![], false),
        (false, (0..5).map(|_| card()).collect(), false),
    ] {
        let place = Place::with(|config| {
            config.place.sides = Sides::One(Side::Entry, ());
            config.simulated_camera = simulated;
        })
        .await;
        let row = (simulated, pictures.len());
        let lane = place.lane.with_zone_reader(Arc::new(Reads(zone(PERMIT))));
        let read = lane.zones().read(&pictures, now().local_date());
        assert_eq!(read.is_ok(), passes, "row {row:?}: {read:?}");
        if !simulated {
            continue;
        }
        // A lane of files: the crossing itself.
        let place = Place { lane, ..place };
        let report = place.lay([PageSight::Pictures(pictures)]).await;
        let reason = if passes { None } else { Some(GateReason::PageUnreadable) };
        assert_eq!((report.passage == Passage::Passed, report.reason), (passes, reason), "row {row:?}");
    }
}

#[test]
fn every_fault_of_a_picture_has_a_code_of_its_own_and_a_sentence_in_every_language() {
    let texts = gate::Texts::builtin().unwrap();
    let codes: std::collections::BTreeSet<_> = ZoneFault::ALL.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes.len(), ZoneFault::ALL.len());
    for language in gate::Language::ALL {
        let said: std::collections::BTreeSet<_> =
            codes.iter().map(|code| texts.get(&format!("kiosk_{code}"), language).unwrap()).collect();
        assert_eq!(said.len(), codes.len(), "{}", language.tag());
    }
}

#[tokio::test]
async fn without_a_key_to_seal_to_nobody_is_asked() {
    let mut place = Place::new().await;
    let mut keys = place.bay.keys.get(&Chn).unwrap().entries();
    keys.retain(|entry| entry.role != trust::Role::Part);
    let list = place.bay.list(Chn, 2, keys);
    place.bay.trust(&list);
    let report = place.lay([typed(CARD, BIRTH), typed(PERMIT, BIRTH)]).await;
    assert_eq!(report.reason, Some(GateReason::PageKey));
    let unused: Vec<PartHash> = place.link.requests(Mac).iter().map(|request| request.part).collect();
    assert!(unused.is_empty());
}

//! A gate follows every status list of a week: it learns of the second one by the size of the first, admits by it, and refuses
//! by it what was taken back.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]
#![allow(dead_code, reason = "the bay serves other tests too")]

#[path = "bay/mod.rs"]
mod bay;
#[path = "../../authority/tests/service/bay.rs"]
mod bay_of_authorities;
mod one_lane;
mod parties;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use authority::{
    DeviceProof, LARGEST_LIST, StatusCapacity, possession, status_list_numbers, status_lists_in_use,
    status_name,
};
use bay_of_authorities as authorities;
use bay_of_authorities::{NUMBER, RECORD, in_memory, photographs};
use clearance::{ClearanceId, Passage};
use credential::{KeyClass, PublicKey, SigningKey, UnverifiedToken};
use documents::AuthorityCode::Chn;
use documents::{DocumentNumber, Timestamp};
use face::{Image, Probe};
use gate::devices::camera::{CodeSight, SimulatedCamera};
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::Nobody;
use gate::lane::screen::NoScreen;
use gate::lists::Follower;
use gate::outbox::Store;
use gate::{
    AuthorityAddress, AuthorityAddresses, FixedClock, GateReason, HttpLink, Lane, LaneContext, Lists,
    Metrics, ReplayCache, Report, SystemStopwatch,
};
use one_lane::{OneFace, code_with, gate_key, lane_config, serve};
use parties::with_key;
use transport::{Known, party_client};
use trust::Party;

/// Tokens of which the last ones find no place in the first list.
const TOKENS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_follows_the_second_list_of_a_week_admits_by_it_and_refuses_by_it() {
    let Some((photo, live, _)) = photographs("a_gate_follows_the_second_list") else { return };
    let start: Timestamp = "2026-03-06T10:00:00+08:00".parse().unwrap();
    let mut bay = authorities::bay(start, in_memory().await).await;
    let service = Arc::into_inner(bay.chn).unwrap();
    // Three places in a list; the next list of the week is opened with the fourth token.
    bay.chn = Arc::new(service.with_status_capacity(StatusCapacity::with_places(7, [3])));
    bay.chn.add_resident(RECORD, &photo, start).await.unwrap();
    let session = authorities::enrol(&bay, &live).await;
    let keys: Vec<_> = (0..TOKENS).map(|_| SigningKey::generate().unwrap()).collect();
    let proof = |key: &SigningKey| possession(key, Chn, Chn, &session, start).unwrap();
    let devices: Vec<_> =
        keys.iter().map(|key| DeviceProof { key: *key.public(), proof: proof(key) }).collect();
    let issued = bay.chn.issue(&session, &devices, None, start).await.unwrap().tokens;
    let list_of = |token: &[u8]| UnverifiedToken::parse(token).unwrap().claims().status.list();
    let expires = KeyClass::Software.expiry_for(start.local_date());
    let [first, second, ..] = status_list_numbers(expires);
    let lists: BTreeSet<u8> = issued.iter().map(|one| list_of(&one.token)).collect();
    assert_eq!(lists, BTreeSet::from([first, second]));

    // The gate reaches both authorities over TLS, as their listeners for parties serve them.
    let now = Arc::new(Mutex::new(start));
    let gates = Party::Gates("hengqin".parse().unwrap());
    let mut addresses = AuthorityAddresses::new();
    for service in [&bay.chn, &bay.mac] {
        let base = serve(service, &bay, &now).await;
        let (trust, at) = (bay.trust.clone(), Arc::clone(&now));
        let known: Known = Arc::new(move |key: &PublicKey| trust.peer(key, *at.lock().unwrap()));
        let client = party_client(&with_key(&bay.connections[&gates]), known, service.code()).unwrap();
        addresses.insert(service.code(), AuthorityAddress { base, client });
    }
    let follower = Follower::new(addresses.clone(), Lists::new(bay.trust.clone()));
    let round = async |at: Timestamp| {
        let held = follower.lists();
        let numbers = status_lists_in_use(expires, |number| held.status_entries(Chn, number));
        let asked = numbers.iter().map(|number| (Chn, *number, status_name(Chn, *number))).collect();
        let missing = follower.round(&asked, at).await;
        assert!(missing.is_empty(), "{}", missing.iter().map(|one| one.why.as_str()).collect::<String>());
        for number in &numbers {
            let signed = bay.chn.status_list(*number, at).await.unwrap();
            bay.mac.take_status_list(Chn, *number, &signed, at).unwrap();
        }
        numbers
    };
    assert_eq!(round(start).await, [first], "nobody told of a second list yet");
    assert_eq!(follower.lists().status_entries(Chn, first), usize::try_from(LARGEST_LIST).unwrap());
    assert_eq!(round(start.plus_seconds(1)).await, [first, second]);

    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), gate_key(&bay)).await.unwrap());
    let faces = authorities::faces();
    let (probe, _) = Probe::from_image(&faces.finder, &Image::decode(&live).unwrap()).unwrap();
    let lane = Lane::new(
        lane_config(),
        Arc::new(Mutex::new(ReplayCache::new(41, start))),
        Arc::clone(&store),
        Arc::new(HttpLink::new(addresses, std::time::Duration::from_secs(60))),
        Arc::new(OneFace(probe.encode())),
        Arc::new(Metrics::default()),
    );
    let scan = async |nth: usize, at: Timestamp| -> Report {
        *now.lock().unwrap() = at;
        let text = code_with(&issued[nth], &keys[nth], at);
        let mut camera = SimulatedCamera::new(CodeSight::Text(text), [live.clone()]);
        let (mut door, lists) = (SimulatedDoor::default(), follower.lists());
        let (clock, watch) = (FixedClock(at), SystemStopwatch::start());
        let context = LaneContext {
            camera: &mut camera,
            door: &mut door,
            screen: &mut NoScreen,
            measures: &mut Nobody,
            trusted: &*lists,
            clock: &clock,
            watch: &watch,
        };
        let mut id = [0; 16];
        credential::random(&mut id).unwrap();
        lane.serve(ClearanceId::from_bytes(id), context).await
    };
    let of_second: Vec<usize> = (0..TOKENS).filter(|nth| list_of(&issued[*nth].token) == second).collect();
    let report = scan(of_second[0], start.plus_seconds(2)).await;
    assert_eq!(report.passage, Passage::Passed, "{report:?}");

    // The pass ends: the second list says so from the next round on, and the gate itself refuses.
    let later = start.plus_seconds(3);
    *now.lock().unwrap() = later;
    bay.chn.end_pass(&DocumentNumber::recognise(NUMBER).unwrap(), later).await.unwrap();
    round(later).await;
    let report = scan(of_second[1], start.plus_seconds(4)).await;
    assert_eq!(report.reason, Some(GateReason::TokenRevoked), "{report:?}");
    assert_ne!(report.passage, Passage::Passed);
}

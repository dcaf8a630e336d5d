//! Somebody owns the network between a lane and both authorities, with every transport key and no signing key: they drop,
//! repeat, hold back, cut, exchange, sign anew and forge. They can delay, and nothing else: once they stop, both ledgers
//! hold what happened at the door.
//!
//! `BAYPASS_CROSSINGS` says how many travellers come (60).

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of the test functions themselves: what goes wrong there fails the test"
)]
#![allow(dead_code, reason = "the bay serves other tests too")]

#[path = "../../authority/tests/service/bay.rs"]
mod bay;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use authority::{DeviceProof, Service, possession, status_list_number, status_name};
use bay::{BIRTH, Bay, GATE, NAME, NUMBER, RECORD, in_memory, photographs};
use clearance::{ClearanceId, Passage, Place, Sides};
use code::{CrossingCode, Parts};
use credential::message::{self, Kind, Receipt, ReceiptResult};
use credential::{Audience, KeyClass, PartHash, ProofWindow, SigningKey, sign_proof};
use documents::AuthorityCode::{Chn, Mac};
use documents::{AuthorityCode, Direction, DocumentNumber, LaneKind, LocalDate, Timestamp};
use face::{Image, Probe, SplitMix64};
use gate::devices::camera::{CodeSight, SimulatedCamera};
use gate::devices::door::SimulatedDoor;
use gate::lane::measures::Nobody;
use gate::lane::screen::NoScreen;
use gate::outbox::{GateKey, Store};
use gate::{
    AuthorityLink, CaptureFault, Captured, Courier, FaceCapture, FixedClock, Lane, LaneConfig, LaneContext,
    LinkError, Lists, Metrics, ReplayCache, SystemStopwatch,
};
use test_support::other_signature;

/// What was seen on the wire, and what is held back.
#[derive(Default)]
struct Seen {
    answers: BTreeMap<&'static str, Vec<Vec<u8>>>,
    held: VecDeque<(AuthorityCode, &'static str, Vec<u8>)>,
}

/// The wire between the lane and the authorities, in the attacker's hands.
struct Wire {
    services: BTreeMap<AuthorityCode, Arc<Service>>,
    now: Mutex<Timestamp>,
    chance: Mutex<SplitMix64>,
    seen: Mutex<Seen>,
    /// Whether they attack.
    hostile: Mutex<bool>,
    /// Of the attacker's own, of no trust list.
    key: SigningKey,
    tried: Mutex<BTreeMap<&'static str, usize>>,
}

impl Wire {
    fn draw(&self, below: usize) -> usize {
        self.chance.lock().unwrap().below(below)
    }

    /// What the authority itself answers.
    async fn reach(&self, to: AuthorityCode, path: &'static str, body: &[u8]) -> Result<Vec<u8>, LinkError> {
        let (service, now) = (&self.services[&to], *self.now.lock().unwrap());
        let refused = LinkError::Refused { authority: to, status: 403 };
        match path {
            "verdict" => service.verdict(body, now).await.map_err(|_| refused),
            "event" => service.hear_event(body, now).await.map_err(|_| refused),
            _ => service.hear_chain(body, now).await.map_err(|_| refused),
        }
    }

    fn forged(&self, to: AuthorityCode, body: &[u8]) -> Vec<u8> {
        let payload = message::unverified_payload(body).unwrap_or(body);
        let receipt = Receipt {
            authority: to,
            message: message::payload_hash(payload),
            result: ReceiptResult::Taken,
            at: *self.now.lock().unwrap(),
        };
        message::sign(Kind::Receipt, authority::KEY_ID, &self.key, &receipt.encode()).unwrap()
    }

    fn older(&self, path: &'static str) -> Option<Vec<u8>> {
        let count = self.seen.lock().unwrap().answers.get(path).map_or(0, Vec::len);
        let at = (count > 0).then(|| self.draw(count))?;
        self.seen.lock().unwrap().answers[path].get(at).cloned()
    }

    /// The message in other bytes that say the same.
    fn resigned(path: &'static str, body: &[u8]) -> Vec<u8> {
        if path != "verdict" {
            return other_signature(body);
        }
        let envelope = clearance::Envelope::decode(body).unwrap();
        let request = other_signature(envelope.request);
        clearance::Envelope { request: &request, ..envelope }.encode()
    }

    async fn send(&self, to: AuthorityCode, path: &'static str, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        if !*self.hostile.lock().unwrap() {
            return self.reach(to, path, &body).await;
        }
        let lost = LinkError::TimedOut { authority: to };
        // What was held back comes late, in whatever order.
        if self.draw(3) == 0 {
            let late = self.seen.lock().unwrap().held.pop_front();
            if let Some((to, path, body)) = late {
                let _ = self.reach(to, path, &body).await;
            }
        }
        const TRICKS: [&str; 13] = [
            "through",
            "through",
            "through",
            "dropped",
            "answer dropped",
            "twice",
            "held back",
            "cut",
            "one bit",
            "an older answer",
            "an empty yes",
            "a forged receipt",
            "signed anew",
        ];
        let trick = TRICKS[self.draw(TRICKS.len())];
        *self.tried.lock().unwrap().entry(trick).or_default() += 1;
        let answer = match trick {
            "dropped" => return Err(lost),
            "held back" => {
                self.seen.lock().unwrap().held.push_back((to, path, body));
                return Err(lost);
            }
            "an empty yes" => return Ok(Vec::new()),
            "a forged receipt" => return Ok(self.forged(to, &body)),
            "an older answer" => return self.older(path).ok_or(lost),
            "signed anew" => self.reach(to, path, &Self::resigned(path, &body)).await?,
            "one bit" => {
                let mut body = body.clone();
                let (at, bit) = (self.draw(body.len()), self.draw(8));
                body[at] ^= 1 << bit;
                self.reach(to, path, &body).await?
            }
            "twice" => {
                let _ = self.reach(to, path, &body).await;
                self.reach(to, path, &body).await?
            }
            _ => self.reach(to, path, &body).await?,
        };
        self.seen.lock().unwrap().answers.entry(path).or_default().push(answer.clone());
        match trick {
            "answer dropped" => Err(lost),
            "cut" => Ok(answer[..self.draw(answer.len())].to_vec()),
            "signed anew" => Ok(other_signature(&answer)),
            _ => Ok(answer),
        }
    }
}

impl AuthorityLink for Wire {
    async fn verdict(&self, authority: AuthorityCode, body: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.send(authority, "verdict", body).await
    }

    async fn deliver(&self, authority: AuthorityCode, event: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.send(authority, "event", event).await
    }

    async fn begin_chain(&self, authority: AuthorityCode, chain: Vec<u8>) -> Result<Vec<u8>, LinkError> {
        self.send(authority, "chain", chain).await
    }
}

/// The face before the camera is always the same: its probe was made once.
struct OneFace(Vec<u8>);

impl FaceCapture for OneFace {
    fn capture(&self, _: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
        Ok(Captured { probe: self.0.clone(), suspicious: false })
    }

    fn active_rules(&self) -> Option<&face::active::ActiveRules> {
        None
    }

    fn follow(&self, _: &mut face::Track, _: &[u8], _: u64) -> Result<face::active::Frame, CaptureFault> {
        panic!("no challenge is judged here")
    }
}

fn lane_config() -> LaneConfig {
    LaneConfig {
        place: Place {
            lane: GATE.parse().unwrap(),
            port: "hengqin".parse().unwrap(),
            direction: Direction::new(Chn, Mac).unwrap(),
            sides: Sides::Both { exit: (), entry: () },
        },
        kind: LaneKind::Code,
        window: ProofWindow::default(),
        pictures: 1,
        simulated_camera: true,
        elsewhere: Vec::new(),
    }
}

/// A resident with one entry, enrolled, with one token: the text of a code of this moment.
async fn code_of(bay: &Bay, nth: usize, photo: &[u8], live: &[u8], now: Timestamp) -> String {
    let number = format!("C{nth:08}");
    let record =
        RECORD.replace(NUMBER, &number).replace("SPECIMEN LI NA", &format!("SPECIMEN LI {}", letters(nth)));
    bay.chn.add_resident(&record, photo, now).await.unwrap();
    let document = DocumentNumber::recognise(&number).unwrap();
    let birth: LocalDate = BIRTH.parse().unwrap();
    let name = NAME.replace("Li Na", &format!("Li {}", letters(nth)));
    let session = bay::enrol_as(&bay.chn, (&document, &name, birth), live, now).await.unwrap();
    let device = SigningKey::generate().unwrap();
    let proof = possession(&device, Chn, Chn, &session, now).unwrap();
    let keys = [DeviceProof { key: *device.public(), proof }];
    let issued = bay.chn.issue(&session, KeyClass::Hardware, &keys, now).await.unwrap().remove(0);
    let (_, sealed) = issued.sealed.into_iter().find(|(receiver, _)| *receiver == Mac).unwrap();
    let audience = Audience::new("hengqin".parse().unwrap(), Direction::new(Chn, Mac).unwrap(), None);
    let hashes = [PartHash::of(&issued.own), PartHash::of(&sealed)];
    let proof = sign_proof(&device, &audience, &issued.token, &hashes, now).unwrap();
    let parts = Parts::new(&[&issued.own, &sealed]).unwrap();
    CrossingCode::Full { token: &issued.token, proof: &proof, parts }.to_text().unwrap()
}

/// A name of letters for a number.
fn letters(mut nth: usize) -> String {
    let mut name = String::new();
    for _ in 0..4 {
        name.push(char::from(b'A' + u8::try_from(nth % 26).unwrap()));
        nth /= 26;
    }
    name
}

async fn fresh_lists(bay: &Bay, lists: &mut Lists, now: Timestamp) {
    let list = status_list_number(KeyClass::Hardware.expiry_for(now.local_date()));
    let signed = bay.chn.status_list(list, now).await.unwrap();
    bay.mac.take_status_list(Chn, list, &signed, now).unwrap();
    lists.take_status(Chn, list, &status_name(Chn, list), &signed, now).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_owns_the_network_can_delay_and_nothing_else() {
    let Some((photo, live, _)) = photographs("whoever_owns_the_network") else { return };
    let crossings: usize = std::env::var("BAYPASS_CROSSINGS").map_or(60, |count| count.parse().unwrap());
    let start: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
    let bay = bay::bay(start, in_memory().await).await;
    let faces = bay::faces();
    let (probe, _) = Probe::from_image(&faces.finder, &Image::decode(&live).unwrap()).unwrap();
    let mut lists = Lists::new(bay.trust.clone());
    lists.take_approval(&bay.approval, start).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let key = GateKey {
        gate: GATE.to_owned(),
        kid: GATE.as_bytes().to_vec(),
        key: SigningKey::from_pkcs8(&bay.gate.to_pkcs8().unwrap()).unwrap(),
    };
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), key).await.unwrap());
    let wire = Arc::new(Wire {
        services: BTreeMap::from([(Chn, Arc::clone(&bay.chn)), (Mac, Arc::clone(&bay.mac))]),
        now: Mutex::new(start),
        chance: Mutex::new(SplitMix64::new(20_261_128)),
        seen: Mutex::default(),
        hostile: Mutex::new(true),
        key: SigningKey::generate().unwrap(),
        tried: Mutex::default(),
    });
    let lane = Lane::new(
        lane_config(),
        Arc::new(Mutex::new(ReplayCache::new(41, start))),
        Arc::clone(&store),
        Arc::clone(&wire),
        Arc::new(OneFace(probe.encode())),
        Arc::new(Metrics::default()),
    );
    let courier = Courier::new(Arc::clone(&store), Arc::clone(&wire));

    let mut passed = 0;
    for nth in 0..crossings {
        // One traveller every 40 seconds: by then the band of the one before is over.
        let now = start.plus_seconds(40 * i64::try_from(nth).unwrap());
        *wire.now.lock().unwrap() = now;
        fresh_lists(&bay, &mut lists, now).await;
        let text = code_of(&bay, nth, &photo, &live, now).await;
        let (mut camera, mut door) =
            (SimulatedCamera::new(CodeSight::Text(text), [live.clone()]), SimulatedDoor::default());
        let (clock, watch) = (FixedClock(now), SystemStopwatch::start());
        let context = LaneContext {
            camera: &mut camera,
            door: &mut door,
            screen: &mut NoScreen,
            measures: &mut Nobody,
            trusted: &lists,
            clock: &clock,
            watch: &watch,
        };
        let mut id = [0; 16];
        credential::random(&mut id).unwrap();
        let report = lane.serve(ClearanceId::from_bytes(id), context).await;
        assert_eq!(report.passage == Passage::Passed, door.opened().len() == 1, "{report:?}");
        passed += usize::from(report.passage == Passage::Passed);
        courier.deliver(&lists, now.plus_seconds(1)).await.unwrap();
    }

    // They stop. What waits is told; what they still hold back comes last of all.
    *wire.hostile.lock().unwrap() = false;
    let end = start.plus_seconds(40 * i64::try_from(crossings).unwrap() + 60);
    *wire.now.lock().unwrap() = end;
    fresh_lists(&bay, &mut lists, end).await;
    for round in 0..50 {
        let done = courier.deliver(&lists, end.plus_seconds(round)).await.unwrap();
        if done.stuck == 0 && store.waiting(Chn).await.unwrap() + store.waiting(Mac).await.unwrap() == 0 {
            break;
        }
    }
    let held: Vec<_> = wire.seen.lock().unwrap().held.drain(..).collect();
    for (to, path, body) in held {
        let _ = wire.reach(to, path, &body).await;
    }
    let tried = wire.tried.lock().unwrap().clone();
    println!("{crossings} travellers, {passed} passed; {tried:?}");
    assert!(passed > 0 && passed < crossings, "nothing was attacked: {passed} of {crossings}");
    for service in [&bay.chn, &bay.mac] {
        let whose = service.code();
        assert_eq!(store.waiting(whose).await.unwrap(), 0, "{whose} was not told everything");
        let persons: std::collections::BTreeSet<_> =
            service.ledger().await.unwrap().iter().map(|row| *row.person.as_bytes()).collect();
        assert_eq!(service.ledger().await.unwrap().len(), passed, "{whose} counts what happened at the door");
        assert_eq!(persons.len(), passed, "{whose} counts each traveller once");
        let unresolved = service.unresolved(end.plus_seconds(3600)).await.unwrap();
        assert!(unresolved.is_empty(), "{whose}: {unresolved:?}");
        assert!(service.conflicts().await.unwrap().is_empty(), "{whose}");
    }
    assert!(store.dead_letters().await.unwrap().is_empty());
}

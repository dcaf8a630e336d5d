//! One lane of one gate, and both its authorities behind their listeners for parties, all in one process at the clock of a test.

use std::sync::{Arc, Mutex};

use ::officers::{Desk, DeskSettings, Limits};
use authority::http::{HttpState, listeners};
use authority::{Issued, Service};
use clearance::{Place, Sides};
use code::{CrossingCode, Parts};
use credential::webauthn::RelyingParty;
use credential::{Audience, PartHash, ProofWindow, PublicKey, SigningKey, sign_proof};
use documents::AuthorityCode::{Chn, Mac};
use documents::{Direction, LaneKind, Timestamp};
use gate::outbox::GateKey;
use gate::{CaptureFault, Captured, FaceCapture, LaneConfig};
use transport::{Bounds, Known, Transport, party_server};
use trust::Party;

use crate::bay_of_authorities::{Bay, GATE};
use crate::parties::with_key;

/// A desk at which nobody has an account.
fn nobody() -> Arc<Desk> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let settings = DeskSettings {
        party: RelyingParty::new("localhost").unwrap(),
        origins: Arc::new(move || {
            let _kept_as_long_as_the_desk = &folder;
            Vec::new()
        }),
        test_accounts: false,
        limits: Limits::builtin().unwrap(),
        draw: credential::random,
    };
    Arc::new(Desk::open(&path, settings).unwrap())
}

/// An authority behind its listener for parties, at the clock of the test; gives where it is.
pub async fn serve(service: &Arc<Service>, bay: &Bay, now: &Arc<Mutex<Timestamp>>) -> String {
    let (trust, at, clock) = (bay.trust.clone(), Arc::clone(now), Arc::clone(now));
    let approval = bay.approval.clone();
    let known: Known = Arc::new(move |key: &PublicKey| trust.peer(key, *at.lock().unwrap()));
    let state = HttpState {
        service: Arc::clone(service),
        now: Arc::new(move || *clock.lock().unwrap()),
        officers: nobody(),
        origins: Vec::new(),
        officer_origin: Arc::new(|_| false),
        trust_lists: Arc::new(Vec::new),
        openid: None,
        approvals: Arc::new(move || vec![approval.clone()]),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let own = with_key(&bay.connections[&Party::Authority(service.code())]);
    let transport = Transport::Parties(party_server(&own, Arc::clone(&known)).unwrap(), known);
    let bounds =
        Bounds { total: 64, each: 64, silence: std::time::Duration::from_secs(60), proxies: Vec::new() };
    let app = listeners(state).parties;
    tokio::spawn(transport::serve(listener, app, bounds, transport, std::future::pending()));
    address
}

/// The face before the camera is always the same: its probe was made once.
pub struct OneFace(pub Vec<u8>);

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

/// The lane of the gate.
pub fn lane_config() -> LaneConfig {
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

/// The text of a code of this moment, with this token of the mainland's and its device key.
pub fn code_with(issued: &Issued, device: &SigningKey, now: Timestamp) -> String {
    let (_, sealed) = issued.sealed.iter().find(|(receiver, _)| *receiver == Mac).unwrap();
    let audience = Audience::new("hengqin".parse().unwrap(), Direction::new(Chn, Mac).unwrap(), None);
    let hashes = [PartHash::of(&issued.own), PartHash::of(sealed)];
    let proof = sign_proof(device, &audience, &issued.token, &hashes, now).unwrap();
    let parts = Parts::new(&[&issued.own, sealed]).unwrap();
    CrossingCode::Full { token: &issued.token, proof: &proof, parts }.to_text().unwrap()
}

/// The gate's key of the bay.
pub fn gate_key(bay: &Bay) -> GateKey {
    GateKey {
        gate: GATE.to_owned(),
        kid: GATE.as_bytes().to_vec(),
        key: Arc::new(SigningKey::from_pkcs8(&bay.gate.to_pkcs8().unwrap()).unwrap()),
    }
}

//! A kiosk of one lane and its pages, as the tests of the kiosk use them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clearance::measure_number;
use credential::message::Outcome;
use credential::webauthn::RelyingParty;
use credential::{SigningKey, VerifyingKey};
use documents::{AuthorityCode, Measure, Timestamp};
use face::active::{ActiveRules, Frame};
use face::{QualityFault, Track};
use gate::devices::door::{Door, SimulatedDoor};
use gate::devices::zone::{Needs, ZoneFault, ZoneReader};
use gate::kiosk::{ActBook, Kiosk, KioskSetup, Kiosks, Reach, Waits, router};
use gate::outbox::{LaneKey, Store};
use gate::{
    CaptureFault, Captured, Clock, FaceCapture, GateReason, Lane, LaneConfig, Metrics, ProbeCache,
    ReplayCache, SystemStopwatch, Texts, Trusted,
};
use officers::{AccountName, Actor, Desk, DeskSettings, Limits, NewAccount, Pairings, Role};
use reqwest::StatusCode;
use serde_json::Value;
use trust::{Approval, OFFICER_PORTRAIT};

use crate::bay::{Authorities, Bay, Chn, Mac, Says, Wallet, approval, at, lane_config, now};

/// The desk in a folder, whose test accounts need no passkey.
/// Whoever gives a command on this machine.
pub fn operator() -> Actor {
    Actor::Operator("specimen".parse().unwrap())
}

fn desk(folder: &std::path::Path, origin: &str) -> Desk {
    let origins = vec![origin.to_owned()];
    let settings = DeskSettings {
        party: RelyingParty::new("localhost").unwrap(),
        origins: Arc::new(move || origins.clone()),
        test_accounts: true,
        limits: Limits::builtin().unwrap(),
        draw: credential::random,
    };
    Desk::open(folder, settings).unwrap()
}

/// Makes an account of one side and gives its one-time code.
pub fn one_time_code(desk: &Desk, side: AuthorityCode, roles: &[Role], test: bool) -> String {
    let words: Vec<_> = roles.iter().map(|role| role.word()).collect();
    let name = AccountName::new(&format!("Specimen {side} {}", words.join(" "))).unwrap();
    let account = NewAccount { name, side: Some(side), roles: roles.iter().copied().collect(), test };
    desk.add(&operator(), account, now()).unwrap().unwrap().1.expose()
}

/// Sees what a picture says: `none`, `two`, anything else is a good face.
#[derive(Default)]
pub struct Reads {
    /// Whether a head that moves is asked for, and judged; what this capture then sees is nobody.
    pub challenges: Option<ActiveRules>,
}

impl ZoneReader for Lines {
    fn lines(&self, pictures: &[Vec<u8>], _: Needs, _: documents::LocalDate) -> Result<String, ZoneFault> {
        let read = pictures.iter().map(|picture| String::from_utf8(picture.clone()));
        match read.collect::<Result<Vec<_>, _>>().map_err(|_| ZoneFault::File)?.as_slice() {
            [one, two] if one == two && one.contains('<') => Ok(one.clone()),
            [one, two] if one != two => Err(ZoneFault::Differs),
            _ => Err(ZoneFault::None),
        }
    }
}

/// A reader of zones whose pictures are the lines themselves.
pub struct Lines;

impl FaceCapture for Reads {
    fn capture(&self, pictures: &[Vec<u8>]) -> Result<Captured, CaptureFault> {
        let fault = |reason| Err(CaptureFault { reason, detail: "as told".into(), quality: None });
        let unfit = |fault| {
            Err(CaptureFault { reason: GateReason::FacePoor, detail: "as told".into(), quality: Some(fault) })
        };
        match pictures.last().map(Vec::as_slice) {
            Some(b"none") => fault(GateReason::FaceNone),
            Some(b"two") => fault(GateReason::FaceSeveral),
            Some(b"masked") => unfit(QualityFault::Mask),
            Some(b"shut") => unfit(QualityFault::EyesClosed),
            Some(b"flat") => Ok(Captured { probe: pictures.concat(), suspicious: true }),
            Some(_) | None => Ok(Captured { probe: pictures.concat(), suspicious: false }),
        }
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        self.challenges.as_ref()
    }

    fn follow(&self, _: &mut Track, _: &[u8], _: u64) -> Result<Frame, CaptureFault> {
        Err(CaptureFault { reason: GateReason::FaceNone, detail: "nobody".into(), quality: None })
    }
}

/// A clock that a test moves.
pub struct Hand(pub Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub struct Place {
    pub base: String,
    /// The same kiosks of a gate that listens to more than its own machine.
    pub elsewhere: String,
    pub link: Arc<Authorities>,
    pub bay: Bay,
    pub audience: credential::Audience,
    pub clock: Arc<Hand>,
    pub kiosk: Arc<Kiosk>,
    /// By which lists the gate goes at this moment.
    pub lists: Arc<Mutex<Arc<dyn Trusted>>>,
    pub store: Arc<Store>,
    pub gate: Vec<u8>,
    pub folder: tempfile::TempDir,
    pub client: reqwest::Client,
    pub desk: Arc<Desk>,
    pub pairings: Arc<Pairings>,
    /// The cookie of the paired kiosk.
    pub paired: String,
    /// The cookies of the officers who are signed in.
    pub signed: BTreeMap<AuthorityCode, String>,
}

/// The bay's lists under an approval that names these claims.
fn approved(bay: &Bay, number: u64, claims: &[&str]) -> Arc<dyn Trusted> {
    let text =
        Approval { number, claims: claims.iter().map(|claim| (*claim).to_owned()).collect(), ..approval() };
    let mut lists = bay.lists.clone();
    lists.take_approval(&bay.approved(&text), now()).unwrap();
    Arc::new(lists)
}

pub fn quick() -> Waits {
    Waits {
        look: Duration::from_millis(1500),
        card: Duration::from_millis(1500),
        page: Duration::from_millis(200),
        door: Duration::from_millis(300),
        shown: Duration::from_millis(400),
    }
}

impl Place {
    pub async fn new() -> Self {
        Self::with(quick(), |_| {}).await
    }

    pub async fn with(waits: Waits, change: impl FnOnce(&mut LaneConfig)) -> Self {
        Self::seen_by(Reads::default(), waits, change).await
    }

    pub async fn seen_by(faces: Reads, waits: Waits, change: impl FnOnce(&mut LaneConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::behind(SimulatedDoor::default(), folder, faces, waits, change).await
    }

    /// A kiosk whose lane has this door, with its files in `folder`.
    pub async fn behind<D: Door + Clone + Sync + 'static>(
        door: D,
        folder: tempfile::TempDir,
        faces: Reads,
        waits: Waits,
        change: impl FnOnce(&mut LaneConfig),
    ) -> Self {
        let bay = Bay::new();
        let lists = Arc::new(Mutex::new(approved(&bay, 2, &["permit", OFFICER_PORTRAIT])));
        let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
        let link = Arc::new(Authorities::new(&bay));
        let clock = Arc::new(Hand(Mutex::new(now())));
        let mut config = lane_config("hengqin/MAC-CHN");
        config.pictures = 1;
        change(&mut config);
        let lane = Lane::new(
            config.clone(),
            Arc::new(Mutex::new(ReplayCache::new(41, now()))),
            Arc::clone(&store),
            Arc::clone(&link),
            Arc::new(ProbeCache::new(Arc::new(faces))),
            Arc::new(Metrics::default()),
        );
        let lane = Arc::new(lane.with_zone_reader(Arc::new(Lines)));
        let audience = config.audience();
        let setup = KioskSetup {
            names: BTreeMap::new(),
            officers: [Mac, Chn].into(),
            texts: Arc::new(Texts::builtin().unwrap()),
            waits,
            draw: || {
                let mut id = [0; 16];
                credential::random(&mut id).ok().map(|()| id)
            },
            trusted: {
                let lists = Arc::clone(&lists);
                Arc::new(move || Arc::clone(&lists.lock().unwrap()))
            },
            clock: Arc::<Hand>::clone(&clock),
            watch: Arc::new(SystemStopwatch::start()),
            acts: ActBook::open(folder.path().join("lane.acts"), LaneKey::new(bay.gate_key())).unwrap(),
        };
        let kiosk = Kiosk::new(setup, lane, Some(door));
        let pages = folder.path().join("pages");
        let lanes = Arc::new(BTreeMap::from([(kiosk.slug().to_owned(), Arc::clone(&kiosk))]));
        let authorities =
            Arc::new(BTreeMap::from([(AuthorityCode::Chn, "http://127.0.0.1:7101".to_owned())]));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let desk = Arc::new(desk(folder.path(), &base));
        let limits = Limits::builtin().unwrap();
        let pairings = Arc::new(Pairings::of(folder.path(), limits, credential::random, false));
        let code = pairings.issue("MAC-CHN", &operator(), now()).unwrap().expose();
        let token = pairings.redeem(&code, "MAC-CHN", now()).unwrap().expose();
        let paired = format!("baypass_kiosk_MAC-CHN={token}");
        let signed = [Mac, Chn].map(|side| {
            let code = one_time_code(&desk, side, &[Role::LaneOfficer], true);
            let token = desk.redeem(&code, now()).unwrap().token.expose();
            (side, format!("baypass_officer_{side}={token}"))
        });
        let time: Arc<dyn Clock> = Arc::<Hand>::clone(&clock);
        let kiosks = Kiosks {
            lanes,
            pages: pages.clone(),
            reach: Reach::Loopback,
            authorities,
            desk: Arc::clone(&desk),
            pairings: Arc::clone(&pairings),
            clock: time,
        };
        let app = router(kiosks.clone());
        let outside = router(Kiosks { reach: Reach::Tls(vec!["gate.example".to_owned()]), ..kiosks });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, outside).await });
        let client = reqwest::Client::new();
        let gate = bay.gate.clone();
        let signed = signed.into();
        Self {
            base,
            elsewhere,
            link,
            bay,
            audience,
            clock,
            kiosk,
            lists,
            store,
            gate,
            folder,
            client,
            desk,
            pairings,
            paired,
            signed,
        }
    }

    pub async fn listen(&self, path: &str, cookie: &str) -> Events {
        let url = format!("{}/v1/{path}/events", self.base);
        let response = self.client.get(url).header("cookie", cookie).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Events { response, buffer: String::new(), seen: Value::Null }
    }

    /// The kiosk's page, and its number.
    pub async fn page(&self) -> (Events, u64) {
        let mut events = self.listen("kiosk/MAC-CHN", &self.paired).await;
        let first = events.next().await.unwrap();
        (events, first["page"].as_u64().unwrap())
    }

    pub async fn officer(&self, authority: AuthorityCode) -> Events {
        self.listen(&format!("officer/MAC-CHN/{authority}"), &self.signed[&authority]).await
    }

    pub async fn post(&self, page: u64, door: &str, body: impl Into<reqwest::Body>) -> (StatusCode, String) {
        let request = self
            .client
            .post(format!("{}/v1/kiosk/MAC-CHN/{door}", self.base))
            .header("cookie", &self.paired)
            .header("origin", &self.base)
            .header("x-baypass-page", page.to_string())
            .body(body);
        answered(request.send().await.unwrap()).await
    }

    pub async fn act(&self, authority: AuthorityCode, body: Value) -> (StatusCode, String) {
        let request = self
            .client
            .post(format!("{}/v1/officer/MAC-CHN/{authority}/acts", self.base))
            .header("cookie", &self.signed[&authority])
            .header("origin", &self.base)
            .body(body.to_string());
        answered(request.send().await.unwrap()).await
    }

    /// A code of this moment, with a token of its own: one that somebody passed with is refused here.
    pub fn code(&self) -> String {
        Wallet::new(&self.bay, Mac).show(&self.audience, self.clock.now())
    }

    pub fn move_clock(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() = at(seconds);
        *self.link.time.lock().unwrap() = at(seconds);
    }

    /// Puts another text of the approval in force; each has a higher number than the one before.
    pub fn approve(&self, number: u64, claims: &[&str]) {
        *self.lists.lock().unwrap() = approved(&self.bay, number, claims);
    }

    pub fn acts(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("lane.acts")).unwrap();
        let key = SigningKey::from_pkcs8(&self.gate).unwrap();
        ActBook::verify(&text, &[VerifyingKey::new(*key.public()).unwrap()]).unwrap()
    }
}

pub async fn answered(response: reqwest::Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Server-sent events.
pub struct Events {
    pub response: reqwest::Response,
    pub buffer: String,
    pub seen: Value,
}

impl Events {
    /// The next event; `None` when there will be no more.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            while let Some((event, rest)) = self.buffer.split_once("\n\n") {
                let data = event.strip_prefix("data: ").map(str::to_owned);
                self.buffer = rest.to_owned();
                if let Some(data) = data {
                    self.seen = serde_json::from_str(&data).unwrap();
                    return Some(self.seen.clone());
                }
            }
            let chunk = tokio::time::timeout(Duration::from_secs(30), self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no event; the last was {}", self.seen)).ok()??;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Waits for a state of the kiosk.
    pub async fn state(&mut self, wanted: &str) -> Value {
        if self.seen["state"] == wanted {
            return self.seen.clone();
        }
        loop {
            let event = self.next().await.unwrap();
            if event["state"] == wanted {
                return event;
            }
        }
    }

    /// Waits until the newest traveller's row is as wanted.
    pub async fn row(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let row = self.seen["travellers"][0].clone();
            if is_so(&row) {
                return row;
            }
            self.next().await.unwrap();
        }
    }
}

pub fn verify(measures: &[Measure]) -> Says {
    Says::Outcome(Outcome::Verify(measures.iter().map(|m| measure_number(*m)).collect()))
}

pub const OK: StatusCode = StatusCode::NO_CONTENT;

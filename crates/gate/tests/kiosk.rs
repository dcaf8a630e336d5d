//! The kiosk as its pages see it: over HTTP, with a real lane behind it and authorities that answer as told.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers, outside of the test functions themselves"
)]

mod bay;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bay::{Authorities, Bay, Chn, Hkg, Mac, Says, Wallet, at, lane_config, now};
use clearance::measure_number;
use credential::message::Outcome;
use credential::{SigningKey, VerifyingKey};
use documents::{AuthorityCode, Measure, Timestamp};
use face::Track;
use face::active::{ActiveRules, Frame};
use gate::door::SimulatedDoor;
use gate::kiosk::{ActBook, Glance, Hands, Kiosk, KioskParts, Kiosks, Waits, router};
use gate::store::Store;
use gate::{
    Clock, EyeFault, Eyes, GateReason, Lane, LaneConfig, Look, Metrics, ReplayCache, Report, SystemStopwatch,
    Texts, Trusted,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

const KIOSK: [u8; 32] = [1; 32];

fn officer_secret(authority: AuthorityCode) -> [u8; 32] {
    [10 + u8::try_from(AuthorityCode::ALL.iter().position(|a| *a == authority).unwrap()).unwrap(); 32]
}

/// Sees what a picture says: `none`, `two`, anything else is a good face.
#[derive(Default)]
struct Reads {
    /// Whether a head that moves is asked for, and judged; what these eyes then see is nobody.
    challenges: Option<ActiveRules>,
}

impl Eyes for Reads {
    fn look(&self, pictures: &[Vec<u8>]) -> Result<Look, EyeFault> {
        let fault = |reason| Err(EyeFault { reason, detail: "as told".into() });
        match pictures.last().map(Vec::as_slice) {
            Some(b"none") => fault(GateReason::FaceNone),
            Some(b"two") => fault(GateReason::FaceSeveral),
            Some(b"flat") => Ok(Look { probe: pictures.concat(), suspicious: true }),
            Some(_) | None => Ok(Look { probe: pictures.concat(), suspicious: false }),
        }
    }

    fn active_rules(&self) -> Option<&ActiveRules> {
        self.challenges.as_ref()
    }

    fn follow(&self, _: &mut Track, _: &[u8], _: u64) -> Result<Frame, EyeFault> {
        Err(EyeFault { reason: GateReason::FaceNone, detail: "nobody".into() })
    }
}

/// A clock that a test moves.
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct Place {
    base: String,
    /// The same kiosks of a gate that listens to more than its own machine.
    elsewhere: String,
    link: Arc<Authorities>,
    wallet: Wallet,
    audience: credential::Audience,
    clock: Arc<Hand>,
    kiosk: Arc<Kiosk>,
    store: Arc<Store>,
    gate: Vec<u8>,
    folder: tempfile::TempDir,
    client: reqwest::Client,
}

fn quick() -> Waits {
    Waits {
        look: Duration::from_millis(1500),
        measures: Duration::from_secs(20),
        page: Duration::from_millis(200),
        door: Duration::from_millis(300),
        shown: Duration::from_millis(400),
    }
}

impl Place {
    async fn new() -> Self {
        Self::with(quick(), |_| {}).await
    }

    async fn with(waits: Waits, change: impl FnOnce(&mut LaneConfig)) -> Self {
        Self::seen_by(Reads::default(), waits, change).await
    }

    async fn seen_by(eyes: Reads, waits: Waits, change: impl FnOnce(&mut LaneConfig)) -> Self {
        let bay = Bay::new();
        let wallet = Wallet::new(&bay, Mac);
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
        let link = Arc::new(Authorities::new(&bay));
        let clock = Arc::new(Hand(Mutex::new(now())));
        let mut config = lane_config("hengqin/MAC-CHN");
        config.pictures = 1;
        change(&mut config);
        let glance = Arc::new(Glance::new(Arc::new(eyes)));
        let lane = Arc::new(Lane::new(
            config.clone(),
            Arc::new(Mutex::new(ReplayCache::new(41, now()))),
            Arc::clone(&store),
            Arc::clone(&link),
            Arc::clone(&glance),
            Arc::new(Metrics::default()),
        ));
        let audience = config.audience();
        let lists: Arc<dyn Trusted> = Arc::new(bay.lists.clone());
        let watch = SystemStopwatch::start();
        let attend = {
            let (lists, clock) = (Arc::clone(&lists), Arc::clone(&clock));
            move |hands: Hands| {
                let (lane, lists, clock) = (Arc::clone(&lane), Arc::clone(&lists), Arc::clone(&clock));
                let served: Pin<Box<dyn Future<Output = Report> + Send>> = Box::pin(async move {
                    let door = (!lane.config().simulated_camera).then(SimulatedDoor::default);
                    hands.serve(&lane, door, &*lists, &*clock, &watch).await
                });
                served
            }
        };
        let kiosk = Kiosk::new(KioskParts {
            config,
            names: BTreeMap::new(),
            kiosk: KIOSK,
            officers: [Mac, Chn].map(|a| (a, officer_secret(a))).into(),
            texts: Arc::new(Texts::builtin().unwrap()),
            waits,
            attend: Arc::new(attend),
            judge: Arc::new(move |picture| glance.glance(picture)),
            draw: || {
                let mut id = [0; 16];
                credential::random(&mut id).ok().map(|()| id)
            },
            trusted: Arc::new(move || Arc::clone(&lists)),
            clock: Arc::<Hand>::clone(&clock),
            watch: Arc::new(watch),
            acts: ActBook::open(folder.path().join("lane.acts"), SigningKey::from_pkcs8(&bay.gate).unwrap())
                .unwrap(),
        });
        let pages = folder.path().join("pages");
        let lanes = Arc::new(BTreeMap::from([(kiosk.slug().to_owned(), Arc::clone(&kiosk))]));
        let authorities =
            Arc::new(BTreeMap::from([(AuthorityCode::Chn, "http://127.0.0.1:7101".to_owned())]));
        let kiosks = Kiosks { lanes, pages: pages.clone(), loopback: true, authorities };
        let app = router(kiosks.clone());
        let outside = router(Kiosks { loopback: false, ..kiosks });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let elsewhere = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, outside).await });
        let client = reqwest::Client::new();
        Self { base, elsewhere, link, wallet, audience, clock, kiosk, store, gate: bay.gate, folder, client }
    }

    async fn listen(&self, path: &str, secret: [u8; 32]) -> Events {
        let url = format!("{}/v1/{path}/events", self.base);
        let response = self.client.get(url).header("x-baypass-pairing", text(secret)).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Events { response, buffer: String::new(), seen: Value::Null }
    }

    /// The kiosk's page, and its number.
    async fn page(&self) -> (Events, u64) {
        let mut events = self.listen("kiosk/MAC-CHN", KIOSK).await;
        let first = events.next().await.unwrap();
        (events, first["page"].as_u64().unwrap())
    }

    async fn officer(&self, authority: AuthorityCode) -> Events {
        self.listen(&format!("officer/MAC-CHN/{authority}"), officer_secret(authority)).await
    }

    async fn post(&self, page: u64, door: &str, body: impl Into<reqwest::Body>) -> (StatusCode, String) {
        let request = self
            .client
            .post(format!("{}/v1/kiosk/MAC-CHN/{door}", self.base))
            .header("x-baypass-pairing", text(KIOSK))
            .header("x-baypass-page", page.to_string())
            .body(body);
        answered(request.send().await.unwrap()).await
    }

    async fn act(&self, authority: AuthorityCode, body: Value) -> (StatusCode, String) {
        let request = self
            .client
            .post(format!("{}/v1/officer/MAC-CHN/{authority}/acts", self.base))
            .header("x-baypass-pairing", text(officer_secret(authority)))
            .body(body.to_string());
        answered(request.send().await.unwrap()).await
    }

    fn code(&self) -> String {
        self.wallet.show(&self.audience, self.clock.now())
    }

    fn move_clock(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() = at(seconds);
        *self.link.time.lock().unwrap() = at(seconds);
    }

    fn acts(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.path().join("lane.acts")).unwrap();
        let key = SigningKey::from_pkcs8(&self.gate).unwrap();
        ActBook::verify(&text, &VerifyingKey::new(*key.public()).unwrap()).unwrap()
    }
}

fn text(secret: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(secret)
}

async fn answered(response: reqwest::Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or(Value::Null);
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Server-sent events.
struct Events {
    response: reqwest::Response,
    buffer: String,
    seen: Value,
}

impl Events {
    /// The next event; `None` when there will be no more.
    async fn next(&mut self) -> Option<Value> {
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
    async fn state(&mut self, wanted: &str) -> Value {
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
    async fn row(&mut self, is_so: impl Fn(&Value) -> bool) -> Value {
        loop {
            let row = self.seen["travellers"][0].clone();
            if is_so(&row) {
                return row;
            }
            self.next().await.unwrap();
        }
    }
}

fn verify(measures: &[Measure]) -> Says {
    Says::Outcome(Outcome::Verify(measures.iter().map(|m| measure_number(*m)).collect()))
}

const OK: StatusCode = StatusCode::NO_CONTENT;

#[tokio::test]
async fn a_traveller_shows_a_code_and_a_face_and_goes_through_and_the_lane_is_free_again() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    assert_eq!(events.seen["state"], "ready");
    assert_eq!(place.post(page, "face", "face").await, (StatusCode::OK, "not_looking".into()));
    assert_eq!(place.post(page, "code", place.code()).await.0, StatusCode::ACCEPTED);
    let look = events.state("look_here").await;
    assert_eq!(look["sentence"], "kiosk_look_here");
    // A picture without a face, and one with two, are not the end.
    assert_eq!(place.post(page, "face", "none").await.0, OK);
    while events.seen["hint"]["code"] != "face_none" {
        events.next().await.unwrap();
    }
    assert_eq!(
        (&events.seen["state"], &events.seen["sentence"]),
        (&json!("look_here"), &json!("look_at_camera"))
    );
    assert_eq!(place.post(page, "face", "two").await.0, OK);
    while events.seen["hint"]["code"] != "face_several" {
        events.next().await.unwrap();
    }
    assert_eq!(place.post(page, "face", "face").await.0, OK);
    let welcome = events.state("welcome").await;
    assert_eq!((&welcome["sentence"], &welcome["simulated_camera"]), (&json!("go_through"), &json!(true)));
    assert_eq!(
        welcome["sentences"],
        json!({"zh-Hans": "请通行。", "zh-Hant": "請通行。", "en": "Please go through.", "pt": "Pode passar."})
    );
    while events.seen["ms"].is_null() {
        events.next().await.unwrap();
    }
    for stage in ["read", "check", "face", "clear", "total", "code_to_door"] {
        assert!(events.seen["ms"][stage].is_number(), "{stage} in {}", events.seen["ms"]);
    }
    let ready = events.state("ready").await;
    assert!(ready["session"].is_null() && ready["ms"].is_null());
    assert_eq!(place.link.requests(Mac).len(), 1, "only the good picture was asked about");
    assert_eq!(place.link.requests(Mac)[0].probe, credential::sha256(b"face"));
    place.kiosk.shut();
    while events.next().await.is_some() {}
}

#[tokio::test]
async fn no_door_opens_without_the_secret_of_its_own_view() {
    let place = Place::new().await;
    let get = async |path: &str, secret: Option<[u8; 32]>| {
        let mut request = place.client.get(format!("{}{path}", place.base));
        if let Some(secret) = secret {
            request = request.header("x-baypass-pairing", text(secret));
        }
        answered(request.send().await.unwrap()).await
    };
    let unpaired = (StatusCode::UNAUTHORIZED, "not_paired".to_owned());
    for (row, path, secret) in [
        ("none", "/v1/kiosk/MAC-CHN", None),
        ("another", "/v1/kiosk/MAC-CHN", Some([2; 32])),
        ("an officer's", "/v1/kiosk/MAC-CHN/events", Some(officer_secret(Mac))),
        ("the kiosk's", "/v1/officer/MAC-CHN/CHN/events", Some(KIOSK)),
        ("the other officer's", "/v1/officer/MAC-CHN/CHN/events", Some(officer_secret(Mac))),
    ] {
        assert_eq!(get(path, secret).await, unpaired, "{row}");
    }
    let posted = place.client.post(format!("{}/v1/kiosk/MAC-CHN/code", place.base)).body(place.code());
    assert_eq!(answered(posted.send().await.unwrap()).await, unpaired);
    let acted = place.client.post(format!("{}/v1/officer/MAC-CHN/CHN/acts", place.base));
    let acted = acted.header("x-baypass-pairing", text(officer_secret(Mac))).body(r#"{"act":"call"}"#);
    assert_eq!(answered(acted.send().await.unwrap()).await, unpaired);
    let missing = (StatusCode::NOT_FOUND, "no_such_lane".to_owned());
    for path in ["/v1/kiosk/CHN-MAC", "/v1/officer/MAC-CHN/HKG", "/v1/officer/MAC-CHN/XXX", "/kiosk/other"] {
        assert_eq!(get(path, Some(KIOSK)).await, missing, "{path}");
    }
    assert_eq!(Hkg.code(), "HKG");
    // A name that somebody pointed here is not this machine.
    let foreign = place.client.get(format!("{}/kiosk/MAC-CHN", place.base)).header("host", "evil.example:80");
    let (status, code) = answered(foreign.send().await.unwrap()).await;
    assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "loopback_only"));
    let paired = place.client.get(format!("{}/v1/kiosk/MAC-CHN", place.elsewhere));
    let paired = paired.header("x-baypass-pairing", text(KIOSK)).send().await.unwrap();
    assert_eq!(answered(paired).await, (StatusCode::FORBIDDEN, "loopback_only".into()));
}

#[tokio::test]
async fn the_pages_come_with_a_strict_policy_and_say_so_where_they_are_not_built() {
    let place = Place::new().await;
    let page = async |path: &str| {
        let response = place.client.get(format!("{}{path}", place.base)).send().await.unwrap();
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        (response.status(), kind, policy, response.text().await.unwrap())
    };
    let (status, _, _, text) = page("/kiosk/MAC-CHN").await;
    assert!(status == StatusCode::SERVICE_UNAVAILABLE && text.contains("npm run build:kiosk"), "{text}");
    let pages = place.folder.path().join("pages");
    std::fs::create_dir(&pages).unwrap();
    std::fs::write(pages.join("kiosk.html"), "<!doctype html>").unwrap();
    std::fs::write(pages.join("a.wasm"), "wasm").unwrap();
    std::fs::write(place.folder.path().join("secret.js"), "no").unwrap();
    let (status, kind, policy, _) = page("/kiosk/MAC-CHN").await;
    assert_eq!((status.as_u16(), kind.as_str()), (200, "text/html; charset=utf-8"));
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    assert!(policy.contains("connect-src 'self';"), "a kiosk speaks to its gate alone: {policy}");
    std::fs::write(pages.join("officer.html"), "<!doctype html>").unwrap();
    let policy = page("/officer/MAC-CHN/CHN").await.2;
    assert!(policy.contains("connect-src 'self' http://127.0.0.1:7101;"), "the own authority's: {policy}");
    let policy = page("/officer/MAC-CHN/MAC").await.2;
    assert!(policy.contains("connect-src 'self';"), "no other's, where its own is not known: {policy}");
    let (status, kind, policy, _) = page("/kiosk-files/a.wasm").await;
    assert_eq!((status.as_u16(), kind.as_str()), (200, "application/wasm"));
    assert!(policy.contains("'wasm-unsafe-eval'"), "a worker goes by its own file's policy");
    for path in ["/kiosk-files/..%2Fsecret.js", "/kiosk-files/.hidden.js", "/kiosk-files/kiosk.html"] {
        assert_eq!(page(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn one_traveller_at_a_time_and_the_newest_page_works_the_lane() {
    let place = Place::new().await;
    let (mut first, one) = place.page().await;
    assert_eq!(place.post(one, "code", place.code()).await.0, StatusCode::ACCEPTED);
    first.state("look_here").await;
    assert_eq!(place.post(one, "code", place.code()).await, (StatusCode::CONFLICT, "lane_busy".into()));
    let (mut second, two) = place.page().await;
    assert_eq!(second.seen["state"], "look_here", "the new page goes on where the lane stands");
    while let Some(event) = first.next().await {
        assert!(event["other_page"] == true || event["state"] == "look_here", "{event}");
    }
    assert_eq!(first.seen["other_page"], true);
    assert_eq!(place.post(one, "face", "face").await, (StatusCode::CONFLICT, "other_page".into()));
    assert_eq!(place.post(two, "face", "face").await.0, OK);
    second.state("welcome").await;
    // Whoever comes next is not blocked by what is still on the screen.
    while !second.seen["session"].is_null() {
        second.next().await.unwrap();
    }
    assert_eq!(second.seen["state"], "welcome");
    assert_eq!(place.post(two, "code", place.code()).await.0, StatusCode::ACCEPTED);
    second.state("look_here").await;
    assert_eq!(place.post(two, "code", vec![b'A'; 9000]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(place.post(two, "face", vec![0; 3 << 20]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_session_ends_by_itself_and_leaves_nothing_behind() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    // Nobody good before the camera: the last picture's reason is said.
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "two").await;
    let again = events.state("again").await;
    assert_eq!(again["sentence"], "one_at_a_time");
    events.state("ready").await;
    // No picture at all.
    place.post(page, "code", place.code()).await;
    let silent = events.state("see_officer").await;
    assert_eq!(silent["sentence"], "see_officer");
    events.state("ready").await;
    // The traveller goes.
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(place.post(page, "leave", "").await.0, OK);
    events.state("ready").await;
    assert_eq!(place.post(page, "leave", "").await, (StatusCode::CONFLICT, "nothing_to_do".into()));
    // The screen is lost, and comes back to a free lane.
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    drop(events);
    tokio::time::sleep(Duration::from_millis(700)).await;
    let (events, _) = place.page().await;
    assert_eq!(events.seen["state"], "ready");
    assert!(place.link.requests(Mac).is_empty(), "nobody was asked about anybody");
    assert_eq!(place.store.trails().await.unwrap(), []);
}

#[tokio::test]
async fn whoever_was_admitted_before_a_lost_screen_does_not_go_through() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    chn.row(|row| row["state"] == "act").await;
    drop(events);
    let row = chn.row(|row| row["state"] != "act").await;
    assert_eq!(row["session"], 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let trails = place.store.trails().await.unwrap();
    assert_eq!(trails.len(), 1);
    assert!(format!("{trails:?}").contains("NotPassed"), "{trails:?}");
}

#[tokio::test]
async fn a_lane_whose_eyes_judge_a_challenge_shows_what_to_do_and_asks_no_officer_for_it() {
    let eyes = Reads { challenges: Some(ActiveRules::builtin().unwrap()) };
    let place = Place::seen_by(eyes, quick(), |_| {}).await;
    place.link.say(Chn, [verify(&[Measure::PhysicalDocument, Measure::ActiveLiveness])]);
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("measure").await;
    let row = chn.row(|row| row["state"] == "act").await;
    assert_eq!(row["open"], json!(["physical_document"]), "the head is the lane's own matter");
    let done = json!({"act": "measure_done", "measure": "physical_document", "session": 1});
    assert_eq!(place.act(Chn, done).await.0, OK);
    let asked = events.state("turn_head").await;
    assert_eq!(
        (&asked["sentence"], &asked["motion"]),
        (&json!("challenge_look_straight"), &json!("look_straight"))
    );
    assert_eq!(asked["sentences"]["pt"], "Olhe de frente para a câmara e aguarde.");
    assert_eq!(place.post(page, "face", "a frame").await.0, OK);
    assert_eq!(place.post(page, "leave", "").await.0, OK);
    events.state("ready").await;
    assert_eq!(place.link.requests(Chn).len(), 1, "nobody is asked again");
}

#[tokio::test]
async fn an_officer_does_what_his_own_authority_asked_for_and_sees_nothing_of_the_other() {
    let place = Place::new().await;
    place.link.say(Chn, [verify(&[Measure::PhysicalDocument, Measure::ActiveLiveness])]);
    place.link.say(Mac, [verify(&[Measure::Officer])]);
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("turn_head").await;
    let row = chn.row(|row| row["state"] == "act").await;
    assert_eq!(row["open"], json!(["active_liveness", "physical_document"]));
    assert_eq!((&row["own"]["class"], &row["other"]), (&json!("verify"), &json!("waiting")));
    assert_eq!(row["own"]["reference"], hex::encode([7; 16]));
    let other = mac.row(|row| row["state"] == "act").await;
    assert_eq!(other["open"], json!(["officer"]));
    assert!(!mac.seen.to_string().contains("physical_document"), "{}", mac.seen);
    assert!(!chn.seen.to_string().contains("\"officer\""), "{}", chn.seen);

    let nothing = (StatusCode::CONFLICT, "nothing_to_do".to_owned());
    let done =
        |measure: &str, session: u64| json!({"act": "measure_done", "measure": measure, "session": session});
    assert_eq!(place.act(Chn, done("officer", 1)).await, nothing, "it was not asked for by his authority");
    assert_eq!(
        place.act(Chn, done("physical_document", 9)).await,
        (StatusCode::CONFLICT, "other_traveller".into())
    );
    assert_eq!(place.act(Chn, json!({"act": "open_sesame"})).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(place.act(Chn, done("active_liveness", 1)).await.0, OK);
    events.state("measure").await;
    assert_eq!(events.seen["sentence"], "measure_physical_document");
    assert_eq!(place.act(Chn, done("active_liveness", 1)).await, nothing);
    assert_eq!(place.act(Chn, done("physical_document", 1)).await.0, OK);
    events.state("see_officer").await;
    let admit = json!({"act": "admit", "session": 1, "reason": "person_compared"});
    assert_eq!(place.act(Mac, admit).await.0, OK);
    // Active liveness wants another picture.
    let look = events.state("look_here").await;
    assert_eq!(look["sentence"], "measure_second_look");
    place.post(page, "face", "face again").await;
    events.state("welcome").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!(
        (&row["own"]["class"], &row["other"], &row["outcome"]),
        (&json!("admit"), &json!("done"), &json!("passed"))
    );
    let asked = place.link.requests(Chn);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[1].measures_done, [2, 4, 6]);
    let acts = place.acts();
    let words: Vec<_> =
        acts.iter().map(|a| (a["authority"].as_str().unwrap(), a["act"].as_str().unwrap())).collect();
    assert_eq!(words, [("CHN", "measure_done"), ("CHN", "measure_done"), ("MAC", "admit")]);
    assert_eq!(acts[2]["reason"], "person_compared");
}

#[tokio::test]
async fn an_officer_refuses_before_and_during_measures_and_holds_the_lane() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    let mut chn = place.officer(Chn).await;
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(place.act(Chn, json!({"act": "refuse", "session": 1})).await.0, OK);
    events.state("see_officer").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!((&row["refused_here"], &row["gate"]["code"]), (&json!(true), &json!("session_ended")));
    assert!(place.link.requests(Mac).is_empty());
    events.state("ready").await;

    place.link.say(Chn, [verify(&[Measure::Officer])]);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    chn.row(|row| row["state"] == "act").await;
    // The other officer has nothing to decide, and the answer does not say more.
    assert_eq!(place.act(Mac, json!({"act": "refuse", "session": 2})).await.1, "nothing_to_do");
    assert_eq!(place.act(Chn, json!({"act": "refuse", "session": 2})).await.0, OK);
    events.state("see_officer").await;
    assert_eq!(chn.row(|row| row["state"] == "over").await["outcome"], "not_passed");
    events.state("ready").await;

    assert_eq!(place.act(Mac, json!({"act": "call"})).await.0, OK);
    events.state("closed").await;
    assert_eq!(place.post(page, "code", place.code()).await, (StatusCode::CONFLICT, "lane_held".into()));
    while chn.seen["held"] == true {
        chn.next().await.unwrap();
    }
    assert_eq!(chn.seen["held"], false, "whose officer holds the lane is not for the other side");
    assert_eq!(place.act(Mac, json!({"act": "release"})).await.0, OK);
    events.state("ready").await;
    assert_eq!(place.post(page, "code", place.code()).await.0, StatusCode::ACCEPTED);
    events.state("look_here").await;
    // A call while somebody stands there: the time for looking waits too.
    assert_eq!(place.act(Chn, json!({"act": "call"})).await.0, OK);
    events.state("see_officer").await;
    assert_eq!(place.post(page, "face", "face").await.1, "not_looking");
    tokio::time::sleep(Duration::from_millis(1800)).await;
    assert_eq!(place.act(Chn, json!({"act": "release"})).await.0, OK);
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("welcome").await;
}

#[tokio::test]
async fn a_refusal_by_the_other_side_and_a_walk_back_look_the_same_until_the_band_is_over() {
    let mut seen = Vec::new();
    for refuses in [true, false] {
        let place = Place::new().await;
        if refuses {
            place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
        }
        let (mut events, page) = place.page().await;
        let mut mac = place.officer(Mac).await;
        place.post(page, "code", place.code()).await;
        events.state("look_here").await;
        place.post(page, "face", "face").await;
        if !refuses {
            events.state("welcome").await;
            assert_eq!(place.post(page, "door", r#"{"passage":"not_passed"}"#).await.0, OK);
        }
        let judged = mac.row(|row| row["state"] == "judged").await;
        while !events.seen["session"].is_null() {
            events.next().await.unwrap();
        }
        place.move_clock(29);
        tokio::time::sleep(Duration::from_millis(700)).await;
        let before = mac.row(|_| true).await;
        assert_eq!(before["state"], "judged");
        place.move_clock(30);
        let after = mac.row(|row| row["state"] == "over").await;
        assert_eq!((&after["other"], &after["outcome"]), (&json!("not_passed"), &json!("not_passed")));
        seen.push((judged, after));
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn the_own_no_and_the_gates_own_reasons_are_told_at_once() {
    let place = Place::new().await;
    place.link.say(Chn, [Says::Outcome(Outcome::Refer)]);
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    events.state("see_officer").await;
    let row = chn.row(|row| row["state"] == "over").await;
    assert_eq!((&row["own"]["class"], &row["outcome"]), (&json!("refer"), &json!("not_passed")));
    assert_eq!(row["other"], "waiting");
    // A silent authority is its own side's business too.
    events.state("ready").await;
    place.link.say(Chn, [Says::Nothing]);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "face").await;
    let row = chn.row(|row| row["session"] == 2 && row["gate"]["code"] == "authority_silent").await;
    assert!(row["own"].is_null());
    let row = mac.row(|row| row["session"] == 2 && row["state"] == "judged").await;
    assert_eq!((&row["own"]["class"], &row["gate"]), (&json!("admit"), &Value::Null));
    // A screenshot after its window is the gate's finding, and both may know.
    events.state("ready").await;
    let old = place.code();
    place.move_clock(120);
    place.post(page, "code", old).await;
    let again = events.state("again").await;
    assert_eq!(again["sentence"], "show_fresh_code");
    for view in [&mut chn, &mut mac] {
        let row = view.row(|row| row["session"] == 3 && row["state"] == "over").await;
        assert_eq!((&row["gate"]["code"], &row["other"]), (&json!("proof_stale"), &Value::Null));
    }
}

#[tokio::test]
async fn a_flat_face_is_looked_at_by_the_officers_of_both_sides() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    let (mut chn, mut mac) = (place.officer(Chn).await, place.officer(Mac).await);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    place.post(page, "face", "flat").await;
    events.state("see_officer").await;
    assert!(place.link.requests(Mac).is_empty(), "nobody is asked before an officer has looked");
    for (view, authority) in [(&mut chn, Chn), (&mut mac, Mac)] {
        let row = view.row(|row| row["state"] == "act").await;
        assert_eq!(row["open"], json!(["officer"]));
        let done = json!({"act": "measure_done", "measure": "officer", "session": 1});
        assert_eq!(place.act(authority, done).await.0, OK);
    }
    events.state("welcome").await;
    assert_eq!(place.link.requests(Mac)[0].measures_done, [6]);
}

#[tokio::test]
async fn only_a_simulated_lane_marks_its_pictures_and_lets_a_page_play_the_door() {
    for simulated in [true, false] {
        let place = Place::with(quick(), |config| config.simulated_camera = simulated).await;
        let (mut events, page) = place.page().await;
        assert_eq!(events.seen["simulated_camera"], simulated);
        place.post(page, "code", place.code()).await;
        events.state("look_here").await;
        place.post(page, "face", "face").await;
        events.state("welcome").await;
        let (status, code) = place.post(page, "door", r#"{"passage":"returned"}"#).await;
        if simulated {
            assert_eq!(status, OK);
            events.state("see_officer").await;
        } else {
            assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "not_simulated"));
        }
    }
}

#[tokio::test]
async fn the_language_is_one_travellers_and_goes_with_him() {
    let place = Place::new().await;
    let (mut events, page) = place.page().await;
    assert_eq!(place.post(page, "language", r#"{"language":"pt"}"#).await.0, OK);
    while events.seen["language"] != "pt" {
        events.next().await.unwrap();
    }
    assert_eq!(place.post(page, "language", r#"{"language":"fr"}"#).await.0, StatusCode::BAD_REQUEST);
    place.post(page, "code", place.code()).await;
    events.state("look_here").await;
    assert_eq!(events.seen["language"], "pt");
    place.post(page, "face", "face").await;
    events.state("welcome").await;
    assert!(events.state("ready").await["language"].is_null());
    let card = place.client.get(format!("{}/v1/kiosk/MAC-CHN", place.base));
    let card: Value = serde_json::from_slice(
        &card.header("x-baypass-pairing", text(KIOSK)).send().await.unwrap().bytes().await.unwrap(),
    )
    .unwrap();
    assert_eq!(
        card["sides"],
        json!([{"side": "exit", "authority": "MAC"}, {"side": "entry", "authority": "CHN"}])
    );
    assert_eq!(card["texts"]["go_through"]["pt"], "Pode passar.");
}

#[tokio::test]
async fn a_look_takes_the_pictures_that_come_right_behind_a_good_one_and_does_not_wait_for_more() {
    let one_behind = (&["second"][..], "firstsecond");
    for (pictures, simulated, (behind, wanted)) in [
        (2, false, one_behind),
        (2, false, (&[], "first")),
        (3, false, (&["second", "third"], "firstsecondthird")),
        // Three pictures would count as a hint, and here a photograph may stand in for a traveller.
        (4, true, one_behind),
    ] {
        let place = Place::seen_by(Reads::default(), quick(), |config| {
            (config.pictures, config.simulated_camera) = (pictures, simulated);
        })
        .await;
        let (mut page, number) = place.page().await;
        assert_eq!(place.post(number, "code", place.code()).await.0, StatusCode::ACCEPTED);
        page.state("look_here").await;
        assert_eq!(place.post(number, "face", "first").await.0, OK);
        for behind in behind {
            // Until the first was looked at, a newer picture would stand in its place.
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert_eq!(place.post(number, "face", *behind).await.0, OK);
        }
        page.state("welcome").await;
        let asked = place.link.asked.lock().unwrap();
        assert!(!asked.is_empty());
        for (authority, body) in asked.iter() {
            let envelope = clearance::Envelope::decode(body).unwrap();
            assert_eq!(envelope.probe, wanted.as_bytes(), "{authority}");
        }
    }
}

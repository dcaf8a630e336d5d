//! The gate's HTTP edges: camera, door and authorities as clients of it see them, and the gate's own pages.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test's helpers, outside of the test functions themselves"
)]

mod bay;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bay::{Bay, Chn, Hkg, Mac, Wallet, at as later, hengqin, lane_config, now};
use clearance::{ClearanceId, Passage};
use credential::SecretKey;
use face::active::Prompt;
use gate::devices::camera::{Camera, CameraError, CodeSight, HttpCamera, Source};
use gate::devices::door::{Door, DoorError, HttpDoor};
use gate::devices::{TAG_HEADER, tag};
use gate::lists::Follower;
use gate::outbox::Store;
use gate::server::{GateState, operators, router};
use gate::{
    AuthorityAddress, AuthorityLink, Clock, FixedClock, HttpLink, LinkError, Metrics, ReplayCache,
    SteadyClock, Stopwatch, Trusted,
};

async fn listen(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

const KEY: [u8; 32] = [5; 32];

/// A camera that tags with `key`, and answers for another nonce where `replays`.
fn camera(key: [u8; 32], replays: bool, body: Vec<u8>) -> Router {
    let answer = move |kind: &'static str| {
        let body = body.clone();
        move |Query(query): Query<BTreeMap<String, String>>| async move {
            let mut nonce: [u8; 16] = hex::decode(&query["nonce"]).unwrap().try_into().unwrap();
            if replays {
                nonce = [0; 16];
            }
            let tagged = tag(&SecretKey::from_bytes(key), kind, &nonce, &body);
            ([(TAG_HEADER, hex::encode(tagged))], body)
        }
    };
    Router::new().route("/code", get(answer("code"))).route("/face", get(answer("face")))
}

fn http_camera(base: String) -> HttpCamera {
    let mut count = 0;
    HttpCamera::new(base, SecretKey::from_bytes(KEY), reqwest::Client::new(), move || {
        count += 1;
        [count; 16]
    })
}

#[tokio::test]
async fn a_prompt_that_the_screen_did_not_take_is_sent_again_and_one_that_stands_there_is_not() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let screen = camera(KEY, false, b"BP1:ABC".to_vec()).route(
        "/prompt",
        post(move || {
            let first = counted.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT } }
        }),
    );
    let mut own = http_camera(listen(screen).await);
    for times in [1, 2, 2] {
        own.prompt(Prompt::Ended).await;
        assert_eq!(asked.load(Ordering::SeqCst), times);
    }
    own.prompt(Prompt::LookStraight).await;
    assert_eq!(asked.load(Ordering::SeqCst), 3, "another prompt is another request");
}

#[tokio::test]
async fn the_gates_own_camera_is_known_by_its_key_and_a_fresh_answer() {
    let base = listen(camera(KEY, false, b"BP1:ABC".to_vec())).await;
    let mut own = http_camera(base);
    let code = own.code().await.unwrap();
    assert_eq!((code.sight, code.source), (CodeSight::Text("BP1:ABC".into()), Source::OwnCamera));
    let face = own.face().await.unwrap();
    assert_eq!((face.sight, face.source), (b"BP1:ABC".to_vec(), Source::OwnCamera));

    let base = listen(camera([6; 32], false, b"face".to_vec())).await;
    assert!(matches!(http_camera(base).face().await, Err(CameraError::NotAuthentic)), "another key");
    let base = listen(camera(KEY, true, b"face".to_vec())).await;
    assert!(matches!(http_camera(base).face().await, Err(CameraError::NotAuthentic)), "an old picture");
    let base = listen(Router::new().route("/face", get(|| async { "face" }))).await;
    assert!(matches!(http_camera(base.clone()).face().await, Err(CameraError::NotAuthentic)), "no tag");
    assert!(matches!(http_camera(base).code().await, Err(CameraError::Status { status: 404 })));
    let base = listen(camera(KEY, false, vec![0; gate::devices::camera::MAX_PICTURE_LEN + 1])).await;
    assert!(matches!(http_camera(base).face().await, Err(CameraError::TooLarge)));
    let nobody = http_camera("http://127.0.0.1:1".into()).face().await;
    assert!(matches!(nobody, Err(CameraError::Unreachable(_))));
}

#[tokio::test]
async fn a_door_opens_only_for_a_tagged_command_and_is_believed_only_with_a_tag() {
    let door = |key: [u8; 32], says: &'static str| {
        Router::new().route(
            "/open",
            post(move |headers: HeaderMap, body: String| async move {
                let id: [u8; 16] = hex::decode(&body).unwrap().try_into().unwrap();
                let shared = SecretKey::from_bytes(KEY);
                let expected = hex::encode(tag(&shared, "open", &id, body.as_bytes()));
                if headers.get(TAG_HEADER).and_then(|v| v.to_str().ok()) != Some(expected.as_str()) {
                    return StatusCode::FORBIDDEN.into_response();
                }
                let answer = tag(&SecretKey::from_bytes(key), "passage", &id, says.as_bytes());
                ([(TAG_HEADER, hex::encode(answer))], says).into_response()
            }),
        )
    };
    let id = ClearanceId::from_bytes([3; 16]);
    let open = async |key: [u8; 32], base: String| {
        HttpDoor::new(base, SecretKey::from_bytes(key), reqwest::Client::new()).open(id).await
    };
    assert_eq!(open(KEY, listen(door(KEY, "returned")).await).await.unwrap(), Passage::Returned);
    for (row, key, base) in [
        ("the gate has another key", [6; 32], listen(door(KEY, "passed")).await),
        ("the door has another key", KEY, listen(door([6; 32], "passed")).await),
        ("no such word", KEY, listen(door(KEY, "opened")).await),
    ] {
        assert!(matches!(open(key, base).await, Err(DoorError::Answer)), "{row}");
    }
    let nobody = open(KEY, "http://127.0.0.1:1".into()).await;
    assert!(matches!(nobody, Err(DoorError::Unreachable(_))));
}

#[tokio::test]
async fn an_authority_behind_http_is_asked_and_told() {
    type Told = Arc<Mutex<Vec<Bytes>>>;
    let told: Told = Arc::default();
    let take = |State(told): State<Told>, body: Bytes| async move {
        told.lock().unwrap().push(body);
        (StatusCode::OK, b"receipt".to_vec())
    };
    let answer = |body: Bytes| async move {
        match body.len() {
            1 => (StatusCode::OK, b"verdict".to_vec()),
            2 => (StatusCode::OK, vec![0; 100_000]),
            3 => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                (StatusCode::OK, Vec::new())
            }
            _ => (StatusCode::UNPROCESSABLE_ENTITY, Vec::new()),
        }
    };
    let routes = Router::new()
        .route("/v1/events", post(take))
        .route("/v1/chains", post(take))
        .route("/v1/verdicts", post(answer));
    let base = listen(routes.with_state(Arc::clone(&told))).await;
    let addresses = BTreeMap::from([(Chn, at(base)), (Mac, at("http://127.0.0.1:1".to_owned()))]);
    let link = HttpLink::new(addresses, Duration::from_millis(500));
    assert_eq!(link.verdict(Chn, vec![1]).await.unwrap(), b"verdict");
    assert!(matches!(link.verdict(Chn, vec![1, 2]).await, Err(LinkError::TooLarge { authority: Chn })));
    assert!(matches!(link.verdict(Chn, vec![1; 3]).await, Err(LinkError::TimedOut { authority: Chn })));
    assert!(matches!(
        link.verdict(Chn, vec![1; 4]).await,
        Err(LinkError::Refused { authority: Chn, status: 422 })
    ));
    assert!(matches!(link.verdict(Mac, vec![1]).await, Err(LinkError::Unreachable { authority: Mac })));
    assert!(matches!(link.verdict(Hkg, vec![1]).await, Err(LinkError::NoAddress { authority: Hkg })));
    assert_eq!(link.deliver(Chn, b"event".to_vec()).await.unwrap(), b"receipt");
    assert_eq!(link.begin_chain(Chn, b"chain".to_vec()).await.unwrap(), b"receipt");
    assert_eq!(told.lock().unwrap().as_slice(), [Bytes::from_static(b"event"), Bytes::from_static(b"chain")]);
}

fn at(base: String) -> AuthorityAddress {
    AuthorityAddress { base, client: reqwest::Client::new() }
}

#[tokio::test]
async fn a_busy_authority_is_asked_again_within_the_time_limit_and_no_longer() {
    let asked = Arc::new(AtomicI64::new(0));
    let busy = |times: i64, after: &'static str| {
        let asked = Arc::clone(&asked);
        asked.store(0, Ordering::SeqCst);
        let answer = move |body: Bytes| async move {
            assert_eq!(&body[..], b"envelope");
            if asked.fetch_add(1, Ordering::SeqCst) < times {
                return (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", after)], "busy").into_response();
            }
            "verdict".into_response()
        };
        Router::new().route("/v1/verdicts", post(answer))
    };
    let ask = async |routes: Router| {
        let addresses = BTreeMap::from([(Chn, at(listen(routes).await))]);
        HttpLink::new(addresses, Duration::from_secs(30)).verdict(Chn, b"envelope".to_vec()).await
    };
    assert_eq!(ask(busy(3, "0")).await.unwrap(), b"verdict");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
    let refused = ask(busy(i64::MAX, "3600")).await;
    assert!(matches!(refused, Err(LinkError::Refused { status: 503, .. })), "{refused:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1, "it would come free after the time limit");
    let broken = ask(busy(i64::MAX, "soon")).await;
    assert!(matches!(broken, Err(LinkError::Refused { status: 503, .. })), "no number, no second try");
}

#[tokio::test]
async fn an_authority_that_went_silent_is_away_at_once_until_it_answers_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let addresses = BTreeMap::from([(Chn, at(format!("http://{address}")))]);
    let link = HttpLink::new(addresses, Duration::from_millis(500));
    for _ in 0..3 {
        let silent = link.verdict(Chn, vec![1]).await;
        assert!(
            matches!(silent, Err(LinkError::Unreachable { .. } | LinkError::TimedOut { .. })),
            "{silent:?}"
        );
    }
    assert!(matches!(link.verdict(Chn, vec![1]).await, Err(LinkError::Away { authority: Chn })));
    // It comes back: the next trial beside the lanes finds it.
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let routes = Router::new()
        .route("/health", axum::routing::get(|| async { "ok" }))
        .route("/v1/verdicts", post(|| async { "verdict" }));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let mut answer = link.verdict(Chn, vec![1]).await;
    for _ in 0..200 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        answer = link.verdict(Chn, vec![1]).await;
    }
    assert_eq!(answer.unwrap(), b"verdict");
}

#[tokio::test]
async fn the_pages_say_in_what_state_the_gate_is_and_nothing_of_anybody() {
    let bay = Bay::new();
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
    let lists: Arc<dyn Trusted> = Arc::new(bay.lists.clone());
    let page = async |which: fn(GateState) -> Router, path: &str, when| {
        let trusted = Arc::clone(&lists);
        let base = listen(which(GateState {
            lanes: Arc::from([lane_config("one")]),
            stores: Arc::from([Arc::clone(&store)]),
            metrics: Arc::new(Metrics::default()),
            trusted: Arc::new(move || Arc::clone(&trusted)),
            clock: Arc::new(FixedClock(when)),
            scanner: None,
            follower: None,
            steady: None,
        }))
        .await;
        let response = reqwest::get(format!("{base}{path}")).await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, text) = page(operators, "/health/details", now()).await;
    let health: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (status, &health["status"], &health["trust_lists"]["MAC"]),
        (200, &"ok".into(), &"fresh".into())
    );
    let later = now().plus_seconds(10 * 86_400);
    let (status, text) = page(operators, "/health/details", later).await;
    assert!(status == 503 && text.contains("too_old") && text.contains(r#""status":"not_ready""#), "{text}");
    let (_, text) = page(operators, "/lanes", now()).await;
    let lanes: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(lanes["lanes"][0]["sides"], serde_json::json!(["exit", "entry"]));
    assert_eq!(lanes["lanes"][0]["simulated_camera"], true);
    let (_, text) = page(operators, "/metrics", now()).await;
    assert!(text.contains("baypass_gate_outbox_waiting{authority=\"CHN\"} 0"), "{text}");
    // Whoever reaches the kiosks' listener learns whether the gate serves, and nothing of what becomes of anybody.
    for which in [router, operators] {
        assert_eq!(page(which, "/health", now()).await, (200, r#"{"status":"ok"}"#.to_owned()));
        assert_eq!(page(which, "/health", later).await, (503, r#"{"status":"not_ready"}"#.to_owned()));
    }
    for path in ["/health/details", "/lanes", "/metrics"] {
        let (status, text) = page(router, path, now()).await;
        assert!(status == 404 && text.contains("no_such_page"), "{path}: {text}");
    }
}

/// A machine whose clock stands `wrong` seconds beside a stopwatch that counts `passed`.
#[derive(Default)]
struct Machine {
    passed: AtomicI64,
    wrong: AtomicI64,
}

impl Clock for Machine {
    fn now(&self) -> documents::Timestamp {
        later(self.passed.load(Ordering::SeqCst) + self.wrong.load(Ordering::SeqCst))
    }
}

impl Stopwatch for Machine {
    fn millis(&self) -> f64 {
        f64::from(i32::try_from(self.passed.load(Ordering::SeqCst)).unwrap()) * 1000.0
    }
}

/// The lists of an authority whose own clock is right.
fn authority(bay: &Arc<Bay>, whose: documents::AuthorityCode, machine: &Arc<Machine>) -> Router {
    use base64::Engine as _;
    let text = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let list = text(bay.lists.trust().bytes(whose).unwrap());
    let lists = format!(r#"{{"lists":[{{"authority":"{whose}","list":"{list}"}}]}}"#);
    let approvals = format!(r#"{{"approvals":["{}"]}}"#, text(&bay.approved(&bay::approval())));
    let (bay, machine) = (Arc::clone(bay), Arc::clone(machine));
    let status = move || async move {
        bay.signed_status(whose, later(machine.passed.load(Ordering::SeqCst) - 1), |_| {})
    };
    Router::new()
        .route("/v1/trust-lists", get(|| async { lists }))
        .route("/v1/approvals", get(|| async { approvals }))
        .route("/v1/status-lists/0", get(status))
}

#[tokio::test]
async fn a_clock_three_days_ahead_is_told_and_a_lane_takes_a_code_at_once_when_it_is_right_again() {
    let (bay, machine) = (Arc::new(Bay::new()), Arc::new(Machine::default()));
    let (folder, mut addresses, mut status) = (tempfile::tempdir().unwrap(), BTreeMap::new(), Vec::new());
    for whose in documents::AuthorityCode::ALL {
        addresses.insert(whose, at(listen(authority(&bay, whose, &machine)).await));
        status.push((whose, 0, bay::subject(whose)));
    }
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
    let checker = gate::check::Checker::new(
        "hengqin/1".parse().unwrap(),
        hengqin(),
        credential::ProofWindow::default(),
        Vec::new(),
    );
    // A gate that is started, and its health: of the word, the causes' codes, and whether it takes a code made now.
    let start = || {
        let steady = Arc::new(SteadyClock::new(machine.clone(), machine.clone()));
        let follower = Arc::new(Follower::new(addresses.clone(), bay.lists.clone()));
        (steady, follower)
    };
    let look = async |(steady, follower): &(Arc<SteadyClock>, Arc<Follower>)| {
        let trusted = Arc::clone(follower);
        let state = GateState {
            lanes: Arc::from([lane_config("one")]),
            stores: Arc::from([Arc::clone(&store)]),
            metrics: Arc::new(Metrics::default()),
            trusted: Arc::new(move || trusted.lists() as Arc<dyn Trusted>),
            clock: steady.clone(),
            scanner: None,
            follower: Some(Arc::clone(follower)),
            steady: Some(Arc::clone(steady)),
        };
        let bases = [listen(router(state.clone())).await, listen(operators(state)).await];
        let word = reqwest::get(format!("{}/health", bases[0])).await.unwrap();
        let code = word.status().as_u16();
        let word: serde_json::Value = word.json().await.unwrap();
        let details = reqwest::get(format!("{}/health/details", bases[1])).await.unwrap();
        let details: serde_json::Value = details.json().await.unwrap();
        assert_eq!((details["status"].clone(), word.as_object().unwrap().len()), (word["status"].clone(), 1));
        let causes = details["causes"].as_array().unwrap().iter();
        let mut causes: Vec<_> = causes.map(|cause| cause["code"].as_str().unwrap().to_owned()).collect();
        causes.dedup();
        let true_time = later(machine.passed.fetch_add(1, Ordering::SeqCst) + 1);
        let shown = Wallet::new(&bay, Mac).show(&hengqin(), true_time);
        let mut replay = ReplayCache::new(60, steady.now());
        let (lists, mut scratch) = (follower.lists(), Vec::new());
        let taken = checker.check(&shown, &mut scratch, &*lists, &mut replay, steady.now()).map(|_| ());
        (code, word["status"].as_str().unwrap().to_owned(), causes.join(" "), taken)
    };
    let round = async |(steady, follower): &(Arc<SteadyClock>, Arc<Follower>)| {
        machine.passed.fetch_add(1, Ordering::SeqCst);
        let missing = follower.round(&status, steady.now()).await;
        steady.hear(&follower.signed_times(), 0);
        missing.len()
    };
    let well = (200, "ok".to_owned(), String::new(), Ok(()));
    let wrong = |seconds: i64| machine.wrong.store(seconds, Ordering::SeqCst);

    let gate = start();
    let (code, word, causes, _) = look(&gate).await;
    assert_eq!((code, word.as_str(), causes.as_str()), (503, "not_ready", "starting"));
    assert_eq!((round(&gate).await, look(&gate).await), (0, well.clone()));
    for jump in [3 * 86_400, -3 * 86_400] {
        wrong(jump);
        round(&gate).await;
        let jumped = (200, "degraded".to_owned(), "clock_jumped".to_owned(), Ok(()));
        assert_eq!(look(&gate).await, jumped, "a jump is passed over");
        wrong(0);
        assert_eq!(look(&gate).await, well, "at once");
    }
    // Started under a wrong clock it can take nobody, says so, and keeps nothing; set right, it needs one round.
    wrong(3 * 86_400);
    let gate = start();
    round(&gate).await;
    let (code, word, causes, taken) = look(&gate).await;
    assert_eq!((code, word.as_str(), taken.is_err()), (503, "not_ready", true));
    assert!(causes.contains("clock_unsure") && gate.1.clock_is_unsure(), "{causes}");
    wrong(0);
    assert_eq!(round(&gate).await, 0);
    round(&gate).await;
    assert_eq!(look(&gate).await, well);
}

#[tokio::test]
async fn scans_beyond_the_places_are_refused_before_their_bodies_are_read() {
    let (bay, folder) = (Bay::new(), tempfile::tempdir().unwrap());
    let store = Arc::new(Store::open(&folder.path().join("gate.db"), bay.gate_key()).await.unwrap());
    let lists: Arc<dyn Trusted> = Arc::new(bay.lists.clone());
    let (begun, free) = (Arc::new(AtomicI64::new(0)), Arc::new(tokio::sync::Semaphore::new(0)));
    let (at_work, released) = (Arc::clone(&begun), Arc::clone(&free));
    let base = listen(router(GateState {
        lanes: Arc::from([lane_config("one")]),
        stores: Arc::from([store]),
        metrics: Arc::new(Metrics::default()),
        trusted: Arc::new(move || Arc::clone(&lists)),
        clock: Arc::new(FixedClock(now())),
        scanner: Some(Arc::new(move |_| {
            at_work.fetch_add(1, Ordering::SeqCst);
            let released = Arc::clone(&released);
            Box::pin(async move {
                drop(released.acquire().await);
                None
            })
        })),
        follower: None,
        steady: None,
    }))
    .await;
    let client = reqwest::Client::new();
    let scan = || {
        let body = r#"{"lane":"hengqin/1","code":"BP1:X","faces":[]}"#;
        client.post(format!("{base}/v1/scans")).header("content-type", "application/json").body(body).send()
    };
    let waiting: Vec<_> = (0..8).map(|_| tokio::spawn(scan())).collect();
    while begun.load(Ordering::SeqCst) < 8 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let refused = scan().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers()["retry-after"].to_str().unwrap()), (503, "1"));
    assert!(refused.text().await.unwrap().contains(r#""code":"busy""#));
    assert_eq!(begun.load(Ordering::SeqCst), 8);
    free.add_permits(100);
    for scan in waiting {
        assert_eq!(scan.await.unwrap().unwrap().status().as_u16(), 404, "there is no such lane");
    }
    assert_eq!(scan().await.unwrap().status().as_u16(), 404, "places are free again");
}

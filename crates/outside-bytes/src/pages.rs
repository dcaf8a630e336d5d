//! What comes over HTTP to a gate: requests to its pages, and travellers whose pictures are handed in.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use clearance::{Place, Sides};
use credential::ProofWindow;
use credential::SigningKey;
use documents::{AuthorityCode, Direction, LaneKind};
use gate::devices::camera::CodeSight;
use gate::outbox::{GateKey, Store};
use gate::server::{GateState, ScanOrder, Scanned, operators, router};
use gate::{FixedClock, LaneConfig, Metrics, Trusted};
use tower_service::Service;

use crate::keys::{LANE, authority_key, lists, now};

struct Served {
    runtime: tokio::runtime::Runtime,
    router: Router,
    /// Whether the last request handed in a traveller.
    ordered: Arc<AtomicBool>,
}

fn served() -> Served {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let key = SigningKey::from_pkcs8(&authority_key().to_pkcs8().unwrap()).unwrap();
    let key = GateKey { gate: LANE.into(), kid: LANE.into(), key: Arc::new(key) };
    let store = runtime.block_on(Store::open(&folder.path().join("gate.db"), key)).unwrap();
    let place = Place {
        lane: LANE.parse().unwrap(),
        port: "hengqin".parse().unwrap(),
        direction: Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap(),
        sides: Sides::Both { exit: (), entry: () },
    };
    let lane = LaneConfig {
        place,
        kind: LaneKind::Code,
        window: ProofWindow::default(),
        pictures: 1,
        simulated_camera: true,
        elsewhere: Vec::new(),
    };
    let trusted: Arc<dyn Trusted> = Arc::new(lists().clone());
    let ordered = Arc::new(AtomicBool::new(false));
    let hears = Arc::clone(&ordered);
    let scanner = move |order: ScanOrder| {
        hears.store(true, Ordering::SeqCst);
        // What an order says is the reader's next matter.
        if let Scanned::Code(CodeSight::Text(text)) = order.shown {
            crate::code_text(text.as_bytes());
        }
        Box::pin(async { None }) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
    };
    let state = GateState {
        lanes: Arc::from([lane]),
        stores: Arc::from([Arc::new(store)]),
        metrics: Arc::new(Metrics::default()),
        trusted: Arc::new(move || Arc::clone(&trusted)),
        clock: Arc::new(FixedClock(now())),
        scanner: Some(Arc::new(scanner)),
        follower: None,
        steady: None,
    };
    // Both listeners of a gate, as one.
    let router = operators(state.clone()).fallback_service(router(state));
    Served { runtime, router, ordered }
}

/// `METHOD path`, header lines, an empty line, a body.
fn request(bytes: &[u8]) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |at| {
        let (head, rest) = bytes.split_at(at);
        (head, rest.split_at(2).1)
    });
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let (method, path) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(path);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_vec())).ok()
}

/// One request to a gate: its fault never becomes the gate's. Taken is what gets a page or hands in a traveller.
pub fn gate_http(bytes: &[u8]) -> bool {
    static SERVED: LazyLock<Mutex<Served>> = LazyLock::new(|| Mutex::new(served()));
    let Some(request) = request(bytes) else { return false };
    let mut served = SERVED.lock().unwrap();
    let Served { runtime, router, ordered } = &mut *served;
    ordered.store(false, Ordering::SeqCst);
    let response = runtime.block_on(async {
        poll_fn(|cx| Service::<Request<Body>>::poll_ready(router, cx)).await.unwrap();
        router.call(request).await.unwrap()
    });
    let status = response.status().as_u16();
    let body = runtime.block_on(axum::body::to_bytes(response.into_body(), 1 << 20)).unwrap();
    let expected = matches!(status, 200 | 400 | 404 | 405 | 413 | 415 | 422);
    assert!(expected, "{status}: {}", String::from_utf8_lossy(&body));
    let ordered = ordered.load(Ordering::SeqCst);
    assert!(!ordered || status == 404, "the lane of the order is none");
    ordered || status == 200
}

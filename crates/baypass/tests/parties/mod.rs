//! Parties of an installation, as a thief of all their connections' keys is them; processes; and somebody in the middle, who
//! ends each connection and makes it anew, so that they read and may change everything.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use credential::{PublicKey, SigningKey};
use documents::{AuthorityCode, Timestamp};
use serde_json::{Value, json};
use transport::{Bounds, Identity, Known, OwnKey, Transport, party_client, party_server};
use trust::{Party, Peer, Root, TrustStore};

use crate::bay::Folder;

/// The pinned roots and the public lists of an installation.
pub fn trust(dir: &Path) -> TrustStore {
    let pins: Value = serde_json::from_slice(&std::fs::read(dir.join("public/roots.json")).unwrap()).unwrap();
    let root = |code: AuthorityCode| {
        let pin = &pins[code.code()];
        let keys = pin["keys"].as_object().unwrap().iter().map(|(kid, key)| {
            let key = hex::decode(key.as_str().unwrap()).unwrap();
            (kid.as_bytes().to_vec(), PublicKey::from_bytes(&key).unwrap())
        });
        (code, Root::of(usize::try_from(pin["threshold"].as_u64().unwrap()).unwrap(), keys).unwrap())
    };
    let mut store = TrustStore::new(&AuthorityCode::ALL.map(root)).unwrap();
    for code in AuthorityCode::ALL {
        store
            .update(&std::fs::read(dir.join(format!("public/trust/{code}.cbor"))).unwrap(), Timestamp::MAX)
            .unwrap();
    }
    store
}

/// Asks until something is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("waited in vain for {what}");
}

/// The private keys of a party's connections with their numbers and certificates, out of its folder.
fn files(dir: &Path, party: &Party) -> Vec<(u64, SigningKey, Vec<u8>)> {
    let folder = match party {
        Party::Authority(code) => dir.join("authorities").join(code.code()),
        Party::Gates(port) => dir.join("gates").join(port.as_str()),
    };
    let mut keys = Vec::new();
    for file in std::fs::read_dir(folder.join("tls")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let Some(number) = name.strip_prefix("tls-") {
            let key = std::fs::read(folder.join("keys").join(format!("{name}.key"))).unwrap();
            let key = SigningKey::from_pkcs8(&key).unwrap();
            keys.push((number.parse().unwrap(), key, std::fs::read(&path).unwrap()));
        }
    }
    keys
}

/// The public keys of a party's connections.
pub fn public_keys(dir: &Path, party: &Party) -> Vec<[u8; 33]> {
    files(dir, party).iter().map(|(_, key, _)| *key.public().as_bytes()).collect()
}

/// A party's ends of connections, with its newest key.
pub fn identity(dir: &Path, party: &Party) -> Identity {
    let own = |(number, key, pem): &(u64, SigningKey, Vec<u8>)| OwnKey::new(*number, key, pem).unwrap();
    Identity::new(files(dir, party).iter().map(own).collect(), |_| true)
}

/// Whoever it is, it is that one.
pub fn whoever(party: Party) -> Known {
    Arc::new(move |_: &PublicKey| {
        Ok(Peer { party: party.clone(), listed_by: AuthorityCode::ALL.into(), replaced: false })
    })
}

/// The end of a connection with this key, certified by nobody whom anybody asks.
pub fn with_key(key: &SigningKey) -> Identity {
    let ca = transport::Ca::new(&SigningKey::generate().unwrap()).unwrap();
    let day = documents::LocalDate::new(2026, 1, 1).unwrap();
    let certificate = ca.certify("specimen", &[], key, (day, day.plus_days(365))).unwrap();
    Identity::new(vec![OwnKey::new(1, key, certificate.0.as_bytes()).unwrap()], |_| true)
}

/// A client of that party, which reaches whoever answers.
pub fn client(identity: &Identity, to: AuthorityCode) -> reqwest::Client {
    party_client(identity, whoever(Party::Authority(to)), to).unwrap()
}

/// A process of a party, and where it listens: in the order in which it says so.
pub struct Process {
    pub child: Child,
    pub listens: Vec<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Standard input closes: the party ends by itself.
        drop(self.child.stdin.take());
        if self.child.wait().is_err() {
            let _ = self.child.kill();
        }
    }
}

impl Process {
    /// Starts a party whose first `listeners` lines name its addresses; its log goes to a file of the folder.
    pub fn start(folder: &Folder, line: &[&str], listeners: usize, log: &str) -> Self {
        let file = std::fs::File::create(folder.path(log)).unwrap();
        let mut command = folder.command(&[line, &["--dir", "DIR", "--with-parent"]].concat());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut listens = Vec::new();
        for _ in 0..listeners {
            let line = lines.next().and_then(Result::ok).unwrap_or_default();
            let address = line.split_once(" on ").map(|(_, address)| address.trim().to_owned());
            listens.push(address.unwrap_or_else(|| {
                panic!("it did not start: {}", std::fs::read_to_string(folder.path(log)).unwrap())
            }));
        }
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || for _ in lines.map_while(Result::ok) {});
        Self { child, listens }
    }

    /// An authority: for wallets, for parties, for operators.
    pub fn authority(folder: &Folder, code: &str) -> Self {
        Self::start(folder, &["authority", "serve", "--authority", code], 3, &format!("{code}.log"))
    }

    /// The gates of a port: pages, for operators.
    pub fn gates(folder: &Folder, port: &str) -> Self {
        Self::start(folder, &["gate", "serve", "--port", port], 2, &format!("{port}.log"))
    }
}

/// Macao, and the gates of Hengqin, which know of no other authority.
pub struct MacaoAndHengqin {
    pub mac: Process,
    pub gate: Process,
}

impl MacaoAndHengqin {
    /// Starts both, and waits for the gate's first rounds.
    pub async fn start(folder: &Folder) -> Self {
        let mac = Process::authority(folder, "MAC");
        let book = json!({"authorities": {}, "parties": {"MAC": mac.listens[1]}, "gates": {}});
        std::fs::write(folder.dir().join("public/addresses.json"), book.to_string()).unwrap();
        let gate = Process::gates(folder, "hengqin");
        let both = Self { mac, gate };
        until("the gate's first round", async || both.rounds().await > 1).await;
        both
    }

    /// How often the gate has fetched everything.
    #[expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
    pub async fn rounds(&self) -> u64 {
        let details = format!("{}/health/details", self.gate.listens[1]);
        let health: Value = reqwest::get(details).await.unwrap().json().await.unwrap();
        health["rounds"].as_u64().unwrap()
    }
}

/// Everything that went over one way, both directions.
pub type Tape = Arc<Mutex<Vec<u8>>>;

/// What somebody in the middle does with a request: passes it on by `on`, and gives an answer.
pub trait Middle: Send + Sync + 'static {
    /// Handles one request of `from`.
    fn handle(
        &self,
        from: Peer,
        path: String,
        body: Bytes,
        on: On,
    ) -> impl Future<Output = Result<Answer, ()>> + Send;
}

/// An answer: status, headers, body.
pub type Answer = (StatusCode, HeaderMap, Bytes);

/// The way on to the authority, as the party that sent the request.
pub struct On {
    client: reqwest::Client,
    method: reqwest::Method,
    base: String,
    headers: HeaderMap,
}

impl On {
    /// Passes bytes on.
    pub async fn send(&self, path: &str, body: Bytes) -> Result<Answer, ()> {
        let asked = self.client.request(self.method.clone(), format!("{}{path}", self.base));
        let answer = asked.headers(self.headers.clone()).body(body).send().await.map_err(drop)?;
        let (status, headers) = (answer.status(), carried(answer.headers()));
        Ok((status, headers, answer.bytes().await.map_err(drop)?))
    }
}

/// All headers but those of one connection (RFC 9110, 7.6.1), and the length, which may change.
fn carried(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let hop: [HeaderName; 4] =
        [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];
    for name in hop {
        headers.remove(name);
    }
    headers
}

/// Sits before `authority`, which is found at `base`: shows the authority's key to whoever comes, and the key of whoever came
/// to the authority. Gives the address where it sits.
pub async fn sit(
    authority: AuthorityCode,
    base: String,
    server: &Identity,
    known: Known,
    parties: BTreeMap<Party, Identity>,
    middle: Arc<impl Middle>,
) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    let clients: BTreeMap<Party, reqwest::Client> =
        parties.iter().map(|(party, identity)| (party.clone(), client(identity, authority))).collect();
    let clients = Arc::new(clients);
    let through = move |Extension(from): Extension<Peer>, request: Request| {
        let (clients, base, middle) = (Arc::clone(&clients), base.clone(), Arc::clone(&middle));
        async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
            let Ok(body) = to_bytes(body, 16 * 1024 * 1024).await else {
                return StatusCode::BAD_GATEWAY.into_response();
            };
            let client = clients[&from.party].clone();
            let on = On { client, method: head.method, base, headers: carried(&head.headers) };
            match middle.handle(from, path, body, on).await {
                Ok((status, headers, bytes)) => {
                    let mut response = Response::new(Body::from(bytes));
                    (*response.status_mut(), *response.headers_mut()) = (status, headers);
                    response
                }
                Err(()) => StatusCode::BAD_GATEWAY.into_response(),
            }
        }
    };
    let app = axum::Router::new().fallback(through);
    let config = party_server(server, Arc::clone(&known)).unwrap();
    let bounds =
        Bounds { total: 256, each: 256, silence: std::time::Duration::from_secs(60), proxies: Vec::new() };
    tokio::spawn(transport::serve(
        listener,
        app,
        bounds,
        Transport::Parties(config, known),
        std::future::pending(),
    ));
    address
}

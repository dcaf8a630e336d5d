//! A whole installation of the first versions is brought over by the commands of docs/operating.md, serves over real sockets,
//! and loses neither a pass nor a passage.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod before;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod parties;

use std::path::Path;

use authority::store::Vault;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bay::{Folder, people};
use before::{one_list_key, remove_connections};
use credential::dpop::{DpopRequest, sign_dpop};
use credential::{SecretKey, SigningKey, sha256};
use documents::{AuthorityCode, DocumentNumber, Timestamp};
use gate::{Clock, SystemClock};
use parties::{Process, until};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor};
use test_support::FIRST_TABLES;

const PERMIT: &str = "CA1234567";
/// The secret that the wallet was given by the first version: bound to no key.
const SECRET: [u8; 32] = [0x5E; 32];
const PERSON: [u8; 16] = [1; 16];
/// Somebody whom the mainland's ledger has seen and never registered.
const STRANGER: [u8; 16] = [2; 16];
/// A clearance that ended at the gate, of which no authority has heard yet.
const CLEARANCE: [u8; 16] = [7; 16];
const VERDICT: [u8; 32] = [21; 32];
const PROBE: [u8; 32] = [22; 32];
const ENTRY: &str = r#"{"port":"hengqin","from":"CHN","to":"MAC","issuer":"CHN","with_group":false,"granted_until":null,"spends":null,"noticed":false,"past":false}"#;

fn record(today: documents::LocalDate) -> String {
    let (from, to) = (today.plus_days(-20), today.plus_days(60));
    json!({
        "person": {"name": "SPECIMEN, LI NA", "name_zh": "样本", "birth": "1990-05-06", "home": "CHN", "height_cm": 165},
        "documents": [{"kind": "exit_entry_permit", "number": PERMIT, "expires": today.plus_days(900).to_string(),
            "endorsements": [{"kind": "G", "destination": "MAC", "from": from.to_string(), "to": to.to_string(),
                "entries": 1}]}],
    })
    .to_string()
}

/// As the version before made it: of 72 bytes.
fn template(portrait: &[u8]) -> (i64, Vec<u8>) {
    let config = face::FaceConfig::builtin().unwrap();
    let models = bay::models();
    let models = face::ModelFolder::new(&models, &config);
    let finder = face::Finder::load(&models, &config).unwrap();
    let embedder = face::Embedder::load(&models, &config).unwrap();
    let embedding = embedder.enrol(&finder, &face::Image::decode(portrait).unwrap()).unwrap();
    let kind = config.kind(1).unwrap();
    (kind.code().into(), face::Template::pack(kind, &embedding).unwrap().as_bytes().to_vec())
}

/// Replaces an authority's database by one of the first versions, in plain, without a master key.
async fn first_database(dir: &Path, code: &str, portrait: &[u8], now: Timestamp) {
    let folder = dir.join("authorities").join(code);
    let _ = std::fs::remove_file(folder.join("ledger.db"));
    std::fs::remove_file(folder.join("keys/master.key")).unwrap();
    let numbers = std::fs::read(folder.join("keys/numbers.key")).unwrap();
    let numbers = SecretKey::from_bytes(numbers.try_into().unwrap());
    let vault = Vault::new(SecretKey::from_bytes([0; 32]), numbers);
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", folder.join("ledger.db").display());
    let mut db = sqlx::AnyConnection::connect(&url).await.unwrap();
    for table in FIRST_TABLES {
        db.execute(sqlx::raw_sql(AssertSqlSafe(table.replace("{blob}", "BLOB")))).await.unwrap();
    }
    if code == "CHN" {
        let (kind, template) = template(portrait);
        let row = sqlx::query("INSERT INTO person VALUES ($1, $2, $3, $4, $5, 0)").bind(PERSON.to_vec());
        let row = row.bind(record(now.local_date())).bind(template).bind(kind).bind(sha256(&SECRET).to_vec());
        row.execute(&mut db).await.unwrap();
        let row = sqlx::query("INSERT INTO photo VALUES ($1, $2)").bind(PERSON.to_vec());
        row.bind(portrait.to_vec()).execute(&mut db).await.unwrap();
        let tag = vault.number_tag(&DocumentNumber::recognise(PERMIT).unwrap()).as_bytes().to_vec();
        let row = sqlx::query("INSERT INTO person_tag VALUES ($1, $2, 0)").bind(tag).bind(PERSON.to_vec());
        row.execute(&mut db).await.unwrap();
    }
    // Both sides admitted the stranger, whose passage the gate has written down and not told.
    if code != "HKG" {
        let row = sqlx::query("INSERT INTO person VALUES ($1, '', x'', 0, x'', 0)").bind(STRANGER.to_vec());
        row.execute(&mut db).await.unwrap();
        let row = sqlx::query(
            "INSERT INTO reservation VALUES ($1, $2, $3, $4, 'hengqin/CHN-MAC', 'unresolved', $5, x'', $6, $7, $8)",
        );
        let row = row.bind(vec![9_u8; 16]).bind(STRANGER.to_vec()).bind(vec![10_u8; 16]);
        let row = row.bind(CLEARANCE.to_vec()).bind(now.unix() - 600);
        let row = row.bind(VERDICT.to_vec()).bind(PROBE.to_vec()).bind(ENTRY.to_owned());
        row.execute(&mut db).await.unwrap();
    }
    db.close().await.unwrap();
}

/// The store of the lane as the first version left it: the stranger passed, and the event waits in the form of that time.
async fn first_outbox(dir: &Path, now: Timestamp) {
    let url = format!("sqlite://{}?mode=rwc", dir.join("gates/hengqin/CHN-MAC.db").display());
    sqlx::any::install_default_drivers();
    let mut db = sqlx::AnyConnection::connect(&url).await.unwrap();
    let first = include_str!("../../gate/migrations/0001_first_tables.sql");
    db.execute(sqlx::raw_sql(first)).await.unwrap();
    let at = now.unix() - 600;
    for authority in ["CHN", "MAC"] {
        let row = sqlx::query("INSERT INTO chain VALUES ($1, 3, zeroblob(32))").bind(authority);
        row.execute(&mut db).await.unwrap();
        let row = sqlx::query("INSERT INTO outbox VALUES ($1, $2, 'passed', $3, $4, $5, 3, x'80')");
        let row = row.bind(authority).bind(CLEARANCE.to_vec()).bind(at).bind([VERDICT, VERDICT].concat());
        row.bind(PROBE.to_vec()).execute(&mut db).await.unwrap();
    }
    db.execute("INSERT INTO chain VALUES ('journal', 5, zeroblob(32))").await.unwrap();
    let row = sqlx::query(
        "INSERT INTO clearance VALUES ($1, 'hengqin/CHN-MAC', 'hengqin', 'CHN', 'MAC', 'both', zeroblob(16), $2, $3, $2, \
         'passage', $4, 'passed', $2)",
    );
    let row = row.bind(CLEARANCE.to_vec()).bind(at).bind(PROBE.to_vec()).bind([VERDICT, VERDICT].concat());
    row.execute(&mut db).await.unwrap();
    db.close().await.unwrap();
}

/// The wallet as the first version wrote it: a secret, no key of its own, no token left.
fn first_wallet(dir: &Path) {
    let path = dir.join("wallets/1.json");
    let mut wallet: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let fields = wallet.as_object_mut().unwrap();
    fields.remove("device");
    fields.remove("tokens");
    fields.insert("tickets".to_owned(), json!([]));
    fields.insert("sessions".to_owned(), json!({"CHN": URL_SAFE_NO_PAD.encode(SECRET)}));
    std::fs::write(&path, wallet.to_string()).unwrap();
}

/// An installation as the first versions had it, with one resident whose pass is in force and one event that waits.
async fn of_the_first_versions(folder: &Folder, portrait: &[u8], now: Timestamp) {
    folder.init();
    let dir = folder.dir();
    folder.write("photo.jpg", portrait);
    // The wallet's file is what the rest of a registration is made for here: the database is replaced below.
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "SPECIMEN, LI NA", "--name-zh", "样本",
        "--birth", "1990-05-06", "--id", "110101199005061004", "--permit", PERMIT, "--photo", "photo.jpg",
    ]).code(0);
    for authority in std::fs::read_dir(dir.join("authorities")).unwrap() {
        for file in std::fs::read_dir(authority.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.is_file() {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
    for code in ["CHN", "HKG", "MAC"] {
        first_database(&dir, code, portrait, now).await;
    }
    first_wallet(&dir);
    first_outbox(&dir, now).await;
    remove_connections(&dir);
    one_list_key(folder);
}

/// What a wallet asks, signed by its key as RFC 9449 has it.
async fn wallet_asks(base: &str, device: &SigningKey, path: &str, body: Option<&Value>) -> (u16, Value) {
    let (url, secret) = (format!("{base}{path}"), URL_SAFE_NO_PAD.encode(SECRET));
    let method = if body.is_some() { "POST" } else { "GET" };
    let mut id = [0; 16];
    credential::random(&mut id).unwrap();
    let asked = DpopRequest { method, url: &url, token: Some(&secret), nonce: None };
    let proof = sign_dpop(device, asked, id, SystemClock.now()).unwrap();
    let client = reqwest::Client::new();
    let request = match body {
        Some(body) => client.post(&url).json(body),
        None => client.get(&url),
    };
    let request = request.header("DPoP", proof).header("Authorization", format!("DPoP {secret}"));
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// The wallet fetches tokens with its old secret, bound to `device` from now on, and keeps them in its file.
async fn fetch(dir: &Path, base: &str, device: &SigningKey) {
    let now = SystemClock.now();
    let key = SigningKey::generate().unwrap();
    let home = AuthorityCode::Chn;
    let proof = authority::possession(&key, home, home, &SECRET, now).unwrap();
    let devices = json!([{"key": URL_SAFE_NO_PAD.encode(key.public().as_bytes()), "proof": URL_SAFE_NO_PAD.encode(proof)}]);
    let body = json!({"key_class": "software", "devices": devices});
    let (status, answer) = wallet_asks(base, device, "/v1/tokens", Some(&body)).await;
    assert_eq!(status, 200, "{answer}");
    let issued = &answer["tokens"][0];
    let mut parts = issued["sealed"].as_object().unwrap().clone();
    parts.insert("CHN".to_owned(), issued["own"].clone());
    let path = dir.join("wallets/1.json");
    let mut wallet: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let fields = wallet.as_object_mut().unwrap();
    fields.remove("tickets");
    fields.insert("device".to_owned(), json!(URL_SAFE_NO_PAD.encode(device.to_pkcs8().unwrap())));
    let expires = now.plus_seconds(86_400).to_string();
    let device = URL_SAFE_NO_PAD.encode(key.to_pkcs8().unwrap());
    let token = json!({"device": device, "token": issued["token"], "parts": parts, "expires": expires});
    fields.insert("tokens".to_owned(), json!([token]));
    std::fs::write(&path, wallet.to_string()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_of_the_first_versions_is_brought_over_and_its_passes_and_passages_live() {
    let (portrait, live) = people(1).remove(0);
    let folder = Folder::new();
    let (dir, now) = (folder.dir(), SystemClock.now());
    of_the_first_versions(&folder, &portrait, now).await;
    let database = std::fs::read(dir.join("authorities/CHN/ledger.db")).unwrap();
    assert!(
        memchr::memmem::find(&database, b"SPECIMEN, LI NA").is_some(),
        "the old file names people in plain"
    );

    // docs/operating.md, "Upgrades".
    let early = folder.run(&["authority", "serve", "--dir", "DIR", "--authority", "CHN"]);
    assert!(early.code(2).err().contains("baypass trust upgrade"), "{}", early.err());
    folder.run(&["trust", "upgrade", "--dir", "DIR"]).code(0);
    let early = folder.run(&["authority", "serve", "--dir", "DIR", "--authority", "CHN"]);
    assert!(early.code(2).err().contains("baypass tls renew"), "{}", early.err());
    folder.run(&["tls", "renew", "--dir", "DIR"]).code(0);

    let authorities = ["CHN", "HKG", "MAC"].map(|code| (code, Process::authority(&folder, code)));
    let of = |place: usize| {
        let bases =
            authorities.iter().map(|(code, process)| ((*code).to_owned(), json!(process.listens[place])));
        bases.collect::<serde_json::Map<_, _>>()
    };
    let book = json!({"authorities": of(0), "parties": of(1), "gates": {}});
    std::fs::write(dir.join("public/addresses.json"), book.to_string()).unwrap();
    let gate = Process::gates(&folder, "hengqin");
    let health = async |base: &str| -> Value {
        let answer = reqwest::get(format!("{base}/health/details")).await.unwrap();
        answer.json().await.unwrap_or_default()
    };
    let operators = gate.listens[1].clone();
    until("the gate's lists", async || health(&operators).await["status"] == "ok").await;

    // What waited in the old form is told in the new one, in a chain of its own, and counted.
    let nothing_waits = |health: &Value| {
        health["store"]["waiting"]
            .as_object()
            .is_some_and(|waiting| waiting.values().all(|count| *count == 0))
    };
    until("the old event", async || nothing_waits(&health(&operators).await)).await;

    // The pass of that time is in force: its secret is bound to the wallet's new key by its first request, for ever.
    let (base, device) = (&authorities[0].1.listens[0], SigningKey::generate().unwrap());
    let (status, pass) = wallet_asks(base, &device, "/v1/pass", None).await;
    assert_eq!((status, &pass["documents"][0]["last4"]), (200, &json!("4567")), "{pass}");
    let thief = SigningKey::generate().unwrap();
    let (_, refused) = wallet_asks(base, &thief, "/v1/pass", None).await;
    assert_eq!(refused["code"], "invalid_dpop_proof", "{refused}");

    // The authorities hand over this week's keys in their rounds; then there are tokens, and the resident crosses.
    let macao = format!("sqlite://{}?mode=ro", dir.join("authorities/MAC/ledger.db").display());
    until("the mainland's weekly keys at Macao", async || {
        let mut db = sqlx::AnyConnection::connect(&macao).await.unwrap();
        let held = "SELECT COUNT(*) FROM weekly_key WHERE maker = 'CHN' AND receiver = 'MAC'";
        let count: i64 = sqlx::query_scalar(held).fetch_one(&mut db).await.unwrap();
        db.close().await.unwrap();
        count > 0
    })
    .await;
    fetch(&dir, base, &device).await;
    let show = [
        "wallet",
        "show",
        "--dir",
        "DIR",
        "--resident",
        "1",
        "--port",
        "hengqin",
        "--from",
        "CHN",
        "--to",
        "MAC",
    ];
    folder.run(&[&show[..], &["--out", "code.txt"]].concat()).code(0);
    let text = std::fs::read_to_string(folder.path("code.txt")).unwrap();
    let body = json!({"lane": "hengqin/CHN-MAC", "code": text, "faces": [URL_SAFE_NO_PAD.encode(&live)]});
    let scan = reqwest::Client::new()
        .post(format!("{}/v1/scans", gate.listens[0]))
        .json(&body)
        .send()
        .await
        .unwrap();
    let scan: Value = scan.json().await.unwrap();
    assert_eq!(scan["passage"], "passed", "{scan}");
    until("the new event", async || nothing_waits(&health(&operators).await)).await;
    drop(gate);
    drop(authorities);

    for code in ["CHN", "MAC"] {
        let line = ["ledger", "list", "--dir", "DIR", "--authority", code, "--json"];
        let ledger = folder.run(&line).code(0).json();
        let (count, unresolved) = (ledger["movements"].as_array().unwrap().len(), &ledger["unresolved"]);
        assert_eq!((count, unresolved), (2, &json!([])), "the passage of then and the one of now: {ledger}");
        let waiting = ["reservations", "list", "--dir", "DIR", "--authority", code, "--json"];
        assert_eq!(
            folder.run(&waiting).code(0).json()["conflicts"],
            json!([]),
            "nothing waits for an officer"
        );
    }
    let database = std::fs::read(dir.join("authorities/CHN/ledger.db")).unwrap();
    assert!(memchr::memmem::find(&database, b"SPECIMEN, LI NA").is_none(), "nothing stays in plain");
}

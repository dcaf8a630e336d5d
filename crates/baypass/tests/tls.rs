//! Connections of a whole installation: who gets in where, with which key; keys that change under load; what is refused.

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

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bay::Folder;
use before::remove_connections;
use credential::{PublicKey, SigningKey};
use documents::AuthorityCode::{self, Chn, Mac};
use gate::{Clock, SystemClock};
use parties::{MacaoAndHengqin, Process, client, identity, public_keys, trust, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use transport::{Ca, Identity, Known, OwnKey, party_client};
use trust::{Party, Role, TrustList};

fn gates(port: &str) -> Party {
    Party::Gates(port.parse().unwrap())
}

/// A party that did not start, and why.
#[track_caller]
fn refused(run: &bay::Run, words: &[&str]) {
    let said = run.code(2).err();
    let last = said.lines().rfind(|line| line.starts_with("baypass: ")).unwrap_or_default();
    for word in words {
        assert!(last.contains(word), "`{word}` is not in: {said}");
    }
}

async fn status(client: &reqwest::Client, url: &str) -> Option<u16> {
    client.get(url).send().await.ok().map(|answer| answer.status().as_u16())
}

/// A key that no list names, certified by the installation's own certification authority.
fn unlisted(dir: &Path) -> Identity {
    let ca = SigningKey::from_pkcs8(&std::fs::read(dir.join("ca/keys/ca.key")).unwrap()).unwrap();
    let key = SigningKey::generate().unwrap();
    let today = SystemClock.now().local_date();
    let days = (today.plus_days(-1), today.plus_days(30));
    let certificate = Ca::new(&ca).unwrap().certify("hengqin", &[], &key, days).unwrap();
    Identity::new(vec![OwnKey::new(1, &key, certificate.0.as_bytes()).unwrap()], |_| true)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_is_known_by_the_key_that_the_trust_lists_name_and_by_nothing_else() {
    let folder = Folder::new();
    let dir = folder.init().dir();
    // Wallets over TLS too, with the installation's own certificate.
    let web = std::fs::read_dir(dir.join("authorities/MAC/tls")).unwrap();
    let names: Vec<_> = web.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    let name =
        names.iter().filter_map(|name| name.strip_suffix(".pem")).find(|name| name.starts_with("web-"));
    let certificate = format!("bay/authorities/MAC/tls/{}.pem", name.unwrap());
    let key = format!("bay/authorities/MAC/keys/{}.key", name.unwrap());
    let pem = folder.write("web.key", pkcs8_pem(&std::fs::read(folder.path(&key)).unwrap()).as_bytes());
    let line = [
        "authority",
        "serve",
        "--authority",
        "MAC",
        "--tls-cert",
        &certificate,
        "--tls-key",
        pem.to_str().unwrap(),
    ];
    let mac = Process::start(&folder, &line, 3, "MAC.log");
    let [public, parties, operators] = [&mac.listens[0], &mac.listens[1], &mac.listens[2]];
    let lists = format!("{parties}/v1/trust-lists");

    let hengqin = identity(&dir, &gates("hengqin"));
    let good = client(&hengqin, Mac);
    assert_eq!(status(&good, &lists).await, Some(200), "a listed gate");
    assert_eq!(status(&client(&identity(&dir, &Party::Authority(Chn)), Mac), &lists).await, Some(200));
    assert_eq!(status(&client(&unlisted(&dir), Mac), &lists).await, None, "certified, and not listed");
    let bare = || reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
    assert_eq!(status(&bare().build().unwrap(), &lists).await, None, "no certificate at all");
    // The authority too is who its list says: another one's address, or a thief's server, is refused.
    let now = SystemClock.now();
    let store = trust(&dir);
    let known: Known = Arc::new(move |key: &PublicKey| store.peer(key, now));
    let to = |code| party_client(&hengqin, Arc::clone(&known), code).unwrap();
    assert_eq!(status(&to(Mac), &lists).await, Some(200));
    assert_eq!(status(&to(Chn), &lists).await, None, "Macao is not the mainland");

    // TLS 1.3 and nothing before it, for parties and for wallets; the certification authority vouches for the latter.
    let ca = reqwest::Certificate::from_pem(&std::fs::read(dir.join("public/ca.pem")).unwrap()).unwrap();
    let wallet = || reqwest::Client::builder().tls_certs_only([ca.clone()]);
    let old = reqwest::tls::Version::TLS_1_2;
    assert_eq!(status(&wallet().build().unwrap(), &format!("{public}/health")).await, Some(200));
    assert_eq!(
        status(&wallet().tls_version_max(old).build().unwrap(), &format!("{public}/health")).await,
        None
    );
    assert_eq!(
        status(&reqwest::Client::new(), &format!("{public}/health")).await,
        None,
        "not of a public authority"
    );
    for listener in [public, parties] {
        let mut plain =
            tokio::net::TcpStream::connect(listener.trim_start_matches("https://")).await.unwrap();
        plain.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _ = plain.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/"), "plain HTTP is answered by {listener}");
    }

    // What shows the outcome of somebody's crossing stands where operators look, and nowhere else.
    let wallet = wallet().build().unwrap();
    for path in ["/metrics", "/health/details"] {
        assert_eq!(status(&wallet, &format!("{public}{path}")).await, Some(404));
        assert_eq!(status(&good, &format!("{parties}{path}")).await, Some(404));
        assert_eq!(status(&reqwest::Client::new(), &format!("{operators}{path}")).await, Some(200));
    }
    let words = wallet.get(format!("{public}/health")).send().await.unwrap().text().await.unwrap();
    assert_eq!(words, r#"{"status":"ok"}"#);
    for path in ["/v1/verdicts", "/v1/events", "/v1/chains", "/v1/handovers", "/v1/notices"] {
        let posted = wallet.post(format!("{public}{path}")).body("x").send().await.unwrap();
        assert_eq!(posted.status(), 404, "{path} is for parties");
    }
    assert_eq!(good.post(format!("{parties}/v1/enrolments")).send().await.unwrap().status(), 404);

    // A key that is listed as compromised gets nothing more, not over the connection that is open either.
    let kid = format!("hengqin/{}", hengqin.number().unwrap());
    for code in ["CHN", "MAC"] {
        folder
            .run(&[
                "trust",
                "compromise",
                "--dir",
                "DIR",
                "--authority",
                code,
                "--role",
                "tls",
                "--kid",
                &kid,
            ])
            .code(0);
    }
    until("the key to be refused", async || status(&good, &lists).await != Some(200)).await;
    assert_eq!(status(&client(&hengqin, Mac), &lists).await, None);
    assert_eq!(status(&client(&identity(&dir, &gates("gongbei")), Mac), &lists).await, Some(200));
    let log = std::fs::read_to_string(folder.path("MAC.log")).unwrap();
    assert!(log.contains("a certificate was refused") && log.contains("listed as compromised"), "{log}");
}

/// A private key of ours as other programs write it (RFC 7468).
fn pkcs8_pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> =
        text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_while_requests_run_and_none_of_them_fails() {
    let folder = Folder::new();
    let dir = folder.init().dir();
    let shift = |seconds: i64| std::fs::write(dir.join("public/clock"), seconds.to_string()).unwrap();
    shift(0);
    let both = MacaoAndHengqin::start(&folder).await;
    let (mac, parties) = (&both.mac, both.mac.listens[1].clone());
    let rounds = async || both.rounds().await;

    // Others ask all the time, over connections that stay and over new ones, and note which key Macao shows.
    let (stop, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let seen: Arc<Mutex<BTreeSet<[u8; 33]>>> = Arc::default();
    let noting: Known = {
        let (seen, dir) = (Arc::clone(&seen), dir.clone());
        Arc::new(move |key: &PublicKey| {
            let peer = trust(&dir).peer(key, SystemClock.now().plus_seconds(300));
            seen.lock().unwrap().insert(*key.as_bytes());
            peer
        })
    };
    let asking: Vec<_> = (0..4)
        .map(|nth| {
            let (stop, asked, noting) = (Arc::clone(&stop), Arc::clone(&asked), Arc::clone(&noting));
            let (identity, url) = (identity(&dir, &gates("gongbei")), format!("{parties}/v1/trust-lists"));
            let connect = move || party_client(&identity, Arc::clone(&noting), Mac).unwrap();
            tokio::spawn(async move {
                let mut client = connect();
                let mut failed = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    if nth % 2 == 0 {
                        client = connect();
                    }
                    match client.get(&url).send().await.map(|answer| answer.status().as_u16()) {
                        Ok(200) => {}
                        other => failed.push(format!("{other:?}")),
                    }
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                failed
            })
        })
        .collect();
    until("some requests", async || asked.load(Ordering::SeqCst) > 50).await;
    let before = public_keys(&dir, &Party::Authority(Mac));
    let old = identity(&dir, &gates("hengqin")).number().unwrap();

    for party in [["--authority", "MAC"], ["--port", "hengqin"]] {
        folder.run(&[&["tls", "renew", "--dir", "DIR", "--lead", "100"][..], &party].concat()).code(0);
    }
    let hangup = std::process::Command::new("kill").args(["-HUP", &mac.child.id().to_string()]).status();
    assert!(hangup.unwrap().success());
    let new: Vec<_> =
        public_keys(&dir, &Party::Authority(Mac)).into_iter().filter(|key| !before.contains(key)).collect();
    assert_eq!((before.len(), new.len()), (1, 1));
    let (heard, count) = (rounds().await, asked.load(Ordering::SeqCst));
    until("everybody to have the lists", async || rounds().await > heard + 2).await;
    until("requests in between", async || asked.load(Ordering::SeqCst) > count + 50).await;
    assert_eq!(seen.lock().unwrap().iter().copied().collect::<Vec<_>>(), before, "not used before its time");

    // Its time comes.
    shift(120);
    until("the new key", async || seen.lock().unwrap().contains(&new[0])).await;
    let count = asked.load(Ordering::SeqCst);
    until("requests with it", async || asked.load(Ordering::SeqCst) > count + 50).await;
    let log = || std::fs::read_to_string(folder.path("hengqin.log")).unwrap();
    until("the gate's new key", async || log().contains("another key is used between parties")).await;
    let heard = rounds().await;
    until("rounds with both new keys", async || rounds().await > heard + 2).await;

    // The old ones are named no more, and are gone.
    let at = SystemClock.now().plus_seconds(120).to_string();
    folder.run(&["tls", "retire", "--dir", "DIR", "--at", &at]).code(0);
    let heard = rounds().await;
    until("rounds without the old keys", async || rounds().await > heard + 2).await;
    assert_eq!(public_keys(&dir, &Party::Authority(Mac)), new);
    let kept = identity(&dir, &gates("hengqin")).number().unwrap();
    assert_ne!(kept, old);
    let count = asked.load(Ordering::SeqCst);
    until("requests after it", async || asked.load(Ordering::SeqCst) > count + 50).await;

    stop.store(true, Ordering::SeqCst);
    for one in asking {
        let failed = one.await.unwrap();
        assert!(failed.is_empty(), "of {} requests failed: {failed:?}", asked.load(Ordering::SeqCst));
    }
    let missed: Vec<_> =
        log().lines().filter(|line| line.contains("not fetched")).map(str::to_owned).collect();
    assert!(missed.is_empty(), "the gate's rounds failed: {missed:?}");
}

#[test]
fn plain_http_to_another_machine_is_refused_where_an_address_is_read() {
    let folder = Folder::new();
    let dir = folder.init().dir();
    let book = |book: Value| std::fs::write(dir.join("public/addresses.json"), book.to_string()).unwrap();
    let gate = || folder.run(&["gate", "serve", "--dir", "DIR", "--port", "hengqin"]);
    book(json!({"parties": {"CHN": "http://192.0.2.7:7131"}}));
    refused(&gate(), &["http://192.0.2.7:7131/", "plain HTTP", "https://"]);
    book(json!({"authorities": {"CHN": "http://chn.example"}}));
    refused(&gate(), &["http://chn.example", "plain HTTP", "https://"]);
    book(json!({"parties": {"CHN": "http://127.0.0.1:7131"}}));
    refused(&gate(), &["among parties there is TLS alone"]);
    book(json!({"parties": {"CHN": "chn.example"}}));
    refused(&gate(), &["no address"]);
    book(json!({}));
    let authority =
        ["authority", "serve", "--dir", "DIR", "--authority", "CHN", "--origin", "http://wallet.example"];
    refused(&folder.run(&authority), &["http://wallet.example", "plain HTTP"]);
}

#[test]
fn an_installation_without_keys_for_connections_gets_them_by_the_command_that_is_named() {
    let folder = Folder::new();
    let dir = folder.init().dir();
    as_the_version_before(&dir);
    let serve = || folder.run(&["authority", "serve", "--dir", "DIR", "--authority", "CHN"]);
    refused(&serve(), &["no key and certificate for connections", "baypass tls renew"]);
    refused(&folder.run(&["gate", "serve", "--dir", "DIR", "--port", "hengqin"]), &["baypass tls renew"]);
    folder.run(&["tls", "renew", "--dir", "DIR"]).code(0);
    let shown = folder.run(&["tls", "list", "--dir", "DIR", "--json"]).code(0).json();
    let parties = shown["parties"].as_array().unwrap();
    assert!(parties.len() > 5, "authorities and the gates of every port");
    for party in parties {
        assert_eq!(party["keys"].as_array().unwrap().len(), 1, "{party}");
        assert_eq!(party["keys"][0]["state"], "used", "nobody is lost by using it at once: {party}");
    }
    let chn = Process::authority(&folder, "CHN");
    assert_eq!(chn.listens.len(), 3);
}

/// Takes away what the version before did not have: keys and certificates of connections, and their names in the lists.
fn as_the_version_before(dir: &Path) {
    let store = trust(dir);
    for code in AuthorityCode::ALL {
        let list = store.list(code).unwrap().clone();
        let keys: Vec<_> = list.keys.iter().filter(|key| key.role != Role::Tls).cloned().collect();
        let list = TrustList { number: list.number + 1, keys, ..list };
        let signers: Vec<_> = (1..=3)
            .map(|number| {
                let file = dir.join(format!("supervisors/{code}/{number}/keys/root.key"));
                (format!("{code}-{number}"), SigningKey::from_pkcs8(&std::fs::read(file).unwrap()).unwrap())
            })
            .collect();
        let signers: Vec<_> = signers.iter().map(|(kid, key)| (kid.as_bytes(), key)).collect();
        let signed = list.signed_by(&signers).unwrap();
        std::fs::write(dir.join(format!("public/trust/{code}.cbor")), &signed).unwrap();
        std::fs::write(dir.join(format!("supervisors/{code}/published.cbor")), &signed).unwrap();
    }
    remove_connections(dir);
}

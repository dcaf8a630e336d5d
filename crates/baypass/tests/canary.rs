//! Who may see what: real processes, canaries in every personal field, and after a run every byte that each party
//! stored, logged, sent or received is searched for what it may not have, in every form in which it could hide.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

#[expect(dead_code, reason = "the other test program uses the rest")]
mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod parties;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bay::{Folder, people};
use credential::PublicKey;
use documents::AuthorityCode;
use gate::{Clock, SystemClock};
use parties::{Answer, Middle, On, Process, Tape, identity, public_keys, sit};
use serde_json::{Value, json};
use transport::{Identity, Known};
use trust::{Party, Peer};

/// The forms in which bytes can hide.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms =
        vec![bytes.to_vec(), hex::encode(bytes).into_bytes(), hex::encode_upper(bytes).into_bytes()];
    for skip in 0..3 {
        let whole = &bytes[skip..skip + (bytes.len() - skip) / 3 * 3];
        forms.push(STANDARD.encode(whole).into_bytes());
        forms.push(URL_SAFE_NO_PAD.encode(whole).into_bytes());
    }
    for skip in 0..2 {
        let whole = &bytes[skip..skip + (bytes.len() - skip) / 2 * 2];
        forms.push(code::base45::encode(whole).into_bytes());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        forms.push(text.encode_utf16().flat_map(u16::to_le_bytes).collect());
        forms.push(text.encode_utf16().flat_map(u16::to_be_bytes).collect());
        // As JSON writes what is not ASCII.
        let escaped: String = text
            .chars()
            .map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) })
            .collect();
        forms.push(escaped.into_bytes());
    }
    forms
}

fn holds(haystack: &[u8], bytes: &[u8]) -> bool {
    forms(bytes).iter().any(|form| memchr::memmem::find(haystack, form).is_some())
}

#[test]
fn a_canary_is_found_in_every_form() {
    for canary in ["KANARIENVOGEL".as_bytes(), "金丝雀样本".as_bytes(), &[7, 200, 3, 250, 9, 11, 130, 64, 77]]
    {
        for form in forms(canary) {
            let hidden = [b"....", form.as_slice(), b"...."].concat();
            assert!(holds(&hidden, canary));
        }
        assert!(!holds(b"nothing of it in here at all", canary));
    }
}

/// Somebody with the keys of every connection, who writes everything down.
struct Recorder {
    requests: Tape,
    answers: Tape,
}

impl Middle for Recorder {
    async fn handle(&self, _: Peer, path: String, body: Bytes, on: On) -> Result<Answer, ()> {
        let head = format!("POST {path}\r\ncontent-length: {}\r\n\r\n", body.len());
        self.requests.lock().unwrap().extend([head.as_bytes(), &body].concat());
        let answer = on.send(&path, body).await?;
        self.answers.lock().unwrap().extend([format!("{:?}", answer.1).as_bytes(), &answer.2].concat());
        Ok(answer)
    }
}

fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        all.extend(if path.is_dir() { files(&path) } else { std::fs::read(&path).unwrap() });
        all.push(0);
    }
    all
}

/// One crossing of the run: resident, port, from, to, side. All of these ports are open day and night: the run begins at
/// any hour.
const WAY: &[(&str, &str, &str, &str, Option<&str>)] = &[
    ("1", "hengqin", "CHN", "MAC", None),
    ("1", "hzmb-hkg-mac", "MAC", "HKG", Some("exit")),
    ("1", "hzmb-hkg-mac", "MAC", "HKG", Some("entry")),
    ("2", "hzmb-hkg-zhu", "HKG", "CHN", Some("exit")),
    ("2", "hzmb-hkg-zhu", "HKG", "CHN", Some("entry")),
];

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::too_many_lines, reason = "one run, told in order")]
async fn no_party_stores_logs_sends_or_receives_what_it_may_not_have() {
    let people = people(2);
    let folder = Folder::new();
    folder.init();
    let now = SystemClock.now();
    let (from, to) =
        (now.local_date().plus_days(-20).to_string(), now.local_date().plus_days(60).to_string());
    for (name, bytes) in [
        ("a.jpg", &people[0].0),
        ("a-live.jpg", &people[0].1),
        ("b.jpg", &people[1].0),
        ("b-live.jpg", &people[1].1),
    ] {
        folder.write(name, bytes);
    }
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "KANARIENVOGEL, MEI", "--name-zh", "金丝雀样本",
        "--birth", "1987-11-23", "--id", "110101198711232005", "--permit", "CK7654321", "--photo", "a.jpg",
        "--endorsement", &format!("t-3m1:MAC:{from}:{to}:1"), "--endorsement", &format!("t-3m1:HKG:{from}:{to}:1"),
    ]).code(0);
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", "CANARIO TESTE", "--birth", "1979-02-17",
        "--id", "K567890(0)", "--permit", "H45678901", "--photo", "b.jpg",
    ]).code(0);
    for (resident, selfie) in [("1", "a-live.jpg"), ("2", "b-live.jpg")] {
        let invite = ["resident", "invite", "--dir", "DIR", "--resident", resident, "--json"];
        let made = folder.run(&invite).code(0).json();
        let codes = made["invitations"].as_array().unwrap().iter();
        let codes: Vec<_> =
            codes.flat_map(|row| ["--invitation", row["invitation"].as_str().unwrap()]).collect();
        let enrol = ["wallet", "enrol", "--dir", "DIR", "--resident", resident, "--selfie", selfie];
        folder.run(&[&enrol[..], &codes].concat()).code(0);
    }
    // Codes are shown ahead of the time at which they will be scanned; the parties' clock is moved there.
    let mut shown = Vec::new();
    for (index, (resident, port, from, to, side)) in WAY.iter().enumerate() {
        let at = now.plus_seconds(600 + 2400 * i64::try_from(index).unwrap());
        let (out, when) = (format!("code-{index}.txt"), at.to_string());
        let mut line = vec!["wallet", "show", "--dir", "DIR", "--resident", resident, "--port", port];
        line.extend(["--from", from, "--to", to, "--out", &out, "--at", &when]);
        line.extend(side.iter().flat_map(|side| ["--side", side]));
        folder.run(&line).code(0);
        shown.push((at, std::fs::read_to_string(folder.path(&out)).unwrap()));
    }

    let shift =
        |seconds: i64| std::fs::write(folder.dir().join("public/clock"), seconds.to_string()).unwrap();
    shift(0);
    let codes = ["CHN", "HKG", "MAC"];
    let authorities: BTreeMap<_, _> =
        codes.into_iter().map(|code| (code, Process::authority(&folder, code))).collect();
    // What each authority is sent, and what the gates and the other authorities are answered, behind TLS.
    let ports = ["hengqin", "hzmb-hkg-mac", "hzmb-hkg-zhu"];
    let everybody: BTreeMap<Party, Identity> = codes
        .iter()
        .map(|code| Party::Authority(code.parse().unwrap()))
        .chain(ports.iter().map(|port| Party::Gates(port.parse().unwrap())))
        .map(|party| (party.clone(), identity(&folder.dir(), &party)))
        .collect();
    let by_key: Arc<BTreeMap<[u8; 33], Party>> = Arc::new(
        everybody
            .keys()
            .flat_map(|party| public_keys(&folder.dir(), party).into_iter().map(|key| (key, party.clone())))
            .collect(),
    );
    let known: Known = Arc::new(move |key: &PublicKey| {
        let party = by_key.get(key.as_bytes()).cloned();
        let party = party.ok_or(trust::TrustError::UnknownKey { authority: AuthorityCode::Chn })?;
        Ok(Peer { party, listed_by: AuthorityCode::ALL.into(), replaced: false })
    });
    let (mut received, mut answered) = (BTreeMap::new(), BTreeMap::new());
    let mut publish = async |who: &str| {
        let mut bases = BTreeMap::new();
        for code in codes {
            let (requests, answers) = (Tape::default(), Tape::default());
            let recorder = Recorder { requests: Arc::clone(&requests), answers: Arc::clone(&answers) };
            let (authority, base) = (code.parse().unwrap(), authorities[code].listens[1].clone());
            let server = &everybody[&Party::Authority(authority)];
            let (known, all) = (Arc::clone(&known), everybody.clone());
            bases.insert(code, sit(authority, base, server, known, all, Arc::new(recorder)).await);
            received.insert((who.to_owned(), code), requests);
            answered.insert((who.to_owned(), code), answers);
        }
        let book = json!({"authorities": {}, "parties": bases, "gates": {}});
        std::fs::write(folder.dir().join("public/addresses.json"), book.to_string()).unwrap();
    };
    publish("gate").await;
    let gates: BTreeMap<_, _> = ports.into_iter().map(|port| (port, Process::gates(&folder, port))).collect();
    publish("authority").await;

    let client = reqwest::Client::new();
    let wait = async |what: &str, is_so: &dyn Fn(&Value) -> bool, url: String| {
        for _ in 0..600 {
            let answer = client.get(&url).send().await.unwrap();
            if is_so(&answer.json().await.unwrap_or_default()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("waited in vain for {what}");
    };
    for gate in gates.values() {
        wait(
            "a gate's lists",
            &|health| health["status"] == "ok",
            format!("{}/health/details", gate.listens[1]),
        )
        .await;
    }
    for (index, (resident, port, from, to, side)) in WAY.iter().enumerate() {
        let (at, text) = &shown[index];
        shift(at.seconds_since(SystemClock.now()) + 2);
        let rounds = client.get(format!("{}/health/details", gates[port].listens[1])).send().await.unwrap();
        let rounds = rounds.json::<Value>().await.unwrap()["rounds"].as_u64().unwrap();
        let fresh = move |health: &Value| health["rounds"].as_u64().unwrap() >= rounds + 2;
        wait("fresh lists", &fresh, format!("{}/health/details", gates[port].listens[1])).await;
        let lane =
            side.map_or_else(|| format!("{port}/{from}-{to}"), |side| format!("{port}/{from}-{to}/{side}"));
        let face = &people[if *resident == "1" { 0 } else { 1 }].1;
        let body = json!({"lane": lane, "code": text, "faces": [URL_SAFE_NO_PAD.encode(face)]});
        let answer =
            client.post(format!("{}/v1/scans", gates[port].listens[0])).json(&body).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["passage"], "passed", "{lane}: {answer}");
        shift(at.seconds_since(SystemClock.now()) + 120);
        let told = |health: &Value| {
            health["store"]["waiting"].as_object().is_some_and(|w| w.values().all(|n| n == 0))
        };
        wait("the events to be delivered", &told, format!("{}/health/details", gates[port].listens[1])).await;
    }
    let told = |health: &Value| health["notices_waiting"] == 0;
    wait("the notice", &told, format!("{}/health/details", authorities["HKG"].listens[2])).await;
    drop(gates);
    drop(authorities);

    // What there is to be found.
    let dir = folder.dir();
    let mut places: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for code in codes {
        let mut all = files(&dir.join("authorities").join(code));
        all.extend(std::fs::read(folder.path(&format!("{code}.log"))).unwrap());
        places.insert(format!("stored by {code}"), all);
    }
    for port in ports {
        let mut all = files(&dir.join("gates").join(port));
        all.extend(std::fs::read(folder.path(&format!("{port}.log"))).unwrap());
        places.insert(format!("stored by the gates at {port}"), all);
    }
    places.insert("public".to_owned(), files(&dir.join("public")));
    for ((who, code), tape) in &received {
        places.insert(format!("received by {code} from a {who}"), tape.lock().unwrap().clone());
    }
    for ((who, code), tape) in &answered {
        places.insert(format!("answered by {code} to a {who}"), tape.lock().unwrap().clone());
    }
    assert!(
        !places["received by CHN from a authority"].is_empty()
            && !places["received by MAC from a gate"].is_empty()
    );

    let part = |index: usize, which: usize| -> Vec<u8> {
        let mut scratch = Vec::new();
        match code::CrossingCode::parse(&shown[index].1, &mut scratch).unwrap() {
            code::CrossingCode::Full { parts, .. } => parts.iter().nth(which).unwrap().to_vec(),
            other => panic!("{other:?}"),
        }
    };
    let wallet = |resident: u32| -> Value {
        serde_json::from_slice(&std::fs::read(dir.join(format!("wallets/{resident}.json"))).unwrap()).unwrap()
    };
    let secret = |resident: u32, code: &str| {
        URL_SAFE_NO_PAD.decode(wallet(resident)["sessions"][code].as_str().unwrap()).unwrap()
    };
    let template = |portrait: &[u8]| {
        let config = face::FaceConfig::builtin().unwrap();
        let models = bay::models();
        let models = face::ModelFolder::new(&models, &config);
        let finder = face::Finder::load(&models, &config).unwrap();
        let embedder = face::Embedder::load(&models, &config).unwrap();
        let embedding = embedder.enrol(&finder, &face::Image::decode(portrait).unwrap()).unwrap();
        let kind = embedder.part_kind().unwrap();
        face::Template::pack(kind, &embedding).unwrap().as_bytes().to_vec()
    };
    let probe = envelope_probe(&places["received by MAC from a gate"]);
    let middle = |bytes: &[u8]| bytes[bytes.len() / 2..bytes.len() / 2 + 48].to_vec();

    // What names a person lies nowhere in plain, not even where it is registered. That this search finds it shows in the
    // wallets' files.
    let text = |text: &str| text.as_bytes().to_vec();
    let wallets = files(&dir.join("wallets"));
    for (name, canary) in [
        ("A's name", text("KANARIENVOGEL")),
        ("A's Chinese name", text("金丝雀样本")),
        ("A's birth date", text("1987-11-23")),
        ("A's identity number", text("110101198711232005")),
        ("A's permit number", text("CK7654321")),
        ("B's name", text("CANARIO TESTE")),
        ("B's birth date", text("1979-02-17")),
        ("B's identity number", text("K567890")),
        ("B's permit number", text("H45678901")),
    ] {
        assert!(holds(&wallets, &canary), "{name} is not in a wallet's file: the search would find nothing");
        for (place, bytes) in &places {
            assert!(!holds(bytes, &canary), "{name} is in what is {place}");
        }
    }
    for (name, canary) in [
        ("A's photo", middle(&people[0].0)),
        ("A's template", template(&people[0].0)),
        ("B's photo", middle(&people[1].0)),
        ("B's template", template(&people[1].0)),
    ] {
        for (place, bytes) in &places {
            assert!(!holds(bytes, &canary), "{name} is in what is {place}");
        }
    }

    // Canary, where it may be, and must be.
    let chn = &["stored by CHN"][..];
    // A crosses from the mainland to Macao and on to Hong Kong: each compares the face, and none keeps it.
    let crossed = codes.map(|code| format!("received by {code} from a gate"));
    let crossed = [crossed[0].as_str(), crossed[1].as_str(), crossed[2].as_str()];
    let mut canaries: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("A's own part", part(0, 0), &["received by CHN from a gate"]),
        ("A's part for Macao", part(0, 1), &["received by MAC from a gate"]),
        ("A's part for Macao at the bridge", part(1, 0), &["received by MAC from a gate"]),
        ("A's part for Hong Kong", part(2, 0), &["received by HKG from a gate"]),
        ("B's own part", part(3, 0), &["received by HKG from a gate"]),
        ("B's part for the mainland", part(4, 0), &["received by CHN from a gate"]),
        ("the probe of a face", middle(&probe), &crossed),
    ];
    for code in codes {
        for name in ["token", "verdict", "handover", "notice", "status", "part", "numbers", "master"] {
            let key = std::fs::read(dir.join(format!("authorities/{code}/keys/{name}.key"))).unwrap();
            // The private scalar of PKCS #8, or the secret itself.
            let secret = if key.len() > 68 { key[36..68].to_vec() } else { key };
            let place: &[&str] = match code {
                "CHN" => chn,
                "HKG" => &["stored by HKG"],
                _ => &["stored by MAC"],
            };
            canaries.push(("an authority's private key", secret, place));
        }
    }
    for (resident, code) in [(1, "CHN"), (2, "HKG"), (2, "CHN")] {
        canaries.push(("a wallet's secret", secret(resident, code), &[]));
    }
    for (name, canary, allowed) in &canaries {
        for place in *allowed {
            assert!(
                holds(&places[*place], canary),
                "{name} is not in what is {place}: the search would find nothing"
            );
        }
        for (place, bytes) in places.iter().filter(|(place, _)| !allowed.contains(&place.as_str())) {
            assert!(!holds(bytes, canary), "{name} is in what is {place}");
        }
    }
}

/// The probe in the first verdict request of a recorded way: bodies are envelopes behind a header.
fn envelope_probe(tape: &[u8]) -> Vec<u8> {
    let head = b"POST /v1/verdicts";
    let start = tape.windows(head.len()).position(|window| window == head).expect("a request for a verdict");
    let request = &tape[start..];
    let body = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let header = String::from_utf8_lossy(&request[..body]).to_lowercase();
    let length = header.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let body = &request[body + 4..][..length.trim().parse::<usize>().unwrap()];
    clearance::Envelope::decode(body).unwrap().probe.to_vec()
}

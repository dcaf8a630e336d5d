//! An mdoc in proximity: a wallet that took one from an authority, and a hotel's desk that reads it, as two processes, with cheats between
//! them.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, wherever they stand"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod parties;

use std::io::{BufRead, BufReader, Read};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use bay::{Folder, people};
use credential::agreement::AgreementKey;
use openid4vc::proximity::{
    DeviceEngagement, Engaged, Handover, ReaderSession, Received, SessionStatus, read_frame, write_frame,
};
use parties::Process;
use serde_json::{Value, json};

const CARD: &str = "A123456(3)";
const VENUE: &str = "specimen-hotel-hong-kong";

#[expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
fn client() -> reqwest::Client {
    reqwest::Client::new()
}

/// An installation with a resident of Hong Kong, whose wallet takes an identity card as mdoc, in two copies. Hong Kong goes on serving: its
/// status lists are looked up.
async fn held() -> (Folder, Process) {
    let [(portrait, _)]: [_; 1] = people(1).try_into().unwrap();
    let folder = Folder::new();
    folder.init().write("portrait.jpg", &portrait);
    folder.run(&["wallet", "maker", "--out", "maker"]).code(0);
    let openid = folder.dir().join("authorities/HKG/openid");
    std::fs::create_dir_all(&openid).unwrap();
    std::fs::copy(folder.path("maker/maker-root.pem"), openid.join("wallet-makers.pem")).unwrap();
    #[rustfmt::skip]
    folder.run(&["resident", "add", "--dir", "DIR", "--home", "HKG", "--id", CARD, "--permit", "H12345678", "--name", "SPECIMEN, MUI", "--birth",
        "1990-05-06", "--photo", "portrait.jpg", "--json"]).code(0);
    #[rustfmt::skip]
    folder.run(&["officer", "add", "--dir", "DIR", "--authority", "HKG", "--role", "enrolment-officer", "--name", "Specimen Officer", "--code-file",
        "code", "--test"]).code(0);
    let hkg = Process::authority(&folder, "HKG");
    let base = &hkg.listens[0];
    let post = async |path: &str, body: Value, session: Option<&str>| -> Value {
        let request = client().post(format!("{base}{path}")).json(&body);
        let request = session.into_iter().fold(request, reqwest::RequestBuilder::bearer_auth);
        request.send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
    };
    let code = std::fs::read_to_string(folder.path("code")).unwrap();
    let session = post("/v1/officers/sessions", json!({"code": code.trim()}), None).await;
    let document = json!({"kind": "hkid", "number": CARD});
    let body = json!({"document": document, "configurations": ["identity-card-mdoc"]});
    let made = post("/v1/residents/offer", body, session["session"].as_str()).await;
    let (link, number) = (made["offer"].as_str().unwrap(), made["tx_code"].as_str().unwrap());
    #[rustfmt::skip]
    folder.run(&["wallet", "receive", "--dir", "DIR", "--resident", "1", link, "--tx-code", number, "--maker", "maker", "--copies", "2"]).code(0);
    (folder, hkg)
}

/// A wallet that holds, where it waits and what its code says.
struct Holder {
    child: Child,
    rest: BufReader<std::process::ChildStdout>,
    listens: String,
    engagement: String,
}

impl Holder {
    fn start(folder: &Folder, more: &[&str]) -> Self {
        let line = ["wallet", "hold", "--dir", "DIR", "--resident", "1", "--wait", "60", "--json"];
        let mut command = folder.command(&[&line[..], more].concat());
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut rest = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        rest.read_line(&mut first).unwrap();
        let told: Value = serde_json::from_str(&first).unwrap_or_else(|_| {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            panic!("it does not hold: {said}")
        });
        let text = |name: &str| told[name].as_str().unwrap().to_owned();
        Self { child, rest, listens: text("listens"), engagement: text("engagement") }
    }

    /// How it ended, and what it told.
    #[track_caller]
    fn ends(mut self, code: i32) -> Value {
        let mut told = String::new();
        self.rest.read_to_string(&mut told).unwrap();
        let ended = self.child.wait().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(ended.code(), Some(code), "{told} {said}");
        if told.is_empty() { Value::Null } else { serde_json::from_str(&told).unwrap() }
    }
}

/// The desk's root, once the desk has one: whoever trusts the desk brings it.
fn root(folder: &Folder) -> String {
    folder.dir().join(format!("public/openid-reader-{VENUE}.pem")).to_str().unwrap().to_owned()
}

fn read(folder: &Folder, engagement: &str, connect: &str, more: &[&str]) -> bay::Run {
    let line = ["desk", "read", "--dir", "DIR", "--venue", VENUE, "--json", "--engagement", engagement];
    folder.run(&[&line[..], &["--connect", connect], more].concat())
}

fn shown(folder: &Folder) -> Vec<u64> {
    let all =
        folder.run(&["wallet", "credentials", "--dir", "DIR", "--resident", "1", "--json"]).code(0).json();
    all["credentials"].as_array().unwrap().iter().map(|one| one["shown"].as_u64().unwrap()).collect()
}

/// Somebody between desk and wallet, who passes frames on and changes one: `change` gets the number of the frame, from 0, both ways.
fn between(
    to: &str,
    mut change: impl FnMut(usize, &mut Vec<u8>) + Send + 'static,
) -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (at, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
    let passing = std::thread::spawn(move || {
        let mut desk = listener.accept().unwrap().0;
        let mut wallet = TcpStream::connect(to).unwrap();
        for number in 0.. {
            let (from, onward) =
                if number % 2 == 0 { (&mut desk, &mut wallet) } else { (&mut wallet, &mut desk) };
            let Ok(Some(mut frame)) = read_frame(from) else { return };
            change(number, &mut frame);
            if write_frame(onward, &frame).is_err() {
                return;
            }
        }
    });
    (at, passing)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_reads_what_it_may_from_a_wallet_that_stands_there_and_cheats_learn_nothing() {
    let (folder, _hkg) = held().await;

    // A first look makes the desk's certificate, whose root the holder brings; nobody knows the desk before.
    let holder = Holder::start(&folder, &["--yes"]);
    let refused = read(&folder, &holder.engagement, &holder.listens, &[]).code(3).json();
    assert_eq!(refused["refused"], "session_ended");
    let told = holder.ends(3);
    assert_eq!((&told["refused"], &told["answers"]), (&json!("reader_unproven"), &json!([])));
    assert_eq!(shown(&folder), [0, 0]);
    let root = root(&folder);
    let trusting = ["--yes", "--root", &root];

    // The desk asks for what it asks every wallet, and gets that alone.
    let holder = Holder::start(&folder, &trusting);
    let taken = read(&folder, &holder.engagement, &holder.listens, &[]).code(0).json();
    assert_eq!(taken["claims"], json!({"name": "SPECIMEN, MUI", "nationality": "CHN"}), "{taken}");
    let told = holder.ends(0);
    let answer = &told["answers"][0];
    assert_eq!((&answer["proven"], &answer["sent"]), (&json!(true), &json!(true)));
    assert_eq!(answer["reader"], format!("Bay Pass desk {VENUE}"));
    let names: Vec<&str> = answer["shown"][0]["elements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(["family_name", "given_name", "nationality"].iter().all(|name| names.contains(name)));
    // The next reader sees the other copy.
    let holder = Holder::start(&folder, &trusting);
    read(&folder, &holder.engagement, &holder.listens, &[]).code(0);
    holder.ends(0);
    assert_eq!(shown(&folder), [1, 1]);

    // A look shows nothing; what is declined is not shown, and the desk takes no answer without what it requires.
    let holder = Holder::start(&folder, &["--look", "--root", &root]);
    let refused = read(&folder, &holder.engagement, &holder.listens, &[]).code(3).json();
    assert_eq!(refused["refused"], "nothing_shown");
    assert_eq!(holder.ends(0)["answers"][0]["sent"], json!(false));
    assert_eq!(shown(&folder), [1, 1]);
    let holder = Holder::start(&folder, &[&trusting[..], &["--decline", "nationality"]].concat());
    let refused = read(&folder, &holder.engagement, &holder.listens, &[]).code(3).json();
    assert_eq!(refused["refused"], "answer_claim_missing");
    holder.ends(0);
    assert_eq!(shown(&folder).iter().sum::<u64>(), 3);
    // Nothing here is a photo ID.
    let holder = Holder::start(&folder, &trusting);
    let refused =
        read(&folder, &holder.engagement, &holder.listens, &["--document", "photo-id"]).code(3).json();
    assert_eq!(refused["refused"], "nothing_shown");
    assert_eq!(holder.ends(3)["refused"], "nothing_held");

    // Cheats. A code that another wallet shows opens nothing here.
    let other = Engaged::new(AgreementKey::generate().unwrap(), None).unwrap();
    let holder = Holder::start(&folder, &trusting);
    let refused = read(&folder, &other.engagement().uri(), &holder.listens, &[]).code(3).json();
    assert_eq!(refused["refused"], "session_peer_encryption");
    assert_eq!(holder.ends(3)["refused"], "session_decryption");
    // One bit of the request, or of the answer, on its way.
    for (changed, desk, wallet) in [
        (0, "session_peer_encryption", Some("session_decryption")),
        (1, "session_decryption", Some("session_peer_encryption")),
    ] {
        let holder = Holder::start(&folder, &trusting);
        let (at, passing) = between(&holder.listens, move |number, frame| {
            if number == changed {
                // Within the encrypted data, which both messages begin with.
                frame[40] ^= 1;
            }
        });
        let refused = read(&folder, &holder.engagement, &at, &[]).code(3).json();
        assert_eq!(refused["refused"], desk, "frame {changed}");
        let told = holder.ends(3);
        assert_eq!(told["refused"].as_str(), wallet, "frame {changed}");
        passing.join().unwrap();
    }
    // Somebody who repeats what a desk said to another wallet, and one who says nothing of the kind.
    let heard = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let holder = Holder::start(&folder, &trusting);
    let writes_down = std::sync::Arc::clone(&heard);
    let (at, passing) = between(&holder.listens, move |number, frame| {
        if number == 0 {
            writes_down.lock().unwrap().clone_from(frame);
        }
    });
    read(&folder, &holder.engagement, &at, &[]).code(0);
    holder.ends(0);
    passing.join().unwrap();
    let heard = heard.lock().unwrap().clone();
    for (first, refused, status) in [
        (heard, "session_decryption", SessionStatus::EncryptionError),
        (b"hello".to_vec(), "session_form", SessionStatus::DecodingError),
    ] {
        let holder = Holder::start(&folder, &trusting);
        let mut stream = TcpStream::connect(&holder.listens).unwrap();
        write_frame(&mut stream, &first).unwrap();
        assert_eq!(read_frame(&mut stream).unwrap(), Some(status.message()));
        assert_eq!(holder.ends(3)["refused"], refused);
    }
    // A reader without a name, in a sound session.
    let holder = Holder::start(&folder, &trusting);
    let seen = DeviceEngagement::from_uri(&holder.engagement).unwrap();
    let mut reader = ReaderSession::new(&seen, &Handover::Qr, AgreementKey::generate().unwrap()).unwrap();
    let mut stream = TcpStream::connect(&holder.listens).unwrap();
    let asked = unsigned_request("org.baypass.identity-card.1", "org.iso.23220.1", "portrait");
    write_frame(&mut stream, &reader.ask(&asked).unwrap()).unwrap();
    let end = read_frame(&mut stream).unwrap().unwrap();
    assert_eq!(reader.receive(&end), Ok(Received::Terminated));
    assert_eq!(holder.ends(3)["refused"], "reader_unproven");

    // A desk that would ask for more than its approval allows neither connects nor signs.
    let file = folder.dir().join(format!("venues/{VENUE}/venue.toml"));
    let venue = std::fs::read_to_string(&file).unwrap();
    let more = venue.replacen("\"nationality\"", "\"nationality\", \"birth_date\"", 1);
    assert_ne!(more, venue);
    std::fs::write(&file, more).unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    silent.set_nonblocking(true).unwrap();
    let at = silent.local_addr().unwrap().to_string();
    let refused = read(&folder, &other.engagement().uri(), &at, &[]).code(3).json();
    assert_eq!(refused["refused"], "claim_not_approved", "{refused}");
    assert!(silent.accept().is_err(), "it does not even connect");
}

/// A request of nobody for one element.
fn unsigned_request(doc_type: &str, name_space: &str, element: &str) -> Vec<u8> {
    use credential::cbor::Writer;
    let mut items = Writer::new();
    items.map(2).text("docType").text(doc_type);
    items.text("nameSpaces").map(1).text(name_space).map(1).text(element).bool(true);
    let mut out = Writer::new();
    out.map(2).text("version").text("1.0").text("docRequests").array(1);
    out.map(1).text("itemsRequest").tag(24).bytes(&items.finish());
    out.finish()
}

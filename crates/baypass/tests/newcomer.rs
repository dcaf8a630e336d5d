//! What somebody meets who tries the commands one after the other: each says what is so, and what to do next.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;

use bay::{Folder, people};

const MORNING: &str = "2026-03-02T10:00:00+08:00";
const NIGHT: &str = "2026-03-02T04:25:00+08:00";

/// A mainland resident with one entry for Macao, registered; with a wallet where that is wanted.
fn resident(enrolled: bool) -> Folder {
    let folder = Folder::new();
    let [(portrait, live)] = people(1).try_into().unwrap();
    folder.init();
    folder.write("photo.jpg", &portrait);
    folder.write("live.jpg", &live);
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "SPECIMEN, LI NA", "--birth", "1990-05-06",
        "--id", "110101199005061004", "--permit", "CA1234567", "--endorsement", "G:MAC:2026-02-10:2026-05-09:1",
        "--photo", "photo.jpg",
    ]).code(0);
    if enrolled {
        let line = ["resident", "invite", "--dir", "DIR", "--resident", "1", "--at", MORNING, "--json"];
        let made = folder.run(&line).code(0).json();
        let code = made["invitations"][0]["invitation"].as_str().unwrap().to_owned();
        #[rustfmt::skip]
        folder.run(&[
            "wallet", "enrol", "--dir", "DIR", "--resident", "1", "--selfie", "live.jpg", "--at", MORNING,
            "--invitation", &code,
        ]).code(0);
    }
    folder
}

fn pass_on_list(folder: &Folder) -> bool {
    let list = folder.run(&["resident", "list", "--dir", "DIR", "--json"]).code(0).json();
    let enrolled = list["residents"][0]["enrolled"].as_bool().unwrap();
    let words = folder.run(&["resident", "list", "--dir", "DIR"]).out();
    assert_eq!(enrolled, !words.contains("no pass"), "{words}");
    enrolled
}

const SHOW: [&str; 13] = [
    "wallet",
    "show",
    "--dir",
    "DIR",
    "--resident",
    "1",
    "--port",
    "hengqin",
    "--to",
    "MAC",
    "--at",
    MORNING,
    "--json",
];

#[test]
fn a_resident_has_a_pass_where_the_registry_says_so_and_an_ended_one_shows_no_code() {
    for fate in ["end-pass", "lose", "erase"] {
        let folder = resident(true);
        assert!(pass_on_list(&folder));
        folder.run(&SHOW).code(0);
        // The wallet is on another phone than this file.
        let file = folder.dir().join("wallets/1.json");
        let kept = std::fs::read(&file).unwrap();
        let mut other: serde_json::Value = serde_json::from_slice(&kept).unwrap();
        (other["sessions"], other["tokens"]) = (serde_json::json!({}), serde_json::json!([]));
        std::fs::write(&file, other.to_string()).unwrap();
        assert!(pass_on_list(&folder));
        std::fs::write(&file, &kept).unwrap();

        folder.run(&["resident", fate, "--dir", "DIR", "--resident", "1", "--at", MORNING]).code(0);
        assert!(!pass_on_list(&folder), "{fate}");
        let refused = folder.run(&SHOW);
        assert_eq!(refused.code(3).json()["refused"], "no_pass", "{fate}");
        let words = folder.run(&SHOW[..12]);
        assert!(words.code(3).out().contains("has ended at CHN"), "{fate}: {}", words.out());
    }
}

#[test]
fn a_list_is_shown_while_the_authorities_run() {
    let folder = resident(true);
    let _held = std::fs::File::open(folder.dir().join("authorities/CHN/lock")).unwrap();
    _held.lock().unwrap();
    assert!(pass_on_list(&folder));
}

#[test]
fn every_command_reads_a_code_however_its_text_was_saved() {
    let folder = resident(true);
    let shown = folder.run(&SHOW).code(0).json();
    let code = shown["codes"][0]["code"].as_str().unwrap();
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(code.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, bytes) in [
        ("mark.txt", format!("\u{feff}{code}\r\n").into_bytes()),
        ("blanks.txt", format!("  \t{code}  \n\n").into_bytes()),
        ("sixteen.txt", utf16),
    ] {
        folder.write(name, &bytes);
        let read = folder.run(&["code", "inspect", name, "--json"]).code(0).json();
        assert_eq!(read["characters"], code.len(), "{name}");
        #[rustfmt::skip]
        let scanned = folder.run(&[
            "lane", "scan", "--dir", "DIR", "--port", "hengqin", "--to", "MAC", "--code", name, "--face", "live.jpg", "--at",
            MORNING, "--json",
        ]);
        // The first one opens the door; the lane has seen the others before.
        let said = scanned.json();
        let gate = said["gate"]["code"].as_str();
        assert!(gate.is_none() || gate == Some("code_used"), "{name}: {said}");
        // A crossing code is no request of a desk: it was read, and is refused as what it is.
        let line =
            ["wallet", "register", "--dir", "DIR", "--resident", "1", "--request", name, "--at", MORNING];
        let refused = folder.run(&line);
        assert!(
            refused.code(3).out().contains("not answered ("),
            "{name}: {}{}",
            refused.out(),
            refused.err()
        );
    }
}

#[test]
fn a_port_that_does_not_lead_there_says_where_it_leads() {
    let folder = resident(false);
    let at = |port: &'static str, more: &[&'static str]| {
        let line = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--port", port, "--to", "HKG"];
        folder.run(&[&line[..], more].concat())
    };
    at("hengqin", &[]).told(&["nobody goes to HKG at hengqin", "CHN and MAC", "--to"]);
    at("hengqin", &["--from", "CHN"]).told(&["nobody goes to HKG at hengqin", "CHN and MAC"]);
    at("nowhere", &[]).told(&["there is no port nowhere", "hengqin"]);
}

#[test]
fn an_answer_is_headed_by_a_port_that_serves_the_traveller_at_that_hour() {
    let folder = resident(false);
    let asked = |at: &str| {
        let line = ["may-cross", "--dir", "DIR", "--resident", "1", "--to", "MAC", "--at", at];
        let words = folder.run(&line).out();
        let json = folder.run(&[&line[..], &["--json"]].concat()).json();
        (words, json)
    };
    let (words, json) = asked(MORNING);
    assert!(json["answer"]["lane"].to_string().contains("open"), "{json}");
    assert!(!words.contains("irport"), "{words}");
    // Before dawn the airports' counters are open too, and a zone whose lanes are kept for its own people.
    let (words, json) = asked(NIGHT);
    assert_eq!(json["answer"]["question"]["lane"], "code", "{json}");
    assert!(!words.contains("reserved for others"), "{words}");
    let head = json["answer"]["question"]["port"].as_str().unwrap();
    let same = words.lines().find(|line| line.contains("the same at:")).unwrap_or_default();
    assert!(!same.split([' ', ',']).any(|port| port == head), "itself is not like itself: {words}");
    assert!(!same.contains("cross-border-zone"), "another lane's answer is not the same: {words}");
}

#[test]
fn a_folder_without_models_is_named_however_it_was_said() {
    let folder = Folder::new();
    folder.init();
    let absent = "/nowhere/models";
    let line = ["resident", "re-enrol", "--dir", "DIR"];
    folder.run(&[&["--models", absent], &line[..]].concat()).told(&[absent, "BAYPASS_MODELS", "make models"]);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_baypass"));
    let said = command
        .args(["resident", "re-enrol", "--dir"])
        .arg(folder.dir())
        .env("BAYPASS_MODELS", absent)
        .output();
    bay::Run(said.unwrap()).told(&[absent, "BAYPASS_MODELS"]);
}

#[test]
fn a_record_that_says_something_twice_is_refused_by_its_file_before_anybody_is_registered() {
    let folder = Folder::new();
    folder.init();
    let twice = r#"{"person": {"home": "CHN", "name": "SPECIMEN, LI NA", "name": "SPECIMEN, ANA", "birth": "1990-05-06"}, "documents": []}"#;
    for (name, content, why) in [
        ("twice.json", twice, "the same name twice"),
        ("cut.json", "{\"person\": {", "malformed JSON at line 1"),
    ] {
        folder.write(name, content.as_bytes());
        let line = ["resident", "add", "--dir", "DIR", "--case", name, "--photo", "photo.jpg"];
        folder.run(&line).told(&[name, why, "docs/cases.md"]);
    }
    let list = folder.run(&["resident", "list", "--dir", "DIR"]).code(0).out();
    assert!(list.contains("no resident yet"), "{list}");
}

#[test]
fn doctor_tells_what_certificates_for_wallets_of_others_lack_and_the_command_that_mends_them() {
    let folder = Folder::new();
    folder.init();
    let of_certificates = || {
        let found = folder.run(&["doctor", "--dir", "DIR", "--json"]).json();
        let findings = found["findings"].as_array().unwrap().clone();
        let one = findings.iter().find(|one| one["what"] == "certificates for wallets of others").unwrap();
        (one["ok"].as_bool().unwrap(), one["says"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        of_certificates(),
        (true, "none made yet; an authority's first start makes its own".to_owned())
    );
    let renew = |code| {
        let issuer = format!("https://{code}.example");
        folder
            .run(&["authority", "renew-root", "--dir", "DIR", "--authority", code, "--issuer", &issuer])
            .code(0);
    };
    for code in ["HKG", "MAC"] {
        renew(code);
    }
    assert_eq!(of_certificates(), (true, "2 of 3 authorities have theirs, whole by annex B".to_owned()));
    // Its signer and reader are not below the root that stands there.
    let root = |code: &str| folder.dir().join(format!("public/openid-{code}.pem"));
    std::fs::copy(root("mac"), root("hkg")).unwrap();
    let (good, says) = of_certificates();
    assert!(!good && says.starts_with("HKG, signer: ") && says.contains("reader: "), "{says}");
    assert!(
        says.contains("baypass authority renew-root --dir ") && says.contains("--authority HKG"),
        "{says}"
    );
    renew("HKG");
    assert!(of_certificates().0);
}

//! An installation by files alone: residents, wallets, lanes, ledgers, each command a process of its own; and what each
//! says to input that cannot be used.

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
use serde_json::Value;

const MORNING: &str = "2026-03-02T10:00:00+08:00";
const NOON: &str = "2026-03-02T12:00:00+08:00";
const EVENING: &str = "2026-03-02T18:00:00+08:00";

/// A mainland resident with one entry for Macao and two for Hong Kong.
fn mainland(folder: &Folder, portrait: &[u8], live: &[u8]) {
    folder.write("photo.jpg", portrait);
    folder.write("live.jpg", live);
    #[rustfmt::skip]
    let added = folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "SPECIMEN, LI NA", "--name-zh", "样本",
        "--birth", "1990-05-06", "--id", "110101199005061004", "--permit", "CA1234567",
        "--endorsement", "G:MAC:2026-02-10:2026-05-09:1", "--endorsement", "G:HKG:2026-01-10:2026-04-09:2",
        "--photo", "photo.jpg", "--json",
    ]);
    assert_eq!(added.code(0).json()["resident"], 1);
}

/// The line that adds a resident with documents of two authorities: nobody else has these numbers.
#[rustfmt::skip]
const OF_TWO: &[&str] = &[
    "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", "SPECIMEN, KA MAN", "--name-zh", "样本",
    "--birth", "1990-05-06", "--id", "A123456(3)", "--permit", "H12345678", "--photo", "photo.jpg", "--json",
];

fn enrol(folder: &Folder, resident: &str, selfie: &str) {
    let codes = invitations(folder, resident);
    let mut line = vec!["wallet", "enrol", "--dir", "DIR", "--resident", resident, "--selfie", selfie];
    line.extend(["--at", MORNING]);
    line.extend(codes.iter().flat_map(|code| ["--invitation", code]));
    folder.run(&line).code(0);
}

/// The one-time codes of the offices for a resident.
fn invitations(folder: &Folder, resident: &str) -> Vec<String> {
    let line = ["resident", "invite", "--dir", "DIR", "--resident", resident, "--at", MORNING, "--json"];
    let made = folder.run(&line).code(0).json();
    let rows = made["invitations"].as_array().unwrap().iter();
    rows.map(|row| row["invitation"].as_str().unwrap().to_owned()).collect()
}

/// Shows a code and scans it a moment later; gives exit code and answer.
fn cross(folder: &Folder, resident: &str, lane: &[&str], at: &str, face: &str) -> (i32, Value) {
    let show = ["wallet", "show", "--dir", "DIR", "--resident", resident, "--out", "code.png", "--at", at];
    folder.run(&[&show[..], lane].concat()).code(0);
    let scan = ["lane", "scan", "--dir", "DIR", "--code", "code.png", "--face", face, "--at", at, "--json"];
    let run = folder.run(&[&scan[..], lane].concat());
    (run.0.status.code().unwrap(), run.json())
}

const OUT: &[&str] = &["--port", "hengqin", "--to", "MAC"];
const BACK: &[&str] = &["--port", "hengqin", "--to", "CHN"];

#[test]
fn a_trip_out_and_back_counts_once_and_the_next_one_is_refused() {
    let people = people(2);
    let folder = Folder::new();
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    enrol(&folder, "1", "live.jpg");
    folder.write("other.jpg", &people[1].1);

    let (code, borrowed) = cross(&folder, "1", OUT, MORNING, "other.jpg");
    assert_eq!((code, &borrowed["outcome"]), (3, &Value::from("not_passed")));
    assert_eq!(
        (&borrowed["exit"]["code"], &borrowed["entry"]["code"]),
        (&"face_mismatch".into(), &"face_mismatch".into())
    );

    let (code, out) = cross(&folder, "CA1234567", OUT, NOON, "live.jpg");
    assert_eq!((code, &out["outcome"]), (0, &Value::from("passed")), "{out}");
    assert_eq!((&out["exit"]["verdict"], &out["entry"]["verdict"]), (&"admit".into(), &"admit".into()));
    assert_eq!(out["simulated_camera"], true);
    assert!(out["ms"]["total"].as_f64().unwrap() > 0.0);

    let asked = folder.run(&[
        "may-cross",
        "--dir",
        "DIR",
        "--resident",
        "1",
        "--to",
        "CHN",
        "--at",
        EVENING,
        "--json",
    ]);
    assert_eq!(asked.code(0).json()["from"], "MAC", "the ledgers know where they are");

    let (code, back) = cross(&folder, "1", BACK, EVENING, "live.jpg");
    assert_eq!((code, &back["outcome"]), (0, &Value::from("passed")), "{back}");
    let next = "2026-03-03T10:00:00+08:00";
    let (code, again) = cross(&folder, "1", OUT, next, "live.jpg");
    assert_eq!((code, &again["exit"]["code"]), (3, &Value::from("no_entries_left")), "{again}");
    let asked = folder.run(&[
        "may-cross",
        "--dir",
        "DIR",
        "--resident",
        "1",
        "--to",
        "MAC",
        "--on",
        "2026-03-03",
        "--json",
    ]);
    assert_eq!(asked.code(3).json()["answer"]["exit"]["code"], "no_entries_left");
    folder
        .run(&[
            "may-cross",
            "--dir",
            "DIR",
            "--resident",
            "110101199005061004",
            "--to",
            "HKG",
            "--on",
            "2026-03-03",
        ])
        .code(0);

    for authority in ["CHN", "MAC"] {
        let ledger =
            folder.run(&["ledger", "list", "--dir", "DIR", "--authority", authority, "--at", next, "--json"]);
        let ledger = ledger.code(0).json();
        assert_eq!((&ledger["exits"], &ledger["entries"]), (&1.into(), &1.into()), "{authority}: {ledger}");
        let spent = ledger["movements"].as_array().unwrap().iter().filter(|m| m["spent"] == true).count();
        assert_eq!(
            spent,
            usize::from(authority == "CHN"),
            "the mainland's exit took the one entry: {ledger}"
        );
    }
}

#[test]
fn another_face_model_describes_the_registries_photos_anew_and_can_be_stopped_in_between() {
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    // The operator's own manifest beside the model files: the same network with other directions stands for another one.
    let installed = bay::models().join("node_modules/faceplugin-face-recognition-js/model");
    let own = folder.path("own-models");
    std::fs::create_dir(&own).unwrap();
    for file in std::fs::read_dir(installed).unwrap() {
        let file = file.unwrap().path();
        std::fs::copy(&file, own.join(file.file_name().unwrap())).unwrap();
    }
    let manifest = include_str!("../../face/data/models.toml");
    let manifest = manifest.replace("basis = { layer = \"666\" }", "basis = \"random\"");
    let mut renamed = manifest;
    for (from, to) in [
        ("code = 5\n", "code = 15\n"),
        ("code = 1 ", "code = 11 "),
        ("code = 2\n", "code = 12\n"),
        ("templates = [3, 2]", "templates = [3, 12]"),
    ] {
        assert!(renamed.contains(from), "{from:?} stands in the manifest");
        renamed = renamed.replace(from, to);
    }
    let manifest = renamed;
    std::fs::write(own.join("models.toml"), manifest).unwrap();
    let own = own.to_str().unwrap();
    let codes = invitations(&folder, "1");
    let mut enrol =
        vec!["wallet", "enrol", "--dir", "DIR", "--resident", "1", "--selfie", "live.jpg", "--at", MORNING];
    enrol.extend(codes.iter().flat_map(|code| ["--invitation", code]));
    folder.run(&[&["--models", own][..], &enrol].concat()).told(&["resident re-enrol"]);
    let again = ["--models", own, "resident", "re-enrol", "--dir", "DIR", "--at", MORNING, "--json"];
    let one = folder.run(&[&again[..], &["--authority", "CHN"]].concat()).code(0).json();
    assert_eq!(one["authorities"][0]["described"], 1, "{one}");
    let all = folder.run(&again).code(0).json();
    let to_renew = |i: usize| all["authorities"][i]["to_renew"].as_u64().unwrap();
    assert_eq!(to_renew(0), 0, "what was done is not done again: {all}");
    folder.run(&[&["--models", own][..], &enrol].concat()).code(0);
    let show = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.png", "--at", NOON];
    folder.run(&[&["--models", own][..], &show, OUT].concat()).code(0);
    let scan =
        ["lane", "scan", "--dir", "DIR", "--code", "code.png", "--face", "live.jpg", "--at", NOON, "--json"];
    let passed = folder.run(&[&["--models", own][..], &scan, OUT].concat());
    assert_eq!(passed.code(0).json()["outcome"], "passed", "{}", passed.out());
    std::fs::write(folder.path("own-models/models.toml"), "side = 112").unwrap();
    folder.run(&again).told(&["models.toml", "cannot be read"]);
}

#[test]
fn separate_halls_have_a_code_and_a_lane_each_and_say_so() {
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    folder.write("live.jpg", &people[0].1);
    #[rustfmt::skip]
    let resident = [
        "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", "SPECIMEN CHAN TAI MAN", "--birth", "1990-05-06",
        "--id", "A123456(3)", "--permit", "H12345678", "--photo", "photo.jpg",
    ];
    folder.run(&resident).code(0);
    folder.run(&resident).told(&["registered already"]);
    enrol(&folder, "A123456(3)", "live.jpg");
    let lane = ["--port", "shenzhen-bay", "--to", "CHN"];
    let show = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.png", "--at", MORNING];
    folder.run(&[&show[..], &lane].concat()).code(0);
    assert!(folder.path("code-exit.png").is_file() && folder.path("code-entry.png").is_file());
    let scan = ["lane", "scan", "--dir", "DIR", "--face", "live.jpg", "--at", MORNING, "--json"];
    let scan = |more: &[&str]| folder.run(&[&scan[..], &lane, more].concat());
    scan(&["--code", "code-exit.png"]).told(&["--side exit or --side entry"]);
    let wrong = scan(&["--code", "code-exit.png", "--side", "entry"]);
    assert_eq!(wrong.code(3).json()["gate"]["code"], "code_for_elsewhere", "{}", wrong.out());
    let exit = scan(&["--code", "code-exit.png", "--side", "exit"]);
    assert_eq!(exit.code(0).json()["entry"]["verdict"], Value::Null);
    let again = scan(&["--code", "code-exit.png", "--side", "exit", "--lane", "2"]);
    assert_eq!(again.code(3).json()["gate"]["code"], "replayed_elsewhere", "{}", again.out());
    let entry = scan(&["--code", "code-entry.png", "--side", "entry"]);
    assert_eq!(entry.code(0).json()["exit"]["verdict"], Value::Null);
    folder
        .run(&[
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
            "--side",
            "exit",
        ])
        .told(&["leave --side out"]);
    folder
        .run(&["wallet", "show", "--dir", "DIR", "--resident", "1", "--port", "nowhere", "--to", "MAC"])
        .told(&["no port nowhere", "hengqin"]);
    folder
        .run(&["wallet", "show", "--dir", "DIR", "--resident", "7", "--port", "hengqin", "--to", "MAC"])
        .told(&["no resident 7", "resident list"]);
}

#[test]
fn a_case_file_brings_documents_and_the_past() {
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    folder.write(
        "case.json",
        br#"{"person": {"name": "SPECIMEN, MEI", "birth": "1990-05-06", "home": "CHN"},
            "documents": [{"kind": "exit_entry_permit", "number": "CA1234567", "endorsements":
                [{"kind": "G", "destination": "HKG", "from": "2026-01-10", "to": "2026-04-09", "entries": 2}]}],
            "movements": [{"at": "2026-02-02T10:00:00+08:00", "port": "luohu", "from": "CHN", "to": "HKG"},
                          {"at": "2026-02-03T10:00:00+08:00", "port": "luohu", "from": "HKG", "to": "CHN"}]}"#,
    );
    folder.run(&["resident", "add", "--dir", "DIR", "--case", "case.json", "--photo", "photo.jpg"]).code(0);
    let asked = folder.run(&[
        "may-cross",
        "--dir",
        "DIR",
        "--resident",
        "1",
        "--to",
        "HKG",
        "--on",
        "2026-03-02",
        "--json",
    ]);
    assert_eq!(asked.code(0).json()["answer"]["exit"]["entries_left"], 0, "one of two was used in February");
    folder.write("broken.json", b"{\"person\": 3}");
    folder
        .run(&["resident", "add", "--dir", "DIR", "--case", "broken.json", "--photo", "photo.jpg"])
        .told(&["person"]);
    folder
        .run(&["resident", "add", "--dir", "DIR", "--case", "none.json", "--photo", "photo.jpg"])
        .told(&["no file"]);
}

#[test]
fn residents_that_cannot_be_registered_are_told_what_is_wrong() {
    let people = people(2);
    let folder = Folder::new();
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    folder.write("empty.jpg", b"");
    folder.write("text.jpg", b"this is no picture at all");
    let sample = bay::models().join("node_modules/@vladmandic/face-api/demo/sample1.jpg");
    folder.write("several.jpg", &std::fs::read(sample).unwrap());
    folder.write("nobody.png", &picture(400, 300));
    folder.write("huge.png", &picture(10_000, 5_000));
    let add = |id: &str, photo: &str| {
        #[rustfmt::skip]
        let line = [
            "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", "SPECIMEN", "--birth", "1990-05-06", "--id", id,
            "--photo", photo,
        ];
        folder.run(&line)
    };
    add("A123456(4)", "photo.jpg").told(&["check digit"]);
    add("A123456(3)", "missing.jpg").told(&["no file missing.jpg"]);
    add("A123456(3)", "empty.jpg").told(&["empty"]);
    add("A123456(3)", "text.jpg").told(&["JPEG"]);
    add("A123456(3)", "several.jpg").told(&["face"]);
    add("A123456(3)", "nobody.png").told(&["face"]);
    add("A123456(3)", "huge.png").told(&["pixels"]);
    assert_eq!(
        folder.run(&["resident", "list", "--dir", "DIR", "--json"]).json()["residents"],
        serde_json::json!([])
    );
    add("A123456(3)", "photo.jpg").code(0);
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "SPECIMEN", "--birth", "1990-05-06",
        "--id", "110101199005061004", "--permit", "CA1234567", "--endorsement", "G:HKG:2026-01-10:2026-04-09:many",
        "--photo", "photo.jpg",
    ]).told(&["--endorsement"]);
    // Somebody else's face does not enrol.
    folder.write("other.jpg", &people[1].1);
    let line = ["wallet", "enrol", "--dir", "DIR", "--resident", "1", "--selfie", "other.jpg"];
    folder.run(&line).told(&["one-time code"]);
    let codes = invitations(&folder, "1");
    let with: Vec<_> = codes.iter().flat_map(|code| ["--invitation", code]).collect();
    folder.run(&[&line[..], &["--at", MORNING], &with].concat()).told(&["face", "do not belong together"]);
}

/// A grey picture.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(width, height, image::Luma([90]))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

#[test]
fn pictures_that_are_none_are_broken_input_and_codes_that_are_none_are_refused() {
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    enrol(&folder, "1", "live.jpg");
    #[rustfmt::skip]
    let show = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.txt", "--at", MORNING];
    folder.run(&[&show[..], OUT].concat()).code(0);
    let text = std::fs::read_to_string(folder.path("code.txt")).unwrap();
    folder.write("half.txt", &text.as_bytes()[..text.len() / 2]);
    let symbol = |text: &str| code::QrSymbol::draw(text).unwrap().to_png(4).unwrap();
    folder.write("health.png", &symbol("HC1:6BFOXN*TS0BI$ZD4N9:9S6RCVN5+O30K3/XIV0W23NTDE"));
    folder.write("half.png", &symbol(&text[..text.len() / 2]));
    folder.write("empty.png", b"");
    folder.write("words.png", b"no picture");
    folder.write("huge.png", &picture(10_000, 5_000));
    folder.write("blank.png", &picture(600, 600));
    let scan = |code: &str, face: &str| {
        let line =
            ["lane", "scan", "--dir", "DIR", "--code", code, "--face", face, "--at", MORNING, "--json"];
        folder.run(&[&line[..], OUT].concat())
    };
    scan("empty.png", "live.jpg").told(&["empty"]);
    scan("none.png", "live.jpg").told(&["no file none.png"]);
    for (code, face, exit, reason) in [
        ("words.png", "live.jpg", 2, "picture_unreadable"),
        ("huge.png", "live.jpg", 2, "picture_unreadable"),
        ("blank.png", "live.jpg", 3, "code_unreadable"),
        ("health.png", "live.jpg", 3, "code_other_system"),
        ("half.png", "live.jpg", 3, "code_cut"),
        ("half.txt", "live.jpg", 3, "code_cut"),
        ("code.txt", "words.png", 2, "face_picture_unreadable"),
        ("code.txt", "huge.png", 2, "face_picture_unreadable"),
        ("code.txt", "blank.png", 3, "face_none"),
    ] {
        let run = scan(code, face);
        assert_eq!(
            (run.code(exit).json()["gate"]["code"].as_str(), code, face),
            (Some(reason), code, face),
            "{}",
            run.out()
        );
        assert_eq!(run.json()["outcome"], "not_passed");
    }
    // After all that, the honest code still passes, and once.
    assert_eq!(scan("code.txt", "live.jpg").code(0).json()["outcome"], "passed");
}

#[test]
fn an_installation_is_made_whole_or_not_at_all_and_held_by_one_process() {
    let folder = Folder::new();
    folder
        .run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"])
        .told(&["no Bay Pass installation", "baypass init"]);
    folder.init();
    folder.run(&["init", "DIR"]).told(&["not an empty folder"]);
    folder.write("file", b"");
    folder.run(&["init", "file/bay"]).told(&["cannot be made"]);
    let doctor = folder.run(&["doctor", "--dir", "DIR", "--json"]);
    assert_eq!(doctor.code(0).json()["ok"], true, "{}", doctor.out());

    let lock = std::fs::File::options().read(true).write(true).open(folder.dir().join("lock"));
    let lock = lock.unwrap_or_else(|_| std::fs::File::create(folder.dir().join("lock")).unwrap());
    lock.lock().unwrap();
    folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"]).told(&["held by another process"]);
    let doctor = folder.run(&["doctor", "--dir", "DIR", "--json"]);
    assert_eq!(doctor.0.status.code(), Some(2));
    assert_eq!(doctor.json()["ok"], false);
    drop(lock);
    folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"]).code(0);

    let key = folder.dir().join("authorities/CHN/keys/verdict.key");
    let bytes = std::fs::read(&key).unwrap();
    std::fs::write(&key, b"broken").unwrap();
    folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"]).told(&["verdict", "damaged"]);
    std::fs::write(&key, bytes).unwrap();
    folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"]).code(0);
    let settings = folder.dir().join("baypass.toml");
    std::fs::write(&settings, "format = 99\ncreated = \"2026-01-01T00:00:00+08:00\"\n").unwrap();
    folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"]).told(&["layout 99"]);
}

#[test]
fn a_database_with_damaged_pages_is_found_and_said_to_be_damaged() {
    let (people, folder) = (people(1), Folder::new());
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    let database = folder.dir().join("authorities/CHN/ledger.db");
    let found = |what: &str| {
        let doctor = folder.run(&["doctor", "--dir", "DIR", "--json"]).json();
        let findings = doctor["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["what"] == what).unwrap();
        (finding["ok"].as_bool().unwrap(), finding["says"].as_str().unwrap().to_owned())
    };
    let (ok, says) = found("databases");
    assert!(ok && says.contains("CHN whole, schema"), "{says}");
    assert!(found("disk").0 && found("authorities' clocks").1.contains("nobody to compare with"));

    let whole = std::fs::read(&database).unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 3 * 4096].fill(0xff);
    std::fs::write(&database, &damaged).unwrap();
    let (ok, says) = found("databases");
    assert!(!ok && says.contains("CHN: damaged") && says.contains("restore a backup"), "{says}");
    // A file that is none any more: whatever command meets it speaks of damage, and not of the disk's space.
    std::fs::write(&database, vec![0x55; whole.len()]).unwrap();
    let list = folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN"]);
    list.told(&["damaged", "restore it from a backup"]);
    assert!(!list.err().contains("disk space"), "{}", list.err());
    assert!(!found("databases").0);
}

#[cfg(unix)]
#[test]
fn a_resident_stands_at_every_authority_or_at_none_whenever_the_process_is_killed() {
    let (people, folder) = (people(1), Folder::new());
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    let (journal, wallet) = (folder.dir().join("registration.json"), folder.dir().join("wallets/1.json"));
    // Killed as soon as the journal is there, then later and later, until one comes through.
    let mut cut_short = 0;
    for wait in 0_u64.. {
        let mut process = folder.command(OF_TWO).stdout(std::process::Stdio::null()).spawn().unwrap();
        while !journal.exists() && process.try_wait().unwrap().is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(wait * wait * 8));
        process.kill().unwrap();
        process.wait().unwrap();
        if wallet.exists() {
            break;
        }
        cut_short += usize::from(journal.exists());
    }
    assert!(cut_short > 0, "no registration was cut short");
    folder.run(OF_TWO).told(&["registered already"]);
    assert!(!journal.exists());
    // Killed after both authorities had written, and before there was a wallet: the next command undoes it at both.
    let saved: Value = serde_json::from_slice(&std::fs::read(&wallet).unwrap()).unwrap();
    let text = serde_json::json!({"resident": 1, "cards": saved["cards"]}).to_string();
    std::fs::remove_file(&wallet).unwrap();
    std::fs::write(&journal, &text).unwrap();
    let doctor = folder.run(&["doctor", "--dir", "DIR", "--json"]);
    assert!(doctor.code(2).out().contains("one was cut short"), "{}", doctor.out());
    assert_eq!(folder.run(OF_TWO).code(0).json()["documents"].as_array().unwrap().len(), 2);
    // Killed after the wallet was written: it stays, and the next command says so.
    std::fs::write(&journal, &text).unwrap();
    folder.run(OF_TWO).told(&["registered already"]);
    assert!(wallet.exists() && !journal.exists());
}

#[test]
fn a_place_without_approval_a_compromised_key_an_old_list_and_a_real_camera_are_respected() {
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    enrol(&folder, "1", "live.jpg");
    let approvals = folder.run(&["approval", "list", "--dir", "DIR", "--json"]).code(0).json();
    let approval = approvals["approvals"]
        .as_array()
        .unwrap()
        .iter()
        .find(|a| a["id"] == "SPECIMEN-CHN-MAC")
        .unwrap()
        .clone();
    folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", "SPECIMEN-CHN-MAC"]).code(0);
    let (code, refused) = cross(&folder, "1", OUT, MORNING, "live.jpg");
    assert_eq!((code, &refused["gate"]["code"]), (3, &Value::from("not_approved")), "{refused}");
    let mut written = approval.as_object().unwrap().clone();
    for field in ["in_force", "scenario", "number", "withdrawn"] {
        written.remove(field);
    }
    folder
        .run(&["approval", "withdraw", "--dir", "DIR", "--id", "SPECIMEN-CHN-MAC"])
        .told(&["taken back already"]);
    let mut unfounded = written.clone();
    unfounded.insert("probe_grounds".to_owned(), serde_json::json!({"CHN": "duty at the border"}));
    folder.write("unfounded.json", serde_json::to_vec(&unfounded).unwrap().as_slice());
    folder.run(&["approval", "add", "--dir", "DIR", "--file", "unfounded.json"]).told(&["approval"]);
    folder.write("approval.json", serde_json::to_vec(&written).unwrap().as_slice());
    folder.run(&["approval", "add", "--dir", "DIR", "--file", "approval.json"]).code(0);
    folder
        .run(&["approval", "add", "--dir", "DIR", "--file", "approval.json"])
        .told(&["is there already", "withdraw"]);
    let approvals = folder.run(&["approval", "list", "--dir", "DIR", "--json"]).code(0).json();
    let numbers: Vec<_> =
        approvals["approvals"].as_array().unwrap().iter().map(|a| (&a["id"], &a["number"])).collect();
    assert!(numbers.contains(&(&"SPECIMEN-CHN-MAC".into(), &3.into())), "{numbers:?}");
    assert!(numbers.contains(&(&"SPECIMEN-CHN-HKG".into(), &1.into())), "{numbers:?}");

    #[rustfmt::skip]
    let scan = ["lane", "scan", "--dir", "DIR", "--code", "code.png", "--at", MORNING, "--port", "hengqin", "--to", "CHN"];
    let faces = |count: usize| [&scan[..], &["--face", "live.jpg"].repeat(count)].concat();
    folder.run(&faces(13)).told(&["13 pictures of the face", "at most 12"]);

    let list = folder.dir().join("public/trust/CHN.cbor");
    let old = std::fs::read(&list).unwrap();
    folder.run(&["trust", "renew", "--dir", "DIR", "--at", MORNING]).code(0);
    let (code, _) = cross(&folder, "1", OUT, MORNING, "live.jpg");
    assert_eq!(code, 0);
    let newest = std::fs::read(&list).unwrap();
    std::fs::write(&list, &old).unwrap();
    #[rustfmt::skip]
    let scan = ["lane", "scan", "--dir", "DIR", "--port", "hengqin", "--to", "CHN", "--code", "code.png", "--face", "live.jpg", "--at"];
    folder.run(&[&scan[..], &[NOON]].concat()).told(&["trust_list_rolled_back"]);
    std::fs::write(&list, newest).unwrap();

    folder
        .run(&["trust", "compromise", "--dir", "DIR", "--authority", "CHN", "--role", "token", "--at", NOON])
        .code(0);
    let (code, refused) = cross(&folder, "1", BACK, NOON, "live.jpg");
    assert_eq!((code, &refused["gate"]["code"]), (3, &Value::from("issuer_key_compromised")), "{refused}");
    folder
        .run(&["trust", "compromise", "--dir", "DIR", "--authority", "CHN", "--role", "crown", "--at", NOON])
        .told(&["no role crown", "verdict"]);

    let settings = folder.dir().join("baypass.toml");
    let text = std::fs::read_to_string(&settings)
        .unwrap()
        .replace("simulated_camera = true", "simulated_camera = false");
    std::fs::write(&settings, text).unwrap();
    let run = folder.run(&[&scan[..], &[NOON, "--json"]].concat());
    assert_eq!(run.code(3).json()["gate"]["code"], "camera_not_own", "{}", run.out());
}

#[test]
fn a_lost_document_and_an_ended_pass_open_nothing_any_more() {
    let people = people(1);
    for fate in ["lose", "end-pass"] {
        let folder = Folder::new();
        folder.init();
        mainland(&folder, &people[0].0, &people[0].1);
        enrol(&folder, "1", "live.jpg");
        let show =
            ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.png", "--at", MORNING];
        folder.run(&[&show[..], OUT].concat()).code(0);
        folder.run(&["resident", fate, "--dir", "DIR", "--resident", "1", "--at", MORNING]).code(0);
        let scan = [
            "lane", "scan", "--dir", "DIR", "--code", "code.png", "--face", "live.jpg", "--at", MORNING,
            "--json",
        ];
        let run = folder.run(&[&scan[..], OUT].concat());
        assert_eq!(run.code(3).json()["gate"]["code"], "token_revoked", "{fate}: {}", run.out());
    }
}

#[cfg(unix)]
#[test]
fn a_process_killed_in_the_middle_of_a_crossing_loses_nothing_and_counts_nothing_twice() {
    use std::process::Stdio;
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    enrol(&folder, "1", "live.jpg");
    let mut killed = 0;
    for (round, wait) in [60_u64, 200, 350, 450, 550, 650, 750, 900].into_iter().enumerate() {
        let at = format!("2026-03-02T{:02}:00:00+08:00", 8 + round);
        let show = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.png", "--at", &at];
        folder.run(&[&show[..], OUT].concat()).code(0);
        let scan = [
            "lane", "scan", "--dir", "DIR", "--code", "code.png", "--face", "live.jpg", "--at", &at, "--json",
        ];
        let mut child = folder
            .command(&[&scan[..], OUT].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(wait));
        killed += usize::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let _ = child.wait();
        // The second start settles what the first left, and says what the ledgers say.
        let ledger = |authority: &str| {
            let run = folder.run(&[
                "ledger",
                "list",
                "--dir",
                "DIR",
                "--authority",
                authority,
                "--at",
                &at,
                "--json",
            ]);
            run.code(0).json()
        };
        let (chn, mac) = (ledger("CHN"), ledger("MAC"));
        assert!(chn["exits"].as_u64().unwrap() <= 1 && mac["entries"].as_u64().unwrap() <= 1, "{chn} {mac}");
    }
    assert!(killed > 0, "at least one process was killed before its end");
    // In the end an officer is there, and the traveller goes through or is there already; the one entry is gone once.
    let end = "2026-03-02T20:00:00+08:00";
    let show = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.png", "--at", end];
    folder.run(&[&show[..], OUT].concat()).code(0);
    #[rustfmt::skip]
    let scan = ["lane", "scan", "--dir", "DIR", "--code", "code.png", "--face", "live.jpg", "--at", end, "--json", "--officer"];
    folder.run(&[&scan[..], OUT].concat());
    let asked =
        folder.run(&["ledger", "list", "--dir", "DIR", "--authority", "CHN", "--at", end, "--json"]).json();
    let spent = asked["movements"].as_array().unwrap().iter().filter(|m| m["spent"] == true).count();
    assert!(spent <= 1, "{asked}");
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let people = people(2);
    let folder = Folder::new();
    folder.init();
    mainland(&folder, &people[0].0, &people[0].1);
    folder.write("second.jpg", &people[1].0);
    // No file may grow beyond 48 blocks; the signal that would end the process is ignored, so writes fail as on a full disk.
    let program = env!("CARGO_BIN_EXE_baypass");
    let models = bay::models().canonicalize().unwrap();
    let line = format!(
        "trap '' XFSZ; ulimit -f 48; exec {program} --models {} resident add --dir bay --home HKG --name SPECIMEN \
         --birth 1990-05-06 --id 'A123456(3)' --photo second.jpg",
        models.display()
    );
    let full =
        std::process::Command::new("sh").current_dir(folder.0.path()).args(["-c", &line]).output().unwrap();
    bay::Run(full).told(&["disk"]);
    let list = folder.run(&["resident", "list", "--dir", "DIR", "--json"]).code(0).json();
    assert_eq!(list["residents"].as_array().unwrap().len(), 1, "the first is there, the second is not");
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", "SPECIMEN", "--birth", "1990-05-06",
        "--id", "A123456(3)", "--photo", "second.jpg",
    ]).code(0);
    enrol(&folder, "1", "live.jpg");
}

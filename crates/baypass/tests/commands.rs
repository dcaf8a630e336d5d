//! The binary itself: every command's answer, its exit code, and the sentence that bad input gets.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn baypass(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_baypass")).args(arguments).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A file of this test's own.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A Beijing resident with one entry for Hong Kong, and what is asked.
fn case(movements: &str, questions: &str) -> String {
    format!(
        r#"{{"person": {{"birth": "1990-05-20", "home": "CHN"}},
            "documents": [{{"kind": "exit_entry_permit", "expires": "2031-05-19", "endorsements":
                [{{"kind": "G", "destination": "HKG", "from": "2026-01-10", "to": "2026-04-09", "entries": 1}}]}}],
            "movements": [{movements}], "questions": [{questions}]}}"#
    )
}

const THERE: &str = r#"{"at": "2026-03-02T10:00:00+08:00", "port": "luohu", "from": "CHN", "to": "HKG"}"#;
const OUT: &str = r#"{"port": "luohu", "from": "CHN", "to": "HKG", "at": "2026-03-02T10:00:00+08:00"}"#;
const BACK: &str = r#"{"port": "luohu", "from": "HKG", "to": "CHN", "at": "2026-03-09T23:40:00+08:00"}"#;
const LATE: &str = r#"{"port": "luohu", "from": "HKG", "to": "CHN", "at": "2026-03-10T10:00:00+08:00"}"#;

#[test]
fn may_cross_answers_with_the_exit_code_of_the_worst_answer() {
    let lost = r#"{"person": {"birth": "1990-05-20", "home": "CHN"},
        "documents": [{"kind": "exit_entry_permit", "number": "C12345678", "status": "lost", "endorsements":
            [{"kind": "G", "destination": "HKG", "from": "2026-01-10", "entries": 2}]},
            {"kind": "one_time_pass", "issued": "2026-03-04", "expires": "2026-04-03"}],
        "movements": [{"at": "2026-03-02T10:00:00+08:00", "port": "luohu", "from": "CHN", "to": "HKG"}],
        "question": {"port": "luohu", "from": "HKG", "to": "CHN", "at": "2026-03-05T10:00:00+08:00"}}"#;
    let rows = [
        ("out", case("", OUT), 0, "open"),
        ("late", case(THERE, LATE), 3, "shut"),
        ("lost", lost.to_owned(), 4, "measures"),
        ("back and late", case(THERE, &format!("{BACK}, {LATE}")), 3, "open"),
        ("no entry on record", case("", &format!("{OUT}, {LATE}")), 4, "open"),
    ];
    for (name, case, expected, first) in rows {
        let path = file(&format!("may-cross-{name}.json"), case.as_bytes());
        let answer = baypass(&["may-cross", "--case", text(&path), "--json"]);
        assert_eq!(code(&answer), expected, "row {name}: {}", err(&answer));
        let json: Value = serde_json::from_slice(&answer.stdout).unwrap();
        let outcome = json.get("outcome").or_else(|| json[0].get("outcome"));
        assert_eq!(outcome.unwrap(), first, "row {name}");
        assert_eq!(code(&baypass(&["may-cross", "--case", text(&path)])), expected, "row {name}, in words");
    }
}

#[test]
fn may_cross_says_in_words_what_a_traveller_asks() {
    let path = file("words.json", case("", OUT).as_bytes());
    for (language, needles) in [
        ("en", ["You can cross.", "individual visit", "You may stay until 9 March 2026."]),
        ("zh-Hant", ["可以過關。", "個人旅遊", "可逗留至 2026年3月9日。"]),
        ("zh-Hans", ["可以过关。", "个人旅游", "可停留至 2026年3月9日。"]),
        ("pt", ["Pode passar.", "visita individual", "Pode ficar até 9 de Março de 2026."]),
    ] {
        let words = out(&baypass(&["may-cross", "--case", text(&path), "--language", language]));
        for needle in needles {
            assert!(words.contains(needle), "{needle} is not in\n{words}");
        }
        assert!(!words.contains("g-hkg"), "the endorsement by its name:\n{words}");
    }
    let words = out(&baypass(&["may-cross", "--case", text(&path), "--codes"]));
    for needle in [
        "CHN to HKG by luohu",
        "outcome: open",
        "exit, CHN: admit",
        "entry, HKG: admit",
        "g-hkg-3m1",
        "entries left afterwards: 0",
        "last day of stay: 2026-03-09",
        "At a lane each authority knows only its own",
    ] {
        assert!(words.contains(needle), "{needle} is not in\n{words}");
    }
    let path = file("words-late.json", case(THERE, LATE).as_bytes());
    let words = out(&baypass(&["may-cross", "--case", text(&path)]));
    assert!(words.contains("Your stay ended on 9 March 2026."), "{words}");
    let words = out(&baypass(&["may-cross", "--case", text(&path), "--codes"]));
    for needle in
        ["outcome: shut", "exit, HKG: refer overstay", "what would have to change: ", "(2026-03-09)"]
    {
        assert!(words.contains(needle), "{needle} is not in\n{words}");
    }
}

#[test]
fn may_cross_refuses_what_is_no_case_and_says_what_to_do() {
    let (silent, deep) = (case("", ""), "[".repeat(100_000));
    let rows: [(&str, &[u8], &str); 7] = [
        ("empty", b"", "is empty"),
        ("binary", &[0xff, 0xfe, 0x00], "not UTF-8"),
        ("text", b"hello", "docs/cases.md"),
        ("asks nothing", silent.as_bytes(), "asks nothing"),
        ("unknown field", br#"{"persn": {}}"#, "persn"),
        (
            "check digit",
            br#"{"person": {"birth": "1990-05-20", "home": "HKG"},
            "documents": [{"kind": "hkid", "number": "A123456(4)"}],
            "question": {"port": "luohu", "from": "HKG", "to": "CHN", "at": "2026-03-05"}}"#,
            "documents[0].number",
        ),
        ("deep", deep.as_bytes(), "docs/cases.md"),
    ];
    for (name, bytes, needle) in rows {
        let path = file(&format!("bad-{name}.json"), bytes);
        let answer = baypass(&["may-cross", "--case", text(&path), "--json"]);
        assert_eq!(code(&answer), 2, "row {name}");
        assert!(err(&answer).contains(needle), "row {name}: {}", err(&answer));
        assert_eq!(out(&answer), "", "row {name}");
    }
    let missing = baypass(&["may-cross", "--case", "no-such-file.json"]);
    assert_eq!(code(&missing), 2);
    assert!(err(&missing).contains("there is no file no-such-file.json"));
}

#[test]
fn wrong_usage_ends_with_two_and_help_with_nothing() {
    for arguments in [&[][..], &["fly"], &["may-cross"], &["code", "inspect"], &["bench", "check", "--fast"]]
    {
        let answer = baypass(arguments);
        assert_eq!(code(&answer), 2, "{arguments:?}");
        let said = err(&answer);
        // Without any word the help comes, which is no error; every error has one prefix.
        assert!(arguments.is_empty() || said.starts_with("baypass: "), "{arguments:?}: {said}");
        assert!(!said.contains('\u{1b}'), "no colour where nobody watches: {said:?}");
    }
    assert_eq!(code(&baypass(&["--help"])), 0);
    assert!(out(&baypass(&["--help"])).contains("3 refused or referred"));
}

mod codes {
    use super::*;
    use ::code::{CrossingCode, Parts, QrSymbol};
    use credential::{
        Audience, KeyClass, PartHash, SealedHashes, SigningKey, StatusRef, TokenClaims, sign_proof,
        sign_token,
    };
    use documents::{AuthorityCode, Direction, Timestamp};

    /// A code of a Macao resident for Hengqin, with an own and a sealed part.
    fn crossing_code() -> String {
        let now: Timestamp = "2026-03-02T10:00:00+08:00".parse().unwrap();
        let (issuer, device) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let parts = [vec![1; 131], vec![2; 131]];
        let claims = TokenClaims {
            issuer: AuthorityCode::Mac,
            expires: KeyClass::Hardware.expiry_for(now.local_date()),
            device_key: *device.public(),
            key_class: KeyClass::Hardware,
            status: StatusRef::new(3, 70_000).unwrap(),
            sealed: SealedHashes::One(PartHash::of(&[9; 211]).short()),
        };
        let token = sign_token(&claims, 7, &issuer).unwrap();
        let way = Direction::new(AuthorityCode::Mac, AuthorityCode::Chn).unwrap();
        let audience = Audience::new("hengqin".parse().unwrap(), way, None);
        let hashes = [PartHash::of(&parts[0]), PartHash::of(&parts[1])];
        let proof = sign_proof(&device, &audience, &token, &hashes, now).unwrap();
        let parts = Parts::Two(&parts[0], &parts[1]);
        CrossingCode::Full { token: &token, proof: &proof, parts }.to_text().unwrap()
    }

    fn assert_seen(seen: &Value) {
        assert_eq!(seen["kind"], "crossing_code");
        assert_eq!(seen["form"], "full");
        assert_eq!(seen["verified"], false);
        assert_eq!(seen["token"]["issuer"], "MAC");
        assert_eq!(seen["token"]["kid"], 7);
        assert_eq!(seen["token"]["key_class"], "hardware");
        assert_eq!(seen["token"]["status"]["list"], 3);
        assert_eq!(seen["token"]["status"]["index"], 70_000);
        assert_eq!(seen["token_id"].as_str().unwrap().len(), 32);
        assert_eq!(seen["proof"]["made_at"], "2026-03-02T10:00:00+08:00");
        assert_eq!(seen["parts"].as_array().unwrap().len(), 2);
        assert_eq!(seen["parts"][0]["bytes"], 131);
        assert_eq!(seen["parts"][0]["form"], "own");
        assert!(seen["qr"]["version"].as_u64().unwrap() <= 17);
    }

    #[test]
    fn inspect_reads_a_code_as_text_as_a_text_file_and_as_a_picture() {
        let code = crossing_code();
        let written = file("code.txt", format!("{code}\n").as_bytes());
        let drawn = file("code.png", &QrSymbol::draw(&code).unwrap().to_png(4).unwrap());
        for what in [code.as_str(), text(&written), text(&drawn)] {
            let answer = baypass(&["code", "inspect", what, "--json"]);
            assert_eq!(super::code(&answer), 0, "{}", err(&answer));
            assert_seen(&serde_json::from_slice(&answer.stdout).unwrap());
        }
        let words = out(&baypass(&["code", "inspect", &code]));
        assert!(words.contains("issuer: MAC") && words.contains("nothing of it is verified"), "{words}");
    }

    #[test]
    fn inspect_says_clearly_what_is_no_code_of_ours() {
        let code = crossing_code();
        let foreign = QrSymbol::draw("HC1:6BFOXN").unwrap().to_png(8).unwrap();
        let foreign = file("foreign.png", &foreign);
        let blank = file("blank.txt", b"");
        let renamed = file("renamed.png", b"some text");
        let no_code = file("hello.txt", b"hello");
        let half = &code[..code.len() / 2];
        let long = code.repeat(2);
        for (what, needle) in [
            ("HC1:6BFOXN", "an EU health certificate"),
            (text(&foreign), "an EU health certificate"),
            ("https://example.org/a.png", "a web address"),
            (half, "cut"),
            (&long, "at most"),
            (text(&blank), "the file is empty"),
            (text(&renamed), "is a text, not a picture"),
            (text(&no_code), "not a Bay Pass crossing code"),
            ("no/such/code.png", "there is no file no/such/code.png"),
            ("hello", "not a Bay Pass crossing code"),
            ("BP1:", "cut"),
            ("", "empty"),
            ("BP1:BB8", "malformed"),
        ] {
            let answer = baypass(&["code", "inspect", what, "--json"]);
            assert_eq!(super::code(&answer), 2, "{needle}");
            assert!(err(&answer).contains(needle), "{needle}: {}", err(&answer));
        }
    }
}

#[test]
fn rules_report_lists_every_switch_with_its_source() {
    let words = out(&baypass(&["rules", "report"]));
    let json: Value = serde_json::from_slice(&baypass(&["rules", "report", "--json"]).stdout).unwrap();
    let switches = json["switches"].as_array().unwrap();
    assert!(!switches.is_empty());
    for switch in switches {
        assert_eq!(switch["is_default"], true);
        assert!(words.contains(switch["id"].as_str().unwrap()));
        assert!(words.contains(switch["source"].as_str().unwrap()));
    }
}

#[test]
fn risk_test_lists_every_fault_with_its_line_and_risk_show_says_what_rules_say() {
    let shown = baypass(&["risk", "show", "--json"]);
    assert_eq!(code(&shown), 0, "{}", err(&shown));
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let rules = shown["rules"].as_array().unwrap();
    assert!(rules.len() >= 25 && rules.iter().all(|rule| rule["says"].as_str().unwrap().ends_with('.')));

    let rule = |when: &str, margin: i64| {
        format!(
            "name = \"own\"\n[[rule]]\nid = \"one\"\nsays = \"One.\"\ndoubt = \"whose_face\"\nharm = \"low\"\nwhen = \"{when}\"\n\
             [[rule.case]]\nsays = \"low\"\nholds = true\nsignals = {{ face_margin = {margin} }}\n\
             [[rule.case]]\nsays = \"usual\"\nholds = false\n"
        )
    };
    let good = file("risk-good.toml", rule("face_margin < 20", 1).as_bytes());
    let tried = baypass(&["risk", "test", text(&good)]);
    assert_eq!(
        (code(&tried), out(&tried).starts_with("own: 1 rules, 2 cases")),
        (0, true),
        "{}",
        err(&tried)
    );
    for (name, when, margin, place) in [
        ("risk-unknown.toml", "face_margn < 20", 1, ":7: no signal is called face_margn"),
        (
            "risk-protected.toml",
            "skin_tone < 20",
            1,
            ":7: skin_tone is or stands in for a protected attribute",
        ),
        ("risk-case.toml", "face_margin < 20", 30, ":8: case \"low\" expects that it holds"),
    ] {
        let path = file(name, rule(when, margin).as_bytes());
        let tried = baypass(&["risk", "test", text(&path)]);
        assert_eq!(code(&tried), 2, "{name}");
        assert!(out(&tried).contains(place), "{}", out(&tried));
    }
}

#[test]
fn simulate_gives_the_same_figures_of_one_seed_writes_a_page_and_tells_a_broken_scenario_with_its_line() {
    let row = "[[fraud]]\nkind = \"mine\"\nsays = \"A kind of our own.\"\ncases = 8\nfirst_day = [0, 3]\nholders = [1, 1]\nuses = [1, 2]\n\
               every_minutes = [200, 400]\nbegins = \"at_will\"\nholder = \"stays\"\nface = [{ of = \"stranger\", share = 1.0 }]\n\
               device = \"holders\"\nknows_pin = 0.0\nhas_document = 0.0\nrecall_at_least = 0.9\n";
    let own = file("simulate-own.toml", format!("name = \"own\"\n{row}").as_bytes());
    let html = Path::new(env!("CARGO_TARGET_TMPDIR")).join("simulate.html");
    let small = ["simulate", "--seed", "4", "--residents", "600", "--days", "7", "--scenario", text(&own)];
    let run = |more: &[&str]| baypass(&[&small[..], more].concat());
    let first = run(&["--json", "--threads", "1", "--html", text(&html)]);
    assert_eq!(code(&first), 0, "{}", err(&first));
    assert!(err(&first).contains("simulate: days: 7 of 7"), "{}", err(&first));
    assert_eq!(first.stdout, run(&["--json", "--threads", "2"]).stdout);
    let json: Value = serde_json::from_slice(&first.stdout).unwrap();
    assert_eq!((&json["run"]["seed"], &json["kinds"][0]["kind"]), (&json!(4), &json!("mine")));
    assert!(std::fs::read_to_string(&html).unwrap().contains("A kind of our own."));
    assert!(out(&run(&[])).contains("mine: recall"), "in words");
    let broken = file(
        "simulate-broken.toml",
        format!("name = \"own\"\n{}", row.replace("at_will", "someday")).as_bytes(),
    );
    let told = baypass(&["simulate", "--scenario", text(&broken)]);
    assert_eq!(code(&told), 2, "{}", err(&told));
    assert!(out(&told).contains("simulate-broken.toml:10: "), "{}", out(&told));
}

#[test]
fn doctor_names_the_command_that_mends_missing_models() {
    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-models");
    std::fs::create_dir_all(&empty).unwrap();
    let answer = baypass(&["doctor", "--models", text(&empty)]);
    assert_eq!(code(&answer), 2);
    assert!(
        out(&answer).contains("WRONG models:")
            && out(&answer).contains("make models")
            && out(&answer).contains(text(&empty)),
        "{}",
        out(&answer)
    );
    assert!(out(&answer).contains("ok    rules:"));

    let installed = test_support::models();
    if !installed.join("node_modules").is_dir() {
        test_support::skip("doctor with models", "run `make models`");
        return;
    }
    let answer = baypass(&["doctor", "--models", text(&installed), "--json"]);
    assert_eq!(code(&answer), 0, "{}{}", out(&answer), err(&answer));
    let json: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(json["ok"], true);
}

#[test]
fn bench_face_fails_where_the_python_that_was_asked_for_is_missing() {
    let installed = test_support::models();
    if !installed.join("node_modules").is_dir() {
        test_support::skip("bench face without its anchor", "run `make models`");
        return;
    }
    let answer = baypass(&[
        "bench",
        "face",
        "--models",
        text(&installed),
        "--rounds",
        "1",
        "--python",
        "no-such-python",
        "--json",
    ]);
    assert_eq!(code(&answer), 2, "{}", out(&answer));
    assert!(err(&answer).contains("no-such-python did not start"), "{}", err(&answer));
    assert_eq!(out(&answer), "", "no figures without the anchor");
}

#[test]
fn face_evaluate_reads_a_list_in_lfws_form_and_gives_no_number_that_the_pairs_do_not_hold() {
    const NAME: &str =
        "face_evaluate_reads_a_list_in_lfws_form_and_gives_no_number_that_the_pairs_do_not_hold";
    let Some(faces) = test_support::shared(NAME, "faces/genuine") else { return };
    let installed = test_support::models();
    if !installed.join("node_modules").is_dir() {
        test_support::skip(NAME, "run `make models`");
        return;
    }
    // Four persons with two pictures each, as LFW would hold them.
    let mut pictures: Vec<PathBuf> =
        std::fs::read_dir(faces).unwrap().map(|entry| entry.unwrap().path()).collect();
    pictures.sort();
    let folder = tempfile::tempdir().unwrap();
    let lfw = folder.path().join("lfw");
    for (pair, name) in pictures.chunks(2).zip(["Ann", "Bob", "Cy", "Dan"]) {
        std::fs::create_dir_all(lfw.join(name)).unwrap();
        for (picture, number) in pair.iter().zip(1..) {
            std::fs::copy(picture, lfw.join(format!("{name}/{name}_{number:04}.jpg"))).unwrap();
        }
    }
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let pairs = write(
        "pairs.txt",
        "2\t3\nAnn\t1\t2\nBob\t1\t2\nEve\t1\t2\nAnn\t1\tBob\t1\nAnn\t2\tCy\t1\nBob\t1\tEve\t1\n\
         Cy\t1\t2\nDan\t2\t1\nCy\t1\tDan\t1\nBob\t2\tDan\t2\n",
    );
    let cohorts = write("names.txt", "# a list\nAnn\nBob\n");
    let ages = write("ages.csv", "person,age\nAnn,30\nBob,31\nCy,71\nDan,5\n");
    let scores = folder.path().join("scores.csv");
    let answer = baypass(&[
        "face",
        "evaluate",
        text(&lfw),
        "--models",
        text(&installed),
        "--pairs",
        text(&pairs),
        "--cohorts",
        text(&cohorts),
        "--ages",
        text(&ages),
        "--threshold",
        "0.2",
        "--scores",
        text(&scores),
        "--no-robustness",
        "--hold-out",
        "2",
        "--json",
    ]);
    assert_eq!(code(&answer), 0, "{}", err(&answer));
    let json: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let data = &json["data"];
    assert_eq!([&data["genuine_pairs"], &data["impostor_pairs"]], [4, 4]);
    assert_eq!(data["absent"]["pictures"], serde_json::json!(["Eve/Eve_0001.jpg", "Eve/Eve_0002.jpg"]));
    assert_eq!([&data["absent"]["genuine_pairs"], &data["absent"]["impostor_pairs"]], [1, 1]);
    assert_eq!(json["robustness"], serde_json::json!([]));
    let format = &json["formats"][0];
    assert_eq!(format["points"], serde_json::json!([]), "four pairs hold no rate");
    assert_eq!(format["not_measured"].as_array().unwrap().len(), 4);
    assert_eq!(format["not_measured"][1]["pairs_needed"], 100_000.0);
    assert_eq!([&format["protocol"]["folds"], &format["protocol"]["genuine_pairs"]], [2, 4]);
    assert_eq!(format["protocol"]["accuracy"], 1.0);
    // At the configured threshold and at the one that was asked for.
    assert_eq!(format["cohorts"].as_array().unwrap().len(), 2);
    let labels: Vec<&Value> =
        format["cohorts"][1]["cohorts"].as_array().unwrap().iter().map(|row| &row["label"]).collect();
    assert_eq!(labels, ["listed", "others"]);
    let rows = format["ages"]["rows"].as_array().unwrap();
    let of_band = |from: u64| rows.iter().find(|row| row["band"]["from"] == from).unwrap();
    assert_eq!([&of_band(3)["impostor_pairs"], &of_band(18)["impostor_pairs"]], [0, 1]);
    let written = std::fs::read_to_string(scores).unwrap();
    let lines: Vec<&str> = written.lines().collect();
    assert!(lines[0].starts_with("registry,probe,kind,") && lines.len() == 9, "{written}");
    assert!(lines[1].starts_with("Ann/Ann_0001.jpg,Ann/Ann_0002.jpg,same,0."), "{}", lines[1]);
}

/// Whether the ratio holds is for a quiet machine; that it is measured, and that the sizes hold, for every one.
#[test]
fn bench_check_measures_a_ratio_and_every_size_holds() {
    let answer = baypass(&["bench", "check", "--json"]);
    assert!([0, 1].contains(&code(&answer)), "{}", err(&answer));
    let json: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let ratio = json["check"]["ratio"].as_f64().unwrap();
    // Half would mean that a signature was not looked at.
    assert!((0.7..2.0).contains(&ratio), "{ratio}");
    assert_eq!(json["check"]["status_entries"], 10_000_000);
    let rows = json["codes"].as_array().unwrap();
    assert_eq!(rows.len(), 3 * 6 * 3);
    for row in rows {
        assert_eq!(row["holds"], true, "{row}");
        assert_eq!(row["equal_length"], true, "{row}");
    }
    let all_hold = json["holds"].as_bool().unwrap();
    assert_eq!(code(&answer), i32::from(!all_hold));
}

/// Whether the ratio holds is for a quiet machine; that everything is measured, for every one.
#[test]
fn bench_desk_measures_a_ratio_a_scan_and_a_group_of_40() {
    let answer = baypass(&["bench", "desk", "--json"]);
    assert!([0, 1].contains(&code(&answer)), "{}", err(&answer));
    let json: Value = serde_json::from_slice(&answer.stdout).unwrap();
    let ratio = json["verification"]["ratio"].as_f64().unwrap();
    // Half would mean that a signature was not looked at.
    assert!((0.7..3.0).contains(&ratio), "{ratio}");
    assert_eq!((&json["verification"]["bar"], &json["group"]["guests"]), (&json!(1.3), &json!(40)));
    for (figure, name) in [("scan", "p95_ms"), ("group", "check_in_ms"), ("group", "total_ms")] {
        assert!(json[figure][name].as_f64().unwrap() > 0.0, "{figure} {name}");
    }
    assert_eq!(code(&answer), i32::from(!json["holds"].as_bool().unwrap()));
}

/// Every file and folder below this one, with its mode.
fn modes(folder: &Path, found: &mut Vec<(PathBuf, bool, u32)>) {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, held) = (entry.path(), entry.metadata().unwrap());
        found.push((path.clone(), held.is_dir(), held.permissions().mode() & 0o777));
        if held.is_dir() {
            modes(&path, found);
        }
    }
}

#[test]
fn an_installation_is_its_owners_alone_whatever_the_umask() {
    for umask in ["000", "022", "077"] {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("bay");
        let script = format!("umask {umask}; exec {} init {}", env!("CARGO_BIN_EXE_baypass"), text(&folder));
        let made = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(code(&made), 0, "{}", err(&made));
        let mut found = Vec::new();
        modes(above.path(), &mut found);
        assert!(found.len() > 40, "keys, lists and folders of three authorities: {}", found.len());
        for (path, is_folder, mode) in found {
            let wanted = if is_folder { 0o700 } else { 0o600 };
            assert_eq!(mode, wanted, "umask {umask}: {} has mode {mode:o}", path.display());
        }
    }
}

#[test]
fn three_authorities_are_not_given_one_database() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("bay");
    let answer = baypass(&["init", text(&folder), "--database-url", "postgres://u:secret@h/one"]);
    assert_eq!(code(&answer), 2);
    assert!(err(&answer).contains("{authority}") && !err(&answer).contains("secret"), "{}", err(&answer));
    let answer = baypass(&["init", text(&folder), "--database-url", "mysql://h/{authority}"]);
    assert_eq!(code(&answer), 2);
    assert!(err(&answer).contains("sqlite://FILE or postgres://"), "{}", err(&answer));
    assert!(!folder.exists(), "nothing is made");
}

/// The face with its eyes drawn shut: skin from above the lids, and a dark line where they meet.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places in a picture, none below 0"
)]
fn with_lids(bare: &image::RgbImage, points: &[[f32; 2]]) -> image::RgbImage {
    let mut drawn = bare.clone();
    for eye in [&points[36..42], &points[42..48]] {
        let least = |of: usize| eye.iter().map(|point| point[of]).fold(f32::MAX, f32::min);
        let most = |of: usize| eye.iter().map(|point| point[of]).fold(f32::MIN, f32::max);
        let (width, middle) = (most(0) - least(0), f32::midpoint(least(1), most(1)));
        let place = |x: f32, y: f32| (x.max(0.0) as u32, y.max(0.0) as u32);
        let (from, to) = (place(least(0), middle - 0.25 * width), place(most(0), middle + 0.25 * width));
        let (across, above) = place(f32::midpoint(least(0), most(0)), middle - 0.3 * width);
        let skin = *bare.get_pixel(across, above);
        let line = (0.1 * width).max(1.0) as u32;
        for (x, y) in (from.1..to.1).flat_map(|y| (from.0..to.0).map(move |x| (x, y))) {
            let lash = (to.1 - line..to.1).contains(&y);
            drawn.put_pixel(x, y, if lash { image::Rgb(skin.0.map(|v| v / 3)) } else { skin });
        }
    }
    drawn
}

#[test]
fn face_fit_occlusion_gives_the_same_coefficients_of_the_same_lists_and_names_a_list_that_is_too_short() {
    const NAME: &str = "face_fit_occlusion_gives_the_same_coefficients_of_the_same_lists";
    let Some(portraits) = test_support::shared(NAME, "faces/portraits") else { return };
    let installed = test_support::models();
    if !installed.join("node_modules").is_dir() {
        test_support::skip(NAME, "run `make models`");
        return;
    }
    let config = face::FaceConfig::builtin().unwrap();
    let finder = face::Finder::load(&face::ModelFolder::new(&installed, &config), &config).unwrap();
    let mut pictures: Vec<PathBuf> =
        std::fs::read_dir(portraits).unwrap().map(|entry| entry.unwrap().path()).collect();
    pictures.sort();
    let folder = tempfile::tempdir().unwrap();
    let mut lists = [String::new(), String::new(), String::new(), String::new()];
    for (number, picture) in pictures.iter().step_by(20).take(24).enumerate() {
        let bare = face::Image::decode(&std::fs::read(picture).unwrap()).unwrap();
        let points = finder.landmarks(&bare, &finder.one_face(&bare).unwrap()).unwrap();
        let points: Vec<[f32; 2]> = points.points().iter().map(|point| [point.x, point.y]).collect();
        let drawn =
            [evaluate::Degradation::Mask, evaluate::Degradation::DarkGlasses, evaluate::Degradation::Nothing];
        let mut drawn: Vec<_> =
            drawn.iter().map(|drawn| (drawn.kind(), drawn.apply(bare.as_pixels(), &points, 1))).collect();
        drawn.push(("lids", with_lids(bare.as_pixels(), &points)));
        for (list, (kind, drawn)) in lists.iter_mut().zip(drawn) {
            let name = format!("{number}-{kind}.jpg");
            let picture = face::Image::from_pixels(drawn).unwrap();
            std::fs::write(folder.path().join(&name), picture.to_jpeg(95).unwrap()).unwrap();
            *list += &format!("{name} # drawn\n");
        }
    }
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let [masks, glasses, clear, closed] =
        ["masks", "glasses", "clear", "closed"].map(|name| folder.path().join(format!("{name}.txt")));
    for (path, list) in [&masks, &glasses, &clear, &closed].into_iter().zip(&lists) {
        std::fs::write(path, list).unwrap();
    }
    let fit = |masks: &Path, out: &Path, jobs: &str| {
        #[rustfmt::skip]
        let arguments = [
            "face", "fit-occlusion", text(folder.path()), "--models", text(&installed), "--masks", text(masks),
            "--sunglasses", text(&glasses), "--closed-eyes", text(&closed), "--clear", text(&clear),
            "--cohort", text(&clear), "--out", text(out), "--jobs", jobs, "--json",
        ];
        baypass(&arguments)
    };
    let outs = ["one.toml", "two.toml"].map(|name| folder.path().join(name));
    let answers = [fit(&masks, &outs[0], "1"), fit(&masks, &outs[1], "2")];
    let json: Value = serde_json::from_slice(&answers[0].stdout).unwrap();
    let names = ["mask", "sunglasses", "eyes_closed"];
    assert_eq!(json["classifiers"].as_array().unwrap().len(), names.len());
    for (row, name) in json["classifiers"].as_array().unwrap().iter().zip(names) {
        assert_eq!(row["classifier"], name);
        assert_eq!(row["cohorts"][0][0], 0, "of 24 none may be mistaken: {json}");
        assert_eq!(row["cohorts"][0][1], 24, "{json}");
        assert!(row["covered"].as_u64().unwrap() >= 20, "{json}");
        // Lids are the least part of a face: half of so few are told from open eyes where none of those is mistaken.
        let most = if name == "eyes_closed" { 0.4 } else { 0.9 };
        assert!(row["recognised"].as_f64().unwrap() > most, "what is drawn alike is told apart: {json}");
    }
    assert_eq!(out(&answers[0]), out(&answers[1]));
    let [one, two] = outs.each_ref().map(|file| std::fs::read_to_string(file).unwrap());
    assert_eq!(one, two, "whoever was ready first");
    let written: toml::Table = one.parse().unwrap();
    for (name, features) in
        names.into_iter().zip([face::OCCLUSION_FEATURES, face::OCCLUSION_FEATURES, face::EYE_FEATURES])
    {
        assert_eq!(written[name]["weights"].as_array().unwrap().len(), features);
    }
    // Fitted alone, the one is told from clear faces as before, and the others stay as they were.
    #[rustfmt::skip]
    let alone = baypass(&[
        "face", "fit-occlusion", text(folder.path()), "--models", text(&installed), "--closed-eyes", text(&closed),
        "--clear", text(&clear), "--cohort", text(&clear), "--out", text(&outs[1]),
    ]);
    assert_eq!(code(&alone), 0, "{}", err(&alone));
    let clear_list = format!("mistaken: 0 of 24 (0.00 %), {}", clear.display());
    assert!(out(&alone).starts_with("eyes_closed: ") && out(&alone).contains(&clear_list), "{}", out(&alone));
    assert_eq!(std::fs::read_to_string(&outs[1]).unwrap(), one);
    let none = baypass(&["face", "fit-occlusion", text(folder.path()), "--clear", text(&clear)]);
    assert_eq!(code(&none), 2, "a list of one kind at least: {}", err(&none));
    let nothing = folder.path().join("none.toml");
    let mut wall = face::Image::decode(&std::fs::read(&pictures[0]).unwrap()).unwrap().as_pixels().clone();
    wall.pixels_mut().for_each(|pixel| pixel.0 = [128; 3]);
    let wall = face::Image::from_pixels(wall).unwrap().to_jpeg(95).unwrap();
    std::fs::write(folder.path().join("wall.jpg"), wall).unwrap();
    for (list, words) in [
        (write("empty.txt", "# nobody\n"), "empty.txt names no picture; give a path a line"),
        (write("gone.txt", "no such picture.jpg\n"), "no such picture.jpg"),
        (write("short.txt", "wall.jpg\n"), "too few pictures of mask with a face"),
    ] {
        let answer = fit(&list, &nothing, "2");
        assert_eq!(code(&answer), 2, "{}", err(&answer));
        assert!(err(&answer).contains(words), "{}", err(&answer));
        assert!(!nothing.exists(), "no half of the coefficients is written");
    }
}

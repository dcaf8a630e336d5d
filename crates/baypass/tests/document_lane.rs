//! A lane by document on the command line: a traveller of eighty without a phone and without a pass, out and back; a mainland
//! resident between the regions, whose right is counted by a sealed notice; and what must be refused.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a failing helper fails the test that called it"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;
#[path = "../../zone/tests/zone/cards.rs"]
#[expect(dead_code, reason = "the printer of another crate's tests")]
mod cards;
#[path = "../../zone/tests/zone/film.rs"]
mod film;

use bay::{Folder, people};
use cards::{Chance, Print, card};
use documents::check_digit;
use film::{Filming, film};
use serde_json::Value;

const MORNING: &str = "2026-03-02T10:00:00+08:00";
const NOON: &str = "2026-03-02T12:00:00+08:00";

/// The zone of a Home Return Permit, as a reader of zones writes it.
fn zone(number: &str) -> String {
    let digit = |field: &str| check_digit(field).unwrap();
    let (birth, expiry) = ("460317", "310101");
    let one = format!("CRCHN{number}{}{}", digit(number), "<".repeat(15));
    let two = format!("{birth}{}F{expiry}{}CHN{}", digit(birth), digit(expiry), "<".repeat(11));
    let all = [&one[5..30], &two[..7], &two[8..15], &two[18..29]].concat();
    format!("{one}\n{two}{}\nSPECIMEN<<LEONG<SAM<<<<<<<<<<<\n", digit(&all))
}

/// The same card as a camera sees it, tilted a little.
fn picture(number: &str, tilt: f64) -> Vec<u8> {
    let lines: Vec<String> = zone(number).lines().map(str::to_owned).collect();
    let how = Filming { tilt, noise: 4.0, ..Filming::pitch(18.0) };
    let seen = film(&card(&lines, Print::Plain), &how, &mut Chance(11));
    let side = |side: usize| u32::try_from(side).unwrap();
    let grey = image::GrayImage::from_raw(side(seen.width), side(seen.height), seen.data).unwrap();
    let mut bytes = std::io::Cursor::new(Vec::new());
    grey.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

/// Lays cards before the lane; gives exit code and answer.
fn lay(folder: &Folder, lane: &[&str], cards: &[&str], face: &str, at: &str, more: &[&str]) -> (i32, Value) {
    let mut line = vec!["lane", "document", "--dir", "DIR", "--face", face, "--at", at, "--json"];
    line.extend(lane);
    line.extend(cards.iter().flat_map(|card| ["--page", card]));
    line.extend(more);
    let run = folder.run(&line);
    (run.0.status.code().unwrap(), run.json())
}

#[test]
fn a_traveller_without_phone_and_pass_goes_out_and_back_by_two_cards() {
    let people = people(2);
    let folder = Folder::new();
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    folder.write("live.jpg", &people[0].1);
    folder.write("other.jpg", &people[1].1);
    folder.write("zone.txt", zone("M12345678").as_bytes());
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "MAC", "--name", "SPECIMEN, LEONG SAM", "--name-zh", "样本",
        "--birth", "1946-03-17", "--id", "5123456(7)", "--permit", "M12345678", "--photo", "photo.jpg", "--json",
    ]).code(0);
    let (out, back) = (["--port", "hengqin", "--to", "CHN"], ["--port", "hengqin", "--to", "MAC"]);
    let typed = ["macao_bir:5123456(7)", "home_return_permit:M12345678"];
    let born = ["--birth", "1946-03-17"];

    let (code, borrowed) = lay(&folder, &out, &typed, "other.jpg", MORNING, &born);
    assert_eq!((code, &borrowed["exit"]["code"]), (3, &Value::from("face_mismatch")), "{borrowed}");
    assert_eq!(borrowed["entry"]["code"], "face_mismatch");
    let (code, wrong) = lay(&folder, &out, &typed, "live.jpg", MORNING, &["--birth", "1946-03-18"]);
    assert_eq!((code, &wrong["exit"]["code"]), (3, &Value::from("page_mismatch")), "{wrong}");
    let (code, disagree) = lay(
        &folder,
        &out,
        &["macao_bir:5123456(7)", "mrz:zone.txt"],
        "live.jpg",
        MORNING,
        &["--birth", "1950-01-01"],
    );
    assert_eq!((code, &disagree["gate"]["code"]), (3, &Value::from("pages_disagree")));
    let (code, one) = lay(&folder, &out, &typed[..1], "live.jpg", MORNING, &born);
    assert_eq!((code, &one["gate"]["code"]), (3, &Value::from("camera_silent")), "one card of two");

    let (code, there) = lay(&folder, &out, &typed, "live.jpg", MORNING, &born);
    assert_eq!((code, &there["outcome"]), (0, &Value::from("passed")), "{there}");
    assert_eq!(there["lane"], "hengqin/MAC-CHN/document");
    assert_eq!(there["simulated_camera"], true);
    assert_eq!((&there["exit"]["verdict"], &there["entry"]["verdict"]), (&"admit".into(), &"admit".into()));
    // Back by a picture of the card: what shows no zone, or another card's, is refused before anybody is asked.
    folder.write("card.jpg", &picture("M12345678", 3.0));
    folder.write("again.jpg", &picture("M12345678", -2.0));
    folder.write("foreign.jpg", &picture("M87654321", 3.0));
    for (pictures, why) in [
        ("mrz-picture:photo.jpg", "no zone was read"),
        ("mrz-picture:card.jpg,foreign.jpg", "different zones"),
        ("mrz-picture:zone.txt", "no picture"),
    ] {
        let (code, refused) = lay(&folder, &back, &[pictures, typed[0]], "live.jpg", NOON, &born);
        assert_eq!((code, &refused["gate"]["code"]), (3, &Value::from("page_unreadable")), "{refused}");
        assert!(refused["gate"]["detail"].as_str().unwrap().contains(why), "{refused}");
    }
    let both = ["mrz-picture:card.jpg,again.jpg", "macao_bir:5123456(7)"];
    let (code, home) = lay(&folder, &back, &both, "live.jpg", NOON, &born);
    assert_eq!((code, &home["outcome"]), (0, &Value::from("passed")), "{home}");
    for authority in ["CHN", "MAC"] {
        let line = ["ledger", "list", "--dir", "DIR", "--authority", authority, "--at", NOON, "--json"];
        let ledger = folder.run(&line).code(0).json();
        assert_eq!((&ledger["exits"], &ledger["entries"]), (&1.into(), &1.into()), "{ledger}");
    }
    // Nothing of a card lies in a gate's folder or in what the commands said.
    let said = format!("{there}{home}{borrowed}{disagree}");
    let mut files = vec![folder.dir().join("gates")];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for canary in ["5123456", "M12345678", "1946-03-17", "LEONG"] {
            let found = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!found && !said.contains(canary), "{canary} stands in {}", path.display());
        }
    }
    folder
        .run(&[
            "lane",
            "document",
            "--dir",
            "DIR",
            "--port",
            "futian",
            "--to",
            "CHN",
            "--side",
            "exit",
            "--page",
            "hkid:A123456(3)",
            "--birth",
            "1946-03-17",
            "--face",
            "live.jpg",
            "--at",
            MORNING,
        ])
        .told(&["no lane by document", "hengqin"]);
    folder
        .run(&[
            "lane",
            "document",
            "--dir",
            "DIR",
            "--port",
            "hengqin",
            "--to",
            "CHN",
            "--page",
            "hkid:A123456(4)",
            "--birth",
            "1946-03-17",
            "--face",
            "live.jpg",
            "--at",
            MORNING,
        ])
        .told(&["check digit"]);
}

#[test]
fn a_mainland_right_between_the_regions_is_counted_by_a_notice_with_a_sealed_number() {
    let people = people(1);
    let folder = Folder::new();
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    folder.write("live.jpg", &people[0].1);
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "SPECIMEN, LI NA", "--name-zh", "样本",
        "--birth", "1946-03-17", "--id", "110101194603171008", "--permit", "CA1234567",
        "--endorsement", "G:MAC:2026-02-10:2026-05-09:1", "--endorsement", "G:HKG:2026-01-10:2026-04-09:2",
        "--photo", "photo.jpg", "--json",
    ]).code(0);
    let permit = ["exit_entry_permit:CA1234567"];
    let born = ["--birth", "1946-03-17"];
    let entry = ["--port", "hzmb-hkg-mac", "--from", "HKG", "--to", "MAC", "--side", "entry"];
    // Macao holds neither portrait nor endorsement: nobody passes without an officer.
    let (code, alone) = lay(&folder, &entry, &permit, "live.jpg", MORNING, &born);
    assert_eq!((code, &alone["entry"]["verdict"]), (4, &Value::from("verify")), "{alone}");
    assert_eq!(alone["entry"]["code"], "endorsement_not_read");
    let officer = [&born[..], &["--officer"]].concat();
    let (code, seen) = lay(&folder, &entry, &permit, "live.jpg", MORNING, &officer);
    assert_eq!((code, &seen["outcome"]), (0, &Value::from("passed")), "{seen}");
    let line = ["ledger", "list", "--dir", "DIR", "--authority", "CHN", "--at", NOON, "--json"];
    let ledger = folder.run(&line).code(0).json();
    let told: Vec<&Value> =
        ledger["movements"].as_array().unwrap().iter().filter(|row| row["by_notice"] == true).collect();
    assert_eq!(told.len(), 1, "{ledger}");
    assert_eq!((&told[0]["from"], &told[0]["to"]), (&Value::from("HKG"), &Value::from("MAC")));
}

/// Shows a printed code at a lane; gives exit code and answer.
fn scan(folder: &Folder, lane: &[&str], code: &str, at: &str, more: &[&str]) -> (i32, Value) {
    let mut line = vec!["lane", "scan", "--dir", "DIR", "--code", code, "--at", at, "--json"];
    line.extend(lane);
    line.extend(more);
    let run = folder.run(&line);
    (run.0.status.code().unwrap(), run.json())
}

#[test]
fn a_traveller_of_eighty_without_a_phone_crosses_with_a_printed_code_once_beside_card_and_face() {
    let people = people(2);
    let folder = Folder::new();
    folder.init();
    folder.write("photo.jpg", &people[0].0);
    folder.write("live.jpg", &people[0].1);
    folder.write("other.jpg", &people[1].1);
    #[rustfmt::skip]
    folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "MAC", "--name", "SPECIMEN, LEONG SAM", "--name-zh", "样本",
        "--birth", "1946-03-17", "--id", "5123456(7)", "--permit", "M12345678", "--photo", "photo.jpg", "--json",
    ]).code(0);
    let out = ["--port", "hengqin", "--to", "CHN"];
    let paper = |file: &str, more: &[&str]| {
        let line = ["resident", "paper", "--dir", "DIR", "--resident", "1", "--at", MORNING, "--out", file];
        folder.run(&[&line[..], more].concat())
    };
    paper("sheet.svg", &out).code(0);
    let sheet = std::fs::read_to_string(folder.path("sheet.svg")).unwrap();
    for needle in ["2026-03-02", "Macao → mainland", "纸质通行码"] {
        assert!(sheet.contains(needle), "{needle}");
    }
    for canary in ["5123456", "M12345678", "1946", "LEONG", "样本"] {
        assert!(!sheet.contains(canary), "{canary} stands on the sheet");
    }
    folder.run(&["resident", "end-papers", "--dir", "DIR", "--resident", "1", "--at", MORNING]).code(0);
    paper("code.png", &out).code(0);
    let inspected = folder.run(&["code", "inspect", "code.png", "--json"]).code(0).json();
    assert_eq!(inspected["proof"]["day"], "2026-03-02", "{inspected}");
    assert_eq!(inspected["token"]["expires"], "2026-03-03T00:00:00+08:00");
    assert!(inspected["qr"]["version"].as_u64().unwrap() <= 18, "{inspected}");

    let (own, seen) = (["--face", "live.jpg"], ["--face", "live.jpg", "--document-seen"]);
    let (code, borrowed) =
        scan(&folder, &out, "code.png", MORNING, &["--face", "other.jpg", "--document-seen"]);
    assert_eq!((code, &borrowed["exit"]["code"]), (3, &Value::from("face_mismatch")), "{borrowed}");
    let (code, alone) = scan(&folder, &out, "code.png", MORNING, &own);
    assert_eq!(
        (code, &alone["exit"]["code"]),
        (4, &Value::from("paper_document")),
        "nobody looks at the card: {alone}"
    );
    let back = ["--port", "hengqin", "--to", "MAC"];
    let (code, wrong) = scan(&folder, &back, "code.png", MORNING, &seen);
    assert_eq!((code, &wrong["gate"]["code"]), (3, &Value::from("paper_other_direction")), "{wrong}");
    let gongbei = ["--port", "gongbei", "--to", "CHN", "--side", "exit"];
    let (code, wrong) = scan(&folder, &gongbei, "code.png", MORNING, &seen);
    assert_eq!((code, &wrong["gate"]["code"]), (3, &Value::from("paper_other_port")), "{wrong}");
    let (code, late) = scan(&folder, &out, "code.png", "2026-03-03T00:00:01+08:00", &seen);
    assert_eq!((code, &late["gate"]["code"]), (3, &Value::from("paper_not_today")), "{late}");

    let (code, there) = scan(&folder, &out, "code.png", NOON, &seen);
    assert_eq!((code, &there["outcome"]), (0, &Value::from("passed")), "{there}");
    assert_eq!((&there["exit"]["verdict"], &there["entry"]["verdict"]), (&"admit".into(), &"admit".into()));
    // A copy, later that day.
    let (code, again) = scan(&folder, &out, "code.png", "2026-03-02T15:00:00+08:00", &seen);
    assert_eq!((code, &again["outcome"]), (3, &Value::from("not_passed")), "{again}");

    // Home by two lanes with one sheet's two codes; the one does not open the other's lane.
    let home = ["--port", "gongbei", "--to", "MAC", "--day", "2026-03-02"];
    paper("home.txt", &home).code(0);
    let side = |side: &'static str| ["--port", "gongbei", "--to", "MAC", "--side", side];
    let evening = "2026-03-02T18:00:00+08:00";
    let (code, other) = scan(&folder, &side("exit"), "home-entry.txt", evening, &seen);
    assert_eq!((code, &other["gate"]["code"]), (3, &Value::from("paper_other_side")), "{other}");
    for (lane, file) in [("exit", "home-exit.txt"), ("entry", "home-entry.txt")] {
        let (code, passed) = scan(&folder, &side(lane), file, evening, &seen);
        assert_eq!((code, &passed["outcome"]), (0, &Value::from("passed")), "{lane}: {passed}");
    }
    paper("late.txt", &["--port", "hengqin", "--to", "CHN", "--day", "2026-03-05"])
        .told(&["today or one of the next 2 days"]);
    // The card is lost: what was printed on it ends at once.
    paper("lost.png", &["--port", "hengqin", "--to", "CHN", "--day", "2026-03-03"]).code(0);
    let night = "2026-03-02T20:00:00+08:00";
    folder.run(&["resident", "lose", "--dir", "DIR", "--resident", "1", "--at", night]).code(0);
    let (code, lost) = scan(&folder, &out, "lost.png", "2026-03-03T09:00:00+08:00", &seen);
    assert_eq!((code, &lost["gate"]["code"]), (3, &Value::from("token_revoked")), "{lost}");
}

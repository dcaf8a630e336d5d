//! Venues of an installation: specimens, their approvals as JSON, desks' keys, and an installation of the version before.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]
#![expect(clippy::expect_used, clippy::panic, dead_code, reason = "helpers of other tests")]

mod bay;
mod before;
mod parties;

use std::collections::BTreeSet;

use bay::Folder;
use before::without_venues;
use gate::{Clock, SystemClock};
use parties::Process;
use serde_json::{Value, json};
use trust::{DeskRefusal, DeskUse};

const VENUES: [(&str, &str, &str); 5] = [
    ("specimen-hotel-hong-kong", "HKG", "SPECIMEN-HOTEL-HONG-KONG"),
    ("specimen-hotel-macao", "MAC", "SPECIMEN-HOTEL-MACAO"),
    ("specimen-hotel-zhuhai", "CHN", "SPECIMEN-HOTEL-ZHUHAI"),
    ("specimen-library-shenzhen", "CHN", "SPECIMEN-LIBRARY-SHENZHEN"),
    ("specimen-tower-shenzhen", "CHN", "SPECIMEN-BUILDING-SHENZHEN"),
];

/// The seats that `keys list` shows.
fn seats(folder: &Folder, of: &[&str]) -> Vec<Value> {
    let shown = folder.run(&[&["keys", "list", "--dir", "DIR", "--json"], of].concat());
    shown.code(0).json()["signing"].as_array().unwrap().clone()
}

fn states(seat: &Value) -> Vec<&str> {
    seat["keys"].as_array().unwrap().iter().map(|key| key["state"].as_str().unwrap()).collect()
}

/// What `doctor` says of one thing.
fn doctor(folder: &Folder, what: &str) -> (bool, String) {
    let findings = folder.run(&["doctor", "--dir", "DIR", "--json"]).json()["findings"].clone();
    let found = findings.as_array().unwrap().iter().find(|finding| finding["what"] == what).unwrap().clone();
    (found["ok"].as_bool().unwrap(), found["says"].as_str().unwrap().to_owned())
}

fn approval(folder: &Folder, id: &str) -> Value {
    let shown = folder.run(&["approval", "list", "--dir", "DIR", "--json"]).code(0).json();
    shown["approvals"].as_array().unwrap().iter().find(|approval| approval["id"] == id).unwrap().clone()
}

#[test]
fn an_installation_has_specimens_of_venues_with_keys_approvals_and_an_authority_that_lists_them() {
    let folder = Folder::new();
    folder.init();
    let now = SystemClock.now();
    let store = parties::trust(&folder.dir());
    for (venue, code, id) in VENUES {
        let seat = &seats(&folder, &["--venue", venue])[0];
        assert_eq!(
            (&seat["role"], &seat["name"], states(seat)),
            (&json!("desk"), &json!(venue), vec!["used"])
        );
        let code = code.parse().unwrap();
        let (_, binding) = store.desk(code, venue.as_bytes(), now).unwrap();
        assert_eq!(binding.venue().as_str(), venue);
        let bundle = std::fs::read(folder.dir().join(format!("public/approvals/{id}.cbor"))).unwrap();
        let approval = trust::Approval::open(&bundle, &store, now).unwrap();
        let asked = |claims: &'static [&'static str], scenario| DeskUse {
            authority: code,
            venue: binding.venue(),
            scenario,
            claims,
            purpose: match binding.kind() {
                trust::VenueKind::Building => "visitor-register",
                trust::VenueKind::Hotel => "guest-register",
                trust::VenueKind::Library => "library-register",
            },
            retention_days: 30,
            face: false,
            at: now,
        };
        for scenario in binding.scenarios() {
            assert_eq!(approval.covers_venue(&asked(&["name"], scenario)), Ok(()), "{id}");
            let refused = approval.covers_venue(&asked(&["city"], scenario));
            let claim = "city".to_owned();
            assert_eq!(refused, Err(DeskRefusal::Claim { id: id.to_owned(), claim }));
        }
    }
    for code in ["CHN", "HKG", "MAC"] {
        let seats = seats(&folder, &["--authority", code, "--role", "venue"]);
        assert_eq!(states(&seats[0]), ["used"], "{code}");
    }
    let (ok, said) = doctor(&folder, "venues");
    assert!(ok && said.starts_with("5, each"), "{said}");
    // A key that is lost, and one that no list names.
    let key = folder.dir().join("venues/specimen-hotel-macao/keys/desk.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let (ok, said) = doctor(&folder, "venues");
    assert!(!ok && said.contains("desk.key") && said.contains("backup"), "{said}");
    std::fs::copy(folder.dir().join("venues/specimen-hotel-zhuhai/keys/desk.key"), &key).unwrap();
    let (ok, said) = doctor(&folder, "venues");
    assert!(!ok && said.contains("specimen-hotel-macao") && said.contains("keys rotate"), "{said}");
    std::fs::write(&key, kept).unwrap();
    assert!(doctor(&folder, "venues").0);
}

#[test]
fn an_approval_of_a_venue_is_withdrawn_and_added_again_as_the_list_prints_it() {
    let folder = Folder::new();
    folder.init();
    let id = "SPECIMEN-HOTEL-ZHUHAI";
    let shown = approval(&folder, id);
    assert_eq!(shown["venues"], json!(["specimen-hotel-zhuhai"]));
    assert_eq!((&shown["face"], &shown["number"]), (&json!(true), &json!(1)));
    folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", id]).code(0);
    assert_eq!(approval(&folder, id)["withdrawn"], json!(true));
    let words = folder.run(&["approval", "list", "--dir", "DIR"]).code(0).out();
    assert!(
        words.contains("WITHDRAWN") && words.contains("the clerk compares the document by eye"),
        "{words}"
    );
    let add = |changed: &Value| {
        folder.write("approval.json", changed.to_string().as_bytes());
        folder.run(&["approval", "add", "--dir", "DIR", "--file", "approval.json"])
    };
    let with = |field: &str, value: Value| {
        let mut changed = shown.clone();
        let fields = changed.as_object_mut().unwrap();
        if value.is_null() {
            fields.remove(field);
        } else {
            fields.insert(field.to_owned(), value);
        }
        changed
    };
    for (changed, told) in [
        (with("other_way", Value::Null), "equal other way"),
        (with("other_way", json!(" ")), "equal other way"),
        (with("face", json!(false)), "leave other_way out"),
        (with("face", Value::Null), "whether a face may be compared"),
        (with("claims", json!(["name", "ethnicity"])), "ethnicity"),
        (with("purposes", json!([])), "list of purposes"),
        (with("venues", json!([])), "list of venues"),
        (with("venues", json!(["Hotel"])), "not a venue's id"),
        (with("ports", json!(["hengqin"])), "list of ports"),
        (with("scenario", json!("border-crossing")), "list of ports"),
        (with("scenario", json!("hotel")), "unknown scenario"),
        (with("scenario", Value::Null), "list of ports"),
        (with("filings", json!({})), "filing number"),
        (with("colour", json!("red")), "unknown field"),
    ] {
        add(&changed).told(&[told]);
    }
    add(&shown).code(0);
    let again = approval(&folder, id);
    assert_eq!((&again["number"], &again["withdrawn"]), (&json!(3), &json!(false)));
    let text = |approval: &Value| {
        let mut fields = approval.as_object().unwrap().clone();
        fields.remove("number");
        fields
    };
    assert_eq!(text(&again), text(&shown));
    // One of the border, in form 1, likewise.
    let id = "SPECIMEN-CHN-MAC";
    let border = approval(&folder, id);
    assert!(border.get("venues").is_none() && border.get("face").is_none(), "{border}");
    folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", id]).code(0);
    add(&border).code(0);
    assert_eq!(text(&approval(&folder, id)), text(&border));
}

#[test]
fn a_desks_key_is_followed_by_another_as_every_other_key_is() {
    let folder = Folder::new();
    folder.init();
    let venue = ["--venue", "specimen-hotel-macao"];
    folder.run(&[&["keys", "rotate", "--dir", "DIR", "--lead", "0"], &venue[..]].concat()).code(0);
    let seat = &seats(&folder, &venue)[0];
    assert_eq!(states(seat), ["replaced", "used"]);
    let store = parties::trust(&folder.dir());
    let mac = documents::AuthorityCode::Mac;
    let bound = |kid: &[u8]| store.desk(mac, kid, SystemClock.now()).unwrap().1.clone();
    assert_eq!(bound(b"specimen-hotel-macao#2"), bound(b"specimen-hotel-macao"));
    assert_eq!(states(&seats(&folder, &["--venue", "specimen-hotel-zhuhai"])[0]), ["used"]);
    assert!(doctor(&folder, "venues").0);
    // What it signed stays good for as long as a printed sign stands, unless an operator says else.
    let retire = [&["keys", "retire", "--dir", "DIR"], &venue[..]].concat();
    assert!(folder.run(&retire).code(0).out().contains("stays listed until"));
    folder.run(&[&retire[..], &["--keep", "0"]].concat()).code(0);
    assert_eq!(states(&seats(&folder, &venue)[0]), ["used"]);
    assert!(!folder.dir().join("venues/specimen-hotel-macao/keys/desk.key").exists());
    let all: BTreeSet<_> = seats(&folder, &["--role", "desk"])
        .iter()
        .map(|seat| seat["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(all, VENUES.iter().map(|(venue, ..)| (*venue).to_owned()).collect());
    folder.run(&["keys", "rotate", "--dir", "DIR", "--venue", "hotel-of-nobody"]).told(&["no key is meant"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_without_venues_goes_on_at_the_border_and_gets_them_by_trust_upgrade() {
    let folder = Folder::new();
    folder.init();
    without_venues(&folder);
    let (_, said) = doctor(&folder, "keys");
    assert!(said.contains("baypass trust upgrade"), "{said}");
    assert_eq!(doctor(&folder, "venues"), (true, "none".to_owned()));
    assert_eq!(seats(&folder, &["--authority", "MAC", "--role", "venue"])[0]["keys"], json!([]));
    // The service of that authority starts and has its key, which nobody lists yet.
    drop(Process::authority(&folder, "MAC"));
    let made = std::fs::read(folder.dir().join("authorities/MAC/keys/venue.key")).unwrap();
    let said = folder.run(&["trust", "upgrade", "--dir", "DIR"]).code(0).out();
    for told in
        ["CHN: its keys for venues", "HKG: its keys for venues", "approval SPECIMEN-HOTEL-MACAO signed"]
    {
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(made, std::fs::read(folder.dir().join("authorities/MAC/keys/venue.key")).unwrap());
    for code in ["CHN", "HKG", "MAC"] {
        for role in ["venue", "counter"] {
            let listed = seats(&folder, &["--authority", code, "--role", role]);
            assert_eq!(states(&listed[0]), ["used"], "{code} {role}");
        }
    }
    assert!(doctor(&folder, "venues").1.starts_with("5, each"));
    assert!(doctor(&folder, "keys").0);
    assert_eq!(approval(&folder, "SPECIMEN-HOTEL-MACAO")["in_force"], json!(true));
    folder.run(&["trust", "upgrade", "--dir", "DIR"]).told(&["nothing to bring over"]);
    // A key that a list names and that is gone is lost: no service makes another in its place.
    std::fs::remove_file(folder.dir().join("authorities/MAC/keys/venue.key")).unwrap();
    let refused = folder.run(&["authority", "serve", "--dir", "DIR", "--authority", "MAC"]);
    assert!(refused.code(2).err().contains("restore it from a backup"), "{}", refused.err());
}

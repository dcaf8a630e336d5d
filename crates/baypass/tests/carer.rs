//! A child's pass on a parent's phone, by the commands of counter and wallet.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, wherever they stand"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;

use bay::{Folder, people};
use serde_json::Value;

/// The one-time code of each authority that issued a card of this resident.
fn invitations(folder: &Folder, resident: &str) -> Vec<String> {
    let made =
        folder.run(&["resident", "invite", "--dir", "DIR", "--resident", resident, "--replaces", "--json"]);
    let made = made.code(0).json();
    let codes = made["invitations"].as_array().unwrap().iter();
    codes.map(|row| row["invitation"].as_str().unwrap().to_owned()).collect()
}

fn enrol(folder: &Folder, resident: &str, selfie: &str, carer: Option<&str>) -> bay::Run {
    let codes = invitations(folder, resident);
    let mut line =
        vec!["wallet", "enrol", "--dir", "DIR", "--resident", resident, "--selfie", selfie, "--json"];
    for code in &codes {
        line.extend(["--invitation", code.as_str()]);
    }
    line.extend(carer.into_iter().flat_map(|carer| ["--carer", carer]));
    folder.run(&line)
}

/// The relations of a resident: authority, role, and why each stands no more.
fn listed(folder: &Folder, resident: &str) -> Vec<(String, String, Value)> {
    let list = folder.run(&["resident", "carer", "list", "--dir", "DIR", "--resident", resident, "--json"]);
    let list = list.code(0).json();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let rows = list["carers"].as_array().unwrap().iter();
    rows.map(|row| (text(row, "authority"), text(row, "role"), row["over"].clone())).collect()
}

#[test]
fn a_childs_pass_is_on_the_mothers_phone_from_the_counters_word_until_its_end() {
    let folder = Folder::new();
    folder.init();
    let [mother, child]: [_; 2] = people(2).try_into().unwrap();
    for (name, (portrait, live)) in [("mother", mother), ("child", child)] {
        folder.write(&format!("{name}.jpg"), &portrait);
        folder.write(&format!("{name}-live.jpg"), &live);
    }
    #[rustfmt::skip]
    let people = [
        ["SPECIMEN MUI", "1990-05-06", "A123456(3)", "H12345678", "mother.jpg"],
        ["SPECIMEN JUNIOR", "2022-03-04", "B765432(A)", "H23456789", "child.jpg"],
    ];
    for [name, birth, id, permit, photo] in people {
        #[rustfmt::skip]
        folder.run(&[
            "resident", "add", "--dir", "DIR", "--home", "HKG", "--name", name, "--birth", birth, "--id", id, "--permit", permit,
            "--photo", photo,
        ]).code(0);
    }
    enrol(&folder, "1", "mother-live.jpg", None).code(0);
    let add = |until: &[&str]| {
        let line =
            ["resident", "carer", "add", "--dir", "DIR", "--resident", "2", "--carer", "1", "--ground"];
        folder.run(&[&line[..], until, &["--json"]].concat())
    };
    enrol(&folder, "2", "child-live.jpg", Some("1")).told(&["HKG", "no relation of holder and carer stands"]);
    enrol(&folder, "2", "child-live.jpg", None).told(&["CHN", "no relation of holder and carer stands"]);
    add(&["authorised"]).told(&["ward_too_young", "ask a parent"]);
    add(&["parent", "--until", "2020-01-01"]).told(&["end_past"]);
    add(&["mother"]).code(2);
    assert_eq!(listed(&folder, "2"), [], "nothing of it was written");

    let made = add(&["parent"]).code(0).json();
    let last = made["carers"].as_array().unwrap().iter().map(|row| row["last"].as_str().unwrap().to_owned());
    let last: std::collections::BTreeSet<_> = last.collect();
    assert_eq!(
        last,
        ["2036-03-03".to_owned(), "2040-03-03".to_owned()].into(),
        "14 for the mainland, 18 at home"
    );
    let got = enrol(&folder, "2", "child-live.jpg", Some("1")).code(0).json();
    assert_eq!(got["tokens"], 8);
    let stands: Vec<_> = listed(&folder, "1").into_iter().map(|(_, role, over)| (role, over)).collect();
    assert_eq!(stands, [("carer".to_owned(), Value::Null), ("carer".to_owned(), Value::Null)]);

    let end = ["resident", "carer", "end", "--dir", "DIR", "--resident", "2", "--carer", "1"];
    folder.run(&end).code(0);
    for (authority, role, over) in listed(&folder, "2") {
        assert_eq!((role.as_str(), over.as_str()), ("ward", Some("ended_at_counter")), "{authority}");
    }
    folder.run(&end).told(&["no such relation stands"]);
    let acts = folder.run(&["officer", "acts", "--dir", "DIR", "--authority", "HKG", "--json"]).code(0).out();
    assert!(acts.contains("add_carer") && acts.contains("end_carer"), "{acts}");
    assert!(!acts.contains("B765432") && !acts.contains("JUNIOR"), "an act names nobody");
    // The mother's own pass goes on.
    enrol(&folder, "1", "mother-live.jpg", None).code(0);
}

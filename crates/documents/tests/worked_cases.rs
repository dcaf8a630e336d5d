//! The worked cases of the digest (endorsements section 5), and rows of our own round them.
//!
//! A row: person and documents, movements, question, and what must come of it. The answer is written as
//! `CHN / other`: `admit`, `admit left=1 until=2026-03-09`, `verify one_time_pass`, `refer overstay`, `-`.

#![cfg(test)]

use documents::{AuthorityCode, CaseFile, LaneAnswer, Rules, SideAnswer, StayLimit, Verdict, answer_case};
use serde_json::{Value, json};

fn rules() -> Rules {
    Rules::builtin().unwrap()
}

// People.

#[expect(clippy::needless_pass_by_value, reason = "json! makes values; rows read better without a reference")]
fn mainland(endorsements: Value) -> Value {
    json!({"person": {"birth": "1990-05-20", "home": "CHN"},
        "documents": [{"kind": "exit_entry_permit", "expires": "2031-05-19", "endorsements": endorsements}]})
}

fn hongkonger() -> Value {
    json!({"person": {"birth": "1980-01-02", "home": "HKG", "nationality": "CHN"},
        "documents": [{"kind": "hkid"}, {"kind": "home_return_permit", "expires": "2030-01-01"}]})
}

fn macanese() -> Value {
    json!({"person": {"birth": "1980-01-02", "home": "MAC", "nationality": "CHN"},
        "documents": [{"kind": "macao_bir"}, {"kind": "home_return_permit", "expires": "2030-01-01"}]})
}

fn with(mut person: Value, path: &str, value: Value) -> Value {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let at = person.pointer_mut(parent).unwrap();
    match at {
        Value::Array(list) => list.push(value),
        Value::Object(map) => {
            map.insert(name.to_owned(), value);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => panic!("{path}"),
    }
    person
}

fn g_hkg(entries: u8) -> Value {
    json!({"kind": "G", "destination": "HKG", "from": "2026-01-10", "entries": entries})
}

fn g_mac() -> Value {
    json!({"kind": "G", "destination": "MAC", "from": "2026-01-10", "entries": 1})
}

fn weekly_hkg() -> Value {
    json!({"kind": "G", "destination": "HKG", "issued": "2024-11-20", "entries": "weekly"})
}

fn weekly_mac() -> Value {
    json!({"kind": "G", "destination": "MAC", "issued": "2026-01-05", "entries": "weekly"})
}

fn tour() -> Value {
    json!({"form": "l-mac-hqtour", "issued": "2026-02-20"})
}

// Movements: "2026-03-02T10:00 luohu CHN HKG", then words: group, exit, entry, returned, until=2026-03-05.

fn moves(lines: &[&str]) -> Value {
    lines
        .iter()
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let mut m = json!({"at": time(words[0]), "port": words[1], "from": words[2], "to": words[3]});
            for word in &words[4..] {
                match word.split_once('=') {
                    Some(("until", day)) => m["granted_until"] = json!(day),
                    Some(("used", id)) => m["used"] = json!(id),
                    _ if *word == "group" => m["with_group"] = json!(true),
                    _ if *word == "returned" => m["outcome"] = json!("returned"),
                    _ => m["side"] = json!(word),
                }
            }
            m
        })
        .collect()
}

fn time(text: &str) -> String {
    if text.contains('T') && !text.contains('Z') { format!("{text}:00+08:00") } else { text.to_owned() }
}

/// As a movement, then words: group, guardian, exit, entry, face_only, manual, by=foot.
fn question(line: &str) -> Value {
    let words: Vec<_> = line.split_whitespace().collect();
    let mut q = json!({"at": time(words[0]), "port": words[1], "from": words[2], "to": words[3]});
    for word in &words[4..] {
        match *word {
            "group" => q["with_group"] = json!(true),
            "guardian" => q["with_guardian"] = json!(true),
            "exit" | "entry" => q["side"] = json!(word),
            by if by.starts_with("by=") => q["by"] = json!(by[3..]),
            lane => q["lane"] = json!(lane),
        }
    }
    q
}

fn said(side: Option<&SideAnswer>, expected: &str) -> String {
    let Some(side) = side else { return "-".to_owned() };
    let mut text = side.verdict.as_str().to_owned();
    if let Some(why) = side.verdict.why() {
        text += &format!(" {}", why.reason);
    }
    if let Some(grant) = side.verdict.grant() {
        // Only what the row speaks of is compared.
        if expected.contains("left=") {
            text += &format!(" left={}", grant.entries_left.map_or("-".to_owned(), |n| n.to_string()));
        }
        if expected.contains("until=") {
            text += &format!(
                " until={}",
                grant
                    .last_day()
                    .map_or(if grant.stay == StayLimit::Unknown { "?" } else { "-" }.to_owned(), |d| d
                        .to_string())
            );
        }
        if expected.contains("by=") {
            text += &format!(" by={}", side.endorsement.as_deref().unwrap_or("-"));
        }
    }
    text
}

fn lane(answer: LaneAnswer) -> String {
    match answer {
        LaneAnswer::Open => "open".to_owned(),
        LaneAnswer::NotOpenToHolder { why, open } => {
            format!("not_open_to_holder {why} {}", open.map_or("-", |o| o.as_str()))
        }
        LaneAnswer::Closed { why } => format!("closed {why}"),
    }
}

/// Checks one row. The first of the two answers is the mainland's, or between the regions the exit's.
fn check(
    rules: &Rules,
    row: &str,
    who: &Value,
    before: &[&str],
    asked: &str,
    expected: &str,
    lane_says: &str,
) {
    let mut file = who.clone();
    file["movements"] = moves(before);
    file["question"] = question(asked);
    let case = CaseFile::parse(&file.to_string(), rules).unwrap_or_else(|e| panic!("row {row}: {e}"));
    let answer = answer_case(rules, &case).answers.remove(0);
    let (one, other) = expected.split_once(" / ").unwrap();
    let direction = answer.question.direction;
    let first =
        if direction.side_of(AuthorityCode::Chn).is_some() { AuthorityCode::Chn } else { direction.from() };
    let second = if first == direction.from() { direction.to() } else { direction.from() };
    let got = format!("{} / {}", said(answer.of(first), one), said(answer.of(second), other));
    assert_eq!(got, expected, "row {row}: {asked}");
    assert_eq!(lane(answer.lane), lane_says, "row {row}: lane, {asked}");
}

type Row<'a> = (&'a str, Value, &'a [&'a str], &'a str, &'a str, &'a str);

/// A switch, the value it is set to, then as `Row`.
type SwitchRow<'a> = (&'a str, &'a str, Value, &'a [&'a str], &'a str, &'a str);

fn check_all(rows: &[Row<'_>]) {
    let rules = rules();
    for (row, who, before, asked, expected, lane) in rows {
        check(&rules, row, who, before, asked, expected, lane);
    }
}

#[test]
#[rustfmt::skip] // one row, one line
fn the_twenty_five_worked_cases_of_the_digest_come_out_as_it_says() {
    let out = "2026-03-02T10:00 luohu CHN HKG";
    let beijing = || mainland(json!([g_hkg(2)]));
    let single = || mainland(json!([g_hkg(1)]));
    let both = || mainland(json!([g_hkg(1), g_mac()]));
    let in_macao = ["2026-03-02T10:00 luohu CHN HKG", "2026-03-04T10:00 hzmb-hkg-mac HKG MAC"];
    let day_trip = ["2026-03-09T09:00 gongbei CHN MAC", "2026-03-09T19:00 gongbei MAC CHN"];
    let two_trips = [
        "2026-02-01T10:00 luohu CHN HKG",
        "2026-02-03T10:00 luohu HKG CHN",
        "2026-03-01T10:00 luohu CHN HKG",
        "2026-03-05T10:00 luohu HKG CHN",
    ];
    // The digest's own dates need a validity beyond the form's year: what the card prints stands.
    let shenzhen = || mainland(json!([{"kind": "G", "destination": "HKG", "issued": "2024-12-02", "to": "2026-12-01", "entries": "multi"}]));
    let business = || {
        mainland(
            json!([{"kind": "S", "destination": "HKG", "issued": "2023-09-01", "to": "2024-08-31", "entries": "multi"}]),
        )
    };
    let zone =
        || mainland(json!([{"kind": "G", "destination": "MAC", "issued": "2026-01-05", "entries": "multi"}]));
    let nc = || {
        json!({"person": {"birth": "1980-01-02", "home": "HKG", "nationality": "GBR"},
        "documents": [{"kind": "hkid"}, {"kind": "home_return_permit", "number": "HA1234567", "expires": "2029-08-01"}]})
    };
    let expired_hrp = || {
        json!({"person": {"birth": "1980-01-02", "home": "MAC", "nationality": "CHN"},
        "documents": [{"kind": "macao_bir"}, {"kind": "home_return_permit", "expires": "2026-03-01"}]})
    };
    let lost = || {
        json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": [
            {"kind": "exit_entry_permit", "status": "lost", "endorsements": [g_hkg(2)]},
            {"kind": "one_time_pass", "issued": "2026-03-04", "expires": "2026-04-04"}]})
    };
    let child = || {
        let mut child = mainland(json!([g_hkg(1)]));
        child["person"]["birth"] = json!("2013-01-15");
        child
    };
    check_all(&[
        ("1", beijing(), &[], out, "admit left=1 until=2026-03-09 / admit until=2026-03-09", "open"),
        ("2", beijing(), &[out], "2026-03-09T23:40 luohu HKG CHN", "admit / admit until=2026-03-09", "open"),
        ("3", beijing(), &[out], "2026-03-09T16:10:00Z huanggang HKG CHN", "admit / refer overstay", "open"),
        ("4", beijing(), &two_trips, "2026-03-20 futian CHN HKG", "refer no_entries_left / admit", "open"),
        ("5", single(), &[], "2026-04-09T22:00 shenzhen-bay CHN HKG", "admit left=0 until=2026-04-16 / admit until=2026-04-16", "open"),
        ("6", single(), &[], "2026-04-10T08:00 shenzhen-bay CHN HKG", "refer endorsement_expired / admit", "open"),
        ("7", single(), &[], "2026-03-02 hzmb-zhu-mac CHN MAC", "refer wrong_destination / admit", "open"),
        ("8", single(), &[out], "2026-03-04 hzmb-hkg-mac HKG MAC", "admit / refer wrong_destination", "open"),
        ("9", both(), &in_macao, "2026-03-06 ferry-hkg-mac MAC HKG", "admit / admit left=0 until=2026-03-09", "open"),
        ("10", both(), &in_macao, "2026-03-09 ferry-hkg-mac MAC HKG", "admit / admit left=0 until=2026-03-10", "open"),
        ("11", both(), &in_macao, "2026-03-10 ferry-hkg-mac MAC HKG", "admit / refer no_entries_left", "open"),
        ("11b", both(), &in_macao, "2026-03-10 gongbei MAC CHN", "admit / admit until=2026-03-11", "open"),
        ("12", shenzhen(), &["2026-03-03T08:00 futian CHN HKG", "2026-03-03T12:00 futian HKG CHN"], "2026-03-03T18:00 futian CHN HKG", "admit left=- until=2026-03-10 / admit until=2026-03-10", "open"),
        ("13", mainland(json!([weekly_hkg()])), &["2025-03-03T09:00 luohu CHN HKG", "2025-03-03T20:00 luohu HKG CHN"], "2025-03-07 luohu CHN HKG", "refer week_used / admit", "open"),
        ("13b", mainland(json!([weekly_hkg()])), &["2025-03-03T09:00 luohu CHN HKG", "2025-03-03T20:00 luohu HKG CHN"], "2025-03-10 luohu CHN HKG", "admit / admit", "open"),
        ("14", mainland(json!([weekly_hkg()])), &[], "2025-11-21 luohu CHN HKG", "refer endorsement_expired / admit", "open"),
        ("15", mainland(json!([weekly_mac()])), &["2026-03-08T09:00 gongbei CHN MAC", "2026-03-10T09:00 gongbei MAC CHN"], "2026-03-11 gongbei CHN MAC", "admit / admit", "open"),
        ("16", mainland(json!([weekly_mac()])), &day_trip, "2026-03-15T23:50 hengqin CHN MAC", "refer week_used / admit", "open"),
        ("17", zone(), &["2026-03-02T08:00 hengqin CHN MAC", "2026-03-02T09:00 hengqin MAC CHN", "2026-03-02T10:00 hengqin CHN MAC", "2026-03-02T11:00 hengqin MAC CHN"], "2026-03-02T12:00 hengqin CHN MAC", "admit left=- / admit until=2026-03-09", "open"),
        ("18", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 hengqin MAC CHN group"], "2026-03-05 hengqin CHN MAC group", "admit left=0 until=2026-03-09 / admit left=0 until=2026-03-09", "open"),
        ("19", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 gongbei MAC CHN"], "2026-03-05 hengqin CHN MAC", "refer endorsement_lapsed / admit", "open"),
        ("20", business(), &[], "2024-05-05 luohu CHN HKG", "admit until=2024-05-12 / admit until=2024-05-12", "open"),
        ("20b", business(), &[], "2024-05-06 luohu CHN HKG", "admit until=2024-05-20 / admit until=2024-05-20", "open"),
        ("21", hongkonger(), &["2025-01-26T10:00 luohu HKG CHN"], "2026-03-02 west-kowloon CHN HKG", "admit until=- / admit left=- until=-", "open"),
        ("22", nc(), &["2026-01-10T10:00 luohu HKG CHN"], "2026-04-10 luohu CHN HKG", "admit until=2026-04-10 / admit", "open"),
        ("22b", nc(), &["2026-01-10T10:00 luohu HKG CHN"], "2026-04-11 luohu CHN HKG", "refer overstay / admit", "open"),
        ("23", expired_hrp(), &[], "2026-03-02 qingmao MAC CHN", "refer document_expired / admit", "open"),
        ("24", lost(), &[out], "2026-03-05 luohu HKG CHN", "admit / verify one_time_pass", "open"),
        ("24b", lost(), &[out, "2026-03-05T10:00 luohu HKG CHN"], "2026-03-06 luohu CHN HKG", "refer pass_opens_no_exit / refer pass_opens_no_exit", "open"),
        ("25", child(), &[], "2026-03-02 shenzhen-bay CHN HKG face_only", "admit / admit", "not_open_to_holder age manual"),
        ("25b", child(), &[], "2026-03-02 shenzhen-bay CHN HKG manual", "admit / admit", "open"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn more_that_the_digest_derives_from_its_rules() {
    let owp = |to: &str| {
        json!({"person": {"birth": "1990-05-20", "home": "CHN"},
        "documents": [{"kind": "one_way_permit", "destination": to, "issued": "2026-02-01", "expires": "2026-05-01"}]})
    };
    let non_permanent = || with(hongkonger(), "/person/permanent", json!(false));
    check_all(&[
        ("one-way, other port", owp("HKG"), &[], "2026-03-02 shenzhen-bay CHN HKG", "refer wrong_port / admit", "open"),
        ("one-way", owp("HKG"), &[], "2026-03-02 luohu CHN HKG", "admit left=0 until=- / admit until=-", "open"),
        ("one-way, Macao", owp("MAC"), &[], "2026-03-02 gongbei CHN MAC", "admit / admit", "open"),
        ("one-way, Macao by hengqin", owp("MAC"), &[], "2026-03-02 hengqin CHN MAC manual", "refer wrong_port / admit", "open"),
        ("one-way, other place", owp("MAC"), &[], "2026-03-02 luohu CHN HKG", "refer wrong_destination / admit", "open"),
        ("one-way, once", owp("HKG"), &["2026-02-10T10:00 luohu CHN HKG", "2026-02-20T10:00 luohu HKG CHN"], "2026-03-02 luohu CHN HKG", "refer no_entries_left / admit", "open"),
        ("non-permanent, joint", non_permanent(), &["2026-03-01T10:00 luohu HKG CHN"], "2026-03-02 hengqin CHN MAC", "admit / verify paper_needed", "not_open_to_holder residence_class manual"),
        ("non-permanent, qingmao", non_permanent(), &["2026-03-01T10:00 luohu HKG CHN"], "2026-03-02 qingmao CHN MAC", "admit / verify paper_needed", "not_open_to_holder residence_class -"),
        ("exit, entry in time", mainland(json!([g_hkg(2)])), &["2026-03-02T10:00 luohu CHN HKG exit"], "2026-03-02T11:59 luohu CHN HKG", "admit left=1 / admit", "open"),
        ("exit, no entry for two hours", mainland(json!([g_hkg(2)])), &["2026-03-02T10:00 luohu CHN HKG exit"], "2026-03-02T12:00 luohu CHN HKG", "verify unresolved / verify unresolved", "open"),
        ("exit, entry lane alone", mainland(json!([g_hkg(2)])), &["2026-03-02T10:00 luohu CHN HKG exit"], "2026-03-02T10:03 luohu CHN HKG entry", "- / admit until=2026-03-09", "open"),
        ("bridge: four hours", mainland(json!([g_hkg(2)])), &["2026-03-02T10:00 hzmb-hkg-zhu CHN HKG exit"], "2026-03-02T13:59 hzmb-hkg-zhu CHN HKG entry", "- / admit", "open"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_trip_is_the_unit_and_home_is_always_open() {
    let two = || mainland(json!([g_hkg(2), g_mac()]));
    check_all(&[
        // Out to Hong Kong, on to Macao, home: one entry of each, whichever order.
        ("ring", two(), &["2026-03-02T10:00 luohu CHN HKG", "2026-03-04T10:00 ferry-hkg-mac HKG MAC", "2026-03-05T10:00 gongbei MAC CHN"], "2026-03-06 luohu CHN HKG", "admit left=0 / admit left=0", "open"),
        ("ring, Macao is spent", two(), &["2026-03-02T10:00 luohu CHN HKG", "2026-03-04T10:00 ferry-hkg-mac HKG MAC", "2026-03-05T10:00 gongbei MAC CHN"], "2026-03-06 gongbei CHN MAC", "refer no_entries_left / admit", "open"),
        ("home by Macao ends the first limit", two(), &["2026-03-02T10:00 luohu CHN HKG", "2026-03-03T10:00 luohu HKG CHN"], "2026-03-04 luohu CHN HKG", "admit left=0 until=2026-03-11 / admit left=0 until=2026-03-11", "open"),
        ("Macao side trip has no grace", mainland(json!([g_hkg(1), g_mac()])), &["2026-03-02T10:00 gongbei CHN MAC", "2026-03-03T10:00 ferry-hkg-mac MAC HKG"], "2026-03-04 ferry-hkg-mac HKG MAC", "admit / refer no_entries_left", "open"),
        ("a second entry after the limit", two(), &["2026-03-02T10:00 luohu CHN HKG", "2026-03-04T10:00 ferry-hkg-mac HKG MAC"], "2026-03-10 ferry-hkg-mac MAC HKG", "admit until=2026-03-11 / admit left=0 until=2026-03-17", "open"),
        ("home by Macao and back by Macao is a new trip", mainland(json!([g_hkg(1), {"kind": "G", "destination": "MAC", "issued": "2026-01-05", "entries": "multi"}])), &["2026-03-02T10:00 luohu CHN HKG", "2026-03-03T10:00 ferry-hkg-mac HKG MAC", "2026-03-04T10:00 gongbei MAC CHN", "2026-03-05T10:00 gongbei CHN MAC"], "2026-03-06 ferry-hkg-mac MAC HKG", "admit / refer no_entries_left", "open"),
        ("the extra day is given once", mainland(json!([g_hkg(1), {"kind": "G", "destination": "MAC", "issued": "2026-01-05", "entries": "multi"}])), &["2026-03-02T10:00 luohu CHN HKG", "2026-03-04T10:00 ferry-hkg-mac HKG MAC", "2026-03-09T10:00 ferry-hkg-mac MAC HKG", "2026-03-10T10:00 ferry-hkg-mac HKG MAC"], "2026-03-10T15:00 ferry-hkg-mac MAC HKG", "admit / refer no_entries_left", "open"),
        ("overstay goes home", two(), &["2026-03-02T10:00 gongbei CHN MAC"], "2026-03-20 gongbei MAC CHN", "admit / refer overstay", "open"),
        ("less was granted", two(), &["2026-03-02T10:00 luohu CHN HKG until=2026-03-04"], "2026-03-05 luohu HKG CHN", "admit / refer overstay", "open"),
        ("less was granted, still inside", two(), &["2026-03-02T10:00 luohu CHN HKG until=2026-03-04"], "2026-03-04T23:59 luohu HKG CHN", "admit / admit until=2026-03-04", "open"),
        ("turned back: the entry is gone until an officer restores it", mainland(json!([g_hkg(1)])), &["2026-03-02T10:00 luohu CHN HKG returned"], "2026-03-02T15:00 luohu CHN HKG", "refer no_entries_left / admit", "open"),
        ("recorded use counts against the one named", mainland(json!([g_hkg(1), {"kind": "S", "destination": "HKG", "from": "2026-01-10", "entries": "multi"}])), &["2026-03-02T10:00 luohu CHN HKG used=g-hkg-3m1", "2026-03-02T20:00 luohu HKG CHN"], "2026-03-05 luohu CHN HKG", "admit by=s-3mm / admit by=s-3mm", "open"),
        ("the multiple right goes before the counted", mainland(json!([g_hkg(1), {"kind": "G", "destination": "HKG", "issued": "2026-01-05", "entries": "multi"}])), &[], "2026-03-05 luohu CHN HKG", "admit left=- by=g-hkg-sz-multi-2 / admit", "open"),
        ("twice out without a way back is an officer's", two(), &["2026-03-02T10:00 luohu CHN HKG"], "2026-03-05 luohu CHN HKG", "verify wrong_side / verify wrong_side", "open"),
        ("no record of entry", two(), &[], "2026-03-05 luohu HKG CHN", "admit / verify no_entry_record", "open"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn permits_are_judged_by_whose_they_are() {
    let expired = || {
        json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": [
            {"kind": "exit_entry_permit", "expires": "2026-03-05", "endorsements": [g_hkg(2)]}]})
    };
    let out = "2026-03-02T10:00 luohu CHN HKG";
    let lost_hrp = || {
        json!({"person": {"birth": "1980-01-02", "home": "HKG"}, "documents": [{"kind": "hkid"},
            {"kind": "home_return_permit", "status": "lost"}]})
    };
    let passport =
        || json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": [{"kind": "passport"}]});
    let renewed = || {
        json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": [
            {"kind": "exit_entry_permit", "number": "C11111111", "issued": "2016-03-03", "expires": "2026-06-01", "endorsements": [g_hkg(2)]},
            {"kind": "exit_entry_permit", "number": "CA2222222", "issued": "2026-03-01", "expires": "2036-02-28", "endorsements": [g_mac()]}]})
    };
    check_all(&[
        ("stay cut to the permit", expired(), &[], out, "admit until=2026-03-05 / admit until=2026-03-05", "open"),
        ("expired out", expired(), &[], "2026-03-06 luohu CHN HKG", "refer document_expired / refer document_expired", "open"),
        ("expired abroad, stay cut", expired(), &[out], "2026-03-06 luohu HKG CHN", "verify document_expired / refer overstay", "open"),
        ("expired abroad, more granted", expired(), &["2026-03-02T10:00 luohu CHN HKG until=2026-03-09"], "2026-03-06 luohu HKG CHN", "verify document_expired / admit until=2026-03-09", "open"),
        ("lost Home Return Permit going north", lost_hrp(), &[], "2026-03-02 luohu HKG CHN", "refer document_lost / admit", "open"),
        ("lost Home Return Permit going home", lost_hrp(), &["2026-02-02T10:00 luohu HKG CHN"], "2026-03-02 luohu CHN HKG", "refer document_lost / admit", "open"),
        ("one-time pass going home", with(lost_hrp(), "/documents/-", json!({"kind": "one_time_pass", "issued": "2026-03-01"})), &["2026-02-02T10:00 luohu HKG CHN"], "2026-03-02 luohu CHN HKG", "verify one_time_pass / admit", "open"),
        ("one-time pass going on to Macao", with(lost_hrp(), "/documents/-", json!({"kind": "one_time_pass", "issued": "2026-03-01"})), &["2026-02-02T10:00 luohu HKG CHN"], "2026-03-02 gongbei CHN MAC", "refer document_lost / admit", "open"),
        ("expired Home Return Permit, southbound", with(hongkonger(), "/documents/1/expires", json!("2026-02-20")), &["2026-02-02T10:00 luohu HKG CHN"], "2026-03-02 luohu CHN HKG", "verify document_expired / admit", "open"),
        ("passport in transit", passport(), &[], "2026-03-02 luohu CHN HKG", "refer passport_at_counter / refer passport_at_counter", "open"),
        ("passport at qingmao", passport(), &[], "2026-03-02 qingmao CHN MAC manual", "refer passport_at_counter / refer passport_at_counter", "not_open_to_holder document_kind -"),
        ("no permit", json!({"person": {"birth": "1990-05-20", "home": "CHN"}}), &[], "2026-03-02 luohu CHN HKG", "refer no_permit / refer no_permit", "open"),
        ("a new card starts without the old endorsement", renewed(), &[], "2026-03-02 luohu CHN HKG", "refer wrong_destination / admit", "open"),
        ("a new card's own", renewed(), &[], "2026-03-02 gongbei CHN MAC", "admit / admit", "open"),
        ("no endorsement at all", mainland(json!([])), &[], "2026-03-02 luohu CHN HKG", "refer no_endorsement / admit", "open"),
        ("not yet valid", mainland(json!([g_hkg(1)])), &[], "2026-01-09 luohu CHN HKG", "refer endorsement_not_yet_valid / admit", "open"),
        ("a region's own lane reads the dates", mainland(json!([g_hkg(1)])), &[], "2026-04-10 luohu CHN HKG entry", "- / refer endorsement_expired", "open"),
        ("a region's own lane reads the destination", mainland(json!([g_hkg(1)])), &[], "2026-03-02 gongbei CHN MAC entry", "- / refer wrong_destination", "open"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn residents_of_the_regions_cross_by_their_own_rules() {
    let non_permanent = || with(hongkonger(), "/person/permanent", json!(false));
    let marked =
        || with(with(hongkonger(), "/person/permanent", json!(false)), "/person/hkid_symbol", json!("***"));
    let mac_np = || with(macanese(), "/person/permanent", json!(false));
    let visit = || with(mac_np(), "/documents/-", json!({"kind": "visit_permit", "expires": "2030-01-01"}));
    let dual = || with(hongkonger(), "/documents/-", json!({"kind": "macao_bir"}));
    let nc = || {
        json!({"person": {"birth": "1980-01-02", "home": "MAC", "nationality": "PRT"}, "documents": [
            {"kind": "macao_bir"}, {"kind": "home_return_permit", "number": "MA1234567", "expires": "2029-08-01"}]})
    };
    check_all(&[
        ("permanent to Macao", hongkonger(), &[], "2026-03-02 hzmb-hkg-mac HKG MAC", "admit / admit until=2027-03-02", "open"),
        ("permanent, a year and a day", hongkonger(), &["2026-03-02T10:00 hzmb-hkg-mac HKG MAC"], "2027-03-03 hzmb-hkg-mac MAC HKG", "refer overstay / admit", "open"),
        ("permanent, by the mainland", hongkonger(), &["2026-03-01T10:00 luohu HKG CHN"], "2026-03-02 hengqin CHN MAC", "admit / admit until=2027-03-02", "open"),
        ("non-permanent", non_permanent(), &[], "2026-03-02 hzmb-hkg-mac HKG MAC", "admit / verify paper_needed until=2026-04-01", "open"),
        ("non-permanent with paper", with(non_permanent(), "/documents/-", json!({"kind": "document_of_identity"})), &[], "2026-03-02 hzmb-hkg-mac HKG MAC", "admit / admit until=2026-04-01", "open"),
        ("marked", marked(), &[], "2026-03-02 hzmb-hkg-mac HKG MAC", "admit / admit until=2027-03-02", "open"),
        ("Macao permanent to Hong Kong", macanese(), &[], "2026-03-02 hzmb-hkg-mac MAC HKG", "admit / admit until=2026-08-29", "open"),
        ("Macao non-permanent without permit", mac_np(), &[], "2026-03-02 hzmb-hkg-mac MAC HKG", "admit / refer no_permit", "open"),
        ("Macao non-permanent with permit", visit(), &[], "2026-03-02 hzmb-hkg-mac MAC HKG", "admit / admit until=2026-04-01", "open"),
        ("resident of both", dual(), &[], "2026-03-02 hzmb-hkg-mac HKG MAC", "admit / admit until=-", "open"),
        ("resident of both, back", dual(), &["2024-03-02T10:00 hzmb-hkg-mac HKG MAC"], "2026-03-02 hzmb-hkg-mac MAC HKG", "admit / admit until=-", "open"),
        ("not Chinese, before the card existed", nc(), &[], "2024-07-09 gongbei MAC CHN", "refer permit_not_yet_issued / admit", "open"),
        ("not Chinese", nc(), &[], "2024-07-10 gongbei MAC CHN", "admit until=2024-10-08 / admit", "open"),
        ("home with nothing to show", json!({"person": {"birth": "1980-01-02", "home": "HKG"}}), &[], "2026-03-02 luohu CHN HKG", "refer no_permit / verify no_permit", "open"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn every_form_of_endorsement_has_its_own_length_and_count() {
    let of = |e: Value| mainland(json!([e]));
    let t_window = || {
        of(
            json!({"kind": "T", "destination": "HKG", "from": "2026-01-01", "to": "2026-03-31", "entries": "multi"}),
        )
    };
    let first = ["2026-01-10T10:00 luohu CHN HKG", "2026-01-20T10:00 luohu HKG CHN"];
    check_all(&[
        ("T once", of(json!({"kind": "T", "destination": "MAC", "from": "2026-03-01", "entries": 1})), &[], "2026-03-02 gongbei CHN MAC", "admit left=0 until=2026-03-16 / admit", "open"),
        ("T window", t_window(), &[], "2026-03-02 luohu CHN HKG", "admit left=- until=2026-05-31 / admit", "open"),
        ("T window, absences included", t_window(), &first, "2026-03-30 luohu CHN HKG", "admit until=2026-04-10 / admit until=2026-04-10", "open"),
        ("T year", of(json!({"kind": "T", "destination": "HKG", "from": "2026-01-01", "to": "2026-12-31", "entries": "multi"})), &first, "2026-03-30 luohu CHN HKG", "admit until=2026-06-28 / admit", "open"),
        ("L", of(json!({"kind": "L", "destination": "HKG", "from": "2026-01-01", "entries": 2})), &[], "2026-03-30 luohu CHN HKG", "admit left=1 until=2026-04-06 / admit", "open"),
        ("L of three days", of(json!({"form": "l-hkg-3m1-3d", "from": "2026-03-01"})), &[], "2026-03-02 luohu CHN HKG", "admit left=0 until=2026-03-05 / admit", "open"),
        ("S", of(json!({"kind": "S", "destination": "MAC", "from": "2026-01-01", "entries": "multi"})), &[], "2026-03-02 hengqin CHN MAC", "admit until=2026-03-16 / admit", "open"),
        ("R", of(json!({"kind": "R", "destination": "HKG", "from": "2025-01-01", "to": "2029-12-31"})), &[], "2026-03-02 luohu CHN HKG", "admit until=2026-04-01 / admit", "open"),
        ("R, Hetao", of(json!({"form": "r-hetao", "destination": "HKG", "from": "2025-12-01"})), &[], "2026-03-02 luohu CHN HKG", "admit until=2026-04-01 / admit", "open"),
        ("D", of(json!({"kind": "D", "destination": "HKG", "from": "2025-09-01", "to": "2026-08-31"})), &[], "2026-03-02 luohu CHN HKG", "admit until=2026-08-31 / admit", "open"),
        ("D as approved", of(json!({"kind": "D", "destination": "HKG", "from": "2025-09-01", "to": "2026-08-31", "approved_until": "2026-07-15"})), &[], "2026-03-02 luohu CHN HKG", "admit until=2026-07-15 / admit", "open"),
        ("D, the approved stay is over", of(json!({"kind": "D", "destination": "HKG", "from": "2025-09-01", "to": "2026-08-31", "approved_until": "2026-03-01"})), &[], "2026-03-02 luohu CHN HKG", "refer endorsement_expired / refer endorsement_expired", "open"),
        ("Q", of(json!({"kind": "Q", "destination": "HKG", "from": "2026-01-01", "entries": 2})), &[], "2026-03-02 luohu CHN HKG", "admit left=1 until=2026-03-16 / admit", "open"),
        ("Q, Macao, a year", of(json!({"kind": "Q", "destination": "MAC", "from": "2026-01-01", "entries": "multi"})), &[], "2026-03-02 gongbei CHN MAC", "admit left=- until=2026-03-16 / admit", "open"),
        ("weekly, last use", of(weekly_hkg()), &[], "2025-11-19 luohu CHN HKG", "admit until=2025-11-26 / admit", "open"),
        ("weekly issued on the last day, used to the common end", of(json!({"kind": "G", "destination": "HKG", "issued": "2024-11-30", "from": "2024-12-05", "entries": "weekly"})), &[], "2025-12-01 luohu CHN HKG", "refer endorsement_expired / admit", "open"),
        ("weekly across the year", of(weekly_mac()), &["2026-12-28T09:00 gongbei CHN MAC", "2026-12-29T09:00 gongbei MAC CHN"], "2027-01-03 gongbei CHN MAC", "refer week_used / admit", "open"),
        ("weekly, by Hong Kong", mainland(json!([g_hkg(2), weekly_mac()])), &["2026-03-02T09:00 luohu CHN HKG", "2026-03-03T09:00 ferry-hkg-mac HKG MAC", "2026-03-04T09:00 gongbei MAC CHN"], "2026-03-05 gongbei CHN MAC", "refer week_used / admit", "open"),
        ("weekly, second time by Hong Kong", mainland(json!([g_hkg(2), weekly_mac()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-03T09:00 gongbei MAC CHN", "2026-03-04T09:00 luohu CHN HKG"], "2026-03-05 ferry-hkg-mac HKG MAC", "admit / refer week_used", "open"),
        ("tour without its group", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 hengqin MAC CHN group"], "2026-03-05 hengqin CHN MAC", "refer not_with_group / admit", "open"),
        ("tour by another port", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 hengqin MAC CHN group"], "2026-03-05 gongbei CHN MAC group", "refer wrong_port / admit", "open"),
        ("tour, left the group", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 hengqin MAC CHN"], "2026-03-05 hengqin CHN MAC group", "refer endorsement_lapsed / admit", "open"),
        ("tour, last day", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 hengqin MAC CHN group"], "2026-03-09T23:59 hengqin CHN MAC group", "admit until=2026-03-09 / admit until=2026-03-09", "open"),
        ("tour, over", mainland(json!([tour()])), &["2026-03-02T09:00 gongbei CHN MAC", "2026-03-04T09:00 hengqin MAC CHN group"], "2026-03-10T00:01 hengqin CHN MAC group", "refer no_entries_left / refer endorsement_expired", "open"),
        ("tour, many round trips", mainland(json!([tour()])), &["2026-03-02T09:00 hengqin CHN MAC group", "2026-03-03T09:00 hengqin MAC CHN group", "2026-03-03T12:00 hengqin CHN MAC group", "2026-03-04T09:00 hengqin MAC CHN group"], "2026-03-05 hengqin CHN MAC group", "admit left=0 until=2026-03-09 / admit left=0 until=2026-03-09", "open"),
    ]);
}

#[test]
#[rustfmt::skip] // one row, one line
fn lanes_serve_whom_their_rules_name_and_say_what_else_is_open() {
    let multi = |kind: &str| {
        mainland(json!([{"kind": kind, "destination": "HKG", "from": "2026-01-01", "entries": "multi"}]))
    };
    let aged = |who: Value, birth: &str| with(who, "/person/birth", json!(birth));
    let short = |who: Value, cm: u16| with(who, "/person/height_cm", json!(cm));
    let zone =
        || mainland(json!([{"kind": "G", "destination": "MAC", "issued": "2026-01-05", "entries": "multi"}]));
    let unregistered = || with(zone(), "/person/registered", json!(false));
    let face = "2026-03-02 shenzhen-bay CHN HKG face_only";
    check_all(&[
        ("face, S multiple", multi("S"), &[], face, "admit / admit", "open"),
        ("face, G multiple", multi("G"), &[], face, "admit / admit", "not_open_to_holder endorsement_kind code"),
        ("face, Q counted", mainland(json!([{"kind": "Q", "destination": "HKG", "from": "2026-01-01", "entries": 2}])), &[], face, "admit / admit", "not_open_to_holder endorsement_kind code"),
        ("face, endorsement of another place", mainland(json!([g_hkg(1), {"kind": "S", "destination": "MAC", "from": "2026-01-01", "entries": "multi"}])), &[], face, "admit / admit", "not_open_to_holder endorsement_kind code"),
        ("face, the multiple right is over", mainland(json!([g_hkg(1), {"kind": "S", "destination": "HKG", "from": "2025-12-01", "to": "2026-03-01", "entries": "multi"}])), &[], face, "admit / admit", "not_open_to_holder endorsement_kind code"),
        ("face, Home Return Permit", hongkonger(), &["2026-03-01T10:00 luohu HKG CHN"], face, "admit / admit", "open"),
        ("face, fifteen, alone", aged(hongkonger(), "2011-01-01"), &["2026-03-01T10:00 luohu HKG CHN"], face, "verify guardian_needed / admit", "open"),
        ("face, fifteen, guardian", aged(hongkonger(), "2011-01-01"), &["2026-03-01T10:00 luohu HKG CHN"], "2026-03-02 shenzhen-bay CHN HKG face_only guardian", "admit / admit", "open"),
        ("face, fourteenth birthday", aged(hongkonger(), "2012-03-02"), &["2026-03-01T10:00 luohu HKG CHN"], "2026-03-02 shenzhen-bay CHN HKG face_only guardian", "admit / admit", "open"),
        ("face, the day before", aged(hongkonger(), "2012-03-03"), &["2026-03-01T10:00 luohu HKG CHN"], "2026-03-02 shenzhen-bay CHN HKG face_only guardian", "admit / admit", "not_open_to_holder age manual"),
        ("face lane not yet there", hongkonger(), &["2025-11-01T10:00 luohu HKG CHN"], "2025-11-04 luohu CHN HKG face_only", "admit / admit", "not_open_to_holder no_such_lane code"),
        ("face lane there", hongkonger(), &["2025-11-01T10:00 luohu HKG CHN"], "2025-11-05 luohu CHN HKG face_only", "admit / admit", "open"),
        ("face lane nowhere", hongkonger(), &["2025-11-01T10:00 luohu HKG CHN"], "2026-03-02 west-kowloon CHN HKG face_only", "admit / admit", "not_open_to_holder no_such_lane code"),
        ("joint, six years", aged(macanese(), "2019-03-03"), &[], "2026-03-02 hengqin MAC CHN", "admit / admit", "not_open_to_holder age manual"),
        ("joint, seven years", aged(macanese(), "2019-03-02"), &[], "2026-03-02 hengqin MAC CHN guardian", "admit / admit", "open"),
        ("joint, seven years, alone", aged(macanese(), "2019-03-02"), &[], "2026-03-02 hengqin MAC CHN", "verify guardian_needed / verify guardian_needed", "open"),
        ("joint, fourteen years, alone", aged(macanese(), "2012-03-02"), &[], "2026-03-02 hengqin MAC CHN", "admit / admit", "open"),
        ("qingmao, six years, unregistered", with(aged(macanese(), "2019-03-03"), "/person/registered", json!(false)), &[], "2026-03-02 qingmao MAC CHN manual guardian", "admit / admit", "open"),
        ("qingmao, tall child, unregistered", with(aged(macanese(), "2019-03-02"), "/person/registered", json!(false)), &[], "2026-03-02 qingmao MAC CHN manual guardian", "admit / admit", "not_open_to_holder not_registered -"),
        ("qingmao, short, unregistered", with(short(macanese(), 119), "/person/registered", json!(false)), &[], "2026-03-02 qingmao MAC CHN manual", "admit / admit", "open"),
        ("qingmao, six years, passport", with(aged(macanese(), "2019-03-03"), "/person/permanent", json!(false)), &[], "2026-03-02 qingmao MAC CHN manual guardian", "admit / admit", "open"),
        ("codes between the regions, 18 January", aged(hongkonger(), "2015-01-19"), &[], "2026-01-18 hzmb-hkg-mac HKG MAC", "verify paper_needed / admit", "not_open_to_holder age manual"),
        ("codes between the regions, 19 January", aged(hongkonger(), "2015-01-19"), &[], "2026-01-19 hzmb-hkg-mac HKG MAC", "verify guardian_needed / verify guardian_needed", "open"),
        ("codes between the regions, unregistered", with(macanese(), "/person/registered", json!(false)), &[], "2025-01-19 ferry-hkg-mac MAC HKG", "admit / admit", "not_open_to_holder not_registered manual"),
        ("before codes were for both, any age", aged(macanese(), "2015-01-19"), &[], "2024-07-18 ferry-hkg-mac MAC HKG manual", "admit / admit", "open"),
        ("Hong Kong lanes, ten, before 2025", aged(hongkonger(), "2015-03-01"), &[], "2025-03-30 luohu HKG CHN", "admit / verify paper_needed", "not_open_to_holder age manual"),
        ("Hong Kong lanes, ten, since 2025", aged(hongkonger(), "2015-03-01"), &[], "2025-03-31 luohu HKG CHN guardian", "admit / verify paper_needed", "open"),
        ("Hong Kong lanes, ten, 1.09 m", short(aged(hongkonger(), "2015-03-01"), 109), &[], "2025-03-31 luohu HKG CHN", "admit / verify paper_needed", "not_open_to_holder height manual"),
        ("Hong Kong lanes, ten, 1.10 m", short(aged(hongkonger(), "2015-03-01"), 110), &[], "2025-03-31 luohu HKG CHN guardian", "admit / verify paper_needed", "open"),
        ("Hong Kong lanes, eleven, 1.05 m", short(aged(hongkonger(), "2014-03-01"), 105), &[], "2025-03-31 luohu HKG CHN guardian", "admit / admit", "open"),
        ("permit holder of fifteen, 21 December", aged(mainland(json!([{"kind": "G", "destination": "HKG", "from": "2025-12-01", "entries": 1}])), "2010-06-01"), &[], "2025-12-21 luohu CHN HKG", "admit / admit", "not_open_to_holder age manual"),
        ("permit holder of fifteen, 22 December", aged(mainland(json!([{"kind": "G", "destination": "HKG", "from": "2025-12-01", "entries": 1}])), "2010-06-01"), &[], "2025-12-22 luohu CHN HKG", "admit / admit", "open"),
        ("permit holder of six", aged(mainland(json!([{"kind": "G", "destination": "HKG", "from": "2025-12-01", "entries": 1}])), "2019-06-01"), &[], "2025-12-22 luohu CHN HKG", "admit / admit", "not_open_to_holder age manual"),
        ("Hengqin by car, before its lanes", macanese(), &[], "2024-03-17 hengqin MAC CHN by=car", "admit / admit", "not_open_to_holder no_such_lane manual"),
        ("Hengqin by car, since", macanese(), &[], "2024-03-18 hengqin MAC CHN by=car", "admit / admit", "open"),
        ("Hengqin on foot, before", macanese(), &[], "2024-03-17 hengqin MAC CHN by=foot", "admit / admit", "open"),
        ("joint, 1.19 m", short(macanese(), 119), &[], "2026-03-02 qingmao MAC CHN", "admit / admit", "not_open_to_holder height manual"),
        ("joint, 1.20 m", short(macanese(), 120), &[], "2026-03-02 qingmao MAC CHN", "admit / admit", "open"),
        ("joint, unregistered", unregistered(), &[], "2026-03-02 hengqin CHN MAC", "admit / admit", "not_open_to_holder not_registered manual"),
        ("qingmao, unregistered", unregistered(), &[], "2026-03-02 qingmao CHN MAC", "admit / admit", "not_open_to_holder not_registered -"),
        ("separate, unregistered", unregistered(), &[], "2026-03-02 gongbei CHN MAC", "admit / admit", "open"),
        ("airport", hongkonger(), &[], "2026-03-02 airports HKG MAC", "admit / admit", "not_open_to_holder no_such_lane manual"),
        ("night of the cross-border zone", macanese(), &[], "2026-03-02T05:00 cross-border-zone MAC CHN", "admit / admit", "open"),
        ("its night, resident of both", with(hongkonger(), "/documents/-", json!({"kind": "macao_bir"})), &[], "2026-03-02T05:00 cross-border-zone MAC CHN", "admit / admit", "open"),
        ("its day", macanese(), &[], "2026-03-02T08:00 cross-border-zone MAC CHN", "admit / admit", "not_open_to_holder port_reserved -"),
        ("its day, staff", with(macanese(), "/person/zone_staff", json!(true)), &[], "2026-03-02T08:00 cross-border-zone MAC CHN", "admit / admit", "open"),
        ("night elsewhere", hongkonger(), &[], "2026-03-02T03:00 luohu HKG CHN", "admit / admit", "closed hours"),
        ("not on this way", hongkonger(), &[], "2026-03-02 gongbei HKG CHN", "admit / admit", "closed wrong_port"),
        ("closed for years", hongkonger(), &[], "2026-03-02 shatoujiao HKG CHN", "admit / admit", "closed port_closed"),
        ("not on foot", hongkonger(), &[], "2026-03-02 huanggang HKG CHN by=foot", "admit / admit", "closed means"),
        ("codes of the other region", hongkonger(), &[], "2024-07-18 hzmb-hkg-mac HKG MAC", "admit / admit", "not_open_to_holder no_such_lane manual"),
    ]);
}

#[test]
fn between_the_regions_the_mainland_counts_by_notice() {
    let rules = rules();
    let mut file = mainland(json!([g_hkg(1), g_mac()]));
    file["movements"] = moves(&["2026-03-02T10:00 luohu CHN HKG"]);
    file["question"] = question("2026-03-04T10:00 hzmb-hkg-mac HKG MAC");
    let case = CaseFile::parse(&file.to_string(), &rules).unwrap();
    let answers = answer_case(&rules, &case);
    let shown = serde_json::to_value(&answers).unwrap();
    assert_eq!(
        shown["mainland_count"],
        json!({"endorsement": "g-mac-3m1", "spends": true, "entries_left": 0, "code": null})
    );
    assert!(matches!(answers.answers[0].entry.as_ref().unwrap().verdict, Verdict::Admit(_)));
    assert_eq!(shown["exit"]["authority"], "HKG");
    assert_eq!(shown["outcome"], "open");
}

#[test]
#[rustfmt::skip] // one row, one line
fn a_switch_changes_the_answer_that_rests_on_it() {
    let changed = |id: &str, value: &str| {
        Rules::load(&|file| {
            Ok((file == "switches.toml").then(|| {
                let text = include_str!("../data/switches.toml");
                let (head, tail) = text.split_once(&format!("id = \"{id}\"\nvalue = ")).unwrap();
                format!("{head}id = \"{id}\"\nvalue = {value}\n{}", tail.split_once('\n').unwrap().1)
            }))
        })
        .unwrap()
    };
    let single = || mainland(json!([g_hkg(1)]));
    let both = || mainland(json!([g_hkg(1), g_mac()]));
    let in_macao: &[&str] = &["2026-03-02T10:00 luohu CHN HKG", "2026-03-04T10:00 hzmb-hkg-mac HKG MAC"];
    let old_s = || {
        mainland(
            json!([{"kind": "S", "destination": "HKG", "issued": "2023-09-01", "to": "2024-08-31", "entries": "multi"}]),
        )
    };
    let nc = || json!({"person": {"birth": "1980-01-02", "home": "HKG", "nationality": "GBR"}, "documents": [{"kind": "hkid"}, {"kind": "home_return_permit"}]});
    let soon = || with(single(), "/documents/0/expires", json!("2026-03-05"));
    let rows: Vec<SwitchRow<'_>> = vec![
        ("stay_may_pass_endorsement_expiry", "false", single(), &[], "2026-04-09 luohu CHN HKG", "admit until=2026-04-09 / admit"),
        ("stay_may_pass_permit_expiry", "true", soon(), &[], "2026-03-02 luohu CHN HKG", "admit until=2026-03-09 / admit"),
        ("mainland_90_days_skip_entry_day", "false", nc(), &["2026-01-10T10:00 luohu HKG CHN"], "2026-04-10 luohu CHN HKG", "refer overstay / admit"),
        ("returned_between_halls_restores_entry", "true", single(), &["2026-03-02T10:00 luohu CHN HKG returned"], "2026-03-02T15:00 luohu CHN HKG", "admit left=0 / admit"),
        ("gate_must_see_tour_group", "true", mainland(json!([{"kind": "L", "destination": "HKG", "from": "2026-01-01", "entries": 1}])), &[], "2026-03-02 luohu CHN HKG", "refer not_with_group / admit"),
        ("s_stay_by_date_of_entry", "false", old_s(), &[], "2024-05-06 luohu CHN HKG", "admit until=2024-05-13 / admit"),
        ("hkg_side_trip", "false", both(), in_macao, "2026-03-06 ferry-hkg-mac MAC HKG", "admit / refer no_entries_left"),
        ("mac_side_trip", "true", both(), &["2026-03-02T10:00 gongbei CHN MAC", "2026-03-03T10:00 ferry-hkg-mac MAC HKG"], "2026-03-04 ferry-hkg-mac HKG MAC", "admit / admit left=0 until=2026-03-09"),
        ("side_trip_extra_day", "false", both(), in_macao, "2026-03-09 ferry-hkg-mac MAC HKG", "admit / admit until=2026-03-09"),
        ("hknpr_mac_stay_days", "90", with(hongkonger(), "/person/permanent", json!(false)), &[], "2026-03-02 ferry-hkg-mac HKG MAC", "admit / verify paper_needed until=2026-05-31"),
        ("hkpr_mac_stay_months", "6", hongkonger(), &[], "2026-03-02 ferry-hkg-mac HKG MAC", "admit / admit until=2026-09-02"),
        ("macpr_hkg_180_from", "\"2026-04-01\"", macanese(), &[], "2026-03-02 ferry-hkg-mac MAC HKG", "admit / admit until=2026-03-16"),
        ("macpr_hkg_visa_nationalities", "[\"IND\"]", with(macanese(), "/person/nationality", json!("IND")), &[], "2026-03-02 ferry-hkg-mac MAC HKG", "admit / refer visa_needed"),
    ];
    for (id, value, who, before, asked, expected) in rows {
        check(&changed(id, value), id, &who, before, asked, expected, "open");
    }
    let closed: &[(&str, &str, Value, &str, &str)] = &[
        ("wanzai_runs", "false", macanese(), "2026-03-02 wanzai MAC CHN", "closed port_closed"),
        ("hzmb_zhu_mac_walkers_by_day_only", "true", macanese(), "2026-03-02T22:00 hzmb-zhu-mac MAC CHN by=foot", "closed hours"),
        ("china_ferry_terminal_hours_hold", "true", hongkonger(), "2026-03-02T05:59 zhongshan HKG CHN", "closed hours"),
        ("shenzhen_bay_24h_on_31_december", "false", hongkonger(), "2027-01-01T03:00 shenzhen-bay HKG CHN", "closed hours"),
    ];
    for (id, value, who, asked, lane) in closed {
        check(&rules(), id, who, &[], asked, "admit / admit", "open");
        check(&changed(id, value), id, who, &[], asked, "admit / admit", lane);
    }
}

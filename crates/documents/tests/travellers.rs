//! What travellers found wrong, as cases of our own: each fault by its kind, not by the one input.
//!
//! A row: what it shows, the case file, and pointers into the answer with what must stand there.

#![cfg(test)]

use documents::{CaseFile, Rules, answer_case};
use serde_json::{Value, json};

type Row<'a> = (&'a str, Value, &'a [(&'a str, Value)]);

fn check(rows: &[Row<'_>]) {
    let rules = Rules::builtin().unwrap();
    for (row, case, expected) in rows {
        let case = CaseFile::parse(&case.to_string(), &rules).unwrap_or_else(|e| panic!("row {row}: {e}"));
        let answer = serde_json::to_value(answer_case(&rules, &case)).unwrap();
        for (pointer, wanted) in *expected {
            assert_eq!(answer.pointer(pointer), Some(wanted), "row {row}: {pointer}\n{answer:#}");
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "json! makes values; rows read better without a reference")]
fn mainland(documents: Value, movements: Value, question: Value) -> Value {
    json!({"person": {"birth": "1990-05-20", "home": "CHN"}, "documents": documents, "movements": movements,
        "question": question})
}

fn permit(endorsements: &Value) -> Value {
    json!({"kind": "exit_entry_permit", "endorsements": endorsements})
}

fn asked(port: &str, from: &str, to: &str, at: &str) -> Value {
    json!({"port": port, "from": from, "to": to, "at": at})
}

#[test]
fn an_overstay_follows_the_person_to_another_card_and_another_port() {
    let g = json!([{"kind": "G", "destination": "MAC", "from": "2026-01-05", "entries": "multi"}]);
    let (out, back) = (
        asked("gongbei", "CHN", "MAC", "2026-02-01T10:00:00+08:00"),
        asked("hengqin", "MAC", "CHN", "2026-02-09T10:00:00+08:00"),
    );
    let in_time = asked("hengqin", "MAC", "CHN", "2026-02-08T23:59:00+08:00");
    let two = json!([
        {"kind": "exit_entry_permit", "issued": "2020-01-01", "expires": "2026-02-20", "endorsements": g},
        {"kind": "exit_entry_permit", "issued": "2026-02-15", "endorsements": [
            {"kind": "G", "destination": "MAC", "from": "2026-02-16", "entries": 1}]}]);
    let again = asked("gongbei", "CHN", "MAC", "2026-02-20");
    let foreign = json!({"birth": "1980-01-02", "home": "HKG", "nationality": "GBR"});
    let cards = json!([{"kind": "hkid"}, {"kind": "home_return_permit", "number": "HA1234567"}]);
    check(&[
        (
            "Macao remembers, whatever the card",
            mainland(two.clone(), json!([out, back]), again.clone()),
            &[
                ("/exit/verdict", json!("admit")),
                ("/entry/verdict", json!("verify")),
                ("/entry/code", json!("overstayed_before")),
                ("/entry/day", json!("2026-02-08")),
                ("/entry/last_day", json!("2026-02-27")),
                ("/outcome", json!("measures")),
            ],
        ),
        (
            "out on the last day is no overstay",
            mainland(two.clone(), json!([out, in_time]), again),
            &[("/entry/code", json!(null)), ("/outcome", json!("open"))],
        ),
        (
            "another place is not told of it",
            mainland(
                json!([permit(&json!([
                    {"kind": "G", "destination": "MAC", "from": "2026-01-05", "entries": "multi"},
                    {"kind": "G", "destination": "HKG", "from": "2026-01-05", "entries": 1}]))]),
                json!([out, back]),
                asked("luohu", "CHN", "HKG", "2026-02-20"),
            ),
            &[("/entry/code", json!(null)), ("/outcome", json!("open"))],
        ),
        (
            "a resident of a region who overstayed in the mainland",
            json!({"person": foreign, "documents": cards, "movements": [
                    asked("luohu", "HKG", "CHN", "2026-01-10"), asked("luohu", "CHN", "HKG", "2026-04-11")],
                "question": asked("luohu", "HKG", "CHN", "2026-05-01")}),
            &[("/entry/code", json!("overstayed_before")), ("/entry/last_day", json!("2026-07-30"))],
        ),
        (
            "what an officer granted counts, not the formula",
            mainland(
                two,
                json!([{"port": "gongbei", "from": "CHN", "to": "MAC", "at": "2026-02-01", "granted_until": "2026-02-03"},
                    asked("gongbei", "MAC", "CHN", "2026-02-04")]),
                asked("gongbei", "CHN", "MAC", "2026-02-20"),
            ),
            &[("/entry/code", json!("overstayed_before")), ("/entry/day", json!("2026-02-03"))],
        ),
    ]);
}

#[test]
fn a_day_more_after_a_side_trip_passes_neither_the_permit_nor_a_known_limit() {
    let trip = json!([
        asked("luohu", "CHN", "HKG", "2026-03-02"),
        asked("ferry-hkg-mac", "HKG", "MAC", "2026-03-04")
    ]);
    let rights =
        json!([{"form": "g-hkg-3m1", "from": "2026-03-01"}, {"form": "g-mac-3m1", "from": "2026-03-01"}]);
    let card =
        |expires: &str| json!([{"kind": "exit_entry_permit", "expires": expires, "endorsements": rights}]);
    let back = |at: &str| asked("ferry-hkg-mac", "MAC", "HKG", at);
    check(&[
        (
            "the permit ends with the stay",
            mainland(card("2026-03-09"), trip.clone(), back("2026-03-09")),
            &[("/entry/last_day", json!("2026-03-09"))],
        ),
        (
            "the permit ends with the day more",
            mainland(card("2026-03-10"), trip.clone(), back("2026-03-09")),
            &[("/entry/last_day", json!("2026-03-10"))],
        ),
        (
            "the permit cut the first limit",
            mainland(card("2026-03-07"), trip, back("2026-03-07")),
            &[("/entry/last_day", json!("2026-03-07"))],
        ),
    ]);
}

#[test]
fn no_limit_is_printed_only_where_none_is() {
    let none = json!([]);
    check(&[
        (
            "no endorsement at all",
            mainland(json!([permit(&none)]), none.clone(), asked("gongbei", "CHN", "MAC", "2026-03-02")),
            &[("/exit/code", json!("no_endorsement")), ("/entry/limit", json!("unknown"))],
        ),
        (
            "an endorsement for elsewhere",
            mainland(
                json!([permit(
                    &json!([{"kind": "G", "destination": "HKG", "from": "2026-01-10", "entries": 1}])
                )]),
                none.clone(),
                asked("gongbei", "CHN", "MAC", "2026-03-02"),
            ),
            &[("/exit/code", json!("wrong_destination")), ("/entry/limit", json!("unknown"))],
        ),
        (
            "a way out without a known way in",
            mainland(json!([permit(&none)]), none.clone(), asked("luohu", "HKG", "CHN", "2026-03-02")),
            &[("/exit/code", json!("no_entry_record")), ("/exit/limit", json!("unknown"))],
        ),
        (
            "the region asked alone refuses",
            mainland(
                json!([permit(&none)]),
                none.clone(),
                json!({"port": "luohu", "from": "CHN", "to": "HKG", "at": "2026-03-02", "side": "entry"}),
            ),
            &[("/entry/verdict", json!("refer")), ("/entry/limit", json!(null))],
        ),
        (
            "who settles has no limit",
            mainland(
                json!([{"kind": "one_way_permit", "destination": "HKG", "issued": "2026-02-01"}]),
                none,
                asked("luohu", "CHN", "HKG", "2026-03-02"),
            ),
            &[("/entry/limit", json!("none")), ("/exit/limit", json!("none"))],
        ),
    ]);
}

#[test]
fn of_two_refusals_alike_the_one_that_ended_later_or_begins_sooner_is_told() {
    let ended = json!([
        {"kind": "G", "destination": "HKG", "from": "2025-03-01", "entries": 1},
        {"kind": "G", "destination": "HKG", "from": "2025-01-01", "entries": 2}]);
    let coming = json!([
        {"kind": "G", "destination": "HKG", "from": "2027-03-01", "entries": 1},
        {"kind": "G", "destination": "HKG", "from": "2027-01-01", "entries": 2}]);
    for turned in [false, true] {
        let card = |rights: &Value| {
            let mut rights = rights.as_array().unwrap().clone();
            if turned {
                rights.reverse();
            }
            json!([permit(&json!(rights))])
        };
        let asks = || asked("luohu", "CHN", "HKG", "2026-03-02");
        check(&[
            ("ended", mainland(card(&ended), json!([]), asks()), &[("/exit/day", json!("2025-05-31"))]),
            ("coming", mainland(card(&coming), json!([]), asks()), &[("/exit/day", json!("2027-01-01"))]),
        ]);
    }
}

#[test]
fn whoever_has_a_passport_alone_goes_to_the_counter_whatever_their_home() {
    let who = |home: &str, documents: Value| json!({"person": {"birth": "1980-05-20", "home": home, "nationality": "PHL", "permanent": false}, "documents": documents});
    let ask = |mut case: Value, question: Value| {
        case["question"] = question;
        case
    };
    let counter = json!("passport_at_counter");
    let passport = || json!([{"kind": "passport"}]);
    check(&[
        (
            "Macao resident to Hong Kong",
            ask(
                who("MAC", json!([{"kind": "macao_bir"}, {"kind": "passport"}])),
                asked("ferry-hkg-mac", "MAC", "HKG", "2026-03-02"),
            ),
            &[("/entry/code", counter.clone()), ("/exit/verdict", json!("admit"))],
        ),
        (
            "Macao resident to the mainland",
            ask(
                who("MAC", json!([{"kind": "macao_bir"}, {"kind": "passport"}])),
                asked("gongbei", "MAC", "CHN", "2026-03-02"),
            ),
            &[("/entry/code", counter.clone())],
        ),
        (
            "nothing but a passport, on the way out of home",
            ask(who("HKG", passport()), asked("ferry-hkg-mac", "HKG", "MAC", "2026-03-02")),
            &[
                ("/entry/code", counter.clone()),
                ("/exit/code", counter.clone()),
                ("/exit/verdict", json!("verify")),
            ],
        ),
        (
            "nothing but a passport, on the way home",
            ask(who("HKG", passport()), asked("ferry-hkg-mac", "MAC", "HKG", "2026-03-02")),
            &[
                ("/entry/code", counter.clone()),
                ("/entry/verdict", json!("verify")),
                ("/exit/code", counter.clone()),
            ],
        ),
        (
            "mainland resident in transit",
            mainland(passport(), json!([]), asked("luohu", "CHN", "HKG", "2026-03-02")),
            &[("/exit/code", counter.clone()), ("/entry/code", counter)],
        ),
    ]);
}

#[test]
fn a_printed_last_day_never_makes_an_endorsement_a_longer_one() {
    let card = |from: &str, to: &str| {
        json!([permit(
            &json!([{"kind": "T", "destination": "HKG", "from": from, "to": to, "entries": "multi"}])
        )])
    };
    check(&[
        (
            "30 November to the end of February",
            mainland(
                card("2026-11-30", "2027-02-28"),
                json!([
                    asked("luohu", "CHN", "HKG", "2026-12-01"),
                    asked("luohu", "HKG", "CHN", "2026-12-05")
                ]),
                asked("luohu", "CHN", "HKG", "2027-02-28"),
            ),
            &[("/exit/endorsement", json!("t-3mm")), ("/entry/last_day", json!("2027-03-01"))],
        ),
        (
            "31 August to 30 November",
            mainland(card("2026-08-31", "2026-11-30"), json!([]), asked("luohu", "CHN", "HKG", "2026-11-30")),
            &[("/exit/endorsement", json!("t-3mm"))],
        ),
        (
            "the corresponding day",
            mainland(card("2026-03-15", "2026-06-15"), json!([]), asked("luohu", "CHN", "HKG", "2026-06-15")),
            &[("/exit/endorsement", json!("t-3mm"))],
        ),
        (
            "what is printed shorter stands",
            mainland(card("2026-03-15", "2026-04-15"), json!([]), asked("luohu", "CHN", "HKG", "2026-04-16")),
            &[("/exit/code", json!("endorsement_expired")), ("/exit/day", json!("2026-04-15"))],
        ),
    ]);
}

#[test]
fn whoever_flew_home_from_elsewhere_may_go_out_again() {
    let card = json!([permit(&json!([{"form": "g-hkg-sz-multi-2", "from": "2026-01-10"}]))]);
    let out = asked("luohu", "CHN", "HKG", "2026-03-10");
    let away = asked("airports", "HKG", "other", "2026-03-12");
    let home = asked("airports", "other", "CHN", "2026-03-20");
    let again = || asked("luohu", "CHN", "HKG", "2026-04-10");
    let late = asked("airports", "HKG", "other", "2026-03-18");
    let resident = |movements: Value, question: Value| {
        json!({"person": {"birth": "1980-01-02", "home": "HKG"}, "documents": [{"kind": "hkid"}, {"kind": "home_return_permit"}],
            "movements": movements, "question": question})
    };
    check(&[
        (
            "both ends are told",
            mainland(card.clone(), json!([out, away, home]), again()),
            &[("/outcome", json!("open"))],
        ),
        (
            "the flight home is missing",
            mainland(card.clone(), json!([out, away]), again()),
            &[("/exit/code", json!("wrong_side")), ("/entry/code", json!(null))],
        ),
        (
            "away after the last lawful day",
            mainland(card.clone(), json!([out, late, home]), again()),
            &[("/entry/code", json!("overstayed_before")), ("/entry/day", json!("2026-03-17"))],
        ),
        (
            "a flight away is no side trip",
            mainland(
                json!([permit(
                    &json!([{"form": "g-hkg-3m1", "from": "2026-03-01"}, {"form": "g-mac-3m1", "from": "2026-03-01"}])
                )]),
                json!([out, away, asked("airports", "other", "MAC", "2026-03-14")]),
                asked("ferry-hkg-mac", "MAC", "HKG", "2026-03-15"),
            ),
            &[("/entry/code", json!("no_entries_left"))],
        ),
        (
            "a resident of a region who came home by way of elsewhere",
            resident(
                json!([
                    asked("luohu", "HKG", "CHN", "2026-03-01"),
                    asked("airports", "CHN", "other", "2026-03-02"),
                    asked("airports", "other", "HKG", "2026-03-03")
                ]),
                asked("luohu", "HKG", "CHN", "2026-03-05"),
            ),
            &[("/outcome", json!("open"))],
        ),
    ]);
}

#[test]
fn what_a_case_file_says_of_a_way_to_elsewhere_is_read_strictly() {
    let rules = Rules::builtin().unwrap();
    let file =
        |movement: Value| mainland(json!([]), json!([movement]), asked("luohu", "CHN", "HKG", "2026-04-10"));
    let refused = |case: Value| CaseFile::parse(&case.to_string(), &rules).err().unwrap();
    for (movement, path) in [
        (asked("airports", "other", "other", "2026-03-12"), "movements[0].to"),
        (asked("airports", "HKG", "JPN", "2026-03-12"), "movements[0].to"),
        (
            json!({"port": "airports", "from": "HKG", "to": "other", "at": "2026-03-12", "side": "exit"}),
            "movements[0].side",
        ),
    ] {
        assert_eq!(refused(file(movement)).path, path);
    }
    let mut question = asked("luohu", "CHN", "HKG", "2026-04-10");
    question["shown"] = json!("C12345678");
    assert_eq!(refused(mainland(json!([]), json!([]), question.clone())).path, "question.shown");
    question["shown"] = json!("exit_entry_permit");
    let two = json!([permit(&json!([])), permit(&json!([]))]);
    assert_eq!(refused(mainland(two, json!([]), question)).path, "question.shown");
    let mut to_elsewhere = asked("luohu", "CHN", "HKG", "2026-04-10");
    to_elsewhere["to"] = json!("other");
    assert_eq!(refused(mainland(json!([]), json!([]), to_elsewhere)).path, "question.to");
}

#[test]
fn papers_that_no_lane_for_codes_reads_are_answered_by_their_own_rules() {
    let resident = |birth: &str, documents: Value, movements: Value, question: Value| json!({"person": {"birth": birth, "home": "HKG"}, "documents": documents, "movements": movements, "question": question});
    let inbound = |expires: &str| json!([{"kind": "hkid"}, {"kind": "inbound_pass", "issued": "2026-03-02", "expires": expires}]);
    let north = |at: &str| asked("luohu", "HKG", "CHN", at);
    let there_and_back = json!([north("2026-03-02"), asked("luohu", "CHN", "HKG", "2026-03-03")]);
    let mut by_hand = north("2026-03-02");
    by_hand["lane"] = json!("manual");
    let child = |with: &str| json!([{"kind": "hkid"}, {"kind": with}]);
    check(&[
        (
            "a pass made at the port",
            resident("1950-01-01", inbound("2026-06-01"), json!([]), north("2026-03-02")),
            &[
                ("/entry/verdict", json!("admit")),
                ("/entry/single_entry", json!("2026-03-02")),
                ("/entry/entries_left", json!(0)),
                ("/entry/last_day", json!("2026-06-01")),
                ("/lane/why", json!("document_kind")),
                ("/outcome", json!("shut")),
                ("/counter/bring", json!(["hkid", "inbound_pass"])),
            ],
        ),
        (
            "the same at the counter",
            resident("2015-01-01", inbound("2026-06-01"), json!([]), by_hand),
            &[("/entry/verdict", json!("admit")), ("/lane/answer", json!("open"))],
        ),
        (
            "once alone",
            resident("1950-01-01", inbound("2026-06-01"), there_and_back, north("2026-03-04")),
            &[("/entry/code", json!("pass_used"))],
        ),
        (
            "a pass after a loss in the mainland leads home, not in",
            resident(
                "1950-01-01",
                json!([{"kind": "hkid"}, {"kind": "home_return_permit", "status": "lost"}, {"kind": "one_time_pass", "issued": "2026-03-02"}]),
                json!([north("2026-03-01"), asked("luohu", "CHN", "HKG", "2026-03-02")]),
                north("2026-03-03"),
            ),
            &[("/entry/code", json!("document_lost"))],
        ),
        (
            "a child with a re-entry permit",
            resident(
                "2020-01-01",
                child("reentry_permit"),
                json!([]),
                asked("ferry-hkg-mac", "HKG", "MAC", "2026-03-02"),
            ),
            &[
                ("/exit/verdict", json!("admit")),
                ("/entry/verdict", json!("admit")),
                ("/lane/why", json!("age")),
            ],
        ),
        (
            "a child with its passport of the region",
            resident(
                "2020-01-01",
                child("hksar_passport"),
                json!([]),
                asked("ferry-hkg-mac", "MAC", "HKG", "2026-03-02"),
            ),
            &[("/entry/verdict", json!("admit"))],
        ),
        (
            "a child with the identity card alone, on the way home",
            resident(
                "2020-01-01",
                json!([{"kind": "hkid"}]),
                json!([]),
                asked("ferry-hkg-mac", "MAC", "HKG", "2026-03-02"),
            ),
            &[
                ("/entry/code", json!("paper_needed")),
                ("/counter/bring", json!(["reentry_permit", "hksar_passport", "document_of_identity"])),
            ],
        ),
        (
            "eleven is old enough",
            resident(
                "2015-03-02",
                json!([{"kind": "hkid"}]),
                json!([]),
                asked("ferry-hkg-mac", "MAC", "HKG", "2026-03-02"),
            ),
            &[("/entry/code", json!("guardian_needed"))],
        ),
        (
            "a re-entry permit alone opens Macao",
            resident(
                "1990-01-01",
                json!([{"kind": "reentry_permit"}]),
                json!([]),
                asked("ferry-hkg-mac", "HKG", "MAC", "2026-03-02"),
            ),
            &[("/entry/verdict", json!("admit")), ("/entry/permit", json!("reentry_permit"))],
        ),
        (
            "an official permit",
            mainland(
                json!([{"kind": "official_permit"}]),
                json!([]),
                asked("luohu", "CHN", "HKG", "2026-03-02"),
            ),
            &[
                ("/exit/code", json!("official_at_counter")),
                ("/entry/code", json!("official_at_counter")),
                ("/lane/why", json!("document_kind")),
                ("/counter", json!({"of": "CHN", "bring": ["official_permit"]})),
            ],
        ),
        (
            "a passport in transit",
            mainland(json!([{"kind": "passport"}]), json!([]), asked("luohu", "CHN", "HKG", "2026-03-02")),
            &[("/counter", json!({"of": "CHN", "bring": ["passport"]}))],
        ),
    ]);
}

#[test]
fn the_card_that_is_shown_is_the_one_that_is_judged() {
    let student = |rights: Value, shown: Option<&str>, at: &str| {
        let mut question = asked("luohu", "CHN", "HKG", at);
        if let Some(shown) = shown {
            question["shown"] = json!(shown);
        }
        mainland(
            json!([{"kind": "hkid"}, {"kind": "exit_entry_permit", "endorsements": rights}]),
            json!([]),
            question,
        )
    };
    let stay = || json!([{"kind": "D", "destination": "HKG", "from": "2025-09-01", "to": "2026-08-31", "approved_until": "2026-06-30"}]);
    let visit = || json!([{"kind": "G", "destination": "HKG", "from": "2026-01-10", "entries": 1}]);
    let two = |shown: Option<&str>| {
        let mut question = asked("luohu", "CHN", "HKG", "2026-03-02");
        if let Some(shown) = shown {
            question["shown"] = json!(shown);
        }
        mainland(
            json!([{"kind": "exit_entry_permit", "number": "C11111111", "issued": "2020-01-01", "endorsements": visit()},
                {"kind": "exit_entry_permit", "number": "C22222222", "issued": "2026-02-01", "endorsements": visit()}]),
            json!([]),
            question,
        )
    };
    check(&[
        (
            "a student shows Hong Kong its own card",
            student(stay(), Some("hkid"), "2026-03-02"),
            &[
                ("/exit/permit", json!("exit_entry_permit")),
                ("/entry/permit", json!("hkid")),
                ("/entry/last_day", json!("2026-06-30")),
                ("/outcome", json!("open")),
            ],
        ),
        (
            "or the permit",
            student(stay(), Some("exit_entry_permit"), "2026-03-02"),
            &[("/entry/permit", json!("exit_entry_permit")), ("/entry/last_day", json!("2026-06-30"))],
        ),
        (
            "the card alone is no stay",
            student(visit(), Some("hkid"), "2026-03-02"),
            &[("/entry/code", json!("paper_needed")), ("/entry/limit", json!("unknown"))],
        ),
        (
            "what was approved is over",
            student(stay(), Some("hkid"), "2026-07-01"),
            &[("/entry/code", json!("endorsement_expired"))],
        ),
        ("of two permits the newer, unasked", two(None), &[("/outcome", json!("open"))]),
        ("the newer", two(Some("C22222222")), &[("/outcome", json!("open"))]),
        (
            "the one that it replaced",
            two(Some("C11111111")),
            &[("/exit/code", json!("document_expired")), ("/exit/day", json!("2026-01-31"))],
        ),
    ]);
}

#[test]
fn a_car_has_a_right_and_a_limit_of_its_own() {
    let driver = |question: Value| {
        mainland(
            json!([permit(
                &json!([{"kind": "G", "destination": "HKG", "from": "2025-11-01", "to": "2026-10-31", "entries": 2}])
            )]),
            json!([]),
            question,
        )
    };
    let drive = |at: &str, city: &str| {
        let mut question = asked("hzmb-hkg-zhu", "CHN", "HKG", at);
        question["vehicle"] = json!({"plates": "guangdong", "city": city});
        driver(question)
    };
    let by_luohu = {
        let mut question = asked("shenzhen-bay", "CHN", "HKG", "2026-03-02");
        question["vehicle"] = json!({"plates": "guangdong"});
        driver(question)
    };
    check(&[
        (
            "three days for the car, seven for its driver",
            drive("2026-03-02", "zhuhai"),
            &[
                ("/vehicle/scheme", json!("guangdong-city")),
                ("/vehicle/last_day", json!("2026-03-05")),
                ("/entry/last_day", json!("2026-03-09")),
                ("/outcome", json!("open")),
            ],
        ),
        (
            "to the car park first",
            drive("2025-12-22", "zhuhai"),
            &[("/vehicle/scheme", json!("guangdong-park")), ("/vehicle/last_day", json!(null))],
        ),
        (
            "not before the scheme",
            drive("2025-11-14", "zhuhai"),
            &[("/vehicle/why", json!("no_scheme")), ("/outcome", json!("shut"))],
        ),
        (
            "not from every city",
            drive("2026-03-02", "shaoguan"),
            &[("/vehicle/why", json!("city")), ("/outcome", json!("shut"))],
        ),
        ("not by every port", by_luohu, &[("/vehicle/why", json!("no_scheme"))]),
    ]);
}

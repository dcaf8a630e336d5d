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

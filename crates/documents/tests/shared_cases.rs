//! The inputs that travellers found wrong, read from the folder of shared material: each must get the answer that its
//! note asks for. The same kinds stand with cases of our own in `travellers.rs`, which needs no such folder.

#![cfg(test)]

use documents::{CaseFile, Rules, answer_case};
use serde_json::Value;

// `fail-11` leaves the flight out, for it could not be written then; `travellers.rs` holds it with its two movements.
/// A file, a pointer into its answers, and what must stand there.
type Row = (&'static str, &'static str, &'static str);

const ROWS: &[Row] = &[
    ("fail-01-overstay-forgotten", "/entry/verdict", "\"verify\""),
    ("fail-01-overstay-forgotten", "/entry/code", "\"overstayed_before\""),
    ("fail-01-overstay-forgotten", "/entry/measures", "[\"officer\"]"),
    ("fail-01-overstay-forgotten", "/entry/last_day", "\"2026-03-19\""),
    ("fail-01-overstay-forgotten", "/exit/verdict", "\"admit\""),
    ("fail-02-new-year-night", "/0/lane/why", "\"hours\""),
    ("fail-02-new-year-night", "/1/outcome", "\"open\""),
    ("fail-02-new-year-night", "/2/outcome", "\"open\""),
    ("fail-03-luohu-nights", "/0/outcome", "\"open\""),
    ("fail-03-luohu-nights", "/1/outcome", "\"open\""),
    ("fail-03-luohu-nights", "/2/outcome", "\"open\""),
    ("fail-03-luohu-nights", "/3/outcome", "\"open\""),
    ("fail-04-hkid-child", "/exit/verdict", "\"verify\""),
    ("fail-04-hkid-child", "/exit/code", "\"paper_needed\""),
    ("fail-04-hkid-child", "/lane/why", "\"age\""),
    ("fail-05-hkg-mac-code-lane", "/0/lane/why", "\"age\""),
    ("fail-05-hkg-mac-code-lane", "/1/lane/why", "\"not_registered\""),
    ("fail-06-qingmao-child", "/outcome", "\"open\""),
    ("fail-12-inbound-one-time-pass", "/lane/why", "\"document_kind\""),
    ("fail-12-inbound-one-time-pass", "/lane/open_lane", "\"manual\""),
    ("fail-12-inbound-one-time-pass", "/entry/verdict", "\"admit\""),
    ("fail-12-inbound-one-time-pass", "/entry/permit", "\"inbound_pass\""),
    ("fail-12-inbound-one-time-pass", "/entry/single_entry", "\"2026-03-02\""),
    ("fail-07-side-trip-permit-expiry", "/entry/last_day", "\"2026-03-09\""),
    ("fail-08-no-endorsement-no-limit", "/entry/limit", "\"unknown\""),
    ("fail-09a-endorsement-order", "/exit/day", "\"2026-04-01\""),
    ("fail-09b-endorsement-order", "/exit/day", "\"2026-04-01\""),
    ("fail-10-passport-code", "/entry/verdict", "\"refer\""),
    ("fail-10-passport-code", "/entry/code", "\"passport_at_counter\""),
    ("fail-month-end", "/exit/endorsement", "\"t-3mm\""),
    ("fail-month-end", "/exit/last_day", "\"2027-02-28\""),
    ("fail-month-end-default", "/outcome", "\"open\""),
];

#[test]
fn every_input_that_travellers_found_wrong_is_answered_as_its_note_asks() {
    let test = "every_input_that_travellers_found_wrong_is_answered_as_its_note_asks";
    let Some(folder) = test_support::shared(test, "faults/cases") else { return };
    let rules = Rules::builtin().unwrap();
    for (file, pointer, expected) in ROWS {
        let text = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let case = CaseFile::parse(&text, &rules).unwrap_or_else(|e| panic!("{file}: {e}"));
        let answers = serde_json::to_value(answer_case(&rules, &case)).unwrap();
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(answers.pointer(pointer), Some(&expected), "{file}{pointer}\n{answers:#}");
    }
}

//! Negative vectors (`vectors/`): bytes that a verifier must refuse, each with the code of the refusal, and some that it must
//! take. A foreign verifier runs the same files; the page beside them says how.
//!
//! `BAYPASS_WRITE_VECTORS=1` writes the files anew, with new keys, before they are read.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of a test, outside of the test functions themselves"
)]

#[path = "../bay/mod.rs"]
mod bay;
mod write;

use std::collections::BTreeSet;
use std::path::PathBuf;

use bay::{audience, elsewhere, lane_id};
use credential::cose;
use credential::message::{self, Receipt};
use credential::status::StatusListError;
use credential::{Audience, ProofWindow};
use documents::{AuthorityCode, Direction, Side, Timestamp};
use gate::check::Checker;
use gate::{GateReason, Lists, ListsError, Trusted, open_verdict};
use serde_json::Value;
use trust::{ApprovalError, Root, TrustError, TrustStore};

fn folder() -> PathBuf {
    test_support::root().join("vectors")
}

fn read(name: &str) -> Value {
    let path = folder().join(name);
    serde_json::from_slice(
        &std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
    )
    .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn word<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}"))
}

fn time(case: &Value, world: &Value) -> Timestamp {
    case.get("now").unwrap_or(&world["now"]).as_str().unwrap().parse().unwrap()
}

fn way(of: &Value) -> Direction {
    Direction::new(word(of, "from").parse().unwrap(), word(of, "to").parse().unwrap()).unwrap()
}

/// The lists of `world.json`, in force from its pinned roots.
fn lists(world: &Value) -> Lists {
    let when = time(world, world);
    let mut lists = Lists::new(TrustStore::new(&roots(world)).unwrap());
    for list in world["trust"].as_object().unwrap().values() {
        lists.take_trust(&bytes(list), when).unwrap();
    }
    for status in world["status"].as_array().unwrap() {
        let issuer: AuthorityCode = word(status, "issuer").parse().unwrap();
        let number = u8::try_from(status["list"].as_u64().unwrap()).unwrap();
        lists.take_status(issuer, number, word(status, "subject"), &bytes(&status["token"]), when).unwrap();
    }
    for bundle in world["approvals"].as_array().unwrap() {
        lists.take_approval(&bytes(bundle), when).unwrap();
    }
    lists
}

fn roots(world: &Value) -> Vec<(AuthorityCode, Root)> {
    let root = |value: &Value| {
        let keys = value["keys"].as_object().unwrap().iter().map(|(kid, key)| {
            (kid.as_bytes().to_vec(), credential::PublicKey::from_bytes(&bytes(key)).unwrap())
        });
        Root::of(usize::try_from(value["threshold"].as_u64().unwrap()).unwrap(), keys).unwrap()
    };
    world["roots"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(code, value)| (code.parse().unwrap(), root(value)))
        .collect()
}

/// Holds every case of a file to its code, and gives the codes that came up.
fn hold(name: &str, judge: impl Fn(&Value) -> String) -> BTreeSet<String> {
    let cases = read(name);
    let mut codes = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases["cases"].as_array().unwrap() {
        let (what, expected) = (word(case, "name"), word(case, "expect"));
        let found = judge(case);
        if found != expected {
            wrong.push(format!("{what}: {found} instead of {expected}"));
        }
        codes.insert(found);
    }
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    assert!(codes.contains("ok"), "{name}: whoever refuses everything would pass");
    codes
}

/// The code of one crossing code at the lane of the case, or of the world.
fn check(case: &Value, world: &Value, lists: &Lists, elsewhere: Vec<Audience>) -> String {
    let (when, lane) = (time(case, world), case.get("lane").unwrap_or(&world["lane"]));
    let side = lane.get("side").map(|side| if side == "exit" { Side::Exit } else { Side::Entry });
    let here = audience(word(lane, "port"), way(lane), side);
    let checker = Checker::new(lane_id("one"), here, ProofWindow::default(), elsewhere);
    let mut replay = checker.replay_cache(when);
    let mut scratch = Vec::new();
    let checked = checker.check(word(case, "text"), &mut scratch, lists, &mut replay, when);
    checked.map_or_else(|reason| reason.code().to_owned(), |_| "ok".to_owned())
}

/// The codes of paper passes, in their own world.
fn paper() -> BTreeSet<String> {
    let world = read("paper.json")["world"].clone();
    let lists = lists(&world);
    let mut elsewhere = elsewhere();
    elsewhere.push(audience("hzmb-hkg-mac", Direction::new(bay::Mac, bay::Chn).unwrap(), None));
    hold("paper.json", |case| check(case, &world, &lists, elsewhere.clone()))
}

#[test]
fn every_vector_gets_its_code() {
    if std::env::var("BAYPASS_WRITE_VECTORS").is_ok_and(|word| word == "1") {
        write::write();
    }
    let world = read("world.json");
    let lists = lists(&world);

    let codes = hold("crossing-codes.json", |case| check(case, &world, &lists, elsewhere()));
    // What hangs on lists that are old, or on what was seen before, is no matter of one code's bytes.
    let elsewhere = [
        GateReason::ReplayedElsewhere,
        GateReason::TokenSpentHere,
        GateReason::CodeUnreadable,
        GateReason::PaperAtOtherLane,
        GateReason::PaperUsed,
    ];
    let codes: BTreeSet<String> = codes.union(&paper()).cloned().collect();
    for reason in GateReason::ALL {
        let of_code = reason.finder() == gate::Finder::Check && !elsewhere.contains(reason);
        assert!(!of_code || codes.contains(reason.code()), "no vector for {}", reason.code());
    }

    let codes = hold("verdicts.json", |case| {
        let (when, authority) = (time(case, &world), word(case, "authority").parse().unwrap());
        match open_verdict(&bytes(&case["bytes"]), Side::Exit, authority, &lists, when) {
            Err(reason) => reason.code().to_owned(),
            Ok((verdict, _)) if verdict.request.as_bytes().as_slice() != bytes(&case["request"]) => {
                GateReason::VerdictOtherRequest.code().to_owned()
            }
            Ok((verdict, _))
                if verdict.valid_until <= when || verdict.valid_until.seconds_since(when) > 70 =>
            {
                GateReason::VerdictExpired.code().to_owned()
            }
            Ok(_) => "ok".to_owned(),
        }
    });
    for reason in [
        GateReason::VerdictMalformed,
        GateReason::VerdictKey,
        GateReason::VerdictSignature,
        GateReason::VerdictAuthority,
        GateReason::VerdictOtherRequest,
        GateReason::VerdictExpired,
    ] {
        assert!(codes.contains(reason.code()), "no vector for {}", reason.code());
    }

    hold("receipts.json", |case| {
        let (when, authority) = (time(case, &world), word(case, "authority").parse().unwrap());
        let (receipt, sent) = (bytes(&case["bytes"]), bytes(&case["sent"]));
        let Ok(kid) = message::kid(&receipt) else { return "refused".to_owned() };
        let Ok(key) = lists.verdict_key(authority, kid, when) else { return "refused".to_owned() };
        Receipt::open(&receipt, key, authority, &sent, when)
            .map_or_else(|_| "refused".to_owned(), |_| "ok".to_owned())
    });

    hold("trust-lists.json", |case| {
        let mut lists = lists.clone();
        lists
            .take_trust(&bytes(&case["bytes"]), time(case, &world))
            .map_or_else(|error| list_code(&error).to_owned(), |_| "ok".to_owned())
    });
    hold("status-lists.json", |case| {
        let mut lists = lists.clone();
        let (issuer, when) = (word(case, "issuer").parse().unwrap(), time(case, &world));
        lists
            .take_status(issuer, 0, word(case, "subject"), &bytes(&case["bytes"]), when)
            .map_or_else(|error| list_code(&error).to_owned(), |_| "ok".to_owned())
    });
    hold("approvals.json", |case| {
        let mut lists = lists.clone();
        lists
            .take_approval(&bytes(&case["bytes"]), time(case, &world))
            .map_or_else(|error| list_code(&error).to_owned(), |()| "ok".to_owned())
    });
}

/// The vectors' word for a refused list; they stand in `vectors/README.md`.
fn list_code(error: &ListsError) -> &'static str {
    match error {
        ListsError::Trust(error) => trust_code(error),
        ListsError::Status(error) => match error {
            StatusListError::Cose(cose::CoseError::Signature) => "signature",
            StatusListError::Subject => "other_list",
            StatusListError::Inflate(_) => "inflate",
            StatusListError::Cose(_)
            | StatusListError::Claims(_)
            | StatusListError::Type
            | StatusListError::Bits => "malformed",
        },
        ListsError::NoKey => "malformed",
        ListsError::StatusRollback { .. } => "rolled_back",
        ListsError::StatusFuture { .. } => "from_future",
        ListsError::Approval(error) => match error {
            ApprovalError::Form(_) | ApprovalError::Message(message::MessageError::Payload(_)) => "malformed",
            ApprovalError::Message(message::MessageError::NoKey) => "malformed",
            ApprovalError::Message(message::MessageError::Cose(cose::CoseError::Signature)) => "signature",
            ApprovalError::Message(message::MessageError::Cose(_)) => "malformed",
            ApprovalError::Trust(error) => trust_code(error),
            ApprovalError::Field { .. } => "field",
            ApprovalError::UnknownClaim { .. } => "unknown_claim",
            ApprovalError::Unsigned(_) => "unsigned",
            ApprovalError::Different => "different",
            ApprovalError::Rollback { .. } => "rolled_back",
            ApprovalError::NotCovered { .. } => "not_covered",
        },
    }
}

fn trust_code(error: &TrustError) -> &'static str {
    match error {
        TrustError::Message(_) | TrustError::Form(_) | TrustError::Key(_) => "malformed",
        TrustError::Authority { .. } => "other_authority",
        TrustError::Signatures { .. } => "signature",
        TrustError::RootNotAnnounced { .. } => "root_not_announced",
        TrustError::RootTooWeak { .. } => "root_too_weak",
        TrustError::Rollback { .. } => "rolled_back",
        TrustError::OtherRoot { .. } => "other_root",
        TrustError::Future => "from_future",
        TrustError::NoList(_)
        | TrustError::UnknownKey { .. }
        | TrustError::WrongRole { .. }
        | TrustError::NotYet { .. }
        | TrustError::Expired { .. }
        | TrustError::Compromised { .. } => "key",
    }
}

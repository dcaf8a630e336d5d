//! The demo, as a newcomer runs it: every crossing passes, every cheat gets its own code, every ledger counts once; then
//! it stays up, shows its pages, and ends at Ctrl-C with every process that it started.

#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_demo_crosses_three_borders_refuses_every_cheat_stays_up_and_ends_cleanly() {
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    // Where the pages are built; what stands in them is the browser's matter.
    let built = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(built.path().join("web/kiosk/dist")).unwrap();
    for file in ["web/package.json", "web/kiosk/dist/kiosk.html"] {
        std::fs::write(built.path().join(file), "{}").unwrap();
    }
    let started = Command::new(env!("CARGO_BIN_EXE_baypass"))
        .current_dir(built.path())
        .args(["demo", "--json", "--base-port", "0", "--models"])
        .arg(models.canonicalize().unwrap_or(models))
        .stdout(Stdio::piped())
        .spawn();
    let mut demo = Ended(started.unwrap());
    let mut lines = BufReader::new(demo.0.stdout.take().unwrap()).lines();
    let mut text = String::new();
    for line in lines.by_ref().map(Result::unwrap).take_while(|line| !line.contains("The Bay stays up")) {
        text += &line;
        text += "\n";
    }
    assert!(!text.is_empty(), "the tour ended with {:?}", demo.0.wait());
    the_tour(&serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")));

    let mut addresses = Vec::new();
    for line in lines.by_ref().map(Result::unwrap).take_while(|line| !line.contains("data in")) {
        addresses
            .extend(line.split_whitespace().filter(|word| word.starts_with("http://")).map(str::to_owned));
    }
    assert_eq!(addresses.len(), 3 * 2 + 4, "three services with their API pages, four gates: {addresses:?}");
    for address in &addresses {
        let page = reqwest::get(address).await.unwrap();
        assert_eq!(page.status().as_u16(), 200, "{address}");
    }
    let file = lines.by_ref().map(Result::unwrap).find_map(|line| {
        let file = line.trim().strip_prefix("pages           test accounts, with what opens each once: ")?;
        Some(file.to_owned())
    });
    opens_with_each_code(&std::fs::read_to_string(file.unwrap()).unwrap(), &addresses).await;
    let interrupt = Command::new("kill").args(["-INT", &demo.0.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert!(demo.0.wait().unwrap().success(), "{rest:?}");
    for address in &addresses {
        assert!(reqwest::get(address).await.is_err(), "{address} still answers");
    }
}

/// Each officer's page has a code for the gate, and one for their authority, which the demo needed itself a moment before.
async fn opens_with_each_code(pages: &str, addresses: &[String]) {
    let client = reqwest::Client::new();
    let mut opened = 0;
    for line in pages.lines().filter(|line| line.trim().starts_with("officer ")) {
        let words: Vec<_> = line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
        let codes: Vec<_> =
            words.windows(2).filter(|pair| pair[0] == "code").map(|pair| pair[1].to_owned()).collect();
        let [at_gate, at_authority] = codes.try_into().unwrap();
        let (side, page) = (words[1], words[2]);
        let gate = page.split("/officer/").next().unwrap();
        let of_side = ["CHN", "HKG", "MAC"].iter().position(|code| *code == side).unwrap();
        for (address, code) in [
            (format!("{gate}/v1/officers/{side}/sessions"), at_gate),
            (format!("{}/v1/officers/sessions", addresses[of_side * 2]), at_authority),
        ] {
            let asked =
                client.post(&address).header("origin", gate).json(&serde_json::json!({ "code": code }));
            let answer = asked.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 201, "{address}: {}", answer.text().await.unwrap());
            opened += 1;
        }
    }
    assert_eq!(opened, 4, "both sides of one lane: {pages}");
}

#[path = "../src/command/bench/cluster.rs"]
mod cluster;

#[test]
fn the_tour_is_the_same_on_postgresql_and_drops_the_databases_that_it_made() {
    let folder = tempfile::Builder::new().prefix("baypass-pg-").tempdir().unwrap().keep();
    let cluster = match cluster::Cluster::start(&folder, false) {
        Ok(cluster) => cluster,
        Err(why) => return test_support::skip("the tour on PostgreSQL", &why),
    };
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let toured = Command::new(env!("CARGO_BIN_EXE_baypass"))
        .args(["demo", "--tour-only", "--json", "--models"])
        .arg(models)
        .args(["--database-url", &cluster.url("tour_{authority}")])
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&toured.stdout), String::from_utf8_lossy(&toured.stderr));
    assert!(toured.status.success(), "{complained}: {}", wrong(&said));
    the_tour(&serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")));
    let left = cluster.run("psql", "postgres", &["-At", "-c", "SELECT datname FROM pg_database ORDER BY 1"]);
    let left = String::from_utf8(left.unwrap()).unwrap();
    assert_eq!(left.lines().collect::<Vec<_>>(), ["postgres", "template0", "template1"]);
}

/// What did not end as it must, of the tour's own account.
fn wrong(said: &str) -> String {
    let Ok(tour) = serde_json::from_str::<Value>(said) else { return said.to_owned() };
    let all = ["crossings", "attempts"].map(|list| tour[list].as_array().cloned().unwrap_or_default());
    let wrong = all.concat().into_iter().filter(|one| {
        let passed = one["expected"].is_null();
        one["outcome"] != if passed { "passed" } else { "not_passed" }
            || (!passed && one["code"] != one["expected"])
    });
    wrong.map(|one| one.to_string()).collect::<Vec<_>>().join("\n")
}

fn the_tour(tour: &Value) {
    let crossings = tour["crossings"].as_array().unwrap();
    let mut pairs: Vec<_> = crossings.iter().map(|c| format!("{}-{}", c["from"], c["to"])).collect();
    let mut homes: Vec<_> = crossings.iter().map(|c| c["home"].to_string()).collect();
    let mut ports: Vec<_> = crossings.iter().map(|c| c["port"].to_string()).collect();
    for list in [&mut pairs, &mut homes, &mut ports] {
        list.sort();
        list.dedup();
    }
    assert_eq!(
        (pairs.len(), homes.len(), ports.len()),
        (6, 3, 4),
        "every ordered pair, every home, every port"
    );
    for crossing in crossings {
        assert_eq!(crossing["outcome"], "passed", "{crossing}");
        assert_eq!(crossing["exit"]["verdict"], "admit", "{crossing}");
        assert_eq!(crossing["entry"]["verdict"], "admit", "{crossing}");
        for stage in ["read", "check", "face", "clear", "total"] {
            assert!(crossing["ms"][stage].as_f64().unwrap() > 0.0, "{stage}: {crossing}");
        }
    }
    let second = crossings.iter().filter(|c| c["second_photograph"] == true && c["officer"] == false).count();
    assert!(second >= 1, "a real second photograph was admitted without an officer");
    the_desks(tour);
    let attempts = tour["attempts"].as_array().unwrap();
    for attempt in attempts {
        assert_eq!(attempt["code"], attempt["expected"], "{attempt}");
        assert_eq!(attempt["outcome"], "not_passed", "{attempt}");
    }
    for code in [
        "no_entries_left",
        "week_used",
        "wrong_destination",
        "endorsement_not_yet_valid",
        "document_expired",
        "risk_check",
        "face_mismatch",
        "face_unsure",
        "proof_stale",
        "proof_from_future",
        "replayed_elsewhere",
        "code_for_elsewhere",
        "code_other_system",
        "code_cut",
        "code_too_long",
        "code_malformed",
        "proof_signature",
        "token_signature",
        "issuer_unknown",
        "wrong_key_role",
        "part_mismatch",
        "part_unreadable",
        "token_spent",
        "possession_invalid",
        "nothing_held",
        "unknown_person",
        "work_required",
        "no_pass",
        "invalid_dpop_proof",
        "key_not_trusted",
        "gate_outside_binding",
        "token_expired",
        "not_approved",
        "face_not_live",
        "verdict_other_request",
        "authority_silent",
        "counted_once",
        "status_too_old",
        "status_list_rolled_back",
        "approval_rolled_back",
        "trust_list_rolled_back",
        "token_revoked",
        "claim_not_approved",
        "request_unknown",
        "presentation_disclosure_without_hash",
        "approval_withdrawn",
        "pages_disagree",
        "page_mismatch",
        "document_lost",
        "paper_not_today",
        "paper_other_direction",
        "paper_document",
    ] {
        assert!(attempts.iter().any(|attempt| attempt["code"] == code), "nobody tried {code}");
    }
    // What the ledgers must hold follows from the crossings and from the honest steps between the cheats: 21 crossings, two of them by card and two on paper,
    // three halves at Shenzhen Bay, two at Gongbei of somebody who was asked for their card and came back over Hengqin, one trip of Hengqin before each cheat that needs one, and four crossings there with a cheat
    // on the wire who can change nothing; then a trip at Hengqin of somebody who was asked for more each way, and three halves at Shenzhen Bay
    // of three people with one phone.
    let ledgers = &tour["ledgers"];
    assert_eq!(ledgers["CHN"]["notices"], 1, "Hong Kong to Macao is told to the mainland once");
    let passages =
        |code: &str| ledgers[code]["exits"].as_u64().unwrap() + ledgers[code]["entries"].as_u64().unwrap();
    assert_eq!(passages("CHN") + passages("HKG") + passages("MAC"), 70, "{ledgers}");
}

/// A hotel and a building by pass, a family of four, both by card; and two books that have nothing in common.
fn the_desks(tour: &Value) {
    let registrations = tour["registrations"].as_array().unwrap();
    for one in registrations {
        assert_eq!(one["outcome"], "registered", "{one}");
    }
    let told: Vec<_> = registrations
        .iter()
        .map(|one| (one["venue"].as_str().unwrap(), one["by"].as_str().unwrap()))
        .collect();
    let (hotel, tower) = ("specimen-hotel-zhuhai", "specimen-tower-shenzhen");
    let family = ("specimen-hotel-macao", "pass and card");
    let library = "specimen-library-shenzhen";
    let by_pass = [(hotel, "pass"), (tower, "pass"), (library, "pass"), (library, "pass")];
    let by_card = [(hotel, "card"), (tower, "card"), (library, "card"), family];
    assert_eq!(told, [by_pass, by_card].concat());
    let books = &tour["books"];
    assert!(books["values"].as_array().unwrap().iter().all(|count| count.as_u64().unwrap() > 10), "{books}");
    assert_eq!((&books["common"], &books["in_plain"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(books["told_to_the_police"], 4, "each guest once: {books}");
}

//! Every command that writes at a party leaves its line in that party's record of acts, with who gave it.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of other tests")]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod before;

use std::collections::BTreeSet;

use bay::{Folder, people};
use serde_json::{Value, json};
use test_support::SignerChain;

/// Commands that change nothing at a party: they show, judge, measure, or write a file of their own that counts for nothing
/// before another command takes it.
const READ: &[&str] = &[
    "appeal list",
    "approval list",
    "bench check",
    "bench desk",
    "bench face",
    "bench ledger",
    "bench presentation",
    "bench risk",
    "bench status",
    "appeal list",
    "code inspect",
    "desk list",
    "doctor",
    "face attack",
    "face evaluate",
    "face fit-occlusion",
    "keys list",
    "ledger list",
    "may-cross",
    "officer acts",
    "officer list",
    "reservations list",
    "resident carer list",
    "resident enrolments",
    "resident list",
    "risk explain",
    "risk replay",
    "risk report",
    "risk show",
    "risk test",
    "risk versions",
    "rules report",
    "simulate",
    "suspension list",
    "tls list",
    "trust draft",
    "trust list",
    "trust new-key",
    "trust show",
];

/// What holders and travellers do themselves: it stands in their own data and in the ledger, and nobody in office did it.
const HOLDERS: &[&str] = &[
    "lane document",
    "lane scan",
    "wallet credentials",
    "wallet enrol",
    "wallet hold",
    "wallet maker",
    "wallet present",
    "wallet receipts",
    "wallet receive",
    "wallet register",
    "wallet second-enrolment",
    "wallet show",
];

/// Processes that serve, whose doors have records of their own, and the play that starts them.
const SERVE: &[&str] = &["authority serve", "demo", "desk serve", "gate serve"];

/// Every command that has no further commands, as the program's own help names them.
fn leaves(folder: &Folder, above: &[&str]) -> Vec<String> {
    let help = folder.run(&[above, &["--help"]].concat()).code(0).out();
    let Some((_, commands)) = help.split_once("\nCommands:\n") else { return vec![above.join(" ")] };
    let names = commands.lines().take_while(|line| !line.is_empty());
    // A description that goes on is indented further.
    let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.flat_map(|name| leaves(folder, &[above, &[name]].concat())).collect()
}

/// Whose record, as `officer acts` takes it.
type Record = [&'static str; 2];

const CHN: Record = ["--authority", "CHN"];
const HKG: Record = ["--authority", "HKG"];
const GATES: Record = ["--port", "hengqin"];
const SUPERVISORS: Record = ["--supervisors", "CHN"];
const DESK: Record = ["--venue", "specimen-hotel-macao"];
const READER: Record = ["--venue", "specimen-hotel-hong-kong"];

fn acts(folder: &Folder, of: Record) -> Vec<Value> {
    let shown = folder.run(&[&["officer", "acts", "--dir", "DIR", "--json"], &of[..]].concat());
    shown.code(0).json().as_array().unwrap().clone()
}

/// One command, where its act stands, and the word of the act.
struct Step {
    line: Vec<String>,
    records: Vec<Record>,
    act: &'static str,
    ends: i32,
}

fn step(line: &str, records: &[Record], act: &'static str) -> Step {
    let line = line.split_whitespace().map(str::to_owned).collect();
    Step { line, records: records.to_vec(), act, ends: 0 }
}

impl Step {
    /// What the command comes to is refused; that it was given stands there all the same.
    fn refused(self) -> Self {
        Self { ends: 2, ..self }
    }
}

fn steps(account: &str) -> Vec<Step> {
    let resident = "resident add --dir DIR --home HKG --name SPECIMEN --birth 1990-05-06 --id A123456(3) \
                    --permit H12345678 --photo photo.jpg";
    vec![
        step(resident, &[CHN, HKG], "add_resident"),
        step(
            "resident add --dir DIR --home HKG --name SPECIMEN-CHILD --birth 2022-03-04 --id B765432(A) \
             --permit H23456789 --photo photo.jpg",
            &[CHN, HKG],
            "add_resident",
        ),
        step(
            "resident carer add --dir DIR --resident 2 --carer 1 --ground parent",
            &[CHN, HKG],
            "add_carer",
        ),
        step("resident carer end --dir DIR --resident 2", &[CHN, HKG], "end_carer"),
        step("resident invite --dir DIR --resident 1", &[CHN, HKG], "invite"),
        step("resident invite --dir DIR --authority HKG --number A123456(3)", &[HKG], "invite"),
        step(
            "resident decide-enrolment --dir DIR --authority HKG --number A123456(3) --accept",
            &[HKG],
            "decide_enrolment",
        )
        .refused(),
        step("resident re-enrol --dir DIR", &[CHN, HKG], "renew_templates"),
        step("resident watch --dir DIR --resident 1", &[CHN, HKG], "watch"),
        step("resident look-alike --dir DIR --resident 1", &[CHN, HKG], "mark_look_alike"),
        step("resident look-alike --dir DIR --resident 1 --end", &[CHN, HKG], "mark_look_alike"),
        step(
            "resident paper --dir DIR --resident 1 --port shenzhen-bay --to CHN --out sheet.svg",
            &[CHN, HKG],
            "issue_paper",
        ),
        step("resident end-papers --dir DIR --resident 1", &[CHN, HKG], "end_papers"),
        step("resident end-pass --dir DIR --resident 1", &[CHN, HKG], "end_pass"),
        step(
            "resident replace --dir DIR --resident 1 --document H12345678 --number H12345678 --expires 2036-05-06",
            &[CHN],
            "replace_document",
        ),
        step("resident lose --dir DIR --resident 1", &[CHN, HKG], "lose_document"),
        step("resident erase --dir DIR --resident 1", &[CHN, HKG], "erase_resident"),
        step(
            "ledger rejoin --dir DIR --authority CHN --gate hengqin/CHN-MAC --number 7",
            &[CHN],
            "rejoin_gate",
        ),
        step(
            "reservations settle --dir DIR --authority CHN --id 00112233445566778899aabbccddeeff --as noted \
             --officer Specimen --reason none",
            &[CHN],
            "settle",
        )
        .refused(),
        step("risk activate --dir DIR --authority CHN", &[SUPERVISORS], "sign_risk_rules"),
        step("risk rollback --dir DIR --authority CHN", &[SUPERVISORS], "sign_risk_rules"),
        step(
            "appeal add --dir DIR --authority CHN --words me 00112233445566778899aabbccddeeff",
            &[CHN],
            "add_appeal",
        )
        .refused(),
        step(
            "appeal answer --dir DIR --authority CHN --as failed --answer no --officer One 00112233445566778899aabbccddeeff",
            &[CHN],
            "answer_appeal",
        )
        .refused(),
        step(
            "suspension decide --dir DIR --authority CHN --as lift --note none --officer One 00112233445566778899aabbccddeeff",
            &[CHN],
            "decide_suspension",
        )
        .refused(),
        step("gate adopt --dir DIR --port hengqin --note disk", &[GATES], "adopt_chain"),
        step("gate pair --dir DIR --port hengqin --lane CHN-MAC --code-file pair", &[GATES], "pair_kiosk"),
        step(
            "officer add --dir DIR --authority CHN --role auditor --name Two --code-file two",
            &[CHN],
            "account_add",
        ),
        step(
            &format!("officer code --dir DIR --authority CHN --account {account} --code-file code"),
            &[CHN],
            "account_code",
        ),
        step(&format!("officer lock --dir DIR --authority CHN --account {account}"), &[CHN], "account_lock"),
        step(
            &format!("officer unlock --dir DIR --authority CHN --account {account}"),
            &[CHN],
            "account_unlock",
        ),
        step("approval withdraw --dir DIR --id SPECIMEN-CHN-HKG", &[SUPERVISORS], "sign_approval"),
        step("approval add --dir DIR --file approval.json", &[SUPERVISORS], "sign_approval"),
        step(
            "desk request --dir DIR --venue specimen-hotel-macao --out request.txt",
            &[DESK],
            "sign_request",
        ),
        // The engagement of ISO/IEC 18013-5, annex D; nobody listens there.
        step(
            "desk read --dir DIR --venue specimen-hotel-hong-kong --connect 127.0.0.1:1 --engagement \
             mdoc:owBjMS4wAYIB2BhYS6QBAiABIVggWojRgrzl9C76WZQ_MzWdLoqWj_KJ2T5fpES2JDQxZ_4iWCCxboz4WN3HaQQHumHUwzgjeoz8895qpnL8YKVXqjL8ZwKBgwIBowD0AfULUEXv73QrLEg3qaOw4dBaaRc",
            &[READER],
            "sign_request",
        )
        .refused(),
        step("keys rotate --dir DIR --authority CHN --role token --lead 0", &[CHN], "rotate_key"),
        step("keys rotate --dir DIR --port hengqin --lead 0", &[GATES], "rotate_key"),
        step("keys retire --dir DIR --authority CHN --keep 0", &[CHN], "retire_key"),
        step("keys rotate --dir DIR --authority CHN --role approval --lead 0", &[SUPERVISORS], "rotate_key"),
        step("approval renew --dir DIR", &[SUPERVISORS], "sign_approval"),
        step("risk renew --dir DIR --authority CHN", &[SUPERVISORS], "sign_risk_rules"),
        step(
            "authority renew-root --dir DIR --authority HKG --issuer https://hkg.example",
            &[HKG],
            "renew_issuer_root",
        ),
        step(
            "authority replace-key --dir DIR --authority HKG --key signer --compromised",
            &[HKG],
            "replace_issuer_key",
        ),
        step("authority replace-master --dir DIR --authority HKG", &[HKG], "replace_master_key"),
        step("tls renew --dir DIR --authority CHN --lead 0", &[CHN], "renew_tls"),
        step("tls retire --dir DIR --authority CHN", &[CHN], "retire_tls"),
        step("trust renew --dir DIR --authority CHN", &[SUPERVISORS], "publish_trust_list"),
        step("trust compromise --dir DIR --authority CHN --role notice", &[SUPERVISORS], "list_compromised"),
        step("trust draft --dir DIR --authority CHN --out next", &[], ""),
        step(
            "trust sign --dir DIR --draft next --key bay/supervisors/CHN/1/keys/root.key --out 1.sig",
            &[SUPERVISORS],
            "sign_trust_list",
        ),
        step(
            "trust sign --dir DIR --draft next --key bay/supervisors/CHN/2/keys/root.key --out 2.sig",
            &[SUPERVISORS],
            "sign_trust_list",
        ),
        step(
            "trust publish --dir DIR --draft next --signature 1.sig --signature 2.sig",
            &[SUPERVISORS],
            "publish_trust_list",
        ),
        step("trust add-issuer --dir DIR --authority CHN --file issuer.json", &[SUPERVISORS], "add_issuer"),
        step("trust remove-issuer --dir DIR --authority CHN --name hk-identity", &[SUPERVISORS], "remove_issuer"),
        step("trust add-verifier --dir DIR --authority CHN --file verifier.json", &[SUPERVISORS], "add_verifier"),
        step("trust remove-verifier --dir DIR --authority CHN --name hk-ministry", &[SUPERVISORS], "remove_verifier"),
        step("trust announce --dir DIR --authority CHN", &[SUPERVISORS], "announce_root"),
        step("trust rotate --dir DIR --authority CHN", &[SUPERVISORS], "rotate_root"),
        step(
            "trust adopt-root --dir DIR --authority CHN --from-list",
            &[CHN, HKG, GATES, SUPERVISORS],
            "adopt_root",
        ),
    ]
}

/// Runs a step as an operator whom no other step has; their act stands in each record.
fn leaves_its_act(folder: &Folder, step: &Step, actor: &str) {
    let line: Vec<&str> = step.line.iter().map(String::as_str).collect();
    folder.run(&[&line[..], &["--actor", actor]].concat()).code(step.ends);
    for of in &step.records {
        let whose = Value::from(format!("operator:{actor}"));
        let acts = acts(folder, *of);
        let found = acts.iter().any(|act| act["actor"] == whose && act["act"] == step.act);
        assert!(found, "`{}` left no {} at {of:?}: {acts:?}", line.join(" "), step.act);
    }
}

#[test]
fn every_command_that_writes_leaves_its_act_with_its_actor() {
    let folder = Folder::new();
    folder.run(&["init", "DIR", "--actor", "maker"]).code(0);
    for of in [CHN, HKG, GATES, SUPERVISORS] {
        assert!(acts(&folder, of).iter().any(|act| act["actor"] == "operator:maker"), "{of:?}");
    }
    let (portrait, _) = people(1).remove(0);
    folder.write("photo.jpg", &portrait);
    let approval = folder.run(&["approval", "list", "--dir", "DIR", "--json"]).json();
    let approval = approval["approvals"].as_array().unwrap().iter().find(|a| a["id"] == "SPECIMEN-CHN-HKG");
    let mut approval = approval.unwrap().clone();
    for shown_alone in ["scenario", "in_force", "number", "withdrawn"] {
        approval.as_object_mut().unwrap().remove(shown_alone);
    }
    folder.write("approval.json", approval.to_string().as_bytes());
    let issuer = json!({
        "name": "hk-identity", "jurisdiction": "HK", "types": ["mdoc:org.iso.23220.photoID.1"], "documents": ["hkid"],
        "to": "2028-12-31", "certificate": SignerChain::new("Identities", &["id.example"], None).root_pem,
    });
    folder.write("issuer.json", issuer.to_string().as_bytes());
    let verifier = json!({
        "name": "hk-ministry", "jurisdiction": "HK", "types": ["mdoc:org.iso.23220.photoID.1"], "to": "2028-12-31",
        "certificate": SignerChain::new("Ministry", &["ministry.example"], None).root_pem,
    });
    folder.write("verifier.json", verifier.to_string().as_bytes());
    folder.write("bay/gates/hengqin/kiosk.txt", b"kiosk CHN-MAC http://localhost:1/kiosk/CHN-MAC\n");
    #[rustfmt::skip]
    let one = folder.run(&[
        "officer", "add", "--dir", "DIR", "--authority", "CHN", "--role", "auditor", "--name", "One", "--code-file", "one",
    ]);
    let account = one.code(0).out().trim().to_owned();

    let mut done: BTreeSet<String> = ["init".to_owned()].into();
    for (number, step) in steps(&account).iter().enumerate() {
        leaves_its_act(&folder, step, &format!("clerk-{number}"));
        if !step.records.is_empty() {
            let words: Vec<_> =
                step.line.iter().take_while(|word| !word.starts_with("--")).cloned().collect();
            done.insert(words.join(" "));
        }
    }
    let before = Folder::new();
    before.init();
    before::one_list_key(&before);
    leaves_its_act(
        &before,
        &step("trust upgrade --dir DIR", &[CHN, GATES, SUPERVISORS], "adopt_root"),
        "clerk",
    );
    done.insert("trust upgrade".to_owned());

    // Every command is one of these, so a new one that writes has to be tried above.
    let known: BTreeSet<String> =
        [READ, HOLDERS, SERVE].concat().iter().map(|name| (*name).to_owned()).chain(done).collect();
    let all: BTreeSet<String> = leaves(&folder, &[]).into_iter().collect();
    assert_eq!(all.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "not tried here");
    assert_eq!(
        known.difference(&all).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "there are no such commands"
    );
}

#[test]
fn an_act_names_the_user_of_the_operating_system_where_nobody_else_is_named_and_never_a_person() {
    let folder = Folder::new();
    folder.init();
    let (portrait, _) = people(1).remove(0);
    folder.write("photo.jpg", &portrait);
    let add = &steps("")[0];
    let line: Vec<&str> = add.line.iter().map(String::as_str).collect();
    folder.run(&line).code(0);
    let user =
        String::from_utf8(std::process::Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    for act in acts(&folder, HKG) {
        assert_eq!(act["actor"], format!("operator:{}", user.trim()));
    }
    let text = std::fs::read_to_string(folder.dir().join("authorities/HKG/officers.acts")).unwrap();
    assert!(
        text.contains("add_resident") && !text.contains("A123456") && !text.contains("SPECIMEN"),
        "{text}"
    );
    let two_words = folder.run(&[&line[..], &["--actor", "two words"]].concat());
    two_words.told(&["1 to 64 letters"]);
}

//! Signing keys of a whole installation: in a hardware module, and one after another while everything runs.

#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a test is an HTTP client of its own")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]

mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod parties;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use authority::{status_list_number, status_name};
use bay::{Folder, people};
use credential::status::{SignedStatusList, list_kid};
use documents::AuthorityCode::Mac;
use gate::{Clock, SystemClock};
use parties::{MacaoAndHengqin, Process, trust, until};
use serde_json::{Value, json};
use test_support::SoftToken;
use trust::Role;

/// An installation whose signing keys lie in a token of SoftHSM.
fn in_a_token(token: &SoftToken) -> Folder {
    let folder = Folder::new().with(SoftToken::CONFIGURATION, token.configuration());
    let (library, pin) = (token.library().to_owned(), token.pin_file(SoftToken::PIN));
    let module = ["--keys-pkcs11", library.to_str().unwrap(), "--pkcs11-token", SoftToken::LABEL];
    let line = [&["init", "DIR"], &module[..], &["--pkcs11-pin-file", pin.to_str().unwrap()]].concat();
    folder.run(&line).code(0);
    folder
}

fn keys(folder: &Folder, party: &[&str]) -> Vec<Value> {
    listed(folder, "signing", party)
}

/// The keys of one use, with their states.
fn listed(folder: &Folder, used_for: &str, party: &[&str]) -> Vec<Value> {
    let shown = folder.run(&[&["keys", "list", "--dir", "DIR", "--json"], party].concat());
    shown.code(0).json()[used_for].as_array().unwrap().clone()
}

/// The id of a key, or what went wrong.
type Answer = Result<Vec<u8>, String>;

/// The id of the key with which a status list is signed, once it is verified with the key of the trust list.
async fn status_list(dir: &Path, base: &str) -> Answer {
    let now = SystemClock.now();
    let number = status_list_number(now);
    let asked = reqwest::Client::new().get(format!("{base}/v1/status-lists/{number}")).send().await;
    let answer = asked.and_then(reqwest::Response::error_for_status).map_err(|error| error.to_string())?;
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    let kid = list_kid(&bytes).unwrap().unwrap();
    let lists = trust(dir);
    let key = lists.find(Mac, Role::Status, &kid, now).map_err(|error| error.to_string())?;
    SignedStatusList::open(&bytes, key, &status_name(Mac, number)).map_err(|error| error.to_string())?;
    Ok(kid)
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_lie_in_a_hardware_module_and_serve_and_never_leave_it() {
    let Some(token) = SoftToken::new("signing keys in a hardware module") else { return };
    let folder = in_a_token(&token);
    let dir = folder.dir();
    for (party, count) in [(["--authority", "MAC"], 5), (["--port", "hengqin"], 4)] {
        let shown = keys(&folder, &party);
        assert!(shown.len() >= count, "{shown:?}");
        for seat in shown {
            assert_eq!(seat["keys"][0]["place"], "module, not extractable", "{seat}");
            assert_eq!(seat["keys"][0]["state"], "used", "{seat}");
        }
    }
    let files = |party: &str| -> BTreeSet<String> {
        let names = std::fs::read_dir(dir.join(party).join("keys")).unwrap();
        names.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    for role in ["token", "verdict", "handover", "notice", "status"] {
        let own = files("authorities/MAC");
        assert!(own.contains(&format!("{role}.p11")) && !own.contains(&format!("{role}.key")), "{own:?}");
    }
    assert!(files("supervisors/MAC").contains("approval.p11"));
    // An authority serves lists signed there, and after a restart as well.
    for _ in 0..2 {
        let mac = Process::authority(&folder, "MAC");
        assert_eq!(status_list(&dir, &mac.listens[0]).await, Ok(b"1".to_vec()));
    }
}

/// A resident crosses out; then every key that signs is followed by a new one, and they cross back with the pass that they hold.
fn out_and_back_with_other_keys(folder: &Folder) {
    let people = people(1);
    folder.write("photo.jpg", &people[0].0);
    folder.write("live.jpg", &people[0].1);
    let at = "2026-03-02T10:00:00+08:00";
    #[rustfmt::skip]
    let added = folder.run(&[
        "resident", "add", "--dir", "DIR", "--home", "CHN", "--name", "SPECIMEN, LI NA", "--name-zh", "样本",
        "--birth", "1990-05-06", "--id", "110101199005061004", "--permit", "CA1234567",
        "--endorsement", "G:MAC:2026-02-10:2026-05-09:1", "--photo", "photo.jpg", "--json",
    ]);
    assert_eq!(added.code(0).json()["resident"], 1);
    let invited =
        folder.run(&["resident", "invite", "--dir", "DIR", "--resident", "1", "--at", at, "--json"]);
    let invited = invited.code(0).json();
    let mut enrol =
        vec!["wallet", "enrol", "--dir", "DIR", "--resident", "1", "--selfie", "live.jpg", "--at", at];
    for row in invited["invitations"].as_array().unwrap() {
        enrol.extend(["--invitation", row["invitation"].as_str().unwrap()]);
    }
    folder.run(&enrol).code(0);
    let cross = |to: &str, at: &str| {
        let lane = ["--port", "hengqin", "--to", to, "--at", at];
        let show = ["wallet", "show", "--dir", "DIR", "--resident", "1", "--out", "code.png"];
        folder.run(&[&show[..], &lane].concat()).code(0);
        let scan = ["lane", "scan", "--dir", "DIR", "--code", "code.png", "--face", "live.jpg", "--json"];
        let run = folder.run(&[&scan[..], &lane].concat());
        assert_eq!(run.code(0).json()["outcome"], "passed", "{}", run.out());
    };
    cross("MAC", at);
    let rotate = ["keys", "rotate", "--dir", "DIR", "--lead", "0", "--at", "2026-03-02T12:00:00+08:00"];
    for party in [["--authority", "CHN"], ["--authority", "MAC"], ["--port", "hengqin"]] {
        folder.run(&[&rotate[..], &party].concat()).code(0);
    }
    for code in ["CHN", "MAC"] {
        let of_code = ["--dir", "DIR", "--authority", code, "--at", "2026-03-02T12:00:00+08:00"];
        let approvals = [&["keys", "rotate", "--role", "approval", "--lead", "0"], &of_code[..]].concat();
        folder.run(&approvals).code(0);
        folder.run(&[&["approval", "renew"], &of_code[..]].concat()).code(0);
        folder.run(&[&["risk", "renew"], &of_code[..]].concat()).code(0);
        let retired = [&["keys", "retire", "--role", "approval", "--keep", "0"], &of_code[..]].concat();
        assert!(folder.run(&retired).code(0).out().contains(&format!("{code} approval: key 1 is destroyed")));
    }
    // And another key under which each database lies.
    for code in ["CHN", "MAC"] {
        let replaced = folder.run(&["authority", "replace-master", "--dir", "DIR", "--authority", code]);
        assert!(replaced.code(0).out().contains("lie under another master key"), "{}", replaced.out());
    }
    let evening = "2026-03-02T18:00:00+08:00";
    let party = ["--port", "hengqin", "--at", evening];
    for seat in keys(folder, &party) {
        assert_eq!(
            (&seat["keys"][0]["state"], &seat["keys"][1]["state"]),
            (&json!("replaced"), &json!("used"))
        );
    }
    cross("CHN", evening);
    // Both authorities took the events of the lanes' old and new keys: nothing waits for an officer.
    for authority in ["CHN", "MAC"] {
        let line = ["ledger", "list", "--dir", "DIR", "--authority", authority, "--at", evening, "--json"];
        let shown = folder.run(&line).code(0).json();
        let told = (&shown["exits"], &shown["entries"], &shown["unresolved"]);
        assert_eq!(told, (&json!(1), &json!(1), &json!([])), "{shown}");
    }
}

#[test]
fn a_traveller_crosses_before_and_after_every_signing_key_was_followed_by_another() {
    let folder = Folder::new();
    out_and_back_with_other_keys(folder.init());
}

#[test]
fn a_traveller_crosses_by_tokens_verdicts_and_events_that_a_hardware_module_signed() {
    let Some(token) = SoftToken::new("a crossing with keys in a hardware module") else { return };
    out_and_back_with_other_keys(&in_a_token(&token));
}

#[test]
fn what_keeps_a_hardware_module_from_use_is_said_with_what_mends_it() {
    let Some(token) = SoftToken::new("a hardware module that cannot be used") else { return };
    let folder = in_a_token(&token);
    let serve = || {
        let run = folder.run(&["authority", "serve", "--dir", "DIR", "--authority", "MAC"]);
        run.code(2);
        let said = run.err();
        said.lines().rfind(|line| line.starts_with("baypass: ")).unwrap_or(&said).to_owned()
    };
    let settings = folder.dir().join("baypass.toml");
    let good = std::fs::read_to_string(&settings).unwrap();
    let _ = token.pin_file("999999");
    let said = serve();
    assert!(said.contains("refused the PIN") && said.contains("pin_file"), "{said}");
    let pin = token.pin_file(SoftToken::PIN);
    std::fs::set_permissions(&pin, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = serve();
    assert!(said.contains("0644") && said.contains("chmod 600"), "{said}");
    let pin = token.pin_file(SoftToken::PIN);
    std::fs::write(&settings, good.replace(token.library().to_str().unwrap(), "/nowhere/module.so")).unwrap();
    let said = serve();
    assert!(said.contains("/nowhere/module.so") && said.contains("install it"), "{said}");
    std::fs::write(&settings, good.replace("token = \"baypass\"", "token = \"elsewhere\"")).unwrap();
    let said = serve();
    assert!(said.contains("elsewhere") && said.contains("`token`"), "{said}");
    std::fs::write(&settings, good.split("[pkcs11]").next().unwrap()).unwrap();
    let said = serve();
    assert!(said.contains("names none") && said.contains("[pkcs11]"), "{said}");
    // Without a file the environment has the PIN; a command line never does.
    let line = |file: &str| !file.starts_with("pin_file");
    let without: Vec<_> = good.lines().filter(|file| line(file)).collect();
    std::fs::write(&settings, without.join("\n")).unwrap();
    let said = serve();
    assert!(said.contains("BAYPASS_PKCS11_PIN"), "{said}");
    let list = ["keys", "list", "--dir", "DIR", "--authority", "MAC"];
    let mut command = folder.command(&list);
    assert!(command.env("BAYPASS_PKCS11_PIN", SoftToken::PIN).output().unwrap().status.success());
    // What fails while it is made leaves nothing of it in the token.
    std::fs::write(&settings, &good).unwrap();
    drop(pin);
    for code in ["CHN", "HKG", "MAC"] {
        std::fs::remove_dir_all(folder.dir().join(format!("supervisors/{code}/1"))).unwrap();
        std::fs::remove_dir_all(folder.dir().join(format!("supervisors/{code}/2"))).unwrap();
    }
    let before = std::fs::read_dir(token.files()).unwrap().count();
    let objects = || {
        let tokens = std::fs::read_dir(token.files()).unwrap();
        tokens.map(|one| std::fs::read_dir(one.unwrap().path()).unwrap().count()).sum::<usize>()
    };
    let count = objects();
    let run = folder.run(&["keys", "rotate", "--dir", "DIR", "--authority", "MAC"]);
    run.told(&["keys of supervisors", "trust draft"]);
    assert_eq!((std::fs::read_dir(token.files()).unwrap().count(), objects()), (before, count));
}

#[test]
fn keys_in_files_are_followed_by_keys_in_a_hardware_module() {
    let Some(token) = SoftToken::new("from files into a hardware module") else { return };
    let folder = Folder::new().with(SoftToken::CONFIGURATION, token.configuration());
    let settings = folder.init().dir().join("baypass.toml");
    assert!(keys(&folder, &["--authority", "MAC"]).iter().all(|seat| seat["keys"][0]["place"] == "file"));
    let mut text = std::fs::read_to_string(&settings).unwrap();
    let (library, pin) = (token.library().display(), token.pin_file(SoftToken::PIN));
    text.push_str(&format!(
        "[pkcs11]\nmodule = \"{library}\"\ntoken = \"{}\"\npin_file = \"{}\"\n",
        SoftToken::LABEL,
        pin.display()
    ));
    std::fs::write(&settings, text).unwrap();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    folder.run(&[&["keys", "rotate", "--lead", "0"], &mac[..]].concat()).code(0);
    folder.run(&[&["keys", "rotate", "--lead", "0", "--role", "approval"], &mac[..]].concat()).code(0);
    folder.run(&[&["approval", "renew"], &mac[..]].concat()).code(0);
    folder.run(&[&["risk", "renew"], &mac[..]].concat()).code(0);
    for seat in keys(&folder, &["--authority", "MAC"]) {
        let states: Vec<_> = seat["keys"].as_array().unwrap().iter().map(|key| &key["state"]).collect();
        assert_eq!(states, ["replaced", "used"], "{seat}");
        assert_eq!(seat["keys"][1]["place"], "module, not extractable", "{seat}");
    }
    folder.run(&[&["keys", "retire", "--keep", "0"], &mac[..]].concat()).code(0);
    for seat in keys(&folder, &["--authority", "MAC"]) {
        assert_eq!(seat["keys"].as_array().unwrap().len(), 1, "{seat}");
        assert_eq!((&seat["keys"][0]["number"], &seat["keys"][0]["state"]), (&json!(2), &json!("used")));
    }
    assert!(!folder.dir().join("authorities/MAC/keys/verdict.key").exists(), "the old key is destroyed");
}

#[test]
fn a_key_stays_listed_while_what_it_signed_may_be_on_its_way() {
    let folder = Folder::new();
    folder.init();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    let states = |role: usize, at: &str| -> Vec<String> {
        let seats = keys(&folder, &["--authority", "MAC", "--at", at]);
        let states = seats[role]["keys"].as_array().unwrap().iter();
        states.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    };
    let in_days = |days: i64| SystemClock.now().plus_seconds(days * 86_400).to_string();
    folder.run(&[&["keys", "rotate", "--role", "token"], &mac[..]].concat()).code(0);
    folder.run(&[&["keys", "rotate", "--role", "status"], &mac[..]].concat()).code(0);
    for role in [0, 4] {
        assert_eq!(states(role, &in_days(0)), ["used", "next"], "others have not heard of it yet");
        assert_eq!(states(role, &in_days(9)), ["replaced", "used"]);
    }
    assert_eq!(states(1, &in_days(9)), ["used"], "no other role's");
    let retire = |days| folder.run(&[&["keys", "retire", "--at", &in_days(days)], &mac[..]].concat());
    assert!(retire(7).code(0).out().contains("no key is to go"));
    let told = retire(11).code(0).out();
    assert!(told.contains("MAC token: key 1 stays listed"), "tokens live on: {told}");
    assert!(told.contains("MAC status: key 1 is named no more"), "{told}");
    let told = retire(18).code(0).out();
    assert!(told.contains("MAC token: key 1 is named no more"), "{told}");
    folder.run(&[&["keys", "rotate", "--role", "tls"], &mac[..]].concat()).told(&["baypass tls renew"]);
}

#[test]
fn the_key_to_which_others_seal_is_followed_by_another_and_goes_when_nothing_is_on_its_way() {
    let folder = Folder::new();
    folder.init();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    let in_days = |days: i64| SystemClock.now().plus_seconds(days * 86_400).to_string();
    let states = |days: i64| -> Vec<String> {
        let seats = listed(&folder, "opening", &["--authority", "MAC", "--at", &in_days(days)]);
        assert_eq!((seats.len(), &seats[0]["role"]), (1, &json!("part")));
        let states = seats[0]["keys"].as_array().unwrap().iter();
        states.map(|key| key["state"].as_str().unwrap().to_owned()).collect()
    };
    let part = |number: &str| folder.dir().join(format!("authorities/MAC/keys/part{number}.key"));
    assert_eq!(states(0), ["used"]);
    let told = folder.run(&[&["keys", "rotate", "--role", "part"], &mac[..]].concat()).code(0).out();
    assert!(told.contains("MAC part: key 2 is what others seal to from "), "{told}");
    assert_eq!(states(0), ["used", "next"], "others have not heard of it yet");
    assert_eq!(states(9), ["replaced", "used"]);
    let retire = |days| folder.run(&[&["keys", "retire", "--at", &in_days(days)], &mac[..]].concat());
    let told = retire(20).code(0).out();
    assert!(told.contains("MAC part: key 1 stays listed") && told.contains("sealed to it"), "{told}");
    assert!(part("").exists() && part("+2.public").exists());
    let told = retire(39).code(0).out();
    assert!(told.contains("MAC part: key 1 is named no more"), "{told}");
    assert!(told.contains("MAC part: key 1 is destroyed"), "{told}");
    assert!(
        !part("").exists() && !part(".public").exists() && part("+2").exists() && part("+2.public").exists()
    );
}

#[test]
fn after_a_theft_of_the_key_to_which_others_seal_the_next_one_serves_at_once() {
    let folder = Folder::new();
    folder.init();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    let finding = || {
        let doctor = folder.run(&["doctor", "--dir", "DIR", "--json"]).json();
        let findings = doctor["findings"].as_array().unwrap().iter();
        findings.filter(|one| one["what"] == "keys").map(ToString::to_string).collect::<String>()
    };
    folder.run(&[&["trust", "compromise", "--role", "part", "--kid", "1"], &mac[..]].concat()).code(0);
    let seat = |place: usize| {
        let seats = listed(&folder, "opening", &["--authority", "MAC"]);
        seats[0]["keys"][place]["state"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(seat(0), "COMPROMISED");
    folder.run(&[&["keys", "rotate", "--role", "part", "--lead", "0"], &mac[..]].concat()).code(0);
    assert_eq!((seat(0).as_str(), seat(1).as_str()), ("COMPROMISED", "used"));
    assert!(finding().contains("keys are there"), "{}", finding());
    // A key that the list names and that is lost is told, with what mends it.
    for half in ["part+2.key", "part+2.public.key"] {
        std::fs::remove_file(folder.dir().join("authorities/MAC/keys").join(half)).unwrap();
    }
    let said = finding();
    assert!(said.contains("what others seal to MAC it cannot open"), "{said}");
    assert!(said.contains("baypass keys rotate --authority MAC --role part --lead 0"), "{said}");
    folder.run(&[&["keys", "rotate", "--role", "part", "--lead", "0"], &mac[..]].concat()).code(0);
    assert!(finding().contains("keys are there"), "{}", finding());
}

#[test]
fn an_exchange_of_the_master_key_that_was_cut_short_is_told_and_ended() {
    let folder = Folder::new();
    folder.init();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    let list = || folder.run(&[&["ledger", "list"], &mac[..]].concat());
    let replace = || folder.run(&[&["authority", "replace-master"], &mac[..]].concat());
    let [key, next] =
        ["master", "master+next"].map(|name| folder.dir().join(format!("authorities/MAC/keys/{name}.key")));
    list().code(0);
    let before = std::fs::read(&key).unwrap();
    assert!(replace().code(0).out().contains("lie under another master key"));
    let after = std::fs::read(&key).unwrap();
    assert_ne!(before, after);
    list().code(0);

    // The database was moved, the file was not.
    std::fs::write(&key, &before).unwrap();
    std::fs::write(&next, &after).unwrap();
    list().told(&["cut short", "baypass authority replace-master"]);
    assert!(replace().code(0).out().contains("cut short is ended"));
    assert_eq!((std::fs::read(&key).unwrap(), next.exists()), (after.clone(), false));
    list().code(0);

    // The next key was written, and nothing else.
    std::fs::write(&next, &before).unwrap();
    list().told(&["cut short"]);
    assert!(replace().code(0).out().contains("lie under another master key"));
    assert_eq!((std::fs::read(&key).unwrap(), next.exists()), (before, false));
    list().code(0);

    // Neither key is that of the database: both files stay, for nobody knows which of them is needed.
    std::fs::write(&key, [1; 32]).unwrap();
    std::fs::write(&next, [2; 32]).unwrap();
    replace().told(&["master.key back"]);
    assert!(next.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_master_key_of_an_authority_that_runs_is_not_exchanged() {
    let folder = Folder::new();
    folder.init();
    let _mac = Process::authority(&folder, "MAC");
    let key = folder.dir().join("authorities/MAC/keys/master.key");
    let before = std::fs::read(&key).unwrap();
    let refused = folder.run(&["authority", "replace-master", "--dir", "DIR", "--authority", "MAC"]);
    refused.told(&["held by another process", "stop it"]);
    assert_eq!(std::fs::read(&key).unwrap(), before);
}

/// The id, the number and the refusal of each approval.
fn approvals(folder: &Folder) -> Vec<(String, Value, Value)> {
    let shown = folder.run(&["approval", "list", "--dir", "DIR", "--json"]).code(0).json();
    let row =
        |row: &Value| (row["id"].as_str().unwrap().to_owned(), row["number"].clone(), row["refused"].clone());
    shown["approvals"].as_array().unwrap().iter().map(row).collect()
}

#[test]
fn the_key_of_approvals_is_retired_once_what_it_signed_is_signed_anew() {
    let folder = Folder::new();
    folder.init();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    let before = approvals(&folder);
    assert!(before.iter().all(|(_, number, refused)| *number == json!(1) && refused.is_null()), "{before:?}");
    let whole = folder.run(&[&["keys", "rotate", "--lead", "0"], &mac[..]].concat()).code(0).out();
    assert!(!whole.contains("MAC approval"), "only who names the role asks for it: {whole}");
    let told = folder.run(&[&["keys", "rotate", "--role", "approval"], &mac[..]].concat()).code(0).out();
    assert!(
        told.contains("`baypass approval renew`") && told.contains("`baypass risk renew --authority MAC`")
    );
    let early = folder.run(&[&["approval", "renew"], &mac[..]].concat()).code(0).out();
    assert!(early.contains("signed with the keys in use"), "the next key is not used yet: {early}");

    let rotate = [&["keys", "rotate", "--role", "approval", "--lead", "0"], &mac[..]].concat();
    folder.run(&rotate).code(0);
    let retire = [&["keys", "retire", "--role", "approval", "--keep", "0"], &mac[..]].concat();
    let held = folder.run(&retire).code(0).out();
    assert!(held.contains("MAC approval: key 1 stays listed, it signed SPECIMEN-CHN-MAC"), "{held}");
    assert!(held.contains("it signed the risk rules"), "{held}");
    let signed = folder.run(&[&["approval", "renew"], &mac[..]].concat()).code(0).out();
    assert!(signed.contains("signed anew by MAC\n") && !signed.contains("anew by CHN"), "{signed}");
    assert!(folder.run(&retire).code(0).out().contains("key 1 stays listed, it signed the risk rules"));
    folder.run(&[&["risk", "renew"], &mac[..]].concat()).code(0);
    let gone = folder.run(&retire).code(0).out();
    assert!(gone.contains("MAC approval: key 1 is named no more"), "{gone}");
    assert!(!folder.dir().join("supervisors/MAC/keys/approval.key").exists(), "the old key is destroyed");
    assert_eq!(approvals(&folder), before, "the same texts under the same numbers, and each counts");
    let versions = folder.run(&[&["risk", "versions", "--json"], &mac[..]].concat()).code(0).json();
    assert_eq!(versions["in_force"], 2, "{versions}");
    // What is signed next is signed with the key in use.
    folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", "SPECIMEN-CHN-MAC"]).code(0);
    assert!(approvals(&folder).iter().all(|(.., refused)| refused.is_null()));
}

#[test]
fn after_a_theft_of_the_key_of_approvals_each_text_is_signed_anew_by_its_name_alone() {
    let folder = Folder::new();
    folder.init();
    let chn = ["--dir", "DIR", "--authority", "CHN"];
    folder.run(&[&["trust", "compromise", "--role", "approval"], &chn[..]].concat()).code(0);
    let refused = |folder: &Folder| -> Vec<String> {
        approvals(folder).into_iter().filter(|(.., why)| !why.is_null()).map(|(id, ..)| id).collect()
    };
    let all = refused(&folder);
    assert!(all.contains(&"SPECIMEN-CHN-MAC".to_owned()) && !all.contains(&"SPECIMEN-HKG-MAC".to_owned()));
    folder.run(&[&["keys", "rotate", "--role", "approval", "--lead", "0"], &chn[..]].concat()).code(0);
    let left = folder.run(&["approval", "renew", "--dir", "DIR"]).code(3).out();
    assert!(left.contains("LEFT") && left.contains("baypass approval renew --id SPECIMEN-CHN-MAC"), "{left}");
    assert_eq!(refused(&folder), all, "nobody looked at a text");
    let named = ["approval", "renew", "--dir", "DIR", "--id", "SPECIMEN-CHN-MAC"];
    let signed = folder.run(&named).code(0).out();
    assert!(signed.contains("border-crossing") && signed.contains("signed anew by CHN"), "{signed}");
    assert_eq!(refused(&folder).len(), all.len() - 1);
    // The other side signed one text: a file that was changed since is signed by nobody.
    let other = folder.dir().join("public/approvals/SPECIMEN-CHN-HKG.cbor");
    let bytes = std::fs::read(&other).unwrap();
    let (word, wrong) = (b"PIA-SPECIMEN-0001", b"PIA-SPECIMEN-0009");
    let at = bytes.windows(word.len()).position(|one| one == word).expect("its assessment");
    let changed = [&bytes[..at], wrong, &bytes[at + word.len()..]].concat();
    std::fs::write(&other, &changed).unwrap();
    let named = ["approval", "renew", "--dir", "DIR", "--id", "SPECIMEN-CHN-HKG"];
    folder.run(&named).told(&["SPECIMEN-CHN-HKG would not count when signed anew"]);
    assert_eq!(std::fs::read(&other).unwrap(), changed, "nothing was written");
    let unknown = ["approval", "renew", "--dir", "DIR", "--id", "OTHER"];
    folder.run(&unknown).told(&["there is no approval OTHER"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_change_while_requests_run_and_none_of_them_fails() {
    let folder = Folder::new();
    let dir = folder.init().dir();
    let both = MacaoAndHengqin::start(&folder).await;
    let (mac, public) = (&both.mac, both.mac.listens[0].clone());
    let rounds = async || both.rounds().await;

    let seen: Arc<Mutex<Vec<Answer>>> = Arc::default();
    let asking = {
        let (seen, dir) = (Arc::clone(&seen), dir.clone());
        tokio::spawn(async move {
            loop {
                let list = status_list(&dir, &public).await;
                seen.lock().unwrap().push(list);
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        })
    };
    let count = || seen.lock().unwrap().len();
    let newest = || seen.lock().unwrap().last().cloned();
    until("some requests", async || count() > 20).await;
    assert_eq!(newest(), Some(Ok(b"1".to_vec())));

    for party in [["--authority", "MAC"], ["--port", "hengqin"]] {
        folder.run(&[&["keys", "rotate", "--dir", "DIR", "--lead", "2"][..], &party].concat()).code(0);
    }
    let hangup = std::process::Command::new("kill").args(["-HUP", &mac.child.id().to_string()]).status();
    assert!(hangup.unwrap().success());
    until("the new key", async || newest() == Some(Ok(b"2".to_vec()))).await;
    let log = |name: &str| std::fs::read_to_string(folder.path(name)).unwrap();
    let others = || log("hengqin.log").matches("another key signs from now on").count();
    until("the lanes' new keys", async || others() >= 4).await;
    assert_eq!(log("MAC.log").matches("another key signs from now on").count(), 7, "every role");

    for party in [["--authority", "MAC"], ["--port", "hengqin"]] {
        folder.run(&[&["keys", "retire", "--dir", "DIR", "--keep", "0"][..], &party].concat()).code(0);
    }
    let (heard, asked) = (rounds().await, count());
    until("rounds without the old keys", async || rounds().await > heard + 3).await;
    until("requests without the old keys", async || count() > asked + 20).await;
    asking.abort();
    let failed: Vec<_> = seen.lock().unwrap().iter().filter(|answer| answer.is_err()).cloned().collect();
    assert!(failed.is_empty(), "of {} requests failed: {failed:?}", count());
    let gate_log = log("hengqin.log");
    let missed: Vec<_> = gate_log.lines().filter(|line| line.contains("not fetched")).collect();
    assert!(missed.is_empty(), "the gate's rounds failed: {missed:?}");
}

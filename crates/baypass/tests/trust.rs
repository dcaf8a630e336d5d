//! Trust lists of an installation: the ceremony command by command, what a stolen supervisor's key is good for, and an
//! installation of the version before.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a failing helper fails the test that called it"
)]
#![expect(clippy::expect_used, clippy::panic, dead_code, reason = "helpers of other tests")]

mod bay;
#[expect(dead_code, reason = "the other test programs use the rest")]
mod before;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bay::Folder;
use before::one_list_key;
use serde_json::{Value, json};

fn list(folder: &Folder, authority: usize) -> Value {
    folder.run(&["trust", "list", "--dir", "DIR", "--json"]).code(0).json()["lists"][authority].clone()
}

#[test]
fn a_list_is_drafted_shown_signed_by_each_supervisor_and_published() {
    let folder = Folder::new();
    folder.init();
    let mac = ["--dir", "DIR", "--authority", "MAC"];
    assert_eq!(list(&folder, 2)["root"]["threshold"], 2);
    let draft = ["--dir", "DIR", "--draft", "next.draft"];
    let write = |more: &[&str]| {
        folder.run(&[&["trust", "draft", "--out", "next.draft"], &mac[..], more].concat()).code(0);
    };
    let key = |n: usize| format!("bay/supervisors/MAC/{n}/keys/root.key");
    let sign = |n: usize, out: &str| {
        folder.run(&[&["trust", "sign", "--key", &key(n), "--out", out], &draft[..]].concat())
    };
    write(&["--compromise-supervisor", "MAC-1"]);
    let shown = folder.run(&[&["trust", "show"], &draft[..]].concat()).code(0).out();
    assert!(shown.contains("MAC-1 COMPROMISED"), "{shown}");
    for n in 1..=3 {
        sign(n, &format!("{n}.sig")).code(0);
    }
    let publish = |files: &[&str]| {
        let signatures: Vec<_> = files.iter().flat_map(|file| ["--signature", file]).collect();
        folder.run(&[&["trust", "publish"], &draft[..], &signatures].concat())
    };
    publish(&["2.sig"]).told(&["1 valid signatures", "2 are needed"]);
    publish(&["1.sig", "2.sig"]).told(&["1 valid signatures"]);
    publish(&["2.sig", "3.sig"]).code(0);
    assert_eq!(list(&folder, 2)["number"], 2);

    // The stolen key signs no draft any more, and nobody signs with a key that the root does not name.
    write(&[]);
    sign(1, "1.sig").told(&["compromised"]);
    folder.run(&["trust", "new-key", "--kid", "MAC-9", "--out", "nine.key"]).code(0);
    let other = ["trust", "sign", "--key", "nine.key", "--out", "9.sig"];
    folder.run(&[&other, &draft[..]].concat()).told(&["none of the root"]);

    // A root follows only as it was announced, in a list of its own; then the old keys are over.
    folder.run(&[&["trust", "rotate"], &mac[..]].concat()).told(&["announces no root"]);
    let announced = folder.run(&[&["trust", "announce"], &mac[..]].concat()).code(0).out();
    assert!(announced.contains("MAC-4, MAC-5, MAC-6") && announced.contains("holds the supervisors' keys"));
    folder.run(&[&["trust", "rotate"], &mac[..]].concat()).code(0);
    assert_eq!(list(&folder, 2)["root"]["keys"][0]["kid"], "MAC-4", "from the first pin, by the chain");
    write(&[]);
    sign(2, "2.sig").told(&["none of the root"]);
    folder.run(&[&["trust", "renew"], &mac[..]].concat()).code(0);
    folder.run(&[&["trust", "adopt-root", "--from-list"], &mac[..]].concat()).code(0);
    assert_eq!(list(&folder, 2)["number"], 5);
    for supervisor in ["4", "5"] {
        std::fs::remove_file(folder.dir().join(format!("supervisors/MAC/{supervisor}/keys/root.key")))
            .unwrap();
    }
    folder.run(&[&["trust", "renew"], &mac[..]].concat()).told(&["1 keys of supervisors", "trust draft"]);
}

#[test]
fn an_installation_of_the_version_before_is_brought_over_and_its_list_key_signs_nothing_any_more() {
    let folder = Folder::new();
    folder.init();
    one_list_key(&folder);
    folder.run(&["trust", "list", "--dir", "DIR"]).told(&["version before", "trust upgrade"]);
    let said = folder.run(&["trust", "upgrade", "--dir", "DIR"]).code(0).out();
    assert!(said.contains("CHN: lists are signed by 2 of CHN-1, CHN-2, CHN-3"), "{said}");
    for authority in 0..3 {
        let list = list(&folder, authority);
        assert_eq!((&list["number"], &list["state"]), (&3.into(), &"current".into()), "{list}");
    }
    assert!(!folder.dir().join("supervisors/CHN/keys/list.key").exists());
    folder.run(&["trust", "renew", "--dir", "DIR"]).code(0);
    folder.run(&["trust", "upgrade", "--dir", "DIR"]).told(&["nothing to bring over"]);

    // A forged list is not brought over.
    let folder = Folder::new();
    folder.init();
    one_list_key(&folder);
    let path = folder.dir().join("public/trust/HKG.cbor");
    let mut forged = std::fs::read(&path).unwrap();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    std::fs::write(&path, &forged).unwrap();
    folder.run(&["trust", "upgrade", "--dir", "DIR"]).told(&["HKG.cbor", "signature"]);
    // Interrupted after the first: the others are brought over when it is run again.
    forged[last] ^= 1;
    std::fs::write(&path, &forged).unwrap();
    folder.run(&["trust", "upgrade", "--dir", "DIR"]).code(0);
    assert_eq!(list(&folder, 1)["number"], 3);
}

#[test]
fn a_missing_or_damaged_public_list_is_mended_by_the_command_that_the_message_advises() {
    let folder = Folder::new();
    folder.init();
    let path = folder.dir().join("public/trust/CHN.cbor");
    for (damage, number) in [(None, 2), (Some(&b"broken"[..]), 3), (Some(b""), 4)] {
        std::fs::remove_file(&path).unwrap();
        if let Some(bytes) = damage {
            std::fs::write(&path, bytes).unwrap();
        }
        // The command goes on with what the supervisors published last, and names what is broken once.
        let shown = folder.run(&["trust", "list", "--dir", "DIR", "--json"]);
        assert_eq!(shown.code(0).json()["lists"].as_array().unwrap().len(), 3);
        assert_eq!(shown.err().matches("warning: the trust list of CHN: ").count(), 1, "{}", shown.err());
        assert!(shown.err().contains("`baypass trust renew --dir bay --authority CHN`"), "{}", shown.err());
        folder.run(&["trust", "renew", "--dir", "DIR", "--authority", "CHN"]).code(0);
        assert_eq!(list(&folder, 0)["number"], number);
        assert_eq!(folder.run(&["trust", "list", "--dir", "DIR"]).err(), "");
    }
}

#[test]
fn every_command_goes_on_for_the_others_where_one_authoritys_list_is_broken_everywhere() {
    let folder = Folder::new();
    folder.init();
    let (public, own) = ("bay/public/trust/CHN.cbor", "bay/supervisors/CHN/published.cbor");
    let good = std::fs::read(folder.path(public)).unwrap();
    for damage in [&b"broken"[..], &good[..good.len() - 1]] {
        folder.write(public, damage);
        folder.write(own, damage);
        for line in [
            "trust list",
            "keys list",
            "keys rotate --authority MAC --role notice",
            "tls list",
            "tls renew --authority MAC",
            "trust renew --authority MAC",
            "approval list",
            "ledger list --authority MAC",
            "reservations list --authority HKG",
            "resident re-enrol --authority MAC",
        ] {
            let words: Vec<_> = line.split(' ').collect();
            let run = folder.run(&[&words[..], &["--dir", "DIR"]].concat());
            run.code(0);
            let named = run.err().matches("warning: the trust list of CHN: ").count();
            // A command that signs one other list looks at that one alone.
            let reads = !line.starts_with("trust renew");
            assert_eq!(named, usize::from(reads), "{line}: {}", run.err());
            if reads {
                assert!(run.err().contains("copy bay/public/trust/CHN.cbor anew"), "{line}: {}", run.err());
            }
        }
        // Nothing of it was signed over, and what concerns it alone says what is missing.
        assert_eq!(std::fs::read(folder.path(public)).unwrap(), damage);
        folder.run(&["trust", "renew", "--dir", "DIR"]).told(&["no list of CHN can be read", "backup"]);
        let doctor = folder.run(&["doctor", "--dir", "DIR"]);
        let said = doctor.code(2).out();
        let line = said.lines().find(|line| line.contains("trust lists")).unwrap();
        assert!(
            line.contains("CHN, the public list") && line.contains("copy bay/public/trust/CHN.cbor"),
            "{line}"
        );
        for goes_on in ["connections", "approvals"] {
            assert!(said.lines().any(|line| line.contains(goes_on)), "{goes_on} is not looked at: {said}");
        }
        // The advice works: the file comes back from another machine, and the next command is silent.
        folder.write(public, &good);
        let mended = folder.run(&["trust", "renew", "--dir", "DIR", "--authority", "CHN"]);
        mended.code(0);
        assert_eq!(folder.run(&["keys", "list", "--dir", "DIR"]).err(), "");
        folder.write(public, &good);
    }
}

/// An authority's process: it ends with its standard input.
struct Serving {
    child: std::process::Child,
    /// Where wallets find it.
    address: String,
}

impl Serving {
    /// Starts it and waits until it listens; gives what it wrote on its standard error when it is ended.
    fn start(folder: &Folder, authority: &str) -> Self {
        use std::io::BufRead;
        let line = ["authority", "serve", "--dir", "DIR", "--authority", authority, "--with-parent"];
        let mut child = folder
            .command(&line)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let address = first.strip_prefix(&format!("{authority} listens on "));
        let address = address.and_then(|rest| rest.split_whitespace().next()).map(str::to_owned);
        Self { child, address: address.unwrap_or_else(|| panic!("{authority} did not start: {first}")) }
    }

    fn end(mut self) -> String {
        use std::io::Read;
        drop(self.child.stdin.take());
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        self.child.wait().unwrap();
        log
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a wallet of this test, and its client")]
async fn an_authority_gives_out_a_withdrawal_from_the_moment_on_at_which_it_was_signed() {
    let folder = Folder::new();
    folder.init();
    let chn = Serving::start(&folder, "CHN");
    let client = reqwest::Client::new();
    let given = async || {
        let answer = client.get(format!("{}/v1/approvals", chn.address)).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["approvals"].as_array().unwrap().clone()
    };
    for id in ["SPECIMEN-CHN-MAC", "SPECIMEN-CHN-HKG", "SPECIMEN-HOTEL-ZHUHAI", "SPECIMEN-BUILDING-SHENZHEN"]
    {
        let before = given().await;
        folder.run(&["approval", "withdraw", "--dir", "DIR", "--id", id]).code(0);
        // The authority's own round comes each second: this request is before it, more often than not.
        let after = given().await;
        let signed = std::fs::read(folder.dir().join(format!("public/approvals/{id}.cbor"))).unwrap();
        let signed = json!(URL_SAFE_NO_PAD.encode(signed));
        assert!(after.contains(&signed) && !before.contains(&signed), "{id}");
        assert_eq!(after.len(), before.len());
    }
    chn.end();
}

#[test]
fn a_broken_list_of_one_authority_keeps_nobody_from_starting_and_is_named_until_it_is_mended() {
    let folder = Folder::new();
    folder.init();
    // A first run keeps what it verified.
    let first = Serving::start(&folder, "CHN");
    let kept = folder.dir().join("authorities/CHN/lists/HKG.kept");
    wait_until("nothing was kept", || kept.exists());
    first.end();

    std::fs::write(folder.dir().join("public/trust/HKG.cbor"), b"broken").unwrap();
    let log = Serving::start(&folder, "CHN").end();
    assert!(log.contains("a trust list is broken") && log.contains("whose=HKG"), "{log}");
    assert!(log.contains("baypass trust renew"), "{log}");
    // Without anything that was kept it starts too, and Hong Kong's tokens count for nothing there.
    std::fs::remove_dir_all(folder.dir().join("authorities/CHN/lists")).unwrap();
    Serving::start(&folder, "CHN").end();
    let found = folder.run(&["doctor", "--dir", "DIR"]).out();
    let line = found.lines().find(|line| line.contains("trust lists")).unwrap();
    assert!(line.contains("HKG") && line.contains("baypass trust renew"), "{line}");
    assert!(!line.contains("CHN") && !line.contains("MAC"), "only the broken one is named: {line}");

    folder.run(&["trust", "renew", "--dir", "DIR", "--authority", "HKG"]).code(0);
    let log = Serving::start(&folder, "CHN").end();
    assert!(!log.contains("a trust list is broken"), "{log}");
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..600 {
        if holds() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("{what}");
}

#[test]
fn after_a_stolen_threshold_a_new_root_is_pinned_in_person_and_what_was_kept_under_the_old_one_binds_nobody()
{
    let folder = Folder::new();
    folder.init();
    let hkg = ["--dir", "DIR", "--authority", "HKG"];
    // The thief's lists, in one step with the stolen keys: an authority has taken and kept the last of them.
    for _ in 0..3 {
        folder.run(&[&["trust", "renew"], &hkg[..]].concat()).code(0);
    }
    let kept = folder.dir().join("authorities/CHN/lists/HKG.kept");
    let running = Serving::start(&folder, "CHN");
    wait_until("nothing was kept", || kept.exists());
    let thief = std::fs::read(folder.dir().join("public/trust/HKG.cbor")).unwrap();

    let mut keys = serde_json::Map::new();
    for kid in ["HKG-7", "HKG-8", "HKG-9"] {
        let line = folder.run(&["trust", "new-key", "--kid", kid, "--out", kid]).code(0).out();
        let point = line.trim().rsplit('"').nth(1).unwrap().to_owned();
        keys.insert(kid.to_owned(), json!(point));
    }
    let root = serde_json::to_vec(&json!({"threshold": 2, "keys": keys})).unwrap();
    std::fs::write(folder.path("root.json"), root).unwrap();
    let draft = || folder.run(&[&["trust", "draft", "--begin", "--out", "next"], &hkg[..]].concat());
    draft().told(&["signs its lists already", "adopt-root"]);
    folder.run(&[&["trust", "adopt-root", "--root", "root.json"], &hkg[..]].concat()).code(0);
    folder.run(&[&["trust", "renew"], &hkg[..]].concat()).told(&["no list of HKG can be read"]);
    assert!(draft().code(0).out().contains("the first of the pinned root"));
    let of_draft = ["--dir", "DIR", "--draft", "next"];
    for kid in ["HKG-7", "HKG-9"] {
        let out = format!("{kid}.sig");
        folder.run(&[&["trust", "sign", "--key", kid, "--out", &out], &of_draft[..]].concat()).code(0);
    }
    let signatures = ["--signature", "HKG-7.sig", "--signature", "HKG-9.sig"];
    folder.run(&[&["trust", "publish"], &of_draft[..], &signatures].concat()).code(0);

    // What runs goes on as it did; started anew it leaves behind what it had kept, and takes the new list.
    let before = std::fs::read(&kept).unwrap();
    running.end();
    let running = Serving::start(&folder, "CHN");
    wait_until("the new list was not taken", || std::fs::read(&kept).unwrap() != before);
    let log = running.end();
    assert!(log.contains("a kept list is left behind") && !log.contains("a trust list is broken"), "{log}");
    // The thief's list is nobody's any more.
    let good = std::fs::read(folder.dir().join("public/trust/HKG.cbor")).unwrap();
    std::fs::write(folder.dir().join("public/trust/HKG.cbor"), thief).unwrap();
    let log = Serving::start(&folder, "CHN").end();
    assert!(log.contains("a trust list is broken") && log.contains("whose=HKG"), "{log}");
    std::fs::write(folder.dir().join("public/trust/HKG.cbor"), good).unwrap();
    assert_eq!(list(&folder, 1)["root"]["keys"][0]["kid"], "HKG-7");
}

#[test]
fn signing_keys_are_exchanged_where_each_supervisor_keeps_their_own_key_elsewhere() {
    let folder = Folder::new();
    folder.init();
    for n in 1..=3 {
        let key = folder.dir().join(format!("supervisors/MAC/{n}/keys/root.key"));
        std::fs::rename(key, folder.path(&format!("{n}.key"))).unwrap();
    }
    let seat = ["--dir", "DIR", "--authority", "MAC", "--role", "verdict"];
    let keys = |command: &str, more: &[&str]| folder.run(&[&["keys", command], &seat[..], more].concat());
    let listed = || -> Vec<(u64, String)> {
        let list = keys("list", &["--json"]).code(0).json();
        let all = list["signing"][0]["keys"].as_array().unwrap().iter();
        all.map(|key| (key["number"].as_u64().unwrap(), key["state"].as_str().unwrap().to_owned())).collect()
    };
    let ceremony = || {
        let draft = ["--dir", "DIR", "--draft", "drafts/mac.draft"];
        for n in ["2", "3"] {
            let (key, out) = (format!("{n}.key"), format!("{n}.sig"));
            folder.run(&[&["trust", "sign", "--key", &key, "--out", &out], &draft[..]].concat()).code(0);
        }
        let signatures = ["--signature", "2.sig", "--signature", "3.sig"];
        folder.run(&[&["trust", "publish"], &draft[..], &signatures].concat()).code(0);
        std::fs::remove_file(folder.path("drafts/mac.draft")).unwrap();
    };

    // Nobody signs here: what was made for it is gone again.
    keys("rotate", &["--lead", "0"]).code(2);
    assert_eq!(listed(), [(1, "used".to_owned())]);
    let told = keys("rotate", &["--lead", "0", "--draft", "drafts"]).code(0).out();
    assert!(
        told.contains("key 2 signs from") && told.contains("drafts/mac.draft: nothing of it counts until"),
        "{told}"
    );
    assert_eq!(listed(), [(1, "used".to_owned())], "a draft changes nothing");
    let shown = folder.run(&["trust", "show", "--dir", "DIR", "--draft", "drafts/mac.draft"]).code(0).out();
    assert!(
        shown.contains("verdict 02: new or changed") || shown.contains("verdict 2: new or changed"),
        "{shown}"
    );
    ceremony();
    assert_eq!(listed(), [(1, "replaced".to_owned()), (2, "used".to_owned())]);

    let told = keys("retire", &["--keep", "0", "--draft", "drafts"]).code(0).out();
    assert!(told.contains("key 1 is to be named no more"), "{told}");
    assert_eq!(listed().len(), 2, "a draft destroys nothing");
    ceremony();
    let told = keys("retire", &["--keep", "0"]).code(0).out();
    assert!(told.contains("key 1 is destroyed"), "{told}");
    assert_eq!(listed(), [(2, "used".to_owned())]);
    let told = keys("retire", &[]).code(0).out();
    assert!(told.contains("no key is to go"), "{told}");
}

//! Accounts on the command line, and secrets that go into no pipe.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failing helper fails the test that called it"
)]

#[expect(dead_code, reason = "the other test programs use the rest")]
mod bay;

use std::os::unix::fs::PermissionsExt as _;

use bay::Folder;

const ADD: [&str; 10] = [
    "officer",
    "add",
    "--dir",
    "DIR",
    "--authority",
    "CHN",
    "--role",
    "supervisor",
    "--name",
    "Specimen One",
];

#[test]
fn a_one_time_code_goes_to_a_terminal_or_a_file_and_never_into_a_pipe() {
    let folder = Folder::new();
    folder.init();
    let piped = folder.run(&ADD);
    piped.code(2);
    assert!(piped.err().contains("--code-file") && piped.out().is_empty(), "{}", piped.err());
    let none = folder.run(&["officer", "list", "--dir", "DIR", "--authority", "CHN", "--json"]);
    assert_eq!(none.code(0).json().as_array().unwrap().len(), 0, "no account is made whose code nobody has");

    let filed = folder.run(&[&ADD[..], &["--code-file", "code"]].concat());
    let id = filed.code(0).out().trim().to_owned();
    let code = std::fs::read_to_string(folder.path("code")).unwrap();
    assert_eq!(code.trim().replace('-', "").len(), 32);
    assert!(!filed.out().contains(code.trim()));
    let mode = std::fs::metadata(folder.path("code")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    folder.run(&[&ADD[..], &["--code-file", "code"]].concat()).code(2);

    let listed = folder.run(&["officer", "list", "--dir", "DIR", "--authority", "CHN", "--json"]).json();
    assert_eq!((&listed[0]["name"], &listed[0]["code_open"]), (&"Specimen One".into(), &true.into()));
    let last = ["officer", "lock", "--dir", "DIR", "--authority", "CHN", "--account", &id];
    let locked = folder.run(&last);
    locked.code(2);
    assert!(locked.err().contains("last supervisor"), "{}", locked.err());
    let at_gate =
        ["officer", "add", "--dir", "DIR", "--port", "hengqin", "--role", "lane-officer", "--name", "X"];
    let sideless = folder.run(&[&at_gate[..], &["--code-file", "gate"]].concat());
    sideless.code(2);
    assert!(sideless.err().contains("--side"), "{}", sideless.err());
    folder.run(&[&at_gate[..], &["--side", "MAC", "--code-file", "gate"]].concat()).code(0);

    let acts = folder.run(&["officer", "acts", "--dir", "DIR", "--authority", "CHN", "--json"]).json();
    let told: Vec<_> = acts.as_array().unwrap().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(told, ["init", "account_add", "account_lock"]);
    let record = folder.dir().join("authorities/CHN/officers.acts");
    let text = std::fs::read_to_string(&record).unwrap();
    assert!(!text.contains("Specimen") && !text.contains(code.trim()));
    std::fs::write(&record, text.lines().next().unwrap().to_owned() + "\n").unwrap();
    let cut = folder.run(&["officer", "acts", "--dir", "DIR", "--authority", "CHN"]);
    cut.code(2);
    assert!(cut.err().contains("lines were removed"), "{}", cut.err());
    let doctor = folder.run(&["doctor", "--dir", "DIR"]).out();
    let line = doctor.lines().find(|line| line.contains("officers")).unwrap();
    assert!(line.contains("lines were removed"), "{line}");
}

#[test]
fn a_new_installation_has_no_shared_secret_of_officers() {
    let folder = Folder::new();
    folder.init();
    for code in ["CHN", "HKG", "MAC"] {
        assert!(!folder.dir().join(format!("authorities/{code}/keys/officer.key")).exists());
    }
    let pair = ["gate", "pair", "--dir", "DIR", "--port", "hengqin", "--lane", "CHN-MAC", "--code-file", "x"];
    let early = folder.run(&pair);
    early.code(2);
    assert!(early.err().contains("start the gate"), "{}", early.err());
}

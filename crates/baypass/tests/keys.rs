//! Keys of an installation: what an `init` that was killed leaves, and a master key that is lost.

#![expect(clippy::unwrap_used, reason = "a failing helper fails the test that called it")]
#![expect(clippy::expect_used, clippy::panic, dead_code, reason = "helpers of other tests")]

mod bay;

use bay::Folder;

#[cfg(unix)]
#[test]
fn an_init_that_is_killed_leaves_nothing_after_the_next_one() {
    let folder = Folder::new();
    let hidden = || -> Vec<_> {
        let above = folder.dir().parent().unwrap().to_owned();
        let names = std::fs::read_dir(above).unwrap().map(|entry| entry.unwrap().file_name());
        names
            .map(|name| name.into_string().unwrap())
            .filter(|name| name.starts_with(".bay.partial-"))
            .collect()
    };
    let mut killed = 0;
    for wait in 0_u64..6 {
        let mut process =
            folder.command(&["init", "DIR"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        while process.try_wait().unwrap().is_none() && hidden().is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        std::thread::sleep(std::time::Duration::from_millis(wait * 5));
        process.kill().unwrap();
        process.wait().unwrap();
        if folder.dir().exists() {
            std::fs::remove_dir_all(folder.dir()).unwrap();
        } else {
            killed += 1;
            assert!(hidden().len() <= 1, "each init removes what the one before left: {:?}", hidden());
        }
    }
    assert!(killed > 0, "no init was killed in time");
    // One that is at work beside is left alone.
    let beside = folder.path(".bay.partial-1");
    std::fs::create_dir(&beside).unwrap();
    let lock = std::fs::File::create(beside.join("lock")).unwrap();
    lock.lock().unwrap();
    folder.init();
    assert_eq!(hidden(), [".bay.partial-1"]);
}

#[test]
fn a_master_key_that_is_lost_is_asked_for_and_not_made_anew() {
    let folder = Folder::new();
    folder.init();
    let key = folder.dir().join("authorities/CHN/keys/master.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let list = ["ledger", "list", "--dir", "DIR", "--authority", "CHN"];
    folder.run(&list).told(&["master.key", "restore it from a backup"]);
    assert!(!key.exists(), "another key would hide that the own one is lost");
    std::fs::write(&key, kept).unwrap();
    folder.run(&list).code(0);
}

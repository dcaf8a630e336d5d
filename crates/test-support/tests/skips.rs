//! A test that is skipped says so where `make test` counts it.

use std::process::Command;

use test_support::{SHARED, SKIPS, shared, skip};

/// Set for the run of this program inside itself: everywhere else nothing is skipped.
const INSIDE: &str = "BAYPASS_SKIPS_INSIDE";

#[test]
fn inside_another_run_two_tests_are_skipped() {
    if std::env::var_os(INSIDE).is_none() {
        return;
    }
    skip("a test", "for a reason\nof two lines");
    assert!(shared("another test", "vectors/none-of-this-name").is_none());
}

#[test]
fn every_skipped_test_is_a_line_of_the_named_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("skips");
    let run = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "inside_another_run_two_tests_are_skipped", "--nocapture"])
            .envs([(INSIDE, "1".as_ref()), (SKIPS, file.as_os_str()), (SHARED, folder.path().as_os_str())])
            .output()
            .unwrap()
    };
    let told = run();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    assert!(String::from_utf8_lossy(&told.stderr).contains("SKIPPED: a test: for a reason"));
    run();
    let lines = std::fs::read_to_string(&file).unwrap();
    let once = "a test: for a reason of two lines\n\
                another test: no vectors/none-of-this-name in the shared folder (BAYPASS_SHARED)\n";
    assert_eq!(lines, once.repeat(2));
}

#[test]
fn a_skip_that_cannot_be_written_down_fails_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let told = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "inside_another_run_two_tests_are_skipped"])
        .envs([(INSIDE, "1".as_ref()), (SKIPS, folder.path().as_os_str())])
        .output()
        .unwrap();
    assert!(!told.status.success());
}

//! How much memory a stranger's picture takes: each bomb is decoded in a process of its own, which measures itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests: a failure here fails the test")]

use std::path::Path;
use std::process::Command;

use face::Image;
use test_support::bombs::{Answer, Bomb, bombs};

/// The most that one decoding may take beside the file.
const LIMIT_KB: u64 = 256 * 1024;
/// Names the file that the process of a test decodes, and the way that it takes.
const FILE: &str = "BAYPASS_TEST_BOMB";
const WAY: &str = "BAYPASS_TEST_WAY";

/// A line of `/proc/self/status` in KB.
fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Decodes one file and tells what it came to and took.
fn measure(file: &Path) {
    let bytes = std::fs::read(file).unwrap();
    let before = status("VmRSS").unwrap();
    let way = std::env::var(WAY).unwrap();
    let answer = match way.as_str() {
        "face" => Image::decode(&bytes).err().map(|error| error.to_string()),
        _ => code::read_picture(&bytes).err().map(|error| error.to_string()),
    };
    let peak = status("VmHWM").unwrap();
    println!("\nMEASURED {} {}", peak.saturating_sub(before), answer.unwrap_or_default());
}

/// The other process: the same test of the same program.
fn measured(test: &str, way: &str, bomb: &Bomb) -> (u64, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bomb");
    std::fs::write(&file, &bomb.file).unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args(["--exact", test, "--nocapture"]).env(FILE, &file).env(WAY, way);
    let told = other.output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let line = told.lines().find_map(|line| line.strip_prefix("MEASURED "));
    let (taken, answer) =
        line.unwrap_or_else(|| panic!("{}: it was ended: {told}", bomb.name)).split_once(' ').unwrap();
    (taken.parse().unwrap(), answer.to_owned())
}

#[test]
fn no_picture_takes_more_than_256_mib_to_decode() {
    if let Some(file) = std::env::var_os(FILE) {
        return measure(Path::new(&file));
    }
    if status("VmHWM").is_none() {
        return test_support::skip("no_picture_takes_more_than_256_mib_to_decode", "no /proc/self/status");
    }
    let mut wrong = Vec::new();
    for bomb in bombs() {
        assert!(bomb.file.len() <= code::picture::MAX_FILE_BYTES, "{}: {} bytes", bomb.name, bomb.file.len());
        for way in ["face", "code"] {
            let (taken, answer) = measured("no_picture_takes_more_than_256_mib_to_decode", way, &bomb);
            let row = format!(
                "{}, {} KB, {way}: {} MiB, {answer}",
                bomb.name,
                bomb.file.len() / 1024,
                taken / 1024
            );
            println!("{row}");
            let read = !answer.contains("damaged") && !answer.contains("more than are read");
            let right = match bomb.answer {
                Answer::Read => read,
                Answer::TooLarge => answer.contains("more than are read"),
                Answer::Damaged => answer.contains("damaged"),
            };
            if taken > LIMIT_KB || !right {
                wrong.push(row);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

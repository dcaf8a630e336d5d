//! What the largest portrait takes to decode. The one test of its process, which measures itself.

/// The most that one decoding may take beside the file, in KB.
const LIMIT_KB: u64 = 256 * 1024;

/// A line of `/proc/self/status` in KB.
fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

#[test]
fn the_largest_portrait_takes_less_than_256_mib() {
    let path = test_support::root().join("crates/code/tests/files/rgb-4-megapixels.j2k");
    let file = std::fs::read(path).unwrap();
    let Some(before) = status("VmRSS") else {
        return test_support::skip("the_largest_portrait_takes_less_than_256_mib", "no /proc/self/status");
    };
    let picture = code::picture::decode_portrait(&file).unwrap();
    let taken = status("VmHWM").unwrap().saturating_sub(before);
    println!("{} x {}: {} MiB", picture.width(), picture.height(), taken / 1024);
    assert_eq!((picture.width(), picture.height()), (2000, 2000));
    assert!(taken <= LIMIT_KB, "{taken} KB");
}

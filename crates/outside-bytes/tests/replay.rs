//! Every committed seed through its reader, and some hundred changed copies of each: what `make fuzz` does for two
//! minutes a target, in a second, and always the same.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test's helpers, outside of the test functions themselves"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use outside_bytes::ALL;

/// Changed copies of each seed.
const COPIES: u64 = 300;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The seeds of a target: name and bytes.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fuzz().join("seeds").join(target);
    let read = |name: String| {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        (name, bytes)
    };
    names(&folder).into_iter().map(read).collect()
}

/// SplitMix64: the same numbers on every machine and in every year.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// Bytes that mean something to one of the readers: heads of CBOR, ends of ranges, marks of texts.
const TELLING: &[u8] =
    b"\x00\x01\x17\x18\x19\x1a\x1b\x1f\x20\x40\x58\x60\x80\x9f\xa0\xbf\xc0\xf6\xf7\xff<:-(){}\",0 9AZaz\n";

fn changed(seed: &[u8], other: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(bytes.len());
        match (numbers.below(8), bytes.is_empty()) {
            (0, false) => bytes[at] ^= 1 << numbers.below(8),
            (1, false) => bytes[at] = TELLING[numbers.below(TELLING.len())],
            (2, false) => bytes[at] = bytes[at].wrapping_add(1),
            (3, false) => drop(bytes.remove(at)),
            (4, false) => bytes.truncate(at),
            (5, false) => {
                let end = at + numbers.below(bytes.len() - at);
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            (6, _) => {
                let from = numbers.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            (_, _) => bytes.insert(at, TELLING[numbers.below(TELLING.len())]),
        }
    }
    bytes
}

#[test]
fn every_seed_is_taken_or_refused_as_its_name_says() {
    let mut wrong = Vec::new();
    for target in ALL {
        let seeds = seeds(target.name);
        for (name, bytes) in &seeds {
            let expected = name.starts_with("ok-");
            assert!(expected || name.starts_with("no-"), "{}/{name}: begins with ok- or no-", target.name);
            if (target.read)(bytes) != expected {
                wrong.push(format!("{}/{name}", target.name));
            }
            assert!(bytes.len() <= 4096, "{}/{name}: {} bytes", target.name, bytes.len());
        }
        for start in ["ok-", "no-"] {
            assert!(
                seeds.iter().any(|(name, _)| name.starts_with(start)),
                "{}: no seed {start}",
                target.name
            );
        }
    }
    assert!(wrong.is_empty(), "not what their names say: {wrong:?}");
}

#[test]
fn no_changed_copy_of_a_seed_breaks_a_promise() {
    for (place, target) in ALL.iter().enumerate() {
        let mut numbers = Numbers(u64::try_from(place).unwrap());
        let seeds = seeds(target.name);
        for (name, seed) in &seeds {
            for copy in 0..COPIES {
                let other = &seeds[numbers.below(seeds.len())].1;
                let bytes = changed(seed, other, &mut numbers);
                let read = std::panic::catch_unwind(|| (target.read)(&bytes));
                assert!(read.is_ok(), "{}/{name}, copy {copy}: {}", target.name, hex::encode(&bytes));
            }
        }
    }
}

#[test]
fn targets_seeds_and_fuzz_programs_are_the_same_set() {
    let targets: BTreeSet<String> = ALL.iter().map(|target| target.name.to_owned()).collect();
    let folders: BTreeSet<String> = names(&fuzz().join("seeds")).into_iter().collect();
    let files = names(&fuzz().join("fuzz_targets"));
    let programs: BTreeSet<String> =
        files.iter().map(|name| name.trim_end_matches(".rs").to_owned()).collect();
    assert_eq!(targets, folders, "fuzz/seeds");
    assert_eq!(targets, programs, "fuzz/fuzz_targets");
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in targets {
        assert!(manifest.contains(&format!("name = \"{target}\"")), "fuzz/Cargo.toml: {target}");
    }
}

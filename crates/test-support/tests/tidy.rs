//! The house is tidy: no endless files, a head for every module, nothing of one machine in what is committed.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's helpers, outside of the test functions themselves"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Longer files need a reason.
const MOST_LINES: usize = 700;

/// Longer files, and why nobody cuts them.
const LONG: &[(&str, &str)] = &[];

/// Made by programs, or brought in: not ours to tidy.
const SKIPPED_FOLDERS: &[&str] = &[".git", "target", "node_modules", "dist", "corpus", "artifacts", "seeds"];

/// Files in which the word that marks a test as not run may stand: the two helpers, and this file.
const SAY_SKIPPED: &[&str] = &["crates/test-support/", "web/core/test/skip"];

fn root() -> PathBuf {
    test_support::root().canonicalize().unwrap()
}

/// Every file below the repository, by its path there.
fn files() -> Vec<String> {
    let root = root();
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let name = entry.file_name().to_string_lossy().into_owned();
            if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                folders.push(path);
            } else if kind.is_file() {
                found.push(path.strip_prefix(&root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    assert!(found.len() > 300, "{} files are too few to be the repository", found.len());
    found
}

fn ends_with(file: &str, extensions: &[&str]) -> bool {
    Path::new(file).extension().is_some_and(|end| extensions.iter().any(|each| end == *each))
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn no_file_is_longer_than_700_lines_without_a_reason() {
    for file in files().iter().filter(|file| ends_with(file, &["rs", "ts", "vue", "mjs"])) {
        let lines = text(file).lines().count();
        let excused = LONG.iter().any(|(long, _)| long == file);
        assert!(
            lines <= MOST_LINES || excused,
            "{file} has {lines} lines: cut it by concept, or say why not"
        );
        assert!(lines > MOST_LINES || !excused, "{file} has {lines} lines: it needs no excuse any more");
    }
    for (file, _) in LONG {
        assert!(root().join(file).is_file(), "{file} is excused and is not there");
    }
}

#[test]
fn every_rust_module_opens_with_what_it_is() {
    for file in files().iter().filter(|file| ends_with(file, &["rs"])) {
        assert!(text(file).starts_with("//! "), "{file} does not open with `//!`");
    }
}

/// The first absolute path of somebody's own machine in a text.
fn machine_path(text: &str) -> Option<&str> {
    ["home", "root", "work", "tmp", "Users", "mnt", "workspace"].iter().find_map(|folder| {
        let needle = format!("/{folder}/");
        text.match_indices(&needle).find_map(|(at, _)| {
            // `web/home/x` and `https://host/home/` are no paths of a machine.
            let before = text.get(..at)?.chars().next_back();
            let inside = before.is_some_and(|c| c.is_alphanumeric() || "._-~/}".contains(c));
            (!inside).then(|| text.get(at..).unwrap_or_default().lines().next().unwrap_or_default())
        })
    })
}

#[test]
fn nothing_that_is_committed_names_a_path_of_one_machine() {
    let readable = ["rs", "ts", "vue", "mjs", "js", "py", "json", "toml", "md", "html", "css", "yml", "lock"];
    for file in files() {
        let script = file == "Makefile" || file.starts_with(".ci/") || file.ends_with(".npmrc");
        if script || ends_with(&file, &readable) {
            let text = text(&file);
            let found = machine_path(&text);
            assert!(found.is_none(), "{file}: {found:?}");
        }
    }
}

#[test]
fn a_path_of_a_machine_is_told_from_a_part_of_a_path() {
    for (text, found) in [
        ("open \"/SLASHhome/x\"", true),
        ("cp x /SLASHtmp/y", true),
        ("/SLASHroot/.cargo", true),
        ("web/SLASHhome/x", false),
        ("https://host/SLASHwork/", false),
        ("${HOME}/SLASHwork/", false),
        ("/usr/lib/postgresql", false),
    ] {
        // Written so that this file itself names none.
        let text = text.replace("SLASH", "");
        assert_eq!(machine_path(&text).is_some(), found, "{text}");
    }
}

#[test]
fn lock_files_name_no_host_of_a_registry() {
    for file in ["web/package-lock.json", "models/package-lock.json"] {
        for line in text(file).lines().filter(|line| line.trim_start().starts_with("\"resolved\"")) {
            assert!(!line.contains("://"), "{file}: {line} (.npmrc: omit-lockfile-registry-resolved)");
        }
    }
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        for line in text(file).lines().filter(|line| line.starts_with("source = ")) {
            let index = r#"source = "registry+https://github.com/rust-lang/crates.io-index""#;
            assert_eq!(line, index, "{file}");
        }
    }
}

#[test]
fn a_test_that_is_not_run_says_so_through_the_helper_alone() {
    for file in files().iter().filter(|file| ends_with(file, &["rs", "ts", "mjs", "vue", "js"])) {
        let helper = SAY_SKIPPED.iter().any(|helper| file.starts_with(helper));
        assert!(helper || !text(file).contains("SKIPPED"), "{file}: call the helper, which counts it");
    }
}

/// Decodes pictures that the program itself has just written.
const OWN_PICTURES: &[&str] = &["crates/evaluate/src/degrade.rs"];

#[test]
fn picture_files_are_decoded_in_one_place_alone() {
    let other_ways = [
        "load_from_memory",
        "ImageReader",
        "image::open(",
        "image::load(",
        "::JpegDecoder",
        "PngDecoder",
        "WebPDecoder",
        "hayro_jpeg2000::",
    ];
    let mut found = BTreeSet::new();
    for file in files().iter().filter(|file| ends_with(file, &["rs"]) && file.contains("/src/")) {
        let text = text(file);
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        if other_ways.iter().any(|way| code.contains(*way)) {
            found.insert(file.clone());
        }
    }
    assert!(found.remove("crates/code/src/picture/mod.rs"), "the one place is found");
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, OWN_PICTURES, "call code::picture::decode, which is bounded");
}

/// The codes of problems in a source: the literal after a status, as `StatusCode::NOT_FOUND, "no_such_page"`.
fn problem_codes(code: &str) -> BTreeSet<&str> {
    let after_status = |at: usize| {
        let (status, rest) = code.get(at..)?.split_once(',')?;
        let name = status.trim_start_matches("StatusCode::");
        let named = name == "conflict" || name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let (literal, then) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        let snake = literal.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        // A status and a word alone are a health's, and no problem.
        (named && snake && then.starts_with(',')).then_some(literal)
    };
    ["StatusCode::", "conflict,"]
        .iter()
        .flat_map(|needle| code.match_indices(needle))
        .filter_map(|(at, _)| after_status(at))
        .collect()
}

#[test]
fn every_problem_of_a_gate_has_its_row() {
    let page = text("docs/reasons.md");
    let mut found = 0;
    for file in files().iter().filter(|file| file.starts_with("crates/gate/src/") && ends_with(file, &["rs"]))
    {
        for code in problem_codes(&text(file)) {
            assert!(
                page.contains(&format!("\n| `{code}` |")),
                "{file}: no row for {code} in docs/reasons.md"
            );
            found += 1;
        }
    }
    assert!(found > 10, "{found} codes are too few to be a gate's");
}

/// The modules of a crate by what they name of each other: `crate::name` outside of comments and unit tests. A module's
/// own inner modules count as the module.
fn uses(of_crate: &str, files: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let source = format!("crates/{of_crate}/src/");
    let module = |file: &str| {
        let inside = file.strip_prefix(&source)?;
        let first = inside.split('/').next().unwrap_or_default();
        let name = first.strip_suffix(".rs").unwrap_or(first);
        (name != "lib" && name != "main").then(|| name.to_owned())
    };
    let modules: BTreeSet<String> = files.iter().filter_map(|file| module(file)).collect();
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files {
        let Some(user) = module(file) else { continue };
        let text = text(file);
        let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        let code: String = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(|line| format!("{line}\n"))
            .collect();
        for (at, _) in code.match_indices("crate::") {
            let before = code.get(..at).and_then(|text| text.chars().next_back());
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let named = code.get(at + "crate::".len()..).unwrap_or_default();
            // `use crate::{a::B, c};` names several at once.
            let group = named.strip_prefix('{').map(|rest| rest.split("};").next().unwrap_or_default());
            let words = group.unwrap_or(named).split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let words = words.take(if group.is_some() { usize::MAX } else { 1 });
            let found = words.filter(|word| *word != user && modules.contains(*word)).map(str::to_owned);
            uses.entry(user.clone()).or_default().extend(found);
        }
    }
    uses
}

/// Modules that reach each other: every circle as one set.
fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
        while let Some(module) = next.pop() {
            next.extend(uses.get(module).into_iter().flatten().filter(|used| seen.insert((*used).clone())));
        }
        seen
    };
    let reach: BTreeMap<&String, BTreeSet<String>> = uses.keys().map(|from| (from, reached(from))).collect();
    let circle = |module: &String| -> Option<BTreeSet<String>> {
        let back = |other: &&String| reach.get(other).is_some_and(|reached| reached.contains(module));
        let both: BTreeSet<String> = reach.get(module)?.iter().filter(back).cloned().collect();
        (!both.is_empty()).then_some(both)
    };
    uses.keys().filter_map(circle).collect()
}

#[test]
fn the_modules_of_a_crate_depend_one_way() {
    let files = files();
    let crates: BTreeSet<&str> =
        files.iter().filter_map(|file| file.strip_prefix("crates/")?.split('/').next()).collect();
    for of_crate in crates {
        let circles = circles(&uses(of_crate, &files));
        assert!(circles.is_empty(), "circles between the modules of {of_crate}: {circles:?}");
    }
}

#[test]
fn a_circle_is_found_and_a_line_is_none() {
    let graph = |arrows: &[(&str, &str)]| {
        let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (from, to) in arrows {
            uses.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        }
        circles(&uses)
    };
    assert!(graph(&[("a", "b"), ("b", "c"), ("a", "c")]).is_empty());
    let found = graph(&[("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]);
    assert_eq!(found, [["b".to_owned(), "c".to_owned()].into()].into());
}

#[test]
fn the_modules_of_face_stand_in_the_order_that_its_head_gives() {
    let text = text("crates/face/src/lib.rs");
    let head: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let (_, order) = head.split_once("each uses those before it alone:").unwrap();
    let order: Vec<&str> = order.split('`').skip(1).step_by(2).collect();
    let place = |module: &str| order.iter().position(|each| *each == module);
    for (user, used) in uses("face", &files()) {
        for used in used {
            let (above, below) = (place(&user), place(&used));
            assert!(below.is_some() && below < above, "{user} uses {used}, which stands after it or nowhere");
        }
    }
}

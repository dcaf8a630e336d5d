//! The page `docs/formats.md` as tests read it: its grammar and its bytes.

use std::path::PathBuf;

/// The contents of every fenced block that begins with exactly this line, in order.
pub fn blocks(fence: &str) -> Vec<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md");
    let page = std::fs::read_to_string(path).unwrap();
    let opening = format!("```{fence}");
    let (mut found, mut inside) = (Vec::new(), None::<String>);
    for line in page.lines() {
        match &mut inside {
            None if line == opening => inside = Some(String::new()),
            None => {}
            Some(block) if line == "```" => {
                found.push(std::mem::take(block));
                inside = None;
            }
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    found
}

/// The bytes of the worked example's block `name`: hexadecimal digits up to `#` in each line.
pub fn bytes(name: &str) -> Vec<u8> {
    let found = blocks(&format!("hex {name}"));
    let [block] = found.as_slice() else { panic!("{} blocks {name} in the page", found.len()) };
    let digits: String = block.lines().filter_map(|l| l.split('#').next()).map(str::trim).collect();
    hex::decode(digits).unwrap()
}

/// Whether the bytes are what the page's grammar calls `rule`.
pub fn conforms(rule: &str, bytes: &[u8]) -> Result<(), String> {
    let grammar = format!("checked = {rule}\n{}", anchored(&blocks("cddl").concat()));
    // The checker panics where bytes stand in the place of a literal text (cddl 0.10.7): that is no match either.
    let checked = std::panic::catch_unwind(|| cddl::validate_cbor_from_slice(&grammar, bytes, None));
    checked.map_err(|_| "the checker panicked".to_owned())?.map_err(|error| error.to_string())
}

/// RFC 8610, 3.8.3: a regular expression speaks of the whole text. The checker looks for it anywhere in it.
fn anchored(grammar: &str) -> String {
    let mut out = String::new();
    for (at, piece) in grammar.split(".regexp \"").enumerate() {
        match piece.split_once('"') {
            Some((expression, rest)) if at > 0 => {
                out.push_str(&format!(".regexp \"^(?:{expression})$\"{rest}"));
            }
            _ => out.push_str(piece),
        }
    }
    out
}

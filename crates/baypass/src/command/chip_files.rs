//! Chip files: a chip's files as a reader's software leaves them on a disk: one JSON text, or a folder of files.
//!
//! Lives here: reading them within their bounds. Not here: whether they are true, and what they say.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gate::devices::chip_files::{ChipFiles, MAX_CHIP_TEXT};
use serde_json::{Map, Value};

use crate::failure::{self, Failure};

/// Names of files in a folder, and the fields of the text (`docs/chip.md`); the first three must be there.
const FILES: [(&str, &str); 8] = [
    ("EF.SOD", "sod"),
    ("DG1", "dg1"),
    ("DG2", "dg2"),
    ("EF.COM", "com"),
    ("DG11", "dg11"),
    ("DG12", "dg12"),
    ("DG14", "dg14"),
    ("DG15", "dg15"),
];

/// Reads what was handed in: a file of JSON, or a folder.
pub fn read(path: &Path) -> Result<ChipFiles, Failure> {
    if !path.is_dir() {
        return failure::read(path, MAX_CHIP_TEXT).map(ChipFiles::handed_in);
    }
    let mut fields = Map::new();
    for (place, (name, field)) in FILES.into_iter().enumerate() {
        let file = path.join(name);
        if place < 3 || file.exists() {
            let bytes = failure::read(&file, MAX_CHIP_TEXT)?;
            fields.insert(field.to_owned(), Value::from(STANDARD.encode(bytes)));
        }
    }
    Ok(ChipFiles::handed_in(Value::Object(fields).to_string().into_bytes()))
}

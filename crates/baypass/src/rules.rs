//! `baypass rules report`: what the sources leave uncertain, and what the program takes for it.

use documents::Rules;
use serde_json::json;

use crate::Ended;
use crate::failure::{self, Failure};

pub fn run(json: bool) -> Result<Ended, Failure> {
    let rules = Rules::builtin().map_err(|error| Failure::of(&error))?;
    let report = rules.report();
    if !json {
        failure::print(&format!("{report}\n"))?;
        return Ok(Ended::Well);
    }
    let switches: Vec<_> = report
        .switches()
        .iter()
        .map(|s| {
            json!({"id": s.id, "value": s.value, "default": s.default, "is_default": s.is_default(),
                   "source": s.source, "says": s.says})
        })
        .collect();
    let rows: Vec<_> = report
        .unsure_rows()
        .into_iter()
        .map(|(file, id, source)| json!({"file": file, "id": id, "source": source}))
        .collect();
    failure::print_json(&json!({"version": rules.version(), "switches": switches, "unsure_rows": rows}))?;
    Ok(Ended::Well)
}

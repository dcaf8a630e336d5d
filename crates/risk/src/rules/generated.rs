//! Generated: any number of rules that differ, for measuring what an authority's own set would cost.
//!
//! Lives here: [`generated_rules`]. Not here: rules that anybody should use (`data/rules.toml`).

use std::fmt::Write as _;

use super::MAX_RULES;
use crate::schema::{Schema, Signal, Type};

/// A file of `count` rules (400 at most), each over three or four signals; the same for the same schema. At usual values each is false by its
/// last part alone, so that a usual crossing is the one that costs most: nothing ends an evaluation early.
#[must_use]
pub fn generated_rules(schema: &Schema, count: usize) -> String {
    let traveller: Vec<&Signal> = schema
        .signals()
        .iter()
        .filter(|signal| signal.raises_doubt() && signal.about != crate::schema::About::Lane)
        .collect();
    let mut text = String::from("name = \"generated\"\n");
    let count = if traveller.is_empty() { 0 } else { count.min(MAX_RULES) };
    for place in 0..count {
        // Steps without a common divisor with most lengths, so that rules differ in what they join.
        let pick = |step: usize| {
            traveller.get((place * 7 + step * 13 + place / traveller.len()) % traveller.len()).copied()
        };
        let mut parts: Vec<&Signal> = Vec::new();
        for signal in (0..3 + place % 2).filter_map(pick) {
            if !parts.iter().any(|part| part.name == signal.name) {
                parts.push(signal);
            }
        }
        let Some((last, first)) = parts.split_last() else { continue };
        let (fails, value) = apart(last, place);
        let when: Vec<String> = first.iter().map(|signal| usual(signal, place)).chain([fails]).collect();
        let _ = write!(
            text,
            "\n[[rule]]\nid = \"generated_{place}\"\nsays = \"Generated, for a measurement.\"\n\
             doubt = \"unusual_use\"\nharm = \"low\"\nwhen = \"{}\"\n[[rule.case]]\nsays = \"at the edge\"\nholds = true\n\
             signals = {{ {} }}\n[[rule.case]]\nsays = \"usual\"\nholds = false\n",
            when.join(" && "),
            value,
        );
    }
    text
}

/// The edge of a number that has room above its usual value; it moves with `place`.
fn edge(usual: i64, max: i64, place: usize) -> i64 {
    let eighths = i64::try_from(place % 7).unwrap_or(0) + 1;
    usual + 1 + (max - usual - 1) * eighths / 8
}

/// A condition on one signal that does not hold at its usual value, and a value at which it does.
fn apart(signal: &Signal, place: usize) -> (String, String) {
    let name = &signal.name;
    match &signal.kind {
        Type::Integer { max, .. } if signal.usual < *max => {
            (format!("{name} + 1 > {}", edge(signal.usual, *max, place)), format!("{name} = {max}"))
        }
        Type::Integer { min, .. } => (format!("{name} < {}", signal.usual), format!("{name} = {min}")),
        Type::Flag if signal.usual == 0 => (name.clone(), format!("{name} = true")),
        Type::Flag => (format!("!{name}"), format!("{name} = false")),
        Type::Choice(words) => {
            let other = other(words, signal.usual);
            (format!("{name} == '{other}'"), format!("{name} = \"{other}\""))
        }
    }
}

/// A condition on one signal that holds at its usual value.
fn usual(signal: &Signal, place: usize) -> String {
    let name = &signal.name;
    match &signal.kind {
        Type::Integer { max, .. } if signal.usual < *max => {
            format!("{name} + 1 <= {}", edge(signal.usual, *max, place))
        }
        Type::Integer { .. } => format!("{name} >= {}", signal.usual),
        Type::Flag if signal.usual == 0 => format!("!{name}"),
        Type::Flag => name.clone(),
        Type::Choice(words) => format!("{name} != '{}'", other(words, signal.usual)),
    }
}

fn other(words: &[String], usual: i64) -> &str {
    let usual = usize::try_from(usual).unwrap_or(0);
    words.iter().enumerate().find(|(at, _)| *at != usual).map_or("", |(_, word)| word)
}

//! Examples: values of a schema's form, taken from what the schema itself says and from a service's own list.
//!
//! Lives here: [`Examples`]. Not here: the list, which each service has beside its code.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// A moment and a day, as the project's examples have them.
const MOMENT: &str = "2026-03-02T10:00:00+08:00";
const DAY: &str = "2026-03-02";
/// Schemas in schemas are followed so far.
const DEPTH: usize = 12;

/// Where an example is wanted: the schema, and the field in it.
type Place<'p> = (&'p str, &'p str);

pub(super) struct Examples {
    schemas: Value,
    known: Value,
    missing: BTreeSet<String>,
}

impl Examples {
    pub(super) fn new(schemas: Value, known: &Value) -> Self {
        Self { schemas, known: known.clone(), missing: BTreeSet::new() }
    }

    /// The schemas' names.
    pub(super) fn names(&self) -> Vec<String> {
        self.schemas.as_object().into_iter().flat_map(Map::keys).cloned().collect()
    }

    /// Fields of text for which nothing is known.
    pub(super) fn missing(self) -> Vec<String> {
        self.missing.into_iter().collect()
    }

    /// An example of a schema with a name.
    pub(super) fn of_schema(&mut self, name: &str) -> Value {
        self.of(&json!({ "$ref": format!("#/components/schemas/{name}") }), (name, ""))
    }

    /// An example of what a schema describes.
    pub(super) fn of(&mut self, schema: &Value, place: Place<'_>) -> Value {
        self.value(schema, place, DEPTH).unwrap_or(Value::Null)
    }

    /// An example of a body: of JSON by its schema, of anything else by its media type.
    pub(super) fn of_body(&mut self, media: &str, path: &str, schema: &Value) -> Value {
        if let Some(known) = self.known.get(format!("{media} {path}")).or_else(|| self.known.get(media)) {
            return known.clone();
        }
        self.of(schema, (media, path))
    }

    fn value(&mut self, schema: &Value, place: Place<'_>, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.rsplit('/').next()) {
            if let Some(known) = self.known.get(name) {
                return Some(known.clone());
            }
            let target = self.schemas.get(name)?.clone();
            return self.value(&target, (name, ""), depth);
        }
        let (of, field) = place;
        let known = self.known.get(format!("{of}.{field}")).filter(|known| fits(schema, known));
        if let Some(own) = known.or_else(|| schema.get("example")).or_else(|| schema.pointer("/examples/0")) {
            return Some(own.clone());
        }
        if let Some(own) = schema.get("const").or_else(|| schema.pointer("/enum/0")) {
            return Some(own.clone());
        }
        if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
            let mut merged = Map::new();
            for part in all {
                if let Some(Value::Object(part)) = self.value(part, place, depth) {
                    merged.extend(part);
                }
            }
            return Some(Value::Object(merged));
        }
        if let Some(one) = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array) {
            let mut real = one.iter().filter(|one| one.get("type").and_then(Value::as_str) != Some("null"));
            let first = real.next()?.clone();
            return self.value(&first, place, depth);
        }
        match kind(schema) {
            Some("object") => self.object(schema, place, depth),
            Some("array") => {
                let items = schema.get("items").cloned().unwrap_or_default();
                if let Some(Value::Array(known)) = self.known.get(field)
                    && known.iter().all(|one| fits(&items, one))
                {
                    return Some(Value::Array(known.clone()));
                }
                Some(self.value(&items, place, depth).map_or_else(|| json!([]), |item| json!([item])))
            }
            Some("integer") => Some(json!(schema.get("minimum").and_then(Value::as_i64).unwrap_or(1).max(0))),
            Some("number") => Some(json!(0.5)),
            Some("boolean") => Some(json!(true)),
            Some("string") => self.text(schema, place),
            Some(_) | None => None,
        }
    }

    fn object(&mut self, schema: &Value, (of, field): Place<'_>, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            if let Some(value) = self.value(property, (of, name), depth) {
                object.insert(name.clone(), value);
            }
        }
        if let Some(Value::Object(known)) = self.known.get(field) {
            return Some(Value::Object(known.clone()));
        }
        if let Some(more) = schema.get("additionalProperties").filter(|more| more.is_object()).cloned()
            && let Some(value) = self.value(&more, (of, field), depth)
        {
            let key = self.known.get(format!("{of}.{field} key")).and_then(Value::as_str).unwrap_or("CHN");
            object.insert(key.to_owned(), value);
        }
        Some(Value::Object(object))
    }

    fn text(&mut self, schema: &Value, (of, field): Place<'_>) -> Option<Value> {
        match schema.get("format").and_then(Value::as_str) {
            Some("date-time") => return Some(json!(MOMENT)),
            Some("date") => return Some(json!(DAY)),
            Some(_) | None => {}
        }
        if let Some(known) = self.known.get(field) {
            // A list is known, and one of it is wanted.
            let first = known.as_array().and_then(|several| several.first());
            return Some(first.unwrap_or(known).clone());
        }
        let name = if field.is_empty() { of.to_owned() } else { format!("{of}.{field}") };
        self.missing.insert(name);
        None
    }
}

/// The type of a schema, beside that it may be missing.
fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        Some(kind) => kind.as_str(),
        None => None,
    }
}

/// Whether a value from the list has the type of this schema: a map's name is that of its values too.
fn fits(schema: &Value, value: &Value) -> bool {
    match kind(schema) {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer" | "number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some(_) | None => false,
    }
}

//! Description: what the description of every service's API (OpenAPI 3.1) has beside what its code says: by which listener an
//! operation is reached, what opens it, and examples.
//!
//! Lives here: [`complete`], and the page for people, [`page`]. Not here: any operation, any schema, any example of one service
//! (its `data/examples.json`).

mod examples;
mod page;

use serde_json::{Map, Value, json};

use examples::Examples;
pub use page::{ProblemRow, page};

/// By which listener the operations of a tag are reached, and what opens those that say nothing themselves.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// The tag.
    pub tag: &'static str,
    /// The listener.
    pub listener: Listener,
}

/// A listener of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listener {
    /// The one at which the description itself is read.
    Here,
    /// For gates and authorities, who know each other by their keys.
    Parties,
    /// Another one, told by name, with the address that the demo gives it.
    Other {
        /// Whose it is, one word.
        name: &'static str,
        /// An address such as `http://127.0.0.1:7141`.
        example: &'static str,
    },
}

impl Listener {
    fn server(self) -> Value {
        match self {
            Self::Here => {
                json!({ "url": "/", "description": "The listener at which this description is read." })
            }
            Self::Parties => json!({
                "url": "https://{parties}", "description": "The parties' listener, over mutual TLS.",
                "variables": { "parties": { "default": "127.0.0.1:7131", "description": "Where the parties listen." } },
            }),
            Self::Other { name, example } => {
                let (scheme, host) = example.split_once("://").unwrap_or(("http", example));
                json!({
                    "url": format!("{scheme}://{{{name}}}"), "description": format!("The listener for {name}."),
                    "variables": { name: { "default": host, "description": "Where it listens." } },
                })
            }
        }
    }
}

/// A description that is whole, and the fields for which there is no example yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed {
    /// The description.
    pub api: Value,
    /// `Schema.field` of texts without an example.
    pub without_example: Vec<String>,
}

/// Completes a description. `doors` say where each tag's operations are; `examples` has values by `Schema.field`, by field, or
/// by schema (JSON).
#[must_use]
pub fn complete(api: &Value, doors: &[Door], examples: &Value) -> Completed {
    let mut api = api.clone();
    if let Some(info) = api.get_mut("info").and_then(Value::as_object_mut) {
        info.insert("contact".to_owned(), json!({ "name": "Whoever runs this service" }));
        info.insert("license".to_owned(), json!({ "name": "Apache-2.0", "identifier": "Apache-2.0" }));
    }
    set(&mut api, "servers", json!([Listener::Here.server()]));
    if doors.iter().any(|door| door.listener == Listener::Parties)
        && let Some(components) = api.get_mut("components").and_then(Value::as_object_mut)
    {
        let schemes = components.entry("securitySchemes").or_insert_with(|| json!({}));
        let said = "Both ends show a certificate with a key of the trust lists (docs/tls.md); each message is signed besides.";
        set(schemes, "parties", json!({ "type": "mutualTLS", "description": said }));
    }
    let mut examples =
        Examples::new(api.pointer("/components/schemas").cloned().unwrap_or_default(), examples);
    let names: Vec<String> = examples.names();
    for name in names {
        let example = examples.of_schema(&name);
        if let Some(schema) = api.pointer_mut(&format!("/components/schemas/{name}")) {
            set(schema, "example", example);
        }
    }
    let mut seen: Vec<String> = Vec::new();
    if let Some(paths) = api.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                one_operation(operation, path, doors, &mut examples, &mut seen);
            }
        }
    }
    Completed { api, without_example: examples.missing() }
}

fn one_operation(
    operation: &mut Value,
    path: &str,
    doors: &[Door],
    examples: &mut Examples,
    seen: &mut Vec<String>,
) {
    let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or_default().to_owned();
    let listener = doors.iter().find(|door| door.tag == tag).map_or(Listener::Here, |door| door.listener);
    set(operation, "servers", json!([listener.server()]));
    if operation.get("security").is_none() {
        let security = if listener == Listener::Parties { json!([{ "parties": [] }]) } else { json!([]) };
        set(operation, "security", security);
    }
    if operation.get("description").is_none() {
        let summary = operation.get("summary").and_then(Value::as_str).unwrap_or_default();
        set(operation, "description", json!(format!("{}.", summary.trim_end_matches('.'))));
    }
    // Two kinds of desks may call an act the same.
    let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = if seen.contains(&id) { format!("{tag}_{id}") } else { id };
    set(operation, "operationId", json!(id));
    seen.push(id);
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        // What does not stand in the path is asked for behind it.
        if parameter.get("in").and_then(Value::as_str) == Some("path")
            && !path.contains(&format!("{{{name}}}"))
        {
            set(parameter, "in", json!("query"));
        }
        if parameter.get("example").is_none() {
            let schema = parameter.get("schema").cloned().unwrap_or_else(|| json!({ "type": "string" }));
            let example = examples.of(&schema, ("parameter", &name));
            set(parameter, "example", example);
        }
    }
    if let Some(content) = operation.pointer_mut("/requestBody/content") {
        contents(content, path, examples, None);
    }
    for (status, response) in
        operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten()
    {
        let status: u16 = status.parse().unwrap_or_default();
        let told = axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        if response.get("description").and_then(Value::as_str).unwrap_or_default().is_empty() {
            set(response, "description", json!(format!("{}.", told.unwrap_or("Answered"))));
        }
        if status >= 400 && response.get("content").is_none() {
            set(
                response,
                "content",
                json!({ "application/problem+json": {
                "schema": { "$ref": "#/components/schemas/Problem" } } }),
            );
        }
        let code = response.pointer("/x-problem-codes/0").and_then(Value::as_str).map(str::to_owned);
        if let Some(content) = response.get_mut("content") {
            contents(content, path, examples, Some((status, code.as_deref())));
        }
    }
}

/// An example beside each media type of a body.
fn contents(content: &mut Value, path: &str, examples: &mut Examples, answer: Option<(u16, Option<&str>)>) {
    for (media, body) in content.as_object_mut().into_iter().flatten() {
        if body.get("example").is_some() || body.get("examples").is_some() {
            continue;
        }
        let schema = body.get("schema").filter(|schema| !schema.is_null()).cloned();
        let schema = schema
            .unwrap_or_else(|| json!({ "type": if media.contains("json") { "object" } else { "string" } }));
        set(body, "schema", schema.clone());
        let mut example = examples.of_body(media, path, &schema);
        if let (true, Some((status, code))) = (media == "application/problem+json", answer) {
            set(&mut example, "status", json!(status));
            if let Some(code) = code {
                set(&mut example, "code", json!(code));
                set(&mut example, "type", json!(format!("urn:baypass:problem:{code}")));
                set(&mut example, "title", json!(code.replace('_', " ")));
            }
        }
        set(body, "example", example);
    }
}

fn set(value: &mut Value, field: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(field.to_owned(), to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_gets_its_listener_what_opens_it_and_examples_of_its_types() {
        let api = json!({
            "info": { "title": "T", "version": "1" },
            "components": { "schemas": {
                "Way": { "type": "string", "enum": ["entry", "exit"] },
                "Body": { "type": "object", "required": ["name", "way", "many"], "properties": {
                    "name": { "type": "string" }, "way": { "$ref": "#/components/schemas/Way" },
                    "many": { "type": "array", "items": { "type": "integer", "minimum": 3 } },
                    "day": { "type": ["string", "null"], "format": "date" }, "lost": { "type": "string" } } },
                "Problem": { "type": "object", "properties": { "code": { "type": "string" } } },
            } },
            "paths": { "/a/{id}": { "post": {
                "tags": ["gates"], "operationId": "act", "summary": "Acts",
                "parameters": [{ "name": "id", "in": "path" }, { "name": "name", "in": "path" }],
                "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Body" } } } },
                "responses": { "204": { "description": "" }, "404": { "x-problem-codes": ["not_found"] } },
            } }, "/b": { "get": { "tags": ["public"], "operationId": "act", "responses": {} } } },
        });
        let doors = [Door { tag: "gates", listener: Listener::Parties }];
        let known = json!({ "name": "SPECIMEN", "id": "7", "Problem.code": "busy" });
        let Completed { api, without_example } = complete(&api, &doors, &known);
        assert_eq!(without_example, ["Body.lost"]);
        let act = &api["paths"]["/a/{id}"]["post"];
        assert_eq!(act["security"], json!([{ "parties": [] }]));
        assert_eq!(act["servers"][0]["url"], "https://{parties}");
        assert_eq!(act["parameters"][1]["in"], "query");
        let example = &act["requestBody"]["content"]["application/json"]["example"];
        let wanted = json!({ "name": "SPECIMEN", "way": "entry", "many": [3], "day": "2026-03-02" });
        assert_eq!(example, &wanted, "what has no example is left out");
        assert_eq!(act["responses"]["204"]["description"], "No Content.");
        let problem = &act["responses"]["404"]["content"]["application/problem+json"]["example"];
        assert_eq!((&problem["code"], &problem["status"]), (&json!("not_found"), &json!(404)));
        let other = &api["paths"]["/b"]["get"];
        assert_eq!((&other["operationId"], &other["security"]), (&json!("public_act"), &json!([])));
    }
    #[test]
    fn a_page_tells_how_each_operation_is_secured_and_has_no_table_without_problems() {
        let api = json!({
            "info": { "title": "T", "version": "1" }, "tags": [{ "name": "all" }],
            "components": { "securitySchemes": {
                "wallet": { "type": "apiKey", "name": "Authorization", "description": "`DPoP` and the wallet's secret" },
                "officer": { "type": "http", "scheme": "bearer", "description": "a session's secret" },
                "parties": { "type": "mutualTLS", "description": "by the trust lists" },
            } },
            "paths": { "/a": { "get": { "tags": ["all"], "security": [{ "wallet": [] }, { "officer": [] }] } },
                       "/b": { "get": { "tags": ["all"], "security": [{ "parties": [] }] } } },
        });
        let shown = page(&api, "here", &[]);
        assert!(shown.contains("<p><code>Authorization</code>: DPoP and the wallet's secret</p>"), "{shown}");
        assert!(shown.contains("<p><code>Authorization: Bearer</code>: a session's secret</p>"), "{shown}");
        assert!(shown.contains("<p>a certificate: by the trust lists</p>"), "{shown}");
        assert!(!shown.contains("problems"), "{shown}");
        let with = page(&api, "here", &[("busy", 503, "Busy", "wait")]);
        assert!(with.contains("#problems") && with.contains("id=\"busy\""), "{with}");
    }
}

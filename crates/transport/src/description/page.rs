//! Page: the description as a page that a person reads. No script, no other host, nothing but this one document.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::look::{STYLE, escaped};

/// A row of the table of problems: code, status, what happened, what to do next.
pub type ProblemRow = (&'static str, u16, &'static str, &'static str);

/// The page of one service, from its description (OpenAPI); `whose` stands behind the title.
#[must_use]
pub fn page(api: &Value, whose: &str, problems: &[ProblemRow]) -> String {
    let mut page = String::new();
    let (title, text) = (at(api, "/info/title"), at(api, "/info/description"));
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>API, {whose}: {0}</title><style>{STYLE}</style></head><body><h1>{0} ({whose})</h1>\
         <p>{1}</p><p>For programs: <a href=\"/openapi.json\">/openapi.json</a>.</p><nav>",
        escaped(title),
        escaped(text),
        whose = escaped(whose),
    );
    let tags = list(api, "/tags");
    for tag in tags {
        let name = escaped(at(tag, "/name"));
        let _ = write!(page, "<a href=\"#{name}\">{name}</a>");
    }
    page.push_str("<a href=\"#schemas\">schemas</a>");
    if !problems.is_empty() {
        page.push_str("<a href=\"#problems\">problems</a>");
    }
    page.push_str("</nav>");
    for tag in tags {
        let (name, text) = (at(tag, "/name"), at(tag, "/description"));
        let _ = write!(page, "<h2 id=\"{0}\">{0}</h2><p>{1}</p>", escaped(name), escaped(text));
        operations(&mut page, api, name);
    }
    schemas(&mut page, api);
    if !problems.is_empty() {
        problem_table(&mut page, problems);
    }
    page.push_str("</body></html>\n");
    page
}

fn problem_table(page: &mut String, problems: &[ProblemRow]) {
    page.push_str("<h2 id=\"problems\">problems</h2><p>Any address can answer with <code>not_found</code> and \
        <code>method_not_allowed</code>; what else an operation can answer with stands beside it.</p><table><tr><th>code\
        <th>status<th>what happened<th>what to do next");
    for (code, status, title, next) in problems {
        let (title, next) = (escaped(title), escaped(next));
        let _ = write!(page, "<tr><td><code id=\"{code}\">{code}</code><td>{status}<td>{title}<td>{next}");
    }
    page.push_str("</table>");
}

fn operations(page: &mut String, api: &Value, tag: &str) {
    for (path, item) in entries(api, "/paths") {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if at(operation, "/tags/0") == tag {
                operation_text(page, api, (path, method), operation);
            }
        }
    }
}

fn operation_text(page: &mut String, api: &Value, (path, method): (&str, &str), operation: &Value) {
    let (method, path) = (escaped(&method.to_uppercase()), escaped(path));
    let summary = escaped(at(operation, "/summary"));
    let _ = write!(
        page,
        "<article><h3><span class=\"m\">{method}</span> <code>{path}</code></h3><p><b>{summary}.</b> "
    );
    page.push_str(&escaped(at(operation, "/description")));
    page.push_str("</p>");
    for name in list(operation, "/security").iter().filter_map(Value::as_object).flat_map(Map::keys) {
        let scheme = api.pointer(&format!("/components/securitySchemes/{name}")).unwrap_or(&Value::Null);
        let _ = write!(page, "<p>{}</p>", secured(scheme));
    }
    for parameter in list(operation, "/parameters") {
        let (name, text) = (escaped(at(parameter, "/name")), escaped(at(parameter, "/description")));
        let _ = write!(page, "<p><code>{name}</code>: {text}</p>");
    }
    if let Some(content) = operation.pointer("/requestBody/content") {
        let _ = write!(page, "<p>Body: {}</p>", content_text(content));
    }
    page.push_str("<table><tr><th>status<th>meaning<th>body");
    for (status, response) in entries(operation, "/responses") {
        let text = escaped(at(response, "/description")).replace('\n', "<br>").replace('`', "");
        let body = response.pointer("/content").map(content_text).unwrap_or_default();
        let _ = write!(page, "<tr><td>{}<td>{text}<td>{body}", escaped(status));
    }
    page.push_str("</table></article>");
}

/// What a caller shows, by the scheme that the description names (OpenAPI 3.1, Security Scheme Object).
fn secured(scheme: &Value) -> String {
    let what = match (at(scheme, "/type"), at(scheme, "/scheme"), at(scheme, "/name")) {
        ("http", "bearer", _) => "<code>Authorization: Bearer</code>".to_owned(),
        ("http", other, _) => format!("<code>Authorization: {}</code>", escaped(other)),
        ("apiKey", _, header) => format!("<code>{}</code>", escaped(header)),
        ("mutualTLS", ..) => "a certificate".to_owned(),
        (other, ..) => escaped(other),
    };
    format!("{what}: {}", escaped(at(scheme, "/description")).replace('`', ""))
}

fn content_text(content: &Value) -> String {
    let mut text = String::new();
    for (media, body) in content.as_object().into_iter().flatten() {
        let schema = body.get("schema").map(schema_name).unwrap_or_default();
        let _ = write!(text, "<code>{}</code> {schema} ", escaped(media));
    }
    text
}

/// A schema in one word or two, with a link where it has a name.
fn schema_name(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) {
        let name = escaped(name);
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", schema_name(items));
    }
    for (word, all) in [("oneOf", " or "), ("allOf", " with ")] {
        if let Some(several) = schema.get(word).and_then(Value::as_array) {
            return several.iter().map(schema_name).collect::<Vec<_>>().join(all);
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let fields: Vec<_> =
            properties.keys().map(|field| format!("<code>{}</code>", escaped(field))).collect();
        return fields.join(", ");
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("<code>{}</code>", escaped(word)))
            .collect();
        return words.join(", ");
    }
    let kind = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) | None => String::new(),
    };
    let format = at(schema, "/format");
    let more = if format.is_empty() { String::new() } else { format!(" ({format})") };
    escaped(&format!("{kind}{more}"))
}

fn schemas(page: &mut String, api: &Value) {
    page.push_str("<h2 id=\"schemas\">schemas</h2>");
    for (name, schema) in entries(api, "/components/schemas") {
        let (name, text) = (escaped(name), escaped(at(schema, "/description")));
        let _ = write!(page, "<article><h3 id=\"schema-{name}\">{name}</h3><p>{text}</p>");
        let properties = schema.get("properties").and_then(Value::as_object);
        match properties {
            None => page.push_str(&schema_name(schema)),
            Some(properties) => {
                page.push_str("<table><tr><th>field<th>type<th>meaning");
                for (field, of) in properties {
                    let must = list(schema, "/required").iter().any(|r| r.as_str() == Some(field));
                    let may = if must { "" } else { " (may be left out)" };
                    let (field, text) = (escaped(field), escaped(at(of, "/description")));
                    let _ =
                        write!(page, "<tr><td><code>{field}</code>{may}<td>{}<td>{text}", schema_name(of));
                }
                page.push_str("</table>");
            }
        }
        page.push_str("</article>");
    }
}

fn at<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn entries<'v>(value: &'v Value, pointer: &str) -> impl Iterator<Item = (&'v String, &'v Value)> {
    value.pointer(pointer).and_then(Value::as_object).into_iter().flatten()
}

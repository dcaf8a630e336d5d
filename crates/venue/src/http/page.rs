//! Page: the counter's page, served from the binary: one document, one script, one style sheet, texts in four languages.
//!
//! Lives here: the files of `page/` and the policy under which a browser runs them. Not here: what the page does (`page/desk.js`).

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::App;

/// No inline script or style, nothing of another origin, and no page around this one.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HTML: &str = include_str!("../../page/index.html");
const SCRIPT: &str = include_str!("../../page/desk.js");
const STYLE: &str = include_str!("../../page/desk.css");
const TEXTS: &str = include_str!("../../page/texts.json");

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(async || file("text/html; charset=utf-8", HTML)))
        .route("/desk.js", get(async || file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/desk.css", get(async || file("text/css; charset=utf-8", STYLE)))
        .route("/texts.json", get(async || file("application/json", TEXTS)))
}

fn file(kind: &'static str, content: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], content).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::profile::{Field, Permit, Profiles};

    /// What stands between `begin`, where a word begins, and `end` in a file, each time.
    fn between(text: &str, begin: &str, end: char) -> BTreeSet<String> {
        let word = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric());
        let starts = text.match_indices(begin).filter(|(at, _)| word(*at));
        starts.filter_map(|(at, _)| text[at + begin.len()..].split(end).next()).map(str::to_owned).collect()
    }

    #[test]
    fn every_text_of_the_page_stands_there_in_four_languages() {
        let texts: Value = serde_json::from_str(TEXTS).unwrap();
        let keys = |language: &str| -> BTreeSet<String> {
            let texts = texts[language].as_object().unwrap();
            assert!(texts.values().all(|text| !text.as_str().unwrap().is_empty()), "{language}");
            texts.keys().cloned().collect()
        };
        let english = keys("en");
        for language in ["zh-Hans", "zh-Hant", "pt"] {
            assert_eq!(keys(language), english, "{language}");
        }
        let mut used = between(HTML, "data-text=\"", '"');
        used.extend(between(SCRIPT, "t(\"", '"'));
        used.extend(between(SCRIPT, "text: \"", '"'));
        used.extend(Field::ALL.map(|field| format!("field.{field}")));
        used.extend(Permit::ALL.map(|permit| format!("document.{permit}")));
        used.extend(documents::DocumentKind::ALL.map(|kind| format!("kind.{kind}")));
        // No document of a traveller: no desk hears of it.
        used.remove("kind.one_way_permit");
        let profiles = Profiles::builtin().unwrap();
        let age = crate::profile::AgeEvidence::default();
        let day = "2026-11-29".parse().unwrap();
        let duties = profiles.iter().flat_map(|profile| profile.child_duties(&age, day));
        used.extend(duties.map(|duty| format!("duty.{}", duty.id)));
        let missing: Vec<_> = used.difference(&english).collect();
        assert!(used.len() > 80 && missing.is_empty(), "{} used, without text: {missing:?}", used.len());
    }

    #[test]
    fn no_markup_stands_in_the_script_and_no_script_in_the_markup() {
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            assert!(!SCRIPT.contains(sink), "{sink}");
        }
        for inline in [" onclick=", " onload=", " style=", "<style", "javascript:"] {
            assert!(!HTML.contains(inline), "{inline}");
        }
        assert_eq!(HTML.matches("<script").count(), 1);
        assert!(!POLICY.contains("unsafe"), "{POLICY}");
    }

    #[test]
    fn every_field_of_the_page_has_a_label_and_every_section_a_heading() {
        for id in ["language", "name", "secret", "scan"] {
            assert!(
                HTML.contains(&format!("id=\"{id}\"")) && HTML.contains(&format!("for=\"{id}\"")),
                "{id}"
            );
        }
        for title in between(HTML, "aria-labelledby=\"", '"') {
            assert!(HTML.contains(&format!("<h2 id=\"{title}\"")), "{title}");
        }
    }
}

//! Page: the counter's page, served from the binary: one document, one style sheet, scripts, texts in four languages.
//!
//! Lives here: the files of `page/` and the policy under which a browser runs them. Not here: what the page does (`page/*.js`).

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
const STYLE: &str = include_str!("../../page/desk.css");

/// Scripts: `desk.js` is the entry, each other one a view or what views share.
const SCRIPTS: [(&str, &str); 13] = [
    ("/desk.js", include_str!("../../page/desk.js")),
    ("/api.js", include_str!("../../page/api.js")),
    ("/asking.js", include_str!("../../page/asking.js")),
    ("/elements.js", include_str!("../../page/elements.js")),
    ("/evacuation.js", include_str!("../../page/evacuation.js")),
    ("/house.js", include_str!("../../page/house.js")),
    ("/invitations.js", include_str!("../../page/invitations.js")),
    ("/party.js", include_str!("../../page/party.js")),
    ("/person.js", include_str!("../../page/person.js")),
    ("/queues.js", include_str!("../../page/queues.js")),
    ("/rooming.js", include_str!("../../page/rooming.js")),
    ("/texts.js", include_str!("../../page/texts.js")),
    ("/visitors.js", include_str!("../../page/visitors.js")),
];
const TEXTS: [(&str, &str); 4] = [
    ("/texts/zh-Hans.json", include_str!("../../page/texts/zh-Hans.json")),
    ("/texts/zh-Hant.json", include_str!("../../page/texts/zh-Hant.json")),
    ("/texts/en.json", include_str!("../../page/texts/en.json")),
    ("/texts/pt.json", include_str!("../../page/texts/pt.json")),
];

pub(super) fn routes() -> Router<Arc<App>> {
    let page = [("/", "text/html; charset=utf-8", HTML), ("/desk.css", "text/css; charset=utf-8", STYLE)];
    let scripts = SCRIPTS.map(|(path, script)| (path, "text/javascript; charset=utf-8", script));
    let texts = TEXTS.map(|(path, texts)| (path, "application/json", texts));
    let files = page.into_iter().chain(scripts).chain(texts);
    files.fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(async move || file(kind, content)))
    })
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
        let english = keys(TEXTS[2].1);
        for (path, texts) in TEXTS {
            assert_eq!(keys(texts), english, "{path}");
        }
        let mut used = between(HTML, "data-text=\"", '"');
        for (_, script) in SCRIPTS {
            for call in ["t(\"", "filled(\"", "text: \"", "button(\""] {
                used.extend(between(script, call, '"'));
            }
        }
        used.extend(crate::store::Act::ALL.map(|act| format!("act.{}", act.code())));
        used.extend(crate::stay::Source::ALL.map(|source| format!("source.{}", source.code())));
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
        assert!(used.len() > 150 && missing.is_empty(), "{} used, without text: {missing:?}", used.len());
    }

    fn keys(texts: &str) -> BTreeSet<String> {
        let texts: Value = serde_json::from_str(texts).unwrap();
        let texts = texts.as_object().unwrap();
        assert!(texts.values().all(|text| !text.as_str().unwrap().is_empty()));
        texts.keys().cloned().collect()
    }

    #[test]
    fn every_refusal_that_a_clerk_can_meet_has_its_sentence() {
        let english = keys(TEXTS[2].1);
        let sources = [
            include_str!("../building.rs"),
            include_str!("../hotel.rs"),
            include_str!("../shown.rs"),
            include_str!("../desk/ask.rs"),
            include_str!("../desk/register.rs"),
            include_str!("../desk/take.rs"),
            include_str!("../stay/guest.rs"),
            include_str!("../stay/mod.rs"),
            include_str!("../stay/party.rs"),
            include_str!("../visit/mod.rs"),
        ];
        let codes = sources.iter().flat_map(|source| between(source, "=> \"", '"')).collect::<BTreeSet<_>>();
        let said =
            |code: &String| ["code", "warning"].iter().any(|of| english.contains(&format!("{of}.{code}")));
        let without: Vec<_> = codes.iter().filter(|code| !said(code)).collect();
        assert!(
            codes.len() > 40 && without.is_empty(),
            "{} codes, without sentence: {without:?}",
            codes.len()
        );
    }

    #[test]
    fn no_markup_stands_in_the_script_and_no_script_in_the_markup() {
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", ".style."] {
            for (path, script) in SCRIPTS {
                assert!(!script.contains(sink), "{path}: {sink}");
            }
        }
        for inline in [" onclick=", " onload=", " style=", "<style", "javascript:"] {
            assert!(!HTML.contains(inline), "{inline}");
        }
        assert_eq!(HTML.matches("<script").count(), 1);
        assert!(!POLICY.contains("unsafe"), "{POLICY}");
    }

    #[test]
    fn every_field_of_the_page_has_a_label_and_every_section_a_heading() {
        let labelled = between(HTML, "for=\"", '"');
        let fields = ["<input id=\"", "<select id=\"", "<textarea id=\""];
        let fields: BTreeSet<_> = fields.iter().flat_map(|begin| between(HTML, begin, '"')).collect();
        assert!(fields.len() > 15, "{fields:?}");
        assert_eq!(fields, labelled);
        for title in between(HTML, "aria-labelledby=\"", '"') {
            assert!(HTML.contains(&format!("<h2 id=\"{title}\"")), "{title}");
        }
    }
}

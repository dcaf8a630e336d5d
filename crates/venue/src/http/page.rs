//! Page: the counter's page and the one that readers use by themselves, served from the binary: each one document, one style sheet, scripts; texts in four languages.
//!
//! Lives here: the files of `page/` and the policy under which a browser runs them. Not here: what the pages do (`page/*.js`).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use transport::description::{Completed, Door, Listener, complete, page as described_page};
use transport::index::Index;

use super::App;

/// Examples by field, by `Schema.field`, by schema and by media type.
const EXAMPLES: &str = include_str!("../../data/examples.json");

const WALLETS: Listener = Listener::Other { name: "wallets", example: "http://127.0.0.1:7161" };

/// Which tag's operations stand behind which listener: the description is read at the counter's.
const DOORS: [Door; 5] = [
    Door { tag: "wallet", listener: WALLETS },
    Door { tag: "counter", listener: Listener::Here },
    Door { tag: "hotel", listener: Listener::Here },
    Door { tag: "building", listener: Listener::Here },
    Door { tag: "library", listener: Listener::Here },
];

/// No inline script or style, nothing of another origin, and no page around this one.
pub(super) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Documents: the counter's, and that of a library's self-service desk.
const PAGES: [(&str, &str); 2] = [
    ("/", include_str!("../../page/index.html")),
    ("/self-service", include_str!("../../page/self-service.html")),
];
const STYLES: [(&str, &str); 2] = [
    ("/desk.css", include_str!("../../page/desk.css")),
    ("/self-service.css", include_str!("../../page/self-service.css")),
];

/// Scripts: `desk.js` and `self-service.js` are the entries, each other one a view or what views share.
const SCRIPTS: [(&str, &str); 24] = [
    ("/desk.js", include_str!("../../page/desk.js")),
    ("/api.js", include_str!("../../page/api.js")),
    ("/asking.js", include_str!("../../page/asking.js")),
    ("/browser-wallet.js", include_str!("../../page/browser-wallet.js")),
    ("/card-camera.js", include_str!("../../page/card-camera.js")),
    ("/elements.js", include_str!("../../page/elements.js")),
    ("/evacuation.js", include_str!("../../page/evacuation.js")),
    ("/house.js", include_str!("../../page/house.js")),
    ("/invitations.js", include_str!("../../page/invitations.js")),
    ("/keys.js", include_str!("../../page/keys.js")),
    ("/lending.js", include_str!("../../page/lending.js")),
    ("/library.js", include_str!("../../page/library.js")),
    ("/party.js", include_str!("../../page/party.js")),
    ("/person.js", include_str!("../../page/person.js")),
    ("/queues.js", include_str!("../../page/queues.js")),
    ("/reader-words.js", include_str!("../../page/reader-words.js")),
    ("/reading.js", include_str!("../../page/reading.js")),
    ("/resting.js", include_str!("../../page/resting.js")),
    ("/rooming.js", include_str!("../../page/rooming.js")),
    ("/screens.js", include_str!("../../page/screens.js")),
    ("/self-service.js", include_str!("../../page/self-service.js")),
    ("/texts.js", include_str!("../../page/texts.js")),
    ("/turn.js", include_str!("../../page/turn.js")),
    ("/visitors.js", include_str!("../../page/visitors.js")),
];
/// What people read, by language; other pages of a desk say the same.
pub(super) const TEXTS: [(&str, &str); 4] = [
    ("/texts/zh-Hans.json", include_str!("../../page/texts/zh-Hans.json")),
    ("/texts/zh-Hant.json", include_str!("../../page/texts/zh-Hant.json")),
    ("/texts/en.json", include_str!("../../page/texts/en.json")),
    ("/texts/pt.json", include_str!("../../page/texts/pt.json")),
];

pub(super) fn routes() -> Router<Arc<App>> {
    let pages = PAGES.map(|(path, page)| (path, "text/html; charset=utf-8", page));
    let styles = STYLES.map(|(path, style)| (path, "text/css; charset=utf-8", style));
    let scripts = SCRIPTS.map(|(path, script)| (path, "text/javascript; charset=utf-8", script));
    let texts = TEXTS.map(|(path, texts)| (path, "application/json", texts));
    let files = pages.into_iter().chain(styles).chain(scripts).chain(texts);
    files.fold(Router::new(), |router, (path, kind, content)| {
        router.route(path, get(async move || file(kind, content)))
    })
}

/// The description with listeners, what opens each operation, and examples.
pub(super) fn completed(api: &serde_json::Value) -> Completed {
    complete(api, &DOORS, &serde_json::from_str(EXAMPLES).unwrap_or_default())
}

/// The description as a page.
pub(super) async fn docs(State(app): State<Arc<App>>) -> Response {
    transport::page(described_page(&super::openapi(), app.state.desk.setup().venue.as_str(), &[]))
}

/// What stands at the address for wallets.
pub(super) async fn at_wallets(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let venue = app.state.desk.setup().venue.as_str();
    let about = [
        "卡包把回答送到这里，这里没有给人看的内容。员工请打开柜台自己的地址。",
        "卡包把回答送到這裡，這裡沒有給人看的內容。職員請打開櫃檯自己的地址。",
        "Wallets send their answers here; there is nothing to read. Clerks open the counter's own address.",
        "As carteiras enviam aqui as suas respostas; não há nada para ler. Os funcionários abrem o endereço próprio do balcão.",
    ];
    Index {
        title: [
            format!("{venue} · 湾区通：服务台"),
            format!("{venue} · 灣區通：服務台"),
            format!("{venue} · Bay Pass: a desk"),
            format!("{venue} · Bay Pass: um balcão"),
        ],
        about: about.map(str::to_owned),
        links: Vec::new(),
    }
    .answer(&headers)
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
        let mut used: BTreeSet<_> =
            PAGES.iter().flat_map(|(_, page)| between(page, "data-text=\"", '"')).collect();
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
        used.extend(crate::library::Denial::ALL.map(|code| format!("denial.{code}")));
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
            include_str!("../desk/openid.rs"),
            include_str!("../desk/register.rs"),
            include_str!("../desk/take.rs"),
            include_str!("../../../verifier/src/lib.rs"),
            include_str!("../../../verifier/src/status.rs"),
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

    /// Every text of a source that has the form of a code, without what its tests say and without the name of a claim.
    fn codes_of(source: &str) -> BTreeSet<String> {
        let source = source.split("#[cfg(test)]").next().unwrap();
        let is_code = |text: &&str| {
            *text != "name_zh"
                && text.contains('_')
                && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        source.split('"').filter(is_code).map(str::to_owned).collect()
    }

    /// The files in which each code comes about that a library's reader or staff can meet. How the system is set up
    /// (`library_system::{address, setup}`) is the operator's to hear, at the start.
    const OF_A_LIBRARY: [&str; 8] = [
        include_str!("../library/account.rs"),
        include_str!("../library/lending.rs"),
        include_str!("../library/mod.rs"),
        include_str!("../library_system/client.rs"),
        include_str!("../shown.rs"),
        include_str!("../../../sip2/src/error.rs"),
        include_str!("../../../sip2/src/exchange.rs"),
        include_str!("../../../sip2/src/loan.rs"),
    ];

    #[test]
    fn every_code_of_a_library_has_a_sentence_for_its_reader_and_one_for_its_staff() {
        let english = keys(TEXTS[2].1);
        let codes: BTreeSet<_> = OF_A_LIBRARY.iter().flat_map(|source| codes_of(source)).collect();
        // What answers a broken protocol has one sentence together, on both pages.
        for script in [include_str!("../../page/texts.js"), include_str!("../../page/reader-words.js")] {
            assert!(script.contains("[/^sip_/, \""));
        }
        let pass = ["answer_gone", "answer_used", "claim_unreadable"];
        for code in pass {
            assert!(include_str!("../../page/reader-words.js").contains(code), "{code}");
        }
        let said = |of: &str, code: &String| {
            english.contains(&format!("{of}.{code}"))
                || (code.starts_with("sip_") && english.contains(&format!("{of}.sip_other")))
                || (of == "reader" && pass.contains(&code.as_str()))
        };
        let without: Vec<_> = ["reader", "code"]
            .into_iter()
            .flat_map(|of| codes.iter().filter(move |code| !said(of, code)).map(move |code| (of, code)))
            .collect();
        assert!(
            codes.len() > 45 && without.is_empty(),
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
        for (path, page) in PAGES {
            for inline in [" onclick=", " onload=", " style=", "<style", "javascript:"] {
                assert!(!page.contains(inline), "{path}: {inline}");
            }
            assert_eq!(page.matches("<script").count(), 1, "{path}");
        }
        assert!(!POLICY.contains("unsafe"), "{POLICY}");
    }

    #[test]
    fn every_text_of_the_description_has_an_example() {
        serde_json::from_str::<Value>(super::EXAMPLES).unwrap();
        assert_eq!(super::super::described().without_example, Vec::<String>::new());
    }

    #[test]
    fn every_field_of_the_page_has_a_label_and_every_section_a_heading() {
        for ((path, page), least) in PAGES.into_iter().zip([15, 5]) {
            let labelled = between(page, "for=\"", '"');
            let fields = ["<input id=\"", "<select id=\"", "<textarea id=\""];
            let fields: BTreeSet<_> = fields.iter().flat_map(|begin| between(page, begin, '"')).collect();
            assert!(fields.len() > least, "{path}: {fields:?}");
            assert_eq!(fields, labelled, "{path}");
            for title in between(page, "aria-labelledby=\"", '"') {
                assert!(page.contains(&format!("<h2 id=\"{title}\"")), "{path}: {title}");
            }
        }
    }
}

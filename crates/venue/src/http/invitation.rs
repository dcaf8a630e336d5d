//! Invitation: the page behind the link in a host's e-mail: when and where, what to bring, the code for the reception as text and as a symbol.
//!
//! Lives here: `GET /invitations/{visit}` at the wallets' address. Not here: who invites, and the e-mail (`building`, `page/invitations.js`).
//! A link holds the whole id of a visit, 128 random bits: whoever has one finds no other. No person stands on the page, neither visitor nor
//! host: a link is passed on.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use code::QrSymbol;
use documents::{Timestamp, Tongue};
use serde::Deserialize;
use transport::{escaped, index};
use utoipa::IntoParams;

use super::App;
use super::building::building;
use super::page::TEXTS;
use super::problem::Problem;
use crate::visit::{Plan, VisitId};

/// Where the page stands, below the wallets' address.
const PATH: &str = "/invitations/";

/// Where the pages of a desk's invitations stand, by the address for answers: what the id is added to.
pub(super) fn base(reply: &str) -> Option<String> {
    reply.strip_suffix("/v1/answers").map(|desk| format!("{desk}{PATH}"))
}

/// The language of the page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// `zh-Hans`, `zh-Hant`, `en` or `pt`; else what the browser asks for.
    lang: Option<String>,
}

/// Texts by key, each in the order of [`Tongue::ALL`]; those of the counter's page, whose e-mail says the same.
static WORDS: LazyLock<Vec<BTreeMap<String, String>>> = LazyLock::new(|| {
    let of = |tongue: Tongue| {
        let named = format!("/texts/{}.json", tongue.tag());
        let file = TEXTS.iter().find(|(path, _)| *path == named).map(|(_, text)| *text);
        file.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    Tongue::ALL.into_iter().map(of).collect()
});

/// A text with what stands in its braces, safe in HTML.
fn said(tongue: Tongue, key: &str, values: &[(&str, &str)]) -> String {
    let at = Tongue::ALL.iter().position(|one| *one == tongue).unwrap_or_default();
    let mut text = escaped(WORDS.get(at).and_then(|words| words.get(key)).map_or(key, String::as_str));
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), &escaped(value));
    }
    text
}

/// A day and the minute (UTC+8).
fn moment(tongue: Tongue, at: Timestamp) -> String {
    let minute = at.local_minute_of_day();
    format!("{} {:02}:{:02}", tongue.day(at.local_date()), minute / 60, minute % 60)
}

/// The code by which reception finds a visit: the first 8 digits of its id.
fn code_of(id: VisitId) -> String {
    let id = id.to_string().to_ascii_uppercase();
    format!("{}-{}", id.get(..4).unwrap_or_default(), id.get(4..8).unwrap_or_default())
}

/// What the page says of one visit.
fn text(tongue: Tongue, (id, plan): (VisitId, &Plan), days: u16) -> String {
    let code = code_of(id);
    let times = if plan.is_recurring() { "mail.times_recurring" } else { "mail.times" };
    let (from, ends, days) = (moment(tongue, plan.from()), moment(tongue, plan.ends()), days.to_string());
    let mut page = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "<p>{}</p><p>{}</p><p><strong>{}</strong></p>",
        said(tongue, times, &[("from", &from), ("ends", &ends)]),
        said(tongue, "mail.bring", &[]),
        said(tongue, "mail.code", &[("code", &code)]),
    );
    if let Ok(symbol) = QrSymbol::draw(&code) {
        let _ = write!(
            page,
            "<figure style=\"margin:1rem 0;max-width:14rem\"><div role=\"img\" aria-label=\"{code}\">{}</div><figcaption>{}</figcaption>\
             </figure>",
            symbol.to_svg(),
            said(tongue, "invitation.scan", &[]),
        );
    }
    page + &format!("<p>{}</p>", said(tongue, "mail.kept", &[("days", &days)]))
}

/// Shows an invitation to whoever holds its link
///
/// A page for people. Nobody is named on it.
#[utoipa::path(get, path = "/invitations/{visit}", tag = "wallet", params(
        ("visit" = String, Path, description = "The id of the visit."), Wanted),
    responses((status = 200, description = "The page.", content_type = "text/html"),
        (status = 404, description = "A page that says so: it is over, was taken back, or never was.", content_type = "text/html"),
        (status = 503, description = "The book cannot be read now.", body = Problem)))]
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(visit): Path<String>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tongue = wanted.lang.and_then(|tag| tag.parse().ok()).unwrap_or_else(|| index::tongue(&headers));
    let setup = app.state.desk.setup();
    let found = match (building(&app), visit.parse::<VisitId>()) {
        (Ok(building), Ok(id)) => building.invitation(id, (app.state.now)()).await?.map(|plan| (id, plan)),
        (Ok(_), Err(_)) | (Err(_), _) => None,
    };
    let place = match tongue {
        Tongue::ZhHans | Tongue::ZhHant => &setup.name_zh,
        Tongue::En | Tongue::Pt => &setup.name,
    };
    let title = said(tongue, "invitation.title", &[("place", place)]);
    let body = match &found {
        Some((id, plan)) => text(tongue, (*id, plan), setup.retention_days),
        None => format!("<p>{}</p>", said(tongue, "invitation.none", &[])),
    };
    let languages = Tongue::ALL.map(|one| {
        let name = said(one, "language_name", &[]);
        format!("<a href=\"?lang={0}\" lang=\"{0}\" hreflang=\"{0}\">{name}</a>", one.tag())
    });
    let page = index::framed(tongue, &title, &format!("{body}<nav>{}</nav>", languages.join(" ")));
    let mut answer = transport::page(page);
    if found.is_none() {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    answer.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tongue.tag()));
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_stands_where_answers_are_sent_and_says_its_words_in_four_languages() {
        assert_eq!(
            base("https://desk.example/v1/answers").as_deref(),
            Some("https://desk.example/invitations/")
        );
        assert_eq!(base("https://desk.example/elsewhere"), None);
        for tongue in Tongue::ALL {
            let title = said(tongue, "invitation.title", &[("place", "A <b> & c")]);
            assert!(title.contains("A &lt;b&gt; &amp; c") && !title.contains("invitation."), "{title}");
        }
    }
}

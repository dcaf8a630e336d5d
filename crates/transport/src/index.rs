//! Index: the page at a service's address, for whoever opens it in a browser: what this is, and where to go.
//!
//! Lives here: [`Index`], the choice of its language. Not here: a service's own words.

use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use documents::Tongue;

use crate::look::{STYLE, escaped, page};

/// Words in the order of [`Tongue::ALL`]: simplified and traditional Chinese, English, Portuguese.
pub type Words<T = String> = [T; 4];

/// Where to go from here.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    /// A path of this service.
    pub to: &'static str,
    /// What is there.
    pub words: Words<&'static str>,
}

/// The page for machines and people that describes the API.
pub const DOCS: Link = Link {
    to: "/docs",
    words: [
        "接口说明（给人看）",
        "介面說明（給人看）",
        "The API, described for people",
        "A API, descrita para pessoas",
    ],
};

/// The same for programs.
pub const OPENAPI: Link = Link {
    to: "/openapi.json",
    words: [
        "接口说明（OpenAPI，给程序看）",
        "介面說明（OpenAPI，給程式看）",
        "The API, described for programs (OpenAPI)",
        "A API, descrita para programas (OpenAPI)",
    ],
};

/// Whether the service is well.
pub const HEALTH: Link = Link {
    to: "/health",
    words: ["服务是否正常", "服務是否正常", "Whether the service is well", "Se o serviço está bem"],
};

/// The page at a service's address.
#[derive(Debug, Clone)]
pub struct Index {
    /// The title, which tells this service from its neighbours in a row of tabs.
    pub title: Words,
    /// What it is, in a sentence or two.
    pub about: Words,
    /// Where to go.
    pub links: Vec<Link>,
}

impl Index {
    /// The page in the language that the reader's browser asks for.
    #[must_use]
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let tongue = tongue(headers);
        let mut answer = page(self.text(tongue));
        for (name, value) in [(header::CONTENT_LANGUAGE, tongue.tag()), (header::VARY, "accept-language")] {
            answer.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    fn text(&self, tongue: Tongue) -> String {
        let at = Tongue::ALL.iter().position(|one| *one == tongue).unwrap_or_default();
        let words = |words: &Words| escaped(words.get(at).map_or("", String::as_str));
        let (title, about) = (words(&self.title), words(&self.about));
        let mut body = format!("<p>{about}</p>");
        if !self.links.is_empty() {
            body.push_str("<ul>");
            for link in &self.links {
                let words = escaped(link.words.get(at).copied().unwrap_or_default());
                let _ = write!(body, "<li><a href=\"{0}\">{words}</a> <code>{0}</code>", link.to);
            }
            body.push_str("</ul>");
        }
        framed(tongue, &title, &body)
    }
}

/// A page that stands alone: a title and what comes below it, both safe in HTML.
#[must_use]
pub fn framed(tongue: Tongue, title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>\
         {body}</main></body></html>\n",
        tongue.tag()
    )
}

/// The language that a browser asks for first, of the four that there are; English where it asks for none of them.
#[must_use]
pub fn tongue(headers: &HeaderMap) -> Tongue {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    tongue_of(wanted.unwrap_or_default())
}

/// The language that a header asks for first (RFC 9110, 12.5.4), of the four that there are; English where it asks for none of them.
fn tongue_of(wanted: &str) -> Tongue {
    let mut asked: Vec<(f32, Tongue)> = Vec::new();
    for part in wanted.split(',').take(20) {
        let (tag, weight) = part.split_once(';').map_or((part, ""), |(tag, weight)| (tag, weight));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse().ok());
        let tag = tag.trim().to_ascii_lowercase();
        let is = |language: &str| tag == language || tag.starts_with(&format!("{language}-"));
        let traditional =
            ["hant", "hk", "mo", "tw"].iter().any(|word| tag.split('-').any(|own| own == *word));
        let tongue = if is("zh") {
            if traditional { Tongue::ZhHant } else { Tongue::ZhHans }
        } else if is("pt") {
            Tongue::Pt
        } else if is("en") {
            Tongue::En
        } else {
            continue;
        };
        if let Some(weight) = weight.filter(|weight| *weight > 0.0) {
            asked.push((weight, tongue));
        }
    }
    // Of equal weights the first: the sort keeps their order.
    asked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    asked.first().map_or(Tongue::En, |(_, tongue)| *tongue)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_comes_in_the_language_that_the_browser_asks_for_first() {
        for (wanted, tongue) in [
            ("", Tongue::En),
            ("de-CH, fr;q=0.5", Tongue::En),
            ("zh-CN,zh;q=0.9,en;q=0.8", Tongue::ZhHans),
            ("zh-HK, zh;q=0.9", Tongue::ZhHant),
            ("zh-Hant-MO", Tongue::ZhHant),
            ("zh", Tongue::ZhHans),
            ("en;q=0.3, pt-PT;q=0.7", Tongue::Pt),
            ("pt;q=0, en;q=0.1", Tongue::En),
            ("fr, zh-TW;q=0.2", Tongue::ZhHant),
            ("en;q=nonsense, pt", Tongue::Pt),
        ] {
            assert_eq!(tongue_of(wanted), tongue, "{wanted}");
        }
    }

    #[test]
    fn a_page_says_what_it_is_and_where_to_go_and_runs_nothing() {
        let four = |word: &str| [(); 4].map(|()| word.to_owned());
        let index = Index { title: four("A <b>"), about: four("About & more"), links: vec![DOCS, HEALTH] };
        let page = index.text(Tongue::Pt);
        for needle in [
            "<html lang=\"pt\">",
            "<title>A &lt;b&gt;</title>",
            "About &amp; more",
            "href=\"/docs\"",
            "Se o serviço",
        ] {
            assert!(page.contains(needle), "{needle} is not in {page}");
        }
        assert!(!page.contains("<script"), "{page}");
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("zh-HK"));
        let answer = index.answer(&headers);
        assert_eq!(answer.headers()[header::CONTENT_LANGUAGE], "zh-Hant");
    }
}

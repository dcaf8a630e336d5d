//! Look: the style that the services' small pages share, and texts made safe for them. No script, no other host.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};

/// One style for the pages of authorities, gates and desks; light and dark by the reader's own setting.
pub(crate) const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;\
background:#fff}h1,h2,h3{line-height:1.2}h2{margin-top:2.5rem;border-bottom:2px solid #0a5}code,pre{font:14px/1.4 \
ui-monospace,monospace;background:#f3f3f0;border-radius:3px;padding:.1em .3em;overflow-wrap:anywhere}article{margin:1.5rem 0;\
border-left:3px solid #ccc;padding-left:1rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:\
top;border-bottom:1px solid #ddd;padding:.3rem .6rem .3rem 0}.m{display:inline-block;min-width:4em;font-weight:700}nav a{\
margin-right:1em}@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}code,pre{background:#2a2a2a}td,th{\
border-color:#444}}";

/// A text in HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// An answer that is a page which stands alone: no script, nothing from anywhere else, in no other page.
#[must_use]
pub fn page(text: String) -> Response {
    const POLICY: &str =
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
    let headers =
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (headers, text).into_response()
}

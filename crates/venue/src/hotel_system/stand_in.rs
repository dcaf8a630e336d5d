//! A hotel system to try a desk against: takes, refuses and fails as one does, and keeps what it took in memory.
//!
//! Lives here: [`HotelSystem`] and its switches. Not here: any real one. Never for real data.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use quick_xml::escape::escape;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::message::NAMESPACE;

/// Longest body that is read, in bytes.
const LONGEST_BODY: usize = 1 << 20;

/// A stand-in for a hotel's system.
#[derive(Debug, Clone, Default)]
pub struct HotelSystem(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    switches: Switches,
    taken: BTreeMap<String, Vec<u8>>,
    order: Vec<String>,
    requests: usize,
}

/// How a stand-in behaves.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// Every request is answered 503.
    pub down: bool,
    /// So many messages are taken, and their answer is lost on the way (500).
    pub lose_answers: usize,
    /// Messages with this text are refused.
    pub refuse: Option<String>,
}

impl HotelSystem {
    /// An empty one that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Its one route.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/ota", post(notify))
            .layer(DefaultBodyLimit::max(LONGEST_BODY))
            .with_state(self.clone())
    }

    /// Changes how it behaves.
    pub fn switch(&self, change: impl FnOnce(&mut Switches)) {
        change(&mut self.book().switches);
    }

    /// The messages that it took, in order, each once.
    #[must_use]
    pub fn taken(&self) -> Vec<Vec<u8>> {
        let book = self.book();
        book.order.iter().filter_map(|echo| book.taken.get(echo).cloned()).collect()
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.book().requests
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn notify(State(system): State<HotelSystem>, body: Bytes) -> Response {
    let mut book = system.book();
    book.requests += 1;
    if book.switches.down {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(echo) = echo_token(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let text = String::from_utf8_lossy(&body);
    let refused = book.switches.refuse.as_ref().is_some_and(|refuse| text.contains(refuse));
    let inside = if refused {
        r#"<Errors><Error Type="3" Code="245" ShortText="no such reservation or room"/></Errors>"#
    } else {
        if book.taken.insert(echo.clone(), body.to_vec()).is_none() {
            book.order.push(echo.clone());
        }
        "<Success/>"
    };
    if book.switches.lose_answers > 0 {
        book.switches.lose_answers -= 1;
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let echo = escape(&echo).into_owned();
    let answer = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><OTA_HotelResNotifRS xmlns="{NAMESPACE}" Version="5.000" EchoToken="{echo}">{inside}</OTA_HotelResNotifRS>"#
    );
    ([("content-type", "application/xml; charset=utf-8")], answer).into_response()
}

/// The `EchoToken` of the root element.
fn echo_token(body: &[u8]) -> Option<String> {
    let mut reader = Reader::from_str(std::str::from_utf8(body).ok()?);
    loop {
        match reader.read_event().ok()? {
            Event::Start(root) => {
                let attribute = root.try_get_attribute("EchoToken").ok()??;
                return Some(attribute.value.into_owned());
            }
            Event::Decl(_) | Event::Comment(_) | Event::Text(_) => {}
            Event::End(_)
            | Event::Empty(_)
            | Event::CData(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_)
            | Event::Eof => return None,
        }
    }
}

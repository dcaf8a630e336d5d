//! Wishes: what a kiosk's page posts for whoever stands there: their language, another way, that they leave.
//!
//! Lives here: the routes of those wishes. Not here: codes, cards and pictures (`http`), what a wish does (`Kiosk`).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::http::{KioskError, Kiosks, json_of, page_of};
use crate::texts::Language;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LanguageBody {
    language: Option<String>,
}

/// Chooses the language of whoever stands there.
pub(super) async fn language(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, KioskError> {
    const FORM: &str = "{\"language\": \"zh-Hans\" | \"zh-Hant\" | \"en\" | \"pt\" | null}";
    let kiosk = kiosks.kiosk(&lane, &headers)?;
    let told: LanguageBody = json_of(&body, FORM)?;
    let known = |tag: String| {
        Language::ALL.into_iter().find(|language| language.tag() == tag).ok_or(KioskError::Malformed(FORM))
    };
    kiosk.take_language(page_of(&headers)?, told.language.map(known).transpose()?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the session: the traveller does not want to go on.
pub(super) async fn leave(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, KioskError> {
    kiosks.kiosk(&lane, &headers)?.leave(page_of(&headers)?)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Chooses the equal way of a traveller without a phone that can be unlocked: an officer sees the document.
pub(super) async fn document(
    State(kiosks): State<Kiosks>,
    Path(lane): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, KioskError> {
    kiosks.kiosk(&lane, &headers)?.choose_document(page_of(&headers)?)?;
    Ok(StatusCode::NO_CONTENT)
}

//! Body: what comes in, bounded and in one form.
//!
//! Lives here: JSON bodies, bytes, ids in paths, fields by their codes. Not here: what is done with them.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::profile::Field;
use crate::stay::Typed;

/// Largest JSON body: a party of 100 with a rooming list.
pub(super) const JSON_LIMIT: usize = 1024 * 1024;

/// A JSON body of this form.
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        // A page of another origin cannot send this type without asking first.
        let bytes = bytes(request, state, "application/json", JSON_LIMIT).await?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let want = format!("not JSON of this form, line {} column {}", error.line(), error.column());
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed_json", want)
        })
    }
}

/// Bytes from chance.
pub(super) fn drawn<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    credential::random(&mut bytes).map_err(|_| Problem::no_random())?;
    Ok(bytes)
}

/// The bytes of a body of this type.
pub(super) async fn bytes<S: Send + Sync>(
    mut request: Request,
    state: &S,
    kind: &str,
    limit: usize,
) -> Result<Bytes, Problem> {
    if !is_type(request.headers(), kind) {
        let want = format!("send {kind}");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", want));
    }
    let too_large = || {
        let want = format!("at most {limit} bytes are read");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", want)
    };
    DefaultBodyLimit::max(limit).apply(&mut request);
    let read = Bytes::from_request(request, state).await;
    let read = read.map_err(|rejection| match rejection.into_response().status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Problem::new(StatusCode::BAD_REQUEST, "body_interrupted", "send it again"),
    })?;
    if read.len() > limit { Err(too_large()) } else { Ok(read) }
}

fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
}

/// The id in a path.
pub(super) fn id<T: std::str::FromStr>(Path(text): Path<String>) -> Result<T, Problem> {
    parsed("id", &text)
}

/// A value from its text.
pub(super) fn parsed<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::form(field, format!("{field} cannot be read; look at /openapi.json")))
}

/// Typed fields by their codes.
pub(super) fn typed(fields: std::collections::BTreeMap<String, String>) -> Result<Typed, Problem> {
    fields.into_iter().map(|(code, text)| Ok((parsed::<Field>(&code, &code)?, text))).collect()
}

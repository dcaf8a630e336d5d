//! Zone: the counter's camera reads a card: pictures come in, the lines of its machine-readable zone go out, for the clerk to compare
//! and to hand in as a typed zone would be.
//!
//! Lives here: `/api/zone`, [`ZoneReader`], [`NoZone`]. Not here: how a picture is read (whoever serves plugs a reader in), what
//! becomes of a zone (`hotel`, `building`). Nothing of a picture is kept, and no look is written down: nobody is registered yet.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use documents::LocalDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::body::bytes;
use super::problem::Problem;
use super::session::Clerk;

/// Largest body with pictures, in bytes.
const PICTURES_LIMIT: usize = 6 * 1024 * 1024;
/// The most pictures of one card.
const MAX_PICTURES: usize = 4;

/// Reads the zone in pictures of one card, of which two must agree; the day decides the century of the birth date.
pub type ZoneReader = Arc<dyn Fn(&[Vec<u8>], LocalDate) -> Result<String, NoZone> + Send + Sync>;

/// Why pictures gave no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoZone {
    /// The stable code: `card_picture_...` or `card_zone_...`.
    pub code: &'static str,
    /// What to do next.
    pub want: &'static str,
}

/// Pictures of one card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PicturesBody {
    /// JPEG, PNG or WebP files in Base64 (URL form, no padding), 1 to 4.
    pictures: Vec<String>,
}

/// What was read.
#[derive(Serialize, ToSchema)]
pub(super) struct ZoneBody {
    /// The lines, a line end between them.
    zone: String,
}

/// Reads the machine-readable zone of a card before the counter's camera
#[utoipa::path(post, path = "/api/zone", tag = "counter", request_body = PicturesBody,
    responses((status = 200, description = "The zone that two pictures gave.", body = ZoneBody), (status = 401, body = Problem),
        (status = 413, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn read(
    State(app): State<Arc<App>>,
    _: Clerk,
    request: Request,
) -> Result<Json<ZoneBody>, Problem> {
    let refused = |code: &str, want: &str| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, want);
    let body = bytes(request, &(), "application/json", PICTURES_LIMIT).await?;
    let body: PicturesBody = serde_json::from_slice(&body).map_err(|_| {
        refused("malformed_json", "{\"pictures\": files in Base64, URL form without padding}")
    })?;
    if body.pictures.is_empty() || body.pictures.len() > MAX_PICTURES {
        return Err(refused("card_picture_count", "a card is read in 1 to 4 pictures"));
    }
    let files: Result<Vec<Vec<u8>>, _> =
        body.pictures.iter().map(|text| URL_SAFE_NO_PAD.decode(text)).collect();
    let files = files.map_err(|_| refused("malformed_json", "a picture is no Base64 in its URL form"))?;
    drop(body);
    // One reading at a time: a picture takes memory and a processor.
    let alone = app.reading.acquire().await.map_err(|_| Problem::reader())?;
    let (reader, today) = (Arc::clone(&app.state.zones), (app.state.now)().local_date());
    let read = tokio::task::spawn_blocking(move || reader(&files, today)).await;
    drop(alone);
    let read = read.map_err(|_| Problem::reader())?;
    read.map(|zone| Json(ZoneBody { zone })).map_err(|none| refused(none.code, none.want))
}

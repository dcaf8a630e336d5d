//! Beside: the picture that the lane compares, for the officer who has something to do beside whoever stands there.
//!
//! Lives here: its route. Not here: who may have it (`kept`); the portrait beside it, which the officer's page has from their own
//! authority and this gate never sees.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;
use documents::AuthorityCode;
use officers::Deed;
use serde::Deserialize;

use super::Kiosk;
use super::http::{KioskError, Kiosks};
use super::kept::{LanePicture, NoFace};

impl Kiosk {
    /// The picture of a traveller for an officer of `authority`.
    ///
    /// # Errors
    /// Why they have none.
    fn show_face(&self, authority: AuthorityCode, traveller: u64) -> Result<LanePicture, NoFace> {
        let look = self.look();
        self.forget_due_face(look);
        self.lock().face_for(authority, traveller, look).unwrap_or(Err(NoFace::NotHere)).cloned()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    session: u64,
}

/// The picture as the lane's page sent it. The look stands in the record of acts.
pub(super) async fn face(
    State(kiosks): State<Kiosks>,
    Path((lane, authority)): Path<(String, String)>,
    whose: Result<Query<Whose>, QueryRejection>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, KioskError> {
    let (kiosk, code) = kiosks.view(&lane, &authority)?;
    let form = "the query is session=N: the traveller's number from the officer's events";
    let Query(Whose { session }) = whose.map_err(|_| KioskError::Malformed(form))?;
    let kiosk = Arc::clone(kiosk);
    let object = kiosk.config().place.lane.as_str().to_owned();
    let signed = kiosks.permit(code, &headers, Deed::SeeHolder, object.clone()).await?;
    match kiosk.show_face(code, session) {
        Ok(picture) => {
            let kind = kind_of(picture.as_ref());
            // The answer shares the bytes, so that no copy of it stays behind.
            Ok(([(header::CONTENT_TYPE, kind)], Bytes::from_owner(picture)))
        }
        Err(why) => {
            kiosks.failed(signed, Deed::SeeHolder, object, why.code()).await;
            Err(KioskError::NoFace(why))
        }
    }
}

/// The type of a picture file by its first bytes. It came from a page, and whoever gets it takes it for nothing but a picture.
fn kind_of(picture: &[u8]) -> &'static str {
    match picture {
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "image/webp",
        _ => "application/octet-stream",
    }
}
